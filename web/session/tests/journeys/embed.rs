//! The page in a frame: a host asks, the frame answers, and tells what a person does.

use serde_json::{Value, json};

use evm_lanes_core::scenario::StrategyChoice;
use evm_lanes_core::strategies::StrategyId;
use evm_lanes_core::trace::Clock;
use evm_lanes_core::units::TxIndex;
use evm_lanes_session::embed::{Edit, View};
use evm_lanes_session::{Embed, Event, LessonAnswer, LessonEvent};

use super::world::{World, text};

impl World {
    /// A host's message.
    fn ask(&mut self, mut message: Value) {
        message["evm-lanes"] = 1.into();
        self.take(Event::Message(message.to_string()));
    }

    /// What the host was sent since the last time.
    fn told(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.posts).iter().map(|post| serde_json::from_str(post).expect("JSON")).collect()
    }

    /// The types of what the host was sent, each with the id that it answers.
    fn types(&mut self) -> Vec<String> {
        let name = |message: &Value| match &message["id"] {
            Value::Null => message["type"].as_str().unwrap_or_default().to_owned(),
            id => format!("{} {id}", message["type"].as_str().unwrap_or_default()),
        };
        self.told().iter().map(name).collect()
    }

    /// A frame whose host has said hello, and that has run.
    fn framed(link: &str) -> Self {
        let mut world = World::open_framed(link);
        world.ask(json!({"type": "hello"}));
        world.boot();
        world.settle();
        world.told();
        world
    }
}

#[test]
fn a_frame_is_silent_until_the_host_says_hello() {
    let mut world = World::open_framed("?view=mini&s=payments&lanes=8");
    world.boot();
    world.settle();
    assert!(world.posts.is_empty());
    assert_eq!(world.session.embed.as_ref().map(|e| e.view), Some(View::Mini));
    assert_eq!(world.title(), "Payments that never meet");
    world.ask(json!({"type": "hello", "id": 1}));
    let told = world.told();
    assert_eq!(
        (&told[0]["type"], &told[0]["id"], &told[0]["versions"]),
        (&json!("ready"), &json!(1), &json!([1]))
    );
    assert_eq!((&told[0]["state"]["scenario"], &told[0]["state"]["lanes"]), (&json!("payments"), &json!(8)));
    assert_eq!(told[0]["state"]["clock"], "simulated", "a frame shows the same wherever it is");
    assert!(told[0]["capabilities"].as_array().is_some_and(|all| all.contains(&json!("get:trace"))));
    // The run that it has missed.
    assert_eq!((&told[1]["type"], &told[1]["figures"]["lanes"]), (&json!("result"), &json!(8)));
    assert_eq!(told.len(), 2);
}

#[test]
fn a_page_that_is_not_framed_hears_no_messages() {
    let mut world = World::ready("");
    let lanes = world.session.settings.lanes();
    world.ask(json!({"type": "hello"}));
    world.ask(json!({"type": "set", "lanes": 16}));
    world.settle();
    assert!(world.posts.is_empty());
    assert_eq!(world.session.settings.lanes(), lanes);
}

#[test]
fn a_request_for_a_run_is_answered_when_that_is_complete() {
    let mut world = World::framed("");
    world.ask(json!({"type": "run", "id": "r"}));
    assert_eq!(world.types(), Vec::<String>::new());
    world.settle();
    assert_eq!(world.types()[0], "result \"r\"");
    world.ask(
        json!({"type": "load", "id": 2, "scenario": "payments", "lanes": 2, "strategy": "ordered-commit"}),
    );
    world.settle();
    let told = world.told();
    let result = told.iter().find(|message| message["id"] == 2).expect("an answer");
    assert_eq!(result["figures"]["title"], "Payments that never meet");
    assert_eq!(
        (&result["figures"]["lanes"], &result["figures"]["strategy"]),
        (&json!(2), &json!("ordered-commit"))
    );
    let changes: Vec<_> = told.iter().filter(|message| message["type"] == "change").collect();
    assert_eq!(changes.len(), 1, "one change, told when the address is written");
    assert_eq!(changes[0]["state"]["scenario"], "payments");
}

#[test]
fn requests_before_the_engine_is_ready_wait_for_it() {
    let mut world = World::open_framed("?wait=1");
    world.boot();
    assert!(world.ran.is_empty(), "the host says what is to be run");
    let mut world = World::open_framed("?wait=1");
    world.ask(json!({"type": "hello"}));
    world.ask(json!({"type": "load", "id": 1, "document": serde_json::from_str::<Value>(&text("Mine")).expect("JSON")}));
    world.boot();
    world.settle();
    assert_eq!(world.ran.len(), 1);
    assert_eq!(world.title(), "Mine");
    assert!(world.types().contains(&"result 1".to_owned()));
    // An engine that does not come is an answer, too.
    let mut world = World::open_framed("");
    world.ask(json!({"type": "run", "id": 1}));
    while !matches!(world.session.engine, evm_lanes_session::EngineState::Failed { .. }) {
        world.boot_fails();
    }
    let told = world.told();
    assert_eq!((&told[0]["id"], &told[0]["code"]), (&json!(1), &json!("engine")), "{told:?}");
}

#[test]
fn a_document_with_mistakes_changes_nothing_and_is_answered_with_their_places() {
    let mut world = World::framed("");
    let before = world.title().to_owned();
    world
        .ask(json!({"type": "load", "id": 1, "document": "{ \"format\": \"evm-lanes/1\",\n \"title\": 7 }"}));
    let told = world.told();
    assert_eq!((&told[0]["type"], &told[0]["code"]), (&json!("error"), &json!("document")), "{told:?}");
    let problem = &told[0]["problems"][0];
    assert!(problem["line"].is_u64() && problem["expected"].is_string(), "{problem}");
    for (load, code) in [
        (json!({"scenario": "payment"}), "not-found"),
        (json!({"link": "?s=nothing"}), "link"),
        (json!({"link": "#1.AAAA"}), "link"),
    ] {
        let mut message = load;
        message["type"] = "load".into();
        world.ask(message.clone());
        let told = world.told();
        assert_eq!(told[0]["code"], code, "{message} {told:?}");
    }
    world.settle();
    assert_eq!(world.title(), before);
    assert!(!world.session.is_stale());
    // Nothing waits for a run that will not come.
    world.ask(json!({"type": "run", "id": 9}));
    world.settle();
    assert_eq!(world.types().iter().filter(|kind| kind.starts_with("result")).count(), 1);
}

#[test]
fn a_slider_does_not_cancel_the_run_under_way_and_its_last_value_wins() {
    let mut world = World::framed("");
    let runs = world.ran.len();
    for lanes in 5..=20 {
        world.ask(json!({"type": "set", "id": lanes, "lanes": lanes}));
        assert!(!world.cancel_flag);
    }
    world.settle();
    assert_eq!(world.ran.len(), runs + 2, "the first, and the last");
    assert_eq!(world.session.model.as_ref().map(|model| model.report.lanes), Some(20));
    let results: Vec<String> = world.types().into_iter().filter(|kind| kind.starts_with("result ")).collect();
    assert_eq!(results.len(), 16, "each request has one answer: {results:?}");
}

#[test]
fn a_host_that_asks_for_very_much_is_told_to_wait() {
    let mut world = World::framed("");
    for number in 0..200_u16 {
        world.ask(json!({"type": "set", "lanes": 1 + number}));
    }
    assert_eq!(world.types(), ["change"], "requests without an id are answered as one");
    for number in 0..200 {
        world.ask(json!({"type": "set", "lanes": 1 + number, "id": number}));
    }
    let told = world.told();
    assert!(told.len() > 100 && told.iter().all(|message| message["code"] == "busy"), "{}", told.len());
    world.settle();
    let answers = world.types();
    assert_eq!(answers.iter().filter(|kind| kind.starts_with("result ")).count(), 200 - told.len());
}

#[test]
fn settings_that_run_nothing_are_answered_at_once() {
    let mut world = World::framed("");
    world.ask(json!({"type": "set", "id": 1, "theme": "dark", "edit": "none", "view": "graph", "lanes": 4}));
    let told = world.told();
    assert_eq!((&told[0]["type"], &told[0]["id"]), (&json!("answer"), &json!(1)));
    assert_eq!((&told[0]["state"]["view"], &told[0]["state"]["theme"]), (&json!("graph"), &json!("dark")));
    assert_eq!(world.session.embed.as_ref().map(|e| e.edit), Some(Edit::None));
    world.settle();
    assert!(world.link().starts_with("?view=graph&edit=none&theme=dark"), "{}", world.link());
    assert_eq!(world.types(), ["change"]);
}

#[test]
fn a_person_s_selection_is_told_and_a_host_s_is_taken() {
    let mut world = World::framed("");
    world.take(Event::SelectTx(TxIndex(1)));
    let told = world.told();
    assert_eq!((&told[0]["type"], &told[0]["selection"]), (&json!("selected"), &json!({"tx": 1})));
    world.take(Event::SelectTx(TxIndex(1)));
    assert!(world.told().is_empty());
    world.ask(json!({"type": "select", "id": 1, "tx": 2, "incarnation": 1}));
    assert_eq!(world.session.selection.tx, Some(TxIndex(2)));
    assert_eq!(world.types(), ["answer 1", "selected"]);
    for (select, code) in [
        (json!({"tx": 99}), "not-found"),
        (json!({"tx": 1, "incarnation": 7}), "not-found"),
        (json!({"location": "USD.balances[nobody]"}), "not-found"),
    ] {
        let mut message = select;
        message["type"] = "select".into();
        world.ask(message);
        assert_eq!(world.told()[0]["code"], code);
    }
    assert_eq!(world.session.selection.tx, Some(TxIndex(2)));
    world.ask(json!({"type": "select"}));
    assert_eq!(world.session.selection.tx, None);
}

#[test]
fn a_host_moves_in_time() {
    let mut world = World::framed("");
    world.ask(json!({"type": "seek", "from": 10, "to": 1e300}));
    let extent = world.session.extent();
    assert_eq!(world.session.visible().end, extent, "never beyond the run");
    world.ask(json!({"type": "seek", "from": 100, "to": 500}));
    assert_eq!(world.session.viewport.map(|view| (view.start, view.end)), Some((100.0, 500.0)));
    world.ask(json!({"type": "seek", "at": 1000}));
    assert_eq!(world.session.viewport.map(|view| (view.start, view.end)), Some((800.0, 1200.0)));
    world.ask(json!({"type": "seek"}));
    assert_eq!(world.session.viewport, None);
    world.ask(json!({"type": "seek", "tx": 1}));
    assert_eq!(world.session.selection.tx, Some(TxIndex(1)));
}

#[test]
fn a_host_gets_what_is_there() {
    let mut world = World::open_framed("?s=payments");
    world.ask(json!({"type": "get", "what": "figures"}));
    assert_eq!(world.told()[0]["code"], "no-run");
    world.boot();
    world.settle();
    for what in ["state", "figures", "trace", "link"] {
        world.ask(json!({"type": "get", "what": what, "id": what}));
        let told = world.told();
        assert_eq!((&told[0]["type"], &told[0]["id"]), (&json!("answer"), &json!(what)));
        assert!(!told[0][what].is_null(), "{told:?}");
    }
    world.ask(json!({"type": "get", "what": "link"}));
    let told = world.told();
    // The page's own address: a frame at embed.html, the page beside it.
    assert_eq!(told[0]["link"], "https://lanes.example/?s=payments&clock=simulated");
}

#[test]
fn a_host_gets_pictures_of_what_is_there() {
    let mut world = World::framed("?s=payments&theme=dark");
    world.ask(json!({"type": "get", "what": "svg", "id": 1, "width": 400}));
    let told = world.told();
    let svg = told[0]["svg"].as_str().expect("an SVG");
    assert!(svg.starts_with("<svg") && svg.contains("https://lanes.example/?s=payments"), "{svg}");
    assert!(svg.contains("width=\"400\""), "{svg}");
    world.ask(json!({"type": "get", "what": "png", "id": 2}));
    let told = world.told();
    assert_eq!((&told[0]["id"], &told[0]["png"]), (&json!(2), &json!("data:image/png;base64,AA==")));
    // While a question is open there is no run that could be looked at.
    let mut world = World::framed("?lesson=two-lanes");
    for what in ["svg", "png", "trace", "figures"] {
        world.ask(json!({"type": "get", "what": what}));
        assert_eq!(world.told()[0]["code"], "no-run");
    }
}

/// The events of a lesson that the host was told of, and what has become of the lesson.
fn events(world: &mut World) -> (Vec<String>, Value) {
    let told = world.told();
    let mut of_lesson = told.iter().filter(|message| message["type"] == "lesson");
    let names = of_lesson.clone().filter_map(|message| message["event"].as_str().map(str::to_owned));
    let last = of_lesson.next_back().map_or(Value::Null, |message| message["lesson"].clone());
    (names.collect(), last)
}

#[test]
fn a_host_opens_a_lesson_and_is_told_what_becomes_of_it() {
    let mut world = World::framed("?s=payments");
    world.ask(json!({"type": "lesson", "lesson": "two-lanes", "id": 1}));
    let told = world.told();
    let answer = &told.iter().find(|message| message["id"] == 1).expect("an answer")["lesson"];
    assert_eq!(
        (&answer["id"], &answer["step"], &answer["question"]),
        (&json!("two-lanes"), &json!(1), &json!("open"))
    );
    assert_eq!(
        (&answer["answer"], &answer["right"], &answer["done"]),
        (&Value::Null, &Value::Null, &json!([]))
    );
    let embed = world.session.embed.clone().expect("a frame");
    assert_eq!((embed.view, embed.edit, world.focus), (View::Split, Edit::Full, None));
    assert!(world.session.is_covered());
    assert!(told.iter().any(|message| message["type"] == "lesson" && message["event"] == "opened"));

    world.take(Event::Lesson(LessonEvent::Answer(LessonAnswer::Choice(1))));
    assert_eq!(events(&mut world).0, [""; 0], "the run is not there yet");
    world.settle();
    let (names, lesson) = events(&mut world);
    assert_eq!(names, ["answered"]);
    assert_eq!(
        (&lesson["answer"], &lesson["right"], &lesson["done"]),
        (&json!({"choice": 1}), &json!(true), &json!([1]))
    );

    // A step of it, without the focus: the reader may be elsewhere on the host's page.
    world.ask(json!({"type": "lesson", "step": 2, "id": 2}));
    world.settle();
    let (names, lesson) = events(&mut world);
    assert_eq!(
        (names, &lesson["step"], &lesson["goal"]),
        (vec!["step".to_owned()], &json!(2), &json!("open"))
    );
    assert_eq!(world.focus, None);
    world.ask(json!({"type": "lesson", "step": 9}));
    assert_eq!(world.told()[0]["message"], "the lesson has no step 9, only 3");
    world.ask(json!({"type": "lesson", "lesson": "two-lane"}));
    assert_eq!(world.told()[0]["message"], "there is no lesson “two-lane”; perhaps “two-lanes”");
    world.take(Event::Lesson(LessonEvent::Close));
    assert_eq!(events(&mut world), (vec!["closed".to_owned()], Value::Null));
    world.ask(json!({"type": "lesson", "step": 1}));
    assert_eq!(world.told()[0]["message"], "no lesson is open");
    world.ask(json!({"type": "get", "what": "lesson"}));
    assert!(world.told()[0].as_object().is_some_and(|answer| answer["lesson"].is_null()));
}

#[test]
fn a_lesson_of_the_host_s_own_is_done_and_the_host_is_told() {
    let lesson: Value = serde_json::from_str(super::lessons::OWN).expect("JSON");
    let mut world = World::framed("?s=payments");
    world.ask(json!({"type": "lesson", "document": lesson, "id": 1, "edit": "numbers"}));
    assert_eq!(world.session.embed.as_ref().map(|e| e.edit), Some(Edit::Numbers));
    world.told();
    world.take(Event::Lesson(LessonEvent::Skip));
    world.settle();
    world.ask(json!({"type": "get", "what": "lesson"}));
    let told = world.told();
    let lesson = &told.last().expect("an answer")["lesson"];
    assert_eq!((&lesson["question"], &lesson["done"]), (&json!("skipped"), &json!([1])));
    world.ask(json!({"type": "lesson", "step": 2}));
    world.settle();
    world.told();
    world.take(Event::SetLanes(8));
    world.settle();
    let (names, lesson) = events(&mut world);
    assert_eq!((names, &lesson["done"]), (vec!["met".to_owned(), "done".to_owned()], &json!([1, 2])));
    world.take(Event::SetLanes(7));
    world.settle();
    assert_eq!(events(&mut world).0, ["open"]);
    // The frame is made again from its address.
    assert!(world.session.lesson.as_ref().is_some_and(|state| state.own.is_some()));
    // A lesson with mistakes changes nothing.
    world.ask(json!({"type": "lesson", "document": "{\"format\": \"evm-lanes-lesson/1\"}", "id": 2}));
    let told = world.told();
    assert_eq!((&told[0]["code"], &told[0]["id"]), (&json!("document"), &json!(2)));
    assert!(!told[0]["problems"].as_array().is_none_or(Vec::is_empty));
    assert_eq!(world.session.lesson.as_ref().map(|state| state.step), Some(1));
}

#[test]
fn a_lesson_that_the_address_asks_for_is_told_to_a_host_that_says_hello() {
    let mut world = World::open_framed("?lesson=two-lanes&step=2");
    world.ask(json!({"type": "hello"}));
    let (names, lesson) = events(&mut world);
    assert_eq!((names, &lesson["step"]), (vec!["opened".to_owned()], &json!(2)));
}

#[test]
fn a_cancelled_run_is_an_answer() {
    let mut world = World::framed("");
    world.ask(json!({"type": "run", "id": 1}));
    world.ask(json!({"type": "set", "id": 2, "lanes": 9}));
    world.ask(json!({"type": "cancel", "id": 3}));
    world.hear_cancel();
    world.settle();
    let told = world.told();
    let answers: Vec<_> = told.iter().filter(|message| !message["id"].is_null()).collect();
    let codes: Vec<_> = answers.iter().map(|message| (&message["id"], &message["code"])).collect();
    assert_eq!(
        codes,
        [(&json!(3), &Value::Null), (&json!(1), &json!("cancelled")), (&json!(2), &json!("cancelled"))]
    );
}

#[test]
fn several_strategies_are_compared_and_the_first_is_shown() {
    let mut world = World::framed("?strategy=ordered-commit,block-stm&lanes=8");
    let ran: Vec<StrategyChoice> = world.ran.iter().map(|ran| ran.strategy).collect();
    assert_eq!(ran, [StrategyId::ORDERED_COMMIT, StrategyId::BLOCK_STM].map(StrategyChoice::from));
    assert_eq!(world.session.pins.len(), 2);
    assert_eq!(world.session.model.as_ref().map(|m| m.report.strategy), Some(StrategyId::ORDERED_COMMIT));
    // Another number of lanes is another comparison, and one answer.
    world.ask(json!({"type": "set", "id": 1, "lanes": 2}));
    world.settle();
    assert_eq!(world.session.pins.iter().map(|pin| pin.model.report.lanes).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(world.types().iter().filter(|kind| kind.starts_with("result")).count(), 1);
    assert!(world.link().contains("strategy=ordered-commit,block-stm"), "{}", world.link());
    // The frame is made again from its address.
    let again = Embed::read(world.link());
    assert_eq!((again.view, again.compared.len()), (View::Compare, 2));
}

#[test]
fn a_frame_makes_no_steps_in_the_history_of_the_page_around_it() {
    let mut world = World::framed("?s=payments&view=table");
    world.ask(json!({"type": "load", "scenario": "one-pool"}));
    world.settle();
    world.ask(json!({"type": "set", "lanes": 3}));
    world.settle();
    world.run(&text("Mine"));
    assert_eq!(world.history.len(), 1);
    assert!(world.link().starts_with("?view=table") && world.link().contains('#'), "{}", world.link());
    // Made again from there it shows the same.
    let link = world.link().to_owned();
    let again = World::framed(&link);
    assert_eq!((again.title(), again.session.settings.lanes()), ("Mine", 3));
    assert_eq!(again.session.settings.clock, Clock::Simulated);
}

/// Numbers that look random and are the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }
}

/// Messages as a host would send them, from which wrong ones are made.
fn seeds() -> Vec<String> {
    let document: Value = serde_json::from_str(&text("Mine")).expect("JSON");
    let lesson: Value = serde_json::from_str(super::lessons::OWN).expect("JSON");
    let mut seeds: Vec<Value> = vec![
        json!({"type": "hello"}),
        json!({"type": "load", "scenario": "payments", "lanes": 3, "strategy": "block-stm,sequential"}),
        json!({"type": "load", "document": document}),
        json!({"type": "load", "link": "https://x.example/?s=nft-mint&strategy=automatic#1.abc"}),
        json!({"type": "set", "strategy": ["ordered-commit", "block-stm"], "lanes": 200, "clock": "measured", "seed": 7}),
        json!({"type": "set", "view": "curve", "edit": "full", "theme": "dark", "cost": "opcodes"}),
        json!({"type": "run", "id": "x"}),
        json!({"type": "cancel", "id": 7}),
        json!({"type": "seek", "from": 1.5, "to": 1e9}),
        json!({"type": "seek", "at": 0}),
        json!({"type": "select", "tx": 2, "incarnation": 1, "location": "USD.balances[alice]"}),
        json!({"type": "get", "what": "trace"}),
        json!({"type": "get", "what": "svg", "width": 400, "theme": "dark"}),
        json!({"type": "get", "what": "png"}),
        json!({"type": "get", "what": "lesson"}),
        json!({"type": "lesson", "lesson": "two-lanes", "step": 2, "view": "lanes"}),
        json!({"type": "lesson", "document": lesson, "edit": "numbers"}),
        json!({"type": "lesson", "step": 1}),
    ];
    for seed in &mut seeds {
        seed["evm-lanes"] = 1.into();
    }
    seeds.iter().map(Value::to_string).collect()
}

fn mutated(seed: &str, random: &mut Random) -> String {
    const PIECES: [&str; 20] = [
        "null",
        "true",
        "-1",
        "1e999",
        "0",
        "256",
        "4294967296",
        "18446744073709551616",
        "[]",
        "{}",
        "\"",
        "\\u0000",
        "\\ud800",
        "[[[[",
        "}}",
        ",",
        ":",
        "\"type\":\"set\"",
        "\"lanes\":",
        "\u{202e}",
    ];
    let mut bytes = seed.as_bytes().to_vec();
    for _ in 0..=random.below(4) {
        let (from, length) = (random.below(bytes.len()), random.below(12));
        let to = (from + length).min(bytes.len());
        match random.below(5) {
            0 => drop(bytes.drain(from..to)),
            1 => drop(bytes.splice(from..to, PIECES[random.below(PIECES.len())].bytes())),
            2 => {
                let piece = bytes[from..to].to_vec();
                drop(bytes.splice(from..from, piece));
            }
            3 if !bytes.is_empty() => bytes[from] = random.below(256) as u8,
            _ => drop(bytes.splice(from..from, PIECES[random.below(PIECES.len())].bytes())),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn fuzz(messages: usize) {
    let mut world = World::framed("");
    // A request that was cut off by another one is answered by the real engine, not by the test's.
    world.is_same_forgiven = true;
    let (seeds, mut random) = (seeds(), Random(0x9e37_79b9_7f4a_7c15));
    let mut answers = 0;
    for number in 0..messages {
        let seed = &seeds[random.below(seeds.len())];
        let message = if random.below(8) == 0 { seed.clone() } else { mutated(seed, &mut random) };
        world.take(Event::Message(message));
        if random.below(3) == 0 {
            if world.cancel_flag {
                world.hear_cancel();
            }
            world.settle();
        }
        // Whatever was asked, what is said is JSON of our version.
        for post in world.posts.drain(..) {
            let said: Value = serde_json::from_str(&post).expect("JSON");
            assert_eq!(said["evm-lanes"], 1, "message {number}");
            answers += 1;
        }
        (world.said, world.ran) = (Vec::new(), Vec::new());
    }
    assert!(answers > messages / 2, "{answers} answers to {messages} messages");
    // It still does what it is asked.
    world.settle();
    world.posts.clear();
    world.ask(json!({"type": "load", "id": "last", "scenario": "one-pool", "clock": "simulated", "view": "lanes", "strategy": "block-stm"}));
    world.settle();
    assert!(world.types().contains(&"result \"last\"".to_owned()));
}

#[test]
fn ten_thousand_wrong_messages_break_nothing() {
    fuzz(10_000);
}

#[test]
#[ignore = "takes minutes; cargo test -p evm-lanes-session --test journeys -- --ignored million"]
fn a_million_wrong_messages_break_nothing() {
    fuzz(1_000_000);
}

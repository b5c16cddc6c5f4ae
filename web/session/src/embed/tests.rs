//! Messages as texts: what is read, what is refused and in which words, and the schema beside it.

use evm_lanes_core::model::Cost;
use evm_lanes_core::scenario::StrategyChoice;
use evm_lanes_core::strategies::StrategyId;
use evm_lanes_core::trace::Clock;
use evm_lanes_view::record::Trace;
use evm_lanes_view::sample;
use serde_json::{Value, json};

use super::answer::{
    Answer, Code, Figures, Happened, LessonAnswerTold, LessonTold, Refusal, Say, Selected, State, png, svg,
    write,
};
use super::request::{
    self, Ask, Change, Lesson, LessonOrigin, Load, MAX_MESSAGE, Origin, Picture, Request, Seek, Select, What,
};
use super::{Colours, Edit, View};

fn read(message: &Value) -> Result<Request, Refusal> {
    request::read(&message.to_string())
}

fn asks(message: &Value) -> Ask {
    match read(message) {
        Ok(request) => request.ask,
        Err(refusal) => panic!("{message}: {}", refusal.message),
    }
}

fn refuses(message: &Value) -> (Code, String) {
    match read(message) {
        Ok(request) => panic!("{message} is read as {request:?}"),
        Err(refusal) => (refusal.code, refusal.message),
    }
}

#[test]
fn every_type_is_read() {
    let ask = |mut message: Value| {
        message["evm-lanes"] = 1.into();
        asks(&message)
    };
    assert_eq!(ask(json!({"type": "hello", "of": "the future"})), Ask::Hello);
    assert_eq!(ask(json!({"type": "run"})), Ask::Run);
    assert_eq!(ask(json!({"type": "cancel"})), Ask::Cancel);
    let change = Change { lanes: Some(8), clock: Some(Clock::Simulated), ..Change::default() };
    let load = |from, change| Ask::Load(Load { from, change });
    assert_eq!(
        ask(
            json!({"type": "load", "scenario": "payments", "document": null, "lanes": "8", "clock": "simulated"})
        ),
        load(Origin::Scenario("payments".into()), change)
    );
    assert_eq!(
        ask(json!({"type": "load", "link": "https://x.example/y/?s=payments&lanes=2#1.abc"})),
        load(
            Origin::Link { query: "?s=payments&lanes=2".into(), fragment: "#1.abc".into() },
            Change::default()
        )
    );
    assert_eq!(
        ask(
            json!({"type": "set", "strategy": ["block-stm", "sequential"], "cost": "opcodes", "seed": u64::MAX,
            "view": "compare", "edit": "full", "theme": "dark"})
        ),
        Ask::Set(Change {
            strategies: vec![StrategyId::BLOCK_STM.into(), StrategyId::SEQUENTIAL.into()],
            cost: Some(Cost::Opcodes),
            seed: Some(u64::MAX),
            view: Some(View::Compare),
            edit: Some(Edit::Full),
            theme: Some(Colours::Dark),
            ..Change::default()
        })
    );
    let one = Change { strategies: vec![StrategyChoice::Automatic], ..Change::default() };
    assert_eq!(ask(json!({"type": "set", "strategy": "automatic"})), Ask::Set(one));
    assert_eq!(ask(json!({"type": "seek"})), Ask::Seek(Seek::Whole));
    assert_eq!(
        ask(json!({"type": "seek", "from": 0, "to": 1e5})),
        Ask::Seek(Seek::Part { from: 0.0, to: 1e5 })
    );
    assert_eq!(ask(json!({"type": "seek", "at": 7.5})), Ask::Seek(Seek::At(7.5)));
    assert_eq!(ask(json!({"type": "seek", "tx": 7})), Ask::Seek(Seek::Tx(7)));
    let select = Select { tx: Some(2), incarnation: Some(1), location: Some("USD.balances[alice]".into()) };
    assert_eq!(
        ask(json!({"type": "select", "tx": 2, "incarnation": 1, "location": "USD.balances[alice]"})),
        Ask::Select(select)
    );
    assert_eq!(ask(json!({"type": "select"})), Ask::Select(Select::default()));
    assert_eq!(ask(json!({"type": "get", "what": "trace"})), Ask::Get(What::Trace));
    assert_eq!(ask(json!({"type": "get", "what": "lesson"})), Ask::Get(What::Lesson));
    let usual = Picture { width: 1060, theme: None };
    assert_eq!(ask(json!({"type": "get", "what": "svg"})), Ask::Get(What::Svg(usual)));
    let picture = Picture { width: 400, theme: Some(Colours::Dark) };
    assert_eq!(
        ask(json!({"type": "get", "what": "png", "width": "400", "theme": "dark"})),
        Ask::Get(What::Png(picture))
    );
    let open = Lesson {
        from: Some(LessonOrigin::BuiltIn("two-lanes".into())),
        step: None,
        view: None,
        edit: Some(Edit::Numbers),
    };
    assert_eq!(ask(json!({"type": "lesson", "lesson": "two-lanes", "edit": "numbers"})), Ask::Lesson(open));
    let step = Lesson { from: None, step: Some(2), view: Some(View::Split), edit: None };
    assert_eq!(ask(json!({"type": "lesson", "step": "3", "view": "split"})), Ask::Lesson(step));
    let Ask::Lesson(Lesson { from: Some(LessonOrigin::Document(text)), step: None, .. }) =
        ask(json!({"type": "lesson", "document": {"format": "evm-lanes-lesson/1"}}))
    else {
        panic!("it is a document");
    };
    assert_eq!(text.split_whitespace().collect::<String>(), r#"{"format":"evm-lanes-lesson/1"}"#);
}

#[test]
fn a_picture_is_an_answer_or_a_refusal_with_the_request_s_id() {
    let id = json!(7);
    let read = |text: String| serde_json::from_str::<Value>(&text).expect("JSON");
    let long = "x".repeat((16 << 20) + 1);
    for (said, code) in [
        (svg(Some(&id), "<svg/>".into()), Value::Null),
        (svg(Some(&id), long.clone()), json!("size")),
        (png(Some(&id), Some("data:".into())), Value::Null),
        (png(Some(&id), Some(long)), json!("size")),
        (png(Some(&id), None), json!("failed")),
        (super::too_many_pictures(Some(&id)), json!("busy")),
    ] {
        let said = read(said);
        assert_eq!((&said["id"], &said["code"]), (&id, &code));
    }
}

#[test]
fn a_document_in_a_message_keeps_its_order_and_its_numbers() {
    let text = r#"{"evm-lanes":1,"type":"load","document":{"z":1.50e1,"a":{"y":123456789012345678901234567890,"b":[]}}}"#;
    let Ok(Request { ask: Ask::Load(Load { from: Origin::Document(document), .. }), .. }) =
        request::read(text)
    else {
        panic!("it is a document");
    };
    let compact: String = document.split_whitespace().collect();
    assert_eq!(compact, r#"{"z":1.50e1,"a":{"y":123456789012345678901234567890,"b":[]}}"#);
}

#[test]
fn an_id_comes_back_as_it_was() {
    for id in [json!("a b"), json!(7), json!(-1.5), json!("")] {
        let request = read(&json!({"evm-lanes": 1, "type": "run", "id": id}));
        assert_eq!(request.map(|request| request.id), Ok(Some(id.clone())));
        // Also with what is wrong.
        let refusal = read(&json!({"evm-lanes": 2, "type": "run", "id": id})).map(|_| ());
        let written: Value =
            serde_json::from_str(&refusal.expect_err("another version").write()).expect("JSON");
        assert_eq!(
            (&written["id"], &written["type"], &written["evm-lanes"]),
            (&id, &json!("error"), &json!(1))
        );
    }
    for id in [json!([1]), json!({}), json!(true), json!("x".repeat(200))] {
        let (code, message) = refuses(&json!({"evm-lanes": 1, "type": "run", "id": id}));
        assert_eq!(code, Code::Field);
        assert!(message.starts_with("“id” should be a number or a text"), "{message}");
    }
}

#[test]
fn what_is_wrong_is_said_in_words() {
    let wrong = |mut message: Value| {
        message["evm-lanes"] = 1.into();
        let (code, message) = refuses(&message);
        (code, message)
    };
    for (message, code, words) in [
        (json!({}), Code::Field, "“type” is missing: one of hello, load, set"),
        (json!({"type": "eval"}), Code::Type, "there is no message of the type “eval”, only hello"),
        (json!({"type": 1}), Code::Field, "“type” should be a text, but is 1"),
        (json!({"type": "load"}), Code::Field, "needs one of “scenario”"),
        (json!({"type": "load", "scenario": "a", "link": "?s=a"}), Code::Field, "needs one of “scenario”"),
        (
            json!({"type": "load", "document": 7}),
            Code::Field,
            "“document” should be an object or a text, but is 7",
        ),
        (json!({"type": "load", "link": "x".repeat(2 << 20)}), Code::Size, "a link may have"),
        (
            json!({"type": "set", "lanes": "many"}),
            Code::Field,
            "“lanes” should be a whole number from 1 to 256, but is \"many\"",
        ),
        (json!({"type": "set", "lanes": 0}), Code::Field, "but is 0"),
        (json!({"type": "set", "lanes": 2.5}), Code::Field, "but is 2.5"),
        (json!({"type": "set", "lanes": {"toString": 8}}), Code::Field, "but is an object"),
        (
            json!({"type": "set", "strategy": "fast"}),
            Code::Field,
            "“strategy” should be one or several of automatic, block-stm",
        ),
        (json!({"type": "set", "strategy": ["block-stm", 3]}), Code::Field, "but is 3"),
        (json!({"type": "set", "strategy": []}), Code::Field, "but is a list of 0"),
        (
            json!({"type": "set", "view": "<img onerror=alert(1)>"}),
            Code::Field,
            "“view” should be one of lanes, graph",
        ),
        (
            json!({"type": "set", "seed": -1}),
            Code::Field,
            "“seed” should be a whole number from 0, but is -1",
        ),
        (json!({"type": "seek", "from": 9, "to": 9}), Code::Field, "“seek” takes “from” and a greater “to”"),
        (json!({"type": "seek", "at": "NaN"}), Code::Field, "“at” should be a number of ticks from 0"),
        (json!({"type": "select", "incarnation": 1}), Code::Field, "“tx” is missing"),
        (
            json!({"type": "select", "tx": 4294967296_u64}),
            Code::Field,
            "“tx” should be a transaction’s position",
        ),
        (json!({"type": "get"}), Code::Field, "“what” is missing: one of state"),
        (
            json!({"type": "get", "what": "png", "width": 9_000}),
            Code::Field,
            "“width” should be a whole number of pixels from 200 to 2000, but is 9000",
        ),
        (json!({"type": "lesson"}), Code::Field, "“lesson” needs “lesson” (a built-in one’s id)"),
        (json!({"type": "lesson", "lesson": "a", "document": {}}), Code::Field, "“lesson” needs “lesson”"),
        (json!({"type": "lesson", "step": 0}), Code::Field, "“step” should be a step, from 1, but is 0"),
        (json!({"type": "get", "what": "cookies"}), Code::Unsupported, "cannot give “cookies”, only state"),
    ] {
        let (found, said) = wrong(message.clone());
        assert_eq!(found, code, "{message}: {said}");
        assert!(said.contains(words), "{message}: {said}");
    }
    assert_eq!(refuses(&json!({"type": "run"})).0, Code::Version);
    let (code, message) = refuses(&json!({"type": "run", "evm-lanes": 2}));
    assert_eq!((code, &*message), (Code::Version, "this frame speaks version 1 of the messages, not 2"));
    assert_eq!(refuses(&json!([1])).0, Code::Field);
    let deep = format!(
        "{{\"evm-lanes\":1,\"type\":\"load\",\"document\":{}1{}}}",
        "[".repeat(9_999),
        "]".repeat(9_999)
    );
    assert_eq!(request::read(&deep).map_err(|refusal| refusal.code), Err(Code::Field));
    let long = format!("\"{}\"", "x".repeat(MAX_MESSAGE));
    assert_eq!(request::read(&long).map_err(|refusal| refusal.code), Err(Code::Size));
}

// ---- the schema ----

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../../www/embed.schema.json")).expect("the schema is JSON")
}

fn words(schema: &Value, place: &str) -> Vec<String> {
    let list = schema.pointer(place).and_then(Value::as_array);
    let list = list.unwrap_or_else(|| panic!("the schema has no {place}"));
    list.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect()
}

#[test]
fn the_schema_has_the_types_and_words_that_are_read_and_written() {
    let schema = schema();
    let types = |of: &str| {
        let list = schema["$defs"][of]["oneOf"].as_array().expect("a list");
        let names = list.iter().filter_map(|one| one["$ref"].as_str()?.rsplit_once(&format!("{of}-")));
        names.map(|(_, name)| name.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(types("request"), Ask::TYPES);
    // The first is sent by `www/start.js`, before there is a session.
    assert_eq!(types("reply"), [&["starting"], &SAID[..]].concat());
    let set = "/$defs/request-set/properties";
    assert_eq!(words(&schema, &format!("{set}/view/enum")), View::NAMES);
    assert_eq!(words(&schema, &format!("{set}/edit/enum")), Edit::NAMES);
    assert_eq!(words(&schema, &format!("{set}/theme/enum")), Colours::NAMES);
    assert_eq!(words(&schema, &format!("{set}/clock/enum")), Clock::ALL.map(Clock::name));
    assert_eq!(words(&schema, &format!("{set}/cost/enum")), Cost::ALL.map(Cost::name));
    assert_eq!(words(&schema, "/$defs/strategy/enum"), StrategyChoice::ALL.map(StrategyChoice::name));
    assert_eq!(words(&schema, "/$defs/request-get/properties/what/enum"), What::NAMES);
    // A field of the schema is a field that is read: a wrong value is refused, and an unknown field is not.
    for kind in Ask::TYPES {
        let fields =
            schema["$defs"][format!("request-{kind}")]["properties"].as_object().expect("fields").clone();
        for name in fields.keys().filter(|name| !["evm-lanes", "type"].contains(&name.as_str())) {
            let mut message = json!({"evm-lanes": 1, "type": kind, "what": "state"});
            message[name] = json!([[]]);
            assert!(read(&message).is_err(), "{kind} does not read {name}");
        }
    }
}

/// Checks that `value` has the fields that the schema names, all that must be there and no other, and so on inwards.
fn fits(schema: &Value, rule: &Value, value: &Value, place: &str) {
    let rule = match rule["$ref"].as_str() {
        Some(name) => &schema["$defs"][name.trim_start_matches("#/$defs/")],
        None => rule,
    };
    if let Some(words) = rule["enum"].as_array() {
        assert!(words.contains(value), "{place}: {value} is none of {words:?}");
    }
    if let (Some(fields), Some(object)) = (rule["properties"].as_object(), value.as_object()) {
        for name in rule["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            assert!(object.contains_key(name), "{place} has no {name}");
        }
        for (name, field) in object {
            let rule = fields.get(name).unwrap_or_else(|| panic!("{place}.{name} is not in the schema"));
            fits(schema, rule, field, &format!("{place}.{name}"));
        }
    }
    for element in value.as_array().into_iter().flatten() {
        fits(schema, &rule["items"], element, place);
    }
}

#[test]
fn what_is_written_fits_the_schema() {
    let schema = schema();
    let model = sample::pool();
    let selection = Selected { tx: Some(1), incarnation: Some(0), location: Some("USD".into()) };
    let state = Box::new(State {
        scenario: Some("one-pool"),
        title: None,
        strategy: "block-stm",
        lanes: 4,
        clock: "simulated",
        cost: "gas",
        seed: "0".into(),
        view: "lanes",
        edit: "none",
        theme: "auto",
        phase: "done",
        stale: false,
        threads: true,
        selection: selection.clone(),
        link: None,
        page: Some("https://x.example/".into()),
    });
    let figures = Box::new(Figures::of(&model));
    let lesson = Box::new(LessonTold {
        id: "two-lanes".into(),
        title: "Two lanes".into(),
        step: 1,
        steps: 3,
        heading: "A step".into(),
        question: Some("answered"),
        answer: Some(LessonAnswerTold::Number(2.0)),
        right: Some(true),
        goal: None,
        done: vec![1],
    });
    let trace = Trace::of(&model).expect("it is short");
    assert_eq!(trace.attempts.len(), model.trace.attempts.len());
    assert!(trace.attempts.iter().any(|attempt| attempt.cause.is_some()), "an attempt failed");
    let refusal = Refusal {
        field: Some("lanes".into()),
        ..Refusal::of_problems(Code::Document, &[evm_lanes_core::problem::Problem::new("a", "b", "c")])
    };
    let answer = Answer {
        state: Some(state.clone()),
        figures: Some(figures.clone()),
        trace: Some(Box::new(trace)),
        link: Some(String::new()),
        lesson: Some(Some(lesson.clone())),
        svg: Some("<svg/>".into()),
        png: Some("data:image/png;base64,AA==".into()),
    };
    for say in [
        Say::Ready { versions: [1], capabilities: vec!["run".into()], state: state.clone() },
        Say::Change { state: state.clone() },
        Say::Result { figures, state },
        Say::Selected { selection },
        Say::Lesson { event: Happened::Answered, lesson: Some(lesson) },
        Say::Lesson { event: Happened::Closed, lesson: None },
        Say::Answer(Answer { lesson: Some(None), ..Answer::default() }),
        Say::Answer(answer),
        Say::Resize { height: 300 },
        Say::Error(refusal),
    ] {
        let text = write(Some(&json!("id")), &say);
        let message: Value = serde_json::from_str(&text).expect("it is JSON");
        let kind = message["type"].as_str().expect("a type").to_owned();
        assert!(SAID.contains(&&*kind), "{kind}");
        fits(&schema, &schema["$defs"][format!("reply-{kind}")], &message, &kind);
    }
    for code in words(&schema, "/$defs/reply-error/properties/code/enum") {
        // Every code of the schema is one of ours: the list there has no other.
        assert!(
            CODES.iter().any(|known| serde_json::to_value(known).is_ok_and(|name| name == code)),
            "{code}"
        );
    }
    assert_eq!(words(&schema, "/$defs/reply-error/properties/code/enum").len(), CODES.len());
}

/// The types of messages that the frame sends.
const SAID: [&str; 8] = ["ready", "change", "result", "selected", "lesson", "answer", "resize", "error"];

const CODES: [Code; 13] = [
    Code::Version,
    Code::Type,
    Code::Field,
    Code::Size,
    Code::Busy,
    Code::Document,
    Code::Link,
    Code::NoRun,
    Code::NotFound,
    Code::Unsupported,
    Code::Cancelled,
    Code::Failed,
    Code::Engine,
];

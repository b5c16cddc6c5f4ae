//! Journeys through lessons: questions before runs, goals, links, progress.

use evm_lanes_core::scenario::lesson::builtin;
use evm_lanes_core::strategies::StrategyId;
use evm_lanes_core::trace::Clock;
use evm_lanes_session::{Event, LessonAnswer, LessonEvent, LessonState, Link};

use super::world::{World, text};

/// A lesson whose goal the sample run can meet: the number of lanes is what was asked for.
pub(super) const OWN: &str = r#"{
  "format": "evm-lanes-lesson/1",
  "id": "own",
  "title": "A lesson of one's own",
  "aims": ["Choose lanes"],
  "minutes": 1,
  "steps": [
    {
      "title": "Guess",
      "text": "A text.",
      "scenario": "payments",
      "run": { "lanes": 2 },
      "question": { "text": "How many?", "figure": "lanes", "low": "More.", "high": "Fewer." },
      "explanation": "It ran on {lanes} lanes."
    },
    {
      "title": "Choose",
      "text": "Eight lanes, please.",
      "goal": { "lanes": 8 },
      "hints": [
        { "when": { "lanes": 16 }, "text": "Those are {lanes}." },
        { "text": "Press plus." },
        { "text": "Press it again." }
      ],
      "answer": { "run": { "lanes": 8 } },
      "mistakes": [{ "run": { "lanes": 16 }, "hint": 0 }]
    }
  ]
}"#;

fn lesson(world: &World) -> &LessonState {
    world.session.lesson.as_ref().expect("a lesson")
}

fn lessons(world: &mut World, event: LessonEvent) {
    world.take(Event::Lesson(event));
    world.settle();
}

#[test]
fn a_question_comes_before_its_run() {
    let mut world = World::ready("?lesson=two-lanes");
    assert!(world.session.is_covered() && world.ran.is_empty() && world.session.model.is_none());
    assert_eq!(lesson(&world).goal(), None, "the first step has no goal");
    lessons(&mut world, LessonEvent::Answer(LessonAnswer::Choice(1)));
    assert!(!world.session.is_covered());
    assert_eq!((world.title(), world.ran[0].lanes), ("Eight payments", 2));
    let reply = lesson(&world).reply().expect("a reply");
    assert!(reply.is_right && !reply.text.contains('{'), "{reply:?}");
    assert!(lesson(&world).is_done, "a step without a goal is done once its run is there");
    assert!(world.said.iter().any(|said| said.contains(&reply.text)), "{:?}", world.said);
    // Nothing is covered any more, so another answer only changes what is said of it.
    lessons(&mut world, LessonEvent::Answer(LessonAnswer::Choice(0)));
    assert!(!lesson(&world).reply().expect("a reply").is_right);
}

#[test]
fn a_run_that_is_asked_for_shows_itself_without_an_answer() {
    let mut world = World::ready("?lesson=two-lanes&step=1");
    world.take(Event::Run);
    world.settle();
    assert!(!world.session.is_covered() && world.session.model.is_some());
    assert_eq!(lesson(&world).reply(), None);
    let mut world = World::ready("?lesson=two-lanes&step=1");
    lessons(&mut world, LessonEvent::Skip);
    assert!(world.session.model.is_some());
}

#[test]
fn a_goal_is_met_by_a_run_and_a_wrong_run_gets_its_hint() {
    let mut world = World::ready("");
    lessons(&mut world, LessonEvent::OpenText(OWN.to_owned()));
    lessons(&mut world, LessonEvent::Answer(LessonAnswer::Number(3.0)));
    let reply = lesson(&world).reply().expect("a reply");
    assert_eq!((reply.is_right, &*reply.text), (false, "Fewer. It is 2."));
    lessons(&mut world, LessonEvent::GoTo(1));
    assert_eq!((lesson(&world).goal(), lesson(&world).is_done), (Some("open"), false));
    assert_eq!(world.focus, Some("lesson-step"));
    world.take(Event::SetLanes(16));
    world.settle();
    assert_eq!((lesson(&world).goal(), lesson(&world).shown_hints()), (Some("open"), vec![0]));
    lessons(&mut world, LessonEvent::Hint);
    assert_eq!(lesson(&world).shown_hints(), [0, 1]);
    world.take(Event::SetLanes(8));
    world.settle();
    assert_eq!((lesson(&world).goal(), lesson(&world).shown_hints()), (Some("met"), vec![1]));
    assert!(world.said.iter().any(|said| said.ends_with("The goal is met.")), "{:?}", world.said);
    // The explanation stays, also where the next run meets the goal no longer.
    world.take(Event::SetLanes(4));
    world.settle();
    assert_eq!((lesson(&world).goal(), lesson(&world).is_done), (Some("open"), true));
    lessons(&mut world, LessonEvent::StartAgain);
    assert_eq!(world.session.settings.simulated_lanes, 4);
    lessons(&mut world, LessonEvent::ShowAnswer);
    assert_eq!((lesson(&world).goal(), world.session.settings.simulated_lanes), (Some("met"), 8));
}

#[test]
fn measured_runs_are_not_judged() {
    let mut world = World::ready("");
    lessons(&mut world, LessonEvent::OpenText(OWN.to_owned()));
    lessons(&mut world, LessonEvent::GoTo(1));
    world.take(Event::SetClock(Clock::Measured));
    world.take(Event::SetLanes(8));
    world.settle();
    assert_eq!((lesson(&world).goal(), lesson(&world).is_measured), (Some("open"), true));
    world.take(Event::SetClock(Clock::Simulated));
    world.take(Event::SetLanes(8));
    world.settle();
    assert_eq!(lesson(&world).goal(), Some("met"));
}

#[test]
fn every_step_of_every_lesson_is_a_link_that_comes_out_as_it_went_in() {
    for builtin in builtin::ALL {
        let mut world = World::ready(&format!("?lesson={}", builtin.id));
        let steps = lesson(&world).lesson.steps.len();
        assert_eq!(world.link(), format!("?lesson={}&step=1", builtin.id));
        for step in 1..steps {
            lessons(&mut world, LessonEvent::GoTo(step));
            assert_eq!(world.link(), format!("?lesson={}&step={}", builtin.id, step + 1));
            let copy = World::ready(world.link());
            assert_eq!(lesson(&copy), lesson(&world));
            assert_eq!(
                (&copy.session.document, copy.session.settings),
                (&world.session.document, world.session.settings)
            );
        }
        assert_eq!(world.history.len(), steps);
    }
}

#[test]
fn what_was_changed_in_a_step_is_handed_in_as_a_link() {
    let mut world = World::ready("?lesson=peak-hour&step=2");
    world.edit(&text("My result"));
    world.take(Event::SetLanes(3));
    world.take(Event::SetStrategy(StrategyId::ORDERED_COMMIT.into()));
    world.settle();
    let link = world.link().to_owned();
    assert!(link.starts_with("?lesson=peak-hour&step=2&strategy=ordered-commit&lanes=3#1."), "{link}");
    let copy = World::ready(&link);
    assert_eq!((copy.link(), copy.title(), lesson(&copy).step), (&*link, "My result", 1));
    assert!(!copy.session.is_covered(), "who opens a result wants to see it");
    assert_eq!(copy.ran.last(), world.ran.last());
}

#[test]
fn a_lesson_of_ones_own_travels_in_a_link() {
    let mut world = World::ready("");
    lessons(&mut world, LessonEvent::OpenText(OWN.to_owned()));
    lessons(&mut world, LessonEvent::GoTo(1));
    let Link::Fits(link) = world.session.link() else { panic!("it does not fit") };
    assert!(link.starts_with("?step=2#1."), "{link}");
    let copy = World::ready(&link);
    assert_eq!((&*lesson(&copy).lesson.id, lesson(&copy).step), ("own", 1));
    assert_eq!(copy.link(), link);
}

#[test]
fn what_is_changed_in_a_lesson_of_ones_own_is_in_its_link() {
    let mut world = World::ready("");
    lessons(&mut world, LessonEvent::OpenText(OWN.to_owned()));
    lessons(&mut world, LessonEvent::GoTo(1));
    world.run(&text("My result"));
    world.take(Event::SetLanes(8));
    world.settle();
    let link = world.link().to_owned();
    assert!(link.starts_with("?step=2&lanes=8#1."), "{link}");
    // Loaded again, and handed on from there.
    let mut copy = World::ready(&link);
    for _ in 0..2 {
        assert_eq!((copy.link(), copy.title(), &*lesson(&copy).lesson.id), (&*link, "My result", "own"));
        assert_eq!((lesson(&copy).step, lesson(&copy).goal()), (1, Some("met")));
        assert_eq!(copy.ran.last(), world.ran.last());
        copy = World::ready(copy.link());
    }
    // The lesson is whole: what it began with comes back, and so do its other steps.
    lessons(&mut copy, LessonEvent::StartAgain);
    assert_eq!((copy.title(), copy.session.settings.simulated_lanes), ("Payments that never meet", 4));
    lessons(&mut copy, LessonEvent::GoTo(0));
    assert!(copy.session.is_covered());
    assert!(copy.link().starts_with("?step=1#1."), "{}", copy.link());
}

#[test]
fn a_change_that_is_no_scenario_yet_is_in_the_link_too() {
    let mut world = World::ready("");
    lessons(&mut world, LessonEvent::OpenText(OWN.to_owned()));
    lessons(&mut world, LessonEvent::GoTo(1));
    world.edit("{ \"format\": \"evm-lanes/1\", ");
    world.settle();
    let copy = World::ready(world.link());
    assert_eq!(copy.session.document.text(), Some("{ \"format\": \"evm-lanes/1\", "));
    assert_eq!(lesson(&copy).step, 1);
}

#[test]
fn a_lesson_that_is_too_long_for_a_link_says_so() {
    let mut world = World::ready("");
    // Letters that do not repeat, so that they cannot be made shorter.
    let noise = |seed: u32| -> String {
        let next = |x: &mut u32| {
            *x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Some(char::from(b'a' + (*x >> 24) as u8 % 26))
        };
        let mut x = seed;
        std::iter::from_fn(|| next(&mut x)).take(5_900).collect()
    };
    let steps: Vec<String> = (0..16)
        .map(|i| format!(r#"{{ "title": "t", "text": "{}", "scenario": "payments" }}"#, noise(i * 7919 + 1)))
        .collect();
    let before = OWN.split("\"steps\"").next().expect("steps");
    let long = format!("{before}\"steps\": [{}] }}", steps.join(", "));
    lessons(&mut world, LessonEvent::OpenText(long));
    assert_eq!(world.session.link(), Link::TooLong);
    let notice = world.session.notice.clone().expect("a notice");
    assert!(!notice.error && notice.text.contains("too long for a link"), "{notice:?}");
}

#[test]
fn back_and_forward_walk_the_steps_and_out_of_the_lesson() {
    let mut world = World::ready("");
    lessons(&mut world, LessonEvent::Open("read-after-write".to_owned()));
    lessons(&mut world, LessonEvent::GoTo(2));
    assert_eq!(world.session.model.as_ref().map(|_| world.title()), Some("Eight payments in one token"));
    world.back();
    assert_eq!((lesson(&world).step, world.session.is_covered()), (0, true));
    assert!(world.session.model.is_none(), "what was run before is not shown while an answer is waited for");
    world.back();
    assert!(world.session.lesson.is_none());
    assert_eq!(world.title(), "One pool, many traders");
    world.forward();
    assert_eq!((&*lesson(&world).lesson.id, lesson(&world).step), ("read-after-write", 0));
}

#[test]
fn progress_is_kept_and_comes_back() {
    let mut world = World::ready("?lesson=one-lane");
    lessons(&mut world, LessonEvent::Skip);
    let kept = world.progress.clone().expect("progress");
    assert_eq!(kept, "one-lane:1");
    let mut later = World::ready("");
    later.take(Event::Lesson(LessonEvent::Restore(kept)));
    lessons(&mut later, LessonEvent::Open("one-lane".to_owned()));
    assert_eq!(lesson(&later).step, 1, "it opens at the first step that is not done");
    lessons(&mut later, LessonEvent::Close);
    assert!(later.session.lesson.is_none() && !later.link().contains("lesson"), "{}", later.link());
}

#[test]
fn a_lesson_that_is_not_there_or_damaged_changes_nothing() {
    let world = World::ready("?lesson=two-lines");
    let notice = world.session.notice.clone().expect("a notice");
    assert!(notice.text.contains("perhaps \"two-lanes\""), "{notice:?}");
    assert_eq!(world.title(), "One pool, many traders");

    let mut world = World::ready("?lesson=one-lane&step=2");
    lessons(
        &mut world,
        LessonEvent::OpenText(
            OWN.replace("\"lanes\": 8 },\n      \"hints\"", "\"lames\": 8 },\n      \"hints\""),
        ),
    );
    let notice = world.session.notice.clone().expect("a notice");
    assert!(notice.text.contains("line 19: steps[1].goal.lames: expected \"lanes\""), "{notice:?}");
    assert_eq!((&*lesson(&world).lesson.id, lesson(&world).step), ("one-lane", 1));
    // A step beyond the last is the last.
    assert_eq!(lesson(&World::ready("?lesson=one-lane&step=99")).step, 2);
    assert_eq!(lesson(&World::ready("?lesson=one-lane&step=x")).step, 0);
}

#[test]
fn another_scenario_ends_the_lesson() {
    let mut world = World::ready("?lesson=one-lane&step=2");
    world.take(Event::Open(evm_lanes_session::Document::scenario(text("Mine"))));
    world.settle();
    assert!(world.session.lesson.is_none());
    assert_eq!(world.title(), "Mine");
}

//! Journeys of a presenter: steps by key, questions that stay frozen, links for the audience, the timer.

use evm_lanes_core::scenario::lesson::number::{self, Number};
use evm_lanes_session::{Event, LessonAnswer, LessonEvent, LessonState, Link, PresentEvent};
use evm_lanes_view::keys::Command;

use super::world::World;

fn lesson(world: &World) -> &LessonState {
    world.session.lesson.as_ref().expect("a lesson")
}

fn present(world: &mut World, event: PresentEvent) {
    world.take(Event::Present(event));
    world.settle();
}

fn link(world: &World) -> String {
    match world.session.link() {
        Link::Fits(link) => link,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_question_is_frozen_until_it_is_revealed() {
    let mut world = World::ready("?lesson=two-lanes&present=1");
    assert!(world.session.is_frozen() && world.ran.is_empty());
    // Whatever else would show the run shows nothing.
    world.take(Event::Lesson(LessonEvent::Answer(LessonAnswer::Choice(0))));
    world.take(Event::Lesson(LessonEvent::Skip));
    world.take(Event::Lesson(LessonEvent::StartAgain));
    world.take(Event::Run);
    world.take(Event::SetLanes(3));
    world.take(Event::SetLanes(2));
    world.settle();
    assert!(world.session.is_frozen() && world.ran.is_empty() && world.session.model.is_none());
    assert_eq!(lesson(&world).answer, Some(LessonAnswer::Choice(0)), "the room's answer is noted");
    assert_eq!((lesson(&world).reply(), lesson(&world).right_answer()), (None, None));
    present(&mut world, PresentEvent::Reveal);
    assert!(!world.session.is_frozen() && world.ran.len() == 1 && world.session.model.is_some());
    assert!(!lesson(&world).reply().expect("a reply").is_right);
    assert_eq!(lesson(&world).right_choice(), Some(1));
    let right = lesson(&world).right_answer().expect("the right answer");
    assert!(
        right.starts_with("Yes:") && world.said.iter().any(|said| said.contains(&right)),
        "{:?}",
        world.said
    );
    assert!(lesson(&world).is_done);
}

#[test]
fn one_key_walks_through_reveals_and_steps() {
    let mut world = World::ready("?lesson=two-lanes&present=1");
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push((lesson(&world).step, world.session.is_frozen()));
        present(&mut world, PresentEvent::Next);
    }
    // The second step asks nothing; the last one stays.
    assert_eq!(seen, [(0, true), (0, false), (1, false), (2, true), (2, false), (2, false)]);
    assert_eq!(world.said.last().map(|said| &**said), Some("This is the last step."));
    present(&mut world, PresentEvent::Previous);
    present(&mut world, PresentEvent::Previous);
    assert_eq!((lesson(&world).step, world.session.is_frozen()), (0, true), "asked anew");
    present(&mut world, PresentEvent::Previous);
    assert_eq!(world.said.last().map(|said| &**said), Some("This is the first step."));
}

#[test]
fn the_address_presents_and_the_link_for_the_audience_does_not() {
    let mut world = World::ready("?lesson=two-lanes&step=2");
    world.take(Event::Command(Command::Present));
    assert_eq!(world.link(), "?lesson=two-lanes&step=2&present=1");
    assert_eq!(link(&world), "?lesson=two-lanes&step=2");
    present(&mut world, PresentEvent::Next);
    assert_eq!(world.link(), "?lesson=two-lanes&step=3&present=1");
    let again = World::ready(world.link());
    assert!(again.session.is_frozen());
    assert_eq!((again.link(), lesson(&again).step), (world.link(), 2));
    let audience = World::ready(&link(&world));
    assert!(audience.session.present.is_none() && audience.session.is_covered());

    present(&mut world, PresentEvent::Leave);
    assert_eq!((world.link(), world.focus), ("?lesson=two-lanes&step=3", Some("present")));
    // Back is into what was presented, and out of it again.
    world.back();
    assert!(world.session.present.is_some());
    world.back();
    world.back();
    assert!(world.session.present.is_none());
    assert_eq!(lesson(&world).step, 1);
}

#[test]
fn somebodys_result_is_asked_about_before_it_is_shown() {
    let world = World::ready("?lesson=two-lanes&step=1&lanes=4");
    assert!(!world.session.is_covered());
    let world = World::ready("?lesson=two-lanes&step=1&lanes=4&present=1");
    assert!(world.session.is_frozen() && world.ran.is_empty());
}

#[test]
fn what_the_room_said_is_no_answer_of_who_goes_on_alone() {
    let mut world = World::ready("?lesson=two-lanes&present=1");
    world.take(Event::Lesson(LessonEvent::Answer(LessonAnswer::Choice(0))));
    present(&mut world, PresentEvent::Leave);
    assert_eq!((lesson(&world).answer, world.session.is_covered()), (None, true));
    world.take(Event::Lesson(LessonEvent::Answer(LessonAnswer::Choice(1))));
    world.settle();
    assert!(world.session.model.is_some());
}

#[test]
fn without_a_lesson_the_run_is_presented() {
    let mut world = World::ready("?s=payments&present=1");
    assert!(world.session.present.is_some() && !world.session.is_frozen());
    assert_eq!(world.title(), "Payments that never meet");
    present(&mut world, PresentEvent::Next);
    assert_eq!(world.said.last().map(|said| &**said), Some("No lesson is open, so there are no steps."));
    present(&mut world, PresentEvent::Open("one-lane".to_owned()));
    assert_eq!(world.link(), "?lesson=one-lane&step=1&present=1");
    let mut bare = World::ready("");
    present(&mut bare, PresentEvent::Start);
    assert_eq!((bare.link(), &*link(&bare)), ("?present=1", ""));
}

#[test]
fn a_frame_is_not_presented() {
    let mut world = World::open_framed("?lesson=two-lanes&present=1");
    assert!(world.session.present.is_none());
    present(&mut world, PresentEvent::Start);
    assert!(world.session.present.is_none() && !world.session.can(Command::Present));
}

#[test]
fn the_timer_goes_on_from_step_to_step_and_says_only_its_end() {
    let mut world = World::ready("?lesson=two-lanes&present=1");
    let seconds = |world: &World| world.session.present.as_ref().expect("presenting").timer.seconds();
    present(&mut world, PresentEvent::SetMinutes(Some(1)));
    present(&mut world, PresentEvent::Tick(1_000.0));
    let said = world.said.len();
    for second in 2..=60 {
        present(&mut world, PresentEvent::Tick(f64::from(second) * 1_000.0));
    }
    assert_eq!((seconds(&world), world.said.len()), (1, said), "no second is said");
    present(&mut world, PresentEvent::Next);
    present(&mut world, PresentEvent::Next);
    assert_eq!((lesson(&world).step, seconds(&world)), (1, 1));
    present(&mut world, PresentEvent::Tick(62_000.0));
    assert_eq!(world.said.iter().filter(|said| *said == "The time is over.").count(), 1);
    present(&mut world, PresentEvent::ToggleTimer);
    present(&mut world, PresentEvent::Tick(90_000.0));
    assert_eq!(seconds(&world), -1);
    present(&mut world, PresentEvent::ResetTimer);
    assert_eq!(seconds(&world), 60);
    present(&mut world, PresentEvent::SetMinutes(None));
    assert_eq!(seconds(&world), 0);
}

/// The numbers of a lesson's step.
fn numbers(world: &World) -> Vec<Number> {
    let step = lesson(world).current().expect("a step");
    number::all(&step.text).into_iter().map(|number| number.expect("a number")).collect()
}

const OWN: &str = r#"{
  "format": "evm-lanes-lesson/1",
  "id": "numbers",
  "title": "Numbers",
  "aims": ["Drag"],
  "minutes": 1,
  "steps": [
    {
      "title": "Drag",
      "text": "On [4 lanes](set:lanes \"1..16\"), [40 payments](set:/transactions/0/repeat \"5..80 by 5\"), [seed 0](set:seed \"0..9\").",
      "scenario": "payments",
      "run": { "lanes": 4 }
    },
    {
      "title": "Asked",
      "text": "On [4 lanes](set:lanes \"1..16\").",
      "run": { "lanes": 4 },
      "question": { "text": "How many lanes?", "figure": "lanes" }
    }
  ]
}"#;

#[test]
fn of_numbers_that_are_dragged_one_run_is_under_way_and_the_last_value_wins() {
    let mut world = World::ready("");
    world.take(Event::Lesson(LessonEvent::OpenText(OWN.to_owned())));
    world.settle();
    let [lanes, payments, seed] = &numbers(&world)[..] else { panic!("three numbers") };
    let (lanes, payments, seed) = (lanes.clone(), payments.clone(), seed.clone());
    assert_eq!(lesson(&world).numbers.values().copied().collect::<Vec<_>>(), [4, 0, 40]);
    let (runs, steps) = (world.ran.len(), world.history.len());
    for value in 5..=12 {
        world.take(Event::Lesson(LessonEvent::SetNumber(lanes.clone(), value)));
    }
    world.settle();
    let asked: Vec<u16> = world.ran[runs..].iter().map(|ran| ran.lanes).collect();
    assert_eq!(asked, [5, 12]);
    assert!(!world.cancel_flag && world.started.len() == 1, "no run was cancelled for it");
    assert_eq!(world.history.len(), steps, "the address follows in place");
    assert_eq!(lesson(&world).numbers[&lanes.target], 12);

    world.take(Event::Lesson(LessonEvent::SetNumber(payments.clone(), 1_000_000)));
    world.settle();
    assert!(world.ran.last().expect("a run").text.contains("\"repeat\": 80"));
    assert_eq!(lesson(&world).numbers[&payments.target], 80, "bounds hold");
    world.take(Event::Lesson(LessonEvent::SetNumber(seed, 3)));
    world.settle();
    assert_eq!(world.session.settings.cost_model.seed, 3);
    // Undone as any change of the scenario is.
    world.take(Event::Remember);
    world.take(Event::Undo);
    assert_eq!(lesson(&world).numbers[&payments.target], 40);
}

#[test]
fn a_number_beside_a_question_waits_for_its_answer() {
    let mut world = World::ready("");
    world.take(Event::Lesson(LessonEvent::OpenText(OWN.to_owned())));
    world.take(Event::Lesson(LessonEvent::GoTo(1)));
    world.settle();
    let lanes = numbers(&world)[0].clone();
    world.take(Event::Lesson(LessonEvent::SetNumber(lanes.clone(), 9)));
    world.settle();
    assert!(world.session.is_covered());
    assert_eq!(world.session.settings.simulated_lanes, 4);
    // Nor does a number of another text reach into the step.
    let foreign = number::at("[1](set:seed \"0..9\")").expect("a form").1.expect("a number");
    world.take(Event::Lesson(LessonEvent::Skip));
    world.take(Event::Lesson(LessonEvent::SetNumber(foreign, 5)));
    world.settle();
    assert_eq!(world.session.settings.cost_model.seed, 0);
}

//! Recorded runs: a picture before there is an engine, and what this machine says of it.

use std::sync::Arc;

use evm_lanes_core::messages::Report;
use evm_lanes_core::model::CostModel;
use evm_lanes_core::scenario::{builtin, lesson};
use evm_lanes_core::strategies::StrategyId;
use evm_lanes_core::trace::Clock;
use evm_lanes_core::units::TxIndex;
use evm_lanes_session::{
    Activity, DetailState, EngineState, Event, LessonEvent, Picture, PresentEvent, Selection,
};
use evm_lanes_view::recorded::{normalised, of_step};
use evm_lanes_view::sample;

use super::world::{World, text};

/// The run of the scenario that the page opens with, as the world's engine makes it.
fn recorded() -> Report {
    normalised(Report {
        title: "One pool, many traders".to_owned(),
        strategy: StrategyId::BLOCK_STM,
        lanes: 4,
        clock: Clock::Simulated,
        model: CostModel::default(),
        ..sample::pool_report()
    })
}

/// A page that was opened by that link and shows a recorded run; its engine is still starting.
fn open(link: &str, report: Report) -> World {
    let mut world = World::open(link);
    give(&mut world, report);
    world
}

fn give(world: &mut World, report: Report) {
    let name = builtin::DEFAULT;
    world.take(Event::Recorded { name, report: Box::new(report) });
}

#[test]
fn a_recorded_run_is_there_before_the_engine_which_confirms_it() {
    let mut world = open("", recorded());
    assert_eq!((world.title(), &world.session.picture), ("One pool, many traders", &Picture::Recorded));
    assert!(world.ran.is_empty());
    assert!(world.said.iter().any(|said| said.contains("Recorded run")), "{:?}", world.said);
    // The engine has not run it: it can tell nothing of a transaction yet, and nobody says that it has forgotten.
    assert_eq!(world.session.detail, DetailState::None);
    let shown = world.session.model.clone().expect("a run");

    world.boot();
    assert_eq!(world.session.picture, Picture::Recorded, "until the run is complete");
    world.settle();
    assert_eq!((&world.session.picture, &world.session.activity), (&Picture::Confirmed, &Activity::Idle));
    assert_eq!(world.ran.len(), 1);
    assert!(
        world.session.model.as_ref().is_some_and(|now| Arc::ptr_eq(now, &shown)),
        "nothing is drawn again"
    );
    assert_eq!(world.session.detail.done().map(|detail| detail.tx), Some(TxIndex(2)));
    assert_eq!((world.link(), world.history.len(), &world.session.notice), ("", 1, &None));
    assert!(world.said.iter().any(|said| said.contains("confirmed on this machine")), "{:?}", world.said);
}

#[test]
fn another_trace_is_told_loudly_with_both_hashes() {
    let mut world = open("", Report { trace_hash: "0xdef".to_owned(), ..recorded() });
    world.boot();
    world.settle();
    let differs = Picture::Differs { recorded: "0xdef".to_owned(), own: "0xabc".to_owned() };
    assert_eq!(world.session.picture, differs);
    let notice = world.session.notice.clone().expect("a notice");
    assert!(notice.error && notice.text.contains("0xdef") && notice.text.contains("0xabc"), "{notice:?}");
    let shown = world.session.model.as_ref().map(|model| model.report.trace_hash.clone());
    assert_eq!(shown.as_deref(), Some("0xabc"), "the run of this machine is shown");
    // Another run has nothing to do with it.
    world.run(&text("Mine"));
    assert_eq!((&world.session.picture, &world.session.notice), (&Picture::Own, &None));
}

#[test]
fn the_same_trace_with_other_names_is_shown_as_this_machine_has_it() {
    let mut old = recorded();
    old.location_names[0].name = "an old name".to_owned();
    let mut world = open("", old);
    world.take(Event::TogglePin);
    world.boot();
    world.settle();
    assert_eq!(world.session.picture, Picture::Confirmed);
    let model = world.session.model.clone().expect("a run");
    assert_eq!(model.report.location_names[0].name, "Pair.reserves");
    assert!(Arc::ptr_eq(&world.session.pins[0].model, &model) && world.session.is_pinned());
}

#[test]
fn an_edit_makes_the_picture_ones_own() {
    let mut world = open("", recorded());
    world.boot();
    world.settle();
    world.edit(&text("Mine"));
    assert_eq!(world.session.picture, Picture::Own);
    world.take(Event::Run);
    world.settle();
    assert_eq!((world.title(), &world.session.picture), ("Mine", &Picture::Own));
}

#[test]
fn what_is_written_before_the_engine_is_ready_is_what_it_runs() {
    let mut world = open("", recorded());
    world.edit(&text("Mine"));
    assert_eq!(world.session.picture, Picture::Recorded, "it is what the page still shows");
    world.boot();
    world.settle();
    assert_eq!((world.title(), &world.session.picture), ("Mine", &Picture::Own));
    assert_eq!((world.ran.len(), &world.session.notice), (1, &None));
}

#[test]
fn other_settings_before_the_engine_is_ready_confirm_nothing() {
    let mut world = open("", recorded());
    world.take(Event::SetLanes(8));
    world.boot();
    world.settle();
    assert_eq!((world.ran[0].lanes, &world.session.picture), (8, &Picture::Own));
    assert_eq!(world.session.notice, None);
}

#[test]
fn what_a_person_looks_at_stays_when_it_is_confirmed() {
    let mut world = open("", recorded());
    world.take(Event::SelectTx(TxIndex(3)));
    world.take(Event::Zoom(4.0));
    let (selection, viewport) = (world.session.selection, world.session.viewport);
    assert!(viewport.is_some() && selection == Selection { tx: Some(TxIndex(3)), ..Selection::default() });
    world.boot();
    world.settle();
    assert_eq!((world.session.selection, world.session.viewport), (selection, viewport));
    assert_eq!(world.session.detail.done().map(|detail| detail.tx), Some(TxIndex(3)));
    assert!(world.link().contains("tx=3"), "{}", world.link());
}

#[test]
fn a_link_that_selects_something_selects_it_in_the_recorded_run() {
    let world = open("?clock=simulated&tx=2.2", recorded());
    let Selection { tx, incarnation, .. } = world.session.selection;
    assert_eq!((tx, incarnation.map(|i| i.0)), (Some(TxIndex(2)), Some(1)));
}

#[test]
fn a_recorded_run_is_wanted_where_the_link_means_the_same_run() {
    let wanted = |link: &str| World::open(link).session.wanted_recording();
    for builtin in builtin::ALL {
        let link = format!("?s={}&strategy=block-stm&lanes=4&clock=simulated", builtin.name);
        assert_eq!(wanted(&link), Some(builtin.name), "{link}");
    }
    for (link, name) in [
        ("", Some("one-pool")),
        ("?clock=simulated", Some("one-pool")),
        ("?s=payments&clock=simulated&tx=3", Some("payments")),
        // Without a clock, the engine decides; with threads it measures.
        ("?s=payments", Some("payments")),
        ("?s=payments&tx=3", Some("payments")),
        ("?s=payments&lanes=4", None),
        ("?clock=measured", None),
        ("?s=payments&clock=simulated&lanes=8", None),
        ("?s=payments&clock=simulated&strategy=ordered-commit", None),
        ("?s=payments&clock=simulated&cost=opcodes", None),
        ("?s=payments&clock=simulated&seed=7", None),
    ] {
        assert_eq!(wanted(link), name, "{link}");
    }
    let mut own = World::ready("");
    own.run(&text("Mine"));
    let link = own.link().to_owned();
    assert_eq!(wanted(&link), None, "{link}");
    assert_eq!(own.session.wanted_recording(), None);
}

#[test]
fn a_recorded_run_that_does_not_fit_is_passed_over() {
    let damaged = Report { trace: b"no trace".to_vec(), ..recorded() };
    let others = [
        Report { lanes: 8, ..recorded() },
        Report { clock: Clock::Measured, ..recorded() },
        Report { strategy: StrategyId::ORDERED_COMMIT, ..recorded() },
        damaged,
    ];
    for report in others {
        let mut world = open("", report);
        assert!(world.session.model.is_none());
        world.boot();
        world.settle();
        assert_eq!((world.title(), &world.session.picture), ("One pool, many traders", &Picture::Own));
    }
    // One that comes too late is of no use.
    let mut world = World::ready("");
    let shown = world.session.model.clone().expect("a run");
    give(&mut world, recorded());
    assert!(world.session.model.as_ref().is_some_and(|now| Arc::ptr_eq(now, &shown)));
    assert_eq!(world.session.picture, Picture::Own);
}

// ---- lessons ----

/// The recorded runs of a lesson's steps, with that trace hash; the engine of these tests has 0xabc.
fn lesson_runs(world: &mut World, id: &str, hash: &str) {
    let lesson = lesson::parse(lesson::builtin::find(id).expect("a lesson").text).expect("a lesson");
    let step = |step: usize| {
        let recipe = of_step(&lesson.start(step).expect("a step"));
        Report {
            strategy: StrategyId::ALL
                .into_iter()
                .find(|id| recipe.strategy == *id)
                .unwrap_or(StrategyId::BLOCK_STM),
            lanes: recipe.lanes,
            model: recipe.model,
            trace_hash: hash.to_owned(),
            ..recorded()
        }
    };
    let steps = (0..lesson.steps.len()).map(step).collect();
    world.take(Event::LessonRuns { id: id.to_owned(), steps });
}

fn is_shown(world: &World) -> bool {
    world.session.model.is_some()
}

#[test]
fn the_run_of_a_question_is_shown_once_it_is_answered_and_confirmed_by_the_engine() {
    let mut world = World::open("?lesson=two-lanes");
    assert_eq!(world.fetched, ["two-lanes"]);
    lesson_runs(&mut world, "two-lanes", "0xabc");
    assert!(!is_shown(&world), "it would answer the question");
    world.take(Event::Lesson(LessonEvent::Skip));
    assert!(is_shown(&world) && world.ran.is_empty());
    assert_eq!(world.session.picture, Picture::Recorded);
    world.boot();
    world.settle();
    assert_eq!((&world.session.picture, world.ran.len()), (&Picture::Confirmed, 1));
}

#[test]
fn this_machines_run_of_a_step_is_compared_with_the_recorded_one_whichever_comes_first() {
    for (hash, is_confirmed) in [("0xabc", true), ("0xdef", false)] {
        for is_late in [false, true] {
            let mut world = World::ready("?lesson=two-lanes");
            if !is_late {
                lesson_runs(&mut world, "two-lanes", hash);
            }
            world.take(Event::Lesson(LessonEvent::Skip));
            world.settle();
            if is_late {
                assert_eq!(world.session.picture, Picture::Own);
                lesson_runs(&mut world, "two-lanes", hash);
            }
            assert_eq!(world.session.picture == Picture::Confirmed, is_confirmed, "{hash}, late: {is_late}");
            assert_eq!(matches!(world.session.picture, Picture::Differs { .. }), !is_confirmed);
            assert_eq!(world.session.notice.as_ref().is_some_and(|notice| notice.error), !is_confirmed);
        }
    }
}

#[test]
fn what_a_person_changes_in_a_step_is_ones_own() {
    let mut world = World::ready("?lesson=two-lanes&step=2");
    lesson_runs(&mut world, "two-lanes", "0xabc");
    assert_eq!(world.session.picture, Picture::Confirmed);
    world.take(Event::SetLanes(7));
    world.settle();
    assert_eq!(world.session.picture, Picture::Own);
    // What the step began with is what was recorded.
    world.take(Event::Lesson(LessonEvent::StartAgain));
    world.settle();
    assert_eq!(world.session.picture, Picture::Confirmed);
    world.run(&text("Mine"));
    assert_eq!((&world.session.picture, &world.session.notice), (&Picture::Own, &None));
}

#[test]
fn a_recorded_run_is_not_taken_for_that_of_a_step() {
    let mut world = open("", recorded());
    world.take(Event::Lesson(LessonEvent::Open("parallel-loses".to_owned())));
    assert_eq!((is_shown(&world), &world.session.picture), (false, &Picture::Own));
    world.boot();
    world.take(Event::Lesson(LessonEvent::Skip));
    world.settle();
    assert_eq!((&world.session.picture, &world.session.notice), (&Picture::Own, &None));
}

#[test]
fn a_frozen_question_has_no_recorded_run_until_it_is_revealed() {
    let mut world = World::open("?lesson=two-lanes&present=1");
    lesson_runs(&mut world, "two-lanes", "0xabc");
    world.take(Event::Lesson(LessonEvent::Skip));
    assert!(!is_shown(&world) && world.session.is_frozen());
    world.take(Event::Present(PresentEvent::Reveal));
    assert_eq!((is_shown(&world), &world.session.picture), (true, &Picture::Recorded));
}

#[test]
fn runs_of_another_lesson_or_version_are_passed_over() {
    let mut world = World::ready("?lesson=two-lanes&step=2");
    lesson_runs(&mut world, "one-lane", "0xdef");
    world.take(Event::LessonRuns { id: "two-lanes".to_owned(), steps: vec![recorded(); 9] });
    assert_eq!((&world.session.picture, &world.session.notice), (&Picture::Own, &None));
}

#[test]
fn without_an_engine_the_recorded_run_stays() {
    let mut world = open("", recorded());
    for _ in 0..4 {
        world.boot_fails();
    }
    assert!(matches!(world.session.engine, EngineState::Failed { .. }));
    assert_eq!((world.title(), &world.session.picture), ("One pool, many traders", &Picture::Recorded));
    world.take(Event::SelectTx(TxIndex(1)));
    assert_eq!(world.session.detail, DetailState::None);
}

#[test]
fn a_cancelled_run_confirms_nothing_and_the_next_one_does() {
    let mut world = open("", recorded());
    world.boot();
    world.take(Event::Cancel);
    world.hear_cancel();
    assert_eq!((&world.session.picture, &world.session.activity), (&Picture::Recorded, &Activity::Cancelled));
    world.take(Event::Run);
    world.settle();
    assert_eq!(world.session.picture, Picture::Confirmed);
}

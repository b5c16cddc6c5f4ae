//! Whole journeys through the page, without a browser: a person acts, the engine answers, the page shows.

mod embed;
mod lessons;
mod present;
mod recorded;
mod world;

use std::sync::Arc;

use evm_lanes_core::messages::{Answer, ListForm, Phase, Reply};
use evm_lanes_core::model::{Cost, CostModel};
use evm_lanes_core::scenario::StrategyChoice;
use evm_lanes_core::strategies::StrategyId;
use evm_lanes_core::trace::Clock;
use evm_lanes_core::units::{Incarnation, LocationId, TxIndex};
use evm_lanes_session::supervisor::Flavour;
use evm_lanes_session::{
    Activity, CurveState, DetailState, Dialog, Document, EngineState, Event, Link, ListState, Selection,
    Source, Tab, can_be_repeated,
};
use evm_lanes_view::keys::Command;

use world::{BASE, World, hash_of, text};

/// A built-in scenario.
const PAYMENTS: &str = evm_lanes_core::scenario::builtin::ALL[1].text;

#[test]
fn the_first_run_waits_for_the_engine_and_writes_no_history() {
    let mut world = World::open("");
    assert!(world.ran.is_empty());
    world.boot();
    world.settle();
    assert_eq!((world.title(), world.history.len()), ("One pool, many traders", 1));
    // A transaction that ran twice is selected, and known in full.
    assert_eq!(world.session.selection.tx, Some(TxIndex(2)));
    assert_eq!(world.session.detail.done().map(|detail| detail.tx), Some(TxIndex(2)));
    assert_eq!(world.link(), "", "nobody chose anything, so the bare address still says it all");
    assert!(
        world.said.iter().any(|said| said.contains("4 transactions on 4 simulated lanes")),
        "{:?}",
        world.said
    );
}

#[test]
fn an_edit_is_stale_until_it_has_run() {
    let mut world = World::ready("");
    world.edit(&text("Mine"));
    assert!(world.session.is_stale());
    world.take(Event::Run);
    assert!(world.session.is_running() && world.session.is_stale());
    world.progress(Phase::Simulating, 3, 9);
    assert!(matches!(
        world.session.activity,
        Activity::Running { phase: Phase::Simulating, done: 3, total: 9, .. }
    ));
    world.settle();
    assert!(!world.session.is_stale());
    assert_eq!((world.title(), world.history.len()), ("Mine", 2));
    assert!(world.link().contains('#'), "the scenario is in the address: {}", world.link());
}

#[test]
fn a_run_that_is_cancelled_leaves_the_run_before() {
    let mut world = World::ready("");
    world.edit(&text("Mine"));
    world.take(Event::Run);
    world.take(Event::Cancel);
    assert!(world.cancel_flag);
    assert!(matches!(world.session.activity, Activity::Running { cancelling: true, .. }));
    world.hear_cancel();
    assert_eq!(world.session.activity, Activity::Cancelled);
    assert_eq!(world.title(), "One pool, many traders");
    world.take(Event::Run);
    world.settle();
    assert_eq!(world.title(), "Mine");
}

#[test]
fn a_crash_is_told_and_the_next_run_has_a_fresh_engine() {
    let mut world = World::ready("");
    world.edit(&text("Mine"));
    world.take(Event::Run);
    world.crash("panicked at a lane");
    assert_eq!(
        world.why(),
        "expected the engine to finish the run, found The engine stopped: panicked at a lane"
    );
    assert_eq!(world.title(), "One pool, many traders", "the run before stays");
    world.boot();
    assert_eq!(world.started, [Flavour::Threads, Flavour::Threads]);
    assert!(world.session.restarted.as_ref().is_some_and(|why| why.contains("panicked at a lane")));
    assert_eq!(world.ran.len(), 2, "nobody asked for it again");
    world.take(Event::Run);
    world.settle();
    assert_eq!((world.title(), &world.session.restarted), ("Mine", &None));
}

#[test]
fn after_a_crash_the_same_block_is_sent_whole() {
    let mut world = World::ready("");
    world.crash("out of memory");
    world.boot();
    // The world fails where a fresh engine is asked for the same again.
    world.take(Event::SetLanes(8));
    world.settle();
    assert_eq!(world.ran.iter().map(|ran| ran.lanes).collect::<Vec<_>>(), [4, 8]);
}

#[test]
fn a_transaction_cannot_be_asked_for_after_a_crash() {
    let mut world = World::ready("");
    world.crash("out of memory");
    world.boot();
    world.take(Event::SelectTx(TxIndex(3)));
    assert_eq!(world.session.detail, DetailState::Unavailable);
    world.take(Event::Run);
    world.settle();
    assert_eq!(world.session.detail.done().map(|detail| detail.tx), Some(TxIndex(3)));
}

#[test]
fn an_engine_that_is_gone_says_so_until_it_is_started_by_hand() {
    let mut world = World::open("");
    for _ in 0..4 {
        world.boot_fails();
    }
    let EngineState::Failed { reason } = &world.session.engine else { panic!("{:?}", world.session.engine) };
    assert!(reason.contains("404"), "{reason}");
    world.take(Event::Run);
    assert!(matches!(world.session.engine, EngineState::Restarting { .. }));
    world.boot();
    world.settle();
    assert_eq!(world.title(), "One pool, many traders");
}

#[test]
fn a_restart_by_hand_ends_the_run_and_runs_again() {
    let mut world = World::ready("");
    world.take(Event::SetLanes(8));
    world.take(Event::RestartEngine);
    assert!(world.why().contains("asked for by hand"));
    world.boot();
    assert!(world.session.is_running());
    world.settle();
    assert_eq!(world.session.model.as_ref().map(|m| m.report.lanes), Some(8));
}

#[test]
fn a_link_comes_out_as_it_went_in() {
    let scenario = Document::scenario(text("Mine"));
    let mut source = World::ready("");
    source.take(Event::Open(scenario));
    source.settle();
    source.take(Event::SetLanes(32));
    source.take(Event::SetStrategy(StrategyId::BLOCK_ACCESS_LIST.into()));
    source.take(Event::SetCostModel(CostModel { cost: Cost::Gas, seed: 7 }));
    source.settle();
    source.take(Event::SelectAttempt { tx: TxIndex(2), incarnation: Incarnation(1) });
    source.take(Event::ToggleLocation(LocationId(0)));
    source.settle();
    let link = source.link().to_owned();
    assert_eq!(source.session.link(), Link::Fits(link.clone()));

    let mut copy = World::ready(&link);
    assert_eq!(copy.link(), link);
    assert_eq!(copy.ran.last(), source.ran.last());
    let (a, b) = (&copy.session, &source.session);
    assert_eq!(
        (a.selection, a.document.clone(), copy.title()),
        (b.selection, b.document.clone(), source.title())
    );
    assert_eq!(a.settings.cost_model, b.settings.cost_model);
    assert_eq!(
        a.selection,
        Selection { tx: Some(TxIndex(2)), incarnation: Some(Incarnation(1)), location: Some(LocationId(0)) }
    );
    // And stays that when it runs again.
    copy.take(Event::Run);
    copy.settle();
    assert_eq!((copy.link(), copy.history.len()), (&*link, 1));
}

#[test]
fn every_setting_survives_a_link() {
    for (strategy, clock) in
        StrategyChoice::ALL.into_iter().flat_map(|s| [(s, Clock::Measured), (s, Clock::Simulated)])
    {
        for (lanes, cost, document) in [
            (1, Cost::Gas, Document::scenario(text("Mine"))),
            (3, Cost::Opcodes, Document { source: Source::scenario(PAYMENTS), builtin: Some("payments") }),
        ] {
            let mut source = World::ready("");
            source.take(Event::Open(document));
            source.take(Event::SetClock(clock));
            source.take(Event::SetLanes(lanes));
            source.take(Event::SetStrategy(strategy));
            source.take(Event::SetCostModel(CostModel { cost, seed: lanes.into() }));
            source.settle();
            let copy = World::ready(source.link());
            assert_eq!(copy.link(), source.link());
            assert_eq!(copy.ran.last(), source.ran.last(), "{}", source.link());
        }
    }
}

#[test]
fn a_damaged_link_is_told_of_and_leaves_the_page_usable() {
    let mut world = World::ready("#1.%%%%");
    let notice = world.session.notice.clone().expect("a notice");
    assert!(
        notice.error && notice.text.ends_with("The page shows its first scenario instead."),
        "{notice:?}"
    );
    assert_eq!(world.title(), "One pool, many traders");
    world.take(Event::CloseNotice);
    world.run(&text("Mine"));
    world.history.push("#1.%%%%".to_owned());
    world.forward();
    let notice = world.session.notice.clone().expect("a notice");
    assert!(notice.text.ends_with("Nothing was changed."), "{notice:?}");
    assert_eq!(world.title(), "Mine");
}

#[test]
fn an_old_link_takes_measured_lanes_where_the_engine_has_threads() {
    // Links from before there were simulated lanes name no clock.
    let old = "?strategy=block-stm&lanes=2";
    assert_eq!(World::ready(old).session.settings.clock, Clock::Measured);
    let mut world = World::open_without_threads(old);
    world.boot();
    world.settle();
    assert_eq!(world.session.settings.clock, Clock::Simulated);
}

#[test]
fn a_link_may_ask_for_more_lanes_than_there_are_and_keeps_them() {
    let mut world = World::ready("?clock=measured&lanes=200");
    assert_eq!((world.session.missing_lanes(), world.ran[0].lanes), (Some(200), 8));
    assert!(world.link().contains("lanes=200"), "{}", world.link());
    world.take(Event::SetLanes(2));
    world.settle();
    assert_eq!(world.session.missing_lanes(), None);
    assert!(world.link().contains("lanes=2&") || world.link().ends_with("lanes=2"), "{}", world.link());
}

#[test]
fn back_and_forward_show_what_was_there() {
    let mut world = World::ready("");
    world.run(&text("First"));
    world.run(&text("Second"));
    world.take(Event::SetLanes(16));
    world.settle();
    assert_eq!(world.history.len(), 4);
    world.back();
    assert_eq!((world.title(), world.session.settings.simulated_lanes), ("Second", 4));
    world.back();
    assert_eq!(world.title(), "First");
    world.back();
    assert_eq!(world.title(), "One pool, many traders");
    (0..3).for_each(|_| world.forward());
    assert_eq!((world.title(), world.session.settings.simulated_lanes), ("Second", 16));
    assert_eq!(world.history.len(), 4, "going there writes no history");
}

#[test]
fn a_mistake_keeps_the_last_run_and_says_where_it_is() {
    let mut world = World::ready("");
    world.run(&text("Mine"));
    world.run(r#"{ "format": "evm-lanes/1", "transactions": [ { "from": "nobody" } ] }"#);
    assert!(world.why().contains("nobody"), "{}", world.why());
    assert_eq!((world.title(), world.session.tab), ("Mine", Tab::Scenario));
    assert!(world.session.is_stale());
    assert_eq!(world.ran.len(), 2, "the engine was not bothered with it");
    world.run(&text("Mended"));
    assert_eq!((world.title(), &world.session.activity), ("Mended", &Activity::Idle));
}

#[test]
fn undo_and_redo_walk_through_the_edits() {
    let mut world = World::ready("");
    world.edit(&text("First"));
    // What is being typed is a step, too.
    world.take(Event::Edit(text("Second")));
    world.take(Event::Undo);
    assert_eq!(world.session.document.text(), Some(&*text("First")));
    world.take(Event::Undo);
    assert_eq!(world.session.document.source, world.session.ran.clone().expect("a run"));
    assert!(!world.session.is_stale());
    world.take(Event::Undo);
    assert_eq!(
        world.said.iter().filter(|said| *said == "Undone.").count(),
        2,
        "there was nothing further back"
    );
    (0..3).for_each(|_| world.take(Event::Redo));
    assert_eq!(world.session.document.text(), Some(&*text("Second")));
    assert_eq!(world.said.iter().filter(|said| *said == "Done again.").count(), 2);
}

#[test]
fn only_an_own_scenario_is_kept_as_a_draft() {
    let mut world = World::ready("");
    world.edit(&text("A change of a built-in one"));
    assert_eq!(world.draft, None);
    world.take(Event::Open(Document::scenario(text("Mine"))));
    assert_eq!(world.draft, Some(text("Mine")));
}

#[test]
fn two_pinned_runs_stand_beside_each_other() {
    let mut world = World::ready("");
    world.run(&text("Mine"));
    world.take(Event::TogglePin);
    assert!(world.session.is_pinned());
    let first = world.session.pins[0].id;
    let changed = text("Mine").replace("1 gwei", "2 gwei");
    world.run(&changed);
    assert!(!world.session.is_pinned());
    world.take(Event::TogglePin);
    let second = world.session.pins[1].id;
    assert_eq!(
        (world.session.version_of(Some(first)), world.session.version_of(Some(second))),
        (Some(1), Some(2))
    );
    assert_eq!(world.session.version_of(None), Some(2));

    // The other one had run something else, which is run again.
    world.take(Event::ShowPinned(first));
    world.settle();
    assert_eq!(world.session.document.text(), Some(&*text("Mine")));
    assert_eq!(world.ran.last().map(|ran| &*ran.text), Some(&*text("Mine")));
    assert_eq!(world.session.pins.len(), 2);
    world.take(Event::Unpin(second));
    assert_eq!(world.session.pins.iter().map(|pin| pin.id).collect::<Vec<_>>(), [first]);
    world.take(Event::UnpinAll);
    assert!(world.session.pins.is_empty());
}

#[test]
fn the_latest_run_by_the_other_clock_stays_on_the_page() {
    let mut world = World::ready("");
    let simulated = world.session.model.clone().expect("a run");
    world.take(Event::SetClock(Clock::Measured));
    world.settle();
    assert!(Arc::ptr_eq(&world.session.pins[0].model, &simulated));
    assert!(!world.session.is_pinned());
    // It is of the same block, so the engine can still tell of it, and both stay.
    let runs = world.ran.len();
    world.take(Event::ShowPinned(world.session.pins[0].id));
    world.settle();
    assert_eq!((world.ran.len(), world.session.settings.clock), (runs, Clock::Simulated));
    let measured =
        world.session.pins.iter().find(|pin| !Arc::ptr_eq(&pin.model, &simulated)).expect("the other").id;
    world.take(Event::ShowPinned(measured));
    world.settle();
    assert!(
        world.session.pins.iter().any(|pin| Arc::ptr_eq(&pin.model, &simulated)),
        "the one that was shown stays"
    );
    // Of another block it would only confuse.
    let mut other = World::ready("");
    other.take(Event::SetClock(Clock::Measured));
    other.settle();
    other.run(&text("Mine"));
    assert!(other.session.pins.is_empty());
}

#[test]
fn comparing_runs_every_parallel_strategy_once_and_shows_the_first() {
    let mut world = World::ready("");
    world.take(Event::CompareStrategies);
    world.settle();
    let ran: Vec<StrategyChoice> = world.ran[1..].iter().map(|ran| ran.strategy).collect();
    let parallel = StrategyId::ALL.into_iter().filter(|s| *s != StrategyId::SEQUENTIAL);
    assert_eq!(ran, parallel.map(StrategyChoice::from).collect::<Vec<_>>());
    assert_eq!(world.session.pins.len(), ran.len());
    assert_eq!(world.session.settings.strategy, StrategyId::BLOCK_STM);
    assert!(world.session.is_pinned() && !world.session.is_running());
}

#[test]
fn a_comparison_that_is_cancelled_goes_no_further() {
    let mut world = World::ready("");
    world.take(Event::CompareStrategies);
    world.finish();
    world.take(Event::Cancel);
    world.hear_cancel();
    let runs = world.ran.len();
    world.take(Event::Run);
    world.settle();
    assert_eq!(world.ran.len(), runs + 1);
}

#[test]
fn an_engine_without_threads_measures_one_lane_and_simulates_many() {
    let mut world = World::open_without_threads("?clock=measured&lanes=6");
    world.boot();
    world.settle();
    assert_eq!(
        (world.ran[0].lanes, world.session.missing_lanes(), world.session.max_lanes()),
        (1, Some(6), 1)
    );
    world.take(Event::SetClock(Clock::Simulated));
    world.settle();
    world.take(Event::SetLanes(64));
    world.settle();
    assert_eq!(world.ran.last().map(|ran| ran.lanes), Some(64));
    assert_eq!(world.session.missing_lanes(), None);
}

#[test]
fn a_run_that_replaces_one_on_an_engine_without_threads_is_sent_whole_to_a_fresh_engine() {
    let mut world = World::open_without_threads("");
    world.boot();
    world.settle();
    world.take(Event::SetLanes(8));
    world.take(Event::SetLanes(16));
    assert_eq!(world.started.len(), 2, "it is cancelled by ending it");
    assert!(world.session.is_running(), "the newer one only waits: {:?}", world.session.activity);
    world.boot();
    world.settle();
    assert_eq!(world.session.model.as_ref().map(|m| m.report.lanes), Some(16));
}

#[test]
fn a_run_that_waits_survives_an_engine_that_does_not_hear_the_cancel() {
    let mut world = World::ready("");
    world.edit(&text("First"));
    world.take(Event::Run);
    world.edit(&text("Second"));
    world.take(Event::Run);
    world.wait(500.0);
    assert!(world.session.is_running(), "{:?}", world.session.activity);
    world.boot();
    world.settle();
    assert_eq!(world.title(), "Second");
}

#[test]
fn the_same_block_that_waits_is_sent_whole_to_the_next_engine() {
    let mut world = World::ready("");
    world.is_same_forgiven = true;
    world.take(Event::SetLanes(8));
    world.take(Event::SetLanes(16));
    world.wait(500.0);
    world.boot();
    world.settle();
    assert_eq!(world.session.activity, Activity::Idle);
    assert_eq!(world.session.model.as_ref().map(|m| m.report.lanes), Some(16));

    // But what an engine has ended with is not tried again by itself.
    world.take(Event::SetLanes(32));
    world.crash("out of memory");
    assert!(world.why().contains("out of memory"), "{}", world.why());
    world.boot();
    world.settle();
    assert!(!world.session.is_running());
}

#[test]
fn a_late_reply_to_a_request_that_was_replaced_is_ignored() {
    let mut world = World::ready("");
    world.edit(&text("First"));
    world.take(Event::Run);
    world.edit(&text("Second"));
    world.take(Event::Run);
    // The first one is ready before it sees the flag.
    world.finish();
    assert_eq!(world.title(), "One pool, many traders");
    assert!(world.session.is_running());
    // And then it is what the engine tells of, so nothing can be asked of the run that is shown.
    world.take(Event::SelectTx(TxIndex(0)));
    assert_eq!(world.session.detail, DetailState::Unavailable);
    world.settle();
    assert_eq!(world.title(), "Second");
    let shown = world.session.model.clone().expect("a run");
    // Nobody asked for these.
    for reply in [
        Reply { id: 1, body: Answer::Failed { problems: Vec::new() } },
        Reply { id: 2, body: Answer::Cancelled },
        Reply { id: 3, body: Answer::Progress { phase: Phase::Measuring, done: 1, total: 2 } },
    ] {
        world.take(Event::Engine(evm_lanes_session::EngineEvent::Reply(reply)));
    }
    assert_eq!(world.session.activity, Activity::Idle);
    assert!(world.session.model.as_ref().is_some_and(|model| Arc::ptr_eq(model, &shown)));
}

#[test]
fn a_detail_that_comes_after_another_selection_is_ignored() {
    let mut world = World::ready("");
    world.take(Event::SelectTx(TxIndex(0)));
    world.take(Event::SelectTx(TxIndex(3)));
    world.finish();
    assert!(matches!(world.session.detail, DetailState::Asked { .. }));
    world.finish();
    assert_eq!(world.session.detail.done().map(|detail| detail.tx), Some(TxIndex(3)));
}

#[test]
fn what_a_person_selected_stays_selected_in_the_next_run() {
    let mut world = World::ready("");
    world.take(Event::SelectTx(TxIndex(1)));
    world.take(Event::ToggleLocation(LocationId(1)));
    world.settle();
    assert!(world.link().contains("tx=1"), "{}", world.link());
    world.take(Event::SetStrategy(StrategyId::BLOCK_ACCESS_LIST.into()));
    world.settle();
    assert_eq!(
        world.session.selection,
        Selection { tx: Some(TxIndex(1)), incarnation: None, location: Some(LocationId(1)) }
    );
    world.take(Event::ToggleLocation(LocationId(1)));
    assert_eq!(world.session.selection.location, None);
    // Another document begins anew.
    world.take(Event::Open(Document::scenario(text("Mine"))));
    world.settle();
    assert_eq!(world.session.selection.tx, Some(TxIndex(2)));
    assert!(!world.link().contains("tx="), "{}", world.link());
    // The address says so at once.
    world.take(Event::SelectTx(TxIndex(1)));
    let source = Source::scenario(evm_lanes_core::scenario::builtin::ALL[0].text);
    world.take(Event::Open(Document { source, builtin: Some(evm_lanes_core::scenario::builtin::DEFAULT) }));
    assert!(!world.link().contains("tx=") && !world.link().contains("clock="), "{}", world.link());
}

#[test]
fn a_block_that_is_too_short_to_measure_can_be_repeated() {
    let mut world = World::ready("");
    world.run(&text("Short"));
    assert!(can_be_repeated(&Document::scenario(text("Short"))));
    world.take(Event::RepeatBlock);
    world.settle();
    let Some(ran) = world.ran.last() else { panic!("it runs at once") };
    let repeated = evm_lanes_core::scenario::parse(&ran.text).expect("a scenario");
    assert_eq!(repeated.transaction_count(), 100);
    world.take(Event::Undo);
    assert_eq!(world.session.document.text(), Some(&*text("Short")));
}

#[test]
fn a_difference_is_reported_by_the_smallest_scenario_and_its_link() {
    let mut world = World::ready("");
    world.differs = true;
    world.run(&text("Mine"));
    assert!(world.session.model.as_ref().is_some_and(|m| m.report.verdict.difference.is_some()));
    world.take(Event::ReportDifference);
    assert!(matches!(world.session.activity, Activity::Running { phase: Phase::Reducing, .. }));
    world.progress(Phase::Reducing, 12, 0);
    world.settle();
    assert_eq!((world.title(), world.session.dialog), ("Reduced", Some(Dialog::Share)));
    assert!(matches!(world.session.link(), Link::Fits(_)));
    world.take(Event::CloseDialog(Dialog::Help));
    assert_eq!(world.session.dialog, Some(Dialog::Share), "only an open dialog is closed");
    world.take(Event::CloseDialog(Dialog::Share));
    assert_eq!(world.session.dialog, None);
}

#[test]
fn a_curve_is_drawn_and_its_points_lead_to_their_runs() {
    let mut world = World::ready("");
    world.take(Event::DrawCurve);
    world.progress(Phase::Simulating, 5, 119);
    assert!(matches!(world.session.curve, CurveState::Running { done: 5, total: 119, .. }));
    assert!(!world.session.is_running(), "the run that is shown stays as it is");
    world.settle();
    let CurveState::Done { source, .. } = &world.session.curve else { panic!("{:?}", world.session.curve) };
    assert_eq!(*source, world.session.document.source);
    world.take(Event::ShowCurvePoint { strategy: StrategyId::BLOCK_ACCESS_LIST, lanes: 64 });
    world.settle();
    let ran = world.ran.last().expect("a run");
    assert_eq!((ran.strategy, ran.lanes), (StrategyId::BLOCK_ACCESS_LIST.into(), 64));
}

#[test]
fn a_curve_is_cancelled_by_hand_and_by_a_run() {
    let mut world = World::ready("");
    world.take(Event::DrawCurve);
    world.take(Event::CancelCurve);
    world.hear_cancel();
    assert_eq!(world.session.curve, CurveState::Failed("Cancelled.".to_owned()));
    world.take(Event::DrawCurve);
    world.take(Event::SetLanes(8));
    world.hear_cancel();
    assert_eq!(world.session.curve, CurveState::Failed("Cancelled.".to_owned()));
    world.settle();
    assert_eq!(world.session.model.as_ref().map(|m| m.report.lanes), Some(8));
}

#[test]
fn the_list_is_made_once_its_tab_is_open_and_nothing_runs() {
    let mut world = World::open("");
    world.take(Event::OpenTab(Tab::AccessList));
    assert_eq!(world.session.list, ListState::None);
    world.boot();
    world.settle();
    let ListState::Done { source, given: None, .. } = &world.session.list else {
        panic!("{:?}", world.session.list)
    };
    assert_eq!(Some(source), world.session.ran.as_ref());
    world.take(Event::ExportList(ListForm::Rlp));
    world.settle();
    assert_eq!(world.files, [("access-list.rlp".to_owned(), b"list".to_vec())]);
    // Another run has another list, but comes first.
    let mut world = World::ready("");
    world.take(Event::SetLanes(8));
    world.take(Event::OpenTab(Tab::AccessList));
    assert_eq!(world.session.list, ListState::None);
    world.settle();
    assert!(matches!(world.session.list, ListState::Done { .. }), "{:?}", world.session.list);
}

#[test]
fn a_list_from_a_file_is_compared_and_run_from() {
    let mut world = World::ready("");
    world.take(Event::OfferList { name: "a.json".to_owned(), bytes: b"12345".to_vec() });
    world.settle();
    assert_eq!(world.session.given.as_ref().map(|given| &*given.name), Some("a.json"));
    assert!(
        world.said.iter().any(|said| said.starts_with("a.json agrees with what was observed")),
        "{:?}",
        world.said
    );
    world.take(Event::SetStrategy(StrategyId::BLOCK_ACCESS_LIST.into()));
    world.settle();
    assert_eq!(world.ran.last().and_then(|ran| ran.list.clone()), Some(b"12345".to_vec()));
    let given = world.session.model.as_ref().and_then(|m| m.report.given_list.clone());
    assert_eq!(given, Some(hash_of(b"12345")));
    world.take(Event::DropList);
    world.settle();
    assert_eq!(world.ran.last().map(|ran| ran.list.clone()), Some(None), "it ran again without");
}

#[test]
fn a_list_that_cannot_be_read_changes_nothing() {
    let mut world = World::ready("");
    world.take(Event::OfferList { name: "empty.json".to_owned(), bytes: Vec::new() });
    world.settle();
    let notice = world.session.notice.clone().expect("a notice");
    assert!(
        notice.text.starts_with("empty.json: ") && notice.text.ends_with("Nothing was changed."),
        "{notice:?}"
    );
    assert_eq!(world.session.given, None);
    assert!(matches!(world.session.list, ListState::Done { given: None, .. }), "the block's own is there");
}

#[test]
fn a_list_without_a_block_says_what_to_do_first() {
    let mut world = World::open("");
    world.take(Event::OfferList { name: "a.json".to_owned(), bytes: vec![1] });
    assert!(world.session.notice.as_ref().is_some_and(|notice| notice.text.contains("Run one first")));
}

#[test]
fn keys_go_through_the_block_and_say_what_they_find() {
    let mut world = World::ready("");
    for (command, tx) in [
        (Command::NextTransaction, TxIndex(3)),
        (Command::NextTransaction, TxIndex(3)),
        (Command::PreviousTransaction, TxIndex(2)),
        (Command::Cause, TxIndex(0)),
        (Command::Effect, TxIndex(2)),
    ] {
        world.take(Event::Command(command));
        assert_eq!(world.session.selection.tx, Some(tx), "{command:?}");
        assert!(
            world.said.last().is_some_and(|said| said.contains(&format!("ransaction {tx}"))),
            "{:?}",
            world.said
        );
    }
    world.settle();
    // Its first attempt stands in the other lane, which has nothing before it.
    world.take(Event::SelectAttempt { tx: TxIndex(2), incarnation: Incarnation(0) });
    world.take(Event::Command(Command::PreviousAttempt));
    assert_eq!(world.said.last().map(String::as_str), Some("Nothing further in this lane."));
    world.take(Event::Command(Command::NextAttempt));
    assert_eq!(
        (world.session.selection.tx, world.session.selection.incarnation),
        (Some(TxIndex(1)), Some(Incarnation(0)))
    );
    world.take(Event::Command(Command::Cause));
    assert_eq!(world.said.last().map(String::as_str), Some("Nothing further that way."));
    world.take(Event::Command(Command::LongestChain));
    assert!(world.session.show_path);
    world.take(Event::Command(Command::Find));
    assert_eq!((world.session.tab, world.focus), (Tab::Transactions, Some("find")));
}

#[test]
fn keys_that_need_a_run_do_nothing_before_there_is_one() {
    let world = World::open("");
    for command in [Command::ZoomIn, Command::Find, Command::NextTransaction, Command::LongestChain] {
        assert!(!world.session.can(command), "{command:?}");
    }
    for command in [Command::Run, Command::Undo, Command::Redo, Command::Help] {
        assert!(world.session.can(command), "{command:?}");
    }
}

#[test]
fn the_lanes_show_what_is_zoomed_to_and_reveal_what_is_selected() {
    let mut world = World::ready("");
    let whole = world.session.visible();
    assert_eq!((whole.start, whole.end, world.session.viewport), (0.0, 300_000.0, None));
    world.take(Event::Command(Command::PanLeft));
    assert_eq!(world.said.last().map(String::as_str), Some("The whole run is in view. Zoom in to pan."));
    // About the selection: the second attempt of transaction 2, at 110,000 to 210,000.
    world.take(Event::Zoom(2.0));
    let near = world.session.visible();
    assert!(
        (near.span() - 150_000.0).abs() < 1e-6 && near.start < 110_000.0 && near.end > 210_000.0,
        "{near:?}"
    );
    world.take(Event::GoTo(TxIndex(3)));
    assert!(world.session.visible().end >= 280_000.0, "{:?}", world.session.visible());
    world.take(Event::Command(Command::Fit));
    assert!(world.session.visible().span() < 150_000.0);
    world.take(Event::ShowView(whole));
    assert_eq!(world.session.viewport, None, "all of it is not a view of its own");
    world.take(Event::Zoom(2.0));
    world.take(Event::SetStrategy(StrategyId::BLOCK_ACCESS_LIST.into()));
    world.settle();
    assert_eq!(world.session.viewport, None, "another run is shown as a whole");
}

#[test]
fn a_real_block_travels_as_its_file() {
    let mut world = World::ready("");
    let long: Arc<str> = "x".repeat(2 << 20).into();
    let source = Source::Case { name: "block.json".into(), text: long };
    world.take(Event::Open(Document { source, builtin: None }));
    world.settle();
    assert_eq!(world.session.settings.clock, Clock::Measured, "it is to run on real cores");
    assert_eq!(world.session.link(), Link::File("block.json".to_owned()));
    assert_eq!(world.link(), "", "the address promises nothing that it cannot keep: {BASE}");
    assert_eq!(world.draft, None);
}

#[test]
fn what_the_address_does_not_hold_is_named_before_the_page_is_loaded_again() {
    let mut world = World::ready("");
    assert_eq!(world.session.not_in_link(), None);
    world.edit(&text("Mine"));
    world.take(Event::Run);
    world.settle();
    assert_eq!(world.session.not_in_link(), None, "the scenario is in the address");
    world.take(Event::TogglePin);
    assert_eq!(world.session.not_in_link().as_deref(), Some("1 kept run"));
    let long: Arc<str> = "x".repeat(2 << 20).into();
    let source = Source::Case { name: "block.json".into(), text: long };
    world.take(Event::Open(Document { source, builtin: None }));
    world.settle();
    assert_eq!(world.session.not_in_link().as_deref(), Some("the block in block.json and 1 kept run"));
}

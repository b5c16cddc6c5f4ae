//! The engine's verbs, from a document to a report.

mod support;

use std::path::Path;

use evm_lanes_core::{
    cancel::CancelFlag,
    engine::Engine,
    messages::{Input, Phase, Reply, Report, Request},
    model::{Cost, Model},
    scenario::builtin,
    trace::{Clock, StrategyId, Trace},
};

/// An engine with `lanes` threads and the catalogue.
fn engine(lanes: u16) -> Engine {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/catalogue");
    let read = |name: &str| {
        std::fs::read_to_string(folder.join(name))
            .unwrap_or_else(|e| panic!("{name}: {e}; `cargo xtask catalogue` makes it"))
    };
    let mut engine = Engine::new(Some(lanes));
    engine.load_catalogue(&[&read("mit.json"), &read("gpl.json")]).expect("the catalogue can be read");
    engine
}

/// The closing reply to a request, and the phases on the way.
fn ask(engine: &mut Engine, request: Request) -> (Reply, Vec<Phase>) {
    let mut phases = Vec::new();
    let mut closing = None;
    engine.handle(request, &CancelFlag::new(), &mut |reply| match reply {
        Reply::Progress { phase, .. } => phases.push(phase),
        other => assert!(closing.replace(other).is_none(), "one closing reply"),
    });
    (closing.expect("a closing reply"), phases)
}

fn measured(id: u32, input: Input, strategy: StrategyId, lanes: u16) -> Request {
    Request::Run { id, input, strategy, lanes, clock: Clock::Measured, model: Model::default() }
}

fn run(engine: &mut Engine, input: Input, strategy: StrategyId, lanes: u16) -> Box<Report> {
    match ask(engine, measured(1, input, strategy, lanes)).0 {
        Reply::Ran { id: 1, report } => report,
        other => panic!("{other:?}"),
    }
}

fn check(report: &Report) {
    assert_eq!(report.verdict.difference, None, "{}", report.title);
    let trace = Trace::unpack(&report.trace).expect("the engine's trace can be unpacked");
    assert_eq!(trace.transactions as usize, report.transactions.len());
    assert!(trace.committed().iter().all(Option::is_some), "{}: every transaction commits", report.title);
    assert_eq!(trace.locations.len(), report.location_names.len());
    assert_eq!(report.timing.sequential.len(), report.timing.parallel.len());
}

#[test]
fn every_built_in_scenario_runs_and_is_equal_to_sequential() {
    let mut engine = engine(4);
    for scenario in builtin::ALL {
        for (strategy, lanes) in
            [(StrategyId::Sequential, 1), (StrategyId::BlockStm, 1), (StrategyId::BlockStm, 4)]
        {
            let report = run(&mut engine, Input::Scenario(scenario.text.to_owned()), strategy, lanes);
            check(&report);
            assert_eq!(report.lanes, lanes);
            assert!(report.verdict.state_root.is_some());
            let failed = report.transactions.iter().position(|t| !t.success);
            assert_eq!(failed, None, "{}: {:?}", scenario.name, failed.map(|i| &report.transactions[i]));
        }
    }
}

#[test]
fn simulated_lanes_need_no_threads_and_are_the_same_for_everyone() {
    let text = builtin::find(builtin::DEFAULT).expect("the default exists").text.to_owned();
    for cost in Cost::ALL {
        let reports = [1, 3].map(|threads| {
            let model = Model { cost, seed: 3 };
            let request = Request::Run {
                id: 1,
                input: Input::Scenario(text.clone()),
                strategy: StrategyId::BlockStm,
                lanes: 200,
                clock: Clock::Simulated,
                model,
            };
            let (Reply::Ran { report, .. }, phases) = ask(&mut engine(threads), request) else {
                panic!("a report")
            };
            check(&report);
            assert_eq!((report.clock, report.lanes, report.model), (Clock::Simulated, 200, model));
            assert!(phases.contains(&Phase::Simulating));
            let sum: u64 = report.transactions.iter().map(|tx| tx.sequential_time).sum();
            assert_eq!(report.timing.sequential, [sum]);
            report
        });
        if cost != Cost::Measured {
            assert_eq!(reports[0].trace_hash, reports[1].trace_hash, "{}", cost.name());
        }
    }
}

#[test]
fn a_curve_has_the_points_that_runs_have() {
    let text = builtin::find(builtin::DEFAULT).expect("the default exists").text.to_owned();
    let mut engine = engine(1);
    let (model, lanes) = (Model { cost: Cost::Gas, seed: 0 }, vec![1, 3, 300]);
    let strategies = StrategyId::ALL.to_vec();
    let request =
        |input| Request::Curve { id: 4, input, strategies: strategies.clone(), lanes: lanes.clone(), model };
    let (Reply::Curve { id: 4, curve }, phases) = ask(&mut engine, request(Input::Scenario(text))) else {
        panic!("a curve")
    };
    assert_eq!(curve.points.len(), strategies.len() * lanes.len());
    assert_eq!(curve.limits.len(), lanes.len());
    assert!(phases.contains(&Phase::Simulating));
    for point in &curve.points {
        let strategy = point.strategy;
        let (input, clock) = (Input::Same, Clock::Simulated);
        let request = Request::Run { id: 1, input, strategy, lanes: point.lanes, clock, model };
        let (Reply::Ran { report, .. }, _) = ask(&mut engine, request) else { panic!("a report") };
        assert_eq!(report.timing.parallel, [point.duration]);
        assert_eq!(report.timing.sequential, [curve.sequential]);
        assert_eq!(report.analysis.aborts, point.aborted);
        assert!((report.analysis.busy - point.utilisation).abs() < 1e-9);
        let saved = report.analysis.attribution.first().expect("the pool's reserves").saved;
        assert!(saved > 0 && saved < curve.sequential);
    }
    let cancel = CancelFlag::new();
    cancel.set();
    let mut replies = Vec::new();
    engine.handle(request(Input::Same), &cancel, &mut |reply| replies.push(reply));
    assert_eq!(replies.last(), Some(&Reply::Cancelled { id: 4 }));
}

#[test]
fn a_story_decodes_the_call_and_its_logs() {
    let mut engine = engine(2);
    let text = builtin::find(builtin::DEFAULT).expect("the default exists").text.to_owned();
    let report = run(&mut engine, Input::Scenario(text), StrategyId::BlockStm, 2);
    let swap = report.transactions.iter().position(|t| t.label == "swap").expect("there is a swap");
    let (Reply::Detail { detail, .. }, _) = ask(&mut engine, Request::Inspect { id: 2, tx: swap as u32 })
    else {
        panic!("a story")
    };
    let call = detail.call.expect("the router's ABI is known");
    assert_eq!(call.name, "swapExactTokensForTokens");
    assert!(detail.logs.iter().any(|log| log.name.as_deref() == Some("Swap")), "{:?}", detail.logs);
    assert!(
        report.location_names.iter().any(|l| l.name.contains("reserve")),
        "{:?}",
        report.location_names.iter().map(|l| &l.name).collect::<Vec<_>>()
    );
    let (reply, _) = ask(&mut engine, Request::Inspect { id: 3, tx: 1_000_000 });
    assert!(matches!(reply, Reply::Failed { id: 3, .. }));
}

#[test]
fn the_same_block_runs_again_with_other_lanes() {
    let mut engine = engine(3);
    let text = builtin::find(builtin::DEFAULT).expect("the default exists").text.to_owned();
    let first = run(&mut engine, Input::Scenario(text), StrategyId::BlockStm, 1);
    let second = run(&mut engine, Input::Same, StrategyId::BlockStm, 3);
    assert_eq!(second.lanes, 3);
    assert_eq!(first.verdict.state_root, second.verdict.state_root);
}

#[test]
fn an_engine_never_uses_more_lanes_than_it_has() {
    let mut engine = engine(2);
    let text = builtin::find(builtin::DEFAULT).expect("the default exists").text.to_owned();
    assert_eq!(run(&mut engine, Input::Scenario(text), StrategyId::BlockStm, 64).lanes, 2);
}

#[test]
fn a_set_cancel_flag_ends_the_run() {
    let mut engine = engine(2);
    let text = builtin::find(builtin::DEFAULT).expect("the default exists").text.to_owned();
    let cancel = CancelFlag::new();
    cancel.set();
    let mut replies = Vec::new();
    let request = measured(5, Input::Scenario(text), StrategyId::BlockStm, 2);
    engine.handle(request, &cancel, &mut |reply| replies.push(reply));
    assert_eq!(replies.last(), Some(&Reply::Cancelled { id: 5 }));
}

#[test]
fn a_mistake_is_answered_with_its_place() {
    let mut engine = engine(1);
    for text in ["", "{", "{\"format\": \"evm-lanes/9\"}", "[]"] {
        let request = measured(1, Input::Scenario(text.into()), StrategyId::BlockStm, 1);
        let (Reply::Failed { problems, .. }, _) = ask(&mut engine, request) else { panic!("{text} ran") };
        assert!(!problems.is_empty());
    }
    let request = measured(1, Input::Same, StrategyId::BlockStm, 1);
    assert!(matches!(ask(&mut engine, request).0, Reply::Failed { .. }), "nothing has run yet");
}

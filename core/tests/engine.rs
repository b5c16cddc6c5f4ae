//! The engine's verbs, from a document to a report.

mod support;

use std::path::Path;

use evm_lanes_core::{
    cancel::CancelFlag,
    engine::Engine,
    messages::{AccessList, Answer, Ask, Input, ListForm, ListMark, Phase, Reply, Report, Request},
    model::{Cost, CostModel},
    scenario::{StrategyChoice, builtin},
    strategies::StrategyId,
    trace::{Clock, Trace},
    units::{Ticks, TxIndex},
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
        Reply { body: Answer::Progress { phase, .. }, .. } => phases.push(phase),
        other => assert!(closing.replace(other).is_none(), "one closing reply"),
    });
    (closing.expect("a closing reply"), phases)
}

fn measured(id: u32, input: Input, strategy: impl Into<StrategyChoice>, lanes: u16) -> Request {
    let (strategy, clock, model) = (strategy.into(), Clock::Measured, CostModel::default());
    Request { id, body: Ask::Run { input, strategy, lanes, clock, model, list: None } }
}

fn run(engine: &mut Engine, input: Input, strategy: impl Into<StrategyChoice>, lanes: u16) -> Box<Report> {
    match ask(engine, measured(1, input, strategy, lanes)).0 {
        Reply { id: 1, body: Answer::Ran { report } } => report,
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
            [(StrategyId::SEQUENTIAL, 1), (StrategyId::BLOCK_STM, 1), (StrategyId::BLOCK_STM, 4)]
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

/// Asks for the smallest block that differs, of one that does not.
fn reduce(id: u32, clock: Clock) -> Request {
    Request {
        id,
        body: Ask::Reduce {
            scenario: builtin::ALL[0].text.to_owned(),
            strategy: StrategyId::BLOCK_STM.into(),
            lanes: 4,
            clock,
            model: CostModel::default(),
            list: None,
        },
    }
}

#[test]
fn a_block_that_does_not_differ_cannot_be_reduced() {
    let mut engine = engine(2);
    for clock in Clock::ALL {
        let (reply, phases) = ask(&mut engine, reduce(3, clock));
        let Reply { id: 3, body: Answer::Failed { problems } } = reply else { panic!("{reply:?}") };
        assert_eq!(
            problems[0].to_string(),
            "expected a run that differs again, found that all runs are equal now"
        );
        assert!(phases.contains(&Phase::Reducing));
    }
    // It can be cancelled; the engine keeps working.
    let cancel = CancelFlag::new();
    cancel.set();
    let mut closing = None;
    engine.handle(reduce(4, Clock::Simulated), &cancel, &mut |reply| closing = Some(reply));
    assert_eq!(closing, Some(Reply { id: 4, body: Answer::Cancelled }));
    check(&run(&mut engine, Input::Scenario(builtin::ALL[0].text.to_owned()), StrategyId::BLOCK_STM, 2));
}

/// A simulated run.
fn simulated(
    engine: &mut Engine,
    input: Input,
    strategy: impl Into<StrategyChoice>,
    lanes: u16,
) -> Box<Report> {
    let (strategy, clock, model) = (strategy.into(), Clock::Simulated, CostModel::default());
    match ask(engine, Request { id: 1, body: Ask::Run { input, strategy, lanes, clock, model, list: None } })
        .0
    {
        Reply { body: Answer::Ran { report }, .. } => report,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_automatic_run_equals_the_run_of_the_chosen_strategy() {
    let mut engine = engine(1);
    for scenario in builtin::ALL {
        let text = Input::Scenario(scenario.text.to_owned());
        let sequential = simulated(&mut engine, text, StrategyId::SEQUENTIAL, 4);
        let parallel = simulated(&mut engine, Input::Same, StrategyId::BLOCK_STM, 4);
        assert_eq!((sequential.chosen, parallel.chosen), (None, None));
        let report = simulated(&mut engine, Input::Same, StrategyChoice::Automatic, 4);
        check(&report);
        let chosen = report.chosen.expect("what it was chosen by");
        assert_eq!(
            (report.strategy, chosen.lanes, [chosen.total]),
            (chosen.strategy, 4, [sequential.timing.sequential_median])
        );
        let same = if report.strategy == StrategyId::SEQUENTIAL { &sequential } else { &parallel };
        assert_eq!((&report.trace_hash, report.lanes), (&same.trace_hash, same.lanes), "{}", scenario.name);
        // The chosen strategy is not much slower than the other.
        let time = |report: &Report| report.timing.parallel_median.0 as f64;
        let better = time(&parallel).min(time(&sequential));
        assert!(time(&report) <= 1.2 * better, "{}: {chosen:?}", scenario.name);
    }
}

#[test]
fn one_lane_runs_sequentially() {
    let text = builtin::find(builtin::DEFAULT).expect("the default exists").text.to_owned();
    let mut engine = engine(1);
    for report in [
        simulated(&mut engine, Input::Scenario(text), StrategyChoice::Automatic, 1),
        run(&mut engine, Input::Same, StrategyChoice::Automatic, 4),
    ] {
        check(&report);
        let chosen = report.chosen.expect("what it was chosen by");
        assert_eq!((report.strategy, chosen.lanes), (StrategyId::SEQUENTIAL, 1));
    }
}

#[test]
fn a_measured_choice_is_made_from_sequential_runs_before() {
    let mut engine = engine(2);
    let text = builtin::find("erc20-2000").expect("a built-in scenario").text.to_owned();
    let report = run(&mut engine, Input::Scenario(text), StrategyChoice::Automatic, 2);
    check(&report);
    let chosen = report.chosen.expect("what it was chosen by");
    assert_eq!((report.strategy, chosen.lanes), (chosen.strategy, 2));
    // 2,000 transfers, hardly any of which depend on another. The time of the chain is judged on simulated lanes only: on
    // a busy machine a transaction may lose its core in most of few rounds.
    assert!(chosen.total > Ticks(0) && chosen.chain <= chosen.total && chosen.links < 200, "{chosen:?}");
    assert!(chosen.start > Ticks(0) && chosen.keeping > Ticks(0), "{chosen:?}");
    let report = simulated(&mut engine, Input::Same, StrategyChoice::Automatic, 2);
    let chosen = report.chosen.expect("what it was chosen by");
    assert!(chosen.chain.0 > 0 && chosen.chain.0 < chosen.total.0 / 10, "{chosen:?}");
}

#[test]
fn simulated_lanes_need_no_threads_and_are_the_same_for_everyone() {
    let text = builtin::find(builtin::DEFAULT).expect("the default exists").text.to_owned();
    for cost in Cost::ALL {
        let reports = [1, 3].map(|threads| {
            let model = CostModel { cost, seed: 3 };
            let request = Request {
                id: 1,
                body: Ask::Run {
                    input: Input::Scenario(text.clone()),
                    strategy: StrategyId::BLOCK_STM.into(),
                    lanes: 200,
                    clock: Clock::Simulated,
                    model,
                    list: None,
                },
            };
            let (Reply { body: Answer::Ran { report }, .. }, phases) = ask(&mut engine(threads), request)
            else {
                panic!("a report")
            };
            check(&report);
            assert_eq!((report.clock, report.lanes, report.model), (Clock::Simulated, 200, model));
            assert!(phases.contains(&Phase::Simulating));
            let sum: Ticks = report.transactions.iter().map(|tx| tx.sequential_time).sum();
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
    let (model, lanes) = (CostModel { cost: Cost::Gas, seed: 0 }, vec![1, 3, 300]);
    let strategies = StrategyId::ALL.to_vec();
    let request = |input| Request {
        id: 4,
        body: Ask::Curve { input, strategies: strategies.clone(), lanes: lanes.clone(), model, list: None },
    };
    let (Reply { id: 4, body: Answer::Curve { curve } }, phases) =
        ask(&mut engine, request(Input::Scenario(text)))
    else {
        panic!("a curve")
    };
    assert_eq!(curve.points.len(), strategies.len() * lanes.len());
    assert_eq!(curve.limits.len(), lanes.len());
    assert!(phases.contains(&Phase::Simulating));
    for point in &curve.points {
        let strategy = point.strategy.into();
        let (input, clock) = (Input::Same, Clock::Simulated);
        let request = Request {
            id: 1,
            body: Ask::Run { input, strategy, lanes: point.lanes, clock, model, list: None },
        };
        let (Reply { body: Answer::Ran { report }, .. }, _) = ask(&mut engine, request) else {
            panic!("a report")
        };
        assert_eq!(report.timing.parallel, [point.duration]);
        assert_eq!(report.timing.sequential, [curve.sequential]);
        assert_eq!(report.analysis.aborts, point.aborted);
        assert!((report.analysis.busy - point.utilisation).abs() < 1e-9);
        let saved = report.analysis.attribution.first().expect("the pool's reserves").saved;
        assert!(saved > Ticks(0) && saved < curve.sequential);
    }
    let cancel = CancelFlag::new();
    cancel.set();
    let mut replies = Vec::new();
    engine.handle(request(Input::Same), &cancel, &mut |reply| replies.push(reply));
    assert_eq!(replies.last(), Some(&Reply { id: 4, body: Answer::Cancelled }));
}

#[test]
fn a_story_decodes_the_call_and_its_logs() {
    let mut engine = engine(2);
    let text = builtin::find(builtin::DEFAULT).expect("the default exists").text.to_owned();
    let report = run(&mut engine, Input::Scenario(text), StrategyId::BLOCK_STM, 2);
    let swap = report.transactions.iter().position(|t| t.label == "swap").expect("there is a swap");
    let (Reply { body: Answer::Detail { detail }, .. }, _) =
        ask(&mut engine, Request { id: 2, body: Ask::Inspect { run: 1, tx: TxIndex(swap as u32) } })
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
    let (reply, _) =
        ask(&mut engine, Request { id: 3, body: Ask::Inspect { run: 1, tx: TxIndex(1_000_000) } });
    assert!(matches!(reply, Reply { id: 3, body: Answer::Failed { .. } }));
}

#[test]
fn the_same_block_runs_again_with_other_lanes() {
    let mut engine = engine(3);
    let text = builtin::find(builtin::DEFAULT).expect("the default exists").text.to_owned();
    let first = run(&mut engine, Input::Scenario(text), StrategyId::BLOCK_STM, 1);
    let second = run(&mut engine, Input::Same, StrategyId::BLOCK_STM, 3);
    assert_eq!(second.lanes, 3);
    assert_eq!(first.verdict.state_root, second.verdict.state_root);
}

#[test]
fn an_engine_never_uses_more_lanes_than_it_has() {
    let mut engine = engine(2);
    let text = builtin::find(builtin::DEFAULT).expect("the default exists").text.to_owned();
    assert_eq!(run(&mut engine, Input::Scenario(text), StrategyId::BLOCK_STM, 64).lanes, 2);
}

#[test]
fn a_set_cancel_flag_ends_the_run() {
    let mut engine = engine(2);
    let text = builtin::find(builtin::DEFAULT).expect("the default exists").text.to_owned();
    let cancel = CancelFlag::new();
    cancel.set();
    let mut replies = Vec::new();
    let request = measured(5, Input::Scenario(text), StrategyId::BLOCK_STM, 2);
    engine.handle(request, &cancel, &mut |reply| replies.push(reply));
    assert_eq!(replies.last(), Some(&Reply { id: 5, body: Answer::Cancelled }));
}

#[test]
fn a_mistake_is_reported_with_its_place() {
    let mut engine = engine(1);
    for text in ["", "{", "{\"format\": \"evm-lanes/9\"}", "[]"] {
        let request = measured(1, Input::Scenario(text.into()), StrategyId::BLOCK_STM, 1);
        let (Reply { body: Answer::Failed { problems }, .. }, _) = ask(&mut engine, request) else {
            panic!("{text} ran")
        };
        assert!(!problems.is_empty());
    }
    let request = measured(1, Input::Same, StrategyId::BLOCK_STM, 1);
    assert!(
        matches!(ask(&mut engine, request).0, Reply { body: Answer::Failed { .. }, .. }),
        "nothing has run yet"
    );
}

fn listed(engine: &mut Engine, input: Input, list: Option<&[u8]>) -> Box<AccessList> {
    let request = Request { id: 7, body: Ask::AccessList { input, list: list.map(<[u8]>::to_vec) } };
    match ask(engine, request).0 {
        Reply { id: 7, body: Answer::AccessList { list } } => list,
        other => panic!("{other:?}"),
    }
}

fn exported(engine: &mut Engine, form: ListForm) -> Vec<u8> {
    match ask(engine, Request { id: 8, body: Ask::ExportList { input: Input::Same, form } }).0 {
        Reply { id: 8, body: Answer::Exported { bytes } } => bytes,
        other => panic!("{other:?}"),
    }
}

/// A simulated run from a list.
fn run_from(engine: &mut Engine, list: Option<&[u8]>) -> Box<Report> {
    let request = Request {
        id: 1,
        body: Ask::Run {
            input: Input::Same,
            strategy: StrategyId::BLOCK_ACCESS_LIST.into(),
            lanes: 64,
            clock: Clock::Simulated,
            model: CostModel::default(),
            list: list.map(<[u8]>::to_vec),
        },
    };
    match ask(engine, request).0 {
        Reply { body: Answer::Ran { report }, .. } => report,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_list_that_was_exported_has_no_differences_when_it_comes_back() {
    let mut engine = engine(1);
    for scenario in builtin::ALL {
        let list = listed(&mut engine, Input::Scenario(scenario.text.to_owned()), None);
        assert_eq!(list.given, None);
        assert_eq!(list.rows.iter().filter(|row| row.location.is_none()).count(), list.accounts.len());
        assert_eq!(list.rows.len() as u32, list.figures.entries + list.figures.accounts, "{}", scenario.name);
        let own = run_from(&mut engine, None);
        assert_eq!(own.given_list, None);
        for form in [ListForm::Json, ListForm::Rlp] {
            let bytes = exported(&mut engine, form);
            let back = listed(&mut engine, Input::Same, Some(&bytes));
            let given = back.given.expect("one was given");
            assert_eq!((given.missing, given.extra, given.different, given.outside), (0, 0, 0, 0));
            assert_eq!((&given.figures, &given.disorder), (&list.figures, &None), "{}", scenario.name);
            assert_eq!(back.rows, list.rows);
            let run = run_from(&mut engine, Some(&bytes));
            assert_eq!(run.given_list.as_ref(), Some(&list.figures.hash));
            assert_eq!(run.trace_hash, own.trace_hash);
        }
    }
}

#[test]
fn a_changed_value_is_one_difference_and_does_not_change_the_result() {
    let mut engine = engine(1);
    let text = builtin::find(builtin::DEFAULT).expect("the default exists").text;
    let list = listed(&mut engine, Input::Scenario(text.to_owned()), None);
    let json = String::from_utf8(exported(&mut engine, ListForm::Json)).expect("JSON is text");
    // A slot that several transactions change: the list gives the first of them another value.
    let slot = list.rows.windows(2).position(|pair| {
        pair[0].location == pair[1].location
            && pair[0].location.is_some_and(|at| list.locations[at as usize].slot.is_some())
    });
    let slot = slot.expect("a pool's reserves change often");
    let name = &list.locations[list.rows[slot].location.expect("a slot") as usize];
    let key = name.slot.as_deref().expect("a slot").trim_start_matches("0x").trim_start_matches('0');
    let account = json.find(&list.accounts[list.rows[slot].account as usize].address.to_lowercase());
    let at = account.map(|at| at + json[at..].find(&format!("\"0x{key}\"")).expect("the slot's key"));
    let at = at.expect("the account is in its file");
    let value = at + json[at..].find("\"value\": \"").expect("a change") + "\"value\": \"".len();
    let end = value + json[value..].find('"').expect("the value's end");
    let changed = format!("{}0x5{}", &json[..value], &json[end..]);

    let compared = listed(&mut engine, Input::Same, Some(changed.as_bytes()));
    let differences: Vec<_> = compared.rows.iter().filter(|row| row.mark != ListMark::Same).collect();
    let [difference] = differences[..] else { panic!("{differences:?}") };
    assert_eq!(difference.mark, ListMark::Different("5".into()));
    assert_eq!((difference.tx, &difference.value), (list.rows[slot].tx, &list.rows[slot].value));

    let (right, wrong) = (run_from(&mut engine, None), run_from(&mut engine, Some(changed.as_bytes())));
    check(&wrong);
    assert_eq!((right.analysis.aborts, right.given_list), (0, None));
    assert!(wrong.analysis.aborts > 0, "attempts that read the wrong value are aborted");
    assert_eq!(right.verdict.state_root, wrong.verdict.state_root);
    // The next run does not use it.
    assert_eq!(run_from(&mut engine, None).trace_hash, right.trace_hash);
}

#[test]
fn bytes_that_are_no_list_are_reported_with_their_place_and_change_nothing() {
    let mut engine = engine(1);
    let text = builtin::find(builtin::DEFAULT).expect("the default exists").text;
    listed(&mut engine, Input::Scenario(text.to_owned()), None);
    let cases: [(&[u8], &str); 5] = [
        (b"hello", "list"),
        (b"[{\"address\": \"0x12\"}]", "list[0].address"),
        (&[0xc2, 0xc1, 0x80], "list[0]"),
        (&[0xff; 40], "list"),
        (&[0], "list"),
    ];
    for (bytes, place) in cases {
        let request =
            Request { id: 7, body: Ask::AccessList { input: Input::Same, list: Some(bytes.to_vec()) } };
        let (Reply { id: 7, body: Answer::Failed { problems } }, _) = ask(&mut engine, request) else {
            panic!("{bytes:?}")
        };
        assert_eq!(problems[0].path, place, "{problems:?}");
    }
    assert_eq!(listed(&mut engine, Input::Same, None).given, None);
    check(&run_from(&mut engine, None));
}

#[test]
fn a_run_can_be_inspected_after_another_block_was_prepared() {
    let mut engine = engine(1);
    let text = |name| builtin::find(name).expect("it exists").text.to_owned();
    run(&mut engine, Input::Scenario(text(builtin::DEFAULT)), StrategyId::BLOCK_STM, 1);
    let story = |engine: &mut Engine, run| {
        ask(engine, Request { id: 2, body: Ask::Inspect { run, tx: TxIndex(3) } }).0
    };
    let before = story(&mut engine, 1);
    listed(&mut engine, Input::Scenario(text("payments")), None);
    let Reply { body: Answer::Detail { detail }, .. } = &before else { panic!("{before:?}") };
    assert!(detail.call.is_some());
    assert_eq!(story(&mut engine, 1), before);
    assert!(
        matches!(story(&mut engine, 9), Reply { body: Answer::Failed { .. }, .. }),
        "that run is not the latest"
    );
}

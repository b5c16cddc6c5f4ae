//! Small runs for the tests of this room, made by hand.

use alloy_primitives::{Address, U256};
use evm_lanes_core::analysis::{Analysis, Attribution, Edge, HotLocation, Limits};
use evm_lanes_core::messages::{EngineInfo, LocationName, Report, Timing, TxSummary, Verdict};
use evm_lanes_core::model::CostModel;
use evm_lanes_core::strategies::StrategyId;
use evm_lanes_core::trace::{Attempt, Cause, Clock, Location, Outcome, Read, Span, SpanKind, Trace, Write};
use evm_lanes_core::units::{Incarnation, LaneId, LocationId, Ticks, TxIndex, Version};

use super::model::RunModel;

/// The version of a transaction's attempt.
pub fn version(tx: u32, incarnation: u32) -> Version {
    Version { tx: TxIndex(tx), incarnation: Incarnation(incarnation) }
}

/// A trace with room for more.
pub fn empty_trace(lanes: u16, transactions: u32, duration: u64) -> Trace {
    Trace {
        strategy: StrategyId::BLOCK_STM,
        clock: Clock::Measured,
        lanes,
        transactions,
        duration: Ticks(duration),
        attempts: Vec::new(),
        spans: Vec::new(),
        reads: Vec::new(),
        writes: Vec::new(),
        locations: Vec::new(),
    }
}

/// An attempt without reads and writes.
pub fn attempt(tx: u32, incarnation: u32, lane: u16, start: u64, end: u64, outcome: Outcome) -> Attempt {
    Attempt {
        version: version(tx, incarnation),
        lane: LaneId(lane),
        start: Ticks(start),
        end: Ticks(end),
        outcome,
        gas: 50_000,
        reads: 0..0,
        writes: 0..0,
        cause: None,
    }
}

/// A run on two lanes of which the second got no core: it was to take its first turn at the start, and took it at the
/// end.
pub fn without_a_core() -> RunModel {
    const EACH: u64 = 100_000;
    let mut trace = empty_trace(2, 100, 100 * EACH);
    trace.attempts = (0..100u32)
        .map(|tx| {
            let start = u64::from(tx) * EACH;
            attempt(tx, 0, 0, start, start + EACH, Outcome::Committed)
        })
        .collect();
    trace.spans =
        vec![Span { lane: LaneId(1), start: Ticks(0), end: Ticks(100 * EACH), kind: SpanKind::Scheduling }];
    let limits = Limits { path: 100.0, path_gas: 100.0, work: 2.0 };
    let analysis = Analysis { waves: vec![0; 100], critical_path: vec![0], limits, ..Analysis::default() };
    model(report(&trace, &["pay"], analysis, 100 * EACH, 100 * EACH))
}

/// A report around a trace.
pub fn report(trace: &Trace, labels: &[&str], analysis: Analysis, sequential: u64, parallel: u64) -> Report {
    let transactions = (0..trace.transactions as usize)
        .map(|i| TxSummary {
            label: labels[i % labels.len()].to_owned(),
            from: format!("trader[{i}]"),
            to: Some("Pair".to_owned()),
            call: Some("swap".to_owned()),
            status: "success".to_owned(),
            success: true,
            gas: 50_000,
            sequential_time: 100_000,
        })
        .collect();
    Report {
        title: "A pool".to_owned(),
        engine: EngineInfo { threads: true, max_lanes: 8 },
        strategy: trace.strategy,
        chosen: None,
        lanes: trace.lanes,
        clock: trace.clock,
        model: CostModel::default(),
        given_list: None,
        timing: Timing {
            warm_ups: 2,
            sequential: vec![sequential; 5],
            parallel: vec![parallel; 5],
            sequential_median: sequential,
            parallel_median: parallel,
            preparing: 1_000_000,
            by_gas: false,
        },
        trace: trace.pack(),
        trace_hash: "0xabc".to_owned(),
        analysis,
        location_names: trace
            .locations
            .iter()
            .enumerate()
            .map(|(i, _)| LocationName {
                name: ["Pair.reserves", "USD.balances[bob]"]
                    .get(i)
                    .map_or_else(|| format!("slot {i}"), |s| (*s).to_owned()),
                named: true,
            })
            .collect(),
        declared: None,
        transactions,
        verdict: Verdict {
            difference: None,
            receipts: trace.transactions,
            accounts: 9,
            state_root: Some("0x8f3a00000000000000000000000000000000c21d".to_owned()),
            receipts_root: "0x01".to_owned(),
            gas_used: 200_000,
        },
        header: None,
        contracts: Vec::new(),
    }
}

/// Four transactions on two lanes; 2 read the reserves too early and ran twice because of 0.
///
/// ```text
/// lane 1   0 ██████  v  2² ██████
/// lane 2   2 ▨▨▨▨  1 ████  3 ████
/// ```
pub fn pool() -> RunModel {
    model(pool_report())
}

/// The report that [`pool`] is made of.
pub fn pool_report() -> Report {
    let mut trace = empty_trace(2, 4, 300_000);
    trace.locations = vec![Location::Storage(Address::ZERO, U256::from(8)), Location::Balance(Address::ZERO)];
    trace.reads = vec![
        Read { location: LocationId(0), from: None, is_sum: false },
        Read { location: LocationId(0), from: Some(version(0, 0)), is_sum: false },
    ];
    trace.writes = vec![
        Write { location: LocationId(0), increment: false },
        Write { location: LocationId(0), increment: false },
    ];
    let mut first = attempt(0, 0, 0, 0, 100_000, Outcome::Committed);
    first.writes = 0..1;
    let mut spoiled = attempt(2, 0, 1, 0, 80_000, Outcome::Aborted);
    spoiled.reads = 0..1;
    spoiled.cause = Some(Cause { location: LocationId(0), writer: version(0, 0) });
    let mut again = attempt(2, 1, 0, 110_000, 210_000, Outcome::Committed);
    again.reads = 1..2;
    again.writes = 1..2;
    // The packed form keeps reads and writes in the order of the attempts.
    trace.attempts = vec![
        first,
        spoiled,
        attempt(1, 0, 1, 80_000, 180_000, Outcome::Committed),
        again,
        attempt(3, 0, 1, 180_000, 280_000, Outcome::Committed),
    ];
    trace.spans = vec![
        Span {
            lane: LaneId(0),
            start: Ticks(100_000),
            end: Ticks(110_000),
            kind: SpanKind::Validating { version: version(2, 0), valid: false },
        },
        Span { lane: LaneId(0), start: Ticks(210_000), end: Ticks(300_000), kind: SpanKind::Idle },
        Span { lane: LaneId(1), start: Ticks(280_000), end: Ticks(300_000), kind: SpanKind::Waiting },
    ];
    let analysis = Analysis {
        attribution: vec![Attribution { locations: vec![0], edges: 1, path: 100_000, saved: 100_000 }],
        edges: vec![Edge { writer: 0, reader: 2, locations: vec![0] }],
        waves: vec![0, 0, 1, 0],
        critical_path: vec![0, 2],
        hot: vec![HotLocation { location: 0, edges: 1, readers: 1, writers: 2, aborts: 1 }],
        limits: Limits { path: 2.0, path_gas: 2.0, work: 1.8 },
        aborts: 1,
        rerun: 1,
        wasted: 0.17,
        busy: 0.66,
    };
    report(&trace, &["swap", "pay", "swap", "pay"], analysis, 400_000, 300_000)
}

/// One payment on one lane that took one step of the clock in the trace, with these medians.
pub fn payment(step: u64, sequential: u64, parallel: u64) -> RunModel {
    let mut trace = empty_trace(1, 1, step);
    trace.attempts.push(attempt(0, 0, 0, 0, step, Outcome::Committed));
    let limits = Limits { path: 1.0, path_gas: 1.0, work: 1.0 };
    let analysis = Analysis { waves: vec![0], limits, ..Analysis::default() };
    model(report(&trace, &["pay"], analysis, sequential, parallel))
}

/// A block without transactions.
pub fn nothing() -> RunModel {
    model(report(&empty_trace(2, 0, 0), &["pay"], Analysis::default(), 0, 0))
}

/// A run of independent transactions, one per label.
pub fn with_labels(labels: &[&str]) -> RunModel {
    many(labels.len() as u32, 2, labels)
}

/// `transactions` independent ones, dealt to the lanes in turn, 90 ticks each with 10 between.
pub fn many(transactions: u32, lanes: u16, labels: &[&str]) -> RunModel {
    let rounds = transactions.div_ceil(u32::from(lanes));
    let mut trace = empty_trace(lanes, transactions, u64::from(rounds) * 100);
    for tx in 0..transactions {
        let start = u64::from(tx / u32::from(lanes)) * 100;
        let lane = (tx % u32::from(lanes)) as u16;
        trace.attempts.push(attempt(tx, 0, lane, start, start + 90, Outcome::Committed));
    }
    let analysis = Analysis {
        waves: vec![0; transactions as usize],
        limits: Limits { path: f64::from(transactions), path_gas: 1.0, work: f64::from(lanes) },
        ..Analysis::default()
    };
    model(report(&trace, labels, analysis, 400_000, 300_000))
}

/// Every second transaction hands one location on to the next such one and to the one behind it.
pub fn through_one_slot(transactions: u32) -> RunModel {
    let mut trace = empty_trace(2, transactions, u64::from(transactions) * 100);
    trace.locations = vec![Location::Storage(Address::ZERO, U256::from(8))];
    let mut edges = Vec::new();
    for tx in 0..transactions {
        let start = u64::from(tx) * 100;
        trace.attempts.push(attempt(tx, 0, (tx % 2) as u16, start, start + 90, Outcome::Committed));
        for reader in (tx + 1..transactions.min(tx + 3)).filter(|_| tx % 2 == 0) {
            edges.push(Edge { writer: tx, reader, locations: vec![0] });
        }
    }
    let analysis = Analysis {
        waves: (0..transactions).map(|tx| tx.div_ceil(2)).collect(),
        critical_path: (0..transactions).step_by(2).collect(),
        hot: vec![HotLocation {
            location: 0,
            edges: edges.len() as u32,
            readers: transactions,
            writers: transactions.div_ceil(2),
            aborts: 0,
        }],
        limits: Limits { path: 2.0, path_gas: 2.0, work: 2.0 },
        edges,
        ..Analysis::default()
    };
    model(report(&trace, &["swap"], analysis, 400_000, 300_000))
}

fn model(report: Report) -> RunModel {
    RunModel::new(report).unwrap_or_else(|e| panic!("the sample's trace unpacks: {e}"))
}

use alloy_primitives::{Address, U256};

use super::*;
use crate::model::Cost;
use crate::strategies::StrategyId;
use crate::trace::{Attempt, Cause, Clock, Location, Read, Write};
use crate::units::{Incarnation, LaneId, LocationId, Ticks, TxIndex, Version};

/// One transaction: (reads as (location, writer), writes, gas).
pub(super) type Tx<'a> = (&'a [(u32, Option<u32>)], &'a [u32], u64);

#[test]
fn locations_on_the_critical_path_are_listed_by_the_time_they_cost() {
    // 0, 1 and 2 conflict at location 3; 2 and 3 at 4 and 5, so that the removal of one of these would not help.
    let trace = sequential(&[
        (&[], &[3], 100),
        (&[(3, Some(0))], &[3], 100),
        (&[(3, Some(1))], &[4, 5], 100),
        (&[(4, Some(2)), (5, Some(2))], &[], 50),
        (&[], &[], 120),
    ]);
    let weights: Vec<u64> = trace.attempts.iter().map(|a| a.gas).collect();
    let analysis = analyse(&trace, &trace, &weights);
    assert_eq!(analysis.critical_path, [0, 1, 2, 3]);
    let pair = Attribution { locations: vec![3], edges: 2, path: 150, saved: 200 };
    let both = Attribution { locations: vec![4, 5], edges: 1, path: 300, saved: 50 };
    assert_eq!(analysis.attribution, [pair, both]);
}

pub(super) fn version(tx: u32) -> Version {
    Version { tx: TxIndex(tx), incarnation: Incarnation(0) }
}

/// A sequential trace in which each transaction takes as many ticks as its gas.
pub(super) fn sequential(txs: &[Tx]) -> Trace {
    let mut trace = Trace {
        strategy: StrategyId::SEQUENTIAL,
        clock: Clock::Measured,
        lanes: 1,
        transactions: txs.len() as u32,
        duration: Ticks(txs.iter().map(|t| t.2).sum()),
        attempts: vec![],
        spans: vec![],
        reads: vec![],
        writes: vec![],
        locations: (0..10).map(|i| Location::Storage(Address::ZERO, U256::from(i))).collect(),
    };
    let mut now = 0;
    for (i, (reads, writes, gas)) in txs.iter().enumerate() {
        let (r, w) = (trace.reads.len() as u32, trace.writes.len() as u32);
        let read = |(l, from): &(u32, Option<u32>)| Read {
            location: LocationId(*l),
            from: from.map(version),
            is_sum: false,
        };
        trace.reads.extend(reads.iter().map(read));
        trace.writes.extend(writes.iter().map(|l| Write { location: LocationId(*l), increment: false }));
        trace.attempts.push(Attempt {
            version: version(i as u32),
            lane: LaneId(0),
            start: Ticks(now),
            end: Ticks(now + gas),
            outcome: Outcome::Committed,
            gas: *gas,
            reads: r..trace.reads.len() as u32,
            writes: w..trace.writes.len() as u32,
            cause: None,
        });
        now += gas;
    }
    trace
}

fn times(trace: &Trace) -> Vec<u64> {
    trace.attempts.iter().map(|a| a.gas).collect()
}

/// 0 → 1 → 3 through location 1, 2 alone.
fn diamond() -> Trace {
    sequential(&[
        (&[(1, None)], &[1], 10),
        (&[(1, Some(0))], &[1], 20),
        (&[(2, None)], &[2], 25),
        (&[(1, Some(1)), (2, Some(2))], &[1], 5),
    ])
}

#[test]
fn an_edge_names_every_location_it_goes_through() {
    let trace = sequential(&[(&[], &[4, 3], 1), (&[(4, Some(0)), (3, Some(0)), (3, Some(0))], &[], 1)]);
    let analysis = analyse(&trace, &trace, &[1, 1]);
    assert_eq!(analysis.edges, [Edge { writer: 0, reader: 1, locations: vec![3, 4] }]);
}

#[test]
fn a_wave_is_one_after_the_latest_wave_it_depends_on() {
    let trace = diamond();
    assert_eq!(analyse(&trace, &trace, &times(&trace)).waves, [0, 1, 0, 2]);
}

#[test]
fn the_critical_path_is_the_heaviest_chain() {
    let trace = diamond();
    let analysis = analyse(&trace, &trace, &times(&trace));
    assert_eq!(analysis.critical_path, [0, 1, 3]);
    assert_eq!(analysis.limits.path, 60.0 / 35.0);
    // With other weights another chain wins.
    assert_eq!(analyse(&trace, &trace, &[1, 1, 9, 1]).critical_path, [2, 3]);
}

#[test]
fn the_work_limit_knows_lanes_and_the_longest_transaction() {
    let mut run = diamond();
    run.lanes = 2;
    let sequential = diamond();
    assert_eq!(analyse(&run, &sequential, &times(&sequential)).limits.work, 2.0);
    run.lanes = 60;
    assert_eq!(analyse(&run, &sequential, &times(&sequential)).limits.work, 60.0 / 25.0);
}

#[test]
fn hot_locations_count_edges_readers_writers_and_aborts() {
    let sequential = diamond();
    let mut run = diamond();
    run.attempts.push(Attempt {
        outcome: Outcome::Aborted,
        cause: Some(Cause { location: LocationId(2), writer: version(2) }),
        start: Ticks(60),
        end: Ticks(80),
        ..run.attempts[3].clone()
    });
    let analysis = analyse(&run, &sequential, &times(&sequential));
    let first = HotLocation { location: 1, edges: 2, readers: 3, writers: 3, aborts: 0 };
    let second = HotLocation { location: 2, edges: 1, readers: 2, writers: 1, aborts: 1 };
    assert_eq!(analysis.hot, [first, second]);
    assert_eq!((analysis.aborts, analysis.rerun), (1, 1));
    assert_eq!(analysis.wasted, 20.0 / 80.0);
}

#[test]
fn an_empty_block_has_no_chain_and_no_bound() {
    let trace = sequential(&[]);
    let analysis = analyse(&trace, &trace, &[]);
    assert!(analysis.critical_path.is_empty());
    assert_eq!(analysis.limits, Limits { path: 1.0, path_gas: 1.0, work: 1.0 });
}

#[test]
fn aligned_traces_share_location_ids() {
    let mut run = diamond();
    run.locations.reverse();
    run.locations.truncate(9);
    let mut sequential = diamond();
    align_locations(&mut run, &mut sequential);
    assert_eq!(run.locations, sequential.locations);
    assert_eq!(run.locations.len(), 10);
    let read = sequential.reads[1];
    assert_eq!(sequential.locations[read.location.index()], Location::Storage(Address::ZERO, U256::from(1)));
}

#[test]
fn a_parallel_run_is_chosen_where_it_can_pay() {
    const MS: u64 = 1_000_000;
    let free: Vec<Tx> = vec![(&[], &[], MS); 10];
    assert_eq!(choose(&sequential(&free), 2), StrategyId::BLOCK_STM);
    assert_eq!(choose(&sequential(&free), 1), StrategyId::SEQUENTIAL);
    let mut chain: Vec<Tx> = vec![(&[(1, None)], &[1], MS)];
    let links: Vec<[(u32, Option<u32>); 1]> = (0..9).map(|i| [(1, Some(i))]).collect();
    chain.extend(links.iter().map(|link| -> Tx { (link, &[1], MS) }));
    assert_eq!(choose(&sequential(&chain), 8), StrategyId::SEQUENTIAL);
    let over_at_once: Vec<Tx> = vec![(&[], &[], 1_000); 10];
    assert_eq!(choose(&sequential(&over_at_once), 2), StrategyId::SEQUENTIAL);
    assert_eq!(choose(&sequential(&[]), 2), StrategyId::SEQUENTIAL);
}

#[test]
fn a_choice_carries_the_figures_it_was_made_by() {
    const MS: u64 = 1_000_000;
    let block: Vec<Tx> =
        vec![(&[], &[1], MS), (&[(1, Some(0))], &[], 2 * MS), (&[], &[], 3 * MS), (&[], &[], 4 * MS)];
    let sequential = sequential(&block);
    let chosen = weigh(&sequential, &times(&sequential), 2, Keeping::Threads);
    assert_eq!((chosen.strategy, chosen.lanes, chosen.total), (StrategyId::BLOCK_STM, 2, 10 * MS));
    // The longest single transaction is the longest chain.
    assert_eq!((chosen.chain, chosen.links, chosen.chain_decides()), (4 * MS, 1, false));
    assert!((1.9..2.0).contains(&chosen.gain()), "{chosen:?}");
    let chosen = weigh(&sequential, &times(&sequential), 8, Keeping::Threads);
    assert!(chosen.chain_decides() && (2.4..2.5).contains(&chosen.gain()), "{chosen:?}");
    // Other times, another chain.
    let chosen = weigh(&sequential, &[5 * MS, 5 * MS], 8, Keeping::Threads);
    assert_eq!((chosen.strategy, chosen.total, chosen.links), (StrategyId::SEQUENTIAL, 10 * MS, 2));
}

#[test]
fn simulated_lanes_cost_what_their_model_says() {
    // Two transactions of 1,500 ticks: a lane each, with two turns of 500 and a validation of 500, is as long as one
    // after the other; two of 100,000 are nearly twice as fast.
    for (time, strategy) in [(1_500, StrategyId::SEQUENTIAL), (100_000, StrategyId::BLOCK_STM)] {
        let sequential = sequential(&[(&[], &[], time), (&[], &[], time)]);
        let chosen = weigh(&sequential, &times(&sequential), 2, Keeping::Model(Cost::Gas));
        assert_eq!((chosen.strategy, chosen.start, chosen.keeping), (strategy, 0, 3_000), "{time}");
    }
}

#[test]
fn long_transactions_and_those_they_wait_for_come_first() {
    let mut block: Vec<Tx> = vec![(&[], &[], 1); 20];
    assert_eq!(long_first(&sequential(&block), 2), []);
    block[3].1 = &[1];
    block[15] = (&[(1, Some(3))], &[], 100);
    assert_eq!(long_first(&sequential(&block), 2), [TxIndex(3), TxIndex(15)]);
    assert_eq!(long_first(&sequential(&[]), 2), []);
}

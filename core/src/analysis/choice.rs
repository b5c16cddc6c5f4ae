//! What an earlier sequential run of a block foretells: whether running it in parallel can pay, and
//! what should be started first.

use super::{Edge, graph};
use crate::{
    trace::{StrategyId, Trace},
    units::TxIndex,
};

/// What a parallel run costs beside the transactions themselves, in nanoseconds: lanes that wake
/// up and end together, and for each transaction its turns at the scheduler and its validation.
const START: u64 = 80_000;
const EACH: u64 = 1_200;
/// What must be won before it is worth trying: dependencies that are met too late cost attempts.
const WORTH: f64 = 1.15;

/// The strategy for a block on that many lanes: Block-STM, or sequential where speculation cannot
/// pay: one lane, a block that is one chain or one long transaction, a block that is over before
/// lanes are awake. `sequential` is the trace of an earlier sequential run of the same block,
/// whose times and dependencies foretell the next run's.
pub fn choose(sequential: &Trace, lanes: u16) -> StrategyId {
    let time = times(sequential);
    let total: u64 = time.iter().sum();
    let chain = graph::longest_path(&graph::edges(sequential), &time).length;
    let lanes = u64::from(lanes.max(1));
    let each = EACH * u64::from(sequential.transactions);
    let parallel = chain.max((total + each) / lanes) + START;
    if lanes > 1 && total as f64 >= WORTH * parallel as f64 {
        StrategyId::BlockStm
    } else {
        StrategyId::Sequential
    }
}

/// Transactions that should be started before others on that many lanes: those that are long, or
/// that long ones wait for, so that no lane is still busy with one when all others have come to the
/// end. In block order.
pub fn long_first(sequential: &Trace, lanes: u16) -> Vec<TxIndex> {
    let time = times(sequential);
    let total: u64 = time.iter().sum();
    // With itself, the longest chain of what depends on each transaction.
    let mut ahead = time.clone();
    for Edge { writer, reader, .. } in graph::edges(sequential).iter().rev() {
        let (writer, reader) = (*writer as usize, *reader as usize);
        ahead[writer] = ahead[writer].max(time[writer] + ahead[reader]);
    }
    // A lane's share is total / lanes; half of that at the end of the block is too much.
    let long = total / (2 * u64::from(lanes.max(1)));
    let first: Vec<TxIndex> =
        (0..ahead.len()).filter(|tx| long > 0 && ahead[*tx] >= long).map(|tx| TxIndex(tx as u32)).collect();
    // Where that is much of the block, its own order is as good.
    if first.len() * 4 > time.len() { Vec::new() } else { first }
}

/// The time of each transaction.
fn times(sequential: &Trace) -> Vec<u64> {
    let mut time = vec![0; sequential.transactions as usize];
    for attempt in &sequential.attempts {
        if let Some(time) = time.get_mut(attempt.version.tx.index()) {
            *time = attempt.end.0.saturating_sub(attempt.start.0);
        }
    }
    time
}

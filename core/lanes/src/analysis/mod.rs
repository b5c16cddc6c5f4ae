//! The analysis of a trace: which transactions depend on each other, how long the longest chain is, which
//! locations are hot, and how fast any schedule could have been. Pure; holds no clock.
//!
//! Dependencies are taken from the trace of a sequential run. There each read names the last writer before it
//! in block order, which every schedule must respect. So a block's graph is the same whichever strategy ran.
//! A read that a parallel run served early with an equal value (validation by value) still counts as a
//! dependency.

mod absence;
mod attribution;
mod choice;
mod graph;
mod hot;
mod idle;
mod limits;

use serde::{Deserialize, Serialize};

use crate::trace::{Outcome, Trace};
use graph::Graph;

pub use absence::{Absence, absence};
pub use attribution::ATTRIBUTED;
pub use choice::{Chosen, Keeping, WORTH, choose, long_first, weigh};
pub use hot::HOT_LOCATIONS;
pub use idle::{Idle, idle};

/// The analysis of a run. Indices are transaction positions, and location ids of the trace.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Analysis {
    /// Dependencies between committed attempts, sorted by (reader, writer). Where very many transactions read
    /// a balance that very many add to, most of those edges are left out, but for those of the longest chain.
    /// All other figures here count them all.
    pub edges: Vec<Edge>,
    /// Wave of each transaction, from 0: one more than the highest wave it depends on.
    pub waves: Vec<u32>,
    /// The critical path: the longest chain, in order, weighted by sequential time.
    pub critical_path: Vec<u32>,
    /// Locations through which transactions depend on each other, hottest first; at most [`HOT_LOCATIONS`].
    pub hot: Vec<HotLocation>,
    /// What makes the critical path long and could be changed: the locations without which it would be
    /// shortest, first those that save most; at most [`ATTRIBUTED`].
    pub attribution: Vec<Attribution>,
    /// Bounds on the speed-up.
    pub limits: Limits,
    /// Number of attempts that did not commit.
    pub aborts: u32,
    /// Number of transactions that needed more than one attempt.
    pub rerun: u32,
    /// Share of the execution time of all attempts that went into those that did not commit, 0 to 1.
    pub wasted: f64,
    /// Share of lanes × duration that went into attempts that committed, 0 to 1.
    pub busy: f64,
}

/// A dependency: `reader` read a value that `writer` wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// The earlier transaction.
    pub writer: u32,
    /// The later transaction.
    pub reader: u32,
    /// The locations through which it depends, ascending.
    pub locations: Vec<u32>,
}

/// A location through which transactions depended on each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HotLocation {
    /// Location id.
    pub location: u32,
    /// Number of edges through it.
    pub edges: u32,
    /// Number of transactions that read it.
    pub readers: u32,
    /// Number of transactions that wrote it.
    pub writers: u32,
    /// Number of aborts that it caused.
    pub aborts: u32,
}

/// The cost of a location at which transactions conflict: how much shorter the critical path would be without
/// it, with all other conflicts as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribution {
    /// Location ids, ascending: one location, or several at which transactions conflict together.
    pub locations: Vec<u32>,
    /// Number of edges of the critical path that go through the location, or through exactly these locations.
    pub edges: u32,
    /// The critical path without them, in ticks of sequential time.
    pub path: u64,
    /// How much shorter that is.
    pub saved: u64,
}

/// Bounds on the speed-up over sequential execution. A schedule that keeps block order passes neither of
/// them. The one exception is a run with a block access list ([`crate::strategies::StrategyId::BLOCK_ACCESS_LIST`]):
/// no transaction waits for values there, and only `work` bounds it.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Limits {
    /// Total sequential time over the time of the critical path.
    pub path: f64,
    /// The same, weighted by gas.
    pub path_gas: f64,
    /// Total over the longer of (total / lanes) and the longest single transaction.
    pub work: f64,
}

/// Analyses `run`.
///
/// `sequential` is the trace of the sequential run of the same block, whose location ids are the same as
/// those of `run` ([`align_locations`]). `time` holds each transaction's sequential time in ticks; a missing
/// entry counts as 0.
pub fn analyse(run: &Trace, sequential: &Trace, time: &[u64]) -> Analysis {
    let mut graph = Graph::of(sequential);
    let gas = gas(sequential);
    let mut time = time.to_vec();
    time.resize(sequential.transactions as usize, 0);

    let by_time = graph::longest_path(&graph, &time);
    let by_gas = graph::longest_path(&graph, &gas);
    let hot = hot::hot_locations(sequential, run, &graph);
    graph.name_edges_of(&by_time);
    let limits = limits::limits(&time, by_time.length, &gas, by_gas.length, run.lanes);
    let effort = Effort::of(run);
    Analysis {
        waves: graph::waves(&graph, sequential.transactions),
        hot,
        attribution: attribution::attribute(&graph, &time, &by_time),
        critical_path: by_time.transactions,
        edges: graph.edges,
        limits,
        aborts: effort.aborts,
        rerun: effort.rerun,
        wasted: effort.wasted,
        busy: effort.busy,
    }
}

/// The bounds of the same block for each number of lanes, from the trace of its sequential run.
pub fn limits(sequential: &Trace, time: &[u64], lanes: &[u16]) -> Vec<Limits> {
    let graph = Graph::of(sequential);
    let gas: Vec<u64> = gas(sequential);
    let mut time = time.to_vec();
    time.resize(sequential.transactions as usize, 0);
    let path = graph::longest_path(&graph, &time).length;
    let path_gas = graph::longest_path(&graph, &gas).length;
    lanes.iter().map(|lanes| limits::limits(&time, path, &gas, path_gas, *lanes)).collect()
}

/// Each transaction's gas.
fn gas(sequential: &Trace) -> Vec<u64> {
    let attempt = |i: Option<u32>| i.and_then(|i| sequential.attempts.get(i as usize));
    sequential.committed().into_iter().map(|i| attempt(i).map_or(0, |a| a.gas)).collect()
}

/// Gives `sequential` the location ids of `run`. Locations that only `sequential` has are appended to those
/// of `run`.
pub fn align_locations(run: &mut Trace, sequential: &mut Trace) {
    use crate::units::LocationId;
    use std::collections::HashMap;

    let mut ids: HashMap<_, _> =
        run.locations.iter().enumerate().map(|(i, location)| (*location, LocationId(i as u32))).collect();
    let translation: Vec<LocationId> = sequential
        .locations
        .iter()
        .map(|location| {
            *ids.entry(*location).or_insert_with(|| {
                run.locations.push(*location);
                LocationId(run.locations.len() as u32 - 1)
            })
        })
        .collect();
    for read in &mut sequential.reads {
        read.location = translation[read.location.index()];
    }
    for write in &mut sequential.writes {
        write.location = translation[write.location.index()];
    }
    for cause in sequential.attempts.iter_mut().filter_map(|a| a.cause.as_mut()) {
        cause.location = translation[cause.location.index()];
    }
    sequential.locations.clone_from(&run.locations);
}

/// What a run's execution time went into.
struct Effort {
    aborts: u32,
    rerun: u32,
    wasted: f64,
    busy: f64,
}

impl Effort {
    fn of(run: &Trace) -> Self {
        let mut aborts = 0;
        let mut useful = 0_u64;
        let mut lost = 0_u64;
        let mut again = vec![false; run.transactions as usize];
        for attempt in &run.attempts {
            let time = attempt.end.0.saturating_sub(attempt.start.0);
            if attempt.outcome == Outcome::Committed {
                useful += time;
            } else {
                aborts += 1;
                lost += time;
                if let Some(again) = again.get_mut(attempt.version.tx.index()) {
                    *again = true;
                }
            }
        }
        let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        Self {
            aborts,
            rerun: again.into_iter().filter(|a| *a).count() as u32,
            wasted: share(lost, lost + useful),
            busy: share(useful, run.duration.0 * u64::from(run.lanes)),
        }
    }
}

#[cfg(test)]
mod tests;

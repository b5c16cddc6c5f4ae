//! What a trace means: who depended on whom, how long the longest chain is, what was hot, and
//! how fast any schedule could have been. Pure; holds no clock.

use serde::{Deserialize, Serialize};

/// What a run's trace means. Indices are transaction positions and location ids of the trace.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Analysis {
    /// True dependencies between committed attempts, sorted by (reader, writer).
    pub edges: Vec<Edge>,
    /// Wave of each transaction, from 0: one more than the highest wave it depends on.
    pub waves: Vec<u32>,
    /// The longest chain, in order, weighted by sequential time.
    pub critical_path: Vec<u32>,
    /// Locations that made transactions depend on each other, hottest first.
    pub hot: Vec<HotLocation>,
    /// Bounds on the speed-up.
    pub limits: Limits,
    /// Attempts that did not commit.
    pub aborts: u32,
    /// Transactions that needed more than one attempt.
    pub rerun: u32,
    /// Share of execution time (all attempts) that did not commit, 0 to 1.
    pub wasted: f64,
    /// Share of lanes × duration spent executing attempts that committed, 0 to 1.
    pub busy: f64,
}

/// `reader` read a value that `writer` wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// Earlier transaction.
    pub writer: u32,
    /// Later transaction.
    pub reader: u32,
    /// Through which locations, ascending.
    pub locations: Vec<u32>,
}

/// A location through which transactions depended on each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HotLocation {
    /// Location id.
    pub location: u32,
    /// Edges through it.
    pub edges: u32,
    /// Distinct transactions that read it.
    pub readers: u32,
    /// Distinct transactions that wrote it.
    pub writers: u32,
    /// Aborts that it caused.
    pub aborts: u32,
}

/// Bounds on the speed-up over sequential execution. No schedule that keeps block order passes either.
#[derive(Clone, Copy, Debug, PartialEq, Default, Serialize, Deserialize)]
pub struct Limits {
    /// Total sequential time over the time of the longest chain.
    pub path: f64,
    /// The same, weighted by gas.
    pub path_gas: f64,
    /// Total over the longer of (total / lanes) and the longest single transaction.
    pub work: f64,
}

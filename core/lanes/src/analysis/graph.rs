//! The dependency graph: edges, waves, critical path.
//!
//! A balance that many transactions add to and many read would make an edge for each pair. So the reads of
//! sums have an edge for each summand only as long as all of them together have at most [`SUMMED_EDGES`]. The
//! other reads of sums keep the edge to their last summand, and their other edges are one [`SumRead`].
//!
//! ```text
//! writers   w1  w2  w3  w4        a read of the sum depends on all of them: four edges,
//!             ╲  ╲ ╱  ╱           or one SumRead that follows the farthest of them
//!               reader
//! ```
//! Waves and paths follow a `SumRead` by a figure about all summands so far (the highest wave, the longest
//! chain), in one step for each write and read.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Edge;
use crate::{
    trace::{Attempt, Trace},
    units::{LocationId, TxIndex},
};

/// The most edges of reads of sums.
const SUMMED_EDGES: usize = 100_000;

/// The dependencies of a block, in block order.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// One edge per pair of transactions of which the later one's committed attempt read a value that the
    /// earlier one wrote; sorted by (reader, writer). Without most of the edges that `sums` represent.
    pub(super) edges: Vec<Edge>,
    /// In block order of the readers.
    sums: Vec<SumRead>,
    /// Writes to the locations in `sums`, in block order.
    parts: Vec<Part>,
}

/// A transaction's read of a sum.
#[derive(Clone, Copy, Debug)]
struct SumRead {
    reader: TxIndex,
    location: LocationId,
    /// The number of edges that it represents, beyond the one to its last summand.
    more: u32,
}

/// A summand: a write to a location that is read as a sum.
#[derive(Clone, Copy, Debug)]
struct Part {
    writer: TxIndex,
    location: LocationId,
    /// Whether it sets the value, rather than adding to it.
    sets: bool,
}

impl Graph {
    pub(super) fn of(trace: &Trace) -> Self {
        Self::with_summed_edges(trace, SUMMED_EDGES)
    }

    fn with_summed_edges(trace: &Trace, mut left: usize) -> Self {
        let committed = trace.committed();
        let attempts = || committed.iter().flatten().filter_map(|i| trace.attempts.get(*i as usize));
        let reads_of_sums = |attempt| trace.reads_of(attempt).iter().filter(|read| read.is_sum);
        let summed: HashSet<LocationId> =
            attempts().flat_map(reads_of_sums).map(|read| read.location).collect();
        // For each of these locations, the writers since it was last set.
        let mut summands: HashMap<LocationId, Vec<TxIndex>> = HashMap::new();
        let mut edges: BTreeMap<(TxIndex, TxIndex), Vec<LocationId>> = BTreeMap::new();
        let mut this = Self::default();
        for attempt in attempts() {
            let reader = attempt.version.tx;
            for read in trace.reads_of(attempt) {
                let Some(last) = read.from.map(|from| from.tx) else { continue };
                let mut edge = |writer| edges.entry((reader, writer)).or_default().push(read.location);
                let summands = summands.get(&read.location).filter(|_| read.is_sum);
                match summands {
                    Some(summands) if summands.len() <= left => {
                        left -= summands.len();
                        summands.iter().copied().for_each(&mut edge);
                    }
                    Some(summands) => {
                        let more = summands.len().saturating_sub(1) as u32;
                        this.sums.push(SumRead { reader, location: read.location, more });
                        edge(last);
                    }
                    None => edge(last),
                }
            }
            for part in this.parts_of(trace, attempt, &summed) {
                let summands = summands.entry(part.location).or_default();
                if part.sets {
                    summands.clear();
                }
                summands.push(part.writer);
                this.parts.push(part);
            }
        }
        if this.sums.is_empty() {
            this.parts.clear();
        }
        this.edges = edges
            .into_iter()
            .filter(|((reader, writer), _)| writer < reader)
            .map(|((reader, writer), mut locations)| {
                locations.sort_unstable();
                locations.dedup();
                Edge { writer, reader, locations }
            })
            .collect();
        this
    }

    fn parts_of<'a>(
        &self,
        trace: &'a Trace,
        attempt: &'a Attempt,
        summed: &'a HashSet<LocationId>,
    ) -> impl Iterator<Item = Part> + use<'a> {
        let writer = attempt.version.tx;
        let writes = trace.writes_of(attempt).iter().filter(|write| summed.contains(&write.location));
        writes.map(move |write| Part { writer, location: write.location, sets: !write.increment })
    }

    /// Visits all dependencies in block order of the readers. `through` is called with an edge, and may keep
    /// something about its reader. `reach` returns a figure of a writer, to compare: of all summands of
    /// a [`SumRead`], the one with the highest figure (of equals the earliest) is visited as an edge.
    fn visit<T: Ord + Copy, S>(
        &self,
        transactions: u32,
        state: &mut S,
        reach: impl Fn(&S, TxIndex) -> T,
        mut through: impl FnMut(&mut S, TxIndex, TxIndex, &[LocationId]),
    ) {
        // For each location, the summand so far with the highest figure.
        let mut farthest: HashMap<LocationId, (T, TxIndex)> = HashMap::new();
        let mut edges = self.edges.iter().peekable();
        let mut sums = self.sums.iter().peekable();
        let mut parts = self.parts.iter().peekable();
        for tx in (0..transactions).map(TxIndex) {
            while let Some(edge) = edges.next_if(|edge| edge.reader == tx) {
                through(state, tx, edge.writer, &edge.locations);
            }
            while let Some(sum) = sums.next_if(|sum| sum.reader == tx) {
                if let Some((_, writer)) = farthest.get(&sum.location) {
                    through(state, tx, *writer, &[sum.location]);
                }
            }
            while let Some(part) = parts.next_if(|part| part.writer == tx) {
                let now = (reach(state, tx), tx);
                let best = farthest.entry(part.location).or_insert(now);
                if part.sets || now.0 > best.0 {
                    *best = now;
                }
            }
        }
    }

    /// Visits all dependencies from the end of the block to its start. `through` is called with a writer, and
    /// with the highest value of `ahead` among the readers of its writes.
    pub(super) fn visit_backwards(
        &self,
        ahead: &mut [u64],
        mut through: impl FnMut(&mut [u64], TxIndex, u64),
    ) {
        // For each location, the highest value among the later reads of its sum, up to where it is next set.
        let mut farthest: HashMap<LocationId, u64> = HashMap::new();
        let mut readers: Vec<Vec<&Edge>> = vec![Vec::new(); ahead.len()];
        self.edges.iter().for_each(|edge| readers[edge.writer.index()].push(edge));
        let mut sums = self.sums.iter().rev().peekable();
        let mut parts = self.parts.iter().rev().peekable();
        for tx in (0..ahead.len() as u32).rev().map(TxIndex) {
            // A transaction writes after it reads, so here its writes come first.
            let mut set = Vec::new();
            while let Some(part) = parts.next_if(|part| part.writer == tx) {
                if let Some(reach) = farthest.get(&part.location) {
                    through(ahead, tx, *reach);
                }
                set.extend(part.sets.then_some(part.location));
            }
            for location in set {
                farthest.remove(&location);
            }
            for edge in &readers[tx.index()] {
                let reach = ahead[edge.reader.index()];
                through(ahead, tx, reach);
            }
            while let Some(sum) = sums.next_if(|sum| sum.reader == tx) {
                let reach = farthest.entry(sum.location).or_default();
                *reach = ahead[tx.index()].max(*reach);
            }
        }
    }

    /// Adds the edges of a path that only `sums` represent.
    pub(super) fn name_edges_of(&mut self, path: &Path) {
        // For each location, the transactions that set it, in block order.
        let mut sets: HashMap<LocationId, Vec<TxIndex>> = HashMap::new();
        for part in self.parts.iter().filter(|part| part.sets) {
            sets.entry(part.location).or_default().push(part.writer);
        }
        for pair in path.transactions.windows(2) {
            let (writer, reader) = (pair[0], pair[1]);
            let own = self.parts.partition_point(|part| part.writer < writer);
            let own = self.parts[own..].iter().take_while(|part| part.writer == writer);
            let written: Vec<LocationId> = own.map(|part| part.location).collect();
            // A value that another transaction has set since then is not part of the sum.
            let is_part = |location: &LocationId| {
                let sets = sets.get(location).map_or(&[][..], Vec::as_slice);
                let next = sets.partition_point(|setter| *setter <= writer);
                written.contains(location) && sets.get(next).is_none_or(|setter| *setter >= reader)
            };
            let read = self.sums.partition_point(|sum| sum.reader < reader);
            let read = self.sums[read..].iter().take_while(|sum| sum.reader == reader);
            let mut locations: Vec<LocationId> = read.map(|sum| sum.location).filter(is_part).collect();
            if locations.is_empty() {
                continue;
            }
            let edge = self.edges.binary_search_by_key(&(reader, writer), |edge| (edge.reader, edge.writer));
            let at = edge.unwrap_or_else(|at| {
                self.edges.insert(at, Edge { writer, reader, locations: Vec::new() });
                at
            });
            locations.append(&mut self.edges[at].locations);
            locations.sort_unstable();
            locations.dedup();
            self.edges[at].locations = locations;
        }
    }

    /// For each read of a sum, its location and the number of edges that are not among `edges`.
    pub(super) fn summed(&self) -> impl Iterator<Item = (LocationId, u32)> {
        self.sums.iter().map(|sum| (sum.location, sum.more))
    }
}

/// The wave of each transaction. Edges point backwards in block order, so one pass is enough.
pub(super) fn waves(graph: &Graph, transactions: u32) -> Vec<u32> {
    let mut waves = vec![0; transactions as usize];
    graph.visit(
        transactions,
        &mut waves,
        |waves, tx| waves[tx.index()],
        |waves, reader, writer, _| {
            waves[reader.index()] = waves[reader.index()].max(waves[writer.index()] + 1);
        },
    );
    waves
}

/// A chain of transactions and its weight.
#[derive(Default)]
pub(super) struct Path {
    pub(super) transactions: Vec<TxIndex>,
    pub(super) length: u64,
}

/// The weight of the heaviest chain if no transactions conflicted at those locations.
pub(super) fn longest_without(graph: &Graph, weights: &[u64], gone: &[LocationId]) -> u64 {
    let mut reach = weights.to_vec();
    let left =
        |locations: &[LocationId]| locations.iter().any(|location| gone.binary_search(location).is_err());
    graph.visit(
        weights.len() as u32,
        &mut reach,
        |reach, tx| reach[tx.index()],
        // Writers come before their readers, so a writer's figure is complete when it is used.
        |reach, reader, writer, locations| {
            if left(locations) {
                let through = reach[writer.index()] + weights[reader.index()];
                let reader = &mut reach[reader.index()];
                *reader = through.max(*reader);
            }
        },
    );
    reach.into_iter().max().unwrap_or(0)
}

/// The heaviest chain of dependencies. Between equals it is the one that ends and branches earliest in block
/// order, so that the answer is always the same.
pub(super) fn longest_path(graph: &Graph, weights: &[u64]) -> Path {
    struct Reach {
        weight: Vec<u64>,
        before: Vec<Option<TxIndex>>,
    }
    let mut state = Reach { weight: weights.to_vec(), before: vec![None; weights.len()] };
    graph.visit(
        weights.len() as u32,
        &mut state,
        |state, tx| state.weight[tx.index()],
        |Reach { weight, before }, reader, writer, _| {
            let tx = reader.index();
            let through = weight[writer.index()] + weights[tx];
            if through > weight[tx] || (before[tx].is_none() && through == weight[tx]) {
                weight[tx] = through;
                before[tx] = Some(writer);
            }
        },
    );
    let Reach { weight: reach, before } = state;
    let Some(end) = (0..reach.len()).rev().max_by_key(|tx| reach[*tx]) else {
        return Path::default();
    };
    let mut transactions = vec![TxIndex(end as u32)];
    while let Some(previous) = transactions.last().and_then(|tx| before[tx.index()]) {
        transactions.push(previous);
    }
    transactions.reverse();
    Path { transactions, length: reach[end] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::tests::{Tx, sequential};

    /// Payments to location 0, some of which set it, and reads of its sum; other conflicts at location 1.
    fn block(seed: u64, transactions: u32) -> (Trace, Vec<u64>) {
        let mut state = seed;
        let mut draw = |end: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % end
        };
        let empty: Tx = (&[], &[], 1);
        let mut trace = sequential(&vec![empty; transactions as usize]);
        let mut written: [Vec<u32>; 2] = Default::default();
        for tx in 0..transactions {
            let (reads, writes) = (trace.reads.len() as u32, trace.writes.len() as u32);
            for location in 0..2 {
                let others = &mut written[location as usize];
                if draw(3) == 0 {
                    let from = others.last().map(|writer| super::super::tests::version(*writer));
                    let is_sum = others.len() > 1;
                    let location = crate::units::LocationId(location);
                    trace.reads.push(crate::trace::Read { location, from, is_sum });
                }
                if draw(2) == 0 {
                    let increment = draw(12) > 0;
                    if !increment {
                        others.clear();
                    }
                    others.push(tx);
                    let location = crate::units::LocationId(location);
                    trace.writes.push(crate::trace::Write { location, increment });
                }
            }
            let attempt = &mut trace.attempts[tx as usize];
            attempt.reads = reads..trace.reads.len() as u32;
            attempt.writes = writes..trace.writes.len() as u32;
        }
        (trace, (0..transactions).map(|_| 1 + draw(9)).collect())
    }

    #[test]
    fn sums_say_the_same_as_edges_one_by_one() {
        for seed in 0..200 {
            let (trace, weights) = block(seed, 40);
            let all = Graph::with_summed_edges(&trace, usize::MAX);
            for left in [0, 5, 50] {
                let mut few = Graph::with_summed_edges(&trace, left);
                let what = format!("seed {seed}, {left} edges of sums");
                assert!(few.edges.len() <= all.edges.len());
                assert_eq!(waves(&few, 40), waves(&all, 40), "{what}");
                let (path, other) = (longest_path(&few, &weights), longest_path(&all, &weights));
                assert_eq!(path.length, other.length, "{what}");
                for gone in [0, 1] {
                    let without = |graph| longest_without(graph, &weights, &[LocationId(gone)]);
                    assert_eq!(without(&few), without(&all), "{what}");
                }
                few.name_edges_of(&path);
                for pair in path.transactions.windows(2) {
                    let edge = few.edges.iter().find(|e| (e.writer, e.reader) == (pair[0], pair[1]));
                    let right = all.edges.iter().find(|e| (e.writer, e.reader) == (pair[0], pair[1]));
                    assert_eq!(edge, right, "{what}");
                }
                let ahead = |graph: &Graph| {
                    let mut ahead = weights.clone();
                    graph.visit_backwards(&mut ahead, |ahead, writer, farthest| {
                        let writer = writer.index();
                        ahead[writer] = ahead[writer].max(weights[writer] + farthest);
                    });
                    ahead
                };
                assert_eq!(ahead(&few), ahead(&all), "{what}");
                let edges = |graph: &Graph| {
                    let named: usize = graph.edges.iter().map(|edge| edge.locations.len()).sum();
                    named + graph.summed().map(|(_, more)| more as usize).sum::<usize>()
                };
                let few = Graph::with_summed_edges(&trace, left);
                assert_eq!(edges(&few), edges(&all), "{what}");
            }
        }
    }
}

//! The dependency graph: edges, waves, longest path.

use std::collections::BTreeMap;

use super::Edge;
use crate::trace::Trace;

/// One edge per pair of transactions of which the later one's committed attempt read what the
/// earlier one wrote; sorted by (reader, writer).
pub(super) fn edges(trace: &Trace) -> Vec<Edge> {
    let mut edges: BTreeMap<(u32, u32), Vec<u32>> = BTreeMap::new();
    for attempt in trace.committed().into_iter().flatten().filter_map(|i| trace.attempts.get(i as usize)) {
        let reader = attempt.version.tx.0;
        for read in trace.reads_of(attempt) {
            if let Some(writer) = read.from {
                edges.entry((reader, writer.tx.0)).or_default().push(read.location.0);
            }
        }
    }
    edges
        .into_iter()
        .filter(|((reader, writer), _)| writer < reader)
        .map(|((reader, writer), mut locations)| {
            locations.sort_unstable();
            locations.dedup();
            Edge { writer, reader, locations }
        })
        .collect()
}

/// The wave of each transaction. Edges are sorted by reader and point backwards in block order,
/// so one pass is enough.
pub(super) fn waves(edges: &[Edge], transactions: u32) -> Vec<u32> {
    let mut waves = vec![0; transactions as usize];
    for edge in edges {
        waves[edge.reader as usize] = waves[edge.reader as usize].max(waves[edge.writer as usize] + 1);
    }
    waves
}

/// A chain of transactions and what it weighs.
#[derive(Default)]
pub(super) struct Path {
    pub(super) transactions: Vec<u32>,
    pub(super) length: u64,
}

/// The weight of the heaviest chain if nobody had met at those locations.
pub(super) fn longest_without(edges: &[Edge], weights: &[u64], gone: &[u32]) -> u64 {
    let mut reach = weights.to_vec();
    // Sorted by reader, and writers come before their readers: what is read here is complete.
    let left = |edge: &&Edge| edge.locations.iter().any(|location| gone.binary_search(location).is_err());
    for edge in edges.iter().filter(left) {
        let through = reach[edge.writer as usize] + weights[edge.reader as usize];
        let reader = &mut reach[edge.reader as usize];
        *reader = through.max(*reader);
    }
    reach.into_iter().max().unwrap_or(0)
}

/// The heaviest chain of dependencies. Between equals the one that ends and branches earliest in
/// block order, so that the answer is the same every time.
pub(super) fn longest_path(edges: &[Edge], weights: &[u64]) -> Path {
    let mut reach = weights.to_vec();
    let mut before: Vec<Option<u32>> = vec![None; weights.len()];
    let mut edges = edges.iter().peekable();
    for tx in 0..weights.len() {
        while let Some(edge) = edges.next_if(|e| e.reader as usize == tx) {
            let through = reach[edge.writer as usize] + weights[tx];
            if through > reach[tx] || (before[tx].is_none() && through == reach[tx]) {
                reach[tx] = through;
                before[tx] = Some(edge.writer);
            }
        }
    }
    let Some(end) = (0..reach.len()).rev().max_by_key(|tx| reach[*tx]) else {
        return Path::default();
    };
    let mut transactions = vec![end as u32];
    while let Some(previous) = transactions.last().and_then(|tx| before[*tx as usize]) {
        transactions.push(previous);
    }
    transactions.reverse();
    Path { transactions, length: reach[end] }
}

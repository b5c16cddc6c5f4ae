//! Hot locations: where transactions conflict.

use std::collections::{HashMap, HashSet};

use super::{HotLocation, graph::Graph};
use crate::{
    trace::Trace,
    units::{LocationId, TxIndex},
};

/// How many hot locations an analysis lists at most.
pub const HOT_LOCATIONS: usize = 200;

/// Locations with edges or aborts: most edges first, then most aborts, then by id. Edges are counted in the
/// graph, aborts in the run; readers and writers are those of the sequential run, so that all strategies show
/// the same.
pub(super) fn hot_locations(sequential: &Trace, run: &Trace, graph: &Graph) -> Vec<HotLocation> {
    #[derive(Default)]
    struct Conflicts {
        edges: u32,
        readers: HashSet<TxIndex>,
        writers: HashSet<TxIndex>,
        aborts: u32,
    }
    let mut conflicts: HashMap<LocationId, Conflicts> = HashMap::new();
    for edge in &graph.edges {
        for location in &edge.locations {
            conflicts.entry(*location).or_default().edges += 1;
        }
    }
    for (location, more) in graph.summed() {
        let edges = &mut conflicts.entry(location).or_default().edges;
        *edges = edges.saturating_add(more);
    }
    for cause in run.attempts.iter().filter_map(|a| a.cause) {
        conflicts.entry(cause.location).or_default().aborts += 1;
    }
    for attempt in
        sequential.committed().into_iter().flatten().filter_map(|i| sequential.attempts.get(i as usize))
    {
        let tx = attempt.version.tx;
        for read in sequential.reads_of(attempt) {
            if let Some(entry) = conflicts.get_mut(&read.location) {
                entry.readers.insert(tx);
            }
        }
        for write in sequential.writes_of(attempt) {
            if let Some(entry) = conflicts.get_mut(&write.location) {
                entry.writers.insert(tx);
            }
        }
    }
    let mut hot: Vec<_> = conflicts
        .into_iter()
        .map(|(location, entry)| HotLocation {
            location,
            edges: entry.edges,
            readers: entry.readers.len() as u32,
            writers: entry.writers.len() as u32,
            aborts: entry.aborts,
        })
        .collect();
    hot.sort_unstable_by_key(|h| (std::cmp::Reverse((h.edges, h.aborts)), h.location));
    hot.truncate(HOT_LOCATIONS);
    hot
}

//! How much shorter the critical path would be without each location where
//! transactions conflict.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use super::{
    Attribution,
    graph::{self, Graph},
};
use crate::units::{LocationId, Ticks};

/// How many locations, or sets of them, are listed.
pub const ATTRIBUTED: usize = 10;
/// How many are tried. On a path through more of them, none matters much.
const TRIED: usize = 100;

/// The locations without which the critical path would be shortest, first those that save most.
///
/// Transactions often conflict at several locations together (a pool's reserves and its balances), and removing
/// one of them would not help. So each location of the path's edges is tried, and each set of
/// locations that one edge goes through. The removal of any other location would change nothing.
pub(super) fn attribute(graph: &Graph, weights: &[u64], path: &graph::Path) -> Vec<Attribution> {
    let edges = &graph.edges;
    // Number of the path's edges through each set.
    let mut on_path: BTreeMap<Vec<LocationId>, usize> = BTreeMap::new();
    for pair in path.transactions.windows(2) {
        let found = edges.binary_search_by_key(&(pair[1], pair[0]), |edge| (edge.reader, edge.writer));
        let Some(edge) = found.ok().map(|i| &edges[i]) else { continue };
        let alone = edge.locations.iter().map(|location| vec![*location]);
        for set in alone.chain([edge.locations.clone()]).collect::<BTreeSet<_>>() {
            *on_path.entry(set).or_default() += 1;
        }
    }
    let mut tried: Vec<(Vec<LocationId>, usize)> = on_path.into_iter().collect();
    // Single locations have more edges than sets, so each kind is cut off on its own.
    tried.sort_by_key(|(set, edges)| (Reverse(*edges), set.len(), set.clone()));
    let (mut single, mut several): (Vec<_>, Vec<_>) = tried.into_iter().partition(|(set, _)| set.len() == 1);
    single.truncate(TRIED / 2);
    several.truncate(TRIED / 2);
    let mut attributed: Vec<Attribution> = single
        .into_iter()
        .chain(several)
        .map(|(locations, edges_on_path)| {
            let left = graph::longest_without(graph, weights, &locations);
            let saved = path.length.saturating_sub(left);
            Attribution { locations, edges: edges_on_path as u32, path: Ticks(left), saved: Ticks(saved) }
        })
        .filter(|attribution| attribution.saved > Ticks(0))
        .collect();
    attributed.sort_by_key(|a| (Reverse(a.saved), a.locations.len(), a.locations.clone()));
    // A set that saves no more than one of its parts says nothing new.
    let mut listed: Vec<Attribution> = Vec::new();
    for attribution in attributed {
        let part =
            |other: &Attribution| other.locations.iter().all(|one| attribution.locations.contains(one));
        if !listed.iter().any(|other| other.saved >= attribution.saved && part(other)) {
            listed.push(attribution);
        }
    }
    listed.truncate(ATTRIBUTED);
    listed
}

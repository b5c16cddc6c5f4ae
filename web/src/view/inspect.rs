//! One transaction in words: its attempts with their causes, what it read and from whom, what it
//! wrote and who read it.

use std::collections::{BTreeMap, BTreeSet};

use evm_lanes_core::trace::{Attempt, Outcome};

use super::model::RunModel;

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptLine {
    /// From 0.
    pub incarnation: u32,
    /// From 1.
    pub lane: u16,
    /// `80.0 µs`.
    pub time: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it did not commit.
    pub cause: Option<CauseLine>,
}

/// Why an attempt did not commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CauseLine {
    /// Location id.
    pub location: u32,
    /// Its name.
    pub name: String,
    /// Whose value the attempt had seen: `None`: the state before the block.
    pub saw: Option<u32>,
    /// Who wrote it, or is about to.
    pub writer: u32,
}

/// One location that was read or written, with the transactions at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLine {
    /// Location id.
    pub location: u32,
    /// Its name.
    pub name: String,
    /// For a read: whose values were seen. For a write: who read it. Ascending.
    pub others: Vec<u32>,
    /// For a read: whether the state before the block was seen (too).
    pub before_block: bool,
    /// Added without reading.
    pub increment: bool,
    /// Whether it made transactions depend on each other.
    pub hot: bool,
}

/// The attempts of a transaction, first attempt first.
pub fn attempts(model: &RunModel, tx: u32) -> Vec<AttemptLine> {
    model
        .attempts(tx)
        .map(|attempt| AttemptLine {
            incarnation: attempt.version.incarnation.0,
            lane: attempt.lane.0 + 1,
            time: model.ticks(attempt.end.0.saturating_sub(attempt.start.0)),
            outcome: attempt.outcome,
            cause: attempt.cause.map(|cause| CauseLine {
                location: cause.location.0,
                name: model.location(cause.location.0),
                saw: model
                    .trace
                    .reads_of(attempt)
                    .iter()
                    .filter(|r| r.location == cause.location)
                    .find_map(|r| r.from.map(|v| v.tx.0)),
                writer: cause.writer.tx.0,
            }),
        })
        .collect()
}

/// Which attempt's reads and writes are shown: the selected one, else the committed, else the last.
pub fn shown_attempt(model: &RunModel, tx: u32, incarnation: Option<u32>) -> Option<&Attempt> {
    incarnation
        .and_then(|n| model.attempts(tx).find(|a| a.version.incarnation.0 == n))
        .or_else(|| model.committed_attempt(tx))
        .or_else(|| model.attempts(tx).last())
}

/// What an attempt read; locations that came from other transactions first.
pub fn reads(model: &RunModel, attempt: &Attempt) -> Vec<AccessLine> {
    let mut found: BTreeMap<u32, (BTreeSet<u32>, bool)> = BTreeMap::new();
    for read in model.trace.reads_of(attempt) {
        let entry = found.entry(read.location.0).or_default();
        match read.from {
            Some(version) => {
                entry.0.insert(version.tx.0);
            }
            None => entry.1 = true,
        }
    }
    let lines = found.into_iter().map(|(location, (others, before_block))| AccessLine {
        location,
        name: model.location(location),
        others: others.into_iter().collect(),
        before_block,
        increment: false,
        hot: is_hot(model, location),
    });
    ranked(lines)
}

/// What an attempt wrote, and which transactions read it; read ones first.
pub fn writes(model: &RunModel, attempt: &Attempt) -> Vec<AccessLine> {
    let tx = attempt.version.tx.0;
    let mut readers: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for reader in model.readers.get(tx as usize).into_iter().flatten() {
        let Some(reading) = model.committed_attempt(*reader) else { continue };
        for read in model.trace.reads_of(reading) {
            if read.from.is_some_and(|v| v.tx.0 == tx) {
                readers.entry(read.location.0).or_default().insert(*reader);
            }
        }
    }
    let mut seen = BTreeSet::new();
    let lines =
        model.trace.writes_of(attempt).iter().filter(|w| seen.insert(w.location.0)).map(|write| AccessLine {
            location: write.location.0,
            name: model.location(write.location.0),
            others: readers.get(&write.location.0).map(|r| r.iter().copied().collect()).unwrap_or_default(),
            before_block: false,
            increment: write.increment,
            hot: is_hot(model, write.location.0),
        });
    ranked(lines)
}

fn is_hot(model: &RunModel, location: u32) -> bool {
    model.report.analysis.hot.iter().any(|h| h.location == location)
}

fn ranked(lines: impl Iterator<Item = AccessLine>) -> Vec<AccessLine> {
    let mut lines: Vec<AccessLine> = lines.collect();
    lines.sort_by(|a, b| (a.others.is_empty(), &a.name).cmp(&(b.others.is_empty(), &b.name)));
    lines
}

/// Transactions whose unfinished writes this one had to wait for or ran again because of, ascending.
pub fn waited_for(model: &RunModel, tx: u32) -> Vec<u32> {
    let set: BTreeSet<u32> = model.attempts(tx).filter_map(|a| a.cause.map(|c| c.writer.tx.0)).collect();
    set.into_iter().collect()
}

/// Who touches a location: committed writers and readers, ascending.
pub fn touching(model: &RunModel, location: u32) -> (Vec<u32>, Vec<u32>) {
    let (mut writers, mut readers) = (Vec::new(), Vec::new());
    for tx in 0..model.transactions() {
        let Some(attempt) = model.committed_attempt(tx) else { continue };
        if model.trace.writes_of(attempt).iter().any(|w| w.location.0 == location) {
            writers.push(tx);
        }
        if model.trace.reads_of(attempt).iter().any(|r| r.location.0 == location) {
            readers.push(tx);
        }
    }
    (writers, readers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::sample;

    #[test]
    fn an_aborted_attempt_names_its_cause() {
        let lines = attempts(&sample::pool(), 2);
        let cause = lines[0].cause.as_ref().unwrap();
        assert_eq!((cause.name.as_str(), cause.writer, cause.saw), ("Pair.reserves", 0, None));
        assert_eq!(lines[1].outcome, Outcome::Committed);
    }

    #[test]
    fn reads_say_whose_value_they_saw() {
        let model = sample::pool();
        let first = shown_attempt(&model, 2, Some(0)).unwrap();
        assert!(reads(&model, first)[0].before_block);
        let second = shown_attempt(&model, 2, None).unwrap();
        assert_eq!(reads(&model, second)[0].others, [0]);
    }

    #[test]
    fn writes_say_who_read_them() {
        let model = sample::pool();
        let attempt = shown_attempt(&model, 0, None).unwrap();
        assert_eq!(writes(&model, attempt)[0].others, [2]);
    }

    #[test]
    fn a_location_lists_who_touches_it() {
        assert_eq!(touching(&sample::pool(), 0), (vec![0, 2], vec![2]));
    }
}

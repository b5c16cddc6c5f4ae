//! One transaction in words: its attempts with their causes, what it read and from whom, what it
//! wrote and who read it.

use std::collections::{BTreeMap, BTreeSet};

use evm_lanes_core::trace::{Attempt, Location, Outcome, Read};

use super::format::{count, counted};
use super::model::RunModel;
use super::sentence::{Piece, Slot, parts};

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
    /// Where lists decide who waits: whether the transaction's own list names it. Lists name storage only.
    pub declared: Option<bool>,
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
            Some(_) => entry.0.extend(model.trace.summands(read).into_iter().map(|tx| tx.0)),
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
        declared: declared(model, attempt.version.tx.0, location),
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
            if read.from.is_some_and(|v| v.tx.0 == tx) || read.is_sum && summed(model, tx, *reader, read) {
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
            declared: declared(model, tx, write.location.0),
        });
    ranked(lines)
}

/// Whether a transaction's write is a part of the sum that another one read.
fn summed(model: &RunModel, writer: u32, reader: u32, read: &Read) -> bool {
    let edges = &model.report.analysis.edges;
    let found = edges.binary_search_by_key(&(reader, writer), |edge| (edge.reader, edge.writer));
    found.is_ok_and(|i| edges[i].locations.contains(&read.location.0))
}

/// Whether a transaction's access list names a storage slot, in a run in which lists decide who waits; `None` in others,
/// and for what no list can name.
pub fn declared(model: &RunModel, tx: u32, location: u32) -> Option<bool> {
    let named = model.report.declared.as_ref()?.get(tx as usize)?;
    let Location::Storage(..) = model.trace.locations.get(location as usize)? else { return None };
    Some(named.binary_search(&location).is_ok())
}

/// What of an attempt's accesses its list names, in a run in which lists decide who waits.
pub fn declaration(model: &RunModel, attempt: &Attempt) -> Option<String> {
    let tx = attempt.version.tx.0;
    let named = model.report.declared.as_ref()?.get(tx as usize)?;
    let reads = model.trace.reads_of(attempt).iter().map(|read| read.location.0);
    let writes = model.trace.writes_of(attempt).iter().map(|write| write.location.0);
    let slots: BTreeSet<u32> = reads.chain(writes).filter(|at| declared(model, tx, *at).is_some()).collect();
    let undeclared = slots.iter().filter(|at| named.binary_search(at).is_err()).count() as u64;
    Some(match (slots.len() as u64, undeclared) {
        (0, _) => "It accesses no storage slot, and an access list can name nothing else.".to_owned(),
        (1, 0) => {
            "Its access list names the one storage slot that it accesses, so it waited for earlier transactions that name it, too."
                .to_owned()
        }
        (1, _) => {
            "Undeclared: the one storage slot that it accesses. No transaction waits for an undeclared slot: reads are validated as in Block-STM, and a transaction with a stale read runs again."
                .to_owned()
        }
        (all, 0) => format!(
            "Its access list names each of the {} that it accesses, so it waited for earlier transactions that name them, too.",
            counted(all, "storage slot")
        ),
        (all, undeclared) => format!(
            "Undeclared: {} of the {} that it accesses. No transaction waits for an undeclared slot: reads are validated as in Block-STM, and a transaction with a stale read runs again.",
            count(undeclared),
            counted(all, "storage slot")
        ),
    })
}

/// Why an attempt did not commit, in the words of the strategy that ran.
pub fn why(model: &RunModel, tx: u32, line: &AttemptLine) -> Vec<Piece> {
    let words = |text: &str| Piece::Words(text.to_owned());
    let Some(cause) = &line.cause else {
        return match line.outcome {
            Outcome::Committed => Vec::new(),
            // `drive` repeats such a block in order, within the same run.
            Outcome::Aborted | Outcome::Blocked => vec![words(
                "the block’s gas limit was reached before its last transactions, so the whole block ran again in order",
            )],
        };
    };
    let location = Piece::Location(cause.location, cause.name.clone());
    let writer = Piece::Tx(cause.writer);
    if line.outcome == Outcome::Blocked {
        return vec![words("met "), location, words(", which "), writer, words(" was about to write again")];
    }
    let mut out = vec![words("read "), location.clone()];
    let aborted = model.report.strategy.words().aborted;
    let template = if cause.saw.is_some() { aborted.saw_written } else { aborted.saw_initial };
    out.extend(parts(template).into_iter().map(|part| match part {
        Ok(Slot::Location) => location.clone(),
        Ok(Slot::Writer) => writer.clone(),
        Ok(Slot::Saw) => Piece::Tx(cause.saw.unwrap_or(cause.writer)),
        Err(text) => words(text),
    }));
    let named = |tx| declared(model, tx, cause.location);
    match (named(tx), named(cause.writer)) {
        (Some(false), Some(false)) => out.push(words(". Undeclared by both, so nothing waited")),
        (Some(false), Some(true)) => out.push(words(". Undeclared by this one, so it did not wait")),
        (Some(true), Some(false)) => {
            out.extend([words(". Undeclared by "), Piece::Tx(cause.writer), words(", so nothing waited")]);
        }
        _ => {}
    }
    out
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
    use evm_lanes_core::strategies::StrategyId;

    use super::*;
    use crate::sample;

    #[test]
    fn an_aborted_attempt_names_its_cause() {
        let lines = attempts(&sample::pool(), 2);
        let cause = lines[0].cause.as_ref().unwrap();
        assert_eq!((cause.name.as_str(), cause.writer, cause.saw), ("Pair.reserves", 0, None));
        assert_eq!(lines[1].outcome, Outcome::Committed);
    }

    fn text(pieces: &[Piece]) -> String {
        let word = |piece: &Piece| match piece {
            Piece::Words(words) => words.clone(),
            Piece::Location(_, name) => name.clone(),
            Piece::Tx(tx) => tx.to_string(),
        };
        pieces.iter().map(word).collect()
    }

    #[test]
    fn why_an_attempt_was_aborted_is_told_in_the_words_of_its_strategy() {
        let mut model = sample::pool();
        let told = |model: &RunModel| text(&why(model, 2, &attempts(model, 2)[0]));
        let expected = [
            (StrategyId::BLOCK_STM, "read Pair.reserves as it was before the block; 0 wrote it afterwards"),
            (
                StrategyId::ORDERED_COMMIT,
                "read Pair.reserves as it was before the block; when its turn came, 0 had committed another value",
            ),
            (
                StrategyId::BLOCK_ACCESS_LIST,
                "read Pair.reserves as it was before the block, as the list has it; 0 left another value there",
            ),
        ];
        for (strategy, words) in expected {
            model.report.strategy = strategy;
            assert_eq!(told(&model), words);
        }
        model.report.strategy = StrategyId::ACCESS_LIST;
        let read = "read Pair.reserves as it was before the block; 0 wrote it afterwards";
        for (lists, words) in [
            ([vec![], vec![], vec![], vec![]], ". Undeclared by both, so nothing waited"),
            ([vec![0], vec![], vec![], vec![]], ". Undeclared by this one, so it did not wait"),
            ([vec![], vec![], vec![0], vec![]], ". Undeclared by 0, so nothing waited"),
            ([vec![0], vec![], vec![0], vec![]], ""),
        ] {
            model.report.declared = Some(lists.to_vec());
            assert_eq!(told(&model), format!("{read}{words}"));
        }
    }

    #[test]
    fn undeclared_accesses_are_shown_as_such_where_lists_decide() {
        let mut model = sample::pool();
        let line = |model: &RunModel, tx| {
            let attempt = shown_attempt(model, tx, None).unwrap();
            (declaration(model, attempt), writes(model, attempt).first().and_then(|line| line.declared))
        };
        assert_eq!(line(&model, 0), (None, None));
        model.report.declared = Some(vec![vec![0], vec![], vec![], vec![]]);
        let (told, declared) = line(&model, 0);
        assert!(told.unwrap().starts_with("Its access list names the one storage slot that"));
        assert_eq!(declared, Some(true));
        let (told, declared) = line(&model, 2);
        assert!(told.unwrap().starts_with("Undeclared: the one storage slot that"));
        assert_eq!(declared, Some(false));
        assert!(line(&model, 1).0.unwrap().starts_with("It accesses no storage slot"));
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

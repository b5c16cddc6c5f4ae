//! One transaction in words: its attempts with their causes, what it read and from whom, what it
//! wrote and who read it.

use std::collections::{BTreeMap, BTreeSet};

use evm_lanes_core::trace::{Attempt, Location, Outcome, Read};
use evm_lanes_core::units::{Incarnation, LocationId, TxIndex};

use super::format::{count, counted};
use super::model::RunModel;
use super::sentence::{Piece, Slot, parts};

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptLine {
    /// Which one.
    pub incarnation: Incarnation,
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
    /// The location.
    pub location: LocationId,
    /// Its name.
    pub name: String,
    /// Whose value the attempt had seen: `None`: the state before the block.
    pub saw: Option<TxIndex>,
    /// Who wrote it, or is about to.
    pub writer: TxIndex,
}

/// One location that was read or written, with the transactions at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLine {
    /// The location.
    pub location: LocationId,
    /// Its name.
    pub name: String,
    /// For a read: whose values were seen. For a write: who read it. Ascending.
    pub others: Vec<TxIndex>,
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
pub fn attempts(model: &RunModel, tx: TxIndex) -> Vec<AttemptLine> {
    model
        .attempts(tx)
        .map(|attempt| AttemptLine {
            incarnation: attempt.version.incarnation,
            lane: attempt.lane.0 + 1,
            time: model.ticks(attempt.end.since(attempt.start)),
            outcome: attempt.outcome,
            cause: attempt.cause.map(|cause| CauseLine {
                location: cause.location,
                name: model.location(cause.location),
                saw: model
                    .trace
                    .reads_of(attempt)
                    .iter()
                    .filter(|r| r.location == cause.location)
                    .find_map(|r| r.from.map(|v| v.tx)),
                writer: cause.writer.tx,
            }),
        })
        .collect()
}

/// Which attempt's reads and writes are shown: the selected one, else the committed, else the last.
pub fn shown_attempt(model: &RunModel, tx: TxIndex, incarnation: Option<Incarnation>) -> Option<&Attempt> {
    incarnation
        .and_then(|n| model.attempts(tx).find(|a| a.version.incarnation == n))
        .or_else(|| model.committed_attempt(tx))
        .or_else(|| model.attempts(tx).last())
}

/// What an attempt read; locations that came from other transactions first.
pub fn reads(model: &RunModel, attempt: &Attempt) -> Vec<AccessLine> {
    let mut found: BTreeMap<LocationId, (BTreeSet<TxIndex>, bool)> = BTreeMap::new();
    for read in model.trace.reads_of(attempt) {
        let entry = found.entry(read.location).or_default();
        match read.from {
            Some(_) => entry.0.extend(model.trace.summands(read)),
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
        declared: declared(model, attempt.version.tx, location),
    });
    ranked(lines)
}

/// What an attempt wrote, and which transactions read it; read ones first.
pub fn writes(model: &RunModel, attempt: &Attempt) -> Vec<AccessLine> {
    let tx = attempt.version.tx;
    let mut readers: BTreeMap<LocationId, BTreeSet<TxIndex>> = BTreeMap::new();
    for reader in model.readers.get(tx.index()).into_iter().flatten() {
        let Some(reading) = model.committed_attempt(*reader) else { continue };
        for read in model.trace.reads_of(reading) {
            if read.from.is_some_and(|v| v.tx == tx) || read.is_sum && summed(model, tx, *reader, read) {
                readers.entry(read.location).or_default().insert(*reader);
            }
        }
    }
    let mut seen = BTreeSet::new();
    let lines =
        model.trace.writes_of(attempt).iter().filter(|w| seen.insert(w.location)).map(|write| AccessLine {
            location: write.location,
            name: model.location(write.location),
            others: readers.get(&write.location).map(|r| r.iter().copied().collect()).unwrap_or_default(),
            before_block: false,
            increment: write.increment,
            hot: is_hot(model, write.location),
            declared: declared(model, tx, write.location),
        });
    ranked(lines)
}

/// Whether a transaction's write is a part of the sum that another one read.
fn summed(model: &RunModel, writer: TxIndex, reader: TxIndex, read: &Read) -> bool {
    let edges = &model.report.analysis.edges;
    let found = edges.binary_search_by_key(&(reader, writer), |edge| (edge.reader, edge.writer));
    found.is_ok_and(|i| edges[i].locations.contains(&read.location))
}

/// Whether a transaction's access list names a storage slot, in a run in which lists decide who waits; `None` in others,
/// and for what no list can name.
pub fn declared(model: &RunModel, tx: TxIndex, location: LocationId) -> Option<bool> {
    let named = model.report.declared.as_ref()?.get(tx.index())?;
    let Location::Storage(..) = model.trace.locations.get(location.index())? else { return None };
    Some(named.binary_search(&location).is_ok())
}

/// What of an attempt's accesses its list names, in a run in which lists decide who waits.
pub fn declaration(model: &RunModel, attempt: &Attempt) -> Option<String> {
    let tx = attempt.version.tx;
    let named = model.report.declared.as_ref()?.get(tx.index())?;
    let reads = model.trace.reads_of(attempt).iter().map(|read| read.location);
    let writes = model.trace.writes_of(attempt).iter().map(|write| write.location);
    let slots: BTreeSet<LocationId> =
        reads.chain(writes).filter(|at| declared(model, tx, *at).is_some()).collect();
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
pub fn why(model: &RunModel, tx: TxIndex, line: &AttemptLine) -> Vec<Piece> {
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

fn is_hot(model: &RunModel, location: LocationId) -> bool {
    model.report.analysis.hot.iter().any(|h| h.location == location)
}

fn ranked(lines: impl Iterator<Item = AccessLine>) -> Vec<AccessLine> {
    let mut lines: Vec<AccessLine> = lines.collect();
    lines.sort_by(|a, b| (a.others.is_empty(), &a.name).cmp(&(b.others.is_empty(), &b.name)));
    lines
}

/// Transactions whose unfinished writes this one had to wait for or ran again because of, ascending.
pub fn waited_for(model: &RunModel, tx: TxIndex) -> Vec<TxIndex> {
    let set: BTreeSet<TxIndex> = model.attempts(tx).filter_map(|a| a.cause.map(|c| c.writer.tx)).collect();
    set.into_iter().collect()
}

/// Who touches a location: committed writers and readers, ascending.
pub fn touching(model: &RunModel, location: LocationId) -> (Vec<TxIndex>, Vec<TxIndex>) {
    let (mut writers, mut readers) = (Vec::new(), Vec::new());
    for tx in model.positions() {
        let Some(attempt) = model.committed_attempt(tx) else { continue };
        if model.trace.writes_of(attempt).iter().any(|w| w.location == location) {
            writers.push(tx);
        }
        if model.trace.reads_of(attempt).iter().any(|r| r.location == location) {
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
        let lines = attempts(&sample::pool(), TxIndex(2));
        let cause = lines[0].cause.as_ref().unwrap();
        assert_eq!((cause.name.as_str(), cause.writer, cause.saw), ("Pair.reserves", TxIndex(0), None));
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
        let told = |model: &RunModel| text(&why(model, TxIndex(2), &attempts(model, TxIndex(2))[0]));
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
        let reserves = LocationId(0);
        for (lists, words) in [
            ([vec![], vec![], vec![], vec![]], ". Undeclared by both, so nothing waited"),
            ([vec![reserves], vec![], vec![], vec![]], ". Undeclared by this one, so it did not wait"),
            ([vec![], vec![], vec![reserves], vec![]], ". Undeclared by 0, so nothing waited"),
            ([vec![reserves], vec![], vec![reserves], vec![]], ""),
        ] {
            model.report.declared = Some(lists.to_vec());
            assert_eq!(told(&model), format!("{read}{words}"));
        }
    }

    #[test]
    fn undeclared_accesses_are_shown_as_such_where_lists_decide() {
        let mut model = sample::pool();
        let line = |model: &RunModel, tx: TxIndex| {
            let attempt = shown_attempt(model, tx, None).unwrap();
            (declaration(model, attempt), writes(model, attempt).first().and_then(|line| line.declared))
        };
        assert_eq!(line(&model, TxIndex(0)), (None, None));
        model.report.declared = Some(vec![vec![LocationId(0)], vec![], vec![], vec![]]);
        let (told, declared) = line(&model, TxIndex(0));
        assert!(told.unwrap().starts_with("Its access list names the one storage slot that"));
        assert_eq!(declared, Some(true));
        let (told, declared) = line(&model, TxIndex(2));
        assert!(told.unwrap().starts_with("Undeclared: the one storage slot that"));
        assert_eq!(declared, Some(false));
        assert!(line(&model, TxIndex(1)).0.unwrap().starts_with("It accesses no storage slot"));
    }

    #[test]
    fn reads_say_whose_value_they_saw() {
        let model = sample::pool();
        let first = shown_attempt(&model, TxIndex(2), Some(Incarnation(0))).unwrap();
        assert!(reads(&model, first)[0].before_block);
        let second = shown_attempt(&model, TxIndex(2), None).unwrap();
        assert_eq!(reads(&model, second)[0].others, [TxIndex(0)]);
    }

    #[test]
    fn writes_say_who_read_them() {
        let model = sample::pool();
        let attempt = shown_attempt(&model, TxIndex(0), None).unwrap();
        assert_eq!(writes(&model, attempt)[0].others, [TxIndex(2)]);
    }

    #[test]
    fn a_location_lists_who_touches_it() {
        assert_eq!(
            touching(&sample::pool(), LocationId(0)),
            (vec![TxIndex(0), TxIndex(2)], vec![TxIndex(2)])
        );
    }
}

//! A report, unpacked and indexed once per run, so that every later derivation is a look-up.

use std::collections::HashMap;

use evm_lanes_core::messages::Report;
use evm_lanes_core::scenario::StrategyChoice;
use evm_lanes_core::trace::{Attempt, Clock, Outcome, Trace, UnpackError};
use evm_lanes_core::units::Version;

use super::format::{Unit, duration, factor};

/// How many labels get a colour of their own; the rest share [`OTHER`].
pub const HUES: usize = 6;
/// The colour of labels beyond the first [`HUES`].
pub const OTHER: u8 = HUES as u8;

/// A run as the page needs it. Immutable; a new run makes a new one.
#[derive(Debug)]
pub struct RunModel {
    /// What the engine said.
    pub report: Report,
    /// Its trace.
    pub trace: Trace,
    /// Labels, the most time-consuming first.
    pub labels: Vec<Label>,
    /// Colour of each transaction: index into the palette.
    pub colour_of: Vec<u8>,
    /// For each transaction the indices of its attempts, first attempt first.
    pub attempts_of: Vec<Vec<u32>>,
    /// For each transaction the index of its committed attempt.
    pub committed: Vec<Option<u32>>,
    /// For each lane what it did, in order of time.
    pub lanes: Vec<Vec<Piece>>,
    /// For each transaction those it truly read from, ascending.
    pub sources: Vec<Vec<u32>>,
    /// For each transaction those that truly read from it, ascending.
    pub readers: Vec<Vec<u32>>,
    /// Whether a transaction lies on the longest chain.
    pub on_path: Vec<bool>,
    by_version: HashMap<(u32, u32), u32>,
    /// The shortest time that the trace tells apart, in nanoseconds; `None`: it tells none apart, or none was taken.
    clock_step: Option<u64>,
}

/// Times of fewer steps of the clock than these say nothing: an error of one step is then a third of the time or more.
const STEPS: u64 = 3;

/// What transactions of one kind are called and how they are coloured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// `swap`.
    pub text: String,
    /// Index into the palette.
    pub colour: u8,
    /// How many transactions have it.
    pub count: u32,
}

/// A stretch of a lane's time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    /// Ticks.
    pub start: f64,
    /// Ticks.
    pub end: f64,
    /// What it was.
    pub what: What,
}

/// What filled a stretch of a lane's time: an index into the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Into [`Trace::attempts`].
    Attempt(u32),
    /// Into [`Trace::spans`].
    Span(u32),
}

impl RunModel {
    /// The model of `report`, whose trace is unpacked and then dropped in its packed form.
    ///
    /// # Errors
    /// [`UnpackError`] where the packed trace is damaged, which is a fault of the engine.
    pub fn new(mut report: Report) -> Result<Self, UnpackError> {
        let trace = Trace::unpack(&std::mem::take(&mut report.trace))?;
        let transactions = trace.transactions as usize;
        let mut attempts_of = vec![Vec::new(); transactions];
        let mut by_version = HashMap::with_capacity(trace.attempts.len());
        let mut lanes = vec![Vec::new(); usize::from(trace.lanes)];
        for (i, attempt) in trace.attempts.iter().enumerate() {
            let i = i as u32;
            attempts_of[attempt.version.tx.index()].push(i);
            by_version.insert((attempt.version.tx.0, attempt.version.incarnation.0), i);
            lanes[usize::from(attempt.lane.0)].push(Piece {
                start: attempt.start.0 as f64,
                end: attempt.end.0 as f64,
                what: What::Attempt(i),
            });
        }
        for (i, span) in trace.spans.iter().enumerate() {
            lanes[usize::from(span.lane.0)].push(Piece {
                start: span.start.0 as f64,
                end: span.end.0 as f64,
                what: What::Span(i as u32),
            });
        }
        for pieces in &mut lanes {
            pieces.sort_by(|a, b| a.start.total_cmp(&b.start).then(a.end.total_cmp(&b.end)));
        }
        for attempts in &mut attempts_of {
            attempts.sort_by_key(|i| trace.attempts[*i as usize].version.incarnation);
        }
        let (mut sources, mut readers) = (vec![Vec::new(); transactions], vec![Vec::new(); transactions]);
        for edge in &report.analysis.edges {
            let (writer, reader) = (edge.writer as usize, edge.reader as usize);
            if writer < transactions && reader < transactions {
                sources[reader].push(edge.writer);
                readers[writer].push(edge.reader);
            }
        }
        for list in sources.iter_mut().chain(&mut readers) {
            list.sort_unstable();
        }
        let mut on_path = vec![false; transactions];
        for tx in &report.analysis.critical_path {
            if let Some(slot) = on_path.get_mut(*tx as usize) {
                *slot = true;
            }
        }
        let (labels, colour_of) = labels(&report, transactions);
        let committed = trace.committed();
        let clock_step = match report.clock {
            Clock::Measured => clock_step(&lanes),
            Clock::Simulated => None,
        };
        Ok(Self {
            report,
            committed,
            trace,
            labels,
            colour_of,
            attempts_of,
            lanes,
            sources,
            readers,
            on_path,
            by_version,
            clock_step,
        })
    }

    /// The steps in which the clock of a measured run counts, as its trace shows them, in nanoseconds.
    pub fn clock_step(&self) -> Option<u64> {
        self.clock_step
    }

    /// Whether the block took less time than the clock can tell, so that no speed follows from it. A block without
    /// transactions takes none.
    pub fn is_too_short(&self) -> bool {
        let timing = &self.report.timing;
        let least = timing.sequential_median.min(timing.parallel_median);
        least == 0 || self.clock_step.is_some_and(|step| least < STEPS * step)
    }

    /// Number of transactions.
    pub fn transactions(&self) -> u32 {
        self.trace.transactions
    }

    /// The run's duration in ticks, at least 1.
    pub fn duration(&self) -> f64 {
        (self.trace.duration.0 as f64).max(1.0)
    }

    /// Whether its lanes were simulated.
    pub fn is_simulated(&self) -> bool {
        self.report.clock == Clock::Simulated
    }

    /// What was asked for: a strategy, or that the engine chooses one.
    pub fn asked(&self) -> StrategyChoice {
        match self.report.chosen {
            Some(_) => StrategyChoice::Automatic,
            None => self.report.strategy.into(),
        }
    }

    /// Whether its ticks are those of `other`, so that both belong on one axis.
    pub fn shares_axis(&self, other: &Self) -> bool {
        self.report.clock == other.report.clock
            && (!self.is_simulated() || self.report.model.cost == other.report.model.cost)
    }

    /// Whether both ran the same block.
    pub fn is_of_the_block_of(&self, other: &Self) -> bool {
        self.report.title == other.report.title
            && self.transactions() == other.transactions()
            && self.report.verdict.receipts_root == other.report.verdict.receipts_root
    }

    /// What its ticks are.
    pub fn unit(&self) -> Unit {
        if self.is_simulated() { Unit::of_cost(self.report.model.cost) } else { Unit::Time }
    }

    /// So many of its ticks, with their unit. A measured time below the clock's step is told as such.
    pub fn ticks(&self, ticks: u64) -> String {
        match self.clock_step {
            Some(step) if ticks < step => format!("< {}", self.unit().text(step)),
            None if ticks == 0 && !self.is_simulated() => "≈ 0".to_owned(),
            _ => self.unit().text(ticks),
        }
    }

    /// So many nanoseconds by this machine's clock, also in a run of simulated lanes.
    pub fn time(&self, nanoseconds: u64) -> String {
        match self.clock_step {
            Some(step) if !self.is_simulated() && nanoseconds < step => format!("< {}", duration(step)),
            _ if nanoseconds == 0 => "≈ 0".to_owned(),
            _ => duration(nanoseconds),
        }
    }

    /// The index of the attempt of that version.
    pub fn attempt_index(&self, version: Version) -> Option<u32> {
        self.by_version.get(&(version.tx.0, version.incarnation.0)).copied()
    }

    /// The attempt of that index.
    pub fn attempt(&self, index: u32) -> Option<&Attempt> {
        self.trace.attempts.get(index as usize)
    }

    /// The attempts of a transaction, first attempt first.
    pub fn attempts(&self, tx: u32) -> impl Iterator<Item = &Attempt> {
        self.attempts_of
            .get(tx as usize)
            .into_iter()
            .flatten()
            .filter_map(|i| self.trace.attempts.get(*i as usize))
    }

    /// The committed attempt of a transaction.
    pub fn committed_attempt(&self, tx: u32) -> Option<&Attempt> {
        self.committed.get(tx as usize).copied().flatten().and_then(|i| self.attempt(i))
    }

    /// A location's name, or its number where none was sent.
    pub fn location(&self, id: u32) -> String {
        self.report
            .location_names
            .get(id as usize)
            .map_or_else(|| format!("location {id}"), |n| n.name.clone())
    }

    /// The label of a transaction.
    pub fn label(&self, tx: u32) -> &str {
        self.report.transactions.get(tx as usize).map_or("", |t| t.label.as_str())
    }

    /// `7 · swap`.
    pub fn tx_name(&self, tx: u32) -> String {
        match self.label(tx) {
            "" => tx.to_string(),
            label => format!("{tx} · {label}"),
        }
    }

    /// The colour of a transaction.
    pub fn colour(&self, tx: u32) -> u8 {
        self.colour_of.get(tx as usize).copied().unwrap_or(OTHER)
    }

    /// Speed-up over sequential execution, as text; `–` where the block was too short to measure.
    pub fn speed_up_text(&self) -> String {
        factor(if self.is_too_short() { f64::NAN } else { self.speed_up() })
    }

    /// Speed-up over sequential execution. Says nothing where [`Self::is_too_short`].
    pub fn speed_up(&self) -> f64 {
        let timing = &self.report.timing;
        timing.sequential_median as f64 / (timing.parallel_median as f64).max(1.0)
    }

    /// The speed-up that no schedule on these lanes can pass: the lower of both limits.
    pub fn ceiling(&self) -> f64 {
        let limits = self.report.analysis.limits;
        let known = |v: f64| if v.is_finite() && v > 0.0 { v } else { f64::INFINITY };
        let path = if self.waits_for_values() { known(limits.path) } else { f64::INFINITY };
        path.min(known(limits.work)).min(f64::from(self.report.lanes.max(1)))
    }

    /// Whether the path limit binds: with the block's access list nobody waits for values.
    pub fn waits_for_values(&self) -> bool {
        !self.report.strategy.reads_block_access_list()
    }

    /// How many attempts ran at some time between two ticks.
    pub fn attempts_between(&self, start: f64, end: f64) -> u64 {
        let inside = |a: &&Attempt| (a.start.0 as f64) < end && (a.end.0 as f64) > start;
        self.trace.attempts.iter().filter(inside).count() as u64
    }

    /// Attempts that stopped or were thrown away.
    pub fn lost_attempts(&self) -> usize {
        self.trace.attempts.iter().filter(|a| a.outcome != Outcome::Committed).count()
    }
}

/// The shortest time between two moments of one lane. Lanes are looked at one by one, because the clocks of two workers
/// are apart by a part of a step.
fn clock_step(lanes: &[Vec<Piece>]) -> Option<u64> {
    // A browser's clock counts in fractions of milliseconds: what they miss of whole nanoseconds is no step.
    const ROUNDING: f64 = 2.0;
    let moments = |pieces: &[Piece]| {
        let mut moments: Vec<f64> = pieces.iter().flat_map(|piece| [piece.start, piece.end]).collect();
        moments.sort_by(f64::total_cmp);
        let apart = moments.windows(2).map(|pair| pair[1] - pair[0]).filter(|apart| *apart > ROUNDING);
        apart.min_by(f64::total_cmp)
    };
    lanes.iter().filter_map(|pieces| moments(pieces)).min_by(f64::total_cmp).map(|step| step as u64)
}

/// Colours go to the labels that take most of the sequential time, so that what fills the picture
/// can be told apart.
fn labels(report: &Report, transactions: usize) -> (Vec<Label>, Vec<u8>) {
    let mut order: Vec<(&str, u64, u32)> = Vec::new();
    let mut at: HashMap<&str, usize> = HashMap::new();
    for tx in &report.transactions {
        let i = *at.entry(tx.label.as_str()).or_insert_with(|| {
            order.push((tx.label.as_str(), 0, 0));
            order.len() - 1
        });
        order[i].1 += tx.sequential_time.max(1);
        order[i].2 += 1;
    }
    // A stable sort, so that equal labels stand in block order and colours do not jump between runs.
    let mut ranked = order.clone();
    ranked.sort_by_key(|(_, time, _)| std::cmp::Reverse(*time));
    let keep: Vec<&str> = ranked.iter().take(HUES).map(|l| l.0).collect();
    // Among the kept ones the hue follows first appearance, which does not depend on times.
    let mut labels: Vec<Label> = Vec::with_capacity(order.len());
    let mut hue = 0;
    for (text, _, count) in &order {
        let colour = if keep.contains(text) {
            hue += 1;
            hue - 1
        } else {
            OTHER
        };
        labels.push(Label { text: (*text).to_owned(), colour, count: *count });
    }
    let colour_of = (0..transactions)
        .map(|i| {
            report
                .transactions
                .get(i)
                .and_then(|t| at.get(t.label.as_str()))
                .map_or(OTHER, |i| labels[*i].colour)
        })
        .collect();
    labels.sort_by_key(|l| (l.colour, std::cmp::Reverse(l.count)));
    (labels, colour_of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_lane_holds_its_pieces_in_order_of_time() {
        let model = sample::pool();
        for pieces in &model.lanes {
            assert!(pieces.windows(2).all(|p| p[0].end <= p[1].start));
        }
    }

    #[test]
    fn labels_beyond_the_palette_share_one_colour() {
        let model = sample::with_labels(&["a", "b", "c", "d", "e", "f", "g", "h"]);
        let others = model.labels.iter().filter(|l| l.colour == OTHER).count();
        assert_eq!(others, 2);
        assert_eq!(model.colour(0), 0);
    }

    #[test]
    fn a_time_below_the_steps_of_the_clock_is_not_told_as_a_time() {
        let coarse = sample::payment;
        const MS: u64 = 1_000_000;
        for step in [MS / 10, MS, 100 * MS] {
            for (sequential, parallel) in
                [(0, 0), (0, step), (step, 0), (step, 2 * step), (2 * step, 50 * step)]
            {
                let model = coarse(step, sequential, parallel);
                assert!(model.is_too_short(), "{step}: {sequential}, {parallel}");
                assert_eq!(model.speed_up_text(), "–");
                assert_eq!(model.ticks(0), format!("< {}", Unit::Time.text(step)));
            }
            assert!(!coarse(step, 3 * step, 4 * step).is_too_short());
        }
        // A clock that does not move at all.
        let still = coarse(0, 0, 0);
        assert_eq!((still.clock_step(), still.is_too_short(), still.ticks(0).as_str()), (None, true, "≈ 0"));
        assert!(!sample::pool().is_too_short());
    }

    #[test]
    fn the_ceiling_is_the_lower_limit() {
        let model = sample::pool();
        assert!((model.ceiling() - 1.8).abs() < 1e-9, "{}", model.ceiling());
    }
}

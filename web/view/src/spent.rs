//! What each lane's time went into: as it is drawn ([`Use`]), and as it is counted ([`Part`]), where what a lane waited
//! for is told apart. A lane's parts add up to the run.

use evm_lanes_core::analysis;
use evm_lanes_core::trace::{Outcome, SpanKind};

use super::lanes::Pattern;
use super::model::{RunModel, What};

/// What a stretch of a lane's time went into, in the order of the legend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Attempts that committed.
    Executed,
    /// Attempts that were aborted or stopped.
    NotCommitted,
    /// Comparing reads with what they would be now.
    Validating,
    /// Recording writes, choosing the next task.
    Scheduling,
    /// Folding results into the block's state.
    Committing,
    /// Other lanes held what remained.
    Waiting,
    /// After the lane's last task.
    Idle,
}

impl Use {
    /// In their order.
    pub const ALL: [Self; 7] = [
        Self::Executed,
        Self::NotCommitted,
        Self::Validating,
        Self::Scheduling,
        Self::Committing,
        Self::Waiting,
        Self::Idle,
    ];

    /// What the legend calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Executed => "executed",
            Self::NotCommitted => "aborted",
            Self::Validating => "validating",
            Self::Scheduling => "scheduling",
            Self::Committing => "committing",
            Self::Waiting => "waiting",
            Self::Idle => "idle",
        }
    }

    /// What it is, in a sentence.
    pub fn about(self) -> &'static str {
        match self {
            Self::Executed => "In the EVM: attempts whose result is the transaction's result.",
            Self::NotCommitted => {
                "In the EVM: attempts that were aborted, or stopped at a value about to be written again."
            }
            Self::Validating => "Comparing what an attempt read with what it would read now.",
            Self::Scheduling => "Recording an attempt's writes and choosing the next task.",
            Self::Committing => "Folding the results into the state after the block.",
            Self::Waiting => "Nothing to do yet: other lanes had all remaining tasks.",
            Self::Idle => "After the lane's last task.",
        }
    }

    /// How the lanes draw it; `None`: as the background.
    pub fn pattern(self) -> Option<Pattern> {
        match self {
            Self::Executed => Some(Pattern::Solid),
            Self::NotCommitted => Some(Pattern::Hatched),
            Self::Validating => Some(Pattern::Pale),
            Self::Scheduling | Self::Committing => Some(Pattern::Overhead),
            Self::Waiting => Some(Pattern::Dotted),
            Self::Idle => None,
        }
    }
}

/// What a lane's time is counted under, in the order of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Attempts that committed.
    Executed,
    /// Attempts that were aborted or stopped.
    NotCommitted,
    /// Comparing reads with what they would be now.
    Validating,
    /// Folding results into the block's state.
    Committing,
    /// The lane had no core.
    NoCore,
    /// Before the first task.
    Start,
    /// Between two tasks.
    Between,
    /// Until a value was written.
    Value,
    /// Although something could have started.
    Held,
    /// After the last start.
    Tail,
}

impl Part {
    /// In their order.
    pub const ALL: [Self; 10] = [
        Self::Executed,
        Self::NotCommitted,
        Self::Validating,
        Self::Committing,
        Self::NoCore,
        Self::Start,
        Self::Between,
        Self::Value,
        Self::Held,
        Self::Tail,
    ];

    /// Whether a run has it: simulated lanes always have a core.
    pub fn is_of(self, simulated: bool) -> bool {
        !simulated || self != Self::NoCore
    }

    /// What the tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Executed => "executed",
            Self::NotCommitted => "aborted",
            Self::Validating => "validating",
            Self::Committing => "committing",
            Self::NoCore => "no core",
            Self::Start => "starting up",
            Self::Between => "between tasks",
            Self::Value => "waiting for values",
            Self::Held => "held back",
            Self::Tail => "nothing left",
        }
    }

    /// What it is, in a sentence.
    pub fn about(self) -> &'static str {
        match self {
            Self::Executed => Use::Executed.about(),
            Self::NotCommitted => Use::NotCommitted.about(),
            Self::Validating => Use::Validating.about(),
            Self::Committing => Use::Committing.about(),
            Self::NoCore => {
                "The lane did not run: a turn or an attempt took over a millisecond longer than usual. Another program was probably using its core."
            }
            Self::Start => "Before the lane’s first task: waking up and asking for it.",
            Self::Between => "Recording an attempt’s writes and choosing the next task.",
            Self::Value => {
                "Nothing to do: each transaction that was still to start needed a value that was not written yet, or had to run again and no lane knew it yet."
            }
            Self::Held => {
                "Nothing to do, although a transaction that started later already had all values that it read: the scheduler kept it for its turn, another lane had already taken it, or this lane was asleep."
            }
            Self::Tail => "After the block’s last attempt had started: nothing was left to start.",
        }
    }

    /// As what the lanes draw it. What is left at the end is drawn as waiting or not at all; time without a core as
    /// what was interrupted, mostly a turn.
    pub fn drawn(self) -> Use {
        match self {
            Self::Executed => Use::Executed,
            Self::NotCommitted => Use::NotCommitted,
            Self::Validating => Use::Validating,
            Self::Committing => Use::Committing,
            Self::NoCore | Self::Start | Self::Between => Use::Scheduling,
            Self::Value | Self::Held => Use::Waiting,
            Self::Tail => Use::Idle,
        }
    }
}

/// The time of one lane by part, in the order of [`Part::ALL`], in ticks.
pub type Spent = [f64; Part::ALL.len()];

/// For each lane what its time went into.
pub fn by_lane(model: &RunModel) -> Vec<Spent> {
    let idle = analysis::idle(&model.trace);
    let alone: Vec<u64> = model.report.transactions.iter().map(|tx| tx.sequential_time).collect();
    let absence = analysis::absence(&model.trace, &alone);
    let spent =
        |((pieces, idle), absence): ((&Vec<super::model::Piece>, &analysis::Idle), &analysis::Absence)| {
            let mut spent = Spent::default();
            for piece in pieces {
                let found = match piece.what {
                    What::Attempt(i) => model.attempt(i).map(|a| match a.outcome {
                        Outcome::Committed => Part::Executed,
                        Outcome::Aborted | Outcome::Blocked => Part::NotCommitted,
                    }),
                    What::Span(i) => model.trace.spans.get(i as usize).and_then(|span| match span.kind {
                        SpanKind::Validating { .. } => Some(Part::Validating),
                        SpanKind::Committing => Some(Part::Committing),
                        SpanKind::Scheduling | SpanKind::Waiting | SpanKind::Idle => None,
                    }),
                };
                if let Some(found) = found {
                    spent[found as usize] += piece.end - piece.start;
                }
            }
            for (part, ticks) in [
                (Part::Start, idle.start),
                (Part::Between, idle.between),
                (Part::Value, idle.value),
                (Part::Held, idle.held),
                (Part::Tail, idle.tail),
            ] {
                spent[part as usize] = ticks as f64;
            }
            for (part, ticks) in [
                (Part::Executed, absence.executed),
                (Part::NotCommitted, absence.aborted),
                (Part::Validating, absence.validating),
                (Part::Start, absence.start),
                (Part::Between, absence.between),
            ] {
                spent[part as usize] -= ticks as f64;
                spent[Part::NoCore as usize] += ticks as f64;
            }
            spent
        };
    model.lanes.iter().zip(&idle).zip(&absence).map(spent).collect()
}

/// All lanes together.
pub fn total(lanes: &[Spent]) -> Spent {
    let mut total = Spent::default();
    for lane in lanes {
        for (sum, part) in total.iter_mut().zip(lane) {
            *sum += part;
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn the_parts_of_a_lane_add_up_to_what_it_noted() {
        let model = sample::pool();
        let lanes = by_lane(&model);
        // The last attempt starts at 180,000; before that both lanes are busy.
        assert_eq!(lanes[0], [200_000.0, 0.0, 10_000.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 90_000.0]);
        assert_eq!(lanes[1], [200_000.0, 80_000.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 20_000.0]);
        for lane in &lanes {
            assert_eq!(lane.iter().sum::<f64>(), model.duration());
        }
        assert_eq!(total(&lanes).iter().sum::<f64>(), 2.0 * model.duration());
    }

    #[test]
    fn time_without_a_core_is_no_lanes_doing() {
        let model = sample::without_a_core();
        let lanes = by_lane(&model);
        let (start, no_core) = (Part::Start as usize, Part::NoCore as usize);
        assert_eq!((lanes[0][no_core], lanes[1][no_core]), (0.0, 10_000_000.0));
        assert_eq!(lanes[1][start], 0.0);
        for lane in &lanes {
            assert_eq!(lane.iter().sum::<f64>(), model.duration());
        }
    }

    #[test]
    fn every_part_is_told_in_a_sentence() {
        for (i, part) in Part::ALL.into_iter().enumerate() {
            assert_eq!(part as usize, i);
            assert!(part.about().ends_with('.') && !part.name().is_empty());
        }
    }
}

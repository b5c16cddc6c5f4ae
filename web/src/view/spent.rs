//! What each lane's time went into. A lane's shares add up to the run.

use evm_lanes_core::trace::{Outcome, SpanKind};

use super::lanes::Pattern;
use super::model::{RunModel, What};

/// What a stretch of a lane's time went into, in the order of legend and table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Attempts that committed.
    Executed,
    /// Attempts that were aborted or stopped.
    InVain,
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
        Self::InVain,
        Self::Validating,
        Self::Scheduling,
        Self::Committing,
        Self::Waiting,
        Self::Idle,
    ];

    /// What legend and table call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Executed => "executed",
            Self::InVain => "ran in vain",
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
            Self::InVain => {
                "In the EVM: attempts that were aborted, or stopped at a value about to be written again."
            }
            Self::Validating => "Comparing what an attempt had read with what it would read now.",
            Self::Scheduling => "Recording an attempt's writes and choosing the next task.",
            Self::Committing => "Folding the results into the state after the block.",
            Self::Waiting => "Nothing to do yet: other lanes held what remained.",
            Self::Idle => "After the lane's last task.",
        }
    }

    /// How the lanes draw it; `None`: as the background.
    pub fn pattern(self) -> Option<Pattern> {
        match self {
            Self::Executed => Some(Pattern::Solid),
            Self::InVain => Some(Pattern::Hatched),
            Self::Validating => Some(Pattern::Pale),
            Self::Scheduling | Self::Committing => Some(Pattern::Overhead),
            Self::Waiting => Some(Pattern::Dotted),
            Self::Idle => None,
        }
    }
}

/// The time of one lane by use, in the order of [`Use::ALL`], in ticks.
pub type Spent = [f64; Use::ALL.len()];

/// For each lane what its time went into.
pub fn by_lane(model: &RunModel) -> Vec<Spent> {
    let spent = |pieces: &[super::model::Piece]| {
        let mut spent = Spent::default();
        for piece in pieces {
            let found = match piece.what {
                What::Attempt(i) => model.attempt(i).map(|a| match a.outcome {
                    Outcome::Committed => Use::Executed,
                    Outcome::Aborted | Outcome::Blocked => Use::InVain,
                }),
                What::Span(i) => model.trace.spans.get(i as usize).map(|span| match span.kind {
                    SpanKind::Validating { .. } => Use::Validating,
                    SpanKind::Scheduling => Use::Scheduling,
                    SpanKind::Committing => Use::Committing,
                    SpanKind::Waiting => Use::Waiting,
                    SpanKind::Idle => Use::Idle,
                }),
            };
            if let Some(found) = found {
                spent[found as usize] += piece.end - piece.start;
            }
        }
        spent
    };
    model.lanes.iter().map(|pieces| spent(pieces)).collect()
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
    use crate::view::sample;

    #[test]
    fn the_parts_of_a_lane_add_up_to_what_it_noted() {
        let model = sample::pool();
        let lanes = by_lane(&model);
        assert_eq!(lanes[0], [200_000.0, 0.0, 10_000.0, 0.0, 0.0, 0.0, 90_000.0]);
        assert_eq!(lanes[1], [200_000.0, 80_000.0, 0.0, 0.0, 0.0, 20_000.0, 0.0]);
        for lane in &lanes {
            assert_eq!(lane.iter().sum::<f64>(), model.duration());
        }
        assert_eq!(total(&lanes).iter().sum::<f64>(), 2.0 * model.duration());
    }
}

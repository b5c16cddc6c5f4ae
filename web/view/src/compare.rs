//! One run as a line of a comparison.

use evm_lanes_core::trace::Outcome;

use super::format::{factor, gas, share};
use super::model::RunModel;
use super::sentence;

/// The figures of one run, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// `Block-STM on 8 simulated lanes`.
    pub run: String,
    /// Time of the whole block, with its unit.
    pub time: String,
    /// Over sequential.
    pub speed_up: String,
    /// What was possible.
    pub limit: String,
    /// How much of that was reached.
    pub reached: String,
    /// Gas of the attempts that did not commit.
    pub wasted: String,
    /// Share of the lanes' time that was of use.
    pub busy: String,
    /// Whether its result is that of sequential execution.
    pub equal: bool,
    /// How the figures were taken.
    pub taken: String,
}

/// The line of `model`.
pub fn line(model: &RunModel) -> Line {
    let report = &model.report;
    let alone = report.strategy.is_sequential();
    let wasted: u64 =
        model.trace.attempts.iter().filter(|a| a.outcome != Outcome::Committed).map(|a| a.gas).sum();
    let unless_alone = |text: String| if alone { "–".to_owned() } else { text };
    Line {
        run: if alone {
            sentence::scheduled_by(model)
        } else {
            format!("{} on {}", sentence::scheduled_by(model), sentence::lanes(model))
        },
        time: model.ticks(report.timing.parallel_median),
        speed_up: model.speed_up_text(),
        limit: unless_alone(factor(model.ceiling())),
        reached: if model.is_too_short() {
            "–".to_owned()
        } else {
            unless_alone(share(model.speed_up() / model.ceiling()))
        },
        wasted: gas(wasted),
        busy: share(report.analysis.busy),
        equal: report.verdict.difference.is_none(),
        taken: sentence::taken(model),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_line_says_how_far_from_its_limit_a_run_was() {
        let line = line(&sample::pool());
        assert_eq!((line.run.as_str(), line.limit.as_str()), ("Block-STM on 2 lanes", "1.8×"));
        assert_eq!(line.reached, "74 %");
        assert!(line.equal && line.taken.starts_with("measured"));
    }
}

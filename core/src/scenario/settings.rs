//! How a block is run, as a document or a link says it, in the types of the rooms that run it.

use document::{ClockName, CostName, RunSettings, StrategyName};

use super::StrategyChoice;
use crate::model::Cost;
use crate::trace::Clock;

/// [`RunSettings`] with each word as what it stands for. What is left out is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Who schedules.
    pub strategy: Option<StrategyChoice>,
    /// Number of lanes.
    pub lanes: Option<u16>,
    /// Real or modelled time.
    pub clock: Option<Clock>,
    /// What modelled time is made of.
    pub cost: Option<Cost>,
    /// The model's seed.
    pub seed: Option<u64>,
}

// Every word stands for something and everything has a word: the test below compares the lists. A name that had no
// counterpart would be left out, never replaced.

impl From<RunSettings> for Settings {
    fn from(run: RunSettings) -> Self {
        Self {
            strategy: run.strategy.and_then(|word| StrategyChoice::from_name(word.name())),
            lanes: run.lanes,
            clock: run.clock.and_then(|word| Clock::from_name(word.name())),
            cost: run.cost.and_then(|word| Cost::from_name(word.name())),
            seed: run.seed,
        }
    }
}

impl From<Settings> for RunSettings {
    fn from(settings: Settings) -> Self {
        Self {
            strategy: settings.strategy.and_then(|strategy| StrategyName::from_name(strategy.name())),
            lanes: settings.lanes,
            clock: settings.clock.and_then(|clock| ClockName::from_name(clock.name())),
            cost: settings.cost.and_then(|cost| CostName::from_name(cost.name())),
            seed: settings.seed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_format_stands_for_something_and_everything_has_a_word() {
        assert_eq!(StrategyName::NAMES, StrategyChoice::ALL.map(StrategyChoice::name));
        assert_eq!(ClockName::NAMES, Clock::ALL.map(Clock::name));
        assert_eq!(CostName::NAMES, Cost::ALL.map(Cost::name));
    }

    #[test]
    fn settings_survive_the_way_through_a_document() {
        let settings = Settings {
            strategy: Some(StrategyChoice::Automatic),
            lanes: Some(3),
            clock: Some(Clock::Simulated),
            cost: Some(Cost::Measured),
            seed: Some(u64::MAX),
        };
        assert_eq!(Settings::from(RunSettings::from(settings)), settings);
    }
}

//! The settings of a run in a document or link, as the engine's types.

use document::{ClockName, CostName, RunSettings, StrategyName};

use super::StrategyChoice;
use crate::model::Cost;
use crate::trace::Clock;

/// [`RunSettings`] with the engine's type for each word. A setting that is left out is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The strategy, or that the engine chooses it.
    pub strategy: Option<StrategyChoice>,
    /// Number of lanes.
    pub lanes: Option<u16>,
    /// Measured or simulated time.
    pub clock: Option<Clock>,
    /// The cost model of simulated time.
    pub cost: Option<Cost>,
    /// The cost model's seed.
    pub seed: Option<u64>,
}

// Every word has a type and every type a word: the test below compares the lists. A word without a type would be left
// out, never replaced by another.

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
    fn every_word_of_the_format_has_a_type_and_every_type_a_word() {
        assert_eq!(StrategyName::NAMES, StrategyChoice::ALL.map(StrategyChoice::name));
        assert_eq!(ClockName::NAMES, Clock::ALL.map(Clock::name));
        assert_eq!(CostName::NAMES, Cost::ALL.map(Cost::name));
    }

    #[test]
    fn settings_are_the_same_after_a_document() {
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

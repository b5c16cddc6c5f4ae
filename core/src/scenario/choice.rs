//! The choice of a strategy in a link, a document or the page.

use serde::{Deserialize, Serialize};

use crate::strategies::StrategyId;

/// A strategy, or that the engine chooses one. In links and documents it is a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum StrategyChoice {
    /// Block-STM or sequential, by the figures of a sequential run of the block ([`crate::analysis::weigh`]).
    Automatic,
    /// This strategy.
    Always(StrategyId),
}

impl StrategyChoice {
    /// Everything that can be chosen, in the order in which the page offers it.
    pub const ALL: [Self; StrategyId::ALL.len() + 1] = {
        let mut all = [Self::Automatic; StrategyId::ALL.len() + 1];
        let mut i = 0;
        while i < StrategyId::ALL.len() {
            all[i + 1] = Self::Always(StrategyId::ALL[i]);
            i += 1;
        }
        all
    };

    /// The name in links and documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Always(strategy) => strategy.name(),
        }
    }

    /// Whether it is sequential for certain: one lane, whatever else is asked for.
    pub fn is_sequential(self) -> bool {
        matches!(self, Self::Always(strategy) if strategy.is_sequential())
    }

    /// Whether its runs read a block access list (EIP-7928).
    pub fn reads_block_access_list(self) -> bool {
        matches!(self, Self::Always(strategy) if strategy.reads_block_access_list())
    }

    /// What has that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.name() == name)
    }
}

impl From<StrategyId> for StrategyChoice {
    fn from(strategy: StrategyId) -> Self {
        Self::Always(strategy)
    }
}

impl PartialEq<StrategyId> for StrategyChoice {
    fn eq(&self, other: &StrategyId) -> bool {
        *self == Self::Always(*other)
    }
}

impl From<StrategyChoice> for String {
    fn from(choice: StrategyChoice) -> Self {
        choice.name().to_owned()
    }
}

/// No strategy has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no strategy of that name")]
pub struct UnknownStrategy;

impl TryFrom<String> for StrategyChoice {
    type Error = UnknownStrategy;

    fn try_from(name: String) -> Result<Self, UnknownStrategy> {
        Self::from_name(&name).ok_or(UnknownStrategy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_has_a_name_of_its_own_that_leads_back_to_it() {
        for (i, choice) in StrategyChoice::ALL.into_iter().enumerate() {
            assert_eq!(StrategyChoice::ALL.iter().position(|c| c.name() == choice.name()), Some(i));
            assert_eq!(StrategyChoice::from_name(choice.name()), Some(choice));
            let json = serde_json::to_string(&choice).unwrap();
            assert_eq!(json, format!("\"{}\"", choice.name()));
            assert_eq!(serde_json::from_str::<StrategyChoice>(&json).unwrap(), choice);
        }
        assert!(serde_json::from_str::<StrategyChoice>("\"fastest\"").is_err());
    }
}

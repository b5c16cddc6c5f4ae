//! Words of the format for what other rooms make: strategies, clocks and cost models.
//!
//! A document and a link hold a word. What it stands for belongs to the engine, which turns each word into a type of
//! its own. So this room needs no scheduler, and an old document is read by a list that only ever grows.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $($word:literal),+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name(&'static str);

        impl $name {
            /// Every word, in the order in which the page offers them.
            pub const ALL: &[Self] = &[$(Self($word)),+];
            /// The same as texts.
            pub const NAMES: &[&str] = &[$($word),+];

            /// The word in links and documents.
            pub fn name(self) -> &'static str {
                self.0
            }

            /// The word that is written so.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.0 == name)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0)
            }
        }
    };
}

words!(
    /// A strategy by its name, or `automatic`: the engine chooses.
    StrategyName:
        "automatic", "block-stm", "ordered-commit", "access-list", "perfect-access-list", "block-access-list",
        "sequential"
);
words!(
    /// Where a run's times come from.
    ClockName: "measured", "simulated"
);
words!(
    /// What simulated time is made of.
    CostName: "gas", "opcodes", "measured"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_leads_back_to_itself() {
        for word in StrategyName::ALL {
            assert_eq!(StrategyName::from_name(word.name()), Some(*word));
            assert_eq!(serde_json::to_string(word).unwrap(), format!("\"{}\"", word.name()));
        }
        assert_eq!(StrategyName::from_name("fastest"), None);
        assert_eq!(ClockName::ALL.len(), ClockName::NAMES.len());
    }
}

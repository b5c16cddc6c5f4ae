//! What a simulated run's time is made of: the cost model and the seed, by the names that links
//! and documents use.
//!
//! A simulated run is a pure function of the block, the strategy, the number of lanes and the
//! [`Model`]: the same trace, byte for byte, on every machine. (With [`Cost::Measured`] the times of
//! this machine's sequential run are part of the input.)

use serde::{Deserialize, Serialize};

/// A cost model and a seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Model {
    /// What an execution costs.
    pub cost: Cost,
    /// Settles what is left open when several lanes could go next at the same moment.
    pub seed: u64,
}

/// What an execution costs, and so what a tick is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cost {
    /// Its gas: a tick is one gas.
    #[default]
    Gas,
    /// A stated time for each class of instructions: a tick is a nanosecond.
    Opcodes,
    /// What the transaction took in this machine's sequential runs: a tick is a nanosecond.
    Measured,
}

impl Cost {
    /// Every cost model, in the order in which the page offers them.
    pub const ALL: [Self; 3] = [Self::Gas, Self::Opcodes, Self::Measured];

    /// The name in links and documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gas => "gas",
            Self::Opcodes => "opcodes",
            Self::Measured => "measured",
        }
    }

    /// The cost model of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cost| cost.name() == name)
    }
}

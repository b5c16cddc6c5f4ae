//! The cost model and the seed of a simulated run, by the names that links and documents use.
//!
//! A simulated run is a pure function of the block, the strategy, the number of lanes and the [`CostModel`]:
//! the same trace, byte for byte, on every machine. (With [`Cost::Measured`] the times of this machine's
//! sequential runs are part of the input.)

use serde::{Deserialize, Serialize};

/// With [`Cost::Opcodes`]: the time of a transaction beside its instructions, in nanoseconds.
pub const TRANSACTION: u64 = 700;

/// A cost model and a seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CostModel {
    /// The cost of an execution.
    pub cost: Cost,
    /// With 0 there is no randomness: every piece of work takes the time that the model says, and of several
    /// lanes that could go next at the same moment the lowest does. Any other seed disturbs the lanes as a
    /// real machine does: every piece of work takes up to half as long again, one in sixteen up to four times
    /// as long, and the lane that goes next is drawn. No work ever takes less than the model says.
    pub seed: u64,
}

/// The cost of an execution, and with it the unit of a tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cost {
    /// The gas that it uses: a tick is one gas.
    #[default]
    Gas,
    /// A stated time for each class of instructions: a tick is a nanosecond.
    Opcodes,
    /// The transaction's time in this machine's sequential runs: a tick is a nanosecond.
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

    /// The unit of a tick.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Gas => "gas",
            Self::Opcodes | Self::Measured => "ns",
        }
    }

    /// The cost of a lane's turn at the scheduler, in ticks.
    pub fn turn(self) -> u64 {
        match self {
            Self::Gas => 500,
            Self::Opcodes | Self::Measured => 150,
        }
    }

    /// The cost of a validation that reads so many locations again, in ticks.
    pub fn validation(self, reads: usize) -> u64 {
        let (all, each) = match self {
            Self::Gas => (500, 100),
            Self::Opcodes | Self::Measured => (150, 30),
        };
        all + each * reads as u64
    }

    /// The least cost of an execution, in ticks: that of a transaction that cannot be included, say.
    pub fn least(self) -> u64 {
        match self {
            Self::Gas => 1_000,
            Self::Opcodes => TRANSACTION,
            Self::Measured => 100,
        }
    }

    /// The cost model of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cost| cost.name() == name)
    }
}

//! Ids and quantities. Each has its own type, so that a transaction's position is never
//! mistaken for a lane's, nor a modelled duration for a measured one.

use serde::{Deserialize, Serialize};

/// Position of a transaction in its block, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TxIndex(pub u32);

/// How many attempts at the transaction were started before this one: 0 for the first, as the *incarnation
/// number* of Block-STM (Gelashvili et al., arXiv 2203.06871). The page counts from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Incarnation(pub u32);

/// One attempt at one transaction: Block-STM's *version* (Gelashvili et al., arXiv 2203.06871). A value in
/// the memory names the version that wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version {
    /// The transaction.
    pub tx: TxIndex,
    /// Its incarnation.
    pub incarnation: Incarnation,
}

/// A lane, from 0: the worker that runs attempts, and the row in which the page draws them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LaneId(pub u16);

/// Index into a trace's list of locations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LocationId(pub u32);

/// A point or a span of time on a run's clock, from the run's start. Nanoseconds on a measured clock; on a
/// simulated one the unit of the cost model: [`crate::trace::Clock`] says which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ticks(pub u64);

/// A strategy, by its number in packed traces. [`crate::strategies`] has their names and all else; only its files make
/// numbers, so every id that exists is one of the registry's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StrategyId(u8);

impl StrategyId {
    /// For the file of the strategy in [`crate::strategies`].
    pub(crate) const fn numbered(number: u8) -> Self {
        Self(number)
    }

    /// Its number in packed traces.
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl TxIndex {
    /// The position as an index into a slice.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The position after it.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl LocationId {
    /// The id as an index into a slice.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

//! Ids and quantities. Each has its own type, so that a transaction's position is never
//! mistaken for a lane's, nor a modelled duration for a measured one.

use serde::{Deserialize, Serialize};

/// Position of a transaction in its block, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TxIndex(pub u32);

/// How often a transaction was started before this attempt: the first attempt is 0, as the
/// *incarnation number* of Block-STM (Gelashvili et al., arXiv 2203.06871). The page counts from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Incarnation(pub u32);

/// Which attempt of which transaction wrote a value: Block-STM's *version* (Gelashvili et al., arXiv 2203.06871).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version {
    /// The transaction.
    pub tx: TxIndex,
    /// Its attempt.
    pub incarnation: Incarnation,
}

/// A drawn row and the worker behind it, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LaneId(pub u16);

/// Index into a trace's list of locations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LocationId(pub u32);

/// A point or span on a run's clock, counted from the run's start. Nanoseconds on a measured
/// clock, gas on a simulated one: [`crate::trace::Clock`] says which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ticks(pub u64);

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

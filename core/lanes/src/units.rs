//! Ids and quantities. Each has its own type, so that a transaction's position is never
//! mistaken for a lane's, nor a modelled duration for a measured one.

use std::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Mul},
};

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

/// Gas, as the protocol counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Gas(pub u64);

impl Ticks {
    /// The time from `earlier` to this point; zero if that is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }

    /// How many times this time is as long as another; 0 if that has no length.
    pub fn over(self, other: Self) -> f64 {
        if other.0 == 0 { 0.0 } else { self.0 as f64 / other.0 as f64 }
    }

    /// The number of ticks for places on an axis and for averages; exact up to 2⁵³.
    pub fn as_f64(self) -> f64 {
        self.0 as f64
    }

    /// The whole ticks of such a number; none if it is negative or not a number.
    pub fn from_f64(ticks: f64) -> Self {
        Self(ticks as u64)
    }
}

impl Add for Ticks {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Ticks {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl Mul<u64> for Ticks {
    type Output = Self;

    fn mul(self, times: u64) -> Self {
        Self(self.0 * times)
    }
}

impl Sum for Ticks {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        Self(all.map(|ticks| ticks.0).sum())
    }
}

impl Sum for Gas {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        Self(all.map(|gas| gas.0).sum())
    }
}

impl fmt::Display for TxIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TxIndex {
    /// All positions of a block of that many transactions, in order.
    pub fn of_block(transactions: u32) -> impl Iterator<Item = Self> {
        (0..transactions).map(Self)
    }

    /// The position as an index into a slice.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The position after it.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The position before it; `None` for the block's first.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        self.0.checked_sub(1).map(Self)
    }
}

impl Incarnation {
    /// Which attempt it is as the page counts them: 1 for the first.
    pub fn number(self) -> u32 {
        self.0 + 1
    }
}

impl LocationId {
    /// The id as an index into a slice.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_from_a_number_are_whole_and_never_negative() {
        for (number, ticks) in [(0.0, 0), (1.9, 1), (-3.0, 0), (f64::NAN, 0), (1e300, u64::MAX)] {
            assert_eq!(Ticks::from_f64(number), Ticks(ticks), "{number}");
        }
        assert_eq!(Ticks::from_f64(Ticks(1 << 53).as_f64()), Ticks(1 << 53));
    }

    #[test]
    fn a_block_has_no_position_before_its_first() {
        assert_eq!(TxIndex(0).previous(), None);
        let positions: Vec<TxIndex> = TxIndex::of_block(3).collect();
        assert!(positions.windows(2).all(|pair| pair[1].previous() == Some(pair[0])), "{positions:?}");
    }
}

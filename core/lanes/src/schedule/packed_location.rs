//! Locations in four bytes, for the lists that hold millions of them.
//!
//! ```text
//! kind: 3 bits │ number: 29 bits       0..=3 part of account `number` · 4 slot `number` · 5 entry `number` of `others`
//! ```

use std::collections::HashSet;

use smallvec::SmallVec;

use super::{AccountNo, Key, Part, SlotNo};

/// A location in four bytes: its kind in the topmost three bits, and below it a number, of the account, of
/// the slot, or of an entry in a list of other locations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PackedLocation(u32);

const KIND: u32 = 29;
const NUMBER: u32 = (1 << KIND) - 1;

/// What a [`PackedLocation`] stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A part of an account, other than a slot.
    Part(AccountNo, Part),
    /// A slot that has a number.
    Slot(SlotNo),
    /// An entry in the list of others: a slot without a number.
    Other(usize),
}

impl PackedLocation {
    fn new(kind: u32, number: u32) -> Self {
        // A block with half a billion accounts or slots does not fit into the memory of any machine here.
        debug_assert!(number <= NUMBER);
        Self(kind << KIND | number & NUMBER)
    }

    /// A part of an account, other than a slot.
    pub fn of_part(account: AccountNo, part: Part) -> Self {
        let kind = match part {
            Part::Balance => 0,
            Part::Nonce => 1,
            Part::Code => 2,
            Part::Existence | Part::Slot(_) => 3,
        };
        Self::new(kind, account.0)
    }

    /// The slot of a number.
    pub fn slot(at: SlotNo) -> Self {
        Self::new(4, at.0)
    }

    /// The location `key`. `at` is the slot's number, if the key is a slot's and it has one. A slot without a
    /// number is appended to `others`.
    pub fn of(key: Key, at: Option<SlotNo>, others: &mut Vec<Key>) -> Self {
        match (key.part, at) {
            (Part::Slot(_), Some(at)) => Self::slot(at),
            (Part::Slot(_), None) => {
                others.push(key);
                Self::other(others.len() - 1)
            }
            (part, _) => Self::of_part(key.account, part),
        }
    }

    /// The entry at `i` in a list of others.
    pub fn other(i: usize) -> Self {
        Self::new(5, i as u32)
    }

    /// What it stands for.
    pub fn kind(self) -> Kind {
        let number = self.0 & NUMBER;
        let part = |part| Kind::Part(AccountNo(number), part);
        match self.0 >> KIND {
            0 => part(Part::Balance),
            1 => part(Part::Nonce),
            2 => part(Part::Code),
            3 => part(Part::Existence),
            4 => Kind::Slot(SlotNo(number)),
            _ => Kind::Other(number as usize),
        }
    }
}

/// The locations that an attempt wrote.
#[derive(Debug, Default)]
pub struct WriteSet(
    /// Six hold all writes of a payment: two balances, a nonce, the fee.
    SmallVec<[PackedLocation; 6]>,
);

impl WriteSet {
    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn reserve(&mut self, more: usize) {
        self.0.reserve_exact(more);
    }

    pub(super) fn push(&mut self, location: PackedLocation) {
        self.0.push(location);
    }

    /// Its locations.
    pub(super) fn iter(&self) -> impl Iterator<Item = PackedLocation> {
        self.0.iter().copied()
    }

    /// Its locations that are not in `now`.
    pub(super) fn without<'a>(&'a self, now: &'a Self) -> impl Iterator<Item = PackedLocation> {
        /// Longer sets are compared by a hash table, so that the time stays linear.
        const FEW: usize = 16;
        let many = self.0.len() > FEW && now.0.len() > FEW;
        let all: HashSet<PackedLocation> = now.iter().filter(|_| many).collect();
        let stays = move |location| if many { all.contains(&location) } else { now.0.contains(&location) };
        self.iter().filter(move |location| !stays(*location))
    }
}

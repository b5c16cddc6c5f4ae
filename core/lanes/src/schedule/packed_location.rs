//! Locations in four bytes: what lists of them hold by the million.

use std::collections::HashSet;

use smallvec::SmallVec;

use super::{AccountNo, Key, Part, SlotNo};

/// A location: its kind in the topmost three bits, and the number of the account, of the slot, or
/// of the entry in a list of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PackedLocation(u32);

const KIND: u32 = 29;
const NUMBER: u32 = (1 << KIND) - 1;

/// What a [`PackedLocation`] stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A part of the account that is no slot.
    Part(AccountNo, Part),
    /// A slot that has a number.
    Slot(SlotNo),
    /// An entry in the list of others.
    Other(usize),
}

impl PackedLocation {
    fn new(kind: u32, number: u32) -> Self {
        // A block with half a billion accounts or slots does not fit into any memory here.
        debug_assert!(number <= NUMBER);
        Self(kind << KIND | number & NUMBER)
    }

    /// The place of a part that is no slot.
    pub fn of_part(account: AccountNo, part: Part) -> Self {
        let kind = match part {
            Part::Balance => 0,
            Part::Nonce => 1,
            Part::Code => 2,
            Part::Existence | Part::Slot(_) => 3,
        };
        Self::new(kind, account.0)
    }

    /// The place of the slot of a number.
    pub fn slot(at: SlotNo) -> Self {
        Self::new(4, at.0)
    }

    /// The place of `key`. `at` is the slot's number, if the key is a slot's and it has one;
    /// a slot without is appended to `others`.
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

    /// The place of the entry at `i` in a list of others.
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

/// Where an attempt wrote.
#[derive(Debug, Default)]
pub struct WriteSet(
    /// Of a payment, all of them: two balances, a nonce, the fee.
    SmallVec<[PackedLocation; 6]>,
);

impl WriteSet {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn reserve(&mut self, more: usize) {
        self.0.reserve_exact(more);
    }

    pub(super) fn push(&mut self, place: PackedLocation) {
        self.0.push(place);
    }

    /// Each place.
    pub(super) fn iter(&self) -> impl Iterator<Item = PackedLocation> {
        self.0.iter().copied()
    }

    /// Those of its places that are not in `now`.
    pub(super) fn without<'a>(&'a self, now: &'a Self) -> impl Iterator<Item = PackedLocation> {
        /// More are not compared each with each.
        const FEW: usize = 16;
        let many = self.0.len() > FEW && now.0.len() > FEW;
        let all: HashSet<PackedLocation> = now.iter().filter(|_| many).collect();
        let stays = move |place| if many { all.contains(&place) } else { now.0.contains(&place) };
        self.iter().filter(move |place| !stays(*place))
    }
}

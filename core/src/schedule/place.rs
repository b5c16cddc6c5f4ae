//! Locations in four bytes: what lists of them hold by the million.

use std::collections::HashSet;

use smallvec::SmallVec;

use super::{AccountNo, Key, Part, SlotNo, Write};

/// A location: its kind in the topmost three bits, and the number of the account, of the slot, or
/// of the entry in the list of [`Places::others`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place(u32);

const KIND: u32 = 29;
const NUMBER: u32 = (1 << KIND) - 1;

/// What a [`Place`] stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A part of the account that is no slot.
    Part(AccountNo, Part),
    /// A slot of the pre-state.
    Slot(SlotNo),
    /// An entry in the list of others.
    Other(usize),
}

impl Place {
    fn new(kind: u32, number: u32) -> Self {
        // A block with half a billion accounts or slots does not fit into any memory here.
        debug_assert!(number <= NUMBER);
        Self(kind << KIND | number & NUMBER)
    }

    /// The place of `key`. `at` is the slot's number, if the key is a slot's and it has one;
    /// a slot without is appended to `others`.
    pub fn of(key: Key, at: Option<SlotNo>, others: &mut Vec<Key>) -> Self {
        match (key.part, at) {
            (Part::Balance, _) => Self::new(0, key.account.0),
            (Part::Nonce, _) => Self::new(1, key.account.0),
            (Part::Code, _) => Self::new(2, key.account.0),
            (Part::Life, _) => Self::new(3, key.account.0),
            (Part::Slot(_), Some(at)) => Self::new(4, at.0),
            (Part::Slot(_), None) => {
                others.push(key);
                Self::other(others.len() - 1)
            }
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
            3 => part(Part::Life),
            4 => Kind::Slot(SlotNo(number)),
            _ => Kind::Other(number as usize),
        }
    }
}

/// Where an attempt wrote.
#[derive(Debug, Default)]
pub struct Written {
    /// Of a payment, all of them: two balances, a nonce, the fee.
    places: SmallVec<[Place; 6]>,
    /// Slots that have no number.
    others: Vec<Key>,
}

impl Written {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub(super) fn reserve(&mut self, more: usize) {
        self.places.reserve_exact(more);
    }

    pub(super) fn push<C>(&mut self, write: &Write<C>) {
        self.places.push(Place::of(write.key(), write.slot_no(), &mut self.others));
    }

    /// Each place; a slot that has no number comes with its key.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Place, Option<&Key>)> {
        self.places.iter().map(|place| match place.kind() {
            Kind::Other(i) => (*place, self.others.get(i)),
            _ => (*place, None),
        })
    }

    /// Those of its places that are not in `now`.
    pub(super) fn without<'a>(&'a self, now: &'a Self) -> impl Iterator<Item = (Place, Option<&'a Key>)> {
        /// More are not compared each with each.
        const FEW: usize = 16;
        let many = self.places.len() > FEW && now.places.len() > FEW;
        let all: HashSet<(Place, Option<&Key>)> = now.iter().filter(|_| many).map(same).collect();
        let stays = move |one| {
            if many { all.contains(&one) } else { now.iter().any(|other| same(other) == one) }
        };
        self.iter().filter(move |one| !stays(same(*one)))
    }
}

/// The same for places of two lists that are the same: where an entry stands in its list says nothing.
fn same((place, key): (Place, Option<&Key>)) -> (Place, Option<&Key>) {
    (if key.is_some() { Place::other(0) } else { place }, key)
}

//! Locations as the hot path names them: an account's number in place of its address.

use alloy_primitives::{Address, U256};

use super::SlotMap;
use crate::trace::Location;

/// An account's number in a block: accounts of the pre-state first, then those that execution meets. A number
/// is given by the full address, never by a hash alone, so two accounts never share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountNo(pub u32);

impl AccountNo {
    /// The number as an index into a slice.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A slot's number in a block: slots of the pre-state first, then those that execution meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotNo(pub u32);

impl SlotNo {
    /// The number as an index into a slice.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The slots of the pre-state, numbered from 0.
#[derive(Debug, Default)]
pub struct SlotNumbers {
    numbers: SlotMap<SlotNo>,
    keys: Vec<(AccountNo, U256)>,
}

impl SlotNumbers {
    /// The number of a slot; `None` for one that the pre-state does not list.
    pub fn number(&self, account: AccountNo, slot: &U256) -> Option<SlotNo> {
        self.numbers.get(&(account, *slot)).copied()
    }

    /// The account and slot of a number.
    pub fn key(&self, no: SlotNo) -> Option<(AccountNo, U256)> {
        self.keys.get(no.index()).copied()
    }

    /// Number of slots.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// Slots that have numbers, from 0 on: those of the pre-state alone, or those of a memory.
pub trait Slots {
    /// Number of slots.
    fn count(&self) -> usize;
    /// The number of a slot, if it has one.
    fn find(&self, account: AccountNo, slot: &U256) -> Option<SlotNo>;
    /// The account and slot of a number.
    fn key_of(&self, no: SlotNo) -> Option<(AccountNo, U256)>;
}

impl Slots for SlotNumbers {
    fn count(&self) -> usize {
        self.len()
    }

    fn find(&self, account: AccountNo, slot: &U256) -> Option<SlotNo> {
        self.number(account, slot)
    }

    fn key_of(&self, no: SlotNo) -> Option<(AccountNo, U256)> {
        self.key(no)
    }
}

/// Numbers slots in their order. The slots must all be different.
impl FromIterator<(AccountNo, U256)> for SlotNumbers {
    fn from_iter<I: IntoIterator<Item = (AccountNo, U256)>>(slots: I) -> Self {
        let keys: Vec<_> = slots.into_iter().collect();
        let numbers = keys.iter().enumerate().map(|(i, key)| (*key, SlotNo(i as u32))).collect();
        Self { numbers, keys }
    }
}

/// The part of an account that a location is. Parts are locations of their own, so that a read of one does
/// not conflict with a write of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Its balance.
    Balance,
    /// Its nonce.
    Nonce,
    /// Its code.
    Code,
    /// Whether it exists, and since which creation or destruction. Storage written before that is not seen.
    Existence,
    /// One slot of its storage.
    Slot(U256),
}

/// A location: [`Location`] with the account by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The account.
    pub account: AccountNo,
    /// Its part.
    pub part: Part,
}

impl Key {
    /// The location with the account by address.
    pub fn location(self, address: Address) -> Location {
        match self.part {
            Part::Balance => Location::Balance(address),
            Part::Nonce => Location::Nonce(address),
            Part::Code => Location::Code(address),
            Part::Existence => Location::Existence(address),
            Part::Slot(slot) => Location::Storage(address, slot),
        }
    }
}

/// What happens to an account's existence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existence {
    /// It exists from now on and keeps its storage: an account touched before Spurious Dragon.
    Exists,
    /// It was created: it exists, and its storage is empty.
    Created,
    /// It is gone, and its storage with it.
    Gone,
}

impl Existence {
    /// Whether the account exists afterwards.
    pub fn exists(self) -> bool {
        self != Self::Gone
    }

    /// Whether storage written before is no longer seen afterwards.
    pub fn wipes_storage(self) -> bool {
        self != Self::Exists
    }
}

/// One change that a transaction makes. `C` is code in the form that the executor runs.
#[derive(Clone, Debug)]
pub enum Write<C> {
    /// Sets a balance.
    Balance(AccountNo, U256),
    /// Adds to a balance without reading it. Wraps: a negative increment has the highest bit set.
    Increment(AccountNo, U256),
    /// Sets a nonce.
    Nonce(AccountNo, u64),
    /// Sets code.
    Code(AccountNo, C),
    /// Changes existence.
    Existence(AccountNo, Existence),
    /// Sets a slot: account, slot, the slot's number if it is at hand, value.
    Slot(AccountNo, U256, Option<SlotNo>, U256),
}

impl<C> Write<C> {
    /// The location that it writes.
    pub fn key(&self) -> Key {
        let part = match *self {
            Self::Balance(..) | Self::Increment(..) => Part::Balance,
            Self::Nonce(..) => Part::Nonce,
            Self::Code(..) => Part::Code,
            Self::Existence(..) => Part::Existence,
            Self::Slot(_, slot, ..) => Part::Slot(slot),
        };
        Key { account: self.account(), part }
    }

    /// The account that it changes.
    pub fn account(&self) -> AccountNo {
        match *self {
            Self::Balance(account, _)
            | Self::Increment(account, _)
            | Self::Nonce(account, _)
            | Self::Code(account, _)
            | Self::Existence(account, _)
            | Self::Slot(account, ..) => account,
        }
    }

    /// The slot's number, if it writes a slot and the number is at hand.
    pub fn slot_no(&self) -> Option<SlotNo> {
        match *self {
            Self::Slot(_, _, at, _) => at,
            _ => None,
        }
    }

    /// Whether it adds to the value that is there.
    pub fn is_increment(&self) -> bool {
        matches!(self, Self::Increment(..))
    }
}

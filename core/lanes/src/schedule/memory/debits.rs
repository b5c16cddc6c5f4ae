//! What is taken from a balance: by it, "is it enough" is answered without adding up the balance.

use alloy_primitives::U256;

use super::cells::{Amount, Entry, Summary};
use crate::schedule::sums::BLOCK;

/// What all transactions together take from a balance.
#[derive(Default)]
pub(super) struct Debits {
    /// In halves, the low one first: a whole one would be aligned to 16 bytes.
    pub(super) sum: [u64; 2],
    /// Entries that do not tell what is taken, balances that were set; or that take more than
    /// [`Debits::MOST`].
    pub(super) unknown: u32,
    /// How many of the balance's sums ([`Memory::sums`]) are right.
    pub(super) summed: u32,
}

impl Debits {
    /// Of sums of up to 2^32 of them, none overflows.
    pub(super) const MOST: u128 = 1 << 96;

    pub(super) fn sum(&self) -> u128 {
        u128::from(self.sum[1]) << 64 | u128::from(self.sum[0])
    }

    pub(super) fn set(&mut self, sum: u128) {
        self.sum = [sum as u64, (sum >> 64) as u64];
    }

    /// The least that a balance can be, given the one before the block; `None`: not known.
    pub(super) fn least(&self, base: U256) -> Option<U256> {
        if self.unknown == 0 { base.checked_sub(U256::from(self.sum())) } else { None }
    }

    /// What an entry takes; `None`: not known.
    pub(super) fn of(entry: &Entry<U256>) -> Option<u128> {
        match entry.amount() {
            Amount::Set(_) => None,
            // An estimate counts like the write that it was: whoever writes something else in its
            // place says so (`Cell::replace`). Increments wrap: one with the highest bit set takes away.
            Amount::Add(value) if value.bit(255) => {
                u128::try_from(value.wrapping_neg()).ok().filter(|debit| *debit < Self::MOST)
            }
            Amount::Add(_) => Some(0),
        }
    }
}

impl Summary<U256> for Debits {
    fn add(&mut self, entry: &Entry<U256>) {
        match Self::of(entry) {
            // Most only add, and then nothing is to be written here.
            Some(0) => {}
            Some(debit) => self.set(self.sum().wrapping_add(debit)),
            None => self.unknown += 1,
        }
    }

    fn remove(&mut self, entry: &Entry<U256>) {
        match Self::of(entry) {
            Some(0) => {}
            Some(debit) => self.set(self.sum().wrapping_sub(debit)),
            None => self.unknown -= 1,
        }
    }

    fn changed(&mut self, from: usize) {
        self.summed = self.summed.min((from / BLOCK) as u32);
    }
}

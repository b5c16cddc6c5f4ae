//! The debits of a balance: what transactions take from it. They answer "is it enough?" without adding up the
//! balance.

use alloy_primitives::U256;

use super::cells::{Amount, Entry, Summary};
use crate::schedule::sums::GROUP;

/// The sum of the debits of all transactions of the block, whatever their order.
#[derive(Default)]
pub(super) struct Debits {
    /// In halves, the low one first: a `u128` would align the cell to 16 bytes.
    pub(super) sum: [u64; 2],
    /// Number of entries whose debit is not known: balances that were set, and debits of [`Debits::MOST`] or
    /// more.
    pub(super) unknown: u32,
    /// How many of the balance's sums (`Memory::sums`) are still valid.
    pub(super) summed: u32,
}

impl Debits {
    /// Below this, the sum of 2^32 debits does not overflow.
    pub(super) const MOST: u128 = 1 << 96;

    pub(super) fn sum(&self) -> u128 {
        u128::from(self.sum[1]) << 64 | u128::from(self.sum[0])
    }

    pub(super) fn set(&mut self, sum: u128) {
        self.sum = [sum as u64, (sum >> 64) as u64];
    }

    /// The least that the balance can be before any transaction, given the one before the block; `None` if
    /// that is not known.
    pub(super) fn least(&self, base: U256) -> Option<U256> {
        if self.unknown == 0 { base.checked_sub(U256::from(self.sum())) } else { None }
    }

    /// The debit of an entry; `None` if it is not known.
    pub(super) fn of(entry: &Entry<U256>) -> Option<u128> {
        match entry.amount() {
            Amount::Set(_) => None,
            // An estimate counts like the write that it was: an attempt that replaces it with another amount
            // reports a new location (`Cell::replace`). Increments wrap: one with the highest bit set is a
            // debit.
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
            // Most entries only add, and then the cell's line is not written here.
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
        self.summed = self.summed.min((from / GROUP) as u32);
    }
}

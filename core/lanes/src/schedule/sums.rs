//! Balances as sums: the increments since a transaction last set the balance, added up without a step for
//! each.
//!
//! ```text
//! entries, in block order   + + + + | = + + + | + + + + | + +     = sets, + adds
//! sums, one per GROUP       ───────▶│────────▶│────────▶│         each from the start to there
//!                                             reader: the last sum before it, and the rest one by one
//! ```
//! A reader of a balance that 20,000 transactions paid into takes some hundred steps instead of 20,000. A
//! write makes the sums from its group on invalid; the next reader makes them again. So a read gives the same
//! as one pass over all entries.

use alloy_primitives::U256;

use super::memory::{Entry, PerTransaction};
use super::sync::{AtomicBool, Mutex, Ordering, lock};
use crate::units::{TxIndex, Version};

/// Entries that one sum covers beyond the sum before. Few under the model checker, so that toys reach sums.
pub(super) const GROUP: usize = if cfg!(shuttle) { 2 } else { 64 };

/// A balance as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// In wei.
    pub value: U256,
    /// The latest transaction that wrote it; `None` if it is as before the block.
    pub latest: Option<Version>,
    /// Whether other transactions wrote parts of it: it adds up increments of several transactions, or
    /// increments and the value that they were added to.
    pub is_sum: bool,
}

/// The entries of some transactions, added up in block order.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum {
    /// The balance that was last set; `None` if the one before the block counts.
    set: Option<U256>,
    /// The sum of the increments since then.
    added: U256,
    /// The latest writer.
    latest: Option<Version>,
    /// Whether there are other writers since the balance was last set, the one that set it included.
    is_sum: bool,
    /// The writer of the latest estimate, unless the balance was set after it.
    estimate: Option<Version>,
}

impl Sum {
    /// Adds the next entry in block order.
    pub(super) fn push(&mut self, entry: &Entry<U256>) {
        let version = Some(entry.version());
        if entry.sets() {
            *self = Self { set: Some(entry.value()), latest: version, ..Self::default() };
        } else {
            self.added = self.added.wrapping_add(entry.value());
            self.is_sum = self.latest.is_some();
            self.latest = version;
        }
        if entry.is_estimate() {
            self.estimate = version;
        }
    }

    /// Adds the next entries in block order.
    pub(super) fn extend(&mut self, entries: &[Entry<U256>]) {
        // Entries before the last one that sets the balance do not matter.
        let from = entries.iter().rposition(Entry::sets).unwrap_or(0);
        entries[from..].iter().for_each(|entry| self.push(entry));
    }

    /// The balance, given the one before the block.
    ///
    /// # Errors
    /// The writer of an estimate.
    pub(super) fn balance(self, base: U256) -> Result<Balance, Version> {
        let Self { set, added, latest, is_sum, estimate } = self;
        match estimate {
            Some(writer) => Err(writer),
            None => Ok(Balance { value: set.unwrap_or(base).wrapping_add(added), latest, is_sum }),
        }
    }
}

/// A balance that very many transactions write to: a cell per transaction, and sums once the balance is read.
pub(super) struct Balances {
    /// Written by the lane that runs the transaction, read by all; a lock per cell.
    cells: PerTransaction<U256>,
    /// Whether it was ever read. Until then writers leave `stale` alone, and its cache lines unwritten. Set
    /// by readers, never taken back.
    watched: AtomicBool,
    /// For each group of cells, whether it was written since its sum was made. Set by writers, taken back by
    /// readers that hold the lock of `sums`.
    stale: Vec<AtomicBool>,
    /// The sums of the first groups, as far as they were made.
    sums: Mutex<Vec<Sum>>,
}

impl Balances {
    pub(super) fn new(transactions: usize) -> Self {
        let mut stale = Vec::new();
        stale.resize_with(transactions.div_ceil(GROUP), AtomicBool::default);
        Self {
            cells: PerTransaction::new(transactions),
            watched: AtomicBool::new(false),
            stale,
            sums: Mutex::default(),
        }
    }

    /// Writes to the cell of `tx` by `write`, and makes the sum over it invalid.
    ///
    /// A reader makes a sum in this order: (1) it sets `watched`; (2) it takes the group's flag back; (3) it
    /// reads the cells under their locks. A writer: (a) writes a cell under its lock; (b) reads `watched`;
    /// (c) sets the group's flag.
    ///
    /// - If (a) comes before (3), the sum has the write.
    /// - If (a) comes after (3), the cell's lock orders (1) and (2) before (b) and (c). So the writer finds
    ///   `watched` set. The flag that it finds or sets in (c) was set after (2), so the next reader makes the
    ///   sum again.
    ///
    /// The writer reports after (c), so every validation that its report leads to sees the flag (invariant 1
    /// of the schedulers). Relaxed is enough for (b) and for the load in (c): the argument rests on the
    /// cell's lock.
    pub(super) fn write<R>(&self, tx: TxIndex, write: impl FnOnce(&PerTransaction<U256>) -> R) -> R {
        let written = write(&self.cells);
        if self.watched.load(Ordering::Relaxed)
            && let Some(stale) = self.stale.get(tx.index() / GROUP)
            && !stale.load(Ordering::Relaxed)
        {
            // Release: pairs with the loads of `sum_of`. A reader that sees the flag sees the write to the
            // cell.
            stale.store(true, Ordering::Release);
        }
        written
    }

    pub(super) fn last_writer(&self, before: TxIndex) -> Option<Version> {
        self.cells.last_writer(before)
    }

    /// The sum of the entries of transactions before one.
    pub(super) fn sum(&self, before: TxIndex) -> Sum {
        let end = before.index().min(self.cells.len());
        let groups = end / GROUP;
        let mut sum = if groups == 0 { Sum::default() } else { self.sum_of(groups) };
        self.cells.each(groups * GROUP..end, |entry| sum.push(entry));
        sum
    }

    /// The sum of the entries of the first `groups` groups. At least one.
    fn sum_of(&self, groups: usize) -> Sum {
        let mut sums = lock(&self.sums);
        // Relaxed: step (1) of `write`; the cells' locks order it before a writer's step (b).
        self.watched.store(true, Ordering::Relaxed);
        // Acquire: pairs with the release store in `write`.
        let fresh = sums.iter().take(groups).zip(&self.stale);
        let fresh = fresh.take_while(|(_, stale)| !stale.load(Ordering::Acquire)).count();
        if fresh < groups {
            sums.truncate(fresh);
        }
        for group in sums.len()..groups {
            // Step (2) of `write`, whose argument rests on the cells' locks, so relaxed would do. AcqRel
            // keeps the flags a pair of their own with the stores in `write`, like the loads above.
            self.stale[group].swap(false, Ordering::AcqRel);
            let mut sum = sums.last().copied().unwrap_or_default();
            self.cells.each(group * GROUP..(group + 1) * GROUP, |entry| sum.push(entry));
            sums.push(sum);
        }
        sums[groups - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::memory::Amount;
    use crate::units::Incarnation;

    fn entry(tx: usize, amount: Amount) -> Entry<U256> {
        let version = Version { tx: TxIndex(tx as u32), incarnation: Incarnation(0) };
        Entry::of_balance(version, amount)
    }

    /// What one pass over all entries gives, latest first, as the definition says.
    fn naive(entries: &[Option<Entry<U256>>], before: usize, base: U256) -> Result<Balance, Version> {
        let (mut added, mut writers) = (U256::ZERO, Vec::new());
        for entry in entries[..before].iter().rev().flatten() {
            if entry.is_estimate() {
                return Err(entry.version());
            }
            writers.push(entry.version());
            added = added.wrapping_add(entry.value());
            if entry.sets() {
                let balance =
                    Balance { value: added, latest: writers.first().copied(), is_sum: writers.len() > 1 };
                return Ok(balance);
            }
        }
        let value = base.wrapping_add(added);
        Ok(Balance { value, latest: writers.first().copied(), is_sum: writers.len() > 1 })
    }

    #[test]
    fn sums_equal_one_pass_over_all_entries() {
        let transactions = GROUP * 5 + 3;
        let balances = Balances::new(transactions);
        let mut entries: Vec<Option<Entry<U256>>> = vec![None; transactions];
        let mut state = 7_u64;
        let mut draw = |end: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % end
        };
        let base = U256::from(1_000);
        // Miri takes a second for a few steps.
        for step in 0..if cfg!(miri) { 40 } else { 4_000 } {
            let tx = draw(transactions);
            let index = TxIndex(tx as u32);
            match draw(8) {
                0 => {
                    balances.write(index, |cells| cells.remove(index));
                    entries[tx] = None;
                }
                1 => {
                    balances.write(index, |cells| cells.make_estimate(index));
                    if let Some(entry) = &mut entries[tx] {
                        entry.make_estimate();
                    }
                }
                kind => {
                    let value = U256::from(draw(50));
                    let entry = entry(tx, if kind == 2 { Amount::Set(value) } else { Amount::Add(value) });
                    balances.write(index, |cells| cells.put(entry));
                    entries[tx] = Some(entry);
                }
            }
            let before = draw(transactions + 1);
            let seen = balances.sum(TxIndex(before as u32)).balance(base);
            assert_eq!(seen, naive(&entries, before, base), "step {step}, before {before}");
        }
    }

    #[test]
    fn entries_before_a_set_balance_do_not_count() {
        let entries = [entry(0, Amount::Add(U256::from(5))), entry(1, Amount::Set(U256::from(9)))];
        let mut sum = Sum::default();
        sum.extend(&entries);
        let latest = Some(entries[1].version());
        assert_eq!(sum.balance(U256::ZERO), Ok(Balance { value: U256::from(9), latest, is_sum: false }));
        sum.push(&entry(2, Amount::Add(U256::from(1))));
        let latest = Some(entry(2, Amount::Add(U256::ZERO)).version());
        assert_eq!(sum.balance(U256::ZERO), Ok(Balance { value: U256::from(10), latest, is_sum: true }));
    }
}

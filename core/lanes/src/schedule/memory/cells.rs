//! One location: the entries that transactions wrote there, in block order.
//!
//! ```text
//! Cell ─ written?          read without a lock: most locations are never written to
//!      └ Entries (locked) ─ [ (value, tx, incarnation, estimate?, adds?), … ]   by transaction
//!                         └ Summary                kept up to date with every change of the entries
//! ```

use alloy_primitives::U256;
use smallvec::SmallVec;

use crate::{
    schedule::sync::{AtomicBool, Mutex, MutexGuard, Ordering, lock},
    units::{Incarnation, TxIndex, Version},
};

/// A transaction's write to a balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schedule) enum Amount {
    Set(U256),
    Add(U256),
}

/// One location.
pub(super) struct Cell<T, S = ()> {
    /// Whether the cell was ever written to. Set under the lock and never taken back; read without it.
    pub(super) written: AtomicBool,
    pub(super) entries: Mutex<Entries<T, S>>,
}

impl<T, S: Default> Default for Cell<T, S> {
    fn default() -> Self {
        Self { written: AtomicBool::new(false), entries: Mutex::default() }
    }
}

impl<T: Clone, S: Summary<T>> Cell<T, S> {
    /// Whether the cell was ever written to. Acquire: pairs with the release in [`Cell::locked`]. A reader
    /// that finds it set takes the lock, and the writer held that lock until its entry was in. A reader that
    /// does not find it has looked before the write: see invariant 1 of [`schedule`](crate::schedule).
    pub(super) fn is_written(&self) -> bool {
        self.written.load(Ordering::Acquire)
    }

    /// The latest value before a transaction.
    pub(super) fn latest(&self, before: TxIndex) -> Latest<T> {
        if self.is_written() { lock(&self.entries).latest(before) } else { Ok(None) }
    }

    /// The latest value before a transaction that `wanted` accepts.
    pub(super) fn latest_that(&self, before: TxIndex, wanted: impl Fn(&T) -> bool) -> Latest<T> {
        if self.is_written() { lock(&self.entries).latest_that(before, wanted) } else { Ok(None) }
    }

    /// Locks the entries in order to write.
    pub(super) fn locked(&self) -> MutexGuard<'_, Entries<T, S>> {
        let entries = lock(&self.entries);
        // Relaxed: the flag only changes under the lock, which this thread holds. The load spares nearly all
        // writers the store, and so the other lanes' copies of the cache line.
        if !self.written.load(Ordering::Relaxed) {
            // Release: pairs with `is_written`.
            self.written.store(true, Ordering::Release);
        }
        entries
    }

    /// Puts an entry in. Whether the transaction had none here.
    pub(super) fn put(&self, entry: Entry<T>) -> bool {
        self.locked().put(entry)
    }

    /// Puts an entry in. Whether the transaction had none here, or one with another value. For locations that
    /// some reads see past estimates.
    pub(super) fn replace(&self, entry: Entry<T>) -> bool
    where
        T: PartialEq,
    {
        let mut entries = self.locked();
        let same = entries.find(entry.tx).is_ok_and(|i| entries.0[i].says(&entry));
        entries.put(entry);
        !same
    }

    pub(super) fn act(&self, action: Action) {
        lock(&self.entries).act(action);
    }

    pub(super) fn last_writer(&self, before: TxIndex) -> Option<Version> {
        lock(&self.entries).last_writer(before)
    }
}

/// The entries of one location, in block order. Most locations have one writer.
pub(super) struct Entries<T, S = ()>(pub(super) SmallVec<[Entry<T>; 1]>, pub(super) S);

impl<T, S: Default> Default for Entries<T, S> {
    fn default() -> Self {
        Self(SmallVec::new(), S::default())
    }
}

impl<T: Clone, S: Summary<T>> Entries<T, S> {
    /// The entries of transactions before one.
    pub(super) fn below(&self, before: TxIndex) -> &[Entry<T>] {
        // Most readers come after every writer.
        match self.0.last() {
            // Most readers come after every writer.
            Some(last) if last.tx >= before => &self.0[..self.0.partition_point(|entry| entry.tx < before)],
            _ => &self.0,
        }
    }

    pub(super) fn latest(&self, before: TxIndex) -> Latest<T> {
        self.latest_that(before, |_| true)
    }

    /// The latest value that `wanted` accepts. An estimate on the way ends the search.
    pub(super) fn latest_that(&self, before: TxIndex, wanted: impl Fn(&T) -> bool) -> Latest<T> {
        for entry in self.below(before).iter().rev() {
            if entry.is_estimate() {
                return Err(entry.version());
            }
            if wanted(&entry.value) {
                return Ok(Some((entry.value.clone(), entry.version())));
            }
        }
        Ok(None)
    }

    /// The index of a transaction's entry, or the index at which it would be inserted.
    pub(super) fn find(&self, tx: TxIndex) -> Result<usize, usize> {
        match self.0.last() {
            None => Err(0),
            Some(last) if last.tx < tx => Err(self.0.len()),
            Some(_) => self.0.binary_search_by_key(&tx, |entry| entry.tx),
        }
    }

    /// Puts an entry in. Whether the transaction had none here.
    pub(super) fn put(&mut self, entry: Entry<T>) -> bool {
        self.1.add(&entry);
        match self.find(entry.tx) {
            Ok(i) => {
                self.1.remove(&self.0[i]);
                self.1.changed(i);
                self.0[i] = entry;
                false
            }
            Err(i) => {
                self.1.changed(i);
                self.0.insert(i, entry);
                true
            }
        }
    }

    pub(super) fn act(&mut self, action: Action) {
        match action {
            Action::Remove(tx) => {
                if let Ok(i) = self.find(tx) {
                    let entry = self.0.remove(i);
                    self.1.remove(&entry);
                    self.1.changed(i);
                }
            }
            Action::MakeEstimate(tx) => {
                if let Ok(i) = self.find(tx) {
                    // The summary keeps it: a debit will probably be taken again.
                    self.0[i].make_estimate();
                    self.1.changed(i);
                }
            }
        }
    }

    pub(super) fn last_writer(&self, before: TxIndex) -> Option<Version> {
        self.below(before).last().map(Entry::version)
    }
}

/// What one transaction wrote to a location.
#[derive(Clone, Copy, Debug)]
pub(in crate::schedule) struct Entry<T> {
    pub(super) value: T,
    pub(super) tx: TxIndex,
    /// The writer's incarnation, and in the two highest bits [`ESTIMATE`] and [`ADDS`].
    pub(super) stamp: u32,
}

/// The entry is an estimate: its writer is about to run again, and will probably write here again.
pub(super) const ESTIMATE: u32 = 1 << 31;
/// Of a balance: the value is added to the balance before.
pub(super) const ADDS: u32 = 1 << 30;

impl<T> Entry<T> {
    pub(super) fn new(version: Version, value: T) -> Self {
        // An incarnation of a billion would take years.
        Self { value, tx: version.tx, stamp: version.incarnation.0 & !(ESTIMATE | ADDS) }
    }

    pub(in crate::schedule) fn version(&self) -> Version {
        Version { tx: self.tx, incarnation: Incarnation(self.stamp & !(ESTIMATE | ADDS)) }
    }

    pub(in crate::schedule) fn is_estimate(&self) -> bool {
        self.stamp & ESTIMATE != 0
    }

    pub(in crate::schedule) fn make_estimate(&mut self) {
        self.stamp |= ESTIMATE;
    }

    /// The value with its writer.
    ///
    /// # Errors
    /// The writer of an estimate.
    pub(super) fn seen(&self) -> Result<(T, Version), Version>
    where
        T: Clone,
    {
        if self.is_estimate() { Err(self.version()) } else { Ok((self.value.clone(), self.version())) }
    }

    /// Whether it writes the same as another, estimate or not.
    pub(super) fn says(&self, other: &Self) -> bool
    where
        T: PartialEq,
    {
        self.value == other.value && (self.stamp ^ other.stamp) & ADDS == 0
    }
}

impl Entry<U256> {
    pub(in crate::schedule) fn of_balance(version: Version, amount: Amount) -> Self {
        let (value, adds) = match amount {
            Amount::Set(value) => (value, 0),
            Amount::Add(value) => (value, ADDS),
        };
        let entry = Self::new(version, value);
        Self { stamp: entry.stamp | adds, ..entry }
    }

    /// The balance that it sets, or the amount that it adds.
    pub(in crate::schedule) fn value(&self) -> U256 {
        self.value
    }

    /// Whether it sets the balance, rather than adding to it.
    pub(in crate::schedule) fn sets(&self) -> bool {
        self.stamp & ADDS == 0
    }

    pub(super) fn amount(&self) -> Amount {
        if self.sets() { Amount::Set(self.value) } else { Amount::Add(self.value) }
    }
}

/// The latest value before a transaction, with its writer; `None` if there is no writer. The error is the
/// writer of an estimate.
pub(super) type Latest<T> = Result<Option<(T, Version)>, Version>;

/// What an abort or the next attempt does to a transaction's entry.
#[derive(Clone, Copy)]
pub(super) enum Action {
    Remove(TxIndex),
    MakeEstimate(TxIndex),
}

/// A figure about all entries of a location, kept up to date with every change.
pub(super) trait Summary<T>: Default {
    fn add(&mut self, entry: &Entry<T>);
    fn remove(&mut self, entry: &Entry<T>);
    /// Entries from that index on have changed or moved.
    fn changed(&mut self, from: usize);
}

impl<T> Summary<T> for () {
    fn add(&mut self, _: &Entry<T>) {}
    fn remove(&mut self, _: &Entry<T>) {}
    fn changed(&mut self, _: usize) {}
}

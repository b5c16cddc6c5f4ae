//! One location: what transactions wrote there, in block order.
//!
//! ```text
//! Cell ─ written?          read without a lock: most locations are never written to
//!      └ Entries (locked) ─ [ (value, tx, incarnation, estimate?, adds?), … ]   by transaction
//!                         └ Summary                what is kept up to date about all of them
//! ```

use alloy_primitives::U256;
use smallvec::SmallVec;

use crate::{
    schedule::sync::{AtomicBool, Mutex, MutexGuard, Ordering, lock},
    units::{Incarnation, TxIndex, Version},
};

/// What a transaction does to a balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schedule) enum Amount {
    Set(U256),
    Add(U256),
}

/// One location with a number.
pub(super) struct Cell<T, S = ()> {
    /// WriteSet under the lock, and never taken back; read without it. Release and acquire: who
    /// sees it set finds the entry.
    pub(super) written: AtomicBool,
    pub(super) entries: Mutex<Entries<T, S>>,
}

impl<T, S: Default> Default for Cell<T, S> {
    fn default() -> Self {
        Self { written: AtomicBool::new(false), entries: Mutex::default() }
    }
}

impl<T: Clone, S: Summary<T>> Cell<T, S> {
    pub(super) fn is_written(&self) -> bool {
        self.written.load(Ordering::Acquire)
    }

    pub(super) fn latest(&self, before: TxIndex) -> Latest<T> {
        if self.is_written() { lock(&self.entries).latest(before) } else { Ok(None) }
    }

    pub(super) fn latest_that(&self, before: TxIndex, wanted: impl Fn(&T) -> bool) -> Latest<T> {
        if self.is_written() { lock(&self.entries).latest_that(before, wanted) } else { Ok(None) }
    }

    pub(super) fn locked(&self) -> MutexGuard<'_, Entries<T, S>> {
        let entries = lock(&self.entries);
        if !self.written.load(Ordering::Relaxed) {
            self.written.store(true, Ordering::Release);
        }
        entries
    }

    /// Whether the transaction had not written here.
    pub(super) fn put(&self, entry: Entry<T>) -> bool {
        self.locked().put(entry)
    }

    /// Whether the transaction had not written here, or something else. For locations that are
    /// also looked at past estimates.
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

/// What was written to one location, in the order of transactions. Most have one writer.
pub(super) struct Entries<T, S = ()>(pub(super) SmallVec<[Entry<T>; 1]>, pub(super) S);

impl<T, S: Default> Default for Entries<T, S> {
    fn default() -> Self {
        Self(SmallVec::new(), S::default())
    }
}

impl<T: Clone, S: Summary<T>> Entries<T, S> {
    /// Those of transactions before one.
    pub(super) fn below(&self, before: TxIndex) -> &[Entry<T>] {
        // Most readers come after every writer.
        match self.0.last() {
            Some(last) if last.tx >= before => &self.0[..self.0.partition_point(|entry| entry.tx < before)],
            _ => &self.0,
        }
    }

    pub(super) fn latest(&self, before: TxIndex) -> Latest<T> {
        self.latest_that(before, |_| true)
    }

    /// The latest value that `wanted` wants; an estimate on the way counts as one.
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

    pub(super) fn find(&self, tx: TxIndex) -> Result<usize, usize> {
        match self.0.last() {
            None => Err(0),
            Some(last) if last.tx < tx => Err(self.0.len()),
            Some(_) => self.0.binary_search_by_key(&tx, |entry| entry.tx),
        }
    }

    /// Whether the transaction had not written here.
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
                    // What it says of what is taken stays.
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

#[derive(Clone, Copy, Debug)]
pub(in crate::schedule) struct Entry<T> {
    pub(super) value: T,
    pub(super) tx: TxIndex,
    /// The writer's incarnation, and above it what the two highest bits say.
    pub(super) stamp: u32,
}

/// Its writer is about to run again, and will probably write here again.
pub(super) const ESTIMATE: u32 = 1 << 31;
/// Of a balance: the value is added to what is there.
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

    /// The value with its writer. The error is the writer of an estimate.
    pub(super) fn seen(&self) -> Result<(T, Version), Version>
    where
        T: Clone,
    {
        if self.is_estimate() { Err(self.version()) } else { Ok((self.value.clone(), self.version())) }
    }

    /// Whether it says the same as another, estimate or not.
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

    /// What it sets the balance to, or adds to it.
    pub(in crate::schedule) fn value(&self) -> U256 {
        self.value
    }

    /// Whether it sets the balance, instead of adding to it.
    pub(in crate::schedule) fn sets(&self) -> bool {
        self.stamp & ADDS == 0
    }

    pub(super) fn amount(&self) -> Amount {
        if self.sets() { Amount::Set(self.value) } else { Amount::Add(self.value) }
    }
}

/// The latest value before a transaction, with its writer; `None`: nobody wrote.
/// The error is the writer of an estimate.
pub(super) type Latest<T> = Result<Option<(T, Version)>, Version>;

#[derive(Clone, Copy)]
pub(super) enum Action {
    Remove(TxIndex),
    MakeEstimate(TxIndex),
}

/// What is kept up to date about all entries of a location, whoever wrote them.
pub(super) trait Summary<T>: Default {
    fn add(&mut self, entry: &Entry<T>);
    fn remove(&mut self, entry: &Entry<T>);
    /// Entries from that place on have changed, or have moved.
    fn changed(&mut self, from: usize);
}

impl<T> Summary<T> for () {
    fn add(&mut self, _: &Entry<T>) {}
    fn remove(&mut self, _: &Entry<T>) {}
    fn changed(&mut self, _: usize) {}
}

//! Locations that very many transactions write to, with a cell for each transaction: the beneficiary's
//! balance, and the balance and nonce of heavy senders.

use std::ops::Range;

use super::cells::{Action, Entry, Latest};
use crate::{
    schedule::{
        AccountNo,
        sums::Balances,
        sync::{Mutex, lock},
    },
    units::{TxIndex, Version},
};

/// A sender of very many transactions, all of them covered.
pub(super) struct HeavySender {
    pub(super) account: AccountNo,
    /// Its debits are not added up: that the balance is enough is known beforehand.
    pub(super) balance: Balances,
    pub(super) nonce: PerTransaction<u64>,
}

/// A location with a cell and a lock per transaction. With one lock for all of them, every lane would contend
/// for it at every transaction.
pub(in crate::schedule) struct PerTransaction<T>(pub(super) Vec<Mutex<Option<Entry<T>>>>);

impl<T> PerTransaction<T> {
    pub(in crate::schedule) fn new(transactions: usize) -> Self {
        let mut cells = Vec::with_capacity(transactions);
        cells.resize_with(transactions, Mutex::default);
        Self(cells)
    }

    /// The cells of the transactions before one, the latest first.
    pub(super) fn below(&self, before: TxIndex) -> impl Iterator<Item = &Mutex<Option<Entry<T>>>> {
        self.0[..self.0.len().min(before.index())].iter().rev()
    }

    pub(in crate::schedule) fn len(&self) -> usize {
        self.0.len()
    }

    /// Calls `visit` with the entries of some transactions, in block order.
    pub(in crate::schedule) fn each(&self, range: Range<usize>, mut visit: impl FnMut(&Entry<T>)) {
        for cell in &self.0[range] {
            if let Some(entry) = &*lock(cell) {
                visit(entry);
            }
        }
    }

    /// Puts an entry in, and returns the transaction's entry before.
    pub(in crate::schedule) fn put(&self, entry: Entry<T>) -> Option<Entry<T>> {
        self.0.get(entry.tx.index()).and_then(|cell| lock(cell).replace(entry))
    }

    /// Takes a transaction's entry out and returns it.
    pub(in crate::schedule) fn remove(&self, tx: TxIndex) -> Option<Entry<T>> {
        lock(self.0.get(tx.index())?).take()
    }

    pub(in crate::schedule) fn make_estimate(&self, tx: TxIndex) {
        if let Some(cell) = self.0.get(tx.index())
            && let Some(entry) = &mut *lock(cell)
        {
            entry.make_estimate();
        }
    }

    /// Takes an action on a transaction's entry; returns the entry if it was removed.
    pub(super) fn act(&self, action: Action) -> Option<Entry<T>> {
        match action {
            Action::Remove(tx) => self.remove(tx),
            Action::MakeEstimate(tx) => {
                self.make_estimate(tx);
                None
            }
        }
    }

    pub(in crate::schedule) fn last_writer(&self, before: TxIndex) -> Option<Version> {
        self.below(before).find_map(|cell| lock(cell).as_ref().map(Entry::version))
    }
}

impl<T: Clone> PerTransaction<T> {
    pub(super) fn latest(&self, before: TxIndex) -> Latest<T> {
        for cell in self.below(before) {
            if let Some(entry) = &*lock(cell) {
                return entry.seen().map(Some);
            }
        }
        Ok(None)
    }
}

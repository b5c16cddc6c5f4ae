//! The cells of accounts, and the marks that say which accounts have entries for code or existence.

use alloy_primitives::U256;

use super::{
    cells::{Cell, Latest},
    debits::Debits,
};
use crate::{
    schedule::{
        AccountNo, Existence,
        sync::{AtomicBool, AtomicU64, OnceLock, Ordering},
    },
    units::TxIndex,
};

/// The cells of some accounts.
pub(super) struct Accounts<C> {
    pub(super) cells: Vec<AccountCells>,
    /// Code and existence, which most accounts never change, lie elsewhere, so that the other cells lie
    /// closer together. Made by the first writer.
    pub(super) rare: Vec<OnceLock<Box<Rare<C>>>>,
}

impl<C> Accounts<C> {
    pub(super) fn new(len: usize) -> Self {
        let (mut cells, mut rare) = (Vec::with_capacity(len), Vec::with_capacity(len));
        cells.resize_with(len, AccountCells::default);
        rare.resize_with(len, OnceLock::default);
        Self { cells, rare }
    }
}

/// The cells of one account that most transactions use: two cache lines.
#[repr(align(64))]
#[derive(Default)]
pub(super) struct AccountCells {
    pub(super) balance: Cell<U256, Debits>,
    pub(super) nonce: Cell<u64>,
}

/// The cells of one account that few transactions write.
pub(super) struct Rare<C> {
    pub(super) code: Cell<C>,
    pub(super) existence: Cell<Existence>,
}

impl<C> Default for Rare<C> {
    fn default() -> Self {
        Self { code: Cell::default(), existence: Cell::default() }
    }
}

impl<C: Clone> Rare<C> {
    /// The latest change of existence that wiped the storage.
    pub(super) fn wiped(&self, before: TxIndex) -> Latest<Existence> {
        self.existence.latest_that(before, |existence| existence.wipes_storage())
    }
}

/// One bit for each account, or for some accounts together: whether code or existence ([`Rare`]) was ever
/// written. Nearly every read needs that answer, and nearly every answer is no.
///
/// Set by writers after the entry is in its cell, never taken back, read without a lock.
pub(super) struct Marks {
    pub(super) words: Vec<AtomicU64>,
    /// Whether any bit is set.
    pub(super) any: AtomicBool,
}

impl Marks {
    /// For that many accounts of the pre-state. Unlisted accounts share their bits.
    pub(super) fn new(known: usize) -> Self {
        let mut words = Vec::new();
        words.resize_with(known.div_ceil(64).max(if cfg!(shuttle) { 1 } else { 8 }), AtomicU64::default);
        Self { words, any: AtomicBool::new(false) }
    }

    /// The word and the bit of an account.
    pub(super) fn bit(&self, no: AccountNo) -> (&AtomicU64, u64) {
        (&self.words[no.index() / 64 % self.words.len()], 1 << (no.index() % 64))
    }

    /// Acquire: pairs with the store in [`Marks::set`], as in [`Marks::has`], for all accounts at once.
    pub(super) fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// Acquire: pairs with the release in [`Marks::set`]. A reader that finds the mark finds the entry that
    /// was written before it was set.
    pub(super) fn has(&self, no: AccountNo) -> bool {
        let (word, bit) = self.bit(no);
        word.load(Ordering::Acquire) & bit != 0
    }

    /// Release: pairs with [`Marks::has`] and [`Marks::any`].
    ///
    /// `any` is set before the bit. Else another lane could find the bit set by a lane that has come no
    /// further, set nothing itself and report, while a validation finds `any` still unset and takes a slot
    /// for untouched.
    pub(super) fn set(&self, no: AccountNo) {
        let (word, bit) = self.bit(no);
        // Acquire: if the bit is set, this lane's report must follow the `any` that was set before it.
        if word.load(Ordering::Acquire) & bit == 0 {
            self.any.store(true, Ordering::Release);
            word.fetch_or(bit, Ordering::Release);
        }
    }
}

/// Under the model checker, on its own: in whole blocks the moment between the two stores is too short to be met.
#[cfg(all(test, shuttle))]
mod model_check {
    use shuttle::{sync::Arc, thread};

    use super::*;

    #[test]
    fn a_lane_that_has_set_a_mark_finds_that_there_are_any() {
        let two_lanes = || {
            let marks = Arc::new(Marks::new(1));
            let lanes: Vec<_> = (0..2)
                .map(|_| {
                    let marks = Arc::clone(&marks);
                    thread::spawn(move || {
                        marks.set(AccountNo(0));
                        assert!(marks.has(AccountNo(0)) && marks.any());
                    })
                })
                .collect();
            lanes.into_iter().for_each(|lane| lane.join().expect("no lane panics"));
        };
        shuttle::check_random(two_lanes, 1_000);
    }
}

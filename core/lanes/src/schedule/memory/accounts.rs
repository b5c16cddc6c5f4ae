//! The cells of accounts, and the marks that say which of them have something rare.

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
    /// What most accounts never need lies elsewhere, so that what is used lies closer together. Made by the
    /// first who writes there.
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

pub(super) struct Rare<C> {
    pub(super) code: Cell<C>,
    pub(super) life: Cell<Existence>,
}

impl<C> Default for Rare<C> {
    fn default() -> Self {
        Self { code: Cell::default(), life: Cell::default() }
    }
}

impl<C: Clone> Rare<C> {
    /// The latest change of existence after which storage begins anew.
    pub(super) fn wiped(&self, before: TxIndex) -> Latest<Existence> {
        self.life.latest_that(before, |life| life.wipes_storage())
    }
}

/// One bit for each account, or for some accounts together: whether anything [`Rare`] was written. Nearly
/// every read asks that, and nearly every answer is no.
pub(super) struct Marks {
    pub(super) words: Vec<AtomicU64>,
    /// Whether any is set.
    pub(super) any: AtomicBool,
}

impl Marks {
    /// For that many accounts, and any number of newcomers.
    pub(super) fn new(known: usize) -> Self {
        let mut words = Vec::new();
        words.resize_with(known.div_ceil(64).max(if cfg!(shuttle) { 1 } else { 8 }), AtomicU64::default);
        Self { words, any: AtomicBool::new(false) }
    }

    pub(super) fn bit(&self, no: AccountNo) -> (&AtomicU64, u64) {
        (&self.words[no.index() / 64 % self.words.len()], 1 << (no.index() % 64))
    }

    /// Acquire: as [`Marks::has`], of all accounts.
    pub(super) fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// Acquire: who finds the mark finds what was written before it was set.
    pub(super) fn has(&self, no: AccountNo) -> bool {
        let (word, bit) = self.bit(no);
        word.load(Ordering::Acquire) & bit != 0
    }

    /// Release: see [`Marks::has`]. That there are any is said first: a lane that finds the bit set by another
    /// one, which may have come no further, and leaves it at that, must find this said, too.
    pub(super) fn set(&self, no: AccountNo) {
        let (word, bit) = self.bit(no);
        if word.load(Ordering::Acquire) & bit == 0 {
            self.any.store(true, Ordering::Release);
            word.fetch_or(bit, Ordering::Release);
        }
    }
}

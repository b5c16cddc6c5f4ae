//! Numbers and cells for accounts and slots that the pre-state does not list: given when a lane first meets them.
//!
//! A number is published by the lock of the map that gives it, after the slot's key is set; so who is told a number
//! finds the key. What a number stands for is made once and never moved: chunks of doubling size.

use alloy_primitives::{Address, U256};

use super::{
    Memory, PIECE,
    accounts::{AccountCells, Accounts},
    cells::Cell,
};
use crate::schedule::{
    AccountNo, SlotMap, SlotNo, Slots,
    sync::{AtomicU32, Mutex, OnceLock, Ordering, PoisonError, lock},
};

/// Numbers of slots beyond those of the pre-state. On cache lines of its own, so that lanes only meet where
/// they meet.
#[repr(align(128))]
#[derive(Default)]
pub(super) struct Shard(pub(super) Mutex<SlotMap<SlotNo>>);

/// On cache lines of its own: what lies beside it is read all the time.
#[repr(align(128))]
pub(super) struct Counter(pub(super) AtomicU32);

/// Shards of the maps, so that lanes seldom meet at one lock. (In a model they are to meet.)
pub(super) const SHARDS: usize = if cfg!(any(shuttle, miri)) { 2 } else { 64 };
/// The same for slots, which are met far more often than new accounts.
pub(super) const SLOT_SHARDS: usize = if cfg!(any(shuttle, miri)) { 2 } else { 256 };

/// Chunks of newcomers; chunk `i` has `FIRST_CHUNK << i` accounts, so all together hold 2^32.
pub(super) const CHUNKS: usize = 26;
pub(super) const FIRST_CHUNK: usize = 64;

/// The cell of a slot: one cache line.
#[repr(align(64))]
#[derive(Default)]
pub(super) struct SlotCell(pub(super) Cell<U256>);

/// [`PIECE`] slots.
pub(super) type Piece = Box<[NewSlot]>;

/// A slot beyond those of the pre-state.
#[derive(Default)]
pub(super) struct NewSlot {
    pub(super) cell: SlotCell,
    /// Set before anyone is told its number.
    pub(super) key: OnceLock<(AccountNo, U256)>,
}

impl<C: Clone> Memory<'_, C> {
    /// The number of an account that the pre-state does not list.
    pub fn intern_account(&self, address: &Address) -> AccountNo {
        let word = U256::from_be_bytes(address.into_word().0);
        let shard = &self.numbers[self.slot_hash.shard(AccountNo(0), &word) % SHARDS];
        if let Some(no) = shard.read().unwrap_or_else(PoisonError::into_inner).get(address) {
            return *no;
        }
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        // Relaxed: the number is published by the shard's lock; the counter only keeps numbers apart.
        *shard.entry(*address).or_insert_with(|| AccountNo(self.next.0.fetch_add(1, Ordering::Relaxed)))
    }

    /// Every newcomer with its number.
    pub fn newcomers(&self) -> Vec<(Address, AccountNo)> {
        let mut all = Vec::new();
        for shard in &self.numbers {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            all.extend(shard.iter().map(|(address, no)| (*address, *no)));
        }
        all
    }

    /// Where an account is: among which, and at what place.
    pub(super) fn place(&self, no: AccountNo) -> (&Accounts<C>, usize) {
        if no.index() < self.known.cells.len() {
            return (&self.known, no.index());
        }
        let (chunk, at) = chunk(no.index() - self.known.cells.len());
        (self.newcomers[chunk].get_or_init(|| Accounts::new(FIRST_CHUNK << chunk)), at)
    }

    pub(super) fn cells(&self, no: AccountNo) -> &AccountCells {
        let (accounts, at) = self.place(no);
        &accounts.cells[at]
    }

    /// The number of a slot.
    pub fn slot_no(&self, no: AccountNo, slot: &U256) -> SlotNo {
        if let Some(at) = self.slot_numbers.number(no, slot) {
            return at;
        }
        *lock(self.shard(no, slot)).entry((no, *slot)).or_insert_with(|| {
            // Relaxed: the number is published by the shard's lock; the counter only keeps numbers apart.
            let at = SlotNo(self.next_slot.0.fetch_add(1, Ordering::Relaxed));
            let (piece, i) = self.new_slot(at);
            piece[i].key.get_or_init(|| (no, *slot));
            at
        })
    }

    pub(super) fn shard(&self, no: AccountNo, slot: &U256) -> &Mutex<SlotMap<SlotNo>> {
        &self.new_numbers[self.slot_hash.shard(no, slot) % SLOT_SHARDS].0
    }

    /// The piece of a slot beyond those of the pre-state, and its place there.
    pub(super) fn new_slot(&self, at: SlotNo) -> (&[NewSlot], usize) {
        let at = at.index() - self.known_slots.len();
        let (chunk, piece) = chunk(at / PIECE);
        let directory = self.new_slots[chunk].get_or_init(|| some(FIRST_CHUNK << chunk));
        (directory[piece].get_or_init(|| some(PIECE)), at % PIECE)
    }

    pub(super) fn slot_cell(&self, at: SlotNo) -> &Cell<U256> {
        match self.known_slots.get(at.index()) {
            Some(cell) => &cell.0,
            None => {
                let (piece, i) = self.new_slot(at);
                &piece[i].cell.0
            }
        }
    }

    /// The slot of a number.
    pub fn slot_key(&self, at: SlotNo) -> Option<(AccountNo, U256)> {
        match self.slot_numbers.key(at) {
            Some(key) => Some(key),
            None => {
                let (piece, i) = self.new_slot(at);
                piece[i].key.get().copied()
            }
        }
    }

    /// Every slot beyond those of the pre-state, in the order of numbers.
    pub fn new_slots(&self) -> impl Iterator<Item = (AccountNo, U256)> {
        let next = self.next_slot.0.load(Ordering::Acquire);
        (self.known_slots.len() as u32..next).filter_map(|at| self.slot_key(SlotNo(at)))
    }
}

impl<C: Clone> Slots for Memory<'_, C> {
    fn count(&self) -> usize {
        self.next_slot.0.load(Ordering::Acquire) as usize
    }

    fn find(&self, account: AccountNo, slot: &U256) -> Option<SlotNo> {
        let known = self.slot_numbers.number(account, slot);
        known.or_else(|| lock(self.shard(account, slot)).get(&(account, *slot)).copied())
    }

    fn key_of(&self, no: SlotNo) -> Option<(AccountNo, U256)> {
        self.slot_key(no)
    }
}

/// The chunk of what is at `i`, and its place there: chunk `c` holds `FIRST_CHUNK << c` and begins at
/// `FIRST_CHUNK * (2^c - 1)`.
fn chunk(i: usize) -> (usize, usize) {
    let chunk = (i / FIRST_CHUNK + 1).ilog2() as usize;
    (chunk, i - FIRST_CHUNK * ((1 << chunk) - 1))
}

/// That many, as they are by default.
fn some<T: Default>(len: usize) -> Box<[T]> {
    let mut all = Vec::with_capacity(len);
    all.resize_with(len, T::default);
    all.into_boxed_slice()
}

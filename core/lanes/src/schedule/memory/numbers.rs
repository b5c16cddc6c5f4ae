//! Numbers and cells for accounts and slots that the pre-state does not list. A lane that first meets one
//! interns it.
//!
//! The lock of the map that gives a number publishes it, after the slot's key is set. So a lane that is given
//! a number finds the key. Cells are made once and never moved: they lie in chunks of doubling size.
//!
//! ```text
//! number    0 … known │ 64 │ 128 │ 256 │ …     accounts: the pre-state's, then chunks
//! number    0 … known │ 64 × PIECE │ 128 × PIECE │ …     slots: the same, each chunk a directory of pieces
//! ```

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

/// One shard of the numbers of slots that the pre-state does not list. On cache lines of its own, so that
/// lanes contend only where they intern slots of the same shard.
#[repr(align(128))]
#[derive(Default)]
pub(super) struct Shard(pub(super) Mutex<SlotMap<SlotNo>>);

/// The next number. On cache lines of its own: its neighbours are read all the time.
#[repr(align(128))]
pub(super) struct Counter(pub(super) AtomicU32);

/// Shards of the accounts' map, so that lanes seldom contend for one lock. Two under the model checker, so
/// that lanes do contend.
pub(super) const SHARDS: usize = if cfg!(any(shuttle, miri)) { 2 } else { 64 };
/// The same for slots, which lanes meet far more often than unlisted accounts.
pub(super) const SLOT_SHARDS: usize = if cfg!(any(shuttle, miri)) { 2 } else { 256 };

/// Chunks of unlisted accounts. Chunk `i` has `FIRST_CHUNK << i` of them, so all together hold 2^32.
pub(super) const CHUNKS: usize = 26;
pub(super) const FIRST_CHUNK: usize = 64;

/// The cell of a slot: one cache line.
#[repr(align(64))]
#[derive(Default)]
pub(super) struct SlotCell(pub(super) Cell<U256>);

/// The cells of [`PIECE`] slots.
pub(super) type Piece = Box<[NewSlot]>;

/// A slot that the pre-state does not list.
#[derive(Default)]
pub(super) struct NewSlot {
    pub(super) cell: SlotCell,
    /// Set before the slot's number is published.
    pub(super) key: OnceLock<(AccountNo, U256)>,
}

impl<C: Clone> Memory<'_, C> {
    /// The number of an account that the pre-state does not list; given when it is first asked for.
    pub fn intern_account(&self, address: &Address) -> AccountNo {
        let word = U256::from_be_bytes(address.into_word().0);
        let shard = &self.numbers[self.slot_hash.shard(AccountNo(0), &word) % SHARDS];
        if let Some(no) = shard.read().unwrap_or_else(PoisonError::into_inner).get(address) {
            return *no;
        }
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        // Relaxed: the shard's lock publishes the number; the counter only keeps numbers apart.
        *shard.entry(*address).or_insert_with(|| AccountNo(self.next.0.fetch_add(1, Ordering::Relaxed)))
    }

    /// Every account that the pre-state does not list and that was interned, with its number.
    pub fn unlisted_accounts(&self) -> Vec<(Address, AccountNo)> {
        let mut all = Vec::new();
        for shard in &self.numbers {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            all.extend(shard.iter().map(|(address, no)| (*address, *no)));
        }
        all
    }

    /// The accounts among which a number lies, and its index there.
    pub(super) fn locate(&self, no: AccountNo) -> (&Accounts<C>, usize) {
        if no.index() < self.known.cells.len() {
            return (&self.known, no.index());
        }
        let (chunk, at) = chunk(no.index() - self.known.cells.len());
        (self.unlisted[chunk].get_or_init(|| Accounts::new(FIRST_CHUNK << chunk)), at)
    }

    /// An account's cells for balance and nonce.
    pub(super) fn cells(&self, no: AccountNo) -> &AccountCells {
        let (accounts, at) = self.locate(no);
        &accounts.cells[at]
    }

    /// The number of a slot. A slot that the pre-state does not list is interned.
    pub fn slot_no(&self, no: AccountNo, slot: &U256) -> SlotNo {
        if let Some(at) = self.slot_numbers.number(no, slot) {
            return at;
        }
        *lock(self.shard(no, slot)).entry((no, *slot)).or_insert_with(|| {
            // Relaxed: the shard's lock publishes the number; the counter only keeps numbers apart.
            let at = SlotNo(self.next_slot.0.fetch_add(1, Ordering::Relaxed));
            let (piece, i) = self.new_slot(at);
            piece[i].key.get_or_init(|| (no, *slot));
            at
        })
    }

    /// The shard with a slot's number.
    pub(super) fn shard(&self, no: AccountNo, slot: &U256) -> &Mutex<SlotMap<SlotNo>> {
        &self.new_numbers[self.slot_hash.shard(no, slot) % SLOT_SHARDS].0
    }

    /// The piece of a slot that the pre-state does not list, and its index there.
    pub(super) fn new_slot(&self, at: SlotNo) -> (&[NewSlot], usize) {
        let at = at.index() - self.known_slots.len();
        let (chunk, piece) = chunk(at / PIECE);
        let directory = self.new_slots[chunk].get_or_init(|| some(FIRST_CHUNK << chunk));
        (directory[piece].get_or_init(|| some(PIECE)), at % PIECE)
    }

    /// A slot's cell.
    pub(super) fn slot_cell(&self, at: SlotNo) -> &Cell<U256> {
        match self.known_slots.get(at.index()) {
            Some(cell) => &cell.0,
            None => {
                let (piece, i) = self.new_slot(at);
                &piece[i].cell.0
            }
        }
    }

    /// The account and slot of a number.
    pub fn slot_key(&self, at: SlotNo) -> Option<(AccountNo, U256)> {
        match self.slot_numbers.key(at) {
            Some(key) => Some(key),
            None => {
                let (piece, i) = self.new_slot(at);
                piece[i].key.get().copied()
            }
        }
    }

    /// Every slot that the pre-state does not list and that was interned, in the order of numbers.
    pub fn new_slots(&self) -> impl Iterator<Item = (AccountNo, U256)> {
        // Relaxed would do: the lanes have ended, and joining them published every number.
        let next = self.next_slot.0.load(Ordering::Acquire);
        (self.known_slots.len() as u32..next).filter_map(|at| self.slot_key(SlotNo(at)))
    }
}

impl<C: Clone> Slots for Memory<'_, C> {
    fn count(&self) -> usize {
        // As in `new_slots`.
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

/// The chunk of index `i`, and the index within it. Chunk `c` holds `FIRST_CHUNK << c` and begins at
/// `FIRST_CHUNK * (2^c - 1)`.
fn chunk(i: usize) -> (usize, usize) {
    let chunk = (i / FIRST_CHUNK + 1).ilog2() as usize;
    (chunk, i - FIRST_CHUNK * ((1 << chunk) - 1))
}

/// A slice of `len` default values.
fn some<T: Default>(len: usize) -> Box<[T]> {
    let mut all = Vec::with_capacity(len);
    all.resize_with(len, T::default);
    all.into_boxed_slice()
}

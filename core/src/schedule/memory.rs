//! Multi-version memory: for each location the values that transactions of the block wrote, by
//! transaction.
//!
//! A location is found by its full key. Accounts have numbers: those of the pre-state are
//! numbered beforehand, others when they are first met. Each location is a cell with its own
//! lock; a cell that nobody wrote to says so without locking. That answer may be out of date by
//! the time it is used, like any answer here: validation is what makes it safe.

use std::sync::OnceLock;

use alloy_primitives::{
    Address, U256,
    map::{AddressMap, HashMap},
};

use super::{
    AccountNo, Key, Life, Part, Write,
    sync::{Arc, AtomicBool, AtomicU32, Mutex, Ordering, PoisonError, RwLock, lock},
};
use crate::units::{TxIndex, Version};

/// What the transactions of a block wrote. `C` is code in the form the executor runs it.
pub struct Memory<C> {
    /// Accounts of the pre-state, by number.
    known: Vec<Cells<C>>,
    /// Accounts beyond, in chunks of doubling size: made once and never moved.
    newcomers: [OnceLock<Box<[Cells<C>]>>; CHUNKS],
    numbers: [RwLock<AddressMap<AccountNo>>; SHARDS],
    /// The number that the next newcomer gets.
    next: AtomicU32,
    slots: [RwLock<SlotCells>; SHARDS],
}

type SlotCells = HashMap<(AccountNo, U256), Arc<Cell<U256>>>;

/// Shards of the maps, so that lanes seldom meet at one lock.
const SHARDS: usize = 64;
/// Chunks of newcomers; chunk `i` has `FIRST_CHUNK << i` accounts, so all together hold 2^32.
const CHUNKS: usize = 26;
const FIRST_CHUNK: usize = 64;

/// The cells of one account.
struct Cells<C> {
    balance: Cell<Amount>,
    nonce: Cell<u64>,
    code: Cell<C>,
    life: Cell<Life>,
    /// Whether any of its slots was written to.
    slots: AtomicBool,
}

/// What a transaction does to a balance.
#[derive(Clone, Copy, Debug)]
enum Amount {
    Set(U256),
    Add(U256),
}

/// One location: what was written to it, in the order of transactions.
struct Cell<T> {
    /// Written under the lock, and never taken back; read without it. Release and acquire: who
    /// sees it set finds the entry.
    written: AtomicBool,
    entries: Mutex<Vec<Entry<T>>>,
}

struct Entry<T> {
    version: Version,
    /// Its writer is about to run again, and will probably write here again.
    estimate: bool,
    value: T,
}

/// The latest value before a transaction, with its writer; `None`: nobody wrote.
/// The error is the writer of an estimate.
type Latest<T> = Result<Option<(T, Version)>, Version>;

/// What became of one account; `None`: as before the block.
#[derive(Debug)]
pub struct Final<C> {
    /// The account.
    pub account: AccountNo,
    /// Its balance.
    pub balance: Option<U256>,
    /// Its nonce.
    pub nonce: Option<u64>,
    /// Its code.
    pub code: Option<C>,
    /// Whether it exists.
    pub exists: Option<bool>,
    /// Whether its storage of before the block is gone.
    pub wiped: bool,
}

impl<T> Default for Cell<T> {
    fn default() -> Self {
        Self { written: AtomicBool::new(false), entries: Mutex::new(Vec::new()) }
    }
}

impl<T: Clone> Cell<T> {
    fn latest(&self, before: TxIndex) -> Latest<T> {
        self.latest_that(before, |_| true)
    }

    /// The latest value that `wanted` wants; an estimate on the way counts as one.
    fn latest_that(&self, before: TxIndex, wanted: impl Fn(&T) -> bool) -> Latest<T> {
        if !self.written.load(Ordering::Acquire) {
            return Ok(None);
        }
        let entries = lock(&self.entries);
        let end = entries.partition_point(|entry| entry.version.tx < before);
        for entry in entries[..end].iter().rev() {
            if entry.estimate {
                return Err(entry.version);
            }
            if wanted(&entry.value) {
                return Ok(Some((entry.value.clone(), entry.version)));
            }
        }
        Ok(None)
    }

    /// Whether the transaction had not written here.
    fn put(&self, version: Version, value: T) -> bool {
        let mut entries = lock(&self.entries);
        self.written.store(true, Ordering::Release);
        let entry = Entry { version, estimate: false, value };
        match entries.binary_search_by_key(&version.tx, |entry| entry.version.tx) {
            Ok(i) => {
                entries[i] = entry;
                false
            }
            Err(i) => {
                entries.insert(i, entry);
                true
            }
        }
    }

    fn remove(&self, tx: TxIndex) {
        let mut entries = lock(&self.entries);
        if let Ok(i) = entries.binary_search_by_key(&tx, |entry| entry.version.tx) {
            entries.remove(i);
        }
    }

    fn make_estimate(&self, tx: TxIndex) {
        let mut entries = lock(&self.entries);
        if let Ok(i) = entries.binary_search_by_key(&tx, |entry| entry.version.tx) {
            entries[i].estimate = true;
        }
    }

    fn last_writer(&self, before: TxIndex) -> Option<Version> {
        let entries = lock(&self.entries);
        let end = entries.partition_point(|entry| entry.version.tx < before);
        entries[..end].last().map(|entry| entry.version)
    }
}

impl<C> Default for Cells<C> {
    fn default() -> Self {
        Self {
            balance: Cell::default(),
            nonce: Cell::default(),
            code: Cell::default(),
            life: Cell::default(),
            slots: AtomicBool::new(false),
        }
    }
}

/// Past every transaction.
const END: TxIndex = TxIndex(u32::MAX);

impl<C: Clone> Memory<C> {
    /// An empty memory for a block whose pre-state has that many accounts, numbered from 0.
    pub fn new(known: usize) -> Self {
        let mut cells = Vec::with_capacity(known);
        cells.resize_with(known, Cells::default);
        Self {
            known: cells,
            newcomers: std::array::from_fn(|_| OnceLock::new()),
            numbers: std::array::from_fn(|_| RwLock::default()),
            next: AtomicU32::new(known as u32),
            slots: std::array::from_fn(|_| RwLock::default()),
        }
    }

    /// The number of an account that the pre-state does not list.
    pub fn newcomer(&self, address: &Address) -> AccountNo {
        let shard = &self.numbers[address[19] as usize % SHARDS];
        if let Some(no) = shard.read().unwrap_or_else(PoisonError::into_inner).get(address) {
            return *no;
        }
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        // Relaxed: the number is published by the shard's lock; the counter only keeps numbers apart.
        *shard.entry(*address).or_insert_with(|| AccountNo(self.next.fetch_add(1, Ordering::Relaxed)))
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

    fn cells(&self, no: AccountNo) -> &Cells<C> {
        if let Some(cells) = self.known.get(no.index()) {
            return cells;
        }
        // Chunk i holds FIRST_CHUNK << i accounts and begins at FIRST_CHUNK * (2^i - 1).
        let at = no.index() - self.known.len();
        let chunk = (at / FIRST_CHUNK + 1).ilog2() as usize;
        let begin = FIRST_CHUNK * ((1 << chunk) - 1);
        let cells = self.newcomers[chunk].get_or_init(|| {
            let mut cells = Vec::with_capacity(FIRST_CHUNK << chunk);
            cells.resize_with(FIRST_CHUNK << chunk, Cells::default);
            cells.into_boxed_slice()
        });
        &cells[at - begin]
    }

    fn slot_shard(&self, no: AccountNo, slot: &U256) -> &RwLock<SlotCells> {
        // Slots are hashes or small numbers: the lowest byte spreads both.
        &self.slots[(slot.as_limbs()[0] as usize ^ no.index()) % SHARDS]
    }

    fn slot_cell(&self, no: AccountNo, slot: &U256) -> Option<Arc<Cell<U256>>> {
        // Acquire: pairs with the release in `put`, so that who sees the flag finds the slot.
        if !self.cells(no).slots.load(Ordering::Acquire) {
            return None;
        }
        let shard = self.slot_shard(no, slot).read().unwrap_or_else(PoisonError::into_inner);
        shard.get(&(no, *slot)).cloned()
    }

    /// The balance before a transaction, given the one before the block. Every writer that it
    /// sums is given to `writer`, latest first.
    ///
    /// # Errors
    /// The writer of an estimate.
    pub fn balance(
        &self,
        no: AccountNo,
        before: TxIndex,
        base: U256,
        mut writer: impl FnMut(Version),
    ) -> Result<U256, Version> {
        let cell = &self.cells(no).balance;
        if !cell.written.load(Ordering::Acquire) {
            return Ok(base);
        }
        let entries = lock(&cell.entries);
        let end = entries.partition_point(|entry| entry.version.tx < before);
        let mut added = U256::ZERO;
        for entry in entries[..end].iter().rev() {
            if entry.estimate {
                return Err(entry.version);
            }
            writer(entry.version);
            match entry.value {
                Amount::Set(value) => return Ok(value.wrapping_add(added)),
                Amount::Add(value) => added = added.wrapping_add(value),
            }
        }
        Ok(base.wrapping_add(added))
    }

    /// The nonce before a transaction.
    ///
    /// # Errors
    /// The writer of an estimate.
    pub fn nonce(&self, no: AccountNo, before: TxIndex) -> Latest<u64> {
        self.cells(no).nonce.latest(before)
    }

    /// The code before a transaction.
    ///
    /// # Errors
    /// The writer of an estimate.
    pub fn code(&self, no: AccountNo, before: TxIndex) -> Latest<C> {
        self.cells(no).code.latest(before)
    }

    /// The latest change of existence before a transaction.
    ///
    /// # Errors
    /// The writer of an estimate.
    pub fn life(&self, no: AccountNo, before: TxIndex) -> Latest<Life> {
        self.cells(no).life.latest(before)
    }

    /// A slot before a transaction: what was written since the storage last began anew, else zero
    /// if it did, else `None`.
    ///
    /// # Errors
    /// The writer of an estimate.
    pub fn slot(&self, no: AccountNo, slot: &U256, before: TxIndex) -> Latest<U256> {
        let wiped = self.cells(no).life.latest_that(before, |life| life.wipes_storage())?;
        let written = match self.slot_cell(no, slot) {
            Some(cell) => cell.latest(before)?,
            None => None,
        };
        Ok(match (written, wiped) {
            // A transaction that creates an account may write to its storage as well.
            (Some((value, writer)), Some((_, wiper))) if writer.tx >= wiper.tx => Some((value, writer)),
            (Some(written), None) => Some(written),
            (_, Some((_, wiper))) => Some((U256::ZERO, wiper)),
            (None, None) => None,
        })
    }

    /// Who last wrote to a location before a transaction, estimate or not.
    pub fn last_writer(&self, key: Key, before: TxIndex) -> Option<Version> {
        let cells = self.cells(key.account);
        match key.part {
            Part::Balance => cells.balance.last_writer(before),
            Part::Nonce => cells.nonce.last_writer(before),
            Part::Code => cells.code.last_writer(before),
            Part::Life => cells.life.last_writer(before),
            Part::Slot(slot) => {
                let written = self.slot_cell(key.account, &slot).and_then(|cell| cell.last_writer(before));
                written.max(cells.life.last_writer(before))
            }
        }
    }

    /// Puts an attempt's writes in, and takes out what the transaction's attempt before wrote
    /// elsewhere. `keys` is what that wrote, and becomes what this one wrote. Gives whether a
    /// location is new.
    pub fn record(&self, version: Version, writes: Vec<Write<C>>, keys: &mut Vec<Key>) -> bool {
        let before = std::mem::replace(keys, writes.iter().map(Write::key).collect());
        let mut wrote_new = false;
        for write in writes {
            let cells = self.cells(write.key().account);
            wrote_new |= match write {
                Write::Balance(_, value) => cells.balance.put(version, Amount::Set(value)),
                Write::Increment(_, value) => cells.balance.put(version, Amount::Add(value)),
                Write::Nonce(_, value) => cells.nonce.put(version, value),
                Write::Code(_, code) => cells.code.put(version, code),
                Write::Life(_, life) => cells.life.put(version, life),
                Write::Slot(no, slot, value) => {
                    let cell = self.slot_cell(no, &slot).unwrap_or_else(|| {
                        let shard = self.slot_shard(no, &slot);
                        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
                        Arc::clone(shard.entry((no, slot)).or_default())
                    });
                    let new = cell.put(version, value);
                    // After the slot is in its map: who sees the flag must find it.
                    cells.slots.store(true, Ordering::Release);
                    new
                }
            };
        }
        for key in before {
            if !keys.contains(&key) {
                self.each_cell(key, CellAction::Remove(version.tx));
            }
        }
        wrote_new
    }

    /// Turns an aborted attempt's writes into estimates.
    pub fn withdraw(&self, tx: TxIndex, keys: &[Key]) {
        for key in keys {
            self.each_cell(*key, CellAction::MakeEstimate(tx));
        }
    }

    fn each_cell(&self, key: Key, action: CellAction) {
        let cells = self.cells(key.account);
        match key.part {
            Part::Balance => action.on(&cells.balance),
            Part::Nonce => action.on(&cells.nonce),
            Part::Code => action.on(&cells.code),
            Part::Life => action.on(&cells.life),
            Part::Slot(slot) => {
                if let Some(cell) = self.slot_cell(key.account, &slot) {
                    action.on(&cell);
                }
            }
        }
    }

    /// What became of every account that was written to, when all transactions are settled.
    /// `base` gives balances before the block.
    pub fn finals(&self, base: impl Fn(AccountNo) -> U256) -> Vec<Final<C>> {
        let mut finals = Vec::new();
        for i in 0..self.next.load(Ordering::Acquire) {
            let account = AccountNo(i);
            let cells = self.cells(account);
            // Once written is not written in the end: an attempt that was run again may have left it.
            let mut writers = 0;
            let balance = self.balance(account, END, base(account), |_| writers += 1);
            let balance = balance.ok().filter(|_| writers > 0);
            let nonce = settled(cells.nonce.latest(END));
            let code = settled(cells.code.latest(END));
            let life = settled(cells.life.latest(END));
            let wiped = settled(cells.life.latest_that(END, |life| life.wipes_storage())).is_some();
            if balance.is_some() || nonce.is_some() || code.is_some() || life.is_some() {
                let exists = life.map(Life::exists);
                finals.push(Final { account, balance, nonce, code, exists, wiped });
            }
        }
        finals
    }

    /// The last value of every slot that was written to, unless its storage was wiped afterwards.
    pub fn final_slots(&self) -> Vec<(AccountNo, U256, U256)> {
        let mut slots = Vec::new();
        for shard in &self.slots {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            for ((account, slot), cell) in shard.iter() {
                let Ok(Some((value, writer))) = cell.latest(END) else { continue };
                let wiped = self.cells(*account).life.latest_that(END, |life| life.wipes_storage());
                if !matches!(wiped, Ok(Some((_, wiper))) if wiper.tx > writer.tx) {
                    slots.push((*account, *slot, value));
                }
            }
        }
        slots
    }
}

fn settled<T>(latest: Latest<T>) -> Option<T> {
    latest.ok().flatten().map(|(value, _)| value)
}

#[derive(Clone, Copy)]
enum CellAction {
    Remove(TxIndex),
    MakeEstimate(TxIndex),
}

impl CellAction {
    fn on<T: Clone>(self, cell: &Cell<T>) {
        match self {
            Self::Remove(tx) => cell.remove(tx),
            Self::MakeEstimate(tx) => cell.make_estimate(tx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Incarnation;

    const A: AccountNo = AccountNo(0);

    fn version(tx: u32) -> Version {
        Version { tx: TxIndex(tx), incarnation: Incarnation(0) }
    }

    fn word(value: u64) -> U256 {
        U256::from(value)
    }

    fn memory(writes: &[(u32, Write<()>)]) -> Memory<()> {
        let memory = Memory::new(1);
        for (tx, write) in writes {
            memory.record(version(*tx), vec![write.clone()], &mut Vec::new());
        }
        memory
    }

    #[test]
    fn a_reader_sees_the_latest_write_below_it() {
        let memory = memory(&[(1, Write::Nonce(A, 10)), (3, Write::Nonce(A, 30))]);
        assert_eq!(memory.nonce(A, TxIndex(1)), Ok(None));
        assert_eq!(memory.nonce(A, TxIndex(2)), Ok(Some((10, version(1)))));
        assert_eq!(memory.nonce(A, TxIndex(3)), Ok(Some((10, version(1)))));
        assert_eq!(memory.nonce(A, TxIndex(9)), Ok(Some((30, version(3)))));
    }

    #[test]
    fn increments_add_up_to_the_last_set_value() {
        let memory = memory(&[
            (0, Write::Increment(A, word(1))),
            (1, Write::Balance(A, word(100))),
            (2, Write::Increment(A, word(20))),
            (4, Write::Increment(A, word(3))),
        ]);
        let read = |before| {
            let mut writers = Vec::new();
            let balance = memory.balance(A, TxIndex(before), word(7), |w| writers.push(w.tx.0));
            (balance, writers)
        };
        assert_eq!(read(0), (Ok(word(7)), vec![]));
        assert_eq!(read(1), (Ok(word(8)), vec![0]));
        assert_eq!(read(3), (Ok(word(120)), vec![2, 1]));
        assert_eq!(read(9), (Ok(word(123)), vec![4, 2, 1]));
    }

    #[test]
    fn aborted_writes_become_estimates() {
        let memory = memory(&[(1, Write::Nonce(A, 10))]);
        memory.withdraw(TxIndex(1), &[Key { account: A, part: Part::Nonce }]);
        assert_eq!(memory.nonce(A, TxIndex(2)), Err(version(1)));
        assert_eq!(memory.nonce(A, TxIndex(1)), Ok(None));
    }

    #[test]
    fn a_new_attempt_takes_out_what_only_the_old_one_wrote() {
        let memory: Memory<()> = Memory::new(1);
        let mut keys = Vec::new();
        let first = vec![Write::Slot(A, word(1), word(5)), Write::Nonce(A, 1)];
        assert!(memory.record(version(0), first, &mut keys));
        memory.withdraw(TxIndex(0), &keys);
        let again = Version { incarnation: Incarnation(1), ..version(0) };
        assert!(!memory.record(again, vec![Write::Nonce(A, 1)], &mut keys));
        assert_eq!(memory.slot(A, &word(1), TxIndex(1)), Ok(None));
        assert_eq!(memory.nonce(A, TxIndex(1)), Ok(Some((1, again))));
    }

    #[test]
    fn what_was_taken_out_again_has_not_become_of_anyone() {
        let memory: Memory<()> = Memory::new(1);
        let mut keys = Vec::new();
        memory.record(version(0), vec![Write::Increment(A, word(5))], &mut keys);
        memory.withdraw(TxIndex(0), &keys);
        let again = Version { incarnation: Incarnation(1), ..version(0) };
        memory.record(again, Vec::new(), &mut keys);
        assert!(memory.finals(|_| word(7)).is_empty());
    }

    #[test]
    fn storage_begins_anew_with_a_new_life() {
        let memory = memory(&[
            (0, Write::Slot(A, word(1), word(5))),
            (1, Write::Life(A, Life::Gone)),
            (2, Write::Life(A, Life::Created)),
            (3, Write::Slot(A, word(2), word(6))),
        ]);
        assert_eq!(memory.slot(A, &word(1), TxIndex(1)), Ok(Some((word(5), version(0)))));
        assert_eq!(memory.slot(A, &word(1), TxIndex(2)), Ok(Some((U256::ZERO, version(1)))));
        assert_eq!(memory.slot(A, &word(9), TxIndex(3)), Ok(Some((U256::ZERO, version(2)))));
        assert_eq!(memory.slot(A, &word(2), TxIndex(4)), Ok(Some((word(6), version(3)))));
        assert_eq!(memory.final_slots(), [(A, word(2), word(6))]);
    }

    #[test]
    fn newcomers_keep_their_numbers() {
        let memory: Memory<()> = Memory::new(3);
        let address = |i: u32| Address::left_padding_from(&i.to_be_bytes());
        let numbers: Vec<AccountNo> = (0..1000).map(|i| memory.newcomer(&address(i))).collect();
        for (i, no) in numbers.iter().enumerate() {
            assert_eq!(memory.newcomer(&address(i as u32)), *no);
            memory.record(version(0), vec![Write::Nonce(*no, i as u64 + 1)], &mut Vec::new());
        }
        for (i, no) in numbers.iter().enumerate() {
            assert_eq!(memory.nonce(*no, TxIndex(1)), Ok(Some((i as u64 + 1, version(0)))));
        }
    }
}

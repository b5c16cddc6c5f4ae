//! Multi-version memory: for each location the values that transactions of the block wrote, by
//! transaction.
//!
//! A location is found by its full key. Accounts have numbers: those of the pre-state are
//! numbered beforehand, others when they are first met. So do the slots of the pre-state; others
//! are found in maps. Each numbered location is a cell with its own lock; a cell that nobody
//! wrote to says so without locking. That answer may be out of date by the time it is used, like
//! any answer here: validation is what makes it safe.

use std::ops::Range;

use alloy_primitives::{Address, U256, map::AddressMap};
use smallvec::SmallVec;

use super::{
    AccountNo, Key, Kind, Life, Part, Place, SlotMap, SlotNo, SlotNumbers, Write, Written,
    sync::{AtomicBool, AtomicU32, Mutex, OnceLock, Ordering, PoisonError, RwLock, lock},
};
use crate::units::{TxIndex, Version};

/// What the transactions of a block wrote. `C` is code in the form the executor runs it.
pub struct Memory<'a, C> {
    /// Accounts of the pre-state, by number.
    known: Vec<Cells<C>>,
    /// Accounts beyond, in chunks of doubling size: made once and never moved.
    newcomers: [OnceLock<Box<[Cells<C>]>>; CHUNKS],
    numbers: [RwLock<AddressMap<AccountNo>>; SHARDS],
    /// The number that the next newcomer gets.
    next: AtomicU32,
    slot_numbers: &'a SlotNumbers,
    /// Slots of the pre-state, by number.
    known_slots: Vec<Cell<U256>>,
    other_slots: Vec<Shard>,
    /// The account that nearly every transaction adds to: the beneficiary.
    collector: AccountNo,
    /// Its balance, by transaction: one lock for all of them would be where all lanes meet.
    collected: Vec<Mutex<Option<Entry<Amount>>>>,
    /// What is taken from it; only touched by those who do not just add.
    collected_debits: Mutex<Debits>,
}

/// Slots beyond those of the pre-state. On cache lines of its own, so that lanes only meet where
/// they meet.
#[repr(align(128))]
#[derive(Default)]
struct Shard(Mutex<SlotMap<Entries<U256>>>);

/// Shards of the maps, so that lanes seldom meet at one lock. (In a model they are to meet.)
const SHARDS: usize = if cfg!(shuttle) { 2 } else { 64 };
/// The same for slots, which are met far more often than new accounts.
const SLOT_SHARDS: usize = if cfg!(shuttle) { 2 } else { 256 };
/// Chunks of newcomers; chunk `i` has `FIRST_CHUNK << i` accounts, so all together hold 2^32.
const CHUNKS: usize = 26;
const FIRST_CHUNK: usize = 64;

/// The cells of one account. What most accounts never need lies elsewhere, so that those that are
/// used one after the other lie closer together.
struct Cells<C> {
    balance: Cell<Amount, Debits>,
    nonce: Cell<u64>,
    /// Made by the first who writes there.
    rare: OnceLock<Box<Rare<C>>>,
}

struct Rare<C> {
    code: Cell<C>,
    life: Cell<Life>,
    /// Whether any of its slots beyond those of the pre-state was written to.
    slots: AtomicBool,
}

/// What a transaction does to a balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Amount {
    Set(U256),
    Add(U256),
}

/// One location with a number.
struct Cell<T, S = ()> {
    /// Written under the lock, and never taken back; read without it. Release and acquire: who
    /// sees it set finds the entry.
    written: AtomicBool,
    entries: Mutex<Entries<T, S>>,
}

/// What is kept up to date about all entries of a location, whoever wrote them.
trait Summary<T>: Default {
    fn add(&mut self, entry: &Entry<T>);
    fn remove(&mut self, entry: &Entry<T>);
}

impl<T> Summary<T> for () {
    fn add(&mut self, _: &Entry<T>) {}
    fn remove(&mut self, _: &Entry<T>) {}
}

/// What all transactions together take from a balance.
#[derive(Default)]
struct Debits {
    sum: U256,
    /// Entries that do not tell what is taken: balances that were set.
    unknown: usize,
}

impl Debits {
    /// The least that a balance can be, given the one before the block; `None`: not known.
    fn least(&self, base: U256) -> Option<U256> {
        if self.unknown == 0 { base.checked_sub(self.sum) } else { None }
    }

    /// What an entry takes; `None`: not known.
    fn of(entry: &Entry<Amount>) -> Option<U256> {
        match entry.value {
            Amount::Set(_) => None,
            // An estimate counts like the write that it was: whoever writes something else in its
            // place says so (`Cell::replace`). Increments wrap: one with the highest bit set takes away.
            Amount::Add(value) if value.bit(255) => Some(value.wrapping_neg()),
            Amount::Add(_) => Some(U256::ZERO),
        }
    }
}

impl Summary<Amount> for Debits {
    fn add(&mut self, entry: &Entry<Amount>) {
        match Self::of(entry) {
            // A sum cannot wrap: nobody spends what is not there, and all ether there is fits
            // many times.
            Some(debit) => self.sum = self.sum.wrapping_add(debit),
            None => self.unknown += 1,
        }
    }

    fn remove(&mut self, entry: &Entry<Amount>) {
        match Self::of(entry) {
            Some(debit) => self.sum = self.sum.wrapping_sub(debit),
            None => self.unknown -= 1,
        }
    }
}

/// What was written to one location, in the order of transactions. Most have one writer.
struct Entries<T, S = ()>(SmallVec<[Entry<T>; 1]>, S);

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

/// What became of a part of the state.
#[derive(Debug)]
pub struct Finals<C> {
    /// Accounts that were written to.
    pub accounts: Vec<Final<C>>,
    /// The last value of slots that were written to, unless their storage was wiped afterwards.
    pub slots: Vec<(AccountNo, U256, U256)>,
}

impl<C> Default for Finals<C> {
    fn default() -> Self {
        Self { accounts: Vec::new(), slots: Vec::new() }
    }
}

impl<T, S: Default> Default for Entries<T, S> {
    fn default() -> Self {
        Self(SmallVec::new(), S::default())
    }
}

impl<T: Clone, S: Summary<T>> Entries<T, S> {
    /// Those of transactions before one.
    fn below(&self, before: TxIndex) -> &[Entry<T>] {
        // Most readers come after every writer.
        match self.0.last() {
            Some(last) if last.version.tx >= before => {
                &self.0[..self.0.partition_point(|entry| entry.version.tx < before)]
            }
            _ => &self.0,
        }
    }

    fn latest(&self, before: TxIndex) -> Latest<T> {
        self.latest_that(before, |_| true)
    }

    /// The latest value that `wanted` wants; an estimate on the way counts as one.
    fn latest_that(&self, before: TxIndex, wanted: impl Fn(&T) -> bool) -> Latest<T> {
        for entry in self.below(before).iter().rev() {
            if entry.estimate {
                return Err(entry.version);
            }
            if wanted(&entry.value) {
                return Ok(Some((entry.value.clone(), entry.version)));
            }
        }
        Ok(None)
    }

    fn find(&self, tx: TxIndex) -> Result<usize, usize> {
        match self.0.last() {
            None => Err(0),
            Some(last) if last.version.tx < tx => Err(self.0.len()),
            Some(_) => self.0.binary_search_by_key(&tx, |entry| entry.version.tx),
        }
    }

    /// Whether the transaction had not written here.
    fn put(&mut self, version: Version, value: T) -> bool {
        let entry = Entry { version, estimate: false, value };
        self.1.add(&entry);
        match self.find(version.tx) {
            Ok(i) => {
                self.1.remove(&self.0[i]);
                self.0[i] = entry;
                false
            }
            Err(i) => {
                self.0.insert(i, entry);
                true
            }
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Remove(tx) => {
                if let Ok(i) = self.find(tx) {
                    let entry = self.0.remove(i);
                    self.1.remove(&entry);
                }
            }
            Action::MakeEstimate(tx) => {
                if let Ok(i) = self.find(tx) {
                    self.1.remove(&self.0[i]);
                    self.0[i].estimate = true;
                    self.1.add(&self.0[i]);
                }
            }
        }
    }

    fn last_writer(&self, before: TxIndex) -> Option<Version> {
        self.below(before).last().map(|entry| entry.version)
    }
}

impl<T, S: Default> Default for Cell<T, S> {
    fn default() -> Self {
        Self { written: AtomicBool::new(false), entries: Mutex::default() }
    }
}

impl<T: Clone, S: Summary<T>> Cell<T, S> {
    fn is_written(&self) -> bool {
        self.written.load(Ordering::Acquire)
    }

    fn latest(&self, before: TxIndex) -> Latest<T> {
        if self.is_written() { lock(&self.entries).latest(before) } else { Ok(None) }
    }

    fn latest_that(&self, before: TxIndex, wanted: impl Fn(&T) -> bool) -> Latest<T> {
        if self.is_written() { lock(&self.entries).latest_that(before, wanted) } else { Ok(None) }
    }

    /// Whether the transaction had not written here.
    fn put(&self, version: Version, value: T) -> bool {
        let mut entries = lock(&self.entries);
        if !self.written.load(Ordering::Relaxed) {
            self.written.store(true, Ordering::Release);
        }
        entries.put(version, value)
    }

    /// Whether the transaction had not written here, or something else. For locations that are
    /// also looked at past estimates.
    fn replace(&self, version: Version, value: T) -> bool
    where
        T: PartialEq,
    {
        let mut entries = lock(&self.entries);
        if !self.written.load(Ordering::Relaxed) {
            self.written.store(true, Ordering::Release);
        }
        let same = entries.find(version.tx).is_ok_and(|i| entries.0[i].value == value);
        entries.put(version, value);
        !same
    }

    fn act(&self, action: Action) {
        lock(&self.entries).act(action);
    }

    fn last_writer(&self, before: TxIndex) -> Option<Version> {
        lock(&self.entries).last_writer(before)
    }
}

impl<C> Default for Cells<C> {
    fn default() -> Self {
        Self { balance: Cell::default(), nonce: Cell::default(), rare: OnceLock::new() }
    }
}

impl<C> Default for Rare<C> {
    fn default() -> Self {
        Self { code: Cell::default(), life: Cell::default(), slots: AtomicBool::new(false) }
    }
}

impl<C: Clone> Cells<C> {
    fn rare(&self) -> &Rare<C> {
        self.rare.get_or_init(Box::default)
    }

    fn code(&self, before: TxIndex) -> Latest<C> {
        self.rare.get().map_or(Ok(None), |rare| rare.code.latest(before))
    }

    fn life(&self, before: TxIndex) -> Latest<Life> {
        self.rare.get().map_or(Ok(None), |rare| rare.life.latest(before))
    }

    /// The latest change of existence after which storage begins anew.
    fn wiped(&self, before: TxIndex) -> Latest<Life> {
        self.rare.get().map_or(Ok(None), |rare| rare.life.latest_that(before, |life| life.wipes_storage()))
    }

    fn last_life_writer(&self, before: TxIndex) -> Option<Version> {
        self.rare.get().and_then(|rare| rare.life.last_writer(before))
    }
}

/// Whom most transactions add to.
#[derive(Clone, Copy, Debug)]
pub enum Collector<'a> {
    /// An account of the pre-state.
    Known(AccountNo),
    /// One that the pre-state does not list.
    Newcomer(&'a Address),
}

/// A slot, by its number if it has one.
#[derive(Clone, Copy, Debug)]
pub enum Slot<'a> {
    /// One of the pre-state.
    Known(SlotNo),
    /// Another.
    Other(&'a U256),
}

impl<'a> Slot<'a> {
    /// That slot, whose number is `at`, if it has one.
    pub fn new(slot: &'a U256, at: Option<SlotNo>) -> Self {
        at.map_or(Self::Other(slot), Self::Known)
    }
}

/// Past every transaction.
const END: TxIndex = TxIndex(u32::MAX);

/// How many accounts or slots are settled at once: see [`Memory::pieces`].
const PIECE: usize = 512;

impl<'a, C: Clone> Memory<'a, C> {
    /// An empty memory for a block of that many transactions, whose pre-state has `known`
    /// accounts, numbered from 0, and those slots. `collector` is the account that most of the
    /// transactions add to.
    pub fn new(
        transactions: usize,
        known: usize,
        slot_numbers: &'a SlotNumbers,
        collector: Collector<'_>,
    ) -> Self {
        let mut cells = Vec::with_capacity(known);
        cells.resize_with(known, Cells::default);
        let mut known_slots = Vec::with_capacity(slot_numbers.len());
        known_slots.resize_with(slot_numbers.len(), Cell::default);
        let mut other_slots = Vec::with_capacity(SLOT_SHARDS);
        other_slots.resize_with(SLOT_SHARDS, Shard::default);
        let mut collected = Vec::with_capacity(transactions);
        collected.resize_with(transactions, Mutex::default);
        let mut memory = Self {
            known: cells,
            newcomers: std::array::from_fn(|_| OnceLock::new()),
            numbers: std::array::from_fn(|_| RwLock::default()),
            next: AtomicU32::new(known as u32),
            slot_numbers,
            known_slots,
            other_slots,
            collector: AccountNo(0),
            collected,
            collected_debits: Mutex::default(),
        };
        memory.collector = match collector {
            Collector::Known(no) => no,
            Collector::Newcomer(address) => memory.newcomer(address),
        };
        memory
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

    fn shard(&self, no: AccountNo, slot: &U256) -> &Mutex<SlotMap<Entries<U256>>> {
        // Slots are hashes or small numbers: the lowest byte spreads both.
        &self.other_slots[(slot.as_limbs()[0] as usize ^ no.index()) % SLOT_SHARDS].0
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
        let mut sum = Sum { base, added: U256::ZERO };
        if no == self.collector {
            for cell in self.collected[..self.collected.len().min(before.index())].iter().rev() {
                if let Some(entry) = &*lock(cell)
                    && let Some(value) = sum.take(entry, &mut writer)?
                {
                    return Ok(value);
                }
            }
            return Ok(sum.end());
        }
        let cell = &self.cells(no).balance;
        if cell.is_written() {
            for entry in lock(&cell.entries).below(before).iter().rev() {
                if let Some(value) = sum.take(entry, &mut writer)? {
                    return Ok(value);
                }
            }
        }
        Ok(sum.end())
    }

    /// Whether the balance before a transaction is at least `need`, given the one before the block.
    ///
    /// # Errors
    /// The writer of an estimate.
    pub fn at_least(&self, no: AccountNo, before: TxIndex, base: U256, need: U256) -> Result<bool, Version> {
        let cell = &self.cells(no).balance;
        // If it is enough after all that anyone takes, it is enough before any transaction. So a
        // sender of many payments needs no sum for each.
        let least = if no == self.collector {
            lock(&self.collected_debits).least(base)
        } else if cell.is_written() {
            lock(&cell.entries).1.least(base)
        } else {
            return Ok(base >= need);
        };
        if least.is_some_and(|least| least >= need) {
            return Ok(true);
        }
        self.balance(no, before, base, |_| ()).map(|balance| balance >= need)
    }

    fn put_balance(&self, no: AccountNo, version: Version, amount: Amount) -> bool {
        if no != self.collector {
            return self.cells(no).balance.replace(version, amount);
        }
        match self.collected.get(version.tx.index()) {
            Some(cell) => {
                let entry = Entry { version, estimate: false, value: amount };
                let mut cell = lock(cell);
                let before = cell.take();
                let same = before.as_ref().is_some_and(|before| before.value == amount);
                if !same {
                    self.count_collected(before.as_ref(), Some(&entry));
                }
                *cell = Some(entry);
                !same
            }
            None => false,
        }
    }

    /// Fees take nothing, so those who add them do not meet here.
    fn count_collected(&self, before: Option<&Entry<Amount>>, now: Option<&Entry<Amount>>) {
        let takes = |entry: &&Entry<Amount>| Debits::of(entry) != Some(U256::ZERO);
        let (before, now) = (before.filter(takes), now.filter(takes));
        if before.is_some() || now.is_some() {
            let mut debits = lock(&self.collected_debits);
            before.inspect(|entry| debits.remove(entry));
            now.inspect(|entry| debits.add(entry));
        }
    }

    fn act_on_balance(&self, no: AccountNo, action: Action) {
        if no != self.collector {
            return self.cells(no).balance.act(action);
        }
        let (Action::Remove(tx) | Action::MakeEstimate(tx)) = action;
        let Some(cell) = self.collected.get(tx.index()) else { return };
        let mut entry = lock(cell);
        match action {
            Action::Remove(_) => {
                self.count_collected(entry.as_ref(), None);
                *entry = None;
            }
            Action::MakeEstimate(_) => {
                if let Some(entry) = &mut *entry {
                    entry.estimate = true;
                }
            }
        }
    }

    fn last_balance_writer(&self, no: AccountNo, before: TxIndex) -> Option<Version> {
        if no != self.collector {
            return self.cells(no).balance.last_writer(before);
        }
        let below = &self.collected[..self.collected.len().min(before.index())];
        below.iter().rev().find_map(|cell| lock(cell).as_ref().map(|entry| entry.version))
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
        self.cells(no).code(before)
    }

    /// The latest change of existence before a transaction.
    ///
    /// # Errors
    /// The writer of an estimate.
    pub fn life(&self, no: AccountNo, before: TxIndex) -> Latest<Life> {
        self.cells(no).life(before)
    }

    /// A slot before a transaction: what was written since the storage last began anew, else zero
    /// if it did, else `None`.
    ///
    /// # Errors
    /// The writer of an estimate.
    pub fn slot(&self, no: AccountNo, slot: Slot<'_>, before: TxIndex) -> Latest<U256> {
        let cells = self.cells(no);
        let wiped = cells.wiped(before)?;
        let written = match slot {
            Slot::Known(at) => self.known_slots[at.index()].latest(before)?,
            // Acquire: pairs with the release in `record`, so that who sees the flag finds the slot.
            Slot::Other(slot) if cells.rare.get().is_some_and(|rare| rare.slots.load(Ordering::Acquire)) => {
                match lock(self.shard(no, slot)).get(&(no, *slot)) {
                    Some(entries) => entries.latest(before)?,
                    None => None,
                }
            }
            Slot::Other(_) => None,
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
            Part::Balance => self.last_balance_writer(key.account, before),
            Part::Nonce => cells.nonce.last_writer(before),
            Part::Code => cells.rare.get().and_then(|rare| rare.code.last_writer(before)),
            Part::Life => cells.last_life_writer(before),
            Part::Slot(slot) => {
                let written = match self.slot_numbers.number(key.account, &slot) {
                    Some(at) => self.known_slots[at.index()].last_writer(before),
                    None => lock(self.shard(key.account, &slot))
                        .get(&(key.account, slot))
                        .and_then(|entries| entries.last_writer(before)),
                };
                written.max(cells.last_life_writer(before))
            }
        }
    }

    /// Puts an attempt's writes in, and takes out what the transaction's attempt before wrote
    /// elsewhere. `written` is what that wrote, and becomes what this one wrote. Gives whether a
    /// location is new, or one that is looked at past estimates (balance, nonce) has another value.
    pub fn record(
        &self,
        version: Version,
        writes: impl IntoIterator<Item = Write<C>>,
        written: &mut Written,
    ) -> bool {
        let before = std::mem::take(written);
        let writes = writes.into_iter();
        written.reserve(writes.size_hint().0);
        let mut wrote_new = false;
        for write in writes {
            written.push(&write);
            wrote_new |= self.put(version, write);
        }
        if !before.is_empty() {
            for (place, key) in before.without(written) {
                self.act(place, key, Action::Remove(version.tx));
            }
        }
        wrote_new
    }

    fn put(&self, version: Version, write: Write<C>) -> bool {
        let cells = self.cells(write.account());
        match write {
            Write::Balance(no, value) => self.put_balance(no, version, Amount::Set(value)),
            Write::Increment(no, value) => self.put_balance(no, version, Amount::Add(value)),
            Write::Nonce(_, value) => cells.nonce.replace(version, value),
            Write::Code(_, code) => cells.rare().code.put(version, code),
            Write::Life(_, life) => cells.rare().life.put(version, life),
            Write::Slot(_, _, Some(at), value) => self.known_slots[at.index()].put(version, value),
            Write::Slot(no, slot, None, value) => {
                let new = lock(self.shard(no, &slot)).entry((no, slot)).or_default().put(version, value);
                // After the slot is in its map: who sees the flag must find it.
                let written = &cells.rare().slots;
                if !written.load(Ordering::Relaxed) {
                    written.store(true, Ordering::Release);
                }
                new
            }
        }
    }

    /// Turns an aborted attempt's writes into estimates.
    pub fn withdraw(&self, tx: TxIndex, written: &Written) {
        for (place, key) in written.iter() {
            self.act(place, key, Action::MakeEstimate(tx));
        }
    }

    /// `key` is that of a slot that has no number.
    fn act(&self, place: Place, key: Option<&Key>, action: Action) {
        match (place.kind(), key) {
            (Kind::Slot(at), _) => self.known_slots[at.index()].act(action),
            (Kind::Part(no, part), _) => {
                let cells = self.cells(no);
                match part {
                    Part::Balance => self.act_on_balance(no, action),
                    Part::Nonce => cells.nonce.act(action),
                    Part::Code => cells.rare().code.act(action),
                    Part::Life => cells.rare().life.act(action),
                    Part::Slot(_) => {}
                }
            }
            (Kind::Other(_), Some(Key { account, part: Part::Slot(slot) })) => {
                if let Some(entries) = lock(self.shard(*account, slot)).get_mut(&(*account, *slot)) {
                    entries.act(action);
                }
            }
            // Others are slots, and come with their keys.
            (Kind::Other(_), _) => {}
        }
    }

    /// Into how many pieces [`Memory::finals`] is divided.
    pub fn pieces(&self) -> usize {
        self.account_pieces() + self.slot_pieces() + SLOT_SHARDS
    }

    fn account_pieces(&self) -> usize {
        (self.next.load(Ordering::Acquire) as usize).div_ceil(PIECE)
    }

    fn slot_pieces(&self) -> usize {
        self.known_slots.len().div_ceil(PIECE)
    }

    /// Adds what became of one piece of the state to `finals`, when all transactions are settled.
    /// `base` gives balances before the block.
    pub fn finals(&self, piece: usize, base: impl Fn(AccountNo) -> U256, finals: &mut Finals<C>) {
        let range = |piece: usize, len: usize| piece * PIECE..((piece + 1) * PIECE).min(len);
        let accounts = self.account_pieces();
        let slots = self.slot_pieces();
        if piece < accounts {
            let met = self.next.load(Ordering::Acquire) as usize;
            self.final_accounts(range(piece, met), base, finals);
        } else if piece < accounts + slots {
            self.final_known_slots(range(piece - accounts, self.known_slots.len()), finals);
        } else if let Some(shard) = self.other_slots.get(piece - accounts - slots) {
            for ((account, slot), entries) in lock(&shard.0).iter() {
                self.final_slot((*account, *slot), entries, finals);
            }
        }
    }

    fn final_accounts(
        &self,
        accounts: Range<usize>,
        base: impl Fn(AccountNo) -> U256,
        finals: &mut Finals<C>,
    ) {
        for account in accounts.map(|i| AccountNo(i as u32)) {
            let cells = self.cells(account);
            // Once written is not written in the end: an attempt that was run again may have left it.
            let mut writers = 0;
            let balance = self.balance(account, END, base(account), |_| writers += 1);
            let balance = balance.ok().filter(|_| writers > 0);
            let nonce = settled(cells.nonce.latest(END));
            let code = settled(cells.code(END));
            let life = settled(cells.life(END));
            if balance.is_some() || nonce.is_some() || code.is_some() || life.is_some() {
                let wiped = settled(cells.wiped(END)).is_some();
                let exists = life.map(Life::exists);
                finals.accounts.push(Final { account, balance, nonce, code, exists, wiped });
            }
        }
    }

    fn final_known_slots(&self, slots: Range<usize>, finals: &mut Finals<C>) {
        for (i, cell) in slots.clone().zip(&self.known_slots[slots]) {
            if cell.is_written()
                && let Some(key) = self.slot_numbers.key(SlotNo(i as u32))
            {
                self.final_slot(key, &lock(&cell.entries), finals);
            }
        }
    }

    fn final_slot(
        &self,
        (account, slot): (AccountNo, U256),
        entries: &Entries<U256>,
        finals: &mut Finals<C>,
    ) {
        let Ok(Some((value, writer))) = entries.latest(END) else { return };
        let wiped = self.cells(account).wiped(END);
        if !matches!(wiped, Ok(Some((_, wiper))) if wiper.tx > writer.tx) {
            finals.slots.push((account, slot, value));
        }
    }
}

/// A balance on the way back through its writers.
struct Sum {
    base: U256,
    added: U256,
}

impl Sum {
    /// Takes one more writer in; the balance, if it was set there.
    fn take(
        &mut self,
        entry: &Entry<Amount>,
        writer: &mut impl FnMut(Version),
    ) -> Result<Option<U256>, Version> {
        if entry.estimate {
            return Err(entry.version);
        }
        writer(entry.version);
        match entry.value {
            Amount::Set(value) => return Ok(Some(value.wrapping_add(self.added))),
            Amount::Add(value) => self.added = self.added.wrapping_add(value),
        }
        Ok(None)
    }

    /// The balance, if nobody set it.
    fn end(self) -> U256 {
        self.base.wrapping_add(self.added)
    }
}

fn settled<T>(latest: Latest<T>) -> Option<T> {
    latest.ok().flatten().map(|(value, _)| value)
}

#[derive(Clone, Copy)]
enum Action {
    Remove(TxIndex),
    MakeEstimate(TxIndex),
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::units::Incarnation;

    const A: AccountNo = AccountNo(0);

    fn version(tx: u32) -> Version {
        Version { tx: TxIndex(tx), incarnation: Incarnation(0) }
    }

    fn word(value: u64) -> U256 {
        U256::from(value)
    }

    /// Slot 1 of the account has a number, others have none.
    fn set(slot: u64, value: u64) -> Write<()> {
        Write::Slot(A, word(slot), NUMBERS.number(A, &word(slot)), word(value))
    }

    static NUMBERS: LazyLock<SlotNumbers> = LazyLock::new(|| [(A, word(1))].into_iter().collect());

    /// The account after the known ones collects.
    fn empty(known: usize) -> Memory<'static, ()> {
        Memory::new(10, known, &NUMBERS, Collector::Newcomer(&Address::ZERO))
    }

    fn slot(memory: &Memory<'_, ()>, slot: u64, before: u32) -> Latest<U256> {
        let slot = word(slot);
        memory.slot(A, Slot::new(&slot, NUMBERS.number(A, &slot)), TxIndex(before))
    }

    fn memory(writes: &[(u32, Write<()>)]) -> Memory<'static, ()> {
        let memory = empty(1);
        for (tx, write) in writes {
            memory.record(version(*tx), vec![write.clone()], &mut Written::default());
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
    fn a_balance_is_enough_or_not() {
        let debit = |value: u64| word(value).wrapping_neg();
        let memory = empty(1);
        // The collector's is kept in another way.
        for who in [A, memory.newcomer(&Address::ZERO)] {
            memory.record(version(0), [Write::Increment(who, debit(30))], &mut Written::default());
            let mut second = Written::default();
            memory.record(version(2), [Write::Increment(who, debit(30))], &mut second);
            memory.record(version(4), [Write::Increment(who, word(50))], &mut Written::default());
            let at_least = |before, need| memory.at_least(who, TxIndex(before), word(100), word(need));
            assert_eq!((at_least(0, 100), at_least(0, 101)), (Ok(true), Ok(false)));
            assert_eq!((at_least(1, 70), at_least(1, 71)), (Ok(true), Ok(false)));
            assert_eq!((at_least(3, 40), at_least(3, 41)), (Ok(true), Ok(false)));
            assert_eq!((at_least(5, 90), at_least(5, 91)), (Ok(true), Ok(false)));
            memory.withdraw(TxIndex(2), &second);
            // What was taken will probably be taken again; only if that decides, it is waited for.
            assert_eq!((at_least(3, 40), at_least(3, 41)), (Ok(true), Err(version(2))));
            assert_eq!(at_least(2, 70), Ok(true));
            memory.record(version(2), [], &mut second);
            assert_eq!((at_least(3, 70), at_least(5, 120)), (Ok(true), Ok(true)));
            memory.record(version(1), [Write::Balance(who, word(5))], &mut Written::default());
            assert_eq!((at_least(2, 6), at_least(5, 55)), (Ok(false), Ok(true)));
        }
    }

    #[test]
    fn the_collectors_balance_is_one_like_any_other() {
        let memory = empty(1);
        let no = memory.newcomer(&Address::ZERO);
        let mut written: [Written; 5] = Default::default();
        let writes =
            [Write::Increment(no, word(1)), Write::Balance(no, word(100)), Write::Increment(no, word(20))];
        for (tx, write) in [0, 1, 4].into_iter().zip(writes) {
            assert!(memory.record(version(tx), [write], &mut written[tx as usize]));
        }
        let read = |before| {
            let mut writers = Vec::new();
            let balance = memory.balance(no, TxIndex(before), word(7), |w| writers.push(w.tx.0));
            (balance, writers)
        };
        assert_eq!(read(0), (Ok(word(7)), vec![]));
        assert_eq!(read(1), (Ok(word(8)), vec![0]));
        assert_eq!(read(4), (Ok(word(100)), vec![1]));
        assert_eq!(read(9), (Ok(word(120)), vec![4, 1]));
        let key = Key { account: no, part: Part::Balance };
        assert_eq!(memory.last_writer(key, TxIndex(4)), Some(version(1)));
        memory.withdraw(TxIndex(1), &written[1]);
        assert_eq!(read(9).0, Err(version(1)));
        assert_eq!(read(1).0, Ok(word(8)));
        let again = Version { incarnation: Incarnation(1), ..version(1) };
        assert!(!memory.record(again, [], &mut written[1]));
        assert_eq!(read(9), (Ok(word(28)), vec![4, 0]));
    }

    #[test]
    fn aborted_writes_become_estimates() {
        let memory = empty(1);
        let mut written = Written::default();
        memory.record(version(1), [Write::Nonce(A, 10)], &mut written);
        memory.withdraw(TxIndex(1), &written);
        assert_eq!(memory.nonce(A, TxIndex(2)), Err(version(1)));
        assert_eq!(memory.nonce(A, TxIndex(1)), Ok(None));
    }

    #[test]
    fn a_new_attempt_takes_out_what_only_the_old_one_wrote() {
        let memory = empty(1);
        let mut written = Written::default();
        let first = vec![set(1, 5), Write::Nonce(A, 1)];
        assert!(memory.record(version(0), first, &mut written));
        memory.withdraw(TxIndex(0), &written);
        let again = Version { incarnation: Incarnation(1), ..version(0) };
        assert!(!memory.record(again, vec![Write::Nonce(A, 1)], &mut written));
        assert_eq!(slot(&memory, 1, 1), Ok(None));
        assert_eq!(memory.nonce(A, TxIndex(1)), Ok(Some((1, again))));
    }

    #[test]
    fn what_was_taken_out_again_has_not_become_of_anyone() {
        let memory = empty(1);
        let mut written = Written::default();
        memory.record(version(0), vec![Write::Increment(A, word(5))], &mut written);
        memory.withdraw(TxIndex(0), &written);
        let again = Version { incarnation: Incarnation(1), ..version(0) };
        memory.record(again, Vec::new(), &mut written);
        let mut finals = Finals::default();
        (0..memory.pieces()).for_each(|piece| memory.finals(piece, |_| word(7), &mut finals));
        assert!(finals.accounts.is_empty() && finals.slots.is_empty());
    }

    #[test]
    fn storage_begins_anew_with_a_new_life() {
        let memory = memory(&[
            (0, set(1, 5)),
            (1, Write::Life(A, Life::Gone)),
            (2, Write::Life(A, Life::Created)),
            (3, set(2, 6)),
        ]);
        assert_eq!(slot(&memory, 1, 1), Ok(Some((word(5), version(0)))));
        assert_eq!(slot(&memory, 1, 2), Ok(Some((U256::ZERO, version(1)))));
        assert_eq!(slot(&memory, 9, 3), Ok(Some((U256::ZERO, version(2)))));
        assert_eq!(slot(&memory, 2, 4), Ok(Some((word(6), version(3)))));
        let mut finals = Finals::default();
        (0..memory.pieces()).for_each(|piece| memory.finals(piece, |_| U256::ZERO, &mut finals));
        assert_eq!(finals.slots, [(A, word(2), word(6))]);
        assert!(finals.accounts[0].wiped);
    }

    #[test]
    fn an_attempt_that_writes_elsewhere_leaves_nothing_behind() {
        let memory = empty(1);
        let slots = |range: std::ops::Range<u64>| range.map(|i| set(i, i + 1));
        let mut written = Written::default();
        assert!(memory.record(version(0), slots(0..40), &mut written));
        memory.withdraw(TxIndex(0), &written);
        assert_eq!(slot(&memory, 7, 1), Err(version(0)));
        let again = Version { incarnation: Incarnation(1), ..version(0) };
        assert!(memory.record(again, slots(20..60), &mut written));
        for i in 0..60 {
            let seen = (i >= 20).then(|| (word(i + 1), again));
            assert_eq!(slot(&memory, i, 1), Ok(seen), "{i}");
        }
    }

    #[test]
    fn newcomers_keep_their_numbers() {
        let memory = empty(3);
        let address = |i: u32| Address::left_padding_from(&i.to_be_bytes());
        let numbers: Vec<AccountNo> = (1..1001).map(|i| memory.newcomer(&address(i))).collect();
        for (i, no) in numbers.iter().enumerate() {
            assert_eq!(memory.newcomer(&address(i as u32 + 1)), *no);
            memory.record(version(0), vec![Write::Nonce(*no, i as u64 + 1)], &mut Written::default());
        }
        for (i, no) in numbers.iter().enumerate() {
            assert_eq!(memory.nonce(*no, TxIndex(1)), Ok(Some((i as u64 + 1, version(0)))));
        }
    }
}

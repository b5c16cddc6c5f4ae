//! Multi-version memory: for each location the values that transactions of the block wrote, by transaction.
//!
//! ```text
//! Memory ─┬─ known, unlisted    accounts: balance, nonce (Cell), and rarely code, existence (Rare)
//!         ├─ known_slots, new_slots      slots (Cell)
//!         ├─ beneficiary_balance, heavy  a cell per transaction, where a cell would be contended
//!         ├─ numbers, new_numbers        full key ─▶ number, for what the pre-state does not list
//!         └─ marks, Cell::is_written     "was it ever written?", answered without a lock
//! ```
//! A location is found by its full key. Accounts and slots have numbers: those of the pre-state are numbered
//! beforehand, others when a lane first meets them. Each location is a cell with its own lock. A cell that
//! was never written to says so without the lock, and one bit says so for an account's code and existence.
//! Any answer of the memory may be out of date by the time it is used; validation makes that safe.

mod accounts;
mod cells;
mod debits;
mod numbers;
mod settle;
mod special;

use std::collections::HashMap;

use alloy_primitives::{Address, U256, map::AddressMap};

use super::{
    AccountNo, Existence, Key, Kind, PackedLocation, Part, SlotHash, SlotNo, SlotNumbers, Slots, Write,
    WriteSet,
    sums::{Balance, Balances, GROUP, Sum},
    sync::{AtomicU32, Mutex, OnceLock, RwLock, lock},
};
use crate::units::{TxIndex, Version};
use accounts::{Accounts, Marks, Rare};
use cells::{Action, Entries, Latest, Summary};
use debits::Debits;
use numbers::{CHUNKS, Counter, Piece, SHARDS, SLOT_SHARDS, Shard, SlotCell};
use special::HeavySender;

pub(super) use cells::{Amount, Entry};
pub use settle::{Final, Finals};
pub(super) use special::PerTransaction;

/// The writes of a block's transactions. `C` is code in the form that the executor runs.
pub struct Memory<'a, C> {
    /// Accounts of the pre-state, by number.
    known: Accounts<C>,
    /// Accounts that the pre-state does not list, in chunks of doubling size: made once and never moved.
    unlisted: [OnceLock<Accounts<C>>; CHUNKS],
    /// The accounts that may have something [`Rare`].
    marks: Marks,
    /// Numbers of accounts that the pre-state does not list, by shard.
    numbers: [RwLock<AddressMap<AccountNo>>; SHARDS],
    /// The number of the next unlisted account.
    next: Counter,
    slot_numbers: &'a SlotNumbers,
    /// Slots of the pre-state, by number.
    known_slots: Vec<SlotCell>,
    /// Slots that the pre-state does not list: directories of doubling size, with pieces of [`PIECE`] slots.
    new_slots: [OnceLock<Box<[OnceLock<Piece>]>>; CHUNKS],
    /// Numbers of slots that the pre-state does not list, by shard.
    new_numbers: Vec<Shard>,
    slot_hash: SlotHash,
    /// The number of the next unlisted slot.
    next_slot: Counter,
    /// The account that nearly every transaction adds to.
    beneficiary: AccountNo,
    /// Its balance.
    beneficiary_balance: Balances,
    /// Its debits. Fees are none, so this lock is seldom taken.
    beneficiary_debits: Mutex<Debits>,
    /// The heavy senders. At most eight.
    heavy: Vec<HeavySender>,
    /// Sums of balances with many entries: one for each [`GROUP`] of entries, over all entries up to its end.
    /// The first [`Debits::summed`] of them are valid. Locked only by a thread that holds the lock of the
    /// balance's entries.
    sums: Mutex<HashMap<AccountNo, Vec<Sum>>>,
}

/// The account that most transactions add to.
#[derive(Clone, Copy, Debug)]
pub enum Beneficiary<'a> {
    /// An account of the pre-state.
    Known(AccountNo),
    /// An account that the pre-state does not list.
    Unlisted(&'a Address),
}

/// Past every transaction.
const END: TxIndex = TxIndex(u32::MAX);

/// How many accounts or slots are settled at once (see [`Memory::pieces`]), and how many new slots are made
/// at once.
const PIECE: usize = if cfg!(miri) { 8 } else { 512 };

impl<'a, C: Clone> Memory<'a, C> {
    /// An empty memory for a block of that many transactions, whose pre-state has `known` accounts, numbered
    /// from 0, and those slots. `beneficiary` is the account that most transactions add to. `heavy` are
    /// senders of very many transactions, all of them covered.
    pub fn new(
        transactions: usize,
        known: usize,
        slot_numbers: &'a SlotNumbers,
        beneficiary: Beneficiary<'_>,
        heavy: &[AccountNo],
    ) -> Self {
        let mut known_slots = Vec::with_capacity(slot_numbers.len());
        known_slots.resize_with(slot_numbers.len(), SlotCell::default);
        let mut new_numbers = Vec::with_capacity(SLOT_SHARDS);
        new_numbers.resize_with(SLOT_SHARDS, Shard::default);
        let mut memory = Self {
            known: Accounts::new(known),
            marks: Marks::new(known),
            unlisted: std::array::from_fn(|_| OnceLock::new()),
            numbers: std::array::from_fn(|_| RwLock::default()),
            next: Counter(AtomicU32::new(known as u32)),
            slot_numbers,
            known_slots,
            new_slots: std::array::from_fn(|_| OnceLock::new()),
            new_numbers,
            slot_hash: SlotHash::default(),
            next_slot: Counter(AtomicU32::new(slot_numbers.len() as u32)),
            beneficiary: AccountNo(0),
            beneficiary_balance: Balances::new(transactions),
            beneficiary_debits: Mutex::default(),
            heavy: Vec::new(),
            sums: Mutex::default(),
        };
        memory.beneficiary = match beneficiary {
            Beneficiary::Known(no) => no,
            Beneficiary::Unlisted(address) => memory.intern_account(address),
        };
        let heavy = heavy.iter().filter(|account| **account != memory.beneficiary);
        memory.heavy = heavy
            .map(|account| HeavySender {
                account: *account,
                balance: Balances::new(transactions),
                nonce: PerTransaction::new(transactions),
            })
            .collect();
        memory
    }

    /// The cells of an account's code and existence, if one of them was written.
    fn rare(&self, no: AccountNo) -> Option<&Rare<C>> {
        if !self.marks.has(no) {
            return None;
        }
        let (accounts, at) = self.locate(no);
        accounts.rare[at].get().map(|rare| &**rare)
    }

    /// The same cells, in order to write. The account is to be marked afterwards.
    fn rare_to_write(&self, no: AccountNo) -> &Rare<C> {
        let (accounts, at) = self.locate(no);
        accounts.rare[at].get_or_init(Box::default)
    }

    /// The latest change of existence before a transaction that wiped the storage.
    fn wiped(&self, no: AccountNo, before: TxIndex) -> Latest<Existence> {
        self.rare(no).map_or(Ok(None), |rare| rare.wiped(before))
    }

    /// Whether a slot was never written to, and no account's storage was ever wiped. May say no although that
    /// is so.
    pub fn is_slot_untouched(&self, at: SlotNo) -> bool {
        !self.slot_cell(at).is_written() && !self.marks.any()
    }

    /// Whether a balance was never written to. May say no although that is so.
    pub fn is_balance_untouched(&self, no: AccountNo) -> bool {
        self.balances(no).is_none() && !self.cells(no).balance.is_written()
    }

    /// The heavy sender of that number.
    fn heavy(&self, no: AccountNo) -> Option<&HeavySender> {
        self.heavy.iter().find(|heavy| heavy.account == no)
    }

    /// An account's balance, if it has a cell per transaction.
    fn balances(&self, no: AccountNo) -> Option<&Balances> {
        if no == self.beneficiary {
            Some(&self.beneficiary_balance)
        } else {
            self.heavy(no).map(|heavy| &heavy.balance)
        }
    }

    /// The balance before a transaction, given the one before the block.
    ///
    /// # Errors
    /// The writer of an estimate.
    pub fn balance(&self, no: AccountNo, before: TxIndex, base: U256) -> Result<Balance, Version> {
        if let Some(all) = self.balances(no) {
            return all.sum(before).balance(base);
        }
        let cell = &self.cells(no).balance;
        if cell.is_written() {
            return self.sum(no, &mut lock(&cell.entries), before).balance(base);
        }
        Ok(Balance { value: base, latest: None, is_sum: false })
    }

    /// The sum of a balance's entries before a transaction.
    fn sum(&self, no: AccountNo, entries: &mut Entries<U256, Debits>, before: TxIndex) -> Sum {
        let below = entries.below(before).len();
        let groups = below / GROUP;
        let Entries(all, Debits { summed, .. }) = entries;
        // Nearly all balances have few entries.
        let mut sum = Sum::default();
        if groups > 0 {
            let mut sums = lock(&self.sums);
            let sums = sums.entry(no).or_default();
            sums.truncate(*summed as usize);
            for group in sums.len()..groups {
                let mut sum = sums.last().copied().unwrap_or_default();
                sum.extend(&all[group * GROUP..(group + 1) * GROUP]);
                sums.push(sum);
            }
            *summed = sums.len() as u32;
            sum = sums[groups - 1];
        }
        sum.extend(&all[groups * GROUP..below]);
        sum
    }

    /// Whether the balance before a transaction is at least `need`, given the one before the block.
    ///
    /// # Errors
    /// The writer of an estimate.
    pub fn at_least(&self, no: AccountNo, before: TxIndex, base: U256, need: U256) -> Result<bool, Version> {
        let cell = &self.cells(no).balance;
        // If it is enough after all debits of the block, it is enough before any transaction. So a sender of
        // many payments needs no sum for each.
        let least = if no == self.beneficiary {
            lock(&self.beneficiary_debits).least(base)
        } else if self.heavy(no).is_some() {
            None
        } else if cell.is_written() {
            lock(&cell.entries).1.least(base)
        } else {
            return Ok(base >= need);
        };
        if least.is_some_and(|least| least >= need) {
            return Ok(true);
        }
        self.balance(no, before, base).map(|balance| balance.value >= need)
    }

    fn put_balance(&self, no: AccountNo, version: Version, amount: Amount) -> bool {
        let entry = Entry::of_balance(version, amount);
        let Some(all) = self.balances(no) else { return self.cells(no).balance.replace(entry) };
        let before = all.write(version.tx, |cells| cells.put(entry));
        let same = before.as_ref().is_some_and(|before| before.says(&entry));
        if !same && no == self.beneficiary {
            self.count_beneficiary_debits(before.as_ref(), Some(&entry));
        }
        !same
    }

    /// Keeps the beneficiary's debits up to date. Fees are no debits, so nearly all transactions leave the
    /// lock alone.
    fn count_beneficiary_debits(&self, before: Option<&Entry<U256>>, now: Option<&Entry<U256>>) {
        let takes = |entry: &&Entry<U256>| Debits::of(entry) != Some(0);
        let (before, now) = (before.filter(takes), now.filter(takes));
        if before.is_some() || now.is_some() {
            let mut debits = lock(&self.beneficiary_debits);
            before.inspect(|entry| debits.remove(entry));
            now.inspect(|entry| debits.add(entry));
        }
    }

    fn act_on_balance(&self, no: AccountNo, action: Action) {
        match self.balances(no) {
            None => self.cells(no).balance.act(action),
            Some(all) => {
                let (Action::Remove(tx) | Action::MakeEstimate(tx)) = action;
                let out = all.write(tx, |cells| cells.act(action));
                if no == self.beneficiary {
                    self.count_beneficiary_debits(out.as_ref(), None);
                }
            }
        }
    }

    fn last_balance_writer(&self, no: AccountNo, before: TxIndex) -> Option<Version> {
        match self.balances(no) {
            None => self.cells(no).balance.last_writer(before),
            Some(all) => all.last_writer(before),
        }
    }

    /// The nonce before a transaction.
    ///
    /// # Errors
    /// The writer of an estimate.
    pub fn nonce(&self, no: AccountNo, before: TxIndex) -> Latest<u64> {
        match self.heavy(no) {
            None => self.cells(no).nonce.latest(before),
            Some(heavy) => heavy.nonce.latest(before),
        }
    }

    /// The code before a transaction.
    ///
    /// # Errors
    /// The writer of an estimate.
    pub fn code(&self, no: AccountNo, before: TxIndex) -> Latest<C> {
        self.rare(no).map_or(Ok(None), |rare| rare.code.latest(before))
    }

    /// The latest change of existence before a transaction.
    ///
    /// # Errors
    /// The writer of an estimate.
    pub fn existence(&self, no: AccountNo, before: TxIndex) -> Latest<Existence> {
        self.rare(no).map_or(Ok(None), |rare| rare.existence.latest(before))
    }

    /// A slot before a transaction: the value that was written since the storage was last wiped; zero if
    /// there is none but the storage was wiped; else `None`.
    ///
    /// # Errors
    /// The writer of an estimate.
    pub fn slot(&self, no: AccountNo, at: SlotNo, before: TxIndex) -> Latest<U256> {
        let wiped = self.wiped(no, before)?;
        let written = self.slot_cell(at).latest(before)?;
        Ok(match (written, wiped) {
            // A transaction that creates an account may write to its storage as well.
            (Some((value, writer)), Some((_, wiper))) if writer.tx >= wiper.tx => Some((value, writer)),
            (Some(written), None) => Some(written),
            (_, Some((_, wiper))) => Some((U256::ZERO, wiper)),
            (None, None) => None,
        })
    }

    /// The last writer of a location before a transaction, estimate or not.
    pub fn last_writer(&self, key: Key, before: TxIndex) -> Option<Version> {
        let rare = self.rare(key.account);
        let of_existence = || rare.and_then(|rare| rare.existence.last_writer(before));
        match key.part {
            Part::Balance => self.last_balance_writer(key.account, before),
            Part::Nonce => match self.heavy(key.account) {
                None => self.cells(key.account).nonce.last_writer(before),
                Some(heavy) => heavy.nonce.last_writer(before),
            },
            Part::Code => rare.and_then(|rare| rare.code.last_writer(before)),
            Part::Existence => of_existence(),
            Part::Slot(slot) => {
                let at = self.find(key.account, &slot);
                let written = at.and_then(|at| self.slot_cell(at).last_writer(before));
                written.max(of_existence())
            }
        }
    }

    /// Puts an attempt's writes in, and takes out the entries that only the transaction's attempt before
    /// wrote. `written` is the write set of that attempt, and becomes that of this one. Returns whether a
    /// location is new, or whether one that some reads see past estimates (balance, nonce) has another value.
    pub fn record(
        &self,
        version: Version,
        writes: impl IntoIterator<Item = Write<C>>,
        written: &mut WriteSet,
    ) -> bool {
        let before = std::mem::take(written);
        let writes = writes.into_iter();
        written.reserve(writes.size_hint().0);
        let mut wrote_new = false;
        for write in writes {
            let location = match &write {
                Write::Slot(no, slot, at, _) => {
                    PackedLocation::slot(at.unwrap_or_else(|| self.slot_no(*no, slot)))
                }
                write => {
                    let Key { account, part } = write.key();
                    PackedLocation::of_part(account, part)
                }
            };
            written.push(location);
            wrote_new |= self.put(version, location, write);
        }
        if !before.is_empty() {
            for location in before.without(written) {
                self.act(location, Action::Remove(version.tx));
            }
        }
        wrote_new
    }

    /// Puts one write in. Whether it counts as a new location: see [`Memory::record`].
    fn put(&self, version: Version, location: PackedLocation, write: Write<C>) -> bool {
        match write {
            Write::Balance(no, value) => self.put_balance(no, version, Amount::Set(value)),
            Write::Increment(no, value) => self.put_balance(no, version, Amount::Add(value)),
            Write::Nonce(no, value) => match self.heavy(no) {
                None => self.cells(no).nonce.replace(Entry::new(version, value)),
                Some(heavy) => {
                    let before = heavy.nonce.put(Entry::new(version, value));
                    before.is_none_or(|before| before.value != value)
                }
            },
            Write::Code(no, code) => {
                let new = self.rare_to_write(no).code.put(Entry::new(version, code));
                // Afterwards, here and below: a reader that finds the mark must find the entry.
                self.marks.set(no);
                new
            }
            Write::Existence(no, existence) => {
                let new = self.rare_to_write(no).existence.put(Entry::new(version, existence));
                self.marks.set(no);
                new
            }
            Write::Slot(.., value) => match location.kind() {
                Kind::Slot(at) => self.slot_cell(at).put(Entry::new(version, value)),
                // A slot is located by its number.
                Kind::Part(..) | Kind::Other(_) => false,
            },
        }
    }

    /// Turns an aborted attempt's writes into estimates.
    pub fn withdraw(&self, tx: TxIndex, written: &WriteSet) {
        for location in written.iter() {
            self.act(location, Action::MakeEstimate(tx));
        }
    }

    fn act(&self, location: PackedLocation, action: Action) {
        match location.kind() {
            Kind::Slot(at) => self.slot_cell(at).act(action),
            Kind::Part(no, part) => match part {
                Part::Balance => self.act_on_balance(no, action),
                Part::Nonce => match self.heavy(no) {
                    None => self.cells(no).nonce.act(action),
                    Some(heavy) => drop(heavy.nonce.act(action)),
                },
                Part::Code => self.rare_to_write(no).code.act(action),
                Part::Existence => self.rare_to_write(no).existence.act(action),
                Part::Slot(_) => {}
            },
            // Every slot has a number here.
            Kind::Other(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::{accounts::AccountCells, *};
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
        Memory::new(10, known, &NUMBERS, Beneficiary::Unlisted(&Address::ZERO), &[])
    }

    fn slot(memory: &Memory<'_, ()>, slot: u64, before: u32) -> Latest<U256> {
        let at = memory.slot_no(A, &word(slot));
        memory.slot(A, at, TxIndex(before))
    }

    fn memory(writes: &[(u32, Write<()>)]) -> Memory<'static, ()> {
        let memory = empty(1);
        for (tx, write) in writes {
            memory.record(version(*tx), vec![write.clone()], &mut WriteSet::default());
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
    #[cfg(all(target_pointer_width = "64", not(shuttle)))]
    fn a_slot_takes_one_cache_line_and_an_account_two() {
        assert_eq!((size_of::<SlotCell>(), size_of::<AccountCells>()), (64, 128));
    }

    #[test]
    fn code_and_existence_are_found_where_they_were_written_and_nowhere_else() {
        let memory = empty(1);
        let unlisted = memory.intern_account(&Address::repeat_byte(7));
        for no in [A, unlisted] {
            assert_eq!(memory.code(no, END), Ok(None));
            memory.record(
                version(1),
                [Write::Code(no, ()), Write::Existence(no, Existence::Exists)],
                &mut WriteSet::default(),
            );
            assert_eq!(memory.code(no, TxIndex(2)), Ok(Some(((), version(1)))));
            assert_eq!(memory.existence(no, TxIndex(2)), Ok(Some((Existence::Exists, version(1)))));
            assert_eq!(memory.code(no, TxIndex(1)), Ok(None));
        }
        // It shares the first account's mark.
        let other = AccountNo(memory.marks.words.len() as u32 * 64);
        assert_eq!((memory.code(other, END), memory.existence(other, END)), (Ok(None), Ok(None)));
    }

    #[test]
    fn a_heavy_senders_balance_and_nonce_are_like_any_others() {
        let [usual, heavy] = [&[][..], &[A]]
            .map(|heavy| Memory::<()>::new(10, 1, &NUMBERS, Beneficiary::Unlisted(&Address::ZERO), heavy));
        let both = [&usual, &heavy];
        let mut written: [[WriteSet; 10]; 2] = Default::default();
        let mut record = |tx: u32, incarnation: u32, writes: &[Write<()>]| {
            let version = Version { tx: TxIndex(tx), incarnation: Incarnation(incarnation) };
            let new =
                [0, 1].map(|i| both[i].record(version, writes.iter().cloned(), &mut written[i][tx as usize]));
            assert_eq!(new[0], new[1], "{tx} {incarnation}");
            new[0]
        };
        let seen = |memory: &Memory<'_, ()>| {
            let at = |tx: u32| {
                let tx = TxIndex(tx);
                let balance = memory.balance(A, tx, word(100));
                let parts = [Part::Balance, Part::Nonce];
                let last = parts.map(|part| memory.last_writer(Key { account: A, part }, tx));
                let enough = [40, 70, 100].map(|need| memory.at_least(A, tx, word(100), word(need)));
                (balance, memory.nonce(A, tx), last, enough)
            };
            (0..10).map(at).collect::<Vec<_>>()
        };
        let mut finals: [Finals<()>; 2] = Default::default();
        let same = || assert_eq!(seen(&usual), seen(&heavy));
        let pay = |nonce: u64| [Write::Increment(A, word(30).wrapping_neg()), Write::Nonce(A, nonce)];
        same();
        assert!(record(2, 0, &pay(1)));
        assert!(record(5, 0, &pay(3)));
        same();
        assert!(record(3, 0, &pay(2)));
        same();
        assert!(!record(3, 1, &pay(2)), "the same again");
        assert!(record(5, 1, &[Write::Balance(A, word(7))]), "another, and nothing of the nonce");
        same();
        for (memory, written) in both.iter().zip(&written) {
            memory.withdraw(TxIndex(3), &written[3]);
        }
        assert_eq!(heavy.nonce(A, TxIndex(4)), Err(Version { tx: TxIndex(3), incarnation: Incarnation(1) }));
        let mut record = |tx: u32, incarnation: u32, writes: &[Write<()>]| {
            let version = Version { tx: TxIndex(tx), incarnation: Incarnation(incarnation) };
            [0, 1].map(|i| both[i].record(version, writes.iter().cloned(), &mut written[i][tx as usize]))
        };
        same();
        assert_eq!(record(3, 2, &pay(9)), [true; 2]);
        same();
        for (memory, finals) in both.iter().zip(&mut finals) {
            (0..memory.pieces()).for_each(|piece| memory.finals(piece, |_| word(100), finals));
        }
        assert_eq!(format!("{:?}", finals[0]), format!("{:?}", finals[1]));
    }

    #[test]
    fn every_slot_has_a_number_of_its_own_and_keeps_it() {
        let memory = empty(1);
        let many = PIECE as u64 * 70;
        let numbers: Vec<SlotNo> = (0..many).map(|slot| memory.slot_no(A, &word(slot))).collect();
        assert_eq!(numbers[1], SlotNo(0), "that of the pre-state");
        for (slot, at) in numbers.iter().enumerate() {
            let slot = word(slot as u64);
            assert_eq!((memory.slot_no(A, &slot), memory.slot_key(*at)), (*at, Some((A, slot))));
        }
        let new: Vec<U256> = memory.new_slots().map(|(_, slot)| slot).collect();
        assert_eq!(new.len() as u64, many - 1);
        assert_eq!((new[0], new[1]), (word(0), word(2)));
        assert_eq!(memory.find(AccountNo(1), &word(5)), None);
    }

    #[test]
    fn a_slot_is_touched_by_a_write_and_by_a_wipe_of_any_storage() {
        let memory = empty(2);
        let at = memory.slot_no(A, &word(7));
        assert!(memory.is_slot_untouched(at));
        memory.record(version(1), [set(8, 1)], &mut WriteSet::default());
        assert!(memory.is_slot_untouched(at));
        memory.record(version(1), [set(7, 1)], &mut WriteSet::default());
        assert!(!memory.is_slot_untouched(at));
        let other = memory.slot_no(AccountNo(1), &word(7));
        assert!(memory.is_slot_untouched(other));
        memory.record(
            version(2),
            [Write::Existence(AccountNo(1), Existence::Gone)],
            &mut WriteSet::default(),
        );
        assert!(!memory.is_slot_untouched(other));
        assert_eq!(memory.slot(AccountNo(1), other, END), Ok(Some((U256::ZERO, version(2)))));
    }

    #[test]
    fn a_debit_too_large_to_sum_is_answered_by_the_balance() {
        let taken = |value: U256| Write::Increment(A, value.wrapping_neg());
        let memory = memory(&[(0, taken(U256::ONE << 96))]);
        let before = (U256::ONE << 96) + word(5);
        assert_eq!(memory.at_least(A, TxIndex(1), before, word(5)), Ok(true));
        assert_eq!(memory.at_least(A, TxIndex(1), before, word(6)), Ok(false));
        assert_eq!(memory.at_least(A, TxIndex(0), before, before), Ok(true));
    }

    #[test]
    fn increments_add_up_to_the_last_set_value() {
        let memory = memory(&[
            (0, Write::Increment(A, word(1))),
            (1, Write::Balance(A, word(100))),
            (2, Write::Increment(A, word(20))),
            (4, Write::Increment(A, word(3))),
        ]);
        let read = |before| memory.balance(A, TxIndex(before), word(7));
        let balance = |value, latest: Option<u32>, is_sum| {
            Ok(Balance { value: word(value), latest: latest.map(version), is_sum })
        };
        assert_eq!(read(0), balance(7, None, false));
        assert_eq!(read(1), balance(8, Some(0), false));
        assert_eq!(read(2), balance(100, Some(1), false));
        assert_eq!(read(3), balance(120, Some(2), true));
        assert_eq!(read(9), balance(123, Some(4), true));
    }

    #[test]
    fn a_balance_is_enough_or_not() {
        let debit = |value: u64| word(value).wrapping_neg();
        let memory = empty(1);
        // The beneficiary's is kept in another way.
        for account in [A, memory.intern_account(&Address::ZERO)] {
            memory.record(version(0), [Write::Increment(account, debit(30))], &mut WriteSet::default());
            let mut second = WriteSet::default();
            memory.record(version(2), [Write::Increment(account, debit(30))], &mut second);
            memory.record(version(4), [Write::Increment(account, word(50))], &mut WriteSet::default());
            let at_least = |before, need| memory.at_least(account, TxIndex(before), word(100), word(need));
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
            memory.record(version(1), [Write::Balance(account, word(5))], &mut WriteSet::default());
            assert_eq!((at_least(2, 6), at_least(5, 55)), (Ok(false), Ok(true)));
        }
    }

    #[test]
    fn the_beneficiarys_balance_is_like_any_other() {
        let memory = empty(1);
        let no = memory.intern_account(&Address::ZERO);
        let mut written: [WriteSet; 5] = Default::default();
        let writes =
            [Write::Increment(no, word(1)), Write::Balance(no, word(100)), Write::Increment(no, word(20))];
        for (tx, write) in [0, 1, 4].into_iter().zip(writes) {
            assert!(memory.record(version(tx), [write], &mut written[tx as usize]));
        }
        let read = |before| memory.balance(no, TxIndex(before), word(7));
        let balance = |value, latest: Option<u32>, is_sum| {
            Ok(Balance { value: word(value), latest: latest.map(version), is_sum })
        };
        assert_eq!(read(0), balance(7, None, false));
        assert_eq!(read(1), balance(8, Some(0), false));
        assert_eq!(read(4), balance(100, Some(1), false));
        assert_eq!(read(9), balance(120, Some(4), true));
        let key = Key { account: no, part: Part::Balance };
        assert_eq!(memory.last_writer(key, TxIndex(4)), Some(version(1)));
        memory.withdraw(TxIndex(1), &written[1]);
        assert_eq!(read(9), Err(version(1)));
        assert_eq!(read(1), balance(8, Some(0), false));
        let again = Version { incarnation: Incarnation(1), ..version(1) };
        assert!(!memory.record(again, [], &mut written[1]));
        assert_eq!(read(9), balance(28, Some(4), true));
    }

    #[test]
    fn aborted_writes_become_estimates() {
        let memory = empty(1);
        let mut written = WriteSet::default();
        memory.record(version(1), [Write::Nonce(A, 10)], &mut written);
        memory.withdraw(TxIndex(1), &written);
        assert_eq!(memory.nonce(A, TxIndex(2)), Err(version(1)));
        assert_eq!(memory.nonce(A, TxIndex(1)), Ok(None));
    }

    #[test]
    fn a_new_attempt_takes_out_entries_that_only_the_old_one_wrote() {
        let memory = empty(1);
        let mut written = WriteSet::default();
        let first = vec![set(1, 5), Write::Nonce(A, 1)];
        assert!(memory.record(version(0), first, &mut written));
        memory.withdraw(TxIndex(0), &written);
        let again = Version { incarnation: Incarnation(1), ..version(0) };
        assert!(!memory.record(again, vec![Write::Nonce(A, 1)], &mut written));
        assert_eq!(slot(&memory, 1, 1), Ok(None));
        assert_eq!(memory.nonce(A, TxIndex(1)), Ok(Some((1, again))));
    }

    #[test]
    fn entries_that_were_taken_out_are_not_in_the_state_after() {
        let memory = empty(1);
        let mut written = WriteSet::default();
        memory.record(version(0), vec![Write::Increment(A, word(5))], &mut written);
        memory.withdraw(TxIndex(0), &written);
        let again = Version { incarnation: Incarnation(1), ..version(0) };
        memory.record(again, Vec::new(), &mut written);
        let mut finals = Finals::default();
        (0..memory.pieces()).for_each(|piece| memory.finals(piece, |_| word(7), &mut finals));
        assert!(finals.accounts.is_empty() && finals.slots.is_empty());
    }

    #[test]
    fn creation_and_destruction_wipe_storage() {
        let memory = memory(&[
            (0, set(1, 5)),
            (1, Write::Existence(A, Existence::Gone)),
            (2, Write::Existence(A, Existence::Created)),
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
        let mut written = WriteSet::default();
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
    fn unlisted_accounts_keep_their_numbers() {
        let memory = empty(3);
        let address = |i: u32| Address::left_padding_from(&i.to_be_bytes());
        let many = if cfg!(miri) { 101 } else { 1001 };
        let numbers: Vec<AccountNo> = (1..many).map(|i| memory.intern_account(&address(i))).collect();
        for (i, no) in numbers.iter().enumerate() {
            assert_eq!(memory.intern_account(&address(i as u32 + 1)), *no);
            memory.record(version(0), vec![Write::Nonce(*no, i as u64 + 1)], &mut WriteSet::default());
        }
        for (i, no) in numbers.iter().enumerate() {
            assert_eq!(memory.nonce(*no, TxIndex(1)), Ok(Some((i as u64 + 1, version(0)))));
        }
    }
}

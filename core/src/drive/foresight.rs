//! What can be known of a block before it runs: what its transactions declare, and what a sequential run
//! of it records.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
};

use alloy_eip7928::{
    AccountChanges, BalanceChange, BlockAccessIndex, BlockAccessList, CodeChange, NonceChange, SlotChanges,
    StorageChange,
};
use alloy_primitives::{Address, B256, U256};

use super::{
    Loaded, Stopped,
    flat::Flat,
    foretold::Foretold,
    place::{Places, Seer},
};
use crate::{
    cancel::CancelFlag,
    evm::{Accesses, Base, Code, Effects, Executor, Job, block_gas_left},
    schedule::{AccountNo, Kind, Memory, Part, Write},
    trace::MOST_RECORDS,
    units::{TxIndex, Version},
};

/// What a sequential run records.
#[derive(Debug)]
pub(super) struct Recorded {
    /// For each transaction those whose writes it read.
    pub(super) waits: Vec<Vec<TxIndex>>,
    pub(super) list: BlockAccessList,
}

/// For each transaction those that it should wait for, going by access lists: the latest one of its
/// sender that is in `after`, and for each slot that it declares the latest one that declares it.
pub(super) fn declared(jobs: &[Job], after: &[Option<TxIndex>]) -> Vec<Vec<TxIndex>> {
    let mut latest: HashMap<(Address, B256), TxIndex> = HashMap::new();
    let mut waits = Vec::with_capacity(jobs.len());
    for (i, (job, after)) in jobs.iter().zip(after).enumerate() {
        let tx = TxIndex(i as u32);
        let mut earlier: Vec<TxIndex> = after.iter().copied().collect();
        for (address, slots) in &job.transaction().access_list {
            let before = slots.iter().filter_map(|slot| latest.insert((*address, *slot), tx));
            // The same slot twice in one list.
            earlier.extend(before.filter(|before| *before != tx));
        }
        earlier.sort_unstable();
        earlier.dedup();
        waits.push(earlier);
    }
    waits
}

/// Runs the block in order and records it.
pub(super) fn record(loaded: &Loaded, cancel: &CancelFlag) -> Result<Recorded, Stopped> {
    let flat = Flat::new(&loaded.env, &loaded.base, &loaded.base.addresses(), true);
    let mut executor = Executor::new(&loaded.env, flat, cancel).collecting_accesses();
    let mut cumulative = 0;
    let mut reads: Vec<Range<usize>> = Vec::with_capacity(loaded.jobs.len());
    let mut all: Vec<Vec<Write<Code>>> = Vec::with_capacity(loaded.jobs.len());
    for (i, job) in loaded.jobs.iter().enumerate() {
        if cancel.is_set() {
            return Err(Stopped::Cancelled);
        }
        let tx = TxIndex(i as u32);
        let from = reads.last().map_or(0, |range| range.end);
        let mut writes = Vec::new();
        if block_gas_left(&loaded.env, cumulative, job.transaction()).is_ok() {
            executor.view().turn_to(tx, &loaded.order);
            let Effects { receipt, writes: made } = executor.run(job)?;
            cumulative += receipt.gas_used;
            writes = made;
        }
        executor.view().apply(tx, writes.iter().cloned());
        if executor.view().reads.len() as usize > MOST_RECORDS {
            return Err(Stopped::TooManyRecords);
        }
        reads.push(from..executor.view().reads.len() as usize);
        all.push(writes);
    }
    let accesses = executor.take_accesses();
    let mut flat = executor.into_view();
    let seen = std::mem::take(&mut flat.reads);
    let waits = waits(loaded, &reads, &seen, &all);
    let list = list(&loaded.base, &flat.addresses(), accesses, &all);
    Ok(Recorded { waits, list })
}

/// How many summands of a balance a transaction waits for, the latest of them: as many as there can be lanes. The
/// others come so long before that they will nearly always have run; if one has not, validation finds it.
const SUMMANDS: usize = 256;

/// For each transaction those whose writes it read. Whether a balance is enough is no read; but where all
/// that a sender may spend is more than it has before the block, it may hang on what others pay it, and its
/// transactions wait for those.
fn waits(
    loaded: &Loaded,
    reads: &[Range<usize>],
    seen: &Places<Seer>,
    all: &[Vec<Write<Code>>],
) -> Vec<Vec<TxIndex>> {
    let sender = |job: &Job| loaded.base.number(&job.transaction().from);
    let short = loaded.jobs.iter().enumerate().filter(|(i, _)| !loaded.order.can_pay(TxIndex(*i as u32)));
    // Since the sender's transaction before, which itself waits for those before it.
    let mut paid: HashMap<AccountNo, Vec<TxIndex>> =
        short.filter_map(|(_, job)| Some((sender(job)?, Vec::new()))).collect();
    // Who wrote a balance since it was last set, and who set it.
    let mut summands: HashMap<AccountNo, Vec<TxIndex>> = HashMap::new();
    let mut waits = Vec::with_capacity(reads.len());
    for (i, range) in reads.iter().enumerate() {
        let tx = TxIndex(i as u32);
        let read = &seen.items()[range.clone()];
        let latest = read.iter().filter_map(|(_, seer)| Option::<Version>::from(*seer));
        let mut earlier: Vec<TxIndex> =
            latest.map(|version| version.tx).filter(|earlier| *earlier < tx).collect();
        for (place, _) in read.iter().filter(|(_, seer)| seer.is_sum()) {
            if let Kind::Part(account, Part::Balance) = place.kind()
                && let Some(summands) = summands.get(&account)
            {
                earlier.extend(&summands[summands.len().saturating_sub(SUMMANDS)..]);
            }
        }
        let payers = sender(&loaded.jobs[i]).and_then(|no| paid.get_mut(&no));
        earlier.extend(payers.map(std::mem::take).unwrap_or_default());
        earlier.sort_unstable();
        earlier.dedup();
        waits.push(earlier);
        for write in all[i].iter().filter(|write| write.key().part == Part::Balance) {
            let account = write.key().account;
            if let Some(payers) = paid.get_mut(&account) {
                payers.push(tx);
            }
            let summands = summands.entry(account).or_default();
            if !write.is_increment() {
                summands.clear();
            }
            summands.push(tx);
        }
    }
    waits
}

/// The changes of one account so far.
#[derive(Default)]
struct Changes {
    balance: Vec<(BlockAccessIndex, U256)>,
    nonce: Vec<(BlockAccessIndex, u64)>,
    code: Vec<(BlockAccessIndex, Code)>,
    slots: BTreeMap<U256, Vec<(BlockAccessIndex, U256)>>,
    reads: BTreeSet<U256>,
}

/// A transaction's index in a block access list: 0 is what happens before the first.
fn index(tx: usize) -> BlockAccessIndex {
    BlockAccessIndex(tx as u64 + 1)
}

/// The block access list (EIP-7928) of what transactions accessed and wrote; docs/access-lists.md says what
/// each operation adds. What the block itself does before and after them is not in it.
fn list(base: &Base, addresses: &[Address], accesses: Accesses, all: &[Vec<Write<Code>>]) -> BlockAccessList {
    let entry = |(no, slots)| (no, Changes { reads: slots, ..Changes::default() });
    let mut accounts: BTreeMap<AccountNo, Changes> = accesses.into_iter().map(entry).collect();
    for (tx, writes) in all.iter().enumerate() {
        let at = index(tx);
        for write in writes {
            let no = write.key().account;
            let before = base.account(no);
            let changes = accounts.entry(no).or_default();
            match write {
                Write::Balance(_, value) => {
                    push(&mut changes.balance, at, *value, before.balance());
                }
                Write::Increment(_, value) => {
                    let now = changes.balance.last().map_or(before.balance(), |(_, balance)| *balance);
                    push(&mut changes.balance, at, now.wrapping_add(*value), before.balance());
                }
                Write::Nonce(_, value) => push(&mut changes.nonce, at, *value, before.nonce()),
                Write::Code(_, code) => {
                    let now = changes.code.last().map_or(before.code().hash, |(_, code)| code.hash);
                    if now != code.hash {
                        changes.code.push((at, code.clone()));
                    }
                }
                Write::Slot(_, slot, _, value) => changes.slots.entry(*slot).or_default().push((at, *value)),
                // Lists know no lives: an account is what its balance, nonce and code are.
                Write::Life(..) => {}
            }
        }
    }
    let mut list: BlockAccessList = accounts
        .into_iter()
        .map(|(no, Changes { balance, nonce, code, slots, mut reads })| {
            reads.retain(|slot| !slots.contains_key(slot));
            let changed = |(at, value)| StorageChange::new(at, value);
            AccountChanges {
                address: addresses.get(no.index()).copied().unwrap_or_default(),
                storage_changes: slots
                    .into_iter()
                    .map(|(slot, changes)| SlotChanges::new(slot, changes.into_iter().map(changed).collect()))
                    .collect(),
                storage_reads: reads.into_iter().collect(),
                balance_changes: balance
                    .into_iter()
                    .map(|(at, value)| BalanceChange::new(at, value))
                    .collect(),
                nonce_changes: nonce.into_iter().map(|(at, value)| NonceChange::new(at, value)).collect(),
                code_changes: code.into_iter().map(|(at, code)| CodeChange::new(at, code.bytes())).collect(),
            }
        })
        .collect();
    list.sort_unstable_by_key(|account| account.address);
    list
}

/// Notes a value, unless it is what was there before.
fn push<T: PartialEq>(changes: &mut Vec<(BlockAccessIndex, T)>, at: BlockAccessIndex, value: T, base: T) {
    if *changes.last().map_or(&base, |(_, value)| value) != value {
        changes.push((at, value));
    }
}

/// What `list` foretells of a block of that many transactions.
pub(super) fn foretold(
    list: &[AccountChanges],
    transactions: usize,
    base: &Base,
    memory: &Memory<'_, Code>,
) -> Foretold<Code> {
    let mut writes = Vec::new();
    // Index 0 is what happens before the first transaction.
    let mut put = |at: BlockAccessIndex, write| {
        let tx = at.0.checked_sub(1).and_then(|tx| u32::try_from(tx).ok());
        writes.extend(tx.map(|tx| (TxIndex(tx), write)));
    };
    for account in list {
        let no = base.number(&account.address).unwrap_or_else(|| memory.newcomer(&account.address));
        let mut balances: Vec<&BalanceChange> = account.balance_changes.iter().collect();
        balances.sort_by_key(|change| change.block_access_index);
        balances.dedup_by_key(|change| change.block_access_index);
        let mut before = base.account(no).balance();
        for change in balances {
            let more = change.post_balance.wrapping_sub(before);
            put(change.block_access_index, Write::Increment(no, more));
            before = change.post_balance;
        }
        for change in &account.nonce_changes {
            put(change.block_access_index, Write::Nonce(no, change.new_nonce));
        }
        for change in &account.code_changes {
            put(change.block_access_index, Write::Code(no, Code::new(change.new_code.clone())));
        }
        for SlotChanges { slot, changes } in &account.storage_changes {
            let at = Some(memory.slot_no(no, slot));
            for change in changes {
                put(change.block_access_index, Write::Slot(no, *slot, at, change.new_value));
            }
        }
    }
    Foretold::new(transactions, writes)
}

//! Block access lists (EIP-7928) as hints: made from a recorded sequential run, and turned into predicted
//! writes.

use std::collections::{BTreeMap, BTreeSet};

use alloy_eip7928::{
    AccountChanges, BalanceChange, BlockAccessIndex, BlockAccessList, CodeChange, NonceChange, SlotChanges,
    StorageChange,
};
use alloy_primitives::{Address, U256};
use lanes::{
    cancel::CancelFlag,
    drive::{Block, PredictedWrites, Stopped},
    schedule::{AccountNo, Memory, Write},
    units::TxIndex,
};

use crate::{Accesses, Base, Code, Evm, Executor};

/// The record of a sequential run.
#[derive(Debug)]
pub(super) struct Recorded {
    /// For each transaction, those whose writes it read.
    pub(super) waits: Vec<Vec<TxIndex>>,
    /// The block access list.
    pub(super) list: BlockAccessList,
}

/// Runs the block in order and records it.
pub(super) fn record(block: &Block<Evm>, cancel: &CancelFlag) -> Result<Recorded, Stopped> {
    let (recorded, accesses) =
        lanes::drive::record(block, cancel, Executor::collecting_accesses, Executor::take_accesses)?;
    let list = list(&block.vm().base, &recorded.addresses, accesses, &recorded.writes);
    Ok(Recorded { waits: recorded.waits, list })
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

/// A transaction's index in a block access list. Index 0 is what happens before the first transaction.
fn index(tx: usize) -> BlockAccessIndex {
    BlockAccessIndex(tx as u64 + 1)
}

/// The block access list (EIP-7928) of what transactions accessed and wrote. docs/access-lists.md says what
/// each operation adds. What the block itself does before and after its transactions is not in it.
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
                // A list cannot express existence: it has an account's balance, nonce and code.
                Write::Existence(..) => {}
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

/// Adds a value, unless it is the one before.
fn push<T: PartialEq>(changes: &mut Vec<(BlockAccessIndex, T)>, at: BlockAccessIndex, value: T, base: T) {
    if *changes.last().map_or(&base, |(_, value)| value) != value {
        changes.push((at, value));
    }
}

/// The writes that `list` predicts, for a block of that many transactions.
pub(super) fn predicted_writes(
    list: &[AccountChanges],
    transactions: usize,
    base: &Base,
    memory: &Memory<'_, Code>,
) -> PredictedWrites<Code> {
    let mut writes = Vec::new();
    // Index 0 is what happens before the first transaction.
    let mut put = |at: BlockAccessIndex, write| {
        let tx = at.0.checked_sub(1).and_then(|tx| u32::try_from(tx).ok());
        writes.extend(tx.map(|tx| (TxIndex(tx), write)));
    };
    for account in list {
        let no = base.number(&account.address).unwrap_or_else(|| memory.intern_account(&account.address));
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
    PredictedWrites::new(transactions, writes)
}

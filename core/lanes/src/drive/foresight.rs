//! Hints that can be made before a block runs: from the accesses that its transactions declare, and from a
//! recorded sequential run.

use std::{collections::HashMap, ops::Range};

use alloy_primitives::{Address, B256};

use super::{
    Block, Stopped,
    access_log::{AccessLog, PackedVersion},
    sequential_view::SequentialView,
};
use crate::{
    cancel::CancelFlag,
    schedule::{AccountNo, Kind, Part, Write},
    trace::MOST_RECORDS,
    units::{TxIndex, Version},
    vm::{Effects, Executor, PreState, Receipt, Vm},
};

/// The record of a sequential run.
#[derive(Debug)]
pub struct Recorded<C> {
    /// For each transaction, those whose writes it read.
    pub waits: Vec<Vec<TxIndex>>,
    /// Each transaction's writes.
    pub writes: Vec<Vec<Write<C>>>,
    /// Addresses of accounts by number.
    pub addresses: Vec<Address>,
}

/// For each transaction those that it should wait for, by access lists (EIP-2930): the latest one of its
/// sender that it should wait for, and for each slot that it declares the latest one that declares it too.
/// `lists` has the slots that each transaction declares.
pub fn declared<M: Vm, L: IntoIterator<Item = (Address, B256)>>(
    block: &Block<M>,
    lists: impl IntoIterator<Item = L>,
) -> Vec<Vec<TxIndex>> {
    let after = block.order.after();
    let mut latest: HashMap<(Address, B256), TxIndex> = HashMap::new();
    let mut waits = Vec::with_capacity(after.len());
    for (i, (list, after)) in lists.into_iter().zip(after).enumerate() {
        let tx = TxIndex(i as u32);
        let mut earlier: Vec<TxIndex> = after.iter().copied().collect();
        let before = list.into_iter().filter_map(|slot| latest.insert(slot, tx));
        // A list may hold the same slot twice.
        earlier.extend(before.filter(|before| *before != tx));
        earlier.sort_unstable();
        earlier.dedup();
        waits.push(earlier);
    }
    waits
}

/// Runs the block in order and records it, on a machine that `prepare` has prepared. Also returns what
/// `finish` takes from the machine afterwards.
///
/// # Errors
/// If the run is cancelled, or has more records than a trace may hold.
pub fn record<'a, M: Vm, T>(
    block: &'a Block<M>,
    cancel: &'a CancelFlag,
    prepare: impl FnOnce(M::Executor<'a, SequentialView<'a, M>>) -> M::Executor<'a, SequentialView<'a, M>>,
    finish: impl FnOnce(&mut M::Executor<'a, SequentialView<'a, M>>) -> T,
) -> Result<(Recorded<M::Code>, T), Stopped> {
    let view = SequentialView::new(&block.vm, &block.vm.pre_state().addresses(), true);
    let mut executor = prepare(block.vm.executor(view, cancel));
    let mut gas_used = 0;
    let mut reads: Vec<Range<usize>> = Vec::with_capacity(block.transactions());
    let mut included: Vec<bool> = Vec::with_capacity(block.transactions());
    let mut all: Vec<Vec<Write<M::Code>>> = Vec::with_capacity(block.transactions());
    for i in 0..block.transactions() {
        if cancel.is_set() {
            return Err(Stopped::Cancelled);
        }
        let tx = TxIndex(i as u32);
        let from = reads.last().map_or(0, |range| range.end);
        let mut writes = Vec::new();
        let mut is_included = false;
        if block.vm.fits(tx, gas_used).is_ok() {
            executor.view().turn_to(tx, &block.order);
            let Effects { receipt, writes: made } = executor.run(tx)?;
            gas_used += receipt.gas_used();
            is_included = receipt.is_included();
            writes = made;
        }
        executor.view().apply(tx, writes.iter().cloned());
        if executor.view().reads.len() as usize > MOST_RECORDS {
            return Err(Stopped::TooManyRecords);
        }
        reads.push(from..executor.view().reads.len() as usize);
        all.push(writes);
        included.push(is_included);
    }
    let finished = finish(&mut executor);
    let mut view = executor.into_view();
    let seen = std::mem::take(&mut view.reads);
    let addresses = view.addresses();
    let number = |address: &Address| view.number(address);
    let waits = waits(block, number, &reads, &seen, &included, &all);
    Ok((Recorded { waits, writes: all, addresses }, finished))
}

/// How many of a sum's writers a transaction waits for: the latest ones, as many as there can be lanes. The
/// others are so much earlier that they have nearly always run; if one has not, validation finds it.
const SUMMANDS: usize = 256;

/// For each transaction those whose writes it read, and the payment that wrongly predicts its nonce.
///
/// Whether a balance is enough is no read. But if a sender's transactions may take more than it owns before
/// the block, they may depend on payments to it. So they wait for these payments.
fn waits<M: Vm>(
    block: &Block<M>,
    number: impl Fn(&Address) -> Option<AccountNo>,
    reads: &[Range<usize>],
    seen: &AccessLog<PackedVersion>,
    included: &[bool],
    all: &[Vec<Write<M::Code>>],
) -> Vec<Vec<TxIndex>> {
    let sender = |tx: TxIndex| {
        let unlisted = || block.order.unlisted_sender(tx).and_then(|address| number(&address));
        block.order.parties(tx).sender().or_else(unlisted)
    };
    let short = (0..block.transactions() as u32).map(TxIndex).filter(|tx| !block.order.can_pay(*tx));
    // For each sender that may lack balance: the transactions that wrote its balance since its own last
    // transaction, which waits for those before.
    let mut paid: HashMap<AccountNo, Vec<TxIndex>> =
        short.filter_map(|tx| Some((sender(tx)?, Vec::new()))).collect();
    // For each balance: the transaction that last set it, and those that added to it since.
    let mut summands: HashMap<AccountNo, Vec<TxIndex>> = HashMap::new();
    let mut waits = Vec::with_capacity(reads.len());
    for (i, range) in reads.iter().enumerate() {
        let tx = TxIndex(i as u32);
        let read = &seen.items()[range.clone()];
        let latest = read.iter().filter_map(|(_, version)| Option::<Version>::from(*version));
        let mut earlier: Vec<TxIndex> =
            latest.map(|version| version.tx).filter(|earlier| *earlier < tx).collect();
        for (location, _) in read.iter().filter(|(_, version)| version.is_sum()) {
            if let Kind::Part(account, Part::Balance) = location.kind()
                && let Some(summands) = summands.get(&account)
            {
                earlier.extend(&summands[summands.len().saturating_sub(SUMMANDS)..]);
            }
        }
        let payers = sender(tx).and_then(|no| paid.get_mut(&no));
        // The sender's next transaction waits for this one, which wrote its balance, unless this one was not
        // included.
        let payers = payers.map(|payers| if included[i] { std::mem::take(payers) } else { payers.clone() });
        earlier.extend(payers.unwrap_or_default());
        // A payment that is not included does not leave the nonce that it predicts.
        earlier.extend(
            block.order.predicted_nonce(tx).map(|(payment, _)| payment).filter(|p| !included[p.index()]),
        );
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

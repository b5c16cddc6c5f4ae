//! A block's attempts: the state that all lanes of a speculative run share, on threads and on a virtual
//! clock.
//!
//! ```text
//! Runner::run ─▶ Ran ─ Runner::publish ─▶ memory, result ─ Attempts::validate ─▶ holds, or withdrawn
//! ```
//! Until an attempt is published, only its own lane can see it. docs/protocol.md has the order of the steps,
//! and its reasons.

use std::{
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
};

use alloy_primitives::{Address, U256};

#[cfg(test)]
use super::Step;
use super::{
    Block, Ended, Hints, Stopped,
    nonces::InclusionFlags,
    predicted_writes::PredictedWrites,
    recorder::{self, AttemptNote, Conflict, LaneNotes, Records},
    sequential,
    speculative_view::{ReadSet, SpeculativeView, StateBefore},
};
use crate::{
    cancel::CancelFlag,
    schedule::{
        AccountNo, Beneficiary, Finals, Memory, Report, Slots, ViewKind, Write, WriteSet,
        sync::{AtomicU64, Mutex, Ordering, PoisonError, lock},
    },
    strategies::StrategyId,
    trace::{Clock, Outcome},
    units::{Incarnation, TxIndex, Version},
    vm::{Executor, Interrupted, PreState, Receipt, Spent, Vm},
};

/// What all lanes share of the block.
pub(super) struct Attempts<'a, M: Vm> {
    pub(super) block: &'a Block<M>,
    /// Whether attempts are noted.
    record: bool,
    view: ViewKind,
    /// Not empty if the view is [`ViewKind::Predicted`].
    predicted: PredictedWrites<M::Code>,
    memory: Memory<'a, M::Code>,
    /// By transaction. Locked while the attempt is published, and while it is validated: a validation sees
    /// all of one attempt or all of the next.
    results: Vec<Mutex<TxResult<M>>>,
    /// Gas used by each transaction's latest attempt. Apart from the results, because at the end one lane
    /// goes through all of it.
    gas_used: Vec<AtomicU64>,
    /// Whether payments that predict a nonce were included.
    inclusion: InclusionFlags,
    records: Records,
    cancel: &'a CancelFlag,
}

/// A transaction's latest attempt that ran to its end. Written by the lane that runs it, read by lanes that
/// validate it. The scheduler never hands out an execution and a validation of one incarnation together.
struct TxResult<M: Vm> {
    version: Option<Version>,
    read_set: ReadSet,
    /// The locations where the memory holds its writes.
    written: WriteSet,
    /// In ordered commit: its writes, until they are committed.
    pending_writes: Vec<Write<M::Code>>,
    receipt: M::Receipt,
    /// Whether the executor panicked. If the read set holds, that is a bug of the engine; else the panic may
    /// be due to inconsistent values, and the attempt is aborted like any other.
    panicked: bool,
}

impl<M: Vm> Default for TxResult<M> {
    fn default() -> Self {
        Self {
            version: None,
            read_set: ReadSet::default(),
            written: WriteSet::default(),
            pending_writes: Vec::new(),
            receipt: M::Receipt::default(),
            panicked: false,
        }
    }
}

impl<M: Vm> TxResult<M> {
    /// Whether it leaves its sender's nonce as it was.
    fn not_included(&self) -> bool {
        !self.receipt.is_included() || self.panicked
    }
}

/// An attempt that ran to its end and is not published.
pub(super) struct Ran<M: Vm> {
    version: Version,
    read_set: ReadSet,
    writes: Vec<Write<M::Code>>,
    pub(super) receipt: M::Receipt,
    panicked: bool,
}

/// The results of transactions in earlier runs of the same block, for runs that only measure how long it
/// takes. If a transaction's read set still holds, running it would give the same result.
pub(super) struct ResultCache<M: Vm> {
    /// By transaction.
    of: Vec<Option<CachedResult<M>>>,
    /// Addresses of the accounts that the results name, by number.
    addresses: Vec<Address>,
    /// The slots that the results name beyond those of the pre-state, in the order of numbers.
    slots: Vec<(AccountNo, U256)>,
}

struct CachedResult<M: Vm> {
    read_set: ReadSet,
    writes: Vec<Write<M::Code>>,
    /// The receipt's outline.
    receipt: M::Receipt,
    spent: Spent,
}

impl<M: Vm> Default for ResultCache<M> {
    fn default() -> Self {
        Self { of: Vec::new(), addresses: Vec::new(), slots: Vec::new() }
    }
}

impl<M: Vm> ResultCache<M> {
    /// Keeps a transaction's result.
    pub(super) fn note(&mut self, tx: TxIndex, ran: &Ran<M>, spent: Spent) {
        if self.of.len() <= tx.index() {
            self.of.resize_with(tx.index() + 1, || None);
        }
        if !ran.panicked {
            self.of[tx.index()] = Some(CachedResult {
                read_set: ran.read_set.clone(),
                writes: ran.writes.clone(),
                receipt: ran.receipt.outline(),
                spent,
            });
        }
    }

    /// Keeps the numbers of the run that has ended.
    pub(super) fn end(&mut self, attempts: &Attempts<'_, M>) {
        self.addresses = attempts.addresses();
        self.slots = attempts.memory.new_slots().collect();
    }
}

/// An attempt that did not run to its end.
pub(super) enum Unfinished {
    /// It stopped at an estimate; the report says so.
    Blocked(Report),
    /// The cancel flag was seen. Nothing is noted of it.
    Cancelled,
}

/// An abort, noted by the lane that claimed it.
pub(super) struct Abort {
    version: Version,
    conflict: Conflict,
}

/// Runs attempts one after the other: one lane's machine.
pub(super) struct Runner<'a, M: Vm> {
    attempts: &'a Attempts<'a, M>,
    executor: M::Executor<'a, SpeculativeView<'a, M>>,
    /// `Some` if the executor counts what attempts use up; then, whether it weighs instructions.
    metered: Option<bool>,
    /// Number of reads that were noted before the running attempt and not handed over.
    seen: u32,
    /// Number of attempts and writes that were noted and not counted in [`Records`].
    uncounted: u32,
}

impl<'a, M: Vm> Attempts<'a, M> {
    pub(super) fn new(
        block: &'a Block<M>,
        view: ViewKind,
        record: bool,
        cancel: &'a CancelFlag,
        hints: &Hints<'_, M::Code>,
        cache: Option<&ResultCache<M>>,
    ) -> Self {
        let mut results: Vec<Mutex<TxResult<M>>> = Vec::new();
        results.resize_with(block.transactions(), Mutex::default);
        let inclusion = InclusionFlags::new(block.transactions());
        let base = block.vm.pre_state();
        let beneficiary = &block.beneficiary;
        let beneficiary =
            base.number(beneficiary).map_or(Beneficiary::Unlisted(beneficiary), Beneficiary::Known);
        let (transactions, accounts) = (block.transactions(), base.accounts());
        let memory =
            Memory::new(transactions, accounts, base.slots(), beneficiary, block.order.heavy_senders());
        // Cached results name accounts and slots by the numbers that they had.
        for address in cache.iter().flat_map(|cache| cache.addresses.iter().skip(accounts)) {
            memory.intern_account(address);
        }
        for (account, slot) in cache.iter().flat_map(|cache| &cache.slots) {
            memory.slot_no(*account, slot);
        }
        let mut predicted = PredictedWrites::default();
        // Predicted writes are in the memory before the first attempt starts, so each attempt finds them as
        // if all transactions below it had run.
        if view == ViewKind::Predicted {
            predicted = (hints.predict)(&memory);
            for (tx, (writes, result)) in predicted.all().iter().zip(&mut results).enumerate() {
                // As if its first attempt had run.
                let version = Version { tx: TxIndex(tx as u32), incarnation: Incarnation(0) };
                let result = result.get_mut().unwrap_or_else(PoisonError::into_inner);
                memory.record(version, writes.iter().cloned(), &mut result.written);
            }
        }
        let mut gas_used = Vec::new();
        gas_used.resize_with(block.transactions(), AtomicU64::default);
        Self {
            block,
            record,
            view,
            predicted,
            memory,
            results,
            gas_used,
            inclusion,
            records: Records::default(),
            cancel,
        }
    }

    /// The state before a transaction.
    fn before(&self, tx: TxIndex) -> StateBefore<'_, M> {
        StateBefore {
            vm: &self.block.vm,
            base: self.block.vm.pre_state(),
            memory: &self.memory,
            order: &self.block.order,
            inclusion: &self.inclusion,
            tx,
        }
    }

    /// A transaction's cached result, if running it now would give the same.
    pub(super) fn cached(&self, version: Version, cache: &ResultCache<M>) -> Option<(Ran<M>, Spent)> {
        let CachedResult { read_set, writes, receipt, spent } = cache.of.get(version.tx.index())?.as_ref()?;
        self.before(version.tx).validate(read_set).ok()?;
        let ran = Ran {
            version,
            read_set: read_set.clone(),
            writes: writes.clone(),
            receipt: receipt.clone(),
            panicked: false,
        };
        Some((ran, *spent))
    }

    /// The number of reads that a validation of the transaction's latest attempt makes again.
    pub(super) fn read_set_len(&self, tx: TxIndex) -> usize {
        lock(&self.results[tx.index()]).read_set.len()
    }

    /// Whether a transaction's writes are the predicted ones.
    fn came_true(&self, tx: TxIndex, writes: &[Write<M::Code>]) -> bool {
        let balance = |no| {
            let base = self.block.vm.pre_state().balance(no);
            self.memory.balance(no, tx, base).ok().map(|balance| balance.value)
        };
        self.predicted.came_true(tx, writes, balance)
    }

    /// Whether the writes of an included attempt hold the nonce that it predicts, if it predicts one: the
    /// second invariant of [`super::nonces`].
    fn leaves_predicted_nonce(&self, tx: TxIndex, writes: &[Write<M::Code>]) -> bool {
        if !self.block.order.predicts_nonce(tx) {
            return true;
        }
        let predicted = self.block.order.nonce(tx).and_then(|nonce| nonce.checked_add(1));
        let mut written = writes.iter().filter_map(|write| match write {
            Write::Nonce(no, nonce) if self.block.order.parties(tx).is_sender(*no) => Some(*nonce),
            _ => None,
        });
        // A sender that the pre-state does not list has no number before the run, and no balance to pay from.
        self.block.order.parties(tx).sender().is_none() || written.next() == predicted
    }

    fn executor(&self) -> M::Executor<'_, SpeculativeView<'_, M>> {
        let view = SpeculativeView::new(self.before(TxIndex(0)), self.record.then_some(&self.records));
        self.block.vm.executor(view, self.cancel)
    }

    pub(super) fn runner(&self) -> Runner<'_, M> {
        Runner { attempts: self, executor: self.executor(), metered: None, seen: 0, uncounted: 0 }
    }

    /// Validates an attempt's read set. If it does not hold, and `claim` lets the caller abort the attempt,
    /// the attempt's writes are estimates afterwards.
    pub(super) fn validate(
        &self,
        version: Version,
        claim: impl FnOnce(Version) -> bool,
    ) -> (Report, Option<Abort>) {
        let mut result = lock(&self.results[version.tx.index()]);
        #[cfg(test)]
        self.block.reach(Step::Validate);
        // A later attempt has been published since then, so this one is already aborted.
        if result.version != Some(version) {
            return (Report::Stale { version }, None);
        }
        match self.before(version.tx).validate(&result.read_set) {
            Err(conflict) if claim(version) => {
                self.memory.withdraw(version.tx, &result.written);
                let writer = conflict.writer.tx;
                (Report::Aborted { version, writer }, Some(Abort { version, conflict }))
            }
            // The commit of ordered commit: validated and published under one lock, in block order.
            Ok(()) if self.view == ViewKind::Committed => {
                let TxResult { pending_writes, written, .. } = &mut *result;
                self.memory.record(version, pending_writes.drain(..), written);
                self.note(version.tx, &result);
                (Report::Valid { version }, None)
            }
            Ok(()) => (Report::Valid { version }, None),
            Err(_) => (Report::Stale { version }, None),
        }
    }

    /// Sets the transaction's inclusion flag, after its writes: see [`InclusionFlags`]. Only for payments
    /// that predict a nonce: the flags of neighbours share a cache line, which other lanes would contend for.
    fn note(&self, tx: TxIndex, result: &TxResult<M>) {
        if self.block.order.predicts_nonce(tx) {
            self.inclusion.note(tx, !result.not_included());
        }
    }

    /// Whether there are more records than a trace may hold, so that the run must end.
    pub(super) fn has_too_many_records(&self) -> bool {
        self.record && self.records.are_too_many()
    }

    /// The number of pieces that [`Attempts::finals`] is divided into.
    pub(super) fn pieces(&self) -> usize {
        self.memory.pieces()
    }

    /// Adds one piece of the state after the block to `finals`.
    pub(super) fn finals(&self, piece: usize, finals: &mut Finals<M::Code>) {
        #[cfg(test)]
        self.block.reach(Step::Finals);
        let base = |no| self.block.vm.pre_state().balance(no);
        self.memory.finals(piece, base, finals);
    }

    /// Whether all transactions fit into the block's gas limit, in block order.
    pub(super) fn fits(&self) -> bool {
        let mut cumulative = 0;
        // Relaxed, here and below: the scheduler's lock published the counts when it said `Done`.
        self.gas_used.iter().zip(self.block.order.gas_limits()).all(|(used, limit)| {
            let fits = *limit <= self.block.gas_limit.saturating_sub(cumulative);
            cumulative += used.load(Ordering::Relaxed);
            fits
        })
    }

    /// Gas used by the block.
    pub(super) fn gas_used(&self) -> u64 {
        self.gas_used.iter().map(|used| used.load(Ordering::Relaxed)).sum()
    }

    /// Every account's address, by number.
    pub(super) fn addresses(&self) -> Vec<Address> {
        let mut addresses = self.block.vm.pre_state().addresses();
        let unlisted = self.memory.unlisted_accounts();
        addresses.resize(addresses.len() + unlisted.len(), Address::ZERO);
        for (address, no) in unlisted {
            addresses[no.index()] = address;
        }
        addresses
    }

    /// The receipts, with cumulative gas.
    ///
    /// # Errors
    /// If the block is not complete, or an attempt that holds has panicked.
    fn take_receipts(&mut self) -> Result<Vec<M::Receipt>, Stopped> {
        let mut receipts = Vec::with_capacity(self.results.len());
        let mut cumulative = 0;
        for result in std::mem::take(&mut self.results) {
            let mut result = result.into_inner().unwrap_or_else(PoisonError::into_inner);
            if result.panicked || result.version.is_none() {
                return Err(Stopped::LanePanicked);
            }
            cumulative += result.receipt.gas_used();
            result.receipt.set_cumulative_gas_used(cumulative);
            receipts.push(result.receipt);
        }
        Ok(receipts)
    }
}

impl<M: Vm> Runner<'_, M> {
    /// The same, but it counts what attempts use up; with `weighs`, instruction by instruction.
    pub(super) fn metered(self, weighs: bool) -> Self {
        Self { executor: self.executor.metered(weighs), metered: Some(weighs), ..self }
    }

    /// What the last attempt used up, if that is counted.
    pub(super) fn spent(&self, tx: TxIndex, outcome: &Result<Ran<M>, Unfinished>) -> Spent {
        self.executor.spent(tx, outcome.as_ref().ok().map(|ran| &ran.receipt))
    }

    /// Runs an attempt on the memory as it is now. With `keep` it keeps its read set, to be validated.
    /// `start` is noted in `notes` as its start and, for the time being, as its end.
    ///
    /// # Errors
    /// If it met an estimate, or was cancelled.
    pub(super) fn run(
        &mut self,
        version: Version,
        keep: bool,
        start: u64,
        notes: &mut LaneNotes,
    ) -> Result<Ran<M>, Unfinished> {
        let attempts = self.attempts;
        self.executor.view().turn_to(version.tx, keep);
        // An attempt on inconsistent values may make the machine panic. Whether that matters is decided by
        // validation.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            #[cfg(test)]
            attempts.block.reach(Step::Execute);
            self.executor.run(version.tx)
        }));
        #[cfg(test)]
        attempts.block.reach(Step::Run);
        let seen = self.executor.view().reads.seen.len();
        let handed_over = notes.reads.len();
        let written = notes.writes.len();
        let mut note = AttemptNote {
            version,
            start,
            end: start,
            outcome: Outcome::Committed,
            gas: 0,
            reads: handed_over + self.seen..handed_over + seen,
            writes: written..written,
        };
        self.seen = seen;
        let (receipt, writes, panicked) = match outcome {
            Ok(Ok(effects)) => (effects.receipt, effects.writes, false),
            Ok(Err(Interrupted::Cancelled)) => return Err(Unfinished::Cancelled),
            Ok(Err(Interrupted::Blocked(blocked))) => {
                note.outcome = Outcome::Blocked;
                if attempts.record {
                    notes.attempts.push(note);
                    notes.conflicts.push((version, Conflict { key: blocked.key, writer: blocked.writer }));
                }
                return Err(Unfinished::Blocked(Report::Blocked { version, writer: blocked.writer.tx }));
            }
            Err(_) => {
                // The EVM may be left in any state, so it is not used again.
                let view = self.executor.view();
                let reads = std::mem::take(&mut view.reads);
                self.executor = match self.metered {
                    Some(weighs) => attempts.executor().metered(weighs),
                    None => attempts.executor(),
                };
                self.executor.view().reads = reads;
                (M::Receipt::default(), Vec::new(), true)
            }
        };
        if attempts.record {
            note.gas = receipt.gas_used();
            for write in &writes {
                notes.writes.push(write.key(), write.slot_no(), write.is_increment());
            }
            note.writes.end = notes.writes.len();
            self.uncounted += 1 + writes.len() as u32;
            notes.attempts.push(note);
            if self.uncounted >= Records::BATCH {
                attempts.records.add(std::mem::take(&mut self.uncounted));
            }
        }
        let read_set = self.executor.view().reads.read_set.to_keep();
        Ok(Ran { version, read_set, writes, receipt, panicked })
    }

    /// Makes an attempt's writes visible to other lanes. `on_final_state`: all transactions below were
    /// settled when it started. Also returns whether this is the transaction's first result.
    pub(super) fn publish(&mut self, ran: Ran<M>, on_final_state: bool) -> (Report, bool) {
        let Ran { version, read_set, mut writes, receipt, panicked } = ran;
        let attempts = self.attempts;
        let included = !panicked && receipt.is_included();
        debug_assert!(
            !included || attempts.leaves_predicted_nonce(version.tx, &writes),
            "{version:?} is included and leaves another nonce than it predicts for its sender"
        );
        let mut result = lock(&attempts.results[version.tx.index()]);
        #[cfg(test)]
        attempts.block.reach(Step::Publish);
        let first = result.version.is_none();
        let wrote_new = match attempts.view {
            ViewKind::Committed => {
                result.pending_writes.clear();
                result.pending_writes.append(&mut writes);
                false
            }
            // Until now the memory held the predicted writes, which are no estimates. So their values must be
            // equal, too.
            ViewKind::Predicted if first => {
                let came_true = attempts.came_true(version.tx, &writes);
                attempts.memory.record(version, writes.drain(..), &mut result.written);
                !came_true
            }
            _ => attempts.memory.record(version, writes.drain(..), &mut result.written),
        };
        result.version = Some(version);
        // Relaxed: see `fits`.
        attempts.gas_used[version.tx.index()].store(receipt.gas_used(), Ordering::Relaxed);
        // The old read set is kept until the lock is released, see below.
        let old = std::mem::replace(&mut result.read_set, read_set);
        result.receipt = receipt;
        result.panicked = panicked;
        // An attempt that relied on the predicted nonce must be validated again.
        let not_included = result.not_included();
        if attempts.view != ViewKind::Committed {
            attempts.note(version.tx, &result);
        }
        drop(result);
        // After the lock: freeing memory takes time that a validation would wait for.
        drop(old);
        self.executor.reuse(writes);
        (Report::Executed { version, wrote_new: wrote_new || not_included, on_final_state }, first)
    }

    /// Moves the reads that were noted so far to the lane that made them.
    pub(super) fn hand_over_reads(&mut self, notes: &mut LaneNotes) {
        notes.reads.append(std::mem::take(&mut self.executor.view().reads.seen));
        self.seen = 0;
    }
}

/// The results of all lanes.
pub(super) struct LaneResults<C> {
    /// The run's start and end.
    pub(super) span: (u64, u64),
    pub(super) lanes: Vec<LaneNotes>,
    pub(super) aborts: Vec<Abort>,
    pub(super) finals: Vec<Finals<C>>,
    /// Whether all transactions fit into the block's gas limit: see [`Attempts::fits`].
    pub(super) fits: bool,
}

/// Puts the result together after the last lane has ended: receipts, changes, trace. If not all transactions
/// fit into the block, `in_order` runs the block in order.
pub(super) fn finish<M: Vm>(
    mut attempts: Attempts<'_, M>,
    strategy: StrategyId,
    clock: Clock,
    results: LaneResults<M::Code>,
    in_order: impl FnOnce(Vec<Address>) -> Result<sequential::SequentialRun<M>, Stopped>,
) -> Result<Ended<M>, Stopped> {
    let transactions = attempts.block.transactions();
    let LaneResults { span, mut lanes, aborts, finals, fits } = results;
    let addresses = attempts.addresses();
    let receipts = attempts.take_receipts()?;
    settle(&mut lanes, aborts);
    if !fits {
        let done = in_order(addresses)?;
        return Ok(in_order_after_all(
            transactions,
            &attempts.memory,
            (strategy, clock),
            span.0,
            lanes,
            done,
        ));
    }
    let trace = recorder::merge((strategy, clock), transactions, span, lanes, &addresses, &attempts.memory);
    Ok(Ended { receipts, addresses, finals, trace })
}

/// Marks the attempts that were aborted. The lane that aborts an attempt need not be the one that ran it.
fn settle(lanes: &mut [LaneNotes], aborts: Vec<Abort>) {
    let aborted: std::collections::HashSet<Version> = aborts.iter().map(|abort| abort.version).collect();
    if aborted.is_empty() {
        return;
    }
    for note in lanes.iter_mut().flat_map(|lane| &mut lane.attempts) {
        if note.outcome == Outcome::Committed && aborted.contains(&note.version) {
            note.outcome = Outcome::Aborted;
        }
    }
    if let Some(first) = lanes.first_mut() {
        first.conflicts.extend(aborts.into_iter().map(|abort| (abort.version, abort.conflict)));
    }
}

/// The result of a block that is full: a transaction does not fit into the gas that those before it left, so
/// the attempts after it have read changes that it must not make. That is only known in block order. So the
/// block was run again in order, on the first lane, within the same run.
///
/// Both runs must give unlisted accounts the same numbers, because their notes go into one trace.
fn in_order_after_all<M: Vm>(
    transactions: usize,
    slots: &dyn Slots,
    (strategy, clock): (StrategyId, Clock),
    started: u64,
    mut lanes: Vec<LaneNotes>,
    mut done: sequential::SequentialRun<M>,
) -> Ended<M> {
    let mut latest = vec![0; transactions];
    for note in lanes.iter_mut().flat_map(|lane| &mut lane.attempts) {
        if note.outcome == Outcome::Committed {
            note.outcome = Outcome::Aborted;
        }
        let latest = &mut latest[note.version.tx.index()];
        *latest = note.version.incarnation.0.max(*latest);
    }
    let again = |Version { tx, .. }| Version { tx, incarnation: Incarnation(latest[tx.index()] + 1) };
    for from in done.notes.reads.items_mut() {
        *from = from.map(again);
    }
    if let Some(first) = lanes.first_mut() {
        let shift = |range: &Range<u32>, by: u32| range.start + by..range.end + by;
        for mut note in done.notes.attempts {
            note.version = again(note.version);
            note.reads = shift(&note.reads, first.reads.len());
            note.writes = shift(&note.writes, first.writes.len());
            first.attempts.push(note);
        }
        first.reads.append(done.notes.reads);
        first.writes.append(done.notes.writes);
        first.spans.append(&mut done.notes.spans);
    }
    let span = (started, done.ended);
    let trace = recorder::merge((strategy, clock), transactions, span, lanes, &done.addresses, slots);
    Ended { receipts: done.receipts, addresses: done.addresses, finals: vec![done.finals], trace }
}

//! A block's attempts: what all lanes of a speculative run share, whoever gives them time.
//!
//! ```text
//! Runner::run ─▶ Ran ─ Runner::publish ─▶ memory, result ─ Attempts::validate ─▶ holds, or withdrawn
//! ```
//! Nobody else sees anything of an attempt before it is published.

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
    recorder::{self, AttemptNote, LaneNotes, Records, Spoiler},
    sequential,
    speculative_view::{ReadSet, SpeculativeView, StateBefore},
};
use crate::{
    cancel::CancelFlag,
    schedule::{
        AccountNo, Beneficiary, Finals, Memory, Report, Slots, ViewKind, Write, WriteSet,
        sync::{AtomicU64, Mutex, Ordering, PoisonError, lock},
    },
    trace::{Clock, Outcome, StrategyId},
    units::{Incarnation, TxIndex, Version},
    vm::{Executor, Interrupted, PreState, Receipt, Spent, Vm},
};

/// What all lanes share of the block.
pub(super) struct Attempts<'a, M: Vm> {
    pub(super) block: &'a Block<M>,
    /// Whether attempts are noted.
    record: bool,
    view: ViewKind,
    /// Where the view is [`ViewKind::Predicted`].
    foretold: PredictedWrites<M::Code>,
    memory: Memory<'a, M::Code>,
    results: Vec<Mutex<TxResult<M>>>,
    /// What each transaction's latest attempt used. Apart from the results, because in the end one lane goes
    /// through all of it.
    gas_used: Vec<AtomicU64>,
    latest: InclusionFlags,
    records: Records,
    cancel: &'a CancelFlag,
}

/// The latest complete attempt of one transaction. WriteSet by the lane that runs it, read by the
/// lane that validates it; the scheduler never has both going on for the same incarnation.
struct TxResult<M: Vm> {
    version: Option<Version>,
    checks: ReadSet,
    /// What it wrote, which is what the memory holds of it.
    written: WriteSet,
    /// What it would write, where that is not in the memory before it is committed.
    kept: Vec<Write<M::Code>>,
    receipt: M::Receipt,
    /// The executor panicked. Kept if the reads hold, which makes it a mistake of ours and not
    /// one of speculation.
    panicked: bool,
}

impl<M: Vm> Default for TxResult<M> {
    fn default() -> Self {
        Self {
            version: None,
            checks: ReadSet::default(),
            written: WriteSet::default(),
            kept: Vec::new(),
            receipt: M::Receipt::default(),
            panicked: false,
        }
    }
}

impl<M: Vm> TxResult<M> {
    /// Whether its sender's nonce was not counted up.
    fn did_not_count(&self) -> bool {
        !self.receipt.is_included() || self.panicked
    }
}

/// An attempt that ran to its end and of which nobody else has seen anything yet.
pub(super) struct Ran<M: Vm> {
    version: Version,
    checks: ReadSet,
    writes: Vec<Write<M::Code>>,
    pub(super) receipt: M::Receipt,
    panicked: bool,
}

/// What transactions gave when they last ran, for runs of the same block that only ask how long it takes. A
/// transaction whose reads would be the same again would give the same again.
pub(super) struct Answers<M: Vm> {
    of: Vec<Option<Answer<M>>>,
    /// The accounts that they speak of, by number.
    addresses: Vec<Address>,
    /// The slots beyond those of the pre-state that they speak of, in the order of numbers.
    slots: Vec<(AccountNo, U256)>,
}

struct Answer<M: Vm> {
    checks: ReadSet,
    writes: Vec<Write<M::Code>>,
    /// Its outline.
    receipt: M::Receipt,
    spent: Spent,
}

impl<M: Vm> Default for Answers<M> {
    fn default() -> Self {
        Self { of: Vec::new(), addresses: Vec::new(), slots: Vec::new() }
    }
}

impl<M: Vm> Answers<M> {
    /// Takes note of what a transaction gave.
    pub(super) fn note(&mut self, tx: TxIndex, ran: &Ran<M>, spent: Spent) {
        if self.of.len() <= tx.index() {
            self.of.resize_with(tx.index() + 1, || None);
        }
        if !ran.panicked {
            self.of[tx.index()] = Some(Answer {
                checks: ran.checks.clone(),
                writes: ran.writes.clone(),
                receipt: ran.receipt.outline(),
                spent,
            });
        }
    }

    /// Takes note of the accounts of the run that is over.
    pub(super) fn end(&mut self, attempts: &Attempts<'_, M>) {
        self.addresses = attempts.addresses();
        self.slots = attempts.memory.new_slots().collect();
    }
}

/// An attempt that did not run to its end.
pub(super) enum Unfinished {
    /// It stopped at an estimate, and is to be reported so.
    Blocked(Report),
    /// The cancel flag was seen. Nothing is noted of it.
    Cancelled,
}

/// An abort, noted by the lane that found it.
pub(super) struct Abort {
    version: Version,
    spoiler: Spoiler,
}

/// Who runs attempts, one after the other.
pub(super) struct Runner<'a, M: Vm> {
    attempts: &'a Attempts<'a, M>,
    executor: M::Executor<'a, SpeculativeView<'a, M>>,
    /// Whether it counts what attempts use up, and then whether instructions are weighed.
    metered: Option<bool>,
    /// Reads noted before the running attempt and not handed over.
    seen: u32,
    /// Attempts and writes noted and not counted.
    uncounted: u32,
}

impl<'a, M: Vm> Attempts<'a, M> {
    pub(super) fn new(
        block: &'a Block<M>,
        view: ViewKind,
        record: bool,
        cancel: &'a CancelFlag,
        hints: &Hints<'_, M::Code>,
        answers: Option<&Answers<M>>,
    ) -> Self {
        let mut results: Vec<Mutex<TxResult<M>>> = Vec::new();
        results.resize_with(block.transactions(), Mutex::default);
        let latest = InclusionFlags::new(block.transactions());
        let base = block.vm.pre_state();
        let beneficiary = &block.beneficiary;
        let collector =
            base.number(beneficiary).map_or(Beneficiary::Newcomer(beneficiary), Beneficiary::Known);
        let (transactions, accounts) = (block.transactions(), base.accounts());
        let memory =
            Memory::new(transactions, accounts, base.slots(), collector, block.order.heavy_senders());
        // Answers speak of accounts and slots by the numbers that they had.
        for address in answers.iter().flat_map(|answers| answers.addresses.iter().skip(accounts)) {
            memory.intern_account(address);
        }
        for (account, slot) in answers.iter().flat_map(|answers| &answers.slots) {
            memory.slot_no(*account, slot);
        }
        let mut foretold = PredictedWrites::default();
        if view == ViewKind::Predicted {
            foretold = (hints.predict)(&memory);
            for (tx, (writes, result)) in foretold.all().iter().zip(&mut results).enumerate() {
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
            foretold,
            memory,
            results,
            gas_used,
            latest,
            records: Records::default(),
            cancel,
        }
    }

    fn before(&self, tx: TxIndex) -> StateBefore<'_, M> {
        StateBefore {
            vm: &self.block.vm,
            base: self.block.vm.pre_state(),
            memory: &self.memory,
            order: &self.block.order,
            latest: &self.latest,
            tx,
        }
    }

    /// What an attempt would give and use up now, without running it, if that is known.
    pub(super) fn answer(&self, version: Version, answers: &Answers<M>) -> Option<(Ran<M>, Spent)> {
        let Answer { checks, writes, receipt, spent } = answers.of.get(version.tx.index())?.as_ref()?;
        self.before(version.tx).validate(checks).ok()?;
        let ran = Ran {
            version,
            checks: checks.clone(),
            writes: writes.clone(),
            receipt: receipt.clone(),
            panicked: false,
        };
        Some((ran, *spent))
    }

    /// How many reads a validation of the transaction's latest attempt makes again.
    pub(super) fn checks(&self, tx: TxIndex) -> usize {
        lock(&self.results[tx.index()]).checks.len()
    }

    /// Whether a transaction's writes are those that were foretold.
    fn came_true(&self, tx: TxIndex, writes: &[Write<M::Code>]) -> bool {
        let balance = |no| {
            let base = self.block.vm.pre_state().balance(no);
            self.memory.balance(no, tx, base).ok().map(|balance| balance.value)
        };
        self.foretold.came_true(tx, writes, balance)
    }

    /// Whether the writes of an included attempt hold the nonce that it predicts, if it predicts one: the second
    /// invariant of [`super::nonces`].
    fn leaves_predicted_nonce(&self, tx: TxIndex, writes: &[Write<M::Code>]) -> bool {
        if !self.block.order.predicts_nonce(tx) {
            return true;
        }
        let predicted = self.block.order.nonce(tx).and_then(|nonce| nonce.checked_add(1));
        let mut written = writes.iter().filter_map(|write| match write {
            Write::Nonce(no, nonce) if self.block.order.parties(tx).is_sender(*no) => Some(*nonce),
            _ => None,
        });
        // A sender that the pre-state does not list has no number beforehand; nothing to pay with either.
        self.block.order.parties(tx).sender().is_none() || written.next() == predicted
    }

    fn executor(&self) -> M::Executor<'_, SpeculativeView<'_, M>> {
        let view = SpeculativeView::new(self.before(TxIndex(0)), self.record.then_some(&self.records));
        self.block.vm.executor(view, self.cancel)
    }

    pub(super) fn runner(&self) -> Runner<'_, M> {
        Runner { attempts: self, executor: self.executor(), metered: None, seen: 0, uncounted: 0 }
    }

    /// Looks whether an attempt's reads hold. If not, and `claim` lets the caller abort it, its writes
    /// are estimates afterwards.
    pub(super) fn validate(
        &self,
        version: Version,
        claim: impl FnOnce(Version) -> bool,
    ) -> (Report, Option<Abort>) {
        let mut result = lock(&self.results[version.tx.index()]);
        #[cfg(test)]
        self.block.reach(Step::Validate);
        if result.version != Some(version) {
            return (Report::Stale { version }, None);
        }
        match self.before(version.tx).validate(&result.checks) {
            Err(spoiler) if claim(version) => {
                self.memory.withdraw(version.tx, &result.written);
                let writer = spoiler.writer.tx;
                (Report::Aborted { version, writer }, Some(Abort { version, spoiler }))
            }
            Ok(()) if self.view == ViewKind::Committed => {
                let TxResult { kept, written, .. } = &mut *result;
                self.memory.record(version, kept.drain(..), written);
                self.note(version.tx, &result);
                (Report::Valid { version }, None)
            }
            Ok(()) => (Report::Valid { version }, None),
            Err(_) => (Report::Stale { version }, None),
        }
    }

    /// After its writes: see [`InclusionFlags`]. Lanes that run neighbours meet at one cache line there, so only where
    /// anyone will ask.
    fn note(&self, tx: TxIndex, result: &TxResult<M>) {
        if self.block.order.predicts_nonce(tx) {
            self.latest.note(tx, !result.did_not_count());
        }
    }

    /// Whether more is recorded than a trace may hold, so that the run must end.
    pub(super) fn has_too_many_records(&self) -> bool {
        self.record && self.records.are_too_many()
    }

    /// Into how many pieces [`Attempts::finals`] is divided.
    pub(super) fn pieces(&self) -> usize {
        self.memory.pieces()
    }

    /// What became of a piece of the state.
    pub(super) fn finals(&self, piece: usize, finals: &mut Finals<M::Code>) {
        #[cfg(test)]
        self.block.reach(Step::Finals);
        let base = |no| self.block.vm.pre_state().balance(no);
        self.memory.finals(piece, base, finals);
    }

    /// Whether all transactions fit into the block's gas limit, in block order.
    pub(super) fn fits(&self) -> bool {
        let mut cumulative = 0;
        // Relaxed, here and below: the scheduler's lock published it when it said that all is done.
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
        let newcomers = self.memory.newcomers();
        addresses.resize(addresses.len() + newcomers.len(), Address::ZERO);
        for (address, no) in newcomers {
            addresses[no.index()] = address;
        }
        addresses
    }

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
    /// The same, but that it counts what attempts use up; with `weighs`, instruction by instruction.
    pub(super) fn metered(self, weighs: bool) -> Self {
        Self { executor: self.executor.metered(weighs), metered: Some(weighs), ..self }
    }

    /// What the attempt used up that ran last, if that is counted.
    pub(super) fn spent(&self, tx: TxIndex, outcome: &Result<Ran<M>, Unfinished>) -> Spent {
        self.executor.spent(tx, outcome.as_ref().ok().map(|ran| &ran.receipt))
    }

    /// Runs an attempt on what is there now. With `keep` it keeps what it read, to be validated. `start` is noted
    /// in `notes` as its start and, for the time being, as its end.
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
                    notes.spoilers.push((version, Spoiler { key: blocked.key, writer: blocked.writer }));
                }
                return Err(Unfinished::Blocked(Report::Blocked { version, writer: blocked.writer.tx }));
            }
            Err(_) => {
                // Whatever state the EVM was left in, it is not used again.
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
            if self.uncounted >= Records::PORTION {
                attempts.records.add(std::mem::take(&mut self.uncounted));
            }
        }
        let checks = self.executor.view().reads.checks.to_keep();
        Ok(Ran { version, checks, writes, receipt, panicked })
    }

    /// Puts an attempt's writes where others see them. Whether the transaction had no result before.
    /// `firm`: what it saw was settled.
    pub(super) fn publish(&mut self, ran: Ran<M>, on_final_state: bool) -> (Report, bool) {
        let Ran { version, checks, mut writes, receipt, panicked } = ran;
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
                result.kept.clear();
                result.kept.append(&mut writes);
                false
            }
            // What the memory holds of the transaction is no estimate yet, so values count as well.
            ViewKind::Predicted if first => {
                let came_true = attempts.came_true(version.tx, &writes);
                attempts.memory.record(version, writes.drain(..), &mut result.written);
                !came_true
            }
            _ => attempts.memory.record(version, writes.drain(..), &mut result.written),
        };
        result.version = Some(version);
        attempts.gas_used[version.tx.index()].store(receipt.gas_used(), Ordering::Relaxed);
        let old = std::mem::replace(&mut result.checks, checks);
        result.receipt = receipt;
        result.panicked = panicked;
        // Whoever took it for granted that the nonce would be counted up must look again.
        let did_not_count = result.did_not_count();
        if attempts.view != ViewKind::Committed {
            attempts.note(version.tx, &result);
        }
        drop(result);
        drop(old);
        self.executor.reuse(writes);
        (Report::Executed { version, wrote_new: wrote_new || did_not_count, on_final_state }, first)
    }

    /// Gives the reads noted so far to the lane that made them.
    pub(super) fn hand_over_reads(&mut self, notes: &mut LaneNotes) {
        notes.reads.append(std::mem::take(&mut self.executor.view().reads.seen));
        self.seen = 0;
    }
}

/// What lanes leave behind.
pub(super) struct LaneResults<C> {
    /// The run's start and end.
    pub(super) span: (u64, u64),
    pub(super) lanes: Vec<LaneNotes>,
    pub(super) aborts: Vec<Abort>,
    pub(super) finals: Vec<Finals<C>>,
    /// Whether all transactions fit into the block's gas limit: see [`Attempts::fits`].
    pub(super) fits: bool,
}

/// After the last lane: receipts, what changed, trace. If not all transactions fit, `in_order` runs the
/// block in order.
pub(super) fn finish<M: Vm>(
    mut attempts: Attempts<'_, M>,
    strategy: StrategyId,
    clock: Clock,
    ends: LaneResults<M::Code>,
    in_order: impl FnOnce(Vec<Address>) -> Result<sequential::Done<M>, Stopped>,
) -> Result<Ended<M>, Stopped> {
    let transactions = attempts.block.transactions();
    let LaneResults { span, mut lanes, aborts, finals, fits } = ends;
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

/// Marks aborted attempts, which other lanes found out about.
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
        first.spoilers.extend(aborts.into_iter().map(|abort| (abort.version, abort.spoiler)));
    }
}

/// A transaction does not fit in the gas that those before it left of the block's: what follows
/// it saw changes that it must not make. That is only known in block order, so the block was run
/// again in order, on the first lane, within the same run.
///
/// Both runs must number newcomers alike for their notes to go into one trace.
fn in_order_after_all<M: Vm>(
    transactions: usize,
    slots: &dyn Slots,
    (strategy, clock): (StrategyId, Clock),
    started: u64,
    mut lanes: Vec<LaneNotes>,
    mut done: sequential::Done<M>,
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

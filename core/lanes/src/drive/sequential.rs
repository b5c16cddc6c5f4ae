//! One transaction after the other, on the caller's thread: the oracle that all strategies are compared with.

use std::sync::atomic::Ordering;

use alloy_primitives::Address;

use super::{
    Block, Ended, RunContext, Stopped,
    cost::Costs,
    recorder::{self, AttemptNote, LaneNotes},
    sequential_view::SequentialView,
};
use crate::{
    cancel::CancelFlag,
    schedule::{Finals, Report, Scheduler, Sequential, Task},
    strategies::StrategyId,
    trace::{Clock, MOST_RECORDS, Outcome, SpanKind},
    vm::{Effects, Executor, PreState, Receipt, Spent, Vm},
};

pub(super) fn run<M: Vm>(block: &Block<M>, context: &RunContext<'_>) -> Result<Ended<M>, Stopped> {
    // Relaxed: shown to a person, see `drive::run`.
    let progress = |done| context.progress.store(done, Ordering::Relaxed);
    let addresses = block.vm.pre_state().addresses();
    let done = execute(block, &InOrder::on_the_clock(context, &progress), addresses)?;
    Ok(finish(block, Clock::Measured, done))
}

/// How a block is run in order.
pub(super) struct InOrder<'a> {
    pub(super) time: Time<'a>,
    pub(super) cancel: &'a CancelFlag,
    /// Called with the number of transactions that have a result.
    pub(super) progress: &'a dyn Fn(u32),
    pub(super) record: bool,
}

/// The clock of a sequential run.
pub(super) enum Time<'a> {
    /// A real clock.
    Clock(&'a (dyn Fn() -> u64 + Sync)),
    /// The sum of the transactions' costs, from `from` on.
    Virtual { costs: Costs<'a>, from: u64 },
}

impl<'a> InOrder<'a> {
    pub(super) fn on_the_clock(context: &RunContext<'a>, progress: &'a dyn Fn(u32)) -> Self {
        let &RunContext { clock, cancel, record, .. } = context;
        Self { time: Time::Clock(clock), cancel, progress, record }
    }
}

/// Puts a sequential run into the form of a result.
pub(super) fn finish<M: Vm>(block: &Block<M>, clock: Clock, done: SequentialRun<M>) -> Ended<M> {
    let trace = recorder::merge(
        (StrategyId::SEQUENTIAL, clock),
        block.transactions(),
        (done.started, done.ended),
        vec![done.notes],
        &done.addresses,
        block.vm.pre_state().slots(),
    );
    Ended { receipts: done.receipts, addresses: done.addresses, finals: vec![done.finals], trace }
}

/// A sequential run, before it is put into the form of a result.
pub(super) struct SequentialRun<M: Vm> {
    pub(super) receipts: Vec<M::Receipt>,
    pub(super) finals: Finals<M::Code>,
    /// Addresses of accounts by number.
    pub(super) addresses: Vec<Address>,
    pub(super) notes: LaneNotes,
    pub(super) started: u64,
    pub(super) ended: u64,
}

/// Runs the block in order. `addresses` numbers its accounts, those of the pre-state first.
pub(super) fn execute<M: Vm>(
    block: &Block<M>,
    context: &InOrder<'_>,
    addresses: Vec<Address>,
) -> Result<SequentialRun<M>, Stopped> {
    let mut executor =
        block.vm.executor(SequentialView::new(&block.vm, &addresses, context.record), context.cancel);
    if let Time::Virtual { costs, .. } = &context.time {
        executor = executor.metered(costs.weighs());
    }
    // The scheduler is the same interface as for lanes, so that the trace's attempts have versions like all
    // others.
    let mut scheduler = Sequential::new(block.transactions());
    let mut receipts: Vec<M::Receipt> = Vec::with_capacity(block.transactions());
    let mut notes = LaneNotes::default();
    notes.attempts.reserve(block.transactions());
    let mut cumulative = 0;
    let mut reads_end = 0;

    let started = match context.time {
        Time::Clock(clock) => clock(),
        Time::Virtual { from, .. } => from,
    };
    let mut now = started;
    while let Task::Execute(version) = scheduler.next() {
        if context.cancel.is_set() {
            return Err(Stopped::Cancelled);
        }
        // In block order it is known already here whether the transaction fits. Lanes know it only at the end.
        let placed = block.vm.fits(version.tx, cumulative);
        let runs = placed.is_ok();
        let effects = match placed {
            Ok(()) => {
                executor.view().turn_to(version.tx, &block.order);
                executor.run(version.tx)
            }
            Err(receipt) => Ok(Effects { receipt, writes: Vec::new() }),
        };
        let Effects { mut receipt, mut writes } = effects?;
        cumulative += receipt.gas_used();
        receipt.set_cumulative_gas_used(cumulative);
        let written = notes.writes.len();
        if context.record {
            for write in &writes {
                notes.writes.push(write.key(), write.slot_no(), write.is_increment());
            }
        }
        let view = executor.view();
        view.apply(version.tx, writes.drain(..));
        // After each transaction: a run with more records is stopped before its memory grows without bound.
        let records = notes.attempts.len() + (notes.writes.len() + view.reads.len()) as usize;
        if records > MOST_RECORDS {
            return Err(Stopped::TooManyRecords);
        }
        let reads = reads_end..view.reads.len();
        reads_end = reads.end;
        executor.reuse(writes);
        let start = now;
        match &context.time {
            Time::Clock(clock) if context.record => now = clock(),
            Time::Clock(_) => {}
            Time::Virtual { costs, .. } => {
                let spent = if runs { executor.spent(version.tx, Some(&receipt)) } else { Spent::default() };
                now += costs.execution(version.tx, spent);
            }
        }
        if context.record {
            notes.attempts.push(AttemptNote {
                version,
                start,
                end: now,
                outcome: Outcome::Committed,
                gas: receipt.gas_used(),
                reads,
                writes: written..notes.writes.len(),
            });
        }
        receipts.push(receipt);
        scheduler.report(Report::Executed { version, wrote_new: false, on_final_state: true });
        (context.progress)(version.tx.0 + 1);
    }
    // The run ends at the same point as a parallel run: every change is known.
    let mut view = executor.into_view();
    notes.reads = std::mem::take(&mut view.reads);
    let addresses = view.addresses();
    let finals = view.into_finals();
    let ended = match context.time {
        Time::Clock(clock) => clock().max(now),
        Time::Virtual { .. } => now,
    };
    notes.spans.push((now, ended, SpanKind::Committing));
    Ok(SequentialRun { receipts, finals, addresses, notes, started, ended })
}

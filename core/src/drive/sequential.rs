//! One transaction after the other, on the caller's thread: the oracle.

use std::sync::atomic::Ordering;

use alloy_primitives::Address;

use super::{
    Loaded, Stopped, Surroundings,
    cost::Costs,
    flat::Flat,
    fold,
    recorder::{self, AttemptNote, LaneNotes},
};
use crate::{
    cancel::CancelFlag,
    evm::{Code, Effects, Executor, Spent, block_gas_left},
    run::{Receipt, Run},
    schedule::{Finals, Report, Scheduler, Sequential, Task},
    trace::{Clock, MOST_RECORDS, Outcome, SpanKind, StrategyId},
};

pub(super) fn run(loaded: &Loaded, around: &Surroundings<'_>) -> Result<Run, Stopped> {
    let progress = |done| around.progress.store(done, Ordering::Relaxed);
    let done = execute(loaded, &InOrder::on_the_clock(around, &progress), loaded.base.addresses())?;
    Ok(finish(loaded, Clock::Measured, done))
}

/// How a block is run in order.
pub(super) struct InOrder<'a> {
    pub(super) time: Time<'a>,
    pub(super) cancel: &'a CancelFlag,
    /// Told how many transactions have a result.
    pub(super) progress: &'a dyn Fn(u32),
    pub(super) record: bool,
}

/// Whose time it is.
pub(super) enum Time<'a> {
    Clock(&'a (dyn Fn() -> u64 + Sync)),
    /// The sum of the transactions' costs, from then on.
    Virtual {
        costs: Costs<'a>,
        from: u64,
    },
}

impl<'a> InOrder<'a> {
    pub(super) fn on_the_clock(around: &Surroundings<'a>, progress: &'a dyn Fn(u32)) -> Self {
        let &Surroundings { clock, cancel, record, .. } = around;
        Self { time: Time::Clock(clock), cancel, progress, record }
    }
}

/// A sequential run in form.
pub(super) fn finish(loaded: &Loaded, clock: Clock, done: Done) -> Run {
    let span = (done.started, done.ended);
    let trace = recorder::merge(
        (StrategyId::Sequential, clock),
        loaded.jobs.len(),
        span,
        vec![done.notes],
        &done.addresses,
        loaded.base.slots(),
    );
    let post_state = fold::post_state(&loaded.state, loaded.env.fork, &done.addresses, vec![done.finals]);
    Run { receipts: done.receipts, post_state, trace }
}

/// A sequential run before it is put in form.
pub(super) struct Done {
    pub(super) receipts: Vec<Receipt>,
    pub(super) finals: Finals<Code>,
    /// Accounts by number.
    pub(super) addresses: Vec<Address>,
    pub(super) notes: LaneNotes,
    pub(super) started: u64,
    pub(super) ended: u64,
}

/// Runs the block. `addresses` numbers its accounts, those of the state before it first.
pub(super) fn execute(
    loaded: &Loaded,
    around: &InOrder<'_>,
    addresses: Vec<Address>,
) -> Result<Done, Stopped> {
    let flat = Flat::new(&loaded.env, &loaded.base, &addresses, around.record);
    let mut executor = Executor::new(&loaded.env, flat, around.cancel);
    if let Time::Virtual { costs, .. } = &around.time {
        executor = executor.metered(costs.weighs());
    }
    let mut scheduler = Sequential::new(loaded.jobs.len());
    let mut receipts: Vec<Receipt> = Vec::with_capacity(loaded.jobs.len());
    let mut notes = LaneNotes::default();
    notes.attempts.reserve(loaded.jobs.len());
    let mut cumulative = 0;
    let mut reads_end = 0;

    let started = match around.time {
        Time::Clock(clock) => clock(),
        Time::Virtual { from, .. } => from,
    };
    let mut now = started;
    while let Task::Execute(version) = scheduler.next() {
        if around.cancel.is_set() {
            return Err(Stopped::Cancelled);
        }
        let job = &loaded.jobs[version.tx.index()];
        let placed = block_gas_left(&loaded.env, cumulative, job.transaction());
        let runs = placed.is_ok();
        let effects = match placed {
            Ok(()) => {
                executor.view().turn_to(version.tx, &loaded.order);
                executor.run(job)
            }
            Err(receipt) => Ok(Effects { receipt, writes: Vec::new() }),
        };
        let Effects { mut receipt, mut writes } = effects?;
        cumulative += receipt.gas_used;
        receipt.cumulative_gas_used = cumulative;
        let written = notes.writes.len();
        if around.record {
            for write in &writes {
                notes.writes.push(write.key(), write.slot_no(), write.is_increment());
            }
        }
        let view = executor.view();
        view.apply(version.tx, writes.drain(..));
        let records = notes.attempts.len() + (notes.writes.len() + view.reads.len()) as usize;
        if records > MOST_RECORDS {
            return Err(Stopped::TooManyRecords);
        }
        let reads = reads_end..view.reads.len();
        reads_end = reads.end;
        executor.reuse(writes);
        let start = now;
        match &around.time {
            Time::Clock(clock) if around.record => now = clock(),
            Time::Clock(_) => {}
            Time::Virtual { costs, .. } => {
                let spent = if runs { executor.spent(job, Some(&receipt)) } else { Spent::default() };
                now += costs.execution(version.tx, spent);
            }
        }
        if around.record {
            notes.attempts.push(AttemptNote {
                version,
                start,
                end: now,
                outcome: Outcome::Committed,
                gas: receipt.gas_used,
                reads,
                writes: written..notes.writes.len(),
            });
        }
        receipts.push(receipt);
        scheduler.report(Report::Executed { version, wrote_new: false, firm: true });
        (around.progress)(version.tx.0 + 1);
    }
    // Up to the same point as a parallel run: what became of every location is listed.
    let mut flat = executor.into_view();
    notes.reads = std::mem::take(&mut flat.reads);
    let addresses = flat.addresses();
    let finals = flat.into_finals();
    let ended = match around.time {
        Time::Clock(clock) => clock().max(now),
        Time::Virtual { .. } => now,
    };
    notes.spans.push((now, ended, SpanKind::Committing));
    Ok(Done { receipts, finals, addresses, notes, started, ended })
}

//! One transaction after the other, on the caller's thread: the oracle.

use std::sync::atomic::Ordering;

use alloy_primitives::Address;

use super::{
    Loaded, Stopped, Surroundings,
    flat::Flat,
    fold::{self, Changes},
    recorder::{self, AttemptNote, LaneNotes},
};
use crate::{
    evm::{Effects, Executor, block_gas_left},
    run::{Receipt, Run},
    schedule::{Report, Scheduler, Sequential, Task},
    trace::{Outcome, SpanKind, StrategyId},
};

pub(super) fn run(loaded: &Loaded, around: &Surroundings<'_>) -> Result<Run, Stopped> {
    let done = execute(loaded, around, loaded.base.addresses())?;
    let post_state = fold::post_state(&loaded.state, loaded.env.fork, done.changes);
    let span = (done.started, done.ended);
    let trace =
        recorder::merge(StrategyId::Sequential, loaded.jobs.len(), span, vec![done.notes], &done.addresses);
    Ok(Run { receipts: done.receipts, post_state, trace })
}

/// A sequential run before it is put in form.
pub(super) struct Done {
    pub(super) receipts: Vec<Receipt>,
    pub(super) changes: Changes,
    /// Accounts by number.
    pub(super) addresses: Vec<Address>,
    pub(super) notes: LaneNotes,
    pub(super) started: u64,
    pub(super) ended: u64,
}

/// Runs the block. `addresses` numbers its accounts, those of the state before it first.
pub(super) fn execute(
    loaded: &Loaded,
    around: &Surroundings<'_>,
    addresses: Vec<Address>,
) -> Result<Done, Stopped> {
    let clock = around.clock;
    let flat = Flat::new(&loaded.env, &loaded.base, &addresses);
    let mut executor = Executor::new(&loaded.env, flat);
    let mut scheduler = Sequential::new(loaded.jobs.len());
    let mut receipts: Vec<Receipt> = Vec::with_capacity(loaded.jobs.len());
    let mut notes = LaneNotes { attempts: Vec::with_capacity(loaded.jobs.len()), spans: Vec::new() };
    let mut cumulative = 0;

    let started = clock();
    let mut now = started;
    while let Task::Execute(version) = scheduler.next() {
        if around.cancel.is_set() {
            return Err(Stopped::Cancelled);
        }
        let job = &loaded.jobs[version.tx.index()];
        let effects = match block_gas_left(&loaded.env, cumulative, job.transaction()) {
            Ok(()) => executor.run(job),
            Err(receipt) => Ok(Effects { receipt, writes: Vec::new() }),
        };
        let Ok(Effects { mut receipt, writes }) = effects else {
            // A flat state holds no estimates that an attempt could meet.
            return Err(Stopped::LanePanicked);
        };
        cumulative += receipt.gas_used;
        receipt.cumulative_gas_used = cumulative;
        let view = executor.view();
        let start = now;
        let reads = std::mem::take(&mut view.reads);
        let written = writes.iter().map(|write| (write.key(), write.is_increment())).collect();
        view.apply(version.tx, writes);
        now = clock();
        notes.attempts.push(AttemptNote {
            version,
            start,
            end: now,
            outcome: Outcome::Committed,
            gas: receipt.gas_used,
            reads,
            writes: written,
            spoiler: None,
        });
        receipts.push(receipt);
        scheduler.report(Report::Executed { version, wrote_new: false });
        around.progress.store(version.tx.0 + 1, Ordering::Relaxed);
    }
    // Up to the same point as a parallel run: the block's changes are known.
    let flat = executor.into_view();
    let addresses = flat.addresses();
    let changes = flat.into_changes();
    let ended = clock().max(now);
    notes.spans.push((now, ended, SpanKind::Committing));
    Ok(Done { receipts, changes, addresses, notes, started, ended })
}

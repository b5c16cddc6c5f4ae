//! One transaction after the other, on the caller's thread: the oracle.

use std::sync::atomic::Ordering;

use super::{
    Loaded, Stopped, Surroundings,
    flat::Flat,
    fold,
    recorder::{self, AttemptNote, LaneNotes},
};
use crate::{
    evm::{Effects, Executor, block_gas_left},
    run::{Receipt, Run},
    trace::{Outcome, StrategyId},
    units::{Incarnation, TxIndex, Version},
};

pub(super) fn run(loaded: &Loaded, around: &Surroundings<'_>) -> Result<Run, Stopped> {
    let clock = around.clock;
    let mut executor = Executor::new(&loaded.env, Flat::new(&loaded.env, &loaded.base));
    let mut receipts: Vec<Receipt> = Vec::with_capacity(loaded.jobs.len());
    let mut notes = LaneNotes { attempts: Vec::with_capacity(loaded.jobs.len()), spans: Vec::new() };
    let mut cumulative = 0;

    let started = clock();
    let mut now = started;
    for (i, job) in loaded.jobs.iter().enumerate() {
        if around.cancel.is_set() {
            return Err(Stopped::Cancelled);
        }
        let tx = TxIndex(i as u32);
        let effects = match block_gas_left(&loaded.env, cumulative, job.transaction()) {
            Ok(()) => executor.run(job),
            Err(receipt) => Ok(Effects { receipt, writes: Vec::new() }),
        };
        let Ok(Effects { mut receipt, writes }) = effects else {
            // A flat state holds no estimates.
            return Err(Stopped::LanePanicked);
        };
        cumulative += receipt.gas_used;
        receipt.cumulative_gas_used = cumulative;
        let view = executor.view();
        let start = now;
        let reads = std::mem::take(&mut view.reads);
        let written = writes.iter().map(|write| (write.key(), write.is_increment())).collect();
        view.apply(tx, writes);
        now = clock();
        notes.attempts.push(AttemptNote {
            version: Version { tx, incarnation: Incarnation(0) },
            start,
            end: now,
            outcome: Outcome::Committed,
            gas: receipt.gas_used,
            reads,
            writes: written,
            spoiler: None,
        });
        receipts.push(receipt);
        around.progress.store(tx.0 + 1, Ordering::Relaxed);
    }
    let ended = clock().max(now);

    let flat = executor.into_view();
    let addresses = flat.addresses();
    let post_state = fold::post_state(&loaded.state, loaded.env.fork, flat.into_changes());
    let trace =
        recorder::merge(StrategyId::Sequential, loaded.jobs.len(), (started, ended), vec![notes], &addresses);
    Ok(Run { receipts, post_state, trace })
}

//! Strategies as passive state machines: which attempt runs next, and which is validated. And the
//! multi-version memory that speculative strategies read and write. Knows no EVM, no thread and no time.
//!
//! # Block-STM, as it is here
//!
//! After Gelashvili et al., PPoPP 2023 (arXiv 2203.06871).
//!
//! Every transaction runs on the values that the memory holds of the transactions below it, whether those
//! have finished or not. Its read set is kept. After it has run, the read set is validated: each location is
//! read again. If a value differs, the attempt is aborted, its writes become *estimates*, and the transaction
//! runs again as the next incarnation. A reader of an estimate stops and waits for the writer's next attempt.
//! The lowest transaction that is not settled can only read settled values, so every round settles at least
//! one.
//!
//! Validation is by *value*: an attempt that read 5 from one writer still holds if it would now read 5 from
//! another. The trace keeps the version that was read.
//!
//! ```text
//!              next: Execute                report: Executed
//!    ┌─▶ Ready ────────────────▶ Executing ──────────────────▶ Executed ──┐
//!    │     ▲                        │  report: Blocked                    │ claim_abort
//!    │     │ writer Executed        ▼                                     │ (one claimant)
//!    │     └──────────────────── Waiting ◀─ start: a sender's later       ▼
//!    │                                      transactions               Aborting
//!    └──────────────────── report: Aborted, incarnation + 1 ──────────────┘
//! ```
//!
//! Every transition is a method of a plain struct, [`BlockStm`]. The driver keeps the struct under one lock,
//! and hands in its reports and takes its next tasks in one turn. One lock is enough: a turn is a few dozen
//! instructions against microseconds of execution.
//!
//! # Invariants
//!
//! docs/protocol.md has the interleaving that would break each of them, and the tests that guard it.
//!
//! 1. *Writes before word of them.* A lane puts an attempt's writes into the memory before it reports
//!    `Executed`. It turns an aborted attempt's writes into estimates between `claim_abort` and `Aborted`.
//!    The scheduler's lock orders the writes before every task that follows from the report.
//!    ([`OrderedCommit`] keeps an attempt's writes apart, and puts them in before it reports `Valid`.) The
//!    flags that say whether there are writes (a cell's flag, an account's mark) are set together with the
//!    writes. A validation that does not find a flag has looked before the write, so by 2 it is repeated; a
//!    validation that follows from the report finds the flag. So a location whose flag is not set holds
//!    without a look at its entries. The same order applies to the inclusion flags, on which predicted nonces
//!    rest: see `drive/nonces.rs`.
//! 2. *No write is missed.* `Executed` with `wrote_new`, and every abort, mark all executed transactions
//!    above for validation. A transaction that is running is marked when it reports. A transaction that is
//!    being validated is marked too, and the outcome of that validation does not take the mark away: only
//!    handing out a validation does. An attempt that writes the same locations as the attempt before needs no
//!    marks: in between, these locations were estimates, so their readers were stopped or aborted. Two reads
//!    ignore estimates: whether a balance is enough, and the predicted nonce. For these reads, an attempt
//!    counts as writing a new location if it writes another balance or nonce than the attempt before, or if
//!    it could not be included and so leaves a predicted nonce unwritten. The values that a block access list
//!    predicts are no estimates either: there a first attempt counts so unless the whole prediction comes
//!    true.
//! 3. *One abort per attempt.* `claim_abort` succeeds once for each incarnation.
//! 4. *No waiting in circles.* A transaction waits only for lower ones: for one that has not executed, or,
//!    while its conflict class is held back, for one whose validation is marked or handed out. `Executed`
//!    releases the transactions that wait for it. So do `Valid` and `Stale`, unless the attempt was aborted
//!    meanwhile; then the next `Executed` does. The lowest unsettled transaction is ready, executing, or
//!    about to be validated.
//! 5. *The end is the end.* `Done` is given when nothing is ready, marked, or handed out. Then every attempt
//!    has been validated after the last change below it, or ran on final state.
//! 6. *Settled is settled.* A transaction is settled when it and all below it have executed, none of them is
//!    marked, and no validation of theirs is handed out. Then nothing below it changes any more, so by 2
//!    neither does it. An attempt is *on final state* if all transactions below it were settled when it
//!    started: it reads final values, keeps no read set, and is not marked. The same holds for an attempt
//!    that a lane runs right after an attempt on final state of the transaction before, or right after the
//!    lane itself found that transaction's read set to hold with all below it settled. (A validation that
//!    read earlier may still abort that attempt. Then the transaction runs again on settled values and writes
//!    the same.)
//!
//! # Conflict classes
//!
//! The transactions of one conflict class ([`SchedulerHints::class_of`]) are first started side by side. Once
//! most of these attempts have failed because of each other, the rest of the class is started one after the
//! other, so that the other lanes are free for other transactions. An attempt also counts as side by side if
//! it starts after an attempt of its class that was itself started too early and has yet to be validated.
//! Otherwise a lane could keep running ahead of a chain, each time on writes that are about to become
//! estimates. Classes change how long a run takes, never its result: the invariants hold whichever
//! transactions are held back.
//!
//! An attempt that reads inconsistent values may do anything that the EVM can do, also fail. Its result is
//! kept only if its read set holds. It ends, because its gas does.

mod bits;
mod block_stm;
mod location;
mod memory;
mod ordered_commit;
mod packed_location;
mod sequential;
mod slot_map;
mod sums;
pub mod sync;

use crate::units::{TxIndex, Version};

pub use block_stm::{BlockStm, MOST_FAILED, most_aborted};
pub use location::{AccountNo, Existence, Key, Part, SlotNo, SlotNumbers, Slots, Write};
pub use memory::{Beneficiary, Final, Finals, Memory};
pub use ordered_commit::OrderedCommit;
pub use packed_location::{Kind, PackedLocation, WriteSet};
pub use sequential::Sequential;
pub use slot_map::{SlotHash, SlotMap};
pub use sums::Balance;

/// What a lane is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Run this attempt, then report [`Report::Executed`] or [`Report::Blocked`].
    Execute(Version),
    /// Read this attempt's read set again, then report [`Report::Valid`], or claim the abort and report
    /// [`Report::Aborted`], or [`Report::Stale`] if the claim fails.
    Validate(Version),
    /// No task at present: other lanes hold those that remain.
    Wait,
    /// No task any more.
    Done,
}

/// The outcome of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// The attempt ran to its end, and its writes are in the memory. With [`ViewKind::Committed`] they are
    /// kept apart.
    Executed {
        /// The attempt.
        version: Version,
        /// Whether an attempt above may have read a value that no longer holds, without meeting an estimate.
        /// That is so if this attempt wrote a location that the transaction's attempt before did not write;
        /// if it wrote another balance or nonce than that one; if it could not be included; or, with
        /// [`ViewKind::Predicted`], if it is the first attempt and its writes differ from the prediction.
        /// With [`ViewKind::Committed`] it has no meaning.
        wrote_new: bool,
        /// Whether all transactions below were settled when it started, as far as its lane knew: see
        /// [`Scheduler::settled`].
        on_final_state: bool,
    },
    /// The attempt stopped at an estimate.
    Blocked {
        /// The attempt.
        version: Version,
        /// The estimate's writer.
        writer: TxIndex,
    },
    /// The attempt's read set holds. With [`ViewKind::Committed`] its writes are in the memory now.
    Valid {
        /// The attempt.
        version: Version,
    },
    /// The attempt's read set does not hold, but another validation has already claimed its abort.
    Stale {
        /// The attempt.
        version: Version,
    },
    /// The attempt's abort was claimed, and its writes are estimates now.
    Aborted {
        /// The attempt.
        version: Version,
        /// The transaction whose write, or withdrawn write, made the read set stale.
        writer: TxIndex,
    },
}

/// Decides which lane runs or validates which attempt: a passive state machine. Every task that it hands out
/// is answered by exactly one report.
pub trait Scheduler: Send {
    /// The next task for a lane.
    fn next(&mut self) -> Task;
    /// A transaction that waits for nothing but `tx`, for the lane that has just been handed `tx` and will
    /// run both in this order. No other lane could start it earlier.
    fn next_dependent(&mut self, _tx: TxIndex) -> Option<Version> {
        None
    }
    /// The lowest transaction that is not settled; `None` if the scheduler does not know. A *settled*
    /// transaction has an attempt that holds for good, because everything below it is settled too.
    fn settled(&self) -> Option<TxIndex> {
        None
    }
    /// The number of tasks that [`Scheduler::next`] could hand out at once now.
    fn runnable(&self) -> usize;
    /// The most tasks that a lane should take in one turn.
    fn batch_limit(&self) -> usize {
        usize::MAX
    }
    /// Records the outcome of a task.
    fn report(&mut self, report: Report);
    /// Whether the caller, which found the attempt's read set stale, is the one to abort it.
    fn claim_abort(&mut self, version: Version) -> bool;
}

/// The state that the attempts of a strategy read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewKind {
    /// One value per location: every transaction before is final.
    Final,
    /// One value per location and writer.
    MultiVersion,
    /// The same, but of committed transactions only. An attempt's writes are kept apart until it is
    /// validated, and are committed then.
    Committed,
    /// One value per location and writer; where the writer has not run yet, the value that a block access
    /// list predicts (EIP-7928).
    Predicted,
}

/// What a strategy needs to know of a block beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foresight {
    /// Nothing but the transactions' senders.
    Senders,
    /// The accesses that transactions declare (EIP-2930).
    Declared,
    /// The accesses of a sequential run.
    Recorded,
}

/// What a scheduler is given to know of a block beforehand. Hints change how long a run takes, never its
/// result.
#[derive(Clone, Copy, Debug)]
pub struct SchedulerHints<'a> {
    /// For each transaction, the latest one before it with the same sender that it should wait for.
    pub earlier: &'a [Option<TxIndex>],
    /// Transactions that are worth starting before others.
    pub first: &'a [TxIndex],
    /// For each transaction, the number of its conflict class, from 0: transactions that are likely to
    /// conflict wherever two of them have conflicted. `None` if it is alone in its class.
    pub class_of: &'a [Option<u32>],
    /// For each transaction, all that it should wait for, as far as [`Foresight`] asks for it. All
    /// come before it. Empty if the strategy asks for nothing.
    pub waits: &'a [Vec<TxIndex>],
    /// Number of lanes.
    pub lanes: usize,
}

//! Who runs what, when: strategies as passive state machines, and the multi-version memory that
//! speculative ones read and write. Knows no EVM, no thread and no time.
//!
//! # Block-STM, as it is here
//!
//! Gelashvili et al., PPoPP 2023 (arXiv 2203.06871). Every transaction runs on what the memory
//! holds of the transactions before it, finished or not; what it read is written down. Once it
//! has run, its reads are validated: each location is read again, and if a value differs the
//! attempt is aborted, its writes become *estimates*, and the transaction runs again. A reader of
//! an estimate stops and waits for the writer's next attempt. The lowest transaction that is not
//! settled can only read settled values, so every round settles at least one.
//!
//! Validation is by *value*: an attempt that read 5 from one writer holds if it would read 5 from
//! another now. The trace keeps the version that was seen.
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
//! Every transition is a method of a plain struct, [`BlockStm`]; the driver keeps it under one
//! lock and takes each report and the next task in one turn. One lock, because a turn is a few
//! dozen instructions against microseconds of execution.
//!
//! # What must hold
//!
//! 1. *Writes before word of them.* A lane puts an attempt's writes into the memory before it
//!    reports `Executed`, and turns an aborted attempt's writes into estimates between
//!    `claim_abort` and `Aborted`. The scheduler's lock orders the two for everyone who acts on
//!    the report. ([`OrderedCommit`] keeps an attempt's writes apart and puts them in before it
//!    reports `Valid`.) With the writes goes whatever says that there are any: a cell's flag, an
//!    account's mark. Who does not find them has looked too early and is told by 2; who validates
//!    after word of the writes finds them. So a location that nobody touched holds without a look
//!    at it. With them goes, too, whether the transaction could be included, which is what
//!    foretold nonces hang on: see `drive/nonces.rs`.
//! 2. *Nobody misses a write.* `Executed` with `wrote_new`, and every abort, mark all executed
//!    transactions above for validation. One that is executing meanwhile is marked when it
//!    reports. One whose validation is under way is marked too, and the validation's outcome does
//!    not take the mark away: only handing out the task does. An attempt that writes the same
//!    locations as the attempt before needs no marks, because in between they were estimates:
//!    readers were stopped or aborted. Two readers look past estimates: whether a balance is enough, and a nonce that is foretold. For them an attempt
//!    that writes another balance or nonce than the attempt before, or one that could not be included
//!    and so leaves the nonce that it foretells unwritten, counts as writing a new location. What a block
//!    access list foretells is no estimate: there a first attempt counts so unless all of it comes true.
//! 3. *One abort per attempt.* `claim_abort` succeeds once for each incarnation.
//! 4. *No waiting in circles.* Transactions wait only for lower ones: for one that has not executed, or,
//!    held back, for one whose validation is marked or handed out. `Executed` lets go of whoever waits
//!    for it; so do `Valid` and `Stale`, unless the attempt was aborted meanwhile, and then the next
//!    `Executed` does. The lowest unsettled one is ready, executing, or about to be validated.
//! 5. *The end is the end.* `Done` is given when nothing is ready, marked, or handed out. Then
//!    every attempt has been validated after the last change below it, or was firm.
//! 6. *Settled is settled.* A transaction is settled when it and all below it have executed, none is
//!    marked, and no validation of theirs is handed out. Then nothing below changes, so by 2 nor does
//!    it. An attempt is *firm* if all below it were settled when it started: it sees what it is to see,
//!    keeps no reads, and is not marked. So is one that a lane runs right after a on_final_state attempt of the
//!    transaction before, or after it found that one's reads to hold with all below it settled. (Should a
//!    validation that looked earlier abort that one yet, it runs again on settled values and writes the
//!    same.)
//!
//! Transactions that are alike ([`SchedulerHints::alike`]) are first tried side by side. Once most of such tries
//! were in vain because of each other, the rest of them is tried one after the other, which leaves the
//! other lanes to others. Side by side is also who starts after an attempt that was itself made too
//! early and has yet to be validated: otherwise a lane could run ahead of a chain for as long as it lasts, always on
//! what is about to be taken back. This is about time only: whatever is held back or not, the above holds.
//!
//! An attempt on inconsistent values may do anything that the EVM can do, also fail; its result
//! is only kept if its reads hold. It ends, because gas does.

mod access_list;
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

use crate::{
    trace::StrategyId,
    units::{TxIndex, Version},
};

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
    /// Run that attempt, then report [`Report::Executed`] or [`Report::Blocked`].
    Execute(Version),
    /// Read again what that attempt read, then report [`Report::Valid`], or claim the abort and report
    /// [`Report::Aborted`] or [`Report::Stale`].
    Validate(Version),
    /// Nothing at present; other lanes hold what remains.
    Wait,
    /// Nothing any more.
    Done,
}

/// What became of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// The attempt ran to its end, and its writes are in the memory; with [`ViewKind::Committed`] they
    /// are kept apart.
    Executed {
        /// The attempt.
        version: Version,
        /// Whether someone above may have seen what does not hold any more without having met an
        /// estimate: it wrote to a location that the transaction's attempt before did not, or another
        /// balance or nonce; or it could not be included; or with [`ViewKind::Predicted`] it is the first and
        /// wrote otherwise than foretold. With [`ViewKind::Committed`] it says nothing.
        wrote_new: bool,
        /// Whether all transactions below were settled, for the lane that ran it, when it started:
        /// see [`Scheduler::settled`].
        on_final_state: bool,
    },
    /// The attempt stopped at an estimate.
    Blocked {
        /// The attempt.
        version: Version,
        /// Whose estimate.
        writer: TxIndex,
    },
    /// The attempt's reads hold. With [`ViewKind::Committed`] its writes are in the memory now.
    Valid {
        /// The attempt.
        version: Version,
    },
    /// Someone else has already claimed the attempt's abort.
    Stale {
        /// The attempt.
        version: Version,
    },
    /// The attempt's abort was claimed, and its writes are estimates now.
    Aborted {
        /// The attempt.
        version: Version,
        /// Who wrote, or took back, what spoiled it.
        writer: TxIndex,
    },
}

/// Who runs what, when: a passive state machine. Every task that it hands out is answered by
/// exactly one report.
pub trait Scheduler: Send {
    /// The next task for a lane.
    fn next(&mut self) -> Task;
    /// A transaction that waits for nothing but `tx`, for the lane that was just handed `tx` and will run
    /// both in that order. Nobody else could have it before.
    fn next_dependent(&mut self, _tx: TxIndex) -> Option<Version> {
        None
    }
    /// The lowest transaction that is not settled; `None` if that is not known. What is *settled* has an
    /// attempt that holds whatever happens, because everything below it is settled.
    fn settled(&self) -> Option<TxIndex> {
        None
    }
    /// How many tasks [`Scheduler::next`] could hand out at once now.
    fn runnable(&self) -> usize;
    /// How many tasks a lane should take at one turn, at most.
    fn batch_limit(&self) -> usize {
        usize::MAX
    }
    /// Takes note of what became of a task.
    fn report(&mut self, report: Report);
    /// Whether the caller, having found a read of that attempt stale, is the one to abort it.
    fn claim_abort(&mut self, version: Version) -> bool;
}

/// What attempts of a strategy see of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewKind {
    /// One value per location: everything before is final.
    Final,
    /// One value per location and writer.
    MultiVersion,
    /// The same, of transactions that are committed. An attempt's writes are kept apart until it is
    /// validated, and committed then.
    Committed,
    /// One value per location and writer, and where the writer has not run yet, what a list foretells.
    Predicted,
}

/// What a strategy must know of a block beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foresight {
    /// Nothing but its transactions' senders.
    Senders,
    /// What transactions declare that they access.
    Declared,
    /// What they do access in block order.
    Recorded,
}

/// What is known of a block beforehand.
#[derive(Clone, Copy, Debug)]
pub struct SchedulerHints<'a> {
    /// For each transaction the latest one before it with the same sender that it should wait for.
    pub earlier: &'a [Option<TxIndex>],
    /// Those worth starting before others.
    pub first: &'a [TxIndex],
    /// For each transaction the number of those that are alike, if there are others: likely to meet wherever two
    /// of them have met. Numbers count from 0.
    pub alike: &'a [Option<u32>],
    /// For each transaction all that it should wait for, as far as [`Strategy::foresight`] asks for it;
    /// all come before it. Empty where it asks for nothing.
    pub waits: &'a [Vec<TxIndex>],
    /// How many lanes there are.
    pub lanes: usize,
}

/// A scheduler together with the view that it needs.
pub trait Strategy {
    /// Its name.
    fn id(&self) -> StrategyId;
    /// What its attempts see.
    fn view(&self) -> ViewKind;
    /// What it must know beforehand.
    fn foresight(&self) -> Foresight {
        Foresight::Senders
    }
    /// A scheduler for a block.
    fn scheduler(&self, known: &SchedulerHints<'_>) -> Box<dyn Scheduler>;
}

/// The strategy of that name.
pub fn strategy(id: StrategyId) -> Box<dyn Strategy> {
    match id {
        StrategyId::Sequential => Box::new(sequential::InOrder),
        StrategyId::BlockStm => Box::new(block_stm::Optimistic),
        StrategyId::OrderedCommit => Box::new(ordered_commit::InTurn),
        StrategyId::AccessList => Box::new(access_list::Declared),
        StrategyId::PerfectAccessList => Box::new(access_list::Perfect),
        StrategyId::BlockAccessList => Box::new(access_list::Predicted),
    }
}

//! Drives a block: gives the lanes time and threads, runs the block with a strategy, and records what
//! happened. [`run`] has threads and a real clock, [`simulate`] has neither.
//!
//! ```text
//! Vm ─ Block::new ─▶ Block ─ run(strategy, lanes) ─▶ Ended { receipts, finals, trace }
//! ```
//! [`Block`] holds what all runs of a block need and none changes. It is made once, outside any measurement.
//! A run's duration begins when its lanes are ready and ends when the block's changes are known. Putting
//! together the trace comes after.
//!
//! ```text
//! parallel.rs  (lanes.rs)  threads, a real clock  ─┐
//!                                                  ├─▶ attempts.rs ─▶ speculative_view.rs ─▶ schedule::Memory
//! simulate.rs  (cost.rs)   one thread, virtual    ─┘
//! sequential.rs            in block order          ──▶ sequential_view.rs
//!                          all three               ──▶ recorder.rs ─▶ Trace
//! ```

mod access_log;
mod attempts;
mod cost;
#[cfg(test)]
mod faults;
mod foresight;
mod lanes;
#[cfg(test)]
mod model_check;
mod nonces;
mod order;
mod parallel;
mod predicted_writes;
mod recorder;
mod sequential;
mod sequential_view;
mod simulate;
mod speculative_view;
#[cfg(test)]
mod toy;

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicU32, Ordering},
};

use alloy_primitives::Address;

use crate::{
    cancel::CancelFlag,
    schedule::{Finals, Memory, SchedulerHints, ViewKind},
    strategies::Strategy,
    trace::{MOST_RECORDS, Trace},
    units::TxIndex,
    vm::{Interrupted, Vm},
};
use order::Order;

pub use foresight::{Recorded, declared, record};
pub use order::Facts;
pub use predicted_writes::PredictedWrites;
pub use sequential_view::SequentialView;
pub use simulate::{Simulation, Tallies, Tally, simulate};

/// A block, prepared for running: made once, shared by all its runs.
pub struct Block<M: Vm> {
    vm: M,
    order: Order,
    gas_limit: u64,
    beneficiary: Address,
    /// Called at the steps of its runs.
    #[cfg(test)]
    hook: Option<Hook>,
}

/// A step of a lane that a test observes, or makes panic.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Before a lane takes its first turn.
    Begin,
    /// Before each of its turns.
    Turn,
    /// In the virtual machine.
    Execute,
    /// After the virtual machine, before anything of the attempt is published.
    Run,
    /// While an attempt is published, with the transaction's result locked.
    Publish,
    /// While an attempt is validated, with the transaction's result locked.
    Validate,
    /// While the state after the block is collected.
    Finals,
}

#[cfg(test)]
type Hook = Box<dyn Fn(Step) + Send + Sync>;

impl<M: Vm> Block<M> {
    /// A block of the machine's transactions. `facts` has what is known of each before the run.
    pub fn new(vm: M, facts: &[Facts], gas_limit: u64, beneficiary: Address) -> Self {
        let order = Order::new(facts, vm.pre_state());
        Self {
            vm,
            order,
            gas_limit,
            beneficiary,
            #[cfg(test)]
            hook: None,
        }
    }

    /// The machine.
    pub fn vm(&self) -> &M {
        &self.vm
    }

    /// Number of transactions.
    pub fn transactions(&self) -> usize {
        self.order.gas_limits().len()
    }

    /// The hints for a scheduler.
    fn scheduler_hints<'a>(
        &'a self,
        first: &'a [TxIndex],
        hints: &Hints<'a, M::Code>,
        lanes: u16,
    ) -> SchedulerHints<'a> {
        let (earlier, class_of) = (self.order.after(), self.order.class_of());
        SchedulerHints { earlier, first, class_of, waits: hints.waits, lanes: lanes.into() }
    }

    #[cfg(test)]
    fn reach(&self, step: Step) {
        if let Some(hook) = &self.hook {
            hook(step);
        }
    }
}

impl<M: Vm> fmt::Debug for Block<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block").field("order", &self.order).finish_non_exhaustive()
    }
}

/// What a strategy is given to know of the block besides its transactions' senders, as far as it needs it:
/// see [`Strategy::foresight`] and [`ViewKind::Predicted`].
pub struct Hints<'a, C> {
    /// For each transaction, those that it should wait for. Empty if the strategy needs none.
    pub waits: &'a [Vec<TxIndex>],
    /// The predicted writes, by the memory's numbers of accounts and slots.
    pub predict: &'a dyn Fn(&Memory<'_, C>) -> PredictedWrites<C>,
}

impl<C> Hints<'_, C> {
    /// No hints.
    pub const NONE: Self = Self { waits: &[], predict: &|_| PredictedWrites::default() };
}

/// The threads that lanes run on.
pub trait Threads: Sync {
    /// Number of threads.
    fn count(&self) -> usize;
    /// Number of cores that they run on, if that is known.
    fn cores(&self) -> Option<usize>;
    /// Calls `lane` with each number below `lanes`, each call on a thread of its own. Returns when all have
    /// returned. Called with no more lanes than there are threads, and with at least two.
    fn run(&self, lanes: usize, lane: &(dyn Fn(usize) + Sync));
}

/// The caller's thread alone.
pub struct OwnThread;

impl Threads for OwnThread {
    fn count(&self) -> usize {
        1
    }

    fn cores(&self) -> Option<usize> {
        None
    }

    fn run(&self, lanes: usize, lane: &(dyn Fn(usize) + Sync)) {
        (0..lanes).for_each(lane);
    }
}

/// What a run needs from outside.
#[derive(Clone, Copy)]
pub struct RunContext<'a> {
    /// Nanoseconds since a moment that is the same for all threads. Called from every lane.
    pub clock: &'a (dyn Fn() -> u64 + Sync),
    /// Read by every lane between two tasks, and within a transaction.
    pub cancel: &'a CancelFlag,
    /// Set to the number of transactions that have a result so far.
    pub progress: &'a AtomicU32,
    /// The threads that lanes run on.
    pub threads: &'a dyn Threads,
    /// Transactions that start before others, in block order: see
    /// [`crate::analysis::long_first`]. They do not change the result.
    pub first: &'a [TxIndex],
    /// Whether attempts, their reads and writes, and the lanes' other time are noted. If not, the trace has
    /// only the run's duration.
    pub record: bool,
}

/// The result of a run.
pub struct Ended<M: Vm> {
    /// The transactions' receipts, in block order.
    pub receipts: Vec<M::Receipt>,
    /// Addresses of accounts by number.
    pub addresses: Vec<Address>,
    /// The changes of every account and slot that was written to. None of them is in two of these.
    pub finals: Vec<Finals<M::Code>>,
    /// The record of the run.
    pub trace: Trace,
}

/// The reason why a run has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// The cancel flag was seen.
    #[error("the run was cancelled")]
    Cancelled,
    /// More would be recorded than a trace may hold.
    #[error(
        "the run has more than {MOST_RECORDS} records (attempts, reads, writes). Run fewer transactions, or \
         transactions that read less"
    )]
    /// The run has more records than a trace may hold.
    TooManyRecords,
    /// There are fewer threads than lanes.
    #[error("{lanes} lanes need {lanes} threads, but only {threads} can be used")]
    TooFewThreads {
        /// Lanes asked for.
        lanes: u16,
        /// Threads that exist.
        threads: usize,
    },
    /// No task is left, but the block is not done: a bug of the engine.
    #[error("no task is left, but the block is not done; this is a bug in the engine")]
    Stuck,
    /// A lane panicked, or the code before or after the lanes did: a bug of the engine.
    #[error("a lane panicked while it ran transactions; this is a bug in the engine")]
    LanePanicked,
}

/// For attempts of a sequential run.
impl From<Interrupted> for Stopped {
    fn from(interrupted: Interrupted) -> Self {
        match interrupted {
            Interrupted::Cancelled => Self::Cancelled,
            // A sequential view holds no estimates that an attempt could meet.
            Interrupted::Blocked(_) => Self::LanePanicked,
        }
    }
}

/// Turns a panic into [`Stopped::LanePanicked`]. Where a panic cannot be caught (the engine for the browser
/// is built to abort), the process ends.
///
/// # Errors
/// The errors of `run`, and [`Stopped::LanePanicked`].
pub fn catch_panics<T>(run: impl FnOnce() -> Result<T, Stopped>) -> Result<T, Stopped> {
    // Unwind safe: everything that a run changes is its own, and is dropped with it. A `OnceLock` of the
    // loaded block is either set or not.
    catch_unwind(AssertUnwindSafe(run)).unwrap_or(Err(Stopped::LanePanicked))
}

/// Runs the block once.
///
/// With a strategy that reads a [`ViewKind::Final`] state there is always one lane.
///
/// # Errors
/// See [`Stopped`].
pub fn run<M: Vm>(
    block: &Block<M>,
    strategy: &dyn Strategy,
    lanes: u16,
    hints: &Hints<'_, M::Code>,
    context: &RunContext<'_>,
) -> Result<Ended<M>, Stopped> {
    // Relaxed, like every access to `progress`: the count is only shown to a person.
    context.progress.store(0, Ordering::Relaxed);
    catch_panics(|| match strategy.view() {
        ViewKind::Final => sequential::run(block, context),
        ViewKind::MultiVersion | ViewKind::Committed | ViewKind::Predicted => {
            parallel::run(block, strategy, lanes, hints, context)
        }
    })
}

//! Who gives time and lanes: runs a loaded block with a strategy and writes down what happened.
//! [`run`] has threads and a real clock, [`simulate`] has neither.
//!
//! ```text
//! Vm ─ Block::new ─▶ Block ─ run(strategy, lanes) ─▶ Ended { receipts, changes, trace }
//! ```
//! [`Block`] holds what every run of the same block needs and none changes; it is made once,
//! outside any measurement. A run's duration begins when its lanes stand ready and ends when the
//! block's changes are known; putting together the trace comes after.

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
    schedule::{Finals, Memory, SchedulerHints, Strategy, ViewKind},
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

/// A block, put in order for running: made once, shared by all its runs.
pub struct Block<M: Vm> {
    vm: M,
    order: Order,
    gas_limit: u64,
    beneficiary: Address,
    /// Called at steps of its runs.
    #[cfg(test)]
    hook: Option<Hook>,
}

/// A step of a lane that a test looks at, or makes panic.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Before a lane takes its first turn.
    Begin,
    /// Before each of its turns.
    Turn,
    /// In the virtual machine.
    Execute,
    /// After it, before anything of the attempt is published.
    Run,
    /// In the midst of publishing, with the transaction's result locked.
    Publish,
    /// In the midst of a validation, with the transaction's result locked.
    Validate,
    /// While the state after the block is collected.
    Finals,
}

#[cfg(test)]
type Hook = Box<dyn Fn(Step) + Send + Sync>;

impl<M: Vm> Block<M> {
    /// A block of the machine's transactions, of which `facts` are known beforehand.
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

    /// What a scheduler is told.
    fn known<'a>(
        &'a self,
        first: &'a [TxIndex],
        hints: &Hints<'a, M::Code>,
        lanes: u16,
    ) -> SchedulerHints<'a> {
        let (earlier, alike) = (self.order.after(), self.order.alike());
        SchedulerHints { earlier, first, alike, waits: hints.waits, lanes: lanes.into() }
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

/// What a strategy is told of the block beside its transactions' senders, as far as it asks for it: see
/// [`Strategy::foresight`] and [`ViewKind::Predicted`].
pub struct Hints<'a, C> {
    /// For each transaction those that it should wait for; empty if the strategy asks for nothing.
    pub waits: &'a [Vec<TxIndex>],
    /// What transactions are predicted to write, by the numbers of accounts and slots that the memory gives them.
    pub predict: &'a dyn Fn(&Memory<'_, C>) -> PredictedWrites<C>,
}

impl<C> Hints<'_, C> {
    /// Nothing.
    pub const NONE: Self = Self { waits: &[], predict: &|_| PredictedWrites::default() };
}

/// Threads for lanes.
pub trait Threads: Sync {
    /// How many there are.
    fn count(&self) -> usize;
    /// How many cores they have, if that is known.
    fn cores(&self) -> Option<usize>;
    /// Calls `lane` with each number below `lanes`, each on a thread of its own, and returns when all have returned.
    /// Called with no more lanes than there are threads, and with at least two.
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

/// What a run takes from outside.
#[derive(Clone, Copy)]
pub struct RunContext<'a> {
    /// Nanoseconds since some moment that is the same for all threads. Called from every lane.
    pub clock: &'a (dyn Fn() -> u64 + Sync),
    /// Looked at by every lane between two tasks, and within a transaction.
    pub cancel: &'a CancelFlag,
    /// Set to the number of transactions that have a result so far.
    pub progress: &'a AtomicU32,
    /// Where lanes come from.
    pub threads: &'a dyn Threads,
    /// Transactions to be started before others, which keep the block's order: see
    /// [`crate::analysis::long_first`]. It is no matter for the result.
    pub first: &'a [TxIndex],
    /// Whether attempts, their reads and writes, and what lanes did meanwhile are noted. Without
    /// that the trace has nothing but the run's duration.
    pub record: bool,
}

/// What a run gives.
pub struct Ended<M: Vm> {
    /// What each transaction gave.
    pub receipts: Vec<M::Receipt>,
    /// Addresses of accounts by number.
    pub addresses: Vec<Address>,
    /// What became of every account and slot that was written to. None of them is in two of these.
    pub finals: Vec<Finals<M::Code>>,
    /// What happened.
    pub trace: Trace,
}

/// Why a run has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// The cancel flag was seen.
    #[error("the run was cancelled")]
    Cancelled,
    /// More would be recorded than a trace may hold.
    #[error(
        "the run comes to more than {MOST_RECORDS} records (attempts, reads, writes). Fewer transactions, or \
         transactions that read less, can be shown"
    )]
    TooManyRecords,
    /// Fewer threads than lanes.
    #[error("{lanes} lanes need as many threads, there are {threads}")]
    TooFewThreads {
        /// Lanes asked for.
        lanes: u16,
        /// Threads that there are.
        threads: usize,
    },
    /// Nothing is left to do, and yet the block is not done: a mistake of ours.
    #[error("no lane finds anything to do and the block is not done; this is a mistake in the engine")]
    Stuck,
    /// A lane panicked, or what comes before and after the lanes: a mistake of ours.
    #[error("a lane panicked while it ran transactions; this is a mistake in the engine")]
    LanePanicked,
}

/// Of attempts on a flat state.
impl From<Interrupted> for Stopped {
    fn from(interrupted: Interrupted) -> Self {
        match interrupted {
            Interrupted::Cancelled => Self::Cancelled,
            // A flat state holds no estimates that an attempt could meet.
            Interrupted::Blocked(_) => Self::LanePanicked,
        }
    }
}

/// Turns a panic into [`Stopped::LanePanicked`]. Where a panic cannot be caught (the engine for the browser is
/// built to abort), the process ends.
///
/// # Errors
/// Those of `run`, and that.
pub fn catch_panics<T>(run: impl FnOnce() -> Result<T, Stopped>) -> Result<T, Stopped> {
    // Sound to go on after: all that a run changes is its own, and dropped with it. A `OnceLock` of the loaded
    // block is either set or not.
    catch_unwind(AssertUnwindSafe(run)).unwrap_or(Err(Stopped::LanePanicked))
}

/// Runs the block once.
///
/// With a strategy that sees a [`ViewKind::Final`] state there is one lane, whatever `lanes` says.
///
/// # Errors
/// See [`Stopped`].
pub fn run<M: Vm>(
    block: &Block<M>,
    strategy: &dyn Strategy,
    lanes: u16,
    hints: &Hints<'_, M::Code>,
    around: &RunContext<'_>,
) -> Result<Ended<M>, Stopped> {
    around.progress.store(0, Ordering::Relaxed);
    catch_panics(|| match strategy.view() {
        ViewKind::Final => sequential::run(block, around),
        ViewKind::MultiVersion | ViewKind::Committed | ViewKind::Predicted => {
            parallel::run(block, strategy, lanes, hints, around)
        }
    })
}

//! Who gives time and lanes: runs a prepared block with a strategy and writes down what happened.
//! [`run`] has threads and a real clock, [`simulate`] has neither.
//!
//! ```text
//! PreparedBlock ─ Loaded::new ─▶ Loaded ─ run(strategy, lanes) ─▶ Run { receipts, post-state, trace }
//! ```
//! [`Loaded`] holds what every run of the same block needs and none changes; it is made once,
//! outside any measurement. A run's duration begins when its lanes stand ready and ends when the
//! block's changes are known; putting together the whole post-state and the trace comes after.

mod attempts;
mod cost;
mod flat;
mod fold;
mod foresight;
mod foretold;
mod lanes;
#[cfg(test)]
mod models;
mod multi;
mod nonces;
mod order;
mod parallel;
mod place;
mod recorder;
mod sequential;
mod simulate;

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU32, Ordering},
};

use alloy_eip7928::BlockAccessList;

use crate::{
    cancel::CancelFlag,
    evm::{Base, Job, system_calls},
    prepare::{BlockEnvironment, PreparedBlock, State},
    run::Run,
    schedule::{self, Foresight, Strategy, ViewKind},
    trace::StrategyId,
    units::TxIndex,
};
use foresight::Recorded;
use order::Order;

pub use simulate::{Simulation, Tallies, Tally, simulate};

/// A block, put in order for running: made once, shared by all its runs.
#[derive(Debug)]
pub struct Loaded {
    env: BlockEnvironment,
    /// State before the first transaction: the block's pre-state after its system calls.
    state: State,
    base: Base,
    jobs: Vec<Job>,
    order: Order,
    /// Made when a strategy first asks for them.
    declared: OnceLock<Vec<Vec<TxIndex>>>,
    recorded: OnceLock<Recorded>,
    /// Instead of the recorded one.
    list: Option<Arc<BlockAccessList>>,
}

impl Loaded {
    /// Makes the system calls, analyses code, recovers signers.
    pub fn new(block: &PreparedBlock) -> Self {
        let mut state = block.pre_state.clone();
        system_calls(&block.env, &mut state);
        let parties = block.transactions.iter().flat_map(|tx| [Some(tx.from), tx.to]).flatten();
        let base = Base::new(&state, block.env.fork, parties);
        let jobs: Vec<Job> = block.transactions.iter().map(Job::new).collect();
        let order = Order::new(&jobs, &base);
        Self {
            env: block.env.clone(),
            state,
            base,
            jobs,
            order,
            declared: OnceLock::new(),
            recorded: OnceLock::new(),
            list: None,
        }
    }

    /// The block access list (EIP-7928) of its transactions, from a sequential run: made once, when it is
    /// first asked for. What the block does before and after its transactions is not in it.
    ///
    /// # Errors
    /// See [`Stopped`].
    pub fn access_list(&self, cancel: &CancelFlag) -> Result<&BlockAccessList, Stopped> {
        Ok(&self.recorded(cancel)?.list)
    }

    /// Gives [`StrategyId::BlockAccessList`] another list than the recorded one, right or wrong; `None`:
    /// the recorded one. It is no matter for the result.
    pub fn foretell(&mut self, list: Option<Arc<BlockAccessList>>) {
        self.list = list;
    }

    fn recorded(&self, cancel: &CancelFlag) -> Result<&Recorded, Stopped> {
        if let Some(recorded) = self.recorded.get() {
            return Ok(recorded);
        }
        let recorded = foresight::record(self, cancel)?;
        Ok(self.recorded.get_or_init(|| recorded))
    }

    /// Gets ready what a strategy must know beforehand.
    fn foresee(&self, strategy: &dyn Strategy, cancel: &CancelFlag) -> Result<&[Vec<TxIndex>], Stopped> {
        Ok(match strategy.foresight() {
            Foresight::Senders => &[],
            Foresight::Declared => {
                self.declared.get_or_init(|| foresight::declared(&self.jobs, self.order.after()))
            }
            Foresight::Recorded => &self.recorded(cancel)?.waits,
        })
    }

    /// Number of transactions.
    pub fn transactions(&self) -> usize {
        self.jobs.len()
    }
}

/// What a run takes from outside.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Nanoseconds since some moment that is the same for all threads. Called from every lane.
    pub clock: &'a (dyn Fn() -> u64 + Sync),
    /// Looked at by every lane between two tasks.
    pub cancel: &'a CancelFlag,
    /// Set to the number of transactions that have a result so far.
    pub progress: &'a AtomicU32,
    /// Where lanes come from.
    pub threads: Threads<'a>,
    /// Transactions to be started before others, which keep the block's order: see
    /// [`crate::analysis::long_first`]. It is no matter for the result.
    pub first: &'a [TxIndex],
    /// Whether attempts, their reads and writes, and what lanes did meanwhile are noted. Without
    /// that the trace has nothing but the run's duration.
    pub record: bool,
}

/// Where lanes come from.
#[derive(Clone, Copy)]
pub enum Threads<'a> {
    /// There is one lane: the caller's own thread. Rayon is not touched.
    Own,
    /// The threads of a pool, at least as many as lanes.
    Pool(&'a rayon::ThreadPool),
    /// The threads of rayon's global pool (in the browser: web workers).
    Global,
}

/// Why a run has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// The cancel flag was seen.
    #[error("the run was cancelled")]
    Cancelled,
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
    /// A lane panicked: a mistake of ours.
    #[error("a lane panicked while it ran transactions; this is a mistake in the engine")]
    LanePanicked,
}

/// Runs the block once.
///
/// With [`StrategyId::Sequential`] there is one lane, whatever `lanes` says.
///
/// # Errors
/// See [`Stopped`].
pub fn run(
    loaded: &Loaded,
    strategy: StrategyId,
    lanes: u16,
    around: &Surroundings<'_>,
) -> Result<Run, Stopped> {
    around.progress.store(0, Ordering::Relaxed);
    let strategy = schedule::strategy(strategy);
    match strategy.view() {
        ViewKind::Flat => sequential::run(loaded, around),
        ViewKind::MultiVersion | ViewKind::Committed | ViewKind::Foretold => {
            parallel::run(loaded, &*strategy, lanes, around)
        }
    }
}

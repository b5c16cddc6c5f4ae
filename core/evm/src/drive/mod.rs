//! Runs a prepared block with a strategy, on a clock and on lanes that the caller gives: `lanes::drive` with
//! the EVM. [`run`] has threads and a real clock, [`simulate`] has neither.
//!
//! ```text
//! PreparedBlock ─ LoadedBlock::new ─▶ LoadedBlock ─ run(strategy, lanes) ─▶ Run { receipts, post-state, trace }
//! ```
//! [`LoadedBlock`] holds what all runs of a block need and none changes. It is made once, outside any
//! measurement. A run's duration begins when its lanes are ready and ends when the block's changes are known.
//! Putting together the whole post-state and the trace comes after.

#[cfg(test)]
mod cancelled;
mod fold;
mod foresight;

use std::sync::{Arc, OnceLock, atomic::AtomicU32};

use alloy_eip7928::BlockAccessList;
use alloy_primitives::B256;
use lanes::drive::{Block, Ended, Hints};

use crate::{
    Code, Evm,
    block::run::Run,
    block::{PreparedBlock, State},
    machine,
    reference::system_calls,
};
use foresight::Recorded;
use lanes::{
    cancel::CancelFlag,
    schedule::{Foresight, Memory, ViewKind},
    strategies::{self, Strategy, StrategyId},
    units::TxIndex,
};

pub use lanes::drive::{PredictedWrites, Simulation, Stopped, Tally};

/// A block, prepared for running: made once, shared by all its runs.
#[derive(Debug)]
pub struct LoadedBlock {
    /// State before the first transaction: the block's pre-state after its system calls.
    state: State,
    block: Block<Evm>,
    /// Hints from declared accesses. Made when a strategy first asks for them.
    declared: OnceLock<Vec<Vec<TxIndex>>>,
    /// Hints from a sequential run. Made when a strategy first asks for them.
    recorded: OnceLock<Recorded>,
    /// A block access list that is used instead of the recorded one.
    list: Option<Arc<BlockAccessList>>,
}

impl LoadedBlock {
    /// Makes the system calls, analyses code, and recovers the signers of authorisations.
    pub fn new(block: &PreparedBlock) -> Self {
        let mut state = block.pre_state.clone();
        system_calls(&block.env, &mut state);
        let block = machine::load(block.env.clone(), &state, &block.transactions);
        Self { state, block, declared: OnceLock::new(), recorded: OnceLock::new(), list: None }
    }

    /// The block access list (EIP-7928) of its transactions, from a sequential run. Made once, when it is
    /// first asked for. It does not hold what the block does before and after its transactions.
    ///
    /// # Errors
    /// See [`Stopped`].
    pub fn access_list(&self, cancel: &CancelFlag) -> Result<&BlockAccessList, Stopped> {
        Ok(&self.recorded(cancel)?.list)
    }

    /// Gives [`StrategyId::BLOCK_ACCESS_LIST`] another list than the recorded one, right or wrong; `None` for
    /// the recorded one. The list does not change the result.
    pub fn use_access_list(&mut self, list: Option<Arc<BlockAccessList>>) {
        self.list = list;
    }

    fn recorded(&self, cancel: &CancelFlag) -> Result<&Recorded, Stopped> {
        if let Some(recorded) = self.recorded.get() {
            return Ok(recorded);
        }
        let recorded = foresight::record(&self.block, cancel)?;
        Ok(self.recorded.get_or_init(|| recorded))
    }

    /// Makes the hints that a strategy asks for, and calls `act` with them.
    fn with_hints<T>(
        &self,
        strategy: &dyn Strategy,
        cancel: &CancelFlag,
        act: impl FnOnce(&Hints<'_, Code>) -> Result<T, Stopped>,
    ) -> Result<T, Stopped> {
        let waits: &[Vec<TxIndex>] = match strategy.foresight() {
            Foresight::Senders => &[],
            Foresight::Declared => self.declared.get_or_init(|| self.declared()),
            Foresight::Recorded => &self.recorded(cancel)?.waits,
        };
        let list: &[_] = match (strategy.view(), &self.list) {
            (ViewKind::Predicted, Some(list)) => list,
            (ViewKind::Predicted, None) => self.access_list(cancel)?,
            _ => &[],
        };
        let predict = |memory: &Memory<'_, Code>| {
            foresight::predicted_writes(list, self.transactions(), &self.block.vm().base, memory)
        };
        act(&Hints { waits, predict: &predict })
    }

    /// Hints from the access lists that transactions declare (EIP-2930).
    fn declared(&self) -> Vec<Vec<TxIndex>> {
        let lists = self.block.vm().jobs.iter().map(|job| {
            let list = job.transaction().access_list.iter();
            list.flat_map(|(address, slots)| slots.iter().map(|slot: &B256| (*address, *slot)))
        });
        lanes::drive::declared(&self.block, lists)
    }

    /// Number of transactions.
    pub fn transactions(&self) -> usize {
        self.block.transactions()
    }

    /// A run with the whole post-state.
    fn run_of(&self, ended: Ended<Evm>) -> Run {
        let Ended { receipts, addresses, finals, trace } = ended;
        let post_state = fold::post_state(&self.state, self.block.vm().env.fork, &addresses, finals);
        Run { receipts, post_state, trace }
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
    pub threads: Threads<'a>,
    /// Transactions that start before others, in block order: see
    /// [`lanes::analysis::long_first`]. They do not change the result.
    pub first: &'a [TxIndex],
    /// Whether attempts, their reads and writes, and the lanes' other time are noted. If not, the trace has
    /// only the run's duration.
    pub record: bool,
}

/// The threads that lanes run on.
#[derive(Clone, Copy)]
pub enum Threads<'a> {
    /// The caller's own thread: there is one lane. Rayon is not touched.
    Own,
    /// The threads of a pool, at least as many as lanes.
    Pool(&'a rayon::ThreadPool),
    /// The threads of rayon's global pool (in the browser: web workers).
    Global,
}

impl lanes::drive::Threads for Threads<'_> {
    fn count(&self) -> usize {
        match self {
            Self::Own => 1,
            Self::Pool(pool) => pool.current_num_threads(),
            Self::Global => rayon::current_num_threads(),
        }
    }

    fn cores(&self) -> Option<usize> {
        std::thread::available_parallelism().ok().map(usize::from)
    }

    fn run(&self, lanes: usize, lane: &(dyn Fn(usize) + Sync)) {
        // Each lane is handed to a thread of its own. Jobs that any thread may take would give the same
        // result, but then one thread often runs all lanes, one after the other, before the next thread is
        // awake.
        let on_thread = |thread: rayon::BroadcastContext<'_>| {
            if thread.index() < lanes {
                lane(thread.index());
            }
        };
        match self {
            Self::Own => (0..lanes).for_each(lane),
            Self::Pool(pool) => drop(pool.broadcast(on_thread)),
            Self::Global => drop(rayon::broadcast(on_thread)),
        }
    }
}

/// Runs the block once.
///
/// With [`StrategyId::SEQUENTIAL`] there is one lane, whatever `lanes` says.
///
/// # Errors
/// See [`Stopped`].
pub fn run(
    loaded: &LoadedBlock,
    strategy: StrategyId,
    lanes: u16,
    context: &RunContext<'_>,
) -> Result<Run, Stopped> {
    let strategy = strategies::strategy(strategy);
    let &RunContext { clock, cancel, progress, ref threads, first, record } = context;
    let context = lanes::drive::RunContext { clock, cancel, progress, threads, first, record };
    loaded.with_hints(&*strategy, cancel, |hints| {
        let ended = lanes::drive::run(&loaded.block, &*strategy, lanes, hints, &context)?;
        lanes::drive::catch_panics(|| Ok(loaded.run_of(ended)))
    })
}

/// Runs the block once, on simulated lanes.
///
/// With [`StrategyId::SEQUENTIAL`] there is one lane, whatever `lanes` says, and time is the sum of the
/// transactions' costs.
///
/// # Errors
/// [`Stopped::Cancelled`], [`Stopped::TooManyRecords`]; the others are bugs of the engine.
pub fn simulate(
    loaded: &LoadedBlock,
    strategy: StrategyId,
    lanes: u16,
    context: &Simulation<'_>,
) -> Result<Run, Stopped> {
    let strategy = strategies::strategy(strategy);
    loaded.with_hints(&*strategy, context.cancel, |hints| {
        let ended = lanes::drive::simulate(&loaded.block, &*strategy, lanes, hints, context)?;
        lanes::drive::catch_panics(|| Ok(loaded.run_of(ended)))
    })
}

/// Measures how long simulated runs of one block take: see [`lanes::drive::Tallies`].
pub struct Tallies<'a> {
    loaded: &'a LoadedBlock,
    cancel: &'a CancelFlag,
    tallies: lanes::drive::Tallies<'a, Evm>,
}

impl<'a> Tallies<'a> {
    /// For a block and a cost model. Nothing is recorded, even if `context` asks for it.
    pub fn new(loaded: &'a LoadedBlock, context: Simulation<'a>) -> Self {
        let cancel = context.cancel;
        Self { loaded, cancel, tallies: lanes::drive::Tallies::new(&loaded.block, context) }
    }

    /// Runs a strategy on this many lanes, and returns its tally.
    ///
    /// # Errors
    /// As [`simulate`].
    pub fn tally(&mut self, strategy: StrategyId, lanes: u16) -> Result<Tally, Stopped> {
        let strategy = strategies::strategy(strategy);
        let Self { loaded, cancel, tallies } = self;
        loaded.with_hints(&*strategy, cancel, |hints| tallies.tally(&*strategy, lanes, hints))
    }
}

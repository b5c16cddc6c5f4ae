//! Runs a prepared block with a strategy, in time and on lanes that the caller gives; `lanes::drive` with the EVM.
//! [`run`] has threads and a real clock, [`simulate`] has neither.
//!
//! ```text
//! PreparedBlock ─ LoadedBlock::new ─▶ LoadedBlock ─ run(strategy, lanes) ─▶ Run { receipts, post-state, trace }
//! ```
//! [`LoadedBlock`] holds what every run of the same block needs and none changes; it is made once,
//! outside any measurement. A run's duration begins when its lanes stand ready and ends when the
//! block's changes are known; putting together the whole post-state and the trace comes after.

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
    schedule::{self, Foresight, Memory, Strategy, ViewKind},
    trace::StrategyId,
    units::TxIndex,
};

pub use lanes::drive::{PredictedWrites, Simulation, Stopped, Tally};

/// A block, put in order for running: made once, shared by all its runs.
#[derive(Debug)]
pub struct LoadedBlock {
    /// State before the first transaction: the block's pre-state after its system calls.
    state: State,
    block: Block<Evm>,
    /// Made when a strategy first asks for them.
    declared: OnceLock<Vec<Vec<TxIndex>>>,
    recorded: OnceLock<Recorded>,
    /// Instead of the recorded one.
    list: Option<Arc<BlockAccessList>>,
}

impl LoadedBlock {
    /// Makes the system calls, analyses code, recovers signers.
    pub fn new(block: &PreparedBlock) -> Self {
        let mut state = block.pre_state.clone();
        system_calls(&block.env, &mut state);
        let block = machine::load(block.env.clone(), &state, &block.transactions);
        Self { state, block, declared: OnceLock::new(), recorded: OnceLock::new(), list: None }
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

    /// Gets ready what a strategy must know beforehand, and gives it to `act`.
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
            foresight::foretold(list, self.transactions(), &self.block.vm().base, memory)
        };
        act(&Hints { waits, predict: &predict })
    }

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

    fn run_of(&self, ended: Ended<Evm>) -> Run {
        let Ended { receipts, addresses, finals, trace } = ended;
        let post_state = fold::post_state(&self.state, self.block.vm().env.fork, &addresses, finals);
        Run { receipts, post_state, trace }
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
        // Each lane is handed to a thread of its own. Jobs that any thread may take would do for the
        // result, but then one thread often runs all lanes, one after the other, before the next is awake.
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
/// With [`StrategyId::Sequential`] there is one lane, whatever `lanes` says.
///
/// # Errors
/// See [`Stopped`].
pub fn run(
    loaded: &LoadedBlock,
    strategy: StrategyId,
    lanes: u16,
    around: &RunContext<'_>,
) -> Result<Run, Stopped> {
    let strategy = schedule::strategy(strategy);
    let &RunContext { clock, cancel, progress, ref threads, first, record } = around;
    let around = lanes::drive::RunContext { clock, cancel, progress, threads, first, record };
    loaded.with_hints(&*strategy, cancel, |hints| {
        let ended = lanes::drive::run(&loaded.block, &*strategy, lanes, hints, &around)?;
        lanes::drive::catch_panics(|| Ok(loaded.run_of(ended)))
    })
}

/// Runs the block once, on virtual lanes.
///
/// With [`StrategyId::Sequential`] there is one lane, whatever `lanes` says, and time is the sum of the
/// transactions' costs.
///
/// # Errors
/// [`Stopped::Cancelled`], [`Stopped::TooManyRecords`]; the others are mistakes of ours.
pub fn simulate(
    loaded: &LoadedBlock,
    strategy: StrategyId,
    lanes: u16,
    around: &Simulation<'_>,
) -> Result<Run, Stopped> {
    let strategy = schedule::strategy(strategy);
    loaded.with_hints(&*strategy, around.cancel, |hints| {
        let ended = lanes::drive::simulate(&loaded.block, &*strategy, lanes, hints, around)?;
        lanes::drive::catch_panics(|| Ok(loaded.run_of(ended)))
    })
}

/// How long simulated runs of one block take: see [`lanes::drive::Tallies`].
pub struct Tallies<'a> {
    loaded: &'a LoadedBlock,
    cancel: &'a CancelFlag,
    tallies: lanes::drive::Tallies<'a, Evm>,
}

impl<'a> Tallies<'a> {
    /// Of a block in that model. Nothing is recorded, whatever `around` says.
    pub fn new(loaded: &'a LoadedBlock, around: Simulation<'a>) -> Self {
        let cancel = around.cancel;
        Self { loaded, cancel, tallies: lanes::drive::Tallies::new(&loaded.block, around) }
    }

    /// How long that strategy takes on that many lanes.
    ///
    /// # Errors
    /// As [`simulate`].
    pub fn tally(&mut self, strategy: StrategyId, lanes: u16) -> Result<Tally, Stopped> {
        let strategy = schedule::strategy(strategy);
        let Self { loaded, cancel, tallies } = self;
        loaded.with_hints(&*strategy, cancel, |hints| tallies.tally(&*strategy, lanes, hints))
    }
}

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
#[cfg(test)]
mod faults;
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

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use alloy_eip7928::BlockAccessList;

use crate::{
    cancel::CancelFlag,
    evm::{Base, Interrupted, Job, system_calls},
    prepare::{BlockEnvironment, PreparedBlock, State},
    run::Run,
    schedule::{self, Foresight, Strategy, ViewKind},
    trace::{MOST_RECORDS, StrategyId},
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
    /// A step of its runs that panics.
    #[cfg(test)]
    fault: Option<faults::Fault>,
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
            #[cfg(test)]
            fault: None,
        }
    }

    /// Panics, if a test has asked for that.
    #[cfg(test)]
    fn reach(&self, step: faults::Step) {
        if let Some(fault) = &self.fault {
            fault.reach(step);
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
fn catch_panics<T>(run: impl FnOnce() -> Result<T, Stopped>) -> Result<T, Stopped> {
    // Sound to go on after: all that a run changes is its own, and dropped with it. A `OnceLock` of the loaded
    // block is either set or not.
    catch_unwind(AssertUnwindSafe(run)).unwrap_or(Err(Stopped::LanePanicked))
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
    catch_panics(|| match strategy.view() {
        ViewKind::Flat => sequential::run(loaded, around),
        ViewKind::MultiVersion | ViewKind::Committed | ViewKind::Foretold => {
            parallel::run(loaded, &*strategy, lanes, around)
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use alloy_primitives::{Address, U256, hex, keccak256};

    use super::*;
    use crate::{
        model::{Cost, Model},
        prepare::{Account, Fork, Origin, Transaction},
        trace::MOST_RECORDS,
    };

    /// Calls of a contract that reads so many slots.
    fn calls(calls: u8, slots: u16) -> Loaded {
        // From 0 on: SLOAD, as long as the number is below `slots`.
        let code = [&hex!("60005b8054506001018061")[..], &slots.to_be_bytes(), &hex!("1160025700")].concat();
        let (contract, hash) = (Address::repeat_byte(0xc0), keccak256(&code));
        let sender = |i: u8| Address::repeat_byte(i + 1);
        let mut state = State::default();
        state.codes.insert(hash, code.into());
        state.accounts.insert(contract, Account { code_hash: Some(hash), ..Account::default() });
        let rich = Account { balance: U256::from(u128::MAX), ..Account::default() };
        state.accounts.extend((0..calls).map(|i| (sender(i), rich.clone())));
        let call = |i| Transaction {
            from: sender(i),
            to: Some(contract),
            gas_limit: 30_000 + u64::from(slots) * 2_300,
            max_fee_per_gas: 1,
            ..Transaction::default()
        };
        let env = BlockEnvironment {
            chain_id: 1,
            fork: Fork::Prague,
            number: 1,
            timestamp: 1,
            gas_limit: u64::MAX,
            base_fee: 0,
            beneficiary: Address::repeat_byte(0xbe),
            difficulty: U256::ZERO,
            prev_randao: None,
            excess_blob_gas: Some(0),
            blob_base_fee_update_fraction: None,
            block_hashes: Default::default(),
            system_calls: Vec::new(),
        };
        Loaded::new(&PreparedBlock {
            env,
            pre_state: state,
            transactions: (0..calls).map(call).collect(),
            labels: vec![String::new(); calls.into()],
            origin: Origin::Scenario,
        })
    }

    /// Every way to run a block, with what stopped it.
    fn run_all(loaded: &Loaded, record: bool) -> Vec<Option<Stopped>> {
        static POOL: LazyLock<rayon::ThreadPool> = LazyLock::new(|| {
            rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads can be started")
        });
        let start = std::time::Instant::now();
        let clock = || start.elapsed().as_nanos() as u64;
        let cancel = CancelFlag::new();
        let mut stopped = Vec::new();
        for strategy in StrategyId::ALL {
            for (lanes, threads) in [(1, Threads::Own), (2, Threads::Pool(&POOL))] {
                let progress = &AtomicU32::new(0);
                let around =
                    Surroundings { clock: &clock, cancel: &cancel, progress, threads, first: &[], record };
                stopped.push(run(loaded, strategy, lanes, &around).err());
            }
            let around = Simulation {
                model: Model { cost: Cost::Gas, seed: 0 },
                measured: &[],
                cancel: &cancel,
                progress: &|_| {},
                record,
            };
            stopped.push(simulate(loaded, strategy, 4, &around).err());
        }
        stopped
    }

    #[test]
    fn a_run_with_more_records_than_a_trace_may_hold_is_stopped() {
        let slots = 1_000;
        let enough = (MOST_RECORDS / usize::from(slots)) as u8;
        for loaded in [calls(enough + 40, slots), calls(1, 2 * MOST_RECORDS as u16)] {
            let stopped = run_all(&loaded, true);
            assert!(stopped.iter().all(|stopped| *stopped == Some(Stopped::TooManyRecords)), "{stopped:?}");
        }
        let stopped = run_all(&calls(enough - 2, slots), true);
        assert!(stopped.iter().all(Option::is_none), "{stopped:?}");
    }
}

//! One block that is measured.

use std::sync::{Mutex, atomic::AtomicU32};

use anyhow::{Result, bail};
use evm_lanes_core::{
    analysis,
    baseline::Baseline,
    cancel::CancelFlag,
    clock,
    drive::{self, LoadedBlock, RunContext, Threads},
    evm,
    prepare::{PreparedBlock, State},
    run::{Receipt, Run},
    strategies::StrategyId,
    units::TxIndex,
    verify,
};

use super::{
    cores::{CORES, Cores},
    rounds::{harmonic_mean, median},
};

/// Times of the lean loop, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lean {
    pub(super) preparing: f64,
    pub(super) running: f64,
}

/// Times of a whole call, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whole {
    /// The part of it before the run.
    pub(super) preparing: f64,
    pub(super) all: f64,
}

/// Shorter runs are repeated within a round, and their median counts.
const SHORT: f64 = 5e6;
const MOST_REPEATS: f64 = 5.0;

/// Every run is compared with the reference. Comparing, and building the result after a run, is not in the times.
pub(super) struct Subject<'a> {
    name: String,
    block: PreparedBlock,
    loaded: LoadedBlock,
    expected: (Vec<Receipt>, State),
    cores: &'a Cores,
    cancel: CancelFlag,
    progress: AtomicU32,
    /// Transactions that start before others.
    early: Vec<TxIndex>,
    chosen: StrategyId,
    /// The shorter of two sequential times, after a first run, in nanoseconds.
    estimate: f64,
    repeats: usize,
}

impl<'a> Subject<'a> {
    /// # Errors
    /// If the result of its sequential run differs from the reference.
    pub(super) fn new(name: &str, block: PreparedBlock, cores: &'a Cores) -> Result<Self> {
        let mut subject = Self {
            name: name.to_owned(),
            loaded: LoadedBlock::new(&block),
            expected: evm::execute_block(&block),
            block,
            cores,
            cancel: CancelFlag::new(),
            progress: AtomicU32::new(0),
            early: Vec::new(),
            chosen: StrategyId::SEQUENTIAL,
            estimate: 0.0,
            repeats: 1,
        };
        // Not the first: it is slower than all that follow.
        subject.run(StrategyId::SEQUENTIAL, 1, true)?;
        let first = subject.run(StrategyId::SEQUENTIAL, 1, true)?.trace;
        let second = subject.run(StrategyId::SEQUENTIAL, 1, true)?.trace;
        subject.chosen = analysis::choose(&first, CORES as u16);
        subject.early = analysis::long_first(&first, CORES as u16);
        subject.estimate = first.duration.0.min(second.duration.0) as f64;
        subject.repeats = (SHORT / subject.estimate.max(1.0)).clamp(1.0, MOST_REPEATS) as usize;
        Ok(subject)
    }

    pub(super) fn transactions(&self) -> usize {
        self.block.transactions.len()
    }

    /// The automatic choice for two lanes, from the sequential run.
    pub(super) fn chosen(&self) -> StrategyId {
        self.chosen
    }

    /// About the time of a sequential run with its repetitions, in nanoseconds.
    pub(super) fn estimate(&self) -> f64 {
        self.estimate * self.repeats as f64
    }

    /// The times of the lean loop on this core, in nanoseconds: of the loop, and of what it needs to have done before
    /// (analysed code, converted transactions).
    ///
    /// # Errors
    /// If its receipts differ from the reference.
    pub(super) fn lean(&self, core: usize) -> Result<Lean> {
        self.cores.on(core, || {
            let mut times = Vec::new();
            for _ in 0..self.repeats {
                let started = clock::now();
                let baseline = Baseline::new(&self.block);
                let prepared = clock::now();
                let done = baseline.run();
                let finished = clock::now();
                if done.receipts != self.expected.0 {
                    bail!("{}, lean loop: its receipts differ from the reference", self.name);
                }
                times.push(((prepared - started) as f64, (finished - prepared) as f64));
            }
            let (preparing, running): (Vec<f64>, Vec<f64>) = times.into_iter().unzip();
            Ok(Lean { preparing: median(&preparing), running: median(&running) })
        })
    }

    /// The times of everything that a caller waits for: from a block in memory to receipts and values after it, with
    /// preparation, waking the threads and handing over the result. Block-STM with a lane on each core; which transactions
    /// are long is not known beforehand, and nothing is recorded.
    ///
    /// # Errors
    /// See [`Self::sequential`].
    pub(super) fn whole(&self) -> Result<Whole> {
        let (strategy, lanes) = (StrategyId::BLOCK_STM, CORES as u16);
        let mut times = Vec::new();
        for _ in 0..self.repeats {
            let started = clock::now();
            let loaded = LoadedBlock::new(&self.block);
            let prepared = clock::now();
            let run = self.run_loaded(&loaded, strategy, lanes, false, &[])?;
            let finished = clock::now();
            times.push(((prepared - started) as f64, (finished - started) as f64));
            self.compare(&run, strategy, lanes)?;
            self.put_away(run);
        }
        let (preparing, all): (Vec<f64>, Vec<f64>) = times.into_iter().unzip();
        Ok(Whole { preparing: median(&preparing), all: median(&all) })
    }

    /// The time of the sequential strategy on this core, in nanoseconds.
    ///
    /// # Errors
    /// If its result differs from the reference.
    pub(super) fn sequential(&self, core: usize) -> Result<f64> {
        self.alone(core, StrategyId::SEQUENTIAL)
    }

    /// The time of the sequential strategy at the cores' mean speed, in nanoseconds.
    ///
    /// # Errors
    /// See [`Self::sequential`].
    pub(super) fn sequential_on_average(&self) -> Result<f64> {
        let times = (0..CORES).map(|core| self.sequential(core)).collect::<Result<Vec<_>>>()?;
        Ok(harmonic_mean(&times))
    }

    /// The time of Block-STM on one lane on this core, in nanoseconds.
    ///
    /// # Errors
    /// See [`Self::sequential`].
    pub(super) fn one(&self, core: usize) -> Result<f64> {
        self.alone(core, StrategyId::BLOCK_STM)
    }

    /// The time of Block-STM with a lane on each core, in nanoseconds.
    ///
    /// # Errors
    /// See [`Self::sequential`].
    pub(super) fn two(&self, record: bool) -> Result<f64> {
        self.repeated(|| {
            let run = self.run(StrategyId::BLOCK_STM, CORES as u16, record)?;
            let time = run.trace.duration.0 as f64;
            self.put_away(run);
            Ok(time)
        })
    }

    /// Frees each receipt on the thread of the lane that made it. Memory that another core's thread freed would not be
    /// in this core's cache when the next round gets it; runs on one core do not have that disadvantage.
    fn put_away(&self, run: Run) {
        let lanes = usize::from(run.trace.lanes);
        // Without a record it is not known which lane made a receipt.
        let share = run.receipts.len().div_ceil(lanes);
        let mut made_by: Vec<usize> = (0..run.receipts.len()).map(|tx| tx / share).collect();
        for attempt in &run.trace.attempts {
            made_by[attempt.version.tx.index()] = usize::from(attempt.lane.0);
        }
        let mut receipts: Vec<Vec<Receipt>> = vec![Vec::new(); lanes];
        for (receipt, lane) in run.receipts.into_iter().zip(made_by) {
            receipts[lane].push(receipt);
        }
        let receipts: Vec<_> = receipts.into_iter().map(Mutex::new).collect();
        self.cores.pool().broadcast(|thread| {
            if let Some(Ok(mut receipts)) = receipts.get(thread.index()).map(Mutex::lock) {
                receipts.clear();
            }
        });
    }

    /// The number of attempts of a run on two lanes.
    ///
    /// # Errors
    /// See [`Self::sequential`].
    pub(super) fn attempts(&self) -> Result<usize> {
        Ok(self.run(StrategyId::BLOCK_STM, CORES as u16, true)?.trace.attempts.len())
    }

    fn alone(&self, core: usize, strategy: StrategyId) -> Result<f64> {
        self.cores.on(core, || self.repeated(|| Ok(self.run(strategy, 1, true)?.trace.duration.0 as f64)))
    }

    /// The median time of repeated runs; a shorter block is run more often.
    fn repeated(&self, time: impl Fn() -> Result<f64>) -> Result<f64> {
        Ok(median(&(0..self.repeats).map(|_| time()).collect::<Result<Vec<_>>>()?))
    }

    fn run(&self, strategy: StrategyId, lanes: u16, record: bool) -> Result<Run> {
        let run = self.run_loaded(&self.loaded, strategy, lanes, record, &self.early)?;
        self.compare(&run, strategy, lanes)?;
        Ok(run)
    }

    fn run_loaded(
        &self,
        loaded: &LoadedBlock,
        strategy: StrategyId,
        lanes: u16,
        record: bool,
        first: &[TxIndex],
    ) -> Result<Run> {
        let threads = if lanes == 1 { Threads::Own } else { Threads::Pool(self.cores.pool()) };
        let around = RunContext {
            clock: &clock::now,
            cancel: &self.cancel,
            progress: &self.progress,
            threads,
            first,
            record,
        };
        Ok(drive::run(loaded, strategy, lanes, &around)?)
    }

    fn compare(&self, run: &Run, strategy: StrategyId, lanes: u16) -> Result<()> {
        let (receipts, state) = &self.expected;
        if let Some(difference) = verify::difference((&run.receipts, &run.post_state), (receipts, state)) {
            bail!("{}, {} on {lanes}: {difference}", self.name, strategy.name());
        }
        Ok(())
    }
}

//! Runs a block several times to measure it, and compares every run with sequential execution
//! (docs/decisions/0005).

use std::sync::atomic::AtomicU32;

use super::{
    RequestError, RunPlan,
    ready::Ready,
    rounds::{WarmUp, median, median_index},
};
use crate::analysis::{self, Chosen, Keeping};
use crate::cancel::CancelFlag;
use crate::clock;
use crate::drive::{self, RunContext, Stopped, Threads};
use crate::messages::{Phase, Timing};
use crate::run::Run;
use crate::strategies::StrategyId;
use crate::trace::Trace;
use crate::units::{Ticks, TxIndex};
use crate::verify::{Difference, difference};

/// The results of the rounds.
pub(super) struct Measured {
    pub(super) timing: Timing,
    /// The figures of an automatic choice.
    pub(super) chosen: Option<Chosen>,
    /// The first sequential run, with which the others are compared.
    pub(super) oracle: Run,
    /// Receipts and state of the latest parallel run, with the trace of the one with the median duration.
    pub(super) parallel_run: Run,
    /// The first difference of any parallel run from the oracle.
    pub(super) difference: Option<Difference>,
    /// Sequential time of each transaction.
    pub(super) times: Vec<Ticks>,
    /// The time of the warm-up, in nanoseconds.
    pub(super) warming: u64,
}

/// The least time between two reports of progress, in nanoseconds. Each wakes the page's thread, which
/// needs one of the cores that are being measured.
pub(super) const BETWEEN_REPORTS: u64 = 150_000_000;

/// Measures `plan`. `warmed`: how long the engine has already run, in nanoseconds.
pub(super) fn measure(
    ready: &Ready,
    plan: RunPlan,
    threads: Threads<'_>,
    warmed: u64,
    cancel: &CancelFlag,
    progress: &mut dyn FnMut(Phase, u32, u32),
) -> Result<Measured, RequestError> {
    // A choice needs steady sequential times before the parallel runs.
    let mut choosing = 0;
    let (strategy, lanes, chosen) = plan.resolve(|lanes| -> Result<_, RequestError> {
        let sequential = sequential_times(ready, warmed, cancel, progress)?;
        choosing = sequential.warming;
        let times: Vec<Ticks> = sequential.times.iter().map(|(time, _)| Ticks(*time)).collect();
        Ok(analysis::weigh(&sequential.trace, &times, lanes, Keeping::Threads))
    })?;
    let done = AtomicU32::new(0);
    let run_from = |strategy, lanes, first: &[TxIndex]| -> Result<Run, Stopped> {
        if cancel.is_set() {
            return Err(Stopped::Cancelled);
        }
        let around = RunContext { clock: &clock::now, cancel, progress: &done, threads, first, record: true };
        drive::run(&ready.loaded, strategy, lanes, &around)
    };
    let run = |strategy, lanes| run_from(strategy, lanes, &[]);
    let mut reported = clock::now();
    let mut report = |phase, done, total, now: u64| {
        if done == 0 || now - reported >= BETWEEN_REPORTS {
            reported = now;
            progress(phase, done, total);
        }
    };

    let started = clock::now();
    report(Phase::WarmingUp, 0, 0, started);
    let oracle = run(StrategyId::SEQUENTIAL, 1)?;
    let mut differs = None;
    let mut check = |run: &Run| {
        if differs.is_none() {
            differs = difference((&run.receipts, &run.post_state), (&oracle.receipts, &oracle.post_state));
        }
    };
    let mut latest = run(strategy, lanes)?;
    check(&latest);
    let mut warm_up = WarmUp::new(warmed.saturating_add(choosing));
    let mut round = oracle.trace.duration.0 + latest.trace.duration.0;
    // Transactions that were long in the latest sequential run start first.
    let mut first = analysis::long_first(&oracle.trace, lanes);
    let warming = loop {
        let elapsed = clock::now() - started;
        if warm_up.note(round, elapsed) {
            break elapsed;
        }
        report(Phase::WarmingUp, warm_up.rounds(), 0, started + elapsed);
        let one = run(StrategyId::SEQUENTIAL, 1)?;
        first = analysis::long_first(&one.trace, lanes);
        latest = run_from(strategy, lanes, &first)?;
        check(&latest);
        round = one.trace.duration.0 + latest.trace.duration.0;
    };

    let mut sequential: Vec<u64> = Vec::new();
    let mut each: Vec<Vec<u64>> = Vec::new();
    let mut parallel: Vec<u64> = Vec::new();
    let mut traces: Vec<Trace> = Vec::new();
    for round in 0..warm_up.measured() {
        report(Phase::Measuring, round, warm_up.measured(), clock::now());
        let one = run(StrategyId::SEQUENTIAL, 1)?;
        sequential.push(one.trace.duration.0);
        each.push(one.trace.attempts.iter().map(|a| a.end.0.saturating_sub(a.start.0)).collect());
        latest = run_from(strategy, lanes, &first)?;
        check(&latest);
        parallel.push(latest.trace.duration.0);
        traces.push(std::mem::replace(&mut latest.trace, oracle.trace.clone()));
    }
    if let Some(median) = median_index(&parallel) {
        latest.trace = traces.swap_remove(median);
    }

    let sequential_median = median(&sequential);
    let gas: Vec<u64> = oracle.receipts.iter().map(|r| r.gas_used).collect();
    let (times, by_gas) = times_or_gas(&each, &gas, sequential_median);
    let timing = Timing {
        warm_ups: warm_up.rounds(),
        parallel_median: Ticks(median(&parallel)),
        sequential_median: Ticks(sequential_median),
        sequential: ticks(sequential),
        parallel: ticks(parallel),
        preparing: Ticks(ready.preparing),
        by_gas,
    };
    let warming = warming.saturating_add(choosing);
    let times = ticks(times);
    Ok(Measured { timing, chosen, parallel_run: latest, difference: differs, oracle, times, warming })
}

fn ticks(times: Vec<u64>) -> Vec<Ticks> {
    times.into_iter().map(Ticks).collect()
}

/// The results of sequential rounds without parallel ones.
pub(super) struct SequentialTimes {
    /// For each transaction, its time in nanoseconds and its gas.
    pub(super) times: Vec<(u64, u64)>,
    /// Whether the times are the block's time divided in proportion to gas.
    pub(super) by_gas: bool,
    /// The time of the warm-up, in nanoseconds.
    pub(super) warming: u64,
    /// The trace of one round.
    pub(super) trace: Trace,
}

/// Measures sequential rounds, with a warm-up like that of [`measure`].
pub(super) fn sequential_times(
    ready: &Ready,
    warmed: u64,
    cancel: &CancelFlag,
    progress: &mut dyn FnMut(Phase, u32, u32),
) -> Result<SequentialTimes, RequestError> {
    let done = AtomicU32::new(0);
    let around = RunContext {
        clock: &clock::now,
        cancel,
        progress: &done,
        threads: Threads::Own,
        first: &[],
        record: true,
    };
    let run = || drive::run(&ready.loaded, StrategyId::SEQUENTIAL, 1, &around);
    let started = clock::now();
    progress(Phase::WarmingUp, 0, 0);
    let mut warm_up = WarmUp::new(warmed);
    let (gas, trace, warming) = loop {
        let one = run()?;
        let elapsed = clock::now() - started;
        if warm_up.note(one.trace.duration.0, elapsed) {
            let gas: Vec<u64> = one.receipts.iter().map(|r| r.gas_used).collect();
            break (gas, one.trace, elapsed);
        }
    };
    let mut all: Vec<u64> = Vec::new();
    let mut each: Vec<Vec<u64>> = Vec::new();
    for round in 0..warm_up.measured() {
        progress(Phase::Measuring, round, warm_up.measured());
        let one = run()?;
        all.push(one.trace.duration.0);
        each.push(one.trace.attempts.iter().map(|a| a.end.0.saturating_sub(a.start.0)).collect());
    }
    let (times, by_gas) = times_or_gas(&each, &gas, median(&all));
    Ok(SequentialTimes { times: times.into_iter().zip(gas).collect(), by_gas, warming, trace })
}

/// The median time of each transaction over the rounds. If the clock is too coarse for that (in a page that is not
/// isolated it has steps of a tenth of a millisecond): `total` divided in proportion to gas, and `true`.
fn times_or_gas(each: &[Vec<u64>], gas: &[u64], total: u64) -> (Vec<u64>, bool) {
    let times: Vec<u64> = (0..gas.len())
        .map(|tx| median(&each.iter().filter_map(|round| round.get(tx).copied()).collect::<Vec<_>>()))
        .collect();
    let sum: u64 = times.iter().sum();
    // With a fine clock the medians add up to nearly the median of the sum.
    if sum.saturating_mul(2) >= total && times.iter().filter(|t| **t == 0).count() * 10 <= times.len() {
        return (times, false);
    }
    let all: u128 = gas.iter().map(|g| u128::from(*g)).sum::<u128>().max(1);
    (gas.iter().map(|g| (u128::from(*g) * u128::from(total) / all) as u64).collect(), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fine_clock_gives_each_transaction_its_own_median() {
        let rounds = [vec![10, 30], vec![12, 28], vec![11, 40]];
        assert_eq!(times_or_gas(&rounds, &[1, 1], 41), (vec![11, 30], false));
    }

    #[test]
    fn with_a_coarse_clock_the_total_is_divided_by_gas() {
        let rounds = [vec![0, 100], vec![0, 0], vec![100, 0]];
        assert_eq!(times_or_gas(&rounds, &[1, 3], 100), (vec![25, 75], true));
    }
}

//! Runs a block on simulated lanes, and compares it with sequential execution under the same cost model.

use std::cell::RefCell;

use super::{
    RequestError, RunPlan,
    measure::{self, BETWEEN_REPORTS, Measured},
    ready::Ready,
};
use crate::{
    analysis::{self, Keeping},
    cancel::CancelFlag,
    clock,
    drive::{self, Simulation},
    messages::{Phase, Timing},
    model::Cost,
    run::Run,
    strategies::StrategyId,
    units::Ticks,
    verify::difference,
};

/// One sequential and one parallel run in the model's time. `warmed`: how long the engine has already run, in
/// nanoseconds.
pub(super) fn simulate(
    ready: &Ready,
    plan: RunPlan,
    warmed: u64,
    cancel: &CancelFlag,
    progress: &mut dyn FnMut(Phase, u32, u32),
) -> Result<Measured, RequestError> {
    let mut warming = 0;
    let mut by_gas = false;
    let mut measured = Vec::new();
    if plan.model.cost == Cost::Measured {
        let sequential = measure::sequential_times(ready, warmed, cancel, progress)?;
        (warming, by_gas) = (sequential.warming, sequential.by_gas);
        measured = sequential.times;
    }
    let all = ready.loaded.transactions() as u32;
    let report = RefCell::new((progress, 0));
    let run = |strategy, lanes| {
        report.borrow_mut().0(Phase::Simulating, 0, all);
        let report_progress = |done| {
            let (progress, reported) = &mut *report.borrow_mut();
            let now = clock::now();
            if now.saturating_sub(*reported) >= BETWEEN_REPORTS {
                *reported = now;
                progress(Phase::Simulating, done, all);
            }
        };
        let around = Simulation {
            model: plan.model,
            measured: &measured,
            cancel,
            progress: &report_progress,
            record: true,
        };
        drive::simulate(&ready.loaded, strategy, lanes, &around)
    };
    let oracle = run(StrategyId::SEQUENTIAL, 1)?;
    let times: Vec<Ticks> = oracle.trace.attempts.iter().map(|a| a.end.since(a.start)).collect();
    let (strategy, lanes, chosen) = plan.resolve(|lanes| -> Result<_, RequestError> {
        Ok(analysis::weigh(&oracle.trace, &times, lanes, Keeping::Model(plan.model.cost)))
    })?;
    let parallel_run = match strategy {
        strategy if strategy.is_sequential() => Run {
            receipts: oracle.receipts.clone(),
            post_state: oracle.post_state.clone(),
            trace: oracle.trace.clone(),
        },
        strategy => run(strategy, lanes)?,
    };
    let difference = difference(
        (&parallel_run.receipts, &parallel_run.post_state),
        (&oracle.receipts, &oracle.post_state),
    );
    let (sequential, parallel) = (oracle.trace.duration, parallel_run.trace.duration);
    let timing = Timing {
        warm_ups: 0,
        sequential: vec![sequential],
        parallel: vec![parallel],
        sequential_median: sequential,
        parallel_median: parallel,
        preparing: Ticks(ready.preparing),
        by_gas,
    };
    Ok(Measured { timing, chosen, oracle, parallel_run, difference, times, warming })
}

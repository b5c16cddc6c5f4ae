//! Runs a block on virtual lanes, and compares it with sequential execution in the same time.

use std::cell::RefCell;

use super::{
    How, Unmet,
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
    verify::difference,
};

/// One sequential and one parallel run in the model's time. `warmed` is how long the engine has run
/// before, in nanoseconds.
pub(super) fn simulate(
    ready: &Ready,
    how: How,
    warmed: u64,
    cancel: &CancelFlag,
    progress: &mut dyn FnMut(Phase, u32, u32),
) -> Result<Measured, Unmet> {
    let mut warming = 0;
    let mut by_gas = false;
    let mut measured = Vec::new();
    if how.model.cost == Cost::Measured {
        let alone = measure::alone(ready, warmed, cancel, progress)?;
        (warming, by_gas) = (alone.warming, alone.by_gas);
        measured = alone.times;
    }
    let all = ready.loaded.transactions() as u32;
    let report = RefCell::new((progress, 0));
    let run = |strategy, lanes| {
        report.borrow_mut().0(Phase::Simulating, 0, all);
        let told = |done| {
            let (progress, reported) = &mut *report.borrow_mut();
            let now = clock::now();
            if now.saturating_sub(*reported) >= BETWEEN_REPORTS {
                *reported = now;
                progress(Phase::Simulating, done, all);
            }
        };
        let around =
            Simulation { model: how.model, measured: &measured, cancel, progress: &told, record: true };
        drive::simulate(&ready.loaded, strategy, lanes, &around)
    };
    let oracle = run(StrategyId::SEQUENTIAL, 1)?;
    let times: Vec<u64> = oracle.trace.attempts.iter().map(|a| a.end.0.saturating_sub(a.start.0)).collect();
    let (strategy, lanes, chosen) = how.settle(|lanes| -> Result<_, Unmet> {
        Ok(analysis::weigh(&oracle.trace, &times, lanes, Keeping::Model(how.model.cost)))
    })?;
    let shown = match strategy {
        StrategyId::SEQUENTIAL => Run {
            receipts: oracle.receipts.clone(),
            post_state: oracle.post_state.clone(),
            trace: oracle.trace.clone(),
        },
        strategy => run(strategy, lanes)?,
    };
    let difference = difference((&shown.receipts, &shown.post_state), (&oracle.receipts, &oracle.post_state));
    let (sequential, parallel) = (oracle.trace.duration.0, shown.trace.duration.0);
    let timing = Timing {
        warm_ups: 0,
        sequential: vec![sequential],
        parallel: vec![parallel],
        sequential_median: sequential,
        parallel_median: parallel,
        preparing: ready.preparing,
        by_gas,
    };
    Ok(Measured { timing, chosen, oracle, shown, difference, times, warming })
}

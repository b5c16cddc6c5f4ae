//! The smallest block whose run still differs from sequential execution.

use std::sync::atomic::AtomicU32;

use super::{RequestError, RunPlan, ready::Ready, simulated};
use crate::{
    cancel::CancelFlag,
    catalogue::Catalogue,
    clock,
    drive::{self, RunContext, Threads},
    messages::Phase,
    problem::Problem,
    scenario::{self, Scenario, Settings},
    strategies::StrategyId,
    trace::Clock,
    verify,
};

/// A measured run may differ only by chance. A block counts as equal after this many equal runs, or this time in
/// nanoseconds.
const MAX_RUNS: u32 = 40;
const MAX_TIME: u64 = 400_000_000;

/// The text of the smallest scenario whose run by `plan` still differs.
pub(super) fn reduce(
    text: &str,
    catalogue: &Catalogue,
    plan: RunPlan,
    list: Option<&[u8]>,
    threads: Threads<'_>,
    cancel: &CancelFlag,
    progress: &mut dyn FnMut(Phase, u32, u32),
) -> Result<String, RequestError> {
    let scenario = scenario::parse(text)?;
    let mut asked = 0;
    let smallest = scenario.smallest(|candidate| {
        if cancel.is_set() {
            return Err(RequestError::Cancelled);
        }
        progress(Phase::Reducing, asked, 0);
        asked += 1;
        // A candidate that cannot be prepared, or that does not fit the list, does not show the difference.
        let mut ready = match Ready::scenario(&candidate.to_compact(), catalogue, cancel) {
            Ok(ready) => ready,
            Err(RequestError::Problems(_)) => return Ok(false),
            Err(RequestError::Cancelled) => return Err(RequestError::Cancelled),
        };
        if ready.use_list(list).is_err() {
            return Ok(false);
        }
        differs(&ready, plan, threads, cancel)
    })?;
    let Some(smallest) = smallest else {
        let found = "that all runs are equal now";
        return Err(vec![Problem::new("", "a run that differs again", found)].into());
    };
    let simulated = plan.clock == Clock::Simulated;
    let run = Settings {
        strategy: Some(plan.strategy),
        lanes: Some(plan.lanes),
        clock: Some(plan.clock),
        cost: simulated.then_some(plan.model.cost),
        seed: simulated.then_some(plan.model.seed),
    };
    let story = "The smallest block found whose parallel run differs from sequential execution.".to_owned();
    Ok(Scenario { run: run.into(), story, ..smallest }.to_text())
}

fn differs(
    ready: &Ready,
    plan: RunPlan,
    threads: Threads<'_>,
    cancel: &CancelFlag,
) -> Result<bool, RequestError> {
    if plan.clock == Clock::Simulated {
        let run = simulated::simulate(ready, plan, u64::MAX, cancel, &mut |_, _, _| {})?;
        return Ok(run.difference.is_some());
    }
    let done = AtomicU32::new(0);
    let around =
        RunContext { clock: &clock::now, cancel, progress: &done, threads, first: &[], record: true };
    let oracle = drive::run(&ready.loaded, StrategyId::SEQUENTIAL, 1, &around)?;
    let (strategy, lanes) = match plan.strategy {
        scenario::StrategyChoice::Always(strategy) => (strategy, plan.lanes),
        scenario::StrategyChoice::Automatic => (StrategyId::BLOCK_STM, plan.lanes),
    };
    let started = clock::now();
    for _ in 0..MAX_RUNS {
        let run = drive::run(&ready.loaded, strategy, lanes, &around)?;
        let theirs = (&oracle.receipts[..], &oracle.post_state);
        if verify::difference((&run.receipts, &run.post_state), theirs).is_some() {
            return Ok(true);
        }
        if clock::now().saturating_sub(started) > MAX_TIME {
            break;
        }
    }
    Ok(false)
}

//! The smallest block whose run still differs from sequential execution.

use std::sync::atomic::AtomicU32;

use super::{How, Unmet, ready::Ready, simulated};
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

/// Measured runs of a block differ by chance: it is run as often as this, or for as long, before it counts as equal.
const TRIES: u32 = 40;
const NANOSECONDS: u64 = 400_000_000;

/// The text of the smallest scenario that still differs, which runs as `how` says.
pub(super) fn reduce(
    text: &str,
    catalogue: &Catalogue,
    how: How,
    list: Option<&[u8]>,
    threads: Threads<'_>,
    cancel: &CancelFlag,
    progress: &mut dyn FnMut(Phase, u32, u32),
) -> Result<String, Unmet> {
    let scenario = scenario::parse(text)?;
    let mut asked = 0;
    let smallest = scenario.smallest(|candidate| {
        if cancel.is_set() {
            return Err(Unmet::Cancelled);
        }
        progress(Phase::Reducing, asked, 0);
        asked += 1;
        // A block that cannot be prepared shows nothing; nor does one for which the list is none.
        let mut ready = match Ready::scenario(&candidate.to_compact(), catalogue, cancel) {
            Ok(ready) => ready,
            Err(Unmet::Problems(_)) => return Ok(false),
            Err(Unmet::Cancelled) => return Err(Unmet::Cancelled),
        };
        if ready.give(list).is_err() {
            return Ok(false);
        }
        differs(&ready, how, threads, cancel)
    })?;
    let Some(smallest) = smallest else {
        let found = "that all runs are equal now";
        return Err(vec![Problem::new("", "a run that differs again", found)].into());
    };
    let simulated = how.clock == Clock::Simulated;
    let run = Settings {
        strategy: Some(how.strategy),
        lanes: Some(how.lanes),
        clock: Some(how.clock),
        cost: simulated.then_some(how.model.cost),
        seed: simulated.then_some(how.model.seed),
    };
    let story = "The smallest block found whose parallel run differs from sequential execution.".to_owned();
    Ok(Scenario { run: run.into(), story, ..smallest }.to_text())
}

fn differs(ready: &Ready, how: How, threads: Threads<'_>, cancel: &CancelFlag) -> Result<bool, Unmet> {
    if how.clock == Clock::Simulated {
        let run = simulated::simulate(ready, how, u64::MAX, cancel, &mut |_, _, _| {})?;
        return Ok(run.difference.is_some());
    }
    let done = AtomicU32::new(0);
    let around =
        RunContext { clock: &clock::now, cancel, progress: &done, threads, first: &[], record: true };
    let oracle = drive::run(&ready.loaded, StrategyId::SEQUENTIAL, 1, &around)?;
    let (strategy, lanes) = match how.strategy {
        scenario::StrategyChoice::Always(strategy) => (strategy, how.lanes),
        scenario::StrategyChoice::Automatic => (StrategyId::BLOCK_STM, how.lanes),
    };
    let started = clock::now();
    for _ in 0..TRIES {
        let run = drive::run(&ready.loaded, strategy, lanes, &around)?;
        let theirs = (&oracle.receipts[..], &oracle.post_state);
        if verify::difference((&run.receipts, &run.post_state), theirs).is_some() {
            return Ok(true);
        }
        if clock::now().saturating_sub(started) > NANOSECONDS {
            break;
        }
    }
    Ok(false)
}

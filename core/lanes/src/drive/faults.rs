//! Tests of runs that must end: runs in which a step panics, on any lane, and runs with more records than a
//! trace may hold.

use std::{
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use super::{
    Block, Hints, RunContext, Simulation, Step, Stopped, Threads, record, run, simulate,
    toy::{self, ToyVm, Transaction},
};
use crate::{
    cancel::CancelFlag,
    model::{Cost, CostModel},
    strategies::{self, StrategyId},
    trace::MOST_RECORDS,
};

/// A panic without the message that a real one would print.
fn fail() -> ! {
    resume_unwind(Box::new("a fault that was asked for"))
}

/// Longest run. An ordinary one takes less than a millisecond.
const LIMIT: Duration = Duration::from_secs(60);

/// The result of `act`, on a thread of its own. Fails if `act` does not end.
fn ends<T: Send + 'static>(what: &str, act: impl FnOnce() -> T + Send + 'static) -> T {
    let (ended, end) = mpsc::channel();
    thread::spawn(move || ended.send(act()));
    end.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("{what} does not end"))
}

/// As many threads as there are lanes.
struct Spawned;

impl Threads for Spawned {
    fn count(&self) -> usize {
        usize::MAX
    }

    fn cores(&self) -> Option<usize> {
        thread::available_parallelism().ok().map(usize::from)
    }

    fn run(&self, lanes: usize, lane: &(dyn Fn(usize) + Sync)) {
        thread::scope(|scope| {
            let lanes: Vec<_> = (0..lanes).map(|i| scope.spawn(move || lane(i))).collect();
            let panics: Vec<_> = lanes.into_iter().filter_map(|lane| lane.join().err()).collect();
            if let Some(panic) = panics.into_iter().next() {
                resume_unwind(panic);
            }
        });
    }
}

/// Runs the block on threads of its own. Returns how it ended.
fn run_on_threads(
    block: &Block<ToyVm>,
    strategy: StrategyId,
    lanes: u16,
    clock: &(dyn Fn() -> u64 + Sync),
) -> Result<usize, Stopped> {
    let cancel = CancelFlag::new();
    let context = RunContext {
        clock,
        cancel: &cancel,
        progress: &AtomicU32::new(0),
        threads: &Spawned,
        first: &[],
        record: true,
    };
    let waits = vec![Vec::new(); block.transactions()];
    let hints = Hints { waits: &waits, ..Hints::NONE };
    let ended = run(block, &*strategies::strategy(strategy), lanes, &hints, &context)?;
    Ok(ended.receipts.len())
}

const STRATEGIES: [StrategyId; 4] = [
    StrategyId::BLOCK_STM,
    StrategyId::ORDERED_COMMIT,
    StrategyId::PERFECT_ACCESS_LIST,
    StrategyId::BLOCK_ACCESS_LIST,
];

const PAYMENTS: usize = 60;

/// Copies from one account to the other in turn: enough to be validated on any number of lanes.
fn payments() -> Vec<Transaction> {
    (0..PAYMENTS).map(|i| Transaction::copying(i % 2, (i + 1) % 2)).collect()
}

/// A clock that always advances.
fn ticking() -> impl Fn() -> u64 + Send + Sync {
    let time = AtomicU64::new(0);
    move || time.fetch_add(500, Ordering::Relaxed)
}

#[test]
fn a_run_whose_work_panics_at_any_step_ends_and_says_so() {
    let steps =
        [Step::Begin, Step::Turn, Step::Execute, Step::Run, Step::Publish, Step::Validate, Step::Finals];
    for step in steps {
        for lanes in [1, 2, 4] {
            let mut reached = 0;
            for strategy in STRATEGIES {
                for time in [0, 1, 3, 17] {
                    let left = Arc::new(AtomicI64::new(time));
                    let mut block = toy::load(&payments(), u64::MAX, 0);
                    let counted = Arc::clone(&left);
                    block.hook = Some(Box::new(move |at| {
                        if at == step && counted.fetch_sub(1, Ordering::Relaxed) == 0 {
                            fail();
                        }
                    }));
                    let what = format!("{step:?} for the {time}th time, {strategy:?} on {lanes} lanes");
                    let end = ends(&what, move || run_on_threads(&block, strategy, lanes, &ticking()));
                    // A panic in the virtual machine belongs to the attempt. It does no harm if the attempt
                    // is aborted.
                    let expected = match left.load(Ordering::Relaxed) < 0 {
                        true if step == Step::Execute && end == Ok(PAYMENTS) && lanes > 1 => continue,
                        true => Err(Stopped::LanePanicked),
                        false => Ok(PAYMENTS),
                    };
                    assert_eq!(end, expected, "{what}");
                    reached += usize::from(end.is_err());
                }
            }
            assert!(reached > 0, "{step:?} is never reached on {lanes} lanes");
        }
    }
}

#[test]
fn a_run_whose_clock_panics_ends_and_says_so() {
    for lanes in [1, 2, 4] {
        for strategy in STRATEGIES.into_iter().chain([StrategyId::SEQUENTIAL]) {
            for time in [0, 1, 2, 3, 5, 8, 13, 21, 34, 55] {
                let (left, tick) = (AtomicI64::new(time), ticking());
                let clock = move || match left.fetch_sub(1, Ordering::Relaxed) {
                    0 => fail(),
                    _ => tick(),
                };
                let what = format!("{strategy:?} on {lanes} lanes, {time}");
                let end = ends(&what, move || {
                    run_on_threads(&toy::load(&payments(), u64::MAX, 0), strategy, lanes, &clock)
                });
                let panicked = end == Err(Stopped::LanePanicked);
                // It is not known exactly how often the clock is read.
                assert!(panicked || time > 21 && end == Ok(PAYMENTS), "{end:?}: {what}");
            }
        }
    }
}

/// Runs the block in every way. Returns what stopped each run.
fn run_all(block: &Block<ToyVm>) -> Vec<Option<Stopped>> {
    let mut stopped = Vec::new();
    for strategy in StrategyId::ALL {
        for lanes in [1, 2] {
            stopped.push(run_on_threads(block, strategy, lanes, &ticking()).err());
        }
        let context = Simulation {
            model: CostModel { cost: Cost::Gas, seed: 0 },
            measured: &[],
            cancel: &CancelFlag::new(),
            progress: &|_| {},
            record: true,
        };
        let strategy = strategies::strategy(strategy);
        let waits = vec![Vec::new(); block.transactions()];
        let hints = Hints { waits: &waits, ..Hints::NONE };
        stopped.push(simulate(block, &*strategy, 4, &hints, &context).err());
    }
    stopped.push(record(block, &CancelFlag::new(), |machine| machine, |_| ()).err());
    stopped
}

#[test]
fn a_run_with_more_records_than_a_trace_may_hold_is_stopped() {
    let reads = 1_000;
    let enough = MOST_RECORDS / reads;
    let blocks = [(enough + 40, reads), (1, 2 * MOST_RECORDS)];
    for (transactions, reads) in blocks {
        let block = toy::load(&vec![Transaction::reading(reads); transactions], u64::MAX, 0);
        let stopped = run_all(&block);
        assert!(stopped.iter().all(|stopped| *stopped == Some(Stopped::TooManyRecords)), "{stopped:?}");
    }
    let block = toy::load(&vec![Transaction::reading(reads); enough - 2], u64::MAX, 0);
    let stopped = run_all(&block);
    assert!(stopped.iter().all(Option::is_none), "{stopped:?}");
}

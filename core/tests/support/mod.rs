//! Real blocks for tests: the folder that `EVM_LANES_DATA` names, else `../shared/data` beside
//! the workspace.

#![allow(dead_code, reason = "each test file uses its part")]

use std::{
    fs,
    io::Read,
    path::PathBuf,
    sync::{
        LazyLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Instant,
};

use evm_lanes_core::{
    cancel::CancelFlag,
    drive::{self, LoadedBlock, RunContext, Stopped, Threads},
    prepare::{PreparedBlock, State, case},
    run::Run,
    schedule::{MOST_FAILED, most_aborted},
    strategies::StrategyId,
    trace::{Outcome, Trace},
};

/// Every block case of the folder, by file name; empty if there is no folder.
///
/// # Panics
/// If the folder has no case, or one that cannot be read: a test without work must not pass.
pub fn cases() -> Vec<(String, PreparedBlock)> {
    let folder = std::env::var_os("EVM_LANES_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")),
        PathBuf::from,
    );
    let blocks = folder.join("blocks");
    if !blocks.is_dir() {
        eprintln!("no real blocks: {} is not there", blocks.display());
        return Vec::new();
    }
    let mut paths: Vec<PathBuf> = fs::read_dir(&blocks)
        .expect("the folder can be listed")
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|path| path.to_string_lossy().ends_with(".json.gz"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} holds no case", blocks.display());
    paths
        .into_iter()
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().replace(".json.gz", "");
            let file = fs::File::open(&path).expect("a case can be opened");
            let mut text = String::new();
            flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("a case can be unpacked");
            let block = case::parse(&text).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
            (name, block)
        })
        .collect()
}

/// The strategies and numbers of lanes of the tests.
pub const LANES: [(StrategyId, u16); 14] = [
    (StrategyId::SEQUENTIAL, 1),
    (StrategyId::BLOCK_STM, 1),
    (StrategyId::BLOCK_STM, 2),
    (StrategyId::BLOCK_STM, 3),
    (StrategyId::BLOCK_STM, 4),
    (StrategyId::BLOCK_STM, 8),
    (StrategyId::BLOCK_STM, 16),
    (StrategyId::ORDERED_COMMIT, 1),
    (StrategyId::ORDERED_COMMIT, 4),
    (StrategyId::ORDERED_COMMIT, 16),
    (StrategyId::ACCESS_LIST, 4),
    (StrategyId::PERFECT_ACCESS_LIST, 4),
    (StrategyId::BLOCK_ACCESS_LIST, 4),
    (StrategyId::BLOCK_ACCESS_LIST, 16),
];

/// One run, on threads of a pool that lasts as long as the tests.
pub fn run(loaded: &LoadedBlock, strategy: StrategyId, lanes: u16) -> Run {
    run_by(&now, &CancelFlag::new(), loaded, strategy, lanes).expect("the run ends")
}

/// The same, with a clock that sometimes delays its caller. Lanes read the clock between any two steps, so their
/// steps interleave in orders that are otherwise rare.
///
/// # Panics
/// If the run does not end.
pub fn run_restless(loaded: &LoadedBlock, strategy: StrategyId, lanes: u16, seed: u64) -> Run {
    // More than any small block takes, even on a busy machine.
    const LOOKS: u64 = 2_000_000;
    const SECONDS: u64 = 20;
    let looks = AtomicU64::new(0);
    let start = now();
    let cancel = CancelFlag::new();
    let clock = || {
        let look = looks.fetch_add(1, Ordering::Relaxed);
        let mixed = look.wrapping_add(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        match (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 58 {
            0 => std::thread::sleep(std::time::Duration::from_micros(20)),
            1..8 => std::thread::yield_now(),
            // About as long as a small transaction takes.
            8..12 => (0..2_000).for_each(|_| std::hint::spin_loop()),
            _ => {}
        }
        let now = now();
        if look > LOOKS && now - start > SECONDS * 1_000_000_000 {
            cancel.set();
        }
        now
    };
    run_by(&clock, &cancel, loaded, strategy, lanes)
        .unwrap_or_else(|stopped| panic!("seed {seed}, {} on {lanes}: {stopped}", strategy.name()))
}

fn now() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed().as_nanos() as u64
}

fn run_by(
    clock: &(dyn Fn() -> u64 + Sync),
    cancel: &CancelFlag,
    loaded: &LoadedBlock,
    strategy: StrategyId,
    lanes: u16,
) -> Result<Run, Stopped> {
    static POOL: LazyLock<rayon::ThreadPool> = LazyLock::new(|| {
        rayon::ThreadPoolBuilder::new().num_threads(16).build().expect("threads can be started")
    });
    let around = RunContext {
        clock,
        cancel,
        progress: &AtomicU32::new(0),
        threads: if lanes == 1 { Threads::Own } else { Threads::Pool(&POOL) },
        first: &[],
        record: true,
    };
    drive::run(loaded, strategy, lanes, &around)
}

/// Compares account by account, so that a failure names the account.
pub fn assert_equal_states(ours: &State, theirs: &State, what: &str) {
    if ours.accounts == theirs.accounts {
        return;
    }
    for (address, account) in &theirs.accounts {
        assert_eq!(ours.accounts.get(address), Some(account), "{what}: {address}");
    }
    for address in ours.accounts.keys() {
        assert!(theirs.accounts.contains_key(address), "{what}: {address} should be gone");
    }
}

/// Checks a trace: one committed attempt per transaction, no more failed attempts than the scheduler allows
/// ([`most_aborted`], [`MOST_FAILED`]), and on each lane pieces that follow each other and add up to the duration.
pub fn assert_whole(trace: &Trace, what: &str) {
    // Attempts without a cause are of a run that was repeated in order because of the block's gas limit.
    let failed = || trace.attempts.iter().filter(|a| a.cause.is_some());
    let all = failed().count();
    let most = MOST_FAILED * trace.transactions as usize;
    assert!(all <= most, "{what}: {all} failed attempts at {} transactions", trace.transactions);
    let mut aborted = vec![0; trace.transactions as usize];
    for attempt in failed().filter(|a| a.outcome == Outcome::Aborted) {
        aborted[attempt.version.tx.index()] += 1;
    }
    let most = most_aborted(trace.lanes.into());
    for (tx, aborted) in aborted.into_iter().enumerate() {
        assert!(aborted <= most, "{what}: transaction {tx} was aborted {aborted} times");
    }
    for (tx, attempt) in trace.committed().iter().enumerate() {
        assert!(attempt.is_some(), "{what}: transaction {tx} has no committed attempt");
    }
    let committed = trace.attempts.iter().filter(|a| a.outcome == Outcome::Committed).count();
    assert_eq!(committed, trace.transactions as usize, "{what}: committed attempts");
    for lane in 0..trace.lanes {
        let attempts = trace.attempts.iter().filter(|a| a.lane.0 == lane).map(|a| (a.start.0, a.end.0));
        let spans = trace.spans.iter().filter(|s| s.lane.0 == lane).map(|s| (s.start.0, s.end.0));
        let mut pieces: Vec<(u64, u64)> = attempts.chain(spans).collect();
        pieces.sort_unstable();
        let mut reached = 0;
        for (start, end) in pieces {
            assert_eq!(start, reached, "{what}: a gap or an overlap on lane {lane}");
            reached = end;
        }
        assert_eq!(reached, trace.duration.0, "{what}: lane {lane} does not fill the run");
    }
}

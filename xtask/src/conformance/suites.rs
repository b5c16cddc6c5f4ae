//! Ethereum's own tests: state tests and blockchain tests, natively.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use anyhow::{Result, bail};
use evm_lanes_core::{
    conformance::{self, Counts, Outcome, Tests, Ways},
    drive::Threads,
    strategies::StrategyId,
};
use rayon::prelude::*;

use super::blocks;

/// A suite and how its blocks are run.
pub struct Suite {
    pub kind: conformance::Suite,
    /// Of its archive.
    pub name: &'static str,
    pub words: &'static str,
    ways: &'static [(StrategyId, u16)],
}

/// Real blocks again, on one lane, as the wasm engine runs them.
pub const BLOCKS: Suite = Suite {
    kind: conformance::Suite::Blocks,
    name: "blocks",
    words: "real blocks",
    ways: &[(StrategyId::SEQUENTIAL, 1), (StrategyId::BLOCK_STM, 1)],
};

pub const SUITES: &[Suite] = &[
    Suite {
        kind: conformance::Suite::StateTests,
        name: "state_tests",
        words: "Ethereum's state tests",
        // One transaction: a second lane would have nothing to do.
        ways: &[(StrategyId::SEQUENTIAL, 1), (StrategyId::BLOCK_STM, 1)],
    },
    Suite {
        kind: conformance::Suite::BlockchainTests,
        name: "blockchain_tests",
        words: "Ethereum's blockchain tests",
        ways: &[
            (StrategyId::SEQUENTIAL, 1),
            (StrategyId::BLOCK_STM, 1),
            (StrategyId::BLOCK_STM, 2),
            (StrategyId::BLOCK_STM, 3),
            (StrategyId::BLOCK_STM, 4),
            (StrategyId::BLOCK_STM, 8),
            (StrategyId::ORDERED_COMMIT, 1),
            (StrategyId::ORDERED_COMMIT, 4),
            (StrategyId::ACCESS_LIST, 4),
            (StrategyId::PERFECT_ACCESS_LIST, 4),
            (StrategyId::BLOCK_ACCESS_LIST, 1),
            (StrategyId::BLOCK_ACCESS_LIST, 4),
        ],
    },
];

/// The results of a suite.
pub struct Total {
    pub suite: &'static Suite,
    pub files: Vec<PathBuf>,
    seconds: f64,
    /// The tests that were run: file and index in it, in ascending order.
    pub places: Vec<(usize, usize)>,
    /// The outcome of each.
    pub outcomes: Vec<Outcome>,
}

/// Runs every `every`-th test of the files on all cores: one test on each core, or one test at a time if it has several
/// lanes, because a run begins only when all its lanes run.
///
/// # Errors
/// If a file does not have the suite's format, or there is no test.
pub fn run(suite: &'static Suite, files: &[PathBuf], every: usize) -> Result<Total> {
    let began = Instant::now();
    let tests = read(suite.kind, files)?;
    let chosen: Vec<(usize, usize)> = tests
        .iter()
        .enumerate()
        .flat_map(|(file, tests)| (0..tests.len()).map(move |test| (file, test)))
        .step_by(every)
        .collect();
    if chosen.is_empty() {
        bail!("{}: {} files and no test in them: zero cases are no success", suite.words, files.len());
    }
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(BTreeMap::new());
    let lanes = suite.ways.iter().map(|(_, lanes)| *lanes).max().unwrap_or(1);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..if lanes == 1 { cores } else { 1 } {
            scope.spawn(|| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(usize::from(lanes)).build();
                let Ok(pool) = pool else { return };
                let ways = Ways { ways: suite.ways, threads: Threads::Pool(&pool) };
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some((file, test)) = chosen.get(place) else { return };
                    let outcome = run_one(&tests[*file], *test, ways);
                    outcomes.lock().unwrap_or_else(PoisonError::into_inner).insert(place, outcome);
                }
            });
        }
    });
    let outcomes: Vec<Outcome> =
        outcomes.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect();
    if outcomes.len() != chosen.len() {
        bail!(
            "{}: {} of {} tests were run: threads could not be started",
            suite.words,
            outcomes.len(),
            chosen.len()
        );
    }
    Ok(Total {
        suite,
        files: files.to_vec(),
        seconds: began.elapsed().as_secs_f64(),
        places: chosen,
        outcomes,
    })
}

/// Runs a test. One that panics has failed, and does not stop the others.
fn run_one(tests: &Tests, test: usize, ways: Ways<'_>) -> Outcome {
    catch_unwind(AssertUnwindSafe(|| tests.run(test, ways))).unwrap_or_else(|_| Outcome {
        name: tests.name(test),
        problem: Some("the engine panicked".into()),
        ..Outcome::default()
    })
}

fn read(suite: conformance::Suite, files: &[PathBuf]) -> Result<Vec<Tests>> {
    files.par_iter().map(|path| read_one(suite, path)).collect()
}

fn read_one(suite: conformance::Suite, path: &Path) -> Result<Tests> {
    Tests::read(suite, &blocks::name(path), &blocks::text(path)?)
        .map_err(|problem| anyhow::anyhow!("{}: {problem}", path.display()))
}

impl Total {
    pub fn tests(&self) -> usize {
        self.outcomes.len()
    }

    fn counts(&self) -> Counts {
        self.outcomes.iter().fold(Counts::default(), |mut sum, outcome| {
            sum += outcome.counts;
            sum
        })
    }

    fn failed(&self) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.problem.is_some()).count()
    }

    /// Tests that passed, but with a part that was not run or not compared.
    fn in_part(&self) -> usize {
        let in_part = |outcome: &&Outcome| outcome.problem.is_none() && !outcome.skipped.is_empty();
        self.outcomes.iter().filter(in_part).count()
    }

    /// The reasons for parts that were not run, with the number of each.
    fn skipped(&self) -> BTreeMap<&str, usize> {
        let mut reasons = BTreeMap::new();
        for reason in self.outcomes.iter().flat_map(|outcome| &outcome.skipped) {
            *reasons.entry(reason.as_str()).or_default() += 1;
        }
        reasons
    }

    /// A line for each test that failed.
    pub fn problems(&self) -> impl Iterator<Item = String> {
        self.outcomes.iter().filter_map(|outcome| {
            let problem = outcome.problem.as_ref()?;
            Some(format!("{}: {problem}", outcome.name))
        })
    }

    /// Prints the suite's totals.
    pub fn print(&self) {
        let Counts { blocks, several, transactions, runs, refusals } = self.counts();
        let ways: Vec<String> =
            self.suite.ways.iter().map(|(strategy, lanes)| format!("{} {lanes}", strategy.name())).collect();
        let in_part = self.in_part();
        eprintln!(
            "  {} tests of {} files: {} passed{}, {} failed",
            self.tests(),
            self.files.len(),
            self.tests() - self.failed() - in_part,
            if in_part == 0 {
                String::new()
            } else {
                format!(", {in_part} passed but for a part that is skipped")
            },
            self.failed()
        );
        eprintln!(
            "  {blocks} blocks ({several} with several transactions), {transactions} transactions, {refusals} refused as they must be"
        );
        eprintln!("  {runs} runs by {}; {:.0} s", ways.join(", "), self.seconds);
        for (reason, times) in self.skipped() {
            eprintln!("  skipped, {times}: {reason}");
        }
    }

    /// The suite in the format of a block's record.
    pub fn record(&self) -> serde_json::Value {
        let Counts { blocks, several, transactions, runs, refusals } = self.counts();
        let right = self.failed() == 0;
        serde_json::json!({
            "name": self.suite.name,
            "strategy": "every",
            "threads": self.suite.ways.iter().map(|(_, lanes)| lanes).max(),
            "transactions": transactions,
            "equalToHeader": right,
            "headerKnown": true,
            "equalToSequential": right,
            "time": (self.seconds * 1e9) as u64,
            "tests": self.tests(),
            "passed": self.tests() - self.failed() - self.in_part(),
            "passedInPart": self.in_part(),
            "failed": self.failed(),
            "blocks": blocks,
            "blocksOfSeveral": several,
            "refusals": refusals,
            "runs": runs,
            "skipped": self.skipped(),
            "problems": self.problems().collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::{conformance::archive, workspace};

    /// Runs every `every`-th test of a suite, and prints their number.
    fn check(name: &str, every: usize) {
        // Not with `eprintln`, whose output cargo captures.
        let mut out = std::io::stderr();
        let folder = workspace::data().join("eest");
        let Some(files) = archive::files(&folder, name).expect("the tests can be unpacked") else {
            let _ = writeln!(out, "none of {name}: {} has neither archive nor folder", folder.display());
            return;
        };
        let suite = SUITES.iter().find(|suite| suite.name == name).expect("a suite of that name");
        let total = run(suite, &files, every).expect("the tests can be read");
        let problems: Vec<String> = total.problems().take(10).collect();
        assert!(problems.is_empty(), "{}", problems.join("\n"));
        let blocks = total.counts().blocks;
        assert!(blocks > 0, "no block was run");
        let _ =
            writeln!(out, "{} of {}, {blocks} blocks, {:.0} s", total.tests(), suite.words, total.seconds);
    }

    #[test]
    fn every_tenth_state_test_passes() {
        check("state_tests", 10);
    }

    #[test]
    fn every_third_blockchain_test_passes() {
        check("blockchain_tests", 3);
    }
}

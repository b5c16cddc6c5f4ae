//! Figures from the page, in Chromium. `tests/bench.mjs` drives it, and between its runs asks this program for probes of
//! the cores and for native times.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::{
    blocks::{self, LONDON_PLUS, SCENARIOS, Scenarios},
    cores::{CORES, Cores},
    rounds::{Round, Rounds, median, median_of, together},
    subject::Subject,
    table::{Figures, ms},
};
use crate::{
    build, process,
    quality::Quality,
    server::{self, Isolation},
    setup, workspace,
};

/// Probes for one answer, which is the answer of most of them.
const PROBES: usize = 5;
/// About the time of native runs for one answer on each core, in nanoseconds.
const NATIVE: f64 = 100e6;

/// A line from the script.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    /// Are the two cores one?
    Probe,
    /// How fast is this scenario natively, in sequential execution?
    Sequential(String),
    /// The end.
    Figures(Measured),
}

/// An answer to the script.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Answer {
    Shared(bool),
    /// In nanoseconds.
    Time(f64),
}

/// The script's figures.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Measured {
    /// Each wasm module's name, its size, and its size compressed with brotli, in bytes.
    sizes: Vec<(String, u64, u64)>,
    /// Median time from navigation to the first run's picture, in milliseconds, each with a fresh profile.
    first_picture: f64,
    /// One per scenario and real block.
    blocks: Vec<Block>,
}

/// The page's times for one block: medians of its own rounds, in nanoseconds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Block {
    name: String,
    /// In the engine with threads.
    threads: Vec<PageRun>,
    /// In the engine without; none for real blocks.
    single: Vec<SingleRun>,
}

/// A run in the engine with threads.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageRun {
    sequential: f64,
    /// Block-STM on two workers.
    parallel: f64,
    /// Whether the probe before or after it found that the two cores are one.
    shared: bool,
}

/// A run in the engine without threads.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SingleRun {
    sequential: f64,
    /// The native time right before and right after.
    native: [f64; 2],
}

impl Block {
    fn rounds(&self) -> Rounds {
        let mut rounds = Rounds::default();
        for &PageRun { sequential, parallel, shared } in &self.threads {
            rounds.push(Round { sequential, two: parallel, shared, ..Round::default() });
        }
        rounds
    }

    /// Medians of the native time, of the page's time, and of the page's share of native speed.
    fn single(&self) -> (f64, f64, f64) {
        let median_of =
            |part: fn(&SingleRun) -> f64| median_of(self.single.iter().map(|run| Some(part(run))));
        (
            median_of(|run| median(&run.native)),
            median_of(|run| run.sequential),
            median_of(|run| median(&run.native) / run.sequential),
        )
    }
}

/// Builds the site and measures it, with the blocks whose name `selected` wants.
///
/// # Errors
/// If the site, Chromium or a run fails.
pub(super) fn measure(cores: &Cores, selected: &dyn Fn(&str) -> bool) -> Result<Measured> {
    let chromium = setup::chromium()?;
    setup::npm("tests")?;
    build::build(Quality::Optimised, &build::Deployment::anywhere())?;
    let isolated = server::start(build::dist(), 0, Isolation::Isolated)?;
    let plain = server::start(build::dist(), 0, Isolation::Plain)?;
    let there = blocks::real();
    let files = LONDON_PLUS
        .iter()
        .filter(|number| there.iter().any(|real| real == *number) && selected(&format!("block/{number}")))
        .map(|number| {
            workspace::data().join("blocks").join(format!("{number}.json.gz")).display().to_string()
        });
    process::say("measuring in Chromium (about five minutes)");
    let mut script = Command::new("node")
        .arg("bench.mjs")
        .args(SCENARIOS.iter().filter(|(name, _)| selected(name)).map(|(_, scenario)| scenario))
        .args(files)
        .current_dir(workspace::path("tests"))
        .env("CHROMIUM", chromium)
        .env("EVM_LANES_ISOLATED", isolated)
        .env("EVM_LANES_PLAIN", plain)
        .env("EVM_LANES_DIST", build::dist())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("node cannot be started")?;
    let mut answers = script.stdin.take().context("node has no input")?;
    let lines = BufReader::new(script.stdout.take().context("node has no output")?).lines();
    let mut figures = None;
    let mut native = Native { cores, scenarios: Scenarios::new()?, subjects: BTreeMap::new() };
    for line in lines {
        let line = line?;
        let answer = match serde_json::from_str(&line).with_context(|| format!("tests/bench.mjs: {line}"))? {
            Line::Probe => {
                let shared = (0..PROBES).filter(|_| cores.probe().shared()).count();
                Answer::Shared(2 * shared > PROBES)
            }
            Line::Sequential(name) => Answer::Time(native.sequential(&name)?),
            Line::Figures(measured) => {
                figures = Some(measured);
                continue;
            }
        };
        writeln!(answers, "{}", serde_json::to_string(&answer)?)
            .context("tests/bench.mjs does not listen")?;
    }
    drop(answers);
    let status = script.wait()?;
    anyhow::ensure!(status.success(), "tests/bench.mjs failed ({status})");
    figures.context("tests/bench.mjs did not print figures")
}

/// Native runs beside the page's.
struct Native<'a> {
    cores: &'a Cores,
    scenarios: Scenarios,
    /// By scenario.
    subjects: BTreeMap<String, Subject<'a>>,
}

impl Native<'_> {
    /// The sequential time at the cores' mean speed, in nanoseconds.
    fn sequential(&mut self, name: &str) -> Result<f64> {
        if !self.subjects.contains_key(name) {
            let subject = Subject::new(name, self.scenarios.builtin(name)?, self.cores)?;
            self.subjects.insert(name.to_owned(), subject);
        }
        let subject = &self.subjects[name];
        // A first run without a time, because the page has used caches and memory in between.
        subject.sequential_on_average()?;
        let times = (NATIVE / subject.estimate().max(1.0)).clamp(3.0, 20.0) as usize;
        Ok(median(&(0..times).map(|_| subject.sequential_on_average()).collect::<Result<Vec<_>>>()?))
    }
}

/// Prints one screen, and stores the figures by name.
pub(super) fn report(measured: &Measured, figures: &mut Figures) {
    eprintln!();
    eprintln!("  wasm                          raw      brotli");
    for (name, raw, brotli) in &measured.sizes {
        eprintln!("  {name:<20} {:>9.0} kB {:>8.0} kB", *raw as f64 / 1e3, *brotli as f64 / 1e3);
        figures.put(format!("size/{}/brotli", name.replace(", ", "_")), *brotli as f64);
    }
    eprintln!();
    eprintln!("  navigation to the first run's picture: {:.0} ms", measured.first_picture);
    figures.put("wasm/first_picture_ms", measured.first_picture);
    eprintln!();
    eprintln!(
        "  in Chromium          native sequential   wasm, no threads (share of native speed)   wasm, threads   2 workers, against it    runs"
    );
    let (mut made, mut clear, mut few) = (0, 0, Vec::new());
    let mut london = Vec::new();
    for block in &measured.blocks {
        let rounds = block.rounds();
        let figure_name =
            SCENARIOS.iter().find(|(_, scenario)| *scenario == block.name).map(|(name, _)| *name);
        let (native, single, share) = block.single();
        let time =
            |time: f64| if time.is_finite() { format!("{:.2} ms", ms(time)) } else { "–".to_owned() };
        let speed_up = rounds.speed_up_two();
        eprintln!(
            "  {:<20} {:>17} {:>23} {:>9} {:>24} {:>22.2}×{} {:>8}",
            block.name,
            time(native),
            time(single),
            if share.is_finite() { format!("({:.0} %)", 100.0 * share) } else { String::new() },
            time(rounds.sequential()),
            speed_up,
            if rounds.enough() { " " } else { "!" },
            format!("{}/{}", rounds.clear(), rounds.made()),
        );
        made += rounds.made();
        clear += rounds.clear();
        if !rounds.enough() {
            few.push(block.name.as_str());
        }
        let name = figure_name.map_or_else(|| format!("block/{}", block.name), str::to_owned);
        figures.put(format!("wasm/threads{CORES}/{name}"), speed_up);
        figures.put(format!("wasm/threads{CORES}/{name}/all_runs"), rounds.speed_up_two_of_all());
        if figure_name.is_some() {
            figures.put(format!("wasm/sequential_vs_native/{name}"), share);
        }
        if LONDON_PLUS.contains(&block.name.as_str()) {
            london.push((rounds.sequential(), speed_up));
        }
    }
    figures.put("machine/browser_runs", made as f64);
    figures.put("machine/browser_runs_put_aside", (made - clear) as f64);
    eprintln!();
    eprintln!(
        "  {} of {made} runs on {CORES} workers excluded: the two cores were threads of one physical core",
        made - clear
    );
    if !few.is_empty() {
        eprintln!(
            "  ! too few left, so all runs count, although most ran on one physical core: {}",
            few.join(", ")
        );
    }
    if london.len() == LONDON_PLUS.len() {
        let together = together(&london);
        eprintln!(
            "  the {} blocks of London to Cancun together: {together:.2}× on {CORES} workers",
            london.len()
        );
        figures.put(format!("wasm/threads{CORES}/london_plus"), together);
    }
}

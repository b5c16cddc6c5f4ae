//! Figures from the page itself, in Chromium: `tests/bench.mjs` drives it.

use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::{
    blocks::{self, LONDON_PLUS, SCENARIOS},
    native,
    table::{Figures, ms, ratio},
};
use crate::{
    build, process,
    server::{self, Isolation},
    setup, workspace,
};

/// What the script prints.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Measured {
    /// Each wasm's name, its size and its size by brotli, in bytes.
    sizes: Vec<(String, u64, u64)>,
    /// Median time from navigation to the first run's picture, in milliseconds, fresh profile each.
    first_picture: f64,
    /// One per scenario and real block.
    runs: Vec<Run>,
}

/// One block's times in the page, in nanoseconds: medians that the page itself shows.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    name: String,
    /// Sequential, in the engine without threads; left out for real blocks but one.
    single: Option<u64>,
    /// Sequential, in the engine with threads.
    sequential: u64,
    /// Block-STM on two workers, in the engine with threads.
    two_lanes: u64,
}

/// Builds the site and measures it.
///
/// # Errors
/// If the site, Chromium or a run fails.
pub(super) fn measure() -> Result<Measured> {
    let chromium = setup::chromium()?;
    setup::npm("tests")?;
    build::build(&build::Arguments::default())?;
    let isolated = server::start(build::dist(), 0, Isolation::Isolated)?;
    let plain = server::start(build::dist(), 0, Isolation::Plain)?;
    let there = blocks::real();
    let files: Vec<String> = LONDON_PLUS
        .iter()
        .filter(|number| there.iter().any(|real| real == *number))
        .map(|number| {
            workspace::data().join("blocks").join(format!("{number}.json.gz")).display().to_string()
        })
        .collect();
    process::say("measuring in Chromium (about six minutes)");
    let output = Command::new("node")
        .arg("bench.mjs")
        .args(SCENARIOS.map(|(_, scenario)| scenario))
        .args(&files)
        .current_dir(workspace::path("tests"))
        .env("CHROMIUM", chromium)
        .env("EVM_LANES_ISOLATED", isolated)
        .env("EVM_LANES_PLAIN", plain)
        .env("EVM_LANES_DIST", build::dist())
        .stderr(Stdio::inherit())
        .output()
        .context("node cannot be started")?;
    anyhow::ensure!(output.status.success(), "tests/bench.mjs failed ({})", output.status);
    serde_json::from_slice(&output.stdout).context("tests/bench.mjs did not print figures")
}

/// Prints one screen, and puts the figures down by name.
pub(super) fn report(measured: &Measured, native: &[native::Figure], figures: &mut Figures) {
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
        "  in Chromium          native sequential   wasm, no threads (share of native speed)   wasm, threads   2 workers, against it"
    );
    for run in &measured.runs {
        let figure_name = SCENARIOS.iter().find(|(_, scenario)| *scenario == run.name).map(|(name, _)| *name);
        let native_name = figure_name.map_or_else(|| format!("block/{}", run.name), str::to_owned);
        let native = native.iter().find(|figure| figure.name == native_name).map(|figure| figure.sequential);
        let time = |time: Option<u64>| time.map_or("–".to_owned(), |time| format!("{:.2} ms", ms(time)));
        let share = native.zip(run.single).map(|(native, single)| ratio(native, single));
        eprintln!(
            "  {:<20} {:>17} {:>23} {:>9} {:>24} {:>12}  {:.2}×",
            run.name,
            time(native),
            time(run.single),
            share.map_or(String::new(), |share| format!("({:.0} %)", 100.0 * share)),
            time(Some(run.sequential)),
            time(Some(run.two_lanes)),
            ratio(run.sequential, run.two_lanes),
        );
        figures.put(
            format!("wasm/threads2/{}", figure_name.unwrap_or(&native_name)),
            ratio(run.sequential, run.two_lanes),
        );
        if let (Some(name), Some(share)) = (figure_name, share) {
            figures.put(format!("wasm/sequential_vs_native/{name}"), share);
        }
    }
    let london: Vec<&Run> =
        measured.runs.iter().filter(|run| LONDON_PLUS.contains(&run.name.as_str())).collect();
    if london.len() == LONDON_PLUS.len() {
        let together = ratio(
            london.iter().map(|run| run.sequential).sum(),
            london.iter().map(|run| run.two_lanes).sum(),
        );
        eprintln!("  the {} blocks of London to Cancun together: {together:.2}× on 2 workers", london.len());
        figures.put("wasm/threads2/london_plus", together);
    }
}

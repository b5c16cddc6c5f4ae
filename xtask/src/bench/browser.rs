//! Figures from the page itself, in Chromium: `tests/bench.mjs` drives it.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::server::{self, Isolation};
use crate::{build, process, setup, workspace};

/// What the script prints.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Figures {
    /// Each wasm's name, its size and its size by brotli, in bytes.
    sizes: Vec<(String, u64, u64)>,
    /// Median time from navigation to the first run's picture, in milliseconds, fresh profile each.
    first_picture: f64,
    /// One per scenario, and the real block.
    runs: Vec<Run>,
}

/// One block's times in the page, in nanoseconds: medians that the page itself shows.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    name: String,
    /// Sequential, in the engine without threads.
    single: u64,
    /// Sequential, in the engine with threads.
    sequential: u64,
    /// Block-STM on two workers, in the engine with threads.
    two_lanes: u64,
}

/// Builds the site and measures it.
///
/// # Errors
/// If the site, Chromium or a run fails.
pub(super) fn measure(scenarios: &[&str], block: &str) -> Result<Figures> {
    let chromium = setup::chromium()?;
    setup::npm("tests")?;
    build::build(&build::Arguments::default())?;
    let isolated = server::start(build::dist(), 0, Isolation::Isolated)?;
    let plain = server::start(build::dist(), 0, Isolation::Plain)?;
    process::say("measuring in Chromium (about two minutes)");
    let output = Command::new("node")
        .arg("bench.mjs")
        .args(scenarios)
        .current_dir(workspace::path("tests"))
        .env("CHROMIUM", chromium)
        .env("EVM_LANES_ISOLATED", isolated)
        .env("EVM_LANES_PLAIN", plain)
        .env("EVM_LANES_DIST", build::dist())
        .env("EVM_LANES_BLOCK", workspace::data().join("blocks").join(format!("{block}.json.gz")))
        .stderr(Stdio::inherit())
        .output()
        .context("node cannot be started")?;
    anyhow::ensure!(output.status.success(), "tests/bench.mjs failed ({})", output.status);
    serde_json::from_slice(&output.stdout).context("tests/bench.mjs did not print figures")
}

/// One screen. `native` holds native sequential medians by name, in nanoseconds.
pub(super) fn print(figures: &Figures, native: &BTreeMap<&str, u64>) {
    let ms = |time: u64| time as f64 / 1e6;
    let ratio = |a: u64, b: u64| a as f64 / b.max(1) as f64;
    eprintln!();
    eprintln!("  wasm                          raw      brotli");
    for (name, raw, brotli) in &figures.sizes {
        eprintln!("  {name:<20} {:>9.0} kB {:>8.0} kB", *raw as f64 / 1e3, *brotli as f64 / 1e3);
    }
    eprintln!();
    eprintln!("  navigation to the first run's picture: {:.0} ms", figures.first_picture);
    eprintln!();
    eprintln!(
        "  in Chromium          native sequential   wasm, no threads (share of native speed)   wasm, threads   2 workers, against it"
    );
    for run in &figures.runs {
        let native = native.get(run.name.as_str()).copied().unwrap_or(0);
        eprintln!(
            "  {:<20} {:>14.2} ms {:>20.2} ms ({:>3.0} %) {:>26.2} ms {:>12.2} ms  {:.2}×",
            run.name,
            ms(native),
            ms(run.single),
            100.0 * ratio(native, run.single),
            ms(run.sequential),
            ms(run.two_lanes),
            ratio(run.sequential, run.two_lanes),
        );
    }
}

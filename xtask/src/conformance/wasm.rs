//! The same tests in the wasm engine under Node, compared with the native run test by test.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail};
use evm_lanes_core::conformance::Outcome;
use serde::{Deserialize, Serialize};

use super::{blocks, suites::Total};
use crate::workspace;

/// The input of wasm.mjs for each file.
#[derive(Serialize)]
struct Work<'a> {
    suite: serde_json::Value,
    name: String,
    path: &'a Path,
    tests: Vec<usize>,
}

/// The output of wasm.mjs for each test.
#[derive(Deserialize)]
struct Line {
    file: usize,
    test: usize,
    outcome: Outcome,
}

/// The results of a suite in the wasm engine.
pub struct WasmTotal {
    name: &'static str,
    pub tests: usize,
    seconds: f64,
    /// A line for each test that failed, or has another digest than natively.
    pub problems: Vec<String>,
}

/// Runs the tests that were run natively in the engine of this folder, and compares.
///
/// # Errors
/// If Node cannot be run, or does not run every test.
pub fn run(engine: &Path, native: &Total) -> Result<WasmTotal> {
    let began = Instant::now();
    // By file, so that each file is read once; a core takes one file after the other.
    let mut tests: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (file, test) in &native.places {
        tests.entry(*file).or_default().push(*test);
    }
    let suite = serde_json::to_value(native.suite.kind)?;
    let files: Vec<usize> = tests.keys().copied().collect();
    let work: Vec<Work<'_>> = tests
        .into_iter()
        .map(|(file, tests)| {
            let path = &native.files[file];
            Work { suite: suite.clone(), name: blocks::name(path), path, tests }
        })
        .collect();
    let list = workspace::products().join("conformance-work.json");
    fs::write(&list, serde_json::to_vec(&work)?).with_context(|| list.display().to_string())?;

    let mut node = Command::new("node")
        .arg(workspace::path("xtask/src/conformance/wasm.mjs"))
        .args([engine, &list])
        .stdout(Stdio::piped())
        .spawn()
        .context("node cannot be started")?;
    let mut outcomes: BTreeMap<(usize, usize), Outcome> = BTreeMap::new();
    for line in BufReader::new(node.stdout.take().context("node has no output")?).lines() {
        let line = line?;
        let Line { file, test, outcome } =
            serde_json::from_str(&line).with_context(|| format!("not a test's outcome: {line}"))?;
        outcomes.insert((*files.get(file).context("a file that was not given")?, test), outcome);
    }
    let status = node.wait()?;
    if !status.success() || outcomes.len() != native.places.len() {
        bail!("Node ran {} of {} tests ({status})", outcomes.len(), native.places.len());
    }

    let mut problems = Vec::new();
    for (place, ours) in native.places.iter().zip(&native.outcomes) {
        let Some(theirs) = outcomes.get(place) else { bail!("{}: not run", ours.name) };
        let problem = match &theirs.problem {
            Some(problem) => problem.clone(),
            None if theirs.digest != ours.digest => "another result than natively".to_owned(),
            None => continue,
        };
        problems.push(format!("in wasm: {}: {problem}", ours.name));
    }
    Ok(WasmTotal {
        name: native.suite.name,
        tests: outcomes.len(),
        seconds: began.elapsed().as_secs_f64(),
        problems,
    })
}

impl WasmTotal {
    /// Prints the suite's totals.
    pub fn print(&self) {
        eprintln!(
            "  in wasm: {} tests by every strategy on 1 lane: {} as natively, {} failed or different; {:.0} s",
            self.tests,
            self.tests - self.problems.len(),
            self.problems.len(),
            self.seconds
        );
    }

    /// The suite in the format of a block's record.
    pub fn record(&self) -> serde_json::Value {
        let right = self.problems.is_empty();
        serde_json::json!({
            "name": format!("{} (wasm)", self.name),
            "strategy": "every",
            "threads": 1,
            "equalToHeader": right,
            "headerKnown": true,
            "equalToSequential": right,
            "time": (self.seconds * 1e9) as u64,
            "tests": self.tests,
            "passed": self.tests - self.problems.len(),
            "failed": self.problems.len(),
            "problems": self.problems,
        })
    }
}

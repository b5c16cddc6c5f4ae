//! `x test`: every test, native and in the browser.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::build::{self, Deployment};
use crate::parts::{self, Part};
use crate::server::{self, Isolation};
use crate::{catalogue, fingerprint, models, process, quality, setup, solidity, workspace};

/// What `x test` takes.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only the native tests.
    #[arg(long, conflicts_with = "browser")]
    native: bool,
    /// Only the browser tests.
    #[arg(long)]
    browser: bool,
    #[command(flatten)]
    build: quality::Arguments,
    /// Passed on to Playwright: `-- -g cancel`.
    #[arg(last = true)]
    playwright: Vec<String>,
}

/// The numbers of tests by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub passed: u64,
    pub failed: u64,
    skipped: u64,
}

impl Count {
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// `x test`
///
/// # Errors
/// If a test fails, or none could run.
pub fn run(arguments: &Arguments) -> Result<()> {
    let start = Instant::now();
    let data = workspace::data();
    if !data.join("blocks").is_dir() {
        process::say(&format!(
            "no real blocks at {} (EVM_LANES_DATA names another folder): tests that need them are skipped and say so",
            data.display()
        ));
    }
    let mut count = Count::default();
    let mut broken = Vec::new();
    if !arguments.browser && !arguments.native {
        compile(arguments);
    }
    if !arguments.browser {
        // Tests read the catalogue's files.
        catalogue::run(&catalogue::Arguments::default())?;
        solidity::if_possible()?;
        for (what, tests) in [
            ("native tests", &native as &dyn Fn() -> Result<Count>),
            ("models", &|| counted(&mut models::tests())),
        ] {
            match process::timed(what, tests) {
                Ok(native) => count.add(native),
                Err(error) => broken.push(error),
            }
        }
    }
    if !arguments.native {
        match browser(arguments) {
            Ok(browser) => count.add(browser),
            Err(error) => broken.push(error),
        }
    }
    for error in &broken {
        eprintln!("x: {error:#}");
    }
    println!("\nall tests: {:.0} s", start.elapsed().as_secs_f64());
    println!("{} passed, {} failed, {} skipped", count.passed, count.failed, count.skipped);
    ensure!(broken.is_empty(), "not every test could be run");
    ensure!(count.failed == 0, "{} of the tests failed", count.failed);
    ensure!(count.passed > 0, "no test ran");
    Ok(())
}

/// Compiles the native tests and the parts of the page at the same time, because the end of each build uses only one
/// core. Errors are not reported here: the step that needs the result meets them again.
fn compile(arguments: &Arguments) {
    process::say("compiling everything (cold: about 10 minutes on two cores)");
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = native_tests().arg("--no-run").status();
            let _ = models::tests().arg("--no-run").status();
        });
        scope.spawn(|| parts::build(&Part::ALL, arguments.build.quality()));
    });
}

fn native() -> Result<Count> {
    counted(&mut native_tests())
}

/// cargo's command for the native tests.
fn native_tests() -> Command {
    let mut cargo = Command::new("cargo");
    cargo
        .args([
            "test",
            "--locked",
            "--workspace",
            "--features",
            "xtask/engine,xtask/schema,evm-lanes-core/alloy,evm-lanes-evm/alloy",
            "--no-fail-fast",
        ])
        .current_dir(workspace::root())
        .env("EVM_LANES_DATA", workspace::data());
    cargo
}

/// Runs a `cargo test` with its output shown, and counts.
///
/// # Errors
/// If it cannot be run, or runs no test: a filter that finds none is not a test that passes.
pub fn counted(cargo: &mut Command) -> Result<Count> {
    let mut cargo = cargo.stdout(Stdio::piped()).spawn().context("cargo test cannot be started")?;
    let mut count = Count::default();
    for line in BufReader::new(cargo.stdout.take().context("cargo test has no output")?).lines() {
        let line = line?;
        println!("{line}");
        count.add(count_of(&line));
    }
    let status = cargo.wait()?;
    // Failed tests are counted. Any other failure, such as a crate that does not compile, is an error.
    ensure!(status.success() || count.failed > 0, "cargo test failed ({status})");
    ensure!(count.passed + count.failed > 0, "cargo test ran no test");
    Ok(count)
}

/// The counts in cargo's line `test result: ok. 5 passed; 0 failed; 1 ignored; …`.
pub fn count_of(line: &str) -> Count {
    let Some(result) = line.strip_prefix("test result: ") else { return Count::default() };
    let number = |word: &str| {
        let before = result.split(word).next().filter(|before| before.len() < result.len());
        before.and_then(|before| before.split_whitespace().last()?.parse().ok()).unwrap_or(0)
    };
    Count { passed: number(" passed"), failed: number(" failed"), skipped: number(" ignored") }
}

fn browser(arguments: &Arguments) -> Result<Count> {
    let (chromium, firefox) = (setup::chromium()?, setup::firefox()?);
    let modules = setup::npm("tests")?;
    build::build(arguments.build.quality(), &Deployment::anywhere())?;
    let isolated = server::start(build::dist(), 0, Isolation::Isolated)?;
    let plain = server::start(build::dist(), 0, Isolation::Plain)?;

    let no_pool = server::start(without_pool()?, 0, Isolation::Isolated)?;

    let folder = workspace::path("tests");
    let results = folder.join("artefacts/results.json");
    // A report of an earlier run must not be taken for this one's.
    let _ = fs::remove_file(&results);
    let status = process::timed("browser tests", || {
        Ok(Command::new(modules.join(".bin/playwright"))
            .arg("test")
            .args(&arguments.playwright)
            .current_dir(&folder)
            .env("CHROMIUM", chromium)
            .env("FIREFOX", firefox)
            .env("EVM_LANES_ISOLATED", isolated)
            .env("EVM_LANES_PLAIN", plain)
            .env("EVM_LANES_NO_POOL", no_pool)
            .env("EVM_LANES_DATA", workspace::data())
            .status()?)
    })?;
    let report: serde_json::Value = serde_json::from_slice(&process::read(&results)?)?;
    let stats = &report["stats"];
    let number = |name: &str| stats[name].as_u64().unwrap_or(0);
    let count = Count {
        passed: number("expected"),
        failed: number("unexpected") + number("flaky"),
        skipped: number("skipped"),
    };
    for reason in skips(&report) {
        println!("SKIPPED: {reason}");
    }
    if !status.success() && count.failed == 0 {
        bail!("Playwright failed ({status}): {}", report["errors"]);
    }
    ensure!(count.passed + count.failed > 0, "no browser test ran");
    println!("pictures: {}", folder.join("artefacts").display());
    Ok(count)
}

/// A copy of the site in which the script of the pool's workers is missing.
fn without_pool() -> Result<PathBuf> {
    let (site, copy) = (build::dist(), workspace::products().join("dist-without-pool"));
    let _ = fs::remove_dir_all(&copy);
    for file in fingerprint::files_below(&site)? {
        let name = file.strip_prefix(&site)?;
        if !name.ends_with("engine/pool-worker.js") {
            let to = copy.join(name);
            fs::create_dir_all(to.parent().unwrap_or(&copy))?;
            fs::copy(&file, &to).with_context(|| format!("{} cannot be copied", file.display()))?;
        }
    }
    Ok(copy)
}

/// The title and reason of every test that was skipped, so that none is skipped silently.
fn skips(report: &serde_json::Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut suites: Vec<&serde_json::Value> = report["suites"].as_array().into_iter().flatten().collect();
    while let Some(suite) = suites.pop() {
        suites.extend(suite["suites"].as_array().into_iter().flatten());
        for spec in suite["specs"].as_array().into_iter().flatten() {
            for test in
                spec["tests"].as_array().into_iter().flatten().filter(|test| test["status"] == "skipped")
            {
                let reason = test["annotations"][0]["description"].as_str().unwrap_or("no reason given");
                found.push(format!("{}: {reason}", spec["title"].as_str().unwrap_or("?")));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_results_are_counted() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.1s";
        assert_eq!(count_of(line), Count { passed: 12, failed: 3, skipped: 1 });
        assert_eq!(count_of("test a::b ... ok"), Count::default());
    }

    #[test]
    fn a_skipped_browser_test_is_named_with_its_reason() {
        let report = serde_json::json!({"suites": [{"suites": [{"specs": [{"title": "a block", "tests": [
            {"status": "skipped", "annotations": [{"type": "skip", "description": "no file"}]}]}]}]}]});
        assert_eq!(skips(&report), ["a block: no file"]);
    }
}

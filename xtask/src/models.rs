//! `cargo xtask models`: runs the lanes and everything that they run under a model checker.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::{process, test, workspace};

/// What `cargo xtask models` takes.
#[derive(clap::Args)]
pub struct Arguments {
    /// How many schedules to try.
    #[arg(long, default_value_t = 500_000)]
    schedules: u64,
    /// Only the block of this seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Only this schedule of that block, as a failure printed it.
    #[arg(long, requires = "seed")]
    schedule: Option<String>,
}

/// `cargo xtask models`
///
/// # Errors
/// If a schedule gives a wrong result, or does not end.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut tests = tests();
    tests.args(["--", "--nocapture"]).env("EVM_LANES_SCHEDULES", arguments.schedules.to_string());
    if let Some(seed) = arguments.seed {
        tests.env("EVM_LANES_SEED", seed.to_string());
    }
    if let Some(schedule) = &arguments.schedule {
        tests.env("EVM_LANES_SCHEDULE", schedule);
    }
    let count = process::timed("models", || test::counted(&mut tests))?;
    ensure!(count.failed == 0, "a schedule gave a wrong result, or did not end");
    Ok(())
}

/// cargo's command for the models, with few schedules, as for `./x test`.
pub fn tests() -> Command {
    let mut test = cargo("test");
    test.arg("model_check");
    test
}

/// Lints for code that only the models compile, with warnings as errors.
pub fn lints() -> Command {
    let mut clippy = cargo("clippy");
    clippy.args(["--profile", "test", "--", "-D", "warnings"]);
    clippy
}

/// The models have a target folder of their own, because their `--cfg` would rebuild everything.
fn cargo(command: &str) -> Command {
    let mut flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    flags.push_str(" --cfg shuttle");
    let mut cargo = Command::new("cargo");
    cargo
        .arg(command)
        .args(["--locked", "--package", "evm-lanes-lanes", "--lib", "--target-dir"])
        .arg(workspace::cargo_target().join("shuttle"))
        .current_dir(workspace::root())
        .env("RUSTFLAGS", flags.trim());
    cargo
}

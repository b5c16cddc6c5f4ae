//! Commands that run blocks need the EVM, which takes minutes to compile, and the scenario's schema needs the engine's
//! shared types. The other commands should not wait for these. So this program is first built without them; for a
//! command that needs them it builds and starts itself again.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;

use crate::{process, workspace};

/// Starts this program again, with the engine compiled in under `profile`, on the same command line.
///
/// # Errors
/// If it does not compile, or the command fails there.
#[cfg(not(feature = "engine"))]
pub fn with_engine(profile: &str) -> Result<()> {
    // Built-in scenarios call the catalogue's contracts.
    crate::catalogue::run(&crate::catalogue::Arguments::default())?;
    process::say("building the engine natively (the first time takes about two minutes)");
    with("engine", profile, std::env::args_os().skip(1))
}

/// The same with another command line.
///
/// # Errors
/// As [`with_engine`].
#[cfg(not(feature = "engine"))]
pub fn with_engine_as(arguments: &[&str]) -> Result<()> {
    process::say("building the engine natively (the first time takes about two minutes)");
    with("engine", "dev", arguments.iter().map(OsString::from))
}

/// Starts this program again with the feature `schema` and this command line.
///
/// # Errors
/// If it does not compile, or the command fails there.
#[cfg(not(feature = "schema"))]
pub fn with_schema(arguments: &[&str]) -> Result<()> {
    with("schema", "tool", arguments.iter().map(OsString::from))
}

fn with(feature: &str, profile: &str, arguments: impl Iterator<Item = OsString>) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(workspace::root())
        .args([
            "run",
            "--quiet",
            "--package",
            "xtask",
            "--bin",
            "xtask",
            "--features",
            feature,
            "--profile",
            profile,
        ])
        .arg("--")
        .args(arguments);
    process::run("the command", &mut command)
}

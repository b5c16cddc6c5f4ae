//! Commands that run blocks need the EVM, which takes minutes to compile; the others do not wait
//! for it. So this program is built without it at first, and builds and starts itself again with
//! it where a command needs it.

use std::process::Command;

use anyhow::Result;

use crate::{process, workspace};

/// Starts this program again, with the engine compiled in under `profile`, on the same command line.
///
/// # Errors
/// If it does not compile, or the command fails there.
pub fn with_engine(profile: &str) -> Result<()> {
    process::say("building the engine natively (the first time takes about two minutes)");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(workspace::root())
        .args(["run", "--quiet", "--package", "xtask", "--features", "engine", "--profile", profile])
        .arg("--")
        .args(std::env::args_os().skip(1));
    process::run("the command", &mut command)
}

//! Running other programs. Commands are printed, and errors say what to do.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

/// Prints what is about to happen.
pub fn say(text: &str) {
    eprintln!("\x1b[1m•\x1b[0m {text}");
}

/// Runs `command` to its end with its output shown.
///
/// # Errors
/// If it cannot be started or does not exit with 0; `what` names the step.
pub fn run(what: &str, command: &mut Command) -> Result<()> {
    let status =
        command.status().with_context(|| format!("{what}: {} cannot be started", program(command)))?;
    if !status.success() {
        bail!("{what} failed ({status}). The command was:\n  {}", shown(command));
    }
    Ok(())
}

/// Runs `command` and returns its standard output.
///
/// # Errors
/// If it cannot be started or does not exit with 0.
pub fn output(what: &str, command: &mut Command) -> Result<String> {
    let output =
        command.output().with_context(|| format!("{what}: {} cannot be started", program(command)))?;
    if !output.status.success() {
        bail!("{what} failed ({}):\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs `step` between a line that names it and a line with its duration.
///
/// # Errors
/// Those of `step`.
pub fn timed<T>(what: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
    say(what);
    let start = Instant::now();
    let result = step()?;
    eprintln!("  {what}: {:.1} s", start.elapsed().as_secs_f64());
    Ok(result)
}

/// The program of this name in PATH.
pub fn find(program: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Whether a program of this name is in PATH.
pub fn in_path(program: &str) -> bool {
    find(program).is_some()
}

/// Reads a file, with its path in the error.
///
/// # Errors
/// If the file cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn program(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn shown(command: &Command) -> String {
    let arguments = command.get_args().map(|a| a.to_string_lossy().into_owned());
    std::iter::once(program(command)).chain(arguments).collect::<Vec<_>>().join(" ")
}

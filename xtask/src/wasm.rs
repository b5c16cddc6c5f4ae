//! From a crate to a module with its glue: cargo, wasm-bindgen, wasm-opt.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{process, setup, workspace};

/// Everything for the browser is compiled for this.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// cargo with `RUSTFLAGS` and a target folder of its own: two of these may run at the same time, which keeps both of two
/// cores busy while one of them links.
pub fn cargo(command: &str, flags: &str, target: &Path) -> Command {
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(workspace::root())
        .args([command, "--locked", "--target", TARGET])
        .env("RUSTFLAGS", flags)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("CARGO_TARGET_DIR", target)
        // The bars of two that run at the same time would overwrite each other.
        .env("CARGO_TERM_PROGRESS_WHEN", "never");
    cargo
}

/// Writes `module`'s glue and the module that goes with it into `out`, which is emptied before: `NAME.js`,
/// `NAME_bg.wasm`, and perhaps `snippets`.
///
/// # Errors
/// If the module is not one that wasm-bindgen takes, or a file cannot be written.
pub fn bindgen(module: &Path, out: &Path, name: &str, keep_debug: bool) -> Result<()> {
    if out.exists() {
        fs::remove_dir_all(out)?;
    }
    let mut bindgen = Command::new(setup::wasm_bindgen()?);
    bindgen
        .args(["--target", "web", "--no-typescript", "--out-name", name, "--out-dir"])
        .arg(out)
        .arg(module);
    if keep_debug {
        bindgen.arg("--keep-debug");
    }
    process::run("wasm-bindgen", &mut bindgen)
}

/// Runs wasm-opt in place, at a level such as `-O3`. Without feature flags: it then keeps to the features that the module
/// itself names; `--all-features` gives a module that browsers refuse.
///
/// # Errors
/// If wasm-opt cannot be installed or fails.
pub fn optimise(module: &Path, level: &str) -> Result<()> {
    let tool = setup::npm("xtask/npm")?.join("binaryen/bin/wasm-opt");
    let optimised = module.with_extension("opt");
    process::run("wasm-opt", Command::new(tool).arg(level).arg(module).arg("-o").arg(&optimised))?;
    fs::rename(&optimised, module).context("wasm-opt left no file")
}

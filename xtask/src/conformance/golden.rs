//! Compares the traces of simulated runs in the wasm engine under Node with the golden file. `core/tests/simulated.rs`
//! does the same natively.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};

use crate::workspace;

/// Makes the runs in the engine of this folder. Returns their number, and a line for each that differs.
///
/// # Errors
/// If Node cannot be run, or does not make every run.
pub fn run(engine: &Path) -> Result<(usize, Vec<String>)> {
    let golden = workspace::path("core/tests/golden/simulated.txt");
    let expected = fs::read_to_string(&golden).with_context(|| golden.display().to_string())?;
    let catalogue = ["mit.json", "gpl.json"].map(|name| workspace::products().join("catalogue").join(name));
    let node = Command::new("node")
        .arg(workspace::path("xtask/src/conformance/golden.mjs"))
        .args([engine, &golden])
        .args(catalogue)
        .output()
        .context("node cannot be started")?;
    ensure!(node.status.success(), "Node: {}", String::from_utf8_lossy(&node.stderr));
    let found = String::from_utf8_lossy(&node.stdout);
    let (runs, made) = (expected.lines().count(), found.lines().count());
    ensure!(runs == made, "Node made {made} of {runs} simulated runs");
    let other = expected.lines().zip(found.lines()).filter(|(expected, found)| expected != found);
    Ok((runs, other.map(|(expected, found)| format!("in wasm: {found}, natively: {expected}")).collect()))
}

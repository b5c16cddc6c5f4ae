//! The scenario's JSON Schema, served with the page so that any editor completes a document.

use anyhow::Result;

/// Where the schema is committed.
#[cfg(feature = "schema")]
const FILE: &str = "www/scenario.schema.json";

/// Arguments of `cargo xtask schema`.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Only say whether the committed schema is current.
    #[arg(long)]
    pub check: bool,
}

/// Writes the schema.
///
/// # Errors
/// If it cannot be written or, with `--check`, is out of date.
#[cfg(feature = "schema")]
pub fn run(arguments: &Arguments) -> Result<()> {
    use std::fs;

    use anyhow::{Context, bail};

    use crate::{process, workspace};

    let mut schema = serde_json::to_string_pretty(&evm_lanes_core::scenario::schema())?;
    schema.push('\n');
    let file = workspace::path(FILE);
    if fs::read_to_string(&file).is_ok_and(|committed| committed == schema) {
        process::say("schema: current");
        return Ok(());
    }
    if arguments.check {
        bail!("{FILE} is out of date: run `cargo xtask schema` and commit it");
    }
    fs::write(&file, schema).with_context(|| format!("{} cannot be written", file.display()))?;
    process::say(&format!("schema: {FILE} has changed"));
    Ok(())
}

/// Starts this program again with the scenario's types compiled in.
///
/// # Errors
/// If it does not compile, or the command fails there.
#[cfg(not(feature = "schema"))]
pub fn run(arguments: &Arguments) -> Result<()> {
    crate::again::with_schema(if arguments.check { &["schema", "--check"] } else { &["schema"] })
}

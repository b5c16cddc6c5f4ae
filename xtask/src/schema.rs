//! The JSON Schemas of scenarios and lessons, served with the page so that any editor completes a document.

use anyhow::Result;

#[cfg(feature = "schema")]
type MakeSchema = fn() -> serde_json::Value;

/// Where the schemas are committed.
#[cfg(feature = "schema")]
const FILES: [(&str, MakeSchema); 2] = [
    ("www/scenario.schema.json", evm_lanes_core::scenario::schema),
    ("www/lesson.schema.json", evm_lanes_core::scenario::lesson::schema),
];

/// Arguments of `cargo xtask schema`.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Only say whether the committed schema is current.
    #[arg(long)]
    pub check: bool,
}

/// Writes the schemas.
///
/// # Errors
/// If it cannot be written or, with `--check`, is out of date.
#[cfg(feature = "schema")]
pub fn run(arguments: &Arguments) -> Result<()> {
    use std::fs;

    use anyhow::{Context, bail};

    use crate::{process, workspace};

    let mut is_current = true;
    for (name, schema) in FILES {
        let mut schema = serde_json::to_string_pretty(&schema())?;
        schema.push('\n');
        let file = workspace::path(name);
        if fs::read_to_string(&file).is_ok_and(|committed| committed == schema) {
            continue;
        }
        is_current = false;
        if arguments.check {
            bail!("{name} is out of date: run `cargo xtask schema` and commit it");
        }
        fs::write(&file, schema).with_context(|| format!("{} cannot be written", file.display()))?;
        process::say(&format!("schema: {name} has changed"));
    }
    if is_current {
        process::say("schema: current");
    }
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

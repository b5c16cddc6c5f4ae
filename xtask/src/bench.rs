//! The figures that the project reports: medians over rounds, of ratios within each round.

#[cfg(feature = "engine")]
mod blocks;
#[cfg(feature = "engine")]
mod browser;
#[cfg(feature = "engine")]
mod cores;
#[cfg(feature = "engine")]
mod native;
#[cfg(feature = "engine")]
mod rounds;
#[cfg(feature = "engine")]
mod subject;
#[cfg(feature = "engine")]
mod table;

use std::path::PathBuf;

use anyhow::Result;

#[derive(clap::Args)]
pub struct Arguments {
    /// Write every figure to this file: one map of names to numbers.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Only native figures, without a browser.
    #[arg(long)]
    native_only: bool,
    /// Native rounds of each block that count; a quarter as many run before them as a warm-up. Long blocks get fewer.
    /// Rounds on a single physical core are repeated, up to three times as many in all.
    #[arg(long, default_value_t = 21)]
    rounds: usize,
    /// Only blocks whose name contains this.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// Measures, and prints one screen.
///
/// # Errors
/// If a block cannot be prepared or gives a wrong result.
#[cfg(feature = "engine")]
pub fn run(arguments: &Arguments) -> Result<()> {
    use std::fs;

    use anyhow::Context;

    let selected = |name: &str| arguments.only.as_ref().is_none_or(|only| name.contains(only));
    let mut figures = table::Figures::default();
    let cores = cores::Cores::new()?;
    let before = table::Ticks::now();
    let native = native::measure(&cores, arguments.rounds, &selected)?;
    native::report(&native, &mut figures);
    table::report_cores("native", &cores, &mut figures);
    table::report_others(before, &mut figures);
    let write = |figures: &table::Figures| match &arguments.json {
        Some(file) => fs::write(file, serde_json::to_string_pretty(figures)?)
            .with_context(|| format!("{} cannot be written", file.display())),
        None => Ok(()),
    };
    // Written before the browser's figures, so that a missing browser does not lose them.
    write(&figures)?;
    if !arguments.native_only {
        let measured = browser::measure(&cores, &selected)?;
        browser::report(&measured, &mut figures);
        table::report_cores("browser", &cores, &mut figures);
        write(&figures)?;
    }
    Ok(())
}

/// Starts this program again with the engine compiled in, fully optimised.
///
/// # Errors
/// As the other `run`.
#[cfg(not(feature = "engine"))]
pub fn run(_: &Arguments) -> Result<()> {
    crate::again::with_engine("native")
}

//! Real blocks and Ethereum's own tests through every strategy and number of lanes.

#[cfg(feature = "engine")]
mod archive;
#[cfg(feature = "engine")]
mod blocks;
#[cfg(feature = "engine")]
mod golden;
#[cfg(feature = "engine")]
mod suites;
#[cfg(feature = "engine")]
mod wasm;

use std::path::PathBuf;

use anyhow::Result;

#[derive(clap::Args)]
pub struct Arguments {
    /// Write one record per block, strategy and number of lanes, and one per suite of tests, to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Folder that has blocks/*.json.gz and eest/*.tar.zst; without it $EVM_LANES_DATA, else ../shared/data.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Timed rounds of each block; the median counts. One more before them warms up.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only every N-th block and test.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    sample: u16,
    /// Also run everything in the wasm engine under Node, and compare with the native results test by test.
    #[arg(long)]
    wasm: bool,
    /// With --wasm: an engine that is quick to build instead of the one that is shipped.
    #[arg(long, requires = "wasm")]
    dev: bool,
}

/// Runs everything and prints the results.
///
/// # Errors
/// If there is nothing to run, something cannot be read, or a run differs.
#[cfg(feature = "engine")]
pub fn run(arguments: &Arguments) -> Result<()> {
    use anyhow::{Context, bail};

    use crate::{engine, process, quality, workspace};

    let began = std::time::Instant::now();
    let folder = arguments.data.clone().unwrap_or_else(workspace::data);
    let every = usize::from(arguments.sample);
    let mut wrong = Vec::new();
    let engine = match arguments.wasm {
        true => Some(engine::build_with_tests(quality::Arguments { dev: arguments.dev }.quality())?),
        false => None,
    };
    let mut in_wasm = Vec::new();

    let mut records = Vec::new();
    let paths = blocks::paths(&folder.join("blocks"))?;
    match &paths[..] {
        [] => eprintln!("  NOT RUN: real blocks: {} has none", folder.join("blocks").display()),
        paths => {
            process::say(&format!("{} real blocks", paths.len().div_ceil(every)));
            records = blocks::run(paths.iter().step_by(every), arguments.rounds)?;
            blocks::summary(&records);
            wrong.extend(blocks::differences(&records));
            if let Some(engine) = &engine {
                let total = suites::run(&suites::BLOCKS, paths, every)?;
                wrong.extend(total.problems());
                let total = wasm::run(engine, &total)?;
                total.print();
                wrong.extend(total.problems.iter().cloned());
                in_wasm.push(total);
            }
        }
    }

    if let Some(engine) = &engine {
        let (runs, other) = golden::run(engine)?;
        eprintln!("  in wasm: {runs} simulated runs: {} have the golden traces", runs - other.len());
        wrong.extend(other);
    }

    let mut totals = Vec::new();
    for suite in suites::SUITES {
        match archive::files(&folder.join("eest"), suite.name)? {
            None => eprintln!(
                "  NOT RUN: {}: neither {}.tar.zst nor a folder of that name in {}",
                suite.words,
                suite.name,
                folder.join("eest").display()
            ),
            Some(files) => {
                process::say(suite.words);
                let total = suites::run(suite, &files, every)?;
                total.print();
                wrong.extend(total.problems());
                if let Some(engine) = &engine {
                    let total = wasm::run(engine, &total)?;
                    total.print();
                    wrong.extend(total.problems.iter().cloned());
                    in_wasm.push(total);
                }
                totals.push(total);
            }
        }
    }

    if let Some(file) = &arguments.json {
        let mut values = records.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>()?;
        values.extend(totals.iter().map(suites::Total::record));
        values.extend(in_wasm.iter().map(wasm::WasmTotal::record));
        std::fs::write(file, serde_json::to_string_pretty(&values)?)
            .with_context(|| format!("{} cannot be written", file.display()))?;
    }
    let tests: usize = totals.iter().map(suites::Total::tests).sum();
    process::say(&format!(
        "conformance: {} runs of real blocks, {tests} of Ethereum's own tests, {} unexplained differences, {:.0} s",
        records.len(),
        wrong.len(),
        began.elapsed().as_secs_f64(),
    ));
    for line in wrong.iter().take(20) {
        eprintln!("  {line}");
    }
    if !wrong.is_empty() {
        bail!("{} unexplained differences", wrong.len());
    }
    if records.is_empty() && totals.is_empty() {
        bail!("nothing was run: $EVM_LANES_DATA or --data names the folder with blocks/ and eest/");
    }
    Ok(())
}

/// Starts this program again with the engine compiled in.
///
/// # Errors
/// As the other `run`.
#[cfg(not(feature = "engine"))]
pub fn run(_: &Arguments) -> Result<()> {
    crate::again::with_engine("dev")
}

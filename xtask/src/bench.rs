//! The figures that the project reports: medians and ratios of one run.

#[cfg(feature = "engine")]
mod browser;

use std::path::PathBuf;

use anyhow::Result;

#[derive(clap::Args)]
pub struct Arguments {
    /// Write every figure to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Only what needs no browser.
    #[arg(long)]
    native_only: bool,
    /// Measured rounds of each; the median counts. Half as many before them warm up.
    #[arg(long, default_value_t = 15)]
    rounds: usize,
}

/// Measures, and prints one screen.
///
/// # Errors
/// If something that is measured cannot be prepared or ends wrong.
#[cfg(feature = "engine")]
pub fn run(arguments: &Arguments) -> Result<()> {
    native::run(arguments)
}

/// Starts this program again with the engine compiled in, as fast as it can be.
///
/// # Errors
/// As the other `run`.
#[cfg(not(feature = "engine"))]
pub fn run(_: &Arguments) -> Result<()> {
    crate::again::with_engine("native")
}

#[cfg(feature = "engine")]
mod native {
    use std::{fs, io::Read, sync::atomic::AtomicU32, thread};

    use anyhow::{Context, Result, anyhow, bail};
    use evm_lanes_core::{
        cancel::CancelFlag,
        catalogue::Catalogue,
        clock,
        drive::{self, Loaded, Surroundings, Threads},
        evm,
        prepare::{self, PreparedBlock, case},
        scenario::{self, builtin},
        trace::StrategyId,
        verify,
    };
    use serde::Serialize;

    use super::Arguments;
    use crate::{process, workspace};

    /// What is measured: built-in scenarios by name, and one real block.
    const SCENARIOS: [&str; 4] = ["transfers-2000", "erc20-2000", "swaps-500-pools", "swaps-one-pool-500"];
    const BLOCK: &str = "14029313";

    /// Medians for one block, in nanoseconds.
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Figure {
        name: String,
        transactions: usize,
        gas: u64,
        /// revm's own journal on a plain state, committing each transaction.
        stock: u64,
        /// The sequential strategy.
        sequential: u64,
        /// Block-STM by number of lanes, from 1.
        block_stm: Vec<u64>,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Report {
        cores: usize,
        rounds: usize,
        native: Vec<Figure>,
        #[serde(skip_serializing_if = "Option::is_none")]
        browser: Option<super::browser::Figures>,
    }

    pub fn run(arguments: &Arguments) -> Result<()> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let lanes = cores.clamp(2, 8) as u16;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(usize::from(lanes))
            .build()
            .context("the lanes' threads cannot be started")?;
        let mut native = Vec::new();
        for (name, block) in blocks()? {
            process::say(&format!("{name}: {} transactions", block.transactions.len()));
            native.push(measure(&name, &block, lanes, &pool, arguments.rounds)?);
        }

        eprintln!();
        eprintln!(
            "  native               transactions      stock  sequential   block-stm on 1 … {lanes} lanes, against sequential"
        );
        for figure in &native {
            let ratios: Vec<String> = figure
                .block_stm
                .iter()
                .map(|time| format!("{:.2}×", figure.sequential as f64 / (*time).max(1) as f64))
                .collect();
            eprintln!(
                "  {:<20} {:>12} {:>7.2} ms {:>8.2} ms   {}",
                figure.name,
                figure.transactions,
                figure.stock as f64 / 1e6,
                figure.sequential as f64 / 1e6,
                ratios.join(" "),
            );
        }
        let browser = if arguments.native_only {
            None
        } else {
            let figures = super::browser::measure(&SCENARIOS, BLOCK)?;
            let names = native.iter().map(|f| f.name.as_str());
            super::browser::print(&figures, &names.zip(native.iter().map(|f| f.sequential)).collect());
            Some(figures)
        };
        if let Some(file) = &arguments.json {
            let report = Report { cores, rounds: arguments.rounds, native, browser };
            fs::write(file, serde_json::to_string_pretty(&report)?)
                .with_context(|| format!("{} cannot be written", file.display()))?;
        }
        Ok(())
    }

    fn blocks() -> Result<Vec<(String, PreparedBlock)>> {
        let folder = workspace::products().join("catalogue");
        let read = |name: &str| {
            fs::read_to_string(folder.join(name))
                .with_context(|| format!("{name} is missing; `cargo xtask catalogue` makes it"))
        };
        let catalogue = Catalogue::from_json(&[&read("mit.json")?, &read("gpl.json")?])?;
        let mut blocks = Vec::new();
        for name in SCENARIOS {
            let builtin = builtin::find(name).with_context(|| format!("no scenario {name}"))?;
            let document =
                scenario::parse(builtin.text).map_err(|problems| anyhow!("{name}: {problems:?}"))?;
            let prepared = prepare::scenario(&document, &catalogue)
                .map_err(|problems| anyhow!("{name}: {problems:?}"))?;
            blocks.push((name.to_owned(), prepared.block));
        }
        let path = workspace::data().join("blocks").join(format!("{BLOCK}.json.gz"));
        match fs::File::open(&path) {
            Ok(file) => {
                let mut text = String::new();
                flate2::read::GzDecoder::new(file).read_to_string(&mut text)?;
                let block = case::parse(&text).map_err(|problems| anyhow!("{BLOCK}: {problems:?}"))?;
                blocks.push((format!("block {BLOCK}"), block));
            }
            Err(_) => eprintln!("  no real block: {} is not there", path.display()),
        }
        Ok(blocks)
    }

    /// Every round runs everything once, so that a machine that slows down slows all alike.
    fn measure(
        name: &str,
        block: &PreparedBlock,
        lanes: u16,
        pool: &rayon::ThreadPool,
        rounds: usize,
    ) -> Result<Figure> {
        let loaded = Loaded::new(block);
        let (receipts, state) = evm::execute_block(block);
        let cancel = CancelFlag::new();
        let progress = AtomicU32::new(0);
        let mut stock = Vec::new();
        let mut sequential = Vec::new();
        let mut block_stm = vec![Vec::new(); usize::from(lanes)];
        let run = |strategy: StrategyId, lanes: u16| -> Result<u64> {
            let threads = if lanes == 1 { Threads::Own } else { Threads::Pool(pool) };
            let around = Surroundings {
                clock: &clock::now,
                cancel: &cancel,
                progress: &progress,
                threads,
                record: true,
            };
            let run = drive::run(&loaded, strategy, lanes, &around)?;
            if let Some(difference) =
                verify::difference((&run.receipts, &run.post_state), (&receipts, &state))
            {
                bail!("{name}, {} on {lanes}: {difference}", strategy.name());
            }
            Ok(run.trace.duration.0)
        };
        let warm_ups = rounds / 2 + 1;
        for round in 0..warm_ups + rounds {
            let started = clock::now();
            let done = evm::execute_block(block);
            let time = clock::now() - started;
            drop(done);
            let one = run(StrategyId::Sequential, 1)?;
            let mut many = Vec::new();
            for lane in 1..=lanes {
                many.push(run(StrategyId::BlockStm, lane)?);
            }
            if round >= warm_ups {
                stock.push(time);
                sequential.push(one);
                block_stm.iter_mut().zip(many).for_each(|(times, time)| times.push(time));
            }
        }
        Ok(Figure {
            name: name.to_owned(),
            transactions: block.transactions.len(),
            gas: receipts.last().map_or(0, |receipt| receipt.cumulative_gas_used),
            stock: median(stock),
            sequential: median(sequential),
            block_stm: block_stm.into_iter().map(median).collect(),
        })
    }

    fn median(mut times: Vec<u64>) -> u64 {
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default()
    }
}

//! Real blocks through every strategy and number of lanes.

use std::path::PathBuf;

use anyhow::Result;

#[derive(clap::Args)]
pub struct Arguments {
    /// Write one record per block, strategy and number of lanes to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Folder that has blocks/*.json.gz; without it $EVM_LANES_DATA, else ../shared/data.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Timed rounds of each; the median counts. One more before them warms up.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

/// Runs the blocks and prints what came out.
///
/// # Errors
/// If there are no blocks, a block cannot be read, or a run differs.
#[cfg(feature = "engine")]
pub fn run(arguments: &Arguments) -> Result<()> {
    native::run(arguments)
}

/// Starts this program again with the engine compiled in.
///
/// # Errors
/// As the other `run`.
#[cfg(not(feature = "engine"))]
pub fn run(_: &Arguments) -> Result<()> {
    crate::again::with_engine("dev")
}

#[cfg(feature = "engine")]
mod native {
    use std::{
        collections::BTreeMap,
        fs,
        io::Read,
        path::{Path, PathBuf},
        sync::atomic::AtomicU32,
        time::Instant,
    };

    use anyhow::{Context, Result, anyhow, bail};
    use evm_lanes_core::{
        cancel::CancelFlag,
        clock,
        drive::{self, Loaded, Surroundings, Threads},
        evm,
        prepare::{Origin, PreparedBlock, case},
        trace::StrategyId,
        verify,
    };
    use serde::Serialize;

    use super::Arguments;
    use crate::{process, workspace};

    /// Strategies with the numbers of lanes that they are tried with.
    const WAYS: [(StrategyId, u16); 6] = [
        (StrategyId::Sequential, 1),
        (StrategyId::BlockStm, 1),
        (StrategyId::BlockStm, 2),
        (StrategyId::BlockStm, 3),
        (StrategyId::BlockStm, 4),
        (StrategyId::BlockStm, 8),
    ];

    /// One block, one strategy, one number of lanes.
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Record {
        name: String,
        strategy: &'static str,
        threads: u16,
        transactions: usize,
        /// Equal to the header, or to the file's own expectation where the header is not known.
        equal_to_header: bool,
        header_known: bool,
        /// Equal to stock sequential execution, in receipts and post-state.
        equal_to_sequential: bool,
        /// Median of the rounds, in nanoseconds.
        time: u64,
        /// Attempts that did not commit, in the last round.
        aborts: usize,
        /// What differs, in words.
        #[serde(skip_serializing_if = "Option::is_none")]
        difference: Option<String>,
    }

    pub fn run(arguments: &Arguments) -> Result<()> {
        let folder = arguments.data.clone().unwrap_or_else(workspace::data);
        let paths = blocks(&folder.join("blocks"))?;
        let most = WAYS.iter().map(|(_, lanes)| *lanes).max().unwrap_or(1);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(usize::from(most))
            .build()
            .context("the lanes' threads cannot be started")?;

        let began = Instant::now();
        let mut records: Vec<Record> = Vec::new();
        for (i, path) in paths.iter().enumerate() {
            let name = name(path);
            let block = read(path)?;
            let of_block = try_block(&name, &block, &pool, arguments.rounds)?;
            let wrong = of_block.iter().filter(|record| record.difference.is_some()).count();
            eprintln!(
                "  {:>3}/{}  {name:<12} {:>5} transactions  {}",
                i + 1,
                paths.len(),
                block.transactions.len(),
                if wrong == 0 { "equal".to_owned() } else { format!("{wrong} DIFFER") },
            );
            records.extend(of_block);
        }

        if let Some(file) = &arguments.json {
            let text = serde_json::to_string_pretty(&records)?;
            fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))?;
        }
        summary(&records, paths.len(), began.elapsed().as_secs_f64());
        let wrong: Vec<&Record> = records.iter().filter(|record| record.difference.is_some()).collect();
        for record in wrong.iter().take(10) {
            let difference = record.difference.as_deref().unwrap_or_default();
            eprintln!("  {} {} on {}: {difference}", record.name, record.strategy, record.threads);
        }
        if !wrong.is_empty() {
            bail!("{} of {} runs differ", wrong.len(), records.len());
        }
        Ok(())
    }

    fn try_block(
        name: &str,
        block: &PreparedBlock,
        pool: &rayon::ThreadPool,
        rounds: usize,
    ) -> Result<Vec<Record>> {
        let Origin::Case(expected) = &block.origin else { bail!("{name} is no block case") };
        let (receipts, state) = evm::execute_block(block);
        let loaded = Loaded::new(block);
        let mut records = Vec::new();
        for (strategy, lanes) in WAYS {
            let cancel = CancelFlag::new();
            let progress = AtomicU32::new(0);
            let around = Surroundings {
                clock: &clock::now,
                cancel: &cancel,
                progress: &progress,
                threads: if lanes == 1 { Threads::Own } else { Threads::Pool(pool) },
            };
            let mut times = Vec::new();
            let mut header = None;
            let mut difference = None;
            let mut aborts = 0;
            // Every round is compared: what goes wrong in parallel seldom goes wrong every time.
            for round in 0..=rounds {
                let run = drive::run(&loaded, strategy, lanes, &around)
                    .map_err(|error| anyhow!("{name}: {} on {lanes}: {error}", strategy.name()))?;
                if round > 0 {
                    times.push(run.trace.duration.0);
                }
                aborts = run.trace.attempts.len().saturating_sub(block.transactions.len());
                let ours = (run.receipts.as_slice(), &run.post_state);
                let check = verify::header_check(&block.env, ours, expected);
                let figure = check.figures.iter().find(|figure| !figure.equal);
                let off = check.difference.or_else(|| {
                    figure.map(|figure| format!("{}: {}, header {}", figure.name, figure.ours, figure.header))
                });
                header = header.or(off);
                difference = difference.or_else(|| {
                    verify::difference(ours, (&receipts, &state)).map(|difference| difference.to_string())
                });
            }
            times.sort_unstable();
            records.push(Record {
                name: name.to_owned(),
                strategy: strategy.name(),
                threads: lanes,
                transactions: block.transactions.len(),
                equal_to_header: header.is_none(),
                header_known: expected.header_known,
                equal_to_sequential: difference.is_none(),
                time: times.get(times.len() / 2).copied().unwrap_or_default(),
                aborts,
                difference: difference.or(header),
            });
        }
        Ok(records)
    }

    fn summary(records: &[Record], blocks: usize, seconds: f64) {
        let sequential: BTreeMap<&str, u64> = records
            .iter()
            .filter(|record| record.strategy == StrategyId::Sequential.name())
            .map(|record| (record.name.as_str(), record.time))
            .collect();
        eprintln!();
        eprintln!("  strategy    threads   time of all blocks   against sequential   aborts   equal");
        for (strategy, lanes) in WAYS {
            let of_way: Vec<&Record> = records
                .iter()
                .filter(|record| record.strategy == strategy.name() && record.threads == lanes)
                .collect();
            let time: u64 = of_way.iter().map(|record| record.time).sum();
            let oracle: u64 = of_way.iter().filter_map(|record| sequential.get(record.name.as_str())).sum();
            let equal = of_way.iter().filter(|record| record.difference.is_none()).count();
            let aborts: usize = of_way.iter().map(|record| record.aborts).sum();
            eprintln!(
                "  {:<11} {lanes:>7} {:>17.1} ms {:>19.2}× {aborts:>8} {equal:>4} of {}",
                strategy.name(),
                time as f64 / 1e6,
                oracle as f64 / time.max(1) as f64,
                of_way.len(),
            );
        }
        eprintln!();
        let wrong = records.iter().filter(|record| record.difference.is_some()).count();
        process::say(&format!(
            "{blocks} blocks, {} runs of each strategy and number of lanes, {wrong} different, {seconds:.0} s",
            records.len(),
        ));
    }

    fn blocks(folder: &Path) -> Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder).with_context(|| {
            format!("{} cannot be listed; $EVM_LANES_DATA names the folder with blocks/", folder.display())
        })?;
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if file.ends_with(".json.gz") || file.ends_with(".json") {
                paths.push(path);
            }
        }
        if paths.is_empty() {
            bail!("{} has no *.json.gz", folder.display());
        }
        paths.sort_by_key(|path| (name(path).parse::<u64>().unwrap_or(u64::MAX), name(path)));
        Ok(paths)
    }

    fn name(path: &Path) -> String {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        file.trim_end_matches(".gz").trim_end_matches(".json").to_owned()
    }

    fn read(path: &Path) -> Result<PreparedBlock> {
        let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let mut text = String::new();
        if path.extension().is_some_and(|extension| extension == "gz") {
            flate2::read::GzDecoder::new(bytes.as_slice())
                .read_to_string(&mut text)
                .with_context(|| format!("{} cannot be unpacked", path.display()))?;
        } else {
            text = String::from_utf8(bytes).with_context(|| format!("{} is no text", path.display()))?;
        }
        case::parse(&text).map_err(|problems| {
            let lines: Vec<String> = problems.iter().take(5).map(ToString::to_string).collect();
            anyhow!("{}: {}", path.display(), lines.join("; "))
        })
    }
}

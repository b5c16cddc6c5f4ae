//! Real blocks through every strategy and number of lanes, timed.

use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    path::{Path, PathBuf},
    sync::atomic::AtomicU32,
};

use anyhow::{Context, Result, anyhow, bail};
use evm_lanes_core::{
    cancel::CancelFlag,
    clock,
    drive::{self, LoadedBlock, RunContext, Threads},
    evm,
    prepare::{Origin, PreparedBlock, case},
    strategies::StrategyId,
    verify,
};
use serde::Serialize;

/// The numbers of lanes for every strategy but the sequential one. Most machines have fewer than 16 cores, so that 16
/// lanes are interrupted at any moment.
const LANES: [u16; 6] = [1, 2, 3, 4, 8, 16];

/// The strategies, each with its numbers of lanes.
fn ways() -> impl Iterator<Item = (StrategyId, u16)> {
    StrategyId::ALL.into_iter().flat_map(|strategy| {
        let lanes = if strategy == StrategyId::SEQUENTIAL { &LANES[..1] } else { &LANES[..] };
        lanes.iter().map(move |lanes| (strategy, *lanes))
    })
}

/// One block, one strategy, one number of lanes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
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
    /// The difference, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<String>,
}

/// Runs the blocks in every way, `rounds` times after a warm-up. Prints a line for each block.
///
/// # Errors
/// If a block cannot be read or a run does not end.
pub fn run<'p>(paths: impl Iterator<Item = &'p PathBuf>, rounds: usize) -> Result<Vec<Record>> {
    let most = ways().map(|(_, lanes)| lanes).max().unwrap_or(1);
    let pool = crate::lanes::pool(usize::from(most))?;
    let mut records: Vec<Record> = Vec::new();
    for path in paths {
        let name = name(path);
        let block = read(path)?;
        let of_block = try_block(&name, &block, &pool, rounds)?;
        let wrong = of_block.iter().filter(|record| record.difference.is_some()).count();
        let transactions = block.transactions.len();
        let equal = if wrong == 0 { "equal".to_owned() } else { format!("{wrong} DIFFER") };
        eprintln!("  {name:<12} {transactions:>5} transactions  {equal}");
        records.extend(of_block);
    }
    Ok(records)
}

/// A line for each run that differs.
pub fn differences(records: &[Record]) -> impl Iterator<Item = String> {
    records.iter().filter_map(|record| {
        let difference = record.difference.as_ref()?;
        Some(format!("{} {} on {}: {difference}", record.name, record.strategy, record.threads))
    })
}

fn try_block(
    name: &str,
    block: &PreparedBlock,
    pool: &rayon::ThreadPool,
    rounds: usize,
) -> Result<Vec<Record>> {
    let Origin::Case(expected) = &block.origin else { bail!("{name} is no block case") };
    let (receipts, state) = evm::execute_block(block);
    let loaded = LoadedBlock::new(block);
    let mut records = Vec::new();
    for (strategy, lanes) in ways() {
        let cancel = CancelFlag::new();
        let progress = AtomicU32::new(0);
        let around = RunContext {
            clock: &clock::now,
            cancel: &cancel,
            progress: &progress,
            threads: if lanes == 1 { Threads::Own } else { Threads::Pool(pool) },
            first: &[],
            record: true,
        };
        let mut times = Vec::new();
        let mut header = None;
        let mut difference = None;
        let mut aborts = 0;
        // Every round is compared, because a race rarely shows in every round.
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

/// Prints a line for each way.
pub fn summary(records: &[Record]) {
    let sequential: BTreeMap<&str, u64> = records
        .iter()
        .filter(|record| record.strategy == StrategyId::SEQUENTIAL.name())
        .map(|record| (record.name.as_str(), record.time))
        .collect();
    eprintln!();
    eprintln!("  strategy    threads   time of all blocks   against sequential   aborts   equal");
    for (strategy, lanes) in ways() {
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
}

/// The folder's blocks by number; none if there is no such folder.
///
/// # Errors
/// If the folder is there and cannot be listed or has no block: zero cases are no success.
pub fn paths(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be listed", folder.display()))? {
        let path = entry?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if file.ends_with(".json.gz") || file.ends_with(".json") {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        bail!("{} has no *.json.gz: zero cases are no success", folder.display());
    }
    paths.sort_by_key(|path| (name(path).parse::<u64>().unwrap_or(u64::MAX), name(path)));
    Ok(paths)
}

/// A file's name without its endings.
pub fn name(path: &Path) -> String {
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    file.trim_end_matches(".gz").trim_end_matches(".json").to_owned()
}

/// A file's text, unpacked if it is packed.
///
/// # Errors
/// If it cannot be read.
pub fn text(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut text = String::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        flate2::read::GzDecoder::new(bytes.as_slice())
            .read_to_string(&mut text)
            .with_context(|| format!("{} cannot be unpacked", path.display()))?;
    } else {
        text = String::from_utf8(bytes).with_context(|| format!("{} is no text", path.display()))?;
    }
    Ok(text)
}

fn read(path: &Path) -> Result<PreparedBlock> {
    case::parse(&text(path)?).map_err(|problems| {
        let lines: Vec<String> = problems.iter().take(5).map(ToString::to_string).collect();
        anyhow!("{}: {}", path.display(), lines.join("; "))
    })
}

//! Native figures: Block-STM against our own sequential run, and that against a plain revm loop.

use std::{fs, sync::atomic::AtomicU32};

use anyhow::{Result, bail};
use evm_lanes_core::{
    analysis,
    cancel::CancelFlag,
    clock,
    drive::{self, Loaded, Surroundings, Threads},
    evm,
    prepare::PreparedBlock,
    run::Run,
    trace::StrategyId,
    units::TxIndex,
    verify,
};

use super::{
    blocks::{self, GIGAGAS, GROWTH, LONDON_PLUS, SCENARIOS, Scenarios},
    table::{Figures, ms, ratio},
};
use crate::{lanes, process};

/// Lanes that figures are given for.
const LANES: u16 = 2;
/// Measured rounds of one block take about so long at most, in nanoseconds.
const PATIENCE: u64 = 4_000_000_000;
const FEWEST_ROUNDS: usize = 5;

/// Medians for one block, in nanoseconds.
pub(super) struct Figure {
    pub(super) name: String,
    pub(super) transactions: usize,
    /// revm's own journal on a plain state, committing each transaction.
    pub(super) stock: u64,
    /// The sequential strategy.
    pub(super) sequential: u64,
    /// Block-STM on one lane and on [`LANES`].
    pub(super) one: u64,
    pub(super) two: u64,
    /// Block-STM on [`LANES`], without notes for the trace.
    unrecorded: u64,
    /// What is chosen from the sequential run, on [`LANES`].
    automatic: u64,
    chosen: StrategyId,
    /// Attempts of the last run on [`LANES`].
    attempts: usize,
    /// What a run on [`LANES`] adds to the process's memory at most, in bytes, where that is known.
    memory: Option<u64>,
}

/// Measures every block whose name `selected` wants.
///
/// # Errors
/// If a block cannot be prepared, or a run ends otherwise than the plain loop.
pub(super) fn measure(rounds: usize, selected: &dyn Fn(&str) -> bool) -> Result<Vec<Figure>> {
    let pool = lanes::pool(LANES.into())?;
    let scenarios = Scenarios::new()?;
    let mut figures = Vec::new();
    let mut add = |name: &str, block: &dyn Fn() -> Result<PreparedBlock>| -> Result<()> {
        if selected(name) {
            process::say(name);
            figures.push(measure_block(name, &block()?, &pool, rounds)?);
        }
        Ok(())
    };
    let real = blocks::real();
    if real.is_empty() {
        eprintln!("  no real blocks: their figures are left out");
    }
    for number in &real {
        add(&format!("block/{number}"), &|| blocks::read(number))?;
    }
    for (name, scenario) in SCENARIOS {
        add(name, &|| scenarios.builtin(scenario))?;
    }
    for (name, scenario, from, to) in GIGAGAS {
        add(name, &|| scenarios.resized(scenario, from, to, to))?;
    }
    for (name, transactions) in GROWTH {
        add(name, &|| scenarios.resized("transfers-2000", 2_000, transactions / 2, transactions))?;
    }
    Ok(figures)
}

/// Every round runs everything once, so that a machine that slows down slows all alike.
fn measure_block(
    name: &str,
    block: &PreparedBlock,
    pool: &rayon::ThreadPool,
    rounds: usize,
) -> Result<Figure> {
    let loaded = Loaded::new(block);
    let (receipts, state) = evm::execute_block(block);
    let cancel = CancelFlag::new();
    let progress = AtomicU32::new(0);
    let run = |strategy: StrategyId, lanes: u16, record: bool, early: &[TxIndex]| -> Result<Run> {
        let threads = if lanes == 1 { Threads::Own } else { Threads::Pool(pool) };
        let around = Surroundings {
            clock: &clock::now,
            cancel: &cancel,
            progress: &progress,
            threads,
            first: early,
            record,
        };
        let run = drive::run(&loaded, strategy, lanes, &around)?;
        if let Some(difference) = verify::difference((&run.receipts, &run.post_state), (&receipts, &state)) {
            bail!("{name}, {} on {lanes}: {difference}", strategy.name());
        }
        Ok(run)
    };
    // The second: the first run of a block is slower than all that follow.
    run(StrategyId::Sequential, 1, true, &[])?;
    let first = run(StrategyId::Sequential, 1, true, &[])?;
    let chosen = analysis::choose(&first.trace, LANES);
    let early = analysis::long_first(&first.trace, LANES);
    let affordable = PATIENCE / (6 * first.trace.duration.0).max(1);
    let rounds = rounds.min((affordable as usize).max(FEWEST_ROUNDS));
    drop(first);
    let before = memory::peak_from_here();
    let attempts = run(StrategyId::BlockStm, LANES, true, &early)?.trace.attempts.len();
    let memory = memory::peak().zip(before).map(|(peak, before)| peak.saturating_sub(before));

    let warm_ups = rounds / 2 + 1;
    let mut times: [Vec<u64>; 6] = Default::default();
    for round in 0..warm_ups + rounds {
        let started = clock::now();
        let done = evm::execute_block(block);
        let stock = clock::now() - started;
        drop(done);
        let duration = |strategy, lanes, record| {
            Ok::<u64, anyhow::Error>(run(strategy, lanes, record, &early)?.trace.duration.0)
        };
        let lanes_chosen = if chosen == StrategyId::Sequential { 1 } else { LANES };
        let taken = [
            stock,
            duration(StrategyId::Sequential, 1, true)?,
            duration(StrategyId::BlockStm, 1, true)?,
            duration(StrategyId::BlockStm, LANES, true)?,
            duration(StrategyId::BlockStm, LANES, false)?,
            duration(chosen, lanes_chosen, true)?,
        ];
        if round >= warm_ups {
            times.iter_mut().zip(taken).for_each(|(times, time)| times.push(time));
        }
    }
    let [stock, sequential, one, two, unrecorded, automatic] = times.map(median);
    // The same run twice would only show how the machine varies.
    let automatic = if chosen == StrategyId::Sequential { sequential } else { automatic };
    Ok(Figure {
        name: name.to_owned(),
        transactions: block.transactions.len(),
        stock,
        sequential,
        one,
        two,
        unrecorded,
        automatic,
        chosen,
        attempts,
        memory,
    })
}

fn median(mut times: Vec<u64>) -> u64 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Prints one screen, and puts the figures down by name.
pub(super) fn report(measured: &[Figure], figures: &mut Figures) {
    eprintln!();
    eprintln!(
        "  native                    transactions   plain revm   sequential    1 lane  {LANES} lanes  automatic   attempts   memory each"
    );
    for figure in measured {
        let Figure { name, sequential, .. } = figure;
        let memory = figure.memory.map_or("?".to_owned(), |bytes| {
            format!("{:.1} kB", bytes as f64 / 1e3 / figure.transactions.max(1) as f64)
        });
        let automatic = if figure.chosen == StrategyId::Sequential { "seq" } else { "" };
        eprintln!(
            "  {name:<26} {:>10} {:>9.2} ms {:>9.2} ms   {:>5.2}×   {:>5.2}×  {:>5.2}× {automatic:<3} {:>10} {memory:>13}",
            figure.transactions,
            ms(figure.stock),
            ms(*sequential),
            ratio(*sequential, figure.one),
            ratio(*sequential, figure.two),
            ratio(*sequential, figure.automatic),
            figure.attempts,
        );
        figures.put(format!("native/{name}/threads1"), ratio(*sequential, figure.one));
        figures.put(format!("native/{name}/threads{LANES}"), ratio(*sequential, figure.two));
        if let Some(bytes) = figure.memory {
            let each = bytes as f64 / figure.transactions.max(1) as f64;
            figures.put(format!("native/{name}/bytes_per_transaction"), each);
        }
    }
    let london: Vec<&Figure> =
        measured.iter().filter(|f| LONDON_PLUS.iter().any(|n| f.name == format!("block/{n}"))).collect();
    let sum = |part: fn(&Figure) -> u64| london.iter().map(|f| part(f)).sum::<u64>();
    let sequential = sum(|f| f.sequential);
    if london.len() == LONDON_PLUS.len() {
        figures.put("native/london_plus/threads1", ratio(sequential, sum(|f| f.one)));
        figures.put(format!("native/london_plus/threads{LANES}"), ratio(sequential, sum(|f| f.two)));
        figures.put("native/sequential_vs_plain_revm", ratio(sum(|f| f.stock), sequential));
        eprintln!();
        eprintln!(
            "  the {} blocks of London to Cancun together: {:.2}× on 1 lane, {:.2}× on {LANES}; sequential {:.2}× of a plain revm loop",
            london.len(),
            ratio(sequential, sum(|f| f.one)),
            ratio(sequential, sum(|f| f.two)),
            ratio(sum(|f| f.stock), sequential),
        );
    }
    let worst = measured
        .iter()
        .min_by(|a, b| ratio(a.sequential, a.automatic).total_cmp(&ratio(b.sequential, b.automatic)));
    if let Some(worst) = worst {
        let least = ratio(worst.sequential, worst.automatic);
        figures.put("native/auto/min", least);
        eprintln!("  automatic choice on {LANES} lanes: never below {least:.2}× ({})", worst.name);
    }
    let find = |name: &str| measured.iter().find(|figure| figure.name == name);
    if let Some(figure) = find("gigagas/erc20") {
        let overhead = ratio(figure.two, figure.unrecorded) - 1.0;
        figures.put("native/trace_overhead", overhead);
        eprintln!("  recording the trace: {:.1} % on ERC-20 transfers", 100.0 * overhead);
    }
    if let (Some(few), Some(many)) = (find(GROWTH[0].0), find(GROWTH[1].0)) {
        let each = |figure: &Figure| figure.two as f64 / figure.transactions as f64;
        let growth = each(many) / each(few);
        figures.put("native/growth/100k_vs_1k", growth);
        eprintln!("  a payment among 100,000 costs {growth:.2}× of one among 1,000");
    }
}

/// The process's memory, where the system tells.
mod memory {
    use super::fs;

    /// Forgets the peak so far; gives what is in use, in bytes.
    pub(super) fn peak_from_here() -> Option<u64> {
        fs::write("/proc/self/clear_refs", "5").ok()?;
        field("VmRSS:")
    }

    /// The most that was in use since, in bytes.
    pub(super) fn peak() -> Option<u64> {
        field("VmHWM:")
    }

    fn field(name: &str) -> Option<u64> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
    }
}

//! Native figures: Block-STM against our own sequential run, and the whole call against a lean loop on stock revm; see
//! docs/figures.md.
//!
//! ```text
//! a round    core 0: lean, 1 lane, sequential ─ probe ─ 2 lanes, whole call ─ probe ─ core 1: sequential, 1 lane, lean
//! ```
//! A run on one core is made on each, and the time at their mean speed counts ([`harmonic_mean`]). So a speed-up compares
//! two lanes on both cores with one run on a core of average speed. A round whose probes find that the cores are one
//! ([`super::cores`]) is excluded, and another round is made.

use std::fs;

use anyhow::Result;
use evm_lanes_core::{clock, prepare::PreparedBlock, strategies::StrategyId};

use super::{
    blocks::{self, GIGAGAS, GROWTH, LONDON_PLUS, SCENARIOS, Scenarios},
    cores::{CORES, Cores},
    rounds::{FEWEST, Round, Rounds, harmonic_mean, together},
    subject::{Lean, Subject},
    table::{Figures, ms},
};
use crate::process;

/// About the longest time of one block's rounds if none is excluded, in nanoseconds.
const PATIENCE: f64 = 15e9;
/// A round takes about as long as this many sequential runs.
const SEQUENTIAL_RUNS: f64 = 9.0;
/// At most this many rounds are made for one that is wanted.
const TRIES: usize = 3;
/// Blocks with too few rounds are measured again after all others, when the host may have moved its cores. This often.
const VISITS: usize = 3;
/// No block is measured again after this time, in nanoseconds.
const NO_MORE: u64 = 480_000_000_000;
/// The block for which the cost of recording is measured.
const RECORDING: &str = "gigagas/erc20";

/// The figures of one block.
pub(super) struct Figure {
    name: String,
    transactions: usize,
    rounds: Rounds,
    /// What is chosen from the sequential run, on two lanes.
    chosen: StrategyId,
    /// Attempts of the first run on two lanes.
    attempts: usize,
    /// The most memory that this run added to the process, in bytes, if it is known.
    memory: Option<u64>,
}

impl Figure {
    /// The speed-up of the automatic choice. It is taken from the runs of the chosen strategy, because the same run
    /// again would only show the machine's noise.
    fn speed_up_chosen(&self) -> f64 {
        if self.chosen == StrategyId::SEQUENTIAL { 1.0 } else { self.rounds.speed_up_two() }
    }
}

/// How to make a block, and which runs it needs besides sequential and two lanes.
struct Plan<'a> {
    name: String,
    make: Box<dyn Fn() -> Result<PreparedBlock> + 'a>,
    /// The lean loop, the whole call, and one lane.
    alone: bool,
    /// Two lanes without a record.
    unrecorded: bool,
}

/// Measures every block whose name `selected` accepts, with this many rounds each.
///
/// # Errors
/// If a block cannot be prepared, or a run's result differs from the reference.
pub(super) fn measure(cores: &Cores, rounds: usize, selected: &dyn Fn(&str) -> bool) -> Result<Vec<Figure>> {
    let scenarios = Scenarios::new()?;
    let plans = plans(&scenarios, selected);
    let mut figures: Vec<Vec<Figure>> = plans.iter().map(|_| Vec::new()).collect();
    let started = clock::now();
    for visit in 0..VISITS {
        for (plans, figures) in plans.iter().zip(&mut figures) {
            let enough = visit > 0 && figures.iter().all(|figure| figure.rounds.enough());
            if !enough && (visit == 0 || clock::now() - started < NO_MORE) {
                take_turns(plans, cores, rounds, figures)?;
            }
        }
    }
    Ok(figures.into_iter().flatten().collect())
}

/// The blocks, in groups whose rounds alternate.
fn plans<'a>(scenarios: &'a Scenarios, selected: &dyn Fn(&str) -> bool) -> Vec<Vec<Plan<'a>>> {
    let plan = |name: String, make: Box<dyn Fn() -> Result<PreparedBlock> + 'a>| {
        let (alone, unrecorded) = (!GROWTH.iter().any(|(growth, _)| *growth == name), name == RECORDING);
        Plan { name, make, alone, unrecorded }
    };
    let real = blocks::real();
    if real.is_empty() {
        eprintln!("  no real blocks: their figures are left out");
    }
    let mut plans: Vec<Vec<Plan<'a>>> = Vec::new();
    for number in real {
        plans.push(vec![plan(format!("block/{number}"), Box::new(move || blocks::read(&number)))]);
    }
    for (name, scenario) in SCENARIOS {
        plans.push(vec![plan(name.to_owned(), Box::new(move || scenarios.builtin(scenario)))]);
    }
    for (name, scenario, from, to) in GIGAGAS {
        plans.push(vec![plan(name.to_owned(), Box::new(move || scenarios.resized(scenario, from, to, to)))]);
    }
    let growth = GROWTH.map(|(name, transactions)| {
        let accounts = transactions / 2;
        let make = move || scenarios.resized("transfers-2000", 2_000, accounts, transactions);
        plan(name.to_owned(), Box::new(make))
    });
    plans.push(growth.into());
    for plans in &mut plans {
        plans.retain(|plan| selected(&plan.name));
    }
    plans.retain(|plans| !plans.is_empty());
    plans
}

/// Makes rounds in which the blocks alternate, after some warm-up rounds, and adds them to `figures`: those of the same
/// blocks, or none yet.
fn take_turns(plans: &[Plan<'_>], cores: &Cores, rounds: usize, figures: &mut Vec<Figure>) -> Result<()> {
    let names: Vec<&str> = plans.iter().map(|plan| plan.name.as_str()).collect();
    process::say(&names.join(", "));
    let subjects = plans
        .iter()
        .map(|plan| Subject::new(&plan.name, (plan.make)()?, cores))
        .collect::<Result<Vec<_>>>()?;
    if figures.is_empty() {
        for (plan, subject) in plans.iter().zip(&subjects) {
            let before = memory::peak_from_here(cores);
            let attempts = subject.attempts()?;
            figures.push(Figure {
                name: plan.name.clone(),
                transactions: subject.transactions(),
                rounds: Rounds::default(),
                chosen: subject.chosen(),
                attempts,
                memory: memory::peak().zip(before).map(|(peak, before)| peak.saturating_sub(before)),
            });
        }
    }
    let each = SEQUENTIAL_RUNS * subjects.iter().map(Subject::estimate).sum::<f64>();
    let wanted = rounds.min((PATIENCE / each.max(1.0)) as usize).max(FEWEST);
    let mut number = 0;
    let mut round = || {
        number += 1;
        let each = plans.iter().zip(&subjects);
        let mut rounds = each
            .map(|(plan, subject)| one_round(plan, subject, cores, number))
            .collect::<Result<Vec<_>>>()?;
        // The blocks of a group are compared with each other, too.
        let shared = rounds.iter().any(|round| round.shared);
        rounds.iter_mut().for_each(|round| round.shared = shared);
        anyhow::Ok(rounds)
    };
    for _ in 0..=wanted / 4 {
        round()?;
    }
    let mut clear = 0;
    for _ in 0..TRIES * wanted {
        let rounds = round()?;
        clear += usize::from(rounds.iter().all(|round| !round.shared));
        figures.iter_mut().zip(rounds).for_each(|(figure, round)| figure.rounds.push(round));
        if clear >= wanted {
            break;
        }
    }
    Ok(())
}

/// One round: the same runs on each core, before and after the runs on both. So if one core is slow for longer than a
/// run, both sides of a ratio are slow.
fn one_round(plan: &Plan<'_>, subject: &Subject<'_>, cores: &Cores, number: usize) -> Result<Round> {
    let alone = |run: &dyn Fn() -> Result<f64>| if plan.alone { run().map(Some) } else { Ok(None) };
    let lean = plan.alone.then(|| subject.lean(0)).transpose()?;
    let one = alone(&|| subject.one(0))?;
    let sequential = subject.sequential(0)?;
    let mut shared = cores.probe().shared();
    let mut on_both = |record| {
        let time = subject.two(record)?;
        shared |= cores.probe().shared();
        anyhow::Ok(time)
    };
    // The first of two runs changes memory and cores for the second, so their order alternates.
    let (two, unrecorded) = match (plan.unrecorded, number % 2) {
        (false, _) => (on_both(true)?, None),
        (true, 0) => (on_both(true)?, Some(on_both(false)?)),
        (true, _) => {
            let unrecorded = on_both(false)?;
            (on_both(true)?, Some(unrecorded))
        }
    };
    let whole = plan.alone.then(|| subject.whole()).transpose()?;
    shared |= cores.probe().shared();
    let sequential = harmonic_mean(&[sequential, subject.sequential(1)?]);
    let one = one.map(|first| anyhow::Ok(harmonic_mean(&[first, subject.one(1)?]))).transpose()?;
    let lean = lean.map(|first| anyhow::Ok([first, subject.lean(1)?])).transpose()?;
    let of_lean = |part: fn(&Lean) -> f64| lean.map(|both| harmonic_mean(&both.each_ref().map(part)));
    Ok(Round {
        lean: of_lean(|lean| lean.running),
        lean_preparing: of_lean(|lean| lean.preparing),
        whole: whole.map(|whole| whole.all),
        preparing: whole.map(|whole| whole.preparing),
        sequential,
        one,
        two,
        unrecorded,
        shared,
    })
}

/// Prints one screen, and stores the figures by name.
pub(super) fn report(measured: &[Figure], figures: &mut Figures) {
    eprintln!();
    eprintln!(
        "  native                    transactions    lean loop   sequential   1 lane  {CORES} lanes  automatic  attempts  memory each    rounds"
    );
    for figure in measured {
        let Figure { name, rounds, .. } = figure;
        let each = figure.memory.map(|bytes| bytes as f64 / figure.transactions.max(1) as f64);
        let memory = each.map_or("?".to_owned(), |bytes| format!("{:.1} kB", bytes / 1e3));
        let automatic = if figure.chosen == StrategyId::SEQUENTIAL { "seq" } else { "" };
        let or_none = |value: f64, text: String| if value.is_finite() { text } else { "–".to_owned() };
        let (lean, one) = (rounds.lean(), rounds.speed_up_one());
        let (two, chosen) = (rounds.speed_up_two(), figure.speed_up_chosen());
        eprintln!(
            "  {name:<26} {:>11} {:>12} {:>9.2} ms {:>8} {:>6.2}×{} {:>6.2}× {automatic:<3} {:>9} {memory:>12} {:>9}",
            figure.transactions,
            or_none(lean, format!("{:.2} ms", ms(lean))),
            ms(rounds.sequential()),
            or_none(one, format!("{one:.2}×")),
            two,
            if rounds.enough() { " " } else { "!" },
            chosen,
            figure.attempts,
            format!("{}/{}", rounds.clear(), rounds.made()),
        );
        figures.put(format!("native/{name}/threads1"), one);
        figures.put(format!("native/{name}/threads{CORES}"), two);
        figures.put(format!("native/{name}/threads{CORES}/all_rounds"), rounds.speed_up_two_of_all());
        if let Some(each) = each {
            figures.put(format!("native/{name}/bytes_per_transaction"), each);
        }
    }
    report_rounds(measured, figures);
    let london: Vec<&Rounds> = measured
        .iter()
        .filter(|f| LONDON_PLUS.iter().any(|number| f.name == format!("block/{number}")))
        .map(|figure| &figure.rounds)
        .collect();
    if london.len() == LONDON_PLUS.len() {
        let all = |speed_up: fn(&Rounds) -> f64| {
            together(&london.iter().map(|r| (r.sequential(), speed_up(r))).collect::<Vec<_>>())
        };
        let (one, two) = (all(Rounds::speed_up_one), all(Rounds::speed_up_two));
        let lean = all(|rounds| rounds.lean_to_sequential().recip()).recip();
        figures.put("native/london_plus/threads1", one);
        figures.put(format!("native/london_plus/threads{CORES}"), two);
        figures
            .put(format!("native/london_plus/threads{CORES}/all_rounds"), all(Rounds::speed_up_two_of_all));
        figures.put("native/sequential_vs_lean", lean);
        eprintln!(
            "  the {} blocks of London to Cancun together: {one:.2}× on 1 lane, {two:.2}× on {CORES}; sequential {lean:.2}× as fast as the lean loop",
            london.len(),
        );
    }
    report_whole(measured, &london, figures);
    let worst = measured.iter().min_by(|a, b| a.speed_up_chosen().total_cmp(&b.speed_up_chosen()));
    if let Some(worst) = worst {
        let least = worst.speed_up_chosen();
        figures.put("native/auto/min", least);
        eprintln!("  automatic choice on {CORES} lanes: never below {least:.2}× ({})", worst.name);
    }
    let find = |name: &str| measured.iter().find(|figure| figure.name == name);
    if let Some(figure) = find(RECORDING) {
        let overhead = figure.rounds.overhead();
        figures.put("native/trace_overhead", overhead);
        eprintln!("  recording the trace: {:.1} % on ERC-20 transfers", 100.0 * overhead);
    }
    if let (Some(few), Some(many)) = (find(GROWTH[0].0), find(GROWTH[1].0)) {
        let growth =
            many.rounds.two_against(&few.rounds) * few.transactions as f64 / many.transactions.max(1) as f64;
        figures.put("native/growth/100k_vs_1k", growth);
        eprintln!("  a payment among 100,000 costs {growth:.2}× of one among 1,000");
    }
}

/// Stores and prints the whole call on two lanes against the lean loop.
fn report_whole(measured: &[Figure], london: &[&Rounds], figures: &mut Figures) {
    eprintln!();
    eprintln!(
        "  whole call, {CORES} lanes            against the lean loop   and what it prepares   preparation / sequential"
    );
    let mut line = |name: &str, whole: f64, both: f64, preparation: f64| {
        eprintln!("  {name:<26} {whole:>21.2}× {both:>22.2}× {:>24.0} %", 100.0 * preparation);
        figures.put(format!("native/whole_call/{name}/threads{CORES}_vs_lean"), whole);
        figures.put(format!("native/prepare_vs_sequential/{name}"), preparation);
    };
    for Figure { name, rounds, .. } in measured.iter().filter(|figure| figure.rounds.lean().is_finite()) {
        line(name, rounds.lean_to_whole(), rounds.lean_whole_to_whole(), rounds.preparation());
    }
    if london.len() == LONDON_PLUS.len() {
        let all = |ratio: fn(&Rounds) -> f64| {
            together(&london.iter().map(|r| (r.lean(), ratio(r))).collect::<Vec<_>>())
        };
        let sequential: f64 = london.iter().map(|rounds| rounds.sequential()).sum();
        let preparing: f64 = london.iter().map(|rounds| rounds.preparation() * rounds.sequential()).sum();
        let both = all(Rounds::lean_whole_to_whole);
        line("london_plus", all(Rounds::lean_to_whole), both, preparing / sequential);
    }
}

/// Stores and prints how many rounds count.
fn report_rounds(measured: &[Figure], figures: &mut Figures) {
    let made: usize = measured.iter().map(|figure| figure.rounds.made()).sum();
    let aside = made - measured.iter().map(|figure| figure.rounds.clear()).sum::<usize>();
    figures.put("machine/rounds", made as f64);
    figures.put("machine/rounds_put_aside", aside as f64);
    eprintln!();
    eprintln!("  {aside} of {made} rounds excluded: the two cores were threads of one physical core");
    let few: Vec<&str> =
        measured.iter().filter(|f| !f.rounds.enough()).map(|figure| figure.name.as_str()).collect();
    if !few.is_empty() {
        eprintln!(
            "  ! fewer than {FEWEST} left, so all rounds count, although most ran on one physical core: {}",
            few.join(", ")
        );
    }
}

/// The process's memory, if the system reports it.
mod memory {
    use super::{Cores, fs};

    // SAFETY: as mimalloc's `mimalloc.h` declares it. It takes no address, may be called by any thread at any
    // time, and frees only unused memory.
    unsafe extern "C" {
        /// Returns the memory that the allocator keeps for this thread.
        safe fn mi_collect(force: bool);
    }

    /// Makes the allocator return what it keeps, and resets the peak. Returns the memory in use, in bytes.
    pub(super) fn peak_from_here(cores: &Cores) -> Option<u64> {
        cores.pool().broadcast(|_| mi_collect(true));
        mi_collect(true);
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

    #[cfg(test)]
    mod tests {
        #[test]
        fn what_is_in_use_stays_when_the_rest_is_given_back() {
            let kept: Vec<Vec<usize>> = (0..1_000).map(|i| vec![i; i]).collect();
            drop((0..1_000).map(|i| vec![i; i]).collect::<Vec<_>>());
            let cores = super::super::Cores::new().unwrap();
            let before = super::peak_from_here(&cores);
            let more = vec![1_u8; 64 << 20];
            assert!(kept.iter().enumerate().all(|(i, all)| *all == vec![i; i]));
            if let Some((before, peak)) = before.zip(super::peak()) {
                assert!(peak - before >= more.len() as u64, "{before} to {peak}");
            }
        }
    }
}

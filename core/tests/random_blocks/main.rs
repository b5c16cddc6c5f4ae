//! Small adversarial random blocks: every strategy on every number of lanes must give the result of stock
//! execution, receipt by receipt and account by account.
//!
//! ```text
//! seed ─ generator ─▶ block ─┬─ stock revm, one transaction after the other ─▶ receipts, state
//!                            └─ strategies × lanes, with a restless clock ───▶ the same
//! ```
//! The census counts the events in those blocks. The test fails if any kind of event never happens, so that the
//! generator keeps making all of them.
//!
//! `EVM_LANES_SEEDS=n` runs n seeds. A seed that fails is printed, with a link that shows its block in the page.
//! `EVM_LANES_SEED=n` runs one seed alone, 300 times. Add a seed that failed to `SEEDS_THAT_FAILED`.

#[path = "../support/mod.rs"]
mod support;

mod census;
mod generator;
mod link;
mod program;

use std::time::{Duration, Instant};

use evm_lanes_core::{
    baseline::Baseline,
    drive::LoadedBlock,
    evm,
    model::CostModel,
    prepare::{PreparedBlock, State},
    run::Receipt,
    trace::Clock,
};

use census::Census;
use generator::Generator;
use link::{OnFailure, Shown};

/// Seeds that once showed a bug.
const SEEDS_THAT_FAILED: &[u64] = &[367];

/// After this time fewer seeds are enough, if every kind of event has happened.
const PATIENCE: Duration = Duration::from_secs(40);

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn random_blocks_end_as_stock_execution_ends_them() {
    let mut census = Census::default();
    if let Some(seed) = variable("EVM_LANES_SEED") {
        (0..300).for_each(|_| check(seed, &mut census));
        eprintln!("{census}");
        return;
    }
    let seeds = variable("EVM_LANES_SEEDS");
    let start = Instant::now();
    for seed in SEEDS_THAT_FAILED.iter().copied().chain(0..seeds.unwrap_or(1_500)) {
        check(seed, &mut census);
        // Lanes wait for each other, so a busy machine would need very long for all seeds.
        if seeds.is_none() && start.elapsed() > PATIENCE && census.missing().is_empty() {
            break;
        }
    }
    eprintln!("{census}");
    assert!(census.missing().is_empty(), "never happened: {:?}", census.missing());
}

fn check(seed: u64, census: &mut Census) {
    let block = Generator::new(seed).block();
    let what = format!("seed {seed}, {}", block.env.fork.name());
    let stock = evm::execute_block(&block);
    let (receipts, state) = &stock;
    census.of_block(&block, receipts);
    check_baseline(&block, &stock, &what);
    let loaded = LoadedBlock::new(&block);
    for (strategy, lanes) in support::LANES {
        let shown = Shown { strategy, lanes, clock: Clock::Measured, model: CostModel::default() };
        let _on_failure = OnFailure { block: &block, stock: &stock, shown };
        let run = support::run_restless(&loaded, strategy, lanes, seed);
        let what = format!("{what}, {} on {lanes}", strategy.name());
        assert_eq!(run.receipts.len(), receipts.len(), "{what}: receipts");
        for (i, (ours, theirs)) in run.receipts.iter().zip(receipts).enumerate() {
            assert_eq!(ours, theirs, "{what}: transaction {i}: {:?}", transaction(&block, i));
        }
        support::assert_equal_states(&run.post_state, state, &what);
        support::assert_whole(&run.trace, &what);
        census.of_run(&run);
    }
}

/// What the speed of lanes is compared with gives the same, too.
fn check_baseline(block: &PreparedBlock, (receipts, state): &(Vec<Receipt>, State), what: &str) {
    let baseline = Baseline::new(block);
    let done = baseline.run();
    assert_eq!(&done.receipts, receipts, "{what}, the baseline");
    support::assert_equal_states(&done.state_after(block), state, what);
}

fn transaction(block: &PreparedBlock, i: usize) -> String {
    let tx = &block.transactions[i];
    format!("type {} from {} nonce {} to {:?}", tx.kind, tx.from, tx.nonce, tx.to)
}

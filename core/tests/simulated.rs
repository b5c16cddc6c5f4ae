//! Simulated lanes: every strategy ends where stock execution ends, on any number of lanes, whatever
//! order the seed makes; and the same arguments give the same trace, byte for byte, on every machine.
//!
//! ```text
//! seed ─ generator ─▶ block ─┬─ stock revm ─────────────────────────────────▶ receipts, state
//!                            └─ strategies × lanes × seeds on a virtual clock ─▶ the same
//! ```
//! A failure prints the command that replays it. `EVM_LANES_RUNS=n` makes that many seeded runs.
//! `EVM_LANES_WRITE_GOLDEN=1` writes the golden file anew.

mod support;

#[path = "random_blocks/generator.rs"]
mod generator;
#[path = "random_blocks/program.rs"]
mod program;

use std::{collections::HashSet, fs, path::Path};

use alloy_primitives::keccak256;
use evm_lanes_core::{
    cancel::CancelFlag,
    catalogue::Catalogue,
    drive::{self, Loaded, Simulation, Stopped},
    evm,
    model::{Cost, Model},
    prepare::{self, PreparedBlock, State},
    run::{Receipt, Run},
    scenario::{self, builtin},
    trace::{Clock, Outcome, StrategyId},
};

use generator::Generator;

/// Seeded runs of random blocks, at least.
const RUNS: u64 = 10_000;

const LANES: [u16; 5] = [1, 2, 8, 64, 256];

/// Made-up times for [`Cost::Measured`].
fn times(loaded: &Loaded) -> Vec<(u64, u64)> {
    (0..loaded.transactions() as u64).map(|i| (1_000 + i * 7919 % 5_000, 50_000)).collect()
}

fn simulate(loaded: &Loaded, strategy: StrategyId, lanes: u16, model: Model) -> Run {
    let around = Simulation {
        model,
        measured: &times(loaded),
        cancel: &CancelFlag::new(),
        progress: &|_| {},
        record: true,
    };
    drive::simulate(loaded, strategy, lanes, &around)
        .unwrap_or_else(|stopped| panic!("{} on {lanes}: {stopped}", strategy.name()))
}

fn gas(seed: u64) -> Model {
    Model { cost: Cost::Gas, seed }
}

/// A run against stock execution.
fn check(run: &Run, (receipts, state): &(Vec<Receipt>, State), what: &str) {
    assert_eq!(run.receipts.len(), receipts.len(), "{what}: receipts");
    for (i, (ours, theirs)) in run.receipts.iter().zip(receipts).enumerate() {
        assert_eq!(ours, theirs, "{what}: transaction {i}");
    }
    support::assert_equal_states(&run.post_state, state, what);
    support::assert_whole(&run.trace, what);
    assert_eq!(run.trace.clock, Clock::Simulated);
}

fn catalogue() -> Catalogue {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/catalogue");
    let read = |name: &str| {
        fs::read_to_string(folder.join(name))
            .unwrap_or_else(|e| panic!("{name}: {e}; `cargo xtask catalogue` makes it"))
    };
    Catalogue::from_json(&[&read("mit.json"), &read("gpl.json")]).expect("the catalogue can be read")
}

fn prepared(text: &str) -> PreparedBlock {
    let document = scenario::parse(text).expect("a built-in scenario is right");
    prepare::scenario(&document, &catalogue()).expect("a built-in scenario can be prepared").block
}

#[test]
fn random_blocks_end_as_stock_execution_ends_them_in_every_order() {
    let wanted = std::env::var("EVM_LANES_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(RUNS);
    let strategies = StrategyId::ALL.into_iter().filter(|id| *id != StrategyId::Sequential);
    let strategies: Vec<StrategyId> = strategies.collect();
    let (mut runs, mut seed, mut aborted, mut blocked) = (0, 0, 0, 0);
    let mut orders = HashSet::new();
    while runs < wanted {
        let block = Generator::new(seed).block();
        let stock = evm::execute_block(&block);
        let loaded = Loaded::new(&block);
        for strategy in &strategies {
            for (i, lanes) in [1, 2, 3, 4, 8, 64].into_iter().enumerate() {
                let cost = Cost::ALL[(seed as usize + i) % 2];
                for order in [0, 1 + seed] {
                    let model = Model { cost, seed: order };
                    let what = format!(
                        "cargo xtask simulate --random {seed} --strategy {} --lanes {lanes} --cost {} --seed {order}",
                        strategy.name(),
                        cost.name()
                    );
                    let run = simulate(&loaded, *strategy, lanes, model);
                    check(&run, &stock, &what);
                    runs += 1;
                    let ended = |outcome| run.trace.attempts.iter().filter(|a| a.outcome == outcome).count();
                    aborted += ended(Outcome::Aborted);
                    blocked += ended(Outcome::Blocked);
                    orders.insert((seed, lanes, keccak256(run.trace.pack())));
                }
            }
        }
        seed += 1;
    }
    eprintln!("{runs} runs of {seed} blocks, {} different; {aborted} aborts, {blocked} blocks", orders.len());
    assert!(orders.len() as u64 > runs / 2, "seeds make different orders");
    assert!(aborted as u64 > runs && blocked > 0, "lanes meet");
}

#[test]
fn built_in_scenarios_end_as_stock_execution_ends_them() {
    for builtin in builtin::ALL {
        let block = prepared(builtin.text);
        let stock = evm::execute_block(&block);
        let loaded = Loaded::new(&block);
        for strategy in StrategyId::ALL {
            for lanes in LANES {
                let what = format!("{}, {} on {lanes}", builtin.name, strategy.name());
                check(&simulate(&loaded, strategy, lanes, gas(0)), &stock, &what);
            }
            for cost in Cost::ALL {
                for seed in [0, 1] {
                    let what = format!("{}, {}, {}", builtin.name, strategy.name(), cost.name());
                    let model = Model { cost, seed };
                    let run = simulate(&loaded, strategy, 6, model);
                    check(&run, &stock, &what);
                    let again = simulate(&loaded, strategy, 6, model);
                    assert!(run.trace == again.trace, "{what}: the same arguments, another trace");
                }
            }
        }
    }
}

#[test]
fn real_blocks_end_as_stock_execution_ends_them() {
    let cases = support::cases();
    for (name, block) in &cases {
        let stock = evm::execute_block(block);
        let loaded = Loaded::new(block);
        for strategy in StrategyId::ALL {
            for lanes in LANES {
                let what = format!("{name}, {} on {lanes}", strategy.name());
                check(&simulate(&loaded, strategy, lanes, gas(0)), &stock, &what);
            }
        }
    }
    eprintln!("{} real blocks", cases.len());
}

#[test]
fn no_run_is_shorter_than_its_limits() {
    for builtin in builtin::ALL {
        let loaded = Loaded::new(&prepared(builtin.text));
        let oracle = simulate(&loaded, StrategyId::Sequential, 1, gas(0)).trace;
        let total: u64 = oracle.attempts.iter().map(|a| a.end.0 - a.start.0).sum();
        assert_eq!(total, oracle.duration.0, "sequential time is the sum of the costs");
        let times: Vec<u64> = oracle.attempts.iter().map(|a| a.end.0 - a.start.0).collect();
        for strategy in StrategyId::ALL {
            for (lanes, seed) in [(2, 0), (16, 0), (256, 0), (16, 9)] {
                let mut trace = simulate(&loaded, strategy, lanes, gas(seed)).trace;
                let mut sequential = oracle.clone();
                evm_lanes_core::analysis::align_locations(&mut trace, &mut sequential);
                let limits = evm_lanes_core::analysis::analyse(&trace, &sequential, &times).limits;
                let speedup = total as f64 / trace.duration.0 as f64;
                let what =
                    format!("{}, {} on {lanes}: {speedup} of {limits:?}", builtin.name, strategy.name());
                assert!(speedup <= limits.work + 1e-9, "{what}");
                assert!(speedup <= limits.path + 1e-9, "{what}");
            }
        }
    }
}

#[test]
fn a_cancelled_simulation_ends_without_a_result() {
    let loaded = Loaded::new(&prepared(builtin::ALL[0].text));
    let cancel = CancelFlag::new();
    cancel.set();
    for strategy in StrategyId::ALL {
        let around =
            Simulation { model: gas(0), measured: &[], cancel: &cancel, progress: &|_| {}, record: true };
        let stopped = drive::simulate(&loaded, strategy, 4, &around).err();
        assert_eq!(stopped, Some(Stopped::Cancelled), "{}", strategy.name());
    }
}

/// Scenario, strategy, lanes, cost, seed, duration and hash of the packed trace, a line each.
fn golden() -> String {
    let mut lines = String::new();
    for name in ["one-pool", "two-pools", "payments", "token-rush", "nft-mint", "hot-counter", "nonce-chain"]
    {
        let block = prepared(builtin::find(name).expect("a built-in scenario").text);
        let loaded = Loaded::new(&block);
        for strategy in StrategyId::ALL {
            for (lanes, cost, seed) in [(4, Cost::Gas, 0), (4, Cost::Gas, 7), (64, Cost::Opcodes, 0)] {
                let trace = simulate(&loaded, strategy, lanes, Model { cost, seed }).trace;
                let (strategy, cost) = (strategy.name(), cost.name());
                let (duration, hash) = (trace.duration.0, keccak256(trace.pack()));
                lines += &format!("{name} {strategy} {lanes} {cost} {seed} {duration} {hash}\n");
            }
        }
    }
    lines
}

#[test]
fn traces_are_the_golden_ones() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/simulated.txt");
    let ours = golden();
    if std::env::var_os("EVM_LANES_WRITE_GOLDEN").is_some() {
        fs::write(&path, &ours).expect("the golden file can be written");
    }
    let theirs = fs::read_to_string(&path).expect("the golden file is there");
    for (ours, theirs) in ours.lines().zip(theirs.lines()) {
        assert_eq!(ours, theirs, "EVM_LANES_WRITE_GOLDEN=1 writes the file anew, where that is meant");
    }
    assert_eq!(ours, theirs);
}

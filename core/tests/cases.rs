//! Small scenarios that once gave a wrong result, here or in another parallel executor. Each must give the result of
//! stock execution and the values that were worked out by hand, with every strategy, on threads and on simulated
//! lanes.
//!
//! `cases/NAME.json` is a scenario; its `story` says what is right. `cases/NAME.expect.json`, if it exists, has the
//! expected values: final slots, balances and nonces by address.

mod support;

use std::{fs, path::Path};

use alloy_primitives::{Address, U256};
use evm_lanes_core::{
    analysis,
    cancel::CancelFlag,
    catalogue::Catalogue,
    drive::{self, LoadedBlock, Simulation},
    evm,
    model::{Cost, CostModel},
    prepare::{self, PreparedBlock, State, case},
    run::{Run, Status},
    scenario,
    strategies::StrategyId,
    trace::Outcome,
    units::Ticks,
};
use serde_json::Value;

/// Seeds of simulated runs. With 0 nothing is random.
const SEEDS: u64 = 6;
const LANES: [u16; 6] = [1, 2, 3, 4, 8, 16];

fn read(name: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name);
    path.is_file().then(|| fs::read_to_string(path).expect("a case can be read"))
}

fn prepared(name: &str) -> PreparedBlock {
    let text = read(&format!("{name}.json")).expect("the case is there");
    let document = scenario::parse(&text).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
    let catalogue = Catalogue::from_json(&[]).expect("none is needed");
    prepare::scenario(&document, &catalogue).unwrap_or_else(|problems| panic!("{name}: {problems:?}")).block
}

fn simulate(loaded: &LoadedBlock, strategy: StrategyId, lanes: u16, seed: u64) -> Run {
    let around = Simulation {
        model: CostModel { cost: Cost::Gas, seed },
        measured: &[],
        cancel: &CancelFlag::new(),
        progress: &|_| {},
        record: true,
    };
    drive::simulate(loaded, strategy, lanes, &around).expect("the run ends")
}

fn number(value: &Value) -> U256 {
    match value {
        Value::String(text) => text.parse().expect("a number"),
        value => U256::from(value.as_u64().expect("a number")),
    }
}

/// Compares the state with the values that were worked out by hand. Returns the number of values.
fn compare(state: &State, expected: &Value, what: &str) -> usize {
    let of = |field: &str| expected[field].as_object().into_iter().flatten();
    let account = |address: &str| {
        let address: Address = address.parse().expect("an address");
        state.accounts.get(&address).cloned().unwrap_or_default()
    };
    let mut compared = 0;
    for (address, slots) in of("slots") {
        for (slot, value) in slots.as_object().expect("slots") {
            let ours = account(address).storage.get(&slot.parse().expect("a slot")).copied();
            assert_eq!(ours.unwrap_or_default(), number(value), "{what}: slot {slot} of {address}");
            compared += 1;
        }
    }
    for (address, balance) in of("balance") {
        assert_eq!(account(address).balance, number(balance), "{what}: balance of {address}");
        compared += 1;
    }
    for (address, nonce) in of("nonce") {
        assert_eq!(U256::from(account(address).nonce), number(nonce), "{what}: nonce of {address}");
        compared += 1;
    }
    compared
}

/// Runs a case with every strategy; returns the simulated runs with their numbers of lanes.
fn check(name: &str, wanted: usize) -> Vec<(u16, Run)> {
    check_block(name, &prepared(name), wanted)
}

fn check_block(name: &str, block: &PreparedBlock, wanted: usize) -> Vec<(u16, Run)> {
    let (receipts, state) = evm::execute_block(block);
    let expected = read(&format!("{name}.expect.json"));
    let expected: Value =
        expected.map_or(Value::Null, |text| serde_json::from_str(&text).expect("expected values"));
    assert_eq!(compare(&state, &expected, &format!("{name}, stock execution")), wanted, "{name}: values");
    let loaded = LoadedBlock::new(block);
    let same = |run: &Run, what: &str| {
        for (i, (ours, theirs)) in run.receipts.iter().zip(&receipts).enumerate() {
            assert_eq!(ours, theirs, "{what}: transaction {i}");
        }
        assert_eq!(run.receipts.len(), receipts.len(), "{what}: receipts");
        support::assert_equal_states(&run.post_state, &state, what);
        support::assert_whole(&run.trace, what);
    };
    for (strategy, lanes) in support::LANES {
        for seed in 0..SEEDS {
            let run = support::run_restless(&loaded, strategy, lanes, seed);
            same(&run, &format!("{name}, {} on {lanes} threads", strategy.name()));
        }
    }
    let mut runs = Vec::new();
    for strategy in StrategyId::ALL.into_iter().filter(|id| *id != StrategyId::SEQUENTIAL) {
        for lanes in LANES {
            for seed in 0..=SEEDS {
                let run = simulate(&loaded, strategy, lanes, seed);
                same(&run, &format!("{name}, {} on {lanes} simulated lanes, seed {seed}", strategy.name()));
                runs.push((lanes, run));
            }
        }
    }
    runs
}

#[test]
fn a_payment_that_creates_moves_its_senders_nonce() {
    for (_, run) in check("predicted-nonce-of-a-payment-that-creates", 0) {
        let Status::Invalid(reason) = &run.receipts[2].status else { panic!("{:?}", run.receipts[2]) };
        assert!(reason.contains("nonce 2 too low, expected 3"), "{reason}");
    }
}

#[test]
fn late_funds_after_a_selfdestruct_are_burnt() {
    check("late-funds-after-selfdestruct", 5);
}

#[test]
fn a_beneficiary_that_destroys_itself_is_paid_again() {
    check("beneficiary-destroys-itself", 2);
}

#[test]
fn every_delegation_of_a_block_is_seen() {
    check("delegation-changes-in-block", 11);
}

#[test]
fn transient_storage_ends_with_its_transaction() {
    check("transient-storage-of-a-creation", 4);
}

#[test]
fn a_reverted_selfdestruct_keeps_what_was_paid_in() {
    check("reverted-selfdestruct-keeps-endowment", 3);
}

/// The case is a block case, because a scenario has no balances of 2^128 and more.
#[test]
fn a_payment_that_would_overflow_its_recipient_fails() {
    let text = read("recipient-overflow.block.json").expect("the case is there");
    check_block("recipient-overflow", &case::parse(&text).expect("a block case"), 0);
}

#[test]
fn a_cascade_has_at_most_three_aborted_attempts_a_transaction() {
    let mut most = 0;
    for (lanes, run) in check("cascade-of-aborts", 0) {
        let failed = run.trace.attempts.iter().filter(|a| a.outcome != Outcome::Committed);
        let mut aborted = vec![0; run.receipts.len()];
        failed
            .clone()
            .for_each(|a| aborted[a.version.tx.index()] += u32::from(a.outcome == Outcome::Aborted));
        let (strategy, worst) = (run.trace.strategy.name(), aborted.into_iter().max().unwrap_or(0));
        assert!(worst <= 3, "{strategy} on {lanes}: a transaction was aborted {worst} times");
        most = most.max(failed.count());
    }
    assert!(most <= 3 * 120, "{most} attempts at 120 transactions did not commit");
}

/// 6,000 payments to one account, and 6,000 calls that read its balance: each read is one record, not one for each
/// payment that it adds up.
#[test]
fn a_read_of_a_sum_is_one_record() {
    let block = prepared("balances-summed-by-many-readers");
    let (receipts, state) = evm::execute_block(&block);
    let loaded = LoadedBlock::new(&block);
    let transactions = receipts.len();
    let sequential = support::run(&loaded, StrategyId::SEQUENTIAL, 1).trace;
    for strategy in StrategyId::ALL {
        let on_threads = support::run(&loaded, strategy, 4);
        for mut run in [on_threads, simulate(&loaded, strategy, 8, 0)] {
            let what = format!("{}, {:?}", strategy.name(), run.trace.clock);
            assert!(run.receipts == receipts, "{what}: receipts");
            support::assert_equal_states(&run.post_state, &state, &what);
            let reads = run.trace.reads.len();
            assert!(reads < 40 * transactions, "{what}: {reads} reads of {transactions} transactions");
            let mut sequential = sequential.clone();
            analysis::align_locations(&mut run.trace, &mut sequential);
            let analysis = analysis::analyse(&run.trace, &sequential, &vec![Ticks(1); transactions]);
            assert!(analysis.edges.len() < 20 * transactions, "{what}: {} edges", analysis.edges.len());
            assert_eq!(analysis.hot[0].edges, 36_000_000, "{what}");
            assert_eq!(analysis.critical_path.len(), 2, "{what}: a payment and a call");
            assert_eq!(analysis.waves.iter().filter(|wave| **wave == 1).count(), 6_000, "{what}");
        }
    }
}

/// One call reads 40,000 slots that were chosen to collide in a table. The tests of the tables check how much work
/// that is.
#[test]
fn slots_chosen_to_share_a_hash_are_read_like_any_others() {
    let block = prepared("slots-that-share-a-hash");
    let (receipts, state) = evm::execute_block(&block);
    let loaded = LoadedBlock::new(&block);
    for (strategy, lanes) in support::LANES {
        let run = support::run(&loaded, strategy, lanes);
        assert_eq!(run.receipts, receipts, "{} on {lanes}", strategy.name());
        support::assert_equal_states(&run.post_state, &state, strategy.name());
    }
    let slots = loaded.access_list(&CancelFlag::new()).expect("nobody cancels");
    let slots: usize = slots.iter().map(|account| account.storage_reads.len()).sum();
    assert_eq!(slots, 40_000);
}

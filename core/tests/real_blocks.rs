//! Real mainnet blocks: stock execution gives the results in the files, and every strategy those of stock execution.

mod support;

use evm_lanes_core::{
    baseline::Baseline,
    drive, evm,
    prepare::{Origin, PreparedBlock},
    run::Expected,
};

fn expected(block: &PreparedBlock) -> &Expected {
    match &block.origin {
        Origin::Case(expected) => expected,
        Origin::Scenario => panic!("a case has its expectation"),
    }
}

#[test]
fn stock_execution_gives_what_the_files_expect() {
    let cases = support::cases();
    for (name, block) in &cases {
        let expected = expected(block);
        let (receipts, state) = evm::execute_block(block);
        for (i, (ours, theirs)) in receipts.iter().zip(&expected.receipts).enumerate() {
            assert_eq!(
                ours.status.is_success(),
                theirs.status.is_success(),
                "{name}: {i}: {:?}",
                ours.status
            );
            assert_eq!(ours.gas_used, theirs.gas_used, "{name}: {i}");
            assert_eq!(ours.cumulative_gas_used, theirs.cumulative_gas_used, "{name}: {i}");
            assert_eq!(ours.logs, theirs.logs, "{name}: {i}");
        }
        assert!(state.accounts == expected.post_state.accounts, "{name}: post-state");
    }
    eprintln!("{} real blocks, stock execution", cases.len());
}

#[test]
fn every_strategy_gives_what_stock_execution_gives() {
    let cases = support::cases();
    let mut runs = 0;
    for (name, block) in &cases {
        let (receipts, state) = evm::execute_block(block);
        let baseline = Baseline::new(block);
        let done = baseline.run();
        assert!(done.receipts == receipts, "{name}: the baseline's receipts");
        support::assert_equal_states(&done.state_after(block), &state, name);
        let loaded = drive::LoadedBlock::new(block);
        for (strategy, lanes) in support::LANES {
            let run = support::run(&loaded, strategy, lanes);
            let what = format!("{name}, {} on {lanes}", strategy.name());
            for (i, (ours, theirs)) in run.receipts.iter().zip(&receipts).enumerate() {
                assert_eq!(ours, theirs, "{what}: transaction {i}");
            }
            assert_eq!(run.receipts.len(), receipts.len(), "{what}");
            support::assert_equal_states(&run.post_state, &state, &what);
            runs += 1;
        }
    }
    eprintln!("{} real blocks, {runs} runs", cases.len());
}

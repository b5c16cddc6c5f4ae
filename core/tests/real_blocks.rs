//! Real mainnet blocks, executed as they are.

mod support;

use evm_lanes_core::{
    evm,
    prepare::{Origin, PreparedBlock, case::Expected},
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

//! Roots and bloom of real blocks against their headers.

mod support;

use evm_lanes_core::{evm, prepare::Origin, verify};

#[test]
fn stock_execution_agrees_with_every_header() {
    let cases = support::cases();
    let mut figures = 0;
    for (name, block) in &cases {
        let Origin::Case(expected) = &block.origin else { panic!("{name} is a case") };
        let (receipts, state) = evm::execute_block(block);
        let check = verify::header_check(&block.env, (&receipts, &state), expected);
        assert_eq!(check.difference, None, "{name}");
        for figure in &check.figures {
            assert!(figure.equal, "{name}: {figure:?}");
        }
        figures += check.figures.len();
    }
    eprintln!("{} real blocks, {figures} figures equal to the header", cases.len());
}

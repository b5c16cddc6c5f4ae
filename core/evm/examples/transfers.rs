//! Independent payments on one to eight lanes: the same result as one after the other, and what the lanes did.
//!
//! ```sh
//! cargo run --release -p evm-lanes-evm --example transfers
//! ```

use std::error::Error;

use alloy_primitives::{Address, U256};
use evm::{BlockBuilder, block::Transaction, lanes::strategies::StrategyId};

/// How many payments.
const PAYMENTS: u64 = 2_000;

fn main() -> Result<(), Box<dyn Error>> {
    let account = |kind: u8, i: u64| Address::left_padding_from(&[&[kind][..], &i.to_be_bytes()].concat());
    let mut builder = BlockBuilder::new();
    for i in 0..PAYMENTS {
        let (from, to) = (account(1, i), account(2, i));
        builder = builder.balance(from, U256::from(1_000_000)).transaction(Transaction {
            from,
            to: Some(to),
            value: U256::from(1_000),
            gas_limit: 21_000,
            ..Transaction::default()
        });
    }
    let block = builder.build();
    let (receipts, state) = evm::execute_block(&block);
    println!("{PAYMENTS} payments that never meet");
    for lanes in [1, 2, 4, 8] {
        let run = evm::run_block(&block, StrategyId::BLOCK_STM, lanes)?;
        assert_eq!((&run.receipts, &run.post_state), (&receipts, &state), "parallel equals sequential");
        let aborted = run.trace.attempts.len() - receipts.len();
        println!(
            "{lanes} lanes: {:>7.2} ms, {aborted} attempts aborted, equal to the reference execution",
            run.trace.duration.0 as f64 / 1e6
        );
    }
    Ok(())
}

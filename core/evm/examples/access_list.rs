//! A block access list (EIP-7928), made and checked: with the list no transaction waits, and if the list is wrong
//! the result is right all the same.
//!
//! ```sh
//! cargo run --release -p evm-lanes-evm --example access_list
//! ```

use std::{error::Error, sync::Arc};

use alloy_primitives::{Address, Bytes, U256, hex};
use evm::{
    BlockBuilder,
    block::Transaction,
    drive::{self, LoadedBlock, Simulation},
    lanes::{cancel::CancelFlag, model::CostModel, strategies::StrategyId},
};

const COUNTER: Address = Address::repeat_byte(0xc0);

fn main() -> Result<(), Box<dyn Error>> {
    // PUSH0 SLOAD, PUSH1 1 ADD, PUSH0 SSTORE: every call needs what the call before wrote.
    let mut builder = BlockBuilder::new().code(COUNTER, Bytes::from(hex!("5f546001015f55").to_vec()));
    for i in 1..=100_u8 {
        let from = Address::repeat_byte(i);
        builder = builder.balance(from, U256::from(1_000_000)).transaction(Transaction {
            from,
            to: Some(COUNTER),
            gas_limit: 60_000,
            ..Transaction::default()
        });
    }
    let block = builder.build();
    let (receipts, state) = evm::execute_block(&block);

    let cancel = CancelFlag::new();
    let around = Simulation {
        model: CostModel::default(),
        measured: &[],
        cancel: &cancel,
        progress: &|_| {},
        record: true,
    };
    let mut loaded = LoadedBlock::new(&block);
    let list = loaded.access_list(&cancel)?.clone();
    let writes: usize =
        list.iter().flat_map(|account| &account.storage_changes).map(|slot| slot.changes.len()).sum();
    println!("the list: {} accounts, {writes} writes to slots", list.len());

    let mut wrong = list.clone();
    for change in
        wrong.iter_mut().flat_map(|account| &mut account.storage_changes).flat_map(|slot| &mut slot.changes)
    {
        change.new_value += U256::ONE;
    }
    for (what, list) in [("no list", None), ("the list", Some(list)), ("a wrong list", Some(wrong))] {
        let strategy = if list.is_some() { StrategyId::BLOCK_ACCESS_LIST } else { StrategyId::BLOCK_STM };
        loaded.use_access_list(list.map(Arc::new));
        let run = drive::simulate(&loaded, strategy, 16, &around)?;
        assert_eq!((&run.receipts, &run.post_state), (&receipts, &state), "parallel equals sequential");
        let aborted = run.trace.attempts.len() - receipts.len();
        println!("{what:<12} {:>9} gas on 16 lanes, {aborted} attempts aborted, equal", run.trace.duration.0);
    }
    Ok(())
}

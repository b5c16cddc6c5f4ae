//! Properties of a run besides its result.

mod support;

use std::sync::atomic::{AtomicU32, Ordering};

use alloy_primitives::{Address, U256};
use evm_lanes_core::{
    cancel::CancelFlag,
    clock,
    drive::{self, LoadedBlock, RunContext, Stopped, Threads},
    prepare::{Account, BlockEnvironment, Fork, Origin, PreparedBlock, State, Transaction},
    strategies::StrategyId,
};

/// `count` payments, each from another account.
fn payments(count: u8) -> PreparedBlock {
    let mut pre_state = State::default();
    let transactions: Vec<Transaction> = (0..count)
        .map(|i| {
            let from = Address::left_padding_from(&[1, i]);
            let account = Account { balance: U256::from(100), ..Account::default() };
            pre_state.accounts.insert(from, account);
            Transaction {
                from,
                to: Some(Address::left_padding_from(&[2, i])),
                value: U256::from(1),
                gas_limit: 21_000,
                ..Transaction::default()
            }
        })
        .collect();
    let env = BlockEnvironment {
        chain_id: 1,
        fork: Fork::Shanghai,
        number: 1,
        timestamp: 1,
        gas_limit: 30_000_000,
        base_fee: 0,
        beneficiary: Address::repeat_byte(9),
        difficulty: U256::ZERO,
        prev_randao: None,
        excess_blob_gas: None,
        blob_base_fee_update_fraction: None,
        block_hashes: Default::default(),
        system_calls: Vec::new(),
    };
    let labels = vec!["pay".into(); transactions.len()];
    PreparedBlock { env, pre_state, transactions, labels, origin: Origin::Scenario }
}

#[test]
fn a_cancelled_run_ends_without_a_result() {
    let loaded = LoadedBlock::new(&payments(50));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().expect("threads can be started");
    let (cancel, progress) = (CancelFlag::new(), AtomicU32::new(0));
    cancel.set();
    for (strategy, lanes) in
        [(StrategyId::SEQUENTIAL, 1), (StrategyId::BLOCK_STM, 1), (StrategyId::BLOCK_STM, 4)]
    {
        let threads = Threads::Pool(&pool);
        let around = RunContext {
            clock: &clock::now,
            cancel: &cancel,
            progress: &progress,
            threads,
            first: &[],
            record: true,
        };
        let stopped = drive::run(&loaded, strategy, lanes, &around).err();
        assert_eq!(stopped, Some(Stopped::Cancelled), "{} on {lanes}", strategy.name());
    }
}

#[test]
fn progress_ends_at_the_number_of_transactions() {
    let loaded = LoadedBlock::new(&payments(50));
    let (cancel, progress) = (CancelFlag::new(), AtomicU32::new(7));
    for strategy in StrategyId::ALL {
        let threads = Threads::Own;
        let around = RunContext {
            clock: &clock::now,
            cancel: &cancel,
            progress: &progress,
            threads,
            first: &[],
            record: true,
        };
        drive::run(&loaded, strategy, 1, &around).expect("the run ends");
        assert_eq!(progress.load(Ordering::Relaxed), 50, "{}", strategy.name());
    }
}

#[test]
fn more_lanes_than_threads_are_refused() {
    let loaded = LoadedBlock::new(&payments(1));
    let (cancel, progress) = (CancelFlag::new(), AtomicU32::new(0));
    let around = RunContext {
        clock: &clock::now,
        cancel: &cancel,
        progress: &progress,
        threads: Threads::Own,
        first: &[],
        record: true,
    };
    let stopped = drive::run(&loaded, StrategyId::BLOCK_STM, 2, &around).err();
    assert_eq!(stopped, Some(Stopped::TooFewThreads { lanes: 2, threads: 1 }));
}

#[test]
fn independent_payments_do_not_conflict_at_the_beneficiary() {
    let mut block = payments(50);
    for tx in &mut block.transactions {
        tx.max_fee_per_gas = 1;
    }
    for account in block.pre_state.accounts.values_mut() {
        account.balance = U256::from(1_000_000);
    }
    let run = support::run(&LoadedBlock::new(&block), StrategyId::SEQUENTIAL, 1);
    assert!(run.trace.reads.iter().all(|read| read.from.is_none()), "nobody reads what another wrote");
    let fees = run.trace.writes.iter().filter(|write| write.increment).count();
    assert_eq!(
        fees, 150,
        "each transaction has three increments: the fee, the payment, and the sender's debit"
    );
}

#[test]
fn an_empty_block_has_an_empty_run() {
    let loaded = LoadedBlock::new(&payments(0));
    for (strategy, lanes) in support::LANES {
        let run = support::run(&loaded, strategy, lanes);
        assert!(run.receipts.is_empty() && run.trace.attempts.is_empty());
        support::assert_whole(&run.trace, strategy.name());
    }
}

//! Cancels within a transaction.

use std::{
    sync::{Arc, OnceLock, atomic::AtomicU32, mpsc},
    time::{Duration, Instant},
};

use alloy_primitives::{Address, U256};

use super::{LoadedBlock, RunContext, Simulation, Stopped, Threads, run, simulate};
use crate::{
    Code,
    block::{Account, BlockEnvironment, Fork, Origin, PreparedBlock, State, Transaction},
    clues,
};
use lanes::{
    cancel::CancelFlag,
    model::{Cost, CostModel},
    strategies::StrategyId,
};

/// Longest run. An ordinary one takes less than a millisecond.
const LIMIT: Duration = Duration::from_secs(60);

fn block(pre_state: State, transactions: Vec<Transaction>) -> PreparedBlock {
    let env = BlockEnvironment {
        chain_id: 1,
        fork: Fork::Shanghai,
        number: 1,
        timestamp: 1,
        gas_limit: u64::MAX / 4,
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

/// Nanoseconds since the first call.
fn now() -> u64 {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

/// The result of `act`, on a thread of its own. Fails if `act` does not end.
fn ends<T: Send + 'static>(what: &str, act: impl FnOnce() -> T + Send + 'static) -> T {
    let (ended, end) = mpsc::channel();
    std::thread::spawn(move || ended.send(act()));
    end.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("{what} does not end"))
}

/// Runs the block on threads of its own. Returns how it ended; fails if it does not end.
fn run_ends(
    loaded: &Arc<LoadedBlock>,
    strategy: StrategyId,
    lanes: u16,
    cancel: &Arc<CancelFlag>,
    clock: impl Fn() -> u64 + Send + Sync + 'static,
) -> Result<usize, Stopped> {
    let (loaded, cancel) = (Arc::clone(loaded), Arc::clone(cancel));
    ends(&format!("{strategy:?} on {lanes} lanes"), move || {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(lanes.into()).build();
        let pool = pool.expect("threads can be started");
        let context = RunContext {
            clock: &clock,
            cancel: &cancel,
            progress: &AtomicU32::new(0),
            threads: Threads::Pool(&pool),
            first: &[],
            record: true,
        };
        run(&loaded, strategy, lanes, &context).map(|run| run.receipts.len())
    })
}

/// Code that runs until its gas is gone, in each of the ways in which the interpreter can be kept busy.
fn endless() -> Vec<(&'static str, Vec<u8>)> {
    let [mul, keccak256, address, pop, sload, sstore] = [0x02, 0x20, 0x30, 0x50, 0x54, 0x55];
    let [jump, gas, jumpdest, push0, push1, call] = [0x56, 0x5a, 0x5b, 0x5f, 0x60, 0xf1];
    let looped = |body: &[u8]| [&[jumpdest], body, &[push0, jump]].concat();
    let calls = |to: &[u8]| {
        let operands = [push0, push0, push0, push0, push0];
        looped(&[&operands[..], to, &[gas, call, pop]].concat())
    };
    vec![
        ("jumps", looped(&[])),
        ("arithmetic", looped(&[push1, 3, push1, 5, mul, pop])),
        ("slots", looped(&[push0, sload, pop])),
        ("new slots", looped(&[gas, gas, sstore])),
        ("hashes", looped(&[push1, 64, push0, keccak256, pop])),
        ("calls of nothing", calls(&[push1, 0x77])),
        ("calls of a precompile", calls(&[push1, 4])),
        ("calls of itself", calls(&[address])),
    ]
}

#[test]
fn a_cancel_is_heard_within_a_transaction() {
    let contract = Address::repeat_byte(0xc0);
    let sender = Address::repeat_byte(0xa1);
    for (what, code) in endless() {
        let code = Code::new(code.into());
        let account = Account { code_hash: Some(code.hash), ..Account::default() };
        let rich = Account { balance: U256::MAX >> 2, ..Account::default() };
        let pre_state = State {
            accounts: [(contract, account), (sender, rich)].into_iter().collect(),
            codes: [(code.hash, code.bytes())].into_iter().collect(),
        };
        let gas_limit = 1 << 60;
        let endless = Transaction { from: sender, to: Some(contract), gas_limit, ..Transaction::default() };
        let block = Arc::new(block(pre_state, vec![endless]));
        let loaded = Arc::new(LoadedBlock::new(&block));
        let cancelled = || {
            let cancel = Arc::new(CancelFlag::new());
            let flag = Arc::clone(&cancel);
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(20));
                flag.set();
            });
            cancel
        };
        for (strategy, lanes) in
            [(StrategyId::SEQUENTIAL, 1), (StrategyId::BLOCK_STM, 1), (StrategyId::ORDERED_COMMIT, 2)]
        {
            let end = run_ends(&loaded, strategy, lanes, &cancelled(), now);
            assert_eq!(end, Err(Stopped::Cancelled), "{what}: {strategy:?}");
        }
        for (strategy, cost) in [(StrategyId::SEQUENTIAL, Cost::Gas), (StrategyId::BLOCK_STM, Cost::Opcodes)]
        {
            let (loaded, cancel) = (Arc::clone(&loaded), cancelled());
            let end = ends(&format!("{what}: simulated lanes"), move || {
                let context = Simulation {
                    model: CostModel { cost, ..CostModel::default() },
                    measured: &[],
                    cancel: &cancel,
                    progress: &|_| {},
                    record: true,
                };
                simulate(&loaded, strategy, 2, &context).map(|_| ())
            });
            assert_eq!(end, Err(Stopped::Cancelled), "{what}: {strategy:?} by {cost:?}");
        }
        let (list, cancel) = (Arc::clone(&loaded), cancelled());
        let end = ends(&format!("{what}: an access list"), move || list.access_list(&cancel).map(|_| ()));
        assert_eq!(end, Err(Stopped::Cancelled), "{what}");
        let (block, cancel) = (Arc::clone(&block), cancelled());
        ends(&format!("{what}: names"), move || clues(&block, &cancel));
    }
}

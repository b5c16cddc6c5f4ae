//! Runs that must end: one in which some step panics, on whichever lane, and one that is cancelled within a
//! transaction.

use std::{
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering},
        mpsc,
    },
    time::Duration,
};

use alloy_primitives::{Address, U256};

use super::{Loaded, Simulation, Stopped, Surroundings, Threads, run, simulate};
use crate::{
    cancel::CancelFlag,
    evm::{Code, keccak_preimages},
    model::{Cost, Model},
    prepare::{Account, BlockEnvironment, Fork, Origin, PreparedBlock, State, Transaction},
    trace::StrategyId,
};

/// A step of a lane that can be made to panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Before a lane takes its first turn.
    Begin,
    /// In the EVM.
    Execute,
    /// After the EVM, before anything of the attempt is published.
    Run,
    /// In the midst of publishing, with the transaction's result locked.
    Publish,
    /// In the midst of a validation, with the transaction's result locked.
    Validate,
    /// While the state after the block is collected.
    Finals,
}

/// Makes a step panic when it is reached for the n-th time.
#[derive(Debug)]
pub(super) struct Fault {
    step: Step,
    left: AtomicI64,
}

impl Fault {
    pub(super) fn reach(&self, step: Step) {
        if step == self.step && self.left.fetch_sub(1, Ordering::Relaxed) == 0 {
            fail();
        }
    }

    fn was_reached(&self) -> bool {
        self.left.load(Ordering::Relaxed) < 0
    }
}

/// A panic without the message that a real one would print.
fn fail() -> ! {
    resume_unwind(Box::new("a fault that was asked for"))
}

/// Longest run. An ordinary one takes less than a millisecond.
const LIMIT: Duration = Duration::from_secs(60);

/// Payments among few senders: enough to be validated on any number of lanes.
fn payments() -> PreparedBlock {
    let sender = |i: u64| Address::left_padding_from(&[1, (i % 5) as u8]);
    let account = Account { balance: U256::from(10_000_000), ..Account::default() };
    let pre_state =
        State { accounts: (0..5).map(|i| (sender(i), account.clone())).collect(), ..State::default() };
    let transactions: Vec<Transaction> = (0..60)
        .map(|i| Transaction {
            from: sender(i),
            to: Some(sender(i + 1)),
            value: U256::ONE,
            nonce: i / 5,
            gas_limit: 21_000,
            ..Transaction::default()
        })
        .collect();
    block(pre_state, transactions)
}

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

/// What `act` gives, on a thread of its own. Fails if it does not end.
fn ends<T: Send + 'static>(what: &str, act: impl FnOnce() -> T + Send + 'static) -> T {
    let (ended, end) = mpsc::channel();
    std::thread::spawn(move || ended.send(act()));
    end.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("{what} does not end"))
}

/// Runs the block on threads of its own; how it ended. Fails if it does not end.
fn run_ends(
    loaded: &Arc<Loaded>,
    strategy: StrategyId,
    lanes: u16,
    cancel: &Arc<CancelFlag>,
    clock: impl Fn() -> u64 + Send + Sync + 'static,
) -> Result<usize, Stopped> {
    let (loaded, cancel) = (Arc::clone(loaded), Arc::clone(cancel));
    ends(&format!("{strategy:?} on {lanes} lanes"), move || {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(lanes.into()).build();
        let pool = pool.expect("threads can be started");
        let around = Surroundings {
            clock: &clock,
            cancel: &cancel,
            progress: &AtomicU32::new(0),
            threads: Threads::Pool(&pool),
            first: &[],
            record: true,
        };
        run(&loaded, strategy, lanes, &around).map(|run| run.receipts.len())
    })
}

const STRATEGIES: [StrategyId; 3] =
    [StrategyId::BlockStm, StrategyId::OrderedCommit, StrategyId::BlockAccessList];

#[test]
fn a_run_whose_work_panics_at_any_step_ends_and_says_so() {
    for step in [Step::Begin, Step::Execute, Step::Run, Step::Publish, Step::Validate, Step::Finals] {
        for lanes in [1, 2, 4] {
            let mut reached = 0;
            for strategy in STRATEGIES {
                for time in [0, 1, 3, 17] {
                    let mut loaded = Loaded::new(&payments());
                    loaded.fault = Some(Fault { step, left: AtomicI64::new(time) });
                    let loaded = Arc::new(loaded);
                    let end = run_ends(&loaded, strategy, lanes, &Arc::default(), crate::clock::now);
                    let expected = match loaded.fault.as_ref().is_some_and(Fault::was_reached) {
                        true => Err(Stopped::LanePanicked),
                        false => Ok(60),
                    };
                    assert_eq!(
                        end, expected,
                        "{step:?} for the {time}th time, {strategy:?} on {lanes} lanes"
                    );
                    reached += usize::from(end.is_err());
                }
            }
            assert!(reached > 0, "{step:?} is never reached on {lanes} lanes");
        }
    }
}

#[test]
fn a_run_whose_clock_panics_ends_and_says_so() {
    for lanes in [1, 2, 4] {
        for strategy in STRATEGIES.into_iter().chain([StrategyId::Sequential]) {
            for time in [0, 1, 2, 3, 5, 8, 13, 21, 34, 55] {
                let left = AtomicI64::new(time);
                let clock = move || match left.fetch_sub(1, Ordering::Relaxed) {
                    0 => fail(),
                    _ => crate::clock::now(),
                };
                let loaded = Arc::new(Loaded::new(&payments()));
                let end = run_ends(&loaded, strategy, lanes, &Arc::default(), clock);
                let panicked = end == Err(Stopped::LanePanicked);
                // How often a run looks at the clock is not known to the last time.
                assert!(
                    panicked || time > 21 && end == Ok(60),
                    "{end:?}: {strategy:?} on {lanes} lanes, {time}"
                );
            }
        }
    }
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
        let loaded = Arc::new(Loaded::new(&block));
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
            [(StrategyId::Sequential, 1), (StrategyId::BlockStm, 1), (StrategyId::OrderedCommit, 2)]
        {
            let end = run_ends(&loaded, strategy, lanes, &cancelled(), crate::clock::now);
            assert_eq!(end, Err(Stopped::Cancelled), "{what}: {strategy:?}");
        }
        for (strategy, cost) in [(StrategyId::Sequential, Cost::Gas), (StrategyId::BlockStm, Cost::Opcodes)] {
            let (loaded, cancel) = (Arc::clone(&loaded), cancelled());
            let end = ends(&format!("{what}: simulated lanes"), move || {
                let around = Simulation {
                    model: Model { cost, ..Model::default() },
                    measured: &[],
                    cancel: &cancel,
                    progress: &|_| {},
                    record: true,
                };
                simulate(&loaded, strategy, 2, &around).map(|_| ())
            });
            assert_eq!(end, Err(Stopped::Cancelled), "{what}: {strategy:?} by {cost:?}");
        }
        let (list, cancel) = (Arc::clone(&loaded), cancelled());
        let end = ends(&format!("{what}: an access list"), move || list.access_list(&cancel).map(|_| ()));
        assert_eq!(end, Err(Stopped::Cancelled), "{what}");
        let (block, cancel) = (Arc::clone(&block), cancelled());
        ends(&format!("{what}: names"), move || keccak_preimages(&block, &cancel));
    }
}

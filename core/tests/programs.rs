//! Small programs of every family of instructions, with nested calls and creations, in stock revm and in our executor.
//! They have few steps, so that Miri can run them (`cargo xtask sanitize`).

#[path = "support/assembler.rs"]
mod assembler;

use std::sync::atomic::AtomicU32;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use evm_lanes_core::{
    cancel::CancelFlag,
    clock,
    drive::{self, LoadedBlock, RunContext, Simulation, Threads, simulate},
    evm,
    model::CostModel,
    prepare::{Account, BlockEnvironment, Fork, Origin, PreparedBlock, State, Transaction},
    run::Run,
    strategies::StrategyId,
    verify,
};

use assembler::{
    Part::{Addr, Num, Op, Raw},
    *,
};

const MAIN: Address = Address::repeat_byte(0xc0);
const INNER: Address = Address::repeat_byte(0xc1);
const DEEP: Address = Address::repeat_byte(0xc2);

const STRATEGIES: [StrategyId; 5] = [
    StrategyId::BLOCK_STM,
    StrategyId::ORDERED_COMMIT,
    StrategyId::ACCESS_LIST,
    StrategyId::PERFECT_ACCESS_LIST,
    StrategyId::BLOCK_ACCESS_LIST,
];

fn sender(i: usize) -> Address {
    Address::with_last_byte(0xa0 + i as u8)
}

/// A block with a call of [`MAIN`] for each input, each from another sender.
fn block(contracts: &[(Address, Vec<u8>)], inputs: &[&[u8]]) -> PreparedBlock {
    let mut state = State::default();
    for (address, code) in contracts {
        let hash = keccak256(code);
        state.codes.insert(hash, code.clone().into());
        let account =
            Account { balance: U256::from(50), nonce: 1, code_hash: Some(hash), ..Account::default() };
        state.accounts.insert(*address, account);
    }
    let mut transactions = Vec::new();
    for (i, input) in inputs.iter().enumerate() {
        let account = Account { balance: U256::from(1_000_000_000), ..Account::default() };
        state.accounts.insert(sender(i), account);
        transactions.push(Transaction {
            from: sender(i),
            to: Some(MAIN),
            value: U256::from(i),
            input: Bytes::copy_from_slice(input),
            gas_limit: 900_000,
            max_fee_per_gas: 8,
            ..Transaction::default()
        });
    }
    let env = BlockEnvironment {
        chain_id: 1,
        fork: Fork::Osaka,
        number: 300,
        timestamp: 1_700_000_000,
        gas_limit: 100_000_000,
        base_fee: 7,
        beneficiary: Address::repeat_byte(0xbe),
        difficulty: U256::ZERO,
        prev_randao: Some(B256::repeat_byte(7)),
        excess_blob_gas: Some(0),
        blob_base_fee_update_fraction: None,
        block_hashes: [(299, B256::repeat_byte(9))].into(),
        system_calls: Vec::new(),
    };
    let labels = vec![String::new(); transactions.len()];
    PreparedBlock { env, pre_state: state, transactions, labels, origin: Origin::Scenario }
}

/// Runs the block in order, with our executor and with revm's, then with every strategy on simulated lanes and on
/// threads. Under Miri there are fewer runs and no threads, because rayon's pool is not our code. All transactions must
/// succeed.
#[track_caller]
fn check(contracts: &[(Address, Vec<u8>)], inputs: &[&[u8]]) {
    let block = block(contracts, inputs);
    let loaded = LoadedBlock::new(&block);
    let cancel = CancelFlag::new();
    let around = RunContext {
        clock: &clock::now,
        cancel: &cancel,
        progress: &AtomicU32::new(0),
        threads: Threads::Own,
        first: &[],
        record: true,
    };
    let run = drive::run(&loaded, StrategyId::SEQUENTIAL, 1, &around).expect("a result");
    // Under Miri, where every run takes its time, one more of ours has to do.
    let (receipts, state) =
        if cfg!(miri) { (run.receipts.clone(), run.post_state.clone()) } else { evm::execute_block(&block) };
    for (i, receipt) in receipts.iter().enumerate() {
        assert!(receipt.status.is_success(), "transaction {i}: {:?}", receipt.status);
    }
    let compare = |run: &Run, what: &str| {
        let difference = verify::difference((&run.receipts, &run.post_state), (&receipts, &state));
        assert_eq!(difference, None, "{what}");
    };
    compare(&run, "in order");
    for strategy in STRATEGIES.into_iter().take(if cfg!(miri) { 1 } else { 5 }) {
        let simulation = Simulation {
            model: CostModel::default(),
            measured: &[],
            cancel: &cancel,
            progress: &|_| {},
            record: true,
        };
        let run = simulate(&loaded, strategy, 3, &simulation).expect("a result");
        compare(&run, strategy.name());
    }
    if !cfg!(miri) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().expect("a pool");
        let around = RunContext { threads: Threads::Pool(&pool), ..around };
        for strategy in STRATEGIES {
            for lanes in [2, 4] {
                let run = drive::run(&loaded, strategy, lanes, &around).expect("a result");
                compare(&run, strategy.name());
            }
        }
    }
}

/// Stores the word on the stack in memory at `at`.
fn keep(at: u64) -> Part {
    Raw(code(&[Num(at), Op(MSTORE)]))
}

#[test]
fn arithmetic_and_comparison() {
    let mut parts = Vec::new();
    // 0x01 to 0x0b take up to three operands, 0x10 to 0x1e up to two.
    // Miri cannot run division, which is inline assembly.
    let divides = |opcode: &u8| cfg!(miri) && (0x04..=0x09).contains(opcode);
    let opcodes = (0x01..=0x0b).chain(0x10..=0x1e).filter(|opcode| !divides(opcode));
    for (i, opcode) in opcodes.enumerate() {
        parts.extend([Num(7), Num(300), Num(0), Op(CALLDATALOAD), Op(opcode), keep(32 * i as u64)]);
        parts.extend([Num(3), Op(0x19), Num(5), Op(opcode), keep(32 * i as u64 + 900)]);
    }
    parts.extend([Num(1_800), Num(0), Op(KECCAK256), Num(1), Op(SSTORE)]);
    let high = [0xff; 32];
    let low = U256::from(77).to_be_bytes::<32>();
    check(&[(MAIN, code(&parts))], &[&high, &low, &[]]);
}

#[test]
fn stack_jumps_and_memory() {
    let mut parts = vec![Num(0)];
    for length in 1..=32u8 {
        parts.push(Op(0x5f + length));
        parts.push(Raw((0..length).map(|i| i ^ 0xa5).collect()));
    }
    parts.extend((0x80..=0x9f).map(Op));
    // MSTORE8, MSIZE, PC, GAS, MLOAD, MCOPY; memory grows gradually.
    for (i, at) in [0u64, 1, 40, 700, 4_000].into_iter().enumerate() {
        parts.extend([Num(at), Op(MSTORE)]);
        parts.extend([Num(i as u64), Num(at + 33), Op(0x53)]);
        parts.extend([Num(at), Op(0x51), Op(0x59), Op(0x01), Op(0x58), Op(0x01), Op(GAS), Op(POP)]);
        parts.extend([Num(64), Num(at), Num(at + 5), Op(MCOPY)]);
        parts.extend([Num(50), Num(3), Num(at), Op(CALLDATACOPY), Num(50), Num(3), Num(at + 7), Op(0x39)]);
    }
    // Five rounds, counted down on the stack.
    let start = code(&parts).len() as u64 + 2;
    parts.extend([Num(5), Op(0x5b), Num(1), Op(0x90), Op(0x03), Op(0x80)]);
    parts.extend([Op(0x61), Raw((start as u16).to_be_bytes().to_vec()), Op(0x57), Op(POP)]);
    // A jump over an invalid instruction, to a computed destination.
    let here = code(&parts).len() as u64;
    parts.extend([
        Op(0x61),
        Raw((here as u16 + 6).to_be_bytes().to_vec()),
        Op(0x56),
        Op(INVALID),
        Op(INVALID),
        Op(0x5b),
    ]);
    parts.extend([Num(4_100), Num(0), Op(KECCAK256), Num(2), Op(SSTORE)]);
    check(&[(MAIN, code(&parts))], &[&[1; 64], &[2; 5]]);
}

#[test]
fn nested_calls_and_what_they_return() {
    // Writes memory, reads its input (which is in the caller's memory), writes again, makes a call, returns more than
    // one word.
    let inner = |callee: Option<Address>| {
        let mut parts = vec![Num(9), Num(0), Op(MSTORE)];
        parts.extend([
            Num(4),
            Op(CALLDATALOAD),
            Num(32),
            Op(MSTORE),
            Num(60),
            Op(CALLDATALOAD),
            Num(0),
            Op(MSTORE),
        ]);
        parts.extend([Num(70), Num(1), Num(64), Op(CALLDATACOPY), Op(CALLDATASIZE), Num(200), Op(MSTORE)]);
        if let Some(callee) = callee {
            parts.extend([
                Num(64),
                Num(600),
                Num(90),
                Num(10),
                Num(0),
                Addr(callee),
                Op(GAS),
                Op(CALL),
                Op(POP),
            ]);
            // Its memory was behind ours in the shared buffer, which may have moved.
            parts.extend([Num(8), Op(CALLDATALOAD), Num(232), Op(MSTORE)]);
            parts.extend([Op(RETURNDATASIZE), Num(0), Num(700), Op(RETURNDATACOPY)]);
        }
        parts.extend([Num(0), Op(SLOAD), Num(1), Op(0x01), Num(0), Op(SSTORE), Num(800), Num(0), Op(RETURN)]);
        code(&parts)
    };
    let mut parts = vec![Num(0x1234_5678_9abc_def0), Num(20), Op(MSTORE)];
    for (i, opcode) in [CALL, CALLCODE, DELEGATECALL, STATICCALL].into_iter().enumerate() {
        let at = 40 * i as u64;
        parts.extend([Num(100), Num(300), Num(68), Num(at)]);
        if matches!(opcode, CALL | CALLCODE) {
            parts.push(Num(1));
        }
        parts.extend([Addr(INNER), Num(200_000), Op(opcode), Num(2_000 + at), Op(MSTORE)]);
        // The static call fails and returns nothing.
        parts.extend([Op(RETURNDATASIZE), Num(0), Num(400), Op(RETURNDATACOPY)]);
    }
    parts.extend([Num(2_400), Num(0), Op(KECCAK256), Num(1), Op(SSTORE)]);
    let contracts = [(MAIN, code(&parts)), (INNER, inner(Some(DEEP))), (DEEP, inner(None))];
    check(&contracts, &[&[], &[3; 40]]);
}

#[test]
fn creations_and_destructions() {
    // 12 bytes of init code that return the bytes behind them.
    let child = code(&[sload(3), sstore(3, 4), Num(0), Op(CALLDATALOAD), Op(SELFDESTRUCT)]);
    let size = child.len() as u8;
    let mut init = vec![0x60, size, 0x60, 12, 0x60, 0, 0x39, 0x60, size, 0x60, 0, RETURN];
    init.extend(&child);
    assert!(init.len() <= 32);
    let destroyed_at_once = code(&[sload(9), sstore(1, 5), Op(0x30), Op(SELFDESTRUCT)]);
    let reverting = code(&[sstore(1, 5), revert()]);
    let child_address = MAIN.create2_from_code(B256::ZERO, &init);
    let parts = [
        create(CREATE2, &init, 2),
        call(CALL, child_address, 1, 100_000),
        create(CREATE, &init, 0),
        create(CREATE, &destroyed_at_once, 1),
        create(CREATE2, &reverting, 0),
        call(CALL, child_address, 0, 100_000),
    ];
    check(&[(MAIN, code(&parts))], &[&[], &[0; 32]]);
}

#[test]
fn state_logs_and_environment() {
    let mut parts = vec![sload(1), sstore(1, 5), sstore(1, 0), sstore(2, 9), sload(2)];
    parts.extend([Num(6), Num(1), Op(TSTORE), Num(1), Op(TLOAD), Num(3), Op(SSTORE)]);
    for (i, opcode) in [BALANCE, EXTCODESIZE, EXTCODEHASH].into_iter().enumerate() {
        parts.extend([Addr(INNER), Op(opcode), keep(32 * i as u64)]);
    }
    parts.extend([Num(40), Num(0), Num(100), Addr(INNER), Op(EXTCODECOPY)]);
    // Instructions without operands: about the transaction, the block and the contract itself.
    let plain = [
        0x30, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3a, 0x3d, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x4a,
    ];
    for (i, opcode) in plain.into_iter().enumerate() {
        parts.extend([Op(opcode), keep(160 + 32 * i as u64)]);
    }
    parts.extend([Num(299), Op(0x40), keep(800), Num(0), Op(0x49), keep(832)]);
    for topics in 0..5 {
        parts.extend((0..topics).map(Num));
        parts.extend([Num(50), Num(10), Op(0xa0 + topics as u8)]);
    }
    // The identity precompile returns its input into memory.
    parts.extend([
        Num(32),
        Num(900),
        Num(32),
        Num(0),
        Addr(Address::with_last_byte(4)),
        Num(1_000),
        Op(STATICCALL),
    ]);
    parts.extend([Num(1), Op(SSTORE)]);
    // Calls that fail: an invalid jump, an empty stack, too little gas, REVERT and INVALID.
    let ends =
        [vec![Num(1), Op(0x56)], vec![Op(0x01)], vec![sstore(1, 1)], vec![revert()], vec![Op(INVALID)]];
    let mut contracts = vec![(INNER, code(&[sstore(1, 1), sload(2)]))];
    for (i, end) in ends.iter().enumerate() {
        let address = Address::with_last_byte(0xd0 + i as u8);
        contracts.push((address, code(end)));
        parts.push(call(CALL, address, i as u64 % 2, 5_000));
    }
    parts.push(call(CALL, INNER, 1, 50_000));
    contracts.push((MAIN, code(&parts)));
    check(&contracts, &[&[], &[1; 3], &[0xff; 70]]);
}

//! Our loops against revm's: runs the same frame through the fast path, step by step, and through revm's loop, and compares
//! every part of the frame.

use alloy_primitives::{Address, Bytes, U256};
use revm::{
    Context, MainContext,
    bytecode::{Bytecode, JumpTable, opcode::*},
    context::{ContextTr, JournalTr},
    context_interface::cfg::GasParams,
    database_interface::EmptyDB,
    handler::MainnetContext,
    interpreter::{
        CallInput, InputsImpl, Interpreter, SharedMemory,
        instructions::{gas_table_spec, instruction_table},
        interpreter::{EthInterpreter, ExtBytecode},
        interpreter_types::Jumps,
    },
    primitives::hardfork::SpecId,
};

use super::{SLICE, STACK_LIMIT, WORD, product_of_halves, run_in_slices};
use crate::step_loop;
use lanes::cancel::CancelFlag;

const SPECS: [SpecId; 15] = [
    SpecId::FRONTIER,
    SpecId::HOMESTEAD,
    SpecId::TANGERINE,
    SpecId::SPURIOUS_DRAGON,
    SpecId::BYZANTIUM,
    SpecId::PETERSBURG,
    SpecId::ISTANBUL,
    SpecId::BERLIN,
    SpecId::LONDON,
    SpecId::MERGE,
    SpecId::SHANGHAI,
    SpecId::CANCUN,
    SpecId::PRAGUE,
    SpecId::OSAKA,
    SpecId::AMSTERDAM,
];

/// The part of a list, or of a number of rounds, that Miri runs: it is some thousand times slower.
fn reduced<T>(all: T, under_miri: T) -> T {
    if cfg!(miri) { under_miri } else { all }
}

/// Whether Miri cannot run the opcode: numbers are divided by inline assembly on the processors that tests
/// run on. Divisions are revm's own in both loops.
fn divides(opcode: u8) -> bool {
    cfg!(miri) && (DIV..=MULMOD).contains(&opcode)
}

const TARGET: Address = Address::repeat_byte(0x1a);

/// A frame before its first instruction.
#[derive(Clone, Debug)]
struct Start {
    spec: SpecId,
    code: Vec<u8>,
    gas: u64,
    /// Topmost last.
    stack: Vec<U256>,
    /// Words of memory that the frame has already paid for, counted up byte by byte.
    memory: usize,
    input: Vec<u8>,
    /// Whether the input is in the caller's memory.
    input_in_memory: bool,
    is_static: bool,
}

impl Start {
    fn frame(&self) -> Interpreter<EthInterpreter> {
        let mut callers = SharedMemory::new();
        callers.resize(self.input.len().next_multiple_of(WORD) + WORD);
        callers.set(WORD, &self.input);
        let input = if self.input_in_memory && self.input.is_empty() {
            // As revm's CALL passes empty input.
            CallInput::SharedBuffer(usize::MAX..usize::MAX)
        } else if self.input_in_memory {
            CallInput::SharedBuffer(WORD..WORD + self.input.len())
        } else {
            CallInput::Bytes(Bytes::copy_from_slice(&self.input))
        };
        let mut memory = callers.new_child_context();
        let bytes: Vec<u8> = (0..self.memory * WORD).map(|i| i as u8 | 1).collect();
        memory.resize(bytes.len());
        memory.set(0, &bytes);
        let inputs = InputsImpl {
            target_address: TARGET,
            bytecode_address: Some(Address::repeat_byte(0x1b)),
            caller_address: Address::repeat_byte(0x1c),
            input,
            call_value: U256::from_limbs([7, 0, 9, 1]),
            depth: 1,
        };
        let code = ExtBytecode::new(analysed(&self.code));
        let mut frame = Interpreter::new(memory, code, inputs, self.is_static, self.spec, self.gas);
        for word in &self.stack {
            assert!(frame.stack.push(*word));
        }
        let paid = GasParams::new_spec(self.spec).memory_cost(self.memory);
        frame.gas.memory_mut().set_words_num(self.memory, paid);
        frame.return_data.0 = Bytes::from_static(b"what the last call returned: more than one word");
        frame
    }
}

/// The code as revm analyses it. Under Miri without revm's help: bitvec, in which revm keeps the table of
/// destinations, breaks the rules of Stacked Borrows.
fn analysed(code: &[u8]) -> Bytecode {
    if !cfg!(miri) {
        return Bytecode::new_legacy(Bytes::copy_from_slice(code));
    }
    let mut jumps = vec![0; code.len().div_ceil(8)];
    let mut at = 0;
    while at < code.len() {
        match code[at] {
            JUMPDEST => jumps[at / 8] |= 1 << (at % 8),
            push @ PUSH1..=PUSH32 => at += usize::from(push - PUSH0),
            _ => {}
        }
        at += 1;
    }
    let mut padded = code.to_vec();
    // STOP, and a byte more for an instruction with an operand of one byte.
    padded.resize(at.max(code.len()) + 2, STOP);
    // SAFETY: the code ends with STOP behind every operand, and each of its bytes has a bit.
    unsafe { Bytecode::new_analyzed(padded.into(), code.len(), JumpTable::from_slice(&jumps, code.len())) }
}

type TestHost = MainnetContext<EmptyDB>;

/// A host for each loop.
struct Hosts {
    theirs: TestHost,
    ours: TestHost,
    steps: TestHost,
}

impl Hosts {
    fn new(spec: SpecId) -> Self {
        let host = || Context::mainnet().modify_cfg_chained(|cfg| cfg.set_spec_and_mainnet_gas_params(spec));
        Self { theirs: host(), ours: host(), steps: host() }
    }
}

/// Runs the frame in all three loops and compares ours with revm's. Returns the reason why it ended.
fn check(start: &Start, hosts: &mut Hosts) -> String {
    let table = instruction_table::<EthInterpreter, TestHost>();
    let costs = gas_table_spec(start.spec);
    for host in [&mut hosts.theirs, &mut hosts.ours, &mut hosts.steps] {
        // Storage can only be read of accounts that are loaded.
        host.journal_mut().load_account(TARGET).expect("an empty database has no errors");
    }

    let mut theirs = start.frame();
    let expected = theirs.run_plain(&table, &costs, &mut hosts.theirs);
    let mut ours = start.frame();
    // The end of a slice must change nothing, wherever it falls.
    let slice = [0, 1, 40, SLICE][(start.gas as usize + start.code.len() + start.stack.len()) % 4];
    let cancel = CancelFlag::new();
    let action = run_in_slices(&mut ours, &table, &costs, &mut hosts.ours, &cancel, slice);
    let mut steps = start.frame();
    let in_steps = step_loop::run(&mut steps, &table, &costs, &mut hosts.steps, &cancel);

    let logs = hosts.theirs.journal_mut().take_logs();
    let state = hosts.theirs.journal_mut().finalize();
    for (what, ours, action, host) in
        [("fast path", ours, action, &mut hosts.ours), ("steps", steps, in_steps, &mut hosts.steps)]
    {
        assert_eq!(action.expect("the flag is not set"), expected, "{what}: {start:?}");
        assert_eq!(host.journal_mut().take_logs(), logs, "{what}: {start:?}");
        assert_eq!(host.journal_mut().finalize(), state, "{what}: {start:?}");
        assert_eq!(ours.gas, theirs.gas, "{what}: {start:?}");
        assert_eq!(ours.stack.data(), theirs.stack.data(), "{what}: {start:?}");
        assert_eq!(*ours.memory.context_memory(), *theirs.memory.context_memory(), "{what}: {start:?}");
        assert_eq!(ours.bytecode.pc(), theirs.bytecode.pc(), "{what}: {start:?}");
    }
    match expected.instruction_result() {
        Some(result) => format!("{result:?}"),
        None => "a call".to_owned(),
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        (self.word() % count as u64) as usize
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Words at the limits of arithmetic, shifts, offsets and jumps.
    fn operand(&mut self) -> U256 {
        let one = U256::ONE;
        match self.below(12) {
            0 => U256::ZERO,
            1 => one,
            2 => U256::MAX,
            3 => one << 255,
            4 => (one << 255) - one,
            5 => U256::from(self.below(300)),
            6 => U256::from(self.below(5) * WORD),
            7 => U256::from(u64::MAX) - U256::from(self.below(40)),
            8 => U256::from(u32::MAX) - U256::from(self.below(40)),
            9 => one << self.below(256),
            10 => U256::from(self.word()) << self.below(256),
            _ => U256::from_limbs([self.word(), self.word(), self.word(), self.word()]),
        }
    }
}

#[test]
fn every_opcode_of_every_fork_does_what_it_does_in_revms_loop() {
    let mut random = Random(1);
    let heights = [0, 1, 2, 3, 4, 7, 8, 15, 16, 17, STACK_LIMIT - 1, STACK_LIMIT];
    for spec in reduced(&SPECS[..], &[SpecId::OSAKA]) {
        let spec = *spec;
        let costs = gas_table_spec(spec);
        let mut hosts = Hosts::new(spec);
        for opcode in (0..=u8::MAX).filter(|opcode| !divides(*opcode)) {
            let cost = u64::from(costs[usize::from(opcode)]);
            let gases = [1_000_000, cost, 0, cost.saturating_sub(1), cost + 2];
            for height in reduced(&heights[..], &[17]) {
                for gas in reduced(&gases[..], &gases[..1]) {
                    let (height, gas) = (*height, *gas);
                    let mut code = vec![opcode];
                    code.extend((0..40).map(|_| JUMPDEST.wrapping_sub(random.below(2) as u8)));
                    let stack = (0..height).map(|_| random.operand()).collect();
                    let input = (0..random.pick(&[0, 5, 32, 33, 70])).map(|i| i as u8 ^ 0xa5).collect();
                    let start = Start {
                        spec,
                        code,
                        gas,
                        stack,
                        memory: random.pick(&[0, 1, 3, 9]),
                        input,
                        input_in_memory: random.below(2) == 0,
                        is_static: random.below(4) == 0,
                    };
                    check(&start, &mut hosts);
                }
            }
        }
    }
}

/// Opcodes as contracts have them: many of those that a stretch runs, some of the others.
fn program(random: &mut Random) -> Vec<u8> {
    let mut code = Vec::new();
    let (mut jumps, mut destinations) = (Vec::new(), Vec::new());
    for _ in 0..3 + random.below(60) {
        match random.below(16) {
            0..=4 => {
                let length = random.pick(&[1, 1, 1, 2, 2, 3, 4, 8, 9, 16, 20, 29, 31, 32]);
                code.push(PUSH0 + length as u8);
                // Mostly a small number: an offset, a shift, a place in the code.
                let small = random.below(8) != 0;
                code.extend((1..length).map(|_| if small { 0 } else { random.word() as u8 }));
                code.push(random.word() as u8 & 0x7f);
            }
            5 => code.push(DUP1 + random.below(16) as u8),
            6 => code.push(SWAP1 + random.below(16) as u8),
            7 => {
                jumps.push(code.len() + 3);
                code.extend([DUP1 + random.below(3) as u8, ISZERO, PUSH1, 0, JUMPI]);
            }
            8 => {
                jumps.push(code.len() + 2);
                code.extend([PUSH2, 0, 0, random.pick(&[JUMP, JUMPI, JUMPI])]);
            }
            9 | 10 => {
                destinations.push(code.len());
                code.push(JUMPDEST);
            }
            11 => code.push(random.pick(&[POP, MLOAD, MSTORE, MSTORE8, MSIZE, GAS, PC, PUSH0, SLOAD, TLOAD])),
            12 => code.push(random.pick(&[KECCAK256, RETURN, REVERT, CALL, MCOPY, CALLDATACOPY, DUPN, STOP])),
            13 => code.push(random.word() as u8),
            14 => code.push(random.pick(&[CALLDATALOAD, CALLDATASIZE, CALLER, ADDRESS, CALLVALUE])),
            _ => code.push(random.pick(&[
                ADD, MUL, SUB, DIV, SDIV, MOD, LT, GT, SLT, SGT, EQ, ISZERO, AND, OR, XOR, NOT, BYTE, SHL,
                SHR, SAR,
            ])),
        }
    }
    for jump in jumps {
        // Some jumps are invalid.
        let to = if random.below(8) == 0 || destinations.is_empty() {
            random.below(256)
        } else {
            random.pick(&destinations)
        };
        code[jump] = to as u8;
    }
    code.iter_mut().filter(|byte| divides(**byte)).for_each(|byte| *byte = ADD);
    code
}

#[test]
fn random_programs_do_what_they_do_in_revms_loop() {
    let mut random = Random(2);
    let mut ends = std::collections::BTreeMap::<String, u32>::new();
    let mut hosts = SPECS.map(Hosts::new);
    for _ in 0..reduced(150_000, 150) {
        let spec = random.below(SPECS.len());
        let height = random.pick(&[0, 4, 12, 20, STACK_LIMIT - 2]);
        let start = Start {
            spec: SPECS[spec],
            code: program(&mut random),
            gas: random.pick(&[30, 300, 3_000, 10_000]),
            stack: (0..height).map(|_| random.operand()).collect(),
            memory: random.below(5),
            input: (0..random.pick(&[0, 4, 36, 68, 80])).map(|i| i as u8).collect(),
            input_in_memory: random.below(2) == 0,
            is_static: random.below(4) == 0,
        };
        *ends.entry(check(&start, &mut hosts[spec])).or_default() += 1;
    }
    eprintln!("{ends:?}");
    // If all programs failed at their first instructions, nothing would be compared.
    let wanted = reduced(500, 0);
    for end in ["Stop", "OutOfGas", "InvalidJump", "StackUnderflow", "StackOverflow", "Return", "Revert"] {
        assert!(ends.get(end).is_some_and(|count| *count > wanted), "{end}: {ends:?}");
    }
}

/// The input of a nested call is in the buffer of its own frame's memory. The pointer into that memory must be
/// valid after the whole buffer was borrowed. Miri found this bug under Tree Borrows.
#[test]
fn memory_is_still_the_frames_after_input_was_read_from_the_callers_memory() {
    let mut code = Vec::new();
    for offset in [0, 32, 38, 200] {
        // Write, read input, write, read.
        code.extend([PUSH1, 7, PUSH1, 0, MSTORE]);
        code.extend([PUSH1, offset, CALLDATALOAD, PUSH1, 32, MSTORE]);
        code.extend([PUSH1, 32, MLOAD, PUSH1, 0, MLOAD, ADD, PUSH1, 64, MSTORE]);
    }
    code.extend([PUSH1, 96, PUSH1, 0, RETURN]);
    for input_in_memory in [false, true] {
        for input in [0, 5, 70] {
            let start = Start {
                spec: SpecId::OSAKA,
                code: code.clone(),
                gas: 10_000,
                stack: Vec::new(),
                memory: 3,
                input: (0..input).map(|i| i ^ 0xa5).collect(),
                input_in_memory,
                is_static: false,
            };
            assert_eq!(check(&start, &mut Hosts::new(SpecId::OSAKA)), "Return");
        }
    }
}

#[test]
fn products_of_halves_are_the_products() {
    let mut random = Random(3);
    for _ in 0..reduced(200_000, 200) {
        let (a, b) = (random.operand(), random.operand());
        assert_eq!(product_of_halves(&a, &b), a.wrapping_mul(b), "{a} {b}");
    }
}

//! The interpreter's loop: revm's instructions, dispatched in our own way.
//!
//! revm's loop calls every instruction through a table of function pointers, and keeps instruction pointer,
//! stack height and gas in memory. In WebAssembly calls through a table are slow, and take most of the time
//! of a contract. Here the instructions that need no state and cannot grow memory run in one function, a
//! [`stretch`], with all three in locals:
//!
//! ```text
//! run: ┌─▶ stretch ── an instruction that it does not finish ──▶ revm's own, from the table ─┐
//!      └─────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//! A stretch only runs instructions that succeed. If an instruction would fail (stack, fork, a bad jump), or
//! needs the host or more memory, the stretch stops in front of it in the state of revm's loop: behind the
//! opcode, with its static gas paid. revm's own instruction then does what is right. So the only error here
//! is running out of static gas. And there are no gas figures here: they come from revm's table for the fork.
//!
//! A transaction may run for minutes, and a person may cancel it. So a stretch gets no more than [`SLICE`]
//! gas at a time, and the rest is kept back. The cancel flag is read when the slice is used up. That adds no
//! work to an instruction: the test whether the gas is enough is there in any case.

use alloy_primitives::U256;
use revm::{
    bytecode::opcode::*,
    interpreter::{
        Host, InstructionContext, InstructionResult, Interpreter, InterpreterAction, SharedMemory,
        instructions::{GasTable, InstructionTable},
        interpreter::EthInterpreter,
        interpreter_types::{Jumps, LoopControl},
    },
    primitives::hardfork::SpecId,
};

use super::step_loop::SLICE;
use lanes::cancel::CancelFlag;

/// The height that revm's stack may have, and has memory for.
const STACK_LIMIT: usize = revm::interpreter::STACK_LIMIT;
const WORD: usize = 32;

#[cfg(test)]
mod tests;

/// The reason why a stretch ended.
#[derive(Clone, Copy)]
enum Left {
    /// The next instruction is one that it does not finish. Its static gas is paid, and the instruction
    /// pointer is behind it.
    To(u8),
    /// The same, but because the slice's gas is used up.
    Due(u8),
    /// The gas is not enough for the next instruction.
    OutOfGas,
}

/// Runs the frame until it ends or calls. Like `Interpreter::run_plain`, to the last unit of gas. `None` if
/// the cancel flag is set before or during the run.
pub(super) fn run<H: Host>(
    interpreter: &mut Interpreter<EthInterpreter>,
    table: &InstructionTable<EthInterpreter, H>,
    costs: &GasTable,
    host: &mut H,
    cancel: &CancelFlag,
) -> Option<InterpreterAction> {
    run_in_slices(interpreter, table, costs, host, cancel, SLICE)
}

#[inline(always)]
fn run_in_slices<H: Host>(
    interpreter: &mut Interpreter<EthInterpreter>,
    table: &InstructionTable<EthInterpreter, H>,
    costs: &GasTable,
    host: &mut H,
    cancel: &CancelFlag,
    slice: u64,
) -> Option<InterpreterAction> {
    if cancel.is_set() {
        return None;
    }
    let mut kept = interpreter.gas.remaining().saturating_sub(slice);
    let end = loop {
        let opcode = match stretch(interpreter, costs, kept) {
            Left::To(opcode) => opcode,
            Left::Due(opcode) => {
                if cancel.is_set() {
                    return None;
                }
                kept = interpreter.gas.remaining().saturating_sub(slice);
                opcode
            }
            Left::OutOfGas => break InstructionResult::OutOfGas,
        };
        let context = InstructionContext { interpreter: &mut *interpreter, host: &mut *host };
        if let Err(end) = table[usize::from(opcode)].execute(context) {
            break end;
        }
    };
    if interpreter.bytecode.action().is_none() {
        interpreter.halt(end);
    }
    Some(interpreter.take_next_action())
}

/// Runs instructions up to one that it does not finish, or until only the gas that is `kept` back is left.
#[inline(never)]
fn stretch(interpreter: &mut Interpreter<EthInterpreter>, costs: &GasTable, kept: u64) -> Left {
    let spec = interpreter.runtime_flag.spec_id;
    let shifts = spec.is_enabled_in(SpecId::PETERSBURG);
    let push0 = spec.is_enabled_in(SpecId::SHANGHAI);
    let returndata = spec.is_enabled_in(SpecId::BYZANTIUM);

    let code: *const u8 = interpreter.bytecode.bytes_ref().as_ptr();
    let (jumps, jumps_len) = match interpreter.bytecode.legacy_jump_table() {
        Some(table) => (table.as_slice().as_ptr(), table.len()),
        None => (code, 0),
    };
    let (mut memory, memory_len) = own_memory(&mut interpreter.memory);
    let stack = interpreter.stack.data_mut();
    debug_assert!(stack.capacity() >= STACK_LIMIT);
    let height = stack.len();
    let bottom: *mut U256 = stack.as_mut_ptr();
    // An instruction of revm's may have used some of the gas that was kept back.
    let mut kept = kept.min(interpreter.gas.remaining());
    let mut gas = interpreter.gas.remaining() - kept;

    // SAFETY: each pointer stays in its bounds.
    // - `ip`: revm's analysis pads code so that it ends with STOP, and every PUSH with its operand. A stretch
    //   ends at STOP, and jumps only to bytes that have a bit in revm's table of destinations.
    // - `top` is one beyond the stack's last word: `need!` checks how many words are below it, `room!` that
    //   one more fits. All `STACK_LIMIT` words have memory, which does not move because revm never pushes
    //   beyond them. Words below `top` are initialised.
    // - `memory` to `memory + memory_len` is the frame's memory. Nothing else writes to it, moves it or
    //   changes its length before the stretch ends. All frames share one buffer: reading another frame's part
    //   borrows the whole buffer, and `memory` is made again after that.
    unsafe {
        let limit = bottom.add(STACK_LIMIT);
        let mut ip = code.add(interpreter.bytecode.pc());
        let mut top = bottom.add(height);

        let left = loop {
            let opcode = *ip;
            ip = ip.add(1);
            let cost = u64::from(costs[usize::from(opcode)]);
            if gas < cost {
                if gas + kept < cost {
                    break Left::OutOfGas;
                }
                gas = gas + kept - cost;
                kept = 0;
                break Left::Due(opcode);
            }
            gas -= cost;

            /// Leaves the instruction to revm unless the stack has this many operands.
            macro_rules! need {
                ($words:expr) => {
                    if (top as usize) - (bottom as usize) < $words * WORD {
                        break Left::To(opcode);
                    }
                };
            }
            /// Leaves the instruction to revm if the stack is full.
            macro_rules! room {
                () => {
                    if top == limit {
                        break Left::To(opcode);
                    }
                };
            }
            /// An instruction that turns one word into another.
            macro_rules! unary {
                (|$a:ident| $value:expr) => {{
                    need!(1);
                    let $a = &*top.sub(1);
                    let value: U256 = $value;
                    *top.sub(1) = value;
                }};
            }
            /// An instruction that turns two words into one.
            macro_rules! binary {
                (|$a:ident, $b:ident| $value:expr) => {{
                    need!(2);
                    let ($a, $b) = (&*top.sub(1), &*top.sub(2));
                    let value: U256 = $value;
                    top = top.sub(1);
                    *top.sub(1) = value;
                }};
            }
            /// Goes on at a destination, with the JUMPDEST there run if there is gas for it.
            macro_rules! enter {
                ($to:expr) => {{
                    ip = code.add($to);
                    let cost = u64::from(costs[usize::from(JUMPDEST)]);
                    if gas >= cost {
                        gas -= cost;
                        ip = ip.add(1);
                    }
                }};
            }
            /// An instruction that adds a word.
            macro_rules! push {
                ($value:expr) => {{
                    room!();
                    let value: U256 = $value;
                    top.write(value);
                    top = top.add(1);
                }};
            }

            match opcode {
                ADD => binary!(|a, b| a.wrapping_add(*b)),
                MUL => binary!(|a, b| product(a, b)),
                SUB => binary!(|a, b| a.wrapping_sub(*b)),
                LT => binary!(|a, b| flag(a < b)),
                GT => binary!(|a, b| flag(a > b)),
                SLT => binary!(|a, b| flag(signed_less(a, b))),
                SGT => binary!(|a, b| flag(signed_less(b, a))),
                EQ => binary!(|a, b| flag(a == b)),
                ISZERO => unary!(|a| flag(is_zero(a))),
                AND => binary!(|a, b| *a & *b),
                OR => binary!(|a, b| *a | *b),
                XOR => binary!(|a, b| *a ^ *b),
                NOT => unary!(|a| !*a),
                SHL if shifts => binary!(|by, a| shifted_left(a, by)),
                SHR if shifts => binary!(|by, a| shifted_right(a, by)),

                ADDRESS => push!(interpreter.input.target_address.into_word().into()),
                CALLER => push!(interpreter.input.caller_address.into_word().into()),
                CALLVALUE => push!(interpreter.input.call_value),
                CALLDATASIZE => push!(small(interpreter.input.input.len())),
                CALLDATALOAD => {
                    need!(1);
                    let word = top.sub(1);
                    let input = &interpreter.input.input;
                    match index(&*word).filter(|offset| *offset < input.len()) {
                        // Only in this case: with revm, empty input may be beyond all memory.
                        Some(offset) => {
                            {
                                let input = &input.as_bytes_memory(&interpreter.memory)[offset..];
                                if input.len() >= WORD {
                                    load_word(input.as_ptr(), word);
                                } else {
                                    let mut padded = [0; WORD];
                                    padded[..input.len()].copy_from_slice(input);
                                    load_word(padded.as_ptr(), word);
                                }
                            }
                            // The input of a nested call is in the same buffer, so the pointer is made
                            // again.
                            memory = own_memory(&mut interpreter.memory).0;
                        }
                        None => *word = U256::ZERO,
                    }
                }
                RETURNDATASIZE if returndata => push!(small(interpreter.return_data.0.len())),

                POP => {
                    need!(1);
                    top = top.sub(1);
                }
                MLOAD => {
                    need!(1);
                    let word = top.sub(1);
                    match index(&*word) {
                        Some(offset) if fits(offset, memory_len) => load_word(memory.add(offset), word),
                        _ => break Left::To(opcode),
                    }
                }
                MSTORE => {
                    need!(2);
                    match index(&*top.sub(1)) {
                        Some(offset) if fits(offset, memory_len) => {
                            store_word(&*top.sub(2), memory.add(offset));
                        }
                        _ => break Left::To(opcode),
                    }
                    top = top.sub(2);
                }
                JUMP => {
                    need!(1);
                    match index(&*top.sub(1)) {
                        Some(to) if is_destination(jumps, jumps_len, to) => enter!(to),
                        _ => break Left::To(opcode),
                    }
                    top = top.sub(1);
                }
                JUMPI => {
                    need!(2);
                    if !is_zero(&*top.sub(2)) {
                        match index(&*top.sub(1)) {
                            Some(to) if is_destination(jumps, jumps_len, to) => enter!(to),
                            _ => break Left::To(opcode),
                        }
                    }
                    top = top.sub(2);
                }
                PC => push!(small(ip.offset_from_unsigned(code) - 1)),
                MSIZE => push!(small(memory_len)),
                GAS => push!(U256::from_limbs([gas + kept, 0, 0, 0])),
                JUMPDEST => {}

                PUSH0 if push0 => push!(U256::ZERO),
                PUSH1 => {
                    push!(U256::from_limbs([u64::from(*ip), 0, 0, 0]));
                    ip = ip.add(1);
                }
                PUSH2 => {
                    room!();
                    let to = usize::from(*ip) << 8 | usize::from(*ip.add(1));
                    ip = ip.add(2);
                    // Mostly this is the target of the jump that follows. Then both run in one step, unless the
                    // jump would fail, which shows when its turn comes.
                    let next = *ip;
                    let cost = u64::from(costs[usize::from(next)]);
                    if next == JUMPI && gas >= cost && top != bottom {
                        let stays = is_zero(&*top.sub(1));
                        if stays || is_destination(jumps, jumps_len, to) {
                            gas -= cost;
                            top = top.sub(1);
                            if stays {
                                ip = ip.add(1);
                            } else {
                                enter!(to);
                            }
                            continue;
                        }
                    } else if next == JUMP && gas >= cost && is_destination(jumps, jumps_len, to) {
                        gas -= cost;
                        enter!(to);
                        continue;
                    }
                    top.write(small(to));
                    top = top.add(1);
                }
                PUSH32 => {
                    room!();
                    load_word(ip, top);
                    top = top.add(1);
                    ip = ip.add(WORD);
                }
                PUSH3..PUSH32 => {
                    room!();
                    let length = usize::from(opcode - PUSH0);
                    top.write(operand(ip, length));
                    top = top.add(1);
                    ip = ip.add(length);
                }
                DUP1..=DUP16 => {
                    let from = usize::from(opcode - DUP1) + 1;
                    need!(from);
                    room!();
                    top.write(*top.sub(from));
                    top = top.add(1);
                }
                SWAP1..=SWAP16 => {
                    let with = usize::from(opcode - SWAP1) + 1;
                    need!(with + 1);
                    top.sub(1).swap(top.sub(1 + with));
                }
                _ => break Left::To(opcode),
            }
        };

        interpreter.stack.data_mut().set_len(top.offset_from_unsigned(bottom));
        interpreter.bytecode.absolute_jump(ip.offset_from_unsigned(code));
        interpreter.gas.set_remaining(gas + kept);
        left
    }
}

/// The frame's own part of the memory that all frames share: its first byte, and its length.
#[inline]
fn own_memory(memory: &mut SharedMemory) -> (*mut u8, usize) {
    let mut own = memory.context_memory_mut();
    (own.as_mut_ptr(), own.len())
}

fn small(number: usize) -> U256 {
    U256::from_limbs([number as u64, 0, 0, 0])
}

fn flag(set: bool) -> U256 {
    U256::from_limbs([u64::from(set), 0, 0, 0])
}

fn is_zero(word: &U256) -> bool {
    let [a, b, c, d] = *word.as_limbs();
    a | b | c | d == 0
}

/// The word as an index, if it fits.
fn index(word: &U256) -> Option<usize> {
    let [a, b, c, d] = *word.as_limbs();
    if b | c | d == 0 { usize::try_from(a).ok() } else { None }
}

/// Whether a word at `offset` is within this many bytes.
fn fits(offset: usize, bytes: usize) -> bool {
    bytes >= WORD && offset <= bytes - WORD
}

/// Less, with the topmost bit as the sign.
fn signed_less(a: &U256, b: &U256) -> bool {
    let (high_a, high_b) = (a.as_limbs()[3] as i64, b.as_limbs()[3] as i64);
    // With equal signs the order is the unsigned one.
    if (high_a < 0) == (high_b < 0) { a < b } else { high_a < high_b }
}

/// The product's lowest 256 bits.
fn product(a: &U256, b: &U256) -> U256 {
    if cfg!(target_pointer_width = "64") { a.wrapping_mul(*b) } else { product_of_halves(a, b) }
}

/// The same for machines on which the full product of two limbs is expensive: from 32-bit halves, and without
/// work for a limb that is zero. Most factors are short.
fn product_of_halves(a: &U256, b: &U256) -> U256 {
    let (a, b) = if a.as_limbs()[1] == 0 { (a, b) } else { (b, a) };
    let mut limbs = [0u64; 4];
    for (i, a) in a.as_limbs().iter().enumerate().filter(|(_, a)| **a != 0) {
        let mut carry = 0;
        for (limb, b) in limbs[i..].iter_mut().zip(b.as_limbs()) {
            let (low, high) = if *b == 0 { (0, 0) } else { full_product(*a, *b) };
            let (sum, over) = limb.overflowing_add(low);
            let (sum, over_again) = sum.overflowing_add(carry);
            *limb = sum;
            // No more than the upper half of a full product can be, plus what fits beside it.
            carry = high + u64::from(over) + u64::from(over_again);
        }
    }
    U256::from_limbs(limbs)
}

/// Lower and upper half of a product.
fn full_product(a: u64, b: u64) -> (u64, u64) {
    let (a0, a1) = (a & u64::from(u32::MAX), a >> 32);
    let (b0, b1) = (b & u64::from(u32::MAX), b >> 32);
    let middle = a1 * b0 + ((a0 * b0) >> 32);
    let other = a0 * b1 + (middle & u64::from(u32::MAX));
    (a.wrapping_mul(b), a1 * b1 + (middle >> 32) + (other >> 32))
}

fn shifted_left(word: &U256, by: &U256) -> U256 {
    let Some(by) = index(by).filter(|by| *by < 256) else { return U256::ZERO };
    let [a, b, c, d] = match (by / 64, *word.as_limbs()) {
        (0, limbs) => limbs,
        (1, [a, b, c, _]) => [0, a, b, c],
        (2, [a, b, ..]) => [0, 0, a, b],
        (_, [a, ..]) => [0, 0, 0, a],
    };
    let by = by % 64;
    // In two steps, because a single shift by 64 is not allowed.
    let joined = |high: u64, low: u64| high << by | (low >> 1) >> (63 - by);
    U256::from_limbs([a << by, joined(b, a), joined(c, b), joined(d, c)])
}

fn shifted_right(word: &U256, by: &U256) -> U256 {
    let Some(by) = index(by).filter(|by| *by < 256) else { return U256::ZERO };
    let [a, b, c, d] = match (by / 64, *word.as_limbs()) {
        (0, limbs) => limbs,
        (1, [_, b, c, d]) => [b, c, d, 0],
        (2, [_, _, c, d]) => [c, d, 0, 0],
        (_, [.., d]) => [d, 0, 0, 0],
    };
    let by = by % 64;
    let joined = |high: u64, low: u64| low >> by | (high << 1) << (63 - by);
    U256::from_limbs([joined(b, a), joined(c, b), joined(d, c), d >> by])
}

/// Whether code may be entered there.
///
/// # Safety
/// `jumps` points to at least `length` bits.
unsafe fn is_destination(jumps: *const u8, length: usize, to: usize) -> bool {
    // SAFETY: the bit is one of them.
    to < length && unsafe { *jumps.add(to >> 3) } >> (to & 7) & 1 != 0
}

/// A PUSH's operand: up to 32 bytes, the most significant first.
///
/// # Safety
/// `length` bytes can be read there.
unsafe fn operand(bytes: *const u8, length: usize) -> U256 {
    // SAFETY: the caller's promise.
    let bytes = unsafe { std::slice::from_raw_parts(bytes, length) };
    let mut limbs = [0u64; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.rchunks(8)) {
        *limb = chunk.iter().fold(0, |limb, byte| limb << 8 | u64::from(*byte));
    }
    U256::from_limbs(limbs)
}

/// Puts 32 bytes, the most significant first, into a word.
///
/// # Safety
/// 32 bytes can be read there, and the word can be written.
unsafe fn load_word(bytes: *const u8, word: *mut U256) {
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    // SAFETY: as demanded of the caller; a vector needs no alignment.
    unsafe {
        use std::arch::wasm32::{v128_load, v128_store};
        let high = v128_load(bytes.cast());
        let low = v128_load(bytes.add(16).cast());
        v128_store(word.cast(), reversed(low));
        v128_store(word.cast::<u8>().add(16).cast(), reversed(high));
    }
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    // SAFETY: the caller's promise.
    unsafe {
        word.write(U256::from_be_bytes(bytes.cast::<[u8; WORD]>().read()));
    }
}

/// Writes a word as 32 bytes, the most significant first.
///
/// # Safety
/// 32 bytes can be written there.
unsafe fn store_word(word: &U256, bytes: *mut u8) {
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    // SAFETY: as demanded of the caller; a vector needs no alignment.
    unsafe {
        use std::arch::wasm32::{v128_load, v128_store};
        let word = std::ptr::from_ref(word).cast::<u8>();
        let low = v128_load(word.cast());
        let high = v128_load(word.add(16).cast());
        v128_store(bytes.cast(), reversed(high));
        v128_store(bytes.add(16).cast(), reversed(low));
    }
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    // SAFETY: the caller's promise.
    unsafe {
        bytes.cast::<[u8; WORD]>().write(word.to_be_bytes());
    }
}

/// Sixteen bytes the other way round. WebAssembly has no instruction that swaps a number's bytes.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn reversed(bytes: std::arch::wasm32::v128) -> std::arch::wasm32::v128 {
    std::arch::wasm32::i8x16_shuffle::<15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0>(bytes, bytes)
}

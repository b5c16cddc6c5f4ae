//! The interpreter's loop in its plain form: revm's instructions one by one, by revm's public interface alone.
//!
//! The same as `Interpreter::run_plain`, to the last unit of gas, with two additions: it reads the cancel flag now and
//! then, and it tells a watcher what each instruction took. The meter watches, and without the feature `fast-path` this
//! is the only loop.

use revm::interpreter::{
    Host, InstructionContext, InstructionResult, Interpreter, InterpreterAction,
    instructions::{GasTable, InstructionTable},
    interpreter::EthInterpreter,
    interpreter_types::{Jumps, LoopControl},
};

use lanes::cancel::CancelFlag;

/// Gas between two reads of the cancel flag: a few milliseconds of the slowest instructions. A single
/// instruction or precompile is not interrupted.
pub(super) const SLICE: u64 = 250_000;

/// Runs the frame until it ends or calls. `None` if the cancel flag is set meanwhile, or from the start.
#[cfg(any(test, not(feature = "fast-path")))]
pub(super) fn run<H: Host>(
    interpreter: &mut Interpreter<EthInterpreter>,
    table: &InstructionTable<EthInterpreter, H>,
    costs: &GasTable,
    host: &mut H,
    cancel: &CancelFlag,
) -> Option<InterpreterAction> {
    run_watched(interpreter, table, costs, host, cancel, |_, _| {})
}

/// The same. `watch` gets the opcode of each instruction that ran, and the gas that it took beyond its fixed price.
#[inline]
pub(super) fn run_watched<H: Host>(
    interpreter: &mut Interpreter<EthInterpreter>,
    table: &InstructionTable<EthInterpreter, H>,
    costs: &GasTable,
    host: &mut H,
    cancel: &CancelFlag,
    mut watch: impl FnMut(u8, u64),
) -> Option<InterpreterAction> {
    // The flag is read again when no more gas than this is left.
    let mut due = u64::MAX;
    let end = loop {
        if interpreter.gas.remaining() <= due {
            if cancel.is_set() {
                return None;
            }
            due = interpreter.gas.remaining().saturating_sub(SLICE);
        }
        let opcode = interpreter.bytecode.opcode();
        interpreter.bytecode.relative_jump(1);
        let fixed = u64::from(costs[usize::from(opcode)]);
        if interpreter.gas.record_cost_unsafe(fixed) {
            break InstructionResult::OutOfGas;
        }
        let before = interpreter.gas.remaining();
        let context = InstructionContext { interpreter: &mut *interpreter, host: &mut *host };
        let step = table[usize::from(opcode)].execute(context);
        watch(opcode, before.saturating_sub(interpreter.gas.remaining()));
        if let Err(end) = step {
            break end;
        }
    };
    if interpreter.bytecode.action().is_none() {
        interpreter.halt(end);
    }
    Some(interpreter.take_next_action())
}

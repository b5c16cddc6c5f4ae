//! Counts the gas and the instructions' times of an attempt, for simulated lanes. Measured lanes have a clock.

use revm::{
    bytecode::opcode,
    interpreter::{
        Host, Interpreter, InterpreterAction,
        instructions::{GasTable, InstructionTable},
        interpreter::EthInterpreter,
    },
};

use lanes::vm::Spent;

use super::step_loop;
use lanes::cancel::CancelFlag;

/// One executor's counts.
#[derive(Debug)]
pub(super) struct Meter {
    /// Whether every instruction is weighed; else only gas is counted.
    pub(super) weighs: bool,
    nanos: u64,
    /// For each open frame, outermost first, the gas that it had left when it last stopped, without the gas
    /// that it gave to a call.
    left: Vec<u64>,
}

impl Meter {
    pub(super) fn new(weighs: bool) -> Self {
        Self { weighs, nanos: 0, left: Vec::new() }
    }

    /// Begins an attempt.
    pub(super) fn begin(&mut self) {
        self.nanos = 0;
        self.left.clear();
    }

    /// Notes that the frame at this depth stopped: it made a call, or ended.
    pub(super) fn stopped(&mut self, depth: usize, left: u64) {
        self.left.truncate(depth);
        self.left.push(left);
    }

    /// Notes a call without a frame, and its gas: of a precompile, or of an account without code.
    pub(super) fn answered(&mut self, gas: u64) {
        if self.weighs {
            self.nanos = self.nanos.saturating_add(gas.saturating_mul(PRECOMPILED));
        }
    }

    /// What the attempt has used of `limit`.
    pub(super) fn spent(&self, limit: u64) -> Spent {
        let left = self.left.iter().fold(0, |sum: u64, left| sum.saturating_add(*left));
        let gas = if self.left.is_empty() { 0 } else { limit.saturating_sub(left) };
        Spent { gas, nanos: self.nanos }
    }

    /// Runs the frame until it ends or calls, and weighs every instruction. `None` as in `step_loop::run`.
    pub(super) fn run<H: Host>(
        &mut self,
        interpreter: &mut Interpreter<EthInterpreter>,
        table: &InstructionTable<EthInterpreter, H>,
        costs: &GasTable,
        host: &mut H,
        cancel: &CancelFlag,
    ) -> Option<InterpreterAction> {
        let nanos = &mut self.nanos;
        step_loop::run_watched(interpreter, table, costs, host, cancel, |opcode, size| {
            let (fixed, per_gas) = weight(opcode);
            *nanos = nanos.saturating_add(fixed).saturating_add(size.saturating_mul(per_gas));
        })
    }
}

/// Nanoseconds per gas of a precompile.
const PRECOMPILED: u64 = 12;

/// The stated time of an instruction: nanoseconds, and nanoseconds per gas beyond its fixed price, where that
/// goes by size (words hashed, bytes of an exponent).
///
/// Round figures, of the order that this engine takes natively; docs/engine.md has the table.
pub(super) const fn weight(opcode: u8) -> (u64, u64) {
    match opcode {
        opcode::MUL | opcode::SIGNEXTEND => (4, 0),
        opcode::DIV | opcode::SDIV | opcode::MOD | opcode::SMOD => (12, 0),
        opcode::ADDMOD | opcode::MULMOD => (25, 0),
        opcode::EXP => (20, 1),
        opcode::KECCAK256 => (150, 8),
        opcode::SLOAD => (60, 0),
        opcode::SSTORE => (120, 0),
        opcode::TLOAD | opcode::TSTORE | opcode::BLOCKHASH | opcode::SELFBALANCE => (40, 0),
        opcode::BALANCE | opcode::EXTCODESIZE | opcode::EXTCODEHASH | opcode::EXTCODECOPY => (80, 0),
        opcode::CALLDATACOPY | opcode::CODECOPY | opcode::RETURNDATACOPY | opcode::MCOPY => (15, 0),
        opcode::LOG0..=opcode::LOG4 => (80, 0),
        opcode::CALL | opcode::CALLCODE | opcode::DELEGATECALL | opcode::STATICCALL => (300, 0),
        opcode::CREATE | opcode::CREATE2 => (1_500, 0),
        opcode::SELFDESTRUCT => (500, 0),
        _ => (2, 0),
    }
}

//! What a run of the block shows of names: the inputs of hashes, from which the names of mapping entries are found, and the
//! contracts that transactions create.

use alloy_primitives::{
    Address, B256, Bytes, keccak256,
    map::{B256Map, Entry},
};
use revm::{
    InspectEvm, Inspector, MainBuilder,
    bytecode::opcode::KECCAK256,
    interpreter::{
        Interpreter, InterpreterTypes,
        interpreter_types::{Jumps, MemoryTr, StackTr},
    },
};

use super::{convert, reference, step_loop::SLICE};
use crate::block::PreparedBlock;
use lanes::{cancel::CancelFlag, units::TxIndex};

/// From which names can be found.
#[derive(Debug, Default)]
pub struct Clues {
    /// Inputs of hashes, by hash: see [`clues`].
    pub preimages: B256Map<Bytes>,
    /// Contracts that are created in the block, in its order; within a transaction by address.
    pub created: Vec<Created>,
}

/// A contract that a transaction creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Created {
    /// The transaction.
    pub tx: TxIndex,
    /// Where it is.
    pub address: Address,
    /// keccak-256 of its code.
    pub code_hash: B256,
}

/// The contracts that the block creates, and the inputs of every KECCAK256 over at least 32 and at most [`MOST`] bytes that the block's transactions run, by hash. Of
/// those that are neither 32 nor 64 bytes long, the first [`MOST_TEXT`] bytes.
///
/// Solidity puts the entry of a mapping at keccak-256(key ‖ slot) and an array's elements at keccak-256(slot). A key is a word,
/// or a text or bytes of any length. So these inputs turn slots into names. An untimed sequential run. Incomplete if `cancel`
/// is set during the run.
pub fn clues(block: &PreparedBlock, cancel: &CancelFlag) -> Clues {
    let mut created = Vec::new();
    let mut found = Hashes {
        preimages: B256Map::default(),
        left: MOST_TEXT,
        cancel,
        cancelled: false,
        looks: Looks::default(),
    };
    let mut state = block.pre_state.clone();
    reference::system_calls(&block.env, &mut state);
    for (i, tx) in block.transactions.iter().enumerate() {
        if cancel.is_set() {
            break;
        }
        let context = reference::context(&block.env, &state);
        let mut evm = context.build_mainnet_with_inspector(&mut found);
        if let Ok(done) = evm.inspect_tx(convert::transaction(tx)) {
            let mut new: Vec<Created> = done
                .state
                .iter()
                .filter(|(_, account)| account.is_created() && !account.info.is_empty_code_hash())
                .map(|(address, account)| Created {
                    tx: TxIndex(i as u32),
                    address: *address,
                    code_hash: account.info.code_hash,
                })
                .collect();
            new.sort_unstable_by_key(|created| created.address);
            created.extend(new);
            reference::commit(&mut state, done.state);
        }
    }
    Clues { preimages: found.preimages, created }
}

/// The longest input that is kept: a slot behind a text of 256 bytes.
const MOST: usize = 256 + 32;
/// Most bytes of inputs that are not of the usual lengths: most of them are no keys.
const MOST_TEXT: usize = 4 << 20;

/// Instructions between two checks of the cancel flag, at most. Within a frame there are also at most [`SLICE`] gas
/// between them, because some instructions take as long as thousands of others.
const LOOK: u32 = 1 << 12;

/// When the cancel flag was last checked.
#[derive(Default)]
struct Looks {
    steps: u32,
    gas: u64,
}

impl Looks {
    /// Whether it is to be checked before an instruction with that much gas left. Another frame has other gas, so a call
    /// may bring a check forward.
    fn is_due(&mut self, gas: u64) -> bool {
        self.steps += 1;
        let is_due = self.steps >= LOOK || self.gas.abs_diff(gas) >= SLICE;
        if is_due {
            *self = Self { steps: 0, gas };
        }
        is_due
    }
}

struct Hashes<'c> {
    preimages: B256Map<Bytes>,
    /// What may still be kept of inputs of unusual lengths, in bytes.
    left: usize,
    cancel: &'c CancelFlag,
    /// Whether the cancel flag was set.
    cancelled: bool,
    looks: Looks,
}

impl<CTX, INTR: InterpreterTypes> Inspector<CTX, INTR> for Hashes<'_>
where
    INTR::Stack: StackTr,
    INTR::Memory: MemoryTr,
    INTR::Bytecode: Jumps,
{
    fn step(&mut self, interpreter: &mut Interpreter<INTR>, _: &mut CTX) {
        if self.cancelled || self.looks.is_due(interpreter.gas.remaining()) && self.cancel.is_set() {
            // Every frame that this one returns to is ended, too.
            self.cancelled = true;
            interpreter.halt_oog();
            return;
        }
        if interpreter.bytecode.opcode() != KECCAK256 {
            return;
        }
        let stack = interpreter.stack.data();
        let [.., length, offset] = stack else { return };
        let (Ok(offset), Ok(length)) = (usize::try_from(*offset), usize::try_from(*length)) else {
            return;
        };
        // Memory that the instruction is about to grow into is zero and names nothing.
        let end = offset.saturating_add(length);
        let is_usual = length == 32 || length == 64;
        if !(32..=MOST).contains(&length)
            || !is_usual && length > self.left
            || end > interpreter.memory.size()
        {
            return;
        }
        let input = Bytes::copy_from_slice(&interpreter.memory.slice(offset..end));
        if let Entry::Vacant(entry) = self.preimages.entry(keccak256(&input)) {
            entry.insert(input);
            self.left -= if is_usual { 0 } else { length };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cancel_flag_is_checked_by_instructions_and_by_gas() {
        let mut looks = Looks::default();
        // Cheap instructions.
        let first = (1..=u64::from(LOOK)).find(|n| looks.is_due(100_000 - 3 * n));
        assert_eq!(first, Some(u64::from(LOOK)));
        // Hashes of a megabyte, seven instructions each.
        let mut gas = 100_000_000;
        assert!(looks.is_due(gas), "another frame");
        let mut steps = 0;
        loop {
            steps += 1;
            gas -= if steps % 7 == 0 { 187_530 } else { 3 };
            if looks.is_due(gas) {
                break;
            }
        }
        assert_eq!(steps, 14, "after the second hash");
    }
}

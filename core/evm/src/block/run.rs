//! The result of a run (receipts, post-state, trace), and the result that a real block must have.

use alloy_primitives::{Address, B256, Bloom, Bytes, LogData};
use serde::{Deserialize, Serialize};

use super::State;
use lanes::trace::Trace;

/// The result of one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Receipt {
    /// EIP-2718 type.
    pub kind: u8,
    /// How it ended.
    pub status: Status,
    /// Gas used by this transaction, refunds deducted. 0 for an invalid one.
    pub gas_used: u64,
    /// Gas used by the block up to and including this transaction.
    pub cumulative_gas_used: u64,
    /// Logs in order.
    pub logs: Vec<Log>,
    /// Return data, or the revert's data.
    pub output: Bytes,
    /// The address of the contract that the transaction creates, also if it failed.
    pub contract_address: Option<Address>,
}

/// How a transaction ended.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Status {
    /// The outermost call succeeded.
    #[default]
    Success,
    /// The outermost call reverted.
    Revert,
    /// The outermost call ended exceptionally (out of gas, invalid opcode, …), with the EVM's name for it.
    Halt(String),
    /// The transaction could not be included at this place (nonce, balance, gas limit, …). It
    /// changes nothing and has no receipt in the receipts trie.
    Invalid(String),
}

impl Status {
    /// Whether the outermost call succeeded.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Success)
    }

    /// Whether the transaction could not be included.
    pub fn is_invalid(&self) -> bool {
        matches!(self, Self::Invalid(_))
    }
}

/// One log.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Log {
    /// The contract that logged.
    pub address: Address,
    /// Topics and data.
    pub data: LogData,
}

/// A run's whole result.
#[derive(Clone, Debug)]
pub struct Run {
    /// One per transaction, in block order.
    pub receipts: Vec<Receipt>,
    /// The whole state after the block.
    pub post_state: State,
    /// The record of the run.
    pub trace: Trace,
}

/// What a real block's execution must give.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The block's hash, where the record has it.
    pub block_hash: Option<B256>,
    /// Gas used by the block.
    pub gas_used: u64,
    /// Logs bloom of the block.
    pub logs_bloom: Bloom,
    /// Receipts root of the real header, where it can be compared (Byzantium and later, header known).
    pub receipts_root: Option<B256>,
    /// Whether `gas_used` and `logs_bloom` come from the real header (else from a sequential run of
    /// stock revm).
    pub header_known: bool,
    /// Receipts in order. The format has no outputs and only success or failure, so outputs are empty, and every
    /// failure is [`Status::Revert`]. One that used no gas is a transaction that cannot
    /// be included: blocks made by tests have such.
    pub receipts: Vec<Receipt>,
    /// The whole state after the block: the pre-state changed by the file's `postState`.
    pub post_state: State,
}

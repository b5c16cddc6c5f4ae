//! Real blocks: the format `evm-block-case/1`.

use alloy_primitives::{B256, Bloom};

use super::State;
use crate::run::Receipt;

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
    /// Receipts in order.
    pub receipts: Vec<Receipt>,
    /// The whole state after the block: the pre-state changed by the file's `postState`.
    pub post_state: State,
}

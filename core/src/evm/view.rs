//! What an attempt sees of the state.

use alloy_primitives::{Address, B256, U256};

use super::{Base, Code};
use crate::{
    schedule::{AccountNo, Key, SlotNo},
    units::Version,
};

/// The state as one attempt sees it. A view notes what it is asked for: every method but
/// [`View::account`], [`View::base`], [`View::slot_no`] and [`View::block_hash`] is a read.
pub trait View {
    /// The account's number.
    fn account(&mut self, address: Address) -> AccountNo;
    /// The state before the block. Looking there is no read: what it says is only a guess.
    fn base(&self) -> &Base;
    /// Reads a balance.
    fn balance(&mut self, account: AccountNo) -> Result<U256, Blocked>;
    /// Reads a nonce.
    fn nonce(&mut self, account: AccountNo) -> Result<u64, Blocked>;
    /// Whether the sender's balance is at least `need`, the most that the running transaction takes; reads no
    /// more than that. A view may say no where it cannot tell: then the balance itself is to be read.
    fn at_least(&mut self, account: AccountNo, need: U256) -> Result<bool, Blocked>;
    /// Reads the nonce of the running transaction's sender. Where the sender's transaction before is
    /// a plain payment that has not run yet, a view may believe what the transaction says it is.
    fn sender_nonce(&mut self, account: AccountNo) -> Result<u64, Blocked>;
    /// Reads code.
    fn code(&mut self, account: AccountNo) -> Result<Code, Blocked>;
    /// Reads whether the account exists.
    fn exists(&mut self, account: AccountNo) -> Result<bool, Blocked>;
    /// Reads whether balance and nonce are both zero, and no more than that.
    fn is_blank(&mut self, account: AccountNo) -> Result<bool, Blocked>;
    /// Reads a slot.
    fn slot(&mut self, account: AccountNo, slot: U256) -> Result<U256, Blocked>;
    /// The number of a slot, if it has one. Looking it up is no read.
    fn slot_no(&mut self, account: AccountNo, slot: &U256) -> Option<SlotNo>;
    /// The hash of an earlier block.
    fn block_hash(&self, number: u64) -> Option<B256>;
}

/// An attempt met an estimate: a value whose writer is about to run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key:?} awaits transaction {}", writer.tx.0)]
pub struct Blocked {
    /// Where.
    pub key: Key,
    /// Whose write was withdrawn.
    pub writer: Version,
}

impl revm::database_interface::DBErrorMarker for Blocked {}

//! The virtual machine that runs transactions, as far as the lanes know it: the EVM, or a toy under the model
//! checker.
//!
//! ```text
//!            turns to a transaction                reads
//! a lane ───────────────────────────▶ Executor ──────────────▶ View ──▶ memory, or PreState
//!        ◀─ Effects { receipt, writes } ─┘        ◀── value, or Blocked ──┘
//! ```

use std::fmt::Debug;

use alloy_primitives::{Address, B256, U256};

use crate::{
    cancel::CancelFlag,
    schedule::{AccountNo, Key, SlotNo, SlotNumbers, Write},
    units::{TxIndex, Version},
};

/// A virtual machine with a block's transactions, ready to run. Shared by all lanes.
pub trait Vm: Sync + Sized {
    /// Code of accounts.
    type Code: Code;
    /// State before the first transaction.
    type PreState: PreState<Code = Self::Code>;
    /// The result of a transaction, beside its writes.
    type Receipt: Receipt;
    /// One lane's machine.
    type Executor<'a, V: View<Vm = Self>>: Executor<V>
    where
        Self: 'a;

    /// State before the first transaction.
    fn pre_state(&self) -> &Self::PreState;

    /// A lane's machine that reads through this view. It checks `cancel` while it runs a transaction.
    fn executor<'a, V: View<Vm = Self>>(&'a self, view: V, cancel: &'a CancelFlag) -> Self::Executor<'a, V>;

    /// Whether a transaction fits into the block after transactions that used this much gas together.
    ///
    /// # Errors
    /// The transaction's receipt, if it does not fit.
    fn fits(&self, tx: TxIndex, gas_used: u64) -> Result<(), Self::Receipt>;
}

/// Code of an account.
pub trait Code: Clone + PartialEq + Debug + Send + Sync {
    /// Codes with the same hash are the same.
    fn hash(&self) -> B256;
    /// The same code, with a reference count that no other lane uses. The lanes would contend for a shared
    /// count.
    fn own(&self) -> Self;
    /// Whether it is the code of accounts without code.
    fn is_none(&self) -> bool;
    /// No code, with a reference count that no other lane uses.
    fn none() -> Self;
}

/// The result of a transaction, beside its writes.
pub trait Receipt: Default + Clone + Send {
    /// Gas used.
    fn gas_used(&self) -> u64;
    /// Whether the transaction was included. One that was not has used no gas and written nothing.
    fn is_included(&self) -> bool;
    /// Sets the gas that the transactions up to this one used together.
    fn set_cumulative_gas_used(&mut self, gas: u64);
    /// A copy of the parts that a run without a record needs.
    #[must_use]
    fn outline(&self) -> Self;
}

/// State before the first transaction. The accounts and slots that it lists have numbers, from 0.
pub trait PreState: Sync {
    /// Code of accounts.
    type Code: Code;
    /// Number of accounts that it lists.
    fn accounts(&self) -> usize;
    /// Addresses of the accounts that it lists, by number.
    fn addresses(&self) -> Vec<Address>;
    /// The number of an account that it lists.
    fn number(&self, address: &Address) -> Option<AccountNo>;
    /// The number of different codes: one more than the highest [`PreState::code_no`].
    fn codes(&self) -> usize;
    /// The number of an account's code. Accounts with the same code have the same number.
    fn code_no(&self, account: AccountNo) -> usize;
    /// An account's code.
    fn code(&self, account: AccountNo) -> &Self::Code;
    /// A balance; 0 for accounts that it does not list.
    fn balance(&self, account: AccountNo) -> U256;
    /// A nonce; 0 for accounts that it does not list.
    fn nonce(&self, account: AccountNo) -> u64;
    /// Whether the account exists.
    fn exists(&self, account: AccountNo) -> bool;
    /// The slots that it lists.
    fn slots(&self) -> &SlotNumbers;
    /// A slot's value; 0 for slots that it does not list.
    fn value(&self, slot: Option<SlotNo>) -> U256;
}

/// The state that one attempt reads. A view notes the read set: every method but [`View::account`],
/// [`View::vm`], [`View::base`] and [`View::slot_no`] is a read.
pub trait View {
    /// The machine that reads.
    type Vm: Vm;
    /// The machine.
    fn vm(&self) -> &Self::Vm;
    /// The pre-state. Using it is no read, so its values are only guesses.
    fn base(&self) -> &<Self::Vm as Vm>::PreState {
        self.vm().pre_state()
    }
    /// The account's number.
    fn account(&mut self, address: Address) -> AccountNo;
    /// Reads a balance.
    ///
    /// # Errors
    /// Here and below: if it met an estimate.
    fn balance(&mut self, account: AccountNo) -> Result<U256, Blocked>;
    /// Reads a nonce.
    fn nonce(&mut self, account: AccountNo) -> Result<u64, Blocked>;
    /// Whether the sender's balance is at least `need`, the most that the running transaction takes; reads no
    /// more than that. A view may answer no if it does not know; then the caller must read the balance itself.
    fn at_least(&mut self, account: AccountNo, need: U256) -> Result<bool, Blocked>;
    /// Reads the nonce of the running transaction's sender. If the sender's previous transaction is a plain
    /// payment that has not run yet, a view may predict the nonce: the one that the running transaction carries.
    fn sender_nonce(&mut self, account: AccountNo) -> Result<u64, Blocked>;
    /// Reads code.
    fn code(&mut self, account: AccountNo) -> Result<<Self::Vm as Vm>::Code, Blocked>;
    /// Reads whether the account exists.
    fn exists(&mut self, account: AccountNo) -> Result<bool, Blocked>;
    /// Reads whether balance and nonce are both zero, and no more than that.
    fn is_blank(&mut self, account: AccountNo) -> Result<bool, Blocked>;
    /// Reads a slot.
    fn slot(&mut self, account: AccountNo, slot: U256) -> Result<U256, Blocked>;
    /// The number of a slot, if it has one. Looking it up is no read.
    fn slot_no(&mut self, account: AccountNo, slot: &U256) -> Option<SlotNo>;
}

/// One lane's machine: runs attempts one after the other, each on the transaction that its view is turned to.
pub trait Executor<V: View> {
    /// The view.
    fn view(&mut self) -> &mut V;
    /// The view, once no more attempts run.
    fn into_view(self) -> V;
    /// Runs an attempt at a transaction.
    ///
    /// # Errors
    /// If it met an estimate, or was cancelled.
    fn run(&mut self, tx: TxIndex) -> Result<EffectsOf<V::Vm>, Interrupted>;
    /// Takes back the memory that [`Effects::writes`] were kept in, for the next attempt.
    fn reuse(&mut self, writes: Vec<Write<<V::Vm as Vm>::Code>>);
    /// The same, but it counts what attempts use; with `weighs`, instruction by instruction.
    #[must_use]
    fn metered(self, weighs: bool) -> Self;
    /// What the last attempt used, if that is counted. `receipt` is its receipt if it ran to its end.
    fn spent(&self, tx: TxIndex, receipt: Option<&<V::Vm as Vm>::Receipt>) -> Spent;
}

/// The result of an attempt that ran to its end.
#[derive(Debug)]
pub struct Effects<R, C> {
    /// The receipt.
    pub receipt: R,
    /// Its writes; at most one per location.
    pub writes: Vec<Write<C>>,
}

/// [`Effects`] of a machine.
pub type EffectsOf<M> = Effects<<M as Vm>::Receipt, <M as Vm>::Code>;

/// Why an attempt did not run to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupted {
    /// It met an estimate.
    Blocked(Blocked),
    /// The cancel flag was seen.
    Cancelled,
}

impl From<Blocked> for Interrupted {
    fn from(blocked: Blocked) -> Self {
        Self::Blocked(blocked)
    }
}

/// An attempt met an estimate: an entry whose writer is about to run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key:?} is an estimate of transaction {}", writer.tx.0)]
pub struct Blocked {
    /// The location.
    pub key: Key,
    /// The attempt whose write was withdrawn.
    pub writer: Version,
}

/// What an attempt used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Gas: the receipt's, or the gas gone when the attempt stopped at an estimate.
    pub gas: u64,
    /// The instructions' stated times, in nanoseconds (`weight`); 0 unless instructions are weighed.
    pub nanos: u64,
}

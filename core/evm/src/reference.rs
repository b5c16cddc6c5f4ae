//! The reference execution: stock revm on a plain [`State`].

use alloy_primitives::{Address, B256, U256, keccak256, map::AddressMap};
use revm::{
    Context, Database, ExecuteEvm, MainBuilder, SystemCallEvm,
    bytecode::Bytecode,
    context::{BlockEnv, CfgEnv, Journal, TxEnv, result::EVMError},
    primitives::KECCAK_EMPTY,
    state::{Account as RevmAccount, AccountInfo},
};
use std::{collections::BTreeMap, convert::Infallible};

use super::convert;
use crate::{
    block::run::{Receipt, Status},
    block::{Account, BlockEnvironment, Fork, PreparedBlock, State, SystemCall, Transaction},
};

/// The most gas of one transaction from Osaka on (EIP-7825).
const MAX_TX_GAS: u64 = 1 << 24;

/// Runs `tx` on `state` and keeps its changes. A transaction that cannot be included changes nothing, and its
/// receipt says why. The block's gas limit is not checked.
///
/// The receipt's cumulative gas is the transaction's own.
pub fn apply(env: &BlockEnvironment, state: &mut State, tx: &Transaction) -> Receipt {
    if let Some(reason) = convert::malformed(tx, convert::spec(env.fork)) {
        return convert::invalid(tx, &reason);
    }
    let mut evm = context(env, state).build_mainnet();
    match evm.transact(convert::transaction(tx)) {
        Ok(done) => {
            commit(state, done.state);
            convert::receipt(tx, done.result)
        }
        Err(EVMError::Transaction(reason)) => convert::invalid(tx, &reason),
        Err(other) => refused(tx, &other),
    }
}

/// Runs a whole block on a copy of its pre-state, one transaction after the other: system calls, then
/// transactions, with the block's gas limit enforced. Returns the receipts and the state after.
pub fn execute_block(block: &PreparedBlock) -> (Vec<Receipt>, State) {
    let mut state = block.pre_state.clone();
    system_calls(&block.env, &mut state);
    let mut cumulative = 0;
    let receipts = block
        .transactions
        .iter()
        .map(|tx| {
            let mut receipt = match block_gas_left(&block.env, cumulative, tx) {
                Ok(()) => apply(&block.env, &mut state, tx),
                Err(receipt) => receipt,
            };
            cumulative += receipt.gas_used;
            receipt.cumulative_gas_used = cumulative;
            receipt
        })
        .collect();
    (receipts, state)
}

/// Whether `tx` fits into the block's remaining gas; else its receipt.
#[allow(
    clippy::result_large_err,
    reason = "the error is the transaction's receipt; smaller where pointers are"
)]
/// Whether `tx` fits into the gas that the transactions before it left in the block.
///
/// # Errors
/// Its receipt, if it does not fit.
pub(crate) fn block_gas_left(
    env: &BlockEnvironment,
    cumulative: u64,
    tx: &Transaction,
) -> Result<(), Receipt> {
    let left = env.gas_limit.saturating_sub(cumulative);
    // A gas limit above the cap (EIP-7825) is refused for that, before the block's gas is checked.
    let is_above_cap = env.fork >= Fork::Osaka && tx.gas_limit > MAX_TX_GAS;
    if tx.gas_limit <= left || is_above_cap {
        return Ok(());
    }
    Err(Receipt {
        kind: tx.kind,
        status: Status::Invalid(format!(
            "gas limit {} is more than the {left} left in the block",
            tx.gas_limit
        )),
        contract_address: tx.to.is_none().then(|| tx.from.create(tx.nonce)),
        ..Receipt::default()
    })
}

/// Makes the calls that the protocol itself makes before the first transaction (EIP-4788,
/// EIP-2935). Without code at the address nothing happens; gas and result do not matter.
pub(crate) fn system_calls(env: &BlockEnvironment, state: &mut State) {
    for SystemCall { to, input } in &env.system_calls {
        let has_code = state.accounts.get(to).is_some_and(|account| account.code_hash.is_some());
        if !has_code {
            continue;
        }
        let mut evm = context(env, state).build_mainnet();
        // A failing system call changes nothing, and has no receipt.
        if let Ok(done) = evm.system_call(*to, input.clone()) {
            commit(state, done.state);
        }
    }
}

/// The receipt of a transaction that revm refused with an error.
pub(super) fn refused(tx: &Transaction, error: &dyn std::fmt::Display) -> Receipt {
    Receipt {
        kind: tx.kind,
        status: Status::Invalid(error.to_string()),
        contract_address: tx.to.is_none().then(|| tx.from.create(tx.nonce)),
        ..Receipt::default()
    }
}

/// A [`State`] as revm's database.
pub(super) struct StateDb<'a> {
    state: &'a State,
    block_hashes: &'a BTreeMap<u64, B256>,
}

pub(super) type StockContext<'a> = Context<BlockEnv, TxEnv, CfgEnv, StateDb<'a>, Journal<StateDb<'a>>>;

pub(super) fn context<'a>(env: &'a BlockEnvironment, state: &'a State) -> StockContext<'a> {
    let cfg = convert::cfg(env);
    StockContext::new(StateDb { state, block_hashes: &env.block_hashes }, cfg.spec)
        .with_cfg(cfg)
        .with_block(convert::block(env))
}

impl Database for StateDb<'_> {
    type Error = Infallible;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self.state.accounts.get(&address).map(|account| AccountInfo {
            balance: account.balance,
            nonce: account.nonce,
            code_hash: account.code_hash.unwrap_or(KECCAK_EMPTY),
            account_id: None,
            code: None,
        }))
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, Infallible> {
        // A code that the state does not hold is never run (a real block's record leaves such codes out), so
        // an empty one takes its place.
        Ok(self.state.codes.get(&hash).cloned().map(convert::bytecode).unwrap_or_default())
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, Infallible> {
        let account = self.state.accounts.get(&address);
        Ok(account.and_then(|a| a.storage.get(&slot)).copied().unwrap_or_default())
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Infallible> {
        Ok(self.block_hashes.get(&number).copied().unwrap_or_else(|| unknown_block_hash(number)))
    }
}

/// BLOCKHASH of a block that the environment does not list: keccak-256 of its number in decimal,
/// as Ethereum's own state tests have it.
pub(super) fn unknown_block_hash(number: u64) -> B256 {
    keccak256(number.to_string().as_bytes())
}

/// Keeps a transaction's changes. revm has already turned the rules before EIP-161 into flags: an account
/// that is touched, empty and not created is gone.
pub(crate) fn commit(state: &mut State, changes: AddressMap<RevmAccount>) {
    for (address, changed) in changes {
        if !changed.is_touched() {
            continue;
        }
        if changed.is_selfdestructed() || (changed.is_empty() && !changed.is_created()) {
            state.accounts.remove(&address);
            continue;
        }
        let account = state.accounts.entry(address).or_default();
        if changed.is_created() {
            *account = Account::default();
        }
        account.balance = changed.info.balance;
        account.nonce = changed.info.nonce;
        let hash = changed.info.code_hash;
        account.code_hash = (hash != KECCAK_EMPTY && !hash.is_zero()).then_some(hash);
        if let (Some(hash), Some(code)) = (account.code_hash, changed.info.code) {
            state.codes.entry(hash).or_insert_with(|| code.original_bytes());
        }
        for (slot, value) in changed.storage {
            if value.present_value.is_zero() {
                account.storage.remove(&slot);
            } else {
                account.storage.insert(slot, value.present_value);
            }
        }
    }
}

//! A lean sequential loop on stock revm: what the speed of everything else is compared with.
//!
//! It is what one writes with revm alone and with care: one EVM for the block, revm's [`CacheDB`] over state in memory, code
//! analysed before the run, a commit after each transaction. It has the cryptography that this crate's features choose, as
//! lanes have. Correctness is judged by [`crate::execute_block`], which is simpler, and several times slower.

use alloy_primitives::{Address, B256, U256, map::AddressMap, map::HashMap};
use revm::{
    Context, Database, DatabaseCommit, DatabaseRef, ExecuteCommitEvm, MainBuilder, SystemCallCommitEvm,
    bytecode::Bytecode,
    context::{BlockEnv, CfgEnv, Journal, TxEnv, result::EVMError},
    database::{AccountState, CacheDB, DbAccount},
    primitives::KECCAK_EMPTY,
    state::{Account as RevmAccount, AccountInfo},
};
use std::{collections::BTreeMap, convert::Infallible, iter};

use super::{convert, reference};
use crate::{
    block::run::Receipt,
    block::{Account, BlockEnvironment, PreparedBlock, State, Transaction},
};

/// A block in the form that revm runs: accounts with analysed code, transactions converted, signers of authorisations
/// recovered.
#[derive(Debug)]
pub struct Baseline<'a> {
    env: &'a BlockEnvironment,
    transactions: &'a [Transaction],
    converted: Vec<TxEnv>,
    state: Memory<'a>,
}

/// What a run of the loop gives: a receipt for each transaction, and the values that the block has read or written.
#[derive(Debug)]
pub struct Done<'a> {
    /// In block order.
    pub receipts: Vec<Receipt>,
    values: LeanDb<'a>,
}

/// The state before the block.
#[derive(Debug)]
struct Memory<'a> {
    accounts: AddressMap<(AccountInfo, &'a HashMap<U256, U256>)>,
    block_hashes: &'a BTreeMap<u64, B256>,
}

/// revm's [`CacheDB`] with the rules for accounts that are gone, which it leaves out: one that is touched and empty does not
/// exist (EIP-161), and one that was destroyed has no storage, even if it exists again.
#[derive(Debug)]
struct LeanDb<'a>(CacheDB<&'a Memory<'a>>);

type LeanContext<'a> = Context<BlockEnv, TxEnv, CfgEnv, LeanDb<'a>, Journal<LeanDb<'a>>>;

impl<'a> Baseline<'a> {
    /// Analyses code and converts the transactions.
    pub fn new(block: &'a PreparedBlock) -> Self {
        let codes: HashMap<B256, Bytecode> = block
            .pre_state
            .codes
            .iter()
            .map(|(hash, code)| (*hash, convert::bytecode(code.clone())))
            .collect();
        let account = |(address, account): (&Address, &'a Account)| {
            let info = AccountInfo {
                balance: account.balance,
                nonce: account.nonce,
                code_hash: account.code_hash.unwrap_or(KECCAK_EMPTY),
                account_id: None,
                code: Some(account.code_hash.and_then(|hash| codes.get(&hash).cloned()).unwrap_or_default()),
            };
            (*address, (info, &account.storage))
        };
        Self {
            env: &block.env,
            transactions: &block.transactions,
            converted: block.transactions.iter().map(convert::transaction).collect(),
            state: Memory {
                accounts: block.pre_state.accounts.iter().map(account).collect(),
                block_hashes: &block.env.block_hashes,
            },
        }
    }

    /// Runs the block: system calls, then transactions, with the block's gas limit enforced.
    pub fn run(&'a self) -> Done<'a> {
        let cfg = convert::cfg(self.env);
        let spec = cfg.spec;
        let mut evm = LeanContext::new(LeanDb(CacheDB::new(&self.state)), spec)
            .with_cfg(cfg)
            .with_block(convert::block(self.env))
            .build_mainnet();
        for call in &self.env.system_calls {
            if self.state.accounts.get(&call.to).is_some_and(|(info, _)| info.code_hash != KECCAK_EMPTY) {
                // A failing system call changes nothing, and has no receipt.
                let _ = evm.system_call_commit(call.to, call.input.clone());
            }
        }
        let mut receipts = Vec::with_capacity(self.transactions.len());
        let mut cumulative = 0;
        for (tx, converted) in self.transactions.iter().zip(&self.converted) {
            let mut receipt = match reference::block_gas_left(self.env, cumulative, tx) {
                Err(receipt) => receipt,
                Ok(()) => match convert::malformed(tx, spec) {
                    Some(reason) => convert::invalid(tx, &reason),
                    None => match evm.transact_commit(converted.clone()) {
                        Ok(result) => convert::receipt(tx, result),
                        Err(EVMError::Transaction(reason)) => convert::invalid(tx, &reason),
                        Err(other) => reference::refused(tx, &other),
                    },
                },
            };
            cumulative += receipt.gas_used;
            receipt.cumulative_gas_used = cumulative;
            receipts.push(receipt);
        }
        Done { receipts, values: evm.ctx.journaled_state.database }
    }
}

impl Done<'_> {
    /// The state after `block`, to compare it.
    pub fn state_after(self, block: &PreparedBlock) -> State {
        let mut state = block.pre_state.clone();
        let changed = self.values.0.cache;
        for (address, changed) in changed.accounts {
            match changed.account_state {
                AccountState::None => continue,
                AccountState::NotExisting => {
                    state.accounts.remove(&address);
                    continue;
                }
                AccountState::Touched | AccountState::StorageCleared => {}
            }
            let account = state.accounts.entry(address).or_default();
            if changed.account_state.is_storage_cleared() {
                account.storage.clear();
            }
            account.balance = changed.info.balance;
            account.nonce = changed.info.nonce;
            let hash = changed.info.code_hash;
            account.code_hash = (hash != KECCAK_EMPTY && !hash.is_zero()).then_some(hash);
            for (slot, value) in changed.storage {
                if value.is_zero() {
                    account.storage.remove(&slot);
                } else {
                    account.storage.insert(slot, value);
                }
            }
        }
        for (hash, code) in changed.contracts {
            if !code.is_empty() {
                state.codes.entry(hash).or_insert_with(|| code.original_bytes());
            }
        }
        state
    }
}

impl Database for LeanDb<'_> {
    type Error = Infallible;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        self.0.basic(address)
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, Infallible> {
        self.0.code_by_hash(hash)
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, Infallible> {
        self.0.storage(address, slot)
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Infallible> {
        self.0.block_hash(number)
    }
}

impl DatabaseCommit for LeanDb<'_> {
    fn commit(&mut self, changes: AddressMap<RevmAccount>) {
        for (address, changed) in changes {
            if !changed.is_touched() {
                continue;
            }
            let known = self.0.cache.accounts.entry(address).or_default();
            // revm has already turned the rules before EIP-161 into flags.
            if changed.is_empty() && !changed.is_created() {
                *known = DbAccount { account_state: AccountState::NotExisting, ..DbAccount::default() };
                continue;
            }
            let is_new = known.account_state == AccountState::NotExisting;
            self.0.commit_iter(&mut iter::once((address, changed)));
            if let Some(known) = self.0.cache.accounts.get_mut(&address)
                && is_new
                && known.account_state == AccountState::Touched
            {
                known.account_state = AccountState::StorageCleared;
            }
        }
    }
}

impl DatabaseRef for Memory<'_> {
    type Error = Infallible;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self.accounts.get(&address).map(|(info, _)| info.clone()))
    }

    fn code_by_hash_ref(&self, _: B256) -> Result<Bytecode, Infallible> {
        // Every account comes with its code.
        Ok(Bytecode::default())
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, Infallible> {
        let account = self.accounts.get(&address);
        Ok(account.and_then(|(_, storage)| storage.get(&slot)).copied().unwrap_or_default())
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, Infallible> {
        Ok(self.block_hashes.get(&number).copied().unwrap_or_else(|| reference::unknown_block_hash(number)))
    }
}

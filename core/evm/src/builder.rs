//! Builds a block by hand.

use alloy_primitives::{Address, Bytes, U256, keccak256};

use crate::{
    block::{Account, BlockEnvironment, Fork, Origin, PreparedBlock, State, Transaction},
    source::{StateSource, collect},
};

/// Builds a block from its environment, accounts and transactions. The defaults: chain 1, the latest fork, no
/// base fee, a gas limit so high that every transaction fits.
///
/// ```
/// use alloy_primitives::{Address, U256};
/// use evm::{BlockBuilder, block::Transaction, lanes::strategies::StrategyId};
///
/// let (alice, bob) = (Address::repeat_byte(1), Address::repeat_byte(2));
/// let block = BlockBuilder::new()
///     .balance(alice, U256::from(1_000_000))
///     .transaction(Transaction {
///         from: alice,
///         to: Some(bob),
///         value: U256::from(7),
///         gas_limit: 21_000,
///         ..Transaction::default()
///     })
///     .build();
/// let run = evm::run_block(&block, StrategyId::BLOCK_STM, 2)?;
/// assert_eq!(run.post_state.accounts[&bob].balance, U256::from(7));
/// # Ok::<(), evm::drive::Stopped>(())
/// ```
#[derive(Clone, Debug)]
pub struct BlockBuilder {
    env: BlockEnvironment,
    state: State,
    transactions: Vec<Transaction>,
    labels: Vec<String>,
}

impl Default for BlockBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl BlockBuilder {
    /// An empty block.
    pub fn new() -> Self {
        let env = BlockEnvironment {
            chain_id: 1,
            fork: Fork::Osaka,
            number: 1,
            timestamp: 1,
            gas_limit: u64::MAX / 4,
            base_fee: 0,
            beneficiary: Address::ZERO,
            difficulty: U256::ZERO,
            prev_randao: Some(alloy_primitives::B256::ZERO),
            excess_blob_gas: Some(0),
            blob_base_fee_update_fraction: None,
            block_hashes: Default::default(),
            system_calls: Vec::new(),
        };
        Self { env, state: State::default(), transactions: Vec::new(), labels: Vec::new() }
    }

    /// The block's environment, to be changed.
    pub fn environment(&mut self) -> &mut BlockEnvironment {
        &mut self.env
    }

    /// Sets the fork whose rules apply.
    #[must_use]
    pub fn fork(mut self, fork: Fork) -> Self {
        self.env.fork = fork;
        self
    }

    /// Sets the account that gets the fees.
    #[must_use]
    pub fn beneficiary(mut self, address: Address) -> Self {
        self.env.beneficiary = address;
        self
    }

    /// Sets an account of the pre-state.
    #[must_use]
    pub fn account(mut self, address: Address, account: Account) -> Self {
        self.state.accounts.insert(address, account);
        self
    }

    /// Sets an account's balance, in wei.
    #[must_use]
    pub fn balance(mut self, address: Address, balance: U256) -> Self {
        self.state.accounts.entry(address).or_default().balance = balance;
        self
    }

    /// Sets an account's code.
    #[must_use]
    pub fn code(mut self, address: Address, code: Bytes) -> Self {
        let hash = keccak256(&code);
        self.state.accounts.entry(address).or_default().code_hash = (!code.is_empty()).then_some(hash);
        self.state.codes.insert(hash, code);
        self
    }

    /// Sets the value of a slot.
    #[must_use]
    pub fn slot(mut self, address: Address, slot: U256, value: U256) -> Self {
        self.state.accounts.entry(address).or_default().storage.insert(slot, value);
        self
    }

    /// Appends a transaction.
    #[must_use]
    pub fn transaction(self, transaction: Transaction) -> Self {
        self.labelled(transaction, "")
    }

    /// Appends a transaction with a name for people.
    #[must_use]
    pub fn labelled(mut self, transaction: Transaction, label: impl Into<String>) -> Self {
        self.transactions.push(transaction);
        self.labels.push(label.into());
        self
    }

    /// The block, with the accounts that were set as its pre-state.
    pub fn build(mut self) -> PreparedBlock {
        for account in self.state.accounts.values_mut() {
            account.storage.retain(|_, value| !value.is_zero());
        }
        let Self { env, state, transactions, labels } = self;
        PreparedBlock { env, pre_state: state, transactions, labels, origin: Origin::Scenario }
    }

    /// The block, with the part of another state that it uses as its pre-state. The accounts that were set are ignored.
    ///
    /// # Errors
    /// The source's own.
    pub fn build_on<S: StateSource>(self, source: &S) -> Result<PreparedBlock, S::Error> {
        let Self { env, transactions, labels, .. } = self;
        Ok(PreparedBlock { labels, ..collect(source, env, transactions)? })
    }
}

//! A block that is ready to run: all values concrete, all names resolved.
//!
//! Scenarios and real blocks (`evm-block-case/1`) both end here. The types are our own, so that only the
//! modules that run transactions name revm's.

pub mod run;

use std::collections::BTreeMap;

use alloy_primitives::{
    Address, B256, Bytes, U256,
    map::{AddressMap, B256Map, HashMap},
};

pub use document::Fork;

/// The block's environment, as the EVM's block opcodes see it.
#[derive(Clone, Debug)]
pub struct BlockEnvironment {
    /// Chain id (EIP-155).
    pub chain_id: u64,
    /// The fork whose rules are in force.
    pub fork: Fork,
    /// Block number.
    pub number: u64,
    /// Unix time, in seconds.
    pub timestamp: u64,
    /// Gas limit of the block. A transaction that does not fit into the gas that is left is not included.
    pub gas_limit: u64,
    /// Base fee per gas, in wei (EIP-1559); 0 before London.
    pub base_fee: u64,
    /// The account that gets the fees.
    pub beneficiary: Address,
    /// Difficulty, before Paris.
    pub difficulty: U256,
    /// PREVRANDAO, from Paris on (EIP-4399).
    pub prev_randao: Option<B256>,
    /// Excess blob gas, from Cancun on (EIP-4844).
    pub excess_blob_gas: Option<u64>,
    /// Divisor of the blob base fee formula in force (EIP-4844).
    pub blob_base_fee_update_fraction: Option<u64>,
    /// The answers to BLOCKHASH, by number.
    pub block_hashes: BTreeMap<u64, B256>,
    /// Calls made before the first transaction, by the system address (EIP-4788, EIP-2935).
    pub system_calls: Vec<SystemCall>,
}

/// A call made by the protocol itself before the first transaction. It costs no gas and leaves no receipt.
#[derive(Clone, Debug)]
pub struct SystemCall {
    /// The contract; nothing happens where there is no code.
    pub to: Address,
    /// Call data.
    pub input: Bytes,
}

/// State: an account that is not listed does not exist, a slot that is not listed is zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Accounts by address.
    pub accounts: AddressMap<Account>,
    /// Code by its keccak-256.
    pub codes: B256Map<Bytes>,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Account {
    /// In wei.
    pub balance: U256,
    /// Nonce.
    pub nonce: u64,
    /// keccak-256 of its code; `None`: no code.
    pub code_hash: Option<B256>,
    /// Slots that are not zero.
    pub storage: HashMap<U256, U256>,
}

/// One transaction, signature already checked: the sender is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    /// Sender.
    pub from: Address,
    /// Recipient; `None` creates a contract.
    pub to: Option<Address>,
    /// In wei.
    pub value: U256,
    /// Call data or creation code.
    pub input: Bytes,
    /// Gas limit.
    pub gas_limit: u64,
    /// Sender's nonce.
    pub nonce: u64,
    /// EIP-155 chain id, if the transaction names one.
    pub chain_id: Option<u64>,
    /// EIP-2718 type: 0 legacy, 1 access list, 2 fee market, 3 blob, 4 set code.
    pub kind: u8,
    /// Gas price (types 0, 1) or maximum fee per gas (types 2 and later), in wei.
    pub max_fee_per_gas: u128,
    /// Maximum priority fee per gas, in wei (types 2 and later).
    pub max_priority_fee_per_gas: Option<u128>,
    /// EIP-2930 access list.
    pub access_list: Vec<(Address, Vec<B256>)>,
    /// EIP-4844 versioned hashes.
    pub blob_hashes: Vec<B256>,
    /// EIP-4844 maximum fee per blob gas, in wei.
    pub max_fee_per_blob_gas: u128,
    /// EIP-7702 authorisations.
    pub authorizations: Vec<Authorization>,
    /// The first number that is larger than its field's type. Because of it the transaction cannot be included.
    pub oversized: Option<Oversized>,
}

/// A number that the format of a transaction can hold, but that no included transaction can have. The field
/// in [`Transaction`] then has the largest value of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oversized {
    /// A gas limit of 2^64 or more: beyond any block's.
    GasLimit,
    /// A fee for gas or blobs of 2^128 wei or more for a unit: more than there can be to pay it.
    Fee,
    /// A priority fee of 2^128 wei or more, and above the maximum fee.
    PriorityFee,
    /// A chain id of 2^64 or more.
    ChainId,
}

/// Brings a transaction's numbers, as its format has them, into the types of [`Transaction`].
#[derive(Debug, Default)]
pub struct Narrowing {
    /// What did not fit, if anything.
    pub oversized: Option<Oversized>,
}

impl Narrowing {
    /// A gas limit.
    pub fn gas_limit(&mut self, gas: U256) -> u64 {
        self.note(gas > U256::from(u64::MAX), Oversized::GasLimit);
        gas.saturating_to()
    }

    /// A chain id.
    pub fn chain_id(&mut self, id: U256) -> u64 {
        self.note(id > U256::from(u64::MAX), Oversized::ChainId);
        id.saturating_to()
    }

    /// A nonce. 2^64 − 1 is already a nonce that cannot be raised (EIP-2681), so nothing is noted.
    pub fn nonce(nonce: U256) -> u64 {
        nonce.saturating_to()
    }

    /// A maximum fee, or a gas price, and a priority fee.
    pub fn fees(&mut self, most: U256, priority: Option<U256>) -> (u128, Option<u128>) {
        let wide = U256::from(u128::MAX);
        self.note(priority.is_some_and(|fee| fee > wide && fee > most), Oversized::PriorityFee);
        self.note(most > wide, Oversized::Fee);
        (most.saturating_to(), priority.map(|fee| fee.saturating_to()))
    }

    /// A maximum fee for blob gas.
    pub fn blob_fee(&mut self, fee: U256) -> u128 {
        self.note(fee > U256::from(u128::MAX), Oversized::Fee);
        fee.saturating_to()
    }

    fn note(&mut self, is: bool, what: Oversized) {
        if is {
            self.oversized.get_or_insert(what);
        }
    }
}

/// An EIP-7702 authorisation, signed. An unrecoverable signature makes it void, not the transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authorization {
    /// 0 means any chain.
    pub chain_id: U256,
    /// The address of the code that is delegated to.
    pub address: Address,
    /// The authority's nonce.
    pub nonce: u64,
    /// Signature: y parity.
    pub y_parity: u8,
    /// Signature: r.
    pub r: U256,
    /// Signature: s.
    pub s: U256,
}

/// A block that is ready to run.
#[derive(Clone, Debug)]
pub struct PreparedBlock {
    /// Environment.
    pub env: BlockEnvironment,
    /// State before the block (before the system calls).
    pub pre_state: State,
    /// Transactions in block order.
    pub transactions: Vec<Transaction>,
    /// A short label per transaction (`swap`, `pay`), by which the page chooses colours. Same length as
    /// `transactions`.
    pub labels: Vec<String>,
    /// Where the block comes from.
    pub origin: Origin,
}

/// Where a prepared block comes from, and the result that it must have.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A scenario: the whole state is known, so a state root can be given.
    Scenario,
    /// A real block, with the result that its execution must have.
    Case(Box<run::Expected>),
}

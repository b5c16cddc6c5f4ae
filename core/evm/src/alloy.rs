//! Blocks, transactions and headers of [alloy](https://docs.rs/alloy-consensus) as those of this crate (feature `alloy`).
//!
//! ```text
//! alloy_consensus::Block ─ block ─▶ BlockBuilder ─ build_on(source) ─▶ PreparedBlock
//! ```
//! ```
//! use alloy_consensus::{TxEnvelope, transaction::SignerRecoverable};
//! use alloy_primitives::{U256, hex};
//! use alloy_rlp::Decodable;
//! use evm::{BlockBuilder, block::Transaction};
//!
//! // The example of EIP-155.
//! let raw = hex!(
//!     "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a7640000
//!      8025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276
//!      a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
//! );
//! let envelope = TxEnvelope::decode(&mut &raw[..])?;
//! let transaction = Transaction::try_from(&envelope.try_into_recovered()?)?;
//! assert_eq!((transaction.nonce, transaction.gas_limit), (9, 21_000));
//!
//! let block = BlockBuilder::new().balance(transaction.from, U256::MAX >> 1).transaction(transaction).build();
//! let (receipts, _) = evm::execute_block(&block);
//! assert!(receipts[0].status.is_invalid(), "its nonce is 9, its sender's is 0");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//! The functions take alloy's traits, so they take the types of its RPC and of a client's own, too. A block as a node
//! sends it becomes one of `alloy_consensus` first, without recovering a sender again:
//! `block.map_transactions(|tx| tx.into_recovered()).into_consensus_block()`.
//!
//! Withdrawals, rewards, and what else a block does after its transactions are left to the caller.

use std::fmt;

use alloy_consensus::{
    BlockHeader, EthereumTxEnvelope, Transaction as AlloyTransaction,
    transaction::{Recovered, SignerRecoverable},
};
use alloy_primitives::Address;

/// The crate of alloy's transactions, blocks and headers, in the version that this module takes.
pub use alloy_consensus;

use crate::{
    block::{Authorization, BlockEnvironment, Fork, Transaction},
    builder::BlockBuilder,
    case,
};

/// The reason why a transaction or a header of alloy's has no counterpart here, and the field that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConversionError {
    /// The transaction's index, if it is one of a block.
    pub transaction: Option<usize>,
    /// The field, by its name in JSON-RPC.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: FieldProblem,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldProblem {
    /// It is missing from a transaction of a type that has it.
    #[error("missing, but a transaction of type {0} has it")]
    MissingInType(u8),
    /// It is missing from the header of a block whose fork needs it.
    #[error("missing, but blocks have it since {0:?}")]
    MissingInFork(Fork),
    /// The header has it, but blocks of the fork that the caller named do not: the fork is wrong.
    #[error("present, but blocks have it only since {0:?}")]
    LaterFork(Fork),
    /// The header has it, but no fork that this crate runs does.
    #[error("present, but no fork up to Osaka has it")]
    UnknownFork,
    /// A transaction of a type that is not known.
    #[error("{0}, which is none of 0 to 4")]
    UnknownType(u8),
    /// No account can have made the signature.
    #[error("not one that an account can have made")]
    Unrecoverable,
}

impl fmt::Display for ConversionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(index) = self.transaction {
            write!(f, "transactions[{index}].")?;
        }
        write!(f, "{}: {}", self.field, self.problem)
    }
}

impl std::error::Error for ConversionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.problem)
    }
}

impl ConversionError {
    fn new(field: &'static str, problem: FieldProblem) -> Self {
        Self { transaction: None, field, problem }
    }
}

/// A transaction, with the sender that its signature gives.
///
/// # Errors
/// If its type is not known, or lacks one of its fields.
pub fn transaction<T: AlloyTransaction>(from: Address, tx: &T) -> Result<Transaction, ConversionError> {
    let kind = tx.ty();
    if kind > 4 {
        return Err(ConversionError::new("type", FieldProblem::UnknownType(kind)));
    }
    let missing = |field| move || ConversionError::new(field, FieldProblem::MissingInType(kind));
    let mut converted = Transaction {
        from,
        to: tx.kind().into_to(),
        value: tx.value(),
        input: tx.input().clone(),
        gas_limit: tx.gas_limit(),
        nonce: tx.nonce(),
        chain_id: tx.chain_id(),
        kind,
        // The gas price of types 0 and 1.
        max_fee_per_gas: tx.max_fee_per_gas(),
        ..Transaction::default()
    };
    if kind >= 1 {
        tx.chain_id().ok_or_else(missing("chainId"))?;
        let list = tx.access_list().ok_or_else(missing("accessList"))?;
        converted.access_list = list.iter().map(|item| (item.address, item.storage_keys.clone())).collect();
    }
    if kind >= 2 {
        let fee = tx.max_priority_fee_per_gas().ok_or_else(missing("maxPriorityFeePerGas"))?;
        converted.max_priority_fee_per_gas = Some(fee);
    }
    if kind == 3 {
        converted.max_fee_per_blob_gas = tx.max_fee_per_blob_gas().ok_or_else(missing("maxFeePerBlobGas"))?;
        converted.blob_hashes =
            tx.blob_versioned_hashes().ok_or_else(missing("blobVersionedHashes"))?.to_vec();
    }
    if kind == 4 {
        let list = tx.authorization_list().ok_or_else(missing("authorizationList"))?;
        let authorizations = list.iter().map(|signed| Authorization {
            chain_id: signed.chain_id,
            address: signed.address,
            nonce: signed.nonce,
            y_parity: signed.y_parity(),
            r: signed.r(),
            s: signed.s(),
        });
        converted.authorizations = authorizations.collect();
    }
    Ok(converted)
}

/// See [`transaction`].
impl<T: AlloyTransaction> TryFrom<&Recovered<T>> for Transaction {
    type Error = ConversionError;

    fn try_from(tx: &Recovered<T>) -> Result<Self, ConversionError> {
        transaction(tx.signer(), tx.inner())
    }
}

/// See [`transaction`]. This recovers the sender, which takes longer than many a transaction's execution.
impl<B> TryFrom<&EthereumTxEnvelope<B>> for Transaction
where
    EthereumTxEnvelope<B>: AlloyTransaction + SignerRecoverable,
{
    type Error = ConversionError;

    fn try_from(tx: &EthereumTxEnvelope<B>) -> Result<Self, ConversionError> {
        let unrecoverable = |_| ConversionError::new("signature", FieldProblem::Unrecoverable);
        transaction(tx.recover_signer().map_err(unrecoverable)?, tx)
    }
}

/// The environment of a block with that header: everything but the hashes of blocks before its parent, for BLOCKHASH.
/// A [`StateSource`](crate::source::StateSource) gives those.
///
/// The divisor of the blob base fee is the one of the fork. Where a chain sets its own, also by a fork that only changes
/// blob parameters (EIP-7892), set [`BlockEnvironment::blob_base_fee_update_fraction`].
///
/// # Errors
/// If the header lacks a field that the fork's rules need, or has one that the fork's blocks do not have.
pub fn environment<H: BlockHeader>(
    header: &H,
    chain_id: u64,
    fork: Fork,
) -> Result<BlockEnvironment, ConversionError> {
    let later = [
        ("baseFeePerGas", header.base_fee_per_gas().is_some(), Fork::London),
        ("withdrawalsRoot", header.withdrawals_root().is_some(), Fork::Shanghai),
        ("blobGasUsed", header.blob_gas_used().is_some(), Fork::Cancun),
        ("excessBlobGas", header.excess_blob_gas().is_some(), Fork::Cancun),
        ("parentBeaconBlockRoot", header.parent_beacon_block_root().is_some(), Fork::Cancun),
        ("requestsHash", header.requests_hash().is_some(), Fork::Prague),
    ];
    for (field, is_present, since) in later {
        if is_present && fork < since {
            return Err(ConversionError::new(field, FieldProblem::LaterFork(since)));
        }
    }
    let unknown = [
        ("blockAccessListHash", header.block_access_list_hash().is_some()),
        ("slotNumber", header.slot_number().is_some()),
    ];
    if let Some((field, _)) = unknown.into_iter().find(|(_, is_present)| *is_present) {
        return Err(ConversionError::new(field, FieldProblem::UnknownFork));
    }

    let needed = |field, is_present: bool, since| {
        if fork < since || is_present {
            return Ok(());
        }
        Err(ConversionError::new(field, FieldProblem::MissingInFork(since)))
    };
    needed("baseFeePerGas", header.base_fee_per_gas().is_some(), Fork::London)?;
    needed("mixHash", header.mix_hash().is_some(), Fork::Paris)?;
    needed("excessBlobGas", header.excess_blob_gas().is_some(), Fork::Cancun)?;
    needed("parentBeaconBlockRoot", header.parent_beacon_block_root().is_some(), Fork::Cancun)?;

    let parent = header.number().checked_sub(1).map(|number| (number, header.parent_hash()));
    Ok(BlockEnvironment {
        chain_id,
        fork,
        number: header.number(),
        timestamp: header.timestamp(),
        gas_limit: header.gas_limit(),
        base_fee: header.base_fee_per_gas().unwrap_or_default(),
        beneficiary: header.beneficiary(),
        difficulty: header.difficulty(),
        prev_randao: header.mix_hash().filter(|_| fork >= Fork::Paris),
        excess_blob_gas: header.excess_blob_gas(),
        blob_base_fee_update_fraction: None,
        block_hashes: parent.into_iter().collect(),
        system_calls: case::system_calls(
            fork,
            header.parent_beacon_block_root(),
            parent.map(|(_, hash)| hash),
        ),
    })
}

/// A block, without a state yet: [`BlockBuilder::build_on`] adds it from a source.
///
/// `T` is [`Recovered`] or [`EthereumTxEnvelope`].
///
/// # Errors
/// As [`environment`] and [`transaction`].
pub fn block<T, H>(
    block: &alloy_consensus::Block<T, H>,
    chain_id: u64,
    fork: Fork,
) -> Result<BlockBuilder, ConversionError>
where
    H: BlockHeader,
    Transaction: for<'a> TryFrom<&'a T, Error = ConversionError>,
{
    let mut builder = BlockBuilder::new();
    *builder.environment() = environment(&block.header, chain_id, fork)?;
    for (index, tx) in block.body.transactions.iter().enumerate() {
        let in_block = |error| ConversionError { transaction: Some(index), ..error };
        builder = builder.transaction(Transaction::try_from(tx).map_err(in_block)?);
    }
    Ok(builder)
}

//! Our types to revm's and back.

use alloy_primitives::{Bytes, TxKind, U256};
use revm::{
    bytecode::Bytecode,
    context::{
        BlockEnv, CfgEnv, TxEnv,
        either::Either,
        result::{ExecutionResult, HaltReason, InvalidTransaction},
        transaction as revm_tx,
    },
    primitives::hardfork::SpecId,
};

use crate::{
    block::run::{Log, Receipt, Status},
    block::{BlockEnvironment, Fork, Oversized, Transaction},
};

/// revm's name for a fork's rules.
pub(super) fn spec(fork: Fork) -> SpecId {
    match fork {
        Fork::Frontier => SpecId::FRONTIER,
        Fork::Homestead => SpecId::HOMESTEAD,
        Fork::TangerineWhistle => SpecId::TANGERINE,
        Fork::SpuriousDragon => SpecId::SPURIOUS_DRAGON,
        Fork::Byzantium => SpecId::BYZANTIUM,
        Fork::Petersburg => SpecId::PETERSBURG,
        Fork::Istanbul => SpecId::ISTANBUL,
        Fork::Berlin => SpecId::BERLIN,
        Fork::London => SpecId::LONDON,
        Fork::Paris => SpecId::MERGE,
        Fork::Shanghai => SpecId::SHANGHAI,
        Fork::Cancun => SpecId::CANCUN,
        Fork::Prague => SpecId::PRAGUE,
        Fork::Osaka => SpecId::OSAKA,
    }
}

/// The configuration for a block. revm does not check the block's gas limit: what counts is the gas that the
/// transactions before have left, which one execution cannot know.
pub(super) fn cfg(env: &BlockEnvironment) -> CfgEnv {
    let mut cfg = CfgEnv::new_with_spec(spec(env.fork)).with_chain_id(env.chain_id);
    cfg.disable_block_gas_limit = true;
    cfg.blob_base_fee_update_fraction = env.blob_base_fee_update_fraction;
    cfg.max_blobs_per_tx = max_blobs(env.fork);
    cfg
}

/// Blobs that one transaction may carry: as many as a block (EIP-4844, EIP-7691), from Osaka on
/// fewer (EIP-7594).
fn max_blobs(fork: Fork) -> Option<u64> {
    match fork {
        Fork::Osaka | Fork::Cancun => Some(6),
        Fork::Prague => Some(9),
        _ => None,
    }
}

/// The block's environment.
pub(super) fn block(env: &BlockEnvironment) -> BlockEnv {
    let mut block = BlockEnv {
        number: U256::from(env.number),
        beneficiary: env.beneficiary,
        timestamp: U256::from(env.timestamp),
        gas_limit: env.gas_limit,
        basefee: env.base_fee,
        difficulty: env.difficulty,
        // From Paris on the opcode answers with this; a block that names none gets zero.
        prevrandao: (env.fork >= Fork::Paris).then(|| env.prev_randao.unwrap_or_default()),
        blob_excess_gas_and_price: None,
        slot_num: 0,
    };
    if env.fork >= Fork::Cancun {
        let fraction = cfg(env).blob_base_fee_update_fraction();
        block.set_blob_excess_gas_and_price(env.excess_blob_gas.unwrap_or(0), fraction);
    }
    block
}

/// A transaction. The signers of authorisations are recovered here, once, because that costs more than most
/// transactions' execution.
pub(super) fn transaction(tx: &Transaction) -> TxEnv {
    let authorization_list = tx
        .authorizations
        .iter()
        .map(|a| {
            let unsigned =
                revm_tx::Authorization { chain_id: a.chain_id, address: a.address, nonce: a.nonce };
            let signed = revm_tx::SignedAuthorization::new_unchecked(unsigned.clone(), a.y_parity, a.r, a.s);
            let authority = match signed.recover_authority() {
                Ok(address) => revm_tx::RecoveredAuthority::Valid(address),
                Err(_) => revm_tx::RecoveredAuthority::Invalid,
            };
            Either::Right(revm_tx::RecoveredAuthorization::new_unchecked(unsigned, authority))
        })
        .collect();
    TxEnv {
        tx_type: tx.kind,
        caller: tx.from,
        gas_limit: tx.gas_limit,
        gas_price: tx.max_fee_per_gas,
        kind: tx.to.map_or(TxKind::Create, TxKind::Call),
        value: tx.value,
        data: tx.input.clone(),
        nonce: tx.nonce,
        chain_id: tx.chain_id,
        access_list: revm_tx::AccessList(
            tx.access_list
                .iter()
                .map(|(address, storage_keys)| revm_tx::AccessListItem {
                    address: *address,
                    storage_keys: storage_keys.clone(),
                })
                .collect(),
        ),
        gas_priority_fee: tx.max_priority_fee_per_gas,
        blob_hashes: tx.blob_hashes.clone(),
        max_fee_per_blob_gas: tx.max_fee_per_blob_gas,
        authorization_list,
    }
}

/// What is wrong with the form of a transaction, as far as revm leaves that to its callers: numbers that do
/// not fit into revm's types, and blob and set-code transactions without a recipient (EIP-4844, EIP-7702).
pub(super) fn malformed(tx: &Transaction, spec: SpecId) -> Option<InvalidTransaction> {
    let since = match tx.kind {
        0 => SpecId::FRONTIER,
        1 => SpecId::BERLIN,
        2 => SpecId::LONDON,
        3 => SpecId::CANCUN,
        _ => SpecId::PRAGUE,
    };
    // revm refuses a type that the fork does not have, even if something else is wrong, too.
    if !spec.is_enabled_in(since) {
        return None;
    }
    match (tx.oversized, tx.kind, tx.to) {
        // From Osaka on, revm checks the limit of one transaction first (EIP-7825).
        (Some(Oversized::GasLimit), ..) if spec.is_enabled_in(SpecId::OSAKA) => None,
        (Some(Oversized::GasLimit), ..) => Some(InvalidTransaction::CallerGasLimitMoreThanBlock),
        (Some(Oversized::Fee), ..) => Some(InvalidTransaction::OverflowPaymentInTransaction),
        (Some(Oversized::PriorityFee), ..) => Some(InvalidTransaction::PriorityFeeGreaterThanMaxFee),
        (Some(Oversized::ChainId), ..) => Some(InvalidTransaction::InvalidChainId),
        (None, 3, None) => Some(InvalidTransaction::BlobCreateTransaction),
        (None, 4, None) => Some(InvalidTransaction::AuthorizationListInvalidFields),
        (None, ..) => None,
    }
}

/// Code in revm's form, with its jump destinations found. Bytes that look like an EIP-7702 delegation but are
/// none are ordinary code.
pub(super) fn bytecode(code: Bytes) -> Bytecode {
    Bytecode::new_raw_checked(code.clone()).unwrap_or_else(|_| Bytecode::new_legacy(code))
}

/// A receipt from revm's result. Its cumulative gas is the transaction's own.
pub(super) fn receipt(tx: &Transaction, result: ExecutionResult<HaltReason>) -> Receipt {
    let gas_used = result.tx_gas_used();
    let contract_address = tx.to.is_none().then(|| tx.from.create(tx.nonce));
    let (status, logs, output) = match result {
        ExecutionResult::Success { logs, output, .. } => {
            let logs = logs.into_iter().map(|log| Log { address: log.address, data: log.data }).collect();
            (Status::Success, logs, output.into_data())
        }
        ExecutionResult::Revert { output, .. } => (Status::Revert, Vec::new(), output),
        ExecutionResult::Halt { reason, .. } => (Status::Halt(reason.to_string()), Vec::new(), Bytes::new()),
    };
    Receipt { kind: tx.kind, status, gas_used, cumulative_gas_used: gas_used, logs, output, contract_address }
}

/// The receipt of a transaction that could not be included.
pub(super) fn invalid(tx: &Transaction, reason: &InvalidTransaction) -> Receipt {
    Receipt {
        kind: tx.kind,
        status: Status::Invalid(reason.to_string()),
        contract_address: tx.to.is_none().then(|| tx.from.create(tx.nonce)),
        ..Receipt::default()
    }
}

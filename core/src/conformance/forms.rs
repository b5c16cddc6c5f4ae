//! Values in the format of the tests' JSON.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use serde::{Deserialize, Deserializer, de};

use crate::prepare::{Account, Fork, State};

/// A quantity: `0x` hex, with or without leading zeros; `0x` is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Quantity(pub(super) U256);

impl Quantity {
    pub(super) fn parse(text: &str) -> Result<U256, String> {
        let digits = text.strip_prefix("0x").ok_or_else(|| format!("\"{text}\" is no 0x quantity"))?;
        if digits.is_empty() {
            return Ok(U256::ZERO);
        }
        U256::from_str_radix(digits, 16).map_err(|error| format!("\"{text}\": {error}"))
    }

    pub(super) fn u64(self) -> Result<u64, String> {
        u64::try_from(self.0).map_err(|_| format!("{:#x} is beyond 64 bits", self.0))
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map(Self).map_err(de::Error::custom)
    }
}

/// Bytes: `0x` hex, or an empty text.
pub(super) fn bytes(text: &str) -> Result<Bytes, String> {
    if text.is_empty() {
        return Ok(Bytes::new());
    }
    hex::decode(text).map(Bytes::from).map_err(|error| format!("bytes: {error}"))
}

/// A recipient; an empty text creates a contract.
pub(super) fn recipient(text: &str) -> Result<Option<Address>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error| format!("\"{text}\": {error}"))
}

#[derive(Deserialize)]
pub(super) struct AccountForm {
    balance: Quantity,
    nonce: Quantity,
    code: Bytes,
    storage: BTreeMap<Quantity, Quantity>,
}

pub(super) type StateForm = BTreeMap<Address, AccountForm>;

/// A whole state.
pub(super) fn state(form: &StateForm) -> Result<State, String> {
    let mut state = State::default();
    for (address, account) in form {
        let code_hash = (!account.code.is_empty()).then(|| keccak256(&account.code));
        if let Some(hash) = code_hash {
            state.codes.insert(hash, account.code.clone());
        }
        let slots = account.storage.iter().filter(|(_, value)| !value.0.is_zero());
        let account = Account {
            balance: account.balance.0,
            nonce: account.nonce.u64()?,
            code_hash,
            storage: slots.map(|(slot, value)| (slot.0, value.0)).collect(),
        };
        state.accounts.insert(*address, account);
    }
    Ok(state)
}

/// A test's configuration: the chain's id and its blob parameters.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Config {
    chainid: Option<Quantity>,
    #[serde(rename = "blobSchedule")]
    blob_schedule: BTreeMap<String, BlobParameters>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlobParameters {
    base_fee_update_fraction: Quantity,
}

impl Config {
    /// The chain's id; 1 by default.
    pub(super) fn chain_id(&self) -> Result<u64, String> {
        self.chainid.map_or(Ok(1), Quantity::u64)
    }

    /// The divisor of the blob base fee formula; `None`: the fork's own.
    pub(super) fn fraction(&self, fork: &str) -> Result<Option<u64>, String> {
        self.blob_schedule.get(fork).map(|blobs| blobs.base_fee_update_fraction.u64()).transpose()
    }
}

/// The fork with this name in the tests. Forks that change only blob parameters (BPO) run with the rules of the fork
/// before.
pub(super) fn fork(name: &str) -> Option<Fork> {
    Some(match name {
        "Frontier" => Fork::Frontier,
        "Homestead" => Fork::Homestead,
        "EIP150" => Fork::TangerineWhistle,
        "EIP158" => Fork::SpuriousDragon,
        "Byzantium" => Fork::Byzantium,
        "ConstantinopleFix" => Fork::Petersburg,
        "Istanbul" => Fork::Istanbul,
        "Berlin" => Fork::Berlin,
        "London" => Fork::London,
        "Paris" => Fork::Paris,
        "Shanghai" => Fork::Shanghai,
        "Cancun" => Fork::Cancun,
        "Prague" => Fork::Prague,
        "Osaka" | "BPO1" | "BPO2" | "BPO3" | "BPO4" => Fork::Osaka,
        _ => return None,
    })
}

/// Whether the engine's `reason` for an invalid transaction is one that the test expects. `exceptions` has one or more
/// names, with `|` between them.
pub(super) fn is_refusal_for(exceptions: &str, reason: &str) -> bool {
    exceptions.split('|').any(|exception| reasons(exception).iter().any(|words| reason.contains(words)))
}

/// Whether one of `exceptions` is about the encoding: numbers, also in authorisations, with more bits than their field.
pub(super) fn is_about_encoding(exceptions: &str) -> bool {
    exceptions.split('|').any(|exception| {
        let name = exception.strip_prefix("TransactionException.").unwrap_or(exception);
        name.starts_with("RLP_")
            || matches!(name, "VALUE_OVERFLOW" | "NONCE_OVERFLOW" | "GASPRICE_OVERFLOW" | "PRIORITY_OVERFLOW")
            || matches!(name, "GASLIMIT_OVERFLOW" | "TYPE_4_INVALID_AUTHORIZATION_FORMAT")
    })
}

fn reasons(exception: &str) -> &'static [&'static str] {
    match exception.strip_prefix("TransactionException.").unwrap_or(exception) {
        "INSUFFICIENT_ACCOUNT_FUNDS" => &["lack of funds", "overflow payment"],
        "GASLIMIT_PRICE_PRODUCT_OVERFLOW" | "GASPRICE_OVERFLOW" => &["overflow payment"],
        "PRIORITY_OVERFLOW" => &["priority fee is greater", "overflow payment"],
        "NONCE_OVERFLOW" | "NONCE_TOO_BIG" => &["nonce overflow"],
        // The test expects that such a number cannot be encoded, but here it can be read.
        name if name.starts_with("RLP_INVALID") => {
            &["overflow payment", "nonce overflow", "left in the block", "exceeds the block gas limit"]
        }
        "NONCE_MISMATCH_TOO_HIGH" => &["too high"],
        "NONCE_MISMATCH_TOO_LOW" => &["too low"],
        "INVALID_CHAINID" => &["chain"],
        "INTRINSIC_GAS_TOO_LOW" => &["call gas cost"],
        "INTRINSIC_GAS_BELOW_FLOOR_GAS_COST" => &["gas floor", "call gas cost"],
        "SENDER_NOT_EOA" => &["senders with deployed code"],
        "INITCODE_SIZE_EXCEEDED" => &["initcode size"],
        "INSUFFICIENT_MAX_FEE_PER_GAS" => &["less than basefee"],
        "PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS" => &["priority fee is greater"],
        "INSUFFICIENT_MAX_FEE_PER_BLOB_GAS" => &["blob gas price"],
        "NONCE_IS_MAX" => &["nonce overflow"],
        "GAS_LIMIT_EXCEEDS_MAXIMUM" => &["greater than the cap"],
        "GAS_ALLOWANCE_EXCEEDED" | "GASLIMIT_OVERFLOW" => {
            &["left in the block", "exceeds the block gas limit", "greater than the cap"]
        }
        "TYPE_NOT_SUPPORTED" => &["Eip2930 is", "Eip1559 is", "Eip4844 is", "Eip7702 is"],
        "TYPE_1_TX_PRE_FORK" => &["Eip2930 is"],
        "TYPE_2_TX_PRE_FORK" => &["Eip1559 is"],
        "TYPE_3_TX_PRE_FORK" | "TYPE_3_TX_ZERO_BLOBS_PRE_FORK" => &["Eip4844 is"],
        "TYPE_4_TX_PRE_FORK" => &["Eip7702 is"],
        "TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH" => &["blob version"],
        "TYPE_3_TX_ZERO_BLOBS" => &["empty blobs"],
        "TYPE_3_TX_CONTRACT_CREATION" => &["blob create"],
        "TYPE_3_TX_BLOB_COUNT_EXCEEDED" | "TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED" => &["too many blobs"],
        "TYPE_4_TX_CONTRACT_CREATION" => &["authorization list tx has invalid fields"],
        "TYPE_4_EMPTY_AUTHORIZATION_LIST" => &["empty authorization list"],
        _ => &[],
    }
}

/// Reads JSON; an error has its place in the file.
pub(super) fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, String> {
    let mut reader = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| error.to_string())
}

/// The reason of the first invalid transaction.
pub(super) fn refusal(receipts: &[crate::run::Receipt]) -> Option<&str> {
    receipts.iter().find_map(|receipt| match &receipt.status {
        crate::run::Status::Invalid(reason) => Some(reason.as_str()),
        _ => None,
    })
}

/// Compares `found` with `expected`. The error is a message.
pub(super) fn equal(what: &str, found: B256, expected: B256) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what} {found}, expected {expected}")) }
}

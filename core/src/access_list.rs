//! Block access lists (EIP-7928): written, read, compared. `drive::Loaded::access_list` makes them, and
//! `drive::Loaded::foretell` gives one to a run.
//!
//! ```text
//! Loaded::access_list ─▶ list ─ to_json, to_rlp ─▶ text ─ parse ─▶ list ─ compare(observed) ─▶ differences
//! ```

use std::{collections::BTreeMap, fmt::Debug};

use alloy_eip7928::{AccountChanges, BlockAccessIndex, BlockAccessList, compute_block_access_list_hash};
use alloy_primitives::{Address, B256, Bytes, U256, hex};
use alloy_rlp::Decodable;

use crate::trace::Location;

/// The longest text that is read, in bytes.
pub const MAX_BYTES: usize = 32 << 20;

/// Why a text is not a block access list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// It is longer than [`MAX_BYTES`].
    #[error("a block access list of {0} bytes; at most {MAX_BYTES} are read")]
    TooLong(usize),
    /// It begins like JSON and is none, or none of a list.
    #[error("not a block access list in JSON: {0}")]
    Json(String),
    /// It is neither JSON nor bytes in hex.
    #[error("neither JSON nor bytes in hex (0x…)")]
    Unknown,
    /// The bytes are not the RLP of a list.
    #[error("not the RLP of a block access list: {0}")]
    Rlp(String),
}

/// One thing that a list says and execution does not show, or the other way round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The account.
    pub address: Address,
    /// What of it; `None`: that it is accessed at all.
    pub location: Option<Location>,
    /// The transaction's position in the block; `None`: not that of a transaction, or a read, which
    /// belongs to the whole block.
    pub tx: Option<u32>,
    /// What the list says: a value after the transaction, `read`, or `accessed`; `None`: nothing.
    pub listed: Option<String>,
    /// What was observed.
    pub observed: Option<String>,
}

/// The list in JSON, laid out for people.
pub fn to_json(list: &[AccountChanges]) -> String {
    // Addresses, numbers and bytes in vectors: there is nothing in it that JSON cannot hold.
    serde_json::to_string_pretty(list).unwrap_or_default()
}

/// The list as it travels beside a block.
pub fn to_rlp(list: &[AccountChanges]) -> Bytes {
    let mut out = Vec::new();
    alloy_rlp::encode_list(list, &mut out);
    out.into()
}

/// keccak-256 of [`to_rlp`]: what a header commits to.
pub fn hash(list: &[AccountChanges]) -> B256 {
    compute_block_access_list_hash(list)
}

/// Reads a list from JSON, or from its RLP in hex.
///
/// # Errors
/// If it is too long, or neither.
pub fn parse(text: &str) -> Result<BlockAccessList, ListError> {
    if text.len() > MAX_BYTES {
        return Err(ListError::TooLong(text.len()));
    }
    let text = text.trim();
    if text.starts_with(['[', '{']) {
        return serde_json::from_str(text).map_err(|error| ListError::Json(error.to_string()));
    }
    let bytes = hex::decode(text).map_err(|_| ListError::Unknown)?;
    let mut rest = &bytes[..];
    let list = BlockAccessList::decode(&mut rest).map_err(|error| ListError::Rlp(error.to_string()))?;
    if !rest.is_empty() {
        return Err(ListError::Rlp(format!("{} bytes behind its end", rest.len())));
    }
    Ok(list)
}

/// Where a list and another part, by account, location and transaction. A value that is the same is no difference,
/// wherever it stands in the list.
pub fn compare(list: &[AccountChanges], observed: &[AccountChanges]) -> Vec<Difference> {
    let (listed, observed) = (entries(list), entries(observed));
    let mut differences = Vec::new();
    for (key, says) in &listed {
        let shows = observed.get(key);
        if shows != Some(says) {
            differences.push(difference(*key, Some(says), shows));
        }
    }
    let missing = observed.iter().filter(|(key, _)| !listed.contains_key(*key));
    differences.extend(missing.map(|(key, shows)| difference(*key, None, Some(shows))));
    differences.sort_by_key(|d| (d.address, d.location, d.tx));
    differences
}

/// Account, location, index.
type Key = (Address, Option<Location>, Option<BlockAccessIndex>);

fn difference(
    (address, location, at): Key,
    listed: Option<&String>,
    observed: Option<&String>,
) -> Difference {
    let tx = at.and_then(|at| u32::try_from(at.0.checked_sub(1)?).ok());
    Difference { address, location, tx, listed: listed.cloned(), observed: observed.cloned() }
}

fn entries(list: &[AccountChanges]) -> BTreeMap<Key, String> {
    let mut entries = BTreeMap::new();
    for account in list {
        let address = account.address;
        entries.insert((address, None, None), "accessed".to_owned());
        let mut put = |location, at, value: &dyn Debug| {
            entries.insert((address, Some(location), Some(at)), format!("{value:?}"));
        };
        for change in &account.balance_changes {
            put(Location::Balance(address), change.block_access_index, &change.post_balance);
        }
        for change in &account.nonce_changes {
            put(Location::Nonce(address), change.block_access_index, &change.new_nonce);
        }
        for change in &account.code_changes {
            put(Location::Code(address), change.block_access_index, &change.new_code);
        }
        for slot in &account.storage_changes {
            for change in &slot.changes {
                put(Location::Storage(address, slot.slot), change.block_access_index, &change.new_value);
            }
        }
        for slot in &account.storage_reads {
            let location: U256 = *slot;
            entries.insert((address, Some(Location::Storage(address, location)), None), "read".to_owned());
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use alloy_eip7928::{BalanceChange, CodeChange, NonceChange, SlotChanges, StorageChange};

    use super::*;

    const A: Address = Address::repeat_byte(0xaa);

    fn list() -> BlockAccessList {
        let at = BlockAccessIndex;
        vec![
            AccountChanges {
                balance_changes: vec![BalanceChange::new(at(1), U256::from(5))],
                nonce_changes: vec![NonceChange::new(at(1), 1), NonceChange::new(at(3), 2)],
                code_changes: vec![CodeChange::new(at(2), Bytes::from_static(&[0x60, 0]))],
                storage_changes: vec![SlotChanges::new(
                    U256::from(7),
                    vec![StorageChange::new(at(2), U256::from(9))],
                )],
                storage_reads: vec![U256::from(8)],
                ..AccountChanges::new(A)
            },
            AccountChanges::new(Address::repeat_byte(0xbb)),
        ]
    }

    #[test]
    fn a_list_survives_json_and_rlp() {
        let list = list();
        assert_eq!(parse(&to_json(&list)), Ok(list.clone()));
        assert_eq!(parse(&to_rlp(&list).to_string()), Ok(list.clone()));
        assert_eq!(hash(&list), alloy_primitives::keccak256(to_rlp(&list)));
        assert_eq!(parse("[]"), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_list_says_why() {
        assert!(matches!(parse("[1]"), Err(ListError::Json(_))));
        assert_eq!(parse("hello"), Err(ListError::Unknown));
        assert!(matches!(parse("0x01"), Err(ListError::Rlp(_))));
        let longer = format!("{}00", to_rlp(&list()));
        assert!(matches!(parse(&longer), Err(ListError::Rlp(_))));
    }

    #[test]
    fn every_difference_has_its_place() {
        let observed = list();
        assert_eq!(compare(&list(), &observed), []);
        let mut listed = list();
        listed[0].storage_changes[0].changes[0].new_value = U256::from(1);
        listed[0].nonce_changes.pop();
        listed[1].storage_reads.push(U256::from(3));
        let found: Vec<_> = compare(&listed, &observed)
            .into_iter()
            .map(|d| (d.location, d.tx, d.listed, d.observed))
            .collect();
        let b = Address::repeat_byte(0xbb);
        let word = |word: &str| Some(word.to_owned());
        assert_eq!(
            found,
            [
                (Some(Location::Nonce(A)), Some(2), None, word("2")),
                (Some(Location::Storage(A, U256::from(7))), Some(1), word("1"), word("9")),
                (Some(Location::Storage(b, U256::from(3))), None, word("read"), None),
            ]
        );
    }
}

//! Keys of accounts, and what is signed with them. They follow from names, so they are no secrets.

use alloy_primitives::{Address, U256, keccak256};
use alloy_rlp::{Encodable, Header};
use k256::ecdsa::SigningKey;

use crate::prepare::Authorization;
use crate::scenario::key_seed;

/// The key of the account called `name`.
pub(super) fn key_of(name: &str) -> SigningKey {
    let mut seed = key_seed(name);
    loop {
        // One of 2^128 seeds is none.
        match SigningKey::from_slice(seed.as_slice()) {
            Ok(key) => return key,
            Err(_) => seed = keccak256(seed),
        }
    }
}

/// The address of a key: the last 20 bytes of the keccak-256 of its public key.
pub(super) fn address_of(key: &SigningKey) -> Address {
    let point = key.verifying_key().to_encoded_point(false);
    // The first byte says that the point is not compressed.
    Address::from_raw_public_key(&point.as_bytes()[1..])
}

/// A signed delegation to `address`. What is signed is keccak-256 of 5 and the RLP of \[chain id, address, nonce\]
/// (EIP-7702, section "Parameters" and "Behavior"). `None` if it cannot be signed, which no key and hash is known for.
pub(super) fn authorization(
    key: &SigningKey,
    chain_id: u64,
    address: Address,
    nonce: u64,
) -> Option<Authorization> {
    const MAGIC: u8 = 5;
    let mut list = Vec::new();
    chain_id.encode(&mut list);
    address.encode(&mut list);
    nonce.encode(&mut list);
    let mut message = vec![MAGIC];
    Header { list: true, payload_length: list.len() }.encode(&mut message);
    message.extend(list);
    let (signature, recovery) = key.sign_prehash_recoverable(keccak256(message).as_slice()).ok()?;
    let (r, s) = signature.split_bytes();
    Some(Authorization {
        chain_id: U256::from(chain_id),
        address,
        nonce,
        y_parity: recovery.to_byte(),
        r: U256::from_be_slice(&r),
        s: U256::from_be_slice(&s),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // The vectors of docs/scenario.md.
    #[test]
    fn keys_follow_from_names_as_documented() {
        let docs = include_str!("../../../../docs/scenario.md");
        for name in ["alice", "wallet[3]"] {
            let line = format!("| `{name}` | `{}` | `{}` |", key_seed(name), address_of(&key_of(name)));
            assert!(docs.contains(&line), "{line}");
        }
    }
}

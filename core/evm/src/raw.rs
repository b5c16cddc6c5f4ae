//! Signed transactions as a block contains them: RLP, or a type byte and RLP (EIP-2718).

use alloy_primitives::{Address, B256, Bytes, Signature, U256, keccak256};
use alloy_rlp::{Decodable, Encodable, Header};

use crate::block::{Authorization, Narrowing, Transaction};

/// The reason why bytes are no signed transaction. The texts follow "found".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RawError {
    /// The bytes end early, go on too long, or a field has the wrong form.
    #[error("bytes that are no RLP of a transaction ({0})")]
    Rlp(alloy_rlp::Error),
    /// A type that is not known.
    #[error("a transaction of type {0}")]
    Kind(u8),
    /// A blob transaction as nodes send it to each other.
    #[error("a blob transaction with its blobs; a block holds it without them")]
    WithBlobs,
    /// A signature that no account can have made.
    #[error("a signature that no account can have made")]
    Signature,
}

impl From<alloy_rlp::Error> for RawError {
    fn from(error: alloy_rlp::Error) -> Self {
        Self::Rlp(error)
    }
}

/// Reads a signed transaction of types 0 to 4 (EIP-155, 2930, 1559, 4844 without its blobs, 7702)
/// and recovers its sender.
///
/// # Errors
/// If the bytes are not exactly one such transaction.
pub fn decode(bytes: &[u8]) -> Result<Transaction, RawError> {
    let (kind, mut rest) = match bytes.first() {
        Some(kind @ 1..=4) => (*kind, &bytes[1..]),
        Some(kind @ (0 | 5..=0x7f)) => return Err(RawError::Kind(*kind)),
        _ => (0, bytes),
    };
    let header = Header::decode(&mut rest)?;
    if !header.list {
        return Err(alloy_rlp::Error::UnexpectedString.into());
    }
    if rest.len() != header.payload_length {
        return Err(alloy_rlp::Error::UnexpectedLength.into());
    }
    let body = rest;
    // EIP-4844's form on the network: a list of the transaction's fields, then blobs, commitments and proofs.
    if kind == 3 && body.first().is_some_and(|first| *first >= 0xc0) {
        return Err(RawError::WithBlobs);
    }
    let mut tx = Transaction { kind, ..Transaction::default() };
    // Numbers of any width are read, so that one that is too large is refused by the rules.
    let mut narrow = Narrowing::default();
    if kind > 0 {
        tx.chain_id = Some(narrow.chain_id(U256::decode(&mut rest)?));
    }
    tx.nonce = Narrowing::nonce(U256::decode(&mut rest)?);
    let priority = if kind >= 2 { Some(U256::decode(&mut rest)?) } else { None };
    (tx.max_fee_per_gas, tx.max_priority_fee_per_gas) = narrow.fees(U256::decode(&mut rest)?, priority);
    tx.gas_limit = narrow.gas_limit(U256::decode(&mut rest)?);
    tx.to = recipient(&mut rest)?;
    tx.value = U256::decode(&mut rest)?;
    tx.input = Bytes::decode(&mut rest)?;
    if kind > 0 {
        tx.access_list = access_list(&mut rest)?;
    }
    if kind == 3 {
        tx.max_fee_per_blob_gas = narrow.blob_fee(U256::decode(&mut rest)?);
        tx.blob_hashes = Vec::<B256>::decode(&mut rest)?;
    }
    if kind == 4 {
        tx.authorizations = authorizations(&mut rest)?;
    }
    let signed_length = body.len() - rest.len();
    let v = U256::decode(&mut rest)?;
    let (r, s) = (U256::decode(&mut rest)?, U256::decode(&mut rest)?);
    if !rest.is_empty() {
        return Err(alloy_rlp::Error::UnexpectedLength.into());
    }
    let mut eip155: Option<U256> = None;
    let parity = match (kind, v.saturating_to::<u64>()) {
        (0, v @ (27 | 28)) => v == 28,
        (0, 35..) => {
            let above: U256 = v - U256::from(35);
            eip155 = Some(above >> 1);
            tx.chain_id = Some(narrow.chain_id(above >> 1));
            above.bit(0)
        }
        (1.., v @ (0 | 1)) => v == 1,
        _ => return Err(RawError::Signature),
    };
    tx.oversized = narrow.oversized;

    // What was signed: the fields before the signature, for EIP-155 followed by (chain id, 0, 0).
    let mut fields = body[..signed_length].to_vec();
    if let Some(chain_id) = eip155 {
        chain_id.encode(&mut fields);
        fields.extend([0x80, 0x80]);
    }
    let mut signed = Vec::with_capacity(fields.len() + 10);
    if kind > 0 {
        signed.push(kind);
    }
    Header { list: true, payload_length: fields.len() }.encode(&mut signed);
    signed.extend(fields);
    let signature = Signature::new(r, s, parity);
    // EIP-2: the upper half of s is not valid.
    if signature.normalize_s().is_some() {
        return Err(RawError::Signature);
    }
    tx.from = signature.recover_address_from_prehash(&keccak256(&signed)).map_err(|_| RawError::Signature)?;
    Ok(tx)
}

fn recipient(rest: &mut &[u8]) -> Result<Option<Address>, alloy_rlp::Error> {
    if rest.first() == Some(&0x80) {
        *rest = &rest[1..];
        return Ok(None);
    }
    Address::decode(rest).map(Some)
}

/// The payload of a list, taken from `rest`.
fn list<'b>(rest: &mut &'b [u8]) -> Result<&'b [u8], alloy_rlp::Error> {
    Header::decode_bytes(rest, true)
}

fn access_list(rest: &mut &[u8]) -> Result<Vec<(Address, Vec<B256>)>, alloy_rlp::Error> {
    let mut items = list(rest)?;
    let mut decoded = Vec::new();
    while !items.is_empty() {
        let mut item = list(&mut items)?;
        decoded.push((Address::decode(&mut item)?, Vec::<B256>::decode(&mut item)?));
        if !item.is_empty() {
            return Err(alloy_rlp::Error::UnexpectedLength);
        }
    }
    Ok(decoded)
}

fn authorizations(rest: &mut &[u8]) -> Result<Vec<Authorization>, alloy_rlp::Error> {
    let mut items = list(rest)?;
    let mut decoded = Vec::new();
    while !items.is_empty() {
        let mut item = list(&mut items)?;
        decoded.push(Authorization {
            chain_id: U256::decode(&mut item)?,
            address: Address::decode(&mut item)?,
            nonce: u64::decode(&mut item)?,
            y_parity: u8::decode(&mut item)?,
            r: U256::decode(&mut item)?,
            s: U256::decode(&mut item)?,
        });
        if !item.is_empty() {
            return Err(alloy_rlp::Error::UnexpectedLength);
        }
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{address, hex};

    #[test]
    fn the_example_of_eip_155_gives_its_sender() {
        let tx = decode(&hex!(
            "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
        ))
        .expect("a transaction");
        assert_eq!(tx.from, address!("0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F"));
        assert_eq!((tx.chain_id, tx.nonce, tx.gas_limit), (Some(1), 9, 21_000));
        assert_eq!(tx.value, U256::from(10u64.pow(18)));
    }

    #[test]
    fn a_blob_transaction_with_its_blobs_is_named() {
        assert_eq!(decode(&[3, 0xc4, 0xc1, 0x01, 0xc0, 0xc0]), Err(RawError::WithBlobs));
    }

    #[test]
    fn other_bytes_are_refused() {
        assert_eq!(decode(&[]), Err(RawError::Rlp(alloy_rlp::Error::InputTooShort)));
        assert_eq!(decode(&[5, 0xc0]), Err(RawError::Kind(5)));
        for bytes in [&[0xc0][..], &[2, 0xc0], &[0xf8], &[0xc1, 0xc0, 0], &[0xff; 40], &[4, 0xc2, 1, 0xff]] {
            assert!(decode(bytes).is_err(), "{bytes:?}");
        }
    }
}

//! What RLP is, by the form of its first items. Only lengths are looked at.

use super::{Found, Kind};

/// One item's payload, whether it is a list, and what follows it.
fn item(bytes: &[u8]) -> Option<(bool, &[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let first = usize::from(*first);
    let (list, short) = (first >= 0xc0, first & 0x3f);
    let (length, rest) = match first {
        0..0x80 => return Some((false, &bytes[..1], rest)),
        _ if short < 56 => (short, rest),
        _ => {
            let (length, rest) = rest.split_at_checked(short - 55)?;
            let length = length
                .iter()
                .try_fold(0_usize, |sum, byte| sum.checked_mul(256)?.checked_add(usize::from(*byte)))?;
            (length, rest)
        }
    };
    let (payload, rest) = rest.split_at_checked(length)?;
    Some((list, payload, rest))
}

/// The items of a list's payload: whether each is a list, and its length. At most 32; `None` if they do not fit.
fn items(mut payload: &[u8]) -> Option<Vec<(bool, &[u8])>> {
    let mut items = Vec::new();
    while !payload.is_empty() && items.len() < 32 {
        let (list, inner, rest) = item(payload)?;
        items.push((list, inner));
        payload = rest;
    }
    Some(items)
}

/// What bytes are that begin as the RLP of a list does. `None`: they are no RLP.
pub(super) fn kind(bytes: &[u8]) -> Option<Result<Kind, Found>> {
    let (list, payload, rest) = item(bytes)?;
    if !list {
        return None;
    }
    let inner = items(payload)?;
    if !rest.is_empty() {
        // Several lists one behind the other, as clients export chains.
        let is_chain = is_block(&inner) && item(rest).is_some_and(|(list, ..)| list);
        // Or a list with something behind it, which its reader says.
        return Some(if is_chain {
            Err(Found::RawChain)
        } else if is_access_list(&inner) && !inner.is_empty() {
            Ok(Kind::List)
        } else {
            return None;
        });
    }
    Some(if is_access_list(&inner) {
        Ok(Kind::List)
    } else if is_block(&inner) {
        Err(Found::RawBlock)
    } else if is_legacy(&inner) {
        Err(Found::RawTransaction)
    } else if inner.len() >= 15 && inner[0].1.len() == 32 {
        Err(Found::RawHeader)
    } else if (3..=4).contains(&inner.len()) && inner.iter().all(|(list, _)| *list) && inner[0].1.len() > 400
    {
        Err(Found::Witness)
    } else {
        Err(Found::OtherRlp)
    })
}

/// `[[address, changes, reads, balances, nonces, codes], …]`, judged by the first account.
fn is_access_list(items: &[(bool, &[u8])]) -> bool {
    let Some((list, account)) = items.first() else { return true };
    let fields = self::items(account).unwrap_or_default();
    *list && matches!(fields.first(), Some((false, address)) if address.len() == 20) && fields.len() == 6
}

/// `[header, transactions, ommers, …]`
fn is_block(items: &[(bool, &[u8])]) -> bool {
    let Some((true, header)) = items.first() else { return false };
    let fields = self::items(header).unwrap_or_default();
    items.len() >= 3
        && fields.len() >= 15
        && fields.iter().take(15).all(|(list, _)| !list)
        && fields[0].1.len() == 32
        && fields[2].1.len() == 20
}

/// `[nonce, gas price, gas, to, value, input, v, r, s]`
fn is_legacy(items: &[(bool, &[u8])]) -> bool {
    items.len() == 9 && items.iter().all(|(list, _)| !list) && matches!(items[3].1.len(), 0 | 20)
}

/// What bytes are that were written in hexadecimal. `None`: the digits are no whole bytes, or too many.
pub(super) fn kind_of_hex(bytes: Option<&[u8]>) -> Result<Kind, Found> {
    let Some(bytes) = bytes else { return Err(Found::OddHex) };
    match bytes.first() {
        None => Err(Found::Empty),
        // Broken as it may be: its reader says where.
        Some(0xc0..) => kind(bytes).unwrap_or(Ok(Kind::List)),
        Some(1..=4) if bytes.get(1).is_some_and(|second| *second >= 0xc0) => Err(Found::RawTransaction),
        Some(_) if bytes.len() == 20 => Err(Found::Address),
        Some(_) if bytes.len() == 32 => Err(Found::Hash),
        Some(_) => Err(Found::Bytecode),
    }
}

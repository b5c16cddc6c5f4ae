//! Block access lists (EIP-7928): written, read, compared. `drive::Loaded::access_list` makes them, and
//! `drive::Loaded::foretell` gives one to a run.
//!
//! ```text
//! Loaded::access_list ─▶ list ─ to_json, to_rlp ─▶ bytes ─ parse ─▶ list ─ lines(observed) ─▶ what each says of what
//! ```

use std::{collections::BTreeMap, fmt};

use alloy_eip7928::{
    AccountChanges, BlockAccessIndex, BlockAccessList, compute_block_access_list_hash,
    validate_block_access_list,
};
use alloy_primitives::{Address, B256, Bytes, U256, hex};
use alloy_rlp::{Decodable, Header};

use crate::trace::Location;

/// The longest text that is read, in bytes.
pub const MAX_BYTES: usize = 32 << 20;
/// The longest RLP that is read, in bytes: what 200,000 payments take.
pub const MAX_RLP: usize = 12 << 20;
/// The most accounts of a list that is read.
pub const MAX_ACCOUNTS: usize = 300_000;
/// The most changes and reads, together, of a list that is read.
pub const MAX_ENTRIES: usize = 2_000_000;

/// Why bytes are not a block access list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// There are more of them than are read.
    #[error("a block access list of {bytes} bytes; at most {most} are read")]
    TooLong {
        /// How many there are.
        bytes: usize,
        /// How many are read.
        most: usize,
    },
    /// It says more than a block can do.
    #[error(
        "a block access list of {accounts} accounts with {entries} changes and reads; at most {MAX_ACCOUNTS} with {MAX_ENTRIES} are read"
    )]
    TooMuch {
        /// Accounts in it.
        accounts: usize,
        /// Changes and reads in it.
        entries: usize,
    },
    /// It begins like JSON and is none, or none of a list.
    #[error("not a block access list in JSON: {path}: {what}")]
    Json {
        /// Where: `[3].balanceChanges[0]`.
        path: String,
        /// What is wrong there, with line and column.
        what: String,
        /// Line and column, from 1.
        at: (usize, usize),
    },
    /// It is neither JSON nor RLP, as bytes or in hex.
    #[error("neither JSON nor RLP, as bytes or in hex (0x…)")]
    Unknown,
    /// The bytes are not the RLP of a list.
    #[error("not the RLP of a block access list: {}{what}", account.map(|i| format!("account {i}: ")).unwrap_or_default())]
    Rlp {
        /// Which account, from 0; `None`: the list as a whole.
        account: Option<usize>,
        /// What is wrong there.
        what: String,
    },
}

/// What a list says of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// That the account is accessed.
    Accessed,
    /// That the slot is read.
    Read,
    /// A balance after the transaction, in wei.
    Balance(U256),
    /// A nonce after the transaction.
    Nonce(u64),
    /// Code after the transaction.
    Code(Bytes),
    /// What a slot holds after the transaction.
    Slot(U256),
}

impl fmt::Display for Value {
    /// In words: `read`, `1000000000000000000 wei`, `7`, `24 bytes of code, 0x60806040…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accessed => f.write_str("accessed"),
            Self::Read => f.write_str("read"),
            Self::Balance(wei) => write!(f, "{wei} wei"),
            Self::Nonce(nonce) => write!(f, "{nonce}"),
            Self::Code(code) if code.is_empty() => f.write_str("no code"),
            Self::Code(code) => {
                let end = if code.len() > 8 { "…" } else { "" };
                write!(f, "{} bytes of code, {}{end}", code.len(), code.slice(..code.len().min(8)))
            }
            // An amount or a counter; what is longer is an address, a hash or several things packed.
            Self::Slot(value) if value.bit_len() <= 96 => write!(f, "{value}"),
            Self::Slot(value) => write!(f, "{value:#x}"),
        }
    }
}

/// How what a list says and what was observed stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Both say the same; or there is nothing to compare with.
    Same,
    /// Observed, and not in the list.
    Missing,
    /// In the list, and not observed.
    Extra,
    /// In both, with different values.
    Different,
    /// In the list, and not a transaction's: what the block does before and after them, which is not observed.
    Outside,
}

/// One thing that a list says or that execution shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The account.
    pub address: Address,
    /// What of it; `None`: that it is accessed at all.
    pub location: Option<Location>,
    /// The transaction's position in the block; `None`: not that of a transaction, or a read, which
    /// belongs to the whole block.
    pub tx: Option<u32>,
    /// What the list says; `None`: nothing.
    pub listed: Option<Value>,
    /// What was observed; `None`: nothing.
    pub observed: Option<Value>,
    /// How the two stand to each other.
    pub mark: Mark,
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

/// The first rule of the form that a list breaks (EIP-7928, "Ordering, Uniqueness and Determinism"), in words; `None`:
/// it keeps all of them. A run takes it all the same.
pub fn disorder(list: &[AccountChanges], transactions: usize) -> Option<String> {
    validate_block_access_list(list, transactions).err().map(|error| error.to_string())
}

/// Changes and reads, together.
pub fn entry_count(list: &[AccountChanges]) -> usize {
    let of = |account: &AccountChanges| {
        let slots = account.storage_changes.iter().map(|slot| slot.changes.len().max(1)).sum::<usize>();
        slots
            + account.storage_reads.len()
            + account.balance_changes.len()
            + account.nonce_changes.len()
            + account.code_changes.len()
    };
    list.iter().map(of).sum()
}

/// Reads a list: JSON, RLP, or RLP in hex.
///
/// # Errors
/// If it is neither, or too much; with the place where that is known.
pub fn parse(bytes: &[u8]) -> Result<BlockAccessList, ListError> {
    let too_long = |bytes: usize, most: usize| Err(ListError::TooLong { bytes, most });
    if bytes.len() > MAX_BYTES {
        return too_long(bytes.len(), MAX_BYTES);
    }
    // A list's RLP begins with a byte from 0xc0 on, with which no text begins.
    let list = if bytes.first().is_some_and(|first| *first >= 0xc0) {
        rlp(bytes)?
    } else {
        let text = str::from_utf8(bytes).map_err(|_| ListError::Unknown)?.trim();
        if text.starts_with(['[', '{']) {
            json(text)?
        } else {
            rlp(&hex::decode(text).map_err(|_| ListError::Unknown)?)?
        }
    };
    let (accounts, entries) = (list.len(), entry_count(&list));
    if accounts > MAX_ACCOUNTS || entries > MAX_ENTRIES {
        return Err(ListError::TooMuch { accounts, entries });
    }
    Ok(list)
}

fn json(text: &str) -> Result<BlockAccessList, ListError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let list = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.into_inner());
        ListError::Json { path, what: inner.to_string(), at: (inner.line(), inner.column()) }
    })?;
    reader.end().map_err(|error| ListError::Json {
        path: "behind the list".to_owned(),
        what: error.to_string(),
        at: (error.line(), error.column()),
    })?;
    Ok(list)
}

fn rlp(bytes: &[u8]) -> Result<BlockAccessList, ListError> {
    if bytes.len() > MAX_RLP {
        return Err(ListError::TooLong { bytes: bytes.len(), most: MAX_RLP });
    }
    let whole = |what: String| ListError::Rlp { account: None, what };
    let mut rest = bytes;
    let mut accounts = Header::decode_bytes(&mut rest, true).map_err(|error| whole(error.to_string()))?;
    if !rest.is_empty() {
        return Err(whole(format!("{} bytes behind its end", rest.len())));
    }
    let mut list = BlockAccessList::new();
    while !accounts.is_empty() {
        let account = AccountChanges::decode(&mut accounts)
            .map_err(|error| ListError::Rlp { account: Some(list.len()), what: error.to_string() })?;
        list.push(account);
    }
    Ok(list)
}

/// What a list and what was observed say, of each account, location and transaction, in that order. A value that is the
/// same is no difference, wherever it stands in the list. Without a list everything is [`Mark::Same`].
pub fn lines(list: Option<&[AccountChanges]>, observed: &[AccountChanges], transactions: usize) -> Vec<Line> {
    let mut both: BTreeMap<Key, (Option<Value>, Option<Value>)> = BTreeMap::new();
    for (key, value) in entries(observed) {
        both.entry(key).or_default().1 = Some(value);
    }
    for (key, value) in list.into_iter().flat_map(entries) {
        both.entry(key).or_default().0 = Some(value);
    }
    let outside = |at: Option<BlockAccessIndex>| at.is_some_and(|at| at.0 == 0 || at.0 > transactions as u64);
    let mut lines: Vec<Line> = Vec::with_capacity(both.len());
    // The line of the account that the lines below belong to, and whether any of them is a transaction's.
    let (mut account, mut inside) = (None, false);
    let close = |lines: &mut Vec<Line>, account: Option<usize>, inside: bool| {
        if let Some(at) = account.filter(|_| !inside)
            && lines[at].mark == Mark::Extra
            && lines.len() > at + 1
        {
            lines[at].mark = Mark::Outside;
        }
    };
    for ((address, location, at), (listed, observed)) in both {
        let mark = match (&listed, &observed) {
            _ if list.is_none() => Mark::Same,
            (Some(_), None) if outside(at) => Mark::Outside,
            (Some(_), None) => Mark::Extra,
            (None, _) => Mark::Missing,
            (listed, observed) if listed == observed => Mark::Same,
            _ => Mark::Different,
        };
        if location.is_none() {
            close(&mut lines, account, inside);
            (account, inside) = (Some(lines.len()), false);
        } else {
            inside |= mark != Mark::Outside;
        }
        let tx = at.filter(|at| !outside(Some(*at))).and_then(|at| u32::try_from(at.0.checked_sub(1)?).ok());
        lines.push(Line { address, location, tx, listed, observed, mark });
    }
    close(&mut lines, account, inside);
    lines
}

/// Where a list and another part.
pub fn compare(list: &[AccountChanges], observed: &[AccountChanges], transactions: usize) -> Vec<Line> {
    let mut lines = lines(Some(list), observed, transactions);
    lines.retain(|line| !matches!(line.mark, Mark::Same | Mark::Outside));
    lines
}

/// Account, location, index.
type Key = (Address, Option<Location>, Option<BlockAccessIndex>);

fn entries(list: &[AccountChanges]) -> impl Iterator<Item = (Key, Value)> {
    list.iter().flat_map(|account| {
        let address = account.address;
        let of = move |location, at, value| ((address, Some(location), Some(at)), value);
        let balances = account.balance_changes.iter().map(move |change| {
            of(Location::Balance(address), change.block_access_index, Value::Balance(change.post_balance))
        });
        let nonces = account.nonce_changes.iter().map(move |change| {
            of(Location::Nonce(address), change.block_access_index, Value::Nonce(change.new_nonce))
        });
        let codes = account.code_changes.iter().map(move |change| {
            of(Location::Code(address), change.block_access_index, Value::Code(change.new_code.clone()))
        });
        let slots = account.storage_changes.iter().flat_map(move |slot| {
            let location = Location::Storage(address, slot.slot);
            slot.changes
                .iter()
                .map(move |change| of(location, change.block_access_index, Value::Slot(change.new_value)))
        });
        let reads = account.storage_reads.iter().map(move |slot| {
            let location: U256 = *slot;
            ((address, Some(Location::Storage(address, location)), None), Value::Read)
        });
        let itself = ((address, None, None), Value::Accessed);
        std::iter::once(itself).chain(balances).chain(nonces).chain(codes).chain(slots).chain(reads)
    })
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
        assert_eq!(parse(to_json(&list).as_bytes()), Ok(list.clone()));
        assert_eq!(parse(to_rlp(&list).to_string().as_bytes()), Ok(list.clone()));
        assert_eq!(parse(&to_rlp(&list)), Ok(list.clone()));
        assert_eq!(hash(&list), alloy_primitives::keccak256(to_rlp(&list)));
        assert_eq!(parse(b"[]"), Ok(Vec::new()));
        assert_eq!((disorder(&list, 3), entry_count(&list)), (None, 6));
        assert!(disorder(&list, 1).is_some_and(|why| why.contains("maximum 2")), "{:?}", disorder(&list, 1));
    }

    #[test]
    fn what_is_no_list_says_why_and_where() {
        let place = |bytes: &[u8]| match parse(bytes) {
            Err(ListError::Json { path, at, .. }) => format!("{path} {}:{}", at.0, at.1),
            Err(ListError::Rlp { account, .. }) => format!("{account:?}"),
            other => panic!("{other:?}"),
        };
        assert_eq!(place(b"[1]"), "[0] 1:2");
        let spoilt = to_json(&list()).replacen("\"value\": \"0x5\"", "\"value\": \"five\"", 1);
        let found = place(spoilt.as_bytes());
        assert!(found.starts_with("[0].balanceChanges[0].value"), "{found}");
        assert!(place(format!("{}x", to_json(&list())).as_bytes()).starts_with("behind the list"));
        assert_eq!(parse(b"hello"), Err(ListError::Unknown));
        assert_eq!(parse(&[0x80, 0x81]), Err(ListError::Unknown));
        assert_eq!(place(b"0x01"), "None");
        assert_eq!(place(format!("{}00", to_rlp(&list())).as_bytes()), "None");
        let mut cut = to_rlp(&list()).to_vec();
        let last = cut.len() - 26;
        cut[last] = 0x01;
        assert_eq!(place(&cut), "Some(1)");
        assert_eq!(
            parse(&vec![b' '; MAX_BYTES + 1]),
            Err(ListError::TooLong { bytes: MAX_BYTES + 1, most: MAX_BYTES })
        );
    }

    #[test]
    fn arbitrary_bytes_are_a_list_or_say_why_they_are_none() {
        let mut state = 7_u64;
        let mut draw = move |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let (json, rlp) = (to_json(&list()), to_rlp(&list()));
        let (mut lists, mut errors) = (0, 0);
        for round in 0..60_000 {
            let mut bytes = match round % 3 {
                0 => (0..draw(200)).map(|_| draw(256) as u8).collect(),
                1 => json.clone().into_bytes(),
                _ => rlp.to_vec(),
            };
            for _ in 0..1 + draw(4) {
                let at = draw(bytes.len().max(1) as u64) as usize;
                match (draw(4), bytes.get_mut(at)) {
                    (0, Some(byte)) => *byte = draw(256) as u8,
                    (1, Some(byte)) => *byte = b"0x[]{},:\"9"[draw(10) as usize],
                    (2, Some(_)) => drop(bytes.drain(at..bytes.len().min(at + 1 + draw(9) as usize))),
                    _ => bytes.insert(at.min(bytes.len()), draw(256) as u8),
                }
            }
            match parse(&bytes) {
                Ok(read) => {
                    lists += 1;
                    // Whatever it says, it is written, compared and judged.
                    assert_eq!(parse(&to_rlp(&read)), Ok(read.clone()));
                    compare(&read, &list(), 3);
                    disorder(&read, 3);
                }
                Err(error) => {
                    errors += 1;
                    assert!(!error.to_string().is_empty());
                }
            }
        }
        assert!(lists > 1_000 && errors > 10_000, "{lists} lists, {errors} errors");
    }

    #[test]
    fn every_difference_has_its_place() {
        let observed = list();
        assert_eq!(compare(&list(), &observed, 3), []);
        let mut listed = list();
        listed[0].storage_changes[0].changes[0].new_value = U256::from(1);
        listed[0].nonce_changes.pop();
        listed[1].storage_reads.push(U256::from(3));
        let found: Vec<_> = compare(&listed, &observed, 3)
            .into_iter()
            .map(|line| (line.location, line.tx, line.listed, line.observed, line.mark))
            .collect();
        let b = Address::repeat_byte(0xbb);
        let slot = |value: u64| Some(Value::Slot(U256::from(value)));
        assert_eq!(
            found,
            [
                (Some(Location::Nonce(A)), Some(2), None, Some(Value::Nonce(2)), Mark::Missing),
                (Some(Location::Storage(A, U256::from(7))), Some(1), slot(1), slot(9), Mark::Different),
                (Some(Location::Storage(b, U256::from(3))), None, Some(Value::Read), None, Mark::Extra),
            ]
        );
    }

    #[test]
    fn what_the_block_itself_does_is_no_difference() {
        let observed = list();
        let mut listed = list();
        let at = BlockAccessIndex;
        let (system, withdrawn) = (Address::repeat_byte(0xcc), Address::repeat_byte(0xdd));
        listed.push(AccountChanges {
            storage_changes: vec![SlotChanges::new(
                U256::ZERO,
                vec![StorageChange::new(at(0), U256::from(1))],
            )],
            ..AccountChanges::new(system)
        });
        listed.push(AccountChanges {
            balance_changes: vec![BalanceChange::new(at(4), U256::from(1))],
            ..AccountChanges::new(withdrawn)
        });
        assert_eq!(compare(&listed, &observed, 3), []);
        let outside =
            lines(Some(&listed), &observed, 3).into_iter().filter(|line| line.mark == Mark::Outside);
        assert_eq!(outside.map(|line| line.tx).collect::<Vec<_>>(), [None; 4]);
        // Of a block of four transactions the last one is one of theirs.
        assert_eq!(compare(&listed, &observed, 4).len(), 2);
    }

    #[test]
    fn values_are_told_in_words() {
        let values = [
            (Value::Balance(U256::from(5)), "5 wei"),
            (Value::Slot(U256::from(9)), "9"),
            (Value::Slot(U256::from(1) << 200), "0x100000000000000000000000000000000000000000000000000"),
            (Value::Code(Bytes::from_static(&[0x60, 0])), "2 bytes of code, 0x6000"),
            (Value::Code(Bytes::from_static(&[1; 9])), "9 bytes of code, 0x0101010101010101…"),
            (Value::Code(Bytes::new()), "no code"),
        ];
        for (value, words) in values {
            assert_eq!(value.to_string(), words);
        }
    }
}

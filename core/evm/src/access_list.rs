//! Block access lists (EIP-7928): written, read, compared. `drive::LoadedBlock::access_list` makes one, and
//! `drive::LoadedBlock::use_access_list` makes runs use one.
//!
//! ```text
//! LoadedBlock::access_list ─▶ list ─ to_json, to_rlp ─▶ bytes ─ parse ─▶ list ─ lines(observed) ─▶ both, line by line
//! ```

mod json;

use std::{collections::BTreeMap, fmt};

use alloy_eip7928::{
    AccountChanges, BlockAccessIndex, BlockAccessList, compute_block_access_list_hash,
    validate_block_access_list,
};
use alloy_primitives::{Address, B256, Bytes, U256, hex};
use alloy_rlp::{Decodable, Header};

use document::{
    problem::counted,
    sniff::{self, Found},
};
use lanes::trace::Location;
use lanes::units::TxIndex;

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
    /// There are more bytes than are read.
    #[error("a block access list of {bytes} bytes; at most {most} are read")]
    TooLong {
        /// Number of bytes.
        bytes: usize,
        /// The most bytes that are read.
        most: usize,
    },
    /// The list is longer than any block's list can be.
    #[error(
        "a block access list of {accounts} accounts with {entries} changes and reads; at most {MAX_ACCOUNTS} with {MAX_ENTRIES} are read"
    )]
    TooMuch {
        /// Accounts in it.
        accounts: usize,
        /// Changes and reads in it.
        entries: usize,
    },
    /// The text begins like JSON, but is not JSON, or not a list in JSON.
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
    /// It is a file of another kind.
    #[error("{0}")]
    Other(Found),
    /// The bytes are not the RLP of a list.
    #[error("not the RLP of a block access list: {}{what}", account.map(|i| format!("account {i}: ")).unwrap_or_default())]
    Rlp {
        /// Which account, from 0; `None`: the list as a whole.
        account: Option<usize>,
        /// What is wrong there.
        what: String,
    },
}

/// A list's entry about an account or slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// The account is accessed.
    Accessed,
    /// The slot is read.
    Read,
    /// A balance after the transaction, in wei.
    Balance(U256),
    /// A nonce after the transaction.
    Nonce(u64),
    /// Code after the transaction.
    Code(Bytes),
    /// A slot's value after the transaction.
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
                write!(f, "{} of code, {}{end}", counted(code.len(), "byte"), code.slice(..code.len().min(8)))
            }
            // An amount or a counter; a longer value is an address, a hash or several packed values.
            Self::Slot(value) if value.bit_len() <= 96 => write!(f, "{value}"),
            Self::Slot(value) => write!(f, "{value:#x}"),
        }
    }
}

/// How a list differs from the observed accesses in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Both have the same, or there is nothing to compare with.
    Same,
    /// Observed, and not in the list.
    Missing,
    /// In the list, and not observed.
    Extra,
    /// In both, with different values.
    Different,
    /// In the list, but not of a transaction: of the block's calls before and after them, which are not observed.
    Outside,
}

/// One line of a comparison: an entry of a list, or an observed access or change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The account.
    pub address: Address,
    /// The location; `None`: the access of the account itself.
    pub location: Option<Location>,
    /// The transaction's position in the block; `None`: not that of a transaction, or a read, which
    /// belongs to the whole block.
    pub tx: Option<TxIndex>,
    /// The list's value; `None` if it has none.
    pub listed: Option<Value>,
    /// The observed value; `None` if there is none.
    pub observed: Option<Value>,
    /// How the two differ.
    pub mark: Mark,
}

/// The list in JSON, laid out for people.
pub fn to_json(list: &[AccountChanges]) -> String {
    // Addresses, numbers and bytes in vectors: there is nothing in it that JSON cannot hold.
    serde_json::to_string_pretty(list).unwrap_or_default()
}

/// The list in RLP, as a block carries it.
pub fn to_rlp(list: &[AccountChanges]) -> Bytes {
    let mut out = Vec::new();
    alloy_rlp::encode_list(list, &mut out);
    out.into()
}

/// keccak-256 of [`to_rlp`], to which a header commits.
pub fn hash(list: &[AccountChanges]) -> B256 {
    compute_block_access_list_hash(list)
}

/// The first rule of EIP-7928 ("Ordering, Uniqueness and Determinism") that a list breaks, in words; `None` if it keeps
/// all of them. A run accepts it in either case.
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

/// Reads a list: JSON in any spelling of nodes and tools, RLP, or RLP in hex with or without `0x`, quotation marks and
/// line breaks. Text may be UTF-16, and may be in a Markdown block or after the `<<` of a recorded answer.
///
/// # Errors
/// If it is none of these, or too long; with the place, if that is known.
pub fn parse(bytes: &[u8]) -> Result<BlockAccessList, ListError> {
    let too_long = |bytes: usize, most: usize| Err(ListError::TooLong { bytes, most });
    if bytes.len() > MAX_BYTES {
        return too_long(bytes.len(), MAX_BYTES);
    }
    // A list's RLP begins with a byte from 0xc0 on; so does text with a byte order mark.
    let list = if bytes.first().is_some_and(|first| *first >= 0xc0) && !sniff::is_marked(bytes) {
        rlp(bytes)?
    } else {
        let text = sniff::text(bytes).map_err(|found| match found {
            Found::NotUtf8 { .. } => ListError::Unknown,
            found => ListError::Other(found),
        })?;
        read_text(&text)?
    };
    let (accounts, entries) = (list.len(), entry_count(&list));
    if accounts > MAX_ACCOUNTS || entries > MAX_ENTRIES {
        return Err(ListError::TooMuch { accounts, entries });
    }
    Ok(list)
}

fn read_text(text: &str) -> Result<BlockAccessList, ListError> {
    let inner = sniff::unwrapped(text);
    if let Some(digits) = sniff::hex_digits(inner) {
        return rlp(&hex::decode(&*digits).map_err(|_| ListError::Unknown)?);
    }
    if !inner.starts_with(['[', '{', '"']) {
        return Err(ListError::Unknown);
    }
    // A document of another program gets a message about its format, not about fields that it lacks.
    if let Err(found) = sniff::kind(inner)
        && found.is_certain()
    {
        return Err(ListError::Other(found));
    }
    // The text before it becomes white space, so that lines and columns are those of the whole text.
    let before = &text[..inner.as_ptr() as usize - text.as_ptr() as usize];
    if before.trim().is_empty() {
        return read_json(text);
    }
    let blank = |c: char| if c == '\n' { '\n' } else { ' ' };
    read_json(&before.chars().map(blank).chain(inner.chars()).collect::<String>())
}

fn read_json(text: &str) -> Result<BlockAccessList, ListError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let list = serde_path_to_error::deserialize::<_, json::Document>(&mut reader).map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.into_inner());
        ListError::Json { path, what: inner.to_string(), at: (inner.line(), inner.column()) }
    })?;
    reader.end().map_err(|error| ListError::Json {
        path: "behind the list".to_owned(),
        what: error.to_string(),
        at: (error.line(), error.column()),
    })?;
    Ok(list.0)
}

fn rlp(bytes: &[u8]) -> Result<BlockAccessList, ListError> {
    if bytes.len() > MAX_RLP {
        return Err(ListError::TooLong { bytes: bytes.len(), most: MAX_RLP });
    }
    let whole = |what: String| ListError::Rlp { account: None, what };
    let mut rest = bytes;
    let mut accounts = Header::decode_bytes(&mut rest, true).map_err(|error| whole(error.to_string()))?;
    if !rest.is_empty() {
        return Err(whole(format!("{} behind its end", counted(rest.len(), "byte"))));
    }
    let mut list = BlockAccessList::new();
    while !accounts.is_empty() {
        let account = AccountChanges::decode(&mut accounts)
            .map_err(|error| ListError::Rlp { account: Some(list.len()), what: error.to_string() })?;
        list.push(account);
    }
    Ok(list)
}

/// The entries of a list and of the observed accesses, by account, location and transaction, in that order. Equal values are no
/// difference, wherever they are in the list. Without a list everything is [`Mark::Same`].
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
        let tx = tx.map(TxIndex);
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
        assert_eq!(place(b"\n```\n[1]\n```"), "[0] 3:2");
        assert_eq!(place(br#"{"id":1,"result":[{}]}"#), "result[0] 1:21");
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

    /// One list in the forms that nodes and tools write, of an account with one of each.
    const FORMS: [&str; 7] = [
        // Ethereum's JSON-RPC interface: keys and values of 32 bytes.
        r#"[{"address":"0x00000000000000000000000000000000000000aa","storageChanges":[{"key":"0x0000000000000000000000000000000000000000000000000000000000000001","changes":[{"index":"0x1","value":"0x000000000000000000000000000000000000000000000000000000000000002a"}]}],"storageReads":["0x0000000000000000000000000000000000000000000000000000000000000002"],"balanceChanges":[{"index":"0x1","value":"0x64"}],"nonceChanges":[{"index":"0x1","value":"0x1"}],"codeChanges":[{"index":"0x1","code":"0x6000"}]}]"#,
        // Ethereum's tests, now and earlier.
        r#"[{"address":"0x00000000000000000000000000000000000000aa","storageChanges":[{"slot":"0x01","slotChanges":[{"blockAccessIndex":"0x01","postValue":"0x2a"}]}],"storageReads":["0x02"],"balanceChanges":[{"blockAccessIndex":"0x01","postBalance":"0x64"}],"nonceChanges":[{"blockAccessIndex":"0x01","postNonce":"0x01"}],"codeChanges":[{"blockAccessIndex":"0x01","newCode":"0x6000"}]}]"#,
        r#"[{"address":"0x00000000000000000000000000000000000000aa","storageChanges":[{"slot":"0x01","slotChanges":[{"txIndex":"0x01","postValue":"0x2a"}]}],"storageReads":["0x02"],"balanceChanges":[{"txIndex":"0x01","postBalance":"0x64"}],"nonceChanges":[{"txIndex":"0x01","postNonce":"0x01"}],"codeChanges":[{"txIndex":"0x01","newCode":"0x6000"}]}]"#,
        // alloy up to 0.3.
        r#"[{"address":"0x00000000000000000000000000000000000000aa","storageChanges":[{"slot":"0x1","changes":[{"blockAccessIndex":"0x1","newValue":"0x2a"}]}],"storageReads":["0x2"],"balanceChanges":[{"blockAccessIndex":"0x1","postBalance":"0x64"}],"nonceChanges":[{"blockAccessIndex":"0x1","newNonce":"0x1"}],"codeChanges":[{"blockAccessIndex":"0x1","newCode":"0x6000"}]}]"#,
        // An explorer: underscores, decimal numbers.
        r#"[{"address":"0x00000000000000000000000000000000000000aa","storage_changes":[{"slot":"0x01","changes":[{"block_access_index":1,"value":"0x2a"}]}],"storage_reads":["0x02"],"balance_changes":[{"block_access_index":1,"balance":"100"}],"nonce_changes":[{"block_access_index":1,"nonce":1}],"code_changes":[{"block_access_index":1,"code":"0x6000"}]}]"#,
        // Objects by slot and index, in a wrapper.
        r#"{"accountChanges":[{"address":"0x00000000000000000000000000000000000000aa","storageChanges":{"0x1":{"changes":{"1":"0x2a"}}},"storageReads":["0x2"],"balanceChanges":{"1":"0x64"},"nonceChanges":{"1":"0x1"},"codeChanges":{"1":"0x6000"}}]}"#,
        r#"{"0x00000000000000000000000000000000000000aa":{"storageChanges":{"0x1":[{"index":1,"value":"0x2a"}]},"storageReads":{"0x2":null},"balanceChanges":{"1":"100"},"nonceChanges":{"1":1},"codeChanges":{"1":"0x6000"}}}"#,
    ];

    #[test]
    fn a_list_is_read_in_the_forms_that_nodes_and_tools_write() {
        let at = BlockAccessIndex(1);
        let list = vec![AccountChanges {
            storage_changes: vec![SlotChanges::new(
                U256::from(1),
                vec![StorageChange::new(at, U256::from(42))],
            )],
            storage_reads: vec![U256::from(2)],
            balance_changes: vec![BalanceChange::new(at, U256::from(100))],
            nonce_changes: vec![NonceChange::new(at, 1)],
            code_changes: vec![CodeChange::new(at, Bytes::from_static(&[0x60, 0]))],
            ..AccountChanges::new(alloy_primitives::address!("0x00000000000000000000000000000000000000aa"))
        }];
        let is_read = |text: &str| assert_eq!(parse(text.as_bytes()).as_ref(), Ok(&list), "{text}");
        let hex = to_rlp(&list).to_string();
        for form in FORMS.into_iter().chain([&*to_json(&list)]) {
            is_read(form);
            is_read(&format!("\u{feff}{form}\r\n"));
            is_read(&format!(r#"{{"jsonrpc":"2.0","id":1,"result":{form}}}"#));
            is_read(&format!(r#"{{"jsonrpc":"2.0","id":1,"result":{form},"error":null}}"#));
            is_read(&format!(
                ">> {{\"method\":\"eth_getBlockAccessList\"}}\n<< {{\"id\":1,\"result\":{form}}}\n"
            ));
            is_read(&format!(r#"{{"parentHash":"0x","blockAccessList":{form},"balHash":"0x"}}"#));
            is_read(&format!("```json\n{form}\n```\n"));
            is_read(&serde_json::to_string(form).expect("a text"));
        }
        for form in [
            hex.clone(),
            hex[2..].to_owned(),
            hex.to_uppercase().replacen("0X", "0x", 1),
            format!("\"{hex}\""),
            format!("'{hex}'"),
            format!("{}\n{}\r\n  {}\n", &hex[..20], &hex[20..60], &hex[60..]),
            format!(r#"{{"result":"{hex}"}}"#),
            format!(r#"{{"blockHash":"0x","blockAccessList":"{hex}"}}"#),
            format!("<< {{\"result\":\"{hex}\"}}"),
        ] {
            is_read(&form);
        }
        let wide: Vec<u8> = FORMS[0].encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(parse(&wide).as_ref(), Ok(&list));
        // What the schema does not require is left out, or null.
        let bare = vec![AccountChanges::new(A)];
        for form in [
            format!(r#"[{{"address":"{A}"}}]"#),
            format!(r#"[{{"address":"{A}","storageChanges":null,"codeChanges":[],"lastIndex":3}}]"#),
        ] {
            assert_eq!(parse(form.as_bytes()).as_ref(), Ok(&bare), "{form}");
        }
    }

    #[test]
    fn what_is_no_list_is_named() {
        let error = |text: &str| parse(text.as_bytes()).expect_err(text).to_string();
        for (text, words) in [
            (r#"{"jsonrpc":"2.0","id":1,"result":null}"#, "says that there is nothing"),
            (
                r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"before the fork"}}"#,
                "before the fork",
            ),
            (r#"{"abi":[],"bytecode":{"object":"0x"}}"#, "a Foundry artefact"),
            (r#"[{"address":"0xaa","storageKeys":[]}]"#, "EIP-2930"),
            (r#"{"format":"evm-lanes/1","title":"x"}"#, "without a list"),
            (r#"[{"balanceChanges":[]}]"#, "without \"address\""),
            (
                r#"[{"address":"0x00000000000000000000000000000000000000aa","nonceChanges":[{"index":1}]}]"#,
                "value",
            ),
            (
                r#"[{"address":"0x00000000000000000000000000000000000000aa","nonceChanges":[{"index":1,"value":"0x10000000000000000"}]}]"#,
                "64 bits",
            ),
            (
                r#"[{"address":"0x00000000000000000000000000000000000000aa","balanceChanges":[{"index":1,"value":-1}]}]"#,
                "a number below 2^256",
            ),
            (r#""hello""#, "neither"),
        ] {
            let error = error(text);
            assert!(error.contains(words), "{text}: {error}");
        }
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
                (Some(Location::Nonce(A)), Some(TxIndex(2)), None, Some(Value::Nonce(2)), Mark::Missing),
                (
                    Some(Location::Storage(A, U256::from(7))),
                    Some(TxIndex(1)),
                    slot(1),
                    slot(9),
                    Mark::Different
                ),
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
        // In a block of four transactions the last index is a transaction's.
        assert_eq!(compare(&listed, &observed, 4).len(), 2);
    }

    #[test]
    fn values_are_told_in_words() {
        let values = [
            (Value::Balance(U256::from(5)), "5 wei"),
            (Value::Slot(U256::from(9)), "9"),
            (Value::Slot(U256::from(1) << 200), "0x100000000000000000000000000000000000000000000000000"),
            (Value::Code(Bytes::from_static(&[0])), "1 byte of code, 0x00"),
            (Value::Code(Bytes::from_static(&[0x60, 0])), "2 bytes of code, 0x6000"),
            (Value::Code(Bytes::from_static(&[1; 9])), "9 bytes of code, 0x0101010101010101…"),
            (Value::Code(Bytes::new()), "no code"),
        ];
        for (value, words) in values {
            assert_eq!(value.to_string(), words);
        }
    }
}

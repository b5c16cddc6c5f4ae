//! Links: what is on the page, in the page's address.
//!
//! ```text
//! ?s=one-pool&strategy=block-stm&lanes=4&tx=7.2      a built-in scenario, by name
//! ?lanes=4#1.<payload><check>                        any other document
//! ?clock=simulated&cost=gas&seed=7                   simulated lanes, and what their time is made of
//!
//! payload   base64url( length of the deflated bytes as LEB128 · deflated bytes )
//! deflated  raw DEFLATE (RFC 1951) of the document without white space
//! check     6 characters: CRC-32 of the payload's bytes, base64url of 36 bits, high bits first
//! ```
//! The length in front tells a link that was cut, by a chat program say, from one that was changed.
//! In `tx=7.2` the transaction is counted from 0 and its attempt from 1, as on the page; `at=` is
//! a location by name. Whatever the document or the page says by default is left out.

#[cfg(test)]
mod golden;
#[cfg(test)]
mod mangled;
mod restore;

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};

use crate::{ClockName, CostName, MAX_LANES, RunSettings, StrategyName, builtin, json, nearest};

/// The version of the link's own format, in clear at the fragment's beginning.
pub const LINK_VERSION: u32 = 1;
/// Length of the check, in characters.
const CHECK: usize = 6;
/// How hard to compress, of 10. Above 8 nothing is gained on documents of this kind.
const EFFORT: u8 = 8;

/// What a link says. What it does not say is `None`: the scenario's own setting, or the page's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageLink {
    /// Which scenario.
    pub scenario: Source,
    /// How to run it.
    pub run: RunSettings,
    /// What is selected.
    pub selection: Option<Selection>,
}

/// Where a link's scenario comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A built-in one, by name.
    Builtin(String),
    /// A document, as text.
    Document(String),
}

impl Default for Source {
    fn default() -> Self {
        Self::Builtin(builtin::DEFAULT.to_owned())
    }
}

/// What is selected, by meaning: ids of a run would not outlive it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The transaction's position, from 0.
    pub tx: Option<u32>,
    /// Which of its attempts, from 0. In the link's text it is counted from 1.
    pub incarnation: Option<u32>,
    /// A location's name: `USD.balances[alice]`.
    pub location: Option<String>,
}

/// What is wrong with a link. The page stays usable: each is said in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The fragment does not begin like a link of ours.
    #[error("this is not a link to a scenario: the part after # should begin with \"1.\"")]
    NotALink,
    /// Made by a later version.
    #[error("this link was made by a newer version of EVM Lanes (format {0}; this page reads 1)")]
    Newer(u32),
    /// Its end is missing.
    #[error(
        "this link is incomplete: {missing} of its {length} characters are missing at the end. Chat programs sometimes cut long links; ask for it again, perhaps as a file"
    )]
    Cut {
        /// Characters that the fragment should have.
        length: usize,
        /// How many of them are missing.
        missing: usize,
    },
    /// It was changed on its way.
    #[error("this link is damaged: its checksum does not match, so a part of it was changed on its way")]
    Damaged,
    /// The document in it is larger than the limit.
    #[error("the scenario in this link is larger than {} MiB", json::MAX_BYTES >> 20)]
    TooLarge,
    /// No built-in scenario has that name.
    #[error("there is no built-in scenario \"{name}\"{}", .nearest.as_ref().map(|n| format!("; perhaps \"{n}\"")).unwrap_or_default())]
    UnknownScenario {
        /// The name in the link.
        name: String,
        /// A name that exists and is near.
        nearest: Option<String>,
    },
    /// A part of the query cannot be read.
    #[error("the link's \"{name}\" should be {expected}, but is \"{found}\"")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// What would be right.
        expected: String,
        /// What it is.
        found: String,
    },
}

impl PageLink {
    /// The link's query and fragment, to stand behind the page's address: `?s=one-pool&lanes=4`,
    /// `#1.…`. Empty for the default scenario with nothing chosen.
    pub fn encode(&self) -> String {
        let mut link = self.encode_query();
        if let Source::Document(text) = &self.scenario {
            link.push('#');
            link.push_str(&encode_document(text));
        }
        link
    }

    /// The link's query alone; for a built-in scenario that is all of it.
    pub fn encode_query(&self) -> String {
        let mut query: Vec<String> = Vec::new();
        if let Source::Builtin(name) = &self.scenario
            && name != builtin::DEFAULT
        {
            query.push(format!("s={}", escape(name)));
        }
        query.extend(self.run.strategy.map(|s| format!("strategy={}", s.name())));
        query.extend(self.run.lanes.map(|l| format!("lanes={l}")));
        query.extend(self.run.clock.map(|c| format!("clock={}", c.name())));
        query.extend(self.run.cost.map(|c| format!("cost={}", c.name())));
        query.extend(self.run.seed.map(|s| format!("seed={s}")));
        if let Some(selection) = &self.selection {
            query.extend(selection.tx.map(|tx| {
                let attempt = selection.incarnation.map(|i| format!(".{}", u64::from(i) + 1));
                format!("tx={tx}{}", attempt.unwrap_or_default())
            }));
            query.extend(selection.location.as_ref().map(|name| format!("at={}", escape(name))));
        }
        if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) }
    }

    /// Reads a query (with or without `?`) and a fragment (with or without `#`). `None` if
    /// neither says anything about a scenario: the page shows its default.
    ///
    /// Parameters that are not ours are passed over: others put their own into links. What mail programs, chats and
    /// Markdown do to a link is undone, where that can be told.
    ///
    /// # Errors
    /// The first thing that is wrong, the document's fragment before the query.
    pub fn decode(query: &str, fragment: &str) -> Result<Option<Self>, LinkError> {
        let restore::Restored { pairs, documents } = restore::restore(query, fragment);
        let mut documents = documents.iter().map(|document| decode_document(document));
        let text = match documents.next() {
            // The first mistake is the one to tell of.
            Some(first) => Some(first.or_else(|error| documents.find_map(Result::ok).ok_or(error))?),
            None => None,
        };
        Self::of_pairs(pairs, text)
    }

    /// The same without reading a document in it: for an address of which [`has_document`] says that it has none.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn decode_query(query: &str) -> Result<Option<Self>, LinkError> {
        Self::of_pairs(restore::restore(query, "").pairs, None)
    }

    /// What names and values say, beside that document.
    fn of_pairs(pairs: Vec<(String, String)>, document: Option<String>) -> Result<Option<Self>, LinkError> {
        let has_document = document.is_some();
        let mut link = Self::default();
        let mut said = has_document;
        if let Some(text) = document {
            link.scenario = Source::Document(text);
        }
        for (name, value) in pairs {
            let wrong = |name: &'static str, expected: String| {
                Err(LinkError::Parameter { name, expected, found: json::shortened(&value) })
            };
            match &*name {
                // A document says more than a name.
                "s" if has_document => continue,
                "s" => {
                    if builtin::find(&value).is_none() {
                        let near = nearest(&value, builtin::ALL.iter().map(|b| b.name)).map(str::to_owned);
                        return Err(LinkError::UnknownScenario {
                            name: json::shortened(&value),
                            nearest: near,
                        });
                    }
                    link.scenario = Source::Builtin(value);
                }
                "strategy" => match StrategyName::from_name(&value) {
                    Some(strategy) => link.run.strategy = Some(strategy),
                    None => return wrong("strategy", names(StrategyName::NAMES)),
                },
                "lanes" => match value.parse().ok().filter(|l| (1..=MAX_LANES).contains(l)) {
                    Some(lanes) => link.run.lanes = Some(lanes),
                    None => return wrong("lanes", format!("a whole number from 1 to {MAX_LANES}")),
                },
                "clock" => match ClockName::from_name(&value) {
                    Some(clock) => link.run.clock = Some(clock),
                    None => return wrong("clock", names(ClockName::NAMES)),
                },
                "cost" => match CostName::from_name(&value) {
                    Some(cost) => link.run.cost = Some(cost),
                    None => return wrong("cost", names(CostName::NAMES)),
                },
                "seed" => match value.parse() {
                    Ok(seed) => link.run.seed = Some(seed),
                    Err(_) => return wrong("seed", format!("a whole number from 0 to {}", u64::MAX)),
                },
                "tx" => {
                    let (tx, attempt) = match value.split_once('.') {
                        Some((tx, attempt)) => (tx, Some(attempt)),
                        None => (&value[..], None),
                    };
                    let tx = tx.parse().ok();
                    let incarnation = attempt.map(|a| a.parse::<u32>().ok().and_then(|a| a.checked_sub(1)));
                    let (Some(tx), Some(incarnation)) = (tx, incarnation.map_or(Some(None), |i| i.map(Some)))
                    else {
                        return wrong(
                            "tx",
                            "a transaction and perhaps its attempt, such as 7 or 7.2".to_owned(),
                        );
                    };
                    let selection = link.selection.get_or_insert_default();
                    (selection.tx, selection.incarnation) = (Some(tx), incarnation);
                }
                "at" => link.selection.get_or_insert_default().location = Some(value),
                _ => continue,
            }
            said = true;
        }
        Ok(said.then_some(link))
    }
}

/// Names and values of a query (with or without `?`), unescaped, in their order; for parameters that are not the link's
/// own. What programs do to links is undone as in [`PageLink::decode`].
pub fn query_pairs(query: &str) -> Vec<(String, String)> {
    restore::restore(query, "").pairs.into_iter().filter(|(name, _)| !name.is_empty()).collect()
}

/// Whether an address has a document in it, perhaps a damaged one.
pub fn has_document(query: &str, fragment: &str) -> bool {
    !restore::restore(query, fragment).documents.is_empty()
}

fn names(known: &[&str]) -> String {
    format!("one of {}", known.join(", "))
}

/// A document as the fragment of a link, without `#`. A text that is not JSON travels as it is.
pub fn encode_document(text: &str) -> String {
    let compact = json::compact(text).unwrap_or_else(|_| text.to_owned());
    let deflated = compress_to_vec(compact.as_bytes(), EFFORT);
    let mut bytes = Vec::with_capacity(deflated.len() + 4);
    let mut length = deflated.len();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend(deflated);
    let mut fragment = format!("{LINK_VERSION}.");
    base64url(&bytes, &mut fragment);
    push_check(crc32(&bytes), &mut fragment);
    fragment
}

/// The document in a fragment (without `#`), laid out for people.
///
/// # Errors
/// If it is not a link, of a newer version, cut, damaged, or its document is too large.
pub fn decode_document(fragment: &str) -> Result<String, LinkError> {
    let (version, body) = fragment.split_once('.').ok_or(LinkError::NotALink)?;
    if version.is_empty() || version.len() > 9 || !version.bytes().all(|b| b.is_ascii_digit()) {
        return Err(LinkError::NotALink);
    }
    match version.parse() {
        Ok(LINK_VERSION) => {}
        Ok(newer) if newer > LINK_VERSION => return Err(LinkError::Newer(newer)),
        _ => return Err(LinkError::NotALink),
    }
    // A hyphen or underscore is ours; anything else outside the alphabet was put in on the way.
    if !body.bytes().all(|b| digit(b).is_some()) {
        return Err(LinkError::Damaged);
    }
    let Some(length) = stated_length(body) else {
        // Not even the length is complete.
        return Err(LinkError::Cut { length: fragment.len() + CHECK, missing: CHECK });
    };
    let whole = length.div_ceil(3) * 4 - (3 - length % 3) % 3 + CHECK;
    if body.len() < whole {
        let length = fragment.len() - body.len() + whole;
        return Err(LinkError::Cut { length, missing: whole - body.len() });
    }
    // The words behind a link are no part of it. What was put in before its end does not pass the checksum.
    let (payload, check) = body[..whole].split_at(whole - CHECK);
    let bytes = unbase64url(payload).ok_or(LinkError::Damaged)?;
    let mut expected = String::new();
    push_check(crc32(&bytes), &mut expected);
    if check != expected {
        return Err(LinkError::Damaged);
    }
    let prefix = bytes.iter().take_while(|b| **b >= 0x80).count() + 1;
    let text = match decompress_to_vec_with_limit(&bytes[prefix..], json::MAX_BYTES) {
        Ok(text) => text,
        Err(error) if error.status == TINFLStatus::HasMoreOutput => return Err(LinkError::TooLarge),
        Err(_) => return Err(LinkError::Damaged),
    };
    let text = String::from_utf8(text).map_err(|_| LinkError::Damaged)?;
    Ok(json::pretty(&text).unwrap_or(text))
}

/// Length in bytes that the payload says it has, its own prefix included.
fn stated_length(body: &str) -> Option<usize> {
    // Four characters are three bytes; a document's length has at most four.
    let head = unbase64url(body.get(..8.min(body.len() - body.len() % 4))?)?;
    let mut length = 0usize;
    for (i, byte) in head.iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some(length + i + 1);
        }
    }
    // Longer than anything that we write: let the checksum say that it is damaged.
    (head.len() >= 4).then_some(0)
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn digit(byte: u8) -> Option<u32> {
    ALPHABET.iter().position(|b| *b == byte).map(|i| i as u32)
}

/// RFC 4648, section 5, without padding.
fn base64url(bytes: &[u8], out: &mut String) {
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().enumerate().fold(0u32, |w, (i, b)| w | u32::from(*b) << (16 - 8 * i));
        for i in 0..=chunk.len() {
            out.push(ALPHABET[(word >> (18 - 6 * i) & 63) as usize] as char);
        }
    }
}

fn unbase64url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for chunk in text.as_bytes().chunks(4) {
        let mut word = 0;
        for (i, byte) in chunk.iter().enumerate() {
            word |= digit(*byte)? << (18 - 6 * i);
        }
        if chunk.len() == 1 {
            return None;
        }
        for i in 0..chunk.len() - 1 {
            bytes.push((word >> (16 - 8 * i)) as u8);
        }
    }
    Some(bytes)
}

fn push_check(crc: u32, out: &mut String) {
    for i in (0..CHECK).rev() {
        out.push(ALPHABET[(u64::from(crc) >> (6 * i) & 63) as usize] as char);
    }
}

/// CRC-32 as in gzip (RFC 1952, section 8).
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut n = 0;
        while n < 256 {
            let mut crc = n as u32;
            let mut bit = 0;
            while bit < 8 {
                crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
                bit += 1;
            }
            table[n] = crc;
            n += 1;
        }
        table
    };
    !bytes.iter().fold(!0, |crc, byte| crc >> 8 ^ TABLE[(crc as u8 ^ byte) as usize])
}

/// Percent-encodes what may not stand in a query; brackets and dots stay, for people.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~[]()".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        let hex = |byte: &u8| (*byte as char).to_digit(16);
        if let (b'%', [high, low, tail @ ..]) = (byte, tail)
            && let Some((high, low)) = hex(high).zip(hex(low))
        {
            bytes.push((high << 4 | low) as u8);
            rest = tail;
        } else {
            bytes.push(if *byte == b'+' { b' ' } else { *byte });
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> String {
        builtin::find(builtin::DEFAULT).expect("the default scenario").text.to_owned()
    }

    fn decode(link: &str) -> Result<Option<PageLink>, LinkError> {
        let (query, fragment) = link.split_once('#').unwrap_or((link, ""));
        PageLink::decode(query, fragment)
    }

    #[test]
    fn a_link_gives_back_what_it_was_made_of() {
        let selection =
            Selection { tx: Some(7), incarnation: Some(1), location: Some("USD.balances[ä & b]".into()) };
        let base = PageLink {
            scenario: Source::Builtin("payments".into()),
            run: RunSettings {
                strategy: StrategyName::from_name("block-stm"),
                lanes: Some(4),
                clock: ClockName::from_name("simulated"),
                cost: CostName::from_name("opcodes"),
                seed: Some(u64::MAX),
            },
            selection: Some(selection),
        };
        let link = base.encode();
        assert_eq!(
            link,
            "?s=payments&strategy=block-stm&lanes=4&clock=simulated&cost=opcodes&seed=18446744073709551615&tx=7.2&at=USD.balances[%C3%A4%20%26%20b]"
        );
        assert_eq!(decode(&link), Ok(Some(base.clone())));
        let own = PageLink {
            scenario: Source::Document(json::pretty(&document()).expect("JSON")),
            selection: None,
            ..base
        };
        assert_eq!(decode(&own.encode()), Ok(Some(own)));
        let strategy = StrategyName::from_name("automatic");
        let run = RunSettings { strategy, lanes: Some(4), ..RunSettings::default() };
        let automatic = PageLink { run, ..PageLink::default() };
        assert_eq!(automatic.encode(), "?strategy=automatic&lanes=4");
        assert_eq!(decode("?strategy=automatic&lanes=4"), Ok(Some(automatic)));
        assert_eq!(PageLink::default().encode(), "");
        assert_eq!(decode(""), Ok(None));
        assert_eq!(decode("?utm_source=chat"), Ok(None));
    }

    #[test]
    fn a_link_of_version_1_opens_for_ever() {
        let golden = include_str!("golden/link-v1.txt");
        let text = decode_document(golden.trim_end()).expect("version 1");
        assert_eq!(text, include_str!("golden/v1.json"));
        assert!(crate::parse(&text).is_ok());
    }

    #[test]
    fn a_cut_link_is_named_as_cut_wherever_it_is_cut() {
        let fragment = encode_document(&document());
        for length in 2..fragment.len() {
            match decode_document(&fragment[..length]) {
                Err(LinkError::Cut { length: whole, missing }) => {
                    if length > 12 {
                        assert_eq!((whole, missing), (fragment.len(), fragment.len() - length));
                    }
                }
                other => panic!("cut at {length}: {other:?}"),
            }
        }
        assert_eq!(decode_document("1"), Err(LinkError::NotALink));
    }

    #[test]
    fn a_changed_link_is_named_as_damaged() {
        let fragment = encode_document(&document());
        for at in 8..fragment.len() {
            let other = if fragment.as_bytes()[at] == b'A' { "B" } else { "A" };
            let changed = format!("{}{other}{}", &fragment[..at], &fragment[at + 1..]);
            assert_eq!(decode_document(&changed), Err(LinkError::Damaged), "changed at {at}");
        }
        assert_eq!(decode_document(&format!("{fragment}.")), Err(LinkError::Damaged));
    }

    #[test]
    fn other_links_are_told_apart() {
        assert_eq!(decode_document("top"), Err(LinkError::NotALink));
        assert_eq!(decode_document("0.AAAA"), Err(LinkError::NotALink));
        assert_eq!(decode_document("2.AAAA"), Err(LinkError::Newer(2)));
        assert_eq!(
            decode("?s=paiments"),
            Err(LinkError::UnknownScenario { name: "paiments".into(), nearest: Some("payments".into()) })
        );
        for wrong in [
            "?lanes=0",
            "?lanes=four",
            "?lanes=100000",
            "?strategy=fast",
            "?clock=sundial",
            "?cost=dear",
            "?seed=-1",
            "?seed=18446744073709551616",
            "?tx=a",
            "?tx=1.0",
        ] {
            assert!(matches!(decode(wrong), Err(LinkError::Parameter { .. })), "{wrong}");
        }
    }

    #[test]
    fn a_bomb_is_refused_without_being_unpacked() {
        let fragment = encode_document(&" ".repeat(json::MAX_BYTES + 1));
        assert!(fragment.len() < 100_000);
        assert_eq!(decode_document(&fragment), Err(LinkError::TooLarge));
    }

    #[test]
    fn the_checksum_is_the_published_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}

//! Names: what they may look like, the address that a name stands for, the nearest known one.

use std::fmt;

use alloy_primitives::{Address, B256, keccak256};

use crate::problem::counted;
use crate::scenario::MAX_TRANSACTIONS;

/// Longest name, in characters.
const MAX_NAME: usize = 64;

/// The name of the account that deploys contracts whose `from` is left out. It need not be declared.
pub const DEPLOYER: &str = "deployer";
/// The name of the account that receives the fees if `block.beneficiary` is left out.
pub const BUILDER: &str = "builder";

/// The address of the account called `name` (`alice`, `trader[3]`) whose address is not given:
/// the last 20 bytes of keccak-256 of `evm-lanes:account:` followed by the name.
pub fn account_address(name: &str) -> Address {
    Address::from_word(keccak256(format!("evm-lanes:account:{name}")))
}

/// The seed of the key of the account called `name`: keccak-256 of `evm-lanes:key:` followed by the name. The key is the
/// first of seed, keccak-256 of the seed, and so on, that is a private key of secp256k1; so nearly always the seed itself.
pub fn key_seed(name: &str) -> B256 {
    keccak256(format!("evm-lanes:key:{name}"))
}

/// Where something goes or comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// `alice`
    Name(String),
    /// `trader[3]`
    Element(String, u32),
    /// `trader[*]`: every element in turn. Only in `setup`.
    All(String),
    /// `0x…`
    Address(Address),
}

/// Why a text is no place: what would be right, and what was found.
pub type PlaceError = (String, String);

impl Place {
    /// Reads a name, an element of a group or an address.
    ///
    /// # Errors
    /// If the text is none of them.
    pub fn parse(text: &str) -> Result<Self, PlaceError> {
        if text.starts_with("0x") || text.starts_with("0X") {
            return parse_address(text).map(Self::Address);
        }
        let (name, index) = match text.strip_suffix(']').and_then(|t| t.split_once('[')) {
            Some((name, index)) => (name, Some(index)),
            None => (text, None),
        };
        let wrong = || {
            (
                "a name (letters, digits, `_`, `-`), an element such as `trader[3]`, or an address"
                    .to_owned(),
                format!("\"{}\"", crate::json::shortened(text)),
            )
        };
        if !is_name(name) {
            return Err(wrong());
        }
        match index {
            None => Ok(Self::Name(name.to_owned())),
            Some("*") => Ok(Self::All(name.to_owned())),
            Some(index) => {
                let canonical = index == "0" || !index.starts_with('0');
                let index = index.parse::<u32>().ok().filter(|i| canonical && *i < MAX_TRANSACTIONS);
                index.map(|i| Self::Element(name.to_owned(), i)).ok_or_else(wrong)
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Element(name, index) => write!(f, "{name}[{index}]"),
            Self::All(name) => write!(f, "{name}[*]"),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}

impl serde::Serialize for Place {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads `0x` and 40 hexadecimal digits. With letters of both cases, the checksum of EIP-55 must hold.
pub(crate) fn parse_address(text: &str) -> Result<Address, PlaceError> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    if let Some(bad) = digits.chars().find(|c| !c.is_ascii_hexdigit()) {
        return Err(("hexadecimal digits after 0x".into(), format!("`{bad}`")));
    }
    if digits.len() != 40 {
        let found = if digits.len().is_multiple_of(2) {
            counted(digits.len() / 2, "byte")
        } else {
            counted(digits.len(), "digit")
        };
        return Err(("20 bytes".into(), found));
    }
    let lower = digits.to_ascii_lowercase();
    let address: Address = lower.parse().map_err(|_| ("20 bytes".to_owned(), "something else".to_owned()))?;
    let mixed =
        digits.bytes().any(|b| b.is_ascii_lowercase()) && digits.bytes().any(|b| b.is_ascii_uppercase());
    if mixed && address.to_checksum(None)[2..] != *digits {
        return Err((
            "an address whose upper and lower case agree with its checksum (EIP-55); all lower case is fine"
                .into(),
            format!("{text}, which has a wrong letter or digit"),
        ));
    }
    Ok(address)
}

/// Whether a name may be declared.
pub(crate) fn is_name(name: &str) -> bool {
    let first = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    first && name.len() <= MAX_NAME && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// The candidate that `name` was probably meant to be: at most a third of its letters differ. Of several that are
/// equally near it is the first by the alphabet, so that the order of the candidates does not matter.
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    nearest_of(name, &mut candidates.into_iter())
}

/// [`nearest`] without a copy of the code for every kind of list.
fn nearest_of<'c>(name: &str, candidates: &mut dyn Iterator<Item = &'c str>) -> Option<&'c str> {
    let name: Vec<char> = name.chars().take(MAX_NAME + 1).flat_map(char::to_lowercase).collect();
    let most = (name.len() / 3).max(1);
    candidates
        .filter_map(|candidate| Some((distance(&name, candidate, most)?, candidate)))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Number of letters to insert, remove, change or swap, if at most `most`; case counts for nothing.
fn distance(name: &[char], candidate: &str, most: usize) -> Option<usize> {
    let other: Vec<char> = candidate.chars().take(2 * MAX_NAME).flat_map(char::to_lowercase).collect();
    if name.len().abs_diff(other.len()) > most {
        return None;
    }
    let mut before: Vec<usize> = vec![];
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in name.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let mut least = (row[j] + usize::from(a != b)).min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && name[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().filter(|d| *d <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_elements_and_addresses_are_told_apart() {
        let ok = |text: &str, expected: Place| {
            let place = Place::parse(text);
            assert_eq!(place, Ok(expected), "{text}");
            assert_eq!(place.map(|p| p.to_string()), Ok(text.to_owned()));
        };
        ok("alice", Place::Name("alice".into()));
        ok("trader[0]", Place::Element("trader".into(), 0));
        ok("trader[99999]", Place::Element("trader".into(), 99_999));
        ok("trader[*]", Place::All("trader".into()));
        ok("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", {
            Place::Address("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed".parse().expect("address"))
        });
        let bad = |text: &str, expected: &str| {
            assert_eq!(
                Place::parse(text).map_err(|(e, f)| format!("expected {e}, found {f}")),
                Err(expected.into())
            );
        };
        bad("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeA", "expected 20 bytes, found 19 bytes");
        bad("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", "expected 20 bytes, found 39 digits");
        bad("0xzz", "expected hexadecimal digits after 0x, found `z`");
        for text in
            ["", "a b", "trader[", "trader[01]", "trader[-1]", "trader[100000]", "[1]", "1a", "trader[]"]
        {
            assert!(Place::parse(text).is_err(), "{text}");
        }
        let wrong_checksum = Place::parse("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD");
        assert!(wrong_checksum.is_err_and(|(expected, _)| expected.contains("EIP-55")));
    }

    #[test]
    fn the_nearest_name_is_offered_only_if_it_is_near() {
        let known = ["transactions", "title", "accounts"];
        assert_eq!(nearest("transaktions", known), Some("transactions"));
        assert_eq!(nearest("tilte", known), Some("title"));
        assert_eq!(nearest("Title", known), Some("title"));
        assert_eq!(nearest("gas", known), None);
        assert_eq!(nearest("ab", ["b", "a", "ac"]), Some("a"));
        assert_eq!(nearest("ab", ["ac", "a", "b"]), Some("a"));
    }

    // The vectors of docs/scenario.md.
    #[test]
    fn addresses_follow_from_names_as_documented() {
        assert_eq!(account_address("alice").to_string(), ALICE);
        assert_eq!(account_address("trader[3]").to_string(), TRADER_3);
    }
    const ALICE: &str = "0x921FE853442310EF12Bb2a543e3bf9e48DEE07AA";
    const TRADER_3: &str = "0x349f32c49ECc807929E658552eed2A5d72B4ED6F";
}

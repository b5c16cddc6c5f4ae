//! Single values: texts, numbers, amounts, bytes, places.

use alloy_primitives::{B256, Bytes};

use super::{Decoder, Known, MAX_LINE, Path};
use crate::amount::{self, Amount, AmountError};
use crate::expand::size;
use crate::json::{Node, Value};
use crate::names::{Place, nearest};

impl<'t> Decoder<'t> {
    pub(crate) fn line(&mut self, node: Node<'_>, path: &Path<'_>) -> String {
        match node.value() {
            Value::Text(t) if t.chars().count() <= MAX_LINE && !t.contains('\n') => t.to_string(),
            Value::Text(_) => {
                self.wrong(node, path, format!("one line of at most {MAX_LINE} characters"));
                String::new()
            }
            _ => {
                self.wrong(node, path, "a text");
                String::new()
            }
        }
    }

    pub(crate) fn whole(&mut self, node: Node<'_>, path: &Path<'_>, least: u64, most: u64) -> Option<u64> {
        let number = match node.value() {
            Value::Number(digits) => digits.parse::<u64>().ok(),
            _ => None,
        };
        let number = number.filter(|n| (least..=most).contains(n));
        if number.is_none() {
            self.wrong(node, path, format!("a whole number from {least} to {most}"));
        }
        number
    }

    pub(crate) fn one_of<T>(
        &mut self,
        node: Node<'_>,
        path: &Path<'_>,
        known: &[&str],
        find: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = match node.value() {
            Value::Text(text) => find(&text),
            _ => None,
        };
        if value.is_none() {
            let near = match node.value() {
                Value::Text(text) => nearest(&text, known.iter().copied()),
                _ => None,
            };
            let expected = near.map_or_else(
                || {
                    format!(
                        "one of {}",
                        known.iter().map(|k| format!("\"{k}\"")).collect::<Vec<_>>().join(", ")
                    )
                },
                |near| format!("\"{near}\""),
            );
            self.wrong(node, path, expected);
        }
        value
    }

    pub(super) fn amount(&mut self, node: Node<'_>, path: &Path<'_>) -> Option<Amount> {
        let written = match node.value() {
            Value::Text(text) => text,
            Value::Number(digits) => digits.into(),
            _ => {
                self.wrong(node, path, amount::EXPECTED);
                return None;
            }
        };
        match Amount::parse(&written) {
            Ok(amount) => Some(amount),
            Err(error) => {
                let expected = match error {
                    AmountError::Form => amount::EXPECTED,
                    AmountError::Fraction => "a whole number of wei",
                    AmountError::TooLarge => "an amount below 2^256",
                };
                self.wrong(node, path, expected);
                None
            }
        }
    }

    pub(super) fn bytes(&mut self, node: Node<'_>, path: &Path<'_>) -> Option<Bytes> {
        let Value::Text(text) = node.value() else {
            self.wrong(node, path, "bytes in hexadecimal, beginning with 0x");
            return None;
        };
        let Some(digits) = text.strip_prefix("0x") else {
            self.wrong(node, path, "bytes in hexadecimal, beginning with 0x");
            return None;
        };
        if let Some((i, bad)) = digits.char_indices().find(|(_, c)| !c.is_ascii_hexdigit()) {
            let expected = if digits[i..].starts_with("__") {
                "bytecode whose libraries are linked"
            } else {
                "hexadecimal digits after 0x"
            };
            let bad = match bad {
                '\n' | '\r' => "a line break".to_owned(),
                bad if bad.is_whitespace() => "a space".to_owned(),
                bad => format!("`{bad}`"),
            };
            self.problem(node.at(), path, expected, format!("{bad} at digit {i}"));
            return None;
        }
        match alloy_primitives::hex::decode(digits) {
            Ok(bytes) => Some(bytes.into()),
            Err(_) => {
                self.problem(node.at(), path, "an even number of digits", digits.len().to_string());
                None
            }
        }
    }

    pub(super) fn word(&mut self, node: Node<'_>, path: &Path<'_>) -> Option<B256> {
        let word = match node.value() {
            Value::Text(text) if text.starts_with("0x") => text.parse::<B256>().ok(),
            _ => None,
        };
        if word.is_none() {
            self.wrong(node, path, "32 bytes in hexadecimal, beginning with 0x");
        }
        word
    }

    pub(super) fn place(&mut self, node: Node<'_>, path: &Path<'_>) -> Option<Place> {
        let Value::Text(text) = node.value() else {
            self.wrong(node, path, "a name or an address");
            return None;
        };
        match Place::parse(&text) {
            Ok(place) => Some(place),
            Err((expected, found)) => {
                self.problem(node.at(), path, expected, found);
                None
            }
        }
    }

    /// Reads a place, and reports a name that the document does not declare. `all`: `name[*]` is allowed, too.
    pub(super) fn known_place(
        &mut self,
        node: Node<'_>,
        path: &Path<'_>,
        known: &Known<'_>,
        all: bool,
    ) -> Option<Place> {
        let place = self.place(node, path)?;
        let ok = match &place {
            Place::Address(_) => true,
            Place::Name(name) => {
                self.known_name(node, path, name, known)
                    && match size(known, name) {
                        Some(count) => self.not_an_element(node, path, name, count),
                        None => true,
                    }
            }
            Place::Element(name, index) => {
                self.known_name(node, path, name, known)
                    && match size(known, name) {
                        Some(count) if *index < count => true,
                        Some(count) => self.not_an_element(node, path, name, count),
                        None => {
                            self.wrong(node, path, format!("\"{name}\" without an index: it is not a group"));
                            false
                        }
                    }
            }
            Place::All(name) => {
                if !all {
                    self.wrong(node, path, "one place ([*] is for \"setup\"; here { \"pick\": … } chooses)");
                    false
                } else {
                    self.known_name(node, path, name, known) && self.group(node, path, name, known).is_some()
                }
            }
        };
        ok.then_some(place)
    }

    fn not_an_element(&mut self, node: Node<'_>, path: &Path<'_>, name: &str, count: u32) -> bool {
        let last = count.saturating_sub(1);
        self.wrong(node, path, format!("an element from {name}[0] to {name}[{last}]"));
        false
    }

    pub(super) fn known_name(
        &mut self,
        node: Node<'_>,
        path: &Path<'_>,
        name: &str,
        known: &Known<'_>,
    ) -> bool {
        if known.contains_key(name) {
            return true;
        }
        let expected = match nearest(name, known.keys().map(|name| &**name)) {
            Some(near) => format!("a declared name (\"{near}\"?)"),
            None => "a name declared in \"accounts\" or \"contracts\", or by \"as\"".to_owned(),
        };
        self.wrong(node, path, expected);
        false
    }

    pub(super) fn group(
        &mut self,
        node: Node<'_>,
        path: &Path<'_>,
        name: &str,
        known: &Known<'_>,
    ) -> Option<u32> {
        match size(known, name) {
            Some(count) => Some(count),
            None => {
                let groups = known.iter().filter(|(_, size)| size.is_some()).map(|(name, _)| &**name);
                let expected = match nearest(name, groups) {
                    Some(near) => format!("a group such as \"{near}\""),
                    None => "the name of a group (declared with \"count\")".to_owned(),
                };
                self.wrong(node, path, expected);
                None
            }
        }
    }
}

/// The same value for serde. Numbers that fit nowhere become texts; ABIs have none.
pub(crate) fn plain(node: Node<'_>) -> serde_json::Value {
    match node.value() {
        Value::Null => serde_json::Value::Null,
        Value::Bool(b) => b.into(),
        Value::Number(n) => match (n.parse::<u64>(), n.parse::<f64>()) {
            (Ok(n), _) => n.into(),
            (_, Ok(float)) if float.is_finite() => float.into(),
            _ => n.into(),
        },
        Value::Text(t) => t.to_string().into(),
        Value::List => node.elements().map(plain).collect(),
        Value::Object => node
            .fields()
            .map(|field| (field.name.to_string(), plain(field.node)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

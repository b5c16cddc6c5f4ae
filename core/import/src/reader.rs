//! A file's JSON beside what is being read from it: values with their mistakes.

use std::borrow::Cow;
use std::fmt::Display;

use alloy_primitives::{Address, B256, Bytes, U256};
use document::json::{Node, Value, position, shortened};
use document::problem::{Problem, counted};

use crate::bounds::{MAX_DATA, MAX_MESSAGES, MAX_NAME, MAX_PROBLEMS};
use crate::types::{FileProblem, Import, Lack, Lacking, Note};

/// A file that is being read.
pub(crate) struct Reader<'t> {
    /// The file's name.
    pub(crate) file: &'t str,
    /// Its text, as far as it is a document.
    pub(crate) text: &'t str,
    /// The outermost value; `None` if the text is no JSON.
    pub(crate) root: Option<Node<'t>>,
    /// Where everything goes.
    pub(crate) import: &'t mut Import,
    problems: usize,
}

impl<'t> Reader<'t> {
    pub(crate) fn new(file: &'t str, text: &'t str, root: Option<Node<'t>>, import: &'t mut Import) -> Self {
        Self { file, text, root, import, problems: 0 }
    }

    /// A mistake at a value.
    pub(crate) fn problem(&mut self, node: Node<'_>, expected: impl Into<String>, found: impl Into<String>) {
        // Finding the place takes as long as the text: not for each of a million mistakes.
        if self.problems >= MAX_PROBLEMS {
            return;
        }
        let path = self.root.map(|root| path_of(root, node.at())).unwrap_or_default();
        let mut problem = Problem::new(path, expected, found);
        problem.position = Some(position(self.text, node.at()));
        self.push(problem);
    }

    /// A mistake whose value is described as it is.
    pub(crate) fn wrong(&mut self, node: Node<'_>, expected: impl Into<String>) {
        self.problem(node, expected, node.describe());
    }

    /// A field that is not there.
    pub(crate) fn missing(&mut self, node: Node<'_>, name: &str) {
        self.problem(node, format!("\"{name}\""), "nothing");
    }

    /// A mistake with a place of its own.
    pub(crate) fn push(&mut self, problem: Problem) {
        self.problems += 1;
        if self.problems <= MAX_PROBLEMS && self.import.problems.len() < MAX_MESSAGES {
            self.import.problems.push(FileProblem { file: self.file.to_owned(), problem });
        }
    }

    pub(crate) fn note(&mut self, text: impl Display) {
        note(self.import, self.file, text);
    }

    /// The same note only once for a file, however often it is found.
    pub(crate) fn note_once(&mut self, text: &str) {
        if !self.import.notes.iter().rev().take(50).any(|note| note.file == self.file && note.text == text) {
            self.note(text);
        }
    }

    pub(crate) fn lacks(&mut self, contract: Option<&str>, what: Lacking) {
        lacks(self.import, self.file, contract, what);
    }

    /// A text, at most [`MAX_NAME`] characters of it, without line breaks and other control characters.
    pub(crate) fn name(&mut self, node: Node<'_>) -> Option<String> {
        match node.value() {
            Value::Text(text) => Some(one_line(&text)),
            _ => {
                self.wrong(node, "a text");
                None
            }
        }
    }

    /// The text of a field, if there is one and it is a text.
    pub(crate) fn name_of(&mut self, node: Node<'_>, field: &str) -> Option<String> {
        let node = node.get(field)?;
        if node.value() == Value::Null {
            return None;
        }
        self.name(node)
    }

    pub(crate) fn address(&mut self, node: Node<'_>) -> Option<Address> {
        let found = text_of(node).as_deref().map(read_address);
        match found {
            Some(Ok(address)) => Some(address),
            Some(Err((expected, found))) => {
                self.problem(node, expected, found);
                None
            }
            None => {
                self.wrong(node, "an address");
                None
            }
        }
    }

    /// Bytes in hexadecimal, with or without `0x`.
    pub(crate) fn bytes(&mut self, node: Node<'_>) -> Option<Bytes> {
        let Some(text) = text_of(node) else {
            self.wrong(node, "bytes in hexadecimal");
            return None;
        };
        match read_bytes(&text) {
            Ok(bytes) => Some(bytes),
            Err((expected, found)) => {
                self.problem(node, expected, found);
                None
            }
        }
    }

    /// A whole number below 2^256: in hexadecimal with `0x`, or decimal, as a number or a text.
    pub(crate) fn number(&mut self, node: Node<'_>) -> Option<U256> {
        let found = text_of(node).as_deref().and_then(read_number);
        if found.is_none() {
            self.wrong(node, "a whole number below 2^256, decimal or 0x…");
        }
        found
    }

    /// The number of a field. `null` and `""` are as if it were not there.
    pub(crate) fn number_of(&mut self, node: Node<'_>, field: &str) -> Option<U256> {
        let node = node.get(field)?;
        let is_empty = match node.value() {
            Value::Null => true,
            Value::Text(text) => text.trim().is_empty(),
            _ => false,
        };
        if is_empty {
            return None;
        }
        self.number(node)
    }

    /// The same, if it is at most 2^53: a document holds no larger one.
    pub(crate) fn small_of(&mut self, node: Node<'_>, field: &str) -> Option<u64> {
        let number = self.number_of(node, field)?;
        let small = u64::try_from(number).ok().filter(|number| *number <= 1 << 53);
        if let (None, Some(node)) = (small, node.get(field)) {
            self.wrong(node, "a number up to 2^53");
        }
        small
    }

    pub(crate) fn word(&mut self, node: Node<'_>) -> Option<B256> {
        self.number(node).map(B256::from)
    }

    /// A list's elements; a mistake if it is none.
    pub(crate) fn list(&mut self, node: Node<'t>, what: &str) -> Vec<Node<'t>> {
        if node.value() != Value::List {
            self.wrong(node, format!("a list of {what}"));
        }
        node.elements().collect()
    }
}

pub(crate) fn note(import: &mut Import, file: &str, text: impl Display) {
    if import.notes.len() < MAX_MESSAGES {
        import.notes.push(Note { file: file.to_owned(), text: text.to_string() });
    }
}

pub(crate) fn lacks(import: &mut Import, file: &str, contract: Option<&str>, what: Lacking) {
    if import.lacking.len() < MAX_MESSAGES {
        let contract = contract.map(str::to_owned);
        import.lacking.push(Lack { file: file.to_owned(), contract, what });
    }
}

/// A text as one line of at most [`MAX_NAME`] characters.
pub(crate) fn one_line(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_NAME).collect()
}

/// A value's text: of a text its content, of a number its digits.
pub(crate) fn text_of(node: Node<'_>) -> Option<Cow<'_, str>> {
    match node.value() {
        Value::Text(text) => Some(text),
        Value::Number(digits) => Some(digits.into()),
        _ => None,
    }
}

/// A text of a field, as it is.
pub(crate) fn field_text<'t>(node: Node<'t>, field: &str) -> Option<Cow<'t, str>> {
    match node.get(field)?.value() {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// Why a text is not what it should be: what would be right, and what was found.
pub(crate) type Mistake = (String, String);

/// An address; without `0x` as genesis files have them, and in hexadecimal of any case: a checksum that does not hold is
/// a mistake.
pub(crate) fn read_address(text: &str) -> Result<Address, Mistake> {
    let text = text.trim();
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let place =
        document::Place::parse(&format!("0x{}", digits.get(..digits.len().min(80)).unwrap_or_default()));
    match place {
        Ok(document::Place::Address(address)) => Ok(address),
        Ok(_) => Err(("an address".to_owned(), format!("\"{}\"", shortened(text)))),
        Err((expected, found)) => Err((format!("an address: {expected}"), found)),
    }
}

pub(crate) fn read_bytes(text: &str) -> Result<Bytes, Mistake> {
    let text = text.trim();
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    if digits.len() > 2 * MAX_DATA {
        return Err((format!("at most {} KiB", MAX_DATA >> 10), format!("{} KiB", digits.len() >> 11)));
    }
    if let Some((at, bad)) = digits.char_indices().find(|(_, c)| !c.is_ascii_hexdigit()) {
        let bad = if bad.is_whitespace() { "white space".to_owned() } else { format!("`{bad}`") };
        return Err(("hexadecimal digits".to_owned(), format!("{bad} at digit {at}")));
    }
    let decoded = alloy_primitives::hex::decode(digits);
    decoded
        .map(Bytes::from)
        .map_err(|_| ("an even number of digits".to_owned(), counted(digits.len(), "digit")))
}

/// A whole number: `0x…` or decimal.
pub(crate) fn read_number(text: &str) -> Option<U256> {
    let text = text.trim();
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    let fits = !digits.is_empty() && digits.len() <= 80 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let is_zero = digits.is_empty() && radix == 16;
    if is_zero {
        return Some(U256::ZERO);
    }
    if !fits || radix == 10 && !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    U256::from_str_radix(digits, radix).ok()
}

/// The path of the value that begins at a byte: `transactions[3].to`.
fn path_of(root: Node<'_>, at: usize) -> String {
    let mut path = String::new();
    let mut node = root;
    while node.at() != at {
        let inside = |child: Node<'_>| child.span().contains(&at);
        if node.is_object() {
            let Some(field) = node.fields().find(|field| inside(field.node)) else { break };
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&shortened(&field.name));
            node = field.node;
        } else {
            let Some((index, child)) = node.elements().enumerate().find(|(_, child)| inside(*child)) else {
                break;
            };
            path.push_str(&format!("[{index}]"));
            node = child;
        }
    }
    path
}

/// The text with syntax trees and other large things that are not read blanked, at the same length, so that places stay:
/// a compiler's output is mostly these, and they nest deeper than documents may.
pub(crate) fn without_syntax_trees(text: &str) -> Cow<'_, str> {
    const NAMES: [&str; 6] = [
        "\"ast\"",
        "\"legacyAST\"",
        "\"legacyAssembly\"",
        "\"generatedSources\"",
        "\"irAst\"",
        "\"irOptimizedAst\"",
    ];
    if !NAMES.iter().any(|name| text.contains(name)) {
        return text.into();
    }
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'"' {
            at += 1;
            continue;
        }
        let end = end_of_text(bytes, at);
        let is_tree = NAMES.iter().any(|name| bytes.get(at..end) == Some(name.as_bytes()));
        at = end;
        if !is_tree {
            continue;
        }
        let Some(open) = skip(bytes, end, b':').filter(|open| matches!(bytes.get(*open), Some(b'{' | b'[')))
        else {
            continue;
        };
        let Some(close) = end_of_value(bytes, open) else { break };
        for byte in &mut out[open..close] {
            if *byte != b'\n' && *byte != b'\r' {
                *byte = b' ';
            }
        }
        // At least two brackets are there.
        out[open] = bytes[open];
        out[close - 1] = bytes[close - 1];
        at = close;
    }
    // Whole values were replaced by ASCII, so it is still UTF-8.
    String::from_utf8(out).map_or(text.into(), Cow::Owned)
}

/// The byte after a text in quotation marks that begins at `at`.
fn end_of_text(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The place after white space, `sign` and white space.
fn skip(bytes: &[u8], mut at: usize, sign: u8) -> Option<usize> {
    let space = |at: &mut usize| {
        while bytes.get(*at).is_some_and(u8::is_ascii_whitespace) {
            *at += 1;
        }
    };
    space(&mut at);
    if bytes.get(at) != Some(&sign) {
        return None;
    }
    at += 1;
    space(&mut at);
    Some(at)
}

/// The byte after the list or object that begins at `at`; `None` if it does not end.
fn end_of_value(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = end_of_text(bytes, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use document::json::Tree;

    use super::*;

    #[test]
    fn syntax_trees_are_blanked_in_place() {
        let deep = format!(
            "{{\"ast\": {}{},\n \"x\": \"\\\"ast\\\": {{\", \"ä\": [1]}}",
            "[".repeat(500),
            "]".repeat(500)
        );
        assert!(Tree::read(&deep).is_err());
        let blanked = without_syntax_trees(&deep);
        assert_eq!(blanked.len(), deep.len());
        let tree = Tree::read(&blanked).expect("JSON");
        let root = tree.root(&blanked);
        let place = |text: &str| position(text, text.find("\"x\"").unwrap_or_default());
        assert_eq!(place(&blanked), place(&deep));
        assert_eq!(root.get("x").map(Node::value), Some(Value::Text("\"ast\": {".into())));
        for text in ["\"ast\":", "{\"ast\":{", "{\"ast\":[}", "\"ast\" :]", "\"ast", "{\"ast\":\"x\"}"] {
            assert_eq!(without_syntax_trees(text).len(), text.len());
        }
    }

    #[test]
    fn a_value_has_the_path_that_leads_to_it() {
        let text = r#"{ "a": [ { "b.c": 1 }, [2, 3] ], "d": 4 }"#;
        let tree = Tree::read(text).expect("JSON");
        for (written, path) in [("1", "a[0].b.c"), ("3", "a[1][1]"), ("4", "d"), ("{ \"a", "")] {
            assert_eq!(path_of(tree.root(text), text.find(written).unwrap_or_default()), path);
        }
    }

    #[test]
    fn numbers_are_decimal_or_hexadecimal() {
        for (text, number) in [
            ("0x10", Some(16)),
            ("16", Some(16)),
            (" 7 ", Some(7)),
            ("0x", Some(0)),
            ("1.5", None),
            ("1e3", None),
            ("-1", None),
            ("", None),
            ("ff", None),
            ("0xg", None),
        ] {
            assert_eq!(read_number(text), number.map(U256::from), "{text}");
        }
        assert_eq!(read_number(&format!("0x{}", "f".repeat(65))), None);
    }
}

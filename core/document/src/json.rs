//! JSON with places: every value knows where it stands in the text.
//!
//! The document is read with this small reader rather than with serde because an error must put
//! the cursor on the mistake, several mistakes must be found in one pass, and a number of any
//! length must stay what it is. Depth and number of values are bounded before they are stored.

use std::borrow::Cow;

use crate::problem::{Position, Problem};

/// Longest text that is read, in bytes.
pub const MAX_BYTES: usize = 32 << 20;
/// Deepest nesting of lists and objects.
pub const MAX_DEPTH: u32 = 64;
/// Most values in one text: what 32 MiB of sensible text can hold, and a bound on memory.
pub const MAX_VALUES: u32 = 2_000_000;

/// One value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Node<'t> {
    /// Byte offset of its first character.
    pub at: usize,
    /// The value.
    pub value: Value<'t>,
}

/// A JSON value. Numbers keep their text.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'t> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// As written.
    Number(&'t str),
    /// Unescaped.
    Text(Cow<'t, str>),
    /// In order.
    List(Vec<Node<'t>>),
    /// In order. Keys are distinct.
    Object(Vec<Entry<'t>>),
}

/// One field of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'t> {
    /// Byte offset of the key's opening quotation mark.
    pub at: usize,
    /// The key, unescaped.
    pub key: Cow<'t, str>,
    /// The field's value.
    pub node: Node<'t>,
}

impl<'t> Node<'t> {
    /// The field of that name, if this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Node<'t>> {
        match &self.value {
            Value::Object(entries) => entries.iter().find(|e| e.key == key).map(|e| &e.node),
            _ => None,
        }
    }

    /// What the value is, for an error message.
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Null => "null".into(),
            Value::Bool(b) => b.to_string(),
            Value::Number(n) => shortened(n),
            Value::Text(t) => format!("\"{}\"", shortened(t)),
            Value::List(l) => format!("a list of {}", l.len()),
            Value::Object(_) => "an object".into(),
        }
    }
}

/// At most 40 characters of a text, so that a message stays one line.
pub fn shortened(text: &str) -> String {
    if text.chars().count() <= 40 {
        return text.to_owned();
    }
    text.chars().take(37).chain("…".chars()).collect()
}

/// Line and column (both from 1, columns in characters) of a byte offset.
pub fn position(text: &str, at: usize) -> Position {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    let line = before.bytes().filter(|&b| b == b'\n').count() as u32 + 1;
    Position { line, column: before[line_start..].chars().count() as u32 + 1 }
}

/// Reads one JSON text.
///
/// # Errors
/// The first place where the text is not JSON, or a bound that it passes.
pub fn parse(text: &str) -> Result<Node<'_>, Problem> {
    if text.len() > MAX_BYTES {
        return Err(Problem::new(
            "",
            "at most 32 MiB",
            format!("{:.1} MiB", text.len() as f64 / 1_048_576.0),
        ));
    }
    let mut reader = Reader { text, at: 0, depth: 0, values: 0 };
    if text.starts_with('\u{feff}') {
        reader.at = 3;
    }
    reader.space();
    if reader.peek().is_none() {
        return Err(reader.problem("a JSON object", "nothing"));
    }
    let node = reader.value()?;
    reader.space();
    if reader.peek().is_some() {
        return Err(reader.unexpected("nothing after the document's end"));
    }
    Ok(node)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: u32,
    values: u32,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn problem(&self, expected: impl Into<String>, found: impl Into<String>) -> Problem {
        let mut problem = Problem::new("", expected, found);
        problem.position = Some(position(self.text, self.at));
        problem
    }

    fn unexpected(&self, expected: &str) -> Problem {
        let rest = &self.text[self.at..];
        let found = match rest.chars().next() {
            None => "the end of the text".to_owned(),
            Some('/') if rest.starts_with("//") || rest.starts_with("/*") => {
                "a comment (JSON has none; use \"story\" for notes)".to_owned()
            }
            Some('\'') => "' (JSON's quotation marks are \")".to_owned(),
            Some(c) if c.is_alphanumeric() => {
                let word: String =
                    rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').take(20).collect();
                format!("`{word}`")
            }
            Some(c) => format!("`{c}`"),
        };
        self.problem(expected, found)
    }

    fn value(&mut self) -> Result<Node<'t>, Problem> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(self.problem(format!("at most {MAX_VALUES} values in one document"), "more"));
        }
        let at = self.at;
        let value = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::list)?,
            Some(b'"') => Value::Text(self.text()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            _ if self.word("null") => Value::Null,
            _ if self.word("true") => Value::Bool(true),
            _ if self.word("false") => Value::Bool(false),
            _ => return Err(self.unexpected("a value")),
        };
        Ok(Node { at, value })
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Result<Value<'t>, Problem>) -> Result<Value<'t>, Problem> {
        if self.depth == MAX_DEPTH {
            return Err(self.problem(
                format!("at most {MAX_DEPTH} levels of nesting"),
                "a list or object deeper than that",
            ));
        }
        self.depth += 1;
        self.at += 1;
        let value = inner(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn list(&mut self) -> Result<Value<'t>, Problem> {
        let mut list = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::List(list));
        }
        loop {
            list.push(self.value()?);
            if !self.comma(b']', "`,` or `]`")? {
                return Ok(Value::List(list));
            }
        }
    }

    fn object(&mut self) -> Result<Value<'t>, Problem> {
        let mut entries: Vec<Entry<'t>> = Vec::new();
        // A set only once it pays: most objects have a handful of fields.
        let mut seen = std::collections::HashSet::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(entries));
        }
        loop {
            let at = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a field's name in quotation marks"));
            }
            let key = self.text()?;
            if !seen.insert(key.clone()) {
                self.at = at;
                return Err(self.problem("each field once", format!("a second \"{}\"", shortened(&key))));
            }
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("`:`"));
            }
            self.at += 1;
            self.space();
            let node = self.value()?;
            entries.push(Entry { at, key, node });
            if !self.comma(b'}', "`,` or `}`")? {
                return Ok(Value::Object(entries));
            }
        }
    }

    /// After an element: true if another one follows.
    fn comma(&mut self, close: u8, expected: &str) -> Result<bool, Problem> {
        self.space();
        match self.peek() {
            Some(b',') => {
                let comma = self.at;
                self.at += 1;
                self.space();
                if self.peek() == Some(close) {
                    self.at = comma;
                    return Err(self.problem("no comma after the last element", "`,`"));
                }
                Ok(true)
            }
            Some(b) if b == close => {
                self.at += 1;
                Ok(false)
            }
            _ => Err(self.unexpected(expected)),
        }
    }

    fn word(&mut self, word: &str) -> bool {
        let rest = &self.text.as_bytes()[self.at..];
        let ends = rest.get(word.len()).is_none_or(|b| !b.is_ascii_alphanumeric());
        let here = rest.starts_with(word.as_bytes()) && ends;
        if here {
            self.at += word.len();
        }
        here
    }

    fn digits(&mut self) -> bool {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at > from
    }

    fn number(&mut self) -> Result<&'t str, Problem> {
        let from = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let first = self.at;
        if !self.digits() {
            return Err(self.unexpected("a digit"));
        }
        if self.text.as_bytes()[first] == b'0' && self.at > first + 1 {
            self.at = from;
            return Err(self.problem("a number without leading zeros", shortened(&self.text[from..from + 2])));
        }
        if from == first && self.at == first + 1 && matches!(self.peek(), Some(b'x' | b'X')) {
            self.at = from;
            return Err(self.problem("hexadecimal in quotation marks", "`0x`"));
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if !self.digits() {
                return Err(self.unexpected("a digit"));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if !self.digits() {
                return Err(self.unexpected("a digit"));
            }
        }
        Ok(&self.text[from..self.at])
    }

    fn text(&mut self) -> Result<Cow<'t, str>, Problem> {
        let open = self.at;
        self.at += 1;
        let mut from = self.at;
        let mut owned: Option<String> = None;
        loop {
            match self.peek() {
                None => {
                    self.at = open;
                    return Err(self.problem("a closing quotation mark", "the end of the text"));
                }
                Some(b'"') => {
                    let tail = &self.text[from..self.at];
                    self.at += 1;
                    return Ok(match owned {
                        None => Cow::Borrowed(tail),
                        Some(mut text) => {
                            text.push_str(tail);
                            Cow::Owned(text)
                        }
                    });
                }
                Some(b'\\') => {
                    let text = owned.get_or_insert_default();
                    text.push_str(&self.text[from..self.at]);
                    let c = self.escape()?;
                    owned.get_or_insert_default().push(c);
                    from = self.at;
                }
                Some(b) if b < 0x20 => {
                    return Err(self.problem(
                        "a closing quotation mark (a line break inside a text is written \\n)",
                        if b == b'\n' { "a line break" } else { "a control character" },
                    ));
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<char, Problem> {
        let at = self.at;
        let bad = |reader: &mut Self| {
            reader.at = at;
            reader.problem("one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX", "another escape")
        };
        self.at += 1;
        let Some(b) = self.peek() else { return Err(bad(self)) };
        self.at += 1;
        Ok(match b {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.hex4().ok_or_else(|| bad(self))?;
                let code = if (0xd800..0xdc00).contains(&high) {
                    if !self.text.as_bytes()[self.at..].starts_with(b"\\u") {
                        return Err(bad(self));
                    }
                    self.at += 2;
                    let low =
                        self.hex4().filter(|l| (0xdc00..0xe000).contains(l)).ok_or_else(|| bad(self))?;
                    0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)
                } else {
                    high
                };
                char::from_u32(code).ok_or_else(|| bad(self))?
            }
            _ => return Err(bad(self)),
        })
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4)?;
        let mut code = 0;
        for &d in digits {
            code = code << 4 | (d as char).to_digit(16)?;
        }
        self.at += 4;
        Some(code)
    }
}

/// The same JSON without white space: what a link carries.
///
/// # Errors
/// As [`parse`].
pub fn compact(text: &str) -> Result<String, Problem> {
    let mut out = String::new();
    write(&parse(text)?, None, &mut out);
    Ok(out)
}

/// The same JSON laid out for people: two spaces, and a list or object stays on one line where
/// it fits in 120 characters.
///
/// # Errors
/// As [`parse`].
pub fn pretty(text: &str) -> Result<String, Problem> {
    let mut out = String::new();
    write(&parse(text)?, Some(0), &mut out);
    out.push('\n');
    Ok(out)
}

const WIDTH: usize = 120;

fn write(node: &Node<'_>, indent: Option<usize>, out: &mut String) {
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => out.push_str(n),
        Value::Text(t) => quote(t, out),
        Value::List(_) | Value::Object(_) => match indent {
            None => write_compact(node, out),
            Some(indent) => write_pretty(node, indent, out),
        },
    }
}

impl<'t> Node<'t> {
    /// The inner value at `index` and its key, and the brackets around.
    fn inner(&self, index: usize) -> Option<(Option<&str>, &Node<'t>)> {
        match &self.value {
            Value::List(list) => list.get(index).map(|n| (None, n)),
            Value::Object(entries) => entries.get(index).map(|e| (Some(&*e.key), &e.node)),
            _ => None,
        }
    }

    fn inners(&self) -> impl Iterator<Item = (Option<&str>, &Node<'t>)> {
        (0..).map_while(|i| self.inner(i))
    }

    fn brackets(&self) -> (char, char) {
        if matches!(self.value, Value::List(_)) { ('[', ']') } else { ('{', '}') }
    }
}

fn write_compact(node: &Node<'_>, out: &mut String) {
    let (open, close) = node.brackets();
    out.push(open);
    for (i, (key, inner)) in node.inners().enumerate() {
        if i > 0 {
            out.push(',');
        }
        if let Some(key) = key {
            quote(key, out);
            out.push(':');
        }
        write(inner, None, out);
    }
    out.push(close);
}

fn write_pretty(node: &Node<'_>, indent: usize, out: &mut String) {
    // The document itself always has a line per field.
    if indent > 0 || node.inner(0).is_none() {
        let used = out.len() - out.rfind('\n').map_or(0, |i| i + 1);
        let mut line = String::new();
        if write_line(node, WIDTH.saturating_sub(used), &mut line) {
            return out.push_str(&line);
        }
    }
    let (open, close) = node.brackets();
    out.push(open);
    for (i, (key, inner)) in node.inners().enumerate() {
        out.push_str(if i > 0 { ",\n" } else { "\n" });
        out.extend(std::iter::repeat_n(' ', (indent + 1) * 2));
        if let Some(key) = key {
            quote(key, out);
            out.push_str(": ");
        }
        write(inner, Some(indent + 1), out);
    }
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent * 2));
    out.push(close);
}

/// Writes on one line, giving up (false) as soon as it is longer than `room`.
fn write_line(node: &Node<'_>, room: usize, out: &mut String) -> bool {
    let (open, close) = node.brackets();
    let spaced = open == '{' && node.inner(0).is_some();
    out.push(open);
    if spaced {
        out.push(' ');
    }
    for (i, (key, inner)) in node.inners().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        if let Some(key) = key {
            quote(key, out);
            out.push_str(": ");
        }
        let fits = match inner.value {
            Value::List(_) | Value::Object(_) => write_line(inner, room, out),
            _ => {
                write(inner, None, out);
                true
            }
        };
        if !fits || out.len() > room {
            return false;
        }
    }
    if spaced {
        out.push(' ');
    }
    out.push(close);
    out.len() <= room
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let problem = parse(text).expect_err(text);
        let Position { line, column } = problem.position.expect("a position");
        assert_eq!(format!("{line}:{column} {problem}"), expected, "{text}");
    }

    #[test]
    fn a_mistake_is_named_where_it_stands() {
        check("", "1:1 expected a JSON object, found nothing");
        check("{\n  \"a\": 1,\n}", "2:9 expected no comma after the last element, found `,`");
        check("{\"a\": 1 \"b\": 2}", "1:9 expected `,` or `}`, found `\"`");
        check("{a: 1}", "1:2 expected a field's name in quotation marks, found `a`");
        check(
            "{'a': 1}",
            "1:2 expected a field's name in quotation marks, found ' (JSON's quotation marks are \")",
        );
        check("[1, NaN]", "1:5 expected a value, found `NaN`");
        check("[01]", "1:2 expected a number without leading zeros, found 01");
        check("[0x1f]", "1:2 expected hexadecimal in quotation marks, found `0x`");
        check("{\"ä\": \"", "1:7 expected a closing quotation mark, found the end of the text");
        check("{\"a\":1,\"a\":2}", "1:8 expected each field once, found a second \"a\"");
        check("{} x", "1:4 expected nothing after the document's end, found `x`");
        check(
            "[\"\\ud800\"]",
            "1:3 expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX, found another escape",
        );
    }

    #[test]
    fn deep_nesting_is_refused_and_not_followed() {
        let problem = parse(&"[".repeat(1 << 20)).expect_err("deep");
        assert_eq!(problem.expected, "at most 64 levels of nesting");
    }

    #[test]
    fn numbers_of_any_length_stay_as_written() {
        let digits = "9".repeat(100_000);
        assert_eq!(parse(&digits).map(|n| n.value), Ok(Value::Number(&digits)));
    }

    #[test]
    fn too_many_values_are_refused() {
        let text = format!("[{}0]", "0,".repeat(MAX_VALUES as usize));
        assert!(parse(&text).expect_err("many").expected.starts_with("at most 2000000 values"));
    }

    #[test]
    fn escapes_and_layout_keep_the_value() {
        let text = r#"{"a":"q\"\\\u00e4\ud83d\ude00\n","b":[1.5e3,-2,[],{}],"c":{"d":null,"e":true}}"#;
        let node = parse(text).expect("valid");
        assert_eq!(node.get("a").expect("a").value, Value::Text("q\"\\ä😀\n".into()));
        let pretty = pretty(text).expect("valid");
        assert_eq!(
            pretty,
            "{\n  \"a\": \"q\\\"\\\\ä😀\\n\",\n  \"b\": [1.5e3, -2, [], {}],\n  \"c\": { \"d\": null, \"e\": true }\n}\n"
        );
        assert_eq!(compact(&pretty), compact(text));
    }

    /// What serde_json makes of the same text.
    fn as_serde(node: &Node<'_>) -> serde_json::Value {
        match &node.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(b) => (*b).into(),
            Value::Number(n) => serde_json::from_str(n).expect("a number"),
            Value::Text(t) => t.as_ref().into(),
            Value::List(list) => list.iter().map(as_serde).collect(),
            Value::Object(entries) => {
                entries.iter().map(|e| (e.key.to_string(), as_serde(&e.node))).collect()
            }
        }
    }

    /// Every single-character change of a text that holds all kinds of values: where both readers
    /// take it, they read the same; and what serde_json refuses is refused here.
    #[test]
    fn serde_json_reads_the_same() {
        let text = r#"{"a":"q\"\\\u00e4\ud83d\ude00\n","b":[1.5e3,-2,0,[],{}],"c":{"d":null,"e":true}}"#;
        let alphabet = "{}[]\",:.0179eE+-tfn\\u/ \t\nä";
        let mut compared = 0;
        let mut compare = |text: &str| match (parse(text), serde_json::from_str::<serde_json::Value>(text)) {
            (Ok(ours), Ok(theirs)) => {
                assert_eq!(as_serde(&ours), theirs, "{text}");
                compared += 1;
            }
            (Ok(_), Err(error)) => panic!("{text}: {error}"),
            // A repeated field is a mistake here; serde_json keeps the last one.
            (Err(_), _) => {}
        };
        compare(text);
        for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
            let (before, after) = text.split_at(at);
            compare(&format!("{before}{}", &after[1..]));
            for c in alphabet.chars() {
                compare(&format!("{before}{c}{after}"));
                compare(&format!("{before}{c}{}", &after[1..]));
            }
        }
        assert!(compared > 500, "{compared} texts were valid");
    }
}

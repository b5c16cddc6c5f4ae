//! The reader: one pass over the text.

use std::borrow::Cow;

use super::{Item, Kind, MAX_BYTES, MAX_DEPTH, MAX_VALUES, Tree, position, shortened};
use crate::problem::Problem;

/// Reads one JSON text. `comments`: whether comments are passed over, or mistakes.
pub(super) fn tree(text: &str, comments: bool) -> Result<Tree, Problem> {
    if text.len() > MAX_BYTES {
        return Err(Problem::new(
            "",
            "at most 32 MiB",
            format!("{:.1} MiB", text.len() as f64 / 1_048_576.0),
        ));
    }
    let mut reader = Reader { text, at: 0, depth: 0, values: 0, comments, tree: Tree::default() };
    if text.starts_with('\u{feff}') {
        reader.at = 3;
    }
    match reader.document() {
        Ok(()) => Ok(reader.tree),
        // A comment in front of the mistake is the first mistake, and perhaps the reason of the second.
        Err(problem) => Err(reader.tree.comments.first().map_or(problem, |span| comment(text, span.start))),
    }
}

/// The mistake that a comment at `at` is.
pub(crate) fn comment(text: &str, at: usize) -> Problem {
    let mut problem = Problem::new("", "JSON without comments (\"story\" is for notes)", "a comment");
    problem.position = Some(position(text, at));
    problem
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: u32,
    values: u32,
    /// Whether comments are passed over.
    comments: bool,
    tree: Tree,
}

impl<'t> Reader<'t> {
    fn document(&mut self) -> Result<(), Problem> {
        self.space();
        if self.peek().is_none() {
            return Err(self.problem("a JSON object", "nothing"));
        }
        self.value()?;
        self.space();
        if self.peek().is_some() {
            return Err(self.unexpected("nothing after the document's end"));
        }
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Passes over white space and, where they are allowed, comments.
    fn space(&mut self) {
        loop {
            while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
                self.at += 1;
            }
            let Some(end) = self.comment() else { return };
            self.tree.comments.push(self.at..end);
            self.at = end;
        }
    }

    /// The end of the comment that begins here.
    fn comment(&self) -> Option<usize> {
        let rest = self.text.as_bytes().get(self.at..).filter(|_| self.comments)?;
        let length = match rest {
            [b'/', b'/', ..] => rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()),
            [b'/', b'*', inner @ ..] => inner.windows(2).position(|end| end == b"*/")? + 4,
            _ => return None,
        };
        Some(self.at + length)
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

    fn value(&mut self) -> Result<(), Problem> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(self.problem(format!("at most {MAX_VALUES} values in one document"), "more"));
        }
        let item = self.open();
        let kind = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::list)?,
            Some(b'"') => {
                self.text()?;
                Kind::Text
            }
            Some(b'-' | b'0'..=b'9') => {
                self.number()?;
                Kind::Number
            }
            _ if self.word("null") => Kind::Null,
            _ if self.word("true") => Kind::True,
            _ if self.word("false") => Kind::False,
            _ => return Err(self.unexpected("a value")),
        };
        self.close(item, kind);
        Ok(())
    }

    /// Begins an item here. What it is, and where it ends, is said by [`Self::close`].
    fn open(&mut self) -> usize {
        let start = self.at as u32;
        self.tree.items.push(Item { kind: Kind::Null, start, end: start, next: 0 });
        self.tree.items.len() - 1
    }

    fn close(&mut self, item: usize, kind: Kind) {
        let next = self.tree.items.len() as u32;
        if let Some(item) = self.tree.items.get_mut(item) {
            *item = Item { kind, end: self.at as u32, next, ..*item };
        }
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Result<Kind, Problem>) -> Result<Kind, Problem> {
        if self.depth == MAX_DEPTH {
            return Err(self.problem(
                format!("at most {MAX_DEPTH} levels of nesting"),
                "a list or object deeper than that",
            ));
        }
        self.depth += 1;
        self.at += 1;
        let kind = inner(self)?;
        self.depth -= 1;
        Ok(kind)
    }

    fn list(&mut self) -> Result<Kind, Problem> {
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Kind::List);
        }
        loop {
            self.value()?;
            if !self.comma(b']', "`,` or `]`")? {
                return Ok(Kind::List);
            }
        }
    }

    fn object(&mut self) -> Result<Kind, Problem> {
        let mut seen = std::collections::HashSet::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Kind::Object);
        }
        loop {
            let at = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a field's name in quotation marks"));
            }
            let item = self.open();
            self.text()?;
            self.close(item, Kind::Name);
            let written = &self.text[at..self.at];
            if !seen.insert(unescaped(written)) {
                self.at = at;
                let found = format!("a second \"{}\"", shortened(&unescaped(written)));
                return Err(self.problem("each field once", found));
            }
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("`:`"));
            }
            self.at += 1;
            self.space();
            self.value()?;
            if !self.comma(b'}', "`,` or `}`")? {
                return Ok(Kind::Object);
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

    fn number(&mut self) -> Result<(), Problem> {
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
        Ok(())
    }

    /// Passes over a text and checks its escapes.
    fn text(&mut self) -> Result<(), Problem> {
        let open = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                None => {
                    self.at = open;
                    return Err(self.problem("a closing quotation mark", "the end of the text"));
                }
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => match escape(&self.text.as_bytes()[self.at..]) {
                    Some((_, length)) => self.at += length,
                    None => {
                        let expected = "one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX";
                        return Err(self.problem(expected, "another escape"));
                    }
                },
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
}

/// The character that an escape stands for, and the escape's length in bytes.
fn escape(bytes: &[u8]) -> Option<(char, usize)> {
    let simple = match bytes.get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let high = hex4(bytes.get(2..6)?)?;
            if !(0xd800..0xdc00).contains(&high) {
                return Some((char::from_u32(high)?, 6));
            }
            // A pair of surrogates.
            let low = bytes.get(6..12).filter(|low| low.starts_with(b"\\u"))?;
            let low = hex4(&low[2..]).filter(|low| (0xdc00..0xe000).contains(low))?;
            return Some((char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))?, 12));
        }
        _ => return None,
    };
    Some((simple, 2))
}

fn hex4(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |code, digit| Some(code << 4 | char::from(*digit).to_digit(16)?))
}

/// What a text in quotation marks says. `written` was read: its escapes are right.
pub(super) fn unescaped(written: &str) -> Cow<'_, str> {
    let inner = written.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(written);
    let Some(first) = inner.find('\\') else { return Cow::Borrowed(inner) };
    let mut text = String::with_capacity(inner.len());
    let (plain, mut rest) = inner.split_at(first);
    text.push_str(plain);
    while let Some((c, length)) = escape(rest.as_bytes()) {
        text.push(c);
        rest = rest.get(length..).unwrap_or_default();
        let plain = rest.find('\\').unwrap_or(rest.len());
        text.push_str(&rest[..plain]);
        rest = &rest[plain..];
    }
    Cow::Owned(text)
}

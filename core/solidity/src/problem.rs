//! A mistake in a source, or what a compiler says of it.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is compiled.
    Error,
    /// It is compiled, perhaps not as meant.
    Warning,
    /// Good to know.
    Info,
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Bytes of UTF-8 before it.
    pub byte: u32,
}

/// A part of a source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The source's name.
    pub file: String,
    /// Its first character.
    pub start: Position,
    /// Behind its last character.
    pub end: Position,
}

/// One mistake or remark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong and what would be right, in one short text.
    pub message: String,
    /// Where, if it is at a place.
    pub place: Option<Place>,
    /// The compiler's own number of it, such as `2072`; none before 0.6.9, and none of ours.
    pub code: Option<String>,
    /// Other places that belong to it, each with a word.
    pub related: Vec<(Place, String)>,
}

impl Problem {
    /// An error without a place.
    pub fn error(message: impl Into<String>) -> Self {
        let message = message.into();
        Self { severity: Severity::Error, message, place: None, code: None, related: vec![] }
    }

    /// The same at a place.
    #[must_use]
    pub fn at(mut self, file: &str, lines: &Lines, bytes: Range<usize>) -> Self {
        self.place = Some(lines.place(file, bytes));
        self
    }

    /// The same with another severity.
    #[must_use]
    pub fn as_bad_as(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Place { file, start, .. }) = &self.place {
            write!(f, "{file}:{}:{}: ", start.line, start.column)?;
        }
        f.write_str(&self.message)
    }
}

/// The lines of a text. Lines end as editors end them: by `\n`, `\r\n` or `\r`.
pub struct Lines<'a> {
    text: &'a str,
    /// The byte that each line starts with.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Finds the lines of `text`.
    pub fn of(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let ends = bytes.iter().enumerate().filter(|&(at, &byte)| {
            byte == b'\n' || byte == b'\r' && bytes.get(at + 1).is_none_or(|&next| next != b'\n')
        });
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// The position of a byte. One within a character counts as the character's first, one past the end as the end.
    pub fn position(&self, byte: usize) -> Position {
        let mut byte = byte.min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        let line = self.starts.partition_point(|&start| start <= byte).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        let column = self.text.get(start..byte).map_or(0, |before| before.chars().count()) + 1;
        Position { line: small(line), column: small(column), byte: small(byte) }
    }

    /// The place of some bytes.
    pub fn place(&self, file: &str, bytes: Range<usize>) -> Place {
        let (start, end) = (self.position(bytes.start), self.position(bytes.end.max(bytes.start)));
        Place { file: file.to_owned(), start, end }
    }
}

/// Sources are bounded far below.
fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_characters_where_compilers_count_bytes() {
        let text = "// ünïcödé 🦀\r\nuint a;\rb\n\n";
        let lines = Lines::of(text);
        let place = |what: &str| {
            let Position { line, column, .. } = lines.position(text.find(what).unwrap());
            (line, column)
        };
        assert_eq!(place("🦀"), (1, 12));
        assert_eq!(place("uint"), (2, 1));
        assert_eq!(place("a;"), (2, 6));
        assert_eq!(place("b"), (3, 1));
        assert_eq!(lines.position(text.len()), Position { line: 5, column: 1, byte: 32 });
        // In the middle of a character, and past the end.
        assert_eq!(lines.position(text.find('🦀').unwrap() + 2).column, 12);
        assert_eq!(lines.position(1_000), lines.position(text.len()));
        assert_eq!(Lines::of("").position(0), Position { line: 1, column: 1, byte: 0 });
    }
}

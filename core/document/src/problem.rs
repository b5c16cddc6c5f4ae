//! A mistake in something a person brought: where it is, what would be right, what was found.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One mistake in a scenario, link or file. Several are collected in one pass.
///
/// The text is made only in `Display`, as `transactions[3].to: expected 20 bytes, found 19 bytes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Field path as a person would write it: `transactions[3].to`. Empty for the document as a whole.
    pub path: String,
    /// What would be right.
    pub expected: String,
    /// What stands there.
    pub found: String,
    /// Line and column in the document's text, from 1, where known.
    pub position: Option<Position>,
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// `1 argument`, `2 arguments`: a number with its noun, whose plural takes an s.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

impl Problem {
    /// A problem at `path` whose position in the text is not known yet.
    pub fn new(path: impl Into<String>, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { path: path.into(), expected: expected.into(), found: found.into(), position: None }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "expected {}, found {}", self.expected, self.found)
    }
}

impl std::error::Error for Problem {}

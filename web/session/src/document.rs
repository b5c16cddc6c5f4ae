//! What is to be run: a scenario's text, or a real block from a file.

use std::sync::Arc;

/// What is to be run.
#[derive(Clone, Debug)]
pub enum Source {
    /// A scenario document, as text.
    Scenario(Arc<str>),
    /// An `evm-block-case/1` document, unpacked.
    Case {
        /// The file's name.
        name: Arc<str>,
        /// Its text.
        text: Arc<str>,
    },
}

impl PartialEq for Source {
    /// Cases are the same if they are the same file that was opened: they are too long to compare
    /// on every key stroke.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Scenario(a), Self::Scenario(b)) => Arc::ptr_eq(a, b) || a == b,
            (Self::Case { text: a, .. }, Self::Case { text: b, .. }) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

/// What is to be run, and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The text.
    pub source: Source,
    /// The built-in scenario's name that it began as.
    pub builtin: Option<&'static str>,
}

impl Default for Document {
    fn default() -> Self {
        Self::scenario("")
    }
}

impl Document {
    /// A scenario that is not built in.
    pub fn scenario(text: impl Into<Arc<str>>) -> Self {
        Self { source: Source::Scenario(text.into()), builtin: None }
    }

    /// The scenario's text; `None` for a real block.
    pub fn text(&self) -> Option<&str> {
        match &self.source {
            Source::Scenario(text) => Some(text),
            Source::Case { .. } => None,
        }
    }
}

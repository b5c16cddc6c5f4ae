//! What is to be run: a scenario's text, or a real block from a file.

use std::sync::Arc;

use evm_lanes_core::scenario::builtin::{self, Builtin};
use evm_lanes_core::scenario::{self, RunSettings, Scenario};
use evm_lanes_core::sniff;

use super::late;

/// What is to be run.
#[derive(Clone, Debug)]
pub enum Source {
    /// A scenario document. It is read once, by whoever asks for it first.
    Scenario(scenario::Document),
    /// An `evm-block-case/1` document, unpacked.
    Case {
        /// The file's name.
        name: Arc<str>,
        /// Its text.
        text: Arc<str>,
    },
}

impl Source {
    /// A scenario's text.
    pub fn scenario(text: impl Into<Arc<str>>) -> Self {
        Self::Scenario(scenario::Document::new(text))
    }

    /// The same without what was read from it: to be kept for long.
    pub fn unread(&self) -> Self {
        match self {
            Self::Scenario(document) => Self::Scenario(document.unread()),
            case @ Self::Case { .. } => case.clone(),
        }
    }
}

impl PartialEq for Source {
    /// Cases are the same if they are the same file that was opened: they are too long to compare
    /// on every key stroke.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Scenario(a), Self::Scenario(b)) => a == b,
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
        Self { source: Source::scenario(text), builtin: None }
    }

    /// The scenario's document; `None` for a real block.
    pub fn written(&self) -> Option<&scenario::Document> {
        match &self.source {
            Source::Scenario(document) => Some(document),
            Source::Case { .. } => None,
        }
    }

    /// The scenario's text; `None` for a real block.
    pub fn text(&self) -> Option<&str> {
        self.written().map(scenario::Document::text)
    }

    /// The scenario; `None` for a real block, where the text has mistakes, and where documents cannot be read yet.
    pub fn parsed(&self) -> Option<&Scenario> {
        (late::get()?.scenario)(self.written()?).ok()
    }

    /// The built-in scenario that it is, as long as nothing of it was changed.
    pub fn unchanged(&self) -> Option<&'static Builtin> {
        self.builtin.and_then(builtin::find).filter(|builtin| self.text() == Some(builtin.text))
    }

    /// How it says that it is to be run; `None` for a real block, and where the text has mistakes.
    pub fn run_settings(&self) -> Option<RunSettings> {
        match self.unchanged() {
            Some(builtin) => Some(builtin.run()),
            None => self.parsed().map(|scenario| scenario.run),
        }
    }

    /// The document of a link.
    pub(super) fn of_link(text: String) -> Self {
        match sniff::kind(&text) {
            Ok(sniff::Kind::Case) => {
                Self { source: Source::Case { name: "block.json".into(), text: text.into() }, builtin: None }
            }
            _ => Self::scenario(text),
        }
    }
}

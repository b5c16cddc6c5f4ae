//! Undo and redo of what is to be run.

use super::document::Source;

const MOST: usize = 100;

/// Documents in the order in which they stood, and which of them stands now.
#[derive(Clone, Debug, Default)]
pub struct History {
    steps: Vec<Source>,
    at: usize,
}

impl History {
    /// Remembers `source` as what stands now. What had been undone is forgotten.
    pub fn push(&mut self, source: Source) {
        if self.steps.get(self.at) == Some(&source) {
            return;
        }
        self.steps.truncate(self.at + 1);
        self.steps.push(source.unread());
        if self.steps.len() > MOST {
            self.steps.remove(0);
        }
        self.at = self.steps.len() - 1;
    }

    /// The step before, if there is one.
    pub fn undo(&mut self) -> Option<Source> {
        self.at = self.at.checked_sub(1)?;
        self.steps.get(self.at).cloned()
    }

    /// The step after, if there is one.
    pub fn redo(&mut self) -> Option<Source> {
        let source = self.steps.get(self.at + 1).cloned()?;
        self.at += 1;
        Some(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::scenario(text)
    }

    #[test]
    fn undo_and_redo_walk_the_steps() {
        let mut history = History::default();
        ["a", "b", "b", "c"].into_iter().for_each(|t| history.push(source(t)));
        assert_eq!(history.undo(), Some(source("b")));
        assert_eq!(history.undo(), Some(source("a")));
        assert_eq!(history.undo(), None);
        assert_eq!(history.redo(), Some(source("b")));
    }

    #[test]
    fn a_new_step_forgets_what_was_undone() {
        let mut history = History::default();
        ["a", "b"].into_iter().for_each(|t| history.push(source(t)));
        history.undo();
        history.push(source("c"));
        assert_eq!(history.redo(), None);
        assert_eq!(history.undo(), Some(source("a")));
    }

    #[test]
    fn nothing_is_undone_where_nothing_was_done() {
        assert_eq!(History::default().undo(), None);
        assert_eq!(History::default().redo(), None);
    }
}

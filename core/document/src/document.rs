//! A document's text and all that was read from it.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::json::{self, Tree};
use crate::problem::{Position, Problem};
use crate::{Scenario, decode};

/// A document's text, and beside it its syntax tree, its scenario and its mistakes.
///
/// The text is read once, at the first question about it. Clones share the result.
/// An edit makes a new one.
#[derive(Clone, Debug)]
pub struct Document(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    text: Arc<str>,
    read: OnceLock<Read>,
}

#[derive(Debug)]
struct Read {
    /// `None` if the text is not JSON.
    tree: Option<Tree>,
    scenario: Result<Scenario, Vec<Problem>>,
}

impl Document {
    /// A document of this text, not read yet.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(Arc::new(Inner { text: text.into(), read: OnceLock::new() }))
    }

    /// The same text, without what was read from it: to be kept for long.
    #[must_use]
    pub fn unread(&self) -> Self {
        Self::new(self.0.text.clone())
    }

    /// As a person wrote it.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    fn read(&self) -> &Read {
        self.0.read.get_or_init(|| match Tree::read(&self.0.text) {
            Ok(tree) => {
                let scenario = decode::scenario(&self.0.text, &tree);
                Read { tree: Some(tree), scenario }
            }
            Err(problem) => Read { tree: None, scenario: Err(vec![problem]) },
        })
    }

    /// What the document says, or every mistake that could be found in one pass (at most 50), in the text's order.
    ///
    /// # Errors
    /// The mistakes.
    pub fn scenario(&self) -> Result<&Scenario, &[Problem]> {
        self.read().scenario.as_ref().map_err(|problems| &problems[..])
    }

    /// The mistakes; none if there is a scenario.
    pub fn problems(&self) -> &[Problem] {
        self.scenario().err().unwrap_or_default()
    }

    /// Where the value at `path` (`transactions[3].to`) begins; for a path that leads nowhere, where the nearest
    /// value around it does. `None` if the text is not JSON.
    pub fn position_of(&self, path: &str) -> Option<Position> {
        let tree = self.read().tree.as_ref()?;
        Some(json::position(self.text(), tree.root(self.text()).nearest(path).at()))
    }

    /// Mistakes that were found without the text, such as in preparing the block, with their places in it.
    pub fn locate(&self, problems: &mut [Problem]) {
        // A mistake of the whole document has no path, and so no position.
        let open = |problem: &&mut Problem| problem.position.is_none() && !problem.path.is_empty();
        for problem in problems.iter_mut().filter(open) {
            problem.position = self.position_of(&problem.path);
        }
    }

    /// The bytes of the value at `path`. `None` if there is no such value.
    pub fn span_of(&self, path: &str) -> Option<Range<usize>> {
        let tree = self.read().tree.as_ref()?;
        tree.root(self.text()).follow(path).ok().map(json::Node::span)
    }

    /// The document with `value`, as JSON, in place of the value at `path`. Every other byte stays: layout, comments,
    /// numbers as they were written. `None` if there is no such value.
    #[must_use]
    pub fn with(&self, path: &str, value: &str) -> Option<Self> {
        let Range { start, end } = self.span_of(path)?;
        let text = self.text();
        Some(Self::new([&text[..start], value, &text[end..]].concat()))
    }
}

impl PartialEq for Document {
    /// Whether the text is the same.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.text() == other.text()
    }
}

impl Eq for Document {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_replaced_and_every_other_byte_stays() {
        let text = "{ \"format\": \"evm-lanes/1\",\n  // who pays\n  \"title\" : \"t\",\n\n  \"accounts\": {\t\"a\":{\"balance\": 1.50e1} },\n  \"transactions\": [ {\"from\": \"a\" , \"to\":\"a\"}/* last */ ] }\r\n";
        let document = Document::new(text);
        let changed = document.with("transactions[0].to", "\"0x00000000000000000000000000000000000000aa\"");
        let changed = changed.expect("there is such a value");
        assert_eq!(
            changed.text(),
            text.replace("\"to\":\"a\"", "\"to\":\"0x00000000000000000000000000000000000000aa\"")
        );
        assert_eq!(changed.with("transactions[0].to", "\"a\"").as_ref(), Some(&document));
        assert_eq!(document.with("transactions[1]", "{}"), None);
        assert_eq!(document.with("accounts.a.nonce", "1"), None);
        assert_eq!(
            document.with("accounts.a.balance", "2").map(|d| d.text().contains("\"balance\": 2}")),
            Some(true)
        );
    }

    #[test]
    fn comments_are_mistakes_of_their_own_and_hide_no_others() {
        let text = "{ \"format\": \"evm-lanes/1\", // one\n \"title\": 1, /* two */ \"transactions\": [] }";
        let document = Document::new(text);
        let found: Vec<String> = document
            .problems()
            .iter()
            .map(|p| {
                let at = p.position.expect("a position");
                format!("{}:{} {p}", at.line, at.column)
            })
            .collect();
        let comment = "expected JSON without comments (\"story\" is for notes), found a comment";
        assert_eq!(
            found,
            [&format!("1:28 {comment}"), "2:11 title: expected a text, found 1", &format!("2:14 {comment}"),]
        );
        assert!(document.scenario().is_err());
        assert!(document.position_of("title").is_some());
    }

    #[test]
    fn what_was_read_is_shared_and_read_once() {
        let document = Document::new(crate::builtin::ALL[0].text);
        let clone = document.clone();
        let scenario = document.scenario().expect("a scenario");
        assert!(std::ptr::eq(scenario, clone.scenario().expect("a scenario")));
        assert!(document.unread().0.read.get().is_none());
        let mut problems =
            vec![Problem::new("transactions[0].from", "", ""), Problem::new("no.where", "", "")];
        document.locate(&mut problems);
        assert!(problems.iter().all(|p| p.position.is_some()));
        let mut problems = vec![Problem::new("a", "", "")];
        Document::new("{").locate(&mut problems);
        assert_eq!(problems[0].position, None);
    }
}

//! From a tree to [`Scenario`]: every field checked, mistakes collected.
//!
//! ```text
//! values         texts, numbers, amounts, bytes, places
//! arguments      arguments and what may be random
//! document ─▶ contracts ─▶ transactions      the grammar, in the order in which names become known
//! ```

mod arguments;
mod contracts;
mod document;
#[cfg(test)]
mod tests;
mod transactions;
mod values;

use std::fmt::{self, Display};

use crate::expand::Sizes;
use crate::json::{self, Elements, Node, Tree, Value};
use crate::names::nearest;
use crate::problem::Problem;
use crate::scenario::Scenario;

pub(crate) use document::known_format;
pub(crate) use values::plain;

/// Most problems that are reported at once.
pub(crate) const MAX_PROBLEMS: usize = 50;
/// Longest title and label, in characters.
const MAX_LINE: usize = 200;
/// Largest number that the block's fields and gas may have: exact in every reader of JSON.
pub(crate) const MAX_NUMBER: u64 = 1 << 53;

/// Reads the document that `tree` is of `text`.
pub(crate) fn scenario(text: &str, tree: &Tree) -> Result<Scenario, Vec<Problem>> {
    let node = tree.root(text);
    let mut d = Decoder::new(text, tree);
    let root = Path::Root;
    if !d.object(node, &root, "an object with \"format\": \"evm-lanes/1\"") {
        return Err(d.problems);
    }
    // A document of another version is not looked at further: its fields may mean something else.
    if !d.format(node, &root) {
        return Err(d.problems);
    }
    let scenario = d.document(node, &root);
    d.finish(scenario)
}

/// A field path, written only when there is a problem.
#[derive(Clone, Copy)]
pub(crate) enum Path<'p> {
    Root,
    Field(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

impl<'p> Path<'p> {
    pub(crate) fn field(&'p self, name: &'p str) -> Path<'p> {
        Path::Field(self, name)
    }

    pub(crate) fn index(&'p self, index: usize) -> Path<'p> {
        Path::Index(self, index)
    }
}

impl Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Field(Path::Root, name) => f.write_str(&json::shortened(name)),
            Path::Field(parent, name) => write!(f, "{parent}.{}", json::shortened(name)),
            Path::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// Everything that is named in the document, as far as it is read.
type Known<'t> = Sizes<'t>;

/// What reads a document: its text, and the mistakes so far.
pub(crate) struct Decoder<'t> {
    pub(crate) text: &'t str,
    pub(crate) problems: Vec<Problem>,
}

impl<'t> Decoder<'t> {
    /// A decoder whose first mistakes are the text's comments.
    pub(crate) fn new(text: &'t str, tree: &Tree) -> Self {
        let comments = tree.comments().iter().take(MAX_PROBLEMS);
        Self { text, problems: comments.map(|span| json::comment(text, span.start)).collect() }
    }

    /// What was read, if there is no mistake in it; else the mistakes in the text's order.
    pub(crate) fn finish<T>(mut self, read: T) -> Result<T, Vec<Problem>> {
        if self.problems.is_empty() {
            return Ok(read);
        }
        self.problems.sort_by_key(|p| p.position.map(|p| (p.line, p.column)));
        Err(self.problems)
    }

    pub(crate) fn problem(
        &mut self,
        at: usize,
        path: &Path<'_>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        if self.problems.len() < MAX_PROBLEMS {
            let mut problem = Problem::new(path.to_string(), expected, found);
            problem.position = Some(json::position(self.text, at));
            self.problems.push(problem);
        }
    }

    pub(crate) fn wrong(&mut self, node: Node<'_>, path: &Path<'_>, expected: impl Into<String>) {
        self.problem(node.at(), path, expected, node.describe());
    }

    pub(crate) fn missing(&mut self, node: Node<'_>, path: &Path<'_>, name: &str) {
        self.problem(node.at(), path, format!("\"{name}\""), "nothing of that name");
    }

    /// Whether it is an object.
    pub(crate) fn object(&mut self, node: Node<'_>, path: &Path<'_>, expected: &str) -> bool {
        if !node.is_object() {
            self.wrong(node, path, expected);
        }
        node.is_object()
    }

    /// An object with these fields and no others.
    pub(crate) fn known(&mut self, node: Node<'_>, path: &Path<'_>, expected: &str, known: &[&str]) -> bool {
        let is_object = self.object(node, path, expected);
        self.unknown(node, path, known);
        is_object
    }

    pub(crate) fn unknown(&mut self, node: Node<'_>, path: &Path<'_>, known: &[&str]) {
        for field in node.fields().filter(|field| !known.contains(&&*field.name)) {
            let expected = match nearest(&field.name, known.iter().copied()) {
                Some(near) => format!("\"{near}\""),
                None => format!("one of {}", known.join(", ")),
            };
            let found = format!("the unknown field \"{}\"", json::shortened(&field.name));
            self.problem(field.at, &path.field(&field.name), expected, found);
        }
    }

    pub(crate) fn list(&mut self, node: Node<'t>, path: &Path<'_>, of: &str) -> Elements<'t> {
        if node.value() != Value::List {
            self.wrong(node, path, format!("a list of {of}"));
        }
        node.elements()
    }
}

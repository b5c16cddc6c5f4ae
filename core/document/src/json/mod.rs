//! JSON as a tree over its text: every value knows its bytes, and every byte of the text stays.
//!
//! ```text
//! text ─ Tree::read ─▶ Tree   items: kind, first byte, last byte, what follows
//!                             comments: where they are
//! (text, Tree) ─▶ Node        a value: looked at in place, never copied
//! ```
//! The tree holds places and no text. What lies between two values (white space, comments) is what the text has
//! there, so replacing one value's bytes leaves all others as a person typed them.
//!
//! The document is read with this small reader rather than with a library because an error must put
//! the cursor on the mistake, several mistakes must be found in one pass, a number of any
//! length must stay what it is, and depth and number of values are bounded before they are stored
//! (`docs/decisions/0017`).

mod read;
#[cfg(test)]
mod tests;
mod write;

use std::borrow::Cow;
use std::ops::Range;

use crate::problem::{Position, Problem};

pub(crate) use read::comment;
pub use write::{compact, pretty};

/// Longest text that is read, in bytes. Places are stored in 32 bits.
pub const MAX_BYTES: usize = 32 << 20;
/// Deepest nesting of lists and objects.
pub const MAX_DEPTH: u32 = 64;
/// Most values in one text: what 32 MiB of sensible text can hold, and a bound on memory.
pub const MAX_VALUES: u32 = 2_000_000;

/// What a text holds and where. It is of use only beside the text that it was read from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// Values and fields' names in the order of the text; a container stands before what is in it.
    items: Vec<Item>,
    /// Comments, in order. They are no JSON, but a text that has some keeps them while it is edited.
    comments: Vec<Range<usize>>,
}

/// One value or one field's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Item {
    kind: Kind,
    /// Its first byte.
    start: u32,
    /// The byte after its last one.
    end: u32,
    /// Index of the item after it and all that is in it.
    next: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Null,
    True,
    False,
    Number,
    Text,
    List,
    Object,
    /// A field's name. The field's value follows.
    Name,
}

impl Tree {
    /// Reads a text. Comments are allowed, and recorded in [`Tree::comments`]; a caller that allows none looks there.
    ///
    /// # Errors
    /// The first place where the text is not JSON, or a bound that it passes.
    pub fn read(text: &str) -> Result<Self, Problem> {
        read::tree(text, true)
    }

    /// Where comments are.
    pub fn comments(&self) -> &[Range<usize>] {
        &self.comments
    }

    /// The outermost value. `text` is the text that the tree was read from; in another one, values are not what
    /// they were.
    pub fn root<'t>(&'t self, text: &'t str) -> Node<'t> {
        Node { text, tree: self, index: 0 }
    }
}

/// A value in its text.
#[derive(Clone, Copy, Debug)]
pub struct Node<'t> {
    text: &'t str,
    tree: &'t Tree,
    index: usize,
}

/// A JSON value. Numbers keep their text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'t> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// As written.
    Number(&'t str),
    /// Unescaped.
    Text(Cow<'t, str>),
    /// Its values: [`Node::elements`].
    List,
    /// Its values by name: [`Node::fields`]. Names are distinct.
    Object,
}

/// One field of an object.
#[derive(Clone, Debug)]
pub struct Field<'t> {
    /// Byte offset of the name's opening quotation mark.
    pub at: usize,
    /// The name, unescaped.
    pub name: Cow<'t, str>,
    /// The field's value.
    pub node: Node<'t>,
}

impl<'t> Node<'t> {
    fn item(self) -> Item {
        // An empty tree is none that was read; a value that is nowhere is `null`.
        let nothing = Item { kind: Kind::Null, start: 0, end: 0, next: 0 };
        self.tree.items.get(self.index).copied().unwrap_or(nothing)
    }

    /// Byte offset of its first character.
    pub fn at(self) -> usize {
        self.item().start as usize
    }

    /// Its bytes.
    pub fn span(self) -> Range<usize> {
        let item = self.item();
        item.start as usize..item.end as usize
    }

    /// Its text as written.
    pub fn written(self) -> &'t str {
        self.text.get(self.span()).unwrap_or_default()
    }

    /// The value.
    #[inline(never)]
    pub fn value(self) -> Value<'t> {
        match self.item().kind {
            Kind::Null => Value::Null,
            Kind::True => Value::Bool(true),
            Kind::False => Value::Bool(false),
            Kind::Number => Value::Number(self.written()),
            Kind::Text | Kind::Name => Value::Text(read::unescaped(self.written())),
            Kind::List => Value::List,
            Kind::Object => Value::Object,
        }
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        self.item().kind == Kind::Object
    }

    /// The values of a list, in order; of anything else none.
    pub fn elements(self) -> Elements<'t> {
        Elements(self.walk(Kind::List))
    }

    /// The fields of an object, in order; of anything else none.
    pub fn fields(self) -> Fields<'t> {
        Fields(self.walk(Kind::Object))
    }

    /// What is in it, if it is of that kind.
    fn walk(self, kind: Kind) -> Walk<'t> {
        let item = self.item();
        let end = if item.kind == kind { item.next as usize } else { 0 };
        Walk { at: self.with(self.index + 1), end, named: kind == Kind::Object }
    }

    fn with(self, index: usize) -> Self {
        Self { index, ..self }
    }

    /// What comes after it and all that is in it.
    fn next(self) -> Self {
        // At least one further, so that a walk ends.
        self.with((self.item().next as usize).max(self.index + 1))
    }

    /// The field of that name, if this is an object that has it.
    #[inline(never)]
    pub fn get(self, name: &str) -> Option<Self> {
        for (found, node) in self.walk(Kind::Object) {
            let found = found?;
            // Most names differ in length. What is written with escapes is longer than what it says.
            let length = found.span().len();
            if length < name.len() + 2 {
                continue;
            }
            let written = found.written();
            let is_it = match written.contains('\\') {
                false => length == name.len() + 2 && written.get(1..length - 1) == Some(name),
                true => read::unescaped(written) == name,
            };
            if is_it {
                return Some(node);
            }
        }
        None
    }

    /// The value that `path` (`transactions[3].to`) leads to; where it leads nowhere, the nearest value around.
    #[must_use]
    pub fn nearest(self, path: &str) -> Self {
        self.follow(path).unwrap_or_else(|nearest| nearest)
    }

    /// The value that `path` (`transactions[3].to`) leads to.
    ///
    /// # Errors
    /// The nearest value around, if the path leads nowhere.
    pub fn follow(self, path: &str) -> Result<Self, Self> {
        let mut node = self;
        for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
            let index = step.strip_suffix(']').and_then(|index| index.parse::<usize>().ok());
            let next = match index {
                Some(index) if node.item().kind == Kind::List => node.elements().nth(index),
                _ => node.get(step),
            };
            node = next.ok_or(node)?;
        }
        Ok(node)
    }

    /// What the value is, for an error message.
    pub fn describe(self) -> String {
        match self.value() {
            Value::Null => "null".into(),
            Value::Bool(b) => b.to_string(),
            Value::Number(n) => shortened(n),
            Value::Text(t) => format!("\"{}\"", shortened(&t)),
            Value::List => format!("a list of {}", self.elements().count()),
            Value::Object => "an object".into(),
        }
    }
}

/// Goes over what is directly in a list or an object.
#[derive(Clone, Debug)]
struct Walk<'t> {
    at: Node<'t>,
    end: usize,
    named: bool,
}

impl<'t> Iterator for Walk<'t> {
    /// The name, as an item of its own, where values have names; and the value.
    type Item = (Option<Node<'t>>, Node<'t>);

    #[inline(never)]
    fn next(&mut self) -> Option<Self::Item> {
        let first = self.at;
        if first.index >= self.end {
            return None;
        }
        let (name, node) =
            if self.named { (Some(first), first.with(first.index + 1)) } else { (None, first) };
        self.at = node.next();
        Some((name, node))
    }
}

/// The values of a list.
#[derive(Clone, Debug)]
pub struct Elements<'t>(Walk<'t>);

impl<'t> Iterator for Elements<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Node<'t>> {
        self.0.next().map(|(_, node)| node)
    }
}

/// The fields of an object.
#[derive(Clone, Debug)]
pub struct Fields<'t>(Walk<'t>);

impl<'t> Iterator for Fields<'t> {
    type Item = Field<'t>;

    fn next(&mut self) -> Option<Field<'t>> {
        let (Some(name), node) = self.0.next()? else { return None };
        Some(Field { at: name.at(), name: read::unescaped(name.written()), node })
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

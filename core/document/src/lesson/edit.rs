//! Changes to a scenario's text by path, and the number of changes between two scenarios.

use std::collections::HashMap;
use std::sync::Arc;

use super::Changes;
use crate::json::{self, Node, Tree, Value};

/// Why a change cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuchPlace {
    /// Which of the changes.
    pub index: usize,
}

/// `text` with `changes`, one after the other, laid out for people.
///
/// # Errors
/// The first change whose path leads nowhere: all of a path but its last step must be there.
pub fn apply(text: &str, changes: &Changes) -> Result<Arc<str>, NoSuchPlace> {
    let mut text = text.to_owned();
    for (index, (path, value)) in changes.0.iter().enumerate() {
        text = set(&text, path, value).ok_or(NoSuchPlace { index })?;
    }
    Ok(json::pretty(&text).unwrap_or(text).into())
}

/// `text` with `value` at `path`. A field that its object does not have, and the element behind a list's last one, are
/// added; `null` removes.
fn set(text: &str, path: &str, value: &str) -> Option<String> {
    let tree = Tree::read(text).ok()?;
    let root = tree.root(text);
    let is_removed = value.trim() == "null";
    if let Ok(node) = root.follow(path) {
        if path.is_empty() {
            return None;
        }
        let (mut start, mut end) = (node.span().start, node.span().end);
        if !is_removed {
            return Some([&text[..start], value, &text[end..]].concat());
        }
        let (parent, last) = parent(root, path)?;
        if let Last::Field(name) = last {
            start = parent.fields().find(|field| field.name == name)?.at;
        }
        let behind = &text[end..];
        let rest = behind.trim_start();
        if rest.starts_with(',') {
            end += behind.len() - rest.len() + 1;
        } else if let Some(before) = text[..start].trim_end().strip_suffix(',') {
            start = before.len();
        }
        return Some([&text[..start], &text[end..]].concat());
    }
    if is_removed {
        return None;
    }
    let (parent, last) = parent(root, path)?;
    let (is_empty, name) = match last {
        Last::Field(name) if parent.is_object() => {
            (parent.fields().next().is_none(), format!("{}: ", serde_json::Value::from(name)))
        }
        Last::Index(index) if parent.value() == Value::List && parent.elements().count() == index => {
            (index == 0, String::new())
        }
        _ => return None,
    };
    let at = parent.span().end.checked_sub(1)?;
    let comma = if is_empty { "" } else { ", " };
    Some([&text[..at], comma, &name, value, &text[at..]].concat())
}

/// The last step of a path.
enum Last<'p> {
    Field(&'p str),
    Index(usize),
}

/// What a path's last step is taken from, and that step.
fn parent<'t, 'p>(root: Node<'t>, path: &'p str) -> Option<(Node<'t>, Last<'p>)> {
    if let Some(before) = path.strip_suffix(']') {
        let (before, index) = before.rsplit_once('[')?;
        return Some((root.follow(before).ok()?, Last::Index(index.parse().ok()?)));
    }
    let (before, name) = path.rsplit_once('.').unwrap_or(("", path));
    (!name.is_empty()).then_some(())?;
    Some((root.follow(before).ok()?, Last::Field(name)))
}

/// How many values of scenario `after` are others than in `before`: a value that was changed counts as one, and so does
/// a field, an account or a transaction that was added or removed. Titles, descriptions and run settings do not count.
/// `None` if one of them is not JSON.
pub fn differences(before: &str, after: &str) -> Option<usize> {
    if before == after {
        return Some(0);
    }
    let (first, second) = (Tree::read(before).ok()?, Tree::read(after).ok()?);
    Some(count(first.root(before), second.root(after), &["title", "story", "run"]))
}

fn count(a: Node<'_>, b: Node<'_>, ignored: &[&str]) -> usize {
    match (a.value(), b.value()) {
        (Value::Object, Value::Object) => {
            let mut others: HashMap<_, _> = b.fields().map(|field| (field.name, field.node)).collect();
            let mut found = 0;
            for field in a.fields().filter(|field| !ignored.contains(&&*field.name)) {
                found += others.remove(&field.name).map_or(1, |other| count(field.node, other, &[]));
            }
            found + others.keys().filter(|name| !ignored.contains(&&***name)).count()
        }
        (Value::List, Value::List) => {
            let (a, b): (Vec<_>, Vec<_>) = (a.elements().collect(), b.elements().collect());
            if a.len() == b.len() {
                return a.into_iter().zip(b).map(|(a, b)| count(a, b, &[])).sum();
            }
            // What was added or removed lies between what is the same before it and behind it.
            let same = |(a, b): &(&Node<'_>, &Node<'_>)| count(**a, **b, &[]) == 0;
            let before = a.iter().zip(&b).take_while(same).count();
            let (a, b) = (&a[before..], &b[before..]);
            let behind = a.iter().rev().zip(b.iter().rev()).take_while(same).count();
            a.len().max(b.len()) - behind
        }
        (a, b) => usize::from(a != b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(text: &str, path: &str, value: &str) -> Option<String> {
        let changes = Changes(vec![(path.to_owned(), value.to_owned())]);
        apply(text, &changes).ok().map(|text| json::compact(&text).expect("JSON"))
    }

    #[test]
    fn a_value_is_replaced_added_or_removed() {
        let text = r#"{ "a": 1, "list": [ { "b": 2 }, 3 ], "empty": {}, "none": [] }"#;
        for (path, value, expected) in [
            ("a", "[7]", r#"{"a":[7],"list":[{"b":2},3],"empty":{},"none":[]}"#),
            ("list[0].c", "\"x\"", r#"{"a":1,"list":[{"b":2,"c":"x"},3],"empty":{},"none":[]}"#),
            ("list[2]", "4", r#"{"a":1,"list":[{"b":2},3,4],"empty":{},"none":[]}"#),
            ("empty.z", "1000e18", r#"{"a":1,"list":[{"b":2},3],"empty":{"z":1000e18},"none":[]}"#),
            ("none[0]", "1", r#"{"a":1,"list":[{"b":2},3],"empty":{},"none":[1]}"#),
            ("a", "null", r#"{"list":[{"b":2},3],"empty":{},"none":[]}"#),
            ("none", "null", r#"{"a":1,"list":[{"b":2},3],"empty":{}}"#),
            ("list[0]", "null", r#"{"a":1,"list":[3],"empty":{},"none":[]}"#),
            ("list[0].b", "null", r#"{"a":1,"list":[{},3],"empty":{},"none":[]}"#),
        ] {
            assert_eq!(changed(text, path, value).as_deref(), Some(expected), "{path} = {value}");
        }
        for path in ["list[3]", "a.b", "no.where", "", "list[x]", "empty[0]"] {
            assert_eq!(changed(text, path, "1"), None, "{path}");
        }
    }

    #[test]
    fn changes_are_counted_by_value() {
        let with = |transactions: &str, rest: &str| {
            format!(r#"{{ "title": "t", "transactions": [{transactions}], "run": {{ "lanes": 2 }}{rest} }}"#)
        };
        let start = with(r#"{ "from": "a", "to": "b" }, { "from": "c", "to": "d" }"#, "");
        for (changed, expected) in [
            (start.replace("\"lanes\": 2", "\"lanes\": 4").replace("\"t\"", "\"other\""), 0),
            (with(r#"{ "to": "b", "from": "a" }, { "from": "c", "to": "d" }"#, ""), 0),
            (with(r#"{ "from": "a", "to": "x" }, { "from": "y", "to": "d" }"#, ""), 2),
            (with(r#"{ "from": "c", "to": "d" }"#, ""), 1),
            (
                with(
                    r#"{ "from": "a", "to": "b" }, { "from": "e", "to": "f" }, { "from": "c", "to": "d" }"#,
                    "",
                ),
                1,
            ),
            (with(r#"{ "from": "a", "to": "b", "gas": 1 }, { "from": "c", "to": "d" }"#, ", \"seed\": 3"), 2),
        ] {
            assert_eq!(differences(&start, &changed), Some(expected), "{changed}");
        }
        assert_eq!(differences(&start, "{"), None);
    }
}

//! Layouts: without white space, and for people.

use super::{Kind, Node, Value, Walk, read};
use crate::problem::Problem;

/// The same JSON without white space: what a link carries.
///
/// # Errors
/// If the text is not JSON, or has comments: they would be lost.
pub fn compact(text: &str) -> Result<String, Problem> {
    let mut out = String::new();
    write(read::tree(text, false)?.root(text), None, &mut out);
    Ok(out)
}

/// The same JSON laid out for people: two spaces, and a list or object stays on one line where
/// it fits in 120 characters.
///
/// # Errors
/// As [`compact`].
pub fn pretty(text: &str) -> Result<String, Problem> {
    let mut out = String::new();
    write(read::tree(text, false)?.root(text), Some(0), &mut out);
    out.push('\n');
    Ok(out)
}

const WIDTH: usize = 120;

fn write(node: Node<'_>, indent: Option<usize>, out: &mut String) {
    match node.value() {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if b { "true" } else { "false" }),
        Value::Number(n) => out.push_str(n),
        Value::Text(t) => quote(&t, out),
        Value::List | Value::Object => match indent {
            None => write_compact(node, out),
            Some(indent) => write_pretty(node, indent, out),
        },
    }
}

/// What is in a list or an object.
fn inner(node: Node<'_>) -> Walk<'_> {
    node.walk(if node.is_object() { Kind::Object } else { Kind::List })
}

fn is_empty(node: Node<'_>) -> bool {
    inner(node).next().is_none()
}

/// A field's name, as [`quote`] writes it.
fn quote_name(name: Node<'_>, out: &mut String) {
    quote(&read::unescaped(name.written()), out);
}

fn brackets(node: Node<'_>) -> (char, char) {
    if node.is_object() { ('{', '}') } else { ('[', ']') }
}

fn write_compact(node: Node<'_>, out: &mut String) {
    let (open, close) = brackets(node);
    out.push(open);
    for (i, (key, value)) in inner(node).enumerate() {
        if i > 0 {
            out.push(',');
        }
        if let Some(key) = key {
            quote_name(key, out);
            out.push(':');
        }
        write(value, None, out);
    }
    out.push(close);
}

fn write_pretty(node: Node<'_>, indent: usize, out: &mut String) {
    // The document itself always has a line per field.
    if indent > 0 || is_empty(node) {
        let used = out.len() - out.rfind('\n').map_or(0, |i| i + 1);
        let mut line = String::new();
        if write_line(node, WIDTH.saturating_sub(used), &mut line) {
            return out.push_str(&line);
        }
    }
    let (open, close) = brackets(node);
    out.push(open);
    for (i, (key, value)) in inner(node).enumerate() {
        out.push_str(if i > 0 { ",\n" } else { "\n" });
        out.extend(std::iter::repeat_n(' ', (indent + 1) * 2));
        if let Some(key) = key {
            quote_name(key, out);
            out.push_str(": ");
        }
        write(value, Some(indent + 1), out);
    }
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent * 2));
    out.push(close);
}

/// Writes on one line, giving up (false) as soon as it is longer than `room`.
fn write_line(node: Node<'_>, room: usize, out: &mut String) -> bool {
    let (open, close) = brackets(node);
    let spaced = open == '{' && !is_empty(node);
    out.push(open);
    if spaced {
        out.push(' ');
    }
    for (i, (key, value)) in inner(node).enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        if let Some(key) = key {
            quote_name(key, out);
            out.push_str(": ");
        }
        let fits = match value.value() {
            Value::List | Value::Object => write_line(value, room, out),
            _ => {
                write(value, None, out);
                true
            }
        };
        if !fits || out.len() > room {
            return false;
        }
    }
    if spaced {
        out.push(' ');
    }
    out.push(close);
    out.len() <= room
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

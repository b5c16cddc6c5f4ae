//! What a file is: judged by its structure, before any reader takes it.
//!
//! ```text
//! bytes ─ magic, RLP ─▶ text ─ UTF-8 or UTF-16 ─▶ JSON? hex? Markdown? … ─▶ Content, or what it seems to be
//! ```
//! A file is a scenario, a real block or a block access list. Everything else is named, so that a person
//! learns what they hold and what to do with it. Nothing is judged by words that occur somewhere inside.

mod encoding;
mod found;
mod json;
mod rlp;
mod shape;

use std::borrow::Cow;

pub use encoding::{is_marked, text};
pub use found::Found;
pub use json::LISTS;

use shape::outline;

/// The name that a real block's document bears.
pub const CASE_FORMAT: &str = "evm-block-case/1";

/// What the page can open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A scenario of a version that is read here, perhaps with mistakes: its own reader finds them.
    Scenario,
    /// A real block, `evm-block-case/1`.
    Case,
    /// A block access list (EIP-7928), in any form that `access_list::parse` reads.
    List,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A scenario's text, without byte order mark and without the Markdown around it.
    Scenario(String),
    /// A real block's text, likewise.
    Case(String),
    /// A block access list. The bytes are the file's: `access_list::parse` reads them all.
    List(Vec<u8>),
}

/// The most bytes in hexadecimal that are decoded to be looked at.
const MAX_HEX: usize = 32 << 20;

/// Tells what a file's bytes are.
///
/// # Errors
/// What they seem to be, if the page cannot open it.
pub fn sniff(bytes: Vec<u8>) -> Result<Content, Found> {
    if let Some(found) = found::by_magic(&bytes) {
        return Err(found);
    }
    // RLP of a list begins with a byte from 0xc0 on; so does text with a byte order mark.
    if bytes.first().is_some_and(|first| *first >= 0xc0) && !encoding::is_marked(&bytes) {
        match rlp::kind(&bytes) {
            Some(Ok(Kind::List)) => return Ok(Content::List(bytes)),
            Some(Err(found)) => return Err(found),
            _ => {}
        }
    }
    let (kind, part) = {
        let text = text(&bytes)?;
        let (kind, inner) = kind_of(&text)?;
        let is_whole = matches!(text, Cow::Borrowed(_)) && inner.len() == bytes.len();
        (kind, (kind != Kind::List && !is_whole).then(|| inner.to_owned()))
    };
    // A large block is not copied.
    let document = |bytes| part.map_or_else(|| encoding::owned(bytes), Ok);
    Ok(match kind {
        Kind::Scenario => Content::Scenario(document(bytes)?),
        Kind::Case => Content::Case(document(bytes)?),
        Kind::List => Content::List(bytes),
    })
}

/// Tells what a text is.
///
/// # Errors
/// What it seems to be, if the page cannot open it.
pub fn kind(text: &str) -> Result<Kind, Found> {
    kind_of(text).map(|(kind, _)| kind)
}

/// What a text is, and the part of it that is that: without the mark in front and the Markdown around it.
fn kind_of(text: &str) -> Result<(Kind, &str), Found> {
    let text = text.trim_start_matches('\u{feff}');
    let start = shape::without_comments(text);
    if start.is_empty() {
        return Err(if text.trim().is_empty() { Found::Empty } else { Found::by_words(text) });
    }
    if start.starts_with(">>") || start.starts_with("<<") {
        return exchange(start);
    }
    if let Some(digits) = hex_digits(start) {
        let bytes = (digits.len() <= 2 * MAX_HEX).then(|| unhex(&digits)).flatten();
        return rlp::kind_of_hex(bytes.as_deref()).map(|kind| (kind, text));
    }
    // As Etherscan has the compiler's input of several files.
    if start.starts_with("{{") {
        return Err(Found::CompilerInput);
    }
    if start.starts_with(['{', '[', '"']) {
        let (shape, rest) = outline(start);
        // A line such as `"Txn Hash","Value"` only begins like JSON.
        if start.starts_with('"') && !rest.is_empty() {
            return Err(Found::by_words(start));
        }
        return json::kind(&shape, rest).map(|kind| (kind, text));
    }
    match fenced(text) {
        Some(block) => match kind_of(block) {
            Ok((kind, inner)) => Ok((kind, inner)),
            Err(found) => Err(Found::Fenced(Box::new(found))),
        },
        None => Err(Found::by_words(text)),
    }
}

/// A request (`>>`) and its answer (`<<`), one a line, as Ethereum's own tests of the JSON-RPC interface have them.
fn exchange(text: &str) -> Result<(Kind, &str), Found> {
    // What is simulated is in the request.
    if let Some(Found::Simulation) = request(text).and_then(|request| kind_of(request).err()) {
        return Err(Found::Simulation);
    }
    match answer(text) {
        Some(answer) => kind_of(answer),
        None => Err(Found::JsonRpcRequest),
    }
}

/// The request in such an exchange: the line that begins with `>>`.
pub fn request(text: &str) -> Option<&str> {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix(">>"))?.trim();
    line.starts_with(['{', '[']).then_some(line)
}

/// The answer in such an exchange: what follows the last `<<` that begins a line.
fn answer(text: &str) -> Option<&str> {
    let mut end = text.len();
    let at = loop {
        let start = text[..end].rfind('\n').map_or(0, |at| at + 1);
        let line = text[start..end].trim_start();
        if line.starts_with("<<") {
            break end - line.len();
        }
        end = start.checked_sub(1)?;
    };
    let answer = text[at + 2..].trim();
    // An answer is no exchange, however often the marks are repeated.
    (!answer.starts_with("<<") && !answer.starts_with(">>")).then_some(answer)
}

/// The document in a text: without comments in front, the Markdown around it, or the request before it.
pub fn unwrapped(text: &str) -> &str {
    let start = shape::without_comments(text.trim_start_matches('\u{feff}'));
    if start.starts_with(">>") || start.starts_with("<<") {
        return answer(start).unwrap_or(start);
    }
    if start.starts_with(['{', '[', '"']) || hex_digits(start).is_some() {
        return start;
    }
    fenced(text).map_or(start, unwrapped)
}

/// The first block of code in a Markdown text that can be opened, else the first one of all.
fn fenced(text: &str) -> Option<&str> {
    let mut first = None;
    let mut open: Option<(&str, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let (from, to) = (at, at + line.len());
        at = to;
        let line = line.trim();
        let fence = ["```", "~~~"].into_iter().find(|fence| line.starts_with(fence));
        match (open, fence) {
            (None, Some(fence)) => open = Some((fence, to)),
            (Some((begun, start)), Some(fence)) if fence == begun => {
                open = None;
                let block = &text[start..from];
                if !block.trim_start().starts_with(fence) && kind_of(block).is_ok() {
                    return Some(block);
                }
                first = first.or(Some(block));
            }
            _ => {}
        }
    }
    // A text that was cut has no closing fence.
    if let Some((_, start)) = open
        && (first.is_none() || kind_of(&text[start..]).is_ok())
    {
        first = Some(&text[start..]);
    }
    first
}

/// The digits of a text that is hexadecimal and nothing else: with or without `0x`, in quotation marks, in lines.
pub fn hex_digits(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim().trim_end_matches([',', ';']);
    let text = ['"', '\'', '`']
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(text)
        .trim();
    let marked = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let digits = marked.unwrap_or(text);
    let is_hex = |byte: u8| byte.is_ascii_hexdigit();
    // Without 0x a short word such as `face` or `2024` is no hexadecimal.
    if marked.is_none() && digits.len() < 16 && !digits.eq_ignore_ascii_case("c0") {
        return None;
    }
    if !digits.bytes().all(|byte| is_hex(byte) || byte.is_ascii_whitespace()) {
        return None;
    }
    Some(if digits.bytes().all(is_hex) {
        Cow::Borrowed(digits)
    } else {
        Cow::Owned(digits.split_ascii_whitespace().collect())
    })
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    alloy_primitives::hex::decode(digits).ok()
}

#[cfg(test)]
mod tests;

//! Links as other programs hand them on: mail programs, chats, word processors and Markdown rewrite them.
//!
//! What cannot be part of a link of ours is taken out, so that the rest is what the page wrote. Nothing here repairs a
//! document: whether it is whole and unchanged is told by its length and its checksum.

/// Query and fragment as the page wrote them, as far as it can be told.
pub(super) struct Restored {
    /// Names and values of the query, unescaped.
    pub pairs: Vec<(String, String)>,
    /// The document's part behind `#`, if there is one.
    pub document: Option<String>,
}

/// Undoes what programs do to a link. `query` may begin with `?`, `fragment` with `#`.
pub(super) fn restore(query: &str, fragment: &str) -> Restored {
    let (query, fragment) =
        (query.strip_prefix('?').unwrap_or(query), fragment.strip_prefix('#').unwrap_or(fragment));
    // Together, because the `#` of a numeric entity may have parted them.
    let whole = clean(&format!("{query}#{fragment}"));
    let (query, fragment) = whole.split_once('#').unwrap_or((&whole, ""));
    let (query, fragment) = (query.to_owned(), fragment.to_owned());
    // A `#` that was percent-encoded stands in the query.
    let (query, fragment) = match split_at_any(&query, &["%23", "#"]) {
        Some((query, behind)) if fragment.is_empty() && is_document(behind) => {
            (query.to_owned(), behind.to_owned())
        }
        _ => (query, fragment),
    };
    // Browsers' text fragments, and what programs add behind a link's end.
    let fragment = split_at_any(&fragment, &[":~:"]).map_or(&*fragment, |(before, _)| before);
    let (document, behind) = match fragment.find(['&', '?', '#']) {
        Some(at) => (&fragment[..at], &fragment[at + 1..]),
        None => (fragment, ""),
    };
    let mut pairs = Vec::new();
    for part in [&query, behind] {
        // Where even `=` and `&` were encoded, the whole query was.
        let decoded = if part.contains('=') { part.to_string() } else { super::unescape(part) };
        for pair in decoded.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = name.trim_start_matches("amp;").trim();
            let value = super::unescape(value);
            let value = if name == "at" {
                without_tail(value.trim()).to_owned()
            } else {
                trimmed(&clean(&value)).to_owned()
            };
            pairs.push((name.to_owned(), value));
        }
    }
    // `#utm_source=…` is not ours.
    let is_foreign = document.contains('=') && !document.starts_with(|c: char| c.is_ascii_digit());
    let document = document_of(document);
    Restored { pairs, document: (!document.is_empty() && !is_foreign).then_some(document) }
}

/// Whether a text begins with the version of a document's form.
fn is_document(text: &str) -> bool {
    let behind = text.trim_start_matches(|c: char| c.is_ascii_digit());
    behind.len() < text.len() && [".", "%2E", "%2e"].iter().any(|dot| behind.starts_with(dot))
}

/// Without what no address holds: white space, line breaks, invisible characters; with HTML's entities as characters.
fn clean(text: &str) -> String {
    // Quoted-printable mail ends a broken line with `=`.
    let text = text.replace("=\r\n", "").replace("=\n", "");
    let text = entities(&text);
    text.chars().filter(|c| !c.is_control() && !c.is_whitespace() && !is_invisible(*c)).collect()
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// Characters in place of HTML's entities, as often as they were put in.
fn entities(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..3 {
        if !text.contains('&') {
            break;
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = &*text;
        while let Some(at) = rest.find('&') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let end = rest.char_indices().take(9).find(|(_, c)| *c == ';').map(|(end, _)| end);
            match end.and_then(|end| Some((entity(&rest[1..end])?, end + 1))) {
                Some((c, length)) => {
                    out.push(c);
                    rest = &rest[length..];
                }
                None => {
                    out.push('&');
                    rest = &rest[1..];
                }
            }
        }
        out.push_str(rest);
        if out == text {
            break;
        }
        text = out;
    }
    text
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" | "AMP" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        "equals" => Some('='),
        "num" => Some('#'),
        "period" => Some('.'),
        "lowbar" => Some('_'),
        "hyphen" | "dash" => Some('-'),
        "shy" | "ZeroWidthSpace" | "zwnj" | "zwj" => Some('\u{ad}'),
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

/// `text` before and behind the first of `marks`.
fn split_at_any<'t>(text: &'t str, marks: &[&str]) -> Option<(&'t str, &'t str)> {
    let (at, mark) = marks.iter().filter_map(|mark| Some((text.find(mark)?, mark))).min()?;
    Some((&text[..at], &text[at + mark.len()..]))
}

/// The document's part: `1.` and base64url.
fn document_of(text: &str) -> String {
    let text =
        if text.contains('%') { clean(&super::unescape(&text.replace('+', "%2B"))) } else { text.to_owned() };
    // Markdown puts a backslash before an underscore.
    let text = text.replace('\\', "");
    trimmed(&text).to_owned()
}

/// Without the punctuation and the brackets of the sentence around the link.
fn trimmed(text: &str) -> &str {
    const AROUND: &[char] = &[
        '.', ',', ';', ':', '!', '?', ')', ']', '}', '>', '<', '"', '\'', '`', '*', '(', '[', '{',
        '\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}', '»', '«', '…', '|',
    ];
    text.trim_end_matches(AROUND)
}

/// A location's name, which may end with a bracket of its own, without those that nothing opens.
fn without_tail(text: &str) -> &str {
    let mut text = text;
    loop {
        let pairs = [('(', ')'), ('[', ']'), ('{', '}'), ('<', '>')];
        let closes = pairs.into_iter().any(|(open, close)| {
            text.ends_with(close) && text.matches(close).count() > text.matches(open).count()
        });
        if !closes && !text.ends_with(['.', ',', ';', '!', '"', '\'', '\u{201d}', '\u{2019}', '»']) {
            return text;
        }
        let Some((at, _)) = text.char_indices().next_back() else { return text };
        text = &text[..at];
    }
}

//! Links as other programs hand them on: mail programs, chats, word processors and Markdown rewrite them.
//!
//! What cannot be part of a link of ours is taken out, so that the rest is what the page wrote. Nothing here repairs a
//! document: whether it is whole and unchanged is told by its length and its checksum.

/// Query and fragment as the page wrote them, as far as it can be told.
pub(super) struct Restored {
    /// Names and values of the query, unescaped.
    pub pairs: Vec<(String, String)>,
    /// The document's part behind `#`, if there is one. Several if it cannot be told what a character stands for: the
    /// document's checksum tells.
    pub documents: Vec<String>,
}

/// Parameters with values of words and numbers only. Anything else in such a value came in on the way.
const PLAIN: [&str; 12] =
    ["s", "strategy", "lanes", "clock", "cost", "seed", "tx", "lesson", "step", "view", "edit", "present"];

/// Undoes what programs do to a link. `query` may begin with `?`, `fragment` with `#`.
pub(super) fn restore(query: &str, fragment: &str) -> Restored {
    let (query, fragment) = (query.trim_start_matches('?'), fragment.trim_start_matches('#'));
    // Together, because the `#` of a numeric entity may have parted them.
    let whole = clean(&format!("{query}#{fragment}"));
    let (query, fragment) = whole.split_once('#').unwrap_or((&whole, ""));
    let (query, fragment) = (query.to_owned(), fragment.trim_start_matches('#').to_owned());
    // A `#` that was percent-encoded stands in the query.
    let (query, fragment) = match split_at_any(&query, &["%2523", "%23", "#"]) {
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
        push_pairs(part, true, &mut pairs);
    }
    without_quoted_equals(&mut pairs);
    // `#utm_source=…` is not ours.
    let is_foreign = document.contains('=') && !document.starts_with(|c: char| c.is_ascii_digit());
    let mut documents = if is_foreign { Vec::new() } else { documents_of(document) };
    documents.retain(|document| !document.is_empty());
    Restored { pairs, documents }
}

/// Names and values of a part of the query. A pair whose own marks were encoded, too, holds several: those are looked
/// for once (`split`).
fn push_pairs(part: &str, split: bool, pairs: &mut Vec<(String, String)>) {
    // A `?` is in a query where a program added parameters without looking. The page itself writes neither.
    for pair in part.split(['&', '?', ';']) {
        let Some((name, value)) = pair.split_once('=') else {
            let decoded = unescape_all(pair);
            match split && decoded.contains('=') {
                true => push_pairs(&clean(&decoded), false, pairs),
                false => pairs.push((name_of(pair), String::new())),
            }
            continue;
        };
        let name = name_of(name);
        if name == "at" {
            // A name may hold anything, but the page encodes these.
            let value = value.split('#').next().unwrap_or(value).replace(['\\', '='], "");
            pairs.push((name, without_tail(super::unescape(&value).trim()).to_owned()));
            continue;
        }
        let value = clean(&unescape_all(value));
        if !PLAIN.contains(&&*name) {
            pairs.push((name, trimmed(&value).to_owned()));
            continue;
        }
        let (value, behind) = value.split_once('&').unwrap_or((&value, ""));
        pairs.push((name, plain(value)));
        if split && !behind.is_empty() {
            push_pairs(behind, false, pairs);
        }
    }
}

/// A parameter's name, without what escaping left of the `&` before it.
fn name_of(name: &str) -> String {
    let name = clean(&super::unescape(name)).replace('\\', "");
    name.trim_start_matches("amp;").to_owned()
}

/// A value of words and numbers, without what was put into it and behind it.
fn plain(value: &str) -> String {
    // Markdown's backslashes, and the `=` of a broken line in quoted-printable mail.
    let value: String = value.chars().filter(|c| !matches!(c, '\\' | '=')).map(hyphen).collect();
    let end = value.find(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '.' | ','));
    // Without a single good character it is a mistake to be shown, not the end of a sentence.
    match value[..end.unwrap_or(value.len())].trim_end_matches(['.', ',', '_']) {
        "" => value,
        value => value.to_owned(),
    }
}

/// Quoted-printable mail writes `=3D` for each `=`.
fn without_quoted_equals(pairs: &mut [(String, String)]) {
    let mut given = pairs.iter().filter(|(_, value)| !value.is_empty());
    // A location's name may begin like that by itself.
    let is_quoted =
        given.clone().any(|(name, _)| name != "at") && given.all(|(_, value)| value.starts_with("3D"));
    if is_quoted {
        for (_, value) in pairs.iter_mut().filter(|(_, value)| !value.is_empty()) {
            value.drain(..2);
        }
    }
}

/// Whether a text begins with the version of a document's form.
fn is_document(text: &str) -> bool {
    let behind = text.trim_start_matches(|c: char| c.is_ascii_digit());
    behind.len() < text.len()
        && [".", "%2E", "%2e", "%252E", "%252e", "\\."].iter().any(|dot| behind.starts_with(dot))
}

/// Percent-decoded as often as it was encoded, within reason.
fn unescape_all(text: &str) -> String {
    let mut text = super::unescape(text);
    for _ in 0..2 {
        if !text.contains('%') {
            break;
        }
        text = super::unescape(&text);
    }
    text
}

/// Without what no address holds: white space, line breaks, invisible characters; with HTML's entities as characters.
fn clean(text: &str) -> String {
    // Quoted-printable mail ends a broken line with `=`.
    let text = text.replace("=\r\n", "").replace("=\n", "");
    let text = entities(&text);
    text.chars().filter(|c| !c.is_control() && !c.is_whitespace() && !is_invisible(*c)).collect()
}

/// The hyphen in place of characters that look like it.
fn hyphen(c: char) -> char {
    match c {
        '\u{2010}'..='\u{2012}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}' => '-',
        c => c,
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// `&ZeroWidthSpace;` is the longest that anyone puts into a link.
const LONGEST_ENTITY: usize = 16;

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
            let end = rest.char_indices().take(LONGEST_ENTITY).find(|(_, c)| *c == ';').map(|(end, _)| end);
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

/// The document's part, `1.` and base64url, without everything else. Whether something is missing or was changed is told
/// by the length and the checksum in it; so is where it ends if words follow.
fn documents_of(text: &str) -> Vec<String> {
    // A `+` is a space here.
    let text = if text.contains('%') { clean(&unescape_all(text)) } else { text.to_owned() };
    let text = without_tags(text.trim_start_matches('#'));
    let (version, body) = text.split_once('.').unwrap_or((&text, ""));
    if version.is_empty() || !text.contains('.') {
        return vec![trimmed(&text).to_owned()];
    }
    let version = version.replace('\\', "");
    let with_dashes = |dashes: [&str; 2]| {
        let mut out = String::with_capacity(body.len());
        for c in body.chars() {
            match c {
                '\u{2013}' => out.push_str(dashes[0]),
                '\u{2014}' => out.push_str(dashes[1]),
                // What is copied from typeset text has some pairs of letters as one character.
                '\u{fb00}' => out.push_str("ff"),
                '\u{fb01}' => out.push_str("fi"),
                '\u{fb02}' => out.push_str("fl"),
                '\u{fb03}' => out.push_str("ffi"),
                '\u{fb04}' => out.push_str("ffl"),
                c => out
                    .extend(Some(hyphen(c)).filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))),
            }
        }
        format!("{version}.{out}")
    };
    // Word processors make dashes of hyphens.
    match text.contains(['\u{2013}', '\u{2014}']) {
        true => [["--", "---"], ["--", "--"], ["-", "--"]].map(with_dashes).into(),
        false => vec![with_dashes(["", ""])],
    }
}

/// The text without HTML's tags, such as a `<wbr>` where a long word may be broken.
fn without_tags(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let end = rest.bytes().take(LONGEST).position(|b| b == b'>');
        if rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
            && let Some(end) = end
        {
            rest = &rest[end + 1..];
        }
    }
    out.push_str(rest);
    out
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
    /// No sentence ends with more; and each step looks at the whole name.
    const MOST: usize = 16;
    let mut text = text;
    for _ in 0..MOST {
        let pairs = [('(', ')'), ('[', ']'), ('{', '}'), ('<', '>')];
        let closes = pairs.into_iter().any(|(open, close)| {
            text.ends_with(close) && text.matches(close).count() > text.matches(open).count()
        });
        let ends = text.ends_with(|c: char| {
            matches!(c, '.' | ',' | ';' | '!' | '"' | '\'' | '`' | '*' | '\u{201d}' | '\u{2019}' | '»')
                || is_invisible(c)
        });
        if !closes && !ends {
            break;
        }
        let Some((at, _)) = text.char_indices().next_back() else { break };
        text = text[..at].trim_end();
    }
    text
}

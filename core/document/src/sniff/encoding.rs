//! From a file's bytes to its text: UTF-8 or UTF-16, with or without a byte order mark.

use std::borrow::Cow;

use super::Found;
use crate::problem::Position;

/// How text is stored in bytes, as far as it is told apart here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16 { little: bool },
    Utf32,
}

/// The text in `bytes`, without its byte order mark.
///
/// # Errors
/// [`Found::Utf32`], [`Found::BrokenUtf16`], or [`Found::NotUtf8`] with the place of the first wrong byte.
pub fn text(bytes: &[u8]) -> Result<Cow<'_, str>, Found> {
    let (encoding, mark) = encoding(bytes);
    let body = &bytes[mark..];
    match encoding {
        Encoding::Utf8 => {
            str::from_utf8(body).map(Cow::Borrowed).map_err(|error| not_utf8(body, error.valid_up_to()))
        }
        Encoding::Utf16 { little } => utf16(body, little).map(Cow::Owned),
        Encoding::Utf32 => Err(Found::Utf32),
    }
}

/// The text of bytes that are UTF-8 without a mark.
pub(super) fn owned(bytes: Vec<u8>) -> Result<String, Found> {
    String::from_utf8(bytes).map_err(|error| not_utf8(error.as_bytes(), error.utf8_error().valid_up_to()))
}

/// The byte at `at` is the first that is not UTF-8.
fn not_utf8(bytes: &[u8], at: usize) -> Found {
    let before = String::from_utf8_lossy(&bytes[..at]);
    let line = before.matches('\n').count() as u32 + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) as u32 + 1;
    Found::NotUtf8 { byte: bytes.get(at).copied().unwrap_or_default(), at: Position { line, column } }
}

/// Whether the bytes begin with a byte order mark.
pub fn is_marked(bytes: &[u8]) -> bool {
    encoding(bytes).1 > 0
}

/// The encoding, and the length of the mark in front.
fn encoding(bytes: &[u8]) -> (Encoding, usize) {
    match bytes {
        [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => (Encoding::Utf32, 4),
        [0xff, 0xfe, ..] => (Encoding::Utf16 { little: true }, 2),
        [0xfe, 0xff, ..] => (Encoding::Utf16 { little: false }, 2),
        // What is read here begins with two ASCII characters, and no text has a zero byte in UTF-8.
        [1..=0x7f, 0, 1..=0x7f, 0, ..] => (Encoding::Utf16 { little: true }, 0),
        [0, 1..=0x7f, 0, 1..=0x7f, ..] => (Encoding::Utf16 { little: false }, 0),
        _ => (Encoding::Utf8, 0),
    }
}

fn utf16(bytes: &[u8], little: bool) -> Result<String, Found> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(Found::BrokenUtf16);
    }
    let read = if little { u16::from_le_bytes } else { u16::from_be_bytes };
    let units = pairs.iter().map(|pair| read(*pair));
    char::decode_utf16(units).collect::<Result<_, _>>().map_err(|_| Found::BrokenUtf16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_the_same_in_every_encoding() {
        let expected = "{ \"a\": \"ä€😀\" }";
        let wide = |little: bool, mark: bool| -> Vec<u8> {
            let mark = mark.then_some(0xfeff);
            let units = mark.into_iter().chain(expected.encode_utf16());
            units.flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
        };
        let marked = ["\u{feff}", expected].concat().into_bytes();
        let plain = expected.as_bytes().to_vec();
        for bytes in
            [plain, marked, wide(true, true), wide(true, false), wide(false, true), wide(false, false)]
        {
            assert_eq!(text(&bytes).as_deref(), Ok(expected), "{bytes:x?}");
        }
        assert_eq!(text(b"").as_deref(), Ok(""));
        assert_eq!(text(b"\xef\xbb\xbf").as_deref(), Ok(""));
    }

    #[test]
    fn bytes_that_are_no_text_say_why() {
        let at = Position { line: 2, column: 3 };
        assert_eq!(text(b"{\n\xc3\xa4b\xf6}"), Err(Found::NotUtf8 { byte: 0xf6, at }));
        assert_eq!(text(b"\xff\xfe{"), Err(Found::BrokenUtf16));
        assert_eq!(text(b"\xff\xfe\x00\xd8{\x00"), Err(Found::BrokenUtf16));
        assert_eq!(text(b"\xff\xfe\x00\x00{\x00\x00\x00"), Err(Found::Utf32));
    }
}

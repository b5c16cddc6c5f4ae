//! Files that a person opens or drops: read with a bound, unpacked with a bound, told apart.

use js_sys::{Array, Function, Reflect, Uint8Array};
use leptos::task::spawn_local;
use thiserror::Error;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, ReadableStream, ReadableStreamDefaultReader, ReadableWritablePair};

use super::{Document, Page, Source};
use crate::view::format::bytes;

/// Larger files are refused before they are read.
pub const MOST_BYTES: u64 = 32 << 20;
/// A packed block may grow to this: the largest blocks grow by a factor of six.
pub const MOST_UNPACKED: u64 = 128 << 20;

/// Why a file was not opened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FileError {
    /// Too large.
    #[error("{name} is too large: it has {}, and at most {} MiB are read. Nothing was changed.", bytes(*size), MOST_BYTES >> 20)]
    TooLarge {
        /// The file.
        name: String,
        /// Its size in bytes.
        size: u64,
    },
    /// Too large once unpacked.
    #[error("{name} is too large: it unpacks to more than {} MiB. Nothing was changed.", limit >> 20)]
    Grows {
        /// The file.
        name: String,
        /// What it may grow to.
        limit: u64,
    },
    /// The browser could not read or unpack it.
    #[error("{name} could not be read: {reason}. Nothing was changed.")]
    Unreadable {
        /// The file.
        name: String,
        /// Why.
        reason: String,
    },
    /// Neither a scenario nor a block case.
    #[error(
        "{name}: expected a scenario (evm-lanes/1) or a real block (evm-block-case/1), but {found}. Nothing was changed."
    )]
    Unknown {
        /// The file.
        name: String,
        /// What it begins with.
        found: String,
    },
}

/// What a text is, by its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A scenario, of whatever version.
    Scenario,
    /// `evm-block-case/1`.
    Case,
    /// Something else.
    Unknown,
}

/// Tells a text by its first mention of a format, which writers put first. A document without any
/// is taken for a scenario if it is an object: its own reader then says what is missing.
pub fn kind(text: &str) -> Kind {
    let mut end = text.len().min(4096);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let start = &text[..end];
    if start.contains("evm-block-case/") {
        Kind::Case
    } else if start.trim_start().starts_with('{') {
        Kind::Scenario
    } else {
        Kind::Unknown
    }
}

/// Reads a file and runs what is in it. What goes wrong is told, and nothing else changes.
pub fn open(page: Page, file: File) {
    spawn_local(async move {
        match read(&file).await {
            Ok(document) => page.open(document),
            Err(error) => page.complain(error.to_string()),
        }
    });
}

async fn read(file: &File) -> Result<Document, FileError> {
    let name = file.name();
    let size = file.size() as u64;
    if size > MOST_BYTES {
        return Err(FileError::TooLarge { name, size });
    }
    let unreadable = |reason: JsValue| FileError::Unreadable { name: file.name(), reason: words(&reason) };
    let head = file.slice_with_i32_and_i32(0, 2).map_err(unreadable)?;
    let head = JsFuture::from(head.array_buffer()).await.map_err(unreadable)?;
    let packed = Uint8Array::new(&head).to_vec() == [0x1f, 0x8b];
    let (stream, limit) = if packed {
        (file.stream().pipe_through(&unpacker().map_err(unreadable)?), MOST_UNPACKED)
    } else {
        (file.stream(), MOST_BYTES)
    };
    let read = collect(&stream, limit).await.map_err(unreadable)?;
    let Some(read) = read else { return Err(FileError::Grows { name, limit }) };
    let text = String::from_utf8(read).map_err(|_| FileError::Unreadable {
        name: file.name(),
        reason: "it is not text (UTF-8)".to_owned(),
    })?;
    match kind(&text) {
        Kind::Case => {
            Ok(Document { source: Source::Case { name: name.into(), text: text.into() }, builtin: None })
        }
        Kind::Scenario if text.len() as u64 <= MOST_BYTES => Ok(Document::scenario(text)),
        Kind::Scenario => Err(FileError::Grows { name, limit: MOST_BYTES }),
        Kind::Unknown => {
            let found: String = text.trim_start().chars().take(24).collect();
            let found = if found.is_empty() {
                "it is empty".to_owned()
            } else {
                format!("it begins with “{found}”")
            };
            Err(FileError::Unknown { name, found })
        }
    }
}

/// A `DecompressionStream` for gzip. By name, because the bindings do not have it yet.
fn unpacker() -> Result<ReadableWritablePair, JsValue> {
    let class: Function = Reflect::get(&js_sys::global(), &"DecompressionStream".into())?.dyn_into()?;
    Ok(Reflect::construct(&class, &Array::of1(&"gzip".into()))?.unchecked_into())
}

/// All of a stream, or `None` where it passes `limit`; the rest is not read then.
async fn collect(stream: &ReadableStream, limit: u64) -> Result<Option<Vec<u8>>, JsValue> {
    let reader: ReadableStreamDefaultReader = stream.get_reader().dyn_into().map_err(JsValue::from)?;
    let mut all = Vec::new();
    loop {
        let step = JsFuture::from(reader.read()).await?;
        if Reflect::get(&step, &"done".into())?.is_truthy() {
            return Ok(Some(all));
        }
        let chunk: Uint8Array = Reflect::get(&step, &"value".into())?.dyn_into()?;
        if all.len() as u64 + u64::from(chunk.length()) > limit {
            let _ = JsFuture::from(reader.cancel()).await;
            return Ok(None);
        }
        let at = all.len();
        all.resize(at + chunk.length() as usize, 0);
        chunk.copy_to(&mut all[at..]);
    }
}

fn words(error: &JsValue) -> String {
    Reflect::get(error, &"message".into())
        .ok()
        .and_then(|m| m.as_string())
        .filter(|m| !m.is_empty())
        .unwrap_or_else(|| "the browser gave no reason".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_told_by_its_beginning() {
        let cases = [
            (r#"{"format":"evm-block-case/1","source":""}"#, Kind::Case),
            ("  {\n \"format\": \"evm-lanes/1\"", Kind::Scenario),
            ("{}", Kind::Scenario),
            ("hello", Kind::Unknown),
            ("", Kind::Unknown),
        ];
        for (text, expected) in cases {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    #[test]
    fn a_long_text_of_wide_characters_is_cut_between_them() {
        assert_eq!(kind(&format!("x{}", "é".repeat(4096))), Kind::Unknown);
    }

    #[test]
    fn a_refusal_names_both_sizes() {
        let error = FileError::TooLarge { name: "big.json".to_owned(), size: 40_000_000 };
        assert_eq!(
            error.to_string(),
            "big.json is too large: it has 40.0 MB, and at most 32 MiB are read. Nothing was changed."
        );
    }
}

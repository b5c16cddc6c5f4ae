//! Files that a person opens or drops: read with a bound, unpacked with a bound, told apart.

use std::future::Future;
use std::pin::Pin;

use evm_lanes_core::scenario::lesson;
use evm_lanes_core::sniff::{Content, Found, sniff};
use evm_lanes_session::LessonEvent;
use js_sys::{Array, Function, Reflect, Uint8Array};
use leptos::task::spawn_local;
use thiserror::Error;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, ReadableStream, ReadableStreamDefaultReader, ReadableWritablePair};

use super::{Document, Intents, Source};
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
    /// None of what the page reads.
    #[error(
        "{name}: expected a block access list (EIP-7928), a scenario (evm-lanes/1) or a real block (evm-block-case/1), found {found}. {}Nothing was changed.",
        advice(found)
    )]
    Unusable {
        /// The file.
        name: String,
        /// What it seems to be.
        found: Found,
    },
}

/// What to do, with a space behind it.
fn advice(found: &Found) -> String {
    match found.advice() {
        "" => String::new(),
        advice => format!("{advice} "),
    }
}

/// Reads a file and runs what is in it. A file that cannot be used is named, and nothing else changes.
pub fn open(intents: Intents, file: File) {
    let name = file.name();
    spawn_local(async move {
        let Some(parts) = intents.late().parts().await else {
            intents.complain(format!(
                "{name} was not opened: a part of the page could not be loaded. Open it again to try again."
            ));
            return;
        };
        match (parts.read_file)(file).await {
            Ok(Opened::Document(document)) => intents.open(document),
            Ok(Opened::List(bytes)) => intents.offer_list(name, bytes),
            Ok(Opened::Lesson(text)) => intents.lesson(LessonEvent::OpenText(text)),
            Err(error) => intents.complain(error),
        }
    });
}

/// Reads a file. One of the late parts; [`open`] has it called.
pub fn read_boxed(file: File) -> Pin<Box<dyn Future<Output = Result<Opened, String>>>> {
    Box::pin(async move { read(&file).await.map_err(|error| error.to_string()) })
}

/// Reads a file that is to be a block access list, whatever it looks like.
pub fn open_list(intents: Intents, file: File) {
    let name = file.name();
    spawn_local(async move {
        match unpack(&file).await {
            Ok(bytes) => intents.offer_list(name, bytes),
            Err(error) => intents.complain(error.to_string()),
        }
    });
}

/// What a file turned out to be.
pub enum Opened {
    /// A scenario or a real block.
    Document(Document),
    /// A block access list, which the engine reads.
    List(Vec<u8>),
    /// A lesson, perhaps with mistakes.
    Lesson(String),
}

async fn read(file: &File) -> Result<Opened, FileError> {
    let name = file.name();
    let bytes = unpack(file).await?;
    if bytes.len() <= lesson::MAX_BYTES
        && let Ok(text) = std::str::from_utf8(&bytes)
        && lesson::is_lesson(text)
    {
        return Ok(Opened::Lesson(text.trim_start_matches('\u{feff}').to_owned()));
    }
    let content = match sniff(bytes) {
        Ok(content) => content,
        Err(found) => return Err(FileError::Unusable { name, found }),
    };
    match content {
        Content::Case(text) => Ok(Opened::Document(Document {
            source: Source::Case { name: name.into(), text: text.into() },
            builtin: None,
        })),
        Content::Scenario(text) if text.len() as u64 > MOST_BYTES => {
            Err(FileError::Grows { name, limit: MOST_BYTES })
        }
        Content::Scenario(text) => Ok(Opened::Document(Document::scenario(text))),
        Content::List(bytes) if bytes.len() as u64 > MOST_BYTES => {
            Err(FileError::Grows { name, limit: MOST_BYTES })
        }
        Content::List(bytes) => Ok(Opened::List(bytes)),
    }
}

/// A file's bytes, unpacked if they are packed.
async fn unpack(file: &File) -> Result<Vec<u8>, FileError> {
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
    read.ok_or(FileError::Grows { name, limit })
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
    fn a_refusal_names_both_sizes() {
        let error = FileError::TooLarge { name: "big.json".to_owned(), size: 40_000_000 };
        assert_eq!(
            error.to_string(),
            "big.json is too large: it has 40.0 MB, and at most 32 MiB are read. Nothing was changed."
        );
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named_with_what_to_do() {
        let error = |found| FileError::Unusable { name: "a.json".to_owned(), found }.to_string();
        assert_eq!(
            error(Found::Utf32),
            "a.json: expected a block access list (EIP-7928), a scenario (evm-lanes/1) or a real block \
             (evm-block-case/1), found UTF-32 text. Save it as UTF-8 and open it again. Nothing was changed."
        );
        assert!(error(Found::EmptyObject).ends_with("found an empty JSON object. Nothing was changed."));
    }
}

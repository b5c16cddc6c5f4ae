//! Bytecode alone, an ABI alone: what `solc --bin --abi` writes, and what people paste.

use super::{keep, named, stem};
use crate::abi;
use crate::code::{self, Role};
use crate::reader::Reader;
use crate::types::Format;

/// Bytecode in hexadecimal.
pub(crate) fn bytecode(reader: &mut Reader<'_>) {
    let text = match reader.root {
        Some(root) => match root.value() {
            document::json::Value::Text(text) => text.into_owned(),
            _ => return,
        },
        None => reader.text.trim().trim_matches(['"', '\'', '`', ',', ';']).to_owned(),
    };
    match code::read(&text) {
        Ok(read) if read.bytes.is_empty() => {
            reader.push(document::problem::Problem::new("", "bytecode", "none"));
        }
        Ok(read) => {
            let mut contract = named(reader, Format::Bytecode, stem(reader.file));
            match code::role(&read.bytes) {
                Role::Runtime(_) => contract.runtime = Some(read),
                Role::Creation | Role::Unknown => contract.creation = Some(read),
            }
            keep(reader, contract);
        }
        Err((expected, found)) => reader.push(document::problem::Problem::new("", expected, found)),
    }
}

/// An ABI: JSON, `{ "abi": … }`, or signatures one a line.
pub(crate) fn abi(reader: &mut Reader<'_>) {
    let read = match reader.root {
        Some(root) => abi::of_node(reader, root.get("abi").unwrap_or(root)),
        None => Some(abi::of_signatures(reader, reader.text)),
    };
    let Some(read) = read else { return };
    let name = reader.root.and_then(|root| {
        ["contractName", "name"].iter().find_map(|field| crate::reader::field_text(root, field))
    });
    let name = name.map(|name| crate::reader::one_line(&name)).unwrap_or_else(|| stem(reader.file));
    let mut contract = named(reader, Format::Abi, name);
    contract.abi = Some(read);
    keep(reader, contract);
}

//! Remix's artefacts (`artifacts/Name.json`): code under `data`, without `0x`. The name is only in the file's name; compiler
//! and sources are in `Name_metadata.json`.

use super::{keep, layout, named, stem};
use crate::reader::Reader;
use crate::types::Format;
use crate::{abi, code};

pub(crate) fn read(reader: &mut Reader<'_>) {
    let Some(root) = reader.root else { return };
    let mut contract = named(reader, Format::RemixArtefact, stem(reader.file));
    contract.abi = root.get("abi").and_then(|node| abi::of_node(reader, node));
    if let Some(data) = root.get("data") {
        contract.creation = data.get("bytecode").and_then(|node| code::of_node(reader, node));
        contract.runtime = data.get("deployedBytecode").and_then(|node| code::of_node(reader, node));
        contract.storage_layout = layout(reader, data.get("storageLayout"));
    }
    keep(reader, contract);
}

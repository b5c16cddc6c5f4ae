//! Foundry's artefacts, `out/Counter.sol/Counter.json`: `bytecode` is an object with `object`; names are in the metadata,
//! or only in the file's name. The storage layout is there if `extra_output` asks for it.

use super::{keep, layout, metadata, named, stem};
use crate::reader::Reader;
use crate::types::Format;
use crate::{abi, code};

pub(crate) fn read(reader: &mut Reader<'_>) {
    let Some(root) = reader.root else { return };
    let mut contract = named(reader, Format::FoundryArtefact, stem(reader.file));
    metadata(&mut contract, root.get("metadata").or_else(|| root.get("rawMetadata")));
    if contract.source_unit.is_none() {
        // out/FILE.sol/NAME.json
        let mut folders = reader.file.rsplit(['/', '\\']);
        contract.source_unit = folders.nth(1).filter(|folder| folder.ends_with(".sol")).map(str::to_owned);
    }
    contract.abi = root.get("abi").and_then(|node| abi::of_node(reader, node));
    contract.creation = root.get("bytecode").and_then(|node| code::of_node(reader, node));
    contract.runtime = root.get("deployedBytecode").and_then(|node| code::of_node(reader, node));
    contract.storage_layout = layout(reader, root.get("storageLayout"));
    keep(reader, contract);
}

//! Truffle's artefacts (`build/contracts/Name.json`): absolute paths, places of libraries by name, addresses by network.
//! Also artefacts of other tools that have `abi` and `bytecode` or `bin` as texts.

use document::json::Node;

use super::{keep, layout, metadata, named, stem};
use crate::reader::{Reader, field_text, one_line};
use crate::types::{Format, Source};
use crate::{abi, code};

pub(crate) fn read(reader: &mut Reader<'_>, format: Format) {
    let Some(root) = reader.root else { return };
    let mut contract = named(reader, format, stem(reader.file));
    metadata(&mut contract, root.get("metadata"));
    if let Some(name) = reader.name_of(root, "contractName") {
        contract.name = name;
    }
    contract.compiler = root
        .get("compiler")
        .and_then(|compiler| field_text(compiler, "version"))
        .map(|version| one_line(&version))
        .or(contract.compiler);
    if contract.source_unit.is_none()
        && let Some(path) = field_text(root, "sourcePath").or_else(|| field_text(root, "sourceName"))
    {
        contract.source_unit = Some(super::unit(&path));
    }
    if let (Some(text), true) =
        (field_text(root, "source"), contract.sources.iter().all(|s| s.text.is_none()))
    {
        let path = contract.source_unit.clone().unwrap_or_else(|| format!("{}.sol", contract.name));
        contract.sources = [Source { path, text: Some((&*text).into()) }].into();
    }
    contract.abi = root.get("abi").and_then(|node| abi::of_node(reader, node));
    let of = |names: [&str; 2]| names.into_iter().find_map(|name| root.get(name));
    contract.creation = of(["bytecode", "bin"]).and_then(|node| code::of_node(reader, node));
    contract.runtime = of(["deployedBytecode", "bin-runtime"]).and_then(|node| code::of_node(reader, node));
    contract.storage_layout = layout(reader, root.get("storageLayout"));
    let networks: Vec<_> = root.get("networks").into_iter().flat_map(Node::fields).take(2).collect();
    if let [network] = &networks[..]
        && let Some(address) = network.node.get("address")
    {
        contract.address = reader.address(address);
    }
    keep(reader, contract);
}

//! Hardhat's artefacts of versions 2 and 3, and its build info files, which Foundry and Remix write, too. Hardhat 3 has
//! input and output of the compiler in two files, which `merge` puts together.

use document::json::{Node, Value};

use super::{keep, layout, metadata, named, sources, stem};
use crate::reader::{Reader, field_text, one_line};
use crate::types::{Format, Source};
use crate::{abi, code};

/// `hh-sol-artifact-1`, `hh3-artifact-1`
pub(crate) fn artefact(reader: &mut Reader<'_>) {
    let Some(root) = reader.root else { return };
    let name = reader.name_of(root, "contractName").unwrap_or_else(|| stem(reader.file));
    let mut contract = named(reader, Format::HardhatArtefact, name);
    contract.source_unit = match reader.name_of(root, "inputSourceName") {
        Some(unit) => Some(unit),
        None => reader.name_of(root, "sourceName"),
    };
    contract.build = reader.name_of(root, "buildInfoId");
    contract.abi = root.get("abi").and_then(|node| abi::of_node(reader, node));
    contract.creation = root.get("bytecode").and_then(|node| code::of_node(reader, node));
    contract.runtime = root.get("deployedBytecode").and_then(|node| code::of_node(reader, node));
    for (code, links, immutables) in [
        (&mut contract.creation, "linkReferences", ""),
        (&mut contract.runtime, "deployedLinkReferences", "immutableReferences"),
    ] {
        let Some(code) = code else { continue };
        if let Some(references) = root.get(links) {
            code::name_links(reader, code, references);
        }
        if let Some(references) = root.get(immutables) {
            code::add_immutables(code, references);
        }
    }
    contract.storage_layout = layout(reader, root.get("storageLayout"));
    keep(reader, contract);
}

/// What a build info file says beside its contracts: its id, compiler and sources, for artefacts that name it.
#[derive(Clone, Debug)]
pub(crate) struct Build {
    pub(crate) id: String,
    pub(crate) compiler: Option<String>,
    pub(crate) sources: std::sync::Arc<[Source]>,
}

/// A build info file: the compiler's input, its output, or both.
pub(crate) fn build_info(reader: &mut Reader<'_>) -> Option<Build> {
    let root = reader.root?;
    let id = reader.name_of(root, "id").unwrap_or_else(|| stem(reader.file));
    let compiler = field_text(root, "solcLongVersion").or_else(|| field_text(root, "solcVersion"));
    let compiler = compiler.map(|version| one_line(&version));
    let sources = sources(root.get("input").and_then(|input| input.get("sources")));
    let build = Build { id, compiler, sources };
    match root.get("output") {
        Some(output) if output.is_object() => {
            super::compiler::output(reader, output, Format::BuildInfo, &build)
        }
        Some(output) => reader.wrong(output, "the compiler's output"),
        None if root.get("input").is_none() => reader.missing(root, "input\" or \"output"),
        None => {}
    }
    Some(build)
}

/// A contract of a compiler's output.
pub(crate) fn of_output(
    reader: &mut Reader<'_>,
    unit: &str,
    name: &str,
    node: Node<'_>,
    format: Format,
    build: &Build,
) {
    let mut contract = named(reader, format, one_line(name));
    metadata(&mut contract, node.get("metadata").filter(|node| node.value() != Value::Null));
    contract.name = one_line(name);
    contract.source_unit = (!unit.is_empty()).then(|| one_line(unit));
    contract.build = Some(build.id.clone());
    contract.compiler = build.compiler.clone().or(contract.compiler);
    if !build.sources.is_empty() {
        contract.sources = build.sources.clone();
    }
    contract.abi = node.get("abi").and_then(|node| abi::of_node(reader, node));
    let evm = node.get("evm").unwrap_or(node);
    let of = |names: [&str; 2]| names.into_iter().find_map(|name| evm.get(name));
    contract.creation = of(["bytecode", "bin"]).and_then(|node| code::of_node(reader, node));
    contract.runtime = of(["deployedBytecode", "bin-runtime"]).and_then(|node| code::of_node(reader, node));
    let found = node.get("storageLayout").or_else(|| node.get("storage-layout"));
    contract.storage_layout = layout(reader, found);
    keep(reader, contract);
}

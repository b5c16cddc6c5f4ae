//! Contracts: what compilers and tools write about them. One file for each format; what several share is here.

pub(crate) mod compiler;
pub(crate) mod etherscan;
pub(crate) mod foundry;
pub(crate) mod hardhat;
pub(crate) mod merge;
pub(crate) mod plain;
pub(crate) mod remix;
pub(crate) mod sourcify;
pub(crate) mod truffle;

use std::sync::Arc;

use document::json::{Node, Tree, Value};

use crate::bounds::MAX_CONTRACTS;
use crate::reader::{Reader, field_text, one_line};
use crate::types::{Format, ImportedContract, Source};

/// A contract of which nothing but the name is known.
pub(crate) fn named(reader: &Reader<'_>, format: Format, name: String) -> ImportedContract {
    ImportedContract {
        name,
        source_unit: None,
        file: reader.file.to_owned(),
        format,
        creation: None,
        runtime: None,
        abi: None,
        storage_layout: None,
        compiler: None,
        sources: Arc::new([]),
        address: None,
        build: None,
    }
}

/// Keeps a contract, unless there are too many.
pub(crate) fn keep(reader: &mut Reader<'_>, contract: ImportedContract) {
    if reader.import.contracts.len() < MAX_CONTRACTS {
        reader.import.contracts.push(contract);
    } else if reader.import.contracts.len() == MAX_CONTRACTS {
        reader.note(format!("only the first {MAX_CONTRACTS} contracts are read"));
    }
}

/// The name that a file's own name gives a contract: without folders and endings.
pub(crate) fn stem(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let name = name.split('.').next().filter(|name| !name.is_empty()).unwrap_or(name);
    let name = name.strip_suffix("_metadata").unwrap_or(name);
    one_line(name)
}

/// A storage layout as solc writes it; `null` and lists without entries are none.
pub(crate) fn layout(
    reader: &mut Reader<'_>,
    node: Option<Node<'_>>,
) -> Option<serde_json::Map<String, serde_json::Value>> {
    let node = node?;
    if node.value() == Value::Null {
        return None;
    }
    if !node.get("storage").is_some_and(|storage| storage.value() == Value::List) {
        reader.wrong(node, "a storage layout as solc writes it, with \"storage\"");
        return None;
    }
    // What the scenario's reader checks, too: each variable has these.
    for variable in node.get("storage").into_iter().flat_map(Node::elements) {
        if !["label", "slot", "type"].iter().all(|field| field_text(variable, field).is_some()) {
            reader.wrong(variable, "a variable with \"label\", \"slot\" and \"type\"");
            return None;
        }
    }
    let types = node.get("types");
    for kind in types.into_iter().flat_map(|types| types.fields()) {
        if !["encoding", "label", "numberOfBytes"].iter().all(|field| field_text(kind.node, field).is_some())
        {
            reader.wrong(kind.node, "a type with \"encoding\", \"label\" and \"numberOfBytes\"");
            return None;
        }
    }
    serde_json::from_str(node.written()).ok()
}

/// What solc's metadata says: as an object, or as a text that holds one.
pub(crate) fn metadata(contract: &mut ImportedContract, node: Option<Node<'_>>) {
    let Some(node) = node else { return };
    match node.value() {
        Value::Object => take_metadata(contract, node),
        Value::Text(text) => {
            if let Ok(tree) = Tree::read(&text) {
                take_metadata(contract, tree.root(&text));
            }
        }
        _ => {}
    }
}

fn take_metadata(contract: &mut ImportedContract, node: Node<'_>) {
    let compiler = node.get("compiler").and_then(|compiler| field_text(compiler, "version"));
    if let Some(version) = compiler {
        contract.compiler.get_or_insert_with(|| one_line(&version));
    }
    let target = node.get("settings").and_then(|settings| settings.get("compilationTarget"));
    if let Some(field) = target.and_then(|target| target.fields().next()) {
        contract.source_unit.get_or_insert_with(|| unit(&field.name));
        if let Value::Text(name) = field.node.value() {
            contract.name = one_line(&name);
        }
    }
    if contract.sources.is_empty() {
        contract.sources = sources(node.get("sources"));
    }
}

/// A source file's path as others call it: of an absolute one the part from `contracts` on.
pub(crate) fn unit(path: &str) -> String {
    let from = if path.starts_with('/') { path.find("/contracts/").map_or(0, |at| at + 1) } else { 0 };
    one_line(&path[from..])
}

/// Sources by path, with their texts where there are any.
pub(crate) fn sources(node: Option<Node<'_>>) -> Arc<[Source]> {
    let fields = node.into_iter().flat_map(|node| node.fields()).take(MAX_CONTRACTS);
    fields
        .map(|field| Source {
            path: one_line(&field.name),
            text: field_text(field.node, "content").map(|text| Arc::from(&*text)),
        })
        .collect()
}

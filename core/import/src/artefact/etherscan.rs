//! Answers of Etherscan and explorers like it: `{ "status", "message", "result" }`. The ABI is a text, the source plain,
//! `{…}` or `{{…}}`. It gives no creation code except with `getcontractcreation`.

use std::borrow::Cow;
use std::sync::Arc;

use document::json::{Node, Tree, Value};

use super::{keep, named, sources, stem};
use crate::reader::{Reader, field_text, one_line};
use crate::types::{Format, Source};
use crate::{abi, code};

/// Reads contracts. An answer that lists transactions is handed back.
pub(crate) fn read<'t>(reader: &mut Reader<'t>) -> Option<Node<'t>> {
    let root = reader.root?;
    let Some(result) = root.get("result") else {
        reader.missing(root, "result");
        return None;
    };
    match result.value() {
        Value::Text(text) if text.trim_start().starts_with('[') => {
            let mut contract = named(reader, Format::ExplorerAnswer, stem(reader.file));
            contract.abi = abi::of_node(reader, result);
            keep(reader, contract);
        }
        Value::Text(text) => {
            let found = format!("\"{}\"", one_line(&text));
            reader.problem(result, "an ABI, a source or transactions", found);
        }
        Value::List => {
            let first = result.elements().next();
            if first.is_some_and(|first| first.get("hash").is_some() && first.get("from").is_some()) {
                return Some(result);
            }
            for answer in reader.list(result, "contracts") {
                one(reader, answer);
            }
        }
        _ => reader.wrong(result, "an ABI, a source or transactions"),
    }
    None
}

fn one(reader: &mut Reader<'_>, node: Node<'_>) {
    let known = ["SourceCode", "ABI", "ContractName", "creationBytecode", "contractAddress"];
    if !known.iter().any(|name| node.get(name).is_some()) {
        reader.wrong(node, "a contract with \"SourceCode\" and \"ABI\"");
        return;
    }
    let name = reader.name_of(node, "ContractName").filter(|name| !name.is_empty());
    let mut contract = named(reader, Format::ExplorerAnswer, name.unwrap_or_else(|| stem(reader.file)));
    contract.compiler = reader.name_of(node, "CompilerVersion");
    contract.address = node.get("contractAddress").and_then(|node| reader.address(node));
    if let Some(abi) = node.get("ABI") {
        match field_text(node, "ABI") {
            Some(text) if !text.trim_start().starts_with('[') => {
                reader.problem(abi, "an ABI", format!("\"{}\"", one_line(&text)));
            }
            _ => contract.abi = abi::of_node(reader, abi),
        }
    }
    if let Some(text) = field_text(node, "SourceCode") {
        contract.sources = source(&text, &contract.name);
        let defines =
            |source: &&Source| source.text.as_ref().is_some_and(|text| is_defined(text, &contract.name));
        contract.source_unit = contract.sources.iter().find(defines).map(|source| source.path.clone());
    }
    if let Some(node) = node.get("creationBytecode").filter(|node| node.value() != Value::Null) {
        contract.creation = code::of_node(reader, node);
        reader.note_once("the creation code is the chain's, with the constructor's arguments behind it");
    }
    if let Some(implementation) = field_text(node, "Implementation").filter(|text| text.len() == 42) {
        let implementation = one_line(&implementation);
        reader.note(format!(
            "{} is a proxy; the code is in {implementation}, which has an ABI of its own",
            contract.name
        ));
    }
    keep(reader, contract);
}

/// The source as files: standard JSON input in `{{…}}` or `{…}`, sources by path in `{…}`, or one file.
fn source(text: &str, name: &str) -> Arc<[Source]> {
    let inner = undoubled(text);
    if inner.trim_start().starts_with('{')
        && let Ok(tree) = Tree::read(&inner)
    {
        let root = tree.root(&inner);
        return sources(Some(root.get("sources").unwrap_or(root)));
    }
    if text.is_empty() {
        return Arc::new([]);
    }
    [Source { path: format!("{name}.sol"), text: Some(text.into()) }].into()
}

/// The text without the second pair of braces.
pub(crate) fn undoubled(text: &str) -> Cow<'_, str> {
    let trimmed = text.trim();
    let inner = trimmed.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    match inner.filter(|inner| inner.trim_start().starts_with('{') && inner.trim_end().ends_with('}')) {
        Some(inner) => inner.into(),
        None => trimmed.into(),
    }
}

fn is_defined(source: &str, name: &str) -> bool {
    ["contract ", "library ", "interface "].iter().any(|word| {
        source.match_indices(word).any(|(at, _)| {
            let rest = source[at + word.len()..].trim_start();
            rest.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{', '\n', '\r']))
        })
    })
}

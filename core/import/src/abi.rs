//! ABIs: as solc writes them, as text within a text (Etherscan), and for people (ethers, viem).

use alloy_json_abi::{AbiItem, JsonAbi, Param};
use document::json::{Node, Tree, Value, shortened};
use document::problem::Problem;

use crate::bounds::MAX_ABI;
use crate::reader::Reader;

/// Reads an ABI: a list of items or of signatures, or a text that holds one of them. Items that cannot be read are
/// reported and left out. `None`: it is no ABI.
pub(crate) fn of_node(reader: &mut Reader<'_>, node: Node<'_>) -> Option<JsonAbi> {
    match node.value() {
        Value::List => {
            let mut abi = JsonAbi::new();
            for (index, item) in node.elements().enumerate() {
                if index == MAX_ABI {
                    reader.problem(item, format!("at most {MAX_ABI} items"), "more");
                    break;
                }
                match item.value() {
                    Value::Text(signature) => match AbiItem::parse(signature.trim().trim_end_matches(';')) {
                        Ok(item) if is_shallow(&item) => add(&mut abi, item),
                        Ok(_) => reader.problem(item, "types of at most 16 levels", "more"),
                        Err(_) => {
                            let (expected, found) = signature_mistake(&signature);
                            reader.problem(item, expected, found);
                        }
                    },
                    _ => match serde_json::from_str::<AbiItem<'_>>(item.written()) {
                        Ok(read) if is_shallow(&read) => add(&mut abi, read),
                        Ok(_) => reader.problem(item, "types of at most 16 levels", "more"),
                        Err(_) => {
                            let (expected, found) = item_mistake(item);
                            reader.problem(item, expected, found);
                        }
                    },
                }
            }
            Some(abi)
        }
        Value::Text(text) => of_text(reader, node, &text),
        Value::Null => None,
        _ => {
            reader.wrong(node, "an ABI: a list of functions, events and errors");
            None
        }
    }
}

/// An ABI that is a text within JSON: places in it are those of the text around it.
fn of_text(reader: &mut Reader<'_>, node: Node<'_>, text: &str) -> Option<JsonAbi> {
    let expected = "an ABI: a list of functions, events and errors";
    let Ok(tree) = Tree::read(text) else {
        reader.wrong(node, expected);
        return None;
    };
    let inner = tree.root(text);
    if inner.value() != Value::List {
        reader.wrong(node, expected);
        return None;
    }
    let mut within = Reader::new(reader.file, text, Some(inner), reader.import);
    of_node(&mut within, inner)
}

/// Reads signatures, one a line.
pub(crate) fn of_signatures(reader: &mut Reader<'_>, text: &str) -> JsonAbi {
    let mut abi = JsonAbi::new();
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    for (index, line) in lines.take(MAX_ABI) {
        match AbiItem::parse(line.trim().trim_end_matches([';', ','])) {
            Ok(item) if is_shallow(&item) => add(&mut abi, item),
            _ => {
                let (expected, found) = signature_mistake(line);
                let mut problem = Problem::new(String::new(), expected, found);
                problem.position = Some(document::problem::Position { line: index as u32 + 1, column: 1 });
                reader.push(problem);
            }
        }
    }
    abi
}

fn signature_mistake(signature: &str) -> (String, String) {
    let signature = signature.trim();
    let expected = match signature.starts_with("struct") {
        true => {
            "a function, event, error or constructor; a struct's fields belong into the signatures that have it, as (uint256 amount, address to)"
        }
        false => "a signature such as \"function transfer(address to, uint256 amount) returns (bool)\"",
    };
    (expected.to_owned(), format!("\"{}\"", shortened(signature)))
}

/// What is wrong with an item, in words for people.
fn item_mistake(item: Node<'_>) -> (String, String) {
    if !item.is_object() {
        return ("a function, event or error as solc writes it".to_owned(), item.describe());
    }
    let name = match item.get("name").map(Node::value) {
        Some(Value::Text(name)) => format!("\"{}\"", shortened(&name)),
        _ => "the item".to_owned(),
    };
    for list in ["inputs", "outputs"] {
        let Some(list) = item.get(list) else { continue };
        for (index, param) in list.elements().enumerate() {
            if serde_json::from_str::<Param>(param.written()).is_err() {
                let found = match param.get("type").map(Node::value) {
                    Some(Value::Text(kind)) => format!("\"{}\"", shortened(&kind)),
                    _ => "none".to_owned(),
                };
                return (format!("a type of Solidity for parameter {index} of {name}"), found);
            }
        }
    }
    match item.get("type").map(Node::value) {
        Some(Value::Text(kind))
            if ["function", "event", "error", "constructor", "fallback", "receive"].contains(&&*kind) =>
        {
            (
                "name, inputs and outputs as solc writes them".to_owned(),
                format!("{name}, which lacks some of them"),
            )
        }
        Some(Value::Text(kind)) => {
            ("a function, event or error".to_owned(), format!("\"{}\"", shortened(&kind)))
        }
        _ => ("an item with \"type\"".to_owned(), "an object without".to_owned()),
    }
}

/// Whether no type nests deeper than can be handled without care.
fn is_shallow(item: &AbiItem<'_>) -> bool {
    fn shallow(params: &[Param], left: usize) -> bool {
        left > 0
            && params.iter().all(|param| {
                param.ty.matches('[').count() <= crate::bounds::MAX_TYPE_DEPTH
                    && (param.components.is_empty() || shallow(&param.components, left - 1))
            })
    }
    let most = crate::bounds::MAX_TYPE_DEPTH;
    item.inputs().is_none_or(|inputs| shallow(inputs, most))
        && item.outputs().is_none_or(|outputs| shallow(outputs, most))
}

fn add(abi: &mut JsonAbi, item: AbiItem<'_>) {
    match item {
        AbiItem::Constructor(item) => abi.constructor = Some(item.into_owned()),
        AbiItem::Fallback(item) => abi.fallback = Some(item.into_owned()),
        AbiItem::Receive(item) => abi.receive = Some(item.into_owned()),
        AbiItem::Function(item) => {
            abi.functions.entry(item.name.clone()).or_default().push(item.into_owned())
        }
        AbiItem::Event(item) => abi.events.entry(item.name.clone()).or_default().push(item.into_owned()),
        AbiItem::Error(item) => abi.errors.entry(item.name.clone()).or_default().push(item.into_owned()),
    }
}

/// The ABI as solc writes it: what a document holds.
pub(crate) fn items(abi: &JsonAbi) -> Vec<serde_json::Value> {
    match serde_json::to_value(abi) {
        Ok(serde_json::Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

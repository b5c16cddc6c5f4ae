//! Remix's recordings (`scenario.json`): accounts by name, transactions with arguments as values, ABIs by hash. A contract
//! that an earlier transaction made is `created{TIMESTAMP}`.

use std::collections::HashMap;

use alloy_json_abi::JsonAbi;
use alloy_primitives::{Address, Bytes};
use document::json::{Node, Value};
use document::problem::counted;

use super::{arguments, keep, plain};
use crate::artefact;
use crate::reader::{Reader, field_text, one_line, read_bytes};
use crate::types::{Action, Format, ImportedAccount, Target};
use crate::{abi, code};

/// What names stand for while the recording is read.
struct Names {
    accounts: HashMap<String, Address>,
    /// Transactions that created something, by timestamp.
    created: HashMap<String, usize>,
    abis: HashMap<String, JsonAbi>,
}

pub(crate) fn read(reader: &mut Reader<'_>) {
    let Some(root) = reader.root else { return };
    let mut names = Names { accounts: HashMap::new(), created: HashMap::new(), abis: HashMap::new() };
    for field in root.get("accounts").into_iter().flat_map(|accounts| accounts.fields()).take(10_000) {
        let Some(address) = reader.address(field.node) else { continue };
        names.accounts.insert(field.name.to_string(), address);
        let name = Some(field.name.replace(['{', '}'], ""));
        let name = name.filter(|name| !name.is_empty());
        reader.import.accounts.push(ImportedAccount { name, address, ..ImportedAccount::default() });
    }
    for field in root.get("abis").into_iter().flat_map(|abis| abis.fields()).take(10_000) {
        if let Some(abi) = abi::of_node(reader, field.node) {
            names.abis.insert(field.name.to_string(), abi);
        }
    }
    let Some(transactions) = root.get("transactions") else {
        reader.missing(root, "transactions");
        return;
    };
    for node in reader.list(transactions, "recorded transactions") {
        let Some(record) = node.get("record") else {
            reader.missing(node, "record");
            continue;
        };
        let index = reader.import.transactions.len();
        let Some(transaction) = transaction(reader, record, &names) else { continue };
        let created = transaction.to == Target::Creation;
        if !keep(reader, transaction) {
            return;
        }
        if let (true, Some(timestamp)) = (created, node.get("timestamp")) {
            names.created.insert(timestamp.written().trim_matches('"').to_owned(), index);
        }
    }
}

fn transaction(
    reader: &mut Reader<'_>,
    record: Node<'_>,
    names: &Names,
) -> Option<crate::types::ImportedTransaction> {
    let from = match record.get("from") {
        Some(from) => Some(account(reader, from, names)?),
        None => None,
    };
    let kind = field_text(record, "type").unwrap_or_default();
    let values: Vec<Node<'_>> =
        record.get("parameters").into_iter().flat_map(Node::elements).take(10_000).collect();
    let known = field_text(record, "abi").and_then(|hash| names.abis.get(&*hash));
    if kind == "constructor" || record.get("bytecode").is_some() && record.get("to").is_none() {
        return creation(reader, record, from, known, &values);
    }
    let Some(to) = record.get("to") else {
        reader.missing(record, "to");
        return None;
    };
    let to = target(reader, to, names)?;
    let mut made = plain(reader, from, to);
    made.value = reader.number_of(record, "value").unwrap_or_default();
    if matches!(&*kind, "fallback" | "receive" | "lowLevelInteracions" | "lowLevelInteractions") {
        let data = values.first().and_then(|node| crate::reader::text_of(*node));
        let data = data.map(|text| read_bytes(&text)).transpose();
        made.action = Action::Data(data.ok()?.unwrap_or_default());
        return Some(made);
    }
    let name = field_text(record, "name").unwrap_or_default();
    let inputs = field_text(record, "inputs").unwrap_or_default();
    let Some(known) = known else {
        let found = record.get("abi").map_or("none".to_owned(), Node::describe);
        reader.problem(record, "the hash of an ABI in \"abis\"", found);
        return None;
    };
    let overloads = known.function(&name).map(|functions| &functions[..]).unwrap_or_default();
    let wanted = format!("{name}{inputs}");
    let function = overloads
        .iter()
        .find(|function| function.signature() == wanted)
        .or_else(|| overloads.iter().find(|function| function.inputs.len() == values.len()));
    let Some(function) = function else {
        let at = record.get("name").unwrap_or(record);
        let all: Vec<&str> = known.functions().map(|function| function.name.as_str()).take(8).collect();
        reader.problem(
            at,
            format!("a function of the ABI: {}", all.join(", ")),
            format!("\"{}\"", one_line(&wanted)),
        );
        return None;
    };
    let arguments = arguments(reader, function, &values, record.get("parameters").unwrap_or(record))?;
    made.action = Action::Call { function: Box::new(function.clone()), arguments };
    Some(made)
}

fn creation(
    reader: &mut Reader<'_>,
    record: Node<'_>,
    from: Option<Address>,
    known: Option<&JsonAbi>,
    values: &[Node<'_>],
) -> Option<crate::types::ImportedTransaction> {
    let Some(node) = record.get("bytecode") else {
        reader.missing(record, "bytecode");
        return None;
    };
    let mut creation = code::of_node(reader, node)?;
    if let Some(references) = record.get("linkReferences") {
        code::name_links(reader, &mut creation, references);
    }
    let name = reader.name_of(record, "contractName").filter(|name| !name.is_empty());
    let mut contract =
        artefact::named(reader, Format::RemixScenario, name.unwrap_or_else(|| "Contract".to_owned()));
    contract.creation = Some(creation);
    contract.abi = known.cloned();
    let constructor = known.and_then(|abi| abi.constructor.as_ref());
    let values_of = |reader: &mut Reader<'_>| match constructor {
        Some(constructor) => {
            let function = alloy_json_abi::Function {
                name: "constructor".to_owned(),
                inputs: constructor.inputs.clone(),
                outputs: Vec::new(),
                state_mutability: constructor.state_mutability,
            };
            arguments(reader, &function, values, record.get("parameters").unwrap_or(record))
        }
        None if values.is_empty() => Some(Vec::new()),
        None => {
            let found = counted(values.len(), "argument");
            reader.problem(record, "an ABI with a constructor that takes arguments", found);
            None
        }
    };
    let arguments = values_of(reader)?;
    let mut made = plain(reader, from, Target::Creation);
    made.value = reader.number_of(record, "value").unwrap_or_default();
    let index = reader.import.contracts.len();
    artefact::keep(reader, contract);
    if reader.import.contracts.len() == index {
        return None;
    }
    let encoded = Bytes::from(crate::calldata::encode(&arguments));
    made.action = Action::Create { contract: index, arguments, encoded };
    Some(made)
}

fn account(reader: &mut Reader<'_>, node: Node<'_>, names: &Names) -> Option<Address> {
    match node.value() {
        Value::Text(text) if names.accounts.contains_key(&*text) => names.accounts.get(&*text).copied(),
        Value::Text(text) if text.starts_with("account{") => {
            reader.wrong(node, "an account of \"accounts\"");
            None
        }
        _ => reader.address(node),
    }
}

fn target(reader: &mut Reader<'_>, node: Node<'_>, names: &Names) -> Option<Target> {
    if let Value::Text(text) = node.value()
        && let Some(timestamp) = text.strip_prefix("created{").and_then(|text| text.strip_suffix('}'))
    {
        let created = names.created.get(timestamp).copied();
        if created.is_none() {
            reader.wrong(node, "the timestamp of an earlier transaction that creates a contract");
        }
        return created.map(Target::Created);
    }
    account(reader, node, names).map(Target::Address)
}

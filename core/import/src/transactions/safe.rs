//! Safe's transaction batches (Transaction Builder): `data: null` means that `contractMethod` is to be encoded with
//! `contractInputsValues`. They have no sender but the Safe, no nonce and no gas.

use alloy_json_abi::{Function, Param, StateMutability};
use document::json::{Node, Value};

use super::{arguments, keep, plain};
use crate::reader::{Reader, field_text, one_line};
use crate::types::{Action, ImportedAccount, ImportedTransaction, Target};

pub(crate) fn read(reader: &mut Reader<'_>) {
    let Some(root) = reader.root else { return };
    let safe = root
        .get("meta")
        .and_then(|meta| meta.get("createdFromSafeAddress"))
        .filter(|node| !matches!(node.value(), Value::Null) && node.value() != Value::Text("".into()))
        .and_then(|node| reader.address(node));
    if let Some(address) = safe {
        let name = Some("safe".to_owned());
        reader.import.accounts.push(ImportedAccount { name, address, ..ImportedAccount::default() });
        reader.note("the Safe sends each transaction by itself, as an account without code");
    }
    let Some(transactions) = root.get("transactions") else {
        reader.missing(root, "transactions");
        return;
    };
    for node in reader.list(transactions, "transactions") {
        let Some(mut transaction) = one(reader, node) else { continue };
        transaction.from = safe;
        if !keep(reader, transaction) {
            return;
        }
    }
}

fn one(reader: &mut Reader<'_>, node: Node<'_>) -> Option<ImportedTransaction> {
    let Some(to) = node.get("to") else {
        reader.missing(node, "to");
        return None;
    };
    let to = reader.address(to)?;
    let mut made = plain(reader, None, Target::Address(to));
    made.value = reader.number_of(node, "value").unwrap_or_default();
    let is_there = |node: &Node<'_>| !matches!(node.value(), Value::Null);
    if let Some(data) = node.get("data").filter(is_there) {
        made.action = Action::Data(reader.bytes(data)?);
        return Some(made);
    }
    let Some(method) = node.get("contractMethod").filter(is_there) else { return Some(made) };
    let Some(name) = field_text(method, "name") else {
        reader.missing(method, "name");
        return None;
    };
    if matches!(&*name, "fallback" | "receive" | "") {
        return Some(made);
    }
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$');
    if !is_name || name.len() > 200 {
        reader.problem(method, "the name of a function", format!("\"{}\"", one_line(&name)));
        return None;
    }
    let mut inputs = Vec::new();
    for input in method.get("inputs").into_iter().flat_map(Node::elements).take(100) {
        match serde_json::from_str::<Param>(input.written()) {
            Ok(input) => inputs.push(input),
            Err(_) => {
                reader.wrong(input, "an input with \"name\" and \"type\"");
                return None;
            }
        }
    }
    let function = Function {
        name: name.into_owned(),
        inputs,
        outputs: Vec::new(),
        state_mutability: StateMutability::Payable,
    };
    let values = node.get("contractInputsValues").filter(is_there);
    let mut nodes = Vec::new();
    for (index, input) in function.inputs.iter().enumerate() {
        let by_place = |values: Node<'_>| values.fields().nth(index).is_some();
        let value = values.and_then(|values| {
            let unnamed = input.name.is_empty() && by_place(values);
            values
                .get(&input.name)
                .or_else(|| unnamed.then(|| values.fields().nth(index)).flatten().map(|field| field.node))
        });
        let Some(value) = value else {
            let expected = format!("a value for \"{}\" in \"contractInputsValues\"", one_line(&input.name));
            reader.problem(values.unwrap_or(node), expected, "none");
            return None;
        };
        nodes.push(value);
    }
    let arguments = arguments(reader, &function, &nodes, method)?;
    made.action = Action::Call { function: Box::new(function), arguments };
    Some(made)
}

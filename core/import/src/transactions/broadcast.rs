//! Foundry's broadcasts (`broadcast/SCRIPT/CHAIN/run-latest.json`): transactions with their deployments. The code that
//! was sent has the constructor's arguments behind it; with the project's artefacts beside it they are told apart.

use alloy_primitives::{Address, Bytes, address};
use document::json::{Node, Value};

use super::{keep, node};
use crate::artefact;
use crate::bounds::MAX_CODE;
use crate::reader::{Reader, field_text};
use crate::types::{Action, Code, Format, ImportedTransaction, Target};

/// The deployment proxy that Foundry's CREATE2 goes through.
const CREATE2_DEPLOYER: Address = address!("0x4e59b44847b379578588920ca78fbf26c0b4956c");

pub(crate) fn read(reader: &mut Reader<'_>) {
    let Some(root) = reader.root else { return };
    let Some(transactions) = root.get("transactions") else {
        reader.missing(root, "transactions");
        return;
    };
    for node in reader.list(transactions, "transactions") {
        let Some(transaction) = one(reader, node) else { continue };
        if !keep(reader, transaction) {
            return;
        }
    }
    if let Some(first) = root.get("receipts").and_then(|receipts| receipts.elements().next()) {
        let number = reader.small_of(first, "blockNumber");
        let block = &mut reader.import.block;
        block.number = block.number.or(number.filter(|number| *number > 0));
    }
}

fn one(reader: &mut Reader<'_>, node: Node<'_>) -> Option<ImportedTransaction> {
    let Some(fields) = node.get("transaction") else {
        reader.missing(node, "transaction");
        return None;
    };
    let mut made = node::one(reader, fields)?;
    let kind = field_text(node, "transactionType").unwrap_or_default();
    let code = match (&made.action, made.to, &*kind) {
        (Action::Data(data), Target::Creation, _) => Some(data.clone()),
        // The salt is in front.
        (Action::Data(data), Target::Address(CREATE2_DEPLOYER), "CREATE2") if data.len() > 32 => {
            reader.note_once("CREATE2 is replaced by CREATE: the contract gets another address");
            Some(data.slice(32..))
        }
        _ => None,
    };
    let Some(code) = code else { return Some(made) };
    if code.len() > MAX_CODE {
        reader.problem(fields, format!("at most {} KiB of bytecode", MAX_CODE >> 10), "more");
        return None;
    }
    made.to = Target::Creation;
    let is_there = |node: &Node<'_>| !matches!(node.value(), Value::Null);
    made.creates = node.get("contractAddress").filter(is_there).and_then(|node| reader.address(node));
    let name = reader.name_of(node, "contractName").filter(|name| !name.is_empty());
    let mut contract =
        artefact::named(reader, Format::FoundryBroadcast, name.unwrap_or_else(|| "Contract".to_owned()));
    contract.creation = Some(Code { bytes: code, ..Code::default() });
    contract.address = made.creates;
    let index = reader.import.contracts.len();
    artefact::keep(reader, contract);
    if reader.import.contracts.len() == index {
        return None;
    }
    made.action = Action::Create { contract: index, arguments: Vec::new(), encoded: Bytes::new() };
    Some(made)
}

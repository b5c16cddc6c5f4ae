//! Requests for `eth_simulateV1`: blocks of calls, with overrides of the state, which are the pre-state here.

use alloy_primitives::{Address, U256};
use document::json::{Node, Value};

use super::{keep, node};
use crate::bounds::{MAX_ACCOUNTS, MAX_SLOTS};
use crate::reader::{Reader, read_number};
use crate::types::{Fees, ImportedAccount, Target};

pub(crate) fn read(reader: &mut Reader<'_>) {
    let Some(root) = reader.root else { return };
    let root = root.get("params").and_then(|params| params.elements().next()).unwrap_or(root);
    let Some(blocks) = root.get("blockStateCalls") else {
        reader.missing(root, "blockStateCalls");
        return;
    };
    // Without validation a node charges no fees and asks for no balance.
    let is_free = root.get("validation").is_none_or(|node| node.value() != Value::Bool(true));
    if is_free && reader.import.block.base_fee.is_none() {
        reader.import.block.base_fee = Some(U256::ZERO);
        reader.note(
            "without \"validation\": true no fees are paid: the base fee and the calls' gas prices are 0",
        );
    }
    let blocks = reader.list(blocks, "blocks of calls");
    if blocks.len() > 1 {
        reader.note(format!(
            "{} blocks of calls are one block here, with the overrides of all in its pre-state",
            blocks.len()
        ));
    }
    for block in blocks {
        for account in block.get("stateOverrides").into_iter().flat_map(|overrides| overrides.fields()) {
            if reader.import.accounts.len() >= MAX_ACCOUNTS {
                break;
            }
            let Ok(address) = crate::reader::read_address(&account.name) else {
                reader.problem(
                    account.node,
                    "an address as the name",
                    format!("\"{}\"", crate::reader::one_line(&account.name)),
                );
                continue;
            };
            let code = account.node.get("code").filter(|node| node.value() != Value::Null);
            let code = code.and_then(|node| reader.bytes(node)).unwrap_or_default();
            let balance = reader.number_of(account.node, "balance");
            let nonce = reader.small_of(account.node, "nonce");
            let mut slots = storage(reader, account.node.get("state"));
            slots.extend(storage(reader, account.node.get("stateDiff")));
            let accounts = &mut reader.import.accounts;
            match accounts.iter_mut().rev().take(1_000).find(|known| known.address == address) {
                Some(known) => {
                    known.balance = balance.or(known.balance);
                    known.nonce = nonce.or(known.nonce);
                    known.storage.extend(slots);
                    if !code.is_empty() {
                        known.code = code;
                    }
                }
                None => accounts.push(ImportedAccount {
                    name: None,
                    address,
                    balance,
                    nonce,
                    code,
                    storage: slots,
                }),
            }
        }
        if let Some(overrides) = block.get("blockOverrides") {
            let number = reader.small_of(overrides, "number").filter(|number| *number > 0);
            let timestamp =
                reader.small_of(overrides, "time").or_else(|| reader.small_of(overrides, "timestamp"));
            let base_fee = reader.number_of(overrides, "baseFeePerGas");
            let known = &mut reader.import.block;
            known.number = known.number.or(number);
            known.timestamp = known.timestamp.or(timestamp);
            known.base_fee = known.base_fee.or(base_fee);
        }
        for call in block.get("calls").into_iter().flat_map(Node::elements) {
            // A call without anything goes to the zero address.
            let is_empty = ["to", "input", "data"].iter().all(|name| call.get(name).is_none());
            let mut transaction = match is_empty && call.is_object() {
                true => {
                    let from = call.get("from").and_then(|node| reader.address(node));
                    super::plain(reader, from, Target::Address(Address::ZERO))
                }
                false => match node::one(reader, call) {
                    Some(transaction) => transaction,
                    None => continue,
                },
            };
            if transaction.from.is_none() {
                transaction.from = Some(Address::ZERO);
            }
            if is_free {
                transaction.fees = Fees { gas_price: Some(U256::ZERO), ..Fees::default() };
                transaction.nonce = None;
            }
            if !keep(reader, transaction) {
                return;
            }
        }
    }
}

/// Slots with their values.
pub(crate) fn storage(reader: &mut Reader<'_>, node: Option<Node<'_>>) -> Vec<(U256, U256)> {
    let mut slots = Vec::new();
    for field in node.into_iter().flat_map(|node| node.fields()).take(MAX_SLOTS) {
        let digits = field.name.strip_prefix("0x").unwrap_or(&field.name);
        let Some(slot) = read_number(&format!("0x{digits}")) else {
            reader.problem(
                field.node,
                "a slot as the name",
                format!("\"{}\"", crate::reader::one_line(&field.name)),
            );
            continue;
        };
        // Genesis files have values without 0x, too.
        let value = match crate::reader::text_of(field.node) {
            Some(text) if !text.starts_with("0x") && text.len() > 2 => read_number(&format!("0x{text}")),
            Some(text) => read_number(&text),
            None => None,
        };
        match value {
            Some(value) => slots.push((slot, value)),
            None => reader.wrong(field.node, "a value of 32 bytes"),
        }
    }
    slots
}

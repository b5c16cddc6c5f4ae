//! Saved states: Anvil's dumps and genesis files. Their accounts are the pre-state.

use alloy_primitives::Bytes;
use document::json::{Node, Value};

use crate::bounds::MAX_ACCOUNTS;
use crate::reader::{Reader, one_line, read_address, read_bytes, text_of};
use crate::transactions::simulate::storage;
use crate::types::ImportedAccount;

/// `anvil --dump-state`, and what `anvil_dumpState` answers once it is unpacked.
pub(crate) fn anvil(reader: &mut Reader<'_>) {
    let Some(root) = reader.root else { return };
    if let Some(block) = root.get("block") {
        let number = reader.small_of(block, "number");
        let timestamp = reader.small_of(block, "timestamp");
        let base_fee = reader.number_of(block, "basefee");
        let known = &mut reader.import.block;
        // The next block comes after what the state holds.
        known.number = known.number.or(number.map(|number| number + 1));
        known.timestamp = known.timestamp.or(timestamp.map(|timestamp| timestamp + 12));
        known.base_fee = known.base_fee.or(base_fee);
    }
    match root.get("accounts") {
        Some(accounts) => accounts_of(reader, accounts),
        None => reader.missing(root, "accounts"),
    }
    if root.get("transactions").is_some_and(|transactions| transactions.elements().next().is_some()) {
        reader.note("the transactions in the state have run already: their results are in it");
    }
}

/// The `alloc` of a genesis file; keys with or without `0x`, balances decimal or hexadecimal.
pub(crate) fn genesis(reader: &mut Reader<'_>) {
    let Some(root) = reader.root else { return };
    let timestamp = reader.small_of(root, "timestamp").filter(|timestamp| *timestamp > 0);
    reader.import.block.timestamp = reader.import.block.timestamp.or(timestamp);
    match root.get("alloc") {
        Some(alloc) => accounts_of(reader, alloc),
        None => reader.missing(root, "alloc"),
    }
}

fn accounts_of(reader: &mut Reader<'_>, node: Node<'_>) {
    if !node.is_object() {
        reader.wrong(node, "accounts by address");
        return;
    }
    for field in node.fields() {
        if reader.import.accounts.len() >= MAX_ACCOUNTS {
            reader.note(format!("only the first {MAX_ACCOUNTS} accounts are read"));
            return;
        }
        let address = match read_address(&field.name) {
            Ok(address) => address,
            Err((expected, _)) => {
                reader.problem(
                    field.node,
                    format!("{expected} as the name"),
                    format!("\"{}\"", one_line(&field.name)),
                );
                continue;
            }
        };
        if !field.node.is_object() {
            reader.wrong(field.node, "an account with \"balance\"");
            continue;
        }
        let code = code_of(reader, field.node);
        let account = ImportedAccount {
            name: None,
            address,
            balance: reader.number_of(field.node, "balance"),
            nonce: reader.small_of(field.node, "nonce"),
            code,
            storage: storage(reader, field.node.get("storage")),
        };
        reader.import.accounts.push(account);
    }
}

fn code_of(reader: &mut Reader<'_>, node: Node<'_>) -> Bytes {
    let Some(node) = node.get("code").filter(|node| node.value() != Value::Null) else { return Bytes::new() };
    match text_of(node).map(|text| read_bytes(&text)) {
        Some(Ok(code)) => code,
        Some(Err((expected, found))) => {
            reader.problem(node, expected, found);
            Bytes::new()
        }
        None => {
            reader.wrong(node, "code in hexadecimal");
            Bytes::new()
        }
    }
}

//! Transactions as nodes answer them (`eth_getTransactionByHash`, the transactions of a block), and as explorers list
//! them: the same fields with decimal numbers.

use alloy_primitives::{Address, B256};
use document::json::{Node, Value};

use super::{keep, plain};
use crate::reader::Reader;
use crate::types::{Action, Fees, ImportedTransaction, SignedDelegation, Target};

/// A file: one transaction, a list of them, a block with its transactions, or a list of such blocks.
pub(crate) fn file(reader: &mut Reader<'_>) {
    let Some(root) = reader.root else { return };
    match root.value() {
        Value::List => {
            let blocks = root.elements().next().is_some_and(|first| first.get("transactions").is_some());
            match blocks {
                true => root.elements().for_each(|node| block(reader, node)),
                false => list(reader, root),
            }
        }
        _ if root.get("transactions").is_some() => block(reader, root),
        _ => {
            if let Some(transaction) = one(reader, root) {
                keep(reader, transaction);
            }
        }
    }
}

/// A list of transactions, in the order of a block if they say it.
pub(crate) fn list(reader: &mut Reader<'_>, node: Node<'_>) {
    for node in node.elements() {
        let Some(transaction) = one(reader, node) else { continue };
        if !keep(reader, transaction) {
            return;
        }
    }
}

fn block(reader: &mut Reader<'_>, node: Node<'_>) {
    let Some(transactions) = node.get("transactions") else {
        reader.missing(node, "transactions");
        return;
    };
    if let Some(first) = transactions.elements().next()
        && !first.is_object()
    {
        reader.problem(
            first,
            "transactions with their fields: ask the node with `true` behind the number",
            "a hash",
        );
        return;
    }
    let number = reader.small_of(node, "number");
    let timestamp = reader.small_of(node, "timestamp");
    let base_fee = reader.number_of(node, "baseFeePerGas");
    let block = &mut reader.import.block;
    block.number = block.number.or(number.filter(|number| *number > 0));
    block.timestamp = block.timestamp.or(timestamp);
    block.base_fee = block.base_fee.or(base_fee);
    list(reader, transactions);
}

/// One transaction. `None`: a mistake, which was reported.
pub(crate) fn one(reader: &mut Reader<'_>, node: Node<'_>) -> Option<ImportedTransaction> {
    if !node.is_object() {
        reader.wrong(node, "a transaction with \"from\", \"to\" and \"value\"");
        return None;
    }
    let from = match node.get("from").filter(|from| from.value() != Value::Null) {
        Some(from) => Some(reader.address(from)?),
        None => None,
    };
    let to = match node.get("to") {
        Some(to) if to.value() != Value::Null && to.value() != Value::Text("".into()) => {
            Target::Address(reader.address(to)?)
        }
        _ => Target::Creation,
    };
    let mut transaction = plain(reader, from, to);
    let data = node.get("input").filter(|node| node.value() != Value::Null).or_else(|| node.get("data"));
    if let Some(data) = data.filter(|node| node.value() != Value::Null) {
        transaction.action = Action::Data(reader.bytes(data)?);
    }
    if node.get("blobVersionedHashes").is_some_and(|blobs| blobs.elements().next().is_some()) {
        reader
            .note_once("a transaction's blobs are left out: a scenario has them only in signed transactions");
    }
    transaction.value = reader.number_of(node, "value").unwrap_or_default();
    transaction.gas = reader.small_of(node, "gas").or_else(|| reader.small_of(node, "gasLimit"));
    transaction.nonce = reader.small_of(node, "nonce");
    transaction.fees = fees(reader, node);
    transaction.access_list = access_list(reader, node);
    transaction.authorizations = authorizations(reader, node);
    if to == Target::Creation && transaction.action == Action::Data(Default::default()) {
        reader.problem(node, "\"to\", or \"input\" with the code to create", "neither");
        return None;
    }
    Some(transaction)
}

/// A transaction that is in a block has its effective price beside what it offered; then what it offered counts.
fn fees(reader: &mut Reader<'_>, node: Node<'_>) -> Fees {
    let max_fee = reader.number_of(node, "maxFeePerGas");
    let max_priority_fee = reader.number_of(node, "maxPriorityFeePerGas");
    let gas_price = reader.number_of(node, "gasPrice");
    let is_later = max_fee.is_some() || max_priority_fee.is_some();
    Fees { gas_price: gas_price.filter(|_| !is_later), max_fee, max_priority_fee }
}

pub(crate) fn access_list(reader: &mut Reader<'_>, node: Node<'_>) -> Vec<(Address, Vec<B256>)> {
    let items = node.get("accessList").into_iter().flat_map(Node::elements).take(10_000);
    let mut list = Vec::new();
    for item in items {
        let Some(address) = item.get("address") else {
            reader.missing(item, "address");
            continue;
        };
        let Some(address) = reader.address(address) else { continue };
        let keys = item.get("storageKeys").into_iter().flat_map(Node::elements).take(100_000);
        list.push((address, keys.filter_map(|key| reader.word(key)).collect()));
    }
    list
}

fn authorizations(reader: &mut Reader<'_>, node: Node<'_>) -> Vec<SignedDelegation> {
    let items = node.get("authorizationList").into_iter().flat_map(Node::elements).take(10_000);
    let mut list = Vec::new();
    for item in items {
        let read = |reader: &mut Reader<'_>| {
            let parity = reader.number_of(item, "yParity").or_else(|| reader.number_of(item, "v"))?;
            Some(SignedDelegation {
                chain_id: reader.small_of(item, "chainId")?,
                address: item.get("address").and_then(|node| reader.address(node))?,
                nonce: reader.small_of(item, "nonce")?,
                y_parity: u8::try_from(parity)
                    .ok()
                    .map(|parity| if parity >= 27 { parity - 27 } else { parity })?,
                r: reader.number_of(item, "r")?,
                s: reader.number_of(item, "s")?,
            })
        };
        match read(reader).filter(|read| read.y_parity <= 1) {
            Some(read) => list.push(read),
            None => reader.problem(
                item,
                "a signed delegation: chainId, address, nonce, yParity, r, s",
                "something else",
            ),
        }
    }
    list
}

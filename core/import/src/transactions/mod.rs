//! Transactions: batches, broadcasts, recordings, and what nodes answer. One file for each format.

pub(crate) mod broadcast;
pub(crate) mod node;
pub(crate) mod remix;
pub(crate) mod safe;
pub(crate) mod signed;
pub(crate) mod simulate;

use alloy_dyn_abi::DynSolValue;
use alloy_json_abi::Function;
use alloy_primitives::{Address, Bytes, U256};
use document::json::Node;

use crate::bounds::MAX_TRANSACTIONS;
use crate::calldata;
use crate::reader::Reader;
use crate::types::{Action, Fees, ImportedTransaction, Target};

/// A transaction with nothing but a recipient.
pub(crate) fn plain(reader: &Reader<'_>, from: Option<Address>, to: Target) -> ImportedTransaction {
    ImportedTransaction {
        file: reader.file.to_owned(),
        from,
        to,
        action: Action::Data(Bytes::new()),
        value: U256::ZERO,
        gas: None,
        nonce: None,
        fees: Fees::default(),
        access_list: Vec::new(),
        authorizations: Vec::new(),
        creates: None,
    }
}

/// Keeps a transaction, unless there are too many: then no further ones.
pub(crate) fn keep(reader: &mut Reader<'_>, transaction: ImportedTransaction) -> bool {
    if reader.import.transactions.len() >= MAX_TRANSACTIONS {
        reader.note(format!("only the first {MAX_TRANSACTIONS} transactions are read"));
        return false;
    }
    reader.import.transactions.push(transaction);
    true
}

/// The arguments of a function from JSON values. `None`: a mistake, which was reported.
pub(crate) fn arguments(
    reader: &mut Reader<'_>,
    function: &Function,
    values: &[Node<'_>],
    at: Node<'_>,
) -> Option<Vec<DynSolValue>> {
    let Some(types) = calldata::types(&function.inputs) else {
        reader.problem(at, "types that can be encoded", function.signature());
        return None;
    };
    if types.len() != values.len() {
        let expected = document::problem::counted(types.len(), "argument");
        reader.problem(at, format!("{expected} for {}", function.signature()), values.len().to_string());
        return None;
    }
    let mut arguments = Vec::with_capacity(types.len());
    for ((kind, node), param) in types.iter().zip(values).zip(&function.inputs) {
        match calldata::from_json(kind, *node, &param.components) {
            Ok(value) => arguments.push(value),
            Err((expected, found)) => {
                reader.problem(*node, expected, found);
                return None;
            }
        }
    }
    Some(arguments)
}

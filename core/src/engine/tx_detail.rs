//! The details of one transaction, for the inspector.

use super::report::LastRun;
use crate::messages::TxDetail;
use crate::naming;
use crate::units::{Gas, TxIndex};

/// The most call data that is shown, in bytes.
const INPUT_SHOWN: usize = 1_024;

/// The details of transaction `tx`; `None` if the run has no such transaction.
pub(super) fn detail(last_run: &LastRun, tx: TxIndex) -> Option<TxDetail> {
    let (index, names) = (tx.index(), &last_run.names);
    let transaction = last_run.transactions.get(index)?;
    let receipt = last_run.receipts.get(index)?;
    let cut = transaction.input.len().min(INPUT_SHOWN);
    let mut input = format!("{}", transaction.input.slice(..cut));
    if cut < transaction.input.len() {
        input.push_str(&format!("… ({} bytes in all)", transaction.input.len()));
    }
    Some(TxDetail {
        tx,
        summary: last_run.summaries.get(index)?.clone(),
        from: transaction.from.to_string(),
        to: transaction.to.or(receipt.contract_address).map(|a| a.to_string()),
        value: transaction.value.to_string(),
        nonce: transaction.nonce,
        gas_limit: Gas(transaction.gas_limit),
        call: naming::decode_call(names, transaction.to, &transaction.input),
        input,
        reason: naming::decode_revert(names, transaction.to, &receipt.output)
            .filter(|_| !receipt.status.is_success()),
        logs: naming::decode_logs(names, &receipt.logs),
    })
}

//! One transaction in full.

use super::report::Shown;
use crate::messages::TxDetail;
use crate::naming;
use crate::units::{Gas, TxIndex};

/// How much call data a story shows, in bytes.
const INPUT_SHOWN: usize = 1_024;

/// The story of transaction `tx`; `None` if the run has no such transaction.
pub(super) fn detail(shown: &Shown, tx: TxIndex) -> Option<TxDetail> {
    let (index, names) = (tx.index(), &shown.names);
    let transaction = shown.transactions.get(index)?;
    let receipt = shown.receipts.get(index)?;
    let cut = transaction.input.len().min(INPUT_SHOWN);
    let mut input = format!("{}", transaction.input.slice(..cut));
    if cut < transaction.input.len() {
        input.push_str(&format!("… ({} bytes in all)", transaction.input.len()));
    }
    Some(TxDetail {
        tx,
        summary: shown.summaries.get(index)?.clone(),
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

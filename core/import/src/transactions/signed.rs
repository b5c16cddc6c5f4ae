//! Signed transactions in hexadecimal: one, one a line, or a list of texts. Reading their fields and recovering their
//! senders takes cryptography, which the caller has ([`resolve`]).

use alloy_primitives::{Address, B256, Bytes, U256};
use document::json::Value;
use document::problem::{Position, Problem};

use super::{keep, plain};
use crate::reader::{Reader, note, read_bytes};
use crate::types::{
    Action, Fees, FileProblem, Import, ImportedTransaction, Lacking, SignedDelegation, Target,
};

/// The fields of a signed transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are the transaction's")]
pub struct SignedFields {
    pub from: Address,
    pub to: Option<Address>,
    pub input: Bytes,
    pub value: U256,
    pub gas: u64,
    pub nonce: u64,
    pub fees: Fees,
    pub access_list: Vec<(Address, Vec<B256>)>,
    pub authorizations: Vec<SignedDelegation>,
    /// `None`: any chain (before EIP-155).
    pub chain_id: Option<u64>,
    /// Whether it has blobs, which a document holds only as bytes.
    pub has_blobs: bool,
}

pub(crate) fn read(reader: &mut Reader<'_>) {
    match reader.root {
        Some(root) if root.value() == Value::List => {
            for node in root.elements() {
                let Some(bytes) = reader.bytes(node) else { continue };
                if !one(reader, bytes) {
                    return;
                }
            }
        }
        Some(root) => {
            if let Some(bytes) = reader.bytes(root) {
                one(reader, bytes);
            }
        }
        None => lines(reader),
    }
}

/// One a line; without `0x` at the beginning of each line all are one.
fn lines(reader: &mut Reader<'_>) {
    let text = reader.text.trim();
    let marked = text.lines().filter(|line| line.trim_start().starts_with("0x")).count();
    if marked <= 1 {
        let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        match read_bytes(digits.trim_matches(['"', '\'', '`', ',', ';'])) {
            Ok(bytes) => drop(one(reader, bytes)),
            Err((expected, found)) => reader.push(Problem::new("", expected, found)),
        }
        return;
    }
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match read_bytes(line.trim().trim_matches(['"', '\'', ',', ';'])) {
            Ok(bytes) => {
                if !one(reader, bytes) {
                    return;
                }
            }
            Err((expected, found)) => {
                let mut problem = Problem::new("", expected, found);
                problem.position = Some(Position { line: index as u32 + 1, column: 1 });
                reader.push(problem);
            }
        }
    }
}

fn one(reader: &mut Reader<'_>, bytes: Bytes) -> bool {
    if bytes.is_empty() {
        reader.push(Problem::new("", "a signed transaction", "no bytes"));
        return true;
    }
    let mut transaction = plain(reader, None, Target::Creation);
    transaction.action = Action::Signed(bytes);
    keep(reader, transaction)
}

/// Reads the fields of signed transactions by `decode`. The scenario's chain has the id 1: transactions that were signed
/// for another one are written by their fields.
pub fn resolve(import: &mut Import, decode: &dyn Fn(&[u8]) -> Result<SignedFields, String>) {
    let transactions = std::mem::take(&mut import.transactions);
    let mut other_chains = 0;
    // Places of transactions that others name.
    let mut kept: Vec<ImportedTransaction> = Vec::with_capacity(transactions.len());
    let mut moved = Vec::with_capacity(transactions.len());
    for (index, mut transaction) in transactions.into_iter().enumerate() {
        moved.push(kept.len());
        if let Action::Signed(bytes) = &transaction.action
            && transaction.from.is_none()
        {
            match decode(bytes) {
                Ok(fields) => {
                    let SignedFields {
                        from,
                        to,
                        input,
                        value,
                        gas,
                        nonce,
                        fees,
                        access_list,
                        authorizations,
                        chain_id,
                        has_blobs,
                    } = fields;
                    let is_kept = chain_id.is_none_or(|chain| chain == 1);
                    if !is_kept && has_blobs {
                        let found = "one with blobs of another chain";
                        let problem =
                            Problem::new(format!("[{index}]"), "a transaction of the chain 1", found);
                        import.problems.push(FileProblem { file: transaction.file, problem });
                        continue;
                    }
                    transaction.from = Some(from);
                    transaction.to = to.map_or(Target::Creation, Target::Address);
                    (transaction.value, transaction.gas, transaction.nonce) = (value, Some(gas), Some(nonce));
                    (transaction.fees, transaction.access_list) = (fees, access_list);
                    transaction.authorizations = authorizations;
                    if !is_kept {
                        other_chains += 1;
                        transaction.action = Action::Data(input);
                    }
                }
                Err(found) => {
                    let problem = Problem::new(format!("[{index}]"), "a signed transaction", found);
                    import.problems.push(FileProblem { file: transaction.file, problem });
                    continue;
                }
            }
        }
        kept.push(transaction);
    }
    for transaction in &mut kept {
        if let Target::Created(index) = &mut transaction.to {
            *index = moved.get(*index).copied().unwrap_or_default();
        }
    }
    import.transactions = kept;
    import.lacking.retain(|lack| !matches!(lack.what, Lacking::Signatures(_)));
    if other_chains > 0 {
        let text = match other_chains {
            1 => "1 transaction is signed for another chain: it is written by its fields, without its signature".to_owned(),
            many => format!("{many} transactions are signed for other chains: they are written by their fields, without their signatures"),
        };
        note(import, "", text);
    }
}

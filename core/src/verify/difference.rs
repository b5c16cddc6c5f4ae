//! The first difference between two results of one block.

use std::fmt;

use alloy_primitives::{Address, U256};
use thiserror::Error;

use crate::prepare::{Account, State};
use crate::run::{Receipt, Status};

/// The first difference between two results of a block.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Difference {
    /// The number of receipts differs.
    #[error("{found} receipts, expected {expected}")]
    Receipts {
        /// Found.
        found: usize,
        /// Expected.
        expected: usize,
    },
    /// A field of a receipt differs.
    #[error("receipt of transaction {tx}: {field} {found}, expected {expected}")]
    Receipt {
        /// The transaction's position.
        tx: usize,
        /// The field.
        field: &'static str,
        /// Found.
        found: String,
        /// Expected.
        expected: String,
    },
    /// A field of an account after the block differs.
    #[error("account {address}: {field} {found}, expected {expected}")]
    Account {
        /// The account.
        address: Address,
        /// The field.
        field: String,
        /// Found.
        found: String,
        /// Expected.
        expected: String,
    },
}

/// The first difference of receipts (status, gas, logs, output, contract address), then of
/// post-states (balance, nonce, code, storage; accounts by address). `None`: equal.
pub fn difference(found: (&[Receipt], &State), expected: (&[Receipt], &State)) -> Option<Difference> {
    receipts(found.0, expected.0, |a, b| {
        field("status", &a.status, &b.status)
            .or_else(|| common(a, b))
            .or_else(|| field("output", &a.output, &b.output))
    })
    .or_else(|| states(found.1, expected.1))
}

/// The same for the result in a file, which has neither the kind of a failure nor outputs.
pub fn difference_from_file(found: (&[Receipt], &State), file: (&[Receipt], &State)) -> Option<Difference> {
    receipts(found.0, file.0, |a, b| {
        let status = |r: &Receipt| match r.status {
            Status::Invalid(_) => "invalid",
            Status::Success => "success",
            Status::Revert | Status::Halt(_) => "failed",
        };
        field("status", &status(a), &status(b)).or_else(|| common(a, b))
    })
    .or_else(|| states(found.1, file.1))
}

type Field = (&'static str, String, String);

fn field<T: PartialEq + fmt::Debug>(name: &'static str, found: &T, expected: &T) -> Option<Field> {
    (found != expected).then(|| (name, brief(found), brief(expected)))
}

/// A value as a difference shows it: long ones (logs, output) are cut.
fn brief(value: &impl fmt::Debug) -> String {
    const MOST: usize = 200;
    let text = format!("{value:?}");
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn common(a: &Receipt, b: &Receipt) -> Option<Field> {
    field("type", &a.kind, &b.kind)
        .or_else(|| field("gas used", &a.gas_used, &b.gas_used))
        .or_else(|| field("cumulative gas", &a.cumulative_gas_used, &b.cumulative_gas_used))
        .or_else(|| field("logs", &a.logs, &b.logs))
        .or_else(|| field("contract address", &a.contract_address, &b.contract_address))
}

fn receipts(
    found: &[Receipt],
    expected: &[Receipt],
    compare: impl Fn(&Receipt, &Receipt) -> Option<Field>,
) -> Option<Difference> {
    if found.len() != expected.len() {
        return Some(Difference::Receipts { found: found.len(), expected: expected.len() });
    }
    found.iter().zip(expected).enumerate().find_map(|(tx, (a, b))| {
        compare(a, b).map(|(field, found, expected)| Difference::Receipt { tx, field, found, expected })
    })
}

fn states(found: &State, expected: &State) -> Option<Difference> {
    // Equal maps are by far the most frequent; the search for the first difference may be slow.
    if found.accounts == expected.accounts {
        return None;
    }
    let mut addresses: Vec<Address> =
        found.accounts.keys().chain(expected.accounts.keys()).copied().collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses.into_iter().find_map(|address| {
        let (field, found, expected) =
            account(found.accounts.get(&address), expected.accounts.get(&address))?;
        Some(Difference::Account { address, field, found, expected })
    })
}

fn account(found: Option<&Account>, expected: Option<&Account>) -> Option<(String, String, String)> {
    let (a, b) = match (found, expected) {
        (Some(a), Some(b)) => (a, b),
        (None, None) => return None,
        (a, _) => {
            let text = |there: bool| if there { "exists" } else { "missing" }.to_owned();
            return Some(("account".into(), text(a.is_some()), text(a.is_none())));
        }
    };
    let named = |(name, found, expected): Field| (name.to_owned(), found, expected);
    field("balance", &a.balance, &b.balance)
        .or_else(|| field("nonce", &a.nonce, &b.nonce))
        .or_else(|| field("code hash", &a.code_hash, &b.code_hash))
        .map(named)
        .or_else(|| {
            let mut slots: Vec<U256> = a.storage.keys().chain(b.storage.keys()).copied().collect();
            slots.sort_unstable();
            slots.into_iter().find_map(|slot| {
                let [found, expected] = [a, b].map(|x| x.storage.get(&slot).copied().unwrap_or_default());
                (found != expected)
                    .then(|| (format!("slot {slot:#x}"), format!("{found:#x}"), format!("{expected:#x}")))
            })
        })
}

#[cfg(test)]
mod tests {
    use alloy_primitives::Bytes;

    use super::*;

    fn check(change: impl Fn(&mut Receipt, &mut Account), expected: Option<&str>) {
        let mut receipt = Receipt { gas_used: 21_000, ..Receipt::default() };
        let mut account = Account { balance: U256::from(5), nonce: 1, ..Account::default() };
        account.storage.insert(U256::from(1), U256::from(2));
        let state = |account: &Account| State {
            accounts: [(Address::ZERO, account.clone())].into_iter().collect(),
            ..State::default()
        };
        let oracle = ([receipt.clone()], state(&account));
        change(&mut receipt, &mut account);
        let found = difference((&[receipt], &state(&account)), (&oracle.0, &oracle.1));
        assert_eq!(found.map(|d| d.to_string()).as_deref(), expected);
    }

    #[test]
    fn equal_results_have_no_difference() {
        check(|_, _| (), None);
    }

    #[test]
    fn the_first_difference_names_its_place() {
        check(|r, _| r.gas_used = 7, Some("receipt of transaction 0: gas used 7, expected 21000"));
        check(
            |r, _| r.status = Status::Revert,
            Some("receipt of transaction 0: status Revert, expected Success"),
        );
        check(
            |r, _| r.output = Bytes::from_static(&[1]),
            Some("receipt of transaction 0: output 0x01, expected 0x"),
        );
        let zero = "0x0000000000000000000000000000000000000000";
        check(
            |_, a| {
                a.storage.clear();
            },
            Some(&format!("account {zero}: slot 0x1 0x0, expected 0x2")),
        );
        check(|_, a| a.nonce = 2, Some(&format!("account {zero}: nonce 2, expected 1")));
    }

    #[test]
    fn a_missing_account_is_a_difference() {
        let empty = State::default();
        let one = State {
            accounts: [(Address::ZERO, Account::default())].into_iter().collect(),
            ..State::default()
        };
        assert!(difference((&[], &empty), (&[], &one)).is_some());
        assert!(difference((&[], &one), (&[], &empty)).is_some());
    }

    #[test]
    fn a_file_does_not_know_why_a_transaction_failed() {
        let halted = Receipt { status: Status::Halt("OutOfGas".into()), ..Receipt::default() };
        let reverted = Receipt { status: Status::Revert, ..Receipt::default() };
        let state = State::default();
        assert_eq!(difference_from_file((&[halted], &state), (&[reverted], &state)), None);
    }
}

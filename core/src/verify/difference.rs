//! The first difference between two results of one block.

use alloy_primitives::{Address, U256, hex};
use thiserror::Error;

use crate::prepare::{Account, State};
use crate::run::{Log, Receipt, Status};

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
        /// The field; of logs and output, the part of it.
        field: String,
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
        part("status", ended(&a.status), ended(&b.status))
            .or_else(|| common(a, b))
            .or_else(|| bytes("output", &a.output, &b.output))
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
        part("status", status(a), status(b)).or_else(|| common(a, b))
    })
    .or_else(|| states(found.1, file.1))
}

/// The name of a field or of a part of it, what was found there, and what was expected.
type Field = (String, String, String);

fn part(name: impl Into<String>, found: impl ToString, expected: impl ToString) -> Option<Field> {
    let (found, expected) = (found.to_string(), expected.to_string());
    (found != expected).then(|| (name.into(), found, expected))
}

/// How a transaction ended, in words.
fn ended(status: &Status) -> String {
    match status {
        Status::Success => "success".to_owned(),
        Status::Revert => "reverted".to_owned(),
        Status::Halt(why) => format!("halted ({why})"),
        Status::Invalid(why) => format!("not included ({why})"),
    }
}

fn common(a: &Receipt, b: &Receipt) -> Option<Field> {
    let created = |receipt: &Receipt| receipt.contract_address.map_or("none".to_owned(), |a| a.to_string());
    part("type", a.kind, b.kind)
        .or_else(|| part("gas used", a.gas_used, b.gas_used))
        .or_else(|| part("cumulative gas", a.cumulative_gas_used, b.cumulative_gas_used))
        .or_else(|| logs(&a.logs, &b.logs))
        .or_else(|| part("contract address", created(a), created(b)))
}

fn logs(found: &[Log], expected: &[Log]) -> Option<Field> {
    let each = found.iter().zip(expected).enumerate().find_map(|(i, (a, b))| {
        let topics = a.data.topics().iter().zip(b.data.topics()).enumerate();
        part(format!("log {i} address"), a.address, b.address)
            .or_else(|| {
                let of = |log: &Log| log.data.topics().len();
                part(format!("log {i} number of topics"), of(a), of(b))
            })
            .or_else(|| topics.into_iter().find_map(|(n, (a, b))| part(format!("log {i} topic {n}"), a, b)))
            .or_else(|| bytes(&format!("log {i} data"), &a.data.data, &b.data.data))
    });
    each.or_else(|| part("number of logs", found.len(), expected.len()))
}

/// Of long values the first word of 32 bytes that differs, because their beginnings are often the same.
fn bytes(name: &str, found: &[u8], expected: &[u8]) -> Option<Field> {
    const WORD: usize = 32;
    if found == expected {
        return None;
    }
    if found.len() <= WORD && expected.len() <= WORD {
        return part(name, hex::encode_prefixed(found), hex::encode_prefixed(expected));
    }
    let words = || found.chunks(WORD).zip(expected.chunks(WORD));
    match words().position(|(a, b)| a != b).and_then(|i| words().nth(i).map(|words| (i * WORD, words))) {
        Some((from, (a, b))) => {
            part(format!("{name} from byte {from}"), hex::encode_prefixed(a), hex::encode_prefixed(b))
        }
        // One is the beginning of the other.
        None => part(format!("{name} length"), found.len(), expected.len()),
    }
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

fn account(found: Option<&Account>, expected: Option<&Account>) -> Option<Field> {
    let (a, b) = match (found, expected) {
        (Some(a), Some(b)) => (a, b),
        (None, None) => return None,
        (a, _) => {
            let text = |there: bool| if there { "exists" } else { "missing" }.to_owned();
            return Some(("account".into(), text(a.is_some()), text(a.is_none())));
        }
    };
    let code = |account: &Account| account.code_hash.map_or("none".to_owned(), |hash| hash.to_string());
    part("balance", a.balance, b.balance)
        .or_else(|| part("nonce", a.nonce, b.nonce))
        .or_else(|| part("code hash", code(a), code(b)))
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
    use std::slice;

    use alloy_primitives::{B256, Bytes, LogData};

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
            Some("receipt of transaction 0: status reverted, expected success"),
        );
        check(
            |r, _| r.output = Bytes::from_static(&[1]),
            Some("receipt of transaction 0: output 0x01, expected 0x"),
        );
        check(
            |r, _| r.status = Status::Invalid("nonce 1 too low, expected 2".into()),
            Some(
                "receipt of transaction 0: status not included (nonce 1 too low, expected 2), expected success",
            ),
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

    fn check_logs(found: &[Log], expected: &[Log], difference: &str) {
        let named =
            logs(found, expected).map(|(name, found, expected)| format!("{name} {found}, not {expected}"));
        assert_eq!(named.as_deref(), (!difference.is_empty()).then_some(difference));
    }

    #[test]
    fn of_logs_the_first_part_that_differs_is_named() {
        let log = |topics: &[u8], data: Vec<u8>| Log {
            address: Address::ZERO,
            data: LogData::new_unchecked(
                topics.iter().map(|n| B256::with_last_byte(*n)).collect(),
                data.into(),
            ),
        };
        let one = log(&[1, 2], vec![7; 96]);
        check_logs(slice::from_ref(&one), slice::from_ref(&one), "");
        check_logs(slice::from_ref(&one), &[], "number of logs 1, not 0");
        check_logs(
            &[one.clone(), log(&[1], vec![])],
            &[one.clone(), log(&[], vec![])],
            "log 1 number of topics 1, not 0",
        );
        let topic = |n| B256::with_last_byte(n);
        check_logs(
            &[log(&[1, 3], vec![])],
            &[log(&[1, 2], vec![])],
            &format!("log 0 topic 1 {}, not {}", topic(3), topic(2)),
        );
        // The third word, although the two before it are the same.
        let mut data = vec![7; 96];
        data[95] = 8;
        let [seven, eight] = [&[7; 32][..], &data[64..]].map(hex::encode_prefixed);
        check_logs(
            &[log(&[1, 2], data)],
            slice::from_ref(&one),
            &format!("log 0 data from byte 64 {eight}, not {seven}"),
        );
        check_logs(&[log(&[1, 2], vec![7; 64])], &[one], "log 0 data length 64, not 96");
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

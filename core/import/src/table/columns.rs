//! Which column holds what: by the header's names, else by what the cells look like.

use csv::StringRecord;

use super::TableChoices;
use crate::reader::{one_line, read_address};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Senders.
    From,
    /// Recipients.
    To,
    /// Amounts.
    Amount,
    /// Tokens, by address or symbol.
    Token,
}

/// A column: by its number from 0, or its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// From 0.
    Number(usize),
    /// As the header has it; case does not matter.
    Name(String),
}

/// The columns that were found.
pub(super) struct Columns {
    pub(super) from: Option<usize>,
    pub(super) to: Option<usize>,
    /// Usually one; money in and money out are two.
    pub(super) amounts: Vec<usize>,
    pub(super) token: Option<usize>,
    pub(super) notes: Vec<String>,
}

const FROM: [&str; 9] =
    ["from", "fromaddress", "sender", "payer", "source", "fromaccount", "senderaddress", "txfrom", "signer"];
const TO: [&str; 14] = [
    "to",
    "toaddress",
    "recipient",
    "receiver",
    "recipientaddress",
    "receiveraddress",
    "payee",
    "destination",
    "toaccount",
    "beneficiary",
    "txto",
    "walletaddress",
    "wallet",
    "address",
];
const AMOUNT: [&str; 13] = [
    "value",
    "amount",
    "quantity",
    "tokenvalue",
    "tokenamount",
    "amt",
    "wei",
    "eth",
    "ether",
    "gwei",
    "amounteth",
    "valueeth",
    "tokens",
];
const TOKEN: [&str; 8] = [
    "token",
    "tokenaddress",
    "tokensymbol",
    "symbol",
    "currency",
    "asset",
    "contractaddress",
    "tokencontract",
];

/// A column's name without case, blanks and signs, and without the unit in brackets.
fn plain(name: &str) -> String {
    let name = name.split(['(', '[']).next().unwrap_or(name);
    name.chars().filter(char::is_ascii_alphanumeric).flat_map(char::to_lowercase).collect()
}

/// Whether a row names columns: no cell is an address or a number, and not all are empty.
pub(super) fn is_header(row: &StringRecord) -> bool {
    let is_value = |cell: &str| {
        let cell = cell.trim();
        read_address(cell).is_ok() || cell.starts_with(|c: char| c.is_ascii_digit())
    };
    !row.iter().any(is_value) && row.iter().any(|cell| !cell.trim().is_empty())
}

pub(super) fn find(header: Option<&StringRecord>, rows: &[StringRecord], choices: &TableChoices) -> Columns {
    let width = rows.iter().map(StringRecord::len).max().unwrap_or(0).min(1_000);
    let names: Vec<String> =
        (0..width).map(|i| header.and_then(|h| h.get(i)).map(plain).unwrap_or_default()).collect();
    let mut found = Columns { from: None, to: None, amounts: Vec::new(), token: None, notes: Vec::new() };
    for (role, column) in &choices.columns {
        let number = match column {
            Column::Number(number) => Some(*number).filter(|number| *number < width),
            Column::Name(name) => {
                let name = plain(name);
                names.iter().position(|other| *other == name && !name.is_empty())
            }
        };
        match role {
            Role::From => found.from = number,
            Role::To => found.to = number,
            Role::Amount => found.amounts = number.into_iter().collect(),
            Role::Token => found.token = number,
        }
    }
    let chosen = |role: Role| choices.columns.iter().any(|(other, _)| *other == role);
    let by_name = |known: &[&str]| known.iter().find_map(|name| names.iter().position(|other| other == name));
    let title = |column: usize| match header.and_then(|header| header.get(column)) {
        Some(name) => format!("\"{}\"", one_line(name)),
        None => format!("column {}", column + 1),
    };
    let mut notes = Vec::new();
    let mut say = |what: &str, columns: &[usize], why: &str| {
        let columns: Vec<String> = columns.iter().map(|column| title(*column)).collect();
        notes.push(format!("{what}: {}, {why}", columns.join(" and ")));
    };
    if !chosen(Role::From) {
        found.from = by_name(&FROM);
        if let Some(column) = found.from {
            say("senders", &[column], "by its name");
        }
    }
    if !chosen(Role::To) {
        found.to = by_name(&TO);
        if let Some(column) = found.to {
            say("recipients", &[column], "by its name");
        }
    }
    if !chosen(Role::Amount) {
        // Etherscan's: Value_IN(ETH), Value_OUT(ETH).
        let position = |name: &str| names.iter().position(|other| other == name);
        found.amounts = match (position("valuein"), position("valueout")) {
            (Some(into), Some(out)) => vec![into, out],
            _ => by_name(&AMOUNT).into_iter().collect(),
        };
        if !found.amounts.is_empty() {
            say("amounts", &found.amounts, "by its name");
        }
    }
    if !chosen(Role::Token) && found.amounts.len() < 2 {
        // A column that is empty in every row says nothing.
        let is_used = |column: &usize| {
            rows.iter().any(|row| row.get(*column).is_some_and(|cell| !cell.trim().is_empty()))
        };
        found.token = by_name(&TOKEN).filter(is_used);
        if let Some(column) = found.token {
            say("tokens", &[column], "by its name");
        }
    }
    let holds = |column: usize, test: &dyn Fn(&str) -> bool| {
        let cells = rows.iter().filter_map(|row| row.get(column)).filter(|cell| !cell.trim().is_empty());
        let (mut all, mut fit) = (0, 0);
        for cell in cells {
            all += 1;
            fit += usize::from(test(cell));
        }
        all > 0 && fit * 10 >= all * 9
    };
    let taken = |found: &Columns, column: usize| {
        found.from == Some(column)
            || found.to == Some(column)
            || found.token == Some(column)
            || found.amounts.contains(&column)
    };
    if found.to.is_none() && !chosen(Role::To) {
        let addresses: Vec<usize> = (0..width)
            .filter(|column| !taken(&found, *column) && holds(*column, &|cell| read_address(cell).is_ok()))
            .collect();
        match addresses[..] {
            [to] => found.to = Some(to),
            [from, to] if found.from.is_none() && !chosen(Role::From) => {
                (found.from, found.to) = (Some(from), Some(to));
                say("senders", &[from], "the first column with addresses");
            }
            _ => {}
        }
        if let Some(to) = found.to {
            say("recipients", &[to], "by the addresses in it");
        }
    }
    if found.amounts.is_empty() && !chosen(Role::Amount) {
        let is_number = |cell: &str| {
            let cell = cell.trim();
            cell.starts_with(|c: char| c.is_ascii_digit())
                && !cell.starts_with("0x")
                && !cell.contains([':', '/'])
        };
        let numbers: Vec<usize> =
            (0..width).filter(|column| !taken(&found, *column) && holds(*column, &is_number)).collect();
        if let [amount] = numbers[..] {
            found.amounts = vec![amount];
            say("amounts", &[amount], "the only column with numbers");
        }
    }
    found.notes = notes;
    found
}

//! Tables of transfers: CSV, TSV, with semicolons or bars, quoted or not.
//!
//! Delimiter, header, columns and units are guessed, each with its reason, and can be given instead. What can be read in
//! two ways is not guessed: it is lacking, and no transfer is made until it is answered. Nothing is rounded.

mod amount;
mod columns;

use alloy_primitives::Address;
use csv::StringRecord;
use document::account_address;
use document::json::shortened;
use document::problem::{Position, Problem};

pub use columns::{Column, Role};

use crate::bounds::MAX_TRANSACTIONS;
use crate::reader::{Reader, one_line, read_address};
use crate::transactions::{keep, plain};
use crate::types::{Action, ImportedAccount, Lacking, Target};
use amount::{Marks, Reading};

/// What a person says about a table, instead of what would be guessed.
#[derive(Clone, Debug, Default)]
pub struct TableChoices {
    /// Between columns.
    pub delimiter: Option<char>,
    /// Whether the first row has names.
    pub header: Option<bool>,
    /// Columns by what they hold.
    pub columns: Vec<(Role, Column)>,
    /// How many decimals the amounts' unit has: 18 for ether, 0 for wei.
    pub decimals: Option<u32>,
    /// `.` or `,`: the other one separates thousands.
    pub decimal_mark: Option<char>,
}

/// Delimiters, the likeliest first.
const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];
/// Rows that are looked at to guess.
const LOOK: usize = 200;

pub(crate) fn read(reader: &mut Reader<'_>, choices: &TableChoices) {
    let (text, delimiter) = match delimiter(reader.text, choices) {
        Some((text, delimiter, reason)) => {
            reader.note(reason);
            (text, delimiter)
        }
        None => {
            reader.push(Problem::new("", "a table: rows with the same number of columns", "rows without"));
            return;
        }
    };
    let skipped = reader.text.len() - text.len();
    let lines_before = reader.text[..skipped].matches('\n').count() as u64;
    let mut rows =
        rows_of(text, delimiter).filter(|row| row.iter().any(|cell| !cell.trim().is_empty())).peekable();
    let has_header = choices.header.unwrap_or_else(|| rows.peek().is_some_and(columns::is_header));
    let header = if has_header { rows.next() } else { None };
    let rows: Vec<StringRecord> = rows.take(MAX_TRANSACTIONS + 1).collect();
    if rows.is_empty() {
        reader.push(Problem::new("", "rows with transfers", "none"));
        return;
    }
    let found = columns::find(header.as_ref(), &rows[..rows.len().min(LOOK)], choices);
    for note in &found.notes {
        reader.note(note);
    }
    let amounts = found.amounts.clone();
    let (Some(to), false) = (found.to, amounts.is_empty()) else {
        if found.to.is_none() {
            reader.lacks(None, Lacking::Column("recipients"));
        }
        if amounts.is_empty() {
            reader.lacks(None, Lacking::Column("amounts"));
        }
        return;
    };
    let name = |column: usize| match header.as_ref().and_then(|header| header.get(column)) {
        Some(name) => one_line(name),
        None => format!("column {}", column + 1),
    };
    let column = amounts.first().copied().map(name).unwrap_or_default();
    let cells = || rows.iter().flat_map(|row| amounts.iter().filter_map(|column| row.get(*column)));
    let marks = match Marks::guess(cells(), choices.decimal_mark) {
        Ok((marks, reason)) => {
            if let Some(reason) = reason {
                reader.note(format!("in \"{column}\", {reason}"));
            }
            marks
        }
        Err((example, readings)) => {
            reader.lacks(None, Lacking::Separator { column, example: shortened(&example), readings });
            return;
        }
    };
    let decimals = match amount::decimals(&column, cells(), marks, found.token.is_some(), choices.decimals) {
        Ok((decimals, reason)) => {
            reader.note(format!("the amounts of \"{column}\" have {decimals} decimals: {reason}"));
            decimals
        }
        Err(example) => {
            reader.lacks(None, Lacking::Decimals { column, example: shortened(&example) });
            return;
        }
    };
    if cells().any(|cell| {
        cell.contains(['e', 'E']) && matches!(amount::read(cell, marks, decimals), Ok(Reading { .. }))
    }) {
        reader.note(format!("\"{column}\" has amounts with an exponent, as spreadsheets write large numbers: what they have rounded is lost"));
    }
    let mut named: std::collections::HashSet<String> = std::collections::HashSet::new();
    let mut without_sender = 0;
    for row in &rows {
        let line = row.position().map_or(0, csv::Position::line) + lines_before;
        let wrong = |reader: &mut Reader<'_>, column: usize, (expected, found): (String, String)| {
            let mut problem = Problem::new(name(column), expected, found);
            problem.position =
                Some(Position { line: line.try_into().unwrap_or(u32::MAX), column: column as u32 + 1 });
            reader.push(problem);
        };
        let mut party = |reader: &mut Reader<'_>, column: usize| -> Option<Address> {
            let cell = row.get(column).unwrap_or_default();
            match party(cell) {
                Ok((address, None)) => Some(address),
                Ok((address, Some(name))) => {
                    if named.insert(name.clone()) {
                        reader.import.accounts.push(ImportedAccount {
                            name: Some(name),
                            address,
                            ..Default::default()
                        });
                    }
                    Some(address)
                }
                Err(mistake) => {
                    wrong(reader, column, mistake);
                    None
                }
            }
        };
        let Some(to) = party(reader, to) else { continue };
        let from = match found.from {
            Some(column) => match party(reader, column) {
                Some(from) => Some(from),
                None => continue,
            },
            None => {
                without_sender += 1;
                None
            }
        };
        let mut value = None;
        for column in &amounts {
            match amount::read(row.get(*column).unwrap_or_default(), marks, decimals) {
                // Of two columns, money in and money out, one is empty or 0.
                Ok(read) => {
                    value =
                        Some(value.map_or(read.value, |value: alloy_primitives::U256| value.max(read.value)))
                }
                Err(_) if amounts.len() > 1 && row.get(*column).is_none_or(|cell| cell.trim().is_empty()) => {
                }
                Err(mistake) => {
                    wrong(reader, *column, mistake);
                    value = None;
                    break;
                }
            }
        }
        let Some(value) = value else { continue };
        let token =
            found.token.and_then(|column| row.get(column)).map(one_line).filter(|token| !is_ether(token));
        let mut transaction = plain(reader, from, Target::Address(to));
        match token {
            Some(token) => transaction.action = Action::Tokens { token, to, amount: value },
            None => transaction.value = value,
        }
        if !keep(reader, transaction) {
            return;
        }
    }
    if without_sender > 0 {
        reader.lacks(None, Lacking::Senders(without_sender));
    }
    if !named.is_empty() {
        reader.note("names stand for accounts with made-up addresses");
    }
}

/// An account by its address, or by a name that a document may have.
fn party(cell: &str) -> Result<(Address, Option<String>), (String, String)> {
    let cell = cell.trim();
    let mistake = match read_address(cell) {
        Ok(address) => return Ok((address, None)),
        Err(mistake) => mistake,
    };
    let is_hex = cell.starts_with("0x") || cell.starts_with("0X");
    let name: String =
        cell.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    let fits = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_') && name.len() <= 50;
    if is_hex || !fits {
        return Err(if is_hex {
            mistake
        } else {
            ("an address or a name".to_owned(), format!("\"{}\"", shortened(cell)))
        });
    }
    Ok((account_address(&name), Some(name)))
}

fn is_ether(token: &str) -> bool {
    let token = token.trim().to_ascii_lowercase();
    matches!(&*token, "" | "eth" | "ether" | "native" | "0x" | "null" | "-")
        || read_address(&token).is_ok_and(|address| address.is_zero())
}

fn rows_of(text: &str, delimiter: char) -> impl Iterator<Item = StringRecord> + '_ {
    let reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter as u8)
        .from_reader(text.as_bytes());
    // The text is UTF-8, so a record that cannot be read is none that was there.
    reader.into_records().map_while(Result::ok)
}

/// The table without what stands before it, its delimiter, and why.
fn delimiter<'t>(text: &'t str, choices: &TableChoices) -> Option<(&'t str, char, String)> {
    let text = text.trim_start_matches('\u{feff}');
    // Excel's own note.
    if let Some(rest) = text.strip_prefix("sep=") {
        let mut chars = rest.chars();
        let given = chars.next().filter(|c| DELIMITERS.contains(c))?;
        let rest = chars.as_str().trim_start_matches(['\r', '\n']);
        return Some((
            rest,
            choices.delimiter.unwrap_or(given),
            format!("columns are separated by {}, as its first line says", shown(given)),
        ));
    }
    if let Some(given) = choices.delimiter.filter(char::is_ascii) {
        return Some((text, given, format!("columns are separated by {}, as was said", shown(given))));
    }
    let mut best: Option<((usize, usize), char, usize)> = None;
    for delimiter in DELIMITERS {
        let rows: Vec<StringRecord> = rows_of(text, delimiter).take(LOOK).collect();
        let Some(first) = rows.first().map(StringRecord::len).filter(|columns| *columns > 1) else {
            continue;
        };
        let same = rows.iter().filter(|row| row.len() == first).count();
        let addresses =
            rows.iter().flat_map(StringRecord::iter).filter(|cell| read_address(cell).is_ok()).count();
        // Rows that agree count most; then cells that are addresses, which a wrong delimiter leaves uncut.
        let score = (same * 100 / rows.len(), addresses);
        if best.is_none_or(|(other, ..)| (score.1, score.0) > (other.1, other.0)) {
            best = Some((score, delimiter, first));
        }
    }
    let (_, delimiter, columns) = best?;
    Some((
        text,
        delimiter,
        format!("columns are separated by {}, which gives {columns} of them", shown(delimiter)),
    ))
}

fn shown(delimiter: char) -> String {
    if delimiter == '\t' { "tabs".to_owned() } else { format!("\"{delimiter}\"") }
}

//! A block's access list (EIP-7928) as a table and as a file.

use std::collections::HashMap;

use alloy_eip7928::AccountChanges;
use alloy_primitives::{Address, B256};

use super::{RequestError, ready::Ready};
use crate::{
    access_list::{self, Line, MAX_BYTES, MAX_RLP, Mark},
    cancel::CancelFlag,
    messages::{
        AccessList, GivenList, ListFigures, ListForm, ListMark, ListRow, ListedAccount, ListedLocation,
    },
    naming,
    problem::Problem,
    trace::Location,
};

/// The most rows of a table with a difference, and the most without.
const MAX_ROWS: usize = 200_000;

/// The block's list, compared with the one from outside, if there is one.
pub(super) fn list(ready: &Ready, cancel: &CancelFlag) -> Result<AccessList, RequestError> {
    let observed = ready.loaded.access_list(cancel)?;
    let given = ready.given_list();
    let transactions = ready.loaded.transactions();
    let lines = access_list::lines(given.map(|(list, _)| &list[..]), observed, transactions);
    let count = |mark| lines.iter().filter(|line| line.mark == mark).count() as u32;
    let given = given.map(|(list, hash)| GivenList {
        figures: figures(list, hash),
        missing: count(Mark::Missing),
        extra: count(Mark::Extra),
        different: count(Mark::Different),
        outside: count(Mark::Outside),
        disorder: access_list::disorder(list, transactions),
    });
    let mut table = Table::new(MAX_ROWS);
    lines.into_iter().for_each(|line| table.push(line));
    let names = naming::location_names(&ready.names, &table.locations, &ready.preimages);
    let slot = |location: &Location| match location {
        Location::Storage(_, slot) => Some(B256::from(*slot).to_string()),
        _ => None,
    };
    Ok(AccessList {
        accounts: table
            .accounts
            .iter()
            .map(|address| ListedAccount {
                address: address.to_string(),
                name: ready.names.of(*address).map(str::to_owned),
            })
            .collect(),
        locations: table
            .locations
            .iter()
            .zip(names)
            .map(|(location, name)| ListedLocation { name: name.name, slot: slot(location) })
            .collect(),
        rows: table.rows,
        left_out: table.left_out,
        figures: figures(observed, access_list::hash(observed)),
        given,
    })
}

/// The list as a file that can be read again.
pub(super) fn export(ready: &Ready, form: ListForm, cancel: &CancelFlag) -> Result<Vec<u8>, RequestError> {
    let observed = ready.loaded.access_list(cancel)?;
    let (bytes, most) = match form {
        ListForm::Json => (access_list::to_json(observed).into_bytes(), MAX_BYTES),
        ListForm::Rlp => (access_list::to_rlp(observed).to_vec(), MAX_RLP),
    };
    if bytes.len() > most {
        let found = format!("{} bytes", bytes.len());
        return Err(vec![Problem::new("list", format!("at most {most} bytes in this form"), found)].into());
    }
    Ok(bytes)
}

fn figures(list: &[AccountChanges], hash: B256) -> ListFigures {
    ListFigures {
        accounts: list.len() as u32,
        entries: access_list::entry_count(list) as u32,
        rlp: access_list::to_rlp(list).len() as u64,
        hash: hash.to_string(),
    }
}

/// Rows with accounts and locations by number.
struct Table {
    accounts: Vec<Address>,
    locations: Vec<Location>,
    location_numbers: HashMap<Location, u32>,
    rows: Vec<ListRow>,
    /// How many more rows fit: without and with a difference.
    free_rows: [usize; 2],
    left_out: u32,
}

impl Table {
    fn new(most: usize) -> Self {
        Self {
            accounts: Vec::new(),
            locations: Vec::new(),
            location_numbers: HashMap::new(),
            rows: Vec::new(),
            free_rows: [most; 2],
            left_out: 0,
        }
    }

    fn push(&mut self, line: Line) {
        let Line { address, location, tx, listed, observed, mark } = line;
        let free_rows = &mut self.free_rows[usize::from(!matches!(mark, Mark::Same | Mark::Outside))];
        if *free_rows == 0 {
            self.left_out += 1;
            return;
        }
        *free_rows -= 1;
        // The lines are in the order of accounts.
        if self.accounts.last() != Some(&address) {
            self.accounts.push(address);
        }
        let location = location.map(|location| {
            *self.location_numbers.entry(location).or_insert_with(|| {
                self.locations.push(location);
                self.locations.len() as u32 - 1
            })
        });
        let mark = match (mark, &listed) {
            (Mark::Same, _) => ListMark::Same,
            (Mark::Missing, _) => ListMark::Missing,
            (Mark::Extra, _) => ListMark::Extra,
            (Mark::Different, Some(listed)) => ListMark::Different(listed.to_string()),
            (Mark::Different, None) => ListMark::Missing,
            (Mark::Outside, _) => ListMark::Outside,
        };
        let value = observed.or(listed).map(|value| value.to_string()).unwrap_or_default();
        let account = self.accounts.len() as u32 - 1;
        self.rows.push(ListRow { account, location, tx, value, mark });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access_list::Value;

    #[test]
    fn rows_that_do_not_fit_are_counted_and_leave_space_for_differences() {
        let mut table = Table::new(3);
        for i in 0..10_u8 {
            let address = Address::repeat_byte(i);
            let mark = if i < 8 { Mark::Same } else { Mark::Missing };
            let observed = Some(Value::Accessed);
            table.push(Line { address, location: None, tx: None, listed: None, observed, mark });
        }
        let marks: Vec<_> = table.rows.iter().map(|row| (row.account, row.mark.clone())).collect();
        assert_eq!(marks[3..], [(3, ListMark::Missing), (4, ListMark::Missing)]);
        assert_eq!((marks.len(), table.left_out, table.accounts.len()), (5, 5, 5));
    }
}

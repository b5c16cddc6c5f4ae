//! A block's access list as rows of a table, and what its comparison with another says.

use evm_lanes_core::messages::{AccessList, GivenList, ListMark, ListRow};

use super::format::{count, counted, listed};

/// Whether a row is a difference.
pub fn differs(row: &ListRow) -> bool {
    matches!(row.mark, ListMark::Missing | ListMark::Extra | ListMark::Different(_))
}

/// The rows that are shown, by index; where only differences are, the accounts that they belong to stand above them.
pub fn shown(list: &AccessList, only_differences: bool) -> Vec<u32> {
    if !only_differences {
        return (0..list.rows.len() as u32).collect();
    }
    let mut shown = Vec::new();
    let mut account = None;
    for (i, row) in list.rows.iter().enumerate() {
        if row.location.is_none() {
            account = Some(i as u32);
        }
        if differs(row) {
            if row.location.is_some()
                && let Some(above) = account.take()
            {
                shown.push(above);
            }
            account = account.filter(|above| *above != i as u32);
            shown.push(i as u32);
        }
    }
    shown
}

/// How another list stands to a row, in words.
pub fn mark(row: &ListRow) -> String {
    match &row.mark {
        ListMark::Same => "same".to_owned(),
        ListMark::Missing => "missing in the list".to_owned(),
        ListMark::Extra => "only in the list".to_owned(),
        ListMark::Different(listed) => format!("the list says {listed}"),
        ListMark::Outside => "not compared: it belongs to no transaction".to_owned(),
    }
}

/// What the list amounts to: `12 accounts, 34 changes and reads; 1,234 bytes as RLP, 51 for each transaction`.
pub fn figures(list: &AccessList, transactions: u32) -> String {
    let figures = &list.figures;
    let each = figures.rlp.checked_div(transactions.into()).filter(|_| transactions > 1);
    format!(
        "{}, {} changes and reads; {} as RLP{}",
        counted(figures.accounts.into(), "account"),
        count(figures.entries.into()),
        counted(figures.rlp, "byte"),
        each.map(|each| format!(", {} for each transaction", count(each))).unwrap_or_default()
    )
}

/// How a list from a file stands to what was observed.
pub fn verdict(name: &str, given: &GivenList) -> String {
    let all = given.missing + given.extra + given.different;
    let kinds = [
        (given.different, "with another value"),
        (given.missing, "missing in it"),
        (given.extra, "only in it"),
    ];
    let kinds: Vec<String> = kinds
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| format!("{} {what}", count(n.into())))
        .collect();
    let mut text = if all == 0 {
        format!("{name} agrees with what was observed: no difference.")
    } else {
        format!("{name}: {}: {}.", counted(all.into(), "difference"), listed(&kinds))
    };
    if given.outside > 0 {
        text.push_str(&format!(
            " {} of what the block itself does before and after its transactions: not compared.",
            counted(given.outside.into(), "row")
        ));
    }
    if let Some(disorder) = &given.disorder {
        text.push_str(&format!(" Not in the form that EIP-7928 asks for: {disorder}."));
    }
    text
}

#[cfg(test)]
mod tests {
    use evm_lanes_core::messages::ListFigures;

    use super::*;

    fn list() -> AccessList {
        let row = |account, location, tx, mark| ListRow { account, location, tx, value: "1".into(), mark };
        let figures = ListFigures { accounts: 3, entries: 3, rlp: 1_234, hash: "0xabc".into() };
        AccessList {
            accounts: Vec::new(),
            locations: Vec::new(),
            rows: vec![
                row(0, None, None, ListMark::Same),
                row(0, Some(0), Some(0), ListMark::Same),
                row(0, Some(0), Some(1), ListMark::Different("2".into())),
                row(0, Some(1), None, ListMark::Missing),
                row(1, None, None, ListMark::Same),
                row(1, Some(2), None, ListMark::Same),
                row(2, None, None, ListMark::Extra),
                row(2, Some(3), Some(0), ListMark::Extra),
            ],
            left_out: 0,
            figures: figures.clone(),
            given: Some(GivenList {
                figures,
                missing: 1,
                extra: 2,
                different: 1,
                outside: 0,
                disorder: None,
            }),
        }
    }

    #[test]
    fn differences_stand_below_their_account() {
        assert_eq!(shown(&list(), false), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(shown(&list(), true), [0, 2, 3, 6, 7]);
    }

    #[test]
    fn a_comparison_is_told_in_words() {
        let list = list();
        assert_eq!(mark(&list.rows[2]), "the list says 2");
        let mut given = list.given.clone().unwrap();
        let four = "a.json: 4 differences: 1 with another value, 1 missing in it and 2 only in it.";
        assert_eq!(verdict("a.json", &given), four);
        (given.missing, given.extra, given.different, given.outside) = (0, 0, 0, 2);
        let none = "a.json agrees with what was observed: no difference. 2 rows of what the block itself does before and after its transactions: not compared.";
        assert_eq!(verdict("a.json", &given), none);
    }

    #[test]
    fn the_list_is_told_with_its_size() {
        let told = "3 accounts, 3 changes and reads; 1,234 bytes as RLP, 123 for each transaction";
        assert_eq!(figures(&list(), 10), told);
        assert_eq!(figures(&list(), 0), "3 accounts, 3 changes and reads; 1,234 bytes as RLP");
    }
}

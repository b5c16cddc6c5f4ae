//! The smallest scenario that still shows something: delta debugging (Zeller and Hildebrandt, IEEE TSE 2002).

use crate::{Named, Scenario};

/// A shortest list that `shows` can still be said of, made by leaving parts of `items` out: none of what is left can be
/// left out by itself. Order stays.
///
/// # Errors
/// The first one of `shows`.
pub fn reduce<T: Clone, E>(items: &[T], mut shows: impl FnMut(&[T]) -> Result<bool, E>) -> Result<Vec<T>, E> {
    let mut kept = items.to_vec();
    let mut parts = 2;
    while !kept.is_empty() {
        let size = kept.len().div_ceil(parts);
        // From the end: what comes after the first difference is seldom needed.
        let mut end = kept.len();
        let mut shorter = false;
        while end > 0 {
            let start = end.saturating_sub(size);
            let rest = [&kept[..start], &kept[end..]].concat();
            if shows(&rest)? {
                kept = rest;
                shorter = true;
            }
            end = start.min(kept.len());
        }
        if shorter && size > 1 {
            parts = 2.max(parts - 1).min(kept.len().max(2));
        } else if shorter {
            parts = kept.len().max(1);
        } else if size <= 1 {
            break;
        } else {
            parts = (parts * 2).min(kept.len());
        }
    }
    Ok(kept)
}

impl Scenario {
    /// The smallest scenario that `shows` can still be said of: with as few transactions as can be, then with as few
    /// set-up calls, contracts and accounts. `None` if it cannot be said of this one.
    ///
    /// `shows` is asked of scenarios that cannot be prepared, too, because names are missing.
    ///
    /// # Errors
    /// The first one of `shows`.
    pub fn smallest<E>(&self, mut shows: impl FnMut(&Self) -> Result<bool, E>) -> Result<Option<Self>, E> {
        // Written out, each transaction can be left out by itself.
        let mut smallest = self.frozen();
        if !shows(&smallest)? {
            if !shows(self)? {
                return Ok(None);
            }
            smallest = self.clone();
        }
        let with =
            |base: &Self, transactions: &[_]| Self { transactions: transactions.to_vec(), ..base.clone() };
        let transactions = reduce(&smallest.transactions, |some| shows(&with(&smallest, some)))?;
        smallest = with(&smallest, &transactions);
        let with = |base: &Self, setup: &[_]| Self { setup: setup.to_vec(), ..base.clone() };
        let setup = reduce(&smallest.setup, |some| shows(&with(&smallest, some)))?;
        smallest = with(&smallest, &setup);
        let with = |base: &Self, some: &[_]| Self { contracts: Named(some.to_vec()), ..base.clone() };
        let contracts = reduce(&smallest.contracts.0, |some| shows(&with(&smallest, some)))?;
        smallest = with(&smallest, &contracts);
        let with = |base: &Self, some: &[_]| Self { accounts: Named(some.to_vec()), ..base.clone() };
        let accounts = reduce(&smallest.accounts.0, |some| shows(&with(&smallest, some)))?;
        Ok(Some(with(&smallest, &accounts)))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::{Choice, Transaction, builtin, parse};

    fn reduced(items: &[u32], shows: impl Fn(&[u32]) -> bool) -> (Vec<u32>, u32) {
        let mut asked = 0;
        let Ok(kept) = reduce(items, |some| {
            asked += 1;
            Ok::<_, Infallible>(shows(some))
        });
        (kept, asked)
    }

    #[test]
    fn what_is_left_cannot_be_left_out() {
        let items: Vec<u32> = (0..1_000).collect();
        let needs = |needed: &'static [u32]| move |some: &[u32]| needed.iter().all(|n| some.contains(n));
        for needed in [&[][..], &[0], &[999], &[500], &[3, 4], &[0, 999], &[17, 400, 401, 999]] {
            let (kept, asked) = reduced(&items, needs(needed));
            assert_eq!(kept, needed);
            assert!(asked < 600, "{needed:?}: {asked} questions");
        }
        // One of two is enough, an even number is needed, order matters.
        assert_eq!(reduced(&items, |some| some.contains(&5) || some.contains(&900)).0.len(), 1);
        assert_eq!(
            reduced(&items[..64], |some| some.len() >= 10 && some.len().is_multiple_of(2)).0.len(),
            10
        );
        let in_order = |some: &[u32]| some.windows(2).all(|pair| pair[0] < pair[1]) && some.len() >= 3;
        assert_eq!(reduced(&items, in_order).0.len(), 3);
        assert!(reduced(&[], |_| true).0.is_empty());
        assert!(reduced(&[1], |some| some.is_empty()).0.is_empty());
        // Every single one is needed.
        assert_eq!(reduced(&items[..40], |some| some.len() == 40).0.len(), 40);
    }

    #[test]
    fn an_error_ends_it() {
        let mut left = 5;
        let ended = reduce(&[1; 100], |_| {
            left -= 1;
            if left == 0 { Err("cancelled") } else { Ok(false) }
        });
        assert_eq!((ended, left), (Err("cancelled"), 0));
    }

    fn pays(entry: &Transaction, from: &str, to: &str) -> bool {
        let name = |choice: &Choice| match choice {
            Choice::Fixed(place) => place.to_string(),
            Choice::Pick(pick) => pick.group.clone(),
        };
        matches!(entry, Transaction::Call(call) if name(&call.from) == from && call.to.as_ref().is_some_and(|t| name(t) == to))
    }

    #[test]
    fn a_scenario_keeps_what_the_difference_needs() {
        let text = r#"{ "format": "evm-lanes/1", "title": "t",
            "accounts": { "alice": {}, "bob": {}, "carol": {}, "crowd": { "count": 20 } },
            "contracts": { "unused": { "bytecode": "0x" }, "needed": { "bytecode": "0x00" } },
            "setup": [ { "from": "alice", "to": "unused" }, { "from": "alice", "to": "needed" } ],
            "transactions": [
                { "repeat": 30, "from": { "pick": "crowd" }, "to": "alice" },
                { "from": "alice", "to": "bob" },
                { "repeat": 30, "from": { "pick": "crowd" }, "to": { "pick": "crowd" } },
                { "repeat": 5, "from": "bob", "to": "carol" },
                { "from": "crowd[3]", "to": "bob" } ] }"#;
        let scenario = parse(text).expect("a scenario");
        // Differs where bob pays carol twice after alice paid bob, and one contract is there.
        let shows = |some: &Scenario| {
            let valid = parse(&some.to_compact()).is_ok();
            let at = some.transactions.iter().position(|tx| pays(tx, "alice", "bob"));
            let after = at
                .map_or(0, |at| some.transactions[at..].iter().filter(|tx| pays(tx, "bob", "carol")).count());
            Ok::<_, Infallible>(valid && after >= 2 && some.contracts.get("needed").is_some())
        };
        let Ok(smallest) = scenario.smallest(shows);
        let smallest = smallest.expect("it differs");
        let names =
            |named: Vec<(&str, ())>| named.into_iter().map(|(name, ())| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(smallest.transactions.len(), 3, "{}", smallest.to_text());
        assert_eq!(
            names(smallest.accounts.iter().map(|(n, _)| (n, ())).collect()),
            ["alice", "bob", "carol"]
        );
        assert_eq!(names(smallest.contracts.iter().map(|(n, _)| (n, ())).collect()), ["needed"]);
        assert!(smallest.setup.is_empty());
        assert!(parse(&smallest.to_text()).is_ok());
        let Ok(none) = scenario.smallest(|_| Ok::<_, Infallible>(false));
        assert_eq!(none, None);
        // A built-in scenario of which the first transaction is enough.
        let pool = parse(builtin::ALL[0].text).expect("a scenario");
        let shows = |some: &Scenario| {
            Ok::<_, Infallible>(parse(&some.to_compact()).is_ok() && !some.transactions.is_empty())
        };
        let Ok(smallest) = pool.smallest(shows);
        assert_eq!(smallest.map(|s| (s.transactions.len(), s.setup.len())), Some((1, 0)));
    }
}

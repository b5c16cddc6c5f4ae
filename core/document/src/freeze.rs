//! Writes generated transactions out: what `repeat`, `pick` and `between` stand for becomes one
//! explicit transaction each.

use crate::expand::{Argument, ChosenAmount, ChosenPlace, DrawnCall, DrawnTransaction, Expansion};
use crate::scenario::{Arg, Call, Choice, Quantity, Scenario, Transaction};
use crate::{Amount, Place};

impl Scenario {
    /// Whether any transaction is generated.
    pub fn is_generated(&self) -> bool {
        self.transactions.iter().any(is_generated)
    }

    /// The same block with every generated transaction written out. What was explicit stays as it
    /// is; the seed goes, because nothing is random any more.
    ///
    /// A pick among a group that the document does not have stays a pick: running it names the mistake.
    #[must_use]
    pub fn frozen(&self) -> Self {
        let mut expansion = Expansion::new(self);
        let mut transactions = Vec::new();
        for (i, entry) in self.transactions.iter().enumerate() {
            if !is_generated(entry) {
                transactions.push(entry.clone());
                continue;
            }
            for repetition in 0..entry.count() {
                if let Some(DrawnTransaction::Call(drawn)) = expansion.transaction(i, repetition) {
                    transactions.push(Transaction::Call(Box::new(written(drawn))));
                }
            }
        }
        Self { transactions, seed: 0, ..self.clone() }
    }
}

fn is_generated(entry: &Transaction) -> bool {
    let Transaction::Call(call) = entry else { return false };
    call.repeat.is_some()
        || matches!(call.from, Choice::Pick(_))
        || matches!(call.to, Some(Choice::Pick(_)))
        || matches!(call.value, Some(Quantity::Between(_)))
        || any_drawn(&call.args)
}

fn any_drawn(args: &[Arg]) -> bool {
    args.iter().any(|arg| match arg {
        Arg::Pick(_) | Arg::Between(_) => true,
        Arg::List(list) => any_drawn(list),
        Arg::Bool(_) | Arg::Number(_) | Arg::Text(_) => false,
    })
}

/// A drawn transaction as a document has it.
fn written(drawn: DrawnCall<'_>) -> Call {
    let DrawnCall { call, from, to, args, value } = drawn;
    Call {
        repeat: None,
        from: choice(from),
        to: to.map(choice),
        args: args.into_iter().map(arg).collect(),
        value: value.map(|value| match value {
            ChosenAmount::Fixed(amount) => Quantity::Fixed(amount.clone()),
            ChosenAmount::Drawn(value) => Quantity::Fixed(Amount::from(value)),
        }),
        ..call.clone()
    }
}

fn choice(target: ChosenPlace<'_>) -> Choice {
    match target {
        ChosenPlace::Fixed(place) => Choice::Fixed(place.clone()),
        ChosenPlace::Drawn { group, index } => Choice::Fixed(Place::Element(group.to_owned(), index)),
        ChosenPlace::Undrawn(pick) => Choice::Pick(pick.clone()),
    }
}

fn arg(value: Argument<'_>) -> Arg {
    match value {
        Argument::Bool(b) => Arg::Bool(b),
        Argument::Number(number) => Arg::Number(number.clone()),
        Argument::Text(text) | Argument::Each { written: text, .. } => Arg::Text(text.to_owned()),
        Argument::List(list) => Arg::List(list.into_iter().map(arg).collect()),
        Argument::Place(ChosenPlace::Undrawn(pick)) => Arg::Pick(pick.clone()),
        Argument::Place(place) => Arg::Text(place.to_string()),
        Argument::Amount(amount) => Arg::Text(amount.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use crate::{builtin, parse};

    #[test]
    fn an_explicit_block_stays_as_it_is() {
        let text = builtin::find(builtin::DEFAULT).expect("the default").text;
        let scenario = parse(text).expect("a document");
        assert!(!scenario.is_generated());
        assert_eq!(scenario.frozen(), scenario);
    }

    #[test]
    fn what_is_frozen_has_as_many_transactions_and_reads_again() {
        for builtin in builtin::ALL {
            let scenario = parse(builtin.text).expect("a document");
            let frozen = scenario.frozen();
            assert!(!frozen.is_generated(), "{}", builtin.name);
            assert_eq!(frozen.transactions.len() as u64, scenario.transaction_count(), "{}", builtin.name);
            assert_eq!(parse(&frozen.to_text()).as_ref(), Ok(&frozen), "{}", builtin.name);
        }
    }
}

//! Writes generated transactions out: what `repeat`, `pick` and `between` stand for becomes one
//! explicit transaction each.

use crate::expand::{Drawn, DrawnCall, Expansion, Sum, Target, Value};
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
                if let Some(Drawn::Call(drawn)) = expansion.transaction(i, repetition) {
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
            Sum::Fixed(amount) => Quantity::Fixed(amount.clone()),
            Sum::Drawn(value) => Quantity::Fixed(Amount::from(value)),
        }),
        ..call.clone()
    }
}

fn choice(target: Target<'_>) -> Choice {
    match target {
        Target::Fixed(place) => Choice::Fixed(place.clone()),
        Target::Drawn { group, index } => Choice::Fixed(Place::Element(group.to_owned(), index)),
        Target::Undrawn(pick) => Choice::Pick(pick.clone()),
    }
}

fn arg(value: Value<'_>) -> Arg {
    match value {
        Value::Bool(b) => Arg::Bool(b),
        Value::Number(number) => Arg::Number(number.clone()),
        Value::Text(text) | Value::Each { written: text, .. } => Arg::Text(text.to_owned()),
        Value::List(list) => Arg::List(list.into_iter().map(arg).collect()),
        Value::Place(Target::Undrawn(pick)) => Arg::Pick(pick.clone()),
        Value::Place(place) => Arg::Text(place.to_string()),
        Value::Amount(amount) => Arg::Text(amount.to_string()),
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

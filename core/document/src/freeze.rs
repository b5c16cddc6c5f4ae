//! Writes generated transactions out: what `repeat`, `pick` and `between` stand for becomes one
//! explicit transaction each, drawn exactly as preparing draws them.

use std::collections::HashMap;

use alloy_primitives::U256;

use crate::{
    Amount, Arg, Between, By, Call, Choice, Pick, Place, Quantity, Random, Scenario, Transaction, Zipf,
};

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
        let mut draw = Draw { groups: groups(self), zipfs: HashMap::new() };
        let mut transactions = Vec::new();
        for (i, entry) in self.transactions.iter().enumerate() {
            match entry {
                Transaction::Call(call) if is_generated(entry) => {
                    for repetition in 0..entry.count() {
                        let random = Random::new(self.seed, i as u32, repetition);
                        transactions.push(Transaction::Call(Box::new(draw.call(call, random, repetition))));
                    }
                }
                explicit => transactions.push(explicit.clone()),
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

/// Sizes of all groups by name, as preparing finds them.
fn groups(scenario: &Scenario) -> HashMap<&str, u32> {
    let accounts = scenario.accounts.iter().filter_map(|(name, a)| Some((name, a.count?)));
    let contracts = scenario.contracts.iter().filter_map(|(name, c)| Some((name, c.count?)));
    let mut groups: HashMap<&str, u32> = accounts.chain(contracts).collect();
    for call in &scenario.setup {
        let all = |place: &Place| match place {
            Place::All(name) => groups.get(name.as_str()).copied(),
            _ => None,
        };
        let of_args = || first_group(&call.args).and_then(|name| groups.get(name).copied());
        let count = all(&call.from).or_else(|| all(&call.to)).or_else(of_args);
        if let (Some(Place::All(name)), Some(count)) = (&call.named, count) {
            groups.insert(name, count);
        }
    }
    groups
}

fn first_group(args: &[Arg]) -> Option<&str> {
    args.iter().find_map(|arg| match arg {
        Arg::Text(text) => text.strip_suffix("[*]"),
        Arg::List(list) => first_group(list),
        _ => None,
    })
}

/// Draws in the order in which preparing does: sender, recipient, arguments, value.
struct Draw<'s> {
    groups: HashMap<&'s str, u32>,
    zipfs: HashMap<(u32, u32), Zipf>,
}

impl Draw<'_> {
    fn call(&mut self, call: &Call, mut random: Random, repetition: u32) -> Call {
        let from = self.choice(&call.from, &mut random, repetition);
        let to = call.to.as_ref().map(|to| self.choice(to, &mut random, repetition));
        let args = self.args(&call.args, &mut random, repetition);
        let value = call.value.as_ref().map(|value| match value {
            Quantity::Between(range) => {
                between(range, &mut random).map_or_else(|| value.clone(), Quantity::Fixed)
            }
            fixed @ Quantity::Fixed(_) => fixed.clone(),
        });
        Call { repeat: None, from, to, args, value, ..call.clone() }
    }

    fn choice(&mut self, choice: &Choice, random: &mut Random, repetition: u32) -> Choice {
        let Choice::Pick(pick) = choice else { return choice.clone() };
        self.pick(pick, random, repetition)
            .map_or_else(|| choice.clone(), |index| Choice::Fixed(Place::Element(pick.group.clone(), index)))
    }

    fn args(&mut self, args: &[Arg], random: &mut Random, repetition: u32) -> Vec<Arg> {
        args.iter()
            .map(|arg| match arg {
                Arg::Pick(pick) => self
                    .pick(pick, random, repetition)
                    .map_or_else(|| arg.clone(), |index| Arg::Text(format!("{}[{index}]", pick.group))),
                Arg::Between(range) => Arg::Text(drawn(range, random).to_string()),
                Arg::List(list) => Arg::List(self.args(list, random, repetition)),
                Arg::Bool(_) | Arg::Number(_) | Arg::Text(_) => arg.clone(),
            })
            .collect()
    }

    fn pick(&mut self, pick: &Pick, random: &mut Random, repetition: u32) -> Option<u32> {
        let count = *self.groups.get(pick.group.as_str()).filter(|count| **count > 0)?;
        Some(match pick.by {
            By::RoundRobin => repetition % count,
            By::Uniform => random.index(count),
            By::Zipf => {
                let skew = pick.skew.map_or(1000, |skew| skew.0);
                self.zipfs.entry((count, skew)).or_insert_with(|| Zipf::new(count, skew)).draw(random)
            }
        })
    }
}

fn drawn(range: &Between, random: &mut Random) -> U256 {
    let [least, most] = &range.between;
    least.value() + random.up_to(most.value() - least.value())
}

fn between(range: &Between, random: &mut Random) -> Option<Amount> {
    Amount::parse(&drawn(range, random).to_string()).ok()
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

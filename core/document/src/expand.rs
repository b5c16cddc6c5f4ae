//! What stands for several becomes several: groups, calls with `[*]`, repetitions and random draws.
//!
//! ```text
//! accounts, contracts   { "count": 3 }                  trader ─▶ trader[0], trader[1], trader[2]
//! setup                 [*]                             one call ─▶ one for each index
//! transactions          "repeat", "pick", "between"     one entry ─▶ one for each repetition, drawn
//! ```
//! Preparing a block and freezing a document both work on this form, so that each rule is written once. Nothing is
//! made before it is asked for: 100,000 repetitions take no memory here.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use alloy_primitives::U256;

use crate::scenario::{
    Account, Arg, Between, By, Call, Choice, Contract, Numeral, Pick, Quantity, RawTransaction, Scenario,
    SetupCall, Transaction,
};
use crate::{Amount, DEPLOYER, Place, Random, Zipf};

/// What is named, and of what size it is: `None` is no group. One type for reader and expansion, which keeps the page small.
pub(crate) type Sizes<'n> = HashMap<Cow<'n, str>, Option<u32>>;

/// The size of a group.
pub(crate) fn size(of: &Sizes<'_>, name: &str) -> Option<u32> {
    of.get(name).copied().flatten()
}

/// A document and the sizes of all its groups.
#[derive(Clone, Debug)]
pub struct Expansion<'s> {
    scenario: &'s Scenario,
    sizes: Sizes<'s>,
    /// How often each set-up call is made, where it has a `[*]`.
    made: Vec<Option<u32>>,
    /// Zipf's weights by the group's size and the skew: the sums of a large group take a while.
    zipfs: HashMap<(u32, u32), Zipf>,
}

/// The names that one declaration stands for: `alice` alone, or `trader[0]`, `trader[1]`, …
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declaration<'s> {
    /// As declared.
    pub name: &'s str,
    /// Size of the group; `None`: no group.
    pub count: Option<u32>,
}

impl<'s> Declaration<'s> {
    /// Each name, in order.
    pub fn names(self) -> impl Iterator<Item = String> + 's {
        (0..self.count.unwrap_or(1)).map(move |i| match self.count {
            Some(_) => element(self.name, i),
            None => self.name.to_owned(),
        })
    }
}

/// The name of a group's element.
fn element(group: &str, index: u32) -> String {
    format!("{group}[{index}]")
}

/// The groups that the `[*]` of a set-up call go over, with their sizes: those of sender, recipient and arguments, in
/// this order. In an argument `name[*]` is a place only if a group of that name is known by then.
pub(crate) fn wildcards<'a>(call: &'a SetupCall, sizes: &Sizes<'_>) -> Vec<(&'a str, u32)> {
    fn in_args<'a>(args: &'a [Arg], found: &mut Vec<&'a str>) {
        for arg in args {
            match arg {
                Arg::Text(text) => found.extend(wildcard(text)),
                Arg::List(list) => in_args(list, found),
                _ => {}
            }
        }
    }
    let mut names = Vec::new();
    for place in [&call.from, &call.to] {
        if let Place::All(name) = place {
            names.push(name.as_str());
        }
    }
    in_args(&call.args, &mut names);
    names.into_iter().filter_map(|name| Some((name, size(sizes, name)?))).collect()
}

/// The group of `name[*]`.
pub(crate) fn wildcard(text: &str) -> Option<&str> {
    text.strip_suffix("[*]").filter(|name| crate::names::is_name(name))
}

/// A place of a transaction after its draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ChosenPlace<'s> {
    /// It was fixed.
    Fixed(&'s Place),
    /// Drawn from a group.
    Drawn {
        /// The group.
        group: &'s str,
        /// Which of its elements.
        index: u32,
    },
    /// Nothing was drawn: the document has no such group, or only transactions are random.
    Undrawn(&'s Pick),
}

/// An amount after its draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ChosenAmount<'s> {
    /// It was fixed.
    Fixed(&'s Amount),
    /// Drawn.
    Drawn(U256),
}

impl ChosenAmount<'_> {
    /// The number, in the smallest unit.
    pub fn value(self) -> U256 {
        match self {
            Self::Fixed(amount) => amount.value(),
            Self::Drawn(value) => value,
        }
    }
}

/// An argument after expansion. Drawn values and written values are different variants, because an argument of type
/// `string` accepts only written ones.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument<'s> {
    /// `true`, `false`
    Bool(bool),
    /// A number, as written.
    Number(&'s Numeral),
    /// A text, as written.
    Text(&'s str),
    /// `group[*]` in the call for one index. As a place it is an element, as a text it stays what was written.
    Each {
        /// The text.
        written: &'s str,
        /// The group.
        group: &'s str,
        /// What `[*]` stands for in this call.
        index: u32,
    },
    /// An array or the fields of a struct.
    List(Vec<Argument<'s>>),
    /// A place, drawn.
    Place(ChosenPlace<'s>),
    /// An amount, drawn.
    Amount(U256),
}

/// One set-up call.
#[derive(Clone, Debug, PartialEq)]
pub struct SetupStep<'s> {
    /// The entry that it comes from.
    pub call: &'s SetupCall,
    /// Sender.
    pub from: Cow<'s, Place>,
    /// Recipient.
    pub to: Cow<'s, Place>,
    /// Arguments of the function.
    pub args: Vec<Argument<'s>>,
}

/// One transaction.
#[derive(Clone, Debug, PartialEq)]
pub enum DrawnTransaction<'s> {
    /// A signed one.
    Raw(&'s RawTransaction),
    /// By its fields.
    Call(DrawnCall<'s>),
}

/// One transaction by its fields. What cannot be random is in `call`.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawnCall<'s> {
    /// The entry that it comes from.
    pub call: &'s Call,
    /// Sender.
    pub from: ChosenPlace<'s>,
    /// Recipient.
    pub to: Option<ChosenPlace<'s>>,
    /// Arguments of the function.
    pub args: Vec<Argument<'s>>,
    /// Ether sent along.
    pub value: Option<ChosenAmount<'s>>,
}

/// The account that deploys, if the document does not declare it.
static DEPLOYS: Account = Account { count: None, balance: None, address: None, nonce: None, key: false };

impl<'s> Expansion<'s> {
    /// Finds the sizes of all groups.
    pub fn new(scenario: &'s Scenario) -> Self {
        let mut sizes = Sizes::new();
        let accounts = scenario.accounts.iter().map(|(name, a)| (name, a.count));
        for (name, count) in accounts.chain(scenario.contracts.iter().map(|(name, c)| (name, c.count))) {
            sizes.insert(name.into(), count);
        }
        let mut made = Vec::with_capacity(scenario.setup.len());
        for call in &scenario.setup {
            // The reader has checked that all groups of a call have the same size.
            let count = wildcards(call, &sizes).first().map(|(_, count)| *count);
            if let (Some(Place::All(name)), Some(count)) = (&call.named, count) {
                sizes.insert(name.into(), Some(count));
            }
            made.push(count);
        }
        Self { scenario, sizes, made, zipfs: HashMap::new() }
    }

    /// The document.
    pub fn scenario(&self) -> &'s Scenario {
        self.scenario
    }

    /// Accounts with their names, in order; last the one that deploys, if it is not among them.
    pub fn accounts(&self) -> impl Iterator<Item = (Declaration<'s>, &'s Account)> + use<'s> {
        let declared = &self.scenario.accounts;
        let implied = declared.get(DEPLOYER).is_none().then_some((DEPLOYER, &DEPLOYS));
        declared.iter().chain(implied).map(|(name, a)| (Declaration { name, count: a.count }, a))
    }

    /// Contracts with their names, in order.
    pub fn contracts(&self) -> impl Iterator<Item = (Declaration<'s>, &'s Contract)> + use<'s> {
        self.scenario.contracts.iter().map(|(name, c)| (Declaration { name, count: c.count }, c))
    }

    /// Arguments of a constructor. Nothing is drawn for them.
    pub fn constructor(&self, contract: &'s Contract) -> Vec<Argument<'s>> {
        contract.args.iter().map(|arg| self.fixed(arg, None)).collect()
    }

    /// The calls that entry `entry` of `setup` stands for, in order.
    pub fn setup(&self, entry: usize) -> impl Iterator<Item = SetupStep<'s>> + use<'_, 's> {
        let count = self.made.get(entry).copied().flatten();
        let times = if entry < self.made.len() { count.unwrap_or(1) } else { 0 };
        (0..times).filter_map(move |i| {
            let call = self.scenario.setup.get(entry)?;
            let index = count.map(|_| i);
            Some(SetupStep {
                call,
                from: self.place(&call.from, index),
                to: self.place(&call.to, index),
                args: call.args.iter().map(|arg| self.fixed(arg, index)).collect(),
            })
        })
    }

    /// What a set-up call's result is called, if the document names it.
    pub fn result(&self, entry: usize) -> Option<Declaration<'s>> {
        match self.scenario.setup.get(entry)?.named.as_ref()? {
            Place::Name(name) => Some(Declaration { name, count: None }),
            Place::All(name) => Some(Declaration { name, count: *self.made.get(entry)? }),
            Place::Element(..) | Place::Address(_) => None,
        }
    }

    /// A place of a set-up call: `[*]` becomes `index`.
    fn place(&self, place: &'s Place, index: Option<u32>) -> Cow<'s, Place> {
        match (place, index) {
            (Place::All(name), Some(index)) if size(&self.sizes, name).is_some() => {
                Cow::Owned(Place::Element(name.clone(), index))
            }
            _ => Cow::Borrowed(place),
        }
    }

    fn fixed(&self, arg: &'s Arg, index: Option<u32>) -> Argument<'s> {
        match arg {
            Arg::Bool(b) => Argument::Bool(*b),
            Arg::Number(number) => Argument::Number(number),
            Arg::Text(text) => match (wildcard(text), index) {
                (Some(group), Some(index)) if size(&self.sizes, group).is_some() => {
                    Argument::Each { written: text, group, index }
                }
                _ => Argument::Text(text),
            },
            Arg::List(list) => Argument::List(list.iter().map(|arg| self.fixed(arg, index)).collect()),
            Arg::Pick(pick) => Argument::Place(ChosenPlace::Undrawn(pick)),
            Arg::Between(between) => Argument::Amount(between.between[0].value()),
        }
    }

    /// Repetition `repetition` of entry `entry` of `transactions`; `None` if there is no such entry.
    ///
    /// Each has a stream of random numbers of its own, from which it draws in this order: sender, recipient,
    /// arguments, value.
    pub fn transaction(&mut self, entry: usize, repetition: u32) -> Option<DrawnTransaction<'s>> {
        let call = match self.scenario.transactions.get(entry)? {
            Transaction::Raw(raw) => return Some(DrawnTransaction::Raw(raw)),
            Transaction::Call(call) => call,
        };
        let mut draw = Draw {
            random: Random::new(self.scenario.seed, entry as u32, repetition),
            repetition,
            sizes: &self.sizes,
            zipfs: &mut self.zipfs,
        };
        Some(DrawnTransaction::Call(DrawnCall {
            call,
            from: draw.choice(&call.from),
            to: call.to.as_ref().map(|to| draw.choice(to)),
            args: draw.args(&call.args),
            value: call.value.as_ref().map(|value| match value {
                Quantity::Fixed(amount) => ChosenAmount::Fixed(amount),
                Quantity::Between(between) => ChosenAmount::Drawn(draw.between(between)),
            }),
        }))
    }
}

/// The draws of one repetition.
struct Draw<'e, 's> {
    random: Random,
    repetition: u32,
    sizes: &'e Sizes<'s>,
    zipfs: &'e mut HashMap<(u32, u32), Zipf>,
}

impl<'s> Draw<'_, 's> {
    fn choice(&mut self, choice: &'s Choice) -> ChosenPlace<'s> {
        match choice {
            Choice::Fixed(place) => ChosenPlace::Fixed(place),
            Choice::Pick(pick) => self.pick(pick),
        }
    }

    fn pick(&mut self, pick: &'s Pick) -> ChosenPlace<'s> {
        let Some(count) = size(self.sizes, &pick.group).filter(|count| *count > 0) else {
            return ChosenPlace::Undrawn(pick);
        };
        let index = match pick.by {
            By::RoundRobin => self.repetition % count,
            By::Uniform => self.random.index(count),
            By::Zipf => {
                let skew = pick.skew.map_or(1000, |skew| skew.0);
                let zipf = self.zipfs.entry((count, skew)).or_insert_with(|| Zipf::new(count, skew));
                zipf.draw(&mut self.random)
            }
        };
        ChosenPlace::Drawn { group: &pick.group, index }
    }

    fn between(&mut self, range: &Between) -> U256 {
        let [least, most] = &range.between;
        least.value() + self.random.up_to(most.value() - least.value())
    }

    fn args(&mut self, args: &'s [Arg]) -> Vec<Argument<'s>> {
        args.iter()
            .map(|arg| match arg {
                Arg::Bool(b) => Argument::Bool(*b),
                Arg::Number(number) => Argument::Number(number),
                Arg::Text(text) => Argument::Text(text),
                Arg::List(list) => Argument::List(self.args(list)),
                Arg::Pick(pick) => Argument::Place(self.pick(pick)),
                Arg::Between(range) => Argument::Amount(self.between(range)),
            })
            .collect()
    }
}

impl fmt::Display for ChosenPlace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(place) => write!(f, "{place}"),
            Self::Drawn { group, index } => write!(f, "{group}[{index}]"),
            Self::Undrawn(pick) => f.write_str(&pick.group),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    fn check(text: &str, expected: &[&str]) {
        let scenario = parse(text).unwrap_or_else(|p| panic!("{p:?}"));
        let expansion = Expansion::new(&scenario);
        let mut found = Vec::new();
        for entry in 0..scenario.setup.len() {
            found.extend(expansion.setup(entry).map(|step| {
                let args: Vec<String> = step.args.iter().map(shown).collect();
                format!("{} to {}: {}", step.from, step.to, args.join(", "))
            }));
            let names =
                expansion.result(entry).map(|declared| declared.names().collect::<Vec<_>>().join(", "));
            found.extend(names);
        }
        assert_eq!(found, expected);
    }

    fn shown(value: &Argument<'_>) -> String {
        match value {
            Argument::Each { written, group, index } => format!("{written} = {group}[{index}]"),
            Argument::Text(text) => (*text).to_owned(),
            Argument::List(list) => format!("[{}]", list.iter().map(shown).collect::<Vec<_>>().join(", ")),
            other => format!("{other:?}"),
        }
    }

    fn document(setup: &str) -> String {
        format!(
            r#"{{ "format": "evm-lanes/1", "title": "t",
            "accounts": {{ "alice": {{}}, "payer": {{ "count": 2 }} }},
            "contracts": {{ "coin": {{ "bytecode": "0x", "count": 2 }}, "usd": {{ "bytecode": "0x" }} }},
            "setup": [{setup}], "transactions": [] }}"#
        )
    }

    #[test]
    fn a_call_with_a_star_is_made_for_each_index_and_so_is_its_result() {
        check(
            &document(
                r#"{ "from": "payer[*]", "to": "coin[*]", "call": "f", "args": [["payer[*]"], "alice"], "as": "pool[*]" },
                { "from": "alice", "to": "usd", "call": "f", "args": ["pool[*]"] },
                { "from": "alice", "to": "usd", "as": "last" }"#,
            ),
            &[
                "payer[0] to coin[0]: [payer[*] = payer[0]], alice",
                "payer[1] to coin[1]: [payer[*] = payer[1]], alice",
                "pool[0], pool[1]",
                "alice to usd: pool[*] = pool[0]",
                "alice to usd: pool[*] = pool[1]",
                "alice to usd: ",
                "last",
            ],
        );
    }

    // Once the first text of this look decided, known or not.
    #[test]
    fn a_text_that_only_looks_like_a_group_decides_nothing() {
        check(
            &document(r#"{ "from": "alice", "to": "usd", "call": "f", "args": ["all[*]", "payer[*]"] }"#),
            &["alice to usd: all[*], payer[*] = payer[0]", "alice to usd: all[*], payer[*] = payer[1]"],
        );
        check(
            &document(r#"{ "from": "alice", "to": "usd", "call": "f", "args": ["all[*]"] }"#),
            &["alice to usd: all[*]"],
        );
    }

    #[test]
    fn draws_do_not_depend_on_the_ones_before() {
        let text = r#"{ "format": "evm-lanes/1", "title": "t", "seed": 3, "accounts": { "payer": { "count": 50 } },
            "transactions": [ { "repeat": 9, "from": { "pick": "payer" }, "to": { "pick": "payer", "by": "zipf" } } ] }"#;
        let scenario = parse(text).expect("a document");
        let mut all = Expansion::new(&scenario);
        let in_order: Vec<_> = (0..9).map(|i| all.transaction(0, i)).collect();
        for i in (0..9).rev() {
            assert_eq!(Expansion::new(&scenario).transaction(0, i), in_order[i as usize]);
        }
        assert_eq!(all.transaction(1, 0), None);
        let nothing = Scenario::default();
        let accounts: Vec<_> = Expansion::new(&nothing).accounts().map(|(names, _)| names.name).collect();
        assert_eq!(accounts, [DEPLOYER]);
    }
}

//! The registry of strategies. A strategy is one file here and one line in [`registry!`]. The file has its name in links, its
//! scheduler, its view of the state, its explanation and its sources. If it needs a new scheduler, that is a file in
//! [`schedule`](crate::schedule).
//!
//! Code elsewhere does not compare strategies by name. It asks for their [`Facts`].

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::schedule::{Foresight, Scheduler, SchedulerHints, ViewKind};

pub use crate::units::StrategyId;

/// Makes the tables from the files. The order is the one in which the page offers the strategies.
macro_rules! registry {
    ($($file:ident),+ $(,)?) => {
        $(mod $file;)+

        static FACTS: [Facts; StrategyId::ALL.len()] = [$($file::FACTS),+];
        // Apart from the facts, so that an engine, which says nothing to people, is not larger for them.
        static WORDS: [Words; StrategyId::ALL.len()] = [$($file::WORDS),+];
        // Apart as well, so that a page has no schedulers.
        static SCHEDULERS: [MakeScheduler; StrategyId::ALL.len()] = [$($file::scheduler),+];

        impl StrategyId {
            /// Every strategy, in the order in which the page offers them.
            pub const ALL: [Self; [$(stringify!($file)),+].len()] = [$($file::FACTS.id),+];
        }
    };
}

registry![block_stm, ordered_commit, access_list, perfect_access_list, block_access_list, sequential];

type MakeScheduler = fn(&SchedulerHints<'_>) -> Box<dyn Scheduler>;

/// What lanes and messages need to know of a strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its number in packed traces.
    pub id: StrategyId,
    /// Its name in links, documents and attributes.
    pub name: &'static str,
    /// What its attempts read.
    pub view: ViewKind,
    /// What it needs to know beforehand.
    pub foresight: Foresight,
}

/// The texts about a strategy and its runs, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// Its name for people.
    pub title: &'static str,
    /// What it does, a paragraph each.
    pub does: &'static [&'static str],
    /// What to look for in the pictures, a paragraph each.
    pub look: &'static [&'static str],
    /// Where it is described: name, and address without `https://` or path in this project.
    pub sources: &'static [(&'static str, &'static str)],
    /// What it means that no transaction ran twice; a sentence.
    pub nothing_twice: &'static str,
    /// Why attempts were aborted.
    pub aborted: Aborted,
}

/// Why an attempt was aborted: parts of sentences. `{location}` is what it had read, `{writer}` the transaction whose write
/// made it stale, `{saw}` the one whose value it had read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aborted {
    /// After "they read `{location}`", where one transaction wrote it.
    pub by_one: &'static str,
    /// The same, where several transactions wrote it.
    pub by_several: &'static str,
    /// After "they read `{location}` and `{location}`".
    pub in_several: &'static str,
    /// After "aborted" or "run again".
    pub because: &'static str,
    /// After "read `{location}`", where another transaction of the block had written it.
    pub saw_written: &'static str,
    /// After "read `{location}`", where it had read the value from before the block.
    pub saw_initial: &'static str,
}

impl Aborted {
    /// Of a strategy whose attempts read what lower transactions have written so far.
    const BY_A_LATER_WRITE: Self = Self {
        by_one: " before transaction {writer} had written it. ",
        by_several: " before an earlier transaction had written it. ",
        in_several: " before earlier transactions had written them. ",
        because: " because transaction {writer} wrote {location}",
        saw_written: " of {saw}; {writer} wrote it afterwards",
        saw_initial: " as it was before the block; {writer} wrote it afterwards",
    };
}

/// Sources that several strategies name.
mod sources {
    pub(super) const BLOCK_STM: (&str, &str) = (
        "R. Gelashvili et al., Block-STM: Scaling Blockchain Execution by Turning Ordering Curse to a Performance Blessing, PPoPP 2023: its overview and its detailed description of the algorithm",
        "arxiv.org/abs/2203.06871",
    );
    pub(super) const EIP_2930: (&str, &str) =
        ("EIP-2930: Optional access lists, Specification", "eips.ethereum.org/EIPS/eip-2930");
    pub(super) const EIP_7928: (&str, &str) =
        ("EIP-7928: Block-level access lists, Specification", "eips.ethereum.org/EIPS/eip-7928");
}

/// A scheduler, together with the view and the hints that it needs. The registry's are given by [`strategy`]; tests have
/// others around them.
pub trait Strategy {
    /// Which one it is.
    fn id(&self) -> StrategyId;
    /// What its attempts read.
    fn view(&self) -> ViewKind;
    /// What it needs to know beforehand.
    fn foresight(&self) -> Foresight {
        Foresight::Senders
    }
    /// Makes the scheduler for a block.
    fn scheduler(&self, hints: &SchedulerHints<'_>) -> Box<dyn Scheduler>;
}

/// A strategy of the registry.
struct Registered {
    facts: &'static Facts,
    make: MakeScheduler,
}

impl Strategy for Registered {
    fn id(&self) -> StrategyId {
        self.facts.id
    }

    fn view(&self) -> ViewKind {
        self.facts.view
    }

    fn foresight(&self) -> Foresight {
        self.facts.foresight
    }

    fn scheduler(&self, hints: &SchedulerHints<'_>) -> Box<dyn Scheduler> {
        (self.make)(hints)
    }
}

/// The strategy with that id.
pub fn strategy(id: StrategyId) -> Box<dyn Strategy> {
    Box::new(Registered { facts: id.facts(), make: SCHEDULERS[id.place()] })
}

impl StrategyId {
    /// Its place in the registry.
    fn place(self) -> usize {
        // Found: ids are made of the registry's numbers only.
        Self::ALL.iter().position(|id| *id == self).unwrap_or_default()
    }

    /// The strategy with that number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|id| id.number() == number)
    }

    /// What lanes and messages need to know of it.
    pub fn facts(self) -> &'static Facts {
        &FACTS[self.place()]
    }

    /// The texts about it, for people.
    pub fn words(self) -> &'static Words {
        &WORDS[self.place()]
    }

    /// The name in links and attributes.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// The strategy of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|id| id.name() == name)
    }

    /// Whether it runs one transaction after the other, on one lane.
    pub fn is_sequential(self) -> bool {
        self.facts().view == ViewKind::Final
    }

    /// Whether its attempts read a block access list (EIP-7928), which may come from a file.
    pub fn reads_block_access_list(self) -> bool {
        self.facts().view == ViewKind::Predicted
    }

    /// Whether it goes by the access lists of the transactions (EIP-2930).
    pub fn reads_declarations(self) -> bool {
        self.facts().foresight == Foresight::Declared
    }
}

impl Serialize for StrategyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for StrategyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::from_name(&name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            D::Error::custom(format!("no strategy is called {name:?}; there are {names}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde::de::{IntoDeserializer, value};

    use super::*;

    fn read(name: &str) -> Result<StrategyId, value::Error> {
        StrategyId::deserialize(name.into_deserializer())
    }

    #[test]
    fn each_strategy_has_a_number_and_names_of_its_own_that_lead_back_to_it() {
        for id in StrategyId::ALL {
            assert_eq!(StrategyId::from_number(id.number()), Some(id));
            assert_eq!(StrategyId::from_name(id.name()), Some(id));
            assert_eq!(read(id.name()), Ok(id));
            assert_eq!(strategy(id).id(), id);
        }
        let titles: BTreeSet<&str> = StrategyId::ALL.iter().map(|id| id.words().title).collect();
        assert_eq!(titles.len(), StrategyId::ALL.len());
        assert_eq!(StrategyId::from_number(200), None);
        let error = read("fastest").unwrap_err().to_string();
        assert!(error.starts_with("no strategy is called \"fastest\"; there are block-stm, "), "{error}");
    }

    #[test]
    fn numbers_stay_because_packed_traces_hold_them() {
        let numbers = StrategyId::ALL.map(|id| (id.name(), id.number()));
        let expected = [
            ("block-stm", 1),
            ("ordered-commit", 2),
            ("access-list", 3),
            ("perfect-access-list", 4),
            ("block-access-list", 5),
            ("sequential", 0),
        ];
        assert_eq!(numbers, expected);
    }

    #[test]
    fn every_strategy_is_explained_with_its_source() {
        for id in StrategyId::ALL {
            let Words { title, does, look, sources, nothing_twice, aborted } = id.words();
            assert!(
                !title.is_empty() && !does.is_empty() && !look.is_empty() && !sources.is_empty(),
                "{title}"
            );
            assert!(
                nothing_twice.starts_with("Nothing ran twice: ") && nothing_twice.ends_with(". "),
                "{title}"
            );
            let Aborted { by_one, by_several, in_several, because, saw_written, saw_initial } = aborted;
            for (template, slots) in [
                (by_one, &["{writer}"][..]),
                (by_several, &[]),
                (in_several, &[]),
                (because, &["{writer}", "{location}"]),
                (saw_written, &["{saw}", "{writer}"]),
                (saw_initial, &["{writer}"]),
            ] {
                assert!(template.starts_with(' '), "{template}");
                assert!(
                    slots.iter().all(|slot| template.matches(slot).count() == 1),
                    "{template}: {slots:?}"
                );
                assert_eq!(template.matches('{').count(), slots.len(), "{template}");
            }
        }
    }

    #[test]
    fn one_strategy_is_the_reference_that_runs_in_order() {
        let sequential: Vec<StrategyId> =
            StrategyId::ALL.into_iter().filter(|id| id.is_sequential()).collect();
        assert_eq!(sequential, [StrategyId::SEQUENTIAL]);
    }
}

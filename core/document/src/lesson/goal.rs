//! Predicates on a run, as a lesson writes them: `{ "speedUp": { "atLeast": 3.5 }, "lanes": 4 }`.
//!
//! This is only the language. What the figures of a run are, and whether a predicate holds, is the engine's vocabulary:
//! `core/src/goal.rs`.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// Deepest nesting of `all`, `any` and `not`.
pub const MAX_DEPTH: usize = 8;
/// Most comparisons in one predicate.
pub const MAX_TESTS: usize = 64;

/// A predicate on a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Goal {
    /// Every one of them holds.
    All(Vec<Goal>),
    /// One of them holds.
    Any(Vec<Goal>),
    /// It does not hold.
    Not(Box<Goal>),
    /// A figure, compared with a number.
    Number(Figure, Comparison, f64),
    /// A name, compared with a text.
    Text(Name, Test, String),
}

/// What a figure is, and so how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Ticks of the cost model.
    Ticks,
    /// A number of things.
    Count,
    /// How many times as fast.
    Factor,
    /// 0 to 1.
    Share,
}

macro_rules! figures {
    ($($variant:ident: $kind:ident, $name:literal, $noun:literal, $meaning:literal;)+) => {
        /// A figure of a run.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Figure {
            $(#[doc = $meaning] $variant,)+
        }

        impl Figure {
            /// Every figure.
            pub const ALL: &[Self] = &[$(Self::$variant),+];
            /// Their names in documents, in the same order.
            pub const NAMES: &[&str] = &[$($name),+];

            /// Its name in documents.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it is called in a sentence.
            pub fn noun(self) -> &'static str {
                match self { $(Self::$variant => $noun),+ }
            }

            /// What it is.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),+ }
            }

            /// What kind of figure it is.
            pub fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind),+ }
            }
        }
    };
}

figures! {
    Makespan: Ticks, "makespan", "the makespan", "Time from the block's start to the end of its last lane.";
    Sequential: Ticks, "sequential", "the sequential time", "Time of the same block, one transaction after the other.";
    SpeedUp: Factor, "speedUp", "the speed-up", "`sequential` over `makespan`.";
    PathLimit: Factor, "pathLimit", "the limit by the critical path", "Most that any number of lanes could give: `sequential` over `pathTicks`.";
    WorkLimit: Factor, "workLimit", "the limit by the lanes", "Most that these lanes could give if nothing depended on anything.";
    PathTicks: Ticks, "pathTicks", "the critical path", "Time of the transactions on the critical path.";
    PathTransactions: Count, "pathTransactions", "transactions on the critical path", "Transactions on the critical path.";
    Waves: Count, "waves", "waves", "Steps in which the block could run on any number of lanes.";
    Dependencies: Count, "dependencies", "dependencies", "Pairs of transactions of which the later one reads what the earlier one wrote.";
    Attempts: Count, "attempts", "attempts", "Executions, with those that were aborted or stopped at an estimate.";
    Failed: Count, "failed", "failed attempts", "Attempts that were aborted or stopped at an estimate.";
    Wasted: Share, "wasted", "the wasted time", "Share of the execution time that went into failed attempts.";
    Utilisation: Share, "utilisation", "the lanes' utilisation", "Share of lanes × makespan that went into attempts that committed.";
    HottestShare: Share, "hottestShare", "the hottest location's share", "Share of the dependencies that go through the hottest location.";
    Transactions: Count, "transactions", "transactions", "Transactions of the block.";
    Included: Count, "included", "included transactions", "Transactions that the block can contain.";
    Refused: Count, "refused", "refused transactions", "Transactions with a wrong nonce or too little balance.";
    Reverted: Count, "reverted", "reverted transactions", "Included transactions whose call did not succeed.";
    Gas: Count, "gas", "gas used", "Gas used by the block.";
    Lanes: Count, "lanes", "lanes", "Lanes that ran.";
    Changes: Count, "changes", "changes", "Values of the scenario that are others than at the step's start; another strategy or number of lanes counts as one, too.";
}

impl Figure {
    /// The figure of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|figure| figure.name() == name)
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal, $noun:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $type {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant),+];
            /// Their names in documents, in the same order.
            pub const NAMES: &[&str] = &[$($name),+];

            /// Its name in documents.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it is called in a sentence.
            pub fn noun(self) -> &'static str {
                match self { $(Self::$variant => $noun),+ }
            }

            /// The one of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.name() == name)
            }
        }
    };
}

words! {
    /// A name that a run has.
    Name {
        /// The strategy that ran.
        Strategy = "strategy", "the strategy";
        /// The location with the most dependencies through it; empty if there is none.
        Hottest = "hottest", "the hottest location";
    }
}

words! {
    /// How a figure is compared.
    Comparison {
        /// Less.
        Below = "below", "below";
        /// Not more.
        AtMost = "atMost", "at most";
        /// The same.
        Equals = "equals", "";
        /// Not less.
        AtLeast = "atLeast", "at least";
        /// More.
        Above = "above", "above";
    }
}

words! {
    /// How a name is compared.
    Test {
        /// It is that.
        Is = "is", "";
        /// That is a part of it.
        Contains = "contains", "something with";
    }
}

/// A figure or a name, as a placeholder names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// `{speedUp}`
    Figure(Figure),
    /// `{hottest}`
    Name(Name),
}

impl Written {
    /// What a placeholder of that name stands for.
    pub fn from_name(name: &str) -> Option<Self> {
        Figure::from_name(name).map(Self::Figure).or_else(|| Name::from_name(name).map(Self::Name))
    }

    /// The text's placeholders, `{…}` around letters, in order: what each stands for, or its unknown name. The plain
    /// text before each comes with it; the text behind the last one comes at the end without any.
    pub fn split(text: &str) -> Vec<(&str, Option<Result<Self, &str>>)> {
        let mut parts = Vec::new();
        let (mut from, mut at) = (0, 0);
        while let Some(open) = text[at..].find('{').map(|open| at + open) {
            let name: &str =
                text[open + 1..].split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
            let end = open + 1 + name.len();
            at = open + 1;
            if name.is_empty() || !text[end..].starts_with('}') {
                continue;
            }
            parts.push((&text[from..open], Some(Self::from_name(name).ok_or(name))));
            (from, at) = (end + 1, end + 1);
        }
        parts.push((&text[from..], None));
        parts
    }
}

impl Goal {
    /// Its comparisons, in order.
    pub fn tests(&self) -> Vec<&Self> {
        match self {
            Self::All(goals) | Self::Any(goals) => goals.iter().flat_map(Self::tests).collect(),
            Self::Not(goal) => goal.tests(),
            test => vec![test],
        }
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Serialize for Goal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::All(goals) => map.serialize_entry("all", goals)?,
            Self::Any(goals) => map.serialize_entry("any", goals)?,
            Self::Not(goal) => map.serialize_entry("not", goal)?,
            Self::Number(figure, comparison, value) => {
                let number = match *value {
                    whole if whole.fract() == 0.0 && whole.abs() < 9e15 => {
                        serde_json::Value::from(whole as i64)
                    }
                    value => value.into(),
                };
                let comparison = serde_json::json!({ comparison.name(): number });
                map.serialize_entry(figure.name(), &comparison)?;
            }
            Self::Text(name, test, text) => {
                map.serialize_entry(name.name(), &serde_json::json!({ test.name(): text }))?;
            }
        }
        map.end()
    }
}

//! One transaction after the other, in block order: the reference that every other run is compared with.

use super::{Aborted, Facts, Foresight, Scheduler, SchedulerHints, StrategyId, ViewKind, Words};
use crate::schedule::Sequential;

impl StrategyId {
    /// One transaction after the other, in block order.
    pub const SEQUENTIAL: Self = Self::numbered(0);
}

pub(super) const FACTS: Facts = Facts {
    id: StrategyId::SEQUENTIAL,
    name: "sequential",
    view: ViewKind::Final,
    foresight: Foresight::Senders,
};

pub(super) fn scheduler(hints: &SchedulerHints<'_>) -> Box<dyn Scheduler> {
    Box::new(Sequential::new(hints.earlier.len()))
}

pub(super) const WORDS: Words = Words {
    title: "Sequential",
    does: &[
        "One transaction after the other, in block order, on one lane. This is how the protocol defines the result of a block, so every other run is compared with it.",
    ],
    look: &[
        "The graph shows which transactions really needed each other. No strategy that waits for values can be faster than its longest chain. Only a block access list can, because it has the values beforehand.",
    ],
    sources: &[("Ethereum's execution specification", "github.com/ethereum/execution-specs")],
    nothing_twice: "Nothing ran twice: no transaction read a value before it was written. ",
    aborted: Aborted::BY_A_LATER_WRITE,
};

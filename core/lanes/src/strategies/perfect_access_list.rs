//! Each transaction waits for exactly those whose writes it will read, as a sequential run has recorded them: a bound.

use super::{Aborted, Facts, Foresight, Scheduler, SchedulerHints, StrategyId, ViewKind, Words, sources};
use crate::schedule::BlockStm;

impl StrategyId {
    /// Perfect knowledge: each transaction waits for exactly those whose writes it will read. A bound.
    pub const PERFECT_ACCESS_LIST: Self = Self::numbered(4);
}

pub(super) const FACTS: Facts = Facts {
    id: StrategyId::PERFECT_ACCESS_LIST,
    name: "perfect-access-list",
    view: ViewKind::MultiVersion,
    foresight: Foresight::Recorded,
};

pub(super) fn scheduler(hints: &SchedulerHints<'_>) -> Box<dyn Scheduler> {
    Box::new(BlockStm::waiting_for(hints.waits).starting_with(hints.first).on_lanes(hints.lanes))
}

pub(super) const WORDS: Words = Words {
    title: "Perfect access lists",
    does: &[
        "The bound for every strategy that waits: each transaction waits for exactly those whose writes it will read. A sequential run has told them beforehand, so no client can do this for a block that it has not run.",
    ],
    look: &[
        "Every attempt commits. What is left between this run and the limit is the order in which lanes take their work, and the cost of scheduling.",
        "The distance between this run and the one with access lists is what better lists could gain.",
    ],
    sources: &[sources::EIP_2930],
    nothing_twice: "Nothing ran twice: every transaction waited for those whose values it reads. ",
    aborted: Aborted::BY_A_LATER_WRITE,
};

//! Optimistic execution on committed state, with commits in block order: the scheme that Monad documents.

use super::{Aborted, Facts, Foresight, Scheduler, SchedulerHints, StrategyId, ViewKind, Words};
use crate::schedule::OrderedCommit;

impl StrategyId {
    /// Optimistic execution on committed state, commits in block order.
    pub const ORDERED_COMMIT: Self = Self::numbered(2);
}

pub(super) const FACTS: Facts = Facts {
    id: StrategyId::ORDERED_COMMIT,
    name: "ordered-commit",
    view: ViewKind::Committed,
    foresight: Foresight::Senders,
};

pub(super) fn scheduler(hints: &SchedulerHints<'_>) -> Box<dyn Scheduler> {
    Box::new(OrderedCommit::new(hints.earlier.len()))
}

pub(super) const WORDS: Words = Words {
    title: "Ordered commit",
    does: &[
        "Transactions start in block order, and each runs once on what has been committed by then. Its writes can be read only after it has committed.",
        "Commits go strictly in block order. Before a transaction commits, its reads are validated. If one is stale, the transaction runs again at that moment, with everything before it committed. So no transaction runs more than twice.",
    ],
    look: &[
        "Second attempts stand one after the other, never side by side. In a block full of conflicts the second attempts alone are a sequential run.",
        "Where transactions are independent, it is as fast as Block-STM and has less to keep track of. On chains it loses at most one attempt for each transaction, where Block-STM may lose several.",
    ],
    sources: &[(
        "Monad's documentation, Parallel Execution",
        "docs.monad.xyz/monad-arch/execution/parallel-execution",
    )],
    nothing_twice: "Nothing ran twice: what each transaction had read still held when its turn to commit came. ",
    aborted: Aborted {
        by_one: " before transaction {writer} had committed it. ",
        by_several: " before an earlier transaction had committed it. ",
        in_several: " before earlier transactions had committed them. ",
        because: " because transaction {writer} had committed {location} when its turn came",
        saw_written: " as committed by {saw}; when its turn came, {writer} had committed another value",
        saw_initial: " as it was before the block; when its turn came, {writer} had committed another value",
    },
};

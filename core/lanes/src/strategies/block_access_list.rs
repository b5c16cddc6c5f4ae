//! All transactions at once, on the values that a block access list predicts (EIP-7928).
//!
//! No transaction waits. Each executes and is validated as with Block-STM, so the list may be wrong or incomplete.

use super::{Aborted, Facts, Foresight, Scheduler, SchedulerHints, StrategyId, ViewKind, Words, sources};
use crate::schedule::BlockStm;

impl StrategyId {
    /// All transactions at once, on the values that the block access list predicts (EIP-7928).
    pub const BLOCK_ACCESS_LIST: Self = Self::numbered(5);
}

pub(super) const FACTS: Facts = Facts {
    id: StrategyId::BLOCK_ACCESS_LIST,
    name: "block-access-list",
    view: ViewKind::Predicted,
    foresight: Foresight::Recorded,
};

pub(super) fn scheduler(hints: &SchedulerHints<'_>) -> Box<dyn Scheduler> {
    Box::new(BlockStm::new(&vec![None; hints.earlier.len()]).starting_with(hints.first).on_lanes(hints.lanes))
}

pub(super) const WORDS: Words = Words {
    title: "Block access list",
    does: &[
        "With the block comes a list of every location that its transactions access, with the values after each transaction; the header holds its hash. So every transaction can start at once: it reads from the list what the transactions before it will have written.",
        "Here the list is made from a sequential run of the same block, or comes from a file. The tab Access list shows it, exports it, and marks each difference of another one. Reads are validated all the same: a list that is wrong costs attempts, never the result.",
    ],
    look: &[
        "Chains no longer matter. Even swaps in one pool run side by side, and the speed-up may pass the path limit, which holds for strategies that wait for values.",
        "The speed is then limited by the longest single transaction and by the number of lanes.",
    ],
    sources: &[sources::EIP_7928],
    nothing_twice: "Nothing ran twice: every value that a transaction read from the list was right. ",
    aborted: Aborted {
        by_one: " as the list predicts it, and transaction {writer} left another value there. ",
        by_several: " as the list predicts it, and earlier transactions left another value there. ",
        in_several: " as the list predicts them, and earlier transactions left other values there. ",
        because: " because transaction {writer} left another value in {location} than the list predicts",
        saw_written: " as the list predicts it after {saw}; {writer} left another value there",
        saw_initial: " as it was before the block, as the list has it; {writer} left another value there",
    },
};

//! Optimistic execution on multi-version memory (Gelashvili et al., PPoPP 2023, arXiv 2203.06871).

use super::{Aborted, Facts, Foresight, Scheduler, SchedulerHints, StrategyId, ViewKind, Words, sources};
use crate::schedule::BlockStm;

impl StrategyId {
    /// Optimistic execution on multi-version memory.
    pub const BLOCK_STM: Self = Self::numbered(1);
}

pub(super) const FACTS: Facts = Facts {
    id: StrategyId::BLOCK_STM,
    name: "block-stm",
    view: ViewKind::MultiVersion,
    foresight: Foresight::Senders,
};

pub(super) fn scheduler(hints: &SchedulerHints<'_>) -> Box<dyn Scheduler> {
    Box::new(
        BlockStm::new(hints.earlier)
            .starting_with(hints.first)
            .with_classes(hints.class_of)
            .on_lanes(hints.lanes),
    )
}

pub(super) const WORDS: Words = Words {
    title: "Block-STM",
    does: &[
        "Each lane takes the next transaction in block order and executes it at once, without knowing what it depends on. Writes go into a memory that keeps one version for each transaction, so a reader gets the value of the nearest transaction before it.",
        "Afterwards the reads are validated. If one of them would give another value now, the attempt is aborted and the transaction runs again. The writes of the aborted attempt stay in the memory as estimates. A transaction that reads an estimate stops and waits, because that value is about to change.",
        "The lowest transactions are executed and validated first, so the block settles from its beginning. Reads are compared by value: a transaction that writes the same value again aborts nobody.",
        "A transaction waits for the one before it of the same sender. If that one is a plain payment, it need not wait, because the next nonce is certain.",
        "On threads, a transaction that took long in the sequential rounds starts before the others, together with those that it needs. Otherwise one lane could still be busy with it when all others are done.",
        "The scheduler learns two things during a run. An attempt that started after everything before it had settled needs no validation. And transactions that call the same contract and name the same ones run one after the other once most of them have aborted each other.",
    ],
    look: &[
        "Hatched bars are attempts that did not commit. The arrow leads from the write to the attempt that read too early. A raised number counts attempts.",
        "On a chain (swaps in one pool) the first attempts are aborted, then lanes wait, and more lanes bring hardly more speed. On independent payments almost every attempt commits.",
    ],
    sources: &[sources::BLOCK_STM],
    nothing_twice: "Nothing ran twice: no transaction read a value before it was written. ",
    aborted: Aborted::BY_A_LATER_WRITE,
};

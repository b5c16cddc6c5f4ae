//! Strategies that know the transactions' accesses beforehand. All three execute and validate as Block-STM
//! does ([`BlockStm`]), so their hints may be wrong or incomplete. They differ in what a transaction waits
//! for.
//!
//! | strategy | a transaction waits for | what is predicted |
//! | --- | --- | --- |
//! | [`Declared`] | the last one of its sender, and lower ones that declare a slot that it declares too (EIP-2930) | nothing |
//! | [`Perfect`] | lower ones whose writes it reads in block order | nothing |
//! | [`Predicted`] | none | every transaction's writes, by the block access list (EIP-7928) |
//!
//! A transaction's access list does not tell reads from writes, so a slot that two transactions declare
//! counts as a conflict. Sender, recipient and beneficiary are known as well, but payments and fees are
//! increments, which do not conflict.

use super::{BlockStm, Foresight, Scheduler, SchedulerHints, Strategy, ViewKind};
use crate::trace::StrategyId;

/// The strategy that waits for declared conflicts.
pub(super) struct Declared;

impl Strategy for Declared {
    fn id(&self) -> StrategyId {
        StrategyId::AccessList
    }

    fn view(&self) -> ViewKind {
        ViewKind::MultiVersion
    }

    fn foresight(&self) -> Foresight {
        Foresight::Declared
    }

    fn scheduler(&self, hints: &SchedulerHints<'_>) -> Box<dyn Scheduler> {
        Box::new(BlockStm::waiting_for(hints.waits).starting_with(hints.first).on_lanes(hints.lanes))
    }
}

/// The strategy that waits for recorded dependencies.
pub(super) struct Perfect;

impl Strategy for Perfect {
    fn id(&self) -> StrategyId {
        StrategyId::PerfectAccessList
    }

    fn view(&self) -> ViewKind {
        ViewKind::MultiVersion
    }

    fn foresight(&self) -> Foresight {
        Foresight::Recorded
    }

    fn scheduler(&self, hints: &SchedulerHints<'_>) -> Box<dyn Scheduler> {
        Box::new(BlockStm::waiting_for(hints.waits).starting_with(hints.first).on_lanes(hints.lanes))
    }
}

/// The strategy that waits for nothing and reads predicted writes.
pub(super) struct Predicted;

impl Strategy for Predicted {
    fn id(&self) -> StrategyId {
        StrategyId::BlockAccessList
    }

    fn view(&self) -> ViewKind {
        ViewKind::Predicted
    }

    fn foresight(&self) -> Foresight {
        Foresight::Recorded
    }

    fn scheduler(&self, hints: &SchedulerHints<'_>) -> Box<dyn Scheduler> {
        Box::new(
            BlockStm::new(&vec![None; hints.earlier.len()]).starting_with(hints.first).on_lanes(hints.lanes),
        )
    }
}

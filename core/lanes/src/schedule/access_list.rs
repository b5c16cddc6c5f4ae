//! Strategies that know beforehand what transactions access. All three execute and validate as
//! Block-STM does ([`BlockStm`]), so that what they know may be wrong or incomplete; they differ in what
//! waits for what.
//!
//! | strategy | a transaction waits for | what is foretold |
//! | --- | --- | --- |
//! | [`Declared`] | its sender's, and lower ones that declare a slot that it declares (EIP-2930) | nothing |
//! | [`Perfect`] | lower ones whose writes it reads in block order | nothing |
//! | [`Predicted`] | nobody | every transaction's writes, by the block's access list (EIP-7928) |
//!
//! A transaction's access list does not tell reads from writes, so a slot that two of them declare counts
//! as a conflict. Sender, recipient and beneficiary are known as well, but payments and fees are
//! increments, which do not conflict.

use super::{BlockStm, Foresight, Scheduler, SchedulerHints, Strategy, ViewKind};
use crate::trace::StrategyId;

/// Waits for declared conflicts.
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

    fn scheduler(&self, known: &SchedulerHints<'_>) -> Box<dyn Scheduler> {
        Box::new(BlockStm::waiting_for(known.waits).starting_with(known.first).on_lanes(known.lanes))
    }
}

/// Waits for recorded dependencies.
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

    fn scheduler(&self, known: &SchedulerHints<'_>) -> Box<dyn Scheduler> {
        Box::new(BlockStm::waiting_for(known.waits).starting_with(known.first).on_lanes(known.lanes))
    }
}

/// Waits for nobody.
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

    fn scheduler(&self, known: &SchedulerHints<'_>) -> Box<dyn Scheduler> {
        Box::new(
            BlockStm::new(&vec![None; known.earlier.len()]).starting_with(known.first).on_lanes(known.lanes),
        )
    }
}

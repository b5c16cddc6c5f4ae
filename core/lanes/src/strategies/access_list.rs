//! Transactions that declare access to the same slot wait for each other (EIP-2930).
//!
//! A transaction waits for the last one of its sender, and for lower ones that declare a slot that it declares too. It
//! executes and is validated as with Block-STM, so its access list may be wrong or incomplete. A list does not tell reads
//! from writes, so a slot that two transactions declare counts as a conflict. Sender, recipient and beneficiary are known
//! as well, but payments and fees are increments, which do not conflict.

use super::{Aborted, Facts, Foresight, Scheduler, SchedulerHints, StrategyId, ViewKind, Words, sources};
use crate::schedule::BlockStm;

impl StrategyId {
    /// Transactions that declare access to the same slot wait for each other (EIP-2930). Undeclared accesses are
    /// validated as in Block-STM.
    pub const ACCESS_LIST: Self = Self::numbered(3);
}

pub(super) const FACTS: Facts = Facts {
    id: StrategyId::ACCESS_LIST,
    name: "access-list",
    view: ViewKind::MultiVersion,
    foresight: Foresight::Declared,
};

pub(super) fn scheduler(hints: &SchedulerHints<'_>) -> Box<dyn Scheduler> {
    Box::new(BlockStm::waiting_for(hints.waits).starting_with(hints.first).on_lanes(hints.lanes))
}

pub(super) const WORDS: Words = Words {
    title: "Access lists",
    does: &[
        "A transaction waits where it can know that it must: for lower transactions whose access lists declare a storage slot that its own list declares too, and for its sender’s last one unless that is a plain payment.",
        "Lists may be missing or incomplete. What they do not declare is handled as in Block-STM: reads are validated, and a transaction with a stale read runs again.",
    ],
    look: &[
        "The inspector says of each storage slot whether the list declares it. An undeclared slot is handled all the same, and is named where it cost an attempt.",
        "Most transactions have no access list, and without lists the lanes look much as with Block-STM. Add \"accessList\" to a scenario's transactions and compare.",
        "A list does not tell reads from writes, so two transactions that only read a slot wait for each other, too. There is more dotted waiting, and there are fewer hatched attempts.",
    ],
    sources: &[sources::EIP_2930, sources::BLOCK_STM],
    nothing_twice: "Nothing ran twice: each transaction waited for the values that it needed, or started late enough to have them. ",
    aborted: Aborted::BY_A_LATER_WRITE,
};

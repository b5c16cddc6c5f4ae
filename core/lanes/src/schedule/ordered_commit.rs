//! Optimistic execution with commits in block order: the scheme that Monad documents (docs.monad.xyz,
//! "Parallel Execution").
//!
//! ```text
//!           next: Execute             report: Executed          at the head: Validate
//! Unstarted ────────────▶ Executing ──────────────────▶ Executed ───────────────────▶ Committing
//!                            ▲                                                          │      │
//!                            └──────────── report: Aborted, incarnation + 1 ────────────┘      ▼
//!                                                                     report: Valid ─▶ Committed
//! ```
//! Every transaction runs once on the state that is committed by then. Transactions start in block order. The
//! *head* is the lowest transaction that is not committed. Only the head is validated, once it has executed.
//! If its read set holds, its writes are committed, and only then can other attempts read them. If not, it
//! runs again at once, with everything below it committed, so its second attempt holds.
//!
//! Invariants:
//! 1. *One commit at a time, in order.* `Validate` is handed out for the head only, and not again before its
//!    report.
//! 2. *Two attempts at most.* Nothing below the head changes while it runs again.

use super::{Report, Scheduler, Task};
use crate::units::{Incarnation, TxIndex, Version};

/// The scheduler of ordered commit.
#[derive(Debug)]
pub struct OrderedCommit {
    /// For each transaction, whether its latest attempt has run.
    executed: Vec<bool>,
    /// The lowest transaction that is not committed.
    head: usize,
    /// Whether the head's next attempt is its second.
    again: bool,
    /// The lowest transaction that was never started.
    fresh: usize,
    /// How far the head is.
    stage: Stage,
}

/// How far the head is, once it has run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It is running, or is to be validated once it has run.
    Running,
    /// It is being validated.
    Committing,
    /// Its abort is claimed.
    Aborting,
    /// It is to run again.
    Again,
}

impl OrderedCommit {
    /// For a block of that many transactions.
    pub fn new(transactions: usize) -> Self {
        Self { executed: vec![false; transactions], head: 0, again: false, fresh: 0, stage: Stage::Running }
    }

    /// Whether the head has executed and is to be validated.
    fn head_waits(&self) -> bool {
        self.stage == Stage::Running && self.executed.get(self.head) == Some(&true)
    }

    fn head_version(&self) -> Version {
        Version { tx: TxIndex(self.head as u32), incarnation: Incarnation(self.again.into()) }
    }
}

impl Scheduler for OrderedCommit {
    fn next(&mut self) -> Task {
        if self.head_waits() {
            self.stage = Stage::Committing;
            return Task::Validate(self.head_version());
        }
        if self.stage == Stage::Again {
            self.stage = Stage::Running;
            return Task::Execute(self.head_version());
        }
        if self.fresh < self.executed.len() {
            let version = Version { tx: TxIndex(self.fresh as u32), incarnation: Incarnation(0) };
            self.fresh += 1;
            return Task::Execute(version);
        }
        if self.head == self.executed.len() { Task::Done } else { Task::Wait }
    }

    fn runnable(&self) -> usize {
        let head = self.head_waits() || self.stage == Stage::Again;
        usize::from(head) + self.executed.len() - self.fresh
    }

    /// One: a lane learns of the next commit only after it has reported this one.
    fn batch_limit(&self) -> usize {
        1
    }

    fn report(&mut self, report: Report) {
        match report {
            Report::Executed { version, .. } => self.executed[version.tx.index()] = true,
            Report::Valid { .. } => {
                self.head += 1;
                self.again = false;
                self.stage = Stage::Running;
            }
            Report::Aborted { .. } => {
                self.executed[self.head] = false;
                self.again = true;
                self.stage = Stage::Again;
            }
            // Committed writes are never withdrawn, so no attempt meets an estimate. And the head has one
            // validation at a time, so no claim fails.
            Report::Blocked { .. } | Report::Stale { .. } => {}
        }
    }

    fn claim_abort(&mut self, version: Version) -> bool {
        let claimed = self.stage == Stage::Committing && version == self.head_version();
        if claimed {
            self.stage = Stage::Aborting;
        }
        claimed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(tx: u32, incarnation: u32) -> Version {
        Version { tx: TxIndex(tx), incarnation: Incarnation(incarnation) }
    }

    fn executed(tx: u32, incarnation: u32) -> Report {
        Report::Executed { version: version(tx, incarnation), wrote_new: false, on_final_state: false }
    }

    #[test]
    fn commits_come_in_block_order_whichever_runs_first() {
        let mut scheduler = OrderedCommit::new(2);
        assert_eq!(scheduler.next(), Task::Execute(version(0, 0)));
        assert_eq!(scheduler.next(), Task::Execute(version(1, 0)));
        scheduler.report(executed(1, 0));
        assert_eq!((scheduler.runnable(), scheduler.next()), (0, Task::Wait));
        scheduler.report(executed(0, 0));
        assert_eq!(scheduler.next(), Task::Validate(version(0, 0)));
        assert_eq!(scheduler.next(), Task::Wait, "one commit at a time");
        scheduler.report(Report::Valid { version: version(0, 0) });
        assert_eq!(scheduler.next(), Task::Validate(version(1, 0)));
        scheduler.report(Report::Valid { version: version(1, 0) });
        assert_eq!(scheduler.next(), Task::Done);
    }

    #[test]
    fn a_head_with_a_stale_read_set_runs_again_before_anything_else() {
        let mut scheduler = OrderedCommit::new(3);
        scheduler.next();
        scheduler.report(executed(0, 0));
        assert_eq!(scheduler.next(), Task::Validate(version(0, 0)));
        assert!(!scheduler.claim_abort(version(1, 0)), "only the head");
        assert!(scheduler.claim_abort(version(0, 0)));
        assert!(!scheduler.claim_abort(version(0, 0)), "once");
        scheduler.report(Report::Aborted { version: version(0, 0), writer: TxIndex(0) });
        assert_eq!(scheduler.runnable(), 3);
        assert_eq!(scheduler.next(), Task::Execute(version(0, 1)));
        assert_eq!(scheduler.next(), Task::Execute(version(1, 0)));
        scheduler.report(executed(0, 1));
        assert_eq!(scheduler.next(), Task::Validate(version(0, 1)));
        scheduler.report(Report::Valid { version: version(0, 1) });
        scheduler.report(executed(1, 0));
        assert_eq!(scheduler.next(), Task::Validate(version(1, 0)));
    }

    #[test]
    fn an_empty_block_is_done_at_once() {
        assert_eq!(OrderedCommit::new(0).next(), Task::Done);
    }
}

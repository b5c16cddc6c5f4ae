//! One transaction after the other, in block order.

use super::{Report, Scheduler, SchedulerHints, Strategy, Task, ViewKind};
use crate::{
    trace::StrategyId,
    units::{Incarnation, TxIndex, Version},
};

/// The strategy of [`Sequential`].
pub(super) struct InOrder;

impl Strategy for InOrder {
    fn id(&self) -> StrategyId {
        StrategyId::Sequential
    }

    fn view(&self) -> ViewKind {
        ViewKind::Final
    }

    fn scheduler(&self, hints: &SchedulerHints<'_>) -> Box<dyn Scheduler> {
        Box::new(Sequential::new(hints.earlier.len()))
    }
}

/// Hands out transactions in block order, one at a time.
#[derive(Debug)]
pub struct Sequential {
    transactions: u32,
    next: u32,
    running: bool,
}

impl Sequential {
    /// For a block of that many transactions.
    pub fn new(transactions: usize) -> Self {
        Self { transactions: transactions as u32, next: 0, running: false }
    }
}

impl Scheduler for Sequential {
    fn next(&mut self) -> Task {
        if self.running {
            return Task::Wait;
        }
        if self.next == self.transactions {
            return Task::Done;
        }
        self.running = true;
        let tx = TxIndex(self.next);
        self.next += 1;
        Task::Execute(Version { tx, incarnation: Incarnation(0) })
    }

    fn runnable(&self) -> usize {
        usize::from(!self.running && self.next < self.transactions)
    }

    fn report(&mut self, _: Report) {
        self.running = false;
    }

    fn claim_abort(&mut self, _: Version) -> bool {
        false
    }
}

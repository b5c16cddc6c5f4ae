//! One transaction after the other, in block order: the trivial scheduler, which needs no memory and no
//! validation.

use super::{Report, Scheduler, Task};
use crate::units::{Incarnation, TxIndex, Version};

/// Hands out transactions in block order, one at a time.
#[derive(Debug)]
pub struct Sequential {
    transactions: u32,
    /// The next transaction.
    next: u32,
    /// Whether one is handed out and not reported.
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

//! The state machine of Block-STM: see the room's description for algorithm and invariants.

use super::{Known, Report, Scheduler, Strategy, Task, ViewKind, bits::Bits};
use crate::{
    trace::StrategyId,
    units::{Incarnation, TxIndex, Version},
};

/// The strategy of [`BlockStm`].
pub(super) struct Optimistic;

impl Strategy for Optimistic {
    fn id(&self) -> StrategyId {
        StrategyId::BlockStm
    }

    fn view(&self) -> ViewKind {
        ViewKind::MultiVersion
    }

    fn scheduler(&self, known: &Known<'_>) -> Box<dyn Scheduler> {
        Box::new(BlockStm::new(known.earlier).starting_with(known.first))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Ready,
    Waiting,
    Executing,
    Executed,
    Aborting,
}

#[derive(Clone, Debug)]
struct Tx {
    status: Status,
    incarnation: Incarnation,
    /// How many transactions it waits for.
    waits_for: u32,
    /// Transactions that wait for this one to execute.
    waiting: Vec<TxIndex>,
}

/// Block-STM's scheduler.
#[derive(Debug)]
pub struct BlockStm {
    txs: Vec<Tx>,
    /// Those with [`Status::Ready`].
    ready: Bits,
    /// Those with [`Status::Executed`].
    executed: Bits,
    /// Executed ones that must be validated.
    marked: Bits,
    /// All transactions below this one are executed.
    frontier: usize,
    /// Those to be started before others, the last one first.
    first: Vec<TxIndex>,
    /// Tasks handed out and not reported.
    out: usize,
}

impl BlockStm {
    /// For a block; `earlier[i]` is the latest transaction before `i` with the same sender. The
    /// nonce makes it certain that `i` depends on it, so `i` is not tried before.
    pub fn new(earlier: &[Option<TxIndex>]) -> Self {
        Self::with_waits(earlier.len(), |i| earlier[i].as_slice())
    }

    /// For a block in which each transaction `i` is not tried before those in `waits[i]`, which come
    /// before it, have executed.
    pub fn waiting_for(waits: &[Vec<TxIndex>]) -> Self {
        Self::with_waits(waits.len(), |i| &waits[i])
    }

    fn with_waits<'a>(len: usize, waits: impl Fn(usize) -> &'a [TxIndex]) -> Self {
        let tx = Tx { status: Status::Ready, incarnation: Incarnation(0), waits_for: 0, waiting: Vec::new() };
        let mut this = Self {
            txs: vec![tx; len],
            ready: Bits::none(len),
            executed: Bits::none(len),
            marked: Bits::none(len),
            frontier: 0,
            first: Vec::new(),
            out: 0,
        };
        for i in 0..len {
            // Only on lower ones: whatever else is said would be a circle.
            for earlier in waits(i).iter().filter(|earlier| earlier.index() < i) {
                this.txs[i].waits_for += 1;
                this.txs[earlier.index()].waiting.push(TxIndex(i as u32));
            }
            match this.txs[i].waits_for {
                0 => this.ready.insert(i),
                _ => this.txs[i].status = Status::Waiting,
            }
        }
        this
    }

    /// The same, but that those transactions are started before others as soon as they are ready:
    /// long ones, which would keep one lane busy when all others have come to the end.
    #[must_use]
    pub fn starting_with(mut self, first: &[TxIndex]) -> Self {
        self.first = first.iter().rev().copied().filter(|tx| tx.index() < self.txs.len()).collect();
        self
    }

    /// The next to be executed.
    fn next_ready(&mut self) -> Option<usize> {
        while let Some(tx) = self.first.last() {
            match self.txs[tx.index()] {
                Tx { status: Status::Ready, incarnation: Incarnation(0), .. } => return Some(tx.index()),
                // It waits for another, and others need not wait for that.
                Tx { status: Status::Waiting, incarnation: Incarnation(0), .. } => break,
                _ => drop(self.first.pop()),
            }
        }
        self.ready.first()
    }

    fn make_ready(&mut self, tx: TxIndex) {
        self.txs[tx.index()].status = Status::Ready;
        self.ready.insert(tx.index());
    }

    fn version(&self, i: usize) -> Version {
        Version { tx: TxIndex(i as u32), incarnation: self.txs[i].incarnation }
    }
}

impl Scheduler for BlockStm {
    fn next(&mut self) -> Task {
        // What has only executed transactions below it is validated first, because whoever comes
        // later builds on it. The rest is validated when there is nothing to execute: a
        // transaction below it that is yet to write would call for it again.
        let task = match (self.marked.first(), self.next_ready()) {
            (Some(validate), execute) if validate <= self.frontier || execute.is_none() => {
                self.marked.remove(validate);
                Task::Validate(self.version(validate))
            }
            (_, Some(execute)) => {
                self.ready.remove(execute);
                self.txs[execute].status = Status::Executing;
                Task::Execute(self.version(execute))
            }
            _ if self.out == 0 => return Task::Done,
            _ => return Task::Wait,
        };
        self.out += 1;
        task
    }

    fn left(&self) -> usize {
        self.ready.len() + self.marked.len()
    }

    fn report(&mut self, report: Report) {
        self.out -= 1;
        match report {
            Report::Executed { version, wrote_new } => {
                let i = version.tx.index();
                self.txs[i].status = Status::Executed;
                self.executed.insert(i);
                self.marked.insert(i);
                if i == self.frontier {
                    let executed = |tx: &&Tx| tx.status == Status::Executed;
                    self.frontier += self.txs[i..].iter().take_while(executed).count();
                }
                if wrote_new {
                    self.marked.insert_from(&self.executed, i);
                }
                for waiting in std::mem::take(&mut self.txs[i].waiting) {
                    let tx = &mut self.txs[waiting.index()];
                    tx.waits_for -= 1;
                    if tx.waits_for == 0 {
                        self.make_ready(waiting);
                    }
                }
            }
            Report::Blocked { version, writer } => {
                let tx = &mut self.txs[version.tx.index()];
                tx.incarnation.0 += 1;
                tx.status = Status::Waiting;
                // The writer may have finished since the attempt met its estimate.
                match self.txs[writer.index()].status {
                    Status::Executed => self.make_ready(version.tx),
                    _ => {
                        self.txs[version.tx.index()].waits_for = 1;
                        self.txs[writer.index()].waiting.push(version.tx);
                    }
                }
            }
            Report::Valid { .. } => {}
            Report::Aborted { version } => {
                let i = version.tx.index();
                self.txs[i].incarnation.0 += 1;
                self.make_ready(version.tx);
                self.marked.insert_from(&self.executed, i);
            }
        }
    }

    fn claim_abort(&mut self, version: Version) -> bool {
        let tx = &mut self.txs[version.tx.index()];
        if tx.status != Status::Executed || tx.incarnation != version.incarnation {
            return false;
        }
        tx.status = Status::Aborting;
        let i = version.tx.index();
        self.executed.remove(i);
        self.marked.remove(i);
        self.frontier = self.frontier.min(i);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(tx: u32, incarnation: u32) -> Version {
        Version { tx: TxIndex(tx), incarnation: Incarnation(incarnation) }
    }

    fn executed(tx: u32, incarnation: u32, wrote_new: bool) -> Report {
        Report::Executed { version: version(tx, incarnation), wrote_new }
    }

    fn independent(transactions: usize) -> BlockStm {
        BlockStm::new(&vec![None; transactions])
    }

    #[test]
    fn transactions_are_tried_in_block_order() {
        let mut stm = independent(2);
        assert_eq!(stm.next(), Task::Execute(version(0, 0)));
        assert_eq!(stm.next(), Task::Execute(version(1, 0)));
        assert_eq!(stm.next(), Task::Wait);
    }

    #[test]
    fn what_is_worth_it_is_started_first() {
        let mut stm = independent(4).starting_with(&[TxIndex(3), TxIndex(2), TxIndex(9)]);
        let order: Vec<Task> = (0..5).map(|_| stm.next()).collect();
        let execute = |tx| Task::Execute(version(tx, 0));
        assert_eq!(order, [execute(3), execute(2), execute(0), execute(1), Task::Wait]);
    }

    #[test]
    fn everything_is_validated_before_the_end() {
        let mut stm = independent(1);
        stm.next();
        stm.report(executed(0, 0, true));
        assert_eq!(stm.next(), Task::Validate(version(0, 0)));
        assert_eq!(stm.next(), Task::Wait);
        stm.report(Report::Valid { version: version(0, 0) });
        assert_eq!(stm.next(), Task::Done);
    }

    #[test]
    fn a_new_write_below_marks_what_was_already_validated() {
        let mut stm = independent(2);
        stm.next();
        stm.next();
        stm.report(executed(1, 0, true));
        assert_eq!(stm.next(), Task::Validate(version(1, 0)));
        stm.report(Report::Valid { version: version(1, 0) });
        stm.report(executed(0, 0, true));
        assert_eq!(stm.next(), Task::Validate(version(0, 0)));
        assert_eq!(stm.next(), Task::Validate(version(1, 0)));
    }

    #[test]
    fn a_validation_under_way_does_not_take_a_later_mark_away() {
        let mut stm = independent(2);
        stm.next();
        stm.next();
        stm.report(executed(1, 0, true));
        assert_eq!(stm.next(), Task::Validate(version(1, 0)));
        stm.report(executed(0, 0, true));
        stm.report(Report::Valid { version: version(1, 0) });
        assert_eq!(stm.next(), Task::Validate(version(0, 0)));
        assert_eq!(stm.next(), Task::Validate(version(1, 0)));
    }

    #[test]
    fn an_abort_has_one_claimant_and_a_new_incarnation() {
        let mut stm = independent(1);
        stm.next();
        stm.report(executed(0, 0, true));
        stm.next();
        assert!(stm.claim_abort(version(0, 0)));
        assert!(!stm.claim_abort(version(0, 0)));
        stm.report(Report::Aborted { version: version(0, 0) });
        assert_eq!(stm.next(), Task::Execute(version(0, 1)));
        assert!(!stm.claim_abort(version(0, 0)));
    }

    #[test]
    fn reader_of_an_estimate_waits_for_its_writer() {
        let mut stm = independent(2);
        stm.next();
        stm.next();
        stm.report(Report::Blocked { version: version(1, 0), writer: TxIndex(0) });
        assert_eq!(stm.next(), Task::Wait);
        stm.report(executed(0, 0, true));
        assert_eq!(stm.next(), Task::Validate(version(0, 0)));
        assert_eq!(stm.next(), Task::Execute(version(1, 1)));
    }

    #[test]
    fn reader_of_an_estimate_whose_writer_has_finished_goes_on_at_once() {
        let mut stm = independent(2);
        stm.next();
        stm.next();
        stm.report(executed(0, 0, true));
        stm.report(Report::Blocked { version: version(1, 0), writer: TxIndex(0) });
        assert_eq!(stm.next(), Task::Validate(version(0, 0)));
        assert_eq!(stm.next(), Task::Execute(version(1, 1)));
    }

    #[test]
    fn a_senders_transactions_are_tried_one_after_the_other() {
        let mut stm = BlockStm::new(&[None, Some(TxIndex(0)), Some(TxIndex(1))]);
        assert_eq!(stm.next(), Task::Execute(version(0, 0)));
        assert_eq!(stm.next(), Task::Wait);
        stm.report(executed(0, 0, true));
        assert_eq!(stm.next(), Task::Validate(version(0, 0)));
        assert_eq!(stm.next(), Task::Execute(version(1, 0)));
        assert_eq!(stm.next(), Task::Wait);
    }

    #[test]
    fn whoever_waits_for_several_waits_for_all_of_them() {
        let waits = [vec![], vec![], vec![TxIndex(0), TxIndex(1)]];
        let mut stm = BlockStm::waiting_for(&waits);
        stm.next();
        stm.next();
        stm.report(executed(1, 0, true));
        assert_eq!(stm.next(), Task::Validate(version(1, 0)));
        assert_eq!(stm.next(), Task::Wait);
        stm.report(executed(0, 0, true));
        assert_eq!(stm.next(), Task::Validate(version(0, 0)));
        assert_eq!(stm.next(), Task::Validate(version(1, 0)));
        assert_eq!(stm.next(), Task::Execute(version(2, 0)));
    }

    #[test]
    fn an_empty_block_is_done_at_once() {
        assert_eq!(independent(0).next(), Task::Done);
    }
}

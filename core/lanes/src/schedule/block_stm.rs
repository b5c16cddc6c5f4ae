//! The state machine of Block-STM. The module [`schedule`](super) describes the algorithm and the invariants.

use super::{Report, Scheduler, Task, bits::Bits};
use crate::units::{Incarnation, TxIndex, Version};

/// Where a transaction is in its life cycle; the diagram in [`schedule`](super) has the transitions.
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
    /// How many of its attempts were aborted.
    aborted: u32,
    /// How many transactions it waits for.
    waits_for: u32,
    /// Transactions that wait for this one.
    waiting: Vec<TxIndex>,
    /// How many of its validations are handed out.
    validations: u32,
    /// Whether its latest attempt was started early: while a lower transaction of its class was pending.
    /// Taken back once the attempt is known to hold. Never set for a transaction without a class.
    early: bool,
}

/// The conflict classes of a block, and the outcomes of the attempts that were started early.
#[derive(Debug, Default)]
struct ConflictClasses {
    /// For each transaction that shares a class: the class, and the class's latest transaction before it.
    of: Vec<Option<(u32, Option<TxIndex>)>>,
    /// By class.
    stats: Vec<ClassStats>,
}

/// How the early attempts of one class ended. An attempt is early if a lower transaction of its class was
/// pending when it started.
#[derive(Clone, Copy, Debug, Default)]
struct ClassStats {
    /// Not known yet.
    undecided: u32,
    /// Found to hold once no lower transaction of the class was pending.
    valid: u32,
    /// Aborted, or stopped at an estimate, because of a transaction of the same class.
    failed: u32,
}

impl ClassStats {
    /// With fewer failures than this, nothing is concluded.
    const MIN_FAILED: u32 = 3;

    /// Whether the next early attempt would most likely fail too. Undecided attempts count against that:
    /// while most are undecided, the outcomes of the first ones say little.
    fn predicts_failure(self) -> bool {
        self.failed >= Self::MIN_FAILED && self.failed >= 3 * self.valid + self.undecided
    }
}

impl ConflictClasses {
    /// How many lower transactions of the same class are looked at, at most: this bounds the cost of a turn.
    const MAX_LOOKBACK: usize = 16;

    fn new(class_of: &[Option<u32>]) -> Self {
        let classes = class_of.iter().flatten().max().map_or(0, |last| *last as usize + 1);
        let mut latest = vec![None; classes];
        let txs = class_of.iter().zip(0..);
        let of =
            txs.map(|(class, tx)| class.map(|class| (class, latest[class as usize].replace(TxIndex(tx)))));
        Self { of: of.collect(), stats: vec![ClassStats::default(); classes] }
    }

    fn of(&self, tx: usize) -> Option<(u32, Option<TxIndex>)> {
        self.of.get(tx).copied().flatten()
    }

    fn before(&self, tx: usize) -> Option<TxIndex> {
        self.of(tx)?.1
    }
}

/// How often a transaction may be aborted before it waits until everything below it is settled. Its next
/// attempt then reads final values and is the last one.
///
/// Without a bound, a chain of transactions that nothing predicts makes cascades: each commit changes a value
/// that all attempts above have read, all of them are aborted, and all run again on values that are about to
/// change once more. With many lanes more attempts start too early even where there is no chain, so the bound
/// is higher there.
pub fn most_aborted(lanes: usize) -> u32 {
    (lanes / 6).max(3) as u32
}

/// How many attempts per transaction of the block may fail, on average: be aborted, or stop at an estimate.
///
/// Once there have been two for each transaction, every transaction that fails waits until everything below
/// it is settled. So each transaction fails at most once more.
pub const MOST_FAILED: usize = 3;

/// Block-STM's scheduler.
///
/// ```text
/// block order   0 ─────────────── settled ──────────── frontier ──────────────────▶
///               executed, valid   executed; some       ready, waiting, executing,
///               for good          marked or validated  executed, aborting
/// ```
/// The sets are redundant to the transactions' own status, and kept in step with it: `ready` and `executed`
/// by status, `marked` within `executed`, `held` within those that wait.
#[derive(Debug)]
pub struct BlockStm {
    txs: Vec<Tx>,
    /// Transactions with [`Status::Ready`].
    ready: Bits,
    /// Transactions with [`Status::Executed`].
    executed: Bits,
    /// Executed transactions that must be validated. Only handing out the validation, or the abort, takes a
    /// mark away (invariant 2).
    marked: Bits,
    /// All transactions below this one are executed.
    frontier: usize,
    /// All transactions below this one are settled.
    settled: usize,
    /// Transactions that run again only once everything below them is settled.
    held: Bits,
    /// See [`most_aborted`].
    most_aborted: u32,
    /// How many attempts may still fail before every transaction that fails is held: see [`MOST_FAILED`].
    failures_left: usize,
    classes: ConflictClasses,
    /// Transactions to be started before others, the first of them at the end.
    first: Vec<TxIndex>,
    /// Tasks that are handed out and not reported.
    handed_out: usize,
}

impl BlockStm {
    /// For a block in which `earlier[i]` is the latest transaction before `i` with the same sender. The nonce
    /// makes it certain that `i` depends on it, so `i` is not started before.
    pub fn new(earlier: &[Option<TxIndex>]) -> Self {
        Self::with_waits(earlier.len(), |i| earlier[i].as_slice())
    }

    /// For a block in which transaction `i` is not started before those in `waits[i]` have executed. All of
    /// these come before it.
    pub fn waiting_for(waits: &[Vec<TxIndex>]) -> Self {
        Self::with_waits(waits.len(), |i| &waits[i])
    }

    fn with_waits<'a>(len: usize, waits: impl Fn(usize) -> &'a [TxIndex]) -> Self {
        let tx = Tx {
            status: Status::Ready,
            incarnation: Incarnation(0),
            aborted: 0,
            waits_for: 0,
            waiting: Vec::new(),
            validations: 0,
            early: false,
        };
        let mut this = Self {
            txs: vec![tx; len],
            ready: Bits::none(len),
            executed: Bits::none(len),
            marked: Bits::none(len),
            frontier: 0,
            settled: 0,
            held: Bits::none(len),
            most_aborted: most_aborted(1),
            failures_left: len * (MOST_FAILED - 1),
            classes: ConflictClasses::default(),
            first: Vec::new(),
            handed_out: 0,
        };
        for i in 0..len {
            // A hint may be wrong: waiting for itself or a higher transaction would be a circle (invariant
            // 4).
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

    /// The same, but these transactions are started before others as soon as they are ready. They are long
    /// ones: started last, one of them would keep a single lane running after all others have ended.
    #[must_use]
    pub fn starting_with(mut self, first: &[TxIndex]) -> Self {
        self.first = first.iter().rev().copied().filter(|tx| tx.index() < self.txs.len()).collect();
        self
    }

    /// The same, but transactions of one conflict class are started one after the other, once early attempts
    /// have shown to fail: see [`SchedulerHints::class_of`].
    #[must_use]
    pub fn with_classes(mut self, class_of: &[Option<u32>]) -> Self {
        self.classes = ConflictClasses::new(class_of);
        self
    }

    /// The same, on that many lanes: see [`most_aborted`].
    #[must_use]
    pub fn on_lanes(mut self, lanes: usize) -> Self {
        self.most_aborted = most_aborted(lanes);
        self
    }

    /// The next transaction to be executed.
    fn next_ready(&mut self) -> Option<usize> {
        while let Some(tx) = self.first.last() {
            match self.txs[tx.index()] {
                Tx { status: Status::Ready, incarnation: Incarnation(0), .. } => return Some(tx.index()),
                // It waits for another transaction, and the rest need not wait for that.
                Tx { status: Status::Waiting, incarnation: Incarnation(0), .. } => break,
                _ => drop(self.first.pop()),
            }
        }
        loop {
            let next = self.ready.first()?;
            match self.held_back_by(next) {
                Some(before) => self.wait(next, before),
                None => return Some(next),
            }
        }
    }

    /// The transaction that a ready transaction must wait for, because before that one is executed or
    /// validated an attempt has no chance: one of the same class.
    fn held_back_by(&self, i: usize) -> Option<TxIndex> {
        // A transaction that has failed waited for the writer that made it fail.
        if self.txs[i].incarnation != Incarnation(0) {
            return None;
        }
        let (class, _) = self.classes.of(i)?;
        self.classes.stats[class as usize].predicts_failure().then(|| self.pending_before(i))?
    }

    /// The latest lower transaction of the same class that is pending: its execution or validation is still
    /// to come, and may well change a value that `i` reads. A valid attempt that was itself early is passed
    /// over: whether it stays valid depends on the transactions below it.
    fn pending_before(&self, i: usize) -> Option<TxIndex> {
        let members = std::iter::successors(self.classes.before(i), |tx| self.classes.before(tx.index()));
        for before in members.take(ConflictClasses::MAX_LOOKBACK) {
            let Tx { status, early, validations, .. } = self.txs[before.index()];
            match status {
                Status::Executed if !early => return None,
                Status::Executed if validations == 0 && !self.marked.contains(before.index()) => {}
                _ => return Some(before),
            }
        }
        None
    }

    /// Takes a ready transaction back, until `writer` has executed or been validated.
    fn wait(&mut self, i: usize, writer: TxIndex) {
        self.ready.remove(i);
        self.txs[i].status = Status::Waiting;
        self.txs[i].waits_for = 1;
        self.txs[writer.index()].waiting.push(TxIndex(i as u32));
    }

    /// Releases the transactions that wait for this one.
    fn release(&mut self, i: usize) {
        for waiting in std::mem::take(&mut self.txs[i].waiting) {
            let tx = &mut self.txs[waiting.index()];
            tx.waits_for -= 1;
            if tx.waits_for == 0 {
                self.make_ready(waiting);
            }
        }
    }

    /// Hands out the execution of a transaction.
    fn start(&mut self, i: usize) -> Version {
        self.txs[i].status = Status::Executing;
        self.handed_out += 1;
        self.version(i)
    }

    /// Records whether a transaction's attempt is early.
    fn set_early(&mut self, i: usize, early: bool) {
        if let Some((class, _)) = self.classes.of(i) {
            let was = std::mem::replace(&mut self.txs[i].early, early);
            let stats = &mut self.classes.stats[class as usize];
            stats.undecided = stats.undecided + u32::from(early) - u32::from(was);
        }
    }

    /// Records that an attempt holds, and that no lower transaction of its class is pending any more.
    fn note_valid(&mut self, i: usize) {
        if self.txs[i].early
            && let Some((class, _)) = self.classes.of(i)
        {
            self.set_early(i, false);
            self.classes.stats[class as usize].valid += 1;
        }
    }

    /// Records that an attempt failed because of `writer`. It counts for the class only if both are of the
    /// same class: other conflicts say nothing about it.
    fn note_failed(&mut self, tx: TxIndex, writer: TxIndex) {
        self.set_early(tx.index(), false);
        let (this, that) = (self.classes.of(tx.index()), self.classes.of(writer.index()));
        if let (Some((this, _)), Some((that, _))) = (this, that)
            && this == that
        {
            self.classes.stats[this as usize].failed += 1;
        }
    }

    /// Moves `settled` past all transactions that have become settled. If the next one is held, it becomes
    /// ready.
    fn settle(&mut self) {
        let done = |tx: &Tx| tx.status == Status::Executed && tx.validations == 0;
        while self.txs.get(self.settled).is_some_and(done) && !self.marked.contains(self.settled) {
            self.note_valid(self.settled);
            self.settled += 1;
        }
        if self.held.len() > 0 && self.settled < self.txs.len() && self.held.contains(self.settled) {
            self.held.remove(self.settled);
            self.make_ready(TxIndex(self.settled as u32));
        }
    }

    /// Counts an attempt that failed: was aborted, or stopped at an estimate. Returns whether the transaction
    /// is held for that. The lowest unsettled transaction never is: it already reads final values.
    fn hold_if_failing(&mut self, tx: TxIndex, aborted: bool) -> bool {
        let i = tx.index();
        self.txs[i].aborted += u32::from(aborted);
        let too_often = self.txs[i].aborted >= self.most_aborted || self.failures_left == 0;
        self.failures_left = self.failures_left.saturating_sub(1);
        let held = too_often && i > self.settled;
        if held {
            self.txs[i].status = Status::Waiting;
            self.held.insert(i);
        }
        held
    }

    /// Makes a transaction ready to be executed.
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
        // A transaction with only executed ones below it is validated first, because all higher ones build on
        // it. The rest is validated when nothing can be executed: a lower transaction that is yet to write
        // would call for another validation.
        match (self.marked.first(), self.next_ready()) {
            (Some(validate), execute) if validate <= self.frontier || execute.is_none() => {
                self.marked.remove(validate);
                self.txs[validate].validations += 1;
                self.handed_out += 1;
                Task::Validate(self.version(validate))
            }
            (_, Some(execute)) => {
                self.ready.remove(execute);
                self.set_early(execute, self.pending_before(execute).is_some());
                Task::Execute(self.start(execute))
            }
            _ if self.handed_out == 0 => Task::Done,
            _ => Task::Wait,
        }
    }

    fn next_dependent(&mut self, tx: TxIndex) -> Option<Version> {
        let next = self.txs[tx.index()].waiting.first()?.index();
        // In block order, like all tasks: a ready transaction below comes first.
        if self.txs[next].waits_for != 1 || self.ready.first().is_some_and(|ready| ready < next) {
            return None;
        }
        self.txs[tx.index()].waiting.remove(0);
        self.txs[next].waits_for = 0;
        // It reads the writes of `tx`, and the same lane runs it right after: it is as early as `tx`.
        self.set_early(next, self.txs[tx.index()].early);
        Some(self.start(next))
    }

    fn settled(&self) -> Option<TxIndex> {
        Some(TxIndex(self.settled as u32))
    }

    fn runnable(&self) -> usize {
        self.ready.len() + self.marked.len()
    }

    fn report(&mut self, report: Report) {
        self.handed_out -= 1;
        match report {
            Report::Executed { version, wrote_new, on_final_state } => {
                let i = version.tx.index();
                self.txs[i].status = Status::Executed;
                self.executed.insert(i);
                if !on_final_state {
                    self.marked.insert(i);
                }
                if i == self.frontier {
                    let executed = |tx: &&Tx| tx.status == Status::Executed;
                    self.frontier += self.txs[i..].iter().take_while(executed).count();
                }
                if wrote_new {
                    self.marked.insert_from(&self.executed, i + 1);
                }
                self.settle();
                self.release(i);
            }
            Report::Blocked { version, writer } => {
                self.note_failed(version.tx, writer);
                let tx = &mut self.txs[version.tx.index()];
                tx.incarnation.0 += 1;
                tx.status = Status::Waiting;
                // The writer may have executed between the attempt's read and this report.
                let executed = self.txs[writer.index()].status == Status::Executed;
                match (self.hold_if_failing(version.tx, false), executed) {
                    (true, _) => {}
                    (false, true) => self.make_ready(version.tx),
                    (false, false) => {
                        self.txs[version.tx.index()].waits_for = 1;
                        self.txs[writer.index()].waiting.push(version.tx);
                    }
                }
            }
            Report::Valid { version } | Report::Stale { version } => {
                let i = version.tx.index();
                self.txs[i].validations -= 1;
                self.settle();
                // A transaction that this one held back becomes ready, and is checked again. All other
                // waiting transactions wait for one that has not executed, so none of them is released too
                // early.
                if self.txs[i].status == Status::Executed {
                    let holds = matches!(report, Report::Valid { .. }) && self.version(i) == version;
                    if holds && self.pending_before(i).is_none() {
                        self.note_valid(i);
                    }
                    self.release(i);
                }
            }
            Report::Aborted { version, writer } => {
                let i = version.tx.index();
                self.note_failed(version.tx, writer);
                self.txs[i].validations -= 1;
                self.txs[i].incarnation.0 += 1;
                if !self.hold_if_failing(version.tx, true) {
                    self.make_ready(version.tx);
                }
                self.marked.insert_from(&self.executed, i + 1);
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
        debug_assert!(i >= self.settled, "transaction {i} was settled");
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
        Report::Executed { version: version(tx, incarnation), wrote_new, on_final_state: false }
    }

    fn independent(transactions: usize) -> BlockStm {
        BlockStm::new(&vec![None; transactions])
    }

    #[test]
    fn transactions_start_in_block_order() {
        let mut stm = independent(2);
        assert_eq!(stm.next(), Task::Execute(version(0, 0)));
        assert_eq!(stm.next(), Task::Execute(version(1, 0)));
        assert_eq!(stm.next(), Task::Wait);
    }

    #[test]
    fn transactions_worth_starting_first_start_first() {
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
    fn a_new_write_below_marks_a_validated_transaction_again() {
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
    fn the_outcome_of_a_validation_does_not_take_a_later_mark_away() {
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
        stm.report(Report::Aborted { version: version(0, 0), writer: TxIndex(0) });
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
    fn reader_of_an_estimate_whose_writer_has_executed_is_ready_at_once() {
        let mut stm = independent(2);
        stm.next();
        stm.next();
        stm.report(executed(0, 0, true));
        stm.report(Report::Blocked { version: version(1, 0), writer: TxIndex(0) });
        assert_eq!(stm.next(), Task::Validate(version(0, 0)));
        assert_eq!(stm.next(), Task::Execute(version(1, 1)));
    }

    #[test]
    fn a_senders_transactions_run_one_after_the_other() {
        let mut stm = BlockStm::new(&[None, Some(TxIndex(0)), Some(TxIndex(1))]);
        assert_eq!(stm.next(), Task::Execute(version(0, 0)));
        assert_eq!(stm.next(), Task::Wait);
        stm.report(executed(0, 0, true));
        assert_eq!(stm.next(), Task::Validate(version(0, 0)));
        assert_eq!(stm.next(), Task::Execute(version(1, 0)));
        assert_eq!(stm.next(), Task::Wait);
    }

    #[test]
    fn a_transaction_that_waits_for_several_waits_for_all_of_them() {
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
    fn a_transaction_is_settled_once_it_is_neither_marked_nor_being_validated() {
        let mut stm = independent(3);
        (0..3).for_each(|_| assert!(matches!(stm.next(), Task::Execute(_))));
        stm.report(executed(0, 0, true));
        assert_eq!(stm.settled(), Some(TxIndex(0)), "marked");
        stm.report(executed(1, 0, true));
        assert_eq!(stm.next(), Task::Validate(version(0, 0)));
        assert_eq!(stm.settled(), Some(TxIndex(0)), "being validated");
        stm.report(Report::Valid { version: version(0, 0) });
        assert_eq!(stm.settled(), Some(TxIndex(1)));
        assert_eq!(stm.next(), Task::Validate(version(1, 0)));
        assert!(stm.claim_abort(version(1, 0)));
        stm.report(Report::Aborted { version: version(1, 0), writer: TxIndex(0) });
        assert_eq!(stm.next(), Task::Execute(version(1, 1)));
        stm.report(Report::Executed { version: version(1, 1), wrote_new: false, on_final_state: true });
        assert_eq!(stm.settled(), Some(TxIndex(2)), "without a validation");
    }

    #[test]
    fn one_of_two_validations_does_not_settle_a_transaction() {
        let mut stm = independent(2);
        stm.next();
        stm.next();
        stm.report(executed(1, 0, true));
        assert_eq!(stm.next(), Task::Validate(version(1, 0)));
        stm.report(Report::Executed { version: version(0, 0), wrote_new: true, on_final_state: true });
        assert_eq!(stm.next(), Task::Validate(version(1, 0)), "marked again meanwhile");
        stm.report(Report::Valid { version: version(1, 0) });
        assert_eq!(stm.settled(), Some(TxIndex(1)));
        stm.report(Report::Valid { version: version(1, 0) });
        assert_eq!(stm.settled(), Some(TxIndex(2)));
    }

    /// Starts the first four side by side. Those after the first fail because of the one before.
    fn after_failed_early_attempts(class_of: &[Option<u32>]) -> BlockStm {
        let mut stm = independent(class_of.len()).with_classes(class_of);
        (0..4).for_each(|tx| assert_eq!(stm.next(), Task::Execute(version(tx, 0))));
        for tx in 1..4 {
            stm.report(Report::Blocked { version: version(tx, 0), writer: TxIndex(tx - 1) });
        }
        stm
    }

    #[test]
    fn a_conflict_class_is_held_back_once_its_early_attempts_fail() {
        let mut stm = after_failed_early_attempts(&[Some(0); 6]);
        assert_eq!(stm.next(), Task::Wait, "4 waits for 3, and 5 for 4");
        stm.report(executed(0, 0, true));
        assert_eq!(stm.next(), Task::Validate(version(0, 0)));
        assert_eq!(
            stm.next(),
            Task::Execute(version(1, 1)),
            "an attempt that met an estimate waits for its writer"
        );
        assert_eq!(stm.next(), Task::Wait);
    }

    /// One lane runs a chain again. The other keeps just ahead of it, each time on writes that are about to
    /// become estimates. None of its attempts starts before the one before has executed.
    #[test]
    fn an_attempt_on_unvalidated_writes_of_its_class_counts_as_early() {
        let mut stm = independent(8).with_classes(&[Some(0); 8]);
        let on_final_state = |tx, incarnation| Report::Executed {
            version: version(tx, incarnation),
            wrote_new: false,
            on_final_state: true,
        };
        assert_eq!(stm.next(), Task::Execute(version(0, 0)));
        assert_eq!(stm.next(), Task::Execute(version(1, 0)));
        stm.report(on_final_state(0, 0));
        assert_eq!(stm.next(), Task::Execute(version(2, 0)));
        stm.report(executed(1, 0, true));
        assert_eq!(stm.next(), Task::Validate(version(1, 0)));
        stm.report(executed(2, 0, true));
        assert_eq!(stm.next(), Task::Validate(version(2, 0)));
        stm.report(Report::Valid { version: version(2, 0) });
        assert_eq!(stm.next(), Task::Execute(version(3, 0)));
        for tx in 1..4 {
            assert!(stm.claim_abort(version(tx, 0)));
            stm.report(Report::Aborted { version: version(tx, 0), writer: TxIndex(tx - 1) });
            assert_eq!(stm.next(), Task::Execute(version(tx, 1)));
            stm.report(executed(tx + 2, 0, true));
            if tx == 3 {
                assert_eq!(stm.next(), Task::Validate(version(4, 0)), "rather than run 6");
                break;
            }
            assert_eq!(stm.next(), Task::Execute(version(tx + 3, 0)));
            stm.report(on_final_state(tx, 1));
            assert_eq!(stm.next(), Task::Validate(version(tx + 1, 0)));
        }
    }

    #[test]
    fn a_transaction_that_is_held_back_starts_once_the_one_before_is_valid() {
        let mut stm = after_failed_early_attempts(&[Some(0); 6]);
        stm.report(executed(0, 0, true));
        assert_eq!(stm.next(), Task::Validate(version(0, 0)));
        stm.report(Report::Valid { version: version(0, 0) });
        for tx in 1..4 {
            assert_eq!(stm.next(), Task::Execute(version(tx, 1)));
            stm.report(executed(tx, 1, false));
            assert_eq!(stm.next(), Task::Validate(version(tx, 1)));
            stm.report(Report::Valid { version: version(tx, 1) });
        }
        assert_eq!(stm.next(), Task::Execute(version(4, 0)));
        assert_eq!(stm.next(), Task::Wait);
    }

    #[test]
    fn nothing_is_concluded_while_most_early_attempts_are_undecided() {
        let mut stm = independent(12).with_classes(&[Some(0); 12]);
        (0..8).for_each(|tx| assert_eq!(stm.next(), Task::Execute(version(tx, 0))));
        for tx in 1..4 {
            stm.report(Report::Blocked { version: version(tx, 0), writer: TxIndex(tx - 1) });
        }
        assert_eq!(stm.next(), Task::Execute(version(8, 0)));
    }

    #[test]
    fn other_classes_are_not_held_back() {
        let classes = [Some(0), Some(0), Some(0), Some(0), Some(1), None, Some(0)];
        let mut stm = after_failed_early_attempts(&classes);
        assert_eq!(stm.next(), Task::Execute(version(4, 0)));
        assert_eq!(stm.next(), Task::Execute(version(5, 0)));
        assert_eq!(stm.next(), Task::Wait);
    }

    #[test]
    fn a_transaction_that_waits_for_one_alone_follows_it_on_its_lane() {
        let mut stm = BlockStm::waiting_for(&[vec![], vec![TxIndex(0)], vec![TxIndex(1)], vec![]]);
        assert_eq!(stm.next(), Task::Execute(version(0, 0)));
        assert_eq!(stm.next_dependent(TxIndex(0)), Some(version(1, 0)));
        assert_eq!(stm.next(), Task::Execute(version(3, 0)));
        assert_eq!(stm.next_dependent(TxIndex(1)), Some(version(2, 0)));
        assert_eq!(stm.next_dependent(TxIndex(2)), None);
        assert_eq!(stm.next(), Task::Wait);
    }

    #[test]
    fn a_ready_transaction_below_comes_before_a_dependent_one() {
        let mut stm = BlockStm::waiting_for(&[vec![], vec![], vec![TxIndex(0)]]);
        assert_eq!(stm.next(), Task::Execute(version(0, 0)));
        assert_eq!(stm.next_dependent(TxIndex(0)), None);
        assert_eq!(stm.next(), Task::Execute(version(1, 0)));
        assert_eq!(stm.next_dependent(TxIndex(0)), Some(version(2, 0)));
    }

    /// Transaction 2 is aborted, whatever it reads, as long as transaction 0 runs.
    #[test]
    fn a_transaction_aborted_too_often_runs_again_only_on_final_state() {
        for lanes in [2, 30] {
            let mut stm = independent(3).on_lanes(lanes);
            (0..3).for_each(|tx| assert_eq!(stm.next(), Task::Execute(version(tx, 0))));
            let most = most_aborted(lanes);
            for incarnation in 0..most {
                stm.report(executed(2, incarnation, true));
                assert_eq!(stm.next(), Task::Validate(version(2, incarnation)));
                assert!(stm.claim_abort(version(2, incarnation)));
                stm.report(Report::Aborted { version: version(2, incarnation), writer: TxIndex(1) });
                if incarnation + 1 < most {
                    assert_eq!(stm.next(), Task::Execute(version(2, incarnation + 1)));
                }
            }
            assert_eq!(stm.next(), Task::Wait, "on {lanes} lanes");
            for tx in 0..2 {
                assert!(!stm.ready.contains(2));
                stm.report(Report::Executed {
                    version: version(tx, 0),
                    wrote_new: true,
                    on_final_state: true,
                });
            }
            assert_eq!(stm.next(), Task::Execute(version(2, most)));
            assert_eq!(stm.settled(), Some(TxIndex(2)));
            assert_eq!(stm.next(), Task::Wait);
        }
    }

    /// Transaction 2 meets estimates of transaction 1, which has executed by the time of the report.
    #[test]
    fn once_many_attempts_have_failed_a_failing_transaction_runs_again_only_on_final_state() {
        let mut stm = independent(3);
        (0..3).for_each(|tx| assert_eq!(stm.next(), Task::Execute(version(tx, 0))));
        stm.report(executed(1, 0, true));
        let free = 3 * (MOST_FAILED as u32 - 1);
        for incarnation in 0..free {
            stm.report(Report::Blocked { version: version(2, incarnation), writer: TxIndex(1) });
            assert_eq!(stm.next(), Task::Execute(version(2, incarnation + 1)));
        }
        stm.report(Report::Blocked { version: version(2, free), writer: TxIndex(1) });
        assert_eq!(stm.next(), Task::Validate(version(1, 0)), "transaction 2 waits");
        stm.report(Report::Executed { version: version(0, 0), wrote_new: false, on_final_state: true });
        assert_eq!(stm.next(), Task::Wait);
        stm.report(Report::Valid { version: version(1, 0) });
        assert_eq!(stm.next(), Task::Execute(version(2, free + 1)));
        assert_eq!(stm.settled(), Some(TxIndex(2)));
    }

    #[test]
    fn an_empty_block_is_done_at_once() {
        assert_eq!(independent(0).next(), Task::Done);
    }
}

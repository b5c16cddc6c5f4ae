//! The state machine of Block-STM: see the room's description for algorithm and invariants.

use super::{Report, Scheduler, SchedulerHints, Strategy, Task, ViewKind, bits::Bits};
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

    fn scheduler(&self, known: &SchedulerHints<'_>) -> Box<dyn Scheduler> {
        Box::new(
            BlockStm::new(known.earlier)
                .starting_with(known.first)
                .learning_from(known.alike)
                .on_lanes(known.lanes),
        )
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
    /// How many of its attempts were aborted.
    aborted: u32,
    /// How many transactions it waits for.
    waits_for: u32,
    /// Transactions that wait for this one to execute.
    waiting: Vec<TxIndex>,
    /// Validations of it that are handed out.
    validations: u32,
    /// Whether its latest attempt was started while what its kin before it leave behind was unsure, and is not
    /// known to hold all the same. Of transactions without kin never.
    early: bool,
}

/// Transactions that are alike, and what became of those that were tried side by side.
#[derive(Debug, Default)]
struct Kin {
    /// For each transaction, if any is like it: their place in `tries`, and the latest before it.
    of: Vec<Option<(u32, Option<TxIndex>)>>,
    tries: Vec<Tries>,
}

/// Attempts that were started early: while what their kin before them leave behind was unsure.
#[derive(Clone, Copy, Debug, Default)]
struct Tries {
    /// Those of which it is not known yet what comes of them.
    open: u32,
    /// Those that were found to hold when it was sure.
    well: u32,
    /// Those that came to nothing because of kin.
    in_vain: u32,
}

impl Tries {
    /// So many must have been in vain before anything is concluded from them.
    const FEW: u32 = 3;

    /// Whether the next one would most likely be in vain, too. What became of the first ones says little while
    /// most are open.
    fn in_vain(self) -> bool {
        self.in_vain >= Self::FEW && self.in_vain >= 3 * self.well + self.open
    }
}

impl Kin {
    /// How many of its kin before a transaction are looked at, at most.
    const FAR: usize = 16;

    fn new(alike: &[Option<u32>]) -> Self {
        let kinds = alike.iter().flatten().max().map_or(0, |last| *last as usize + 1);
        let mut latest = vec![None; kinds];
        let txs = alike.iter().zip(0..);
        let of = txs.map(|(kind, tx)| kind.map(|kind| (kind, latest[kind as usize].replace(TxIndex(tx)))));
        Self { of: of.collect(), tries: vec![Tries::default(); kinds] }
    }

    fn of(&self, tx: usize) -> Option<(u32, Option<TxIndex>)> {
        self.of.get(tx).copied().flatten()
    }

    fn before(&self, tx: usize) -> Option<TxIndex> {
        self.of(tx)?.1
    }
}

/// How often a transaction may be aborted before it waits until everything below it is settled. Its next attempt then
/// reads final values and is the last one.
///
/// Without a bound, a chain of transactions that nothing predicts makes cascades: each commit changes what all
/// attempts above have read, all are aborted, and all run again on what is about to change once more. On many lanes
/// more attempts come too early even where there is no chain, so more are tried there.
pub fn most_aborted(lanes: usize) -> u32 {
    (lanes / 6).max(3) as u32
}

/// How many attempts a transaction of a block may have, on average, that do not commit: aborted ones and those that
/// stop at an estimate.
///
/// Once there were two for each transaction, whatever fails waits until everything below it is settled, so each
/// transaction fails at most once more.
pub const MOST_FAILED: usize = 3;

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
    /// All transactions below this one are settled.
    settled: usize,
    /// Those that run again only once everything below them is settled.
    held: Bits,
    /// See [`most_aborted`].
    most_aborted: u32,
    /// How many attempts may still fail before whatever fails is held: see [`MOST_FAILED`].
    failures_left: usize,
    kin: Kin,
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
            kin: Kin::default(),
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

    /// The same, but that transactions that are alike are tried one after the other, once it has shown that
    /// side by side they are in vain: see [`SchedulerHints::alike`].
    #[must_use]
    pub fn learning_from(mut self, alike: &[Option<u32>]) -> Self {
        self.kin = Kin::new(alike);
        self
    }

    /// The same, on that many lanes: see [`most_aborted`].
    #[must_use]
    pub fn on_lanes(mut self, lanes: usize) -> Self {
        self.most_aborted = most_aborted(lanes);
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
        loop {
            let next = self.ready.first()?;
            match self.held_by(next) {
                Some(before) => self.wait(next, before),
                None => return Some(next),
            }
        }
    }

    /// Whom a transaction must wait for, though it is ready, because one like it has no chance before: until that
    /// one has executed, or been validated.
    fn held_by(&self, i: usize) -> Option<TxIndex> {
        // Who has been tried has met those that it depends on.
        if self.txs[i].incarnation != Incarnation(0) {
            return None;
        }
        let (kind, _) = self.kin.of(i)?;
        self.kin.tries[kind as usize].in_vain().then(|| self.unsure_before(i))?
    }

    /// The latest of a transaction's kin before it whose execution or validation is still to come and may well
    /// change what the transaction sees. One that was early itself is as unsure as those before it.
    fn unsure_before(&self, i: usize) -> Option<TxIndex> {
        let kin = std::iter::successors(self.kin.before(i), |tx| self.kin.before(tx.index()));
        for before in kin.take(Kin::FAR) {
            let Tx { status, early, validations, .. } = self.txs[before.index()];
            match status {
                Status::Executed if !early => return None,
                Status::Executed if validations == 0 && !self.marked.contains(before.index()) => {}
                _ => return Some(before),
            }
        }
        None
    }

    fn wait(&mut self, i: usize, writer: TxIndex) {
        self.ready.remove(i);
        self.txs[i].status = Status::Waiting;
        self.txs[i].waits_for = 1;
        self.txs[writer.index()].waiting.push(TxIndex(i as u32));
    }

    /// Whoever waits for that transaction need not wait for it any more.
    fn release(&mut self, i: usize) {
        for waiting in std::mem::take(&mut self.txs[i].waiting) {
            let tx = &mut self.txs[waiting.index()];
            tx.waits_for -= 1;
            if tx.waits_for == 0 {
                self.make_ready(waiting);
            }
        }
    }

    fn start(&mut self, i: usize) -> Version {
        self.txs[i].status = Status::Executing;
        self.out += 1;
        self.version(i)
    }

    /// Takes note of whether a transaction's attempt is early.
    fn set_early(&mut self, i: usize, early: bool) {
        if let Some((kind, _)) = self.kin.of(i) {
            let was = std::mem::replace(&mut self.txs[i].early, early);
            let tries = &mut self.kin.tries[kind as usize];
            tries.open = tries.open + u32::from(early) - u32::from(was);
        }
    }

    /// An attempt holds, and nothing before it is unsure any more.
    fn went_well(&mut self, i: usize) {
        if self.txs[i].early
            && let Some((kind, _)) = self.kin.of(i)
        {
            self.set_early(i, false);
            self.kin.tries[kind as usize].well += 1;
        }
    }

    /// An attempt came to nothing because of `writer`.
    fn failed(&mut self, tx: TxIndex, writer: TxIndex) {
        self.set_early(tx.index(), false);
        let (this, that) = (self.kin.of(tx.index()), self.kin.of(writer.index()));
        if let (Some((this, _)), Some((that, _))) = (this, that)
            && this == that
        {
            self.kin.tries[this as usize].in_vain += 1;
        }
    }

    /// Moves past transactions that are settled, if the next one has become so.
    fn settle(&mut self) {
        let done = |tx: &Tx| tx.status == Status::Executed && tx.validations == 0;
        while self.txs.get(self.settled).is_some_and(done) && !self.marked.contains(self.settled) {
            self.went_well(self.settled);
            self.settled += 1;
        }
        if self.held.len() > 0 && self.settled < self.txs.len() && self.held.contains(self.settled) {
            self.held.remove(self.settled);
            self.make_ready(TxIndex(self.settled as u32));
        }
    }

    /// Takes note that an attempt failed: aborted, or stopped at an estimate. Whether the transaction is held for that.
    fn holds(&mut self, tx: TxIndex, aborted: bool) -> bool {
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
        match (self.marked.first(), self.next_ready()) {
            (Some(validate), execute) if validate <= self.frontier || execute.is_none() => {
                self.marked.remove(validate);
                self.txs[validate].validations += 1;
                self.out += 1;
                Task::Validate(self.version(validate))
            }
            (_, Some(execute)) => {
                self.ready.remove(execute);
                self.set_early(execute, self.unsure_before(execute).is_some());
                Task::Execute(self.start(execute))
            }
            _ if self.out == 0 => Task::Done,
            _ => Task::Wait,
        }
    }

    fn next_dependent(&mut self, tx: TxIndex) -> Option<Version> {
        let next = self.txs[tx.index()].waiting.first()?.index();
        // In block order, as ever: what is ready and comes before has more right.
        if self.txs[next].waits_for != 1 || self.ready.first().is_some_and(|ready| ready < next) {
            return None;
        }
        self.txs[tx.index()].waiting.remove(0);
        self.txs[next].waits_for = 0;
        // It depends on that one and is run right after it by the same lane: it is as early as that one.
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
        self.out -= 1;
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
                self.failed(version.tx, writer);
                let tx = &mut self.txs[version.tx.index()];
                tx.incarnation.0 += 1;
                tx.status = Status::Waiting;
                // The writer may have finished since the attempt met its estimate.
                let executed = self.txs[writer.index()].status == Status::Executed;
                match (self.holds(version.tx, false), executed) {
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
                // Who was held back by it asks again. Others only wait for what has not executed.
                if self.txs[i].status == Status::Executed {
                    let holds = matches!(report, Report::Valid { .. }) && self.version(i) == version;
                    if holds && self.unsure_before(i).is_none() {
                        self.went_well(i);
                    }
                    self.release(i);
                }
            }
            Report::Aborted { version, writer } => {
                let i = version.tx.index();
                self.failed(version.tx, writer);
                self.txs[i].validations -= 1;
                self.txs[i].incarnation.0 += 1;
                if !self.holds(version.tx, true) {
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
    fn what_is_below_is_settled_once_it_is_neither_marked_nor_validated() {
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
    fn one_of_two_validations_does_not_settle() {
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

    /// Tries the first four side by side; those after the first come to nothing because of the one before.
    fn tried_in_vain(alike: &[Option<u32>]) -> BlockStm {
        let mut stm = independent(alike.len()).learning_from(alike);
        (0..4).for_each(|tx| assert_eq!(stm.next(), Task::Execute(version(tx, 0))));
        for tx in 1..4 {
            stm.report(Report::Blocked { version: version(tx, 0), writer: TxIndex(tx - 1) });
        }
        stm
    }

    #[test]
    fn what_is_alike_is_held_back_once_side_by_side_is_in_vain() {
        let mut stm = tried_in_vain(&[Some(0); 6]);
        assert_eq!(stm.next(), Task::Wait, "4 waits for 3, and 5 for 4");
        stm.report(executed(0, 0, true));
        assert_eq!(stm.next(), Task::Validate(version(0, 0)));
        assert_eq!(stm.next(), Task::Execute(version(1, 1)), "who was tried waits for whom it met");
        assert_eq!(stm.next(), Task::Wait);
    }

    /// One lane runs a chain again, and the other one keeps just ahead of it, each time on what is about to
    /// be taken back. None of its attempts starts before the one before has executed.
    #[test]
    fn who_runs_ahead_on_what_is_unsure_is_held_back_too() {
        let mut stm = independent(8).learning_from(&[Some(0); 8]);
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
    fn who_is_held_back_goes_on_once_the_other_was_found_to_hold() {
        let mut stm = tried_in_vain(&[Some(0); 6]);
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
    fn while_most_tries_are_open_nothing_is_concluded_from_the_first() {
        let mut stm = independent(12).learning_from(&[Some(0); 12]);
        (0..8).for_each(|tx| assert_eq!(stm.next(), Task::Execute(version(tx, 0))));
        for tx in 1..4 {
            stm.report(Report::Blocked { version: version(tx, 0), writer: TxIndex(tx - 1) });
        }
        assert_eq!(stm.next(), Task::Execute(version(8, 0)));
    }

    #[test]
    fn what_is_not_alike_is_tried_all_the_same() {
        let kinds = [Some(0), Some(0), Some(0), Some(0), Some(1), None, Some(0)];
        let mut stm = tried_in_vain(&kinds);
        assert_eq!(stm.next(), Task::Execute(version(4, 0)));
        assert_eq!(stm.next(), Task::Execute(version(5, 0)));
        assert_eq!(stm.next(), Task::Wait);
    }

    #[test]
    fn who_waits_for_one_alone_follows_it_on_its_lane() {
        let mut stm = BlockStm::waiting_for(&[vec![], vec![TxIndex(0)], vec![TxIndex(1)], vec![]]);
        assert_eq!(stm.next(), Task::Execute(version(0, 0)));
        assert_eq!(stm.next_dependent(TxIndex(0)), Some(version(1, 0)));
        assert_eq!(stm.next(), Task::Execute(version(3, 0)));
        assert_eq!(stm.next_dependent(TxIndex(1)), Some(version(2, 0)));
        assert_eq!(stm.next_dependent(TxIndex(2)), None);
        assert_eq!(stm.next(), Task::Wait);
    }

    #[test]
    fn whoever_is_ready_and_comes_before_has_more_right_than_a_follower() {
        let mut stm = BlockStm::waiting_for(&[vec![], vec![], vec![TxIndex(0)]]);
        assert_eq!(stm.next(), Task::Execute(version(0, 0)));
        assert_eq!(stm.next_dependent(TxIndex(0)), None);
        assert_eq!(stm.next(), Task::Execute(version(1, 0)));
        assert_eq!(stm.next_dependent(TxIndex(0)), Some(version(2, 0)));
    }

    /// Transaction 2 is aborted whatever it tries while transaction 0 runs.
    #[test]
    fn what_was_aborted_too_often_runs_again_only_on_final_values() {
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

    /// Transaction 2 meets estimates of transaction 1, which has executed by the time that it is reported.
    #[test]
    fn once_much_has_failed_what_fails_runs_again_only_on_final_values() {
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

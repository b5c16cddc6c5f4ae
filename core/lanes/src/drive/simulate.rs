//! Lanes on a virtual clock: the same schedulers, memory and virtual machine as on threads, with times from a
//! cost model.
//!
//! ```text
//! lane:  turn ──▶ start ─────────────────────────▶ end ──▶ turn …      or waits until tasks
//!        next()   execution reads the memory       effects, report     are left for it
//!                 as it is now                     validation reads,
//!                                                  claims, withdraws
//! ```
//! Each lane that does not wait has one event. The earliest event happens, on this one thread, and may make
//! others. Nothing depends on a real clock, an address or the order of a hash table, so a run is a pure
//! function of its arguments.
//!
//! Two things are not modelled: lanes do not queue for the scheduler, and settling the state at the end costs
//! nothing.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{
    Block, Ended, Hints, Stopped,
    attempts::{self, Abort, Attempts, LaneResults, Ran, ResultCache, Runner, Unfinished},
    catch_panics,
    cost::{Chance, Costs},
    recorder::LaneNotes,
    sequential::{self, Time},
};
use crate::{
    cancel::CancelFlag,
    model::CostModel,
    schedule::{Finals, Report, Scheduler, Task, ViewKind},
    strategies::Strategy,
    trace::{Clock, SpanKind},
    units::Version,
    vm::{PreState, Receipt, Vm},
};

/// What a simulated run needs from outside.
#[derive(Clone, Copy)]
pub struct Simulation<'a> {
    /// The cost model and the seed.
    pub model: CostModel,
    /// For [`crate::model::Cost::Measured`]: each transaction's time in sequential runs, in nanoseconds, and
    /// its gas there. Other cost models need none.
    pub measured: &'a [(u64, u64)],
    /// Read before every event, and within a transaction.
    pub cancel: &'a CancelFlag,
    /// Called, whenever it changes, with the number of transactions that have a result so far.
    pub progress: &'a dyn Fn(u32),
    /// Whether attempts, their reads and writes, and the lanes' other time are noted. If not, the trace has
    /// only the run's duration.
    pub record: bool,
}

/// Runs the block once, on simulated lanes.
///
/// With a strategy that reads a [`ViewKind::Final`] state there is always one lane, and time is the sum of the
/// transactions' costs.
///
/// # Errors
/// [`Stopped::Cancelled`], [`Stopped::TooManyRecords`]; the others are bugs of the engine.
pub fn simulate<M: Vm>(
    block: &Block<M>,
    strategy: &dyn Strategy,
    lanes: u16,
    hints: &Hints<'_, M::Code>,
    context: &Simulation<'_>,
) -> Result<Ended<M>, Stopped> {
    catch_panics(|| on_virtual_lanes(block, strategy, lanes, hints, context))
}

fn on_virtual_lanes<M: Vm>(
    block: &Block<M>,
    strategy: &dyn Strategy,
    lanes: u16,
    hints: &Hints<'_, M::Code>,
    context: &Simulation<'_>,
) -> Result<Ended<M>, Stopped> {
    let costs = Costs::new(context.model, context.measured);
    let in_order = |from, addresses| {
        let in_order = sequential::InOrder {
            time: Time::Virtual { costs, from },
            cancel: context.cancel,
            progress: context.progress,
            record: context.record,
        };
        sequential::execute(block, &in_order, addresses)
    };
    if strategy.view() == ViewKind::Final {
        let done = in_order(0, block.vm.pre_state().addresses())?;
        return Ok(sequential::finish(block, Clock::Simulated, done));
    }
    let scheduler = strategy.scheduler(&block.scheduler_hints(&[], hints, lanes));
    let attempts = Attempts::new(block, strategy.view(), context.record, context.cancel, hints, None);
    let (lanes, aborts, end) = {
        let mut simulator = Simulator::new(&attempts, scheduler, lanes.max(1), context, None);
        simulator.run()?;
        let Simulator { lanes, aborts, end, .. } = simulator;
        (lanes, aborts, end)
    };
    let mut finals = Finals::default();
    (0..attempts.pieces()).for_each(|piece| attempts.finals(piece, &mut finals));
    let ends = LaneResults {
        span: (0, end),
        lanes: lanes.into_iter().map(|lane| lane.notes).collect(),
        aborts,
        finals: vec![finals],
        fits: attempts.fits(),
    };
    attempts::finish(attempts, strategy.id(), Clock::Simulated, ends, |addresses| in_order(end, addresses))
}

/// Measures how long simulated runs of one block take. Results of earlier runs are kept: an attempt whose
/// read set still holds is not run again, so many runs take little longer than one.
pub struct Tallies<'a, M: Vm> {
    block: &'a Block<M>,
    context: Simulation<'a>,
    cache: ResultCache<M>,
    /// Of the sequential run, which is the same on any number of lanes.
    sequential: Option<Tally>,
}

/// A run's duration and what the time was spent on. The figures equal those of [`simulate`]'s trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// From the start to the end of the last task, in ticks.
    pub duration: u64,
    /// Number of attempts that did not commit.
    pub aborted: u32,
    /// Their time together, in ticks.
    pub wasted: u64,
    /// The time of the attempts that did commit, in ticks.
    pub useful: u64,
    /// Gas used by the block.
    pub gas_used: u64,
}

impl<'a, M: Vm> Tallies<'a, M> {
    /// For a block and a cost model. Nothing is recorded, even if `context` asks for it.
    pub fn new(block: &'a Block<M>, context: Simulation<'a>) -> Self {
        Self {
            block,
            context: Simulation { record: false, ..context },
            cache: ResultCache::default(),
            sequential: None,
        }
    }

    /// Runs a strategy on this many lanes, and returns its tally.
    ///
    /// # Errors
    /// As [`simulate`].
    pub fn tally(
        &mut self,
        strategy: &dyn Strategy,
        lanes: u16,
        hints: &Hints<'_, M::Code>,
    ) -> Result<Tally, Stopped> {
        let (block, context) = (self.block, self.context);
        let in_order = |from| -> Result<Tally, Stopped> {
            let in_order = sequential::InOrder {
                time: Time::Virtual { costs: Costs::new(context.model, context.measured), from },
                cancel: context.cancel,
                progress: context.progress,
                record: false,
            };
            let done = sequential::execute(block, &in_order, block.vm.pre_state().addresses())?;
            Ok(Tally {
                duration: done.ended,
                useful: done.ended - from,
                gas_used: done.receipts.iter().map(Receipt::gas_used).sum(),
                ..Tally::default()
            })
        };
        if strategy.view() == ViewKind::Final {
            let tally = match self.sequential {
                Some(tally) => tally,
                None => in_order(0)?,
            };
            self.sequential = Some(tally);
            return Ok(tally);
        }
        let scheduler = strategy.scheduler(&block.scheduler_hints(&[], hints, lanes));
        let view = strategy.view();
        let attempts = Attempts::new(block, view, false, context.cancel, hints, Some(&self.cache));
        let cache = std::mem::take(&mut self.cache);
        let mut simulator = Simulator::new(&attempts, scheduler, lanes.max(1), &context, Some(cache));
        let ran = simulator.run();
        let Simulator { mut tally, end, cache, .. } = simulator;
        self.cache = cache.unwrap_or_default();
        self.cache.end(&attempts);
        ran?;
        tally.duration = end;
        if attempts.fits() {
            tally.gas_used = attempts.gas_used();
            return Ok(tally);
        }
        // The block is full, so no attempt so far counts: see `attempts::finish`.
        let again = in_order(end)?;
        Ok(Tally {
            aborted: tally.aborted + block.transactions() as u32,
            wasted: tally.wasted + tally.useful,
            ..again
        })
    }
}

struct Simulator<'a, M: Vm> {
    context: &'a Simulation<'a>,
    costs: Costs<'a>,
    attempts: &'a Attempts<'a, M>,
    scheduler: Box<dyn Scheduler>,
    /// Runs the attempts of all lanes: what an attempt reads does not depend on its lane.
    runner: Runner<'a, M>,
    lanes: Vec<Lane<M>>,
    /// The next event of each lane that does not wait: time, rank, lane.
    queue: BinaryHeap<Reverse<(u64, u64, usize)>>,
    /// Lanes that wait, by number.
    waiting: Vec<usize>,
    chance: Chance,
    aborts: Vec<Abort>,
    /// Results of earlier runs, if only the tally is wanted.
    cache: Option<ResultCache<M>>,
    tally: Tally,
    /// The time of each transaction's latest attempt.
    took: Vec<u64>,
    /// Number of transactions with a result.
    executed: u32,
    /// The end of the latest task.
    end: u64,
}

struct Lane<M: Vm> {
    next: Next<M>,
    notes: LaneNotes,
    /// The time since which it waits.
    waiting_since: Option<u64>,
}

/// A lane's next event.
enum Next<M: Vm> {
    /// It asks the scheduler.
    Turn,
    /// It starts an execution. The flag: whether the attempt is on final state.
    Execute(Version, bool),
    // It starts a validation.
    Validate(Version),
    /// It ends an execution.
    Executed(Box<Ran<M>>, bool),
    Blocked(Report),
    /// It ends a validation that began at that time.
    Validated(Version, u64),
    /// No event until the lane is woken.
    Wait,
    /// No more events.
    Done,
}

impl<'a, M: Vm> Simulator<'a, M> {
    fn new(
        attempts: &'a Attempts<'a, M>,
        scheduler: Box<dyn Scheduler>,
        lanes: u16,
        context: &'a Simulation<'a>,
        cache: Option<ResultCache<M>>,
    ) -> Self {
        let costs = Costs::new(context.model, context.measured);
        let lane = || Lane { next: Next::Turn, notes: LaneNotes::default(), waiting_since: None };
        let mut this = Self {
            context,
            costs,
            attempts,
            scheduler,
            runner: attempts.runner().metered(costs.weighs()),
            lanes: (0..lanes).map(|_| lane()).collect(),
            queue: BinaryHeap::new(),
            waiting: Vec::new(),
            chance: Chance::new(context.model.seed),
            aborts: Vec::new(),
            cache,
            tally: Tally::default(),
            took: vec![0; attempts.block.transactions()],
            executed: 0,
            end: 0,
        };
        (0..this.lanes.len()).for_each(|lane| this.push(0, lane, Next::Turn));
        this
    }

    /// Sets a lane's next event.
    fn push(&mut self, time: u64, lane: usize, next: Next<M>) {
        self.lanes[lane].next = next;
        self.queue.push(Reverse((time, self.chance.rank(), lane)));
    }

    fn run(&mut self) -> Result<(), Stopped> {
        while let Some(Reverse((now, _, lane))) = self.queue.pop() {
            if self.context.cancel.is_set() {
                return Err(Stopped::Cancelled);
            }
            if self.attempts.has_too_many_records() {
                return Err(Stopped::TooManyRecords);
            }
            // The step happens at `now`, in full: between two events nothing changes. So an execution reads
            // the memory of its start, and its writes come at its end.
            match std::mem::replace(&mut self.lanes[lane].next, Next::Wait) {
                Next::Turn => self.turn(now, lane),
                Next::Execute(version, on_final_state) => self.execute(now, lane, version, on_final_state)?,
                Next::Validate(version) => {
                    let cost = self.costs.validation(self.attempts.read_set_len(version.tx));
                    let end = now + self.chance.duration(cost);
                    self.push(end, lane, Next::Validated(version, now));
                }
                Next::Executed(ran, on_final_state) => {
                    let (report, first) = self.runner.publish(*ran, on_final_state);
                    if first {
                        self.executed += 1;
                        (self.context.progress)(self.executed);
                    }
                    self.report(now, lane, report);
                }
                Next::Blocked(report) => self.report(now, lane, report),
                Next::Validated(version, start) => {
                    let scheduler = &mut self.scheduler;
                    let (report, abort) =
                        self.attempts.validate(version, |version| scheduler.claim_abort(version));
                    if abort.is_some() {
                        let took = self.took[version.tx.index()];
                        self.tally.aborted += 1;
                        self.tally.wasted += took;
                        self.tally.useful -= took;
                    }
                    self.aborts.extend(abort);
                    let valid = !matches!(report, Report::Aborted { .. });
                    self.span(lane, start, now, SpanKind::Validating { version, valid });
                    self.report(now, lane, report);
                }
                Next::Wait | Next::Done => {}
            }
        }
        // Lanes that waited until the end.
        for lane in std::mem::take(&mut self.waiting) {
            let since = self.lanes[lane].waiting_since.unwrap_or(self.end);
            self.span(lane, since, self.end, SpanKind::Waiting);
        }
        if self.scheduler.next() == Task::Done { Ok(()) } else { Err(Stopped::Stuck) }
    }

    fn turn(&mut self, now: u64, lane: usize) {
        let next = match self.scheduler.next() {
            Task::Wait => {
                self.lanes[lane].waiting_since.get_or_insert(now);
                self.waiting.push(lane);
                return;
            }
            Task::Done => Next::Done,
            Task::Execute(version) => Next::Execute(version, self.scheduler.settled() == Some(version.tx)),
            Task::Validate(version) => Next::Validate(version),
        };
        if let Some(since) = self.lanes[lane].waiting_since.take() {
            self.span(lane, since, now, SpanKind::Waiting);
        }
        // A lane that has ended has no next event, and is never woken.
        if let Next::Done = next {
            self.lanes[lane].next = next;
        } else {
            let start = now + self.chance.duration(self.costs.turn());
            self.push(start, lane, next);
        }
    }

    fn execute(
        &mut self,
        now: u64,
        lane: usize,
        version: Version,
        on_final_state: bool,
    ) -> Result<(), Stopped> {
        let notes = &mut self.lanes[lane].notes;
        let known = self.cache.as_ref().and_then(|cache| self.attempts.cached(version, cache));
        let (outcome, spent) = match known {
            Some((ran, spent)) => (Ok(ran), spent),
            None => {
                // A cached result needs its read set, to decide whether it would be the same again.
                let keep = !on_final_state || self.cache.is_some();
                let outcome = self.runner.run(version, keep, now, notes);
                let spent = self.runner.spent(version.tx, &outcome);
                if let (Some(cache), Ok(ran)) = (&mut self.cache, &outcome) {
                    cache.note(version.tx, ran, spent);
                }
                (outcome, spent)
            }
        };
        let took = self.chance.duration(self.costs.execution(version.tx, spent));
        let end = now + took;
        if outcome.is_ok() {
            self.took[version.tx.index()] = took;
            self.tally.useful += took;
        } else {
            self.tally.aborted += 1;
            self.tally.wasted += took;
        }
        if self.context.record {
            self.runner.hand_over_reads(notes);
            if let Some(note) = notes.attempts.last_mut() {
                note.end = end;
            }
        }
        let next = match outcome {
            Ok(ran) => Next::Executed(Box::new(ran), on_final_state),
            Err(Unfinished::Blocked(report)) => Next::Blocked(report),
            Err(Unfinished::Cancelled) => return Err(Stopped::Cancelled),
        };
        self.push(end, lane, next);
        Ok(())
    }

    /// Ends a task: the lane asks for the next one, and as many waiting lanes do as there are tasks left.
    fn report(&mut self, now: u64, lane: usize, report: Report) {
        self.end = now;
        self.scheduler.report(report);
        self.push(now, lane, Next::Turn);
        // As many as there are tasks: a lane that wakes without finding one would only wait again.
        for _ in 0..self.scheduler.runnable().min(self.waiting.len()) {
            let woken = self.chance.one_of(self.waiting.len());
            let woken = self.waiting.remove(woken);
            self.push(now, woken, Next::Turn);
        }
    }

    fn span(&mut self, lane: usize, start: u64, end: u64, kind: SpanKind) {
        if self.context.record {
            self.lanes[lane].notes.spans.push((start, end, kind));
        }
    }
}

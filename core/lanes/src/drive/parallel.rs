//! Lanes on threads: each takes tasks from the scheduler until there are none, then settles pieces of the
//! state.
//!
//! ```text
//! run ─▶ threads.run ─┬─ lane 0: Turns::lane ─▶ settle pieces ─▶ LaneResult ─┐
//!                     ├─ lane 1: Turns::lane ─▶ settle pieces ─▶ LaneResult ─┼─▶ Shared::finish ─▶ Ended
//!                     └─ …                                                  ─┘
//!                        └─ measured time ─────────────────────┘
//! ```
//! A lane shares only what is in [`Shared`]: the attempts, the turns, and a few counters. Its notes are its
//! own until it has ended.

use super::{
    Block, Ended, Hints, RunContext, Stopped,
    attempts::{self, Abort, Attempts, LaneResults, Runner, Unfinished},
    lanes::{Turns, Work},
    recorder::LaneNotes,
    sequential::{self, InOrder},
};
use crate::{
    schedule::{
        Finals, Report,
        sync::{AtomicU32, AtomicUsize, Mutex, Ordering, PoisonError, lock},
    },
    strategies::Strategy,
    trace::{Clock, SpanKind},
    units::Version,
    vm::Vm,
};

/// What all lanes share.
struct Shared<'a, M: Vm> {
    context: &'a RunContext<'a>,
    attempts: Attempts<'a, M>,
    turns: Turns<'a>,
    /// The next piece of the state to be settled. Each lane takes its pieces by raising it.
    piece: AtomicUsize,
    /// Number of lanes that have settled their last piece.
    settled: AtomicUsize,
    lanes: usize,
    /// Number of transactions with a result, for the progress.
    executed: AtomicU32,
}

/// One lane's result.
struct LaneResult<C> {
    notes: LaneNotes,
    aborts: Vec<Abort>,
    finals: Finals<C>,
    /// The time at which it ended.
    ended: u64,
    /// From the lane that settled last: whether the transactions fit into the block's gas limit.
    fits: Option<bool>,
}

impl<C> Default for LaneResult<C> {
    fn default() -> Self {
        Self {
            notes: LaneNotes::default(),
            aborts: Vec::new(),
            finals: Finals::default(),
            ended: 0,
            fits: None,
        }
    }
}

pub(super) fn run<M: Vm>(
    block: &Block<M>,
    strategy: &dyn Strategy,
    lanes: u16,
    hints: &Hints<'_, M::Code>,
    context: &RunContext<'_>,
) -> Result<Ended<M>, Stopped> {
    let lanes = lanes.max(1);
    // One lane runs on this thread: a pool that may not have been started stays untouched.
    let threads = if lanes == 1 { 1 } else { context.threads.count() };
    if threads < usize::from(lanes) {
        return Err(Stopped::TooFewThreads { lanes, threads });
    }
    let known = block.scheduler_hints(context.first, hints, lanes);
    // A browser's worker does not know the number of cores, but has no more threads than there are.
    let cores = context.threads.cores().unwrap_or(threads);
    let shared = Shared {
        context,
        attempts: Attempts::new(block, strategy.view(), context.record, context.cancel, hints, None),
        piece: AtomicUsize::new(0),
        settled: AtomicUsize::new(0),
        lanes: lanes.into(),
        turns: Turns::new(strategy.scheduler(&known), lanes.into(), cores, context.clock),
        executed: AtomicU32::new(0),
    };
    let mut ends: Vec<Mutex<Option<LaneResult<M::Code>>>> = Vec::new();
    // By lane. A lane that panics leaves `None`, which makes the run fail below.
    ends.resize_with(lanes.into(), Mutex::default);
    let lane = |index: usize| {
        if let Some(end) = ends.get(index) {
            let ended = shared.lane(index);
            *lock(end) = Some(ended);
        }
    };
    if lanes == 1 {
        lane(0);
    } else {
        context.threads.run(lanes.into(), &lane);
    }
    // A stop has one of three reasons: a cancel, too many records, or a panic. A panic never gets here,
    // because `threads.run` passes it on.
    if shared.turns.was_stopped() {
        let too_many = shared.attempts.has_too_many_records();
        return Err(if too_many { Stopped::TooManyRecords } else { Stopped::Cancelled });
    }
    let ends = ends.into_iter().map(|end| end.into_inner().unwrap_or_else(PoisonError::into_inner));
    let Some(ends) = ends.collect::<Option<Vec<_>>>() else { return Err(Stopped::LanePanicked) };
    shared.finish(strategy, ends)
}

/// One lane at work.
struct Lane<'a, M: Vm> {
    shared: &'a Shared<'a, M>,
    runner: Runner<'a, M>,
    end: LaneResult<M::Code>,
    /// Number of transactions that got their first result and are not counted in the progress yet.
    news: u32,
}

impl<M: Vm> Work for Lane<'_, M> {
    fn execute(&mut self, version: Version, on_final_state: bool, start: u64) -> Option<Report> {
        match self.runner.run(version, !on_final_state, start, &mut self.end.notes) {
            Ok(ran) => {
                let (report, first) = self.runner.publish(ran, on_final_state);
                self.news += u32::from(first);
                Some(report)
            }
            Err(Unfinished::Blocked(report)) => Some(report),
            Err(Unfinished::Cancelled) => None,
        }
    }

    fn ended(&mut self, now: u64) {
        if let Some(note) = self.end.notes.attempts.last_mut() {
            note.end = now;
        }
    }

    fn validate(&mut self, version: Version, turns: &Turns<'_>) -> Report {
        let (report, abort) = self.shared.attempts.validate(version, |version| turns.claim_abort(version));
        self.end.aborts.extend(abort);
        report
    }

    fn span(&mut self, start: u64, end: u64, kind: SpanKind) {
        if self.shared.context.record {
            self.end.notes.spans.push((start, end, kind));
        }
    }

    /// The progress is a cache line that all lanes write to, so it is updated between turns only. Relaxed:
    /// the count is shown to a person, nothing else depends on it.
    fn between_turns(&mut self) -> bool {
        #[cfg(test)]
        self.shared.attempts.block.reach(super::Step::Turn);
        if self.news > 0 {
            let executed = self.shared.executed.fetch_add(self.news, Ordering::Relaxed) + self.news;
            self.shared.context.progress.fetch_max(executed, Ordering::Relaxed);
            self.news = 0;
        }
        self.shared.context.cancel.is_set() || self.shared.attempts.has_too_many_records()
    }
}

impl<M: Vm> Shared<'_, M> {
    /// Runs one lane from its first turn to its last piece of the state.
    fn lane(&self, index: usize) -> LaneResult<M::Code> {
        #[cfg(test)]
        self.attempts.block.reach(super::Step::Begin);
        let mut lane =
            Lane { shared: self, runner: self.attempts.runner(), end: LaneResult::default(), news: 0 };
        let settling = self.turns.lane(index, &mut lane);
        let mut end = lane.end;
        lane.runner.hand_over_reads(&mut end.notes);
        if !self.turns.was_stopped() {
            self.settle(&mut end);
        }
        end.ended = (self.context.clock)();
        end.notes.spans.push((settling, end.ended, SpanKind::Committing));
        end
    }

    /// Settles pieces of the state, each by the lane that comes first. The lane that is done last checks
    /// whether all transactions fit into the block.
    fn settle(&self, end: &mut LaneResult<M::Code>) {
        loop {
            // Relaxed: the count only keeps pieces apart. The scheduler's lock published what they are made
            // of when it said `Done`.
            let piece = self.piece.fetch_add(1, Ordering::Relaxed);
            if piece >= self.attempts.pieces() {
                break;
            }
            self.attempts.finals(piece, &mut end.finals);
        }
        // Relaxed: the count only chooses a lane; `fits` reads what the scheduler's lock published.
        if self.settled.fetch_add(1, Ordering::Relaxed) + 1 == self.lanes {
            end.fits = Some(self.attempts.fits());
        }
    }

    /// Puts the result together after the last lane has ended.
    fn finish(self, strategy: &dyn Strategy, lanes: Vec<LaneResult<M::Code>>) -> Result<Ended<M>, Stopped> {
        let Self { context, attempts, turns, .. } = self;
        let mut ends = LaneResults {
            span: (turns.started(), lanes.iter().map(|end| end.ended).max().unwrap_or_default()),
            lanes: Vec::with_capacity(lanes.len()),
            aborts: Vec::new(),
            finals: Vec::with_capacity(lanes.len()),
            fits: lanes.iter().any(|end| end.fits == Some(true)),
        };
        for end in lanes {
            ends.lanes.push(end.notes);
            ends.aborts.extend(end.aborts);
            ends.finals.push(end.finals);
        }
        let block = attempts.block;
        // Relaxed: shown to a person, see `drive::run`.
        let progress = |done| context.progress.store(done, Ordering::Relaxed);
        let in_order =
            |addresses| sequential::execute(block, &InOrder::on_the_clock(context, &progress), addresses);
        attempts::finish(attempts, strategy.id(), Clock::Measured, ends, in_order)
    }
}

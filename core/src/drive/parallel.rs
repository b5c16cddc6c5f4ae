//! Lanes on threads: each takes tasks from the scheduler until there are none.

use super::{
    Loaded, Stopped, Surroundings, Threads,
    attempts::{self, Abort, Attempts, Ends, Runner, Unfinished},
    lanes::{Turns, Work},
    recorder::LaneNotes,
    sequential::{self, InOrder},
};
use crate::{
    evm::Code,
    run::Run,
    schedule::{
        Finals, Known, Report, Strategy,
        sync::{AtomicU32, AtomicUsize, Ordering},
    },
    trace::{Clock, SpanKind},
    units::Version,
};

/// What all lanes share.
struct Shared<'a> {
    around: &'a Surroundings<'a>,
    attempts: Attempts<'a>,
    turns: Turns<'a>,
    /// The next piece of the state to be settled.
    piece: AtomicUsize,
    /// Lanes that have settled their last piece.
    settled: AtomicUsize,
    lanes: usize,
    /// Transactions with a result, for progress.
    executed: AtomicU32,
}

#[derive(Default)]
struct LaneEnd {
    notes: LaneNotes,
    aborts: Vec<Abort>,
    finals: Finals<Code>,
    /// When the lane ended.
    ended: u64,
    /// From the lane that ended last: whether the transactions fit into the block's gas limit.
    fits: Option<bool>,
}

pub(super) fn run(
    loaded: &Loaded,
    strategy: &dyn Strategy,
    lanes: u16,
    around: &Surroundings<'_>,
) -> Result<Run, Stopped> {
    let lanes = lanes.max(1);
    let threads = match around.threads {
        // One lane is this thread: a pool that may not have been started is left alone.
        _ if lanes == 1 => 1,
        Threads::Own => 1,
        Threads::Pool(pool) => pool.current_num_threads(),
        Threads::Global => rayon::current_num_threads(),
    };
    if threads < usize::from(lanes) {
        return Err(Stopped::TooFewThreads { lanes, threads });
    }

    let waits = loaded.foresee(strategy, around.cancel)?;
    let (earlier, alike) = (loaded.order.after(), loaded.order.alike());
    let known = Known { earlier, first: around.first, alike, waits, lanes: lanes.into() };
    // What cannot say how many cores it has (a browser's worker) has threads for no more than them.
    let cores = std::thread::available_parallelism().map_or(threads, usize::from);
    let shared = Shared {
        around,
        attempts: Attempts::new(loaded, strategy.view(), around.record, around.cancel, None)?,
        piece: AtomicUsize::new(0),
        settled: AtomicUsize::new(0),
        lanes: lanes.into(),
        turns: Turns::new(strategy.scheduler(&known), lanes.into(), cores, around.clock),
        executed: AtomicU32::new(0),
    };
    // Each lane is handed to a thread of its own. Jobs that any thread may take would do for the
    // result, but then one thread often runs all lanes, one after the other, before the next is awake.
    let lane_of = |thread: rayon::BroadcastContext<'_>| {
        (thread.index() < usize::from(lanes)).then(|| shared.lane(thread.index()))
    };
    let ends: Vec<LaneEnd> = match around.threads {
        Threads::Pool(pool) if lanes > 1 => pool.broadcast(lane_of).into_iter().flatten().collect(),
        Threads::Global if lanes > 1 => rayon::broadcast(lane_of).into_iter().flatten().collect(),
        // One lane needs no thread but this one.
        Threads::Own | Threads::Pool(_) | Threads::Global => vec![shared.lane(0)],
    };
    if shared.turns.was_stopped() {
        let too_many = shared.attempts.has_too_many_records();
        return Err(if too_many { Stopped::TooManyRecords } else { Stopped::Cancelled });
    }
    shared.finish(strategy, ends)
}

/// One lane at work.
struct Lane<'a> {
    shared: &'a Shared<'a>,
    runner: Runner<'a>,
    end: LaneEnd,
    /// Transactions that got their first result and are not told of in the progress yet.
    news: u32,
}

impl<'a> Work for Lane<'a> {
    fn execute(&mut self, version: Version, firm: bool, start: u64) -> Option<Report> {
        match self.runner.run(version, !firm, start, &mut self.end.notes) {
            Ok(ran) => {
                let (report, first) = self.runner.publish(ran, firm);
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
        if self.shared.around.record {
            self.end.notes.spans.push((start, end, kind));
        }
    }

    /// The progress is a line that all lanes write to, so it is told between turns.
    fn between_turns(&mut self) -> bool {
        if self.news > 0 {
            let executed = self.shared.executed.fetch_add(self.news, Ordering::Relaxed) + self.news;
            self.shared.around.progress.fetch_max(executed, Ordering::Relaxed);
            self.news = 0;
        }
        self.shared.around.cancel.is_set() || self.shared.attempts.has_too_many_records()
    }
}

impl Shared<'_> {
    fn lane(&self, index: usize) -> LaneEnd {
        #[cfg(test)]
        self.attempts.loaded.reach(super::faults::Step::Begin);
        let mut lane =
            Lane { shared: self, runner: self.attempts.runner(), end: LaneEnd::default(), news: 0 };
        let settling = self.turns.lane(index, &mut lane);
        let mut end = lane.end;
        lane.runner.hand_over_reads(&mut end.notes);
        if !self.turns.was_stopped() {
            self.settle(&mut end);
        }
        end.ended = (self.around.clock)();
        end.notes.spans.push((settling, end.ended, SpanKind::Committing));
        end
    }

    /// What becomes of the state, a piece at a time, each by the lane that comes first. Then, by the lane that
    /// is done last, whether all transactions fit into the block.
    fn settle(&self, end: &mut LaneEnd) {
        loop {
            // Relaxed: the count only keeps pieces apart; what they are made of was published
            // by the scheduler's lock when it said that all is done.
            let piece = self.piece.fetch_add(1, Ordering::Relaxed);
            if piece >= self.attempts.pieces() {
                break;
            }
            self.attempts.finals(piece, &mut end.finals);
        }
        if self.settled.fetch_add(1, Ordering::Relaxed) + 1 == self.lanes {
            end.fits = Some(self.attempts.fits());
        }
    }

    /// After the last lane: receipts, post-state, trace.
    fn finish(self, strategy: &dyn Strategy, lanes: Vec<LaneEnd>) -> Result<Run, Stopped> {
        let Self { around, attempts, turns, .. } = self;
        let mut ends = Ends {
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
        let loaded = attempts.loaded;
        let progress = |done| around.progress.store(done, Ordering::Relaxed);
        let in_order =
            |addresses| sequential::execute(loaded, &InOrder::on_the_clock(around, &progress), addresses);
        attempts::finish(attempts, strategy.id(), Clock::Measured, ends, in_order)
    }
}

//! Lanes on threads: each takes tasks from the scheduler until there are none.

use std::{
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
};

use alloy_primitives::Address;

use super::{
    Loaded, Stopped, Surroundings, Threads, fold,
    lanes::{Turns, Work},
    multi::{Before, Check, Multi, ran},
    recorder::{self, AttemptNote, LaneNotes, Spoiler},
    sequential,
};
use crate::{
    evm::{Code, Executor, block_gas_left},
    run::{Receipt, Run, Status},
    schedule::{
        Collector, Finals, Key, Memory, Report, Strategy,
        sync::{AtomicU8, AtomicU32, AtomicUsize, Mutex, Ordering, PoisonError, lock},
    },
    trace::{Outcome, SpanKind},
    units::{TxIndex, Version},
};

/// What all lanes share.
struct Shared<'a> {
    loaded: &'a Loaded,
    around: &'a Surroundings<'a>,
    memory: Memory<'a, Code>,
    results: Vec<Mutex<TxResult>>,
    /// For each transaction, whether its latest attempt could be included: see [`ran`].
    ran: Vec<AtomicU8>,
    turns: Turns<'a>,
    /// The next piece of the state to be settled.
    piece: AtomicUsize,
    /// Lanes that have settled their last piece.
    settled: AtomicUsize,
    lanes: usize,
    /// Transactions with a result, for progress.
    executed: AtomicU32,
}

/// The latest complete attempt of one transaction. Written by the lane that runs it, read by the
/// lane that validates it; the scheduler never has both going on for the same incarnation.
#[derive(Default)]
struct TxResult {
    version: Option<Version>,
    checks: Box<[Check]>,
    /// What it wrote, which is what the memory holds of it.
    keys: Vec<Key>,
    receipt: Receipt,
    /// The executor panicked. Kept if the reads hold, which makes it a mistake of ours and not
    /// one of speculation.
    panicked: bool,
}

/// An abort, noted by the lane that found it.
struct Abort {
    version: Version,
    spoiler: Spoiler,
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

    let mut results = Vec::new();
    results.resize_with(loaded.jobs.len(), Mutex::default);
    let mut ran = Vec::new();
    ran.resize_with(loaded.jobs.len(), AtomicU8::default);
    // What cannot say how many cores it has (a browser's worker) has threads for no more than them.
    let cores = std::thread::available_parallelism().map_or(threads, usize::from);
    let beneficiary = &loaded.env.beneficiary;
    let collector =
        loaded.base.number(beneficiary).map_or(Collector::Newcomer(beneficiary), Collector::Known);
    let shared = Shared {
        loaded,
        around,
        memory: Memory::new(loaded.jobs.len(), loaded.base.len(), loaded.base.slots(), collector),
        results,
        ran,
        piece: AtomicUsize::new(0),
        settled: AtomicUsize::new(0),
        lanes: lanes.into(),
        turns: Turns::new(
            strategy.scheduler(loaded.order.after(), around.first),
            lanes.into(),
            cores,
            around.clock,
        ),
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
        return Err(Stopped::Cancelled);
    }
    shared.finish(strategy, ends)
}

/// One lane at work.
struct Lane<'a> {
    shared: &'a Shared<'a>,
    executor: Executor<Multi<'a>>,
    end: LaneEnd,
    /// Reads noted before the running attempt.
    seen: usize,
    /// Transactions that got their first result and are not told of in the progress yet.
    news: u32,
}

impl<'a> Work for Lane<'a> {
    fn execute(&mut self, version: Version, start: u64) -> Report {
        let shared = self.shared;
        let job = &shared.loaded.jobs[version.tx.index()];
        self.executor.view().turn_to(version.tx);
        let outcome = catch_unwind(AssertUnwindSafe(|| self.executor.run(job)));
        let notes = &mut self.end.notes;
        let seen = self.executor.view().reads.seen.len();
        let mut note = AttemptNote {
            version,
            start,
            end: start,
            outcome: Outcome::Committed,
            gas: 0,
            reads: self.seen..seen,
            writes: notes.writes.len()..notes.writes.len(),
            spoiler: None,
        };
        self.seen = seen;
        let (receipt, mut writes, panicked) = match outcome {
            Ok(Ok(effects)) => (effects.receipt, effects.writes, false),
            Ok(Err(blocked)) => {
                note.outcome = Outcome::Blocked;
                note.spoiler = Some(Spoiler { key: blocked.key, writer: blocked.writer });
                if shared.around.record {
                    notes.attempts.push(note);
                }
                return Report::Blocked { version, writer: blocked.writer.tx };
            }
            Err(_) => {
                // Whatever state the EVM was left in, it is not used again.
                let view = self.executor.view();
                let reads = std::mem::take(&mut view.reads);
                self.executor = shared.executor();
                self.executor.view().reads = reads;
                (Receipt::default(), Vec::new(), true)
            }
        };
        if shared.around.record {
            note.gas = receipt.gas_used;
            notes.writes.extend(writes.iter().map(|write| (write.key(), write.is_increment())));
            note.writes.end = notes.writes.len();
            notes.attempts.push(note);
        }
        let checks = self.executor.view().reads.checks.as_slice().into();

        let mut result = lock(&shared.results[version.tx.index()]);
        let first = result.version.is_none();
        // Whoever took it for granted that the nonce would be counted up must look again.
        let did_not_count = matches!(receipt.status, Status::Invalid(_)) || panicked;
        let wrote_new = shared.memory.record(version, writes.drain(..), &mut result.keys);
        result.version = Some(version);
        let old = std::mem::replace(&mut result.checks, checks);
        result.receipt = receipt;
        result.panicked = panicked;
        drop(result);
        drop(old);
        // After the writes: who finds it set finds them, or none where there are none.
        let ran = if did_not_count { ran::REFUSED } else { ran::INCLUDED };
        shared.ran[version.tx.index()].store(ran, Ordering::Release);
        self.executor.reuse(writes);
        if first {
            self.news += 1;
        }
        Report::Executed { version, wrote_new: wrote_new || did_not_count }
    }

    fn ended(&mut self, now: u64) {
        if let Some(note) = self.end.notes.attempts.last_mut() {
            note.end = now;
        }
    }

    fn validate(&mut self, version: Version, turns: &Turns<'_>) -> Report {
        let shared = self.shared;
        let result = lock(&shared.results[version.tx.index()]);
        if result.version != Some(version) {
            return Report::Valid { version };
        }
        let before = shared.before(version.tx);
        match before.validate(&result.checks) {
            Err(spoiler) if turns.claim_abort(version) => {
                shared.memory.withdraw(version.tx, &result.keys);
                self.end.aborts.push(Abort { version, spoiler });
                Report::Aborted { version }
            }
            Ok(()) | Err(_) => Report::Valid { version },
        }
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
        self.shared.around.cancel.is_set()
    }
}

impl Shared<'_> {
    fn lane(&self, index: usize) -> LaneEnd {
        let mut lane =
            Lane { shared: self, executor: self.executor(), end: LaneEnd::default(), seen: 0, news: 0 };
        let settling = self.turns.lane(index, &mut lane);
        let mut end = lane.end;
        end.notes.reads = std::mem::take(&mut lane.executor.view().reads.seen);
        if !self.turns.was_stopped() {
            self.settle(&mut end);
        }
        end.ended = (self.around.clock)();
        end.notes.spans.push((settling, end.ended, SpanKind::Committing));
        end
    }

    /// What becomes of the state, a piece at a time, each by the lane that comes first. Then
    /// every transaction's place in the block's gas, by the lane that is done last.
    fn settle(&self, end: &mut LaneEnd) {
        let base = |no| self.loaded.base.account(no).balance();
        loop {
            // Relaxed: the count only keeps pieces apart; what they are made of was published
            // by the scheduler's lock when it said that all is done.
            let piece = self.piece.fetch_add(1, Ordering::Relaxed);
            if piece >= self.memory.pieces() {
                break;
            }
            self.memory.finals(piece, base, &mut end.finals);
        }
        if self.settled.fetch_add(1, Ordering::Relaxed) + 1 == self.lanes {
            let mut cumulative = 0;
            let mut fits = true;
            for (result, job) in self.results.iter().zip(&self.loaded.jobs) {
                let receipt = &mut lock(result).receipt;
                fits &= block_gas_left(&self.loaded.env, cumulative, job.transaction()).is_ok();
                cumulative += receipt.gas_used;
                receipt.cumulative_gas_used = cumulative;
            }
            end.fits = Some(fits);
        }
    }

    fn before(&self, tx: TxIndex) -> Before<'_> {
        Before {
            base: &self.loaded.base,
            memory: &self.memory,
            order: &self.loaded.order,
            ran: &self.ran,
            tx,
        }
    }

    fn executor(&self) -> Executor<Multi<'_>> {
        let view = Multi::new(&self.loaded.env, self.before(TxIndex(0)), self.around.record);
        Executor::new(&self.loaded.env, view)
    }

    /// After the last lane: receipts, post-state, trace.
    fn finish(self, strategy: &dyn Strategy, ends: Vec<LaneEnd>) -> Result<Run, Stopped> {
        let Self { loaded, around, memory, results, turns, .. } = self;
        let mut receipts = Vec::with_capacity(results.len());
        for result in results {
            let result = result.into_inner().unwrap_or_else(PoisonError::into_inner);
            if result.panicked || result.version.is_none() {
                return Err(Stopped::LanePanicked);
            }
            receipts.push(result.receipt);
        }
        let span = (turns.started(), ends.iter().map(|end| end.ended).max().unwrap_or_default());
        let fits = ends.iter().any(|end| end.fits == Some(true));
        let mut lanes: Vec<LaneNotes> = Vec::with_capacity(ends.len());
        let mut aborts = Vec::new();
        let mut finals = Vec::with_capacity(ends.len());
        for end in ends {
            lanes.push(end.notes);
            aborts.extend(end.aborts);
            finals.push(end.finals);
        }
        settle(&mut lanes, aborts);
        if !fits {
            return in_order_after_all(loaded, around, strategy, span.0, lanes, &memory);
        }
        let addresses = addresses(loaded, &memory);
        let post_state = fold::post_state(&loaded.state, loaded.env.fork, &addresses, finals);
        let trace = recorder::merge(strategy.id(), loaded.jobs.len(), span, lanes, &addresses);
        Ok(Run { receipts, post_state, trace })
    }
}

/// Marks aborted attempts, which other lanes found out about.
fn settle(lanes: &mut [LaneNotes], aborts: Vec<Abort>) {
    let aborts: std::collections::HashMap<Version, Spoiler> =
        aborts.into_iter().map(|abort| (abort.version, abort.spoiler)).collect();
    if aborts.is_empty() {
        return;
    }
    for note in lanes.iter_mut().flat_map(|lane| &mut lane.attempts) {
        if note.outcome == Outcome::Committed
            && let Some(spoiler) = aborts.get(&note.version)
        {
            note.outcome = Outcome::Aborted;
            note.spoiler = Some(*spoiler);
        }
    }
}

/// A transaction does not fit in the gas that those before it left of the block's: what follows
/// it saw changes that it must not make. That is only known in block order, so the block is run
/// again in order, on the first lane, within the same run.
fn in_order_after_all(
    loaded: &Loaded,
    around: &Surroundings<'_>,
    strategy: &dyn Strategy,
    started: u64,
    mut lanes: Vec<LaneNotes>,
    memory: &Memory<'_, Code>,
) -> Result<Run, Stopped> {
    let mut latest = vec![0; loaded.jobs.len()];
    for note in lanes.iter_mut().flat_map(|lane| &mut lane.attempts) {
        if note.outcome == Outcome::Committed {
            note.outcome = Outcome::Aborted;
        }
        let latest = &mut latest[note.version.tx.index()];
        *latest = note.version.incarnation.0.max(*latest);
    }
    let again = |version: &mut Version| version.incarnation.0 = latest[version.tx.index()] + 1;
    // Both runs must number newcomers alike for their notes to go into one trace.
    let mut done = sequential::execute(loaded, around, addresses(loaded, memory))?;
    done.notes.reads.iter_mut().filter_map(|seen| seen.from.as_mut()).for_each(again);
    if let Some(first) = lanes.first_mut() {
        let shift = |range: &Range<usize>, by: usize| range.start + by..range.end + by;
        for mut note in done.notes.attempts {
            again(&mut note.version);
            note.reads = shift(&note.reads, first.reads.len());
            note.writes = shift(&note.writes, first.writes.len());
            first.attempts.push(note);
        }
        first.reads.append(&mut done.notes.reads);
        first.writes.append(&mut done.notes.writes);
        first.spans.append(&mut done.notes.spans);
    }
    let post_state = fold::post_state(&loaded.state, loaded.env.fork, &done.addresses, vec![done.finals]);
    let span = (started, done.ended);
    let trace = recorder::merge(strategy.id(), loaded.jobs.len(), span, lanes, &done.addresses);
    Ok(Run { receipts: done.receipts, post_state, trace })
}

fn addresses(loaded: &Loaded, memory: &Memory<'_, Code>) -> Vec<Address> {
    let mut addresses = loaded.base.addresses();
    let newcomers = memory.newcomers();
    addresses.resize(addresses.len() + newcomers.len(), Address::ZERO);
    for (address, no) in newcomers {
        addresses[no.index()] = address;
    }
    addresses
}

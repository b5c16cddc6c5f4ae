//! Lanes on threads: each takes tasks from the scheduler until there are none.

use std::panic::{AssertUnwindSafe, catch_unwind};

use alloy_primitives::Address;

use super::{
    Loaded, Stopped, Surroundings, Threads,
    fold::{self, AccountChanges, Changes},
    multi::{Before, Check, Multi},
    recorder::{self, AttemptNote, LaneNotes, Spoiler},
    sequential,
};
use crate::{
    evm::{Code, Executor, block_gas_left},
    run::{Receipt, Run},
    schedule::{
        AccountNo, Key, Memory, Report, Scheduler, Strategy, Task,
        sync::{
            AtomicBool, AtomicU32, AtomicU64, Condvar, Mutex, Ordering, PoisonError, lock, pause, step_aside,
        },
    },
    trace::{Outcome, SpanKind},
    units::{TxIndex, Version},
};

/// How often a lane looks again before it sleeps: some ten microseconds, about what it takes to
/// wake up a thread.
const SPINS: u32 = 300;
/// Longest sleep, in case that no other lane has anything to say: cancelling is noticed by then.
const NAP: std::time::Duration = std::time::Duration::from_millis(1);
/// Longest wait for the other lanes at the start, in nanoseconds. A pool may be busy; a lane that
/// comes later just finds less to do.
const START_PATIENCE: u64 = 20_000_000;

/// What all lanes share.
struct Shared<'a> {
    loaded: &'a Loaded,
    around: &'a Surroundings<'a>,
    memory: Memory<Code>,
    results: Vec<Mutex<TxResult>>,
    scheduler: Mutex<Box<dyn Scheduler>>,
    /// Lanes asleep wait here, on the scheduler's lock.
    news: Condvar,
    /// Counts the times when tasks were left for others: a waiting lane looks for a change
    /// without the lock.
    news_count: AtomicU32,
    sleepers: AtomicU32,
    /// Lanes that stand ready.
    ready: AtomicU32,
    lanes: u32,
    /// The run's start by the clock; 0: not yet.
    started: AtomicU64,
    cancelled: AtomicBool,
    /// Transactions with a result, for progress.
    executed: AtomicU32,
}

/// The latest complete attempt of one transaction. Written by the lane that runs it, read by the
/// lane that validates it; the scheduler never has both going on for the same incarnation.
#[derive(Default)]
struct TxResult {
    version: Option<Version>,
    checks: Vec<Check>,
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
    let shared = Shared {
        loaded,
        around,
        memory: Memory::new(loaded.base.len()),
        results,
        scheduler: Mutex::new(strategy.scheduler(&loaded.earlier)),
        news: Condvar::new(),
        news_count: AtomicU32::new(0),
        sleepers: AtomicU32::new(0),
        ready: AtomicU32::new(0),
        lanes: u32::from(lanes),
        started: AtomicU64::new(0),
        cancelled: AtomicBool::new(false),
        executed: AtomicU32::new(0),
    };
    // Each lane is handed to a thread of its own. Jobs that any thread may take would do for the
    // result, but then one thread often runs all lanes, one after the other, before the next is awake.
    let lane_of =
        |thread: rayon::BroadcastContext<'_>| (thread.index() < usize::from(lanes)).then(|| shared.lane());
    let ends: Vec<LaneEnd> = match around.threads {
        Threads::Pool(pool) if lanes > 1 => pool.broadcast(lane_of).into_iter().flatten().collect(),
        Threads::Global if lanes > 1 => rayon::broadcast(lane_of).into_iter().flatten().collect(),
        // One lane needs no thread but this one.
        Threads::Own | Threads::Pool(_) | Threads::Global => vec![shared.lane()],
    };
    if shared.cancelled.load(Ordering::Relaxed) {
        return Err(Stopped::Cancelled);
    }
    shared.finish(strategy, ends)
}

impl Shared<'_> {
    fn now(&self) -> u64 {
        (self.around.clock)()
    }

    /// Now, or `last` where looking at the clock costs more than what happened since: in a browser
    /// it takes a call to JavaScript, and the clock moves in steps of 5 µs.
    fn now_or(&self, last: u64) -> u64 {
        if cfg!(target_arch = "wasm32") { last } else { self.now() }
    }

    /// One lane, from the common start to its last task.
    fn lane(&self) -> LaneEnd {
        let mut end = LaneEnd::default();
        let mut executor = self.executor();
        let mut now = self.start_together();
        let mut report = None;
        loop {
            if self.around.cancel.is_set() {
                self.cancelled.store(true, Ordering::Relaxed);
            }
            if self.cancelled.load(Ordering::Relaxed) {
                self.wake_all();
                return end;
            }
            // Before the turn: what is left for others after it must not be slept over.
            let seen = self.news_count.load(Ordering::Relaxed);
            match self.turn(report.take()) {
                Task::Execute(version) => {
                    let start = self.now_or(now);
                    report = Some(self.execute(&mut executor, version, start, &mut end.notes));
                    now = self.now();
                    if let Some(note) = end.notes.attempts.last_mut() {
                        note.end = now;
                    }
                }
                Task::Validate(version) => {
                    let start = self.now_or(now);
                    let spoiler = self.validate(version);
                    let valid = spoiler.is_none();
                    report = Some(match spoiler {
                        None => Report::Valid { version },
                        Some(spoiler) => {
                            end.aborts.push(Abort { version, spoiler });
                            Report::Aborted { version }
                        }
                    });
                    now = self.now();
                    end.notes.spans.push((start, now, SpanKind::Validating { version, valid }));
                }
                Task::Wait => {
                    let start = now;
                    self.wait(seen);
                    now = self.now();
                    end.notes.spans.push((start, now, SpanKind::Waiting));
                }
                Task::Done => {
                    self.wake_all();
                    return end;
                }
            }
        }
    }

    fn executor(&self) -> Executor<Multi<'_>> {
        let view = Multi::new(&self.loaded.env, &self.loaded.base, &self.memory);
        Executor::new(&self.loaded.env, view)
    }

    /// Waits for the other lanes, a little; then the clock starts for all.
    fn start_together(&self) -> u64 {
        let arrived = self.now().max(1);
        let all = self.ready.fetch_add(1, Ordering::AcqRel) + 1 == self.lanes;
        let mut now = arrived;
        while !all && self.started.load(Ordering::Acquire) == 0 && now - arrived < START_PATIENCE {
            pause();
            step_aside();
            now = self.now().max(arrived);
        }
        // The first to give up waiting starts the clock as well as the last to arrive would.
        match self.started.compare_exchange(0, now, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => now,
            Err(started) => started,
        }
    }

    /// Hands in a report and takes the next task, in one turn at the scheduler.
    fn turn(&self, report: Option<Report>) -> Task {
        let mut scheduler = lock(&self.scheduler);
        if let Some(report) = report {
            scheduler.report(report);
        }
        let task = scheduler.next();
        // Others are only disturbed if there is something left for them; who comes then looks
        // whether there is more again.
        let more = scheduler.has_more();
        if more {
            // Relaxed: the count says only that it is worth looking again, under the lock.
            self.news_count.fetch_add(1, Ordering::Relaxed);
        }
        drop(scheduler);
        // A sleeper counts itself under the lock before it sleeps, so either it has seen what is
        // left or it is seen here.
        if more && self.sleepers.load(Ordering::SeqCst) > 0 {
            self.news.notify_one();
        }
        task
    }

    /// Waits until tasks were left for others since the count was `seen`, or a while.
    fn wait(&self, seen: u32) {
        for _ in 0..SPINS {
            pause();
            if self.news_count.load(Ordering::Relaxed) != seen {
                return;
            }
        }
        let scheduler = lock(&self.scheduler);
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        // The count only moves under the lock, so news since the spinning are not slept over.
        if self.news_count.load(Ordering::Relaxed) == seen {
            let _woken = self.news.wait_timeout(scheduler, NAP).unwrap_or_else(PoisonError::into_inner);
        }
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
    }

    fn wake_all(&self) {
        self.news_count.fetch_add(1, Ordering::Relaxed);
        self.news.notify_all();
    }

    fn execute<'s>(
        &'s self,
        executor: &mut Executor<Multi<'s>>,
        version: Version,
        start: u64,
        notes: &mut LaneNotes,
    ) -> Report {
        let job = &self.loaded.jobs[version.tx.index()];
        executor.view().turn_to(version.tx);
        let outcome = catch_unwind(AssertUnwindSafe(|| executor.run(job)));
        let reads = std::mem::take(&mut executor.view().reads);
        let mut note = AttemptNote {
            version,
            start,
            end: start,
            outcome: Outcome::Committed,
            gas: 0,
            reads: Vec::new(),
            writes: Vec::new(),
            spoiler: None,
        };
        let (receipt, writes, panicked) = match outcome {
            Ok(Ok(effects)) => (effects.receipt, effects.writes, false),
            Ok(Err(blocked)) => {
                note.outcome = Outcome::Blocked;
                note.reads = reads.seen;
                note.spoiler = Some(Spoiler { key: blocked.key, writer: blocked.writer });
                notes.attempts.push(note);
                return Report::Blocked { version, writer: blocked.writer.tx };
            }
            Err(_) => {
                // Whatever state the EVM was left in, it is not used again.
                *executor = self.executor();
                (Receipt::default(), Vec::new(), true)
            }
        };
        note.gas = receipt.gas_used;
        note.reads = reads.seen;
        note.writes = writes.iter().map(|write| (write.key(), write.is_increment())).collect();
        notes.attempts.push(note);

        let mut result = lock(&self.results[version.tx.index()]);
        let first = result.version.is_none();
        let wrote_new = self.memory.record(version, writes, &mut result.keys);
        result.version = Some(version);
        result.checks = reads.checks;
        result.receipt = receipt;
        result.panicked = panicked;
        if first {
            let executed = self.executed.fetch_add(1, Ordering::Relaxed) + 1;
            self.around.progress.fetch_max(executed, Ordering::Relaxed);
        }
        Report::Executed { version, wrote_new }
    }

    /// What spoiled the attempt, if it was spoiled and this lane is the one to abort it. Its
    /// writes are estimates then.
    fn validate(&self, version: Version) -> Option<Spoiler> {
        let result = lock(&self.results[version.tx.index()]);
        if result.version != Some(version) {
            return None;
        }
        let before = Before { base: &self.loaded.base, memory: &self.memory, tx: version.tx };
        let spoiler = before.validate(&result.checks).err()?;
        if !lock(&self.scheduler).claim_abort(version) {
            return None;
        }
        self.memory.withdraw(version.tx, &result.keys);
        Some(spoiler)
    }

    /// After the last lane: the block's changes, receipts, trace.
    fn finish(self, strategy: &dyn Strategy, ends: Vec<LaneEnd>) -> Result<Run, Stopped> {
        let folding = self.now();
        let Self { loaded, around, memory, results, started, .. } = self;
        let mut receipts = Vec::with_capacity(results.len());
        for result in results {
            let result = result.into_inner().unwrap_or_else(PoisonError::into_inner);
            if result.panicked || result.version.is_none() {
                return Err(Stopped::LanePanicked);
            }
            receipts.push(result.receipt);
        }
        let mut cumulative = 0;
        let mut fits = true;
        for (receipt, job) in receipts.iter_mut().zip(&loaded.jobs) {
            fits &= block_gas_left(&loaded.env, cumulative, job.transaction()).is_ok();
            cumulative += receipt.gas_used;
            receipt.cumulative_gas_used = cumulative;
        }

        let mut lanes: Vec<LaneNotes> = Vec::with_capacity(ends.len());
        let mut aborts = Vec::new();
        for end in ends {
            lanes.push(end.notes);
            aborts.extend(end.aborts);
        }
        settle(&mut lanes, aborts);
        if !fits {
            return in_order_after_all(loaded, around, strategy, started.into_inner(), lanes, &memory);
        }
        let addresses = addresses(loaded, &memory);
        let changes = changes(loaded, &memory, &addresses);
        let ended = (around.clock)();
        if let Some(first) = lanes.first_mut() {
            first.spans.push((folding, ended, SpanKind::Committing));
        }
        let post_state = fold::post_state(&loaded.state, loaded.env.fork, changes);
        let trace = recorder::merge(
            strategy.id(),
            loaded.jobs.len(),
            (started.into_inner(), ended),
            lanes,
            &addresses,
        );
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
    memory: &Memory<Code>,
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
    for note in &mut done.notes.attempts {
        again(&mut note.version);
        note.reads.iter_mut().filter_map(|seen| seen.from.as_mut()).for_each(again);
    }
    if let Some(first) = lanes.first_mut() {
        first.attempts.append(&mut done.notes.attempts);
        first.spans.append(&mut done.notes.spans);
    }
    let post_state = fold::post_state(&loaded.state, loaded.env.fork, done.changes);
    let span = (started, done.ended);
    let trace = recorder::merge(strategy.id(), loaded.jobs.len(), span, lanes, &done.addresses);
    Ok(Run { receipts: done.receipts, post_state, trace })
}

fn addresses(loaded: &Loaded, memory: &Memory<Code>) -> Vec<Address> {
    let mut addresses = loaded.base.addresses();
    let newcomers = memory.newcomers();
    addresses.resize(addresses.len() + newcomers.len(), Address::ZERO);
    for (address, no) in newcomers {
        addresses[no.index()] = address;
    }
    addresses
}

fn changes(loaded: &Loaded, memory: &Memory<Code>, addresses: &[Address]) -> Changes {
    let mut places = vec![None; addresses.len()];
    let mut accounts: Vec<(Address, AccountChanges)> = Vec::new();
    for last in memory.finals(|no| loaded.base.account(no).balance()) {
        places[last.account.index()] = Some(accounts.len());
        accounts.push((
            addresses[last.account.index()],
            AccountChanges {
                balance: last.balance,
                nonce: last.nonce,
                code: last.code,
                exists: last.exists,
                wiped: last.wiped,
                slots: Vec::new(),
            },
        ));
    }
    for (AccountNo(no), slot, value) in memory.final_slots() {
        let place = places[no as usize].get_or_insert_with(|| {
            accounts.push((addresses[no as usize], AccountChanges::default()));
            accounts.len() - 1
        });
        accounts[*place].1.slots.push((slot, value));
    }
    Changes { accounts }
}

/// For each transaction, the latest one before it with the same sender.
pub(super) fn earlier_of_sender(senders: impl Iterator<Item = Address>) -> Vec<Option<TxIndex>> {
    let mut latest = alloy_primitives::map::AddressMap::default();
    senders.enumerate().map(|(i, sender)| latest.insert(sender, TxIndex(i as u32))).collect()
}

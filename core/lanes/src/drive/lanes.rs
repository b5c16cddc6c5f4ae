//! Lanes that take turns at a scheduler: how they wait, wake and end. [`Work`] carries out the tasks, so this
//! module knows no EVM.
//!
//! ```text
//!                     ┌───────────── reports ──────────────┐
//!                     ▼                                    │
//! start_together ─▶ turn: report, next ─┬─ tasks ─▶ Work ──┘
//!                     ▲                 ├─ Wait ──▶ spin, then sleep until news ─┐
//!                     └─────────────────┼────────────────────────────────────────┘
//!                                       └─ Done, or a stop ──▶ wake all, end
//! ```
//! *News*: tasks that a lane left for others, a stop, or the end. They are counted.
//!
//! Invariants; docs/protocol.md has the interleavings:
//! 1. *No lane sleeps while there are tasks.* A lane that leaves tasks for others counts the news under the
//!    scheduler's lock, and then checks for sleepers. A lane that goes to sleep counts itself as a sleeper
//!    under the same lock, and sleeps only if the count of news has not changed since its last turn.
//! 2. *No lane sleeps at the end.* A lane that gets `Done`, or that stops the run, wakes all.
//! 3. *Attempts on final state follow settled ones.* Within a batch a lane counts on from the lowest
//!    transaction that is not settled: past its own attempts on final state, and past attempts that it has
//!    itself found valid. No other attempt is on final state. [`schedule`](crate::schedule), invariant 6,
//!    says why that is enough.
//! 4. *A panic ends the run for all lanes.* A lane that panics, in its work, at the clock or in the
//!    scheduler, never reports its tasks. So while it unwinds it stops the run and wakes all lanes
//!    ([`StopOnPanic`]). A lane waits for others in three places only: in [`Turns::start_together`], which
//!    ends after a while; in [`Turns::wait`], which ends when the lane is woken, and then the lane checks for
//!    a stop before anything else; and at locks, which unwinding releases and whose poison is ignored. So
//!    every lane ends after the tasks that it has taken.

use crate::{
    schedule::{
        Report, Scheduler, Task,
        sync::{
            AtomicBool, AtomicU32, AtomicU64, Condvar, Mutex, Ordering, PoisonError, lock_briefly, pause,
            step_aside,
        },
    },
    trace::SpanKind,
    units::{TxIndex, Version},
};

/// How often a lane checks for news before it sleeps: some hundred microseconds. Waking up takes a tenth of
/// that, but a thread that slept may wake up on a core where another lane runs.
const SPINS: u32 = if cfg!(any(shuttle, miri)) { 2 } else { 4_000 };
/// The same if lanes share cores, because another lane needs the core.
const FEW_SPINS: u32 = if cfg!(any(shuttle, miri)) { 2 } else { 50 };
/// Longest sleep. No lane announces a cancel, so a sleeping lane notices it after this time.
const NAP: std::time::Duration = std::time::Duration::from_millis(1);
/// Longest wait for the other lanes at the start, in nanoseconds. A pool's threads may be busy; a late lane
/// then finds fewer tasks.
const START_PATIENCE: u64 = 50_000_000;
/// How long a lane spins at the start before a short sleep, in nanoseconds.
const START_SPIN: u64 = 300_000;
/// The length of that sleep.
const START_NAP: std::time::Duration = std::time::Duration::from_micros(60);
/// A lane that has not read the clock for this long was interrupted, in nanoseconds.
const ABSENCE: u64 = 30_000;
/// The work that a lane takes in one turn, in nanoseconds. A turn costs a few hundred when another lane is at
/// the scheduler. Tasks that were taken cannot be given back, so a batch is small.
const BATCH: u64 = 25_000;
/// The most tasks in one batch.
const MOST: usize = 32;

/// Carries out one lane's tasks.
pub(super) trait Work {
    /// Runs an attempt and publishes its writes. `on_final_state`: all transactions below it are settled, so
    /// it will not be validated. `None` if it was cancelled: then the lanes must stop.
    fn execute(&mut self, version: Version, on_final_state: bool, start: u64) -> Option<Report>;
    /// Notes the end of the last attempt.
    fn ended(&mut self, now: u64);
    /// Validates an attempt's read set. If it does not hold, and `turns` lets this lane claim the abort, the
    /// attempt's writes are estimates afterwards.
    fn validate(&mut self, version: Version, turns: &Turns<'_>) -> Report;
    /// Notes the lane's time outside attempts.
    fn span(&mut self, start: u64, end: u64, kind: SpanKind);
    /// Called before every turn. Returns whether the lanes must stop.
    fn between_turns(&mut self) -> bool;
}

/// What lanes share in order to take turns.
pub(super) struct Turns<'a> {
    /// Its lock orders all reports and tasks.
    scheduler: Mutex<Box<dyn Scheduler>>,
    clock: &'a (dyn Fn() -> u64 + Sync),
    /// Sleeping lanes wait here, on the scheduler's lock.
    news: Condvar,
    /// Counts news. Written under the scheduler's lock; a spinning lane reads it without the lock.
    news_count: AtomicU32,
    /// Number of sleeping lanes. Raised under the scheduler's lock.
    sleepers: AtomicU32,
    /// For each lane, how often it has checked for the others at the start. Each lane writes its own.
    looks: Vec<Look>,
    /// The number of lanes that can run at the same time.
    together: usize,
    /// The run's start by the clock; 0 before it. Set once, by any lane.
    started: AtomicU64,
    /// Whether the lanes must end before the block has ended. Never reset.
    stopped: AtomicBool,
}

/// Stops the run and wakes all lanes if it is dropped. A lane holds it while it takes turns, and forgets it
/// when it returns. Unwinding drops it when the lane holds no lock any more.
struct StopOnPanic<'a, 'b>(&'a Turns<'b>);

impl Drop for StopOnPanic<'_, '_> {
    fn drop(&mut self) {
        self.0.stop();
        self.0.wake_all();
    }
}

/// On a cache line of its own, because each lane writes its own all the time.
#[repr(align(128))]
#[derive(Default)]
struct Look(AtomicU32);

impl<'a> Turns<'a> {
    /// For `lanes` lanes on `cores` cores.
    pub(super) fn new(
        scheduler: Box<dyn Scheduler>,
        lanes: usize,
        cores: usize,
        clock: &'a (dyn Fn() -> u64 + Sync),
    ) -> Self {
        let mut looks = Vec::new();
        looks.resize_with(lanes, Look::default);
        Self {
            scheduler: Mutex::new(scheduler),
            clock,
            news: Condvar::new(),
            news_count: AtomicU32::new(0),
            sleepers: AtomicU32::new(0),
            looks,
            together: lanes.min(cores.max(1)),
            started: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        }
    }

    /// The run's start by the clock. Acquire: pairs with the exchange in `start_together`, although no other
    /// data depends on the number.
    pub(super) fn started(&self) -> u64 {
        self.started.load(Ordering::Acquire)
    }

    /// Whether the lanes were stopped before the end. Relaxed, here and in `stop`: the lane that stops wakes
    /// all under the lock afterwards, so a lane that sleeps finds the stop. A running lane checks again soon.
    pub(super) fn was_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether the caller, which found the attempt's read set stale, may abort it.
    pub(super) fn claim_abort(&self, version: Version) -> bool {
        lock_briefly(&self.scheduler).claim_abort(version)
    }

    /// One lane, from the common start to its last task. Returns the time at its end.
    ///
    /// # Panics
    /// If `work`, the scheduler or the clock panics. Then all other lanes end, too.
    pub(super) fn lane(&self, index: usize, work: &mut impl Work) -> u64 {
        let guard = StopOnPanic(self);
        let ended = self.take_turns(index, work);
        std::mem::forget(guard);
        ended
    }

    fn take_turns(&self, index: usize, work: &mut impl Work) -> u64 {
        let mut now = self.start_together(index);
        let mut reports = Vec::with_capacity(MOST);
        let mut tasks = Vec::with_capacity(MOST);
        let mut pace = Pace::default();
        loop {
            // Before the turn and the check for a stop: the lane must not sleep over news that come after
            // them. Relaxed: the lock that the turn takes, and again the one before the sleep, order the
            // count.
            let seen = self.news_count.load(Ordering::Relaxed);
            if work.between_turns() {
                self.stop();
            }
            if self.was_stopped() {
                self.wake_all();
                return now;
            }
            let mut settled = self.turn(&mut reports, &mut tasks, pace.tasks());
            let begun = now;
            // In a browser the clock is a call to JavaScript and moves in steps of 5 µs.
            if !cfg!(target_arch = "wasm32") {
                now = (self.clock)();
            }
            for task in tasks.drain(..) {
                match task {
                    Task::Execute(version) => {
                        let on_final_state = settled == Some(version.tx);
                        let Some(report) = work.execute(version, on_final_state, now) else {
                            self.stop();
                            self.wake_all();
                            return now;
                        };
                        if on_final_state {
                            settled = matches!(report, Report::Executed { .. }).then(|| version.tx.next());
                        }
                        reports.push(report);
                        now = (self.clock)();
                        work.ended(now);
                    }
                    Task::Validate(version) => {
                        let report = work.validate(version, self);
                        let valid = !matches!(report, Report::Aborted { .. });
                        if settled == Some(version.tx) && matches!(report, Report::Valid { .. }) {
                            settled = Some(version.tx.next());
                        }
                        reports.push(report);
                        let start = std::mem::replace(&mut now, (self.clock)());
                        work.span(start, now, SpanKind::Validating { version, valid });
                    }
                    Task::Wait => {
                        self.wait(seen);
                        let start = std::mem::replace(&mut now, (self.clock)());
                        work.span(start, now, SpanKind::Waiting);
                    }
                    Task::Done => {
                        self.wake_all();
                        // Not `now`: in a browser that is the end of the last task. A lane that had no core
                        // until then comes here straight from the start, and has not been committing since
                        // then.
                        return (self.clock)();
                    }
                }
            }
            pace.took(reports.len(), now.saturating_sub(begun));
        }
    }

    /// Waits until as many lanes run at the same time as there are cores for; then the clock starts for all.
    ///
    /// Threads that wake up together are often put on one core, and it takes the system milliseconds to move
    /// one of them, even where another core is idle: a short block would be over by then. So a lane spins
    /// until it has seen the others spin while it was itself not interrupted. After a while it sleeps shortly,
    /// so that another lane can have the core, and it may itself wake up on a free one.
    fn start_together(&self, index: usize) -> u64 {
        let arrived = (self.clock)().max(1);
        // Relaxed, here and below: no other data depends on the counts.
        let look = || -> Vec<u32> { self.looks.iter().map(|look| look.0.load(Ordering::Relaxed)).collect() };
        let (mut last, mut rested) = (arrived, arrived);
        let mut seen = look();
        loop {
            self.looks[index].0.fetch_add(1, Ordering::Relaxed);
            let moving = self.looks.iter().zip(&seen).enumerate();
            let running =
                moving.filter(|(i, (look, seen))| *i == index || look.0.load(Ordering::Relaxed) != **seen);
            let mut running = running.count();
            // The clock is read after the counts. Counts that changed while this lane was not running itself
            // do not show that the lanes run at the same time.
            let now = (self.clock)().max(arrived);
            let absent = now - last > ABSENCE;
            last = now;
            if absent {
                running = 1;
                seen = look();
            }
            // A lane that gives up waiting starts the clock, too. AcqRel and acquire: stronger than needed,
            // since no other data depends on the number; this happens once per run.
            if running >= self.together || now - arrived > START_PATIENCE {
                return match self.started.compare_exchange(0, now, Ordering::AcqRel, Ordering::Acquire) {
                    Ok(_) => now,
                    Err(started) => started,
                };
            }
            if self.started() != 0 {
                return self.started();
            }
            if self.looks.len() > self.together {
                // Lanes without a core of their own must not hold up those that have one.
                step_aside();
            }
            if now - rested > START_SPIN {
                // No lane wakes this one: the system's timer does.
                drop(self.news.wait_timeout(lock_briefly(&self.scheduler), START_NAP));
                rested = (self.clock)();
            }
            pause();
        }
    }

    /// Hands in reports and takes the next tasks, in one turn at the scheduler. Returns the lowest
    /// transaction that is not settled.
    fn turn(&self, reports: &mut Vec<Report>, tasks: &mut Vec<Task>, most: usize) -> Option<TxIndex> {
        let mut scheduler = lock_briefly(&self.scheduler);
        for report in reports.drain(..) {
            scheduler.report(report);
        }
        // Towards the end the batches become smaller, so that lanes end together.
        let share = scheduler.runnable() / (2 * self.looks.len()) + 1;
        let most = most.min(scheduler.batch_limit());
        while tasks.len() < most {
            if let Some(Task::Execute(Version { tx, .. })) = tasks.last()
                && let Some(version) = scheduler.next_dependent(*tx)
            {
                tasks.push(Task::Execute(version));
                continue;
            }
            if tasks.len() >= share {
                break;
            }
            match scheduler.next() {
                // The tasks that were taken come first; then the lane asks again.
                Task::Wait | Task::Done if !tasks.is_empty() => break,
                task => tasks.push(task),
            }
            if matches!(tasks.last(), Some(Task::Wait | Task::Done)) {
                break;
            }
        }
        let settled = scheduler.settled();
        // Other lanes are woken only if tasks are left for them. The next lane at the scheduler checks again.
        let more = scheduler.runnable() > 0;
        if more {
            // Relaxed: the count only moves under the lock, and a sleeper compares it under the lock. A
            // spinning lane that sees it late just spins on.
            self.news_count.fetch_add(1, Ordering::Relaxed);
        }
        drop(scheduler);
        // A sleeper counts itself under the lock before it sleeps. So either it has seen the news, or this
        // load, which comes after the lock, sees the sleeper. SeqCst, here and in `wait`: stronger than the
        // lock makes necessary.
        if more && self.sleepers.load(Ordering::SeqCst) > 0 {
            self.news.notify_one();
        }
        settled
    }

    /// Waits until there are news since the count was `seen`, or for a limited time.
    fn wait(&self, seen: u32) {
        let spins = if self.looks.len() > self.together { FEW_SPINS } else { SPINS };
        for _ in 0..spins {
            pause();
            // Relaxed: the turn that follows takes the lock.
            if self.news_count.load(Ordering::Relaxed) != seen {
                return;
            }
        }
        let scheduler = lock_briefly(&self.scheduler);
        // SeqCst: see `turn`. Under the lock, so that a lane that leaves tasks afterwards finds this sleeper.
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        // The count only moves under the lock, so the lane does not sleep over news that came since it spun.
        if self.news_count.load(Ordering::Relaxed) == seen {
            let _woken = self.news.wait_timeout(scheduler, NAP).unwrap_or_else(PoisonError::into_inner);
        }
        // Outside the lock: until then a lane may signal a sleeper that is awake, which does no harm.
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
    }

    fn wake_all(&self) {
        // Under the lock: this must not happen between a sleeper's last check of the count and its sleep.
        let scheduler = lock_briefly(&self.scheduler);
        // Relaxed: see `turn`.
        self.news_count.fetch_add(1, Ordering::Relaxed);
        drop(scheduler);
        self.news.notify_all();
    }
}

/// The recent length of tasks, which decides how many go into one batch.
#[derive(Default)]
struct Pace {
    /// Nanoseconds per task, averaged; 0: not known yet.
    each: u64,
}

impl Pace {
    fn tasks(&self) -> usize {
        match BATCH.checked_div(self.each) {
            Some(tasks) => (tasks as usize).clamp(1, MOST),
            None => 1,
        }
    }

    fn took(&mut self, tasks: usize, time: u64) {
        if tasks > 0 {
            let each = (time / tasks as u64).max(1);
            self.each = if self.each == 0 { each } else { (3 * self.each + each) / 4 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One batch: validates transaction 0, then runs those after it.
    struct Batch(Vec<Task>);

    impl Scheduler for Batch {
        fn next(&mut self) -> Task {
            self.0.pop().unwrap_or(Task::Done)
        }

        fn settled(&self) -> Option<TxIndex> {
            Some(TxIndex(0))
        }

        fn runnable(&self) -> usize {
            // Enough that a batch is not cut short.
            100
        }

        fn report(&mut self, _: Report) {}

        fn claim_abort(&mut self, _: Version) -> bool {
            true
        }
    }

    /// Returns the reports that it was given, and notes which attempts were on final state.
    struct ScriptedWork {
        validation: Report,
        executions: Vec<Report>,
        on_final_state: Vec<bool>,
    }

    impl Work for ScriptedWork {
        fn execute(&mut self, _: Version, on_final_state: bool, _: u64) -> Option<Report> {
            self.on_final_state.push(on_final_state);
            Some(self.executions.remove(0))
        }

        fn ended(&mut self, _: u64) {}

        fn validate(&mut self, _: Version, _: &Turns<'_>) -> Report {
            self.validation
        }

        fn span(&mut self, _: u64, _: u64, _: SpanKind) {}

        fn between_turns(&mut self) -> bool {
            false
        }
    }

    #[test]
    fn an_attempt_is_on_final_state_only_after_one_that_holds() {
        let version = |tx| Version { tx: TxIndex(tx), incarnation: crate::units::Incarnation(0) };
        let [zero, one, two, three] = [0, 1, 2, 3].map(version);
        let executed = |version| Report::Executed { version, wrote_new: true, on_final_state: true };
        let blocked = |version| Report::Blocked { version, writer: TxIndex(0) };
        let runs_on_final_state = |validation, executions: [Report; 3]| {
            let mut tasks = vec![Task::Execute(three), Task::Execute(two), Task::Execute(one)];
            // The first turn takes one task, because the length of tasks is not known yet.
            tasks.extend([Task::Validate(zero), Task::Validate(zero)]);
            let ticks = AtomicU64::new(1);
            let clock = || ticks.fetch_add(100, Ordering::Relaxed);
            let turns = Turns::new(Box::new(Batch(tasks)), 1, 1, &clock);
            let mut work =
                ScriptedWork { validation, executions: executions.into(), on_final_state: Vec::new() };
            turns.lane(0, &mut work);
            work.on_final_state
        };
        let all = [executed(one), executed(two), executed(three)];
        assert_eq!(runs_on_final_state(Report::Valid { version: zero }, all), [true, true, true]);
        assert_eq!(runs_on_final_state(Report::Stale { version: zero }, all), [false, false, false]);
        let aborted = Report::Aborted { version: zero, writer: TxIndex(0) };
        assert_eq!(runs_on_final_state(aborted, all), [false, false, false]);
        let gap = [executed(one), blocked(two), executed(three)];
        assert_eq!(runs_on_final_state(Report::Valid { version: zero }, gap), [true, true, false]);
    }

    #[test]
    fn short_tasks_share_a_batch_and_long_ones_do_not() {
        let mut pace = Pace::default();
        assert_eq!(pace.tasks(), 1);
        pace.took(1, 1_000);
        assert_eq!(pace.tasks(), 25);
        for _ in 0..20 {
            pace.took(1, 100_000);
        }
        assert_eq!(pace.tasks(), 1);
        for _ in 0..40 {
            pace.took(10, 10);
        }
        assert_eq!(pace.tasks(), MOST);
    }
}

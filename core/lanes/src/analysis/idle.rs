//! Why lanes were idle, as far as a trace shows it.
//!
//! ```text
//! lane      [scheduling][attempt][scheduling][attempt][waiting      ][attempt][waiting][idle]
//! cause      start                between              value │ held             tail ─────────
//!                                                            └ from here on a transaction that starts
//!                                                              later could have started
//! ```

use std::collections::HashMap;

use crate::trace::{SpanKind, Trace};
use crate::units::{Incarnation, LocationId, Ticks, TxIndex, Version};

/// One lane's time outside execution, validation and commit, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Idle {
    /// Before its first task: waking up, asking for the task.
    pub start: Ticks,
    /// Between two tasks: recording writes, choosing the next task.
    pub between: Ticks,
    /// No task, while every transaction that was still to start read a value that had not been written yet,
    /// or was not yet known to have to run again.
    pub value: Ticks,
    /// No task, although a transaction that started later could have started: all values that it read had
    /// been written. The scheduler held it back, another lane had taken it in a batch, or this lane was
    /// asleep.
    pub held: Ticks,
    /// After the start of the block's last attempt: nothing was left to start.
    pub tail: Ticks,
}

impl Idle {
    /// All causes together.
    pub fn sum(&self) -> Ticks {
        self.start + self.between + self.value + self.held + self.tail
    }
}

/// For each lane the time that it did not spend on attempts, validations and commits. Together they are the
/// run's duration.
///
/// An attempt could have started once all attempts whose values it read had ended; for a later incarnation,
/// also once the previous attempt had ended or was found stale.
pub fn idle(trace: &Trace) -> Vec<Idle> {
    let last_start = trace.attempts.iter().map(|attempt| attempt.start.0).max().unwrap_or(0);
    let startable = startable(trace);
    let mut first_task = vec![u64::MAX; usize::from(trace.lanes)];
    let tasks = trace.attempts.iter().map(|attempt| (attempt.lane, attempt.start));
    let validations = trace.spans.iter().filter(|span| matches!(span.kind, SpanKind::Validating { .. }));
    for (lane, start) in tasks.chain(validations.map(|span| (span.lane, span.start))) {
        if let Some(first) = first_task.get_mut(usize::from(lane.0)) {
            *first = start.0.min(*first);
        }
    }
    let mut lanes = vec![Idle::default(); usize::from(trace.lanes)];
    for span in &trace.spans {
        let at = usize::from(span.lane.0);
        let Some(lane) = lanes.get_mut(at) else { continue };
        let (start, end) = (span.start.0, span.end.0.max(span.start.0));
        match span.kind {
            SpanKind::Validating { .. } | SpanKind::Committing => {}
            SpanKind::Scheduling if end <= first_task[at] => lane.start += Ticks(end - start),
            SpanKind::Scheduling => lane.between += Ticks(end - start),
            SpanKind::Waiting | SpanKind::Idle => {
                let middle = last_start.clamp(start, end);
                let held = startable.overlap(start, middle);
                lane.held += Ticks(held);
                lane.value += Ticks(middle - start - held);
                lane.tail += Ticks(end - middle);
            }
        }
    }
    lanes
}

/// Intervals of time, ascending and disjoint, each with the sum of the lengths before it.
struct Stretches(Vec<(u64, u64, u64)>);

impl Stretches {
    fn new(mut all: Vec<(u64, u64)>) -> Self {
        all.sort_unstable();
        let mut apart: Vec<(u64, u64, u64)> = Vec::new();
        for (start, end) in all {
            match apart.last_mut() {
                Some((_, reached, _)) if start <= *reached => *reached = end.max(*reached),
                last => {
                    let before = last.map_or(0, |(from, to, before)| *before + (*to - *from));
                    apart.push((start, end, before));
                }
            }
        }
        Self(apart)
    }

    /// The length of the intervals before `time`.
    fn before(&self, time: u64) -> u64 {
        let Some(at) = self.0.partition_point(|(start, ..)| *start < time).checked_sub(1) else { return 0 };
        let (start, end, before) = self.0[at];
        before + (time.min(end) - start)
    }

    /// The length of the intervals between `start` and `end`.
    fn overlap(&self, start: u64, end: u64) -> u64 {
        self.before(end) - self.before(start)
    }
}

/// For each location whose sum was read, its committed writers in block order, each with the end of the
/// latest attempt among the summands up to it.
fn ends_of_sums(trace: &Trace) -> HashMap<LocationId, Vec<(TxIndex, u64)>> {
    let sums = trace.reads.iter().filter(|read| read.is_sum);
    let mut ends: HashMap<LocationId, Vec<(TxIndex, u64)>> =
        sums.map(|read| (read.location, Vec::new())).collect();
    if ends.is_empty() {
        return ends;
    }
    for attempt in trace.committed().into_iter().flatten().filter_map(|i| trace.attempts.get(i as usize)) {
        for write in trace.writes_of(attempt) {
            if let Some(ends) = ends.get_mut(&write.location) {
                let so_far = ends.last().filter(|_| write.increment).map_or(0, |(_, end)| *end);
                ends.push((attempt.version.tx, attempt.end.0.max(so_far)));
            }
        }
    }
    ends
}

/// The time during which an attempt that started later could have started.
fn startable(trace: &Trace) -> Stretches {
    let sums = ends_of_sums(trace);
    let ends: HashMap<Version, u64> =
        trace.attempts.iter().map(|attempt| (attempt.version, attempt.end.0)).collect();
    let mut stale: HashMap<Version, u64> = HashMap::new();
    for span in &trace.spans {
        if let SpanKind::Validating { version, valid: false } = span.kind {
            stale.insert(version, span.end.0);
        }
    }
    let ready = |attempt: &crate::trace::Attempt| {
        let sources = trace.reads_of(attempt).iter().filter_map(|read| {
            let from = read.from?;
            let own = ends.get(&from).copied();
            let summed = sums.get(&read.location).filter(|_| read.is_sum).and_then(|ends| {
                let before = ends.partition_point(|(tx, _)| *tx <= from.tx).checked_sub(1)?;
                Some(ends[before].1)
            });
            own.max(summed)
        });
        let Version { tx, incarnation } = attempt.version;
        let before = incarnation.0.checked_sub(1).map(|n| Version { tx, incarnation: Incarnation(n) });
        let before =
            before.iter().flat_map(|before| [ends.get(before), stale.get(before)]).flatten().copied();
        sources.chain(before).max().unwrap_or(0)
    };
    let all = trace.attempts.iter().map(|attempt| (ready(attempt), attempt.start.0));
    Stretches::new(all.filter(|(ready, start)| ready < start).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategies::StrategyId;
    use crate::trace::{Attempt, Clock, Location, Outcome, Read, Span};
    use crate::units::{Gas, LaneId};

    fn version(tx: u32, incarnation: u32) -> Version {
        Version { tx: TxIndex(tx), incarnation: Incarnation(incarnation) }
    }

    /// Transaction, incarnation, lane, start, end, the transaction whose value it read.
    type Tried = (u32, u32, u16, u64, u64, Option<u32>);

    /// Spans are lane, start, end, kind.
    fn trace(lanes: u16, duration: u64, attempts: &[Tried], spans: &[(u16, u64, u64, SpanKind)]) -> Trace {
        let mut trace = Trace {
            strategy: StrategyId::BLOCK_STM,
            clock: Clock::Simulated,
            lanes,
            transactions: 9,
            duration: Ticks(duration),
            attempts: Vec::new(),
            spans: Vec::new(),
            reads: Vec::new(),
            writes: Vec::new(),
            locations: vec![Location::Balance(alloy_primitives::Address::ZERO)],
        };
        for (tx, incarnation, lane, start, end, from) in attempts {
            let reads = trace.reads.len() as u32;
            trace.reads.extend(from.map(|from| Read {
                location: LocationId(0),
                from: Some(version(from, 0)),
                is_sum: false,
            }));
            trace.attempts.push(Attempt {
                version: version(*tx, *incarnation),
                lane: LaneId(*lane),
                start: Ticks(*start),
                end: Ticks(*end),
                outcome: Outcome::Committed,
                gas: Gas(1),
                reads: reads..trace.reads.len() as u32,
                writes: 0..0,
                cause: None,
            });
        }
        let span = |(lane, start, end, kind): &(u16, u64, u64, SpanKind)| Span {
            lane: LaneId(*lane),
            start: Ticks(*start),
            end: Ticks(*end),
            kind: *kind,
        };
        trace.spans = spans.iter().map(span).collect();
        trace
    }

    /// A lane's time in tasks, and its idle time, are the whole duration.
    fn adds_up(trace: &Trace) {
        for (lane, idle) in idle(trace).iter().enumerate() {
            let attempts = trace.attempts.iter().filter(|a| usize::from(a.lane.0) == lane);
            let tasks: Ticks = attempts.map(|a| a.end.since(a.start)).sum();
            let others = trace.spans.iter().filter(|s| usize::from(s.lane.0) == lane);
            let others: Ticks = others
                .filter(|s| matches!(s.kind, SpanKind::Validating { .. } | SpanKind::Committing))
                .map(|s| s.end.since(s.start))
                .sum();
            assert_eq!(tasks + others + idle.sum(), trace.duration, "lane {lane}");
        }
    }

    #[test]
    fn a_lane_waits_for_a_value_until_it_is_written_and_for_nothing_at_the_end() {
        use SpanKind::{Idle as Rest, Scheduling, Waiting};
        // 1 reads what 0 writes, so lane 1 waits for 0; once 1 runs nothing is left to start.
        let trace = trace(
            2,
            220,
            &[(0, 0, 0, 10, 100, None), (1, 0, 1, 110, 210, Some(0))],
            &[
                (0, 0, 10, Scheduling),
                (0, 100, 220, Waiting),
                (1, 0, 100, Waiting),
                (1, 100, 110, Scheduling),
                (1, 210, 220, Rest),
            ],
        );
        adds_up(&trace);
        let [first, second] = idle(&trace)[..] else { panic!("two lanes") };
        // From 100 to 110 transaction 1 could have started, and the other lane had it.
        assert_eq!(first, Idle { start: Ticks(10), held: Ticks(10), tail: Ticks(110), ..Idle::default() });
        assert_eq!(
            second,
            Idle { start: Ticks(10), value: Ticks(90), held: Ticks(10), tail: Ticks(10), ..Idle::default() }
        );
    }

    #[test]
    fn a_later_incarnation_could_not_start_before_the_one_before_was_found_stale() {
        let stale = SpanKind::Validating { version: version(1, 0), valid: false };
        let trace = trace(
            2,
            200,
            &[(0, 0, 0, 0, 100, None), (1, 0, 1, 0, 40, None), (1, 1, 1, 130, 200, Some(0))],
            &[
                (0, 100, 120, stale),
                (0, 120, 200, SpanKind::Waiting),
                (1, 40, 120, SpanKind::Waiting),
                (1, 120, 130, SpanKind::Scheduling),
            ],
        );
        adds_up(&trace);
        let [first, second] = idle(&trace)[..] else { panic!("two lanes") };
        assert_eq!(first, Idle { held: Ticks(10), tail: Ticks(70), ..Idle::default() });
        assert_eq!(second, Idle { value: Ticks(80), between: Ticks(10), ..Idle::default() });
    }

    #[test]
    fn a_transaction_that_could_have_started_was_held_back() {
        // 2 depends on no transaction, and lane 0 ran it only after 0.
        let trace = trace(
            2,
            200,
            &[(0, 0, 0, 0, 100, None), (2, 0, 0, 100, 200, None)],
            &[(1, 0, 200, SpanKind::Waiting)],
        );
        adds_up(&trace);
        assert_eq!(idle(&trace)[1], Idle { held: Ticks(100), tail: Ticks(100), ..Idle::default() });
    }

    #[test]
    fn no_lane_waits_in_a_block_without_transactions() {
        let trace = trace(1, 5, &[], &[(0, 0, 5, SpanKind::Scheduling)]);
        assert_eq!(idle(&trace), [Idle { start: Ticks(5), ..Idle::default() }]);
    }
}

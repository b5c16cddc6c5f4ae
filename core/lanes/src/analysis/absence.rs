//! When lanes had no core, as far as a trace shows it.
//!
//! A system gives cores to threads for milliseconds at a time. A thread without a core does nothing, and its
//! work takes that much longer in the trace. A page cannot ask the system, so only durations count: a turn at
//! the scheduler that took over a millisecond longer than many others of the run; an attempt that
//! took over a millisecond longer than several times the time that its transaction takes alone. The time
//! beyond the usual length counts as time without a core.
//!
//! It misses interruptions of less than a millisecond, those of a lane that waits or commits, and a core that
//! merely runs slower. It may mistake for an interruption a page fault or a pause of the browser of that
//! length, and an attempt that does far more than its transaction does in block order.

use crate::{
    trace::{Clock, Outcome, SpanKind, Trace},
    units::Ticks,
};

/// One lane's time without a core, by the work that was interrupted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Absence {
    /// Attempts that committed.
    pub executed: Ticks,
    /// Attempts that did not.
    pub aborted: Ticks,
    /// Validations.
    pub validating: Ticks,
    /// Before the lane's first task.
    pub start: Ticks,
    /// Between two tasks.
    pub between: Ticks,
}

impl Absence {
    /// All of it.
    pub fn sum(&self) -> Ticks {
        self.executed + self.aborted + self.validating + self.start + self.between
    }
}

/// The shortest time that counts as an interruption, in nanoseconds: systems lend a core for 1 to 15 ms.
const LEAST: Ticks = Ticks(1_000_000);
/// A turn takes at most this many times the median turn: other lanes may be at the scheduler.
const TURNS: u64 = 20;
/// An attempt takes at most this many times the time that its transaction takes alone: cores share their
/// memory, and an attempt may take another path. A validation takes less than that, too.
const ALONE: u64 = 4;

/// The time beyond the usual, if it is so long that the lane must have been interrupted.
fn beyond(took: Ticks, usual: Ticks, times: u64) -> Ticks {
    let longest = usual.0.saturating_mul(times).saturating_add(LEAST.0);
    if took.0 > longest { took.since(usual) } else { Ticks(0) }
}

/// For each lane its time without a core. `alone` holds each transaction's sequential time. In
/// a simulated run every lane has a core.
pub fn absence(trace: &Trace, alone: &[Ticks]) -> Vec<Absence> {
    let mut lanes = vec![Absence::default(); usize::from(trace.lanes)];
    if trace.clock != Clock::Measured {
        return lanes;
    }
    let alone = |tx: usize| alone.get(tx).copied().unwrap_or_default();
    let mut first_task = vec![Ticks(u64::MAX); lanes.len()];
    for attempt in &trace.attempts {
        let at = usize::from(attempt.lane.0);
        let Some(lane) = lanes.get_mut(at) else { continue };
        first_task[at] = first_task[at].min(attempt.start);
        let took = attempt.end.since(attempt.start);
        let absent = beyond(took, alone(attempt.version.tx.index()), ALONE);
        match attempt.outcome {
            Outcome::Committed => lane.executed += absent,
            Outcome::Aborted | Outcome::Blocked => lane.aborted += absent,
        }
    }
    let length = |span: &crate::trace::Span| span.end.since(span.start);
    let mut turns: Vec<Ticks> =
        trace.spans.iter().filter(|span| span.kind == SpanKind::Scheduling).map(length).collect();
    turns.sort_unstable();
    let turn = turns.get(turns.len().saturating_sub(1) / 2).copied().unwrap_or_default();
    // With few turns the median may itself be an interruption.
    let turn = if turn > LEAST { Ticks(0) } else { turn };
    for span in &trace.spans {
        let at = usize::from(span.lane.0);
        let Some(lane) = lanes.get_mut(at) else { continue };
        match span.kind {
            SpanKind::Validating { version, .. } => {
                lane.validating += beyond(length(span), alone(version.tx.index()), ALONE);
                first_task[at] = first_task[at].min(span.start);
            }
            // Spans are in the order of their starts.
            SpanKind::Scheduling if span.end <= first_task[at] => {
                lane.start += beyond(length(span), turn, TURNS);
            }
            SpanKind::Scheduling => lane.between += beyond(length(span), turn, TURNS),
            SpanKind::Waiting | SpanKind::Committing | SpanKind::Idle => {}
        }
    }
    lanes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategies::StrategyId;
    use crate::trace::{Attempt, Span};
    use crate::units::{Gas, Incarnation, LaneId, TxIndex, Version};

    const US: u64 = 1_000;
    const MS: u64 = 1_000 * US;

    /// Attempts are transaction, lane, start, end, outcome; spans are lane, start, end, kind.
    fn trace(
        clock: Clock,
        attempts: &[(u32, u16, u64, u64, Outcome)],
        spans: &[(u16, u64, u64, SpanKind)],
    ) -> Trace {
        let attempt = |(tx, lane, start, end, outcome): &(u32, u16, u64, u64, Outcome)| Attempt {
            version: Version { tx: TxIndex(*tx), incarnation: Incarnation(0) },
            lane: LaneId(*lane),
            start: Ticks(*start),
            end: Ticks(*end),
            outcome: *outcome,
            gas: Gas(1),
            reads: 0..0,
            writes: 0..0,
            cause: None,
        };
        let span = |(lane, start, end, kind): &(u16, u64, u64, SpanKind)| Span {
            lane: LaneId(*lane),
            start: Ticks(*start),
            end: Ticks(*end),
            kind: *kind,
        };
        Trace {
            strategy: StrategyId::BLOCK_STM,
            clock,
            lanes: 2,
            transactions: 9,
            duration: Ticks(10 * MS),
            attempts: attempts.iter().map(attempt).collect(),
            spans: spans.iter().map(span).collect(),
            reads: Vec::new(),
            writes: Vec::new(),
            locations: Vec::new(),
        }
    }

    const ALONE_TIMES: [Ticks; 9] = [Ticks(20 * US); 9];
    use Outcome::{Aborted, Committed};
    use SpanKind::{Committing, Idle, Scheduling, Waiting};

    #[test]
    fn a_lane_that_gets_no_core_for_the_whole_block_is_absent_from_the_start() {
        let trace = trace(
            Clock::Measured,
            &[(0, 0, US, 21 * US, Committed)],
            &[(0, 0, US, Scheduling), (0, 21 * US, 22 * US, Scheduling), (1, 0, 9 * MS, Scheduling)],
        );
        let [first, second] = absence(&trace, &ALONE_TIMES)[..] else { panic!("two lanes") };
        assert_eq!(first, Absence::default());
        assert_eq!(second, Absence { start: Ticks(9 * MS - US), ..Absence::default() });
    }

    #[test]
    fn work_that_takes_far_longer_than_usual_was_interrupted() {
        let stale = SpanKind::Validating {
            version: Version { tx: TxIndex(2), incarnation: Incarnation(0) },
            valid: false,
        };
        let trace = trace(
            Clock::Measured,
            &[(0, 0, 0, 3 * MS, Committed), (1, 1, 0, 70 * US, Committed), (2, 1, 71 * US, 2 * MS, Aborted)],
            &[
                (1, 70 * US, 71 * US, Scheduling),
                (1, 2 * MS, 4 * MS, stale),
                (1, 4 * MS, 4 * MS + US, Scheduling),
                (0, 3 * MS, 6 * MS, Scheduling),
            ],
        );
        let [first, second] = absence(&trace, &ALONE_TIMES)[..] else { panic!("two lanes") };
        assert_eq!(
            first,
            Absence { executed: Ticks(3 * MS - 20 * US), between: Ticks(3 * MS - US), ..Absence::default() }
        );
        assert_eq!(
            second,
            Absence {
                aborted: Ticks(2 * MS - 71 * US - 20 * US),
                validating: Ticks(2 * MS - 20 * US),
                ..Absence::default()
            }
        );
        assert_eq!(first.sum(), Ticks(6 * MS - 21 * US));
    }

    #[test]
    fn long_work_is_not_taken_for_an_interruption() {
        // A long transaction, next to another one; waiting, committing, the end; a turn below a millisecond.
        let trace = trace(
            Clock::Measured,
            &[(0, 0, 0, 6 * MS, Committed)],
            &[
                (0, 6 * MS, 6 * MS + 900 * US, Scheduling),
                (1, 0, 3 * MS, Waiting),
                (1, 3 * MS, 6 * MS, Committing),
                (1, 6 * MS, 10 * MS, Idle),
            ],
        );
        assert_eq!(absence(&trace, &[Ticks(2 * MS)]), [Absence::default(); 2]);
    }

    #[test]
    fn simulated_lanes_always_have_a_core() {
        let trace = trace(Clock::Simulated, &[], &[(1, 0, 9 * MS, Scheduling)]);
        assert_eq!(absence(&trace, &[]), [Absence::default(); 2]);
    }
}

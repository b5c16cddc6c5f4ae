//! The notes that a lane takes while it runs, and how the lanes' notes become one trace.
//!
//! ```text
//! noted     ·····[attempt]···[attempt][validating]······[waiting]·········      by the lane, with gaps
//! trace     ─────[attempt]───[attempt][validating]──────[waiting]─────────      without gaps
//!           scheduling ┘  └ scheduling                scheduling ┘   idle ┘
//! ```
//! Notes name locations by account and slot numbers, which depend on the order in which lanes interned
//! accounts and slots. The trace names them by their place in a sorted list, which does not.

use std::ops::Range;

use alloy_primitives::{Address, map::HashMap};

use super::access_log::{AccessLog, Numbering, PackedVersion};
use crate::{
    schedule::{
        Key, Slots,
        sync::{AtomicU64, Ordering},
    },
    strategies::StrategyId,
    trace::{Attempt, Cause, Clock, Location, MOST_RECORDS, Outcome, Read, Span, SpanKind, Trace, Write},
    units::{Gas, LaneId, LocationId, Ticks, Version},
};

/// The number of records that all lanes have noted. Each lane adds its own by the [`Records::BATCH`], so
/// that lanes seldom contend for the cache line.
#[derive(Debug, Default)]
pub(super) struct Records(AtomicU64);

impl Records {
    /// A lane adds its records once it has noted this many.
    pub(super) const BATCH: u32 = if cfg!(shuttle) { 1 } else { 1 << 14 };

    /// Adds records. Relaxed, here and below: the count carries nothing with it, it only has to arrive soon.
    pub(super) fn add(&self, more: u32) {
        self.0.fetch_add(more.into(), Ordering::Relaxed);
    }

    /// Whether there are more than a trace may hold. Then no more are noted, and the run ends.
    pub(super) fn are_too_many(&self) -> bool {
        self.0.load(Ordering::Relaxed) > MOST_RECORDS as u64
    }
}

/// The reason why an attempt failed: a location that it read, and the write (or withdrawn write) that its
/// read set does not hold against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Conflict {
    pub(super) key: Key,
    pub(super) writer: Version,
}

/// One attempt, as its lane noted it. Times are the clock's own.
#[derive(Debug)]
pub(super) struct AttemptNote {
    pub(super) version: Version,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) outcome: Outcome,
    pub(super) gas: u64,
    /// Its part of the lane's reads.
    pub(super) reads: Range<u32>,
    /// Its part of the lane's writes.
    pub(super) writes: Range<u32>,
}

/// One lane's notes. Only this lane writes them.
#[derive(Debug, Default)]
pub(super) struct LaneNotes {
    pub(super) attempts: Vec<AttemptNote>,
    /// All attempts' reads, one after the other: a few large pieces of memory instead of many small ones.
    pub(super) reads: AccessLog<PackedVersion>,
    /// All attempts' writes, and whether each is an increment.
    pub(super) writes: AccessLog<bool>,
    /// Why attempts failed, this lane's or another's.
    pub(super) conflicts: Vec<(Version, Conflict)>,
    /// The lane's other time: start, end, kind.
    pub(super) spans: Vec<(u64, u64, SpanKind)>,
}

/// Makes one trace from all lanes' notes, in lane order.
///
/// `start` and `end` are the run's. Time that a lane did not note was scheduling; after its last note it is
/// idle. So every lane's attempts and spans add up to the duration.
pub(super) fn merge(
    (strategy, clock): (StrategyId, Clock),
    transactions: usize,
    (start, end): (u64, u64),
    lanes: Vec<LaneNotes>,
    addresses: &[Address],
    slots: &dyn Slots,
) -> Trace {
    let mut trace = Trace {
        strategy,
        clock,
        lanes: lanes.len() as u16,
        transactions: transactions as u32,
        duration: Ticks(end - start),
        attempts: Vec::new(),
        spans: Vec::new(),
        reads: Vec::new(),
        writes: Vec::new(),
        locations: Vec::new(),
    };
    // First each lane's time, made to fit the run.
    let mut attempts = Vec::new();
    for (i, notes) in lanes.iter().enumerate() {
        let lane = LaneId(i as u16);
        let mut pieces: Vec<(u64, u64, Option<SpanKind>)> =
            notes.spans.iter().map(|(from, to, kind)| (*from, *to, Some(*kind))).collect();
        pieces.extend(notes.attempts.iter().map(|note| (note.start, note.end, None)));
        pieces.sort_by_key(|(from, to, _)| (*from, *to));
        let mut span = |from: u64, to: u64, kind| {
            if to > from {
                trace.spans.push(Span { lane, start: Ticks(from - start), end: Ticks(to - start), kind });
            }
        };
        let mut reached = start;
        for (from, to, kind) in pieces {
            // A lane may wake up early, and a clock may differ a little from thread to thread. Neither may
            // put a piece before the start, after the end, or over another piece.
            let from = from.clamp(reached, end);
            let to = to.clamp(from, end);
            span(reached, from, SpanKind::Scheduling);
            if let Some(kind) = kind {
                span(from, to, kind);
            }
            reached = to;
        }
        span(reached, end, SpanKind::Idle);

        let mut reached = start;
        for note in &notes.attempts {
            let from = note.start.clamp(reached, end);
            reached = note.end.clamp(from, end);
            attempts.push((lane, from..reached, note));
        }
    }
    trace.spans.sort_by_key(|span| (span.start, span.lane));
    attempts.sort_by_key(|(lane, time, _)| (time.start, *lane));

    // Locations are in ascending order, so that equal runs have equal traces, although lanes meet them in any
    // order.
    let mut ids = Numbering::new(addresses.len(), slots);
    let mut conflicts: HashMap<Version, Conflict> = HashMap::default();
    for notes in &lanes {
        for (location, _) in notes.reads.items() {
            *ids.of(*location, &notes.reads) = 0;
        }
        for (location, _) in notes.writes.items() {
            *ids.of(*location, &notes.writes) = 0;
        }
        for (version, conflict) in &notes.conflicts {
            *ids.of_key(conflict.key) = 0;
            conflicts.insert(*version, *conflict);
        }
    }
    let mut locations: Vec<(Location, &mut u32)> =
        ids.met().map(|(key, id)| (key.location(addresses[key.account.index()]), id)).collect();
    locations.sort_unstable_by_key(|(location, _)| *location);
    trace.locations.reserve_exact(locations.len());
    for (i, (location, id)) in locations.into_iter().enumerate() {
        *id = i as u32;
        trace.locations.push(location);
    }
    // Reads and writes in the order of their attempts, with location ids in place of numbers.
    trace.reads.reserve_exact(lanes.iter().map(|notes| notes.reads.len() as usize).sum());
    trace.writes.reserve_exact(lanes.iter().map(|notes| notes.writes.len() as usize).sum());
    for (lane, time, note) in attempts {
        let notes = &lanes[lane.0 as usize];
        let range = |range: &Range<u32>| range.start as usize..range.end as usize;
        let reads = trace.reads.len() as u32;
        for (location, from) in &notes.reads.items()[range(&note.reads)] {
            let location = LocationId(*ids.of(*location, &notes.reads));
            trace.reads.push(Read { location, from: (*from).into(), is_sum: from.is_sum() });
        }
        let writes = trace.writes.len() as u32;
        for (location, increment) in &notes.writes.items()[range(&note.writes)] {
            let location = LocationId(*ids.of(*location, &notes.writes));
            trace.writes.push(Write { location, increment: *increment });
        }
        // The EVM has them in the order of a hash table.
        trace.writes[writes as usize..].sort_unstable_by_key(|write| write.location);
        let cause = match note.outcome {
            Outcome::Committed => None,
            Outcome::Aborted | Outcome::Blocked => conflicts.get(&note.version).map(|conflict| Cause {
                location: LocationId(*ids.of_key(conflict.key)),
                writer: conflict.writer,
            }),
        };
        trace.attempts.push(Attempt {
            version: note.version,
            lane,
            start: Ticks(time.start - start),
            end: Ticks(time.end - start),
            outcome: note.outcome,
            gas: Gas(note.gas),
            reads: reads..trace.reads.len() as u32,
            writes: writes..trace.writes.len() as u32,
            cause,
        });
    }
    trace
}

//! What a lane writes down while it runs, and how lanes' notes become one trace.

use std::ops::Range;

use alloy_primitives::{Address, map::HashMap};

use super::access_log::{AccessLog, Numbering, PackedVersion};
use crate::{
    schedule::{
        Key, Slots,
        sync::{AtomicU64, Ordering},
    },
    trace::{
        Attempt, Cause, Clock, Location, MOST_RECORDS, Outcome, Read, Span, SpanKind, StrategyId, Trace,
        Write,
    },
    units::{LaneId, LocationId, Ticks, Version},
};

/// How many records all lanes have noted. Lanes tell of theirs by the [`Records::PORTION`], so that they seldom
/// meet at one cache line.
#[derive(Debug, Default)]
pub(super) struct Records(AtomicU64);

impl Records {
    /// As many a lane notes before it tells of them.
    pub(super) const PORTION: u32 = if cfg!(shuttle) { 1 } else { 1 << 14 };

    /// Relaxed, here and below: the count carries nothing with it, it only has to arrive soon.
    pub(super) fn add(&self, more: u32) {
        self.0.fetch_add(more.into(), Ordering::Relaxed);
    }

    /// Whether there are more than a trace may hold: then nothing more is noted, and the run ends.
    pub(super) fn are_too_many(&self) -> bool {
        self.0.load(Ordering::Relaxed) > MOST_RECORDS as u64
    }
}

/// What spoiled an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spoiler {
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

/// What one lane noted. Only its lane writes to it.
#[derive(Debug, Default)]
pub(super) struct LaneNotes {
    pub(super) attempts: Vec<AttemptNote>,
    /// All attempts' reads, one after the other: few large pieces of memory instead of many small.
    pub(super) reads: AccessLog<PackedVersion>,
    /// All attempts' writes; whether each adds to what is there.
    pub(super) writes: AccessLog<bool>,
    /// What spoiled attempts that did not hold, this lane's or another's.
    pub(super) spoilers: Vec<(Version, Spoiler)>,
    /// Everything else: start, end, what.
    pub(super) spans: Vec<(u64, u64, SpanKind)>,
}

/// One trace from all lanes' notes, in lane order.
///
/// `start` and `end` are the run's. What a lane did not note between its pieces was scheduling;
/// what comes after its last piece is idleness. So every lane's pieces add up to the duration.
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
            // A lane that woke up early, or a clock that is not quite the same on every thread,
            // must not put pieces before the start, after the end or over each other.
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

    // Locations in ascending order, so that equal runs have equal traces whatever the order in
    // which lanes met them.
    let mut ids = Numbering::new(addresses.len(), slots);
    let mut spoilers: HashMap<Version, Spoiler> = HashMap::default();
    for notes in &lanes {
        for (place, _) in notes.reads.items() {
            *ids.of(*place, &notes.reads) = 0;
        }
        for (place, _) in notes.writes.items() {
            *ids.of(*place, &notes.writes) = 0;
        }
        for (version, spoiler) in &notes.spoilers {
            *ids.of_key(spoiler.key) = 0;
            spoilers.insert(*version, *spoiler);
        }
    }
    let mut places: Vec<(Location, &mut u32)> =
        ids.met().map(|(key, id)| (key.location(addresses[key.account.index()]), id)).collect();
    places.sort_unstable_by_key(|(location, _)| *location);
    trace.locations.reserve_exact(places.len());
    for (i, (location, id)) in places.into_iter().enumerate() {
        *id = i as u32;
        trace.locations.push(location);
    }
    trace.reads.reserve_exact(lanes.iter().map(|notes| notes.reads.len() as usize).sum());
    trace.writes.reserve_exact(lanes.iter().map(|notes| notes.writes.len() as usize).sum());
    for (lane, time, note) in attempts {
        let notes = &lanes[lane.0 as usize];
        let range = |range: &Range<u32>| range.start as usize..range.end as usize;
        let reads = trace.reads.len() as u32;
        for (place, from) in &notes.reads.items()[range(&note.reads)] {
            let location = LocationId(*ids.of(*place, &notes.reads));
            trace.reads.push(Read { location, from: (*from).into(), is_sum: from.is_sum() });
        }
        let writes = trace.writes.len() as u32;
        for (place, increment) in &notes.writes.items()[range(&note.writes)] {
            let location = LocationId(*ids.of(*place, &notes.writes));
            trace.writes.push(Write { location, increment: *increment });
        }
        // The EVM gives them in the order of a hash map.
        trace.writes[writes as usize..].sort_unstable_by_key(|write| write.location);
        let cause = match note.outcome {
            Outcome::Committed => None,
            Outcome::Aborted | Outcome::Blocked => spoilers.get(&note.version).map(|spoiler| Cause {
                location: LocationId(*ids.of_key(spoiler.key)),
                writer: spoiler.writer,
            }),
        };
        trace.attempts.push(Attempt {
            version: note.version,
            lane,
            start: Ticks(time.start - start),
            end: Ticks(time.end - start),
            outcome: note.outcome,
            gas: note.gas,
            reads: reads..trace.reads.len() as u32,
            writes: writes..trace.writes.len() as u32,
            cause,
        });
    }
    trace
}

//! What a lane writes down while it runs, and how lanes' notes become one trace.

use std::ops::Range;

use alloy_primitives::{Address, map::HashMap};

use crate::{
    schedule::Key,
    trace::{Attempt, Cause, Clock, Location, Outcome, Read, Span, SpanKind, StrategyId, Trace, Write},
    units::{LaneId, LocationId, Ticks, Version},
};

/// One read: what, and whose value was seen; `None`: the state before the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) key: Key,
    pub(super) from: Option<Version>,
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
    pub(super) reads: Range<usize>,
    /// Its part of the lane's writes.
    pub(super) writes: Range<usize>,
    pub(super) spoiler: Option<Spoiler>,
}

/// What one lane noted. Only its lane writes to it.
#[derive(Debug, Default)]
pub(super) struct LaneNotes {
    pub(super) attempts: Vec<AttemptNote>,
    /// All attempts' reads, one after the other: few large pieces of memory instead of many small.
    pub(super) reads: Vec<Seen>,
    /// All attempts' writes; whether each adds to what is there.
    pub(super) writes: Vec<(Key, bool)>,
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
    let mut ids: HashMap<Key, LocationId> = HashMap::default();
    for notes in &lanes {
        let keys = notes.reads.iter().map(|seen| seen.key);
        let keys = keys.chain(notes.writes.iter().map(|(key, _)| *key));
        let spoilers = notes.attempts.iter().filter_map(|note| note.spoiler);
        for key in keys.chain(spoilers.map(|spoiler| spoiler.key)) {
            ids.entry(key).or_insert(LocationId(0));
        }
    }
    let mut places: Vec<(Location, &mut LocationId)> = Vec::with_capacity(ids.len());
    places.extend(ids.iter_mut().map(|(key, id)| (key.location(addresses[key.account.index()]), id)));
    places.sort_unstable_by_key(|(location, _)| *location);
    for (i, (location, id)) in places.into_iter().enumerate() {
        *id = LocationId(i as u32);
        trace.locations.push(location);
    }
    let id = |key: Key| ids[&key];
    for (lane, time, note) in attempts {
        let notes = &lanes[lane.0 as usize];
        let reads = trace.reads.len() as u32;
        let seen = &notes.reads[note.reads.clone()];
        trace.reads.extend(seen.iter().map(|seen| Read { location: id(seen.key), from: seen.from }));
        let writes = trace.writes.len() as u32;
        let written = &notes.writes[note.writes.clone()];
        trace.writes.extend(
            written.iter().map(|(key, increment)| Write { location: id(*key), increment: *increment }),
        );
        // The EVM gives them in the order of a hash map.
        trace.writes[writes as usize..].sort_unstable_by_key(|write| write.location);
        trace.attempts.push(Attempt {
            version: note.version,
            lane,
            start: Ticks(time.start - start),
            end: Ticks(time.end - start),
            outcome: note.outcome,
            gas: note.gas,
            reads: reads..trace.reads.len() as u32,
            writes: writes..trace.writes.len() as u32,
            cause: note.spoiler.map(|spoiler| Cause { location: id(spoiler.key), writer: spoiler.writer }),
        });
    }
    trace
}

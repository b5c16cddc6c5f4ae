//! The packed form of a trace: little-endian columns in one buffer, which the engine's worker
//! hands to the page without copying, and whose keccak-256 is the trace's hash.
//!
//! ```text
//! header     "EVML" · version u32 · strategy u8 · clock u8 · lanes u16 · transactions u32 ·
//!            duration u64 · attempts A u32 · spans S u32 · reads R u32 · writes W u32 · locations L u32
//! attempts   tx u32×A · incarnation u32×A · lane u16×A · outcome u8×A · start u64×A · end u64×A ·
//!            gas u64×A · number of reads u32×A · number of writes u32×A ·
//!            cause location u32×A (2³²−1: none) · cause tx u32×A · cause incarnation u32×A
//! spans      lane u16×S · kind u8×S · start u64×S · end u64×S · tx u32×S · incarnation u32×S
//! reads      location u32×R · from tx u32×R (2³²−1: before the block) ·
//!            from incarnation u32×R (its highest bit set: the read is a sum)
//! writes     location u32×W · increment u8×W
//! locations  kind u8×L · address 20 bytes×L · slot 32 bytes big-endian × number of storage locations
//! ```
//! The version is 2 where a read is a sum, else 1. Version 1 has no sums and is still read; a trace without sums keeps
//! the hash that it always had. Reads and writes are in the order of their attempts.
//!
//! Codes: strategy 0 sequential, 1 block-stm, 2 ordered-commit, 3 access-list, 4 perfect-access-list,
//! 5 block-access-list; clock 0 measured, 1 simulated; outcome 0 committed, 1 aborted, 2 blocked; span kind
//! 0 validating and valid, 1 validating and stale, 2 scheduling, 3 waiting, 4 committing, 5 idle; location 0 balance,
//! 1 nonce, 2 code, 3 storage, 4 existence.

use alloy_primitives::{Address, U256};
use thiserror::Error;

use super::{Attempt, Cause, Clock, Location, Outcome, Read, Span, SpanKind, Trace, Write};
use crate::units::{Incarnation, LaneId, LocationId, StrategyId, Ticks, TxIndex, Version};

/// The latest version of the packed form.
pub const PACK_VERSION: u32 = 2;
/// The version without sums.
const WITHOUT_SUMS: u32 = 1;
/// In a read's incarnation: the read is a sum.
const SUM: u32 = 1 << 31;
const MAGIC: [u8; 4] = *b"EVML";
/// In place of a transaction or location: there is none.
const NONE: u32 = u32::MAX;

/// Why a buffer is not a packed trace.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UnpackError {
    /// The first four bytes are not `EVML`.
    #[error("not a packed trace: the first bytes are not EVML")]
    Magic,
    /// Made by another version.
    #[error("packed trace of version {0}; this page reads versions up to {PACK_VERSION}")]
    Version(u32),
    /// The buffer ends early.
    #[error("packed trace is cut: its length is {len}, needed are {needed} (bytes)")]
    Short {
        /// Bytes there.
        len: usize,
        /// Bytes that the counts ask for.
        needed: usize,
    },
    /// A code or index without a meaning.
    #[error("packed trace: {what} {value} is out of range")]
    Range {
        /// What the value is.
        what: &'static str,
        /// The value.
        value: u64,
    },
}

/// Appends columns to a buffer.
struct Packer(Vec<u8>);

impl Packer {
    fn u8s(&mut self, values: impl Iterator<Item = u8>) {
        self.0.extend(values);
    }
    fn u16s(&mut self, values: impl Iterator<Item = u16>) {
        values.for_each(|v| self.0.extend_from_slice(&v.to_le_bytes()));
    }
    fn u32s(&mut self, values: impl Iterator<Item = u32>) {
        values.for_each(|v| self.0.extend_from_slice(&v.to_le_bytes()));
    }
    fn u64s(&mut self, values: impl Iterator<Item = u64>) {
        values.for_each(|v| self.0.extend_from_slice(&v.to_le_bytes()));
    }
}

/// Takes columns from a buffer, and checks that they are there.
struct Unpacker<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Unpacker<'a> {
    fn take(&mut self, count: usize, size: usize) -> Result<&'a [u8], UnpackError> {
        let needed = count.saturating_mul(size).saturating_add(self.at);
        let taken =
            self.bytes.get(self.at..needed).ok_or(UnpackError::Short { len: self.bytes.len(), needed })?;
        self.at = needed;
        Ok(taken)
    }
    fn u8s(&mut self, count: usize) -> Result<&'a [u8], UnpackError> {
        self.take(count, 1)
    }
    fn u16s(&mut self, count: usize) -> Result<Vec<u16>, UnpackError> {
        Ok(self.take(count, 2)?.as_chunks().0.iter().map(|c| u16::from_le_bytes(*c)).collect())
    }
    fn u32s(&mut self, count: usize) -> Result<Vec<u32>, UnpackError> {
        Ok(self.take(count, 4)?.as_chunks().0.iter().map(|c| u32::from_le_bytes(*c)).collect())
    }
    fn u64s(&mut self, count: usize) -> Result<Vec<u64>, UnpackError> {
        Ok(self.take(count, 8)?.as_chunks().0.iter().map(|c| u64::from_le_bytes(*c)).collect())
    }
}

fn span_code(kind: SpanKind) -> (u8, u32, u32) {
    match kind {
        SpanKind::Validating { version, valid } => (u8::from(!valid), version.tx.0, version.incarnation.0),
        SpanKind::Scheduling => (2, NONE, 0),
        SpanKind::Waiting => (3, NONE, 0),
        SpanKind::Committing => (4, NONE, 0),
        SpanKind::Idle => (5, NONE, 0),
    }
}

fn version(tx: u32, incarnation: u32) -> Version {
    Version { tx: TxIndex(tx), incarnation: Incarnation(incarnation) }
}

impl Trace {
    /// The packed form (module documentation). A pure function of the trace.
    pub fn pack(&self) -> Vec<u8> {
        let mut p = Packer(Vec::with_capacity(
            48 + self.attempts.len() * 55
                + self.spans.len() * 27
                + self.reads.len() * 12
                + self.writes.len() * 5,
        ));
        let attempts = || self.attempts.iter();
        p.0.extend_from_slice(&MAGIC);
        let has_sums = self.reads.iter().any(|read| read.is_sum);
        p.u32s([if has_sums { PACK_VERSION } else { WITHOUT_SUMS }].into_iter());
        p.u8s([self.strategy.number(), u8::from(self.clock == Clock::Simulated)].into_iter());
        p.u16s([self.lanes].into_iter());
        p.u32s([self.transactions].into_iter());
        p.u64s([self.duration.0].into_iter());
        let reads: usize = attempts().map(|a| a.reads.len()).sum();
        let writes: usize = attempts().map(|a| a.writes.len()).sum();
        p.u32s(
            [self.attempts.len(), self.spans.len(), reads, writes, self.locations.len()]
                .into_iter()
                .map(|n| n as u32),
        );

        p.u32s(attempts().map(|a| a.version.tx.0));
        p.u32s(attempts().map(|a| a.version.incarnation.0));
        p.u16s(attempts().map(|a| a.lane.0));
        p.u8s(attempts().map(|a| match a.outcome {
            Outcome::Committed => 0,
            Outcome::Aborted => 1,
            Outcome::Blocked => 2,
        }));
        p.u64s(attempts().map(|a| a.start.0));
        p.u64s(attempts().map(|a| a.end.0));
        p.u64s(attempts().map(|a| a.gas));
        p.u32s(attempts().map(|a| a.reads.len() as u32));
        p.u32s(attempts().map(|a| a.writes.len() as u32));
        p.u32s(attempts().map(|a| a.cause.map_or(NONE, |c| c.location.0)));
        p.u32s(attempts().map(|a| a.cause.map_or(NONE, |c| c.writer.tx.0)));
        p.u32s(attempts().map(|a| a.cause.map_or(0, |c| c.writer.incarnation.0)));

        let spans = || self.spans.iter();
        p.u16s(spans().map(|s| s.lane.0));
        p.u8s(spans().map(|s| span_code(s.kind).0));
        p.u64s(spans().map(|s| s.start.0));
        p.u64s(spans().map(|s| s.end.0));
        p.u32s(spans().map(|s| span_code(s.kind).1));
        p.u32s(spans().map(|s| span_code(s.kind).2));

        let reads = || attempts().flat_map(|a| self.reads_of(a));
        p.u32s(reads().map(|r| r.location.0));
        p.u32s(reads().map(|r| r.from.map_or(NONE, |v| v.tx.0)));
        let sum = |read: &Read| if read.is_sum { SUM } else { 0 };
        p.u32s(reads().map(|r| r.from.map_or(0, |v| v.incarnation.0 | sum(r))));
        let writes = || attempts().flat_map(|a| self.writes_of(a));
        p.u32s(writes().map(|w| w.location.0));
        p.u8s(writes().map(|w| u8::from(w.increment)));

        p.u8s(self.locations.iter().map(|l| match l {
            Location::Balance(_) => 0,
            Location::Nonce(_) => 1,
            Location::Code(_) => 2,
            Location::Storage(..) => 3,
            Location::Existence(_) => 4,
        }));
        for location in &self.locations {
            p.0.extend_from_slice(location.address().as_slice());
        }
        for location in &self.locations {
            if let Location::Storage(_, slot) = location {
                p.0.extend_from_slice(&slot.to_be_bytes::<32>());
            }
        }
        p.0
    }

    /// The trace in `bytes`. Every code and index is checked, so the result can be used without
    /// further care.
    ///
    /// # Errors
    /// [`UnpackError`] where the buffer is cut, of another version, or inconsistent.
    pub fn unpack(bytes: &[u8]) -> Result<Self, UnpackError> {
        let mut u = Unpacker { bytes, at: 0 };
        if u.take(4, 1)? != MAGIC {
            return Err(UnpackError::Magic);
        }
        let one = |values: Vec<u32>| values[0];
        let found = one(u.u32s(1)?);
        if !(WITHOUT_SUMS..=PACK_VERSION).contains(&found) {
            return Err(UnpackError::Version(found));
        }
        let sum = if found == WITHOUT_SUMS { 0 } else { SUM };
        let range = |what, value: u64| UnpackError::Range { what, value };
        let codes = u.u8s(2)?;
        let strategy = StrategyId::from_number(codes[0]).ok_or_else(|| range("strategy", codes[0].into()))?;
        let clock = match codes[1] {
            0 => Clock::Measured,
            1 => Clock::Simulated,
            code => return Err(range("clock", code.into())),
        };
        let lanes = u.u16s(1)?[0];
        let transactions = one(u.u32s(1)?);
        let duration = Ticks(u.u64s(1)?[0]);
        let counts = u.u32s(5)?;
        let [n_attempts, n_spans, n_reads, n_writes, n_locations] =
            [0, 1, 2, 3, 4].map(|i| counts[i] as usize);
        let location = |id: u32| {
            if (id as usize) < n_locations { Ok(LocationId(id)) } else { Err(range("location", id.into())) }
        };
        let lane = |id: u16| if id < lanes { Ok(LaneId(id)) } else { Err(range("lane", id.into())) };
        let tx = |id: u32| if id < transactions { Ok(id) } else { Err(range("transaction", id.into())) };

        let txs = u.u32s(n_attempts)?;
        let incarnations = u.u32s(n_attempts)?;
        let lane_ids = u.u16s(n_attempts)?;
        let outcomes = u.u8s(n_attempts)?;
        let starts = u.u64s(n_attempts)?;
        let ends = u.u64s(n_attempts)?;
        let gas = u.u64s(n_attempts)?;
        let reads_of = u.u32s(n_attempts)?;
        let writes_of = u.u32s(n_attempts)?;
        let cause_locations = u.u32s(n_attempts)?;
        let cause_txs = u.u32s(n_attempts)?;
        let cause_incarnations = u.u32s(n_attempts)?;
        let (mut read_end, mut write_end) = (0_u32, 0_u32);
        let mut attempts = Vec::with_capacity(n_attempts);
        for i in 0..n_attempts {
            let read_start = read_end;
            let write_start = write_end;
            read_end = read_end.checked_add(reads_of[i]).ok_or(range("reads", reads_of[i].into()))?;
            write_end = write_end.checked_add(writes_of[i]).ok_or(range("writes", writes_of[i].into()))?;
            attempts.push(Attempt {
                version: version(tx(txs[i])?, incarnations[i]),
                lane: lane(lane_ids[i])?,
                start: Ticks(starts[i]),
                end: Ticks(ends[i]),
                outcome: match outcomes[i] {
                    0 => Outcome::Committed,
                    1 => Outcome::Aborted,
                    2 => Outcome::Blocked,
                    code => return Err(range("outcome", code.into())),
                },
                gas: gas[i],
                reads: read_start..read_end,
                writes: write_start..write_end,
                cause: if cause_locations[i] == NONE {
                    None
                } else {
                    Some(Cause {
                        location: location(cause_locations[i])?,
                        writer: version(tx(cause_txs[i])?, cause_incarnations[i]),
                    })
                },
            });
        }
        if read_end as usize != n_reads {
            return Err(range("reads", read_end.into()));
        }
        if write_end as usize != n_writes {
            return Err(range("writes", write_end.into()));
        }

        let lane_ids = u.u16s(n_spans)?;
        let kinds = u.u8s(n_spans)?;
        let starts = u.u64s(n_spans)?;
        let ends = u.u64s(n_spans)?;
        let txs = u.u32s(n_spans)?;
        let incarnations = u.u32s(n_spans)?;
        let mut spans = Vec::with_capacity(n_spans);
        for i in 0..n_spans {
            spans.push(Span {
                lane: lane(lane_ids[i])?,
                start: Ticks(starts[i]),
                end: Ticks(ends[i]),
                kind: match kinds[i] {
                    code @ (0 | 1) => SpanKind::Validating {
                        version: version(tx(txs[i])?, incarnations[i]),
                        valid: code == 0,
                    },
                    2 => SpanKind::Scheduling,
                    3 => SpanKind::Waiting,
                    4 => SpanKind::Committing,
                    5 => SpanKind::Idle,
                    code => return Err(range("span kind", code.into())),
                },
            });
        }

        let ids = u.u32s(n_reads)?;
        let txs = u.u32s(n_reads)?;
        let incarnations = u.u32s(n_reads)?;
        let reads = (0..n_reads)
            .map(|i| {
                let is_sum = txs[i] != NONE && incarnations[i] & sum != 0;
                let from = match txs[i] {
                    NONE => None,
                    from => Some(version(tx(from)?, incarnations[i] & !sum)),
                };
                Ok(Read { location: location(ids[i])?, from, is_sum })
            })
            .collect::<Result<_, UnpackError>>()?;
        let ids = u.u32s(n_writes)?;
        let increments = u.u8s(n_writes)?;
        let writes = (0..n_writes)
            .map(|i| Ok(Write { location: location(ids[i])?, increment: increments[i] != 0 }))
            .collect::<Result<_, UnpackError>>()?;

        let kinds = u.u8s(n_locations)?;
        let addresses = u.take(n_locations, 20)?.as_chunks::<20>().0;
        let slots = u.take(kinds.iter().filter(|k| **k == 3).count(), 32)?.as_chunks::<32>().0;
        let mut slots = slots.iter().map(|s| U256::from_be_bytes(*s));
        let locations = kinds
            .iter()
            .zip(addresses)
            .map(|(kind, address)| {
                let address = Address::from(*address);
                Ok(match kind {
                    0 => Location::Balance(address),
                    1 => Location::Nonce(address),
                    2 => Location::Code(address),
                    3 => Location::Storage(address, slots.next().unwrap_or_default()),
                    4 => Location::Existence(address),
                    code => return Err(range("location kind", (*code).into())),
                })
            })
            .collect::<Result<_, UnpackError>>()?;
        Ok(Self { strategy, clock, lanes, transactions, duration, attempts, spans, reads, writes, locations })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Trace {
        let at = |tx, inc| version(tx, inc);
        let address = Address::repeat_byte(7);
        Trace {
            strategy: StrategyId::BLOCK_STM,
            clock: Clock::Measured,
            lanes: 2,
            transactions: 2,
            duration: Ticks(100),
            attempts: vec![
                Attempt {
                    version: at(0, 0),
                    lane: LaneId(0),
                    start: Ticks(0),
                    end: Ticks(40),
                    outcome: Outcome::Committed,
                    gas: 21_000,
                    reads: 0..1,
                    writes: 0..1,
                    cause: None,
                },
                Attempt {
                    version: at(1, 0),
                    lane: LaneId(1),
                    start: Ticks(0),
                    end: Ticks(50),
                    outcome: Outcome::Aborted,
                    gas: 21_000,
                    reads: 1..2,
                    writes: 1..1,
                    cause: Some(Cause { location: LocationId(1), writer: at(0, 0) }),
                },
            ],
            spans: vec![Span {
                lane: LaneId(1),
                start: Ticks(50),
                end: Ticks(60),
                kind: SpanKind::Validating { version: at(1, 0), valid: false },
            }],
            reads: vec![
                Read { location: LocationId(0), from: None, is_sum: false },
                Read { location: LocationId(1), from: Some(at(0, 0)), is_sum: false },
            ],
            writes: vec![Write { location: LocationId(1), increment: true }],
            locations: vec![Location::Balance(address), Location::Storage(address, U256::from(3))],
        }
    }

    #[test]
    fn unpacking_undoes_packing() {
        let trace = small();
        assert_eq!(Trace::unpack(&trace.pack()), Ok(trace));
    }

    #[test]
    fn only_a_trace_with_a_sum_is_of_version_2() {
        let mut trace = small();
        assert_eq!(trace.pack()[4], 1);
        trace.reads[1].is_sum = true;
        let packed = trace.pack();
        assert_eq!(packed[4], 2);
        assert_eq!(Trace::unpack(&packed), Ok(trace));
    }

    #[test]
    fn a_cut_trace_is_refused_at_every_length() {
        let packed = small().pack();
        for len in 0..packed.len() {
            assert!(Trace::unpack(&packed[..len]).is_err(), "{len} bytes were taken for a trace");
        }
    }

    #[test]
    fn a_damaged_trace_never_panics() {
        let packed = small().pack();
        for i in 0..packed.len() {
            for bit in 0..8 {
                let mut damaged = packed.clone();
                damaged[i] ^= 1 << bit;
                let _ = Trace::unpack(&damaged);
            }
        }
    }
}

//! The record of a run: plain data, written by the drivers, read by analysis and page.
//!
//! This module is vocabulary only. It names no strategy, and knows no EVM and no clock.
//!
//! ```text
//! Trace ─┬─ attempts    one per incarnation: lane, start, end, outcome, gas
//!        │    ├─ reads   range into Trace::reads   (location, version read)
//!        │    └─ writes  range into Trace::writes  (location)
//!        ├─ spans       all other time of a lane: validating, waiting, idle, …
//!        └─ locations   what the location ids stand for
//! ```
//! A lane's attempts and spans do not overlap and add up to the run's duration.

mod pack;

use std::ops::Range;

use alloy_primitives::{Address, U256};
use serde::{Deserialize, Serialize};

use crate::units::{Incarnation, LaneId, LocationId, StrategyId, Ticks, TxIndex, Version};

pub use pack::{PACK_VERSION, UnpackError};

/// How many records a recorded run may have: attempts, reads, writes and spans. More would neither fit into
/// the page's memory nor be of use there. A run with more is stopped with a message.
pub const MOST_RECORDS: usize = if cfg!(test) { 20_000 } else { 8_000_000 };

/// The source of a trace's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clock {
    /// Real threads and a real clock: ticks are nanoseconds.
    Measured,
    /// A stated cost model: ticks are its units.
    Simulated,
}

impl Clock {
    /// Both clocks, in the order in which the page offers them.
    pub const ALL: [Self; 2] = [Self::Measured, Self::Simulated];

    /// The name in links and documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Simulated => "simulated",
        }
    }

    /// The clock of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|clock| clock.name() == name)
    }
}

/// A part of the chain's state that a transaction reads or writes on its own.
///
/// Finer than an account on purpose: a contract call reads code and not balance, and a plain payment neither
/// reads nor fixes the balance that it adds to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Location {
    /// An account's balance, in wei.
    Balance(Address),
    /// An account's nonce.
    Nonce(Address),
    /// An account's code.
    Code(Address),
    /// One storage slot.
    Storage(Address, U256),
    /// Whether the account exists, and since which creation or destruction.
    Existence(Address),
}

impl Location {
    /// The account that the location belongs to.
    pub fn address(&self) -> Address {
        match *self {
            Self::Balance(a) | Self::Nonce(a) | Self::Code(a) | Self::Storage(a, _) | Self::Existence(a) => a,
        }
    }
}

/// The record of a whole run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The strategy that ran.
    pub strategy: StrategyId,
    /// The unit of its ticks.
    pub clock: Clock,
    /// Number of lanes.
    pub lanes: u16,
    /// Number of transactions.
    pub transactions: u32,
    /// From the common start of all lanes to the end of the last one.
    pub duration: Ticks,
    /// One record per incarnation, sorted by (start, lane).
    pub attempts: Vec<Attempt>,
    /// The rest of each lane's time, sorted by (start, lane).
    pub spans: Vec<Span>,
    /// Reads of all attempts; each attempt has a range of them.
    pub reads: Vec<Read>,
    /// Writes of all attempts; each attempt has a range of them.
    pub writes: Vec<Write>,
    /// What the location ids stand for.
    pub locations: Vec<Location>,
}

/// One incarnation of one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Transaction and incarnation.
    pub version: Version,
    /// The lane that ran it.
    pub lane: LaneId,
    /// The start of the execution.
    pub start: Ticks,
    /// The end of the execution.
    pub end: Ticks,
    /// How it ended.
    pub outcome: Outcome,
    /// Gas used; 0 for a blocked attempt.
    pub gas: u64,
    /// Indices into [`Trace::reads`].
    pub reads: Range<u32>,
    /// Indices into [`Trace::writes`].
    pub writes: Range<u32>,
    /// Why it did not commit; `None` for a committed attempt.
    pub cause: Option<Cause>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Its result is the transaction's result.
    Committed,
    /// It ran to its end, and a validation found its read set stale.
    Aborted,
    /// It stopped half-way at an estimate: an entry whose writer was about to run again.
    Blocked,
}

/// The reason why an attempt failed: a location, and the writer that its read set does not hold against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cause {
    /// The location that it had read, or met an estimate at.
    pub location: LocationId,
    /// The version whose write, or withdrawn write, changed the location.
    pub writer: Version,
}

/// A lane's time outside the EVM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The lane.
    pub lane: LaneId,
    /// Its start.
    pub start: Ticks,
    /// Its end.
    pub end: Ticks,
    /// What the lane did.
    pub kind: SpanKind,
}

/// Kinds of time outside the EVM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpanKind {
    /// Reading an attempt's read set again.
    Validating {
        /// The attempt.
        version: Version,
        /// Whether the read set holds.
        valid: bool,
    },
    /// Recording an attempt's writes and choosing the next task.
    Scheduling,
    /// No task yet: other lanes hold those that remain.
    Waiting,
    /// Settling the state after the block.
    Committing,
    /// After the lane's last task.
    Idle,
}

/// One read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Read {
    /// The location.
    pub location: LocationId,
    /// The version whose value was read; `None` for the state before the block.
    pub from: Option<Version>,
    /// Whether the value is a balance that several transactions wrote parts of. `from` is the last of them:
    /// every increment before it counts, too, back to the transaction that last set the balance, if there is
    /// one. [`Trace::summands`] names them.
    pub is_sum: bool,
}

/// One write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    /// The location.
    pub location: LocationId,
    /// Whether it adds to the value that is there (a fee, a plain payment), without reading it.
    pub increment: bool,
}

impl Trace {
    /// An attempt's reads.
    pub fn reads_of(&self, attempt: &Attempt) -> &[Read] {
        &self.reads[attempt.reads.start as usize..attempt.reads.end as usize]
    }

    /// An attempt's writes.
    pub fn writes_of(&self, attempt: &Attempt) -> &[Write] {
        &self.writes[attempt.writes.start as usize..attempt.writes.end as usize]
    }

    /// For each transaction, in order, the index of its committed attempt. `None` for a transaction without
    /// one, in a run that was cancelled.
    pub fn committed(&self) -> Vec<Option<u32>> {
        let mut committed = vec![None; self.transactions as usize];
        for (i, attempt) in self.attempts.iter().enumerate() {
            if attempt.outcome == Outcome::Committed
                && let Some(slot) = committed.get_mut(attempt.version.tx.index())
            {
                *slot = Some(i as u32);
            }
        }
        committed
    }

    /// The transactions whose committed writes a read adds up, ascending: for a sum all of them, else the one
    /// whose value was read. Takes a pass over all writes.
    pub fn summands(&self, read: &Read) -> Vec<TxIndex> {
        let Some(Version { tx: last, .. }) = read.from else { return Vec::new() };
        if !read.is_sum {
            return vec![last];
        }
        let mut summands = Vec::new();
        for attempt in self.committed().into_iter().flatten().filter_map(|i| self.attempts.get(i as usize)) {
            let tx = attempt.version.tx;
            let write = self.writes_of(attempt).iter().find(|write| write.location == read.location);
            match write {
                Some(write) if tx <= last => {
                    if !write.increment {
                        summands.clear();
                    }
                    summands.push(tx);
                }
                _ => {}
            }
        }
        summands
    }

    /// The attempt of that version.
    pub fn attempt(&self, tx: TxIndex, incarnation: Incarnation) -> Option<&Attempt> {
        self.attempts.iter().find(|a| a.version == Version { tx, incarnation })
    }
}

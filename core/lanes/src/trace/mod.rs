//! What happened in a run: plain records, filled by the drivers, read by analysis and page.
//!
//! This room is vocabulary only. It knows no scheduler by name, no EVM and no clock.
//!
//! ```text
//! Trace ─┬─ attempts    one per incarnation: lane, start, end, outcome, gas
//!        │    ├─ reads   range into Trace::reads   (location, version seen)
//!        │    └─ writes  range into Trace::writes  (location)
//!        ├─ spans       every other piece of a lane's time: validating, waiting, idle, …
//!        └─ locations   what the location ids stand for
//! ```
//! A lane's attempts and spans do not overlap and add up to the run's duration.

mod pack;

use std::ops::Range;

use alloy_primitives::{Address, U256};
use serde::{Deserialize, Serialize};

use crate::units::{Incarnation, LaneId, LocationId, Ticks, TxIndex, Version};

pub use pack::{PACK_VERSION, UnpackError};

/// How many records a recorded run may have: attempts, reads, writes and spans. More would neither fit into the
/// page's memory nor be of use there; a run that comes to more is stopped with a message.
pub const MOST_RECORDS: usize = if cfg!(test) { 20_000 } else { 8_000_000 };

/// A strategy, by the name that links and attributes use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StrategyId {
    /// One transaction after the other, in block order: the oracle.
    Sequential,
    /// Optimistic execution with multi-version memory (Gelashvili et al., PPoPP 2023, arXiv 2203.06871).
    BlockStm,
    /// Optimistic execution on committed state, commits in block order (the scheme that Monad documents).
    OrderedCommit,
    /// Whoever declares access to the same storage waits (EIP-2930); what is not declared is validated as
    /// in Block-STM.
    AccessList,
    /// The same with perfect knowledge: everyone waits for exactly those whose writes it will read. A bound.
    PerfectAccessList,
    /// Everything at once, on what the block's access list foretells (EIP-7928).
    BlockAccessList,
}

impl StrategyId {
    /// Every strategy, in the order in which the page offers them.
    pub const ALL: [Self; 6] = [
        Self::BlockStm,
        Self::OrderedCommit,
        Self::AccessList,
        Self::PerfectAccessList,
        Self::BlockAccessList,
        Self::Sequential,
    ];

    /// The name in links and attributes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::BlockStm => "block-stm",
            Self::OrderedCommit => "ordered-commit",
            Self::AccessList => "access-list",
            Self::PerfectAccessList => "perfect-access-list",
            Self::BlockAccessList => "block-access-list",
        }
    }

    /// The strategy of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|id| id.name() == name)
    }
}

/// Where a trace's times come from.
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

/// A piece of the chain's state that a transaction reads or writes on its own.
///
/// Finer than an account on purpose: a contract call reads code and not balance, and a plain
/// payment neither reads nor fixes the balance it adds to.
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
    /// Whether the account exists, and which life of it: created, destroyed, storage cleared.
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

/// A whole run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Who scheduled.
    pub strategy: StrategyId,
    /// What the ticks are.
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
    /// Reads of all attempts; an attempt holds a range.
    pub reads: Vec<Read>,
    /// Writes of all attempts; an attempt holds a range.
    pub writes: Vec<Write>,
    /// What the location ids stand for.
    pub locations: Vec<Location>,
}

/// One incarnation of one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Transaction and incarnation.
    pub version: Version,
    /// Where it ran.
    pub lane: LaneId,
    /// When execution began.
    pub start: Ticks,
    /// When execution ended.
    pub end: Ticks,
    /// How it ended.
    pub outcome: Outcome,
    /// Gas used; for a blocked attempt 0.
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
    /// It ran to its end, and a later validation found a read stale.
    Aborted,
    /// It stopped half-way at an estimate: a value whose writer was about to run again.
    Blocked,
}

/// The location and the transaction that spoiled an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cause {
    /// The location that had been read.
    pub location: LocationId,
    /// Whose write (or withdrawn write) changed it.
    pub writer: Version,
}

/// What a lane did outside the EVM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where.
    pub lane: LaneId,
    /// When it began.
    pub start: Ticks,
    /// When it ended.
    pub end: Ticks,
    /// What it was.
    pub kind: SpanKind,
}

/// Kinds of time outside the EVM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpanKind {
    /// Comparing an attempt's reads with what they would be now.
    Validating {
        /// The attempt.
        version: Version,
        /// Whether it still holds.
        valid: bool,
    },
    /// Recording an attempt's writes and choosing the next task.
    Scheduling,
    /// Nothing to do yet: other lanes hold what remains.
    Waiting,
    /// Folding results into the block's state.
    Committing,
    /// After the lane's last task.
    Idle,
}

/// One read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Read {
    /// What was read.
    pub location: LocationId,
    /// Whose value was seen; `None`: the state before the block.
    pub from: Option<Version>,
    /// The value is a balance that several transactions wrote parts of, `from` the last of them: every increment
    /// before it counts, too, back to the transaction that last set the balance, if one did.
    /// [`Trace::summands`] names them.
    pub is_sum: bool,
}

/// One write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    /// What was written.
    pub location: LocationId,
    /// Added to whatever is there (a fee, a plain payment), without reading it.
    pub increment: bool,
}

impl Trace {
    /// The reads of `attempt`.
    pub fn reads_of(&self, attempt: &Attempt) -> &[Read] {
        &self.reads[attempt.reads.start as usize..attempt.reads.end as usize]
    }

    /// The writes of `attempt`.
    pub fn writes_of(&self, attempt: &Attempt) -> &[Write] {
        &self.writes[attempt.writes.start as usize..attempt.writes.end as usize]
    }

    /// For each transaction, in order, the index of its committed attempt.
    /// A transaction without one (a run that was cancelled) is `None`.
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
    /// whose value it saw. Takes a pass over all writes.
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

//! Predictions from an earlier sequential run of a block: whether a parallel run is likely to be faster, and
//! which transactions should start first.

use serde::{Deserialize, Serialize};

use super::graph::{self, Graph};
use crate::{
    model::Cost,
    strategies::StrategyId,
    trace::Trace,
    units::{Ticks, TxIndex},
};

/// The least predicted speed-up for which a parallel run is chosen. The margin allows for aborts, which are not
/// predicted.
pub const WORTH: f64 = 1.15;

/// The costs of a parallel run beside the transactions themselves, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// On threads: 80 µs until lanes have woken up and ended together, and 0.7 µs for each transaction's
    /// turns at the scheduler and its validation.
    Threads,
    /// On simulated lanes: two turns and a validation for each transaction, at the cost model's prices.
    Model(Cost),
}

impl Keeping {
    /// The cost of the lanes as such, and the cost for all transactions of `sequential`.
    fn of(self, sequential: &Trace) -> (u64, u64) {
        match self {
            Self::Threads => (80_000, 700 * u64::from(sequential.transactions)),
            Self::Model(cost) => {
                let each = |reads: usize| 2 * cost.turn() + cost.validation(reads);
                (0, sequential.attempts.iter().map(|attempt| each(attempt.reads.len())).sum())
            }
        }
    }
}

/// The strategy that was chosen for a block, and the figures of that choice. Times are ticks of the
/// sequential run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// Block-STM or sequential.
    pub strategy: StrategyId,
    /// The number of lanes that it was chosen for.
    pub lanes: u16,
    /// The time of all transactions, one after the other.
    pub total: Ticks,
    /// The time of the longest chain of dependencies.
    pub chain: Ticks,
    /// Number of transactions in that chain.
    pub links: u32,
    /// The cost of the lanes as such.
    pub start: Ticks,
    /// The cost for all transactions, shared by the lanes.
    pub keeping: Ticks,
}

impl Chosen {
    /// Whether the longest chain takes longer than a lane's share of the work.
    pub fn chain_decides(&self) -> bool {
        self.chain >= self.share()
    }

    /// How many times as fast as sequential execution the lanes could be at best.
    pub fn gain(&self) -> f64 {
        let parallel = self.chain.max(self.share()) + self.start;
        self.total.over(parallel.max(Ticks(1)))
    }

    /// A lane's share of the work.
    fn share(&self) -> Ticks {
        Ticks((self.total + self.keeping).0 / u64::from(self.lanes.max(1)))
    }
}

/// The strategy for a block on this many threads, as [`weigh`] chooses it.
pub fn choose(sequential: &Trace, lanes: u16) -> StrategyId {
    weigh(sequential, &times(sequential), lanes, Keeping::Threads).strategy
}

/// Chooses the strategy for a block on this many lanes: Block-STM, or sequential if Block-STM cannot be faster.
/// That is so with one lane, with a block that is one chain or one long transaction, and with a block
/// that is over before the lanes are awake.
///
/// `sequential` is the trace of an earlier sequential run of the same block; its dependencies predict those
/// of the next run. `time` holds each transaction's time in such runs; a missing entry counts as 0.
pub fn weigh(sequential: &Trace, time: &[Ticks], lanes: u16, keeping: Keeping) -> Chosen {
    let time = super::weights(sequential, time);
    let path = graph::longest_path(&Graph::of(sequential), &time);
    let (start, keeping) = keeping.of(sequential);
    let mut chosen = Chosen {
        strategy: StrategyId::SEQUENTIAL,
        lanes,
        total: Ticks(time.iter().sum()),
        chain: Ticks(path.length),
        links: path.transactions.len() as u32,
        start: Ticks(start),
        keeping: Ticks(keeping),
    };
    if lanes > 1 && chosen.gain() >= WORTH {
        chosen.strategy = StrategyId::BLOCK_STM;
    }
    chosen
}

/// Transactions that should start before others on this many lanes: long ones, and those that long ones wait
/// for. So no lane still runs a long one after all others have ended. In block order.
pub fn long_first(sequential: &Trace, lanes: u16) -> Vec<TxIndex> {
    let time: Vec<u64> = super::weights(sequential, &times(sequential));
    let total: u64 = time.iter().sum();
    // The longest chain of later transactions that depend on each transaction, itself included.
    let mut ahead = time.clone();
    Graph::of(sequential).visit_backwards(&mut ahead, |ahead, writer, farthest| {
        let own = time[writer.index()];
        let ahead = &mut ahead[writer.index()];
        *ahead = (own + farthest).max(*ahead);
    });
    // A lane's share is total / lanes. Half of that at the end of the block is too much.
    let long = total / (2 * u64::from(lanes.max(1)));
    let first: Vec<TxIndex> =
        (0..ahead.len()).filter(|tx| long > 0 && ahead[*tx] >= long).map(|tx| TxIndex(tx as u32)).collect();
    // If they are a large part of the block, block order is as good.
    if first.len() * 4 > time.len() { Vec::new() } else { first }
}

/// The time of each transaction.
fn times(sequential: &Trace) -> Vec<Ticks> {
    let mut time = vec![Ticks(0); sequential.transactions as usize];
    for attempt in &sequential.attempts {
        if let Some(time) = time.get_mut(attempt.version.tx.index()) {
            *time = attempt.end.since(attempt.start);
        }
    }
    time
}

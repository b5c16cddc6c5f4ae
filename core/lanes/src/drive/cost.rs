//! The costs of simulated runs: see [`crate::model`].

use crate::{
    model::{Cost, CostModel, TRANSACTION},
    units::TxIndex,
    vm::Spent,
};

/// The costs of one simulated run.
#[derive(Clone, Copy)]
pub(super) struct Costs<'a> {
    cost: Cost,
    /// For [`Cost::Measured`]: each transaction's time in sequential runs, in nanoseconds, and its gas.
    measured: &'a [(u64, u64)],
}

impl<'a> Costs<'a> {
    pub(super) fn new(model: CostModel, measured: &'a [(u64, u64)]) -> Self {
        Self { cost: model.cost, measured }
    }

    /// Whether instructions must be weighed while they run.
    pub(super) fn weighs(self) -> bool {
        self.cost == Cost::Opcodes
    }

    /// The cost of an execution, complete or not.
    pub(super) fn execution(self, tx: TxIndex, spent: Spent) -> u64 {
        let ticks = match self.cost {
            Cost::Gas => spent.gas,
            Cost::Opcodes => spent.nanos.saturating_add(TRANSACTION),
            Cost::Measured => {
                let (time, gas) = self.measured.get(tx.index()).copied().unwrap_or_default();
                // An attempt that took another path, or stopped on the way, takes its share by gas.
                match u128::from(gas) {
                    0 => time,
                    gas => (u128::from(time) * u128::from(spent.gas) / gas).min(u128::from(u32::MAX)) as u64,
                }
            }
        };
        ticks.max(self.cost.least())
    }

    pub(super) fn validation(self, reads: usize) -> u64 {
        self.cost.validation(reads)
    }

    pub(super) fn turn(self) -> u64 {
        self.cost.turn()
    }
}

/// The random draws of one simulated run.
pub(super) struct Chance {
    /// The state of SplitMix64; `None` for seed 0, with which nothing is drawn.
    state: Option<u64>,
}

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: (seed != 0).then_some(seed) }
    }

    fn draw(&mut self) -> Option<u64> {
        let state = self.state.as_mut()?;
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Some(z ^ (z >> 31))
    }

    /// The duration of a piece of work with this cost.
    pub(super) fn duration(&mut self, cost: u64) -> u64 {
        let Some(drawn) = self.draw() else { return cost };
        // In 1024ths of the cost.
        let more = if drawn >> 60 == 0 { drawn & 0xfff } else { drawn & 0x1ff };
        let more = u128::from(cost) * u128::from(more.min(3 * 1024)) / 1024;
        cost.saturating_add(more as u64)
    }

    /// The rank of a lane among those whose events come at the same moment; the lowest goes first.
    pub(super) fn rank(&mut self) -> u64 {
        self.draw().unwrap_or(0)
    }

    /// An index below `count`.
    pub(super) fn one_of(&mut self, count: usize) -> usize {
        self.draw().map_or(0, |drawn| (drawn % count.max(1) as u64) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_piece_of_work_takes_less_than_it_costs() {
        let mut undisturbed = Chance::new(0);
        assert_eq!([1, 500, u64::MAX].map(|cost| undisturbed.duration(cost)), [1, 500, u64::MAX]);
        let mut chance = Chance::new(7);
        let durations: Vec<u64> = (0..10_000).map(|_| chance.duration(1_000)).collect();
        assert!(durations.iter().all(|duration| (1_000..=4_000).contains(duration)));
        let held_up = durations.iter().filter(|duration| **duration > 1_500).count();
        assert!((200..1_000).contains(&held_up), "{held_up} of 10,000 are held up");
    }

    #[test]
    fn an_attempt_that_took_another_path_costs_its_share_by_gas() {
        let model = CostModel { cost: Cost::Measured, seed: 0 };
        let costs = Costs::new(model, &[(4_000, 100), (9_000, 0)]);
        let execution = |tx, gas| costs.execution(TxIndex(tx), Spent { gas, nanos: 0 });
        assert_eq!([execution(0, 100), execution(0, 50), execution(1, 7)], [4_000, 2_000, 9_000]);
        assert_eq!(execution(2, 7), Cost::Measured.least(), "of which nothing is known");
    }
}

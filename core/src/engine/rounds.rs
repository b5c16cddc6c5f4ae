//! How often a block is run, and which of the runs is shown (docs/decisions/0005).

/// Warm-up and measured rounds of one request. A round is one sequential and one parallel run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rounds {
    pub(super) warm_ups: u32,
    pub(super) measured: u32,
}

/// What a request may spend on rounds, in nanoseconds.
const BUDGET: u64 = 1_000_000_000;
/// What of it may go into warming up, in nanoseconds. A browser's optimising compiler works beside
/// the first runs, on the very cores that the lanes need: small blocks need time more than runs.
const WARMING: u64 = 300_000_000;
const MOST_WARM_UPS: u64 = 100;
/// Where the budget allows: what a block of plain payments needs.
const FEWEST_WARM_UPS: u64 = 8;
const MOST_MEASURED: u64 = 9;

impl Rounds {
    /// The plan for a block whose first sequential run took `first` nanoseconds. Measured rounds
    /// are odd in number, so that the median is one of them.
    pub(super) fn for_first_run(first: u64) -> Self {
        // A parallel run takes about as long as a sequential one at worst.
        let affordable = BUDGET / first.saturating_mul(2).max(1);
        let measured = (affordable / 2).clamp(1, MOST_MEASURED);
        let measured = measured - (measured + 1) % 2;
        let warm_ups = affordable
            .saturating_sub(measured)
            .min((WARMING / first.saturating_mul(2).max(1)).max(FEWEST_WARM_UPS))
            .clamp(1, MOST_WARM_UPS);
        Self { warm_ups: warm_ups as u32, measured: measured as u32 }
    }

    #[cfg(test)]
    pub(super) fn total(self) -> u32 {
        self.warm_ups + self.measured
    }
}

/// The index of the median of `times`; of an even number the lower one. `None` for none.
pub(super) fn median_index(times: &[u64]) -> Option<usize> {
    let mut order: Vec<usize> = (0..times.len()).collect();
    order.sort_by_key(|i| times[*i]);
    order.get(times.len().saturating_sub(1) / 2).copied()
}

/// The median of `times`; 0 for none.
pub(super) fn median(times: &[u64]) -> u64 {
    median_index(times).map_or(0, |i| times[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_blocks_get_every_round() {
        assert_eq!(Rounds::for_first_run(1_000_000), Rounds { warm_ups: 100, measured: 9 });
        assert_eq!(Rounds::for_first_run(0), Rounds { warm_ups: 100, measured: 9 });
        assert_eq!(Rounds::for_first_run(25_000_000), Rounds { warm_ups: 8, measured: 9 });
    }

    #[test]
    fn a_block_that_fills_the_budget_gets_one_of_each() {
        assert_eq!(Rounds::for_first_run(5_000_000_000), Rounds { warm_ups: 1, measured: 1 });
        assert_eq!(Rounds::for_first_run(u64::MAX), Rounds { warm_ups: 1, measured: 1 });
    }

    #[test]
    fn measured_rounds_are_odd_and_fit_the_budget() {
        for first in (1..2_000).map(|ms| ms * 1_000_000) {
            let rounds = Rounds::for_first_run(first);
            assert_eq!(rounds.measured % 2, 1);
            let spent = u64::from(rounds.total()) * 2 * first;
            assert!(spent <= BUDGET || rounds.total() == 2, "{first}: {rounds:?}");
        }
    }

    #[test]
    fn the_median_is_one_of_the_runs() {
        assert_eq!(median_index(&[30, 10, 20]), Some(2));
        assert_eq!(median(&[4, 1, 3, 2]), 2);
        assert_eq!(median(&[]), 0);
    }
}

//! The figures of many rounds: which of them count, medians and ratios. Nothing is measured here. Times are in
//! nanoseconds.

/// The least number of rounds on two cores for a figure of two lanes.
pub(super) const FEWEST: usize = 5;

/// One round: each run once, shortly after each other.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Round {
    /// The lean loop on stock revm.
    pub(super) lean: Option<f64>,
    /// What it needs to have done before.
    pub(super) lean_preparing: Option<f64>,
    /// The whole call on two lanes, and the part of it before the run.
    pub(super) whole: Option<f64>,
    pub(super) preparing: Option<f64>,
    /// The sequential strategy.
    pub(super) sequential: f64,
    /// Block-STM on one lane.
    pub(super) one: Option<f64>,
    /// Block-STM on two lanes, and the same without a record.
    pub(super) two: f64,
    pub(super) unrecorded: Option<f64>,
    /// Whether a probe before or after the runs on two lanes found that the two cores are one.
    pub(super) shared: bool,
}

/// All rounds of one block. Figures of one lane use all of them; figures of two lanes use those in which the cores were
/// two, if these are enough.
#[derive(Clone, Debug, Default)]
pub(super) struct Rounds(Vec<Round>);

impl Rounds {
    pub(super) fn push(&mut self, round: Round) {
        self.0.push(round);
    }

    /// The number of all rounds.
    pub(super) fn made(&self) -> usize {
        self.0.len()
    }

    /// The number of rounds in which the cores were two.
    pub(super) fn clear(&self) -> usize {
        self.0.iter().filter(|round| !round.shared).count()
    }

    /// Whether these rounds are enough to be used alone.
    pub(super) fn enough(&self) -> bool {
        self.clear() >= FEWEST
    }

    /// The rounds that figures of two lanes use.
    pub(super) fn counted(&self) -> impl Iterator<Item = &Round> {
        let all = !self.enough();
        self.0.iter().filter(move |round| all || !round.shared)
    }

    pub(super) fn sequential(&self) -> f64 {
        median_of(self.0.iter().map(|round| Some(round.sequential)))
    }

    pub(super) fn lean(&self) -> f64 {
        median_of(self.0.iter().map(|round| round.lean))
    }

    /// The lean loop's time divided by the sequential time.
    pub(super) fn lean_to_sequential(&self) -> f64 {
        median_of(self.0.iter().map(|round| Some(round.lean? / round.sequential)))
    }

    /// The lean loop's time divided by that of a whole call on two lanes.
    pub(super) fn lean_to_whole(&self) -> f64 {
        median_of(self.counted().map(|round| Some(round.lean? / round.whole?)))
    }

    /// The same with the lean loop's own preparation counted, too.
    pub(super) fn lean_whole_to_whole(&self) -> f64 {
        median_of(self.counted().map(|round| Some((round.lean? + round.lean_preparing?) / round.whole?)))
    }

    /// Preparation as a share of the sequential time.
    pub(super) fn preparation(&self) -> f64 {
        median_of(self.0.iter().map(|round| Some(round.preparing? / round.sequential)))
    }

    /// Speed-up on one lane.
    pub(super) fn speed_up_one(&self) -> f64 {
        median_of(self.0.iter().map(|round| Some(round.sequential / round.one?)))
    }

    /// Speed-up on two lanes.
    pub(super) fn speed_up_two(&self) -> f64 {
        median_of(self.counted().map(|round| Some(round.sequential / round.two)))
    }

    /// The same for all rounds, also those in which the cores were one.
    pub(super) fn speed_up_two_of_all(&self) -> f64 {
        median_of(self.0.iter().map(|round| Some(round.sequential / round.two)))
    }

    /// The time that recording adds to a run on two lanes, as a share of it.
    pub(super) fn overhead(&self) -> f64 {
        median_of(self.counted().map(|round| Some(round.two / round.unrecorded? - 1.0)))
    }

    /// These rounds' time on two lanes divided by that of `others`, which alternated with them.
    pub(super) fn two_against(&self, others: &Self) -> f64 {
        median_of(self.counted().zip(others.counted()).map(|(this, other)| Some(this.two / other.two)))
    }
}

/// The median of `values`; for an even number the mean of the middle two; NaN if there are none.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (sorted.len().saturating_sub(1) / 2, sorted.len() / 2);
    match (sorted.get(low), sorted.get(high)) {
        (Some(low), Some(high)) => f64::midpoint(*low, *high),
        _ => f64::NAN,
    }
}

/// The median of the values that are not `None`.
pub(super) fn median_of(values: impl Iterator<Item = Option<f64>>) -> f64 {
    median(&values.flatten().collect::<Vec<_>>())
}

/// The time for the work at the mean of the speeds of these times.
pub(super) fn harmonic_mean(times: &[f64]) -> f64 {
    times.len() as f64 / times.iter().map(|time| time.recip()).sum::<f64>()
}

/// The speed-up of several blocks together, from each block's sequential time and speed-up. So the machine's speed
/// while a block was measured does not change the result.
pub(super) fn together(blocks: &[(f64, f64)]) -> f64 {
    let sequential: f64 = blocks.iter().map(|(sequential, _)| sequential).sum();
    let parallel: f64 = blocks.iter().map(|(sequential, speed_up)| sequential / speed_up).sum();
    sequential / parallel
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(sequential: f64, two: f64, shared: bool) -> Round {
        Round { sequential, two, shared, ..Round::default() }
    }

    fn rounds(all: &[Round]) -> Rounds {
        Rounds(all.to_vec())
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
        assert_eq!(median_of([Some(1.0), None, Some(5.0), Some(2.0)].into_iter()), 2.0);
    }

    #[test]
    fn two_cores_count_with_their_mean_speed() {
        assert_eq!(harmonic_mean(&[6.0, 6.0]), 6.0);
        // In a time of 12 one core does the work three times and the other twice.
        assert!((harmonic_mean(&[4.0, 6.0]) - 12.0 / 2.5).abs() < 1e-12);
    }

    #[test]
    fn rounds_on_one_core_are_put_aside() {
        let mut all = vec![round(10.0, 5.0, false); FEWEST];
        all.extend([round(10.0, 8.0, true); 2 * FEWEST]);
        let all = rounds(&all);
        assert_eq!((all.made(), all.clear(), all.enough()), (3 * FEWEST, FEWEST, true));
        assert_eq!(all.speed_up_two(), 2.0);
        assert_eq!(all.speed_up_two_of_all(), 1.25);
    }

    #[test]
    fn all_rounds_count_if_too_few_are_left() {
        let mut all = vec![round(10.0, 5.0, false); FEWEST - 1];
        all.extend([round(10.0, 8.0, true); FEWEST]);
        let all = rounds(&all);
        assert!(!all.enough());
        assert_eq!(all.speed_up_two(), 1.25);
        assert_eq!(all.counted().count(), 2 * FEWEST - 1);
    }

    #[test]
    fn a_speed_up_is_the_median_of_the_rounds_own() {
        // The machine became half as fast: a ratio of medians would mix both speeds.
        let speeds = [1.0, 1.0, 1.0, 2.0, 2.0, 2.0];
        let all = speeds.map(|slow| Round {
            lean: Some(20.0 * slow),
            lean_preparing: Some(5.0 * slow),
            whole: Some(8.0 * slow),
            preparing: Some(1.0 * slow),
            one: Some(12.5 * slow),
            unrecorded: Some(4.0 * slow),
            ..round(10.0 * slow, 5.0 * slow, false)
        });
        let all = rounds(&all);
        assert_eq!(all.speed_up_two(), 2.0);
        assert_eq!(all.speed_up_one(), 0.8);
        assert_eq!(all.lean_to_sequential(), 2.0);
        assert_eq!((all.lean_to_whole(), all.lean_whole_to_whole(), all.preparation()), (2.5, 3.125, 0.1));
        assert_eq!(all.overhead(), 0.25);
        assert_eq!((all.sequential(), all.lean()), (15.0, 30.0));
        let others = rounds(&speeds.map(|slow| round(1.0, 0.5 * slow, false)));
        assert_eq!(all.two_against(&others), 10.0);
    }

    #[test]
    fn blocks_together_take_their_own_times() {
        assert_eq!(together(&[(10.0, 2.0), (30.0, 1.0)]), 40.0 / 35.0);
        // The second block was measured while the machine was half as fast; its speed-up is the same.
        assert!(
            (together(&[(10.0, 2.0), (10.0, 2.0)]) - together(&[(10.0, 2.0), (20.0, 2.0)])).abs() < 1e-12
        );
    }
}

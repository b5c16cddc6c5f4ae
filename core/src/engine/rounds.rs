//! How many rounds a measurement has, and which run is shown (docs/decisions/0005).
//!
//! ```text
//! request ─ warm-up rounds, until they are steady ─ measured rounds ─▶ medians
//! ```
//! A round is one sequential and one parallel run. The rules use only durations, never a run's result or speed-up, so
//! that no round is picked because it looks good.

/// Nanoseconds.
const MS: u64 = 1_000_000;

/// The least time that an engine has run, since its start, before anything is measured. During the first runs the
/// browser's optimising compiler works on the cores that the lanes need. It needs time, however short the rounds are.
const ENGINE_WARM: u64 = 700 * MS;
/// The least warm-up of a request: another block runs other code.
const LEAST_WARMING: u64 = 200 * MS;
/// No warm-up round starts after this time.
const MOST_WARMING: u64 = 1_200 * MS;
/// The time for measured rounds.
const MEASURING: u64 = 400 * MS;
const MOST_MEASURED: u64 = 15;
/// The number of latest rounds that [`is_steady`] compares.
const WINDOW: usize = 16;

/// The warm-up of one request.
#[derive(Debug)]
pub(super) struct WarmUp {
    /// The least time of this warm-up, in nanoseconds.
    least: u64,
    rounds: Vec<u64>,
    /// When each round ended, since the start of the first, in nanoseconds. This is more than the sum of the rounds,
    /// because lanes wait for each other before a run begins, on a busy machine for long.
    ends: Vec<u64>,
}

impl WarmUp {
    /// For an engine that has run for `engine_ran` nanoseconds before.
    pub(super) fn new(engine_ran: u64) -> Self {
        let least = ENGINE_WARM.saturating_sub(engine_ran).max(LEAST_WARMING);
        Self { least, rounds: Vec::new(), ends: Vec::new() }
    }

    /// Adds a round that took `round` nanoseconds and ended `elapsed` nanoseconds after the start of the first. Returns
    /// whether the warm-up is over: it was long enough and the rounds are steady, or its time is over.
    pub(super) fn note(&mut self, round: u64, elapsed: u64) -> bool {
        self.rounds.push(round);
        self.ends.push(elapsed);
        elapsed >= MOST_WARMING || (elapsed >= self.least && is_steady(&self.rounds))
    }

    /// Number of rounds so far.
    pub(super) fn rounds(&self) -> u32 {
        self.rounds.len() as u32
    }

    /// The number of rounds to measure after the warm-up. Odd, so that the median is one of them.
    pub(super) fn measured(&self) -> u32 {
        let last = self.ends.len().saturating_sub(1);
        let first = last.saturating_sub(WINDOW);
        let took = match (self.ends.get(first), self.ends.get(last)) {
            (Some(from), Some(to)) if last > first => (to - from) / (last - first) as u64,
            (_, only) => only.copied().unwrap_or(0),
        };
        let affordable = (MEASURING / took.max(1)).clamp(1, MOST_MEASURED);
        (affordable - (affordable + 1) % 2) as u32
    }
}

/// Whether rounds no longer become faster and vary little: the median of the latest rounds is within 10 % of the median
/// of those before, and the middle half of the latest rounds is within 25 %.
fn is_steady(rounds: &[u64]) -> bool {
    let window = (rounds.len() / 2).min(WINDOW);
    if window == 0 {
        return false;
    }
    let (before, latest) = rounds[rounds.len() - 2 * window..].split_at(window);
    let mut sorted = latest.to_vec();
    sorted.sort_unstable();
    let (low, high) = (sorted[window / 4], sorted[window - 1 - window / 4]);
    let (before, latest) = (median(before), median(latest));
    let within =
        |a: u64, b: u64, percent: u64| a.max(b).saturating_mul(100) <= a.min(b).saturating_mul(100 + percent);
    within(before, latest, 10) && within(low, high, 25)
}

/// The index of the median of `times`, or of the lower one if their number is even; `None` if there are none.
pub(super) fn median_index(times: &[u64]) -> Option<usize> {
    let mut order: Vec<usize> = (0..times.len()).collect();
    order.sort_by_key(|i| times[*i]);
    order.get(times.len().saturating_sub(1) / 2).copied()
}

/// The median of `times`; 0 if there are none.
pub(super) fn median(times: &[u64]) -> u64 {
    median_index(times).map_or(0, |i| times[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A warm-up in which round `i` takes `round(i)`, and its time.
    fn warm(engine_ran: u64, round: impl Fn(u64) -> u64) -> (WarmUp, u64) {
        let mut warm_up = WarmUp::new(engine_ran);
        let mut elapsed = 0;
        for i in 0.. {
            elapsed += round(i);
            if warm_up.note(round(i), elapsed) {
                break;
            }
        }
        (warm_up, elapsed)
    }

    #[test]
    fn a_small_steady_block_warms_up_for_as_long_as_the_engine_needs() {
        let (warm_up, elapsed) = warm(0, |_| 4 * MS);
        assert_eq!((elapsed, warm_up.measured()), (ENGINE_WARM, 15));
        let (_, elapsed) = warm(2_000 * MS, |_| 4 * MS);
        assert_eq!(elapsed, LEAST_WARMING, "a warm engine");
    }

    #[test]
    fn rounds_that_still_become_faster_are_not_measured() {
        let (_, elapsed) = warm(0, |i| if i < 170 { 4 * MS } else { 2 * MS });
        assert!((ENGINE_WARM + MS..MOST_WARMING).contains(&elapsed), "{elapsed}");
    }

    #[test]
    fn rounds_that_never_become_steady_are_measured_anyway() {
        let (_, elapsed) = warm(0, |i| (2 + i % 5) * MS);
        assert!((MOST_WARMING..MOST_WARMING + 10 * MS).contains(&elapsed), "{elapsed}");
    }

    #[test]
    fn a_long_block_gets_one_warm_up_and_one_measured_round() {
        for round in [MOST_WARMING, 5_000 * MS, u64::MAX] {
            let (warm_up, _) = warm(0, |_| round);
            assert_eq!((warm_up.rounds(), warm_up.measured()), (1, 1));
        }
    }

    #[test]
    fn measured_rounds_are_odd_and_fit_their_time() {
        for round in 1..2_000 {
            let (warm_up, _) = warm(0, |_| round * MS);
            let measured = u64::from(warm_up.measured());
            assert_eq!(measured % 2, 1);
            assert!(measured == 1 || measured * round * MS <= MEASURING, "{measured} rounds of {round} ms");
        }
    }

    #[test]
    fn the_median_is_one_of_the_runs() {
        assert_eq!(median_index(&[30, 10, 20]), Some(2));
        assert_eq!(median(&[4, 1, 3, 2]), 2);
        assert_eq!(median(&[]), 0);
    }
}

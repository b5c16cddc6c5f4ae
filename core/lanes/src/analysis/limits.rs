//! Bounds on the speed-up of any schedule.

use super::Limits;

/// Bounds on the speed-up of a block whose transactions take `time` (and `gas`), and whose longest chains
/// weigh `path_time` and `path_gas`, on `lanes` lanes. A block without weight has the bound 1.
pub(super) fn limits(time: &[u64], path_time: u64, gas: &[u64], path_gas: u64, lanes: u16) -> Limits {
    let total: u64 = time.iter().sum();
    let longest = time.iter().copied().max().unwrap_or(0);
    let ratio = |whole: f64, part: f64| if part > 0.0 { whole / part } else { 1.0 };
    let per_lane = total as f64 / f64::from(lanes.max(1));
    Limits {
        path: ratio(total as f64, path_time as f64),
        path_gas: ratio(gas.iter().sum::<u64>() as f64, path_gas as f64),
        work: ratio(total as f64, per_lane.max(longest as f64)),
    }
}

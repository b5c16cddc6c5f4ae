//! A block's simulated duration by strategy and number of lanes.

use super::{RequestError, measure, ready::Ready};
use crate::{
    analysis,
    cancel::CancelFlag,
    drive::{self, Simulation, Tallies},
    messages::{Curve, CurvePoint, Phase},
    model::{Cost, CostModel},
    problem::Problem,
    scenario::MAX_LANES,
    strategies::StrategyId,
    units::Ticks,
};

/// The most points of a curve.
const MAX_POINTS: usize = 2_000;

/// The curve, and how long warm-up rounds took for it, in nanoseconds.
///
/// Each point's result is compared with sequential execution only by the block's gas used.
pub(super) fn curve(
    ready: &Ready,
    strategies: &[StrategyId],
    lanes: &[u16],
    model: CostModel,
    warmed: u64,
    cancel: &CancelFlag,
    progress: &mut dyn FnMut(Phase, u32, u32),
) -> Result<(Curve, u64), RequestError> {
    if strategies.len().saturating_mul(lanes.len()) > MAX_POINTS {
        let found = format!("{} strategies with {} numbers of lanes", strategies.len(), lanes.len());
        return Err(vec![Problem::new("lanes", format!("at most {MAX_POINTS} points"), found)].into());
    }
    let lanes: Vec<u16> = lanes.iter().map(|lanes| (*lanes).clamp(1, MAX_LANES)).collect();
    let (mut warming, mut measured) = (0, Vec::new());
    if model.cost == Cost::Measured {
        let sequential = measure::sequential_times(ready, warmed, cancel, progress)?;
        (warming, measured) = (sequential.warming, sequential.times);
    }
    let all = (strategies.len() * lanes.len()) as u32;
    progress(Phase::Simulating, 0, all);
    let around = Simulation { model, measured: &measured, cancel, progress: &|_| {}, record: true };
    let oracle = drive::simulate(&ready.loaded, StrategyId::SEQUENTIAL, 1, &around)?;
    let gas = oracle.receipts.last().map_or(0, |receipt| receipt.cumulative_gas_used);
    let times: Vec<Ticks> = oracle.trace.attempts.iter().map(|a| a.end.since(a.start)).collect();
    let limits = analysis::limits(&oracle.trace, &times, &lanes);
    let sequential = oracle.trace.duration;
    drop(oracle);

    let mut tallies = Tallies::new(&ready.loaded, around);
    let mut points = Vec::with_capacity(all as usize);
    for strategy in strategies {
        for lanes in &lanes {
            let tally = tallies.tally(*strategy, *lanes)?;
            if tally.gas_used != gas {
                let what = format!("{} on {lanes}: {} gas used", strategy.name(), tally.gas_used);
                return Err(vec![Problem::new("", format!("{gas} gas used"), what)].into());
            }
            let lanes = if strategy.is_sequential() { 1 } else { *lanes };
            let lane_time = tally.duration as f64 * f64::from(lanes);
            points.push(CurvePoint {
                strategy: *strategy,
                lanes,
                duration: Ticks(tally.duration),
                aborted: tally.aborted,
                wasted: Ticks(tally.wasted),
                utilisation: if lane_time > 0.0 { tally.useful as f64 / lane_time } else { 0.0 },
            });
            progress(Phase::Simulating, points.len() as u32, all);
        }
    }
    Ok((Curve { model, sequential, points, limits }, warming))
}

//! Speed-up over the number of lanes: one line per strategy, with both limits.
//!
//! ```text
//! 16×  ┤              ┄┄┄┄┄┄┄┄┄ path
//!  4×  ┤      ╱ work ───────── Block-STM
//!  1×  ┼───┬───┬───┬───┬─
//!      1   4   16  64  256 lanes
//! ```
//! Both axes are logarithmic, so that the work limit of a block without conflicts is a straight line.

use evm_lanes_core::messages::{Curve, CurvePoint};
use evm_lanes_core::strategies::StrategyId;

use super::format::factor;
use super::scale::CssPx;

/// The numbers of lanes of a curve.
pub const LANES: [u16; 17] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 160, 192, 256];

/// The speed-up of one of its runs.
pub fn speed_up(curve: &Curve, point: &CurvePoint) -> f64 {
    curve.sequential as f64 / (point.duration as f64).max(1.0)
}

/// A line of the chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Whose.
    pub strategy: StrategyId,
    /// Its colour and dash: its place among the strategies.
    pub style: usize,
    /// `M… L…`.
    pub path: String,
    /// Where its points are, and which they are.
    pub points: Vec<(CssPx, CssPx, CurvePoint)>,
    /// Where its name stands, beside its last point, moved so that names do not lie on each other.
    pub name_at: (CssPx, CssPx),
}

/// A mark of an axis: its place and its text.
pub type Mark = (CssPx, String);

/// The whole chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Marks of the axis of lanes.
    pub across: Vec<Mark>,
    /// Marks of the axis of speed-ups.
    pub up: Vec<Mark>,
    /// One per strategy.
    pub lines: Vec<Line>,
    /// The path limit: its height, if it lies in the chart, and its text.
    pub path_limit: Option<(CssPx, String)>,
    /// The work limit: `M… L…`.
    pub work_limit: String,
    /// What is drawn on: left, top, right, bottom.
    pub field: (f64, f64, f64, f64),
}

/// Room for the marks at the left, and for the names at the right.
const LEFT: f64 = 50.0;
const RIGHT: f64 = 142.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 24.0;
/// Between two names.
const NAME: f64 = 15.0;
/// The lowest speed-up that has room.
const LEAST: f64 = 0.5;

/// The chart of `curve`, which was asked for on `lanes`, in `width` × `height` pixels.
pub fn chart(curve: &Curve, lanes: &[u16], width: f64, height: f64) -> Chart {
    let (right, bottom) = ((width - RIGHT).max(LEFT + 40.0), (height - BOTTOM).max(TOP + 40.0));
    let points = &curve.points;
    let path = curve.limits.first().map_or(f64::INFINITY, |l| l.path);
    let most_lanes = f64::from(lanes.iter().copied().max().unwrap_or(1).max(2));
    let most = points.iter().map(|p| speed_up(curve, p)).fold(1.0, f64::max).max(path.min(most_lanes));
    let top = most.log2().ceil().max(1.0);
    let x = |lanes: f64| LEFT + lanes.max(1.0).log2() / most_lanes.log2() * (right - LEFT);
    let y = |speed_up: f64| {
        let share = (speed_up.max(LEAST).log2() - LEAST.log2()) / (top - LEAST.log2());
        bottom - share * (bottom - TOP)
    };
    let powers = |end: f64| (0..).map(|p| f64::from(1_u32 << p)).take_while(move |v| *v <= end);
    let across = powers(most_lanes).map(|v| (CssPx(x(v)), format!("{v:.0}"))).collect();
    // On a low chart every second power.
    let every = if (bottom - TOP) / (top + 1.0) < 16.0 { 2 } else { 1 };
    let up = std::iter::once(LEAST)
        .chain(powers(2_f64.powf(top)).step_by(every))
        .map(|v| (CssPx(y(v)), factor(v)))
        .collect();

    let mut lines: Vec<Line> = Vec::new();
    for (style, strategy) in StrategyId::ALL.into_iter().enumerate() {
        let mut own: Vec<CurvePoint> = points.iter().copied().filter(|p| p.strategy == strategy).collect();
        own.sort_by_key(|p| p.lanes);
        // One after the other is the same on every number of lanes.
        if strategy.is_sequential() {
            own = lanes
                .iter()
                .filter_map(|lanes| own.first().map(|p| CurvePoint { lanes: *lanes, ..*p }))
                .collect();
        }
        let Some(last) = own.last() else { continue };
        let height_of = |point: &CurvePoint| CssPx(y(speed_up(curve, point)));
        let name_at = (CssPx(right + 9.0), height_of(last));
        let placed: Vec<(CssPx, CssPx, CurvePoint)> =
            own.iter().map(|p| (CssPx(x(p.lanes.into())), height_of(p), *p)).collect();
        let path = line_of(placed.iter().map(|(x, y, _)| (x.0, y.0)));
        lines.push(Line { strategy, style, path, points: placed, name_at });
    }
    // Names are pushed down until none lies on another, then up again where they leave the chart.
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by(|a, b| lines[*a].name_at.1.0.total_cmp(&lines[*b].name_at.1.0));
    let mut free = TOP;
    for i in &order {
        let at = &mut lines[*i].name_at.1.0;
        *at = at.max(free);
        free = *at + NAME;
    }
    let mut free = bottom;
    for i in order.iter().rev() {
        let at = &mut lines[*i].name_at.1.0;
        *at = at.min(free);
        free = *at - NAME;
    }

    let work_limit = line_of(lanes.iter().zip(&curve.limits).map(|(n, l)| (x(f64::from(*n)), y(l.work))));
    let in_chart = path.is_finite() && path >= LEAST && path.log2() <= top;
    Chart {
        across,
        up,
        lines,
        path_limit: in_chart.then(|| (CssPx(y(path)), format!("path {}", factor(path)))),
        work_limit,
        field: (LEFT, TOP, right, bottom),
    }
}

fn line_of(points: impl IntoIterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    for (i, (x, y)) in points.into_iter().enumerate() {
        path.push_str(&format!("{}{x:.1} {y:.1}", if i == 0 { "M" } else { "L" }));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use evm_lanes_core::analysis::Limits;
    use evm_lanes_core::model::CostModel;

    fn curve(speed_ups: &[(StrategyId, u16, f64)], path: f64) -> Curve {
        let points = speed_ups.iter().map(|(strategy, lanes, speed_up)| CurvePoint {
            strategy: *strategy,
            lanes: *lanes,
            duration: (1e6 / speed_up) as u64,
            aborted: 0,
            wasted: 0,
            utilisation: 1.0,
        });
        let limits = LANES.map(|n| Limits { path, path_gas: path, work: f64::from(n).min(20.0) });
        Curve {
            model: CostModel::default(),
            sequential: 1_000_000,
            points: points.collect(),
            limits: limits.to_vec(),
        }
    }

    fn block_stm() -> Vec<(StrategyId, u16, f64)> {
        LANES.map(|n| (StrategyId::BLOCK_STM, n, f64::from(n).min(9.0))).to_vec()
    }

    fn check(speed_ups: &[(StrategyId, u16, f64)], path: f64) -> Chart {
        chart(&curve(speed_ups, path), &LANES, 700.0, 300.0)
    }

    #[test]
    fn twice_the_lanes_are_as_far_to_the_right_everywhere() {
        let chart = check(&block_stm(), 12.0);
        let steps: Vec<f64> = chart.across.windows(2).map(|m| m[1].0.0 - m[0].0.0).collect();
        assert!(steps.windows(2).all(|s| (s[0] - s[1]).abs() < 1e-6), "{steps:?}");
        assert_eq!(chart.across.last().map(|m| m.1.as_str()), Some("256"));
    }

    #[test]
    fn everything_lies_inside_the_field() {
        let mut points = block_stm();
        points.push((StrategyId::SEQUENTIAL, 1, 1.0));
        points[2].2 = 0.01;
        let chart = check(&points, 12.0);
        let (left, top, right, bottom) = chart.field;
        for (x, y, _) in chart.lines.iter().flat_map(|l| &l.points) {
            assert!((left..=right).contains(&x.0) && (top..=bottom).contains(&y.0), "{x:?} {y:?}");
        }
        assert!(chart.path_limit.is_some_and(|(y, _)| y.0 > top && y.0 < bottom));
        let sequential = chart.lines.iter().find(|l| l.strategy == StrategyId::SEQUENTIAL);
        assert_eq!(sequential.map(|l| l.points.len()), Some(LANES.len()), "a line, though it has one point");
    }

    #[test]
    fn a_path_limit_beyond_the_lanes_is_not_drawn() {
        assert_eq!(check(&block_stm(), 4_000.0).path_limit, None);
    }

    #[test]
    fn names_do_not_lie_on_each_other() {
        let mut points = block_stm();
        points.extend(StrategyId::ALL.map(|s| (s, 256, 9.0)));
        let mut at: Vec<f64> = check(&points, 12.0).lines.iter().map(|l| l.name_at.1.0).collect();
        at.sort_by(f64::total_cmp);
        assert!(at.windows(2).all(|a| a[1] - a[0] >= NAME - 1e-9), "{at:?}");
    }
}

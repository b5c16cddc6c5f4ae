//! The lanes: from a run, a viewport and a selection to rectangles, and back from a point to what
//! lies there.
//!
//! ```text
//!            0 µs            100 µs           200 µs          (axis: DOM text above the canvas)
//! Lane 1     ██ 0 ███ ░ ███ 2² ████
//! Lane 2     ▨ 2 ▨ ████ 1 ████ ███ 3 ███ ····
//! ```
//! Pieces narrower than two pixels are gathered per pixel column and drawn as what fills most of
//! the column, so that the cost follows the width of the picture and not the length of the run.

use evm_lanes_core::trace::{Attempt, Outcome, SpanKind};
use evm_lanes_core::units::{Incarnation, LaneId, TxIndex, Version};

use super::format::superscript;
use super::model::{HUES, Piece, RunModel, What};
use super::scale::{CssPx, Rect, TimeScale};

/// How a stretch of time ended; drawn as a pattern, so that colour is never alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// Executed and committed.
    Solid,
    /// Executed in vain: aborted or blocked.
    Hatched,
    /// Validating.
    Pale,
    /// Waiting for other lanes.
    Dotted,
    /// Choosing the next task, recording, committing.
    Overhead,
}

const PATTERNS: [Pattern; 5] =
    [Pattern::Solid, Pattern::Hatched, Pattern::Pale, Pattern::Dotted, Pattern::Overhead];

/// The colour of what belongs to no transaction.
pub const NEUTRAL: u8 = HUES as u8 + 1;
const COLOURS: usize = HUES + 2;

/// One rectangle.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Where.
    pub rect: Rect,
    /// Index into the palette; [`NEUTRAL`] for no transaction.
    pub colour: u8,
    /// How it ended.
    pub pattern: Pattern,
    /// Written on it, where it fits.
    pub text: Option<String>,
    /// Belongs to the selected transaction.
    pub selected: bool,
    /// Lies on the longest chain, and the longest chain is to be shown.
    pub on_path: bool,
}

/// From the write that spoiled an attempt to that attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrow {
    /// End of the writing attempt.
    pub from: (CssPx, CssPx),
    /// The spoiled attempt.
    pub to: (CssPx, CssPx),
}

/// Sizes of the lanes' picture, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metrics {
    /// Height of a lane with its gap.
    pub row: f64,
    /// Height of a bar.
    pub bar: f64,
    /// Whether texts and thin strips are drawn at all (the overview has none).
    pub detailed: bool,
}

impl Metrics {
    /// Sizes for that many lanes: few lanes get tall rows, many shrink down to what a finger can
    /// still hit with the help of [`hit`]'s tolerance.
    pub fn for_lanes(lanes: u16) -> Self {
        let row = match lanes {
            0..=4 => 36.0,
            5..=8 => 28.0,
            9..=16 => 22.0,
            // As high as sixteen, as far as a lane can still be told from the next.
            _ => (352.0 / f64::from(lanes)).max(4.0),
        };
        Self::with_row(row)
    }

    /// Sizes for a run that is shown beside another: all of it at a glance.
    pub fn beside(lanes: u16) -> Self {
        let lanes = f64::from(lanes.max(1));
        Self::with_row((96.0 / lanes).clamp(1.0, 20.0))
    }

    fn with_row(row: f64) -> Self {
        let gap = match row {
            row if row >= 22.0 => 9.0,
            row if row >= 16.0 => 5.0,
            row => row * 0.2,
        };
        Self { row, bar: row - gap, detailed: row >= 16.0 }
    }

    /// Every how many lanes one is named, so that the names can be read.
    pub fn named(self) -> u16 {
        (14.0 / self.row).ceil().max(1.0) as u16
    }

    /// The overview below the lanes, `height` pixels tall.
    pub fn overview(lanes: u16, height: f64) -> Self {
        let row = height / f64::from(lanes.max(1));
        Self { row, bar: (row - 1.0).max(1.0), detailed: false }
    }

    /// Height of the whole picture.
    pub fn height(self, lanes: u16) -> f64 {
        self.row * f64::from(lanes.max(1))
    }

    fn top(self, lane: usize) -> f64 {
        self.row * lane as f64 + (self.row - self.bar) / 2.0
    }

    fn lane_from_y(self, y: CssPx) -> Option<usize> {
        (y.0 >= 0.0).then(|| (y.0 / self.row) as usize)
    }
}

/// What is chosen and what is emphasised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Emphasis {
    /// The selected transaction.
    pub tx: Option<TxIndex>,
    /// The selected attempt of it; `None`: all of them.
    pub incarnation: Option<Incarnation>,
    /// Whether the longest chain is shown.
    pub path: bool,
}

/// The whole picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// Rectangles, in drawing order: selected ones last.
    pub bars: Vec<Bar>,
    /// Arrows of the selected transaction.
    pub arrows: Vec<Arrow>,
}

/// The picture of `model` under `scale`.
pub fn layout(model: &RunModel, scale: TimeScale, metrics: Metrics, emphasis: Emphasis) -> Picture {
    let mut bars = Vec::new();
    for (lane, pieces) in model.lanes.iter().enumerate() {
        let first = pieces.partition_point(|p| p.end < scale.view.start);
        let visible = pieces[first..].iter().take_while(|p| p.start <= scale.view.end);
        let mut columns = Columns::new(lane, metrics);
        for piece in visible {
            let (x0, x1) = (scale.px_from_time(piece.start).0, scale.px_from_time(piece.end).0);
            let Some(style) = style(model, piece, emphasis) else { continue };
            // Thin lanes have no room for what is drawn thinner than a bar.
            if !metrics.detailed && matches!(style.pattern, Pattern::Dotted | Pattern::Overhead) {
                continue;
            }
            let chosen = style.selected || style.on_path;
            if x1 - x0 < 2.0 && !(chosen && metrics.detailed) {
                columns.add(x0.max(0.0), x1.min(scale.width.0), style, &mut bars);
                continue;
            }
            columns.flush(&mut bars);
            bars.push(bar(model, lane, piece, (x0, x1), style, scale, metrics));
        }
        columns.flush(&mut bars);
    }
    bars.sort_by_key(|b| b.selected);
    Picture { bars, arrows: arrows(model, scale, metrics, emphasis) }
}

#[derive(Clone, Copy)]
struct Style {
    colour: u8,
    pattern: Pattern,
    selected: bool,
    on_path: bool,
}

/// How a piece is drawn; idle time is the background and not drawn at all.
fn style(model: &RunModel, piece: &Piece, emphasis: Emphasis) -> Option<Style> {
    match piece.what {
        What::Attempt(i) => {
            let attempt = model.attempt(i)?;
            let Version { tx, incarnation } = attempt.version;
            let committed = attempt.outcome == Outcome::Committed;
            let chosen = emphasis.incarnation.is_none_or(|n| n == incarnation);
            Some(Style {
                colour: model.colour(tx),
                pattern: if committed { Pattern::Solid } else { Pattern::Hatched },
                selected: emphasis.tx == Some(tx) && chosen,
                on_path: emphasis.path && committed && model.on_path.get(tx.index()) == Some(&true),
            })
        }
        What::Span(i) => {
            let (colour, pattern) = match model.span(i)?.kind {
                SpanKind::Validating { version, .. } => (model.colour(version.tx), Pattern::Pale),
                SpanKind::Waiting => (NEUTRAL, Pattern::Dotted),
                SpanKind::Scheduling | SpanKind::Committing => (NEUTRAL, Pattern::Overhead),
                SpanKind::Idle => return None,
            };
            Some(Style { colour, pattern, selected: false, on_path: false })
        }
    }
}

fn bar(
    model: &RunModel,
    lane: usize,
    piece: &Piece,
    (x0, x1): (f64, f64),
    style: Style,
    scale: TimeScale,
    metrics: Metrics,
) -> Bar {
    let top = metrics.top(lane);
    let (y, h) = match style.pattern {
        Pattern::Solid | Pattern::Hatched => (top, metrics.bar),
        _ if !metrics.detailed => (top, metrics.bar),
        Pattern::Pale => (top + metrics.bar * 0.3, metrics.bar * 0.4),
        Pattern::Dotted | Pattern::Overhead => (top + metrics.bar * 0.44, metrics.bar * 0.12),
    };
    let gap = if x1 - x0 > 5.0 { 1.0 } else { 0.0 };
    let w = (x1 - x0 - gap).max(1.5);
    let text = match piece.what {
        What::Attempt(i)
            if metrics.detailed && matches!(style.pattern, Pattern::Solid | Pattern::Hatched) =>
        {
            model.attempt(i).and_then(|a| {
                let visible = x1.min(scale.width.0) - x0.max(0.0);
                bar_text(model, a.version, visible)
            })
        }
        _ => None,
    };
    Bar {
        rect: Rect { x: x0, y, w, h },
        colour: style.colour,
        pattern: style.pattern,
        text,
        selected: style.selected,
        on_path: style.on_path,
    }
}

/// Position, attempt and label, as much of it as fits into `room` pixels.
fn bar_text(model: &RunModel, Version { tx, incarnation }: Version, room: f64) -> Option<String> {
    const CHARACTER: f64 = 7.4;
    let mut short = tx.to_string();
    if incarnation > Incarnation(0) {
        short.push(' ');
        short.push_str(&superscript(incarnation));
    }
    let fits = |text: &str| text.chars().count() as f64 * CHARACTER + 12.0 <= room;
    let long = format!("{short}  {}", model.label(tx));
    if !model.label(tx).is_empty() && fits(&long) {
        Some(long)
    } else if fits(&short) || (short.len() <= 2 && room >= 16.0) {
        Some(short)
    } else {
        None
    }
}

/// Gathers narrow pieces of one lane, one pixel column at a time.
struct Columns {
    lane: usize,
    metrics: Metrics,
    column: i64,
    weights: [f32; COLOURS * PATTERNS.len()],
    filled: f32,
    run: Option<Bar>,
}

impl Columns {
    fn new(lane: usize, metrics: Metrics) -> Self {
        Self {
            lane,
            metrics,
            column: i64::MIN,
            weights: [0.0; COLOURS * PATTERNS.len()],
            filled: 0.0,
            run: None,
        }
    }

    fn add(&mut self, x0: f64, x1: f64, style: Style, bars: &mut Vec<Bar>) {
        let pattern = PATTERNS.iter().position(|p| *p == style.pattern).unwrap_or(0);
        let slot = usize::from(style.colour).min(COLOURS - 1) * PATTERNS.len() + pattern;
        let mut from = x0;
        loop {
            let column = from.floor() as i64;
            if column != self.column {
                self.close_column(bars);
                self.column = column;
            }
            let to = x1.min((column + 1) as f64);
            let weight = (to - from).max(1e-6) as f32;
            self.weights[slot] += weight;
            self.filled += weight;
            if to >= x1 {
                break;
            }
            from = to;
        }
    }

    /// Turns the gathered column into a rectangle of one pixel, or lengthens the one before it.
    fn close_column(&mut self, bars: &mut Vec<Bar>) {
        if self.filled > 0.12 {
            let best =
                (0..self.weights.len()).fold(0, |b, i| if self.weights[i] > self.weights[b] { i } else { b });
            let (colour, pattern) = ((best / PATTERNS.len()) as u8, PATTERNS[best % PATTERNS.len()]);
            let x = self.column as f64;
            match &mut self.run {
                Some(run)
                    if run.colour == colour
                        && run.pattern == pattern
                        && (run.rect.x + run.rect.w - x).abs() < 0.01 =>
                {
                    run.rect.w += 1.0;
                }
                _ => {
                    bars.extend(self.run.take());
                    self.run = Some(Bar {
                        rect: Rect { x, y: self.metrics.top(self.lane), w: 1.0, h: self.metrics.bar },
                        colour,
                        pattern,
                        text: None,
                        selected: false,
                        on_path: false,
                    });
                }
            }
        } else {
            bars.extend(self.run.take());
        }
        self.weights = [0.0; COLOURS * PATTERNS.len()];
        self.filled = 0.0;
    }

    fn flush(&mut self, bars: &mut Vec<Bar>) {
        self.close_column(bars);
        bars.extend(self.run.take());
        self.column = i64::MIN;
    }
}

/// At most this many arrows: more would hide the bars they explain.
const MOST_ARROWS: usize = 12;

fn arrows(model: &RunModel, scale: TimeScale, metrics: Metrics, emphasis: Emphasis) -> Vec<Arrow> {
    let Some(tx) = emphasis.tx.filter(|_| metrics.detailed) else { return Vec::new() };
    model
        .attempts(tx)
        .filter(|a| emphasis.incarnation.is_none_or(|n| n == a.version.incarnation))
        .filter_map(|spoiled| arrow(model, scale, metrics, spoiled))
        .take(MOST_ARROWS)
        .collect()
}

/// The arrows of every spoiled attempt, for a picture in which nothing can be selected. None where there are so many
/// that they would hide the bars.
pub fn all_arrows(model: &RunModel, scale: TimeScale, metrics: Metrics) -> Vec<Arrow> {
    if !metrics.detailed {
        return Vec::new();
    }
    let mut arrows: Vec<Arrow> = model
        .trace
        .attempts
        .iter()
        .filter_map(|spoiled| arrow(model, scale, metrics, spoiled))
        .take(MOST_ARROWS + 1)
        .collect();
    if arrows.len() > MOST_ARROWS {
        arrows.clear();
    }
    arrows
}

/// From the write that spoiled an attempt to that attempt; `None` if nothing did.
fn arrow(model: &RunModel, scale: TimeScale, metrics: Metrics, spoiled: &Attempt) -> Option<Arrow> {
    let middle = |lane: LaneId| CssPx(metrics.top(usize::from(lane.0)) + metrics.bar / 2.0);
    let cause = spoiled.cause?;
    let writer = model.attempt(model.attempt_index(cause.writer)?)?;
    let target = scale.px_from_time(spoiled.end.as_f64()).0;
    let start = scale.px_from_time(spoiled.start.as_f64()).0;
    Some(Arrow {
        from: (scale.px_from_time(writer.end.as_f64()), middle(writer.lane)),
        to: (CssPx((target - 5.0).max(f64::midpoint(start, target))), middle(spoiled.lane)),
    })
}

/// What lies at a point: the inverse of [`layout`], with three pixels of tolerance, so that the
/// narrowest attempt can still be hit.
pub fn hit(model: &RunModel, scale: TimeScale, metrics: Metrics, x: CssPx, y: CssPx) -> Option<What> {
    let pieces = model.lanes.get(metrics.lane_from_y(y)?)?;
    let time = scale.time_from_px(x);
    let reach = scale.time_per_px() * 3.0;
    let from = pieces.partition_point(|p| p.end < time - reach);
    let near = pieces[from..].iter().take_while(|p| p.start <= time + reach);
    let distance = |p: &Piece| (p.start - time).max(time - p.end).max(0.0);
    // An attempt within reach beats the thin strip beside it: it is what people aim at.
    let attempt = near.clone().filter(|p| matches!(p.what, What::Attempt(_)) && distance(p) <= reach);
    let exact = near.clone().find(|p| distance(p) <= 0.0 && (p.end - p.start) > reach * 2.0);
    match exact {
        Some(piece) => Some(piece.what),
        None => attempt
            .min_by(|a, b| distance(a).total_cmp(&distance(b)))
            .or_else(|| near.clone().find(|p| distance(p) <= 0.0))
            .map(|p| p.what),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::scale::Viewport;

    fn whole(model: &RunModel, width: f64) -> TimeScale {
        TimeScale { view: Viewport::whole(model.duration()), width: CssPx(width) }
    }

    #[test]
    fn pattern_says_how_a_piece_ended() {
        let model = sample::pool();
        let picture = layout(&model, whole(&model, 900.0), Metrics::for_lanes(2), Emphasis::default());
        let count = |p| picture.bars.iter().filter(|b| b.pattern == p).count();
        assert_eq!(
            [Pattern::Solid, Pattern::Hatched, Pattern::Pale, Pattern::Dotted].map(count),
            [4, 1, 1, 1],
            "idle time is not drawn"
        );
    }

    #[test]
    fn a_second_attempt_carries_its_number() {
        let model = sample::pool();
        let picture = layout(&model, whole(&model, 900.0), Metrics::for_lanes(2), Emphasis::default());
        assert!(picture.bars.iter().any(|b| b.text.as_deref() == Some("2 ²  swap")), "{:?}", picture.bars);
    }

    #[test]
    fn the_arrow_goes_from_the_write_to_the_attempt_it_spoiled() {
        let model = sample::pool();
        let emphasis = Emphasis { tx: Some(TxIndex(2)), ..Emphasis::default() };
        let picture = layout(&model, whole(&model, 300.0), Metrics::for_lanes(2), emphasis);
        assert_eq!(picture.arrows.len(), 1);
        assert_eq!(picture.arrows[0].from.0, CssPx(100.0));
        assert_eq!(picture.arrows[0].to.0, CssPx(75.0));
        assert!(picture.arrows[0].from.1 < picture.arrows[0].to.1);
    }

    #[test]
    fn a_long_run_costs_what_its_picture_is_wide() {
        let model = sample::many(100_000, 4, &["pay", "swap"]);
        let picture = layout(&model, whole(&model, 1000.0), Metrics::for_lanes(4), Emphasis::default());
        assert!(picture.bars.len() <= 4 * 1001, "{} rectangles", picture.bars.len());
        assert!(!picture.bars.is_empty());
        let right = picture.bars.iter().map(|b| b.rect.x + b.rect.w).fold(0.0, f64::max);
        assert!((right - 1000.0).abs() < 2.0, "the lanes reach to {right}");
    }

    #[test]
    fn many_lanes_stay_low_enough_to_be_looked_at_and_high_enough_to_be_hit() {
        for lanes in 1..=256 {
            let metrics = Metrics::for_lanes(lanes);
            assert!(metrics.row >= 4.0 && metrics.height(lanes) <= 1024.0, "{lanes}");
            assert!(metrics.bar > 0.0 && metrics.row * f64::from(metrics.named()) >= 11.0, "{lanes}");
            assert!(Metrics::beside(lanes).height(lanes) <= 256.0, "{lanes}");
        }
    }

    #[test]
    fn every_rectangle_is_hit_in_its_middle() {
        let model = sample::pool();
        let (scale, metrics) = (whole(&model, 900.0), Metrics::for_lanes(2));
        for (lane, pieces) in model.lanes.iter().enumerate() {
            for piece in pieces {
                let x = scale.px_from_time(f64::midpoint(piece.start, piece.end));
                let y = CssPx(metrics.row * (lane as f64 + 0.5));
                assert_eq!(hit(&model, scale, metrics, x, y), Some(piece.what));
            }
        }
        assert_eq!(hit(&model, scale, metrics, CssPx(10.0), CssPx(-1.0)), None);
        assert_eq!(hit(&model, scale, metrics, CssPx(10.0), CssPx(500.0)), None);
    }

    #[test]
    fn an_attempt_narrower_than_a_pixel_can_be_hit() {
        let model = sample::many(10_000, 2, &["pay"]);
        let (scale, metrics) = (whole(&model, 500.0), Metrics::for_lanes(2));
        assert!(matches!(hit(&model, scale, metrics, CssPx(250.2), CssPx(5.0)), Some(What::Attempt(_))));
    }

    #[test]
    fn a_selected_attempt_is_never_swallowed_by_its_column() {
        let model = sample::many(10_000, 2, &["pay"]);
        let emphasis = Emphasis { tx: Some(TxIndex(5000)), ..Emphasis::default() };
        let picture = layout(&model, whole(&model, 500.0), Metrics::for_lanes(2), emphasis);
        assert_eq!(picture.bars.iter().filter(|b| b.selected).count(), 1);
        assert!(picture.bars.last().is_some_and(|b| b.selected), "it is drawn last");
    }
}

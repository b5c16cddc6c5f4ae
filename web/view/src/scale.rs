//! Between time and pixels: the visible stretch of a run, zoom and pan, the axis.

use super::format::Unit;
use super::limits::Side;

/// A length or position in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct CssPx(pub f64);

/// A length of a picture as the style sheet takes it: it grows with the reader's font size. A unit is a sixteenth of that,
/// a CSS pixel unless the reader wants text larger or smaller.
pub fn rem(units: f64) -> String {
    format!("{:.4}rem", units / 16.0)
}

/// A rectangle, in CSS pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Rect {
    /// The square around a point, `reach` to each side.
    pub fn around(x: f64, y: f64, reach: f64) -> Self {
        Self { x: x - reach, y: y - reach, w: reach * 2.0, h: reach * 2.0 }
    }

    /// Whether both have a point in common that is not on their edges.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.x < other.x + other.w
            && other.x < self.x + self.w
            && self.y < other.y + other.h
            && other.y < self.y + self.h
    }
}

/// The visible stretch of a run, in ticks. Always inside the run and never empty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    /// First visible tick.
    pub start: f64,
    /// Last visible tick.
    pub end: f64,
}

impl Viewport {
    /// All of a run of that duration.
    pub fn whole(duration: f64) -> Self {
        Self { start: 0.0, end: duration.max(1.0) }
    }

    /// The visible length, in ticks.
    pub fn span(self) -> f64 {
        self.end - self.start
    }

    /// Zoomed by `factor` (above 1: closer), with the tick `at` staying where it is. It stops at
    /// the whole run, and where 200 ticks fill the screen: below that the clock's own grain shows.
    pub fn zoomed(self, factor: f64, at: f64, duration: f64) -> Self {
        let whole = Self::whole(duration);
        let span = (self.span() / factor).clamp(200.0_f64.min(whole.span()), whole.span());
        let share = ((at - self.start) / self.span()).clamp(0.0, 1.0);
        Self { start: at - span * share, end: at + span * (1.0 - share) }.inside(duration)
    }

    /// Moved by `ticks`, as far as the run goes.
    pub fn panned(self, ticks: f64, duration: f64) -> Self {
        Self { start: self.start + ticks, end: self.end + ticks }.inside(duration)
    }

    /// Showing `start..end` with some room around it.
    pub fn fitting(start: f64, end: f64, duration: f64) -> Self {
        let room = ((end - start) * 0.15).max(100.0);
        Self { start: start - room, end: end + room }.inside(duration)
    }

    /// Moved, keeping its zoom, so that `start..end` is visible; unchanged if it already is.
    pub fn revealing(self, start: f64, end: f64, duration: f64) -> Self {
        if start >= self.start && end <= self.end {
            return self;
        }
        if end - start > self.span() {
            return Self::fitting(start, end, duration);
        }
        let middle = f64::midpoint(start, end);
        Self { start: middle - self.span() / 2.0, end: middle + self.span() / 2.0 }.inside(duration)
    }

    /// Whether all of the run is visible.
    pub fn is_whole(self, duration: f64) -> bool {
        self.start <= 0.0 && self.end >= duration
    }

    fn inside(self, duration: f64) -> Self {
        let whole = Self::whole(duration);
        let span = self.span().clamp(1.0_f64.min(whole.end), whole.end);
        let start = self.start.clamp(0.0, whole.end - span);
        Self { start, end: start + span }
    }
}

/// A viewport laid over `width` pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeScale {
    /// What is visible.
    pub view: Viewport,
    /// Over how many pixels.
    pub width: CssPx,
}

impl TimeScale {
    /// Where a tick lies. Outside the viewport the result is outside `0..width`.
    pub fn px_from_time(self, time: f64) -> CssPx {
        CssPx((time - self.view.start) / self.view.span() * self.width.0)
    }

    /// Which tick lies there: the inverse of [`Self::px_from_time`].
    pub fn time_from_px(self, px: CssPx) -> f64 {
        self.view.start + px.0 / self.width.0.max(1.0) * self.view.span()
    }

    /// Ticks per pixel.
    pub fn time_per_px(self) -> f64 {
        self.view.span() / self.width.0.max(1.0)
    }
}

/// One mark of an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct AxisMark {
    /// Its place.
    pub x: CssPx,
    /// Its text, unit included: `250 µs`.
    pub text: String,
    /// Where that stands so that all of it can be seen; `None`: nowhere, there is no room.
    pub side: Option<Side>,
}

/// At least as wide as a character of the axis is on average, and what lies between a mark and its text.
const CHARACTER: f64 = 7.4;
const GAP: f64 = 4.0;
/// How far a text may reach beyond the axis: less than any panel's gutter.
const BEYOND: f64 = 11.0;

/// Texts stand behind their marks; one that would stick out at the axis's end stands before its mark, if the text before
/// leaves room for it.
fn sides(marks: &mut [AxisMark], width: CssPx) {
    let mut taken = 0.0;
    for mark in marks {
        let length = GAP + mark.text.chars().count() as f64 * CHARACTER;
        let (before, behind) = (mark.x.0 - length, mark.x.0 + length);
        (mark.side, taken) = if behind <= width.0 + BEYOND {
            (Some(Side::After), behind)
        } else if before >= taken {
            (Some(Side::Before), mark.x.0)
        } else {
            (None, taken)
        };
    }
}

/// Marks at round numbers of ticks, at least `apart` pixels from each other. None where no time passed by the clock:
/// such a run is drawn as one tick long, and that says nothing.
pub fn axis(scale: TimeScale, apart: CssPx, unit: Unit) -> Vec<AxisMark> {
    let least = scale.time_per_px() * apart.0.max(1.0);
    if !least.is_finite() || least <= 0.0 || scale.view.end - scale.view.start <= 1.0 {
        return Vec::new();
    }
    let power = 10_f64.powf(least.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= least).unwrap_or(power * 10.0);
    let step = step.max(1.0);
    let (unit, name) = unit.of_axis(scale.view.end);
    let decimals = (-(step / unit).log10().floor()).max(0.0) as usize;
    let first = (scale.view.start / step).ceil() as i64;
    let last = (scale.view.end / step).floor() as i64;
    let mut marks: Vec<AxisMark> = (first..=last)
        .map(|i| {
            let time = i as f64 * step;
            let text =
                if i == 0 { format!("0 {name}") } else { format!("{:.decimals$} {name}", time / unit) };
            AxisMark { x: scale.px_from_time(time), text, side: None }
        })
        .collect();
    sides(&mut marks, scale.width);
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: f64 = 1_000_000.0;

    #[test]
    fn time_from_px_undoes_px_from_time() {
        let scale = TimeScale { view: Viewport { start: 250.0, end: 900.0 }, width: CssPx(640.0) };
        for time in [250.0, 333.3, 899.0, 2000.0] {
            assert!((scale.time_from_px(scale.px_from_time(time)) - time).abs() < 1e-9);
        }
    }

    #[test]
    fn zooming_keeps_the_time_under_the_pointer() {
        let view = Viewport::whole(RUN);
        let near = view.zoomed(4.0, 300_000.0, RUN);
        let scale = |view| TimeScale { view, width: CssPx(100.0) };
        let (before, after) = (scale(view).px_from_time(300_000.0), scale(near).px_from_time(300_000.0));
        assert!((before.0 - after.0).abs() < 1e-9, "{before:?} {after:?}");
    }

    #[test]
    fn zoom_and_pan_stay_inside_the_run() {
        let near = Viewport::whole(RUN).zoomed(10.0, 0.0, RUN);
        assert_eq!(near.panned(-1e9, RUN).start, 0.0);
        assert_eq!(near.panned(1e9, RUN).end, RUN);
        assert_eq!(near.zoomed(1e-9, 0.0, RUN), Viewport::whole(RUN));
        assert!((Viewport::whole(RUN).zoomed(1e9, 5.0, RUN).span() - 200.0).abs() < 1e-6);
    }

    #[test]
    fn an_empty_run_still_has_a_viewport() {
        let view = Viewport::whole(0.0);
        assert!(view.span() > 0.0);
        assert!(view.zoomed(2.0, 0.0, 0.0).span() > 0.0);
    }

    #[test]
    fn a_run_of_no_time_has_no_marks() {
        let marks = |end| {
            axis(
                TimeScale { view: Viewport { start: 0.0, end }, width: CssPx(640.0) },
                CssPx(80.0),
                Unit::Time,
            )
        };
        assert_eq!((marks(1.0).len(), marks(8.0).is_empty()), (0, false));
    }

    #[test]
    fn marks_are_round_and_far_enough_apart() {
        let scale = TimeScale { view: Viewport::whole(1_180_000.0), width: CssPx(1000.0) };
        let marks = axis(scale, CssPx(90.0), Unit::Time);
        assert_eq!(marks[0].text, "0 µs");
        assert_eq!(marks[1].text, "200 µs");
        assert!(marks.windows(2).all(|m| m[1].x.0 - m[0].x.0 >= 90.0));
    }

    /// The axis of a run of that many ticks, over so many pixels, as sides: `>` behind its mark, `<` before it, `-` nowhere.
    fn sides_of(duration: f64, width: f64) -> String {
        let scale = TimeScale { view: Viewport::whole(duration), width: CssPx(width) };
        let marks = axis(scale, CssPx(96.0), Unit::Gas);
        marks
            .iter()
            .map(|mark| match mark.side {
                Some(Side::After) => '>',
                Some(Side::Before) => '<',
                Some(Side::Centre) => '?',
                None => '-',
            })
            .collect()
    }

    #[test]
    fn the_last_text_of_an_axis_is_whole() {
        assert_eq!(sides_of(1_190_000.0, 600.0), ">>>>>>", "room behind the last mark");
        assert_eq!(sides_of(1_020_000.0, 340.0), ">><", "the last mark is close to the end");
        assert_eq!(sides_of(1_020_000.0, 600.0), ">>>>>-", "and the text before it is close, too");
        assert_eq!(sides_of(200_000.0, 60.0), ">", "one mark only");
    }

    #[test]
    fn texts_of_an_axis_neither_meet_nor_stick_out() {
        for width in (20..1_500).step_by(7).map(f64::from) {
            for duration in [1.0, 999.0, 21_000.0, 1_234_567.0, 987_654_321.0] {
                let scale = TimeScale { view: Viewport { start: 0.0, end: duration }, width: CssPx(width) };
                let mut taken = 0.0;
                for mark in axis(scale, CssPx(96.0), Unit::Gas) {
                    let length = mark.text.chars().count() as f64 * CHARACTER;
                    let (start, end) = match mark.side {
                        None => continue,
                        Some(Side::Before) => (mark.x.0 - length, mark.x.0),
                        _ => (mark.x.0, mark.x.0 + length),
                    };
                    assert!(start >= taken && end <= width + BEYOND, "{mark:?} over {width} px");
                    taken = end;
                }
            }
        }
    }

    #[test]
    fn gas_is_marked_in_gas() {
        let scale = TimeScale { view: Viewport::whole(1_180_000.0), width: CssPx(1000.0) };
        assert_eq!(axis(scale, CssPx(90.0), Unit::Gas)[1].text, "200 kgas");
    }

    #[test]
    fn a_close_zoom_shows_the_decimals_it_needs() {
        let view = Viewport { start: 3_000_000.0, end: 3_001_000.0 };
        let marks = axis(TimeScale { view, width: CssPx(500.0) }, CssPx(90.0), Unit::Time);
        assert_eq!(marks[0].text, "3.0000 ms");
        assert_eq!(marks[1].text, "3.0002 ms");
    }
}

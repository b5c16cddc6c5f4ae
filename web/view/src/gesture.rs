//! What pointers do over the lanes: measure a stretch of time, pan, pinch, click.
//!
//! ```text
//! mouse            down ─▶ Range ── moved 4 px ─▶ measures ── up ─▶ Measured
//! touch, Shift, Alt  down ─▶ Pan ── moved 6 px ─▶ pans
//! two fingers      down ─▶ Pinch ──────────────▶ zooms and pans
//!                  up without having moved ─▶ Click; with Shift, from the click before to here ─▶ Measured
//! ```

use crate::scale::{CssPx, TimeScale, Viewport};

/// Moves up to this are a click, in pixels: a hand is never quite still, and a finger less so.
const STILL_MEASURING: f64 = 4.0;
const STILL_PANNING: f64 = 6.0;

/// A pointer over the lanes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pointer {
    /// Tells fingers apart.
    pub id: i32,
    /// Where it is.
    pub x: CssPx,
    /// Whether it is a finger.
    pub touch: bool,
    /// Whether Shift is held.
    pub shift: bool,
    /// Whether Alt is held.
    pub alt: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Gesture {
    #[default]
    None,
    /// Measuring from a tick, to one once it has moved.
    Range { from: f64, to: Option<f64> },
    /// Moving the viewport: last x.
    Pan { x: f64, moved: bool },
    /// Two fingers: their distance and middle at the last move.
    Pinch { distance: f64, middle: f64 },
}

/// What a move comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Move {
    /// Nothing is held: it only points.
    Hover,
    /// This stretch is measured, in ticks.
    Range(f64, f64),
    /// This is visible now.
    View(Viewport),
    /// Not enough to mean anything.
    Nothing,
}

/// What it comes to that a pointer is lifted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Release {
    /// It was a click.
    Click,
    /// This stretch was measured, in ticks.
    Measured(f64, f64),
    /// The end of something else.
    Nothing,
}

/// The pointers over the lanes and what they are doing.
#[derive(Clone, Debug, Default)]
pub struct Gestures {
    gesture: Gesture,
    fingers: Vec<(i32, f64)>,
    /// The tick that was clicked last.
    clicked: Option<f64>,
}

impl Gestures {
    /// A pointer is put down.
    pub fn down(&mut self, pointer: Pointer, scale: TimeScale) {
        let x = pointer.x.0;
        self.fingers.retain(|(id, _)| *id != pointer.id);
        self.fingers.push((pointer.id, x));
        self.gesture = match self.fingers.as_slice() {
            [(_, a), (_, b)] => Gesture::Pinch { distance: distance(*a, *b), middle: f64::midpoint(*a, *b) },
            _ if pointer.touch || pointer.shift || pointer.alt => Gesture::Pan { x, moved: false },
            _ => Gesture::Range { from: scale.time_from_px(pointer.x), to: None },
        };
    }

    /// A pointer has moved. `extent` is how far the axis goes, in ticks.
    pub fn moved(&mut self, pointer: Pointer, scale: TimeScale, extent: f64) -> Move {
        let x = pointer.x.0;
        match self.gesture {
            Gesture::None => Move::Hover,
            Gesture::Range { from, to } => {
                if to.is_none() && (scale.px_from_time(from).0 - x).abs() <= STILL_MEASURING {
                    return Move::Nothing;
                }
                let to = scale.time_from_px(CssPx(x.clamp(0.0, scale.width.0)));
                self.gesture = Gesture::Range { from, to: Some(to) };
                Move::Range(from, to)
            }
            Gesture::Pan { x: last, moved } => {
                if !moved && (x - last).abs() <= STILL_PANNING {
                    return Move::Nothing;
                }
                self.gesture = Gesture::Pan { x, moved: true };
                Move::View(scale.view.panned((last - x) * scale.time_per_px(), extent))
            }
            Gesture::Pinch { distance: before, middle } => {
                if let Some(finger) = self.fingers.iter_mut().find(|(id, _)| *id == pointer.id) {
                    finger.1 = x;
                }
                let [(_, a), (_, b)] = self.fingers.as_slice() else { return Move::Nothing };
                let (now, centre) = (distance(*a, *b), f64::midpoint(*a, *b));
                let at = scale.time_from_px(CssPx(middle));
                self.gesture = Gesture::Pinch { distance: now, middle: centre };
                let zoomed = scale.view.zoomed(now / before, at, extent);
                Move::View(zoomed.panned((middle - centre) * scale.time_per_px(), extent))
            }
        }
    }

    /// A pointer is lifted.
    pub fn up(&mut self, pointer: Pointer, scale: TimeScale) -> Release {
        self.fingers.retain(|(id, _)| *id != pointer.id);
        let tick = scale.time_from_px(pointer.x);
        match std::mem::take(&mut self.gesture) {
            Gesture::Range { from, to: Some(to) } => Release::Measured(from, to),
            // Without dragging: click where it begins, Shift and click where it ends.
            Gesture::Pan { moved: false, .. } if pointer.shift && self.clicked.is_some() => {
                Release::Measured(self.clicked.unwrap_or(tick), tick)
            }
            Gesture::Range { to: None, .. } | Gesture::Pan { moved: false, .. } => {
                self.clicked = Some(tick);
                Release::Click
            }
            Gesture::None | Gesture::Pan { .. } | Gesture::Pinch { .. } => Release::Nothing,
        }
    }

    /// The browser has taken the pointers for itself.
    pub fn cancel(&mut self) {
        self.gesture = Gesture::None;
        self.fingers.clear();
    }
}

/// Between two fingers; never 0, because zooming divides by it.
fn distance(a: f64, b: f64) -> f64 {
    (a - b).abs().max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXTENT: f64 = 1_000.0;
    /// A tick is a pixel, and half of the run is visible.
    const SCALE: TimeScale = TimeScale { view: Viewport { start: 200.0, end: 700.0 }, width: CssPx(500.0) };

    fn mouse(x: f64) -> Pointer {
        Pointer { id: 1, x: CssPx(x), touch: false, shift: false, alt: false }
    }

    fn finger(id: i32, x: f64) -> Pointer {
        Pointer { id, x: CssPx(x), touch: true, shift: false, alt: false }
    }

    #[test]
    fn a_mouse_measures_once_it_has_moved() {
        let mut gestures = Gestures::default();
        assert_eq!(gestures.moved(mouse(9.0), SCALE, EXTENT), Move::Hover);
        gestures.down(mouse(100.0), SCALE);
        assert_eq!(gestures.moved(mouse(104.0), SCALE, EXTENT), Move::Nothing);
        assert_eq!(gestures.moved(mouse(105.0), SCALE, EXTENT), Move::Range(300.0, 305.0));
        assert_eq!(gestures.moved(mouse(101.0), SCALE, EXTENT), Move::Range(300.0, 301.0));
        assert_eq!(gestures.moved(mouse(900.0), SCALE, EXTENT), Move::Range(300.0, 700.0), "to the edge");
        assert_eq!(gestures.up(mouse(900.0), SCALE), Release::Measured(300.0, 700.0));
        assert_eq!(gestures.moved(mouse(9.0), SCALE, EXTENT), Move::Hover);
    }

    #[test]
    fn two_clicks_measure_without_dragging() {
        let mut gestures = Gestures::default();
        let shifted = |x| Pointer { shift: true, ..mouse(x) };
        gestures.down(shifted(10.0), SCALE);
        assert_eq!(gestures.up(shifted(10.0), SCALE), Release::Click, "nothing was clicked before");
        gestures.down(mouse(20.0), SCALE);
        assert_eq!(gestures.up(mouse(20.0), SCALE), Release::Click);
        gestures.down(shifted(120.0), SCALE);
        assert_eq!(gestures.up(shifted(120.0), SCALE), Release::Measured(220.0, 320.0));
    }

    #[test]
    fn a_finger_and_a_mouse_with_a_key_pan() {
        for pointer in [finger(1, 100.0), Pointer { alt: true, ..mouse(100.0) }] {
            let mut gestures = Gestures::default();
            let at = |x| Pointer { x: CssPx(x), ..pointer };
            gestures.down(pointer, SCALE);
            assert_eq!(gestures.moved(at(106.0), SCALE, EXTENT), Move::Nothing);
            let view = Viewport { start: 180.0, end: 680.0 };
            assert_eq!(gestures.moved(at(120.0), SCALE, EXTENT), Move::View(view));
            assert_eq!(gestures.up(at(120.0), SCALE), Release::Nothing);
        }
    }

    #[test]
    fn two_fingers_zoom_about_their_middle_and_pan_with_it() {
        let mut gestures = Gestures::default();
        gestures.down(finger(1, 200.0), SCALE);
        gestures.down(finger(2, 300.0), SCALE);
        // Twice as far apart: half is visible, and what lay between them still does.
        let Move::View(view) = gestures.moved(finger(2, 400.0), SCALE, EXTENT) else { panic!("it zooms") };
        assert!((view.span() - 250.0).abs() < 1e-9, "{view:?}");
        assert_eq!(gestures.up(finger(2, 400.0), SCALE), Release::Nothing);
        assert_eq!(gestures.moved(finger(1, 210.0), SCALE, EXTENT), Move::Hover, "the other finger alone");
    }

    #[test]
    fn fingers_on_one_spot_do_not_divide_by_zero() {
        let mut gestures = Gestures::default();
        gestures.down(finger(1, 200.0), SCALE);
        gestures.down(finger(2, 200.0), SCALE);
        let Move::View(view) = gestures.moved(finger(2, 200.5), SCALE, EXTENT) else { panic!("it zooms") };
        assert!(view.span().is_finite() && view.span() > 0.0);
    }

    #[test]
    fn pointers_that_the_browser_takes_are_forgotten() {
        let mut gestures = Gestures::default();
        gestures.down(finger(1, 200.0), SCALE);
        gestures.cancel();
        gestures.down(finger(2, 300.0), SCALE);
        assert_eq!(gestures.up(finger(2, 300.0), SCALE), Release::Click, "one finger, not two");
    }
}

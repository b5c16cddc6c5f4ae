//! Rectangles to canvas calls. Nothing is decided here: what is drawn where and why is `view`'s.

mod lanes;
mod palette;

pub use lanes::{lanes, overview};
pub use palette::Palette;

use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// A canvas made as sharp as the screen, cleared, of that size in units, with `scale` device pixels in a unit.
/// `None` where the browser has no 2D context left to give.
pub fn prepare(
    canvas: &HtmlCanvasElement,
    width: f64,
    height: f64,
    scale: f64,
) -> Option<CanvasRenderingContext2d> {
    let (w, h) = ((width * scale).round() as u32, (height * scale).round() as u32);
    if canvas.width() != w || canvas.height() != h {
        canvas.set_width(w);
        canvas.set_height(h);
    }
    let context = canvas.get_context("2d").ok()??.dyn_into::<CanvasRenderingContext2d>().ok()?;
    context.set_transform(scale, 0.0, 0.0, scale, 0.0, 0.0).ok()?;
    context.clear_rect(0.0, 0.0, width, height);
    Some(context)
}

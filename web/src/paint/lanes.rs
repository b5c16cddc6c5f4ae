//! Draws the lanes and their overview.

use web_sys::CanvasRenderingContext2d;

use super::Palette;
use crate::view::lanes::{Arrow, Bar, Metrics, Pattern, Picture};
use crate::view::scale::AxisMark;

/// Draws the lanes on a prepared canvas.
pub fn lanes(
    context: &CanvasRenderingContext2d,
    picture: &Picture,
    marks: &[AxisMark],
    lanes: u16,
    metrics: Metrics,
    width: f64,
    palette: &Palette,
) {
    let height = metrics.height(lanes);
    context.set_stroke_style_str(&palette.line);
    context.set_line_width(1.0);
    context.begin_path();
    for mark in marks {
        let x = mark.x.0.round() + 0.5;
        context.move_to(x, 0.0);
        context.line_to(x, height);
    }
    // Between thin lanes a line would be most of what is seen.
    for lane in (1..=lanes).filter(|_| metrics.row >= 10.0) {
        let y = (f64::from(lane) * metrics.row).round() - 0.5;
        context.move_to(0.0, y);
        context.line_to(width, y);
    }
    context.stroke();
    for bar in &picture.bars {
        draw_bar(context, bar, palette);
    }
    context.set_font(&format!("600 12px {}", palette.font));
    context.set_text_baseline("middle");
    for bar in picture.bars.iter().filter(|b| b.text.is_some()) {
        draw_text(context, bar, palette);
    }
    for arrow in &picture.arrows {
        draw_arrow(context, arrow, palette);
    }
}

/// Draws the overview on a prepared canvas.
pub fn overview(context: &CanvasRenderingContext2d, picture: &Picture, palette: &Palette) {
    for bar in &picture.bars {
        let alpha = match bar.pattern {
            Pattern::Solid => 0.85,
            Pattern::Hatched => 0.4,
            Pattern::Pale => 0.2,
            Pattern::Dotted | Pattern::Overhead => continue,
        };
        context.set_global_alpha(if bar.selected { 1.0 } else { alpha });
        context.set_fill_style_str(if bar.selected { &palette.focus } else { palette.colour(bar.colour) });
        context.fill_rect(bar.rect.x, bar.rect.y, bar.rect.w, bar.rect.h);
    }
    context.set_global_alpha(1.0);
}

fn draw_bar(context: &CanvasRenderingContext2d, bar: &Bar, palette: &Palette) {
    let r = bar.rect;
    let colour = palette.colour(bar.colour);
    match bar.pattern {
        Pattern::Solid => {
            context.set_fill_style_str(colour);
            round_rect(context, bar);
            context.fill();
        }
        Pattern::Hatched => {
            round_rect(context, bar);
            match palette.hatches.get(usize::from(bar.colour)).and_then(Option::as_ref) {
                Some(hatch) if r.w >= 4.0 && r.h >= 6.0 => {
                    // The path keeps its place; only the pattern is drawn in device pixels, which keeps it sharp.
                    context.save();
                    let _ = context.reset_transform();
                    context.set_fill_style_canvas_pattern(hatch);
                    context.fill();
                    context.restore();
                }
                _ => {
                    context.set_global_alpha(0.45);
                    context.set_fill_style_str(colour);
                    context.fill();
                    context.set_global_alpha(1.0);
                }
            }
            if r.w >= 8.0 && r.h >= 6.0 {
                context.set_stroke_style_str(colour);
                context.set_line_width(1.0);
                context.stroke();
            }
        }
        Pattern::Pale => {
            context.set_global_alpha(0.4);
            context.set_fill_style_str(colour);
            context.fill_rect(r.x, r.y, r.w, r.h);
            context.set_global_alpha(1.0);
        }
        Pattern::Overhead => {
            context.set_global_alpha(0.35);
            context.set_fill_style_str(&palette.quiet);
            context.fill_rect(r.x, r.y, r.w, r.h);
            context.set_global_alpha(1.0);
        }
        Pattern::Dotted => {
            context.set_fill_style_str(&palette.quiet);
            let middle = r.y + r.h / 2.0;
            let mut x = r.x + 2.0;
            while x < r.x + r.w - 1.0 {
                context.fill_rect(x, middle - 1.0, 2.0, 2.0);
                x += 5.0;
            }
        }
    }
    let outline = if bar.selected {
        Some((&palette.focus, 2.5_f64.min(r.h * 0.4)))
    } else if bar.on_path {
        Some((&palette.ink, 2.0_f64.min(r.h * 0.5)))
    } else {
        None
    };
    if let Some((colour, width)) = outline {
        context.set_stroke_style_str(colour);
        context.set_line_width(width);
        round_rect(context, bar);
        context.stroke();
    }
}

fn round_rect(context: &CanvasRenderingContext2d, bar: &Bar) {
    let r = bar.rect;
    let radius = 4.0_f64.min(r.w / 4.0).min(r.h / 2.0);
    context.begin_path();
    if radius < 1.5 || context.round_rect_with_f64(r.x, r.y, r.w, r.h, radius).is_err() {
        context.rect(r.x, r.y, r.w, r.h);
    }
}

fn draw_text(context: &CanvasRenderingContext2d, bar: &Bar, palette: &Palette) {
    let Some(text) = &bar.text else { return };
    let r = bar.rect;
    let width = context.measure_text(text).map_or(0.0, |m| m.width());
    let inset = ((r.w - width) / 2.0).clamp(1.0, 7.0);
    let (x, y) = (r.x.max(0.0) + inset, r.y + r.h / 2.0 + 0.5);
    if bar.pattern == Pattern::Solid {
        context.set_fill_style_str(&palette.on_bar);
    } else {
        // On hatching a text needs a quiet ground to be read.
        context.set_fill_style_str(&palette.panel);
        context.fill_rect(x - 3.0, r.y + 4.0, width + 6.0, r.h - 8.0);
        context.set_fill_style_str(&palette.ink);
    }
    let _ = context.fill_text(text, x, y);
}

/// A curve that bulges to the right of both ends, with its point on the spoiled attempt.
fn draw_arrow(context: &CanvasRenderingContext2d, arrow: &Arrow, palette: &Palette) {
    let ((x0, y0), (x1, y1)) = ((arrow.from.0.0, arrow.from.1.0), (arrow.to.0.0, arrow.to.1.0));
    let bend = 20.0 + (x0 - x1).abs().min(80.0) * 0.25;
    let (cx0, cx1) = (x0 + bend, x1 + bend);
    for (colour, width) in [(&palette.panel, 5.0), (&palette.bad, 2.0)] {
        context.set_stroke_style_str(colour);
        context.set_line_width(width);
        context.begin_path();
        context.move_to(x0, y0);
        context.bezier_curve_to(cx0, y0, cx1, y1, x1 + 6.0, y1);
        context.stroke();
    }
    context.set_fill_style_str(&palette.bad);
    context.begin_path();
    let _ = context.arc(x0, y0, 3.5, 0.0, std::f64::consts::TAU);
    context.fill();
    context.begin_path();
    context.move_to(x1, y1);
    context.line_to(x1 + 10.0, y1 - 5.0);
    context.line_to(x1 + 10.0, y1 + 5.0);
    context.close_path();
    context.fill();
}

//! Colours as the style sheet has them, read once per theme.

use wasm_bindgen::JsCast;
use web_sys::{CanvasPattern, CanvasRenderingContext2d, HtmlCanvasElement};

use crate::view::lanes::NEUTRAL;

/// What paint draws with. A missing property becomes loud magenta, so that it is seen at once.
#[derive(Clone, Debug)]
pub struct Palette {
    /// Of labels, and of what belongs to no transaction.
    pub colours: Vec<String>,
    /// Text on a solid bar.
    pub on_bar: String,
    /// Text elsewhere.
    pub ink: String,
    /// Quiet lines.
    pub line: String,
    /// Waiting and overhead.
    pub quiet: String,
    /// The selected transaction.
    pub focus: String,
    /// What spoiled an attempt.
    pub bad: String,
    /// Behind texts on hatching.
    pub panel: String,
    /// Text font.
    pub font: String,
    /// Hatching, one per colour.
    pub hatches: Vec<Option<CanvasPattern>>,
}

impl Palette {
    /// The palette that holds now.
    pub fn read() -> Self {
        let style = web_sys::window().and_then(|w| {
            let root = w.document()?.document_element()?;
            w.get_computed_style(&root).ok().flatten()
        });
        let property = |name: &str| {
            style
                .as_ref()
                .and_then(|s| s.get_property_value(name).ok())
                .map(|v| v.trim().to_owned())
                .filter(|v| !v.is_empty())
                .unwrap_or_else(|| "#ff00ff".to_owned())
        };
        let colours: Vec<String> = (0..=NEUTRAL).map(|i| property(&format!("--hue-{i}"))).collect();
        let hatches = colours.iter().map(|c| hatch(c)).collect();
        Self {
            colours,
            on_bar: property("--on-bar"),
            ink: property("--ink"),
            line: property("--line"),
            quiet: property("--faint"),
            focus: property("--focus"),
            bad: property("--bad"),
            panel: property("--panel"),
            font: property("--font"),
            hatches,
        }
    }

    /// The colour of that index.
    pub fn colour(&self, index: u8) -> &str {
        self.colours.get(usize::from(index)).or(self.colours.last()).map_or("#ff00ff", String::as_str)
    }
}

/// Diagonal stripes of a colour on a breath of the same.
fn hatch(colour: &str) -> Option<CanvasPattern> {
    const SIDE: f64 = 8.0;
    let document = web_sys::window()?.document()?;
    let canvas: HtmlCanvasElement = document.create_element("canvas").ok()?.dyn_into().ok()?;
    canvas.set_width(SIDE as u32);
    canvas.set_height(SIDE as u32);
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    context.set_fill_style_str(colour);
    context.set_global_alpha(0.14);
    context.fill_rect(0.0, 0.0, SIDE, SIDE);
    context.set_global_alpha(0.8);
    context.set_stroke_style_str(colour);
    context.set_line_width(2.0);
    context.begin_path();
    for shift in [-SIDE, 0.0, SIDE] {
        context.move_to(shift - 1.0, SIDE + 1.0);
        context.line_to(shift + SIDE + 1.0, -1.0);
    }
    context.stroke();
    context.create_pattern_with_html_canvas_element(&canvas, "repeat").ok().flatten()
}

//! Colours as the style sheet has them, read once per theme and screen.

use wasm_bindgen::JsCast;
use web_sys::{CanvasPattern, CanvasRenderingContext2d, CssStyleDeclaration, HtmlCanvasElement, HtmlElement};

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
    /// Hatching, one per colour. Its pixels are the device's: it is filled without a transform.
    pub hatches: Vec<Option<CanvasPattern>>,
}

impl Palette {
    /// The palette that holds now, for canvases of `scale` device pixels in a unit.
    pub fn read(scale: f64) -> Self {
        let probe = Probe::new();
        let colour = |name: &str| {
            probe.as_ref().and_then(|probe| probe.colour(name)).unwrap_or_else(|| "#ff00ff".to_owned())
        };
        let colours: Vec<String> = (0..=NEUTRAL).map(|i| colour(&format!("--hue-{i}"))).collect();
        let hatches = colours.iter().map(|c| hatch(c, scale)).collect();
        Self {
            colours,
            on_bar: colour("--on-bar"),
            ink: colour("--ink"),
            line: colour("--line"),
            quiet: colour("--faint"),
            focus: colour("--focus"),
            bad: colour("--bad"),
            panel: colour("--panel"),
            font: probe.and_then(|probe| probe.font()).unwrap_or_else(|| "sans-serif".to_owned()),
            hatches,
        }
    }

    /// The colour of that index.
    pub fn colour(&self, index: u8) -> &str {
        self.colours.get(usize::from(index)).or(self.colours.last()).map_or("#ff00ff", String::as_str)
    }
}

/// An element that the browser computes colours for. A property's own text would not do: system colours, which forced
/// colours are made of, mean something else on a canvas.
struct Probe {
    element: HtmlElement,
    style: CssStyleDeclaration,
}

impl Probe {
    fn new() -> Option<Self> {
        let window = web_sys::window()?;
        let document = window.document()?;
        let element: HtmlElement = document.create_element("i").ok()?.dyn_into().ok()?;
        let style = element.style();
        style.set_property("display", "none").ok()?;
        style.set_property("forced-color-adjust", "none").ok()?;
        document.body()?.append_child(&element).ok()?;
        let style = window.get_computed_style(&element).ok()??;
        Some(Self { element, style })
    }

    /// The colour that a property stands for; `None` if there is no such property.
    fn colour(&self, name: &str) -> Option<String> {
        let there = self.style.get_property_value(name).ok().filter(|value| !value.trim().is_empty());
        self.element.style().set_property("color", &format!("var({})", there.map(|_| name)?)).ok()?;
        self.style.get_property_value("color").ok()
    }

    fn font(&self) -> Option<String> {
        let font = self.style.get_property_value("--font").ok()?;
        Some(font.trim().to_owned()).filter(|font| !font.is_empty())
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.element.remove();
    }
}

/// Diagonal stripes of a colour on a breath of the same, in device pixels.
fn hatch(colour: &str, scale: f64) -> Option<CanvasPattern> {
    const SIDE: f64 = 8.0;
    let document = web_sys::window()?.document()?;
    let canvas: HtmlCanvasElement = document.create_element("canvas").ok()?.dyn_into().ok()?;
    // Whole pixels, or the stripes would not meet at the tiles' edges.
    let side = (SIDE * scale).round().max(1.0);
    canvas.set_width(side as u32);
    canvas.set_height(side as u32);
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    context.scale(side / SIDE, side / SIDE).ok()?;
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

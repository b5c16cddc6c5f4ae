//! The lanes as a picture of their own: an SVG as text, drawn from the same layout as the page's canvas ([`super::lanes`]).
//!
//! ```text
//! RunModel ─▶ lanes::layout, scale::axis ─┬─▶ lanes()   a file: its colours are in it, light, dark or as the reader has it
//!                                         └─▶ inline()  a part of a page: classes only, colours from www/styles/first.css
//! ```
//! A file works in `<img>`, in other programs and on paper: no script, no font, nothing from outside. All texts that come
//! from a scenario are escaped. The same run gives the same bytes on every machine.

use std::fmt::Write;

use evm_lanes_core::units::Ticks;

use super::format::count;
use super::lanes::{Arrow, Bar, Metrics, NEUTRAL, Pattern, all_arrows, layout};
use super::limits::Side;
use super::model::RunModel;
use super::scale::{AxisMark, CssPx, TimeScale, Viewport, axis};
use super::sentence;

/// Whose colours a picture has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Light or dark, as the program that shows it prefers.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// Words below a picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caption {
    /// What it shows.
    pub what: String,
    /// The link to it; empty: none.
    pub link: String,
}

/// How a picture is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct SvgOptions {
    /// Its width, in CSS pixels. At least [`LEAST_WIDTH`].
    pub width: f64,
    /// Its colours.
    pub theme: Theme,
    /// The words below it.
    pub caption: Option<Caption>,
    /// Show only what had happened by then; how an attempt ends that still runs is not shown. `None`: the whole run.
    pub until: Option<Ticks>,
}

impl Default for SvgOptions {
    fn default() -> Self {
        Self { width: 840.0, theme: Theme::Auto, caption: None, until: None }
    }
}

/// Narrower pictures are made this wide.
pub const LEAST_WIDTH: f64 = 200.0;

/// The lanes of a run as an SVG file.
pub fn lanes(model: &RunModel, options: &SvgOptions) -> String {
    let drawing = Drawing::new(model, options.width, options.until);
    drawing.svg("lanes", Some(&colours(options.theme)), options.caption.as_ref())
}

/// The same, and time passes in it, in steps, again and again: what has not happened yet is covered. Who wants no motion
/// sees the whole run.
pub fn moving(model: &RunModel, options: &SvgOptions) -> String {
    const SECONDS: u32 = 14;
    const STEPS: u32 = 56;
    let drawing = Drawing { moves: true, ..Drawing::new(model, options.width, options.until) };
    let width = number(drawing.scale.width.0);
    // The last seventh is a pause, in which the whole run is seen.
    let style = format!(
        "{}.cover{{transform:translateX({width}px)}}@media (prefers-reduced-motion:no-preference){{\
         .cover{{animation:pass {SECONDS}s steps({STEPS},end) infinite}}}}\
         @keyframes pass{{0%{{transform:translateX(0)}}86%,100%{{transform:translateX({width}px)}}}}",
        colours(options.theme)
    );
    drawing.svg("lanes", Some(&style), options.caption.as_ref())
}

fn colours(theme: Theme) -> String {
    match theme {
        Theme::Auto => {
            format!("{}@media (prefers-color-scheme:dark){{{}}}", rules(&LIGHT), rules(&DARK))
        }
        Theme::Light => rules(&LIGHT),
        Theme::Dark => rules(&DARK),
    }
}

/// The same as a part of a page, without colours: the classes are those of `www/styles/first.css`. `id` begins its ids.
pub fn inline(model: &RunModel, width: f64, id: &str) -> String {
    Drawing::new(model, width, None).svg(id, None, None)
}

/// A part of the time of a run as a part of a page, likewise, and without its legend.
pub(super) fn part(model: &RunModel, width: f64, view: Viewport, id: &str) -> String {
    let mut drawing = Drawing { has_legend: false, ..Drawing::of(model, width, view) };
    let right = drawing.scale.width.0;
    for bar in &mut drawing.bars {
        let (start, end) = (bar.rect.x.max(0.0), (bar.rect.x + bar.rect.w).min(right));
        (bar.rect.x, bar.rect.w) = (start, (end - start).max(0.0));
    }
    drawing.arrows.retain(|arrow| {
        let (from, to) = (arrow.from.0.0, arrow.to.0.0);
        from.max(to) >= 0.0 && from.min(to) <= right
    });
    drawing.svg(id, None, None)
}

/// The colours of a page that holds such pictures, light or dark as the reader has it: those of the classes, and the page's own
/// as properties.
pub(super) fn page_colours() -> String {
    let own = |palette: &Palette| {
        let Palette { ink, faint, line, bad, panel, sunk, .. } = palette;
        format!(
            ":root{{--ink:{ink};--faint:{faint};--line:{line};--bad:{bad};--panel:{panel};--sunk:{sunk}}}{}",
            rules(palette)
        )
    };
    format!("{}@media (prefers-color-scheme:dark){{{}}}", own(&LIGHT), own(&DARK))
}

/// The colours of a picture: those of `www/styles/tokens.css`, which a test compares.
struct Palette {
    hues: [&'static str; NEUTRAL as usize + 1],
    on_bar: &'static str,
    ink: &'static str,
    faint: &'static str,
    line: &'static str,
    bad: &'static str,
    panel: &'static str,
    sunk: &'static str,
}

const LIGHT: Palette = Palette {
    hues: ["#0069a6", "#007a5a", "#b0478a", "#9a6100", "#6a55c2", "#5c6b00", "#5f6673", "#9aa0ab"],
    on_bar: "#ffffff",
    ink: "#1d2129",
    faint: "#646b79",
    line: "#e4e1d9",
    bad: "#b84a00",
    panel: "#ffffff",
    sunk: "#f3f1ec",
};

const DARK: Palette = Palette {
    hues: ["#56a9de", "#3cc79f", "#e0a1c4", "#f0b840", "#b3a4f5", "#c3cf5a", "#a7adb9", "#6c7381"],
    on_bar: "#14161a",
    ink: "#e8e6e1",
    faint: "#979eab",
    line: "#2b2f37",
    bad: "#f79a60",
    panel: "#1b1e24",
    sunk: "#15171b",
};

/// A rule for each class that a drawing uses. `www/styles/first.css` has the same with the page's tokens.
fn rules(palette: &Palette) -> String {
    let mut css = String::new();
    for (i, hue) in palette.hues.iter().enumerate() {
        let _ = write!(css, ".c{i}{{fill:{hue}}}.k{i}{{stroke:{hue}}}");
    }
    let Palette { on_bar, ink, faint, line, bad, panel, sunk, .. } = palette;
    let _ = write!(
        css,
        ".paper{{fill:{panel}}}.ground{{fill:{sunk}}}.grid{{stroke:{line}}}.ink{{fill:{ink}}}.faint{{fill:{faint}}}\
         .on{{fill:{on_bar}}}.off{{fill:{ink};stroke:{panel}}}.dots{{stroke:{faint}}}.halo{{stroke:{panel}}}\
         .bad{{stroke:{bad}}}.tip{{fill:{bad}}}"
    );
    css
}

const TEXT: f64 = 12.0;
const SMALL: f64 = 11.0;
/// At least as wide as a character of [`TEXT`] is on average.
const CHARACTER: f64 = 7.0;
/// And one of [`SMALL`].
const SMALL_CHARACTER: f64 = 6.4;
/// Between one line of text and the next.
const LINE: f64 = 18.0;
/// Height of the axis above the lanes.
const AXIS: f64 = 18.0;
/// Free space at the edges.
const EDGE: f64 = 8.0;
/// From this width on lanes are named in words.
const WIDE: f64 = 480.0;
/// Bars narrower than this have no corners and no text, and are drawn together: pictures of long runs stay small.
const NARROW: f64 = 3.0;
/// Longer labels and titles are cut.
const MOST_LABEL: usize = 40;
/// Longer links are not written below a picture: nobody types them.
const MOST_LINK_LINES: usize = 4;

/// What a picture is made of.
struct Drawing<'a> {
    model: &'a RunModel,
    width: f64,
    /// Where the lanes begin.
    left: f64,
    scale: TimeScale,
    metrics: Metrics,
    bars: Vec<Bar>,
    arrows: Vec<Arrow>,
    marks: Vec<AxisMark>,
    /// Whether time passes in it.
    moves: bool,
    /// Whether it says what colours and patterns mean.
    has_legend: bool,
}

impl<'a> Drawing<'a> {
    fn new(model: &'a RunModel, width: f64, until: Option<Ticks>) -> Self {
        let mut drawing = Self::of(model, width, Viewport::whole(model.duration()));
        if let Some(until) = until {
            let end = drawing.scale.px_from_time(until.as_f64()).0;
            drawing.bars = drawing.bars.into_iter().filter_map(|bar| cut(bar, end)).collect();
            drawing.arrows.retain(|arrow| arrow.from.0.0 <= end && arrow.to.0.0 <= end);
        }
        drawing
    }

    fn of(model: &'a RunModel, width: f64, view: Viewport) -> Self {
        let width = if width.is_finite() { width.clamp(LEAST_WIDTH, 10_000.0) } else { LEAST_WIDTH };
        let left = if width >= WIDE { 60.0 } else { 30.0 };
        let scale = TimeScale { view, width: CssPx(width - left - EDGE) };
        let metrics = Metrics::for_lanes(model.report.lanes);
        let bars = layout(model, scale, metrics, Default::default()).bars;
        let arrows = all_arrows(model, scale, metrics);
        let marks = axis(scale, CssPx(96.0), model.unit());
        Self { model, width, left, scale, metrics, bars, arrows, marks, moves: false, has_legend: true }
    }

    fn svg(&self, id: &str, style: Option<&str>, caption: Option<&Caption>) -> String {
        let model = self.model;
        let lanes = self.metrics.height(model.report.lanes);
        let top = AXIS + EDGE / 2.0;
        let end = top + lanes + EDGE;
        let (legend, below) = if self.has_legend { self.legend(id, end) } else { (String::new(), end) };
        let (words, height) = match caption {
            Some(caption) => self.caption(caption, below),
            None => (String::new(), below),
        };
        let (w, h) = (number(self.width), number(height + EDGE / 2.0));
        let mut out = String::new();
        let _ = write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\" \
             aria-labelledby=\"{id}-title {id}-desc\" font-family=\"system-ui, sans-serif\" font-size=\"{}\">\
             <title id=\"{id}-title\">{}</title><desc id=\"{id}-desc\">{}</desc>",
            number(TEXT),
            escape(&format!("{}. {}", shortened(&model.report.title), sentence::headline(model))),
            escape(&sentence::lanes_summary(model)),
        );
        if let Some(style) = style {
            let _ = write!(out, "<style>{style}</style>");
        }
        out.push_str("<defs>");
        let _ = write!(
            out,
            "<clipPath id=\"{id}-field\"><rect width=\"{}\" height=\"{}\"/></clipPath>",
            number(self.scale.width.0),
            number(lanes)
        );
        for colour in 0..=NEUTRAL {
            let used = self.bars.iter().any(|bar| bar.pattern == Pattern::Hatched && bar.colour == colour);
            // The legend's own is always there.
            if used || colour == NEUTRAL {
                hatch(&mut out, id, colour);
            }
        }
        out.push_str("</defs>");
        let _ = write!(out, "<rect class=\"paper\" width=\"{w}\" height=\"{h}\"/>");
        self.axis(&mut out);
        self.names(&mut out, top);
        let _ = write!(
            out,
            "<g transform=\"translate({} {})\" clip-path=\"url(#{id}-field)\">",
            number(self.left),
            number(top)
        );
        self.grid(&mut out, lanes);
        self.bars(&mut out, id);
        for arrow in &self.arrows {
            draw_arrow(&mut out, arrow);
        }
        if self.moves {
            let (w, h) = (number(self.scale.width.0), number(lanes));
            let _ = write!(out, "<rect class=\"ground cover\" width=\"{w}\" height=\"{h}\"/>");
        }
        out.push_str("</g>");
        out.push_str(&legend);
        out.push_str(&words);
        out.push_str("</svg>");
        out
    }

    fn axis(&self, out: &mut String) {
        let _ = write!(out, "<g class=\"faint\" font-size=\"{}\">", number(SMALL));
        for mark in &self.marks {
            let (dx, anchor) = match mark.side {
                Some(Side::Before) => (-4.0, " text-anchor=\"end\""),
                Some(Side::After) => (4.0, ""),
                Some(Side::Centre) => (0.0, " text-anchor=\"middle\""),
                None => continue,
            };
            let x = number(self.left + mark.x.0 + dx);
            let _ = write!(out, "<text x=\"{x}\" y=\"14\"{anchor}>{}</text>", escape(&mark.text));
        }
        out.push_str("</g>");
    }

    /// The lanes' numbers: of thin lanes only some, so that they can be read.
    fn names(&self, out: &mut String, top: f64) {
        let every = self.metrics.named();
        let words = if every == 1 && self.width >= WIDE { "Lane " } else { "" };
        let _ = write!(out, "<g class=\"faint\" font-size=\"{}\" text-anchor=\"end\">", number(SMALL));
        for lane in (0..self.model.report.lanes).step_by(usize::from(every)) {
            let middle = if every == 1 { self.metrics.row / 2.0 + 4.0 } else { 9.0 };
            let y = number(top + f64::from(lane) * self.metrics.row + middle);
            let _ =
                write!(out, "<text x=\"{}\" y=\"{y}\">{words}{}</text>", number(self.left - 7.0), lane + 1);
        }
        out.push_str("</g>");
    }

    fn grid(&self, out: &mut String, height: f64) {
        let (w, h) = (number(self.scale.width.0), number(height));
        let _ = write!(out, "<rect class=\"ground\" width=\"{w}\" height=\"{h}\"/>");
        let mut d = String::new();
        for mark in &self.marks {
            let _ = write!(d, "M{} 0V{h}", number(mark.x.0.round() + 0.5));
        }
        // Between thin lanes a line would be most of what is seen.
        for lane in (1..=self.model.report.lanes).filter(|_| self.metrics.row >= 10.0) {
            let _ = write!(d, "M0 {}H{w}", number((f64::from(lane) * self.metrics.row).round() - 0.5));
        }
        let _ = write!(out, "<path class=\"grid\" d=\"{d}\"/>");
    }

    fn bars(&self, out: &mut String, id: &str) {
        out.push_str("<g class=\"bars\">");
        let is_narrow = |bar: &&Bar| bar.rect.w < NARROW && bar.pattern != Pattern::Dotted;
        for colour in 0..=NEUTRAL {
            for pattern in [Pattern::Solid, Pattern::Hatched, Pattern::Pale, Pattern::Overhead] {
                let mut d = String::new();
                let these = self.bars.iter().filter(|bar| (bar.colour, bar.pattern) == (colour, pattern));
                for Bar { rect, .. } in these.filter(is_narrow) {
                    let (x, y, w, h) = (number(rect.x), number(rect.y), number(rect.w), number(rect.h));
                    let _ = write!(d, "M{x} {y}h{w}v{h}h-{w}z");
                }
                if !d.is_empty() {
                    let (class, opacity) = flat(colour, pattern);
                    let _ = write!(out, "<path class=\"{class}\"{opacity} d=\"{d}\"/>");
                }
            }
        }
        for bar in self.bars.iter().filter(|bar| !is_narrow(bar)) {
            draw_bar(out, bar, id);
        }
        out.push_str("</g>");
        for bar in &self.bars {
            draw_text(out, bar);
        }
    }

    /// What colours and patterns mean, from that height on; and where it ends.
    fn legend(&self, id: &str, top: f64) -> (String, f64) {
        const MOST: usize = 7;
        let mut flow =
            Flow { out: String::new(), x: self.left, y: top, left: self.left, right: self.width - EDGE };
        for label in self.model.labels.iter().take(MOST) {
            let text = if label.text.is_empty() { "transaction" } else { &label.text };
            let class = format!("class=\"c{}\"", label.colour);
            flow.entry(&format!("<rect {class} width=\"12\" height=\"10\" rx=\"2\"/>"), text);
        }
        let more = self.model.labels.len().saturating_sub(MOST);
        if more > 0 {
            flow.entry("", &format!("and {more} more"));
        }
        let there = |pattern| self.bars.iter().any(|bar| bar.pattern == pattern);
        for (pattern, swatch, text) in [
            (
                Pattern::Solid,
                format!("<rect class=\"c{NEUTRAL}\" width=\"16\" height=\"10\" rx=\"2\"/>"),
                "committed",
            ),
            (
                Pattern::Hatched,
                format!(
                    "<rect class=\"k{NEUTRAL}\" fill=\"url(#{id}-h{NEUTRAL})\" width=\"16\" height=\"10\" rx=\"2\"/>"
                ),
                "aborted or blocked, ran again",
            ),
            (
                Pattern::Pale,
                format!("<rect class=\"c{NEUTRAL}\" opacity=\".4\" y=\"3\" width=\"16\" height=\"4\"/>"),
                "validating",
            ),
            (Pattern::Dotted, format!("<path {DOTS} d=\"M0 5H16\"/>"), "waiting"),
        ] {
            if there(pattern) {
                flow.entry(&swatch, text);
            }
        }
        let end = flow.y + LINE;
        (flow.out, end)
    }

    /// The words below, from that height on; and where they end.
    fn caption(&self, caption: &Caption, top: f64) -> (String, f64) {
        let room = ((self.width - 2.0 * EDGE) / CHARACTER) as usize;
        let mut lines: Vec<(&str, String)> =
            wrapped(&caption.what, room).into_iter().map(|line| ("ink", line)).collect();
        let link: Vec<char> = caption.link.chars().collect();
        if link.len() > room * MOST_LINK_LINES {
            let length = count(link.len() as u64);
            lines.push(("faint", format!("The link has {length} characters: too long to be written here.")));
        } else {
            lines.extend(link.chunks(room.max(1)).map(|line| ("faint", line.iter().collect())));
        }
        let (mut out, mut y) = (String::new(), top);
        for (class, line) in lines {
            let (x, base) = (number(EDGE), number(y + TEXT + 1.0));
            let _ = write!(out, "<text class=\"{class}\" x=\"{x}\" y=\"{base}\">{}</text>", escape(&line));
            y += LINE;
        }
        (out, y)
    }
}

const DOTS: &str = "class=\"dots\" stroke-width=\"2\" stroke-dasharray=\"2 3\"";

/// Texts beside their swatches, one after the other, in lines.
struct Flow {
    out: String,
    x: f64,
    y: f64,
    left: f64,
    right: f64,
}

impl Flow {
    fn entry(&mut self, swatch: &str, text: &str) {
        let text = shortened(text);
        let indent = if swatch.is_empty() { 0.0 } else { 21.0 };
        let width = indent + text.chars().count() as f64 * SMALL_CHARACTER;
        if self.x + width > self.right && self.x > self.left {
            (self.x, self.y) = (self.left, self.y + LINE);
        }
        let _ = write!(
            self.out,
            "<g transform=\"translate({} {})\">{swatch}<text class=\"faint\" font-size=\"{}\" x=\"{}\" y=\"9\">{}</text></g>",
            number(self.x),
            number(self.y),
            number(SMALL),
            number(indent),
            escape(&text)
        );
        self.x += width + 12.0;
    }
}

/// A bar as it was at `end`, in pixels; `None` if it had not begun. How an attempt ends that still runs is not known yet.
fn cut(mut bar: Bar, end: f64) -> Option<Bar> {
    if bar.rect.x >= end {
        return None;
    }
    if bar.rect.x + bar.rect.w > end {
        bar.rect.w = end - bar.rect.x;
        if matches!(bar.pattern, Pattern::Solid | Pattern::Hatched) {
            bar.pattern = Pattern::Pale;
        }
    }
    Some(bar)
}

/// Class and opacity of a bar that is one colour.
fn flat(colour: u8, pattern: Pattern) -> (String, &'static str) {
    match pattern {
        Pattern::Solid => (format!("c{colour}"), ""),
        Pattern::Hatched => (format!("c{colour}"), " opacity=\".45\""),
        Pattern::Pale => (format!("c{colour}"), " opacity=\".4\""),
        Pattern::Dotted | Pattern::Overhead => ("faint".to_owned(), " opacity=\".35\""),
    }
}

fn draw_bar(out: &mut String, bar: &Bar, id: &str) {
    let r = bar.rect;
    let (x, y, w, h) = (number(r.x), number(r.y), number(r.w), number(r.h));
    let place = format!("x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\"");
    let radius = number(4.0_f64.min(r.w / 4.0).min(r.h / 2.0));
    let colour = bar.colour;
    let _ = match bar.pattern {
        Pattern::Solid => write!(out, "<rect class=\"c{colour}\" {place} rx=\"{radius}\"/>"),
        Pattern::Hatched if r.h >= 6.0 => {
            write!(out, "<rect class=\"k{colour}\" fill=\"url(#{id}-h{colour})\" {place} rx=\"{radius}\"/>")
        }
        Pattern::Dotted => {
            let middle = number(r.y + r.h / 2.0);
            write!(out, "<path {DOTS} d=\"M{} {middle}H{}\"/>", number(r.x + 2.0), number(r.x + r.w - 1.0))
        }
        pattern => {
            let (class, opacity) = flat(colour, pattern);
            write!(out, "<rect class=\"{class}\"{opacity} {place}/>")
        }
    };
}

fn draw_text(out: &mut String, bar: &Bar) {
    let Some(text) = &bar.text else { return };
    let r = bar.rect;
    // Only an estimate of its width is known: what nearly fills the bar stands in its middle.
    let is_tight = text.chars().count() as f64 * CHARACTER + 14.0 > r.w;
    let (x, anchor) = if is_tight { (r.x + r.w / 2.0, " text-anchor=\"middle\"") } else { (r.x + 7.0, "") };
    let class = match bar.pattern {
        Pattern::Solid => "class=\"on\"",
        // On hatching a text needs a quiet ground to be read.
        _ => "class=\"off\" stroke-width=\"4\" stroke-linejoin=\"round\" paint-order=\"stroke\"",
    };
    let y = number(r.y + r.h / 2.0 + 4.5);
    let _ = write!(
        out,
        "<text {class} font-weight=\"600\" x=\"{}\" y=\"{y}\"{anchor}>{}</text>",
        number(x),
        escape(text)
    );
}

/// A curve that bulges to the right of both ends, with its point on the spoiled attempt.
fn draw_arrow(out: &mut String, arrow: &Arrow) {
    let ((x0, y0), (x1, y1)) = ((arrow.from.0.0, arrow.from.1.0), (arrow.to.0.0, arrow.to.1.0));
    let bend = 20.0 + (x0 - x1).abs().min(80.0) * 0.25;
    let n = number;
    let curve = format!(
        "M{} {}C{} {} {} {} {} {}",
        n(x0),
        n(y0),
        n(x0 + bend),
        n(y0),
        n(x1 + bend),
        n(y1),
        n(x1 + 6.0),
        n(y1)
    );
    let _ = write!(
        out,
        "<g fill=\"none\"><path class=\"halo\" stroke-width=\"5\" d=\"{curve}\"/>\
         <path class=\"bad\" stroke-width=\"2\" d=\"{curve}\"/>\
         <circle class=\"tip\" cx=\"{}\" cy=\"{}\" r=\"3.5\"/>\
         <path class=\"tip\" d=\"M{} {}l10 -5v10z\"/></g>",
        n(x0),
        n(y0),
        n(x1),
        n(y1)
    );
}

/// Diagonal stripes of a colour on a breath of the same.
fn hatch(out: &mut String, id: &str, colour: u8) {
    let _ = write!(
        out,
        "<pattern id=\"{id}-h{colour}\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">\
         <rect class=\"c{colour}\" opacity=\".14\" width=\"8\" height=\"8\"/>\
         <path class=\"k{colour}\" opacity=\".8\" stroke-width=\"2\" d=\"M-1 1L1 -1M-1 9L9 -1M7 9L9 7\"/></pattern>"
    );
}

/// With at most one decimal, and none where there is none.
fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= MOST_LABEL {
        return text.to_owned();
    }
    let start: String = text.chars().take(MOST_LABEL - 1).collect();
    format!("{start}…")
}

/// A text in lines of at most that many characters, broken between words. A longer word has a line of its own and is cut.
fn wrapped(text: &str, room: usize) -> Vec<String> {
    let room = room.max(8);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word: String = word.chars().take(room).collect();
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// A text as XML and HTML take it. Characters that XML has no place for become replacement characters.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn document(svg: &str) -> roxmltree::Document<'_> {
        roxmltree::Document::parse(svg).unwrap_or_else(|error| panic!("{error}: {svg}"))
    }

    /// The elements in the group of bars of which `is` holds.
    fn bars(svg: &str, is: impl Fn(&roxmltree::Node) -> bool) -> usize {
        let document = document(svg);
        let group = document.descendants().find(|node| node.attribute("class") == Some("bars")).unwrap();
        group.descendants().filter(roxmltree::Node::is_element).filter(is).count()
    }

    fn is_solid(node: &roxmltree::Node) -> bool {
        let class = node.attribute("class").unwrap_or_default();
        class.starts_with('c') && node.attribute("opacity").is_none()
    }

    fn is_hatched(node: &roxmltree::Node) -> bool {
        node.attribute("fill").is_some_and(|fill| fill.starts_with("url(#"))
    }

    #[test]
    fn there_is_a_bar_for_each_attempt_and_an_arrow_for_each_spoiled_one() {
        let model = sample::pool();
        let svg = lanes(&model, &SvgOptions::default());
        let committed = model.trace.attempts.len() - model.lost_attempts();
        assert_eq!((bars(&svg, is_solid), bars(&svg, is_hatched)), (committed, model.lost_attempts()));
        let document = document(&svg);
        let arrows = document.descendants().filter(|node| node.attribute("class") == Some("bad")).count();
        assert_eq!(arrows, model.trace.attempts.iter().filter(|a| a.cause.is_some()).count());
        let texts: Vec<&str> = document.descendants().filter_map(|node| node.text()).collect();
        for text in [
            "Lane 1",
            "Lane 2",
            "2  swap",
            "2 ²  swap",
            "0 µs",
            "aborted or blocked, ran again",
            "validating",
        ] {
            assert!(texts.contains(&text), "{text} is not among {texts:?}");
        }
    }

    #[test]
    fn a_picture_says_what_it_shows_to_those_who_do_not_see_it() {
        let model = sample::pool();
        let svg = lanes(&model, &SvgOptions::default());
        let document = document(&svg);
        let named = document.root_element().attribute("aria-labelledby").unwrap();
        assert_eq!(named, "lanes-title lanes-desc");
        let of =
            |id: &str| document.descendants().find(|node| node.attribute("id") == Some(id)).unwrap().text();
        assert!(of("lanes-title").unwrap().contains(&sentence::headline(&model)));
        assert_eq!(of("lanes-desc").unwrap(), sentence::lanes_summary(&model));
    }

    #[test]
    fn texts_from_outside_are_escaped() {
        let hostile = "</text><script>alert(1)</script>\u{0}\u{8}&\"'";
        let mut report = sample::pool_report();
        report.title = hostile.to_owned();
        for tx in &mut report.transactions {
            tx.label = hostile.to_owned();
        }
        let model = RunModel::new(report).unwrap();
        let caption = Caption { what: hostile.to_owned(), link: format!("https://lanes.example/?{hostile}") };
        let svg = lanes(&model, &SvgOptions { caption: Some(caption), ..SvgOptions::default() });
        let document = document(&svg);
        assert!(!document.descendants().any(|node| node.has_tag_name("script")));
        assert!(!svg.contains("<script"));
        assert!(document.descendants().any(|node| node.text().is_some_and(|text| text.contains("<script>"))));
    }

    #[test]
    fn a_file_has_its_colours_in_it_and_a_part_of_a_page_has_none() {
        let model = sample::pool();
        let with = |theme| lanes(&model, &SvgOptions { theme, ..SvgOptions::default() });
        let (auto, light, dark) = (with(Theme::Auto), with(Theme::Light), with(Theme::Dark));
        assert!(
            auto.contains("prefers-color-scheme:dark")
                && auto.contains("#0069a6")
                && auto.contains("#56a9de")
        );
        assert!(light.contains("#0069a6") && !light.contains("#56a9de"));
        assert!(!dark.contains("#0069a6") && dark.contains("#56a9de"));
        let part = inline(&model, 840.0, "first");
        document(&part);
        assert!(
            !part.contains("<style") && !part.contains("style=") && !part.contains("id=\"lanes-"),
            "{part}"
        );
    }

    #[test]
    fn the_colours_are_those_of_the_page() {
        let tokens = include_str!("../../../www/styles/tokens.css");
        let light = tokens.split("@media").next().unwrap();
        let (_, dark) = tokens.split_once(":root[data-theme=\"dark\"] {").unwrap();
        for (css, palette) in [(light, LIGHT), (dark, DARK)] {
            let is = |name: &str, colour: &str| {
                assert!(css.contains(&format!("--{name}: {colour};")), "--{name} is not {colour}");
            };
            for (i, hue) in palette.hues.iter().enumerate() {
                is(&format!("hue-{i}"), hue);
            }
            is("on-bar", palette.on_bar);
            is("ink", palette.ink);
            is("faint", palette.faint);
            is("line", palette.line);
            is("bad", palette.bad);
            is("panel", palette.panel);
            is("sunk", palette.sunk);
        }
    }

    #[test]
    fn the_page_has_the_same_rules_with_its_tokens() {
        let hues = ["0", "1", "2", "3", "4", "5", "6", "7"].map(|i| format!("var(--hue-{i})"));
        let css: String = include_str!("../../../www/styles/first.css").split_whitespace().collect();
        let has = |class: &str, what: &str| {
            assert!(css.contains(&format!(".picture.{class}{{{what};}}")), ".{class} {{ {what} }}");
        };
        for (i, hue) in hues.iter().enumerate() {
            has(&format!("c{i}"), &format!("fill:{hue}"));
            has(&format!("k{i}"), &format!("stroke:{hue}"));
        }
        for (class, what) in [
            ("paper", "fill:var(--panel)"),
            ("ground", "fill:var(--sunk)"),
            ("grid", "stroke:var(--line)"),
            ("ink", "fill:var(--ink)"),
            ("faint", "fill:var(--faint)"),
            ("on", "fill:var(--on-bar)"),
            ("off", "fill:var(--ink);stroke:var(--panel)"),
            ("dots", "stroke:var(--faint)"),
            ("halo", "stroke:var(--panel)"),
            ("bad", "stroke:var(--bad)"),
            ("tip", "fill:var(--bad)"),
        ] {
            has(class, what);
        }
        // And no rule is missing there: the classes of a file are these.
        assert_eq!(rules(&LIGHT).matches('{').count(), 16 + 11);
    }

    #[test]
    fn until_then_only_what_had_happened_is_drawn() {
        let model = sample::pool();
        let at = |until| lanes(&model, &SvgOptions { until: Some(Ticks(until)), ..SvgOptions::default() });
        let none = at(0);
        assert_eq!(bars(&none, |_| true), 1, "the group alone");
        // 0 and 2 run; that 2 will be aborted is not known yet.
        let early = at(50_000);
        assert_eq!((bars(&early, is_solid), bars(&early, is_hatched)), (0, 0));
        assert_eq!(bars(&early, |node| node.attribute("opacity") == Some(".4")), 2);
        assert!(!early.contains("class=\"bad\""), "no arrow yet");
        let whole = at(300_000);
        assert_eq!(whole, lanes(&model, &SvgOptions::default()));
    }

    #[test]
    fn in_a_moving_picture_time_passes_unless_nobody_wants_that() {
        let model = sample::pool();
        let svg = moving(&model, &SvgOptions::default());
        let document = document(&svg);
        let covers = document.descendants().filter(|node| node.attribute("class") == Some("ground cover"));
        assert_eq!(covers.count(), 1);
        assert!(svg.contains("prefers-reduced-motion:no-preference") && svg.contains("@keyframes pass"));
        assert!(!lanes(&model, &SvgOptions::default()).contains("cover"));
    }

    #[test]
    fn a_picture_of_a_long_run_grows_with_its_width_and_not_with_the_run() {
        let labels = ["pay", "swap", "mint"];
        let size =
            |transactions| lanes(&sample::many(transactions, 4, &labels), &SvgOptions::default()).len();
        assert!(size(20_000) < 200_000, "{}", size(20_000));
        assert!(size(40_000) < size(20_000) + 20_000);
    }

    #[test]
    fn every_width_and_number_of_lanes_gives_a_picture() {
        for lanes_of_run in [1, 2, 7, 16, 64, 256] {
            let model =
                sample::many(300, lanes_of_run, &["pay", "a label that is longer than most labels ever are"]);
            for width in [f64::NAN, 0.0, 320.0, 840.0, 1e9] {
                let caption =
                    Some(Caption { what: "A run".into(), link: "https://lanes.example/#1.abc".into() });
                let svg = lanes(&model, &SvgOptions { width, caption, ..SvgOptions::default() });
                document(&svg);
            }
        }
        document(&lanes(&sample::nothing(), &SvgOptions::default()));
    }

    #[test]
    fn a_link_that_nobody_types_is_not_written_below() {
        let model = sample::pool();
        let with = |link: &str| {
            let caption = Some(Caption { what: "What".into(), link: link.into() });
            lanes(&model, &SvgOptions { caption, ..SvgOptions::default() })
        };
        assert!(with("https://lanes.example/?s=one-pool").contains("https://lanes.example/?s=one-pool"));
        let long = with(&"x".repeat(5_000));
        assert!(long.contains("The link has 5,000 characters") && !long.contains("xxxx"));
    }

    #[test]
    fn words_are_kept_together_where_they_fit() {
        assert_eq!(wrapped("one two three four", 9), ["one two", "three", "four"]);
        assert_eq!(wrapped("abcdefghijkl m", 8), ["abcdefgh", "m"]);
        assert_eq!(wrapped("", 9), [""; 0]);
    }
}

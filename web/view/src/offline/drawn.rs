//! The graph and the curve as parts of the file: the same layouts as the page's, with the classes of the file's own style.

use std::fmt::Write;

use evm_lanes_core::messages::Curve;

use super::super::curve::{self, LANES, speed_up};
use super::super::format::factor;
use super::super::graph;
use super::super::model::RunModel;
use super::super::sentence::{self, strategy_name};
use super::super::svg::escape;

const GRAPH_HEIGHT: f64 = 440.0;
const CURVE_HEIGHT: f64 = 340.0;
/// Dashes of the curve's lines, by strategy, so that they are told apart without colours.
const DASHES: [&str; 6] = ["", "9 3", "2 3", "9 3 2 3", "14 4", "4 4"];

fn begin(out: &mut String, id: &str, (width, height): (f64, f64), title: &str) {
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\" aria-labelledby=\"{id}-title\"><title id=\"{id}-title\">{}</title>",
        escape(title)
    );
}

/// The dependencies, and what is left out of them, in words.
pub fn graph(model: &RunModel, width: f64) -> (String, Option<String>) {
    let picture = graph::layout(model, width, GRAPH_HEIGHT);
    let mut out = String::new();
    let title = format!("Dependency graph. {}", sentence::graph_summary(model));
    // No higher than what is in it.
    let ends = picture.nodes.iter().map(|node| node.y + node.r);
    let ends = ends.chain(picture.diamonds.iter().filter_map(|diamond| diamond.label.map(|label| label.y)));
    let height = ends.fold(40.0, f64::max) + 14.0;
    begin(&mut out, "drawn-graph", (picture.width, height.min(picture.height)), &title);
    for link in &picture.links {
        let class = if link.on_path { "link path" } else { "link" };
        let _ = write!(out, "<path class=\"{class}\" d=\"{}\"/>", escape(&link.path));
    }
    // Headings that do not run into each other.
    let mut last = f64::NEG_INFINITY;
    for wave in picture.waves.iter().filter(|wave| {
        let is_free = wave.x - last >= 58.0;
        last = if is_free { wave.x } else { last };
        is_free
    }) {
        let _ = write!(
            out,
            "<text class=\"wave\" text-anchor=\"middle\" x=\"{:.1}\" y=\"13\">wave {}</text>",
            wave.x, wave.wave
        );
    }
    for node in &picture.nodes {
        let _ = write!(
            out,
            "<circle class=\"c{}\" data-tx=\"{}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"{:.1}\"><title>{}</title></circle>",
            node.colour,
            node.tx,
            node.x,
            node.y,
            node.r,
            escape(&model.tx_name(node.tx))
        );
        if node.r >= 7.0 && (node.r >= 9.0 || node.tx.0 < 100) {
            let _ = write!(
                out,
                "<text class=\"node\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                node.x,
                node.y + 3.8,
                node.tx
            );
        }
    }
    for diamond in &picture.diamonds {
        let (x, y, r) = (diamond.x, diamond.y, diamond.r);
        let title = escape(&diamond.title);
        let _ = write!(
            out,
            "<path class=\"hot\" d=\"M{x:.1} {:.1}L{:.1} {y:.1}L{x:.1} {:.1}L{:.1} {y:.1}z\"><title>{title}</title></path>",
            y - r * 1.41,
            x + r * 1.41,
            y + r * 1.41,
            x - r * 1.41
        );
        if let Some(label) = diamond.label {
            let anchor = if label.ends { " text-anchor=\"end\"" } else { "" };
            let _ = write!(
                out,
                "<text class=\"hot-name\"{anchor} x=\"{:.1}\" y=\"{:.1}\">{title}</text>",
                label.x, label.y
            );
        }
    }
    out.push_str("</svg>");
    (out, picture.note)
}

/// The speed-up of every strategy over lanes.
pub fn curve(curve: &Curve, width: f64) -> String {
    let chart = curve::chart(curve, &LANES, width, CURVE_HEIGHT);
    let (left, top, right, bottom) = chart.field;
    let best = chart.lines.iter().filter_map(|line| {
        let points = line.points.iter().map(|(.., point)| point);
        let best = points.max_by(|a, b| speed_up(curve, a).total_cmp(&speed_up(curve, b)))?;
        let name = strategy_name(line.strategy);
        Some(format!("{name} reaches {} on {} lanes", factor(speed_up(curve, best)), best.lanes))
    });
    let title = format!("Speed-up over lanes. {}.", best.collect::<Vec<_>>().join("; "));
    let mut out = String::new();
    begin(&mut out, "drawn-curve", (width, CURVE_HEIGHT), &title);
    for (x, text) in &chart.across {
        let _ = write!(
            out,
            "<path class=\"grid\" fill=\"none\" d=\"M{0:.1} {top:.1}V{bottom:.1}\"/>\
             <text class=\"mark\" text-anchor=\"middle\" x=\"{0:.1}\" y=\"{1:.1}\">{2}</text>",
            x.0,
            bottom + 15.0,
            escape(text)
        );
    }
    for (y, text) in &chart.up {
        let _ = write!(
            out,
            "<path class=\"grid\" fill=\"none\" d=\"M{left:.1} {0:.1}H{right:.1}\"/>\
             <text class=\"mark\" text-anchor=\"end\" x=\"{1:.1}\" y=\"{2:.1}\">{3}</text>",
            y.0,
            left - 6.0,
            y.0 + 4.0,
            escape(text)
        );
    }
    let _ = write!(out, "<path class=\"limit\" d=\"{}\"/>", escape(&chart.work_limit));
    if let Some((y, text)) = &chart.path_limit {
        let _ = write!(
            out,
            "<path class=\"limit\" d=\"M{left:.1} {0:.1}H{right:.1}\"/>\
             <text class=\"limit-name\" x=\"{1:.1}\" y=\"{2:.1}\">{3}</text>",
            y.0,
            left + 6.0,
            y.0 - 4.0,
            escape(text)
        );
    }
    for line in &chart.lines {
        let colour = line.style % DASHES.len();
        let dash = DASHES[colour];
        let dash = if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
        let _ = write!(out, "<path class=\"line k{colour}\"{dash} d=\"{}\"/>", escape(&line.path));
        for (x, y, _) in &line.points {
            let _ =
                write!(out, "<circle class=\"c{colour}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.6\"/>", x.0, y.0);
        }
        let (x, y) = (line.name_at.0.0, line.name_at.1.0 + 4.0);
        let name = escape(strategy_name(line.strategy));
        let _ = write!(out, "<text class=\"line-name\" x=\"{x:.1}\" y=\"{y:.1}\">{name}</text>");
    }
    out.push_str("</svg>");
    out
}

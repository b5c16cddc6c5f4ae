//! A run as a page of its own: one HTML file that opens from a disk, without a server, an engine or a script.
//!
//! It holds what the page shows of a run, one view below the other, so that the browser's own search finds everything:
//! headline, figures, lanes (whole, and in parts of their time), graph, transactions, attempts, locations, time, the curve if
//! one was drawn; and the attempts as JSON for programs. All texts are escaped; the file's own policy forbids scripts and
//! whatever is not in it.

use std::fmt::Write;

use evm_lanes_core::messages::Curve;
use evm_lanes_core::trace::Outcome;
use evm_lanes_core::units::{Ticks, TxIndex};
use serde::Serialize;

use super::curve::{LANES, speed_up};
use super::format::{count, counted, factor, share};
use super::inspect;
use super::model::RunModel;
use super::record::{MAX_TRACE, Trace};
use super::scale::Viewport;
use super::sentence::{self, Piece};
use super::spent::{self, Part};
use super::svg::{self, Caption, escape};

mod drawn;

/// Tables have at most so many rows: browsers lay out a table as a whole.
const MOST_ROWS: usize = 5_000;
/// A part of the lanes shows about so many attempts of the busiest lane: their labels can be read.
const ATTEMPTS_OF_A_PART: usize = 20;
/// More parts are not drawn: then each shows more.
const MOST_PARTS: usize = 12;
/// Nor more lanes in all parts together.
const MOST_LANES_OF_PARTS: usize = 256;
/// The width of the pictures, in CSS pixels.
const WIDTH: f64 = 1060.0;

const STYLE: &str = "body{margin:0 auto;max-width:68rem;padding:1rem;background:var(--panel);color:var(--ink);\
    font:14px/1.45 system-ui,sans-serif}h1{font-size:1.25rem;margin:.4rem 0}h2{font-size:1.05rem;margin:2.2rem 0 .5rem}\
    h3{font-size:1rem;margin:1.4rem 0 .4rem}a{color:inherit}\
    nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:1rem 0 0;padding:.5rem 0;list-style:none;\
    border-block:1px solid var(--line)}nav a{display:inline-block;padding:.2rem 0}\
    table{border-collapse:collapse;font-variant-numeric:tabular-nums}caption{text-align:left;padding-bottom:.3rem}\
    th,td{padding:2px 14px 2px 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}\
    td:first-child,.n,.l{white-space:nowrap}.about td:last-child{min-width:17rem}.wide+.wide{margin-top:1.2rem}.n{text-align:right}.wide{overflow-x:auto}.wide>svg{display:block}\
    details{margin:.3rem 0}summary{cursor:pointer;padding:.2rem 0}code{overflow-wrap:anywhere}.note{color:var(--faint)}\
    .tag{display:inline-block;width:.7em;height:.7em;margin-right:.4em}\
    .wave,.mark{fill:var(--faint);font-size:11px}.node{fill:var(--panel);font-size:10.5px;font-weight:600;text-anchor:middle}\
    .link{fill:none;stroke:var(--faint);stroke-opacity:.55;stroke-width:1.3}.link.path{stroke:var(--ink);stroke-opacity:1;stroke-width:2.6}\
    .hot{fill:var(--panel);stroke:var(--bad);stroke-width:2}.hot-name{fill:var(--bad);font-size:11.5px;stroke:var(--panel);\
    stroke-width:4px;stroke-linejoin:round;paint-order:stroke}.limit{fill:none;stroke:var(--bad);stroke-width:1.5;stroke-dasharray:6 4}\
    .limit-name{fill:var(--bad);font-size:11.5px}.line{fill:none;stroke-width:1.8}.line-name{fill:var(--ink);font-size:11.5px}\
    @media print{nav{display:none}.wide{overflow:visible}.wide>svg{max-width:100%;height:auto}}";

/// The run as an HTML file. `caption` says what it is and has the link to it. `curve`: the speed-up over lanes of the same
/// scenario, if it was drawn.
pub fn html(model: &RunModel, caption: &Caption, curve: Option<&Curve>) -> String {
    let report = &model.report;
    let headline = sentence::headline(model);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">\
         <title>{}: {}</title><style>{}{STYLE}</style></head><body>\n<header><h1>{}: {}</h1>\n<p>{}</p>\n",
        escape(&report.title),
        escape(&headline),
        svg::page_colours(),
        escape(&report.title),
        escape(&headline),
        escape(&caption.what),
    );
    if !caption.link.is_empty() {
        let link = escape(&caption.link);
        let _ = writeln!(out, "<p>It is run again at <a href=\"{link}\"><code>{link}</code></a>.</p>");
    }
    out.push_str("<nav aria-label=\"Views\"><ul>");
    for (id, name, _) in VIEWS {
        let _ = write!(out, "<li><a href=\"#{id}\">{name}</a></li>");
    }
    out.push_str("</ul></nav></header>\n<main>\n");
    for (id, name, view) in VIEWS {
        let _ =
            writeln!(out, "<section id=\"{id}\" aria-labelledby=\"h-{id}\"><h2 id=\"h-{id}\">{name}</h2>");
        view(&mut out, model, curve);
        out.push_str("</section>\n");
    }
    out.push_str("</main></body></html>\n");
    out
}

/// The views in their order: id, heading, and what writes it.
type View = (&'static str, &'static str, fn(&mut String, &RunModel, Option<&Curve>));

const VIEWS: [View; 9] = [
    ("lanes", "Lanes", |out, model, _| lanes(out, model)),
    ("figures", "Figures", |out, model, _| figures(out, model)),
    ("graph", "Dependencies", |out, model, _| graph(out, model)),
    ("transactions", "Transactions", |out, model, _| transactions(out, model)),
    ("attempts", "Attempts", |out, model, _| attempts(out, model)),
    ("locations", "Locations", |out, model, _| locations(out, model)),
    ("time", "Time", |out, model, _| time(out, model)),
    ("curve", "Speed-up over lanes", |out, _, curve| speed_ups(out, curve)),
    ("data", "For programs", |out, model, _| data(out, model)),
];

/// What the run says, as HTML without style.
pub(super) fn story(model: &RunModel) -> String {
    pieces(model, sentence::story(model))
}

fn pieces(model: &RunModel, pieces: Vec<Piece>) -> String {
    pieces
        .into_iter()
        .map(|piece| match piece {
            Piece::Words(words) => escape(&words),
            Piece::Location(_, name) => format!("<code>{}</code>", escape(&name)),
            Piece::Tx(tx) => escape(&model.tx_name(tx)),
        })
        .collect()
}

/// Something that may be wider than the screen. It takes the focus, so that the keyboard scrolls it.
fn wide(out: &mut String, name: &str, what: &str) {
    let name = escape(name);
    let _ =
        writeln!(out, "<div class=\"wide\" role=\"group\" tabindex=\"0\" aria-label=\"{name}\">{what}</div>");
}

/// A cell: a text, a number (at the right), or a text behind a transaction's colour.
enum Cell {
    Text(String),
    Number(String),
    Tagged(u8, String),
}

fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

fn number(text: impl Into<String>) -> Cell {
    Cell::Number(text.into())
}

/// A table with a caption. Longer ones than [`MOST_ROWS`] say so. The heading of a column begins with `#` where it has numbers.
fn table(out: &mut String, title: &str, heads: &[&str], all: usize, rows: impl Iterator<Item = Vec<Cell>>) {
    // Where the last column holds sentences it stays wide enough to be read on a phone.
    let class = if heads.last() == Some(&"What it is") { " class=\"about\"" } else { "" };
    let mut written = format!("<table{class}><caption>{}</caption><thead><tr>", escape(title));
    for head in heads {
        let (class, head) = head.strip_prefix('#').map_or(("", *head), |head| (" class=\"n\"", head));
        let _ = write!(written, "<th scope=\"col\"{class}>{}</th>", escape(head));
    }
    written.push_str("</tr></thead><tbody>\n");
    for row in rows.take(MOST_ROWS) {
        written.push_str("<tr>");
        for cell in row {
            let _ = match cell {
                Cell::Text(text) => write!(written, "<td>{}</td>", escape(&text)),
                Cell::Number(text) => write!(written, "<td class=\"n\">{}</td>", escape(&text)),
                Cell::Tagged(colour, text) => write!(
                    written,
                    "<td class=\"l\"><svg class=\"tag c{}\" viewBox=\"0 0 1 1\" aria-hidden=\"true\"><rect width=\"1\" height=\"1\"/></svg>{}</td>",
                    colour,
                    escape(&text)
                ),
            };
        }
        written.push_str("</tr>\n");
    }
    written.push_str("</tbody></table>");
    wide(out, title, &written);
    if all > MOST_ROWS {
        let rest = count((all - MOST_ROWS) as u64);
        let _ = writeln!(out, "<p class=\"note\">{rest} more rows are left out.</p>");
    }
}

fn lanes(out: &mut String, model: &RunModel) {
    let _ = writeln!(out, "<p>{}</p>", story(model));
    wide(out, "The whole run", &svg::inline(model, WIDTH, "whole"));
    let busiest = model.lanes.iter().map(Vec::len).max().unwrap_or(0);
    let most = MOST_PARTS.min(MOST_LANES_OF_PARTS / usize::from(model.report.lanes.max(1)));
    let wanted = busiest.div_ceil(2 * ATTEMPTS_OF_A_PART);
    let parts = wanted.min(most);
    if parts < 2 {
        if wanted > 1 {
            out.push_str("<p class=\"note\">There are too many lanes to show the run in parts, too.</p>\n");
        }
        return;
    }
    let _ = writeln!(out, "<h3>In {}</h3>", counted(parts as u64, "part"));
    let length = model.duration() / parts as f64;
    for part in 0..parts {
        let view = Viewport { start: length * part as f64, end: length * (part + 1) as f64 };
        let name = format!(
            "{} to {}",
            model.ticks(Ticks::from_f64(view.start)),
            model.ticks(Ticks::from_f64(view.end))
        );
        let _ = write!(out, "<details><summary>{}</summary>", escape(&name));
        wide(out, &name, &svg::part(model, WIDTH, view, &format!("part-{part}")));
        out.push_str("</details>\n");
    }
}

fn figures(out: &mut String, model: &RunModel) {
    let report = &model.report;
    let (timing, analysis, verdict) = (&report.timing, &report.analysis, &report.verdict);
    let equal = match &verdict.difference {
        None => "equal to sequential execution".to_owned(),
        Some(difference) => format!("differs from sequential execution: {difference}"),
    };
    let rows = [
        ("Scheduled by", sentence::scheduled_by(model)),
        ("Lanes", sentence::lanes(model)),
        ("Times", sentence::taken_in_full(model)),
        ("Sequential", model.ticks(timing.sequential_median)),
        ("Parallel", model.ticks(timing.parallel_median)),
        ("Speed-up", model.speed_up_text()),
        ("Of a possible", factor(model.ceiling())),
        ("Run twice", count(analysis.rerun.into())),
        ("Aborts", count(analysis.aborts.into())),
        ("Wasted work", share(analysis.wasted)),
        ("Lanes busy", share(analysis.busy)),
        ("Gas used", count(verdict.gas_used.0)),
        ("Result", equal),
        ("Receipts root", verdict.receipts_root.clone()),
        ("State root", verdict.state_root.clone().unwrap_or_else(|| "not known".to_owned())),
        ("Trace", report.trace_hash.clone()),
    ];
    let rows = rows.into_iter().map(|(name, value)| vec![text(name), text(value)]);
    table(out, "Figures of the run", &["Figure", "Value"], 0, rows);
}

fn graph(out: &mut String, model: &RunModel) {
    let _ = writeln!(
        out,
        "<p>{} Waves from left to right; thick: the longest chain; ◇: a hot location.</p>",
        escape(&sentence::graph_summary(model))
    );
    let (drawing, note) = drawn::graph(model, WIDTH);
    wide(out, "Dependencies between transactions", &drawing);
    if let Some(note) = note {
        let _ = writeln!(out, "<p class=\"note\">{}.</p>", escape(&note));
    }
}

/// Positions of transactions; long lists are cut.
fn positions(txs: &[TxIndex]) -> String {
    const MOST: usize = 12;
    let mut text = txs.iter().take(MOST).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if txs.len() > MOST {
        let _ = write!(text, " and {} more", count((txs.len() - MOST) as u64));
    }
    text
}

fn transactions(out: &mut String, model: &RunModel) {
    let heads = [
        "#Transaction",
        "Label",
        "From",
        "To",
        "Call",
        "Result",
        "#Gas",
        "#Alone",
        "#Attempts",
        "Ran again because of",
        "#Lane",
        "#Wave",
        "Reads from",
    ];
    let rows = model.positions().filter_map(|tx| {
        let summary = model.report.transactions.get(tx.index())?;
        let lane = model.committed_attempt(tx).map(|attempt| (attempt.lane.0 + 1).to_string());
        let wave = model.report.analysis.waves.get(tx.index()).map(|wave| (wave + 1).to_string());
        Some(vec![
            number(tx.to_string()),
            Cell::Tagged(model.colour(tx), summary.label.clone()),
            text(summary.from.clone()),
            text(summary.to.clone().unwrap_or_else(|| "creates a contract".to_owned())),
            text(summary.call.clone().unwrap_or_default()),
            text(summary.status.clone()),
            number(count(summary.gas.0)),
            number(model.ticks(summary.sequential_time)),
            number(count(model.attempts_of.get(tx.index()).map_or(0, |attempts| attempts.len() as u64))),
            text(positions(&inspect::waited_for(model, tx))),
            number(lane.unwrap_or_default()),
            number(wave.unwrap_or_default()),
            text(positions(model.sources.get(tx.index())?)),
        ])
    });
    table(out, "Transactions in block order", &heads, model.transactions() as usize, rows);
}

fn attempts(out: &mut String, model: &RunModel) {
    let heads = ["#Transaction", "#Attempt", "#Lane", "#Start", "#End", "Outcome", "Because of"];
    let rows = model.trace.attempts.iter().map(|attempt| {
        let outcome = match attempt.outcome {
            Outcome::Committed => "committed",
            Outcome::Aborted => "aborted",
            Outcome::Blocked => "blocked",
        };
        let cause = attempt
            .cause
            .map(|cause| format!("{}, written by {}", model.location(cause.location), cause.writer.tx));
        vec![
            number(attempt.version.tx.to_string()),
            number(attempt.version.incarnation.number().to_string()),
            number((attempt.lane.0 + 1).to_string()),
            number(model.ticks(attempt.start)),
            number(model.ticks(attempt.end)),
            text(outcome),
            text(cause.unwrap_or_default()),
        ]
    });
    table(out, "Attempts by lane and time", &heads, model.trace.attempts.len(), rows);
}

fn locations(out: &mut String, model: &RunModel) {
    let analysis = &model.report.analysis;
    if analysis.hot.is_empty() {
        out.push_str("<p>No location made a transaction depend on another: all of them could have run at the same time.</p>\n");
        return;
    }
    let heads = ["Location", "#Dependencies", "#Writers", "#Readers", "#Aborts"];
    let rows = analysis.hot.iter().map(|hot| {
        vec![
            text(model.location(hot.location)),
            number(count(hot.edges.into())),
            number(count(hot.writers.into())),
            number(count(hot.readers.into())),
            number(count(hot.aborts.into())),
        ]
    });
    let title = "Locations that made transactions depend on each other, hottest first";
    table(out, title, &heads, analysis.hot.len(), rows);
    if analysis.attribution.is_empty() {
        return;
    }
    let all = model.report.timing.sequential_median.as_f64();
    let heads = ["Without", "#Steps of the chain", "#Shorter by", "#Path limit then"];
    let rows = analysis.attribution.iter().map(|cost| {
        let names: Vec<String> = cost.locations.iter().map(|location| model.location(*location)).collect();
        vec![
            text(names.join(", ")),
            number(count(cost.edges.into())),
            number(model.ticks(cost.saved)),
            number(factor(all / cost.path.as_f64().max(1.0))),
        ]
    });
    let title = "What costs most: how much shorter the longest chain would be if transactions did not share the location";
    table(out, title, &heads, analysis.attribution.len(), rows);
    let chain = positions(&analysis.critical_path);
    let _ = writeln!(out, "<p>On the chain: {}.</p>", escape(&chain));
}

fn time(out: &mut String, model: &RunModel) {
    let lanes = spent::by_lane(model);
    let total = spent::total(&lanes);
    let parts: Vec<(usize, Part)> =
        Part::ALL.into_iter().enumerate().filter(|(_, part)| part.is_of(model.is_simulated())).collect();
    let said = |ticks: f64, of: f64| if ticks > 0.0 { share(ticks / of.max(1.0)) } else { "–".to_owned() };
    let sum: f64 = total.iter().sum();
    let rows = parts.iter().map(|(i, part)| {
        let ticks = total[*i];
        let in_all = if ticks > 0.0 { model.ticks(Ticks::from_f64(ticks)) } else { "–".to_owned() };
        vec![text(part.name()), number(said(ticks, sum)), number(in_all), text(part.about())]
    });
    let title = format!("What the time of {} went into", counted(model.report.lanes.into(), "lane"));
    table(out, &title, &["All lanes", "#Share", "#In all", "What it is"], 0, rows);
    if lanes.len() < 2 {
        return;
    }
    let names: Vec<String> = parts.iter().map(|(_, part)| format!("#{}", part.name())).collect();
    let heads: Vec<&str> = std::iter::once("Lane").chain(names.iter().map(String::as_str)).collect();
    let rows = lanes.iter().enumerate().map(|(lane, own)| {
        let sum: f64 = own.iter().sum();
        let cells = parts.iter().map(|(i, _)| number(said(own[*i], sum)));
        std::iter::once(text((lane + 1).to_string())).chain(cells).collect()
    });
    table(out, "How each lane spent its time", &heads, lanes.len(), rows);
}

fn speed_ups(out: &mut String, curve: Option<&Curve>) {
    let Some(curve) = curve else {
        out.push_str("<p>The curve had not been drawn when this file was saved. The tab “Curve” of the page draws it.</p>\n");
        return;
    };
    let _ = writeln!(
        out,
        "<p>Every strategy on 1 to 256 simulated lanes, by {}, seed {}.</p>",
        escape(sentence::cost_name(curve.model.cost)),
        curve.model.seed
    );
    let strategies: Vec<_> = evm_lanes_core::strategies::StrategyId::ALL
        .into_iter()
        .filter(|strategy| !strategy.is_sequential() && curve.points.iter().any(|p| p.strategy == *strategy))
        .collect();
    wide(out, "Speed-up over lanes", &drawn::curve(curve, WIDTH));
    let names: Vec<String> =
        strategies.iter().map(|strategy| format!("#{}", sentence::strategy_name(*strategy))).collect();
    let heads: Vec<&str> = std::iter::once("#Lanes")
        .chain(names.iter().map(String::as_str))
        .chain(["#Limit: path", "#Limit: work"])
        .collect();
    let rows = LANES.iter().enumerate().map(|(i, lanes)| {
        let own = strategies.iter().map(|strategy| {
            let point = curve.points.iter().find(|p| p.strategy == *strategy && p.lanes == *lanes);
            number(point.map(|point| factor(speed_up(curve, point))).unwrap_or_default())
        });
        let limit = curve.limits.get(i);
        let limits = [limit.map(|l| factor(l.path)), limit.map(|l| factor(l.work))];
        std::iter::once(number(lanes.to_string()))
            .chain(own)
            .chain(limits.into_iter().map(|limit| number(limit.unwrap_or_default())))
            .collect()
    });
    table(out, "Speed-up by number of lanes", &heads, LANES.len(), rows);
}

/// What programs read of the file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    format: &'static str,
    title: &'a str,
    strategy: &'static str,
    clock: &'static str,
    /// What a tick is.
    unit: &'static str,
    sequential: f64,
    parallel: f64,
    equal: bool,
    trace: Trace,
}

fn data(out: &mut String, model: &RunModel) {
    let Some(trace) = Trace::of(model) else {
        let most = count(MAX_TRACE as u64);
        let _ = writeln!(
            out,
            "<p>The run has more than {most} attempts and spans, which this file leaves out.</p>"
        );
        return;
    };
    let report = &model.report;
    let data = Data {
        format: "evm-lanes-run/1",
        title: &report.title,
        strategy: report.strategy.name(),
        clock: report.clock.name(),
        unit: if model.is_simulated() { report.model.cost.unit() } else { "ns" },
        sequential: report.timing.sequential_median.as_f64(),
        parallel: report.timing.parallel_median.as_f64(),
        equal: report.verdict.difference.is_none(),
        trace,
    };
    // Fails only for maps with keys that are no texts; there are none. Within a script element nothing is escaped as HTML:
    // no `<` may stand there.
    let json = serde_json::to_string(&data).unwrap_or_default().replace('<', "\\u003c");
    let _ = writeln!(
        out,
        "<p>The element <code>script#run</code> of this file holds every attempt and span as JSON. It is data, and nothing runs.</p>\n\
         <script type=\"application/json\" id=\"run\">{json}</script>"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn caption() -> Caption {
        Caption { what: "A run".into(), link: "https://lanes.example/?s=one-pool&lanes=4".into() }
    }

    /// Without what XML has no words for: the head, and the data, which are no XML.
    fn body(html: &str) -> String {
        let (_, body) = html.split_once("<body>").unwrap();
        let body = match body.split_once("<script type=\"application/json\" id=\"run\">") {
            Some((before, rest)) => format!("{before}{}", rest.split_once("</script>").unwrap().1),
            None => body.to_owned(),
        };
        format!("<body>{}</body>", body.replace("</body></html>", "").trim())
    }

    fn json(html: &str) -> serde_json::Value {
        let (_, data) = html.split_once("<script type=\"application/json\" id=\"run\">").unwrap();
        serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap()
    }

    fn a_curve() -> Curve {
        use evm_lanes_core::analysis::Limits;
        use evm_lanes_core::messages::CurvePoint;
        use evm_lanes_core::model::CostModel;
        use evm_lanes_core::strategies::StrategyId;
        let point = |lanes: u16| CurvePoint {
            strategy: StrategyId::BLOCK_STM,
            lanes,
            duration: Ticks(1_000 / u64::from(lanes.min(4))),
            aborted: 0,
            wasted: Ticks(0),
            utilisation: 1.0,
        };
        Curve {
            model: CostModel::default(),
            sequential: Ticks(1_000),
            points: LANES.iter().map(|lanes| point(*lanes)).collect(),
            limits: LANES
                .iter()
                .map(|lanes| Limits { path: 4.0, path_gas: 4.0, work: f64::from(*lanes) })
                .collect(),
        }
    }

    #[test]
    fn a_file_holds_every_view_and_each_attempt() {
        let model = sample::pool();
        let html = html(&model, &caption(), Some(&a_curve()));
        let body = body(&html);
        let document = roxmltree::Document::parse(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
        // Every view has a link, a heading and something in it.
        for (id, name, _) in VIEWS {
            let section = document.descendants().find(|node| node.attribute("id") == Some(id)).unwrap();
            assert!(section.descendants().any(|node| node.has_tag_name("h2") && node.text() == Some(name)));
            assert!(section.children().filter(roxmltree::Node::is_element).count() > 1, "{id} is empty");
            assert!(body.contains(&format!("<a href=\"#{id}\">")));
        }
        let attempts = document.descendants().find(|node| node.attribute("id") == Some("attempts")).unwrap();
        let rows = attempts.descendants().filter(|node| {
            node.has_tag_name("tr")
                && node.descendants().any(|n| matches!(n.text(), Some("committed" | "aborted")))
        });
        assert_eq!(rows.count(), model.trace.attempts.len());
        assert!(body.contains("Pair.reserves, written by 0"), "{body}");
        let nodes = document
            .descendants()
            .filter(|node| node.has_tag_name("circle") && node.attribute("data-tx").is_some());
        assert_eq!(nodes.count(), model.transactions() as usize);
        assert_eq!(json(&html)["trace"]["attempts"].as_array().unwrap().len(), model.trace.attempts.len());
        // No two elements have the same id.
        let mut ids: Vec<_> = document.descendants().filter_map(|node| node.attribute("id")).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }

    #[test]
    fn a_policy_forbids_scripts_and_whatever_is_not_in_the_file() {
        let html = html(&sample::pool(), &caption(), None);
        assert!(html.contains(
            "content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\""
        ));
        assert_eq!(html.matches("<script").count(), 1, "only the data");
        for outside in ["src=", "url(http", "@import", "<link", "onclick"] {
            assert!(!html.contains(outside), "{outside}");
        }
        assert!(html.contains("The curve had not been drawn"));
    }

    #[test]
    fn texts_from_outside_are_escaped() {
        let hostile = "\"></script><script>alert(1)</script><!--";
        let mut report = sample::pool_report();
        report.title = hostile.to_owned();
        report.location_names[0].name = hostile.to_owned();
        for tx in &mut report.transactions {
            (tx.label, tx.from, tx.status) = (hostile.into(), hostile.into(), hostile.into());
        }
        let model = RunModel::new(report).unwrap();
        let caption = Caption { what: hostile.into(), link: format!("https://x/?{hostile}") };
        let html = html(&model, &caption, Some(&a_curve()));
        assert_eq!((html.matches("<script").count(), html.matches("</script").count()), (1, 1));
        assert!(!html.contains("<!--"));
        assert_eq!(json(&html)["title"], hostile);
        roxmltree::Document::parse(&body(&html)).unwrap();
    }

    #[test]
    fn a_long_run_says_what_it_leaves_out_and_is_shown_in_parts() {
        let html = html(&sample::many(6_000, 4, &["pay"]), &caption(), None);
        assert_eq!(html.matches("1,000 more rows are left out.").count(), 2, "transactions and attempts");
        assert_eq!(html.matches("<details>").count(), MOST_PARTS);
        assert!(html.contains("The 2,000 transactions with most dependencies, of 6,000."));
        roxmltree::Document::parse(&body(&html)).unwrap();
    }

    #[test]
    fn the_largest_runs_make_files_that_browsers_open() {
        for lanes in [4, 256] {
            let html = html(&sample::many(60_000, lanes, &["pay", "swap"]), &caption(), None);
            assert!(html.len() < 8 << 20, "{} bytes on {lanes} lanes", html.len());
            assert!(html.contains("more than 50,000 attempts and spans"));
        }
    }
}

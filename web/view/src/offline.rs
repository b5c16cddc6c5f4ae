//! A run as a page of its own: one HTML file that opens from a disk, without a server, an engine or a script.
//!
//! It holds what the page shows of a run: headline, figures, lanes, and as tables the transactions, the attempts and the
//! locations. All texts are escaped; the file's own policy forbids scripts and whatever is not in it.

use std::fmt::Write;

use evm_lanes_core::trace::Outcome;

use super::format::{count, share};
use super::model::RunModel;
use super::sentence::{self, Piece};
use super::svg::{self, Caption, SvgOptions, escape};

/// Tables have at most so many rows: browsers lay out a table as a whole.
const MOST_ROWS: usize = 5_000;

const STYLE: &str = ":root{color-scheme:light dark}body{margin:0 auto;max-width:70rem;padding:1rem;\
    font:14px/1.45 system-ui,sans-serif}h1{font-size:1.2rem}h2{font-size:1rem;margin-top:2rem}svg{max-width:100%;height:auto}\
    table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{padding:2px 12px 2px 0;text-align:left;\
    vertical-align:top;border-bottom:1px solid color-mix(in srgb,currentColor 20%,transparent)}.wide{overflow-x:auto}\
    code{overflow-wrap:anywhere}";

/// The run as an HTML file. `caption` says what it is and has the link to it.
pub fn html(model: &RunModel, caption: &Caption) -> String {
    let report = &model.report;
    let headline = sentence::headline(model);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{}: {}</title>\
         <style>{STYLE}</style></head><body><main>\n<h1>{}: {}</h1>\n<p>{}</p>\n",
        escape(&report.title),
        escape(&headline),
        escape(&report.title),
        escape(&headline),
        escape(&caption.what),
    );
    if !caption.link.is_empty() {
        let link = escape(&caption.link);
        let _ = writeln!(out, "<p>It is run again at <a href=\"{link}\"><code>{link}</code></a>.</p>");
    }
    let _ = writeln!(out, "<p>{}</p>", story(model));
    let options = SvgOptions { width: 1060.0, ..SvgOptions::default() };
    let _ = writeln!(out, "<div class=\"wide\">{}</div>", svg::lanes(model, &options));
    figures(model, &mut out);
    transactions(model, &mut out);
    attempts(model, &mut out);
    locations(model, &mut out);
    out.push_str("</main></body></html>\n");
    out
}

/// What the run says, as HTML without style.
pub(super) fn story(model: &RunModel) -> String {
    sentence::story(model)
        .into_iter()
        .map(|piece| match piece {
            Piece::Words(words) => escape(&words),
            Piece::Location(_, name) => format!("<code>{}</code>", escape(&name)),
            Piece::Tx(tx) => escape(&model.tx_name(tx)),
        })
        .collect()
}

/// A table with a caption. Longer ones than [`MOST_ROWS`] say so.
fn table(out: &mut String, title: &str, heads: &[&str], all: usize, rows: impl Iterator<Item = Vec<String>>) {
    let _ = write!(out, "<h2>{}</h2>\n<div class=\"wide\"><table><thead><tr>", escape(title));
    for head in heads {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escape(head));
    }
    out.push_str("</tr></thead><tbody>\n");
    for row in rows.take(MOST_ROWS) {
        out.push_str("<tr>");
        for cell in row {
            let _ = write!(out, "<td>{}</td>", escape(&cell));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    if all > MOST_ROWS {
        let rest = count((all - MOST_ROWS) as u64);
        let _ = writeln!(out, "<p>{rest} more rows are left out.</p>");
    }
}

fn figures(model: &RunModel, out: &mut String) {
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
    let rows = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]);
    table(out, "Figures", &["Figure", "Value"], 0, rows);
}

fn transactions(model: &RunModel, out: &mut String) {
    let heads =
        ["Transaction", "Label", "From", "To", "Call", "Result", "Gas", "Alone", "Attempts", "Reads from"];
    let rows = model.positions().filter_map(|tx| {
        let summary = model.report.transactions.get(tx.index())?;
        let sources: Vec<String> =
            model.sources.get(tx.index())?.iter().map(|source| source.to_string()).collect();
        Some(vec![
            tx.to_string(),
            summary.label.clone(),
            summary.from.clone(),
            summary.to.clone().unwrap_or_else(|| "creates a contract".to_owned()),
            summary.call.clone().unwrap_or_default(),
            summary.status.clone(),
            count(summary.gas.0),
            model.ticks(summary.sequential_time),
            count(model.attempts_of.get(tx.index()).map_or(0, |attempts| attempts.len() as u64)),
            sources.join(", "),
        ])
    });
    table(out, "Transactions", &heads, model.transactions() as usize, rows);
}

fn attempts(model: &RunModel, out: &mut String) {
    let heads = ["Transaction", "Attempt", "Lane", "Start", "End", "Outcome", "Because of"];
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
            attempt.version.tx.to_string(),
            attempt.version.incarnation.number().to_string(),
            (attempt.lane.0 + 1).to_string(),
            model.ticks(attempt.start),
            model.ticks(attempt.end),
            outcome.to_owned(),
            cause.unwrap_or_default(),
        ]
    });
    table(out, "Attempts", &heads, model.trace.attempts.len(), rows);
}

fn locations(model: &RunModel, out: &mut String) {
    let heads = ["Location", "Writers", "Readers", "Dependencies", "Aborts"];
    let hot = &model.report.analysis.hot;
    let rows = hot.iter().map(|hot| {
        vec![
            model.location(hot.location),
            count(hot.writers.into()),
            count(hot.readers.into()),
            count(hot.edges.into()),
            count(hot.aborts.into()),
        ]
    });
    table(out, "Hot locations", &heads, hot.len(), rows);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn caption() -> Caption {
        Caption { what: "A run".into(), link: "https://lanes.example/?s=one-pool&lanes=4".into() }
    }

    /// Without what XML has no words for.
    fn body(html: &str) -> String {
        let (_, body) = html.split_once("<body>").unwrap();
        body.replace("</body></html>", "").trim().to_owned()
    }

    #[test]
    fn a_file_holds_the_lanes_and_each_attempt() {
        let model = sample::pool();
        let html = html(&model, &caption());
        let body = body(&html);
        let document = roxmltree::Document::parse(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
        assert_eq!(document.descendants().filter(|node| node.has_tag_name("table")).count(), 4);
        let rows = document.descendants().filter(|node| {
            node.has_tag_name("tr")
                && node.descendants().any(|n| matches!(n.text(), Some("committed" | "aborted")))
        });
        assert_eq!(rows.count(), model.trace.attempts.len());
        assert!(body.contains("Pair.reserves, written by 0") && body.contains("<svg"), "{body}");
        assert!(html.contains("default-src 'none'") && !html.contains("<script"));
    }

    #[test]
    fn texts_from_outside_are_escaped() {
        let hostile = "\"><script>alert(1)</script>";
        let mut report = sample::pool_report();
        report.title = hostile.to_owned();
        report.location_names[0].name = hostile.to_owned();
        for tx in &mut report.transactions {
            (tx.label, tx.from, tx.status) = (hostile.into(), hostile.into(), hostile.into());
        }
        let model = RunModel::new(report).unwrap();
        let html = html(&model, &Caption { what: hostile.into(), link: format!("https://x/?{hostile}") });
        assert!(!html.contains("<script"));
        roxmltree::Document::parse(&body(&html)).unwrap();
    }

    #[test]
    fn a_long_table_says_what_it_leaves_out() {
        let html = html(&sample::many(6_000, 4, &["pay"]), &caption());
        assert_eq!(html.matches("1,000 more rows are left out.").count(), 2, "transactions and attempts");
    }
}

//! A sheet of paper: what is printed of the page. The step of a lesson, the lanes, the runs beside them as a table and as
//! lanes, the caption, the link and its code.

use std::fmt::Write as _;

use crate::compare;
use crate::markdown::{self, Block, Span};
use crate::model::RunModel;
use crate::qr;
use crate::svg::{self, escape};

/// The width of the lanes: that of the text on a sheet of A4, in CSS pixels.
const WIDTH: f64 = 700.0;

/// What is on a sheet.
#[derive(Clone, Debug, Default)]
pub struct Sheet<'s> {
    /// The lesson's step, if one is open.
    pub step: Option<Step>,
    /// The run that is shown.
    pub model: Option<&'s RunModel>,
    /// Runs that are kept beside it.
    pub beside: Vec<&'s RunModel>,
    /// What the lanes show.
    pub caption: String,
    /// The address of all of it; empty: no link can hold it.
    pub link: String,
}

/// A step of a lesson.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// Lesson and step.
    pub heading: String,
    /// What is read, asked and explained, in simple Markdown, with its figures.
    pub texts: Vec<String>,
}

/// The sheet as HTML without scripts and styles. Every text is escaped.
pub fn html(sheet: &Sheet<'_>) -> String {
    let mut out = String::new();
    if let Some(step) = &sheet.step {
        let _ = write!(out, "<section class=\"step-text\"><h2>{}</h2>", escape(&step.heading));
        step.texts.iter().for_each(|text| push_text(text, &mut out));
        out.push_str("</section>");
    }
    if let Some(model) = sheet.model {
        push_lanes(model, "printed", &mut out);
    }
    if !sheet.beside.is_empty() {
        push_table(sheet, &mut out);
        for (i, model) in sheet.beside.iter().enumerate() {
            let _ = write!(out, "<p class=\"beside\">{}</p>", escape(&compare::line(model).run));
            push_lanes(model, &format!("printed-{i}"), &mut out);
        }
    }
    out.push_str("<div class=\"source\">");
    if let Some(picture) = qr::picture(&sheet.link).filter(|_| !sheet.link.is_empty()) {
        out.push_str(&picture.svg("QR code of the link"));
    }
    let link = match &*sheet.link {
        "" => "No link can hold what is shown: hand on its file.",
        link => link,
    };
    let _ = write!(
        out,
        "<div><p>{}</p><p class=\"mono\">{}</p></div></div>",
        escape(&sheet.caption),
        escape(link)
    );
    out
}

fn push_lanes(model: &RunModel, id: &str, out: &mut String) {
    let _ = write!(out, "<div class=\"picture\">{}</div>", svg::inline(model, WIDTH, id));
}

/// The runs as a table, the one that is shown first.
fn push_table(sheet: &Sheet<'_>, out: &mut String) {
    out.push_str(
        "<table><thead><tr><th>Run</th><th>Time</th><th>Speed-up</th><th>Limit</th><th>Reached</th><th>Wasted gas</th>\
         <th>Lanes busy</th><th>Equal</th></tr></thead><tbody>",
    );
    for model in sheet.model.iter().chain(&sheet.beside) {
        let line = compare::line(model);
        let equal = if line.equal { "yes" } else { "no" };
        let cells = [&line.time, &line.speed_up, &line.limit, &line.reached, &line.wasted, &line.busy]
            .map(|cell| escape(cell));
        let _ = write!(
            out,
            "<tr><th>{}</th><td>{}</td><td>{equal}</td></tr>",
            escape(&line.run),
            cells.join("</td><td>")
        );
    }
    out.push_str("</tbody></table>");
}

fn push_text(text: &str, out: &mut String) {
    for block in markdown::blocks(text) {
        match block {
            Block::Paragraph(spans) => {
                let _ = write!(out, "<p>{}</p>", line(spans));
            }
            Block::List(points) => {
                let points: String =
                    points.into_iter().map(|point| format!("<li>{}</li>", line(point))).collect();
                let _ = write!(out, "<ul>{points}</ul>");
            }
        }
    }
}

fn line(spans: Vec<Span>) -> String {
    let marked = |span: Span| match span {
        Span::Text(text) => escape(&text),
        Span::Code(text) => format!("<code>{}</code>", escape(&text)),
        Span::Strong(text) => format!("<strong>{}</strong>", escape(&text)),
        Span::Emphasis(text) => format!("<em>{}</em>", escape(&text)),
        Span::Number(number) => escape(&number.label(number.value)),
    };
    spans.into_iter().map(marked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn read(html: &str) -> Vec<String> {
        let document = format!("<html>{html}</html>");
        let tree = roxmltree::Document::parse(&document).expect("well-formed");
        tree.descendants()
            .filter(|node| node.is_element())
            .map(|node| node.tag_name().name().to_owned())
            .collect()
    }

    #[test]
    fn a_sheet_holds_lanes_caption_link_and_code() {
        let model = sample::pool();
        let link = "https://lanes.example/?s=one-pool".to_owned();
        let sheet = Sheet {
            model: Some(&model),
            caption: "What it shows".into(),
            link: link.clone(),
            ..Sheet::default()
        };
        let html = html(&sheet);
        assert_eq!(read(&html).iter().filter(|name| *name == "svg").count(), 2, "lanes and code");
        assert!(html.contains("What it shows") && html.contains(&link));
        assert!(!html.contains("<table") && !html.contains("step-text"));
        let none = super::html(&Sheet { link: String::new(), ..sheet });
        assert_eq!(read(&none).iter().filter(|name| *name == "svg").count(), 1);
        assert!(none.contains("No link can hold"));
    }

    #[test]
    fn a_comparison_is_a_table_with_the_lanes_of_each_run() {
        let model = sample::pool();
        let html = html(&Sheet { model: Some(&model), beside: vec![&model, &model], ..Sheet::default() });
        let names = read(&html);
        assert_eq!(names.iter().filter(|name| *name == "tr").count(), 4);
        assert_eq!(names.iter().filter(|name| *name == "svg").count(), 3);
        // Ids of several drawings in one page must differ.
        assert!(html.contains("printed-0") && html.contains("printed-1"));
    }

    #[test]
    fn texts_of_a_lesson_are_never_html() {
        let evil = "<script>alert(1)</script> **<b>** `<i>` [2 <u>s](set:lanes \"1..9\")\n\n- <img src=x>";
        let step = Step { heading: "<h1>".into(), texts: vec![evil.into()] };
        let html = html(&Sheet { step: Some(step), link: "https://x/?a&<b>".into(), ..Sheet::default() });
        let names = read(&html);
        for name in ["script", "b", "i", "u", "img", "h1"] {
            assert!(!names.iter().any(|found| found == name), "{name}: {html}");
        }
        assert!(html.contains("<strong>&lt;b&gt;</strong>") && html.contains("2 &lt;u&gt;s"), "{html}");
    }
}

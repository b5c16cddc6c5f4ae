//! Preview pictures: what other programs show beside a link to a page. A PNG for each recorded run and each lesson, made
//! of SVG by resvg, with a font that is pinned by `xtask/fonts`: the same on every machine.

use std::fmt::Write;

use anyhow::{Context, Result};
use evm_lanes_core::scenario::lesson::Lesson;
use evm_lanes_view::model::RunModel;
use evm_lanes_view::sentence;
use evm_lanes_view::svg::{self, SvgOptions, Theme, escape};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use crate::pages::PREVIEW;
use crate::{process, setup};

/// The files of the font.
const FONTS: [&str; 2] = ["400Regular/Inter_400Regular.ttf", "700Bold/Inter_700Bold.ttf"];
const FAMILY: &str = "Inter";

/// The colours of a card; the lanes' own are those of their picture.
const PAPER: &str = "#fbfaf7";
const INK: &str = "#1d2129";
const SOFT: &str = "#4f5664";

const MARGIN: f64 = 64.0;
/// The width at which the lanes are drawn, before they are made as wide as the card.
const LANES: f64 = 660.0;

/// Makes PNGs.
pub struct Press(Options<'static>);

impl Press {
    /// With the pinned font, which is installed if it is missing.
    ///
    /// # Errors
    /// If it cannot be installed or read.
    pub fn new() -> Result<Self> {
        let folder = setup::npm("xtask/fonts")?.join("@expo-google-fonts/inter");
        let mut fonts = fontdb::Database::new();
        for file in FONTS {
            fonts.load_font_data(process::read(&folder.join(file))?);
        }
        fonts.set_sans_serif_family(FAMILY);
        let options = Options { fontdb: fonts.into(), font_family: FAMILY.to_owned(), ..Options::default() };
        Ok(Self(options))
    }

    /// The picture of a run.
    ///
    /// # Errors
    /// If it cannot be drawn.
    pub fn run(&self, model: &RunModel) -> Result<Vec<u8>> {
        self.png(&run(model))
    }

    /// The card of a lesson. It shows no run: a lesson asks what a run will be like before it shows it.
    ///
    /// # Errors
    /// If it cannot be drawn.
    pub fn lesson(&self, lesson: &Lesson) -> Result<Vec<u8>> {
        let aims: Vec<&str> = lesson.aims.iter().map(|aim| &**aim).collect();
        self.png(&card(&lesson.title, lesson.minutes, &aims))
    }

    fn png(&self, svg: &str) -> Result<Vec<u8>> {
        let tree = Tree::from_str(svg, &self.0).context("the preview is not an SVG")?;
        let mut pixels = Pixmap::new(PREVIEW.0, PREVIEW.1).context("no room for a picture")?;
        resvg::render(&tree, Transform::identity(), &mut pixels.as_mut());
        pixels.encode_png().context("the preview cannot be packed")
    }
}

/// Whether two PNGs show the same. Rounding may differ from processor to processor.
pub fn is_same(there: &[u8], wanted: &[u8]) -> bool {
    const MOST: u8 = 12;
    let (Ok(there), Ok(wanted)) = (Pixmap::decode_png(there), Pixmap::decode_png(wanted)) else {
        return false;
    };
    (there.width(), there.height()) == (wanted.width(), wanted.height())
        && there.data().iter().zip(wanted.data()).all(|(a, b)| a.abs_diff(*b) <= MOST)
}

fn begin() -> String {
    let (w, h) = PREVIEW;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" \
         font-family=\"{FAMILY}\"><rect width=\"{w}\" height=\"{h}\" fill=\"{PAPER}\"/>"
    )
}

/// A line of text with its baseline at `y`.
fn line(out: &mut String, y: f64, size: f64, style: &str, text: &str) {
    let _ =
        write!(out, "<text x=\"{MARGIN}\" y=\"{y}\" font-size=\"{size}\" {style}>{}</text>", escape(text));
}

fn brand(out: &mut String, right: &str) {
    line(out, 84.0, 26.0, &format!("font-weight=\"700\" fill=\"{INK}\""), "EVM Lanes");
    let x = f64::from(PREVIEW.0) - MARGIN;
    let _ = write!(
        out,
        "<text x=\"{x}\" y=\"84\" font-size=\"24\" text-anchor=\"end\" fill=\"{SOFT}\">{}</text>",
        escape(right)
    );
}

/// The title, the headline and the lanes.
fn run(model: &RunModel) -> String {
    let mut out = begin();
    brand(&mut out, "recorded run");
    line(&mut out, 158.0, 52.0, &format!("font-weight=\"700\" fill=\"{INK}\""), &model.report.title);
    let mut y = 206.0;
    // What ran, and how fast: a line each.
    for words in sentence::headline(model).split(": ").flat_map(|part| wrapped(part, 74)) {
        line(&mut out, y, 27.0, &format!("fill=\"{SOFT}\""), &words);
        y += 36.0;
    }
    let (width, height) = (f64::from(PREVIEW.0) - 2.0 * MARGIN, f64::from(PREVIEW.1) - y - 24.0);
    let options = SvgOptions { width: LANES, theme: Theme::Light, ..SvgOptions::default() };
    let lanes = svg::lanes(model, &options);
    // Nested, with another size than its own; its paper is white.
    let place = format!(
        "<svg x=\"{MARGIN}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"xMinYMin\" "
    );
    out.push_str(&without_size(&lanes.replacen("<svg ", &place, 1)));
    out.push_str("</svg>");
    out
}

/// `svg` without the second width and height in its first tag, which are those that it was drawn with.
fn without_size(svg: &str) -> String {
    let (tag, rest) = svg.split_once('>').unwrap_or((svg, ""));
    let parts: Vec<&str> = tag.split(' ').collect();
    let mut seen = [false; 2];
    let kept = parts.into_iter().filter(|part| {
        let size = ["width=", "height="].iter().position(|name| part.starts_with(name));
        size.is_none_or(|size| !std::mem::replace(&mut seen[size], true))
    });
    format!("{}>{rest}", kept.collect::<Vec<_>>().join(" "))
}

/// The title of a lesson and its aims.
fn card(title: &str, minutes: u32, aims: &[&str]) -> String {
    let mut out = begin();
    brand(&mut out, &format!("a lesson of {minutes} minutes"));
    line(&mut out, 206.0, 64.0, &format!("font-weight=\"700\" fill=\"{INK}\""), title);
    let mut y = 296.0;
    for aim in aims {
        for (i, words) in wrapped(aim, 58).into_iter().enumerate() {
            if i == 0 {
                let _ = write!(
                    out,
                    "<circle cx=\"{}\" cy=\"{}\" r=\"6\" fill=\"#0069a6\"/>",
                    MARGIN + 8.0,
                    y - 11.0
                );
            }
            let x = MARGIN + 36.0;
            let _ = write!(
                out,
                "<text x=\"{x}\" y=\"{y}\" font-size=\"34\" fill=\"{INK}\">{}</text>",
                escape(&words)
            );
            y += 44.0;
        }
        y += 18.0;
    }
    // Three lanes, without a run.
    for (lane, width) in [520.0, 360.0, 440.0].into_iter().enumerate() {
        let (y, colour) = (548.0 + 18.0 * lane as f64, ["#0069a6", "#007a5a", "#b0478a"][lane]);
        let _ = write!(
            out,
            "<rect x=\"{MARGIN}\" y=\"{y}\" width=\"{width}\" height=\"10\" rx=\"3\" fill=\"{colour}\"/>"
        );
    }
    out.push_str("</svg>");
    out
}

/// `text` in lines of at most `most` characters, words kept whole.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= most => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_shows_all_its_words_in_the_pinned_font() {
        let press = Press::new().expect("the font");
        let one = press.png(&card("Two lanes", 4, &["Read the picture of lanes"])).expect("a picture");
        let other = press.png(&card("Two lanes", 4, &["Read the picture of a lane"])).expect("a picture");
        assert!(is_same(&one, &one) && !is_same(&one, &other));
        let pixels = Pixmap::decode_png(&one).expect("a PNG");
        assert_eq!((pixels.width(), pixels.height()), PREVIEW);
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("unbreakable", 3), ["unbreakable"]);
    }

    #[test]
    fn the_lanes_have_the_size_of_their_place() {
        let svg = "<svg x=\"1\" width=\"9\" height=\"8\" viewBox=\"0 0 2 2\" width=\"2\" height=\"2\" id=\"a\"><g/></svg>";
        assert_eq!(
            without_size(svg),
            "<svg x=\"1\" width=\"9\" height=\"8\" viewBox=\"0 0 2 2\" id=\"a\"><g/></svg>"
        );
    }
}

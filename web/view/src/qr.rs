//! QR codes: a link as squares, for phones.

use qrcodegen::{QrCode, QrCodeEcc};

/// The light margin that readers need around the code, in squares (ISO/IEC 18004, section 9.1).
pub const MARGIN: u32 = 4;

/// The longest link that a code is made of, in bytes. Beyond that, phones read it only from near and with luck.
pub const LONGEST: usize = 1_000;

/// A QR code, to be drawn dark on light whatever the page's colours are: not all phones read the inverse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QrPicture {
    /// Width and height with the margin, in squares: the picture's `viewBox` is `0 0 side side`.
    pub side: u32,
    /// The dark squares as an SVG path.
    pub path: String,
}

/// The code of a text; `None` if it is longer than [`LONGEST`].
pub fn picture(text: &str) -> Option<QrPicture> {
    if text.len() > LONGEST {
        return None;
    }
    // Of a medium code 15 % may be covered. More is used where it costs no squares.
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        let mut x = 0;
        while x < size {
            let start = x;
            while x < size && code.get_module(x, y) {
                x += 1;
            }
            if x > start {
                let (left, top) = (start + MARGIN as i32, y + MARGIN as i32);
                let width = x - start;
                path.push_str(&format!("M{left} {top}h{width}v1h-{width}z"));
            }
            x += 1;
        }
    }
    Some(QrPicture { side: size.unsigned_abs() + 2 * MARGIN, path })
}

impl QrPicture {
    /// The code as a file: an SVG with margin and a light ground, without styles and scripts. `title` is what it opens.
    pub fn svg(&self, title: &str) -> String {
        let Self { side, path } = self;
        let title = super::svg::escape(title);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" role=\"img\" shape-rendering=\"crispEdges\">\
             <title>{title}</title><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path fill=\"#000\" d=\"{path}\"/></svg>"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: u32 = 3;

    /// The squares that a path draws. It knows only what [`picture`] writes.
    fn squares(picture: &QrPicture) -> Vec<Vec<bool>> {
        let side = picture.side as usize;
        let mut squares = vec![vec![false; side]; side];
        for run in picture.path.split('z').filter(|run| !run.is_empty()) {
            let (place, run) = run.trim_start_matches('M').split_once('h').expect("a place and a run");
            let (x, y) = place.split_once(' ').expect("x and y");
            let (x, y): (usize, usize) = (x.parse().expect("a number"), y.parse().expect("a number"));
            let (width, rest) = run.split_once("v1h-").expect("a run");
            assert_eq!(width, rest);
            squares[y][x..x + width.parse::<usize>().expect("a width")].fill(true);
        }
        squares
    }

    /// What another program reads from the picture.
    fn read(picture: &QrPicture) -> String {
        let squares = squares(picture);
        let side = (picture.side * SCALE) as usize;
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| {
            if squares[y / SCALE as usize][x / SCALE as usize] { 0 } else { 255 }
        });
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1, "one code");
        grids[0].decode().expect("a code that can be read").1
    }

    #[test]
    fn a_reader_gets_the_link_back() {
        for link in [
            "https://lanes.example/",
            "https://lanes.example/?s=payments&strategy=block-stm&lanes=4&clock=simulated&tx=7.2",
            "https://lanes.example/?at=USD.balances[alice]#1.AbC-_9",
        ] {
            assert_eq!(read(&picture(link).expect("short enough")), link);
        }
    }

    #[test]
    fn links_of_every_length_up_to_the_longest_are_read() {
        for length in [100, 300, 500, 800, LONGEST] {
            let link: String =
                "https://lanes.example/#1.".chars().chain("aB3-_xYz".chars().cycle()).take(length).collect();
            assert_eq!(read(&picture(&link).expect("short enough")), link, "{length}");
        }
        assert_eq!(picture(&"a".repeat(LONGEST + 1)), None);
        // 300 characters, which the page calls short enough for a slide, are at most 73 squares wide.
        assert!(picture(&"a".repeat(300)).expect("short enough").side <= 73 + 2 * MARGIN);
    }

    #[test]
    fn there_is_a_margin_on_all_sides() {
        let picture = picture("https://lanes.example/").expect("short enough");
        let squares = squares(&picture);
        let (side, margin) = (picture.side as usize, MARGIN as usize);
        for (y, row) in squares.iter().enumerate() {
            for (x, dark) in row.iter().enumerate() {
                let inside = (margin..side - margin).contains(&x) && (margin..side - margin).contains(&y);
                assert!(inside || !dark, "{x} {y}");
            }
        }
        // The corner of a finder pattern: the margin is not larger than it says.
        assert!(squares[margin][margin]);
    }

    #[test]
    fn the_file_holds_its_title_as_text() {
        let svg = picture("https://lanes.example/").expect("short enough").svg("A <b> & \"c\"");
        assert!(svg.contains("<title>A &lt;b&gt; &amp; &quot;c&quot;</title>"), "{svg}");
        assert!(!svg.contains("style"));
    }
}

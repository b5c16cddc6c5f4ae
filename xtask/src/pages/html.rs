//! Pieces of pages.

/// A page before its frame is around it. Texts are plain, but for `body`, which is HTML.
pub struct Page {
    /// Its folder in the site, with a slash at its end.
    pub path: String,
    /// Its title.
    pub title: String,
    /// What it is, in a sentence or two.
    pub about: String,
    /// Its preview picture in the site.
    pub picture: String,
    /// What stands for it in other pages.
    pub embed: Option<Embed>,
    /// What it says.
    pub body: String,
    /// Whether it has the script that copies.
    pub has_script: bool,
}

/// A frame that stands for a page.
pub struct Embed {
    /// Its name among the oEmbed files.
    pub name: String,
    /// The query of the framed page.
    pub query: String,
    /// In pixels.
    pub height: u32,
}

/// `text` in HTML, also between quotation marks.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

/// Descriptions are shown up to about here.
const LONG: usize = 160;

/// The whole sentences at the beginning of a text that fit into a description; at least one.
pub fn beginning(text: &str) -> &str {
    let first = text.split("\n\n").next().unwrap_or_default();
    let ends = first.match_indices(". ").map(|(at, _)| at + 1);
    ends.chain([first.len()])
        .take_while(|end| *end <= LONG)
        .last()
        .map_or_else(|| first.split_inclusive(". ").next().unwrap_or(first).trim_end(), |end| &first[..end])
}

/// Aims as one text: the first with its capital, the others without.
pub fn words(aims: &[String]) -> String {
    aims.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_ends_with_a_sentence() {
        let long = "x".repeat(LONG);
        assert_eq!(beginning("One. Two.\n\nThree."), "One. Two.");
        assert_eq!(beginning(&format!("One. {long}.")), "One.");
        assert_eq!(beginning(&format!("{long} and more. Two.")), format!("{long} and more."));
    }
}

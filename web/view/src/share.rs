//! How a link is handed on: its length and what that means, and the texts that hold it.

use evm_lanes_core::scenario::link::{PageLink, Source};
use evm_lanes_core::scenario::{Settings, builtin};
use evm_lanes_core::trace::Clock;

use crate::recorded;
use crate::svg::escape as escape_html;

/// A length that matters, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkLimit {
    /// In characters.
    pub characters: usize,
    /// What takes a link of that length.
    pub place: &'static str,
}

/// Lengths that matter, ascending.
pub const LIMITS: [LinkLimit; 4] = [
    LinkLimit { characters: 300, place: "a QR code on a slide" },
    LinkLimit { characters: 1_900, place: "chat programs" },
    LinkLimit { characters: 8_000, place: "documents and wikis" },
    LinkLimit { characters: 32_000, place: "browsers' address bars" },
];

/// The shortest limit that a link keeps; `None`: too long for any, offer a file.
pub fn keeps(length: usize) -> Option<LinkLimit> {
    LIMITS.into_iter().find(|l| length <= l.characters)
}

/// `412 characters: short enough for chat programs and everything longer`.
pub fn describe(length: usize) -> String {
    let characters = super::format::counted(length as u64, "character");
    match keeps(length) {
        Some(limit) => format!("{characters}: short enough for {} and everything longer", limit.place),
        None => format!(
            "{characters}: longer than browsers take ({}). Save it as a file instead.",
            super::format::count(32_000)
        ),
    }
}

/// What the page says beside a QR code of a link of that length; `None`: there is no code of it.
pub fn describe_qr(length: usize) -> Option<&'static str> {
    if length <= LIMITS[0].characters {
        Some("Phones read this code from a slide.")
    } else if length <= super::qr::LONGEST {
        Some(
            "This code is dense: phones read it from paper or from a screen nearby, not from a slide across the room.",
        )
    } else {
        None
    }
}

/// What is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shared<'t> {
    /// The page's address without query and fragment.
    pub base: &'t str,
    /// Query and fragment. Empty for the page as it opens by itself.
    pub link: &'t str,
    /// The scenario's title. It may hold anything, because documents come from anyone.
    pub title: &'t str,
    /// What the run says in one line; empty: no run of it is shown.
    pub headline: &'t str,
}

/// A text that holds the link, for one kind of place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The address alone.
    Link,
    /// For READMEs, issues, wikis.
    Markdown,
    /// For web pages: an ordinary link.
    Html,
    /// For web pages: the element `<evm-lanes>`.
    Element,
    /// For web pages and programs that take frames only.
    Frame,
    /// For READMEs, issues, wikis: an image with a caption.
    ImageMarkdown,
    /// For web pages: an image with a caption.
    ImageHtml,
}

impl Form {
    /// All, in the order in which the page offers them.
    pub const ALL: [Self; 7] = [
        Self::Link,
        Self::Markdown,
        Self::Html,
        Self::Element,
        Self::Frame,
        Self::ImageMarkdown,
        Self::ImageHtml,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Link => "Link",
            Self::Markdown => "Markdown",
            Self::Html => "HTML link",
            Self::Element => "HTML element",
            Self::Frame => "HTML frame",
            Self::ImageMarkdown => "Image in Markdown",
            Self::ImageHtml => "Image in HTML",
        }
    }

    /// Where it is used.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Link => "for chats, mail and the address bar",
            Self::Markdown => "for READMEs, issues and wikis: a link with the scenario’s title",
            Self::Html => "for web pages: a link with the scenario’s title",
            Self::Element => {
                "for web pages: the lanes themselves, and a picture of them until they are needed"
            }
            Self::Frame => "for web pages and tools that take only frames: the lanes themselves",
            Self::ImageMarkdown => {
                "for READMEs, issues and wikis: a picture of the lanes that leads to the run"
            }
            Self::ImageHtml => "for web pages without frames: the picture with a caption",
        }
    }

    /// What is said after it was copied.
    pub fn copied(self) -> String {
        format!("{} copied.", self.name())
    }

    /// The text.
    pub fn text(self, shared: &Shared<'_>) -> String {
        match self {
            Self::Link => shared.url(),
            Self::Markdown => format!("[{}]({})", escape_markdown(&shared.title()), closed(&shared.url())),
            Self::Html => {
                format!(
                    "<a href=\"{}\">{}</a>",
                    escape_html(&closed(&shared.url())),
                    escape_html(&shared.title())
                )
            }
            Self::Element => shared.element(),
            Self::Frame => shared.frame(),
            Self::ImageMarkdown => format!(
                "[![{}]({})]({})\n\n{}",
                escape_markdown(&shared.alternative()),
                shared.image(),
                closed(&shared.url()),
                escape_markdown(&shared.caption())
            ),
            Self::ImageHtml => format!(
                "<figure>\n  <a href=\"{}\"><img src=\"{}\" alt=\"{}\" width=\"840\" loading=\"lazy\"></a>\n  \
                 <figcaption>{}</figcaption>\n</figure>",
                escape_html(&closed(&shared.url())),
                escape_html(&shared.image()),
                escape_html(&shared.alternative()),
                escape_html(&shared.caption())
            ),
        }
    }
}

/// The file that a reader saves where the site has no picture of the run.
pub const OWN_IMAGE: &str = "lanes.svg";

impl Shared<'_> {
    /// The whole address.
    pub fn url(&self) -> String {
        format!("{}{}", self.base, self.link)
    }

    /// The title on one line, never empty.
    pub fn title(&self) -> String {
        /// Longer ones are cut: what is long is a text, not a title.
        const LONGEST: usize = 160;
        let title =
            self.title.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
        let title = title.collect::<Vec<_>>().join(" ");
        match title.chars().count() {
            0 => "EVM Lanes".to_owned(),
            length if length > LONGEST => {
                format!("{}…", title.chars().take(LONGEST - 1).collect::<String>().trim_end())
            }
            _ => title,
        }
    }

    /// An address beside the page's own.
    fn beside(&self, file: &str) -> String {
        let folder = self.base.rfind('/').map_or("", |at| &self.base[..=at]);
        format!("{folder}{file}")
    }

    /// The built-in scenario whose recorded run the link means: the site has a picture of it.
    pub fn recorded(&self) -> Option<&'static str> {
        let (query, fragment) = self.link.split_once('#').unwrap_or((self.link, ""));
        let PageLink { scenario: Source::Builtin(name), run, .. } =
            PageLink::decode(query, fragment).ok()?.unwrap_or_default()
        else {
            return None;
        };
        let recording = recorded::recording(builtin::find(&name)?)?;
        let run = Settings::from(run);
        let is_same = run.clock.is_none_or(|clock| clock == Clock::Simulated)
            && run.strategy.is_none_or(|strategy| strategy == recording.recipe.strategy)
            && run.lanes.is_none_or(|lanes| lanes == recording.recipe.lanes)
            && run.cost.is_none_or(|cost| cost == recording.recipe.model.cost)
            && run.seed.is_none_or(|seed| seed == recording.recipe.model.seed);
        is_same.then_some(recording.builtin.name)
    }

    /// The address of a picture of the lanes.
    fn image(&self) -> String {
        self.recorded()
            .map_or_else(|| OWN_IMAGE.to_owned(), |name| self.beside(&format!("recorded/{name}.svg")))
    }

    fn alternative(&self) -> String {
        format!("Lanes of {}", self.title())
    }

    fn caption(&self) -> String {
        match self.headline {
            "" => format!("{}.", self.title()),
            headline => format!("{}: {headline}.", self.title()),
        }
    }

    fn element(&self) -> String {
        let mut element =
            format!("<script async src=\"{}\"></script>\n<evm-lanes", escape_html(&self.beside("embed.js")));
        let mut push = |name: &str, value: &str| {
            element.push_str(&format!(" {name}=\"{}\"", escape_html(value)));
        };
        let (query, fragment) = self.link.split_once('#').unwrap_or((self.link, ""));
        match PageLink::decode(query, fragment).map(Option::unwrap_or_default) {
            // In words where words say all of it: people change them, and such an element has a picture.
            Ok(PageLink { scenario: Source::Builtin(name), run, selection: None }) => {
                push("scenario", &name);
                let words = [
                    ("strategy", run.strategy.map(|strategy| strategy.name().to_owned())),
                    ("lanes", run.lanes.map(|lanes| lanes.to_string())),
                    ("clock", run.clock.map(|clock| clock.name().to_owned())),
                    ("cost", run.cost.map(|cost| cost.name().to_owned())),
                    ("seed", run.seed.map(|seed| seed.to_string())),
                ];
                for (name, value) in words {
                    if let Some(value) = value {
                        push(name, &value);
                    }
                }
            }
            _ => {
                push("link", &closed(self.link));
                push("label", &self.title());
            }
        }
        element.push_str("></evm-lanes>");
        element
    }

    fn frame(&self) -> String {
        let page = self.beside("embed.html");
        format!(
            "<iframe src=\"{}\" title=\"{}\" width=\"100%\" height=\"480\" loading=\"lazy\" allow=\"cross-origin-isolated; clipboard-write; fullscreen\"></iframe>",
            escape_html(&closed(&format!("{page}{}", self.link))),
            escape_html(&format!("EVM Lanes: {}", self.title())),
        )
    }
}

/// An address without brackets: in a Markdown link, a closing one would end it.
fn closed(address: &str) -> String {
    let mut out = String::with_capacity(address.len());
    for c in address.chars() {
        match c {
            '(' => out.push_str("%28"),
            ')' => out.push_str("%29"),
            '[' => out.push_str("%5B"),
            ']' => out.push_str("%5D"),
            c => out.push(c),
        }
    }
    out
}

/// A text of one line as Markdown that shows it: CommonMark, and what GitHub and MDX add to that.
pub fn escape_markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '~' | '|' | '$' | '{' | '}' | '!'
        ) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use pulldown_cmark::{Event, Parser, Tag};

    use super::*;

    const BASE: &str = "https://lanes.example/play/index.html";

    /// Titles that try to leave their place.
    const TITLES: [&str; 14] = [
        "One pool, many traders",
        "\"<>&[]() and `code`",
        "](https://evil.example) [x",
        "</a><script>alert(1)</script>",
        "\" onmouseover=\"alert(1)",
        "' onmouseover='alert(1)",
        "![image](x)",
        "*bold* _italic_ ~~struck~~ **",
        "&lt;b&gt; &amp; &#60;",
        "a\\]b\\",
        "{alert(1)} $x$ | y",
        "<https://evil.example>",
        "`` ` ``",
        "Größe ≥ 3 “Maß” 🚦",
    ];

    fn shared<'t>(link: &'t str, title: &'t str) -> Shared<'t> {
        Shared { base: BASE, link, title, headline: "" }
    }

    /// What a Markdown link shows and where it leads.
    fn read_markdown(text: &str) -> (String, String) {
        let (mut shown, mut address) = (String::new(), Vec::new());
        for event in Parser::new(text) {
            match event {
                Event::Start(Tag::Link { dest_url, .. }) => address.push(dest_url.to_string()),
                Event::Text(text) => shown.push_str(&text),
                Event::Start(Tag::Paragraph) | Event::End(_) => {}
                other => panic!("{other:?} in {text}"),
            }
        }
        assert_eq!(address.len(), 1, "{text}");
        (shown, address.remove(0))
    }

    /// The characters that HTML's text stands for.
    fn unescape_html(text: &str) -> String {
        text.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&amp;", "&")
    }

    #[test]
    fn a_link_keeps_the_shortest_limit_it_fits() {
        for (length, place) in
            [(10, "a QR code on a slide"), (300, "a QR code on a slide"), (301, "chat programs")]
        {
            assert_eq!(keeps(length).map(|l| l.place), Some(place));
        }
        assert_eq!(keeps(32_001), None);
    }

    #[test]
    fn a_code_is_offered_as_long_as_phones_read_it() {
        assert_eq!(describe_qr(300), Some("Phones read this code from a slide."));
        assert!(describe_qr(301).is_some_and(|text| text.contains("dense")));
        assert!(describe_qr(super::super::qr::LONGEST).is_some());
        assert_eq!(describe_qr(super::super::qr::LONGEST + 1), None);
    }

    #[test]
    fn markdown_shows_any_title_and_leads_to_the_link() {
        let link = "?lanes=4&at=USD.balances[alice](x)#1.A_b-__C";
        for title in TITLES {
            let text = Form::Markdown.text(&shared(link, title));
            let (shown, address) = read_markdown(&text);
            assert_eq!(shown, title, "{text}");
            assert_eq!(address, format!("{BASE}?lanes=4&at=USD.balances%5Balice%5D%28x%29#1.A_b-__C"));
        }
    }

    #[test]
    fn html_shows_any_title_and_nothing_else() {
        for title in TITLES {
            let text = Form::Html.text(&shared("?lanes=4&tx=7.2", title));
            let inner = text
                .strip_prefix("<a href=\"https://lanes.example/play/index.html?lanes=4&amp;tx=7.2\">")
                .and_then(|rest| rest.strip_suffix("</a>"))
                .expect("a link");
            assert!(!inner.contains(['<', '>', '"', '\'']), "{text}");
            assert_eq!(unescape_html(inner), title);
            let frame = Form::Frame.text(&shared("?lanes=4", title));
            assert_eq!(frame.matches('<').count(), 2, "{frame}");
            assert_eq!(frame.matches('"').count(), 12, "{frame}");
            // A title is only in elements whose link is not in words.
            for link in ["", "?tx=1", "#1.\"><script>"] {
                let element = Form::Element.text(&shared(link, title));
                assert_eq!(element.matches('<').count(), 4, "{element}");
                assert_eq!(element.matches('"').count() % 2, 0, "{element}");
                assert!(!element.contains("<script>"), "{element}");
            }
        }
    }

    #[test]
    fn an_image_shows_any_title_and_leads_to_the_link() {
        for title in TITLES {
            let shared =
                Shared { headline: "24 *transactions* on 4 lanes", ..shared("?s=payments&tx=3", title) };
            let text = Form::ImageMarkdown.text(&shared);
            let (mut images, mut links, mut said) = (Vec::new(), Vec::new(), String::new());
            for event in Parser::new(&text) {
                match event {
                    Event::Start(Tag::Image { dest_url, .. }) => images.push(dest_url.to_string()),
                    Event::Start(Tag::Link { dest_url, .. }) => links.push(dest_url.to_string()),
                    Event::Text(text) => said.push_str(&text),
                    Event::Start(Tag::Paragraph) | Event::End(_) => {}
                    other => panic!("{other:?} in {text}"),
                }
            }
            assert_eq!(images, ["https://lanes.example/play/recorded/payments.svg"], "{text}");
            assert_eq!(links, [format!("{BASE}?s=payments&tx=3")], "{text}");
            assert_eq!(said, format!("Lanes of {title}{title}: 24 *transactions* on 4 lanes."));
            let html = Form::ImageHtml.text(&shared);
            assert_eq!((html.matches('<').count(), html.matches('"').count()), (7, 10), "{html}");
        }
    }

    #[test]
    fn the_site_has_a_picture_of_a_recorded_run_and_of_no_other() {
        let recorded = |link| shared(link, "A title").recorded();
        for link in
            ["", "?s=one-pool", "?s=one-pool&strategy=block-stm&lanes=4&clock=simulated&cost=gas&seed=0"]
        {
            assert_eq!(recorded(link), Some("one-pool"), "{link}");
        }
        for link in [
            "?lanes=5",
            "?clock=measured",
            "?strategy=automatic",
            "?seed=1",
            "?cost=opcodes",
            "#1.AB",
            "?s=nobody",
        ] {
            assert_eq!(recorded(link), None, "{link}");
            assert!(
                Form::ImageHtml.text(&shared(link, "A title")).contains("<img src=\"lanes.svg\""),
                "{link}"
            );
        }
    }

    #[test]
    fn the_element_is_in_words_where_words_say_all() {
        let element = |link| Form::Element.text(&shared(link, "A title"));
        assert_eq!(
            element("?s=payments&strategy=block-stm&lanes=4&clock=simulated&cost=gas&seed=7"),
            "<script async src=\"https://lanes.example/play/embed.js\"></script>\n\
             <evm-lanes scenario=\"payments\" strategy=\"block-stm\" lanes=\"4\" clock=\"simulated\" cost=\"gas\" seed=\"7\"></evm-lanes>"
        );
        assert!(element("").ends_with("\n<evm-lanes scenario=\"one-pool\"></evm-lanes>"));
        assert!(
            element("?s=payments&tx=3")
                .ends_with("\n<evm-lanes link=\"?s=payments&amp;tx=3\" label=\"A title\"></evm-lanes>")
        );
        assert!(
            element("?lanes=2#1.AB")
                .ends_with("\n<evm-lanes link=\"?lanes=2#1.AB\" label=\"A title\"></evm-lanes>")
        );
    }

    #[test]
    fn a_title_is_one_line_and_never_empty() {
        let title = |title: &str| shared("", title).title();
        assert_eq!(title(" a\n\n b\tc\u{0}"), "a b c");
        assert_eq!(title(" \n"), "EVM Lanes");
        assert_eq!(title(&"a".repeat(160)), "a".repeat(160));
        assert_eq!(title(&"ä".repeat(161)), format!("{}…", "ä".repeat(159)));
        // Not between a space and the dots.
        assert_eq!(title(&"ab ".repeat(500)).chars().count(), 159);
    }

    #[test]
    fn the_page_in_every_form_opens_the_same() {
        let link = "?lanes=4&at=USD.balances[alice]";
        let query = |text: &str| {
            let text = unescape_html(text);
            let start = text.find("?lanes").expect("the query");
            let end = text[start..].find(['"', ')', '>']).map_or(text.len(), |end| start + end);
            PageLink::decode(&text[start..end], "")
        };
        let expected = PageLink::decode(link, "");
        assert!(matches!(expected, Ok(Some(_))));
        for form in Form::ALL {
            assert_eq!(query(&form.text(&shared(link, "A title"))), expected, "{form:?}");
        }
    }

    #[test]
    fn a_frame_shows_the_framed_page_and_every_form_has_its_words() {
        let frame = Form::Frame.text(&shared("?lanes=4", "A title"));
        assert!(frame.contains("/play/embed.html?lanes=4"), "{frame}");
        for form in Form::ALL {
            assert!(!form.name().is_empty() && !form.purpose().is_empty());
            assert!(form.copied().ends_with("copied."));
        }
    }
}

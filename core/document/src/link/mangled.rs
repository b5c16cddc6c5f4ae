//! What other programs do to links, and that such links open as if nothing had been done to them.

use super::{LinkError, PageLink, Selection, Source, query_pairs};
use crate::{ClockName, RunSettings, StrategyName, builtin, json};

/// The link, as a browser hands it to the page: query and fragment.
fn decode(link: &str) -> Result<Option<PageLink>, LinkError> {
    let (query, fragment) = link.split_once('#').unwrap_or((link, ""));
    PageLink::decode(query, fragment)
}

/// As a browser does with what it finds in the address bar: no line breaks and tabs, the rest percent-encoded.
fn typed(link: &str) -> String {
    let mut out = String::new();
    for c in link.trim().chars().filter(|c| !matches!(c, '\n' | '\r' | '\t')) {
        match c.is_ascii() && !matches!(c, ' ' | '"' | '<' | '>' | '`') {
            true => out.push(c),
            false => c.to_string().bytes().for_each(|b| out.push_str(&format!("%{b:02X}"))),
        }
    }
    out
}

fn run() -> RunSettings {
    RunSettings {
        strategy: StrategyName::from_name("block-stm"),
        lanes: Some(4),
        clock: ClockName::from_name("simulated"),
        cost: None,
        seed: Some(7),
    }
}

fn selection() -> Selection {
    Selection { tx: Some(7), incarnation: Some(1), location: Some("USD.balances[alice]".into()) }
}

/// What should open as `link` and does not, as it is and through a browser.
fn not_opened<'t>(link: &PageLink, rewritten: impl IntoIterator<Item = (&'t str, String)>) -> Vec<String> {
    let mut failed = Vec::new();
    for (what, rewritten) in rewritten {
        for (how, url) in [("", rewritten.clone()), (", through a browser", typed(&rewritten))] {
            let opened = decode(&url);
            if opened != Ok(Some(link.clone())) {
                let found = opened.map(|link| link.map(|link| link.encode()));
                failed.push(format!("{what}{how}: {found:?}\n  {url}"));
            }
        }
    }
    failed
}

/// A link that holds a document.
fn with_document() -> PageLink {
    let text = builtin::find(builtin::DEFAULT).expect("the default scenario").text;
    let scenario = Source::Document(json::pretty(text).expect("JSON"));
    PageLink { scenario, run: run(), selection: Some(selection()) }
}

/// A link to a built-in scenario.
fn named() -> PageLink {
    PageLink { scenario: Source::Builtin("payments".into()), run: run(), selection: None }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

fn in_lines(text: &str, length: usize, mark: &str) -> String {
    let lines: Vec<String> =
        text.as_bytes().chunks(length).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    lines.join(mark)
}

#[test]
fn a_link_with_a_document_opens_whatever_was_done_to_it() {
    let link = with_document();
    let url = link.encode();
    let (query, fragment) = url.split_once('#').expect("a document");
    let spread = |length: usize, mark: &str| format!("{query}#{}", in_lines(fragment, length, mark));
    let ending = |end: &str| format!("{url}{end}");
    let rewritten = [
        ("nothing", url.clone()),
        // HTML
        ("entities", url.replace('&', "&amp;")),
        ("entities twice", url.replace('&', "&amp;amp;")),
        ("entities four times", url.replace('&', "&amp;amp;amp;amp;")),
        ("numeric entities", url.replace('&', "&#38;").replace('_', "&#95;").replace('-', "&#x2d;")),
        ("numeric entities, escaped again", url.replace('&', "&amp;#38;")),
        ("an entity for #", url.replace('#', "&#35;")),
        ("an entity for # by name", url.replace('#', "&num;")),
        ("entities, then percent encoding", url.replace('&', "&amp%3B")),
        ("a tag behind", ending("</a>")),
        ("an attribute's end", ending("\" target=\"_blank\">")),
        ("an escaped tag behind", ending("&lt;/a&gt;")),
        ("where a word may be broken", spread(20, "<wbr>")),
        ("line breaks of HTML", spread(76, "<br />\n")),
        ("soft hyphens by name", spread(30, "&shy;")),
        ("zero-width spaces by name", spread(30, "&ZeroWidthSpace;")),
        ("zero-width spaces by number", spread(30, "&#8203;")),
        // Sentences
        ("a full stop", ending(".")),
        ("three full stops", ending("...")),
        ("an ellipsis", ending("…")),
        ("a bracket", ending(")")),
        ("a bracket and a full stop", ending(").")),
        ("a bracket and a comma", ending("),")),
        ("a curly bracket", ending("}")),
        ("angle brackets", ending(">")),
        ("quotation marks", ending("\u{201d}")),
        ("French quotation marks", ending("\u{a0}»")),
        ("Chinese punctuation", ending("。」")),
        ("a question mark", ending("?")),
        ("a space at the end", ending(" ")),
        ("words behind", ending(" shows it, and see below")),
        ("words behind without a space", ending(",see-below_and_above")),
        ("letters behind", ending("AAAA")),
        // Markdown and chats
        ("bold", ending("**")),
        ("code", ending("`")),
        ("escapes", url.replace('_', "\\_").replace('-', "\\-")),
        (
            "more escapes",
            url.replace('_', "\\_").replace('&', "\\&").replace('#', "\\#").replace("1.", "1\\."),
        ),
        ("a title", ending(" \"A title\")")),
        ("a link within a link", format!("{url}](https://lanes.example/{url})")),
        ("a text behind a bar", ending("|EVM Lanes>")),
        ("backslashes, encoded", url.replace('_', "%5C_")),
        // Mail
        ("lines of 76", spread(76, "\n")),
        ("lines of 76 and indentation", spread(76, "\r\n    ")),
        ("lines of 72 with a space", spread(72, " \n")),
        ("a quoted reply", spread(72, "\n> ")),
        ("a reply quoted twice", spread(72, "\n> > ")),
        ("quoted-printable", spread(75, "=\r\n")),
        ("quoted-printable, all of it", in_lines(&url.replace('=', "=3D"), 75, "=\n")),
        ("encoded line breaks", spread(76, "%0D%0A")),
        ("encoded spaces", spread(76, "%20")),
        ("spaces of forms", spread(76, "+")),
        // Word processors and typesetting
        ("soft hyphens", spread(70, "\u{ad}")),
        ("zero-width spaces", spread(70, "\u{200b}")),
        ("zero-width joiners", spread(70, "\u{200d}")),
        ("word joiners", spread(70, "\u{2060}")),
        ("a mark of byte order", format!("\u{feff}{url}")),
        ("marks of direction", format!("{query}#\u{202a}{fragment}\u{202c}")),
        ("non-breaking hyphens", url.replace('-', "\u{2011}")),
        ("hyphens of Unicode", url.replace('-', "\u{2010}")),
        ("minus signs", url.replace('-', "\u{2212}")),
        // Encoding
        ("an encoded fragment", format!("{query}#{}", encoded(fragment))),
        ("a fragment encoded twice", format!("{query}#{}", encoded(&encoded(fragment)))),
        ("an encoded dot", url.replacen("#1.", "#1%2E", 1)),
        ("an encoded dot in lower case", url.replacen("#1.", "#1%2e", 1)),
        ("an encoded #", url.replacen('#', "%23", 1)),
        ("a # encoded twice", url.replacen('#', "%2523", 1)),
        ("two #", url.replacen('#', "##", 1)),
        ("an encoded query", format!("?{}#{fragment}", encoded(&query[1..]))),
        ("an encoded & and =", url.replace('&', "%26").replace('=', "%3D")),
        ("base64's padding", ending("==")),
        // Added parameters
        ("in front", url.replacen('?', "?utm_source=chat&utm_medium=a%26b&", 1)),
        ("behind the query", format!("{query}&fbclid=a.b-c#{fragment}")),
        ("behind the query, with ?", format!("{query}?utm_source=chat#{fragment}")),
        ("behind the document", ending("&utm_source=chat&gclid=x_y-z")),
        ("behind the document, with ?", ending("?ref=mail")),
        ("behind the document, encoded", ending("%26utm_source%3Dchat")),
        ("behind the document, escaped", ending("&amp;mc_eid=12")),
        ("a query behind the document", format!("#{fragment}?{}", &query[1..])),
        ("a text fragment", ending(":~:text=lanes,-and%20so")),
        ("an encoded text fragment", ending("%3A~%3Atext%3Dlanes")),
        ("another fragment", ending("#comments")),
    ];
    assert!(rewritten.len() > 60);
    let failed = not_opened(&link, rewritten);
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Of every built-in scenario, because not every payload has two hyphens in a row, or "fi".
#[test]
fn letters_that_typesetting_joins_are_parted_again() {
    let mut changed = [0; 4];
    for builtin in builtin::ALL.iter().flat_map(|b| (0..40).map(move |seed| (b, seed))) {
        let (builtin, seed) = builtin;
        let text = json::pretty(builtin.text).expect("JSON").replacen('{', &format!("{{\"seed\":{seed},"), 1);
        let link = PageLink {
            scenario: Source::Document(json::pretty(&text).unwrap_or(text)),
            ..PageLink::default()
        };
        let url = link.encode();
        let joined = [
            url.replace("ffi", "\u{fb03}")
                .replace("fi", "\u{fb01}")
                .replace("fl", "\u{fb02}")
                .replace("ff", "\u{fb00}"),
            url.replace("--", "\u{2013}"),
            url.replace("---", "\u{2014}").replace("--", "\u{2013}"),
            url.replace("--", "\u{2014}"),
        ];
        for (changed, joined) in changed.iter_mut().zip(joined) {
            *changed += usize::from(joined != url);
            assert_eq!(decode(&joined), Ok(Some(link.clone())), "{joined}");
        }
    }
    assert!(changed.iter().all(|times| *times > 10), "{changed:?}");
}

#[test]
fn a_link_to_a_built_in_scenario_opens_whatever_was_done_to_it() {
    let link = named();
    let url = link.encode();
    let ends = [
        ".",
        "...",
        "…",
        ")",
        ").",
        "),",
        ",",
        ";",
        ":",
        ">",
        "\"",
        "'",
        "`",
        "%29",
        "%20",
        "%E2%80%8B",
        "%E2%80%9D",
        "+",
        "]",
        "}",
        "!",
        "?",
        "**",
        "_",
        "|EVM Lanes>",
        "](https://lanes.example/?s=payments)",
        " \"A title\")",
        "</a>",
        "#",
        "#:~:text=a",
        "&",
        "&amp;",
        "&utm_source=chat",
        "&amp%3Butm_source=chat",
        "?utm_source=chat",
        "&fbclid=IwAR0_a-b.c",
        "/",
    ];
    let mut failed = not_opened(&link, ends.map(|end| (end, format!("{url}{end}"))));
    let rewritten = [
        ("entities", url.replace('&', "&amp;")),
        ("entities, percent-encoded", url.replace('&', "&amp%3B")),
        ("escaped in one value", url.replace('&', "%26amp%3B").replacen("%26amp%3B", "&", 1)),
        ("all encoded", format!("?{}", encoded(&url[1..]))),
        ("all encoded twice", format!("?{}", encoded(&encoded(&url[1..])))),
        ("quoted-printable", url.replace('=', "=3D")),
        ("quoted-printable with a line break", url.replace("block-stm", "block-s=\r\ntm")),
        ("a line break", url.replace("block-stm", "block-\r\nstm")),
        ("a non-breaking hyphen", url.replace('-', "\u{2011}")),
        ("a soft hyphen", url.replace("payments", "pay\u{ad}ments")),
        ("backslashes", url.replace('-', "\\-").replace('=', "\\=")),
        ("semicolons", url.replace('&', ";")),
        ("two question marks", url.replace('?', "??")),
    ];
    failed.extend(not_opened(&link, rewritten));
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    // A location's name keeps the bracket that it ends with.
    let at = PageLink { selection: Some(selection()), ..link };
    for end in ["", ".", ")", "]", ").", "\u{201d}", "**", "%E2%80%8B", " ", "\">", "&fbclid=1"] {
        assert_eq!(decode(&format!("{}{end}", at.encode())), Ok(Some(at.clone())), "{end}");
    }
    let quoted = PageLink {
        selection: Some(Selection { location: Some("3DToken.owner".into()), ..Selection::default() }),
        ..PageLink::default()
    };
    assert_eq!(decode("?at=3DToken.owner"), Ok(Some(quoted)));
}

#[test]
fn what_is_nobodys_document_is_none() {
    for foreign in [
        "#utm_source=chat",
        "#:~:text=lanes",
        "#",
        "##",
        "#)",
        "?utm_source=a&amp;utm_medium=b",
        "?",
        "?&",
        "?=",
        "&",
    ] {
        assert_eq!(decode(foreign), Ok(None), "{foreign}");
    }
}

#[test]
fn what_was_changed_or_cut_is_still_told_apart() {
    let url = with_document().encode();
    assert_eq!(decode(&url.to_lowercase().replacen("%20", "", 1)), Err(LinkError::Damaged));
    for end in ["", "…", "...", " …", "%E2%80%A6", "</a>", "&utm_source=chat"] {
        let cut = format!("{}{end}", &url[..url.len() - 9]);
        assert!(matches!(decode(&cut), Err(LinkError::Cut { missing: 9, .. })), "{cut}");
    }
    // A mistake stays one.
    for wrong in ["?lanes=four)", "?lanes=0.", "?strategy=fast&amp;lanes=4", "?clock=.", "?lanes=%3Cb%3E"] {
        assert!(matches!(decode(wrong), Err(LinkError::Parameter { .. })), "{wrong}");
    }
}

#[test]
fn parameters_of_others_are_handed_on() {
    let pairs = |query: &str| {
        query_pairs(query)
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("&")
    };
    assert_eq!(pairs("?lesson=two-lanes&step=3"), "lesson=two-lanes&step=3");
    assert_eq!(pairs("lesson=two-lanes&amp;step=3)."), "lesson=two-lanes&step=3");
    assert_eq!(
        pairs("?strategy=block-stm,sequential&height=400px"),
        "strategy=block-stm,sequential&height=400px"
    );
    assert_eq!(pairs("?strategy=block-stm%2Csequential"), "strategy=block-stm,sequential");
    assert_eq!(pairs("?theme=%22%3E%3Cscript%3E"), "theme=\"><script");
    assert_eq!(pairs("?present"), "present=");
    assert_eq!(pairs("?at=USD.balances%5Balice%5D"), "at=USD.balances[alice]");
    assert_eq!(pairs(""), "");
    assert_eq!(pairs("?&=3&"), "");
}

/// Nothing in an address makes the page slow or ends it: mixtures of what links are made of, and very long ones.
#[test]
fn no_address_is_too_strange() {
    let pieces = [
        "?",
        "#",
        "&",
        "=",
        ";",
        "%",
        "%2",
        "%25",
        "%23",
        "%26",
        "%3D",
        "&amp;",
        "&#",
        "&#35;",
        "&#x110000;",
        "amp;",
        "1.",
        "1.AAAA",
        "9.",
        "0.",
        "at=",
        "s=",
        "tx=",
        "lanes=",
        "3D",
        "<",
        ">",
        "</",
        ")",
        "]",
        "\u{2014}",
        "\u{fb01}",
        "\u{ad}",
        "ä",
        "\u{1f468}\u{200d}",
        "\\",
        ":~:",
        "\0",
        "\n",
        "=\n",
        "+",
        "-",
        "_",
        ".",
        ",",
        "payments",
        "7",
        "7.2",
    ];
    let mut state = 1u64;
    let mut next = || {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) as usize
    };
    for _ in 0..20_000 {
        let link: String = (0..next() % 24).map(|_| pieces[next() % pieces.len()]).collect();
        let _ = decode(&link);
        let _ = query_pairs(&link);
    }
    let started = std::time::Instant::now();
    for piece in pieces {
        let long = piece.repeat(200_000 / piece.len());
        for start in ["?", "?at=", "?s=", "#", "#1.", "#1.AAAA"] {
            let _ = decode(&format!("{start}{long}"));
        }
    }
    // It takes a second; what needs the square of the length would take many minutes.
    assert!(started.elapsed().as_secs() < 300);
}

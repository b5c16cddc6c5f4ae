//! Pages of their own for built-in scenarios and lessons, for search engines, for programs that show a preview of a link,
//! and for people without scripts; and the teacher's page. See docs/decisions/0030-pages-made-at-build-time.md.
//!
//! ```text
//! www/recorded/index.json, core/document/src/builtin ─▶ scenarios/NAME/index.html ─┐
//! core/document/lessons ─┬─▶ lessons/ID/index.html ─────────────────────────────────┼─▶ oembed/….json (with an address)
//!                        └─▶ teach/index.html                                       ┘
//! ```
//! Preview pictures are made by `cargo xtask record` (`preview.rs`).

mod address;
mod html;
mod sources;

use anyhow::{Context, Result};
use serde_json::json;

pub use address::Address;
use html::{Page, escape, words};
use sources::{Lesson, Scenario};

use crate::page::{self, Files};
use crate::{process, workspace};

/// The size of a preview picture.
pub const PREVIEW: (u32, u32) = (1200, 630);

/// The height of a frame with a scenario, in pixels, and of one with a lesson.
const HEIGHTS: (u32, u32) = (420, 640);
/// The width that oEmbed needs; the frame takes what its place has.
const WIDTH: u32 = 900;

/// What the page itself is, for programs that show a preview of a link to it.
const TITLE: &str = "EVM Lanes";
const ABOUT: &str = "A block of Ethereum transactions runs in parallel on your own cores, and the page shows what limited its speed.";

/// Stands for the site where its address is not known.
const SOME_ADDRESS: &str = "https://lanes.example/";

/// Adds the pages to a site that has the page itself, and the preview of the page to index.html.
///
/// # Errors
/// If a source cannot be read or is not as expected.
pub fn add(site: &mut Files, address: Option<&Address>) -> Result<()> {
    let frame = Frame::new(site, address)?;
    let scenarios = sources::scenarios()?;
    let lessons = sources::lessons()?;
    for scenario in &scenarios {
        frame.add(site, &of_scenario(scenario, &scenarios, address));
    }
    for (i, lesson) in lessons.iter().enumerate() {
        frame.add(site, &of_lesson(lesson, lessons.get(i + 1), address));
        let picture = format!("lessons/{}.png", lesson.id);
        site.insert(picture.clone(), process::read(&workspace::path("www").join(&picture))?);
    }
    frame.add(site, &teach(&lessons, address));
    if address.is_some() {
        let preview = frame.preview("", TITLE, ABOUT, "recorded/one-pool.png", None);
        let index = site.get_mut("index.html").context("the site has no index.html")?;
        let html = String::from_utf8_lossy(index).replacen("</title>", &format!("</title>\n{preview}"), 1);
        *index = html.into_bytes();
    }
    Ok(())
}

/// What all pages have.
struct Frame<'a> {
    address: Option<&'a Address>,
    /// The names of files in the site.
    sheet: String,
    script: String,
    icon: String,
}

impl<'a> Frame<'a> {
    fn new(site: &mut Files, address: Option<&'a Address>) -> Result<Self> {
        let mut sheet = Vec::new();
        for part in ["www/styles/tokens.css", "www/pages/pages.css"] {
            sheet.extend(process::read(&workspace::path(part))?);
        }
        let name = page::hashed("pages", ".css", &sheet);
        site.insert(name.clone(), sheet);
        let script = page::add(site, "www/pages/teach.js")?;
        let icon = page::add(site, "www/icons/icon.svg")?;
        Ok(Self { address, sheet: name, script, icon })
    }

    /// Adds a page, and its oEmbed where that can be.
    fn add(&self, site: &mut Files, page: &Page) {
        let Page { path, title, about, .. } = page;
        let depth = "../".repeat(path.matches('/').count());
        let oembed = page.embed.as_ref().zip(self.address).map(|(embed, address)| {
            let name = format!("oembed/{}.json", embed.name);
            let json = json!({
                "version": "1.0",
                "type": "rich",
                "title": title,
                "provider_name": TITLE,
                "provider_url": address.of(""),
                "html": iframe(&address.of(""), &embed.query, embed.height, title),
                "width": WIDTH,
                "height": embed.height,
                "thumbnail_url": address.of(&page.picture),
                "thumbnail_width": PREVIEW.0,
                "thumbnail_height": PREVIEW.1,
            });
            site.insert(name.clone(), format!("{json:#}\n").into_bytes());
            name
        });
        let script = match page.has_script {
            true => format!("<script src=\"{depth}{}\" defer></script>\n", self.script),
            false => String::new(),
        };
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'self'; style-src 'self'; \
             img-src 'self'; base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{} · {TITLE}</title>\n\
             <meta name=\"description\" content=\"{}\">\n{}\
             <link rel=\"icon\" href=\"{depth}{}\">\n<link rel=\"stylesheet\" href=\"{depth}{}\">\n{script}\
             </head>\n<body>\n<header><a class=\"brand\" href=\"{depth}\">{TITLE}</a>\n\
             <nav aria-label=\"Site\"><a href=\"{depth}teach/\">For teachers</a></nav></header>\n\
             <main>\n{}</main>\n</body>\n</html>\n",
            escape(title),
            escape(about),
            self.preview(path, title, about, &page.picture, oembed.as_deref()),
            self.icon,
            self.sheet,
            page.body,
        );
        site.insert(format!("{path}index.html"), html.into_bytes());
    }

    /// The tags by which other programs show a preview of a link to a page. Most of them need whole addresses.
    fn preview(&self, path: &str, title: &str, about: &str, picture: &str, oembed: Option<&str>) -> String {
        let mut tags = vec![
            ("property", "og:type", "website".to_owned()),
            ("property", "og:site_name", TITLE.to_owned()),
            ("property", "og:title", title.to_owned()),
            ("property", "og:description", about.to_owned()),
        ];
        let mut links = Vec::new();
        if let Some(address) = self.address {
            tags.push(("property", "og:url", address.of(path)));
            tags.push(("property", "og:image", address.of(picture)));
            tags.push(("property", "og:image:type", "image/png".to_owned()));
            tags.push(("property", "og:image:width", PREVIEW.0.to_string()));
            tags.push(("property", "og:image:height", PREVIEW.1.to_string()));
            tags.push(("property", "og:image:alt", about.to_owned()));
            tags.push(("name", "twitter:card", "summary_large_image".to_owned()));
            links.push(format!("<link rel=\"canonical\" href=\"{}\">\n", address.of(path)));
            links.extend(oembed.map(|name| {
                format!(
                    "<link rel=\"alternate\" type=\"application/json+oembed\" href=\"{}\" title=\"{}\">\n",
                    address.of(name),
                    escape(title)
                )
            }));
        } else {
            tags.push(("name", "twitter:card", "summary".to_owned()));
        }
        let tags = tags
            .into_iter()
            .map(|(kind, name, value)| format!("<meta {kind}=\"{name}\" content=\"{}\">\n", escape(&value)));
        tags.chain(links).collect()
    }
}

/// The code of a frame.
fn iframe(site: &str, query: &str, height: u32, title: &str) -> String {
    format!(
        "<iframe src=\"{site}embed.html?{}&amp;height={height}\" width=\"100%\" height=\"{height}\" \
         title=\"{}\" loading=\"lazy\" allow=\"cross-origin-isolated\"></iframe>",
        escape(query),
        escape(title)
    )
}

/// The code of the element, with the script that it needs.
fn element(site: &str, attributes: &str) -> String {
    format!("<script src=\"{site}embed.js\" async></script>\n<evm-lanes {attributes}></evm-lanes>")
}

fn of_scenario(scenario: &Scenario, all: &[Scenario], address: Option<&Address>) -> Page {
    let Scenario { name, title, headline, query, .. } = scenario;
    let paragraphs: String =
        scenario.story.split("\n\n").map(|text| format!("<p>{}</p>\n", escape(text))).collect();
    let others: String = all
        .iter()
        .filter(|other| other.name != *name)
        .map(|other| format!("<li><a href=\"../{}/\">{}</a></li>\n", other.name, escape(&other.title)))
        .collect();
    let codes = match address {
        Some(address) => codes(
            &address.of(""),
            &format!("scenario=\"{name}\""),
            &format!("s={name}"),
            HEIGHTS.0,
            title,
            "h2",
        ),
        None => String::new(),
    };
    let body = format!(
        "<h1>{}</h1>\n<figure><img src=\"../../recorded/{name}.svg\" alt=\"Lanes over time: {}\">\n\
         <figcaption>{}</figcaption></figure>\n\
         <p><a class=\"open\" href=\"../../?{}\">Open and run it</a></p>\n{paragraphs}{codes}\
         <h2>Other scenarios</h2>\n<ul class=\"columns\">\n{others}</ul>\n",
        escape(title),
        escape(headline),
        escape(&format!("{headline}. Recorded on simulated lanes.")),
        escape(query),
    );
    Page {
        path: format!("scenarios/{name}/"),
        title: title.clone(),
        about: format!("{headline}. {}", html::beginning(&scenario.story)),
        picture: format!("recorded/{name}.png"),
        embed: Some(html::Embed {
            name: format!("scenario-{name}"),
            query: format!("s={name}"),
            height: HEIGHTS.0,
        }),
        body,
        has_script: false,
    }
}

fn of_lesson(lesson: &Lesson, next: Option<&Lesson>, address: Option<&Address>) -> Page {
    let Lesson { id, title, minutes, .. } = lesson;
    let aims: String = lesson.aims.iter().map(|aim| format!("<li>{}</li>\n", escape(aim))).collect();
    let next = next.map_or_else(String::new, |next| {
        format!("<p>The next lesson: <a href=\"../{}/\">{}</a></p>\n", next.id, escape(&next.title))
    });
    let codes = match address {
        Some(address) => {
            codes(&address.of(""), &lesson_attributes(lesson), &lesson_query(lesson), HEIGHTS.1, title, "h2")
        }
        None => String::new(),
    };
    let body = format!(
        "<h1>{}</h1>\n<p>A lesson of about {minutes} minutes. You can do it in the browser, by keyboard, too.</p>\n\
         <p><a class=\"open\" href=\"../../?lesson={id}\">Begin</a></p>\n\
         <h2>Afterwards you can</h2>\n<ul>\n{aims}</ul>\n<h2>Steps</h2>\n{}{next}{codes}",
        escape(title),
        steps(lesson, "../../"),
    );
    Page {
        path: format!("lessons/{id}/"),
        title: title.clone(),
        about: format!("A lesson of about {minutes} minutes. {}.", words(&lesson.aims)),
        picture: format!("lessons/{id}.png"),
        embed: Some(html::Embed {
            name: format!("lesson-{id}"),
            query: lesson_query(lesson),
            height: HEIGHTS.1,
        }),
        body,
        has_script: false,
    }
}

/// The steps as links.
fn steps(lesson: &Lesson, root: &str) -> String {
    let items: String = lesson
        .steps
        .iter()
        .enumerate()
        .map(|(i, step)| {
            format!(
                "<li><a href=\"{root}?lesson={}&amp;step={}\">{}</a></li>\n",
                lesson.id,
                i + 1,
                escape(step)
            )
        })
        .collect();
    format!("<ol>\n{items}</ol>\n")
}

fn lesson_query(lesson: &Lesson) -> String {
    format!("lesson={}&view=split&edit=full", lesson.id)
}

fn lesson_attributes(lesson: &Lesson) -> String {
    format!(
        "lesson=\"{}\" view=\"split\" edit=\"full\" height=\"{}\" label=\"{}\"",
        lesson.id,
        HEIGHTS.1,
        escape(&lesson.title)
    )
}

/// Both codes that other pages take, to be copied. One click or key press selects all of one.
fn codes(site: &str, attributes: &str, query: &str, height: u32, title: &str, heading: &str) -> String {
    let code = |name: &str, text: &str| {
        format!(
            "<h{0}>{name}</h{0}>\n<pre class=\"code\" tabindex=\"0\" role=\"region\" aria-label=\"{name}, {title}\">{1}</pre>\n",
            if heading == "h2" { 3 } else { 4 },
            escape(text),
            title = escape(title),
        )
    };
    let element = code("Element", &element(site, attributes));
    let frame = code("Frame", &iframe(site, query, height, title));
    format!("<{heading}>In a page of yours</{heading}>\n{element}{frame}")
}

fn teach(lessons: &[Lesson], address: Option<&Address>) -> Page {
    let site = address.map_or_else(|| SOME_ADDRESS.to_owned(), |address| address.of(""));
    let total: u64 = lessons.iter().map(|lesson| lesson.minutes).sum();
    let mut list = String::new();
    let mut all = String::new();
    for lesson in lessons {
        let Lesson { id, title, minutes, opens_with, .. } = lesson;
        list.push_str(&format!(
            "<tr><th scope=\"row\"><a href=\"#{id}\">{}</a></th><td>{minutes}</td><td>{}</td></tr>\n",
            escape(title),
            lesson.steps.len()
        ));
        let aims: String = lesson.aims.iter().map(|aim| format!("<li>{}</li>\n", escape(aim))).collect();
        all.push_str(&format!(
            "<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{}</h2>\n\
             <p>{minutes} minutes. It opens with {}. <a href=\"../?lesson={id}\">Open it</a></p>\n\
             <div class=\"two\"><div><h3>Aims</h3>\n<ul>\n{aims}</ul></div>\n<div><h3>Steps</h3>\n{}</div></div>\n{}</section>\n",
            escape(title),
            escape(opens_with),
            steps(lesson, "../"),
            codes(&site, &lesson_attributes(lesson), &lesson_query(lesson), HEIGHTS.1, title, "h3"),
        ));
    }
    let unknown = match address {
        Some(_) => String::new(),
        None => format!(
            "<p class=\"address\">In the codes below, put the address of this site in the place of <code>{SOME_ADDRESS}</code>.</p>\n"
        ),
    };
    let body = format!(
        "<h1>For teachers</h1>\n\
         <p>{} lessons on parallel execution of Ethereum blocks, {total} minutes together. They build on each other, and each can \
         be used alone. A lesson asks before it shows, sets goals that the page checks, and helps with hints. All of it runs on \
         simulated lanes, so everybody sees the same figures, on any machine. Nobody needs an account or a wallet, and nothing \
         is sent anywhere.</p>\n\
         <p>Each lesson is one link, and so is each step. What somebody has changed in a step is in the link that <em>Share</em> \
         gives: that link is what is handed in. After the first visit the page needs no network.</p>\n{unknown}\
         <p><a class=\"open\" href=\"../lessons/template.json\" download>The template for a lesson of your own</a></p>\n\
         <div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"All lessons\"><table>\n\
         <thead><tr><th scope=\"col\">Lesson</th><th scope=\"col\">Minutes</th><th scope=\"col\">Steps</th></tr></thead>\n\
         <tbody>\n{list}</tbody></table></div>\n{all}",
        lessons.len(),
    );
    Page {
        path: "teach/".into(),
        title: "For teachers".into(),
        about: format!(
            "{} lessons on parallel execution of Ethereum blocks: times, aims, steps, and codes for your own pages.",
            lessons.len()
        ),
        picture: "recorded/one-pool.png".into(),
        embed: None,
        body,
        has_script: true,
    }
}

#[cfg(test)]
mod tests;

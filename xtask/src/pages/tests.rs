//! What the pages say, and that it is right wherever the site will be.

use super::*;

fn site(address: Option<&str>) -> Files {
    let address: Option<Address> = address.map(|address| address.parse().expect("an address"));
    let mut site = Files::new();
    let index = "<html><head><title>EVM Lanes</title></head><body></body></html>";
    site.insert("index.html".into(), index.into());
    add(&mut site, address.as_ref()).expect("the pages");
    site
}

fn text(site: &Files, name: &str) -> String {
    String::from_utf8(site.get(name).unwrap_or_else(|| panic!("{name} is missing")).clone()).expect("UTF-8")
}

const HERE: &str = "https://school.example/lanes/";

#[test]
fn every_scenario_and_lesson_has_a_page_and_its_picture() {
    let site = site(Some(HERE));
    for scenario in sources::scenarios().expect("scenarios") {
        let html = text(&site, &format!("scenarios/{}/index.html", scenario.name));
        assert!(html.contains(&format!("<h1>{}</h1>", escape(&scenario.title))), "{html}");
        assert!(html.contains(&escape(&scenario.headline)), "{html}");
        let picture = workspace::path("www/recorded").join(format!("{}.png", scenario.name));
        assert!(picture.is_file(), "{}: cargo xtask record", picture.display());
    }
    let lessons = sources::lessons().expect("lessons");
    assert_eq!(lessons.len(), 12);
    for lesson in &lessons {
        let html = text(&site, &format!("lessons/{}/index.html", lesson.id));
        for step in 1..=lesson.steps.len() {
            assert!(html.contains(&format!("?lesson={}&amp;step={step}\"", lesson.id)), "{html}");
        }
        assert!(site.contains_key(&format!("lessons/{}.png", lesson.id)));
    }
}

#[test]
fn the_teachers_page_has_everything_of_each_lesson() {
    let html = text(&site(Some(HERE)), "teach/index.html");
    for lesson in sources::lessons().expect("lessons") {
        assert!(html.contains(&format!("<section id=\"{}\"", lesson.id)));
        for words in lesson.aims.iter().chain(&lesson.steps) {
            assert!(html.contains(&escape(words)), "{words}");
        }
        let frame = format!("{HERE}embed.html?lesson={}&view=split", lesson.id);
        assert!(html.contains(&escape(&escape(&frame))), "{frame}");
    }
    assert!(!html.contains(SOME_ADDRESS));
}

#[test]
fn a_site_without_an_address_says_nothing_that_would_be_wrong() {
    let site = site(None);
    assert!(site.keys().all(|name| !name.starts_with("oembed/")));
    for name in site.keys().filter(|name| name.ends_with(".html")) {
        let html = text(&site, name);
        for tag in ["og:url", "og:image", "canonical", "oembed", "summary_large_image"] {
            assert!(!html.contains(tag), "{name}: {tag}");
        }
        if !name.starts_with("teach/") {
            assert!(!html.contains("https://"), "{name}");
        }
    }
    assert!(text(&site, "teach/index.html").contains(SOME_ADDRESS));
    assert!(!text(&site, "index.html").contains("og:"));
}

#[test]
fn with_an_address_programs_find_a_preview_and_a_frame() {
    let site = site(Some(HERE));
    let html = text(&site, "scenarios/one-pool/index.html");
    for tag in [
        "<link rel=\"canonical\" href=\"https://school.example/lanes/scenarios/one-pool/\">",
        "<meta property=\"og:image\" content=\"https://school.example/lanes/recorded/one-pool.png\">",
        "<meta name=\"twitter:card\" content=\"summary_large_image\">",
        "type=\"application/json+oembed\" href=\"https://school.example/lanes/oembed/scenario-one-pool.json\"",
    ] {
        assert!(html.contains(tag), "{tag} in {html}");
    }
    let oembed: serde_json::Value =
        serde_json::from_slice(&site["oembed/lesson-two-lanes.json"]).expect("JSON");
    assert_eq!((&oembed["version"], &oembed["type"]), (&"1.0".into(), &"rich".into()));
    let frame = oembed["html"].as_str().expect("HTML");
    assert!(
        frame.starts_with("<iframe src=\"https://school.example/lanes/embed.html?lesson=two-lanes&amp;"),
        "{frame}"
    );
    assert!(oembed["width"].is_u64() && oembed["height"].is_u64());
    assert!(text(&site, "index.html").contains("og:image"));
}

#[test]
fn links_between_pages_lead_to_files_of_the_site() {
    let site = site(None);
    for name in site.keys().filter(|name| name.ends_with("/index.html")) {
        let folder: Vec<&str> = name.split('/').collect();
        let html = text(&site, name);
        for link in html.split(" href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let (path, _) = link.split_at(link.find(['?', '#']).unwrap_or(link.len()));
            let up = path.matches("../").count();
            let rest = path.trim_start_matches("../");
            let mut target: String =
                folder[..folder.len() - 1 - up].iter().map(|part| format!("{part}/")).collect();
            target.push_str(rest);
            if path.is_empty() {
                continue;
            }
            if target.is_empty() || target.ends_with('/') {
                target.push_str("index.html");
            }
            // The lessons' own files are added elsewhere.
            assert!(site.contains_key(&target) || target == "lessons/template.json", "{name}: {link}");
        }
    }
}

#[test]
fn texts_are_never_html() {
    let scenario = Scenario {
        name: "x".into(),
        title: "<b>\"a\" & b</b>".into(),
        headline: "<i>h</i>".into(),
        query: "s=x".into(),
        story: "<script>1</script>".into(),
    };
    let page = of_scenario(&scenario, &[], Some(&HERE.parse().expect("an address")));
    for tag in ["<b>", "<i>", "<script>1", "\"a\""] {
        assert!(!page.body.contains(tag), "{tag} in {}", page.body);
    }
}

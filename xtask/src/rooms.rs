//! Rooms and their doors: within a crate, no room may need one that needs it. Between crates cargo sees to that. And the
//! page's components: they are given values, never the page.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::{fingerprint, workspace};

/// The folders of the crates that are checked.
const CRATES: [&str; 6] = ["core", "core/document", "core/evm", "core/import", "core/lanes", "core/solidity"];

/// For each room of a crate, the rooms that its code names, without tests.
fn dependencies(folder: &str) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let source = workspace::path(folder).join("src");
    let mut dependencies: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in fingerprint::files_below(&source)? {
        let below = file.strip_prefix(&source)?;
        let Some(room) = room_of(below) else { continue };
        dependencies.entry(room).or_default().extend(named(&fs::read_to_string(&file)?));
    }
    let rooms: BTreeSet<String> = dependencies.keys().cloned().collect();
    for (room, named) in &mut dependencies {
        named.retain(|other| other != room && rooms.contains(other));
    }
    Ok(dependencies)
}

/// The top-level module that a file belongs to; `None` for the crate's root and for tests.
fn room_of(below: &Path) -> Option<String> {
    let is_test = below.file_stem().is_some_and(|stem| stem == "tests");
    let first = below.iter().next()?.to_str()?.trim_end_matches(".rs").to_owned();
    (!is_test && first != "lib").then_some(first)
}

/// The first names after `crate::` in a file's code.
fn named(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code: String = lines.flat_map(|line| [line, "\n"]).collect();
    let mut names = BTreeSet::new();
    for after in code.split("crate::").skip(1) {
        match after.strip_prefix('{') {
            Some(list) => names.extend(first_names(list)),
            None => names.extend(identifier(after)),
        }
    }
    names
}

/// The first name of each entry of a list `a::b, c::{d, e}, f}`.
fn first_names(list: &str) -> Vec<String> {
    let (mut depth, mut names, mut starts) = (0, Vec::new(), true);
    for (i, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => starts = true,
            c if starts && !c.is_whitespace() => {
                names.extend(identifier(&list[i..]));
                starts = false;
            }
            _ => {}
        }
    }
    names
}

fn identifier(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

/// A path from a room back to itself, if there is one.
fn cycle(dependencies: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn visit(room: &str, dependencies: &BTreeMap<String, BTreeSet<String>>, path: &mut Vec<String>) -> bool {
        if path.iter().any(|seen| seen == room) {
            path.push(room.to_owned());
            return true;
        }
        path.push(room.to_owned());
        if dependencies[room].iter().any(|next| visit(next, dependencies, path)) {
            return true;
        }
        path.pop();
        false
    }
    dependencies.keys().find_map(|room| {
        let mut path = Vec::new();
        visit(room, dependencies, &mut path).then_some(path)
    })
}

#[test]
fn rooms_have_no_cycles() {
    for folder in CRATES {
        let dependencies = dependencies(folder).expect("the crate is there");
        assert!(dependencies.len() > 3, "{folder} has rooms");
        if let Some(path) = cycle(&dependencies) {
            panic!("{folder}: {}", path.join(" → "));
        }
    }
}

#[test]
fn cycles_are_found() {
    let named = named(
        "use crate::{\n    a::B,\n    c::{d, E},\n};\nfn f() { crate::g::h() } // crate::i\n// crate::k\n",
    );
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    assert_eq!(named, ["a", "c", "g", "i"]);
    let dependencies = |of: &[(&str, &str)]| {
        let mut dependencies: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, to) in of {
            dependencies.entry((*from).into()).or_default().insert((*to).into());
            dependencies.entry((*to).into()).or_default();
        }
        dependencies
    };
    assert_eq!(cycle(&dependencies(&[("a", "b"), ("b", "c"), ("a", "c")])), None);
    assert!(cycle(&dependencies(&[("a", "b"), ("b", "c"), ("c", "b")])).is_some());
}

/// The page's components, and the only one of them that knows the page.
const COMPONENTS: &str = "web/src/components";
const FRAME: &str = "app.rs";

/// The words of a file's code, comments and texts apart.
fn words(text: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("'\"'") {
            3
        } else if first == '"' {
            text_length(rest)
        } else if let Some(word) = identifier(rest) {
            let length = word.len();
            words.insert(word);
            length
        } else {
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    words
}

/// The length of the text in quotes with which `code` begins.
fn text_length(code: &str) -> usize {
    let mut escaped = false;
    for (i, c) in code.char_indices().skip(1) {
        match c {
            '"' if !escaped => return i + 1,
            _ => escaped = c == '\\' && !escaped,
        }
    }
    code.len()
}

#[test]
fn only_the_frame_of_the_page_knows_the_page() {
    let files = fingerprint::files_below(&workspace::path(COMPONENTS)).expect("the components are there");
    let knowing: Vec<String> = files
        .iter()
        .filter(|file| words(&fs::read_to_string(file).expect("a source is a text")).contains("Page"))
        .map(|file| file.file_name().unwrap_or_default().to_string_lossy().into_owned())
        .collect();
    assert_eq!(knowing, [FRAME], "a component is given the values that it shows, and intents");
}

#[test]
fn comments_and_texts_are_no_code() {
    let words = words("a(b, \"c \\\" d\", '\"'); // e\n/// f\nlet g_h = i;");
    assert_eq!(words.iter().map(String::as_str).collect::<Vec<_>>(), ["a", "b", "g_h", "i", "let"]);
}

//! Finds cycles between the top-level modules ("rooms") of a crate. Between crates cargo does that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::{fingerprint, workspace};

/// The folders of the crates that are checked.
const CRATES: [&str; 4] = ["core", "core/document", "core/evm", "core/lanes"];

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

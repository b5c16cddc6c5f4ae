//! The lessons' files in the site: their list, each lesson, the template, and the schema.

use std::path::Path;

use anyhow::{Context, Result};

use crate::fingerprint;
use crate::page::Files;
use crate::{process, workspace};

/// The list of lessons, which a test of `core/document` keeps current.
const LIST: &str = "www/lessons/index.json";
/// The schema of lessons, which `x schema` keeps current.
const SCHEMA: &str = "www/lesson.schema.json";
const FOLDER: &str = "core/document/lessons";

/// Adds `lessons/index.json`, `lessons/ID.json` for each lesson, `lessons/template.json` and `lesson.schema.json`.
///
/// # Errors
/// If a file cannot be read.
pub fn add(site: &mut Files) -> Result<()> {
    site.insert("lessons/index.json".into(), process::read(&workspace::path(LIST))?);
    site.insert("lesson.schema.json".into(), process::read(&workspace::path(SCHEMA))?);
    for file in fingerprint::files_below(&workspace::path(FOLDER))? {
        site.insert(format!("lessons/{}", name(&file)?), process::read(&file)?);
    }
    Ok(())
}

/// The name of a lesson's file in the site: without the number that orders the files of the work tree.
fn name(file: &Path) -> Result<String> {
    let name = file.file_name().context("a lesson has no name")?.to_string_lossy().into_owned();
    let rest = name.trim_start_matches(|c: char| c.is_ascii_digit());
    Ok(rest.strip_prefix('-').unwrap_or(&name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_site_has_each_lesson_by_its_id() {
        let mut site = Files::new();
        add(&mut site).expect("the lessons' files");
        let list: serde_json::Value = serde_json::from_slice(&site["lessons/index.json"]).expect("JSON");
        let ids: Vec<&str> =
            list.as_array().expect("a list").iter().filter_map(|lesson| lesson["id"].as_str()).collect();
        assert_eq!(ids.len(), 12);
        for id in ids {
            let lesson = &site[&format!("lessons/{id}.json")];
            let lesson: serde_json::Value = serde_json::from_slice(lesson).expect("JSON");
            assert_eq!(lesson["id"], id);
        }
        assert!(site.contains_key("lessons/template.json"));
    }
}

//! What the pages are made of: documents as they are in the work tree. Tests of `core/document` say that they are right.

use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::{fingerprint, workspace};

/// A built-in scenario and its recorded run.
pub struct Scenario {
    pub name: String,
    pub title: String,
    /// The run in one sentence.
    pub headline: String,
    /// The query that opens it as it was recorded.
    pub query: String,
    /// What it is about, in paragraphs.
    pub story: String,
}

/// A built-in lesson.
pub struct Lesson {
    pub id: String,
    pub title: String,
    pub minutes: u64,
    pub aims: Vec<String>,
    /// The titles of its steps.
    pub steps: Vec<String>,
    /// What is seen first.
    pub opens_with: String,
}

#[derive(Deserialize)]
struct Recorded {
    name: String,
    title: String,
    headline: String,
    strategy: String,
    lanes: u16,
    clock: String,
}

#[derive(Deserialize)]
struct Document {
    title: String,
    #[serde(default)]
    story: String,
}

#[derive(Deserialize)]
struct LessonDocument {
    id: String,
    title: String,
    minutes: u64,
    aims: Vec<String>,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    title: String,
    scenario: Option<serde_json::Value>,
    #[serde(default)]
    run: Run,
    question: Option<serde_json::Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Run {
    lanes: Option<u16>,
}

const BUILTIN: &str = "core/document/src/builtin";
const LESSONS: &str = "core/document/lessons";

fn read(path: &str) -> Result<String> {
    fs::read_to_string(workspace::path(path)).with_context(|| format!("{path} cannot be read"))
}

fn document(name: &str) -> Result<Document> {
    let path = format!("{BUILTIN}/{name}.json");
    serde_json::from_str(&read(&path)?).with_context(|| format!("{path} is not a scenario"))
}

/// The built-in scenarios that have a recorded run, in the page's order.
///
/// # Errors
/// If a file cannot be read.
pub fn scenarios() -> Result<Vec<Scenario>> {
    let recorded: Vec<Recorded> =
        serde_json::from_str(&read("www/recorded/index.json")?).context("www/recorded/index.json")?;
    recorded
        .into_iter()
        .map(|Recorded { name, title, headline, strategy, lanes, clock }| {
            let story = document(&name)?.story;
            let query = format!("s={name}&strategy={strategy}&lanes={lanes}&clock={clock}");
            Ok(Scenario { name, title, headline, query, story })
        })
        .collect()
}

/// The built-in lessons, in the order in which they build on each other.
///
/// # Errors
/// If a file cannot be read.
pub fn lessons() -> Result<Vec<Lesson>> {
    let mut lessons = Vec::new();
    for file in fingerprint::files_below(&workspace::path(LESSONS))? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // The number that orders them; the template has none.
        if !name.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let lesson: LessonDocument =
            serde_json::from_str(&read(&format!("{LESSONS}/{name}"))?).with_context(|| name.clone())?;
        let first = lesson.steps.first().with_context(|| format!("{name} has no steps"))?;
        let opens_with = opens_with(first)?;
        lessons.push(Lesson {
            id: lesson.id,
            title: lesson.title,
            minutes: lesson.minutes,
            aims: lesson.aims,
            steps: lesson.steps.into_iter().map(|step| step.title).collect(),
            opens_with,
        });
    }
    Ok(lessons)
}

/// `a question about “Eight payments” on 2 lanes`.
fn opens_with(step: &Step) -> Result<String> {
    let scenario = match &step.scenario {
        Some(serde_json::Value::String(name)) => document(name)?.title,
        Some(scenario) => scenario["title"].as_str().unwrap_or(&step.title).to_owned(),
        None => step.title.clone(),
    };
    let lanes = match step.run.lanes.unwrap_or(4) {
        1 => "1 lane".to_owned(),
        lanes => format!("{lanes} lanes"),
    };
    let what = if step.question.is_some() { "a question about" } else { "a run of" };
    Ok(format!("{what} “{scenario}” on {lanes}"))
}

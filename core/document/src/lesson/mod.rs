//! Lessons: the document `evm-lanes-lesson/1`. `docs/lessons.md` describes it for people.
//!
//! ```text
//! text ─ parse ─▶ Lesson ─ start(step) ─▶ Start: the step's scenario, as text, and how it is run
//!                   │ goal, hints      predicates ([`Goal`]); whether one holds says `core/src/goal.rs`
//! ```
//! A lesson is read as a scenario is: one table of fields, mistakes with their places, unknown fields with the nearest
//! name. A lesson that was read has a right scenario for every step: with it, its answer and its mistakes.

pub mod builtin;
mod decode;
pub mod edit;
mod goal;
pub mod link;
pub mod number;
#[cfg(feature = "schema")]
mod schema;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::fields::{LeftOut, objects};
use crate::json::{self, Tree};
use crate::problem::Problem;
use crate::{Document, RunSettings};

pub use goal::{Comparison, Figure, Goal, Kind, MAX_DEPTH, MAX_TESTS, Name, Test, Written};
#[cfg(feature = "schema")]
pub use schema::schema;

/// The version of the lesson document that this code reads.
pub const VERSION: u32 = 1;
/// The name that a lesson's document bears, up to its version.
pub const FORMAT: &str = "evm-lanes-lesson/";
/// Longest lesson, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// Most steps of a lesson.
pub const MAX_STEPS: usize = 32;
/// Most entries of any other list in a lesson: aims, choices, hints, mistakes, changes.
pub const MAX_LIST: usize = 16;
/// Longest text, in characters.
pub const MAX_TEXT: usize = 6_000;

objects! {
    /// A lesson.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Lesson {
        format: LessonFormat = "format", "Name and version of the format.";
        id: String = "id", "Its name in links: small letters, digits and `-`, at most 64 long.";
        title: String = "title", "What the page shows as its name; one line.";
        aims: Vec<String> = "aims", "What readers can do afterwards; one line each.";
        minutes: u32 = "minutes", "How long it takes, in minutes, from 1 to 240.";
        steps: Vec<Step> = "steps", "The steps, in order.";
    }
}

/// Name and version of the format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum LessonFormat {
    /// Version 1.
    #[default]
    #[serde(rename = "evm-lanes-lesson/1")]
    V1,
}

objects! {
    /// A step of a lesson: what is read, what is run, what is asked.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Step {
        title: String = "title", "Its heading; one line.";
        text: String =
            "text",
            "What is read before the run, in simple Markdown, perhaps with numbers to drag: `[2 lanes](set:lanes \"1..16\")`.";
        scenario: Option<StepScenario> =
            "scenario",
            "The block: a built-in scenario by name, or a whole scenario document.",
            left out: "the scenario of the step before";
        set: Changes =
            "set",
            "Changes to that scenario: a value for each path (`transactions[0].to`); `null` removes.",
            left out: "none";
        run: RunSettings =
            "run",
            "How it is run. What is left out is as the scenario says, else Block-STM on 4 lanes by gas. Lanes are always simulated.",
            left out: "nothing is said";
        question: Option<Question> =
            "question", "Asked before the run is shown.", left out: "the run is shown at once";
        goal: Option<Goal> =
            "goal", "What a run must be like for the step to be done.", left out: "seeing the run is enough";
        facts: Option<Goal> =
            "facts", "What the texts say of the run at the step's start. Tests check it; it is not shown.", left out: "nothing is said";
        hints: Vec<Hint> = "hints", "Help, in the order in which it is given.", left out: "none";
        explanation: String =
            "explanation", "Shown once the step is done; figures of the run as `{speedUp}`, perhaps numbers to drag.", left out: "none";
        answer: Option<Answer> =
            "answer", "Changes that meet the goal; every goal needs one.", left out: "there is no goal";
        mistakes: Vec<Mistake> =
            "mistakes", "Changes that do not meet the goal, each with the hint that it gets.", left out: "none";
    }
}

objects! {
    /// A question.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Question {
        text: String = "text", "The question, in simple Markdown.";
        choices: Vec<QuestionChoice> =
            "choices", "Answers to choose from, one of them right. Either these or `figure`.", left out: "`figure` is asked for";
        figure: Option<Figure> =
            "figure", "The figure of the run that is asked for.", left out: "`choices` are offered";
        within: Option<u32> =
            "within", "How far off an answer may be, in percent of the figure.", left out: "10; counts must be exact";
        low: String = "low", "Said of a number that is too small.", left out: "that it is more";
        high: String = "high", "Said of a number that is too large.", left out: "that it is less";
    }
}

objects! {
    /// An answer to choose.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct QuestionChoice {
        text: String = "text", "The answer; one line.";
        is_right: bool = "right", "`true` for the right one.", left out: "`false`";
        reply: String = "reply", "Said to those who choose it; figures of the run as `{speedUp}`.";
    }
}

objects! {
    /// Help with a goal.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Hint {
        when: Option<Goal> =
            "when", "What the run is like that needs it. Such a hint appears by itself.", left out: "it is given on request";
        text: String = "text", "The help, in simple Markdown.";
    }
}

objects! {
    /// Changes to a step's scenario and settings that meet its goal.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Answer {
        set: Changes = "set", "Changes to the step's scenario, as in a step.", left out: "none";
        run: RunSettings = "run", "Other settings of the run.", left out: "the step's";
        facts: Option<Goal> =
            "facts", "What the explanation says of that run. Tests check it; it is not shown.", left out: "nothing is said";
    }
}

objects! {
    /// Changes that do not meet a step's goal.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Mistake {
        set: Changes = "set", "Changes to the step's scenario, as in a step.", left out: "none";
        run: RunSettings = "run", "Other settings of the run.", left out: "the step's";
        hint: u32 = "hint", "The hint that it gets: its place in `hints`, from 0.";
    }
}

impl LeftOut for bool {
    fn is_left_out(&self) -> bool {
        !*self
    }
}

/// A step's scenario.
#[derive(Clone, Debug, PartialEq)]
pub enum StepScenario {
    /// A built-in one.
    Builtin(&'static str),
    /// A document, laid out for people.
    Document(Arc<str>),
}

impl Serialize for StepScenario {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Builtin(name) => serializer.serialize_str(name),
            Self::Document(text) => value(text).serialize(serializer),
        }
    }
}

/// JSON as a value for serde.
fn value(text: &str) -> serde_json::Value {
    Tree::read(text).map_or(serde_json::Value::Null, |tree| crate::decode::plain(tree.root(text)))
}

/// Changes to a scenario: for each path the JSON that is put there; `null` removes what is there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes(pub Vec<(String, String)>);

impl LeftOut for Changes {
    fn is_left_out(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Changes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(path, written)| (path, value(written))))
    }
}

/// What a step begins with.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// The scenario's text.
    pub text: Arc<str>,
    /// The built-in scenario that it is, unchanged.
    pub builtin: Option<&'static str>,
    /// How it is run: the step's settings, else the scenario's own.
    pub run: RunSettings,
}

impl Lesson {
    /// What step `index` begins with, from 0. `None` if there is no such step.
    pub fn start(&self, index: usize) -> Option<Start> {
        self.steps.get(index)?;
        let mut text: Arc<str> = Arc::from("");
        let mut builtin = None;
        for step in &self.steps[..=index] {
            match &step.scenario {
                Some(StepScenario::Builtin(name)) => {
                    let found = crate::builtin::find(name)?;
                    (text, builtin) = (found.text.into(), Some(found.name));
                }
                Some(StepScenario::Document(document)) => (text, builtin) = (document.clone(), None),
                None => {}
            }
            if !step.set.0.is_empty() {
                (text, builtin) = (edit::apply(&text, &step.set).ok()?, None);
            }
        }
        let own = Document::new(text.clone()).scenario().map(|scenario| scenario.run).unwrap_or_default();
        let run = over(own, self.steps[index].run);
        Some(Start { text, builtin, run })
    }

    /// The start of step `index` with changes to it: an answer or a mistake.
    pub fn changed(&self, index: usize, set: &Changes, run: RunSettings) -> Option<Start> {
        let start = self.start(index)?;
        let run = over(start.run, run);
        if set.0.is_empty() {
            return Some(Start { run, ..start });
        }
        Some(Start { text: edit::apply(&start.text, set).ok()?, builtin: None, run })
    }
}

/// `first`, with what `second` says in its place.
pub fn over(first: RunSettings, second: RunSettings) -> RunSettings {
    RunSettings {
        strategy: second.strategy.or(first.strategy),
        lanes: second.lanes.or(first.lanes),
        clock: second.clock.or(first.clock),
        cost: second.cost.or(first.cost),
        seed: second.seed.or(first.seed),
    }
}

/// Whether a text calls itself a lesson, of whatever version.
pub fn is_lesson(text: &str) -> bool {
    // Only JSON begins so; a text that is no JSON is told apart without being read to its end.
    text.trim_start_matches('\u{feff}').trim_start().starts_with('{')
        && text.contains(FORMAT)
        && Tree::read(text).is_ok_and(|tree| {
            let format = tree.root(text).get("format").map(json::Node::value);
            matches!(format, Some(json::Value::Text(format)) if format.starts_with(FORMAT))
        })
}

/// Reads a lesson.
///
/// # Errors
/// Every mistake that could be found in one pass (at most 50), in the document's order.
pub fn parse(text: &str) -> Result<Lesson, Vec<Problem>> {
    if text.len() > MAX_BYTES {
        let found = format!("{:.1} MiB", text.len() as f64 / 1_048_576.0);
        return Err(vec![Problem::new("", format!("a lesson of at most {} MiB", MAX_BYTES >> 20), found)]);
    }
    let tree = Tree::read(text).map_err(|problem| vec![problem])?;
    decode::lesson(text, &tree)
}

//! What the frame says: answers to the host, and what has changed in between.

use std::collections::BTreeSet;

use evm_lanes_core::problem::Problem;
use evm_lanes_view::model::RunModel;
use evm_lanes_view::record::Trace;
use evm_lanes_view::sentence;
use serde::Serialize;

use super::VERSION;
use super::request::Id;
use crate::{LessonAnswer, LessonState};

/// A message to the host, as text of JSON.
pub fn write(id: Option<&Id>, say: &Say) -> String {
    let message = Message { version: VERSION, id, say };
    // Fails only for maps with keys that are no texts; there are none.
    serde_json::to_string(&message).unwrap_or_default()
}

/// The message that says how high the page in the frame is. Written here, because whatever writes every message would
/// otherwise be needed before the first picture.
pub fn resize(height: u32) -> String {
    format!("{{\"{}\":{},\"type\":\"resize\",\"height\":{height}}}", super::MARK, super::VERSION)
}

#[derive(Serialize)]
struct Message<'a> {
    #[serde(rename = "evm-lanes")]
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Id>,
    #[serde(flatten)]
    say: &'a Say,
}

/// The answer that holds a picture as an SVG.
pub fn svg(id: Option<&Id>, svg: String) -> String {
    if svg.len() > MAX_PICTURE {
        return too_large(id);
    }
    write(id, &Say::Answer(Answer { svg: Some(svg), ..Answer::default() }))
}

/// The answer that holds a picture as a PNG, at a `data:` address; `None`: the browser could not make it.
pub fn png(id: Option<&Id>, address: Option<String>) -> String {
    match address {
        Some(png) if png.len() <= MAX_PICTURE => {
            write(id, &Say::Answer(Answer { png: Some(png), ..Answer::default() }))
        }
        Some(_) => too_large(id),
        None => {
            let refusal = Refusal::new(Code::Failed, "this browser could not make a PNG of the lanes");
            Refusal { id: id.cloned(), ..refusal }.write()
        }
    }
}

/// The refusal of a picture while others are being made.
pub fn too_many_pictures(id: Option<&Id>) -> String {
    let refusal = Refusal::new(Code::Busy, "other pictures are being made: ask again later");
    Refusal { id: id.cloned(), ..refusal }.write()
}

fn too_large(id: Option<&Id>) -> String {
    let refusal = Refusal::new(Code::Size, format!("the picture has more than {MAX_PICTURE} characters"));
    Refusal { id: id.cloned(), ..refusal }.write()
}

/// Larger pictures are not sent, in characters.
pub const MAX_PICTURE: usize = 16 << 20;

/// What the frame says.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Say {
    /// The answer to `hello`.
    Ready {
        /// The versions of the messages that it speaks.
        versions: [u32; 1],
        /// Types of messages and things to get.
        capabilities: Vec<String>,
        /// What is there.
        state: Box<State>,
    },
    /// Settings, scenario or link are others.
    Change {
        /// What is there now.
        state: Box<State>,
    },
    /// A run is complete: the answer to `run` and `load`, and told of any other run.
    Result {
        /// Its figures.
        figures: Box<Figures>,
        /// What is there now.
        state: Box<State>,
    },
    /// What is in the frame is so high now, in CSS pixels. [`resize`] writes it.
    #[cfg(test)]
    Resize {
        /// That height.
        height: u32,
    },
    /// The selection is another one.
    Selected {
        /// It.
        selection: Selected,
    },
    /// A lesson is opened or closed, another step begins, a question is answered, a goal is met.
    Lesson {
        /// What happened.
        event: Happened,
        /// What has become of it; none: it is closed.
        lesson: Option<Box<LessonTold>>,
    },
    /// The answer to everything else.
    Answer(Answer),
    /// A request was not met.
    Error(Refusal),
}

/// What was asked for; of the fields one is there, or none where there was only something to do.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Answer {
    /// What is set and selected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Box<State>>,
    /// The run's figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub figures: Option<Box<Figures>>,
    /// The run's attempts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Box<Trace>>,
    /// The link to what is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The lesson that is open; `Some(None)`: none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lesson: Option<Option<Box<LessonTold>>>,
    /// The lanes as an SVG.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub svg: Option<String>,
    /// The lanes as a PNG, at a `data:` address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub png: Option<String>,
}

/// What happens in a lesson.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Happened {
    /// A lesson is opened.
    Opened,
    /// Another step begins.
    Step,
    /// The step's question is answered, and its run shows what is right.
    Answered,
    /// The step's goal is met.
    Met,
    /// It no longer is.
    Open,
    /// Every step is done.
    Done,
    /// The lesson is closed.
    Closed,
}

/// What has become of the lesson that is open.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LessonTold {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The step, from 1.
    pub step: usize,
    /// How many there are.
    pub steps: usize,
    /// The step's title.
    pub heading: String,
    /// Whether the step's question is `open`, `answered` or `skipped`; none if it has no question.
    pub question: Option<&'static str>,
    /// The answer.
    pub answer: Option<LessonAnswerTold>,
    /// Whether that is right; none until its run is there.
    pub right: Option<bool>,
    /// Whether the step's goal is `open` or `met`; none if it has no goal.
    pub goal: Option<&'static str>,
    /// The steps that were done in this frame, from 1.
    pub done: Vec<usize>,
}

/// An answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum LessonAnswerTold {
    /// A choice, from 0.
    Choice(usize),
    /// A number.
    Number(f64),
}

impl LessonTold {
    /// That lesson, of which those steps (from 0) were done.
    pub fn of(state: &LessonState, done: &BTreeSet<usize>) -> Self {
        let step = state.current();
        let question = step.is_some_and(|step| step.question.is_some()).then_some(
            match (state.answer, state.is_covered) {
                (Some(_), _) => "answered",
                (None, true) => "open",
                (None, false) => "skipped",
            },
        );
        Self {
            id: state.lesson.id.clone(),
            title: state.lesson.title.clone(),
            step: state.step + 1,
            steps: state.lesson.steps.len(),
            heading: step.map(|step| step.title.clone()).unwrap_or_default(),
            question,
            answer: state.answer.map(|answer| match answer {
                LessonAnswer::Choice(choice) => LessonAnswerTold::Choice(choice),
                LessonAnswer::Number(number) => LessonAnswerTold::Number(number),
            }),
            right: state.reply().map(|reply| reply.is_right),
            goal: state.goal(),
            done: done.iter().map(|step| step + 1).collect(),
        }
    }

    /// What has happened since that was told.
    pub fn since(&self, before: Option<&Self>) -> Vec<Happened> {
        let Some(before) = before.filter(|before| before.id == self.id) else {
            return vec![Happened::Opened];
        };
        let mut happened = Vec::new();
        let is_other_step = before.step != self.step;
        if is_other_step {
            happened.push(Happened::Step);
        }
        let was_right = before.right.filter(|_| !is_other_step && before.answer == self.answer);
        if self.right.is_some() && was_right.is_none() {
            happened.push(Happened::Answered);
        }
        match (before.goal.filter(|_| !is_other_step), self.goal) {
            (Some("met"), Some("met")) => {}
            (_, Some("met")) => happened.push(Happened::Met),
            (Some("met"), Some(_)) => happened.push(Happened::Open),
            _ => {}
        }
        if self.done.len() == self.steps && before.done.len() < self.steps {
            happened.push(Happened::Done);
        }
        happened
    }
}

/// What is set and selected.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// The built-in scenario's name; none for another one, and for one that was changed.
    pub scenario: Option<&'static str>,
    /// The scenario's title, if it can be read.
    pub title: Option<String>,
    /// Strategy.
    pub strategy: &'static str,
    /// Number of lanes.
    pub lanes: u16,
    /// `simulated` or `measured`.
    pub clock: &'static str,
    /// The cost model of simulated time.
    pub cost: &'static str,
    /// Its seed, as text: it may have more digits than JavaScript's numbers.
    pub seed: String,
    /// What the frame shows.
    pub view: &'static str,
    /// What a person may change.
    pub edit: &'static str,
    /// Colours.
    pub theme: &'static str,
    /// `starting`, `running`, `done`, `failed`, `cancelled` or `idle`.
    pub phase: &'static str,
    /// Whether the run that is shown is of another scenario than the one that is set.
    pub stale: bool,
    /// Whether lanes can be threads here.
    pub threads: bool,
    /// What is selected.
    pub selection: Selected,
    /// Query and fragment of a frame that shows the same.
    pub link: Option<String>,
    /// The address of the page that shows the same in its own tab; none if no link can say it.
    pub page: Option<String>,
}

/// What is selected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Selected {
    /// A transaction, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tx: Option<u32>,
    /// One of its attempts, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<u32>,
    /// A location, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

/// The figures of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// The scenario's title.
    pub title: String,
    /// The page's headline.
    pub headline: String,
    /// The strategy that ran.
    pub strategy: &'static str,
    /// Whether it was chosen automatically.
    pub chosen: bool,
    /// The lanes that ran.
    pub lanes: u16,
    /// `simulated` or `measured`.
    pub clock: &'static str,
    /// What a tick is: `gas` or `ns`.
    pub unit: &'static str,
    /// Number of transactions.
    pub transactions: u32,
    /// Time of sequential execution, in ticks.
    pub sequential: f64,
    /// Time of this run, in ticks.
    pub parallel: f64,
    /// The one over the other; none where the block was too short to measure.
    pub speed_up: Option<f64>,
    /// The most that any schedule on these lanes can reach.
    pub ceiling: f64,
    /// Attempts that did not commit.
    pub aborts: u32,
    /// Transactions that needed more than one attempt.
    pub rerun: u32,
    /// Share of the time of all attempts that went into those that did not commit.
    pub wasted: f64,
    /// Share of lanes × duration that went into attempts that committed.
    pub busy: f64,
    /// The steps in which the transactions could run if every one waited for those that it depends on.
    pub waves: u32,
    /// The longest chain of dependencies.
    pub critical_path: Vec<u32>,
    /// Whether receipts and state equal those of sequential execution.
    pub equal: bool,
    /// The first difference, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
    /// keccak-256 of the packed trace.
    pub trace_hash: String,
}

impl Figures {
    /// Those of a run.
    pub fn of(model: &RunModel) -> Self {
        let report = &model.report;
        let analysis = &report.analysis;
        let finite = |number: f64| number.is_finite().then_some(number);
        Self {
            title: report.title.clone(),
            headline: sentence::headline(model),
            strategy: report.strategy.name(),
            chosen: report.chosen.is_some(),
            lanes: report.lanes,
            clock: report.clock.name(),
            unit: if model.is_simulated() { report.model.cost.unit() } else { "ns" },
            transactions: model.transactions(),
            sequential: report.timing.sequential_median.as_f64(),
            parallel: report.timing.parallel_median.as_f64(),
            speed_up: finite(model.speed_up()).filter(|_| !model.is_too_short()),
            ceiling: finite(model.ceiling()).unwrap_or_default(),
            aborts: analysis.aborts,
            rerun: analysis.rerun,
            wasted: finite(analysis.wasted).unwrap_or_default(),
            busy: finite(analysis.busy).unwrap_or_default(),
            waves: analysis.waves.iter().max().map_or(0, |last| last + 1),
            critical_path: analysis.critical_path.iter().map(|tx| tx.0).collect(),
            equal: report.verdict.difference.is_none(),
            difference: report.verdict.difference.clone(),
            trace_hash: report.trace_hash.clone(),
        }
    }
}

/// Why a request was not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// The version of the message is not spoken here.
    Version,
    /// There is no message of that type.
    Type,
    /// A field is missing or wrong.
    Field,
    /// The message or what was asked for is too large.
    Size,
    /// There were too many messages.
    Busy,
    /// The document has mistakes.
    Document,
    /// The link cannot be read.
    Link,
    /// There is no run yet.
    NoRun,
    /// It does not exist in the run.
    NotFound,
    /// This frame cannot do that.
    Unsupported,
    /// The run was cancelled.
    Cancelled,
    /// The run failed.
    Failed,
    /// There is no engine.
    Engine,
}

/// A request that was not met, and why.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Refusal {
    /// The request's, if it could be read.
    #[serde(skip)]
    pub id: Option<Id>,
    /// For programs.
    pub code: Code,
    /// For people.
    pub message: String,
    /// The field that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// A document's mistakes, with their places.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Mistake>,
}

impl Refusal {
    /// One in words.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { id: None, code, message: message.into(), field: None, problems: Vec::new() }
    }

    /// One for a document's mistakes.
    pub fn of_problems(code: Code, problems: &[Problem]) -> Self {
        let message = problems.first().map_or_else(String::new, ToString::to_string);
        let problems = problems.iter().take(50).map(Mistake::of).collect();
        Self { problems, ..Self::new(code, message) }
    }

    /// As a message.
    pub fn write(self) -> String {
        write(self.id.clone().as_ref(), &Say::Error(self))
    }
}

/// A mistake in a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// `transactions[3].to`; empty for the document as a whole.
    pub path: String,
    /// What would be right.
    pub expected: String,
    /// What stands there.
    pub found: String,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// From 1, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

impl Mistake {
    fn of(problem: &Problem) -> Self {
        Self {
            path: problem.path.clone(),
            expected: problem.expected.clone(),
            found: problem.found.clone(),
            line: problem.position.map(|p| p.line),
            column: problem.position.map(|p| p.column),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_height_is_written_as_every_other_message() {
        assert_eq!(resize(300), write(None, &Say::Resize { height: 300 }));
    }
}

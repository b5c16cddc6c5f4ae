//! A lesson on the page: which step is open, what was answered, whether the goal is met.
//!
//! ```text
//! address, list, file ─▶ begin step ─┬─ a question: covered, nothing runs ─ answer, "show me" or Run ─┐
//!                                    └─ none ─────────────────────────────────────────────────────────┴─▶ run
//! run is shown ─▶ figures ─┬─ goal met: the step is done, its explanation is shown
//!                          └─ open: the hint that fits this run
//! ```
//! While a step is covered there is no run on the page, so that nothing of it can give the answer away.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use evm_lanes_core::goal::{self, Figures};
use evm_lanes_core::model::CostModel;
use evm_lanes_core::scenario::lesson::number::{self, Number, Target};
use evm_lanes_core::scenario::lesson::{self, Kind, Lesson, Start, Step, builtin, edit, link as packed};
use evm_lanes_core::scenario::{Settings as RunSettings, link as codec, nearest};
use evm_lanes_core::trace::Clock;
use evm_lanes_view::format::capitalised;
use evm_lanes_view::share;

use super::{
    Activity, DetailState, Document, Effect, Link, NamedSelection, Notice, Picture, Selection, Session,
    Settings, Source,
};

/// What a person does with a lesson.
#[derive(Clone, Debug, PartialEq)]
pub enum LessonEvent {
    /// Open a built-in lesson, by its id, at the first step that is not done.
    Open(String),
    /// Open a lesson from a file.
    OpenText(String),
    /// Go to a step, from 0.
    GoTo(usize),
    /// Answer the step's question, which shows the run.
    Answer(Answer),
    /// The room that watches a presenter answers the question by a choice, from 0; nothing is shown yet.
    Vote(usize),
    /// Show the run without an answer.
    Skip,
    /// Give a hint.
    Hint,
    /// A number of the text is dragged to that value, and the lanes follow.
    SetNumber(Number, u64),
    /// Make the changes that meet the goal, and run.
    ShowAnswer,
    /// Go back to what the step began with, and run.
    StartAgain,
    /// Close the lesson; what is on the page stays.
    Close,
    /// What was kept of earlier visits.
    Restore(String),
}

/// An answer to a question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    /// A choice, from 0.
    Choice(usize),
    /// A number.
    Number(f64),
}

/// What is said of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Whether it is right.
    pub is_right: bool,
    /// In simple Markdown.
    pub text: String,
}

/// The lesson that is open.
#[derive(Clone, Debug, PartialEq)]
pub struct LessonState {
    /// The lesson.
    pub lesson: Arc<Lesson>,
    /// Its text, if it is not built in.
    pub own: Option<Arc<str>>,
    /// The step, from 0.
    pub step: usize,
    /// Whether the run waits for an answer.
    pub is_covered: bool,
    /// The answer, if there was one.
    pub answer: Option<Answer>,
    /// Hints that were asked for, in their order, by their places in the step.
    pub hints: Vec<usize>,
    /// The hint that fits the run that is shown.
    pub fitting: Option<usize>,
    /// The figures of the run that is shown; `None` if there is none, or none on simulated lanes.
    pub figures: Option<Figures>,
    /// The figures of the run of what the step began with.
    pub start_figures: Option<Figures>,
    /// Whether the run that is shown meets the goal.
    pub is_met: bool,
    /// Whether the step was done since it was opened: its explanation stays.
    pub is_done: bool,
    /// Whether the run that is shown is measured, on which goals are not judged.
    pub is_measured: bool,
    /// What the numbers of the step's texts are now; one is missing while the scenario does not have it.
    pub numbers: BTreeMap<Target, u64>,
    start: Start,
}

/// Steps that were done, by lesson.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress(BTreeMap<String, BTreeSet<usize>>);

impl Progress {
    /// How many steps of the lesson of that id were done.
    pub fn done(&self, id: &str) -> usize {
        self.0.get(id).map_or(0, BTreeSet::len)
    }

    /// Whether that step was done.
    pub fn is_done(&self, id: &str, step: usize) -> bool {
        self.0.get(id).is_some_and(|steps| steps.contains(&step))
    }

    /// `one-lane:1.2 two-lanes:1`, as it is kept. Steps are counted from 1.
    fn to_text(&self) -> String {
        let lesson = |(id, steps): (&String, &BTreeSet<usize>)| {
            let steps: Vec<String> = steps.iter().map(|step| (step + 1).to_string()).collect();
            format!("{id}:{}", steps.join("."))
        };
        self.0.iter().map(lesson).collect::<Vec<_>>().join(" ")
    }

    /// What was kept. Lessons that are not built in, and steps that no lesson has, are left out.
    fn from_text(text: &str) -> Self {
        let mut all = BTreeMap::new();
        for (id, steps) in text.split(' ').filter_map(|lesson| lesson.split_once(':')) {
            let steps: BTreeSet<usize> = steps
                .split('.')
                .filter_map(|step| step.parse::<usize>().ok()?.checked_sub(1))
                .filter(|step| *step < lesson::MAX_STEPS)
                .collect();
            if builtin::IDS.contains(&id) && !steps.is_empty() {
                all.insert(id.to_owned(), steps);
            }
        }
        Self(all)
    }
}

impl LessonState {
    fn new(lesson: Arc<Lesson>, own: Option<Arc<str>>, step: usize) -> Option<Self> {
        let step = step.min(lesson.steps.len().checked_sub(1)?);
        let start = lesson.start(step)?;
        let is_covered = lesson.steps[step].question.is_some();
        Some(Self {
            lesson,
            own,
            step,
            is_covered,
            answer: None,
            hints: Vec::new(),
            fitting: None,
            figures: None,
            start_figures: None,
            is_met: false,
            is_done: false,
            is_measured: false,
            numbers: BTreeMap::new(),
            start,
        })
    }

    /// What the open step begins with.
    pub fn begins_with(&self) -> &Start {
        &self.start
    }

    /// The step that is open.
    pub fn current(&self) -> Option<&Step> {
        self.lesson.steps.get(self.step)
    }

    /// `open` or `met`; `None` if the step has no goal.
    pub fn goal(&self) -> Option<&'static str> {
        self.current()?.goal.as_ref()?;
        Some(if self.is_met { "met" } else { "open" })
    }

    /// What is said of the answer, once its run is there.
    pub fn reply(&self) -> Option<Reply> {
        let figures = self.start_figures.as_ref().or(self.figures.as_ref())?;
        let question = self.current()?.question.as_ref()?;
        match self.answer? {
            Answer::Choice(index) => {
                let choice = question.choices.get(index)?;
                Some(Reply { is_right: choice.is_right, text: goal::fill(&choice.reply, Some(figures)) })
            }
            Answer::Number(answer) => {
                let figure = question.figure?;
                let right = figures.number(figure)?;
                let usual = if figure.kind() == Kind::Count { 0 } else { 10 };
                let off = right.abs() * f64::from(question.within.unwrap_or(usual)) / 100.0;
                let written = figures.written(figure);
                let said = |text: &str| goal::fill(text, Some(figures));
                Some(if (answer - right).abs() <= off + 1e-9 {
                    Reply { is_right: true, text: format!("Yes: {written}.") }
                } else if answer < right {
                    Reply { is_right: false, text: format!("{} It is {written}.", said(&question.low)) }
                } else {
                    Reply { is_right: false, text: format!("{} It is {written}.", said(&question.high)) }
                })
            }
        }
    }

    /// The right choice of the step's question, from 0; `None` if a number is asked for.
    pub fn right_choice(&self) -> Option<usize> {
        self.current()?.question.as_ref()?.choices.iter().position(|choice| choice.is_right)
    }

    /// The right answer and what is said of it, once its run is there.
    pub fn right_answer(&self) -> Option<String> {
        let figures = self.start_figures.as_ref().or(self.figures.as_ref())?;
        let question = self.current()?.question.as_ref()?;
        Some(match question.choices.iter().find(|choice| choice.is_right) {
            Some(choice) => goal::fill(&choice.reply, Some(figures)),
            None => format!("It is {}.", figures.written(question.figure?)),
        })
    }

    /// What can be changed by the numbers of the step's texts.
    fn targets(&self) -> impl Iterator<Item = Target> {
        let texts = self.current().into_iter().flat_map(|step| [&step.text, &step.explanation]);
        texts.flat_map(|text| number::all(text)).filter_map(|number| Some(number.ok()?.target))
    }

    /// The hints that are shown, in the step's order.
    pub fn shown_hints(&self) -> Vec<usize> {
        let mut shown: Vec<usize> = self.hints.iter().copied().chain(self.fitting).collect();
        shown.sort_unstable();
        shown.dedup();
        shown
    }

    /// The next hint that can be asked for.
    pub fn next_hint(&self) -> Option<usize> {
        let hints = &self.current()?.hints;
        (0..hints.len()).find(|i| hints[*i].when.is_none() && !self.hints.contains(i))
    }
}

/// What an address says of a lesson.
enum Said {
    /// Nothing.
    Nothing,
    /// A lesson that there is, and what somebody has made of the step's scenario.
    Lesson(Box<LessonState>, Option<String>),
    /// Something that is wrong, in a sentence.
    Wrong(String),
}

fn said_of_lesson(query: &str, link: &codec::PageLink) -> Said {
    let pairs = codec::query_pairs(query);
    let value = |name: &str| pairs.iter().find(|(n, _)| n == name).map(|(_, value)| &**value);
    // Steps are counted from 1. One that does not exist is the nearest that does.
    let step = value("step").and_then(|step| step.parse::<usize>().ok()).unwrap_or(1).saturating_sub(1);
    let open = |text: &str, own: Option<Arc<str>>, changed: Option<String>| match lesson::parse(text) {
        Ok(lesson) => LessonState::new(Arc::new(lesson), own, step)
            .map_or(Said::Nothing, |state| Said::Lesson(Box::new(state), changed)),
        Err(problems) => Said::Wrong(format!("This lesson cannot be opened: {}.", mistakes(&problems))),
    };
    if let Some(id) = value("lesson") {
        return match builtin::find(id) {
            Some(found) => {
                let changed = match &link.scenario {
                    codec::Source::Document(text) => Some(text.clone()),
                    codec::Source::Builtin(_) => None,
                };
                open(found.text, None, changed)
            }
            None => {
                let near = nearest(id, builtin::ALL.iter().map(|lesson| lesson.id));
                let perhaps = near.map(|near| format!("; perhaps \"{near}\"")).unwrap_or_default();
                let id = evm_lanes_core::scenario::json::shortened(id);
                Said::Wrong(format!("There is no lesson \"{id}\"{perhaps}."))
            }
        };
    }
    let codec::Source::Document(text) = &link.scenario else { return Said::Nothing };
    if let Some((own, changed)) = packed::unpack(text) {
        return open(&own, Some(own.as_str().into()), Some(changed));
    }
    match lesson::is_lesson(text) {
        true => open(text, Some(text.as_str().into()), None),
        false => Said::Nothing,
    }
}

/// The first mistakes of a lesson, each with its line.
fn mistakes(problems: &[evm_lanes_core::problem::Problem]) -> String {
    let line = |problem: &evm_lanes_core::problem::Problem| match problem.position {
        Some(position) => format!("line {}: {problem}", position.line),
        None => problem.to_string(),
    };
    problems.iter().take(3).map(line).collect::<Vec<_>>().join("; ")
}

impl Session {
    pub(super) fn on_lesson(&mut self, event: LessonEvent) {
        match event {
            LessonEvent::Open(id) => {
                let Some(found) = builtin::find(&id) else { return };
                let Ok(lesson) = lesson::parse(found.text) else { return };
                let step = (0..lesson.steps.len()).find(|step| !self.progress.is_done(&id, *step));
                self.begin(LessonState::new(Arc::new(lesson), None, step.unwrap_or(0)));
            }
            LessonEvent::OpenText(text) => match lesson::parse(&text) {
                Ok(lesson) => {
                    self.begin(LessonState::new(Arc::new(lesson), Some(text.into()), 0));
                    self.tell_of_length();
                }
                Err(problems) => {
                    self.complain(format!(
                        "This lesson cannot be opened: {}. Nothing was changed.",
                        mistakes(&problems)
                    ));
                }
            },
            LessonEvent::GoTo(step) => {
                let Some(state) = &self.lesson else { return };
                self.begin(LessonState::new(state.lesson.clone(), state.own.clone(), step));
            }
            LessonEvent::Answer(answer) => {
                let Some(state) = &mut self.lesson else { return };
                state.answer = Some(answer);
                if self.is_frozen() {
                    // The room has said what it thinks; nothing is shown yet.
                    return self.announce_vote(answer);
                }
                self.uncover();
                self.run_unasked();
            }
            LessonEvent::SetNumber(number, value) => self.set_number(&number, value),
            LessonEvent::Vote(choice) => {
                let question = self.lesson.as_ref().and_then(|state| state.current()?.question.as_ref());
                if self.is_frozen() && question.is_some_and(|question| choice < question.choices.len()) {
                    self.on_lesson(LessonEvent::Answer(Answer::Choice(choice)));
                }
            }
            // Who presents reveals the answer; see `present`.
            LessonEvent::Skip if self.is_frozen() => {}
            LessonEvent::Skip => {
                self.uncover();
                self.run_unasked();
            }
            LessonEvent::Hint => {
                let Some(state) = &mut self.lesson else { return };
                if let Some(next) = state.next_hint() {
                    state.hints.push(next);
                    let said = state.current().and_then(|step| step.hints.get(next));
                    let said = said.map(|hint| goal::fill(&hint.text, state.figures.as_ref()));
                    self.announce(format!("Hint: {}", said.unwrap_or_default()));
                }
            }
            LessonEvent::ShowAnswer => {
                let Some(state) = &self.lesson else { return };
                let to = state
                    .current()
                    .and_then(|step| step.answer.as_ref())
                    .and_then(|answer| state.lesson.changed(state.step, &answer.set, answer.run));
                if let Some(to) = to {
                    self.take_start(&to);
                    self.uncover();
                    self.run();
                }
            }
            LessonEvent::StartAgain => {
                let Some(state) = &mut self.lesson else { return };
                let start = state.start.clone();
                state.fitting = None;
                self.take_start(&start);
                self.uncover();
                self.run();
            }
            LessonEvent::Close => {
                self.lesson = None;
                let is_empty = self.model.is_none() && !self.is_running();
                if is_empty {
                    self.run_unasked();
                }
                self.write_link(true);
            }
            LessonEvent::Restore(text) => self.restore_progress(&text),
        }
    }

    /// What was kept of earlier visits.
    pub(super) fn restore_progress(&mut self, kept: &str) {
        self.progress = Progress::from_text(kept);
    }

    /// Begins a step, as a new step of the browser's history.
    fn begin(&mut self, state: Option<LessonState>) {
        let Some(state) = state else { return };
        self.stop_comparing();
        self.notice = None;
        self.dialog = None;
        let start = state.start.clone();
        self.lesson = Some(state);
        self.take_start(&start);
        self.forget_run();
        self.want_lesson_runs();
        self.run_unasked();
        self.write_link(true);
        self.announce_step();
        self.effects.push(Effect::Focus("lesson-step"));
    }

    fn announce_step(&mut self) {
        let Some(state) = &self.lesson else { return };
        let title = state.current().map_or("", |step| &*step.title);
        let said = format!("Step {} of {}: {title}", state.step + 1, state.lesson.steps.len());
        self.announce(said);
    }

    /// Document and settings become those that a step begins with.
    fn take_start(&mut self, start: &Start) {
        self.remember();
        let source = Source::scenario(start.text.clone());
        self.forget_list_of_another(&source);
        self.document = Document { source, builtin: start.builtin };
        self.settings = self.settings_of(start);
        self.remember();
    }

    /// The settings that a step begins with.
    fn settings_of(&self, start: &Start) -> Settings {
        let mut settings = Settings::usual(self.environment.cores);
        settings.threads = settings.threads.clamp(1, self.max_threads());
        let run = RunSettings::from(start.run);
        settings.strategy = run.strategy.unwrap_or(settings.strategy);
        settings.simulated_lanes = run.lanes.unwrap_or(settings.simulated_lanes);
        settings.cost_model =
            CostModel { cost: run.cost.unwrap_or_default(), seed: run.seed.unwrap_or_default() };
        settings
    }

    /// What an address says of a lesson is opened; whether it says anything. `Err`: what is wrong with it.
    pub(super) fn open_lesson_address(&mut self, query: &str, fragment: &str) -> Result<bool, String> {
        // What is damaged is told of by whoever reads the rest.
        let Ok(link) = codec::PageLink::decode(query, fragment) else { return Ok(false) };
        let link = link.unwrap_or_default();
        let (mut state, changed) = match said_of_lesson(query, &link) {
            Said::Nothing => {
                self.lesson = None;
                return Ok(false);
            }
            Said::Wrong(why) => return Err(why),
            Said::Lesson(state, changed) => (state, changed),
        };
        let start = state.start.clone();
        self.notice = None;
        self.take_start(&start);
        let run = RunSettings::from(link.run);
        let is_other = changed.is_some();
        if let Some(text) = changed {
            self.document = Document::scenario(text);
            self.remember();
        }
        // Who opens somebody's result wants to see it; a room is asked first.
        let is_result = is_other || run != RunSettings::default();
        state.is_covered &= self.present.is_some() || !is_result;
        if let Some(strategy) = run.strategy {
            self.settings.strategy = strategy;
        }
        if let Some(lanes) = run.lanes {
            self.ask_for_lanes(lanes);
        }
        self.settings.clock = run.clock.unwrap_or(Clock::Simulated);
        let model = &mut self.settings.cost_model;
        model.cost = run.cost.unwrap_or(model.cost);
        model.seed = run.seed.unwrap_or(model.seed);
        self.lesson = Some(*state);
        self.forget_run();
        self.want_lesson_runs();
        self.wanted_selection = Some(NamedSelection(link.selection.unwrap_or_default()));
        Ok(true)
    }

    /// The link to the open step, with what a person has changed in it.
    pub(crate) fn lesson_link(&self) -> Option<Link> {
        let state = self.lesson.as_ref()?;
        let begin = self.settings_of(&state.start);
        let now = &self.settings;
        let text = self.document.text().unwrap_or_default();
        let scenario = match &state.own {
            Some(own) if text == &*state.start.text => codec::Source::Document(own.to_string()),
            Some(own) => codec::Source::Document(packed::pack(own, text)),
            None if text != &*state.start.text => codec::Source::Document(text.to_owned()),
            None => codec::Source::default(),
        };
        let run = RunSettings {
            strategy: (now.strategy != begin.strategy).then_some(now.strategy),
            lanes: (now.lanes() != begin.lanes()).then(|| now.lanes()),
            clock: (now.clock != Clock::Simulated).then_some(now.clock),
            cost: (now.cost_model.cost != begin.cost_model.cost).then_some(now.cost_model.cost),
            seed: (now.cost_model.seed != begin.cost_model.seed).then_some(now.cost_model.seed),
        };
        let selection = self.chosen_selection().map(|selection| selection.0);
        let rest = codec::PageLink { scenario, run: run.into(), selection }.encode();
        let step = state.step + 1;
        let own = match &state.own {
            Some(_) => format!("step={step}"),
            None => format!("lesson={}&step={step}", state.lesson.id),
        };
        let link = match rest.strip_prefix('?') {
            Some(rest) => format!("?{own}&{rest}"),
            None => format!("?{own}{rest}"),
        };
        let length = self.environment.base.len() + link.len();
        Some(share::keeps(length).map_or(Link::TooLong, |_| Link::Fits(link)))
    }

    /// Whether the run waits for an answer.
    pub fn is_covered(&self) -> bool {
        self.lesson.as_ref().is_some_and(|state| state.is_covered)
    }

    /// The run may be shown, unless a room waits for its answer.
    pub(super) fn uncover(&mut self) {
        if self.is_frozen() {
            return;
        }
        if let Some(state) = &mut self.lesson {
            state.is_covered = false;
        }
    }

    /// No run is on the page any more.
    pub(super) fn forget_run(&mut self) {
        if self.is_running() {
            self.cancel_requests();
        }
        self.activity = Activity::Idle;
        self.model = None;
        self.ran = None;
        (self.recorded, self.picture) = (None, Picture::Own);
        self.selection = Selection::default();
        self.detail = DetailState::None;
        self.viewport = None;
        self.is_chosen = false;
        self.wanted_selection = None;
    }

    /// Whether the document is what the open step began with.
    pub(super) fn is_lesson_start(&self) -> bool {
        let text = self.document.text();
        self.lesson.as_ref().is_some_and(|state| text == Some(&*state.start.text))
    }

    /// Judges the run that is shown by the step's goal; what is to be said of it.
    pub(super) fn judge(&mut self) -> Option<String> {
        let model = self.model.clone()?;
        let state = self.lesson.as_ref()?;
        let begin = self.settings_of(&state.start);
        let own = &self.settings;
        let settings = usize::from(own.strategy != begin.strategy)
            + usize::from(own.simulated_lanes != begin.simulated_lanes);
        let values = match &self.ran {
            Some(Source::Scenario(document)) => edit::differences(&state.start.text, document.text()),
            _ => None,
        };
        let changes = values.map(|values| values + settings);
        let state = self.lesson.as_mut()?;
        state.is_measured = model.report.clock == Clock::Measured;
        if state.is_measured {
            (state.figures, state.fitting, state.is_met) = (None, None, false);
            return None;
        }
        let figures = Figures::of(&model.report, changes);
        if changes == Some(0) {
            state.start_figures.get_or_insert_with(|| figures.clone());
        }
        let step = state.current()?.clone();
        state.is_met = step.goal.as_ref().is_some_and(|goal| figures.holds(goal));
        let is_done = state.is_met || step.goal.is_none();
        // Nobody has tried anything yet where nothing was changed.
        let is_tried = !is_done && changes != Some(0);
        state.fitting = is_tried.then(|| goal::hint_for(&step.hints, &figures)).flatten();
        let said = step.goal.as_ref().map(|goal| {
            let open: Vec<String> = figures
                .judge(goal)
                .into_iter()
                .filter(|judged| !judged.is_met)
                .map(|judged| judged.sentence)
                .collect();
            match state.is_met {
                true => "The goal is met.".to_owned(),
                false => format!("The goal is open: {}.", capitalised(&open.join("; "))),
            }
        });
        let hint = state.fitting.and_then(|hint| step.hints.get(hint));
        let hint = hint.map(|hint| format!("Hint: {}", goal::fill(&hint.text, Some(&figures))));
        state.figures = Some(figures);
        state.is_done |= is_done;
        if is_done {
            self.note_progress();
        }
        let shown = self.lesson.as_ref().filter(|_| changes == Some(0));
        let reply = match self.present.is_some() {
            true => shown.and_then(LessonState::right_answer),
            false => shown.and_then(LessonState::reply).map(|reply| reply.text),
        };
        let parts = [reply, said, hint];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }

    /// The room's answer, said to whoever cannot see which choice is marked.
    fn announce_vote(&mut self, answer: Answer) {
        let question = self.lesson.as_ref().and_then(|state| state.current()?.question.as_ref());
        let said = match answer {
            Answer::Choice(index) => match question.and_then(|question| question.choices.get(index)) {
                Some(choice) => format!("The room says: {}", choice.text),
                None => return,
            },
            Answer::Number(number) => format!("The room says: {number}"),
        };
        self.announce(said);
    }

    /// That a lesson from a file is in no link, where it is too long.
    fn tell_of_length(&mut self) {
        if self.link() == Link::TooLong {
            let text = "This lesson is too long for a link: share its file. When the page is loaded again, open the file again.";
            self.notice = Some(Notice { error: false, text: text.to_owned() });
        }
    }

    // ---- numbers of texts ----

    /// A number of a text becomes `value`, as far as its bounds let it, and the lanes follow on simulated time. Of runs that
    /// come quickly one after the other only the last one is made: one at a time is under way.
    fn set_number(&mut self, number: &Number, value: u64) {
        let Some(state) = self.lesson.as_ref().filter(|state| !state.is_covered) else { return };
        if !state.targets().any(|target| target == number.target) {
            return;
        }
        let value = number.nearest(value);
        if state.numbers.get(&number.target) == Some(&value) && self.settings.clock == Clock::Simulated {
            return;
        }
        let begin = (self.document.clone(), self.settings);
        match &number.target {
            Target::Lanes => self.settings.simulated_lanes = value as u16,
            Target::Seed => self.settings.cost_model.seed = value,
            Target::Value(pointer) => {
                let changed = self.document.text().and_then(|text| number::with_value(text, pointer, value));
                let Some(changed) = changed else { return };
                self.document.source = Source::scenario(changed);
            }
        }
        self.settings.clock = Clock::Simulated;
        if begin == (self.document.clone(), self.settings) {
            return;
        }
        self.notice = None;
        self.stop_comparing();
        if self.is_running() {
            self.number_waits = true;
        } else {
            self.run_unasked();
        }
    }

    /// The numbers of the open step become what document and settings say; a run that waited for another one is made.
    /// `is_new`: whether one of the two is another one than before.
    pub(super) fn follow_numbers(&mut self, is_new: bool) {
        if self.number_waits && !self.is_running() {
            self.number_waits = false;
            if !matches!(self.activity, Activity::Cancelled) {
                self.run_unasked();
            }
        }
        let Some(state) = self.lesson.as_ref().filter(|state| is_new || state.numbers.is_empty()) else {
            return;
        };
        let text = self.document.text().unwrap_or_default();
        let now = |target: Target| {
            let value = match &target {
                Target::Lanes => u64::from(self.settings.simulated_lanes),
                Target::Seed => self.settings.cost_model.seed,
                Target::Value(pointer) => number::value(text, pointer)?,
            };
            Some((target, value))
        };
        let numbers = state.targets().filter_map(now).collect();
        if let Some(state) = &mut self.lesson {
            state.numbers = numbers;
        }
    }

    fn note_progress(&mut self) {
        let Some(state) = self.lesson.as_ref().filter(|state| state.own.is_none()) else { return };
        if self.progress.0.entry(state.lesson.id.clone()).or_default().insert(state.step) {
            self.effects.push(Effect::KeepProgress(self.progress.to_text()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_kept_and_what_no_lesson_has_is_left_out() {
        let progress = Progress::from_text("one-lane:1.3 nobody:1 two-lanes:x.0.99 estimates:2");
        assert_eq!(progress.to_text(), "estimates:2 one-lane:1.3");
        assert!(progress.is_done("one-lane", 2) && !progress.is_done("one-lane", 1));
        assert_eq!((progress.done("one-lane"), progress.done("two-lanes")), (2, 0));
        assert_eq!(Progress::from_text(&progress.to_text()), progress);
    }
}

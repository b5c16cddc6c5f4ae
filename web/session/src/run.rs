//! Running what is written, and what the engine answers.

use std::sync::Arc;

use evm_lanes_core::messages::{Answer, Ask, Input, Phase, Reply, Request};
use evm_lanes_core::problem::Problem;
use evm_lanes_core::scenario::Scenario;
use evm_lanes_core::trace::Clock;
use evm_lanes_view::model::RunModel;
use evm_lanes_view::sentence;

use super::picture::Confirmation;
use super::selection::first_selection;
use super::{
    DetailState, Dialog, Document, Effect, EngineState, NamedSelection, Selection, Session, Source, Tab, late,
};

/// What the page is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum Activity {
    /// Nothing.
    Idle,
    /// A run is under way.
    Running {
        /// Its request.
        id: u32,
        /// Its step.
        phase: Phase,
        /// Steps done.
        done: u32,
        /// Steps in all; 0: not known.
        total: u32,
        /// Whether it was asked to stop.
        cancelling: bool,
    },
    /// The latest run came to nothing.
    Failed(Vec<Problem>),
    /// The latest run was cancelled.
    Cancelled,
}

/// A block that is too short to measure is repeated so often, and to at most so many transactions.
const REPEAT: (u32, u64) = (100, 1_000);

fn repeated(document: &Document) -> Option<Scenario> {
    document.parsed()?.repeated(REPEAT.0, REPEAT.1)
}

/// Whether the block of a scenario can be repeated.
pub fn can_be_repeated(document: &Document) -> bool {
    late::get().is_some_and(|late| (late.can_be_repeated)(document))
}

/// The same; one of the late parts.
pub(super) fn is_repeatable(document: &Document) -> bool {
    repeated(document).is_some()
}

impl Session {
    /// Whether a run is under way.
    pub fn is_running(&self) -> bool {
        matches!(self.activity, Activity::Running { .. })
    }

    // ---- what a person does ----

    /// Runs what is written, as a new step of the browser's history.
    pub(super) fn run(&mut self) {
        if self.is_frozen() {
            return self.announce("The run is shown once the answer is revealed.");
        }
        self.stop_comparing();
        self.notice = None;
        self.uncover();
        if !self.compare_in_frame() {
            self.run_unasked();
        }
        self.write_link(true);
    }

    /// Runs what is written. What a person is told of stays: nobody asked for this run, so nobody has read it yet.
    pub(super) fn run_unasked(&mut self) {
        self.number_waits = false;
        if self.is_covered() {
            self.run_when_ready = false;
            return;
        }
        if !matches!(self.engine, EngineState::Ready { .. }) {
            self.run_when_ready = true;
            if matches!(self.engine, EngineState::Failed { .. }) {
                self.push_restart();
            }
            self.show_step();
            return;
        }
        let source = self.document.source.clone();
        // A built-in one is right. Where documents cannot be read yet, the engine says what is wrong.
        if self.document.unchanged().is_none()
            && let (Source::Scenario(document), Some(late)) = (&source, late::get())
            && let Err(problems) = (late.scenario)(document)
        {
            self.activity = Activity::Failed(problems.to_vec());
            self.tab = Tab::Scenario;
            return;
        }
        self.cancel_curve();
        if self.is_running() {
            // Requests are handled one after the other: the older one must make room.
            self.cancel_requests();
        }
        let input = self.input_of(&source);
        (self.is_same, self.is_same_lost) = (matches!(input, Input::Same), false);
        let id = self.next_id();
        self.restarted = None;
        self.activity = running(id, Phase::Preparing);
        let strategy = self.settings.strategy;
        let lanes =
            if strategy.is_sequential() { 1 } else { self.settings.lanes().clamp(1, self.max_lanes()) };
        self.running = Some(source);
        self.expect_confirmation(id);
        let (clock, model) = (self.settings.clock, self.settings.cost_model);
        let list = self.list_for(strategy);
        self.send(Request { id, body: Ask::Run { input, strategy, lanes, clock, model, list } });
    }

    /// `source` as the engine takes it: by name if it holds it already.
    pub(super) fn input_of(&mut self, source: &Source) -> Input {
        if self.prepared.as_ref() == Some(source) {
            return Input::Same;
        }
        // The engine lets go of what it had prepared, whatever comes of this.
        self.prepared = None;
        match source {
            Source::Scenario(document) => Input::Scenario(document.text().to_owned()),
            Source::Case { text, .. } => Input::Case(text.to_string()),
        }
    }

    pub(super) fn cancel(&mut self) {
        self.cancel_requests();
        if let Activity::Running { cancelling, .. } = &mut self.activity {
            *cancelling = true;
        }
    }

    pub(super) fn cancel_requests(&mut self) {
        self.effects.push(Effect::CancelRequests);
        // An engine without threads is cancelled by ending it. The next one holds nothing yet, and what is sent now
        // goes to that one.
        if self.info.as_ref().is_some_and(|info| !info.threads) {
            self.prepared = None;
        }
    }

    pub(super) fn restart_engine(&mut self) {
        self.run_when_ready = true;
        self.push_restart();
    }

    fn push_restart(&mut self) {
        self.effects.push(Effect::RestartEngine { reason: "asked for by hand".to_owned() });
    }

    /// Remembers the document as it is, so that it can be come back to.
    pub(super) fn remember(&mut self) {
        self.history.push(self.document.source.clone());
    }

    /// Another document in place of this one, and a run.
    pub(super) fn open(&mut self, document: Document) {
        self.place(document);
        self.run();
    }

    /// Another document in place of this one.
    pub(super) fn place(&mut self, document: Document) {
        self.lesson = None;
        self.remember();
        match &document.source {
            Source::Scenario(_) => {
                if let Some(run) = document.run_settings() {
                    self.take_settings(run.into());
                }
            }
            // Whoever brings a real block wants to see what it does on real cores.
            Source::Case { .. } if self.info.as_ref().is_some_and(|info| info.threads) => {
                self.settings.clock = Clock::Measured;
            }
            Source::Case { .. } => {}
        }
        self.forget_list_of_another(&document.source);
        self.document = document;
        self.remember();
        self.wanted_selection = Some(NamedSelection::default());
        self.selection = Selection::default();
        self.viewport = None;
    }

    pub(super) fn repeat_block(&mut self) {
        if let Some(scenario) = repeated(&self.document) {
            self.open(Document::scenario(scenario.to_text()));
        }
    }

    pub(super) fn report_difference(&mut self) {
        let (Some(Source::Scenario(document)), Some(model)) = (self.ran.clone(), self.model.clone()) else {
            return;
        };
        self.stop_comparing();
        self.cancel_curve();
        let id = self.next_id();
        self.activity = running(id, Phase::Reducing);
        let report = &model.report;
        let list = report.given_list.as_ref().and_then(|_| self.list_for(report.strategy));
        self.send(Request {
            id,
            body: Ask::Reduce {
                scenario: document.text().to_owned(),
                strategy: report.strategy.into(),
                lanes: report.lanes,
                clock: report.clock,
                model: report.model,
                list,
            },
        });
    }

    pub(super) fn undo(&mut self) {
        self.remember();
        if let Some(source) = self.history.undo() {
            self.document.source = source;
            self.announce("Undone.");
        }
    }

    pub(super) fn redo(&mut self) {
        if let Some(source) = self.history.redo() {
            self.document.source = source;
            self.announce("Done again.");
        }
    }

    // ---- what the engine says ----

    pub(super) fn on_engine_state(&mut self, state: EngineState) {
        match &state {
            EngineState::Ready { info } => self.take_info(info),
            EngineState::Restarting { reason } => {
                self.restarted = Some(reason.clone());
                self.forget_engine();
            }
            EngineState::Failed { .. } => self.forget_engine(),
            EngineState::Starting => {}
        }
        let ready = matches!(state, EngineState::Ready { .. });
        self.engine = state;
        if ready && std::mem::take(&mut self.run_when_ready) {
            self.run_unasked();
        }
    }

    /// An engine that is gone holds nothing. What it was doing is answered for it; what still waits goes to the next one.
    fn forget_engine(&mut self) {
        (self.prepared, self.complete) = (None, None);
        self.is_same_lost |= self.is_same && self.is_running();
    }

    pub(super) fn on_reply(&mut self, reply: Reply) {
        self.on_curve_reply(&reply);
        self.on_list_reply(&reply);
        self.on_detail_reply(&reply);
        let Reply { id, body } = reply;
        if !matches!(self.activity, Activity::Running { id: current, .. } if current == id) {
            if let Answer::Ran { .. } = body {
                // Replaced by something newer; but it is the run that the engine can tell of now.
                self.complete = None;
            }
            // Answers to requests that something newer has replaced, or that are told of elsewhere.
            return;
        }
        match body {
            Answer::Progress { phase, done, total } => {
                if let Activity::Running { phase: p, done: d, total: t, .. } = &mut self.activity {
                    (*p, *d, *t) = (phase, done, total);
                }
            }
            Answer::Ran { report } => match RunModel::new(*report) {
                Ok(model) => self.show(id, model),
                Err(error) => {
                    let problem = Problem::new("", "a trace from the engine", error.to_string());
                    self.activity = Activity::Failed(vec![problem]);
                }
            },
            Answer::Reduced { scenario } => {
                self.activity = Activity::Idle;
                self.open(Document::scenario(scenario));
                self.dialog = Some(Dialog::Share);
            }
            // It waited while its engine was ended, and "the same again" means nothing to the next one.
            Answer::Failed { .. } if self.can_be_sent_whole() => self.run_unasked(),
            Answer::Failed { problems } => {
                self.stop_comparing();
                if problems.iter().any(|p| !p.path.is_empty()) {
                    self.tab = Tab::Scenario;
                }
                self.activity = Activity::Failed(problems);
            }
            Answer::Cancelled => {
                self.stop_comparing();
                self.activity = Activity::Cancelled;
            }
            // These answer what the curve, the list and the inspector ask.
            Answer::Curve { .. }
            | Answer::AccessList { .. }
            | Answer::Exported { .. }
            | Answer::Detail { .. } => {}
        }
    }

    /// Whether the run that failed did so only because it was sent as "the same again" to an engine that is gone. A run
    /// that its engine has ended with fails before the next one is ready.
    fn can_be_sent_whole(&self) -> bool {
        self.is_same_lost && matches!(self.engine, EngineState::Ready { .. })
    }

    /// Shows the run that request `id` asked for.
    fn show(&mut self, id: u32, model: RunModel) {
        let model = Arc::new(model);
        self.prepared = self.running.take();
        self.complete = self.prepared.clone().map(|source| (id, source));
        let source = self.prepared.clone();
        let confirmation = self.confirm(id, &model);
        if let Confirmation::Same(model) = confirmation {
            // Nothing that is drawn or selected changes.
            self.model = Some(model);
            self.activity = Activity::Idle;
            self.announce(self.picture.words().unwrap_or_default());
            self.ask_for_detail();
            return self.compare_next();
        }
        self.keep_other_clock(&model, source.as_ref());
        self.display(model, source);
        if let Confirmation::Differs(picture) = confirmation {
            self.complain(picture.difference().unwrap_or_default());
            self.picture = picture;
        }
        self.compare_with_step();
        self.compare_next();
    }

    /// Shows a run, with the selection that a person had made, as far as it means anything there.
    pub(super) fn display(&mut self, model: Arc<RunModel>, source: Option<Source>) {
        let before = self.model.as_ref().filter(|_| self.is_chosen);
        let named = self
            .wanted_selection
            .take()
            .or_else(|| before.map(|before| NamedSelection::of(before, self.selection)))
            .unwrap_or_default();
        let known = named.resolve(&model);
        self.is_chosen = known.is_some();
        self.selection = known.unwrap_or_else(|| first_selection(&model));
        self.ran = source;
        self.viewport = None;
        self.detail = DetailState::None;
        self.activity = Activity::Idle;
        self.picture = self.picture_of(&model);
        let headline = sentence::headline(&model);
        self.model = Some(model);
        let judged = late::get().and_then(|late| (late.judge)(self));
        let words = self.picture.words().map(|words| words.trim_end_matches('.').to_owned());
        let said: Vec<String> = [Some(headline), words, judged].into_iter().flatten().collect();
        self.announce(said.join(". "));
        self.ask_for_detail();
    }
}

fn running(id: u32, phase: Phase) -> Activity {
    Activity::Running { id, phase, done: 0, total: 0, cancelling: false }
}

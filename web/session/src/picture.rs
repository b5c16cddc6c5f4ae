//! Recorded runs: shown before there is an engine, and confirmed once this machine has run the same.
//!
//! ```text
//! Session::wanted_recording ─▶ (edge: fetch, read) ─▶ Event::Recorded ─▶ Picture::Recorded
//!                engine ready ─▶ the same block with the same settings ─┬─ the same trace hash ─▶ Picture::Confirmed
//!                                                                       └─ another one ─▶ Picture::Differs, a notice
//! any other run, an edit ─▶ Picture::Own
//!
//! a built-in lesson is opened ─▶ Effect::FetchLessonRuns ─▶ Event::LessonRuns: the recorded run of what each step begins with
//!                the step's run is shown, if the engine is not there yet; else it is compared with this machine's
//! ```
//! What a question covers stays covered: the recorded run of such a step is shown once it is answered.

use std::sync::Arc;

use evm_lanes_core::messages::Report;
use evm_lanes_core::scenario::builtin;
use evm_lanes_core::trace::Clock;
use evm_lanes_view::model::RunModel;
use evm_lanes_view::recorded::{self, Picture, Recipe, Recording};

use super::{Effect, EngineState, Session, Source};

/// The recorded runs of a built-in lesson.
#[derive(Clone, Debug)]
pub(super) struct LessonRuns {
    id: String,
    /// What each step begins with, run.
    steps: Vec<Report>,
}

impl Session {
    /// The built-in scenario whose recorded run the page can show until the engine has run something.
    pub fn wanted_recording(&self) -> Option<&'static str> {
        let recording = self.recording().filter(|_| self.model.is_none())?;
        Some(recording.builtin.name)
    }

    /// The recorded run of what is to be run as it is to be run, if there is one.
    fn recording(&self) -> Option<Recording> {
        let builtin = builtin::find(self.document.builtin?)?;
        // The run of a question that is not answered yet would answer it.
        if self.document.text() != Some(builtin.text) || self.is_covered() {
            return None;
        }
        recorded::recording(builtin).filter(|recording| {
            // Which clock it will be depends on the engine.
            !self.settings.clock_is_open && self.follows(recording.recipe)
        })
    }

    /// Whether the page is set as that recipe is.
    fn follows(&self, recipe: Recipe) -> bool {
        let settings = &self.settings;
        settings.clock == Clock::Simulated
            && settings.strategy == recipe.strategy
            && settings.simulated_lanes == recipe.lanes
            && settings.cost_model == recipe.model
    }

    // ---- lessons ----

    /// Asks for the recorded runs of the lesson that is open, if it is built in.
    pub(super) fn want_lesson_runs(&mut self) {
        let Some(state) = self.lesson.as_ref().filter(|state| state.own.is_none()) else { return };
        let id = state.lesson.id.clone();
        if self.lesson_runs.as_ref().is_none_or(|runs| runs.id != id) {
            self.lesson_runs = None;
            self.effects.push(Effect::FetchLessonRuns(id));
        }
    }

    /// Takes those runs; they may come before or after this machine's own.
    pub(super) fn take_lesson_runs(&mut self, id: String, steps: Vec<Report>) {
        if self.lesson.as_ref().is_some_and(|state| state.own.is_none() && state.lesson.id == id) {
            self.lesson_runs = Some(LessonRuns { id, steps });
            self.show_step();
            self.compare_with_step();
        }
    }

    /// The recorded run of what the open step begins with.
    fn step_run(&self) -> Option<&Report> {
        let state = self.lesson.as_ref()?;
        let runs = self.lesson_runs.as_ref()?;
        let report = runs.steps.get(state.step)?;
        // A file of another version of the lesson is nobody's recorded run.
        let fits = state.own.is_none()
            && state.lesson.id == runs.id
            && runs.steps.len() == state.lesson.steps.len()
            && recorded::of_step(state.begins_with()).is_of(report);
        fits.then_some(report)
    }

    /// Whether what is to be run is what the open step begins with, as it is recorded.
    fn is_step_as_recorded(&self) -> bool {
        let Some(state) = &self.lesson else { return false };
        self.step_run().is_some()
            && !state.is_covered
            && self.document.text() == Some(&*state.begins_with().text)
            && self.follows(recorded::of_step(state.begins_with()))
    }

    /// Shows the recorded run of the open step while the engine is not there yet.
    pub(super) fn show_step(&mut self) {
        let is_waiting = self.model.is_none() && !matches!(self.engine, EngineState::Ready { .. });
        if !is_waiting || !self.is_step_as_recorded() {
            return;
        }
        if let Some(model) = self.step_run().and_then(|report| RunModel::new(report.clone()).ok()) {
            self.show_unconfirmed(model);
        }
    }

    /// Says whether this machine's run of what the open step begins with has the recorded trace.
    pub(super) fn compare_with_step(&mut self) {
        let (Some(model), Some(state)) = (&self.model, &self.lesson) else { return };
        let is_of_step = matches!(&self.ran, Some(Source::Scenario(ran)) if ran.text() == &*state.begins_with().text)
            && recorded::of_step(state.begins_with()).is_of(&model.report);
        let Some(recorded) = self.step_run().filter(|_| is_of_step && self.picture == Picture::Own) else {
            return;
        };
        let (recorded, own) = (recorded.trace_hash.clone(), model.report.trace_hash.clone());
        if recorded == own {
            self.picture = Picture::Confirmed;
        } else {
            self.picture = Picture::Differs { recorded, own };
            self.complain(self.picture.difference().unwrap_or_default());
        }
    }

    /// Shows a recorded run, if the page still waits for one. What the page is doing goes on.
    pub(super) fn show_recorded(&mut self, name: &'static str, report: Report) {
        let fits = |recording: Recording| recording.builtin.name == name && recording.recipe.is_of(&report);
        if self.model.is_some() || !self.recording().is_some_and(fits) {
            return;
        }
        // A damaged one is no reason to say anything: the engine makes another.
        if let Ok(model) = RunModel::new(report) {
            self.show_unconfirmed(model);
        }
    }

    fn show_unconfirmed(&mut self, model: RunModel) {
        let model = Arc::new(model);
        self.recorded = Some(model.clone());
        let activity = self.activity.clone();
        self.display(model, Some(self.document.source.clone()));
        self.activity = activity;
    }

    /// Notes that request `id` runs what is to be run, as it is to be run now.
    pub(super) fn expect_confirmation(&mut self, id: u32) {
        let is_recorded = self.recording().is_some() || self.is_step_as_recorded();
        self.confirming = (self.picture == Picture::Recorded && is_recorded).then_some(id);
    }

    /// What a run that is shown now is.
    pub(super) fn picture_of(&self, model: &Arc<RunModel>) -> Picture {
        match &self.recorded {
            Some(recorded) if Arc::ptr_eq(recorded, model) => Picture::Recorded,
            _ => Picture::Own,
        }
    }

    /// Compares the run of request `id` with the recorded one that is shown, if it was made for that.
    pub(super) fn confirm(&mut self, id: u32, model: &Arc<RunModel>) -> Confirmation {
        let recorded = self.recorded.take_if(|_| self.confirming == Some(id));
        let Some(recorded) = recorded.filter(|_| self.picture == Picture::Recorded) else {
            return Confirmation::None;
        };
        self.confirming = None;
        let (theirs, ours) = (&recorded.report.trace_hash, &model.report.trace_hash);
        if theirs != ours {
            return Confirmation::Differs(Picture::Differs { recorded: theirs.clone(), own: ours.clone() });
        }
        self.picture = Picture::Confirmed;
        // What is drawn stays as it is, unless the recorded run has other names or figures beside the same trace.
        if recorded::normalised(model.report.clone()) == recorded.report {
            return Confirmation::Same(recorded);
        }
        for pin in self.pins.iter_mut().filter(|pin| Arc::ptr_eq(&pin.model, &recorded)) {
            pin.model = model.clone();
        }
        Confirmation::Same(model.clone())
    }

    /// The document is another one: what is confirmed is no longer what is written.
    pub(super) fn edited(&mut self) {
        if self.picture == Picture::Confirmed {
            self.picture = Picture::Own;
        }
    }
}

/// What a run says of the recorded one.
pub(super) enum Confirmation {
    /// It was not made for that.
    None,
    /// Both traces are the same; the run that is to be shown from now on.
    Same(Arc<RunModel>),
    /// They are not.
    Differs(Picture),
}

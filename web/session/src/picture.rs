//! Recorded runs: shown before there is an engine, and confirmed once this machine has run the same.
//!
//! ```text
//! Session::wanted_recording ─▶ (edge: fetch, read) ─▶ Event::Recorded ─▶ Picture::Recorded
//!                engine ready ─▶ the same block with the same settings ─┬─ the same trace hash ─▶ Picture::Confirmed
//!                                                                       └─ another one ─▶ Picture::Differs, a notice
//! any other run, an edit ─▶ Picture::Own
//! ```

use std::sync::Arc;

use evm_lanes_core::messages::Report;
use evm_lanes_core::scenario::builtin;
use evm_lanes_core::trace::Clock;
use evm_lanes_view::model::RunModel;
use evm_lanes_view::recorded::{self, Picture, Recording};

use super::Session;

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
        let settings = &self.settings;
        recorded::recording(builtin).filter(|recording| {
            settings.clock == Clock::Simulated
                // Which one it will be depends on the engine.
                && !settings.clock_is_open
                && settings.strategy == recording.strategy
                && settings.simulated_lanes == recording.lanes
                && settings.cost_model == recording.model
        })
    }

    /// Shows a recorded run, if the page still waits for one. What the page is doing goes on.
    pub(super) fn show_recorded(&mut self, name: &'static str, report: Report) {
        let fits = |recording: Recording| recording.builtin.name == name && recording.is_of(&report);
        if self.model.is_some() || !self.recording().is_some_and(fits) {
            return;
        }
        // A damaged one is no reason to say anything: the engine makes another.
        let Ok(model) = RunModel::new(report) else { return };
        let model = Arc::new(model);
        self.recorded = Some(model.clone());
        let activity = self.activity.clone();
        self.display(model, Some(self.document.source.clone()));
        self.activity = activity;
    }

    /// Notes that request `id` runs what is to be run, as it is to be run now.
    pub(super) fn expect_confirmation(&mut self, id: u32) {
        self.confirming = (self.picture == Picture::Recorded && self.recording().is_some()).then_some(id);
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

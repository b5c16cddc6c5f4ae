//! What part of the run the lanes show, and what of it is selected.

use evm_lanes_core::units::TxIndex;
use evm_lanes_view::inspect;
use evm_lanes_view::model::{AttemptIndex, What};
use evm_lanes_view::scale::Viewport;
use evm_lanes_view::sentence;

use super::{Selection, Session};

impl Session {
    /// How far the axis goes, in ticks: all runs that share it fit. 0 without a run.
    pub fn extent(&self) -> f64 {
        let Some(model) = &self.model else { return 0.0 };
        let beside = self.pins.iter().filter(|pin| pin.model.shares_axis(model));
        beside.map(|pin| pin.model.duration()).fold(model.duration(), f64::max)
    }

    /// What part of the run is visible.
    pub fn visible(&self) -> Viewport {
        self.viewport.unwrap_or_else(|| Viewport::whole(self.extent()))
    }

    /// The selected attempt, by its index; of a transaction selected as a whole its committed one.
    pub fn selected_attempt(&self) -> Option<AttemptIndex> {
        let model = self.model.as_ref()?;
        let attempt = inspect::shown_attempt(model, self.selection.tx?, self.selection.incarnation)?;
        model.attempt_index(attempt.version)
    }

    pub(super) fn show_view(&mut self, view: Viewport) {
        self.viewport = (!view.is_whole(self.extent())).then_some(view);
    }

    /// Zooms about the selection if it is visible, else about the middle.
    pub(super) fn zoom(&mut self, factor: f64) {
        let Some(model) = &self.model else { return };
        let view = self.visible();
        let at = self
            .selected_attempt()
            .and_then(|i| model.attempt(i))
            .map(|a| f64::midpoint(a.start.as_f64(), a.end.as_f64()))
            .filter(|t| (view.start..=view.end).contains(t))
            .unwrap_or_else(|| f64::midpoint(view.start, view.end));
        self.show_view(view.zoomed(factor, at, self.extent()));
    }

    /// Pans by a share of what is visible.
    pub(super) fn pan(&mut self, share: f64) {
        if self.viewport.is_none() {
            self.announce("The whole run is in view. Zoom in to pan.");
        }
        let view = self.visible();
        self.show_view(view.panned(view.span() * share, self.extent()));
    }

    /// Shows the selected attempts, or all of the run where nothing is selected.
    pub(super) fn fit_selection(&mut self) {
        let Some(tx) = self.selection.tx else {
            self.viewport = None;
            return;
        };
        let Some(model) = &self.model else { return };
        let ends = model.attempts(tx).fold(None, |ends: Option<(f64, f64)>, a| {
            let (start, end) = (a.start.as_f64(), a.end.as_f64());
            Some(ends.map_or((start, end), |(s, e)| (s.min(start), e.max(end))))
        });
        if let Some((start, end)) = ends {
            self.show_view(Viewport::fitting(start, end, self.extent()));
        }
    }

    /// Selects a transaction, brings it into view, and says what it is.
    pub(super) fn go_to(&mut self, tx: TxIndex) {
        self.select(Selection { tx: Some(tx), incarnation: None, ..self.selection });
        self.reveal();
    }

    /// Brings the selected attempt into view, and says what it is.
    pub(super) fn reveal(&mut self) {
        let (Some(model), Some(index)) = (self.model.clone(), self.selected_attempt()) else { return };
        if let (Some(view), Some(attempt)) = (self.viewport, model.attempt(index)) {
            let (start, end) = (attempt.start.as_f64(), attempt.end.as_f64());
            self.show_view(view.revealing(start, end, self.extent()));
        }
        self.announce(sentence::step(&model, What::Attempt(index)));
    }
}

//! Runs beside each other: pinned by a person or by the page, compared.

use std::sync::Arc;

use evm_lanes_core::scenario::StrategyChoice;
use evm_lanes_core::strategies::StrategyId;
use evm_lanes_core::trace::Clock;
use evm_lanes_view::model::RunModel;

use super::{Given, Session, Source};

/// A run that is kept beside the one that is shown.
#[derive(Clone, Debug)]
pub struct Pin {
    /// Its own.
    pub id: u32,
    /// The run.
    pub model: Arc<RunModel>,
    /// What it had run.
    source: Option<Source>,
    /// The list from a file that it ran from.
    given: Option<Given>,
    /// Whether the page pinned it: the latest one by the other clock.
    auto_pinned: bool,
}

impl PartialEq for Pin {
    /// Only who pinned it changes.
    fn eq(&self, other: &Self) -> bool {
        (self.id, self.auto_pinned) == (other.id, other.auto_pinned)
    }
}

impl Pin {
    /// Whether the page pinned it by itself.
    pub(super) fn is_automatic(&self) -> bool {
        self.auto_pinned
    }
}

impl Session {
    /// Whether a person pinned the run that is shown.
    pub fn is_pinned(&self) -> bool {
        let shown = self.model.as_ref();
        shown.is_some_and(|m| self.pins.iter().any(|p| !p.auto_pinned && Arc::ptr_eq(&p.model, m)))
    }

    /// Pins the run that is shown, so that it stays beside the next ones, or unpins it.
    pub(super) fn toggle_pin(&mut self) {
        let Some(model) = self.model.clone() else { return };
        let id = self.next_id();
        match self.pins.iter().position(|p| Arc::ptr_eq(&p.model, &model)) {
            Some(at) => drop(self.pins.remove(at)),
            None => {
                let (source, given) = (self.ran.clone(), self.given_of(&model));
                self.pins.push(Pin { id, model, source, given, auto_pinned: false });
            }
        }
    }

    /// Pins the run that is shown, also where the page had pinned it.
    fn pin_shown(&mut self) {
        let Some(model) = &self.model else { return };
        match self.pins.iter_mut().find(|p| Arc::ptr_eq(&p.model, model)) {
            Some(pin) => pin.auto_pinned = false,
            None => self.toggle_pin(),
        }
    }

    /// The list from a file that a run ran from, if it is the one that is there now.
    fn given_of(&self, model: &RunModel) -> Option<Given> {
        self.given.clone().filter(|given| given.is(model.report.given_list.as_deref()))
    }

    /// The latest run by the other clock stays on the page beside `model`, if both are of the same block.
    pub(super) fn keep_other_clock(&mut self, model: &RunModel, source: Option<&Source>) {
        let before = self
            .model
            .clone()
            .filter(|before| before.report.clock != model.report.clock && self.ran.as_ref() == source);
        let id = self.next_id();
        self.pins.retain(|pin| {
            !pin.auto_pinned
                || (before.is_none()
                    && pin.model.report.clock != model.report.clock
                    && pin.source.as_ref() == source)
        });
        if let Some(model) = before.filter(|m| !self.pins.iter().any(|p| Arc::ptr_eq(&p.model, m))) {
            let given = self.given_of(&model);
            self.pins.push(Pin { id, model, source: source.cloned(), given, auto_pinned: true });
        }
    }

    /// Which version of its scenario a run is of, from 1, where runs of several are kept: of a pin, or (`None`) of the
    /// run that is shown.
    pub fn version_of(&self, pin: Option<u32>) -> Option<usize> {
        let title = |model: &RunModel| model.report.title.clone();
        let kept = self.pins.iter().filter_map(|p| Some((Some(p.id), title(&p.model), p.source.as_ref()?)));
        let shown = self.model.as_ref().zip(self.ran.as_ref());
        let shown = shown.map(|(model, source)| (None, title(model), source));
        let runs: Vec<(Option<u32>, String, &Source)> = kept.chain(shown).collect();
        let (_, title, source) = runs.iter().find(|(id, ..)| *id == pin)?;
        let mut versions: Vec<&Source> = Vec::new();
        for (_, _, source) in runs.iter().filter(|(_, other, _)| other == title) {
            if !versions.contains(source) {
                versions.push(source);
            }
        }
        versions.iter().position(|other| other == source).filter(|_| versions.len() > 1).map(|at| at + 1)
    }

    /// Shows a pinned run, and pins the one that was shown. The page's settings become those of that run. If
    /// it had run something else, that is run again: the engine can tell of the latest complete run only.
    pub(super) fn show_pinned(&mut self, id: u32) {
        let Some(pin) = self.pins.iter().find(|p| p.id == id).cloned() else { return };
        let Pin { model, source, given, .. } = pin;
        self.pin_shown();
        let report = &model.report;
        self.settings.strategy = model.asked();
        if report.strategy.reads_block_access_list() {
            self.given = given;
        }
        self.settings.clock = report.clock;
        let lanes = match &report.chosen {
            Some(chosen) => Some(chosen.lanes),
            None => (!report.strategy.is_sequential()).then_some(report.lanes),
        };
        match report.clock {
            Clock::Measured => {
                self.settings.asked_lanes = None;
                if let Some(lanes) = lanes {
                    self.settings.threads = lanes;
                }
            }
            Clock::Simulated => {
                if let Some(lanes) = lanes {
                    self.settings.simulated_lanes = lanes;
                }
                self.settings.cost_model = report.model;
            }
        }
        if self.complete.as_ref().map(|(_, of)| of) == source.as_ref() {
            self.display(model, source);
            self.write_link(true);
        } else if let Some(source) = source {
            self.remember();
            self.document.source = source;
            self.remember();
            self.run();
        }
    }

    /// Runs every parallel strategy as the page is set, one after the other, and pins all of them. What is
    /// sequential is in every one's speed-up, and would only stretch the axis. An automatic choice is no strategy of its
    /// own: if the page is set to it, it stands beside the others, and for the one that it chose before.
    pub(super) fn compare_strategies(&mut self) {
        let first = self.settings.strategy;
        let same = self.model.as_ref().filter(|m| m.asked() == first).map(|m| m.report.strategy);
        let rest = StrategyId::ALL
            .into_iter()
            .filter(|s| first != *s && Some(*s) != same && !s.is_sequential())
            .map(StrategyChoice::from);
        self.comparing = std::iter::once(first).chain(rest).rev().collect();
        self.compare_next();
    }

    /// The next strategy of a comparison that is under way. The first one is shown in the end.
    pub(super) fn compare_next(&mut self) {
        if self.comparing.is_empty() && self.compared.is_empty() {
            return;
        }
        // Otherwise nothing of it has run yet.
        if !self.compared.is_empty() {
            self.pin_shown();
        }
        match self.comparing.pop() {
            Some(strategy) => {
                self.compared.push(strategy);
                self.settings.strategy = strategy;
                self.run_unasked();
            }
            None => {
                let compared = std::mem::take(&mut self.compared);
                let first = self.pins.iter().rev().find(|p| Some(&p.model.asked()) == compared.first());
                if let Some(id) = first.map(|p| p.id) {
                    self.show_pinned(id);
                }
            }
        }
    }

    pub(super) fn stop_comparing(&mut self) {
        self.comparing.clear();
        self.compared.clear();
    }
}

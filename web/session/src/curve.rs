//! Speed-up over lanes: asked for, made, shown.

use std::sync::Arc;

use evm_lanes_core::messages::{Answer, Ask, Curve, Phase, Reply, Request};
use evm_lanes_core::strategies::StrategyId;
use evm_lanes_core::trace::Clock;
use evm_lanes_view::curve::LANES;

use super::{Session, Source, reasons};

/// How far the curve is.
#[derive(Clone, Debug)]
pub enum CurveState {
    /// Not asked for.
    None,
    /// Being made.
    Running {
        /// Its request.
        id: u32,
        /// Of what.
        source: Source,
        /// Runs done.
        done: u32,
        /// Runs in all; 0: not known yet.
        total: u32,
    },
    /// Made.
    Done {
        /// It.
        curve: Arc<Curve>,
        /// Of what.
        source: Source,
    },
    /// Why there is none.
    Failed(String),
}

impl PartialEq for CurveState {
    /// Whether nothing has come of it in between.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (
                Self::Running { id: a, done: done_a, total: total_a, .. },
                Self::Running { id: b, done: done_b, total: total_b, .. },
            ) => (a, done_a, total_a) == (b, done_b, total_b),
            (Self::Done { curve: a, .. }, Self::Done { curve: b, .. }) => Arc::ptr_eq(a, b),
            (Self::Failed(a), Self::Failed(b)) => a == b,
            _ => false,
        }
    }
}

impl Session {
    /// Asks for the curve of what is written.
    pub(super) fn draw_curve(&mut self) {
        let source = self.document.source.clone();
        let input = self.input_of(&source);
        let id = self.next_id();
        let model = self.settings.cost_model;
        self.curve = CurveState::Running { id, source, done: 0, total: 0 };
        let (strategies, lanes) = (StrategyId::ALL.to_vec(), LANES.to_vec());
        let list = self.list_for(StrategyId::BLOCK_ACCESS_LIST);
        self.send(Request { id, body: Ask::Curve { input, strategies, lanes, model, list } });
    }

    /// Stops it.
    pub(super) fn cancel_curve(&mut self) {
        if matches!(self.curve, CurveState::Running { .. }) {
            self.cancel_requests();
        }
    }

    /// The replies that are the curve's.
    pub(super) fn on_curve_reply(&mut self, reply: &Reply) {
        let CurveState::Running { id: own, source, .. } = &self.curve else { return };
        let (own, source) = (*own, source.clone());
        if reply.id != own {
            return;
        }
        match &reply.body {
            Answer::Progress { done, total, phase: Phase::Simulating } => {
                self.curve = CurveState::Running { id: own, source, done: *done, total: *total };
            }
            Answer::Curve { curve } => {
                self.prepared = Some(source.clone());
                self.curve = CurveState::Done { curve: Arc::new((**curve).clone()), source };
            }
            Answer::Failed { problems } => {
                self.curve = CurveState::Failed(reasons(problems));
            }
            Answer::Cancelled => {
                self.curve = CurveState::Failed("Cancelled.".to_owned());
            }
            _ => {}
        }
    }

    /// Shows a run of the curve.
    pub(super) fn show_curve_point(&mut self, strategy: StrategyId, lanes: u16) {
        let settings = &mut self.settings;
        settings.clock_is_open = false;
        if let CurveState::Done { curve, .. } = &self.curve {
            settings.cost_model = curve.model;
        }
        settings.strategy = strategy.into();
        settings.simulated_lanes = lanes;
        settings.clock = Clock::Simulated;
        self.run();
    }
}

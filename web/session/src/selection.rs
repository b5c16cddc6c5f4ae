//! What is selected, and the selected transaction in full.

use std::sync::Arc;

use evm_lanes_core::messages::{Answer, Ask, Reply, Request, TxDetail};
use evm_lanes_core::units::{Incarnation, LocationId, TxIndex, Version};
use evm_lanes_view::model::RunModel;

use super::{NamedSelection, Picture, Session};

/// What is selected, anywhere on the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// A transaction.
    pub tx: Option<TxIndex>,
    /// One attempt of it.
    pub incarnation: Option<Incarnation>,
    /// A location of the run's trace.
    pub location: Option<LocationId>,
}

/// The selected transaction in full, which only the engine knows.
#[derive(Clone, Debug)]
pub enum DetailState {
    /// No transaction is selected, or the run is a recorded one that the engine has not run yet.
    None,
    /// The engine was asked.
    Asked {
        /// The request.
        id: u32,
    },
    /// As the engine told it.
    Done(Arc<TxDetail>),
    /// The engine can no longer be asked: it was started anew, or has completed another run since.
    Unavailable,
}

impl DetailState {
    /// The transaction in full, where it is known.
    pub fn done(&self) -> Option<&Arc<TxDetail>> {
        match self {
            Self::Done(detail) => Some(detail),
            _ => None,
        }
    }
}

impl PartialEq for DetailState {
    /// Whether nothing has come of it in between.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) | (Self::Unavailable, Self::Unavailable) => true,
            (Self::Asked { id: a }, Self::Asked { id: b }) => a == b,
            (Self::Done(a), Self::Done(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl Session {
    pub(super) fn select(&mut self, selection: Selection) {
        let before = std::mem::replace(&mut self.selection, selection);
        if before == selection {
            return;
        }
        self.is_chosen = true;
        if before.tx != selection.tx {
            self.ask_for_detail();
        }
    }

    pub(super) fn select_attempt(&mut self, Version { tx, incarnation }: Version) {
        self.select(Selection { tx: Some(tx), incarnation: Some(incarnation), ..self.selection });
    }

    pub(super) fn ask_for_detail(&mut self) {
        let Some(tx) = self.selection.tx else {
            self.detail = DetailState::None;
            return;
        };
        if self.picture == Picture::Recorded {
            // The engine has not run it yet; when it has, this is asked again.
            self.detail = DetailState::None;
            return;
        }
        let Some((run, _)) = self.complete.as_ref().filter(|(_, of)| Some(of) == self.ran.as_ref()) else {
            self.detail = DetailState::Unavailable;
            return;
        };
        let run = *run;
        let id = self.next_id();
        self.detail = DetailState::Asked { id };
        self.send(Request { id, body: Ask::Inspect { run, tx } });
    }

    /// The replies that are the detail's.
    pub(super) fn on_detail_reply(&mut self, reply: &Reply) {
        let DetailState::Asked { id: own } = self.detail else { return };
        if reply.id != own {
            return;
        }
        match &reply.body {
            Answer::Detail { detail } => {
                self.detail = DetailState::Done(Arc::new((**detail).clone()));
            }
            // A run that was cancelled took the question with it.
            Answer::Cancelled => self.ask_for_detail(),
            // The engine is another one by now, and has not run this.
            Answer::Failed { .. } => self.detail = DetailState::Unavailable,
            _ => {}
        }
    }

    /// What a person chose, by meaning; `None` if the page chose by itself.
    pub(super) fn chosen_selection(&self) -> Option<NamedSelection> {
        if let Some(named) = &self.wanted_selection {
            return (*named != NamedSelection::default()).then(|| named.clone());
        }
        let model = self.model.as_ref().filter(|_| self.is_chosen)?;
        Some(NamedSelection::of(model, self.selection))
    }
}

/// The transaction that a newcomer should look at first: one that ran twice, else one that needed
/// another, else the first one.
pub(super) fn first_selection(model: &RunModel) -> Selection {
    let tx = model
        .positions()
        .find(|tx| model.attempts_of[tx.index()].len() > 1)
        .or_else(|| model.report.analysis.critical_path.get(1).copied())
        .or((model.transactions() > 0).then_some(TxIndex(0)));
    Selection { tx, ..Selection::default() }
}

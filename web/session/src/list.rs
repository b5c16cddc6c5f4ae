//! The block's access list (EIP-7928), and one that a person brought.

use std::sync::Arc;

use evm_lanes_core::messages::{AccessList, Answer, Ask, ListForm, Reply, Request};
use evm_lanes_core::scenario::StrategyChoice;
use evm_lanes_view::list;

use super::{CurveState, Effect, EngineState, Session, Source, Tab, reasons};

/// A list from a file.
#[derive(Clone, Debug)]
pub struct Given {
    /// The file's name.
    pub name: Arc<str>,
    /// What is in it.
    pub bytes: Arc<[u8]>,
    /// keccak-256 of its RLP, once the engine has read it.
    hash: Option<Arc<str>>,
}

impl Given {
    /// A file that nobody has read yet.
    pub fn new(name: String, bytes: Vec<u8>) -> Self {
        Self { name: name.into(), bytes: bytes.into(), hash: None }
    }

    /// Whether it is the list of that hash.
    pub fn is(&self, hash: Option<&str>) -> bool {
        self.hash.is_some() && self.hash.as_deref() == hash
    }
}

impl PartialEq for Given {
    /// Whether it is the same file that was opened.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.bytes, &other.bytes)
    }
}

/// How far the list is.
#[derive(Clone, Debug)]
pub enum ListState {
    /// Not asked for.
    None,
    /// Being made.
    Running {
        /// Its request.
        id: u32,
        /// Of what.
        source: Source,
        /// With what it is compared.
        given: Option<Given>,
    },
    /// Made.
    Done {
        /// It.
        list: Arc<AccessList>,
        /// Of what.
        source: Source,
        /// With what it is compared.
        given: Option<Given>,
    },
    /// Why there is none.
    Failed {
        /// In words.
        why: String,
        /// Of what.
        source: Source,
    },
}

impl PartialEq for ListState {
    /// Whether nothing has come of it in between.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Running { id: a, .. }, Self::Running { id: b, .. }) => a == b,
            (Self::Done { list: a, .. }, Self::Done { list: b, .. }) => Arc::ptr_eq(a, b),
            (Self::Failed { why: a, source: of_a }, Self::Failed { why: b, source: of_b }) => {
                a == b && of_a == of_b
            }
            _ => false,
        }
    }
}

impl Session {
    /// Takes a list from a file, to compare it and to run from it, once the engine can read it.
    pub(super) fn offer_list(&mut self, name: String, bytes: Vec<u8>) {
        self.tab = Tab::AccessList;
        self.notice = None;
        self.offered = Some(Given::new(name, bytes));
        if self.ran.is_none() && !self.is_running() {
            self.offered = None;
            self.complain("No block has run yet, so there is nothing to compare a list with. Run one first.");
        }
    }

    /// Puts the list from a file away.
    pub(super) fn drop_list(&mut self) {
        (self.given, self.offered) = (None, None);
        self.only_differences = false;
        self.announce("The list was removed.");
        if self.settings.strategy.reads_block_access_list() {
            self.run();
        }
    }

    /// Asks for what the tab lacks, as soon as the engine has time: the list of the run that is shown, compared with
    /// the one that is offered or given.
    pub(super) fn follow_list(&mut self) {
        let free = matches!(self.engine, EngineState::Ready { .. })
            && !self.is_running()
            && !matches!(self.curve, CurveState::Running { .. });
        if !free || self.tab != Tab::AccessList {
            return;
        }
        let Some(source) = self.ran.clone() else { return };
        let wanted = self.offered.clone().or_else(|| self.given.clone());
        let there = match &self.list {
            ListState::None => false,
            ListState::Running { .. } => true,
            ListState::Done { source: of, given, .. } => *of == source && *given == wanted,
            ListState::Failed { source: of, .. } => *of == source && self.offered.is_none(),
        };
        if there {
            return;
        }
        let id = self.next_id();
        let input = self.input_of(&source);
        // Whatever comes of it, this is what the engine holds then.
        self.prepared = Some(source.clone());
        let list = wanted.as_ref().map(|given| given.bytes.to_vec());
        self.list = ListState::Running { id, source, given: wanted };
        self.send(Request { id, body: Ask::AccessList { input, list } });
    }

    /// Saves the list of the run that is shown.
    pub(super) fn export_list(&mut self, form: ListForm) {
        let Some(source) = self.ran.clone() else { return };
        let id = self.next_id();
        let input = self.input_of(&source);
        self.prepared = Some(source);
        self.exporting = Some((id, form));
        self.send(Request { id, body: Ask::ExportList { input, form } });
    }

    /// The replies that are the list's.
    pub(super) fn on_list_reply(&mut self, reply: &Reply) {
        self.on_export_reply(reply);
        let ListState::Running { id: own, source, given } = self.list.clone() else { return };
        if reply.id != own {
            return;
        }
        match &reply.body {
            Answer::AccessList { list } => {
                let hash = list.given.as_ref().map(|given| given.figures.hash.as_str().into());
                let given = given.map(|given| Given { hash, ..given });
                let is_new = self.offered.is_some() && given != self.given;
                self.list =
                    ListState::Done { list: Arc::new((**list).clone()), source, given: given.clone() };
                if !is_new {
                    return;
                }
                let (name, verdict) = given
                    .as_ref()
                    .zip(list.given.as_ref())
                    .map(|(given, told)| (given.name.clone(), list::verdict(&given.name, told)))
                    .unwrap_or_default();
                self.announce(if verdict.is_empty() { name.to_string() } else { verdict });
                self.offered = None;
                self.given = given;
                if self.settings.strategy.reads_block_access_list() {
                    self.run();
                }
            }
            Answer::Failed { problems } => {
                let why = reasons(problems);
                match self.offered.take() {
                    Some(offered) if given.as_ref() == Some(&offered) => {
                        self.list = ListState::None;
                        self.complain(format!("{}: {why}. Nothing was changed.", offered.name));
                    }
                    offered => {
                        self.offered = offered;
                        self.prepared = None;
                        self.list = ListState::Failed { why, source };
                    }
                }
            }
            Answer::Cancelled => {
                self.prepared = None;
                self.list = ListState::None;
            }
            _ => {}
        }
    }

    fn on_export_reply(&mut self, reply: &Reply) {
        let Some((own, form)) = self.exporting else { return };
        if reply.id != own {
            return;
        }
        match &reply.body {
            Answer::Exported { bytes } => {
                let (name, kind) = match form {
                    ListForm::Json => ("access-list.json", "application/json"),
                    ListForm::Rlp => ("access-list.rlp", "application/octet-stream"),
                };
                self.effects.push(Effect::Download { name, kind, bytes: bytes.clone() });
            }
            Answer::Failed { problems } => {
                self.complain(format!("The list was not saved: {}.", reasons(problems)));
            }
            Answer::Cancelled => {}
            _ => return,
        }
        self.exporting = None;
    }

    /// A list from a file is of the document that it was given to, also when that is edited.
    pub(super) fn forget_list_of_another(&mut self, source: &Source) {
        if self.document.source != *source {
            (self.given, self.offered) = (None, None);
            self.only_differences = false;
        }
    }

    /// What a run with that strategy runs from.
    pub(super) fn list_for(&self, strategy: impl Into<StrategyChoice>) -> Option<Vec<u8>> {
        let from_list = strategy.into().reads_block_access_list();
        self.given.as_ref().filter(|_| from_list).map(|given| given.bytes.to_vec())
    }
}

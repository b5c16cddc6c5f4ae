//! The block's access list (EIP-7928), and one that a person brought.

use std::sync::Arc;

use evm_lanes_core::messages::{AccessList, ListForm, Reply, Request};
use evm_lanes_core::scenario::StrategyChoice;
use evm_lanes_core::trace::StrategyId;
use leptos::prelude::*;

use super::{Page, Source, Tab, dom};
use crate::engine::EngineState;

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

impl Page {
    /// Takes a list from a file, to compare it and to run from it, once the engine can read it.
    pub fn take_list(self, name: String, bytes: Vec<u8>) {
        self.tab.set(Tab::AccessList);
        self.notice.set(None);
        self.offered.set(Some(Given::new(name, bytes)));
        if self.ran.with_untracked(Option::is_none) && !untrack(|| self.is_running()) {
            self.offered.set(None);
            self.complain("There is no block yet that a list could be compared with: run one first.");
        }
    }

    /// Puts the list from a file away.
    pub fn drop_list(self) {
        self.given.set(None);
        self.offered.set(None);
        self.only_differences.set(false);
        self.spoken.set("The list was put away.".to_owned());
        if self.strategy.get_untracked() == StrategyId::BlockAccessList {
            self.run();
        }
    }

    /// Asks for what the tab lacks, as soon as the engine has time: the list of the run that is shown, compared with
    /// the one that is offered or given. Follows what it depends on.
    pub fn follow_list(self) {
        let free = matches!(self.engine.get(), EngineState::Ready { .. })
            && !self.is_running()
            && !self.curve.with(|c| matches!(c, super::CurveState::Running { .. }));
        let (ran, offered, given) = (self.ran.get(), self.offered.get(), self.given.get());
        let Some(source) = ran.filter(|_| free && self.tab.get() == Tab::AccessList) else { return };
        let wanted = offered.clone().or(given);
        let there = self.list.with(|list| match list {
            ListState::None => false,
            ListState::Running { .. } => true,
            ListState::Done { source: of, given, .. } => *of == source && *given == wanted,
            ListState::Failed { source: of, .. } => *of == source && offered.is_none(),
        });
        if there {
            return;
        }
        let id = self.next_id();
        let input = self.input_of(&source);
        // Whatever comes of it, this is what the engine holds then.
        self.wanted.update_value(|w| w.prepared = Some(source.clone()));
        let list = wanted.as_ref().map(|given| given.bytes.to_vec());
        self.list.set(ListState::Running { id, source, given: wanted });
        self.with_client(|c| c.send(Request::AccessList { id, input, list }));
    }

    /// Tries again what failed.
    pub fn retry_list(self) {
        self.list.set(ListState::None);
    }

    /// Saves the list of the run that is shown.
    pub fn export_list(self, form: ListForm) {
        let Some(source) = self.ran.get_untracked() else { return };
        let id = self.next_id();
        let input = self.input_of(&source);
        self.wanted.update_value(|w| {
            w.prepared = Some(source);
            w.exporting = Some((id, form));
        });
        self.with_client(|c| c.send(Request::ExportList { id, input, form }));
    }

    /// The replies that are the list's.
    pub(super) fn hear_list(self, reply: &Reply) {
        self.hear_export(reply);
        let ListState::Running { id: own, source, given } = self.list.get_untracked() else { return };
        match reply {
            Reply::AccessList { id, list } if *id == own => {
                let hash = list.given.as_ref().map(|given| given.figures.hash.as_str().into());
                let given = given.map(|given| Given { hash, ..given });
                let is_new = self.offered.get_untracked().is_some() && given != self.given.get_untracked();
                self.list.set(ListState::Done {
                    list: Arc::new((**list).clone()),
                    source,
                    given: given.clone(),
                });
                if !is_new {
                    return;
                }
                let (name, told) = given
                    .as_ref()
                    .zip(list.given.as_ref())
                    .map(|(given, told)| (given.name.clone(), crate::view::list::verdict(&given.name, told)))
                    .unwrap_or_default();
                self.spoken.set(if told.is_empty() { name.to_string() } else { told });
                self.offered.set(None);
                self.given.set(given);
                if self.strategy.get_untracked() == StrategyId::BlockAccessList {
                    self.run();
                }
            }
            Reply::Failed { id, problems } if *id == own => {
                let why: Vec<String> = problems.iter().take(3).map(ToString::to_string).collect();
                let why = why.join("; ");
                match self.offered.get_untracked() {
                    Some(offered) if given.as_ref() == Some(&offered) => {
                        self.offered.set(None);
                        self.list.set(ListState::None);
                        self.complain(format!("{}: {why}. Nothing was changed.", offered.name));
                    }
                    _ => {
                        self.wanted.update_value(|w| w.prepared = None);
                        self.list.set(ListState::Failed { why, source });
                    }
                }
            }
            Reply::Cancelled { id } if *id == own => {
                self.wanted.update_value(|w| w.prepared = None);
                self.list.set(ListState::None);
            }
            _ => {}
        }
    }

    fn hear_export(self, reply: &Reply) {
        let Some((own, form)) = self.wanted.with_value(|w| w.exporting) else { return };
        match reply {
            Reply::Exported { id, bytes } if *id == own => match form {
                ListForm::Json => dom::save("access-list.json", "application/json", bytes),
                ListForm::Rlp => dom::save("access-list.rlp", "application/octet-stream", bytes),
            },
            Reply::Failed { id, problems } if *id == own => {
                let why: Vec<String> = problems.iter().take(3).map(ToString::to_string).collect();
                self.complain(format!("The list was not saved: {}.", why.join("; ")));
            }
            Reply::Cancelled { id } if *id == own => {}
            _ => return,
        }
        self.wanted.update_value(|w| w.exporting = None);
    }

    /// What a run with that strategy runs from.
    pub(super) fn list_for(self, strategy: impl Into<StrategyChoice>) -> Option<Vec<u8>> {
        let from_list = strategy.into() == StrategyId::BlockAccessList;
        let given = self.given.get_untracked().filter(|_| from_list);
        given.map(|given| given.bytes.to_vec())
    }
}

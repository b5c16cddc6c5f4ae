//! The page's few signals, and what a person's actions do to them.
//!
//! ```text
//! action ─▶ text, strategy, lanes ─▶ run() ─▶ engine ─▶ model ─▶ (view, paint)
//!    └────▶ selection, viewport ──────────────────────────┘
//! ```
//! Everything else is derived. Effects in [`sync`] keep the outside (address bar, storage, root
//! attributes) in step.

mod document;
pub mod dom;
pub mod file;
pub mod history;
pub mod link;
pub mod sync;
pub mod theme;

use std::sync::Arc;

use evm_lanes_core::messages::{EngineInfo, Input, Phase, Reply, Request, TxDetail};
use evm_lanes_core::model::Model;
use evm_lanes_core::problem::Problem;
use evm_lanes_core::scenario;
use evm_lanes_core::trace::{Clock, StrategyId};
use leptos::prelude::*;

use crate::engine::{EngineClient, EngineEvent, EngineState};
use crate::view::lanes::Emphasis;
use crate::view::model::RunModel;
use crate::view::scale::Viewport;

pub use document::{Document, Source};
pub use history::History;
pub use theme::Theme;

/// What is selected, anywhere on the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// A transaction.
    pub tx: Option<u32>,
    /// One attempt of it, from 0.
    pub incarnation: Option<u32>,
    /// A location, by its id in the run's trace.
    pub location: Option<u32>,
}

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

/// Something a person should know, that is not part of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Whether something went wrong.
    pub error: bool,
    /// In words.
    pub text: String,
}

/// Tabs below the pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the tabs' own")]
pub enum Tab {
    #[default]
    Transactions,
    Locations,
    Time,
    Story,
    Scenario,
    Contracts,
}

impl Tab {
    /// In their order.
    pub const ALL: [Self; 6] =
        [Self::Transactions, Self::Locations, Self::Time, Self::Story, Self::Scenario, Self::Contracts];

    /// What is written on it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Transactions => "Transactions",
            Self::Locations => "Locations",
            Self::Time => "Time",
            Self::Story => "Story",
            Self::Scenario => "Scenario {}",
            Self::Contracts => "Contracts",
        }
    }

    /// For ids.
    pub fn id(self) -> &'static str {
        match self {
            Self::Transactions => "transactions",
            Self::Locations => "locations",
            Self::Time => "time",
            Self::Story => "story",
            Self::Scenario => "scenario",
            Self::Contracts => "contracts",
        }
    }
}

/// All signals of the page. A bundle of handles: copying it is cheap.
#[derive(Clone, Copy)]
pub struct Page {
    /// What is to be run.
    pub document: RwSignal<Document>,
    /// What the run that is shown had run.
    pub ran: RwSignal<Option<Source>>,
    /// Who schedules.
    pub strategy: RwSignal<StrategyId>,
    /// On how many lanes.
    pub lanes: RwSignal<u16>,
    /// How many lanes the link asks for. The address keeps it, also where this machine has fewer; a
    /// person's own choice takes its place.
    pub asked_lanes: RwSignal<Option<u16>>,
    /// The latest complete run.
    pub model: RwSignal<Option<Arc<RunModel>>>,
    /// What is being done.
    pub activity: RwSignal<Activity>,
    /// How the engine is.
    pub engine: RwSignal<EngineState>,
    /// The latest engine that was ready.
    pub info: RwSignal<Option<EngineInfo>>,
    /// Why the engine was started anew, if it was.
    pub restarted: RwSignal<Option<String>>,
    /// What is selected.
    pub selection: RwSignal<Selection>,
    /// The selected transaction in full, once the engine has told it.
    pub detail: RwSignal<Option<Arc<TxDetail>>>,
    /// Whether the engine was asked for that and has not answered yet.
    pub asking: RwSignal<bool>,
    /// What part of the run the lanes show; `None`: all of it.
    pub viewport: RwSignal<Option<Viewport>>,
    /// Whether the longest chain is emphasised in the lanes.
    pub show_path: RwSignal<bool>,
    /// The open tab.
    pub tab: RwSignal<Tab>,
    /// Light, dark, or as the system has it.
    pub theme: RwSignal<Theme>,
    /// Whether single letters act as keys.
    pub letter_keys: RwSignal<bool>,
    /// Whether the help is open.
    pub help: RwSignal<bool>,
    /// Whether the share panel is open.
    pub sharing: RwSignal<bool>,
    /// What a person should know.
    pub notice: RwSignal<Option<Notice>>,
    /// One sentence for those who listen.
    pub spoken: RwSignal<String>,
    /// The words by which transactions are filtered.
    pub query: RwSignal<String>,
    /// Earlier and later documents.
    pub history: RwSignal<History>,
    /// Where the editor's caret should go.
    pub caret: RwSignal<Option<evm_lanes_core::problem::Position>>,
    wanted: StoredValue<Wanted>,
    client: StoredValue<Option<EngineClient>, LocalStorage>,
}

/// What waits for something else.
#[derive(Clone, Debug, Default)]
struct Wanted {
    next_id: u32,
    run_when_ready: bool,
    detail_id: Option<u32>,
    selection: Option<link::NamedSelection>,
    /// Whether a person chose what is selected.
    chosen: bool,
    /// What the engine is running.
    running: Option<Source>,
    /// What the engine holds prepared.
    prepared: Option<Source>,
}

/// The lanes asked for at first, where neither the scenario nor the link says: as many as there
/// are cores, but not so many that a small block is spread too thin to read.
const USUAL_LANES: u16 = 4;

impl Page {
    /// The page as its address has it. Starts the engine.
    pub fn start() -> Self {
        let page = Self {
            document: RwSignal::new(Document::default()),
            ran: RwSignal::new(None),
            strategy: RwSignal::new(StrategyId::BlockStm),
            lanes: RwSignal::new(USUAL_LANES.min(dom::cores())),
            asked_lanes: RwSignal::new(None),
            model: RwSignal::new(None),
            activity: RwSignal::new(Activity::Idle),
            engine: RwSignal::new(EngineState::Starting),
            info: RwSignal::new(None),
            restarted: RwSignal::new(None),
            selection: RwSignal::new(Selection::default()),
            detail: RwSignal::new(None),
            asking: RwSignal::new(false),
            viewport: RwSignal::new(None),
            show_path: RwSignal::new(false),
            tab: RwSignal::new(Tab::default()),
            theme: RwSignal::new(theme::stored()),
            letter_keys: RwSignal::new(dom::stored("letter-keys").as_deref() != Some("off")),
            help: RwSignal::new(false),
            sharing: RwSignal::new(false),
            notice: RwSignal::new(None),
            spoken: RwSignal::new(String::new()),
            query: RwSignal::new(String::new()),
            history: RwSignal::new(History::default()),
            caret: RwSignal::new(None),
            wanted: StoredValue::new(Wanted { run_when_ready: true, ..Wanted::default() }),
            client: StoredValue::new_local(None),
        };
        page.open_address(true);
        page.client.set_value(Some(EngineClient::start(move |event| page.hear(event))));
        page
    }

    /// The most lanes that make sense here.
    pub fn max_lanes(self) -> u16 {
        self.info.get().map_or_else(dom::cores, |i| i.max_lanes).max(1)
    }

    /// What is emphasised in the pictures.
    pub fn emphasis(self) -> Emphasis {
        let selection = self.selection.get();
        Emphasis { tx: selection.tx, incarnation: selection.incarnation, path: self.show_path.get() }
    }

    /// Whether what is shown belongs to something else than what is written.
    pub fn is_stale(self) -> bool {
        self.ran.with(|ran| ran.as_ref().is_some_and(|ran| self.document.with(|d| d.source != *ran)))
    }

    /// Whether a run is under way.
    pub fn is_running(self) -> bool {
        self.activity.with(|a| matches!(a, Activity::Running { .. }))
    }

    // ---- what a person does ----

    /// Runs what is written, as a new step of the browser's history.
    pub fn run(self) {
        self.run_without_history();
        sync::push_address(self);
    }

    /// Runs what is written.
    pub fn run_without_history(self) {
        if self.engine.with_untracked(|e| !matches!(e, EngineState::Ready { .. })) {
            self.wanted.update_value(|w| w.run_when_ready = true);
            if self.engine.with_untracked(|e| matches!(e, EngineState::Failed { .. })) {
                self.with_client(|c| c.restart("asked for by hand"));
            }
            return;
        }
        let source = self.document.with_untracked(|d| d.source.clone());
        if let Source::Scenario(text) = &source
            && let Err(problems) = scenario::parse(text)
        {
            self.activity.set(Activity::Failed(problems));
            self.tab.set(Tab::Scenario);
            return;
        }
        let again = self.wanted.with_value(|w| w.prepared.as_ref() == Some(&source));
        let input = match (&source, again) {
            (_, true) => Input::Same,
            (Source::Scenario(text), false) => Input::Scenario(text.to_string()),
            (Source::Case { text, .. }, false) => Input::Case(text.to_string()),
        };
        if self.activity.with_untracked(|a| matches!(a, Activity::Running { .. })) {
            // Requests are handled one after the other: the older one must make room.
            self.with_client(EngineClient::cancel);
        }
        let id = self.next_id();
        self.notice.set(None);
        self.restarted.set(None);
        self.activity.set(Activity::Running {
            id,
            phase: Phase::Preparing,
            done: 0,
            total: 0,
            cancelling: false,
        });
        let strategy = self.strategy.get_untracked();
        let lanes = match strategy {
            StrategyId::Sequential => 1,
            StrategyId::BlockStm => self.lanes.get_untracked().clamp(1, untrack(|| self.max_lanes())),
        };
        self.wanted.update_value(|w| {
            if !again {
                // The engine lets go of what it had prepared, whatever comes of this.
                w.prepared = None;
            }
            w.running = Some(source);
        });
        self.with_client(|c| {
            c.send(Request::Run {
                id,
                input,
                strategy,
                lanes,
                clock: Clock::Measured,
                model: Model::default(),
            })
        });
    }

    /// Stops the run that is under way.
    pub fn cancel(self) {
        self.with_client(EngineClient::cancel);
        self.activity.update(|a| {
            if let Activity::Running { cancelling, .. } = a {
                *cancelling = true;
            }
        });
    }

    /// Ends the engine and starts a fresh one.
    pub fn restart_engine(self) {
        self.wanted.update_value(|w| w.run_when_ready = true);
        self.with_client(|c| c.restart("asked for by hand"));
    }

    /// Takes another number of lanes and runs.
    pub fn set_lanes(self, lanes: u16) {
        let lanes = lanes.clamp(1, untrack(|| self.max_lanes()));
        if lanes != self.lanes.get_untracked() {
            self.asked_lanes.set(None);
            self.lanes.set(lanes);
            self.run();
        }
    }

    /// Takes another strategy and runs.
    pub fn set_strategy(self, strategy: StrategyId) {
        if strategy != self.strategy.get_untracked() {
            self.strategy.set(strategy);
            self.run();
        }
    }

    /// The text as a person types it.
    pub fn edit(self, text: String) {
        self.document.update(|d| d.source = Source::Scenario(text.into()));
    }

    /// Remembers the document as it is, so that it can be come back to.
    pub fn remember(self) {
        let source = self.document.with_untracked(|d| d.source.clone());
        self.history.update(|h| h.push(source));
    }

    /// Another document in place of this one, and a run.
    pub fn open(self, document: Document) {
        self.remember();
        if let Source::Scenario(text) = &document.source
            && let Ok(scenario) = scenario::parse(text)
        {
            self.take_settings(&scenario.run);
        }
        self.document.set(document);
        self.remember();
        self.wanted.update_value(|w| w.selection = Some(link::NamedSelection::default()));
        self.selection.set(Selection::default());
        self.viewport.set(None);
        self.run();
    }

    /// Back to the document before.
    pub fn undo(self) {
        self.remember();
        if let Some(source) = self.history.try_update(History::undo).flatten() {
            self.document.update(|d| d.source = source);
            self.spoken.set("Undone.".to_owned());
        }
    }

    /// Forward again.
    pub fn redo(self) {
        if let Some(source) = self.history.try_update(History::redo).flatten() {
            self.document.update(|d| d.source = source);
            self.spoken.set("Done again.".to_owned());
        }
    }

    /// Selects a transaction, in all its attempts.
    pub fn select_tx(self, tx: u32) {
        self.select(Selection {
            tx: Some(tx),
            incarnation: None,
            location: self.selection.get_untracked().location,
        });
    }

    /// Selects one attempt.
    pub fn select_attempt(self, tx: u32, incarnation: u32) {
        let location = self.selection.get_untracked().location;
        self.select(Selection { tx: Some(tx), incarnation: Some(incarnation), location });
    }

    /// Selects a location, or lets it go if it is selected.
    pub fn select_location(self, location: u32) {
        let mut selection = self.selection.get_untracked();
        selection.location = if selection.location == Some(location) { None } else { Some(location) };
        self.select(selection);
    }

    /// Selects.
    pub fn select(self, selection: Selection) {
        let before = self.selection.get_untracked();
        if before == selection {
            return;
        }
        self.wanted.update_value(|w| w.chosen = true);
        self.selection.set(selection);
        if before.tx != selection.tx {
            self.ask_for_detail();
        }
    }

    /// Tells of something that went wrong.
    pub fn complain(self, text: impl Into<String>) {
        self.notice.set(Some(Notice { error: true, text: text.into() }));
    }

    /// Lanes and strategy as a scenario wants them.
    pub fn take_settings(self, run: &scenario::RunSettings) {
        if let Some(strategy) = run.strategy {
            self.strategy.set(strategy);
        }
        self.asked_lanes.set(None);
        if let Some(lanes) = run.lanes {
            self.lanes.set(lanes.clamp(1, untrack(|| self.max_lanes())));
        }
    }

    /// As many of the lanes that a link asks for as there are.
    pub fn ask_for_lanes(self, lanes: u16) {
        self.asked_lanes.set(Some(lanes));
        self.lanes.set(lanes.clamp(1, untrack(|| self.max_lanes())));
    }

    /// The lanes that were asked for, where there are fewer.
    pub fn missing_lanes(self) -> Option<u16> {
        self.asked_lanes.get().filter(|asked| *asked > self.max_lanes())
    }

    // ---- what the engine says ----

    fn hear(self, event: EngineEvent) {
        match event {
            EngineEvent::State(state) => self.hear_state(state),
            EngineEvent::Reply(reply) => self.hear_reply(reply),
        }
    }

    fn hear_state(self, state: EngineState) {
        match &state {
            EngineState::Ready { info } => {
                let asked = self.asked_lanes.get_untracked();
                self.lanes.update(|l| *l = asked.unwrap_or(*l).clamp(1, info.max_lanes.max(1)));
                self.info.set(Some(info.clone()));
            }
            EngineState::Restarting { reason } => {
                self.restarted.set(Some(reason.clone()));
                self.fail_run(reason);
            }
            EngineState::Failed { reason } => self.fail_run(reason),
            EngineState::Starting => {}
        }
        let ready = matches!(state, EngineState::Ready { .. });
        self.engine.set(state);
        if ready && self.wanted.with_value(|w| w.run_when_ready) {
            self.wanted.update_value(|w| w.run_when_ready = false);
            self.run_without_history();
        }
    }

    /// A run whose engine is gone is over; what it was to run is still there.
    fn fail_run(self, reason: &str) {
        self.wanted.update_value(|w| w.prepared = None);
        if self.activity.with_untracked(|a| matches!(a, Activity::Running { .. })) {
            self.activity.set(Activity::Failed(vec![Problem::new(
                "",
                "the engine to finish the run",
                reason,
            )]));
        }
    }

    fn hear_reply(self, reply: Reply) {
        let current = self.activity.with_untracked(|a| match a {
            Activity::Running { id, .. } => Some(*id),
            _ => None,
        });
        match reply {
            Reply::Progress { id, phase, done, total } if current == Some(id) => self.activity.update(|a| {
                if let Activity::Running { phase: p, done: d, total: t, .. } = a {
                    (*p, *d, *t) = (phase, done, total);
                }
            }),
            Reply::Ran { id, report } if current == Some(id) => match RunModel::new(*report) {
                Ok(model) => self.show(model),
                Err(error) => {
                    self.activity.set(Activity::Failed(vec![Problem::new(
                        "",
                        "a trace from the engine",
                        error.to_string(),
                    )]));
                }
            },
            Reply::Failed { id, problems } if current == Some(id) => {
                if problems.iter().any(|p| !p.path.is_empty()) {
                    self.tab.set(Tab::Scenario);
                }
                self.activity.set(Activity::Failed(problems));
            }
            Reply::Cancelled { id } if current == Some(id) => self.activity.set(Activity::Cancelled),
            Reply::Detail { id, detail } if self.is_asked(id) => {
                self.detail.set(Some(Arc::new(*detail)));
                self.asking.set(false);
            }
            // A run that was cancelled took the question with it.
            Reply::Cancelled { id } if self.is_asked(id) => self.ask_for_detail(),
            // The engine is another one by now, and has not run this.
            Reply::Failed { id, .. } if self.is_asked(id) => self.asking.set(false),
            // Answers to requests that something newer has replaced.
            _ => {}
        }
    }

    fn show(self, model: RunModel) {
        let model = Arc::new(model);
        let before = self.model.get_untracked();
        let named = self
            .wanted
            .try_update_value(|w| w.selection.take())
            .flatten()
            .or_else(|| {
                let chosen = self.wanted.with_value(|w| w.chosen);
                before
                    .filter(|_| chosen)
                    .map(|m| link::NamedSelection::of(&m, self.selection.get_untracked()))
            })
            .unwrap_or_default();
        let known = named.resolve(&model);
        self.wanted.update_value(|w| w.chosen = known.is_some());
        let selection = known.unwrap_or_else(|| first_selection(&model));
        let source = self.wanted.try_update_value(|w| {
            w.prepared = w.running.take();
            w.prepared.clone()
        });
        self.ran.set(source.flatten());
        self.viewport.set(None);
        self.detail.set(None);
        self.model.set(Some(model.clone()));
        self.selection.set(selection);
        self.activity.set(Activity::Idle);
        self.spoken.set(crate::view::sentence::headline(&model));
        self.ask_for_detail();
    }

    fn ask_for_detail(self) {
        let Some(tx) = self.selection.get_untracked().tx else {
            self.detail.set(None);
            self.asking.set(false);
            return;
        };
        let id = self.next_id();
        self.detail.set(None);
        self.asking.set(true);
        self.wanted.update_value(|w| w.detail_id = Some(id));
        self.with_client(|c| c.send(Request::Inspect { id, tx }));
    }

    fn is_asked(self, id: u32) -> bool {
        self.wanted.with_value(|w| w.detail_id) == Some(id)
    }

    /// Keeps a selection by meaning until a run can say what it is.
    pub fn want_selection(self, selection: link::NamedSelection) {
        self.wanted.update_value(|w| w.selection = Some(selection));
    }

    /// What a person chose, by meaning; `None` if the page chose by itself.
    pub fn chosen_selection(self) -> Option<link::NamedSelection> {
        let waiting = self.wanted.with_value(|w| w.selection.clone());
        if let Some(named) = waiting {
            return (named != link::NamedSelection::default()).then_some(named);
        }
        if !self.wanted.with_value(|w| w.chosen) {
            return None;
        }
        self.model.with_untracked(|m| {
            m.as_ref().map(|m| link::NamedSelection::of(m, self.selection.get_untracked()))
        })
    }

    fn next_id(self) -> u32 {
        self.wanted
            .try_update_value(|w| {
                w.next_id += 1;
                w.next_id
            })
            .unwrap_or_default()
    }

    fn with_client(self, act: impl FnOnce(&EngineClient)) {
        self.client.with_value(|client| {
            if let Some(client) = client {
                act(client);
            }
        });
    }
}

/// The transaction that a newcomer should look at first: one that ran twice, else one that needed
/// another, else the first one.
fn first_selection(model: &RunModel) -> Selection {
    let tx = (0..model.transactions())
        .find(|tx| model.attempts_of[*tx as usize].len() > 1)
        .or_else(|| model.report.analysis.critical_path.get(1).copied())
        .or((model.transactions() > 0).then_some(0));
    Selection { tx, ..Selection::default() }
}

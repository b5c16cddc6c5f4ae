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
mod list;
pub mod screen;
pub mod sync;
pub mod theme;

use std::sync::Arc;

use evm_lanes_core::messages::{Curve, EngineInfo, Input, Phase, Reply, Request, TxDetail};
use evm_lanes_core::model::CostModel;
use evm_lanes_core::problem::Problem;
use evm_lanes_core::scenario::{self, StrategyChoice};
use evm_lanes_core::trace::{Clock, StrategyId};
use leptos::prelude::*;

use crate::engine::{EngineClient, EngineEvent, EngineState};
use crate::view::curve::LANES;
use crate::view::lanes::Emphasis;
use crate::view::model::RunModel;
use crate::view::scale::Viewport;

pub use document::{Document, Source};
pub use history::History;
pub use list::{Given, ListState};
pub use screen::Screen;
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
    /// Whether the page kept it by itself: the latest one by the other clock.
    by_itself: bool,
}

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

/// Tabs below the pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the tabs' own")]
pub enum Tab {
    #[default]
    Transactions,
    Locations,
    Time,
    AccessList,
    Compare,
    Curve,
    Story,
    Scenario,
    Contracts,
}

impl Tab {
    /// In their order.
    pub const ALL: [Self; 9] = [
        Self::Transactions,
        Self::Locations,
        Self::Time,
        Self::AccessList,
        Self::Compare,
        Self::Curve,
        Self::Story,
        Self::Scenario,
        Self::Contracts,
    ];

    /// What is written on it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Transactions => "Transactions",
            Self::Locations => "Locations",
            Self::Time => "Time",
            Self::AccessList => "Access list",
            Self::Compare => "Compare",
            Self::Curve => "Curve",
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
            Self::AccessList => "access-list",
            Self::Compare => "compare",
            Self::Curve => "curve",
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
    /// Who schedules, or that the engine is to choose.
    pub strategy: RwSignal<StrategyChoice>,
    /// Whether lanes are threads of this machine or simulated.
    pub clock: RwSignal<Clock>,
    /// What simulated time is made of.
    pub cost_model: RwSignal<CostModel>,
    /// On how many lanes, if they are threads.
    pub threads: RwSignal<u16>,
    /// On how many lanes, if they are simulated.
    pub simulated_lanes: RwSignal<u16>,
    /// How many threads the link asks for. The address keeps it, also where this machine has fewer; a
    /// person's own choice takes its place.
    pub asked_lanes: RwSignal<Option<u16>>,
    /// The latest complete run.
    pub model: RwSignal<Option<Arc<RunModel>>>,
    /// Runs that are kept beside it, oldest first.
    pub pins: RwSignal<Vec<Pin>>,
    /// Speed-up over lanes, if it was asked for.
    pub curve: RwSignal<CurveState>,
    /// The block's access list, if it was asked for.
    pub list: RwSignal<ListState>,
    /// A list from a file: what block access lists run from, and what the block's own is compared with.
    pub given: RwSignal<Option<Given>>,
    /// One that the engine has not read yet.
    pub offered: RwSignal<Option<Given>>,
    /// Whether only what differs is shown of the list.
    pub only_differences: RwSignal<bool>,
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
    /// Whether the engine can no longer be asked: it was started anew, or has completed another run since.
    pub untold: RwSignal<bool>,
    /// What part of the run the lanes show; `None`: all of it.
    pub viewport: RwSignal<Option<Viewport>>,
    /// Whether the longest chain is emphasised in the lanes.
    pub show_path: RwSignal<bool>,
    /// The open tab.
    pub tab: RwSignal<Tab>,
    /// Light, dark, or as the system has it.
    pub theme: RwSignal<Theme>,
    /// What pictures are scaled by.
    pub screen: RwSignal<Screen>,
    /// Whether single letters act as keys.
    pub letter_keys: RwSignal<bool>,
    /// Whether the help is open.
    pub help: RwSignal<bool>,
    /// Whether the share panel is open.
    pub sharing: RwSignal<bool>,
    /// Whether the panel of the cost model is open.
    pub modelling: RwSignal<bool>,
    /// Whether the strategies are explained.
    pub explaining: RwSignal<bool>,
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
    /// Strategies still to be run for a comparison, the next one last; and those that were.
    comparing: Vec<StrategyChoice>,
    compared: Vec<StrategyChoice>,
    /// Whether the clock waits for the engine to say what it has.
    clock_is_open: bool,
    detail_id: Option<u32>,
    selection: Option<link::NamedSelection>,
    /// Whether a person chose what is selected.
    chosen: bool,
    /// What the engine is running.
    running: Option<Source>,
    /// What the engine holds prepared, once it has met what it was sent.
    prepared: Option<Source>,
    /// The latest run that the engine completed, by its request, and of what.
    complete: Option<(u32, Source)>,
    /// The list that is to be saved.
    exporting: Option<(u32, evm_lanes_core::messages::ListForm)>,
}

/// The lanes asked for at first, where neither the scenario nor the link says: as many as there
/// are cores, but not so many that a small block is spread too thin to read.
const USUAL_LANES: u16 = 4;

/// A block that is too short to measure is repeated so often, and to at most so many transactions.
const REPEAT: (u32, u64) = (100, 1_000);

fn repeated(text: &str) -> Option<scenario::Scenario> {
    scenario::parse(text).ok()?.repeated(REPEAT.0, REPEAT.1)
}

/// Whether the block of a scenario can be repeated.
pub fn can_be_repeated(text: &str) -> bool {
    repeated(text).is_some()
}

impl Page {
    /// The page as its address has it. Starts the engine.
    pub fn start() -> Self {
        let page = Self {
            document: RwSignal::new(Document::default()),
            ran: RwSignal::new(None),
            strategy: RwSignal::new(StrategyId::BlockStm.into()),
            clock: RwSignal::new(Clock::Simulated),
            cost_model: RwSignal::new(CostModel::default()),
            threads: RwSignal::new(USUAL_LANES.min(dom::cores())),
            simulated_lanes: RwSignal::new(USUAL_LANES),
            asked_lanes: RwSignal::new(None),
            model: RwSignal::new(None),
            pins: RwSignal::new(Vec::new()),
            curve: RwSignal::new(CurveState::None),
            list: RwSignal::new(ListState::None),
            given: RwSignal::new(None),
            offered: RwSignal::new(None),
            only_differences: RwSignal::new(false),
            activity: RwSignal::new(Activity::Idle),
            engine: RwSignal::new(EngineState::Starting),
            info: RwSignal::new(None),
            restarted: RwSignal::new(None),
            selection: RwSignal::new(Selection::default()),
            detail: RwSignal::new(None),
            asking: RwSignal::new(false),
            untold: RwSignal::new(false),
            viewport: RwSignal::new(None),
            show_path: RwSignal::new(false),
            tab: RwSignal::new(Tab::default()),
            theme: RwSignal::new(theme::stored()),
            screen: RwSignal::new(Screen::read()),
            letter_keys: RwSignal::new(dom::stored("letter-keys").as_deref() != Some("off")),
            help: RwSignal::new(false),
            sharing: RwSignal::new(false),
            modelling: RwSignal::new(false),
            explaining: RwSignal::new(false),
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

    /// The most threads that make sense here.
    pub fn max_threads(self) -> u16 {
        self.info.get().map_or_else(dom::cores, |i| i.max_lanes).max(1)
    }

    /// The most lanes by the clock that is chosen.
    pub fn max_lanes(self) -> u16 {
        match self.clock.get() {
            Clock::Measured => self.max_threads(),
            Clock::Simulated => scenario::MAX_LANES,
        }
    }

    /// The lanes by the clock that is chosen.
    pub fn lanes(self) -> u16 {
        match self.clock.get() {
            Clock::Measured => self.threads.get(),
            Clock::Simulated => self.simulated_lanes.get(),
        }
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
        self.stop_comparing();
        self.notice.set(None);
        self.run_without_history();
        sync::push_address(self);
    }

    /// Runs what is written. What a person is told of stays: nobody asked for this run, so nobody has read it yet.
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
        self.cancel_curve();
        let input = self.input_of(&source);
        if self.activity.with_untracked(|a| matches!(a, Activity::Running { .. })) {
            // Requests are handled one after the other: the older one must make room.
            self.with_client(EngineClient::cancel);
        }
        let id = self.next_id();
        self.restarted.set(None);
        self.activity.set(Activity::Running {
            id,
            phase: Phase::Preparing,
            done: 0,
            total: 0,
            cancelling: false,
        });
        let strategy = self.strategy.get_untracked();
        let lanes = if strategy == StrategyId::Sequential {
            1
        } else {
            untrack(|| self.lanes().clamp(1, self.max_lanes()))
        };
        self.wanted.update_value(|w| w.running = Some(source));
        let (clock, model) = (self.clock.get_untracked(), self.cost_model.get_untracked());
        let list = self.list_for(strategy);
        self.with_client(|c| c.send(Request::Run { id, input, strategy, lanes, clock, model, list }));
    }

    /// `source` as the engine takes it: by name if it holds it already.
    fn input_of(self, source: &Source) -> Input {
        if self.wanted.with_value(|w| w.prepared.as_ref() == Some(source)) {
            return Input::Same;
        }
        // The engine lets go of what it had prepared, whatever comes of this.
        self.wanted.update_value(|w| w.prepared = None);
        match source {
            Source::Scenario(text) => Input::Scenario(text.to_string()),
            Source::Case { text, .. } => Input::Case(text.to_string()),
        }
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
        let (before, most) = untrack(|| (self.lanes(), self.max_lanes()));
        let lanes = lanes.clamp(1, most);
        if lanes == before {
            return;
        }
        match self.clock.get_untracked() {
            Clock::Measured => {
                self.asked_lanes.set(None);
                self.threads.set(lanes);
            }
            Clock::Simulated => self.simulated_lanes.set(lanes),
        }
        self.run();
    }

    /// Takes another clock and runs.
    pub fn set_clock(self, clock: Clock) {
        if clock != self.clock.get_untracked() {
            self.close_clock();
            self.clock.set(clock);
            self.run();
        }
    }

    /// Takes another cost model or seed and, where lanes are simulated, runs.
    pub fn set_cost_model(self, model: CostModel) {
        if model != self.cost_model.get_untracked() {
            self.cost_model.set(model);
            if self.clock.get_untracked() == Clock::Simulated {
                self.run();
            }
        }
    }

    /// Takes another strategy and runs.
    pub fn set_strategy(self, strategy: impl Into<StrategyChoice>) {
        let strategy = strategy.into();
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
        match &document.source {
            Source::Scenario(text) => {
                if let Ok(scenario) = scenario::parse(text) {
                    self.take_settings(scenario.run.into());
                }
            }
            // Whoever brings a real block wants to see what it does on real cores.
            Source::Case { .. } if self.info.with_untracked(|i| i.as_ref().is_some_and(|i| i.threads)) => {
                self.clock.set(Clock::Measured);
            }
            Source::Case { .. } => {}
        }
        self.forget_list_of_another(&document.source);
        self.document.set(document);
        self.remember();
        self.wanted.update_value(|w| w.selection = Some(link::NamedSelection::default()));
        self.selection.set(Selection::default());
        self.viewport.set(None);
        self.run();
    }

    /// Repeats the block's transactions, so that it takes long enough to be measured.
    pub fn repeat_block(self) {
        let document = self.document.get_untracked();
        if let Some(scenario) = document.text().and_then(repeated) {
            self.open(Document::scenario(scenario.to_text()));
        }
    }

    /// Asks for the smallest scenario whose run still differs as the one that is shown does.
    pub fn report_difference(self) {
        let (Some(Source::Scenario(text)), Some(model)) =
            (self.ran.get_untracked(), self.model.get_untracked())
        else {
            return;
        };
        self.stop_comparing();
        self.cancel_curve();
        let id = self.next_id();
        self.activity.set(Activity::Running {
            id,
            phase: Phase::Reducing,
            done: 0,
            total: 0,
            cancelling: false,
        });
        let report = &model.report;
        let list = report.given_list.as_ref().and_then(|_| self.list_for(report.strategy));
        self.with_client(|c| {
            c.send(Request::Reduce {
                id,
                scenario: text.to_string(),
                strategy: report.strategy.into(),
                lanes: report.lanes,
                clock: report.clock,
                model: report.model,
                list,
            });
        });
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

    /// Strategy, lanes, clock and cost model as a scenario wants them.
    pub fn take_settings(self, run: scenario::Settings) {
        if let Some(strategy) = run.strategy {
            self.strategy.set(strategy);
        }
        self.asked_lanes.set(None);
        if let Some(lanes) = run.lanes {
            self.threads.set(lanes.clamp(1, untrack(|| self.max_threads())));
            self.simulated_lanes.set(lanes.clamp(1, scenario::MAX_LANES));
        }
        if let Some(clock) = run.clock {
            self.clock.set(clock);
        }
        self.cost_model.update(|model| {
            model.cost = run.cost.unwrap_or(model.cost);
            model.seed = run.seed.unwrap_or(model.seed);
        });
    }

    /// As many of the lanes that a link asks for as there are.
    pub fn ask_for_lanes(self, lanes: u16) {
        self.asked_lanes.set(Some(lanes));
        self.threads.set(lanes.clamp(1, untrack(|| self.max_threads())));
        self.simulated_lanes.set(lanes.clamp(1, scenario::MAX_LANES));
    }

    /// The clock of a link that names none: made before there were simulated lanes, it stands for measured ones, if
    /// this engine has any. Decided once it is known what the engine has.
    pub fn leave_clock_open(self) {
        match self.info.get_untracked() {
            Some(info) => self.clock.set(clock_of_old_links(&info)),
            None => self.wanted.update_value(|w| w.clock_is_open = true),
        }
    }

    /// The clock is said.
    pub fn close_clock(self) {
        self.wanted.update_value(|w| w.clock_is_open = false);
    }

    /// The threads that were asked for, where there are fewer.
    pub fn missing_lanes(self) -> Option<u16> {
        if self.clock.get() == Clock::Simulated {
            return None;
        }
        self.asked_lanes.get().filter(|asked| *asked > self.max_threads())
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
                self.threads.update(|l| *l = asked.unwrap_or(*l).clamp(1, info.max_lanes.max(1)));
                self.info.set(Some(info.clone()));
                if self.wanted.with_value(|w| w.clock_is_open) {
                    self.wanted.update_value(|w| w.clock_is_open = false);
                    self.clock.set(clock_of_old_links(info));
                }
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
        self.wanted.update_value(|w| (w.prepared, w.complete) = (None, None));
        if self.activity.with_untracked(|a| matches!(a, Activity::Running { .. })) {
            self.activity.set(Activity::Failed(vec![Problem::new(
                "",
                "the engine to finish the run",
                reason,
            )]));
        }
    }

    fn hear_reply(self, reply: Reply) {
        self.hear_curve(&reply);
        self.hear_list(&reply);
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
                Ok(model) => self.show(id, model),
                Err(error) => {
                    self.activity.set(Activity::Failed(vec![Problem::new(
                        "",
                        "a trace from the engine",
                        error.to_string(),
                    )]));
                }
            },
            Reply::Reduced { id, scenario } if current == Some(id) => {
                self.activity.set(Activity::Idle);
                self.open(Document::scenario(scenario));
                self.sharing.set(true);
            }
            Reply::Failed { id, problems } if current == Some(id) => {
                self.stop_comparing();
                if problems.iter().any(|p| !p.path.is_empty()) {
                    self.tab.set(Tab::Scenario);
                }
                self.activity.set(Activity::Failed(problems));
            }
            Reply::Cancelled { id } if current == Some(id) => {
                self.stop_comparing();
                self.activity.set(Activity::Cancelled);
            }
            Reply::Detail { id, detail } if self.is_asked(id) => {
                self.detail.set(Some(Arc::new(*detail)));
                self.asking.set(false);
            }
            // A run that was cancelled took the question with it.
            Reply::Cancelled { id } if self.is_asked(id) => self.ask_for_detail(),
            // The engine is another one by now, and has not run this.
            Reply::Failed { id, .. } if self.is_asked(id) => {
                self.asking.set(false);
                self.untold.set(true);
            }
            // Replaced by something newer; but it is what the engine tells of now.
            Reply::Ran { .. } => self.wanted.update_value(|w| w.complete = None),
            // Answers to requests that something newer has replaced.
            _ => {}
        }
    }

    /// Shows the run that request `id` asked for.
    fn show(self, id: u32, model: RunModel) {
        let model = Arc::new(model);
        let source = self.wanted.try_update_value(|w| {
            w.prepared = w.running.take();
            w.complete = w.prepared.clone().map(|source| (id, source));
            w.prepared.clone()
        });
        self.keep_other_clock(&model, source.as_ref().and_then(Option::as_ref));
        self.display(model, source.flatten());
        self.compare_next();
    }

    /// The latest run by the other clock stays on the page beside `model`, if both are of the same block.
    fn keep_other_clock(self, model: &RunModel, source: Option<&Source>) {
        let before = self.model.get_untracked().filter(|before| {
            before.report.clock != model.report.clock && self.ran.with_untracked(|ran| ran.as_ref() == source)
        });
        let (id, given) = (self.next_id(), self.given.get_untracked());
        self.pins.update(|pins| {
            pins.retain(|pin| {
                !pin.by_itself
                    || (before.is_none()
                        && pin.model.report.clock != model.report.clock
                        && pin.source.as_ref() == source)
            });
            if let Some(model) = before.filter(|m| !pins.iter().any(|p| Arc::ptr_eq(&p.model, m))) {
                let given = given.filter(|given| given.is(model.report.given_list.as_deref()));
                pins.push(Pin { id, model, source: source.cloned(), given, by_itself: true });
            }
        });
    }

    /// Shows a run, with the selection that a person had made, as far as it means anything there.
    fn display(self, model: Arc<RunModel>, source: Option<Source>) {
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
        self.ran.set(source);
        self.viewport.set(None);
        self.detail.set(None);
        self.model.set(Some(model.clone()));
        self.selection.set(selection);
        self.activity.set(Activity::Idle);
        self.spoken.set(crate::view::sentence::headline(&model));
        self.ask_for_detail();
    }

    // ---- runs beside each other ----

    /// Whether the run that is shown is kept.
    pub fn is_pinned(self) -> bool {
        let shown = self.model.get();
        self.pins.with(|pins| {
            shown.is_some_and(|m| pins.iter().any(|p| !p.by_itself && Arc::ptr_eq(&p.model, &m)))
        })
    }

    /// Keeps the run that is shown beside the next ones, or lets it go.
    pub fn pin(self) {
        let Some(model) = self.model.get_untracked() else { return };
        let (id, source) = (self.next_id(), self.ran.get_untracked());
        let given = self.given.get_untracked().filter(|given| given.is(model.report.given_list.as_deref()));
        self.pins.update(|pins| match pins.iter().position(|p| Arc::ptr_eq(&p.model, &model)) {
            Some(at) => drop(pins.remove(at)),
            None => pins.push(Pin { id, model, source, given, by_itself: false }),
        });
    }

    /// Which version of its scenario a run is of, from 1, where runs of several are kept: of a pin, or (`None`) of the
    /// run that is shown. Follows all of them.
    pub fn version_of(self, pin: Option<u32>) -> Option<usize> {
        let shown = self.model.get().zip(self.ran.get());
        self.pins.with(|pins| {
            let title = |model: &RunModel| model.report.title.clone();
            let kept = pins.iter().filter_map(|p| Some((Some(p.id), title(&p.model), p.source.clone()?)));
            let shown = shown.map(|(model, source)| (None, title(&model), source));
            let runs: Vec<(Option<u32>, String, Source)> = kept.chain(shown).collect();
            let (_, title, source) = runs.iter().find(|(id, ..)| *id == pin)?;
            let mut versions: Vec<&Source> = Vec::new();
            for (_, _, source) in runs.iter().filter(|(_, other, _)| other == title) {
                if !versions.contains(&source) {
                    versions.push(source);
                }
            }
            versions.iter().position(|other| *other == source).filter(|_| versions.len() > 1).map(|at| at + 1)
        })
    }

    /// Lets a run go.
    pub fn unpin(self, id: u32) {
        self.pins.update(|pins| pins.retain(|pin| pin.id != id));
    }

    /// Shows a run that is kept, and keeps the one that was shown. The page's settings become those of that run. If
    /// it had run something else, that is run again: the engine can tell of the latest complete run only.
    pub fn look_at(self, id: u32) {
        let found = self.pins.with_untracked(|pins| pins.iter().find(|p| p.id == id).cloned());
        let Some(Pin { model, source, given, .. }) = found else { return };
        if self.model.with_untracked(Option::is_some) && !untrack(|| self.is_pinned()) {
            self.pin();
        }
        let report = &model.report;
        self.strategy.set(model.asked());
        if report.strategy == StrategyId::BlockAccessList {
            self.given.set(given);
        }
        self.clock.set(report.clock);
        let lanes = match &report.chosen {
            Some(chosen) => Some(chosen.lanes),
            None => (report.strategy != StrategyId::Sequential).then_some(report.lanes),
        };
        match report.clock {
            Clock::Measured => {
                self.asked_lanes.set(None);
                if let Some(lanes) = lanes {
                    self.threads.set(lanes);
                }
            }
            Clock::Simulated => {
                if let Some(lanes) = lanes {
                    self.simulated_lanes.set(lanes);
                }
                self.cost_model.set(report.model);
            }
        }
        if self.wanted.with_value(|w| w.complete.as_ref().map(|(_, of)| of) == source.as_ref()) {
            self.display(model, source);
            sync::push_address(self);
        } else if let Some(source) = source {
            self.remember();
            self.document.update(|d| d.source = source);
            self.remember();
            self.run();
        }
    }

    /// Runs every parallel strategy as the page is set, one after the other, and keeps all of them. What is
    /// sequential is in every one's speed-up, and would only stretch the axis. An automatic choice is no strategy of its
    /// own: if the page is set to it, it stands beside the others, and for the one that it chose before.
    pub fn compare_strategies(self) {
        let first = self.strategy.get_untracked();
        let model = self.model.get_untracked();
        let same = model.filter(|m| m.asked() == first).map(|m| m.report.strategy);
        let rest = StrategyId::ALL
            .into_iter()
            .filter(|s| first != *s && Some(*s) != same && *s != StrategyId::Sequential)
            .map(StrategyChoice::from);
        self.wanted.update_value(|w| w.comparing = std::iter::once(first).chain(rest).rev().collect());
        self.compare_next();
    }

    /// The next strategy of a comparison that is under way. The first one is looked at in the end.
    fn compare_next(self) {
        if self.wanted.with_value(|w| w.comparing.is_empty() && w.compared.is_empty()) {
            return;
        }
        if self.wanted.with_value(|w| w.compared.is_empty()) {
            // Nothing of it has run yet.
        } else if !untrack(|| self.is_pinned()) {
            self.pin();
        }
        match self.wanted.try_update_value(|w| w.comparing.pop()).flatten() {
            Some(strategy) => {
                self.wanted.update_value(|w| w.compared.push(strategy));
                self.strategy.set(strategy);
                self.run_without_history();
            }
            None => {
                let compared =
                    self.wanted.try_update_value(|w| std::mem::take(&mut w.compared)).unwrap_or_default();
                let back = self.pins.with_untracked(|pins| {
                    pins.iter().rev().find(|p| Some(&p.model.asked()) == compared.first()).map(|p| p.id)
                });
                if let Some(id) = back {
                    self.look_at(id);
                }
            }
        }
    }

    // ---- the curve ----

    /// Asks for the curve of what is written.
    pub fn draw_curve(self) {
        let source = self.document.with_untracked(|d| d.source.clone());
        let input = self.input_of(&source);
        let id = self.next_id();
        let model = self.cost_model.get_untracked();
        self.curve.set(CurveState::Running { id, source, done: 0, total: 0 });
        let (strategies, lanes) = (StrategyId::ALL.to_vec(), LANES.to_vec());
        let list = self.list_for(StrategyId::BlockAccessList);
        self.with_client(|c| c.send(Request::Curve { id, input, strategies, lanes, model, list }));
    }

    /// Stops it.
    pub fn cancel_curve(self) {
        if self.curve.with_untracked(|c| matches!(c, CurveState::Running { .. })) {
            self.with_client(EngineClient::cancel);
        }
    }

    /// The reply that is the curve's, if it is.
    fn hear_curve(self, reply: &Reply) {
        let CurveState::Running { id: own, source, .. } = self.curve.get_untracked() else { return };
        match reply {
            Reply::Progress { id, done, total, phase: Phase::Simulating } if *id == own => {
                self.curve.set(CurveState::Running { id: own, source, done: *done, total: *total });
            }
            Reply::Curve { id, curve } if *id == own => {
                self.wanted.update_value(|w| w.prepared = Some(source.clone()));
                self.curve.set(CurveState::Done { curve: Arc::new((**curve).clone()), source });
            }
            Reply::Failed { id, problems } if *id == own => {
                let why: Vec<String> = problems.iter().take(3).map(ToString::to_string).collect();
                self.curve.set(CurveState::Failed(why.join("; ")));
            }
            Reply::Cancelled { id } if *id == own => {
                self.curve.set(CurveState::Failed("Cancelled.".to_owned()))
            }
            _ => {}
        }
    }

    /// Shows a run of the curve.
    pub fn go_to(self, strategy: StrategyId, lanes: u16) {
        self.close_clock();
        if let CurveState::Done { curve, .. } = self.curve.get_untracked() {
            self.cost_model.set(curve.model);
        }
        self.strategy.set(strategy.into());
        self.simulated_lanes.set(lanes);
        self.clock.set(Clock::Simulated);
        self.run();
    }

    fn stop_comparing(self) {
        self.wanted.update_value(|w| {
            w.comparing.clear();
            w.compared.clear();
        });
    }

    fn ask_for_detail(self) {
        self.detail.set(None);
        self.untold.set(false);
        let Some(tx) = self.selection.get_untracked().tx else {
            self.asking.set(false);
            return;
        };
        let ran = self.ran.get_untracked();
        let run = self.wanted.with_value(|w| {
            w.complete.as_ref().filter(|(_, source)| Some(source) == ran.as_ref()).map(|(run, _)| *run)
        });
        let Some(run) = run else {
            self.asking.set(false);
            self.untold.set(true);
            return;
        };
        let id = self.next_id();
        self.asking.set(true);
        self.wanted.update_value(|w| w.detail_id = Some(id));
        self.with_client(|c| c.send(Request::Inspect { id, run, tx }));
    }

    /// A list from a file is of the document that it was given to, also when that is edited.
    fn forget_list_of_another(self, source: &Source) {
        if self.document.with_untracked(|d| d.source != *source) {
            self.given.set(None);
            self.offered.set(None);
            self.only_differences.set(false);
        }
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

fn clock_of_old_links(engine: &EngineInfo) -> Clock {
    if engine.threads { Clock::Measured } else { Clock::Simulated }
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

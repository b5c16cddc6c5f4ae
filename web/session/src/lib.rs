//! What the page knows and does, as a plain value without a browser.
//!
//! ```text
//!            Event                                  Effect
//! person ─────────────▶ ┌───────────────────────┐ ──────────▶ engine: requests, cancel, restart
//! engine ─────────────▶ │ Session::take         │ ──────────▶ address bar, history, storage, files
//! address, timer ─────▶ └───────────┬───────────┘ ──────────▶ announcements
//!                                   │ fields
//!                                   ▼
//!                    what the page shows (view, paint, components)
//! ```
//! Whatever happens comes in as an [`Event`]; [`Session::take`] changes the session and says what has to be done outside,
//! in order, as [`Effect`]s. Nothing here waits, reads a clock or asks a browser, so whole journeys are tested natively
//! (`tests/journeys.rs`). The edge (`web/src/state`) does the effects and copies the fields into signals; it decides
//! nothing.
//!
//! A run goes this way:
//!
//! ```text
//! Event::Run ─▶ the document is read ─┬─ a mistake: Activity::Failed, the tab of the scenario opens
//!                                     └─ Activity::Running { id }, Effect::Send(Request { id, body: Ask::Run { .. } })
//! Event::Engine(Reply { id, body: Answer::Ran { .. } })  ─▶ the run is shown, its selection resolved, Effect::Send(Ask::Inspect)
//! Event::Engine(Reply { id, body: Failed / Cancelled }) ─▶ the run before stays on the page
//! ```
//! The engine may answer while an effect is being done; that is an event of its own, taken at once.
//!
//! A reply is matched by the id of its request. Each request gets exactly one closing reply, also where the engine
//! crashes ([`supervisor`]); one whose request was replaced since is ignored.
#![warn(missing_docs)]

mod commands;
mod curve;
mod document;
pub mod embed;
mod engine;
mod history;
pub mod late;
mod lesson;
mod link;
mod list;
mod panels;
mod picture;
mod pins;
mod present;
mod run;
mod selection;
mod settings;
pub mod supervisor;
mod viewport;

use std::sync::Arc;

use evm_lanes_core::messages::{EngineInfo, ListForm, Report, Request};
use evm_lanes_core::model::CostModel;
use evm_lanes_core::problem::Problem;
use evm_lanes_core::scenario::StrategyChoice;
use evm_lanes_core::strategies::StrategyId;
use evm_lanes_core::trace::Clock;
use evm_lanes_core::units::{Incarnation, LocationId, TxIndex, Version};
use evm_lanes_view::keys::Command;
use evm_lanes_view::model::RunModel;
use evm_lanes_view::scale::Viewport;
use evm_lanes_view::svg::SvgOptions;

pub use evm_lanes_view::recorded::Picture;

pub use curve::CurveState;
pub use document::{Document, Source};
pub use embed::Embed;
pub use engine::{EngineEvent, EngineState};
pub use history::History;
pub use lesson::{Answer as LessonAnswer, LessonEvent, LessonState, Progress, Reply as LessonReply};
pub use link::{Link, NamedSelection};
pub use list::{Given, ListState};
pub use panels::{Dialog, Notice, Tab};
pub use pins::Pin;
pub use present::{MAX_MINUTES, Present, PresentEvent, Timer};
pub use run::{Activity, can_be_repeated};
pub use selection::{DetailState, Selection};
pub use settings::Settings;

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// The engine's state changed, or it answered.
    Engine(EngineEvent),
    /// A person went back or forward: the address is another one now.
    AddressChanged {
        /// From `?`, or empty.
        query: String,
        /// From `#`, or empty.
        fragment: String,
    },
    /// The time of [`Effect::WriteLinkSoon`] is over.
    LinkDue,
    /// Here is the recorded run that [`Session::wanted_recording`] named.
    Recorded {
        /// The built-in scenario's name.
        name: &'static str,
        /// The run.
        report: Box<Report>,
    },
    /// Here are the runs that [`Effect::FetchLessonRuns`] asked for.
    LessonRuns {
        /// The lesson's id.
        id: String,
        /// The recorded run of what each step begins with.
        steps: Vec<Report>,
    },
    /// The page around this frame has sent a message, as text of JSON.
    Message(String),
    /// It has sent one that is not taken.
    MessageRefused(embed::Refusal),

    /// A key of the page was struck that means this.
    Command(Command),
    /// Run what is written.
    Run,
    /// Stop what runs.
    Cancel,
    /// End the engine and start a fresh one.
    RestartEngine,
    /// Repeat the block's transactions, so that it takes long enough to be measured.
    RepeatBlock,
    /// Make the smallest scenario whose run still differs as the one that is shown does.
    ReportDifference,

    /// The scenario's text is this now.
    Edit(String),
    /// The document as it is now is a step of undo.
    Remember,
    /// Another document in place of this one, and a run.
    Open(Document),
    /// Back to the document before.
    Undo,
    /// Forward again.
    Redo,

    /// Another strategy, and a run.
    SetStrategy(StrategyChoice),
    /// Another number of lanes, and a run.
    SetLanes(u16),
    /// Another clock, and a run.
    SetClock(Clock),
    /// Another cost model or seed and, where lanes are simulated, a run.
    SetCostModel(CostModel),

    /// Select a transaction, in all its attempts.
    SelectTx(TxIndex),
    /// Select one attempt.
    SelectAttempt {
        /// The transaction.
        tx: TxIndex,
        /// The attempt.
        incarnation: Incarnation,
    },
    /// Select a location; one that is selected is no longer.
    ToggleLocation(LocationId),
    /// No location is selected.
    DeselectLocation,
    /// Select a transaction, bring it into view, and say what it is.
    GoTo(TxIndex),
    /// Bring what is selected into view, and say what it is.
    Reveal,
    /// Zoom the lanes; above 1: closer.
    Zoom(f64),
    /// The lanes show this part of the run.
    ShowView(Viewport),
    /// The lanes show all of the run.
    ShowWholeRun,
    /// Emphasise the longest chain, or no longer.
    TogglePath,

    /// Pin the run that is shown, or unpin it.
    TogglePin,
    /// Remove a pinned run.
    Unpin(u32),
    /// Remove all pinned runs.
    UnpinAll,
    /// Show a pinned run.
    ShowPinned(u32),
    /// Run every parallel strategy, and pin all of the runs.
    CompareStrategies,

    /// Make the curve of what is written.
    DrawCurve,
    /// Stop making it.
    CancelCurve,
    /// Show the run that is a point of the curve.
    ShowCurvePoint {
        /// Its strategy.
        strategy: StrategyId,
        /// Its lanes.
        lanes: u16,
    },

    /// Here is a block access list, from a file.
    OfferList {
        /// The file's name.
        name: String,
        /// What is in it.
        bytes: Vec<u8>,
    },
    /// Put the list from a file away.
    DropList,
    /// Try again to make the block's list.
    RetryList,
    /// Save the block's list.
    ExportList(ListForm),
    /// Show only what differs of it, or all.
    ShowOnlyDifferences(bool),

    /// Something is done with a lesson.
    Lesson(LessonEvent),
    /// A presenter does something.
    Present(PresentEvent),

    /// Open a tab.
    OpenTab(Tab),
    /// Filter the transactions by these words.
    Filter(String),
    /// Open a dialog, in place of any other one.
    OpenDialog(Dialog),
    /// Close that dialog, if it is open.
    CloseDialog(Dialog),
    /// Something went wrong outside that a person should know.
    Complain(String),
    /// A person has read the notice.
    CloseNotice,
}

/// Something to be done outside, by the edge.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Send a request to the engine.
    Send(Request),
    /// Cancel the request that runs and those that wait.
    CancelRequests,
    /// End the engine and start a fresh one.
    RestartEngine {
        /// Why, in words.
        reason: String,
    },
    /// Write the address.
    WriteLink {
        /// Query and fragment; empty where no link can say what is on the page.
        link: String,
        /// Whether it becomes a new step of the browser's history.
        push: bool,
    },
    /// [`Event::LinkDue`] is wanted a little later; one that was asked for before is not. Browsers refuse a page that
    /// writes its address too often.
    WriteLinkSoon,
    /// Keep an unsaved scenario in this browser.
    SaveDraft(String),
    /// Keep in this browser which steps of lessons are done.
    KeepProgress(String),
    /// Fetch the recorded runs of the built-in lesson of that id and answer by [`Event::LessonRuns`]. If they do not come,
    /// nothing is missing: this machine makes the runs.
    FetchLessonRuns(String),
    /// Offer a file.
    Download {
        /// Its name.
        name: &'static str,
        /// Its MIME type.
        kind: &'static str,
        /// What is in it.
        bytes: Vec<u8>,
    },
    /// Give the focus to the element of that id, which may come with what has just changed.
    Focus(&'static str),
    /// Say a sentence to those who listen.
    Announce(String),
    /// Send a message, as text of JSON, to the page around this frame.
    Post(String),
    /// Send a picture of the lanes to the page around this frame: [`embed::svg`] or [`embed::png`].
    PostPicture {
        /// The request that it answers.
        id: Option<embed::Id>,
        /// As a PNG; else as an SVG.
        is_png: bool,
        /// How it is to be.
        options: SvgOptions,
    },
}

/// What the session has to know of where it is.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The page's address without query and fragment.
    pub base: String,
    /// The machine's cores, as far as the browser tells; at least 1.
    pub cores: u16,
    /// How it is framed, where another page shows it.
    pub embed: Option<Embed>,
}

/// Drafts of this many bytes and more are not kept: storage is small.
const MOST_DRAFT: usize = 2_000_000;

/// Everything that the page knows. Only [`Session::take`] changes it.
#[derive(Clone, Debug)]
pub struct Session {
    environment: Environment,
    /// How it is framed, where another page shows it.
    pub embed: Option<Embed>,
    /// The page around the frame.
    host: embed::Host,
    /// What is to be run.
    pub document: Document,
    /// What the run that is shown had run.
    pub ran: Option<Source>,
    /// How it is to be run.
    pub settings: Settings,
    /// The latest complete run.
    pub model: Option<Arc<RunModel>>,
    /// Whether that is a recorded one, and what came of it.
    pub picture: Picture,
    /// A recorded run that this machine has not confirmed.
    recorded: Option<Arc<RunModel>>,
    /// The request whose run is to confirm it.
    confirming: Option<u32>,
    /// The recorded runs of the lesson that is open.
    lesson_runs: Option<picture::LessonRuns>,
    /// Runs that are kept beside it, oldest first.
    pub pins: Vec<Pin>,
    /// Speed-up over lanes, if it was asked for.
    pub curve: CurveState,
    /// The block's access list, if it was asked for.
    pub list: ListState,
    /// A list from a file: what block access lists run from, and what the block's own is compared with.
    pub given: Option<Given>,
    /// One that the engine has not read yet.
    offered: Option<Given>,
    /// Whether only what differs is shown of the list.
    pub only_differences: bool,
    /// What is being done.
    pub activity: Activity,
    /// How the engine is.
    pub engine: EngineState,
    /// The latest engine that was ready.
    pub info: Option<EngineInfo>,
    /// Why the engine was started anew, if it was.
    pub restarted: Option<String>,
    /// What is selected.
    pub selection: Selection,
    /// The selected transaction in full.
    pub detail: DetailState,
    /// What part of the run the lanes show; `None`: all of it.
    pub viewport: Option<Viewport>,
    /// Whether the longest chain is emphasised in the lanes.
    pub show_path: bool,
    /// The open tab.
    pub tab: Tab,
    /// The open dialog.
    pub dialog: Option<Dialog>,
    /// What a person should know.
    pub notice: Option<Notice>,
    /// The words by which transactions are filtered.
    pub query: String,
    /// The lesson that is open.
    pub lesson: Option<LessonState>,
    /// The steps of lessons that were done.
    pub progress: Progress,
    /// What is presented to a room, if anything is.
    pub present: Option<Present>,
    /// Whether a number was dragged further while its run was under way.
    number_waits: bool,
    history: History,
    /// Whether the address held the document when it was last written.
    is_in_link: bool,
    next_id: u32,
    /// Whether a run waits for the engine to be ready.
    run_when_ready: bool,
    /// Strategies still to be run for a comparison, the next one last; and those that were.
    comparing: Vec<StrategyChoice>,
    compared: Vec<StrategyChoice>,
    /// A selection that waits for a run to say what it is there.
    wanted_selection: Option<NamedSelection>,
    /// Whether a person selected what is selected.
    is_chosen: bool,
    /// What the engine is running.
    running: Option<Source>,
    /// Whether that was sent as "the same again", and whether its engine was ended since.
    is_same: bool,
    is_same_lost: bool,
    /// What the engine holds prepared, once it has met what it was sent.
    prepared: Option<Source>,
    /// The latest run that the engine completed, by its request, and of what.
    complete: Option<(u32, Source)>,
    /// The list that is to be saved.
    exporting: Option<(u32, ListForm)>,
    /// What is to be done outside. Empty between two events.
    effects: Vec<Effect>,
}

impl Session {
    /// The session as an address has it. Its first run waits for the engine.
    pub fn start(environment: Environment, query: &str, fragment: &str) -> (Self, Vec<Effect>) {
        let settings = Settings::usual(environment.cores);
        let embed = environment.embed.clone();
        let mut session = Self {
            environment,
            embed,
            host: embed::Host::default(),
            document: Document::default(),
            ran: None,
            settings,
            model: None,
            picture: Picture::default(),
            recorded: None,
            confirming: None,
            lesson_runs: None,
            pins: Vec::new(),
            curve: CurveState::None,
            list: ListState::None,
            given: None,
            offered: None,
            only_differences: false,
            activity: Activity::Idle,
            engine: EngineState::Starting,
            info: None,
            restarted: None,
            selection: Selection::default(),
            detail: DetailState::None,
            viewport: None,
            show_path: false,
            tab: Tab::default(),
            dialog: None,
            notice: None,
            query: String::new(),
            lesson: None,
            progress: Progress::default(),
            present: None,
            number_waits: false,
            history: History::default(),
            is_in_link: true,
            next_id: 0,
            run_when_ready: true,
            comparing: Vec::new(),
            compared: Vec::new(),
            wanted_selection: None,
            is_chosen: false,
            running: None,
            is_same: false,
            is_same_lost: false,
            prepared: None,
            complete: None,
            exporting: None,
            effects: Vec::new(),
        };
        session.open_framed(query, fragment);
        let effects = std::mem::take(&mut session.effects);
        (session, effects)
    }

    /// Takes what happened; returns what is to be done outside, in order.
    pub fn take(&mut self, event: Event) -> Vec<Effect> {
        let before = (self.document.clone(), self.settings, self.selection);
        let engine_had_failed = matches!(self.engine, EngineState::Failed { .. });
        self.on_event(event);
        self.follow_list();
        if let Some(late) = late::get() {
            (late.follow_numbers)(self, (&self.document, self.settings) != (&before.0, before.1));
        }
        if self.document != before.0 {
            self.edited();
        }
        if self.document != before.0
            && let (Some(text), None) = (self.document.text(), self.document.builtin)
            && text.len() < MOST_DRAFT
            && !self.is_lesson_start()
        {
            self.effects.push(Effect::SaveDraft(text.to_owned()));
        }
        if (&self.document, self.settings, self.selection) != (&before.0, before.1, before.2) {
            self.write_link_soon();
        }
        if let Some(late) = late::get() {
            (late.follow_host)(self, engine_had_failed);
        }
        std::mem::take(&mut self.effects)
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Engine(EngineEvent::State(state)) => self.on_engine_state(state),
            Event::Engine(EngineEvent::Reply(reply)) => self.on_reply(reply),
            Event::AddressChanged { query, fragment } => {
                let query = if self.embed.is_some() { Embed::link_query(&query) } else { query };
                self.open_address(&query, &fragment, false);
                self.run_unasked();
            }
            Event::LinkDue => self.write_link(false),
            Event::Recorded { name, report } => self.show_recorded(name, *report),
            Event::LessonRuns { id, steps } => self.take_lesson_runs(id, steps),
            Event::Message(text) => {
                if let Some(late) = late::get() {
                    (late.message)(self, &text);
                }
            }
            Event::MessageRefused(refusal) => {
                if let Some(late) = late::get() {
                    (late.refuse_message)(self, refusal);
                }
            }
            Event::Command(command) => self.on_command(command),
            Event::Run => self.run(),
            Event::Cancel => self.cancel(),
            Event::RestartEngine => self.restart_engine(),
            Event::RepeatBlock => {
                if let Some(late) = late::get() {
                    (late.repeat_block)(self);
                }
            }
            Event::ReportDifference => self.report_difference(),
            Event::Edit(text) => self.document.source = Source::scenario(text),
            Event::Remember => self.remember(),
            Event::Open(document) => self.open(document),
            Event::Undo => self.undo(),
            Event::Redo => self.redo(),
            Event::SetStrategy(strategy) => self.set_strategy(strategy),
            Event::SetLanes(lanes) => self.set_lanes(lanes),
            Event::SetClock(clock) => self.set_clock(clock),
            Event::SetCostModel(model) => self.set_cost_model(model),
            Event::SelectTx(tx) => {
                self.select(Selection { tx: Some(tx), incarnation: None, ..self.selection });
            }
            Event::SelectAttempt { tx, incarnation } => self.select_attempt(Version { tx, incarnation }),
            Event::ToggleLocation(location) => {
                let location = Some(location).filter(|_| self.selection.location != Some(location));
                self.select(Selection { location, ..self.selection });
            }
            Event::DeselectLocation => self.select(Selection { location: None, ..self.selection }),
            Event::GoTo(tx) => self.go_to(tx),
            Event::Reveal => self.reveal(),
            Event::Zoom(factor) => self.zoom(factor),
            Event::ShowView(view) => self.show_view(view),
            Event::ShowWholeRun => self.viewport = None,
            Event::TogglePath => self.show_path = !self.show_path,
            Event::TogglePin => self.toggle_pin(),
            Event::Unpin(id) => self.pins.retain(|pin| pin.id != id),
            Event::UnpinAll => self.pins.clear(),
            Event::ShowPinned(id) => self.show_pinned(id),
            Event::CompareStrategies => self.compare_strategies(),
            Event::DrawCurve => self.draw_curve(),
            Event::CancelCurve => self.cancel_curve(),
            Event::ShowCurvePoint { strategy, lanes } => self.show_curve_point(strategy, lanes),
            Event::OfferList { name, bytes } => self.offer_list(name, bytes),
            Event::DropList => self.drop_list(),
            Event::RetryList => self.list = ListState::None,
            Event::ExportList(form) => self.export_list(form),
            Event::ShowOnlyDifferences(only) => self.only_differences = only,
            Event::Lesson(LessonEvent::Restore(kept)) => self.restore_progress(&kept),
            Event::Lesson(event) => {
                if let Some(late) = late::get() {
                    (late.lesson)(self, event);
                }
            }
            Event::Present(event) => {
                if let Some(late) = late::get() {
                    (late.present)(self, event);
                }
            }
            Event::OpenTab(tab) => self.tab = tab,
            Event::Filter(query) => self.query = query,
            Event::OpenDialog(dialog) => self.dialog = Some(dialog),
            Event::CloseDialog(dialog) => self.dialog = self.dialog.filter(|open| *open != dialog),
            Event::Complain(text) => self.complain(text),
            Event::CloseNotice => self.notice = None,
        }
    }

    /// Whether what is shown belongs to something else than what is written.
    pub fn is_stale(&self) -> bool {
        self.ran.as_ref().is_some_and(|ran| self.document.source != *ran)
    }

    fn complain(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { error: true, text: text.into() });
    }

    fn announce(&mut self, text: impl Into<String>) {
        self.effects.push(Effect::Announce(text.into()));
    }

    fn send(&mut self, request: Request) {
        self.effects.push(Effect::Send(request));
    }

    fn next_id(&mut self) -> u32 {
        self.next_id += 1;
        self.next_id
    }
}

/// Why a request was not met, as part of a sentence.
fn reasons(problems: &[Problem]) -> String {
    let reasons: Vec<String> = problems.iter().take(3).map(ToString::to_string).collect();
    reasons.join("; ")
}

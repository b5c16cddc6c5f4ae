//! The session at the edge of the browser: its parts as signals, a person's actions as events, its effects done.
//!
//! ```text
//! components ── methods of Page ─▶ Session::take ─┬─▶ effects: engine, address bar, storage, files
//!      ▲              engine ────────────▲        │
//!      └────────────── slices (signals) ──────────┘
//! ```
//! Nothing is decided here; see [`evm_lanes_session`]. What only the browser knows (theme, screen, whether letters are
//! keys) is not part of the session. [`sync`] keeps root attributes, theme and colours in step with the signals.

pub mod dom;
pub mod file;
pub mod link;
pub mod screen;
pub mod sync;
pub mod theme;

use std::sync::Arc;

use evm_lanes_core::messages::{EngineInfo, ListForm};
use evm_lanes_core::model::CostModel;
use evm_lanes_core::scenario::StrategyChoice;
use evm_lanes_core::strategies::StrategyId;
use evm_lanes_core::trace::Clock;
use evm_lanes_session::{Effect, Event, Session};
use leptos::prelude::*;

use crate::engine::EngineClient;
use crate::view::keys::Command;
use crate::view::lanes::Emphasis;
use crate::view::model::RunModel;
use crate::view::scale::Viewport;

pub use evm_lanes_session::{
    Activity, CurveState, DetailState, Dialog, Document, EngineState, Given, Link, ListState, Notice, Pin,
    Selection, Source, Tab, can_be_repeated,
};
pub use screen::Screen;
pub use theme::Theme;

/// A part of the session that components follow. It changes with the session only.
pub struct Slice<T: 'static>(RwSignal<T>);

impl<T> Clone for Slice<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Slice<T> {}

impl<T: Clone + Send + Sync> Slice<T> {
    fn new(value: &T) -> Self {
        Self(RwSignal::new(value.clone()))
    }

    /// Takes over a value if it is another one; whether it is.
    fn update(self, now: &T, same: impl FnOnce(&T, &T) -> bool) -> bool {
        let is_new = !self.0.with_untracked(|before| same(before, now));
        if is_new {
            self.0.set(now.clone());
        }
        is_new
    }

    /// Its value, followed from here on.
    pub fn get(self) -> T {
        self.0.get()
    }

    /// Its value now.
    pub fn get_untracked(self) -> T {
        self.0.get_untracked()
    }

    /// What is to be known of its value, which is followed from here on.
    pub fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
        self.0.with(read)
    }

    /// What is to be known of its value now.
    pub fn with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> R {
        self.0.with_untracked(read)
    }
}

impl<T: Clone + PartialEq + Send + Sync> Slice<T> {
    fn follow(self, now: &T) {
        self.update(now, T::eq);
    }
}

/// The session's parts as signals, and what only the browser knows. A bundle of handles: copying it is cheap.
#[derive(Clone, Copy)]
pub struct Page {
    /// What is to be run.
    pub document: Slice<Document>,
    /// What the run that is shown had run.
    pub ran: Slice<Option<Source>>,
    /// Who schedules, or that the engine is to choose.
    pub strategy: Slice<StrategyChoice>,
    /// Whether lanes are threads of this machine or simulated.
    pub clock: Slice<Clock>,
    /// What simulated time is made of.
    pub cost_model: Slice<CostModel>,
    /// On how many lanes, if they are threads.
    pub threads: Slice<u16>,
    /// The latest complete run.
    pub model: Slice<Option<Arc<RunModel>>>,
    /// Runs that are kept beside it, oldest first.
    pub pins: Slice<Vec<Pin>>,
    /// Speed-up over lanes, if it was asked for.
    pub curve: Slice<CurveState>,
    /// The block's access list, if it was asked for.
    pub list: Slice<ListState>,
    /// A list from a file: what block access lists run from, and what the block's own is compared with.
    pub given: Slice<Option<Given>>,
    /// Whether only what differs is shown of the list.
    pub only_differences: Slice<bool>,
    /// What is being done.
    pub activity: Slice<Activity>,
    /// How the engine is.
    pub engine: Slice<EngineState>,
    /// The latest engine that was ready.
    pub info: Slice<Option<EngineInfo>>,
    /// Why the engine was started anew, if it was.
    pub restarted: Slice<Option<String>>,
    /// What is selected.
    pub selection: Slice<Selection>,
    /// The selected transaction in full.
    pub detail: Slice<DetailState>,
    /// What part of the run the lanes show; `None`: all of it.
    pub viewport: Slice<Option<Viewport>>,
    /// The same, or all of it.
    pub visible: Slice<Viewport>,
    /// How far the axis goes, in ticks: all runs that share it fit.
    pub extent: Slice<f64>,
    /// The selected attempt, by its index.
    pub selected_attempt: Slice<Option<u32>>,
    /// Whether the longest chain is emphasised in the lanes.
    pub show_path: Slice<bool>,
    /// The open tab.
    pub tab: Slice<Tab>,
    /// The open dialog.
    pub dialog: Slice<Option<Dialog>>,
    /// What a person should know.
    pub notice: Slice<Option<Notice>>,
    /// The words by which transactions are filtered.
    pub query: Slice<String>,
    lanes: Slice<u16>,
    max_lanes: Slice<u16>,
    missing_lanes: Slice<Option<u16>>,
    is_stale: Slice<bool>,
    is_running: Slice<bool>,
    is_pinned: Slice<bool>,
    /// Light, dark, or as the system has it.
    pub theme: RwSignal<Theme>,
    /// What pictures are scaled by.
    pub screen: RwSignal<Screen>,
    /// Whether single letters act as keys.
    pub letter_keys: RwSignal<bool>,
    /// One sentence for those who listen.
    pub spoken: RwSignal<String>,
    session: StoredValue<Session>,
    client: StoredValue<Option<EngineClient>, LocalStorage>,
    address: StoredValue<link::Address>,
}

/// Whether both are the same run.
fn same_run(a: &Option<Arc<RunModel>>, b: &Option<Arc<RunModel>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (a, b) => a.is_none() && b.is_none(),
    }
}

impl Page {
    /// The page as its address has it. Starts the engine.
    pub fn start() -> Self {
        let (query, fragment) = link::query_and_fragment();
        let environment = evm_lanes_session::Environment { base: link::base(), cores: dom::cores() };
        let (session, effects) = Session::start(environment, &query, &fragment);
        let s = &session;
        let page = Self {
            document: Slice::new(&s.document),
            ran: Slice::new(&s.ran),
            strategy: Slice::new(&s.settings.strategy),
            clock: Slice::new(&s.settings.clock),
            cost_model: Slice::new(&s.settings.cost_model),
            threads: Slice::new(&s.settings.threads),
            model: Slice::new(&s.model),
            pins: Slice::new(&s.pins),
            curve: Slice::new(&s.curve),
            list: Slice::new(&s.list),
            given: Slice::new(&s.given),
            only_differences: Slice::new(&s.only_differences),
            activity: Slice::new(&s.activity),
            engine: Slice::new(&s.engine),
            info: Slice::new(&s.info),
            restarted: Slice::new(&s.restarted),
            selection: Slice::new(&s.selection),
            detail: Slice::new(&s.detail),
            viewport: Slice::new(&s.viewport),
            visible: Slice::new(&s.visible()),
            extent: Slice::new(&s.extent()),
            selected_attempt: Slice::new(&s.selected_attempt()),
            show_path: Slice::new(&s.show_path),
            tab: Slice::new(&s.tab),
            dialog: Slice::new(&s.dialog),
            notice: Slice::new(&s.notice),
            query: Slice::new(&s.query),
            lanes: Slice::new(&s.settings.lanes()),
            max_lanes: Slice::new(&s.max_lanes()),
            missing_lanes: Slice::new(&s.missing_lanes()),
            is_stale: Slice::new(&s.is_stale()),
            is_running: Slice::new(&s.is_running()),
            is_pinned: Slice::new(&s.is_pinned()),
            theme: RwSignal::new(theme::stored()),
            screen: RwSignal::new(Screen::read()),
            letter_keys: RwSignal::new(dom::stored("letter-keys").as_deref() != Some("off")),
            spoken: RwSignal::new(String::new()),
            session: StoredValue::new(session),
            client: StoredValue::new_local(None),
            address: StoredValue::new(link::Address::default()),
        };
        page.perform(effects);
        let client = EngineClient::start(move |event| page.take(Event::Engine(event)));
        page.client.set_value(Some(client));
        page
    }

    /// Hands an event to the session, shows what has changed, and does what is to be done.
    fn take(self, event: Event) {
        let Some(effects) = self.session.try_update_value(|session| session.take(event)) else { return };
        self.publish();
        self.perform(effects);
    }

    fn publish(self) {
        self.session.with_value(|s| {
            self.document.follow(&s.document);
            self.ran.follow(&s.ran);
            self.strategy.follow(&s.settings.strategy);
            self.clock.follow(&s.settings.clock);
            self.cost_model.follow(&s.settings.cost_model);
            self.threads.follow(&s.settings.threads);
            let is_new = self.model.update(&s.model, same_run);
            // What is selected of another run is another thing, also where it has the same number.
            self.selection.update(&s.selection, |before, now| !is_new && before == now);
            self.pins.follow(&s.pins);
            self.curve.follow(&s.curve);
            self.list.follow(&s.list);
            self.given.follow(&s.given);
            self.only_differences.follow(&s.only_differences);
            self.activity.follow(&s.activity);
            self.engine.follow(&s.engine);
            self.info.follow(&s.info);
            self.restarted.follow(&s.restarted);
            self.detail.follow(&s.detail);
            self.viewport.follow(&s.viewport);
            self.visible.follow(&s.visible());
            self.extent.follow(&s.extent());
            self.selected_attempt.follow(&s.selected_attempt());
            self.show_path.follow(&s.show_path);
            self.tab.follow(&s.tab);
            self.dialog.follow(&s.dialog);
            self.notice.follow(&s.notice);
            self.query.follow(&s.query);
            self.lanes.follow(&s.settings.lanes());
            self.max_lanes.follow(&s.max_lanes());
            self.missing_lanes.follow(&s.missing_lanes());
            self.is_stale.follow(&s.is_stale());
            self.is_running.follow(&s.is_running());
            self.is_pinned.follow(&s.is_pinned());
        });
    }

    /// Does what is to be done outside. The engine may answer from within, so nothing is borrowed here.
    fn perform(self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send(request) => self.with_client(|client| client.send(request)),
                Effect::CancelRequests => self.with_client(EngineClient::cancel),
                Effect::RestartEngine { reason } => self.with_client(|client| client.restart(&reason)),
                Effect::WriteLink { link, push } => link::write(&link, push),
                Effect::WriteLinkSoon => {
                    self.address.update_value(|address| address.write_soon(move || self.take(Event::LinkDue)))
                }
                Effect::SaveDraft(text) => dom::store("draft", Some(&text)),
                Effect::Download { name, kind, bytes } => dom::save(name, kind, &bytes),
                // The element is there once what has changed is drawn.
                Effect::Focus(id) => request_animation_frame(move || dom::focus(id)),
                Effect::Announce(text) => self.announce(text),
            }
        }
    }

    fn with_client(self, act: impl FnOnce(&EngineClient)) {
        self.client.with_value(|client| {
            if let Some(client) = client {
                act(client);
            }
        });
    }

    // ---- what follows from several parts ----

    /// The lanes by the clock that is chosen.
    pub fn lanes(self) -> u16 {
        self.lanes.get()
    }

    /// The most lanes by the clock that is chosen.
    pub fn max_lanes(self) -> u16 {
        self.max_lanes.get()
    }

    /// The threads that were asked for, where there are fewer.
    pub fn missing_lanes(self) -> Option<u16> {
        self.missing_lanes.get()
    }

    /// What is emphasised in the pictures.
    pub fn emphasis(self) -> Emphasis {
        let selection = self.selection.get();
        Emphasis { tx: selection.tx, incarnation: selection.incarnation, path: self.show_path.get() }
    }

    /// Whether what is shown belongs to something else than what is written.
    pub fn is_stale(self) -> bool {
        self.is_stale.get()
    }

    /// Whether a run is under way.
    pub fn is_running(self) -> bool {
        self.is_running.get()
    }

    /// Whether the run that is shown is pinned.
    pub fn is_pinned(self) -> bool {
        self.is_pinned.get()
    }

    /// Which version of its scenario a run is of, from 1, where runs of several are kept: of a pin, or (`None`) of the
    /// run that is shown. Follows all of them.
    pub fn version_of(self, pin: Option<u32>) -> Option<usize> {
        self.model.0.track();
        self.ran.0.track();
        self.pins.0.track();
        self.session.with_value(|session| session.version_of(pin))
    }

    /// The link to what is on the page now.
    pub fn link(self) -> Link {
        self.session.with_value(Session::link)
    }

    // ---- what a person does ----

    /// Says one sentence to those who listen.
    pub fn announce(self, text: impl Into<String>) {
        self.spoken.set(text.into());
    }

    /// Runs what is written, as a new step of the browser's history.
    pub fn run(self) {
        self.take(Event::Run);
    }

    /// Stops the run that is under way.
    pub fn cancel(self) {
        self.take(Event::Cancel);
    }

    /// Ends the engine and starts a fresh one.
    pub fn restart_engine(self) {
        self.take(Event::RestartEngine);
    }

    /// Repeats the block's transactions, so that it takes long enough to be measured.
    pub fn repeat_block(self) {
        self.take(Event::RepeatBlock);
    }

    /// Asks for the smallest scenario whose run still differs as the one that is shown does.
    pub fn report_difference(self) {
        self.take(Event::ReportDifference);
    }

    /// The text as a person types it.
    pub fn edit(self, text: String) {
        self.take(Event::Edit(text));
    }

    /// Remembers the document as it is, so that it can be come back to.
    pub fn remember(self) {
        self.take(Event::Remember);
    }

    /// Another document in place of this one, and a run.
    pub fn open(self, document: Document) {
        self.take(Event::Open(document));
    }

    /// Back to the document before.
    pub fn undo(self) {
        self.take(Event::Undo);
    }

    /// Forward again.
    pub fn redo(self) {
        self.take(Event::Redo);
    }

    /// Takes another strategy and runs.
    pub fn set_strategy(self, strategy: impl Into<StrategyChoice>) {
        self.take(Event::SetStrategy(strategy.into()));
    }

    /// Takes another number of lanes and runs.
    pub fn set_lanes(self, lanes: u16) {
        self.take(Event::SetLanes(lanes));
    }

    /// Takes another clock and runs.
    pub fn set_clock(self, clock: Clock) {
        self.take(Event::SetClock(clock));
    }

    /// Takes another cost model or seed and, where lanes are simulated, runs.
    pub fn set_cost_model(self, model: CostModel) {
        self.take(Event::SetCostModel(model));
    }

    /// Selects a transaction, in all its attempts.
    pub fn select_tx(self, tx: u32) {
        self.take(Event::SelectTx(tx));
    }

    /// Selects one attempt.
    pub fn select_attempt(self, tx: u32, incarnation: u32) {
        self.take(Event::SelectAttempt { tx, incarnation });
    }

    /// Selects a location, or lets it go if it is selected.
    pub fn select_location(self, location: u32) {
        self.take(Event::ToggleLocation(location));
    }

    /// Selects no location.
    pub fn deselect_location(self) {
        self.take(Event::DeselectLocation);
    }

    /// Selects a transaction, brings it into view, and says what it is.
    pub fn go_to(self, tx: u32) {
        self.take(Event::GoTo(tx));
    }

    /// Brings what is selected into view, and says what it is.
    pub fn reveal(self) {
        self.take(Event::Reveal);
    }

    /// Zooms the lanes; above 1: closer.
    pub fn zoom(self, factor: f64) {
        self.take(Event::Zoom(factor));
    }

    /// Shows a part of the run in the lanes.
    pub fn show_view(self, view: Viewport) {
        self.take(Event::ShowView(view));
    }

    /// Shows all of the run in the lanes.
    pub fn show_whole_run(self) {
        self.take(Event::ShowWholeRun);
    }

    /// Does what a key means; whether there was anything to do it with.
    pub fn command(self, command: Command) -> bool {
        let can = self.session.with_value(|session| session.can(command));
        if can {
            self.take(Event::Command(command));
        }
        can
    }

    /// Emphasises the longest chain, or no longer.
    pub fn toggle_path(self) {
        self.take(Event::TogglePath);
    }

    /// Pins the run that is shown, or unpins it.
    pub fn toggle_pin(self) {
        self.take(Event::TogglePin);
    }

    /// Removes a pinned run.
    pub fn unpin(self, id: u32) {
        self.take(Event::Unpin(id));
    }

    /// Removes all pinned runs.
    pub fn unpin_all(self) {
        self.take(Event::UnpinAll);
    }

    /// Shows a pinned run, and pins the one that was shown.
    pub fn show_pinned(self, id: u32) {
        self.take(Event::ShowPinned(id));
    }

    /// Runs every parallel strategy, and pins all of the runs.
    pub fn compare_strategies(self) {
        self.take(Event::CompareStrategies);
    }

    /// Asks for the curve of what is written.
    pub fn draw_curve(self) {
        self.take(Event::DrawCurve);
    }

    /// Stops making it.
    pub fn cancel_curve(self) {
        self.take(Event::CancelCurve);
    }

    /// Shows a run of the curve.
    pub fn show_curve_point(self, strategy: StrategyId, lanes: u16) {
        self.take(Event::ShowCurvePoint { strategy, lanes });
    }

    /// Takes a block access list from a file.
    pub fn offer_list(self, name: String, bytes: Vec<u8>) {
        self.take(Event::OfferList { name, bytes });
    }

    /// Puts the list from a file away.
    pub fn drop_list(self) {
        self.take(Event::DropList);
    }

    /// Tries again to make the block's list.
    pub fn retry_list(self) {
        self.take(Event::RetryList);
    }

    /// Saves the list of the run that is shown.
    pub fn export_list(self, form: ListForm) {
        self.take(Event::ExportList(form));
    }

    /// Shows only what differs of the list, or all.
    pub fn show_only_differences(self, only: bool) {
        self.take(Event::ShowOnlyDifferences(only));
    }

    /// Opens a tab.
    pub fn open_tab(self, tab: Tab) {
        self.take(Event::OpenTab(tab));
    }

    /// Filters the transactions by words.
    pub fn filter(self, query: String) {
        self.take(Event::Filter(query));
    }

    /// Opens a dialog.
    pub fn open_dialog(self, dialog: Dialog) {
        self.take(Event::OpenDialog(dialog));
    }

    /// Closes a dialog, if it is open.
    pub fn close_dialog(self, dialog: Dialog) {
        self.take(Event::CloseDialog(dialog));
    }

    /// Tells of something that went wrong.
    pub fn complain(self, text: impl Into<String>) {
        self.take(Event::Complain(text.into()));
    }

    /// The notice was read.
    pub fn close_notice(self) {
        self.take(Event::CloseNotice);
    }

    /// The address is another one, because a person went back or forward.
    fn address_changed(self) {
        let (query, fragment) = link::query_and_fragment();
        self.take(Event::AddressChanged { query, fragment });
    }
}

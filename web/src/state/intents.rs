//! What a person does, as components say it.

use evm_lanes_core::messages::ListForm;
use evm_lanes_core::model::CostModel;
use evm_lanes_core::scenario::StrategyChoice;
use evm_lanes_core::strategies::StrategyId;
use evm_lanes_core::trace::Clock;
use evm_lanes_core::units::{Incarnation, LocationId, TxIndex};
use evm_lanes_session::{Event, LessonEvent, PresentEvent};
use leptos::prelude::*;

use super::{Dialog, Document, Late, Tab};
use crate::view::scale::Viewport;

/// What a person can do, as methods. Each sends an event to the callback that [`Self::new`] got: the page's session, or
/// something else where a component is shown without the page.
#[derive(Clone, Copy)]
pub struct Intents {
    take: Callback<Event>,
    /// One sentence for those who listen.
    spoken: RwSignal<String>,
    late: Late,
}

impl Intents {
    /// Events go to `take`, sentences for those who listen to `spoken`.
    pub fn new(take: impl Fn(Event) + Send + Sync + 'static, spoken: RwSignal<String>, late: Late) -> Self {
        Self { take: Callback::new(take), spoken, late }
    }

    /// What is loaded after the first picture.
    pub fn late(self) -> Late {
        self.late
    }

    fn send(self, event: Event) {
        self.take.run(event);
    }

    /// Says one sentence to those who listen.
    pub fn announce(self, text: impl Into<String>) {
        self.spoken.set(text.into());
    }

    /// Runs what is written, as a new step of the browser's history.
    pub fn run(self) {
        self.send(Event::Run);
    }

    /// Stops the run that is under way.
    pub fn cancel(self) {
        self.send(Event::Cancel);
    }

    /// Ends the engine and starts a fresh one.
    pub fn restart_engine(self) {
        self.send(Event::RestartEngine);
    }

    /// Repeats the block's transactions, so that it takes long enough to be measured.
    pub fn repeat_block(self) {
        self.send(Event::RepeatBlock);
    }

    /// Asks for the smallest scenario whose run still differs as the one that is shown does.
    pub fn report_difference(self) {
        self.send(Event::ReportDifference);
    }

    /// The text as a person types it.
    pub fn edit(self, text: String) {
        self.send(Event::Edit(text));
    }

    /// Remembers the document as it is, so that it can be come back to.
    pub fn remember(self) {
        self.send(Event::Remember);
    }

    /// Another document in place of this one, and a run.
    pub fn open(self, document: Document) {
        self.send(Event::Open(document));
    }

    /// Back to the document before.
    pub fn undo(self) {
        self.send(Event::Undo);
    }

    /// Forward again.
    pub fn redo(self) {
        self.send(Event::Redo);
    }

    /// Takes another strategy and runs.
    pub fn set_strategy(self, strategy: impl Into<StrategyChoice>) {
        self.send(Event::SetStrategy(strategy.into()));
    }

    /// Takes another number of lanes and runs.
    pub fn set_lanes(self, lanes: u16) {
        self.send(Event::SetLanes(lanes));
    }

    /// Takes another clock and runs.
    pub fn set_clock(self, clock: Clock) {
        self.send(Event::SetClock(clock));
    }

    /// Takes another cost model or seed and, where lanes are simulated, runs.
    pub fn set_cost_model(self, model: CostModel) {
        self.send(Event::SetCostModel(model));
    }

    /// Selects a transaction, in all its attempts.
    pub fn select_tx(self, tx: TxIndex) {
        self.send(Event::SelectTx(tx));
    }

    /// Selects one attempt.
    pub fn select_attempt(self, tx: TxIndex, incarnation: Incarnation) {
        self.send(Event::SelectAttempt { tx, incarnation });
    }

    /// Selects a location, or lets it go if it is selected.
    pub fn select_location(self, location: LocationId) {
        self.send(Event::ToggleLocation(location));
    }

    /// Selects no location.
    pub fn deselect_location(self) {
        self.send(Event::DeselectLocation);
    }

    /// Selects a transaction, brings it into view, and says what it is.
    pub fn go_to(self, tx: TxIndex) {
        self.send(Event::GoTo(tx));
    }

    /// Brings what is selected into view, and says what it is.
    pub fn reveal(self) {
        self.send(Event::Reveal);
    }

    /// Zooms the lanes; above 1: closer.
    pub fn zoom(self, factor: f64) {
        self.send(Event::Zoom(factor));
    }

    /// Shows a part of the run in the lanes.
    pub fn show_view(self, view: Viewport) {
        self.send(Event::ShowView(view));
    }

    /// Shows all of the run in the lanes.
    pub fn show_whole_run(self) {
        self.send(Event::ShowWholeRun);
    }

    /// Emphasises the longest chain, or no longer.
    pub fn toggle_path(self) {
        self.send(Event::TogglePath);
    }

    /// Pins the run that is shown, or unpins it.
    pub fn toggle_pin(self) {
        self.send(Event::TogglePin);
    }

    /// Removes a pinned run.
    pub fn unpin(self, id: u32) {
        self.send(Event::Unpin(id));
    }

    /// Removes all pinned runs.
    pub fn unpin_all(self) {
        self.send(Event::UnpinAll);
    }

    /// Shows a pinned run, and pins the one that was shown.
    pub fn show_pinned(self, id: u32) {
        self.send(Event::ShowPinned(id));
    }

    /// Runs every parallel strategy, and pins all of the runs.
    pub fn compare_strategies(self) {
        self.send(Event::CompareStrategies);
    }

    /// Asks for the curve of what is written.
    pub fn draw_curve(self) {
        self.send(Event::DrawCurve);
    }

    /// Stops making it.
    pub fn cancel_curve(self) {
        self.send(Event::CancelCurve);
    }

    /// Shows a run of the curve.
    pub fn show_curve_point(self, strategy: StrategyId, lanes: u16) {
        self.send(Event::ShowCurvePoint { strategy, lanes });
    }

    /// Takes a block access list from a file.
    pub fn offer_list(self, name: String, bytes: Vec<u8>) {
        self.send(Event::OfferList { name, bytes });
    }

    /// Puts the list from a file away.
    pub fn drop_list(self) {
        self.send(Event::DropList);
    }

    /// Tries again to make the block's list.
    pub fn retry_list(self) {
        self.send(Event::RetryList);
    }

    /// Saves the list of the run that is shown.
    pub fn export_list(self, form: ListForm) {
        self.send(Event::ExportList(form));
    }

    /// Shows only what differs of the list, or all.
    pub fn show_only_differences(self, only: bool) {
        self.send(Event::ShowOnlyDifferences(only));
    }

    /// Does something with a lesson.
    pub fn lesson(self, event: LessonEvent) {
        self.send(Event::Lesson(event));
    }

    /// Does what a presenter does.
    pub fn present(self, event: PresentEvent) {
        self.send(Event::Present(event));
    }

    /// Opens a tab.
    pub fn open_tab(self, tab: Tab) {
        self.send(Event::OpenTab(tab));
    }

    /// Filters the transactions by words.
    pub fn filter(self, query: String) {
        self.send(Event::Filter(query));
    }

    /// Opens a dialog.
    pub fn open_dialog(self, dialog: Dialog) {
        self.send(Event::OpenDialog(dialog));
    }

    /// Closes a dialog, if it is open.
    pub fn close_dialog(self, dialog: Dialog) {
        self.send(Event::CloseDialog(dialog));
    }

    /// Tells of something that went wrong.
    pub fn complain(self, text: impl Into<String>) {
        self.send(Event::Complain(text.into()));
    }

    /// The notice was read.
    pub fn close_notice(self) {
        self.send(Event::CloseNotice);
    }
}

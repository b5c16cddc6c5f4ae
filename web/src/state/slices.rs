//! The session's fields as values that components follow, grouped by what they are about. A component takes the single
//! slices that it shows, or a group if it shows most of it. No group is the whole page.

use std::sync::Arc;

use evm_lanes_core::messages::EngineInfo;
use evm_lanes_core::model::CostModel;
use evm_lanes_core::scenario::StrategyChoice;
use evm_lanes_core::trace::Clock;
use evm_lanes_session::Session;
use leptos::prelude::*;

use super::{
    Activity, DetailState, Dialog, Document, EngineState, Given, LessonState, ListState, Notice, Picture,
    Pin, Progress, Selection, Source, Tab,
};
use crate::view::lanes::Emphasis;
use crate::view::model::{AttemptIndex, RunModel};
use crate::view::scale::Viewport;

/// A value that components follow and cannot change.
pub struct Slice<T: 'static>(RwSignal<T>);

impl<T> Clone for Slice<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Slice<T> {}

impl<T> From<RwSignal<T>> for Slice<T> {
    fn from(signal: RwSignal<T>) -> Self {
        Self(signal)
    }
}

impl<T: Clone + Send + Sync> Slice<T> {
    /// A slice with that value.
    pub fn new(value: &T) -> Self {
        Self(RwSignal::new(value.clone()))
    }

    /// Sets the value if it differs; returns whether it did. Setting an equal one would draw everything again.
    fn update(self, now: &T, same: impl FnOnce(&T, &T) -> bool) -> bool {
        let is_new = !self.0.with_untracked(|before| same(before, now));
        if is_new {
            self.0.set(now.clone());
        }
        is_new
    }

    /// The value. The effect or view that asks is run again when it changes.
    pub fn get(self) -> T {
        self.0.get()
    }

    /// The value as it is now.
    pub fn get_untracked(self) -> T {
        self.0.get_untracked()
    }

    /// Reads the value without a copy, otherwise like [`Self::get`].
    pub fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
        self.0.with(read)
    }

    /// Reads the value as it is now without a copy.
    pub fn with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> R {
        self.0.with_untracked(read)
    }
}

impl<T: Clone + PartialEq + Send + Sync> Slice<T> {
    /// Sets the value if it differs.
    pub fn follow(self, now: &T) {
        self.update(now, T::eq);
    }
}

/// Defines a group of slices: its fields, each with its place in the session.
macro_rules! slices {
    ($(#[$about:meta])* $group:ident of $session:ident {
        $($(#[$field_about:meta])* $field:ident: $type:ty = $value:expr,)+
    }) => {
        $(#[$about])*
        #[derive(Clone, Copy)]
        pub struct $group {
            $($(#[$field_about])* pub $field: Slice<$type>,)+
        }

        impl $group {
            /// With the session's values.
            pub fn new($session: &Session) -> Self {
                Self { $($field: Slice::new($value),)+ }
            }

            /// Sets those that differ from the session's.
            pub fn follow(self, $session: &Session) {
                $(self.$field.follow($value);)+
            }
        }
    };
}

slices! {
    /// The document, and what the run on the page had run.
    Written of session {
        /// What is to be run.
        document: Document = &session.document,
        /// What the run that is shown had run.
        ran: Option<Source> = &session.ran,
        /// Whether what is shown belongs to something else than what is written.
        is_stale: bool = &session.is_stale(),
        /// What of the page its address does not hold.
        not_in_link: Option<String> = &session.not_in_link(),
    }
}

slices! {
    /// How it is to be run.
    Setup of session {
        /// Who schedules, or that the engine is to choose.
        strategy: StrategyChoice = &session.settings.strategy,
        /// Whether lanes are threads of this machine or simulated.
        clock: Clock = &session.settings.clock,
        /// What simulated time is made of.
        cost_model: CostModel = &session.settings.cost_model,
        /// On how many lanes, if they are threads.
        threads: u16 = &session.settings.threads,
        /// The lanes by the clock that is chosen.
        lanes: u16 = &session.settings.lanes(),
        /// The most lanes by the clock that is chosen.
        max_lanes: u16 = &session.max_lanes(),
        /// The threads that were asked for, where there are fewer.
        missing_lanes: Option<u16> = &session.missing_lanes(),
    }
}

slices! {
    /// The engine, and what it is doing.
    Work of session {
        /// What is being done.
        activity: Activity = &session.activity,
        /// Whether a run is under way.
        is_running: bool = &session.is_running(),
        /// How the engine is.
        engine: EngineState = &session.engine,
        /// The latest engine that was ready.
        info: Option<EngineInfo> = &session.info,
        /// Why the engine was started anew, if it was.
        restarted: Option<String> = &session.restarted,
    }
}

slices! {
    /// What part of time the lanes show.
    TimeView of session {
        /// That part; `None`: all of the run.
        viewport: Option<Viewport> = &session.viewport,
        /// The same, or all of it.
        visible: Viewport = &session.visible(),
        /// How far the axis goes, in ticks: all runs that share it fit.
        extent: f64 = &session.extent(),
    }
}

slices! {
    /// Runs that are kept beside the one that is shown.
    PinnedRuns of session {
        /// The runs, oldest first.
        pins: Vec<Pin> = &session.pins,
        /// Whether the run that is shown is one of them.
        is_pinned: bool = &session.is_pinned(),
        /// Which version of its scenario each run is of.
        versions: Versions = &Versions::of(session),
    }
}

slices! {
    /// Block access lists.
    Lists of session {
        /// The block's own, if it was asked for.
        list: ListState = &session.list,
        /// One from a file: what block access lists run from, and what the block's own is compared with.
        given: Option<Given> = &session.given,
        /// Whether only what differs is shown of the list.
        only_differences: bool = &session.only_differences,
    }
}

slices! {
    /// Lessons.
    Lessons of session {
        /// The lesson that is open.
        open: Option<LessonState> = &session.lesson,
        /// The steps of lessons that were done.
        progress: Progress = &session.progress,
    }
}

slices! {
    /// What is open on the page.
    Panels of session {
        /// The open tab.
        tab: Tab = &session.tab,
        /// The open dialog.
        dialog: Option<Dialog> = &session.dialog,
        /// What a person should know.
        notice: Option<Notice> = &session.notice,
        /// The words by which transactions are filtered.
        query: String = &session.query,
    }
}

/// The run that is shown, and what is selected of it.
#[derive(Clone, Copy)]
pub struct Shown {
    /// The latest complete run.
    pub model: Slice<Option<Arc<RunModel>>>,
    /// Whether that is a recorded one, and what came of it.
    pub picture: Slice<Picture>,
    /// What is selected.
    pub selection: Slice<Selection>,
    /// The selected attempt.
    pub selected_attempt: Slice<Option<AttemptIndex>>,
    /// The selected transaction in full.
    pub detail: Slice<DetailState>,
    /// Whether the longest chain is emphasised in the lanes.
    pub show_path: Slice<bool>,
    /// What is emphasised in the lanes.
    pub emphasis: Slice<Emphasis>,
}

impl Shown {
    /// With the session's values.
    pub fn new(session: &Session) -> Self {
        Self {
            model: Slice::new(&session.model),
            picture: Slice::new(&session.picture),
            selection: Slice::new(&session.selection),
            selected_attempt: Slice::new(&session.selected_attempt()),
            detail: Slice::new(&session.detail),
            show_path: Slice::new(&session.show_path),
            emphasis: Slice::new(&emphasis(session)),
        }
    }

    /// Sets those that differ from the session's.
    pub fn follow(self, session: &Session) {
        let is_new = self.model.update(&session.model, same_run);
        // What is selected of another run is another thing, also where it has the same number.
        self.selection.update(&session.selection, |before, now| !is_new && before == now);
        self.picture.follow(&session.picture);
        self.selected_attempt.follow(&session.selected_attempt());
        self.detail.follow(&session.detail);
        self.show_path.follow(&session.show_path);
        self.emphasis.follow(&emphasis(session));
    }
}

/// Whether both are the same run.
fn same_run(a: &Option<Arc<RunModel>>, b: &Option<Arc<RunModel>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (a, b) => a.is_none() && b.is_none(),
    }
}

fn emphasis(session: &Session) -> Emphasis {
    let Selection { tx, incarnation, .. } = session.selection;
    Emphasis { tx, incarnation, path: session.show_path }
}

/// Which version of its scenario each run is of, from 1, where runs of several are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions(Vec<(Option<u32>, usize)>);

impl Versions {
    fn of(session: &Session) -> Self {
        if session.pins.is_empty() {
            return Self::default();
        }
        let runs = session.pins.iter().map(|pin| Some(pin.id)).chain([None]);
        Self(runs.filter_map(|run| Some((run, session.version_of(run)?))).collect())
    }

    /// The version of a pinned run, or (`None`) of the run that is shown.
    pub fn get(&self, pin: Option<u32>) -> Option<usize> {
        self.0.iter().find(|(run, _)| *run == pin).map(|(_, version)| *version)
    }
}

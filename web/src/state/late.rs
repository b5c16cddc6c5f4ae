//! What is not needed for the first picture. It is code of this crate that the optimised build puts into modules of their own
//! (`--cfg split`, `xtask/src/late.rs`); other builds leave it where it is.
//!
//! - [`Details`]: the panels around the lanes. Loaded as soon as the page has started, and drawn when they come.
//! - [`Parts`]: dialogs, the other tabs, lessons, files. Loaded in the first quiet moment after the first run, or at once if
//!   somebody needs them.
//!
//! ```text
//! late.view(|parts| …) ─▶ load ─┬─ Here(parts) ─▶ drawn, without waiting from then on
//!                               └─ Failed ─▶ said in its place, with a button that tries again
//! ```
//! What is in these modules is what only `components/late.rs` names.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use evm_lanes_core::model::CostModel;
use evm_lanes_core::scenario::StrategyChoice;
use evm_lanes_session::{Embed, embed};
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::File;

use super::file::Opened;
use super::{
    Activity, CurveState, DetailState, Dialog, Document, Given, Intents, LessonState, Link, Lists, Notice,
    Panels, Picture, PinnedRuns, Present, Progress, Screen, Selection, Setup, Shown, Slice, Source, Theme,
    TimeView, Work, Written,
};
use crate::embed::Frame;
use crate::paint::Palette;
use crate::view::model::RunModel;
use crate::view::scale::Viewport;
use crate::view::svg::SvgOptions;

/// The run that is shown.
type Model = Slice<Option<Arc<RunModel>>>;

/// The panels around the lanes: a function for each.
#[expect(clippy::type_complexity, reason = "each is what its component shows, by type")]
pub struct Details {
    /// The graph of dependencies.
    pub graph: fn(Model, Slice<Selection>, Slice<bool>, Slice<bool>, Slice<Screen>, Intents) -> AnyView,
    /// The selected transaction.
    pub inspector: fn(Model, Slice<Selection>, Slice<DetailState>, Intents) -> AnyView,
    /// The tab of transactions.
    pub transactions: fn(Model, Slice<Selection>, Slice<String>, Intents) -> AnyView,
    /// All that a frame in another page shows.
    pub framed: fn(Framed) -> AnyView,
}

/// Dialogs, the other tabs, lessons, files: a function for each.
#[expect(clippy::type_complexity, reason = "each is what its component shows, by type")]
pub struct Parts {
    /// The dialogs that the page has in a frame, too.
    pub framed_dialogs: fn(Dialogs) -> AnyView,
    /// The other dialogs.
    pub own_dialogs: fn(OwnDialogs) -> AnyView,
    /// The tab of locations.
    pub locations: fn(Model, Slice<Selection>, Intents) -> AnyView,
    /// The tab of time.
    pub time: fn(Model) -> AnyView,
    /// The tab of the access list.
    pub list: fn(
        Lists,
        Slice<Option<Source>>,
        Slice<StrategyChoice>,
        Work,
        Model,
        Slice<Selection>,
        Intents,
    ) -> AnyView,
    /// The tab that compares runs.
    pub compare: fn(Model, PinnedRuns, Work, Intents) -> AnyView,
    /// The tab of the curve.
    pub curve: fn(Slice<CurveState>, Slice<Document>, Setup, Work, Model, Slice<Screen>, Intents) -> AnyView,
    /// The tab of the story.
    pub story: fn(Slice<Document>, Model) -> AnyView,
    /// The tab of the scenario.
    pub editor: fn(Written, Slice<Activity>, Slice<Screen>, Intents) -> AnyView,
    /// The tab of contracts.
    pub contracts: fn(Model) -> AnyView,
    /// The open lesson.
    pub lesson: fn(Slice<Option<LessonState>>, Slice<Progress>, Slice<bool>, bool, Intents) -> AnyView,
    /// Runs that are kept, below the lanes.
    pub pins: fn(Pins) -> AnyView,
    /// The presenter.
    pub present: fn(Presented) -> AnyView,
    /// Sends a picture to the page around this frame.
    pub post_picture: fn(StoredValue<Frame>, Model, Option<embed::Id>, bool, SvgOptions),
    /// Reads a file that a person chose or dropped; an error is a sentence.
    pub read_file: fn(File) -> Pin<Box<dyn Future<Output = Result<Opened, String>>>>,
}

/// What a frame in another page shows.
#[derive(Clone, Copy)]
pub struct Framed {
    /// How it is framed.
    pub embed: Slice<Option<Embed>>,
    /// What is to be run.
    pub written: Written,
    /// How.
    pub setup: Setup,
    /// The engine.
    pub work: Work,
    /// The run that is shown.
    pub shown: Shown,
    /// What part of time the lanes show.
    pub time: TimeView,
    /// Runs that are kept.
    pub pinned: PinnedRuns,
    /// Speed-up over lanes.
    pub curve: Slice<CurveState>,
    /// What is open.
    pub panels: Panels,
    /// The open lesson.
    pub lesson: Slice<Option<LessonState>>,
    /// Steps of lessons that were done.
    pub progress: Slice<Progress>,
    /// Light or dark.
    pub theme: Slice<Theme>,
    /// What pictures are scaled by.
    pub screen: Slice<Screen>,
    /// What a person does.
    pub intents: Intents,
    /// The page's own address that shows the same.
    pub address: Callback<(), Option<String>>,
}

/// What the runs show that are kept below the lanes.
#[derive(Clone, Copy)]
pub struct Pins {
    /// The run that is shown.
    pub shown: Shown,
    /// What part of time the lanes show.
    pub visible: Slice<Viewport>,
    /// The runs.
    pub pinned: PinnedRuns,
    /// The colours of canvases.
    pub palette: RwSignal<Option<Palette>, LocalStorage>,
    /// What pictures are scaled by.
    pub screen: Slice<Screen>,
    /// What a person does.
    pub intents: Intents,
}

/// What the dialogs of help, the cost model, the strategies and lessons show.
#[derive(Clone, Copy)]
pub struct Dialogs {
    /// The open one.
    pub dialog: Slice<Option<Dialog>>,
    /// Whether single letters act as keys.
    pub letter_keys: RwSignal<bool>,
    /// What simulated time is made of.
    pub cost_model: Slice<CostModel>,
    /// The chosen strategy.
    pub strategy: Slice<StrategyChoice>,
    /// Steps of lessons that were done.
    pub progress: Slice<Progress>,
    /// Whether lessons can be presented here.
    pub can_present: bool,
    /// The run that is shown.
    pub model: Model,
    /// Whether that is a recorded one.
    pub picture: Slice<Picture>,
    /// What is to be run.
    pub document: Slice<Document>,
    /// Speed-up over lanes.
    pub curve: Slice<CurveState>,
    /// The address that shows what is here now.
    pub address: Callback<(), Option<String>>,
    /// What a person does.
    pub intents: Intents,
}

/// What the dialogs of sharing and of pictures show.
#[derive(Clone, Copy)]
pub struct OwnDialogs {
    /// The open one.
    pub dialog: Slice<Option<Dialog>>,
    /// What is to be run.
    pub document: Slice<Document>,
    /// The chosen strategy.
    pub strategy: Slice<StrategyChoice>,
    /// An access list from a file.
    pub given: Slice<Option<Given>>,
    /// The open lesson.
    pub lesson: Slice<Option<LessonState>>,
    /// The run that is shown.
    pub model: Model,
    /// Whether it belongs to something else than what is written.
    pub is_stale: Slice<bool>,
    /// Whether that is a recorded one.
    pub picture: Slice<Picture>,
    /// Runs that are kept.
    pub pins: Slice<Vec<super::Pin>>,
    /// The address that shows what is here now.
    pub address: Callback<(), Option<String>>,
    /// Makes the link to what is on the page now.
    pub make_link: Callback<(), Link>,
    /// What a person does.
    pub intents: Intents,
}

/// What the presenter shows.
#[derive(Clone, Copy)]
pub struct Presented {
    /// The talk.
    pub present: Slice<Option<Present>>,
    /// The open lesson.
    pub lesson: Slice<Option<LessonState>>,
    /// What is to be run.
    pub written: Written,
    /// How.
    pub setup: Setup,
    /// The engine.
    pub work: Work,
    /// The run that is shown.
    pub shown: Shown,
    /// What part of time the lanes show.
    pub time: TimeView,
    /// Runs that are kept.
    pub pinned: PinnedRuns,
    /// What a person should know.
    pub notice: Slice<Option<Notice>>,
    /// Light or dark.
    pub theme: Slice<Theme>,
    /// What pictures are scaled by.
    pub screen: Slice<Screen>,
    /// Makes the link to what is on the page now.
    pub make_link: Callback<(), Link>,
    /// What a person does.
    pub intents: Intents,
}

/// How far a module is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Away,
    Coming,
    Here,
    Failed,
}

/// Loads a module. If it does not come, the next call tries again.
pub type Load<P> = fn() -> Pin<Box<dyn Future<Output = Option<&'static P>>>>;

/// A module that is loaded later, seen from components. Copies are handles of the same one.
pub struct Later<P: 'static> {
    /// Followed by what says that it is loading, or that it did not come.
    state: RwSignal<State>,
    /// Followed by what is drawn once it is here: nothing else about it should draw that anew.
    is_here: RwSignal<bool>,
    parts: StoredValue<Option<&'static P>>,
    load: Load<P>,
}

impl<P> Clone for Later<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for Later<P> {}

/// The module of [`Parts`].
pub type Late = Later<Parts>;

impl<P: Sync> Later<P> {
    /// One that is not loaded yet.
    pub fn new(load: Load<P>) -> Self {
        Self {
            state: RwSignal::new(State::Away),
            is_here: RwSignal::new(false),
            parts: StoredValue::new(None),
            load,
        }
    }

    /// What is in it, loaded if it is not there yet. `None` if it does not come.
    pub async fn parts(self) -> Option<&'static P> {
        if let Some(parts) = self.get_untracked() {
            return Some(parts);
        }
        self.state.set(State::Coming);
        let loaded = (self.load)().await;
        self.parts.set_value(loaded);
        self.state.set(if loaded.is_some() { State::Here } else { State::Failed });
        if loaded.is_some() {
            self.is_here.set(true);
        }
        loaded
    }

    /// Loads it, unless it is here or on its way.
    pub fn start(self) {
        if matches!(self.state.get_untracked(), State::Away | State::Failed) {
            spawn_local(async move {
                self.parts().await;
            });
        }
    }

    /// What is in it, if it is here. What asks is run again when it comes.
    pub fn get(self) -> Option<&'static P> {
        self.is_here.track();
        self.get_untracked()
    }

    /// What is in it, if it is here now.
    pub fn get_untracked(self) -> Option<&'static P> {
        self.parts.get_value()
    }

    /// What `draw` makes of it; until it is here, that it is loading, or that it did not come.
    pub fn view(self, draw: impl Fn(&'static P) -> AnyView + Send + 'static) -> AnyView {
        self.start();
        let drawn = move || self.get().map(&draw);
        drawn_or_waiting(Box::new(drawn), self.state, Callback::new(move |()| self.start()))
    }

    /// That it is loading, or that it did not come, with a button that tries again.
    pub fn waiting(self) -> AnyView {
        waiting(self.state, Callback::new(move |()| self.start()))
    }
}

/// What `drawn` gives, or that it is waited for. Not generic, so that there is one of it.
fn drawn_or_waiting(
    drawn: Box<dyn Fn() -> Option<AnyView> + Send>,
    state: RwSignal<State>,
    again: Callback<()>,
) -> AnyView {
    (move || drawn().unwrap_or_else(|| waiting(state, again))).into_any()
}

fn waiting(state: RwSignal<State>, again: Callback<()>) -> AnyView {
    (move || {
        if state.get() == State::Failed {
            view! {
                <p class="late" role="alert">
                    "This part of the page could not be loaded. "
                    <button type="button" class="btn" on:click=move |_| again.run(())>"Try again"</button>
                </p>
            }
            .into_any()
        } else {
            view! { <p class="late waiting" role="status">"Loading…"</p> }.into_any()
        }
    })
    .into_any()
}

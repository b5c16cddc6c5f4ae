//! The session at the edge of the browser: its parts as signals, a person's actions as events, its effects done.
//!
//! ```text
//! components ── Intents ─▶ Session::take ─┬─▶ effects: engine, address bar, storage, files
//!      ▲         engine ────────▲         │
//!      └────────── slices (signals) ──────┘
//! ```
//! Nothing is decided here; see [`evm_lanes_session`]. What only the browser knows (theme, screen, whether letters are
//! keys) is not part of the session. [`sync`] keeps root attributes, theme and colours in step with the signals.
//!
//! Only the frame knows the [`Page`]. Every other component is given [`Intents`] and the values that it shows.

pub mod dom;
mod effects;
pub mod file;
mod intents;
pub mod link;
pub mod screen;
mod slices;
pub mod sync;
pub mod theme;

use evm_lanes_session::{Event, Session};
use leptos::prelude::*;

use crate::engine::EngineClient;
use crate::view::keys::Command;

pub use evm_lanes_session::{
    Activity, CurveState, DetailState, Dialog, Document, EngineState, Given, LessonAnswer, LessonEvent,
    LessonState, Link, ListState, Notice, Pin, Progress, Selection, Source, Tab, can_be_repeated,
};
pub use intents::Intents;
pub use screen::Screen;
pub use slices::{Lessons, Lists, Panels, PinnedRuns, Setup, Shown, Slice, TimeView, Work, Written};
pub use theme::Theme;

/// What only the browser knows.
#[derive(Clone, Copy)]
pub struct Browser {
    /// Light, dark, or as the system has it.
    pub theme: RwSignal<Theme>,
    /// What pictures are scaled by.
    pub screen: RwSignal<Screen>,
    /// Whether single letters act as keys.
    pub letter_keys: RwSignal<bool>,
    /// One sentence for those who listen.
    pub spoken: RwSignal<String>,
}

impl Browser {
    fn new() -> Self {
        Self {
            theme: RwSignal::new(theme::stored()),
            screen: RwSignal::new(Screen::read()),
            letter_keys: RwSignal::new(dom::stored("letter-keys").as_deref() != Some("off")),
            spoken: RwSignal::new(String::new()),
        }
    }
}

/// All that the page shows, and the session behind it. A bundle of handles: copying it is cheap.
#[derive(Clone, Copy)]
pub struct Page {
    pub written: Written,
    pub setup: Setup,
    pub work: Work,
    pub shown: Shown,
    pub time: TimeView,
    pub pinned: PinnedRuns,
    pub lists: Lists,
    pub lesson: Lessons,
    /// Speed-up over lanes, if it was asked for.
    pub curve: Slice<CurveState>,
    pub panels: Panels,
    pub browser: Browser,
    session: StoredValue<Session>,
    client: StoredValue<Option<EngineClient>, LocalStorage>,
    address: StoredValue<link::Address>,
}

impl Page {
    /// The page as its address has it. Starts the engine.
    pub fn start() -> Self {
        let (query, fragment) = link::query_and_fragment();
        let environment = evm_lanes_session::Environment { base: link::base(), cores: dom::cores() };
        let (session, effects) = Session::start(environment, &query, &fragment);
        let page = Self {
            written: Written::new(&session),
            setup: Setup::new(&session),
            work: Work::new(&session),
            shown: Shown::new(&session),
            time: TimeView::new(&session),
            pinned: PinnedRuns::new(&session),
            lists: Lists::new(&session),
            lesson: Lessons::new(&session),
            curve: Slice::new(&session.curve),
            panels: Panels::new(&session),
            browser: Browser::new(),
            session: StoredValue::new(session),
            client: StoredValue::new_local(None),
            address: StoredValue::new(link::Address::default()),
        };
        page.perform(effects);
        if let Some(kept) = dom::stored("lessons") {
            page.take(Event::Lesson(LessonEvent::Restore(kept)));
        }
        let client = EngineClient::start(move |event| page.take(Event::Engine(event)));
        page.client.set_value(Some(client));
        page
    }

    /// What components do on this page.
    pub fn intents(self) -> Intents {
        Intents::new(move |event| self.take(event), self.browser.spoken)
    }

    /// Hands an event to the session, shows what has changed, and does what is to be done.
    fn take(self, event: Event) {
        let Some(effects) = self.session.try_update_value(|session| session.take(event)) else { return };
        self.publish();
        self.perform(effects);
    }

    fn publish(self) {
        self.session.with_value(|session| {
            self.written.follow(session);
            self.setup.follow(session);
            self.work.follow(session);
            self.shown.follow(session);
            self.time.follow(session);
            self.pinned.follow(session);
            self.lists.follow(session);
            self.lesson.follow(session);
            self.curve.follow(&session.curve);
            self.panels.follow(session);
        });
    }

    /// Does what a key means; whether there was anything to do it with.
    pub fn command(self, command: Command) -> bool {
        let can = self.session.with_value(|session| session.can(command));
        if can {
            self.take(Event::Command(command));
        }
        can
    }

    /// The link to what is on the page now.
    pub fn link(self) -> Link {
        self.session.with_value(Session::link)
    }

    /// The address is another one, because a person went back or forward.
    fn address_changed(self) {
        let (query, fragment) = link::query_and_fragment();
        self.take(Event::AddressChanged { query, fragment });
    }
}

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
pub mod effects;
pub mod file;
pub mod image;
mod intents;
pub mod late;
pub mod link;
pub mod recorded;
pub mod screen;
mod slices;
pub mod sync;
pub mod theme;

use evm_lanes_session::embed::Refusal;
use evm_lanes_session::{Embed, Environment, Event, Session};
use leptos::prelude::*;

use crate::embed;
use crate::engine::EngineClient;
use crate::view::keys::Command;

pub use evm_lanes_session::{
    Activity, CurveState, DetailState, Dialog, Document, EngineState, Given, LessonAnswer, LessonEvent,
    LessonState, Link, ListState, MAX_MINUTES, Notice, Picture, Pin, Present, PresentEvent, Progress,
    Selection, Source, Tab, can_be_repeated,
};
pub use intents::Intents;
pub use late::Late;
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
    /// What is loaded after the first picture.
    pub late: Late,
}

impl Browser {
    fn new(load: late::Load<late::Parts>) -> Self {
        Self {
            theme: RwSignal::new(theme::stored()),
            screen: RwSignal::new(Screen::read()),
            letter_keys: RwSignal::new(dom::stored("letter-keys").as_deref() != Some("off")),
            spoken: RwSignal::new(String::new()),
            late: Late::new(load),
        }
    }
}

/// Said where what an action needs does not come.
const MISSING: &str =
    "A part of the page could not be loaded, so nothing was done. Try again when the connection is back.";

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
    /// What is presented to a room, if anything is.
    pub present: Slice<Option<Present>>,
    /// Speed-up over lanes, if it was asked for.
    pub curve: Slice<CurveState>,
    pub panels: Panels,
    pub browser: Browser,
    /// How the page is framed, where another page shows it.
    pub embed: Slice<Option<Embed>>,
    session: StoredValue<Session>,
    client: StoredValue<Option<EngineClient>, LocalStorage>,
    /// Events that wait for what is loaded later, in their order; `None`: nothing waits.
    waiting: StoredValue<Option<Vec<Event>>>,
    address: StoredValue<link::Address>,
    /// The page around the frame.
    frame: StoredValue<embed::Frame>,
}

impl Page {
    /// The page as its address has it, with the recorded run that it asks for. Starts the engine. `load` loads what is
    /// not needed for the first picture.
    pub fn start(recorded: Option<recorded::Recorded>, load: late::Load<late::Parts>) -> Self {
        let (query, fragment) = link::query_and_fragment();
        let (mut session, mut effects) = Session::start(environment(&query), &query, &fragment);
        if let Some((name, report)) = recorded {
            effects.extend(session.take(Event::Recorded { name, report }));
        }
        let page = Self {
            written: Written::new(&session),
            setup: Setup::new(&session),
            work: Work::new(&session),
            shown: Shown::new(&session),
            time: TimeView::new(&session),
            pinned: PinnedRuns::new(&session),
            lists: Lists::new(&session),
            lesson: Lessons::new(&session),
            present: Slice::new(&session.present),
            curve: Slice::new(&session.curve),
            panels: Panels::new(&session),
            browser: Browser::new(load),
            embed: Slice::new(&session.embed),
            session: StoredValue::new(session),
            client: StoredValue::new_local(None),
            waiting: StoredValue::new(None),
            address: StoredValue::new(link::Address::default()),
            frame: StoredValue::new(embed::Frame::default()),
        };
        if embed::is_framed() {
            embed::start(page);
        }
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
        Intents::new(move |event| self.take(event), self.browser.spoken, self.browser.late)
    }

    /// Takes what happened, if need be once what it needs is loaded.
    fn take(self, event: Event) {
        let is_here = self.browser.late.get_untracked().is_some() && self.waiting.with_value(Option::is_none);
        // What happens meanwhile need not wait: the engine's answers, say.
        if is_here || !event.needs_late() {
            return self.take_now(event);
        }
        let is_first = self.waiting.try_update_value(|waiting| match waiting {
            Some(waiting) => {
                waiting.push(event);
                false
            }
            None => {
                *waiting = Some(vec![event]);
                true
            }
        });
        if is_first != Some(true) {
            return;
        }
        leptos::task::spawn_local(async move {
            let is_here = self.browser.late.parts().await.is_some();
            let waiting = self.waiting.try_update_value(Option::take).flatten().unwrap_or_default();
            if is_here {
                waiting.into_iter().for_each(|event| self.take_now(event));
            } else {
                self.take_now(Event::Complain(MISSING.to_owned()));
            }
        });
    }

    /// Hands an event to the session, shows what has changed, and does what is to be done.
    fn take_now(self, event: Event) {
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
            self.present.follow(&session.present);
            self.curve.follow(&session.curve);
            self.panels.follow(session);
            self.embed.follow(&session.embed);
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

    /// The page's own address, for a tab of its own, of what is in the frame now; `None` if no link can say it.
    pub fn address(self) -> Option<String> {
        self.session.with_value(Session::page_address)
    }

    /// The address is another one, because a person went back or forward.
    fn address_changed(self) {
        let (query, fragment) = link::query_and_fragment();
        self.take(Event::AddressChanged { query, fragment });
    }
}

/// Where the page is, at an address with that query.
fn environment(query: &str) -> Environment {
    let embed = embed::is_framed().then(|| Embed::read(query));
    Environment { base: link::base(), cores: dom::cores(), embed }
}

impl embed::Access for Page {
    fn with<R>(&self, act: impl FnOnce(&mut embed::Frame) -> R) -> Option<R> {
        self.frame.try_update_value(act)
    }

    fn take(&self, text: String) {
        Page::take(*self, Event::Message(text));
    }

    fn refuse(&self, refusal: Refusal) {
        Page::take(*self, Event::MessageRefused(refusal));
    }

    fn is_high_as_content(&self) -> bool {
        self.embed.with_untracked(|embed| embed.as_ref().is_some_and(|embed| embed.height.is_none()))
    }
}

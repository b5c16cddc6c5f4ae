//! Keys of the whole page; `view/keys.rs` says which mean what. Single characters can be switched off (WCAG 2.1.4).

use leptos::ev;
use leptos::prelude::*;
use web_sys::KeyboardEvent;

use crate::state::{Dialog, Intents, LessonEvent, Present, PresentEvent, Selection, Slice, Tab, dom};
use crate::view::keys::{self, Command, Stroke};
use crate::view::present::{self, Key};

/// What keys act on.
#[derive(Clone, Copy)]
pub struct Keys {
    /// Does what a key means; whether there was anything to do it with.
    pub command: Callback<Command, bool>,
    pub intents: Intents,
    pub selection: Slice<Selection>,
    pub tab: Slice<Tab>,
    pub dialog: Slice<Option<Dialog>>,
    pub present: Slice<Option<Present>>,
    /// Whether single letters act as keys.
    pub letter_keys: Slice<bool>,
}

/// Listens.
pub fn start(on: Keys) {
    let listener = window_event_listener(ev::keydown, move |event| {
        if !event.default_prevented() && act(on, &event) {
            event.prevent_default();
        }
    });
    on_cleanup(move || listener.remove());
}

/// Does what a key means; whether it meant anything.
fn act(on: Keys, event: &KeyboardEvent) -> bool {
    // What an input method makes of several keys is text.
    if event.is_composing() {
        return false;
    }
    let writing = dom::is_writing(event);
    let covered = on.dialog.get_untracked().is_some();
    let (key, code) = (event.key(), event.code());
    let stroke = Stroke {
        key: &key,
        code: &code,
        control: event.ctrl_key(),
        meta: event.meta_key(),
        alt: event.alt_key(),
        shift: event.shift_key(),
    };
    if on.present.with_untracked(Option::is_some) && !covered && act_presenting(on, event, stroke, writing) {
        return true;
    }
    if key == "Escape" {
        let bare = !(stroke.control || stroke.meta || stroke.alt || covered);
        return bare && escape(on, writing);
    }
    let in_lanes = dom::focused().is_some_and(|focused| focused.id() == "lanes-overlay");
    if in_lanes && let Some(command) = keys::in_lanes(stroke) {
        return on.command.run(command);
    }
    match keys::command(stroke) {
        Some(command) if command.is_single_character() => {
            !covered && !writing && on.letter_keys.get_untracked() && on.command.run(command)
        }
        Some(Command::Run) => on.command.run(Command::Run),
        Some(command) => !writing && on.command.run(command),
        None => false,
    }
}

/// Does what a key means while something is presented; whether it meant anything.
fn act_presenting(on: Keys, event: &KeyboardEvent, stroke: Stroke<'_>, writing: bool) -> bool {
    let Some(key) = present::key(stroke) else { return false };
    if key.is_single_character(stroke) && (writing || !on.letter_keys.get_untracked()) {
        return false;
    }
    let is_own = match stroke.key {
        // A field that is left by it has not been left by the presenter.
        "Escape" => false,
        // A control does by these what it is for, and the lanes pan by arrows.
        " " | "Enter" => {
            is_on(event, "button, a, input, select, textarea, [role=spinbutton], [role=img], #lanes-overlay")
        }
        "ArrowLeft" | "ArrowRight" => is_on(event, "input, select, textarea, #lanes-overlay"),
        _ => writing,
    };
    // A key that is held down would race through the steps.
    if is_own || event.repeat() {
        return false;
    }
    on.intents.present(match key {
        Key::Next => PresentEvent::Next,
        Key::Previous => PresentEvent::Previous,
        Key::Reveal => PresentEvent::Reveal,
        Key::Code => PresentEvent::ToggleCode,
        Key::Timer => PresentEvent::ToggleTimer,
        Key::Leave => PresentEvent::Leave,
        Key::Vote(choice) => {
            on.intents.lesson(LessonEvent::Vote(choice));
            return true;
        }
    });
    true
}

/// Whether an event belongs to such an element.
fn is_on(event: &KeyboardEvent, selector: &str) -> bool {
    let target: Option<web_sys::Element> =
        event.target().and_then(|target| wasm_bindgen::JsCast::dyn_into(target).ok());
    target.is_some_and(|target| target.closest(selector).is_ok_and(|found| found.is_some()))
}

/// Out of the canvas first, then the measured selection goes, then out of a table.
fn escape(on: Keys, writing: bool) -> bool {
    let Some(active) = dom::focused() else { return deselect_location(on) };
    if active.id() == "lanes-overlay" || active.tag_name() == "svg" || writing {
        if let Ok(element) = wasm_bindgen::JsCast::dyn_into::<web_sys::HtmlElement>(active) {
            let _ = element.blur();
        }
        dom::focus("tab-transactions");
        return true;
    }
    if deselect_location(on) {
        return true;
    }
    // A long table has more controls than anyone wants to go through to leave it.
    if active.closest("#tab-panel table").is_ok_and(|table| table.is_some()) {
        dom::focus(&format!("tab-{}", on.tab.get_untracked().id()));
        return true;
    }
    false
}

fn deselect_location(on: Keys) -> bool {
    let is_selected = on.selection.get_untracked().location.is_some();
    if is_selected {
        on.intents.deselect_location();
    }
    is_selected
}

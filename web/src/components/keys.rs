//! Keys of the whole page; `view/keys.rs` says which mean what. Single characters can be switched off (WCAG 2.1.4).

use leptos::ev;
use leptos::prelude::*;
use web_sys::KeyboardEvent;

use crate::state::{Dialog, Intents, Selection, Slice, Tab, dom};
use crate::view::keys::{self, Command, Stroke};

/// What keys act on.
#[derive(Clone, Copy)]
pub struct Keys {
    /// Does what a key means; whether there was anything to do it with.
    pub command: Callback<Command, bool>,
    pub intents: Intents,
    pub selection: Slice<Selection>,
    pub tab: Slice<Tab>,
    pub dialog: Slice<Option<Dialog>>,
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

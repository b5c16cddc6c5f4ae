//! Keys of the whole page; `view/keys.rs` says which mean what. Single characters can be switched off (WCAG 2.1.4).

use leptos::ev;
use leptos::prelude::*;
use web_sys::KeyboardEvent;

use crate::state::{Page, dom};
use crate::view::keys::{self, Command, Stroke};

/// Listens.
pub fn start(page: Page) {
    let listener = window_event_listener(ev::keydown, move |event| {
        if !event.default_prevented() && act(page, &event) {
            event.prevent_default();
        }
    });
    on_cleanup(move || listener.remove());
}

/// Does what a key means; whether it meant anything.
fn act(page: Page, event: &KeyboardEvent) -> bool {
    // What an input method makes of several keys is text.
    if event.is_composing() {
        return false;
    }
    let writing = dom::is_writing(event);
    let covered = page.dialog.get_untracked().is_some();
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
        return bare && escape(page, writing);
    }
    let in_lanes = dom::focused().is_some_and(|focused| focused.id() == "lanes-overlay");
    if in_lanes && let Some(command) = keys::in_lanes(stroke) {
        return page.command(command);
    }
    match keys::command(stroke) {
        Some(command) if command.is_single_character() => {
            !covered && !writing && page.letter_keys.get_untracked() && page.command(command)
        }
        Some(Command::Run) => page.command(Command::Run),
        Some(command) => !writing && page.command(command),
        None => false,
    }
}

/// Out of the canvas first, then the measured selection goes, then out of a table.
fn escape(page: Page, writing: bool) -> bool {
    let Some(active) = dom::focused() else { return deselect_location(page) };
    if active.id() == "lanes-overlay" || active.tag_name() == "svg" || writing {
        if let Ok(element) = wasm_bindgen::JsCast::dyn_into::<web_sys::HtmlElement>(active) {
            let _ = element.blur();
        }
        dom::focus("tab-transactions");
        return true;
    }
    if deselect_location(page) {
        return true;
    }
    // A long table has more controls than anyone wants to go through to leave it.
    if active.closest("#tab-panel table").is_ok_and(|table| table.is_some()) {
        dom::focus(&format!("tab-{}", page.tab.get_untracked().id()));
        return true;
    }
    false
}

fn deselect_location(page: Page) -> bool {
    let is_selected = page.selection.get_untracked().location.is_some();
    if is_selected {
        page.deselect_location();
    }
    is_selected
}

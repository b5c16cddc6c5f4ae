//! Keys of the whole page; `view/keys.rs` says which mean what. Single characters can be switched off (WCAG 2.1.4).

use leptos::ev;
use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::lanes;
use crate::state::{Dialog, Page, Tab, dom};
use crate::view::keys::{self, Command, Stroke};
use crate::view::navigate;

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
        return perform(page, command);
    }
    match keys::command(stroke) {
        Some(command) if command.is_single_character() => {
            !covered && !writing && page.letter_keys.get_untracked() && perform(page, command)
        }
        Some(Command::Run) => perform(page, Command::Run),
        Some(command) => !writing && perform(page, command),
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

/// Does it; whether there was anything to do it with.
fn perform(page: Page, command: Command) -> bool {
    match command {
        Command::Help => page.open_dialog(Dialog::Help),
        Command::Run => page.run(),
        Command::Undo => page.undo(),
        Command::Redo => page.redo(),
        _ => return perform_on_run(page, command),
    }
    true
}

fn perform_on_run(page: Page, command: Command) -> bool {
    let Some(model) = page.model.get_untracked() else { return false };
    let tx = page.selection.get_untracked().tx;
    let go = |next: Option<u32>| match next {
        Some(tx) => {
            page.select_tx(tx);
            lanes::reveal(page);
        }
        None => page.announce("Nothing further that way."),
    };
    match command {
        Command::Find => {
            page.open_tab(Tab::Transactions);
            // The field is there once the tab is.
            request_animation_frame(|| dom::focus("find"));
        }
        Command::ZoomIn => lanes::zoom(page, 1.5),
        Command::ZoomOut => lanes::zoom(page, 1.0 / 1.5),
        Command::PanLeft | Command::PanRight => {
            if page.viewport.get_untracked().is_none() {
                page.announce("The whole run is in view. Zoom in to pan.");
            }
            lanes::pan(page, if command == Command::PanLeft { -0.2 } else { 0.2 });
        }
        Command::Fit => lanes::fit_selection(page),
        Command::LongestChain => page.toggle_path(),
        Command::NextTransaction => go(navigate::in_block(&model, tx, true)),
        Command::PreviousTransaction => go(navigate::in_block(&model, tx, false)),
        Command::Cause => go(tx.and_then(|tx| navigate::cause(&model, tx))),
        Command::Effect => go(tx.and_then(|tx| navigate::effect(&model, tx))),
        Command::NextAttempt | Command::PreviousAttempt => {
            let next = untrack(|| lanes::selected_attempt(&model, page))
                .and_then(|i| navigate::in_lane(&model, i, command == Command::NextAttempt))
                .and_then(|i| model.attempt(i));
            match next {
                Some(attempt) => {
                    page.select_attempt(attempt.version.tx.0, attempt.version.incarnation.0);
                    lanes::reveal(page);
                }
                None => page.announce("Nothing further in this lane."),
            }
        }
        Command::Help | Command::Run | Command::Undo | Command::Redo => return false,
    }
    true
}

//! Keys of the whole page. Single letters can be switched off (WCAG 2.1.4).

use leptos::ev;
use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::lanes;
use crate::state::{Page, Selection, Tab, dom};
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
    let writing = dom::is_writing(event);
    if event.ctrl_key() || event.meta_key() {
        if event.alt_key() {
            return false;
        }
        return match event.key().as_str() {
            "Enter" => {
                page.run();
                true
            }
            "z" | "Z" if !writing => {
                if event.shift_key() {
                    page.redo();
                } else {
                    page.undo();
                }
                true
            }
            "y" if !writing => {
                page.redo();
                true
            }
            _ => false,
        };
    }
    let covered = [page.help, page.sharing, page.modelling, page.explaining];
    if event.alt_key() || covered.into_iter().any(|open| open.get_untracked()) {
        return false;
    }
    if event.key() == "Escape" {
        return escape(page, writing);
    }
    if writing || !page.letter_keys.get_untracked() {
        return false;
    }
    letter(page, event.key().as_str())
}

/// Out of the canvas first, then the measured selection goes.
fn escape(page: Page, writing: bool) -> bool {
    let active = dom::window().and_then(|w| w.document()).and_then(|d| d.active_element());
    let Some(active) = active else { return false };
    if active.id() == "lanes-overlay" || active.tag_name() == "svg" || writing {
        if let Ok(element) = wasm_bindgen::JsCast::dyn_into::<web_sys::HtmlElement>(active) {
            let _ = element.blur();
        }
        dom::focus("tab-transactions");
        return true;
    }
    if page.selection.get_untracked().location.is_some() {
        page.select(Selection { location: None, ..page.selection.get_untracked() });
        return true;
    }
    false
}

fn letter(page: Page, key: &str) -> bool {
    let Some(model) = page.model.get_untracked() else {
        if key == "?" {
            page.help.set(true);
        }
        return key == "?";
    };
    let tx = page.selection.get_untracked().tx;
    let go = |next: Option<u32>| {
        match next {
            Some(tx) => {
                page.select_tx(tx);
                lanes::reveal(page);
            }
            None => page.spoken.set("Nothing further that way.".to_owned()),
        }
        true
    };
    match key {
        "?" => {
            page.help.set(true);
            true
        }
        "/" => {
            page.tab.set(Tab::Transactions);
            // The field is there once the tab is.
            request_animation_frame(|| dom::focus("find"));
            true
        }
        "w" => {
            lanes::zoom(page, 1.5);
            true
        }
        "s" => {
            lanes::zoom(page, 1.0 / 1.5);
            true
        }
        "a" => {
            lanes::pan(page, -0.2);
            true
        }
        "d" => {
            lanes::pan(page, 0.2);
            true
        }
        "f" => {
            lanes::fit_selection(page);
            true
        }
        "c" => {
            page.show_path.update(|p| *p = !*p);
            true
        }
        "j" => go(navigate::in_block(&model, tx, true)),
        "k" => go(navigate::in_block(&model, tx, false)),
        "[" => go(tx.and_then(|tx| navigate::cause(&model, tx))),
        "]" => go(tx.and_then(|tx| navigate::effect(&model, tx))),
        "." | "," => {
            let next = untrack(|| lanes::selected_attempt(&model, page))
                .and_then(|i| navigate::in_lane(&model, i, key == "."))
                .and_then(|i| model.attempt(i));
            match next {
                Some(attempt) => {
                    page.select_attempt(attempt.version.tx.0, attempt.version.incarnation.0);
                    lanes::reveal(page);
                }
                None => page.spoken.set("Nothing further in this lane.".to_owned()),
            }
            true
        }
        _ => false,
    }
}

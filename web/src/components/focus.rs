//! The focus never falls to the page's beginning: where the control that has it is removed, hidden or disabled, it goes
//! to what takes that control's place (`view/focus.rs`).

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, Event, HtmlElement, MutationObserver, MutationObserverInit};

use crate::state::dom;
use crate::view::focus::successor;

/// What can have the focus by Tab.
const CONTROLS: &str =
    "a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea, [tabindex='0']";

/// The attribute of an element whose children are made anew all the time and that puts the focus back by itself: a
/// long table knows which row had it, and its rows come later than the next picture.
pub const KEEPS_FOCUS: &str = "data-keeps-focus";

/// How many controls are noted before and behind the one that has the focus. Tables have thousands.
const NEIGHBOURS: usize = 100;

/// The control that had the focus last, and what was around it.
#[derive(Clone)]
struct Last {
    /// The controls of the page or of the dialog in which it is, in their order.
    controls: Vec<HtmlElement>,
    at: usize,
    /// What it is in, innermost first.
    around: Vec<Element>,
}

impl Last {
    fn element(&self) -> Option<&HtmlElement> {
        self.controls.get(self.at)
    }

    fn dialog(&self) -> Option<&Element> {
        self.around.iter().find(|element| element.tag_name() == "DIALOG")
    }

    /// Whether it was in something that is still there and puts the focus back by itself: see [`KEEPS_FOCUS`].
    fn is_kept_elsewhere(&self) -> bool {
        self.around.iter().any(|around| around.has_attribute(KEEPS_FOCUS) && around.is_connected())
    }

    /// How deep the innermost element is that holds the other one as well.
    fn near(&self, other: &HtmlElement) -> usize {
        let shared = self.around.iter().position(|around| around.contains(Some(other)));
        shared.map_or(0, |outwards| self.around.len() - outwards)
    }
}

/// Starts to watch over the focus.
pub fn start() {
    let last: StoredValue<Option<Last>, LocalStorage> = StoredValue::new_local(None);
    // What had the focus before a dialog took it.
    let before: StoredValue<Option<Last>, LocalStorage> = StoredValue::new_local(None);
    let gained = window_event_listener(ev::focusin, move |e| {
        let Some(now) = target(&e).and_then(|element| note(&element)) else { return };
        if now.dialog().is_some() && last.with_value(|l| l.as_ref().is_some_and(|l| l.dialog().is_none())) {
            before.set_value(last.get_value());
        }
        last.set_value(Some(now));
    });
    let lost = window_event_listener(ev::focusout, move |e| {
        let Some(element) = target(&e).and_then(|e| e.dyn_into::<HtmlElement>().ok()) else { return };
        // Once it is known what the focus has gone to, and whether the control is still there.
        request_animation_frame(move || {
            // Another control may have had the focus since, and may be gone already: that one's note must stay.
            let had_it_last = || {
                last.try_with_value(|last| last.as_ref().is_some_and(|last| last.element() == Some(&element)))
            };
            if dom::has_no_focus() && is_usable(&element) && had_it_last().unwrap_or(false) {
                // Nobody took it away: a person clicked beside all controls.
                let _ = last.try_set_value(None);
            }
        });
    });
    let restore = move || {
        let Some(lost) = last.try_get_value().flatten() else { return };
        // A control that was switched off may keep the focus until the browser draws next.
        let elsewhere = |now: Element| lost.element().is_none_or(|own| now != *AsRef::<Element>::as_ref(own));
        if dom::focused().is_some_and(elsewhere) {
            return;
        }
        if lost.element().is_some_and(is_usable) || lost.is_kept_elsewhere() {
            return;
        }
        let next = after(&lost).or_else(|| before.get_value().and_then(|before| after(&before)));
        if let Some(next) = next {
            let _ = next.focus();
        }
    };
    // Not every browser says that the focus is lost with its element.
    let changed: Closure<dyn FnMut()> = Closure::new(move || request_animation_frame(restore));
    let options = MutationObserverInit::new();
    options.set_child_list(true);
    options.set_subtree(true);
    options.set_attribute_filter(&js_sys::Array::of3(&"disabled".into(), &"open".into(), &"class".into()));
    let body = dom::window().and_then(|w| w.document()).and_then(|d| d.body());
    if let (Some(body), Ok(observer)) = (body, MutationObserver::new(changed.as_ref().unchecked_ref())) {
        let _ = observer.observe_with_options(&body, &options);
        // It watches for as long as the page is there.
        changed.forget();
    }
    on_cleanup(move || {
        gained.remove();
        lost.remove();
    });
}

fn target(event: &Event) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

fn note(element: &Element) -> Option<Last> {
    let around: Vec<Element> =
        std::iter::successors(element.parent_element(), |element| element.parent_element()).collect();
    let dialog = around.iter().find(|element| element.tag_name() == "DIALOG");
    let mut controls = controls(dialog);
    let at = controls.iter().position(|control| AsRef::<Element>::as_ref(control) == element)?;
    controls.truncate(at + NEIGHBOURS);
    let controls = controls.split_off(at.saturating_sub(NEIGHBOURS));
    Some(Last { controls, at: at.min(NEIGHBOURS), around })
}

/// What takes the place of a control that is lost.
fn after(lost: &Last) -> Option<HtmlElement> {
    if let Some(control) = lost.element().filter(|control| is_usable(control)) {
        return Some(control.clone());
    }
    let now = controls(lost.dialog());
    // Elements are numbered: those from before by their places, new ones behind them.
    let known = lost.controls.len();
    let before: Vec<usize> = (0..known).collect();
    let there: Vec<usize> = now
        .iter()
        .enumerate()
        .map(|(i, element)| lost.controls.iter().position(|other| other == element).unwrap_or(known + i))
        .collect();
    let element = |i: usize| lost.controls.get(i).or_else(|| now.get(i.checked_sub(known)?));
    let next = successor(&before, lost.at, &there, |i| element(i).map_or(0, |element| lost.near(element)))?;
    element(next).cloned()
}

/// The controls of the page that can have the focus now, or of a dialog.
fn controls(within: Option<&Element>) -> Vec<HtmlElement> {
    let root = within.cloned().or_else(dom::root);
    let Some(Ok(found)) = root.map(|root| root.query_selector_all(CONTROLS)) else { return Vec::new() };
    (0..found.length())
        .filter_map(|i| found.item(i)?.dyn_into::<HtmlElement>().ok())
        .filter(is_usable)
        .collect()
}

fn is_usable(element: &HtmlElement) -> bool {
    let hidden = element.offset_width() == 0 && element.tag_name() != "svg";
    element.is_connected()
        && !hidden
        && element.tab_index() >= 0
        && element.matches(CONTROLS).unwrap_or(false)
}

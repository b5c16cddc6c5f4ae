//! The body of a long table: beyond a number of rows only those near what is in sight exist (`view/rows.rs`).
//!
//! A row's element is that row's for as long as it is drawn, so that the focus stays on it. The arrows, Page Up, Page
//! Down, Home and End take the focus from row to row, also to rows that were not drawn before; Tab goes through every
//! control of every row.

use std::hash::Hash;

use leptos::html::Tbody;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{
    Element, Event, FocusEvent, FocusOptions, HtmlElement, KeyboardEvent, ResizeObserver,
    ScrollIntoViewOptions, ScrollLogicalPosition,
};

use crate::state::dom;
use crate::view::rows::{self, Slot, Window};

/// Before any row was drawn.
const FIRST: Window = Window { top: 0.0, height: 600.0, row: 29.0 };

/// The control that has the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Focused {
    /// The row's position.
    at: usize,
    /// Its cell, from 0.
    cell: usize,
    /// Which of the cell's controls, from 0.
    control: usize,
}

/// An event of the panel, and what it calls.
type Listener = (&'static str, Closure<dyn FnMut(Event)>);

/// What the panel calls.
struct Watch {
    panel: HtmlElement,
    listeners: Vec<Listener>,
    observer: Option<ResizeObserver>,
}

/// A table and where the reader is in it.
#[derive(Clone, Copy)]
struct State {
    /// How many rows there are, drawn or not.
    all: Signal<usize>,
    limit: usize,
    body: NodeRef<Tbody>,
    window: RwSignal<Window>,
    /// The control of a row that has the focus.
    focused: StoredValue<Option<Focused>>,
    /// Whether its row was scrolled so far away that it is no longer drawn. The panel has the focus for it, until a key
    /// leads back.
    away: StoredValue<bool>,
}

/// The rows of a table in the panel of the tabs, as its `<tbody>`.
#[component]
pub fn Rows<K, F>(
    /// What identifies each row, in their order.
    keys: Signal<Vec<K>>,
    /// Changes whenever rows of the same keys have another content.
    #[prop(into)]
    generation: Signal<usize>,
    /// Up to this many rows are all drawn.
    limit: usize,
    /// Number of columns.
    columns: u32,
    /// The key of a row that is scrolled into sight whenever this changes.
    reveal: Signal<Option<K>>,
    /// Makes a row from its position and its key. It has the attribute `aria-rowindex`, its position plus 2.
    row: F,
) -> impl IntoView
where
    K: Copy + Eq + Hash + Send + Sync + 'static,
    F: Fn(usize, K) -> AnyView + Clone + Send + 'static,
{
    let body: NodeRef<Tbody> = NodeRef::new();
    let window = RwSignal::new(FIRST);
    let (focused, away) = (StoredValue::new(None), StoredValue::new(false));
    let all = Signal::derive(move || keys.with(Vec::len));
    let state = State { all, limit, body, window, focused, away };
    watch(state);

    let slots = Memo::new(move |_| rows::slots(all.get(), limit, window.get()));
    let each = move || {
        let generation = generation.get();
        keys.with(|keys| {
            let key = |slot: &Slot| match slot {
                Slot::Row(at) => keys.get(*at).copied(),
                Slot::Gap { .. } => None,
            };
            slots.with(|slots| slots.iter().map(|s| (*s, key(s), generation)).collect::<Vec<_>>())
        })
    };
    // Rows may have been made anew while one of them had the focus.
    Effect::new(move |_| {
        generation.track();
        slots.track();
        request_animation_frame(move || state.restore());
    });
    Effect::new(move |_| {
        let Some(key) = reveal.get() else { return };
        if body.get().is_some()
            && let Some(at) = keys.with_untracked(|keys| keys.iter().position(|k| *k == key))
        {
            state.show(at);
        }
    });

    let focus_in = move |e: FocusEvent| {
        let Some(target) = e.target().and_then(|t| t.dyn_into::<Element>().ok()) else { return };
        if let Some(place) = place_of(&target, focused.get_value().unwrap_or_default()) {
            focused.set_value(Some(place));
            away.set_value(false);
        }
    };
    let focus_out = move |e: FocusEvent| {
        let Some(target) = e.target().and_then(|t| t.dyn_into::<Element>().ok()) else { return };
        // An element that is removed loses the focus, too. That is known only once it is gone.
        request_animation_frame(move || state.left(&target));
    };
    let key_down = move |e: KeyboardEvent| state.key(&e);
    view! {
        <tbody node_ref=body data-keeps-focus="" on:focusin=focus_in on:focusout=focus_out on:keydown=key_down>
            <For each key=|slot| *slot children=move |(slot, key, _)| match (slot, key) {
                (Slot::Row(at), Some(key)) => row(at, key),
                (Slot::Gap { rows, .. }, _) => view! {
                    <tr class="spacer" aria-hidden="true">
                        <td colspan=columns style:height=move || format!("{}px", rows as f64 * window.get().row)></td>
                    </tr>
                }.into_any(),
                (Slot::Row(_), None) => ().into_any(),
            }/>
        </tbody>
    }
}

impl State {
    /// Where the table stands now; `None` while it is not there.
    fn look(self) -> Option<Window> {
        let (body, panel) = (self.body.try_get_untracked()??, panel()?);
        let drawn = body.query_selector("tr:not(.spacer)").ok().flatten();
        // Not `offsetHeight`: rounded to whole pixels, a thousand rows would be hundreds of pixels off.
        let row = drawn.map(|row| row.get_bounding_client_rect().height()).filter(|height| *height > 0.0);
        Some(Window {
            top: panel.get_bounding_client_rect().top() - body.get_bounding_client_rect().top(),
            height: f64::from(panel.client_height()),
            row: row.or_else(|| Some(self.window.try_get_untracked()?.row))?,
        })
    }

    /// Draws what is near what is in sight now.
    fn follow(self) {
        let Some(now) = self.look() else { return };
        let (first, last) = now.drawn(self.all.get_untracked(), self.limit);
        let has_focus = dom::focused().is_some_and(|focused| self.holds(&focused));
        if has_focus && self.focused.get_value().is_some_and(|focused| !(first..last).contains(&focused.at)) {
            self.away.set_value(true);
            focus_without_scrolling(panel());
        }
        self.window.set(now);
    }

    fn holds(self, element: &Element) -> bool {
        self.body.try_get_untracked().flatten().is_some_and(|body| body.contains(Some(element)))
    }

    /// Scrolls the row at that position into sight if it is not.
    fn show(self, at: usize) {
        let (Some(panel), Some(Window { top, height, row })) = (panel(), self.look()) else { return };
        // Below the heading, which covers as much as a row.
        let y = at as f64 * row - top;
        if y < row || y + row > height {
            panel.set_scroll_top((f64::from(panel.scroll_top()) + y - height / 2.0 + row).max(0.0) as i32);
        }
    }

    /// Takes the focus to another row, if the key means that.
    fn key(self, e: &KeyboardEvent) {
        if e.ctrl_key() || e.alt_key() || e.meta_key() || e.shift_key() {
            return;
        }
        let Some(from) = self.focused.get_value() else { return };
        let (all, Some(window)) = (self.all.get_untracked(), self.look()) else { return };
        let Some(at) = rows::step(&e.key(), from.at, all, window) else { return };
        e.prevent_default();
        e.stop_propagation();
        let to = Focused { at, ..from };
        let (first, last) = window.drawn(all, self.limit);
        if (first..last).contains(&at) && !self.away.get_value() {
            land(self.body, to);
            return;
        }
        // It is drawn first.
        self.show(at);
        self.follow();
        self.focused.set_value(Some(to));
        request_animation_frame(move || land(self.body, to));
    }

    /// The control that had the focus has lost it.
    fn left(self, control: &Element) {
        if self.away.try_get_value() != Some(false) || dom::focused().is_some_and(|now| self.holds(&now)) {
            return;
        }
        if control.is_connected() || !dom::has_no_focus() {
            self.focused.set_value(None);
        } else {
            self.restore();
        }
    }

    /// Gives the focus back to a row that was made anew.
    fn restore(self) {
        if let Some(lost) = self.focused.try_get_value().flatten().filter(|_| dom::has_no_focus()) {
            land(self.body, lost);
        }
    }
}

/// Follows the panel as long as the table is in it.
fn watch(state: State) {
    let watch: StoredValue<Option<Watch>, LocalStorage> = StoredValue::new_local(None);
    let stop = move || {
        let Some(Watch { panel, listeners, observer }) = watch.try_update_value(Option::take).flatten()
        else {
            return;
        };
        for (event, listener) in &listeners {
            let _ = panel.remove_event_listener_with_callback(event, listener.as_ref().unchecked_ref());
        }
        if let Some(observer) = observer {
            observer.disconnect();
        }
    };
    Effect::new(move |_| {
        let (Some(body), Some(panel)) = (state.body.get(), panel()) else { return };
        stop();
        let key = move |e: Event| {
            if state.away.try_get_value() == Some(true)
                && let Some(e) = e.dyn_ref::<KeyboardEvent>()
            {
                state.key(e);
            }
        };
        let blur = move |_| {
            if state.away.try_get_value() == Some(true) {
                state.away.set_value(false);
                state.focused.set_value(None);
            }
        };
        let listeners: Vec<Listener> = vec![
            ("scroll", Closure::new(move |_| state.follow())),
            ("keydown", Closure::new(key)),
            ("blur", Closure::new(blur)),
        ];
        for (event, listener) in &listeners {
            let _ = panel.add_event_listener_with_callback(event, listener.as_ref().unchecked_ref());
        }
        // Rows become higher with the reader's font, and the panel with the window.
        let observer =
            listeners.first().and_then(|(_, l)| ResizeObserver::new(l.as_ref().unchecked_ref()).ok());
        if let Some(observer) = &observer {
            observer.observe(&panel);
            observer.observe(&body);
        }
        watch.set_value(Some(Watch { panel, listeners, observer }));
        state.follow();
    });
    on_cleanup(stop);
}

/// Which row, cell and control an element is. A row that has the focus itself is at the cell of the one before.
fn place_of(element: &Element, before: Focused) -> Option<Focused> {
    let row = element.closest("tr").ok()??;
    let at = row.get_attribute("aria-rowindex")?.parse::<usize>().ok()?.checked_sub(2)?;
    if row == *element {
        return Some(Focused { at, ..before });
    }
    let cells = row.children();
    let cell = (0..cells.length()).find(|i| cells.item(*i).is_some_and(|c| c.contains(Some(element))))?;
    let control = controls(&cells.item(cell)?).iter().position(|c| c == element).unwrap_or(0);
    Some(Focused { at, cell: cell as usize, control })
}

/// Gives the focus to a control, or to what is nearest to it in its row.
fn land(body: NodeRef<Tbody>, place: Focused) {
    let Some(body) = body.try_get_untracked().flatten() else { return };
    let Ok(Some(row)) = body.query_selector(&format!("tr[aria-rowindex=\"{}\"]", place.at + 2)) else {
        return;
    };
    let in_cell = row.children().item(place.cell as u32).map(|cell| controls(&cell)).unwrap_or_default();
    let control = in_cell.get(place.control).or(in_cell.last()).cloned();
    let element = control.or_else(|| controls(&row).into_iter().next()).unwrap_or(row);
    let Ok(element) = element.dyn_into::<HtmlElement>() else { return };
    focus_without_scrolling(Some(element.clone()));
    // As little as is needed; browsers put what gets the focus into the middle.
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Nearest);
    options.set_inline(ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&options);
}

fn focus_without_scrolling(element: Option<HtmlElement>) {
    let options = FocusOptions::new();
    options.set_prevent_scroll(true);
    if let Some(element) = element {
        let _ = element.focus_with_options(&options);
    }
}

fn controls(element: &Element) -> Vec<Element> {
    let Ok(found) = element.query_selector_all("button") else { return Vec::new() };
    (0..found.length()).filter_map(|i| found.item(i)?.dyn_into().ok()).collect()
}

fn panel() -> Option<HtmlElement> {
    dom::by_id("tab-panel")
}

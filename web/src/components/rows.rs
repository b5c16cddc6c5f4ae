//! Long tables: beyond a number of rows only the visible ones exist.

use leptos::html::Tbody;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::HtmlElement;

/// A row's height before any was drawn, in CSS pixels.
const ROW: f64 = 29.0;

/// Where the panel of the tabs stands that a table scrolls in.
#[derive(Clone, Copy)]
pub struct Rows {
    /// Beyond this many rows only the visible ones exist.
    most: usize,
    top: RwSignal<f64>,
    height: RwSignal<f64>,
    row: RwSignal<f64>,
}

impl Rows {
    /// Follows the panel as long as `body` stands in it. Up to `most` rows all of them are drawn.
    pub fn of(body: NodeRef<Tbody>, most: usize) -> Self {
        let this =
            Self { most, top: RwSignal::new(0.0), height: RwSignal::new(600.0), row: RwSignal::new(ROW) };
        let follow = move || {
            if let Some(panel) = panel() {
                this.top.set(f64::from(panel.scroll_top()));
                this.height.set(f64::from(panel.client_height()).max(200.0));
            }
            let drawn = body.get_untracked().and_then(|body| {
                body.query_selector("tr:not(.spacer)").ok()??.dyn_into::<HtmlElement>().ok()
            });
            if let Some(drawn) = drawn
                && drawn.offset_height() > 0
            {
                this.row.set(f64::from(drawn.offset_height()));
            }
        };
        let scrolled: StoredValue<Option<Closure<dyn FnMut()>>, LocalStorage> = StoredValue::new_local(None);
        Effect::new(move |_| {
            if body.get().is_some()
                && let Some(panel) = panel()
            {
                let closure: Closure<dyn FnMut()> = Closure::new(follow);
                let _ = panel.add_event_listener_with_callback("scroll", closure.as_ref().unchecked_ref());
                scrolled.set_value(Some(closure));
                follow();
            }
        });
        on_cleanup(move || {
            if let (Some(panel), Some(closure)) = (panel(), scrolled.try_update_value(Option::take).flatten())
            {
                let _ = panel.remove_event_listener_with_callback("scroll", closure.as_ref().unchecked_ref());
            }
        });
        this
    }

    /// Which of so many rows are drawn: from, to.
    pub fn visible(self, all: usize) -> (usize, usize) {
        if all <= self.most {
            return (0, all);
        }
        let row = self.row.get();
        let first = ((self.top.get() / row) as usize).saturating_sub(10).min(all);
        (first, (first + (self.height.get() / row) as usize + 22).min(all))
    }

    /// Scrolls a row into sight.
    pub fn show(self, at: usize) {
        let Some(panel) = panel() else { return };
        let row = self.row.get_untracked();
        let (y, seen, room) =
            (at as f64 * row, f64::from(panel.scroll_top()), f64::from(panel.client_height()));
        if y < seen || y + 2.0 * row > seen + room {
            panel.set_scroll_top((y - room / 2.0 + row).max(0.0) as i32);
        }
    }

    /// What stands in the place of so many rows.
    pub fn spacer(self, rows: usize, columns: u32) -> Option<impl IntoView> {
        (rows > 0).then(|| {
            view! {
                <tr class="spacer" aria-hidden="true"><td colspan=columns style:height=move || format!("{}px", rows as f64 * self.row.get())></td></tr>
            }
        })
    }
}

fn panel() -> Option<HtmlElement> {
    web_sys::window()?.document()?.get_element_by_id("tab-panel")?.dyn_into().ok()
}

//! The page of EVM Lanes: Leptos, rendered in the browser.
//!
//! ```text
//! engine ── events ─▶ state ─▶ view (pure) ─▶ paint, components
//!    ▲                  ▲                          │
//!    └──── requests ────┴────────── intents ───────┘
//! ```

mod components;
mod embed;
mod engine;
mod paint;
mod state;

use components::App;
use evm_lanes_view as view;
use leptos::mount::mount_to;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

fn main() {
    // In the optimised build a panic is a trap without words.
    #[cfg(not(split))]
    console_error_panic_hook::set_once();
    // Before there is any table. It is enough that nobody who makes a link knows the numbers.
    evm_lanes_core::tables::seed(std::array::from_fn(|_| js_sys::Math::random().to_bits()));
    let Some(root) = web_sys::window()
        .and_then(|w| w.document())
        .and_then(|d| d.get_element_by_id("app"))
        .and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok())
    else {
        return;
    };
    // Not the spawner of Leptos, which is there only once something is mounted.
    wasm_bindgen_futures::spawn_local(async move {
        let (query, fragment) = state::link::query_and_fragment();
        if evm_lanes_session::late::is_needed(&query, &fragment) {
            // If it does not come, the page says that it could not open its address.
            components::late::load().await;
        }
        let recorded = state::recorded::load().await;
        // What stood there until now was for the time in which the page's own code was on its way.
        root.set_inner_html("");
        mount_to(root, move || view! { <App recorded/> }).forget();
    });
}

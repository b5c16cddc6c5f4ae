//! The address bar.

use std::time::Duration;

use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use wasm_bindgen::JsValue;

use super::dom;

/// How long the address waits for the next change. Browsers refuse a page that writes its address too often.
const PAUSE: Duration = Duration::from_millis(350);

/// The page's address without query and fragment.
pub fn base() -> String {
    let Some(location) = dom::window().map(|w| w.location()) else { return String::new() };
    format!("{}{}", location.origin().unwrap_or_default(), location.pathname().unwrap_or_default())
}

/// What the address says behind that.
pub fn query_and_fragment() -> (String, String) {
    let Some(location) = dom::window().map(|w| w.location()) else { return Default::default() };
    (location.search().unwrap_or_default(), location.hash().unwrap_or_default())
}

/// Writes the address, as a new step of the browser's history or in place.
pub fn write(link: &str, push: bool) {
    let Some(window) = dom::window() else { return };
    let (Ok(history), Ok(href)) = (window.history(), window.location().href()) else { return };
    let address = format!("{}{link}", base());
    if address == href {
        return;
    }
    // A browser that refuses (too often, too long) leaves the address as it was; sharing still works.
    let _ = if push {
        history.push_state_with_url(&JsValue::NULL, "", Some(&address))
    } else {
        history.replace_state_with_url(&JsValue::NULL, "", Some(&address))
    };
}

/// When the address is written next.
#[derive(Debug, Default)]
pub struct Address(Option<TimeoutHandle>);

impl Address {
    /// Calls `due` after a pause, unless this is called again before.
    pub fn write_soon(&mut self, due: impl FnOnce() + 'static) {
        if let Some(waiting) = self.0.take() {
            waiting.clear();
        }
        self.0 = set_timeout_with_handle(due, PAUSE).ok();
    }
}

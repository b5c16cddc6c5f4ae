//! How finely the screen draws and how large the reader wants text. Both change while the page is open: another screen,
//! another zoom, another setting of the browser.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::ResizeObserver;

use super::dom;

/// What pictures are scaled by.
///
/// Their layout is made for a font size of 16 pixels, in units that are a sixteenth of the reader's font size: CSS pixels
/// unless the reader wants text larger or smaller. So pictures grow with the text around them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Screen {
    /// Device pixels in a CSS pixel.
    pub ratio: f64,
    /// CSS pixels in a unit.
    pub text: f64,
}

impl Screen {
    /// As it is now.
    pub fn read() -> Self {
        let Some(window) = dom::window() else { return Self { ratio: 1.0, text: 1.0 } };
        let size = dom::root()
            .and_then(|root| window.get_computed_style(&root).ok()?)
            .and_then(|style| style.get_property_value("font-size").ok())
            // By the browser: Rust's own reader of numbers has a table of 10 kB, and nothing else of the page's start needs it.
            .map(|size| js_sys::parse_float(&size))
            .filter(|size| size.is_finite());
        Self {
            ratio: window.device_pixel_ratio().clamp(1.0, 4.0),
            text: size.map_or(1.0, |size| (size / 16.0).clamp(0.5, 8.0)),
        }
    }

    /// Device pixels in a unit.
    pub fn scale(self) -> f64 {
        self.ratio * self.text
    }
}

fn update(screen: RwSignal<Screen>) {
    let now = Screen::read();
    if screen.try_get_untracked().is_some_and(|before| before != now) {
        screen.set(now);
    }
}

/// Keeps `screen` as it is now, for as long as the page is there. `probe` is an element whose size follows the
/// reader's font size.
pub fn follow(screen: RwSignal<Screen>, probe: &web_sys::Element) {
    follow_ratio(screen);
    let changed: Closure<dyn FnMut()> = Closure::new(move || update(screen));
    if let Ok(observer) = ResizeObserver::new(changed.as_ref().unchecked_ref()) {
        observer.observe(probe);
        changed.forget();
    }
}

/// No event says that the ratio has changed; only that it is no longer what it was.
fn follow_ratio(screen: RwSignal<Screen>) {
    let Some(window) = dom::window() else { return };
    let query = format!("(resolution: {}dppx)", window.device_pixel_ratio());
    let Ok(Some(query)) = window.match_media(&query) else { return };
    let changed = Closure::once_into_js(move || {
        update(screen);
        follow_ratio(screen);
    });
    let options = web_sys::AddEventListenerOptions::new();
    options.set_once(true);
    let _ = query.add_event_listener_with_callback_and_add_event_listener_options(
        "change",
        changed.unchecked_ref(),
        &options,
    );
}

//! Light, dark, or as the system has it.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::dom;

/// Which colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The next one, in the order of the button.
    pub fn next(self) -> Self {
        match self {
            Self::System if system_is_dark() => Self::Light,
            Self::System | Self::Light => Self::Dark,
            Self::Dark => Self::Light,
        }
    }

    /// For storage and the root's attribute.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Whether it looks dark now.
    pub fn is_dark(self) -> bool {
        match self {
            Self::System => system_is_dark(),
            Self::Light => false,
            Self::Dark => true,
        }
    }
}

fn system_is_dark() -> bool {
    dom::window()
        .and_then(|w| w.match_media("(prefers-color-scheme: dark)").ok().flatten())
        .is_some_and(|m| m.matches())
}

/// What was chosen last.
pub fn stored() -> Theme {
    match dom::stored("theme").as_deref() {
        Some("light") => Theme::Light,
        Some("dark") => Theme::Dark,
        _ => Theme::System,
    }
}

/// Tells the style sheet.
pub fn apply(theme: Theme) {
    if let Some(root) = dom::root() {
        let _ = root.set_attribute("data-theme", theme.name());
    }
}

/// Calls `changed` whenever the system changes between light and dark, or forces its own colours on the page.
pub fn on_system_change(changed: impl Fn() + Clone + 'static) {
    for query in ["(prefers-color-scheme: dark)", "(forced-colors: active)"] {
        let Some(query) = dom::window().and_then(|w| w.match_media(query).ok().flatten()) else { continue };
        let closure: Closure<dyn FnMut()> = Closure::new(changed.clone());
        if query.add_event_listener_with_callback("change", closure.as_ref().unchecked_ref()).is_ok() {
            // It listens for as long as the page is there.
            closure.forget();
        }
    }
}

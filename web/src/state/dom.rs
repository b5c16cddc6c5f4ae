//! Small questions to the browser. Storage may be forbidden; then nothing is kept.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlElement, Window};

/// The window. Without one there is no page, and nothing here is called.
pub fn window() -> Option<Window> {
    web_sys::window()
}

/// The page's root element.
pub fn root() -> Option<Element> {
    window()?.document()?.document_element()
}

/// What time it is, in milliseconds, on a clock that never goes back.
pub fn now() -> f64 {
    window().and_then(|w| w.performance()).map_or(0.0, |performance| performance.now())
}

/// The machine's cores, as far as the browser tells; at least 1.
pub fn cores() -> u16 {
    window().map_or(1, |w| w.navigator().hardware_concurrency().clamp(1.0, 64.0) as u16)
}

const PREFIX: &str = "evm-lanes.";

/// What was kept under that name. A frame in another page keeps nothing: what a person keeps is the page's own.
pub fn stored(name: &str) -> Option<String> {
    if crate::embed::is_framed() {
        return None;
    }
    window()?.local_storage().ok()??.get_item(&format!("{PREFIX}{name}")).ok()?
}

/// Keeps a value, or forgets it. A full or forbidden storage is no reason to stop.
pub fn store(name: &str, value: Option<&str>) {
    if crate::embed::is_framed() {
        return;
    }
    let Some(storage) = window().and_then(|w| w.local_storage().ok().flatten()) else { return };
    let name = format!("{PREFIX}{name}");
    let _ = match value {
        Some(value) => storage.set_item(&name, value),
        None => storage.remove_item(&name),
    };
}

/// The role of a part of the page that is a landmark. In a frame it is none: several frames on a page would give that page
/// several landmarks of the same name.
pub fn landmark() -> Option<&'static str> {
    crate::embed::is_framed().then_some("group")
}

/// Whether a key stroke belongs to a field in which text is written.
pub fn is_writing(event: &web_sys::Event) -> bool {
    event.target().and_then(|t| t.dyn_into::<HtmlElement>().ok()).is_some_and(|e| {
        matches!(e.tag_name().as_str(), "TEXTAREA" | "SELECT")
            || (e.tag_name() == "INPUT"
                && !matches!(
                    e.get_attribute("type").as_deref(),
                    Some("checkbox" | "range" | "button" | "file")
                ))
            || e.is_content_editable()
    })
}

/// The element of that id.
pub fn by_id(id: &str) -> Option<HtmlElement> {
    window()?.document()?.get_element_by_id(id)?.dyn_into().ok()
}

/// Moves the focus to the element of that id.
pub fn focus(id: &str) {
    if let Some(element) = by_id(id) {
        let _ = element.focus();
    }
}

/// The element that has the focus; `None` if it is the page as a whole.
pub fn focused() -> Option<Element> {
    window()?.document()?.active_element().filter(|e| !matches!(e.tag_name().as_str(), "BODY" | "HTML"))
}

/// Whether no element has the focus.
pub fn has_no_focus() -> bool {
    focused().is_none()
}

/// Puts a text into the clipboard; whether the browser allowed that. Pages that are not secure have no clipboard.
pub async fn copy(text: &str) -> bool {
    let Some(navigator) = window().map(|w| w.navigator()) else { return false };
    match js_sys::Reflect::get(&navigator, &"clipboard".into()) {
        Ok(clipboard) if !clipboard.is_undefined() => {}
        _ => return false,
    }
    JsFuture::from(navigator.clipboard().write_text(text)).await.is_ok()
}

/// Offers `bytes` as a file of that MIME type.
pub fn save(name: &str, kind: &str, bytes: &[u8]) {
    let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(bytes));
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(kind);
    if let Ok(blob) = web_sys::Blob::new_with_u8_array_sequence_and_options(&parts, &options) {
        save_blob(name, &blob);
    }
}

/// Offers `blob` as a file.
pub fn save_blob(name: &str, blob: &web_sys::Blob) {
    let Ok(url) = web_sys::Url::create_object_url_with_blob(blob) else { return };
    if let Some(link) = window()
        .and_then(|w| w.document())
        .and_then(|d| d.create_element("a").ok())
        .and_then(|e| e.dyn_into::<web_sys::HtmlAnchorElement>().ok())
    {
        link.set_href(&url);
        link.set_download(name);
        link.click();
    }
    let _ = web_sys::Url::revoke_object_url(&url);
}

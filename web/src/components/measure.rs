//! How large an element is, followed as it changes.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, ResizeObserver};

use crate::state::{Screen, Slice};

/// An observer, and what it calls.
type Watch = (ResizeObserver, Closure<dyn FnMut()>);

/// Width and height of an element, in the units of pictures ([`Screen`]); zero before it is there.
pub fn size_of<E>(node: NodeRef<E>, screen: Slice<Screen>) -> Memo<(f64, f64)>
where
    E: leptos::html::ElementType + 'static,
    E::Output: JsCast + Clone + AsRef<Element> + 'static,
{
    // In CSS pixels.
    let size = RwSignal::new((0.0, 0.0));
    let kept: StoredValue<Option<Watch>, LocalStorage> = StoredValue::new_local(None);
    Effect::new(move |_| {
        let Some(element) = node.get() else { return };
        let element: Element = AsRef::<Element>::as_ref(&element).clone();
        let watched = element.clone();
        let read = move || {
            let now = (f64::from(watched.client_width()), f64::from(watched.client_height()));
            if size.try_get_untracked().is_some_and(|before| before != now) {
                size.set(now);
            }
        };
        read();
        let closure: Closure<dyn FnMut()> = Closure::new(read);
        if let Ok(observer) = ResizeObserver::new(closure.as_ref().unchecked_ref()) {
            observer.observe(&element);
            // The one before goes on calling otherwise, though what it calls is gone.
            if let Some((before, _)) =
                kept.try_update_value(|kept| kept.replace((observer, closure))).flatten()
            {
                before.disconnect();
            }
        }
    });
    on_cleanup(move || {
        if let Some((observer, _)) = kept.try_update_value(Option::take).flatten() {
            observer.disconnect();
        }
    });
    Memo::new(move |_| {
        let ((width, height), text) = (size.get(), screen.get().text);
        (width / text, height / text)
    })
}

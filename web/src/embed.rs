//! The page around this frame: its messages in, ours out, and how high the frame's page is. What the messages say is read
//! and written in [`evm_lanes_session::embed`]; here they are plain objects and texts of JSON, by the browser's own `JSON`,
//! which knows neither functions nor cycles.
//!
//! Only the window around the frame is heard, and answers go to that window and to the origin that it had when it asked.
//! Before it has said anything, nothing is sent.

use evm_lanes_session::embed::{Code, MARK, Rate, Refusal, Verdict, resize};
use js_sys::{JSON, Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, ResizeObserver, Window};

use crate::state::dom;

/// The frame's end of the messages.
#[derive(Debug, Default)]
pub struct Frame {
    /// The origin of the page around it, once it has sent a message; `*` where that has none that could be named.
    origin: Option<String>,
    rate: Rate,
    /// The height that the page around it was told.
    height: u32,
    /// Pictures that are being painted.
    pictures: u32,
}

/// The most pictures that are painted at a time: each is a canvas.
const MOST_PICTURES: u32 = 4;

/// Whether this is `embed.html`.
pub fn is_framed() -> bool {
    dom::root().is_some_and(|root| root.has_attribute("data-embed"))
}

/// The window around this one.
fn around() -> Option<Window> {
    let own = dom::window()?;
    let parent = own.parent().ok()??;
    // A window without one around it is its own.
    (!Object::is(&own, &parent)).then_some(parent)
}

impl Frame {
    /// A picture is to be painted; whether there is room for it.
    pub fn begin_picture(&mut self) -> bool {
        let has_room = self.pictures < MOST_PICTURES;
        self.pictures += u32::from(has_room);
        has_room
    }

    /// A picture for which there was room is painted.
    pub fn end_picture(&mut self) {
        self.pictures = self.pictures.saturating_sub(1);
    }

    /// Sends a message, as text of JSON, to the page around this frame, if that has asked for any.
    pub fn post(&self, text: &str) {
        let (Some(origin), Some(around), Ok(message)) = (&self.origin, around(), JSON::parse(text)) else {
            return;
        };
        // Fails where the page around it is another one by now, which has asked for nothing.
        let _ = around.post_message(&message, origin);
    }

    /// The text of a message that is to be taken, or why it is refused; `None` if it is none of ours.
    fn hear(&mut self, event: &MessageEvent) -> Option<Result<String, Refusal>> {
        let (around, source) = (around()?, event.source()?);
        let message = event.data();
        if !Object::is(&around, &source)
            || !message.is_object()
            || !Reflect::has(&message, &MARK.into()).unwrap_or(false)
        {
            return None;
        }
        let origin = event.origin();
        // A page that is kept apart has no origin that could be named. It gets an answer nevertheless: it has asked.
        self.origin = Some(if origin == "null" { "*".to_owned() } else { origin });
        let now = dom::window()?.performance()?.now();
        match self.rate.take(now) {
            Verdict::Take => {}
            Verdict::Refuse => {
                return Some(Err(Refusal::new(Code::Busy, "too many messages: some are not taken")));
            }
            Verdict::Drop => return None,
        }
        let text = JSON::stringify(&message).ok().and_then(|text| text.as_string());
        let wrong = "a message may hold objects, lists, texts, numbers, true, false and null";
        Some(text.ok_or_else(|| Refusal::new(Code::Field, wrong)))
    }
}

/// Where the frame's end of the messages is kept.
pub trait Access: Clone + 'static {
    /// Reads or changes it.
    fn with<R>(&self, act: impl FnOnce(&mut Frame) -> R) -> Option<R>;
    /// Takes the text of a message.
    fn take(&self, text: String);
    /// Answers a message that is not taken.
    fn refuse(&self, refusal: Refusal);
    /// Whether the frame is as high as what is in it.
    fn is_high_as_content(&self) -> bool;
}

/// Listens for as long as the page is there. `app` is the element that all of the page is in.
pub fn start(access: impl Access) {
    let Some(window) = dom::window() else { return };
    let of_messages = access.clone();
    let listener = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        match of_messages.with(|frame| frame.hear(&event)).flatten() {
            Some(Ok(text)) => {
                of_messages.take(text);
                tell_height(&of_messages);
            }
            Some(Err(refusal)) => of_messages.refuse(refusal),
            None => {}
        }
    });
    // Fails for no event name known.
    let _ = window.add_event_listener_with_callback("message", listener.as_ref().unchecked_ref());
    listener.forget();

    let Some(app) = dom::by_id("app") else { return };
    let resized: Closure<dyn FnMut()> = Closure::new(move || tell_height(&access));
    if let Ok(observer) = ResizeObserver::new(resized.as_ref().unchecked_ref()) {
        observer.observe(&app);
        resized.forget();
    }
}

fn tell_height(access: &impl Access) {
    let Some(app) = dom::by_id("app").filter(|_| access.is_high_as_content()) else { return };
    // With what may stand above it, such as the notice of a page that was built quickly.
    let above = dom::window().and_then(|window| window.scroll_y().ok()).unwrap_or_default();
    let height = (app.get_bounding_client_rect().bottom() + above).ceil() as u32;
    access.with(|frame| {
        if frame.origin.is_some() && height > 0 && frame.height != height {
            frame.height = height;
            frame.post(&resize(height));
        }
    });
}

//! What the session wants done outside: engine, address bar, storage, files.

use evm_lanes_session::{Effect, Event, embed};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{Page, dom, image, link, recorded};
use crate::embed::Frame;
use crate::engine::EngineClient;
use crate::view::svg::{self, SvgOptions};

impl Page {
    /// Does what is to be done outside. The engine may answer from within, so nothing is borrowed here.
    pub(super) fn perform(self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send(request) => self.with_client(|client| client.send(request)),
                Effect::CancelRequests => self.with_client(EngineClient::cancel),
                Effect::RestartEngine { reason } => self.with_client(|client| client.restart(&reason)),
                Effect::WriteLink { link, push } => link::write(&link, push),
                Effect::WriteLinkSoon => {
                    self.address.update_value(|address| address.write_soon(move || self.take(Event::LinkDue)))
                }
                Effect::SaveDraft(text) => dom::store("draft", Some(&text)),
                Effect::KeepProgress(text) => dom::store("lessons", Some(&text)),
                Effect::FetchLessonRuns(id) => recorded::fetch_lesson(id, move |event| self.take(event)),
                Effect::Download { name, kind, bytes } => dom::save(name, kind, &bytes),
                // The element is there once what has changed is drawn.
                Effect::Focus(id) => request_animation_frame(move || dom::focus(id)),
                Effect::Announce(text) => self.browser.spoken.set(text),
                Effect::Post(message) => self.frame.with_value(|frame| frame.post(&message)),
                Effect::PostPicture { id, is_png, options } => self.post_picture(id, is_png, &options),
            }
        }
    }

    /// Sends a picture of the run that is shown to the page around this frame.
    fn post_picture(self, id: Option<embed::Id>, is_png: bool, options: &SvgOptions) {
        let post = move |message: String| self.frame.with_value(|frame| frame.post(&message));
        let Some(svg) =
            self.shown.model.with_untracked(|model| model.as_deref().map(|m| svg::lanes(m, options)))
        else {
            return;
        };
        if !is_png {
            return post(embed::svg(id.as_ref(), svg));
        }
        if !self.frame.try_update_value(Frame::begin_picture).unwrap_or_default() {
            return post(embed::too_many_pictures(id.as_ref()));
        }
        spawn_local(async move {
            let address = image::png_address(&svg).await;
            self.frame.update_value(Frame::end_picture);
            post(embed::png(id.as_ref(), address));
        });
    }

    fn with_client(self, act: impl FnOnce(&EngineClient)) {
        self.client.with_value(|client| {
            if let Some(client) = client {
                act(client);
            }
        });
    }
}

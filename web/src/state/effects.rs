//! What the session wants done outside: engine, address bar, storage, files.

use evm_lanes_session::{Effect, Event};
use leptos::prelude::*;

use super::{Page, dom, link, recorded};
use crate::engine::EngineClient;

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
            }
        }
    }

    fn with_client(self, act: impl FnOnce(&EngineClient)) {
        self.client.with_value(|client| {
            if let Some(client) = client {
                act(client);
            }
        });
    }
}

//! Client of the engine worker: start, watch, cancel, restart, fall back.

use evm_lanes_core::messages::{EngineInfo, Reply, Request};

/// What the engine tells the page.
#[derive(Clone, Debug, PartialEq)]
pub enum EngineEvent {
    /// Its own state changed.
    State(EngineState),
    /// An answer to a request.
    Reply(Reply),
}

/// How the engine is.
#[derive(Clone, Debug, PartialEq)]
pub enum EngineState {
    /// Loading, starting its threads.
    Starting,
    /// Takes requests.
    Ready {
        /// What it is.
        info: EngineInfo,
    },
    /// It was ended and begins anew.
    Restarting {
        /// Why, in words.
        reason: String,
    },
    /// There is no engine, and there will be none.
    Failed {
        /// Why, in words.
        reason: String,
    },
}

/// The page's end of the engine.
pub struct EngineClient;

impl EngineClient {
    /// Starts an engine; `on_event` hears of everything that happens to it.
    pub fn start(on_event: impl Fn(EngineEvent) + 'static) -> Self {
        on_event(EngineEvent::State(EngineState::Failed { reason: "This build has no engine.".to_owned() }));
        Self
    }

    /// Sends a request.
    pub fn send(&self, _request: Request) {}

    /// Asks the running request to stop.
    pub fn cancel(&self) {}

    /// Ends the engine and starts a fresh one.
    pub fn restart(&self, _reason: &str) {}
}

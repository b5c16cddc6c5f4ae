//! What the page hears of its engine.

use evm_lanes_core::messages::{EngineInfo, Reply};

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
    /// There is no engine, and there will be none unless it is restarted.
    Failed {
        /// Why, in words.
        reason: String,
    },
}

//! Client of the engine worker: start, watch, cancel, restart, fall back.
//!
//! Decisions are in [`supervisor`], which knows no browser; the worker itself in `worker`, which decides nothing.

mod supervisor;
mod worker;

use evm_lanes_core::messages::{EngineInfo, Reply};

pub use worker::EngineClient;

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

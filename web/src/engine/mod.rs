//! Client of the engine worker: start, watch, cancel, restart, fall back.
//!
//! Decisions are in [`evm_lanes_session::supervisor`], which knows no browser; the worker itself in `worker`, which
//! decides nothing.

mod worker;

pub use worker::EngineClient;

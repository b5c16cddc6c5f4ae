//! EVM Lanes' engine: runs a block of Ethereum transactions in parallel and records what limited its speed.
//!
//! ```text
//! Scenario ─▶ PreparedBlock ─▶ Run { receipts, post-state, Trace } ─▶ Verdict, Analysis
//! ```
//! The crate knows nothing of the page. Without the feature `engine` it holds only what the page shares with it:
//! documents, links, messages, traces, analyses.
#![warn(missing_docs)]

#[cfg(any(feature = "engine", test))]
pub mod alloc;
#[cfg(feature = "engine")]
pub mod catalogue;
#[cfg(feature = "engine")]
pub mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "engine")]
pub mod contract;
#[cfg(feature = "engine")]
pub mod engine;
pub mod messages;
#[cfg(feature = "engine")]
pub mod naming;
#[cfg(feature = "engine")]
pub mod prepare;
pub mod scenario;
#[cfg(feature = "engine")]
pub mod verify;
#[cfg(all(feature = "engine", target_arch = "wasm32"))]
mod wasm;
pub mod wire;

#[cfg(feature = "engine")]
pub use ::evm::{self, access_list, drive, run};
pub use document::{problem, sniff};
pub use lanes::{analysis, cancel, model, schedule, strategies, tables, trace, units};

//! EVM Lanes' engine: a block of Ethereum transactions, run in parallel, with everything that
//! decided the speed recorded.
//!
//! ```text
//! Scenario ─▶ PreparedBlock ─▶ Run { receipts, post-state, Trace } ─▶ Verdict, Analysis
//! ```
//! The crate knows nothing of the page. Without the feature `engine` it holds only the
//! vocabulary that the page shares with it: documents, links, messages, traces, analyses.
#![warn(missing_docs)]

#[cfg(feature = "engine")]
pub mod access_list;
#[cfg(any(feature = "engine", test))]
pub mod alloc;
pub mod analysis;
pub mod cancel;
#[cfg(feature = "engine")]
pub mod catalogue;
#[cfg(feature = "engine")]
pub mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "engine")]
pub mod drive;
/// What of the drivers a model checker and sanitizers run; without the EVM, which would take minutes to compile.
#[cfg(all(test, not(feature = "engine")))]
mod drive {
    mod foretold;
    mod lanes;
    mod models;
    mod nonces;
}
#[cfg(feature = "engine")]
pub mod engine;
#[cfg(feature = "engine")]
pub mod evm;
pub mod messages;
pub mod model;
#[cfg(feature = "engine")]
pub mod naming;
pub mod prepare;
pub mod run;
pub mod scenario;
#[cfg(any(feature = "engine", test))]
pub mod schedule;
pub mod tables;
pub mod trace;
pub mod units;
#[cfg(feature = "engine")]
pub mod verify;
#[cfg(all(feature = "engine", target_arch = "wasm32"))]
mod wasm;
pub mod wire;

pub use document::{problem, sniff};

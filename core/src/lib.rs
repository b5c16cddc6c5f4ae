//! EVM Lanes' engine: runs a block of Ethereum transactions in parallel and records what limited its speed.
//!
//! ```text
//! Scenario ─▶ PreparedBlock ─▶ Run { receipts, post-state, Trace } ─▶ Verdict, Analysis
//! ```
//! To run blocks from a client of your own, take [`BlockBuilder`], [`source`], [`run_block`] and [`drive`]: the library
//! `evm-lanes-evm`, whose names are all here. The feature `evm` has no more than that.
//!
//! The crate knows nothing of the page. Without `evm` and `engine` it holds only what the page shares with it: documents, links, messages, traces, analyses.
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
pub mod goal;
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

#[cfg(feature = "alloy")]
pub use ::evm::alloy;
#[cfg(feature = "evm")]
pub use ::evm::{
    self, BlockBuilder, access_list, baseline, block, case, drive, execute_block, raw, run, run_block, source,
};
pub use alloy_primitives;
pub use document::{problem, sniff};
pub use lanes::{self, analysis, cancel, model, schedule, strategies, tables, trace, units};

/// The README's example is run with the other doctests.
#[cfg(all(doctest, feature = "evm"))]
#[doc = include_str!("../README.md")]
struct Readme;

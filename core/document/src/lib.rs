//! What a person writes: the document `evm-lanes/1`, and everything that is done with it before there is a block.
//!
//! ```text
//! text ─ parse ─▶ Scenario ─ expand ─▶ Expansion ─ (core) prepare::scenario ─▶ PreparedBlock
//!                    │                    └─ frozen ─▶ Scenario
//!                    └─ to_text, to_compact ─▶ text
//! ```
//! The crate knows neither the EVM nor the page, and no scheduler. Mistakes are collected in one pass, each with its
//! field path, its place in the text and what would be right.
//!
//! A new field of the document is one line of the table in `scenario.rs`, which makes the struct, the JSON Schema, the
//! reader's list of names and the docs, and one line in `decode/`, which checks it.
#![warn(missing_docs)]

mod amount;
pub mod builtin;
mod decode;
mod document;
pub mod expand;
mod fields;
mod fork;
mod freeze;
pub mod json;
pub mod lesson;
pub mod link;
mod names;
pub mod problem;
mod random;
mod reduce;
mod scenario;
#[cfg(feature = "schema")]
mod schema;
pub mod sniff;
mod words;

use problem::Problem;

pub use amount::{Amount, AmountError};
pub use document::Document;
pub use fields::Field;
pub use fork::Fork;
pub use names::{BUILDER, DEPLOYER, Place, PlaceError, account_address, key_seed, nearest};
pub use random::{Random, Zipf};
pub use reduce::reduce;
pub use scenario::{
    AccessListItem, Account, Arg, Authorization, AuthorizationItem, Authorize, Between, Block, By, Call,
    Choice, Contract, Format, MAX_LANES, MAX_TRANSACTIONS, Named, Numeral, Pick, Quantity, RawTransaction,
    RunSettings, Scenario, SetupCall, Skew, Transaction, VERSION,
};
#[cfg(feature = "schema")]
pub use schema::schema;
pub use words::{ClockName, CostName, StrategyName};

/// Reads a document that nothing more is done with: [`Document`] keeps what was read.
///
/// # Errors
/// Every mistake that could be found in one pass (at most 50), in the document's order.
pub fn parse(text: &str) -> Result<Scenario, Vec<Problem>> {
    let tree = json::Tree::read(text).map_err(|problem| vec![problem])?;
    decode::scenario(text, &tree)
}

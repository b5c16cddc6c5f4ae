//! What a person writes: the document `evm-lanes/1`, and everything that is done with it before there is a block.
//!
//! ```text
//! text ─ parse ─▶ Scenario ─ expand ─▶ Expansion ─ (core) prepare::scenario ─▶ PreparedBlock
//!                    │                    └─ frozen ─▶ Scenario
//!                    └─ to_text, to_compact ─▶ text
//! ```
//! The crate knows neither the EVM nor the page, and no scheduler. Mistakes are collected in one pass, each with its
//! field path, its place in the text and what would be right.
#![warn(missing_docs)]

mod amount;
pub mod builtin;
mod decode;
pub mod expand;
mod fork;
mod freeze;
pub mod json;
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

use problem::{Position, Problem};

pub use amount::{Amount, AmountError};
pub use fork::Fork;
pub use names::{BUILDER, DEPLOYER, Place, PlaceError, account_address, nearest};
pub use random::{Random, Zipf};
pub use reduce::reduce;
pub use scenario::{
    AccessListItem, Account, Arg, Authorization, Between, Block, By, Call, Choice, Contract, Format,
    MAX_LANES, MAX_TRANSACTIONS, Named, Numeral, Pick, Quantity, RawTransaction, RunSettings, Scenario,
    SetupCall, Skew, Transaction, VERSION,
};
#[cfg(feature = "schema")]
pub use schema::schema;
pub use words::{ClockName, CostName, StrategyName};

/// Reads a document.
///
/// # Errors
/// Every mistake that could be found in one pass (at most 50), in the document's order.
pub fn parse(text: &str) -> Result<Scenario, Vec<Problem>> {
    decode::scenario(text)
}

/// Where the value at `path` (`transactions[3].to`) begins in `text`; for a path that leads
/// nowhere, the nearest value around it. `None` if the text is not JSON.
pub fn position_of(text: &str, path: &str) -> Option<Position> {
    let mut node = &json::parse(text).ok()?;
    for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
        let next = match (step.strip_suffix(']').and_then(|i| i.parse::<usize>().ok()), &node.value) {
            (Some(index), json::Value::List(list)) => list.get(index),
            _ => node.get(step),
        };
        let Some(next) = next else { break };
        node = next;
    }
    Some(json::position(text, node.at))
}

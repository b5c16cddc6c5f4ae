//! Compares a run's result with sequential execution and with a real block's header.

mod difference;
mod header;
mod roots;

pub use difference::{Difference, difference, difference_from_file};
pub use header::header_check;
pub use roots::{logs_bloom, logs_hash, receipts_root, state_root};

use crate::messages::Verdict;
use crate::prepare::State;
use crate::run::Receipt;
use crate::units::Gas;

/// Compares a run's result with the sequential one. The state root is computed only with `whole_state`, which says
/// that the states hold all accounts.
pub fn verdict(
    (receipts, state): (&[Receipt], &State),
    (oracle_receipts, oracle_state): (&[Receipt], &State),
    whole_state: bool,
) -> Verdict {
    Verdict {
        difference: difference((receipts, state), (oracle_receipts, oracle_state)).map(|d| d.to_string()),
        receipts: receipts.len() as u32,
        accounts: state.accounts.len() as u32,
        state_root: whole_state.then(|| state_root(state).to_string()),
        receipts_root: receipts_root(receipts).to_string(),
        gas_used: Gas(receipts.last().map_or(0, |r| r.cumulative_gas_used)),
    }
}

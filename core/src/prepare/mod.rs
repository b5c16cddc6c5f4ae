//! From what a person wrote, or a real block, to a [`PreparedBlock`]: pure functions.

mod block;
pub mod case;

pub use block::{
    Account, Authorization, BlockEnvironment, Fork, Origin, PreparedBlock, State, SystemCall, Transaction,
};

//! One transaction on a view of state. The only room that knows revm.
//!
//! Two ways in:
//!
//! - [`apply`] and [`execute_block`] run on a plain [`State`] with revm's own journal and handler: the stock
//!   EVM, used for deployments and set-up calls and as the yardstick that everything else is
//!   compared with.
//! - the executor runs one attempt on a [`View`] and notes which *parts* of each account it
//!   observed, for the schedulers.

mod convert;
mod preimages;
mod stock;

pub use preimages::keccak_preimages;
pub use stock::{apply, execute_block};

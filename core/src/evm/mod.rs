//! One transaction on a view of state. The only room that knows revm.
//!
//! Two ways in:
//!
//! - [`apply`] and [`execute_block`] run on a plain [`State`](crate::prepare::State) with revm's own journal
//!   and handler. That is the *reference execution*: used for deployments and set-up calls, and compared with
//!   every other result.
//! - An [`Executor`] runs one attempt on a [`View`] and notes which *parts* of each account it observed, for
//!   the schedulers.
#![warn(missing_docs, unreachable_pub, clippy::undocumented_unsafe_blocks)]

mod base;
mod block;
mod convert;
mod executor;
mod fast_path;
mod journal;
mod lane;
mod meter;
mod preimages;
mod reference;
mod view;

pub use base::{Base, Code};
pub use block::Evm;
pub(crate) use block::load;
pub use executor::{Executor, Job};
pub use journal::Accesses;
pub use preimages::keccak_preimages;
pub(crate) use reference::system_calls;
pub use reference::{apply, execute_block};
pub use view::View;

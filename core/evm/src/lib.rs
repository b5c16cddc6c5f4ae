//! Blocks of Ethereum transactions on revm. The only crate that knows revm.
//!
//! ```text
//! PreparedBlock ─ drive::LoadedBlock::new ─▶ LoadedBlock ─ drive::run, drive::simulate ─▶ Run { receipts, post-state, trace }
//! ```
//! One transaction runs in one of two ways:
//!
//! - [`apply`] and [`execute_block`] run on a plain [`block::State`] with revm's own
//!   journal and handler: the stock EVM, used for deployments and set-up calls and as the
//!   yardstick that everything else is compared with.
//! - An [`Executor`] runs one attempt on a [`View`] and notes which *parts* of each account it
//!   observed, for the schedulers.

#![warn(missing_docs)]

pub mod access_list;
mod base;
pub mod block;
pub mod case;
mod convert;
pub mod drive;
mod executor;
mod fast_path;
mod journal;
mod lane;
mod machine;
mod meter;
mod preimages;
pub mod raw;
mod reference;
pub mod run;
mod view;

pub use base::{Base, BaseAccount, Code};
pub use executor::{Executor, Job};
pub use journal::Accesses;
pub use machine::Evm;
pub use preimages::keccak_preimages;
pub use reference::{apply, execute_block};
pub use view::View;

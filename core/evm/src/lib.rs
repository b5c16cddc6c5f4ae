//! Blocks of Ethereum transactions on revm. The only crate that knows revm.
//!
//! ```text
//! PreparedBlock ─ drive::LoadedBlock::new ─▶ LoadedBlock ─ drive::run, drive::simulate ─▶ Run { receipts, post-state, trace }
//! ```
//! One transaction runs in one of two ways:
//!
//! - [`apply`] and [`execute_block`] run on a plain [`block::State`] with revm's own journal and handler. That is the
//!   *reference execution*: used for deployments and set-up calls, and compared with every other result.
//! - An [`Executor`] runs one attempt on a [`View`] and notes which *parts* of each account it observed, for the
//!   schedulers.

#![warn(missing_docs, unreachable_pub, clippy::undocumented_unsafe_blocks)]

pub mod access_list;
#[cfg(feature = "alloy")]
pub mod alloy;
mod base;
pub mod baseline;
pub mod block;
mod builder;
pub mod case;
mod convert;
pub mod drive;
mod executor;
#[cfg(feature = "fast-path")]
mod fast_path;
mod journal;
mod lane;
mod machine;
mod meter;
mod preimages;
pub mod raw;
mod reference;
pub mod source;
mod step_loop;
mod view;

pub use base::{Base, BaseAccount, Code};
pub use block::run;
pub use builder::BlockBuilder;
pub use executor::{Executor, Job};
pub use journal::Accesses;
pub use machine::Evm;
pub use preimages::{Clues, Created, clues};
pub use reference::{apply, execute_block};
pub use view::View;

/// The crate of addresses, hashes and numbers, in the version that this crate takes.
pub use alloy_primitives;
/// The crate of the lanes.
pub use lanes;

use std::sync::{OnceLock, atomic::AtomicU32};

/// Runs a block with a strategy on this many lanes, each on a thread of its own, and records the run. To measure, load the
/// block once and time [`drive::run`]: this function loads the block and starts the threads.
///
/// # Errors
/// See [`drive::Stopped`]. Threads that cannot be started count as too few.
pub fn run_block(
    block: &block::PreparedBlock,
    strategy: lanes::strategies::StrategyId,
    lanes: u16,
) -> Result<run::Run, drive::Stopped> {
    static FIRST: OnceLock<std::time::Instant> = OnceLock::new();
    let loaded = drive::LoadedBlock::new(block);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(lanes.max(1).into()).build();
    let pool = pool.map_err(|_| drive::Stopped::TooFewThreads { lanes, threads: 0 })?;
    let clock = || FIRST.get_or_init(std::time::Instant::now).elapsed().as_nanos() as u64;
    let context = drive::RunContext {
        clock: &clock,
        cancel: &lanes::cancel::CancelFlag::new(),
        progress: &AtomicU32::new(0),
        threads: drive::Threads::Pool(&pool),
        first: &[],
        record: true,
    };
    drive::run(&loaded, strategy, lanes, &context)
}

/// The README's example is run with the other doctests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

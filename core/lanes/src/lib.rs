//! Lanes, schedulers and multi-version memory: run a block's transactions in parallel on any virtual machine, record
//! what limited the speed, and analyse that record.
//!
//! ```text
//! Vm ─ Block ─▶ drive::run, drive::simulate ─▶ Ended { receipts, finals, Trace } ─▶ analysis
//! ```
//! The crate knows no EVM, no page and no clock: a [`vm::Vm`] runs transactions, a [`drive::Threads`] provides threads,
//! and the caller provides the clock. The model checker's toy machine runs on the same code as the EVM.
//!
//! docs/protocol.md argues why a parallel run gives the result of a sequential one; docs/glossary.md has the words.
#![warn(missing_docs, unreachable_pub, clippy::undocumented_unsafe_blocks)]
#![forbid(unsafe_code)]

pub mod analysis;
pub mod cancel;
pub mod drive;
pub mod model;
pub mod schedule;
pub mod strategies;
pub mod tables;
pub mod trace;
pub mod units;
pub mod vm;

//! Lanes, schedulers and multi-version memory: a block's transactions, run in parallel on any virtual machine, with a
//! record of everything that decided the speed; and the analysis of that record.
//!
//! ```text
//! Vm ─ Block ─▶ drive::run, drive::simulate ─▶ Ended { receipts, finals, Trace } ─▶ analysis
//! ```
//! The crate knows no EVM, no page and no clock of its own: a [`vm::Vm`] runs transactions, a [`drive::Threads`] has
//! threads, and the caller has the time. The model checker's toy machine runs on the same code as the EVM.
//!
//! docs/protocol.md argues why a parallel run ends like a sequential one; docs/glossary.md has the words.
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

//! Lanes, schedulers and multi-version memory: a block's transactions, run in parallel by any virtual machine, with
//! everything that decided the speed recorded; and the analysis of what was recorded.
//!
//! ```text
//! Vm ─ Block ─▶ drive::run, drive::simulate ─▶ Ended { receipts, changes, Trace } ─▶ analysis
//! ```
//! The crate knows no EVM, no page and no clock of its own: a [`vm::Vm`] runs transactions, a
//! [`drive::Threads`] has threads, and the caller has the time. The model checker's toy machine runs on the same
//! code as the EVM.
#![warn(missing_docs)]
#![forbid(unsafe_code)]

pub mod analysis;
pub mod cancel;
pub mod drive;
pub mod model;
pub mod schedule;
pub mod tables;
pub mod trace;
pub mod units;
pub mod vm;

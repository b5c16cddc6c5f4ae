//! From a report to what is drawn and said: view models, layout and sentences.
//!
//! ```text
//! Report ─▶ RunModel ─┬─▶ lanes    + Viewport + Selection ─▶ rectangles, axis, arrows
//!                     ├─▶ graph    + size                 ─▶ nodes, links, diamonds
//!                     ├─▶ inspect  + Selection            ─▶ attempts, reads, writes in words
//!                     ├─▶ spent                       ─▶ what each lane's time went into
//!                     ├─▶ svg      + size, theme          ─▶ the lanes as a picture of their own
//!                     └─▶ sentence                        ─▶ headline, story of the run
//! ```
//! Everything here is pure and tested natively: no DOM, no clock, no signals. Lengths are CSS
//! pixels, times are ticks of the trace.
#![warn(missing_docs)]

pub mod about;
pub mod compare;
pub mod curve;
pub mod focus;
pub mod format;
pub mod gesture;
pub mod graph;
pub mod inspect;
pub mod keys;
pub mod lane_steps;
pub mod lanes;
pub mod limits;
pub mod list;
pub mod markdown;
pub mod model;
pub mod navigate;
pub mod number;
pub mod offline;
pub mod present;
pub mod print;
pub mod qr;
pub mod record;
pub mod recorded;
pub mod rows;
#[cfg(any(test, feature = "sample"))]
pub mod sample;
pub mod scale;
pub mod sentence;
pub mod share;
pub mod spent;
pub mod svg;

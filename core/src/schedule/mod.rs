//! Scheduling.
mod location;
pub use location::{AccountNo, Key, Life, Part, Write};

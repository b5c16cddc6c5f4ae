//! The flag that asks a run to end early.

use std::sync::atomic::{AtomicU32, Ordering};

/// Set to end the run early. Every lane reads it between two tasks, and every 250,000 gas within a
/// transaction.
///
/// In the browser the flag is in the memory that page and engine share. The page sets it with `Atomics.store`
/// while the engine runs, so it is a 32-bit word with the layout of [`AtomicU32`].
#[derive(Debug, Default)]
#[repr(transparent)]
pub struct CancelFlag(AtomicU32);

impl CancelFlag {
    /// A flag that is not set.
    pub const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Asks the run to end.
    pub fn set(&self) {
        // Relaxed, here and below: no other data depends on the flag, it only has to arrive soon.
        self.0.store(1, Ordering::Relaxed);
    }

    /// Clears the flag, before the next run.
    pub fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Whether the run is asked to end.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }
}

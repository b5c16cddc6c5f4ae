//! The only door to atomics and locks: the standard ones, or a model checker's under `cfg(shuttle)`.

#[cfg(not(shuttle))]
mod imp {
    pub use std::sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    };

    /// Tells the processor that this thread waits for another.
    pub fn pause() {
        std::hint::spin_loop();
    }

    /// Lets another thread have the core, where there are fewer cores than threads. In a browser
    /// this does nothing.
    pub fn step_aside() {
        std::thread::yield_now();
    }
}

#[cfg(shuttle)]
mod imp {
    pub use shuttle::sync::{
        Arc, Condvar, Mutex, MutexGuard, RwLock,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    };
    pub use std::sync::PoisonError;

    /// Lets another modelled thread go on.
    pub fn pause() {
        shuttle::hint::spin_loop();
    }

    /// The same.
    pub fn step_aside() {
        shuttle::thread::yield_now();
    }
}

pub use imp::*;

/// Locks. A lane that panicked while it held the lock has already spoiled the run, which ends
/// with an error of its own; the others may still look, in order to end.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

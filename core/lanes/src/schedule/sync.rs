//! The only door to atomics and locks: the standard ones, or a model checker's under `cfg(shuttle)`.

#[cfg(not(shuttle))]
mod imp {
    pub use std::sync::{
        Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, TryLockError,
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
    /// The standard one: what is made in it touches no lock, so nobody can come in between.
    pub use std::sync::OnceLock;
    pub use std::sync::{PoisonError, TryLockError};

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

/// How often a lock is tried before the thread sleeps for it: some ten microseconds.
const TRIES: u32 = if cfg!(shuttle) { 1 } else { 200 };

/// Locks like [`lock`], for locks that are held for less time than it takes to put a thread to
/// sleep and wake it up. A thread that slept may also wake up on a core where another one runs.
pub fn lock_briefly<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    for _ in 0..TRIES {
        match mutex.try_lock() {
            Ok(guard) => return guard,
            Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => pause(),
        }
    }
    lock(mutex)
}

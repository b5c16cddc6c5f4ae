//! The only door to atomics and locks: the standard ones, or the model checker's under `cfg(shuttle)`.
//!
//! The model checker knows sequentially consistent orderings only. So every ordering that is weaker has its
//! argument beside it in the code.

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

    /// Gives the core to another thread, where there are fewer cores than threads. In a browser this does
    /// nothing.
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
    /// The standard one: its initialisers here take no lock, so no other modelled thread can come in between.
    pub use std::sync::OnceLock;
    pub use std::sync::{PoisonError, TryLockError};

    /// Lets another modelled thread go on.
    pub fn pause() {
        shuttle::hint::spin_loop();
    }

    /// Like [`pause`].
    pub fn step_aside() {
        shuttle::thread::yield_now();
    }
}

pub use imp::*;

/// Locks, whether the lock is poisoned or not. A lane that panicked while it held the lock has stopped the
/// run, which ends with an error. The other lanes may still take the lock, in order to end.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How often a lock is tried before the thread sleeps: some ten microseconds.
const TRIES: u32 = if cfg!(shuttle) { 1 } else { 200 };

/// Locks like [`lock`], for locks that are held for less time than it takes to put a thread to sleep and wake
/// it up. Besides, a thread that slept may wake up on a core where another lane runs.
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

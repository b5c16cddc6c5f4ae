//! Threads for lanes, natively.

use anyhow::{Context, Result};

/// A pool of this many threads, each bound to a core if there are enough cores.
///
/// The system often puts threads that wake up together on one core, for longer than a block takes. Bound threads keep
/// that out of the figures.
///
/// # Errors
/// If threads cannot be started.
pub fn pool(threads: usize) -> Result<rayon::ThreadPool> {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .start_handler(move |thread| {
            if threads <= cores.len() {
                // If binding is not allowed, the system chooses.
                let _bound = core_affinity::set_for_current(cores[thread]);
            }
        })
        .build()
        .context("the lanes' threads cannot be started")
}

//! Threads for lanes, natively.

use anyhow::{Context, Result};

/// A pool of that many threads, bound to a core each where there are as many cores.
///
/// Threads that wake up together are often put on one core, and stay there for milliseconds: a
/// block would be over by then. Binding them takes the system's choice out of the figures.
///
/// # Errors
/// If threads cannot be started.
pub fn pool(threads: usize) -> Result<rayon::ThreadPool> {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .start_handler(move |thread| {
            if threads <= cores.len() {
                // Where it is not allowed, the system goes on choosing.
                let _bound = core_affinity::set_for_current(cores[thread]);
            }
        })
        .build()
        .context("the lanes' threads cannot be started")
}

//! One monotonic clock for all lanes of a process.

/// Nanoseconds since a moment that is the same for all threads of the process.
///
/// In a browser the resolution is 5 µs where the page is cross-origin isolated and 100 µs elsewhere.
pub fn now() -> u64 {
    platform::now()
}

#[cfg(not(target_arch = "wasm32"))]
mod platform {
    use std::sync::OnceLock;
    use std::time::Instant;

    static FIRST: OnceLock<Instant> = OnceLock::new();

    pub fn now() -> u64 {
        let elapsed = FIRST.get_or_init(Instant::now).elapsed();
        u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// `Instant::now` panics in a browser. `performance.now` counts from each worker's own start; `performance.timeOrigin`
/// gives the differences between these starts.
#[cfg(target_arch = "wasm32")]
mod platform {
    use std::sync::OnceLock;

    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        type Performance;
        /// Each worker's own, fetched once: in Chromium it takes 120 ns to fetch it, and 65 ns to call it.
        #[wasm_bindgen(thread_local_v2, js_name = performance)]
        static PERFORMANCE: Performance;
        #[wasm_bindgen(method)]
        fn now(this: &Performance) -> f64;
        #[wasm_bindgen(method, getter, js_name = timeOrigin)]
        fn time_origin(this: &Performance) -> f64;
    }

    thread_local! {
        /// How much later this worker started than the first one that used the clock, in milliseconds.
        static LATER: f64 = {
            let origin = PERFORMANCE.with(Performance::time_origin);
            origin - *FIRST.get_or_init(|| origin)
        };
    }

    /// The start of the first worker that used the clock. Only differences to it are kept, because a 64-bit float
    /// with the full time since 1970 in milliseconds has too few digits left.
    static FIRST: OnceLock<f64> = OnceLock::new();

    pub fn now() -> u64 {
        // Never negative, for a worker that started earlier than that one.
        ((LATER.with(|later| *later) + PERFORMANCE.with(Performance::now)) * 1e6).max(0.0) as u64
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_clock_never_goes_back() {
        let first = super::now();
        let from_another_thread = std::thread::spawn(super::now).join().unwrap();
        assert!(first <= from_another_thread && from_another_thread <= super::now());
    }
}

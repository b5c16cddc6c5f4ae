//! The interface to the engine's web worker: bytes in, bytes out. `www/engine/worker.js` is its other side.

#[cfg(feature = "conformance")]
mod conformance;

use std::alloc::{GlobalAlloc, Layout};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};

use js_sys::{Function, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::alloc::LaneAllocator;
use crate::cancel::CancelFlag;
use crate::clock;
use crate::engine::Engine;
use crate::messages::{Reply, Request};
use crate::tables;
use crate::wire;

// Exported as `initThreadPool`, and the threads' entry point.
#[cfg(feature = "threads")]
#[allow(unused_imports, reason = "JavaScript calls it")]
pub use wasm_bindgen_rayon::init_thread_pool;

#[global_allocator]
static ALLOCATOR: Watched = Watched;

/// Whether an allocation ever failed. A trap without a panic follows then; this flag tells the worker's script why.
static EXHAUSTED: AtomicBool = AtomicBool::new(false);

/// [`LaneAllocator`], which also notes a failure. (std's allocator is one heap behind one lock, for which lanes would
/// wait.)
struct Watched;

fn watched(block: *mut u8) -> *mut u8 {
    if block.is_null() {
        // Relaxed: it is read after the trap in the same thread, or after a message about the trap.
        EXHAUSTED.store(true, Ordering::Relaxed);
    }
    block
}

// SAFETY: every call goes to an allocator with the same arguments and the same result.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that the inner allocator needs; so below.
        watched(unsafe { LaneAllocator.alloc(layout) })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: see `alloc`.
        unsafe { LaneAllocator.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: see `alloc`.
        watched(unsafe { LaneAllocator.realloc(block, layout, size) })
    }
}

/// Makes the memory larger by that many bytes, which the allocator then has to give.
///
/// For the engine's worker, before it starts threads: see [`see_growth`].
#[wasm_bindgen]
pub fn reserve(bytes: usize) {
    let mut room: Vec<u8> = Vec::new();
    // Without that much memory the engine takes what it needs later.
    let _ = room.try_reserve_exact(bytes);
    std::hint::black_box(&room);
}

/// Makes this worker see how large the memory is by now.
///
/// In Chromium from 149 on, a worker whose memory was made larger by another one keeps its old view of it until it makes
/// it larger itself, be it by nothing. What JavaScript writes or reads beyond that view is lost without a word.
fn see_growth() {
    wasm_bindgen::memory().unchecked_into::<js_sys::WebAssembly::Memory>().grow(0);
}

/// Whether the engine ran out of memory.
#[wasm_bindgen(js_name = outOfMemory)]
pub fn out_of_memory() -> bool {
    EXHAUSTED.load(Ordering::Relaxed)
}

/// Static, so that its address in the shared memory is fixed and the page can set it at any time.
static CANCEL: CancelFlag = CancelFlag::new();

#[wasm_bindgen]
extern "C" {
    /// Defined by the worker's script, in the engine's worker and in each worker of the pool.
    #[wasm_bindgen(js_name = onEnginePanic)]
    fn on_engine_panic(message: &str);
}

/// The address of the cancel flag in the engine's memory, in bytes.
#[wasm_bindgen(js_name = cancelFlag)]
pub fn cancel_flag() -> *const u32 {
    (&raw const CANCEL).cast()
}

/// Breaks the engine in the way that `kind` names, for tests of what the page then shows.
#[wasm_bindgen]
pub fn crash(kind: &str) {
    match kind {
        "panic" => panic!("a crash that was asked for"),
        #[cfg(feature = "threads")]
        "pool" => rayon::scope(|scope| scope.spawn(|_| panic!("a crash in a lane that was asked for"))),
        "hang" => loop {
            std::hint::spin_loop();
        },
        _ => core::arch::wasm32::unreachable(),
    }
}

/// Random numbers from the browser.
fn random() -> [u64; tables::RANDOM] {
    let mut bytes = [0; 8 * tables::RANDOM];
    let filled = getrandom_02::getrandom(&mut bytes).is_ok();
    let mut numbers = bytes.chunks_exact(8);
    std::array::from_fn(|_| match numbers.next().and_then(|number| number.try_into().ok()) {
        Some(number) if filled => u64::from_le_bytes(number),
        // A worker without `crypto`: less random, but still unpredictable.
        _ => js_sys::Math::random().to_bits().rotate_left(32) ^ js_sys::Math::random().to_bits(),
    })
}

/// The engine for the worker's script.
#[wasm_bindgen]
pub struct EngineHandle {
    engine: Engine,
    post: Function,
}

#[wasm_bindgen]
impl EngineHandle {
    /// An engine with `threads` lanes. If it has a pool, that has been started. `post` takes each reply's bytes.
    ///
    /// # Errors
    /// If the pool has another number of threads. A pool that did not start leaves one thread, which would wait for
    /// itself.
    #[wasm_bindgen(constructor)]
    pub fn new(threads: u16, post: Function) -> Result<EngineHandle, JsError> {
        panic::set_hook(Box::new(|info| on_engine_panic(&info.to_string())));
        // Must come before the first hash table is made.
        tables::seed(random());
        // The clock counts from its first use, which must be in this worker, because the pool's workers started later.
        clock::now();
        #[cfg(feature = "threads")]
        if rayon::current_num_threads() != usize::from(threads) {
            let found = rayon::current_num_threads();
            return Err(JsError::new(&format!("the pool has {found} threads instead of {threads}")));
        }
        let engine = Engine::new(cfg!(feature = "threads").then_some(threads));
        Ok(Self { engine, post })
    }

    /// Loads the catalogue's files.
    ///
    /// # Errors
    /// If a file is not a catalogue.
    #[wasm_bindgen(js_name = loadCatalogue)]
    pub fn load_catalogue(&mut self, files: Vec<String>) -> Result<(), JsError> {
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        Ok(self.engine.load_catalogue(&files)?)
    }

    /// The bytes of the engine's [`crate::messages::EngineInfo`].
    ///
    /// # Errors
    /// None is known.
    pub fn info(&self) -> Result<Vec<u8>, JsError> {
        Ok(wire::encode(&self.engine.info())?)
    }

    /// Answers a request, given as bytes. Replies are posted while it runs; the last one closes it.
    ///
    /// # Errors
    /// If the bytes are not a request: page and engine are of different versions.
    pub fn handle(&mut self, request: &[u8]) -> Result<(), JsError> {
        let request: Request = wire::decode(request)?;
        let post = &self.post;
        self.engine.handle(request, &CANCEL, &mut |reply: Reply| match wire::encode(&reply) {
            // The engine's memory cannot be transferred, so `from` makes a copy that can.
            // Posting fails only while the worker is being ended, when no page waits for the reply.
            Ok(bytes) => {
                see_growth();
                drop(post.call1(&JsValue::UNDEFINED, &Uint8Array::from(&bytes[..])));
            }
            Err(error) => on_engine_panic(&error.to_string()),
        });
        Ok(())
    }
}

//! The edge to the engine's web worker: bytes in, bytes out. `www/engine/worker.js` is the other side of it.

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

/// Whether the allocator ever had nothing to give. What follows then is a bare trap, without a panic: this is how
/// the worker's script can say why.
static EXHAUSTED: AtomicBool = AtomicBool::new(false);

/// [`LaneAllocator`] (std's is one heap behind one lock, at which lanes would queue), which remembers a failure.
struct Watched;

fn watched(block: *mut u8) -> *mut u8 {
    if block.is_null() {
        // Relaxed: it is read after the trap, in the same thread, or after a message about it.
        EXHAUSTED.store(true, Ordering::Relaxed);
    }
    block
}

// SAFETY: every call goes to an allocator with the same arguments and the same result.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that the inner allocator asks for; so below.
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

/// Whether the engine broke because its memory ran out.
#[wasm_bindgen(js_name = outOfMemory)]
pub fn out_of_memory() -> bool {
    EXHAUSTED.load(Ordering::Relaxed)
}

/// Static, so that the page knows its place in shared memory from the start and may set it at any time.
static CANCEL: CancelFlag = CancelFlag::new();

#[wasm_bindgen]
extern "C" {
    /// Set by the worker's script, in the engine's worker and in each of the pool's.
    #[wasm_bindgen(js_name = onEnginePanic)]
    fn on_engine_panic(message: &str);
}

/// Where the cancel flag lies in the engine's memory, in bytes.
#[wasm_bindgen(js_name = cancelFlag)]
pub fn cancel_flag() -> *const u32 {
    (&raw const CANCEL).cast()
}

/// Breaks the engine in the way that `kind` names: how tests see what a broken engine looks like to a person.
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
        // A worker without `crypto`: less random, but nobody knows it beforehand either.
        _ => js_sys::Math::random().to_bits().rotate_left(32) ^ js_sys::Math::random().to_bits(),
    })
}

/// The engine, as the worker holds it.
#[wasm_bindgen]
pub struct EngineHandle {
    engine: Engine,
    post: Function,
}

#[wasm_bindgen]
impl EngineHandle {
    /// An engine with `threads` lanes, whose pool has been started where it has one. `post` takes each reply's bytes.
    ///
    /// # Errors
    /// If the pool has another number of threads: a pool that did not start leaves one thread that waits for itself.
    #[wasm_bindgen(constructor)]
    pub fn new(threads: u16, post: Function) -> Result<EngineHandle, JsError> {
        panic::set_hook(Box::new(|info| on_engine_panic(&info.to_string())));
        // Before there is any table.
        tables::seed(random());
        // The clock counts from its first use, which must be in this worker: the pool's were started later.
        clock::now();
        #[cfg(feature = "threads")]
        if rayon::current_num_threads() != usize::from(threads) {
            let found = rayon::current_num_threads();
            return Err(JsError::new(&format!("the pool has {found} threads instead of {threads}")));
        }
        let engine = Engine::new(cfg!(feature = "threads").then_some(threads));
        Ok(Self { engine, post })
    }

    /// Takes the catalogue's files.
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
    /// None that is known.
    pub fn info(&self) -> Result<Vec<u8>, JsError> {
        Ok(wire::encode(&self.engine.info())?)
    }

    /// Meets a request, given as bytes. Replies are posted while it runs; the last one closes it.
    ///
    /// # Errors
    /// If the bytes are not a request: page and engine are of different versions.
    pub fn handle(&mut self, request: &[u8]) -> Result<(), JsError> {
        let request: Request = wire::decode(request)?;
        let post = &self.post;
        self.engine.handle(request, &CANCEL, &mut |reply: Reply| match wire::encode(&reply) {
            // `from` copies out of the engine's memory, which cannot be transferred; the copy then is.
            // A post can only fail if the worker is being ended, and then nobody is left to tell.
            Ok(bytes) => drop(post.call1(&JsValue::UNDEFINED, &Uint8Array::from(&bytes[..]))),
            Err(error) => on_engine_panic(&error.to_string()),
        });
        Ok(())
    }
}

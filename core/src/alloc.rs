//! The browser engine's memory allocator, in which threads rarely wait for each other.
//!
//! std's allocator for WebAssembly is one heap behind one lock. With it two lanes of plain payments are slower than
//! one. Here each thread keeps its own free blocks by size class. Only a thread that runs out of blocks, or has far too
//! many, takes a lock, and then exchanges a whole batch.
//!
//! ```text
//! allocate ─ own list ─ empty? ─▶ depot: a batch of blocks ─ none? ─▶ a chunk from the system, cut up
//! free ────▶ own list ─ two batches long? ─▶ depot
//! ```
//!
//! # Invariants
//!
//! 1. A block has exactly one owner: the code that allocated it, one thread's list, or one batch in the depot.
//! 2. A block's class follows from its layout alone, so that it is freed into a list of its class.
//! 3. Blocks are only linked while they are free: the first word of a free block points to the next one,
//!    and the second word of a batch's first block to the next batch.
//! 4. Chunks are cut into blocks once and never given back. The blocks in an ended thread's lists are lost, except for
//!    batches that it brought to the depot; but the engine's threads live as long as the engine.
//! 5. *A thread without thread-local storage has no lists.* In WebAssembly a starting thread allocates its thread-local
//!    storage before it has any. Its lists would be at the lowest addresses, like those of every other thread that is
//!    starting, and two threads could get the same block. Such a thread uses the system's allocator (`with_lists`).

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;
use std::sync::{Mutex, PoisonError};

/// Block sizes, ascending. Each is a multiple of 16 and at least two words.
const SIZES: [usize; 20] = [
    16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 16384, 32768,
];
const CLASSES: usize = SIZES.len();
/// Every block begins at a multiple of this.
const ALIGN: usize = 16;
/// Blocks of one class are taken from the system in chunks of at least this size. Chunks and batches are small under
/// Miri, where every block takes long.
const CHUNK: usize = if cfg!(miri) { 2 << 10 } else { 64 << 10 };
/// The size of a batch, in bytes. A batch has at least one block.
const BATCH: usize = if cfg!(miri) { 1 << 10 } else { 32 << 10 };

/// The number of blocks in a batch of this class.
const fn batch_len(class: usize) -> usize {
    match BATCH / SIZES[class] {
        0 => 1,
        blocks if blocks > 64 => 64,
        blocks => blocks,
    }
}

/// A free block.
type Block = *mut u8;

/// One thread's free blocks of one class.
#[derive(Clone, Copy)]
struct List {
    first: Block,
    len: usize,
}

const EMPTY: List = List { first: ptr::null_mut(), len: 0 };

thread_local! {
    // Must neither allocate nor run code when it is dropped, because the allocator uses it.
    static LISTS: [Cell<List>; CLASSES] = const { [const { Cell::new(EMPTY) }; CLASSES] };
}

/// No thread-local storage is below this address: in WebAssembly the main thread's stack is there, and it is far larger.
const LOWEST_STORAGE: usize = 4096;

/// Calls `act` with the thread's lists; `None` if it has none yet (invariant 5).
fn with_lists<T>(act: impl FnOnce(&[Cell<List>; CLASSES]) -> T) -> Option<T> {
    let act = |lists: &[Cell<List>; CLASSES]| {
        if cfg!(target_arch = "wasm32") && ptr::from_ref(lists).addr() < LOWEST_STORAGE {
            return None;
        }
        Some(act(lists))
    };
    // Without optimisation, lists at address 0 are an error.
    LISTS.try_with(act).ok().flatten()
}

/// A block for a thread without lists. It has the size of its class, so it may be freed into a list later.
fn alloc_early(class: usize) -> *mut u8 {
    let Ok(layout) = Layout::from_size_align(SIZES[class], ALIGN) else { return ptr::null_mut() };
    // SAFETY: the layout's size is not zero.
    unsafe { System.alloc(layout) }
}

/// First blocks of batches of one class.
struct Batches(Block);

// SAFETY: the blocks behind the pointer belong to the depot alone (invariant 1), whichever thread
// looks at them; they are only reached under the depot's lock.
unsafe impl Send for Batches {}

static DEPOT: [Mutex<Batches>; CLASSES] = [const { Mutex::new(Batches(ptr::null_mut())) }; CLASSES];

/// The allocator: see the module's description.
#[derive(Clone, Copy, Debug, Default)]
pub struct LaneAllocator;

/// The class that serves `layout`; `None`: the system does.
fn class_of(layout: Layout) -> Option<usize> {
    if layout.align() > ALIGN {
        return None;
    }
    let size = layout.size();
    // Small blocks are by far the most frequent.
    let class =
        if size <= 64 { size.saturating_sub(1) / 16 } else { 4 + SIZES[4..].partition_point(|s| *s < size) };
    (class < CLASSES).then_some(class)
}

/// The block after a free block.
///
/// # Safety
/// `block` is a free block that the caller owns.
unsafe fn next(block: Block) -> Block {
    // SAFETY: a free block is at least two words long, aligned for them, and its first word was written
    // when it was linked (invariant 3).
    unsafe { block.cast::<Block>().read() }
}

/// Links a free block before another.
///
/// # Safety
/// `block` is a free block that the caller owns.
unsafe fn set_next(block: Block, next: Block) {
    // SAFETY: as for `next`; no other code uses a block that the caller owns.
    unsafe { block.cast::<Block>().write(next) }
}

/// Cuts a chunk from the system into blocks and links them; an empty list if there is no memory.
fn carve(class: usize) -> List {
    let size = SIZES[class];
    let count = (CHUNK / size).max(1);
    let Ok(layout) = Layout::from_size_align(size * count, ALIGN) else { return EMPTY };
    // SAFETY: the layout's size is not zero.
    let chunk = unsafe { System.alloc(layout) };
    if chunk.is_null() {
        return EMPTY;
    }
    let mut list = EMPTY;
    for i in (0..count).rev() {
        // SAFETY: `i * size` is inside the chunk of `count * size` bytes. The blocks do not overlap, and no other code
        // has a pointer to them yet.
        let block = unsafe { chunk.add(i * size) };
        // SAFETY: the block is free and ours.
        unsafe { set_next(block, list.first) };
        list = List { first: block, len: list.len + 1 };
    }
    list
}

/// A batch from the depot, else a chunk from the system.
fn refill(class: usize) -> List {
    {
        let mut depot = DEPOT[class].lock().unwrap_or_else(PoisonError::into_inner);
        let first = depot.0;
        if !first.is_null() {
            // SAFETY: the depot owns its batches' blocks; the second word of a batch's first block was
            // written when the batch was brought (invariant 3).
            depot.0 = unsafe { first.cast::<Block>().add(1).read() };
            return List { first, len: batch_len(class) };
        }
    }
    carve(class)
}

/// Takes one batch off the list and brings it to the depot.
fn bring_back(class: usize, list: List) -> List {
    let count = batch_len(class);
    let first = list.first;
    let mut last = first;
    for _ in 1..count {
        // SAFETY: the list is ours and holds more than `count` blocks.
        last = unsafe { next(last) };
    }
    // SAFETY: as above; `last` is a block of the list.
    let rest = unsafe { next(last) };
    // SAFETY: the batch is ours until it is in the depot.
    unsafe { set_next(last, ptr::null_mut()) };
    let mut depot = DEPOT[class].lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: a block is at least two words long, and this one is free and ours.
    unsafe { first.cast::<Block>().add(1).write(depot.0) };
    depot.0 = first;
    List { first: rest, len: list.len - count }
}

// SAFETY: blocks of a class are at least as long and as aligned as every layout of that class, and
// belong to one owner at a time (invariants 1 and 2). Other layouts go to the system unchanged. Nothing
// here unwinds: poisoned locks are taken anyway, indices are classes.
unsafe impl GlobalAlloc for LaneAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(class) = class_of(layout) else {
            // SAFETY: the caller's promises about `layout` are those that the system's allocator needs.
            return unsafe { System.alloc(layout) };
        };
        let block = with_lists(|lists| {
            let cell = &lists[class];
            let mut list = cell.get();
            if list.first.is_null() {
                list = refill(class);
                if list.first.is_null() {
                    return ptr::null_mut();
                }
            }
            let block = list.first;
            // SAFETY: the list is this thread's, so its first block is free and ours.
            cell.set(List { first: unsafe { next(block) }, len: list.len - 1 });
            block
        });
        block.unwrap_or_else(|| alloc_early(class))
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some(class) = class_of(layout) else {
            // SAFETY: the same layout went to the system when it was allocated.
            return unsafe { System.dealloc(block, layout) };
        };
        // A block that a thread without lists frees is lost, but a starting thread frees nothing.
        let _lost = with_lists(|lists| {
            let cell = &lists[class];
            let list = cell.get();
            // SAFETY: the caller gives the block up, so it is free and ours.
            unsafe { set_next(block, list.first) };
            let mut list = List { first: block, len: list.len + 1 };
            if list.len > 2 * batch_len(class).max(CHUNK / SIZES[class]) {
                list = bring_back(class, list);
            }
            cell.set(list);
        });
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that `size`, rounded up to the alignment, does not overflow.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (class_of(layout), class_of(wanted)) {
            // SAFETY: both layouts are the system's.
            (None, None) => unsafe { System.realloc(block, layout, size) },
            (old, new) if old == new => block,
            _ => {
                // SAFETY: `wanted` is a valid layout; the copy covers what both blocks hold; the old block
                // is given up with its own layout.
                unsafe {
                    let moved = self.alloc(wanted);
                    if !moved.is_null() {
                        ptr::copy_nonoverlapping(block, moved, layout.size().min(size));
                        self.dealloc(block, layout);
                    }
                    moved
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_block_from_before_there_were_lists_may_be_freed_into_one() {
        for (class, size) in SIZES.iter().enumerate() {
            let layout = Layout::from_size_align(*size, ALIGN).expect("a layout");
            let early = alloc_early(class);
            assert!(!early.is_null());
            // SAFETY: the block is as long as its class's blocks and ours; the next one is freed with its layout.
            unsafe {
                early.write_bytes(0xee, *size);
                LaneAllocator.dealloc(early, layout);
                let again = LaneAllocator.alloc(layout);
                assert_eq!(again, early, "the block freed last comes first");
                LaneAllocator.dealloc(again, layout);
            }
        }
    }

    #[test]
    fn every_layout_fits_its_class() {
        for size in (0..40_000).step_by(if cfg!(miri) { 97 } else { 1 }) {
            let layout = Layout::from_size_align(size, 8).expect("a layout");
            match class_of(layout) {
                Some(class) => {
                    assert!(SIZES[class] >= size, "{size}");
                    assert!(class == 0 || SIZES[class - 1] < size, "{size} wastes its class");
                }
                None => assert!(size > SIZES[CLASSES - 1]),
            }
        }
        assert_eq!(class_of(Layout::from_size_align(8, 32).expect("a layout")), None);
    }

    /// A block filled with a pattern of its own.
    struct Filled(*mut u8, Layout, u8);

    // SAFETY: a test's block has one owner, whichever thread it is on.
    unsafe impl Send for Filled {}

    /// Whether the bytes still hold the pattern. Miri checks only some of them, and both ends.
    fn holds(bytes: &[u8], pattern: u8) -> bool {
        let step = if cfg!(miri) { 61 } else { 1 };
        bytes.iter().step_by(step).chain(bytes.last()).all(|byte| *byte == pattern)
    }

    impl Filled {
        fn new(size: usize, pattern: u8) -> Self {
            let layout = Layout::from_size_align(size, 8).expect("a layout");
            // SAFETY: no test allocates 0 bytes.
            let block = unsafe { LaneAllocator.alloc(layout) };
            assert!(!block.is_null());
            assert_eq!(block as usize % 8, 0);
            // SAFETY: the block is `size` bytes long.
            unsafe { block.write_bytes(pattern, size) };
            Self(block, layout, pattern)
        }

        fn grow(&mut self, size: usize) {
            // SAFETY: the block was allocated with this layout.
            let moved = unsafe { LaneAllocator.realloc(self.0, self.1, size) };
            let kept = self.1.size().min(size);
            // SAFETY: both sizes hold that many bytes.
            assert!(holds(unsafe { std::slice::from_raw_parts(moved, kept) }, self.2));
            // SAFETY: the block is `size` bytes long now.
            unsafe { moved.write_bytes(self.2, size) };
            *self = Self(moved, Layout::from_size_align(size, 8).expect("a layout"), self.2);
        }

        fn free(self) {
            // SAFETY: the block is as long as its layout.
            let bytes = unsafe { std::slice::from_raw_parts(self.0, self.1.size()) };
            assert!(holds(bytes, self.2), "another owner wrote into a block");
            // SAFETY: allocated with this layout, and given up here.
            unsafe { LaneAllocator.dealloc(self.0, self.1) };
        }
    }

    /// Blocks of all sizes are allocated on some threads, grown, sent to others and freed there. No block ever has two
    /// owners.
    #[test]
    fn blocks_have_one_owner_across_threads() {
        const THREADS: u64 = 4;
        const STEPS: u64 = if cfg!(miri) { 120 } else { 30_000 };
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..THREADS).map(|_| mpsc::channel::<Filled>()).unzip();
        std::thread::scope(|scope| {
            for (me, receiver) in receivers.into_iter().enumerate() {
                let senders = senders.clone();
                scope.spawn(move || {
                    let mut state = me as u64 + 1;
                    let mut random = |below: u64| {
                        state = state
                            .wrapping_mul(6_364_136_223_846_793_005)
                            .wrapping_add(1_442_695_040_888_963_407);
                        (state >> 33) % below
                    };
                    let mut held = Vec::new();
                    for step in 0..STEPS {
                        let size = 1 + random(if step % 50 == 0 { 70_000 } else { 600 }) as usize;
                        let mut block = Filled::new(size, step as u8);
                        if random(8) == 0 {
                            block.grow(1 + random(2_000) as usize);
                        }
                        match random(3) {
                            0 => held.push(block),
                            1 => {
                                senders[random(THREADS) as usize].send(block).expect("the receiver is there")
                            }
                            _ => block.free(),
                        }
                        receiver.try_iter().for_each(Filled::free);
                        if held.len() > 500 {
                            held.swap_remove(random(500) as usize).free();
                        }
                    }
                    drop(senders);
                    held.into_iter().for_each(Filled::free);
                    receiver.iter().for_each(Filled::free);
                });
            }
            drop(senders);
        });
    }

    /// Blocks that one thread allocates and another frees come back through the depot, so memory does not grow.
    #[test]
    fn blocks_freed_elsewhere_come_back() {
        // A size that no other test uses, so that the depot's batches are this test's.
        let size = 24_000;
        let (give, take) = mpsc::sync_channel::<Filled>(8);
        let freer = std::thread::spawn(move || take.iter().for_each(Filled::free));
        let mut places = std::collections::HashSet::new();
        // More than twice the blocks that the other thread keeps in its lists.
        let (blocks, most) = if cfg!(miri) { (60, 59) } else { (2_000, 200) };
        for i in 0..blocks {
            let block = Filled::new(size, i as u8);
            places.insert(block.0 as usize);
            give.send(block).expect("the other thread is there");
        }
        drop(give);
        freer.join().expect("every block was whole");
        assert!(places.len() < most, "{} places for at most 9 blocks at a time", places.len());
    }
}

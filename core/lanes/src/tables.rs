//! Seeds of hash tables. Addresses, slots, names and hashes come from outside: the author of a link or a
//! block chooses them. Someone who knows a table's hash function can choose keys that collide, and then each
//! look-up goes through all of them. So every hash function here has a secret part.
//!
//! | tables | hash function | seeded |
//! | --- | --- | --- |
//! | by slot, [`SlotMap`](crate::schedule::SlotMap) | our own | with [`keys`] |
//! | alloy's and revm's: by address, by code hash, a transaction's slots | foldhash | natively by addresses that the system draws, and the time; in WebAssembly by `stir` |
//! | std's: by name, by location | SipHash | natively by the system; in WebAssembly by `stir` |
//!
//! No result of a run may depend on a seed. Natively seeds differ from process to process, and golden traces
//! are compared byte for byte.

use std::{
    hash::{BuildHasher, RandomState},
    hint::black_box,
    sync::OnceLock,
};

use alloy_primitives::map::DefaultHashBuilder;

/// The number of random numbers that [`seed`] takes.
pub const RANDOM: usize = KEYS + 1;

const KEYS: usize = 6;

static GIVEN: OnceLock<[u64; KEYS]> = OnceLock::new();

/// Seeds the tables of this process with random numbers from outside. In WebAssembly, where std gets no random
/// numbers from the system, it must be called before anything else. Later calls change nothing.
pub fn seed(random: [u64; RANDOM]) {
    let [place, keys @ ..] = random;
    let _again = GIVEN.set(keys);
    stir(place);
}

/// Random keys, the same for as long as the process runs.
pub fn keys() -> &'static [u64; KEYS] {
    GIVEN.get_or_init(|| {
        if cfg!(shuttle) {
            // A model must be the same every time.
            return std::array::from_fn(|i| 0x9e37_79b9_7f4a_7c15u64.wrapping_mul(2 * i as u64 + 3));
        }
        // std's own keys come from the system, and its hash of a number does not reveal them.
        let system = RandomState::new();
        std::array::from_fn(|i| system.hash_one(i))
    })
}

/// Makes the seeds of std's and foldhash's tables depend on `random`, in WebAssembly.
///
/// Both take their seeds, once, from the addresses of the stack and of a new allocation. Natively the system
/// draws such addresses. In WebAssembly they are the same every time. So `random` moves them while the seeds
/// are made: to one of 2^16 allocations and one of 2^12 depths of the stack.
fn stir(random: u64) {
    at_random_place(random, || {
        black_box(DefaultHashBuilder::default());
        black_box(RandomState::new());
    });
}

/// Calls `act` with the stack and the next small allocation at a place that depends on the lowest 28 bits.
fn at_random_place(random: u64, act: impl Fn()) {
    // The smallest blocks, of the size that those two allocate. Freed afterwards.
    let blocks: Vec<Box<u8>> = (0..random & 0xffff).map(|_| Box::new(0)).collect();
    at_depth((random >> 16 & 0xfff) as u32, &act);
    drop(black_box(blocks));
}

#[inline(never)]
fn at_depth(depth: u32, act: &dyn Fn()) {
    // Takes a frame, and is used after the call, so that the compiler cannot turn the call into a loop.
    let frame = [depth; 4];
    black_box(&frame);
    match depth {
        0 => act(),
        _ => at_depth(depth - 1, act),
    }
    black_box(&frame);
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, collections::HashSet};

    use super::*;

    #[test]
    fn seeds_are_made_at_addresses_that_random_numbers_choose() {
        let place = |random| {
            let place = Cell::new((0, 0));
            at_random_place(random, || {
                let (local, block) = (0u8, Box::new(0u8));
                place.set((black_box(&raw const local) as usize, black_box(&raw const *block) as usize));
            });
            place.get()
        };
        let depths: HashSet<usize> = (0..0x1000).step_by(64).map(|depth| place(depth << 16).0).collect();
        assert_eq!(depths.len(), 64);
        // Natively the allocator is not ours, and may use a block again.
        let blocks: HashSet<usize> = (0..0x1_0000).step_by(1024).map(|block| place(block).1).collect();
        assert!(blocks.len() > 8, "{}", blocks.len());
    }

    #[test]
    fn keys_differ_from_each_other_and_stay_the_same() {
        let different: HashSet<u64> = keys().iter().copied().collect();
        assert_eq!(different.len(), KEYS);
        assert_eq!(keys(), keys());
    }
}

//! Maps by slot, with a hash that is made for such keys.
//!
//! The usual hash of a map takes a key's fields one by one through a 128-bit buffer and its long
//! arrays out of line; in WebAssembly, which has neither 128-bit shifts nor 64-bit products in
//! full, that is a good part of a token transfer. Here it is three multiplications.

use std::hash::{BuildHasher, Hasher};

use alloy_primitives::{U256, map::HashMap};

use super::AccountNo;

/// A map by account and slot.
pub type SlotMap<V> = HashMap<(AccountNo, U256), V, SlotHash>;

/// Makes hashers for the keys of a [`SlotMap`], and for nothing else.
///
/// Nothing about it is secret: slots that are made to collide slow down the run that they are made
/// for, as does any other gas.
#[derive(Clone, Copy, Debug, Default)]
pub struct SlotHash;

/// See [`SlotHash`]. `FULL`: from full products of 64-bit numbers; else from those of their halves.
#[derive(Debug)]
pub struct SlotHasher<const FULL: bool>(u64);

// Random numbers.
const START: u64 = 0x93d7_6531_a2c5_4a0b;
const STEPS: [u64; 2] = [0xd1b5_4a32_d192_ed03, 0x8cb9_2ba7_2f3d_8dd7];

impl BuildHasher for SlotHash {
    type Hasher = SlotHasher<{ cfg!(target_pointer_width = "64") }>;

    #[inline]
    fn build_hasher(&self) -> Self::Hasher {
        SlotHasher(START)
    }
}

impl<const FULL: bool> Hasher for SlotHasher<FULL> {
    /// The account's number.
    #[inline]
    fn write_u32(&mut self, account: u32) {
        self.step(u64::from(account), STEPS[0]);
    }

    /// The length of the slot's bytes: always the same.
    #[inline]
    fn write_usize(&mut self, _: usize) {}

    /// The slot's bytes.
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        for pair in bytes.chunks(16) {
            let mut words = [0; 2];
            for (word, bytes) in words.iter_mut().zip(pair.chunks(8)) {
                let mut full = [0; 8];
                full[..bytes.len()].copy_from_slice(bytes);
                *word = u64::from_le_bytes(full);
            }
            self.step(words[0], STEPS[1] ^ words[1]);
        }
    }

    #[inline]
    fn finish(&self) -> u64 {
        if FULL {
            return self.0;
        }
        // The halves' products leave the topmost bits of short numbers alone, and tables look at those.
        let spread = self.0.wrapping_mul(STEPS[0]);
        spread ^ (spread >> 32)
    }
}

impl<const FULL: bool> SlotHasher<FULL> {
    #[inline]
    fn step(&mut self, a: u64, b: u64) {
        let a = self.0 ^ a;
        self.0 = if FULL {
            let product = u128::from(a) * u128::from(b);
            product as u64 ^ (product >> 64) as u64
        } else {
            let low = |x: u64| x & u64::from(u32::MAX);
            (low(a) * (b >> 32)).rotate_left(32) ^ ((a >> 32) * low(b))
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::HashSet, hash::Hash};

    /// Slots as contracts have them, where few bits differ, at either end.
    fn spreads<const FULL: bool>() {
        let small = (0..5_000u64).map(U256::from);
        let packed = (0..256).map(|bit| U256::ONE << bit);
        let high = (0..5_000u64).map(|n| U256::from(n) << 192);
        let slots: HashSet<U256> = small.chain(packed).chain(high).collect();
        for account in [0, 1, 2, 70_000] {
            let hash = |slot: &U256| {
                let mut hasher = SlotHasher::<FULL>(START);
                (AccountNo(account), *slot).hash(&mut hasher);
                hasher.finish()
            };
            let hashes: HashSet<u64> = slots.iter().map(hash).collect();
            assert_eq!(hashes.len(), slots.len());
            // What a table looks at: the lowest bits, and the topmost seven. A crowded bucket is what costs.
            for shift in [0, 57] {
                let mut buckets = [0u32; 128];
                hashes.iter().for_each(|hash| buckets[(hash >> shift) as usize % 128] += 1);
                let even = hashes.len() as u32 / 128;
                assert!(buckets.iter().all(|count| *count > even / 3 && *count < even * 2), "{buckets:?}");
            }
        }
    }

    #[test]
    fn slots_in_a_row_and_slots_far_apart_are_spread() {
        spreads::<true>();
        spreads::<false>();
    }
}

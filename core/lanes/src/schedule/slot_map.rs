//! Maps by slot, with a hash that is made for such keys.
//!
//! The usual hash of a map takes a key's fields one by one through a 128-bit buffer, and its long arrays out
//! of line. WebAssembly has neither 128-bit shifts nor full 64-bit products, so there that hash is a good
//! part of a token transfer. This hash is three products, or five of halves.
//!
//! Slots are chosen by the author of a contract, so the hash has secret keys ([`crate::tables`]). Words are
//! added to keys, multiplied in pairs, and summed (NH: Black et al., UMAC, CRYPTO 1999):
//!
//! ```text
//! sum = (word 0 + key 0) × (word 1 + key 1) + (word 2 + key 2) × (word 3 + key 3) + account
//! ```
//! Let two slots differ, say in word 0. Their sums differ by (word 0 − word 0') × (word 1 + key 1), plus a
//! term in which key 0 and key 1 do not occur. Whatever the slots are, few values of key 1 make that
//! difference a given number: one in 2^64, or one in 2^32 for products of halves. So without the keys nobody
//! can choose slots that collide: any two slots collide only for few keys, and no word makes a product zero
//! for all keys. A last step spreads the sum over the hash's bits. It is as safe, because its input is
//! secret.

use std::hash::{BuildHasher, Hasher};

use alloy_primitives::{U256, map::HashMap};

use super::AccountNo;
use crate::tables;

/// A map by account and slot.
pub type SlotMap<V> = HashMap<(AccountNo, U256), V, SlotHash>;

/// Makes hashers for the keys of a [`SlotMap`], and for nothing else. All hashers of a process have the same
/// keys.
#[derive(Clone, Copy, Debug)]
pub struct SlotHash(&'static [u64; 6]);

/// Whether the processor has full products of 64-bit numbers.
const FULL: bool = cfg!(target_pointer_width = "64");

impl Default for SlotHash {
    fn default() -> Self {
        Self(tables::keys())
    }
}

/// The hasher of a [`SlotMap`]: see [`SlotHash`].
#[derive(Debug)]
pub struct SlotHasher {
    keys: &'static [u64; 6],
    /// The account, then the hash.
    state: u64,
}

impl SlotHash {
    /// The shard of a slot, below 2^8. Independent of the hash, so that a shard's map fills evenly.
    #[inline]
    pub(super) fn shard(&self, account: AccountNo, slot: &U256) -> usize {
        let words = slot.as_limbs().iter().zip(self.0);
        let sum =
            words.fold(u64::from(account.0), |sum, (word, key)| sum.wrapping_add(word.wrapping_mul(*key)));
        (sum.wrapping_mul(self.0[4] | 1) >> 56) as usize
    }
}

impl BuildHasher for SlotHash {
    type Hasher = SlotHasher;

    #[inline]
    fn build_hasher(&self) -> SlotHasher {
        SlotHasher { keys: self.0, state: 0 }
    }
}

impl Hasher for SlotHasher {
    /// The account's number.
    #[inline]
    fn write_u32(&mut self, account: u32) {
        self.state = account.into();
    }

    /// The length of the slot's bytes: always the same.
    #[inline]
    fn write_usize(&mut self, _: usize) {}

    /// The slot's bytes.
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(bytes.chunks(8)) {
            let mut full = [0; 8];
            full[..bytes.len()].copy_from_slice(bytes);
            *word = u64::from_le_bytes(full);
        }
        self.state =
            if FULL { full(self.keys, self.state, words) } else { halves(self.keys, self.state, words) };
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.state
    }
}

/// The hash from full products.
#[inline]
fn full(keys: &[u64; 6], account: u64, [a, b, c, d]: [u64; 4]) -> u64 {
    let product = |x: u64, y: u64| u128::from(x) * u128::from(y);
    let low = product(a.wrapping_add(keys[0]), b.wrapping_add(keys[1]));
    let high = product(c.wrapping_add(keys[2]), d.wrapping_add(keys[3]));
    let sum = low.wrapping_add(high).wrapping_add(account.into());
    let spread = product(sum as u64 ^ keys[4], (sum >> 64) as u64 ^ keys[5]);
    spread as u64 ^ (spread >> 64) as u64
}

/// The same from products of 32-bit numbers: a word's halves are a pair.
#[inline]
fn halves(keys: &[u64; 6], account: u64, words: [u64; 4]) -> u64 {
    let sum = words.iter().zip(keys).fold(account, |sum, (word, key)| {
        let low = (*word as u32).wrapping_add(*key as u32);
        let high = ((word >> 32) as u32).wrapping_add((key >> 32) as u32);
        sum.wrapping_add(u64::from(low) * u64::from(high))
    });
    // A table looks at the lowest bits and the topmost seven. Both steps are bijections, so they make no two
    // different sums equal.
    let sum = sum ^ (sum >> 32);
    let spread = sum.wrapping_mul(keys[4] | 1);
    spread ^ (spread >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    type Hash = fn(&[u64; 6], u64, [u64; 4]) -> u64;

    /// Some keys, the same every time.
    fn some_keys() -> impl Iterator<Item = [u64; 6]> {
        (1..40u64).map(|i| std::array::from_fn(|j| mixed(i << 8 | j as u64)))
    }

    /// SplitMix64.
    fn mixed(i: u64) -> u64 {
        let z = i.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// How many slots a table goes through to find each of them once, in a table of about as many places: those
    /// that begin at the same place are gone through in turn.
    fn work(hash: Hash, keys: &[u64; 6], slots: &[[u64; 4]]) -> u64 {
        let places = slots.len().next_power_of_two();
        let mut at = vec![0u64; places];
        for slot in slots {
            at[hash(keys, 7, *slot) as usize % places] += 1;
        }
        at.iter().map(|count| count * (count + 1) / 2).sum()
    }

    const ALL: [Hash; 2] = [full, halves];
    const MANY: u64 = 20_000;

    #[test]
    fn slots_in_a_row_and_slots_far_apart_are_spread() {
        let small = (0..5_000u64).map(U256::from);
        let packed = (0..256).map(|bit| U256::ONE << bit);
        let high = (0..5_000u64).map(|n| U256::from(n) << 192);
        let slots: HashSet<U256> = small.chain(packed).chain(high).collect();
        for hash in ALL {
            for (keys, account) in some_keys().zip([0, 1, 2, 70_000].into_iter().cycle()) {
                let hashes: HashSet<u64> =
                    slots.iter().map(|slot| hash(&keys, account, *slot.as_limbs())).collect();
                assert_eq!(hashes.len(), slots.len());
                // What a table looks at: the lowest bits, and the topmost seven. A crowded bucket costs time.
                for shift in [0, 57] {
                    let mut buckets = [0u32; 128];
                    hashes.iter().for_each(|hash| buckets[(hash >> shift) as usize % 128] += 1);
                    let even = hashes.len() as u32 / 128;
                    assert!(
                        buckets.iter().all(|count| *count > even / 3 && *count < even * 2),
                        "{buckets:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn chosen_slots_cost_no_more_than_twice_what_ordinary_ones_do() {
        // Chosen against the hash that was here before, which had no secret: its second factor, cancelled.
        let constant = (1..=MANY).map(|i| [mixed(i), 0x8cb9_2ba7_2f3d_8dd7, 0, 0]);
        // Against sums without keys: always the same.
        let zero = (1..=MANY).map(|i| [mixed(i), 0, 0, mixed(i + MANY)]);
        let swapped = (1..=MANY / 2).flat_map(|i| [[i, i << 32, 0, 0], [i << 32, i, 0, 0]]);
        let moved = (1..=MANY).map(|i| [i, 0u64.wrapping_sub(i), i, 0u64.wrapping_sub(i)]);
        // Against tables that look at the lowest or the topmost bits only.
        let high = (1..=MANY).map(|i| [i << 48, i << 40, i << 32, 0]);
        let chosen: [Vec<[u64; 4]>; 5] =
            [constant.collect(), zero.collect(), swapped.collect(), moved.collect(), high.collect()];
        let ordinary: Vec<[u64; 4]> = (0..MANY).map(|i| [i, 0, 0, 0]).collect();
        for hash in ALL {
            let random: Vec<[u64; 4]> =
                (0..MANY).map(|i| std::array::from_fn(|j| mixed(4 * i + j as u64))).collect();
            for keys in some_keys() {
                let least = work(hash, &keys, &random);
                for (i, slots) in chosen.iter().chain([&ordinary]).enumerate() {
                    let work = work(hash, &keys, slots);
                    assert!(work <= 2 * least, "{work} instead of {least} for slots {i}");
                }
            }
        }
    }

    #[test]
    fn slots_chosen_for_some_keys_are_ordinary_under_others() {
        let [known, others @ ..] = [1, 2, 3, 4].map(|i| some_keys().nth(i).expect("there are more"));
        // Slots that make both second factors zero, or all four of halves.
        let against_full = |i| {
            let zero = |key: u64| 0u64.wrapping_sub(key);
            [mixed(i), zero(known[1]), mixed(i + MANY), zero(known[3])]
        };
        let against_halves = |i| {
            let zero = |key: u64| u64::from(0u32.wrapping_sub((key >> 32) as u32)) << 32;
            std::array::from_fn(|j| zero(known[j]) | mixed(4 * i + j as u64) >> 32)
        };
        let chosen: [Vec<[u64; 4]>; 2] =
            [(1..=MANY).map(against_full).collect(), (1..=MANY).map(against_halves).collect()];
        for (hash, slots) in ALL.into_iter().zip(&chosen) {
            assert_eq!(
                work(hash, &known, slots),
                MANY * (MANY + 1) / 2,
                "with the keys one can choose slots that collide"
            );
            for keys in others {
                assert!(work(hash, &keys, slots) < 2 * MANY);
            }
        }
    }

    #[test]
    fn slots_are_shared_out_evenly() {
        for keys in some_keys() {
            let hash = SlotHash(Box::leak(Box::new(keys)));
            let shares = |slot: &dyn Fn(u64) -> [u64; 4]| {
                let mut shards = [0u32; 256];
                (0..25_600).for_each(|i| {
                    shards[hash.shard(AccountNo(3), &U256::from_limbs(slot(i)))] += 1;
                });
                shards.into_iter().max()
            };
            // 100 each.
            assert!(shares(&|i| [i, 0, 0, 0]) < Some(300));
            assert!(shares(&|i| [5, 0, 0, i << 8]) < Some(300));
            assert!(shares(&|i| std::array::from_fn(|j| mixed(4 * i + j as u64))) < Some(300));
        }
    }
}

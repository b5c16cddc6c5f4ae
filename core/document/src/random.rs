//! Everything random in a scenario, from its seed, by integer arithmetic alone, so that a link
//! means the same on every machine and in ten years. `docs/scenario.md` specifies it in words,
//! with the vectors that the tests below check.

use alloy_primitives::U256;

/// SplitMix64 (Steele, Lea, Flood 2014) for one repetition of one entry of `transactions`.
///
/// Every repetition has a stream of its own, so that it can be made without making the ones before.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

/// The odd part of 2^64 over the golden ratio: SplitMix64's step.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64's output function.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Random {
    /// The stream of repetition `repetition` (from 0) of entry `entry` (from 0).
    pub fn new(seed: u64, entry: u32, repetition: u32) -> Self {
        let place = u64::from(entry) << 32 | u64::from(repetition);
        Self { state: mix(mix(seed.wrapping_add(STEP)) ^ place) }
    }

    /// The next 64 bits.
    pub fn word(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        mix(self.state)
    }

    /// A number from 0 to `most`, each equally likely: as many words as `most` has (the first
    /// drawn is the lowest), cut to its bits, drawn again while the number is above `most`.
    pub fn up_to(&mut self, most: U256) -> U256 {
        let bits = most.bit_len();
        if bits == 0 {
            return U256::ZERO;
        }
        let mask = U256::MAX >> (256 - bits);
        loop {
            let mut words = [0u64; 4];
            for word in words.iter_mut().take(bits.div_ceil(64)) {
                *word = self.word();
            }
            let number = U256::from_limbs(words) & mask;
            if number <= most {
                return number;
            }
        }
    }

    /// An index below `count`, each equally likely. `count` is at least 1.
    pub fn index(&mut self, count: u32) -> u32 {
        self.up_to(U256::from(count.saturating_sub(1))).to::<u32>()
    }
}

/// Zipf's law over `count` elements: element `i` (from 0) weighs (i + 1)^-skew, as an integer.
#[derive(Clone, Debug)]
pub struct Zipf {
    /// Sums of the weights up to and including each element.
    sums: Vec<u64>,
}

impl Zipf {
    /// Weights for `count` elements, at least 1. `skew` is in thousandths.
    pub fn new(count: u32, skew: u32) -> Self {
        let roots = roots();
        let mut sum = 0;
        let sums = (1..=u64::from(count.max(1)))
            .map(|n| {
                sum += weight(n, skew, &roots);
                sum
            })
            .collect();
        Self { sums }
    }

    /// Draws an element's index.
    pub fn draw(&self, random: &mut Random) -> u32 {
        let total = self.sums.last().copied().unwrap_or(1);
        let at = random.up_to(U256::from(total - 1)).to::<u64>();
        self.sums.partition_point(|&sum| sum <= at) as u32
    }
}

/// n^-(skew/1000) · 2^32, rounded down, at least 1.
fn weight(n: u64, skew: u32, roots: &[u64; 32]) -> u64 {
    let power = u128::from(log2(n)) * u128::from(skew) / 1000;
    let (whole, fraction) = (power >> 32, power as u32);
    if whole >= 32 {
        return 1;
    }
    let mut product = 1u64 << 63;
    for (i, root) in roots.iter().enumerate() {
        if fraction >> (31 - i) & 1 == 1 {
            product = ((u128::from(product) * u128::from(*root)) >> 63) as u64;
        }
    }
    (product >> 31 >> whole).max(1)
}

/// log2(n) · 2^32, rounded down; by repeated squaring. `n` is at least 1.
fn log2(n: u64) -> u64 {
    let whole = n.ilog2();
    let mut x = u128::from(n) << (63 - whole);
    let mut log = u64::from(whole) << 32;
    for bit in (0..32).rev() {
        x = (x * x) >> 63;
        if x >> 64 == 1 {
            log |= 1 << bit;
            x >>= 1;
        }
    }
    log
}

/// 2^(-1/2), 2^(-1/4), … 2^(-1/2^32), times 2^63, each the integer square root of the one before.
fn roots() -> [u64; 32] {
    let mut root = 1u64 << 62;
    std::array::from_fn(|_| {
        root = (u128::from(root) << 63).isqrt() as u64;
        root
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // The vectors of docs/scenario.md.
    #[test]
    fn the_stream_is_the_documented_one() {
        // SplitMix64 from state 0, as published.
        let mut plain = Random { state: 0 };
        assert_eq!(plain.word(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(plain.word(), 0x6e78_9e6a_a1b9_65f4);
        let draw = |seed, entry, repetition| Random::new(seed, entry, repetition).word();
        let vectors = [draw(1, 0, 0), draw(1, 0, 1), draw(1, 1, 0), draw(u64::MAX, 7, 99_999)];
        assert_eq!(vectors.map(|v| format!("{v:016x}")), VECTORS,);
        let mut random = Random::new(1, 2, 3);
        let indices: Vec<u32> = (0..10).map(|_| random.index(10)).collect();
        assert_eq!(indices, INDICES);
    }
    const VECTORS: [&str; 4] =
        ["6ec85f1f8547bc0c", "21a5715431dc4cc7", "23b82260d651598e", "3ff608b59a8da5c2"];
    const INDICES: [u32; 10] = [3, 2, 9, 7, 0, 5, 1, 5, 5, 2];

    #[test]
    fn zipf_weights_are_the_documented_ones() {
        let weights = |skew| {
            let roots = roots();
            [1, 2, 3, 10, 100_000].map(|n| weight(n, skew, &roots))
        };
        assert_eq!(weights(0), [1 << 32; 5]);
        assert_eq!(weights(1000), WEIGHTS_1);
        assert_eq!(weights(1100), WEIGHTS_1_1);
        assert_eq!(weights(5000)[4], 1);
    }
    const WEIGHTS_1: [u64; 5] = [4_294_967_296, 2_147_483_648, 1_431_655_765, 429_496_729, 42_949];
    const WEIGHTS_1_1: [u64; 5] = [4_294_967_296, 2_003_673_092, 1_282_704_094, 341_161_379, 13_581];

    #[test]
    fn zipf_weights_are_close_to_the_real_ones() {
        let roots = roots();
        for skew in [1, 500, 1000, 1100, 2000, 3000] {
            for n in [1u64, 2, 3, 7, 10, 99, 1000, 65_536] {
                let real = (n as f64).powf(-f64::from(skew) / 1000.0) * 4_294_967_296.0;
                let ours = weight(n, skew, &roots) as f64;
                assert!((ours - real).abs() <= real * 1e-6 + 1.0, "{n}^-{skew}: {ours} {real}");
            }
        }
    }

    #[test]
    fn every_number_up_to_the_most_is_drawn() {
        let mut random = Random::new(7, 0, 0);
        let mut seen = [0u32; 7];
        for _ in 0..7000 {
            seen[random.index(7) as usize] += 1;
        }
        assert!(seen.iter().all(|n| (800..1200).contains(n)), "{seen:?}");
        assert_eq!(random.up_to(U256::ZERO), U256::ZERO);
        for _ in 0..100 {
            assert!(random.up_to(U256::from(5) << 200) <= U256::from(5) << 200);
        }
    }

    #[test]
    fn zipf_prefers_the_first() {
        let zipf = Zipf::new(50, 1100);
        let mut random = Random::new(1, 0, 0);
        let mut seen = [0u32; 50];
        for _ in 0..10_000 {
            seen[zipf.draw(&mut random) as usize] += 1;
        }
        assert!(seen[0] > 2 * seen[2] && seen[2] > seen[30] && seen.iter().all(|&n| n > 0), "{seen:?}");
    }
}

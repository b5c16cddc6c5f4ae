//! A set of transactions, one bit each: the first member above a point is found a word at a time.

/// A set of positions below a fixed number.
#[derive(Clone, Debug)]
pub(super) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    pub(super) fn none(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)] }
    }

    pub(super) fn insert(&mut self, i: usize) {
        self.words[i / 64] |= 1 << (i % 64);
    }

    pub(super) fn remove(&mut self, i: usize) {
        self.words[i / 64] &= !(1 << (i % 64));
    }

    #[cfg(test)]
    pub(super) fn contains(&self, i: usize) -> bool {
        self.words[i / 64] >> (i % 64) & 1 == 1
    }

    /// The lowest member.
    pub(super) fn first(&self) -> Option<usize> {
        let word = self.words.iter().position(|word| *word != 0)?;
        Some(word * 64 + self.words[word].trailing_zeros() as usize)
    }

    /// Adds the members of `other` from `from` on.
    pub(super) fn insert_from(&mut self, other: &Self, from: usize) {
        let first = from / 64;
        for (i, word) in self.words.iter_mut().enumerate().skip(first) {
            let mask = if i == first { u64::MAX << (from % 64) } else { u64::MAX };
            *word |= other.words[i] & mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_across_words() {
        let mut bits = Bits::none(130);
        assert_eq!(bits.first(), None);
        bits.insert(129);
        assert_eq!(bits.first(), Some(129));
        bits.insert(64);
        assert_eq!(bits.first(), Some(64));
        bits.remove(64);
        assert!(!bits.contains(64) && bits.contains(129));
    }

    #[test]
    fn a_tail_is_added_from_its_start() {
        let mut source = Bits::none(200);
        (0..200).step_by(3).for_each(|i| source.insert(i));
        let mut target = Bits::none(200);
        target.insert_from(&source, 66);
        for i in 0..200 {
            assert_eq!(target.contains(i), i % 3 == 0 && i >= 66, "{i}");
        }
    }
}

//! A set of transactions, one bit each: the first member above a point is found a word at a time.

/// A set of positions below a fixed number.
///
/// ```text
/// words   0 0 0 1 0 1 1 0 0      members are in words low..high only, so that a scan for the first
///               ▲       ▲        member does not begin at the block's start each time
///              low     high
/// ```
#[derive(Clone, Debug)]
pub(super) struct Bits {
    words: Vec<u64>,
    /// No member is in a word before this one.
    low: usize,
    /// No member is in this word or after it.
    high: usize,
    len: usize,
}

impl Bits {
    /// An empty set of positions below `len`.
    pub(super) fn none(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], low: 0, high: 0, len: 0 }
    }

    pub(super) fn insert(&mut self, i: usize) {
        let word = &mut self.words[i / 64];
        self.len += usize::from(*word >> (i % 64) & 1 == 0);
        *word |= 1 << (i % 64);
        self.low = self.low.min(i / 64);
        self.high = self.high.max(i / 64 + 1);
    }

    pub(super) fn remove(&mut self, i: usize) {
        let word = &mut self.words[i / 64];
        self.len -= usize::from(*word >> (i % 64) & 1 == 1);
        *word &= !(1 << (i % 64));
    }

    /// Number of members.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn contains(&self, i: usize) -> bool {
        self.words[i / 64] >> (i % 64) & 1 == 1
    }

    /// The lowest member. Moves `low` up to it, which is why it takes the set by `&mut`.
    pub(super) fn first(&mut self) -> Option<usize> {
        if self.len == 0 {
            return None;
        }
        self.low += self.words[self.low..].iter().position(|word| *word != 0)?;
        Some(self.low * 64 + self.words[self.low].trailing_zeros() as usize)
    }

    /// Adds the members of `other` from `from` on.
    pub(super) fn insert_from(&mut self, other: &Self, from: usize) {
        let first = (from / 64).max(other.low);
        for i in first..other.high {
            let mask = if i == from / 64 { u64::MAX << (from % 64) } else { u64::MAX };
            let word = &mut self.words[i];
            let added = other.words[i] & mask & !*word;
            self.len += added.count_ones() as usize;
            *word |= added;
        }
        self.high = self.high.max(other.high);
        self.low = self.low.min(first);
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
        assert_eq!(bits.len(), 1);
        bits.insert(3);
        bits.insert(3);
        assert_eq!((bits.first(), bits.len()), (Some(3), 2));
        bits.remove(3);
        bits.remove(129);
        bits.remove(129);
        assert_eq!((bits.first(), bits.len()), (None, 0));
    }

    #[test]
    fn a_tail_is_added_from_its_start() {
        let mut source = Bits::none(200);
        (0..200).step_by(3).for_each(|i| source.insert(i));
        let mut target = Bits::none(200);
        target.insert(69);
        target.insert_from(&source, 66);
        assert_eq!((target.first(), target.len()), (Some(66), 45));
        for i in 0..200 {
            assert_eq!(target.contains(i), i % 3 == 0 && i >= 66, "{i}");
        }
    }
}

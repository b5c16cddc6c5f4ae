//! Notes about places: what traces are made of by the million.

use crate::{
    schedule::{AccountNo, Key, Kind, PackedLocation, Part, SlotNo, Slots},
    units::{Incarnation, TxIndex, Version},
};

/// Whose value was seen, in eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PackedVersion {
    /// The highest number stands for the state before the block.
    tx: TxIndex,
    /// The incarnation, and in the highest bit whether the value is a sum.
    stamp: u32,
}

const SUM: u32 = 1 << 31;

impl PackedVersion {
    /// The last of several whose increments a balance adds up.
    pub(super) fn last_of_sum(version: Version) -> Self {
        Self { tx: version.tx, stamp: version.incarnation.0 | SUM }
    }

    pub(super) fn is_sum(self) -> bool {
        self.stamp & SUM != 0
    }

    /// The same, with another version in place of the one it has.
    pub(super) fn map(self, map: impl FnOnce(Version) -> Version) -> Self {
        match Option::<Version>::from(self).map(map) {
            Some(version) if self.is_sum() => Self::last_of_sum(version),
            version => version.into(),
        }
    }
}

impl From<Option<Version>> for PackedVersion {
    fn from(from: Option<Version>) -> Self {
        let before = Version { tx: TxIndex(u32::MAX), incarnation: Incarnation(0) };
        let Version { tx, incarnation } = from.unwrap_or(before);
        Self { tx, stamp: incarnation.0 & !SUM }
    }
}

impl From<PackedVersion> for Option<Version> {
    fn from(PackedVersion { tx, stamp }: PackedVersion) -> Self {
        (tx.0 != u32::MAX).then_some(Version { tx, incarnation: Incarnation(stamp & !SUM) })
    }
}

/// AccessLog, one after the other, with something about each.
#[derive(Debug)]
pub(super) struct AccessLog<T> {
    items: Vec<(PackedLocation, T)>,
    /// Slots that have no number.
    others: Vec<Key>,
}

impl<T> Default for AccessLog<T> {
    fn default() -> Self {
        Self { items: Vec::new(), others: Vec::new() }
    }
}

impl<T> AccessLog<T> {
    pub(super) fn len(&self) -> u32 {
        self.items.len() as u32
    }

    pub(super) fn push(&mut self, key: Key, at: Option<SlotNo>, about: T) {
        let place = PackedLocation::of(key, at, &mut self.others);
        self.items.push((place, about));
    }

    /// The same, of a place that is not one of the others.
    pub(super) fn push_place(&mut self, place: PackedLocation, about: T) {
        self.items.push((place, about));
    }

    pub(super) fn items(&self) -> &[(PackedLocation, T)] {
        &self.items
    }

    pub(super) fn items_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.items.iter_mut().map(|(_, about)| about)
    }

    /// The key of one of the others.
    pub(super) fn other(&self, i: usize) -> Key {
        self.others[i]
    }

    /// Appends those of `more`.
    pub(super) fn append(&mut self, more: Self) {
        if self.items.is_empty() {
            *self = more;
            return;
        }
        let shift = self.others.len();
        self.items.extend(more.items.into_iter().map(|(place, about)| match place.kind() {
            Kind::Other(i) => (PackedLocation::other(i + shift), about),
            _ => (place, about),
        }));
        self.others.extend(more.others);
    }
}

/// A number for each place of several lists that is the same for the same location.
pub(super) struct Numbering<'a> {
    slots: &'a dyn Slots,
    /// By account and part.
    parts: Vec<[u32; 4]>,
    /// By slot number.
    numbered: Vec<u32>,
    others: alloy_primitives::map::HashMap<Key, u32>,
}

/// Not met yet.
const NONE: u32 = u32::MAX;

impl<'a> Numbering<'a> {
    pub(super) fn new(accounts: usize, slots: &'a dyn Slots) -> Self {
        Self {
            slots,
            parts: vec![[NONE; 4]; accounts],
            numbered: vec![NONE; slots.count()],
            others: Default::default(),
        }
    }

    /// The number of a place, to be read or set.
    pub(super) fn of<T>(&mut self, place: PackedLocation, places: &AccessLog<T>) -> &mut u32 {
        match place.kind() {
            Kind::Part(no, part) => self.of_part(no, part),
            Kind::Slot(at) => &mut self.numbered[at.index()],
            Kind::Other(i) => self.of_key(places.other(i)),
        }
    }

    /// The number of a key's place.
    pub(super) fn of_key(&mut self, key: Key) -> &mut u32 {
        match key.part {
            Part::Slot(slot) => match self.slots.find(key.account, &slot) {
                Some(at) => &mut self.numbered[at.index()],
                None => self.others.entry(key).or_insert(NONE),
            },
            part => self.of_part(key.account, part),
        }
    }

    fn of_part(&mut self, no: AccountNo, part: Part) -> &mut u32 {
        let part = match part {
            Part::Balance => 0,
            Part::Nonce => 1,
            Part::Code => 2,
            Part::Existence | Part::Slot(_) => 3,
        };
        &mut self.parts[no.index()][part]
    }

    /// Every place whose number was set, with it.
    pub(super) fn met(&mut self) -> impl Iterator<Item = (Key, &mut u32)> {
        let Self { slots, parts, numbered, others } = self;
        let parts = parts.iter_mut().enumerate().flat_map(|(i, parts)| {
            const PARTS: [Part; 4] = [Part::Balance, Part::Nonce, Part::Code, Part::Existence];
            let account = AccountNo(i as u32);
            PARTS.into_iter().zip(parts).map(move |(part, number)| (Key { account, part }, number))
        });
        let numbered = numbered.iter_mut().enumerate().filter_map(|(i, number)| {
            let (account, slot) = slots.key_of(SlotNo(i as u32))?;
            Some((Key { account, part: Part::Slot(slot) }, number))
        });
        let others = others.iter_mut().map(|(key, number)| (*key, number));
        parts.chain(numbered).chain(others).filter(|(_, number)| **number != NONE)
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::U256;

    use super::*;
    use crate::schedule::SlotNumbers;

    fn key(account: u32, part: Part) -> Key {
        Key { account: AccountNo(account), part }
    }

    #[test]
    fn a_place_and_whose_value_was_seen_take_twelve_bytes() {
        assert_eq!(size_of::<(PackedLocation, PackedVersion)>(), 12);
        let seen = Some(Version { tx: TxIndex(7), incarnation: Incarnation(3) });
        assert_eq!(Option::<Version>::from(PackedVersion::from(seen)), seen);
        assert_eq!(Option::<Version>::from(PackedVersion::from(None)), None);
        let sum = seen.map(PackedVersion::last_of_sum);
        assert_eq!(sum.map(|sum| (sum.into(), sum.is_sum())), Some((seen, true)));
    }

    #[test]
    fn the_same_location_has_one_number_in_all_lists() {
        let slots: SlotNumbers = [(AccountNo(0), U256::from(5))].into_iter().collect();
        let known = key(0, Part::Slot(U256::from(5)));
        let other = key(1, Part::Slot(U256::from(6)));
        let at = slots.number(AccountNo(0), &U256::from(5));
        let (mut one, mut two) = (AccessLog::default(), AccessLog::default());
        one.push(key(0, Part::Nonce), None, ());
        two.push(key(1, Part::Slot(U256::from(9))), None, ());
        for list in [&mut one, &mut two] {
            list.push(other, None, ());
            list.push(known, at, ());
        }
        one.append(two);
        let mut numbering = Numbering::new(2, &slots);
        for (place, ()) in one.items() {
            *numbering.of(*place, &one) = 0;
        }
        for (i, (_, number)) in numbering.met().enumerate() {
            *number = i as u32;
        }
        let numbers: Vec<u32> = one.items().iter().map(|(place, ())| *numbering.of(*place, &one)).collect();
        assert_eq!(numbers[1], numbers[4]);
        assert_eq!(numbers[2], numbers[5]);
        assert_eq!(numbers[1], *numbering.of_key(other));
        assert_eq!(numbers[2], *numbering.of_key(known));
        assert_eq!(numbering.met().count(), 4);
    }
}

//! Lists of accesses, the bulk of a trace: millions of them, in 12 bytes each.

use crate::{
    schedule::{AccountNo, Key, Kind, PackedLocation, Part, SlotNo, Slots},
    units::{Incarnation, TxIndex, Version},
};

/// The version whose value was read, or the state before the block, in eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PackedVersion {
    /// The highest number means the state before the block.
    tx: TxIndex,
    /// The incarnation; the highest bit says whether the value is a sum.
    stamp: u32,
}

const SUM: u32 = 1 << 31;

impl PackedVersion {
    /// The last of the versions whose increments a balance adds up.
    pub(super) fn last_of_sum(version: Version) -> Self {
        Self { tx: version.tx, stamp: version.incarnation.0 | SUM }
    }

    pub(super) fn is_sum(self) -> bool {
        self.stamp & SUM != 0
    }

    /// The same, with its version replaced.
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

/// Accesses in order, each with a note: of a read the version that was read, of a write whether it is an
/// increment.
#[derive(Debug)]
pub(super) struct AccessLog<T> {
    items: Vec<(PackedLocation, T)>,
    /// Slots without a number.
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
        let location = PackedLocation::of(key, at, &mut self.others);
        self.items.push((location, about));
    }

    /// The same, for a location that is not one of the others.
    pub(super) fn push_location(&mut self, location: PackedLocation, about: T) {
        self.items.push((location, about));
    }

    pub(super) fn items(&self) -> &[(PackedLocation, T)] {
        &self.items
    }

    pub(super) fn items_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.items.iter_mut().map(|(_, about)| about)
    }

    /// One of the others.
    pub(super) fn other(&self, i: usize) -> Key {
        self.others[i]
    }

    /// Appends another list.
    pub(super) fn append(&mut self, more: Self) {
        if self.items.is_empty() {
            *self = more;
            return;
        }
        let shift = self.others.len();
        self.items.extend(more.items.into_iter().map(|(location, about)| match location.kind() {
            Kind::Other(i) => (PackedLocation::other(i + shift), about),
            _ => (location, about),
        }));
        self.others.extend(more.others);
    }
}

/// Gives each location one number, the same in every list and form.
///
/// ```text
/// PackedLocation ─┬─ part  ─▶ parts[account][part]
///                 ├─ slot  ─▶ numbered[slot]
///                 └─ other ─▶ key ─┬─ has a number by now ─▶ numbered[slot]
///                                  └─ has none ────────────▶ others[key]
/// ```
/// The same slot may have a number in one list and none in another: a lane may note a slot before another
/// lane interns it.
pub(super) struct Numbering<'a> {
    slots: &'a dyn Slots,
    /// By account and part.
    parts: Vec<[u32; 4]>,
    /// By slot number.
    numbered: Vec<u32>,
    /// Slots without a number.
    others: alloy_primitives::map::HashMap<Key, u32>,
}

/// No number yet.
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

    /// The number of a location in `locations`, to be read or set.
    pub(super) fn of<T>(&mut self, location: PackedLocation, locations: &AccessLog<T>) -> &mut u32 {
        match location.kind() {
            Kind::Part(no, part) => self.of_part(no, part),
            Kind::Slot(at) => &mut self.numbered[at.index()],
            Kind::Other(i) => self.of_key(locations.other(i)),
        }
    }

    /// The number of a key.
    pub(super) fn of_key(&mut self, key: Key) -> &mut u32 {
        match key.part {
            // A slot that was noted without a number may have one by now.
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

    /// Every location whose number was set, with the number.
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
    fn a_read_takes_twelve_bytes() {
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
        for (location, ()) in one.items() {
            *numbering.of(*location, &one) = 0;
        }
        for (i, (_, number)) in numbering.met().enumerate() {
            *number = i as u32;
        }
        let numbers: Vec<u32> =
            one.items().iter().map(|(location, ())| *numbering.of(*location, &one)).collect();
        assert_eq!(numbers[1], numbers[4]);
        assert_eq!(numbers[2], numbers[5]);
        assert_eq!(numbers[1], *numbering.of_key(other));
        assert_eq!(numbers[2], *numbering.of_key(known));
        assert_eq!(numbering.met().count(), 4);
    }
}

//! Storage layouts as solc writes them: from a slot to the variable in it.
//!
//! ```text
//! mapping   entry of key k: keccak-256(k ‖ slot)           the preimage holds k and slot; texts and bytes as they are
//! array     element 0: keccak-256(slot), then one after the other
//! struct    fields one after the other
//! ```
//! (Solidity documentation, "Layout of State Variables in Storage".)

use std::collections::{BTreeMap, HashMap};

use alloy_primitives::{Address, B256, Bytes, U256, keccak256, map::B256Map};
use serde::Deserialize;

/// Deepest nesting of mappings, arrays and structs that is followed.
const MAX_DEPTH: u32 = 16;

/// A contract's storage layout.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Layout {
    storage: Vec<Variable>,
    #[serde(default, deserialize_with = "null_is_empty")]
    types: HashMap<String, Type>,
    /// Names for packed slots, instead of those of their variables.
    #[serde(skip)]
    slot_names: BTreeMap<U256, String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Variable {
    label: String,
    slot: U256,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Type {
    encoding: String,
    label: String,
    number_of_bytes: U256,
    key: Option<String>,
    value: Option<String>,
    base: Option<String>,
    members: Option<Vec<Variable>>,
}

fn null_is_empty<'de, D: serde::Deserializer<'de>>(d: D) -> Result<HashMap<String, Type>, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or_default())
}

/// The hashes of a block with their preimages, ordered, so that the hash at or below a slot can be found.
pub(crate) struct Preimages {
    by_hash: BTreeMap<U256, Bytes>,
}

/// The number of first slots whose hashes are added. The compiler computes the hash of a top-level array's slot, so no
/// block hashes it.
const FIRST_SLOTS: u64 = 256;

impl Preimages {
    pub(crate) fn new(preimages: &B256Map<Bytes>) -> Self {
        let usable = preimages.iter().filter(|(_, input)| input.len() >= 32);
        let seen = usable.map(|(hash, input)| (*hash, input.clone()));
        let first = (0..FIRST_SLOTS).map(|slot| {
            let input = B256::from(U256::from(slot));
            (keccak256(input), input.into())
        });
        Self { by_hash: first.chain(seen).map(|(hash, input)| (hash.into(), input)).collect() }
    }

    /// The preimage of the nearest hash at or below `slot`, and how far above it `slot` is.
    pub(crate) fn below(&self, slot: U256) -> Option<(&Bytes, U256)> {
        let (hash, input) = self.by_hash.range(..=slot).next_back()?;
        Some((input, slot - *hash))
    }
}

/// The name and the type of a variable, or of a part of it.
struct NamedPart<'l> {
    name: String,
    kind: &'l str,
}

impl Layout {
    /// Reads a layout as solc writes it.
    ///
    /// # Errors
    /// If the JSON has another form.
    pub fn from_json(json: serde_json::Value) -> Result<Self, serde_json::Error> {
        serde_json::from_value(json)
    }

    /// With names for packed slots, such as `reserves` instead of the three variables in that slot.
    pub(crate) fn with_slot_names(mut self, names: BTreeMap<U256, String>) -> Self {
        self.slot_names = names;
        self
    }

    /// The variable at `slot`: `balances[alice]`. `display` names addresses.
    pub(crate) fn name(
        &self,
        slot: U256,
        preimages: &Preimages,
        display: &dyn Fn(Address) -> String,
    ) -> Option<String> {
        let found = self.find(slot, preimages, display, MAX_DEPTH)?;
        let is_list = self.types.get(found.kind).is_some_and(|kind| kind.encoding == "dynamic_array");
        Some(if is_list { format!("{}.length", found.name) } else { found.name })
    }

    fn find(
        &self,
        slot: U256,
        preimages: &Preimages,
        display: &dyn Fn(Address) -> String,
        depth: u32,
    ) -> Option<NamedPart<'_>> {
        let depth = depth.checked_sub(1)?;
        if let Some(found) = self.variables_at(&self.storage, None, slot, depth) {
            return Some(match self.slot_names.get(&slot) {
                Some(name) => NamedPart { name: name.clone(), kind: found.kind },
                None => found,
            });
        }
        let (input, more) = preimages.below(slot)?;
        let (key, parent) = input.split_at(input.len() - 32);
        let parent = self.find(U256::from_be_slice(parent), preimages, display, depth)?;
        let kind = self.types.get(parent.kind)?;
        // The empty text is a key, too.
        if key.is_empty() && kind.encoding != "mapping" {
            return match kind.encoding.as_str() {
                "dynamic_array" => self.element(parent.name, kind.base.as_deref()?, more, depth),
                "bytes" if more < U256::from(1 << 16) => Some(parent),
                _ => None,
            };
        }
        if kind.encoding != "mapping" {
            return None;
        }
        let value = kind.value.as_deref()?;
        let key = self.key(kind.key.as_deref()?, key, display)?;
        if more >= self.slots(value) {
            return None;
        }
        self.part_at(format!("{}[{key}]", parent.name), value, more, depth)
    }

    /// The variables at `slot`, counted from the first slot of `variables`.
    fn variables_at<'l>(
        &'l self,
        variables: &'l [Variable],
        parent: Option<&str>,
        slot: U256,
        depth: u32,
    ) -> Option<NamedPart<'l>> {
        let here: Vec<&Variable> =
            variables.iter().filter(|v| v.slot <= slot && slot - v.slot < self.slots(&v.kind)).collect();
        let join = |label: &str| match parent {
            Some(parent) => format!("{parent}.{}", label.trim_start_matches('_')),
            None => label.trim_start_matches('_').to_owned(),
        };
        match here[..] {
            [] => None,
            [one] => self.part_at(join(&one.label), &one.kind, slot - one.slot, depth),
            [first, ..] => {
                let labels: Vec<&str> = here.iter().map(|v| v.label.trim_start_matches('_')).collect();
                Some(NamedPart { name: join(&labels.join("+")), kind: &first.kind })
            }
        }
    }

    /// The part of a variable that is `slot` slots after its first slot.
    fn part_at<'l>(&'l self, name: String, kind: &'l str, slot: U256, depth: u32) -> Option<NamedPart<'l>> {
        let depth = depth.checked_sub(1)?;
        let described = self.types.get(kind)?;
        match (&described.members, &described.base, described.encoding.as_str()) {
            (Some(members), ..) => self.variables_at(members, Some(&name), slot, depth),
            (None, Some(base), "inplace") => self.element(name, base, slot, depth),
            _ => Some(NamedPart { name, kind }),
        }
    }

    /// The element of an array that is `slot` slots after its first slot.
    fn element<'l>(&'l self, name: String, base: &'l str, slot: U256, depth: u32) -> Option<NamedPart<'l>> {
        let bytes = self.types.get(base)?.number_of_bytes.max(U256::from(1));
        if bytes > U256::from(16) {
            let slots = self.slots(base);
            return self.part_at(format!("{name}[{}]", slot / slots), base, slot % slots, depth);
        }
        // Several elements share the slot.
        let each = U256::from(32) / bytes;
        let first = slot.checked_mul(each)?;
        let last = first.checked_add(each - U256::from(1))?;
        Some(NamedPart { name: format!("{name}[{first}…{last}]"), kind: base })
    }

    /// How many slots a type takes, at least 1.
    fn slots(&self, kind: &str) -> U256 {
        let bytes = self.types.get(kind).map_or(U256::from(32), |t| t.number_of_bytes);
        bytes.div_ceil(U256::from(32)).max(U256::from(1))
    }

    /// A mapping's key, by its type. `None` if it is none of that type.
    fn key(&self, kind: &str, key: &[u8], display: &dyn Fn(Address) -> String) -> Option<String> {
        let described = self.types.get(kind);
        let label = described.map_or("", |t| t.label.as_str());
        if described.is_some_and(|t| t.encoding == "bytes") {
            return Some(text_key(key));
        }
        if key.len() != 32 {
            return None;
        }
        let number = U256::from_be_slice(key);
        Some(match label {
            "address" | "address payable" => display(Address::from_slice(&key[12..])),
            _ if label.starts_with("contract ") => display(Address::from_slice(&key[12..])),
            _ if label.starts_with("uint") || label.starts_with("enum ") => number.to_string(),
            _ if label.starts_with("int") => alloy_primitives::I256::from_raw(number).to_string(),
            "bool" => (!number.is_zero()).to_string(),
            _ => short(&B256::from(number).to_string()),
        })
    }
}

/// A key that is a text or bytes: in quotation marks if it can be read, else in hexadecimal; long ones shortened.
pub(crate) fn text_key(key: &[u8]) -> String {
    const MOST: usize = 24;
    match std::str::from_utf8(key) {
        Ok(text) if !text.is_empty() && !text.chars().any(|c| c.is_control() || c == '"') => {
            let mut shown: String = text.chars().take(MOST).collect();
            if text.chars().count() > MOST {
                shown.push('…');
            }
            format!("\"{shown}\"")
        }
        Ok("") => "\"\"".to_owned(),
        _ => short(&Bytes::copy_from_slice(key).to_string()),
    }
}

/// The first and last digits of a long hexadecimal number.
pub(crate) fn short(hex: &str) -> String {
    if hex.len() <= 13 {
        return hex.to_owned();
    }
    format!("{}…{}", &hex[..6], &hex[hex.len() - 4..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_lead_back_to_variables() {
        let layout = Layout::from_json(serde_json::json!({
            "storage": [
                { "label": "_count", "slot": "0", "type": "t_uint256" },
                { "label": "a", "slot": "1", "type": "t_uint128" },
                { "label": "b", "slot": "1", "type": "t_uint128" },
                { "label": "_people", "slot": "2", "type": "t_mapping(t_address,t_struct)" },
                { "label": "list", "slot": "3", "type": "t_array(t_struct)dyn" },
                { "label": "small", "slot": "4", "type": "t_array(t_uint128)4" },
                { "label": "note", "slot": "6", "type": "t_string" },
                { "label": "votes", "slot": "7", "type": "t_mapping(t_string,t_uint256)" }
            ],
            "types": {
                "t_uint256": { "encoding": "inplace", "label": "uint256", "numberOfBytes": "32" },
                "t_uint128": { "encoding": "inplace", "label": "uint128", "numberOfBytes": "16" },
                "t_address": { "encoding": "inplace", "label": "address", "numberOfBytes": "20" },
                "t_string": { "encoding": "bytes", "label": "string", "numberOfBytes": "32" },
                "t_mapping(t_string,t_uint256)": { "encoding": "mapping", "label": "m", "numberOfBytes": "32", "key": "t_string", "value": "t_uint256" },
                "t_array(t_uint128)4": { "encoding": "inplace", "label": "uint128[4]", "numberOfBytes": "64", "base": "t_uint128" },
                "t_array(t_struct)dyn": { "encoding": "dynamic_array", "label": "S[]", "numberOfBytes": "32", "base": "t_struct" },
                "t_mapping(t_uint256,t_uint256)": { "encoding": "mapping", "label": "m", "numberOfBytes": "32", "key": "t_uint256", "value": "t_uint256" },
                "t_mapping(t_address,t_struct)": { "encoding": "mapping", "label": "m", "numberOfBytes": "32", "key": "t_address", "value": "t_struct" },
                "t_struct": { "encoding": "inplace", "label": "struct S", "numberOfBytes": "64", "members": [
                    { "label": "x", "slot": "0", "type": "t_uint256" },
                    { "label": "by", "slot": "1", "type": "t_mapping(t_uint256,t_uint256)" }
                ] }
            }
        }))
        .expect("a layout");
        let alice = Address::repeat_byte(0xaa);
        let display = |address| if address == alice { "alice".to_owned() } else { format!("{address}") };
        let mut preimages = B256Map::default();
        let mut hash = |key: &[u8], slot: u128, above: Option<U256>| {
            let mut input = key.to_vec();
            input.extend(B256::from(above.unwrap_or(U256::from(slot))));
            let hash = keccak256(&input);
            preimages.insert(hash, Bytes::from(input));
            U256::from_be_bytes(hash.0)
        };
        let of_alice = hash(alice.into_word().as_slice(), 2, None);
        let nested = hash(B256::with_last_byte(9).as_slice(), 0, Some(of_alice + U256::from(1)));
        let list = hash(&[], 3, None);
        let note = hash(&[], 6, None);
        let [yes, word, empty, long, raw] = [
            &b"yes"[..],
            // As long as a number.
            b"exactly thirty-two bytes long!!!",
            b"",
            "a name that is longer than what is shown of it".as_bytes(),
            &[0xff, 0xfe, 1, 2, 3, 4, 5, 6],
        ]
        .map(|key| hash(key, 7, None));
        // A text is no number.
        let wrong = hash(b"yes", 2, None);
        let preimages = Preimages::new(&preimages);
        let check = |slot: U256, expected: Option<&str>| {
            assert_eq!(layout.name(slot, &preimages, &display).as_deref(), expected);
        };
        check(U256::ZERO, Some("count"));
        check(U256::from(1), Some("a+b"));
        check(U256::from(2), Some("people"));
        check(U256::from(3), Some("list.length"));
        check(U256::from(5), Some("small[2…3]"));
        check(U256::from(8), None);
        check(yes, Some("votes[\"yes\"]"));
        check(word, Some("votes[\"exactly thirty-two bytes…\"]"));
        check(long, Some("votes[\"a name that is longer th…\"]"));
        check(raw, Some("votes[0xfffe…0506]"));
        check(wrong, None);
        check(empty, Some("votes[\"\"]"));
        check(of_alice, Some("people[alice].x"));
        check(of_alice + U256::from(1), Some("people[alice].by"));
        check(of_alice + U256::from(2), None);
        check(nested, Some("people[alice].by[9]"));
        check(list + U256::from(6), Some("list[3].x"));
        check(note + U256::from(1), Some("note"));
        let named = layout.clone().with_slot_names([(U256::from(1), "both".to_owned())].into());
        assert_eq!(named.name(U256::from(1), &preimages, &display).as_deref(), Some("both"));
    }
}

//! Block access lists in JSON, in the spellings that nodes and tools write.
//!
//! | | account | slot | change |
//! | --- | --- | --- | --- |
//! | Ethereum's JSON-RPC interface | `storageChanges` | `key`, `changes` | `index`, `value`, `code` |
//! | Ethereum's tests, geth | `storageChanges` | `slot`, `slotChanges` | `blockAccessIndex` or `txIndex`, `postValue`, … |
//! | alloy up to 0.3 | `storageChanges` | `slot`, `changes` | `blockAccessIndex`, `newValue`, … |
//! | explorers | `storage_changes` | `slot`, `changes` | `block_access_index`, `balance`, … |
//!
//! Only the address is required. A list may be in a node's answer (`result`), in a block (`blockAccessList`) or in
//! a wrapper (`accountChanges`); it may be a text (RLP in hexadecimal, or JSON once more). `null` is an empty list, as
//! Go writes one. Numbers are hexadecimal with or without leading zeros, or decimal. Unknown fields are skipped.

use std::{fmt, marker::PhantomData};

use alloy_eip7928::{
    AccountChanges, BalanceChange, BlockAccessIndex, BlockAccessList, CodeChange, NonceChange, SlotChanges,
    StorageChange,
};
use alloy_primitives::{Address, Bytes, U256, hex};
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use document::sniff::LISTS;

/// A list, in any object around it.
pub(super) struct Document(pub(super) BlockAccessList);

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DocumentVisitor).map(Self)
    }
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = BlockAccessList;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of accounts, or an object that has one as \"result\" or \"accountChanges\"")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut accounts: A) -> Result<Self::Value, A::Error> {
        let mut list = BlockAccessList::new();
        while let Some(account) = accounts.next_element::<Listed>()? {
            list.push(account.0);
        }
        Ok(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        let mut by_address: Option<BlockAccessList> = None;
        while let Some(field) = fields.next_key::<String>()? {
            if field == "error" {
                let error = fields.next_value::<Option<NodeError>>()?;
                if let Some(error) = error {
                    return Err(de::Error::custom(format!(
                        "the node answered with an error: {}",
                        error.message
                    )));
                }
            } else if field == "result" || LISTS.contains(&&*field) {
                found = Some(fields.next_value::<Document>()?.0);
            } else if let Some(address) = address(&field) {
                let account = fields.next_value::<AccountForm>()?;
                let account = account.into_account(Some(address)).map_err(de::Error::custom)?;
                by_address.get_or_insert_default().push(account);
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        found.or(by_address).ok_or_else(|| {
            de::Error::custom(
                "an object without a list; expected \"result\" or \"accountChanges\", or a list of accounts",
            )
        })
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Err(E::custom("null: the node does not know the block, or no longer has its list"))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        let text = text.trim();
        if text.starts_with(['[', '{']) {
            return serde_json::from_str::<Document>(text).map(|document| document.0).map_err(E::custom);
        }
        let bytes = hex::decode(text).map_err(|_| {
            E::custom("a text that is neither a list in RLP, in hexadecimal, nor one in JSON")
        })?;
        super::rlp(&bytes).map_err(E::custom)
    }
}

/// A node's error.
#[derive(Deserialize)]
struct NodeError {
    #[serde(default)]
    message: String,
}

fn address(text: &str) -> Option<Address> {
    (text.len() == 42 && text.starts_with("0x")).then(|| text.parse().ok()).flatten()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an account: an object with \"address\"")]
struct AccountForm {
    address: Option<Address>,
    #[serde(default, alias = "storage_changes")]
    storage_changes: Items<SlotForm>,
    #[serde(default, alias = "storage_reads")]
    storage_reads: Items<Read>,
    #[serde(default, alias = "balance_changes")]
    balance_changes: Items<Change<Number>>,
    #[serde(default, alias = "nonce_changes")]
    nonce_changes: Items<Change<Number>>,
    #[serde(default, alias = "code_changes")]
    code_changes: Items<Change<Bytes>>,
}

/// An account with its address.
struct Listed(AccountChanges);

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        AccountForm::deserialize(deserializer)?.into_account(None).map(Self).map_err(de::Error::custom)
    }
}

impl AccountForm {
    fn into_account(self, key: Option<Address>) -> Result<AccountChanges, &'static str> {
        let address = self.address.or(key).ok_or("an account without \"address\"")?;
        let slot = |form: SlotForm| {
            let change = |change: Change<Number>| StorageChange::new(change.index(), change.value.0);
            SlotChanges::new(form.slot.0, form.changes.0.into_iter().map(change).collect())
        };
        let nonce = |change: Change<Number>| {
            let nonce = u64::try_from(change.value.0).map_err(|_| "a nonce of more than 64 bits")?;
            Ok::<_, &str>(NonceChange::new(change.index(), nonce))
        };
        Ok(AccountChanges {
            storage_changes: self.storage_changes.0.into_iter().map(slot).collect(),
            storage_reads: self.storage_reads.0.into_iter().map(|read| read.0).collect(),
            balance_changes: self
                .balance_changes
                .0
                .into_iter()
                .map(|change| BalanceChange::new(change.index(), change.value.0))
                .collect(),
            nonce_changes: self.nonce_changes.0.into_iter().map(nonce).collect::<Result<_, _>>()?,
            code_changes: self
                .code_changes
                .0
                .into_iter()
                .map(|change| CodeChange::new(change.index(), change.value))
                .collect(),
            ..AccountChanges::new(address)
        })
    }
}

/// A list, `null`, or an object whose keys are what each item would name first: its slot or its index.
struct Items<T>(Vec<T>);

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// An item that may have its slot or index as its key.
trait Keyed: Sized {
    /// The key has a place of its own in the item.
    fn with_key<'de, A: MapAccess<'de>>(key: Number, fields: &mut A) -> Result<Self, A::Error>;
}

impl<'de, T: Deserialize<'de> + Keyed> Deserialize<'de> for Items<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemsVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de> + Keyed> Visitor<'de> for ItemsVisitor<T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
                let mut all = Vec::new();
                while let Some(item) = items.next_element()? {
                    all.push(item);
                }
                Ok(all)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Vec<T>, A::Error> {
                let mut all = Vec::new();
                while let Some(key) = fields.next_key::<Number>()? {
                    all.push(T::with_key(key, &mut fields)?);
                }
                Ok(all)
            }

            fn visit_unit<E: de::Error>(self) -> Result<Vec<T>, E> {
                Ok(Vec::new())
            }
        }

        deserializer.deserialize_any(ItemsVisitor(PhantomData)).map(Self)
    }
}

#[derive(Deserialize)]
#[serde(expecting = "a slot with its changes")]
struct SlotForm {
    #[serde(alias = "key")]
    slot: Number,
    #[serde(alias = "slotChanges", alias = "slot_changes")]
    changes: Items<Change<Number>>,
}

impl Keyed for SlotForm {
    fn with_key<'de, A: MapAccess<'de>>(slot: Number, fields: &mut A) -> Result<Self, A::Error> {
        // Either the changes themselves, or an object around them.
        struct Changes;

        impl<'de> DeserializeSeed<'de> for Changes {
            type Value = Items<Change<Number>>;

            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
                deserializer.deserialize_any(self)
            }
        }

        impl<'de> Visitor<'de> for Changes {
            type Value = Items<Change<Number>>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the changes of a slot")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
                Items::deserialize(de::value::SeqAccessDeserializer::new(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(field) = fields.next_key::<String>()? {
                    if ["changes", "slotChanges", "slot_changes"].contains(&&*field) {
                        all.extend(fields.next_value::<Items<Change<Number>>>()?.0);
                    } else if let Some(index) = number(&field) {
                        all.push(Change::with_key(Number(index), &mut fields)?);
                    } else {
                        fields.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Items(all))
            }
        }

        Ok(Self { slot, changes: fields.next_value_seed(Changes)? })
    }
}

/// A change by a transaction.
struct Change<V> {
    index: u64,
    value: V,
}

impl<V> Change<V> {
    fn index(&self) -> BlockAccessIndex {
        BlockAccessIndex(self.index)
    }
}

/// Names of the index, and of the value.
const INDICES: [&str; 7] = [
    "index",
    "blockAccessIndex",
    "block_access_index",
    "txIndex",
    "tx_index",
    "transactionIndex",
    "transaction_index",
];
const VALUES: [&str; 12] = [
    "value",
    "newValue",
    "new_value",
    "postValue",
    "post_value",
    "balance",
    "postBalance",
    "post_balance",
    "nonce",
    "newNonce",
    "code",
    "newCode",
];
const MORE_VALUES: [&str; 6] = ["postNonce", "post_nonce", "new_nonce", "new_code", "postCode", "post_code"];

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Change<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ChangeVisitor<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for ChangeVisitor<V> {
            type Value = Change<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a change: an object with \"index\" and \"value\"")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Change<V>, A::Error> {
                let (mut index, mut value) = (None, None);
                while let Some(field) = fields.next_key::<String>()? {
                    if INDICES.contains(&&*field) {
                        index = Some(fields.next_value::<Number>()?);
                    } else if VALUES.contains(&&*field) || MORE_VALUES.contains(&&*field) {
                        value = Some(fields.next_value()?);
                    } else {
                        fields.next_value::<IgnoredAny>()?;
                    }
                }
                let index = index.ok_or_else(|| de::Error::missing_field("index"))?;
                let index =
                    u64::try_from(index.0).map_err(|_| de::Error::custom("an index of more than 64 bits"))?;
                Ok(Change { index, value: value.ok_or_else(|| de::Error::missing_field("value"))? })
            }
        }

        deserializer.deserialize_map(ChangeVisitor(PhantomData))
    }
}

impl Keyed for Change<Number> {
    fn with_key<'de, A: MapAccess<'de>>(key: Number, fields: &mut A) -> Result<Self, A::Error> {
        Ok(Self { index: key.0.saturating_to(), value: fields.next_value()? })
    }
}

impl Keyed for Change<Bytes> {
    fn with_key<'de, A: MapAccess<'de>>(key: Number, fields: &mut A) -> Result<Self, A::Error> {
        Ok(Self { index: key.0.saturating_to(), value: fields.next_value()? })
    }
}

/// A slot that is read.
struct Read(U256);

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Number::deserialize(deserializer).map(|slot| Self(slot.0))
    }
}

impl Keyed for Read {
    fn with_key<'de, A: MapAccess<'de>>(key: Number, fields: &mut A) -> Result<Self, A::Error> {
        fields.next_value::<IgnoredAny>()?;
        Ok(Self(key.0))
    }
}

/// A number below 2^256: `"0x2a"`, `"0x002a"`, `"0x"`, `"42"`, `42`.
struct Number(U256);

fn number(text: &str) -> Option<U256> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some("") => Some(U256::ZERO),
        Some(digits) => {
            let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            is_hex.then(|| U256::from_str_radix(digits, 16).ok()).flatten()
        }
        None => {
            let is_decimal = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            is_decimal.then(|| U256::from_str_radix(text, 10).ok()).flatten()
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;

        impl Visitor<'_> for NumberVisitor {
            type Value = U256;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number below 2^256, such as \"0x2a\" or 42")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<U256, E> {
                Ok(U256::from(number))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<U256, E> {
                number(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(NumberVisitor).map(Self)
    }
}

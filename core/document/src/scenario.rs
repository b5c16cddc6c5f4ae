//! The document `evm-lanes/1` as types. `docs/scenario.md` describes it for people.

use alloy_primitives::{Address, B256, Bytes};
use serde::{Serialize, Serializer};

use crate::{Amount, ClockName, CostName, Fork, Place, StrategyName, json};

/// The version that this code writes. Documents of earlier versions are upgraded while reading.
pub const VERSION: u32 = 1;
/// Most transactions, accounts and set-up calls (each), after expansion.
pub const MAX_TRANSACTIONS: u32 = 100_000;
/// Most lanes that a document may ask for.
pub const MAX_LANES: u16 = 256;

/// A document of version 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scenario {
    /// Name and version of the format.
    pub format: Format,
    /// What the page shows as its name.
    pub title: String,
    /// Plain text or simple Markdown: what to look at, what to change.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub story: String,
    /// The block's environment.
    #[serde(skip_serializing_if = "is_default")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub block: Block,
    /// Accounts by name.
    #[serde(skip_serializing_if = "Named::is_empty")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub accounts: Named<Account>,
    /// Contracts by name, deployed in this order before the set-up calls.
    #[serde(skip_serializing_if = "Named::is_empty")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub contracts: Named<Contract>,
    /// Calls made one after the other before the block. They are not measured, pay no fees, and must succeed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub setup: Vec<SetupCall>,
    /// The block's transactions, in order.
    pub transactions: Vec<Transaction>,
    /// Everything random follows from it.
    #[serde(skip_serializing_if = "is_default")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub seed: u64,
    /// How to run it at first.
    #[serde(skip_serializing_if = "is_default")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub run: RunSettings,
}

/// Name and version of the format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Format {
    /// Version 1.
    #[default]
    #[serde(rename = "evm-lanes/1")]
    V1,
}

/// The block's environment. What is left out has a stated value.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Block {
    /// Rules in force. Left out: `osaka`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fork: Option<Fork>,
    /// Block number. Left out: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// Unix time in seconds. Left out: 1700000000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<u64>,
    /// Gas limit of the block, enforced. Left out: what the transactions need.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gas_limit: Option<u64>,
    /// Base fee per gas (EIP-1559). Left out: 7 gwei from London on, before it 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_fee: Option<Amount>,
    /// Receives the fees. Left out: the account `builder`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beneficiary: Option<Place>,
}

/// Accounts of one name.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Account {
    /// A group of so many: `trader[0]`, `trader[1]`, … Left out: one account, without an index.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100_000)))]
    pub count: Option<u32>,
    /// Balance of each before the set-up calls, which pay no fees. Left out: 100 ether.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance: Option<Amount>,
    /// Its address. Left out: derived from the name. Not for groups.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "serialize_address")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub address: Option<Address>,
    /// Its nonce before the set-up calls. Left out: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<u64>,
}

/// A contract: from the catalogue, or its code and ABI.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Contract {
    /// Id in the catalogue: `openzeppelin-4.9.6/ERC20PresetFixedSupply`. Either this or `bytecode`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<String>,
    /// Creation code. Either this or `catalogue`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub bytecode: Option<Bytes>,
    /// ABI as the compiler writes it (with `bytecode`); without one, only `data` can be sent to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abi: Option<Vec<serde_json::Value>>,
    /// Storage layout as solc writes it (with `bytecode`), for the names of slots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_layout: Option<serde_json::Map<String, serde_json::Value>>,
    /// A group of so many, each deployed alike: `token[0]`, `token[1]`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100_000)))]
    pub count: Option<u32>,
    /// Who deploys it. Left out: the account `deployer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Place>,
    /// Arguments of the constructor.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub args: Vec<Arg>,
    /// Ether sent along.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Amount>,
}

/// A call before the block. Where places are `name[*]`, it is made once for each index.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetupCall {
    /// Sender.
    pub from: Place,
    /// Recipient.
    pub to: Place,
    /// Function: its name, or its signature where several share the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// Arguments of `call`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub args: Vec<Arg>,
    /// Call data, instead of `call` and `args`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub data: Option<Bytes>,
    /// Ether sent along.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Amount>,
    /// A name for the address that the call returns (`pool`, or `pool[*]` for each index).
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    pub named: Option<Place>,
}

/// An entry of `transactions`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Transaction {
    /// One signed transaction.
    Raw(RawTransaction),
    /// One or several transactions, by their fields.
    Call(Box<Call>),
}

impl Transaction {
    /// How many transactions the entry stands for.
    pub fn count(&self) -> u32 {
        match self {
            Self::Raw(_) => 1,
            Self::Call(call) => call.repeat.unwrap_or(1),
        }
    }
}

/// A signed transaction as it travels in a block (EIP-2718).
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RawTransaction {
    /// What the page colours by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The transaction's bytes.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub raw: Bytes,
}

/// Transactions by their fields.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Call {
    /// What the page colours by. Left out: the function's name, `send` or `create`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// So many transactions. Left out: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100_000)))]
    pub repeat: Option<u32>,
    /// Sender.
    pub from: Choice,
    /// Recipient. Left out: `data` creates a contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Choice>,
    /// Function: its name, or its signature where several share the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    /// Arguments of `call`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub args: Vec<Arg>,
    /// Call data or creation code, instead of `call` and `args`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub data: Option<Bytes>,
    /// Ether sent along. Left out: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Quantity>,
    /// Gas limit. Left out: 21000 for plain payments, 1000000 for calls, 5000000 for creations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gas: Option<u64>,
    /// Left out: the sender's next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<u64>,
    /// Price of a unit of gas: makes it a transaction of type 0, or 1 with an access list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gas_price: Option<Amount>,
    /// Most per unit of gas (EIP-1559). Left out: twice the base fee and the priority fee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_fee_per_gas: Option<Amount>,
    /// Most for the beneficiary per unit of gas (EIP-1559). Left out: 1 gwei.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_priority_fee_per_gas: Option<Amount>,
    /// Slots known beforehand (EIP-2930).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub access_list: Vec<AccessListItem>,
    /// Delegations, signed (EIP-7702).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub authorization_list: Vec<Authorization>,
}

/// A place, or a choice among a group.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Choice {
    /// Always this one.
    Fixed(Place),
    /// Another one each time.
    Pick(Pick),
}

/// A choice among a group's elements, made anew for each repetition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pick {
    /// The group's name.
    #[serde(rename = "pick")]
    pub group: String,
    /// How. Left out: `uniform`.
    #[serde(skip_serializing_if = "is_default")]
    #[cfg_attr(feature = "schema", schemars(default))]
    pub by: By,
    /// For `zipf`: how uneven, 0 to 5 with at most three decimals. Left out: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skew: Option<Skew>,
}

/// Ways to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// Repetition i takes element i, beginning again after the last.
    RoundRobin,
    /// Each equally likely.
    #[default]
    Uniform,
    /// The first most often, by Zipf's law.
    Zipf,
}

/// An exponent of Zipf's law, in thousandths, so that arithmetic stays exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew(pub u32);

impl Serialize for Skew {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(1000) {
            serializer.serialize_u32(self.0 / 1000)
        } else {
            serializer.serialize_f64(f64::from(self.0) / 1000.0)
        }
    }
}

/// An amount, or a random one for each repetition.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Quantity {
    /// Always this much.
    Fixed(Amount),
    /// Another one each time.
    Between(Between),
}

/// A random amount, both ends included.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Between {
    /// Least and most.
    pub between: [Amount; 2],
}

/// An argument of a function. Its type comes from the function's ABI.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Arg {
    /// `true`, `false`
    Bool(bool),
    /// A number, as written.
    Number(Numeral),
    /// A name, an amount (or `max`), a text or bytes in hexadecimal.
    Text(String),
    /// An array or the fields of a struct.
    List(Vec<Arg>),
    /// A place, another one each time.
    Pick(Pick),
    /// An amount, another one each time.
    Between(Between),
}

/// A JSON number of any length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numeral(pub String);

impl Serialize for Numeral {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_number(&self.0, serializer)
    }
}

fn serialize_address<S: Serializer>(address: &Option<Address>, serializer: S) -> Result<S::Ok, S::Error> {
    match address {
        Some(address) => serializer.collect_str(address),
        None => serializer.serialize_none(),
    }
}

/// The number, where every reader of JSON keeps it exact and writes it the same way.
fn exact(written: &str) -> Option<i64> {
    written.parse::<i64>().ok().filter(|n| n.unsigned_abs() <= 1 << 53 && n.to_string() == written)
}

pub(crate) fn is_exact(written: &str) -> bool {
    exact(written).is_some()
}

/// Writes digits as a number where every reader of JSON keeps them exact, else as text.
pub(crate) fn serialize_number<S: Serializer>(written: &str, serializer: S) -> Result<S::Ok, S::Error> {
    match exact(written) {
        Some(number) => serializer.serialize_i64(number),
        None => serializer.serialize_str(written),
    }
}

/// An address and its slots that a transaction names beforehand.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccessListItem {
    /// The account.
    pub address: Place,
    /// Its slots.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(default, with = "Vec<String>"))]
    pub storage_keys: Vec<B256>,
}

/// A signed delegation of an account to a contract's code.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Authorization {
    /// 0: any chain.
    pub chain_id: u64,
    /// Whose code.
    pub address: Place,
    /// The authority's nonce.
    pub nonce: u64,
    /// Signature: y parity, 0 or 1.
    pub y_parity: u8,
    /// Signature: r.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub r: B256,
    /// Signature: s.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub s: B256,
}

/// How to run the scenario. Left out: what the page is set to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RunSettings {
    /// Who schedules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<StrategyName>,
    /// Number of lanes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 256)))]
    pub lanes: Option<u16>,
    /// Real or modelled time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockName>,
    /// What modelled time is made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<CostName>,
    /// Settles what modelled time leaves open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// Things by name, in the order in which the document has them.
#[derive(Clone, Debug, PartialEq)]
pub struct Named<T>(pub Vec<(String, T)>);

impl<T> Named<T> {
    /// The thing of that name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, thing)| thing)
    }

    /// Names and things, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, thing)| (name.as_str(), thing))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Serialize> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Scenario {
    /// The document laid out for people.
    pub fn to_text(&self) -> String {
        // What serde writes is JSON within the reader's bounds, so the fallback is never taken.
        let compact = self.to_compact();
        json::pretty(&compact).unwrap_or(compact)
    }

    /// The document without white space.
    pub fn to_compact(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The same block with its transactions `times` times, one round after the other, as far as there is room for
    /// `most` of them. Transactions that cannot come again, with a nonce of their own or signed, come once. `None` if
    /// nothing can be repeated.
    #[must_use]
    pub fn repeated(&self, times: u32, most: u64) -> Option<Self> {
        let again: Vec<&Transaction> = self
            .transactions
            .iter()
            .filter(|entry| matches!(entry, Transaction::Call(call) if call.nonce.is_none()))
            .collect();
        let round = again.iter().map(|entry| u64::from(entry.count())).sum::<u64>();
        let room = most.saturating_sub(self.transaction_count()).checked_div(round)?;
        let rounds = room.min(u64::from(times.saturating_sub(1)));
        let mut transactions = self.transactions.clone();
        for _ in 0..rounds {
            transactions.extend(again.iter().map(|entry| (*entry).clone()));
        }
        // A gas limit that was enough for one round is not for all.
        let block = Block { gas_limit: None, ..self.block.clone() };
        (rounds > 0).then(|| Self { transactions, block, ..self.clone() })
    }

    /// How many transactions the block has.
    pub fn transaction_count(&self) -> u64 {
        self.transactions.iter().map(|t| u64::from(t.count())).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Random, builtin, parse, position_of};

    const GOLDEN: &str = include_str!("golden/v1.json");

    #[test]
    fn a_document_of_version_1_keeps_its_meaning_and_its_form() {
        let scenario = parse(GOLDEN).expect("version 1");
        assert_eq!(scenario.to_text(), GOLDEN);
        assert_eq!(parse(&scenario.to_compact()).as_ref(), Ok(&scenario));
        assert_eq!(scenario.transaction_count(), 255);
    }

    #[test]
    fn every_built_in_document_reads_and_has_its_title() {
        for builtin in builtin::ALL {
            let scenario = parse(builtin.text).unwrap_or_else(|p| panic!("{}: {p:?}", builtin.name));
            assert_eq!(scenario.title, builtin.title, "{}", builtin.name);
            assert!(!scenario.story.is_empty(), "{}", builtin.name);
            assert_eq!(scenario.to_text(), builtin.text, "{}: laid out as the page does", builtin.name);
        }
    }

    #[test]
    fn a_changed_document_is_read_or_refused_and_never_breaks_the_reader() {
        let alphabet = br#"{}[]",:0123456789-eE.\untfas*x "#;
        let mut random = Random::new(7, 0, 0);
        let mut read = 0;
        for text in [GOLDEN, builtin::ALL[0].text] {
            for _ in 0..3_000 {
                let mut bytes = text.as_bytes().to_vec();
                for _ in 0..=random.index(3) {
                    let at = random.index(bytes.len() as u32) as usize;
                    let byte = alphabet[random.index(alphabet.len() as u32) as usize];
                    match random.index(3) {
                        0 => bytes[at] = byte,
                        1 => bytes.insert(at, byte),
                        _ => drop(bytes.drain(at..(at + 1 + random.index(40) as usize).min(bytes.len()))),
                    }
                }
                let text = String::from_utf8(bytes).expect("ASCII");
                match parse(&text) {
                    Ok(scenario) => {
                        read += 1;
                        assert_eq!(parse(&scenario.to_compact()).as_ref(), Ok(&scenario), "{text}");
                    }
                    Err(problems) => {
                        assert!(!problems.is_empty());
                        assert!(problems.iter().all(|p| p.position.is_some()), "{problems:?}");
                    }
                }
            }
        }
        assert!(read > 100, "{read} of 6000 are still documents");
    }

    #[test]
    fn a_block_is_repeated_round_by_round() {
        let parse = |transactions: &str| {
            parse(&format!(
                r#"{{ "format": "evm-lanes/1", "title": "t", "block": {{ "gasLimit": 50000 }}, "accounts": {{ "a": {{}}, "b": {{}} }},
                "transactions": [{transactions}] }}"#
            ))
            .expect("a scenario")
        };
        let payments = r#"{ "from": "a", "to": "b" }, { "repeat": 2, "from": "b", "to": "a" }"#;
        let thrice = parse(payments).repeated(3, 1_000).expect("repeated");
        assert_eq!(thrice, Scenario { block: Block::default(), ..parse(&[payments; 3].join(",")) });
        assert_eq!(parse(payments).repeated(100, 10).map(|s| s.transaction_count()), Some(9));
        let once = r#"{ "from": "a", "to": "b", "nonce": 5 }"#;
        assert_eq!(parse(once).repeated(3, 1_000), None);
        assert_eq!(parse("").repeated(3, 1_000), None);
        let both = parse(&format!("{once}, {payments}")).repeated(2, 1_000).expect("repeated");
        assert_eq!(both.transaction_count(), 7);
    }

    #[test]
    fn paths_lead_to_places() {
        let text = "{\n \"a\": [ 1, { \"b\": 2 } ]\n}";
        let at = |path| position_of(text, path).map(|p| (p.line, p.column));
        assert_eq!(at("a[1].b"), Some((2, 19)));
        assert_eq!(at("a[1].c"), Some((2, 12)));
        assert_eq!(at(""), Some((1, 1)));
        assert_eq!(position_of("{", "a"), None);
    }
}

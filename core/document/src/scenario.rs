//! The document `evm-lanes/1` as types. `docs/scenario.md` describes it for people.

use alloy_primitives::{Address, B256, Bytes};
use serde::{Serialize, Serializer};

use crate::fields::{LeftOut, left_out_by_default, objects};
use crate::{Amount, ClockName, CostName, Fork, Place, StrategyName, json};

/// The version that this code writes. Documents of earlier versions are upgraded while reading.
pub const VERSION: u32 = 1;
/// Most transactions, accounts and set-up calls (each), after expansion.
pub const MAX_TRANSACTIONS: u32 = 100_000;
/// Most lanes that a document may ask for.
pub const MAX_LANES: u16 = 256;
/// Most accounts with keys of their own: making one takes some hundred microseconds in a browser.
pub const MAX_KEYS: u64 = 1_000;

objects! {
    /// A document of version 1.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Scenario {
        format: Format = "format", "Name and version of the format.";
        title: String = "title", "What the page shows as its name; one line.";
        story: String = "story", "Plain text or simple Markdown: what to look at, what to change.", left out: "none";
        block: Block = "block", "The block's environment.", left out: "each of its fields";
        accounts: Named<Account> = "accounts", "Accounts by name.", left out: "none";
        contracts: Named<Contract> =
            "contracts", "Contracts by name, deployed in this order before the set-up calls.", left out: "none";
        setup: Vec<SetupCall> =
            "setup",
            "Calls made one after the other before the block. They are not measured, pay no fees, and must succeed.",
            left out: "none";
        transactions: Vec<Transaction> = "transactions", "The block's transactions, in order.";
        seed: u64 = "seed", "Everything random follows from it; a whole number up to 2^53.", left out: "0";
        run: RunSettings = "run", "How to run it at first.", left out: "what the page is set to";
    }
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

objects! {
    /// The block's environment. What is left out has a stated value.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Block {
        fork: Option<Fork> = "fork", "Rules in force.", left out: "`osaka`";
        number: Option<u64> = "number", "Block number.", left out: "1";
        timestamp: Option<u64> = "timestamp", "Unix time in seconds.", left out: "1700000000";
        gas_limit: Option<u64> =
            "gasLimit", "Gas limit of the block, enforced.", left out: "what the transactions need";
        base_fee: Option<Amount> =
            "baseFee", "Base fee per gas (EIP-1559).", left out: "7 gwei from London on, before it 0";
        beneficiary: Option<Place> = "beneficiary", "Receives the fees.", left out: "the account `builder`";
    }
}

objects! {
    /// Accounts of one name.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Account {
        #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100_000)))]
        count: Option<u32> =
            "count", "A group of so many: `trader[0]`, `trader[1]`, …", left out: "one account, without an index";
        balance: Option<Amount> =
            "balance", "Balance of each before the set-up calls, which pay no fees.", left out: "100 ether";
        #[serde(serialize_with = "serialize_address")]
        #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
        address: Option<Address> =
            "address", "Its address. Not for groups.", left out: "derived from the name";
        nonce: Option<u64> = "nonce", "Its nonce before the set-up calls.", left out: "0";
        key: bool =
            "key",
            "`true`: it has a key, which follows from its name, and that key's address. So it can sign authorisations.",
            left out: "it signs nothing";
    }
}

objects! {
    /// A contract: from the catalogue, or its code and ABI.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Contract {
        catalogue: Option<String> =
            "catalogue",
            "Id in the catalogue: `openzeppelin-4.9.6/ERC20PresetFixedSupply`. Either this or `bytecode`.",
            left out: "`bytecode` says what it is";
        #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
        bytecode: Option<Bytes> =
            "bytecode", "Creation code. Either this or `catalogue`.", left out: "`catalogue` says what it is";
        abi: Option<Vec<serde_json::Value>> =
            "abi",
            "ABI as the compiler writes it (with `bytecode`).",
            left out: "only `data` can be sent to it";
        storage_layout: Option<serde_json::Map<String, serde_json::Value>> =
            "storageLayout",
            "Storage layout as solc writes it (with `bytecode`), for the names of slots.",
            left out: "its slots have no names";
        #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100_000)))]
        count: Option<u32> =
            "count",
            "A group of so many, each deployed alike: `token[0]`, `token[1]`, …",
            left out: "one contract, without an index";
        from: Option<Place> = "from", "The account that deploys it.", left out: "the account `deployer`";
        args: Vec<Arg> = "args", "Arguments of the constructor.", left out: "none";
        value: Option<Amount> = "value", "Ether sent along.", left out: "0";
    }
}

objects! {
    /// A call before the block. Where places are `name[*]`, it is made once for each index.
    #[derive(Clone, Debug, PartialEq)]
    pub struct SetupCall {
        from: Place = "from", "Sender.";
        to: Place = "to", "Recipient.";
        call: Option<String> =
            "call",
            "Function: its name, or its signature where several share the name.",
            left out: "`data` is sent";
        args: Vec<Arg> = "args", "Arguments of `call`.", left out: "none";
        #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
        data: Option<Bytes> = "data", "Call data, instead of `call` and `args`.", left out: "none";
        value: Option<Amount> = "value", "Ether sent along.", left out: "0";
        named: Option<Place> =
            "as",
            "A name for the address that the call returns (`pool`, or `pool[*]` for each index).",
            left out: "the result has no name";
    }
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

objects! {
    /// A signed transaction as it travels in a block (EIP-2718).
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct RawTransaction {
        label: Option<String> = "label", "What the page colours by.", left out: "`signed`";
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        raw: Bytes = "raw", "The transaction's bytes.";
    }
}

objects! {
    /// Transactions by their fields.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Call {
        label: Option<String> =
            "label", "What the page colours by.", left out: "the function's name, `send`, `call` or `create`";
        #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100_000)))]
        repeat: Option<u32> = "repeat", "So many transactions.", left out: "1";
        from: Choice = "from", "Sender.";
        to: Option<Choice> = "to", "Recipient.", left out: "`data` creates a contract";
        call: Option<String> =
            "call",
            "Function: its name, or its signature where several share the name.",
            left out: "`data` is sent";
        args: Vec<Arg> = "args", "Arguments of `call`.", left out: "none";
        #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
        data: Option<Bytes> =
            "data", "Call data or creation code, instead of `call` and `args`.", left out: "none";
        value: Option<Quantity> = "value", "Ether sent along.", left out: "0";
        gas: Option<u64> =
            "gas",
            "Gas limit. At most 16777216 from Osaka on (EIP-7825).",
            left out: "21000 for a payment to an account without code, 1000000 for a call and 25000 more for each delegation, 5000000 for a creation";
        nonce: Option<u64> = "nonce", "The sender's nonce.", left out: "the sender's next one";
        gas_price: Option<Amount> =
            "gasPrice",
            "Price of a unit of gas: makes it a transaction of type 0, or 1 with an access list.",
            left out: "type 2, or 4 with delegations; before London type 0 or 1, which offers 1 gwei";
        max_fee_per_gas: Option<Amount> =
            "maxFeePerGas",
            "Most per unit of gas (EIP-1559).",
            left out: "twice the base fee and the priority fee";
        max_priority_fee_per_gas: Option<Amount> =
            "maxPriorityFeePerGas",
            "Most for the beneficiary per unit of gas (EIP-1559).",
            left out: "1 gwei";
        access_list: Vec<AccessListItem> = "accessList", "Slots known beforehand (EIP-2930).", left out: "none";
        authorization_list: Vec<AuthorizationItem> =
            "authorizationList", "Delegations (EIP-7702): signed ones, or who delegates to what.", left out: "none";
    }
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

objects! {
    /// A choice among a group's elements, made anew for each repetition.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Pick {
        group: String = "pick", "The group's name.";
        by: By = "by", "How: `round-robin`, `uniform` or `zipf`.", left out: "`uniform`";
        skew: Option<Skew> =
            "skew", "For `zipf`: how uneven, 0 to 5 with at most three decimals.", left out: "1";
    }
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

objects! {
    /// A random amount, both ends included.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Between {
        between: [Amount; 2] = "between", "Least and most.";
    }
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

left_out_by_default!(Block, By, RunSettings);

impl<T> LeftOut for Named<T> {
    fn is_left_out(&self) -> bool {
        self.is_empty()
    }
}

/// Writes digits as a number where every reader of JSON keeps them exact, else as text.
pub(crate) fn serialize_number<S: Serializer>(written: &str, serializer: S) -> Result<S::Ok, S::Error> {
    match exact(written) {
        Some(number) => serializer.serialize_i64(number),
        None => serializer.serialize_str(written),
    }
}

objects! {
    /// An address and its slots that a transaction names beforehand.
    #[derive(Clone, Debug, PartialEq)]
    pub struct AccessListItem {
        address: Place = "address", "The account.";
        #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
        storage_keys: Vec<B256> = "storageKeys", "Its slots.", left out: "none";
    }
}

/// A delegation of an account to a contract's code (EIP-7702).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum AuthorizationItem {
    /// Signed by somebody else.
    Signed(Authorization),
    /// Signed here, by an account's own key.
    Authorize(Authorize),
}

objects! {
    /// A delegation that an account with a key signs.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Authorize {
        authorize: Place = "authorize", "The contract whose code the account gets.";
        by: Place = "by", "The account; it must have `\"key\": true`.";
        nonce: Option<u64> =
            "nonce", "The account's nonce.", left out: "the one that it has then, if all transactions before are included";
        chain_id: Option<u64> = "chainId", "Where it is valid. 0: on any chain.", left out: "the block's chain, 1";
    }
}

objects! {
    /// A signed delegation of an account to a contract's code.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Authorization {
        chain_id: u64 = "chainId", "0: any chain.";
        address: Place = "address", "The contract whose code it is.";
        nonce: u64 = "nonce", "The authority's nonce.";
        y_parity: u8 = "yParity", "Signature: y parity, 0 or 1.";
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        r: B256 = "r", "Signature: r.";
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        s: B256 = "s", "Signature: s.";
    }
}

objects! {
    /// How to run the scenario. What is left out is what the page is set to.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct RunSettings {
        strategy: Option<StrategyName> =
            "strategy",
            "The strategy, by name; with `automatic` the engine chooses.",
            left out: "the page's";
        #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 256)))]
        lanes: Option<u16> = "lanes", "Number of lanes.", left out: "the page's";
        clock: Option<ClockName> =
            "clock", "Real time, `measured`, or modelled time, `simulated`.", left out: "the page's";
        cost: Option<CostName> =
            "cost",
            "What modelled time is made of: `gas`, `opcodes` or `measured`.",
            left out: "the page's";
        seed: Option<u64> = "seed", "Settles what modelled time leaves open.", left out: "the page's";
    }
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
    use crate::{Random, builtin, parse};

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
}

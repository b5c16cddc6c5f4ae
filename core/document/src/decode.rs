//! From text to [`Scenario`]: every field checked, mistakes collected.

use std::collections::HashMap;
use std::fmt::{self, Display};

use alloy_primitives::{B256, Bytes, U256};

use crate::amount::{self, Amount, AmountError};
use crate::expand::{self, wildcard};
use crate::json::{self, Entry, Node, Value};
use crate::names::{BUILDER, DEPLOYER, Place, is_name, nearest, parse_address};
use crate::problem::Problem;
use crate::scenario::{
    AccessListItem, Account, Arg, Authorization, Between, Block, By, Call, Choice, Contract, Format,
    MAX_LANES, MAX_TRANSACTIONS, Numeral, Pick, Quantity, RawTransaction, RunSettings, Scenario, SetupCall,
    Skew, Transaction, VERSION, is_exact,
};
use crate::{ClockName, CostName, Fork, StrategyName};

/// Most problems that are reported at once.
const MAX_PROBLEMS: usize = 50;
/// Longest title and label, in characters.
const MAX_LINE: usize = 200;
/// Largest number that the block's fields and gas may have: exact in every reader of JSON.
const MAX_NUMBER: u64 = 1 << 53;

/// The fields of each object, in the order in which they are offered.
pub(crate) mod fields {
    pub const SCENARIO: &[&str] = &[
        "format",
        "title",
        "story",
        "block",
        "accounts",
        "contracts",
        "setup",
        "transactions",
        "seed",
        "run",
    ];
    pub const BLOCK: &[&str] = &["fork", "number", "timestamp", "gasLimit", "baseFee", "beneficiary"];
    pub const ACCOUNT: &[&str] = &["count", "balance", "address", "nonce"];
    pub const CONTRACT: &[&str] =
        &["catalogue", "bytecode", "abi", "storageLayout", "count", "from", "args", "value"];
    pub const SETUP: &[&str] = &["from", "to", "call", "args", "data", "value", "as"];
    pub const RAW: &[&str] = &["label", "raw"];
    pub const CALL: &[&str] = &[
        "label",
        "repeat",
        "from",
        "to",
        "call",
        "args",
        "data",
        "value",
        "gas",
        "nonce",
        "gasPrice",
        "maxFeePerGas",
        "maxPriorityFeePerGas",
        "accessList",
        "authorizationList",
    ];
    pub const PICK: &[&str] = &["pick", "by", "skew"];
    pub const BETWEEN: &[&str] = &["between"];
    pub const ACCESS: &[&str] = &["address", "storageKeys"];
    pub const AUTHORIZATION: &[&str] = &["chainId", "address", "nonce", "yParity", "r", "s"];
    pub const RUN: &[&str] = &["strategy", "lanes", "clock", "cost", "seed"];
}

pub(crate) fn scenario(text: &str) -> Result<Scenario, Vec<Problem>> {
    let node = json::parse(text).map_err(|problem| vec![problem])?;
    let mut d = Decoder { text, problems: Vec::new() };
    let root = Path::Root;
    let Some(entries) = d.object(&node, &root, "an object with \"format\": \"evm-lanes/1\"") else {
        return Err(d.problems);
    };
    // A document of another version is not looked at further: its fields may mean something else.
    if !d.format(&node, &root) {
        return Err(d.problems);
    }
    let scenario = d.document(&node, entries, &root);
    if d.problems.is_empty() {
        return Ok(scenario);
    }
    d.problems.sort_by_key(|p| p.position.map(|p| (p.line, p.column)));
    Err(d.problems)
}

/// A field path, written only when there is a problem.
#[derive(Clone, Copy)]
enum Path<'p> {
    Root,
    Field(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

impl<'p> Path<'p> {
    fn field(&'p self, name: &'p str) -> Path<'p> {
        Path::Field(self, name)
    }

    fn index(&'p self, index: usize) -> Path<'p> {
        Path::Index(self, index)
    }
}

impl Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Field(Path::Root, name) => f.write_str(&json::shortened(name)),
            Path::Field(parent, name) => write!(f, "{parent}.{}", json::shortened(name)),
            Path::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// What a name stands for.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    One,
    Group(u32),
}

/// Everything that is named in the document.
type Known<'n> = HashMap<&'n str, Kind>;

struct Decoder<'t> {
    text: &'t str,
    problems: Vec<Problem>,
}

impl<'t> Decoder<'t> {
    fn problem(&mut self, at: usize, path: &Path<'_>, expected: impl Into<String>, found: impl Into<String>) {
        if self.problems.len() < MAX_PROBLEMS {
            let mut problem = Problem::new(path.to_string(), expected, found);
            problem.position = Some(json::position(self.text, at));
            self.problems.push(problem);
        }
    }

    fn wrong(&mut self, node: &Node<'_>, path: &Path<'_>, expected: impl Into<String>) {
        self.problem(node.at, path, expected, node.describe());
    }

    fn missing(&mut self, node: &Node<'_>, path: &Path<'_>, name: &str) {
        self.problem(node.at, path, format!("\"{name}\""), "nothing of that name");
    }

    fn object<'n>(&mut self, node: &'n Node<'t>, path: &Path<'_>, expected: &str) -> Option<&'n [Entry<'t>]> {
        match &node.value {
            Value::Object(entries) => Some(entries),
            _ => {
                self.wrong(node, path, expected);
                None
            }
        }
    }

    /// An object with these fields and no others.
    fn known<'n>(
        &mut self,
        node: &'n Node<'t>,
        path: &Path<'_>,
        expected: &str,
        known: &[&str],
    ) -> Option<&'n [Entry<'t>]> {
        let entries = self.object(node, path, expected)?;
        self.unknown(entries, path, known);
        Some(entries)
    }

    fn unknown(&mut self, entries: &[Entry<'_>], path: &Path<'_>, known: &[&str]) {
        for entry in entries.iter().filter(|e| !known.contains(&&*e.key)) {
            let expected = match nearest(&entry.key, known.iter().copied()) {
                Some(near) => format!("\"{near}\""),
                None => format!("one of {}", known.join(", ")),
            };
            let found = format!("the unknown field \"{}\"", json::shortened(&entry.key));
            self.problem(entry.at, &path.field(&entry.key), expected, found);
        }
    }

    fn list<'n>(&mut self, node: &'n Node<'t>, path: &Path<'_>, of: &str) -> &'n [Node<'t>] {
        match &node.value {
            Value::List(list) => list,
            _ => {
                self.wrong(node, path, format!("a list of {of}"));
                &[]
            }
        }
    }

    fn line(&mut self, node: &Node<'_>, path: &Path<'_>) -> String {
        match &node.value {
            Value::Text(t) if t.chars().count() <= MAX_LINE && !t.contains('\n') => t.to_string(),
            Value::Text(_) => {
                self.wrong(node, path, format!("one line of at most {MAX_LINE} characters"));
                String::new()
            }
            _ => {
                self.wrong(node, path, "a text");
                String::new()
            }
        }
    }

    fn whole(&mut self, node: &Node<'_>, path: &Path<'_>, least: u64, most: u64) -> Option<u64> {
        let number = match &node.value {
            Value::Number(digits) => digits.parse::<u64>().ok(),
            _ => None,
        };
        let number = number.filter(|n| (least..=most).contains(n));
        if number.is_none() {
            self.wrong(node, path, format!("a whole number from {least} to {most}"));
        }
        number
    }

    fn one_of<T>(
        &mut self,
        node: &Node<'_>,
        path: &Path<'_>,
        known: &[&str],
        find: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = match &node.value {
            Value::Text(text) => find(text),
            _ => None,
        };
        if value.is_none() {
            let near = match &node.value {
                Value::Text(text) => nearest(text, known.iter().copied()),
                _ => None,
            };
            let expected = near.map_or_else(
                || {
                    format!(
                        "one of {}",
                        known.iter().map(|k| format!("\"{k}\"")).collect::<Vec<_>>().join(", ")
                    )
                },
                |near| format!("\"{near}\""),
            );
            self.wrong(node, path, expected);
        }
        value
    }

    fn amount(&mut self, node: &Node<'_>, path: &Path<'_>) -> Option<Amount> {
        let written = match &node.value {
            Value::Text(text) => text,
            Value::Number(digits) => *digits,
            _ => {
                self.wrong(node, path, amount::EXPECTED);
                return None;
            }
        };
        match Amount::parse(written) {
            Ok(amount) => Some(amount),
            Err(error) => {
                let expected = match error {
                    AmountError::Form => amount::EXPECTED,
                    AmountError::Fraction => "a whole number of wei",
                    AmountError::TooLarge => "an amount below 2^256",
                };
                self.wrong(node, path, expected);
                None
            }
        }
    }

    fn bytes(&mut self, node: &Node<'_>, path: &Path<'_>) -> Option<Bytes> {
        let Value::Text(text) = &node.value else {
            self.wrong(node, path, "bytes in hexadecimal, beginning with 0x");
            return None;
        };
        let Some(digits) = text.strip_prefix("0x") else {
            self.wrong(node, path, "bytes in hexadecimal, beginning with 0x");
            return None;
        };
        if let Some((i, bad)) = digits.char_indices().find(|(_, c)| !c.is_ascii_hexdigit()) {
            let expected = if digits[i..].starts_with("__") {
                "bytecode whose libraries are linked"
            } else {
                "hexadecimal digits after 0x"
            };
            let bad = match bad {
                '\n' | '\r' => "a line break".to_owned(),
                bad if bad.is_whitespace() => "a space".to_owned(),
                bad => format!("`{bad}`"),
            };
            self.problem(node.at, path, expected, format!("{bad} at digit {i}"));
            return None;
        }
        match alloy_primitives::hex::decode(digits) {
            Ok(bytes) => Some(bytes.into()),
            Err(_) => {
                self.problem(node.at, path, "an even number of digits", digits.len().to_string());
                None
            }
        }
    }

    fn word(&mut self, node: &Node<'_>, path: &Path<'_>) -> Option<B256> {
        let word = match &node.value {
            Value::Text(text) if text.starts_with("0x") => text.parse::<B256>().ok(),
            _ => None,
        };
        if word.is_none() {
            self.wrong(node, path, "32 bytes in hexadecimal, beginning with 0x");
        }
        word
    }

    fn place(&mut self, node: &Node<'_>, path: &Path<'_>) -> Option<Place> {
        let Value::Text(text) = &node.value else {
            self.wrong(node, path, "a name or an address");
            return None;
        };
        match Place::parse(text) {
            Ok(place) => Some(place),
            Err((expected, found)) => {
                self.problem(node.at, path, expected, found);
                None
            }
        }
    }

    /// A place whose name is declared. `all`: whether `name[*]` may stand here.
    fn known_place(
        &mut self,
        node: &Node<'_>,
        path: &Path<'_>,
        known: &Known<'_>,
        all: bool,
    ) -> Option<Place> {
        let place = self.place(node, path)?;
        let ok = match &place {
            Place::Address(_) => true,
            Place::Name(name) => {
                self.known_name(node, path, name, known) && {
                    let group = known.get(name.as_str()).copied();
                    match group {
                        Some(Kind::Group(count)) => {
                            let last = count.saturating_sub(1);
                            self.wrong(node, path, format!("an element from {name}[0] to {name}[{last}]"));
                            false
                        }
                        _ => true,
                    }
                }
            }
            Place::Element(name, index) => {
                self.known_name(node, path, name, known)
                    && match known.get(name.as_str()) {
                        Some(Kind::Group(count)) if index < count => true,
                        Some(Kind::Group(count)) => {
                            let last = count.saturating_sub(1);
                            self.wrong(node, path, format!("an element from {name}[0] to {name}[{last}]"));
                            false
                        }
                        _ => {
                            self.wrong(node, path, format!("\"{name}\" without an index: it is not a group"));
                            false
                        }
                    }
            }
            Place::All(name) => {
                if !all {
                    self.wrong(node, path, "one place ([*] is for \"setup\"; here { \"pick\": … } chooses)");
                    false
                } else {
                    self.known_name(node, path, name, known) && self.group(node, path, name, known).is_some()
                }
            }
        };
        ok.then_some(place)
    }

    fn known_name(&mut self, node: &Node<'_>, path: &Path<'_>, name: &str, known: &Known<'_>) -> bool {
        if known.contains_key(name) {
            return true;
        }
        let expected = match nearest(name, known.keys().copied()) {
            Some(near) => format!("a declared name (\"{near}\"?)"),
            None => "a name declared in \"accounts\" or \"contracts\", or by \"as\"".to_owned(),
        };
        self.wrong(node, path, expected);
        false
    }

    fn group(&mut self, node: &Node<'_>, path: &Path<'_>, name: &str, known: &Known<'_>) -> Option<u32> {
        match known.get(name) {
            Some(Kind::Group(count)) => Some(*count),
            _ => {
                let groups = known.iter().filter(|(_, k)| matches!(k, Kind::Group(_))).map(|(name, _)| *name);
                let expected = match nearest(name, groups) {
                    Some(near) => format!("a group such as \"{near}\""),
                    None => "the name of a group (declared with \"count\")".to_owned(),
                };
                self.wrong(node, path, expected);
                None
            }
        }
    }

    /// Whether the document is of a version that can be read.
    fn format(&mut self, node: &Node<'t>, root: &Path<'_>) -> bool {
        let path = root.field("format");
        let expected = format!("\"evm-lanes/{VERSION}\"");
        let Some(format) = node.get("format") else {
            self.missing(node, root, "format");
            if let Some(problem) = self.problems.last_mut() {
                problem.expected = format!("\"format\": {expected}");
            }
            return false;
        };
        let version = match &format.value {
            Value::Text(text) => text.strip_prefix("evm-lanes/").and_then(|v| v.parse::<u32>().ok()),
            _ => None,
        };
        match version {
            Some(VERSION) => true,
            Some(newer) if newer > VERSION => {
                let expected = format!("a document of version {VERSION} or earlier");
                self.problem(
                    format.at,
                    &path,
                    expected,
                    format!("version {newer}: it was made by a newer version of EVM Lanes"),
                );
                false
            }
            _ => {
                self.wrong(format, &path, expected);
                false
            }
        }
    }

    fn document(&mut self, node: &Node<'t>, entries: &[Entry<'t>], root: &Path<'_>) -> Scenario {
        self.unknown(entries, root, fields::SCENARIO);
        let mut scenario = Scenario { format: Format::V1, ..Scenario::default() };

        match node.get("title") {
            Some(title) => scenario.title = self.line(title, &root.field("title")),
            None => self.missing(node, root, "title"),
        }
        if let Some(story) = node.get("story") {
            match &story.value {
                Value::Text(text) => scenario.story = text.to_string(),
                _ => self.wrong(story, &root.field("story"), "a text"),
            }
        }
        if let Some(seed) = node.get("seed") {
            scenario.seed = self.whole(seed, &root.field("seed"), 0, MAX_NUMBER).unwrap_or(0);
        }

        let mut known: Known<'_> = HashMap::new();
        let mut total = 0u64;
        if let Some(accounts) = node.get("accounts") {
            let path = root.field("accounts");
            for entry in self.object(accounts, &path, "accounts by name").unwrap_or_default() {
                let path = path.field(&entry.key);
                let account = self.account(&entry.node, &path);
                total += u64::from(account.count.unwrap_or(1));
                self.declare(entry.at, &path, &entry.key, account.count, &mut known);
                scenario.accounts.0.push((entry.key.to_string(), account));
            }
            self.at_most(accounts, &path, total, "accounts");
        }
        known.entry(DEPLOYER).or_insert(Kind::One);
        known.entry(BUILDER).or_insert(Kind::One);
        if let Some(run) = node.get("run") {
            scenario.run = self.run(run, &root.field("run"));
        }

        if let Some(contracts) = node.get("contracts") {
            let path = root.field("contracts");
            let entries = self.object(contracts, &path, "contracts by name").unwrap_or_default();
            let mut total = 0u64;
            // All names first: a constructor may be given the address of a contract that comes later.
            for entry in entries {
                let count = match entry.node.get("count").map(|n| &n.value) {
                    Some(Value::Number(digits)) => digits.parse().ok(),
                    _ => None,
                };
                total += u64::from(count.unwrap_or(1));
                self.declare(entry.at, &path.field(&entry.key), &entry.key, count, &mut known);
            }
            self.at_most(contracts, &path, total, "contracts");
            for entry in entries {
                let contract = self.contract(&entry.node, &path.field(&entry.key), &known);
                scenario.contracts.0.push((entry.key.to_string(), contract));
            }
        }

        if let Some(setup) = node.get("setup") {
            let path = root.field("setup");
            let mut total = 0u64;
            for (i, node) in self.list(setup, &path, "calls").iter().enumerate() {
                let path = path.index(i);
                let Some((call, count)) = self.setup(node, &path, &known) else { continue };
                total += u64::from(count.unwrap_or(1));
                if let (Some(named), Some(name)) = (&call.named, node.get("as"))
                    && let Value::Text(text) = &name.value
                {
                    let all = matches!(named, Place::All(_));
                    let base = text.strip_suffix("[*]").unwrap_or(text);
                    let path = path.field("as");
                    match count {
                        Some(count) if !all => {
                            let times = if count == 1 {
                                "for one index".to_owned()
                            } else {
                                format!("{count} times")
                            };
                            let expected = format!("\"{base}[*]\": the call is made {times}");
                            self.wrong(name, &path, expected);
                        }
                        None if all => self.wrong(name, &path, format!("\"{base}\": the call is made once")),
                        _ => {}
                    }
                    self.declare(name.at, &path, base, count, &mut known);
                }
                scenario.setup.push(call);
            }
            self.at_most(setup, &path, total, "set-up calls");
        }

        // After everything that has a name: the beneficiary may be any of it.
        if let Some(block) = node.get("block") {
            scenario.block = self.block(block, &root.field("block"), &known);
        }

        let path = root.field("transactions");
        match node.get("transactions") {
            None => self.missing(node, root, "transactions"),
            Some(transactions) => {
                let list = self.list(transactions, &path, "transactions");
                // Counted before anything is made of them.
                let total = list.iter().map(repeat).fold(0u64, u64::saturating_add);
                self.at_most(transactions, &path, total, "transactions");
                if list.len() as u64 <= u64::from(MAX_TRANSACTIONS) {
                    scenario.transactions = list
                        .iter()
                        .enumerate()
                        .filter_map(|(i, node)| self.transaction(node, &path.index(i), &known))
                        .collect();
                }
            }
        }
        scenario
    }

    fn at_most(&mut self, node: &Node<'_>, path: &Path<'_>, total: u64, what: &str) {
        if total > u64::from(MAX_TRANSACTIONS) {
            self.problem(
                node.at,
                path,
                format!("at most {MAX_TRANSACTIONS} {what} in all, repetitions counted"),
                total.to_string(),
            );
        }
    }

    fn declare<'n>(
        &mut self,
        at: usize,
        path: &Path<'_>,
        name: &'n str,
        count: Option<u32>,
        known: &mut Known<'n>,
    ) {
        if !is_name(name) {
            self.problem(
                at,
                path,
                "a name of letters, digits, `_` and `-`, beginning with a letter, at most 64 long",
                format!("\"{}\"", json::shortened(name)),
            );
            return;
        }
        let kind = count.map_or(Kind::One, Kind::Group);
        if known.insert(name, kind).is_some() {
            self.problem(at, path, "a name that nothing else has", format!("a second \"{name}\""));
        }
    }

    fn account(&mut self, node: &Node<'t>, path: &Path<'_>) -> Account {
        let mut account = Account::default();
        self.known(node, path, "an account such as { \"balance\": \"10 ether\" }", fields::ACCOUNT);
        if let Some(count) = node.get("count") {
            let count = self.whole(count, &path.field("count"), 1, u64::from(MAX_TRANSACTIONS));
            account.count = count.map(|c| c as u32);
        }
        if let Some(balance) = node.get("balance") {
            let path = path.field("balance");
            account.balance = self.amount(balance, &path);
            // So that no sum of balances can pass 2^256: real ether is below 2^87.
            if account.balance.as_ref().is_some_and(|b| b.value().bit_len() > 128) {
                self.wrong(balance, &path, "a balance below 2^128 wei");
            }
        }
        if let Some(address) = node.get("address") {
            let path = path.field("address");
            match &address.value {
                Value::Text(text) => match parse_address(text) {
                    Ok(a) => account.address = Some(a),
                    Err((expected, found)) => self.problem(address.at, &path, expected, found),
                },
                _ => self.wrong(address, &path, "an address"),
            }
            if account.count.is_some() {
                self.wrong(address, &path, "no address: each account of a group has its own");
            }
        }
        if let Some(nonce) = node.get("nonce") {
            account.nonce = self.whole(nonce, &path.field("nonce"), 0, MAX_NUMBER);
        }
        account
    }

    fn block(&mut self, node: &Node<'t>, path: &Path<'_>, known: &Known<'_>) -> Block {
        let mut block = Block::default();
        self.known(node, path, "an object", fields::BLOCK);
        if let Some(fork) = node.get("fork") {
            let names: Vec<&str> = Fork::ALL.iter().map(|f| f.name()).collect();
            block.fork = self.one_of(fork, &path.field("fork"), &names, Fork::from_name);
        }
        let mut number = |name: &str, least| {
            let node = node.get(name)?;
            self.whole(node, &path.field(name), least, MAX_NUMBER)
        };
        block.number = number("number", 0);
        block.timestamp = number("timestamp", 0);
        block.gas_limit = number("gasLimit", 1);
        if let Some(base_fee) = node.get("baseFee") {
            let path = path.field("baseFee");
            block.base_fee = self.amount(base_fee, &path);
            if block.base_fee.as_ref().is_some_and(|f| f.value() > U256::from(u64::MAX)) {
                self.wrong(base_fee, &path, "a fee below 2^64 wei");
            } else if block.base_fee.as_ref().is_some_and(|f| !f.is_zero())
                && block.fork.is_some_and(|f| f < Fork::London)
            {
                self.wrong(base_fee, &path, "no base fee: this fork is older than London");
            }
        }
        if let Some(beneficiary) = node.get("beneficiary") {
            block.beneficiary = self.known_place(beneficiary, &path.field("beneficiary"), known, false);
        }
        block
    }

    fn run(&mut self, node: &Node<'t>, path: &Path<'_>) -> RunSettings {
        let mut run = RunSettings::default();
        self.known(node, path, "an object", fields::RUN);
        if let Some(strategy) = node.get("strategy") {
            let path = path.field("strategy");
            run.strategy = self.one_of(strategy, &path, StrategyName::NAMES, StrategyName::from_name);
        }
        if let Some(lanes) = node.get("lanes") {
            let lanes = self.whole(lanes, &path.field("lanes"), 1, u64::from(MAX_LANES));
            run.lanes = lanes.map(|l| l as u16);
        }
        if let Some(clock) = node.get("clock") {
            run.clock = self.one_of(clock, &path.field("clock"), ClockName::NAMES, ClockName::from_name);
        }
        if let Some(cost) = node.get("cost") {
            run.cost = self.one_of(cost, &path.field("cost"), CostName::NAMES, CostName::from_name);
        }
        if let Some(seed) = node.get("seed") {
            run.seed = self.whole(seed, &path.field("seed"), 0, u64::MAX);
        }
        run
    }

    fn contract(&mut self, node: &Node<'t>, path: &Path<'_>, known: &Known<'_>) -> Contract {
        let mut contract = Contract::default();
        let expected = "a contract such as { \"catalogue\": \"uniswap-v2/WETH9\" }";
        if self.known(node, path, expected, fields::CONTRACT).is_none() {
            return contract;
        }
        if let Some(catalogue) = node.get("catalogue") {
            contract.catalogue = Some(self.line(catalogue, &path.field("catalogue")));
        }
        if let Some(bytecode) = node.get("bytecode") {
            contract.bytecode = self.bytes(bytecode, &path.field("bytecode"));
        }
        match (node.get("catalogue"), node.get("bytecode")) {
            (None, None) => {
                self.problem(node.at, path, "\"catalogue\" or \"bytecode\"", "neither");
            }
            (Some(_), Some(bytecode)) => {
                let path = path.field("bytecode");
                self.problem(bytecode.at, &path, "either \"catalogue\" or \"bytecode\"", "both");
            }
            (Some(_), None) => {
                for name in ["abi", "storageLayout"] {
                    if let Some(node) = node.get(name) {
                        let expected = format!("no \"{name}\": the catalogue has it");
                        self.wrong(node, &path.field(name), expected);
                    }
                }
            }
            (None, Some(_)) => {}
        }
        if let Some(abi) = node.get("abi") {
            let path = path.field("abi");
            let list = self.list(abi, &path, "functions, events and errors as the compiler writes it");
            contract.abi = matches!(abi.value, Value::List(_)).then(|| list.iter().map(plain).collect());
        }
        if let Some(layout) = node.get("storageLayout") {
            match plain(layout) {
                serde_json::Value::Object(map) => contract.storage_layout = Some(map),
                _ => self.wrong(layout, &path.field("storageLayout"), "an object as solc writes it"),
            }
        }
        if let Some(count) = node.get("count") {
            let count = self.whole(count, &path.field("count"), 1, u64::from(MAX_TRANSACTIONS));
            contract.count = count.map(|c| c as u32);
        }
        if let Some(from) = node.get("from") {
            contract.from = self.known_place(from, &path.field("from"), known, false);
        }
        if let Some(args) = node.get("args") {
            let args_path = path.field("args");
            for (i, arg) in self.list(args, &args_path, "arguments").iter().enumerate() {
                let path = args_path.index(i);
                if let Some(arg) = self.arg(arg, &path, known, Places::One) {
                    contract.args.push(arg);
                }
            }
        }
        if let Some(value) = node.get("value") {
            contract.value = self.amount(value, &path.field("value"));
        }
        contract
    }

    /// A set-up call, and how often it is made if it has a `[*]`.
    fn setup(
        &mut self,
        node: &Node<'t>,
        path: &Path<'_>,
        known: &Known<'_>,
    ) -> Option<(SetupCall, Option<u32>)> {
        self.known(node, path, "a call", fields::SETUP)?;
        let place = |d: &mut Self, name: &str| match node.get(name) {
            Some(node) => d.known_place(node, &path.field(name), known, true),
            None => {
                d.missing(node, path, name);
                None
            }
        };
        let from = place(self, "from");
        let to = place(self, "to");
        let (call, data) = self.call_or_data(node, path);
        let args = self.args(node, path, known, Places::All);
        let value = node.get("value").and_then(|v| self.amount(v, &path.field("value")));
        let named = node.get("as").and_then(|name| {
            let path = path.field("as");
            match self.place(name, &path)? {
                place @ (Place::Name(_) | Place::All(_)) => Some(place),
                _ => {
                    self.wrong(name, &path, "a new name such as \"pool\" (or \"pool[*]\" for each index)");
                    None
                }
            }
        });
        let call = SetupCall { from: from?, to: to?, call, args, data, value, named };
        let count = self.wildcards(&call, node, path, known)?;
        Some((call, count))
    }

    /// How often the call is made: all its `[*]` have the same count.
    fn wildcards(
        &mut self,
        call: &SetupCall,
        node: &Node<'_>,
        path: &Path<'_>,
        known: &Known<'_>,
    ) -> Option<Option<u32>> {
        let counts = expand::wildcards(call, &|name| match known.get(name) {
            Some(Kind::Group(count)) => Some(*count),
            _ => None,
        });
        let Some(&(first, count)) = counts.first() else { return Some(None) };
        if let Some((other, different)) = counts.iter().find(|(_, c)| *c != count) {
            let expected = "groups of the same size at every [*] of one call";
            self.problem(node.at, path, expected, format!("{first} of {count} and {other} of {different}"));
            return None;
        }
        Some(Some(count))
    }

    fn call_or_data(&mut self, node: &Node<'t>, path: &Path<'_>) -> (Option<String>, Option<Bytes>) {
        let call = node.get("call").map(|call| self.line(call, &path.field("call")));
        let data = node.get("data").and_then(|data| self.bytes(data, &path.field("data")));
        if let (Some(_), Some(data)) = (&call, node.get("data")) {
            self.problem(data.at, &path.field("data"), "either \"call\" or \"data\"", "both");
        }
        if let (None, Some(args)) = (&call, node.get("args")) {
            self.problem(args.at, &path.field("args"), "\"call\" beside \"args\"", "no \"call\"");
        }
        (call, data)
    }

    fn args(&mut self, node: &Node<'t>, path: &Path<'_>, known: &Known<'_>, places: Places) -> Vec<Arg> {
        let Some(args) = node.get("args") else { return Vec::new() };
        let path = path.field("args");
        let list = self.list(args, &path, "arguments");
        let decoded = list.iter().enumerate().map(|(i, arg)| self.arg(arg, &path.index(i), known, places));
        decoded.collect::<Vec<_>>().into_iter().flatten().collect()
    }

    fn transaction(&mut self, node: &Node<'t>, path: &Path<'_>, known: &Known<'_>) -> Option<Transaction> {
        let label = |d: &mut Self| node.get("label").map(|label| d.line(label, &path.field("label")));
        if let Some(raw) = node.get("raw") {
            self.known(node, path, "a transaction", fields::RAW);
            let label = label(self);
            let raw = self.bytes(raw, &path.field("raw"))?;
            return Some(Transaction::Raw(RawTransaction { label, raw }));
        }
        let entries = self.object(node, path, "a transaction")?;
        let mut offered = fields::CALL.to_vec();
        offered.push("raw");
        self.unknown(entries, path, &offered);
        let number = |d: &mut Self, name: &str, least, most| {
            node.get(name).and_then(|node| d.whole(node, &path.field(name), least, most))
        };
        let amount = |d: &mut Self, name: &str| {
            let node = node.get(name)?;
            let path = path.field(name);
            d.amount(node, &path)
        };
        let from = match node.get("from") {
            Some(from) => self.choice(from, &path.field("from"), known),
            None => {
                self.missing(node, path, "from");
                None
            }
        };
        let to = node.get("to").map(|to| self.choice(to, &path.field("to"), known));
        let (call, data) = self.call_or_data(node, path);
        if to.is_none() && node.get("data").is_none() {
            self.problem(node.at, path, "\"to\", or \"data\" with the code to create", "neither");
        }
        let decoded = Call {
            label: label(self),
            repeat: number(self, "repeat", 1, u64::from(MAX_TRANSACTIONS)).map(|r| r as u32),
            from: from?,
            to: match to {
                Some(to) => Some(to?),
                None => None,
            },
            call,
            args: self.args(node, path, known, Places::One),
            data,
            value: node.get("value").and_then(|v| self.quantity(v, &path.field("value"))),
            gas: number(self, "gas", 0, MAX_NUMBER),
            nonce: number(self, "nonce", 0, MAX_NUMBER),
            gas_price: amount(self, "gasPrice"),
            max_fee_per_gas: amount(self, "maxFeePerGas"),
            max_priority_fee_per_gas: amount(self, "maxPriorityFeePerGas"),
            access_list: self.access_list(node, path, known),
            authorization_list: self.authorizations(node, path, known),
        };
        if let Some(price) = node.get("gasPrice") {
            let type2 = ["maxFeePerGas", "maxPriorityFeePerGas", "authorizationList"];
            if let Some(other) = type2.into_iter().find(|name| node.get(name).is_some()) {
                let found = format!("\"{other}\" beside it");
                self.problem(price.at, &path.field("gasPrice"), "\"gasPrice\" alone", found);
            }
        }
        if decoded.nonce.is_some()
            && decoded.repeat.is_some_and(|r| r > 1)
            && let Some(nonce) = node.get("nonce")
        {
            self.wrong(nonce, &path.field("nonce"), "no nonce: each repetition needs its own");
        }
        Some(Transaction::Call(Box::new(decoded)))
    }

    fn choice(&mut self, node: &Node<'t>, path: &Path<'_>, known: &Known<'_>) -> Option<Choice> {
        match node.value {
            Value::Object(_) => self.pick(node, path, known).map(Choice::Pick),
            _ => self.known_place(node, path, known, false).map(Choice::Fixed),
        }
    }

    fn pick(&mut self, node: &Node<'t>, path: &Path<'_>, known: &Known<'_>) -> Option<Pick> {
        self.known(node, path, "{ \"pick\": a group's name }", fields::PICK)?;
        let Some(group) = node.get("pick") else {
            self.missing(node, path, "pick");
            return None;
        };
        let by = match node.get("by") {
            Some(by) => {
                self.one_of(by, &path.field("by"), &["round-robin", "uniform", "zipf"], |n| match n {
                    "round-robin" => Some(By::RoundRobin),
                    "uniform" => Some(By::Uniform),
                    "zipf" => Some(By::Zipf),
                    _ => None,
                })?
            }
            None => By::Uniform,
        };
        let skew = node.get("skew").and_then(|skew| {
            let path = path.field("skew");
            if by != By::Zipf {
                self.wrong(skew, &path, "no skew: it belongs to \"by\": \"zipf\"");
                return None;
            }
            let thousandths = match &skew.value {
                Value::Number(written) => thousandths(written),
                _ => None,
            };
            if thousandths.is_none() {
                self.wrong(skew, &path, "a number from 0 to 5 with at most three decimals");
            }
            thousandths.map(Skew)
        });
        let path = path.field("pick");
        let Value::Text(name) = &group.value else {
            self.wrong(group, &path, "the name of a group");
            return None;
        };
        if !self.known_name(group, &path, name, known) {
            return None;
        }
        self.group(group, &path, name, known)?;
        Some(Pick { group: name.to_string(), by, skew })
    }

    fn quantity(&mut self, node: &Node<'t>, path: &Path<'_>) -> Option<Quantity> {
        match node.value {
            Value::Object(_) => self.between(node, path).map(Quantity::Between),
            _ => self.amount(node, path).map(Quantity::Fixed),
        }
    }

    fn between(&mut self, node: &Node<'t>, path: &Path<'_>) -> Option<Between> {
        let entries = self.known(node, path, "{ \"between\": [least, most] }", fields::BETWEEN)?;
        let Some(between) = entries.iter().find(|e| e.key == "between") else {
            self.missing(node, path, "between");
            return None;
        };
        let node = &between.node;
        let path = path.field("between");
        let Value::List(ends) = &node.value else {
            self.wrong(node, &path, "two amounts: [least, most]");
            return None;
        };
        let [least, most] = &ends[..] else {
            self.wrong(node, &path, "two amounts: [least, most]");
            return None;
        };
        let least = self.amount(least, &path.index(0));
        let most = self.amount(most, &path.index(1));
        let (least, most) = (least?, most?);
        if least.value() > most.value() {
            let found = format!("{} and {}", least.written(), most.written());
            self.problem(node.at, &path, "the lesser amount first", found);
            return None;
        }
        Some(Between { between: [least, most] })
    }

    fn arg(&mut self, node: &Node<'t>, path: &Path<'_>, known: &Known<'_>, places: Places) -> Option<Arg> {
        Some(match &node.value {
            Value::Null => {
                self.wrong(node, path, "an argument");
                return None;
            }
            Value::Bool(b) => Arg::Bool(*b),
            // As it will be written: other numbers would be read as texts the next time.
            Value::Number(n) if is_exact(n) => Arg::Number(Numeral((*n).to_owned())),
            Value::Number(n) => Arg::Text((*n).to_owned()),
            Value::Text(t) => {
                // Whether it is a place is known only with the function's ABI; a `name[*]` of a
                // group, though, is one everywhere but in a text argument that happens to look so.
                if let Some(name) = wildcard(t)
                    && known.contains_key(name)
                    && (places == Places::One || self.group(node, path, name, known).is_none())
                {
                    if places == Places::One {
                        self.wrong(
                            node,
                            path,
                            "one place ([*] is for \"setup\"; here { \"pick\": … } chooses)",
                        );
                    }
                    return None;
                }
                Arg::Text(t.to_string())
            }
            Value::List(list) => {
                let args =
                    list.iter().enumerate().map(|(i, arg)| self.arg(arg, &path.index(i), known, places));
                Arg::List(args.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()?)
            }
            Value::Object(entries) => {
                let random = entries.iter().any(|e| e.key == "pick" || e.key == "between");
                if places == Places::All && random {
                    self.wrong(node, path, "an argument without chance: set-up calls have no repetitions");
                    return None;
                }
                if entries.iter().any(|e| e.key == "between") {
                    Arg::Between(self.between(node, path)?)
                } else if entries.iter().any(|e| e.key == "pick") {
                    Arg::Pick(self.pick(node, path, known)?)
                } else {
                    self.wrong(node, path, "an argument, { \"pick\": … } or { \"between\": … }");
                    return None;
                }
            }
        })
    }

    fn access_list(&mut self, node: &Node<'t>, path: &Path<'_>, known: &Known<'_>) -> Vec<AccessListItem> {
        let Some(list) = node.get("accessList") else { return Vec::new() };
        let path = path.field("accessList");
        let mut items = Vec::new();
        for (i, node) in self.list(list, &path, "addresses with their slots").iter().enumerate() {
            let path = path.index(i);
            if self.known(node, &path, "{ \"address\": …, \"storageKeys\": [ … ] }", fields::ACCESS).is_none()
            {
                continue;
            }
            let Some(address) = node.get("address") else {
                self.missing(node, &path, "address");
                continue;
            };
            let address = self.known_place(address, &path.field("address"), known, false);
            let mut storage_keys = Vec::new();
            if let Some(keys) = node.get("storageKeys") {
                let path = path.field("storageKeys");
                for (i, key) in self.list(keys, &path, "slots").iter().enumerate() {
                    storage_keys.extend(self.word(key, &path.index(i)));
                }
            }
            items.extend(address.map(|address| AccessListItem { address, storage_keys }));
        }
        items
    }

    fn authorizations(&mut self, node: &Node<'t>, path: &Path<'_>, known: &Known<'_>) -> Vec<Authorization> {
        let Some(list) = node.get("authorizationList") else { return Vec::new() };
        let path = path.field("authorizationList");
        let mut items = Vec::new();
        for (i, node) in self.list(list, &path, "signed authorisations").iter().enumerate() {
            let path = path.index(i);
            if self.known(node, &path, "a signed authorisation", fields::AUTHORIZATION).is_none() {
                continue;
            }
            let missing: Vec<&str> =
                fields::AUTHORIZATION.iter().copied().filter(|f| node.get(f).is_none()).collect();
            if !missing.is_empty() {
                self.problem(
                    node.at,
                    &path,
                    "all fields of an authorisation",
                    format!("no {}", missing.join(", ")),
                );
                continue;
            }
            let number = |d: &mut Self, name: &str, most| {
                node.get(name).and_then(|node| d.whole(node, &path.field(name), 0, most))
            };
            let chain_id = number(self, "chainId", MAX_NUMBER);
            let nonce = number(self, "nonce", MAX_NUMBER);
            let y_parity = number(self, "yParity", 1);
            let word = |d: &mut Self, name: &str| {
                let node = node.get(name)?;
                d.word(node, &path.field(name))
            };
            let (r, s) = (word(self, "r"), word(self, "s"));
            let address = node
                .get("address")
                .and_then(|address| self.known_place(address, &path.field("address"), known, false));
            if let (Some(chain_id), Some(nonce), Some(y_parity), Some(r), Some(s), Some(address)) =
                (chain_id, nonce, y_parity, r, s, address)
            {
                items.push(Authorization { chain_id, address, nonce, y_parity: y_parity as u8, r, s });
            }
        }
        items
    }
}

/// Which places an argument may have.
#[derive(Clone, Copy, PartialEq)]
enum Places {
    /// One, or a choice.
    One,
    /// One, or all of a group.
    All,
}

/// How many transactions an entry stands for, before it is checked.
fn repeat(node: &Node<'_>) -> u64 {
    match node.get("repeat").map(|n| &n.value) {
        // More digits than fit are more than any limit.
        Some(Value::Number(digits)) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            digits.parse().unwrap_or(u64::MAX)
        }
        _ => 1,
    }
}

/// A decimal from 0 to 5 in thousandths.
fn thousandths(written: &str) -> Option<u32> {
    let (whole, fraction) = written.split_once('.').unwrap_or((written, ""));
    if fraction.len() > 3 {
        return None;
    }
    let number: u32 = format!("{whole}{fraction:0<3}").parse().ok()?;
    (number <= 5000).then_some(number)
}

/// The same value for serde. Numbers that fit nowhere become texts; ABIs have none.
fn plain(node: &Node<'_>) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(b) => (*b).into(),
        Value::Number(n) => match (n.parse::<u64>(), n.parse::<f64>()) {
            (Ok(n), _) => n.into(),
            (_, Ok(float)) if float.is_finite() => float.into(),
            _ => (*n).into(),
        },
        Value::Text(t) => t.to_string().into(),
        Value::List(list) => list.iter().map(plain).collect(),
        Value::Object(entries) => entries
            .iter()
            .map(|e| (e.key.to_string(), plain(&e.node)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use crate::parse;

    /// A small document with `transactions` put in.
    fn document(transactions: &str) -> String {
        format!(
            r#"{{
  "format": "evm-lanes/1",
  "title": "t",
  "accounts": {{ "alice": {{}}, "trader": {{ "count": 3 }} }},
  "contracts": {{ "usd": {{ "catalogue": "a/b" }}, "pool": {{ "bytecode": "0x00", "count": 2 }} }},
  "transactions": [{transactions}]
}}"#
        )
    }

    fn check(text: &str, expected: &[&str]) {
        let problems = parse(text).expect_err(text);
        let found: Vec<String> = problems
            .iter()
            .map(|p| {
                let at = p.position.expect("a position");
                format!("{}:{} {p}", at.line, at.column)
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    fn check_transaction(transaction: &str, expected: &str) {
        let problems = parse(&document(transaction)).expect_err(transaction);
        let found: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(found, [expected]);
    }

    #[test]
    fn a_mistake_in_a_transaction_names_its_path_and_place() {
        check_transaction(
            r#"{ "from": "alice", "to": "0x0011" }"#,
            "transactions[0].to: expected 20 bytes, found 2 bytes",
        );
        check_transaction(
            r#"{ "from": "alise", "to": "alice" }"#,
            "transactions[0].from: expected a declared name (\"alice\"?), found \"alise\"",
        );
        check_transaction(
            r#"{ "form": "alice", "from": "alice", "to": "alice" }"#,
            "transactions[0].form: expected \"from\", found the unknown field \"form\"",
        );
        check_transaction(
            r#"{ "from": "trader[3]", "to": "alice" }"#,
            "transactions[0].from: expected an element from trader[0] to trader[2], found \"trader[3]\"",
        );
        check_transaction(
            r#"{ "from": "trader", "to": "alice" }"#,
            "transactions[0].from: expected an element from trader[0] to trader[2], found \"trader\"",
        );
        check_transaction(
            r#"{ "from": "trader[*]", "to": "alice" }"#,
            "transactions[0].from: expected one place ([*] is for \"setup\"; here { \"pick\": … } chooses), found \"trader[*]\"",
        );
        check_transaction(
            r#"{ "from": { "pick": "traders" }, "to": "alice" }"#,
            "transactions[0].from.pick: expected a declared name (\"trader\"?), found \"traders\"",
        );
        check_transaction(
            r#"{ "from": { "pick": "alice" }, "to": "alice" }"#,
            "transactions[0].from.pick: expected the name of a group (declared with \"count\"), found \"alice\"",
        );
        check_transaction(
            r#"{ "from": "alice", "to": "alice", "value": "1.5" }"#,
            "transactions[0].value: expected a whole number of wei, found \"1.5\"",
        );
        check_transaction(
            r#"{ "from": "alice", "to": "alice", "value": { "between": ["2", "1"] } }"#,
            "transactions[0].value.between: expected the lesser amount first, found 2 and 1",
        );
        check_transaction(
            r#"{ "from": "alice" }"#,
            "transactions[0]: expected \"to\", or \"data\" with the code to create, found neither",
        );
        check_transaction(
            r#"{ "from": "alice", "to": "usd", "call": "f", "args": [{ "pick": "trader", "by": "zipf", "skew": 1.2345 }] }"#,
            "transactions[0].args[0].skew: expected a number from 0 to 5 with at most three decimals, found 1.2345",
        );
        check_transaction(
            r#"{ "from": "alice", "to": "usd", "gas": 1e9 }"#,
            "transactions[0].gas: expected a whole number from 0 to 9007199254740992, found 1e9",
        );
        check_transaction(
            r#"{ "raw": "0x02f" }"#,
            "transactions[0].raw: expected an even number of digits, found 3",
        );
    }

    #[test]
    fn several_mistakes_are_found_in_one_pass_in_order() {
        check(
            r#"{
  "format": "evm-lanes/1",
  "block": { "fork": "osakka", "gasLimit": -1 },
  "accounts": { "0x": {}, "bob": { "balance": "1 eth" } },
  "contracts": { "bob": {} },
  "transactions": [ { "from": "bob", "to": "bob", "args": [] } ],
  "lanes": 3
}"#,
            &[
                "1:1 expected \"title\", found nothing of that name",
                "3:22 block.fork: expected \"osaka\", found \"osakka\"",
                "3:44 block.gasLimit: expected a whole number from 1 to 9007199254740992, found -1",
                "4:17 accounts.0x: expected a name of letters, digits, `_` and `-`, beginning with a letter, at most 64 long, found \"0x\"",
                "4:47 accounts.bob.balance: expected an amount such as \"1.5 ether\", \"30 gwei\", \"1000e18\", or a whole number of wei, found \"1 eth\"",
                "5:18 contracts.bob: expected a name that nothing else has, found a second \"bob\"",
                "5:25 contracts.bob: expected \"catalogue\" or \"bytecode\", found neither",
                "6:59 transactions[0].args: expected \"call\" beside \"args\", found no \"call\"",
                "7:3 lanes: expected one of format, title, story, block, accounts, contracts, setup, transactions, seed, run, found the unknown field \"lanes\"",
            ],
        );
    }

    #[test]
    fn other_versions_are_told_apart() {
        let newer = "a document of version 1 or earlier, found version 2: it was made by a newer version of EVM Lanes";
        check(r#"{"format": "evm-lanes/2", "what": 1}"#, &[&format!("1:12 format: expected {newer}")]);
        check(
            r#"{"format": "evm-lanes/0"}"#,
            &["1:12 format: expected \"evm-lanes/1\", found \"evm-lanes/0\""],
        );
        check(r#"{"title": ""}"#, &["1:1 expected \"format\": \"evm-lanes/1\", found nothing of that name"]);
        check("[]", &["1:1 expected an object with \"format\": \"evm-lanes/1\", found a list of 0"]);
    }

    #[test]
    fn sizes_are_refused_before_anything_is_made() {
        let started = std::time::Instant::now();
        let repeat = |n: &str| format!(r#"{{ "repeat": {n}, "from": "alice", "to": "alice" }}"#);
        for n in ["1000000000", "100001", "99999999999999999999999999"] {
            let problems = parse(&document(&repeat(n))).expect_err("too many");
            assert!(problems.iter().any(|p| p.path == "transactions"), "{problems:?}");
        }
        let halves = format!("{}, {}", repeat("50000"), repeat("50001"));
        check(
            &document(&halves),
            &[
                "6:19 transactions: expected at most 100000 transactions in all, repetitions counted, found 100001",
            ],
        );
        assert!(parse(&document(&repeat("100000"))).is_ok());
        let accounts = document("").replace("\"count\": 3", "\"count\": 100000");
        check(
            &accounts,
            &["4:15 accounts: expected at most 100000 accounts in all, repetitions counted, found 100001"],
        );
        assert!(started.elapsed().as_secs() < 2);
    }

    #[test]
    fn set_up_calls_expand_over_groups_of_one_size() {
        let with = |setup: &str| {
            document("").replace("\"transactions\"", &format!("\"setup\": [{setup}], \"transactions\""))
        };
        let ok = with(
            r#"{ "from": "trader[*]", "to": "usd", "call": "f", "args": [["trader[*]"]], "as": "made[*]" }"#,
        );
        let ok = ok.replace("[]\n", "[{ \"from\": \"alice\", \"to\": \"made[2]\" }]\n");
        assert!(parse(&ok).is_ok(), "{:?}", parse(&ok));
        check(
            &with(r#"{ "from": "trader[*]", "to": "pool[*]" }"#),
            &[
                "6:13 setup[0]: expected groups of the same size at every [*] of one call, found trader of 3 and pool of 2",
            ],
        );
        check(
            &with(r#"{ "from": "trader[*]", "to": "usd", "as": "made" }"#),
            &["6:55 setup[0].as: expected \"made[*]\": the call is made 3 times, found \"made\""],
        );
        check(
            &with(r#"{ "from": "only[*]", "to": "usd", "as": "made" }"#)
                .replace("\"trader\"", "\"only\": { \"count\": 1 }, \"trader\""),
            &["6:53 setup[0].as: expected \"made[*]\": the call is made for one index, found \"made\""],
        );
        check(
            &with(r#"{ "from": "alice", "to": "usd", "as": "alice" }"#),
            &["6:51 setup[0].as: expected a name that nothing else has, found a second \"alice\""],
        );
    }
}

//! The document itself: its version, its names and how often each counts, accounts, block and run.

use std::borrow::Cow;
use std::collections::HashMap;

use alloy_primitives::U256;

use super::{Decoder, Known, MAX_NUMBER, Path};
use crate::json::{self, Node, Value};
use crate::names::{BUILDER, DEPLOYER, Place, is_name, parse_address};
use crate::scenario::{
    Account, Block, Format, MAX_KEYS, MAX_LANES, MAX_TRANSACTIONS, RunSettings, Scenario, VERSION,
};
use crate::{ClockName, CostName, Fork, StrategyName};

impl<'t> Decoder<'t> {
    /// Whether the document is of a version that can be read.
    pub(crate) fn format(&mut self, node: Node<'t>, root: &Path<'_>) -> bool {
        known_format(self, node, root, "evm-lanes/", VERSION)
    }

    pub(crate) fn document(&mut self, node: Node<'t>, root: &Path<'_>) -> Scenario {
        self.unknown(node, root, Scenario::NAMES);
        let mut scenario = Scenario { format: Format::V1, ..Scenario::default() };

        match node.get("title") {
            Some(title) => scenario.title = self.line(title, &root.field("title")),
            None => self.missing(node, root, "title"),
        }
        if let Some(story) = node.get("story") {
            match story.value() {
                Value::Text(text) => scenario.story = text.to_string(),
                _ => self.wrong(story, &root.field("story"), "a text"),
            }
        }
        if let Some(seed) = node.get("seed") {
            scenario.seed = self.whole(seed, &root.field("seed"), 0, MAX_NUMBER).unwrap_or(0);
        }

        let mut known: Known<'_> = HashMap::new();
        let mut total = 0u64;
        let mut keys = 0u64;
        if let Some(accounts) = node.get("accounts") {
            let path = root.field("accounts");
            self.object(accounts, &path, "accounts by name");
            for field in accounts.fields() {
                let path = path.field(&field.name);
                let account = self.account(field.node, &path);
                let count = u64::from(account.count.unwrap_or(1));
                total += count;
                if let Some(key) = field.node.get("key").filter(|_| account.key) {
                    keys += count;
                    if keys > MAX_KEYS {
                        let expected = format!("at most {MAX_KEYS} accounts with keys in all");
                        self.problem(key.at(), &path.field("key"), expected, keys.to_string());
                    }
                }
                self.declare(field.at, &path, field.name.clone(), account.count, &mut known);
                scenario.accounts.0.push((field.name.to_string(), account));
            }
            self.at_most(accounts, &path, total, "accounts");
        }
        known.entry(DEPLOYER.into()).or_insert(None);
        known.entry(BUILDER.into()).or_insert(None);
        if let Some(run) = node.get("run") {
            scenario.run = self.run(run, &root.field("run"));
        }

        if let Some(contracts) = node.get("contracts") {
            let path = root.field("contracts");
            self.object(contracts, &path, "contracts by name");
            let mut total = 0u64;
            // All names first: a constructor may be given the address of a contract that comes later.
            for field in contracts.fields() {
                let count = match field.node.get("count").map(Node::value) {
                    Some(Value::Number(digits)) => digits.parse().ok(),
                    _ => None,
                };
                total += u64::from(count.unwrap_or(1));
                self.declare(field.at, &path.field(&field.name), field.name.clone(), count, &mut known);
            }
            self.at_most(contracts, &path, total, "contracts");
            for field in contracts.fields() {
                let contract = self.contract(field.node, &path.field(&field.name), &known);
                scenario.contracts.0.push((field.name.to_string(), contract));
            }
        }

        if let Some(setup) = node.get("setup") {
            let path = root.field("setup");
            let mut total = 0u64;
            for (i, node) in self.list(setup, &path, "calls").enumerate() {
                let path = path.index(i);
                let Some((call, count)) = self.setup(node, &path, &known) else { continue };
                total += u64::from(count.unwrap_or(1));
                if let (Some(named), Some(name)) = (&call.named, node.get("as"))
                    && let Value::Text(text) = name.value()
                {
                    let all = matches!(named, Place::All(_));
                    let base = text.strip_suffix("[*]").unwrap_or(&text);
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
                    self.declare(name.at(), &path, base.to_owned().into(), count, &mut known);
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
                let total = list.clone().map(repeat).fold(0u64, u64::saturating_add);
                self.at_most(transactions, &path, total, "transactions");
                if list.clone().count() as u64 <= u64::from(MAX_TRANSACTIONS) {
                    scenario.transactions = list
                        .enumerate()
                        .filter_map(|(i, node)| self.transaction(node, &path.index(i), &known))
                        .collect();
                }
            }
        }
        scenario
    }

    pub(super) fn at_most(&mut self, node: Node<'_>, path: &Path<'_>, total: u64, what: &str) {
        if total > u64::from(MAX_TRANSACTIONS) {
            self.problem(
                node.at(),
                path,
                format!("at most {MAX_TRANSACTIONS} {what} in all, repetitions counted"),
                total.to_string(),
            );
        }
    }

    pub(super) fn declare(
        &mut self,
        at: usize,
        path: &Path<'_>,
        name: Cow<'t, str>,
        count: Option<u32>,
        known: &mut Known<'t>,
    ) {
        if !is_name(&name) {
            self.problem(
                at,
                path,
                "a name of letters, digits, `_` and `-`, beginning with a letter, at most 64 long",
                format!("\"{}\"", json::shortened(&name)),
            );
            return;
        }
        let found = || format!("a second \"{name}\"");
        if known.contains_key(&name) {
            self.problem(at, path, "a name that nothing else has", found());
        }
        known.insert(name, count);
    }

    pub(super) fn account(&mut self, node: Node<'t>, path: &Path<'_>) -> Account {
        let mut account = Account::default();
        self.known(node, path, "an account such as { \"balance\": \"10 ether\" }", Account::NAMES);
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
            match address.value() {
                Value::Text(text) => match parse_address(&text) {
                    Ok(a) => account.address = Some(a),
                    Err((expected, found)) => self.problem(address.at(), &path, expected, found),
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
        if let Some(key) = node.get("key") {
            let path = path.field("key");
            match key.value() {
                Value::Bool(has_key) => account.key = has_key,
                _ => self.wrong(key, &path, "true or false"),
            }
            if account.key && account.address.is_some() {
                self.wrong(key, &path, "no \"address\" beside it: the key has one");
            }
        }
        account
    }

    pub(super) fn block(&mut self, node: Node<'t>, path: &Path<'_>, known: &Known<'_>) -> Block {
        let mut block = Block::default();
        self.known(node, path, "an object", Block::NAMES);
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

    pub(crate) fn run(&mut self, node: Node<'t>, path: &Path<'_>) -> RunSettings {
        let mut run = RunSettings::default();
        self.known(node, path, "an object", RunSettings::NAMES);
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
}

/// How many transactions an entry stands for, before it is checked.
fn repeat(node: Node<'_>) -> u64 {
    match node.get("repeat").map(Node::value) {
        // More digits than fit are more than any limit.
        Some(Value::Number(digits)) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            digits.parse().unwrap_or(u64::MAX)
        }
        _ => 1,
    }
}

/// Whether a document's format is `name` with the version that is read.
pub(crate) fn known_format(
    d: &mut Decoder<'_>,
    node: Node<'_>,
    root: &Path<'_>,
    name: &str,
    version_read: u32,
) -> bool {
    let path = root.field("format");
    let expected = format!("\"{name}{version_read}\"");
    let Some(format) = node.get("format") else {
        d.missing(node, root, "format");
        if let Some(problem) = d.problems.last_mut() {
            problem.expected = format!("\"format\": {expected}");
        }
        return false;
    };
    let version = match format.value() {
        Value::Text(text) => text.strip_prefix(name).and_then(|v| v.parse::<u32>().ok()),
        _ => None,
    };
    match version {
        Some(found) if found == version_read => true,
        Some(newer) if newer > version_read => {
            let expected = format!("a document of version {version_read} or earlier");
            d.problem(
                format.at(),
                &path,
                expected,
                format!("version {newer}: it was made by a newer version of EVM Lanes"),
            );
            false
        }
        _ => {
            d.wrong(format, &path, expected);
            false
        }
    }
}

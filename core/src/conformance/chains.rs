//! Blockchain tests: blocks on a genesis state, valid ones and ones that must be refused.
//!
//! The engine runs a block's transactions and the calls before them. This module does the rest of a block (rewards,
//! withdrawals, calls after the transactions), so that every header's state root can be compared and the next block
//! has its pre-state.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bloom, Bytes, U256, address, keccak256, map::B256Map};
use alloy_rlp::{Decodable, Header as Rlp};
use serde::Deserialize;

use super::{
    Outcome, Ways, add_to_digest,
    forms::{self, Config, StateForm},
    run_every_way,
};
use crate::{
    evm,
    prepare::{
        BlockEnvironment, Fork, Origin, PreparedBlock, State, SystemCall, Transaction, decode_raw,
        system_calls,
    },
    run::Receipt,
    verify,
};

pub(super) struct File {
    tests: Vec<(String, Chain)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chain {
    network: String,
    pre: StateForm,
    post_state: Option<StateForm>,
    post_state_hash: Option<B256>,
    lastblockhash: B256,
    #[serde(rename = "genesisRLP")]
    genesis: Bytes,
    blocks: Vec<BlockForm>,
    #[serde(default)]
    config: Config,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BlockForm {
    rlp: Bytes,
    expect_exception: Option<String>,
}

impl File {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let tests: BTreeMap<String, Chain> = forms::read(text)?;
        Ok(Self { tests: tests.into_iter().collect() })
    }

    pub(super) fn len(&self) -> usize {
        self.tests.len()
    }

    pub(super) fn name(&self, test: usize) -> String {
        self.tests[test].0.clone()
    }

    pub(super) fn run(&self, test: usize, ways: Ways<'_>) -> Outcome {
        let (name, chain) = &self.tests[test];
        let mut outcome = Outcome { name: name.clone(), ..Outcome::default() };
        match Rules::of(&chain.network) {
            Some(rules) => outcome.problem = chain.check(&rules, ways, &mut outcome).err(),
            None => outcome.skipped.push(format!("the engine has no rules for {}", chain.network)),
        }
        outcome
    }
}

/// An accepted block, as the parent of others.
struct Accepted {
    number: u64,
    parent: B256,
    state: State,
}

impl Chain {
    fn check(&self, rules: &Rules, ways: Ways<'_>, outcome: &mut Outcome) -> Result<(), String> {
        let genesis = Block::decode(&self.genesis).map_err(|error| format!("genesis: {error}"))?;
        let state = forms::state(&self.pre)?;
        forms::equal("genesis: state root", verify::state_root(&state), genesis.header.state_root)?;
        let parent = genesis.header.parent;
        let mut accepted = B256Map::default();
        accepted.insert(genesis.hash, Accepted { number: genesis.header.number, parent, state });
        for (i, form) in self.blocks.iter().enumerate() {
            self.block(form, rules, ways, &mut accepted, outcome)
                .map_err(|problem| format!("block {i}: {problem}"))?;
        }

        let last = accepted.get(&self.lastblockhash).ok_or("the last block was not accepted")?;
        if let Some(expected) = &self.post_state {
            let expected = forms::state(expected)?;
            if let Some(difference) = verify::difference((&[], &last.state), (&[], &expected)) {
                return Err(format!("post-state: {difference}"));
            }
        }
        match self.post_state_hash {
            Some(expected) => forms::equal("post-state root", verify::state_root(&last.state), expected),
            None => Ok(()),
        }
    }

    fn block(
        &self,
        form: &BlockForm,
        rules: &Rules,
        ways: Ways<'_>,
        accepted: &mut B256Map<Accepted>,
        outcome: &mut Outcome,
    ) -> Result<(), String> {
        let exception = form.expect_exception.as_deref();
        if let Some(exception) = exception
            && !exception.contains("TransactionException.")
        {
            // A client checks headers and ommers; the engine gets transactions only.
            outcome
                .skipped
                .push(format!("blocks that must be refused for their header or ommers ({exception})"));
            return Ok(());
        }
        let block = match (Block::decode(&form.rlp), exception) {
            (Ok(block), _) => block,
            (Err(_), Some(_)) => {
                outcome.counts.refusals += 1;
                return Ok(());
            }
            (Err(error), None) => return Err(error.to_string()),
        };
        let parent = accepted.get(&block.header.parent).ok_or("its parent was not accepted")?;
        let prepared = self.prepare(&block, parent, rules, accepted)?;
        let (receipts, mut state) = run_every_way(&prepared, ways, &mut outcome.counts)?;
        match (forms::refusal(&receipts), exception) {
            (Some(reason), Some(exception)) if forms::is_refusal_for(exception, reason) => {
                add_to_digest(&mut outcome.digest, &receipts, B256::ZERO);
                outcome.counts.refusals += 1;
                return Ok(());
            }
            (Some(reason), Some(exception)) => {
                return Err(format!("refused because of \"{reason}\", expected {exception}"));
            }
            (Some(reason), None) => return Err(format!("refused because of \"{reason}\"")),
            (None, Some(exception)) => return Err(format!("not refused, expected {exception}")),
            (None, None) => {}
        }
        block.end(&prepared.env, &mut state);
        add_to_digest(&mut outcome.digest, &receipts, verify::state_root(&state));
        block.header.compare(prepared.env.fork, &receipts, &state)?;
        let (number, parent) = (block.header.number, block.header.parent);
        accepted.insert(block.hash, Accepted { number, parent, state });
        Ok(())
    }

    fn prepare(
        &self,
        block: &Block,
        parent: &Accepted,
        rules: &Rules,
        accepted: &B256Map<Accepted>,
    ) -> Result<PreparedBlock, String> {
        let header = &block.header;
        let name = rules.at(header.number, header.timestamp);
        let fork = forms::fork(name).ok_or("unknown fork")?;
        let mut block_hashes = BTreeMap::new();
        let mut hash = header.parent;
        while let Some(ancestor) = accepted.get(&hash)
            && block_hashes.len() < 256
        {
            block_hashes.insert(ancestor.number, hash);
            hash = ancestor.parent;
        }
        let env = BlockEnvironment {
            chain_id: self.config.chain_id()?,
            fork,
            number: header.number,
            timestamp: header.timestamp,
            gas_limit: header.gas_limit,
            base_fee: header.base_fee,
            beneficiary: header.beneficiary,
            difficulty: header.difficulty,
            prev_randao: Some(header.mix_hash),
            excess_blob_gas: header.excess_blob_gas,
            blob_base_fee_update_fraction: self.config.fraction(name)?,
            block_hashes,
            system_calls: system_calls(fork, header.parent_beacon_block_root, Some(header.parent)),
        };
        Ok(PreparedBlock {
            env,
            pre_state: parent.state.clone(),
            labels: vec!["test".into(); block.transactions.len()],
            transactions: block.transactions.clone(),
            origin: Origin::Scenario,
        })
    }
}

/// The rules of a network: one fork, or two and the number or time at which the second begins.
struct Rules {
    before: String,
    then: Option<(Start, String)>,
}

enum Start {
    Number(u64),
    Time(u64),
}

impl Rules {
    /// For names such as `Cancun`, `BerlinToLondonAt5` and `PragueToOsakaAtTime15k`; `None` for an unknown fork.
    fn of(network: &str) -> Option<Self> {
        let rules = match network.split_once("At") {
            None => Self { before: network.to_owned(), then: None },
            Some((forks, start)) => {
                let (before, after) = forks.split_once("To")?;
                let start = match start.strip_prefix("Time") {
                    Some(time) => {
                        Start::Time(time.strip_suffix('k')?.parse::<u64>().ok()?.checked_mul(1000)?)
                    }
                    None => Start::Number(start.parse().ok()?),
                };
                Self { before: before.to_owned(), then: Some((start, after.to_owned())) }
            }
        };
        let known = std::iter::once(&rules.before).chain(rules.then.iter().map(|(_, fork)| fork));
        known.into_iter().all(|fork| forms::fork(fork).is_some()).then_some(rules)
    }

    fn at(&self, number: u64, timestamp: u64) -> &str {
        match &self.then {
            Some((Start::Number(start), fork)) if number >= *start => fork,
            Some((Start::Time(start), fork)) if timestamp >= *start => fork,
            _ => &self.before,
        }
    }
}

/// A block as it is encoded: `rlp([header, transactions, ommers, withdrawals])`.
struct Block {
    hash: B256,
    header: Header,
    transactions: Vec<Transaction>,
    /// Number and beneficiary of each ommer.
    ommers: Vec<(u64, Address)>,
    /// Address and amount in gwei of each withdrawal (EIP-4895).
    withdrawals: Vec<(Address, u64)>,
}

/// The fields of a header that execution needs or is compared with.
struct Header {
    parent: B256,
    beneficiary: Address,
    state_root: B256,
    receipts_root: B256,
    logs_bloom: Bloom,
    difficulty: U256,
    number: u64,
    gas_limit: u64,
    gas_used: u64,
    timestamp: u64,
    mix_hash: B256,
    base_fee: u64,
    excess_blob_gas: Option<u64>,
    parent_beacon_block_root: Option<B256>,
}

#[derive(Debug, thiserror::Error)]
enum BlockError {
    #[error("no RLP of a block ({0})")]
    Rlp(alloy_rlp::Error),
    #[error("transaction {index}: {error}")]
    Transaction { index: usize, error: crate::prepare::RawError },
}

impl From<alloy_rlp::Error> for BlockError {
    fn from(error: alloy_rlp::Error) -> Self {
        Self::Rlp(error)
    }
}

impl Block {
    fn decode(mut bytes: &[u8]) -> Result<Self, BlockError> {
        let mut rest = Rlp::decode_bytes(&mut bytes, true)?;
        let before = rest;
        let header = Header::decode(&mut rest)?;
        let hash = keccak256(&before[..before.len() - rest.len()]);

        let mut items = Rlp::decode_bytes(&mut rest, true)?;
        let mut transactions = Vec::new();
        while !items.is_empty() {
            // A typed transaction is a string, an untyped one a list.
            let before = items;
            let item = Rlp::decode(&mut items)?;
            let payload = items.get(..item.payload_length).ok_or(alloy_rlp::Error::InputTooShort)?;
            items = &items[item.payload_length..];
            let whole = &before[..before.len() - items.len()];
            let raw = if item.list { whole } else { payload };
            let index = transactions.len();
            transactions.push(decode_raw(raw).map_err(|error| BlockError::Transaction { index, error })?);
        }

        let mut items = Rlp::decode_bytes(&mut rest, true)?;
        let mut ommers = Vec::new();
        while !items.is_empty() {
            let ommer = Header::decode(&mut items)?;
            ommers.push((ommer.number, ommer.beneficiary));
        }

        let mut withdrawals = Vec::new();
        if !rest.is_empty() {
            let mut items = Rlp::decode_bytes(&mut rest, true)?;
            while !items.is_empty() {
                let mut item = Rlp::decode_bytes(&mut items, true)?;
                let (_index, _validator) = (u64::decode(&mut item)?, u64::decode(&mut item)?);
                withdrawals.push((Address::decode(&mut item)?, u64::decode(&mut item)?));
            }
        }
        Ok(Self { hash, header, transactions, ommers, withdrawals })
    }

    /// Applies what a block does after its transactions.
    fn end(&self, env: &BlockEnvironment, state: &mut State) {
        for (address, gwei) in &self.withdrawals {
            add(state, *address, U256::from(*gwei) * U256::from(1_000_000_000));
        }
        if let Some(reward) = reward(env.fork) {
            let share = reward / U256::from(32);
            add(state, env.beneficiary, reward + share * U256::from(self.ommers.len()));
            for (number, beneficiary) in &self.ommers {
                let eighths = (number + 8).saturating_sub(env.number);
                add(state, *beneficiary, reward * U256::from(eighths) / U256::from(8));
            }
        }
        if env.fork >= Fork::Prague {
            // The calls of EIP-7002 and EIP-7251, made like the calls before a block.
            let calls = [WITHDRAWAL_REQUESTS, CONSOLIDATION_REQUESTS];
            let calls = calls.map(|to| SystemCall { to, input: Bytes::new() });
            let after = PreparedBlock {
                env: BlockEnvironment { system_calls: calls.to_vec(), ..env.clone() },
                pre_state: std::mem::take(state),
                transactions: Vec::new(),
                labels: Vec::new(),
                origin: Origin::Scenario,
            };
            *state = evm::execute_block(&after).1;
        }
    }
}

const WITHDRAWAL_REQUESTS: Address = address!("00000961Ef480Eb55e80D19ad83579A64c007002");
const CONSOLIDATION_REQUESTS: Address = address!("0000BBdDc7CE488642fb579F8B00f3a590007251");

/// The reward of a block, in wei (Yellow Paper §11.3, EIP-649, EIP-1234); none from Paris on.
fn reward(fork: Fork) -> Option<U256> {
    let ether = match fork {
        fork if fork >= Fork::Paris => return None,
        fork if fork >= Fork::Petersburg => 2_u64,
        Fork::Byzantium => 3,
        _ => 5,
    };
    Some(U256::from(ether) * U256::from(10_u64.pow(18)))
}

/// Adds to a balance. Adding 0 must not create an account (EIP-161).
fn add(state: &mut State, address: Address, wei: U256) {
    if !wei.is_zero() {
        state.accounts.entry(address).or_default().balance += wei;
    }
}

impl Header {
    fn decode(bytes: &mut &[u8]) -> Result<Self, alloy_rlp::Error> {
        let mut rest = Rlp::decode_bytes(bytes, true)?;
        let rest = &mut rest;
        let parent = B256::decode(rest)?;
        let _ommers_hash = B256::decode(rest)?;
        let beneficiary = Address::decode(rest)?;
        let state_root = B256::decode(rest)?;
        let _transactions_root = B256::decode(rest)?;
        let receipts_root = B256::decode(rest)?;
        let logs_bloom = Bloom::decode(rest)?;
        let difficulty = U256::decode(rest)?;
        let number = u64::decode(rest)?;
        let gas_limit = u64::decode(rest)?;
        let gas_used = u64::decode(rest)?;
        let timestamp = u64::decode(rest)?;
        let _extra = Bytes::decode(rest)?;
        let mix_hash = B256::decode(rest)?;
        let _nonce = Bytes::decode(rest)?;
        // Each of the following fields came with a fork, and is present only with all before it.
        let base_fee = if rest.is_empty() { 0 } else { u64::decode(rest)? };
        let _withdrawals_root = optional::<B256>(rest)?;
        let _blob_gas_used = optional::<u64>(rest)?;
        let excess_blob_gas = optional(rest)?;
        let parent_beacon_block_root = optional(rest)?;
        Ok(Self {
            parent,
            beneficiary,
            state_root,
            receipts_root,
            logs_bloom,
            difficulty,
            number,
            gas_limit,
            gas_used,
            timestamp,
            mix_hash,
            base_fee,
            excess_blob_gas,
            parent_beacon_block_root,
        })
    }

    fn compare(&self, fork: Fork, receipts: &[Receipt], state: &State) -> Result<(), String> {
        let gas_used = receipts.last().map_or(0, |receipt| receipt.cumulative_gas_used);
        if gas_used != self.gas_used {
            return Err(format!("gas used {gas_used}, header {}", self.gas_used));
        }
        if verify::logs_bloom(receipts) != self.logs_bloom {
            return Err("another logs bloom than the header's".into());
        }
        // Before Byzantium a receipt holds the state root after its transaction.
        if fork >= Fork::Byzantium {
            forms::equal("receipts root", verify::receipts_root(receipts), self.receipts_root)?;
        }
        forms::equal("state root", verify::state_root(state), self.state_root)
    }
}

fn optional<T: Decodable>(rest: &mut &[u8]) -> Result<Option<T>, alloy_rlp::Error> {
    if rest.is_empty() { Ok(None) } else { T::decode(rest).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_says_when_its_second_fork_begins() {
        let at = |network: &str, number, time| Rules::of(network).map(|r| r.at(number, time).to_owned());
        assert_eq!(at("Cancun", 1, 1).as_deref(), Some("Cancun"));
        assert_eq!(at("BerlinToLondonAt5", 4, 0).as_deref(), Some("Berlin"));
        assert_eq!(at("BerlinToLondonAt5", 5, 0).as_deref(), Some("London"));
        assert_eq!(at("PragueToOsakaAtTime15k", 9, 14_999).as_deref(), Some("Prague"));
        assert_eq!(at("PragueToOsakaAtTime15k", 9, 15_000).as_deref(), Some("Osaka"));
        assert_eq!(at("Amsterdam", 1, 1), None);
        assert_eq!(at("OsakaToAmsterdamAtTime15k", 1, 1), None);
    }
}

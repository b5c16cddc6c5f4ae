//! Real blocks: the format `evm-block-case/1`.
//!
//! One JSON document holds a block of a chain, with everything that its execution needs and the results that
//! it must have. Quantities are `0x` hex. An account that `preState` does not list does not exist; a slot
//! that it does not list is zero. Members that this module does not use (signatures, withdrawals, ommers,
//! checks of the converter) are skipped.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Bloom, Bytes, LogData, U64, U256, address, keccak256};
use serde::Deserialize;

use crate::block::run::{Expected, Log, Receipt, Status};
use crate::block::{
    Account, Authorization, BlockEnvironment, Fork, Narrowing, Origin, PreparedBlock, State, SystemCall,
    Transaction,
};
use document::problem::{Position, Problem, counted};

/// The format's name in a document.
pub use document::sniff::CASE_FORMAT as FORMAT;

/// Reads a block case.
///
/// # Errors
/// One problem with its place if the text is not such a document; all problems if the document's parts do not
/// fit together.
pub fn parse(text: &str) -> Result<PreparedBlock, Vec<Problem>> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let document: Document =
        serde_path_to_error::deserialize(&mut reader).map_err(|e| vec![problem_of(&e)])?;
    reader.end().map_err(|e| vec![unreadable(String::new(), &e)])?;

    let mut problems = Vec::new();
    if document.format != FORMAT {
        problems.push(Problem::new("format", format!("\"{FORMAT}\""), format!("\"{}\"", document.format)));
    }
    for (hash, code) in &document.codes {
        let found = keccak256(code);
        if found != *hash {
            let path = format!("codes.{hash}");
            problems.push(Problem::new(path, "code with that keccak-256", format!("one with {found}")));
        }
    }
    let receipts = document.expected.receipts.len();
    if receipts != document.transactions.len() {
        let expected = format!("{}, one per transaction", counted(document.transactions.len(), "receipt"));
        problems.push(Problem::new("expected.receipts", expected, receipts.to_string()));
    }
    for (i, tx) in document.transactions.iter().enumerate() {
        if tx.gas_price.is_none() && tx.max_fee_per_gas.is_none() {
            let path = format!("transactions[{i}]");
            problems.push(Problem::new(path, "gasPrice or maxFeePerGas", "neither"));
        }
        if tx.kind > U64::from(4) {
            let path = format!("transactions[{i}].type");
            problems.push(Problem::new(path, "a type from 0x0 to 0x4", tx.kind.to_string()));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(document.into_block())
}

fn problem_of(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let path = match error.path().to_string() {
        root if root == "." => String::new(),
        path => path,
    };
    unreadable(path, error.inner())
}

fn unreadable(path: String, error: &serde_json::Error) -> Problem {
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = error.to_string();
    let found = text.strip_suffix(&place).unwrap_or(&text).to_owned();
    let mut problem = Problem::new(path, format!("a member of {FORMAT}"), found);
    problem.position = Some(Position { line: error.line() as u32, column: error.column() as u32 });
    problem
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    format: String,
    chain_id: U64,
    fork: Fork_,
    blob_base_fee_update_fraction: Option<U64>,
    header: Header,
    transactions: Vec<Tx>,
    pre_state: BTreeMap<Address, PreAccount>,
    codes: BTreeMap<B256, Bytes>,
    #[serde(default)]
    block_hashes: BTreeMap<U64, B256>,
    expected: ExpectedDocument,
    #[serde(default)]
    checks: Checks,
}

/// [`Fork`] by the names of this format, which are capitalised.
#[derive(Deserialize)]
enum Fork_ {
    Frontier,
    Homestead,
    TangerineWhistle,
    SpuriousDragon,
    Byzantium,
    Petersburg,
    Istanbul,
    Berlin,
    London,
    Paris,
    Shanghai,
    Cancun,
    Prague,
    Osaka,
}

impl From<Fork_> for Fork {
    fn from(fork: Fork_) -> Self {
        match fork {
            Fork_::Frontier => Self::Frontier,
            Fork_::Homestead => Self::Homestead,
            Fork_::TangerineWhistle => Self::TangerineWhistle,
            Fork_::SpuriousDragon => Self::SpuriousDragon,
            Fork_::Byzantium => Self::Byzantium,
            Fork_::Petersburg => Self::Petersburg,
            Fork_::Istanbul => Self::Istanbul,
            Fork_::Berlin => Self::Berlin,
            Fork_::London => Self::London,
            Fork_::Paris => Self::Paris,
            Fork_::Shanghai => Self::Shanghai,
            Fork_::Cancun => Self::Cancun,
            Fork_::Prague => Self::Prague,
            Fork_::Osaka => Self::Osaka,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    hash: Option<B256>,
    number: U64,
    miner: Address,
    timestamp: U64,
    gas_limit: U64,
    base_fee_per_gas: Option<U64>,
    #[serde(default)]
    difficulty: U256,
    mix_hash: Option<B256>,
    excess_blob_gas: Option<U64>,
    parent_hash: Option<B256>,
    parent_beacon_block_root: Option<B256>,
    receipts_root: Option<B256>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tx {
    #[serde(rename = "type", default)]
    kind: U64,
    from: Address,
    to: Option<Address>,
    // Wider than any value that can be included, so that such a transaction is read and then refused.
    nonce: U256,
    value: U256,
    input: Bytes,
    gas: U256,
    chain_id: Option<U256>,
    gas_price: Option<U256>,
    max_fee_per_gas: Option<U256>,
    max_priority_fee_per_gas: Option<U256>,
    max_fee_per_blob_gas: Option<U256>,
    #[serde(default)]
    access_list: Vec<AccessItem>,
    #[serde(default)]
    blob_versioned_hashes: Vec<B256>,
    #[serde(default)]
    authorization_list: Vec<Auth>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccessItem {
    address: Address,
    storage_keys: Vec<B256>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Auth {
    chain_id: U256,
    address: Address,
    nonce: U64,
    y_parity: U64,
    r: U256,
    s: U256,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PreAccount {
    balance: U256,
    nonce: U64,
    code_hash: Option<B256>,
    #[serde(default)]
    storage: BTreeMap<U256, U256>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExpectedDocument {
    gas_used: U64,
    logs_bloom: Bloom,
    receipts: Vec<ReceiptDocument>,
    post_state: BTreeMap<Address, Option<PostAccount>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReceiptDocument {
    #[serde(rename = "type", default)]
    kind: U64,
    status: U64,
    gas_used: U64,
    cumulative_gas_used: U64,
    logs: Vec<LogDocument>,
    contract_address: Option<Address>,
}

#[derive(Deserialize)]
struct LogDocument {
    address: Address,
    topics: Vec<B256>,
    data: Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostAccount {
    balance: Option<U256>,
    nonce: Option<U64>,
    code_hash: Option<B256>,
    #[serde(default)]
    storage: BTreeMap<U256, U256>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Checks {
    gas_used: bool,
    logs_bloom: bool,
    receipts_root: bool,
}

impl Document {
    fn into_block(self) -> PreparedBlock {
        let fork = Fork::from(self.fork);
        let pre_state = State {
            accounts: self
                .pre_state
                .into_iter()
                .map(|(address, account)| {
                    let account = Account {
                        balance: account.balance,
                        nonce: account.nonce.to(),
                        code_hash: account.code_hash,
                        storage: account.storage.into_iter().filter(|(_, v)| !v.is_zero()).collect(),
                    };
                    (address, account)
                })
                .collect(),
            codes: self.codes.into_iter().collect(),
        };
        let transactions: Vec<Transaction> =
            self.transactions.into_iter().map(Tx::into_transaction).collect();
        let labels = transactions.iter().map(label).collect();
        let expected = Expected {
            block_hash: self.header.hash,
            gas_used: self.expected.gas_used.to(),
            logs_bloom: self.expected.logs_bloom,
            receipts_root: self.header.receipts_root.filter(|_| self.checks.receipts_root),
            header_known: self.checks.gas_used && self.checks.logs_bloom,
            receipts: self.expected.receipts.into_iter().map(ReceiptDocument::into_receipt).collect(),
            post_state: post_state(&pre_state, self.expected.post_state),
        };
        let env = BlockEnvironment {
            chain_id: self.chain_id.to(),
            fork,
            number: self.header.number.to(),
            timestamp: self.header.timestamp.to(),
            gas_limit: self.header.gas_limit.to(),
            base_fee: self.header.base_fee_per_gas.unwrap_or_default().to(),
            beneficiary: self.header.miner,
            difficulty: self.header.difficulty,
            prev_randao: self.header.mix_hash.filter(|_| fork >= Fork::Paris),
            excess_blob_gas: self.header.excess_blob_gas.map(|gas| gas.to()),
            blob_base_fee_update_fraction: self.blob_base_fee_update_fraction.map(|f| f.to()),
            block_hashes: self.block_hashes.into_iter().map(|(number, hash)| (number.to(), hash)).collect(),
            system_calls: system_calls(fork, self.header.parent_beacon_block_root, self.header.parent_hash),
        };
        PreparedBlock { env, pre_state, transactions, labels, origin: Origin::Case(Box::new(expected)) }
    }
}

/// The contract of EIP-4788, which keeps the beacon chain's roots.
const BEACON_ROOTS: Address = address!("000F3df6D732807Ef1319fB7B8bB8522d0Beac02");
/// The contract of EIP-2935, which keeps the chain's own block hashes.
const HISTORY: Address = address!("0000F90827F1C53a10cb7A02335B175320002935");

/// The calls before a block's transactions.
pub fn system_calls(fork: Fork, beacon_root: Option<B256>, parent: Option<B256>) -> Vec<SystemCall> {
    let mut calls = Vec::new();
    if let Some(root) = beacon_root.filter(|_| fork >= Fork::Cancun) {
        calls.push(SystemCall { to: BEACON_ROOTS, input: root.0.into() });
    }
    if let Some(parent) = parent.filter(|_| fork >= Fork::Prague) {
        calls.push(SystemCall { to: HISTORY, input: parent.0.into() });
    }
    calls
}

fn post_state(pre: &State, changes: BTreeMap<Address, Option<PostAccount>>) -> State {
    let mut post = pre.clone();
    for (address, change) in changes {
        let Some(change) = change else {
            post.accounts.remove(&address);
            continue;
        };
        let account = post.accounts.entry(address).or_default();
        if let Some(balance) = change.balance {
            account.balance = balance;
        }
        if let Some(nonce) = change.nonce {
            account.nonce = nonce.to();
        }
        if let Some(hash) = change.code_hash {
            // A delegation that was withdrawn (EIP-7702) leaves the hash of no code.
            account.code_hash = (hash != alloy_primitives::KECCAK256_EMPTY).then_some(hash);
        }
        for (slot, value) in change.storage {
            if value.is_zero() {
                account.storage.remove(&slot);
            } else {
                account.storage.insert(slot, value);
            }
        }
    }
    post
}

impl Tx {
    fn into_transaction(self) -> Transaction {
        let mut narrow = Narrowing::default();
        let most = self.max_fee_per_gas.or(self.gas_price).unwrap_or_default();
        let (max_fee_per_gas, max_priority_fee_per_gas) = narrow.fees(most, self.max_priority_fee_per_gas);
        let max_fee_per_blob_gas = narrow.blob_fee(self.max_fee_per_blob_gas.unwrap_or_default());
        let gas_limit = narrow.gas_limit(self.gas);
        let chain_id = self.chain_id.map(|id| narrow.chain_id(id));
        Transaction {
            oversized: narrow.oversized,
            from: self.from,
            to: self.to,
            value: self.value,
            input: self.input,
            gas_limit,
            nonce: Narrowing::nonce(self.nonce),
            chain_id,
            kind: self.kind.to(),
            max_fee_per_gas,
            max_priority_fee_per_gas,
            access_list: self.access_list.into_iter().map(|item| (item.address, item.storage_keys)).collect(),
            blob_hashes: self.blob_versioned_hashes,
            max_fee_per_blob_gas,
            authorizations: self
                .authorization_list
                .into_iter()
                .map(|a| Authorization {
                    chain_id: a.chain_id,
                    address: a.address,
                    nonce: a.nonce.to(),
                    y_parity: a.y_parity.to::<u64>().min(u64::from(u8::MAX)) as u8,
                    r: a.r,
                    s: a.s,
                })
                .collect(),
        }
    }
}

impl ReceiptDocument {
    fn into_receipt(self) -> Receipt {
        Receipt {
            kind: self.kind.to::<u64>().min(u64::from(u8::MAX)) as u8,
            status: match (self.status.is_zero(), self.gas_used.is_zero()) {
                // Every included transaction uses gas.
                (true, true) => Status::Invalid(String::new()),
                (true, false) => Status::Revert,
                (false, _) => Status::Success,
            },
            gas_used: self.gas_used.to(),
            cumulative_gas_used: self.cumulative_gas_used.to(),
            logs: self
                .logs
                .into_iter()
                .map(|log| Log { address: log.address, data: LogData::new_unchecked(log.topics, log.data) })
                .collect(),
            output: Bytes::new(),
            contract_address: self.contract_address,
        }
    }
}

/// What a transaction is, for colouring: by the selector where it is a well-known one.
fn label(tx: &Transaction) -> String {
    if tx.to.is_none() {
        return "create".into();
    }
    if tx.input.is_empty() {
        // A payment to a contract without data runs its receive function: only 21,000 gas is
        // certain to be a plain one.
        return if tx.gas_limit == 21_000 || tx.kind == 0 { "transfer" } else { "call" }.into();
    }
    let name = tx.input.get(..4).and_then(|selector| {
        SELECTORS.iter().find(|(known, _)| known[..] == *selector).map(|(_, name)| *name)
    });
    name.unwrap_or("call").into()
}

/// Selectors of functions that fill real blocks, with the label they get.
const SELECTORS: &[([u8; 4], &str)] = &[
    ([0xa9, 0x05, 0x9c, 0xbb], "token transfer"), // transfer(address,uint256)
    ([0x23, 0xb8, 0x72, 0xdd], "token transfer"), // transferFrom(address,address,uint256)
    ([0x42, 0x84, 0x2e, 0x0e], "NFT transfer"),   // safeTransferFrom(address,address,uint256)
    ([0xb8, 0x8d, 0x4f, 0xde], "NFT transfer"),   // safeTransferFrom(address,address,uint256,bytes)
    ([0xf2, 0x42, 0x43, 0x2a], "NFT transfer"),   // safeTransferFrom(address,address,uint256,uint256,bytes)
    ([0x09, 0x5e, 0xa7, 0xb3], "approve"),        // approve(address,uint256)
    ([0xa2, 0x2c, 0xb4, 0x65], "approve"),        // setApprovalForAll(address,bool)
    ([0xd0, 0xe3, 0x0d, 0xb0], "deposit"),        // deposit()
    ([0x2e, 0x1a, 0x7d, 0x4d], "withdraw"),       // withdraw(uint256)
    ([0x38, 0xed, 0x17, 0x39], "swap"),           // swapExactTokensForTokens
    ([0x18, 0xcb, 0xaf, 0xe5], "swap"),           // swapExactTokensForETH
    ([0x7f, 0xf3, 0x6a, 0xb5], "swap"),           // swapExactETHForTokens
    ([0xfb, 0x3b, 0xdb, 0x41], "swap"),           // swapETHForExactTokens
    ([0x88, 0x03, 0xdb, 0xee], "swap"),           // swapTokensForExactTokens
    ([0x4a, 0x25, 0xd9, 0x4a], "swap"),           // swapTokensForExactETH
    ([0x79, 0x1a, 0xc9, 0x47], "swap"),           // swapExactTokensForETHSupportingFeeOnTransferTokens
    ([0xb6, 0xf9, 0xde, 0x95], "swap"),           // swapExactETHForTokensSupportingFeeOnTransferTokens
    ([0x5c, 0x11, 0xd7, 0x95], "swap"),           // swapExactTokensForTokensSupportingFeeOnTransferTokens
    ([0x02, 0x2c, 0x0d, 0x9f], "swap"),           // swap(uint256,uint256,address,bytes)
    ([0x41, 0x4b, 0xf3, 0x89], "swap"),           // exactInputSingle
    ([0xc0, 0x4b, 0x8d, 0x59], "swap"),           // exactInput
    ([0x35, 0x93, 0x56, 0x4c], "swap"),           // execute(bytes,bytes[],uint256): Universal Router
    ([0x24, 0x85, 0x6b, 0xc3], "swap"),           // execute(bytes,bytes[])
    ([0x12, 0xaa, 0x3c, 0xaf], "swap"),           // swap of 1inch
    ([0xac, 0x96, 0x50, 0xd8], "multicall"),      // multicall(bytes[])
    ([0x5a, 0xe4, 0x01, 0xdc], "multicall"),      // multicall(uint256,bytes[])
    ([0x6a, 0x76, 0x12, 0x02], "multisig"),       // execTransaction: Safe
    ([0x40, 0xc1, 0x0f, 0x19], "mint"),           // mint(address,uint256)
    ([0xa0, 0x71, 0x2d, 0x68], "mint"),           // mint(uint256)
    ([0x12, 0x49, 0xc5, 0x8b], "mint"),           // mint()
    ([0xab, 0x83, 0x4b, 0xab], "NFT trade"),      // atomicMatch_: OpenSea Wyvern
    ([0xfb, 0x0f, 0x3e, 0xe1], "NFT trade"),      // fulfillBasicOrder: Seaport
    ([0x4e, 0x71, 0xd9, 0x2d], "claim"),          // claim()
];

#[cfg(test)]
mod tests {
    use super::*;

    fn minimal() -> serde_json::Value {
        serde_json::json!({
            "format": FORMAT, "chainId": "0x1", "fork": "Byzantium",
            "header": { "number": "0x5", "miner": Address::ZERO, "timestamp": "0x1", "gasLimit": "0x5208" },
            "transactions": [ { "type": "0x0", "from": Address::ZERO, "to": Address::repeat_byte(1),
                "nonce": "0x0", "value": "0x7", "input": "0x", "gas": "0x5208", "gasPrice": "0x0" } ],
            "preState": {}, "codes": {},
            "expected": { "gasUsed": "0x5208", "logsBloom": Bloom::ZERO, "postState": {},
                "receipts": [ { "status": "0x1", "gasUsed": "0x5208", "cumulativeGasUsed": "0x5208", "logs": [] } ] },
        })
    }

    fn check_problem(edit: impl FnOnce(&mut serde_json::Value), path: &str, words: &str) {
        let mut document = minimal();
        edit(&mut document);
        let problems = parse(&document.to_string()).expect_err("the document is wrong");
        let problem = &problems[0];
        assert_eq!(problem.path, path, "{problem}");
        assert!(problem.to_string().contains(words), "{problem}");
    }

    #[test]
    fn a_minimal_case_is_read() {
        let block = parse(&minimal().to_string()).expect("the document is right");
        assert_eq!(block.env.fork, Fork::Byzantium);
        assert_eq!(block.labels, ["transfer"]);
        assert_eq!(block.transactions[0].value, U256::from(7));
    }

    #[test]
    fn mistakes_name_their_place() {
        check_problem(|d| d["format"] = "evm-block-case/2".into(), "format", "evm-block-case/1");
        check_problem(|d| d["transactions"][0]["to"] = "0x12".into(), "transactions[0].to", "length");
        check_problem(|d| d["header"]["gasLimit"] = "0x1ffffffffffffffff".into(), "header.gasLimit", "");
        check_problem(|d| d["fork"] = "Constantinople".into(), "fork", "Constantinople");
        check_problem(
            |d| d["expected"]["receipts"] = serde_json::json!([]),
            "expected.receipts",
            "1 receipt",
        );
        check_problem(
            |d| d["codes"][B256::ZERO.to_string()] = "0x00".into(),
            &format!("codes.{}", B256::ZERO),
            "keccak",
        );
    }

    #[test]
    fn text_that_is_no_json_gives_line_and_column() {
        let problems = parse("{\n  nonsense").expect_err("not JSON");
        assert_eq!(problems[0].position, Some(Position { line: 2, column: 3 }));
    }
}

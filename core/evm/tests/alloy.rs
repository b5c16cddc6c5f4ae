//! alloy's types against our own reading: of real transactions and headers, and of a chain of every fork and type.

mod support;

use std::{collections::BTreeMap, fs};

use alloy_consensus::{
    Block, Header, SignableTransaction, TxEip1559, TxEip8141, TxEnvelope, TxLegacy, transaction::Recovered,
};
use alloy_primitives::{Address, B256, Bloom, BloomInput, Bytes, Signature, U256, address, keccak256};
use alloy_rlp::{Decodable, Encodable};
use evm::{
    alloy::{self, ConversionError, FieldProblem},
    block::{Account, BlockEnvironment, Fork, PreparedBlock, State, SystemCall, Transaction},
    lanes::strategies::StrategyId,
    raw,
};
use serde_json::Value;

use support::data;

/// Every real block: the document as it is written, and as it is read.
fn cases() -> Vec<(Value, PreparedBlock)> {
    let read = |(text, block): (String, _)| (serde_json::from_str(&text).expect("JSON"), block);
    support::cases().into_iter().map(read).collect()
}

/// A member of a JSON object by its name; nothing if it is missing.
fn member<T: serde::de::DeserializeOwned>(object: &Value, name: &str) -> Option<T> {
    let value = object.get(name).filter(|value| !value.is_null())?;
    Some(serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{name}: {error}")))
}

fn quantity(object: &Value, name: &str) -> U256 {
    member(object, name).unwrap_or_else(|| panic!("{name} is missing: {object}"))
}

/// A list of RLP.
fn list(items: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let payload: Vec<u8> = items.into_iter().flatten().collect();
    let mut encoded = Vec::new();
    alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(&mut encoded);
    encoded.extend(payload);
    encoded
}

fn rlp(value: impl Encodable) -> Vec<u8> {
    alloy_rlp::encode(value)
}

/// The bytes of a signed transaction of types 0 to 3 from its members. Their hash shows that they are right.
fn raw_of(tx: &Value) -> Vec<u8> {
    let number = |name| rlp(quantity(tx, name));
    let kind: u8 = quantity(tx, "type").to();
    let to = member::<Address>(tx, "to").map_or_else(|| rlp(Bytes::new()), rlp);
    let input = || rlp(member::<Bytes>(tx, "input").expect("input"));
    let mut fields = Vec::new();
    if kind > 0 {
        fields.push(number("chainId"));
    }
    fields.push(number("nonce"));
    if kind >= 2 {
        fields.extend([number("maxPriorityFeePerGas"), number("maxFeePerGas")]);
    } else {
        fields.push(number("gasPrice"));
    }
    fields.extend([number("gas"), to, number("value"), input()]);
    if kind > 0 {
        let items: Vec<Value> = member(tx, "accessList").expect("accessList");
        fields.push(list(items.iter().map(|item| {
            let keys: Vec<B256> = member(item, "storageKeys").expect("storageKeys");
            list([rlp(member::<Address>(item, "address").expect("address")), rlp(keys)])
        })));
    }
    if kind == 3 {
        let hashes: Vec<B256> = member(tx, "blobVersionedHashes").expect("blobVersionedHashes");
        fields.extend([number("maxFeePerBlobGas"), rlp(hashes)]);
    }
    fields.push(number(if kind > 0 { "yParity" } else { "v" }));
    fields.extend([number("r"), number("s")]);
    let mut raw = if kind > 0 { vec![kind] } else { Vec::new() };
    raw.extend(list(fields));
    raw
}

/// A transaction by alloy, in the form that it has in a block: typed ones are byte strings there.
fn by_alloy(raw: &[u8]) -> Result<TxEnvelope, alloy_rlp::Error> {
    let in_block = if raw[0] < 0xc0 { rlp(Bytes::copy_from_slice(raw)) } else { raw.to_vec() };
    TxEnvelope::decode(&mut &in_block[..])
}

#[test]
fn real_transactions_are_the_same_by_alloy_and_by_our_own_reading() {
    let cases = cases();
    let (mut compared, mut unsigned) = ([0; 5], 0);
    for (document, block) in &cases {
        let documents: Vec<Value> = member(document, "transactions").expect("transactions");
        assert_eq!(documents.len(), block.transactions.len());
        for (tx, read) in documents.iter().zip(&block.transactions) {
            if tx.get("r").is_none() {
                unsigned += 1;
                continue;
            }
            let raw = raw_of(tx);
            assert_eq!(Some(keccak256(&raw)), member(tx, "hash"), "the bytes are the transaction's: {tx}");
            let ours = raw::decode(&raw);
            let envelope = by_alloy(&raw).expect("alloy reads it");
            match ours {
                Ok(ours) => {
                    let converted = Transaction::try_from(&envelope).expect("it has a counterpart");
                    assert_eq!(converted, ours, "{tx}");
                    // The record may name a chain where the signature does not.
                    assert_eq!(Transaction { chain_id: read.chain_id, ..converted }, *read, "{tx}");
                }
                // Before Homestead signatures may have the upper half of s.
                Err(error) => {
                    assert_eq!(error, raw::RawError::Signature, "{tx}");
                    let refused = Transaction::try_from(&envelope).expect_err("EIP-2");
                    assert_eq!(refused.field, "signature");
                }
            }
            compared[usize::from(read.kind)] += 1;
        }
    }
    eprintln!(
        "{} real blocks, transactions of types 0 to 4: {compared:?}; {unsigned} without a signature",
        cases.len()
    );
    if !cases.is_empty() {
        assert!(compared[..4].iter().all(|count| *count > 0), "{compared:?}");
    }
}

#[test]
fn real_headers_give_the_environment_of_the_case() {
    let cases = cases();
    for (document, block) in &cases {
        let header: Value = member(document, "header").expect("header");
        let number = |name| member::<U256>(&header, name).map(|number| number.to::<u64>());
        let since = |fork, value: B256| (block.env.fork >= fork).then_some(value);
        let converted = alloy::environment(
            &Header {
                parent_hash: member(&header, "parentHash").unwrap_or_default(),
                beneficiary: member(&header, "miner").expect("miner"),
                difficulty: member(&header, "difficulty").unwrap_or_default(),
                number: number("number").expect("number"),
                gas_limit: number("gasLimit").expect("gasLimit"),
                timestamp: number("timestamp").expect("timestamp"),
                mix_hash: member(&header, "mixHash").unwrap_or_default(),
                base_fee_per_gas: number("baseFeePerGas"),
                withdrawals_root: since(Fork::Shanghai, B256::ZERO),
                blob_gas_used: since(Fork::Cancun, B256::ZERO).map(|_| 0),
                excess_blob_gas: number("excessBlobGas"),
                // Some records leave it out.
                parent_beacon_block_root: since(
                    Fork::Cancun,
                    member(&header, "parentBeaconBlockRoot").unwrap_or_default(),
                ),
                requests_hash: since(Fork::Prague, B256::ZERO),
                ..Header::default()
            },
            block.env.chain_id,
            block.env.fork,
        );
        let mut converted = converted.expect("the header is that of a block of the fork");
        // A record has hashes of more blocks, and may lack the parent's; and it names the divisor.
        let parent = block.env.number.saturating_sub(1);
        if let Some(hash) = block.env.block_hashes.get(&parent).filter(|_| header.get("parentHash").is_some())
        {
            assert_eq!(converted.block_hashes.get(&parent), Some(hash), "{}", block.env.number);
        }
        converted.block_hashes.clone_from(&block.env.block_hashes);
        converted.blob_base_fee_update_fraction = block.env.blob_base_fee_update_fraction;
        if header.get("parentBeaconBlockRoot").is_none() && block.env.fork >= Fork::Cancun {
            converted.system_calls.remove(0);
        }
        assert_eq!(format!("{converted:?}"), format!("{:?}", block.env));
    }
    eprintln!("{} real headers", cases.len());
}

/// The rules of the chain of Ethereum's RPC tests, by number and then by time: fork, and divisor of the blob base fee.
fn rules(header: &Header) -> (Fork, Option<u64>) {
    match (header.number, header.timestamp) {
        (_, 540..) => (Fork::Osaka, Some(11_684_671)),
        (_, 510..) => (Fork::Osaka, Some(8_346_193)),
        (_, 480..) => (Fork::Osaka, None),
        (_, 450..) => (Fork::Prague, None),
        (_, 420..) => (Fork::Cancun, None),
        (_, 390..) => (Fork::Shanghai, None),
        (36.., _) => (Fork::Paris, None),
        (27.., _) => (Fork::London, None),
        (24.., _) => (Fork::Berlin, None),
        (18.., _) => (Fork::Istanbul, None),
        (15.., _) => (Fork::Petersburg, None),
        (9.., _) => (Fork::Byzantium, None),
        (6.., _) => (Fork::SpuriousDragon, None),
        (3.., _) => (Fork::TangerineWhistle, None),
        _ => (Fork::Homestead, None),
    }
}

/// The chain of Ethereum's RPC tests, block by block as alloy reads it; and the bytes of each block's transactions.
fn chain() -> Vec<(Block<TxEnvelope>, Vec<Vec<u8>>)> {
    let Some(folder) = data("formats/genesis") else { return Vec::new() };
    let bytes = fs::read(folder.join("hive-chain.rlp")).expect("a file");
    let mut rest = &bytes[..];
    let mut blocks = Vec::new();
    while !rest.is_empty() {
        let mut parts = rest;
        let mut parts = alloy_rlp::Header::decode_bytes(&mut parts, true).expect("a list");
        alloy_rlp::Header::decode_bytes(&mut parts, true).expect("a header");
        let mut items = alloy_rlp::Header::decode_bytes(&mut parts, true).expect("transactions");
        let mut raw = Vec::new();
        while !items.is_empty() {
            let whole = items;
            let header = alloy_rlp::Header::decode(&mut items).expect("an item");
            let (payload, after) = items.split_at(header.payload_length);
            items = after;
            raw.push(if header.list {
                whole[..whole.len() - after.len()].to_vec()
            } else {
                payload.to_vec()
            });
        }
        blocks.push((Block::<TxEnvelope>::decode(&mut rest).expect("a block"), raw));
    }
    assert!(!blocks.is_empty(), "the file holds no block");
    blocks
}

/// The state before the first block.
fn genesis() -> State {
    let folder = data("formats/genesis").expect("the chain lies there, too");
    let text = fs::read_to_string(folder.join("hive-genesis.json")).expect("a file");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let alloc: BTreeMap<Address, Value> = member(&document, "alloc").expect("alloc");
    let mut state = State::default();
    for (address, account) in alloc {
        let code: Bytes = member(&account, "code").unwrap_or_default();
        let code_hash = (!code.is_empty()).then(|| keccak256(&code));
        if let Some(hash) = code_hash {
            state.codes.insert(hash, code);
        }
        let storage: BTreeMap<B256, B256> = member(&account, "storage").unwrap_or_default();
        let balance = member(&account, "balance").unwrap_or_default();
        let nonce = member::<U256>(&account, "nonce").unwrap_or_default().to();
        let storage = storage.into_iter().map(|(slot, value)| (slot.into(), value.into())).collect();
        state.accounts.insert(address, Account { balance, nonce, code_hash, storage });
    }
    state
}

#[test]
fn a_chain_of_every_fork_and_type_runs_as_alloy_reads_it() {
    const CHAIN: u64 = 3_503_995_874_084_926;
    // Contracts that a block calls after its transactions, which empties their queues (EIP-7002, EIP-7251).
    const REQUESTS: [Address; 2] = [
        address!("0x00000961Ef480Eb55e80D19ad83579A64c007002"),
        address!("0x0000BBdDc7CE488642fb579F8B00f3a590007251"),
    ];
    let blocks = chain();
    let mut compared = [0; 5];
    // Calls of the block before, which the next one makes first.
    let mut queues: Vec<SystemCall> = Vec::new();
    let mut state = if blocks.is_empty() { State::default() } else { genesis() };
    for (block, raw) in &blocks {
        let (fork, fraction) = rules(&block.header);
        let number = block.header.number;
        let mut builder = alloy::block(block, CHAIN, fork).expect("the block has a counterpart");
        builder.environment().blob_base_fee_update_fraction = fraction;
        builder.environment().system_calls.splice(..0, std::mem::take(&mut queues));
        let prepared = builder.build_on(&state).expect("a state always answers");
        assert_eq!(prepared.transactions.len(), raw.len(), "block {number}");
        for (converted, raw) in prepared.transactions.iter().zip(raw) {
            assert_eq!(Ok(converted), raw::decode(raw).as_ref(), "block {number}");
            compared[usize::from(converted.kind)] += 1;
        }

        let (receipts, _) = evm::execute_block(&prepared);
        let run = evm::run_block(&prepared, StrategyId::ALL[0], 2).expect("the run ends");
        assert_eq!(run.receipts, receipts, "block {number}");
        let gas_used = receipts.last().map_or(0, |receipt| receipt.cumulative_gas_used);
        assert_eq!(gas_used, block.header.gas_used, "block {number}: {receipts:?}");
        let mut bloom = Bloom::ZERO;
        for log in receipts.iter().flat_map(|receipt| &receipt.logs) {
            bloom.accrue(BloomInput::Raw(log.address.as_slice()));
            log.data.topics().iter().for_each(|topic| bloom.accrue(BloomInput::Raw(topic.as_slice())));
        }
        assert_eq!(bloom, block.header.logs_bloom, "block {number}");

        // The next block starts from the whole state, with what a block does after its transactions. No account needs a
        // block's reward.
        (_, state) = evm::execute_block(&PreparedBlock { pre_state: state, ..prepared });
        for withdrawal in block.body.withdrawals.iter().flat_map(|list| list.iter()) {
            state.accounts.entry(withdrawal.address).or_default().balance += withdrawal.amount_wei();
        }
        if fork >= Fork::Prague {
            queues = REQUESTS.map(|to| SystemCall { to, input: Bytes::new() }).to_vec();
        }
    }
    eprintln!("a chain of {} blocks, transactions of types 0 to 4: {compared:?}", blocks.len());
    if !blocks.is_empty() {
        assert!(compared.iter().all(|count| *count > 0), "{compared:?}");
    }
}

fn header(base_fee: Option<u64>, excess_blob_gas: Option<u64>) -> Header {
    Header { number: 7, base_fee_per_gas: base_fee, excess_blob_gas, ..Header::default() }
}

fn refused(header: &Header, fork: Fork) -> String {
    alloy::environment(header, 1, fork).expect_err("the header is wrong").to_string()
}

#[test]
fn a_header_that_does_not_fit_its_fork_is_refused_by_the_name_of_the_field() {
    assert_eq!(
        refused(&header(None, None), Fork::London),
        "baseFeePerGas: missing, but blocks have it since London"
    );
    assert_eq!(
        refused(&header(Some(1), None), Fork::Berlin),
        "baseFeePerGas: present, but blocks have it only since London"
    );
    assert_eq!(
        refused(&header(Some(1), None), Fork::Cancun),
        "excessBlobGas: missing, but blocks have it since Cancun"
    );
    assert_eq!(
        refused(&header(Some(1), Some(0)), Fork::Cancun),
        "parentBeaconBlockRoot: missing, but blocks have it since Cancun"
    );
    let later = Header {
        parent_beacon_block_root: Some(B256::ZERO),
        block_access_list_hash: Some(B256::ZERO),
        ..header(Some(1), Some(0))
    };
    assert_eq!(refused(&later, Fork::Osaka), "blockAccessListHash: present, but no fork up to Osaka has it");
    let environment: BlockEnvironment =
        alloy::environment(&header(None, None), 5, Fork::Berlin).expect("right");
    assert_eq!((environment.chain_id, environment.number), (5, 7));
    assert_eq!(environment.block_hashes, BTreeMap::from([(6, B256::ZERO)]));
}

#[test]
fn a_transaction_without_a_counterpart_is_refused_by_the_name_of_the_field() {
    let frames = Recovered::new_unchecked(TxEip8141::default(), Address::ZERO);
    assert_eq!(
        Transaction::try_from(&frames),
        Err(ConversionError { transaction: None, field: "type", problem: FieldProblem::UnknownType(6) })
    );

    // r is no point's coordinate.
    let signature = Signature::new(U256::MAX, U256::ONE, false);
    let unsigned: TxEnvelope = TxLegacy::default().into_signed(signature).into();
    let good = TxEip1559::default().into_signed(Signature::test_signature()).into();
    let mut block = Block::<TxEnvelope>::default();
    block.body.transactions = vec![good, unsigned];
    let error = alloy::block(&block, 1, Fork::Berlin).expect_err("the second cannot be recovered");
    assert_eq!(error.to_string(), "transactions[1].signature: not one that an account can have made");
}

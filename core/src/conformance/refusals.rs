//! Refused transactions in every format that is read: state tests, real blocks, signed bytes and scenarios. A number that
//! is too large for any block must be read and then refused by Ethereum's rules, not fail to be read.

use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use alloy_rlp::{Encodable, Header};
use k256::ecdsa::SigningKey;
use serde_json::{Value, json};

use super::{Counts, Suite, Tests, Ways, forms, run_every_way};
use crate::{
    catalogue::Catalogue,
    drive::Threads,
    prepare::{
        self, Account, BlockEnvironment, Fork, Origin, PreparedBlock, State, Transaction, case, decode_raw,
    },
    run::Status,
    scenario,
    strategies::StrategyId,
    verify,
};

const FORKS: [(&str, Fork); 14] = [
    ("Frontier", Fork::Frontier),
    ("Homestead", Fork::Homestead),
    ("EIP150", Fork::TangerineWhistle),
    ("EIP158", Fork::SpuriousDragon),
    ("Byzantium", Fork::Byzantium),
    ("ConstantinopleFix", Fork::Petersburg),
    ("Istanbul", Fork::Istanbul),
    ("Berlin", Fork::Berlin),
    ("London", Fork::London),
    ("Paris", Fork::Paris),
    ("Shanghai", Fork::Shanghai),
    ("Cancun", Fork::Cancun),
    ("Prague", Fork::Prague),
    ("Osaka", Fork::Osaka),
];

fn ways() -> Vec<(StrategyId, u16)> {
    StrategyId::ALL.iter().map(|strategy| (*strategy, 1)).collect()
}

/// A state with a sender of this balance.
fn sender_state(balance: U256) -> State {
    let account = Account { balance, ..Account::default() };
    State { accounts: [(Address::repeat_byte(0xaa), account)].into_iter().collect(), ..State::default() }
}

/// Runs a state test of one payment, changed by `change`, on `fork`. Returns its problem, if it has one.
fn state_test(fork: &str, exception: &str, change: &dyn Fn(&mut Value)) -> Option<String> {
    let before = sender_state(U256::from(1) << 100);
    let from = Address::repeat_byte(0xaa);
    let mut document = json!({ "payment": {
        "env": { "currentCoinbase": Address::ZERO, "currentGasLimit": "0xf4240", "currentNumber": "0x1",
            "currentTimestamp": "0x1", "currentBaseFee": "0x0", "currentDifficulty": "0x0", "currentExcessBlobGas": "0x0" },
        "pre": { from.to_string(): { "balance": (U256::from(1) << 100), "nonce": "0x0", "code": "0x", "storage": {} } },
        "transaction": { "nonce": "0x0", "gasPrice": "0x1", "gasLimit": ["0x186a0"], "to": Address::repeat_byte(0xbb),
            "value": ["0x1"], "data": ["0x"], "sender": from },
        "post": { fork: [ { "hash": verify::state_root(&before), "logs": verify::logs_hash(&[]),
            "indexes": { "data": 0, "gas": 0, "value": 0 }, "expectException": exception } ] },
    } });
    change(&mut document["payment"]["transaction"]);
    let tests = Tests::read(Suite::StateTests, "", &document.to_string()).expect("a state test");
    let outcome = tests.run(0, Ways { ways: &ways(), threads: Threads::Own });
    assert_eq!((outcome.skipped.len(), outcome.counts.refusals), (0, u32::from(outcome.problem.is_none())));
    outcome.problem
}

fn set(tx: &mut Value, fields: &[(&str, Value)]) {
    for (name, value) in fields {
        tx[name] = value.clone();
    }
    if fields.iter().any(|(name, _)| name.starts_with("max")) {
        tx.as_object_mut().expect("an object").remove("gasPrice");
    }
}

fn blob() -> Value {
    let mut hash = B256::repeat_byte(7);
    hash.0[0] = 1;
    json!([hash])
}

fn authorization() -> Value {
    json!([{ "chainId": "0x0", "address": Address::ZERO, "nonce": "0x0", "v": "0x0", "r": "0x1", "s": "0x1" }])
}

#[test]
fn a_type_that_the_fork_does_not_have_yet_is_the_refusal_that_tests_expect() {
    let fees = [("maxFeePerGas", json!("0x1")), ("maxPriorityFeePerGas", json!("0x0"))];
    let blob_fee = ("maxFeePerBlobGas", json!("0x1"));
    let with = |more: &[(&'static str, Value)]| [&fees[..], more].concat();
    let kinds = [
        (1, Fork::Berlin, vec![("accessLists", json!([[]]))]),
        (2, Fork::London, fees.to_vec()),
        (3, Fork::Cancun, with(&[blob_fee.clone(), ("blobVersionedHashes", blob())])),
        (3, Fork::Cancun, with(&[blob_fee.clone(), ("blobVersionedHashes", json!([]))])),
        (3, Fork::Cancun, with(&[blob_fee.clone(), ("blobVersionedHashes", blob()), ("to", json!(""))])),
        (4, Fork::Prague, with(&[("authorizationList", authorization())])),
        (4, Fork::Prague, with(&[("authorizationList", json!([]))])),
        (4, Fork::Prague, with(&[("authorizationList", authorization()), ("to", json!(""))])),
        // Also if the transaction has another problem.
        (2, Fork::London, vec![("maxFeePerGas", json!(U256::MAX)), ("maxPriorityFeePerGas", json!("0x0"))]),
        (3, Fork::Cancun, with(&[("maxFeePerBlobGas", json!(U256::MAX)), ("blobVersionedHashes", blob())])),
    ];
    let mut checked = 0;
    for (name, fork) in FORKS {
        for (kind, since, fields) in kinds.iter().filter(|(_, since, _)| fork < *since) {
            for exception in [
                format!("TransactionException.TYPE_{kind}_TX_PRE_FORK"),
                "TransactionException.TYPE_NOT_SUPPORTED".to_owned(),
                format!("TransactionException.NONCE_IS_MAX|TransactionException.TYPE_{kind}_TX_PRE_FORK"),
            ] {
                let problem = state_test(name, &exception, &|tx| set(tx, fields));
                assert_eq!(problem, None, "type {kind} on {name}, {since:?}: {exception}");
                checked += 1;
            }
            // No other exception matches.
            let other = format!("TransactionException.TYPE_{}_TX_PRE_FORK", kind % 4 + 1);
            let problem = state_test(name, &other, &|tx| set(tx, fields));
            assert!(
                problem.is_some_and(|problem| problem.starts_with("refused because of")),
                "{name} {kind}"
            );
        }
    }
    assert_eq!(checked, 3 * (7 + 2 * 8 + 4 * 11 + 3 * 12));
}

/// 2^bits.
fn wide(bits: usize) -> Value {
    json!(U256::from(1) << bits)
}

#[test]
fn numbers_that_are_too_large_are_refused_by_the_rules_in_state_tests() {
    let fees =
        |most: Value, priority: Value| vec![("maxFeePerGas", most), ("maxPriorityFeePerGas", priority)];
    let max = || json!(U256::MAX);
    let blobs = |fee: Value| {
        [fees(json!("0x1"), json!("0x0")), vec![("maxFeePerBlobGas", fee), ("blobVersionedHashes", blob())]]
            .concat()
    };
    let funds = "INSUFFICIENT_ACCOUNT_FUNDS";
    let cases = [
        ("Frontier", funds, vec![("gasPrice", wide(128))]),
        ("Berlin", funds, vec![("gasPrice", wide(128))]),
        ("Osaka", funds, vec![("gasPrice", wide(128))]),
        ("Cancun", funds, vec![("gasPrice", max())]),
        ("Cancun", funds, vec![("gasPrice", json!(U256::from(u128::MAX)))]),
        ("Cancun", "GASLIMIT_PRICE_PRODUCT_OVERFLOW", vec![("gasPrice", wide(250))]),
        ("London", funds, fees(wide(128), json!("0x0"))),
        ("Cancun", funds, fees(max(), max())),
        ("Cancun", "PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS", fees(json!("0x1"), wide(128))),
        ("Cancun", "PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS", fees(wide(130), wide(131))),
        ("Cancun", funds, blobs(wide(128))),
        ("Cancun", funds, blobs(max())),
        ("Cancun", "GAS_ALLOWANCE_EXCEEDED", vec![("gasLimit", json!([wide(64)]))]),
        (
            "Frontier",
            "GAS_ALLOWANCE_EXCEEDED",
            vec![("gasLimit", json!([max()])), ("gasPrice", json!("0x0"))],
        ),
        ("Osaka", "GAS_LIMIT_EXCEEDS_MAXIMUM", vec![("gasLimit", json!([wide(64)]))]),
        ("Osaka", "GAS_LIMIT_EXCEEDS_MAXIMUM", vec![("gasLimit", json!(["0x1000001"]))]),
        ("Cancun", "NONCE_IS_MAX", vec![("nonce", json!("0xffffffffffffffff"))]),
        ("Frontier", "NONCE_IS_MAX", vec![("nonce", wide(64))]),
        ("Cancun", "NONCE_OVERFLOW", vec![("nonce", max())]),
        ("Cancun", funds, vec![("value", json!([max()]))]),
        (
            "Cancun",
            "RLP_INVALID_VALUE",
            vec![(
                "value",
                json!(["0x:bigint 0x10000000000000000000000000000000000000000000000000000000000000000"]),
            )],
        ),
    ];
    for (fork, exception, fields) in cases {
        let exception = format!("TransactionException.{exception}");
        assert_eq!(
            state_test(fork, &exception, &|tx| set(tx, &fields)),
            None,
            "{exception} on {fork}: {fields:?}"
        );
    }
}

/// Why the first transaction is refused, the same in every way. The second one must be included.
fn refusal(block: &PreparedBlock) -> String {
    let ways = ways();
    let ways = Ways { ways: &ways, threads: Threads::Own };
    let (receipts, _) = run_every_way(block, ways, &mut Counts::default()).expect("every way is equal");
    assert_eq!(receipts[1].status, Status::Success, "{:?}", receipts[0]);
    forms::refusal(&receipts).expect("a refusal").to_owned()
}

#[test]
fn numbers_that_are_too_large_are_refused_by_the_rules_in_real_blocks() {
    let from = Address::repeat_byte(0xaa);
    let receipt =
        |gas: &str| json!({ "status": "0x1", "gasUsed": gas, "cumulativeGasUsed": gas, "logs": [] });
    let check = |kind: &str, fields: &[(&str, Value)], words: &str| {
        let payment = json!({ "type": kind, "from": from, "to": Address::repeat_byte(0xbb), "nonce": "0x0", "value": "0x1",
            "input": "0x", "gas": "0x5208", "chainId": "0x1", "gasPrice": "0x7" });
        let mut first = payment.clone();
        set(&mut first, fields);
        let mut second = payment;
        second["type"] = json!("0x0");
        let document = json!({
            "format": "evm-block-case/1", "source": "test", "chainId": "0x1", "fork": "Cancun",
            "header": { "number": "0x1", "miner": Address::ZERO, "timestamp": "0x1", "gasLimit": "0xf4240",
                "baseFeePerGas": "0x7", "excessBlobGas": "0x0" },
            "transactions": [first, second],
            "preState": { from.to_string(): { "balance": wide(100), "nonce": "0x0" } },
            "codes": {},
            "expected": { "gasUsed": "0x5208", "logsBloom": alloy_primitives::Bloom::ZERO,
                "receipts": [receipt("0x0"), receipt("0x5208")], "postState": {} },
        });
        let block =
            case::parse(&document.to_string()).unwrap_or_else(|problems| panic!("{fields:?}: {problems:?}"));
        assert!(refusal(&block).contains(words), "{fields:?}: {}", refusal(&block));
    };
    check("0x0", &[("gasPrice", wide(128))], "overflow payment");
    check(
        "0x2",
        &[("maxFeePerGas", json!(U256::MAX)), ("maxPriorityFeePerGas", json!("0x0"))],
        "overflow payment",
    );
    check(
        "0x2",
        &[("maxFeePerGas", json!("0x7")), ("maxPriorityFeePerGas", wide(200))],
        "priority fee is greater",
    );
    check("0x0", &[("gas", wide(64))], "left in the block");
    check("0x0", &[("nonce", wide(64))], "nonce overflow");
    check("0x0", &[("nonce", json!("0xffffffffffffffff"))], "nonce overflow");
    check("0x0", &[("chainId", wide(64))], "chain ID");
    check("0x0", &[("value", json!(U256::MAX))], "overflow payment");
    let blob_fields = [
        ("maxFeePerGas", json!("0x7")),
        ("maxPriorityFeePerGas", json!("0x0")),
        ("blobVersionedHashes", blob()),
    ];
    check("0x3", &[&blob_fields[..], &[("maxFeePerBlobGas", wide(128))]].concat(), "overflow payment");
}

/// Signs the RLP of a transaction's fields by the rules of type `kind`.
fn sign(kind: u8, fields: &[u8], chain_id: Option<U256>) -> Bytes {
    let key = SigningKey::from_slice(&[7; 32]).expect("a key");
    let list = |payload: &[u8]| {
        let mut out = if kind > 0 { vec![kind] } else { Vec::new() };
        Header { list: true, payload_length: payload.len() }.encode(&mut out);
        out.extend(payload);
        out
    };
    let mut unsigned = fields.to_vec();
    if let Some(id) = chain_id {
        id.encode(&mut unsigned);
        unsigned.extend([0x80, 0x80]);
    }
    let (signature, parity) =
        key.sign_prehash_recoverable(keccak256(list(&unsigned)).as_slice()).expect("signed");
    let parity = U256::from(parity.to_byte());
    let v = match (kind, chain_id) {
        (0, Some(id)) => U256::from(35) + (id << 1) + parity,
        (0, None) => U256::from(27) + parity,
        _ => parity,
    };
    let mut signed = fields.to_vec();
    v.encode(&mut signed);
    U256::from_be_slice(&signature.r().to_bytes()).encode(&mut signed);
    U256::from_be_slice(&signature.s().to_bytes()).encode(&mut signed);
    list(&signed).into()
}

#[test]
fn numbers_that_are_too_large_are_refused_by_the_rules_in_signed_transactions() {
    let key = SigningKey::from_slice(&[7; 32]).expect("a key");
    let point = key.verifying_key().to_encoded_point(false);
    let signer = Address::from_word(keccak256(&point.as_bytes()[1..]));
    let wide = |bits: usize| U256::from(1) << bits;
    let small = U256::from(7);
    // Nonce, priority fee, fee, gas.
    let fields = |kind: u8, chain_id: U256, numbers: [U256; 4], blob_fee: U256| {
        let mut out = Vec::new();
        if kind > 0 {
            chain_id.encode(&mut out);
        }
        let [nonce, priority, fee, gas] = numbers;
        nonce.encode(&mut out);
        if kind >= 2 {
            priority.encode(&mut out);
        }
        fee.encode(&mut out);
        gas.encode(&mut out);
        Address::repeat_byte(0xbb).encode(&mut out);
        U256::from(1).encode(&mut out);
        Bytes::new().encode(&mut out);
        if kind > 0 {
            out.push(0xc0);
        }
        if kind == 3 {
            blob_fee.encode(&mut out);
            let mut hash = B256::repeat_byte(7);
            hash.0[0] = 1;
            vec![hash].encode(&mut out);
        }
        out
    };
    let one = U256::from(1);
    let gas = U256::from(21_000);
    let plain = [U256::ZERO, U256::ZERO, small, gas];
    for (kind, chain_id, numbers, blob_fee, words) in [
        (0, None, [U256::ZERO, small, wide(128), gas], small, "overflow payment"),
        (0, Some(one), [U256::ZERO, small, U256::MAX, gas], small, "overflow payment"),
        (1, Some(one), [U256::ZERO, small, wide(200), gas], small, "overflow payment"),
        (2, Some(one), [U256::ZERO, small, wide(128), gas], small, "overflow payment"),
        (2, Some(one), [U256::ZERO, wide(128), small, gas], small, "priority fee is greater"),
        (3, Some(one), plain, wide(128), "overflow payment"),
        (2, Some(one), [U256::ZERO, small, small, wide(64)], small, "left in the block"),
        (2, Some(one), [U256::from(u64::MAX), small, small, gas], small, "nonce overflow"),
        (2, Some(one), [U256::MAX, small, small, gas], small, "nonce overflow"),
        (2, Some(wide(64)), plain, small, "chain ID"),
        (0, Some(wide(64)), plain, small, "chain ID"),
        (0, Some(wide(250)), plain, small, "chain ID"),
    ] {
        let body = fields(kind, chain_id.unwrap_or_default(), numbers, blob_fee);
        let raw = sign(kind, &body, chain_id.filter(|_| kind == 0));
        let tx = decode_raw(&raw).unwrap_or_else(|error| panic!("type {kind} {numbers:?}: {error}"));
        assert_eq!(tx.from, signer, "type {kind}, {chain_id:?}");
        let payment = Transaction {
            from: signer,
            to: Some(Address::repeat_byte(0xbb)),
            gas_limit: 21_000,
            max_fee_per_gas: 7,
            ..Transaction::default()
        };
        let mut pre_state = State::default();
        pre_state.accounts.insert(signer, Account { balance: wide(100), ..Account::default() });
        let block = PreparedBlock {
            env: BlockEnvironment {
                chain_id: 1,
                fork: Fork::Cancun,
                number: 1,
                timestamp: 1,
                gas_limit: 1_000_000,
                base_fee: 7,
                beneficiary: Address::ZERO,
                difficulty: U256::ZERO,
                prev_randao: None,
                excess_blob_gas: Some(0),
                blob_base_fee_update_fraction: None,
                block_hashes: Default::default(),
                system_calls: Vec::new(),
            },
            pre_state,
            transactions: vec![tx, payment],
            labels: vec![String::new(); 2],
            origin: Origin::Scenario,
        };
        assert!(refusal(&block).contains(words), "type {kind} {numbers:?}: {}", refusal(&block));
        // The same bytes in a scenario.
        let text = json!({ "format": "evm-lanes/1", "title": "t", "block": { "fork": "cancun", "gasLimit": 1_000_000, "baseFee": 7 },
            "accounts": { "signer": { "address": signer, "balance": "100 ether" }, "bob": {} },
            "transactions": [ { "raw": hex::encode_prefixed(&raw) }, { "from": "bob", "to": "signer" } ] });
        assert!(refusal(&prepared(&text)).contains(words), "{text}: {}", refusal(&prepared(&text)));
    }
}

fn prepared(document: &Value) -> PreparedBlock {
    let scenario = scenario::parse(&document.to_string()).unwrap_or_else(|problems| panic!("{problems:?}"));
    let catalogue = Catalogue::from_json(&[]).expect("an empty catalogue");
    prepare::scenario(&scenario, &catalogue)
        .unwrap_or_else(|problems| panic!("{document}: {problems:?}"))
        .block
}

#[test]
fn fees_that_nobody_can_pay_are_refused_by_the_rules_in_scenarios() {
    for (fields, words) in [
        (json!({ "gasPrice": "340282366920938463463374607431768211456" }), "overflow payment"),
        (json!({ "gasPrice": "1e77" }), "overflow payment"),
        (json!({ "maxFeePerGas": "1e39" }), "overflow payment"),
        (json!({ "maxFeePerGas": "1e70", "maxPriorityFeePerGas": "1e60" }), "overflow payment"),
        (json!({ "maxPriorityFeePerGas": "1e60" }), "overflow payment"),
        (json!({ "gasPrice": "340282366920938463463374607431768211455" }), "overflow payment"),
    ] {
        let mut first = json!({ "from": "alice", "to": "bob", "value": 1 });
        for (name, value) in fields.as_object().expect("an object") {
            first[name] = value.clone();
        }
        let text = json!({ "format": "evm-lanes/1", "title": "t", "accounts": { "alice": {}, "bob": {} },
            "transactions": [first, { "from": "bob", "to": "alice" }] });
        let block = prepared(&text);
        assert!(refusal(&block).contains(words), "{text}: {}", refusal(&block));
    }
}

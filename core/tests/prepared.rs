//! Digests of every built-in scenario's prepared block and frozen document. A link holds a document, not a block, so a
//! document must give the same block in every later version.

use std::fmt::Write as _;
use std::path::Path;

use alloy_primitives::{Address, B256, U256, keccak256};
use evm_lanes_core::{
    catalogue::Catalogue,
    prepare::{self, PreparedBlock},
    scenario::{self, Account, Block, Call, Contract, Field, Pick, builtin},
};

const GOLDEN: &str = "tests/golden/prepared.txt";

/// A scenario with every way to pick and to repeat.
const DRAWN: &str = include_str!("golden/drawn.json");

fn catalogue() -> Catalogue {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/catalogue");
    let read = |name: &str| {
        std::fs::read_to_string(folder.join(name))
            .unwrap_or_else(|e| panic!("{name}: {e}; `cargo xtask catalogue` makes it"))
    };
    Catalogue::from_json(&[&read("mit.json"), &read("gpl.json")]).expect("the catalogue can be read")
}

/// A digest of environment, pre-state and transactions, which is the same on every machine.
fn digest(block: &PreparedBlock) -> B256 {
    let mut text = String::new();
    let env = &block.env;
    writeln!(
        text,
        "{} {} {} {} {} {}",
        env.fork.name(),
        env.number,
        env.timestamp,
        env.gas_limit,
        env.base_fee,
        env.beneficiary
    )
    .expect("text");
    let mut accounts: Vec<_> = block.pre_state.accounts.iter().collect();
    accounts.sort_by_key(|(address, _)| **address);
    for (address, account) in accounts {
        writeln!(text, "{address} {} {} {:?}", account.balance, account.nonce, account.code_hash)
            .expect("text");
        let mut slots: Vec<(&U256, &U256)> = account.storage.iter().collect();
        slots.sort();
        for (slot, value) in slots {
            writeln!(text, "{slot} {value}").expect("text");
        }
    }
    for (tx, label) in block.transactions.iter().zip(&block.labels) {
        let to = tx.to.unwrap_or(Address::ZERO);
        writeln!(text, "{label} {} {} {to} {} {}", tx.from, tx.to.is_some(), tx.value, tx.input)
            .expect("text");
        writeln!(text, "{} {} {} {}", tx.gas_limit, tx.nonce, tx.kind, tx.max_fee_per_gas).expect("text");
        writeln!(text, "{:?} {:?}", tx.max_priority_fee_per_gas, tx.access_list).expect("text");
        for signed in &tx.authorizations {
            writeln!(text, "{} {} {}", signed.address, signed.nonce, signed.r).expect("text");
        }
    }
    keccak256(text)
}

#[test]
fn a_scenario_prepares_the_same_block_as_ever() {
    let catalogue = catalogue();
    let mut found = String::new();
    let drawn = builtin::Builtin { name: "drawn", title: "", text: DRAWN };
    for builtin in builtin::ALL.iter().chain([&drawn]) {
        let document = scenario::parse(builtin.text).unwrap_or_else(|p| panic!("{}: {p:?}", builtin.name));
        let prepared =
            prepare::scenario(&document, &catalogue).unwrap_or_else(|p| panic!("{}: {p:?}", builtin.name));
        let frozen = keccak256(document.frozen().to_text());
        let name = builtin.name;
        writeln!(found, "{name} block {} frozen {frozen}", digest(&prepared.block)).expect("text");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN);
    if std::env::var_os("EVM_LANES_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, &found).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(&path).expect("the golden file");
    assert_eq!(found, golden, "if the change is meant: EVM_LANES_WRITE_GOLDEN=1");
}

/// Fields with their values, as JSON that ends with a comma. Each value is the default that the table states, except
/// for a fee that is computed.
fn stated(table: &[Field], fields: &[(&str, &str)]) -> String {
    let mut json = String::new();
    for (name, value) in fields {
        let field = table.iter().find(|field| field.name == *name).expect(name);
        let left_out = field.left_out.expect(name);
        assert!(*name == "maxFeePerGas" || left_out.contains(value), "{name}: {value} is not in {left_out}");
        let is_number = value.bytes().all(|b| b.is_ascii_digit());
        let value = if is_number { (*value).to_owned() } else { format!("\"{value}\"") };
        write!(json, "\"{name}\": {value}, ").expect("text");
    }
    json
}

/// Two payments, a call and a creation. Each parameter ends with a comma, or is empty.
fn document(block: &str, account: &str, contract: &str, pick: &str, calls: [&str; 3]) -> String {
    let (block, account) = (block.trim_end_matches(", "), account.trim_end_matches(", "));
    let [payment, call, creation] = calls;
    format!(
        r#"{{ "format": "evm-lanes/1", "title": "t", "block": {{ {block} }},
        "accounts": {{ "alice": {{ {account} }}, "payer": {{ "count": 5 }} }},
        "contracts": {{ "WETH": {{ {contract} "catalogue": "uniswap-v2/WETH9" }} }},
        "transactions": [
            {{ {payment} "from": "alice", "to": "alice" }},
            {{ {call} "from": {{ {pick} "pick": "payer" }}, "to": "WETH", "call": "deposit" }},
            {{ {creation} "from": "alice", "data": "0x00" }}
        ] }}"#
    )
}

/// A document that states the defaults of the table prepares the same block as one that omits the fields.
#[test]
fn an_omitted_field_has_the_default_of_the_table() {
    let catalogue = catalogue();
    let prepared = |text: &str| {
        let document = scenario::parse(text).unwrap_or_else(|p| panic!("{text}: {p:?}"));
        prepare::scenario(&document, &catalogue).unwrap_or_else(|p| panic!("{text}: {p:?}")).block
    };
    let block = [
        ("fork", "osaka"),
        ("number", "1"),
        ("timestamp", "1700000000"),
        ("baseFee", "7 gwei"),
        ("beneficiary", "builder"),
    ];
    let call = |gas| {
        let fees = [("maxFeePerGas", "15 gwei"), ("maxPriorityFeePerGas", "1 gwei")];
        stated(Call::FIELDS, &[fees[0], fees[1], ("value", "0"), ("repeat", "1"), ("gas", gas)])
    };
    let said = prepared(&document(
        &stated(Block::FIELDS, &block),
        &stated(Account::FIELDS, &[("balance", "100 ether"), ("nonce", "0")]),
        &stated(Contract::FIELDS, &[("from", "deployer"), ("value", "0")]),
        &stated(Pick::FIELDS, &[("by", "uniform")]),
        [&call("21000"), &call("1000000"), &call("5000000")],
    ));
    let left_out = prepared(&document("", "", "", "", ["", "", ""]));
    assert_eq!(said.transactions, left_out.transactions);
    assert_eq!(digest(&said), digest(&left_out));

    // Only one way of picking has Zipf's exponent.
    let zipf = |skew: &str| {
        prepared(&format!(
            r#"{{ "format": "evm-lanes/1", "title": "t", "accounts": {{ "payer": {{ "count": 50 }} }},
            "transactions": [ {{ "repeat": 30, "to": "payer[0]",
                "from": {{ {skew} "pick": "payer", "by": "zipf" }} }} ] }}"#
        ))
        .transactions
    };
    assert_eq!(zipf(&stated(Pick::FIELDS, &[("skew", "1")])), zipf(""));
}

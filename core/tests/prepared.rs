//! What every built-in scenario means, as digests: the block that is prepared from it and the document that freezing
//! writes. A link holds a document and not a block, so the same document must mean the same block in ten years.

use std::fmt::Write as _;
use std::path::Path;

use alloy_primitives::{Address, B256, U256, keccak256};
use evm_lanes_core::{
    catalogue::Catalogue,
    prepare::{self, PreparedBlock},
    scenario::{self, builtin},
};

const GOLDEN: &str = "tests/golden/prepared.txt";

/// Every way to choose and every way to be repeated.
const DRAWN: &str = include_str!("golden/drawn.json");

fn catalogue() -> Catalogue {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/catalogue");
    let read = |name: &str| {
        std::fs::read_to_string(folder.join(name))
            .unwrap_or_else(|e| panic!("{name}: {e}; `cargo xtask catalogue` makes it"))
    };
    Catalogue::from_json(&[&read("mit.json"), &read("gpl.json")]).expect("the catalogue can be read")
}

/// Environment, pre-state and transactions in one order on every machine.
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
fn a_scenario_means_the_block_that_it_always_meant() {
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

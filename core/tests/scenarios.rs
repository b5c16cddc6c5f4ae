//! The built-in scenarios: every strategy gives the result of stock execution.

mod support;

use std::path::{Path, PathBuf};

use evm_lanes_core::{
    catalogue::Catalogue,
    drive::LoadedBlock,
    evm, prepare,
    scenario::{self, builtin},
    sniff::{Content, sniff},
};

fn catalogue() -> Catalogue {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/catalogue");
    let read = |name: &str| {
        std::fs::read_to_string(folder.join(name))
            .unwrap_or_else(|e| panic!("{name}: {e}; `cargo xtask catalogue` makes it"))
    };
    Catalogue::from_json(&[&read("mit.json"), &read("gpl.json")]).expect("the catalogue can be read")
}

/// Freezing writes out exactly the transactions that the scenario generates.
#[test]
fn a_frozen_scenario_prepares_the_same_block() {
    let catalogue = catalogue();
    let drawn = r#"{
        "format": "evm-lanes/1", "title": "Every kind of draw", "seed": 42,
        "accounts": { "bank": {}, "payer": { "count": 9 }, "shop": { "count": 30 } },
        "contracts": {
            "Coin": { "catalogue": "openzeppelin-4.9.6/ERC20PresetFixedSupply", "count": 4, "from": "bank",
                      "args": ["Coin", "COIN", "1000000e18", "bank"] },
            "WETH": { "catalogue": "uniswap-v2/WETH9" },
            "Factory": { "catalogue": "uniswap-v2/UniswapV2Factory", "args": ["bank"] }
        },
        "setup": [
            { "from": "bank", "to": "Factory", "call": "createPair", "args": ["WETH", "Coin[*]"], "as": "Pair[*]" },
            { "from": "bank", "to": "Coin[0]", "call": "transfer", "args": ["payer[*]", "100e18"] }
        ],
        "transactions": [
            { "from": "bank", "to": "shop[0]", "value": "1 gwei" },
            { "repeat": 40, "from": { "pick": "payer" }, "to": { "pick": "shop", "by": "zipf", "skew": 1.5 },
              "value": { "between": [1, "3 gwei"] } },
            { "repeat": 20, "label": "pay", "from": { "pick": "payer", "by": "round-robin" }, "to": "Coin[0]",
              "call": "transfer", "args": [{ "pick": "Pair" }, { "between": ["1", "0.5 ether"] }] }
        ]
    }"#;
    for text in builtin::ALL.iter().map(|b| b.text).chain([drawn]) {
        let scenario = scenario::parse(text).expect("a document");
        let frozen = scenario::parse(&scenario.frozen().to_text()).expect("what was frozen reads again");
        let prepare =
            |s: &scenario::Scenario| prepare::scenario(s, &catalogue).expect("it can be prepared").block;
        let (generated, explicit) = (prepare(&scenario), prepare(&frozen));
        assert_eq!(generated.transactions, explicit.transactions, "{}", scenario.title);
        assert_eq!(generated.labels, explicit.labels, "{}", scenario.title);
    }
}

#[test]
fn built_in_scenarios_end_as_stock_execution_ends_them() {
    let catalogue = catalogue();
    for builtin in builtin::ALL {
        let document = scenario::parse(builtin.text).expect("a built-in scenario is right");
        let prepared = prepare::scenario(&document, &catalogue).expect("a built-in scenario can be prepared");
        let (receipts, state) = evm::execute_block(&prepared.block);
        let loaded = LoadedBlock::new(&prepared.block);
        for (strategy, lanes) in support::LANES {
            let run = support::run(&loaded, strategy, lanes);
            let what = format!("{}, {} on {lanes}", builtin.name, strategy.name());
            assert_eq!(run.receipts, receipts, "{what}");
            support::assert_equal_states(&run.post_state, &state, &what);
            support::assert_whole(&run.trace, &what);
        }
    }
    eprintln!("{} scenarios", builtin::ALL.len());
}

/// Scenarios with bytecode and ABIs as tools write them: each is prepared, or refused with a message for people.
#[test]
fn what_tools_write_is_prepared_or_refused_in_words() {
    let data = std::env::var_os("EVM_LANES_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let Ok(folder) = std::fs::read_dir(data.join("../cases/reports/14-bytecode-from-tools")) else {
        eprintln!("skipped: there are no reports beside the project's data");
        return;
    };
    let catalogue = catalogue();
    let mut read = 0;
    for entry in folder.flatten().filter(|entry| entry.file_name() != "README.md") {
        let bytes = std::fs::read(entry.path()).expect("a file");
        let Ok(Content::Scenario(text)) = sniff(bytes) else { panic!("{entry:?} is no scenario") };
        read += 1;
        let prepared = scenario::parse(&text).and_then(|document| prepare::scenario(&document, &catalogue));
        let Err(problems) = prepared else { continue };
        for problem in problems {
            let said = problem.to_string();
            // A parser's own messages do not help people.
            for word in ["invalid type", "expected struct", "enum", "serde", "variant"] {
                assert!(!said.contains(word), "{entry:?}: {said}");
            }
        }
    }
    assert!(read >= 25, "{read} files");
}

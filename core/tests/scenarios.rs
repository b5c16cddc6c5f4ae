//! The built-in scenarios: every strategy ends where stock execution ends.

mod support;

use std::path::Path;

use evm_lanes_core::{
    catalogue::Catalogue,
    drive::Loaded,
    evm, prepare,
    scenario::{self, builtin},
};

#[test]
fn built_in_scenarios_end_as_stock_execution_ends_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/catalogue");
    let read = |name: &str| {
        std::fs::read_to_string(folder.join(name))
            .unwrap_or_else(|e| panic!("{name}: {e}; `cargo xtask catalogue` makes it"))
    };
    let catalogue =
        Catalogue::from_json(&[&read("mit.json"), &read("gpl.json")]).expect("the catalogue can be read");
    for builtin in builtin::ALL {
        let document = scenario::parse(builtin.text).expect("a built-in scenario is right");
        let prepared = prepare::scenario(&document, &catalogue).expect("a built-in scenario can be prepared");
        let (receipts, state) = evm::execute_block(&prepared.block);
        let loaded = Loaded::new(&prepared.block);
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

//! Scenarios made of other tools' files: each reads back, can be prepared, and runs in parallel as stock execution runs it.

mod support;

use std::path::{Path, PathBuf};

use evm_lanes_core::{
    catalogue::Catalogue, drive::LoadedBlock, evm, prepare, raw, scenario, strategies::StrategyId,
};
use import::{Choices, Fees, File, Import, SignedFields, TableChoices};

fn catalogue() -> Catalogue {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/catalogue");
    let read = |name: &str| {
        std::fs::read_to_string(folder.join(name))
            .unwrap_or_else(|e| panic!("{name}: {e}; `cargo xtask catalogue` makes it"))
    };
    Catalogue::from_json(&[&read("mit.json"), &read("gpl.json")]).expect("the catalogue can be read")
}

fn files(folder: &Path) -> Vec<File> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
                found.push(File { name, bytes: std::fs::read(&path).expect("a file that can be read") });
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn read(files: &[File], decimals: Option<u32>) -> Import {
    let decimal_mark = decimals.map(|_| '.');
    let mut import = import::read(files, &TableChoices { decimals, decimal_mark, ..TableChoices::default() });
    import::resolve_signed(&mut import, &|bytes| {
        let tx = raw::decode(bytes).map_err(|error| error.to_string())?;
        let max_fee = Some(alloy_primitives::U256::from(tx.max_fee_per_gas));
        Ok(SignedFields {
            from: tx.from,
            to: tx.to,
            input: tx.input,
            value: tx.value,
            gas: tx.gas_limit,
            nonce: tx.nonce,
            fees: Fees { gas_price: max_fee, ..Fees::default() },
            access_list: tx.access_list,
            chain_id: tx.chain_id,
            ..SignedFields::default()
        })
    });
    import
}

/// Runs the scenario of an import; the numbers of its transactions, and of those that are included and succeed.
fn run(name: &str, import: &Import, choices: &Choices, catalogue: &Catalogue) -> [usize; 3] {
    let written = import::scenario(import, choices).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
    let document = scenario::parse(&written.text).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
    let prepared =
        prepare::scenario(&document, catalogue).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
    let (receipts, state) = evm::execute_block(&prepared.block);
    let loaded = LoadedBlock::new(&prepared.block);
    for (strategy, lanes) in
        [(StrategyId::SEQUENTIAL, 1), (StrategyId::BLOCK_STM, 1), (StrategyId::BLOCK_STM, 4)]
    {
        let run = support::run(&loaded, strategy, lanes);
        let what = format!("{name}, {} on {lanes}", strategy.name());
        assert_eq!(run.receipts, receipts, "{what}");
        support::assert_equal_states(&run.post_state, &state, &what);
    }
    let included = receipts.iter().filter(|receipt| !receipt.status.is_invalid()).count();
    let succeeded = receipts.iter().filter(|receipt| receipt.status.is_success()).count();
    [receipts.len(), included, succeeded]
}

#[test]
fn scenarios_of_our_samples_run_in_parallel_as_in_sequence() {
    let catalogue = catalogue();
    let samples = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("import/samples"));
    assert!(samples.len() >= 30, "{} samples", samples.len());
    let mut transactions = 0;
    for file in &samples {
        let import = read(std::slice::from_ref(file), file.name.contains("ambiguous").then_some(18));
        for in_block in [false, true] {
            let choices = Choices { in_block, ..Choices::default() };
            let [all, included, succeeded] = run(&file.name, &import, &choices, &catalogue);
            eprintln!("{}: {all} transactions, {included} included, {succeeded} succeeded", file.name);
            assert_eq!(included, all, "{}: balances are set so that all can pay", file.name);
            // What a broadcast or a recording did, works here, too.
            assert_eq!(succeeded, all, "{}", file.name);
            transactions += all;
        }
    }
    // Those that belong together.
    for names in [
        ["broadcast.json", "foundry/"],
        ["hardhat-artefact.json", "build-info.json"],
        ["Counter.bin", "Counter.abi"],
    ] {
        let set: Vec<File> = names
            .iter()
            .flat_map(|name| samples.iter().filter(move |file| file.name.starts_with(name)))
            .cloned()
            .collect();
        let [all, _, succeeded] = run(&names.join(" + "), &read(&set, None), &Choices::default(), &catalogue);
        assert!(all > 0 && succeeded == all, "{names:?}: {succeeded} of {all}");
    }
    eprintln!("{} samples, {transactions} transactions", samples.len());
}

#[test]
fn scenarios_of_real_files_run_in_parallel_as_in_sequence() {
    let data = std::env::var_os("EVM_LANES_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let folder = data.join("formats");
    if !folder.is_dir() {
        eprintln!("skipped: there is no folder {}", folder.display());
        return;
    }
    let catalogue = catalogue();
    let (mut imported, mut transactions) = (0, 0);
    for file in files(&folder) {
        let import = read(std::slice::from_ref(&file), None);
        if import.files[0].format.is_none() {
            continue;
        }
        let [all, included, succeeded] = run(&file.name, &import, &Choices::default(), &catalogue);
        eprintln!("{}: {all} transactions, {included} included, {succeeded} succeeded", file.name);
        imported += 1;
        transactions += all;
    }
    eprintln!("{imported} files, {transactions} transactions");
    assert!(imported >= 19, "{imported} files");
}

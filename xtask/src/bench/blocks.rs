//! The blocks that are measured: real blocks, built-in scenarios, and enlarged scenarios.

use std::{fs, io::Read};

use anyhow::{Context, Result, anyhow};
use evm_lanes_core::{
    catalogue::Catalogue,
    prepare::{self, PreparedBlock, case},
    scenario::{self, builtin},
};

use crate::workspace;

/// The London-to-Cancun blocks of 4 Mgas and more.
pub(super) const LONDON_PLUS: [&str; 10] = [
    "13287210", "14029313", "15537393", "15537394", "16146267", "17034869", "17666333", "18085863",
    "19932703", "19933597",
];

/// Built-in scenarios that are measured natively and in the browser, with the names of their
/// figures.
pub(super) const SCENARIOS: [(&str, &str); 4] = [
    ("raw", "transfers-2000"),
    ("erc20", "erc20-2000"),
    ("uniswap", "swaps-500-pools"),
    ("one_pool", "swaps-one-pool-500"),
];

/// About 10^9 gas each; 2 * 10^8 for swaps in one pool each, whose set-up needs forty times that. Name, built-in
/// scenario, the number in it that is replaced, and the number that replaces it.
pub(super) const GIGAGAS: [(&str, &str, u32, u32); 4] = [
    ("gigagas/raw", "transfers-2000", 2_000, 47_619),
    ("gigagas/erc20", "erc20-2000", 2_000, 19_000),
    ("gigagas/uniswap", "swaps-500-pools", 500, 2_000),
    ("gigagas/one_pool", "swaps-one-pool-500", 500, 9_000),
];

/// Few and many payments, two from each sender: the cost of a transaction must not depend on their number.
pub(super) const GROWTH: [(&str, u32); 2] = [("growth/1k", 1_000), ("growth/100k", 100_000)];

/// Prepares scenarios.
pub(super) struct Scenarios(Catalogue);

impl Scenarios {
    pub(super) fn new() -> Result<Self> {
        let folder = workspace::products().join("catalogue");
        let read = |name: &str| {
            fs::read_to_string(folder.join(name))
                .with_context(|| format!("{name} is missing; `cargo xtask catalogue` makes it"))
        };
        Ok(Self(Catalogue::from_json(&[&read("mit.json")?, &read("gpl.json")?])?))
    }

    pub(super) fn builtin(&self, name: &str) -> Result<PreparedBlock> {
        self.text(name, builtin::find(name).with_context(|| format!("no scenario {name}"))?.text)
    }

    /// A built-in scenario of `from` accounts of each kind and as many transactions, with `accounts` and `transactions`
    /// instead, and enough money for all.
    pub(super) fn resized(
        &self,
        name: &str,
        from: u32,
        accounts: u32,
        transactions: u32,
    ) -> Result<PreparedBlock> {
        let text = builtin::find(name).with_context(|| format!("no scenario {name}"))?.text;
        let text = text
            .replace(&format!("\"count\": {from}"), &format!("\"count\": {accounts}"))
            .replace(&format!("\"repeat\": {from}"), &format!("\"repeat\": {transactions}"))
            .replace("\"1000000e18\", \"bank\"", "\"100000000e18\", \"bank\"")
            .replace("\"10000000e18\", \"bank\"", "\"1000000000e18\", \"bank\"");
        self.text(name, &text)
    }

    fn text(&self, name: &str, text: &str) -> Result<PreparedBlock> {
        let document = scenario::parse(text).map_err(|problems| anyhow!("{name}: {problems:?}"))?;
        let prepared =
            prepare::scenario(&document, &self.0).map_err(|problems| anyhow!("{name}: {problems:?}"))?;
        Ok(prepared.block)
    }
}

/// The numbers of the real blocks in the data folder.
pub(super) fn real() -> Vec<String> {
    let Ok(folder) = fs::read_dir(workspace::data().join("blocks")) else { return Vec::new() };
    let names = folder.flatten().map(|file| file.file_name().to_string_lossy().into_owned());
    let mut numbers: Vec<String> =
        names.filter_map(|name| Some(name.strip_suffix(".json.gz")?.to_owned())).collect();
    numbers.sort_by_key(|number| number.parse::<u64>().unwrap_or(u64::MAX));
    numbers
}

pub(super) fn read(number: &str) -> Result<PreparedBlock> {
    let path = workspace::data().join("blocks").join(format!("{number}.json.gz"));
    let file = fs::File::open(&path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text)?;
    case::parse(&text).map_err(|problems| anyhow!("{number}: {problems:?}"))
}

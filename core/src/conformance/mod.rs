//! Runs published tests: Ethereum's state tests and blockchain tests (execution-spec-tests, ethereum/tests), and real
//! blocks.
//!
//! ```text
//! text of a file ─ Tests::read ─▶ Tests ─ run(i, ways) ─▶ Outcome
//! ```
//! The code is the same natively and in the wasm engine, so that the two can be compared test by test. It is compiled
//! only with the feature `conformance`; the page's engine does not have it.

mod cases;
mod chains;
mod forms;
#[cfg(test)]
mod refusals;
mod states;

use std::sync::atomic::AtomicU32;

use alloy_primitives::{B256, keccak256};
use serde::{Deserialize, Serialize};

use crate::{
    cancel::CancelFlag,
    clock,
    drive::{self, LoadedBlock, RunContext, Threads},
    evm,
    prepare::{PreparedBlock, State},
    run::{Receipt, Status},
    strategies::StrategyId,
    verify,
};

/// The kind of a test file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Suite {
    /// State tests: one transaction on a state, by fork.
    StateTests,
    /// Blockchain tests: blocks on a genesis state.
    BlockchainTests,
    /// A real block (`evm-block-case/1`).
    Blocks,
}

/// How every block is run.
#[derive(Clone, Copy)]
pub struct Ways<'a> {
    /// Strategies, each with a number of lanes.
    pub ways: &'a [(StrategyId, u16)],
    /// Where lanes come from.
    pub threads: Threads<'a>,
}

/// The tests of one file.
pub struct Tests(Kind);

enum Kind {
    States(states::File),
    Chains(chains::File),
    Case(Box<cases::File>),
}

/// The outcome of one test.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Outcome {
    /// The test's own name, with the case if it has several.
    pub name: String,
    /// keccak-256 over all receipts and post-states: equal for equal results, natively and in the wasm engine.
    pub digest: B256,
    /// What was run.
    pub counts: Counts,
    /// Why the test failed; `None` if it passed.
    pub problem: Option<String>,
    /// The reasons for parts that were not run.
    pub skipped: Vec<String>,
}

/// How much was run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Blocks; a state test is a block with one transaction.
    pub blocks: u32,
    /// Blocks of two or more transactions.
    pub several: u32,
    /// Transactions in them.
    pub transactions: u32,
    /// Runs: blocks times ways.
    pub runs: u32,
    /// Transactions or blocks that were refused, as expected.
    pub refusals: u32,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.blocks += other.blocks;
        self.several += other.several;
        self.transactions += other.transactions;
        self.runs += other.runs;
        self.refusals += other.refusals;
    }
}

impl Tests {
    /// Reads a file. `name` is used for a real block, whose file has no name in it.
    ///
    /// # Errors
    /// If the file does not have the suite's format: a message with the place.
    pub fn read(suite: Suite, name: &str, text: &str) -> Result<Self, String> {
        Ok(Self(match suite {
            Suite::StateTests => Kind::States(states::File::read(text)?),
            Suite::BlockchainTests => Kind::Chains(chains::File::read(text)?),
            Suite::Blocks => Kind::Case(Box::new(cases::File::read(name, text)?)),
        }))
    }

    /// Number of tests.
    pub fn len(&self) -> usize {
        match &self.0 {
            Kind::States(file) => file.len(),
            Kind::Chains(file) => file.len(),
            Kind::Case(_) => 1,
        }
    }

    /// Whether the file has no test.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The name of a test.
    ///
    /// # Panics
    /// If there is no such test.
    pub fn name(&self, test: usize) -> String {
        match &self.0 {
            Kind::States(file) => file.name(test),
            Kind::Chains(file) => file.name(test),
            Kind::Case(file) => file.name(),
        }
    }

    /// Runs a test in every way, and compares with stock revm and with the expected values in the file.
    ///
    /// # Panics
    /// If there is no such test, or the EVM panics.
    pub fn run(&self, test: usize, ways: Ways<'_>) -> Outcome {
        match &self.0 {
            Kind::States(file) => file.run(test, ways),
            Kind::Chains(file) => file.run(test, ways),
            Kind::Case(file) => file.run(ways),
        }
    }
}

/// Runs a block in every way and with stock revm. Returns stock revm's result; every way must give the same.
fn run_every_way(
    block: &PreparedBlock,
    ways: Ways<'_>,
    counts: &mut Counts,
) -> Result<(Vec<Receipt>, State), String> {
    let stock = evm::execute_block(block);
    let loaded = LoadedBlock::new(block);
    let context = RunContext {
        clock: &clock::now,
        cancel: &CancelFlag::new(),
        progress: &AtomicU32::new(0),
        threads: ways.threads,
        first: &[],
        record: true,
    };
    counts.blocks += 1;
    counts.several += u32::from(block.transactions.len() > 1);
    counts.transactions += block.transactions.len() as u32;
    for (strategy, lanes) in ways.ways {
        let way = || format!("{} on {lanes}", strategy.name());
        let run = drive::run(&loaded, *strategy, *lanes, &context).map_err(|e| format!("{}: {e}", way()))?;
        counts.runs += 1;
        if let Some(difference) = verify::difference((&run.receipts, &run.post_state), (&stock.0, &stock.1)) {
            return Err(format!("{}, against stock revm: {difference}", way()));
        }
    }
    Ok(stock)
}

/// Adds a block's result to a digest. Receipts are written with `Debug`, which has every field and is the same on every
/// platform. The reason of a halt is left out, because it depends on the platform: a size beyond 4 GiB is an invalid
/// operand with 32-bit addresses, and too much memory, code or return data with 64-bit ones. Ethereum does not tell
/// these reasons apart.
fn add_to_digest(digest: &mut B256, receipts: &[Receipt], state_root: B256) {
    let mut text = digest.to_vec();
    for receipt in receipts {
        let receipt = match receipt.status {
            Status::Halt(_) => &Receipt { status: Status::Halt(String::new()), ..receipt.clone() },
            _ => receipt,
        };
        text.extend(format!("{receipt:?}").into_bytes());
    }
    text.extend(state_root);
    *digest = keccak256(&text);
}

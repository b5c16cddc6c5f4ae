//! How much faster a real block could be on simulated lanes: gas as time, the same on every machine.
//!
//! ```sh
//! cargo run --release -p evm-lanes-evm --example curve -- BLOCK.json
//! ```
//! The file holds a block with its pre-state, in the format `evm-block-case/1` (docs/scenario.md).

use std::{env, error::Error, fs};

use evm::{
    case,
    drive::{LoadedBlock, Simulation, Tallies},
    lanes::{
        cancel::CancelFlag,
        model::{Cost, CostModel},
        strategies::StrategyId,
    },
};

fn main() -> Result<(), Box<dyn Error>> {
    let file = env::args().nth(1).ok_or("say which file: curve -- BLOCK.json")?;
    let block = case::parse(&fs::read_to_string(&file)?)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    let loaded = LoadedBlock::new(&block);
    let cancel = CancelFlag::new();
    let around = Simulation {
        model: CostModel { cost: Cost::Gas, seed: 0 },
        measured: &[],
        cancel: &cancel,
        progress: &|_| {},
        record: false,
    };
    let mut tallies = Tallies::new(&loaded, around);
    let sequential = tallies.tally(StrategyId::SEQUENTIAL, 1)?.duration;
    println!("block {}, {} transactions", block.env.number, block.transactions.len());
    println!(
        "{:<22} {}",
        "speed-up on lanes:",
        [2, 4, 8, 16, 32].map(|lanes| format!("{lanes:>6}")).concat()
    );
    for strategy in StrategyId::ALL.into_iter().filter(|strategy| *strategy != StrategyId::SEQUENTIAL) {
        print!("{:<22} ", strategy.name());
        for lanes in [2, 4, 8, 16, 32] {
            let duration = tallies.tally(strategy, lanes)?.duration;
            print!("{:>6.2}", sequential as f64 / duration.max(1) as f64);
        }
        println!();
    }
    Ok(())
}

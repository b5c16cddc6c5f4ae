//! Real blocks through both loops of the interpreter. By gas, simulated lanes run the fast path (without that feature the
//! step loop, too); by instructions, the step loop, which weighs each of them.

mod support;

use evm::{
    drive::{self, LoadedBlock, Simulation},
    lanes::{
        cancel::CancelFlag,
        model::{Cost, CostModel},
        strategies::StrategyId,
    },
};

#[test]
fn real_blocks_give_the_same_in_both_loops() {
    let cases = support::cases();
    let cancel = CancelFlag::new();
    let sequential = StrategyId::from_name("sequential").expect("there is one");
    for (_, block) in &cases {
        let number = block.env.number;
        let (receipts, state) = evm::execute_block(block);
        let loaded = LoadedBlock::new(block);
        for cost in [Cost::Gas, Cost::Opcodes] {
            let around = Simulation {
                model: CostModel { cost, seed: 0 },
                measured: &[],
                cancel: &cancel,
                progress: &|_| {},
                record: false,
            };
            let run = drive::simulate(&loaded, sequential, 1, &around).expect("the run ends");
            assert!(run.receipts == receipts, "block {number}, {cost:?}: receipts");
            assert!(run.post_state == state, "block {number}, {cost:?}: state");
        }
    }
    eprintln!("{} real blocks in both loops", cases.len());
}

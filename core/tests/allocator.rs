//! The browser's allocator under the whole engine, run natively.

mod support;

use std::sync::atomic::AtomicU32;

use evm_lanes_core::{
    alloc::LaneAllocator,
    cancel::CancelFlag,
    clock,
    drive::{self, LoadedBlock, RunContext, Threads},
    evm,
    strategies::StrategyId,
    verify,
};

#[global_allocator]
static ALLOCATOR: LaneAllocator = LaneAllocator;

#[test]
fn real_blocks_run_on_the_browsers_allocator() {
    let cases = support::cases();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().expect("a pool");
    for (name, block) in &cases {
        let (receipts, state) = evm::execute_block(block);
        let loaded = LoadedBlock::new(block);
        let (cancel, progress) = (CancelFlag::new(), AtomicU32::new(0));
        let threads = Threads::Pool(&pool);
        let around = RunContext {
            clock: &clock::now,
            cancel: &cancel,
            progress: &progress,
            threads,
            first: &[],
            record: true,
        };
        for lanes in [2, 4, 3] {
            let run = drive::run(&loaded, StrategyId::BLOCK_STM, lanes, &around).expect("a result");
            let difference = verify::difference((&run.receipts, &run.post_state), (&receipts, &state));
            assert_eq!(difference, None, "{name} on {lanes} lanes");
        }
    }
    eprintln!("{} real blocks on the browser's allocator", cases.len());
}

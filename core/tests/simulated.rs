//! Simulated lanes: every strategy gives the result of stock execution, on any number of lanes and in every order
//! that the seed makes; and the same arguments give the same trace, byte for byte, on every machine.
//!
//! ```text
//! seed ─ generator ─▶ block ─┬─ stock revm ─────────────────────────────────▶ receipts, state
//!                            └─ strategies × lanes × seeds on a virtual clock ─▶ the same
//! ```
//! A failure of a random block prints the command that replays it, and a link that shows it in the page.
//! `EVM_LANES_RUNS=n` makes n seeded runs. `EVM_LANES_WRITE_GOLDEN=1` writes the golden file again.

mod support;

#[path = "random_blocks/generator.rs"]
mod generator;
#[path = "random_blocks/link.rs"]
mod link;
#[path = "random_blocks/program.rs"]
mod program;

use std::{collections::HashSet, fs, path::Path};

use alloy_eip7928::{
    AccountChanges, BalanceChange, BlockAccessIndex, CodeChange, NonceChange, SlotChanges, StorageChange,
};
use alloy_primitives::{Address, Bytes, U256, hex, keccak256};
use evm_lanes_core::{
    access_list,
    cancel::CancelFlag,
    catalogue::Catalogue,
    drive::{self, LoadedBlock, Simulation, Stopped, Tallies, Tally},
    engine::Engine,
    evm,
    messages::{Answer, Ask, Input, Reply, Request},
    model::{Cost, CostModel},
    prepare::{self, Account, Fork, PreparedBlock, State, Transaction},
    run::{Receipt, Run, Status},
    scenario::{self, Settings, StrategyChoice, builtin},
    strategies::StrategyId,
    trace::{Clock, Outcome},
    units::Ticks,
};

use generator::Generator;
use link::{OnFailure, Shown};

/// Seeded runs of random blocks, at least.
const RUNS: u64 = 10_000;

const LANES: [u16; 5] = [1, 2, 8, 64, 256];

/// Made-up times for [`Cost::Measured`].
fn times(loaded: &LoadedBlock) -> Vec<(u64, u64)> {
    (0..loaded.transactions() as u64).map(|i| (1_000 + i * 7919 % 5_000, 50_000)).collect()
}

fn simulate(loaded: &LoadedBlock, strategy: StrategyId, lanes: u16, model: CostModel) -> Run {
    let around = Simulation {
        model,
        measured: &times(loaded),
        cancel: &CancelFlag::new(),
        progress: &|_| {},
        record: true,
    };
    drive::simulate(loaded, strategy, lanes, &around)
        .unwrap_or_else(|stopped| panic!("{} on {lanes}: {stopped}", strategy.name()))
}

fn gas(seed: u64) -> CostModel {
    CostModel { cost: Cost::Gas, seed }
}

/// A run against stock execution.
fn check(run: &Run, (receipts, state): &(Vec<Receipt>, State), what: &str) {
    assert_eq!(run.receipts.len(), receipts.len(), "{what}: receipts");
    for (i, (ours, theirs)) in run.receipts.iter().zip(receipts).enumerate() {
        assert_eq!(ours, theirs, "{what}: transaction {i}");
    }
    support::assert_equal_states(&run.post_state, state, what);
    support::assert_whole(&run.trace, what);
    assert_eq!(run.trace.clock, Clock::Simulated);
}

fn catalogue_files() -> [String; 2] {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/catalogue");
    ["mit.json", "gpl.json"].map(|name| {
        fs::read_to_string(folder.join(name))
            .unwrap_or_else(|e| panic!("{name}: {e}; `cargo xtask catalogue` makes it"))
    })
}

fn catalogue() -> Catalogue {
    let [mit, gpl] = catalogue_files();
    Catalogue::from_json(&[&mit, &gpl]).expect("the catalogue can be read")
}

fn prepared(text: &str) -> PreparedBlock {
    let document = scenario::parse(text).expect("a built-in scenario is right");
    prepare::scenario(&document, &catalogue()).expect("a built-in scenario can be prepared").block
}

#[test]
fn random_blocks_end_as_stock_execution_ends_them_in_every_order() {
    let wanted = std::env::var("EVM_LANES_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(RUNS);
    let strategies = StrategyId::ALL.into_iter().filter(|id| *id != StrategyId::SEQUENTIAL);
    let strategies: Vec<StrategyId> = strategies.collect();
    let (mut runs, mut seed, mut aborted, mut blocked) = (0, 0, 0, 0);
    let mut orders = HashSet::new();
    while runs < wanted {
        let block = Generator::new(seed).block();
        let stock = evm::execute_block(&block);
        let loaded = LoadedBlock::new(&block);
        for strategy in &strategies {
            let lanes = [[2, 8], [3, 64], [4, 1], [5, 256]][seed as usize % 4];
            for (i, lanes) in lanes.into_iter().enumerate() {
                let cost = Cost::ALL[(seed as usize + i) % 2];
                for order in [0, 1 + seed] {
                    let model = CostModel { cost, seed: order };
                    let what = format!(
                        "cargo xtask simulate --random {seed} --strategy {} --lanes {lanes} --cost {} --seed {order}",
                        strategy.name(),
                        cost.name()
                    );
                    let (block, stock) = (&block, &stock);
                    let shown = Shown { strategy: *strategy, lanes, clock: Clock::Simulated, model };
                    let told = OnFailure { block, stock, shown };
                    let run = simulate(&loaded, *strategy, lanes, model);
                    check(&run, stock, &what);
                    drop(told);
                    runs += 1;
                    let ended = |outcome| run.trace.attempts.iter().filter(|a| a.outcome == outcome).count();
                    aborted += ended(Outcome::Aborted);
                    blocked += ended(Outcome::Blocked);
                    orders.insert((seed, lanes, keccak256(run.trace.pack())));
                }
            }
        }
        seed += 1;
    }
    eprintln!("{runs} runs of {seed} blocks, {} different; {aborted} aborts, {blocked} blocks", orders.len());
    assert!(orders.len() as u64 > runs / 2, "seeds give different orders");
    assert!(aborted as u64 > runs && blocked > 0, "lanes meet");
}

#[test]
fn the_link_of_a_seeded_run_shows_that_run() {
    let mut engine = Engine::new(None);
    for seed in 0..120 {
        let block = Generator::new(seed).block();
        let stock = evm::execute_block(&block);
        let strategy = StrategyId::ALL[seed as usize % StrategyId::ALL.len()];
        let model = gas(seed / 2);
        let shown = Shown { strategy, lanes: 8, clock: Clock::Simulated, model };
        let link = link::link(&block, &stock, shown);
        assert!(link.len() < 32_000, "seed {seed}: {} characters are more than browsers take", link.len());
        let (query, fragment) = link.split_at(link.find('#').expect("the block is in the fragment"));
        let read =
            scenario::link::PageLink::decode(query, fragment).expect("it can be read").expect("a block");
        let asked = StrategyChoice::from(strategy);
        let run = Settings::from(read.run);
        assert_eq!((run.strategy, run.lanes, run.seed), (Some(asked), Some(8), Some(model.seed)));
        let scenario::link::Source::Document(text) = read.scenario else {
            panic!("seed {seed}: no document")
        };
        let (clock, list) = (Clock::Simulated, None);
        let request = Request {
            id: 1,
            body: Ask::Run { input: Input::Case(text), strategy: asked, lanes: 8, clock, model, list },
        };
        let mut reply = None;
        engine.handle(request, &CancelFlag::new(), &mut |said| reply = Some(said));
        let Some(Reply { body: Answer::Ran { report }, .. }) = reply else {
            panic!("seed {seed}: {reply:?}")
        };
        assert_eq!(report.verdict.difference, None, "seed {seed}");
        let header = report.header.expect("a block case has figures to compare with");
        assert!(header.figures.iter().all(|figure| figure.equal), "seed {seed}: {header:?}");
        assert_eq!(header.difference, None, "seed {seed}");
        let mut own = simulate(&LoadedBlock::new(&block), strategy, 8, model).trace;
        let mut oracle = simulate(&LoadedBlock::new(&block), StrategyId::SEQUENTIAL, 1, model).trace;
        evm_lanes_core::analysis::align_locations(&mut own, &mut oracle);
        assert_eq!(report.trace_hash, keccak256(own.pack()).to_string(), "seed {seed}");
    }
}

#[test]
fn built_in_scenarios_end_as_stock_execution_ends_them() {
    for builtin in builtin::ALL {
        let block = prepared(builtin.text);
        let stock = evm::execute_block(&block);
        let loaded = LoadedBlock::new(&block);
        for strategy in StrategyId::ALL {
            for lanes in LANES {
                let what = format!("{}, {} on {lanes}", builtin.name, strategy.name());
                check(&simulate(&loaded, strategy, lanes, gas(0)), &stock, &what);
            }
            // The other costs and orders only on small blocks: large ones take seconds.
            let costs = if loaded.transactions() < 200 { &Cost::ALL[..] } else { &[] };
            for &cost in costs {
                for seed in [0, 1] {
                    let what = format!("{}, {}, {}", builtin.name, strategy.name(), cost.name());
                    let model = CostModel { cost, seed };
                    let run = simulate(&loaded, strategy, 6, model);
                    check(&run, &stock, &what);
                    let again = simulate(&loaded, strategy, 6, model);
                    assert!(run.trace == again.trace, "{what}: the same arguments, another trace");
                }
            }
        }
    }
}

#[test]
fn real_blocks_end_as_stock_execution_ends_them() {
    let cases = support::cases();
    for (i, (name, block)) in cases.iter().enumerate() {
        let stock = evm::execute_block(block);
        let loaded = LoadedBlock::new(block);
        for (j, strategy) in StrategyId::ALL.into_iter().enumerate() {
            // Block-STM on each number of lanes; of the others each meets each number several times.
            let count = if strategy == StrategyId::BLOCK_STM { LANES.len() } else { 2 };
            for lanes in LANES.into_iter().cycle().skip(i + j).take(count) {
                let what = format!("{name}, {} on {lanes}", strategy.name());
                check(&simulate(&loaded, strategy, lanes, gas(0)), &stock, &what);
            }
        }
    }
    eprintln!("{} real blocks", cases.len());
}

/// The list with this number of mistakes.
fn with_mistakes(list: &[AccountChanges], mistakes: usize, draw: &mut Generator) -> Vec<AccountChanges> {
    let mut list = list.to_vec();
    for _ in 0..mistakes {
        if list.is_empty() {
            break;
        }
        let at = draw.below(list.len() as u64) as usize;
        let some = BlockAccessIndex(draw.below(9));
        let other = list[draw.below(list.len() as u64) as usize].address;
        let account = &mut list[at];
        match draw.below(8) {
            0 => drop(list.remove(at)),
            1 => account.balance_changes.push(BalanceChange::new(some, U256::from(draw.below(1_000)))),
            2 => drop(account.balance_changes.pop()),
            3 => account.nonce_changes.push(NonceChange::new(some, draw.below(5))),
            4 => account
                .code_changes
                .push(CodeChange::new(some, Bytes::from_static(&[0x60, 0, 0x60, 0, 0xfd]))),
            5 => {
                let change = StorageChange::new(some, U256::from(draw.below(3)));
                account.storage_changes.push(SlotChanges::new(U256::from(draw.below(4)), vec![change]));
            }
            6 => account.storage_changes.iter_mut().flat_map(|slot| &mut slot.changes).for_each(|change| {
                change.new_value = change.new_value.wrapping_add(U256::from(1));
            }),
            _ => account.address = other,
        }
    }
    list
}

#[test]
fn a_block_access_list_with_mistakes_does_not_change_the_result() {
    let (mut right, mut wrong) = (0, 0);
    for seed in 0..400 {
        let block = Generator::new(seed).block();
        let stock = evm::execute_block(&block);
        let mut loaded = LoadedBlock::new(&block);
        let list = loaded.access_list(&CancelFlag::new()).expect("nobody cancels").clone();
        let mut draw = Generator::new(seed);
        for mistakes in [0, 1, 2, 5, 20] {
            loaded.use_access_list(Some(with_mistakes(&list, mistakes, &mut draw).into()));
            for (lanes, order) in [(1, 0), (4, 0), (4, 1 + seed), (32, 7 + seed)] {
                let run = simulate(&loaded, StrategyId::BLOCK_ACCESS_LIST, lanes, gas(order));
                check(
                    &run,
                    &stock,
                    &format!("random {seed}, {mistakes} mistakes, {lanes} lanes, order {order}"),
                );
                let attempts = run.trace.attempts.len() - run.receipts.len();
                *(if mistakes == 0 { &mut right } else { &mut wrong }) += attempts;
            }
        }
    }
    eprintln!("failed attempts: {right} with right lists, {wrong} with wrong ones");
    assert!(wrong / 4 > right, "{right} with right lists, {wrong} with wrong ones");
}

/// A block under Prague without transactions. Its beneficiary has no other part in a test.
fn empty_block() -> PreparedBlock {
    let blocks = (0..).map(|seed| Generator::new(seed).block());
    let mut block = blocks.into_iter().find(|block| block.env.fork == Fork::Prague).expect("there are many");
    block.env.beneficiary = NOBODY;
    block.pre_state = State::default();
    block.transactions.clear();
    block
}

const NOBODY: Address = Address::repeat_byte(0xcc);

/// Every strategy on simulated lanes, in some orders, against stock execution.
fn check_all(block: &PreparedBlock, stock: &(Vec<Receipt>, State)) {
    let loaded = LoadedBlock::new(block);
    for strategy in StrategyId::ALL {
        for lanes in [1, 2, 3, 8] {
            for order in 0..20 {
                let what = format!("{} on {lanes}, seed {order}", strategy.name());
                check(&simulate(&loaded, strategy, lanes, gas(order)), stock, &what);
            }
        }
    }
}

/// The sender's own code spends more in its transaction than the transaction says, and has already spent in another
/// sender's transaction.
#[test]
fn a_sender_whose_code_spends_more_than_its_transaction_says_is_not_covered() {
    let mut block = empty_block();
    let [spender, other] = [generator::signer(0), generator::signer(1)];
    // Calls NOBODY with 6 * 10^17 wei, and stops.
    let spend = U256::from(600_000_000_000_000_000_u64);
    let amount = &spend.to_be_bytes::<32>()[24..];
    let code = [&hex!("600060006000600067")[..], amount, &hex!("73")[..], NOBODY.as_slice(), &hex!("5af100")]
        .concat();
    let contract = Address::repeat_byte(0xc0);
    let delegated = [&hex!("ef0100")[..], contract.as_slice()].concat();
    let rich = Account { balance: U256::from(10).pow(U256::from(18)), nonce: 1, ..Account::default() };
    for (address, code) in [(contract, code), (spender, delegated)] {
        let hash = keccak256(&code);
        block.pre_state.codes.insert(hash, code.into());
        block.pre_state.accounts.insert(address, Account { code_hash: Some(hash), ..rich.clone() });
    }
    block.pre_state.accounts.insert(other, rich);
    let call = |from| Transaction {
        from,
        to: Some(spender),
        nonce: 1,
        gas_limit: 200_000,
        max_fee_per_gas: 10,
        ..Transaction::default()
    };
    block.transactions = vec![call(other), call(spender)];
    let stock = evm::execute_block(&block);
    assert!(stock.0.iter().all(|receipt| receipt.status == Status::Success));
    assert!(stock.1.accounts[&NOBODY].balance < spend + spend, "the sender can pay only once");
    check_all(&block, &stock);
}

/// The first payment predicts the second one's nonce, and takes longer. The access list predicts that the
/// delegation between them raises the nonce as well. That comes true, so it marks no transaction for validation.
#[test]
fn a_predicted_nonce_sees_a_delegation_that_also_raises_it() {
    let mut block = empty_block();
    let [payer, other] = [generator::signer(0), generator::signer(1)];
    let rich = Account { balance: U256::from(10).pow(U256::from(18)), nonce: 1, ..Account::default() };
    block.pre_state.accounts = [payer, other].map(|address| (address, rich.clone())).into_iter().collect();
    let payment = |nonce, input: Bytes| Transaction {
        from: payer,
        to: Some(NOBODY),
        input,
        nonce,
        gas_limit: 200_000,
        max_fee_per_gas: 10,
        ..Transaction::default()
    };
    let delegation = Transaction {
        from: other,
        to: Some(other),
        nonce: 1,
        gas_limit: 200_000,
        kind: 4,
        chain_id: Some(1),
        max_fee_per_gas: 10,
        max_priority_fee_per_gas: Some(0),
        authorizations: vec![Generator::signed(0, 1, NOBODY, 2)],
        ..Transaction::default()
    };
    block.transactions = vec![payment(1, Bytes::from(vec![1; 2_000])), delegation, payment(2, Bytes::new())];
    let stock = evm::execute_block(&block);
    assert!(matches!(stock.0[2].status, Status::Invalid(_)), "its nonce is used up");
    check_all(&block, &stock);
}

#[test]
fn a_list_that_was_written_and_read_again_predicts_the_same() {
    for builtin in builtin::ALL {
        let mut loaded = LoadedBlock::new(&prepared(builtin.text));
        let cancel = CancelFlag::new();
        let list = loaded.access_list(&cancel).expect("nobody cancels").clone();
        // The end of each account's changes is the state after the block.
        let state = simulate(&loaded, StrategyId::SEQUENTIAL, 1, gas(0)).post_state;
        for account in &list {
            let after = state.accounts.get(&account.address).cloned().unwrap_or_default();
            if let Some(balance) = account.balance_changes.last() {
                assert_eq!(balance.post_balance, after.balance, "{}: {}", builtin.name, account.address);
            }
            for (slot, value) in account.storage_post_states() {
                let there = after.storage.get(&slot).copied().unwrap_or_default();
                assert_eq!(value, there, "{}: {} {slot}", builtin.name, account.address);
            }
        }
        let recorded = simulate(&loaded, StrategyId::BLOCK_ACCESS_LIST, 8, gas(0));
        assert_eq!(access_list::disorder(&list, loaded.transactions()), None, "{}", builtin.name);
        let rlp = access_list::to_rlp(&list);
        for bytes in [access_list::to_json(&list).into(), rlp.to_string().into(), rlp.to_vec()] {
            let read = access_list::parse(&bytes).expect("what was written can be read");
            assert_eq!(access_list::compare(&read, &list, loaded.transactions()), []);
            loaded.use_access_list(Some(read.into()));
            let run = simulate(&loaded, StrategyId::BLOCK_ACCESS_LIST, 8, gas(0));
            assert!(run.trace == recorded.trace, "{}", builtin.name);
        }
    }
}

#[test]
fn with_perfect_knowledge_no_attempt_fails() {
    for builtin in builtin::ALL {
        let loaded = LoadedBlock::new(&prepared(builtin.text));
        for strategy in [StrategyId::PERFECT_ACCESS_LIST, StrategyId::BLOCK_ACCESS_LIST] {
            for (lanes, order) in [(2, 0), (8, 0), (64, 3)] {
                let run = simulate(&loaded, strategy, lanes, gas(order));
                let attempts = run.trace.attempts.len();
                assert_eq!(attempts, run.receipts.len(), "{}, {} on {lanes}", builtin.name, strategy.name());
            }
        }
    }
}

#[test]
fn a_tally_equals_that_of_the_run() {
    let mut blocks: Vec<(String, PreparedBlock)> =
        builtin::ALL.iter().map(|b| (b.name.to_owned(), prepared(b.text))).collect();
    blocks.extend((0..60).map(|seed| (format!("random {seed}"), Generator::new(seed).block())));
    for (seed, (name, block)) in blocks.iter().enumerate() {
        let loaded = LoadedBlock::new(block);
        let model = CostModel { cost: Cost::ALL[seed % 3], seed: seed as u64 / 2 };
        let measured = times(&loaded);
        let cancel = CancelFlag::new();
        let around =
            Simulation { model, measured: &measured, cancel: &cancel, progress: &|_| {}, record: false };
        let mut tallies = Tallies::new(&loaded, around);
        for strategy in StrategyId::ALL {
            for lanes in [5, 64] {
                let tally = tallies.tally(strategy, lanes).expect("the run ends");
                let Run { trace, receipts, .. } = simulate(&loaded, strategy, lanes, model);
                let mut expected = Tally {
                    duration: trace.duration.0,
                    gas_used: receipts.last().map_or(0, |receipt| receipt.cumulative_gas_used),
                    ..Tally::default()
                };
                for attempt in &trace.attempts {
                    let took = attempt.end.0 - attempt.start.0;
                    if attempt.outcome == Outcome::Committed {
                        expected.useful += took;
                    } else {
                        expected.aborted += 1;
                        expected.wasted += took;
                    }
                }
                assert_eq!(tally, expected, "{name}, {} on {lanes}, {model:?}", strategy.name());
            }
        }
    }
}

#[test]
fn no_run_is_shorter_than_its_limits() {
    for builtin in builtin::ALL {
        let loaded = LoadedBlock::new(&prepared(builtin.text));
        let oracle = simulate(&loaded, StrategyId::SEQUENTIAL, 1, gas(0)).trace;
        let total: u64 = oracle.attempts.iter().map(|a| a.end.0 - a.start.0).sum();
        assert_eq!(total, oracle.duration.0, "sequential time is the sum of the costs");
        let times: Vec<Ticks> = oracle.attempts.iter().map(|a| a.end.since(a.start)).collect();
        for strategy in StrategyId::ALL {
            for (lanes, seed) in [(2, 0), (16, 0), (256, 0), (16, 9)] {
                let mut trace = simulate(&loaded, strategy, lanes, gas(seed)).trace;
                let mut sequential = oracle.clone();
                evm_lanes_core::analysis::align_locations(&mut trace, &mut sequential);
                let limits = evm_lanes_core::analysis::analyse(&trace, &sequential, &times).limits;
                let speedup = total as f64 / trace.duration.0 as f64;
                let what =
                    format!("{}, {} on {lanes}: {speedup} of {limits:?}", builtin.name, strategy.name());
                assert!(speedup <= limits.work + 1e-9, "{what}");
                // Who is told all values beforehand waits for nobody.
                let waits = strategy != StrategyId::BLOCK_ACCESS_LIST;
                assert!(!waits || speedup <= limits.path + 1e-9, "{what}");
            }
        }
    }
}

#[test]
fn a_cancelled_simulation_ends_without_a_result() {
    let loaded = LoadedBlock::new(&prepared(builtin::ALL[0].text));
    let cancel = CancelFlag::new();
    cancel.set();
    for strategy in StrategyId::ALL {
        let around =
            Simulation { model: gas(0), measured: &[], cancel: &cancel, progress: &|_| {}, record: true };
        let stopped = drive::simulate(&loaded, strategy, 4, &around).err();
        assert_eq!(stopped, Some(Stopped::Cancelled), "{}", strategy.name());
    }
}

/// A line per run: scenario, strategy, lanes, cost, seed, duration and hash of the packed trace as the page shows it.
/// `cargo xtask conformance --wasm` makes the same runs in the wasm engine.
fn golden() -> String {
    let mut lines = String::new();
    let mut engine = Engine::new(None);
    let [mit, gpl] = catalogue_files();
    engine.load_catalogue(&[&mit, &gpl]).expect("the catalogue can be read");
    for name in ["one-pool", "two-pools", "payments", "token-rush", "nft-mint", "hot-counter", "nonce-chain"]
    {
        let text = builtin::find(name).expect("a built-in scenario").text.to_owned();
        let mut input = Input::Scenario(text);
        for strategy in StrategyId::ALL {
            for (lanes, cost, seed) in [(4, Cost::Gas, 0), (4, Cost::Gas, 7), (64, Cost::Opcodes, 0)] {
                let input = std::mem::replace(&mut input, Input::Same);
                let model = CostModel { cost, seed };
                let request = Request {
                    id: 1,
                    body: Ask::Run {
                        input,
                        strategy: strategy.into(),
                        lanes,
                        clock: Clock::Simulated,
                        model,
                        list: None,
                    },
                };
                let mut closing = None;
                engine.handle(request, &CancelFlag::new(), &mut |reply| closing = Some(reply));
                let Some(Reply { body: Answer::Ran { report }, .. }) = closing else {
                    panic!("{name}: {closing:?}")
                };
                assert_eq!(report.verdict.difference, None, "{name}");
                let (strategy, cost) = (strategy.name(), cost.name());
                let (duration, hash) = (report.timing.parallel_median.0, report.trace_hash);
                lines += &format!("{name} {strategy} {lanes} {cost} {seed} {duration} {hash}\n");
            }
        }
    }
    lines
}

#[test]
fn traces_are_the_golden_ones() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/simulated.txt");
    let ours = golden();
    if std::env::var_os("EVM_LANES_WRITE_GOLDEN").is_some() {
        fs::write(&path, &ours).expect("the golden file can be written");
    }
    let theirs = fs::read_to_string(&path).expect("the golden file is there");
    for (ours, theirs) in ours.lines().zip(theirs.lines()) {
        assert_eq!(ours, theirs, "if the change is meant: EVM_LANES_WRITE_GOLDEN=1");
    }
    assert_eq!(ours, theirs);
}

//! The lanes under a model checker: in every order of the lanes' steps, a block gives the result of sequential
//! execution.
//!
//! ```text
//! seed ─▶ a toy block ─┬─ in order, on a map ─────────────────▶ values that transactions read, state
//!                      └─ drive::run, on every schedule tried ▶ the same
//! ```
//! Transactions are toys (see `toy`). Some have a sender and are refused if its nonce or balance is not
//! right. Some senders' nonces are also written by other transactions, as the code that a sender delegates to
//! may do. Everything else is the code that runs real blocks: attempts, views, memory, predictions, lanes,
//! schedulers, notes, trace. The seed chooses the strategy. Schedules are drawn at random and by PCT
//! (Burckhardt et al., ASPLOS 2010). A lane that no other lane wakes is a deadlock here, because the model's
//! clock never ends a sleep. Orderings weaker than sequentially consistent are not modelled.
//!
//! `cargo xtask models` runs this. It says how to run a failed schedule again. Without the model checker the
//! same toys run on real threads and on simulated lanes: natively with the other tests, and under Miri and
//! ThreadSanitizer by `cargo xtask sanitize`. These see what a model cannot: data races, and orderings weaker
//! than sequentially consistent.

#[cfg(not(shuttle))]
use std::thread;
use std::{
    any::Any,
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc as StdArc, Mutex as StdMutex, PoisonError,
        atomic::{
            AtomicBool as StdBool, AtomicI64 as StdI64, AtomicU32, AtomicU64 as StdU64, Ordering::Relaxed,
        },
    },
};

#[cfg(shuttle)]
use shuttle::{
    scheduler::{PctScheduler, RandomScheduler, ReplayScheduler, Scheduler as Checker},
    thread,
};

use super::{
    Block, Ended, Hints, PredictedWrites, RunContext, Step as LaneStep, Stopped, Threads, record, run,
    toy::{
        ACCOUNTS, Account, KNOWN, Place, SLOTS, Sender, State, Step, ToyCode, ToyVm, Transaction, address,
        at_first, in_order, increment, load, write,
    },
};
use crate::{
    cancel::CancelFlag,
    schedule::{
        AccountNo, Foresight, MOST_FAILED, Memory, Report, Scheduler, SchedulerHints, Task, ViewKind, Write,
    },
    strategies::{self, Strategy, StrategyId},
    units::{TxIndex, Version},
};
#[cfg(not(shuttle))]
use crate::{
    drive::{Simulation, simulate},
    model::{Cost, CostModel},
};

/// Schedules on each block that are drawn at random.
#[cfg(shuttle)]
const RANDOM: usize = 40;
/// Schedules on each block that are drawn by PCT.
#[cfg(shuttle)]
const PCT: usize = 20;
/// Changes of priority in a schedule of PCT, plus one.
#[cfg(shuttle)]
const DEPTH: usize = 3;
/// More steps than any block needs: a schedule with more never ends.
#[cfg(shuttle)]
const STEPS: usize = 200_000;

/// A block of toy transactions, and how it is run.
#[derive(Debug)]
struct Toy {
    strategy: StrategyId,
    transactions: Vec<Transaction>,
    gas_limit: u64,
    beneficiary: Account,
    /// Transactions that others should wait for, besides those of the same sender.
    after: Vec<Option<TxIndex>>,
    waits: Vec<Vec<TxIndex>>,
    /// A block access list: the values that transactions leave behind; for balances, the amounts that they
    /// add.
    list: Vec<(TxIndex, Place, u64)>,
    /// Transactions that start before others.
    first: Vec<TxIndex>,
    lanes: u16,
    /// The length of everything by the lanes' clock, which decides the size of batches.
    tick: u64,
    /// Whether the run is recorded.
    record: bool,
    /// The run is cancelled after this many turns.
    stop: Option<i64>,
    /// The number of the step that panics: a step of a lane's work, or one of the scheduler's.
    panic: Option<i64>,
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    /// One of few accounts, so that transactions conflict.
    fn account(&mut self, accounts: u64) -> Account {
        // Every other one is not listed by the pre-state.
        let i = self.below(accounts) as usize;
        if i.is_multiple_of(2) { i / 2 } else { KNOWN + i / 2 }
    }

    fn place(&mut self, accounts: u64) -> Place {
        let account = self.account(accounts);
        match self.below(6) {
            0 => Place::Balance(account),
            1 => Place::Nonce(account),
            2 => Place::Code(account),
            _ => Place::Slot(account, self.below(SLOTS)),
        }
    }

    /// A location to read.
    fn look(&mut self, accounts: u64) -> Place {
        match self.below(8) {
            0 => Place::Exists(self.account(accounts)),
            _ => self.place(accounts),
        }
    }

    fn step(&mut self, accounts: u64) -> Step {
        match self.below(14) {
            0..=5 => Step::Copy { from: self.look(accounts), to: self.place(accounts) },
            6 | 7 => Step::Pay(self.account(accounts), 1 + self.below(3)),
            8 => Step::Create(self.account(accounts)),
            9 => Step::Destroy(self.account(accounts)),
            10 => Step::Touch(self.account(accounts)),
            11 => Step::UnlessBlank(self.account(accounts)),
            _ => Step::IfOdd(self.look(accounts)),
        }
    }

    /// A step that creates or destroys an account, gives it code, reads its code, or copies from its storage.
    fn rare_step(&mut self, account: Account) -> Step {
        match self.below(6) {
            0 => Step::Copy { from: Place::Nonce(account), to: Place::Code(account) },
            1 => Step::Create(account),
            2 => Step::Destroy(account),
            3 => Step::IfOdd(Place::Code(account)),
            _ => {
                Step::Copy { from: Place::Slot(account, self.below(SLOTS)), to: self.place(ACCOUNTS as u64) }
            }
        }
    }

    fn steps(&mut self, accounts: u64) -> Vec<Step> {
        (0..1 + self.below(4)).map(|_| self.step(accounts)).collect()
    }

    /// Steps of a block in which all transactions use code or existence of one account.
    fn rare_steps(&mut self, account: Account) -> Vec<Step> {
        (0..1 + self.below(3)).map(|_| self.rare_step(account)).collect()
    }

    /// A transaction of one of two senders, whose next nonces are counted in `next`. Any transaction may
    /// write the nonce of an authority, as delegated code and authorisations do (EIP-7702).
    fn sent(
        &mut self,
        accounts: u64,
        senders: [Account; 2],
        authorities: &[Account],
        next: &mut BTreeMap<Account, u64>,
    ) -> Transaction {
        let from = senders[self.below(2) as usize];
        let count = next.entry(from).or_insert(at_first(Place::Nonce(from)));
        let (nonce, used) = match self.below(8) {
            // Too high, unless another transaction writes the nonce; or the next transaction carries it, too.
            0 => (*count + 1, 0),
            1 => (*count, 0),
            _ => (*count, 1),
        };
        *count += used;
        let payment = self.below(3) > 0;
        // Most recipients run no code.
        let mut steps = if payment && self.below(3) > 0 { Vec::new() } else { self.steps(accounts) };
        if !authorities.is_empty() && (!payment || self.below(4) == 0) {
            let account = authorities[self.below(authorities.len() as u64) as usize];
            steps.insert(0, Step::Copy { from: Place::Nonce(account), to: Place::Nonce(account) });
            *next.entry(account).or_insert(at_first(Place::Nonce(account))) += self.below(2);
        }
        Transaction {
            sent: Some(Sender { account: from, nonce, stays_without_code: !authorities.contains(&from) }),
            pays: (payment || self.below(2) == 0).then(|| (1 + self.below(6), self.account(accounts))),
            guard: (self.below(3) == 0).then(|| self.look(accounts)),
            steps,
            conflict_class: None,
        }
    }
}

impl Toy {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let accounts = 1 + random.below(ACCOUNTS as u64);
        let count = 2 + random.below(4);
        // One listed account with a nonce, one without, and one that is not listed.
        let senders = [[0, 1], [0, 2], [1, 2]][random.below(3) as usize];
        let mut authorities: Vec<Account> = (0..2).map(|_| senders[random.below(2) as usize]).collect();
        authorities.truncate(random.below(3) as usize);
        let mut next = BTreeMap::new();
        let mut transactions: Vec<Transaction> = match random.below(9) {
            0..4 => (0..count).map(|_| random.sent(accounts, senders, &authorities, &mut next)).collect(),
            4 => {
                let account = random.account(ACCOUNTS as u64);
                (0..count).map(|_| Transaction::doing(random.rare_steps(account))).collect()
            }
            _ => (0..count).map(|_| Transaction::doing(random.steps(accounts))).collect(),
        };
        // The facts of a sender without code must be true: only its own transactions write its nonce, its
        // payments by raising it; and if it has a nonce, only its own transactions take from its balance.
        for Transaction { sent, pays, steps, .. } in &mut transactions {
            let counts = |account: Account| {
                let own = sent.is_some_and(|sent| {
                    sent.account == account && !(sent.stays_without_code && pays.is_some())
                });
                authorities.contains(&account) || own || !next.contains_key(&account)
            };
            let takes = |account: Account| {
                authorities.contains(&account)
                    || !next.contains_key(&account)
                    || at_first(Place::Nonce(account)) == 0
            };
            steps.retain(|step| step.nonce_of().is_none_or(counts) && step.takes_from().is_none_or(takes));
        }
        let some = [0, 1, 3][random.below(3) as usize];
        for transaction in &mut transactions {
            transaction.conflict_class = (random.below(4) < some).then_some(0);
        }
        let after = (0..count)
            .map(|i| (i > 0 && random.below(5) == 0).then(|| TxIndex(random.below(i) as u32)))
            .collect();
        // These transactions need not exist, nor be different.
        let first = (0..random.below(3)).map(|_| TxIndex(random.below(count + 1) as u32)).collect();
        let mut toy = Self {
            strategy: match random.below(10) {
                0..=4 => StrategyId::BLOCK_STM,
                5 => StrategyId::ORDERED_COMMIT,
                6 => StrategyId::ACCESS_LIST,
                7 => StrategyId::PERFECT_ACCESS_LIST,
                _ => StrategyId::BLOCK_ACCESS_LIST,
            },
            transactions,
            // Some blocks are full before their end.
            gas_limit: if random.below(12) == 0 { 4 + random.below(8) } else { u64::MAX },
            beneficiary: random.account(accounts),
            after,
            waits: Vec::new(),
            list: Vec::new(),
            first,
            lanes: 2 + random.below(3).min(random.below(3)) as u16,
            tick: [100, 4_000, 1_000_000][random.below(3) as usize],
            record: random.below(2) == 0,
            stop: (random.below(12) == 0).then(|| random.below(10) as i64),
            panic: None,
        };
        // From a seed of its own, so that the rest of a block does not depend on it.
        let panic = Random(seed ^ 0x0070_616e_6963).below(60) as i64;
        toy.panic = (panic < 40 && seed % 8 == 7).then_some(panic);
        match toy.strategy {
            StrategyId::ACCESS_LIST => toy.waits = toy.declared(&mut random),
            StrategyId::PERFECT_ACCESS_LIST => {
                let recorded = record(&toy.load(), &CancelFlag::new(), |machine| machine, |_| ());
                toy.waits = recorded.expect("the run is not cancelled").0.waits;
            }
            StrategyId::BLOCK_ACCESS_LIST => toy.list = toy.listed(&mut random),
            _ => {}
        }
        toy
    }

    /// Compares a run with the block in order.
    fn compare(&self, ended: &Ended<ToyVm>) {
        let (all, state) = in_order(&self.transactions, self.gas_limit);
        assert_eq!(State::after(&ended.addresses, &ended.finals), state, "the state after the block");
        for (i, (receipt, effects)) in ended.receipts.iter().zip(&all).enumerate() {
            assert_eq!(receipt.observed, effects.observed, "the values that transaction {i} read");
            assert_eq!(receipt.included, !effects.refused, "whether transaction {i} was included");
        }
    }

    fn load(&self) -> Block<ToyVm> {
        load(&self.transactions, self.gas_limit, self.beneficiary)
    }

    /// Transactions to wait for, as if some declared the same slots.
    fn declared(&self, random: &mut Random) -> Vec<Vec<TxIndex>> {
        let some = |i: usize| (0..i as u32).map(TxIndex).filter(|_| random.below(3) == 0).collect();
        (0..self.transactions.len()).map(some).collect()
    }

    /// A block access list; in some blocks with mistakes.
    fn listed(&self, random: &mut Random) -> Vec<(TxIndex, Place, u64)> {
        let mut state = State::before();
        let mut list = Vec::new();
        let (all, _) = in_order(&self.transactions, self.gas_limit);
        for (i, effects) in all.iter().enumerate() {
            let changes = effects.changes(&state);
            list.extend(changes.into_iter().map(|(place, value)| (TxIndex(i as u32), place, value)));
            state.apply(effects);
        }
        if random.below(3) == 0 {
            list.retain(|_| random.below(4) > 0);
        }
        if random.below(3) == 0 {
            let some = list.iter_mut().filter(|_| random.below(3) == 0);
            some.for_each(|(.., value)| *value = value.wrapping_add(1));
        }
        // A write that does not happen, to a location that another transaction reads.
        let mut read: Vec<Place> = all.iter().flat_map(|effects| &effects.reads).copied().collect();
        // A list cannot express existence.
        read.retain(|place| !matches!(place, Place::Exists(_)));
        if !read.is_empty() && random.below(2) == 0 {
            let tx = TxIndex(random.below(all.len() as u64) as u32);
            list.push((tx, read[random.below(read.len() as u64) as usize], random.below(5)));
        }
        list
    }

    /// The writes that the list predicts. They count as written.
    fn predicted(&self, vm: &ToyVm, memory: &Memory<'_, ToyCode>) -> PredictedWrites<ToyCode> {
        let mut no = |account: Account| match account {
            0..KNOWN => AccountNo(account as u32),
            _ => memory.intern_account(&address(account)),
        };
        let mut slot_no = |no, slot: &alloy_primitives::U256| Some(memory.slot_no(no, slot));
        let mut writes = Vec::new();
        for (tx, place, value) in &self.list {
            let write = match *place {
                Place::Balance(account) => Write::Increment(no(account), increment(*value as i64)),
                _ => write(*place, *value, &mut no, &mut slot_no),
            };
            vm.tried[tx.index()].note([write.key()]);
            writes.push((*tx, write));
        }
        PredictedWrites::new(self.transactions.len(), writes)
    }
}

/// Counts steps until one panics.
struct Fuse(Option<StdI64>);

impl Fuse {
    fn step(&self) {
        if let Some(left) = &self.0
            && left.fetch_sub(1, Relaxed) == 0
        {
            // Without a message: it is no failure.
            resume_unwind(Box::new(WantedPanic));
        }
    }

    fn is_blown(&self) -> bool {
        self.0.as_ref().is_some_and(|left| left.load(Relaxed) < 0)
    }
}

/// The payload of a panic that the test causes.
struct WantedPanic;

/// A strategy whose scheduler gets additional transactions to wait for, and panics at a chosen step.
struct ToyStrategy<'a> {
    toy: &'a Toy,
    inner: Box<dyn Strategy>,
    fuse: StdArc<Fuse>,
}

impl Strategy for ToyStrategy<'_> {
    fn id(&self) -> StrategyId {
        self.inner.id()
    }

    fn view(&self) -> ViewKind {
        self.inner.view()
    }

    fn foresight(&self) -> Foresight {
        self.inner.foresight()
    }

    fn scheduler(&self, hints: &SchedulerHints<'_>) -> Box<dyn Scheduler> {
        let more = self.toy.after.iter().zip(hints.earlier);
        let earlier: Vec<Option<TxIndex>> = more.map(|(more, earlier)| more.or(*earlier)).collect();
        let inner = self.inner.scheduler(&SchedulerHints { earlier: &earlier, ..*hints });
        Box::new(FusedScheduler { inner, fuse: StdArc::clone(&self.fuse) })
    }
}

struct FusedScheduler {
    inner: Box<dyn Scheduler>,
    fuse: StdArc<Fuse>,
}

impl Scheduler for FusedScheduler {
    fn next(&mut self) -> Task {
        self.fuse.step();
        self.inner.next()
    }

    fn next_dependent(&mut self, tx: TxIndex) -> Option<Version> {
        self.inner.next_dependent(tx)
    }

    fn settled(&self) -> Option<TxIndex> {
        self.inner.settled()
    }

    fn runnable(&self) -> usize {
        self.inner.runnable()
    }

    fn batch_limit(&self) -> usize {
        self.inner.batch_limit()
    }

    fn report(&mut self, report: Report) {
        self.inner.report(report);
        self.fuse.step();
    }

    fn claim_abort(&mut self, version: Version) -> bool {
        self.fuse.step();
        self.inner.claim_abort(version)
    }
}

/// Threads of the model checker, or real ones.
#[derive(Default)]
struct ToyThreads {
    /// A panic that the test did not cause.
    failure: StdMutex<Option<Box<dyn Any + Send>>>,
}

impl Threads for ToyThreads {
    fn count(&self) -> usize {
        usize::MAX
    }

    fn cores(&self) -> Option<usize> {
        Some(1)
    }

    fn run(&self, lanes: usize, lane: &(dyn Fn(usize) + Sync)) {
        let panicked = StdBool::new(false);
        thread::scope(|scope| {
            for i in 0..lanes {
                let panicked = &panicked;
                scope.spawn(move || {
                    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| lane(i))) {
                        panicked.store(true, Relaxed);
                        if !panic.is::<WantedPanic>() {
                            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
                        }
                    }
                });
            }
        });
        // The test waits here: after a panic all lanes must end.
        if panicked.into_inner() {
            resume_unwind(Box::new(WantedPanic));
        }
    }
}

/// Runs the block on simulated lanes.
#[cfg(not(shuttle))]
fn on_simulated_lanes(toy: &Toy, seed: u64) {
    let block = toy.load();
    let strategy = strategies::strategy(toy.strategy);
    let hints = Hints { waits: &toy.waits, predict: &|memory| toy.predicted(block.vm(), memory) };
    let context = Simulation {
        model: CostModel { cost: Cost::Gas, seed },
        measured: &[],
        cancel: &CancelFlag::new(),
        progress: &|_| {},
        record: toy.record,
    };
    let lanes = toy.lanes + 2 * (seed % 4) as u16;
    let ended = simulate(&block, &*strategy, lanes, &hints, &context).expect("the run is not cancelled");
    toy.compare(&ended);
}

/// Counts over all schedules.
#[derive(Debug, Default)]
struct Census {
    schedules: usize,
    stopped: usize,
    /// Schedules in which a lane panicked.
    panicked: usize,
    attempts: usize,
    /// Attempts beyond each transaction's first.
    again: usize,
    most_attempts: usize,
    /// Transactions that could not be included.
    refused: usize,
    /// Schedules on a block that is full before its end.
    full: usize,
    /// Number of schedules of each strategy.
    strategies: BTreeMap<&'static str, usize>,
}

/// Runs the block on lanes: threads of the model checker, or real ones.
fn on_lanes(toy: &Toy, census: &StdMutex<Census>) {
    let fuse = StdArc::new(Fuse(toy.panic.map(StdI64::new)));
    let cancel = StdArc::new(CancelFlag::new());
    let mut block = toy.load();
    let turns_left = toy.stop.map(StdI64::new);
    let (hooked, flag) = (StdArc::clone(&fuse), StdArc::clone(&cancel));
    block.hook = Some(Box::new(move |step| {
        hooked.step();
        if let (LaneStep::Turn, Some(left)) = (step, &turns_left)
            && left.fetch_sub(1, Relaxed) <= 0
        {
            flag.set();
        }
    }));
    let strategy = ToyStrategy { toy, inner: strategies::strategy(toy.strategy), fuse: StdArc::clone(&fuse) };
    let time = StdU64::new(1);
    let clock = || time.fetch_add(toy.tick, Relaxed);
    let threads = ToyThreads::default();
    let context = RunContext {
        clock: &clock,
        cancel: &cancel,
        progress: &AtomicU32::new(0),
        threads: &threads,
        first: &toy.first,
        record: toy.record,
    };
    let hints = Hints { waits: &toy.waits, predict: &|memory| toy.predicted(block.vm(), memory) };
    let ended = run(&block, &strategy, toy.lanes, &hints, &context);
    if let Some(failure) = threads.failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        resume_unwind(failure);
    }

    let mut census = census.lock().expect("no thread panics while it holds the lock");
    census.schedules += 1;
    let ended = match ended {
        Ok(ended) => ended,
        Err(Stopped::LanePanicked) if fuse.is_blown() => {
            census.panicked += 1;
            return;
        }
        Err(Stopped::Cancelled) if cancel.is_set() => {
            census.stopped += 1;
            return;
        }
        Err(stopped) => panic!("{stopped}"),
    };
    *census.strategies.entry(toy.strategy.name()).or_default() += 1;
    toy.compare(&ended);
    census.refused += ended.receipts.iter().filter(|receipt| !receipt.included).count();
    let tried = || block.vm().tried.iter().map(|tried| tried.attempts.load(Relaxed));
    let full = toy.gas_limit < u64::MAX;
    if full {
        census.full += 1;
        return;
    }
    if toy.record {
        assert_eq!(ended.trace.attempts.len(), tried().sum(), "attempts in the trace");
    }
    // An attempt is aborted because something below changed since it read. A change is one change of one
    // location, by one attempt or one abort, and the next attempt starts after it. A prediction changes with
    // each attempt at the payment without being a location: it counts as one more.
    let mut bound = 1;
    for (i, (attempts, tried)) in tried().zip(&block.vm().tried).enumerate() {
        let most = match toy.strategy {
            // Once on the state that was committed by then, once on the state before it.
            StrategyId::ORDERED_COMMIT => 2,
            // Every value that it reads is there.
            StrategyId::PERFECT_ACCESS_LIST => 1,
            _ => bound,
        };
        assert!(attempts <= most, "{attempts} attempts at transaction {i}, {most} can be");
        let written = tried.written.lock().unwrap_or_else(PoisonError::into_inner).len();
        bound += (written + usize::from(block.order.predicts_nonce(TxIndex(i as u32)))) * (2 * attempts - 1);
        census.attempts += attempts;
        census.again += attempts - 1;
        census.most_attempts = census.most_attempts.max(attempts);
    }
    let transactions = toy.transactions.len();
    let failed = tried().sum::<usize>() - transactions;
    assert!(failed <= MOST_FAILED * transactions, "{failed} attempts failed");
}

#[cfg(shuttle)]
fn check(seed: u64, checker: impl Checker + 'static, census: &StdArc<StdMutex<Census>>) {
    let toy = Toy::new(seed);
    let shown = format!("{toy:#?}");
    let mut config = shuttle::Config::new();
    config.max_steps = shuttle::MaxSteps::FailAfter(STEPS);
    config.silence_warnings = true;
    // The memory's maps of locks are large in a model, and are made on the stack.
    config.stack_size = 1 << 18;
    let census = StdArc::clone(census);
    let runner = shuttle::Runner::new(checker, config);
    let outcome = catch_unwind(AssertUnwindSafe(|| runner.run(move || on_lanes(&toy, &census))));
    if let Err(panic) = outcome {
        eprintln!("{shown}\nseed {seed}. To run that schedule again, with the schedule as printed above:");
        eprintln!("  cargo xtask models --seed {seed} --schedule SCHEDULE");
        resume_unwind(panic);
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// `EVM_LANES_SCHEDULES` says how many schedules; `EVM_LANES_SEED` names one block and
/// `EVM_LANES_SCHEDULE` one schedule on it.
#[cfg(shuttle)]
#[test]
fn lanes_end_as_one_transaction_after_the_other() {
    let census = StdArc::new(StdMutex::new(Census::default()));
    let seed = variable("EVM_LANES_SEED").and_then(|seed| seed.parse().ok());
    if let (Some(seed), Some(schedule)) = (seed, variable("EVM_LANES_SCHEDULE")) {
        check(seed, ReplayScheduler::new_from_encoded(schedule.trim()), &census);
        return;
    }
    let schedules = variable("EVM_LANES_SCHEDULES").and_then(|n| n.parse().ok()).unwrap_or(50_000);
    let blocks = (schedules / (RANDOM + PCT)).max(1) as u64;
    for seed in seed.map_or(0..blocks, |seed| seed..seed + 1) {
        check(seed, RandomScheduler::new_from_seed(seed, RANDOM), &census);
        check(seed, PctScheduler::new_from_seed(seed, DEPTH, PCT), &census);
    }
    let census = census.lock().expect("no thread panics while it holds the lock");
    eprintln!("{blocks} blocks: {census:?}");
    assert!(
        census.stopped > 0
            && census.full > 0
            && census.panicked > 0
            && census.again > census.schedules / 10
            && census.refused > census.schedules / 10
            && census.strategies.len() == 5,
        "the models do too little: {census:?}"
    );
}

/// `EVM_LANES_TOYS` says how many blocks.
#[cfg(not(shuttle))]
#[test]
fn lanes_on_threads_end_as_one_transaction_after_the_other() {
    let census = StdMutex::new(Census::default());
    // Under Miri one block takes some tenths of a second.
    let few = if cfg!(miri) { 20 } else { 3_000 };
    let blocks: u64 = variable("EVM_LANES_TOYS").and_then(|n| n.parse().ok()).unwrap_or(few);
    for seed in 0..blocks {
        let toy = Toy::new(seed);
        let run = AssertUnwindSafe(|| {
            on_simulated_lanes(&toy, seed);
            on_lanes(&toy, &census);
        });
        if let Err(panic) = catch_unwind(run) {
            eprintln!("seed {seed}: {toy:#?}");
            resume_unwind(panic);
        }
    }
    let census = census.lock().expect("no thread panics while it holds the lock");
    eprintln!("{blocks} blocks: {census:?}");
    assert_eq!(census.schedules as u64, blocks);
    // Few blocks need not have everything.
    let has_everything = census.strategies.len() == 5 && census.refused > 0 && census.again > 0;
    assert!(has_everything || blocks < 1_000, "the toys do too little: {census:?}");
}

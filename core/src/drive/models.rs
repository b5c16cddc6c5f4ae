//! The lanes' loop, the scheduler and the memory under a model checker: whatever the order in
//! which lanes take their steps, a block ends where one transaction after the other ends.
//!
//! ```text
//! seed ─▶ a toy block ─┬─ in order, on a map ────────────────────────────────▶ reads, state
//!                      └─ Turns × BlockStm × Memory, on every schedule tried ▶ the same
//! ```
//! Transactions are toys (copies, payments, births and deaths on a few locations); everything that
//! orders lanes is the real thing. Schedules are drawn at random and by PCT (Burckhardt et al.,
//! ASPLOS 2010). A lane that nobody would wake is a deadlock here, because the model's clock never
//! ends a nap. Orderings weaker than sequentially consistent are not modelled.
//!
//! `cargo xtask models` runs this; it says how a schedule that failed is run again.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc as StdArc, Mutex as StdMutex,
        atomic::{AtomicI64 as StdI64, AtomicU64 as StdU64, Ordering::Relaxed},
    },
};

use alloy_primitives::{Address, U256};
use shuttle::scheduler::{PctScheduler, RandomScheduler, ReplayScheduler, Scheduler as Checker};

use super::lanes::{Turns, Work};
use crate::{
    schedule::{
        self, AccountNo, Collector, Finals, Key, Known, Life, Memory, Report, Slot, SlotNumbers, Write,
        sync::{Mutex, lock},
    },
    trace::{SpanKind, StrategyId},
    units::{TxIndex, Version},
};

/// Schedules on each block: so many at random, and so many by PCT.
const RANDOM: usize = 40;
const PCT: usize = 20;
/// Changes of priority in a schedule of PCT, and one.
const DEPTH: usize = 3;
/// More steps than any block needs: a schedule that takes more is going in circles.
const STEPS: usize = 200_000;

/// Accounts; the first are known before the block.
const ACCOUNTS: usize = 4;
const KNOWN: usize = 2;
const SLOTS: u64 = 2;

type Who = usize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Balance(Who),
    Nonce(Who),
    Code(Who),
    Slot(Who, u64),
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// `to` = `from` + 1.
    Copy { from: Place, to: Place },
    /// Adds to a balance without a look at it.
    Pay(Who, u64),
    /// The account begins anew, without storage.
    Create(Who),
    /// It is gone, with all that it had.
    Destroy(Who),
    /// What follows is only done if there is an odd number.
    IfOdd(Place),
}

/// A block of toy transactions, and how it is run.
#[derive(Debug)]
struct Toy {
    transactions: Vec<Vec<Step>>,
    earlier: Vec<Option<TxIndex>>,
    /// Some, to be started before others.
    first: Vec<TxIndex>,
    lanes: usize,
    /// How long everything takes by the lanes' clock, which decides on the size of portions.
    tick: u64,
    /// The lanes are told to stop after so many turns.
    stop: Option<i64>,
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

    /// Of few accounts, so that transactions meet.
    fn who(&mut self, accounts: u64) -> Who {
        // Those from behind are newcomers.
        let i = self.below(accounts) as usize;
        if i.is_multiple_of(2) { i / 2 } else { KNOWN + i / 2 }
    }

    fn place(&mut self, accounts: u64) -> Place {
        let who = self.who(accounts);
        match self.below(6) {
            0 => Place::Balance(who),
            1 => Place::Nonce(who),
            2 => Place::Code(who),
            _ => Place::Slot(who, self.below(SLOTS)),
        }
    }

    fn step(&mut self, accounts: u64) -> Step {
        match self.below(12) {
            0..=5 => Step::Copy { from: self.place(accounts), to: self.place(accounts) },
            6 | 7 => Step::Pay(self.who(accounts), 1 + self.below(3)),
            8 => Step::Create(self.who(accounts)),
            9 => Step::Destroy(self.who(accounts)),
            _ => Step::IfOdd(self.place(accounts)),
        }
    }
}

impl Toy {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let accounts = 1 + random.below(ACCOUNTS as u64);
        let count = 2 + random.below(4);
        let transactions =
            (0..count).map(|_| (0..1 + random.below(4)).map(|_| random.step(accounts)).collect()).collect();
        let earlier = (0..count)
            .map(|i| (i > 0 && random.below(5) == 0).then(|| TxIndex(random.below(i) as u32)))
            .collect();
        // Such transactions need not be there, nor need they be different.
        let first = (0..random.below(3)).map(|_| TxIndex(random.below(count + 1) as u32)).collect();
        Self {
            transactions,
            earlier,
            first,
            lanes: 2 + random.below(3).min(random.below(3)) as usize,
            tick: [100, 4_000, 1_000_000][random.below(3) as usize],
            stop: (random.below(12) == 0).then(|| random.below(10) as i64),
        }
    }
}

/// What an attempt saw and changes.
struct Effects {
    observed: Vec<u64>,
    set: BTreeMap<Place, u64>,
    added: BTreeMap<Who, u64>,
    lives: BTreeMap<Who, Life>,
}

impl Effects {
    /// Does the steps on the state that `before` reads.
    fn of<E>(steps: &[Step], mut before: impl FnMut(Place) -> Result<u64, E>) -> Result<Self, E> {
        let mut this = Self {
            observed: Vec::new(),
            set: BTreeMap::new(),
            added: BTreeMap::new(),
            lives: BTreeMap::new(),
        };
        for step in steps {
            match *step {
                Step::Copy { from, to } => {
                    let value = this.read(from, &mut before)? + 1;
                    // What is gone has no storage.
                    let lost = matches!(to, Place::Slot(who, _) if this.lives.get(&who) == Some(&Life::Gone));
                    if !lost {
                        this.set.insert(to, value);
                    }
                    if let Place::Balance(who) = to {
                        this.added.remove(&who);
                    }
                }
                Step::Pay(who, amount) => match this.set.get_mut(&Place::Balance(who)) {
                    Some(balance) => *balance += amount,
                    None => *this.added.entry(who).or_default() += amount,
                },
                Step::Create(who) => this.begin(who, Life::Created),
                Step::Destroy(who) => {
                    this.begin(who, Life::Gone);
                    this.added.remove(&who);
                    this.set.extend([
                        (Place::Balance(who), 0),
                        (Place::Nonce(who), 0),
                        (Place::Code(who), 0),
                    ]);
                }
                Step::IfOdd(place) => {
                    if this.read(place, &mut before)? % 2 == 0 {
                        break;
                    }
                }
            }
        }
        Ok(this)
    }

    fn begin(&mut self, who: Who, life: Life) {
        self.lives.insert(who, life);
        self.set.retain(|place, _| !matches!(place, Place::Slot(whose, _) if *whose == who));
    }

    fn read<E>(&mut self, place: Place, before: &mut impl FnMut(Place) -> Result<u64, E>) -> Result<u64, E> {
        let value = match (self.set.get(&place), place) {
            (Some(own), _) => *own,
            (None, Place::Slot(who, _)) if self.lives.contains_key(&who) => 0,
            (None, Place::Balance(who)) => before(place)? + self.added.get(&who).unwrap_or(&0),
            (None, _) => before(place)?,
        };
        self.observed.push(value);
        Ok(value)
    }

    fn writes(&self, no: impl Fn(Who) -> AccountNo, numbers: &SlotNumbers) -> Vec<Write<u64>> {
        let lives = self.lives.iter().map(|(who, life)| Write::Life(no(*who), *life));
        let set = self.set.iter().map(|(place, value)| match *place {
            Place::Balance(who) => Write::Balance(no(who), U256::from(*value)),
            Place::Nonce(who) => Write::Nonce(no(who), *value),
            Place::Code(who) => Write::Code(no(who), *value),
            Place::Slot(who, slot) => {
                let slot = U256::from(slot);
                Write::Slot(no(who), slot, numbers.number(no(who), &slot), U256::from(*value))
            }
        });
        let added = self.added.iter().map(|(who, value)| Write::Increment(no(*who), U256::from(*value)));
        lives.chain(set).chain(added).collect()
    }
}

/// Every place's value, and what last happened to each account's existence.
#[derive(Debug, Default, PartialEq, Eq)]
struct State {
    values: BTreeMap<Place, u64>,
    exists: BTreeMap<Who, bool>,
}

fn at_first(place: Place) -> u64 {
    match place {
        Place::Balance(who) if who < KNOWN => 10 + who as u64,
        Place::Slot(who, slot) if who < KNOWN => who as u64 + slot,
        _ => 0,
    }
}

impl State {
    fn before() -> Self {
        let places = (0..ACCOUNTS).flat_map(|who| {
            let slots = (0..SLOTS).map(move |slot| Place::Slot(who, slot));
            slots.chain([Place::Balance(who), Place::Nonce(who), Place::Code(who)])
        });
        Self { values: places.map(|place| (place, at_first(place))).collect(), exists: BTreeMap::new() }
    }

    fn wipe(&mut self, who: Who) {
        (0..SLOTS).for_each(|slot| {
            self.values.insert(Place::Slot(who, slot), 0);
        });
    }

    fn apply(&mut self, effects: &Effects) {
        for (who, life) in &effects.lives {
            self.wipe(*who);
            self.exists.insert(*who, life.exists());
        }
        self.values.extend(&effects.set);
        for (who, value) in &effects.added {
            *self.values.entry(Place::Balance(*who)).or_default() += value;
        }
    }
}

/// The block in order: what each transaction saw, and the state after.
fn in_order(toy: &Toy) -> (Vec<Vec<u64>>, State) {
    let mut state = State::before();
    let mut observed = Vec::new();
    for steps in &toy.transactions {
        let read = |place| Ok::<_, std::convert::Infallible>(state.values[&place]);
        let Ok(effects) = Effects::of(steps, read);
        state.apply(&effects);
        observed.push(effects.observed);
    }
    (observed, state)
}

#[derive(Default)]
struct TxResult {
    version: Option<Version>,
    checks: Vec<(Place, u64)>,
    keys: Vec<Key>,
    observed: Vec<u64>,
    /// Attempts so far, and every location that one of them wrote to.
    attempts: usize,
    written: Vec<Key>,
}

struct Shared<'a> {
    toy: &'a Toy,
    memory: Memory<'a, u64>,
    numbers: &'a SlotNumbers,
    results: Vec<Mutex<TxResult>>,
    turns_left: StdI64,
}

impl Shared<'_> {
    fn no(&self, who: Who) -> AccountNo {
        match who {
            0..KNOWN => AccountNo(who as u32),
            _ => self.memory.newcomer(&address(who)),
        }
    }

    fn read(&self, place: Place, tx: TxIndex) -> Result<u64, Version> {
        let memory = &self.memory;
        let written = match place {
            Place::Balance(who) => {
                let base = U256::from(at_first(place));
                Some(memory.balance(self.no(who), tx, base, |_| ())?.to::<u64>())
            }
            Place::Nonce(who) => memory.nonce(self.no(who), tx)?.map(|(nonce, _)| nonce),
            Place::Code(who) => memory.code(self.no(who), tx)?.map(|(code, _)| code),
            Place::Slot(who, slot) => {
                let (no, slot) = (self.no(who), U256::from(slot));
                let read = memory.slot(no, Slot::new(&slot, self.numbers.number(no, &slot)), tx)?;
                read.map(|(value, _)| value.to::<u64>())
            }
        };
        Ok(written.unwrap_or(at_first(place)))
    }

    fn state(&self) -> State {
        let mut state = State::before();
        let newcomers = self.memory.newcomers();
        let who = |no: AccountNo| match newcomers.iter().find(|(_, known)| *known == no) {
            Some((met, _)) => (0..ACCOUNTS).find(|who| address(*who) == *met).expect("a toy's account"),
            None => no.index(),
        };
        let base = |no| U256::from(at_first(Place::Balance(who(no))));
        let mut finals = Finals::default();
        (0..self.memory.pieces()).for_each(|piece| self.memory.finals(piece, base, &mut finals));
        for last in finals.accounts {
            let who = who(last.account);
            if last.wiped {
                state.wipe(who);
            }
            state.exists.extend(last.exists.map(|exists| (who, exists)));
            let set = [
                last.balance.map(|value| (Place::Balance(who), value.to::<u64>())),
                last.nonce.map(|value| (Place::Nonce(who), value)),
                last.code.map(|value| (Place::Code(who), value)),
            ];
            state.values.extend(set.into_iter().flatten());
        }
        for (no, slot, value) in finals.slots {
            state.values.insert(Place::Slot(who(no), slot.to::<u64>()), value.to::<u64>());
        }
        state
    }
}

fn address(who: Who) -> Address {
    Address::with_last_byte(who as u8 + 1)
}

/// One lane at work on toys.
struct Lane<'a> {
    shared: &'a Shared<'a>,
}

impl Work for Lane<'_> {
    fn execute(&mut self, version: Version, _: u64) -> Report {
        let Shared { toy, memory, results, .. } = self.shared;
        let mut checks = Vec::new();
        let outcome = Effects::of(&toy.transactions[version.tx.index()], |place| {
            let value = self.shared.read(place, version.tx)?;
            checks.push((place, value));
            Ok(value)
        });
        let mut result = lock(&results[version.tx.index()]);
        result.attempts += 1;
        match outcome {
            Err(Version { tx: writer, .. }) => {
                assert!(writer < version.tx, "transaction {} waits for {}", version.tx.0, writer.0);
                Report::Blocked { version, writer }
            }
            Ok(effects) => {
                let writes = effects.writes(|who| self.shared.no(who), self.shared.numbers);
                let wrote_new = memory.record(version, writes, &mut result.keys);
                let TxResult { keys, written, .. } = &mut *result;
                written.extend(keys.iter().filter(|key| !written.contains(key)).copied().collect::<Vec<_>>());
                result.version = Some(version);
                result.checks = checks;
                result.observed = effects.observed;
                Report::Executed { version, wrote_new }
            }
        }
    }

    fn ended(&mut self, _: u64) {}

    fn validate(&mut self, version: Version, turns: &Turns<'_>) -> Report {
        let result = lock(&self.shared.results[version.tx.index()]);
        if result.version != Some(version) {
            return Report::Valid { version };
        }
        let holds = |(place, value): &(Place, u64)| self.shared.read(*place, version.tx) == Ok(*value);
        if result.checks.iter().all(holds) || !turns.claim_abort(version) {
            return Report::Valid { version };
        }
        self.shared.memory.withdraw(version.tx, &result.keys);
        Report::Aborted { version }
    }

    fn span(&mut self, _: u64, _: u64, _: SpanKind) {}

    fn between_turns(&mut self) -> bool {
        self.shared.toy.stop.is_some() && self.shared.turns_left.fetch_sub(1, Relaxed) <= 0
    }
}

/// What all schedules together came to.
#[derive(Debug, Default)]
struct Census {
    schedules: usize,
    stopped: usize,
    attempts: usize,
    /// Attempts beyond each transaction's first.
    again: usize,
    most_attempts: usize,
}

/// Runs the block on lanes, under the model checker.
fn on_lanes(toy: &Toy, census: &StdMutex<Census>) {
    let time = StdU64::new(1);
    let clock = || time.fetch_add(toy.tick, Relaxed);
    let scheduler = schedule::strategy(StrategyId::BlockStm).scheduler(&Known {
        earlier: &toy.earlier,
        first: &toy.first,
        waits: &[],
    });
    let turns = Turns::new(scheduler, toy.lanes, 1, &clock);
    // Of each known account's slots, the first has a number.
    let numbers = (0..KNOWN).map(|who| (AccountNo(who as u32), U256::ZERO)).collect();
    let shared = Shared {
        toy,
        memory: Memory::new(toy.transactions.len(), KNOWN, &numbers, Collector::Known(AccountNo(0))),
        numbers: &numbers,
        results: toy.transactions.iter().map(|_| Mutex::default()).collect(),
        turns_left: StdI64::new(toy.stop.unwrap_or(0)),
    };
    shuttle::thread::scope(|scope| {
        for i in 0..toy.lanes {
            let (turns, shared) = (&turns, &shared);
            scope.spawn(move || turns.lane(i, &mut Lane { shared }));
        }
    });

    let mut census = census.lock().expect("nobody panics with it");
    census.schedules += 1;
    if turns.was_stopped() {
        census.stopped += 1;
        return;
    }
    let (observed, state) = in_order(toy);
    // An attempt is in vain because something below changed since it looked. That is one change
    // of one location, by one attempt or one abort, and the next attempt begins after it.
    let mut bound = 1;
    for (i, result) in shared.results.iter().enumerate() {
        let result = lock(result);
        assert_eq!(result.observed, observed[i], "what transaction {i} saw");
        assert!(result.attempts <= bound, "{} attempts at transaction {i}, {bound} can be", result.attempts);
        bound += result.written.len() * (2 * result.attempts - 1);
        census.attempts += result.attempts;
        census.again += result.attempts - 1;
        census.most_attempts = census.most_attempts.max(result.attempts);
    }
    assert_eq!(shared.state(), state, "the state after the block");
}

fn check(seed: u64, checker: impl Checker + 'static, census: &StdArc<StdMutex<Census>>) {
    let toy = Toy::new(seed);
    let shown = format!("{toy:#?}");
    let mut config = shuttle::Config::new();
    config.max_steps = shuttle::MaxSteps::FailAfter(STEPS);
    config.silence_warnings = true;
    // The memory's maps of locks, which are large in a model, are made on it.
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
    let census = census.lock().expect("nobody panics with it");
    eprintln!("{blocks} blocks: {census:?}");
    assert!(
        census.stopped > 0 && census.again > census.schedules / 10,
        "the models do too little: {census:?}"
    );
}

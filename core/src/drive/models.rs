//! The lanes' loop, the schedulers, the memory and foretold nonces under a model checker: whatever the
//! order in which lanes take their steps, a block ends where one transaction after the other ends.
//!
//! ```text
//! seed ─▶ a toy block ─┬─ in order, on a map ─────────────────────────────────▶ reads, state
//!                      └─ Turns × Scheduler × Memory, on every schedule tried ▶ the same
//! ```
//! Transactions are toys (copies, payments, births and deaths on a few locations), some of them sent by
//! someone and refused if their nonce or their sender's balance is not right; some senders' nonces are also
//! written by others, as code that a sender delegates to does; everything that orders lanes
//! is the real thing, but for what [`Lane`] does between memory and scheduler, which follows `attempts`. The
//! seed chooses the strategy. Schedules are drawn at random and by PCT (Burckhardt et al., ASPLOS 2010). A
//! lane that nobody would wake is a deadlock here, because the model's clock never ends a nap. Orderings
//! weaker than sequentially consistent are not modelled.
//!
//! `cargo xtask models` runs this; it says how a schedule that failed is run again. Without the model checker the
//! same toys run on real threads: natively with the other tests, and under Miri and ThreadSanitizer by
//! `cargo xtask sanitize`, which see what a model cannot: data races, and orderings weaker than sequentially
//! consistent.

#[cfg(not(shuttle))]
use std::thread;
use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc as StdArc, Mutex as StdMutex,
        atomic::{AtomicBool as StdBool, AtomicI64 as StdI64, AtomicU64 as StdU64, Ordering::Relaxed},
    },
};

use alloy_primitives::{Address, U256};
#[cfg(shuttle)]
use shuttle::{
    scheduler::{PctScheduler, RandomScheduler, ReplayScheduler, Scheduler as Checker},
    thread,
};

use super::{
    foretold::Foretold,
    lanes::{Turns, Work},
    nonces::{InclusionFlags, NoncePredictor, Sent},
};
use crate::{
    schedule::{
        self, AccountNo, Collector, Finals, Key, Known, Life, Memory, Report, Scheduler, SlotNumbers, Task,
        ViewKind, Write, Written,
        sync::{Mutex, lock},
    },
    trace::{SpanKind, StrategyId},
    units::{Incarnation, TxIndex, Version},
};

/// Schedules on each block: so many at random, and so many by PCT.
#[cfg(shuttle)]
const RANDOM: usize = 40;
#[cfg(shuttle)]
const PCT: usize = 20;
/// Changes of priority in a schedule of PCT, and one.
#[cfg(shuttle)]
const DEPTH: usize = 3;
/// More steps than any block needs: a schedule that takes more is going in circles.
#[cfg(shuttle)]
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

impl Step {
    /// Whose nonce it writes.
    fn nonce_of(&self) -> Option<Who> {
        match *self {
            Self::Copy { to: Place::Nonce(who), .. } | Self::Destroy(who) => Some(who),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
struct Transaction {
    /// Who sends it, if anyone does; it is refused if the nonce is not the one that it tells.
    sent: Option<Sent<Who>>,
    /// What its sender pays, and to whom; it is refused if the sender has less.
    pays: Option<(u64, Who)>,
    /// It is refused if that is odd.
    guard: Option<Place>,
    /// What it does beyond its payment; for a plain payment, what the recipient's code does.
    steps: Vec<Step>,
}

/// A block of toy transactions, and how it is run.
#[derive(Debug)]
struct Toy {
    strategy: StrategyId,
    transactions: Vec<Transaction>,
    foretelling: NoncePredictor,
    earlier: Vec<Option<TxIndex>>,
    waits: Vec<Vec<TxIndex>>,
    /// What a block access list says that transactions leave behind; of balances, what they add.
    list: Vec<(TxIndex, Place, u64)>,
    /// Some, to be started before others.
    first: Vec<TxIndex>,
    /// Which are alike.
    alike: Vec<Option<u32>>,
    /// Whether an account counts as a sender of very many.
    busy: bool,
    lanes: usize,
    /// How long everything takes by the lanes' clock, which decides on the size of portions.
    tick: u64,
    /// The lanes are told to stop after so many turns.
    stop: Option<i64>,
    /// The lane that takes the step of that number panics: a step of its work, or one of the scheduler's.
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

impl Random {
    fn steps(&mut self, accounts: u64) -> Vec<Step> {
        (0..1 + self.below(4)).map(|_| self.step(accounts)).collect()
    }

    /// A transaction of one of two senders, whose next nonces are counted in `next`. Anybody's steps may write
    /// the nonce of an authority, as delegated code and authorisations do (EIP-7702).
    fn sent(&mut self, accounts: u64, authorities: &[Who], next: &mut BTreeMap<Who, u64>) -> Transaction {
        let from = self.who(accounts.min(2));
        let count = next.entry(from).or_default();
        let (nonce, used) = match self.below(8) {
            // Too high, if nobody makes up for it; or carried by the one that follows, too.
            0 => (*count + 1, 0),
            1 => (*count, 0),
            _ => (*count, 1),
        };
        *count += used;
        let payment = self.below(3) > 0;
        // Most recipients run no code.
        let mut steps = if payment && self.below(3) > 0 { Vec::new() } else { self.steps(accounts) };
        if !authorities.is_empty() && (!payment || self.below(4) == 0) {
            let who = authorities[self.below(authorities.len() as u64) as usize];
            steps.insert(0, Step::Copy { from: Place::Nonce(who), to: Place::Nonce(who) });
            *next.entry(who).or_default() += self.below(2);
        }
        Transaction {
            sent: Some(Sent { from, nonce, plain: payment && !authorities.contains(&from) }),
            pays: (payment || self.below(2) == 0).then(|| (1 + self.below(6), self.who(accounts))),
            guard: (self.below(3) == 0).then(|| self.place(accounts)),
            steps,
        }
    }
}

impl Toy {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let accounts = 1 + random.below(ACCOUNTS as u64);
        let count = 2 + random.below(4);
        let mut authorities: Vec<Who> = (0..2).map(|_| random.who(accounts.min(2))).collect();
        authorities.truncate(random.below(3) as usize);
        let mut next = BTreeMap::new();
        let mut transactions: Vec<Transaction> = match random.below(2) {
            0 => (0..count).map(|_| random.sent(accounts, &authorities, &mut next)).collect(),
            _ => (0..count)
                .map(|_| Transaction { sent: None, pays: None, guard: None, steps: random.steps(accounts) })
                .collect(),
        };
        // Of a sender that runs no code, only its own transactions write the nonce, and its payments by counting.
        for Transaction { sent, steps, .. } in &mut transactions {
            let counts = |who: &Who| {
                let own = sent.is_some_and(|sent| sent.from == *who && !sent.plain);
                authorities.contains(who) || own || !next.contains_key(who)
            };
            steps.retain(|step| step.nonce_of().is_none_or(|who| counts(&who)));
        }
        let foretelling = NoncePredictor::new(transactions.iter().enumerate().map(|(i, transaction)| {
            // What nobody sends has a sender of its own.
            transaction.sent.unwrap_or(Sent { from: ACCOUNTS + i, nonce: 0, plain: false })
        }));
        let after = foretelling.after().iter().enumerate();
        let earlier = after
            .map(|(i, after)| {
                let any = i > 0 && random.below(5) == 0;
                if any { Some(TxIndex(random.below(i as u64) as u32)) } else { *after }
            })
            .collect();
        // Such transactions need not be there, nor need they be different.
        let first = (0..random.below(3)).map(|_| TxIndex(random.below(count + 1) as u32)).collect();
        let some = [0, 1, 3][random.below(3) as usize];
        let alike = (0..count).map(|_| (random.below(4) < some).then_some(0)).collect();
        let mut toy = Self {
            strategy: match random.below(10) {
                0..=4 => StrategyId::BlockStm,
                5 => StrategyId::OrderedCommit,
                6 => StrategyId::AccessList,
                7 => StrategyId::PerfectAccessList,
                _ => StrategyId::BlockAccessList,
            },
            transactions,
            foretelling,
            earlier,
            waits: Vec::new(),
            list: Vec::new(),
            first,
            alike,
            busy: random.below(2) == 0,
            lanes: 2 + random.below(3).min(random.below(3)) as usize,
            tick: [100, 4_000, 1_000_000][random.below(3) as usize],
            stop: (random.below(12) == 0).then(|| random.below(10) as i64),
            panic: None,
        };
        // From a seed of its own, so that the rest of a block does not depend on it.
        let panic = Random(seed ^ 0x0070_616e_6963).below(60) as i64;
        toy.panic = (panic < 40 && seed % 8 == 7).then_some(panic);
        match toy.strategy {
            StrategyId::AccessList => toy.waits = toy.declared(&mut random),
            StrategyId::PerfectAccessList => toy.waits = toy.recorded(),
            StrategyId::BlockAccessList => toy.list = toy.listed(&mut random),
            _ => {}
        }
        toy
    }

    /// Some to be waited for, as if transactions declared something.
    fn declared(&self, random: &mut Random) -> Vec<Vec<TxIndex>> {
        let some = |(i, after): (usize, &Option<TxIndex>)| {
            let mut waits: Vec<TxIndex> = (0..i as u32).map(TxIndex).collect();
            waits.retain(|earlier| *after == Some(*earlier) || random.below(3) == 0);
            waits
        };
        self.foretelling.after().iter().enumerate().map(some).collect()
    }

    /// For each transaction those that write what it reads, and the payment that foretells its nonce but is
    /// refused.
    fn recorded(&self) -> Vec<Vec<TxIndex>> {
        let (all, _) = in_order(self);
        let waits = |i: usize| {
            let foretells = self.foretelling.of(TxIndex(i as u32)).map(|(payment, _)| payment.index());
            let spoils = |j: &usize| {
                all[i].reads.iter().any(|place| all[*j].writes_to(*place))
                    || all[*j].refused && foretells == Some(*j)
            };
            (0..i).filter(spoils).map(|j| TxIndex(j as u32)).collect()
        };
        (0..all.len()).map(waits).collect()
    }

    /// What transactions leave behind, in some blocks with mistakes.
    fn listed(&self, random: &mut Random) -> Vec<(TxIndex, Place, u64)> {
        let mut state = State::before();
        let mut list = Vec::new();
        let (all, _) = in_order(self);
        for (i, effects) in all.iter().enumerate() {
            let before = state.values.clone();
            state.apply(effects);
            let places = effects.set.keys().copied();
            let changed: BTreeSet<Place> =
                places.chain(effects.added.keys().map(|who| Place::Balance(*who))).collect();
            list.extend(changed.into_iter().map(|place| {
                let value = match place {
                    Place::Balance(_) => state.values[&place].wrapping_sub(before[&place]),
                    _ => state.values[&place],
                };
                (TxIndex(i as u32), place, value)
            }));
        }
        if random.below(3) == 0 {
            list.retain(|_| random.below(4) > 0);
        }
        if random.below(3) == 0 {
            let some = list.iter_mut().filter(|_| random.below(3) == 0);
            some.for_each(|(.., value)| *value = value.wrapping_add(1));
        }
        // What is not written, but read by another.
        let read: Vec<Place> = all.iter().flat_map(|effects| &effects.reads).copied().collect();
        if !read.is_empty() && random.below(2) == 0 {
            let tx = TxIndex(random.below(all.len() as u64) as u32);
            list.push((tx, read[random.below(read.len() as u64) as usize], random.below(5)));
        }
        list
    }
}

/// What a transaction looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    At(Place),
    /// Its sender's nonce, which may be foretold.
    SenderNonce(Who),
    /// Whether a balance is at least that: 1 or 0.
    AtLeast(Who, u64),
}

/// What an attempt saw and changes.
#[derive(Debug, Default)]
struct Effects {
    observed: Vec<u64>,
    /// What it looked at outside of its own changes.
    reads: BTreeSet<Place>,
    refused: bool,
    set: BTreeMap<Place, u64>,
    added: BTreeMap<Who, i64>,
    lives: BTreeMap<Who, Life>,
}

impl Effects {
    /// Does a transaction on the state that `before` looks at.
    fn of<E>(transaction: &Transaction, mut before: impl FnMut(Look) -> Result<u64, E>) -> Result<Self, E> {
        let mut this = Self::default();
        this.refused = !this.may_begin(transaction, &mut before)?;
        if this.refused {
            return Ok(this);
        }
        if let Some(Sent { from, nonce, .. }) = transaction.sent {
            this.set.insert(Place::Nonce(from), nonce + 1);
            if let Some((amount, to)) = transaction.pays {
                *this.added.entry(from).or_default() -= amount as i64;
                *this.added.entry(to).or_default() += amount as i64;
            }
        }
        for step in &transaction.steps {
            match *step {
                Step::Copy { from, to } => {
                    let value = this.read(from, &mut before)?.wrapping_add(1);
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
                    Some(balance) => *balance = balance.wrapping_add(amount),
                    None => *this.added.entry(who).or_default() += amount as i64,
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
                    if this.read(place, &mut before)?.is_multiple_of(2) {
                        break;
                    }
                }
            }
        }
        Ok(this)
    }

    /// Whether it is not refused.
    fn may_begin<E>(
        &mut self,
        transaction: &Transaction,
        before: &mut impl FnMut(Look) -> Result<u64, E>,
    ) -> Result<bool, E> {
        let Some(Sent { from, nonce: told, .. }) = transaction.sent else { return Ok(true) };
        self.reads.insert(Place::Nonce(from));
        let nonce = before(Look::SenderNonce(from))?;
        self.observed.push(nonce);
        if nonce != told {
            return Ok(false);
        }
        if let Some((amount, _)) = transaction.pays {
            self.reads.insert(Place::Balance(from));
            // That it is not enough is seen in the balance itself.
            let enough = before(Look::AtLeast(from, amount))? == 1
                || before(Look::At(Place::Balance(from)))? >= amount;
            self.observed.push(enough.into());
            if !enough {
                return Ok(false);
            }
        }
        match transaction.guard {
            Some(guard) => Ok(self.read(guard, before)?.is_multiple_of(2)),
            None => Ok(true),
        }
    }

    fn begin(&mut self, who: Who, life: Life) {
        self.lives.insert(who, life);
        self.set.retain(|place, _| !matches!(place, Place::Slot(whose, _) if *whose == who));
    }

    fn read<E>(&mut self, place: Place, before: &mut impl FnMut(Look) -> Result<u64, E>) -> Result<u64, E> {
        let value = match (self.set.get(&place), place) {
            (Some(own), _) => *own,
            (None, Place::Slot(who, _)) if self.lives.contains_key(&who) => 0,
            (None, _) => {
                self.reads.insert(place);
                let added = match place {
                    Place::Balance(who) => self.added.get(&who).copied().unwrap_or_default(),
                    _ => 0,
                };
                before(Look::At(place))?.wrapping_add_signed(added)
            }
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
            Place::Slot(who, slot) => slot_write(no(who), slot, *value, numbers),
        });
        let added = self.added.iter().map(|(who, more)| Write::Increment(no(*who), increment(*more)));
        lives.chain(set).chain(added).collect()
    }

    fn writes_to(&self, place: Place) -> bool {
        self.set.contains_key(&place)
            || match place {
                Place::Balance(who) => self.added.contains_key(&who),
                Place::Slot(who, _) => self.lives.contains_key(&who),
                Place::Nonce(_) | Place::Code(_) => false,
            }
    }
}

fn slot_write(no: AccountNo, slot: u64, value: u64, numbers: &SlotNumbers) -> Write<u64> {
    let slot = U256::from(slot);
    Write::Slot(no, slot, numbers.number(no, &slot), U256::from(value))
}

/// Less than nothing wraps, as it does in the engine.
fn increment(more: i64) -> U256 {
    let size = U256::from(more.unsigned_abs());
    if more < 0 { size.wrapping_neg() } else { size }
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
        for (who, more) in &effects.added {
            let balance = self.values.entry(Place::Balance(*who)).or_default();
            *balance = balance.wrapping_add_signed(*more);
        }
    }
}

/// The block in order: what each transaction did, and the state after.
fn in_order(toy: &Toy) -> (Vec<Effects>, State) {
    let mut state = State::before();
    let mut all = Vec::new();
    for transaction in &toy.transactions {
        let look = |look| {
            Ok::<_, std::convert::Infallible>(match look {
                Look::At(place) => state.values[&place],
                Look::SenderNonce(who) => state.values[&Place::Nonce(who)],
                Look::AtLeast(who, need) => (state.values[&Place::Balance(who)] >= need).into(),
            })
        };
        let Ok(effects) = Effects::of(transaction, look);
        state.apply(&effects);
        all.push(effects);
    }
    (all, state)
}

#[derive(Default)]
struct TxResult {
    version: Option<Version>,
    checks: Vec<(Look, u64)>,
    keys: Written,
    /// What it would write, in the [`ViewKind::Committed`].
    kept: Vec<Write<u64>>,
    observed: Vec<u64>,
    refused: bool,
    /// Attempts so far, and every location that one of them wrote to.
    attempts: usize,
    written: BTreeSet<Key>,
}

struct Shared<'a> {
    toy: &'a Toy,
    view: ViewKind,
    memory: Memory<'a, u64>,
    numbers: &'a SlotNumbers,
    foretold: Foretold<u64>,
    latest: InclusionFlags,
    results: Vec<Mutex<TxResult>>,
    turns_left: StdI64,
    fuse: &'a Fuse,
}

/// Counts steps, until one panics.
struct Fuse(Option<StdI64>);

impl Fuse {
    fn step(&self) {
        if let Some(left) = &self.0
            && left.fetch_sub(1, Relaxed) == 0
        {
            // Without a message: it is no failure.
            resume_unwind(Box::new(Burnt));
        }
    }
}

/// What a panic that is wanted carries.
struct Burnt;

/// A scheduler that panics when its step has come.
struct Fused {
    inner: Box<dyn Scheduler>,
    fuse: StdArc<Fuse>,
}

impl Scheduler for Fused {
    fn next(&mut self) -> Task {
        self.fuse.step();
        self.inner.next()
    }

    fn follow(&mut self, tx: TxIndex) -> Option<Version> {
        self.inner.follow(tx)
    }

    fn settled(&self) -> Option<TxIndex> {
        self.inner.settled()
    }

    fn left(&self) -> usize {
        self.inner.left()
    }

    fn most(&self) -> usize {
        self.inner.most()
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

impl<'a> Shared<'a> {
    /// `Attempts::note`.
    fn note(&self, tx: TxIndex, refused: bool) {
        if self.toy.foretelling.foretells(tx) {
            self.latest.note(tx, !refused);
        }
    }

    fn new(toy: &'a Toy, view: ViewKind, numbers: &'a SlotNumbers, fuse: &'a Fuse) -> Self {
        let transactions = toy.transactions.len();
        let mut this = Self {
            toy,
            view,
            memory: Memory::new(
                transactions,
                KNOWN,
                numbers,
                Collector::Known(AccountNo(0)),
                if toy.busy { &[AccountNo(1)] } else { &[] },
            ),
            numbers,
            foretold: Foretold::default(),
            latest: InclusionFlags::new(transactions),
            results: (0..transactions).map(|_| Mutex::default()).collect(),
            turns_left: StdI64::new(toy.stop.unwrap_or(0)),
            fuse,
        };
        if view == ViewKind::Foretold {
            let write = |(tx, place, value): &(TxIndex, Place, u64)| {
                let write = match *place {
                    Place::Balance(who) => Write::Increment(this.no(who), increment(*value as i64)),
                    Place::Nonce(who) => Write::Nonce(this.no(who), *value),
                    Place::Code(who) => Write::Code(this.no(who), *value),
                    Place::Slot(who, slot) => slot_write(this.no(who), slot, *value, numbers),
                };
                (*tx, write)
            };
            this.foretold = Foretold::new(transactions, toy.list.iter().map(write));
            for (tx, (writes, result)) in this.foretold.all().iter().zip(&this.results).enumerate() {
                let version = Version { tx: TxIndex(tx as u32), incarnation: Incarnation(0) };
                let TxResult { keys, written, .. } = &mut *lock(result);
                written.extend(writes.iter().map(Write::key));
                this.memory.record(version, writes.iter().cloned(), keys);
            }
        }
        this
    }

    fn no(&self, who: Who) -> AccountNo {
        match who {
            0..KNOWN => AccountNo(who as u32),
            _ => self.memory.newcomer(&address(who)),
        }
    }

    fn balance(&self, no: AccountNo, base: u64, tx: TxIndex) -> Result<u64, Version> {
        // What is foretold wrongly may be less than nothing.
        self.memory.balance(no, tx, U256::from(base)).map(|balance| balance.value.wrapping_to())
    }

    fn nonce(&self, who: Who, tx: TxIndex) -> Result<(u64, Option<Version>), Version> {
        let written = self.memory.nonce(self.no(who), tx)?;
        Ok(written.map_or((at_first(Place::Nonce(who)), None), |(nonce, writer)| (nonce, Some(writer))))
    }

    fn look(&self, look: Look, tx: TxIndex) -> Result<u64, Version> {
        match look {
            Look::At(place) => self.read(place, tx),
            Look::SenderNonce(who) => {
                let (nonce, _) = match self.toy.foretelling.of(tx) {
                    Some(foretold) => self.latest.nonce(foretold, || self.nonce(who, tx))?,
                    None => self.nonce(who, tx)?,
                };
                Ok(nonce)
            }
            Look::AtLeast(who, need) => {
                let base = U256::from(at_first(Place::Balance(who)));
                Ok(self.memory.at_least(self.no(who), tx, base, U256::from(need))?.into())
            }
        }
    }

    fn read(&self, place: Place, tx: TxIndex) -> Result<u64, Version> {
        let memory = &self.memory;
        let written = match place {
            Place::Balance(who) => return self.balance(self.no(who), at_first(place), tx),
            Place::Nonce(who) => return self.nonce(who, tx).map(|(nonce, _)| nonce),
            Place::Code(who) => memory.code(self.no(who), tx)?.map(|(code, _)| code),
            Place::Slot(who, slot) => {
                let (no, slot) = (self.no(who), U256::from(slot));
                let read = memory.slot(no, memory.slot_no(no, &slot), tx)?;
                read.map(|(value, _)| value.to::<u64>())
            }
        };
        Ok(written.unwrap_or(at_first(place)))
    }

    /// As `Before::is_unchanged`: whether what was seen as before the block need not be looked at again.
    fn is_untouched(&self, look: Look, value: u64) -> bool {
        match look {
            Look::At(place) if value != at_first(place) => false,
            Look::At(Place::Balance(who)) => self.memory.is_balance_untouched(self.no(who)),
            Look::At(Place::Slot(who, slot)) => {
                let at = self.memory.slot_no(self.no(who), &U256::from(slot));
                self.memory.is_slot_untouched(at)
            }
            Look::At(_) | Look::SenderNonce(_) | Look::AtLeast(..) => false,
        }
    }

    /// Whose account has that number.
    fn who(&self, no: AccountNo) -> Who {
        match self.memory.newcomers().iter().find(|(_, known)| *known == no) {
            Some((met, _)) => (0..ACCOUNTS).find(|who| address(*who) == *met).expect("a toy's account"),
            None => no.index(),
        }
    }

    /// As `Attempts::came_true`.
    fn came_true(&self, tx: TxIndex, writes: &[Write<u64>]) -> bool {
        self.foretold.came_true(tx, writes, |no| {
            let base = U256::from(at_first(Place::Balance(self.who(no))));
            self.memory.balance(no, tx, base).ok().map(|balance| balance.value)
        })
    }

    fn state(&self) -> State {
        let mut state = State::before();
        let who = |no| self.who(no);
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
    /// `Runner::run` and `Runner::publish`, with the same steps in the same order.
    fn execute(&mut self, version: Version, firm: bool, _: u64) -> Option<Report> {
        let Shared { toy, view, memory, results, .. } = self.shared;
        let mut checks = Vec::new();
        let outcome = Effects::of(&toy.transactions[version.tx.index()], |look| {
            let value = self.shared.look(look, version.tx)?;
            if !firm && !matches!((look, value), (Look::AtLeast(..), 0)) {
                checks.push((look, value));
            }
            Ok(value)
        });
        self.shared.fuse.step();
        let mut result = lock(&results[version.tx.index()]);
        result.attempts += 1;
        let effects = match outcome {
            Err(Version { tx: writer, .. }) => {
                assert!(writer < version.tx, "transaction {} waits for {}", version.tx.0, writer.0);
                assert_ne!(*view, ViewKind::Committed, "what is committed is never taken back");
                return Some(Report::Blocked { version, writer });
            }
            Ok(effects) => effects,
        };
        let writes = effects.writes(|who| self.shared.no(who), self.shared.numbers);
        let first = result.version.is_none();
        result.written.extend(writes.iter().map(Write::key));
        let wrote_new = match view {
            ViewKind::Committed => {
                result.kept = writes;
                false
            }
            ViewKind::Foretold if first => {
                let came_true = self.shared.came_true(version.tx, &writes);
                memory.record(version, writes, &mut result.keys);
                !came_true
            }
            _ => memory.record(version, writes, &mut result.keys),
        };
        self.shared.fuse.step();
        result.version = Some(version);
        result.checks = checks;
        result.observed = effects.observed;
        result.refused = effects.refused;
        if *view != ViewKind::Committed {
            self.shared.note(version.tx, effects.refused);
        }
        Some(Report::Executed { version, wrote_new: wrote_new || effects.refused, firm })
    }

    fn ended(&mut self, _: u64) {
        self.shared.fuse.step();
    }

    /// `Attempts::validate`, with the same steps in the same order.
    fn validate(&mut self, version: Version, turns: &Turns<'_>) -> Report {
        let Shared { view, memory, results, .. } = self.shared;
        let mut result = lock(&results[version.tx.index()]);
        self.shared.fuse.step();
        if result.version != Some(version) {
            return Report::Stale { version };
        }
        let holds = |(look, value): &(Look, u64)| {
            self.shared.is_untouched(*look, *value) || self.shared.look(*look, version.tx) == Ok(*value)
        };
        match result.checks.iter().all(holds) {
            false if turns.claim_abort(version) => {
                memory.withdraw(version.tx, &result.keys);
                // Whoever it was: if there are any alike, they are all of one kind.
                let writer = TxIndex(version.tx.0.saturating_sub(1));
                return Report::Aborted { version, writer };
            }
            true if *view == ViewKind::Committed => {
                let TxResult { kept, keys, .. } = &mut *result;
                memory.record(version, kept.drain(..), keys);
                self.shared.note(version.tx, result.refused);
            }
            true => {}
            false => return Report::Stale { version },
        }
        Report::Valid { version }
    }

    fn span(&mut self, _: u64, _: u64, _: SpanKind) {
        self.shared.fuse.step();
    }

    fn between_turns(&mut self) -> bool {
        self.shared.fuse.step();
        self.shared.toy.stop.is_some() && self.shared.turns_left.fetch_sub(1, Relaxed) <= 0
    }
}

/// What all schedules together came to.
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
    /// How many schedules each strategy had.
    strategies: BTreeMap<&'static str, usize>,
}

/// Runs the block on lanes: threads of the model checker, or real ones.
fn on_lanes(toy: &Toy, census: &StdMutex<Census>) {
    let time = StdU64::new(1);
    let clock = || time.fetch_add(toy.tick, Relaxed);
    let strategy = schedule::strategy(toy.strategy);
    let scheduler = strategy.scheduler(&Known {
        earlier: &toy.earlier,
        first: &toy.first,
        alike: &toy.alike,
        waits: &toy.waits,
        lanes: toy.lanes,
    });
    let fuse = StdArc::new(Fuse(toy.panic.map(StdI64::new)));
    let scheduler = Box::new(Fused { inner: scheduler, fuse: StdArc::clone(&fuse) });
    let turns = Turns::new(scheduler, toy.lanes, 1, &clock);
    // Of each known account's slots, the first has a number.
    let numbers = (0..KNOWN).map(|who| (AccountNo(who as u32), U256::ZERO)).collect();
    let shared = Shared::new(toy, strategy.view(), &numbers, &fuse);
    let panicked = StdBool::new(false);
    thread::scope(|scope| {
        for i in 0..toy.lanes {
            let (turns, shared, panicked) = (&turns, &shared, &panicked);
            scope.spawn(move || {
                let lane = AssertUnwindSafe(|| turns.lane(i, &mut Lane { shared }));
                match catch_unwind(lane) {
                    Ok(_) => {}
                    Err(panic) if panic.is::<Burnt>() => panicked.store(true, Relaxed),
                    Err(panic) => resume_unwind(panic),
                }
            });
        }
    });

    let mut census = census.lock().expect("nobody panics with it");
    census.schedules += 1;
    if panicked.into_inner() {
        // That all lanes have come here is what is to be seen.
        assert!(turns.was_stopped(), "a lane panicked, and nobody was told");
        census.panicked += 1;
        return;
    }
    if turns.was_stopped() {
        census.stopped += 1;
        return;
    }
    *census.strategies.entry(toy.strategy.name()).or_default() += 1;
    let (all, state) = in_order(toy);
    // An attempt is in vain because something below changed since it looked. That is one change
    // of one location, by one attempt or one abort, and the next attempt begins after it. What a payment
    // foretells changes with each of its attempts without being a location: it counts as one more.
    let mut bound = 1;
    for (i, result) in shared.results.iter().enumerate() {
        let result = lock(result);
        assert_eq!(result.observed, all[i].observed, "what transaction {i} saw");
        let most = match toy.strategy {
            // Once on what was committed by then, once on all that is before it.
            StrategyId::OrderedCommit => 2,
            // Everything that it reads is there.
            StrategyId::PerfectAccessList => 1,
            _ => bound,
        };
        assert!(result.attempts <= most, "{} attempts at transaction {i}, {most} can be", result.attempts);
        let foretells = (0..all.len()).any(
            |later| matches!(toy.foretelling.of(TxIndex(later as u32)), Some((by, _)) if by.index() == i),
        );
        bound += (result.written.len() + usize::from(foretells)) * (2 * result.attempts - 1);
        census.attempts += result.attempts;
        census.again += result.attempts - 1;
        census.most_attempts = census.most_attempts.max(result.attempts);
        census.refused += usize::from(result.refused);
    }
    let failed: usize = shared.results.iter().map(|result| lock(result).attempts - 1).sum();
    assert!(failed <= schedule::MOST_FAILED * all.len(), "{failed} attempts failed");
    assert_eq!(shared.state(), state, "the state after the block");
}

#[cfg(shuttle)]
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
    let census = census.lock().expect("nobody panics with it");
    eprintln!("{blocks} blocks: {census:?}");
    assert!(
        census.stopped > 0
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
        on_lanes(&Toy::new(seed), &census);
    }
    let census = census.lock().expect("nobody panics with it");
    eprintln!("{blocks} blocks: {census:?}");
    assert_eq!(census.schedules as u64, blocks);
    // A few blocks need not have everything.
    let has_everything = census.strategies.len() == 5 && census.refused > 0 && census.again > 0;
    assert!(has_everything || blocks < 1_000, "the toys do too little: {census:?}");
}

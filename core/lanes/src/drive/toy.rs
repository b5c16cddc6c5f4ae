//! A toy machine: transactions that copy, pay, are born and die on a few locations. It has what the EVM has that
//! matters to lanes (senders with nonces and balances, refusals, code, storage that begins anew, a gas limit) and
//! runs in no time, so that a model checker can try many orders of its steps.
//!
//! ```text
//! Transaction ─┬─ Effects::of over a map, one after the other ─▶ what must come out
//!              └─ Effects::of over a View, on lanes ───────────▶ what does
//! ```

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    sync::{
        Mutex as StdMutex, PoisonError,
        atomic::{AtomicUsize as StdUsize, Ordering::Relaxed},
    },
};

use alloy_primitives::{Address, B256, U256};

use super::{Block, Facts};
use crate::{
    cancel::CancelFlag,
    schedule::{AccountNo, Existence, Finals, Key, SlotNo, SlotNumbers, Write},
    units::TxIndex,
    vm::{Blocked, Code, Effects as Made, Executor, Interrupted, PreState, Receipt, Spent, View, Vm},
};

/// Accounts; the first are known before the block.
pub(super) const ACCOUNTS: usize = 4;
pub(super) const KNOWN: usize = 2;
pub(super) const SLOTS: u64 = 2;

/// Gas of an attempt that was included; and each transaction's limit.
const GAS: u64 = 2;
const GAS_LIMIT: u64 = 3;

pub(super) type Who = usize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Balance(Who),
    Nonce(Who),
    Code(Who),
    Slot(Who, u64),
    /// Whether it exists: only read.
    Exists(Who),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// `to` = `from` + 1.
    Copy { from: Place, to: Place },
    /// Adds to a balance without a look at it.
    Pay(Who, u64),
    /// The account begins anew, without storage.
    Create(Who),
    /// It exists from now on, as it was.
    Touch(Who),
    /// It is gone, with all that it had.
    Destroy(Who),
    /// What follows is only done if there is an odd number.
    IfOdd(Place),
    /// What follows is only done if nonce and balance are not both zero.
    UnlessBlank(Who),
}

impl Step {
    /// Whose nonce it writes.
    pub(super) fn nonce_of(&self) -> Option<Who> {
        match *self {
            Self::Copy { to: Place::Nonce(who), .. } | Self::Destroy(who) => Some(who),
            _ => None,
        }
    }

    /// Whose balance it may lower.
    pub(super) fn takes_from(&self) -> Option<Who> {
        match *self {
            Self::Copy { to: Place::Balance(who), .. } | Self::Destroy(who) => Some(who),
            _ => None,
        }
    }
}

/// Who sends a transaction, with which nonce.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sender {
    pub(super) who: Who,
    /// It is refused if the sender has another one.
    pub(super) nonce: u64,
    /// Whether nothing else counts the sender's nonce or takes from its balance: it runs no code in the block.
    pub(super) stays_without_code: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Transaction {
    /// If anyone sends it.
    pub(super) sent: Option<Sender>,
    /// What its sender pays, and to whom; it is refused if the sender has less.
    pub(super) pays: Option<(u64, Who)>,
    /// It is refused if that is odd.
    pub(super) guard: Option<Place>,
    /// What it does beyond its payment; for a plain payment, what the recipient's code does.
    pub(super) steps: Vec<Step>,
    pub(super) alike: Option<u32>,
}

impl Transaction {
    /// That nobody sends.
    pub(super) fn doing(steps: Vec<Step>) -> Self {
        Self { sent: None, pays: None, guard: None, steps, alike: None }
    }

    /// Copies one known account's balance to another's.
    pub(super) fn copying(from: Who, to: Who) -> Self {
        Self::doing(vec![Step::Copy { from: Place::Balance(from), to: Place::Balance(to) }])
    }

    /// Reads so many times.
    pub(super) fn reading(times: usize) -> Self {
        Self::doing(vec![Step::IfOdd(Place::Slot(0, 0)); times])
    }

    /// As the lanes know it. What nobody sends has a sender of its own.
    fn facts(&self, i: usize) -> Facts {
        let sender = self.sent.map_or(ACCOUNTS + i, |sent| sent.who);
        Facts {
            from: address(sender),
            to: self.pays.map(|(_, to)| address(to)),
            nonce: self.sent.map_or(0, |sent| sent.nonce),
            most: Some(U256::from(self.pays.map_or(0, |(amount, _)| amount))),
            gas_limit: GAS_LIMIT,
            is_payment: self.sent.is_some() && self.pays.is_some(),
            sender_stays_without_code: self.sent.is_some_and(|sent| sent.stays_without_code),
            alike: self.alike,
        }
    }
}

/// What a transaction looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    At(Place),
    /// Its sender's nonce, which may be predicted.
    SenderNonce(Who),
    /// Whether a balance is at least that: 1 or 0.
    AtLeast(Who, u64),
    /// Whether nonce and balance are both zero: 1 or 0.
    Blank(Who),
}

/// What an attempt saw and changes.
#[derive(Debug, Default)]
pub(super) struct Effects {
    pub(super) observed: Vec<u64>,
    pub(super) refused: bool,
    set: BTreeMap<Place, u64>,
    added: BTreeMap<Who, i64>,
    lives: BTreeMap<Who, Existence>,
    /// What it looked at outside of its own changes.
    pub(super) reads: BTreeSet<Place>,
}

impl Effects {
    /// Does a transaction on the state that `before` looks at.
    fn of<E>(transaction: &Transaction, mut before: impl FnMut(Look) -> Result<u64, E>) -> Result<Self, E> {
        let mut this = Self::default();
        this.refused = !this.may_begin(transaction, &mut before)?;
        if this.refused {
            return Ok(this);
        }
        if let Some(Sender { who: from, nonce, .. }) = transaction.sent {
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
                    let lost =
                        matches!(to, Place::Slot(who, _) if this.lives.get(&who) == Some(&Existence::Gone));
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
                Step::Create(who) => this.begin(who, Existence::Created),
                // What has begun anew, or is gone, stays so.
                Step::Touch(who) => {
                    this.lives.entry(who).or_insert(Existence::Exists);
                }
                Step::Destroy(who) => {
                    this.begin(who, Existence::Gone);
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
                Step::UnlessBlank(who) => {
                    if this.is_blank(who, &mut before)? {
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
        let Some(Sender { who: from, nonce: told, .. }) = transaction.sent else { return Ok(true) };
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

    fn begin(&mut self, who: Who, life: Existence) {
        self.lives.insert(who, life);
        self.set.retain(|place, _| !matches!(place, Place::Slot(whose, _) if *whose == who));
    }

    fn has_begun_anew(&self, who: Who) -> bool {
        self.lives.get(&who).is_some_and(|life| life.wipes_storage())
    }

    fn read<E>(&mut self, place: Place, before: &mut impl FnMut(Look) -> Result<u64, E>) -> Result<u64, E> {
        let value = match (self.set.get(&place), place) {
            (Some(own), _) => *own,
            (None, Place::Slot(who, _)) if self.has_begun_anew(who) => 0,
            (None, Place::Exists(who)) if self.lives.contains_key(&who) => self.lives[&who].exists().into(),
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

    fn is_blank<E>(&mut self, who: Who, before: &mut impl FnMut(Look) -> Result<u64, E>) -> Result<bool, E> {
        let (nonce, balance) = (Place::Nonce(who), Place::Balance(who));
        let own = self.set.contains_key(&nonce) || self.set.contains_key(&balance);
        if own || self.added.contains_key(&who) {
            return Ok(self.read(nonce, before)? == 0 && self.read(balance, before)? == 0);
        }
        self.reads.extend([nonce, balance]);
        let blank = before(Look::Blank(who))?;
        self.observed.push(blank);
        Ok(blank == 1)
    }

    /// Its writes, by the numbers that accounts and slots have.
    fn writes(
        &self,
        no: &mut impl FnMut(Who) -> AccountNo,
        slot_no: &mut impl FnMut(AccountNo, &U256) -> Option<SlotNo>,
    ) -> Vec<Write<ToyCode>> {
        let mut writes: Vec<Write<ToyCode>> =
            self.lives.iter().map(|(who, life)| Write::Existence(no(*who), *life)).collect();
        for (place, value) in &self.set {
            writes.push(write(*place, *value, no, slot_no));
        }
        writes.extend(self.added.iter().map(|(who, more)| Write::Increment(no(*who), increment(*more))));
        writes
    }

    /// Where it writes, and what it leaves there; of balances, what it adds. `before` is the state before it.
    pub(super) fn changes(&self, before: &State) -> Vec<(Place, u64)> {
        let mut after = before.clone();
        after.apply(self);
        let added = self.added.keys().map(|who| Place::Balance(*who));
        let places: BTreeSet<Place> = self.set.keys().copied().chain(added).collect();
        let change = |place| match place {
            Place::Balance(_) => after.values[&place].wrapping_sub(before.values[&place]),
            _ => after.values[&place],
        };
        places.into_iter().map(|place| (place, change(place))).collect()
    }
}

/// The write of one value.
pub(super) fn write(
    place: Place,
    value: u64,
    no: &mut impl FnMut(Who) -> AccountNo,
    slot_no: &mut impl FnMut(AccountNo, &U256) -> Option<SlotNo>,
) -> Write<ToyCode> {
    match place {
        Place::Balance(who) => Write::Balance(no(who), U256::from(value)),
        Place::Nonce(who) => Write::Nonce(no(who), value),
        Place::Code(who) => Write::Code(no(who), ToyCode(value)),
        Place::Slot(who, slot) => {
            let (no, slot) = (no(who), U256::from(slot));
            Write::Slot(no, slot, slot_no(no, &slot), U256::from(value))
        }
        Place::Exists(who) => {
            Write::Existence(no(who), if value == 1 { Existence::Exists } else { Existence::Gone })
        }
    }
}

/// Less than nothing wraps, as it does in the engine.
pub(super) fn increment(more: i64) -> U256 {
    let size = U256::from(more.unsigned_abs());
    if more < 0 { size.wrapping_neg() } else { size }
}

/// Every place's value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    values: BTreeMap<Place, u64>,
}

/// Before the block. One known account has a nonce, the other has none; each has one slot, and the block meets more.
pub(super) fn at_first(place: Place) -> u64 {
    match place {
        Place::Balance(who) if who < KNOWN => 10 + who as u64,
        Place::Nonce(0) => 1,
        Place::Slot(who, 0) if who < KNOWN => 1 + who as u64,
        Place::Exists(who) if who < KNOWN => 1,
        _ => 0,
    }
}

impl State {
    pub(super) fn before() -> Self {
        let places = (0..ACCOUNTS).flat_map(|who| {
            let slots = (0..SLOTS).map(move |slot| Place::Slot(who, slot));
            slots.chain([Place::Balance(who), Place::Nonce(who), Place::Code(who), Place::Exists(who)])
        });
        Self { values: places.map(|place| (place, at_first(place))).collect() }
    }

    fn look(&self, look: Look) -> u64 {
        match look {
            Look::At(place) => self.values[&place],
            Look::SenderNonce(who) => self.values[&Place::Nonce(who)],
            Look::AtLeast(who, need) => (self.values[&Place::Balance(who)] >= need).into(),
            Look::Blank(who) => {
                let zero = |place| self.values[&place] == 0;
                (zero(Place::Nonce(who)) && zero(Place::Balance(who))).into()
            }
        }
    }

    fn wipe(&mut self, who: Who) {
        (0..SLOTS).for_each(|slot| {
            self.values.insert(Place::Slot(who, slot), 0);
        });
    }

    pub(super) fn apply(&mut self, effects: &Effects) {
        for (who, life) in &effects.lives {
            if life.wipes_storage() {
                self.wipe(*who);
            }
            self.values.insert(Place::Exists(*who), life.exists().into());
        }
        self.values.extend(&effects.set);
        for (who, more) in &effects.added {
            let balance = self.values.entry(Place::Balance(*who)).or_default();
            *balance = balance.wrapping_add_signed(*more);
        }
    }

    /// The state after a run on lanes.
    pub(super) fn after(addresses: &[Address], finals: &[Finals<ToyCode>]) -> Self {
        let mut state = Self::before();
        let who = |no: AccountNo| {
            let met = addresses[no.index()];
            (0..ACCOUNTS).find(|who| address(*who) == met).expect("a toy's account")
        };
        for last in finals.iter().flat_map(|finals| &finals.accounts) {
            let who = who(last.account);
            if last.wiped {
                state.wipe(who);
            }
            let set = [
                last.exists.map(|exists| (Place::Exists(who), exists.into())),
                last.balance.map(|value| (Place::Balance(who), value.to::<u64>())),
                last.nonce.map(|value| (Place::Nonce(who), value)),
                last.code.as_ref().map(|code| (Place::Code(who), code.0)),
            ];
            state.values.extend(set.into_iter().flatten());
        }
        for (no, slot, value) in finals.iter().flat_map(|finals| &finals.slots) {
            state.values.insert(Place::Slot(who(*no), slot.to::<u64>()), value.to::<u64>());
        }
        state
    }
}

/// The block in order: what each transaction did, and the state after. `fits` says which fit into the block; the
/// others are refused and do nothing.
pub(super) fn in_order(transactions: &[Transaction], gas_limit: u64) -> (Vec<Effects>, State) {
    let mut state = State::before();
    let mut all = Vec::new();
    let mut gas_used = 0;
    for transaction in transactions {
        if gas_used + GAS_LIMIT > gas_limit {
            all.push(Effects { refused: true, ..Effects::default() });
            continue;
        }
        let Ok(effects) = Effects::of(transaction, |look| Ok::<_, Infallible>(state.look(look)));
        gas_used += if effects.refused { 0 } else { GAS };
        state.apply(&effects);
        all.push(effects);
    }
    (all, state)
}

pub(super) fn address(who: Who) -> Address {
    Address::with_last_byte(who as u8 + 1)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ToyCode(pub(super) u64);

impl Code for ToyCode {
    fn hash(&self) -> B256 {
        B256::left_padding_from(&self.0.to_be_bytes())
    }

    fn own(&self) -> Self {
        *self
    }

    fn is_none(&self) -> bool {
        self.0 == 0
    }

    fn none() -> Self {
        Self(0)
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct ToyReceipt {
    /// What the transaction saw.
    pub(super) observed: Vec<u64>,
    pub(super) included: bool,
    cumulative: u64,
}

impl Receipt for ToyReceipt {
    fn gas_used(&self) -> u64 {
        if self.included { GAS } else { 0 }
    }

    fn is_included(&self) -> bool {
        self.included
    }

    fn set_cumulative_gas_used(&mut self, gas: u64) {
        self.cumulative = gas;
    }

    fn outline(&self) -> Self {
        Self { observed: Vec::new(), ..self.clone() }
    }
}

/// The known accounts; of each one's slots, the first has a number.
#[derive(Debug)]
pub(super) struct ToyPreState(SlotNumbers);

impl PreState for ToyPreState {
    type Code = ToyCode;

    fn accounts(&self) -> usize {
        KNOWN
    }

    fn addresses(&self) -> Vec<Address> {
        (0..KNOWN).map(address).collect()
    }

    fn number(&self, address: &Address) -> Option<AccountNo> {
        let who = (0..KNOWN).find(|who| self::address(*who) == *address)?;
        Some(AccountNo(who as u32))
    }

    fn codes(&self) -> usize {
        1
    }

    fn code_no(&self, _: AccountNo) -> usize {
        0
    }

    fn code(&self, _: AccountNo) -> &ToyCode {
        &ToyCode(0)
    }

    fn balance(&self, account: AccountNo) -> U256 {
        U256::from(at_first(Place::Balance(account.index())))
    }

    fn nonce(&self, account: AccountNo) -> u64 {
        at_first(Place::Nonce(account.index()))
    }

    fn exists(&self, account: AccountNo) -> bool {
        at_first(Place::Exists(account.index())) == 1
    }

    fn slots(&self) -> &SlotNumbers {
        &self.0
    }

    fn value(&self, slot: Option<SlotNo>) -> U256 {
        let key = slot.and_then(|slot| self.0.key(slot));
        key.map_or(U256::ZERO, |(account, slot)| {
            U256::from(at_first(Place::Slot(account.index(), slot.to::<u64>())))
        })
    }
}

/// What attempts at one transaction came to, over a run.
#[derive(Debug, Default)]
pub(super) struct Tried {
    pub(super) attempts: StdUsize,
    /// Every location that one of them wrote to.
    pub(super) written: StdMutex<BTreeSet<Key>>,
}

impl Tried {
    pub(super) fn note(&self, keys: impl IntoIterator<Item = Key>) {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).extend(keys);
    }
}

pub(super) struct ToyVm {
    transactions: Vec<Transaction>,
    gas_limit: u64,
    pre_state: ToyPreState,
    pub(super) tried: Vec<Tried>,
}

/// A block of toy transactions.
pub(super) fn load(transactions: &[Transaction], gas_limit: u64, beneficiary: Who) -> Block<ToyVm> {
    let slots = (0..KNOWN).map(|who| (AccountNo(who as u32), U256::ZERO)).collect();
    let mut tried = Vec::new();
    tried.resize_with(transactions.len(), Tried::default);
    let vm = ToyVm { transactions: transactions.to_vec(), gas_limit, pre_state: ToyPreState(slots), tried };
    let facts: Vec<Facts> = transactions.iter().enumerate().map(|(i, tx)| tx.facts(i)).collect();
    Block::new(vm, &facts, gas_limit, address(beneficiary))
}

impl Vm for ToyVm {
    type Code = ToyCode;
    type PreState = ToyPreState;
    type Receipt = ToyReceipt;
    type Executor<'a, V: View<Vm = Self>> = ToyExecutor<'a, V>;

    fn pre_state(&self) -> &ToyPreState {
        &self.pre_state
    }

    fn executor<'a, V: View<Vm = Self>>(&'a self, view: V, cancel: &'a CancelFlag) -> ToyExecutor<'a, V> {
        ToyExecutor { vm: self, view, cancel, gas: 0 }
    }

    fn fits(&self, _: TxIndex, gas_used: u64) -> Result<(), ToyReceipt> {
        if gas_used + GAS_LIMIT > self.gas_limit { Err(ToyReceipt::default()) } else { Ok(()) }
    }
}

pub(super) struct ToyExecutor<'a, V> {
    vm: &'a ToyVm,
    view: V,
    cancel: &'a CancelFlag,
    /// What the attempt that ran last used up: one for each look, and one.
    gas: u64,
}

fn look_at<V: View<Vm = ToyVm>>(view: &mut V, look: Look) -> Result<u64, Blocked> {
    let no = |view: &mut V, who| view.account(address(who));
    Ok(match look {
        Look::At(Place::Balance(who)) => {
            let no = no(view, who);
            // What is predicted wrongly may be less than nothing.
            view.balance(no)?.wrapping_to()
        }
        Look::At(Place::Nonce(who)) => {
            let no = no(view, who);
            view.nonce(no)?
        }
        Look::At(Place::Code(who)) => {
            let no = no(view, who);
            view.code(no)?.0
        }
        Look::At(Place::Exists(who)) => {
            let no = no(view, who);
            view.exists(no)?.into()
        }
        Look::At(Place::Slot(who, slot)) => {
            let no = no(view, who);
            view.slot(no, U256::from(slot))?.to()
        }
        Look::SenderNonce(who) => {
            let no = no(view, who);
            view.sender_nonce(no)?
        }
        Look::AtLeast(who, need) => {
            let no = no(view, who);
            view.at_least(no, U256::from(need))?.into()
        }
        Look::Blank(who) => {
            let no = no(view, who);
            view.is_blank(no)?.into()
        }
    })
}

impl<V: View<Vm = ToyVm>> Executor<V> for ToyExecutor<'_, V> {
    fn view(&mut self) -> &mut V {
        &mut self.view
    }

    fn into_view(self) -> V {
        self.view
    }

    fn run(&mut self, tx: TxIndex) -> Result<Made<ToyReceipt, ToyCode>, Interrupted> {
        if self.cancel.is_set() {
            return Err(Interrupted::Cancelled);
        }
        let tried = &self.vm.tried[tx.index()];
        tried.attempts.fetch_add(1, Relaxed);
        let (view, gas) = (&mut self.view, &mut self.gas);
        *gas = 1;
        let effects = Effects::of(&self.vm.transactions[tx.index()], |look| {
            *gas += 1;
            look_at(view, look)
        });
        let effects = match effects {
            Ok(effects) => effects,
            Err(blocked) => {
                assert!(blocked.writer.tx < tx, "transaction {} waits for {}", tx.0, blocked.writer.tx.0);
                return Err(blocked.into());
            }
        };
        // Numbers are looked up through the view by two closures, one after the other.
        let view = std::cell::RefCell::new(view);
        let writes = effects.writes(&mut |who| view.borrow_mut().account(address(who)), &mut |no, slot| {
            view.borrow_mut().slot_no(no, slot)
        });
        tried.note(writes.iter().map(Write::key));
        let receipt = ToyReceipt { observed: effects.observed, included: !effects.refused, cumulative: 0 };
        Ok(Made { receipt, writes })
    }

    fn reuse(&mut self, _: Vec<Write<ToyCode>>) {}

    fn metered(self, _: bool) -> Self {
        self
    }

    fn spent(&self, _: TxIndex, _: Option<&ToyReceipt>) -> Spent {
        Spent { gas: 1_000 * self.gas, nanos: 1_000 * self.gas }
    }
}

//! A toy machine: transactions that copy, pay, create and destroy on a few locations. It has everything of
//! the EVM that matters to lanes: senders with nonces and balances, refusals, code, storage that is wiped, a
//! gas limit. And it takes no time, so that a model checker can try many orders of its steps.
//!
//! ```text
//! Transaction ─┬─ Effects::of over a map, one after the other ─▶ the expected result
//!              └─ Effects::of over a View, on lanes ───────────▶ the result
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

/// Number of accounts.
pub(super) const ACCOUNTS: usize = 4;
/// Number of accounts that the pre-state lists: the first ones.
pub(super) const KNOWN: usize = 2;
/// Number of slots of each account.
pub(super) const SLOTS: u64 = 2;

/// Gas of an attempt that was included.
const GAS: u64 = 2;
/// Every transaction's gas limit.
const GAS_LIMIT: u64 = 3;

/// An account, by its index.
pub(super) type Account = usize;

/// A location of the toy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Balance(Account),
    Nonce(Account),
    Code(Account),
    Slot(Account, u64),
    /// Whether the account exists. Only read.
    Exists(Account),
}

/// A step of a transaction.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// `to` = `from` + 1.
    Copy { from: Place, to: Place },
    /// Adds to a balance without reading it.
    Pay(Account, u64),
    /// Creates the account, without storage.
    Create(Account),
    /// Makes the account exist and leaves it as it was.
    Touch(Account),
    /// Destroys the account with all that it has.
    Destroy(Account),
    /// Ends the transaction unless the value there is odd.
    IfOdd(Place),
    /// Ends the transaction if nonce and balance are both zero.
    UnlessBlank(Account),
}

impl Step {
    /// The account whose nonce it writes.
    pub(super) fn nonce_of(&self) -> Option<Account> {
        match *self {
            Self::Copy { to: Place::Nonce(account), .. } | Self::Destroy(account) => Some(account),
            _ => None,
        }
    }

    /// The account whose balance it may lower.
    pub(super) fn takes_from(&self) -> Option<Account> {
        match *self {
            Self::Copy { to: Place::Balance(account), .. } | Self::Destroy(account) => Some(account),
            _ => None,
        }
    }
}

/// A transaction's sender, and the nonce that the transaction carries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sender {
    pub(super) account: Account,
    /// The transaction is refused if its sender has another nonce.
    pub(super) nonce: u64,
    /// Whether no other transaction writes the sender's nonce or takes from its balance: it runs no code in
    /// the block.
    pub(super) stays_without_code: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Transaction {
    /// `None` if it has no sender: then it is never refused.
    pub(super) sent: Option<Sender>,
    /// The amount that its sender pays, and the recipient. It is refused if the sender has less.
    pub(super) pays: Option<(u64, Account)>,
    /// It is refused if the value there is odd.
    pub(super) guard: Option<Place>,
    /// Its steps beyond the payment; for a plain payment, those of the recipient's code.
    pub(super) steps: Vec<Step>,
    pub(super) conflict_class: Option<u32>,
}

impl Transaction {
    /// A transaction without a sender.
    pub(super) fn doing(steps: Vec<Step>) -> Self {
        Self { sent: None, pays: None, guard: None, steps, conflict_class: None }
    }

    /// A transaction that copies one account's balance to another's.
    pub(super) fn copying(from: Account, to: Account) -> Self {
        Self::doing(vec![Step::Copy { from: Place::Balance(from), to: Place::Balance(to) }])
    }

    /// A transaction that reads so many times.
    pub(super) fn reading(times: usize) -> Self {
        Self::doing(vec![Step::IfOdd(Place::Slot(0, 0)); times])
    }

    /// Its facts for the lanes. A transaction without a sender gets a sender of its own.
    fn facts(&self, i: usize) -> Facts {
        let sender = self.sent.map_or(ACCOUNTS + i, |sent| sent.account);
        Facts {
            from: address(sender),
            to: self.pays.map(|(_, to)| address(to)),
            nonce: self.sent.map_or(0, |sent| sent.nonce),
            max_spending: Some(U256::from(self.pays.map_or(0, |(amount, _)| amount))),
            gas_limit: GAS_LIMIT,
            is_payment: self.sent.is_some() && self.pays.is_some(),
            sender_stays_without_code: self.sent.is_some_and(|sent| sent.stays_without_code),
            conflict_class: self.conflict_class,
        }
    }
}

/// One read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    At(Place),
    /// The sender's nonce, which may be predicted.
    SenderNonce(Account),
    /// Whether a balance is at least that: 1 or 0.
    AtLeast(Account, u64),
    /// Whether nonce and balance are both zero: 1 or 0.
    Blank(Account),
}

/// What an attempt read and changes.
#[derive(Debug, Default)]
pub(super) struct Effects {
    pub(super) observed: Vec<u64>,
    pub(super) refused: bool,
    set: BTreeMap<Place, u64>,
    added: BTreeMap<Account, i64>,
    existences: BTreeMap<Account, Existence>,
    /// The locations that it read, other than its own writes.
    pub(super) reads: BTreeSet<Place>,
}

impl Effects {
    /// Carries out a transaction on the state that `before` reads.
    fn of<E>(transaction: &Transaction, mut before: impl FnMut(Look) -> Result<u64, E>) -> Result<Self, E> {
        let mut this = Self::default();
        this.refused = !this.may_begin(transaction, &mut before)?;
        if this.refused {
            return Ok(this);
        }
        if let Some(Sender { account: from, nonce, .. }) = transaction.sent {
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
                    // A destroyed account has no storage.
                    let lost = matches!(to, Place::Slot(account, _) if this.existences.get(&account) == Some(&Existence::Gone));
                    if !lost {
                        this.set.insert(to, value);
                    }
                    if let Place::Balance(account) = to {
                        this.added.remove(&account);
                    }
                }
                Step::Pay(account, amount) => match this.set.get_mut(&Place::Balance(account)) {
                    Some(balance) => *balance = balance.wrapping_add(amount),
                    None => *this.added.entry(account).or_default() += amount as i64,
                },
                Step::Create(account) => this.begin(account, Existence::Created),
                // A created account stays created, a destroyed one destroyed.
                Step::Touch(account) => {
                    this.existences.entry(account).or_insert(Existence::Exists);
                }
                Step::Destroy(account) => {
                    this.begin(account, Existence::Gone);
                    this.added.remove(&account);
                    this.set.extend([
                        (Place::Balance(account), 0),
                        (Place::Nonce(account), 0),
                        (Place::Code(account), 0),
                    ]);
                }
                Step::IfOdd(place) => {
                    if this.read(place, &mut before)?.is_multiple_of(2) {
                        break;
                    }
                }
                Step::UnlessBlank(account) => {
                    if this.is_blank(account, &mut before)? {
                        break;
                    }
                }
            }
        }
        Ok(this)
    }

    /// Whether the transaction is included.
    fn may_begin<E>(
        &mut self,
        transaction: &Transaction,
        before: &mut impl FnMut(Look) -> Result<u64, E>,
    ) -> Result<bool, E> {
        let Some(Sender { account: from, nonce: carried, .. }) = transaction.sent else { return Ok(true) };
        self.reads.insert(Place::Nonce(from));
        let nonce = before(Look::SenderNonce(from))?;
        self.observed.push(nonce);
        if nonce != carried {
            return Ok(false);
        }
        if let Some((amount, _)) = transaction.pays {
            self.reads.insert(Place::Balance(from));
            // That it is not enough is read in the balance itself.
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

    fn begin(&mut self, account: Account, existence: Existence) {
        self.existences.insert(account, existence);
        self.set.retain(|place, _| !matches!(place, Place::Slot(whose, _) if *whose == account));
    }

    fn has_begun_anew(&self, account: Account) -> bool {
        self.existences.get(&account).is_some_and(|existence| existence.wipes_storage())
    }

    fn read<E>(&mut self, place: Place, before: &mut impl FnMut(Look) -> Result<u64, E>) -> Result<u64, E> {
        let value = match (self.set.get(&place), place) {
            (Some(own), _) => *own,
            (None, Place::Slot(account, _)) if self.has_begun_anew(account) => 0,
            (None, Place::Exists(account)) if self.existences.contains_key(&account) => {
                self.existences[&account].exists().into()
            }
            (None, _) => {
                self.reads.insert(place);
                let added = match place {
                    Place::Balance(account) => self.added.get(&account).copied().unwrap_or_default(),
                    _ => 0,
                };
                before(Look::At(place))?.wrapping_add_signed(added)
            }
        };
        self.observed.push(value);
        Ok(value)
    }

    fn is_blank<E>(
        &mut self,
        account: Account,
        before: &mut impl FnMut(Look) -> Result<u64, E>,
    ) -> Result<bool, E> {
        let (nonce, balance) = (Place::Nonce(account), Place::Balance(account));
        let own = self.set.contains_key(&nonce) || self.set.contains_key(&balance);
        if own || self.added.contains_key(&account) {
            return Ok(self.read(nonce, before)? == 0 && self.read(balance, before)? == 0);
        }
        self.reads.extend([nonce, balance]);
        let blank = before(Look::Blank(account))?;
        self.observed.push(blank);
        Ok(blank == 1)
    }

    /// Its writes, by the numbers of accounts and slots.
    fn writes(
        &self,
        no: &mut impl FnMut(Account) -> AccountNo,
        slot_no: &mut impl FnMut(AccountNo, &U256) -> Option<SlotNo>,
    ) -> Vec<Write<ToyCode>> {
        let mut writes: Vec<Write<ToyCode>> = self
            .existences
            .iter()
            .map(|(account, existence)| Write::Existence(no(*account), *existence))
            .collect();
        for (place, value) in &self.set {
            writes.push(write(*place, *value, no, slot_no));
        }
        writes.extend(
            self.added.iter().map(|(account, more)| Write::Increment(no(*account), increment(*more))),
        );
        writes
    }

    /// The locations that it writes, with their values after it; for balances, the amounts that it adds.
    /// `before` is the state before it.
    pub(super) fn changes(&self, before: &State) -> Vec<(Place, u64)> {
        let mut after = before.clone();
        after.apply(self);
        let added = self.added.keys().map(|account| Place::Balance(*account));
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
    no: &mut impl FnMut(Account) -> AccountNo,
    slot_no: &mut impl FnMut(AccountNo, &U256) -> Option<SlotNo>,
) -> Write<ToyCode> {
    match place {
        Place::Balance(account) => Write::Balance(no(account), U256::from(value)),
        Place::Nonce(account) => Write::Nonce(no(account), value),
        Place::Code(account) => Write::Code(no(account), ToyCode(value)),
        Place::Slot(account, slot) => {
            let (no, slot) = (no(account), U256::from(slot));
            Write::Slot(no, slot, slot_no(no, &slot), U256::from(value))
        }
        Place::Exists(account) => {
            Write::Existence(no(account), if value == 1 { Existence::Exists } else { Existence::Gone })
        }
    }
}

/// A negative amount wraps, as in the engine.
pub(super) fn increment(more: i64) -> U256 {
    let size = U256::from(more.unsigned_abs());
    if more < 0 { size.wrapping_neg() } else { size }
}

/// The value of every location.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    values: BTreeMap<Place, u64>,
}

/// The pre-state. One listed account has a nonce, the other has none. Each has one slot; the block uses more.
pub(super) fn at_first(place: Place) -> u64 {
    match place {
        Place::Balance(account) if account < KNOWN => 10 + account as u64,
        Place::Nonce(0) => 1,
        Place::Slot(account, 0) if account < KNOWN => 1 + account as u64,
        Place::Exists(account) if account < KNOWN => 1,
        _ => 0,
    }
}

impl State {
    pub(super) fn before() -> Self {
        let places = (0..ACCOUNTS).flat_map(|account| {
            let slots = (0..SLOTS).map(move |slot| Place::Slot(account, slot));
            slots.chain([
                Place::Balance(account),
                Place::Nonce(account),
                Place::Code(account),
                Place::Exists(account),
            ])
        });
        Self { values: places.map(|place| (place, at_first(place))).collect() }
    }

    fn look(&self, look: Look) -> u64 {
        match look {
            Look::At(place) => self.values[&place],
            Look::SenderNonce(account) => self.values[&Place::Nonce(account)],
            Look::AtLeast(account, need) => (self.values[&Place::Balance(account)] >= need).into(),
            Look::Blank(account) => {
                let zero = |place| self.values[&place] == 0;
                (zero(Place::Nonce(account)) && zero(Place::Balance(account))).into()
            }
        }
    }

    fn wipe(&mut self, account: Account) {
        (0..SLOTS).for_each(|slot| {
            self.values.insert(Place::Slot(account, slot), 0);
        });
    }

    pub(super) fn apply(&mut self, effects: &Effects) {
        for (account, existence) in &effects.existences {
            if existence.wipes_storage() {
                self.wipe(*account);
            }
            self.values.insert(Place::Exists(*account), existence.exists().into());
        }
        self.values.extend(&effects.set);
        for (account, more) in &effects.added {
            let balance = self.values.entry(Place::Balance(*account)).or_default();
            *balance = balance.wrapping_add_signed(*more);
        }
    }

    /// The state after a run on lanes.
    pub(super) fn after(addresses: &[Address], finals: &[Finals<ToyCode>]) -> Self {
        let mut state = Self::before();
        let account = |no: AccountNo| {
            let met = addresses[no.index()];
            (0..ACCOUNTS).find(|account| address(*account) == met).expect("a toy's account")
        };
        for last in finals.iter().flat_map(|finals| &finals.accounts) {
            let account = account(last.account);
            if last.wiped {
                state.wipe(account);
            }
            let set = [
                last.exists.map(|exists| (Place::Exists(account), exists.into())),
                last.balance.map(|value| (Place::Balance(account), value.to::<u64>())),
                last.nonce.map(|value| (Place::Nonce(account), value)),
                last.code.as_ref().map(|code| (Place::Code(account), code.0)),
            ];
            state.values.extend(set.into_iter().flatten());
        }
        for (no, slot, value) in finals.iter().flat_map(|finals| &finals.slots) {
            state.values.insert(Place::Slot(account(*no), slot.to::<u64>()), value.to::<u64>());
        }
        state
    }
}

/// Runs the block in order: each transaction's effects, and the state after. Transactions that do not fit
/// into the gas limit are refused.
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

pub(super) fn address(account: Account) -> Address {
    Address::with_last_byte(account as u8 + 1)
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
    /// The values that the transaction read.
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

/// The listed accounts. Of each one's slots, the first has a number.
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
        let account = (0..KNOWN).find(|account| self::address(*account) == *address)?;
        Some(AccountNo(account as u32))
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

/// The attempts at one transaction, over a run.
#[derive(Debug, Default)]
pub(super) struct Tried {
    pub(super) attempts: StdUsize,
    /// Every location that one of them wrote.
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
pub(super) fn load(transactions: &[Transaction], gas_limit: u64, beneficiary: Account) -> Block<ToyVm> {
    let slots = (0..KNOWN).map(|account| (AccountNo(account as u32), U256::ZERO)).collect();
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
    /// What the last attempt used up: one for each read, and one.
    gas: u64,
}

fn look_at<V: View<Vm = ToyVm>>(view: &mut V, look: Look) -> Result<u64, Blocked> {
    let no = |view: &mut V, account| view.account(address(account));
    Ok(match look {
        Look::At(Place::Balance(account)) => {
            let no = no(view, account);
            // What is predicted wrongly may be less than nothing.
            view.balance(no)?.wrapping_to()
        }
        Look::At(Place::Nonce(account)) => {
            let no = no(view, account);
            view.nonce(no)?
        }
        Look::At(Place::Code(account)) => {
            let no = no(view, account);
            view.code(no)?.0
        }
        Look::At(Place::Exists(account)) => {
            let no = no(view, account);
            view.exists(no)?.into()
        }
        Look::At(Place::Slot(account, slot)) => {
            let no = no(view, account);
            view.slot(no, U256::from(slot))?.to()
        }
        Look::SenderNonce(account) => {
            let no = no(view, account);
            view.sender_nonce(no)?
        }
        Look::AtLeast(account, need) => {
            let no = no(view, account);
            view.at_least(no, U256::from(need))?.into()
        }
        Look::Blank(account) => {
            let no = no(view, account);
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
        // Two closures use the view to look up numbers, one after the other.
        let view = std::cell::RefCell::new(view);
        let writes = effects
            .writes(&mut |account| view.borrow_mut().account(address(account)), &mut |no, slot| {
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

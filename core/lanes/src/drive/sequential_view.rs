//! The state of a sequential run: one value per location, and who wrote it.

use alloy_primitives::{Address, U256, map::AddressMap};

use crate::{
    schedule::{AccountNo, Existence, Final, Finals, Key, Part, SlotMap, SlotNo, Write},
    trace::MOST_RECORDS,
    units::{Incarnation, TxIndex, Version},
    vm::{Blocked, Code, PreState, View, Vm},
};

use super::{
    access_log::{AccessLog, PackedVersion},
    order::{Order, Parties},
};

/// The state before the next transaction of a sequential run.
pub struct SequentialView<'a, M: Vm> {
    vm: &'a M,
    base: &'a M::PreState,
    /// Accounts that were written to or are not in the base, by number.
    accounts: Vec<Option<Box<Changed<M::Code>>>>,
    /// Accounts beyond the base.
    newcomers: AddressMap<AccountNo>,
    slots: SlotMap<(U256, TxIndex)>,
    /// This lane's own handle.
    none: M::Code,
    /// Whether reads are noted.
    record: bool,
    /// Whether the running transaction's nonce is known beforehand.
    nonce_is_predicted: bool,
    parties: Parties,
    /// Reads of all transactions so far.
    pub(super) reads: AccessLog<PackedVersion>,
}

/// The changed parts of one account, each with its writers.
struct Changed<C> {
    balance: Option<U256>,
    /// Who wrote it last; whether others wrote, too, since it was last set or by setting it.
    balance_from: Option<PackedVersion>,
    nonce: Option<(u64, TxIndex)>,
    code: Option<(C, TxIndex)>,
    life: Option<(Existence, TxIndex)>,
    /// Who last emptied its storage.
    wiped: Option<TxIndex>,
}

impl<C> Default for Changed<C> {
    fn default() -> Self {
        Self { balance: None, balance_from: None, nonce: None, code: None, life: None, wiped: None }
    }
}

fn first(tx: TxIndex) -> Version {
    Version { tx, incarnation: Incarnation(0) }
}

impl<'a, M: Vm> SequentialView<'a, M> {
    /// `addresses` numbers accounts: those of the base, then any that are known to come.
    pub(super) fn new(vm: &'a M, addresses: &[Address], record: bool) -> Self {
        let base = vm.pre_state();
        let mut accounts = Vec::new();
        accounts.resize_with(addresses.len().max(base.accounts()), || None);
        let newcomers = addresses.iter().enumerate().skip(base.accounts());
        Self {
            vm,
            base,
            accounts,
            newcomers: newcomers.map(|(i, address)| (*address, AccountNo(i as u32))).collect(),
            slots: SlotMap::default(),
            none: M::Code::none(),
            record,
            nonce_is_predicted: false,
            parties: Parties::default(),
            reads: AccessLog::default(),
        }
    }

    /// Turns to the next transaction. A nonce that is known beforehand is no read.
    pub(super) fn turn_to(&mut self, tx: TxIndex, order: &Order) {
        self.nonce_is_predicted = order.predicted_nonce(tx).is_some();
        self.parties = order.parties(tx);
    }

    /// Makes a transaction's changes.
    pub(super) fn apply(&mut self, tx: TxIndex, writes: impl IntoIterator<Item = Write<M::Code>>) {
        for write in writes {
            let no = write.key().account;
            let base_balance = self.base.balance(no);
            let changed = self.accounts[no.index()].get_or_insert_default();
            match write {
                Write::Balance(_, value) => {
                    changed.balance = Some(value);
                    changed.balance_from = Some(Some(first(tx)).into());
                }
                Write::Increment(_, value) => {
                    changed.balance = Some(changed.balance.unwrap_or(base_balance).wrapping_add(value));
                    changed.balance_from = Some(match changed.balance_from {
                        Some(_) => PackedVersion::last_of_sum(first(tx)),
                        None => Some(first(tx)).into(),
                    });
                }
                Write::Nonce(_, value) => changed.nonce = Some((value, tx)),
                Write::Code(_, code) => changed.code = Some((code, tx)),
                Write::Existence(_, life) => {
                    changed.life = Some((life, tx));
                    if life.wipes_storage() {
                        changed.wiped = Some(tx);
                    }
                }
                Write::Slot(_, slot, _, value) => {
                    self.slots.insert((no, slot), (value, tx));
                }
            }
        }
    }

    /// The number of an account that was met.
    pub(super) fn number(&self, address: &Address) -> Option<AccountNo> {
        self.base.number(address).or_else(|| self.newcomers.get(address).copied())
    }

    /// Addresses by account number.
    pub(super) fn addresses(&self) -> Vec<Address> {
        let mut addresses = self.base.addresses();
        addresses.resize(self.accounts.len(), Address::ZERO);
        for (address, no) in &self.newcomers {
            addresses[no.index()] = *address;
        }
        addresses
    }

    /// What became of everything that was written to.
    pub(super) fn into_finals(self) -> Finals<M::Code> {
        let mut finals = Finals::default();
        for ((no, slot), (value, tx)) in self.slots {
            let wiped = self.accounts[no.index()].as_ref().and_then(|changed| changed.wiped);
            if wiped.is_none_or(|wiped| wiped <= tx) {
                finals.slots.push((no, slot, value));
            }
        }
        for (i, changed) in self.accounts.into_iter().enumerate() {
            if let Some(changed) = changed {
                finals.accounts.push(Final {
                    account: AccountNo(i as u32),
                    balance: changed.balance,
                    nonce: changed.nonce.map(|(nonce, _)| nonce),
                    code: changed.code.map(|(code, _)| code),
                    exists: changed.life.map(|(life, _)| life.exists()),
                    wiped: changed.wiped.is_some(),
                });
            }
        }
        finals
    }

    /// Notes the read of a part that is no slot.
    fn note(&mut self, account: AccountNo, part: Part, from: Option<TxIndex>) {
        if self.records() {
            let key = Key { account, part };
            self.reads.push(key, None, from.map(first).into());
        }
    }

    /// Whether a read is noted. One transaction alone may read more than a trace may hold. The run ends
    /// when there is one note more than that, so one more is kept.
    fn records(&self) -> bool {
        self.record && self.reads.len() as usize <= MOST_RECORDS
    }

    fn changed(&self, no: AccountNo) -> Option<&Changed<M::Code>> {
        self.accounts[no.index()].as_deref()
    }
}

impl<M: Vm> View for SequentialView<'_, M> {
    type Vm = M;

    fn vm(&self) -> &M {
        self.vm
    }

    fn account(&mut self, address: Address) -> AccountNo {
        if let Some(no) = self.parties.number(&address).or_else(|| self.base.number(&address)) {
            return no;
        }
        *self.newcomers.entry(address).or_insert_with(|| {
            self.accounts.push(None);
            AccountNo(self.accounts.len() as u32 - 1)
        })
    }

    fn base(&self) -> &M::PreState {
        self.base
    }

    fn balance(&mut self, no: AccountNo) -> Result<U256, Blocked> {
        let base = self.base.balance(no);
        let changed = self.accounts[no.index()].as_deref();
        let Some((changed, value)) = changed.and_then(|c| c.balance.map(|value| (c, value))) else {
            self.note(no, Part::Balance, None);
            return Ok(base);
        };
        if let (true, Some(from)) = (self.records(), changed.balance_from) {
            self.reads.push(Key { account: no, part: Part::Balance }, None, from);
        }
        Ok(value)
    }

    fn nonce(&mut self, no: AccountNo) -> Result<u64, Blocked> {
        let found = self.changed(no).and_then(|changed| changed.nonce);
        self.note(no, Part::Nonce, found.map(|(_, tx)| tx));
        Ok(found.map_or(self.base.nonce(no), |(nonce, _)| nonce))
    }

    fn code(&mut self, no: AccountNo) -> Result<M::Code, Blocked> {
        let found = self.changed(no).and_then(|changed| changed.code.clone());
        self.note(no, Part::Code, found.as_ref().map(|(_, tx)| *tx));
        Ok(match (found, self.base.code(no)) {
            (Some((code, _)), _) => code,
            (None, code) if code.is_none() => self.none.clone(),
            (None, code) => code.clone(),
        })
    }

    fn at_least(&mut self, no: AccountNo, need: U256) -> Result<bool, Blocked> {
        // Enough is no dependency: in another order it would have been enough as well, or the
        // balance itself is read.
        let balance = self.changed(no).and_then(|changed| changed.balance);
        Ok(balance.unwrap_or(self.base.balance(no)) >= need)
    }

    fn sender_nonce(&mut self, no: AccountNo) -> Result<u64, Blocked> {
        if !self.nonce_is_predicted {
            return self.nonce(no);
        }
        let nonce = self.changed(no).and_then(|changed| changed.nonce);
        Ok(nonce.map_or(self.base.nonce(no), |(nonce, _)| nonce))
    }

    fn exists(&mut self, no: AccountNo) -> Result<bool, Blocked> {
        let found = self.changed(no).and_then(|changed| changed.life);
        self.note(no, Part::Existence, found.map(|(_, tx)| tx));
        Ok(found.map_or(self.base.exists(no), |(life, _)| life.exists()))
    }

    fn is_blank(&mut self, no: AccountNo) -> Result<bool, Blocked> {
        // A nonce that is not zero settles it without the balance.
        Ok(self.nonce(no)? == 0 && self.balance(no)?.is_zero())
    }

    fn slot(&mut self, no: AccountNo, slot: U256) -> Result<U256, Blocked> {
        let wiped = self.changed(no).and_then(|changed| changed.wiped);
        let number = || self.base.slots().number(no, &slot);
        let (value, from, at) = match self.slots.get(&(no, slot)) {
            Some((value, tx)) if wiped.is_none_or(|wiped| wiped <= *tx) => (*value, Some(*tx), None),
            _ if wiped.is_some() => (U256::ZERO, wiped, None),
            _ => {
                let at = number();
                (self.base.value(at), None, at)
            }
        };
        if self.records() {
            let key = Key { account: no, part: Part::Slot(slot) };
            self.reads.push(key, at.or_else(number), from.map(first).into());
        }
        Ok(value)
    }

    fn slot_no(&mut self, no: AccountNo, slot: &U256) -> Option<SlotNo> {
        self.base.slots().number(no, slot)
    }
}

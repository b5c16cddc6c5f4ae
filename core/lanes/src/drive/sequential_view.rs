//! The state of a sequential run: one value per location, and its last writer.

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
    /// Accounts that were written to, by number. `None` for all others, pre-state or not.
    accounts: Vec<Option<Box<Changed<M::Code>>>>,
    /// Numbers of accounts that the pre-state does not list.
    unlisted: AddressMap<AccountNo>,
    /// Slots that were written to, with the last writer.
    slots: SlotMap<(U256, TxIndex)>,
    /// No code, with a reference count that no lane shares.
    none: M::Code,
    /// Whether reads are noted.
    record: bool,
    /// Whether the nonce of the running transaction's sender is predicted. Then it is no read, as in parallel
    /// runs.
    nonce_is_predicted: bool,
    /// The running transaction's sender and recipient.
    parties: Parties,
    /// Reads of all transactions so far.
    pub(super) reads: AccessLog<PackedVersion>,
}

/// The changed parts of one account, each with its last writer.
struct Changed<C> {
    balance: Option<U256>,
    /// The balance's last writer, and whether others wrote parts of it.
    balance_from: Option<PackedVersion>,
    nonce: Option<(u64, TxIndex)>,
    code: Option<(C, TxIndex)>,
    existence: Option<(Existence, TxIndex)>,
    /// The last transaction that wiped its storage.
    wiped: Option<TxIndex>,
}

impl<C> Default for Changed<C> {
    fn default() -> Self {
        Self { balance: None, balance_from: None, nonce: None, code: None, existence: None, wiped: None }
    }
}

/// The first attempt at a transaction: a sequential run has no other.
fn first(tx: TxIndex) -> Version {
    Version { tx, incarnation: Incarnation(0) }
}

impl<'a, M: Vm> SequentialView<'a, M> {
    /// `addresses` numbers accounts: those of the pre-state first, then any that an earlier run has numbered.
    pub(super) fn new(vm: &'a M, addresses: &[Address], record: bool) -> Self {
        let base = vm.pre_state();
        let mut accounts = Vec::new();
        accounts.resize_with(addresses.len().max(base.accounts()), || None);
        let unlisted = addresses.iter().enumerate().skip(base.accounts());
        Self {
            vm,
            base,
            accounts,
            unlisted: unlisted.map(|(i, address)| (*address, AccountNo(i as u32))).collect(),
            slots: SlotMap::default(),
            none: M::Code::none(),
            record,
            nonce_is_predicted: false,
            parties: Parties::default(),
            reads: AccessLog::default(),
        }
    }

    /// Turns to the next transaction.
    pub(super) fn turn_to(&mut self, tx: TxIndex, order: &Order) {
        self.nonce_is_predicted = order.predicted_nonce(tx).is_some();
        self.parties = order.parties(tx);
    }

    /// Applies a transaction's writes.
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
                Write::Existence(_, existence) => {
                    changed.existence = Some((existence, tx));
                    if existence.wipes_storage() {
                        changed.wiped = Some(tx);
                    }
                }
                Write::Slot(_, slot, _, value) => {
                    self.slots.insert((no, slot), (value, tx));
                }
            }
        }
    }

    /// The number of an account that was numbered.
    pub(super) fn number(&self, address: &Address) -> Option<AccountNo> {
        self.base.number(address).or_else(|| self.unlisted.get(address).copied())
    }

    /// Addresses by account number.
    pub(super) fn addresses(&self) -> Vec<Address> {
        let mut addresses = self.base.addresses();
        addresses.resize(self.accounts.len(), Address::ZERO);
        for (address, no) in &self.unlisted {
            addresses[no.index()] = *address;
        }
        addresses
    }

    /// The state after the block.
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
                    exists: changed.existence.map(|(existence, _)| existence.exists()),
                    wiped: changed.wiped.is_some(),
                });
            }
        }
        finals
    }

    /// Notes the read of a part other than a slot.
    fn note(&mut self, account: AccountNo, part: Part, from: Option<TxIndex>) {
        if self.records() {
            let key = Key { account, part };
            self.reads.push(key, None, from.map(first).into());
        }
    }

    /// Whether a read is noted. One transaction alone may read more than a trace may hold. The run ends once
    /// there is one note more than that, so one more is kept.
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
        *self.unlisted.entry(address).or_insert_with(|| {
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
        // "Enough" is no dependency: in another order it would have been enough as well, or the balance
        // itself is read.
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
        let found = self.changed(no).and_then(|changed| changed.existence);
        self.note(no, Part::Existence, found.map(|(_, tx)| tx));
        Ok(found.map_or(self.base.exists(no), |(existence, _)| existence.exists()))
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

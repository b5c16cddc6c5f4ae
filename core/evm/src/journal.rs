//! revm's journal, with notes of the parts of each account that were really observed.
//!
//! revm loads an account whole: balance, nonce, code. Taken as reads, that would chain every payment to one
//! account, and every contract call to every payment that the contract receives. Here an account is loaded
//! with its code read, and its balance and nonce *guessed* (from the pre-state). An operation that lets the
//! EVM observe balance or nonce first reads it through the view, and corrects the account by the difference
//! between guess and truth.
//!
//! The correction is exact. The journal changes an unobserved balance only by additions, and by the
//! subtractions that undo them (`BalanceTransfer`, `AccountDestroyed`), never by setting it. It never changes
//! an unobserved nonce. A balance that stays unobserved becomes an increment: final minus guess.
//!
//! | observer | balance | nonce |
//! | --- | --- | --- |
//! | the sender: validation, fee, refund, the payment itself | only whether it is enough | read |
//! | an authority of EIP-7702 | read | read |
//! | CREATE: the creator | read | read |
//! | CREATE: the new address (collision) | – | read |
//! | a payment: the payer | read | – |
//! | a payment: the recipient | – | – |
//! | BALANCE, SELFBALANCE | read | – |
//! | EXTCODEHASH, CALL with value, SELFDESTRUCT's heir: is it empty? | only whether both are zero | |
//! | SELFDESTRUCT: the destroyed account | read | – |
//! | CALL without value, EXTCODESIZE, EXTCODECOPY, delegates | – | – |
//! | anything else | read | read |
//!
//! A sender's balance is enough or is not; the EVM shows no more of it. So what the sender spends, up to the
//! most that the transaction takes, becomes a (negative) increment, too, if the pre-state suggests that the
//! balance is enough and the view confirms it.
//!
//! An account with code is not empty, so emptiness then needs neither value. Before Spurious Dragon existence
//! counts in place of emptiness, and is read whenever an account is loaded.
//!
//! A transaction *accesses* (EIP-7928) more than it reads: a slot of an account that it created itself is
//! accessed, although no read goes to the view. revm's journal keeps every account and slot that an operation
//! reached until the transaction ends, also those of reverted calls. [`Accesses`] are taken from there, by a
//! run that wants them.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{
    Address, B256, U256,
    map::{AddressMap, AddressSet, HashSet},
};
use revm::{
    Database,
    bytecode::Bytecode,
    context::{
        JournalTr,
        journal::{JournalEntry, JournalInner},
        journaled_state::{
            AccountInfoLoad, AccountLoad, JournalCheckpoint, JournalLoadError, TransferError,
            account::JournaledAccount,
        },
    },
    context_interface::context::{SStoreResult, SelfDestructResult, StateLoad},
    primitives::{Log, hardfork::SpecId},
    state::{Account, AccountId, AccountInfo, AccountStatus, EvmState},
};

use super::{View, base::Code, reference, view::Blocked};
use lanes::schedule::{AccountNo, Existence, Write};

/// The accounts that included transactions accessed, each with the accessed slots, as EIP-7928 counts
/// accesses: everything that an operation reached after it had paid for that.
pub type Accesses = BTreeMap<AccountNo, BTreeSet<U256>>;

/// The purpose of the next account load. Set by the instruction that makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Not known: everything counts as observed.
    Whole,
    /// Its balance.
    Balance,
    /// Its code.
    Code,
    /// Its code, and whether the account is empty.
    CodeAndEmptiness,
}

/// The facts about an account that the running attempt has loaded.
#[derive(Debug)]
pub(super) struct LoadedAccount {
    no: AccountNo,
    /// Its code, as it was read.
    code: B256,
    /// The guess, or the truth once it is observed.
    balance: U256,
    balance_observed: bool,
    /// The guess, or the truth once it is observed.
    nonce: u64,
    nonce_observed: bool,
    /// The balance is known to be at least this.
    covered: U256,
    /// Whether it existed when it was loaded.
    exists: bool,
}

/// A transaction's sender.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sender {
    pub(super) address: Address,
    /// The most that the transaction takes; `None` if that overflows.
    pub(super) max_spending: Option<U256>,
}

/// The database that revm's journal loads from: a view, and the facts of the accounts that were loaded.
pub(super) struct ViewDb<V> {
    pub(super) view: V,
    facts: Vec<LoadedAccount>,
    eip161: bool,
}

impl<V: View> Database for ViewDb<V> {
    type Error = Blocked;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Blocked> {
        let no = self.view.account(address);
        let code = self.view.code(no)?;
        let base = self.view.base().account(no);
        let (balance, nonce, base_exists, fragile) =
            (base.balance(), base.nonce(), base.exists(), base.fragile);
        let exists =
            if self.eip161 && !fragile { base_exists || !code.is_none() } else { self.view.exists(no)? };
        // An account that does not exist is loaded as nothing, so the guess is zero.
        let (balance, nonce) = if exists { (balance, nonce) } else { (U256::ZERO, 0) };
        let id = AccountId::new(self.facts.len());
        self.facts.push(LoadedAccount {
            no,
            code: code.hash,
            balance,
            balance_observed: false,
            nonce,
            nonce_observed: false,
            covered: U256::ZERO,
            exists,
        });
        // Also for an account that does not exist: revm would use its one empty code, see `Code::own_none`.
        Ok(Some(AccountInfo {
            balance,
            nonce,
            code_hash: code.hash,
            account_id: id,
            code: Some(code.bytecode),
        }))
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, Blocked> {
        Ok(self.view.base().code_by_hash(&hash))
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, Blocked> {
        let no = self.view.account(address);
        Ok(self.view.slot(no, slot)?)
    }

    fn storage_by_account_id(
        &mut self,
        address: Address,
        id: AccountId,
        slot: U256,
    ) -> Result<U256, Blocked> {
        match self.facts.get(id.get()) {
            Some(facts) => Ok(self.view.slot(facts.no, slot)?),
            None => self.storage(address, slot),
        }
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, Blocked> {
        Ok(self.view.vm().block_hash(number).unwrap_or_else(|| reference::unknown_block_hash(number)))
    }
}

/// revm's journal over a [`View`].
pub(super) struct ObservingJournal<V> {
    pub(super) db: ViewDb<V>,
    inner: JournalInner<JournalEntry>,
    pub(super) purpose: Purpose,
    /// An estimate that was met where revm's journal cannot fail. Everything after it is void.
    pub(super) stop: Option<Blocked>,
    /// A fee for an account that was not loaded.
    fee: Option<(AccountNo, U256)>,
    /// The sender, until it is loaded.
    sender: Option<Sender>,
    /// The accesses of all included transactions so far, if they are wanted.
    accesses: Option<Box<Accesses>>,
}

type Load<T> = Result<T, JournalLoadError<Blocked>>;

impl<V: View> ObservingJournal<V> {
    pub(super) fn over(view: V, eip161: bool) -> Self {
        Self {
            db: ViewDb { view, facts: Vec::new(), eip161 },
            inner: JournalInner::new(),
            purpose: Purpose::Whole,
            stop: None,
            fee: None,
            sender: None,
            accesses: None,
        }
    }

    /// Collects accesses from now on.
    pub(super) fn collect_accesses(&mut self) {
        self.accesses = Some(Box::default());
    }

    /// The accesses collected so far; none if they are not collected.
    pub(super) fn take_accesses(&mut self) -> Accesses {
        self.accesses.as_deref_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Adds the accesses of the attempt that is ending.
    fn note_accesses(&mut self) {
        let Some(accesses) = &mut self.accesses else { return };
        for account in self.inner.state.values() {
            let facts = account.info.account_id.and_then(|id| self.db.facts.get(id.get()));
            if let Some(facts) = facts {
                accesses.entry(facts.no).or_default().extend(account.storage.keys());
            }
        }
        // The fee's recipient is looked up in order to be paid, even if the fee is zero.
        if let Some((no, _)) = self.fee {
            accesses.entry(no).or_default();
        }
    }

    /// Sets the sender of the transaction that is about to run.
    pub(super) fn set_sender(&mut self, sender: Sender) {
        self.sender = Some(sender);
    }

    /// Forgets the last attempt.
    pub(super) fn reset(&mut self) {
        /// A larger table is not kept: emptying it takes time by its size.
        const KEPT: usize = 64;
        let mut state = std::mem::take(&mut self.inner.state);
        self.inner.finalize();
        if state.capacity() <= KEPT {
            state.clear();
            self.inner.state = state;
        }
        self.db.facts.clear();
        self.purpose = Purpose::Whole;
        self.stop = None;
        self.fee = None;
        self.sender = None;
    }

    /// Loads an account. Balance and nonce stay guesses, unless the account is fragile or increments are off.
    fn load(&mut self, address: Address, code: bool, skip_cold: bool) -> Load<bool> {
        let known = self.db.facts.len();
        let is_cold = self.inner.load_account_optional(&mut self.db, address, code, skip_cold)?.is_cold;
        if self.db.facts.len() > known {
            let LoadedAccount { no, exists, .. } = self.db.facts[known];
            if !exists && let Some(account) = self.inner.state.get_mut(&address) {
                account.status.insert(AccountStatus::LoadedAsNotExisting);
            }
            let base = self.db.view.base();
            if !base.increments() || base.account(no).fragile {
                self.observe_balance(address)?;
                self.observe_nonce(address)?;
            }
        }
        Ok(is_cold)
    }

    fn observe_balance(&mut self, address: Address) -> Result<(), Blocked> {
        let Some((account, facts)) = loaded(&mut self.inner, &mut self.db.facts, address) else {
            return Ok(());
        };
        if !facts.balance_observed {
            let truth = self.db.view.balance(facts.no)?;
            facts.correct_balance(account, truth);
        }
        Ok(())
    }

    fn observe_nonce(&mut self, address: Address) -> Result<(), Blocked> {
        let Some((account, facts)) = loaded(&mut self.inner, &mut self.db.facts, address) else {
            return Ok(());
        };
        if !facts.nonce_observed {
            let truth = self.db.view.nonce(facts.no)?;
            facts.correct_nonce(account, truth);
        }
        Ok(())
    }

    /// Observes the sender's nonce, and whether its balance is enough.
    fn observe_sender(&mut self, sender: Sender) -> Result<(), Blocked> {
        let Some((account, facts)) = loaded(&mut self.inner, &mut self.db.facts, sender.address) else {
            return Ok(());
        };
        if !facts.nonce_observed {
            let truth = self.db.view.sender_nonce(facts.no)?;
            facts.correct_nonce(account, truth);
        }
        if !facts.balance_observed
            && let Some(max_spending) = sender.max_spending
            && !max_spending.is_zero()
            && facts.balance >= max_spending
            && self.db.view.at_least(facts.no, max_spending)?
        {
            facts.covered = max_spending;
            return Ok(());
        }
        self.observe_balance(sender.address)
    }

    /// Whether an account can pay this much without reading its balance.
    fn covers(&mut self, payer: Address, value: U256) -> bool {
        let Some((account, facts)) = loaded(&mut self.inner, &mut self.db.facts, payer) else { return false };
        let spent = facts.balance.saturating_sub(account.info.balance);
        !facts.balance_observed && spent.checked_add(value).is_some_and(|all| all <= facts.covered)
    }

    /// Makes revm find the account empty if and only if it is.
    fn observe_emptiness(&mut self, address: Address) -> Result<(), Blocked> {
        if !self.db.eip161 {
            // Existence is what counts, and was read on loading.
            return Ok(());
        }
        let Some((account, facts)) = loaded(&mut self.inner, &mut self.db.facts, address) else {
            return Ok(());
        };
        let certain = facts.balance_observed && facts.nonce_observed
            || !account.info.is_empty_code_hash()
            || facts.balance_observed && !account.info.balance.is_zero()
            || facts.nonce_observed && account.info.nonce != 0
            // What this attempt itself paid in is certainly there.
            || account.info.balance > facts.balance
            || account.is_created();
        if certain {
            return Ok(());
        }
        if self.db.view.is_blank(facts.no)? {
            facts.correct_balance(account, U256::ZERO);
            facts.correct_nonce(account, 0);
        } else if account.info.is_empty() {
            self.observe_balance(address)?;
            self.observe_nonce(address)?;
        }
        Ok(())
    }

    /// Pays the beneficiary, without reading its balance if no operation has loaded it.
    pub(super) fn pay_fee(&mut self, beneficiary: Address, fee: U256) -> Result<(), Blocked> {
        if !self.inner.state.contains_key(&beneficiary) {
            let no = self.db.view.account(beneficiary);
            let base = self.db.view.base();
            if self.db.eip161 && base.increments() && !base.account(no).fragile {
                self.fee = Some((no, fee));
                return Ok(());
            }
        }
        self.load(beneficiary, false, false).map_err(JournalLoadError::unwrap_db_error)?;
        if let Some(account) = self.inner.state.get_mut(&beneficiary) {
            account.mark_touch();
            account.info.balance = account.info.balance.wrapping_add(fee);
        }
        Ok(())
    }

    /// Ends a successful attempt: adds all its writes to `writes`.
    pub(super) fn take_writes(&mut self, writes: &mut Vec<Write<Code>>) {
        self.note_accesses();
        let eip161 = self.db.eip161;
        // revm's own rules for accounts before EIP-161 are not used: they judge emptiness by balances that
        // may be guesses.
        let mut state = std::mem::take(&mut self.inner.state);
        self.inner.finalize();
        for (address, account) in state.drain() {
            if !account.is_touched() {
                continue;
            }
            let Some(facts) = account.info.account_id.and_then(|id| self.db.facts.get(id.get())) else {
                debug_assert!(false, "{address} was loaded behind the journal's back");
                continue;
            };
            facts.writes_of(account, eip161, &mut self.db.view, writes);
        }
        if let Some((no, fee)) = self.fee.take()
            && !fee.is_zero()
        {
            writes.push(Write::Increment(no, fee));
        }
        self.db.facts.clear();
        self.inner.state = state;
    }
}

fn loaded<'a>(
    inner: &'a mut JournalInner<JournalEntry>,
    facts: &'a mut [LoadedAccount],
    address: Address,
) -> Option<(&'a mut Account, &'a mut LoadedAccount)> {
    let account = inner.state.get_mut(&address)?;
    let facts = facts.get_mut(account.info.account_id?.get())?;
    Some((account, facts))
}

impl LoadedAccount {
    fn correct_balance(&mut self, account: &mut Account, truth: U256) {
        if !self.balance_observed {
            account.info.balance = account.info.balance.wrapping_sub(self.balance).wrapping_add(truth);
            self.balance = truth;
            self.balance_observed = true;
        }
    }

    fn correct_nonce(&mut self, account: &mut Account, truth: u64) {
        if !self.nonce_observed {
            account.info.nonce = account.info.nonce.wrapping_sub(self.nonce).wrapping_add(truth);
            self.nonce = truth;
            self.nonce_observed = true;
        }
    }

    fn writes_of(&self, account: Account, eip161: bool, view: &mut impl View, writes: &mut Vec<Write<Code>>) {
        let no = self.no;
        if account.is_selfdestructed() {
            writes.push(Write::Existence(no, Existence::Gone));
            writes.push(Write::Balance(no, U256::ZERO));
            writes.push(Write::Nonce(no, 0));
            writes.push(Write::Code(no, Code::none()));
            return;
        }
        let observed = self.balance_observed && self.nonce_observed;
        if account.is_created() {
            writes.push(Write::Existence(no, Existence::Created));
        } else if !eip161 && account.is_loaded_as_not_existing() {
            writes.push(Write::Existence(no, Existence::Exists));
        } else if eip161 && observed && account.is_empty() && !account.is_loaded_as_not_existing() {
            // EIP-161: touched and empty, so it is removed, with any storage that it has.
            writes.push(Write::Existence(no, Existence::Gone));
        }
        if account.info.balance != self.balance {
            writes.push(if self.balance_observed {
                Write::Balance(no, account.info.balance)
            } else {
                Write::Increment(no, account.info.balance.wrapping_sub(self.balance))
            });
        }
        if account.info.nonce != self.nonce {
            writes.push(Write::Nonce(no, account.info.nonce));
        }
        if account.info.code_hash != self.code {
            let hash = account.info.code_hash;
            let bytecode = account.info.code.unwrap_or_default();
            writes.push(Write::Code(no, Code { hash, bytecode }));
        }
        for (slot, value) in account.storage {
            if value.is_changed() {
                let at = view.slot_no(no, &slot);
                writes.push(Write::Slot(no, slot, at, value.present_value()));
            }
        }
    }
}

impl<V: View> JournalTr for ObservingJournal<V> {
    type Database = ViewDb<V>;
    type State = EvmState;
    type JournaledAccount<'a>
        = JournaledAccount<'a, ViewDb<V>, JournalEntry>
    where
        V: 'a;

    fn new(database: ViewDb<V>) -> Self {
        Self {
            db: database,
            inner: JournalInner::new(),
            purpose: Purpose::Whole,
            stop: None,
            fee: None,
            sender: None,
            accesses: None,
        }
    }

    fn db_and_state(&self) -> (&ViewDb<V>, &EvmState) {
        (&self.db, &self.inner.state)
    }

    fn db_and_state_mut(&mut self) -> (&mut ViewDb<V>, &mut EvmState) {
        (&mut self.db, &mut self.inner.state)
    }

    fn sload_skip_cold_load(&mut self, address: Address, key: U256, skip: bool) -> Load<StateLoad<U256>> {
        self.inner.sload_assume_account_present(&mut self.db, address, key, skip)
    }

    fn sstore_skip_cold_load(
        &mut self,
        address: Address,
        key: U256,
        value: U256,
        skip: bool,
    ) -> Load<StateLoad<SStoreResult>> {
        self.inner.sstore_assume_account_present(&mut self.db, address, key, value, skip)
    }

    fn tload(&mut self, address: Address, key: U256) -> U256 {
        self.inner.tload(address, key)
    }

    fn tstore(&mut self, address: Address, key: U256, value: U256) {
        self.inner.tstore(address, key, value);
    }

    fn log(&mut self, log: Log) {
        self.inner.log(log);
    }

    fn take_logs(&mut self) -> Vec<Log> {
        self.inner.take_logs()
    }

    fn logs(&self) -> &[Log] {
        &self.inner.logs
    }

    fn selfdestruct(
        &mut self,
        address: Address,
        target: Address,
        skip: bool,
    ) -> Load<StateLoad<SelfDestructResult>> {
        // Loaded here first, so that everything that the journal is about to read is true by then. The
        // journal finds the heir warm, so the answer is put back as it would have been.
        let is_cold = self.load(target, false, skip)?;
        self.observe_balance(address)?;
        self.observe_emptiness(target)?;
        let mut done = self.inner.selfdestruct(&mut self.db, address, target, false)?;
        done.is_cold = is_cold;
        Ok(done)
    }

    fn warm_access_list(&mut self, access_list: AddressMap<HashSet<U256>>) {
        self.inner.warm_addresses.set_access_list(access_list);
    }

    fn warm_coinbase_account(&mut self, address: Address) {
        self.inner.warm_addresses.set_coinbase(address);
    }

    fn warm_precompiles(&mut self, addresses: &AddressSet) {
        self.inner.warm_addresses.set_precompile_addresses(addresses);
    }

    fn precompile_addresses(&self) -> &AddressSet {
        self.inner.warm_addresses.precompiles()
    }

    fn set_spec_id(&mut self, spec: SpecId) {
        self.inner.set_spec_id(spec);
    }

    fn set_eip7708_config(&mut self, disabled: bool, delayed_clear_disabled: bool) {
        self.inner.set_eip7708_config(disabled, delayed_clear_disabled);
    }

    fn touch_account(&mut self, address: Address) {
        self.inner.touch(address);
    }

    fn transfer(
        &mut self,
        from: Address,
        to: Address,
        value: U256,
    ) -> Result<Option<TransferError>, Blocked> {
        self.load(from, false, false).map_err(JournalLoadError::unwrap_db_error)?;
        self.load(to, false, false).map_err(JournalLoadError::unwrap_db_error)?;
        self.observe_balance(from)?;
        Ok(self.inner.transfer_loaded(from, to, value))
    }

    fn transfer_loaded(&mut self, from: Address, to: Address, value: U256) -> Option<TransferError> {
        if !value.is_zero()
            && !self.covers(from, value)
            && let Err(blocked) = self.observe_balance(from)
        {
            self.stop.get_or_insert(blocked);
            return Some(TransferError::OutOfFunds);
        }
        self.inner.transfer_loaded(from, to, value)
    }

    #[expect(deprecated)]
    fn caller_accounting_journal_entry(&mut self, address: Address, old_balance: U256, bump_nonce: bool) {
        self.inner.caller_accounting_journal_entry(address, old_balance, bump_nonce);
    }

    fn balance_incr(&mut self, address: Address, value: U256) -> Result<(), Blocked> {
        self.load(address, false, false).map_err(JournalLoadError::unwrap_db_error)?;
        // The sender's refund adds to its balance.
        if !self.covers(address, U256::ZERO) {
            self.observe_balance(address)?;
        }
        self.inner.balance_incr(&mut self.db, address, value)
    }

    #[expect(deprecated)]
    fn nonce_bump_journal_entry(&mut self, address: Address) {
        self.inner.nonce_bump_journal_entry(address);
    }

    /// revm's handler calls this for the address of a CREATE, to see whether a nonce or code is in the way.
    fn load_account(&mut self, address: Address) -> Result<StateLoad<&Account>, Blocked> {
        let is_cold = self.load(address, false, false).map_err(JournalLoadError::unwrap_db_error)?;
        self.observe_nonce(address)?;
        Ok(StateLoad::new(self.inner.account(address), is_cold))
    }

    /// revm's handler calls this for a transaction's recipient and its delegate, for their code.
    fn load_account_with_code(&mut self, address: Address) -> Result<StateLoad<&Account>, Blocked> {
        let is_cold = self.load(address, true, false).map_err(JournalLoadError::unwrap_db_error)?;
        Ok(StateLoad::new(self.inner.account(address), is_cold))
    }

    fn load_account_delegated(&mut self, address: Address) -> Result<StateLoad<AccountLoad>, Blocked> {
        self.load(address, true, false).map_err(JournalLoadError::unwrap_db_error)?;
        self.observe_balance(address)?;
        self.observe_nonce(address)?;
        self.inner.load_account_delegated(&mut self.db, address)
    }

    fn load_account_mut_skip_cold_load(
        &mut self,
        address: Address,
        skip: bool,
    ) -> Load<StateLoad<Self::JournaledAccount<'_>>> {
        let is_cold = self.load(address, false, skip)?;
        self.observe_balance(address)?;
        self.observe_nonce(address)?;
        let mut account = self.inner.load_account_mut_optional(&mut self.db, address, false)?;
        account.is_cold = is_cold;
        Ok(account)
    }

    /// revm's handler calls this for the sender and for authorities of EIP-7702. For an authority it matters
    /// whether an empty account exists. Here an empty account does not exist, unless it is fragile; then
    /// loading has read the truth.
    fn load_account_mut_optional_code(
        &mut self,
        address: Address,
        load_code: bool,
    ) -> Result<StateLoad<Self::JournaledAccount<'_>>, Blocked> {
        let is_cold = self.load(address, load_code, false).map_err(JournalLoadError::unwrap_db_error)?;
        match self.sender.take_if(|sender| sender.address == address) {
            Some(sender) if self.db.eip161 => self.observe_sender(sender)?,
            _ => {
                self.observe_balance(address)?;
                self.observe_nonce(address)?;
            }
        }
        if self.db.eip161
            && let Some((account, facts)) = loaded(&mut self.inner, &mut self.db.facts, address)
            && !account.is_touched()
            && !self.db.view.base().account(facts.no).fragile
        {
            account.status.set(AccountStatus::LoadedAsNotExisting, account.is_empty());
        }
        let mut account = self
            .inner
            .load_account_mut_optional_code(&mut self.db, address, load_code, false)
            .map_err(JournalLoadError::unwrap_db_error)?;
        account.is_cold = is_cold;
        Ok(account)
    }

    fn set_code_with_hash(&mut self, address: Address, code: Bytecode, hash: B256) {
        self.inner.set_code_with_hash(address, code, hash);
    }

    fn checkpoint(&mut self) -> JournalCheckpoint {
        self.inner.checkpoint()
    }

    fn checkpoint_commit(&mut self) {
        self.inner.checkpoint_commit();
    }

    fn checkpoint_revert(&mut self, checkpoint: JournalCheckpoint) {
        self.inner.checkpoint_revert(checkpoint);
    }

    fn create_account_checkpoint(
        &mut self,
        caller: Address,
        address: Address,
        balance: U256,
        spec: SpecId,
    ) -> Result<JournalCheckpoint, TransferError> {
        self.inner.create_account_checkpoint(caller, address, balance, spec)
    }

    fn depth(&self) -> usize {
        self.inner.depth
    }

    /// Keeps the state, because [`ObservingJournal::take_writes`] is about to take it.
    fn commit_tx(&mut self) {
        self.inner.commit_tx();
    }

    fn discard_tx(&mut self) {
        self.inner.discard_tx();
    }

    fn finalize(&mut self) -> EvmState {
        self.inner.finalize()
    }

    fn load_account_info_skip_cold_load(
        &mut self,
        address: Address,
        load_code: bool,
        skip: bool,
    ) -> Load<AccountInfoLoad<'_>> {
        let is_cold = self.load(address, load_code, skip)?;
        match self.purpose {
            Purpose::Whole => {
                self.observe_balance(address)?;
                self.observe_nonce(address)?;
            }
            Purpose::Balance => self.observe_balance(address)?,
            Purpose::Code => {}
            Purpose::CodeAndEmptiness => {
                self.observe_emptiness(address)?;
                // A delegate that the same instruction loads next is asked for its code only.
                self.purpose = Purpose::Code;
            }
        }
        let spec = self.inner.cfg.spec;
        let account = self.inner.account(address);
        Ok(AccountInfoLoad::new(&account.info, is_cold, account.state_clear_aware_is_empty(spec)))
    }
}

//! A block's pre-state from a database: the part that the block uses.
//!
//! ```text
//! StateSource ─ collect(environment, transactions) ─▶ PreparedBlock
//! ```
//! Lanes need the whole pre-state in memory, so that no read waits for a disk. [`collect`] runs the block
//! once, in block order, on the source, and keeps everything that this run reads. An attempt on stale values
//! may read more, and finds empty accounts and slots there. That does no harm: an attempt whose read set holds
//! in the end has read the same as the run in block order.

use std::collections::HashSet;

use alloy_primitives::{Address, B256, Bytes, U256};
use revm::{
    Context, Database, DatabaseRef, ExecuteEvm, Journal, MainBuilder, SystemCallEvm,
    bytecode::Bytecode,
    context::{BlockEnv, CfgEnv, TxEnv},
    primitives::KECCAK_EMPTY,
    state::{Account as RevmAccount, AccountInfo},
};

use crate::{
    block::{Account, BlockEnvironment, Origin, PreparedBlock, State, SystemCall, Transaction},
    convert, reference,
};

/// A source of a pre-state.
pub trait StateSource {
    /// The error of a read.
    type Error;

    /// An account: balance, nonce, and the hash of its code if it has code. `None` if it does not exist. Slots that it
    /// lists are used as they are; other slots are read by [`StateSource::slot`].
    ///
    /// # Errors
    /// Here and below: the source's own.
    fn account(&self, address: Address) -> Result<Option<Account>, Self::Error>;

    /// The code of that keccak-256.
    fn code(&self, hash: B256) -> Result<Bytes, Self::Error>;

    /// A slot of an account.
    fn slot(&self, address: Address, slot: U256) -> Result<U256, Self::Error>;

    /// The hash of an earlier block, for BLOCKHASH.
    fn block_hash(&self, number: u64) -> Result<Option<B256>, Self::Error>;
}

impl StateSource for State {
    type Error = std::convert::Infallible;

    fn account(&self, address: Address) -> Result<Option<Account>, Self::Error> {
        let account = self.accounts.get(&address);
        Ok(account.map(|account| Account { storage: Default::default(), ..account.clone() }))
    }

    fn code(&self, hash: B256) -> Result<Bytes, Self::Error> {
        Ok(self.codes.get(&hash).cloned().unwrap_or_default())
    }

    fn slot(&self, address: Address, slot: U256) -> Result<U256, Self::Error> {
        let account = self.accounts.get(&address);
        Ok(account.and_then(|account| account.storage.get(&slot)).copied().unwrap_or_default())
    }

    fn block_hash(&self, _: u64) -> Result<Option<B256>, Self::Error> {
        Ok(None)
    }
}

/// A source made of three functions: accounts, codes by hash, slots. It has no hashes of earlier blocks.
#[derive(Clone, Copy, Debug)]
pub struct FromFunctions<A, C, S> {
    /// See [`StateSource::account`].
    pub account: A,
    /// See [`StateSource::code`].
    pub code: C,
    /// See [`StateSource::slot`].
    pub slot: S,
}

impl<E, A, C, S> StateSource for FromFunctions<A, C, S>
where
    A: Fn(Address) -> Result<Option<Account>, E>,
    C: Fn(B256) -> Result<Bytes, E>,
    S: Fn(Address, U256) -> Result<U256, E>,
{
    type Error = E;

    fn account(&self, address: Address) -> Result<Option<Account>, E> {
        (self.account)(address)
    }

    fn code(&self, hash: B256) -> Result<Bytes, E> {
        (self.code)(hash)
    }

    fn slot(&self, address: Address, slot: U256) -> Result<U256, E> {
        (self.slot)(address, slot)
    }

    fn block_hash(&self, _: u64) -> Result<Option<B256>, E> {
        Ok(None)
    }
}

/// A database of revm as a source.
#[derive(Clone, Copy, Debug)]
pub struct FromDatabase<D>(pub D);

impl<D: DatabaseRef> StateSource for FromDatabase<D> {
    type Error = D::Error;

    fn account(&self, address: Address) -> Result<Option<Account>, D::Error> {
        let info = self.0.basic_ref(address)?;
        Ok(info.map(|info| Account {
            balance: info.balance,
            nonce: info.nonce,
            code_hash: (!info.is_empty_code_hash() && !info.code_hash.is_zero()).then_some(info.code_hash),
            storage: Default::default(),
        }))
    }

    fn code(&self, hash: B256) -> Result<Bytes, D::Error> {
        Ok(self.0.code_by_hash_ref(hash)?.original_bytes())
    }

    fn slot(&self, address: Address, slot: U256) -> Result<U256, D::Error> {
        self.0.storage_ref(address, slot)
    }

    fn block_hash(&self, number: u64) -> Result<Option<B256>, D::Error> {
        self.0.block_hash_ref(number).map(Some)
    }
}

/// A block ready to run, with the part of the source's state that it uses. Labels are empty.
///
/// # Errors
/// The first error of the source.
pub fn collect<S: StateSource>(
    source: &S,
    mut env: BlockEnvironment,
    transactions: Vec<Transaction>,
) -> Result<PreparedBlock, S::Error> {
    let mut touched = Touched::new(source, &env);
    for SystemCall { to, input } in &env.system_calls {
        touched.ask_for(*to);
        if touched.now.accounts.get(to).is_some_and(|account| account.code_hash.is_some()) {
            let mut evm = context(&env, &mut touched).build_mainnet();
            // A failing system call changes nothing.
            let changes = evm.system_call(*to, input.clone()).map(|done| done.state).unwrap_or_default();
            drop(evm);
            touched.commit(changes);
        }
    }
    let mut gas_used = 0;
    for tx in &transactions {
        // On lanes, a transaction that cannot be included reads its sender, too.
        touched.ask_for(tx.from);
        let fits = reference::block_gas_left(&env, gas_used, tx).is_ok();
        if !fits || convert::malformed(tx, convert::spec(env.fork)).is_some() {
            continue;
        }
        let mut evm = context(&env, &mut touched).build_mainnet();
        let outcome = evm.transact(convert::transaction(tx));
        drop(evm);
        if let Some(error) = touched.error.take() {
            return Err(error);
        }
        if let Ok(done) = outcome {
            gas_used += done.result.tx_gas_used();
            touched.commit(done.state);
        }
    }
    touched.ask_for(env.beneficiary);
    let Touched { first, hashes, error, .. } = touched;
    if let Some(error) = error {
        return Err(error);
    }
    env.block_hashes.extend(hashes);
    let labels = vec![String::new(); transactions.len()];
    Ok(PreparedBlock { env, pre_state: first, transactions, labels, origin: Origin::Scenario })
}

type CollectingContext<'a, 's, S> =
    Context<BlockEnv, TxEnv, CfgEnv, &'a mut Touched<'s, S>, Journal<&'a mut Touched<'s, S>>>;

fn context<'a, 's, S: StateSource>(
    env: &BlockEnvironment,
    touched: &'a mut Touched<'s, S>,
) -> CollectingContext<'a, 's, S> {
    let cfg = convert::cfg(env);
    CollectingContext::new(touched, cfg.spec).with_cfg(cfg).with_block(convert::block(env))
}

/// The part of the source's state that the block has used so far.
struct Touched<'s, S: StateSource> {
    source: &'s S,
    /// As it is in the source.
    first: State,
    /// As the transactions so far have left it.
    now: State,
    accounts: HashSet<Address>,
    slots: HashSet<(Address, U256)>,
    /// Accounts whose storage from before the block was wiped.
    wiped: HashSet<Address>,
    hashes: Vec<(u64, B256)>,
    known_hashes: std::collections::BTreeMap<u64, B256>,
    /// The source's first error. Everything after it is void.
    error: Option<S::Error>,
}

impl<'s, S: StateSource> Touched<'s, S> {
    fn new(source: &'s S, env: &BlockEnvironment) -> Self {
        Self {
            source,
            first: State::default(),
            now: State::default(),
            accounts: HashSet::new(),
            slots: HashSet::new(),
            wiped: HashSet::new(),
            hashes: Vec::new(),
            known_hashes: env.block_hashes.clone(),
            error: None,
        }
    }

    fn kept<T>(&mut self, answer: Result<T, S::Error>) -> Option<T> {
        match answer {
            Ok(answer) => Some(answer),
            Err(error) => {
                self.error.get_or_insert(error);
                None
            }
        }
    }

    fn ask_for(&mut self, address: Address) {
        if !self.accounts.insert(address) {
            return;
        }
        let answer = self.source.account(address);
        if let Some(account) = self.kept(answer).flatten() {
            self.first.accounts.insert(address, account.clone());
            self.now.accounts.insert(address, account);
        }
    }

    fn ask_for_slot(&mut self, address: Address, slot: U256) {
        self.ask_for(address);
        let is_listed = self.first.accounts.contains_key(&address) && !self.wiped.contains(&address);
        if !is_listed || !self.slots.insert((address, slot)) {
            return;
        }
        let answer = self.source.slot(address, slot);
        let value = self.kept(answer).unwrap_or_default();
        for state in [&mut self.first, &mut self.now] {
            if let (false, Some(account)) = (value.is_zero(), state.accounts.get_mut(&address)) {
                account.storage.entry(slot).or_insert(value);
            }
        }
    }

    fn commit(&mut self, changes: alloy_primitives::map::AddressMap<RevmAccount>) {
        for (address, changed) in &changes {
            if changed.is_touched() && (changed.is_created() || changed.is_selfdestructed()) {
                self.wiped.insert(*address);
            }
        }
        reference::commit(&mut self.now, changes);
    }
}

/// The source's error is kept in [`Touched::error`].
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the source of the state did not answer")]
struct NoAnswer;

impl revm::database_interface::DBErrorMarker for NoAnswer {}

impl<S: StateSource> Database for &mut Touched<'_, S> {
    type Error = NoAnswer;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, NoAnswer> {
        self.ask_for(address);
        if self.error.is_some() {
            return Err(NoAnswer);
        }
        Ok(self.now.accounts.get(&address).map(|account| AccountInfo {
            balance: account.balance,
            nonce: account.nonce,
            code_hash: account.code_hash.unwrap_or(KECCAK_EMPTY),
            account_id: None,
            code: None,
        }))
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, NoAnswer> {
        if !self.now.codes.contains_key(&hash) {
            let answer = self.source.code(hash);
            let code = self.kept(answer).ok_or(NoAnswer)?;
            self.first.codes.insert(hash, code.clone());
            self.now.codes.insert(hash, code);
        }
        Ok(self.now.codes.get(&hash).cloned().map(convert::bytecode).unwrap_or_default())
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, NoAnswer> {
        self.ask_for_slot(address, slot);
        if self.error.is_some() {
            return Err(NoAnswer);
        }
        let account = self.now.accounts.get(&address);
        Ok(account.and_then(|account| account.storage.get(&slot)).copied().unwrap_or_default())
    }

    fn block_hash(&mut self, number: u64) -> Result<B256, NoAnswer> {
        if let Some(hash) = self.known_hashes.get(&number) {
            return Ok(*hash);
        }
        let answer = self.source.block_hash(number);
        let hash = self.kept(answer).ok_or(NoAnswer)?;
        let hash = hash.unwrap_or_else(|| reference::unknown_block_hash(number));
        self.known_hashes.insert(number, hash);
        self.hashes.push((number, hash));
        Ok(hash)
    }
}

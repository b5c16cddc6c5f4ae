//! Blocks from seeds: accounts, balances, transactions.

use std::{collections::BTreeMap, sync::LazyLock};

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use evm_lanes_core::{
    evm,
    prepare::{Account, Authorization, BlockEnvironment, Fork, Origin, PreparedBlock, State, Transaction},
};
use k256::ecdsa::SigningKey;

use super::program::{self, CHILDREN, SALTS, program};

/// Accounts with keys: first the senders, of which the last has no balance before the block, then two accounts that
/// only sign authorisations.
pub const SIGNERS: u64 = SENDERS + 2;
const SENDERS: u64 = 5;
const POOR: u64 = SENDERS - 1;
const CONTRACTS: u64 = 6;

static KEYS: LazyLock<Vec<(SigningKey, Address)>> = LazyLock::new(|| {
    let key = |i: u64| {
        let secret = B256::left_padding_from(&[0x51, i as u8 + 1]);
        let key = SigningKey::from_slice(&secret.0).expect("a small number is a secret key");
        let address = Address::from_private_key(&key);
        (key, address)
    };
    (0..SIGNERS).map(key).collect()
});

/// The address of an account with a key.
pub fn signer(i: u64) -> Address {
    KEYS[i as usize].1
}

fn contract(i: u64) -> Address {
    Address::left_padding_from(&[0xc0, i as u8 + 1])
}

fn unused_account(i: u64) -> Address {
    Address::left_padding_from(&[0xee, i as u8])
}

/// Accounts that a touch removes (EIP-161): one is empty, one has only storage.
fn fragile(i: u64) -> Address {
    Address::left_padding_from(&[0xf0, i as u8])
}

/// An account that has spent its balance, but is not empty because of its nonce.
fn emptied() -> Address {
    Address::left_padding_from(&[0x0a, 0xe0])
}

/// A sender at the address of a child. It sends until the child is created, and after it is destroyed.
fn ghost_sender() -> Address {
    program::child(contract(0), CHILDREN[2], 0)
}

fn beneficiary() -> Address {
    Address::left_padding_from(&[0xbe, 0x0e])
}

/// What a block has more of than other blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    Mixed,
    /// Few slots of two contracts.
    Slots,
    /// Payments, and reads of balances.
    Money,
    /// Creation and destruction.
    Creations,
    /// EIP-7702.
    Delegations,
    /// One sender has most transactions.
    Nonces,
    /// 80 to 150 transactions, most of one sender. The predictions about it come true in some of these blocks and not
    /// in others.
    Crowd,
}

/// SplitMix64, and the block so far.
pub struct Generator {
    state: u64,
    seed: u64,
    pub focus: Focus,
    /// The state before the next transaction. The block is run while it is made, so that nonces fit and children
    /// exist; otherwise most transactions would do nothing.
    now: State,
    /// Nonces that the next transaction itself uses.
    used: BTreeMap<Address, u64>,
    /// Whether senders have a nonce before the block and can pay for everything that they send in it. The engine
    /// makes predictions only about such senders.
    established: bool,
    /// The sender of most transactions, if one sender has most.
    busiest: u64,
}

impl Generator {
    pub fn new(seed: u64) -> Self {
        let mut this = Self {
            state: seed,
            seed,
            focus: Focus::Mixed,
            now: State::default(),
            used: BTreeMap::new(),
            established: false,
            busiest: 0,
        };
        this.focus = *this.pick(&[
            Focus::Mixed,
            Focus::Mixed,
            Focus::Slots,
            Focus::Money,
            Focus::Creations,
            Focus::Creations,
            Focus::Delegations,
            Focus::Delegations,
            Focus::Nonces,
            Focus::Nonces,
            Focus::Mixed,
            Focus::Crowd,
        ]);
        this.established = this.focus == Focus::Crowd || this.one_in(2);
        this.busiest = this.below(2);
        this
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }

    fn contract(&mut self) -> Address {
        let few = matches!(self.focus, Focus::Slots | Focus::Creations) && !self.one_in(4);
        let i = self.below(if few { 2 } else { CONTRACTS });
        contract(i)
    }

    /// An account that several transactions are likely to use.
    pub fn shared_account(&mut self) -> Address {
        match self.below(24) {
            0..=7 => self.contract(),
            8..=11 => {
                let i = self.below(SENDERS);
                signer(i)
            }
            12 => {
                let i = SENDERS + self.below(SIGNERS - SENDERS);
                if self.one_in(2) { emptied() } else { signer(i) }
            }
            13..=15 => {
                let i = self.below(3);
                unused_account(i)
            }
            16 => Address::left_padding_from(&[1 + self.below(10) as u8]),
            17 => {
                let i = self.below(2);
                fragile(i)
            }
            18..=21 => self.child(),
            22 => {
                let creator = self.contract();
                creator.create(1 + self.below(2))
            }
            _ => beneficiary(),
        }
    }

    fn child(&mut self) -> Address {
        let creator = self.contract();
        let init = *self.pick(&CHILDREN);
        program::child(creator, init, self.below(SALTS))
    }

    pub fn block(mut self) -> PreparedBlock {
        // Every fork; those with more rules more often.
        let recent = [Fork::London, Fork::Shanghai, Fork::Cancun, Fork::Prague, Fork::Osaka, Fork::Prague];
        let fork = if self.focus == Focus::Delegations || self.focus == Focus::Crowd && !self.one_in(4) {
            *self.pick(&[Fork::Prague, Fork::Osaka])
        } else if self.focus == Focus::Creations && self.one_in(2) {
            // Forks in which a contract that was created by an earlier transaction can be destroyed.
            *self.pick(&[Fork::Petersburg, Fork::Istanbul, Fork::London, Fork::Shanghai])
        } else if self.one_in(2) {
            *self.pick(&recent)
        } else {
            Fork::ALL[(self.seed % Fork::ALL.len() as u64) as usize]
        };
        let pre_state = self.pre_state(fork);
        let mut env = BlockEnvironment {
            chain_id: 1,
            fork,
            number: 300,
            timestamp: 1_700_000_000,
            gas_limit: u64::MAX,
            base_fee: if fork >= Fork::London { 7 } else { 0 },
            beneficiary: match self.below(10) {
                0 | 1 => self.contract(),
                2 => signer(self.busiest),
                3 | 4 => signer(self.below(SIGNERS)),
                5 => fragile(0),
                6 => self.child(),
                _ => beneficiary(),
            },
            difficulty: U256::from(1),
            prev_randao: Some(B256::repeat_byte(7)),
            excess_blob_gas: Some(0),
            blob_base_fee_update_fraction: None,
            block_hashes: [(299, B256::repeat_byte(9))].into(),
            system_calls: Vec::new(),
        };
        self.now = pre_state.clone();
        let mut gas = 0;
        let mut transactions = Vec::new();
        let count = if self.focus == Focus::Crowd { 80 + self.below(71) } else { 4 + self.below(24) };
        for _ in 0..count {
            let tx = self.transaction(&env);
            gas += evm::apply(&env, &mut self.now, &tx).gas_used;
            transactions.push(tx);
        }
        // Sometimes two neighbours change places, so that a value that one needs comes too late. Rarely in a crowd,
        // because afterwards none of the sender's transactions has the right nonce.
        let swap_rate = if self.focus == Focus::Crowd { 400 } else { 20 };
        for i in 1..transactions.len() {
            if self.one_in(swap_rate) {
                transactions.swap(i - 1, i);
            }
        }
        if self.one_in(6) {
            // Too little gas for all transactions.
            env.gas_limit = gas / 2 + 200_000;
        }
        let labels = vec![String::new(); transactions.len()];
        PreparedBlock { env, pre_state, transactions, labels, origin: Origin::Scenario }
    }

    fn pre_state(&mut self, fork: Fork) -> State {
        let mut state = State::default();
        for i in 0..POOR {
            // Some senders run out of money in the middle of the block.
            let balance: u64 = match (self.one_in(6), self.established) {
                (true, _) => 5_000_000,
                (false, false) => 1_000_000_000,
                // Enough for everything that the account sends.
                (false, true) => 1_000_000_000_000_000,
            };
            let nonce = if self.established { self.below(3) } else { 0 };
            let nonce = if i == self.busiest && self.established { 1 + nonce } else { nonce };
            let account = Account { balance: U256::from(balance), nonce, ..Account::default() };
            state.accounts.insert(signer(i), account);
        }
        // A sender at an address at which a contract can be created.
        let ghost = Account {
            balance: U256::from(1_000_000_000_000_u64),
            nonce: u64::from(self.one_in(3)),
            ..Account::default()
        };
        if self.one_in(3) {
            state.accounts.insert(ghost_sender(), ghost);
        }
        for i in 0..CONTRACTS {
            let code = program(self, fork);
            let hash = keccak256(&code);
            state.codes.insert(hash, code);
            let balance = U256::from(self.below(3) * 10);
            let storage = (0..4).map(|slot| (U256::from(slot), U256::from(self.next() % 5)));
            let account = Account {
                balance,
                nonce: 1,
                code_hash: Some(hash),
                storage: storage.filter(|(_, value)| !value.is_zero()).collect(),
            };
            state.accounts.insert(contract(i), account);
        }
        if fork >= Fork::Prague && self.one_in(3) {
            // An account that has delegated before the block.
            let to = self.contract();
            let code = Bytes::from([&[0xef, 0x01, 0x00][..], to.as_slice()].concat());
            let hash = keccak256(&code);
            state.codes.insert(hash, code);
            let whom = signer(1);
            let account = state.accounts.entry(whom).or_default();
            account.nonce = account.nonce.max(1);
            account.code_hash = Some(hash);
        }
        if self.one_in(3) {
            // A child that exists before the block.
            let hash = keccak256(program::counter());
            state.codes.insert(hash, program::counter().into());
            let storage = [(U256::ZERO, U256::from(1)), (U256::from(1), U256::from(5))].into_iter().collect();
            let account =
                Account { balance: U256::from(self.below(3)), nonce: 1, code_hash: Some(hash), storage };
            state.accounts.insert(program::child(contract(0), CHILDREN[0], 0), account);
        }
        state.accounts.insert(emptied(), Account { nonce: 3, ..Account::default() });
        state.accounts.insert(fragile(0), Account::default());
        let storage = [(U256::from(1), U256::from(1))].into_iter().collect();
        let account = Account { storage, ..Account::default() };
        state.accounts.insert(fragile(1), account);
        if self.one_in(2) {
            let account = Account { balance: U256::from(5), ..Account::default() };
            state.accounts.insert(beneficiary(), account);
        }
        state
    }

    fn nonce(&self, whom: Address) -> u64 {
        let nonce = self.now.accounts.get(&whom).map_or(0, |account| account.nonce);
        nonce + self.used.get(&whom).unwrap_or(&0)
    }

    fn transaction(&mut self, env: &BlockEnvironment) -> Transaction {
        let fork = env.fork;
        let one_sender = match self.focus {
            Focus::Nonces => !self.one_in(4),
            Focus::Crowd => !self.one_in(7),
            _ => false,
        };
        let i = if one_sender { self.busiest } else { self.below(SENDERS) };
        let ghost = !one_sender && self.one_in(12) && self.now.accounts.contains_key(&ghost_sender());
        let from = if ghost { ghost_sender() } else { signer(i) };
        let mut tx = Transaction {
            from,
            nonce: self.nonce(from),
            gas_limit: 60_000 + self.below(4) * 150_000,
            max_fee_per_gas: u128::from(env.base_fee) + u128::from(self.below(3)),
            value: U256::from(if self.one_in(2) { 0 } else { self.below(40) }),
            to: Some(if self.one_in(2) { self.contract() } else { self.shared_account() }),
            input: Bytes::copy_from_slice(&U256::from(self.below(4)).to_be_bytes::<32>()),
            ..Transaction::default()
        };
        // Plain payments, sometimes to their sender; the recipient may have got code in this block.
        let plain = match self.focus {
            Focus::Crowd => !self.one_in(3),
            Focus::Nonces | Focus::Delegations => self.one_in(3),
            _ => false,
        };
        if plain {
            tx.input = Bytes::new();
            tx.to = Some(if self.one_in(4) { from } else { signer(self.below(SIGNERS)) });
            tx.value = U256::from(self.below(4));
            if !self.one_in(6) {
                return tx;
            }
        }
        match self.below(26) {
            0 => tx.nonce += 1,
            // A nonce that was used before.
            24 | 25 => tx.nonce = tx.nonce.saturating_sub(1),
            1 => tx.max_fee_per_gas = 1_000_000,
            2 => tx.gas_limit = 20_000,
            3 | 4 => {
                tx.to = None;
                tx.input = if self.one_in(2) { program(self, fork) } else { (*self.pick(&CHILDREN)).into() };
            }
            5 => {
                tx.input = Bytes::new();
                tx.gas_limit = 21_000;
            }
            // Funds the sender without a balance.
            6 | 7 => {
                tx.to = Some(signer(POOR));
                tx.value = U256::from(20_000_000);
            }
            8 if fork >= Fork::Berlin => {
                tx.kind = 1;
                tx.chain_id = Some(1);
                let slots = vec![B256::ZERO, B256::with_last_byte(1)];
                tx.access_list = vec![(self.shared_account(), slots), (self.shared_account(), Vec::new())];
            }
            9 | 10 if fork >= Fork::London => {
                tx.kind = 2;
                tx.chain_id = Some(1);
                tx.max_priority_fee_per_gas = Some(u128::from(self.below(2)));
            }
            11 if fork >= Fork::Cancun => {
                tx.kind = 3;
                tx.chain_id = Some(1);
                tx.max_priority_fee_per_gas = Some(0);
                let hash = |i: u8| B256::from_slice(&[&[1][..], &[i; 31]].concat());
                tx.blob_hashes = (0..=self.below(2)).map(|i| hash(i as u8)).collect();
                // Blob gas costs 1 here.
                tx.max_fee_per_blob_gas = u128::from(!self.one_in(8));
            }
            12 | 13 if fork >= Fork::Prague => self.set_code(&mut tx),
            14..=23 if self.focus == Focus::Delegations => self.set_code(&mut tx),
            14..=23 if self.focus == Focus::Creations => {
                let creator = contract(self.below(2));
                let child = program::child(creator, CHILDREN[self.below(2) as usize], 0);
                let lives = self.now.accounts.get(&child).is_some_and(|a| a.code_hash.is_some());
                tx.to = Some(if lives { child } else { creator });
                tx.gas_limit = 500_000;
                tx.value = U256::from(self.below(2));
            }
            _ => {}
        }
        // The transaction raises its sender's nonce before its authorisations are checked.
        self.used = [(from, 1)].into();
        for authorization in &mut tx.authorizations {
            *authorization = self.authorization();
        }
        self.used.clear();
        tx
    }

    fn set_code(&mut self, tx: &mut Transaction) {
        tx.kind = 4;
        tx.chain_id = Some(1);
        tx.max_priority_fee_per_gas = Some(0);
        tx.authorizations = vec![Authorization::default(); 1 + self.below(3) as usize];
        // Each authorisation costs 25,000 gas.
        tx.gas_limit += 100_000;
        if self.one_in(2) {
            tx.to = Some(signer(self.below(SIGNERS)));
        }
    }

    /// Few accounts sign authorisations, so that an account delegates several times and clears its delegation.
    fn authorization(&mut self) -> Authorization {
        let mut i = self.below(SIGNERS);
        // In two of three crowds the busiest sender gets no code.
        if self.focus == Focus::Crowd && i == self.busiest && !self.seed.is_multiple_of(3) {
            i = SIGNERS - 1;
        }
        let authority = signer(i);
        let expected = self.nonce(authority);
        let nonce = if self.one_in(8) { expected + 1 } else { expected };
        if nonce == expected {
            *self.used.entry(authority).or_default() += 1;
        }
        let chain_id = self.below(2) as u8;
        let clear = if self.now.accounts.contains_key(&authority) { 3 } else { 2 };
        let address = match self.one_in(clear) {
            true => Address::ZERO,
            false if self.one_in(2) => self.contract(),
            false => self.shared_account(),
        };
        Self::signed(i, chain_id, address, nonce)
    }

    /// An authorisation of [`signer`]`(i)`.
    pub fn signed(i: u64, chain_id: u8, address: Address, nonce: u64) -> Authorization {
        // keccak-256 of 5 and the RLP of [chain id, address, nonce] (EIP-7702); both numbers are below 256.
        let number = |number: u8| match number {
            0 => vec![0x80],
            1..0x80 => vec![number],
            _ => vec![0x81, number],
        };
        let list = [&number(chain_id)[..], &[0x94], address.as_slice(), &number(nonce as u8)].concat();
        let message = [&[5, 0xc0 + list.len() as u8][..], &list].concat();
        let (key, _) = &KEYS[i as usize];
        let (signature, recovery) =
            key.sign_prehash_recoverable(keccak256(message).as_slice()).expect("a hash can be signed");
        let (r, s) = signature.split_bytes();
        Authorization {
            chain_id: U256::from(chain_id),
            address,
            nonce,
            y_parity: recovery.to_byte(),
            r: U256::from_be_slice(&r),
            s: U256::from_be_slice(&s),
        }
    }
}

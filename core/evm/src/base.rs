//! The pre-state in the form that execution reads: accounts by number, code with its jump destinations found.
//! Made once per block, shared by all lanes and rounds.

use alloy_primitives::{
    Address, B256, Bytes, U256, keccak256,
    map::{AddressMap, B256Map, Entry},
};
use revm::{
    bytecode::{Bytecode, JumpTable, opcode::STOP},
    primitives::KECCAK_EMPTY,
};

use super::convert;
use crate::block::{Fork, State};
use lanes::schedule::{AccountNo, SlotNo, SlotNumbers};
use lanes::vm;

/// Code in the form that the executor runs.
#[derive(Clone, Debug)]
pub struct Code {
    /// keccak-256 of its bytes; of no bytes if there is no code.
    pub hash: B256,
    pub(super) bytecode: Bytecode,
}

/// By hash.
impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl Code {
    /// Code from its bytes.
    pub fn new(bytes: Bytes) -> Self {
        if bytes.is_empty() {
            return Self::none();
        }
        Self { hash: keccak256(&bytes), bytecode: convert::bytecode(bytes) }
    }

    /// No code.
    pub fn none() -> Self {
        Self { hash: KECCAK_EMPTY, bytecode: Bytecode::default() }
    }

    /// No code, with a reference count that no other lane uses.
    ///
    /// Code is reference-counted, and revm has one empty code per process. A lane that reads plain accounts
    /// would write to its count for each of them, and so to a cache line that all lanes need. With a count of
    /// its own, a lane keeps the line to itself.
    pub fn own_none() -> Self {
        // SAFETY: `new_analyzed` wants bytes that end execution and a jump table that covers the
        // original length. These are a lone STOP, an original length of 0, and the empty table.
        let bytecode =
            unsafe { Bytecode::new_analyzed(Bytes::from_static(&[STOP]), 0, JumpTable::default()) };
        Self { hash: KECCAK_EMPTY, bytecode }
    }

    /// The same code, with a reference count that no other lane uses, for the same reason.
    pub fn own(&self) -> Self {
        if self.is_none() {
            return Self::own_none();
        }
        let bytecode = match self.bytecode.legacy_jump_table() {
            // SAFETY: bytes, length and table are those of one analysed code, unchanged.
            Some(table) => unsafe {
                Bytecode::new_analyzed(self.bytecode.bytecode().clone(), self.bytecode.len(), table.clone())
            },
            // A delegation has no table.
            None => convert::bytecode(self.bytes()),
        };
        Self { hash: self.hash, bytecode }
    }

    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        self.hash == KECCAK_EMPTY
    }

    /// Its bytes.
    pub fn bytes(&self) -> Bytes {
        self.bytecode.original_bytes()
    }
}

/// The state before the first transaction.
#[derive(Debug)]
pub struct Base {
    numbers: AddressMap<AccountNo>,
    accounts: Vec<BaseAccount>,
    slots: SlotNumbers,
    /// By slot number.
    values: Vec<U256>,
    codes: B256Map<Bytecode>,
    /// Number of different codes that the accounts have.
    different: u32,
    /// Used for every account that the pre-state does not list.
    missing: BaseAccount,
    /// Whether increments may replace balances: see [`Base::increments`].
    increments: bool,
}

/// One account before the first transaction.
#[derive(Debug)]
pub struct BaseAccount {
    pub(super) exists: bool,
    pub(super) balance: U256,
    pub(super) nonce: u64,
    pub(super) code: Code,
    /// The same number for the same code; 0 for none.
    code_no: u32,
    /// Whether the account must be read whole whenever it is loaded, because touching it can remove it: it
    /// exists although it is empty, or it has storage but neither nonce nor code.
    pub(super) fragile: bool,
}

impl Base {
    /// Puts `state` into the form for execution under `fork`. Accounts in `first` get the first numbers, in
    /// that order, so that accounts that are used together are close in memory.
    pub fn new(state: &State, fork: Fork, first: impl IntoIterator<Item = Address>) -> Self {
        let codes: B256Map<Bytecode> =
            state.codes.iter().map(|(hash, code)| (*hash, convert::bytecode(code.clone()))).collect();
        let mut accounts = Vec::with_capacity(state.accounts.len());
        let mut numbers = AddressMap::default();
        let mut slots = Vec::new();
        let mut values = Vec::new();
        let mut supply = Some(U256::ZERO);
        let mut code_numbers: B256Map<u32> = B256Map::default();
        let first = first.into_iter().filter_map(|address| state.accounts.get_key_value(&address));
        for (address, account) in first.chain(&state.accounts) {
            let no = AccountNo(accounts.len() as u32);
            match numbers.entry(*address) {
                Entry::Vacant(entry) => entry.insert(no),
                Entry::Occupied(_) => continue,
            };
            for (slot, value) in &account.storage {
                slots.push((no, *slot));
                values.push(*value);
            }
            supply = supply.and_then(|sum| sum.checked_add(account.balance));
            let bare = account.nonce == 0 && account.code_hash.is_none();
            let code_no = account.code_hash.map_or(0, |hash| {
                let next = code_numbers.len() as u32 + 1;
                *code_numbers.entry(hash).or_insert(next)
            });
            accounts.push(BaseAccount {
                exists: true,
                balance: account.balance,
                nonce: account.nonce,
                code: account.code_hash.map_or_else(Code::none, |hash| Code {
                    hash,
                    // A real block's record leaves out codes that are never run.
                    bytecode: codes.get(&hash).cloned().unwrap_or_default(),
                }),
                code_no,
                fragile: fork >= Fork::SpuriousDragon
                    && bare
                    && (account.balance.is_zero() || !account.storage.is_empty()),
            });
        }
        Self {
            numbers,
            accounts,
            slots: slots.into_iter().collect(),
            values,
            codes,
            different: code_numbers.len() as u32,
            missing: BaseAccount {
                exists: false,
                balance: U256::ZERO,
                nonce: 0,
                code: Code::none(),
                code_no: 0,
                fragile: false,
            },
            increments: supply.is_some_and(|sum| sum < U256::MAX >> 1),
        }
    }

    /// Number of accounts.
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// The number of different codes, no code included. The number of each account's code is below it.
    pub fn codes(&self) -> usize {
        self.different as usize + 1
    }

    /// Whether there is no account.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// The number of an account that the state lists.
    pub fn number(&self, address: &Address) -> Option<AccountNo> {
        self.numbers.get(address).copied()
    }

    /// Addresses by number.
    pub fn addresses(&self) -> Vec<Address> {
        let mut addresses = vec![Address::ZERO; self.accounts.len()];
        for (address, no) in &self.numbers {
            addresses[no.index()] = *address;
        }
        addresses
    }

    /// An account; an account that does not exist if the number is beyond the pre-state's.
    pub fn account(&self, no: AccountNo) -> &BaseAccount {
        self.accounts.get(no.index()).unwrap_or(&self.missing)
    }

    /// Numbers of the slots that the state lists.
    pub fn slots(&self) -> &SlotNumbers {
        &self.slots
    }

    /// The value of a slot that the state lists; zero for another.
    pub fn value(&self, slot: Option<SlotNo>) -> U256 {
        slot.and_then(|no| self.values.get(no.index())).copied().unwrap_or_default()
    }

    /// Whether a balance may be added to without reading it. Ether is only moved or burnt, so no balance can
    /// exceed the sum of all. If that sum is so large that an addition could overflow, whether it does would be a
    /// read.
    pub fn increments(&self) -> bool {
        self.increments
    }

    pub(super) fn code_by_hash(&self, hash: &B256) -> Bytecode {
        self.codes.get(hash).cloned().unwrap_or_default()
    }
}

impl BaseAccount {
    /// Whether it exists.
    pub fn exists(&self) -> bool {
        self.exists
    }

    /// Balance, in wei.
    pub fn balance(&self) -> U256 {
        self.balance
    }

    /// Nonce.
    pub fn nonce(&self) -> u64 {
        self.nonce
    }

    /// Code.
    pub fn code(&self) -> &Code {
        &self.code
    }

    /// The code's number: the same for accounts with the same code, 0 for none.
    pub fn code_no(&self) -> usize {
        self.code_no as usize
    }
}

impl vm::Code for Code {
    fn hash(&self) -> B256 {
        self.hash
    }

    fn own(&self) -> Self {
        self.own()
    }

    fn is_none(&self) -> bool {
        self.is_none()
    }

    fn none() -> Self {
        Self::own_none()
    }
}

impl vm::PreState for Base {
    type Code = Code;

    fn accounts(&self) -> usize {
        self.accounts.len()
    }

    fn addresses(&self) -> Vec<Address> {
        self.addresses()
    }

    fn number(&self, address: &Address) -> Option<AccountNo> {
        self.number(address)
    }

    fn codes(&self) -> usize {
        self.codes()
    }

    fn code_no(&self, account: AccountNo) -> usize {
        self.account(account).code_no()
    }

    fn code(&self, account: AccountNo) -> &Code {
        self.account(account).code()
    }

    fn balance(&self, account: AccountNo) -> U256 {
        self.account(account).balance()
    }

    fn nonce(&self, account: AccountNo) -> u64 {
        self.account(account).nonce()
    }

    fn exists(&self, account: AccountNo) -> bool {
        self.account(account).exists()
    }

    fn slots(&self) -> &SlotNumbers {
        self.slots()
    }

    fn value(&self, slot: Option<SlotNo>) -> U256 {
        self.value(slot)
    }
}

//! From what a run changed to the whole post-state.

use alloy_primitives::{Address, U256};

use crate::{
    evm::Code,
    prepare::{Account, Fork, State},
};

/// What a run's transactions changed, all told.
pub(super) struct Changes {
    pub(super) accounts: Vec<(Address, AccountChanges)>,
}

/// What became of one account; `None`: as before.
#[derive(Default)]
pub(super) struct AccountChanges {
    pub(super) balance: Option<U256>,
    pub(super) nonce: Option<u64>,
    pub(super) code: Option<Code>,
    pub(super) exists: Option<bool>,
    pub(super) wiped: bool,
    pub(super) slots: Vec<(U256, U256)>,
}

/// `before`, changed.
pub(super) fn post_state(before: &State, fork: Fork, changes: Changes) -> State {
    let mut state = before.clone();
    for (address, changed) in changes.accounts {
        let AccountChanges { balance, nonce, code, exists, wiped, slots } = changed;
        let known = state.accounts.remove(&address);
        let existed = known.is_some();
        let mut account: Account = known.unwrap_or_default();
        if wiped {
            account.storage.clear();
        }
        if let Some(balance) = balance {
            account.balance = balance;
        }
        if let Some(nonce) = nonce {
            account.nonce = nonce;
        }
        if let Some(code) = code {
            account.code_hash = (!code.is_none()).then_some(code.hash);
            if !code.is_none() {
                state.codes.entry(code.hash).or_insert_with(|| code.bytes());
            }
        }
        for (slot, value) in slots {
            if value.is_zero() {
                account.storage.remove(&slot);
            } else {
                account.storage.insert(slot, value);
            }
        }
        let stays = if fork >= Fork::SpuriousDragon {
            // EIP-161: what was changed and is empty is gone.
            !(account.balance.is_zero() && account.nonce == 0 && account.code_hash.is_none())
        } else {
            exists.unwrap_or(existed)
        };
        if stays {
            state.accounts.insert(address, account);
        }
    }
    state
}

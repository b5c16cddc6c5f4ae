//! The whole post-state from the changes of a run.

use std::collections::HashMap;

use alloy_primitives::{Address, U256};

use crate::{
    Code,
    block::{Account, Fork, State},
};
use lanes::schedule::{AccountNo, Final, Finals};

/// `before` with a run's changes. `addresses` are those of accounts by number. No account and no slot is in
/// two of `finals`.
pub(super) fn post_state(
    before: &State,
    fork: Fork,
    addresses: &[Address],
    finals: Vec<Finals<Code>>,
) -> State {
    let mut slots: HashMap<AccountNo, Vec<(U256, U256)>> = HashMap::new();
    let mut accounts: HashMap<AccountNo, Final<Code>> = HashMap::new();
    for Finals { accounts: some, slots: some_slots } in finals {
        // Replaces the placeholder of an account whose slots came first.
        accounts.extend(some.into_iter().map(|last| (last.account, last)));
        for (account, slot, value) in some_slots {
            slots.entry(account).or_default().push((slot, value));
            // A placeholder, for an account of which only storage was written.
            accounts.entry(account).or_insert(Final {
                account,
                balance: None,
                nonce: None,
                code: None,
                exists: None,
                wiped: false,
            });
        }
    }
    let mut state = before.clone();
    for (no, last) in accounts {
        let address = addresses[no.index()];
        let known = state.accounts.remove(&address);
        let existed = known.is_some();
        let mut account: Account = known.unwrap_or_default();
        if last.wiped {
            account.storage.clear();
        }
        if let Some(balance) = last.balance {
            account.balance = balance;
        }
        if let Some(nonce) = last.nonce {
            account.nonce = nonce;
        }
        if let Some(code) = last.code {
            account.code_hash = (!code.is_none()).then_some(code.hash);
            if !code.is_none() {
                state.codes.entry(code.hash).or_insert_with(|| code.bytes());
            }
        }
        for (slot, value) in slots.remove(&no).unwrap_or_default() {
            if value.is_zero() {
                account.storage.remove(&slot);
            } else {
                account.storage.insert(slot, value);
            }
        }
        let stays = if fork >= Fork::SpuriousDragon {
            // EIP-161: an account that was changed and is empty is gone.
            !(account.balance.is_zero() && account.nonce == 0 && account.code_hash.is_none())
        } else {
            last.exists.unwrap_or(existed)
        };
        if stays {
            state.accounts.insert(address, account);
        }
    }
    state
}

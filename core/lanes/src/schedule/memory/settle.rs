//! The state after the block, collected in pieces so that all lanes can take part. Called once all
//! transactions are settled.

use std::ops::Range;

use alloy_primitives::U256;

use super::{
    END, Memory, PIECE,
    cells::{Cell, Latest},
    numbers::NewSlot,
};
use crate::schedule::{AccountNo, Existence, SlotNo, sync::Ordering};

/// The changes of one account over the whole block; `None` where it is as before the block.
#[derive(Debug)]
pub struct Final<C> {
    /// The account.
    pub account: AccountNo,
    /// Its balance.
    pub balance: Option<U256>,
    /// Its nonce.
    pub nonce: Option<u64>,
    /// Its code.
    pub code: Option<C>,
    /// Whether it exists.
    pub exists: Option<bool>,
    /// Whether the storage of before the block is gone.
    pub wiped: bool,
}

/// The changes of some accounts and slots over the whole block.
#[derive(Debug)]
pub struct Finals<C> {
    /// Accounts that were written to.
    pub accounts: Vec<Final<C>>,
    /// The last value of slots that were written to, unless their storage was wiped afterwards.
    pub slots: Vec<(AccountNo, U256, U256)>,
}

impl<C> Default for Finals<C> {
    fn default() -> Self {
        Self { accounts: Vec::new(), slots: Vec::new() }
    }
}

impl<C: Clone> Memory<'_, C> {
    /// The number of pieces that [`Memory::finals`] is divided into.
    pub fn pieces(&self) -> usize {
        self.account_pieces() + self.slot_pieces() + self.new_slot_pieces()
    }

    fn account_pieces(&self) -> usize {
        // Relaxed would do, here and below: numbers are given while attempts run, and the scheduler's lock
        // published all of that when it said `Done`. A lane that settles gives no numbers.
        (self.next.0.load(Ordering::Acquire) as usize).div_ceil(PIECE)
    }

    fn slot_pieces(&self) -> usize {
        self.known_slots.len().div_ceil(PIECE)
    }

    fn new_slot_pieces(&self) -> usize {
        (self.next_slot.0.load(Ordering::Acquire) as usize - self.known_slots.len()).div_ceil(PIECE)
    }

    /// Adds one piece of the state after the block to `finals`. All transactions must be settled. `base`
    /// gives balances before the block.
    pub fn finals(&self, piece: usize, base: impl Fn(AccountNo) -> U256, finals: &mut Finals<C>) {
        let range = |piece: usize, len: usize| piece * PIECE..((piece + 1) * PIECE).min(len);
        let accounts = self.account_pieces();
        let slots = self.slot_pieces();
        if piece < accounts {
            let met = self.next.0.load(Ordering::Acquire) as usize;
            self.final_accounts(range(piece, met), base, finals);
        } else if piece < accounts + slots {
            self.final_known_slots(range(piece - accounts, self.known_slots.len()), finals);
        } else {
            let first = self.known_slots.len() + (piece - accounts - slots) * PIECE;
            let (piece, _) = self.new_slot(SlotNo(first as u32));
            for NewSlot { cell, key } in piece {
                if let Some(key) = key.get() {
                    self.final_slot(*key, &cell.0, finals);
                }
            }
        }
    }

    fn final_accounts(
        &self,
        accounts: Range<usize>,
        base: impl Fn(AccountNo) -> U256,
        finals: &mut Finals<C>,
    ) {
        for account in accounts.map(|i| AccountNo(i as u32)) {
            // A cell that was ever written may be empty in the end: the attempt that wrote it has run again.
            let balance = self.balance(account, END, base(account)).ok();
            let balance = balance.filter(|balance| balance.latest.is_some()).map(|balance| balance.value);
            let nonce = settled(self.nonce(account, END));
            let code = settled(self.code(account, END));
            let existence = settled(self.existence(account, END));
            if balance.is_some() || nonce.is_some() || code.is_some() || existence.is_some() {
                let wiped = settled(self.wiped(account, END)).is_some();
                let exists = existence.map(Existence::exists);
                finals.accounts.push(Final { account, balance, nonce, code, exists, wiped });
            }
        }
    }

    fn final_known_slots(&self, slots: Range<usize>, finals: &mut Finals<C>) {
        for (i, cell) in slots.clone().zip(&self.known_slots[slots]) {
            if cell.0.is_written()
                && let Some(key) = self.slot_numbers.key(SlotNo(i as u32))
            {
                self.final_slot(key, &cell.0, finals);
            }
        }
    }

    fn final_slot(&self, (account, slot): (AccountNo, U256), cell: &Cell<U256>, finals: &mut Finals<C>) {
        let Ok(Some((value, writer))) = cell.latest(END) else { return };
        let wiped = self.wiped(account, END);
        if !matches!(wiped, Ok(Some((_, wiper))) if wiper.tx > writer.tx) {
            finals.slots.push((account, slot, value));
        }
    }
}

/// A value of settled transactions. They leave no estimates.
fn settled<T>(latest: Latest<T>) -> Option<T> {
    latest.ok().flatten().map(|(value, _)| value)
}

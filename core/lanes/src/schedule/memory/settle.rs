//! What became of the state after the block, piece by piece, so that all lanes can take part.

use std::ops::Range;

use alloy_primitives::U256;

use super::{
    END, Memory, PIECE,
    cells::{Cell, Latest},
    numbers::NewSlot,
};
use crate::schedule::{AccountNo, Existence, SlotNo, sync::Ordering};

/// What became of one account; `None`: as before the block.
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
    /// Whether its storage of before the block is gone.
    pub wiped: bool,
}

/// What became of a part of the state.
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
    /// Into how many pieces [`Memory::finals`] is divided.
    pub fn pieces(&self) -> usize {
        self.account_pieces() + self.slot_pieces() + self.new_slot_pieces()
    }

    fn account_pieces(&self) -> usize {
        (self.next.0.load(Ordering::Acquire) as usize).div_ceil(PIECE)
    }

    fn slot_pieces(&self) -> usize {
        self.known_slots.len().div_ceil(PIECE)
    }

    fn new_slot_pieces(&self) -> usize {
        (self.next_slot.0.load(Ordering::Acquire) as usize - self.known_slots.len()).div_ceil(PIECE)
    }

    /// Adds what became of one piece of the state to `finals`, when all transactions are settled.
    /// `base` gives balances before the block.
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
            // Once written is not written in the end: an attempt that was run again may have left it.
            let balance = self.balance(account, END, base(account)).ok();
            let balance = balance.filter(|balance| balance.latest.is_some()).map(|balance| balance.value);
            let nonce = settled(self.nonce(account, END));
            let code = settled(self.code(account, END));
            let life = settled(self.life(account, END));
            if balance.is_some() || nonce.is_some() || code.is_some() || life.is_some() {
                let wiped = settled(self.wiped(account, END)).is_some();
                let exists = life.map(Existence::exists);
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

fn settled<T>(latest: Latest<T>) -> Option<T> {
    latest.ok().flatten().map(|(value, _)| value)
}

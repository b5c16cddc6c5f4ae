//! What a block access list (EIP-7928) says beforehand that transactions write, right or wrong.

use std::collections::BTreeMap;

use alloy_primitives::U256;

use crate::{
    schedule::{AccountNo, Key, Write},
    units::TxIndex,
};

/// For each transaction the writes that are foretold, in the order of keys. Balances are foretold as
/// increments over what is foretold before.
#[derive(Debug)]
pub struct PredictedWrites<C>(Vec<Vec<Write<C>>>);

impl<C> Default for PredictedWrites<C> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<C> PredictedWrites<C> {
    /// Those writes, for a block of that many transactions. Of several to one location the last one counts;
    /// what is said of other transactions is passed over.
    pub fn new(transactions: usize, all: impl IntoIterator<Item = (TxIndex, Write<C>)>) -> Self {
        let mut writes: Vec<BTreeMap<Key, Write<C>>> = Vec::new();
        writes.resize_with(transactions, BTreeMap::new);
        for (tx, write) in all {
            if let Some(writes) = writes.get_mut(tx.index()) {
                writes.insert(write.key(), write);
            }
        }
        Self(writes.into_iter().map(|writes| writes.into_values().collect()).collect())
    }

    /// The writes that are foretold for each transaction.
    pub(super) fn all(&self) -> &[Vec<Write<C>>] {
        &self.0
    }
}

impl<C: PartialEq> PredictedWrites<C> {
    /// Whether a transaction's writes are what is foretold, so that whoever read that need not look again.
    /// `balance` is a balance before the transaction as it is now, if that is known.
    pub(super) fn came_true(
        &self,
        tx: TxIndex,
        writes: &[Write<C>],
        balance: impl Fn(AccountNo) -> Option<U256>,
    ) -> bool {
        let Some(foretold) = self.0.get(tx.index()) else { return writes.is_empty() };
        foretold.len() == writes.len()
            && writes.iter().all(|write| {
                let found = foretold.binary_search_by_key(&write.key(), Write::key);
                match (write, found.ok().map(|i| &foretold[i])) {
                    (Write::Increment(_, ours), Some(Write::Increment(_, theirs))) => ours == theirs,
                    // What comes before may itself not have come true.
                    (Write::Balance(no, ours), Some(Write::Increment(_, more))) => {
                        balance(*no).is_some_and(|before| before.wrapping_add(*more) == *ours)
                    }
                    (Write::Nonce(_, ours), Some(Write::Nonce(_, theirs))) => ours == theirs,
                    (Write::Code(_, ours), Some(Write::Code(_, theirs))) => ours == theirs,
                    (Write::Slot(_, _, _, ours), Some(Write::Slot(_, _, _, theirs))) => ours == theirs,
                    _ => false,
                }
            })
    }
}

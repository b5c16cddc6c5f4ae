//! The writes that a block access list (EIP-7928) predicts, rightly or wrongly.

use std::collections::BTreeMap;

use alloy_primitives::U256;

use crate::{
    schedule::{AccountNo, Key, Write},
    units::TxIndex,
};

/// For each transaction its predicted writes, in the order of keys. Balances are predicted as increments over
/// the balance that is predicted before.
#[derive(Debug)]
pub struct PredictedWrites<C>(Vec<Vec<Write<C>>>);

impl<C> Default for PredictedWrites<C> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<C> PredictedWrites<C> {
    /// Predicted writes for a block of that many transactions. Of several to one location the last one
    /// counts. Writes of transactions that the block does not have are ignored.
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

    /// The predicted writes, by transaction.
    pub(super) fn all(&self) -> &[Vec<Write<C>>] {
        &self.0
    }
}

impl<C: PartialEq> PredictedWrites<C> {
    /// Whether a transaction's writes are the predicted ones, so that attempts that read the prediction still
    /// hold. `balance` is a balance before the transaction as it is now, if that is known.
    pub(super) fn came_true(
        &self,
        tx: TxIndex,
        writes: &[Write<C>],
        balance: impl Fn(AccountNo) -> Option<U256>,
    ) -> bool {
        let Some(predicted) = self.0.get(tx.index()) else { return writes.is_empty() };
        predicted.len() == writes.len()
            && writes.iter().all(|write| {
                let found = predicted.binary_search_by_key(&write.key(), Write::key);
                match (write, found.ok().map(|i| &predicted[i])) {
                    (Write::Increment(_, written), Some(Write::Increment(_, listed))) => written == listed,
                    // Compared as a sum: the predictions of lower transactions may not have come true.
                    (Write::Balance(no, written), Some(Write::Increment(_, more))) => {
                        balance(*no).is_some_and(|before| before.wrapping_add(*more) == *written)
                    }
                    (Write::Nonce(_, written), Some(Write::Nonce(_, listed))) => written == listed,
                    (Write::Code(_, written), Some(Write::Code(_, listed))) => written == listed,
                    (Write::Slot(_, _, _, written), Some(Write::Slot(_, _, _, listed))) => written == listed,
                    _ => false,
                }
            })
    }
}

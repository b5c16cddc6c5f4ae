//! What is known of a block's order before it runs: whose transactions follow each other.

use alloy_primitives::map::AddressMap;

use crate::{
    evm::{Base, Job},
    prepare::Transaction,
    units::TxIndex,
};

/// For each transaction, what follows from its sender's earlier ones.
#[derive(Debug)]
pub(super) struct Order {
    /// The latest transaction before with the same sender, if it is a plain payment: it counts the
    /// nonce up and does nothing else that its sender's next transaction could notice.
    foretold: Vec<Option<TxIndex>>,
    /// The latest transaction before with the same sender that is not one.
    after: Vec<Option<TxIndex>>,
    /// The nonces that transactions tell.
    nonces: Vec<u64>,
    /// Whether anyone may count up a nonce beside its account's own transactions (EIP-7702).
    delegations: bool,
}

/// A sender's latest transactions.
#[derive(Clone, Copy, Default)]
struct Latest {
    any: Option<(TxIndex, bool)>,
    other: Option<TxIndex>,
}

impl Order {
    pub(super) fn new(jobs: &[Job], base: &Base) -> Self {
        let mut latest: AddressMap<Latest> = AddressMap::default();
        let mut order = Self {
            foretold: Vec::with_capacity(jobs.len()),
            after: Vec::with_capacity(jobs.len()),
            nonces: jobs.iter().map(|job| job.transaction().nonce).collect(),
            delegations: jobs.iter().any(|job| !job.transaction().authorizations.is_empty()),
        };
        for (i, tx) in jobs.iter().map(Job::transaction).enumerate() {
            let latest = latest.entry(tx.from).or_default();
            order.foretold.push(latest.any.and_then(|(earlier, plain)| plain.then_some(earlier)));
            order.after.push(latest.other);
            let tx_index = TxIndex(i as u32);
            let plain = is_plain_payment(tx, base);
            latest.any = Some((tx_index, plain));
            if !plain {
                latest.other = Some(tx_index);
            }
        }
        order
    }

    /// The transaction after which the sender's nonce is what the transaction says, if that is
    /// certain enough to go ahead.
    pub(super) fn foretold(&self, tx: TxIndex) -> Option<TxIndex> {
        self.foretold.get(tx.index()).copied().flatten()
    }

    /// The nonce after a plain payment that was included, if that is certain.
    pub(super) fn nonce_after(&self, payment: TxIndex) -> Option<u64> {
        if self.delegations {
            return None;
        }
        self.nonces.get(payment.index())?.checked_add(1)
    }

    /// For each transaction, the one that it should wait for.
    pub(super) fn after(&self) -> &[Option<TxIndex>] {
        &self.after
    }
}

/// Ether and nothing else, as far as the state before the block tells: a recipient that gets code
/// within the block is found out by validation.
fn is_plain_payment(tx: &Transaction, base: &Base) -> bool {
    let recipient = tx.to.map(|to| base.number(&to).is_none_or(|no| base.account(no).code().is_none()));
    let sender = base.number(&tx.from).is_none_or(|no| base.account(no).code().is_none());
    recipient == Some(true) && sender && tx.authorizations.is_empty()
}

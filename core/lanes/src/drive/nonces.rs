//! Predicted nonces: after a plain payment, its sender's next transaction need not wait for it to know the
//! nonce.
//!
//! A prediction says: when transaction *t* starts, the nonce of its sender is the one that *t* carries,
//! because the sender's previous transaction, the payment *p*, carries the nonce below. It holds exactly if
//! *p* is included. That depends on four invariants:
//! 1. *No other transaction writes the nonce.* A sender whose nonce is predicted runs no code in this block
//!    (`Order` decides that: no code in the pre-state, no authorisation of EIP-7702 signed by it; and once
//!    *p* is included, no creation at its address). So no transaction between *p* and *t* writes its nonce.
//!    An attempt on stale values may; the prediction ignores that write, and validation aborts that attempt.
//! 2. *The payment writes the predicted nonce, or none.* An attempt at *p* that is included read the nonce
//!    that *p* carries and leaves the one that *t* carries, whichever code the recipient runs.
//!    [`NoncePredictor`] predicts nothing where the two do not follow each other. `Runner::publish` asserts
//!    this in debug builds.
//! 3. *A payment that is not included is reported.* Each attempt at *p* that could not be included is reported as
//!    one that wrote a new location, so every transaction above is validated again.
//! 4. *Writes come before the flag.* An attempt's writes are in the memory before [`InclusionFlags::note`].
//!
//! Between the abort of an attempt at *p* and the next attempt, a reader ignores the estimate at *p* and
//! takes the prediction: the next attempt writes the same nonce (2), or reports that it did not (3).

use std::{collections::HashMap, hash::Hash};

use crate::{
    schedule::sync::{AtomicBool, Ordering},
    units::{TxIndex, Version},
};

/// The parts of a transaction that matter to its sender's other transactions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent<S> {
    pub(super) from: S,
    /// The nonce that it carries.
    pub(super) nonce: u64,
    /// Whether it is a payment whose sender runs no code in this block: what the module's first two
    /// invariants need.
    pub(super) plain: bool,
}

/// For each transaction, what follows from its sender's earlier ones.
#[derive(Debug)]
pub(super) struct NoncePredictor {
    /// The nonce that it carries.
    nonces: Vec<u64>,
    /// The latest transaction before with the same sender, if it predicts the nonce.
    by: Vec<Option<TxIndex>>,
    /// The latest transaction before with the same sender that it should wait for.
    after: Vec<Option<TxIndex>>,
    /// Whether it predicts the nonce of a later transaction.
    predicts: Vec<bool>,
}

/// A sender's latest transactions.
struct SenderHistory {
    /// The latest one, the nonce that it carries, and whether it is plain.
    latest: Option<(TxIndex, u64, bool)>,
    /// The latest one that is not plain.
    other: Option<TxIndex>,
}

impl NoncePredictor {
    pub(super) fn new<S: Eq + Hash>(sent: impl IntoIterator<Item = Sent<S>>) -> Self {
        let mut senders: HashMap<S, SenderHistory> = HashMap::new();
        let mut this = Self { nonces: Vec::new(), by: Vec::new(), after: Vec::new(), predicts: Vec::new() };
        for (i, Sent { from, nonce, plain }) in sent.into_iter().enumerate() {
            let tx = TxIndex(i as u32);
            let before = senders.entry(from).or_insert(SenderHistory { latest: None, other: None });
            // Only the nonce that follows is predicted. Otherwise an attempt that relied on the prediction
            // would never be marked: a payment that runs again and writes the same nonce as before marks no
            // transaction.
            let follows = |previous: u64| previous.checked_add(1) == Some(nonce);
            let latest = before.latest;
            let by = latest.and_then(|(tx, previous, plain)| (plain && follows(previous)).then_some(tx));
            this.nonces.push(nonce);
            this.by.push(by);
            this.predicts.push(false);
            if let Some(payment) = by {
                this.predicts[payment.index()] = true;
            }
            this.after.push(if by.is_some() { before.other } else { latest.map(|(tx, ..)| tx) });
            before.latest = Some((tx, nonce, plain));
            if !plain {
                before.other = Some(tx);
            }
        }
        this
    }

    /// The payment that predicts the transaction's nonce, and the nonce.
    pub(super) fn of(&self, tx: TxIndex) -> Option<(TxIndex, u64)> {
        let payment = self.by.get(tx.index()).copied().flatten()?;
        Some((payment, *self.nonces.get(tx.index())?))
    }

    /// The nonce that the transaction carries.
    pub(super) fn nonce(&self, tx: TxIndex) -> Option<u64> {
        self.nonces.get(tx.index()).copied()
    }

    /// Whether the transaction predicts the nonce of a later one.
    pub(super) fn predicts_nonce(&self, tx: TxIndex) -> bool {
        self.predicts.get(tx.index()).copied().unwrap_or(false)
    }

    /// For each transaction, the one of the same sender that it should wait for.
    pub(super) fn after(&self) -> &[Option<TxIndex>] {
        &self.after
    }
}

/// For each transaction, whether its latest attempt could not be included. Written by the lane that runs or
/// commits the transaction, read by those that run or validate the sender's next transaction.
#[derive(Debug)]
pub(super) struct InclusionFlags(Vec<AtomicBool>);

impl InclusionFlags {
    /// For that many transactions, none of which has run.
    pub(super) fn new(transactions: usize) -> Self {
        let mut latest = Vec::new();
        latest.resize_with(transactions, AtomicBool::default);
        Self(latest)
    }

    /// Notes whether an attempt was included. Its writes must be in the memory. Only asked for transactions
    /// that predict a nonce.
    pub(super) fn note(&self, tx: TxIndex, included: bool) {
        let excluded = &self.0[tx.index()];
        // Nearly all are included, and then nothing is written: lanes that run neighbours would contend for
        // the cache line. Relaxed: no other lane writes the flag at the same time, because a transaction has
        // one attempt at a time.
        if excluded.load(Ordering::Relaxed) == included {
            // Release: pairs with the load in `nonce`. A lane that finds the flag finds the attempt's writes.
            excluded.store(!included, Ordering::Release);
        }
    }

    /// The sender's nonce, predicted by `payment` to be `predicted`; with the version that wrote it, if it
    /// had to be looked up. `look_up` reads it in the memory.
    ///
    /// # Errors
    /// The writer of an estimate, other than the payment.
    pub(super) fn nonce(
        &self,
        (payment, predicted): (TxIndex, u64),
        look_up: impl FnOnce() -> Result<(u64, Option<Version>), Version>,
    ) -> Result<(u64, Option<Version>), Version> {
        // Acquire: pairs with the store in `note`; a reader of the flag sees the writes of that attempt.
        if !self.0[payment.index()].load(Ordering::Acquire) {
            return Ok((predicted, None));
        }
        match look_up() {
            // The flag is from an attempt before the one whose writes are now estimates: that one was
            // included.
            Err(writer) if writer.tx == payment => Ok((predicted, None)),
            nonce => nonce,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Incarnation;

    fn predictor(sent: &[(char, u64, bool)]) -> NoncePredictor {
        NoncePredictor::new(sent.iter().map(|(from, nonce, plain)| Sent {
            from,
            nonce: *nonce,
            plain: *plain,
        }))
    }

    #[test]
    fn a_payment_predicts_the_next_nonce_and_is_not_waited_for() {
        let all = predictor(&[('a', 3, true), ('b', 3, true), ('a', 4, true), ('a', 5, true)]);
        assert_eq!(all.of(TxIndex(2)), Some((TxIndex(0), 4)));
        assert_eq!(all.of(TxIndex(3)), Some((TxIndex(2), 5)));
        assert_eq!((all.of(TxIndex(0)), all.of(TxIndex(1))), (None, None));
        assert_eq!(all.after(), [None; 4]);
    }

    #[test]
    fn a_prediction_holds_unless_the_payment_could_not_be_included() {
        let flags = InclusionFlags::new(3);
        let version = |tx| Version { tx: TxIndex(tx), incarnation: Incarnation(0) };
        let nonce = |seen| flags.nonce((TxIndex(1), 8), || seen);
        let before_payment = Ok((7, Some(version(0))));
        assert_eq!(nonce(before_payment), Ok((8, None)), "it has not run");
        flags.note(TxIndex(1), true);
        assert_eq!(nonce(before_payment), Ok((8, None)));
        assert_eq!(nonce(Err(version(1))), Ok((8, None)), "it was aborted");
        flags.note(TxIndex(1), false);
        assert_eq!(nonce(before_payment), before_payment);
        assert_eq!(nonce(Err(version(0))), Err(version(0)));
        assert_eq!(nonce(Err(version(1))), Ok((8, None)), "a later attempt at it was included, then aborted");
    }

    #[test]
    fn a_payment_with_another_nonce_predicts_nothing() {
        let all = predictor(&[('a', 3, true), ('a', 5, true), ('a', 5, true)]);
        assert_eq!(all.by, [None; 3]);
        assert_eq!(all.after(), [None, Some(TxIndex(0)), Some(TxIndex(1))]);
    }

    #[test]
    fn a_transaction_that_is_no_payment_is_waited_for_by_all_later_ones_of_its_sender() {
        let all = predictor(&[('a', 0, false), ('a', 1, true), ('a', 2, true)]);
        assert_eq!(all.by, [None, None, Some(TxIndex(1))]);
        assert_eq!(all.after(), [None, Some(TxIndex(0)), Some(TxIndex(0))]);
    }
}

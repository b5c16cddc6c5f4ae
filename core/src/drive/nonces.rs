//! Nonces that are known before the sender's transaction before has run: after a plain payment.
//!
//! Who is given a nonce as the transaction *tells* it must hear of it if that is wrong. What must hold:
//! 1. *The payment writes what is told, or nothing.* A payment that is included has the nonce that it tells,
//!    and counts it up once; only one that thereby comes to what the next transaction tells foretells it.
//! 2. *A payment that writes nothing says so.* Its first attempt, and every attempt that could not be
//!    included, is reported as one that wrote something new, so everybody above is validated again.
//! 3. *Writes before word of them.* An attempt's writes are in the memory before [`Latest::note`].
//!
//! 4. *Who else counts is seen at once.* A write after the payment's is seen, or waited for, even while the
//!    payment has not run: a block access list may foretell it, and if that comes true nobody is told.
//!
//! So an attempt between the payment's abort and its next one may look past its estimate: the next one
//! writes the same nonce, or it says that it did not.

use std::{collections::HashMap, hash::Hash};

use crate::{
    schedule::sync::{AtomicBool, Ordering},
    units::{TxIndex, Version},
};

/// A transaction, as far as its sender's other transactions are concerned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent<S> {
    pub(super) from: S,
    /// The nonce that it tells.
    pub(super) nonce: u64,
    /// Whether it does nothing that its sender's next transaction could notice but count up the nonce.
    pub(super) plain: bool,
}

/// For each transaction, what follows from its sender's earlier ones.
#[derive(Debug)]
pub(super) struct Foretelling {
    nonces: Vec<u64>,
    /// The latest transaction before with the same sender, if it foretells the nonce.
    by: Vec<Option<TxIndex>>,
    /// The latest transaction before with the same sender that leaves something to be waited for.
    after: Vec<Option<TxIndex>>,
    /// Whether it foretells anyone's nonce.
    foretells: Vec<bool>,
}

/// A sender's latest transactions.
struct Before {
    latest: Option<(TxIndex, u64, bool)>,
    /// The latest that is not plain.
    other: Option<TxIndex>,
}

impl Foretelling {
    pub(super) fn new<S: Eq + Hash>(sent: impl IntoIterator<Item = Sent<S>>) -> Self {
        let mut senders: HashMap<S, Before> = HashMap::new();
        let mut this = Self { nonces: Vec::new(), by: Vec::new(), after: Vec::new(), foretells: Vec::new() };
        for (i, Sent { from, nonce, plain }) in sent.into_iter().enumerate() {
            let tx = TxIndex(i as u32);
            let before = senders.entry(from).or_insert(Before { latest: None, other: None });
            // A payment that writes another nonce than is told foretells nothing: an attempt that took
            // the nonce for granted would not hear of a payment that runs again and writes what it wrote before.
            let foretells = |told: u64| told.checked_add(1) == Some(nonce);
            let latest = before.latest;
            let by = latest.and_then(|(tx, told, plain)| (plain && foretells(told)).then_some(tx));
            this.nonces.push(nonce);
            this.by.push(by);
            this.foretells.push(false);
            if let Some(payment) = by {
                this.foretells[payment.index()] = true;
            }
            this.after.push(if by.is_some() { before.other } else { latest.map(|(tx, ..)| tx) });
            before.latest = Some((tx, nonce, plain));
            if !plain {
                before.other = Some(tx);
            }
        }
        this
    }

    /// The payment that foretells the transaction's nonce, and the nonce.
    pub(super) fn of(&self, tx: TxIndex) -> Option<(TxIndex, u64)> {
        let payment = self.by.get(tx.index()).copied().flatten()?;
        Some((payment, *self.nonces.get(tx.index())?))
    }

    /// Whether the transaction foretells anyone's nonce.
    pub(super) fn foretells(&self, tx: TxIndex) -> bool {
        self.foretells.get(tx.index()).copied().unwrap_or(false)
    }

    /// For each transaction, the one of the same sender that it should wait for.
    pub(super) fn after(&self) -> &[Option<TxIndex>] {
        &self.after
    }
}

/// For each transaction, whether its latest attempt could not be included.
#[derive(Debug)]
pub(super) struct Latest(Vec<AtomicBool>);

impl Latest {
    /// For that many transactions, none of which has run.
    pub(super) fn new(transactions: usize) -> Self {
        let mut latest = Vec::new();
        latest.resize_with(transactions, AtomicBool::default);
        Self(latest)
    }

    /// Notes what became of an attempt whose writes are in the memory. Only of transactions that foretell a nonce
    /// does anyone ask.
    pub(super) fn note(&self, tx: TxIndex, included: bool) {
        let latest = &self.0[tx.index()];
        // Nearly all are included, and then nothing is written: lanes that run neighbours would meet at one cache
        // line. Nobody else writes meanwhile, because a transaction has one attempt at a time.
        if latest.load(Ordering::Relaxed) == included {
            // Release: who finds it said finds the writes, or none where there are none.
            latest.store(!included, Ordering::Release);
        }
    }

    /// The nonce that `payment` foretells to be `told`, and whose write it is, if one was seen. `look` looks it
    /// up in the memory. `alone`: nothing but its own transactions counts up the sender's nonce.
    ///
    /// # Errors
    /// The writer of an estimate, other than the payment.
    pub(super) fn nonce(
        &self,
        (payment, told): (TxIndex, u64),
        alone: bool,
        look: impl FnOnce() -> Result<(u64, Option<Version>), Version>,
    ) -> Result<(u64, Option<Version>), Version> {
        match self.0[payment.index()].load(Ordering::Acquire) {
            true => match look() {
                Err(writer) if writer.tx == payment => Ok((told, None)),
                nonce => nonce,
            },
            // What the payment writes, or wrote, need not be looked up.
            false if alone => Ok((told, None)),
            // Someone may have counted it up since, or be foretold to.
            false => match look() {
                Ok((nonce, Some(writer))) if writer.tx > payment => Ok((nonce, Some(writer))),
                Err(writer) if writer.tx > payment => Err(writer),
                _ => Ok((told, None)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Incarnation;

    fn foretelling(sent: &[(char, u64, bool)]) -> Foretelling {
        Foretelling::new(sent.iter().map(|(from, nonce, plain)| Sent { from, nonce: *nonce, plain: *plain }))
    }

    #[test]
    fn a_payment_foretells_the_next_nonce_and_is_not_waited_for() {
        let all = foretelling(&[('a', 3, true), ('b', 3, true), ('a', 4, true), ('a', 5, true)]);
        assert_eq!(all.of(TxIndex(2)), Some((TxIndex(0), 4)));
        assert_eq!(all.of(TxIndex(3)), Some((TxIndex(2), 5)));
        assert_eq!((all.of(TxIndex(0)), all.of(TxIndex(1))), (None, None));
        assert_eq!(all.after(), [None; 4]);
    }

    #[test]
    fn who_counts_after_the_payment_is_seen_whether_the_payment_has_run_or_not() {
        let latest = Latest::new(3);
        let version = |tx| Version { tx: TxIndex(tx), incarnation: Incarnation(0) };
        let nonce = |seen| latest.nonce((TxIndex(1), 8), false, || seen);
        let check_all = || {
            assert_eq!(nonce(Ok((7, Some(version(0))))), Ok((8, None)), "who counted before it");
            assert_eq!(nonce(Err(version(1))), Ok((8, None)));
            assert_eq!(nonce(Ok((9, Some(version(2))))), Ok((9, Some(version(2)))));
            assert_eq!(nonce(Err(version(2))), Err(version(2)));
        };
        check_all();
        latest.note(TxIndex(1), true);
        check_all();
        latest.note(TxIndex(1), false);
        assert_eq!(nonce(Ok((7, Some(version(0))))), Ok((7, Some(version(0)))));
    }

    #[test]
    fn a_payment_with_another_nonce_foretells_nothing() {
        let all = foretelling(&[('a', 3, true), ('a', 5, true), ('a', 5, true)]);
        assert_eq!(all.by, [None; 3]);
        assert_eq!(all.after(), [None, Some(TxIndex(0)), Some(TxIndex(1))]);
    }

    #[test]
    fn what_may_do_more_than_count_is_waited_for_by_all_that_follow() {
        let all = foretelling(&[('a', 0, false), ('a', 1, true), ('a', 2, true)]);
        assert_eq!(all.by, [None, None, Some(TxIndex(1))]);
        assert_eq!(all.after(), [None, Some(TxIndex(0)), Some(TxIndex(0))]);
    }
}

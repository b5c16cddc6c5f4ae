//! What is known of a block's order before it runs: whose transactions follow each other.

use std::collections::HashMap;

use alloy_primitives::{Address, U256, map::AddressMap};

use super::nonces::{NoncePredictor, Sent};
use crate::{schedule::AccountNo, units::TxIndex, vm::PreState};

/// What the lanes must know of a transaction before it runs.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Its sender.
    pub from: Address,
    /// Its recipient, if it has one.
    pub to: Option<Address>,
    /// The nonce that it carries: it is included only if that is the sender's.
    pub nonce: u64,
    /// The most that it takes from its sender; `None` for more than there can be.
    pub most: Option<U256>,
    /// Its gas limit.
    pub gas_limit: u64,
    /// Whether it is ether and nothing else, as far as the pre-state tells. A recipient may get code within the
    /// block and run it: what that writes is found by validation, and it counts no nonce of a sender that
    /// stays without code.
    pub is_payment: bool,
    /// Whether nothing in the block can run as its sender once that has a nonce: then only its own included
    /// transactions count up its nonce, each by one, and only they take from its balance.
    pub sender_stays_without_code: bool,
    /// The number of those that are alike, if there are others: likely to meet wherever two of them have met.
    pub alike: Option<u32>,
}

/// For each transaction, what follows from its sender's earlier ones, and from what the sender owns.
#[derive(Debug)]
pub struct Order {
    predictor: NoncePredictor,
    /// Senders and recipients.
    parties: Vec<Parties>,
    /// Senders that the pre-state does not list.
    unlisted: HashMap<TxIndex, Address>,
    gas_limits: Vec<u64>,
    most: Vec<Option<U256>>,
    alike: Vec<Option<u32>>,
    /// Whether the sender can pay for all its transactions of the block from what it had before.
    can_pay: Vec<bool>,
    /// Whether it then need not be asked again: see [`Order::covered`].
    covered: Vec<bool>,
    heavy_senders: Vec<AccountNo>,
}

/// Who sends at least so many transactions,
const HEAVY: usize = if cfg!(any(shuttle, test)) { 2 } else { 64 };
/// and at least one of so many, is busy.
const HEAVY_SHARE: usize = 8;

/// A transaction's sender and recipient, as far as the state before the block lists them: the
/// accounts that it loads for certain, so that their numbers need not be looked up each time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parties([Option<(Address, AccountNo)>; 2]);

impl Parties {
    fn new(tx: &Facts, base: &impl PreState) -> Self {
        let party = |address: Address| base.number(&address).map(|no| (address, no));
        Self([party(tx.from), tx.to.and_then(party)])
    }

    /// The sender.
    pub(super) fn sender(&self) -> Option<AccountNo> {
        self.0[0].map(|(_, no)| no)
    }

    /// Whether that account is the sender.
    pub(super) fn is_sender(&self, account: AccountNo) -> bool {
        self.sender() == Some(account)
    }

    /// The number of an account, if it is one of them.
    pub(super) fn number(&self, address: &Address) -> Option<AccountNo> {
        self.0.iter().flatten().find(|(party, _)| party == address).map(|(_, no)| *no)
    }
}

impl Order {
    pub(super) fn new(facts: &[Facts], base: &impl PreState) -> Self {
        // The most that a sender's transactions take together; `None` for more than there can be.
        let mut takes: AddressMap<Option<U256>> = AddressMap::default();
        for tx in facts {
            let sum = takes.entry(tx.from).or_insert(Some(U256::ZERO));
            *sum = sum.zip(tx.most).and_then(|(sum, most)| sum.checked_add(most));
        }
        let sent = facts.iter().map(|tx| Sent {
            from: tx.from,
            nonce: tx.nonce,
            plain: tx.is_payment && tx.sender_stays_without_code,
        });
        let mut order = Self {
            predictor: NoncePredictor::new(sent),
            parties: facts.iter().map(|tx| Parties::new(tx, base)).collect(),
            unlisted: HashMap::new(),
            gas_limits: facts.iter().map(|tx| tx.gas_limit).collect(),
            most: facts.iter().map(|tx| tx.most).collect(),
            alike: facts.iter().map(|tx| tx.alike).collect(),
            can_pay: Vec::with_capacity(facts.len()),
            covered: Vec::with_capacity(facts.len()),
            heavy_senders: Vec::new(),
        };
        for (i, tx) in facts.iter().enumerate() {
            let account = base.number(&tx.from);
            if account.is_none() {
                order.unlisted.insert(TxIndex(i as u32), tx.from);
            }
            let takes = takes.get(&tx.from).copied().flatten();
            let can_pay = account.zip(takes).is_some_and(|(account, takes)| base.balance(account) >= takes);
            // With a nonce, no contract can be created in its place (EIP-684), so not even for a while can
            // there be code that takes from it.
            let has_nonce = account.is_some_and(|account| base.nonce(account) > 0);
            order.can_pay.push(can_pay);
            order.covered.push(can_pay && has_nonce && tx.sender_stays_without_code);
        }
        let mut sent: HashMap<AccountNo, usize> = HashMap::new();
        for (parties, covered) in order.parties.iter().zip(&order.covered) {
            if let (Some(sender), true) = (parties.sender(), covered) {
                *sent.entry(sender).or_default() += 1;
            }
        }
        let most = sent.into_iter().filter(|(_, sent)| *sent >= HEAVY && *sent * HEAVY_SHARE >= facts.len());
        order.heavy_senders = most.map(|(account, _)| account).collect();
        order.heavy_senders.sort_unstable();
        order
    }

    /// Whether the sender can pay for all its transactions of the block from what it had before.
    pub(super) fn can_pay(&self, tx: TxIndex) -> bool {
        self.can_pay.get(tx.index()).copied().unwrap_or(false)
    }

    /// Whether the sender's balance is enough at any time: it can pay for all that it sends, and from an
    /// account without code nothing else takes.
    pub(super) fn covered(&self, tx: TxIndex) -> bool {
        self.covered.get(tx.index()).copied().unwrap_or(false)
    }

    /// The sender's transaction before, if it foretells the nonce, and the nonce that it foretells.
    pub(super) fn predicted_nonce(&self, tx: TxIndex) -> Option<(TxIndex, u64)> {
        self.predictor.of(tx)
    }

    /// Whether the transaction foretells anyone's nonce.
    pub(super) fn predicts_nonce(&self, tx: TxIndex) -> bool {
        self.predictor.predicts_nonce(tx)
    }

    /// The transaction's sender, if the pre-state does not list it.
    pub(super) fn unlisted_sender(&self, tx: TxIndex) -> Option<Address> {
        self.unlisted.get(&tx).copied()
    }

    /// The transaction's sender and recipient.
    pub(super) fn parties(&self, tx: TxIndex) -> Parties {
        self.parties.get(tx.index()).copied().unwrap_or_default()
    }

    /// Accounts that send a good part of all transactions, each of them [`Order::covered`].
    pub(super) fn heavy_senders(&self) -> &[AccountNo] {
        &self.heavy_senders
    }

    /// The most that the transaction takes from its sender; `None` for more than there can be.
    pub(super) fn most(&self, tx: TxIndex) -> Option<U256> {
        self.most.get(tx.index()).copied().flatten()
    }

    /// The nonce that the transaction carries.
    pub(super) fn nonce(&self, tx: TxIndex) -> Option<u64> {
        self.predictor.nonce(tx)
    }

    /// The transactions' gas limits.
    pub(super) fn gas_limits(&self) -> &[u64] {
        &self.gas_limits
    }

    /// For each transaction [`Facts::alike`].
    pub(super) fn alike(&self) -> &[Option<u32>] {
        &self.alike
    }

    /// For each transaction, the one that it should wait for.
    pub(super) fn after(&self) -> &[Option<TxIndex>] {
        self.predictor.after()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::{
        Block,
        toy::{Sender, ToyVm, Transaction, load},
    };

    /// A block of payments by the known accounts, of which account 0 has 10 and no nonce, account 1 has 11 and a nonce.
    fn order(payments: impl IntoIterator<Item = (usize, u64, bool)>) -> Block<ToyVm> {
        let mut nonces = [0, 1];
        let payments = payments.into_iter().map(|(who, amount, stays_without_code)| {
            let nonce = nonces[who];
            nonces[who] += 1;
            let sent = Some(Sender { who, nonce, stays_without_code });
            Transaction { sent, pays: Some((amount, 1 - who)), ..Transaction::doing(Vec::new()) }
        });
        load(&payments.collect::<Vec<_>>(), u64::MAX, 0)
    }

    fn covered(payments: impl IntoIterator<Item = (usize, u64, bool)>) -> Vec<bool> {
        let block = order(payments);
        (0..block.transactions() as u32).map(|tx| block.order.covered(TxIndex(tx))).collect()
    }

    #[test]
    fn a_sender_is_covered_if_it_can_pay_for_all_it_sends() {
        assert_eq!(covered([(1, 5, true), (1, 6, true)]), [true; 2]);
        assert_eq!(covered([(1, 5, true), (1, 7, true)]), [false; 2], "not for the second");
        assert_eq!(
            covered([(0, 5, true), (0, 5, true)]),
            [false; 2],
            "a contract may be created in its place"
        );
        assert_eq!(covered([(1, 5, false), (1, 6, false)]), [false; 2], "code of its own may take from it");
    }

    #[test]
    fn who_sends_much_and_can_pay_for_it_is_busy() {
        let busy = |sent: usize, amount, others: usize| {
            let payments = std::iter::repeat_n((1, amount, true), sent);
            let block = order(payments.chain(std::iter::repeat_n((0, 0, true), others)));
            block.order.heavy_senders().to_vec()
        };
        let one = AccountNo(1);
        assert_eq!(busy(HEAVY, 1, 3), [one]);
        assert_eq!(busy(HEAVY - 1, 1, 3), [], "too few");
        assert_eq!(busy(HEAVY, 11, 3), [], "cannot pay for all");
        assert_eq!(busy(HEAVY, 1, HEAVY * HEAVY_SHARE), [], "a small part of all");
    }

    #[test]
    fn payments_of_senders_without_code_predict_the_next_nonce() {
        let block = order([(0, 1, true), (0, 1, true), (1, 1, false), (1, 1, false)]);
        let predicted: Vec<_> = (0..4).map(|tx| block.order.predicted_nonce(TxIndex(tx))).collect();
        assert_eq!(predicted, [None, Some((TxIndex(0), 1)), None, None]);
    }
}

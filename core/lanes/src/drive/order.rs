//! What is known of a block's transactions before it runs: which share a sender, the most that they can take
//! from it, and what can be predicted from that.
//!
//! ```text
//! Facts ─┬─ sender, nonce, payment? ─▶ NoncePredictor: predicted nonces, and which transactions wait for which
//!        ├─ sender, max_spending, pre-state's balance ─▶ can_pay ─▶ covered ─▶ heavy senders
//!        └─ conflict_class ─▶ class_of
//! ```

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
    /// The nonce that it carries. It is included only if its sender has that nonce.
    pub nonce: u64,
    /// The most that it takes from its sender; `None` if that overflows.
    pub max_spending: Option<U256>,
    /// Its gas limit.
    pub gas_limit: u64,
    /// Whether it transfers ether and does nothing else, judged by the pre-state. Its recipient may get
    /// code within the block and run it. Validation finds what that code writes, and that code changes no
    /// nonce of a sender that stays without code.
    pub is_payment: bool,
    /// Whether no code in the block can run as its sender, once the sender has a nonce. Then only the
    /// sender's own included transactions raise its nonce, each by one, and only they take from its balance.
    pub sender_stays_without_code: bool,
    /// The number of its conflict class: transactions that are likely to conflict wherever two of them have
    /// conflicted. `None` if it is alone in its class.
    pub conflict_class: Option<u32>,
}

/// For each transaction, what follows from its sender's earlier ones and from the balance that the sender has
/// before the block.
#[derive(Debug)]
pub(super) struct Order {
    predictor: NoncePredictor,
    /// Senders and recipients.
    parties: Vec<Parties>,
    /// Senders that the pre-state does not list.
    unlisted: HashMap<TxIndex, Address>,
    gas_limits: Vec<u64>,
    max_spending: Vec<Option<U256>>,
    class_of: Vec<Option<u32>>,
    /// Whether the sender's balance before the block is enough for all its transactions.
    can_pay: Vec<bool>,
    /// Whether the balance then need not be read at all: see [`Order::covered`].
    covered: Vec<bool>,
    heavy_senders: Vec<AccountNo>,
}

/// A heavy sender sends at least so many transactions,
const HEAVY: usize = if cfg!(any(shuttle, test)) { 2 } else { 64 };
/// and at least one of so many transactions of the block.
const HEAVY_SHARE: usize = 8;

/// A transaction's sender and recipient, as far as the pre-state lists them: the accounts that it loads for
/// certain, so that their numbers need not be looked up each time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parties([Option<(Address, AccountNo)>; 2]);

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
        // The most that a sender's transactions take together; `None` if that overflows.
        let mut takes: AddressMap<Option<U256>> = AddressMap::default();
        for tx in facts {
            let sum = takes.entry(tx.from).or_insert(Some(U256::ZERO));
            *sum = sum.zip(tx.max_spending).and_then(|(sum, max_spending)| sum.checked_add(max_spending));
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
            max_spending: facts.iter().map(|tx| tx.max_spending).collect(),
            class_of: facts.iter().map(|tx| tx.conflict_class).collect(),
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
            // At an address with a nonce no contract can be created (EIP-684). So there can be no code that
            // takes from its balance, not even temporarily.
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
        let heavy = sent.into_iter().filter(|(_, sent)| *sent >= HEAVY && *sent * HEAVY_SHARE >= facts.len());
        order.heavy_senders = heavy.map(|(account, _)| account).collect();
        order.heavy_senders.sort_unstable();
        order
    }

    /// Whether the sender's balance before the block is enough for all its transactions.
    pub(super) fn can_pay(&self, tx: TxIndex) -> bool {
        self.can_pay.get(tx.index()).copied().unwrap_or(false)
    }

    /// Whether the sender is covered: its balance is enough at any time. It is enough for all that the sender
    /// sends, and from an account without code nothing else can be taken.
    pub(super) fn covered(&self, tx: TxIndex) -> bool {
        self.covered.get(tx.index()).copied().unwrap_or(false)
    }

    /// The payment that predicts the nonce of the transaction's sender, and the nonce.
    pub(super) fn predicted_nonce(&self, tx: TxIndex) -> Option<(TxIndex, u64)> {
        self.predictor.of(tx)
    }

    /// Whether the transaction predicts the nonce of a later one.
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

    /// The heavy senders: covered accounts that send a good part of the block.
    pub(super) fn heavy_senders(&self) -> &[AccountNo] {
        &self.heavy_senders
    }

    /// The most that the transaction takes from its sender; `None` if that overflows.
    pub(super) fn max_spending(&self, tx: TxIndex) -> Option<U256> {
        self.max_spending.get(tx.index()).copied().flatten()
    }

    /// The nonce that the transaction carries.
    pub(super) fn nonce(&self, tx: TxIndex) -> Option<u64> {
        self.predictor.nonce(tx)
    }

    /// The transactions' gas limits.
    pub(super) fn gas_limits(&self) -> &[u64] {
        &self.gas_limits
    }

    /// For each transaction [`Facts::conflict_class`].
    pub(super) fn class_of(&self) -> &[Option<u32>] {
        &self.class_of
    }

    /// For each transaction, the one of the same sender that it should wait for.
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

    /// A block of payments by the two known accounts: account 0 has a balance of 10 and a nonce, account 1 a
    /// balance of 11 and no nonce.
    fn order(payments: impl IntoIterator<Item = (usize, u64, bool)>) -> Block<ToyVm> {
        let mut nonces = [1, 0];
        let payments = payments.into_iter().map(|(sender, amount, stays_without_code)| {
            let nonce = nonces[sender];
            nonces[sender] += 1;
            let sent = Some(Sender { account: sender, nonce, stays_without_code });
            Transaction { sent, pays: Some((amount, 1 - sender)), ..Transaction::doing(Vec::new()) }
        });
        load(&payments.collect::<Vec<_>>(), u64::MAX, 0)
    }

    fn covered(payments: impl IntoIterator<Item = (usize, u64, bool)>) -> Vec<bool> {
        let block = order(payments);
        (0..block.transactions() as u32).map(|tx| block.order.covered(TxIndex(tx))).collect()
    }

    #[test]
    fn a_sender_that_can_pay_for_all_its_transactions_is_covered() {
        assert_eq!(covered([(0, 5, true), (0, 5, true)]), [true; 2]);
        assert_eq!(covered([(0, 5, true), (0, 6, true)]), [false; 2], "not for the second");
        assert_eq!(
            covered([(1, 5, true), (1, 5, true)]),
            [false; 2],
            "a contract may be created in its place"
        );
        assert_eq!(covered([(0, 5, false), (0, 5, false)]), [false; 2], "code of its own may take from it");
    }

    #[test]
    fn a_covered_sender_of_many_transactions_is_heavy() {
        let heavy = |sent: usize, amount, others: usize| {
            let payments = std::iter::repeat_n((0, amount, true), sent);
            let block = order(payments.chain(std::iter::repeat_n((1, 0, true), others)));
            block.order.heavy_senders().to_vec()
        };
        assert_eq!(heavy(HEAVY, 1, 3), [AccountNo(0)]);
        assert_eq!(heavy(HEAVY - 1, 1, 3), [], "too few");
        assert_eq!(heavy(HEAVY, 10, 3), [], "cannot pay for all");
        assert_eq!(heavy(HEAVY, 1, HEAVY * HEAVY_SHARE), [], "a small part of all");
    }

    #[test]
    fn payments_of_senders_without_code_predict_the_next_nonce() {
        let block = order([(0, 1, true), (0, 1, true), (1, 1, false), (1, 1, false)]);
        let predicted: Vec<_> = (0..4).map(|tx| block.order.predicted_nonce(TxIndex(tx))).collect();
        assert_eq!(predicted, [None, Some((TxIndex(0), 2)), None, None]);
    }
}

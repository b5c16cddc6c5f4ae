//! What is known of a block's order before it runs: whose transactions follow each other.

use alloy_primitives::{Address, U256, map::AddressMap};

use crate::{
    evm::{Base, BaseAccount, Job},
    prepare::Transaction,
    schedule::AccountNo,
    units::TxIndex,
};

/// For each transaction, what follows from its sender's earlier ones.
#[derive(Debug)]
pub(super) struct Order {
    /// The latest transaction before with the same sender, if it is a plain payment whose nonce is
    /// the one before: it counts the nonce up to what the transaction tells, and does nothing else
    /// that its sender's next transaction could notice.
    foretold: Vec<Option<TxIndex>>,
    /// The latest transaction before with the same sender that leaves something to be waited for.
    after: Vec<Option<TxIndex>>,
    /// The nonces that transactions tell.
    nonces: Vec<u64>,
    /// Senders and recipients.
    parties: Vec<Parties>,
    /// Whether the sender's balance is enough whatever happens: see [`Order::covered`].
    covered: Vec<bool>,
    /// Whether anyone may count up a nonce beside its account's own transactions (EIP-7702).
    delegations: bool,
}

/// A transaction's sender and recipient, as far as the state before the block lists them: the
/// accounts that it loads for certain, so that their numbers need not be looked up each time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parties([Option<(Address, AccountNo)>; 2]);

impl Parties {
    fn new(tx: &Transaction, base: &Base) -> Self {
        let party = |address: Address| base.number(&address).map(|no| (address, no));
        Self([party(tx.from), tx.to.and_then(party)])
    }

    /// Whether that account is the sender.
    pub(super) fn is_sender(&self, account: AccountNo) -> bool {
        self.0[0].is_some_and(|(_, no)| no == account)
    }

    /// The number of an account, if it is one of them.
    pub(super) fn number(&self, address: &Address) -> Option<AccountNo> {
        self.0.iter().flatten().find(|(party, _)| party == address).map(|(_, no)| *no)
    }
}

/// A sender's latest transactions.
#[derive(Clone, Copy)]
struct Latest {
    any: Option<(TxIndex, bool)>,
    other: Option<TxIndex>,
    /// The most that all together take; `None` for more than there can be.
    takes: Option<U256>,
}

impl Default for Latest {
    fn default() -> Self {
        Self { any: None, other: None, takes: Some(U256::ZERO) }
    }
}

impl Order {
    pub(super) fn new(jobs: &[Job], base: &Base) -> Self {
        let mut latest: AddressMap<Latest> = AddressMap::default();
        let mut order = Self {
            foretold: Vec::with_capacity(jobs.len()),
            after: Vec::with_capacity(jobs.len()),
            nonces: jobs.iter().map(|job| job.transaction().nonce).collect(),
            parties: jobs.iter().map(|job| Parties::new(job.transaction(), base)).collect(),
            covered: Vec::with_capacity(jobs.len()),
            delegations: jobs.iter().any(|job| !job.transaction().authorizations.is_empty()),
        };
        for (i, job) in jobs.iter().enumerate() {
            let tx = job.transaction();
            let latest = latest.entry(tx.from).or_default();
            // A payment that writes another nonce than the transaction tells foretells nothing: an
            // attempt that took the nonce for granted would not hear of a payment that runs again and
            // writes what it wrote before.
            let follows = |earlier: TxIndex| order.nonce_after(earlier) == Some(tx.nonce);
            let foretold =
                latest.any.and_then(|(earlier, plain)| (plain && follows(earlier)).then_some(earlier));
            let after =
                if foretold.is_some() { latest.other } else { latest.any.map(|(earlier, _)| earlier) };
            order.foretold.push(foretold);
            order.after.push(after);
            latest.takes = latest.takes.and_then(|takes| takes.checked_add(job.most()?));
            let tx_index = TxIndex(i as u32);
            let plain = is_plain_payment(tx, base);
            latest.any = Some((tx_index, plain));
            if !plain {
                latest.other = Some(tx_index);
            }
        }
        for job in jobs {
            let sender = &job.transaction().from;
            // With a nonce, no contract can be created in its place, and taken away again (EIP-684).
            let plain = |account: &&BaseAccount| account.code().is_none() && account.nonce() > 0;
            let account = base.number(sender).map(|no| base.account(no)).filter(plain);
            let takes = latest.get(sender).and_then(|latest| latest.takes);
            let covered = account.zip(takes).is_some_and(|(account, takes)| account.balance() >= takes);
            order.covered.push(covered && order.counts_alone());
        }
        order
    }

    /// Whether the sender can pay for all its transactions of the block from what it had before. Then
    /// its balance is enough at any time: from an account without code nothing else takes.
    pub(super) fn covered(&self, tx: TxIndex) -> bool {
        self.covered.get(tx.index()).copied().unwrap_or(false)
    }

    /// The transaction after which the sender's nonce is what the transaction says, if that is
    /// certain enough to go ahead.
    pub(super) fn foretold(&self, tx: TxIndex) -> Option<TxIndex> {
        self.foretold.get(tx.index()).copied().flatten()
    }

    /// The transaction's sender and recipient.
    pub(super) fn parties(&self, tx: TxIndex) -> Parties {
        self.parties.get(tx.index()).copied().unwrap_or_default()
    }

    /// The nonce that the transaction tells.
    pub(super) fn told(&self, tx: TxIndex) -> Option<u64> {
        self.nonces.get(tx.index()).copied()
    }

    /// Whether a sender's nonce is counted up by nothing but its own transactions.
    pub(super) fn counts_alone(&self) -> bool {
        !self.delegations
    }

    /// The sender's nonce after that transaction, if it is a payment and included.
    fn nonce_after(&self, payment: TxIndex) -> Option<u64> {
        self.told(payment)?.checked_add(1)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::{Account, Fork, State};

    const ALICE: Address = Address::repeat_byte(0xa1);
    const BOB: Address = Address::repeat_byte(0xb0);

    fn payment(nonce: u64) -> Transaction {
        Transaction { from: ALICE, to: Some(BOB), value: U256::ONE, nonce, ..Transaction::default() }
    }

    fn creation(nonce: u64) -> Transaction {
        Transaction { to: None, ..payment(nonce) }
    }

    fn order(transactions: &[Transaction]) -> Order {
        let jobs: Vec<Job> = transactions.iter().map(Job::new).collect();
        Order::new(&jobs, &Base::new(&State::default(), Fork::Prague, []))
    }

    #[test]
    fn a_payment_foretells_the_next_nonce_and_is_not_waited_for() {
        let order = order(&[payment(3), payment(4), payment(5)]);
        assert_eq!(order.foretold, [None, Some(TxIndex(0)), Some(TxIndex(1))]);
        assert_eq!(order.after, [None; 3]);
    }

    #[test]
    fn a_payment_with_another_nonce_foretells_nothing() {
        let order = order(&[payment(3), payment(5), payment(5)]);
        assert_eq!(order.foretold, [None; 3]);
        assert_eq!(order.after, [None, Some(TxIndex(0)), Some(TxIndex(1))]);
    }

    #[test]
    fn a_sender_is_covered_if_it_can_pay_for_all_it_sends() {
        let covered = |balance: u64, nonce: u64| {
            let account = Account { balance: U256::from(balance), nonce, ..Account::default() };
            let state = State { accounts: [(ALICE, account)].into_iter().collect(), ..State::default() };
            let jobs: Vec<Job> = [payment(nonce), payment(nonce + 1)].iter().map(Job::new).collect();
            let order = Order::new(&jobs, &Base::new(&state, Fork::Prague, []));
            [order.covered(TxIndex(0)), order.covered(TxIndex(1))]
        };
        assert_eq!(covered(2, 1), [true; 2]);
        assert_eq!(covered(1, 1), [false; 2], "not for the second");
        assert_eq!(covered(2, 0), [false; 2], "a contract may be created in its place");
    }

    #[test]
    fn what_may_do_more_than_count_is_waited_for_by_all_that_follow() {
        let order = order(&[creation(0), payment(1), payment(2)]);
        assert_eq!(order.foretold, [None, None, Some(TxIndex(1))]);
        assert_eq!(order.after, [None, Some(TxIndex(0)), Some(TxIndex(0))]);
    }
}

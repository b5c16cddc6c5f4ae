//! What is known of a block's order before it runs: whose transactions follow each other.

use std::collections::HashMap;

use alloy_primitives::{
    Address, U256,
    map::{AddressMap, AddressSet},
};

use super::nonces::{NoncePredictor, Sent};
use crate::{
    evm::{Base, Job},
    prepare::Transaction,
    schedule::AccountNo,
    units::TxIndex,
};

/// For each transaction, what follows from its sender's earlier ones, and from what the sender owns.
#[derive(Debug)]
pub(super) struct Order {
    foretelling: NoncePredictor,
    /// Senders and recipients.
    parties: Vec<Parties>,
    gas_limits: Vec<u64>,
    alike: Vec<Option<u32>>,
    /// Whether the sender can pay for all its transactions of the block from what it had before.
    can_pay: Vec<bool>,
    /// Whether it then need not be asked again: see [`Order::covered`].
    covered: Vec<bool>,
    busy: Vec<AccountNo>,
}

/// Who sends at least so many transactions,
const BUSY: usize = 64;
/// and at least one of so many, is busy.
const BUSY_SHARE: usize = 8;

/// A transaction's sender and recipient, as far as the state before the block lists them: the
/// accounts that it loads for certain, so that their numbers need not be looked up each time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parties([Option<(Address, AccountNo)>; 2]);

impl Parties {
    fn new(tx: &Transaction, base: &Base) -> Self {
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
    pub(super) fn new(jobs: &[Job], base: &Base) -> Self {
        // The most that a sender's transactions take together; `None` for more than there can be.
        let mut takes: AddressMap<Option<U256>> = AddressMap::default();
        for job in jobs {
            let sum = takes.entry(job.transaction().from).or_insert(Some(U256::ZERO));
            *sum = sum.zip(job.most()).and_then(|(sum, most)| sum.checked_add(most));
        }
        let authorities: AddressSet = jobs.iter().flat_map(Job::authorities).collect();
        let sent = jobs.iter().map(Job::transaction).map(|tx| Sent {
            from: tx.from,
            nonce: tx.nonce,
            plain: is_plain_payment(tx, base) && stays_without_code(&tx.from, base, &authorities),
        });
        let mut order = Self {
            foretelling: NoncePredictor::new(sent),
            parties: jobs.iter().map(|job| Parties::new(job.transaction(), base)).collect(),
            gas_limits: jobs.iter().map(|job| job.transaction().gas_limit).collect(),
            alike: alike(jobs, base),
            can_pay: Vec::with_capacity(jobs.len()),
            covered: Vec::with_capacity(jobs.len()),
            busy: Vec::new(),
        };
        for job in jobs {
            let sender = &job.transaction().from;
            let account = base.number(sender).map(|no| base.account(no));
            let takes = takes.get(sender).copied().flatten();
            let can_pay = account.zip(takes).is_some_and(|(account, takes)| account.balance() >= takes);
            // With a nonce, no contract can be created in its place (EIP-684), so not even for a while can
            // there be code that takes from it.
            let has_nonce = account.is_some_and(|account| account.nonce() > 0);
            order.can_pay.push(can_pay);
            order.covered.push(can_pay && has_nonce && stays_without_code(sender, base, &authorities));
        }
        let mut sent: HashMap<AccountNo, usize> = HashMap::new();
        for (parties, covered) in order.parties.iter().zip(&order.covered) {
            if let (Some(sender), true) = (parties.sender(), covered) {
                *sent.entry(sender).or_default() += 1;
            }
        }
        let most = sent.into_iter().filter(|(_, sent)| *sent >= BUSY && *sent * BUSY_SHARE >= jobs.len());
        order.busy = most.map(|(account, _)| account).collect();
        order.busy.sort_unstable();
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
    pub(super) fn foretold(&self, tx: TxIndex) -> Option<(TxIndex, u64)> {
        self.foretelling.of(tx)
    }

    /// Whether the transaction foretells anyone's nonce.
    pub(super) fn foretells(&self, tx: TxIndex) -> bool {
        self.foretelling.foretells(tx)
    }

    /// The transaction's sender and recipient.
    pub(super) fn parties(&self, tx: TxIndex) -> Parties {
        self.parties.get(tx.index()).copied().unwrap_or_default()
    }

    /// Accounts that send a good part of all transactions, each of them [`Order::covered`].
    pub(super) fn busy(&self) -> &[AccountNo] {
        &self.busy
    }

    /// The transactions' gas limits.
    pub(super) fn gas_limits(&self) -> &[u64] {
        &self.gas_limits
    }

    /// For each transaction the number of those that are alike, if there are others: they call the same
    /// contract, and their inputs name the same contracts.
    pub(super) fn alike(&self) -> &[Option<u32>] {
        &self.alike
    }

    /// For each transaction, the one that it should wait for.
    pub(super) fn after(&self) -> &[Option<TxIndex>] {
        self.foretelling.after()
    }
}

/// Ether and nothing else, as far as the pre-state tells. A recipient may get code within the block and
/// run it: what that writes is found by validation, and it counts no nonce of a sender that
/// [`stays_without_code`].
fn is_plain_payment(tx: &Transaction, base: &Base) -> bool {
    tx.to.is_some_and(|to| has_no_code(&to, base)) && tx.authorizations.is_empty()
}

fn has_no_code(address: &Address, base: &Base) -> bool {
    base.number(address).is_none_or(|no| base.account(no).code().is_none())
}

/// Whether nothing in the block can run as this account once it has a nonce. Then only its own included
/// transactions count up its nonce, each by one, and only they take from its balance.
///
/// An account gets code in two ways. A delegation needs its signature (EIP-7702, "Behavior", step 3), and
/// `authorities` are all who signed one in this block, whether or not it takes effect. A creation fails at an
/// address with a nonce (EIP-684).
fn stays_without_code(address: &Address, base: &Base, authorities: &AddressSet) -> bool {
    has_no_code(address, base) && !authorities.contains(address)
}

/// See [`Order::alike`]. Of swaps through one router, those in the same pool are alike: they name its tokens.
fn alike(jobs: &[Job], base: &Base) -> Vec<Option<u32>> {
    /// More are not looked for.
    const NAMED: usize = 16;
    let contract = |address: &Address| {
        let no = base.number(address)?;
        (!base.account(no).code().is_none()).then_some(no)
    };
    let kind = |tx: &Transaction| {
        let called = contract(&tx.to?)?;
        let (words, _) = tx.input.get(4..).unwrap_or_default().as_chunks::<32>();
        let addresses = words.iter().filter(|word| word[..12] == [0; 12]);
        let named = addresses.filter_map(|word| contract(&Address::from_slice(&word[12..])));
        let mut kind = vec![called];
        kind.extend(named.take(NAMED));
        kind[1..].sort_unstable();
        kind.dedup();
        Some(kind)
    };
    // Its number, if it has one yet, and who was the first.
    let mut met: HashMap<Vec<AccountNo>, (Option<u32>, usize)> = HashMap::new();
    let mut kinds = 0;
    let mut alike = vec![None; jobs.len()];
    for (i, job) in jobs.iter().enumerate() {
        let Some(kind) = kind(job.transaction()) else { continue };
        let (number, first) = met.entry(kind).or_insert((None, i));
        if *first != i {
            let number = *number.get_or_insert_with(|| {
                kinds += 1;
                kinds - 1
            });
            alike[*first] = Some(number);
            alike[i] = Some(number);
        }
    }
    alike
}

#[cfg(test)]
mod tests {
    use alloy_primitives::B256;

    use super::*;
    use crate::prepare::{Account, Fork, State};

    const ALICE: Address = Address::repeat_byte(0xa1);
    const BOB: Address = Address::repeat_byte(0xb0);

    fn payment(nonce: u64) -> Transaction {
        Transaction { from: ALICE, to: Some(BOB), value: U256::ONE, nonce, ..Transaction::default() }
    }

    #[test]
    fn who_calls_the_same_and_names_the_same_is_alike() {
        const ROUTER: Address = Address::repeat_byte(0xc0);
        const TOKENS: [Address; 2] = [Address::repeat_byte(0xc1), Address::repeat_byte(0xc2)];
        let mut state = State::default();
        for address in [ROUTER, TOKENS[0], TOKENS[1]] {
            let code_hash = Some(B256::repeat_byte(1));
            state.accounts.insert(address, Account { code_hash, ..Account::default() });
        }
        let call = |to, named: &[Address]| {
            let words = named.iter().flat_map(|address| address.into_word().0);
            let input = [0; 4].into_iter().chain(words).collect();
            Job::new(&Transaction { to: Some(to), input, ..payment(0) })
        };
        let jobs = [
            call(ROUTER, &[TOKENS[0], ALICE]),
            call(ROUTER, &[TOKENS[1]]),
            call(ROUTER, &[BOB, TOKENS[0]]),
            call(TOKENS[0], &[]),
            call(BOB, &[TOKENS[0]]),
            call(ROUTER, &[TOKENS[1], TOKENS[0]]),
            call(ROUTER, &[TOKENS[0], TOKENS[1], TOKENS[1]]),
        ];
        let base = Base::new(&state, Fork::Prague, []);
        assert_eq!(alike(&jobs, &base), [Some(0), None, Some(0), None, None, Some(1), Some(1)]);
    }

    #[test]
    fn who_sends_much_and_can_pay_for_it_is_busy() {
        let busy = |payments: usize, others: usize, balance: usize| {
            let account = |balance| Account { balance: U256::from(balance), nonce: 1, ..Account::default() };
            let accounts = [(ALICE, account(balance)), (BOB, account(others))].into_iter().collect();
            let by_bob = |nonce| Transaction { from: BOB, to: Some(ALICE), ..payment(nonce) };
            let of_alice = (0..payments).map(|i| payment(1 + i as u64));
            let jobs: Vec<Job> =
                of_alice.chain((0..others).map(|i| by_bob(1 + i as u64))).map(|tx| Job::new(&tx)).collect();
            let state = State { accounts, ..State::default() };
            Order::new(&jobs, &Base::new(&state, Fork::Prague, [ALICE])).busy().to_vec()
        };
        assert_eq!(busy(64, 10, 64), [AccountNo(0)]);
        assert_eq!(busy(63, 10, 64), [], "too few");
        assert_eq!(busy(64, 10, 63), [], "cannot pay for all");
        assert_eq!(busy(64, 600, 64), [AccountNo(1)], "one in ten");
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
}

//! A block's transactions on revm, as the virtual machine that lanes run.

use std::collections::HashMap;

use alloy_primitives::{Address, B256, map::AddressSet};
use lanes::{
    cancel::CancelFlag,
    drive::{Block, Facts},
    schedule::AccountNo,
    units::TxIndex,
    vm::{self, Vm},
};

use super::{
    base::{Base, Code},
    executor::{Executor, Job},
    reference,
};
use crate::{
    block::run::Receipt,
    block::{BlockEnvironment, State, Transaction},
};

/// The EVM with one block's environment, pre-state and transactions.
#[derive(Debug)]
pub struct Evm {
    pub(crate) env: BlockEnvironment,
    pub(crate) base: Base,
    pub(crate) jobs: Vec<Job>,
}

impl Evm {
    /// The hash of an earlier block.
    pub fn block_hash(&self, number: u64) -> Option<B256> {
        self.env.block_hashes.get(&number).copied()
    }
}

/// Analyses code, recovers the signers of authorisations, and collects the transactions' facts. `state` is
/// the one before the first transaction.
pub(crate) fn load(env: BlockEnvironment, state: &State, transactions: &[Transaction]) -> Block<Evm> {
    let parties = transactions.iter().flat_map(|tx| [Some(tx.from), tx.to]).flatten();
    let base = Base::new(state, env.fork, parties);
    let jobs: Vec<Job> = transactions.iter().map(Job::new).collect();
    let facts = facts(&jobs, &base);
    let (gas_limit, beneficiary) = (env.gas_limit, env.beneficiary);
    Block::new(Evm { env, base, jobs }, &facts, gas_limit, beneficiary)
}

impl Vm for Evm {
    type Code = Code;
    type PreState = Base;
    type Receipt = Receipt;
    type Executor<'a, V: vm::View<Vm = Self>> = Executor<'a, V>;

    fn pre_state(&self) -> &Base {
        &self.base
    }

    fn executor<'a, V: vm::View<Vm = Self>>(&'a self, view: V, cancel: &'a CancelFlag) -> Executor<'a, V> {
        Executor::new(&self.env, &self.jobs, view, cancel)
    }

    #[allow(
        clippy::result_large_err,
        reason = "the error is the transaction's receipt; smaller where pointers are"
    )]
    fn fits(&self, tx: TxIndex, gas_used: u64) -> Result<(), Receipt> {
        let job = self.jobs.get(tx.index());
        job.map_or(Ok(()), |job| reference::block_gas_left(&self.env, gas_used, job.transaction()))
    }
}

impl vm::Receipt for Receipt {
    fn gas_used(&self) -> u64 {
        self.gas_used
    }

    fn is_included(&self) -> bool {
        !self.status.is_invalid()
    }

    fn set_cumulative_gas_used(&mut self, gas: u64) {
        self.cumulative_gas_used = gas;
    }

    /// Without logs and output.
    fn outline(&self) -> Self {
        Self { status: self.status.clone(), gas_used: self.gas_used, ..Self::default() }
    }
}

/// The facts that lanes must know of transactions before they run.
fn facts(jobs: &[Job], base: &Base) -> Vec<Facts> {
    let authorities: AddressSet = jobs.iter().flat_map(Job::authorities).collect();
    let facts = |(job, conflict_class): (&Job, Option<u32>)| {
        let tx = job.transaction();
        Facts {
            from: tx.from,
            to: tx.to,
            nonce: tx.nonce,
            max_spending: job.max_spending(),
            gas_limit: tx.gas_limit,
            is_payment: is_plain_payment(tx, base),
            sender_stays_without_code: stays_without_code(&tx.from, base, &authorities),
            conflict_class,
        }
    };
    jobs.iter().zip(conflict_classes(jobs, base)).map(facts).collect()
}

/// Whether a transaction transfers ether and does nothing else, judged by the pre-state. Its recipient
/// may get code within the block and run it. Validation finds what that code writes, and that code changes no
/// nonce of a sender that [`stays_without_code`].
fn is_plain_payment(tx: &Transaction, base: &Base) -> bool {
    tx.to.is_some_and(|to| has_no_code(&to, base)) && tx.authorizations.is_empty()
}

fn has_no_code(address: &Address, base: &Base) -> bool {
    base.number(address).is_none_or(|no| base.account(no).code().is_none())
}

/// Whether no code in the block can run as this account, once it has a nonce. Then only its own included
/// transactions raise its nonce, each by one, and only they take from its balance.
///
/// An account gets code in two ways. A delegation needs the account's signature (EIP-7702, "Behavior", step
/// 3), and `authorities` are all accounts that signed one in this block, whether or not it takes effect. A
/// creation fails at an address with a nonce (EIP-684).
fn stays_without_code(address: &Address, base: &Base, authorities: &AddressSet) -> bool {
    has_no_code(address, base) && !authorities.contains(address)
}

/// See [`Facts::conflict_class`]. Transactions share a class if they call the same contract and their inputs
/// name the same contracts. So of swaps through one router, those in the same pool share a class: they name
/// its tokens.
fn conflict_classes(jobs: &[Job], base: &Base) -> Vec<Option<u32>> {
    /// The most named contracts that are looked for.
    const NAMED: usize = 16;
    let contract = |address: &Address| {
        let no = base.number(address)?;
        (!base.account(no).code().is_none()).then_some(no)
    };
    let class = |tx: &Transaction| {
        let called = contract(&tx.to?)?;
        let (words, _) = tx.input.get(4..).unwrap_or_default().as_chunks::<32>();
        let addresses = words.iter().filter(|word| word[..12] == [0; 12]);
        let named = addresses.filter_map(|word| contract(&Address::from_slice(&word[12..])));
        let mut class = vec![called];
        class.extend(named.take(NAMED));
        class[1..].sort_unstable();
        class.dedup();
        Some(class)
    };
    // The class's number, once it has two transactions, and its first transaction.
    let mut met: HashMap<Vec<AccountNo>, (Option<u32>, usize)> = HashMap::new();
    let mut count = 0;
    let mut classes = vec![None; jobs.len()];
    for (i, job) in jobs.iter().enumerate() {
        let Some(class) = class(job.transaction()) else { continue };
        let (number, first) = met.entry(class).or_insert((None, i));
        if *first != i {
            let number = *number.get_or_insert_with(|| {
                count += 1;
                count - 1
            });
            classes[*first] = Some(number);
            classes[i] = Some(number);
        }
    }
    classes
}

#[cfg(test)]
mod tests {
    use alloy_primitives::U256;

    use super::*;
    use crate::block::{Account, Fork, State};

    const ALICE: Address = Address::repeat_byte(0xa1);
    const BOB: Address = Address::repeat_byte(0xb0);

    fn payment(nonce: u64) -> Transaction {
        Transaction { from: ALICE, to: Some(BOB), value: U256::ONE, nonce, ..Transaction::default() }
    }

    #[test]
    fn calls_of_the_same_contract_that_name_the_same_contracts_share_a_class() {
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
        assert_eq!(conflict_classes(&jobs, &base), [Some(0), None, Some(0), None, None, Some(1), Some(1)]);
    }
}

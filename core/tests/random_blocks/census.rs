//! Counts the events in the blocks of a test. Every kind of event must happen.

use std::{collections::BTreeMap, fmt};

use alloy_primitives::{Address, B256, U256, map::AddressSet};
use evm_lanes_core::{
    evm,
    prepare::{Account, BlockEnvironment, PreparedBlock, State, Transaction},
    run::{Log, Receipt, Run, Status},
    strategies::StrategyId,
    trace::{Location, Outcome, SpanKind},
    units::Gas,
};

use super::{
    generator::{SIGNERS, signer},
    program::Mark,
};

/// Something that happens in a block, or in a parallel run of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// The transaction's nonce is not the sender's.
    InvalidNonce,
    /// The sender cannot pay.
    InvalidFunds,
    /// It exceeds the block's remaining gas.
    InvalidBlockGas,
    /// No block could include it.
    InvalidInAnyBlock,
    /// Included, although the sender could not have paid before the block.
    FundedInBlock,
    /// Included, with a nonce that is right only because of another transaction's authorisation or a creation.
    NonceMovedByOther,
    /// Its nonce was used before.
    StaleNonce,
    /// Its nonce is too high.
    SkippedNonce,
    /// A transaction without authorisations raised its sender's nonce by more than one.
    NonceJumped,
    /// Another sender's transaction lowered the balance of a sender that had no code before the block.
    SenderDrained,
    /// A transaction with neither input nor authorisations ran code.
    PaymentRanCode,
    /// A transaction from an address that has or had a contract.
    SentFromChild,
    /// A sender with a nonce before the block, and without code until its end, has 64 included transactions or more.
    ManyOfOneSender,
    /// The same, but the sender got code, or its nonce was raised by something else.
    ManyOfOneDisturbed,
    Reverted,
    Halted,
    AccessListTx,
    FeeMarketTx,
    BlobTx,
    SetCodeTx,
    /// An account got code.
    Created,
    /// An account got code that was destroyed earlier in the block.
    Recreated,
    /// An account got code that was destroyed, with storage, earlier in the block.
    RecreatedAfterStorage,
    /// CREATE or CREATE2 returned zero.
    CreationFailed,
    /// An account with code was destroyed.
    Destroyed,
    /// One that had a balance.
    DestroyedWithBalance,
    /// An account was created and destroyed by the same transaction.
    CreatedAndDestroyed,
    /// An empty account was touched and so removed (EIP-161).
    EmptyRemoved,
    Delegated,
    Redelegated,
    DelegationCleared,
    /// A slot became zero.
    SlotCleared,
    PrecompileAnswered,
    PrecompileFailed,
    /// DELEGATECALL or CALLCODE.
    DelegatedCall,
    /// A child was called and counted the call in its storage.
    ChildCalled,
    BeneficiarySends,
    BeneficiaryIsPaid,
    BeneficiaryRunsCode,
    BeneficiaryDestroyed,
    /// A committed attempt read a balance that an earlier transaction wrote; so for the next four.
    BalanceOfEarlier,
    NonceOfEarlier,
    CodeOfEarlier,
    SlotOfEarlier,
    ExistenceOfEarlier,
    /// An attempt of a parallel run was aborted.
    Aborted,
    /// The same, of an attempt that was not included at a transaction that is included in the end.
    AbortedInvalid,
    /// An attempt stopped at an estimate.
    Blocked,
    /// A transaction was run three times or more.
    ThirdAttempt,
    /// A later attempt than the first committed.
    LaterAttemptHeld,
    Waited,
    /// A parallel run was repeated in order for the block's gas limit.
    RepeatedInOrder,
}

impl Event {
    const ALL: [Self; 52] = [
        Self::InvalidNonce,
        Self::InvalidFunds,
        Self::InvalidBlockGas,
        Self::InvalidInAnyBlock,
        Self::FundedInBlock,
        Self::NonceMovedByOther,
        Self::StaleNonce,
        Self::SkippedNonce,
        Self::NonceJumped,
        Self::SenderDrained,
        Self::PaymentRanCode,
        Self::SentFromChild,
        Self::ManyOfOneSender,
        Self::ManyOfOneDisturbed,
        Self::Reverted,
        Self::Halted,
        Self::AccessListTx,
        Self::FeeMarketTx,
        Self::BlobTx,
        Self::SetCodeTx,
        Self::Created,
        Self::Recreated,
        Self::RecreatedAfterStorage,
        Self::CreationFailed,
        Self::Destroyed,
        Self::DestroyedWithBalance,
        Self::CreatedAndDestroyed,
        Self::EmptyRemoved,
        Self::Delegated,
        Self::Redelegated,
        Self::DelegationCleared,
        Self::SlotCleared,
        Self::PrecompileAnswered,
        Self::PrecompileFailed,
        Self::DelegatedCall,
        Self::ChildCalled,
        Self::BeneficiarySends,
        Self::BeneficiaryIsPaid,
        Self::BeneficiaryRunsCode,
        Self::BeneficiaryDestroyed,
        Self::BalanceOfEarlier,
        Self::NonceOfEarlier,
        Self::CodeOfEarlier,
        Self::SlotOfEarlier,
        Self::ExistenceOfEarlier,
        Self::Aborted,
        Self::AbortedInvalid,
        Self::Blocked,
        Self::ThirdAttempt,
        Self::LaterAttemptHeld,
        Self::Waited,
        Self::RepeatedInOrder,
    ];
}

/// How often each event happened.
#[derive(Debug, Default)]
pub struct Census {
    blocks: u64,
    transactions: u64,
    attempts: u64,
    /// Most attempts at one transaction.
    most_attempts: u32,
    events: BTreeMap<Event, u64>,
}

impl Census {
    fn count(&mut self, event: Event) {
        *self.events.entry(event).or_default() += 1;
    }

    fn count_if(&mut self, happened: bool, event: Event) {
        if happened {
            self.count(event);
        }
    }

    /// The events that never happened.
    pub fn missing(&self) -> Vec<Event> {
        Event::ALL.into_iter().filter(|event| !self.events.contains_key(event)).collect()
    }

    /// Steps through the block with stock execution and counts the events of every change.
    pub fn of_block(&mut self, block: &PreparedBlock, receipts: &[Receipt]) {
        self.blocks += 1;
        self.transactions += receipts.len() as u64;
        let mut state = block.pre_state.clone();
        let mut history = History::default();
        for (tx, receipt) in block.transactions.iter().zip(receipts) {
            if let Status::Invalid(reason) = &receipt.status {
                self.count_if(reason.contains("too low"), Event::StaleNonce);
                self.count_if(reason.contains("too high"), Event::SkippedNonce);
                self.count(match reason {
                    reason if reason.contains("nonce") => Event::InvalidNonce,
                    reason if reason.contains("funds") => Event::InvalidFunds,
                    reason if reason.contains("left in the block") => Event::InvalidBlockGas,
                    _ => Event::InvalidInAnyBlock,
                });
                continue;
            }
            self.of_transaction(&block.env, &block.pre_state, &state, &history, tx, receipt);
            let before = state.clone();
            evm::apply(&block.env, &mut state, tx);
            for created in receipt.logs.iter().filter(|log| is(log, Mark::Creation) && !nothing(log)) {
                let address = Address::from_word(B256::from_slice(&created.data.data));
                self.count_if(!state.accounts.contains_key(&address), Event::CreatedAndDestroyed);
            }
            self.of_senders(&block.pre_state, &before, &state, tx, receipt);
            self.of_changes(&block.env, &before, &state, &mut history);
            *history.sent.entry(tx.from).or_default() += 1;
        }
        for (sender, sent) in &history.sent {
            let before =
                block.pre_state.accounts.get(sender).filter(|a| a.nonce > 0 && a.code_hash.is_none());
            if let (Some(before), 64..) = (before, *sent) {
                let nonce = state.accounts.get(sender).map_or(0, |account| account.nonce);
                let disturbed = nonce != before.nonce + sent || history.coded.contains(sender);
                self.count_if(!disturbed, Event::ManyOfOneSender);
                self.count_if(disturbed, Event::ManyOfOneDisturbed);
            }
        }
    }

    fn of_transaction(
        &mut self,
        env: &BlockEnvironment,
        pre_state: &State,
        state: &State,
        history: &History,
        tx: &Transaction,
        receipt: &Receipt,
    ) {
        self.count_if(receipt.status == Status::Revert, Event::Reverted);
        self.count_if(matches!(receipt.status, Status::Halt(_)), Event::Halted);
        match tx.kind {
            1 => self.count(Event::AccessListTx),
            2 => self.count(Event::FeeMarketTx),
            3 => self.count(Event::BlobTx),
            4 => self.count(Event::SetCodeTx),
            _ => {}
        }
        let owned = pre_state.accounts.get(&tx.from).map_or(U256::ZERO, |account| account.balance);
        let most = U256::from(tx.gas_limit) * U256::from(tx.max_fee_per_gas) + tx.value;
        self.count_if(owned < most, Event::FundedInBlock);
        let first = pre_state.accounts.get(&tx.from).map_or(0, |account| account.nonce);
        let sent: u64 = history.sent.get(&tx.from).copied().unwrap_or(0);
        self.count_if(tx.nonce != first + sent, Event::NonceMovedByOther);

        let beneficiary = env.beneficiary;
        self.count_if(tx.from == beneficiary, Event::BeneficiarySends);
        if tx.to == Some(beneficiary) {
            self.count_if(!tx.value.is_zero() && receipt.status.is_success(), Event::BeneficiaryIsPaid);
            let has_code = state.accounts.get(&beneficiary).is_some_and(|a| a.code_hash.is_some());
            self.count_if(has_code, Event::BeneficiaryRunsCode);
        }
        receipt.logs.iter().for_each(|log| self.of_log(log));
    }

    /// Events that could make predictions about senders wrong.
    fn of_senders(
        &mut self,
        pre_state: &State,
        before: &State,
        after: &State,
        tx: &Transaction,
        receipt: &Receipt,
    ) {
        let nonce = |state: &State| state.accounts.get(&tx.from).map_or(0, |account| account.nonce);
        let counted = nonce(after).saturating_sub(nonce(before));
        self.count_if(tx.authorizations.is_empty() && counted > 1, Event::NonceJumped);
        let plain = tx.input.is_empty() && tx.authorizations.is_empty() && tx.to.is_some();
        self.count_if(plain && receipt.gas_used > 21_000 && tx.access_list.is_empty(), Event::PaymentRanCode);
        self.count_if((0..SIGNERS).all(|i| signer(i) != tx.from), Event::SentFromChild);
        for whom in (0..SIGNERS).map(signer).filter(|whom| *whom != tx.from) {
            let balance = |state: &State| state.accounts.get(&whom).map_or(U256::ZERO, |a| a.balance);
            let plain = pre_state.accounts.get(&whom).is_some_and(|a| a.code_hash.is_none());
            self.count_if(plain && balance(after) < balance(before), Event::SenderDrained);
        }
    }

    fn of_log(&mut self, log: &Log) {
        self.count_if(is(log, Mark::Precompile) && !nothing(log), Event::PrecompileAnswered);
        self.count_if(is(log, Mark::Precompile) && nothing(log), Event::PrecompileFailed);
        self.count_if(is(log, Mark::DelegatedCall) && !nothing(log), Event::DelegatedCall);
        self.count_if(is(log, Mark::Creation) && nothing(log), Event::CreationFailed);
        self.count_if(is(log, Mark::Child), Event::ChildCalled);
    }

    fn of_changes(&mut self, env: &BlockEnvironment, before: &State, after: &State, history: &mut History) {
        for (address, was) in &before.accounts {
            let delegated = delegate(before, was);
            if let Some(is) = after.accounts.get(address) {
                let now = delegate(after, is);
                self.count_if(delegated.is_some() && now.is_some() && delegated != now, Event::Redelegated);
                self.count_if(delegated.is_some() && now.is_none(), Event::DelegationCleared);
                let cleared = was.storage.keys().filter(|slot| !is.storage.contains_key(*slot)).count();
                self.count_if(cleared > 0, Event::SlotCleared);
            } else if was.code_hash.is_some() {
                self.count(Event::Destroyed);
                self.count_if(!was.balance.is_zero(), Event::DestroyedWithBalance);
                self.count_if(*address == env.beneficiary, Event::BeneficiaryDestroyed);
                history.gone.insert(*address);
                if !was.storage.is_empty() {
                    history.gone_with_storage.insert(*address);
                }
            } else if was.balance.is_zero() && was.nonce == 0 {
                self.count(Event::EmptyRemoved);
            }
        }
        for (address, is) in &after.accounts {
            let had_code = before.accounts.get(address).is_some_and(|was| was.code_hash.is_some());
            if had_code || is.code_hash.is_none() {
                continue;
            }
            history.coded.insert(*address);
            if delegate(after, is).is_some() {
                self.count(Event::Delegated);
                continue;
            }
            self.count(Event::Created);
            self.count_if(history.gone.contains(address), Event::Recreated);
            self.count_if(history.gone_with_storage.contains(address), Event::RecreatedAfterStorage);
        }
    }

    /// Counts the events of a run's attempts.
    pub fn of_run(&mut self, run: &Run) {
        let trace = &run.trace;
        let committed = trace.committed();
        if trace.strategy == StrategyId::SEQUENTIAL {
            for read in trace.reads.iter().filter(|read| read.from.is_some()) {
                self.count(match trace.locations[read.location.index()] {
                    Location::Balance(_) => Event::BalanceOfEarlier,
                    Location::Nonce(_) => Event::NonceOfEarlier,
                    Location::Code(_) => Event::CodeOfEarlier,
                    Location::Storage(..) => Event::SlotOfEarlier,
                    Location::Existence(_) => Event::ExistenceOfEarlier,
                });
            }
            return;
        }
        self.attempts += trace.attempts.len() as u64;
        let mut repeated = false;
        for attempt in &trace.attempts {
            let tx = attempt.version.tx.index();
            self.most_attempts = self.most_attempts.max(attempt.version.incarnation.0 + 1);
            self.count_if(attempt.version.incarnation.0 == 2, Event::ThirdAttempt);
            match attempt.outcome {
                Outcome::Blocked => self.count(Event::Blocked),
                Outcome::Committed => {
                    self.count_if(attempt.version.incarnation.0 > 0, Event::LaterAttemptHeld)
                }
                Outcome::Aborted => {
                    repeated |= attempt.cause.is_none();
                    self.count_if(attempt.cause.is_some(), Event::Aborted);
                    let kept = committed[tx].map_or(Gas(0), |i| trace.attempts[i as usize].gas);
                    self.count_if(attempt.gas == Gas(0) && kept > Gas(0), Event::AbortedInvalid);
                }
            }
        }
        self.count_if(repeated, Event::RepeatedInOrder);
        let waited = trace.spans.iter().any(|span| span.kind == SpanKind::Waiting);
        self.count_if(waited, Event::Waited);
    }
}

/// What happened in a block so far.
#[derive(Default)]
struct History {
    gone: AddressSet,
    gone_with_storage: AddressSet,
    /// Accounts that got code in this block.
    coded: AddressSet,
    /// Included transactions by sender.
    sent: BTreeMap<Address, u64>,
}

fn is(log: &Log, mark: Mark) -> bool {
    log.data.topics().first().is_some_and(|topic| topic.0 == B256::with_last_byte(mark as u8).0)
}

fn nothing(log: &Log) -> bool {
    log.data.data.iter().all(|byte| *byte == 0)
}

/// The address that the account has delegated to (EIP-7702).
fn delegate<'a>(state: &'a State, account: &Account) -> Option<&'a [u8]> {
    let code = state.codes.get(&account.code_hash?)?;
    code.strip_prefix(&[0xef, 0x01, 0x00])
}

impl fmt::Display for Census {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { blocks, transactions, attempts, most_attempts, events } = self;
        writeln!(
            f,
            "{blocks} blocks, {transactions} transactions; {attempts} parallel attempts, at most {most_attempts} at one"
        )?;
        for (event, count) in events {
            writeln!(f, "{count:>9} {event:?}")?;
        }
        Ok(())
    }
}

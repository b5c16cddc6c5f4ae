//! One lane's EVM: the executor that runs attempts.

use alloy_primitives::{Address, U256};
use revm::{
    Context, MainBuilder,
    bytecode::opcode,
    context::{
        Block, BlockEnv, CfgEnv, ContextTr, JournalTr as _, Transaction as _, TxEnv,
        result::{EVMError, HaltReason},
        transaction::AuthorizationTr as _,
    },
    handler::{EthFrame, EvmTr, FrameResult, FrameTr, Handler},
    interpreter::{
        Instruction, InstructionContext, InstructionResult,
        instructions::{contract, host},
        interpreter::EthInterpreter,
    },
    primitives::hardfork::SpecId,
};

use lanes::vm::{self, Effects, Interrupted, Spent};

use super::{
    base::Code,
    convert,
    journal::{Accesses, ObservingJournal, Purpose, Sender, ViewDb},
    lane::LaneEvm,
    meter::Meter,
    reference,
    view::{Blocked, View},
};
use crate::{
    block::run::Receipt,
    block::{BlockEnvironment, Fork, Transaction},
};
use lanes::{cancel::CancelFlag, schedule::Write, units::TxIndex};

type LaneContext<V> = Context<BlockEnv, TxEnv, CfgEnv, ViewDb<V>, ObservingJournal<V>>;

/// One lane's EVM: made once per run, it runs one attempt after the other.
pub struct Executor<'c, V: View> {
    jobs: &'c [Job],
    evm: LaneEvm<'c, LaneContext<V>>,
    /// The memory for the next attempt's writes; empty.
    writes: Vec<Write<Code>>,
}

/// A transaction in the form that the executor runs.
#[derive(Clone, Debug)]
pub struct Job {
    tx: Transaction,
    revm_tx: TxEnv,
    /// The most that it takes from its sender; `None` if that overflows.
    max_spending: Option<U256>,
}

impl Job {
    /// Converts a transaction, which recovers the signers of its authorisations.
    pub fn new(tx: &Transaction) -> Self {
        let revm_tx = convert::transaction(tx);
        let max_spending = revm_tx.max_balance_spending().ok();
        Self { tx: tx.clone(), revm_tx, max_spending }
    }

    /// The most that it takes from its sender; `None` if that overflows.
    pub fn max_spending(&self) -> Option<U256> {
        self.max_spending
    }

    /// The signers of its authorisations (EIP-7702), valid or not: the accounts whose code it may set.
    pub fn authorities(&self) -> impl Iterator<Item = Address> {
        self.revm_tx.authorization_list.iter().filter_map(|authorization| authorization.authority())
    }

    /// The transaction.
    pub fn transaction(&self) -> &Transaction {
        &self.tx
    }
}

impl<'c, V: View> Executor<'c, V> {
    /// An EVM for a block with that environment, which reads the state through `view`. An attempt ends soon
    /// after `cancel` is set.
    pub(super) fn new(env: &BlockEnvironment, jobs: &'c [Job], view: V, cancel: &'c CancelFlag) -> Self {
        let cfg = convert::cfg(env);
        let spec = cfg.spec;
        let context = LaneContext::new_in(view, env, spec).with_cfg(cfg).with_block(convert::block(env));
        let mut evm = context.build_mainnet();
        let table = evm.instruction.instruction_table_mut();
        table[opcode::BALANCE as usize] = Instruction::new(balance);
        table[opcode::SELFBALANCE as usize] = Instruction::new(selfbalance);
        table[opcode::EXTCODESIZE as usize] = Instruction::new(extcodesize);
        table[opcode::EXTCODECOPY as usize] = Instruction::new(extcodecopy);
        table[opcode::EXTCODEHASH as usize] = Instruction::new(extcodehash);
        table[opcode::CALL as usize] = Instruction::new(call);
        table[opcode::CALLCODE as usize] = Instruction::new(callcode);
        table[opcode::DELEGATECALL as usize] = Instruction::new(delegatecall);
        table[opcode::STATICCALL as usize] = Instruction::new(staticcall);
        Self { jobs, evm: LaneEvm { evm, meter: None, cancel, cancelled: false }, writes: Vec::new() }
    }

    /// The same, but it collects the accesses of included transactions.
    #[must_use]
    pub fn collecting_accesses(mut self) -> Self {
        self.evm.ctx.journaled_state.collect_accesses();
        self
    }

    /// The accesses collected so far; none if they are not collected.
    pub fn take_accesses(&mut self) -> Accesses {
        self.evm.ctx.journaled_state.take_accesses()
    }
}

impl<V: View> vm::Executor<V> for Executor<'_, V> {
    fn metered(mut self, weighs: bool) -> Self {
        self.evm.meter = Some(Meter::new(weighs));
        self
    }

    fn spent(&self, tx: TxIndex, receipt: Option<&Receipt>) -> Spent {
        let limit = self.jobs.get(tx.index()).map_or(0, |job| job.tx.gas_limit);
        let spent = self.evm.meter.as_ref().map(|meter| meter.spent(limit)).unwrap_or_default();
        Spent { gas: receipt.map_or(spent.gas, |receipt| receipt.gas_used), ..spent }
    }

    fn view(&mut self) -> &mut V {
        &mut self.evm.ctx.journaled_state.db.view
    }

    fn into_view(self) -> V {
        self.evm.evm.ctx.journaled_state.db.view
    }

    fn reuse(&mut self, mut writes: Vec<Write<Code>>) {
        writes.clear();
        if writes.capacity() > self.writes.capacity() {
            self.writes = writes;
        }
    }

    fn run(&mut self, tx: TxIndex) -> Result<Effects<Receipt, Code>, Interrupted> {
        let job = &self.jobs[tx.index()];
        if let Some(meter) = &mut self.evm.meter {
            meter.begin();
        }
        if let Some(reason) = convert::malformed(&job.tx, self.evm.ctx.cfg.spec) {
            return Ok(Effects { receipt: convert::invalid(&job.tx, &reason), writes: Vec::new() });
        }
        self.evm.ctx.journaled_state.reset();
        self.evm
            .ctx
            .journaled_state
            .set_sender(Sender { address: job.tx.from, max_spending: job.max_spending });
        self.evm.ctx.error = Ok(());
        self.evm.ctx.tx.clone_from(&job.revm_tx);
        let outcome = LaneHandler::default().run(&mut self.evm);
        let cancelled = std::mem::take(&mut self.evm.cancelled);
        let journal = &mut self.evm.ctx.journaled_state;
        if cancelled {
            journal.reset();
            return Err(Interrupted::Cancelled);
        }
        if let Some(blocked) = journal.stop {
            journal.reset();
            return Err(Interrupted::Blocked(blocked.0));
        }
        match outcome {
            Ok(result) => {
                let mut writes = std::mem::take(&mut self.writes);
                journal.take_writes(&mut writes);
                Ok(Effects { receipt: convert::receipt(&job.tx, result), writes })
            }
            Err(error) => {
                journal.reset();
                let receipt = match error {
                    EVMError::Database(blocked) => return Err(Interrupted::Blocked(blocked.0)),
                    EVMError::Transaction(reason) => convert::invalid(&job.tx, &reason),
                    other => reference::refused(&job.tx, &other),
                };
                Ok(Effects { receipt, writes: Vec::new() })
            }
        }
    }
}

trait NewIn<V> {
    fn new_in(view: V, env: &BlockEnvironment, spec: SpecId) -> Self;
}

impl<V: View> NewIn<V> for LaneContext<V> {
    fn new_in(view: V, env: &BlockEnvironment, spec: SpecId) -> Self {
        let journal = ObservingJournal::over(view, env.fork >= Fork::SpuriousDragon);
        Context {
            block: BlockEnv::default(),
            tx: TxEnv::default(),
            cfg: CfgEnv::new_with_spec(spec),
            journaled_state: journal,
            chain: (),
            local: Default::default(),
            error: Ok(()),
        }
    }
}

/// revm's handler for Ethereum, except for fee and refund, which are added without reading balances.
struct LaneHandler<'c, V>(std::marker::PhantomData<(&'c (), V)>);

impl<V> Default for LaneHandler<'_, V> {
    fn default() -> Self {
        Self(std::marker::PhantomData)
    }
}

impl<'c, V: View> Handler for LaneHandler<'c, V> {
    type Evm = LaneEvm<'c, LaneContext<V>>;
    type Error = EVMError<Blocked>;
    type HaltReason = HaltReason;

    /// Adds the sender's refund without reading its balance, like the fee.
    fn reimburse_caller(
        &self,
        evm: &mut Self::Evm,
        result: &mut <EthFrame<EthInterpreter> as FrameTr>::FrameResult,
    ) -> Result<(), Self::Error> {
        let context = evm.ctx();
        let price = context.tx().effective_gas_price(u128::from(context.block().basefee()));
        let gas = result.gas();
        let left = gas.remaining() + gas.reservoir() + gas.refunded() as u64;
        let sender = context.tx().caller();
        context.journal_mut().balance_incr(sender, U256::from(price.saturating_mul(u128::from(left))))?;
        Ok(())
    }

    fn reward_beneficiary(
        &self,
        evm: &mut Self::Evm,
        result: &mut <EthFrame<EthInterpreter> as FrameTr>::FrameResult,
    ) -> Result<(), Self::Error> {
        let context = evm.ctx();
        let base_fee = u128::from(context.block().basefee());
        let price = context.tx().effective_gas_price(base_fee);
        // EIP-1559 burns the base fee.
        let price = if context.cfg().spec().is_enabled_in(SpecId::LONDON) {
            price.saturating_sub(base_fee)
        } else {
            price
        };
        let fee = U256::from(price) * U256::from(gas_used(result));
        let beneficiary: Address = context.block().beneficiary();
        context.journal_mut().pay_fee(beneficiary, fee)?;
        Ok(())
    }
}

fn gas_used(result: &FrameResult) -> u64 {
    let gas = result.gas();
    gas.used().saturating_sub(gas.reservoir())
}

type Ictx<'a, V> = InstructionContext<'a, LaneContext<V>, EthInterpreter>;
type Step = Result<(), InstructionResult>;

/// Runs revm's own instruction, and lets the journal know for which purpose it loads the account.
fn with_load_purpose<V: View>(
    context: Ictx<'_, V>,
    purpose: Purpose,
    instruction: fn(Ictx<'_, V>) -> Step,
) -> Step {
    let InstructionContext { interpreter, host } = context;
    host.journaled_state.purpose = purpose;
    let step = instruction(InstructionContext { interpreter, host });
    host.journaled_state.purpose = Purpose::Whole;
    step
}

fn balance<V: View>(context: Ictx<'_, V>) -> Step {
    with_load_purpose(context, Purpose::Balance, host::balance)
}

fn selfbalance<V: View>(context: Ictx<'_, V>) -> Step {
    with_load_purpose(context, Purpose::Balance, host::selfbalance)
}

fn extcodesize<V: View>(context: Ictx<'_, V>) -> Step {
    with_load_purpose(context, Purpose::Code, host::extcodesize)
}

fn extcodecopy<V: View>(context: Ictx<'_, V>) -> Step {
    with_load_purpose(context, Purpose::Code, host::extcodecopy)
}

fn extcodehash<V: View>(context: Ictx<'_, V>) -> Step {
    with_load_purpose(context, Purpose::CodeAndEmptiness, host::extcodehash)
}

fn call<V: View>(context: Ictx<'_, V>) -> Step {
    // Operands from the top: gas, recipient, value. Only a payment depends on whether the recipient is empty
    // (EIP-161).
    let pays = match context.interpreter.stack.data().as_slice() {
        [.., value, _, _] => !value.is_zero(),
        _ => false,
    };
    let purpose = if pays { Purpose::CodeAndEmptiness } else { Purpose::Code };
    with_load_purpose(context, purpose, contract::call::<{ opcode::CALL }, _, _>)
}

fn callcode<V: View>(context: Ictx<'_, V>) -> Step {
    with_load_purpose(context, Purpose::Code, contract::call::<{ opcode::CALLCODE }, _, _>)
}

fn delegatecall<V: View>(context: Ictx<'_, V>) -> Step {
    with_load_purpose(context, Purpose::Code, contract::call::<{ opcode::DELEGATECALL }, _, _>)
}

fn staticcall<V: View>(context: Ictx<'_, V>) -> Step {
    with_load_purpose(context, Purpose::Code, contract::call::<{ opcode::STATICCALL }, _, _>)
}

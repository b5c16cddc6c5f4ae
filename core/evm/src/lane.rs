//! revm's EVM for Ethereum with a loop of ours in place of its interpreter's: `fast_path`, or without that feature
//! `step_loop`. Both hear a cancel.

use std::ops::{Deref, DerefMut};

use revm::{
    MainnetEvm,
    context::{ContextError, ContextTr, FrameStack},
    handler::{
        EthFrame, EthPrecompiles, EvmTr, FrameInitOrResult, FrameTr, ItemOrResult,
        evm::{ContextDbError, FrameInitResult},
        instructions::EthInstructions,
    },
    interpreter::{Host, interpreter::EthInterpreter},
};

#[cfg(feature = "fast-path")]
use super::fast_path::run;
use super::meter::Meter;
#[cfg(not(feature = "fast-path"))]
use super::step_loop::run;
use lanes::cancel::CancelFlag;

/// revm's EVM, except for the loop.
pub(super) struct LaneEvm<'c, C> {
    pub(super) evm: MainnetEvm<C>,
    /// Counts what attempts use, for simulated lanes.
    pub(super) meter: Option<Meter>,
    pub(super) cancel: &'c CancelFlag,
    /// Whether the running attempt ended because of the cancel flag.
    pub(super) cancelled: bool,
}

impl<C> Deref for LaneEvm<'_, C> {
    type Target = MainnetEvm<C>;

    fn deref(&self) -> &MainnetEvm<C> {
        &self.evm
    }
}

impl<C> DerefMut for LaneEvm<'_, C> {
    fn deref_mut(&mut self) -> &mut MainnetEvm<C> {
        &mut self.evm
    }
}

type Frame = EthFrame<EthInterpreter>;
type Instructions<C> = EthInstructions<EthInterpreter, C>;

impl<C: ContextTr + Host> EvmTr for LaneEvm<'_, C> {
    type Context = C;
    type Instructions = Instructions<C>;
    type Precompiles = EthPrecompiles;
    type Frame = Frame;

    fn all(&self) -> (&C, &Instructions<C>, &EthPrecompiles, &FrameStack<Frame>) {
        self.evm.all()
    }

    fn all_mut(&mut self) -> (&mut C, &mut Instructions<C>, &mut EthPrecompiles, &mut FrameStack<Frame>) {
        self.evm.all_mut()
    }

    fn frame_init(
        &mut self,
        input: <Frame as FrameTr>::FrameInit,
    ) -> Result<FrameInitResult<'_, Frame>, ContextDbError<C>> {
        let next = self.evm.frame_init(input)?;
        if let (Some(meter), ItemOrResult::Result(result)) = (&mut self.meter, &next) {
            meter.answered(result.gas().total_gas_spent());
        }
        Ok(next)
    }

    fn frame_run(&mut self) -> Result<FrameInitOrResult<Frame>, ContextDbError<C>> {
        let MainnetEvm { ctx, instruction, frame_stack, .. } = &mut self.evm;
        let depth = frame_stack.index().unwrap_or_default();
        let frame = frame_stack.get();
        let (interpreter, table, costs) =
            (&mut frame.interpreter, instruction.instruction_table(), instruction.gas_table());
        let action = match &mut self.meter {
            Some(meter) if meter.weighs => meter.run(interpreter, table, costs, ctx, self.cancel),
            _ => run(interpreter, table, costs, ctx, self.cancel),
        };
        let Some(action) = action else {
            self.cancelled = true;
            return Err(ContextError::Custom("cancelled".to_owned()));
        };
        if let Some(meter) = &mut self.meter {
            meter.stopped(depth, frame.interpreter.gas.remaining());
        }
        let next = frame.process_next_action::<_, ContextDbError<C>>(ctx, action)?;
        if next.is_result() {
            frame.set_finished(true);
        }
        Ok(next)
    }

    fn frame_return_result(
        &mut self,
        result: <Frame as FrameTr>::FrameResult,
    ) -> Result<Option<<Frame as FrameTr>::FrameResult>, ContextDbError<C>> {
        self.evm.frame_return_result(result)
    }
}

//! revm's EVM for Ethereum with our own loop ([`stretch`]) in place of its interpreter's.

use std::ops::{Deref, DerefMut};

use revm::{
    MainnetEvm,
    context::{ContextTr, FrameStack},
    handler::{
        EthFrame, EthPrecompiles, EvmTr, FrameInitOrResult, FrameTr,
        evm::{ContextDbError, FrameInitResult},
        instructions::EthInstructions,
    },
    interpreter::{Host, interpreter::EthInterpreter},
};

use super::stretch;

/// revm's EVM, but for the loop.
pub(super) struct LaneEvm<C>(pub(super) MainnetEvm<C>);

impl<C> Deref for LaneEvm<C> {
    type Target = MainnetEvm<C>;

    fn deref(&self) -> &MainnetEvm<C> {
        &self.0
    }
}

impl<C> DerefMut for LaneEvm<C> {
    fn deref_mut(&mut self) -> &mut MainnetEvm<C> {
        &mut self.0
    }
}

type Frame = EthFrame<EthInterpreter>;
type Instructions<C> = EthInstructions<EthInterpreter, C>;

impl<C: ContextTr + Host> EvmTr for LaneEvm<C> {
    type Context = C;
    type Instructions = Instructions<C>;
    type Precompiles = EthPrecompiles;
    type Frame = Frame;

    fn all(&self) -> (&C, &Instructions<C>, &EthPrecompiles, &FrameStack<Frame>) {
        self.0.all()
    }

    fn all_mut(&mut self) -> (&mut C, &mut Instructions<C>, &mut EthPrecompiles, &mut FrameStack<Frame>) {
        self.0.all_mut()
    }

    fn frame_init(
        &mut self,
        input: <Frame as FrameTr>::FrameInit,
    ) -> Result<FrameInitResult<'_, Frame>, ContextDbError<C>> {
        self.0.frame_init(input)
    }

    fn frame_run(&mut self) -> Result<FrameInitOrResult<Frame>, ContextDbError<C>> {
        let MainnetEvm { ctx, instruction, frame_stack, .. } = &mut self.0;
        let frame = frame_stack.get();
        let action = stretch::run(
            &mut frame.interpreter,
            instruction.instruction_table(),
            instruction.gas_table(),
            ctx,
        );
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
        self.0.frame_return_result(result)
    }
}

//! What an attempt sees of the state, as revm's traits want it.

use lanes::vm;

use super::Evm;

/// A view of the state of an EVM's block.
pub trait View: vm::View<Vm = Evm> {}

impl<V: vm::View<Vm = Evm>> View for V {}

/// [`vm::Blocked`] as an error of revm's databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct Blocked(#[from] pub vm::Blocked);

impl revm::database_interface::DBErrorMarker for Blocked {}

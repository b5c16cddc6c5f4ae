//! The view of an attempt, in the form that revm's traits need.

use lanes::vm;

use super::Evm;

/// A view of the state of a block on the EVM.
pub trait View: vm::View<Vm = Evm> {}

impl<V: vm::View<Vm = Evm>> View for V {}

/// [`vm::Blocked`] as an error of revm's databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub(super) struct Blocked(#[from] pub(super) vm::Blocked);

impl revm::database_interface::DBErrorMarker for Blocked {}

//! From what a person wrote, or a real block, to a [`PreparedBlock`]: pure functions.

mod block;
pub mod case;
#[cfg(feature = "engine")]
mod raw;
#[cfg(feature = "engine")]
mod scenario;

pub(crate) use block::Narrowing;
pub use block::{
    Account, Authorization, BlockEnvironment, Fork, Origin, Oversized, PreparedBlock, State, SystemCall,
    Transaction,
};
#[cfg(feature = "conformance")]
pub(crate) use case::system_calls;
#[cfg(feature = "engine")]
pub use raw::RawError;
#[cfg(feature = "conformance")]
pub(crate) use raw::decode as decode_raw;
#[cfg(feature = "engine")]
pub use scenario::{PreparedScenario, expanded, scenario};

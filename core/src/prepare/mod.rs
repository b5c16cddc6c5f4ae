//! From a scenario or a real block to a [`PreparedBlock`]: pure functions.

mod scenario;

pub use ::evm::{
    block::{
        Account, Authorization, BlockEnvironment, Fork, Narrowing, Origin, Oversized, PreparedBlock, State,
        SystemCall, Transaction,
    },
    case,
    raw::{self, RawError},
};
#[cfg(feature = "conformance")]
pub(crate) use ::evm::{case::system_calls, raw::decode as decode_raw};
pub use scenario::{PreparedScenario, expanded, scenario};

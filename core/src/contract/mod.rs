//! What is known of a contract: its ABI, and how its variables lie in storage.

mod layout;

use alloy_json_abi::JsonAbi;

pub use layout::Layout;
pub(crate) use layout::{Preimages, short};

/// What is known of a contract.
#[derive(Clone, Debug, Default)]
pub struct ContractAbi {
    /// Its ABI.
    pub abi: JsonAbi,
    /// Its storage layout.
    pub layout: Option<Layout>,
}

impl ContractAbi {
    /// ABI and storage layout of a contract.
    pub fn new(abi: JsonAbi, layout: Option<Layout>) -> Self {
        Self { abi, layout }
    }
}

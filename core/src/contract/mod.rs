//! A contract's ABI and storage layout.

mod layout;

use alloy_json_abi::JsonAbi;

pub use layout::Layout;
pub(crate) use layout::{Preimages, short, text_key};

/// A contract's ABI and storage layout.
#[derive(Clone, Debug, Default)]
pub struct ContractAbi {
    /// Its ABI.
    pub abi: JsonAbi,
    /// Its storage layout.
    pub layout: Option<Layout>,
}

impl ContractAbi {
    /// From an ABI and, if it is known, a storage layout.
    pub fn new(abi: JsonAbi, layout: Option<Layout>) -> Self {
        Self { abi, layout }
    }
}

//! Most of everything, so that no file takes more memory or time than its size explains.

/// Most files in a set.
pub const MAX_FILES: usize = 20_000;
/// Most bytes of one file, unpacked: what `document::json` reads.
pub const MAX_BYTES: usize = document::json::MAX_BYTES;
/// Most bytes of a set, unpacked.
pub const MAX_ALL_BYTES: usize = 256 << 20;
/// Most contracts of a set.
pub const MAX_CONTRACTS: usize = 20_000;
/// Most transactions of a set: what a scenario may have.
pub const MAX_TRANSACTIONS: usize = document::MAX_TRANSACTIONS as usize;
/// Most accounts of a set.
pub const MAX_ACCOUNTS: usize = document::MAX_TRANSACTIONS as usize;
/// Most slots of an account's storage.
pub const MAX_SLOTS: usize = 100_000;
/// Longest bytecode in bytes: twice the limit of EIP-3860, with room for code of test chains.
pub const MAX_CODE: usize = 1 << 20;
/// Longest call data in bytes.
pub const MAX_DATA: usize = 1 << 20;
/// Most items of an ABI.
pub const MAX_ABI: usize = 10_000;
/// Longest name that is kept, in characters.
pub const MAX_NAME: usize = 200;
/// Most problems of one file.
pub const MAX_PROBLEMS: usize = 20;
/// Most problems, notes and lacks of a set, each.
pub const MAX_MESSAGES: usize = 2_000;
/// Most levels of things around a document: JSON in a text, an answer of a node, gzip in hexadecimal.
pub const MAX_WRAPPINGS: usize = 4;
/// Deepest nesting of a type of the ABI.
pub const MAX_TYPE_DEPTH: usize = 16;

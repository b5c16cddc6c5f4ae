//! Solidity before and after the compiler: which compiler a source asks for, what it imports, what the compiler is given,
//! and what its answer says.
//!
//! ```text
//! files ─ resolve ─▶ Resolution ─ version::choose ─▶ compiler ─ input::standard_json ─▶ text ─▶ (worker) ─▶ text ─ output::problems ─▶ [Problem]
//!            │            └ to_fetch: libraries that the site has and the page has not fetched yet
//!            └ scan: pragmas and imports of one file
//! ```
//! [`plan()`] does all of it up to the worker in one call, and says what to do next.
//!
//! The crate knows neither page nor worker, reads no file and has no clock. Compiled contracts are read elsewhere.
//!
//! Everything that comes from outside is bounded: see [`limits`]. Nothing recurses over it.
#![warn(missing_docs)]

pub mod index;
pub mod input;
pub mod output;
pub mod plan;
pub mod problem;
pub mod resolve;
pub mod scan;
pub mod version;

pub use index::{Compiler, Index, Library};
pub use plan::{Compilation, Plan, Request, plan};
pub use problem::{Place, Position, Problem, Severity};
pub use resolve::{Project, Remapping, Resolution, resolve};
pub use version::{Requirement, Version};

/// How much is taken from outside.
pub mod limits {
    /// The longest source, in bytes.
    pub const FILE: usize = 2 << 20;
    /// The longest sum of all sources that are compiled together, in bytes.
    pub const SOURCES: usize = 8 << 20;
    /// The most sources that are compiled together.
    pub const UNITS: usize = 2_000;
    /// The most imports, and the most pragmas, of one source.
    pub const STATEMENTS: usize = 1_000;
    /// The longest path of an import, in bytes.
    pub const PATH: usize = 1_000;
    /// The longest answer of a compiler, in bytes; its worker hands on half as many characters at most.
    pub const OUTPUT: usize = 64 << 20;
    /// The longest index, or packed library, in bytes.
    pub const PACKED: usize = 16 << 20;
    /// The most problems that are told.
    pub const PROBLEMS: usize = 200;
    /// The longest sentence of a compiler, in characters.
    pub const SENTENCE: usize = 1_000;
}

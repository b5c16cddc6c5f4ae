//! Documents and links ([`document`]), and the engine's types for their words.

mod choice;
mod settings;

pub use choice::{StrategyChoice, UnknownStrategy};
pub use document::*;
pub use settings::Settings;

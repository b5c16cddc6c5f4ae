//! Documents and links ([`document`]), and what their words stand for in the engine.

mod choice;
mod settings;

pub use choice::{StrategyChoice, UnknownStrategy};
pub use document::*;
pub use settings::Settings;

//! The page of EVM Lanes.
mod view;
fn main() {}

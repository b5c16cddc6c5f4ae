//! Figures by name.

use std::collections::BTreeMap;

use serde::Serialize;

/// Every figure that a run of the benchmark gives: ratios, unless the name says what they are.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct Figures(BTreeMap<String, f64>);

impl Figures {
    /// Puts a figure down, unless it is no number because something was not measured.
    pub(super) fn put(&mut self, name: impl Into<String>, value: f64) {
        if value.is_finite() {
            self.0.insert(name.into(), (value * 1e4).round() / 1e4);
        }
    }
}

/// `a / b`.
pub(super) fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b as f64
}

/// In milliseconds.
pub(super) fn ms(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

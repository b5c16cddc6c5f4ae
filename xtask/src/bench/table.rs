//! Figures by name, and what the machine was like meanwhile.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cores::Cores;

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

/// Nanoseconds in milliseconds.
pub(super) fn ms(nanoseconds: f64) -> f64 {
    nanoseconds / 1e6
}

/// What the probes found since this was last told, and put down under `name`.
pub(super) fn report_cores(name: &str, cores: &Cores, figures: &mut Figures) {
    let Some(found) = cores.summary() else { return };
    let share = found.shared as f64 / found.probes as f64;
    figures.put(format!("machine/{name}/shared"), share);
    eprintln!("  {} probes: the two cores were one in {:.1} %;", found.probes, 100.0 * share);
    for (core, [least, median, most]) in found.alone.into_iter().enumerate() {
        let us = |time: f64| time / 1e3;
        eprintln!(
            "    the loop alone on core {core}: {:.0} µs at best, {:.0} in the middle, {:.0} at worst",
            us(least),
            us(median),
            us(most)
        );
        figures.put(format!("machine/{name}/core{core}/slowest_to_fastest"), most / least);
    }
}

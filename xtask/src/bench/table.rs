//! Figures by name, and the state of the machine while they were measured.

use std::{collections::BTreeMap, fs};

use serde::Serialize;

use super::cores::Cores;

/// All figures of a run of the benchmark: ratios, unless the name has a unit.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct Figures(BTreeMap<String, f64>);

impl Figures {
    /// Stores a figure, unless it is NaN because it was not measured.
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

/// Prints and stores under `name` the probes since the last call.
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

/// With a larger share of the cores' time for other programs, the figures do not count.
const DISTURBED: f64 = 0.05;

/// Time of all cores since the system started, in its ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticks {
    all: u64,
    /// Nothing ran.
    idle: u64,
    /// This process ran.
    own: u64,
}

impl Ticks {
    /// Until now, if the system reports it.
    pub(super) fn now() -> Option<Self> {
        Self::read(&fs::read_to_string("/proc/stat").ok()?, &fs::read_to_string("/proc/self/stat").ok()?)
    }

    /// From the texts of proc(5): the first line of `/proc/stat` is `cpu` and the times in user mode, nice,
    /// system, idle, waiting for input, and others; the program's name in `/proc/self/stat` is in
    /// parentheses, and the 12th and 13th field after it are times in user and system mode.
    fn read(cores: &str, process: &str) -> Option<Self> {
        let times = cores.lines().next()?.split_whitespace().skip(1);
        let times: Vec<u64> = times.map(str::parse).collect::<Result<_, _>>().ok()?;
        // The last two, time for guests, are contained in the first two.
        let all = times.iter().take(8).sum();
        let mut fields = process.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut own = || fields.next()?.parse::<u64>().ok();
        Some(Self { all, idle: times.get(3)? + times.get(4)?, own: own()? + own()? })
    }

    /// The share of other programs in all cores' time until `later`.
    fn others(self, later: Self) -> f64 {
        let since = |part: fn(Self) -> u64| part(later).saturating_sub(part(self));
        let (all, idle, own) = (since(|t| t.all), since(|t| t.idle), since(|t| t.own));
        all.saturating_sub(idle + own) as f64 / all as f64
    }
}

/// Prints and stores the share of other programs in the cores' time since `before`. Probes do not see it.
pub(super) fn report_others(before: Option<Ticks>, figures: &mut Figures) {
    let Some((before, now)) = before.zip(Ticks::now()) else { return };
    let share = before.others(now);
    figures.put("machine/native/other_programs", share);
    let word = if share > DISTURBED { ": too much for figures, measure again" } else { "" };
    eprintln!("  other programs took {:.1} % of the cores' time{word}", 100.0 * share);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_programs_have_what_is_neither_idle_nor_ours() {
        let stat = |user: u64, idle: u64| format!("cpu  {user} 20 30 {idle} 50 6 7 8 9 9\ncpu0 1 2 3 4\n");
        let own = |user: u64| format!("77 (a (b) c) R 1 2 3 4 5 6 7 8 9 10 {user} 5 0 0 20\n");
        let before = Ticks::read(&stat(100, 1_000), &own(40)).unwrap();
        assert_eq!(before, Ticks { all: 1_221, idle: 1_050, own: 45 });
        let later = Ticks::read(&stat(180, 1_020), &own(95)).unwrap();
        assert_eq!(before.others(later), 0.25);
        assert!(Ticks::read("", &own(1)).is_none());
        assert!(Ticks::now().is_none_or(|now| now.own <= now.all));
    }
}

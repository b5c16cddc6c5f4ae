//! The cores that lanes are bound to, and a probe whether they are two physical cores.
//!
//! The cores of a virtual machine are hardware threads that the host places. A neighbour on the sibling thread slows
//! one down, for milliseconds or minutes. And at times both are threads of one physical core; then two lanes can gain
//! little, whatever the program. The probe is a loop of arithmetic on both cores: on two physical cores it takes as
//! long as on one, on a single physical core nearly twice as long.

use std::{
    hint::black_box,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use anyhow::Result;
use evm_lanes_core::clock;

use super::rounds::median;
use crate::lanes;

/// The number of cores for which figures are given, with a lane on each.
pub(super) const CORES: usize = 2;
/// The two cores are one if the loop takes this many times as long on each while it runs on both. Two threads of one
/// core take nearly twice as long. A neighbour mostly slows one of two cores, and by less.
const SHARED: f64 = 1.4;
/// Runs of the loop for one time; the median counts, so that an interrupt does no harm.
const LOOPS: usize = 3;
/// Turns of the loop: some 60 µs.
const TURNS: u64 = 40_000;
/// Independent chains of numbers. A multiplication can begin in each cycle and takes three, the addition one more. So
/// this many chains keep the multiplier busy, and leave nothing of it to a second thread.
const CHAINS: usize = 6;

/// A thread bound to each core.
pub(super) struct Cores {
    pool: rayon::ThreadPool,
    probes: Mutex<Vec<Probe>>,
}

/// The times of the loop, in nanoseconds, by core.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    /// On one core, while the other sleeps.
    alone: [f64; CORES],
    /// On both at the same time.
    together: [f64; CORES],
}

/// The summary of all probes.
pub(super) struct Summary {
    pub(super) probes: usize,
    /// The number of probes in which the cores were one.
    pub(super) shared: usize,
    /// The times of the loop on each core alone, in nanoseconds: least, median, most.
    pub(super) alone: [[f64; 3]; CORES],
}

impl Cores {
    /// # Errors
    /// If threads cannot be started.
    pub(super) fn new() -> Result<Self> {
        Ok(Self { pool: lanes::pool(CORES)?, probes: Mutex::default() })
    }

    /// The threads for lanes, one on each core.
    pub(super) fn pool(&self) -> &rayon::ThreadPool {
        &self.pool
    }

    /// Runs `work` on this core, while the others sleep.
    pub(super) fn on<R: Send>(&self, core: usize, work: impl Fn() -> R + Sync) -> R {
        let mut done = self.pool.broadcast(|thread| (thread.index() == core).then(&work));
        done.swap_remove(core).expect("it was this thread's turn")
    }

    /// Probes whether the cores are two.
    pub(super) fn probe(&self) -> Probe {
        let alone = std::array::from_fn(|core| self.on(core, arithmetic));
        let ready = AtomicUsize::new(0);
        let together = self.pool.broadcast(|_| {
            ready.fetch_add(1, Ordering::AcqRel);
            while ready.load(Ordering::Acquire) < CORES {
                thread::yield_now();
            }
            arithmetic()
        });
        let probe = Probe { alone, together: std::array::from_fn(|core| together[core]) };
        self.probes.lock().unwrap_or_else(PoisonError::into_inner).push(probe);
        probe
    }

    /// The summary of the probes since the last summary; `None` if there were none.
    pub(super) fn summary(&self) -> Option<Summary> {
        Summary::of(&std::mem::take(&mut *self.probes.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Probe {
    /// Whether the two cores were threads of one physical core.
    pub(super) fn shared(&self) -> bool {
        self.alone.iter().zip(&self.together).all(|(alone, together)| *together > SHARED * alone)
    }
}

impl Summary {
    fn of(probes: &[Probe]) -> Option<Self> {
        if probes.is_empty() {
            return None;
        }
        let alone = std::array::from_fn(|core| {
            let times: Vec<f64> = probes.iter().map(|probe| probe.alone[core]).collect();
            let (least, most) = (f64::min, f64::max);
            [
                times.iter().copied().fold(f64::MAX, least),
                median(&times),
                times.iter().copied().fold(0.0, most),
            ]
        });
        let shared = probes.iter().filter(|probe| probe.shared()).count();
        Some(Self { probes: probes.len(), shared, alone })
    }
}

/// The time of the loop on this thread, in nanoseconds.
fn arithmetic() -> f64 {
    let times: [f64; LOOPS] = std::array::from_fn(|_| {
        let started = clock::now();
        let mut numbers: [u64; CHAINS] = black_box(std::array::from_fn(|i| i as u64));
        for turn in 0..TURNS {
            for number in &mut numbers {
                *number = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(turn);
            }
        }
        black_box(numbers);
        (clock::now() - started) as f64
    });
    median(&times)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(alone: [f64; CORES], together: [f64; CORES]) -> bool {
        Probe { alone, together }.shared()
    }

    #[test]
    fn cores_are_one_if_both_take_longer_together() {
        assert!(!shared([70.0, 70.0], [70.0, 71.0]));
        assert!(shared([70.0, 70.0], [137.0, 138.0]));
        assert!(shared([70.0, 70.0], [99.0, 99.0]));
        assert!(!shared([70.0, 70.0], [97.0, 138.0]), "a neighbour came to one core");
        assert!(!shared([70.0, 130.0], [70.0, 130.0]), "a neighbour was on one core all the time");
    }

    #[test]
    fn a_summary_has_each_core_and_how_often_they_were_one() {
        let probe = |first, second, times| Probe {
            alone: [first, second],
            together: [first * times, second * times],
        };
        let probes = [probe(70.0, 72.0, 1.0), probe(71.0, 140.0, 1.0), probe(90.0, 73.0, 1.95)];
        let summary = Summary::of(&probes).unwrap();
        assert_eq!((summary.probes, summary.shared), (3, 1));
        assert_eq!(summary.alone, [[70.0, 71.0, 90.0], [72.0, 73.0, 140.0]]);
        assert!(Summary::of(&[]).is_none());
    }

    #[test]
    fn work_runs_on_the_core_that_was_asked_for() {
        let cores = Cores::new().unwrap();
        for core in 0..CORES {
            assert_eq!(cores.on(core, rayon::current_thread_index), Some(core));
        }
        cores.probe();
        assert_eq!(cores.summary().unwrap().probes, 1);
        assert!(cores.summary().is_none(), "a summary starts from zero");
    }
}

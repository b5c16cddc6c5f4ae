//! The three parts that are compiled for the browser, each quick to build or optimised.

use std::fs;
use std::path::PathBuf;
use std::thread;

use anyhow::{Result, anyhow};

use crate::quality::Quality;
use crate::{catalogue, engine, fingerprint, page, process, setup, solidity};

/// One of the parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Page,
    /// The engine with threads.
    Threads,
    /// The engine without threads.
    Single,
}

impl Part {
    /// In the order in which a page at the default address needs them.
    pub const ALL: [Self; 3] = [Self::Page, Self::Threads, Self::Single];

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Threads => "engine with threads",
            Self::Single => "engine without threads",
        }
    }

    /// Its folder.
    pub fn folder(self, quality: Quality) -> PathBuf {
        match self {
            Self::Page => page::folder(quality),
            Self::Threads => engine::THREADS.folder(quality),
            Self::Single => engine::SINGLE.folder(quality),
        }
    }

    /// The fingerprint of its current sources and settings.
    ///
    /// # Errors
    /// If a source cannot be read.
    pub fn fingerprint(self, quality: Quality) -> Result<String> {
        match self {
            Self::Page => page::fingerprint(quality),
            Self::Threads => engine::THREADS.fingerprint(quality),
            Self::Single => engine::SINGLE.fingerprint(quality),
        }
    }

    /// The fingerprint with which it was built; `None` if it was not built.
    pub fn built_from(self, quality: Quality) -> Option<String> {
        fs::read_to_string(self.stamp(quality)).ok()
    }

    fn stamp(self, quality: Quality) -> PathBuf {
        self.folder(quality).join(".fingerprint")
    }

    /// Builds it unless it is current.
    ///
    /// # Errors
    /// If it does not compile, or a tool is missing and cannot be installed.
    pub fn build(self, quality: Quality) -> Result<()> {
        fingerprint::unless_done(&self.stamp(quality), &self.fingerprint(quality)?, || {
            process::timed(&format!("{}, {}", self.name(), quality.name()), || match self {
                Self::Page => page::build(quality),
                Self::Threads => engine::THREADS.build(quality),
                Self::Single => engine::SINGLE.build(quality),
            })
        })?;
        Ok(())
    }
}

/// Builds these parts and the catalogue, two parts at a time, because the end of a build (one large crate, the linker)
/// uses only one core. Parts start in the given order.
///
/// # Errors
/// The first error, after everything that was started has ended.
pub fn build(parts: &[Part], quality: Quality) -> Result<()> {
    let engine_with_threads = |part: &&Part| **part == Part::Threads;
    let others = parts.iter().filter(|part| !engine_with_threads(part));
    // The longest on one track, the others one after the other on a second track.
    let tracks: [Vec<Part>; 2] =
        [parts.iter().filter(engine_with_threads).copied().collect(), others.copied().collect()];
    let results =
        thread::scope(|scope| {
            let mut steps = vec![
                scope.spawn(|| catalogue::run(&catalogue::Arguments::default())),
                scope.spawn(solidity::if_possible),
                // Both tracks need it at the end.
                scope.spawn(|| setup::wasm_bindgen().map(|_| ())),
            ];
            steps.extend(tracks.into_iter().map(|track| {
                scope.spawn(move || track.into_iter().try_for_each(|part| part.build(quality)))
            }));
            steps
                .into_iter()
                .map(|step| step.join().unwrap_or_else(|_| Err(anyhow!("a step of the build panicked"))))
                .collect::<Vec<_>>()
        });
    results.into_iter().collect::<Result<()>>()?;
    // Builds something only if the catalogue's index has changed in between.
    parts.iter().try_for_each(|part| part.build(quality))
}

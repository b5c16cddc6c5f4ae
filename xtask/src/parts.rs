//! The three parts that are compiled for the browser, each quick to build or optimised.

use std::fs;
use std::path::PathBuf;
use std::thread;

use anyhow::{Result, anyhow};

use crate::quality::Quality;
use crate::{catalogue, engine, fingerprint, page, process, setup};

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
    /// In the order in which the default address needs them.
    pub const ALL: [Self; 3] = [Self::Page, Self::Threads, Self::Single];

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Threads => "engine with threads",
            Self::Single => "engine without threads",
        }
    }

    /// Where it is put.
    pub fn folder(self, quality: Quality) -> PathBuf {
        match self {
            Self::Page => page::folder(quality),
            Self::Threads => engine::THREADS.folder(quality),
            Self::Single => engine::SINGLE.folder(quality),
        }
    }

    /// What it is made of now, and how.
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

    /// What it was made of when it was built; `None` if it was not.
    pub fn built_from(self, quality: Quality) -> Option<String> {
        fs::read_to_string(self.stamp(quality)).ok()
    }

    fn stamp(self, quality: Quality) -> PathBuf {
        self.folder(quality).join(".fingerprint")
    }

    /// Builds it if it is not current.
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

/// Builds these parts and the catalogue, two parts at a time: the end of a build (one large crate, the linker) keeps only
/// one core busy. Parts that stand first are begun first.
///
/// # Errors
/// The first of the errors, once everything that was begun has ended.
pub fn build(parts: &[Part], quality: Quality) -> Result<()> {
    let engine_with_threads = |part: &&Part| **part == Part::Threads;
    let others = parts.iter().filter(|part| !engine_with_threads(part));
    // The longest alone, the others after each other beside it.
    let tracks: [Vec<Part>; 2] =
        [parts.iter().filter(engine_with_threads).copied().collect(), others.copied().collect()];
    let results =
        thread::scope(|scope| {
            let mut steps = vec![
                scope.spawn(|| catalogue::run(&catalogue::Arguments::default())),
                // Both tracks need it at their ends.
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
    // Only if the catalogue's index has changed meanwhile is anything left to do.
    parts.iter().try_for_each(|part| part.build(quality))
}

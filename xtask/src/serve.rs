//! `x serve`: builds what is missing, serves the page, rebuilds on change.
//!
//! The page, and the engine that it starts, come first. They are built quickly and then served, unless optimised ones
//! exist. Everything else is built in the background and replaces them part by part:
//!
//! ```text
//! sources change ─▶ quick page and engine ─▶ served ─▶ optimised parts, in the background ─▶ served
//!       └── ends builds in the background
//! ```

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::Result;

use crate::background::BackgroundBuild;
use crate::build::{self, Preliminary};
use crate::parts::{self, Part};
use crate::quality::{self, Quality};
use crate::server::Isolation;
use crate::{catalogue, fingerprint, process, server, workspace};

/// What `x serve` takes.
#[derive(clap::Args, Clone, Copy)]
pub struct Arguments {
    /// Port; without it the first free one from 8080.
    #[arg(long)]
    port: Option<u16>,
    /// Leave out the headers that give the page threads, as most static hosts do.
    #[arg(long)]
    no_isolation: bool,
    /// Do not rebuild on change.
    #[arg(long)]
    no_watch: bool,
    #[command(flatten)]
    build: quality::Arguments,
}

/// `x serve`
///
/// # Errors
/// If the first build fails, or no port is free. Later builds that fail are reported; the next change is waited for.
pub fn run(arguments: &Arguments) -> Result<()> {
    // Taken before the build, so that a change during the build is not missed.
    let mut seen = newest_change()?;
    let mut site = Site::new(arguments);
    site.build_first()?;

    let isolation = if arguments.no_isolation { Isolation::Plain } else { Isolation::Isolated };
    let address = match arguments.port {
        Some(port) => server::start(build::dist(), port, isolation)?,
        None => (8080..8090)
            .find_map(|port| server::start(build::dist(), port, isolation).ok())
            .map_or_else(|| server::start(build::dist(), 0, isolation), Ok)?,
    };
    println!("\n  EVM Lanes: {address}\n");
    site.build_rest()?;

    loop {
        thread::sleep(Duration::from_millis(500));
        site.update(&address)?;
        if arguments.no_watch {
            continue;
        }
        let newest = newest_change()?;
        if newest == seen {
            continue;
        }
        seen = newest;
        process::say("sources changed");
        site.background = None;
        match site.build_first() {
            Ok(()) => process::say(&format!("current again: load {address} again")),
            Err(error) => {
                eprintln!("\nx: {error:#}\nx: the page is as before; waiting for the next change");
                continue;
            }
        }
        site.build_rest()?;
    }
}

/// The parts that are served, and those that are being built.
struct Site {
    /// The quality that every part should reach.
    wanted: Quality,
    /// The parts that a page at the default address needs.
    first: [Part; 2],
    /// The current fingerprint of each part, by quality.
    fingerprints: BTreeMap<(Part, Quality), String>,
    /// The qualities that are served now.
    shown: BTreeMap<Part, Quality>,
    /// Whether an open page may still ask when its figures are no longer preliminary.
    was_preliminary: bool,
    background: Option<BackgroundBuild>,
}

impl Site {
    fn new(arguments: &Arguments) -> Self {
        let engine = if arguments.no_isolation { Part::Single } else { Part::Threads };
        Self {
            wanted: arguments.build.quality(),
            first: [Part::Page, engine],
            fingerprints: BTreeMap::new(),
            shown: BTreeMap::new(),
            was_preliminary: false,
            background: None,
        }
    }

    /// Builds the needed parts unless they are current in some quality, and updates the site.
    fn build_first(&mut self) -> Result<()> {
        self.fingerprints.clear();
        for part in Part::ALL {
            for quality in [Quality::Quick, Quality::Optimised] {
                self.fingerprints.insert((part, quality), part.fingerprint(quality)?);
            }
        }
        let current = self.current();
        let missing: Vec<Part> = self.first.into_iter().filter(|part| !current.contains_key(part)).collect();
        match missing.is_empty() {
            true => catalogue::run(&catalogue::Arguments::default())?,
            false => parts::build(&missing, Quality::Quick)?,
        }
        self.show(self.current())
    }

    /// Starts building everything else in the background.
    fn build_rest(&mut self) -> Result<()> {
        let waiting = self.waiting();
        if waiting.is_empty() {
            return Ok(());
        }
        process::say(&format!("building in the background: {}, {}", in_words(&waiting), self.wanted.name()));
        self.background = Some(BackgroundBuild::start(self.wanted)?);
        Ok(())
    }

    /// Updates the site with the parts that were built in the background.
    fn update(&mut self, address: &str) -> Result<()> {
        let Some(background) = &mut self.background else { return Ok(()) };
        let ended = background.ended()?;
        let current = self.current();
        if current != self.shown {
            let new: Vec<Part> =
                Part::ALL.into_iter().filter(|part| current.get(part) != self.shown.get(part)).collect();
            self.show(current)?;
            let next = match self.waiting().is_empty() {
                true => format!("everything is built: reload {address}"),
                false => "the rest follows".into(),
            };
            process::say(&format!("{} ({}) in place; {next}", in_words(&new), self.wanted.name()));
        }
        if let Some(status) = ended {
            self.background = None;
            if !status.success() {
                eprintln!(
                    "\nx: the background build failed ({status}); the page stays as it is until the next change"
                );
            }
        }
        Ok(())
    }

    /// The best current quality of each part; only quick parts if those are wanted.
    fn current(&self) -> BTreeMap<Part, Quality> {
        let is_current = |part: Part, quality: Quality| {
            let now = self.fingerprints.get(&(part, quality));
            now.is_some() && part.built_from(quality).as_ref() == now
        };
        let best = |part: Part| {
            let qualities = [Quality::Optimised, Quality::Quick];
            qualities
                .into_iter()
                .filter(|quality| *quality <= self.wanted)
                .find(|quality| is_current(part, *quality))
        };
        Part::ALL.into_iter().filter_map(|part| Some((part, best(part)?))).collect()
    }

    /// The parts that do not have the wanted quality yet.
    fn waiting(&self) -> Vec<Part> {
        Part::ALL.into_iter().filter(|part| self.shown.get(part) != Some(&self.wanted)).collect()
    }

    fn show(&mut self, shown: BTreeMap<Part, Quality>) -> Result<()> {
        self.shown = shown;
        let preliminary = Preliminary { waiting: self.waiting(), lasting: self.wanted == Quality::Quick };
        self.was_preliminary |= preliminary.lasting || !preliminary.waiting.is_empty();
        build::assemble(&self.shown, self.was_preliminary.then_some(&preliminary))
    }
}

fn in_words(parts: &[Part]) -> String {
    parts.iter().map(|part| part.name()).collect::<Vec<_>>().join(", ")
}

/// The sources of a build, besides [`fingerprint::SOURCES`].
const SOURCES: [&str; 4] = ["web", "www", "index.html", "xtask/npm/package.json"];

/// Checked twice a second. Checking 200 files takes about a millisecond, and is simpler than a file watcher.
fn newest_change() -> Result<(Option<SystemTime>, usize)> {
    let mut files: Vec<PathBuf> = Vec::new();
    for source in SOURCES.into_iter().chain(fingerprint::SOURCES) {
        files.extend(fingerprint::sources_below(&workspace::path(source))?);
    }
    let newest = files.iter().filter_map(|file| file.metadata().ok()?.modified().ok()).max();
    Ok((newest, files.len()))
}

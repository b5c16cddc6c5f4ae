//! `x serve`: builds what is missing, serves the page, rebuilds on change.
//!
//! The page, and the engine that it starts, come first. They are built quickly and then served, unless optimised ones
//! exist. Everything else is built in the background and replaces them part by part; see [`crate::site`].

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::Result;

use crate::background::BackgroundBuild;
use crate::build::{self, Deployment, Preliminary};
use crate::parts::{self, Part};
use crate::quality::{self, Quality};
use crate::server::Isolation;
use crate::site::{Site, Workshop};
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
    let engine = if arguments.no_isolation { Part::Single } else { Part::Threads };
    let mut site = Site::new(Compilers, arguments.build.quality(), [Part::Page, engine]);
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
        site.sources_changed(&address)?;
    }
}

/// This machine's compilers, and `dist/`.
struct Compilers;

impl Workshop for Compilers {
    type Background = BackgroundBuild;

    fn fingerprint(&self, part: Part, quality: Quality) -> Result<String> {
        part.fingerprint(quality)
    }

    fn built_from(&self, part: Part, quality: Quality) -> Option<String> {
        part.built_from(quality)
    }

    fn build(&mut self, parts: &[Part], quality: Quality) -> Result<()> {
        match parts.is_empty() {
            true => catalogue::run(&catalogue::Arguments::default()),
            false => parts::build(parts, quality),
        }
    }

    fn start(&mut self, quality: Quality) -> Result<BackgroundBuild> {
        BackgroundBuild::start(quality)
    }

    fn ended(&mut self, build: &mut BackgroundBuild) -> Result<Option<Result<(), String>>> {
        let ended = build.ended()?;
        Ok(ended.map(|status| if status.success() { Ok(()) } else { Err(status.to_string()) }))
    }

    fn assemble(&mut self, shown: &BTreeMap<Part, Quality>, preliminary: Option<&Preliminary>) -> Result<()> {
        build::assemble(shown, preliminary, &Deployment::under_construction())
    }

    fn say(&mut self, text: &str) {
        process::say(text);
    }

    fn complain(&mut self, text: &str) {
        eprintln!("\nx: {text}");
    }
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

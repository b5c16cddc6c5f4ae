//! `x serve`: builds what is missing, serves the page, rebuilds on change.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::Result;

use crate::server::Isolation;
use crate::{build, fingerprint, process, server, workspace};

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
    build: build::Arguments,
}

/// `x serve`
///
/// # Errors
/// If the first build fails or no port can be had. Later builds that fail are reported and waited for.
pub fn run(arguments: &Arguments) -> Result<()> {
    // Taken before the build, so that a change made while it ran is not missed.
    let mut seen = newest_change()?;
    build::build(&arguments.build)?;

    let isolation = if arguments.no_isolation { Isolation::Plain } else { Isolation::Isolated };
    let address = match arguments.port {
        Some(port) => server::start(build::dist(), port, isolation)?,
        None => (8080..8090)
            .find_map(|port| server::start(build::dist(), port, isolation).ok())
            .map_or_else(|| server::start(build::dist(), 0, isolation), Ok)?,
    };
    println!("\n  EVM Lanes: {address}\n");

    loop {
        thread::sleep(Duration::from_millis(500));
        if arguments.no_watch {
            continue;
        }
        let newest = newest_change()?;
        if newest == seen {
            continue;
        }
        seen = newest;
        process::say("sources changed");
        match build::build(&arguments.build) {
            Ok(()) => process::say(&format!("current again: reload {address}")),
            Err(error) => eprintln!("\nx: {error:#}\nx: the page is as before; waiting for the next change"),
        }
    }
}

/// Everything that a build is made of.
const SOURCES: [&str; 13] = [
    "core/src",
    "core/evm",
    "core/lanes",
    "core/document",
    "core/Cargo.toml",
    "core/catalogue/index.json",
    "web",
    "www",
    "index.html",
    "xtask/npm/package.json",
    "Cargo.toml",
    "Cargo.lock",
    "Trunk.toml",
];

/// Looked at twice a second: 200 files cost about a millisecond, and no notifier has to be understood.
fn newest_change() -> Result<(Option<SystemTime>, usize)> {
    let mut files: Vec<PathBuf> = Vec::new();
    for source in SOURCES {
        files.extend(fingerprint::files_below(&workspace::path(source))?);
    }
    let newest = files.iter().filter_map(|file| file.metadata().ok()?.modified().ok()).max();
    Ok((newest, files.len()))
}

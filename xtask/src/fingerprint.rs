//! Skips steps whose inputs have not changed.
//!
//! A fingerprint covers the contents of files, not their times, so a fresh clone or a change of branch
//! repeats no step.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::workspace;

/// Collects a step's inputs.
pub struct Fingerprint(Sha256);

impl Fingerprint {
    /// Starts with the step's name.
    pub fn of(step: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(step);
        Self(hash)
    }

    /// Adds a text: a flag, a version.
    pub fn text(mut self, text: &str) -> Self {
        self.0.update([0]);
        self.0.update(text);
        self
    }

    /// Adds a file, or all files below a folder. A path that does not exist is part of the fingerprint, too.
    ///
    /// # Errors
    /// If something that exists cannot be read.
    pub fn files(self, path: &Path) -> Result<Self> {
        let files = files_below(path)?;
        self.contents(path, files)
    }

    fn contents(mut self, path: &Path, files: Vec<PathBuf>) -> Result<Self> {
        for file in files {
            self.0.update([1]);
            // Relative to the input, so that equal trees in different places are equal.
            self.0.update(file.strip_prefix(path).unwrap_or(&file).to_string_lossy().as_bytes());
            self.0.update([0]);
            let bytes = fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
            self.0.update(Sha256::digest(bytes));
        }
        Ok(self)
    }

    /// Adds the common inputs of everything for the browser: the crates below `core`, the versions of packages and
    /// compiler.
    ///
    /// # Errors
    /// If something that exists cannot be read.
    pub fn sources(mut self) -> Result<Self> {
        for source in SOURCES {
            let path = workspace::path(source);
            self = self.text(source).contents(&path, sources_below(&path)?)?;
        }
        Ok(self)
    }

    /// The fingerprint in hex.
    pub fn finish(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The common sources of everything for the browser.
pub const SOURCES: [&str; 5] =
    ["core", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml", ".cargo/config.toml"];

/// Folders that are ignored: npm packages, and files that only tests compile.
const LEFT_OUT: [&str; 4] = ["node_modules", "tests", "benches", "examples"];

/// Runs `step` unless the file `stamp` already has `fingerprint`, and then writes it there. Returns whether the step ran.
///
/// # Errors
/// Those of `step`, or if the stamp cannot be written.
pub fn unless_done(stamp: &Path, fingerprint: &str, step: impl FnOnce() -> Result<()>) -> Result<bool> {
    if fs::read_to_string(stamp).is_ok_and(|written| written == fingerprint) {
        return Ok(false);
    }
    // A step that fails must not look done.
    let _ = fs::remove_file(stamp);
    step()?;
    if let Some(folder) = stamp.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(stamp, fingerprint).with_context(|| format!("{} cannot be written", stamp.display()))?;
    Ok(true)
}

/// Every file at or below `path`, sorted. Empty if it does not exist.
///
/// # Errors
/// If a folder cannot be listed.
pub fn files_below(path: &Path) -> Result<Vec<PathBuf>> {
    walk(path, &[])
}

/// The same without packages of npm and folders of tests.
///
/// # Errors
/// If a folder cannot be listed.
pub fn sources_below(path: &Path) -> Result<Vec<PathBuf>> {
    walk(path, &LEFT_OUT)
}

fn walk(path: &Path, left_out: &[&str]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut open = vec![path.to_path_buf()];
    while let Some(next) = open.pop() {
        if next.is_dir() {
            for entry in
                fs::read_dir(&next).with_context(|| format!("{} cannot be listed", next.display()))?
            {
                let entry = entry?;
                if !left_out.iter().any(|name| entry.file_name() == *name) {
                    open.push(entry.path());
                }
            }
        } else if next.is_file() {
            files.push(next);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_done_step_is_skipped_until_an_input_changes() {
        let folder = std::env::temp_dir().join(format!("evm-lanes-fingerprint-{}", std::process::id()));
        fs::create_dir_all(folder.join("in/deep")).unwrap();
        fs::write(folder.join("in/deep/a"), "1").unwrap();
        let stamp = folder.join("stamp");
        let print = || Fingerprint::of("step").text("flag").files(&folder.join("in")).unwrap().finish();

        assert!(unless_done(&stamp, &print(), || Ok(())).unwrap());
        assert!(!unless_done(&stamp, &print(), || Ok(())).unwrap());
        fs::write(folder.join("in/deep/a"), "2").unwrap();
        assert!(unless_done(&stamp, &print(), || anyhow::bail!("broken")).is_err());
        assert!(unless_done(&stamp, &print(), || Ok(())).unwrap(), "a failed step is not done");
        fs::remove_dir_all(folder).unwrap();
    }
}

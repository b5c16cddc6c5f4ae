//! Samples: our own beside the crate, and real files in the folder that `EVM_LANES_DATA` names, else `../shared/data`
//! beside the workspace.

#![allow(dead_code, reason = "each test file uses its part")]

use std::fs;
use std::path::{Path, PathBuf};

use import::File;

/// Every file below a folder, by its path there, in order.
pub fn files(folder: &Path) -> Vec<File> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        let Ok(entries) = fs::read_dir(&next) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != "README.md") {
                let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
                found.push(File { name, bytes: fs::read(&path).expect("a file that can be read") });
            }
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Samples of our own making.
pub fn own() -> Vec<File> {
    let files = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples"));
    assert!(files.len() >= 30, "{} samples", files.len());
    files
}

/// Those of them whose names begin so.
pub fn named(start: &str) -> Vec<File> {
    let files: Vec<File> = own().into_iter().filter(|file| file.name.starts_with(start)).collect();
    assert!(!files.is_empty(), "no sample {start}");
    files
}

/// Real files; `None` if there is no such folder.
pub fn real() -> Option<Vec<File>> {
    let data = std::env::var_os("EVM_LANES_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let folder = data.join("formats");
    if !folder.is_dir() {
        eprintln!("skipped: there is no folder {}", folder.display());
        return None;
    }
    let files = files(&folder);
    assert!(files.len() >= 35, "{} files", files.len());
    Some(files)
}

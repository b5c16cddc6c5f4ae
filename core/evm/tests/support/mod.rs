//! Real data for tests: the folder that `EVM_LANES_DATA` names, else `../shared/data` beside the workspace.

use std::{fs, io::Read as _, path::PathBuf};

use evm::{block::PreparedBlock, case};

/// A folder of the real data; a word about it where there is none.
pub fn data(folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("EVM_LANES_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let folder = root.join(folder);
    if !folder.is_dir() {
        eprintln!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

/// Every real block: the text of its file, and the block. None where there is no folder.
///
/// # Panics
/// When the folder is there but holds no case, or one that cannot be read: a test must not pass because it had nothing
/// to do.
pub fn cases() -> Vec<(String, PreparedBlock)> {
    let Some(folder) = data("blocks") else { return Vec::new() };
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(".json.gz"));
    paths.sort();
    assert!(!paths.is_empty(), "the folder holds no case");
    let read = |path: &PathBuf| {
        let mut text = String::new();
        let file = fs::File::open(path).expect("a file");
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("a packed text");
        let block = case::parse(&text).unwrap_or_else(|problems| panic!("{}: {problems:?}", path.display()));
        (text, block)
    };
    paths.iter().map(read).collect()
}

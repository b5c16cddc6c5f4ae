//! Real blocks for tests: the folder that `EVM_LANES_DATA` names, else `../shared/data` beside
//! the workspace.

use std::{fs, io::Read, path::PathBuf};

use evm_lanes_core::prepare::{PreparedBlock, case};

/// Every block case of the folder, by file name; empty where there is no folder.
///
/// # Panics
/// When the folder is there but holds no case, or one that cannot be read: a test must not pass
/// because it had nothing to do.
pub fn cases() -> Vec<(String, PreparedBlock)> {
    let folder = std::env::var_os("EVM_LANES_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")),
        PathBuf::from,
    );
    let blocks = folder.join("blocks");
    if !blocks.is_dir() {
        eprintln!("no real blocks: {} is not there", blocks.display());
        return Vec::new();
    }
    let mut paths: Vec<PathBuf> = fs::read_dir(&blocks)
        .expect("the folder can be listed")
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|path| path.to_string_lossy().ends_with(".json.gz"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} holds no case", blocks.display());
    paths
        .into_iter()
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().replace(".json.gz", "");
            let file = fs::File::open(&path).expect("a case can be opened");
            let mut text = String::new();
            flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("a case can be unpacked");
            let block = case::parse(&text).unwrap_or_else(|problems| panic!("{name}: {problems:?}"));
            (name, block)
        })
        .collect()
}

//! Where things are.

use std::env;
use std::path::{Path, PathBuf};

/// The workspace's root.
pub fn root() -> PathBuf {
    // As cargo says when it runs this program; else as it was when the program was compiled. With a target folder
    // that several work trees share, the program may have been compiled in another one.
    let package = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// A path below the workspace's root.
pub fn path(relative: &str) -> PathBuf {
    root().join(relative)
}

/// The folder for cargo's own output.
pub fn cargo_target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| path("target"), PathBuf::from)
}

/// The folder for products that commands hand to each other. Always below the root, unlike
/// [`cargo_target`], which several work trees may share.
pub fn products() -> PathBuf {
    path("target")
}

/// The folder of installed tools, per user and shared by all work trees.
pub fn tools() -> PathBuf {
    let cache = env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(env::var_os("HOME").unwrap_or_else(|| "/tmp".into())).join(".cache"),
        PathBuf::from,
    );
    cache.join("evm-lanes/tools")
}

/// The folder with real blocks: `EVM_LANES_DATA`, else `../shared/data`. It need not exist.
#[allow(dead_code, reason = "used by the browser tests and conformance")]
pub fn data() -> PathBuf {
    env::var_os("EVM_LANES_DATA").map_or_else(|| path("../shared/data"), PathBuf::from)
}

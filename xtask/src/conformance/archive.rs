//! The archives of Ethereum's own tests, which are unpacked once below target/.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::fingerprint::{self, Fingerprint};
use crate::{process, workspace};

/// The archives were packed with a window of 128 MiB, more than zstd accepts by default.
const WINDOW_LOG: u32 = 27;

/// The test files of `<name>.tar.zst` or of the folder `<name>` in `folder`, sorted; `None` if there is neither.
///
/// # Errors
/// If the archive cannot be unpacked, or there is no test file: a suite must not pass because it is empty.
pub fn files(folder: &Path, name: &str) -> Result<Option<Vec<PathBuf>>> {
    let packed = folder.join(format!("{name}.tar.zst"));
    let unpacked = folder.join(name);
    let place = if unpacked.is_dir() {
        unpacked
    } else if packed.is_file() {
        let place = workspace::products().join("ethereum-tests").join(name);
        let fingerprint = Fingerprint::of("unpack").files(&packed)?.finish();
        fingerprint::unless_done(&place.join(".unpacked"), &fingerprint, || {
            process::timed(&format!("unpacking {}", packed.display()), || unpack(&packed, &place))
        })?;
        place
    } else {
        return Ok(None);
    };
    let mut files = fingerprint::files_below(&place)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    if files.is_empty() {
        bail!("{} holds no test: zero cases are no success", place.display());
    }
    Ok(Some(files))
}

fn unpack(packed: &Path, place: &Path) -> Result<()> {
    if place.exists() {
        fs::remove_dir_all(place)?;
    }
    let what = || format!("{} cannot be unpacked", packed.display());
    let mut decoder = zstd::Decoder::new(File::open(packed).with_context(what)?).with_context(what)?;
    decoder.window_log_max(WINDOW_LOG).with_context(what)?;
    tar::Archive::new(decoder).unpack(place).with_context(what)
}

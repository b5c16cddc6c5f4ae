//! The page's late module: what is not needed for the first picture, in a file of its own. `web/src/state/late.rs` says
//! when it is loaded, `web/src/components/late.rs` what is in it, decision 0031 why it is made this way.
//!
//! ```text
//! cargo ─▶ one module with relocations ─ split ─▶ first module ─ wasm-bindgen ─▶ NAME.js, NAME_bg.wasm
//!                                             ├─▶ late.wasm      the rest, in the same memory
//!                                             └─▶ late.js        loads it when the first module asks for it
//! ```
//! Both modules share memory, tables and positions of data. So they carry one hash in their names: an old one never meets a
//! new one.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{process, setup, wasm};

/// What the compiler needs to know to make a module that can be divided.
pub const FLAGS: &str = "--cfg split -C link-arg=--emit-relocs";

/// The script that loads the late module, and that module.
pub const SCRIPT: &str = "late.js";
pub const MODULE: &str = "late.wasm";

/// The late module as the splitter calls it, by the name of its split point.
const SPLIT: &str = "split_late.wasm";

/// How its script starts it. Hosts that do not know the type of `.wasm` files must not keep it from starting: the glue of
/// the first module starts that one all the same, too.
const STREAMED: &str = "(WebAssembly.instantiateStreaming(src, imports))";
const STARTED: &str = "(src.then((r) => { if (!r.ok) throw new Error(`${r.url}: ${r.status}`); return r.arrayBuffer(); })\
    .then((bytes) => WebAssembly.instantiate(bytes, imports)))";

/// Divides `module` and makes the glue of its first part, in `out`: `NAME.js`, `NAME_bg.wasm`, and the late files.
///
/// # Errors
/// If the module has no split points, or more modules come out of it than expected.
pub fn divide(module: &Path, out: &Path, name: &str) -> Result<()> {
    let parts = module.with_extension("parts");
    if parts.exists() {
        fs::remove_dir_all(&parts)?;
    }
    let mut split = Command::new(setup::split()?);
    split.arg(module).args(["--out-name", name, "--link-name", SCRIPT, "--out-dir"]).arg(&parts);
    process::run("dividing the page's module", &mut split)?;
    wasm::bindgen(&parts.join(format!("{name}.wasm")), out, name, false)?;

    let modules = fs::read_dir(&parts)?.count();
    ensure!(modules == 3, "{} has {modules} files, expected two modules and a script", parts.display());
    fs::copy(parts.join(SPLIT), out.join(MODULE)).context("nothing was split off")?;
    let script = fs::read_to_string(parts.join(SCRIPT))?;
    ensure!(
        script.matches(STREAMED).count() == 1 && script.contains(SPLIT),
        "{SCRIPT} does not start its module as expected (xtask/src/late.rs)"
    );
    let script = script.replace(SPLIT, MODULE).replace(STREAMED, STARTED);
    fs::write(out.join(SCRIPT), script)?;
    Ok(())
}

/// The late files of a page in `folder`, if it was divided: script and module.
///
/// # Errors
/// If one of the two is missing.
pub fn files(folder: &Path) -> Result<Option<(String, Vec<u8>)>> {
    if !folder.join(SCRIPT).is_file() {
        return Ok(None);
    }
    Ok(Some((fs::read_to_string(folder.join(SCRIPT))?, process::read(&folder.join(MODULE))?)))
}

/// A script in which the file that is called `from` is called `to`.
///
/// # Errors
/// If the script does not name it.
pub fn renamed(script: &str, from: &str, to: &str) -> Result<Vec<u8>> {
    let (from, to) = (format!("./{from}"), format!("./{to}"));
    ensure!(script.contains(&from), "a script of the page does not name {from}");
    Ok(script.replace(&from, &to).into_bytes())
}

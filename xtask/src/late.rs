//! The page's later modules: what is not needed for the first picture. `web/src/state/late.rs` says when they are loaded,
//! `web/src/components/late.rs` what is in them, decision 0031 why they are made this way.
//!
//! ```text
//! cargo ─▶ one module with relocations ─ split ─┬─▶ first module ─ wasm-bindgen ─▶ NAME.js, NAME_bg.wasm
//!                                               ├─▶ split_*.wasm, chunk_*.wasm     the rest, in the same memory
//!                                               └─▶ late.js                        loads them when the first asks for them
//! ```
//! All share memory, tables and positions of data. So they carry one hash in their names: an old one never meets a new one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{fingerprint, process, setup};

/// What the compiler needs to know to make a module that can be divided.
pub const FLAGS: &str = "--cfg split -C link-arg=--emit-relocs";

/// What makes a module smaller and nothing else different: no places in panics (development builds have them), and no texts
/// that only `{:?}` would write. A panic is a trap; `www/start.js` and the engine's worker say what follows from one.
pub const SMALL_FLAGS: &str =
    "-Z location-detail=none -Z fmt-debug=none -Z unstable-options -C panic=immediate-abort";

/// Has the standard library built with the module, small rather than fast: sorting, formatting.
pub fn with_small_library(cargo: &mut Command) {
    cargo
        .args(["-Z", "build-std=std,panic_abort", "-Z", "build-std-features=optimize_for_size"])
        // build-std on the pinned stable toolchain, as for the engine with threads.
        .env("RUSTC_BOOTSTRAP", "1");
}

/// The script that loads the later modules.
pub const SCRIPT: &str = "late.js";

/// How that script starts a module. Hosts that do not know the type of `.wasm` files must not keep it from starting; they do
/// not keep the first module from it, either.
const STREAMED: &str = "(WebAssembly.instantiateStreaming(src, imports))";
const STARTED: &str = "(src.then((response) => {\n\
    \x20   if (!response.ok) throw new Error(`${response.url}: ${response.status}`);\n\
    \x20   return response.arrayBuffer();\n\
    }).then((bytes) => WebAssembly.instantiate(bytes, imports)))";

/// Divides `module`, makes the glue of its first part and optimises all parts, in `out`: `NAME.js`, `NAME_bg.wasm`, the
/// later modules and their script.
///
/// # Errors
/// If the module has no split points, or its parts are not as expected.
pub fn divide(module: &Path, out: &Path, name: &str) -> Result<()> {
    let parts = module.with_extension("parts");
    if parts.exists() {
        fs::remove_dir_all(&parts)?;
    }
    let mut split = Command::new(setup::split()?);
    let link = format!("./{SCRIPT}");
    split.arg(module).args(["--out-name", name, "--link-name", &link, "--out-dir"]).arg(&parts);
    process::run("dividing the page's module", &mut split)?;
    if out.exists() {
        fs::remove_dir_all(out)?;
    }
    let mut bindgen = Command::new(setup::wasm_bindgen()?);
    bindgen.args(["--target", "web", "--no-typescript", "--keep-lld-exports", "--out-name", name]);
    bindgen.arg("--out-dir").arg(out).arg(parts.join(format!("{name}.wasm")));
    process::run("wasm-bindgen", &mut bindgen)?;
    optimise(&out.join(format!("{name}_bg.wasm")))?;

    let script = fs::read_to_string(parts.join(SCRIPT)).context("the page's module was not divided")?;
    ensure!(script.contains(STREAMED), "{SCRIPT} does not start its modules as expected (xtask/src/late.rs)");
    fs::write(out.join(SCRIPT), script.replace(STREAMED, STARTED))?;
    for part in fingerprint::files_below(&parts)? {
        let file = part.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if is_later(&file) {
            fs::copy(&part, out.join(&file))?;
            optimise(&out.join(&file))?;
        }
    }
    Ok(())
}

/// Runs wasm-opt in place. `-O2` gives a larger module than `-Oz` that packs to a smaller one, and functions that are made of
/// the same generic one pack better beside each other.
fn optimise(module: &Path) -> Result<()> {
    let tool = setup::npm("xtask/npm")?.join("binaryen/bin/wasm-opt");
    let optimised = module.with_extension("opt");
    let mut wasm_opt = Command::new(tool);
    wasm_opt.args(["-O2", "--reorder-functions-by-name"]).arg(module).arg("-o").arg(&optimised);
    process::run("wasm-opt", &mut wasm_opt)?;
    fs::rename(&optimised, module).context("wasm-opt left no file")
}

/// Whether a file of that name is one of the later modules.
fn is_later(file: &str) -> bool {
    file.ends_with(".wasm") && (file.starts_with("split_") || file.starts_with("chunk_"))
}

/// The later modules of a page in `folder`, and their script; empty if the page was not divided.
///
/// # Errors
/// If a file cannot be read.
pub fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for path in fingerprint::files_below(folder)? {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if file == SCRIPT || is_later(&file) {
            files.insert(file, process::read(&path)?);
        }
    }
    Ok(files)
}

/// `files` as they are in the bundle of the page `page`, whose `glue` names the script: each with the page's own hash in its
/// name. Returns the glue that fits them, and the script's name.
///
/// # Errors
/// If the scripts do not name each other and the modules as expected.
pub fn renamed(
    files: BTreeMap<String, Vec<u8>>,
    name: &str,
    page: &str,
    glue: &str,
) -> Result<(BTreeMap<String, Vec<u8>>, String, String)> {
    let named = |file: &str| format!("{page}_{file}");
    let replaced = |script: &str, from: &str, to: &str| {
        let (from, to) = (format!("./{from}"), format!("./{to}"));
        ensure!(script.contains(&from), "a script of the page does not name {from}");
        Ok(script.replace(&from, &to))
    };
    let script = files.get(SCRIPT).context("the later modules have no script")?;
    let mut script = String::from_utf8(script.clone()).context("the later modules' script is no text")?;
    script = replaced(&script, &format!("{name}.js"), &format!("{page}.js"))?;
    let mut renamed = BTreeMap::new();
    for (file, bytes) in files.into_iter().filter(|(file, _)| file != SCRIPT) {
        script = replaced(&script, &file, &named(&file))?;
        renamed.insert(named(&file), bytes);
    }
    renamed.insert(named(SCRIPT), script.into_bytes());
    // Elsewhere the glue has the script's name as the first module has it, which stays as it is.
    let (from, to) = (format!("from \"./{SCRIPT}\""), format!("from \"./{}\"", named(SCRIPT)));
    ensure!(glue.contains(&from), "the page's glue does not import {SCRIPT}");
    Ok((renamed, glue.replace(&from, &to), named(SCRIPT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_name_the_files_that_are_there() {
        let script = "import { initSync } from \"./web.js\";\nfetch(new URL(\"./split_late.wasm\"))";
        let files = BTreeMap::from([
            (SCRIPT.to_owned(), script.as_bytes().to_vec()),
            ("split_late.wasm".to_owned(), b"module".to_vec()),
        ]);
        let glue = "import * as late from \"./late.js\"\n{ \"./late.js\": late }";
        let (files, glue, script) = renamed(files, "web", "web-0123", glue).unwrap();
        assert_eq!(glue, "import * as late from \"./web-0123_late.js\"\n{ \"./late.js\": late }");
        assert_eq!(script, "web-0123_late.js");
        assert_eq!(files["web-0123_split_late.wasm"], b"module");
        assert_eq!(
            String::from_utf8_lossy(&files[&script]),
            "import { initSync } from \"./web-0123.js\";\nfetch(new URL(\"./web-0123_split_late.wasm\"))"
        );
        assert!(renamed(files, "web", "web-0123", "").is_err());
    }

    #[test]
    fn only_later_modules_are_later() {
        assert!(is_later("split_late.wasm") && is_later("chunk_1.wasm"));
        assert!(!is_later("evm-lanes-web_bg.wasm") && !is_later("late.js"));
    }
}

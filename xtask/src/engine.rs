//! The two wasm engines: with threads (shared memory, atomics, a standard library built for them) and without.
//!
//! Nearly every mistake here ends with exit code 0 and a page that hangs. So the result is checked before it is used:
//! the memory import must be shared, and the pool's glue must be ours.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use wasmparser::{Parser, Payload, TypeRef};

use crate::fingerprint::{self, Fingerprint};
use crate::quality::{self, Quality};
use crate::{process, wasm, workspace};

/// One of the two engines.
#[derive(Clone, Copy)]
pub struct Engine {
    /// Folder below target/dist-engine, and the value of the page's `data-engine`.
    pub name: &'static str,
    cargo: &'static [&'static str],
    target_features: &'static str,
    link: &'static [&'static str],
    shared: bool,
}

/// 4 MiB of main stack. An overflow traps and breaks the instance, and the default of 1 MiB is barely enough.
const STACK: &str = "-zstack-size=4194304";

/// 1 GiB, so that a run with too much memory ends with a message before the browser ends the page. The messages of
/// www/engine name this limit.
const MEMORY: &str = "--max-memory=1073741824";

/// Lanes on threads, for pages that may share memory.
pub const THREADS: Engine = Engine {
    name: "threads",
    cargo: &["--no-default-features", "--features", "threads", "-Z", "build-std=std,panic_abort"],
    target_features: "+atomics,+bulk-memory,+mutable-globals,+simd128",
    // Without the first three the memory is not shared, and wasm-bindgen silently leaves out its thread support. It
    // needs the exports to set up each thread's local storage.
    link: &[
        STACK,
        "--shared-memory",
        "--import-memory",
        MEMORY,
        "--export=__wasm_init_tls",
        "--export=__tls_size",
        "--export=__tls_align",
        "--export=__tls_base",
    ],
    shared: true,
};

/// One thread, for pages that may not share memory.
pub const SINGLE: Engine = Engine {
    name: "single",
    cargo: &["--no-default-features", "--features", "engine"],
    target_features: "+simd128",
    link: &[STACK, MEMORY],
    shared: false,
};

/// `x engine`
///
/// # Errors
/// If a tool is missing and cannot be installed, a build fails, or its result is not what the page needs.
pub fn run(arguments: &quality::Arguments) -> Result<()> {
    let quality = arguments.quality();
    for engine in [THREADS, SINGLE] {
        let out = engine.folder(quality);
        let made =
            fingerprint::unless_done(&out.join(".fingerprint"), &engine.fingerprint(quality)?, || {
                process::timed(&format!("engine {}, {}", engine.name, quality.name()), || {
                    engine.build(quality)
                })
            })?;
        let wasm = out.join("engine_bg.wasm");
        let state = if made { "built" } else { "current" };
        println!("{} ({state}, {} kB)", wasm.display(), fs::metadata(&wasm)?.len() / 1000);
    }
    Ok(())
}

impl Engine {
    /// Its folder.
    pub fn folder(&self, quality: Quality) -> PathBuf {
        workspace::products().join(quality.folder_name("dist-engine")).join(self.name)
    }

    /// The fingerprint of its sources and settings.
    ///
    /// # Errors
    /// If a source cannot be read.
    pub fn fingerprint(&self, quality: Quality) -> Result<String> {
        fingerprint(*self, &[], quality)
    }

    /// Builds it.
    ///
    /// # Errors
    /// As [`run`].
    pub fn build(&self, quality: Quality) -> Result<()> {
        build_one(*self, &[], quality, &self.folder(quality))
    }
}

/// Builds the engine without threads again, with Ethereum's own tests in it (`conformance`), unless it is current.
/// Returns its folder.
///
/// # Errors
/// As [`run`].
#[cfg(feature = "engine")]
pub fn build_with_tests(quality: Quality) -> Result<PathBuf> {
    let out = workspace::products().join(quality.folder_name("conformance-engine"));
    let fingerprint = fingerprint(SINGLE, WITH_TESTS, quality)?;
    fingerprint::unless_done(&out.join(".fingerprint"), &fingerprint, || {
        process::timed("engine with tests (cold: about 3 minutes)", || {
            build_one(SINGLE, WITH_TESTS, quality, &out)?;
            // Otherwise Node takes the scripts for CommonJS modules.
            fs::write(out.join("package.json"), "{ \"type\": \"module\" }\n")?;
            Ok(())
        })
    })?;
    Ok(out)
}

/// cargo's additional arguments for the engine with tests.
#[cfg(feature = "engine")]
const WITH_TESTS: &[&str] = &["--features", "conformance"];

fn fingerprint(engine: Engine, more: &[&str], quality: Quality) -> Result<String> {
    Ok(Fingerprint::of(engine.name)
        .text(&format!("{more:?} {}", quality.name()))
        .text(&format!("{:?} {:?} {:?}", engine.cargo, engine.target_features, engine.link))
        .text(include_str!("engine.rs"))
        .text(include_str!("wasm.rs"))
        .sources()?
        .files(&workspace::path("xtask/npm/package-lock.json"))?
        .finish())
}

fn build_one(engine: Engine, more: &[&str], quality: Quality, out: &Path) -> Result<()> {
    let profile = match quality {
        Quality::Quick => "quick",
        Quality::Optimised => "engine",
    };
    // A folder of its own, because builds with other flags in the same folder would rebuild everything.
    let target = workspace::cargo_target().join(format!("engine-{}", engine.name));
    let mut cargo = wasm::cargo("rustc", &format!("-C target-feature={}", engine.target_features), &target);
    cargo
        .args(["--package", "evm-lanes-core", "--lib", "--crate-type", "cdylib", "--profile", profile])
        .args(engine.cargo)
        .args(more)
        .arg("--")
        .args(engine.link.iter().flat_map(|argument| ["-C".to_owned(), format!("link-arg={argument}")]));
    if engine.shared {
        // build-std on the pinned stable toolchain: one toolchain for everything.
        cargo.env("RUSTC_BOOTSTRAP", "1");
    }
    process::run(&format!("building the engine {}", engine.name), &mut cargo)?;

    let module = target.join(wasm::TARGET).join(profile).join("evm_lanes_core.wasm");
    wasm::bindgen(&module, out, "engine", quality == Quality::Quick)?;
    let wasm = out.join("engine_bg.wasm");
    if quality == Quality::Optimised {
        wasm::optimise(&wasm, "-O3")?;
    }
    ensure_memory(&wasm, engine.shared)?;
    if engine.shared {
        use_own_pool(out)?;
    }
    Ok(())
}

/// An engine with threads must import a shared memory; the other must have a memory of its own.
fn ensure_memory(wasm: &Path, shared: bool) -> Result<()> {
    let imported = imported_memory(&process::read(wasm)?)?;
    let expected = if shared { Some(true) } else { None };
    ensure!(
        imported == expected,
        "{}: the memory is {}, expected {}. The link arguments did not reach the linker",
        wasm.display(),
        memory_in_words(imported),
        memory_in_words(expected)
    );
    Ok(())
}

/// Whether the imported memory is shared; `None` if no memory is imported.
fn imported_memory(module: &[u8]) -> Result<Option<bool>> {
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ImportSection(imports) = payload.context("not a wasm module")? {
            for import in imports.into_imports() {
                if let TypeRef::Memory(memory) = import?.ty {
                    return Ok(Some(memory.shared));
                }
            }
        }
    }
    Ok(None)
}

fn memory_in_words(imported: Option<bool>) -> &'static str {
    match imported {
        Some(true) => "imported and shared",
        Some(false) => "imported and not shared",
        None => "its own",
    }
}

/// Replaces the JavaScript half of wasm-bindgen-rayon by our own, www/engine/pool.js: with a stack size that makes
/// an overflow a clean error, reports of failures, a time limit, and without blob URLs.
fn use_own_pool(out: &Path) -> Result<()> {
    let snippets: Vec<_> = fingerprint::files_below(&out.join("snippets"))?
        .into_iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "js"))
        .collect();
    let [helper] = &snippets[..] else {
        bail!("expected one JavaScript snippet of wasm-bindgen-rayon, found {snippets:?}");
    };
    ensure!(
        helper.file_name().is_some_and(|name| name == "workerHelpers.js"),
        "{} is not a snippet that this build knows",
        helper.display()
    );
    let depth = helper.strip_prefix(out).map_or(0, |relative| relative.components().count());
    // From the snippet's folder up to the folder that holds the engine's own files.
    let up = "../".repeat(depth);
    fs::write(helper, format!("export {{ startWorkers }} from '{up}pool.js';\n"))?;

    let glue = fs::read_to_string(out.join("engine.js")).context("wasm-bindgen left no engine.js")?;
    ensure!(
        glue.contains("startWorkers"),
        "engine.js does not start a pool: the feature `threads` is missing"
    );
    ensure!(
        glue.contains("thread_stack_size"),
        "engine.js takes no thread_stack_size: wasm-bindgen saw no threads"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module that imports one memory with these limits' flags.
    fn module(flags: u8) -> Vec<u8> {
        let mut module = b"\0asm\x01\0\0\0".to_vec();
        module.extend([2, 10, 1, 1, b'e', 1, b'm', 2, flags, 1, 2]);
        module[9] = (module.len() - 10) as u8;
        module
    }

    #[test]
    fn a_shared_memory_is_told_from_a_plain_one() {
        assert_eq!(imported_memory(&module(3)).unwrap(), Some(true));
        assert_eq!(imported_memory(&module(1)).unwrap(), Some(false));
        assert_eq!(imported_memory(b"\0asm\x01\0\0\0").unwrap(), None);
        assert!(imported_memory(b"<!doctype html>").is_err());
    }
}

//! The deployable static site: the page by trunk, the engines, the catalogue, put together in `dist/`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

use crate::fingerprint::{self, Fingerprint};
use crate::{catalogue, engine, process, setup, workspace};

/// What `x build` takes.
#[derive(clap::Args, Clone, Copy, Default)]
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    pub engine: engine::Arguments,
}

/// `x build`
///
/// # Errors
/// If a part cannot be built.
pub fn run(arguments: &Arguments) -> Result<()> {
    build(arguments)?;
    let size: u64 =
        fingerprint::files_below(&dist())?.iter().filter_map(|f| Some(fs::metadata(f).ok()?.len())).sum();
    println!("{} holds the site ({:.1} MB): any static host will do", dist().display(), size as f64 / 1e6);
    println!("Lanes run on threads where it sends Cross-Origin-Opener-Policy: same-origin and");
    println!("Cross-Origin-Embedder-Policy: require-corp; elsewhere the engine without threads is used.");
    Ok(())
}

/// The folder of the site.
pub fn dist() -> PathBuf {
    workspace::path("dist")
}

/// Builds what is not current and puts the site together.
///
/// # Errors
/// If a part cannot be built.
pub fn build(arguments: &Arguments) -> Result<()> {
    catalogue::run(&catalogue::Arguments::default())?;
    engine::build(&arguments.engine)?;
    build_page()?;
    assemble()
}

fn page_folder() -> PathBuf {
    workspace::products().join("dist-page")
}

fn build_page() -> Result<()> {
    let mut fingerprint = Fingerprint::of("page");
    for input in [
        "web",
        "core/src",
        "core/Cargo.toml",
        "index.html",
        "www",
        "Cargo.toml",
        "Cargo.lock",
        "Trunk.toml",
        "rust-toolchain.toml",
    ] {
        fingerprint = fingerprint.text(input).files(&workspace::path(input))?;
    }
    fingerprint::unless_done(
        &workspace::products().join("dist-page.fingerprint"),
        &fingerprint.finish(),
        || {
            process::timed("page (cold: about 2 minutes)", || {
                // Offline, trunk keeps cargo offline too.
                process::run(
                    "cargo fetch",
                    Command::new("cargo")
                        .args(["fetch", "--locked", "--quiet"])
                        .current_dir(workspace::root()),
                )?;
                let mut trunk = Command::new(setup::TRUNK.program()?);
                trunk
                    .arg("build")
                    .current_dir(workspace::root())
                    // Other flags than the engines', so another folder.
                    .env("CARGO_TARGET_DIR", workspace::cargo_target().join("page"))
                    // Views of one type instead of one each: a twelfth less to load.
                    .env("RUSTFLAGS", "--cfg erase_components")
                    // Traces of trunk's own threads hide the compiler's message.
                    .env("RUST_BACKTRACE", "0")
                    // trunk takes NO_COLOR for a flag with a value and stops at "1".
                    .env_remove("NO_COLOR");
                let npm_tools = setup::npm("xtask/npm")?.join(".bin");
                setup::with_path(&mut trunk, &[setup::wasm_bindgen_folder()?, npm_tools])?;
                process::run("trunk build", &mut trunk)
            })
        },
    )?;
    Ok(())
}

/// Brings `dist/` to what the parts are now. Files that are as they should be are not touched, so that a server or a
/// watcher of `dist/` sees only changes.
fn assemble() -> Result<()> {
    let mut site = BTreeMap::new();
    add(&mut site, &page_folder(), "")?;
    add(&mut site, &workspace::path("www/engine"), "engine/")?;
    add(&mut site, &engine::folder(), "engine/")?;
    add(&mut site, &workspace::products().join("catalogue"), "catalogue/")?;
    site.retain(|path, _| !path.ends_with(".fingerprint") && !path.ends_with("/stamp"));

    let index = site.get_mut("index.html").context("trunk left no index.html")?;
    let html = String::from_utf8(std::mem::take(index)).context("index.html is not UTF-8")?;
    *index = with_policy(&html)?.into_bytes();

    let dist = dist();
    for file in fingerprint::files_below(&dist)? {
        let name =
            file.strip_prefix(&dist).map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
        if !site.contains_key(&name) {
            fs::remove_file(&file)?;
        }
    }
    for (name, bytes) in site {
        let file = dist.join(&name);
        if fs::read(&file).is_ok_and(|old| old == bytes) {
            continue;
        }
        fs::create_dir_all(file.parent().unwrap_or(&dist))?;
        fs::write(&file, bytes).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(())
}

fn add(site: &mut BTreeMap<String, Vec<u8>>, folder: &Path, prefix: &str) -> Result<()> {
    for file in fingerprint::files_below(folder)? {
        let name =
            file.strip_prefix(folder).map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
        site.insert(format!("{prefix}{name}"), process::read(&file)?);
    }
    Ok(())
}

/// The content security policy of a page with these inline scripts. `wasm-unsafe-eval` is what compiling
/// WebAssembly needs; nothing else of the page evaluates text.
pub fn policy(html: &str) -> String {
    let hashes: String = inline_scripts(html)
        .map(|script| format!(" 'sha256-{}'", BASE64.encode(Sha256::digest(script.as_bytes()))))
        .collect();
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{hashes}; style-src 'self'; \
         img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; font-src 'self'; \
         manifest-src 'self'; base-uri 'none'; form-action 'none'"
    )
}

/// `html` with its policy in it, for hosts that send no headers of ours.
fn with_policy(html: &str) -> Result<String> {
    ensure!(html.contains("<head>"), "index.html has no plain <head>");
    let meta = format!("<head>\n<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">", policy(html));
    Ok(html.replacen("<head>", &meta, 1))
}

/// The texts of scripts that stand in the document itself: what trunk writes to start the page's wasm.
fn inline_scripts(html: &str) -> impl Iterator<Item = &str> {
    html.split("<script").skip(1).filter_map(|rest| {
        let (attributes, rest) = rest.split_once('>')?;
        let (text, _) = rest.split_once("</script>")?;
        (!attributes.contains("src=")).then_some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_each_inline_script_by_its_hash() {
        let html = "<head><script type=\"module\">alert(1)</script><script src=\"a.js\"></script></head>";
        let policy = policy(html);
        // printf 'alert(1)' | openssl dgst -sha256 -binary | base64
        assert!(policy.contains("'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"), "{policy}");
        assert_eq!(policy.matches("sha256-").count(), 1);
        assert!(with_policy(html).unwrap().contains("<head>\n<meta http-equiv"));
    }
}

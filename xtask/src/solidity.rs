//! Solidity in the page: compilers and OpenZeppelin's sources as files of the site, from pinned npm packages.
//!
//! ```text
//! npm packages ─▶ target/solc/VERSION/solc.js, solc.wasm, LICENSE.txt    a compiler, loaded when it is asked for
//!              ├▶ target/solc/openzeppelin-VERSION.json                  path → source, with the licence
//!              ├▶ target/solc/index.json, LICENSE.txt                    what there is; the licences and sources
//!              └▶ xtask/solidity/index.json                              the same index, committed: hashes show changes
//! ```
//! The compilers are under the GPL and stay files of their own; nothing of them is compiled into page or engine. They are
//! 78 MB, and nothing else needs them: without a network a site is built without them, which `x build` says. See
//! docs/decisions/0033-compilers-are-files-of-the-site.md.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{fingerprint, page, process, setup, workspace};

/// Arguments of `cargo xtask solidity`.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Only say whether xtask/solidity/index.json is current.
    #[arg(long)]
    pub check: bool,
}

/// The compilers, oldest first: of each series of breaking changes the one that most sources accept. docs/solidity.md says
/// why these.
const COMPILERS: [&str; 5] = ["0.4.26", "0.5.16", "0.6.12", "0.7.6", "0.8.37"];

/// A package of sources that people import.
struct Library {
    /// In npm, and in imports.
    name: &'static str,
    /// In the name of its file.
    file: &'static str,
    version: &'static str,
    licence: &'static str,
    /// Where people read the source.
    source: &'static str,
}

const LIBRARIES: [Library; 2] = [
    Library {
        name: "@openzeppelin/contracts",
        file: "openzeppelin",
        version: "4.9.6",
        licence: "MIT",
        source: "https://github.com/OpenZeppelin/openzeppelin-contracts/tree/v4.9.6",
    },
    Library {
        name: "@openzeppelin/contracts",
        file: "openzeppelin",
        version: "5.7.0",
        licence: "MIT",
        source: "https://github.com/OpenZeppelin/openzeppelin-contracts/tree/v5.7.0",
    },
];

/// The licence of OpenZeppelin's contracts, whose package names but does not contain it.
const MIT: &str = include_str!("../../core/catalogue/MIT.txt");

/// What take.mjs prints of a compiler that it has started.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Taken {
    version: String,
    long: String,
    wasm: bool,
    evm_versions: Vec<String>,
}

/// Where the compilers are, once they are made.
pub fn folder() -> PathBuf {
    workspace::products().join("solc")
}

/// `cargo xtask solidity`: makes the files, unless they are there and current.
///
/// # Errors
/// If npm or Node fails, a package is not as expected, or (with `--check`) the index is out of date.
pub fn run(arguments: &Arguments) -> Result<()> {
    let here = workspace::path("xtask/solidity");
    let out = folder();
    let fingerprint = fingerprint::Fingerprint::of("solidity")
        .text(include_str!("solidity.rs"))
        .text(MIT)
        .files(&here.join("package-lock.json"))?
        .files(&here.join("take.mjs"))?
        .finish();
    let stamp = out.join("stamp");
    if !out.join("index.json").is_file() {
        // Someone has emptied the folder.
        let _ = fs::remove_file(&stamp);
    }
    let made = fingerprint::unless_done(&stamp, &fingerprint, || build(&here, &out))?;
    let index = process::read(&out.join("index.json"))?;
    let committed = here.join("index.json");
    if fs::read(&committed).is_ok_and(|bytes| bytes == index) {
        process::say(if made { "Solidity compilers: made" } else { "Solidity compilers: current" });
        return Ok(());
    }
    if arguments.check {
        bail!("xtask/solidity/index.json is out of date: run `cargo xtask solidity` and commit it");
    }
    fs::write(&committed, index).with_context(|| format!("{} cannot be written", committed.display()))?;
    process::say("Solidity compilers: made; xtask/solidity/index.json has changed");
    Ok(())
}

/// The same as a step of a build that can do without: if it fails, it says what the site lacks, and why.
///
/// # Errors
/// None, so that a build without network is a site without Solidity.
pub fn if_possible() -> Result<()> {
    if let Err(error) = run(&Arguments::default()) {
        process::say(&format!(
            "no Solidity compilers: the site is built without them, and the page cannot compile ({error:#})"
        ));
    }
    Ok(())
}

/// Adds compilers, sources and the worker to the site; nothing if there are no compilers.
///
/// # Errors
/// If a file cannot be read.
pub fn add(site: &mut page::Files) -> Result<()> {
    let out = folder();
    if !out.join("stamp").is_file() {
        return Ok(());
    }
    for folder in [out, workspace::path("www/solc")] {
        for file in fingerprint::files_below(&folder)? {
            let name = file.strip_prefix(&folder)?.to_string_lossy().into_owned();
            site.insert(format!("solc/{name}"), process::read(&file)?);
        }
    }
    // Only for Node, which takes a script for CommonJS otherwise.
    site.remove("solc/package.json");
    Ok(())
}

fn build(here: &Path, out: &Path) -> Result<()> {
    let modules = setup::npm("xtask/solidity")?;
    // Files of a version that is no longer taken would stay.
    let _ = fs::remove_dir_all(out);
    fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
    fs::write(out.join("package.json"), "{\"type\":\"module\"}\n")?;
    let taken =
        process::timed("Solidity compilers from npm, each started once", || take(here, &modules, out))?;
    let mut compilers = Vec::new();
    for (taken, expected) in taken.iter().zip(COMPILERS) {
        ensure!(taken.version == expected, "solc {expected}: take.mjs answers for {}", taken.version);
        manifest(&modules, &format!("solc-{expected}"), "solc", expected, "MIT")?;
        let names = if taken.wasm { &["solc.wasm", "solc.js"][..] } else { &["solc.js"] };
        let files =
            names.iter().map(|name| file(out, &format!("{expected}/{name}"))).collect::<Result<Vec<_>>>()?;
        compilers.push(json!({
            "version": taken.version,
            "long": taken.long,
            "licence": "GPL-3.0",
            "source": source(expected),
            "evmVersions": taken.evm_versions,
            "files": files,
        }));
    }
    ensure!(
        compilers.len() == COMPILERS.len(),
        "{} of {} compilers were taken",
        compilers.len(),
        COMPILERS.len()
    );
    let libraries = LIBRARIES.iter().map(|it| pack(it, &modules, out)).collect::<Result<Vec<_>>>()?;
    let index = json!({ "format": "evm-lanes-solc/1", "compilers": compilers, "libraries": libraries });
    fs::write(out.join("index.json"), serde_json::to_string_pretty(&index)? + "\n")?;
    fs::write(out.join("LICENSE.txt"), notice())?;
    Ok(())
}

fn take(here: &Path, modules: &Path, out: &Path) -> Result<Vec<Taken>> {
    let mut node = Command::new("node");
    node.arg(here.join("take.mjs")).arg(modules).arg(out).args(COMPILERS);
    let output = process::output("taking the compilers out of npm's packages", &mut node)?;
    serde_json::from_str(&output).context("what take.mjs says cannot be read")
}

/// The public source of a compiler.
fn source(version: &str) -> String {
    format!("https://github.com/ethereum/solidity/tree/v{version}")
}

/// A file's name, size and hash, for the index.
fn file(out: &Path, name: &str) -> Result<Value> {
    let bytes = process::read(&out.join(name))?;
    let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(json!({ "file": name, "size": bytes.len(), "sha256": hash }))
}

/// Checks that the package in `folder` is the expected one.
fn manifest(modules: &Path, folder: &str, name: &str, version: &str, licence: &str) -> Result<()> {
    let manifest: Value =
        serde_json::from_slice(&process::read(&modules.join(folder).join("package.json"))?)?;
    for (field, expected) in [("name", name), ("version", version), ("license", licence)] {
        if manifest[field] != expected {
            bail!("{folder}: expected {field} {expected}, found {}", manifest[field]);
        }
    }
    Ok(())
}

/// Writes a library's sources as one file, and returns its entry in the index.
fn pack(library: &Library, modules: &Path, out: &Path) -> Result<Value> {
    let Library { name, file: id, version, licence, source } = *library;
    let folder = format!("{id}-{version}");
    manifest(modules, &folder, name, version, licence)?;
    let root = modules.join(&folder);
    let mut sources = BTreeMap::new();
    for file in fingerprint::files_below(&root)? {
        let path = file.strip_prefix(&root)?.to_string_lossy().into_owned();
        if path.ends_with(".sol") {
            let text =
                fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
            sources.insert(path, text);
        }
    }
    ensure!(!sources.is_empty(), "{name} {version} has no Solidity sources");
    let packed = format!("{folder}.json");
    let data = json!({
        "format": "evm-lanes-sources/1",
        "name": name,
        "version": version,
        "licence": licence,
        "licenceText": MIT,
        "source": source,
        "sources": sources,
    });
    fs::write(out.join(&packed), serde_json::to_vec(&data)?)?;
    let mut entry = file(out, &packed)?;
    for (field, value) in [
        ("name", json!(name)),
        ("version", json!(version)),
        ("licence", json!(licence)),
        ("source", json!(source)),
        // So that an import can be resolved, and a missing one named, before anything is fetched.
        ("paths", json!(sources.keys().collect::<Vec<_>>())),
    ] {
        entry[field] = value;
    }
    Ok(entry)
}

/// What people must be told who are given these files.
fn notice() -> String {
    let mut text = String::from(
        "The folders beside this file hold the Solidity compiler in several versions. It is free software under the GNU\n\
         General Public License, version 3. Each folder's LICENSE.txt has the licence's text and those of the compiler's\n\
         parts, as that compiler prints them. There is no warranty.\n\
         \n\
         Source:\n",
    );
    for version in COMPILERS {
        text.push_str(&format!("  {version}  {}\n", source(version)));
    }
    text.push_str(
        "\nThe files are those of the npm packages solc@VERSION, changed only in form: the WebAssembly is a file of its own\n\
         (solc.wasm), and the rest (solc.js) is the body of one function. take.mjs in xtask/solidity of EVM Lanes does it.\n\
         EVM Lanes starts a compiler in a worker of its own and exchanges JSON with it; it contains no part of it.\n\nSources that people import:\n",
    );
    for library in &LIBRARIES {
        text.push_str(&format!(
            "  {} {}  {}  {}\n",
            library.name, library.version, library.licence, library.source
        ));
    }
    text.push_str("\nTheir licence, as in openzeppelin-VERSION.json:\n\n");
    text.push_str(MIT);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_and_compilers_are_the_same_list() {
        let manifest: Value = serde_json::from_str(
            &fs::read_to_string(workspace::path("xtask/solidity/package.json")).unwrap(),
        )
        .unwrap();
        let mut expected = BTreeMap::new();
        for version in COMPILERS {
            expected.insert(format!("solc-{version}"), json!(format!("npm:solc@{version}")));
        }
        for it in &LIBRARIES {
            expected.insert(
                format!("{}-{}", it.file, it.version),
                json!(format!("npm:{}@{}", it.name, it.version)),
            );
        }
        assert_eq!(manifest["dependencies"], json!(expected));
    }

    #[test]
    fn the_committed_index_names_each_compiler_with_its_files_and_hashes() {
        let index: Value =
            serde_json::from_str(&fs::read_to_string(workspace::path("xtask/solidity/index.json")).unwrap())
                .unwrap();
        let versions: Vec<&str> =
            index["compilers"].as_array().unwrap().iter().map(|it| it["version"].as_str().unwrap()).collect();
        assert_eq!(versions, COMPILERS);
        for file in
            index["compilers"].as_array().unwrap().iter().flat_map(|it| it["files"].as_array().unwrap())
        {
            assert_eq!(file["sha256"].as_str().unwrap().len(), 64, "{file}");
        }
        assert!(notice().contains("/ethereum/solidity/tree/v0.8.37\n"));
    }
    #[test]
    fn the_site_has_compilers_with_their_notices_and_the_worker_or_nothing() {
        let mut site = page::Files::new();
        add(&mut site).unwrap();
        if !folder().join("stamp").is_file() {
            assert!(site.is_empty());
            return;
        }
        let index: Value = serde_json::from_slice(&site["solc/index.json"]).unwrap();
        for file in
            index["compilers"].as_array().unwrap().iter().flat_map(|it| it["files"].as_array().unwrap())
        {
            let bytes = &site[&format!("solc/{}", file["file"].as_str().unwrap())];
            assert_eq!(file["size"], bytes.len(), "{file}");
        }
        for version in COMPILERS {
            let licence = String::from_utf8_lossy(&site[&format!("solc/{version}/LICENSE.txt")]).into_owned();
            assert!(licence.contains("GNU GENERAL PUBLIC LICENSE"), "{version}");
        }
        assert!(site.contains_key("solc/worker.js") && site.contains_key("solc/LICENSE.txt"));
        assert!(!site.contains_key("solc/package.json"));
    }
}

//! The deployable static site in `dist/`: the page, the engines, the catalogue.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

use crate::offline::Worker;
use crate::pages::Address;
use crate::parts::{self, Part};
use crate::quality::{self, Quality};
use crate::{embed, fingerprint, offline, page, pages, process, workspace};

/// What `x build` takes.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    build: quality::Arguments,
    /// Where the site will be, such as https://lanes.example/path/. Previews of links and oEmbed need it.
    #[arg(long)]
    address: Option<Address>,
}

/// `x build`
///
/// # Errors
/// If a part cannot be built.
pub fn run(arguments: &Arguments) -> Result<()> {
    let deployment = Deployment { worker: Worker::Keeps, address: arguments.address.clone() };
    build(arguments.build.quality(), &deployment)?;
    let size: u64 =
        fingerprint::files_below(&dist())?.iter().filter_map(|f| Some(fs::metadata(f).ok()?.len())).sum();
    println!("{} holds the site ({:.1} MB): any static host will do", dist().display(), size as f64 / 1e6);
    if arguments.address.is_none() {
        println!("Previews of links to it need its address: x build --address https://…");
    }
    println!("docs/hosting.md says which headers it should send, and what may be cached for how long.");
    Ok(())
}

/// The folder of the site.
pub fn dist() -> PathBuf {
    workspace::path("dist")
}

/// Builds what is out of date, and assembles the site.
///
/// # Errors
/// If a part cannot be built.
pub fn build(quality: Quality, deployment: &Deployment) -> Result<()> {
    parts::build(&Part::ALL, quality)?;
    assemble(&Part::ALL.map(|part| (part, quality)).into(), None, deployment)
}

/// What becomes of the site.
pub struct Deployment {
    /// The service worker that it has.
    pub worker: Worker,
    /// Where it will be, if that is known.
    pub address: Option<Address>,
}

impl Deployment {
    /// Anywhere.
    pub fn anywhere() -> Self {
        Self { worker: Worker::Keeps, address: None }
    }

    /// On this machine, while it is worked on.
    pub fn under_construction() -> Self {
        Self { worker: Worker::Leaves, address: None }
    }
}

/// The notice of a page that `x serve` shows while it still builds.
pub struct Preliminary {
    /// What is being built in the background.
    pub waiting: Vec<Part>,
    /// Whether the page stays preliminary when that is built.
    pub lasting: bool,
    /// Whether the latest build failed: nothing follows until the sources change.
    pub failed: bool,
}

impl Preliminary {
    /// Whether there is something to say now. If not, a page that was opened before may still ask.
    pub fn holds(&self) -> bool {
        self.lasting || self.failed || !self.waiting.is_empty()
    }
}

/// Updates `dist/` from the parts, each of the given quality; a part that is not given is left out. Files that are
/// current are not touched, so that a server or a watcher of `dist/` sees only changes.
///
/// With `preliminary`, the page says that its figures are preliminary as long as they are.
///
/// # Errors
/// If a file is missing or cannot be written.
pub fn assemble(
    shown: &BTreeMap<Part, Quality>,
    preliminary: Option<&Preliminary>,
    deployment: &Deployment,
) -> Result<()> {
    let page = shown.get(&Part::Page).context("there is no page to be shown")?;
    let notice = if preliminary.is_some_and(Preliminary::holds) { NOTICE } else { "" };
    let mut site = page::bundle(&page::folder(*page), notice)?;
    add(&mut site, &workspace::path("www/engine"), "engine/")?;
    for (part, folder) in [(Part::Threads, "engine/threads/"), (Part::Single, "engine/single/")] {
        if let Some(quality) = shown.get(&part) {
            add(&mut site, &part.folder(*quality), folder)?;
        }
    }
    add(&mut site, &workspace::products().join("catalogue"), "catalogue/")?;
    add(&mut site, &workspace::path("www/recorded"), "recorded/")?;
    // Its text is in index.html.
    site.remove("recorded/first.html");
    crate::lessons::add(&mut site)?;
    crate::solidity::add(&mut site)?;
    site.retain(|path, _| !path.ends_with(".fingerprint") && !path.ends_with("/stamp"));
    if let Some(Preliminary { waiting, lasting, failed }) = preliminary {
        add(&mut site, &workspace::path("www/preliminary"), "preliminary/")?;
        // It is the site's own, if anything.
        site.remove("preliminary/sw.js");
        let waiting: Vec<&str> = waiting.iter().map(|part| part.name()).collect();
        let state = serde_json::json!({ "waiting": waiting, "lasting": lasting, "failed": failed });
        site.insert("preliminary/waiting.json".into(), serde_json::to_vec(&state)?);
    }

    embed::add(&mut site)?;
    pages::add(&mut site, deployment.address.as_ref())?;
    offline::add(&mut site, deployment.worker, seal)?;

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

/// Puts the policies of the pages into them.
fn seal(site: &mut page::Files) -> Result<()> {
    for name in ["index.html", "embed.html"] {
        let page = site.get_mut(name).with_context(|| format!("the site has no {name}"))?;
        let html = String::from_utf8(std::mem::take(page)).with_context(|| format!("{name} is not UTF-8"))?;
        *page = with_policy(&html)?.into_bytes();
    }
    Ok(())
}

/// The element in which the page says that its figures are preliminary. Only `x serve` adds it.
const NOTICE: &str = "<div id=\"preliminary\" role=\"status\"></div>\
    <link rel=\"stylesheet\" href=\"./preliminary/notice.css\">\
    <script src=\"./preliminary/notice.js\"></script>";

fn add(site: &mut page::Files, folder: &Path, prefix: &str) -> Result<()> {
    for file in fingerprint::files_below(folder)? {
        let name =
            file.strip_prefix(folder).map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
        site.insert(format!("{prefix}{name}"), process::read(&file)?);
    }
    Ok(())
}

/// The content security policy of a page with these inline scripts. Compiling WebAssembly needs `wasm-unsafe-eval`;
/// nothing else in the page evaluates text. A frame with an origin of its own can start a worker only from a `blob:`; that
/// worker has the policy of the page.
pub fn policy(html: &str) -> String {
    let hashes: String = inline_scripts(html)
        .map(|script| format!(" 'sha256-{}'", BASE64.encode(Sha256::digest(script.as_bytes()))))
        .collect();
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{hashes}; style-src 'self'; \
         img-src 'self' data: blob:; connect-src 'self'; worker-src 'self' blob:; font-src 'self'; \
         manifest-src 'self'; base-uri 'none'; form-action 'none'"
    )
}

/// `html` with its policy in it, for hosts that do not send our headers.
fn with_policy(html: &str) -> Result<String> {
    ensure!(html.contains("<head>"), "index.html has no plain <head>");
    let meta = format!("<head>\n<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">", policy(html));
    Ok(html.replacen("<head>", &meta, 1))
}

/// The texts of the inline scripts, which start the page's wasm.
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

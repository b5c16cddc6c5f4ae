//! The service worker of the site: which files are of this version, and what their hashes are. `www/sw.js` is the worker,
//! `www/offline.js` the script of the page that registers it. See docs/decisions/0029-one-version-one-cache.md.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::page::{self, Files};
use crate::{process, workspace};

/// Which worker the site has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worker {
    /// The one that keeps the site.
    Keeps,
    /// One that forgets it and goes away: a site under construction must not be kept, and an earlier build may have been
    /// at the same address.
    Leaves,
}

/// The pages that register the worker.
const PAGES: [&str; 2] = ["index.html", "embed.html"];

/// The line of `www/sw.js` in whose place the list of files comes.
const PLACE: &str = "const SITE = { version: '', files: {} };";

/// Adds the worker to a site that is otherwise complete, but for the policies of its pages; `seal` puts those in.
///
/// # Errors
/// If a source is missing or is not as expected.
pub fn add(site: &mut Files, worker: Worker, seal: impl Fn(&mut Files) -> Result<()>) -> Result<()> {
    let source = |name: &str| process::read(&workspace::path("www").join(name));
    if worker == Worker::Leaves {
        site.insert("sw.js".into(), source("preliminary/sw.js")?);
        return seal(site);
    }
    let script = page::add(site, "www/offline.js")?;
    let template = String::from_utf8(source("sw.js")?).context("www/sw.js is not UTF-8")?;
    ensure!(template.matches(PLACE).count() == 1, "www/sw.js has no line {PLACE}");

    // The pages say which version they are, so it cannot be a hash of what they say.
    let version = version(site, &template);
    for name in PAGES {
        let page = site.get_mut(name).with_context(|| format!("the site has no {name}"))?;
        let html = String::from_utf8_lossy(page);
        let (before, after) =
            html.rsplit_once("</body>").with_context(|| format!("{name} has no plain </body>"))?;
        let tag = format!("<script src=\"./{script}\" data-version=\"{version}\" defer></script>\n  ");
        *page = format!("{before}{tag}</body>{after}").into_bytes();
    }
    seal(site)?;
    let files: serde_json::Map<String, serde_json::Value> = site
        .iter()
        .filter(|(name, _)| is_kept(name))
        .map(|(name, bytes)| (name.clone(), hash(bytes).into()))
        .collect();
    let list = json!({ "version": version, "files": files });
    site.insert("sw.js".into(), template.replacen(PLACE, &format!("const SITE = {list};"), 1).into_bytes());
    Ok(())
}

/// Whether a page may need the file without a network. Preview pictures and what is beside them are for other programs.
/// Compilers are ten times the rest of the site, so only who asks for one fetches it.
fn is_kept(name: &str) -> bool {
    if name.starts_with("solc/") && !["solc/worker.js", "solc/index.json"].contains(&name) {
        return false;
    }
    let is_for_others = name.starts_with("oembed/") || name.ends_with(".png") || name.ends_with(".d.ts");
    !is_for_others && name != "_headers"
}

/// One value for all that the site consists of.
fn version(site: &Files, template: &str) -> String {
    let mut all = Sha256::new();
    all.update(template);
    for (name, bytes) in site {
        all.update([0]);
        all.update(name);
        all.update([0]);
        all.update(Sha256::digest(bytes));
    }
    hex(&all.finalize())
}

/// As `www/sw.js` has it: the first 64 bits, which is enough where nobody chooses the contents.
fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(hash: &[u8]) -> String {
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Files {
        let page = b"<html><body><div id=\"app\"></div></body></html>".to_vec();
        let mut site = Files::new();
        for name in PAGES {
            site.insert(name.into(), page.clone());
        }
        site.insert("engine/worker.js".into(), b"1".to_vec());
        site.insert("recorded/one-pool.png".into(), b"2".to_vec());
        site.insert("_headers".into(), b"3".to_vec());
        site.insert("solc/0.8.37/solc.wasm".into(), b"4".to_vec());
        site
    }

    fn with_worker(mut site: Files) -> (Files, serde_json::Value) {
        add(&mut site, Worker::Keeps, |_| Ok(())).expect("a worker");
        let worker = String::from_utf8(site["sw.js"].clone()).unwrap();
        let (_, rest) = worker.split_once("const SITE = ").unwrap();
        let list = serde_json::from_str(rest.split_once(";\n").unwrap().0).expect("JSON");
        (site, list)
    }

    #[test]
    fn the_worker_lists_every_file_that_a_page_may_need_as_it_is_served() {
        let mut site = site();
        add(&mut site, Worker::Keeps, |site| {
            site.insert("index.html".into(), b"sealed".to_vec());
            Ok(())
        })
        .expect("a worker");
        let worker = String::from_utf8(site["sw.js"].clone()).unwrap();
        // printf sealed | sha256sum; printf 1 | sha256sum
        for entry in ["\"index.html\":\"c9d0036bed6744bc\"", "\"engine/worker.js\":\"6b86b273ff34fce1\""] {
            assert!(worker.contains(entry), "{entry}");
        }
        for left_out in ["one-pool.png", "_headers", "solc.wasm", "\"sw.js\""] {
            assert!(!worker.contains(left_out), "{left_out}");
        }
        assert!(site.keys().any(|name| name.starts_with("offline-") && worker.contains(name.as_str())));
    }

    #[test]
    fn pages_say_the_version_that_changes_with_any_file() {
        let (first, list) = with_worker(site());
        let version = list["version"].as_str().unwrap().to_owned();
        for name in PAGES {
            let html = String::from_utf8_lossy(&first[name]).into_owned();
            assert!(
                html.contains(&format!("data-version=\"{version}\" defer></script>\n  </body>")),
                "{html}"
            );
        }
        let mut other = site();
        other.insert("engine/worker.js".into(), b"another".to_vec());
        assert_ne!(with_worker(other).1["version"], version.as_str());
        assert_eq!(with_worker(site()).1["version"], version.as_str());
    }

    #[test]
    fn a_site_under_construction_has_a_worker_that_leaves() {
        let mut site = site();
        add(&mut site, Worker::Leaves, |_| Ok(())).expect("a worker");
        let worker = String::from_utf8_lossy(&site["sw.js"]).into_owned();
        assert!(worker.contains("unregister") && !worker.contains("respondWith"), "{worker}");
        assert!(!String::from_utf8_lossy(&site["index.html"]).contains("offline"));
    }
}

//! The page: its wasm, and the bundle around it. The bundle is what `trunk build` makes of the same index.html, which
//! `x check` compares, with one style sheet made of all. See docs/decisions/0018-the-page-is-bundled-here.md.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use crate::fingerprint::{self, Fingerprint};
use crate::quality::Quality;
use crate::{process, setup, wasm, workspace};

/// Files by their names in the site.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The binary of the page's crate, and so the name of its module.
const NAME: &str = "evm-lanes-web";

/// All views have one type instead of one each: the wasm is a twelfth smaller, and compiles faster.
const FLAGS: &str = "--cfg erase_components";

/// The folder of the page's wasm and its glue.
pub fn folder(quality: Quality) -> PathBuf {
    workspace::products().join(quality.folder_name("page-wasm"))
}

/// The fingerprint of the sources and settings of the page's wasm.
///
/// # Errors
/// If a source cannot be read.
pub fn fingerprint(quality: Quality) -> Result<String> {
    Ok(Fingerprint::of("page")
        .text(quality.name())
        .text(include_str!("page.rs"))
        .text(include_str!("wasm.rs"))
        .sources()?
        .files(&workspace::path("web"))?
        .finish())
}

/// Builds the page's wasm.
///
/// # Errors
/// If it does not compile, or a tool is missing and cannot be installed.
pub fn build(quality: Quality) -> Result<()> {
    let profile = match quality {
        Quality::Quick => "quick",
        Quality::Optimised => "page",
    };
    let target = target();
    let mut cargo = wasm::cargo("build", FLAGS, &target);
    cargo.args(["--package", NAME, "--bin", NAME, "--profile", profile]);
    process::run("building the page", &mut cargo)?;

    let out = folder(quality);
    let module = target.join(wasm::TARGET).join(profile).join(format!("{NAME}.wasm"));
    wasm::bindgen(&module, &out, NAME, false)?;
    ensure!(
        !out.join("snippets").exists(),
        "a package of the page has JavaScript of its own ({}), which the bundle has no place for yet",
        out.join("snippets").display()
    );
    if quality == Quality::Optimised {
        // The level that index.html names for trunk.
        wasm::optimise(&out.join(format!("{NAME}_bg.wasm")), "-Oz")?;
    }
    Ok(())
}

/// A folder of its own, because the flags differ from the engines'.
fn target() -> PathBuf {
    workspace::cargo_target().join("page")
}

/// The page as files, around the wasm in `folder`. `notice` comes first in the body; the first picture, which is there
/// before any wasm, has its place in it.
///
/// # Errors
/// If a file that index.html names is missing, or if index.html has an element that is not supported here.
pub fn bundle(folder: &Path, notice: &str) -> Result<Files> {
    let mut files = with_one_sheet(bundle_as_trunk(folder)?)?;
    if let Some(html) = files.get_mut("index.html") {
        let with_notice = String::from_utf8_lossy(html).replacen("<body>", &format!("<body>{notice}"), 1);
        ensure!(with_notice.contains(FIRST_PLACE), "index.html has no {FIRST_PLACE}");
        let first = fs::read_to_string(workspace::path(FIRST))
            .with_context(|| format!("{FIRST} cannot be read; `cargo xtask record` writes it"))?;
        *html = with_notice.replacen(FIRST_PLACE, first.trim_end(), 1).into_bytes();
    }
    Ok(files)
}

/// Where index.html has room for the first picture, and the file that holds it.
const FIRST_PLACE: &str = "<!-- The first picture: www/recorded/first.html -->";
const FIRST: &str = "www/recorded/first.html";

/// The same with each style sheet as a file of its own and no notice, which is what trunk makes.
fn bundle_as_trunk(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut preloads = String::new();
    let html = fs::read_to_string(workspace::path("index.html")).context("index.html cannot be read")?;
    let html = with_assets(&html, |asset| {
        let given = |name: &str| {
            asset.value(name).with_context(|| format!("index.html: {} has no {name}", asset.text))
        };
        if asset.tag == "script" {
            let name = add(&mut files, given("src")?)?;
            return Ok(format!("<script src=\"./{name}\"></script>"));
        }
        Ok(match given("rel")? {
            "icon" => format!("<link rel=\"icon\" href=\"./{}\"/>", add(&mut files, given("href")?)?),
            "css" => format!("{SHEET}{}{SHEET_END}", add(&mut files, given("href")?)?),
            "rust" => {
                let module = process::read(&folder.join(format!("{NAME}_bg.wasm")))?;
                let glue = process::read(&folder.join(format!("{NAME}.js")))?;
                // One hash for both, because glue and module must fit each other.
                let name = hashed(NAME, "", &module);
                let (js, wasm) = (format!("{name}.js"), format!("{name}_bg.wasm"));
                preloads = format!(
                    "<link rel=\"modulepreload\" href=\"./{js}\" crossorigin=\"anonymous\">\
                     <link rel=\"preload\" href=\"./{wasm}\" crossorigin=\"anonymous\" as=\"fetch\" \
                     type=\"application/wasm\">"
                );
                let script = starter(&js, &wasm);
                files.insert(js, glue);
                files.insert(wasm, module);
                script
            }
            other => bail!("index.html: links of the kind {other} are not supported (xtask/src/page.rs)"),
        })
    })?;
    ensure!(!preloads.is_empty(), "index.html names no page to start (a link with rel=\"rust\")");
    ensure!(
        html.contains("</head>") && html.contains("<body>"),
        "index.html has no plain </head> and <body>"
    );
    let html = html.replacen("</head>", &format!("{preloads}</head>"), 1);
    files.insert("index.html".into(), html.into_bytes());
    Ok(files)
}

/// A link to a style sheet, up to its file's name and behind it.
const SHEET: &str = "<link rel=\"stylesheet\" href=\"./";
const SHEET_END: &str = "\"/>";

/// `files` with one style sheet, in the place of the first, made of all of them in their order. There is a source for
/// each component, and the browser would ask for each of them before it draws anything.
fn with_one_sheet(mut files: Files) -> Result<Files> {
    let html = files.remove("index.html").context("the page has no index.html")?;
    let html = String::from_utf8(html).context("index.html is not UTF-8")?;
    let mut parts = html.split(SHEET);
    let before = parts.next().unwrap_or_default();
    let (mut sheet, mut after) = (Vec::new(), String::new());
    for part in parts {
        let (name, rest) = part.split_once(SHEET_END).context("a link to a style sheet does not end")?;
        sheet.extend(files.remove(name).with_context(|| format!("{name} is linked twice, or missing"))?);
        after.push_str(if rest.trim().is_empty() { "" } else { rest });
    }
    ensure!(!sheet.is_empty(), "index.html names no style sheet");
    let name = hashed("page", ".css", &sheet);
    files.insert("index.html".into(), format!("{before}{SHEET}{name}{SHEET_END}{after}").into_bytes());
    files.insert(name, sheet);
    Ok(files)
}

/// The script that starts the page; trunk's, so that both bundles have the same.
fn starter(js: &str, wasm: &str) -> String {
    let lines = [
        "",
        "<script type=\"module\">",
        &format!("import init, * as bindings from './{js}';"),
        &format!("const wasm = await init({{ module_or_path: './{wasm}' }});"),
        "",
        "",
        "window.wasmBindings = bindings;",
        "",
        "",
        "dispatchEvent(new CustomEvent(\"TrunkApplicationStarted\", {detail: {wasm}}));",
        "",
        "</script>",
    ];
    lines.join("\n")
}

/// Adds a file of the work tree under a name with a hash of its contents. Returns the name.
///
/// # Errors
/// If the file cannot be read.
pub fn add(files: &mut Files, source: &str) -> Result<String> {
    let path = workspace::path(source);
    let bytes = process::read(&path)?;
    let part = |part: Option<&std::ffi::OsStr>| {
        part.map(|part| part.to_string_lossy().into_owned()).unwrap_or_default()
    };
    let name = hashed(&part(path.file_stem()), &format!(".{}", part(path.extension())), &bytes);
    files.insert(name.clone(), bytes);
    Ok(name)
}

/// A file's name with a hash of its contents.
pub fn hashed(stem: &str, extension: &str, bytes: &[u8]) -> String {
    let hash: String = Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{stem}-{hash}{extension}")
}

/// An element of index.html that is marked `data-trunk`: a file to add to the bundle.
struct Asset<'a> {
    tag: &'a str,
    /// The whole start tag.
    text: &'a str,
}

impl<'a> Asset<'a> {
    /// The value of an attribute.
    fn value(&self, attribute: &str) -> Option<&'a str> {
        let (_, rest) = self.text.split_once(&format!(" {attribute}=\""))?;
        rest.split('"').next()
    }
}

/// `html` with each element that is marked `data-trunk` replaced.
fn with_assets(html: &str, mut replace: impl FnMut(&Asset) -> Result<String>) -> Result<String> {
    let mut done = String::new();
    let mut rest = html;
    while let Some(at) = rest.find(" data-trunk") {
        let start = rest[..at].rfind('<').context("index.html: data-trunk outside of a tag")?;
        let length = rest[start..].find('>').context("index.html: a tag does not end")? + 1;
        let text = &rest[start..start + length];
        let tag = text[1..].split(' ').next().unwrap_or_default();
        done.push_str(&rest[..start]);
        done.push_str(&replace(&Asset { tag, text })?);
        rest = &rest[start + length..];
        if tag == "script" {
            rest =
                rest.strip_prefix("</script>").context("index.html: a script with data-trunk has a text")?;
        }
    }
    Ok(done + rest)
}

/// Compares trunk's bundle of the page with the one made here.
///
/// # Errors
/// If trunk cannot be installed or fails, or its bundle differs in more than the hashes in its names.
pub fn check_trunk() -> Result<()> {
    let stamp = folder(Quality::Optimised).join(".fingerprint");
    fingerprint::unless_done(&stamp, &fingerprint(Quality::Optimised)?, || {
        process::timed("page, optimised", || build(Quality::Optimised))
    })?;
    // Offline, trunk keeps cargo offline too.
    process::run(
        "cargo fetch",
        Command::new("cargo").args(["fetch", "--locked", "--quiet"]).current_dir(workspace::root()),
    )?;
    let mut trunk = Command::new(setup::TRUNK.program()?);
    trunk
        .arg("build")
        .current_dir(workspace::root())
        .env("CARGO_TARGET_DIR", target())
        .env("RUSTFLAGS", FLAGS)
        // Backtraces of trunk's threads would hide the compiler's message.
        .env("RUST_BACKTRACE", "0")
        // trunk takes NO_COLOR for a flag with a value and stops at "1".
        .env_remove("NO_COLOR");
    let npm_tools = setup::npm("xtask/npm")?.join(".bin");
    setup::with_path(&mut trunk, &[setup::wasm_bindgen_folder()?, npm_tools])?;
    process::run("trunk build", &mut trunk)?;

    let made = workspace::products().join("dist-page");
    let mut theirs = Files::new();
    for file in fingerprint::files_below(&made)? {
        let name = file.strip_prefix(&made).unwrap_or(&file).to_string_lossy().into_owned();
        theirs.insert(name, process::read(&file)?);
    }
    let (ours, theirs) =
        (without_hashes(bundle_as_trunk(&folder(Quality::Optimised))?), without_hashes(theirs));
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>().join(", ");
    ensure!(names(&ours) == names(&theirs), "trunk makes {}, and we make {}", names(&theirs), names(&ours));
    for (name, bytes) in &ours {
        ensure!(theirs.get(name) == Some(bytes), "trunk's {name} differs from ours (target/dist-page)");
    }
    Ok(())
}

/// `files` without the hashes in their names and in references to them, because trunk's hashes differ.
fn without_hashes(files: Files) -> Files {
    const HASH: usize = 16;
    let hash_of = |name: &str| -> Option<String> {
        let (_, rest) = name.rsplit_once('-')?;
        let hash: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
        // A hash that begins with zeros is shorter in trunk's names.
        (hash.len() > HASH / 2 && hash.len() <= HASH).then_some(hash)
    };
    let hashes: Vec<String> = files.keys().filter_map(|name| hash_of(name)).collect();
    let without =
        |text: &str| hashes.iter().fold(text.to_owned(), |text, hash| text.replace(&format!("-{hash}"), ""));
    files
        .into_iter()
        .map(|(name, bytes)| {
            let bytes = match name.ends_with(".html") {
                true => without(&String::from_utf8_lossy(&bytes)).into_bytes(),
                false => bytes,
            };
            (without(&name), bytes)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_elements_are_replaced_and_nothing_else() {
        let html = "<head><script data-trunk src=\"a.js\"></script><link rel=\"x\">\n<link data-trunk rel=\"css\" href=\"b.css\"></head>";
        let seen = with_assets(html, |asset| {
            let place = asset.value("src").or(asset.value("href")).unwrap();
            Ok(format!("[{} {place}]", asset.tag))
        });
        assert_eq!(seen.unwrap(), "<head>[script a.js]<link rel=\"x\">\n[link b.css]</head>");
        assert!(with_assets("<script data-trunk src=\"a.js\">1</script>", |_| Ok(String::new())).is_err());
    }

    #[test]
    fn the_bundle_names_its_files_by_their_contents() {
        let folder = std::env::temp_dir().join(format!("evm-lanes-page-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{NAME}_bg.wasm")), "module").unwrap();
        fs::write(folder.join(format!("{NAME}.js")), "glue").unwrap();
        let apart = bundle_as_trunk(&folder).unwrap();
        let notice = "<link rel=\"stylesheet\" href=\"./notice.css\">";
        let files = bundle(&folder, notice).unwrap();
        fs::remove_dir_all(folder).unwrap();

        let html = String::from_utf8(files["index.html"].clone()).unwrap();
        assert!(!html.contains("data-trunk") && html.contains(&format!("<body>{notice}")), "{html}");
        assert_eq!(files.len(), 6, "{:?}", files.keys());
        // The first picture is in the page itself, where trunk's has only its place.
        assert!(html.contains("<section id=\"first\"") && html.contains("<svg"), "{html}");
        for (name, bytes) in files.iter().filter(|(name, _)| *name != "index.html") {
            assert!(html.contains(&format!("./{name}")), "{name} is not named");
            if name.starts_with("start-") {
                assert_eq!(*bytes, fs::read(workspace::path("www/start.js")).unwrap());
            }
        }
        // One sheet holds what trunk's many hold, in the order in which the page links them.
        let linked = String::from_utf8(apart["index.html"].clone()).unwrap();
        let sheets: Vec<&str> =
            linked.split(SHEET).skip(1).filter_map(|part| part.split(SHEET_END).next()).collect();
        assert!(sheets.len() > 10 && sheets[0].starts_with("tokens-"), "{sheets:?}");
        assert_eq!(html.replace(notice, "").matches(SHEET).count(), 1);
        let joined = files.iter().find(|(name, _)| name.ends_with(".css")).unwrap().1;
        assert_eq!(*joined, sheets.iter().flat_map(|name| apart[*name].clone()).collect::<Vec<u8>>());
        assert_eq!(html.split(SHEET).next(), linked.split(SHEET).next());
        let plain = without_hashes(files);
        assert!(
            plain.contains_key("evm-lanes-web_bg.wasm") && plain.contains_key("start.js"),
            "{:?}",
            plain.keys()
        );
        assert!(String::from_utf8_lossy(&plain["index.html"]).contains("src=\"./start.js\""));
    }
}

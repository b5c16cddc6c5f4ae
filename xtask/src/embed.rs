//! What other pages need to show this one in a frame: `embed.html`, which is index.html with another body and the same
//! wasm, and the element `<evm-lanes>` with its types and the schema of its messages. And the package of that element.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{page, process, workspace};

/// Files that are part of the site as they are.
const FILES: [&str; 3] = ["embed.d.ts", "embed.schema.json", "_headers"];

/// The element's script, which is part of the site without its comments: pages of others load it.
const SCRIPT: &str = "embed.js";

/// The folder of the npm package.
const PACKAGE: &str = "embed";

/// Adds the framed page and what belongs to it. `site` holds index.html, without its policy.
///
/// # Errors
/// If a file is missing, or index.html is not as expected.
pub fn add(site: &mut page::Files) -> Result<()> {
    let index = site.get("index.html").context("the page has no index.html")?;
    let html = framed(&String::from_utf8_lossy(index))?;
    site.insert("embed.html".into(), html.into_bytes());
    for name in FILES {
        site.insert(name.into(), process::read(&workspace::path("www").join(name))?);
    }
    let script = process::read(&workspace::path("www").join(SCRIPT))?;
    site.insert(SCRIPT.into(), without_comments(&String::from_utf8_lossy(&script)).into_bytes());
    Ok(())
}

/// A script without the comments that have lines of their own, but for the first ones, which say what it is; and without
/// indentation.
fn without_comments(script: &str) -> String {
    let is_comment = |line: &str| line.starts_with("//") || line.starts_with("/*") && line.ends_with("*/");
    let mut lines = script.lines().map(str::trim).peekable();
    let mut short = String::new();
    while let Some(line) = lines.next_if(|line| is_comment(line)) {
        short += &format!("{line}\n");
    }
    for line in lines.filter(|line| !line.is_empty() && !is_comment(line)) {
        short += &format!("{line}\n");
    }
    short
}

/// What stands in the frame before the page's own code, and where that does not run.
const BODY: &str = r#"<div id="app">
      <div class="framed">
        <section class="head">
          <div id="loading">
            <h1>EVM Lanes needs JavaScript and WebAssembly</h1>
            <p class="story">If nothing else appears here within a few seconds, this browser or one of the two sites does not let the page run. Allow JavaScript and WebAssembly, or use another browser.</p>
          </div>
          <p class="story"><a href="./" target="_blank" rel="noopener">Open in its own tab</a></p>
        </section>
      </div>
    </div>
  </body>
</html>
"#;

/// index.html as the framed page.
fn framed(index: &str) -> Result<String> {
    let (before, _) =
        index.split_once("<div id=\"app\">").context("index.html has no plain <div id=\"app\">")?;
    ensure!(
        before.contains("<html ") && before.contains("<head>"),
        "index.html has no plain <html …> and <head>"
    );
    let before = before.replacen("<html ", "<html data-embed=\"\" ", 1);
    // Search engines find the page, not its frame.
    let before = before.replacen("<head>", "<head>\n    <meta name=\"robots\" content=\"noindex\">", 1);
    Ok(format!("{before}{BODY}"))
}

/// Arguments of `cargo xtask embed`.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Only check what npm would pack, without writing the package.
    #[arg(long)]
    pub check: bool,
}

/// Files of the package that are made of others, and those.
const COPIES: [(&str, &str); 4] = [
    ("embed.js", "www/embed.js"),
    ("embed.d.ts", "www/embed.d.ts"),
    ("embed.schema.json", "www/embed.schema.json"),
    ("LICENSE", "LICENSE"),
];

/// Makes the npm package of the element, `embed/*.tgz`, or checks what would be in it.
///
/// # Errors
/// If npm fails, or packs something else than it should.
pub fn run(arguments: &Arguments) -> Result<()> {
    let folder = workspace::path(PACKAGE);
    for (copy, source) in COPIES {
        fs::copy(workspace::path(source), folder.join(copy))
            .with_context(|| format!("{source} cannot be copied"))?;
    }
    let mut npm = Command::new("npm");
    npm.args(["pack", "--json", "--ignore-scripts"]).current_dir(&folder);
    if arguments.check {
        npm.arg("--dry-run");
    }
    let output = npm.output().context("npm cannot be started")?;
    ensure!(output.status.success(), "npm pack failed: {}", String::from_utf8_lossy(&output.stderr));
    let packed: serde_json::Value =
        serde_json::from_slice(&output.stdout).context("npm pack gave no JSON")?;
    let files = packed[0]["files"].as_array().context("npm pack names no files")?;
    let mut names: Vec<&str> = files.iter().filter_map(|file| file["path"].as_str()).collect();
    names.sort_unstable();
    let mut expected: Vec<&str> =
        COPIES.iter().map(|(copy, _)| *copy).chain(["README.md", "package.json"]).collect();
    expected.sort_unstable();
    ensure!(names == expected, "npm packs {names:?}, and should pack {expected:?}");
    process::say(&format!(
        "embed: {} with {} files",
        packed[0]["filename"].as_str().unwrap_or_default(),
        names.len()
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_framed_page_is_the_page_with_another_body() {
        let index = fs::read_to_string(workspace::path("index.html")).unwrap();
        let html = framed(&index).unwrap();
        assert!(html.contains("<html data-embed=\"\" lang=\"en\""), "{html}");
        assert_eq!(html.matches("id=\"app\"").count(), 1);
        assert!(html.contains("id=\"loading\"") && html.trim_end().ends_with("</html>"));
        // Whatever starts the page starts it here.
        assert_eq!(html.matches("data-trunk").count(), index.matches("data-trunk").count());
        assert!(framed("<html lang=\"en\"><head></head><body></body>").is_err());
    }

    #[test]
    fn the_site_s_script_is_the_same_without_its_comments() {
        let script = fs::read_to_string(workspace::path("www/embed.js")).unwrap();
        let short = without_comments(&script);
        assert!(short.starts_with("// <evm-lanes>: "), "{short}");
        let code = |text: &str| {
            let lines = text
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && !line.starts_with("//") && !line.starts_with("/*"));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(code(&short), code(&script));
        // A comment of several lines would lose only its first and last one.
        assert!(!script.lines().any(|line| line.trim_start().starts_with("* ")));
        let lines = ["// A", "", "  /** B */", "  b('//'); // C", "  // D"];
        assert_eq!(without_comments(&lines.join("\n")), "// A\nb('//'); // C\n");
    }

    #[test]
    fn the_package_names_its_files_and_types() {
        let package = fs::read_to_string(workspace::path("embed/package.json")).unwrap();
        let package: serde_json::Value = serde_json::from_str(&package).unwrap();
        assert_eq!((&package["name"], &package["main"]), (&"evm-lanes-embed".into(), &"embed.js".into()));
        assert_eq!(package["types"], "embed.d.ts");
        let files = package["files"].as_array().unwrap();
        for (copy, source) in COPIES {
            assert!(workspace::path(source).is_file(), "{source}");
            // npm adds the licence by itself.
            assert!(copy == "LICENSE" || files.contains(&copy.into()), "{copy}");
        }
        assert!(package["dependencies"].is_null(), "the element needs nothing");
    }
}

//! Tools, installed once per user and version, only from the registries of Rust, npm and Debian.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};

use crate::{fingerprint, process, workspace};

/// A command-line tool from crates.io.
pub struct CargoTool {
    package: &'static str,
    pub version: &'static str,
    binary: &'static str,
    arguments: &'static [&'static str],
    /// The optimisation level for compiling it.
    opt_level: &'static str,
    about: &'static str,
}

/// The last trunk for Rust 1.95. rustls: no OpenSSL headers needed.
pub const TRUNK: CargoTool = CargoTool {
    package: "trunk",
    version: "0.21.14",
    binary: "trunk",
    arguments: &["--locked", "--no-default-features", "--features", "rustls"],
    // It rewrites one page and hashes six files.
    opt_level: "0",
    about: "about 4½ minutes on two cores",
};

/// Checks licences, duplicates and sources of dependencies.
pub const CARGO_DENY: CargoTool = CargoTool {
    package: "cargo-deny",
    version: "0.20.2",
    binary: "cargo-deny",
    arguments: &["--locked"],
    // It compares the licence texts of hundreds of packages.
    opt_level: "1",
    about: "about 5 minutes on two cores",
};

impl CargoTool {
    /// The tool's folder of programs, for PATH. The tool is installed first if it is missing.
    ///
    /// # Errors
    /// If the installation fails.
    pub fn folder(&self) -> Result<PathBuf> {
        let root = workspace::tools().join(format!("{}-{}", self.package, self.version));
        let folder = root.join("bin");
        if !folder.join(self.binary).is_file() {
            process::timed(
                &format!(
                    "installing {} {} into {} ({})",
                    self.package,
                    self.version,
                    root.display(),
                    self.about
                ),
                || {
                    let mut install = Command::new("cargo");
                    install
                        .args(["install", self.package, "--version", self.version, "--root"])
                        .arg(&root)
                        .args(self.arguments)
                        // Quick to compile matters more for a tool than quick to run.
                        .env("CARGO_PROFILE_RELEASE_LTO", "off")
                        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
                        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", self.opt_level)
                        // The tools want the host's own target folder, not the work tree's.
                        .env_remove("CARGO_TARGET_DIR")
                        .current_dir(std::env::temp_dir());
                    process::run(&format!("cargo install {}", self.package), &mut install)
                },
            )?;
        }
        Ok(folder)
    }

    /// The tool's program, installed if missing.
    ///
    /// # Errors
    /// If the installation fails.
    pub fn program(&self) -> Result<PathBuf> {
        Ok(self.folder()?.join(self.binary))
    }
}

/// The program that replaces the command `wasm-bindgen`. It is compiled, with this program's own packages, only when
/// something is built for the browser, so that `./x` itself starts early.
///
/// # Errors
/// If it does not compile.
pub fn wasm_bindgen() -> Result<PathBuf> {
    let program = workspace::cargo_target().join("tool/bindgen");
    if !program.is_file() {
        process::say("building wasm-bindgen from its library (cold: about 15 seconds)");
    }
    // cargo decides whether anything must be built; if not, this takes a tenth of a second.
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(workspace::root())
        .args(["build", "--quiet", "--locked", "--package", "xtask", "--bin", "bindgen"])
        .args(["--features", "bindgen", "--profile", "tool", "--target-dir"])
        .arg(workspace::cargo_target());
    process::run("building wasm-bindgen", &mut cargo)?;
    Ok(program)
}

/// A folder for PATH in which that program is called `wasm-bindgen`, as trunk calls it.
///
/// # Errors
/// If it does not compile, or cannot be linked there.
pub fn wasm_bindgen_folder() -> Result<PathBuf> {
    let program = fs::canonicalize(wasm_bindgen()?).context("the program bindgen is missing")?;
    let folder = workspace::products().join("wasm-bindgen");
    fs::create_dir_all(&folder)?;
    let link = folder.join("wasm-bindgen");
    // The target folder may have been moved.
    let _ = fs::remove_file(&link);
    std::os::unix::fs::symlink(&program, &link)
        .with_context(|| format!("{} cannot be made", link.display()))?;
    Ok(folder)
}

/// Puts folders in front of a command's PATH.
///
/// # Errors
/// If a folder's name cannot be part of PATH.
pub fn with_path(command: &mut Command, folders: &[PathBuf]) -> Result<()> {
    let old = std::env::var_os("PATH").unwrap_or_default();
    let all = folders.iter().cloned().chain(std::env::split_paths(&old));
    command.env("PATH", std::env::join_paths(all).context("a tool's folder cannot be part of PATH")?);
    Ok(())
}

/// Installs the npm packages of `folder` by its lockfile; returns `node_modules`.
///
/// # Errors
/// If Node is missing or too old, or npm fails.
pub fn npm(folder: &str) -> Result<PathBuf> {
    /// Steps that run at the same time may need the same packages.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = workspace::path(folder);
    node()?;
    let fingerprint = fingerprint::Fingerprint::of("npm ci")
        .files(&folder.join("package.json"))?
        .files(&folder.join("package-lock.json"))?
        .finish();
    let modules = folder.join("node_modules");
    let stamp = modules.join(".installed");
    fingerprint::unless_done(&stamp, &fingerprint, || {
        process::timed(&format!("npm packages of {}", folder.display()), || {
            // --ignore-scripts: no package may download anything else.
            process::run(
                "npm ci",
                Command::new("npm")
                    .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
                    .current_dir(&folder),
            )
        })
    })?;
    Ok(modules)
}

/// A browser for tests.
struct Browser {
    name: &'static str,
    /// The variable that names another one.
    variable: &'static str,
    /// The names in PATH of those that the tests can drive, the best first.
    programs: &'static [&'static str],
    /// What apt-get installs if there is none.
    packages: &'static [&'static str],
    about: &'static str,
    /// How a person installs it.
    help: &'static str,
}

const CHROMIUM: Browser = Browser {
    name: "Chromium",
    variable: "CHROMIUM",
    programs: &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    packages: &["chromium", "fonts-dejavu-core"],
    about: "about 125 MB, a minute",
    help: "Install it (Debian: `sudo apt-get install chromium`; Ubuntu, where it is a snap: `sudo snap install chromium`), \
        or name one by CHROMIUM=/path/to/chromium",
};

/// Playwright drives the installed one by WebDriver BiDi.
const FIREFOX: Browser = Browser {
    name: "Firefox",
    variable: "FIREFOX",
    programs: &["firefox-esr", "firefox"],
    packages: &["firefox-esr", "fonts-dejavu-core"],
    about: "about 75 MB, half a minute",
    help: "Install it (Debian: `sudo apt-get install firefox-esr`; Ubuntu: `sudo snap install firefox`), or name one by \
        FIREFOX=/path/to/firefox",
};

/// Chromium for tests: an installed one, else Debian's, which is then installed.
///
/// # Errors
/// If there is none and Debian's cannot be installed.
pub fn chromium() -> Result<PathBuf> {
    CHROMIUM.program()
}

/// Firefox for tests, likewise: Debian's is the ESR.
///
/// # Errors
/// If there is none and Debian's cannot be installed.
pub fn firefox() -> Result<PathBuf> {
    FIREFOX.program()
}

impl Browser {
    fn program(&self) -> Result<PathBuf> {
        let Self { name, variable, packages, about, help, .. } = self;
        if let Some(named) = std::env::var_os(variable) {
            let named = PathBuf::from(named);
            if !named.is_file() {
                bail!("{variable} names {}, which is not there", named.display());
            }
            return Ok(named);
        }
        if let Some(found) = self.find() {
            return Ok(found);
        }
        if !process::in_path("apt-get") {
            bail!("{name} is missing and there is no apt-get. {help}");
        }
        let is_root = process::output("id", Command::new("id").arg("-u"))?.trim() == "0";
        let apt = |arguments: &[&str]| {
            let mut command = if is_root {
                Command::new("apt-get")
            } else {
                // -n: waiting for a password in the middle of a test run would look like a hang.
                let mut sudo = Command::new("sudo");
                sudo.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
                sudo
            };
            command.arg("-q").args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
            command
        };
        let sudo_asks_nothing =
            || Command::new("sudo").args(["-n", "true"]).status().is_ok_and(|status| status.success());
        let may_install = is_root || process::in_path("sudo") && sudo_asks_nothing();
        if !may_install {
            bail!("{name} is missing, and only root can install it. {help}");
        }
        process::timed(&format!("installing Debian's {name} ({about})"), || {
            // This may fail because of a package source that has nothing to do with the browser. The next step decides.
            if let Err(error) = process::run("apt-get update", &mut apt(&["update"])) {
                process::say(&format!("{error:#}"));
            }
            let install = [&["install", "-y", "--no-install-recommends"], *packages].concat();
            process::run(&format!("apt-get install {}", packages.join(" ")), &mut apt(&install))
                .context(*help)
        })?;
        self.find().with_context(|| format!("{name} was installed but is not in PATH. {help}"))
    }

    fn find(&self) -> Option<PathBuf> {
        self.programs.iter().find_map(|name| process::find(name))
    }
}

/// `x setup`
///
/// # Errors
/// If something cannot be installed.
pub fn run() -> Result<()> {
    println!("{:<18} {}", "wasm-bindgen", wasm_bindgen()?.display());
    for tool in [&TRUNK, &CARGO_DENY] {
        println!("{:<18} {}", tool.binary, tool.program()?.display());
    }
    println!("{:<18} {}", "npm packages", npm("tests")?.display());
    println!("{:<18} {}", "Chromium", chromium()?.display());
    println!("{:<18} {}", "Firefox", firefox()?.display());
    Ok(())
}

fn node() -> Result<()> {
    const HELP: &str =
        "Node 20 or newer is needed (Debian: apt-get install nodejs npm, or https://nodejs.org)";
    if !process::in_path("node") || !process::in_path("npm") {
        bail!("node or npm is missing. {HELP}");
    }
    let version = process::output("node", Command::new("node").arg("--version"))?;
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|m| m.parse::<u32>().ok());
    match major {
        Some(20..) => Ok(()),
        _ => bail!("node {} is too old. {HELP}", version.trim()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The version of a package in Cargo.lock.
    fn locked_version(package: &str) -> Option<String> {
        let lock = fs::read_to_string(workspace::path("Cargo.lock")).ok()?;
        let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
        rest.split('"').next().map(str::to_owned)
    }

    #[test]
    fn every_wasm_bindgen_is_the_one_in_cargo_lock() {
        let locked = locked_version("wasm-bindgen").unwrap();
        assert_eq!(locked_version("wasm-bindgen-cli-support").unwrap(), locked);
        let line = format!("wasm_bindgen = \"{locked}\"");
        assert!(include_str!("../../Trunk.toml").contains(&line), "expected {line} in Trunk.toml");
    }
}

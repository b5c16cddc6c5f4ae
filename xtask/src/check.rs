//! `x check`: checks without tests.

use std::process::Command;

use anyhow::{Result, bail};

use crate::{catalogue, embed, models, page, process, record, schema, setup, solidity, workspace};

/// `x check`
///
/// # Errors
/// If a check fails. All checks run first; the error names those that failed.
pub fn run() -> Result<()> {
    let mut failed = Vec::new();
    let mut check = |what: &'static str, step: &dyn Fn() -> Result<()>| {
        if let Err(error) = process::timed(what, step) {
            eprintln!("x: {error:#}");
            failed.push(what);
        }
    };
    check("formatting", &|| process::run("cargo fmt", cargo("fmt").args(["--all", "--check"])));
    check("clippy, native", &|| {
        let features = "xtask/engine,xtask/schema,xtask/bindgen,evm-lanes-core/alloy,evm-lanes-evm/alloy";
        clippy(&["--workspace", "--all-targets", "--features", features])
    });
    // What no other build compiles: the library on revm's own instructions, with what one crate has of it.
    check("clippy, the library without its fast path", &|| {
        clippy(&["--package", "evm-lanes-evm", "--no-default-features", "--all-targets"])?;
        clippy(&["--package", "evm-lanes-core", "--no-default-features", "--features", "evm", "--lib"])
    });
    check("clippy, the page's wasm", &|| clippy(&["--package", "evm-lanes-web", "--target", WASM]));
    // Without `threads`, which needs a standard library of its own; its few lines are checked when it is built.
    check("clippy, the engine's wasm", &|| {
        clippy(&["--package", "evm-lanes-core", "--features", "conformance", "--target", WASM])
    });
    check("clippy, the models", &|| process::run("cargo clippy", &mut models::lints()));
    check("licences, bans, sources", &|| {
        // cargo-deny checks the packages of all platforms, but building has fetched only those of one.
        process::run(
            "cargo fetch",
            Command::new("cargo").args(["fetch", "--locked"]).current_dir(workspace::root()),
        )?;
        process::run(
            "cargo deny",
            Command::new(setup::CARGO_DENY.program()?)
                .args(["--offline", "check", "bans", "licenses", "sources"])
                .current_dir(workspace::root()),
        )
    });
    check("generated files: catalogue", &|| catalogue::run(&catalogue::Arguments { check: true }));
    check("generated files: Solidity compilers", &|| solidity::run(&solidity::Arguments { check: true }));
    check("generated files: schema", &|| schema::run(&schema::Arguments { check: true }));
    check("generated files: recorded runs", &|| record::run(&record::Arguments { check: true }));
    check("the package of the element", &|| embed::run(&embed::Arguments { check: true }));
    check("the page by trunk, compared with ours", &page::check_trunk);
    if failed.is_empty() {
        println!("every check passed");
        return Ok(());
    }
    bail!("{} of the checks failed: {}", failed.len(), failed.join("; "))
}

const WASM: &str = "wasm32-unknown-unknown";

fn cargo(command: &str) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(workspace::root()).arg(command);
    cargo
}

/// Runs clippy with warnings as errors.
fn clippy(arguments: &[&str]) -> Result<()> {
    process::run(
        "cargo clippy",
        cargo("clippy").arg("--locked").args(arguments).args(["--", "-D", "warnings"]),
    )
}

//! `cargo xtask sanitize`: finds undefined behaviour and data races with tools.
//!
//! | tool | finds | in |
//! | --- | --- | --- |
//! | Miri, Stacked Borrows and Tree Borrows | pointers that are no longer valid, memory that is freed or uninitialised, wrong alignment, data races, effects of weak memory | the allocator, the memory, the schedulers, lanes with toy transactions on threads, the interpreter loop, small programs through the whole EVM |
//! | ThreadSanitizer | data races | toys, steps that panic, programs, random blocks and real blocks on threads with every strategy; the allocator |
//! | AddressSanitizer | accesses to freed memory and outside of allocations | the interpreter loop, programs, random blocks |
//!
//! Miri interprets code, some thousand times slower than the processor, so its tests are reduced (`cfg!(miri)`). The
//! sanitizers need a standard library compiled for them, and run the usual tests.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use crate::{process, test::Count, workspace};

/// Pinned, because not every nightly has Miri, and its findings change from version to version.
const NIGHTLY: &str = "nightly-2026-10-30";
const COMPONENTS: [&str; 2] = ["miri", "rust-src"];
/// The target of the sanitizers, which need a standard library compiled for them.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// What `cargo xtask sanitize` takes.
#[derive(clap::Args)]
pub struct Arguments {
    /// Fewer seeds, tests and blocks: a few minutes once everything is compiled.
    #[arg(long)]
    quick: bool,
    /// Only these parts; may be given several times.
    #[arg(long, value_enum)]
    only: Vec<Tool>,
}

/// The tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tool {
    /// Miri with the rules of Stacked Borrows.
    Stacked,
    /// Miri with the rules of Tree Borrows.
    Tree,
    /// ThreadSanitizer.
    Threads,
    /// AddressSanitizer.
    Addresses,
}

/// A set of tests that runs under one of the tools.
struct Part {
    tool: Tool,
    name: &'static str,
    /// Cargo's arguments for the test programs: `--lib`, or `--test` and a name.
    programs: &'static [&'static str],
    /// Only tests with one of these in their names; all tests if there are none.
    filters: &'static [&'static str],
    /// Miri: how many seeds, in a full run and in a quick one. Each draws other schedules, addresses and outcomes of
    /// weak memory.
    seeds: (u32, u32),
    /// Variables for the tests, with their values in a full run and in a quick one.
    variables: &'static [(&'static str, &'static str, &'static str)],
    /// Whether it is part of a quick run.
    quick: bool,
}

/// Tests of the EVM; tests of the engine without the EVM, which is then not compiled; tests of the lanes.
const EVM: &[&str] = &["--package", "evm-lanes-evm", "--lib"];
const WITHOUT_EVM: &[&str] = &["--package", "evm-lanes-core", "--no-default-features", "--lib"];
const LANES: &[&str] = &["--package", "evm-lanes-lanes", "--lib"];

const ALLOCATOR: &[&str] = &["alloc::tests"];
// Without the statistics of the slots' hash, which need too many numbers for Miri.
const SCHEDULE: &[&str] =
    &["schedule::", "drive::", "--skip", "slot_map", "--skip", "faults", "--skip", "model_check"];
const TOYS: &[&str] = &["lanes_on_threads_end"];
const FAULTS: &[&str] = &["drive::faults"];
const LOOP: &[&str] = &["fast_path::tests"];

const fn miri(tool: Tool, name: &'static str, filters: &'static [&'static str], seeds: (u32, u32)) -> Part {
    Part { tool, name, programs: LANES, filters, seeds, variables: &[], quick: true }
}

const fn native(tool: Tool, name: &'static str, programs: &'static [&'static str]) -> Part {
    Part { tool, name, programs, filters: &[], seeds: (1, 1), variables: &[], quick: true }
}

const PARTS: &[Part] = &[
    Part { programs: WITHOUT_EVM, ..miri(Tool::Stacked, "allocator", ALLOCATOR, (4, 1)) },
    miri(Tool::Stacked, "schedulers, memory, bits", SCHEDULE, (1, 1)),
    Part {
        variables: &[("EVM_LANES_TOYS", "20", "5")],
        ..miri(Tool::Stacked, "toys on threads", TOYS, (4, 1))
    },
    Part { programs: EVM, ..miri(Tool::Stacked, "interpreter loop", LOOP, (1, 1)) },
    Part { programs: WITHOUT_EVM, ..miri(Tool::Tree, "allocator", ALLOCATOR, (4, 1)) },
    miri(Tool::Tree, "schedulers, memory, bits", SCHEDULE, (1, 1)),
    Part { variables: &[("EVM_LANES_TOYS", "20", "5")], ..miri(Tool::Tree, "toys on threads", TOYS, (4, 1)) },
    Part { programs: EVM, ..miri(Tool::Tree, "interpreter loop", LOOP, (1, 1)) },
    // Not by the rules of Stacked Borrows: bitvec, in which revm keeps jump destinations, breaks them.
    Part {
        programs: &["--package", "evm-lanes-core", "--test", "programs"],
        quick: false,
        ..miri(Tool::Tree, "programs", &[], (1, 1))
    },
    Part { filters: ALLOCATOR, ..native(Tool::Threads, "allocator", WITHOUT_EVM) },
    Part {
        filters: TOYS,
        variables: &[("EVM_LANES_TOYS", "20000", "3000")],
        ..native(Tool::Threads, "toys on threads", LANES)
    },
    Part { filters: FAULTS, ..native(Tool::Threads, "steps that panic", LANES) },
    native(Tool::Threads, "programs", &["--package", "evm-lanes-core", "--test", "programs"]),
    Part {
        variables: &[("EVM_LANES_SEEDS", "300", "25")],
        ..native(Tool::Threads, "random blocks", &["--package", "evm-lanes-core", "--test", "random_blocks"])
    },
    Part {
        filters: &["every_strategy"],
        quick: false,
        ..native(Tool::Threads, "real blocks", &["--package", "evm-lanes-core", "--test", "real_blocks"])
    },
    Part {
        quick: false,
        ..native(
            Tool::Threads,
            "real blocks on the allocator",
            &["--package", "evm-lanes-core", "--test", "allocator"],
        )
    },
    Part { filters: LOOP, ..native(Tool::Addresses, "interpreter loop", EVM) },
    native(Tool::Addresses, "programs", &["--package", "evm-lanes-core", "--test", "programs"]),
    Part {
        variables: &[("EVM_LANES_SEEDS", "300", "25")],
        quick: false,
        ..native(
            Tool::Addresses,
            "random blocks",
            &["--package", "evm-lanes-core", "--test", "random_blocks"],
        )
    },
];

/// `cargo xtask sanitize`
///
/// # Errors
/// If a tool found something, after all parts have run; if the tools cannot be installed.
pub fn run(arguments: &Arguments) -> Result<()> {
    install()?;
    let wanted = |part: &&Part| {
        (arguments.only.is_empty() || arguments.only.contains(&part.tool)) && (part.quick || !arguments.quick)
    };
    let parts: Vec<&Part> = PARTS.iter().filter(wanted).collect();
    let start = Instant::now();
    let mut rows = Vec::new();
    for (i, part) in parts.iter().enumerate() {
        process::say(&format!("{} of {}: {}, {}", i + 1, parts.len(), part.tool.name(), part.name));
        let began = Instant::now();
        let outcome = part.run(arguments.quick);
        if let Err(error) = &outcome {
            eprintln!("x: {error:#}");
        }
        rows.push((part, outcome, began.elapsed().as_secs()));
    }
    println!("\n{:<18} {:<30} {:>6} {:>7} {:>6}  ", "tool", "part", "tests", "seeds", "s");
    let mut failed = Vec::new();
    let mut total = 0;
    for (part, outcome, seconds) in &rows {
        let (passed, verdict) = match outcome {
            Ok(count) => (count.passed, "clean"),
            Err(_) => (0, "FOUND SOMETHING"),
        };
        total += passed;
        let seeds = part.seeds(arguments.quick);
        println!("{:<18} {:<30} {passed:>6} {seeds:>7} {seconds:>6}  {verdict}", part.tool.name(), part.name);
        if outcome.is_err() {
            failed.push(format!("{}, {}", part.tool.name(), part.name));
        }
    }
    println!(
        "\n{} parts, {} clean, {total} runs of tests, {:.0} s",
        rows.len(),
        rows.len() - failed.len(),
        start.elapsed().as_secs_f64()
    );
    ensure!(failed.is_empty(), "something was found: {}", failed.join("; "));
    Ok(())
}

/// Installs the nightly toolchain if it, or one of its components, is missing.
fn install() -> Result<()> {
    let installed = process::output("rustup", Command::new("rustup").args(["toolchain", "list"]))?;
    let there = installed.lines().any(|line| line.starts_with(NIGHTLY)) && {
        let components = process::output(
            "rustup",
            Command::new("rustup").args(["component", "list", "--installed", "--toolchain", NIGHTLY]),
        )?;
        COMPONENTS.iter().all(|wanted| components.lines().any(|line| line.starts_with(wanted)))
    };
    if there {
        return Ok(());
    }
    process::timed(&format!("installing {NIGHTLY} with {}", COMPONENTS.join(" and ")), || {
        let mut rustup = Command::new("rustup");
        rustup.args(["toolchain", "install", NIGHTLY, "--profile", "minimal", "--no-self-update"]);
        COMPONENTS.iter().for_each(|component| {
            rustup.args(["--component", component]);
        });
        process::run("rustup", &mut rustup)
    })
}

impl Tool {
    fn name(self) -> &'static str {
        match self {
            Self::Stacked => "Miri, stacked",
            Self::Tree => "Miri, tree",
            Self::Threads => "ThreadSanitizer",
            Self::Addresses => "AddressSanitizer",
        }
    }

    fn is_miri(self) -> bool {
        matches!(self, Self::Stacked | Self::Tree)
    }
}

impl Part {
    fn seeds(&self, quick: bool) -> u32 {
        if quick { self.seeds.1 } else { self.seeds.0 }
    }

    /// Runs the part, with its output shown; counts the tests of all seeds.
    fn run(&self, quick: bool) -> Result<Count> {
        let mut cargo = Command::new("cargo");
        cargo
            .current_dir(workspace::root())
            .env("RUSTUP_TOOLCHAIN", NIGHTLY)
            .env("EVM_LANES_DATA", workspace::data())
            // The cargo that started this program has set it, and is of another version.
            .env_remove("CARGO")
            .env_remove("RUSTC")
            .env_remove("RUSTDOC")
            .env_remove("LD_LIBRARY_PATH");
        let values = self.variables.iter().map(|(name, full, few)| (name, if quick { few } else { full }));
        let folder = if self.tool.is_miri() {
            cargo.args(["miri", "test"]).env("MIRIFLAGS", self.flags(quick));
            "miri"
        } else {
            let (flag, folder) = match self.tool {
                Tool::Threads => ("thread", "threads"),
                _ => ("address", "addresses"),
            };
            cargo
                .args(["test", "-Zbuild-std", "--target", TARGET])
                .env("RUSTFLAGS", format!("-Zsanitizer={flag}"))
                .envs(values);
            folder
        };
        cargo
            .args(["--locked", "--target-dir"])
            .arg(workspace::cargo_target().join("sanitize").join(folder))
            .args(self.programs)
            .arg("--")
            .args(self.filters);
        let mut child = cargo.stdout(Stdio::piped()).spawn().context("cargo cannot be started")?;
        let mut count = Count::default();
        for line in BufReader::new(child.stdout.take().context("cargo has no output")?).lines() {
            let line = line?;
            println!("{line}");
            count.add(crate::test::count_of(&line));
        }
        let status = child.wait()?;
        ensure!(status.success(), "{}, {}: {status}", self.tool.name(), self.name);
        ensure!(count.passed > 0, "{}, {}: no test ran", self.tool.name(), self.name);
        Ok(count)
    }

    fn flags(&self, quick: bool) -> String {
        let mut flags = vec!["-Zmiri-symbolic-alignment-check".to_owned()];
        if self.filters == ALLOCATOR {
            // The allocator never returns its chunks (its invariant 4).
            flags.push("-Zmiri-ignore-leaks".to_owned());
        }
        if self.tool == Tool::Tree {
            flags.push("-Zmiri-tree-borrows".to_owned());
        }
        let seeds = self.seeds(quick);
        if seeds > 1 {
            flags.push(format!("-Zmiri-many-seeds=0..{seeds}"));
        }
        // Programs under Miri see only these variables.
        for (name, full, few) in self.variables {
            flags.push(format!("-Zmiri-env-set={name}={}", if quick { few } else { full }));
        }
        flags.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use super::*;
    use crate::fingerprint;

    /// The number of lines with `unsafe` in each file of the engine, without comments.
    fn found() -> BTreeMap<String, usize> {
        let mut files = fingerprint::files_below(&workspace::path("core/src")).expect("the engine is there");
        files.extend(fingerprint::files_below(&workspace::path("core/evm/src")).expect("the EVM is there"));
        let mut found = BTreeMap::new();
        for file in files {
            let text = fs::read_to_string(&file).unwrap_or_default();
            let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            let count = lines
                .filter(|line| {
                    ["unsafe {", "unsafe fn", "unsafe impl"].iter().any(|word| line.contains(word))
                })
                .count();
            if count > 0 {
                let name =
                    file.strip_prefix(workspace::root()).expect("below the root").display().to_string();
                found.insert(name, count);
            }
        }
        found
    }

    #[test]
    fn docs_say_of_every_unsafe_what_checks_it() {
        let docs = fs::read_to_string(workspace::path("docs/engine.md")).expect("the docs are there");
        let mut told: BTreeMap<String, usize> = BTreeMap::new();
        for row in docs.lines().filter_map(|line| line.strip_prefix("| `core/")) {
            let mut cells = row.split('|').map(str::trim);
            let file = cells.next().and_then(|cell| cell.split('`').next()).unwrap_or_default();
            let count: usize = cells.nth(1).and_then(|cell| cell.parse().ok()).unwrap_or_default();
            *told.entry(format!("core/{file}")).or_default() += count;
        }
        assert_eq!(told, found(), "docs/engine.md, \"Undefined behaviour\": file and number of lines");
    }

    #[test]
    fn a_quick_run_has_every_tool() {
        for tool in Tool::value_variants() {
            assert!(PARTS.iter().any(|part| part.quick && part.tool == *tool), "{}", tool.name());
        }
    }
}

//! `cargo xtask bugs`: mutation tests. Each bug of the list is put into a copy of the engine, one at a time, and some
//! test must catch it.

mod list;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::{process, test::count_of, workspace};
use list::{BUGS, Bug, Check};

/// What `cargo xtask bugs` takes.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only bugs whose name contains this; may be given several times.
    #[arg(long)]
    only: Vec<String>,
    /// Only this check, on the bugs in its programs. Prints which it catches; bugs may survive.
    #[arg(long, value_enum)]
    by: Option<Check>,
    /// Schedules for the models.
    #[arg(long, default_value_t = SCHEDULES)]
    schedules: u64,
    /// Only print the list.
    #[arg(long)]
    list: bool,
}

/// The longest run of a check, because a bug may make lanes wait for ever.
const PATIENCE: Duration = Duration::from_secs(180);

/// As many schedules as `cargo xtask models` tries. Some bugs need more than the models of `./x test` try.
const SCHEDULES: u64 = 500_000;

/// How a check ended.
enum Verdict {
    Passed,
    /// The tests that failed, or how the program ended.
    Failed(String),
}

/// `cargo xtask bugs`
///
/// # Errors
/// If a bug survives every check, or the checks fail without one.
pub fn run(arguments: &Arguments) -> Result<()> {
    let wanted = |bug: &&Bug| arguments.only.iter().any(|part| bug.name.contains(part));
    let seen = |bug: &&Bug| arguments.by.is_none_or(|by| by.sees(bug));
    let bugs: Vec<&Bug> =
        BUGS.iter().filter(|bug| arguments.only.is_empty() || wanted(bug)).filter(seen).collect();
    ensure!(!bugs.is_empty(), "no bug's name contains {}", arguments.only.join(" or "));
    if arguments.list {
        bugs.iter().for_each(|bug| println!("{:<36} {} ({})", bug.name, bug.breaks, bug.file));
        return Ok(());
    }
    let start = Instant::now();
    let copy = Copy::make(arguments.schedules)?;
    // A check that fails without a bug would seem to catch every bug.
    let checks: Vec<Check> =
        Check::ALL.into_iter().filter(|check| arguments.by.is_none_or(|by| by == *check)).collect();
    for check in checks.iter().copied() {
        let passed = process::timed(&format!("no bug: {}", check.name()), || copy.check(check))?;
        if let Verdict::Failed(how) = passed {
            bail!("{} fails without any bug: {how}", check.name());
        }
    }
    let mut rows = Vec::new();
    for (i, bug) in bugs.iter().enumerate() {
        let what = format!("{} of {}: {}", i + 1, bugs.len(), bug.name);
        let began = Instant::now();
        // A bug that cannot be tried is listed with those that survive.
        let caught = process::timed(&what, || copy.try_bug(bug, &checks)).unwrap_or_else(|error| {
            eprintln!("  {error:#}");
            None
        });
        eprintln!("  {}", caught.as_deref().unwrap_or("SURVIVED"));
        rows.push((bug, caught, began.elapsed().as_secs()));
    }
    println!("\n{:<36} {:<6} caught by", "bug", "s");
    let mut layers: BTreeMap<&str, usize> = BTreeMap::new();
    for (bug, caught, seconds) in &rows {
        let by = caught.as_deref().and_then(|caught| caught.split(':').next());
        by.inspect(|by| *layers.entry(by).or_default() += 1);
        // A bug that another check than the expected one catches may be caught by chance.
        let expected = bug.caught_by.name();
        let elsewhere =
            by.filter(|by| *by != expected).map_or(String::new(), |_| format!(" (NOT BY {expected})"));
        println!("{:<36} {seconds:<6} {}{elsewhere}", bug.name, caught.as_deref().unwrap_or("SURVIVED"));
    }
    let layers: Vec<String> = layers.into_iter().map(|(by, bugs)| format!("{bugs} by {by}")).collect();
    println!("\n{}", layers.join(", "));
    let survivors: Vec<&str> =
        rows.iter().filter(|(_, caught, _)| caught.is_none()).map(|(bug, ..)| bug.name).collect();
    println!(
        "\n{} bugs, {} caught, {:.0} s",
        rows.len(),
        rows.len() - survivors.len(),
        start.elapsed().as_secs_f64()
    );
    if arguments.by.is_some() {
        return Ok(());
    }
    ensure!(survivors.is_empty(), "no test caught: {}", survivors.join(", "));
    Ok(())
}

/// A copy of the workspace that has only the engine, so that only it is compiled again.
struct Copy {
    root: PathBuf,
    products: PathBuf,
    schedules: u64,
}

impl Copy {
    fn make(schedules: u64) -> Result<Self> {
        let below = workspace::products().join("bugs");
        let copy = Self { root: below.join("workspace"), products: below, schedules };
        let _ = fs::remove_dir_all(&copy.root);
        let files = process::output(
            "git ls-files",
            Command::new("git").current_dir(workspace::root()).args([
                "ls-files",
                "--cached",
                "--others",
                "--exclude-standard",
                "core",
                "Cargo.toml",
                "Cargo.lock",
                ".cargo",
                "rust-toolchain.toml",
            ]),
        )?;
        for file in files.lines() {
            let from = workspace::path(file);
            // A file may be in git's index but deleted in the work tree.
            if from.is_file() {
                copy.write(file, &fs::read(&from)?)?;
            }
        }
        let manifest = fs::read_to_string(workspace::path("Cargo.toml"))?;
        // The page and the task runner are not copied.
        let is_left_out =
            |line: &str| ["    \"web", "    \"xtask\""].iter().any(|member| line.starts_with(member));
        let lines = manifest.lines().filter(|line| !is_left_out(line));
        copy.write("Cargo.toml", lines.flat_map(|line| [line, "\n"]).collect::<String>().as_bytes())?;
        Ok(copy)
    }

    fn write(&self, file: &str, contents: &[u8]) -> Result<()> {
        let to = self.root.join(file);
        fs::create_dir_all(to.parent().unwrap_or(&self.root))?;
        fs::write(&to, contents).with_context(|| format!("{} cannot be written", to.display()))
    }

    /// Puts the bug in, tries the check that is expected to catch it, then the others, and takes the bug out. Returns
    /// the check and the tests that caught it.
    fn try_bug(&self, bug: &Bug, checks: &[Check]) -> Result<Option<String>> {
        let correct = fs::read_to_string(self.root.join(bug.file))?;
        self.write(bug.file, bug.put_into(&correct)?.as_bytes())?;
        let mut checks: Vec<Check> = checks.iter().copied().filter(|check| check.sees(bug)).collect();
        checks.sort_by_key(|check| *check != bug.caught_by);
        let mut caught = Ok(None);
        for check in checks {
            caught = match self.check(check) {
                Ok(Verdict::Passed) => continue,
                Ok(Verdict::Failed(how)) => Ok(Some(format!("{}: {how}", check.name()))),
                Err(error) => Err(error.context(format!("the bug {}", bug.name))),
            };
            break;
        }
        self.write(bug.file, correct.as_bytes())?;
        caught
    }

    fn check(&self, check: Check) -> Result<Verdict> {
        let mut verdict = Verdict::Passed;
        for (name, program) in self.build(check)? {
            let log = self.products.join("output.txt");
            let output = File::create(&log)?;
            let mut test = Command::new(&program)
                .args(check.filter())
                .current_dir(self.root.join("core"))
                .env_remove("EVM_LANES_SEEDS")
                .env("EVM_LANES_SCHEDULES", self.schedules.to_string())
                .stdout(Stdio::from(output.try_clone()?))
                .stderr(Stdio::from(output))
                .spawn()
                .with_context(|| format!("{name} cannot be started"))?;
            let start = Instant::now();
            let status = loop {
                if let Some(status) = test.try_wait()? {
                    break Some(status);
                }
                if start.elapsed() > PATIENCE {
                    test.kill()?;
                    test.wait()?;
                    break None;
                }
                sleep(Duration::from_millis(20));
            };
            match status {
                None => verdict = Verdict::Failed(format!("not done after {} s", PATIENCE.as_secs())),
                Some(status) if !status.success() => {
                    let output = String::from_utf8_lossy(&process::read(&log)?).into_owned();
                    let failed = failed_tests(&output);
                    let how = if failed.is_empty() { format!("{status}") } else { failed.join(", ") };
                    verdict = Verdict::Failed(how);
                }
                Some(_) => {
                    let output = String::from_utf8_lossy(&process::read(&log)?).into_owned();
                    let passed: u64 = output.lines().map(|line| count_of(line).passed).sum();
                    ensure!(passed > 0, "{} ran no test, so it proves nothing", check.name());
                    continue;
                }
            }
            break;
        }
        Ok(verdict)
    }

    /// Builds the check's test programs.
    fn build(&self, check: Check) -> Result<BTreeMap<String, PathBuf>> {
        let mut cargo = Command::new("cargo");
        cargo
            .current_dir(&self.root)
            .args(["test", "--no-run", "--quiet", "--message-format=json"])
            .args(check.target())
            .arg("--target-dir")
            .env_remove("CARGO_TARGET_DIR")
            .stderr(Stdio::inherit());
        if check == Check::Models {
            // In a folder of its own, as in `models`.
            cargo.arg(self.products.join("target/shuttle")).env("RUSTFLAGS", "--cfg shuttle");
        } else {
            cargo.arg(self.products.join("target"));
        }
        let messages = cargo.output().context("cargo cannot be started")?;
        let mut programs = BTreeMap::new();
        for line in String::from_utf8_lossy(&messages.stdout).lines() {
            let message: serde_json::Value = serde_json::from_str(line)?;
            if !messages.status.success()
                && let Some(error) = message["message"]["rendered"].as_str()
            {
                eprint!("{error}");
            }
            if let Some(program) = message["executable"].as_str() {
                let name = message["target"]["name"].as_str().unwrap_or("tests");
                programs.insert(name.to_owned(), Path::new(program).to_path_buf());
            }
        }
        ensure!(messages.status.success(), "it does not compile, so it proves nothing about the tests");
        ensure!(!programs.is_empty(), "cargo built no test program for {}", check.name());
        Ok(programs)
    }
}

/// The names in lines `test NAME ... FAILED`.
fn failed_tests(output: &str) -> Vec<&str> {
    output
        .lines()
        .filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"))
        .map(|name| name.rsplit("::").next().unwrap_or(name))
        .collect()
}

impl Bug {
    /// The file's text with the bug in it.
    fn put_into(&self, correct: &str) -> Result<String> {
        let found = correct.matches(self.find).count();
        ensure!(found == 1, "the bug {}: its text is found {found} times in {}", self.name, self.file);
        Ok(correct.replace(self.find, self.replace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bug_finds_its_place_once() {
        for bug in BUGS {
            let correct = fs::read_to_string(workspace::path(bug.file)).expect("the file is there");
            let buggy = bug.put_into(&correct).expect("the place is there");
            assert_ne!(buggy, correct, "{}", bug.name);
        }
    }

    #[test]
    fn bugs_have_names_of_their_own() {
        let names: std::collections::BTreeSet<&str> = BUGS.iter().map(|bug| bug.name).collect();
        assert_eq!(names.len(), BUGS.len());
    }

    #[test]
    fn failed_tests_are_named() {
        let output = "running 2 tests\ntest a::tests::b ... ok\ntest a::tests::c ... FAILED\n";
        assert_eq!(failed_tests(output), ["c"]);
    }
}

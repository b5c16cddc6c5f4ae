//! `x record`: the recorded runs of the built-in scenarios and lessons, and the pictures made of them, in `www/recorded`;
//! and the preview pictures of lessons, in `www/lessons`. See docs/recorded-runs.md.

use anyhow::Result;

/// Arguments of `cargo xtask record`.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Only say whether the committed files are current.
    #[arg(long)]
    pub check: bool,
}

/// Writes the recorded runs.
///
/// # Errors
/// If a scenario does not run or a file cannot be written; with `--check`, if a file is out of date.
#[cfg(feature = "engine")]
pub fn run(arguments: &Arguments) -> Result<()> {
    use crate::{catalogue, process};

    catalogue::run(&catalogue::Arguments::default())?;
    let changed = engine::update(arguments.check)?;
    match (changed.is_empty(), arguments.check) {
        (true, _) => process::say("recorded runs: current"),
        (false, true) => {
            anyhow::bail!("out of date: {}. Run `cargo xtask record` and commit it", changed.join(", "))
        }
        (false, false) => process::say(&format!("recorded runs: changed {}", changed.join(", "))),
    }
    Ok(())
}

/// Starts this program again with the engine compiled in.
///
/// # Errors
/// As the other `run`.
#[cfg(not(feature = "engine"))]
pub fn run(arguments: &Arguments) -> Result<()> {
    crate::again::with_engine_as(if arguments.check { &["record", "--check"] } else { &["record"] })
}

#[cfg(feature = "engine")]
mod engine {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    use anyhow::{Context, Result, anyhow, bail, ensure};
    use evm_lanes_core::engine::Engine;
    use evm_lanes_core::messages::{Answer, Ask, Input, Reply, Report, Request};
    use evm_lanes_core::scenario::lesson;
    use evm_lanes_core::trace::Clock;
    use evm_lanes_view::model::RunModel;
    use evm_lanes_view::recorded::{self, Recipe};

    use crate::preview::{self, Press};
    use crate::simulate::engine::{ask, open, open_text};
    use crate::{fingerprint, workspace};

    /// Where the recorded runs are committed.
    const RUNS: &str = "www/recorded";
    /// Where the preview pictures of lessons are, among other files.
    const LESSONS: &str = "www/lessons";

    /// Brings both folders up to date unless they are only to be checked. Returns the files that were not current.
    pub(super) fn update(only_check: bool) -> Result<Vec<String>> {
        let press = Press::new()?;
        let mut changed = bring(RUNS, runs(&press)?, only_check, |_| true)?;
        changed.extend(bring(LESSONS, lessons(&press)?, only_check, |name| name.ends_with(".png"))?);
        Ok(changed)
    }

    /// Brings the files of a folder of which `is_ours` says so.
    fn bring(
        folder: &str,
        mut wanted: BTreeMap<String, Vec<u8>>,
        only_check: bool,
        is_ours: impl Fn(&str) -> bool,
    ) -> Result<Vec<String>> {
        let path = workspace::path(folder);
        let mut changed = Vec::new();
        for file in fingerprint::files_below(&path)? {
            let name = file.strip_prefix(&path).unwrap_or(&file).to_string_lossy().into_owned();
            match wanted.remove(&name) {
                Some(bytes) if is_current(&fs::read(&file)?, &bytes) => continue,
                Some(bytes) if !only_check => fs::write(&file, bytes)?,
                None if !is_ours(&name) => continue,
                None if !only_check => fs::remove_file(&file)?,
                _ => {}
            }
            changed.push(format!("{folder}/{name}"));
        }
        for (name, bytes) in wanted {
            if !only_check {
                let file = path.join(&name);
                fs::create_dir_all(file.parent().unwrap_or(&path))?;
                fs::write(file, bytes).with_context(|| format!("{folder}/{name}"))?;
            }
            changed.push(format!("{folder}/{name}"));
        }
        Ok(changed)
    }

    /// Whether both are the same, whatever packed them.
    fn is_current(there: &[u8], wanted: &[u8]) -> bool {
        let same_run = || Some(recorded::read(there).ok()? == recorded::read(wanted).ok()?);
        let same_lesson = || Some(recorded::read_lesson(there).ok()? == recorded::read_lesson(wanted).ok()?);
        there == wanted || preview::is_same(there, wanted) || same_run().or_else(same_lesson).unwrap_or(false)
    }

    /// Every file of the recorded runs.
    fn runs(press: &Press) -> Result<BTreeMap<String, Vec<u8>>> {
        let mut files = BTreeMap::new();
        let mut runs = Vec::new();
        for recording in recorded::all() {
            let name = recording.builtin.name;
            let (mut engine, input, _) = open(Path::new(name))?;
            let report = record(name, &mut engine, input, recording.recipe)?;
            files.insert(format!("{name}.run"), recorded::pack(&report)?);
            files.insert(format!("{name}.png"), press.run(&RunModel::new(report.clone())?)?);
            runs.push((recording, report));
        }
        let made = recorded::files(runs)?;
        files.extend(made.into_iter().map(|(name, text)| (name, text.into_bytes())));
        for builtin in lesson::builtin::ALL {
            let reports = steps(builtin)?;
            files.insert(format!("lessons/{}.run", builtin.id), recorded::pack_lesson(&reports)?);
        }
        Ok(files)
    }

    /// The preview picture of each lesson.
    fn lessons(press: &Press) -> Result<BTreeMap<String, Vec<u8>>> {
        let pictures = lesson::builtin::ALL.iter().map(|builtin| {
            let lesson =
                lesson::parse(builtin.text).map_err(|problems| anyhow!("{}: {problems:?}", builtin.id))?;
            Ok((format!("{}.png", builtin.id), press.lesson(&lesson)?))
        });
        pictures.collect()
    }

    /// What each step of a lesson begins with, run.
    fn steps(builtin: &lesson::builtin::Builtin) -> Result<Vec<Report>> {
        let lesson =
            lesson::parse(builtin.text).map_err(|problems| anyhow!("{}: {problems:?}", builtin.id))?;
        let step = |step: usize| {
            let name = format!("{}, step {}", builtin.id, step + 1);
            let start = lesson.start(step).with_context(|| format!("{name} has no scenario"))?;
            let (mut engine, input) = open_text(start.text.to_string())?;
            record(&name, &mut engine, input, recorded::of_step(&start))
        };
        (0..lesson.steps.len()).map(step).collect()
    }

    /// One run on simulated lanes.
    fn record(name: &str, engine: &mut Engine, input: Input, recipe: Recipe) -> Result<Report> {
        let Recipe { strategy, lanes, model } = recipe;
        let body = Ask::Run { input, strategy, lanes, clock: Clock::Simulated, model, list: None };
        let Reply { body: Answer::Ran { report }, .. } = ask(engine, Request { id: 1, body })? else {
            bail!("{name}: the engine did not report a run")
        };
        let difference = &report.verdict.difference;
        ensure!(difference.is_none(), "{name} is not equal to sequential execution: {difference:?}");
        ensure!(recipe.is_of(&report), "{name} did not run as it was asked to");
        Ok(recorded::normalised(*report))
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn the_recorded_runs_are_those_of_this_engine() {
            let changed = super::update(true).expect("the built-in scenarios run");
            assert!(changed.is_empty(), "cargo xtask record: {changed:?}");
        }
    }
}

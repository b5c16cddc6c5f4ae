//! Recorded runs: each built-in scenario, and what each step of the built-in lessons begins with, run on simulated lanes by
//! the native engine and kept in `www/recorded`, so that there is a picture before any engine has been loaded.
//!
//! ```text
//! cargo xtask record ── native engine ─▶ Report ─┬─ pack  ─▶ NAME.run     the run as the engine reports it
//!                                                │           lessons/ID.run     those of a lesson's steps
//!                                                └─ files ─▶ NAME.svg, index.json, first.html
//! page ── NAME.run ── read ─▶ Report ─▶ the ordinary views, marked as recorded, until this machine has run the same
//! ```
//! A simulated run is the same on every machine, so the page can run the same block and compare both traces by their hash.
//! What would differ from machine to machine is left out ([`normalised`]).

use std::fmt::Write;

use evm_lanes_core::messages::{EngineInfo, Report};
use evm_lanes_core::model::CostModel;
use evm_lanes_core::scenario::builtin::{self, Builtin};
use evm_lanes_core::scenario::lesson::Start;
use evm_lanes_core::scenario::{Document, Settings, StrategyChoice};
use evm_lanes_core::strategies::StrategyId;
use evm_lanes_core::trace::{Clock, UnpackError};
use evm_lanes_core::units::Ticks;
use evm_lanes_core::wire::{self, WireError};
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::format::shortened;
use super::model::RunModel;
use super::offline;
use super::sentence;
use super::svg::{self, Caption, SvgOptions, escape};

/// What the run on the page is, as far as recorded runs are concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Picture {
    /// This machine has run it, as the page is set.
    #[default]
    Own,
    /// A recorded run, and this machine has not run the same yet.
    Recorded,
    /// A recorded run, and this machine has run the same: both traces have the same hash.
    Confirmed,
    /// This machine's run of a block whose recorded run has another trace.
    Differs {
        /// keccak-256 of the recorded trace, `0x…`.
        recorded: String,
        /// The same of this machine's trace.
        own: String,
    },
}

impl Picture {
    /// The value of the page's attribute `data-picture`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Recorded => "recorded",
            Self::Confirmed => "confirmed",
            Self::Differs { .. } => "differs",
        }
    }

    /// What a reader must know of where the picture comes from. `None` where it is this machine's own run.
    pub fn words(&self) -> Option<&'static str> {
        match self {
            Self::Own => None,
            Self::Recorded => Some(RECORDED),
            Self::Confirmed => Some(
                "Recorded run, confirmed on this machine: it ran the same block, and both traces have the same hash.",
            ),
            Self::Differs { .. } => Some(
                "Not confirmed: the recorded run has another trace. The page shows the run of this machine.",
            ),
        }
    }

    /// The same at length, where both runs differ: what that means.
    pub fn difference(&self) -> Option<String> {
        let Self::Differs { recorded, own } = self else { return None };
        Some(format!(
            "The recorded run and the run of this machine differ. Simulated lanes give the same trace on every machine, so \
             either the recording is out of date or an engine has a bug. The page shows the run of this machine; please \
             report this. Trace hashes: recorded {recorded}, here {own}."
        ))
    }
}

const RECORDED: &str =
    "Recorded run: the native engine made it on simulated lanes. This machine has not confirmed it yet.";

/// How something is recorded: by its own settings, else by those that the page opens with. Lanes are simulated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// Who schedules, or that the engine chooses.
    pub strategy: StrategyChoice,
    /// Simulated lanes.
    pub lanes: u16,
    /// What their time is made of.
    pub model: CostModel,
}

/// The lanes of a scenario that does not say how many.
const USUAL_LANES: u16 = 4;

impl Recipe {
    fn of(settings: Settings) -> Self {
        Self {
            strategy: settings.strategy.unwrap_or(StrategyId::BLOCK_STM.into()),
            lanes: settings.lanes.unwrap_or(USUAL_LANES),
            model: CostModel {
                cost: settings.cost.unwrap_or_default(),
                seed: settings.seed.unwrap_or_default(),
            },
        }
    }

    /// Whether `report` is of a run by this recipe.
    pub fn is_of(&self, report: &Report) -> bool {
        let asked = match report.chosen {
            Some(_) => StrategyChoice::Automatic,
            None => report.strategy.into(),
        };
        let lanes = if report.strategy.is_sequential() { 1 } else { self.lanes };
        report.clock == Clock::Simulated
            && asked == self.strategy
            && report.lanes == lanes
            && report.model == self.model
    }
}

/// How a built-in scenario is recorded.
#[derive(Clone, Copy, Debug)]
pub struct Recording {
    /// The scenario.
    pub builtin: &'static Builtin,
    /// How it runs.
    pub recipe: Recipe,
}

/// How that scenario is recorded; `None` if its own settings ask for measured lanes.
pub fn recording(builtin: &'static Builtin) -> Option<Recording> {
    let document = Document::new(builtin.text);
    let settings = Settings::from(document.scenario().ok()?.run);
    if settings.clock == Some(Clock::Measured) {
        return None;
    }
    Some(Recording { builtin, recipe: Recipe::of(settings) })
}

/// How what a lesson's step begins with is recorded. Lanes of lessons are simulated, whatever the scenario says.
pub fn of_step(start: &Start) -> Recipe {
    Recipe::of(start.run.into())
}

/// Every recording, in the order of the built-in scenarios.
pub fn all() -> impl Iterator<Item = Recording> {
    builtin::ALL.iter().filter_map(recording)
}

/// A packed run is at most this long.
pub const MOST_PACKED: usize = 4 << 20;
/// And unpacks to at most this.
pub const MOST_UNPACKED: usize = 32 << 20;

/// Why bytes are no recorded run.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// They are too many.
    #[error("a recorded run has at most {} MiB", MOST_PACKED >> 20)]
    TooLong,
    /// They unpack to too many.
    #[error("a recorded run unpacks to at most {} MiB", MOST_UNPACKED >> 20)]
    TooLarge,
    /// They are not deflated.
    #[error("the recorded run is damaged: it cannot be unpacked")]
    Damaged,
    /// They are not a report of this version.
    #[error("the recorded run cannot be read: {0}")]
    Wire(#[from] WireError),
    /// The trace is damaged.
    #[error("the recorded run's trace cannot be read: {0}")]
    Trace(#[from] UnpackError),
}

/// `report` without what differs from machine to machine: the engine, and the time that preparing took.
pub fn normalised(mut report: Report) -> Report {
    report.engine = EngineInfo { threads: false, max_lanes: 1 };
    report.timing.preparing = Ticks(0);
    report
}

/// A recorded run as a file: raw DEFLATE of the report's wire bytes.
///
/// # Errors
/// As [`wire::encode`].
pub fn pack(report: &Report) -> Result<Vec<u8>, RecordingError> {
    packed(report)
}

/// The recorded runs of a lesson's steps, in their order, as a file.
///
/// # Errors
/// As [`wire::encode`].
pub fn pack_lesson(steps: &[Report]) -> Result<Vec<u8>, RecordingError> {
    packed(&steps)
}

fn packed<T: Serialize>(message: &T) -> Result<Vec<u8>, RecordingError> {
    const EFFORT: u8 = 9;
    Ok(compress_to_vec(&wire::encode(message)?, EFFORT))
}

/// Reads what [`pack`] has written.
///
/// # Errors
/// If it is anything else, or too large.
pub fn read(bytes: &[u8]) -> Result<Report, RecordingError> {
    unpacked(bytes)
}

/// Reads what [`pack_lesson`] has written.
///
/// # Errors
/// If it is anything else, or too large.
pub fn read_lesson(bytes: &[u8]) -> Result<Vec<Report>, RecordingError> {
    unpacked(bytes)
}

fn unpacked<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RecordingError> {
    if bytes.len() > MOST_PACKED {
        return Err(RecordingError::TooLong);
    }
    match decompress_to_vec_with_limit(bytes, MOST_UNPACKED) {
        Ok(bytes) => Ok(wire::decode(&bytes)?),
        Err(error) if error.status == TINFLStatus::HasMoreOutput => Err(RecordingError::TooLarge),
        Err(_) => Err(RecordingError::Damaged),
    }
}

/// A line of `index.json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    name: &'a str,
    title: &'a str,
    strategy: &'a str,
    lanes: u16,
    clock: &'a str,
    trace_hash: &'a str,
    transactions: u32,
    makespan_ticks: u64,
    speed_up: f64,
    headline: String,
}

impl<'a> Entry<'a> {
    fn new(recording: &'a Recording, model: &'a RunModel) -> Self {
        Self {
            name: recording.builtin.name,
            title: &model.report.title,
            strategy: recording.recipe.strategy.name(),
            lanes: recording.recipe.lanes,
            clock: model.report.clock.name(),
            trace_hash: &model.report.trace_hash,
            transactions: model.transactions(),
            makespan_ticks: model.trace.duration.0,
            speed_up: (model.speed_up() * 1000.0).round() / 1000.0,
            headline: sentence::headline(model),
        }
    }
}

/// The widths of the first picture, for wide windows and for phones.
const FIRST_WIDTHS: [(&str, f64); 2] = [("wide", 1060.0), ("narrow", 366.0)];

/// What goes into the page itself: the headline and the lanes of the scenario that it opens with.
fn first(model: &RunModel) -> String {
    let story = offline::story(model);
    let mut out = format!(
        "<section id=\"first\" aria-label=\"A recorded run\"><div class=\"head\"><div class=\"told\"><h2>{}</h2>\
         <p class=\"recorded\">{RECORDED}</p><p class=\"story\">{}</p></div></div><div class=\"panel picture\">",
        escape(&sentence::headline(model)),
        story.trim_end(),
    );
    for (class, width) in FIRST_WIDTHS {
        let _ = write!(out, "<div class=\"{class}\">{}</div>", svg::inline(model, width, class));
    }
    out.push_str("</div></section>\n");
    out
}

/// The words below a picture of a run: what ran, by whom, how its times came about, its trace's hash. `link` leads to it;
/// empty: none.
pub fn caption(model: &RunModel, picture: &Picture, link: &str) -> Caption {
    let report = &model.report;
    let recorded = if *picture == Picture::Recorded { "Recorded run, " } else { "" };
    let what = format!(
        "{}: {}. {recorded}{}, {}, trace {}.",
        report.title,
        sentence::headline(model),
        sentence::scheduled_by(model),
        sentence::taken(model),
        shortened(&report.trace_hash)
    );
    Caption { what, link: link.to_owned() }
}

/// Every file that is made of the recorded runs, by its name in `www/recorded`.
///
/// # Errors
/// If a trace cannot be read.
pub fn files(runs: Vec<(Recording, Report)>) -> Result<Vec<(String, String)>, RecordingError> {
    let mut files = Vec::new();
    let mut lines = Vec::new();
    for (recording, report) in runs {
        let model = RunModel::new(report)?;
        let name = recording.builtin.name;
        let options =
            SvgOptions { caption: Some(caption(&model, &Picture::Recorded, "")), ..SvgOptions::default() };
        files.push((format!("{name}.svg"), svg::lanes(&model, &options) + "\n"));
        if name == builtin::DEFAULT {
            files.push(("first.html".to_owned(), first(&model)));
        }
        // A line each, so that a change of one run is a change of one line.
        let entry = serde_json::to_string(&Entry::new(&recording, &model)).unwrap_or_default();
        lines.push(format!("  {entry}"));
    }
    files.push(("index.json".to_owned(), format!("[\n{}\n]\n", lines.join(",\n"))));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use evm_lanes_core::scenario::lesson;

    use super::*;
    use crate::sample;

    fn folder() -> PathBuf {
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../www/recorded"))
    }

    #[test]
    fn a_run_comes_out_of_its_file_as_it_went_in() {
        let report = normalised(sample::pool_report());
        assert_eq!(read(&pack(&report).unwrap()).unwrap(), report);
    }

    #[test]
    fn damaged_files_are_errors() {
        let bytes = pack(&sample::pool_report()).unwrap();
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "{end} bytes of {}", bytes.len());
        }
        assert!(matches!(read(b"<!doctype html><title>Not found</title>"), Err(RecordingError::Damaged)));
        assert!(matches!(read(&vec![0; MOST_PACKED + 1]), Err(RecordingError::TooLong)));
        let bomb = compress_to_vec(&vec![0; MOST_UNPACKED + 1], 1);
        assert!(matches!(read(&bomb), Err(RecordingError::TooLarge)));
        let other = compress_to_vec(b"\x05hello and more", 1);
        assert!(matches!(read(&other), Err(RecordingError::Wire(_))));
    }

    #[test]
    fn what_is_of_one_machine_only_is_left_out() {
        let mut report = sample::pool_report();
        (report.engine, report.timing.preparing) = (EngineInfo { threads: true, max_lanes: 96 }, Ticks(7));
        assert_eq!(normalised(report), normalised(sample::pool_report()));
    }

    #[test]
    fn every_built_in_scenario_has_a_recorded_run_with_its_own_settings() {
        assert_eq!(all().count(), builtin::ALL.len());
        for recording in all() {
            let name = recording.builtin.name;
            let bytes = fs::read(folder().join(format!("{name}.run"))).expect("cargo xtask record writes it");
            let report = read(&bytes).unwrap_or_else(|error| panic!("{name}: {error}; cargo xtask record"));
            assert!(
                recording.recipe.is_of(&report),
                "{name} was recorded with other settings: cargo xtask record"
            );
            assert_eq!(report, normalised(report.clone()), "{name}");
            assert_eq!(report.verdict.difference, None, "{name}");
        }
    }

    #[test]
    fn every_step_of_the_built_in_lessons_has_a_recorded_run() {
        for builtin in lesson::builtin::ALL {
            let id = builtin.id;
            let bytes =
                fs::read(folder().join(format!("lessons/{id}.run"))).expect("cargo xtask record writes it");
            let reports =
                read_lesson(&bytes).unwrap_or_else(|error| panic!("{id}: {error}; cargo xtask record"));
            let lesson = lesson::parse(builtin.text).expect("a lesson");
            assert_eq!(reports.len(), lesson.steps.len(), "{id}: cargo xtask record");
            for (step, report) in reports.into_iter().enumerate() {
                let start = lesson.start(step).expect("a step");
                assert!(of_step(&start).is_of(&report), "{id}, step {step}: cargo xtask record");
                assert_eq!(report, normalised(report.clone()), "{id}, step {step}");
                assert_eq!(report.verdict.difference, None, "{id}, step {step}");
            }
        }
    }

    #[test]
    fn pictures_and_list_are_those_of_the_recorded_runs() {
        let runs = all().map(|recording| {
            let file = folder().join(format!("{}.run", recording.builtin.name));
            (recording, read(&fs::read(file).expect("a recorded run")).expect("a recorded run"))
        });
        let files = files(runs.collect()).expect("the runs can be read");
        assert_eq!(files.len(), builtin::ALL.len() + 2);
        for (name, text) in files {
            let there = fs::read_to_string(folder().join(&name)).unwrap_or_default();
            assert!(there == text, "www/recorded/{name} is out of date: cargo xtask record");
        }
    }

    #[test]
    fn nothing_recorded_is_called_measured() {
        for entry in fs::read_dir(folder()).expect("www/recorded") {
            let path = entry.expect("a file").path();
            if let Ok(text) = fs::read_to_string(&path) {
                assert!(!text.to_lowercase().contains("measured"), "{}", path.display());
            }
        }
    }

    #[test]
    fn a_difference_names_both_hashes() {
        let picture = Picture::Differs { recorded: "0xaa".into(), own: "0xbb".into() };
        let said = picture.difference().unwrap();
        assert!(said.contains("recorded 0xaa") && said.contains("here 0xbb"), "{said}");
        assert_eq!(Picture::Recorded.difference(), None);
    }

    #[test]
    fn a_part_of_the_page_needs_no_style_of_its_own() {
        let html = first(&sample::pool());
        assert!(!html.contains("style") && !html.contains("<script"), "{html}");
        let document = roxmltree::Document::parse(&html).unwrap();
        // Two pictures in one page: no id may be there twice.
        let mut ids: Vec<&str> = document.descendants().filter_map(|node| node.attribute("id")).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
        for node in document.descendants() {
            if let Some(id) = node.attribute("fill").and_then(|fill| fill.strip_prefix("url(#")) {
                assert!(ids.contains(&id.trim_end_matches(')')), "{id}");
            }
        }
    }
}

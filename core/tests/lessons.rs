//! Lessons say what is true: each step is run, its answer, and its mistakes.
//!
//! Lessons are read from their files, so that a lesson can be tried without compiling anything:
//! `EVM_LANES_LESSON=FILE cargo test -p evm-lanes-core --test lessons -- --nocapture` prints every figure of its runs.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use evm_lanes_core::cancel::CancelFlag;
use evm_lanes_core::engine::Engine;
use evm_lanes_core::goal::{Figures, hint_for};
use evm_lanes_core::messages::{Answer, Ask, Input, Report, Request};
use evm_lanes_core::model::CostModel;
use evm_lanes_core::scenario::lesson::number::{self, Number, Target};
use evm_lanes_core::scenario::lesson::{self, Figure, Lesson, Name, Start, Step, edit};
use evm_lanes_core::scenario::{RunSettings, Settings};
use evm_lanes_core::strategies::StrategyId;
use evm_lanes_core::trace::Clock;

fn engine() -> Engine {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/catalogue");
    let read = |name: &str| {
        std::fs::read_to_string(folder.join(name))
            .unwrap_or_else(|e| panic!("{name}: {e}; `cargo xtask catalogue` makes it"))
    };
    let mut engine = Engine::new(None);
    engine.load_catalogue(&[&read("mit.json"), &read("gpl.json")]).expect("the catalogue can be read");
    engine
}

fn lessons() -> Vec<(String, Lesson)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("document/lessons");
    let mut files: Vec<PathBuf> = match std::env::var_os("EVM_LANES_LESSON") {
        Some(file) => vec![file.into()],
        None => std::fs::read_dir(folder)
            .expect("the lessons")
            .map(|entry| entry.expect("a file").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .collect(),
    };
    files.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let lesson = lesson::parse(&text).unwrap_or_else(|problems| {
            let said: Vec<String> = problems
                .iter()
                .map(|p| format!("{}: {p}", p.position.map_or(0, |position| position.line)))
                .collect();
            panic!("{name}:\n{}", said.join("\n"))
        });
        (name, lesson)
    };
    files.into_iter().map(read).collect()
}

/// The run of what a step begins with, as the page makes it.
fn run(engine: &mut Engine, start: &Start, what: &str) -> Report {
    let settings = Settings::from(start.run);
    let request = Request {
        id: 1,
        body: Ask::Run {
            input: Input::Scenario(start.text.to_string()),
            strategy: settings.strategy.unwrap_or(StrategyId::BLOCK_STM.into()),
            lanes: settings.lanes.unwrap_or(4),
            clock: Clock::Simulated,
            model: CostModel {
                cost: settings.cost.unwrap_or_default(),
                seed: settings.seed.unwrap_or_default(),
            },
            list: None,
        },
    };
    let mut closing = None;
    engine.handle(request, &CancelFlag::new(), &mut |reply| closing = Some(reply.body));
    match closing {
        Some(Answer::Ran { report }) => *report,
        other => panic!("{what}: {other:?}"),
    }
}

/// How much a start differs from another one, as the page counts it: each value, the strategy, the number of lanes.
fn changes(from: &Start, to: &Start) -> usize {
    let differs = |of: fn(&RunSettings) -> Option<String>| usize::from(of(&from.run) != of(&to.run));
    edit::differences(&from.text, &to.text).expect("scenarios")
        + differs(|run| run.strategy.map(|strategy| strategy.name().to_owned()))
        + differs(|run| run.lanes.map(|lanes| lanes.to_string()))
}

fn dump(what: &str, figures: &Figures, report: &Report) {
    let figure = |figure: &Figure| format!("{} {}", figure.name(), figures.written(*figure));
    let all: Vec<String> = Figure::ALL.iter().map(figure).collect();
    eprintln!("{what}: {}, {}", report.strategy.name(), all.join(", "));
    for hot in report.analysis.hot.iter().take(4) {
        eprintln!("    {} {hot:?}", report.location_names[hot.location.index()].name);
    }
}

#[test]
fn every_goal_is_open_at_the_start_and_met_by_its_answer_and_every_mistake_gets_its_hint() {
    let mut engine = engine();
    let is_shown =
        std::env::var_os("EVM_LANES_LESSON").is_some() || std::env::var_os("EVM_LANES_SHOW").is_some();
    let mut wrong = Vec::new();
    let mut lessons_seen: HashMap<String, usize> = HashMap::new();
    for (name, lesson) in lessons() {
        *lessons_seen.entry(lesson.id.clone()).or_default() += 1;
        for (i, step) in lesson.steps.iter().enumerate() {
            let what = format!("{name}, step {}", i + 1);
            let start = lesson.start(i).expect("a step");
            let report = run(&mut engine, &start, &what);
            let figures = Figures::of(&report, Some(0));
            let mut check = |said: bool, problem: String| {
                if !said {
                    wrong.push(format!("{what}: {problem}"));
                }
            };
            if is_shown {
                dump(&what, &figures, &report);
            }
            check(report.verdict.difference.is_none(), "differs from sequential execution".into());
            if let Some(facts) = &step.facts {
                let false_ones = figures.judge(facts).into_iter().filter(|judged| !judged.is_met);
                false_ones.for_each(|judged| check(false, format!("not true: {}", judged.sentence)));
            }
            if let Some(figure) = step.question.as_ref().and_then(|question| question.figure) {
                check(figures.number(figure).is_some(), format!("there is no {}", figure.name()));
            }
            let Some(goal) = &step.goal else { continue };
            check(!figures.holds(goal), "the goal is met at the start".into());
            let answer = step.answer.as_ref().expect("every goal has an answer");
            let to = lesson.changed(i, &answer.set, answer.run).expect("an answer");
            let report = run(&mut engine, &to, &what);
            let figures = Figures::of(&report, Some(changes(&start, &to)));
            if is_shown {
                dump("    the answer", &figures, &report);
            }
            let facts = answer.facts.iter().flat_map(|facts| figures.judge(facts));
            for judged in figures.judge(goal).into_iter().chain(facts).filter(|judged| !judged.is_met) {
                check(false, format!("the answer: {}", judged.sentence));
            }
            check(
                hint_for(&step.hints, &figures).is_none() || figures.holds(goal),
                "a hint for the answer".into(),
            );
            check(!step.mistakes.is_empty(), "no mistake is tried".into());
            for (m, mistake) in step.mistakes.iter().enumerate() {
                let to = lesson.changed(i, &mistake.set, mistake.run).expect("a mistake");
                let report = run(&mut engine, &to, &what);
                let figures = Figures::of(&report, Some(changes(&start, &to)));
                if is_shown {
                    dump(&format!("    mistake {m}"), &figures, &report);
                }
                check(!figures.holds(goal), format!("mistake {m} meets the goal"));
                let hint = hint_for(&step.hints, &figures);
                check(hint == Some(mistake.hint as usize), format!("mistake {m} gets hint {hint:?}"));
            }
        }
    }
    assert!(lessons_seen.values().all(|times| *times == 1), "an id twice: {lessons_seen:?}");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A step's start with one of its numbers dragged to `value`.
fn dragged(start: &Start, number: &Number, value: u64) -> Start {
    let mut start = Start { builtin: None, ..start.clone() };
    match &number.target {
        Target::Lanes => start.run.lanes = Some(value as u16),
        Target::Seed => start.run.seed = Some(value),
        Target::Value(pointer) => {
            start.text = number::with_value(&start.text, pointer, value).expect("a value").into();
        }
    }
    start
}

/// The numbers of a step's texts, in order.
fn numbers(step: &Step) -> Vec<Number> {
    let texts = [&step.text, &step.explanation];
    texts.into_iter().flat_map(|text| number::all(text)).map(|number| number.expect("a number")).collect()
}

#[test]
fn every_number_can_be_dragged_to_both_its_bounds_and_changes_the_run() {
    let mut engine = engine();
    let mut with_numbers = 0;
    for (name, lesson) in lessons() {
        let mut has_some = false;
        for (i, step) in lesson.steps.iter().enumerate() {
            let start = lesson.start(i).expect("a step");
            for number in numbers(step) {
                let label = number.label(number.value);
                let makespans = [number.low, number.value, number.high].map(|value| {
                    let what = format!("{name}, step {}, {}", i + 1, number.label(value));
                    let report = run(&mut engine, &dragged(&start, &number, value), &what);
                    assert!(report.verdict.difference.is_none(), "{what} differs from sequential execution");
                    Figures::of(&report, None).number(Figure::Makespan)
                });
                assert!(makespans.iter().all(Option::is_some));
                assert_ne!(makespans[0], makespans[2], "{name}, step {}: {label} changes nothing", i + 1);
                has_some = true;
            }
        }
        with_numbers += usize::from(has_some);
    }
    assert!(
        std::env::var_os("EVM_LANES_LESSON").is_some() || with_numbers >= 3,
        "{with_numbers} lessons have numbers"
    );
}

/// What texts say of numbers that are dragged.
#[test]
fn what_is_said_of_dragging_is_true() {
    if std::env::var_os("EVM_LANES_LESSON").is_some() {
        return;
    }
    let mut engine = engine();
    let lessons = lessons();
    let find =
        |id: &str| lessons.iter().map(|(_, lesson)| lesson).find(|lesson| lesson.id == id).expect("a lesson");
    let mut figure = |lesson: &Lesson, i: usize, unit: &str, value: u64, figure: Figure| {
        let start = lesson.start(i).expect("a step");
        let number =
            numbers(&lesson.steps[i]).into_iter().find(|number| number.name() == unit).expect("a number");
        let report = run(&mut engine, &dragged(&start, &number, value), unit);
        Figures::of(&report, None).number(figure).expect("a figure")
    };
    // "The speed-up is at most {pathLimit}": it follows the parts.
    let amdahl = find("critical-path");
    let limits = [1, 8, 16].map(|mints| figure(amdahl, 0, "mints", mints, Figure::PathLimit));
    assert!(limits[0] > limits[1] && limits[1] > limits[2], "{limits:?}");
    let limits = [4, 16].map(|payments| figure(amdahl, 0, "payments", payments, Figure::PathLimit));
    assert!(limits[0] < limits[1], "{limits:?}");
    // "See how few lanes are enough."
    let speed_ups = [1, 8, 128].map(|lanes| figure(amdahl, 1, "lanes", lanes, Figure::SpeedUp));
    assert!(speed_ups[0] < 1.1 && (speed_ups[1] / speed_ups[2] - 1.0).abs() < 0.05, "{speed_ups:?}");
    // "With many lanes the block still takes as long as its longest chain. With fewer rewards that chain is shorter."
    let peak = find("peak-hour");
    let [makespan, path] = [Figure::Makespan, Figure::PathTicks].map(|of| figure(peak, 0, "lanes", 16, of));
    assert!(makespan >= path && makespan < 1.1 * path, "{makespan} and {path}");
    let paths = [6, 11, 12].map(|rewards| figure(peak, 0, "rewards", rewards, Figure::PathTicks));
    assert!(paths[0] < paths[1] && paths[1] < paths[2], "{paths:?}");
}

/// What placeholders stand for is known of every run that a text is shown with.
#[test]
fn every_placeholder_has_a_figure() {
    for (name, lesson) in lessons() {
        for step in &lesson.steps {
            let texts = step.hints.iter().map(|hint| &hint.text).chain([&step.text, &step.explanation]);
            let choices =
                step.question.iter().flat_map(|question| &question.choices).map(|choice| &choice.reply);
            for text in texts.chain(choices) {
                for (_, named) in lesson::Written::split(text) {
                    assert!(!matches!(named, Some(Err(_))), "{name}: {named:?}");
                }
            }
        }
    }
    assert_eq!(Name::ALL.len(), 2, "a new name needs a figure in core/src/goal.rs");
}

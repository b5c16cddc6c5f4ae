//! Whether a run meets a lesson's goal: figures of a report, and predicates on them.
//!
//! ```text
//! Report ─▶ Figures ─┬─ holds(goal)      whether it is met
//!                    ├─ judge(goal)      a sentence for each comparison, with the figure as it is now
//!                    └─ fill(text)       placeholders of a text, as figures
//! ```
//! Pure, and from the report alone, so that the page can judge a run without an engine. The language of predicates is
//! `core/document/src/lesson/goal.rs`.

use document::lesson::{Comparison, Figure, Goal, Hint, Kind, Name, Test, Written};

use crate::messages::Report;
use crate::model::Cost;
use crate::strategies::StrategyId;
use crate::trace::Clock;
use crate::units::Ticks;

/// The figures of a run that goals compare.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// One for each of [`Figure::ALL`]; `None` where the run has no such figure.
    numbers: Vec<Option<f64>>,
    strategy: &'static str,
    hottest: String,
    /// The unit of its ticks.
    unit: &'static str,
}

/// A comparison of a goal, said of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// `the speed-up is at least 3.5 (now 2.1)`
    pub sentence: String,
    /// Whether it holds.
    pub is_met: bool,
}

impl Figures {
    /// The figures of the run that `report` is of. `changes`: how much the scenario and its settings differ from the start
    /// of the lesson's step, if that is known.
    pub fn of(report: &Report, changes: Option<usize>) -> Self {
        let analysis = &report.analysis;
        let timing = &report.timing;
        let transactions = report.transactions.len() as f64;
        let refused = report.transactions.iter().filter(|tx| tx.status.starts_with("invalid")).count() as f64;
        let failed = report.transactions.iter().filter(|tx| !tx.success).count() as f64;
        let (makespan, sequential) = (timing.parallel_median.as_f64(), timing.sequential_median.as_f64());
        let path: u64 = analysis
            .critical_path
            .iter()
            .filter_map(|tx| report.transactions.get(tx.index()))
            .map(|tx| tx.sequential_time.0)
            .sum();
        let hottest = analysis.hot.first();
        let edges = analysis.edges.len() as f64;
        let over = |a: f64, b: f64| (b > 0.0).then_some(a / b);
        let number = |figure: &Figure| match figure {
            Figure::Makespan => Some(makespan),
            Figure::Sequential => Some(sequential),
            Figure::SpeedUp => over(sequential, makespan),
            Figure::PathLimit => Some(analysis.limits.path),
            Figure::WorkLimit => Some(analysis.limits.work),
            Figure::PathTicks => Some(Ticks(path).as_f64()),
            Figure::PathTransactions => Some(analysis.critical_path.len() as f64),
            Figure::Waves => Some(analysis.waves.iter().max().map_or(0.0, |last| f64::from(*last) + 1.0)),
            Figure::Dependencies => Some(edges),
            Figure::Attempts => Some(transactions + f64::from(analysis.aborts)),
            Figure::Failed => Some(f64::from(analysis.aborts)),
            Figure::Wasted => Some(analysis.wasted),
            Figure::Utilisation => Some(analysis.busy),
            Figure::HottestShare => {
                hottest.map_or(Some(0.0), |hot| over(f64::from(hot.edges).min(edges), edges))
            }
            Figure::Transactions => Some(transactions),
            Figure::Included => Some(transactions - refused),
            Figure::Refused => Some(refused),
            Figure::Reverted => Some(failed - refused),
            Figure::Gas => Some(report.verdict.gas_used.0 as f64),
            Figure::Lanes => Some(f64::from(report.lanes)),
            Figure::Changes => changes.map(|changes| changes as f64),
        };
        let name = hottest.and_then(|hot| report.location_names.get(hot.location.index()));
        Self {
            numbers: Figure::ALL.iter().map(number).collect(),
            strategy: report.strategy.name(),
            hottest: name.map(|location| location.name.clone()).unwrap_or_default(),
            unit: match report.clock {
                Clock::Measured => Cost::Measured.unit(),
                Clock::Simulated => report.model.cost.unit(),
            },
        }
    }

    /// That figure; `None` where the run has no such figure.
    pub fn number(&self, figure: Figure) -> Option<f64> {
        let index = Figure::ALL.iter().position(|known| *known == figure)?;
        self.numbers.get(index).copied().flatten()
    }

    fn name(&self, name: Name) -> &str {
        match name {
            Name::Strategy => self.strategy,
            Name::Hottest => &self.hottest,
        }
    }

    /// A figure as a sentence has it: `2.1×`, `57,000 gas`, `41 %`.
    pub fn written(&self, figure: Figure) -> String {
        self.number(figure).map_or_else(|| "not known".to_owned(), |value| self.value(figure, value))
    }

    fn value(&self, figure: Figure, value: f64) -> String {
        match figure.kind() {
            Kind::Ticks => format!("{} {}", grouped(value), self.unit),
            Kind::Count => grouped(value),
            Kind::Factor => factor(value),
            Kind::Share => format!("{} %", (value * 100.0).round()),
        }
    }

    /// Whether the run is as `goal` says. A figure that the run does not have is like nothing.
    pub fn holds(&self, goal: &Goal) -> bool {
        match goal {
            Goal::All(goals) => goals.iter().all(|goal| self.holds(goal)),
            Goal::Any(goals) => goals.iter().any(|goal| self.holds(goal)),
            Goal::Not(goal) => !self.holds(goal),
            Goal::Number(figure, comparison, than) => {
                self.number(*figure).is_some_and(|value| match comparison {
                    Comparison::Below => value < *than,
                    Comparison::AtMost => value <= *than,
                    Comparison::Equals => value == *than,
                    Comparison::AtLeast => value >= *than,
                    Comparison::Above => value > *than,
                })
            }
            Goal::Text(name, test, text) => match test {
                Test::Is => self.name(*name) == text,
                Test::Contains => self.name(*name).contains(&**text),
            },
        }
    }

    /// A goal as sentences, each with whether it holds: one for each part of an `all`.
    pub fn judge(&self, goal: &Goal) -> Vec<Judged> {
        match goal {
            Goal::All(goals) => goals.iter().flat_map(|goal| self.judge(goal)).collect(),
            goal => vec![Judged { sentence: self.sentence(goal), is_met: self.holds(goal) }],
        }
    }

    fn sentence(&self, goal: &Goal) -> String {
        let joined = |goals: &[Goal], word: &str| {
            let parts: Vec<String> = goals.iter().map(|goal| self.sentence(goal)).collect();
            parts.join(word)
        };
        let now = match goal {
            Goal::All(goals) => return joined(goals, ", and "),
            Goal::Any(goals) => return joined(goals, ", or "),
            Goal::Not(goal) => return format!("not: {}", self.sentence(goal)),
            Goal::Number(figure, ..) => self.written(*figure),
            Goal::Text(name, ..) => match self.name(*name) {
                "" => "none".to_owned(),
                text => title(*name, text).to_owned(),
            },
        };
        format!("{} (now {now})", wanted(goal, Some(self)))
    }
}

/// A goal's parts in words, without a run: `the speed-up is at least 3.5×`.
pub fn parts(goal: &Goal) -> Vec<String> {
    match goal {
        Goal::All(goals) => goals.iter().flat_map(parts).collect(),
        goal => vec![wanted(goal, None)],
    }
}

fn wanted(goal: &Goal, figures: Option<&Figures>) -> String {
    let joined = |goals: &[Goal], word: &str| {
        let parts: Vec<String> = goals.iter().map(|goal| wanted(goal, figures)).collect();
        parts.join(word)
    };
    match goal {
        Goal::All(goals) => joined(goals, ", and "),
        Goal::Any(goals) => joined(goals, ", or "),
        Goal::Not(goal) => format!("not: {}", wanted(goal, figures)),
        Goal::Number(figure, comparison, than) => {
            let than = match figures {
                Some(figures) => figures.value(*figure, *than),
                None => match figure.kind() {
                    Kind::Ticks | Kind::Count => grouped(*than),
                    Kind::Factor => factor(*than),
                    Kind::Share => format!("{} %", (than * 100.0).round()),
                },
            };
            phrase(figure.noun(), figure.kind() == Kind::Count, comparison.noun(), &than)
        }
        Goal::Text(name, test, text) => phrase(name.noun(), false, test.noun(), title(*name, text)),
    }
}

/// `the speed-up is at least 3.5×`; of things that are counted: `lanes: at most 2`.
fn phrase(noun: &str, is_counted: bool, how: &str, than: &str) -> String {
    let verb = if is_counted { ":" } else { " is" };
    let how = if how.is_empty() { String::new() } else { format!("{how} ") };
    format!("{noun}{verb} {how}{than}")
}

/// A name as people know it.
fn title(name: Name, text: &str) -> &str {
    match name {
        Name::Strategy => StrategyId::from_name(text).map_or(text, |strategy| strategy.words().title),
        Name::Hottest => text,
    }
}

/// The hint that a run needs: the first with a predicate that holds.
pub fn hint_for(hints: &[Hint], figures: &Figures) -> Option<usize> {
    hints.iter().position(|hint| hint.when.as_ref().is_some_and(|when| figures.holds(when)))
}

/// A text with the run's figures in place of its placeholders; `…` where there is no run.
pub fn fill(text: &str, figures: Option<&Figures>) -> String {
    let mut out = String::new();
    for (before, named) in Written::split(text) {
        out.push_str(before);
        match (named, figures) {
            (None, _) => {}
            (Some(Ok(Written::Figure(figure))), Some(figures)) => out.push_str(&figures.written(figure)),
            (Some(Ok(Written::Name(name))), Some(figures)) => out.push_str(title(name, figures.name(name))),
            (Some(Ok(_)), None) => out.push('…'),
            (Some(Err(name)), _) => out.push_str(&format!("{{{name}}}")),
        }
    }
    out
}

/// `57,000`; fractions have at most two decimals.
fn grouped(value: f64) -> String {
    if value.fract() != 0.0 {
        return short(value);
    }
    let digits = format!("{:.0}", value.abs());
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if value < 0.0 { format!("-{out}") } else { out }
}

/// `2.1×`. Near 1 with three decimals, so that a small loss is no 1.
fn factor(value: f64) -> String {
    let is_near = value != 1.0 && (value - 1.0).abs() < 0.05;
    if is_near { format!("{value:.3}×") } else { format!("{}×", short(value)) }
}

/// At most two decimals, without zeros at the end.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Analysis, Edge, HotLocation, Limits};
    use crate::messages::{EngineInfo, LocationName, Timing, TxSummary, Verdict};
    use crate::model::CostModel;
    use crate::units::{Gas, LocationId, TxIndex};

    fn report() -> Report {
        let tx = |status: &str, time| TxSummary {
            label: "pay".into(),
            from: "a".into(),
            to: None,
            call: None,
            status: status.into(),
            success: status == "success",
            gas: Gas(time),
            sequential_time: Ticks(time),
        };
        Report {
            title: "t".into(),
            engine: EngineInfo { threads: false, max_lanes: 1 },
            strategy: StrategyId::BLOCK_STM,
            chosen: None,
            lanes: 2,
            clock: Clock::Simulated,
            model: CostModel::default(),
            given_list: None,
            timing: Timing {
                sequential_median: Ticks(84_000),
                parallel_median: Ticks(40_000),
                ..Timing::default()
            },
            trace: Vec::new(),
            trace_hash: String::new(),
            analysis: Analysis {
                edges: vec![Edge { writer: TxIndex(0), reader: TxIndex(1), locations: vec![LocationId(0)] }],
                waves: vec![0, 1, 0, 0],
                critical_path: vec![TxIndex(0), TxIndex(1)],
                hot: vec![HotLocation {
                    location: LocationId(0),
                    edges: 1,
                    readers: 1,
                    writers: 1,
                    aborts: 1,
                }],
                limits: Limits { path: 2.0, path_gas: 2.0, work: 2.0 },
                aborts: 1,
                rerun: 1,
                wasted: 0.2,
                busy: 0.8,
                ..Analysis::default()
            },
            location_names: vec![LocationName { name: "Points.totalSupply".into(), named: true }],
            declared: None,
            transactions: vec![
                tx("success", 21_000),
                tx("success", 21_000),
                tx("invalid: nonce too low", 0),
                tx("reverted", 42_000),
            ],
            verdict: Verdict {
                difference: None,
                receipts: 4,
                accounts: 2,
                state_root: None,
                receipts_root: String::new(),
                gas_used: Gas(84_000),
            },
            header: None,
            contracts: Vec::new(),
        }
    }

    fn goal(written: &str) -> Goal {
        let lesson = format!(
            r#"{{ "format": "evm-lanes-lesson/1", "id": "x", "title": "t", "aims": ["a"], "minutes": 1, "steps": [
                {{ "title": "t", "text": "", "scenario": "payments", "goal": {written}, "answer": {{}} }} ] }}"#
        );
        let lesson = document::lesson::parse(&lesson).expect("a lesson");
        lesson.steps[0].goal.clone().expect("a goal")
    }

    #[test]
    fn each_figure_is_compared_as_it_is_written() {
        let figures = Figures::of(&report(), Some(3));
        for (written, holds) in [
            (r#"{ "speedUp": { "atLeast": 2.1 } }"#, true),
            (r#"{ "speedUp": { "above": 2.1 } }"#, false),
            (r#"{ "makespan": 40000, "sequential": 84000 }"#, true),
            (r#"{ "pathTicks": 42000, "pathTransactions": 2, "waves": 2, "dependencies": 1 }"#, true),
            (r#"{ "attempts": 5, "failed": { "atMost": 1 }, "wasted": { "below": 0.21 } }"#, true),
            (r#"{ "transactions": 4, "included": 3, "refused": 1, "reverted": 1 }"#, true),
            (r#"{ "strategy": "block-stm", "lanes": 2, "gas": 84000 }"#, true),
            (r#"{ "hottest": { "contains": "totalSupply" }, "hottestShare": 1 }"#, true),
            (r#"{ "hottest": "totalSupply" }"#, false),
            (r#"{ "changes": { "atMost": 2 } }"#, false),
            (r#"{ "any": [ { "changes": 3 }, { "lanes": 9 } ], "not": { "lanes": 9 } }"#, true),
            (r#"{ "utilisation": { "above": 0.8 } }"#, false),
            (r#"{ "pathLimit": 2, "workLimit": { "atMost": 2, "atLeast": 2 } }"#, true),
        ] {
            assert_eq!(figures.holds(&goal(written)), holds, "{written}");
        }
        let unknown = Figures::of(&report(), None);
        assert!(!unknown.holds(&goal(r#"{ "changes": { "atLeast": 0 } }"#)), "not known is not met");
    }

    #[test]
    fn every_comparison_is_a_sentence_with_the_figure_as_it_is() {
        let figures = Figures::of(&report(), Some(3));
        let said = |written: &str| -> Vec<(String, bool)> {
            let judged = figures.judge(&goal(written));
            judged.into_iter().map(|judged| (judged.sentence, judged.is_met)).collect()
        };
        assert_eq!(
            said(r#"{ "speedUp": { "atLeast": 3.5 }, "lanes": 2, "makespan": { "below": 50000 } }"#),
            [
                ("the speed-up is at least 3.5× (now 2.1×)".to_owned(), false),
                ("lanes: 2 (now 2)".to_owned(), true),
                ("the makespan is below 50,000 gas (now 40,000 gas)".to_owned(), true),
            ]
        );
        assert_eq!(
            said(r#"{ "any": [ { "strategy": "sequential" }, { "utilisation": { "atLeast": 0.9 } } ] }"#),
            [(
                "the strategy is Sequential (now Block-STM), or the lanes' utilisation is at least 90 % (now 80 %)"
                    .to_owned(),
                false
            )]
        );
        assert_eq!(parts(&goal(r#"{ "changes": { "atMost": 3 } }"#)), ["changes: at most 3"]);
    }

    #[test]
    fn placeholders_are_figures_of_the_run() {
        let figures = Figures::of(&report(), None);
        let text = "{speedUp} on {lanes} lanes in {makespan}; {strategy}, {hottest}, {wasted}. {x} stays, and { too.";
        assert_eq!(
            fill(text, Some(&figures)),
            "2.1× on 2 lanes in 40,000 gas; Block-STM, Points.totalSupply, 20 %. {x} stays, and { too."
        );
        assert_eq!(fill("{speedUp}.", None), "….");
        assert_eq!([0.9961, 1.0, 1.044, 3.5, 0.5].map(factor), ["0.996×", "1×", "1.044×", "3.5×", "0.5×"]);
    }
}

//! Lessons: their fields, and every scenario that they lead to.

use std::sync::Arc;

use super::edit::{self, NoSuchPlace};
use super::number::{self, MAX_NUMBERS, Number, Target};
use super::{
    Answer, Changes, Comparison, FORMAT, Figure, Goal, Hint, Lesson, LessonFormat, MAX_DEPTH, MAX_LIST,
    MAX_STEPS, MAX_TESTS, MAX_TEXT, Mistake, Name, Question, QuestionChoice, Step, StepScenario, Test,
    VERSION, Written, over,
};
use crate::decode::{Decoder, MAX_NUMBER, MAX_PROBLEMS, Path, known_format};
use crate::json::{self, Node, Tree, Value};
use crate::names::nearest;
use crate::{ClockName, Document, RunSettings, builtin};

/// The lanes of a run where nobody says how many.
const USUAL_LANES: u16 = 4;
/// Longest id of a lesson.
const MAX_ID: usize = 64;

/// Reads the lesson that `tree` is of `text`.
pub(super) fn lesson(text: &str, tree: &Tree) -> Result<Lesson, Vec<crate::problem::Problem>> {
    let node = tree.root(text);
    let mut d = Decoder::new(text, tree);
    let root = Path::Root;
    if !d.object(node, &root, "an object with \"format\": \"evm-lanes-lesson/1\"")
        || !known_format(&mut d, node, &root, FORMAT, VERSION)
    {
        return Err(d.problems);
    }
    let lesson = d.lesson(node, &root);
    d.finish(lesson)
}

impl<'t> Decoder<'t> {
    fn lesson(&mut self, node: Node<'t>, root: &Path<'_>) -> Lesson {
        self.unknown(node, root, Lesson::NAMES);
        let mut lesson = Lesson { format: LessonFormat::V1, ..Lesson::default() };
        if let Some(id) = self.required(node, root, "id") {
            lesson.id = self.id(id, &root.field("id"));
        }
        if let Some(title) = self.required(node, root, "title") {
            lesson.title = self.line(title, &root.field("title"));
        }
        if let Some(aims) = self.required(node, root, "aims") {
            let path = root.field("aims");
            lesson.aims =
                self.bounded(aims, &path, "lines of text", 1, MAX_LIST, |d, node, path| d.line(node, path));
        }
        if let Some(minutes) = self.required(node, root, "minutes") {
            lesson.minutes = self.whole(minutes, &root.field("minutes"), 1, 240).unwrap_or(1) as u32;
        }
        if let Some(steps) = self.required(node, root, "steps") {
            let path = root.field("steps");
            let mut before = None;
            lesson.steps = self.bounded(steps, &path, "steps", 1, MAX_STEPS, |d, node, path| {
                d.step(node, path, &mut before)
            });
        }
        lesson
    }

    fn required(&mut self, node: Node<'t>, path: &Path<'_>, name: &str) -> Option<Node<'t>> {
        let found = node.get(name);
        if found.is_none() && node.is_object() {
            self.missing(node, path, name);
        }
        found
    }

    fn id(&mut self, node: Node<'_>, path: &Path<'_>) -> String {
        let is_right = |id: &str| {
            !id.is_empty()
                && id.len() <= MAX_ID
                && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        match node.value() {
            Value::Text(id) if is_right(&id) => id.to_string(),
            _ => {
                self.wrong(node, path, format!("small letters, digits and `-`, at most {MAX_ID}"));
                String::new()
            }
        }
    }

    /// A list of `least` to `most` things, each read by `read`.
    fn bounded<T>(
        &mut self,
        node: Node<'t>,
        path: &Path<'_>,
        of: &str,
        least: usize,
        most: usize,
        mut read: impl FnMut(&mut Self, Node<'t>, &Path<'_>) -> T,
    ) -> Vec<T> {
        let list = self.list(node, path, of);
        let count = list.clone().count();
        if count > most || (count < least && node.value() == Value::List) {
            self.wrong(node, path, format!("{least} to {most} {of}"));
            return Vec::new();
        }
        list.enumerate().map(|(i, node)| read(self, node, &path.index(i))).collect()
    }

    /// Text with `{placeholders}`, where there may be some.
    fn prose(&mut self, node: Node<'_>, path: &Path<'_>, placeholders: bool) -> String {
        let Value::Text(text) = node.value() else {
            self.wrong(node, path, "a text");
            return String::new();
        };
        if text.chars().count() > MAX_TEXT {
            let found = format!("{} characters", text.chars().count());
            self.problem(node.at(), path, format!("at most {MAX_TEXT} characters"), found);
            return String::new();
        }
        let is_step = matches!(path, Path::Field(Path::Index(Path::Field(Path::Root, "steps"), _), _));
        if !is_step && !number::all(&text).is_empty() {
            let expected = "numbers to drag only in `text` and `explanation` of a step";
            self.problem(node.at(), path, expected, "a number to drag");
        }
        for named in Written::split(&text).into_iter().filter_map(|(_, named)| named) {
            match named {
                Ok(_) if placeholders => {}
                Ok(_) => {
                    let found = "a figure in braces";
                    self.problem(node.at(), path, "a text without figures: its run is not shown yet", found);
                }
                Err(name) => {
                    let known = Figure::NAMES.iter().chain(Name::NAMES).copied();
                    let expected = match nearest(name, known) {
                        Some(near) => format!("{{{near}}}"),
                        None => format!(
                            "one of {}, {} in braces",
                            Figure::NAMES.join(", "),
                            Name::NAMES.join(", ")
                        ),
                    };
                    self.problem(node.at(), path, expected, format!("{{{}}}", json::shortened(name)));
                }
            }
        }
        text.into_owned()
    }

    /// A step. `before` is the scenario of the step before, and becomes this step's.
    fn step(&mut self, node: Node<'t>, path: &Path<'_>, before: &mut Option<String>) -> Step {
        let mut step = Step::default();
        if !self.known(node, path, "a step such as { \"title\": …, \"text\": … }", Step::NAMES) {
            return step;
        }
        if let Some(title) = self.required(node, path, "title") {
            step.title = self.line(title, &path.field("title"));
        }
        let is_asked = node.get("question").is_some();
        if let Some(text) = self.required(node, path, "text") {
            step.text = self.prose(text, &path.field("text"), !is_asked);
        }
        if let Some(scenario) = node.get("scenario") {
            let found = self.problems.len();
            step.scenario = self.step_scenario(scenario, &path.field("scenario"));
            // What comes of a wrong scenario is not looked at: it would be wrong in the same places.
            *before = match step.scenario.as_ref().filter(|_| self.problems.len() == found) {
                Some(StepScenario::Builtin(name)) => builtin::find(name).map(|found| found.text.to_owned()),
                Some(StepScenario::Document(text)) => Some(text.to_string()),
                None => None,
            };
        } else if before.is_none() && matches!(path, Path::Index(_, 0)) {
            self.missing(node, path, "scenario");
        }
        if let Some(set) = node.get("set") {
            let path = path.field("set");
            step.set = self.changes(set, &path);
            *before = before.take().and_then(|text| self.apply(set, &path, &text, &step.set));
        }
        if let Some(run) = node.get("run") {
            step.run = self.simulated(run, &path.field("run"));
        }
        if let Some(question) = node.get("question") {
            step.question = Some(self.question(question, &path.field("question")));
        }
        if let Some(goal) = node.get("goal") {
            step.goal = self.goal(goal, &path.field("goal"));
        }
        if let Some(facts) = node.get("facts") {
            step.facts = self.goal(facts, &path.field("facts"));
        }
        if let Some(hints) = node.get("hints") {
            let path = path.field("hints");
            step.hints = self.bounded(hints, &path, "hints", 0, MAX_LIST, |d, node, path| d.hint(node, path));
        }
        if let Some(explanation) = node.get("explanation") {
            step.explanation = self.prose(explanation, &path.field("explanation"), true);
        }
        for (name, text) in [("text", &step.text), ("explanation", &step.explanation)] {
            if let Some(node) = node.get(name) {
                self.numbers(node, &path.field(name), text, before.as_deref(), step.run);
            }
        }
        match (node.get("answer"), node.get("goal")) {
            (Some(answer), Some(_)) => {
                let path = path.field("answer");
                self.known(answer, &path, "an object with \"set\" or \"run\"", Answer::NAMES);
                let (set, run) = self.altered(answer, &path, before.as_deref());
                let facts = answer.get("facts").and_then(|facts| self.goal(facts, &path.field("facts")));
                step.answer = Some(Answer { set, run, facts });
            }
            (Some(answer), None) => {
                self.wrong(answer, &path.field("answer"), "a \"goal\" that it meets");
            }
            (None, Some(_)) => self.missing(node, path, "answer"),
            (None, None) => {}
        }
        if let Some(mistakes) = node.get("mistakes") {
            let path = path.field("mistakes");
            let hints = step.hints.len() as u64;
            step.mistakes = self.bounded(mistakes, &path, "mistakes", 0, MAX_LIST, |d, node, path| {
                d.known(node, path, "an object with \"set\" or \"run\", and \"hint\"", Mistake::NAMES);
                let (set, run) = d.altered(node, path, before.as_deref());
                let hint = d
                    .required(node, path, "hint")
                    .and_then(|hint| d.whole(hint, &path.field("hint"), 0, hints.saturating_sub(1)));
                Mistake { set, run, hint: hint.unwrap_or(0) as u32 }
            });
        }
        step
    }

    /// Looks at the numbers of a step's text: what each is bound to must be there, be what the text says, and be able to
    /// be what its bounds say.
    fn numbers(
        &mut self,
        node: Node<'_>,
        path: &Path<'_>,
        text: &str,
        scenario: Option<&str>,
        run: RunSettings,
    ) {
        let numbers = number::all(text);
        if numbers.len() > MAX_NUMBERS {
            let found = numbers.len().to_string();
            return self.problem(node.at(), path, format!("at most {MAX_NUMBERS} numbers to drag"), found);
        }
        for number in numbers {
            match number {
                Ok(number) => self.bound(node, path, &number, scenario, run),
                Err(wrong) => self.problem(node.at(), path, wrong.expected, wrong.found),
            }
        }
    }

    fn bound(
        &mut self,
        node: Node<'_>,
        path: &Path<'_>,
        number: &Number,
        scenario: Option<&str>,
        run: RunSettings,
    ) {
        // What comes of a wrong scenario is not looked at.
        let Some(scenario) = scenario else { return };
        let own = || {
            let document = Document::new(Arc::from(scenario));
            let own = document.scenario().map(|scenario| scenario.run).unwrap_or_default();
            over(own, run)
        };
        let now = match &number.target {
            Target::Lanes => Some(own().lanes.unwrap_or(USUAL_LANES).into()),
            Target::Seed => Some(own().seed.unwrap_or_default()),
            Target::Value(pointer) => {
                let now = number::value(scenario, pointer);
                if now.is_none() {
                    let expected = "a pointer to a whole number of the step's scenario, or to an amount such as \"20e18\"";
                    let found = format!("\"{}\"", json::shortened(pointer));
                    return self.problem(node.at(), path, expected, found);
                }
                now
            }
        };
        if let Some(now) = now.filter(|now| *now != number.value) {
            let expected = format!("[{}], as the step begins", number.label(now));
            return self.problem(node.at(), path, expected, format!("[{}]", number.label(number.value)));
        }
        let Target::Value(pointer) = &number.target else { return };
        for value in [number.low, number.high] {
            let Some(changed) = number::with_value(scenario, pointer, value) else { continue };
            if let Err(problems) = Document::new(Arc::from(changed)).scenario() {
                let why = problems.first().map(ToString::to_string).unwrap_or_default();
                let found = format!("{value}, with which the scenario is wrong ({why})");
                return self.problem(node.at(), path, "bounds that the scenario can have", found);
            }
        }
    }

    fn step_scenario(&mut self, node: Node<'t>, path: &Path<'_>) -> Option<StepScenario> {
        if node.is_object() {
            self.scenario_inside(node, path);
            let text = json::pretty(node.written()).ok()?;
            return Some(StepScenario::Document(text.into()));
        }
        let names: Vec<&str> = builtin::ALL.iter().map(|builtin| builtin.name).collect();
        let find = |name: &str| builtin::find(name).map(|found| StepScenario::Builtin(found.name));
        self.one_of(node, path, &names, find)
    }

    /// Reads a scenario that stands within a lesson, for its mistakes.
    fn scenario_inside(&mut self, node: Node<'t>, path: &Path<'_>) {
        let mut inner = Decoder { text: self.text, problems: Vec::new() };
        if inner.format(node, &Path::Root) {
            inner.document(node, &Path::Root);
        }
        self.take_problems(inner.problems, path, None);
    }

    /// Takes over the mistakes of a scenario as mistakes at `path`; with `at`, they are all there.
    fn take_problems(&mut self, problems: Vec<crate::problem::Problem>, path: &Path<'_>, at: Option<usize>) {
        for mut problem in problems {
            if self.problems.len() >= MAX_PROBLEMS {
                return;
            }
            problem.path = match &*problem.path {
                "" => path.to_string(),
                inner => format!("{path}.{inner}"),
            };
            if let Some(at) = at {
                problem.position = Some(json::position(self.text, at));
            }
            self.problems.push(problem);
        }
    }

    fn changes(&mut self, node: Node<'t>, path: &Path<'_>) -> Changes {
        self.object(node, path, "values by path, such as { \"transactions[0].to\": \"bob\" }");
        if node.fields().count() > MAX_LIST {
            self.wrong(node, path, format!("at most {MAX_LIST} changes"));
            return Changes::default();
        }
        Changes(
            node.fields().map(|field| (field.name.into_owned(), field.node.written().to_owned())).collect(),
        )
    }

    /// The scenario with the changes that stand at `node`; `None`, and a mistake, if they cannot be made or what they
    /// make is no scenario.
    fn apply(&mut self, node: Node<'t>, path: &Path<'_>, text: &str, changes: &Changes) -> Option<String> {
        match edit::apply(text, changes) {
            Ok(changed) => {
                if let Err(problems) = Document::new(changed.clone()).scenario() {
                    self.take_problems(problems.to_vec(), path, Some(node.at()));
                    return None;
                }
                Some(changed.to_string())
            }
            Err(NoSuchPlace { index }) => {
                if let Some(field) = node.fields().nth(index) {
                    let found = format!("\"{}\"", json::shortened(&field.name));
                    let expected = "a path that exists in the step's scenario, all but its last step";
                    self.problem(field.at, path, expected, found);
                }
                None
            }
        }
    }

    /// The changes of an answer or a mistake.
    fn altered(&mut self, node: Node<'t>, path: &Path<'_>, scenario: Option<&str>) -> (Changes, RunSettings) {
        let mut changes = Changes::default();
        if let Some(set) = node.get("set") {
            let path = path.field("set");
            changes = self.changes(set, &path);
            if let Some(scenario) = scenario {
                self.apply(set, &path, scenario, &changes);
            }
        }
        let run = node.get("run").map(|run| self.simulated(run, &path.field("run"))).unwrap_or_default();
        (changes, run)
    }

    /// Settings of a run on simulated lanes.
    fn simulated(&mut self, node: Node<'t>, path: &Path<'_>) -> RunSettings {
        let run = self.run(node, path);
        for (name, is_wrong) in [
            ("clock", run.clock.is_some_and(|clock| ClockName::from_name("simulated") != Some(clock))),
            ("cost", run.cost.is_some_and(|cost| cost.name() == "measured")),
        ] {
            if let (true, Some(node)) = (is_wrong, node.get(name)) {
                self.wrong(node, &path.field(name), "simulated time, which is the same on every machine");
            }
        }
        run
    }

    fn question(&mut self, node: Node<'t>, path: &Path<'_>) -> Question {
        let mut question = Question::default();
        if !self.known(node, path, "a question with \"text\" and \"choices\" or \"figure\"", Question::NAMES)
        {
            return question;
        }
        if let Some(text) = self.required(node, path, "text") {
            question.text = self.prose(text, &path.field("text"), false);
        }
        match (node.get("choices"), node.get("figure")) {
            (Some(choices), None) => {
                let path = path.field("choices");
                question.choices = self.bounded(choices, &path, "choices", 2, MAX_LIST, |d, node, path| {
                    d.answer_choice(node, path)
                });
                let right = question.choices.iter().filter(|choice| choice.is_right).count();
                if right != 1 && !question.choices.is_empty() {
                    self.problem(
                        choices.at(),
                        &path,
                        "one choice with \"right\": true",
                        format!("{right} of them"),
                    );
                }
            }
            (None, Some(figure)) => {
                let path = path.field("figure");
                question.figure = self.one_of(figure, &path, Figure::NAMES, Figure::from_name);
            }
            (Some(_), Some(figure)) => {
                self.wrong(figure, &path.field("figure"), "no \"figure\" beside \"choices\"");
            }
            (None, None) => self.problem(node.at(), path, "\"choices\" or \"figure\"", "neither"),
        }
        if let Some(within) = node.get("within") {
            question.within = self.whole(within, &path.field("within"), 0, 100).map(|within| within as u32);
        }
        if let Some(low) = node.get("low") {
            question.low = self.prose(low, &path.field("low"), true);
        }
        if let Some(high) = node.get("high") {
            question.high = self.prose(high, &path.field("high"), true);
        }
        question
    }

    fn answer_choice(&mut self, node: Node<'t>, path: &Path<'_>) -> QuestionChoice {
        let mut choice = QuestionChoice::default();
        self.known(node, path, "a choice with \"text\" and \"reply\"", QuestionChoice::NAMES);
        if let Some(text) = self.required(node, path, "text") {
            choice.text = self.line(text, &path.field("text"));
        }
        if let Some(right) = node.get("right") {
            match right.value() {
                Value::Bool(right) => choice.is_right = right,
                _ => self.wrong(right, &path.field("right"), "true or false"),
            }
        }
        if let Some(reply) = self.required(node, path, "reply") {
            choice.reply = self.prose(reply, &path.field("reply"), true);
        }
        choice
    }

    fn hint(&mut self, node: Node<'t>, path: &Path<'_>) -> Hint {
        let mut hint = Hint::default();
        self.known(node, path, "a hint with \"text\"", Hint::NAMES);
        if let Some(when) = node.get("when") {
            hint.when = self.goal(when, &path.field("when"));
        }
        if let Some(text) = self.required(node, path, "text") {
            hint.text = self.prose(text, &path.field("text"), true);
        }
        hint
    }

    fn goal(&mut self, node: Node<'t>, path: &Path<'_>) -> Option<Goal> {
        let mut tests = 0;
        let goal = self.predicate(node, path, 0, &mut tests);
        if tests > MAX_TESTS {
            self.problem(node.at(), path, format!("at most {MAX_TESTS} comparisons"), tests.to_string());
            return None;
        }
        goal
    }

    fn predicate(
        &mut self,
        node: Node<'t>,
        path: &Path<'_>,
        depth: usize,
        tests: &mut usize,
    ) -> Option<Goal> {
        if depth > MAX_DEPTH {
            self.wrong(node, path, format!("at most {MAX_DEPTH} levels of \"all\", \"any\" and \"not\""));
            return None;
        }
        if !self.object(node, path, "a predicate such as { \"speedUp\": { \"atLeast\": 2 } }") {
            return None;
        }
        let mut goals = Vec::new();
        for field in node.fields() {
            if *tests > MAX_TESTS {
                return None;
            }
            let path = path.field(&field.name);
            let node = field.node;
            match &*field.name {
                "all" | "any" => {
                    let mut inner = self.bounded(node, &path, "predicates", 1, MAX_TESTS, |d, node, path| {
                        d.predicate(node, path, depth + 1, tests)
                    });
                    let inner: Vec<Goal> = inner.drain(..).flatten().collect();
                    goals.push(if field.name == "all" { Goal::All(inner) } else { Goal::Any(inner) });
                }
                "not" => {
                    goals.extend(
                        self.predicate(node, &path, depth + 1, tests).map(|goal| Goal::Not(Box::new(goal))),
                    );
                }
                name => match (Figure::from_name(name), Name::from_name(name)) {
                    (Some(figure), _) => self.compare(node, &path, figure, tests, &mut goals),
                    (_, Some(name)) => self.test(node, &path, name, tests, &mut goals),
                    (None, None) => {
                        let known = ["all", "any", "not"];
                        let known: Vec<&str> =
                            known.iter().chain(Figure::NAMES).chain(Name::NAMES).copied().collect();
                        let expected = match nearest(name, known.iter().copied()) {
                            Some(near) => format!("\"{near}\""),
                            None => format!("one of {}", known.join(", ")),
                        };
                        let found = format!("the unknown figure \"{}\"", json::shortened(name));
                        self.problem(field.at, &path, expected, found);
                    }
                },
            }
        }
        match goals.len() {
            0 => {
                if node.fields().next().is_none() {
                    self.wrong(node, path, "at least one comparison");
                }
                None
            }
            1 => goals.pop(),
            _ => Some(Goal::All(goals)),
        }
    }

    fn compare(
        &mut self,
        node: Node<'t>,
        path: &Path<'_>,
        figure: Figure,
        tests: &mut usize,
        goals: &mut Vec<Goal>,
    ) {
        if let Value::Number(_) = node.value() {
            *tests += 1;
            goals.extend(self.number(node, path).map(|n| Goal::Number(figure, Comparison::Equals, n)));
            return;
        }
        if !self.known(node, path, "a number, or a comparison such as { \"atLeast\": 2 }", Comparison::NAMES)
        {
            return;
        }
        for field in node.fields() {
            *tests += 1;
            let Some(comparison) = Comparison::from_name(&field.name) else { continue };
            let number = self.number(field.node, &path.field(&field.name));
            goals.extend(number.map(|number| Goal::Number(figure, comparison, number)));
        }
    }

    fn test(
        &mut self,
        node: Node<'t>,
        path: &Path<'_>,
        name: Name,
        tests: &mut usize,
        goals: &mut Vec<Goal>,
    ) {
        *tests += 1;
        if let Value::Text(text) = node.value() {
            goals.push(Goal::Text(name, Test::Is, text.into_owned()));
            return;
        }
        if !self.known(node, path, "a text, or a test such as { \"contains\": \"nonce\" }", Test::NAMES) {
            return;
        }
        for field in node.fields() {
            let Some(test) = Test::from_name(&field.name) else { continue };
            match field.node.value() {
                Value::Text(text) => goals.push(Goal::Text(name, test, text.into_owned())),
                _ => self.wrong(field.node, &path.field(&field.name), "a text"),
            }
        }
    }

    fn number(&mut self, node: Node<'_>, path: &Path<'_>) -> Option<f64> {
        let number = match node.value() {
            Value::Number(written) => written.parse::<f64>().ok(),
            _ => None,
        };
        let number = number.filter(|number| number.abs() <= MAX_NUMBER as f64);
        if number.is_none() {
            self.wrong(node, path, format!("a number from -{MAX_NUMBER} to {MAX_NUMBER}"));
        }
        number
    }
}

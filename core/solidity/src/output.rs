//! The compiler's errors and warnings, from its standard JSON output, with lines and columns in place of bytes.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use serde_json::Value;

use crate::limits;
use crate::problem::{Lines, Place, Problem, Severity};

/// What a compiler says of its sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Errors before warnings, otherwise in the compiler's order.
    pub problems: Vec<Problem>,
    /// How many more there are, past [`limits::PROBLEMS`].
    pub left_out: usize,
}

impl Said {
    /// Whether nothing was compiled.
    pub fn has_errors(&self) -> bool {
        self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }
}

/// Why an output cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    /// Longer than an output may be.
    #[error("the compiler's answer has {0} bytes, which is more than can be read")]
    TooLong(usize),
    /// No standard JSON output.
    #[error("the compiler's answer cannot be read: {0}")]
    Malformed(String),
}

#[derive(Deserialize)]
struct Output {
    #[serde(default)]
    errors: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    severity: String,
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    message: String,
    /// A text; numbers are taken, too.
    error_code: Option<Value>,
    source_location: Option<Location>,
    #[serde(default)]
    secondary_source_locations: Vec<Secondary>,
}

/// In bytes of UTF-8; −1 where there is no place.
#[derive(Deserialize)]
struct Location {
    #[serde(default)]
    file: String,
    #[serde(default = "nowhere")]
    start: i64,
    #[serde(default = "nowhere")]
    end: i64,
}

fn nowhere() -> i64 {
    -1
}

#[derive(Deserialize)]
struct Secondary {
    #[serde(flatten)]
    location: Location,
    #[serde(default)]
    message: String,
}

/// More places belong to nothing that a person reads.
const MOST_RELATED: usize = 10;

/// Reads what the compiler says of `sources`, which are those of its input.
///
/// # Errors
/// If `output` is no standard JSON output.
pub fn problems(output: &str, sources: &BTreeMap<String, &str>) -> Result<Said, OutputError> {
    if output.len() > limits::OUTPUT {
        return Err(OutputError::TooLong(output.len()));
    }
    let output: Output =
        serde_json::from_str(output).map_err(|error| OutputError::Malformed(error.to_string()))?;
    let mut entries: Vec<(Severity, Entry)> =
        output.errors.into_iter().map(|entry| (severity(&entry.severity), entry)).collect();
    entries.sort_by_key(|(severity, _)| *severity);
    let left_out = entries.len().saturating_sub(limits::PROBLEMS);
    entries.truncate(limits::PROBLEMS);
    let mut places = Places { sources, lines: BTreeMap::new() };
    let problems = entries
        .into_iter()
        .map(|(severity, entry)| Problem {
            severity,
            message: sentence(&entry),
            place: entry.source_location.as_ref().and_then(|it| places.of(it)),
            code: entry.error_code.as_ref().and_then(code),
            related: entry
                .secondary_source_locations
                .iter()
                .take(MOST_RELATED)
                .filter_map(|it| Some((places.of(&it.location)?, short(&it.message))))
                .collect(),
        })
        .collect();
    Ok(Said { problems, left_out })
}

fn severity(word: &str) -> Severity {
    match word {
        "warning" => Severity::Warning,
        "info" => Severity::Info,
        _ => Severity::Error,
    }
}

/// The first line says what is wrong; what follows are examples, or the compiler's own stack.
fn sentence(entry: &Entry) -> String {
    let said = short(&entry.message);
    let said = if said.is_empty() { entry.r#type.chars().take(100).collect() } else { said };
    if said.contains("Stack too deep") && !said.contains("via-ir") {
        return format!("{said} Compiling by way of Yul (viaIR) may help.");
    }
    match entry.r#type.as_str() {
        "InternalCompilerError" | "Exception" | "JSONError" | "IOError" => {
            format!("the compiler failed: {said}")
        }
        _ => said,
    }
}

fn short(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    if line.chars().count() <= limits::SENTENCE {
        return line.to_owned();
    }
    line.chars().take(limits::SENTENCE - 1).chain(['…']).collect()
}

fn code(code: &Value) -> Option<String> {
    match code {
        Value::String(code) if code.len() <= 20 => Some(code.clone()),
        Value::Number(code) => Some(code.to_string()),
        _ => None,
    }
}

/// Sources with their lines, which are counted once.
struct Places<'a> {
    sources: &'a BTreeMap<String, &'a str>,
    lines: BTreeMap<&'a str, Lines<'a>>,
}

impl Places<'_> {
    fn of(&mut self, location: &Location) -> Option<Place> {
        let (name, text) = self.sources.get_key_value(&location.file)?;
        let Range { start, end } =
            usize::try_from(location.start).ok()?..usize::try_from(location.end).ok()?;
        let lines = self.lines.entry(name).or_insert_with(|| Lines::of(text));
        Some(lines.place(name, start..end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_lines_and_columns_and_errors_come_first() {
        // As solc 0.8.37 answers.
        let source = "// Zähler 🦀\npragma solidity ^0.8.0;\ncontract A {\n  string é = unicode\"ü\"; uint x = y;\n}\n";
        let start = source.find("y;").unwrap();
        let output = serde_json::json!({
            "errors": [
                {
                    "component": "general", "errorCode": "1878", "formattedMessage": "Warning: …", "severity": "warning",
                    "message": "SPDX license identifier not provided in source file. Before publishing, …",
                    "sourceLocation": { "file": "A.sol", "start": -1, "end": -1 }, "type": "Warning",
                },
                {
                    "component": "general", "errorCode": "7576", "formattedMessage": "DeclarationError: …", "severity": "error",
                    "message": "Undeclared identifier.\nDid you mean x?", "type": "DeclarationError",
                    "sourceLocation": { "file": "A.sol", "start": start, "end": start + 1 },
                    "secondarySourceLocations": [
                        { "file": "A.sol", "start": 0, "end": 5, "message": "Here:" },
                        { "file": "other", "start": 0, "end": 5, "message": "Here:" },
                    ],
                },
            ],
            "sources": {}, "contracts": {},
        });
        let sources = BTreeMap::from([("A.sol".to_owned(), source)]);
        let said = problems(&output.to_string(), &sources).unwrap();
        assert!(said.has_errors() && said.left_out == 0);
        assert_eq!(said.problems[0].to_string(), "A.sol:4:35: Undeclared identifier.");
        assert_eq!(said.problems[0].code.as_deref(), Some("7576"));
        let place = said.problems[0].place.clone().unwrap();
        assert_eq!((place.end.column, place.end.byte as usize), (36, start + 1));
        assert_eq!(said.problems[0].related.len(), 1);
        assert_eq!((said.problems[1].severity, said.problems[1].place.clone()), (Severity::Warning, None));
    }

    #[test]
    fn an_output_without_errors_says_nothing() {
        let said = problems(r#"{"contracts":{"A.sol":{"A":{}}},"sources":{}}"#, &BTreeMap::new()).unwrap();
        assert_eq!(said, Said::default());
        assert!(matches!(problems("[1", &BTreeMap::new()), Err(OutputError::Malformed(_))));
    }

    #[test]
    fn what_is_long_is_cut_and_a_failing_compiler_is_named() {
        let entries: Vec<Value> = (0..500)
            .map(|_| serde_json::json!({ "severity": "error", "type": "TypeError", "message": "é".repeat(5_000) }))
            .collect();
        let said = problems(&serde_json::json!({ "errors": entries }).to_string(), &BTreeMap::new()).unwrap();
        assert_eq!((said.problems.len(), said.left_out), (limits::PROBLEMS, 300));
        assert_eq!(said.problems[0].message.chars().count(), limits::SENTENCE);

        let one = |kind: &str, message: &str| {
            let output =
                serde_json::json!({ "errors": [{ "severity": "error", "type": kind, "message": message }] });
            problems(&output.to_string(), &BTreeMap::new()).unwrap().problems[0].message.clone()
        };
        assert_eq!(one("JSONError", "* Line 1\n  Missing"), "the compiler failed: * Line 1");
        assert_eq!(
            one("CompilerError", "Stack too deep, try removing local variables."),
            "Stack too deep, try removing local variables. Compiling by way of Yul (viaIR) may help."
        );
        assert_eq!(one("UnimplementedFeatureError", ""), "UnimplementedFeatureError");
    }
}

//! What to do next with a person's sources: say what is wrong, fetch a library, or compile.

use std::collections::BTreeMap;

use crate::index::Index;
use crate::input::{Settings, standard_json};
use crate::problem::{Problem, Severity};
use crate::resolve::{Project, Remapping, resolve};
use crate::version::{Version, choose};

/// What a person asks for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The person's own files: name → text.
    pub files: &'a BTreeMap<String, String>,
    /// As in [`Project::remappings`].
    pub remappings: &'a [Remapping],
    /// How to compile.
    pub settings: &'a Settings,
    /// The rules of Ethereum that hold, by the name that scenarios have for them.
    pub fork: &'a str,
    /// The compiler that the person has chosen; none: the newest that accepts the sources.
    pub compiler: Option<Version>,
}

/// The next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan<'a> {
    /// Nothing can be compiled.
    Wrong(Vec<Problem>),
    /// These libraries must be fetched first, by their places in [`Index::libraries`].
    Fetch(Vec<usize>),
    /// Everything is there.
    Compile(Compilation<'a>),
}

/// What a worker is to be given, and what its answer is read with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compilation<'a> {
    /// The compiler.
    pub version: Version,
    /// Its input.
    pub input: String,
    /// All sources by their names, for [`crate::output::problems`].
    pub sources: BTreeMap<String, &'a str>,
    /// The libraries in use, by their places in [`Index::libraries`].
    pub libraries: Vec<usize>,
    /// What is good to know beforehand.
    pub warnings: Vec<Problem>,
}

/// Finds the next step. It is the same for the same request and index, so it can be asked for after every change.
pub fn plan<'a>(request: &Request<'a>, index: &'a Index) -> Plan<'a> {
    if request.files.is_empty() {
        return Plan::Wrong(vec![Problem::error("there are no Solidity sources")]);
    }
    let project =
        Project { files: request.files, remappings: request.remappings, libraries: &index.libraries };
    let found = resolve(&project);
    if found.problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Plan::Wrong(found.problems);
    }
    if !found.to_fetch.is_empty() {
        return Plan::Fetch(found.to_fetch.into_iter().collect());
    }
    let versions = request.compiler.map_or_else(|| index.versions(), |chosen| vec![chosen]);
    let version = match choose(&versions, &found.asked, |name| found.sources.get(name).copied()) {
        Ok(version) => version,
        Err(problems) => return Plan::Wrong(problems),
    };
    let Some(compiler) = index.compiler(version) else {
        return Plan::Wrong(vec![Problem::error(format!("there is no compiler {version} here"))]);
    };
    let own = request.files.keys().map(String::as_str);
    match standard_json(compiler, &found.sources, own, request.remappings, request.settings, request.fork) {
        Ok(input) => Plan::Compile(Compilation {
            version,
            input,
            sources: found.sources,
            libraries: found.used.into_iter().collect(),
            warnings: found.problems,
        }),
        Err(error) => Plan::Wrong(vec![Problem::error(error.to_string())]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        Index::read(include_str!("../../../xtask/solidity/index.json")).unwrap()
    }

    fn said(text: &str, settings: &Settings, compiler: Option<&str>) -> String {
        let files = BTreeMap::from([("A.sol".to_owned(), text.to_owned())]);
        let compiler = compiler.map(|version| version.parse().unwrap());
        let request = Request { files: &files, remappings: &[], settings, fork: "osaka", compiler };
        match plan(&request, &index()) {
            Plan::Wrong(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            Plan::Fetch(libraries) => format!("fetch {libraries:?}"),
            Plan::Compile(compilation) => format!("compile with {}", compilation.version),
        }
    }

    #[test]
    fn each_step_follows_from_what_is_there() {
        let plain = Settings::default();
        assert_eq!(said("contract A {}", &plain, None), "compile with 0.8.37");
        assert_eq!(said("pragma solidity ^0.6.0; contract A {}", &plain, None), "compile with 0.6.12");
        assert_eq!(said("contract A {}", &plain, Some("0.7.6")), "compile with 0.7.6");
        assert_eq!(said("contract A {}", &plain, Some("0.7.5")), "there is no compiler 0.7.5 here");
        assert_eq!(
            said("pragma solidity ^0.6.0;", &plain, Some("0.7.6")),
            "A.sol:1:1: no compiler here accepts Solidity ^0.6.0. There is only 0.7.6"
        );
        assert_eq!(
            said("import '@openzeppelin/contracts/token/ERC20/ERC20.sol';", &plain, None),
            "fetch [1]"
        );
        // What is wrong comes before anything is fetched.
        assert_eq!(
            said("import '@openzeppelin/contracts/token/ERC20/ERC20.sol'; import './B.sol';", &plain, None),
            "A.sol:1:64: \"./B.sol\" (B.sol) is not among your files"
        );
        let by_yul = Settings { via_ir: true, ..plain };
        assert!(
            said("pragma solidity 0.5.16;", &by_yul, None).contains("0.5.16 cannot compile by way of Yul")
        );
        let files = BTreeMap::new();
        let request =
            Request { files: &files, remappings: &[], settings: &by_yul, fork: "osaka", compiler: None };
        assert!(matches!(plan(&request, &index()), Plan::Wrong(_)));
    }
}

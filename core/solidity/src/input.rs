//! The compiler's standard JSON input.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::index::Compiler;
use crate::limits;
use crate::resolve::Remapping;
use crate::version::Version;

/// How to compile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// Whether the optimiser runs.
    pub optimizer: bool,
    /// How often each instruction is expected to run: a low number makes the code small, a high one makes it quick.
    pub runs: u32,
    /// Whether the code is made by way of Yul; since 0.8.13.
    #[serde(rename = "viaIR")]
    pub via_ir: bool,
}

impl Default for Settings {
    /// The optimiser as most projects have it.
    fn default() -> Self {
        Self { optimizer: true, runs: 200, via_ir: false }
    }
}

/// Why there is no input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// A compiler that knows only the old way.
    #[error("Solidity {0} cannot compile by way of Yul (viaIR); 0.8.13 and later can")]
    NoYul(Version),
}

/// What is asked of the compiler for each contract. Every artefact has its storage layout, so that slots have names.
const OUTPUTS: [&str; 8] = [
    "abi",
    "metadata",
    "storageLayout",
    "evm.bytecode.object",
    "evm.bytecode.linkReferences",
    "evm.deployedBytecode.object",
    "evm.deployedBytecode.linkReferences",
    "evm.deployedBytecode.immutableReferences",
];

/// The first version with `viaIR`.
const YUL: Version = Version { major: 0, minor: 8, patch: 13 };

/// Rules of Ethereum as compilers call them, in small letters, oldest first.
const FORKS: [&str; 17] = [
    "frontier",
    "homestead",
    "tangerinewhistle",
    "spuriousdragon",
    "byzantium",
    "constantinople",
    "petersburg",
    "istanbul",
    "berlin",
    "london",
    "paris",
    "shanghai",
    "cancun",
    "prague",
    "osaka",
    "amsterdam",
    "bogota",
];

/// The newest rules that `compiler` knows and that hold at `fork`, as the compiler spells them. Rules newer than `fork` have
/// instructions that it does not have; older ones lack some, and all that they have still works. Before the oldest that the
/// compiler knows it is that one. `fork` is a name as in scenarios, such as `osaka`; one that is not known is taken for the
/// newest.
pub fn evm_version<'a>(compiler: &'a Compiler, fork: &str) -> Option<&'a str> {
    let place = |name: &str| FORKS.iter().position(|fork| fork.eq_ignore_ascii_case(name));
    let limit = place(fork).unwrap_or(FORKS.len());
    let known = || compiler.evm_versions.iter().filter_map(|name| Some((place(name)?, name)));
    let newest = known().filter(|(at, _)| *at <= limit).max();
    newest.or_else(|| known().min()).map(|(_, name)| name.as_str())
}

/// The input for `compiler`: all of `sources`, of which those in `own` are compiled, with what they need of the others.
///
/// # Errors
/// If the compiler cannot do what the settings ask for.
pub fn standard_json<'a>(
    compiler: &Compiler,
    sources: &BTreeMap<String, &str>,
    own: impl IntoIterator<Item = &'a str>,
    remappings: &[Remapping],
    settings: &Settings,
    fork: &str,
) -> Result<String, InputError> {
    if settings.via_ir && compiler.version < YUL {
        return Err(InputError::NoYul(compiler.version));
    }
    let texts: Map<String, Value> =
        sources.iter().map(|(name, text)| (name.clone(), json!({ "content": text }))).collect();
    let outputs: Map<String, Value> =
        own.into_iter().map(|name| (name.to_owned(), json!({ "*": OUTPUTS }))).collect();
    let mut given = json!({
        "optimizer": { "enabled": settings.optimizer, "runs": settings.runs },
        "remappings": remappings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "outputSelection": outputs,
    });
    if let Some(version) = evm_version(compiler, fork) {
        given["evmVersion"] = json!(version);
    }
    if settings.via_ir {
        given["viaIR"] = json!(true);
    }
    // Resolving has bounded the sources; escapes make a text six times as long at most.
    debug_assert!(sources.values().map(|text| text.len()).sum::<usize>() <= limits::SOURCES);
    Ok(json!({ "language": "Solidity", "sources": texts, "settings": given }).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Index;

    fn compilers() -> Index {
        Index::read(include_str!("../../../xtask/solidity/index.json")).unwrap()
    }

    #[test]
    fn rules_are_the_newest_that_compiler_and_fork_have() {
        let index = compilers();
        let of = |version: &str, fork: &str| {
            evm_version(index.compiler(version.parse().unwrap()).unwrap(), fork).unwrap().to_owned()
        };
        assert_eq!(of("0.8.37", "osaka"), "osaka");
        assert_eq!(of("0.8.37", "tangerinewhistle"), "tangerineWhistle");
        assert_eq!(of("0.8.37", "shanghai"), "shanghai");
        assert_eq!(of("0.8.37", "some-day"), "osaka");
        assert_eq!(of("0.7.6", "osaka"), "berlin");
        assert_eq!(of("0.4.26", "osaka"), "constantinople");
        assert_eq!(of("0.4.26", "byzantium"), "byzantium");
        assert_eq!(of("0.8.37", "frontier"), "homestead");
    }

    #[test]
    fn every_fork_of_a_compiler_is_known() {
        for name in compilers().compilers.iter().flat_map(|it| &it.evm_versions) {
            assert!(FORKS.iter().any(|fork| fork.eq_ignore_ascii_case(name)), "{name}");
        }
    }

    #[test]
    fn the_input_asks_for_layouts_and_for_own_contracts_only() {
        let index = compilers();
        let sources =
            BTreeMap::from([("A.sol".to_owned(), "import \"b\";\n\u{1F980}"), ("b".to_owned(), "")]);
        let compiler = |version: &str| index.compiler(version.parse().unwrap()).unwrap();
        let remapping: Remapping = "x/=y/".parse().unwrap();
        let settings = Settings::default();
        let text = standard_json(
            compiler("0.8.37"),
            &sources,
            ["A.sol"],
            std::slice::from_ref(&remapping),
            &settings,
            "cancun",
        );
        let input: Value = serde_json::from_str(&text.unwrap()).unwrap();
        assert_eq!(input["sources"]["A.sol"]["content"], "import \"b\";\n\u{1F980}");
        assert_eq!(input["settings"]["optimizer"], json!({ "enabled": true, "runs": 200 }));
        assert_eq!(input["settings"]["evmVersion"], "cancun");
        assert_eq!(input["settings"]["remappings"], json!(["x/=y/"]));
        assert!(input["settings"].get("viaIR").is_none());
        let outputs = &input["settings"]["outputSelection"];
        assert!(outputs["A.sol"]["*"].as_array().unwrap().contains(&json!("storageLayout")));
        assert!(outputs.get("b").is_none());

        let by_yul = Settings { via_ir: true, ..settings };
        let text = standard_json(compiler("0.8.37"), &sources, ["A.sol"], &[], &by_yul, "osaka").unwrap();
        assert!(text.contains("\"viaIR\":true"));
        let refused = standard_json(compiler("0.7.6"), &sources, ["A.sol"], &[], &by_yul, "osaka");
        assert_eq!(refused, Err(InputError::NoYul("0.7.6".parse().unwrap())));
    }
}

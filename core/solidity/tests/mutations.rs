//! Sources, pragmas, indexes and outputs that are broken in every way: read without panic, within bounds, and never
//! slower than their size allows. 1,000 samples of each; EVM_LANES_SAMPLES for more.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use solidity::input::{Settings, standard_json};
use solidity::scan::scan;
use solidity::version::{Requirement, choose};
use solidity::{Index, Project, Remapping, limits, output, resolve};

fn samples() -> u32 {
    std::env::var("EVM_LANES_SAMPLES").ok().and_then(|number| number.parse().ok()).unwrap_or(1_000)
}

/// xorshift64*
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let limit = u64::try_from(limit.max(1)).unwrap();
        usize::try_from((self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit).unwrap()
    }

    /// A text with a few changes: bytes changed, left out and repeated, pieces of other texts put in.
    fn mutated(&mut self, texts: &[&str], pieces: &[&str]) -> String {
        let mut bytes = texts[self.below(texts.len())].as_bytes().to_vec();
        for _ in 0..=self.below(8) {
            let at = self.below(bytes.len() + 1);
            match self.below(6) {
                0 if at < bytes.len() => bytes[at] = u8::try_from(self.below(256)).unwrap(),
                1 => drop(bytes.drain(at..(at + self.below(20)).min(bytes.len()))),
                2 => {
                    let piece = pieces[self.below(pieces.len())].as_bytes();
                    bytes.splice(at..at, piece.iter().copied());
                }
                3 => {
                    let piece = bytes[at..(at + self.below(100)).min(bytes.len())].to_vec();
                    let times = self.below(20);
                    bytes.splice(at..at, piece.repeat(times));
                }
                4 => bytes.truncate(at),
                _ => {
                    let other = texts[self.below(texts.len())].as_bytes();
                    let from = self.below(other.len());
                    bytes.splice(
                        at..at,
                        other[from..(from + self.below(200)).min(other.len())].iter().copied(),
                    );
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

const SOURCES: [&str; 5] = [
    "// SPDX-License-Identifier: MIT\npragma solidity ^0.8.20;\nimport \"./B.sol\";\nimport {ERC20 as T} from \"@openzeppelin/contracts/token/ERC20/ERC20.sol\";\ncontract A is T { string s = \"import 'x';\"; }",
    "pragma solidity >=0.6.2 <0.9.0; pragma abicoder v2;\n/* import \"a\"; */ import * as X from '../x/y.sol'; library L { function f() internal {} }",
    "pragma solidity 0.4.26 || ^0.5.0;\r\nimport 'https://github.com/OpenZeppelin/openzeppelin-contracts/blob/v4.9.6/contracts/access/Ownable.sol';\r\n",
    "import \"@openzeppelin/contracts@5.0.2/utils/Context.sol\"; contract É { /** 🦀 */ uint x = 1; // é\n }",
    "import \"p/q.sol\"; import \"src/A.sol\" as A; contract C { function f() public { assembly { let x := 1 } } }",
];

const PIECES: [&str; 24] = [
    "import ",
    "\"",
    "'",
    "//",
    "/*",
    "*/",
    "\\",
    ";",
    "{",
    "}",
    "from",
    "as",
    "\n",
    "\r",
    "\u{2028}",
    "\u{85}",
    "🦀",
    "pragma solidity ",
    "../",
    "./",
    "^",
    ">=",
    "||",
    "99999999999999999999",
];

/// Within this, even where the machine is busy.
const PATIENCE: Duration = Duration::from_secs(5);

#[test]
fn broken_sources_are_scanned_resolved_and_made_into_input() {
    let index = Index::read(include_str!("../../../xtask/solidity/index.json")).unwrap();
    let remappings: Vec<Remapping> = ["p/=src/", "src/:p/=", "@openzeppelin/=@openzeppelin/"]
        .iter()
        .map(|it| it.parse().unwrap())
        .collect();
    let mut random = Random(1);
    for sample in 0..samples() {
        let files: BTreeMap<String, String> = ["src/A.sol", "src/B.sol", "x/y.sol", "q.sol"]
            .iter()
            .map(|name| ((*name).to_owned(), random.mutated(&SOURCES, &PIECES)))
            .collect();
        let started = Instant::now();
        for text in files.values() {
            let found = scan(text);
            for import in &found.imports {
                let literal = text.get(import.bytes.clone()).unwrap_or_else(|| panic!("{sample}: {text:?}"));
                assert!(literal.len() >= 2 && literal.ends_with(&literal[..1]), "{sample}: {text:?}");
            }
            for pragma in &found.pragmas {
                let statement =
                    text.get(pragma.bytes.clone()).unwrap_or_else(|| panic!("{sample}: {text:?}"));
                assert!(statement.starts_with("pragma") && statement.ends_with(';'), "{sample}: {text:?}");
            }
            // Whatever it is, a comment hides it.
            let hidden = format!("/*{}*/", text.replace("*/", "* /"));
            assert_eq!(scan(&hidden), scan(""), "{sample}: {hidden:?}");
        }
        let found = resolve(&Project { files: &files, remappings: &remappings, libraries: &index.libraries });
        assert!(found.problems.len() <= limits::PROBLEMS);
        let text_of = |name: &str| found.sources.get(name).copied();
        if let Ok(version) = choose(&index.versions(), &found.asked, text_of) {
            let compiler = index.compiler(version).unwrap();
            let own = files.keys().map(String::as_str);
            let input =
                standard_json(compiler, &found.sources, own, &remappings, &Settings::default(), "osaka")
                    .unwrap();
            let input: serde_json::Value = serde_json::from_str(&input).unwrap();
            assert_eq!(input["sources"].as_object().unwrap().len(), found.sources.len());
        }
        assert!(started.elapsed() < PATIENCE, "{sample}: {:?}", started.elapsed());
    }
}

#[test]
fn broken_requirements_are_read_or_refused() {
    let texts = ["^0.8.20", ">=0.6.2 <0.9.0", "0.4.26 || ^0.5.0 || 0.7.*", "0.5.0 - 0.7.0", "~1.2.3"];
    let mut random = Random(2);
    for _ in 0..samples() {
        let text = random.mutated(&texts, &PIECES);
        if let Ok(requirement) = Requirement::read(&text) {
            let _ = requirement.matches("0.8.37".parse().unwrap());
        }
    }
}

#[test]
fn broken_indexes_and_outputs_are_read_or_refused() {
    let index = "{\"format\":\"evm-lanes-solc/1\",\"compilers\":[{\"version\":\"0.8.37\",\"long\":\"\",\"licence\":\"\",\"source\":\"\",\"evmVersions\":[\"osaka\"],\"files\":[{\"file\":\"a\",\"size\":1}]}],\"libraries\":[]}";
    let output = "{\"errors\":[{\"severity\":\"error\",\"type\":\"TypeError\",\"message\":\"a\\nb\",\"errorCode\":\"1\",\"sourceLocation\":{\"file\":\"A.sol\",\"start\":3,\"end\":5},\"secondarySourceLocations\":[{\"file\":\"A.sol\",\"start\":0,\"end\":-1,\"message\":\"\"}]}],\"contracts\":{}}";
    let pieces = [
        "null",
        "[",
        "]",
        "{",
        "}",
        "\"",
        ",",
        "-",
        "1e999",
        "18446744073709551616",
        "\\u0000",
        "\\ud800",
        "\"start\":",
        "🦀",
    ];
    let sources = BTreeMap::from([("A.sol".to_owned(), "// é🦀\r\ncontract A {}")]);
    let mut random = Random(3);
    for _ in 0..samples() {
        let _ = Index::read(&random.mutated(&[index], &pieces));
        if let Ok(said) = output::problems(&random.mutated(&[output], &pieces), &sources) {
            for place in said.problems.iter().filter_map(|problem| problem.place.as_ref()) {
                assert!(place.start <= place.end && place.end.byte <= 23 && place.start.line >= 1);
            }
        }
    }
}

#[test]
fn nothing_takes_longer_than_its_size_allows() {
    let patterns = [
        "import ",
        "import{a,",
        "pragma solidity ",
        "pragma solidity/**/",
        "/*",
        "//\n",
        "\"\\",
        "import 'a",
        "{",
        "import 'a';",
        "pragma solidity 1;",
        "import * as ",
    ];
    for pattern in patterns {
        let text = pattern.repeat(limits::FILE / pattern.len());
        let started = Instant::now();
        let files = BTreeMap::from([("A.sol".to_owned(), text)]);
        let found = resolve(&Project { files: &files, remappings: &[], libraries: &[] });
        assert!(found.problems.len() <= limits::PROBLEMS);
        assert!(started.elapsed() < PATIENCE, "{pattern:?}: {:?}", started.elapsed());
    }
    let deep = "[".repeat(1_000_000);
    assert!(Index::read(&deep).is_err() && output::problems(&deep, &BTreeMap::new()).is_err());
}

//! The site's own compilers, by the page's own worker in Node, on inputs that this crate makes: they accept what was
//! chosen for them, and what they say is read with its places. Skipped, and said, where `cargo xtask solidity` has not
//! run.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use solidity::input::Settings;
use solidity::{Index, Problem, Project, Severity, Version, output, resolve, version};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The index and the libraries' sources, if they are made.
fn made() -> Option<Index> {
    let folder = root().join("target/solc");
    if !folder.join("stamp").is_file() {
        eprintln!("SKIPPED: no compilers in target/solc; `cargo xtask solidity` makes them");
        return None;
    }
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let mut index = Index::read(&read("index.json")).unwrap();
    for library in &mut index.libraries {
        let text = read(&library.file);
        library.load(&text).unwrap();
    }
    Some(index)
}

/// Sends requests to the worker, all at once, and returns the last answer to each.
fn ask(requests: &[Value]) -> BTreeMap<u64, Value> {
    let root = root();
    let mut node = Command::new("node")
        .arg(root.join("core/solidity/tests/worker.mjs"))
        .args([root.join("www/solc/worker.js"), root.join("target/solc")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = node.stdin.take().unwrap();
    let lines: String = requests.iter().map(|request| format!("{request}\n")).collect();
    let sender = std::thread::spawn(move || stdin.write_all(lines.as_bytes()).unwrap());
    let answers = node.wait_with_output().unwrap();
    sender.join().unwrap();
    let answers = String::from_utf8(answers.stdout).unwrap();
    let answers = answers.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    answers.map(|answer| (answer["id"].as_u64().unwrap(), answer)).collect()
}

/// A project of one's own.
struct Case {
    files: BTreeMap<String, String>,
    version: Version,
    input: String,
}

fn case(index: &Index, files: &[(&str, &str)]) -> Case {
    let files: BTreeMap<String, String> =
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let found = resolve(&Project { files: &files, remappings: &[], libraries: &index.libraries });
    assert!(found.is_complete(), "{:?}", found.problems);
    let version =
        version::choose(&index.versions(), &found.asked, |name| found.sources.get(name).copied()).unwrap();
    let compiler = index.compiler(version).unwrap();
    let own = files.keys().map(String::as_str);
    let input =
        solidity::input::standard_json(compiler, &found.sources, own, &[], &Settings::default(), "osaka")
            .unwrap();
    Case { files: files.clone(), version, input }
}

impl Case {
    fn request(&self, id: u64) -> Value {
        json!({ "id": id, "type": "compile", "version": self.version, "input": self.input })
    }

    /// The compiler's output, and what it says of the person's own files.
    fn read(&self, answer: &Value) -> (Value, Vec<Problem>) {
        assert_eq!(answer["type"], "compiled", "{answer}");
        let text = answer["output"].as_str().unwrap();
        let sources = self.files.iter().map(|(name, text)| (name.clone(), text.as_str())).collect();
        (serde_json::from_str(text).unwrap(), output::problems(text, &sources).unwrap().problems)
    }
}

const COUNTER: &str = "contract Counter { uint public count; mapping(address => uint) by; \
                       function hit() public { count += 1; by[msg.sender] += 1; } }";

#[test]
fn every_compiler_makes_code_from_the_input_and_says_its_mistakes_in_places() {
    let Some(index) = made() else { return };
    let mut cases = vec![];
    for version in index.versions() {
        let fine = format!("pragma solidity {version};\n{COUNTER}");
        let wrong = format!("// Zähler 🦀\npragma solidity {version};\ncontract A {{ /* é */ uint x = y; }}");
        cases.push(case(&index, &[("Counter.sol", &fine)]));
        cases.push(case(&index, &[("A.sol", &wrong)]));
    }
    let requests: Vec<Value> = (0..).zip(&cases).map(|(id, case)| case.request(id)).collect();
    let answers = ask(&requests);
    for (at, pair) in cases.chunks(2).enumerate() {
        let version = pair[0].version;
        let id = u64::try_from(at).unwrap() * 2;
        let (output, problems) = pair[0].read(&answers[&id]);
        assert!(problems.iter().all(|it| it.severity == Severity::Warning), "{version}: {problems:?}");
        let counter = &output["contracts"]["Counter.sol"]["Counter"];
        assert!(counter["evm"]["bytecode"]["object"].as_str().unwrap().len() > 200, "{version}");
        assert!(counter["metadata"].as_str().unwrap().contains(&format!("\"version\":\"{version}+commit")));
        // Storage layouts are new in 0.5.13.
        let has_layout = version >= "0.5.13".parse().unwrap();
        assert_eq!(counter["storageLayout"]["storage"][0]["label"] == "count", has_layout, "{version}");

        let (_, problems) = pair[1].read(&answers[&(id + 1)]);
        let place = problems[0].place.as_ref().unwrap();
        assert_eq!(
            (place.file.as_str(), place.start.line, place.start.column),
            ("A.sol", 3, 31),
            "{version}"
        );
        assert!(problems[0].message.starts_with("Undeclared identifier"), "{version}: {}", problems[0]);
    }
}

#[test]
fn every_source_of_a_library_is_compiled_by_the_compiler_that_is_chosen() {
    let Some(index) = made() else { return };
    let mut cases = vec![];
    for library in &index.libraries {
        // As a person would: by a file that imports it.
        for path in ["token/ERC20/ERC20.sol", "token/ERC721/ERC721.sol", "governance/TimelockController.sol"]
        {
            let source = format!("import \"{}@{}/{path}\";", library.name, library.version);
            cases.push(case(&index, &[("Mine.sol", &source)]));
        }
        // What is imported is there: no import of a library leads out of it.
        let all: String = library
            .paths
            .iter()
            .map(|path| format!("import \"{}@{}/{path}\";\n", library.name, library.version))
            .collect();
        let files = BTreeMap::from([("All.sol".to_owned(), all)]);
        let found = resolve(&Project { files: &files, remappings: &[], libraries: &index.libraries });
        assert!(found.is_complete(), "{:?}", found.problems);
        assert_eq!(found.sources.len(), library.paths.len() + 1);
    }
    let token = "import {ERC20} from \"@openzeppelin/contracts/token/ERC20/ERC20.sol\";\n\
                 contract Mine is ERC20 { constructor() ERC20(\"Mine\", \"M\") { _mint(msg.sender, 1e24); } }";
    cases.push(case(&index, &[("Mine.sol", token)]));
    let requests: Vec<Value> = (0..).zip(&cases).map(|(id, case)| case.request(id)).collect();
    let answers = ask(&requests);
    for (id, case) in (0..).zip(&cases) {
        let (_, problems) = case.read(&answers[&id]);
        assert!(problems.iter().all(|it| it.severity == Severity::Warning), "{:?}: {problems:?}", case.files);
    }
    let (output, _) = cases.last().unwrap().read(&answers[&(u64::try_from(cases.len()).unwrap() - 1)]);
    let mine = &output["contracts"]["Mine.sol"]["Mine"];
    assert_eq!(mine["storageLayout"]["storage"][0]["label"], "_balances");
    assert!(output["contracts"].as_object().unwrap().len() == 1, "only what is one's own is compiled");
}

#[test]
fn a_compiler_that_crashes_is_named_and_the_next_request_gets_a_fresh_one() {
    let Some(index) = made() else { return };
    let fine = case(&index, &[("Counter.sol", COUNTER)]);
    let deep = format!(
        "contract A {{ function f() public pure returns (uint) {{ return {}1; }} }}",
        "1+".repeat(60_000)
    );
    let deep = case(&index, &[("A.sol", &deep)]);
    // Each contract has the code of the two before it in its own.
    let grown: String = (2..40)
        .map(|at| {
            format!("contract C{at} {{ function f() public {{ new C{}(); new C{}(); }} }}\n", at - 1, at - 2)
        })
        .collect();
    let full = case(&index, &[("A.sol", &format!("contract C0 {{}} contract C1 {{}} {grown}"))]);
    let mut unknown = fine.request(5);
    unknown["version"] = json!("0.8.99");
    let answers =
        ask(&[fine.request(1), deep.request(2), fine.request(3), full.request(4), unknown, fine.request(6)]);
    for id in [1, 3, 6] {
        assert_eq!(
            fine.read(&answers[&id]).0["contracts"]["Counter.sol"]["Counter"]["abi"][0]["name"],
            "count"
        );
    }
    let failed =
        |id: u64| (answers[&id]["cause"].as_str().unwrap(), answers[&id]["message"].as_str().unwrap());
    assert_eq!(failed(2).0, "crash", "{}", failed(2).1);
    assert!(failed(2).1.contains("nested too deeply"), "{}", failed(2).1);
    assert_eq!(failed(4).0, "memory", "{}", failed(4).1);
    assert_eq!(failed(5).0, "load");
    assert!(failed(5).1.contains("no compiler 0.8.99 here, only 0.4.26"), "{}", failed(5).1);
}

/// Parts of a source that solc can parse, some of which look like imports and are none.
const ITEMS: [&str; 16] = [
    "import \"B.sol\";",
    "import './C.sol' as C;",
    "import * as D from \"../lib/D.sol\";",
    "import{E,F as G}from'./x/./y/../E.sol';",
    "import {from} from \"../../../F.sol\";",
    "import {H as from, I} /* no */ from \"a//b/H.sol\" ;",
    "import \"./\\x49.sol\";",
    "import \".././/J.sol\";",
    "string constant s0 = \"import 'no.sol';\";",
    "string constant s1 = '\\'; import \"no.sol\";';",
    "string constant s2 = \"\\\\\";",
    "contract K { function f() public pure returns (string memory) { return \"} import 'no.sol';\"; } }",
    "contract L { /* } */ string s = unicode\"é{\"; // }\n }",
    "pragma abicoder v2;",
    "function m() pure returns (bytes memory) { return hex\"7b\"; }",
    "struct N { uint a; }",
];
const TRIVIA: [&str; 10] = [
    " ",
    "\n",
    "\r\n",
    "\t",
    "// import \"no.sol\";\n",
    "/* import \"no.sol\"; */",
    "/**/",
    "/***/",
    "//*\n",
    "/*/ import 'no.sol'; /**/",
];

#[test]
fn the_scanner_finds_the_imports_that_solc_finds() {
    let Some(index) = made() else { return };
    let version = index.versions().into_iter().max().unwrap();
    let mut state = 7_u64;
    let mut below = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((state >> 33) % u64::try_from(limit).unwrap()).unwrap()
    };
    let samples: Vec<BTreeMap<String, String>> = (0..400)
        .map(|_| {
            let mut text = String::new();
            let mut left: Vec<&str> = ITEMS.to_vec();
            for _ in 0..=below(8) {
                text.push_str(TRIVIA[below(TRIVIA.len())]);
                text.push_str(left.swap_remove(below(left.len())));
                text.push_str(TRIVIA[below(TRIVIA.len())]);
            }
            BTreeMap::from([("src/A.sol".to_owned(), text)])
        })
        .collect();
    let requests: Vec<Value> = (0_u64..)
        .zip(&samples)
        .map(|(id, files)| {
            let input = json!({
                "language": "Solidity",
                "sources": { "src/A.sol": { "content": files["src/A.sol"] } },
                "settings": {},
            });
            json!({ "id": id, "type": "compile", "version": version, "input": input.to_string() })
        })
        .collect();
    let answers = ask(&requests);
    let mut imports = 0;
    for (id, files) in (0_u64..).zip(&samples) {
        let output: Value = serde_json::from_str(answers[&id]["output"].as_str().unwrap()).unwrap();
        let messages = output["errors"].as_array().into_iter().flatten();
        let messages =
            messages.filter(|it| it["type"] == "ParserError").map(|it| it["message"].as_str().unwrap());
        let mut theirs: Vec<&str> = messages
            .map(|message| {
                let missing =
                    message.strip_prefix("Source \"").and_then(|rest| rest.split_once("\" not found"));
                missing.unwrap_or_else(|| panic!("{message}: {files:?}")).0
            })
            .collect();
        theirs.sort_unstable();
        let found = resolve(&Project { files, remappings: &[], libraries: &[] });
        let mut ours: Vec<&str> = found
            .problems
            .iter()
            .map(|problem| {
                let message = problem.message.split_once(" is not among").unwrap().0;
                match message.split_once(" (") {
                    Some((_, unit)) => unit.trim_end_matches(')'),
                    None => message.trim_matches('"'),
                }
            })
            .collect();
        ours.sort_unstable();
        assert_eq!(ours, theirs, "{}", files["src/A.sol"]);
        imports += ours.len();
    }
    assert!(imports > 400, "{imports} imports say something");
}

#[test]
fn requirements_mean_what_they_mean_to_solc_itself() {
    let Some(index) = made() else { return };
    let mut state = 11_u64;
    let mut below = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((state >> 33) % u64::try_from(limit).unwrap()).unwrap()
    };
    let signs = ["", "", "^", "~", ">=", "<", "<=", ">", "=", "^ ", ">= "];
    let numbers = [
        "0.8.37", "0.8.0", "0.8", "0.7.6", "0.7.0", "0.6.12", "0.6.13", "0", "0.*", "0.8.x", "*", "0.9.0",
        "1.0.0", "0.7", "0.6.*",
    ];
    let between = [" ", " || ", "||", "  ", " - "];
    let mut asked: Vec<String> = vec![];
    for _ in 0..200 {
        let mut text = String::new();
        for part in 0..=below(3) {
            if part > 0 {
                text.push_str(between[below(between.len())]);
            }
            text.push_str(signs[below(signs.len())]);
            text.push_str(numbers[below(numbers.len())]);
        }
        asked.push(text);
    }
    let versions: Vec<Version> =
        index.versions().into_iter().filter(|it| *it >= "0.6.0".parse().unwrap()).collect();
    let all: Vec<(Version, &String)> =
        versions.iter().flat_map(|&it| asked.iter().map(move |text| (it, text))).collect();
    let requests: Vec<Value> = (0_u64..)
        .zip(&all)
        .map(|(id, (version, text))| {
            let source = format!("pragma solidity {text};\nstruct S {{ uint a; }}");
            let input = json!({ "language": "Solidity", "sources": { "A.sol": { "content": source } }, "settings": {} });
            json!({ "id": id, "type": "compile", "version": version, "input": input.to_string() })
        })
        .collect();
    let answers = ask(&requests);
    let mut fitting = 0;
    for (id, (version, text)) in (0_u64..).zip(&all) {
        let output = answers[&id]["output"].as_str().unwrap();
        let requirement = version::Requirement::read(text);
        let theirs = if output.contains("requires different compiler version") {
            Some(false)
        } else if output.contains("nvalid version pragma") || output.contains("ParserError") {
            None
        } else {
            Some(true)
        };
        let ours = requirement.ok().map(|it| it.matches(*version));
        // Before 0.8, solc said of a requirement that it could not read that it did not fit.
        let theirs = if ours.is_none() { theirs.filter(|&fits| fits) } else { theirs };
        assert_eq!(ours, theirs, "pragma solidity {text}; by {version}: {output}");
        fitting += u32::from(ours == Some(true));
    }
    assert!(fitting > 50, "{fitting} fit");
}

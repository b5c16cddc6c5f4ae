//! Every sample: what it is taken for, what is read from it, what is lacking, and the scenario that it makes.

mod support;

use std::fmt::Write;
use std::fs;
use std::path::Path;

use document::{Choice, Place, Scenario, Transaction};
use import::{Choices, File, Format, Import, Lacking, TableChoices, Target};

fn read(files: &[File]) -> Import {
    import::read(files, &TableChoices::default())
}

fn scenario(import: &Import) -> Scenario {
    let written =
        import::scenario(import, &Choices::default()).unwrap_or_else(|problems| panic!("{problems:?}"));
    document::parse(&written.text).expect("a scenario that reads back")
}

/// What an import holds, in lines.
fn summary(name: &str, import: &Import) -> String {
    let mut out = format!("== {name}\n");
    let line = |out: &mut String, text: &str| {
        let _ = writeln!(out, "{}", text.chars().take(240).collect::<String>());
    };
    for file in &import.files {
        let what = file.format.map_or("nothing to import", Format::name);
        line(&mut out, &format!("{what}: {}", file.because));
    }
    for contract in &import.contracts {
        let length = |code: &Option<import::Code>| code.as_ref().map_or(0, |code| code.bytes.len());
        let abi = contract.abi.as_ref().map_or("none".to_owned(), |abi| format!("{} items", abi.len()));
        line(
            &mut out,
            &format!(
                "contract {}: creation {}, runtime {}, ABI {abi}, {}, {} sources, compiler {}",
                contract.qualified_name(),
                length(&contract.creation),
                length(&contract.runtime),
                if contract.storage_layout.is_some() { "with layout" } else { "no layout" },
                contract.sources.len(),
                contract.compiler.as_deref().unwrap_or("unknown"),
            ),
        );
    }
    if !import.transactions.is_empty() || !import.accounts.is_empty() {
        let (transactions, accounts) = (import.transactions.len(), import.accounts.len());
        line(&mut out, &format!("{transactions} transactions, {accounts} accounts"));
    }
    for lack in &import.lacking {
        line(&mut out, &format!("lacks {lack}"));
    }
    for note in &import.notes {
        line(&mut out, &format!("note {}", note.text));
    }
    for problem in &import.problems {
        line(&mut out, &format!("problem {problem}"));
    }
    if import.files.iter().any(|file| file.format.is_some()) {
        match import::scenario(import, &Choices::default()) {
            Ok(written) => {
                let scenario = document::parse(&written.text).expect("it reads back");
                let (contracts, transactions) = (scenario.contracts.0.len(), scenario.transaction_count());
                let accounts = scenario.accounts.0.len();
                line(
                    &mut out,
                    &format!(
                        "scenario: {contracts} contracts, {accounts} accounts, {transactions} transactions"
                    ),
                );
                for note in &written.notes {
                    line(&mut out, &format!("  {}", note.text));
                }
            }
            Err(problems) => line(&mut out, &format!("no scenario: {}", problems[0])),
        }
    }
    out
}

/// Each sample of our own by itself. `EVM_LANES_WRITE_GOLDEN=1` writes the summaries anew.
#[test]
fn each_sample_is_read_as_the_golden_file_says() {
    let samples = support::own();
    let found: String =
        samples.iter().map(|file| summary(&file.name, &read(std::slice::from_ref(file)))).collect();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden.txt");
    eprintln!("{} samples", samples.len());
    if std::env::var_os("EVM_LANES_WRITE_GOLDEN").is_some() {
        fs::write(&golden, &found).expect("it can be written");
        return;
    }
    let kept = fs::read_to_string(&golden).unwrap_or_default();
    for (found, kept) in found.lines().zip(kept.lines()) {
        assert_eq!(found, kept, "if the change is meant: EVM_LANES_WRITE_GOLDEN=1");
    }
    assert_eq!(found.len(), kept.len(), "if the change is meant: EVM_LANES_WRITE_GOLDEN=1");
}

/// Real files: each has the format that its folder says, what is not for import is named, and every scenario reads back.
#[test]
fn real_files_are_read_or_named() {
    let Some(files) = support::real() else { return };
    let mut read_as = 0;
    for file in &files {
        let import = read(std::slice::from_ref(file));
        eprint!("{}", summary(&file.name, &import));
        let format = import.files[0].format;
        let folder = file.name.split('/').next().unwrap_or_default();
        let expected = match (folder, &*file.name) {
            ("foundry", name) if name.contains("broadcast") => Some(Format::FoundryBroadcast),
            ("foundry", _) => Some(Format::FoundryArtefact),
            (_, name) if name.contains("build-info") => Some(Format::BuildInfo),
            (_, "hardhat/v2-Lock.dbg.json") => None,
            ("hardhat", _) => Some(Format::HardhatArtefact),
            ("truffle", _) => Some(Format::TruffleArtefact),
            ("remix", name) if name.contains("scenario") => Some(Format::RemixScenario),
            ("remix", name) if name.contains("state") => None,
            ("remix", name) if name.contains("metadata") => Some(Format::Metadata),
            ("remix", _) => Some(Format::RemixArtefact),
            ("anvil", _) => Some(Format::AnvilState),
            ("genesis", name) if name.ends_with(".json") => Some(Format::Genesis),
            ("safe", _) => Some(Format::SafeBatch),
            ("execution-apis", name) if name.contains("simulate") => Some(Format::Simulation),
            ("execution-apis", name) if name.contains("getBlockByNumber") => Some(Format::NodeTransactions),
            ("execution-apis", name) if name.contains("getRawTransaction") => Some(Format::RawTransactions),
            _ => None,
        };
        assert_eq!(format, expected, "{}", file.name);
        if format.is_some() {
            read_as += 1;
            let has_hashes_only = file.name.contains("prague");
            assert_eq!(
                import.problems.len(),
                usize::from(has_hashes_only),
                "{}: {:?}",
                file.name,
                import.problems
            );
        } else {
            assert_eq!(import.problems.len(), 1, "{}", file.name);
        }
    }
    eprintln!("{read_as} of {} files are imported", files.len());
    assert!(read_as >= 19, "{read_as} files");
}

#[test]
fn a_foundry_artefact_has_everything_but_its_sources() {
    let import = read(&support::named("foundry/"));
    let [counter] = &import.contracts[..] else { panic!("{:?}", import.contracts.len()) };
    assert_eq!((counter.name.as_str(), counter.source_unit.as_deref()), ("Counter", Some("src/Counter.sol")));
    assert_eq!(counter.compiler.as_deref(), Some("0.8.28"));
    assert!(counter.storage_layout.is_some() && counter.code_hash().is_some());
    assert_eq!((import.lacking.len(), import.problems.len()), (0, 0));
    let scenario = scenario(&import);
    assert_eq!(scenario.contracts.0[0].0, "Counter");
    assert_eq!(scenario.transaction_count(), 4, "each of four callers increments");
}

#[test]
fn an_artefact_and_its_build_info_are_one_contract() {
    for names in [["hardhat-artefact.json", "build-info.json"], ["build-info.json", "hardhat-artefact.json"]]
    {
        let files: Vec<File> = names.iter().flat_map(|name| support::named(name)).collect();
        let import = read(&files);
        assert_eq!(import.contracts.len(), 1, "{names:?}");
        assert!(import.contracts[0].storage_layout.is_some());
        assert_eq!(import.contracts[0].compiler.as_deref(), Some("0.8.28+commit.7893614a"));
        assert_eq!(import.lacking, []);
    }
    // Hardhat 3: artefact, input and output in three files.
    let import = read(&support::named("hardhat3/"));
    assert_eq!(import.contracts.len(), 1);
    let contract = &import.contracts[0];
    assert!(contract.storage_layout.is_some());
    assert!(contract.sources[0].text.is_some(), "the sources are in the input's file");
    assert_eq!((&import.lacking[..], &import.problems[..]), (&[][..], &[][..]));
}

#[test]
fn a_folder_is_read_for_what_it_holds() {
    let mut files = support::named("broadcast.json");
    files.extend([
        File { name: "run-latest.json".to_owned(), bytes: files[0].bytes.clone() },
        File { name: "cache.json".to_owned(), bytes: r#"{"paths":{},"profiles":{}}"#.into() },
        File { name: "logo.png".to_owned(), bytes: b"\x89PNG\r\n\x1a\nabc".into() },
    ]);
    let import = read(&files);
    assert_eq!((import.transactions.len(), import.problems.len()), (2, 0));
    let because: Vec<&str> = import.files.iter().map(|file| file.because.as_str()).skip(1).collect();
    let expected =
        ["a copy of another file", "a JSON object with \"paths\", \"profiles\"", "a picture (PNG)"];
    assert_eq!(because, expected);
    assert!(import.notes.iter().any(|note| note.text == "2 files with nothing to import passed over"));
    // Alone, they are what is wrong.
    assert_eq!(read(&files[2..]).problems.len(), 2);
}

#[test]
fn bytecode_and_abi_in_two_files_are_one_contract() {
    let files: Vec<File> =
        ["Counter.bin", "Counter.abi"].iter().flat_map(|name| support::named(name)).collect();
    let import = read(&files);
    assert_eq!(import.contracts.len(), 1);
    assert!(import.contracts[0].creation.is_some() && import.contracts[0].abi.is_some());
    // Whatever they are called, if there is one of each.
    let mut files = files;
    files[0].name = "code.txt".to_owned();
    files[1].name = "pasted".to_owned();
    let import = read(&files);
    assert_eq!(import.contracts.len(), 1);
    assert!(import.contracts[0].abi.is_some());
}

#[test]
fn a_library_of_the_set_is_linked_and_a_missing_one_is_lacking() {
    let import = read(&support::named("solc-output.json"));
    let lacking = |import: &Import| {
        let libraries = import.lacking.iter().filter_map(|lack| match &lack.what {
            Lacking::Library(link) => Some((link.name().to_owned(), link.places.clone())),
            _ => None,
        });
        libraries.collect::<Vec<_>>()
    };
    assert_eq!(lacking(&import), [("Lib".to_owned(), vec![24])]);
    let linked = scenario(&import);
    let names: Vec<&str> = linked.contracts.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["Lib", "User"], "the library is deployed first");
    let code = linked.contracts.get("User").and_then(|user| user.bytecode.clone()).expect("bytecode");
    let library = document::account_address(document::DEPLOYER).create(0);
    assert_eq!(&code[24..44], library.as_slice());
    // Without the library, with its address given.
    let mut alone = import.clone();
    alone.contracts.retain(|contract| contract.name == "User");
    let written = import::scenario(&alone, &Choices::default()).expect("a scenario");
    assert!(
        written.notes.iter().any(|note| note.text.contains("a library's address is missing")),
        "{:?}",
        written.notes
    );
    let address = document::account_address("elsewhere");
    let choices = Choices { libraries: [("Lib".to_owned(), address)].into(), ..Choices::default() };
    let written = import::scenario(&alone, &choices).expect("a scenario");
    let given = document::parse(&written.text).expect("a scenario");
    let code = given.contracts.get("User").and_then(|user| user.bytecode.clone()).expect("bytecode");
    assert_eq!(&code[24..44], address.as_slice());
}

#[test]
fn constructor_arguments_are_asked_for_made_up_or_given() {
    let mut import = read(&support::named("foundry/"));
    let abi = r#"[{"type":"constructor","inputs":[{"name":"owner","type":"address"},{"name":"points","type":"tuple[]","components":[{"name":"x","type":"uint8"},{"name":"y","type":"string"}]}],"stateMutability":"payable"}]"#;
    import.contracts[0].abi = serde_json::from_str(abi).ok();
    let written = import::scenario(&import, &Choices::default()).expect("a scenario");
    assert!(
        written.notes.iter().any(|note| note.text.contains("made up: owner = \"deployer\", points = []")),
        "{:?}",
        written.notes
    );
    let given = r#"["0x00000000000000000000000000000000000000aa", [[1, "a"], {"x": 2, "y": "b"}]]"#;
    let choices =
        Choices { arguments: [("Counter".to_owned(), given.to_owned())].into(), ..Choices::default() };
    let written = import::scenario(&import, &choices).expect("a scenario");
    assert!(written.text.contains(r#"[[1, "a"], [2, "b"]]"#), "{}", written.text);
    let choices =
        Choices { arguments: [("Counter".to_owned(), "[1]".to_owned())].into(), ..Choices::default() };
    let written = import::scenario(&import, &choices).expect("a scenario");
    assert!(written.notes[0].text.contains("expected 2 arguments, found 1"), "{:?}", written.notes);
}

#[test]
fn runtime_code_in_place_of_creation_code_is_said_and_deployed_as_it_is() {
    let import = read(&support::named("runtime.hex"));
    assert!(import.contracts[0].creation.is_none());
    let because = import.lacking.iter().find_map(|lack| match &lack.what {
        Lacking::ConstructorRun { because } => Some(because.as_str()),
        _ => None,
    });
    assert_eq!(because, Some("CALLDATALOAD at byte 2 comes before any CODECOPY"));
    assert_eq!(scenario(&import).contracts.0.len(), 1);
    // The same in an artefact that has it in the wrong field.
    let text =
        r#"{"contractName":"C","abi":[],"bytecode":"0x60003560e01c","deployedBytecode":"0x60003560e01c"}"#;
    let import = read(&[File { name: "C.json".to_owned(), bytes: text.into() }]);
    assert!(import.contracts[0].creation.is_none() && import.contracts[0].runtime.is_some());
}

/// The sender of each transaction that has one by name, and what it calls.
fn calls(scenario: &Scenario) -> Vec<String> {
    let place = |choice: &Choice| match choice {
        Choice::Fixed(place) => place.to_string(),
        Choice::Pick(pick) => pick.group.clone(),
    };
    let shown = scenario.transactions.iter().map(|transaction| match transaction {
        Transaction::Call(call) => {
            let to = call.to.as_ref().map_or("nobody".to_owned(), place);
            format!("{} {to} {}", place(&call.from), call.call.as_deref().unwrap_or("-"))
        }
        Transaction::Raw(_) => "raw".to_owned(),
    });
    shown.collect()
}

#[test]
fn a_recording_of_remix_is_a_scenario_one_to_one() {
    let import = read(&support::named("remix-scenario.json"));
    assert_eq!(import.transactions[1].to, Target::Created(0));
    let before = scenario(&import);
    assert_eq!(calls(&before), ["account1 Counter increment"]);
    let counter = before.contracts.get("Counter").expect("Counter");
    assert_eq!(counter.from, Some(Place::Name("account0".to_owned())));
    // Within the block, as it was recorded.
    let choices = Choices { in_block: true, ..Choices::default() };
    let written = import::scenario(&import, &choices).expect("a scenario");
    let within = document::parse(&written.text).expect("a scenario");
    assert!(within.contracts.is_empty());
    let address = "0x5B38Da6a701c568545dCfcB03FcB875f56beddC4"
        .parse::<alloy_primitives::Address>()
        .expect("an address")
        .create(0);
    assert_eq!(calls(&within), ["account0 nobody -".to_owned(), format!("account1 {address} -")]);
}

#[test]
fn a_broadcast_finds_the_code_of_its_artefact_and_keeps_addresses() {
    let broadcast = support::named("broadcast.json");
    let alone = read(&broadcast);
    assert_eq!(alone.contracts.len(), 1);
    assert!(alone.contracts[0].abi.is_none());
    let both: Vec<File> = broadcast.into_iter().chain(support::named("foundry/")).collect();
    let import = read(&both);
    assert_eq!(import.contracts.len(), 1, "the artefact is the code that was sent");
    let scenario = scenario(&import);
    assert_eq!(calls(&scenario), ["account-00000000 Counter increment"]);
    let account = &scenario.accounts.0[0].1;
    assert_eq!(account.nonce, Some(5));
    // With an argument behind the code.
    let mut both = both;
    let text = String::from_utf8(both[0].bytes.clone()).expect("text");
    let code =
        text.split("\"input\": \"").nth(1).and_then(|rest| rest.split('"').next()).expect("code").to_owned();
    both[0].bytes = text.replace(&code, &format!("{code}{:064x}", 7)).into_bytes();
    let artefact = String::from_utf8(both[1].bytes.clone()).expect("text");
    let constructor = r#""abi": [{"type":"constructor","inputs":[{"name":"n","type":"uint256"}],"stateMutability":"nonpayable"},"#;
    both[1].bytes = artefact.replace("\"abi\": [", constructor).into_bytes();
    let import = read(&both);
    assert!(
        !import.lacking.iter().any(|lack| matches!(lack.what, Lacking::ConstructorArguments(_))),
        "{:?}",
        import.lacking
    );
    let written = import::scenario(&import, &Choices::default()).expect("a scenario");
    assert!(written.text.contains("\"args\": [7]"), "{}", written.text);
}

#[test]
fn a_table_of_transfers_is_exact_or_asks() {
    let import = read(&support::named("transfers.csv"));
    assert_eq!(import.transactions.len(), 8);
    assert_eq!(import.transactions[3].value.to_string(), "1003500000000000000000");
    assert_eq!((&import.lacking[..], &import.problems[..]), (&[][..], &[][..]));
    let import = read(&support::named("transfers-de.csv"));
    assert_eq!(import.transactions[2].value.to_string(), "250000000000000000");
    assert!(matches!(import.lacking[0].what, Lacking::Senders(5)), "{:?}", import.lacking);
    let ambiguous = support::named("transfers-ambiguous.csv");
    let import = read(&ambiguous);
    assert!(import.transactions.is_empty());
    assert_eq!(
        import.lacking[0].to_string(),
        "transfers-ambiguous.csv: whether 1,500 in \"amount\" is 1500 or 1.500"
    );
    for (mark, expected) in [('.', "1500"), (',', "1500000000000000000")] {
        let decimals = if mark == '.' { Some(0) } else { Some(18) };
        let choices = TableChoices { decimal_mark: Some(mark), decimals, ..TableChoices::default() };
        let import = import::read(&ambiguous, &choices);
        assert_eq!(import.transactions[0].value.to_string(), expected);
    }
    let text = "to,amount\n0x00000000000000000000000000000000000000aa,1.5\nnobody here!,2\n0xzz,3\n0x00000000000000000000000000000000000000aa,0.0000000000000000001\n";
    let import = read(&[File { name: "t.csv".to_owned(), bytes: text.into() }]);
    let said: Vec<String> = import.problems.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("t.csv:4:1: to: expected an address"), "{said:?}");
    assert!(
        said[1].starts_with("t.csv:5:2: amount: expected at most 18 decimals: nothing is rounded"),
        "{said:?}"
    );
}

#[test]
fn a_table_of_tokens_uses_a_token_of_the_catalogue() {
    let import = read(&support::named("tokens.tsv"));
    let scenario = scenario(&import);
    let names: Vec<&str> = scenario.contracts.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["GOLD", "USD"]);
    assert_eq!((scenario.setup.len(), scenario.transaction_count()), (6, 6));
}

#[test]
fn signed_transactions_keep_their_bytes_on_this_chain_and_are_written_by_fields_on_others() {
    let mut import = read(&support::named("raw.txt"));
    assert!(matches!(import.lacking[0].what, Lacking::Signatures(1)));
    let from = document::account_address("someone");
    for (chain, expected) in [(Some(1), "raw"), (Some(5), "account-")] {
        let mut copy = import.clone();
        import::resolve_signed(&mut copy, &|_| {
            let to = Some(document::account_address("other"));
            Ok(import::SignedFields {
                from,
                to,
                nonce: 9,
                gas: 21_000,
                chain_id: chain,
                ..import::SignedFields::default()
            })
        });
        assert_eq!(copy.lacking, []);
        let scenario = scenario(&copy);
        assert!(calls(&scenario)[0].starts_with(expected), "{:?}", calls(&scenario));
        assert_eq!(scenario.accounts.0[0].1.nonce, Some(9));
    }
    import::resolve_signed(&mut import, &|_| Err("bytes that are no transaction".to_owned()));
    assert_eq!(import.problems[0].problem.found, "bytes that are no transaction");
}

#[test]
fn a_state_is_there_with_its_storage() {
    for name in ["anvil.json", "genesis.json", "simulate.json"] {
        let import = read(&support::named(name));
        let with_code =
            import.accounts.iter().find(|account| !account.code.is_empty()).expect("an account with code");
        assert_eq!(with_code.storage.len(), 1, "{name}");
        let scenario = scenario(&import);
        assert_eq!(scenario.contracts.0.len(), 1, "{name}");
    }
    // As `anvil_dumpState` answers it.
    let state = support::named("anvil.json");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &state[0].bytes).expect("packed");
    let hex = alloy_primitives::hex::encode_prefixed(packed.finish().expect("packed"));
    let answer = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"{hex}\"}}");
    for text in [hex, answer] {
        let import = read(&[File { name: "dump".to_owned(), bytes: text.into_bytes() }]);
        assert_eq!(import.files[0].format, Some(Format::AnvilState), "{:?}", import.problems);
        assert_eq!(import.accounts.len(), 2);
    }
}

#[test]
fn mistakes_have_their_place_in_the_file() {
    let cases: [(&str, &str); 6] = [
        (
            "{\"abi\": [{\"type\":\"function\",\n\"name\":\"f\",\"inputs\":[{\"name\":\"a\",\"type\":\"uint257[\"}],\"outputs\":[]}],\n\"bytecode\": {\"object\": \"0x60zz\"}}",
            "x:1:10: abi[0]: expected a type of Solidity for parameter 0 of \"f\", found \"uint257[\"",
        ),
        (
            "{\"abi\": [],\n \"bytecode\": {\"object\": \"0x60zz\"}}",
            "x:2:25: bytecode.object: expected bytecode in hexadecimal, found `z` at digit 2",
        ),
        (
            "{\"version\":\"1.0\",\"chainId\":\"1\",\"meta\":{},\n\"transactions\":[{\"to\":\"0x12\",\"value\":\"0\",\"data\":null}]}",
            "x:2:23: transactions[0].to: expected an address: 20 bytes, found 1 byte",
        ),
        (
            "{\"alloc\":{\n\"0xaa\":{\"balance\":\"1\"}}}",
            "x:2:8: alloc.0xaa: expected an address: 20 bytes as the name, found \"0xaa\"",
        ),
        (
            "function f(uint257x[ a)\nfunction g()",
            "x:1:1: expected a signature such as \"function transfer(address to, uint256 amount) returns (bool)\", found \"function f(uint257x[ a)\"",
        ),
        (
            "{\"status\":\"0\",\"message\":\"NOTOK\",\"result\":\"Contract source code not verified\"}",
            "x:1:42: result: expected an ABI, a source or transactions, found \"Contract source code not verified\"",
        ),
    ];
    for (text, expected) in cases {
        let import = read(&[File { name: "x".to_owned(), bytes: text.into() }]);
        assert_eq!(import.problems.first().map(ToString::to_string).as_deref(), Some(expected), "{text}");
    }
    // In an exchange with a node, too.
    let text = "// a note\n>> {\"method\":\"x\"}\n<< {\"id\":1,\"result\":{\"hash\":\"0x\",\"from\":\"0x1\",\"nonce\":\"0x0\"}}";
    let import = read(&[File { name: "x.io".to_owned(), bytes: text.into() }]);
    assert!(import.problems[0].to_string().starts_with("x.io:3:41: from"), "{:?}", import.problems);
}

#[test]
fn bounds_hold() {
    let many = (0..100_010).map(|i| format!("0x{:040x},{i}.5\n", i + 1)).collect::<String>();
    let import = read(&[File { name: "t.csv".to_owned(), bytes: format!("to,amount\n{many}").into_bytes() }]);
    assert_eq!(import.transactions.len(), 100_000);
    assert!(import.notes.iter().any(|note| note.text.contains("only the first 100000")));
    let written =
        import::scenario(&import, &Choices { senders: 10_000, ..Choices::default() }).expect("it fits");
    assert_eq!(document::parse(&written.text).map(|scenario| scenario.transaction_count()), Ok(100_000));
    let deep = format!("{{\"alloc\":{}{}}}", "[".repeat(100), "]".repeat(100));
    let import = read(&[File { name: "g.json".to_owned(), bytes: deep.into_bytes() }]);
    assert_eq!(import.problems[0].problem.expected, "at most 64 levels of nesting");
    let wrong = format!(
        "{{\"alloc\":{{{}}}}}",
        (0..200_000).map(|i| format!("\"x{i}\":{{}}")).collect::<Vec<_>>().join(",")
    );
    let import = read(&[File { name: "g.json".to_owned(), bytes: wrong.into_bytes() }]);
    assert_eq!(import.problems.len(), 20);
    // A file that unpacks to more than is read.
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &vec![b' '; 40 << 20]).expect("packed");
    let import = read(&[File { name: "b.gz".to_owned(), bytes: packed.finish().expect("packed") }]);
    assert_eq!(import.problems[0].problem.found, "more than 32 MiB once it is unpacked");
}

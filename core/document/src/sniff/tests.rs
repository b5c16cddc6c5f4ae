use std::{fs, path::PathBuf};

use super::*;

/// A scenario, and the start of a real block.
const SCENARIO: &str = r#"{"format":"evm-lanes/1","title":"x","accounts":{},"transactions":[]}"#;
const CASE: &str = r#"{"format":"evm-block-case/1","source":""}"#;
const LIST: &str = r#"[{"address":"0x00000000000000000000000000000000000000aa","storageReads":["0x2"]}]"#;

fn told(bytes: &[u8]) -> String {
    match sniff(bytes.to_vec()) {
        Ok(Content::Scenario(_)) => "scenario".into(),
        Ok(Content::Case(_)) => "case".into(),
        Ok(Content::List(_)) => "list".into(),
        Err(found) => found.to_string(),
    }
}

#[test]
fn what_can_be_opened_is_told_by_its_structure() {
    let cases = [
        (SCENARIO.to_owned(), "scenario"),
        (CASE.to_owned(), "case"),
        (LIST.to_owned(), "list"),
        ("[]".into(), "list"),
        ("  []\n".into(), "list"),
        ("0xc0".into(), "list"),
        ("c0".into(), "list"),
        ("\"0xc0\"".into(), "list"),
        (format!("\n\n  {SCENARIO}"), "scenario"),
        (SCENARIO.replace(',', ",\r\n"), "scenario"),
        // The format stands last, or another one is only spoken of.
        (r#"{"title":"x","transactions":[],"format":"evm-lanes/1"}"#.into(), "scenario"),
        (SCENARIO.replace("\"x\"", "\"made from evm-block-case/1\""), "scenario"),
        (
            SCENARIO.replace("\"x\"", "\"x\",\"story\":\"{\\\"format\\\":\\\"evm-block-case/1\\\"}\""),
            "scenario",
        ),
        (r#"{"source":"evm-lanes/1","format":"evm-block-case/1"}"#.into(), "case"),
        // With mistakes that the scenario's own reader points at.
        (format!("// a note\n{SCENARIO}"), "scenario"),
        (r#"{"format":"evm-lanes/1","title":'x'}"#.into(), "scenario"),
        (r#"{"format":"evm-lanes/1","title":"x","transactions":[[["#.into(), "scenario"),
        (r#"{"format":"evm-lanes/one"}"#.into(), "scenario"),
        // In Markdown.
        (format!("```json\n{SCENARIO}\n```\n"), "scenario"),
        (format!("# A block\r\n\r\nSome words.\r\n\r\n~~~\r\n{CASE}\r\n~~~\r\n"), "case"),
        (format!("Run this:\n```sh\n./x serve\n```\nwith this:\n```\n{SCENARIO}\n```"), "scenario"),
        (format!("Cut:\n```\n{SCENARIO}"), "scenario"),
        // Lists as nodes and tools write them.
        (format!(r#"{{"jsonrpc":"2.0","id":1,"result":{LIST}}}"#), "list"),
        (r#"{"jsonrpc":"2.0","id":1,"result":[]}"#.into(), "list"),
        (r#"{"jsonrpc":"2.0","id":1,"result":"0xc0"}"#.into(), "list"),
        (
            format!(">> {{\"method\":\"eth_getBlockAccessList\"}}\n<< {{\"id\":1,\"result\":{LIST}}}\n"),
            "list",
        ),
        (format!("// a note\n>> {{}}\n<< {{\"id\":1,\"result\":{LIST}}}\n"), "list"),
        (format!(r#"{{"accountChanges":{LIST}}}"#), "list"),
        (format!(r#"{{"parentHash":"0x00","stateRoot":"0x00","blockAccessList":{LIST}}}"#), "list"),
        (LIST.replace("storageReads", "storage_reads"), "list"),
        (r#"[{"address":"0x00000000000000000000000000000000000000aa"}]"#.into(), "list"),
        (format!("\"{}\"", LIST.replace('"', "\\\"")), "list"),
    ];
    for (text, expected) in cases {
        assert_eq!(told(text.as_bytes()), expected, "{text}");
        assert_eq!(told(format!("\u{feff}{text}").as_bytes()), expected, "with a mark: {text}");
        if !text.is_empty() {
            let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert_eq!(told(&wide), expected, "UTF-16: {text}");
        }
    }
}

#[test]
fn a_document_is_handed_on_without_what_is_around_it() {
    let document = |text: &str| sniff(text.as_bytes().to_vec());
    assert_eq!(document(&format!("\u{feff}{SCENARIO}")), Ok(Content::Scenario(SCENARIO.into())));
    assert_eq!(document(&format!("```\n{SCENARIO}\n```")), Ok(Content::Scenario(format!("{SCENARIO}\n"))));
    // White space stays: the editor shows the file as it is.
    assert_eq!(document(&format!("\n {SCENARIO}")), Ok(Content::Scenario(format!("\n {SCENARIO}"))));
}

/// A list item of RLP with this payload.
fn rlp_list(payload: &[u8]) -> Vec<u8> {
    let length = payload.len();
    let head = match length {
        0..56 => vec![0xc0 + length as u8],
        56..256 => vec![0xf8, length as u8],
        _ => vec![0xf9, (length >> 8) as u8, length as u8],
    };
    [head, payload.to_vec()].concat()
}

#[test]
fn rlp_is_told_by_its_items() {
    let string = |length: usize| [vec![0x80 + length as u8], vec![7; length]].concat();
    let account = rlp_list(&[string(20), vec![0xc0; 5]].concat());
    let list = rlp_list(&account);
    let legacy = rlp_list(&[vec![1, 1, 1], string(20), vec![1, 0x80, 1], string(32), string(32)].concat());
    let bloom = [vec![0xb9, 1, 0], vec![0; 256]].concat();
    let header = rlp_list(
        &[string(32), string(32), string(20), string(32).repeat(3), bloom, vec![1; 6], string(32), string(8)]
            .concat(),
    );
    let block = rlp_list(&[&header[..], &[0xc0, 0xc0]].concat());
    let hex = |bytes: &[u8]| alloy_primitives::hex::encode_prefixed(bytes);
    for (bytes, expected) in [
        (vec![0xc0], "list"),
        (list.clone(), "list"),
        (legacy, "a signed transaction in RLP"),
        (block.clone(), "a block in RLP, without its pre-state"),
        (header, "a block's header in RLP"),
        (vec![0xc2, 1, 2], "RLP of something else"),
    ] {
        assert_eq!(told(&bytes), expected, "{}", hex(&bytes));
        assert_eq!(told(hex(&bytes).as_bytes()), expected, "{}", hex(&bytes));
    }
    assert_eq!(told(&block.repeat(3)), "a chain of blocks in RLP");
    // Wrapped, and with the marks that a shell or a program put around it.
    let wrapped = hex(&list)
        .as_bytes()
        .chunks(20)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect::<Vec<_>>();
    for text in [wrapped.join("\n"), format!("'{}',\n", wrapped.join("\r\n  ")), hex(&list).to_uppercase()] {
        assert_eq!(told(text.as_bytes()), "list", "{text}");
    }
    // Broken: its own reader says where.
    assert_eq!(told(&hex(&list).as_bytes()[..40]), "list");
    assert_eq!(told(&[list, vec![0]].concat()), "list");
}

#[test]
fn what_cannot_be_opened_is_named() {
    let cases: &[(&[u8], &str)] = &[
        (b"", "nothing: the file is empty"),
        (b" \r\n", "nothing: the file is empty"),
        (b"\xef\xbb\xbf", "nothing: the file is empty"),
        (b"\x1f\x8b\x08\0", "a gzip file inside a gzip file"),
        (b"PK\x03\x04abc", "a ZIP archive"),
        (b"\x89PNG\r\n\x1a\nabc", "a picture (PNG)"),
        (b"%PDF-1.7", "a PDF"),
        (b"\0asm\x01\0\0\0", "WebAssembly"),
        (b"{\n \"title\": \"Bl\xf6cke\" }", "text that is not UTF-8: byte 0xf6 at line 2, column 14"),
        (b"hello", "text that begins with “hello”"),
        (b"{}", "an empty JSON object"),
        (b"{\"a\":1,\"b\":2}", "a JSON object with \"a\", \"b\""),
        (b"[1,2]", "a JSON list of something else"),
        (b"[[[[", "a JSON list of something else"),
        (b"7", "text that begins with “7”"),
        (
            b"{\"format\":\"evm-lanes/2\"}",
            "a document of a later version, evm-lanes/2; this page reads evm-lanes/1",
        ),
        (
            b"{\"format\":\"evm-block-case/7\"}",
            "a document of a later version, evm-block-case/7; this page reads evm-block-case/1",
        ),
        (b"{\"format\":\"evm-trace/1\"}", "a document of the format “evm-trace/1”"),
        (b"{\"title\":\"x\",\"transactions\":[]}", "a scenario without \"format\""),
        (b"[{\"format\":\"evm-lanes/1\"}]", "a list of scenarios"),
        (b"{\"a\":1}\n{\"a\":2}", "several JSON documents one behind the other"),
        (b"```\nls\n```", "Markdown whose block of code is text that begins with “ls”"),
        (b"<!DOCTYPE html><p>Sign in</p>", "a web page (HTML)"),
        (b"<?xml version=\"1.0\"?><a/>", "XML"),
        (b"from,to,value\n0x1,0x2,3\n", "a table (CSV) with the columns \"from\", \"to\", \"value\""),
        (
            b"\"Txn Hash\",\"Value (ETH)\"\n\"0x1\",\"1,5\"\n",
            "a table (CSV) with the columns \"Txn Hash\", \"Value (ETH)\"",
        ),
        (
            b"// SPDX-License-Identifier: MIT\npragma solidity ^0.8.0;\ncontract A {}",
            "source code of a contract",
        ),
        (b"chain:\n  id: 1\n  name: a\n", "YAML"),
        (b"https://example.org/?s=payments", "a link"),
        (b"0x608060405234801561001057600080fd5b50", "bytecode, or other bytes in hexadecimal"),
        (b"608060405234801561001057600080fd5b50", "bytecode, or other bytes in hexadecimal"),
        (b"0x6080604", "hexadecimal with an odd number of digits, or too many"),
        (b"0x921FE853442310EF12Bb2a543e3bf9e48DEE07AA", "an address"),
        (b"0x02f86b0180843b9aca008504a817c80082c350945c", "a signed transaction in RLP"),
        (
            b"{\"_format\":\"hh-sol-artifact-1\",\"contractName\":\"Lock\",\"abi\":[]}",
            "a Hardhat artefact of the contract Lock",
        ),
        (
            b"{\"_format\":\"hh3-artifact-1\",\"contractName\":\"Lock\"}",
            "a Hardhat artefact of the contract Lock",
        ),
        (b"{\"abi\":[],\"bytecode\":{\"object\":\"0x\"}}", "a Foundry artefact"),
        (
            b"{\"contractName\":\"C\",\"abi\":[],\"bytecode\":\"0x\",\"networks\":{}}",
            "a Truffle artefact of the contract C",
        ),
        (b"{\"deploy\":{},\"data\":{\"bytecode\":{\"object\":\"\"}},\"abi\":[]}", "a Remix artefact"),
        (b"[{\"type\":\"function\",\"name\":\"f\",\"inputs\":[]}]", "a contract's ABI"),
        (b"[\"function poke()\"]", "a contract's ABI"),
        (b"{\"config\":{\"chainId\":1},\"alloc\":{}}", "a genesis file"),
        (
            b"{\"accounts\":{\"account{0}\":\"0x\"},\"transactions\":[{\"timestamp\":1,\"record\":{}}]}",
            "a scenario of Remix, which is another format",
        ),
        (
            b"{\"version\":\"1.0\",\"chainId\":\"1\",\"meta\":{},\"transactions\":[]}",
            "a Safe transaction batch",
        ),
        (b"{\"id\":1,\"result\":null}", "a node's answer that says that there is nothing (null)"),
        (
            b"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32601,\"message\":\"no such method\"}}",
            "a node's answer that is an error: “no such method”",
        ),
        (b"{\"jsonrpc\":\"2.0\",\"method\":\"eth_call\"}", "a request to a node, without the answer"),
        (
            b"{\"id\":1,\"result\":{\"parentHash\":\"0x\",\"stateRoot\":\"0x\",\"transactions\":[]}}",
            "a node's answer with a block as a node answers it, without its pre-state",
        ),
        (
            b"[{\"address\":\"0x\",\"storageKeys\":[]}]",
            "a transaction's access list (EIP-2930), not a block's (EIP-7928)",
        ),
        (b"{\"version\":3,\"crypto\":{}}", "a wallet's key file"),
        (b"function poke()\n\nevent Poked(address who)", "a contract's ABI"),
        (
            b"0x6080604052348015__$00000000000000000000000000000000$__63",
            "bytecode, or other bytes in hexadecimal",
        ),
        (b"0x02f86b0180843b9aca00\n0x02f86b0180843b9aca01\n", "a signed transaction in RLP"),
        (b"[\"0x02f86b0180843b9aca00\"]", "a signed transaction in RLP"),
        (b"{{\"language\":\"Solidity\"}}", "a Solidity compiler's input"),
        (b"{\"contracts\":{},\"version\":\"0.8.28\"}", "a Solidity compiler's output"),
        (b"{\"id\":1,\"method\":\"eth_simulateV1\",\"params\":[]}", "a request for eth_simulateV1"),
        (
            b">> {\"id\":1,\"method\":\"eth_simulateV1\",\"params\":[]}\n<< {\"id\":1,\"result\":[]}",
            "a request for eth_simulateV1",
        ),
        (
            b"{\"abi\":[],\"match\":\"exact_match\",\"chainId\":\"1\",\"address\":\"0x\"}",
            "an answer of Sourcify about a contract",
        ),
        (b"{\"_format\":\"ethers-rs-sol-build-info-1\",\"output\":{}}", "a Hardhat build info file"),
        (
            b"to,amount\n0x921FE853442310EF12Bb2a543e3bf9e48DEE07AA,1\n",
            "a table (CSV) with the columns \"to\", \"amount\"",
        ),
    ];
    for (bytes, expected) in cases {
        assert_eq!(told(bytes), *expected, "{}", String::from_utf8_lossy(bytes));
    }
}

/// However often the marks of an exchange are repeated, they take neither stack nor time.
#[test]
fn repeated_marks_are_no_exchange() {
    for mark in [">>", "<<", ">> ", "<< ", ">>\n", "<<\n"] {
        let found = told(mark.repeat(2_000_000).as_bytes());
        assert!(
            ["a request to a node, without the answer", "nothing: the file is empty"].contains(&&*found),
            "{found}"
        );
    }
}

#[test]
fn whatever_the_bytes_they_are_told() {
    let mut state = 11_u64;
    let mut draw = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let fenced = format!("a\n```\n{SCENARIO}\n```\n");
    let starts =
        [SCENARIO.as_bytes(), LIST.as_bytes(), fenced.as_bytes(), b"0xf9010203", b"\xff\xfe{\0", b"a,b\n1,2"];
    for round in 0..40_000 {
        let mut bytes = starts[round % starts.len()].to_vec();
        for _ in 0..1 + draw(4) {
            let at = draw(bytes.len().max(1)).min(bytes.len());
            match draw(3) {
                0 if at < bytes.len() => bytes[at] = draw(256) as u8,
                1 => drop(bytes.drain(at..bytes.len().min(at + draw(9)))),
                _ => bytes.insert(at, b"{}[]\"\\,:`0x<\n/*\xef\xbb\xbf"[draw(18)]),
            }
        }
        assert!(!told(&bytes).is_empty());
    }
}

/// Every file of a folder beside the project, by its path below it; `None` where there is no such folder.
fn files(folder: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let data = std::env::var_os("EVM_LANES_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let root = data.join("..").join(folder);
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).ok()?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != "README.md") {
                let name = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
                found.push((name, fs::read(&path).ok()?));
            }
        }
    }
    found.sort();
    Some(found)
}

/// Looks at every file of a folder. Says how many there were, or that there is no such folder.
fn each(folder: &str, least: usize, check: impl Fn(&str, Vec<u8>)) {
    let Some(files) = files(folder) else {
        eprintln!("skipped: there is no folder {folder} beside the project's data");
        return;
    };
    eprintln!("{folder}: {} files", files.len());
    assert!(files.len() >= least, "{folder} has {} files, expected at least {least}", files.len());
    for (name, bytes) in files {
        check(&name, bytes);
    }
}

#[test]
fn files_of_windows_programs_are_read_or_named() {
    each("cases/reports/15-windows-encodings", 12, |name, bytes| {
        let mut bytes = bytes;
        if bytes.starts_with(&[0x1f, 0x8b]) {
            let mut unpacked = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut unpacked)
                .expect("gzip");
            bytes = unpacked;
        }
        let found = told(&bytes);
        let expected = match name {
            _ if name.starts_with("block-case") => "case",
            "scenario-Latin-1-title.json" => "text that is not UTF-8: byte 0xf6 at line 3, column 15",
            _ => "scenario",
        };
        assert_eq!(found, expected, "{name}");
        if let Ok(Content::Scenario(text)) = sniff(bytes) {
            assert!(crate::parse(&text).is_ok(), "{name}: {text}");
        }
    });
}

/// What is wrong with a scenario, or how large it is.
fn says(text: &str) -> String {
    let first = |problems: Vec<crate::problem::Problem>| problems[0].to_string();
    let scenario = match crate::parse(text) {
        Ok(scenario) => scenario,
        Err(problems) => return first(problems),
    };
    format!("{} transactions", scenario.transaction_count())
}

#[test]
fn files_of_tools_are_scenarios_or_named() {
    each("cases/reports/14-bytecode-from-tools", 25, |name, bytes| {
        assert_eq!(told(&bytes), "scenario", "{name}");
        if let Ok(Content::Scenario(text)) = sniff(bytes) {
            let said = says(&text);
            eprintln!("{name}: {said}");
            // Words of a parser say nothing to a person.
            for word in ["invalid type", "expected struct", "enum", "serde", "variant"] {
                assert!(!said.contains(word), "{name}: {said}");
            }
        }
    });
}

#[test]
fn files_of_other_programs_are_named() {
    each("data/formats", 35, |name, bytes| {
        let found = told(&bytes);
        eprintln!("{name}: {found}");
        let folder = name.split('/').next().unwrap_or_default();
        let words = match (folder, name) {
            (_, "bal/spellings-made-by-us.json") => "a JSON object with \"_note\"",
            ("bal", _) => "list",
            ("hardhat", _) if name.contains("build-info") => "a Hardhat build info file",
            ("hardhat", _) => "a Hardhat",
            ("foundry", _) if name.contains("broadcast") => "a Foundry broadcast",
            ("foundry", _) => "a Foundry artefact",
            ("truffle", _) => "a Truffle artefact of the contract ConvertLib",
            ("remix", "remix/scenario.json") => "a scenario of Remix",
            ("remix", "remix/build-info.json") => "a Hardhat build info file",
            ("remix", _) if name.contains("metadata") => "a Solidity compiler's metadata",
            ("remix", _) if name.contains("state") => "a saved state of Remix",
            ("remix", _) => "a Remix artefact",
            ("genesis", "genesis/hive-chain.rlp") => "a chain of blocks in RLP",
            ("genesis", _) => "a genesis file",
            ("geth-tracers", _) => "a test of geth's tracers",
            ("anvil", _) => "a state that Anvil saved",
            ("safe", _) => "a Safe transaction batch",
            ("witness", "witness/geth-keeper-1192c3_block.rlp") => "a block in RLP",
            ("witness", _) => "an execution witness",
            ("execution-apis", _) if name.contains("simulate") => "a request for eth_simulateV1",
            ("execution-apis", _) if name.contains("RawBlock") => "a block in RLP",
            ("execution-apis", _) if name.contains("RawTransaction") => "a signed transaction in RLP",
            ("execution-apis", _) if name.contains("trace") => "a node's answer with a trace",
            ("execution-apis", _) if name.contains("createAccessList") => {
                "a node's answer with a transaction's access list"
            }
            ("execution-apis", _) if name.contains("Receipts") => "a node's answer with receipts",
            ("execution-apis", _) => "a node's answer with a block",
            _ => "?",
        };
        assert!(found.starts_with(words), "{name}: {found}");
    });
}

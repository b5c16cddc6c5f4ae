//! Links that released versions have made, and that each of them still opens, with the same meaning.
//!
//! `golden/links/VERSION.txt` has a line for each link: what it means, then the link. A file is written once and then
//! kept: `EVM_LANES_WRITE_GOLDEN=1 cargo test -p evm-lanes-document golden` writes the current version's, if it is
//! missing.

use std::fs;
use std::path::PathBuf;

use super::{PageLink, Selection, Source, crc32};
use crate::{ClockName, CostName, RunSettings, StrategyName, builtin, json};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src/golden/links"))
}

/// What a link means, in one line. Documents are named by their content, however it is laid out.
fn meaning(link: &PageLink) -> String {
    let scenario = match &link.scenario {
        Source::Builtin(name) => name.clone(),
        Source::Document(text) => {
            format!("document-{:08x}", crc32(json::compact(text).expect("JSON").as_bytes()))
        }
    };
    let run = &link.run;
    let mut words = vec![scenario];
    words.extend(run.strategy.map(|s| format!("strategy={}", s.name())));
    words.extend(run.lanes.map(|lanes| format!("lanes={lanes}")));
    words.extend(run.clock.map(|c| format!("clock={}", c.name())));
    words.extend(run.cost.map(|c| format!("cost={}", c.name())));
    words.extend(run.seed.map(|seed| format!("seed={seed}")));
    if let Some(Selection { tx, incarnation, location }) = &link.selection {
        words.extend(tx.map(|tx| format!("tx={tx}")));
        words.extend(incarnation.map(|incarnation| format!("incarnation={incarnation}")));
        words.extend(location.as_ref().map(|location| format!("at={location}")));
    }
    words.join(" ")
}

/// Links of this version: every scenario by name and as a document, every word of the query.
fn links() -> Vec<PageLink> {
    let mut links = Vec::new();
    for (i, builtin) in builtin::ALL.iter().enumerate() {
        let settings = RunSettings {
            strategy: StrategyName::from_name(StrategyName::NAMES[i % StrategyName::NAMES.len()]),
            lanes: Some([1, 2, 4, 16, 256][i % 5]),
            clock: ClockName::from_name(ClockName::NAMES[i % ClockName::NAMES.len()]),
            cost: CostName::from_name(CostName::NAMES[i % CostName::NAMES.len()]),
            seed: [None, Some(0), Some(7), Some(u64::MAX)][i % 4],
        };
        let selection = Selection {
            tx: Some(i as u32),
            incarnation: [None, Some(0), Some(2)][i % 3],
            location: [None, Some("USD.balances[alice]".to_owned()), Some("Größe & “Maß” (1)".to_owned())]
                [i % 3]
                .clone(),
        };
        let named = PageLink { scenario: Source::Builtin(builtin.name.to_owned()), ..PageLink::default() };
        links.push(named.clone());
        links.push(PageLink { run: settings, ..named.clone() });
        links.push(PageLink { selection: Some(selection.clone()), ..named.clone() });
        links.push(PageLink { run: settings, selection: Some(selection.clone()), ..named });
        let own = PageLink { scenario: Source::Document(builtin.text.to_owned()), ..PageLink::default() };
        links.push(own.clone());
        links.push(PageLink { run: settings, selection: Some(selection), ..own });
    }
    // A real block, too, travels in a link.
    let block = include_str!("../../../tests/cases/recipient-overflow.block.json");
    links.push(PageLink { scenario: Source::Document(block.to_owned()), ..PageLink::default() });
    // The page's own address says nothing, so it is not a link.
    links.retain(|link| !link.encode().is_empty());
    links
}

#[test]
fn links_of_every_version_open() {
    let own = folder().join(concat!(env!("CARGO_PKG_VERSION"), ".txt"));
    if !own.exists() && std::env::var_os("EVM_LANES_WRITE_GOLDEN").is_some() {
        let lines: Vec<String> =
            links().iter().map(|link| format!("{}\t{}\n", meaning(link), link.encode())).collect();
        fs::create_dir_all(folder()).expect("a folder for golden links");
        fs::write(&own, lines.concat()).expect("the golden links");
    }
    assert!(own.exists(), "this version has no golden links: EVM_LANES_WRITE_GOLDEN=1 writes them");
    for file in fs::read_dir(folder()).expect("golden links") {
        let file = file.expect("an entry").path();
        let lines = fs::read_to_string(&file).expect("a text");
        assert!(lines.lines().count() > 20, "{}", file.display());
        for line in lines.lines() {
            let (expected, link) = line.split_once('\t').expect("a meaning and a link");
            let (query, fragment) = link.split_once('#').unwrap_or((link, ""));
            let opened = PageLink::decode(query, fragment).expect("a link that opens").expect("a link");
            assert_eq!(meaning(&opened), expected, "{}: {link}", file.display());
            if let Source::Document(text) = &opened.scenario
                && !text.contains("evm-block-case/1")
            {
                assert!(crate::parse(text).is_ok(), "{}: {link}", file.display());
            }
        }
    }
}

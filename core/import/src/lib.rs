//! What people have of contracts and transactions, read into typed things; and from these a scenario.
//!
//! ```text
//! files ─ unpack, unwrap ─▶ text ─ document::sniff ─▶ Format ─ a reader each ─▶ Import ─ scenario(choices) ─▶ evm-lanes/1
//!                                                               └─ merge: artefact + build info, code + ABI, broadcast + artefact
//! ```
//! A *set* of files is read together: a folder that was dropped, with artefacts in some files and layouts in others. What a
//! file is, its structure says (`document::sniff`, the one place that tells kinds apart); its name only names what has no
//! name inside.
//!
//! ```text
//! Import
//! ├─ files          what each file was taken for, and why
//! ├─ contracts      name, source unit, Code (creation, runtime: bytes, links, immutables), ABI, layout, compiler, sources
//! ├─ accounts       address, balance, nonce, code, storage: whatever is known
//! ├─ transactions   from, to, Action (data | call with values | creation | tokens | signed), value, gas, nonce, fees
//! ├─ block          number, time, base fee, if a file says them
//! ├─ lacking        typed questions: a library's address, constructor arguments, decimals, …
//! ├─ notes          what was decided, made up or left out
//! └─ problems       file, place, what would be right, what was found
//! ```
//! Values of the ABI are `DynSolValue`s: call data becomes values only if encoding them gives the same bytes (`calldata`).
//! Nothing is rounded. What can be read in two ways is lacking, not guessed. Every size is bounded (`bounds`).
//!
//! The crate compiles no EVM, and opens no file. Signed transactions need cryptography, which the caller brings
//! ([`resolve_signed`]).
#![warn(missing_docs)]

mod abi;
mod artefact;
mod bounds;
mod calldata;
mod code;
mod reader;
mod states;
mod table;
mod transactions;
mod types;
mod write;

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::Read;

use document::json::{Tree, Value};
use document::problem::{Problem, counted};
use document::sniff::{self, Found};

pub use table::{Column, Role, TableChoices};
pub use transactions::signed::{SignedFields, resolve as resolve_signed};
pub use types::{
    Action, Code, Fees, File, FileProblem, Format, Immutable, Import, ImportedAccount, ImportedBlock,
    ImportedContract, ImportedTransaction, Lack, Lacking, LinkReference, Note, Recognised, SignedDelegation,
    Source, Target,
};
pub use write::{Choices, Written, scenario};

use alloy_primitives::keccak256;
use artefact::hardhat::Build;
use bounds::{MAX_ALL_BYTES, MAX_BYTES, MAX_FILES, MAX_MESSAGES, MAX_WRAPPINGS};
use reader::{Reader, lacks, note, without_syntax_trees};

/// Reads a set of files. Never fails: what cannot be read is a problem of its file.
///
/// Of a folder, files that hold nothing to import (a cache, a picture) are passed over with a note, and so are copies of
/// others, such as Foundry's `run-latest.json`. If no file holds anything, each is a problem.
pub fn read(files: &[File], choices: &TableChoices) -> Import {
    let mut import = Import::default();
    let mut builds = Vec::new();
    let mut left = MAX_ALL_BYTES;
    let mut seen = HashSet::new();
    // Files with nothing to import.
    let mut nothing = Vec::new();
    if files.len() > MAX_FILES {
        note(
            &mut import,
            "",
            format!("only the first {MAX_FILES} of {} are read", counted(files.len(), "file")),
        );
    }
    for file in files.iter().take(MAX_FILES) {
        let refuse = |import: &mut Import, expected: String, found: String| {
            import.files.push(Recognised { file: file.name.clone(), format: None, because: found.clone() });
            let problem = Problem::new("", expected, found);
            import.problems.push(FileProblem { file: file.name.clone(), problem });
        };
        if !seen.insert(keccak256(&file.bytes)) && !file.bytes.is_empty() {
            let because = "a copy of another file".to_owned();
            import.files.push(Recognised { file: file.name.clone(), format: None, because });
            continue;
        }
        let bytes = match unpacked(&file.bytes) {
            Ok(bytes) if bytes.len() <= left => bytes,
            Ok(_) => {
                let expected = format!("at most {} MiB in all", MAX_ALL_BYTES >> 20);
                refuse(&mut import, expected, "more".to_owned());
                continue;
            }
            Err(found) => {
                refuse(&mut import, "a file that can be unpacked".to_owned(), found);
                continue;
            }
        };
        left -= bytes.len();
        let found = match sniff::text(&bytes) {
            Ok(text) => one(&mut import, &mut builds, &file.name, &text, choices),
            // RLP, a picture, an archive: what it is is more than that it is no text.
            Err(found) => {
                let found = sniff::sniff(bytes.into_owned()).err().unwrap_or(found).to_string();
                import.files.push(Recognised {
                    file: file.name.clone(),
                    format: None,
                    because: found.clone(),
                });
                Some(found)
            }
        };
        nothing.extend(found.map(|found| (&file.name, found)));
    }
    if import.files.iter().any(|file| file.format.is_some()) {
        if !nothing.is_empty() {
            let text = format!("{} with nothing to import passed over", counted(nothing.len(), "file"));
            note(&mut import, "", text);
        }
    } else {
        for (file, found) in nothing.into_iter().take(MAX_MESSAGES) {
            let problem = Problem::new("", "contracts, transactions or a state", found);
            import.problems.push(FileProblem { file: file.clone(), problem });
        }
    }
    artefact::merge::merge(&mut import, &builds);
    let signed = |import: &Import| {
        import.transactions.iter().filter(|tx| matches!(tx.action, Action::Signed(_))).count()
    };
    let count = signed(&import);
    if count > 0 {
        lacks(&mut import, "", None, Lacking::Signatures(count));
    }
    let senders = import
        .transactions
        .iter()
        .filter(|tx| tx.from.is_none() && !matches!(tx.action, Action::Signed(_)))
        .count();
    if senders > 0 && !import.lacking.iter().any(|lack| matches!(lack.what, Lacking::Senders(_))) {
        lacks(&mut import, "", None, Lacking::Senders(senders));
    }
    let missing = missing_contracts(&import);
    if missing > 0 {
        lacks(&mut import, "", None, Lacking::State(missing));
    }
    import
}

/// How many contracts are called that no file has.
fn missing_contracts(import: &Import) -> usize {
    let with_code =
        import.accounts.iter().filter(|account| !account.code.is_empty()).map(|account| account.address);
    let created = import.transactions.iter().filter_map(|transaction| transaction.creates);
    let placed = import.contracts.iter().filter_map(|contract| contract.address);
    let known: HashSet<_> = with_code.chain(created).chain(placed).collect();
    let called =
        import.transactions.iter().filter_map(|transaction| match (&transaction.to, &transaction.action) {
            (Target::Address(to), Action::Data(data)) if !data.is_empty() => Some(*to),
            (Target::Address(to), Action::Call { .. }) => Some(*to),
            _ => None,
        });
    called.filter(|to| !known.contains(to)).collect::<HashSet<_>>().len()
}

/// The bytes, without gzip around them.
fn unpacked(bytes: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        if bytes.len() > MAX_BYTES {
            return Err(format!("{} MiB; at most {} MiB are read", bytes.len() >> 20, MAX_BYTES >> 20));
        }
        return Ok(bytes.into());
    }
    let mut unpacked = Vec::new();
    let most = MAX_BYTES as u64 + 1;
    match flate2::read::MultiGzDecoder::new(bytes).take(most).read_to_end(&mut unpacked) {
        Ok(length) if length as u64 == most => {
            Err(format!("more than {} MiB once it is unpacked", MAX_BYTES >> 20))
        }
        Ok(_) => Ok(unpacked.into()),
        Err(_) => Err("gzip that is cut or damaged".to_owned()),
    }
}

/// Reads a file's text, taken out of what is around it. If there is nothing to import in it: what it is.
fn one(
    import: &mut Import,
    builds: &mut Vec<Build>,
    file: &str,
    text: &str,
    choices: &TableChoices,
) -> Option<String> {
    let mut text: Cow<'_, str> = text.into();
    for _ in 0..MAX_WRAPPINGS {
        let inner = match sniff::kind(&text) {
            Err(Found::Fenced(_)) => Some(in_place(&text, sniff::unwrapped(&text))),
            Err(Found::Simulation) if sniff::request(&text).is_some() => {
                sniff::request(&text).map(|request| in_place(&text, request))
            }
            _ if [">>", "<<", "//"].iter().any(|mark| text.trim_start().starts_with(mark)) => {
                Some(in_place(&text, sniff::unwrapped(&text)))
            }
            Err(Found::Escaped) => serde_json::from_str::<String>(text.trim()).ok(),
            Err(Found::Answer(_) | Found::RawTransaction | Found::Bytecode) => answer(&text),
            _ => None,
        };
        let inner = match inner.filter(|inner| *inner != *text) {
            Some(inner) => inner,
            None => break,
        };
        text = inner.into();
        // `anvil_dumpState` answers gzip in hexadecimal.
        if let Some(unzipped) = gzip_in_hexadecimal(&text) {
            text = unzipped.into();
        }
    }
    if let Some(unzipped) = gzip_in_hexadecimal(&text) {
        text = unzipped.into();
    }
    let (found, what) = match sniff::kind(&text) {
        Ok(kind) => {
            let what = match kind {
                sniff::Kind::Scenario => "a scenario of EVM Lanes, which is opened and not imported",
                sniff::Kind::Case => "a real block (evm-block-case/1), which is opened and not imported",
                sniff::Kind::List => "a block access list, which is opened and not imported",
            };
            (None, what.to_owned())
        }
        Err(found) => {
            let what = found.to_string();
            (Some(found), what)
        }
    };
    let text = if text.trim_start().starts_with(['{', '[', '"']) {
        without_syntax_trees(&text).into_owned().into()
    } else {
        text
    };
    let format = found.as_ref().and_then(format_of);
    let because = format.map_or(what.clone(), |format| format.mark().to_owned());
    import.files.push(Recognised { file: file.to_owned(), format, because });
    let Some(format) = format else { return Some(what) };
    let is_json = text.trim_start().starts_with(['{', '['])
        || text.trim_start().starts_with('"') && format != Format::TransferTable;
    let tree = match is_json.then(|| Tree::read(&text)) {
        Some(Ok(tree)) => Some(tree),
        Some(Err(problem)) => {
            import.problems.push(FileProblem { file: file.to_owned(), problem });
            return None;
        }
        None => None,
    };
    let root = tree.as_ref().map(|tree| tree.root(&text));
    let mut reader = Reader::new(file, &text, root, import);
    match format {
        Format::FoundryArtefact => artefact::foundry::read(&mut reader),
        Format::HardhatArtefact => artefact::hardhat::artefact(&mut reader),
        Format::TruffleArtefact | Format::OtherArtefact => artefact::truffle::read(&mut reader, format),
        Format::RemixArtefact => artefact::remix::read(&mut reader),
        Format::BuildInfo => builds.extend(artefact::hardhat::build_info(&mut reader)),
        Format::CompilerOutput => artefact::compiler::file(&mut reader),
        Format::Metadata => artefact::compiler::metadata_file(&mut reader),
        Format::SourcifyAnswer => artefact::sourcify::read(&mut reader),
        Format::ExplorerAnswer => {
            if let Some(list) = artefact::etherscan::read(&mut reader) {
                transactions::node::list(&mut reader, list);
            }
        }
        Format::Bytecode => artefact::plain::bytecode(&mut reader),
        Format::Abi => artefact::plain::abi(&mut reader),
        Format::RemixScenario => transactions::remix::read(&mut reader),
        Format::SafeBatch => transactions::safe::read(&mut reader),
        Format::FoundryBroadcast => transactions::broadcast::read(&mut reader),
        Format::RawTransactions => transactions::signed::read(&mut reader),
        Format::NodeTransactions => transactions::node::file(&mut reader),
        Format::Simulation => transactions::simulate::read(&mut reader),
        Format::AnvilState => states::anvil(&mut reader),
        Format::Genesis => states::genesis(&mut reader),
        Format::TransferTable => table::read(&mut reader, choices),
    }
    None
}

/// A part of a text with blanks in place of what is before it, so that places are the file's.
fn in_place(text: &str, part: &str) -> String {
    let before = (part.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
    let before = text.get(..before).unwrap_or_default();
    let blanks = before.chars().map(|c| if c == '\n' { '\n' } else { ' ' });
    blanks.chain(part.chars()).collect()
}

/// What a node answered, as JSON. `None`: the text is no answer with a value.
fn answer(text: &str) -> Option<String> {
    let trimmed = text.trim_start();
    if !trimmed.starts_with('{') {
        return None;
    }
    let text = without_syntax_trees(text);
    let tree = Tree::read(&text).ok()?;
    let root = tree.root(&text);
    root.get("id").or_else(|| root.get("jsonrpc"))?;
    let result = root.get("result")?;
    match result.value() {
        Value::Text(text) => Some(text.into_owned()),
        _ => Some(in_place(&text, result.written())),
    }
}

fn gzip_in_hexadecimal(text: &str) -> Option<String> {
    let digits = sniff::hex_digits(text)?;
    if !digits.starts_with("1f8b") && !digits.starts_with("1F8B") {
        return None;
    }
    let bytes = alloy_primitives::hex::decode(&*digits).ok()?;
    String::from_utf8(unpacked(&bytes).ok()?.into_owned()).ok()
}

/// The format that a recognised file has here; `None`: there is nothing to import from it.
fn format_of(found: &Found) -> Option<Format> {
    Some(match found {
        Found::Artefact { tool: "Hardhat", .. } => Format::HardhatArtefact,
        Found::Artefact { tool: "Truffle", .. } => Format::TruffleArtefact,
        Found::Artefact { tool: "Foundry", .. } => Format::FoundryArtefact,
        Found::Artefact { tool: "Remix", .. } => Format::RemixArtefact,
        Found::Artefact { .. } => Format::OtherArtefact,
        Found::BuildInfo => Format::BuildInfo,
        Found::CompilerOutput => Format::CompilerOutput,
        Found::Metadata => Format::Metadata,
        Found::Sourcify => Format::SourcifyAnswer,
        Found::ExplorerAnswer => Format::ExplorerAnswer,
        Found::Bytecode => Format::Bytecode,
        Found::Abi => Format::Abi,
        Found::RemixScenario => Format::RemixScenario,
        Found::SafeBatch => Format::SafeBatch,
        Found::Broadcast => Format::FoundryBroadcast,
        Found::RawTransaction => Format::RawTransactions,
        Found::Transactions | Found::NodeBlock => Format::NodeTransactions,
        Found::Simulation => Format::Simulation,
        Found::AnvilState => Format::AnvilState,
        Found::Genesis => Format::Genesis,
        Found::Csv { .. } => Format::TransferTable,
        Found::Answer(found) | Found::Fenced(found) => return format_of(found),
        _ => return None,
    })
}

//! What a file seems to be that the page cannot open, and what a person can do with it.

use thiserror::Error;

use crate::json::shortened;
use crate::problem::Position;

/// What a file seems to be. Its text says what it is; [`Found::advice`] says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "each variant's text says what it is")]
pub enum Found {
    // Bytes.
    #[error("nothing: the file is empty")]
    Empty,
    #[error("a gzip file inside a gzip file")]
    GzipTwice,
    #[error("a {0} archive")]
    Archive(&'static str),
    #[error("{0}")]
    Binary(&'static str),
    #[error("text that is not UTF-8: byte 0x{byte:02x} at line {}, column {}", at.line, at.column)]
    NotUtf8 { byte: u8, at: Position },
    #[error("UTF-16 text that is cut or damaged")]
    BrokenUtf16,
    #[error("UTF-32 text")]
    Utf32,

    // RLP and hexadecimal.
    #[error("a block in RLP, without its pre-state")]
    RawBlock,
    #[error("a block's header in RLP")]
    RawHeader,
    #[error("a chain of blocks in RLP")]
    RawChain,
    #[error("a signed transaction in RLP")]
    RawTransaction,
    #[error("an execution witness")]
    Witness,
    #[error("RLP of something else")]
    OtherRlp,
    #[error("hexadecimal with an odd number of digits, or too many")]
    OddHex,
    #[error("an address")]
    Address,
    #[error("a hash, or another 32 bytes")]
    Hash,
    #[error("bytecode, or other bytes in hexadecimal")]
    Bytecode,

    // JSON of this page, but not quite.
    #[error("a document of a later version, {format}; this page reads {read}")]
    Newer { format: String, read: String },
    #[error("a document of the format “{0}”")]
    OtherFormat(String),
    #[error("a scenario without \"format\"")]
    NoFormat,
    #[error("a list of scenarios")]
    Scenarios,
    #[error("one account of a block access list, not a list")]
    OneListedAccount,
    #[error("JSON that is a text inside a text")]
    Escaped,

    // JSON of other programs.
    #[error("a {tool} artefact{}", of(contract))]
    Artefact { tool: &'static str, contract: String },
    #[error("a contract's ABI")]
    Abi,
    #[error("a Solidity compiler's metadata of a contract")]
    Metadata,
    #[error("a Hardhat build info file")]
    BuildInfo,
    #[error("a Hardhat debug file")]
    HardhatDebug,
    #[error("a Solidity compiler's input")]
    CompilerInput,
    #[error("a Solidity compiler's output")]
    CompilerOutput,
    #[error("a Foundry broadcast: transactions that a script sent")]
    Broadcast,
    #[error("a scenario of Remix, which is another format")]
    RemixScenario,
    #[error("a saved state of Remix")]
    RemixState,
    #[error("a Safe transaction batch")]
    SafeBatch,
    #[error("a genesis file")]
    Genesis,
    #[error("a test of geth's tracers")]
    TracerTest,
    #[error("a state that Anvil saved")]
    AnvilState,
    #[error("a request for eth_simulateV1")]
    Simulation,
    #[error("a block as a node answers it, without its pre-state")]
    NodeBlock,
    #[error("transactions as a node answers them, without their pre-state")]
    Transactions,
    #[error("receipts of transactions")]
    Receipts,
    #[error("logs of transactions")]
    Logs,
    #[error("accounts by address, such as a state or a prestate trace")]
    StateTrace,
    #[error("a trace of calls or instructions")]
    CallTrace,
    #[error("a trace of a block's transactions")]
    BlockTrace,
    #[error("a transaction's access list (EIP-2930), not a block's (EIP-7928)")]
    TransactionAccessList,
    #[error("a state test of Ethereum's own tests")]
    StateTest,
    #[error("a blockchain test of Ethereum's own tests")]
    BlockchainTest,
    #[error("an answer of Sourcify about a contract")]
    Sourcify,
    #[error("an answer of a block explorer")]
    ExplorerAnswer,
    #[error("a wallet's key file")]
    KeyFile,
    #[error("a trace for Chrome's viewer")]
    ChromeTrace,
    #[error("a JSON Schema")]
    JsonSchema,
    #[error("a package.json")]
    PackageJson,
    #[error("a request to a node, without the answer")]
    JsonRpcRequest,
    #[error("a node's answer that says that there is nothing (null)")]
    JsonRpcNull,
    #[error("a node's answer that is an error: “{0}”")]
    JsonRpcError(String),
    #[error("several answers of a node")]
    Batch,
    #[error("a node's answer with {0}")]
    Answer(Box<Found>),
    #[error("several JSON documents one behind the other")]
    JsonLines,
    #[error("a JSON list of something else")]
    Elements,
    #[error("an empty JSON object")]
    EmptyObject,
    #[error("a JSON object with {}{}", quoted(names), if *more { " and more" } else { "" })]
    Object { names: Vec<String>, more: bool },

    // Text.
    #[error("Markdown whose block of code is {0}")]
    Fenced(Box<Found>),
    #[error("a web page (HTML)")]
    Html,
    #[error("XML")]
    Xml,
    #[error("a table (CSV) with the columns {}", quoted(columns))]
    Csv { columns: Vec<String> },
    #[error("source code of a contract")]
    Source,
    #[error("YAML")]
    Yaml,
    #[error("a link")]
    Link,
    #[error("text that begins with “{start}”")]
    Words { start: String },
}

fn of(contract: &str) -> String {
    if contract.is_empty() { String::new() } else { format!(" of the contract {contract}") }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

impl Found {
    /// What a person can do, in whole sentences; empty where there is nothing to say.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NotUtf8 { .. } | Self::BrokenUtf16 | Self::Utf32 => "Save it as UTF-8 and open it again.",
            Self::GzipTwice | Self::Archive(_) => {
                "Unpack it first; the page unpacks gzip once, and nothing else."
            }
            Self::Artefact { .. }
            | Self::BuildInfo
            | Self::CompilerOutput
            | Self::Bytecode
            | Self::Abi
            | Self::Sourcify => {
                "To use a contract, write its bytecode and ABI into a scenario: \
                 \"contracts\": { \"name\": { \"bytecode\": \"0x…\", \"abi\": […] } }."
            }
            Self::HardhatDebug | Self::Metadata | Self::CompilerInput | Self::Source => {
                "To use a contract, compile it and write its bytecode and ABI into a scenario."
            }
            Self::RawTransaction => {
                "To run it, write it into a scenario: \"transactions\": [ { \"raw\": \"0x…\" } ]."
            }
            Self::RemixScenario
            | Self::SafeBatch
            | Self::Broadcast
            | Self::Transactions
            | Self::Simulation => {
                "To run these transactions, write them as a scenario (evm-lanes/1) with their accounts and contracts."
            }
            Self::RawBlock
            | Self::RawChain
            | Self::RawHeader
            | Self::NodeBlock
            | Self::Witness
            | Self::Genesis
            | Self::AnvilState
            | Self::RemixState
            | Self::StateTrace
            | Self::BlockTrace
            | Self::CallTrace
            | Self::Receipts
            | Self::TracerTest => {
                "To run a real block, the page needs its transactions and its pre-state in one file (evm-block-case/1)."
            }
            Self::StateTest | Self::BlockchainTest => "`cargo xtask conformance` runs such tests.",
            Self::NoFormat => "Write \"format\": \"evm-lanes/1\" into it.",
            Self::Scenarios => "Save one of them as a file of its own.",
            Self::OneListedAccount => "Put it into a list: [ … ].",
            Self::Newer { .. } => "Open it with a later version of this page.",
            Self::JsonRpcNull => "The node does not know the block, or no longer has its list.",
            Self::KeyFile => "Keep it to yourself. The page has not read its key.",
            Self::Html => "A site may have answered with a page in place of the file: download it again.",
            Self::Link => "Open it in the address bar.",
            Self::Answer(found) | Self::Fenced(found) => found.advice(),
            _ => "",
        }
    }

    /// Whether it is something that has a name, and not only nothing that is known.
    pub fn is_certain(&self) -> bool {
        match self {
            Self::Elements | Self::Object { .. } | Self::EmptyObject | Self::OneListedAccount => false,
            Self::Words { .. } | Self::Escaped | Self::StateTrace | Self::JsonLines => false,
            Self::Answer(found) | Self::Fenced(found) => found.is_certain(),
            _ => true,
        }
    }

    /// What a text is that is neither JSON nor hexadecimal.
    pub(super) fn by_words(text: &str) -> Self {
        let text = text.trim();
        let line = text.lines().next().unwrap_or_default().trim();
        let lower: String = line.chars().take(64).flat_map(char::to_lowercase).collect();
        if lower.starts_with("<!doctype html")
            || ["<html", "<head", "<body"].iter().any(|tag| lower.starts_with(tag))
        {
            Self::Html
        } else if lower.starts_with("<?xml") || lower.starts_with("<svg") {
            if text.contains("<html") { Self::Html } else { Self::Xml }
        } else if lower.starts_with('<') {
            Self::Html
        } else if ["http://", "https://"].iter().any(|scheme| lower.starts_with(scheme))
            || lower == "[internetshortcut]"
        {
            Self::Link
        } else if text.lines().all(|line| line.trim().is_empty() || super::json::is_signature(line)) {
            Self::Abi
        } else if is_source(text) {
            Self::Source
        } else if is_raw(text) {
            Self::RawTransaction
        } else if is_unlinked(text) {
            Self::Bytecode
        } else if let Some(columns) = columns(text) {
            Self::Csv { columns }
        } else if is_yaml(text) {
            Self::Yaml
        } else {
            Self::Words { start: shortened(line) }
        }
    }
}

/// Whether every line is a signed transaction in hexadecimal.
fn is_raw(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(5).peekable();
    lines.peek().is_some()
        && lines.all(|line| {
            line.starts_with("0x")
                && matches!(super::json::hex_of_beginning(line), Some(Err(Found::RawTransaction)))
        })
}

/// Whether a text is bytecode with a place for a library: digits, then `__`.
fn is_unlinked(text: &str) -> bool {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    digits.split_once("__").is_some_and(|(before, _)| {
        before.len() >= 16
            && before.bytes().all(|byte| byte.is_ascii_hexdigit() || byte.is_ascii_whitespace())
    })
}

/// Whether a line begins as lines of Solidity or Vyper do.
fn is_source(text: &str) -> bool {
    const BEGINNINGS: [&str; 5] =
        ["pragma solidity", "// SPDX-License-Identifier", "contract ", "# @version", "#pragma version"];
    text.lines().take(200).any(|line| {
        let line = line.trim_start();
        BEGINNINGS.iter().any(|begin| line.starts_with(begin))
    })
}

/// The columns of a table: its first two lines have the same separators, and at least one.
fn columns(text: &str) -> Option<Vec<String>> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let (head, next) = (lines.next()?, lines.next());
    [',', ';', '\t', '|'].into_iter().find_map(|separator| {
        let split = |line: &str| split_quoted(line, separator);
        let columns = split(head);
        let same = next.is_some_and(|next| split(next).len() == columns.len());
        let named = columns.iter().all(|column| {
            let column = column.trim();
            !column.is_empty() && column.chars().count() <= 80 && !column.contains(['{', '}'])
        });
        (columns.len() >= 2 && same && named)
            .then(|| columns.iter().take(6).map(|column| shortened(column.trim())).collect())
    })
}

/// A line's parts; a separator in quotation marks separates nothing.
fn split_quoted(line: &str, separator: char) -> Vec<String> {
    let (mut parts, mut inside) = (vec![String::new()], false);
    for c in line.chars() {
        if c == '"' {
            inside = !inside;
        } else if c == separator && !inside {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
}

/// Whether the first lines are `name: value`, `- value`, notes or `---`.
fn is_yaml(text: &str) -> bool {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).take(5).collect();
    let is_field = |line: &str| {
        line.split_once(':').is_some_and(|(name, value)| {
            let name = name.trim_start_matches([' ', '-']);
            let simple =
                !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
            simple && (value.is_empty() || value.starts_with(' '))
        })
    };
    let fits = |line: &&str| {
        *line == "---" || line.starts_with('#') || line.trim_start().starts_with("- ") || is_field(line)
    };
    lines.len() >= 2 && lines.iter().all(fits) && lines.iter().any(|line| is_field(line))
}

/// What bytes are by the signature that they begin with.
pub(super) fn by_magic(bytes: &[u8]) -> Option<Found> {
    const ARCHIVES: [(&[u8], &str); 6] = [
        (b"PK\x03\x04", "ZIP"),
        (b"\x28\xb5\x2f\xfd", "Zstandard"),
        (b"\xfd7zXZ\x00", "xz"),
        (b"BZh", "bzip2"),
        (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
        (b"Rar!\x1a\x07", "RAR"),
    ];
    const BINARIES: [(&[u8], &str); 12] = [
        (b"\x89PNG\r\n\x1a\n", "a picture (PNG)"),
        (b"\xff\xd8\xff", "a picture (JPEG)"),
        (b"GIF8", "a picture (GIF)"),
        (b"RIFF", "a picture, sound or film (RIFF)"),
        (b"%PDF-", "a PDF"),
        (b"\0asm", "WebAssembly"),
        (b"\x7fELF", "a program (ELF)"),
        (b"MZ\x90\0", "a program (Windows)"),
        (b"\xcf\xfa\xed\xfe", "a program (macOS)"),
        (b"SQLite format 3\0", "a SQLite database"),
        (b"PAR1", "a Parquet table"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    ];
    let begins = |signature: &[u8]| bytes.starts_with(signature);
    if bytes.is_empty() {
        return Some(Found::Empty);
    }
    if begins(&[0x1f, 0x8b]) {
        return Some(Found::GzipTwice);
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Some(Found::Archive("tar"));
    }
    let archive =
        ARCHIVES.iter().find(|(signature, _)| begins(signature)).map(|(_, name)| Found::Archive(name));
    archive.or_else(|| {
        BINARIES.iter().find(|(signature, _)| begins(signature)).map(|(_, name)| Found::Binary(name))
    })
}

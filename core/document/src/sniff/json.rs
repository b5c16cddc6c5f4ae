//! What JSON is, by the names of its fields. Formats of other programs are recognised by what only they have.

use super::{Found, Kind, hex_digits, kind_of, shape::Shape};
use crate::{VERSION, json::shortened};

/// The fields of an account in a block access list, in the spellings that nodes and tools use.
const CHANGES: &[&str] = &[
    "storageChanges",
    "storageReads",
    "balanceChanges",
    "nonceChanges",
    "codeChanges",
    "storage_changes",
    "storage_reads",
    "balance_changes",
    "nonce_changes",
    "code_changes",
];

/// Fields under which a list stands within a larger document.
pub const LISTS: &[&str] =
    &["accountChanges", "account_changes", "blockAccessList", "block_access_list", "bal"];

/// What the outline is of; `rest` stands behind it.
pub(super) fn kind(shape: &Shape, rest: &str) -> Result<Kind, Found> {
    match shape {
        Shape::Object(_) => object(shape, rest),
        Shape::List(_) => list(shape),
        // A JSON text of a text. What stands in it may be cut here, so only its beginning is judged.
        Shape::Text(text) if text.trim_start().starts_with(['{', '[']) => match kind_of(text)? {
            (Kind::List, _) => Ok(Kind::List),
            _ => Err(Found::Escaped),
        },
        Shape::Text(_) | Shape::Bare(_) => Err(Found::Words { start: shorter(shape) }),
    }
}

fn shorter(shape: &Shape) -> String {
    match shape {
        Shape::Text(text) | Shape::Bare(text) => shortened(text),
        _ => String::new(),
    }
}

fn object(shape: &Shape, rest: &str) -> Result<Kind, Found> {
    if let Some(format) = shape.text("format") {
        return by_format(format);
    }
    if shape.has(&["jsonrpc"]) || shape.has(&["id", "result"]) || shape.has(&["method", "params"]) {
        return json_rpc(shape);
    }
    if LISTS.iter().any(|name| matches!(shape.get(name), Some(Shape::List(_) | Shape::Text(_)))) {
        return Ok(Kind::List);
    }
    if is_listed_account(shape) {
        return Err(Found::OneListedAccount);
    }
    if let Some(found) = other_program(shape) {
        return Err(found);
    }
    if !rest.is_empty() && rest.starts_with(['{', '[']) {
        return Err(Found::JsonLines);
    }
    if shape.has(&["transactions"]) && (shape.has(&["accounts"]) || shape.has(&["title"])) {
        return Err(Found::NoFormat);
    }
    let fields = shape.fields();
    if fields.is_empty() {
        return Err(Found::EmptyObject);
    }
    let names = fields.iter().take(4).map(|(name, _)| shortened(name)).collect();
    Err(Found::Object { names, more: fields.len() > 4 })
}

/// A document that names its format.
fn by_format(format: &str) -> Result<Kind, Found> {
    let version = |prefix: &str| format.strip_prefix(prefix).map(str::parse::<u32>);
    match (version("evm-lanes/"), version("evm-block-case/")) {
        (Some(Ok(version)), _) if version > VERSION => {
            Err(Found::Newer { format: format.to_owned(), read: format!("evm-lanes/{}", VERSION) })
        }
        // A wrong version is a mistake that the scenario's own reader points at.
        (Some(_), _) => Ok(Kind::Scenario),
        (_, Some(Ok(version))) if version > 1 => {
            Err(Found::Newer { format: format.to_owned(), read: super::CASE_FORMAT.to_owned() })
        }
        (_, Some(_)) => Ok(Kind::Case),
        _ => Err(Found::OtherFormat(shortened(format))),
    }
}

/// A node's answer, or a request to it.
fn json_rpc(shape: &Shape) -> Result<Kind, Found> {
    if let Some(error) = shape.get("error").filter(|error| matches!(error, Shape::Object(_))) {
        let message = error.text("message").unwrap_or("no message");
        return Err(Found::JsonRpcError(shortened(message)));
    }
    match shape.get("result") {
        None if shape.text("method") == Some("eth_simulateV1") => Err(Found::Simulation),
        None => Err(Found::JsonRpcRequest),
        Some(Shape::Bare(null)) if null == "null" => Err(Found::JsonRpcNull),
        Some(result) => match result {
            Shape::Text(text) if text.starts_with("0x") => match hex_of_beginning(text) {
                Some(kind) => kind,
                None => Err(Found::Bytecode),
            },
            Shape::List(None) => Ok(Kind::List),
            result => kind(result, "").map_err(|found| Found::Answer(Box::new(found))),
        },
    }
}

/// What hexadecimal is of which only the beginning is known.
pub(super) fn hex_of_beginning(text: &str) -> Option<Result<Kind, Found>> {
    let digits = hex_digits(text)?;
    let bytes = alloy_primitives::hex::decode(&digits[..digits.len() & !1]).ok()?;
    Some(match bytes.first()? {
        0xc0 => Ok(Kind::List),
        // A list whose first account begins with an address (0x94), a block whose header begins with a hash (0xa0).
        0xc1.. => {
            let after = |bytes: &[u8]| -> Option<usize> {
                let first = usize::from(*bytes.first()?);
                (first >= 0xc0).then_some(1 + first.saturating_sub(0xf7))
            };
            let account = bytes.get(after(&bytes)?..)?;
            let inside = after(account).and_then(|at| account.get(at));
            match inside {
                Some(0x94) => Ok(Kind::List),
                Some(0xa0) => Err(Found::RawBlock),
                _ => Err(Found::RawTransaction),
            }
        }
        1..=4 => Err(Found::RawTransaction),
        _ => Err(Found::Bytecode),
    })
}

fn list(shape: &Shape) -> Result<Kind, Found> {
    let Some(first) = shape.first() else { return Ok(Kind::List) };
    if is_listed_account(first) {
        return Ok(Kind::List);
    }
    Err(match first {
        Shape::Object(fields) if fields.is_empty() => Found::Elements,
        Shape::Object(_) if first.has(&["address", "storageKeys"]) => Found::TransactionAccessList,
        Shape::Object(_) if first.has(&["jsonrpc"]) => Found::Batch,
        Shape::Object(_) if first.has(&["txHash", "result"]) => Found::BlockTrace,
        Shape::Object(_) if first.has(&["transactionHash", "logs"]) => Found::Receipts,
        Shape::Object(_) if first.has(&["address", "topics"]) => Found::Logs,
        Shape::Object(_) if first.has(&["from", "nonce"]) || first.has(&["from", "to", "value"]) => {
            Found::Transactions
        }
        Shape::Object(_) if first.has(&["parentHash", "stateRoot"]) => Found::NodeBlock,
        Shape::Object(_) if is_abi_item(first) => Found::Abi,
        Shape::Text(text) if is_signature(text) => Found::Abi,
        Shape::Text(text) if matches!(hex_of_beginning(text), Some(Err(Found::RawTransaction))) => {
            Found::RawTransaction
        }
        Shape::Object(_) if matches!(object(first, ""), Ok(Kind::Scenario)) => Found::Scenarios,
        _ => Found::Elements,
    })
}

/// `{ "address": …, "storageChanges": … }`, where all but the address may be left out.
fn is_listed_account(shape: &Shape) -> bool {
    let fields = shape.fields();
    shape.has(&["address"]) && fields.iter().all(|(name, _)| name == "address" || CHANGES.contains(&&**name))
        || fields.iter().any(|(name, _)| CHANGES.contains(&&**name))
}

/// Whether a text begins as the signature of an ABI's item does, as ethers and viem write them.
pub(super) fn is_signature(text: &str) -> bool {
    const ITEMS: [&str; 7] = ["function", "event", "constructor", "error", "fallback", "receive", "struct"];
    let text = text.trim_start();
    ITEMS.iter().any(|item| text.strip_prefix(item).is_some_and(|rest| rest.starts_with([' ', '('])))
        && (text.contains('(') || text.contains('{'))
}

fn is_abi_item(shape: &Shape) -> bool {
    const ITEMS: [&str; 6] = ["function", "event", "constructor", "error", "fallback", "receive"];
    shape.text("type").is_some_and(|item| ITEMS.contains(&item))
}

/// Documents of other programs.
fn other_program(shape: &Shape) -> Option<Found> {
    let name = |field: &str| shape.text(field).map(shortened).unwrap_or_default();
    let first_transaction = shape.get("transactions").and_then(Shape::first);
    let is_ours = |format: &&str| format.starts_with("hh") || format.contains("build-info");
    if let Some(format) = shape.text("_format").filter(is_ours) {
        return Some(if format.contains("build-info") {
            Found::BuildInfo
        } else if format.contains("artifact") {
            Found::Artefact { tool: "Hardhat", contract: name("contractName") }
        } else {
            Found::HardhatDebug
        });
    }
    let has_code = |field: &str| shape.get(field).is_some_and(|code| code.has(&["object"]));
    let found = if shape.has(&["abi", "bytecode", "contractName"]) {
        let truffle = shape.has(&["networks"]) || shape.has(&["schemaVersion"]) || shape.has(&["compiler"]);
        Found::Artefact { tool: if truffle { "Truffle" } else { "Hardhat" }, contract: name("contractName") }
    } else if shape.has(&["abi"]) && has_code("bytecode") {
        Found::Artefact { tool: "Foundry", contract: String::new() }
    } else if shape.has(&["abi", "data"]) && shape.get("data").is_some_and(|data| data.has(&["bytecode"])) {
        Found::Artefact { tool: "Remix", contract: String::new() }
    } else if shape.has(&["abi", "bytecode"]) || shape.has(&["abi", "bin"]) {
        Found::Artefact { tool: "compiler", contract: String::new() }
    } else if shape.has(&["chainId", "address"]) && (shape.has(&["match"]) || shape.has(&["runtimeMatch"])) {
        Found::Sourcify
    } else if shape.has(&["input", "output", "solcVersion"]) {
        Found::BuildInfo
    } else if shape.has(&["abi"]) {
        Found::Abi
    } else if shape.has(&["compiler", "language", "output"]) {
        Found::Metadata
    } else if shape.has(&["language", "sources"]) {
        Found::CompilerInput
    } else if shape.has(&["contracts", "sources"])
        || shape.has(&["contracts", "version"])
        || shape.has(&["errors", "sources"])
    {
        Found::CompilerOutput
    } else if shape.has(&["transactions", "receipts"])
        && (shape.has(&["chain"]) || first_transaction.is_some_and(|tx| tx.has(&["transactionType"])))
    {
        Found::Broadcast
    } else if first_transaction.is_some_and(|tx| tx.has(&["record"])) {
        Found::RemixScenario
    } else if shape.has(&["transactions", "meta"]) && (shape.has(&["chainId"]) || shape.has(&["version"])) {
        Found::SafeBatch
    } else if shape.has(&["db", "blocks"]) {
        Found::RemixState
    } else if shape.has(&["genesis", "context"]) || shape.has(&["genesis", "input"]) {
        Found::TracerTest
    } else if shape.has(&["alloc"]) {
        Found::Genesis
    } else if shape.has(&["block", "accounts"]) {
        Found::AnvilState
    } else if shape.has(&["blockStateCalls"]) {
        Found::Simulation
    } else if shape.has(&["state", "codes"]) {
        Found::Witness
    } else if shape.has(&["accessList"]) && !shape.has(&["from"]) {
        Found::TransactionAccessList
    } else if shape.has(&["pre", "post"]) && !shape.has(&["env"]) || is_state(shape) {
        Found::StateTrace
    } else if shape.has(&["parentHash"]) && (shape.has(&["stateRoot"]) || shape.has(&["transactions"])) {
        Found::NodeBlock
    } else if shape.has(&["calls", "from"]) || shape.has(&["structLogs"]) {
        Found::CallTrace
    } else if shape.has(&["hash", "from", "nonce"]) || shape.has(&["from", "to", "gas", "input"]) {
        Found::Transactions
    } else if shape.has(&["transactionHash", "logs"]) {
        Found::Receipts
    } else if shape.fields().first().is_some_and(|(_, test)| test.has(&["env", "pre", "transaction", "post"]))
    {
        Found::StateTest
    } else if shape.fields().first().is_some_and(|(_, test)| test.has(&["pre", "blocks"])) {
        Found::BlockchainTest
    } else if shape.has(&["status", "message", "result"]) {
        Found::ExplorerAnswer
    } else if shape.has(&["crypto"]) || shape.has(&["Crypto"]) {
        Found::KeyFile
    } else if shape.has(&["traceEvents"]) {
        Found::ChromeTrace
    } else if shape.has(&["$schema"]) && shape.has(&["properties"]) {
        Found::JsonSchema
    } else if shape.has(&["name", "version"]) && (shape.has(&["dependencies"]) || shape.has(&["scripts"])) {
        Found::PackageJson
    } else {
        return None;
    };
    Some(found)
}

/// Accounts by address.
fn is_state(shape: &Shape) -> bool {
    let Some((address, account)) = shape.fields().first() else { return false };
    let digits = address.strip_prefix("0x").unwrap_or(address);
    digits.len() == 40
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        && matches!(account, Shape::Object(_))
}

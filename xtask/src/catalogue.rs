//! The catalogue: real contracts from pinned npm packages, slimmed, with storage layouts made here.
//!
//! ```text
//! npm packages ─▶ target/catalogue/mit.json, gpl.json   abi, creation code, layout: read by engine and tests
//!              └▶ core/catalogue/index.json             facts, committed: hashes show that nothing changed
//! ```
//! Contracts under the GPL stay in a data file of their own with the licence's text and a pointer to
//! their source; they are never compiled into the wasm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use const_hex as hex;
use serde_json::{Value, json};
use sha3::{Digest, Keccak256};

use crate::{fingerprint, process, setup, workspace};

/// Arguments of `cargo xtask catalogue`.
#[derive(clap::Args, Default)]
pub struct Arguments {
    /// Only say whether core/catalogue/index.json is current.
    #[arg(long)]
    pub check: bool,
}

/// An npm package that contracts come from.
struct Package {
    /// First part of its contracts' ids.
    id: &'static str,
    name: &'static str,
    version: &'static str,
    licence: &'static str,
    /// Where people read the source.
    source: &'static str,
}

/// One contract.
struct Piece {
    package: &'static Package,
    contract: &'static str,
    /// Artefact below the package.
    artefact: &'static str,
    /// Source below the package.
    source: &'static str,
    compiler: &'static str,
    /// The shape of its conflicts, in words.
    conflicts: &'static str,
    /// Chosen names of packed slots.
    slots: &'static [(&'static str, &'static str)],
}

const OPENZEPPELIN: Package = Package {
    id: "openzeppelin-4.9.6",
    name: "@openzeppelin/contracts",
    version: "4.9.6",
    licence: "MIT",
    source: "https://github.com/OpenZeppelin/openzeppelin-contracts/tree/v4.9.6",
};
const V2_CORE: Package = Package {
    id: "uniswap-v2",
    name: "@uniswap/v2-core",
    version: "1.0.1",
    licence: "GPL-3.0-or-later",
    source: "https://github.com/Uniswap/v2-core/tree/v1.0.1",
};
const V2_PERIPHERY: Package = Package {
    id: "uniswap-v2",
    name: "@uniswap/v2-periphery",
    version: "1.1.0-beta.0",
    licence: "GPL-3.0-or-later",
    source: "https://github.com/Uniswap/v2-periphery",
};

macro_rules! openzeppelin {
    ($contract:literal, $source:literal, $conflicts:literal) => {
        Piece {
            package: &OPENZEPPELIN,
            contract: $contract,
            artefact: concat!("build/contracts/", $contract, ".json"),
            source: concat!($source, "/", $contract, ".sol"),
            compiler: "solc-0.8.13",
            conflicts: $conflicts,
            slots: &[],
        }
    };
}

macro_rules! uniswap {
    ($package:ident, $contract:literal, $source:literal, $compiler:literal, $slots:expr, $conflicts:literal) => {
        Piece {
            package: &$package,
            contract: $contract,
            artefact: concat!("build/", $contract, ".json"),
            source: concat!("contracts/", $source, $contract, ".sol"),
            compiler: $compiler,
            conflicts: $conflicts,
            slots: $slots,
        }
    };
}

const PIECES: &[Piece] = &[
    openzeppelin!(
        "ERC20PresetFixedSupply",
        "token/ERC20/presets",
        "A token. Payments between different pairs of people touch nothing in common."
    ),
    openzeppelin!(
        "ERC20PresetMinterPauser",
        "token/ERC20/presets",
        "A token that can be minted and paused. Every mint adds to the total supply: one hot slot."
    ),
    openzeppelin!(
        "ERC721PresetMinterPauserAutoId",
        "token/ERC721/presets",
        "A collection. Every mint takes the next number and the next place in the list: one chain."
    ),
    openzeppelin!(
        "ERC1155PresetMinterPauser",
        "token/ERC1155/presets",
        "Many tokens in one contract. Different ids touch nothing in common."
    ),
    openzeppelin!(
        "PaymentSplitter",
        "finance",
        "Ether shared out. Every release adds to the total released: one hot slot."
    ),
    openzeppelin!("MinimalForwarder", "metatx", "Calls on behalf of signers: a nonce for each signer."),
    uniswap!(
        V2_CORE,
        "UniswapV2Factory",
        "",
        "solc-0.5.16",
        &[],
        "Makes pairs. Every new pair goes to the end of one list."
    ),
    uniswap!(
        V2_CORE,
        "UniswapV2Pair",
        "",
        "solc-0.5.16",
        &[("8", "reserves")],
        "A pool of two tokens. Every swap reads and writes the reserves: one chain for each pool."
    ),
    uniswap!(
        V2_PERIPHERY,
        "UniswapV2Router02",
        "",
        "",
        &[],
        "Swaps through pairs; keeps nothing itself. Swaps in different pools touch nothing in common."
    ),
    uniswap!(
        V2_PERIPHERY,
        "WETH9",
        "test/",
        "solc-0.6.6",
        &[],
        "Ether as a token. Each deposit changes one balance, and the ether that the contract holds."
    ),
];

/// The licence of OpenZeppelin's contracts, whose package names but does not contain it.
const MIT: &str = include_str!("../../core/catalogue/MIT.txt");

/// Makes the catalogue, unless it is there and current.
///
/// # Errors
/// If npm or the compilers fail, an artefact is not as expected, or (with `--check`) the index is out of date.
pub fn run(arguments: &Arguments) -> Result<()> {
    let here = workspace::path("core/catalogue");
    let out = workspace::products().join("catalogue");
    let fingerprint = fingerprint::Fingerprint::of("catalogue")
        .text(include_str!("catalogue.rs"))
        .text(MIT)
        .files(&here.join("package-lock.json"))?
        .files(&here.join("layouts.cjs"))?
        .finish();
    let stamp = out.join("stamp");
    if !out.join("index.json").is_file() {
        // Someone has emptied the folder.
        let _ = fs::remove_file(&stamp);
    }
    let made = fingerprint::unless_done(&stamp, &fingerprint, || build(&here, &out))?;
    let index = process::read(&out.join("index.json"))?;
    let committed = here.join("index.json");
    if fs::read(&committed).is_ok_and(|bytes| bytes == index) {
        process::say(if made { "catalogue: made" } else { "catalogue: current" });
        return Ok(());
    }
    if arguments.check {
        bail!("core/catalogue/index.json is out of date: run `cargo xtask catalogue` and commit it");
    }
    fs::write(&committed, index).with_context(|| format!("{} cannot be written", committed.display()))?;
    process::say("catalogue: made; core/catalogue/index.json has changed");
    Ok(())
}

fn build(here: &Path, out: &Path) -> Result<()> {
    let modules = setup::npm("core/catalogue")?;
    let layouts = process::timed("storage layouts (solc from npm)", || layouts(here, &modules))?;
    fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
    let mut index = Vec::new();
    let mut contracts: [Vec<Value>; 2] = [vec![], vec![]];
    for piece in PIECES {
        let contract = slim(piece, &modules, &layouts)?;
        let mut facts = contract.clone();
        if let Some(facts) = facts.as_object_mut() {
            for long in ["abi", "bytecode", "storageLayout", "slotNames"] {
                facts.remove(long);
            }
        }
        index.push(facts);
        contracts[usize::from(piece.package.licence != "MIT")].push(contract);
    }
    let gpl = fs::read_to_string(modules.join(V2_CORE.name).join("LICENSE"))
        .context("the licence of @uniswap/v2-core cannot be read")?;
    for (file, licence, text, contracts) in
        [("mit.json", "MIT", MIT, &contracts[0]), ("gpl.json", "GPL-3.0-or-later", &gpl, &contracts[1])]
    {
        let data = json!({
            "format": "evm-lanes-catalogue/1",
            "licence": licence,
            "licenceText": text,
            "contracts": contracts,
        });
        fs::write(out.join(file), serde_json::to_vec(&data)?)?;
    }
    let mut index = serde_json::to_string_pretty(&index)?;
    index.push('\n');
    fs::write(out.join("index.json"), index)?;
    Ok(())
}

fn layouts(here: &Path, modules: &Path) -> Result<Value> {
    let mut node = Command::new("node");
    node.arg(here.join("layouts.cjs")).arg(modules);
    for piece in PIECES.iter().filter(|p| !p.compiler.is_empty()) {
        node.arg(source(piece)).arg(piece.contract).arg(piece.compiler);
    }
    let output = process::output("storage layouts", &mut node)?;
    serde_json::from_str(&output).context("solc's storage layouts cannot be read")
}

fn source(piece: &Piece) -> String {
    format!("{}/{}", piece.package.name, piece.source)
}

fn slim(piece: &Piece, modules: &Path, layouts: &Value) -> Result<Value> {
    let package = piece.package;
    let file: PathBuf = modules.join(package.name).join(piece.artefact);
    let manifest: Value =
        serde_json::from_slice(&process::read(&modules.join(package.name).join("package.json"))?)?;
    for (field, expected) in [("version", package.version), ("license", package.licence)] {
        if manifest[field] != expected {
            bail!("{}: expected {field} {expected}, found {}", package.name, manifest[field]);
        }
    }
    let artefact: Value = serde_json::from_slice(&process::read(&file)?)?;
    // Hardhat's artefacts have the code at the top, Waffle's below `evm`.
    let code = |hardhat: &str, waffle: &str| {
        let text = artefact[hardhat].as_str().or(artefact.pointer(waffle).and_then(Value::as_str));
        let text = text.with_context(|| format!("{}: no {hardhat}", file.display()))?;
        hex::decode(text).with_context(|| format!("{}: {hardhat} is not hexadecimal", file.display()))
    };
    let creation = code("bytecode", "/evm/bytecode/object")?;
    let runtime = code("deployedBytecode", "/evm/deployedBytecode/object")?;
    // Immutables are zero in the artefact: such a contract's deployed code is another one each time.
    let fixed = !["MinimalForwarder", "UniswapV2Router02"].contains(&piece.contract);
    let layout = match &layouts[format!("{}:{}", source(piece), piece.contract)] {
        Value::Null => json!({ "storage": [], "types": null }),
        layout => slim_layout(layout),
    };
    Ok(json!({
        "id": format!("{}/{}", package.id, piece.contract),
        "contract": piece.contract,
        "package": package.name,
        "version": package.version,
        "licence": package.licence,
        "source": package.source,
        "conflicts": piece.conflicts,
        "creationCodeHash": hash(&creation),
        "codeHash": fixed.then(|| hash(&runtime)),
        "abi": artefact["abi"],
        "bytecode": hex::encode_prefixed(&creation),
        "storageLayout": layout,
        "slotNames": piece.slots.iter().map(|(slot, name)| ((*slot).to_owned(), json!(name))).collect::<serde_json::Map<_, _>>(),
    }))
}

/// The hash that Ethereum knows code by.
fn hash(code: &[u8]) -> String {
    hex::encode_prefixed(Keccak256::digest(code))
}

/// Drops what only the compiler needs.
fn slim_layout(layout: &Value) -> Value {
    let mut layout = layout.clone();
    let drop = |variable: &mut Value| {
        if let Some(variable) = variable.as_object_mut() {
            variable.remove("astId");
            variable.remove("contract");
        }
    };
    layout["storage"].as_array_mut().into_iter().flatten().for_each(drop);
    for kind in layout["types"].as_object_mut().into_iter().flat_map(|types| types.values_mut()) {
        if let Some(members) = kind.get_mut("members").and_then(Value::as_array_mut) {
            members.iter_mut().for_each(drop);
        }
    }
    layout
}

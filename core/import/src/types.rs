//! What an import holds: plain values, in the order in which the files have them.

use std::fmt;
use std::sync::Arc;

use alloy_dyn_abi::DynSolValue;
use alloy_json_abi::{Function, JsonAbi};
use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use document::problem::{Problem, counted};
use serde::{Serialize, Serializer};

/// A file as it was given: its name is shown and never judged by, except where a name is all that a contract has.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name, or its path below the folder that was given.
    pub name: String,
    /// Its bytes, perhaps gzipped.
    pub bytes: Vec<u8>,
}

/// What a file was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "`name` says what each is")]
pub enum Format {
    FoundryArtefact,
    HardhatArtefact,
    TruffleArtefact,
    RemixArtefact,
    OtherArtefact,
    BuildInfo,
    CompilerOutput,
    Metadata,
    SourcifyAnswer,
    ExplorerAnswer,
    Bytecode,
    Abi,
    RemixScenario,
    SafeBatch,
    FoundryBroadcast,
    RawTransactions,
    NodeTransactions,
    Simulation,
    AnvilState,
    Genesis,
    TransferTable,
}

impl Format {
    /// Its name in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::FoundryArtefact => "a Foundry artefact",
            Self::HardhatArtefact => "a Hardhat artefact",
            Self::TruffleArtefact => "a Truffle artefact",
            Self::RemixArtefact => "a Remix artefact",
            Self::OtherArtefact => "a compiler's artefact",
            Self::BuildInfo => "a build info file",
            Self::CompilerOutput => "a Solidity compiler's output",
            Self::Metadata => "a Solidity compiler's metadata of a contract",
            Self::SourcifyAnswer => "an answer of Sourcify",
            Self::ExplorerAnswer => "an answer of a block explorer",
            Self::Bytecode => "bytecode",
            Self::Abi => "a contract's ABI",
            Self::RemixScenario => "a scenario of Remix",
            Self::SafeBatch => "a Safe transaction batch",
            Self::FoundryBroadcast => "a Foundry broadcast",
            Self::RawTransactions => "signed transactions",
            Self::NodeTransactions => "transactions as a node answers them",
            Self::Simulation => "a request for eth_simulateV1",
            Self::AnvilState => "a state that Anvil saved",
            Self::Genesis => "a genesis file",
            Self::TransferTable => "a table of transfers",
        }
    }
}

impl Format {
    /// What tells it: the fields that only it has.
    pub fn mark(self) -> &'static str {
        match self {
            Self::FoundryArtefact => "\"abi\" beside \"bytecode\" with \"object\"",
            Self::HardhatArtefact => {
                "\"_format\": \"hh…artifact…\", or \"contractName\" beside \"abi\" and \"bytecode\""
            }
            Self::TruffleArtefact => {
                "\"contractName\", \"abi\", \"bytecode\" beside \"networks\", \"schemaVersion\" or \"compiler\""
            }
            Self::RemixArtefact => "\"abi\" beside \"data\" with \"bytecode\"",
            Self::OtherArtefact => "\"abi\" beside \"bytecode\" or \"bin\"",
            Self::BuildInfo => {
                "\"_format\" with \"build-info\", or \"input\", \"output\" and \"solcVersion\""
            }
            Self::CompilerOutput => "\"contracts\" beside \"sources\" or \"version\"",
            Self::Metadata => "\"compiler\", \"language\" and \"output\"",
            Self::SourcifyAnswer => "\"match\" or \"runtimeMatch\" beside \"chainId\" and \"address\"",
            Self::ExplorerAnswer => "\"status\", \"message\" and \"result\"",
            Self::Bytecode => "hexadecimal digits and nothing else, except places for libraries",
            Self::Abi => "a list of functions, events and errors, or of their signatures",
            Self::RemixScenario => "\"transactions\" with \"record\"",
            Self::SafeBatch => "\"transactions\" and \"meta\" beside \"chainId\" or \"version\"",
            Self::FoundryBroadcast => "\"transactions\" and \"receipts\" beside \"chain\"",
            Self::RawTransactions => "RLP of a signed transaction in hexadecimal",
            Self::NodeTransactions => {
                "\"from\", \"nonce\" and the other fields of a transaction, or a block that has them"
            }
            Self::Simulation => "\"blockStateCalls\"",
            Self::AnvilState => "\"block\" and \"accounts\"",
            Self::Genesis => "\"alloc\"",
            Self::TransferTable => "rows with the same number of columns",
        }
    }
}

/// A file and what it was taken for.
#[derive(Clone, Debug, Serialize)]
pub struct Recognised {
    /// The file's name.
    pub file: String,
    /// The format; `None`: nothing was read from it, and a problem says why.
    pub format: Option<Format>,
    /// What was seen in it that tells the format.
    pub because: String,
}

/// Everything that was read from a set of files.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Import {
    /// What each file was taken for.
    pub files: Vec<Recognised>,
    /// Contracts.
    pub contracts: Vec<ImportedContract>,
    /// Accounts with what is known of them.
    pub accounts: Vec<ImportedAccount>,
    /// Transactions, in order.
    pub transactions: Vec<ImportedTransaction>,
    /// The block's environment, as far as a file says it.
    pub block: ImportedBlock,
    /// What is missing or ambiguous, and has to be asked for.
    pub lacking: Vec<Lack>,
    /// What was decided or left out, for people.
    pub notes: Vec<Note>,
    /// What is wrong in a file.
    pub problems: Vec<FileProblem>,
}

/// A contract.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportedContract {
    /// Its name in the source; where no file says one, the file's.
    pub name: String,
    /// The source file that defines it, as the compiler was told.
    pub source_unit: Option<String>,
    /// The file that it was read from.
    pub file: String,
    /// That file's format.
    pub format: Format,
    /// Code that makes the contract and ends with its runtime code.
    pub creation: Option<Code>,
    /// Code of the contract once it is there.
    pub runtime: Option<Code>,
    /// Its ABI.
    pub abi: Option<JsonAbi>,
    /// Its storage layout as solc writes it.
    pub storage_layout: Option<serde_json::Map<String, serde_json::Value>>,
    /// The compiler's version.
    pub compiler: Option<String>,
    /// Its sources, shared with the contracts that were compiled with it.
    #[serde(serialize_with = "source_names")]
    pub sources: Arc<[Source]>,
    /// Where it is on a chain.
    pub address: Option<Address>,
    /// The build info file that belongs to it.
    #[serde(skip)]
    pub(crate) build: Option<String>,
}

impl ImportedContract {
    /// The hash of its runtime code, as EXTCODEHASH gives it. `None` if the code is not known, or differs from deployment
    /// to deployment by libraries or immutables.
    pub fn code_hash(&self) -> Option<B256> {
        let runtime = self.runtime.as_ref()?;
        let is_fixed = runtime.links.is_empty() && runtime.immutables.is_empty() && !runtime.bytes.is_empty();
        is_fixed.then(|| keccak256(&runtime.bytes))
    }

    /// `file.sol:Name`, as solc calls it.
    pub fn qualified_name(&self) -> String {
        match &self.source_unit {
            Some(unit) => format!("{unit}:{}", self.name),
            None => self.name.clone(),
        }
    }
}

fn source_names<S: Serializer>(sources: &Arc<[Source]>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(sources.iter().map(|source| &source.path))
}

/// A source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its path as the compiler was told.
    pub path: String,
    /// Its text, if the file holds it.
    pub text: Option<Arc<str>>,
}

/// Bytecode with the places that are still open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Code {
    /// The bytes; zeros where an address or value is missing.
    pub bytes: Bytes,
    /// Libraries whose addresses are missing.
    pub links: Vec<LinkReference>,
    /// Immutable variables, which the constructor sets.
    pub immutables: Vec<Immutable>,
}

/// A library whose address belongs into bytecode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LinkReference {
    /// The library's name, if it is known.
    pub library: Option<String>,
    /// The source file that defines it.
    pub source_unit: Option<String>,
    /// What stands in the bytecode in place of the address.
    pub placeholder: String,
    /// Offsets in bytes at which the 20 bytes of the address belong.
    pub places: Vec<u32>,
}

impl LinkReference {
    /// The name to show and to answer with.
    pub fn name(&self) -> &str {
        self.library.as_deref().unwrap_or(&self.placeholder)
    }
}

/// An immutable variable's places in runtime code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Immutable {
    /// The compiler's number for it.
    pub id: String,
    /// Offsets and lengths in bytes.
    pub places: Vec<(u32, u32)>,
}

/// An account and what is known of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ImportedAccount {
    /// Its name, if the file has one.
    pub name: Option<String>,
    /// Its address.
    pub address: Address,
    /// Its balance in wei; `None`: not known.
    pub balance: Option<U256>,
    /// Its nonce.
    pub nonce: Option<u64>,
    /// Its code; empty for an account without code.
    pub code: Bytes,
    /// Its storage.
    pub storage: Vec<(U256, U256)>,
}

/// The block's environment, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportedBlock {
    /// Block number.
    pub number: Option<u64>,
    /// Unix time in seconds.
    pub timestamp: Option<u64>,
    /// Base fee per gas in wei.
    pub base_fee: Option<U256>,
}

/// One transaction.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportedTransaction {
    /// The file that it was read from.
    pub file: String,
    /// Its sender; `None`: the file does not say it.
    pub from: Option<Address>,
    /// What it calls.
    pub to: Target,
    /// What it does there.
    pub action: Action,
    /// Ether sent along, in wei.
    pub value: U256,
    /// Gas limit.
    pub gas: Option<u64>,
    /// The sender's nonce.
    pub nonce: Option<u64>,
    /// Fees per unit of gas.
    pub fees: Fees,
    /// Addresses and slots that it names beforehand.
    pub access_list: Vec<(Address, Vec<B256>)>,
    /// Signed delegations.
    pub authorizations: Vec<SignedDelegation>,
    /// The address of the contract that it creates, if the file says it.
    pub creates: Option<Address>,
}

/// Fees per unit of gas, in wei.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fees {
    /// Of types 0 and 1.
    pub gas_price: Option<U256>,
    /// Of the later types.
    pub max_fee: Option<U256>,
    /// Of the later types.
    pub max_priority_fee: Option<U256>,
}

/// A signed delegation (EIP-7702).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedDelegation {
    /// 0: any chain.
    pub chain_id: u64,
    /// The contract whose code it is.
    pub address: Address,
    /// The authority's nonce.
    pub nonce: u64,
    /// Signature.
    pub y_parity: u8,
    /// Signature.
    pub r: U256,
    /// Signature.
    pub s: U256,
}

/// The recipient of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Nobody: it creates a contract.
    Creation,
    /// An account.
    Address(Address),
    /// The contract that an earlier transaction creates: its index in [`Import::transactions`].
    Created(usize),
}

/// What a transaction does.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Sends this call data, which may be empty.
    Data(Bytes),
    /// Calls a function; the values fit the function's inputs.
    Call {
        /// The function.
        function: Box<Function>,
        /// Its arguments.
        #[serde(serialize_with = "values")]
        arguments: Vec<DynSolValue>,
    },
    /// Creates a contract.
    Create {
        /// The contract: its index in [`Import::contracts`].
        contract: usize,
        /// The constructor's arguments.
        #[serde(serialize_with = "values")]
        arguments: Vec<DynSolValue>,
        /// What the constructor gets, as bytes: where the arguments are not known as values.
        encoded: Bytes,
    },
    /// Transfers tokens of a contract that the file only names.
    Tokens {
        /// The token: an address or symbol, as the file has it.
        token: String,
        /// The recipient.
        to: Address,
        /// The amount in the token's smallest unit.
        amount: U256,
    },
    /// A signed transaction whose fields are not read yet.
    Signed(Bytes),
}

fn values<S: Serializer>(values: &[DynSolValue], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(plain))
}

/// A value as JSON: numbers as decimal texts, bytes in hexadecimal.
fn plain(value: &DynSolValue) -> serde_json::Value {
    match value {
        DynSolValue::Bool(value) => (*value).into(),
        DynSolValue::Uint(number, _) => number.to_string().into(),
        DynSolValue::Int(number, _) => number.to_string().into(),
        DynSolValue::Address(address) => address.to_string().into(),
        DynSolValue::FixedBytes(word, size) => {
            hex::encode_prefixed(word.get(..*size).unwrap_or_default()).into()
        }
        DynSolValue::Bytes(bytes) => hex::encode_prefixed(bytes).into(),
        DynSolValue::String(text) => text.as_str().into(),
        DynSolValue::Array(values) | DynSolValue::FixedArray(values) | DynSolValue::Tuple(values) => {
            values.iter().map(plain).collect()
        }
        DynSolValue::Function(function) => function.to_string().into(),
        #[allow(unreachable_patterns, reason = "a feature of alloy adds one")]
        _ => serde_json::Value::Null,
    }
}

/// Something that a file does not say, or leaves open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lack {
    /// The file.
    pub file: String,
    /// The contract, if it is one that lacks it.
    pub contract: Option<String>,
    /// What is lacking.
    pub what: Lacking,
}

/// What is lacking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lacking {
    /// The address of a library.
    Library(LinkReference),
    /// Code that can be deployed: an interface or abstract contract, or the file has none.
    CreationCode,
    /// Runtime code stands where creation code belongs, and is deployed as it is: its constructor does not run.
    ConstructorRun {
        /// Why it is taken for runtime code.
        because: String,
    },
    /// Arguments of the constructor, each as `type name`.
    ConstructorArguments(Vec<String>),
    /// The storage layout: its slots have no names.
    StorageLayout,
    /// The ABI: only call data can be sent to it.
    Abi,
    /// The number of decimals of a column's amounts.
    Decimals {
        /// The column's name.
        column: String,
        /// An amount of it.
        example: String,
    },
    /// Whether a character separates thousands or decimals.
    Separator {
        /// The column's name.
        column: String,
        /// An amount of it.
        example: String,
        /// What it is if the character separates thousands, and if it separates decimals.
        readings: [String; 2],
    },
    /// The column that holds something.
    Column(&'static str),
    /// Senders of transactions: how many have none.
    Senders(usize),
    /// Fields of signed transactions, which need a reader with cryptography.
    Signatures(usize),
    /// The state that transactions ran on: how many contracts they call that no file has.
    State(usize),
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = [Some(&self.file).filter(|file| !file.is_empty()), self.contract.as_ref()];
        let places: Vec<&str> = places.into_iter().flatten().map(String::as_str).collect();
        if !places.is_empty() {
            write!(f, "{}: ", places.join(", "))?;
        }
        match &self.what {
            Lacking::Library(link) => {
                let places: Vec<String> = link.places.iter().take(4).map(u32::to_string).collect();
                let more = if link.places.len() > 4 { ", …" } else { "" };
                write!(f, "the address of the library {} (at byte {}{more})", link.name(), places.join(", "))
            }
            Lacking::CreationCode => f.write_str("creation code: it cannot be deployed"),
            Lacking::ConstructorRun { because } => {
                write!(f, "creation code; this is runtime code: {because}. Its constructor does not run")
            }
            Lacking::ConstructorArguments(inputs) => {
                write!(f, "the constructor's arguments: {}", inputs.join(", "))
            }
            Lacking::StorageLayout => f.write_str("a storage layout: its slots have no names"),
            Lacking::Abi => f.write_str("an ABI: only call data can be sent to it"),
            Lacking::Decimals { column, example } => {
                write!(f, "the number of decimals of \"{column}\", such as {example}")
            }
            Lacking::Separator { column, example, readings: [thousands, decimals] } => {
                write!(f, "whether {example} in \"{column}\" is {thousands} or {decimals}")
            }
            Lacking::Column(what) => write!(f, "the column with {what}"),
            Lacking::Senders(count) => write!(f, "the sender of {}", counted(*count, "transaction")),
            Lacking::Signatures(count) => {
                write!(f, "the fields of {}", counted(*count, "signed transaction"))
            }
            Lacking::State(count) => {
                write!(f, "the state: {} that transactions call", counted(*count, "contract"))
            }
        }
    }
}

/// Something that was decided, made up or left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The file; empty if it concerns all of them.
    pub file: String,
    /// A sentence.
    pub text: String,
}

/// A mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileProblem {
    /// The file.
    pub file: String,
    /// The place, what would be right, and what was found.
    pub problem: Problem,
}

impl fmt::Display for FileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(at) = self.problem.position {
            write!(f, ":{}:{}", at.line, at.column)?;
        }
        write!(f, ": {}", self.problem)
    }
}

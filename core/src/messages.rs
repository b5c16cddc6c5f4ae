//! What the page and its engine say to each other: plain structures, converted by hand at the
//! edge, so that the engine's own types may change.
//!
//! ```text
//! page ── Request ─▶ engine worker ── Reply ─▶ page
//! ```
//! The engine answers every request with exactly one closing reply ([`Answer::is_closing`]) that carries the request's id,
//! and any number of [`Answer::Progress`] before it. Requests are handled one after the other.

use serde::{Deserialize, Serialize};

use crate::analysis::{Analysis, Chosen, Limits};
use crate::model::CostModel;
use crate::problem::Problem;
use crate::scenario::StrategyChoice;
use crate::strategies::StrategyId;
use crate::trace::Clock;

/// From the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by the page.
    pub id: u32,
    /// What it asks for.
    pub body: Ask,
}

/// What the page asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    /// Prepare `input`, run it, verify, analyse.
    Run {
        /// What to run.
        input: Input,
        /// Who schedules, or that the engine is to choose.
        strategy: StrategyChoice,
        /// Number of lanes, from 1. Measured ones are at most as many as the engine has threads.
        lanes: u16,
        /// Measured lanes are threads; simulated ones need none.
        clock: Clock,
        /// What simulated time is made of. Of no meaning to a measured run.
        model: CostModel,
        /// What [`StrategyId::BLOCK_ACCESS_LIST`] runs from, as in [`Ask::AccessList`]; `None`: the list that the
        /// engine makes itself. Of no meaning to other strategies.
        #[serde(with = "serde_bytes")]
        list: Option<Vec<u8>>,
    },
    /// How a block's simulated duration goes with strategy and number of lanes.
    Curve {
        /// What to run.
        input: Input,
        /// Which strategies.
        strategies: Vec<StrategyId>,
        /// Which numbers of lanes, from 1.
        lanes: Vec<u16>,
        /// What time is made of.
        model: CostModel,
        /// As in [`Ask::Run`].
        #[serde(with = "serde_bytes")]
        list: Option<Vec<u8>>,
    },
    /// The block's access list (EIP-7928), from a sequential run, and how another one stands to it.
    AccessList {
        /// Of what.
        input: Input,
        /// The other one: JSON, RLP, or RLP in hex, as it came from outside.
        #[serde(with = "serde_bytes")]
        list: Option<Vec<u8>>,
    },
    /// The block's access list as a file.
    ExportList {
        /// Of what.
        input: Input,
        /// In which form.
        form: ListForm,
    },
    /// The smallest scenario whose run still differs from sequential execution, made by leaving parts out.
    Reduce {
        /// The scenario whose run differed, as text.
        scenario: String,
        /// As in [`Ask::Run`].
        strategy: StrategyChoice,
        /// As in [`Ask::Run`].
        lanes: u16,
        /// As in [`Ask::Run`].
        clock: Clock,
        /// As in [`Ask::Run`].
        model: CostModel,
        /// As in [`Ask::Run`].
        #[serde(with = "serde_bytes")]
        list: Option<Vec<u8>>,
    },
    /// The whole story of one transaction of the latest run that was complete.
    Inspect {
        /// The id of the request that had asked for that run. If it was another one, there is no story.
        run: u32,
        /// The transaction's position.
        tx: u32,
    },
}

/// How a block access list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ListForm {
    /// For people.
    Json,
    /// As it travels beside a block.
    Rlp,
}

/// What to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// A scenario document, as text.
    Scenario(String),
    /// An `evm-block-case/1` document, unpacked, as text.
    Case(String),
    /// What the latest request had prepared, again.
    Same,
}

/// From the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// The request's id.
    pub id: u32,
    /// What is answered.
    pub body: Answer,
}

/// What the engine answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// How far a request is.
    Progress {
        /// What is under way.
        phase: Phase,
        /// Steps done in this phase.
        done: u32,
        /// Steps of this phase in all; 0: not known.
        total: u32,
    },
    /// A run is complete.
    Ran {
        /// Everything that the page shows at first.
        report: Box<Report>,
    },
    /// A curve is complete.
    Curve {
        /// The curve.
        curve: Box<Curve>,
    },
    /// The block's access list.
    AccessList {
        /// The list.
        list: Box<AccessList>,
    },
    /// The block's access list as a file.
    Exported {
        /// The file.
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// The smallest scenario that still differs.
    Reduced {
        /// Its text.
        scenario: String,
    },
    /// One transaction's story.
    Detail {
        /// The story.
        detail: Box<TxDetail>,
    },
    /// The request could not be met; the engine is fine.
    Failed {
        /// Why, with places.
        problems: Vec<Problem>,
    },
    /// The cancel flag was seen.
    Cancelled,
}

impl Answer {
    /// Whether it ends its request.
    pub fn is_closing(&self) -> bool {
        !matches!(self, Self::Progress { .. })
    }
}

/// A block's access list (EIP-7928) as a table: what each transaction leaves behind, as a sequential run of it shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessList {
    /// Accounts, in the order of their addresses.
    pub accounts: Vec<ListedAccount>,
    /// Locations that the rows speak of.
    pub locations: Vec<ListedLocation>,
    /// What is listed, by account, location and transaction. The first row of an account is the account itself.
    pub rows: Vec<ListRow>,
    /// Rows without a difference that are left out here because there are very many.
    pub left_out: u32,
    /// The list's figures.
    pub figures: ListFigures,
    /// The one that it is compared with.
    pub given: Option<GivenList>,
}

/// An account of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedAccount {
    /// `0x…`.
    pub address: String,
    /// What a person calls it.
    pub name: Option<String>,
}

/// A location of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedLocation {
    /// As in [`Report::location_names`].
    pub name: String,
    /// The slot, `0x…`, of storage.
    pub slot: Option<String>,
}

/// A row of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRow {
    /// Into [`AccessList::accounts`].
    pub account: u32,
    /// Into [`AccessList::locations`]; `None`: that the account is accessed.
    pub location: Option<u32>,
    /// After which transaction; `None`: a read, which belongs to the whole block, or not a transaction's.
    pub tx: Option<u32>,
    /// What was observed; of a row that only the other list has, what that one says.
    pub value: String,
    /// How the other list stands to it.
    pub mark: ListMark,
}

/// How a list that was given stands to what was observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ListMark {
    /// It says the same, or there is none.
    Same,
    /// It does not have this.
    Missing,
    /// Only it has this.
    Extra,
    /// It says this instead.
    Different(String),
    /// It has this of what the block does before and after its transactions, which is not observed.
    Outside,
}

/// What a list amounts to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListFigures {
    /// Accounts.
    pub accounts: u32,
    /// Changes and reads.
    pub entries: u32,
    /// Its RLP, in bytes: what a block carries.
    pub rlp: u64,
    /// keccak-256 of its RLP, `0x…`: what a header commits to.
    pub hash: String,
}

/// A list that was given, and how it stands to what was observed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenList {
    /// Its own figures.
    pub figures: ListFigures,
    /// Rows that it does not have.
    pub missing: u32,
    /// Rows that only it has.
    pub extra: u32,
    /// Rows of which it says something else.
    pub different: u32,
    /// Rows of what the block does before and after its transactions, which are not compared.
    pub outside: u32,
    /// The first rule of EIP-7928's form that it breaks, in words.
    pub disorder: Option<String>,
}

/// Simulated durations over numbers of lanes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// What time is made of.
    pub model: CostModel,
    /// The sum of the transactions' costs, in ticks.
    pub sequential: u64,
    /// Strategy by strategy, each with every number of lanes, as asked for.
    pub points: Vec<CurvePoint>,
    /// The bounds for each number of lanes asked for, in that order.
    pub limits: Vec<Limits>,
}

/// One run of a curve. It is the run that a [`Ask::Run`] with the same settings shows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Who scheduled.
    pub strategy: StrategyId,
    /// On how many lanes. Sequential runs have one, whatever is asked for.
    pub lanes: u16,
    /// How long it took, in ticks.
    pub duration: u64,
    /// Attempts that did not commit.
    pub aborted: u32,
    /// What they took together, in ticks.
    pub wasted: u64,
    /// Share of lanes × duration spent on attempts that committed, 0 to 1.
    pub utilisation: f64,
}

/// Steps of a run request, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Reading the document, deploying contracts, set-up calls.
    Preparing,
    /// Runs whose times are not used.
    WarmingUp,
    /// Runs whose times are used.
    Measuring,
    /// Runs on virtual lanes; steps are transactions, of a curve its points.
    Simulating,
    /// Comparing with sequential execution, roots.
    Verifying,
    /// Graph, limits, names.
    Analysing,
    /// Runs of smaller and smaller blocks that still differ; steps are blocks.
    Reducing,
}

/// Everything that the page shows of a run at first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Title of the scenario or `Block 14029313`.
    pub title: String,
    /// Whether lanes were threads, and how many cores the engine has.
    pub engine: EngineInfo,
    /// The strategy that ran.
    pub strategy: StrategyId,
    /// What it was chosen by, if the engine was to choose.
    pub chosen: Option<Chosen>,
    /// Lanes that ran.
    pub lanes: u16,
    /// Whether the lanes were threads or simulated.
    pub clock: Clock,
    /// What simulated time is made of. Of no meaning to a measured run.
    pub model: CostModel,
    /// keccak-256 of the RLP of the list that was given and run from, `0x…`; `None`: none was.
    pub given_list: Option<String>,
    /// Times.
    pub timing: Timing,
    /// The packed trace ([`crate::trace::Trace::unpack`]) of the run whose duration is the median.
    #[serde(with = "serde_bytes")]
    pub trace: Vec<u8>,
    /// keccak-256 of the packed trace, `0x…`.
    pub trace_hash: String,
    /// What the trace means.
    pub analysis: Analysis,
    /// A name for each of the trace's locations.
    pub location_names: Vec<LocationName>,
    /// Of a run with [`StrategyId::ACCESS_LIST`]: for each transaction the trace's locations that its own access list
    /// names (EIP-2930: storage slots only), ascending.
    pub declared: Option<Vec<Vec<u32>>>,
    /// One line per transaction, in block order.
    pub transactions: Vec<TxSummary>,
    /// Parallel against sequential.
    pub verdict: Verdict,
    /// Against a real block's header, for a block case.
    pub header: Option<HeaderCheck>,
    /// Catalogue contracts that took part.
    pub contracts: Vec<ContractInfo>,
}

/// The engine that ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineInfo {
    /// Whether lanes run on threads of their own.
    pub threads: bool,
    /// Lanes available at most.
    pub max_lanes: u16,
}

/// Times of a run request, all in nanoseconds. Sequential and parallel runs alternate, after
/// `warm_ups` runs of each; medians are of the measured rounds.
///
/// Of a simulated run: one of each, in ticks of the cost model, without warm-up. The sequential
/// one is the sum of the transactions' costs, the parallel one the trace's duration.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Timing {
    /// Runs of each kind before the measured ones.
    pub warm_ups: u32,
    /// Measured sequential runs.
    pub sequential: Vec<u64>,
    /// Measured runs with the strategy and lanes asked for.
    pub parallel: Vec<u64>,
    /// Median of `sequential`.
    pub sequential_median: u64,
    /// Median of `parallel`.
    pub parallel_median: u64,
    /// Time from the request to prepared, once.
    pub preparing: u64,
    /// Whether [`TxSummary::sequential_time`] is the block's time shared out by gas, because the clock
    /// is too coarse for single transactions.
    pub by_gas: bool,
}

/// Equality with sequential execution. Made for every run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// `None`: equal. Else the first difference, in words: `receipt of transaction 7: gas used 21000, sequential 21004`.
    pub difference: Option<String>,
    /// Receipts compared.
    pub receipts: u32,
    /// Accounts of the post-state compared.
    pub accounts: u32,
    /// State root of the post-state, `0x…`: for scenarios, whose whole state is known.
    pub state_root: Option<String>,
    /// Receipts root, `0x…`.
    pub receipts_root: String,
    /// Gas used by the block.
    pub gas_used: u64,
}

/// Comparison with a real block's header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderCheck {
    /// Block number.
    pub number: u64,
    /// Name of the fork.
    pub fork: String,
    /// Whether the header is known; else the file's own expectation is compared.
    pub known: bool,
    /// Each figure: name, ours, the header's, equal. A figure that cannot be compared is left out.
    pub figures: Vec<HeaderFigure>,
    /// First difference of receipts or post-state against the file, if any.
    pub difference: Option<String>,
}

/// One compared figure of a header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderFigure {
    /// `gas used`, `receipts root`, `logs bloom`.
    pub name: String,
    /// What the run gave.
    pub ours: String,
    /// What the header says.
    pub header: String,
    /// Whether they are equal.
    pub equal: bool,
}

/// A location for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocationName {
    /// `USD.balances[alice]`, `nonce(alice)`, `0x1f98….slot 3`.
    pub name: String,
    /// Whether a layout or a person's name stands behind it.
    pub named: bool,
}

/// One line of the transaction table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TxSummary {
    /// What the page colours by.
    pub label: String,
    /// Sender, by name where there is one.
    pub from: String,
    /// Recipient, by name where there is one; `None` creates a contract.
    pub to: Option<String>,
    /// Function called, where the ABI tells: `transfer`.
    pub call: Option<String>,
    /// `success`, `reverted`, `halted: out of gas`, `invalid: nonce too low`.
    pub status: String,
    /// Whether the outermost call succeeded.
    pub success: bool,
    /// Gas used.
    pub gas: u64,
    /// Median time of this transaction alone in the sequential runs, in nanoseconds; of a simulated
    /// run its cost, in ticks.
    pub sequential_time: u64,
}

/// One transaction in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TxDetail {
    /// Its position.
    pub tx: u32,
    /// The line of the table.
    pub summary: TxSummary,
    /// Sender's address.
    pub from: String,
    /// Recipient's address, or the address that a creation aims at.
    pub to: Option<String>,
    /// Value, in wei, decimal.
    pub value: String,
    /// Nonce.
    pub nonce: u64,
    /// Gas limit.
    pub gas_limit: u64,
    /// The decoded call, where the ABI is known.
    pub call: Option<DecodedCall>,
    /// Call data, `0x…`, cut after 1,024 bytes.
    pub input: String,
    /// Decoded revert reason or error, if it failed with one.
    pub reason: Option<String>,
    /// Logs.
    pub logs: Vec<DecodedLog>,
}

/// A call decoded by its ABI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecodedCall {
    /// `transfer(address,uint256)`.
    pub signature: String,
    /// Function name.
    pub name: String,
    /// Parameter name (may be empty) and value; addresses by name where there is one.
    pub args: Vec<(String, String)>,
}

/// A log, decoded where the ABI is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecodedLog {
    /// The contract, by name where there is one.
    pub contract: String,
    /// Event name, or `None` where the ABI is not known.
    pub name: Option<String>,
    /// Parameters, or topics and data in hex.
    pub args: Vec<(String, String)>,
}

/// A catalogue contract that takes part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractInfo {
    /// Name in the scenario.
    pub name: String,
    /// Address, `0x…`.
    pub address: String,
    /// `openzeppelin-4.9.6/ERC20PresetFixedSupply`.
    pub catalogue: String,
    /// npm package and version.
    pub package: String,
    /// SPDX licence.
    pub licence: String,
    /// keccak-256 of the deployed code, `0x…`.
    pub code_hash: String,
}

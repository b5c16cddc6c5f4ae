//! The messages between the page and its engine: plain structures of their own, so that the engine's types may change.
//!
//! ```text
//! page ── Request ─▶ engine worker ── Reply ─▶ page
//! ```
//! The engine handles requests one after the other. It answers each with any number of [`Answer::Progress`] and then
//! exactly one other reply, which closes the request. Every reply has the request's id.

use serde::{Deserialize, Serialize};

use crate::analysis::{Analysis, Chosen, Limits};
use crate::model::CostModel;
use crate::problem::Problem;
use crate::scenario::StrategyChoice;
use crate::strategies::StrategyId;
use crate::trace::Clock;
use crate::units::{Gas, LocationId, Ticks, TxIndex};

/// A message from the page.
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
        /// The block to run.
        input: Input,
        /// The strategy, or that the engine chooses it.
        strategy: StrategyChoice,
        /// Number of lanes, from 1. Measured ones are at most as many as the engine has threads.
        lanes: u16,
        /// Measured lanes are threads; simulated ones need none.
        clock: Clock,
        /// The cost model; a measured run ignores it.
        model: CostModel,
        /// What [`StrategyId::BLOCK_ACCESS_LIST`] runs from, as in [`Ask::AccessList`]; `None`: the list that the
        /// engine makes itself. Other strategies ignore it.
        #[serde(with = "serde_bytes")]
        list: Option<Vec<u8>>,
    },
    /// A block's simulated duration by strategy and number of lanes.
    Curve {
        /// The block to run.
        input: Input,
        /// The strategies.
        strategies: Vec<StrategyId>,
        /// The numbers of lanes, from 1.
        lanes: Vec<u16>,
        /// The cost model.
        model: CostModel,
        /// As in [`Ask::Run`].
        #[serde(with = "serde_bytes")]
        list: Option<Vec<u8>>,
    },
    /// The block's access list (EIP-7928), from a sequential run, and its differences from another list.
    AccessList {
        /// The block.
        input: Input,
        /// The other list: JSON, RLP, or RLP in hex, as it came from outside.
        #[serde(with = "serde_bytes")]
        list: Option<Vec<u8>>,
    },
    /// The block's access list as a file.
    ExportList {
        /// The block.
        input: Input,
        /// The form of the file.
        form: ListForm,
    },
    /// Leave out parts of a scenario whose run differs from sequential execution, as long as it still differs.
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
    /// The details of one transaction of the latest complete run.
    Inspect {
        /// The id of the request for that run. If the latest run is another one, the request fails.
        run: u32,
        /// The transaction's position.
        tx: TxIndex,
    },
}

/// The form of a block access list as a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ListForm {
    /// JSON, for people.
    Json,
    /// RLP, as a block carries it.
    Rlp,
}

/// The block of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// A scenario document, as text.
    Scenario(String),
    /// An `evm-block-case/1` document, unpacked, as text.
    Case(String),
    /// The block of the latest request, again.
    Same,
}

/// A message from the engine.
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
        /// The current phase.
        phase: Phase,
        /// Steps done in this phase.
        done: u32,
        /// All steps of this phase; 0 if not known.
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
    /// The details of one transaction.
    Detail {
        /// The details.
        detail: Box<TxDetail>,
    },
    /// The request failed; the engine is fine.
    Failed {
        /// The problems, with their places.
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

/// A block's access list (EIP-7928) as a table: the accesses and changes of a sequential run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessList {
    /// Accounts, in the order of their addresses.
    pub accounts: Vec<ListedAccount>,
    /// The locations of the rows.
    pub locations: Vec<ListedLocation>,
    /// The list's entries, by account, location and transaction. The first row of an account is the account itself.
    pub rows: Vec<ListRow>,
    /// The number of rows that are left out because there are very many.
    pub left_out: u32,
    /// The list's figures.
    pub figures: ListFigures,
    /// The list that it is compared with.
    pub given: Option<GivenList>,
}

/// An account of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedAccount {
    /// `0x…`.
    pub address: String,
    /// Its name in the scenario.
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
    /// Index into [`AccessList::accounts`].
    pub account: u32,
    /// Index into [`AccessList::locations`]; `None`: the account itself is accessed.
    pub location: Option<u32>,
    /// The transaction that changed the location; `None` for a read, which belongs to the whole block, and for a change
    /// outside of transactions.
    pub tx: Option<TxIndex>,
    /// The value of the sequential run; for a row that only the other list has, the value there.
    pub value: String,
    /// What the other list has instead.
    pub mark: ListMark,
}

/// How another list differs from this one in a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ListMark {
    /// It has the same, or there is no other list.
    Same,
    /// It does not have this.
    Missing,
    /// Only it has this.
    Extra,
    /// It has this value instead.
    Different(String),
    /// It has this for the block's calls before and after its transactions, which are not compared.
    Outside,
}

/// The size and the hash of a list.
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

/// Another list, and the number of its differences from the block's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenList {
    /// Its own figures.
    pub figures: ListFigures,
    /// Rows that it does not have.
    pub missing: u32,
    /// Rows that only it has.
    pub extra: u32,
    /// Rows where it has another value.
    pub different: u32,
    /// Rows for the block's calls before and after its transactions, which are not compared.
    pub outside: u32,
    /// The first rule of EIP-7928's form that it breaks, in words.
    pub disorder: Option<String>,
}

/// Simulated durations over numbers of lanes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// The cost model.
    pub model: CostModel,
    /// The sum of the transactions' costs.
    pub sequential: Ticks,
    /// One strategy after the other, each with every number of lanes, in the order of the request.
    pub points: Vec<CurvePoint>,
    /// The limits for each number of lanes, in the order of the request.
    pub limits: Vec<Limits>,
}

/// One run of a curve. A [`Ask::Run`] with the same settings gives the same run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// The strategy.
    pub strategy: StrategyId,
    /// The number of lanes. Sequential runs always have one.
    pub lanes: u16,
    /// Its duration.
    pub duration: Ticks,
    /// The number of attempts that did not commit.
    pub aborted: u32,
    /// The time of these attempts together.
    pub wasted: Ticks,
    /// Share of lanes × duration spent on attempts that committed, 0 to 1.
    pub utilisation: f64,
}

/// Steps of a run request, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Reading the document, deploying contracts, set-up calls.
    Preparing,
    /// Warm-up runs, whose times are not used.
    WarmingUp,
    /// Runs whose times are used.
    Measuring,
    /// Runs on simulated lanes. Steps are transactions; for a curve they are its points.
    Simulating,
    /// Comparing with sequential execution, computing roots.
    Verifying,
    /// Computing graph, limits and names.
    Analysing,
    /// Runs of smaller blocks that may still differ; steps are blocks.
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
    /// The figures of an automatic choice.
    pub chosen: Option<Chosen>,
    /// Lanes that ran.
    pub lanes: u16,
    /// Whether the lanes were threads or simulated.
    pub clock: Clock,
    /// The cost model, without meaning for a measured run.
    pub model: CostModel,
    /// keccak-256 of the RLP of the list from outside that the run used, `0x…`; `None` if it used none.
    pub given_list: Option<String>,
    /// Times.
    pub timing: Timing,
    /// The packed trace ([`crate::trace::Trace::unpack`]) of the run whose duration is the median.
    #[serde(with = "serde_bytes")]
    pub trace: Vec<u8>,
    /// keccak-256 of the packed trace, `0x…`.
    pub trace_hash: String,
    /// The analysis of the trace.
    pub analysis: Analysis,
    /// A name for each of the trace's locations.
    pub location_names: Vec<LocationName>,
    /// Of a run with [`StrategyId::ACCESS_LIST`]: for each transaction the trace's locations that its own access list
    /// declares (EIP-2930: storage slots only), ascending.
    pub declared: Option<Vec<Vec<LocationId>>>,
    /// One line per transaction, in block order.
    pub transactions: Vec<TxSummary>,
    /// The comparison with sequential execution.
    pub verdict: Verdict,
    /// The comparison with a real block's header, for a block case.
    pub header: Option<HeaderCheck>,
    /// The catalogue contracts in the block.
    pub contracts: Vec<ContractInfo>,
}

/// The engine that ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineInfo {
    /// Whether lanes run on threads of their own.
    pub threads: bool,
    /// The most lanes that it has.
    pub max_lanes: u16,
}

/// Times of a run request, all in nanoseconds. Sequential and parallel runs alternate, after
/// `warm_ups` runs of each; medians are of the measured rounds.
///
/// A simulated run has one time of each, in ticks of the cost model, without warm-up. The sequential time is the sum
/// of the transactions' costs, the parallel one the trace's duration.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Timing {
    /// Runs of each kind before the measured ones.
    pub warm_ups: u32,
    /// Measured sequential runs.
    pub sequential: Vec<Ticks>,
    /// Measured runs with the strategy and lanes asked for.
    pub parallel: Vec<Ticks>,
    /// Median of `sequential`.
    pub sequential_median: Ticks,
    /// Median of `parallel`.
    pub parallel_median: Ticks,
    /// The time to prepare the block, once.
    pub preparing: Ticks,
    /// Whether [`TxSummary::sequential_time`] is the block's time divided in proportion to gas, because the clock is
    /// too coarse for single transactions.
    pub by_gas: bool,
}

/// The comparison of a run with sequential execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// `None`: equal. Else the first difference, in words: `receipt of transaction 7: gas used 21000, sequential 21004`.
    pub difference: Option<String>,
    /// Receipts compared.
    pub receipts: u32,
    /// Accounts of the post-state compared.
    pub accounts: u32,
    /// State root of the post-state, `0x…`; only for scenarios, whose whole state is known.
    pub state_root: Option<String>,
    /// Receipts root, `0x…`.
    pub receipts_root: String,
    /// Gas used by the block.
    pub gas_used: Gas,
}

/// Comparison with a real block's header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderCheck {
    /// Block number.
    pub number: u64,
    /// Name of the fork.
    pub fork: String,
    /// Whether the header is known. If not, the figures are compared with those that the file expects.
    pub known: bool,
    /// The compared figures. A figure that cannot be compared is left out.
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
    /// Whether the name comes from a layout or the scenario, not only from address and slot.
    pub named: bool,
}

/// One line of the transaction table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TxSummary {
    /// The label, by which the page chooses colours.
    pub label: String,
    /// Sender, by name where there is one.
    pub from: String,
    /// Recipient, by name where there is one; `None` creates a contract.
    pub to: Option<String>,
    /// The called function, if its ABI is known: `transfer`.
    pub call: Option<String>,
    /// `success`, `reverted`, `halted: out of gas`, `invalid: nonce too low`.
    pub status: String,
    /// Whether the outermost call succeeded.
    pub success: bool,
    /// Gas used.
    pub gas: Gas,
    /// Median time of this transaction in the sequential runs, in nanoseconds; for a simulated run its cost, in ticks.
    pub sequential_time: Ticks,
}

/// The details of one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TxDetail {
    /// Its position.
    pub tx: TxIndex,
    /// The line of the table.
    pub summary: TxSummary,
    /// Sender's address.
    pub from: String,
    /// Recipient's address, or the address of the created contract.
    pub to: Option<String>,
    /// Value, in wei, decimal.
    pub value: String,
    /// Nonce.
    pub nonce: u64,
    /// Gas limit.
    pub gas_limit: Gas,
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

/// A catalogue contract in the block.
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

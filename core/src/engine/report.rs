//! The report of a run: everything that the page shows at first.

use std::{collections::HashMap, sync::Arc};

use alloy_primitives::{Address, Bytes, U256, keccak256};

use super::{RequestError, measure::Measured, ready::Ready};
use crate::analysis;
use crate::messages::{EngineInfo, Phase, Report, TxSummary};
use crate::model::CostModel;
use crate::naming::{self, Names};
use crate::prepare::{Origin, Transaction};
use crate::problem::Problem;
use crate::run::Receipt;
use crate::trace::{Location, MOST_RECORDS, Trace};
use crate::units::{Gas, LocationId, Ticks};
use crate::verify;

/// What the engine keeps of the run that the page shows, so that it can describe transactions later, even after it has
/// prepared another block.
pub(super) struct LastRun {
    /// The id of the request for this run.
    pub(super) run: u32,
    pub(super) names: Arc<Names>,
    pub(super) transactions: Vec<TxRequest>,
    pub(super) receipts: Vec<Receipt>,
    pub(super) summaries: Vec<TxSummary>,
}

/// The part of a transaction that the inspector shows.
pub(super) struct TxRequest {
    pub(super) from: Address,
    pub(super) to: Option<Address>,
    pub(super) value: U256,
    pub(super) nonce: u64,
    pub(super) gas_limit: u64,
    pub(super) input: Bytes,
}

impl From<&Transaction> for TxRequest {
    fn from(tx: &Transaction) -> Self {
        let Transaction { from, to, value, nonce, gas_limit, input, .. } = tx;
        Self {
            from: *from,
            to: *to,
            value: *value,
            nonce: *nonce,
            gas_limit: *gas_limit,
            input: input.clone(),
        }
    }
}

/// Refuses a trace with more records than the page can hold.
fn check_size(trace: &Trace, most: usize) -> Result<(), RequestError> {
    let records = trace.attempts.len() + trace.spans.len() + trace.reads.len() + trace.writes.len();
    if records <= most {
        return Ok(());
    }
    let found = format!(
        "{records}: {} attempts with {} reads and {} writes. Use fewer transactions, or transactions with fewer reads",
        trace.attempts.len(),
        trace.reads.len(),
        trace.writes.len()
    );
    Err(vec![Problem::new("", format!("a run of at most {most} records to show"), found)].into())
}

pub(super) fn report(
    ready: &Ready,
    run: u32,
    engine: EngineInfo,
    model: CostModel,
    measured: Measured,
    progress: &mut dyn FnMut(Phase, u32, u32),
) -> Result<(Report, LastRun), RequestError> {
    let Measured { timing, chosen, oracle, parallel_run, difference, times, warming: _ } = measured;
    check_size(&parallel_run.trace, MOST_RECORDS)?;
    progress(Phase::Verifying, 0, 0);
    let whole_state = matches!(ready.block.origin, Origin::Scenario);
    let mut verdict = verify::verdict(
        (&parallel_run.receipts, &parallel_run.post_state),
        (&oracle.receipts, &oracle.post_state),
        whole_state,
    );
    // A difference in any other round counts, too.
    verdict.difference = verdict.difference.or_else(|| difference.map(|d| d.to_string()));
    let header = match &ready.block.origin {
        Origin::Scenario => None,
        Origin::Case(expected) => Some(verify::header_check(
            &ready.block.env,
            (&parallel_run.receipts, &parallel_run.post_state),
            expected,
        )),
    };

    progress(Phase::Analysing, 0, 0);
    let mut trace = parallel_run.trace;
    let mut sequential = oracle.trace;
    analysis::align_locations(&mut trace, &mut sequential);
    let analysis = analysis::analyse(&trace, &sequential, &times);
    let packed = trace.pack();
    let declared = trace.strategy.reads_declarations().then(|| declared(ready, &trace));
    let summaries: Vec<TxSummary> = parallel_run
        .receipts
        .iter()
        .enumerate()
        .map(|(i, receipt)| summary(ready, i, receipt, times.get(i).copied().unwrap_or_default()))
        .collect();
    let report = Report {
        title: ready.title.clone(),
        engine,
        strategy: trace.strategy,
        chosen,
        lanes: trace.lanes,
        clock: trace.clock,
        model,
        given_list: ready
            .given_list()
            .filter(|_| trace.strategy.reads_block_access_list())
            .map(|(_, hash)| hash.to_string()),
        timing,
        trace_hash: keccak256(&packed).to_string(),
        trace: packed,
        analysis,
        location_names: naming::location_names(&ready.names, &trace.locations, &ready.preimages),
        declared,
        transactions: summaries.clone(),
        verdict,
        header,
        contracts: ready.names.contracts().to_vec(),
    };
    let last_run = LastRun {
        run,
        names: ready.names.clone(),
        transactions: ready.block.transactions.iter().map(TxRequest::from).collect(),
        receipts: parallel_run.receipts,
        summaries,
    };
    Ok((report, last_run))
}

/// For each transaction, the locations of the trace that its own access list declares.
fn declared(ready: &Ready, trace: &Trace) -> Vec<Vec<LocationId>> {
    let ids: HashMap<Location, LocationId> =
        trace.locations.iter().enumerate().map(|(i, location)| (*location, LocationId(i as u32))).collect();
    let of = |tx: &Transaction| {
        let slots = tx.access_list.iter().flat_map(|(address, slots)| {
            slots.iter().map(|slot| Location::Storage(*address, U256::from_be_bytes(slot.0)))
        });
        let mut named: Vec<LocationId> = slots.filter_map(|location| ids.get(&location).copied()).collect();
        named.sort_unstable();
        named.dedup();
        named
    };
    ready.block.transactions.iter().map(of).collect()
}

fn summary(ready: &Ready, index: usize, receipt: &Receipt, sequential_time: Ticks) -> TxSummary {
    let tx = &ready.block.transactions[index];
    TxSummary {
        label: ready.block.labels.get(index).cloned().unwrap_or_default(),
        from: ready.names.display(tx.from),
        to: tx.to.map(|to| ready.names.display(to)),
        call: naming::decode_call(&ready.names, tx.to, &tx.input).map(|call| call.name),
        status: naming::describe_failure(&ready.names, tx.to, receipt).unwrap_or_else(|| "success".into()),
        success: receipt.status.is_success(),
        gas: Gas(receipt.gas_used),
        sequential_time,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategies::StrategyId;
    use crate::trace::Clock;

    #[test]
    fn a_trace_that_the_page_cannot_hold_is_refused_with_a_message() {
        let write = crate::trace::Write { location: crate::units::LocationId(0), increment: false };
        let trace = Trace {
            strategy: StrategyId::BLOCK_STM,
            clock: Clock::Simulated,
            lanes: 1,
            transactions: 0,
            duration: Ticks(0),
            attempts: Vec::new(),
            spans: Vec::new(),
            reads: Vec::new(),
            writes: vec![write; 5],
            locations: Vec::new(),
        };
        assert!(check_size(&trace, 5).is_ok());
        let Err(RequestError::Problems(problems)) = check_size(&trace, 4) else {
            panic!("it is not refused")
        };
        assert!(
            problems[0].to_string().contains("at most 4 records to show, found 5: 0 attempts"),
            "{problems:?}"
        );
    }
}

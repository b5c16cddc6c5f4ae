//! What the page shows of a run at first.

use alloy_primitives::keccak256;

use super::{measure::Measured, ready::Ready};
use crate::analysis;
use crate::messages::{EngineInfo, Phase, Report, TxSummary};
use crate::model::Model;
use crate::naming;
use crate::prepare::Origin;
use crate::run::Receipt;

use crate::verify;

/// What stays in the engine of the run that the page shows, for later questions.
pub(super) struct Shown {
    pub(super) receipts: Vec<Receipt>,
    pub(super) summaries: Vec<TxSummary>,
}

pub(super) fn report(
    ready: &Ready,
    engine: EngineInfo,
    model: Model,
    measured: Measured,
    progress: &mut dyn FnMut(Phase, u32, u32),
) -> (Report, Shown) {
    let Measured { timing, oracle, shown, difference, times, warming: _ } = measured;
    progress(Phase::Verifying, 0, 0);
    let whole_state = matches!(ready.block.origin, Origin::Scenario);
    let mut verdict = verify::verdict(
        (&shown.receipts, &shown.post_state),
        (&oracle.receipts, &oracle.post_state),
        whole_state,
    );
    // One of the other rounds may have differed: that is a difference, too.
    verdict.difference = verdict.difference.or_else(|| difference.map(|d| d.to_string()));
    let header = match &ready.block.origin {
        Origin::Scenario => None,
        Origin::Case(expected) => {
            Some(verify::header_check(&ready.block.env, (&shown.receipts, &shown.post_state), expected))
        }
    };

    progress(Phase::Analysing, 0, 0);
    let mut trace = shown.trace;
    let mut sequential = oracle.trace;
    analysis::align_locations(&mut trace, &mut sequential);
    let analysis = analysis::analyse(&trace, &sequential, &times);
    let packed = trace.pack();
    let summaries: Vec<TxSummary> = shown
        .receipts
        .iter()
        .enumerate()
        .map(|(i, receipt)| summary(ready, i, receipt, times.get(i).copied().unwrap_or(0)))
        .collect();
    let report = Report {
        title: ready.title.clone(),
        engine,
        strategy: trace.strategy,
        lanes: trace.lanes,
        clock: trace.clock,
        model,
        timing,
        trace_hash: keccak256(&packed).to_string(),
        trace: packed,
        analysis,
        location_names: naming::location_names(&ready.names, &trace.locations, &ready.preimages),
        transactions: summaries.clone(),
        verdict,
        header,
        contracts: ready.names.contracts().to_vec(),
    };
    (report, Shown { receipts: shown.receipts, summaries })
}

fn summary(ready: &Ready, index: usize, receipt: &Receipt, sequential_time: u64) -> TxSummary {
    let tx = &ready.block.transactions[index];
    TxSummary {
        label: ready.block.labels.get(index).cloned().unwrap_or_default(),
        from: ready.names.display(tx.from),
        to: tx.to.map(|to| ready.names.display(to)),
        call: naming::decode_call(&ready.names, tx.to, &tx.input).map(|call| call.name),
        status: naming::describe_failure(&ready.names, tx.to, receipt).unwrap_or_else(|| "success".into()),
        success: receipt.status.is_success(),
        gas: receipt.gas_used,
        sequential_time,
    }
}

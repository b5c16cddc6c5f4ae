//! A run's trace for programs: names and numbers as JSON. The page hands it to the page around its frame, and writes it into
//! the file of a run.

use evm_lanes_core::trace::{Outcome, SpanKind};
use serde::Serialize;

use super::model::RunModel;

/// Runs of more attempts and spans are not written down.
pub const MAX_TRACE: usize = 50_000;

/// The attempts of a run, and what the lanes did in between.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    /// keccak-256 of the packed trace.
    pub hash: String,
    /// Number of lanes.
    pub lanes: u16,
    /// In ticks.
    pub duration: f64,
    /// By lane and time.
    pub attempts: Vec<Attempt>,
    /// By lane and time.
    pub spans: Vec<Span>,
}

/// An attempt.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// Its transaction, from 0.
    pub tx: u32,
    /// From 0.
    pub incarnation: u32,
    /// From 0.
    pub lane: u16,
    /// In ticks.
    pub start: f64,
    /// In ticks.
    pub end: f64,
    /// `committed`, `aborted` or `blocked`.
    pub outcome: &'static str,
    /// Why it did not commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

/// Why an attempt did not commit.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// The location, by name.
    pub location: String,
    /// The writer's transaction.
    pub tx: u32,
    /// The writer's incarnation.
    pub incarnation: u32,
}

/// A piece of a lane's time outside the EVM.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    /// From 0.
    pub lane: u16,
    /// In ticks.
    pub start: f64,
    /// In ticks.
    pub end: f64,
    /// `validating`, `scheduling`, `waiting`, `committing` or `idle`.
    pub kind: &'static str,
}

impl Trace {
    /// That of a run; `None` if it is too long.
    pub fn of(model: &RunModel) -> Option<Self> {
        let trace = &model.trace;
        if trace.attempts.len() + trace.spans.len() > MAX_TRACE {
            return None;
        }
        let attempts = trace.attempts.iter().map(|attempt| Attempt {
            tx: attempt.version.tx.0,
            incarnation: attempt.version.incarnation.0,
            lane: attempt.lane.0,
            start: attempt.start.as_f64(),
            end: attempt.end.as_f64(),
            outcome: match attempt.outcome {
                Outcome::Committed => "committed",
                Outcome::Aborted => "aborted",
                Outcome::Blocked => "blocked",
            },
            cause: attempt.cause.map(|cause| Cause {
                location: model.location(cause.location),
                tx: cause.writer.tx.0,
                incarnation: cause.writer.incarnation.0,
            }),
        });
        let spans = trace.spans.iter().map(|span| Span {
            lane: span.lane.0,
            start: span.start.as_f64(),
            end: span.end.as_f64(),
            kind: match span.kind {
                SpanKind::Validating { .. } => "validating",
                SpanKind::Scheduling => "scheduling",
                SpanKind::Waiting => "waiting",
                SpanKind::Committing => "committing",
                SpanKind::Idle => "idle",
            },
        });
        Some(Self {
            hash: model.report.trace_hash.clone(),
            lanes: trace.lanes,
            duration: trace.duration.as_f64(),
            attempts: attempts.collect(),
            spans: spans.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_trace_has_every_attempt_with_its_cause() {
        let model = sample::pool();
        let trace = Trace::of(&model).unwrap();
        assert_eq!(trace.attempts.len(), model.trace.attempts.len());
        assert!(trace.attempts.iter().any(|attempt| attempt.cause.is_some()));
        assert_eq!(trace.hash, model.report.trace_hash);
        assert!(Trace::of(&sample::many(MAX_TRACE as u32 + 1, 4, &["pay"])).is_none());
    }
}

//! From one selection to the next by keyboard.

use evm_lanes_core::units::TxIndex;

use super::model::{AttemptIndex, RunModel, What};

/// The attempt after (or before) this one in its lane.
pub fn in_lane(model: &RunModel, attempt: AttemptIndex, forward: bool) -> Option<AttemptIndex> {
    let lane = usize::from(model.attempt(attempt)?.lane.0);
    let mut attempts = model.lanes.get(lane)?.iter().filter_map(|p| match p.what {
        What::Attempt(i) => Some(i),
        What::Span(_) => None,
    });
    if forward {
        attempts.find(|i| *i == attempt)?;
        attempts.next()
    } else {
        let mut last = None;
        for i in attempts {
            if i == attempt {
                return last;
            }
            last = Some(i);
        }
        None
    }
}

/// The next (or previous) transaction in block order.
pub fn in_block(model: &RunModel, tx: Option<TxIndex>, forward: bool) -> Option<TxIndex> {
    let last = TxIndex(model.transactions().checked_sub(1)?);
    Some(match (tx, forward) {
        (None, true) => TxIndex(0),
        (None, false) => last,
        (Some(tx), true) => tx.next().min(last),
        (Some(tx), false) => tx.previous().unwrap_or(tx).min(last),
    })
}

/// What this transaction ran again because of, else the latest one that it read from.
pub fn cause(model: &RunModel, tx: TxIndex) -> Option<TxIndex> {
    model
        .attempts(tx)
        .filter_map(|a| a.cause)
        .last()
        .map(|c| c.writer.tx)
        .or_else(|| model.sources.get(tx.index())?.last().copied())
}

/// The first transaction that it spoiled, else the first that read from it.
pub fn effect(model: &RunModel, tx: TxIndex) -> Option<TxIndex> {
    model
        .trace
        .attempts
        .iter()
        .find(|a| a.cause.is_some_and(|c| c.writer.tx == tx))
        .map(|a| a.version.tx)
        .or_else(|| model.readers.get(tx.index())?.first().copied())
}

/// The transactions whose position, label, names or call contain all words of `query`.
pub fn search(model: &RunModel, query: &str) -> Vec<TxIndex> {
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    if words.is_empty() {
        return Vec::new();
    }
    model
        .positions()
        .filter(|tx| {
            let Some(t) = model.report.transactions.get(tx.index()) else { return false };
            let text = format!(
                "{tx} {} {} {} {} {}",
                t.label,
                t.from,
                t.to.as_deref().unwrap_or("creates a contract"),
                t.call.as_deref().unwrap_or(""),
                t.status
            )
            .to_lowercase();
            words.iter().all(|w| {
                if w.parse::<u32>().is_ok() { w == &tx.to_string() } else { text.contains(w.as_str()) }
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_lane_is_walked_attempt_by_attempt() {
        let model = sample::pool();
        assert_eq!(in_lane(&model, AttemptIndex(1), true), Some(AttemptIndex(2)));
        assert_eq!(in_lane(&model, AttemptIndex(2), false), Some(AttemptIndex(1)));
        assert_eq!(in_lane(&model, AttemptIndex(4), true), None);
    }

    #[test]
    fn cause_and_effect_are_each_others_inverse_where_something_was_spoiled() {
        let model = sample::pool();
        assert_eq!(cause(&model, TxIndex(2)), Some(TxIndex(0)));
        assert_eq!(effect(&model, TxIndex(0)), Some(TxIndex(2)));
        assert_eq!(cause(&model, TxIndex(1)), None);
    }

    #[test]
    fn block_order_ends_at_its_ends() {
        let model = sample::pool();
        assert_eq!(in_block(&model, None, true), Some(TxIndex(0)));
        assert_eq!(in_block(&model, Some(TxIndex(3)), true), Some(TxIndex(3)));
        assert_eq!(in_block(&model, Some(TxIndex(0)), false), Some(TxIndex(0)));
    }

    #[test]
    fn a_number_finds_its_position_and_words_find_names() {
        let model = sample::pool();
        assert_eq!(search(&model, "2"), [TxIndex(2)]);
        assert_eq!(search(&model, "PAY trader[3]"), [TxIndex(3)]);
        assert!(search(&model, " ").is_empty());
    }
}

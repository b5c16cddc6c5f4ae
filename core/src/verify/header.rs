//! A run's result against a real block's header.

use super::{difference_from_file, logs_bloom, receipts_root};
use crate::messages::{HeaderCheck, HeaderFigure};
use crate::prepare::{BlockEnvironment, State};
use crate::run::{Expected, Receipt};

/// Compares gas used, receipts root and logs bloom with the header, and receipts and post-state with the file. If the
/// header is not known, the file's figures are compared instead, and `known` is false.
pub fn header_check(
    env: &BlockEnvironment,
    (receipts, state): (&[Receipt], &State),
    expected: &Expected,
) -> HeaderCheck {
    let gas_used = receipts.last().map_or(0, |r| r.cumulative_gas_used);
    let mut figures = vec![
        figure("gas used", gas_used, expected.gas_used),
        figure("logs bloom", logs_bloom(receipts), expected.logs_bloom),
    ];
    if let Some(root) = expected.receipts_root {
        figures.insert(1, figure("receipts root", receipts_root(receipts), root));
    }
    let difference = difference_from_file((receipts, state), (&expected.receipts, &expected.post_state));
    HeaderCheck {
        number: env.number,
        fork: format!("{:?}", env.fork),
        known: expected.header_known,
        figures,
        difference: difference.map(|d| d.to_string()),
    }
}

fn figure<T: PartialEq + ToString>(name: &str, ours: T, header: T) -> HeaderFigure {
    HeaderFigure {
        name: name.into(),
        equal: ours == header,
        ours: ours.to_string(),
        header: header.to_string(),
    }
}

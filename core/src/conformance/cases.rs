//! Real blocks: `evm-block-case/1`.

use super::{Outcome, Ways, add_to_digest, run_every_way};
use crate::{
    prepare::{Origin, PreparedBlock, case},
    verify,
};

pub(super) struct File {
    name: String,
    block: PreparedBlock,
}

impl File {
    pub(super) fn read(name: &str, text: &str) -> Result<Self, String> {
        let block = case::parse(text).map_err(|problems| {
            problems.first().map_or_else(|| "not a block case".to_owned(), ToString::to_string)
        })?;
        Ok(Self { name: name.to_owned(), block })
    }

    pub(super) fn name(&self) -> String {
        self.name.clone()
    }

    pub(super) fn run(&self, ways: Ways<'_>) -> Outcome {
        let mut outcome = Outcome { name: self.name.clone(), ..Outcome::default() };
        let (receipts, state) = match run_every_way(&self.block, ways, &mut outcome.counts) {
            Ok(stock) => stock,
            Err(problem) => return Outcome { problem: Some(problem), ..outcome },
        };
        add_to_digest(&mut outcome.digest, &receipts, verify::state_root(&state));
        let Origin::Case(expected) = &self.block.origin else {
            return Outcome { problem: Some("a case without an expectation".into()), ..outcome };
        };
        let check = verify::header_check(&self.block.env, (&receipts, &state), expected);
        let figure = check.figures.iter().find(|figure| !figure.equal);
        outcome.problem = check.difference.or_else(|| {
            figure.map(|figure| format!("{}: {}, header {}", figure.name, figure.ours, figure.header))
        });
        outcome
    }
}

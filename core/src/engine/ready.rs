//! A block in the form that rounds need, with everything needed to speak about it.

use alloy_primitives::{Bytes, map::B256Map};

use crate::catalogue::Catalogue;
use crate::clock;
use crate::drive::Loaded;
use crate::evm;
use crate::naming::Names;
use crate::prepare::{self, PreparedBlock, case};
use crate::problem::Problem;
use crate::scenario;

/// A prepared block, loaded, with its names.
pub(super) struct Ready {
    pub(super) title: String,
    pub(super) block: PreparedBlock,
    pub(super) loaded: Loaded,
    pub(super) names: Names,
    /// Inputs of the block's hashes: the names of mapping entries.
    pub(super) preimages: B256Map<Bytes>,
    /// Time that preparing took, in nanoseconds.
    pub(super) preparing: u64,
}

impl Ready {
    pub(super) fn scenario(text: &str, catalogue: &Catalogue) -> Result<Self, Vec<Problem>> {
        let started = clock::now();
        let scenario = scenario::parse(text)?;
        let prepared = prepare::scenario(&scenario, catalogue).map_err(|mut problems| {
            for problem in &mut problems {
                problem.position = problem.position.or_else(|| scenario::position_of(text, &problem.path));
            }
            problems
        })?;
        Ok(Self::new(scenario.title, prepared.block, prepared.names, started))
    }

    pub(super) fn case(text: &str, catalogue: &Catalogue) -> Result<Self, Vec<Problem>> {
        let started = clock::now();
        let block = case::parse(text)?;
        let names = Names::of_block(&block, catalogue);
        Ok(Self::new(format!("Block {}", block.env.number), block, names, started))
    }

    fn new(title: String, block: PreparedBlock, names: Names, started: u64) -> Self {
        Self {
            title,
            loaded: Loaded::new(&block),
            preimages: evm::keccak_preimages(&block),
            block,
            names,
            preparing: clock::now().saturating_sub(started),
        }
    }
}

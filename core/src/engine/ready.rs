//! A block in the form that rounds need, with everything needed to speak about it.

use std::sync::Arc;

use alloy_eip7928::BlockAccessList;
use alloy_primitives::{B256, Bytes, keccak256, map::B256Map};

use super::Unmet;
use crate::access_list::{self, ListError};
use crate::cancel::CancelFlag;
use crate::catalogue::Catalogue;
use crate::clock;
use crate::drive::LoadedBlock;
use crate::evm;
use crate::naming::Names;
use crate::prepare::{self, PreparedBlock, case};
use crate::problem::{Position, Problem};
use crate::scenario::Document;

/// A prepared block, loaded, with its names.
pub(super) struct Ready {
    pub(super) title: String,
    pub(super) block: PreparedBlock,
    pub(super) loaded: LoadedBlock,
    pub(super) names: Arc<Names>,
    /// Inputs of the block's hashes: the names of mapping entries.
    pub(super) preimages: B256Map<Bytes>,
    /// Time that preparing took, in nanoseconds.
    pub(super) preparing: u64,
    /// The block access list that the block's runs were given.
    given: Option<Given>,
}

/// A block access list that was given.
struct Given {
    /// keccak-256 of the bytes as they came.
    digest: B256,
    list: Arc<BlockAccessList>,
    /// keccak-256 of its RLP.
    hash: B256,
}

impl Ready {
    pub(super) fn scenario(text: &str, catalogue: &Catalogue, cancel: &CancelFlag) -> Result<Self, Unmet> {
        let started = clock::now();
        let document = Document::new(text);
        let scenario = document.scenario().map_err(<[Problem]>::to_vec)?;
        let prepared = prepare::scenario(scenario, catalogue).map_err(|mut problems| {
            document.locate(&mut problems);
            problems
        })?;
        Self::new(scenario.title.clone(), prepared.block, prepared.names, started, cancel)
    }

    pub(super) fn case(text: &str, catalogue: &Catalogue, cancel: &CancelFlag) -> Result<Self, Unmet> {
        let started = clock::now();
        let block = case::parse(text)?;
        let names = Names::of_block(&block, catalogue);
        Self::new(format!("Block {}", block.env.number), block, names, started, cancel)
    }

    fn new(
        title: String,
        block: PreparedBlock,
        names: Names,
        started: u64,
        cancel: &CancelFlag,
    ) -> Result<Self, Unmet> {
        let loaded = LoadedBlock::new(&block);
        let preimages = evm::keccak_preimages(&block, cancel);
        if cancel.is_set() {
            return Err(Unmet::Cancelled);
        }
        Ok(Self {
            title,
            loaded,
            preimages,
            block,
            names: Arc::new(names),
            given: None,
            preparing: clock::now().saturating_sub(started),
        })
    }

    /// Gives the block's runs another access list than the one that they record, or none.
    pub(super) fn give(&mut self, bytes: Option<&[u8]>) -> Result<(), Problem> {
        let digest = bytes.map(keccak256);
        if self.given.as_ref().map(|given| given.digest) == digest {
            return Ok(());
        }
        self.given = match bytes.zip(digest) {
            None => None,
            Some((bytes, digest)) => {
                let list = access_list::parse(bytes).map_err(problem)?;
                Some(Given { digest, hash: access_list::hash(&list), list: Arc::new(list) })
            }
        };
        self.loaded.use_access_list(self.given.as_ref().map(|given| given.list.clone()));
        Ok(())
    }

    /// The list that was given, and the keccak-256 of its RLP.
    pub(super) fn given(&self) -> Option<(&BlockAccessList, B256)> {
        self.given.as_ref().map(|given| (&*given.list, given.hash))
    }
}

/// A list that cannot be read, with the place in it.
fn problem(error: ListError) -> Problem {
    let (path, position, found) = match error {
        ListError::Json { path, what, at: (line, column) } => {
            let position = Position { line: line as u32, column: column as u32 };
            let path = match path.as_str() {
                "." | "behind the list" => "list".to_owned(),
                path if path.starts_with('[') => format!("list{path}"),
                path => format!("list.{path}"),
            };
            (path, Some(position), what)
        }
        ListError::Rlp { account: Some(account), what } => (format!("list[{account}]"), None, what),
        ListError::Rlp { account: None, what } => ("list".to_owned(), None, what),
        ListError::Other(found) => (
            "list".to_owned(),
            None,
            format!("{found}. {}", found.advice()).trim_end_matches([' ', '.']).to_owned(),
        ),
        other @ (ListError::TooLong { .. } | ListError::TooMuch { .. } | ListError::Unknown) => {
            ("list".to_owned(), None, other.to_string())
        }
    };
    Problem { position, ..Problem::new(path, "a block access list (EIP-7928)", found) }
}

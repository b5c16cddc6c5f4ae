//! A block that is ready to run, with the names for its report.

use std::sync::Arc;

use alloy_eip7928::BlockAccessList;
use alloy_primitives::{B256, Bytes, keccak256, map::B256Map};

use super::RequestError;
use crate::access_list::{self, ListError};
use crate::cancel::CancelFlag;
use crate::catalogue::Catalogue;
use crate::clock;
use crate::drive::LoadedBlock;
use crate::evm::{self, Clues};
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
    /// The inputs of the block's keccak-256 hashes, which name entries of mappings.
    pub(super) preimages: B256Map<Bytes>,
    /// The time of preparing, in nanoseconds.
    pub(super) preparing: u64,
    /// The block access list from outside that runs use, if there is one.
    given: Option<GivenAccessList>,
}

/// A block access list from outside.
struct GivenAccessList {
    /// keccak-256 of the bytes as they were received.
    digest: B256,
    list: Arc<BlockAccessList>,
    /// keccak-256 of its RLP.
    hash: B256,
}

impl Ready {
    pub(super) fn scenario(
        text: &str,
        catalogue: &Catalogue,
        cancel: &CancelFlag,
    ) -> Result<Self, RequestError> {
        let started = clock::now();
        let document = Document::new(text);
        let scenario = document.scenario().map_err(<[Problem]>::to_vec)?;
        let prepared = prepare::scenario(scenario, catalogue).map_err(|mut problems| {
            document.locate(&mut problems);
            problems
        })?;
        Self::new(scenario.title.clone(), prepared.block, prepared.names, catalogue, started, cancel)
    }

    pub(super) fn case(text: &str, catalogue: &Catalogue, cancel: &CancelFlag) -> Result<Self, RequestError> {
        let started = clock::now();
        let block = case::parse(text)?;
        let names = Names::of_block(&block, catalogue);
        Self::new(format!("Block {}", block.env.number), block, names, catalogue, started, cancel)
    }

    fn new(
        title: String,
        block: PreparedBlock,
        mut names: Names,
        catalogue: &Catalogue,
        started: u64,
        cancel: &CancelFlag,
    ) -> Result<Self, RequestError> {
        let loaded = LoadedBlock::new(&block);
        let Clues { preimages, created } = evm::clues(&block, cancel);
        if cancel.is_set() {
            return Err(RequestError::Cancelled);
        }
        names.name_created(&created, &block.pre_state, catalogue);
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

    /// Makes the block's runs use this access list; with `None`, the one that the engine makes itself.
    pub(super) fn use_list(&mut self, bytes: Option<&[u8]>) -> Result<(), Problem> {
        let digest = bytes.map(keccak256);
        if self.given.as_ref().map(|given| given.digest) == digest {
            return Ok(());
        }
        self.given = match bytes.zip(digest) {
            None => None,
            Some((bytes, digest)) => {
                let list = access_list::parse(bytes).map_err(problem)?;
                Some(GivenAccessList { digest, hash: access_list::hash(&list), list: Arc::new(list) })
            }
        };
        self.loaded.use_access_list(self.given.as_ref().map(|given| given.list.clone()));
        Ok(())
    }

    /// The list from outside, and the keccak-256 of its RLP.
    pub(super) fn given_list(&self) -> Option<(&BlockAccessList, B256)> {
        self.given.as_ref().map(|given| (&*given.list, given.hash))
    }
}

/// The problem with a list that cannot be read, and its place in the list.
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

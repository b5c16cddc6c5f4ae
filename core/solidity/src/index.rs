//! What compilers and libraries a site has: `solc/index.json`, and the packed sources beside it, as `cargo xtask solidity`
//! writes them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::limits;
use crate::version::Version;

/// `evm-lanes-solc/1`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Index {
    format: String,
    /// Oldest first.
    pub compilers: Vec<Compiler>,
    /// Libraries that people import from; nothing of them but their paths.
    pub libraries: Vec<Library>,
}

/// A compiler of the site.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Compiler {
    /// Its release, which its worker is asked for.
    pub version: Version,
    /// Its release with its commit.
    pub long: String,
    /// Its licence, as SPDX writes it.
    pub licence: String,
    /// Where its source can be read.
    pub source: String,
    /// The rules of Ethereum that it knows, oldest first, in its own spelling.
    pub evm_versions: Vec<String>,
    /// What is loaded when it is asked for.
    pub files: Vec<File>,
}

impl Compiler {
    /// What loading it costs, in bytes, before the host compresses anything.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).fold(0, u64::saturating_add)
    }
}

/// A file of the site, below `solc/`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct File {
    /// Its path.
    pub file: String,
    /// Its size in bytes.
    pub size: u64,
}

/// A release of a library.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Library {
    /// As in imports: `@openzeppelin/contracts`.
    pub name: String,
    /// Its release.
    pub version: Version,
    /// Its licence, as SPDX writes it.
    pub licence: String,
    /// Where its source can be read.
    pub source: String,
    /// The packed sources' path below `solc/`.
    pub file: String,
    /// Their size in bytes.
    pub size: u64,
    /// The paths of its sources: `token/ERC20/ERC20.sol`.
    pub paths: BTreeSet<String>,
    /// Path → text, once they have been fetched.
    #[serde(skip)]
    pub sources: Option<BTreeMap<String, String>>,
}

/// Why an index, or packed sources, cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// Longer than it can be.
    #[error("{0} bytes are more than an index or a library has")]
    TooLong(usize),
    /// No JSON, or another one.
    #[error("{0}")]
    Malformed(String),
    /// Another format, or another library.
    #[error("expected {expected}, found {found}")]
    Other {
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
}

impl Index {
    /// Reads `solc/index.json`.
    ///
    /// # Errors
    /// If it is none.
    pub fn read(text: &str) -> Result<Self, IndexError> {
        let index: Self = read(text)?;
        expect("evm-lanes-solc/1", &index.format)?;
        Ok(index)
    }

    /// The versions of the compilers.
    pub fn versions(&self) -> Vec<Version> {
        self.compilers.iter().map(|compiler| compiler.version).collect()
    }

    /// The compiler of this version.
    pub fn compiler(&self, version: Version) -> Option<&Compiler> {
        self.compilers.iter().find(|compiler| compiler.version == version)
    }
}

impl Library {
    /// Name and version in one word: `@openzeppelin/contracts 5.7.0`.
    pub fn title(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    /// Takes the packed sources, once the page has fetched them.
    ///
    /// # Errors
    /// If they are not those of this library.
    pub fn load(&mut self, text: &str) -> Result<(), IndexError> {
        #[derive(Deserialize)]
        struct Packed {
            format: String,
            name: String,
            version: Version,
            sources: BTreeMap<String, String>,
        }
        let packed: Packed = read(text)?;
        expect("evm-lanes-sources/1", &packed.format)?;
        expect(&self.title(), &format!("{} {}", packed.name, packed.version))?;
        if !packed.sources.keys().eq(&self.paths) {
            return Err(IndexError::Other {
                expected: format!("the {} sources that the index names", self.paths.len()),
                found: format!("{} sources", packed.sources.len()),
            });
        }
        self.sources = Some(packed.sources);
        Ok(())
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, IndexError> {
    if text.len() > limits::PACKED {
        return Err(IndexError::TooLong(text.len()));
    }
    serde_json::from_str(text).map_err(|error| IndexError::Malformed(error.to_string()))
}

fn expect(expected: &str, found: &str) -> Result<(), IndexError> {
    if expected == found {
        return Ok(());
    }
    let found = found.chars().take(100).collect();
    Err(IndexError::Other { expected: expected.to_owned(), found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_index_is_read() {
        let index = Index::read(include_str!("../../../xtask/solidity/index.json")).unwrap();
        assert_eq!(index.compilers.last().unwrap().version.to_string(), "0.8.37");
        assert!(
            index
                .compilers
                .iter()
                .all(|compiler| compiler.size() > 1_000_000 && !compiler.evm_versions.is_empty())
        );
        assert!(index.libraries.iter().all(|library| library.paths.contains("token/ERC20/ERC20.sol")));
    }

    #[test]
    fn sources_of_another_library_are_refused() {
        let mut library =
            Index::read(include_str!("../../../xtask/solidity/index.json")).unwrap().libraries.remove(0);
        let packed = |name: &str, sources: &str| {
            format!(
                r#"{{"format":"evm-lanes-sources/1","name":"{name}","version":"4.9.6","sources":{sources}}}"#
            )
        };
        assert!(matches!(library.load(&packed("other", "{}")), Err(IndexError::Other { .. })));
        assert!(matches!(
            library.load(&packed("@openzeppelin/contracts", "{}")),
            Err(IndexError::Other { .. })
        ));
        assert!(matches!(library.load("{"), Err(IndexError::Malformed(_))));
        library.paths = BTreeSet::from(["a.sol".into()]);
        assert_eq!(library.load(&packed("@openzeppelin/contracts", r#"{"a.sol":"contract A {}"}"#)), Ok(()));
        assert_eq!(library.sources.unwrap()["a.sol"], "contract A {}");
    }
}

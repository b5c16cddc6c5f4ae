//! Real contracts, taken at build time from pinned npm packages by `cargo xtask catalogue`.
//!
//! The data are read at run time, not compiled in, because some of the contracts are under the GPL. This module
//! knows nothing of scenarios.

use std::sync::Arc;

use alloy_json_abi::JsonAbi;
use alloy_primitives::{B256, Bytes, U256};
use serde::Deserialize;

use crate::contract::{ContractAbi, Layout};

/// Every contract that a scenario can name.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    contracts: Vec<Arc<CatalogueContract>>,
}

/// One contract of the catalogue.
#[derive(Clone, Debug)]
pub struct CatalogueContract {
    /// `openzeppelin-4.9.6/ERC20PresetFixedSupply`
    pub id: String,
    /// npm package.
    pub package: String,
    /// The package's version.
    pub version: String,
    /// SPDX licence.
    pub licence: String,
    /// The address of its source.
    pub source: String,
    /// How its calls conflict, in words.
    pub conflicts: String,
    /// keccak-256 of the deployed code; `None` if it differs between deployments.
    pub code_hash: Option<B256>,
    /// Creation code.
    pub bytecode: Bytes,
    /// ABI and storage layout.
    pub abi: Arc<ContractAbi>,
}

/// Why catalogue data cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Not the JSON that is expected.
    #[error("the catalogue's data cannot be read: {0}. Run `cargo xtask catalogue` to make them again")]
    Json(#[from] serde_json::Error),
    /// Made by another version of `cargo xtask catalogue`.
    #[error(
        "the catalogue's data have the format {0:?}, expected \"evm-lanes-catalogue/1\". Run `cargo xtask catalogue` to make them again"
    )]
    Format(String),
}

#[derive(Deserialize)]
struct File {
    format: String,
    contracts: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    id: String,
    package: String,
    version: String,
    licence: String,
    source: String,
    conflicts: String,
    code_hash: Option<B256>,
    abi: JsonAbi,
    bytecode: Bytes,
    storage_layout: Layout,
    slot_names: std::collections::BTreeMap<U256, String>,
}

impl Catalogue {
    /// Reads the data files (`mit.json`, `gpl.json`).
    ///
    /// # Errors
    /// If a file is not of the format that `cargo xtask catalogue` writes.
    pub fn from_json(files: &[&str]) -> Result<Self, CatalogueError> {
        let mut contracts = Vec::new();
        for file in files {
            let file: File = serde_json::from_str(file)?;
            if file.format != "evm-lanes-catalogue/1" {
                return Err(CatalogueError::Format(file.format));
            }
            for entry in file.contracts {
                let layout = entry.storage_layout.with_slot_names(entry.slot_names);
                contracts.push(Arc::new(CatalogueContract {
                    id: entry.id,
                    package: entry.package,
                    version: entry.version,
                    licence: entry.licence,
                    source: entry.source,
                    conflicts: entry.conflicts,
                    code_hash: entry.code_hash,
                    bytecode: entry.bytecode,
                    abi: Arc::new(ContractAbi::new(entry.abi, Some(layout))),
                }));
            }
        }
        Ok(Self { contracts })
    }

    /// The contract with this id.
    pub fn get(&self, id: &str) -> Option<&Arc<CatalogueContract>> {
        self.contracts.iter().find(|contract| contract.id == id)
    }

    /// The contract whose deployed code has this hash.
    pub fn by_code(&self, hash: B256) -> Option<&Arc<CatalogueContract>> {
        self.contracts.iter().find(|contract| contract.code_hash == Some(hash))
    }

    /// Every contract.
    pub fn contracts(&self) -> impl Iterator<Item = &Arc<CatalogueContract>> {
        self.contracts.iter()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The catalogue that `cargo xtask catalogue` made.
    pub(crate) fn catalogue() -> Catalogue {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/catalogue");
        let read = |name: &str| {
            std::fs::read_to_string(format!("{folder}/{name}"))
                .unwrap_or_else(|e| panic!("{folder}/{name}: {e}. Run `cargo xtask catalogue` first"))
        };
        Catalogue::from_json(&[&read("mit.json"), &read("gpl.json")]).expect("the catalogue's data")
    }

    #[test]
    fn the_catalogue_is_the_committed_one() {
        let index: Vec<serde_json::Value> =
            serde_json::from_str(include_str!("../../catalogue/index.json")).expect("index.json");
        let catalogue = catalogue();
        assert_eq!(catalogue.contracts().count(), index.len());
        for (contract, facts) in catalogue.contracts().zip(&index) {
            assert_eq!(facts["id"], contract.id);
            assert_eq!(facts["version"], contract.version);
            assert_eq!(facts["licence"], contract.licence);
            let creation = alloy_primitives::keccak256(&contract.bytecode).to_string();
            assert_eq!(facts["creationCodeHash"], creation, "{}", contract.id);
            assert_eq!(facts["codeHash"], serde_json::json!(contract.code_hash), "{}", contract.id);
        }
    }

    #[test]
    fn other_data_are_refused() {
        assert!(matches!(Catalogue::from_json(&["{}"]), Err(CatalogueError::Json(_))));
        let other = r#"{"format": "evm-lanes-catalogue/2", "contracts": []}"#;
        assert!(matches!(Catalogue::from_json(&[other]), Err(CatalogueError::Format(_))));
    }
}

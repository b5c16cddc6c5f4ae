//! Names of a document: letters, digits, `_` and `-`, each once.

use std::collections::{HashMap, HashSet};

use alloy_primitives::Address;
use document::{BUILDER, DEPLOYER, Place, account_address};

/// Longest name that is made; a document's may have 64 characters, and a number comes behind.
const MAX: usize = 50;

pub(super) struct Names {
    used: HashSet<String>,
    by_address: HashMap<Address, String>,
    /// The next number of a name that is used already.
    next: HashMap<String, u32>,
}

impl Names {
    pub(super) fn new() -> Self {
        let reserved = [DEPLOYER, BUILDER];
        Self {
            used: reserved.iter().map(|name| (*name).to_owned()).collect(),
            by_address: reserved.iter().map(|name| (account_address(name), (*name).to_owned())).collect(),
            next: HashMap::new(),
        }
    }

    /// A name like `wanted` that is not used yet; from now on it is.
    pub(super) fn new_name(&mut self, wanted: &str) -> String {
        let name = self.free_name(wanted);
        self.used.insert(name.clone());
        name
    }

    /// The same, without using it.
    pub(super) fn free_name(&mut self, wanted: &str) -> String {
        let mut plain: String = wanted
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '-' })
            .take(MAX)
            .collect();
        if !plain.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            plain.insert(0, '_');
        }
        if !self.used.contains(&plain) {
            return plain;
        }
        let next = self.next.entry(plain.clone()).or_insert(2);
        loop {
            let name = format!("{plain}-{next}");
            *next += 1;
            if !self.used.contains(&name) {
                return name;
            }
        }
    }

    pub(super) fn reserve(&mut self, name: &str) {
        self.used.insert(name.to_owned());
    }

    /// From now on the address has this name.
    pub(super) fn set(&mut self, address: Address, name: String) {
        self.by_address.insert(address, name);
    }

    /// An address's name, or the address.
    pub(super) fn place(&self, address: Address) -> Place {
        match self.by_address.get(&address) {
            Some(name) => Place::Name(name.clone()),
            None => Place::Address(address),
        }
    }

    pub(super) fn is_named(&self, address: Address) -> bool {
        self.by_address.contains_key(&address)
    }
}

//! Which contracts are deployed before the block, in which order, with which arguments and libraries.

use std::collections::{HashMap, HashSet};

use alloy_json_abi::JsonAbi;
use alloy_primitives::{Address, Bytes, U256};
use document::json::Tree;
use document::problem::counted;
use document::{Amount, Arg, Contract, DEPLOYER, account_address};

use super::{Writer, made_up};
use crate::types::{Action, Code, ImportedContract, LinkReference, Target};
use crate::{abi, calldata, code};

/// Longest creation code (EIP-3860) and runtime code (EIP-170), in bytes.
const MAX_CREATION: usize = 49_152;
const MAX_RUNTIME: usize = 24_576;
/// Deepest chain of libraries that need libraries.
const MAX_CHAIN: usize = 16;
/// Most contracts that are deployed unless they are named.
const MAX_UNNAMED: usize = 50;
/// Most accounts with code whose code is deployed.
const MAX_STATE: usize = 200;

/// A contract that is deployed.
pub(super) struct Deployed {
    pub(super) name: String,
    pub(super) address: Address,
    /// Its index in the import.
    index: Option<usize>,
    pub(super) abi: Option<JsonAbi>,
    pub(super) is_library: bool,
    /// `None`: the document's own deployer.
    pub(super) from: Option<Address>,
    pub(super) value: U256,
    contract: Contract,
}

impl Deployed {
    /// A contract of the catalogue.
    pub(super) fn catalogue(name: String, id: &str, args: Vec<Arg>) -> Self {
        let contract = Contract { catalogue: Some(id.to_owned()), args, ..Contract::default() };
        Self {
            name,
            address: Address::ZERO,
            index: None,
            abi: None,
            is_library: false,
            from: None,
            value: U256::ZERO,
            contract,
        }
    }

    pub(super) fn declared(&self) -> (String, Contract) {
        (self.name.clone(), self.contract.clone())
    }
}

/// What the constructor gets.
enum Arguments {
    /// As the document has them.
    Given(Vec<Arg>),
    /// Bytes behind the code; the ABI says nothing about them.
    Encoded(Bytes),
}

impl Writer<'_> {
    pub(super) fn deploy(&mut self) {
        let import = self.import;
        let mut nonces: HashMap<Address, u64> = self.starts.clone();
        // Libraries first, in the order of their need: their addresses follow from it.
        let mut roots: Vec<usize> = Vec::new();
        let mut creations: Vec<(usize, usize)> = Vec::new();
        for (index, transaction) in import.transactions.iter().enumerate() {
            if let Action::Create { contract, .. } = transaction.action {
                creations.push((index, contract));
            }
        }
        let chosen = self.chosen();
        roots.extend(creations.iter().map(|(_, contract)| *contract));
        roots.extend(chosen.iter().copied());
        let libraries = self.libraries(&roots);
        let as_libraries: HashSet<usize> = libraries.iter().copied().collect();
        for library in &libraries {
            self.deploy_contract(*library, None, U256::ZERO, None, true, &mut nonces);
        }
        let mut moved = 0;
        for (index, contract) in creations.into_iter().filter(|_| !self.choices.in_block).collect::<Vec<_>>()
        {
            let transaction = &import.transactions[index];
            let from = self.sender(transaction, index);
            let Action::Create { arguments, encoded, .. } = &transaction.action else { continue };
            let with_constructor =
                import.contracts.get(contract).is_some_and(|contract| constructor_takes(contract) > 0);
            let given = match with_constructor && !arguments.is_empty() {
                true => self.args(arguments).map(Arguments::Given),
                false => Some(Arguments::Encoded(encoded.clone())),
            };
            let Some(given) = given else { continue };
            let value = transaction.value;
            let Some(at) = self.deploy_contract(contract, Some(from), value, Some(given), false, &mut nonces)
            else {
                continue;
            };
            let need = self.needs.entry(from).or_default();
            *need = need.saturating_add(value);
            if let Some(known) = transaction.creates {
                moved += usize::from(known != self.deployed[at].address);
                self.by_address.insert(known, at);
                let name = self.deployed[at].name.clone();
                self.names.set(known, name);
            }
            self.by_creation.insert(index, at);
        }
        if !self.by_creation.is_empty() {
            let many = counted(self.by_creation.len(), "contract");
            self.note(format!(
                "{many} that transactions create: deployed before the block, so that calls have names"
            ));
        }
        if moved > 0 {
            let have =
                if moved == 1 { "1 contract has".to_owned() } else { format!("{moved} contracts have") };
            self.note(format!(
                "{have} another address than in the file: call data that holds the old one still does"
            ));
        }
        for contract in chosen {
            if !as_libraries.contains(&contract) {
                self.deploy_contract(contract, None, U256::ZERO, None, false, &mut nonces);
            }
        }
        self.deploy_state(&mut nonces);
    }

    /// The contracts to deploy beside those that transactions create.
    fn chosen(&mut self) -> Vec<usize> {
        let import = self.import;
        let can = |contract: &ImportedContract| contract.creation.is_some() || contract.runtime.is_some();
        if !self.choices.contracts.is_empty() {
            let mut chosen = Vec::new();
            for wanted in &self.choices.contracts {
                let is_it = |contract: &&ImportedContract| {
                    contract.name == *wanted || contract.qualified_name() == *wanted
                };
                match import.contracts.iter().position(|contract| is_it(&contract) && can(contract)) {
                    Some(index) => chosen.push(index),
                    None => self.notes.push(crate::types::Note {
                        file: String::new(),
                        text: format!(
                            "there is no contract {} that can be deployed",
                            crate::reader::one_line(wanted)
                        ),
                    }),
                }
            }
            return chosen;
        }
        if !import.transactions.is_empty() {
            // Those at addresses that are called.
            let called: HashSet<Address> = import
                .transactions
                .iter()
                .filter_map(|transaction| match transaction.to {
                    Target::Address(to) => Some(to),
                    _ => None,
                })
                .collect();
            let created: HashSet<Address> = import.transactions.iter().filter_map(|tx| tx.creates).collect();
            let is_called = |contract: &ImportedContract| {
                contract
                    .address
                    .is_some_and(|address| called.contains(&address) && !created.contains(&address))
            };
            let all = import.contracts.iter().enumerate();
            return all
                .filter(|(_, contract)| can(contract) && is_called(contract))
                .map(|(index, _)| index)
                .collect();
        }
        let deployable: Vec<usize> =
            (0..import.contracts.len()).filter(|index| can(&import.contracts[*index])).collect();
        let own: Vec<usize> =
            deployable.iter().copied().filter(|index| is_own(&import.contracts[*index])).collect();
        let chosen = if own.is_empty() { deployable.clone() } else { own };
        if chosen.len() < deployable.len() {
            let left = counted(deployable.len() - chosen.len(), "contract");
            self.note(format!(
                "{left} of tests, scripts and dependencies left out; name those that you want"
            ));
        }
        if chosen.len() > MAX_UNNAMED {
            self.note(format!(
                "only the first {MAX_UNNAMED} of {} contracts; name those that you want",
                chosen.len()
            ));
        }
        chosen.into_iter().take(MAX_UNNAMED).collect()
    }

    /// The libraries that contracts need, each after those that it needs itself.
    fn libraries(&self, roots: &[usize]) -> Vec<usize> {
        let mut order = Vec::new();
        let mut placed = HashSet::new();
        let mut seen = HashSet::new();
        for root in roots {
            self.needs_of(*root, &mut order, &mut placed, &mut seen, MAX_CHAIN);
        }
        order
    }

    fn needs_of(
        &self,
        contract: usize,
        order: &mut Vec<usize>,
        placed: &mut HashSet<usize>,
        seen: &mut HashSet<usize>,
        left: usize,
    ) {
        let Some(creation) =
            self.import.contracts.get(contract).and_then(|contract| contract.creation.as_ref())
        else {
            return;
        };
        if left == 0 || !seen.insert(contract) {
            return;
        }
        for link in creation.links.iter().filter(|link| self.given_address(link).is_none()) {
            if let Some(library) = self.library(link) {
                self.needs_of(library, order, placed, seen, left - 1);
                if placed.insert(library) {
                    order.push(library);
                }
            }
        }
    }

    /// The library's address, if a person says it.
    fn given_address(&self, link: &LinkReference) -> Option<Address> {
        let qualified = link.source_unit.as_ref().map(|unit| format!("{unit}:{}", link.name()));
        let names = [Some(link.name().to_owned()), qualified, Some(link.placeholder.clone())];
        names.iter().flatten().find_map(|name| self.choices.libraries.get(name)).copied()
    }

    /// The contract of the set that is the library.
    fn library(&self, link: &LinkReference) -> Option<usize> {
        let name = link.library.as_ref()?;
        let fits = |contract: &&ImportedContract| {
            let same_unit = match (&contract.source_unit, &link.source_unit) {
                (Some(a), Some(b)) => a == b || a.ends_with(&**b) || b.ends_with(&**a),
                _ => true,
            };
            // The names of old compilers may be cut.
            (contract.name == *name || name.len() >= 30 && contract.name.starts_with(name.as_str()))
                && same_unit
                && contract.creation.is_some()
        };
        let exact = self.by_name.get(name.as_str()).into_iter().flatten().copied();
        let mut exact = exact.filter(|index| fits(&&self.import.contracts[*index]));
        exact.next().or_else(|| {
            (name.len() >= 30)
                .then(|| self.import.contracts.iter().position(|contract| fits(&contract)))
                .flatten()
        })
    }

    /// Code with its libraries' addresses; and whether any was there. `None`: one is missing.
    pub(super) fn linked(&self, code: &Code) -> Option<(Vec<u8>, bool)> {
        let mut bytes = code.bytes.to_vec();
        for link in &code.links {
            let address = match self.given_address(link) {
                Some(address) => address,
                None => {
                    let library = self.library(link)?;
                    self.deployed
                        .iter()
                        .find(|deployed| deployed.is_library && deployed.index == Some(library))?
                        .address
                }
            };
            code::link(&mut bytes, link, address);
        }
        Some((bytes, !code.links.is_empty()))
    }

    /// Adds a deployment. `None`: it cannot be deployed, which a note says.
    fn deploy_contract(
        &mut self,
        index: usize,
        from: Option<Address>,
        value: U256,
        given: Option<Arguments>,
        is_library: bool,
        nonces: &mut HashMap<Address, u64>,
    ) -> Option<usize> {
        let contract = self.import.contracts.get(index)?;
        let who = crate::reader::one_line(&contract.qualified_name());
        let (mut bytes, ran) = match (&contract.creation, &contract.runtime) {
            (Some(creation), _) => match self.linked(creation) {
                Some((bytes, _)) => (bytes, true),
                None => {
                    self.note(format!("{who} is left out: a library's address is missing"));
                    return None;
                }
            },
            (None, Some(runtime)) => {
                match self.linked(runtime) {
                    Some((bytes, _)) if bytes.len() <= MAX_RUNTIME => {
                        self.note(format!("{who} is deployed as it is: its constructor does not run, and its storage is empty"));
                        (code::creation_of(&bytes, &[]).to_vec(), false)
                    }
                    Some(_) => {
                        self.note(format!(
                            "{who} is left out: its code is longer than {MAX_RUNTIME} bytes (EIP-170)"
                        ));
                        return None;
                    }
                    None => {
                        self.note(format!("{who} is left out: a library's address is missing"));
                        return None;
                    }
                }
            }
            (None, None) => {
                self.note(format!("{who} is left out: there is no code"));
                return None;
            }
        };
        let mut known = contract.abi.clone();
        let mut args = Vec::new();
        match given {
            Some(Arguments::Given(given)) => args = given,
            Some(Arguments::Encoded(encoded)) => {
                bytes.extend_from_slice(&encoded);
                if let Some(abi) = &mut known {
                    abi.constructor = None;
                }
            }
            None if !ran => {
                if let Some(abi) = &mut known {
                    abi.constructor = None;
                }
            }
            None => args = self.constructor_arguments(contract, &who)?,
        }
        if bytes.len() > MAX_CREATION {
            self.note(format!(
                "{who} is left out: its creation code is longer than {MAX_CREATION} bytes (EIP-3860)"
            ));
            return None;
        }
        let name = self.names.new_name(&contract.name);
        let address = next_address(from, nonces);
        self.names.set(address, name.clone());
        if let Some(known) = contract.address
            && !self.names.is_named(known)
        {
            self.names.set(known, name.clone());
        }
        let declared = Contract {
            bytecode: Some(bytes.into()),
            abi: known.as_ref().map(abi::items),
            storage_layout: contract.storage_layout.clone(),
            from: from.map(|from| self.names.place(from)),
            args,
            value: (!value.is_zero()).then(|| Amount::from(value)),
            ..Contract::default()
        };
        self.deployed.push(Deployed {
            name,
            address,
            index: Some(index),
            abi: known,
            is_library,
            from,
            value,
            contract: declared,
        });
        let at = self.deployed.len() - 1;
        self.by_address.insert(address, at);
        if let Some(known) = contract.address {
            self.by_address.entry(known).or_insert(at);
        }
        Some(at)
    }

    /// A constructor's arguments: as a person says them, else made up.
    fn constructor_arguments(&mut self, contract: &ImportedContract, who: &str) -> Option<Vec<Arg>> {
        let constructor = contract.abi.as_ref().and_then(|abi| abi.constructor.as_ref());
        let inputs = constructor.map(|constructor| constructor.inputs.clone()).unwrap_or_default();
        if inputs.is_empty() {
            return Some(Vec::new());
        }
        let given = self
            .choices
            .arguments
            .get(&contract.name)
            .or_else(|| self.choices.arguments.get(&contract.qualified_name()));
        if let Some(text) = given {
            return match given_arguments(&inputs, text) {
                Ok(args) => Some(args),
                Err(mistake) => {
                    self.note(format!("{who} is left out: {mistake}"));
                    None
                }
            };
        }
        let owner = account_address(DEPLOYER);
        let values = made_up::constructor_arguments(&inputs, owner);
        let args = values.as_ref().and_then(|values| self.args(values));
        match (values, args) {
            (Some(_), Some(args)) => {
                let shown: Vec<String> = inputs
                    .iter()
                    .zip(&args)
                    .map(|(param, arg)| {
                        let name = if param.name.is_empty() { &param.ty } else { &param.name };
                        format!("{name} = {}", serde_json::to_string(arg).unwrap_or_default())
                    })
                    .collect();
                self.note(format!("the constructor's arguments of {who} are made up: {}", shown.join(", ")));
                Some(args)
            }
            _ => {
                self.note(format!("{who} is left out: its constructor's arguments have to be given"));
                None
            }
        }
    }

    /// Accounts with code, deployed anew by code that stores their storage.
    fn deploy_state(&mut self, nonces: &mut HashMap<Address, u64>) {
        let import = self.import;
        let (mut anew, mut left_out) = (0, 0);
        for account in import.accounts.iter().filter(|account| !account.code.is_empty()) {
            if self.by_address.contains_key(&account.address) {
                continue;
            }
            let made = code::creation_of(&account.code, &account.storage);
            // Code that begins so is reserved (EIP-3541), delegations among it.
            let is_reserved = account.code.first() == Some(&0xef);
            if is_reserved
                || account.code.len() > MAX_RUNTIME
                || made.len() > MAX_CREATION
                || anew == MAX_STATE
                || self.accounts.contains_key(&account.address)
            {
                left_out += 1;
                continue;
            }
            let known = import.contracts.iter().find(|contract| {
                contract.runtime.as_ref().is_some_and(|runtime| runtime.bytes == account.code)
            });
            let plain = format!("contract-{}", &format!("{:x}", account.address)[..8]);
            let wanted = account.name.as_deref().or(known.map(|known| known.name.as_str())).unwrap_or(&plain);
            let name = self.names.new_name(wanted);
            let address = next_address(None, nonces);
            self.names.set(address, name.clone());
            self.names.set(account.address, name.clone());
            let mut abi = known.and_then(|known| known.abi.clone());
            if let Some(abi) = &mut abi {
                abi.constructor = None;
            }
            let value = account.balance.unwrap_or_default();
            let need = self.needs.entry(account_address(DEPLOYER)).or_default();
            *need = need.saturating_add(value);
            let contract = Contract {
                bytecode: Some(made),
                abi: abi.as_ref().map(crate::abi::items),
                storage_layout: known.and_then(|known| known.storage_layout.clone()),
                value: (!value.is_zero()).then(|| Amount::from(value)),
                ..Contract::default()
            };
            self.deployed.push(Deployed {
                name,
                address,
                index: None,
                abi,
                is_library: false,
                from: None,
                value,
                contract,
            });
            self.by_address.insert(address, self.deployed.len() - 1);
            self.by_address.insert(account.address, self.deployed.len() - 1);
            anew += 1;
        }
        if anew > 0 {
            self.note(format!(
                "{} with code: deployed anew with their storage, at other addresses; code that holds the old addresses does not find them",
                counted(anew, "account")
            ));
        }
        if left_out > 0 {
            self.note(format!(
                "{} with code left out: too large, reserved (EIP-3541), too many, or senders of transactions",
                counted(left_out, "account")
            ));
        }
    }
}

fn next_address(from: Option<Address>, nonces: &mut HashMap<Address, u64>) -> Address {
    let from = from.unwrap_or_else(|| account_address(DEPLOYER));
    let nonce = nonces.entry(from).or_insert(0);
    let address = from.create(*nonce);
    *nonce = nonce.saturating_add(1);
    address
}

fn constructor_takes(contract: &ImportedContract) -> usize {
    let constructor = contract.abi.as_ref().and_then(|abi| abi.constructor.as_ref());
    constructor.map_or(0, |constructor| constructor.inputs.len())
}

/// A person's arguments, as a JSON list.
fn given_arguments(inputs: &[alloy_json_abi::Param], text: &str) -> Result<Vec<Arg>, String> {
    let tree = Tree::read(text).map_err(|problem| problem.to_string())?;
    let nodes: Vec<_> = tree.root(text).elements().collect();
    let types = calldata::types(inputs).ok_or("types that cannot be encoded")?;
    if nodes.len() != types.len() {
        return Err(format!("expected {}, found {}", counted(types.len(), "argument"), nodes.len()));
    }
    let plain = |address: Address| address.to_string();
    types
        .iter()
        .zip(nodes)
        .zip(inputs)
        .map(|((kind, node), param)| {
            let value = calldata::from_json(kind, node, &param.components);
            let value = value.map_err(|(expected, found)| format!("expected {expected}, found {found}"))?;
            calldata::argument(&value, &plain)
                .ok_or_else(|| "an argument that a document cannot hold".to_owned())
        })
        .collect()
}

/// Whether a contract is a project's own: no test, no script, no dependency.
fn is_own(contract: &ImportedContract) -> bool {
    let path = contract.source_unit.as_deref().unwrap_or_default();
    let path = if path.is_empty() { contract.file.as_str() } else { path };
    let file = contract.file.as_str();
    let is_foreign = |part: &str| path.starts_with(part) || path.contains(&format!("/{part}"));
    let ends = |end: &str| path.ends_with(end) || file.contains(&format!("{end}/"));
    !ends(".t.sol")
        && !ends(".s.sol")
        && !["lib/", "node_modules/", "test/", "script/", "@", "forge-std/", "hardhat/"]
            .iter()
            .any(|part| is_foreign(part))
}

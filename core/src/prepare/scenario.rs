//! From a scenario to a prepared block: addresses, deployments, set-up calls, transactions with call data, nonces and
//! fees.
//!
//! ```text
//! Scenario ─ expand ─▶ Expansion
//!   accounts ─▶ state ─ deploy contracts ─ set-up calls ─▶ pre-state
//!   transactions ─ encode by ABI ─▶ transactions
//! ```
//! `scenario::expand` has already made all random choices and repetitions.

mod arguments;
mod keys;
mod transactions;

use std::collections::{BTreeMap, HashMap};

use alloy_primitives::{
    Address, B256, Bytes, U256,
    map::{AddressMap, AddressSet},
};
use k256::ecdsa::SigningKey;

use super::{Account, BlockEnvironment, Fork, PreparedBlock, State, Transaction};
use crate::catalogue::Catalogue;
use crate::evm;
use crate::messages::ContractInfo;
use crate::naming::{Names, describe_failure};
use crate::problem::{Problem, counted};
use crate::run::Receipt;
use crate::scenario::expand::{self, Expansion, SetupStep};
use crate::scenario::{Amount, BUILDER, Contract, DEPLOYER, Place, Scenario, account_address, nearest};

/// Most problems that are reported at once.
const MAX_PROBLEMS: usize = 50;
/// Ethereum's chain id: real signed transactions hold it.
const CHAIN_ID: u64 = 1;
/// The default balance of an account: 100 ether, in wei.
const BALANCE: u128 = 100 * 10u128.pow(18);
/// The default timestamp (Unix time).
const TIMESTAMP: u64 = 1_700_000_000;
/// Most gas for one transaction from Osaka on (EIP-7825), and for each deployment and set-up call.
const MAX_GAS_OSAKA: u64 = 1 << 24;
/// Most gas for all transactions: enough for 100,000 calls with the default gas limit.
const MAX_GAS_BLOCK: u64 = 100_000_000_000;
/// Most gas that deployments and set-up calls may use in all.
const MAX_GAS_SETUP: u64 = 10_000_000_000;
/// Most call data in all transactions, in bytes.
const MAX_INPUT: usize = 64 << 20;

/// A prepared scenario, with the names of its accounts and contracts.
#[derive(Clone, Debug)]
pub struct PreparedScenario {
    /// The block.
    pub block: PreparedBlock,
    /// Names, ABIs and storage layouts.
    pub names: Names,
}

/// Prepares a scenario.
///
/// # Errors
/// Problems that reading the document cannot find: names and arguments that do not fit a function's ABI, unknown
/// catalogue ids, deployments and set-up calls that fail (with their revert reason), too much gas or data. They have the
/// document's paths, but no positions.
pub fn scenario(scenario: &Scenario, catalogue: &Catalogue) -> Result<PreparedScenario, Vec<Problem>> {
    expanded(Expansion::new(scenario), catalogue)
}

/// Prepares an expanded scenario.
///
/// # Errors
/// As [`scenario`].
pub fn expanded(expansion: Expansion<'_>, catalogue: &Catalogue) -> Result<PreparedScenario, Vec<Problem>> {
    let mut preparation = Preparation::new(&expansion)?;
    preparation.deploy(&expansion, catalogue)?;
    preparation.set_up(&expansion, catalogue)?;
    preparation.transactions(expansion)
}

/// The addresses of a name: one, or those of a group.
#[derive(Clone, Debug)]
enum Addresses {
    One(Address),
    Group(Vec<Address>),
}

impl Addresses {
    /// The addresses of a declaration's names, in the same order.
    fn new(declared: expand::Declaration<'_>, addresses: Vec<Address>) -> Self {
        match (declared.count, &addresses[..]) {
            (None, [one]) => Self::One(*one),
            _ => Self::Group(addresses),
        }
    }

    fn addresses(&self) -> &[Address] {
        match self {
            Self::One(address) => std::slice::from_ref(address),
            Self::Group(addresses) => addresses,
        }
    }
}

struct Preparation {
    env: BlockEnvironment,
    state: State,
    names: Names,
    addresses: HashMap<String, Addresses>,
    /// Next nonce of each sender.
    nonces: AddressMap<u64>,
    /// Keys of the accounts that have one.
    keys: AddressMap<SigningKey>,
    /// Accounts that have signed a delegation in the block, so they probably have code.
    delegated: AddressSet,
    /// Gas that deployments and set-up calls have used.
    spent: u64,
}

impl Preparation {
    fn new(expansion: &Expansion<'_>) -> Result<Self, Vec<Problem>> {
        let scenario = expansion.scenario();
        let mut problems = Vec::new();
        let mut state = State::default();
        let mut names = Names::default();
        let mut by_name = HashMap::new();
        let mut nonces = AddressMap::default();
        let mut keys = AddressMap::default();
        for (declared, account) in expansion.accounts() {
            let balance = account.balance.as_ref().map_or(U256::from(BALANCE), Amount::value);
            let nonce = account.nonce.unwrap_or(0);
            let mut add = |name: String| {
                let address = match account.address {
                    Some(address) => address,
                    None if account.key => {
                        let key = keys::key_of(&name);
                        let address = keys::address_of(&key);
                        keys.insert(address, key);
                        address
                    }
                    None => account_address(&name),
                };
                let fresh = Account { balance, nonce, ..Account::default() };
                let before = state.accounts.insert(address, fresh);
                if before.is_some() {
                    let path = format!("accounts.{name}.address");
                    let found = format!("{address}, which is already {}", names.display(address));
                    problems.push(Problem::new(path, "an address of its own", found));
                }
                nonces.insert(address, nonce);
                names.name(address, name);
                address
            };
            let addresses = declared.names().map(&mut add).collect();
            by_name.insert(declared.name.to_owned(), Addresses::new(declared, addresses));
        }
        let builder = account_address(BUILDER);
        by_name.entry(BUILDER.to_owned()).or_insert(Addresses::One(builder));
        names.name(builder, BUILDER.to_owned());
        // An empty account does not exist (EIP-161).
        state.accounts.retain(|_, account| *account != Account::default());
        if !problems.is_empty() {
            return Err(problems);
        }

        let block = &scenario.block;
        let fork = block.fork.unwrap_or(Fork::Osaka);
        let mut preparation = Self {
            env: BlockEnvironment {
                chain_id: CHAIN_ID,
                fork,
                number: block.number.unwrap_or(1),
                timestamp: block.timestamp.unwrap_or(TIMESTAMP),
                gas_limit: MAX_GAS_BLOCK,
                // The set-up costs no fees; the block's base fee is set afterwards.
                base_fee: 0,
                beneficiary: builder,
                difficulty: U256::ZERO,
                prev_randao: (fork >= Fork::Paris).then_some(B256::ZERO),
                excess_blob_gas: (fork >= Fork::Cancun).then_some(0),
                blob_base_fee_update_fraction: match fork {
                    Fork::Cancun => Some(3_338_477),
                    // EIP-7691
                    Fork::Prague | Fork::Osaka => Some(5_007_716),
                    _ => None,
                },
                block_hashes: BTreeMap::new(),
                system_calls: Vec::new(),
            },
            state,
            names,
            addresses: by_name,
            nonces,
            keys,
            delegated: AddressSet::default(),
            spent: 0,
        };
        preparation.find_beneficiary(scenario);
        Ok(preparation)
    }

    /// Sets the block's beneficiary, if the address of its name is known by now: an account, a contract, or the result
    /// of a set-up call.
    fn find_beneficiary(&mut self, scenario: &Scenario) {
        if let Some(address) = scenario.block.beneficiary.as_ref().and_then(|place| self.place(place)) {
            self.env.beneficiary = address;
        }
    }

    /// The address of a place; `None` if it is not known, or for `name[*]`.
    fn place(&self, place: &Place) -> Option<Address> {
        match place {
            Place::Address(address) => Some(*address),
            Place::Name(name) => match self.addresses.get(name)? {
                Addresses::One(address) => Some(*address),
                Addresses::Group(_) => None,
            },
            Place::Element(name, index) => self.element(name, *index),
            Place::All(_) => None,
        }
    }

    /// The address of a group's element.
    fn element(&self, group: &str, index: u32) -> Option<Address> {
        match self.addresses.get(group)? {
            Addresses::Group(group) => group.get(index as usize).copied(),
            Addresses::One(_) => None,
        }
    }

    fn is_group(&self, name: &str) -> bool {
        matches!(self.addresses.get(name), Some(Addresses::Group(_)))
    }

    /// [`Self::place`], or a problem if it is not known.
    fn known_place(&self, place: &Place, path: &str) -> Result<Address, Problem> {
        self.place(place)
            .ok_or_else(|| Problem::new(path, "a name that is known at this point", format!("\"{place}\"")))
    }

    /// The account that deploys a contract.
    fn deployer(&self, contract: &Contract, path: &str) -> Result<Address, Problem> {
        match &contract.from {
            Some(place) => self.known_place(place, path),
            None => self.known_place(&Place::Name(DEPLOYER.to_owned()), path),
        }
    }

    fn next_nonce(&mut self, from: Address) -> u64 {
        let nonce = self.nonces.entry(from).or_insert(0);
        *nonce += 1;
        *nonce - 1
    }

    /// Runs a deployment or set-up call. Its sender pays `value` but no fee.
    fn run(&mut self, tx: Transaction) -> Receipt {
        let receipt = evm::apply(&self.env, &mut self.state, &tx);
        self.spent = self.spent.saturating_add(receipt.gas_used);
        receipt
    }

    fn check_spent(&self, path: &str) -> Result<(), Problem> {
        if self.spent <= MAX_GAS_SETUP {
            return Ok(());
        }
        let expected = format!("at most {MAX_GAS_SETUP} gas for deployments and set-up calls in all");
        Err(Problem::new(path, expected, format!("{} up to here", self.spent)))
    }

    fn deploy(&mut self, expansion: &Expansion<'_>, catalogue: &Catalogue) -> Result<(), Vec<Problem>> {
        // An address depends only on sender and nonce, so all are known before the first constructor runs, and every
        // constructor can get any of them as an argument.
        let mut nonces = self.nonces.clone();
        for (declared, contract) in expansion.contracts() {
            let path = format!("contracts.{}.from", declared.name);
            let from = self.deployer(contract, &path).map_err(|p| vec![p])?;
            let nonce = nonces.entry(from).or_insert(0);
            let mut addresses = Vec::new();
            for name in declared.names() {
                let address = from.create(*nonce);
                *nonce += 1;
                self.names.name(address, name);
                addresses.push(address);
            }
            self.addresses.insert(declared.name.to_owned(), Addresses::new(declared, addresses));
        }
        // Constructors may read the beneficiary.
        self.find_beneficiary(expansion.scenario());
        let mut problems = Vec::new();
        for (declared, contract) in expansion.contracts() {
            let args = expansion.constructor(contract);
            if let Err(problem) = self.deploy_one(declared.name, contract, &args, catalogue) {
                problems.push(problem);
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    fn deploy_one(
        &mut self,
        name: &str,
        contract: &Contract,
        args: &[expand::Argument<'_>],
        catalogue: &Catalogue,
    ) -> Result<(), Problem> {
        let path = format!("contracts.{name}");
        let (code, known, listed) = match &contract.catalogue {
            Some(id) => {
                let Some(listed) = catalogue.get(id) else {
                    let ids = || catalogue.contracts().map(|p| p.id.as_str());
                    let expected = match nearest(id, ids()) {
                        Some(near) => format!("\"{near}\""),
                        None => format!("one of {}", ids().collect::<Vec<_>>().join(", ")),
                    };
                    return Err(Problem::new(format!("{path}.catalogue"), expected, format!("\"{id}\"")));
                };
                (listed.bytecode.clone(), listed.abi.clone(), Some(listed.clone()))
            }
            None => {
                (contract.bytecode.clone().unwrap_or_default(), arguments::own_abi(contract, &path)?, None)
            }
        };
        let none = Vec::new();
        let inputs = known.abi.constructor.as_ref().map_or(&none, |c| &c.inputs);
        let what = if inputs.is_empty() { "no arguments" } else { "the constructor's arguments" };
        let args = self.params(inputs, args, &format!("{path}.args"), what)?;
        let mut input = code.to_vec();
        input.extend(args);
        let input = Bytes::from(input);
        let value = contract.value.as_ref().map_or(U256::ZERO, Amount::value);
        let from = self.deployer(contract, &format!("{path}.from"))?;
        let addresses = self.addresses.get(name).map(|named| named.addresses().to_vec()).unwrap_or_default();
        for address in &addresses {
            let nonce = self.next_nonce(from);
            self.names.set_abi(*address, known.clone());
            let gas_limit = MAX_GAS_OSAKA;
            let receipt = self.run(Transaction {
                from,
                value,
                input: input.clone(),
                gas_limit,
                nonce,
                ..Transaction::default()
            });
            if let Some(failure) = describe_failure(&self.names, Some(*address), &receipt) {
                let expected = format!("a deployment by {} that succeeds", self.names.display(from));
                return Err(Problem::new(path, expected, format!("one that {failure}")));
            }
            self.check_spent(&path)?;
            if let Some(listed) = &listed {
                let hash = self.state.accounts.get(address).and_then(|a| a.code_hash);
                self.names.add_contract(ContractInfo {
                    name: self.names.display(*address),
                    address: address.to_string(),
                    catalogue: listed.id.clone(),
                    package: format!("{} {}", listed.package, listed.version),
                    licence: listed.licence.clone(),
                    code_hash: hash.unwrap_or_default().to_string(),
                });
            }
        }
        Ok(())
    }

    fn set_up(&mut self, expansion: &Expansion<'_>, catalogue: &Catalogue) -> Result<(), Vec<Problem>> {
        let scenario = expansion.scenario();
        for entry in 0..scenario.setup.len() {
            // Later calls depend on earlier ones, so the first failure ends the set-up.
            self.set_up_entry(expansion, entry, catalogue).map_err(|p| vec![p])?;
            self.find_beneficiary(scenario);
        }
        if let Some(place) = &scenario.block.beneficiary {
            self.known_place(place, "block.beneficiary").map_err(|problem| vec![problem])?;
        }
        self.names.recognise(&self.state, catalogue);
        Ok(())
    }

    fn set_up_entry(
        &mut self,
        expansion: &Expansion<'_>,
        entry: usize,
        catalogue: &Catalogue,
    ) -> Result<(), Problem> {
        let path = format!("setup[{entry}]");
        let named = expansion.result(entry);
        let mut returned = Vec::new();
        for step in expansion.setup(entry) {
            let output = self.set_up_call(&step, &path)?;
            if named.is_some() {
                returned.push(returned_address(&output, &path)?);
            }
        }
        if let Some(declared) = named {
            for (name, address) in declared.names().zip(&returned) {
                self.name_returned(name, *address, catalogue);
            }
            self.addresses.insert(declared.name.to_owned(), Addresses::new(declared, returned));
        }
        Ok(())
    }

    /// Names an address that a set-up call returned, and recognises its contract by the code.
    fn name_returned(&mut self, name: String, address: Address, catalogue: &Catalogue) {
        self.names.name(address, name);
        let hash = self.state.accounts.get(&address).and_then(|a| a.code_hash);
        if let Some((hash, listed)) = hash.and_then(|hash| Some((hash, catalogue.by_code(hash)?))) {
            self.names.set_abi(address, listed.abi.clone());
            self.names.add_contract(ContractInfo {
                name: self.names.display(address),
                address: address.to_string(),
                catalogue: listed.id.clone(),
                package: format!("{} {}", listed.package, listed.version),
                licence: listed.licence.clone(),
                code_hash: hash.to_string(),
            });
        }
    }

    fn set_up_call(&mut self, step: &SetupStep<'_>, path: &str) -> Result<Bytes, Problem> {
        let call = step.call;
        let from = self.known_place(&step.from, &format!("{path}.from"))?;
        let to = self.known_place(&step.to, &format!("{path}.to"))?;
        let input = self.input(to, call.call.as_deref(), &step.args, call.data.as_ref(), path)?;
        if call.named.is_some()
            && let Some(function) = self.names.function(Some(to), &input)
            && !matches!(&function.outputs[..], [one] if one.ty == "address")
        {
            let returned: Vec<&str> = function.outputs.iter().map(|output| output.ty.as_str()).collect();
            let found = format!("{}, which returns ({})", function.signature(), returned.join(", "));
            return Err(Problem::new(format!("{path}.as"), "a call that returns an address", found));
        }
        let nonce = self.next_nonce(from);
        let receipt = self.run(Transaction {
            from,
            to: Some(to),
            value: call.value.as_ref().map_or(U256::ZERO, Amount::value),
            input,
            gas_limit: MAX_GAS_OSAKA,
            nonce,
            ..Transaction::default()
        });
        if let Some(failure) = describe_failure(&self.names, Some(to), &receipt) {
            let what = match &call.call {
                Some(call) => format!("{}.{call}", self.names.display(to)),
                None => format!("the call to {}", self.names.display(to)),
            };
            let expected = format!("{what} by {} to succeed", self.names.display(from));
            return Err(Problem::new(path, expected, format!("that it {failure}")));
        }
        self.check_spent(path)?;
        Ok(receipt.output)
    }
}

fn returned_address(output: &[u8], path: &str) -> Result<Address, Problem> {
    match output {
        [zeros @ .., _] if output.len() == 32 && zeros[..12].iter().all(|b| *b == 0) => {
            Ok(Address::from_slice(&output[12..]))
        }
        _ => Err(Problem::new(
            format!("{path}.as"),
            "a call that returns an address",
            format!("one that returns {}", counted(output.len(), "byte")),
        )),
    }
}

#[cfg(test)]
mod tests;

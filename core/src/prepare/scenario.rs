//! From a scenario to a block that is ready to run: addresses, deployments, set-up calls,
//! transactions with call data, nonces and fees.
//!
//! ```text
//! accounts ─▶ state ─ deploy contracts ─ set-up calls ─▶ pre-state
//! transactions ─ expand, choose, encode by ABI ─▶ transactions
//! ```

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use alloy_dyn_abi::{DynSolType, DynSolValue, Specifier};
use alloy_json_abi::{Function, JsonAbi, Param};
use alloy_primitives::{Address, B256, Bytes, I256, U256, hex, map::AddressMap};

use super::{
    Account, Authorization, BlockEnvironment, Fork, Narrowing, Origin, Oversized, PreparedBlock, State,
    Transaction, raw,
};
use crate::catalogue::Catalogue;
use crate::evm;
use crate::messages::ContractInfo;
use crate::naming::{Known, Layout, Names, describe_failure};
use crate::problem::Problem;
use crate::run::Receipt;
use crate::scenario::{
    Amount, Arg, BUILDER, By, Call, Choice, Contract, DEPLOYER, Pick, Place, Quantity, Random, Scenario,
    SetupCall, Transaction as Entry, Zipf, account_address, json::shortened, nearest,
};

/// Most problems that are reported at once.
const MAX_PROBLEMS: usize = 50;
/// Ethereum's chain id: real signed transactions hold it.
const CHAIN_ID: u64 = 1;
/// Balance of an account that names none: 100 ether.
const BALANCE: u128 = 100 * 10u128.pow(18);
/// Base fee from London on, if the document names none: 7 gwei.
const BASE_FEE: u64 = 7_000_000_000;
/// What a transaction offers the beneficiary per unit of gas, if it names nothing: 1 gwei.
const PRIORITY_FEE: u128 = 1_000_000_000;
/// Unix time, if the document names none.
const TIMESTAMP: u64 = 1_700_000_000;
/// Gas limit of a payment to an account without code.
const GAS_PAYMENT: u64 = 21_000;
/// Gas limit of a call.
const GAS_CALL: u64 = 1_000_000;
/// Gas limit of a creation.
const GAS_CREATION: u64 = 5_000_000;
/// Most gas for one transaction from Osaka on (EIP-7825), and for each deployment and set-up call.
const MAX_GAS_OSAKA: u64 = 1 << 24;
/// Most gas for one transaction before Osaka: bounds what one can take of memory.
const MAX_GAS: u64 = 100_000_000;
/// Most gas for all transactions: 100,000 calls that say nothing of gas.
const MAX_GAS_BLOCK: u64 = 100_000_000_000;
/// Most gas that deployments and set-up calls may use in all.
const MAX_GAS_SETUP: u64 = 10_000_000_000;
/// Most call data in all transactions, in bytes.
const MAX_INPUT: usize = 64 << 20;

/// A scenario that is ready to run, and the names of what is in it.
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
/// What only shows here: names and arguments that do not fit a function's ABI, unknown catalogue
/// ids, deployments and set-up calls that fail (with their revert reason), limits on gas and data.
/// Paths are the document's; positions are not filled in.
pub fn scenario(scenario: &Scenario, catalogue: &Catalogue) -> Result<PreparedScenario, Vec<Problem>> {
    let mut preparation = Preparation::new(scenario)?;
    preparation.deploy(scenario, catalogue)?;
    preparation.set_up(scenario, catalogue)?;
    preparation.transactions(scenario)
}

/// Everything that a name can stand for.
#[derive(Clone, Debug)]
enum Target {
    One(Address),
    Group(Rc<[Address]>),
}

struct Preparation {
    env: BlockEnvironment,
    state: State,
    names: Names,
    targets: HashMap<String, Target>,
    /// Next nonce of each sender.
    nonces: AddressMap<u64>,
    /// Gas that deployments and set-up calls have used.
    spent: u64,
}

impl Preparation {
    fn new(scenario: &Scenario) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut state = State::default();
        let mut names = Names::default();
        let mut targets = HashMap::new();
        let mut nonces = AddressMap::default();
        let default_deployer = (DEPLOYER, &crate::scenario::Account::default());
        let implied = scenario.accounts.get(DEPLOYER).is_none().then_some(default_deployer);
        for (name, account) in scenario.accounts.iter().chain(implied) {
            let balance = account.balance.as_ref().map_or(U256::from(BALANCE), Amount::value);
            let nonce = account.nonce.unwrap_or(0);
            let mut add = |name: String, address: Address| {
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
            let target = match account.count {
                None => Target::One(add(
                    name.to_owned(),
                    account.address.unwrap_or_else(|| account_address(name)),
                )),
                Some(count) => Target::Group(
                    (0..count)
                        .map(|i| {
                            let name = format!("{name}[{i}]");
                            let address = account_address(&name);
                            add(name, address)
                        })
                        .collect(),
                ),
            };
            targets.insert(name.to_owned(), target);
        }
        let builder = account_address(BUILDER);
        targets.entry(BUILDER.to_owned()).or_insert(Target::One(builder));
        names.name(builder, BUILDER.to_owned());
        // An account that has nothing does not exist (EIP-161).
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
                // Fees come after the set-up.
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
            targets,
            nonces,
            spent: 0,
        };
        preparation.find_beneficiary(scenario);
        Ok(preparation)
    }

    /// Takes the block's beneficiary, as soon as its name stands for something: an account, a contract, or what a
    /// set-up call returned.
    fn find_beneficiary(&mut self, scenario: &Scenario) {
        if let Some(address) = scenario.block.beneficiary.as_ref().and_then(|place| self.place(place, None)) {
            self.env.beneficiary = address;
        }
    }

    /// The address of a place. `index` is what `[*]` stands for.
    fn place(&self, place: &Place, index: Option<usize>) -> Option<Address> {
        let element = |name: &str, index: usize| match self.targets.get(name)? {
            Target::Group(group) => group.get(index).copied(),
            Target::One(_) => None,
        };
        match place {
            Place::Address(address) => Some(*address),
            Place::Name(name) => match self.targets.get(name)? {
                Target::One(address) => Some(*address),
                Target::Group(_) => None,
            },
            Place::Element(name, i) => element(name, *i as usize),
            Place::All(name) => element(name, index?),
        }
    }

    /// [`Self::place`], or the problem that it is not known here.
    fn known_place(&self, place: &Place, index: Option<usize>, path: &str) -> Result<Address, Problem> {
        self.place(place, index)
            .ok_or_else(|| Problem::new(path, "a name that is known at this point", format!("\"{place}\"")))
    }

    fn next_nonce(&mut self, from: Address) -> u64 {
        let nonce = self.nonces.entry(from).or_insert(0);
        *nonce += 1;
        *nonce - 1
    }

    /// Runs a deployment or set-up call. It costs its sender nothing but `value`.
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

    fn deploy(&mut self, scenario: &Scenario, catalogue: &Catalogue) -> Result<(), Vec<Problem>> {
        // Addresses follow from sender and nonce alone (EIP-684's formula), so all are known before
        // the first constructor runs and constructors may be given any of them.
        let mut nonces = self.nonces.clone();
        for (name, contract) in scenario.contracts.iter() {
            let from = contract.from.clone().unwrap_or(Place::Name(DEPLOYER.to_owned()));
            let path = format!("contracts.{name}.from");
            let from = self.known_place(&from, None, &path).map_err(|p| vec![p])?;
            let nonce = nonces.entry(from).or_insert(0);
            let mut next = || {
                *nonce += 1;
                from.create(*nonce - 1)
            };
            let target = match contract.count {
                None => Target::One(next()),
                Some(count) => Target::Group((0..count).map(|_| next()).collect()),
            };
            match &target {
                Target::One(address) => self.names.name(*address, name.to_owned()),
                Target::Group(group) => {
                    for (i, address) in group.iter().enumerate() {
                        self.names.name(*address, format!("{name}[{i}]"));
                    }
                }
            }
            self.targets.insert(name.to_owned(), target);
        }
        // Constructors may ask for it.
        self.find_beneficiary(scenario);
        let mut problems = Vec::new();
        for (name, contract) in scenario.contracts.iter() {
            if let Err(problem) = self.deploy_one(name, contract, catalogue) {
                problems.push(problem);
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    fn deploy_one(&mut self, name: &str, contract: &Contract, catalogue: &Catalogue) -> Result<(), Problem> {
        let path = format!("contracts.{name}");
        let (code, known, piece) = match &contract.catalogue {
            Some(id) => {
                let Some(piece) = catalogue.get(id) else {
                    let ids = || catalogue.pieces().map(|p| p.id.as_str());
                    let expected = match nearest(id, ids()) {
                        Some(near) => format!("\"{near}\""),
                        None => format!("one of {}", ids().collect::<Vec<_>>().join(", ")),
                    };
                    return Err(Problem::new(format!("{path}.catalogue"), expected, format!("\"{id}\"")));
                };
                (piece.bytecode.clone(), piece.known.clone(), Some(piece.clone()))
            }
            None => (contract.bytecode.clone().unwrap_or_default(), own_abi(contract, &path)?, None),
        };
        let none = Vec::new();
        let inputs = known.abi.constructor.as_ref().map_or(&none, |c| &c.inputs);
        let what = if inputs.is_empty() { "no arguments" } else { "the constructor's arguments" };
        let mut encoder = Encoder { preparation: self, index: None, chance: None };
        let args = encoder.params(inputs, &contract.args, &format!("{path}.args"), what)?;
        let mut input = code.to_vec();
        input.extend(args);
        let input = Bytes::from(input);
        let value = contract.value.as_ref().map_or(U256::ZERO, Amount::value);
        let from = contract.from.clone().unwrap_or(Place::Name(DEPLOYER.to_owned()));
        let from = self.known_place(&from, None, &format!("{path}.from"))?;
        let addresses: Rc<[Address]> = match self.targets.get(name) {
            Some(Target::One(address)) => Rc::from([*address]),
            Some(Target::Group(group)) => group.clone(),
            None => Rc::from([]),
        };
        for address in addresses.iter() {
            let nonce = self.next_nonce(from);
            self.names.know(*address, known.clone());
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
            if let Some(piece) = &piece {
                let hash = self.state.accounts.get(address).and_then(|a| a.code_hash);
                self.names.list(ContractInfo {
                    name: self.names.display(*address),
                    address: address.to_string(),
                    catalogue: piece.id.clone(),
                    package: format!("{} {}", piece.package, piece.version),
                    licence: piece.licence.clone(),
                    code_hash: hash.unwrap_or_default().to_string(),
                });
            }
        }
        Ok(())
    }

    fn set_up(&mut self, scenario: &Scenario, catalogue: &Catalogue) -> Result<(), Vec<Problem>> {
        for (i, call) in scenario.setup.iter().enumerate() {
            // Later calls build on earlier ones: the first failure ends the set-up.
            self.set_up_entry(call, &format!("setup[{i}]"), catalogue).map_err(|p| vec![p])?;
            self.find_beneficiary(scenario);
        }
        if let Some(place) = &scenario.block.beneficiary {
            self.known_place(place, None, "block.beneficiary").map_err(|problem| vec![problem])?;
        }
        self.names.recognise(&self.state, catalogue);
        Ok(())
    }

    fn set_up_entry(&mut self, call: &SetupCall, path: &str, catalogue: &Catalogue) -> Result<(), Problem> {
        let count = self.wildcards(call);
        let mut returned = Vec::new();
        for i in 0..count.unwrap_or(1) {
            let index = count.map(|_| i);
            let output = self.set_up_call(call, index, path)?;
            if call.named.is_some() {
                returned.push(returned_address(&output, path)?);
            }
        }
        match &call.named {
            Some(Place::All(name)) => {
                for (i, address) in returned.iter().enumerate() {
                    self.found(format!("{name}[{i}]"), *address, catalogue);
                }
                self.targets.insert(name.clone(), Target::Group(returned.into()));
            }
            Some(Place::Name(name)) => {
                if let [address] = returned[..] {
                    self.found(name.clone(), address, catalogue);
                    self.targets.insert(name.clone(), Target::One(address));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Gives what a call returned a name, and recognises it by its code.
    fn found(&mut self, name: String, address: Address, catalogue: &Catalogue) {
        self.names.name(address, name);
        let hash = self.state.accounts.get(&address).and_then(|a| a.code_hash);
        if let Some((hash, piece)) = hash.and_then(|hash| Some((hash, catalogue.by_code(hash)?))) {
            self.names.know(address, piece.known.clone());
            self.names.list(ContractInfo {
                name: self.names.display(address),
                address: address.to_string(),
                catalogue: piece.id.clone(),
                package: format!("{} {}", piece.package, piece.version),
                licence: piece.licence.clone(),
                code_hash: hash.to_string(),
            });
        }
    }

    fn set_up_call(&mut self, call: &SetupCall, index: Option<usize>, path: &str) -> Result<Bytes, Problem> {
        let from = self.known_place(&call.from, index, &format!("{path}.from"))?;
        let to = self.known_place(&call.to, index, &format!("{path}.to"))?;
        let mut encoder = Encoder { preparation: self, index, chance: None };
        let input = encoder.input(to, call.call.as_deref(), &call.args, call.data.as_ref(), path)?;
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

    /// How often a set-up call is made: the reader has checked that all its groups agree.
    fn wildcards(&self, call: &SetupCall) -> Option<usize> {
        fn in_args(args: &[Arg]) -> Option<&str> {
            args.iter().find_map(|arg| match arg {
                Arg::Text(text) => text.strip_suffix("[*]"),
                Arg::List(list) => in_args(list),
                _ => None,
            })
        }
        fn of(place: &Place) -> Option<&str> {
            match place {
                Place::All(name) => Some(name),
                _ => None,
            }
        }
        let name = of(&call.from).or_else(|| of(&call.to)).or_else(|| in_args(&call.args))?;
        match self.targets.get(name)? {
            Target::Group(group) => Some(group.len()),
            Target::One(_) => None,
        }
    }

    fn transactions(mut self, scenario: &Scenario) -> Result<PreparedScenario, Vec<Problem>> {
        let fork = self.env.fork;
        let base_fee = scenario.block.base_fee.as_ref().map(|fee| fee.value().saturating_to::<u64>());
        self.env.base_fee = base_fee.unwrap_or(if fork >= Fork::London { BASE_FEE } else { 0 });

        let mut problems = Vec::new();
        let mut transactions = Vec::new();
        let mut labels = Vec::new();
        let mut gas = 0u64;
        let mut input = 0usize;
        let mut zipfs = HashMap::new();
        'entries: for (i, entry) in scenario.transactions.iter().enumerate() {
            for repetition in 0..entry.count() {
                let made = match entry {
                    Entry::Raw(entry) => raw::decode(&entry.raw)
                        .map(|tx| (tx, entry.label.clone().unwrap_or_else(|| "signed".to_owned())))
                        .map_err(|error| {
                            let path = format!("transactions[{i}].raw");
                            Problem::new(path, "a signed transaction", error.to_string())
                        }),
                    Entry::Call(call) => {
                        let random = Random::new(scenario.seed, i as u32, repetition);
                        let chance = Chance { random, repetition, zipfs: &mut zipfs };
                        self.transaction(call, chance, i)
                    }
                };
                let (tx, label) = match made {
                    Ok(made) => made,
                    Err(problem) => {
                        problems.push(problem);
                        if problems.len() == MAX_PROBLEMS {
                            break 'entries;
                        }
                        // The next repetition would say the same.
                        break;
                    }
                };
                self.nonces.insert(tx.from, tx.nonce.saturating_add(1));
                // A gas limit that no block has is refused, and takes nothing.
                if tx.oversized != Some(Oversized::GasLimit) {
                    gas = gas.saturating_add(tx.gas_limit);
                }
                input +=
                    tx.input.len() + tx.access_list.iter().map(|(_, k)| 20 + 32 * k.len()).sum::<usize>();
                let over = if gas > MAX_GAS_BLOCK {
                    Some((format!("at most {MAX_GAS_BLOCK} gas in all"), gas.to_string()))
                } else if input > MAX_INPUT {
                    Some((format!("at most {} MiB of call data in all", MAX_INPUT >> 20), "more".to_owned()))
                } else {
                    None
                };
                if let Some((expected, found)) = over {
                    problems.push(Problem::new("transactions", expected, found));
                    break 'entries;
                }
                transactions.push(tx);
                labels.push(label);
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        self.env.gas_limit = scenario.block.gas_limit.unwrap_or(gas);
        let block = PreparedBlock {
            env: self.env,
            pre_state: self.state,
            transactions,
            labels,
            origin: Origin::Scenario,
        };
        Ok(PreparedScenario { block, names: self.names })
    }

    fn transaction(
        &self,
        call: &Call,
        chance: Chance<'_>,
        i: usize,
    ) -> Result<(Transaction, String), Problem> {
        let path = format!("transactions[{i}]");
        let mut encoder = Encoder { preparation: self, index: None, chance: Some(chance) };
        let from = encoder.choice(&call.from, &format!("{path}.from"))?;
        let to = call.to.as_ref().map(|to| encoder.choice(to, &format!("{path}.to"))).transpose()?;
        let input = match to {
            Some(to) => encoder.input(to, call.call.as_deref(), &call.args, call.data.as_ref(), &path)?,
            None => match (&call.call, &call.data) {
                (None, Some(data)) => data.clone(),
                _ => {
                    let expected = "\"data\" with the code to create, or a \"to\"";
                    return Err(Problem::new(path, expected, "\"call\" without \"to\""));
                }
            },
        };
        let value = match &call.value {
            None => U256::ZERO,
            Some(Quantity::Fixed(amount)) => amount.value(),
            Some(Quantity::Between(between)) => {
                let [least, most] = &between.between;
                encoder.between(least, most)
            }
        };
        let has_code = to.is_some_and(|to| {
            // Precompiled contracts (the first addresses) need gas though they have no code.
            let precompiled = to.0[..18].iter().all(|b| *b == 0);
            precompiled || self.state.accounts.get(&to).is_some_and(|a| a.code_hash.is_some())
        });
        let most = if self.env.fork >= Fork::Osaka { MAX_GAS_OSAKA } else { MAX_GAS };
        let gas_limit = call.gas.unwrap_or(match to {
            None => GAS_CREATION,
            Some(_) if !has_code && input.is_empty() && call.access_list.is_empty() => GAS_PAYMENT,
            Some(_) => GAS_CALL,
        });
        if gas_limit > most {
            let why = if self.env.fork >= Fork::Osaka { " (EIP-7825)" } else { "" };
            let expected = format!("at most {most} gas{why}");
            return Err(Problem::new(format!("{path}.gas"), expected, gas_limit.to_string()));
        }

        let mut access_list = Vec::with_capacity(call.access_list.len());
        for (j, item) in call.access_list.iter().enumerate() {
            let address =
                self.known_place(&item.address, None, &format!("{path}.accessList[{j}].address"))?;
            access_list.push((address, item.storage_keys.clone()));
        }
        let mut authorizations = Vec::with_capacity(call.authorization_list.len());
        for (j, item) in call.authorization_list.iter().enumerate() {
            let path = format!("{path}.authorizationList[{j}].address");
            authorizations.push(Authorization {
                chain_id: U256::from(item.chain_id),
                address: self.known_place(&item.address, None, &path)?,
                nonce: item.nonce,
                y_parity: item.y_parity,
                r: item.r.into(),
                s: item.s.into(),
            });
        }

        let wei = |amount: &Amount| -> U256 { amount.value() };
        let base_fee = U256::from(self.env.base_fee);
        let priority_fee = call.max_priority_fee_per_gas.as_ref().map_or(U256::from(PRIORITY_FEE), wei);
        let old = self.env.fork < Fork::London && call.max_fee_per_gas.is_none();
        let (kind, max_fee, priority_fee) = match &call.gas_price {
            Some(price) => (u8::from(!access_list.is_empty()), wei(price), None),
            None if old => (u8::from(!access_list.is_empty()), base_fee.saturating_add(priority_fee), None),
            None => {
                let kind = if authorizations.is_empty() { 2 } else { 4 };
                let max_fee = call
                    .max_fee_per_gas
                    .as_ref()
                    .map_or_else(|| base_fee.saturating_add(base_fee).saturating_add(priority_fee), wei);
                (kind, max_fee, Some(priority_fee.min(max_fee)))
            }
        };
        let mut narrow = Narrowing::default();
        let (max_fee_per_gas, max_priority_fee_per_gas) = narrow.fees(max_fee, priority_fee);
        let label = match (&call.label, &call.call, to) {
            (Some(label), ..) => label.clone(),
            (None, Some(call), _) => call.split('(').next().unwrap_or(call).to_owned(),
            (None, None, None) => "create".to_owned(),
            (None, None, Some(_)) if input.is_empty() => "send".to_owned(),
            (None, None, Some(_)) => "call".to_owned(),
        };
        let nonce = call.nonce.unwrap_or_else(|| self.nonces.get(&from).copied().unwrap_or(0));
        let tx = Transaction {
            from,
            to,
            value,
            input,
            gas_limit,
            nonce,
            chain_id: Some(CHAIN_ID),
            kind,
            max_fee_per_gas,
            max_priority_fee_per_gas,
            access_list,
            authorizations,
            oversized: narrow.oversized,
            ..Transaction::default()
        };
        Ok((tx, label))
    }
}

/// ABI and layout of a contract that the document brings.
fn own_abi(contract: &Contract, path: &str) -> Result<Arc<Known>, Problem> {
    let abi = match &contract.abi {
        None => JsonAbi::default(),
        Some(items) => serde_json::from_value(serde_json::Value::Array(items.clone())).map_err(|error| {
            let text = items.iter().enumerate().find_map(|(i, item)| Some((i, item.as_str()?)));
            match text {
                Some((i, text)) => {
                    let found = format!("the text \"{}\"", shortened(text));
                    Problem::new(format!("{path}.abi[{i}]"), "an object as the compiler writes it", found)
                }
                None => {
                    Problem::new(format!("{path}.abi"), "an ABI as the compiler writes it", error.to_string())
                }
            }
        })?,
    };
    let layout = match &contract.storage_layout {
        None => None,
        Some(map) => {
            let layout = Layout::from_json(serde_json::Value::Object(map.clone()));
            Some(layout.map_err(|error| {
                let path = format!("{path}.storageLayout");
                Problem::new(path, "a storage layout as solc writes it", error.to_string())
            })?)
        }
    };
    Ok(Arc::new(Known::new(abi, layout)))
}

fn returned_address(output: &[u8], path: &str) -> Result<Address, Problem> {
    match output {
        [zeros @ .., _] if output.len() == 32 && zeros[..12].iter().all(|b| *b == 0) => {
            Ok(Address::from_slice(&output[12..]))
        }
        _ => Err(Problem::new(
            format!("{path}.as"),
            "a call that returns an address",
            format!("one that returns {} bytes", output.len()),
        )),
    }
}

/// The chance of one repetition.
struct Chance<'z> {
    random: Random,
    repetition: u32,
    zipfs: &'z mut HashMap<(usize, u32), Zipf>,
}

/// Turns what a person wrote into addresses and call data, in one place of the document.
struct Encoder<'p, 'z> {
    preparation: &'p Preparation,
    /// What `[*]` stands for.
    index: Option<usize>,
    /// Only transactions have it: nothing before the block is random.
    chance: Option<Chance<'z>>,
}

impl Encoder<'_, '_> {
    fn choice(&mut self, choice: &Choice, path: &str) -> Result<Address, Problem> {
        match choice {
            Choice::Fixed(place) => self.preparation.known_place(place, self.index, path),
            Choice::Pick(pick) => self.pick(pick, path),
        }
    }

    fn pick(&mut self, pick: &Pick, path: &str) -> Result<Address, Problem> {
        let group = match self.preparation.targets.get(&pick.group) {
            Some(Target::Group(group)) => group,
            _ => {
                let found = format!("\"{}\"", pick.group);
                return Err(Problem::new(
                    format!("{path}.pick"),
                    "a group that is known at this point",
                    found,
                ));
            }
        };
        let none = || Problem::new(path, "no choice outside of transactions", "\"pick\"");
        let chance = self.chance.as_mut().ok_or_else(none)?;
        let index = match pick.by {
            By::RoundRobin => chance.repetition as usize % group.len().max(1),
            By::Uniform => chance.random.index(group.len() as u32) as usize,
            By::Zipf => {
                let skew = pick.skew.map_or(1000, |skew| skew.0);
                let zipf = chance
                    .zipfs
                    .entry((group.len(), skew))
                    .or_insert_with(|| Zipf::new(group.len() as u32, skew));
                zipf.draw(&mut chance.random) as usize
            }
        };
        group.get(index).copied().ok_or_else(none)
    }

    fn between(&mut self, least: &Amount, most: &Amount) -> U256 {
        match &mut self.chance {
            Some(chance) => least.value() + chance.random.up_to(most.value() - least.value()),
            None => least.value(),
        }
    }

    /// Call data: as given, or a function's by the ABI of `to`.
    fn input(
        &mut self,
        to: Address,
        call: Option<&str>,
        args: &[Arg],
        data: Option<&Bytes>,
        path: &str,
    ) -> Result<Bytes, Problem> {
        let Some(call) = call else { return Ok(data.cloned().unwrap_or_default()) };
        let preparation = self.preparation;
        let function = function(&preparation.names, to, call, args.len(), path)?;
        let what = format!("the arguments of {}", function.signature());
        let mut input = function.selector().to_vec();
        input.extend(self.params(&function.inputs, args, &format!("{path}.args"), &what)?);
        Ok(input.into())
    }

    fn params(&mut self, params: &[Param], args: &[Arg], path: &str, what: &str) -> Result<Vec<u8>, Problem> {
        if params.len() != args.len() {
            let types: Vec<String> = params.iter().map(described).collect();
            let expected = match types.len() {
                0 => what.to_owned(),
                _ => format!("{what}: {}", types.join(", ")),
            };
            return Err(Problem::new(path, expected, format!("{} arguments", args.len())));
        }
        let mut values = Vec::with_capacity(args.len());
        for (i, (param, arg)) in params.iter().zip(args).enumerate() {
            let path = format!("{path}[{i}]");
            let kind = param.resolve().map_err(|_| {
                let found = match param.ty.split('[').next() {
                    Some("tuple") => "a tuple without \"components\"".to_owned(),
                    _ => format!("\"{}\", which is no type of Solidity", shortened(&param.ty)),
                };
                Problem::new(path.clone(), "an argument whose type the ABI describes", found)
            })?;
            values.push(self.value(&kind, arg, &path)?);
        }
        Ok(DynSolValue::Tuple(values).abi_encode_params())
    }

    fn value(&mut self, kind: &DynSolType, arg: &Arg, path: &str) -> Result<DynSolValue, Problem> {
        let wrong = |more: &str| Problem::new(path, format!("{kind}{more}"), shown(arg));
        Ok(match (kind, arg) {
            (DynSolType::Bool, Arg::Bool(b)) => DynSolValue::Bool(*b),
            (DynSolType::String, Arg::Text(text)) => DynSolValue::String(text.clone()),
            (DynSolType::Address, Arg::Text(text)) => {
                let place = Place::parse(text)
                    .map_err(|(expected, found)| Problem::new(path, format!("address: {expected}"), found))?;
                match self.preparation.place(&place, self.index) {
                    Some(address) => DynSolValue::Address(address),
                    None => {
                        let known = self.preparation.targets.keys().map(String::as_str);
                        let near = match &place {
                            Place::Name(name) | Place::Element(name, _) | Place::All(name) => {
                                nearest(name, known)
                            }
                            Place::Address(_) => None,
                        };
                        let hint = near.map(|near| format!(" (\"{near}\"?)")).unwrap_or_default();
                        return Err(wrong(&format!(": a known name{hint} or 0x…")));
                    }
                }
            }
            (DynSolType::Address, Arg::Pick(pick)) => DynSolValue::Address(self.pick(pick, path)?),
            (DynSolType::Uint(bits), arg) => {
                let value = match arg {
                    Arg::Text(text) if text == "max" => U256::MAX >> (256 - bits),
                    Arg::Text(text) | Arg::Number(crate::scenario::Numeral(text)) => {
                        let amount = Amount::parse(text);
                        amount
                            .map_err(|_| {
                                wrong(": a whole number such as 5, \"1.5 ether\", \"1000e18\", \"max\"")
                            })?
                            .value()
                    }
                    Arg::Between(between) => {
                        let [least, most] = &between.between;
                        self.between(least, most)
                    }
                    _ => {
                        return Err(wrong(": a whole number such as 5, \"1.5 ether\", \"1000e18\", \"max\""));
                    }
                };
                if value.bit_len() > *bits {
                    return Err(wrong(&format!(": a number below 2^{bits}")));
                }
                DynSolValue::Uint(value, *bits)
            }
            (DynSolType::Int(bits), arg) => {
                let value = match arg {
                    Arg::Text(text) | Arg::Number(crate::scenario::Numeral(text)) => {
                        let (minus, digits) = match text.strip_prefix('-') {
                            Some(digits) => (true, digits),
                            None => (false, text.as_str()),
                        };
                        let amount = Amount::parse(digits).map_err(|_| wrong(": a whole number"))?.value();
                        let sign = if minus {
                            alloy_primitives::Sign::Negative
                        } else {
                            alloy_primitives::Sign::Positive
                        };
                        I256::checked_from_sign_and_abs(sign, amount)
                    }
                    Arg::Between(between) => {
                        let [least, most] = &between.between;
                        I256::try_from(self.between(least, most)).ok()
                    }
                    _ => return Err(wrong(": a whole number")),
                };
                let fits = value.filter(|v| v.bits() as usize <= *bits);
                DynSolValue::Int(fits.ok_or_else(|| wrong(&format!(": a number of {bits} bits")))?, *bits)
            }
            (DynSolType::Bytes, Arg::Text(text)) => {
                DynSolValue::Bytes(hexadecimal(text).ok_or_else(|| wrong(": 0x and hexadecimal digits"))?)
            }
            (DynSolType::FixedBytes(size), Arg::Text(text)) => {
                let bytes = hexadecimal(text).filter(|bytes| bytes.len() == *size);
                let bytes =
                    bytes.ok_or_else(|| wrong(&format!(": 0x and {} hexadecimal digits", size * 2)))?;
                DynSolValue::FixedBytes(B256::right_padding_from(&bytes), *size)
            }
            (DynSolType::Array(inner), Arg::List(args)) => {
                DynSolValue::Array(self.values(std::iter::repeat(&**inner), args, path)?)
            }
            (DynSolType::FixedArray(inner, size), Arg::List(args)) if args.len() == *size => {
                DynSolValue::FixedArray(self.values(std::iter::repeat(&**inner), args, path)?)
            }
            (DynSolType::Tuple(inner), Arg::List(args)) if args.len() == inner.len() => {
                DynSolValue::Tuple(self.values(inner.iter(), args, path)?)
            }
            (DynSolType::Array(_) | DynSolType::FixedArray(..) | DynSolType::Tuple(_), _) => {
                return Err(wrong(": a list"));
            }
            _ => return Err(wrong("")),
        })
    }

    fn values<'k>(
        &mut self,
        kinds: impl Iterator<Item = &'k DynSolType>,
        args: &[Arg],
        path: &str,
    ) -> Result<Vec<DynSolValue>, Problem> {
        args.iter()
            .zip(kinds)
            .enumerate()
            .map(|(i, (arg, kind))| self.value(kind, arg, &format!("{path}[{i}]")))
            .collect()
    }
}

/// The function of `to` that `call` names.
fn function<'n>(
    names: &'n Names,
    to: Address,
    call: &str,
    args: usize,
    path: &str,
) -> Result<&'n Function, Problem> {
    let contract = names.display(to);
    let Some(known) = names.known(to).filter(|known| !known.abi.functions.is_empty()) else {
        let expected = "a contract whose ABI is known, or \"data\" instead of \"call\"";
        return Err(Problem::new(format!("{path}.to"), expected, contract));
    };
    let functions = || known.abi.functions();
    if call.contains('(') {
        let plain: String = call.chars().filter(|c| !c.is_whitespace()).collect();
        if let Some(function) = functions().find(|f| f.signature() == plain) {
            return Ok(function);
        }
    }
    let base = call.split('(').next().unwrap_or(call);
    let overloads: Vec<&Function> = functions().filter(|f| f.name == base).collect();
    let path = format!("{path}.call");
    let signatures = |of: &[&Function]| of.iter().map(|f| f.signature()).collect::<Vec<_>>().join(", ");
    match overloads[..] {
        [] => {
            let all: Vec<&str> = functions().map(|f| f.name.as_str()).collect();
            let expected = match nearest(base, all.iter().copied()) {
                Some(near) => format!("a function of {contract} (\"{near}\"?)"),
                None => {
                    let mut all = all;
                    all.dedup();
                    format!("a function of {contract}: {}", all.join(", "))
                }
            };
            Err(Problem::new(path, expected, format!("\"{call}\"")))
        }
        [one] if !call.contains('(') => Ok(one),
        _ => {
            let fitting: Vec<&Function> =
                overloads.iter().copied().filter(|f| f.inputs.len() == args).collect();
            match fitting[..] {
                [one] if !call.contains('(') => Ok(one),
                _ => {
                    let expected = format!("one of {}", signatures(&overloads));
                    Err(Problem::new(path, expected, format!("\"{call}\"")))
                }
            }
        }
    }
}

fn described(param: &Param) -> String {
    if param.name.is_empty() { param.ty.clone() } else { format!("{} {}", param.ty, param.name) }
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.strip_prefix("0x")?).ok()
}

/// An argument as it stands in the document, for messages.
fn shown(arg: &Arg) -> String {
    match arg {
        Arg::Bool(b) => b.to_string(),
        Arg::Number(n) => crate::scenario::json::shortened(&n.0),
        Arg::Text(text) => format!("\"{}\"", crate::scenario::json::shortened(text)),
        Arg::List(list) => format!("a list of {}", list.len()),
        Arg::Pick(_) => "a choice of places".to_owned(),
        Arg::Between(_) => "a random amount".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cancel::CancelFlag;
    use crate::catalogue::tests::catalogue;
    use crate::naming::{decode_call, decode_logs, location_names};
    use crate::scenario::{builtin, parse};
    use crate::trace::Location;

    fn prepare(text: &str) -> Result<PreparedScenario, Vec<Problem>> {
        scenario(&parse(text).unwrap_or_else(|p| panic!("{p:?}")), &catalogue())
    }

    /// A document with a token, and `setup` and `transactions` put in.
    fn document(setup: &str, transactions: &str) -> String {
        format!(
            r#"{{
  "format": "evm-lanes/1", "title": "t",
  "accounts": {{ "alice": {{}}, "bob": {{ "balance": 0 }}, "trader": {{ "count": 3 }} }},
  "contracts": {{ "usd": {{ "catalogue": "openzeppelin-4.9.6/ERC20PresetFixedSupply", "args": ["USD", "USD", "1000e18", "alice"] }} }},
  "setup": [{setup}],
  "transactions": [{transactions}]
}}"#
        )
    }

    fn check(setup: &str, transactions: &str, expected: &str) {
        let problems = prepare(&document(setup, transactions)).map(|_| ()).expect_err(expected);
        let found: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(found, [expected]);
    }

    #[test]
    fn every_built_in_scenario_runs_and_all_its_transactions_succeed() {
        let catalogue = catalogue();
        for builtin in builtin::ALL {
            let document = parse(builtin.text).unwrap_or_else(|p| panic!("{}: {p:?}", builtin.name));
            let prepared =
                scenario(&document, &catalogue).unwrap_or_else(|p| panic!("{}: {p:?}", builtin.name));
            let block = &prepared.block;
            assert_eq!(block.transactions.len() as u64, document.transaction_count());
            assert_eq!(block.labels.len(), block.transactions.len());
            let (receipts, _) = evm::execute_block(block);
            for (i, (receipt, tx)) in receipts.iter().zip(&block.transactions).enumerate() {
                let failure = describe_failure(&prepared.names, tx.to, receipt);
                assert_eq!(failure, None, "{}: transaction {i}", builtin.name);
            }
        }
    }

    #[test]
    fn arguments_that_were_swapped_about_are_refused_and_never_break_the_encoder() {
        let catalogue = catalogue();
        let text = builtin::find(builtin::DEFAULT).expect("default").text;
        let mut prepared = 0;
        let values = [
            "\"max\"",
            "-1",
            "[]",
            "[[1], \"x\"]",
            "true",
            "\"USD\"",
            "\"0x\"",
            "\"1e77\"",
            "1.5",
            "\"trader[99]\"",
        ];
        for (at, _) in text.match_indices("\"args\": [") {
            for value in values {
                let start = at + "\"args\": [".len();
                let Some(end) = text[start..].find([',', ']']) else { continue };
                let changed = format!("{}{value}{}", &text[..start], &text[start + end..]);
                if let Ok(document) = parse(&changed) {
                    prepared += 1;
                    if let Err(problems) = scenario(&document, &catalogue) {
                        assert!(problems.iter().all(|p| !p.path.is_empty()), "{problems:?}");
                    }
                }
            }
        }
        assert!(prepared > 100, "{prepared}");
    }

    #[test]
    fn a_prepared_scenario_is_the_same_each_time() {
        let text = builtin::find("token-rush").expect("token-rush").text;
        let (first, second) = (prepare(text).expect("prepared"), prepare(text).expect("prepared"));
        assert_eq!(first.block.pre_state, second.block.pre_state);
        assert_eq!(first.block.transactions, second.block.transactions);
        let other = prepare(&text.replace("\"seed\": 1", "\"seed\": 2")).expect("prepared");
        assert_ne!(first.block.transactions, other.block.transactions);
    }

    #[test]
    fn the_default_scenario_speaks_in_names() {
        let PreparedScenario { block, names } =
            prepare(builtin::find(builtin::DEFAULT).expect("default").text).expect("prepared");
        let swap = block.labels.iter().position(|label| label == "swap").expect("a swap");
        let tx = &block.transactions[swap];
        let call = decode_call(&names, tx.to, &tx.input).expect("a call");
        assert_eq!(call.name, "swapExactTokensForTokens");
        let args: Vec<&str> = call.args.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(args, ["10e18", "0", "[USD, GOLD]", "trader[0]", "2000000000"]);
        let (receipts, post) = evm::execute_block(&block);
        let logs = decode_logs(&names, &receipts[swap].logs);
        let events: Vec<String> = logs
            .iter()
            .map(|log| format!("{}.{}", log.contract, log.name.as_deref().unwrap_or("?")))
            .collect();
        assert_eq!(events.first().map(String::as_str), Some("USD.Transfer"));
        assert_eq!(events.last().map(String::as_str), Some("Pair.Swap"));

        // Every slot that the block changes has a name.
        let mut changed = Vec::new();
        for (address, account) in &post.accounts {
            let before = block.pre_state.accounts.get(address);
            for (slot, value) in &account.storage {
                if before.and_then(|b| b.storage.get(slot)) != Some(value) {
                    changed.push(Location::Storage(*address, *slot));
                }
            }
        }
        let mut found: Vec<String> =
            location_names(&names, &changed, &evm::keccak_preimages(&block, &CancelFlag::new()))
                .into_iter()
                .map(|name| {
                    assert!(name.named, "{}", name.name);
                    name.name
                })
                .collect();
        found.sort();
        for expected in
            ["Pair.reserves", "USD.balances[shop[0]]", "Art.tokenIdTracker.value", "Art.owners[2]"]
        {
            assert!(found.contains(&expected.to_owned()), "{expected}: {found:#?}");
        }
        assert!(names.contracts().iter().any(|c| c.name == "Pair" && c.licence == "GPL-3.0-or-later"));
    }

    #[test]
    fn catalogue_contracts_deploy_to_the_recorded_code() {
        for piece in catalogue().pieces().filter(|piece| piece.code_hash.is_some()) {
            let args = match piece.id.rsplit('/').next() {
                Some("ERC20PresetFixedSupply") => r#""a", "b", 1, "alice""#,
                Some("ERC20PresetMinterPauser") => r#""a", "b""#,
                Some("ERC721PresetMinterPauserAutoId") => r#""a", "b", "c""#,
                Some("ERC1155PresetMinterPauser") => r#""a""#,
                Some("PaymentSplitter") => r#"["alice"], [1]"#,
                Some("UniswapV2Factory") => r#""alice""#,
                _ => "",
            };
            let text = format!(
                r#"{{ "format": "evm-lanes/1", "title": "t", "accounts": {{ "alice": {{}} }},
                "contracts": {{ "it": {{ "catalogue": "{}", "args": [{args}] }} }}, "transactions": [] }}"#,
                piece.id
            );
            let prepared = prepare(&text).unwrap_or_else(|p| panic!("{}: {p:?}", piece.id));
            let address = prepared.names.contracts()[0].address.parse::<Address>().expect("an address");
            assert_eq!(
                prepared.block.pre_state.accounts[&address].code_hash, piece.code_hash,
                "{}",
                piece.id
            );
        }
    }

    #[test]
    fn what_is_wrong_with_an_abi_has_its_place() {
        let found = |item: &str, args: &str| {
            let text = format!(
                r#"{{ "format": "evm-lanes/1", "title": "t", "accounts": {{ "a": {{}} }},
                "contracts": {{ "it": {{ "bytecode": "0x", "abi": [{item}] }} }},
                "transactions": [ {{ "from": "a", "to": "it", "call": "f", "args": {args} }} ] }}"#
            );
            prepare(&text).map(|_| ()).expect_err(item)[0].to_string()
        };
        assert_eq!(
            found("\"function poke()\"", "[]"),
            "contracts.it.abi[0]: expected an object as the compiler writes it, found the text \"function poke()\""
        );
        for (kind, words) in [
            ("uint257", "\"uint257\", which is no type of Solidity"),
            ("tuple[]", "a tuple without \"components\""),
        ] {
            let inputs = format!(r#"[{{ "name": "a", "type": "{kind}" }}]"#);
            let function =
                format!(r#"{{ "type": "function", "name": "f", "inputs": {inputs}, "outputs": [] }}"#);
            let expected =
                "transactions[0].args[0]: expected an argument whose type the ABI describes, found";
            assert_eq!(found(&function, "[1]"), format!("{expected} {words}"));
        }
    }

    #[test]
    fn a_name_stands_for_an_address_wherever_one_may_stand() {
        let usd = "openzeppelin-4.9.6/ERC20PresetFixedSupply";
        let prepared = |beneficiary: &str| {
            let text = format!(
                r#"{{ "format": "evm-lanes/1", "title": "t", "block": {{ "beneficiary": "{beneficiary}" }},
                "accounts": {{ "alice": {{}}, "crowd": {{ "count": 3 }} }},
                "contracts": {{
                    "usd": {{ "catalogue": "{usd}", "args": ["a", "b", 1, "last"] }},
                    "many": {{ "bytecode": "0x", "count": 2 }},
                    "coin": {{ "bytecode": "0x" }},
                    "factory": {{ "catalogue": "uniswap-v2/UniswapV2Factory", "args": ["coin"] }},
                    "last": {{ "bytecode": "0x" }} }},
                "setup": [ {{ "from": "alice", "to": "factory", "call": "createPair", "args": ["usd", "many[1]"], "as": "pair" }} ],
                "transactions": [ {{ "from": "alice", "to": "coin",
                    "accessList": [ {{ "address": "last" }}, {{ "address": "pair" }}, {{ "address": "many[0]" }} ],
                    "authorizationList": [ {{ "chainId": 0, "address": "coin", "nonce": 0, "yParity": 0,
                        "r": "0x{r}", "s": "0x{r}" }} ] }} ] }}"#,
                r = "11".repeat(32)
            );
            parse(&text).and_then(|parsed| scenario(&parsed, &catalogue()))
        };
        let address = |name: &str| {
            let PreparedScenario { block, names } =
                prepared(name).unwrap_or_else(|p| panic!("{name}: {p:?}"));
            assert_eq!(names.display(block.env.beneficiary), name);
            block
        };
        // Every kind of name: an account, one of a group, contracts, one of several, what a set-up call returned.
        for name in ["alice", "crowd[2]", "usd", "coin", "last", "many[1]", "pair", "builder", "deployer"] {
            address(name);
        }
        let block = address("coin");
        let PreparedScenario { names, .. } = prepared("coin").expect("prepared");
        let tx = &block.transactions[0];
        let listed: Vec<String> = tx.access_list.iter().map(|(address, _)| names.display(*address)).collect();
        assert_eq!(listed, ["last", "pair", "many[0]"]);
        assert_eq!(names.display(tx.authorizations[0].address), "coin");
        assert_eq!(tx.to.map(|to| names.display(to)).as_deref(), Some("coin"));
        for (name, expected) in [("many", "many[0]"), ("coyn", "coin"), ("pair[0]", "without an index")] {
            let problems = prepared(name).map(|_| ()).expect_err("no such name");
            assert_eq!(problems[0].path, "block.beneficiary");
            assert!(problems[0].expected.contains(expected), "{}", problems[0]);
        }
    }

    #[test]
    fn mistakes_in_calls_name_the_argument_and_what_would_be_right() {
        check(
            "",
            r#"{ "from": "alice", "to": "usd", "call": "transfer", "args": ["bob", true] }"#,
            "transactions[0].args[1]: expected uint256: a whole number such as 5, \"1.5 ether\", \"1000e18\", \"max\", found true",
        );
        check(
            "",
            r#"{ "from": "alice", "to": "usd", "call": "transfer", "args": ["bobb", 1] }"#,
            "transactions[0].args[0]: expected address: a known name (\"bob\"?) or 0x…, found \"bobb\"",
        );
        check(
            "",
            r#"{ "from": "alice", "to": "usd", "call": "transfer", "args": ["bob"] }"#,
            "transactions[0].args: expected the arguments of transfer(address,uint256): address to, uint256 amount, found 1 arguments",
        );
        check(
            "",
            r#"{ "from": "alice", "to": "usd", "call": "tranfser", "args": [] }"#,
            "transactions[0].call: expected a function of usd (\"transfer\"?), found \"tranfser\"",
        );
        check(
            "",
            r#"{ "from": "alice", "to": "bob", "call": "transfer", "args": [] }"#,
            "transactions[0].to: expected a contract whose ABI is known, or \"data\" instead of \"call\", found bob",
        );
        check(
            "",
            r#"{ "from": "alice", "to": "bob", "gas": 16777217 }"#,
            "transactions[0].gas: expected at most 16777216 gas (EIP-7825), found 16777217",
        );
        check(
            "",
            r#"{ "repeat": 10000, "from": "alice", "to": "bob", "gas": 16000000 }"#,
            "transactions: expected at most 100000000000 gas in all, found 100016000000",
        );
        check(
            r#"{ "from": "bob", "to": "usd", "call": "transfer", "args": ["alice", 1] }"#,
            "",
            "setup[0]: expected usd.transfer by bob to succeed, found that it reverted: ERC20: transfer amount exceeds balance",
        );
        check(
            r#"{ "from": "bob", "to": "usd", "call": "balanceOf", "args": ["alice"], "as": "it" }"#,
            "",
            "setup[0].as: expected a call that returns an address, found balanceOf(address), which returns (uint256)",
        );
        check(
            "",
            r#"{ "raw": "0xc0" }"#,
            "transactions[0].raw: expected a signed transaction, found bytes that are no RLP of a transaction (input too short)",
        );
        let unknown = document("", "").replace("FixedSupply", "FixdSupply");
        let problems = prepare(&unknown).map(|_| ()).expect_err("unknown id");
        assert_eq!(problems[0].path, "contracts.usd.catalogue");
        assert_eq!(problems[0].expected, "\"openzeppelin-4.9.6/ERC20PresetFixedSupply\"");
    }

    #[test]
    fn endless_loops_in_the_set_up_end_in_a_message() {
        // JUMPDEST PUSH0 JUMP
        let text = r#"{ "format": "evm-lanes/1", "title": "t", "contracts": { "loop": { "bytecode": "0x5b5f56" } }, "transactions": [] }"#;
        let problems = prepare(text).map(|_| ()).expect_err("out of gas");
        assert_eq!(problems[0].path, "contracts.loop");
        assert!(problems[0].found.contains("halted"), "{}", problems[0]);
    }

    #[test]
    fn nonces_and_fees_follow_from_what_came_before() {
        let prepared = prepare(&document(
            r#"{ "from": "alice", "to": "usd", "call": "transfer", "args": ["trader[*]", "1e18"] }"#,
            r#"{ "from": "alice", "to": "bob", "value": "1 ether" },
               { "repeat": 2, "from": { "pick": "trader", "by": "round-robin" }, "to": "usd", "call": "transfer", "args": ["bob", 1] },
               { "from": "alice", "to": "bob", "gasPrice": "9 gwei", "accessList": [{ "address": "usd" }] }"#,
        ))
        .expect("prepared");
        let [first, second, third, last] = &prepared.block.transactions[..] else { panic!("four") };
        assert_eq!((first.nonce, first.gas_limit, first.kind), (3, 21_000, 2));
        assert_eq!(
            (first.max_fee_per_gas, first.max_priority_fee_per_gas),
            (15_000_000_000, Some(1_000_000_000))
        );
        assert_eq!((second.nonce, third.nonce, last.nonce), (0, 0, 4));
        assert_ne!(second.from, third.from);
        assert_eq!((last.kind, last.max_fee_per_gas, last.gas_limit), (1, 9_000_000_000, 1_000_000));
        assert_eq!(prepared.block.labels, ["send", "transfer", "transfer", "send"]);
        let balance = prepared.block.pre_state.accounts[&first.from].balance;
        assert_eq!(balance, U256::from(BALANCE), "the set-up pays no fees");
    }
}

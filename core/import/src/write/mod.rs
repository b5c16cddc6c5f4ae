//! From an import to a scenario: contracts deployed before the block, accounts that can pay, transactions in order.
//!
//! ```text
//! deployments   libraries first, then what transactions create or call, or what was asked for      deploy.rs
//! accounts      senders and deployers; balances as the files say, else so that all can pay
//! transactions  call data as calls where it decodes exactly; addresses by their names
//! ```
//! A contract's address follows from its sender and nonce. Where a file says both, the sender has that nonce here, too, so
//! that most addresses stay what they were; a note says which do not.

mod deploy;
mod made_up;
mod names;

use std::collections::{HashMap, HashSet};

use alloy_dyn_abi::DynSolValue;
use alloy_json_abi::JsonAbi;
use alloy_primitives::{Address, Bytes, U256};
use document::problem::{Problem, counted};
use document::{
    AccessListItem, Account, Amount, Arg, Authorization, AuthorizationItem, Block, By, Call, Choice, Named,
    Pick, Place, Quantity, RawTransaction, Scenario, SetupCall, Transaction, account_address,
};

use crate::calldata;
use crate::types::{Action, Fees, Import, ImportedTransaction, Note, Target};
use deploy::Deployed;
use names::Names;

/// What a person chooses about the scenario.
#[derive(Clone, Debug)]
pub struct Choices {
    /// Its title; what was imported if it is `None`.
    pub title: Option<String>,
    /// The contracts to deploy, by name or `file.sol:Name`. If none is named: those of the project itself, without tests,
    /// scripts and dependencies.
    pub contracts: Vec<String>,
    /// Constructor arguments by contract: a JSON list each.
    pub arguments: HashMap<String, String>,
    /// Addresses of libraries by name.
    pub libraries: HashMap<String, Address>,
    /// Where there are contracts and no transactions: how many callers call each function that changes state. 0: none.
    pub calls: u32,
    /// How many accounts send the transactions whose sender no file says.
    pub senders: u32,
    /// Whether contracts are created within the block, as the files have it, and not before it. They have no names then.
    pub in_block: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            title: None,
            contracts: Vec::new(),
            arguments: HashMap::new(),
            libraries: HashMap::new(),
            calls: 4,
            senders: 1,
            in_block: false,
        }
    }
}

/// A scenario and what was decided for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The document's text.
    pub text: String,
    /// What was made up, changed or left out.
    pub notes: Vec<Note>,
}

/// The default base fee of a document: 7 gwei.
const BASE_FEE: u64 = 7_000_000_000;
/// The default priority fee.
const PRIORITY_FEE: u64 = 1_000_000_000;
/// Most gas of a transaction (EIP-7825).
const MAX_GAS: u64 = 16_777_216;
/// Most of a document's numbers.
const MAX_NUMBER: u64 = 1 << 53;
/// The token that stands for those that a table only names.
const TOKEN: &str = "openzeppelin-4.9.6/ERC20PresetFixedSupply";
/// Longest title, in characters.
const MAX_TITLE: usize = 120;

fn ether(count: u64) -> U256 {
    U256::from(count) * U256::from(10_u64.pow(18))
}

/// Makes a scenario. It reads back without mistakes.
///
/// # Errors
/// What keeps it from being a document, such as its size.
pub fn scenario(import: &Import, choices: &Choices) -> Result<Written, Vec<Problem>> {
    let mut writer = Writer {
        import,
        choices,
        names: Names::new(),
        notes: Vec::new(),
        deployed: Vec::new(),
        by_creation: HashMap::new(),
        by_address: HashMap::new(),
        by_name: HashMap::new(),
        token_calls: Vec::new(),
        accounts: HashMap::new(),
        order: Vec::new(),
        made_up: Vec::new(),
        callers: None,
        needs: HashMap::new(),
        starts: HashMap::new(),
        base_fee: U256::from(BASE_FEE),
    };
    let scenario = writer.write()?;
    let text = scenario.to_text();
    document::parse(&text)?;
    Ok(Written { text, notes: writer.notes })
}

struct Writer<'i> {
    import: &'i Import,
    choices: &'i Choices,
    names: Names,
    notes: Vec<Note>,
    deployed: Vec<Deployed>,
    /// Deployments by the transaction that creates the contract.
    by_creation: HashMap<usize, usize>,
    /// Deployments by address, here and in the file.
    by_address: HashMap<Address, usize>,
    /// The import's contracts by name.
    by_name: HashMap<&'i str, Vec<usize>>,
    /// Token transfers: where each is written, and which of the import's transactions it is.
    token_calls: Vec<(usize, usize)>,
    /// Accounts by address.
    accounts: HashMap<Address, Account>,
    /// Their addresses, in the order in which they are declared.
    order: Vec<Address>,
    /// Senders of the transactions whose sender no file says.
    made_up: Vec<Address>,
    /// The group that makes sample calls, and its size.
    callers: Option<(String, u32)>,
    /// What each account spends.
    needs: HashMap<Address, U256>,
    /// Each sender's first nonce.
    starts: HashMap<Address, u64>,
    base_fee: U256,
}

impl Writer<'_> {
    fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        if self.notes.len() < 100 {
            self.notes.push(Note { file: String::new(), text });
        }
    }

    fn write(&mut self) -> Result<Scenario, Vec<Problem>> {
        for (index, contract) in self.import.contracts.iter().enumerate() {
            self.by_name.entry(&contract.name).or_default().push(index);
        }
        self.find_base_fee();
        self.find_accounts();
        self.deploy();
        let mut transactions = self.transactions();
        let setup = self.tokens(&mut transactions)?;
        if transactions.is_empty() {
            transactions.extend(self.sample_calls());
        }
        let accounts = self.declared();
        let mut scenario = Scenario {
            title: self.title(),
            block: self.block(),
            accounts: Named(accounts),
            contracts: Named(self.deployed.iter().map(Deployed::declared).collect()),
            setup,
            transactions,
            ..Scenario::default()
        };
        scenario.story = self.story();
        Ok(scenario)
    }

    /// A base fee that every transaction offers, unless a file says it.
    fn find_base_fee(&mut self) {
        if let Some(known) = self.import.block.base_fee.filter(|fee| fee.bit_len() <= 60) {
            self.base_fee = known;
            return;
        }
        let offered = |fees: &Fees| fees.max_fee.or(fees.gas_price);
        let least =
            self.import.transactions.iter().filter_map(|transaction| offered(&transaction.fees)).min();
        if let Some(least) = least.filter(|least| *least < self.base_fee) {
            self.base_fee = least;
            self.note(format!("the base fee is set to {least} wei, which every transaction offers"));
        }
    }

    /// Senders, and accounts that the files name.
    fn find_accounts(&mut self) {
        for account in self.import.accounts.iter().filter(|account| account.code.is_empty()) {
            let derived =
                account.name.as_deref().is_some_and(|name| account_address(name) == account.address);
            let declared = Account {
                balance: account.balance.map(Amount::from),
                nonce: account.nonce.filter(|nonce| *nonce > 0),
                address: (!derived).then_some(account.address),
                ..Account::default()
            };
            self.account(account.address, account.name.as_deref(), declared);
        }
        for transaction in &self.import.transactions {
            let Some(from) = transaction.from else { continue };
            let address = Some(from);
            self.account(from, None, Account { address, ..Account::default() });
            if let Some(nonce) = transaction.nonce {
                let start = self.starts.entry(from).or_insert(nonce);
                *start = nonce.min(*start);
            }
        }
        for (address, account) in &mut self.accounts {
            // What a state says is what holds.
            let start = *self.starts.entry(*address).or_insert(account.nonce.unwrap_or_default());
            account.nonce = account.nonce.or(Some(start).filter(|start| *start > 0));
            self.starts.insert(*address, account.nonce.unwrap_or_default());
        }
        let lacks_sender =
            |tx: &ImportedTransaction| tx.from.is_none() && !matches!(tx.action, Action::Signed(_));
        if self.import.transactions.iter().any(lacks_sender) {
            let count = self.choices.senders.clamp(1, 10_000);
            let who = if count == 1 { "one account".to_owned() } else { counted(count as usize, "account") };
            self.note(format!("transactions whose sender no file says are sent by {who}, made up"));
            for index in 0..count {
                let name = if count == 1 { "sender".to_owned() } else { format!("sender-{index}") };
                let name = self.names.new_name(&name);
                let address = account_address(&name);
                self.names.set(address, name);
                self.accounts.insert(address, Account::default());
                self.order.push(address);
                self.made_up.push(address);
            }
        }
    }

    fn account(&mut self, address: Address, name: Option<&str>, declared: Account) {
        if self.accounts.contains_key(&address) {
            return;
        }
        let plain = format!("account-{}", &format!("{address:x}")[..8]);
        let wanted = name.unwrap_or(&plain);
        let name = self.names.new_name(wanted);
        let mut declared = declared;
        if declared.address.is_none() && account_address(&name) != address {
            declared.address = Some(address);
        }
        self.names.set(address, name);
        self.accounts.insert(address, declared);
        self.order.push(address);
    }

    /// The sender of a transaction, made up in turn where no file says it.
    fn sender(&self, transaction: &ImportedTransaction, index: usize) -> Address {
        if let Some(from) = transaction.from {
            return from;
        }
        self.made_up.get(index % self.made_up.len().max(1)).copied().unwrap_or_default()
    }

    fn transactions(&mut self) -> Vec<Transaction> {
        let mut transactions = Vec::new();
        let mut next: HashMap<Address, u64> = self.starts.clone();
        let mut created: HashMap<usize, Address> = HashMap::new();
        let (mut lowered, mut left_out, mut unsigned) = (0, 0, 0);
        for (index, transaction) in self.import.transactions.iter().enumerate() {
            if self.by_creation.contains_key(&index) {
                continue;
            }
            if let (Action::Signed(raw), None) = (&transaction.action, transaction.from) {
                // Its sender is not known, so it may not be able to pay.
                unsigned += 1;
                transactions.push(Transaction::Raw(RawTransaction { label: None, raw: raw.clone() }));
                continue;
            }
            let from = self.sender(transaction, index);
            let nonce = next.entry(from).or_insert(0);
            if matches!(transaction.to, Target::Creation) {
                created.insert(index, from.create(*nonce));
            }
            *nonce = nonce.saturating_add(1);
            let to = match transaction.to {
                Target::Creation => None,
                Target::Address(address) => Some(address),
                Target::Created(earlier) => {
                    let address = self.by_creation.get(&earlier).map(|at| self.deployed[*at].address);
                    match address.or_else(|| created.get(&earlier).copied()) {
                        Some(address) => Some(address),
                        None => {
                            left_out += 1;
                            continue;
                        }
                    }
                }
            };
            let gas = transaction.gas.map(|gas| {
                lowered += usize::from(gas > MAX_GAS);
                gas.min(MAX_GAS)
            });
            if let Action::Signed(raw) = &transaction.action {
                self.spends(from, transaction, gas, GasKind::Call);
                transactions.push(Transaction::Raw(RawTransaction { label: None, raw: raw.clone() }));
                continue;
            }
            let Some((call, args, data)) = self.action(transaction, to) else {
                left_out += 1;
                continue;
            };
            let kind = match (to, &data, &call) {
                (None, ..) => GasKind::Creation,
                (Some(_), None, None) => GasKind::Payment,
                _ => GasKind::Call,
            };
            self.spends(from, transaction, gas, kind);
            if matches!(transaction.action, Action::Tokens { .. }) {
                self.token_calls.push((transactions.len(), index));
            }
            let has_delegations = !transaction.authorizations.is_empty();
            let fees = transaction.fees;
            let price = fees
                .gas_price
                .filter(|_| !has_delegations && fees.max_fee.is_none() && fees.max_priority_fee.is_none());
            transactions.push(Transaction::Call(Box::new(Call {
                label: None,
                repeat: None,
                from: Choice::Fixed(self.names.place(from)),
                to: to.map(|to| Choice::Fixed(self.names.place(to))),
                call,
                args,
                data,
                value: (!transaction.value.is_zero()).then(|| Quantity::Fixed(amount(transaction.value))),
                gas,
                nonce: None,
                gas_price: price.map(amount),
                max_fee_per_gas: fees.max_fee.map(amount),
                max_priority_fee_per_gas: fees.max_priority_fee.map(amount),
                access_list: self.access_list(transaction),
                authorization_list: self.authorizations(transaction),
            })));
        }
        if lowered > 0 {
            let many = counted(lowered, "gas limit");
            self.note(format!("{many} above {MAX_GAS} (EIP-7825) lowered to that"));
        }
        if left_out > 0 {
            self.note(format!(
                "{} left out: what they call was not created",
                counted(left_out, "transaction")
            ));
        }
        if unsigned > 0 {
            self.note(format!(
                "{}: their senders are not known here, so they may not be able to pay",
                counted(unsigned, "signed transaction")
            ));
        }
        transactions
    }

    /// What a transaction does, as the document has it: function and arguments, or data. `None`: it cannot be said.
    fn action(
        &self,
        transaction: &ImportedTransaction,
        to: Option<Address>,
    ) -> Option<(Option<String>, Vec<Arg>, Option<Bytes>)> {
        let some = |data: Bytes| (!data.is_empty()).then_some(data);
        let abi = to.and_then(|to| self.abi_of(to));
        Some(match &transaction.action {
            Action::Data(data) => {
                let known = abi.and_then(|abi| {
                    let selector: [u8; 4] = data.get(..4)?.try_into().ok()?;
                    let mut fitting = abi.functions().filter(|function| function.selector() == selector);
                    let function = fitting.next()?;
                    let values = calldata::decode_call(function, data)?;
                    let args = self.args(&values)?;
                    Some((Some(call_name(abi, function)), args, None))
                });
                match to {
                    // Creation code must be there, even if it is empty.
                    None => (None, Vec::new(), Some(data.clone())),
                    Some(_) => known.unwrap_or_else(|| (None, Vec::new(), some(data.clone()))),
                }
            }
            Action::Call { function, arguments } => {
                let declared = abi.and_then(|abi| {
                    let same = abi.functions().find(|other| other.signature() == function.signature())?;
                    Some((Some(call_name(abi, same)), self.args(arguments)?, None))
                });
                match declared {
                    Some(declared) => declared,
                    None => {
                        let mut data = function.selector().to_vec();
                        data.extend(calldata::encode(arguments));
                        (None, Vec::new(), Some(data.into()))
                    }
                }
            }
            Action::Create { contract, encoded, .. } => {
                let contract = self.import.contracts.get(*contract)?;
                let (bytes, _) = self.linked(contract.creation.as_ref()?)?;
                let mut data = bytes;
                data.extend_from_slice(encoded);
                (None, Vec::new(), Some(data.into()))
            }
            // `tokens` writes these.
            Action::Tokens { .. } => (Some("transfer".to_owned()), Vec::new(), None),
            Action::Signed(_) => return None,
        })
    }

    fn args(&self, values: &[DynSolValue]) -> Option<Vec<Arg>> {
        values
            .iter()
            .map(|value| calldata::argument(value, &|address| self.names.place(address).to_string()))
            .collect()
    }

    fn abi_of(&self, address: Address) -> Option<&JsonAbi> {
        let deployed = self.by_address.get(&address)?;
        self.deployed[*deployed].abi.as_ref()
    }

    /// Adds up what a sender may have to pay.
    fn spends(&mut self, from: Address, transaction: &ImportedTransaction, gas: Option<u64>, kind: GasKind) {
        let fees = transaction.fees;
        let default = self.base_fee * U256::from(2) + U256::from(PRIORITY_FEE);
        let price = fees
            .max_fee
            .or(fees.gas_price)
            .unwrap_or(default.saturating_add(fees.max_priority_fee.unwrap_or_default()));
        let gas = U256::from(gas.unwrap_or(kind.default()));
        let cost = gas.saturating_mul(price).saturating_add(transaction.value);
        let need = self.needs.entry(from).or_default();
        *need = need.saturating_add(cost);
    }

    fn access_list(&self, transaction: &ImportedTransaction) -> Vec<AccessListItem> {
        let items = transaction.access_list.iter();
        items
            .map(|(address, keys)| AccessListItem {
                address: self.names.place(*address),
                storage_keys: keys.clone(),
            })
            .collect()
    }

    fn authorizations(&self, transaction: &ImportedTransaction) -> Vec<AuthorizationItem> {
        let items = transaction.authorizations.iter();
        items
            .map(|item| {
                AuthorizationItem::Signed(Authorization {
                    chain_id: item.chain_id,
                    address: self.names.place(item.address),
                    nonce: item.nonce,
                    y_parity: item.y_parity,
                    r: item.r.into(),
                    s: item.s.into(),
                })
            })
            .collect()
    }

    /// Token transfers of a table: a token of the catalogue stands for each that is named, and each sender gets what it
    /// sends before the block.
    fn tokens(&mut self, transactions: &mut [Transaction]) -> Result<Vec<SetupCall>, Vec<Problem>> {
        let mut totals: Vec<TokenTotal> = Vec::new();
        let mut at: HashMap<(String, Address), usize> = HashMap::new();
        let mut by_token: HashMap<String, usize> = HashMap::new();
        let too_much = || vec![Problem::new("contracts", "a token's total below 2^256", "more")];
        for (index, transaction) in self.import.transactions.iter().enumerate() {
            let Action::Tokens { token, amount, .. } = &transaction.action else { continue };
            let from = self.sender(transaction, index);
            let number = *by_token.entry(token.clone()).or_insert_with(|| {
                totals.push((token.clone(), U256::ZERO, Vec::new()));
                totals.len() - 1
            });
            let (_, total, senders) = &mut totals[number];
            *total = total.checked_add(*amount).ok_or_else(too_much)?;
            let sender = *at.entry((token.clone(), from)).or_insert_with(|| {
                senders.push((from, U256::ZERO));
                senders.len() - 1
            });
            senders[sender].1 += *amount;
        }
        if totals.is_empty() {
            return Ok(Vec::new());
        }
        if totals.len() > 200 {
            let found = totals.len().to_string();
            return Err(vec![Problem::new("contracts", "at most 200 different tokens in a table", found)]);
        }
        let bank = self.names.new_name("bank");
        let address = account_address(&bank);
        self.names.set(address, bank.clone());
        self.accounts.insert(address, Account::default());
        self.order.push(address);
        let mut setup = Vec::new();
        let mut tokens: HashMap<String, Place> = HashMap::new();
        for (token, total, senders) in &totals {
            let short = match crate::reader::read_address(token) {
                Ok(address) => format!("token-{}", &format!("{address:x}")[..8]),
                Err(_) => token.clone(),
            };
            let name = self.names.new_name(&short);
            self.deployed.push(Deployed::catalogue(
                name.clone(),
                TOKEN,
                vec![
                    Arg::Text(name.clone()),
                    Arg::Text(name.chars().take(11).collect()),
                    Arg::Text(total.to_string()),
                    Arg::Text(bank.clone()),
                ],
            ));
            tokens.insert(token.clone(), Place::Name(name.clone()));
            for (sender, sum) in senders.iter().filter(|(_, sum)| !sum.is_zero()) {
                setup.push(SetupCall {
                    from: Place::Name(bank.clone()),
                    to: Place::Name(name.clone()),
                    call: Some("transfer".to_owned()),
                    args: vec![Arg::Text(self.names.place(*sender).to_string()), Arg::Text(sum.to_string())],
                    data: None,
                    value: None,
                    named: None,
                });
            }
        }
        let many = counted(totals.len(), "token");
        self.note(format!("{many} of the table: a token of the catalogue ({TOKEN}) stands for each, and every sender gets before the block what it sends"));
        for (written, index) in &self.token_calls {
            let Action::Tokens { token, to, amount } = &self.import.transactions[*index].action else {
                continue;
            };
            if let (Some(Transaction::Call(call)), Some(token)) =
                (transactions.get_mut(*written), tokens.get(token))
            {
                call.to = Some(Choice::Fixed(token.clone()));
                call.args = vec![Arg::Text(self.names.place(*to).to_string()), Arg::Text(amount.to_string())];
            }
        }
        Ok(setup)
    }

    /// Calls of every function that changes state, so that there is something to see.
    fn sample_calls(&mut self) -> Vec<Transaction> {
        const MOST: usize = 200;
        let callers = self.choices.calls.min(1_000);
        if callers == 0 {
            return Vec::new();
        }
        let group = self.names.free_name("caller");
        let mut calls = Vec::new();
        for deployed in self.deployed.iter().filter(|deployed| !deployed.is_library) {
            let Some(abi) = &deployed.abi else { continue };
            for function in abi.functions() {
                use alloy_json_abi::StateMutability::{NonPayable, Payable};
                if !matches!(function.state_mutability, NonPayable | Payable) || calls.len() == MOST {
                    continue;
                }
                let Some(args) = made_up::call_arguments(&function.inputs, &group) else { continue };
                let is_payable = function.state_mutability == Payable;
                calls.push(Transaction::Call(Box::new(Call {
                    label: None,
                    repeat: Some(callers),
                    from: Choice::Pick(Pick { group: group.clone(), by: By::RoundRobin, skew: None }),
                    to: Some(Choice::Fixed(Place::Name(deployed.name.clone()))),
                    call: Some(call_name(abi, function)),
                    args,
                    data: None,
                    value: is_payable.then(|| Quantity::Fixed(amount(U256::from(1)))),
                    gas: None,
                    nonce: None,
                    gas_price: None,
                    max_fee_per_gas: None,
                    max_priority_fee_per_gas: None,
                    access_list: Vec::new(),
                    authorization_list: Vec::new(),
                })));
            }
        }
        if !calls.is_empty() {
            self.names.reserve(&group);
            self.callers = Some((group, callers));
            self.note(format!(
                "there are no other transactions: {} call each function that changes state, with made-up arguments",
                counted(callers as usize, "account")
            ));
        }
        calls
    }

    /// Accounts by name, with balances so that all can pay.
    fn declared(&mut self) -> Vec<(String, Account)> {
        let mut declared = Vec::with_capacity(self.order.len());
        let (mut made_up, mut too_poor) = (0, 0);
        for address in &self.order {
            let Some(mut account) = self.accounts.get(address).cloned() else { continue };
            let need = self.needs.get(address).copied().unwrap_or_default();
            match &account.balance {
                Some(balance) => too_poor += usize::from(balance.value() < need),
                None => {
                    made_up += usize::from(!need.is_zero());
                    // The document's own default.
                    if need > ether(100) {
                        account.balance = Some(amount(rounded_up(need)));
                    }
                }
            }
            declared.push((self.names.place(*address).to_string(), account));
        }
        if let Some((group, count)) = &self.callers {
            declared.push((group.clone(), Account { count: Some(*count), ..Account::default() }));
        }
        let deployer = account_address(document::DEPLOYER);
        if let Some(need) = self.needs.get(&deployer).filter(|need| **need > ether(100)) {
            let account = Account { balance: Some(amount(rounded_up(*need))), ..Account::default() };
            declared.push((document::DEPLOYER.to_owned(), account));
        } else if self.deployed.iter().any(|deployed| !deployed.value.is_zero() && deployed.from.is_none()) {
            declared.push((document::DEPLOYER.to_owned(), Account::default()));
        }
        if made_up > 0 {
            self.note(format!("balances of {} are set so that all can pay", counted(made_up, "account")));
        }
        if too_poor > 0 {
            self.note(format!(
                "{} cannot pay for everything they send, as the files have it",
                counted(too_poor, "account")
            ));
        }
        declared
    }

    fn block(&self) -> Block {
        let known = &self.import.block;
        let fits = |number: &u64| *number <= MAX_NUMBER;
        Block {
            number: known.number.filter(fits),
            timestamp: known.timestamp.filter(fits),
            base_fee: (self.base_fee != U256::from(BASE_FEE)).then(|| amount(self.base_fee)),
            ..Block::default()
        }
    }

    fn title(&self) -> String {
        if let Some(title) = &self.choices.title {
            return crate::reader::one_line(title).chars().take(MAX_TITLE).collect();
        }
        let formats: HashSet<&str> =
            self.import.files.iter().filter_map(|file| file.format).map(|format| format.name()).collect();
        let mut formats: Vec<&str> = formats.into_iter().collect();
        formats.sort_unstable();
        let names: Vec<&str> = self.deployed.iter().map(|deployed| deployed.name.as_str()).take(4).collect();
        let more = if self.deployed.len() > 4 { ", …" } else { "" };
        let title = match (names.is_empty(), formats.first()) {
            (false, _) => format!("Imported: {}{more}", names.join(", ")),
            (true, Some(format)) => format!("Imported from {format}"),
            (true, None) => "Imported".to_owned(),
        };
        title.chars().take(MAX_TITLE).collect()
    }

    /// Where it comes from, and what was decided: the first lines of it.
    fn story(&self) -> String {
        let files: Vec<String> = self
            .import
            .files
            .iter()
            .filter(|file| file.format.is_some())
            .take(5)
            .map(|file| crate::reader::one_line(&file.file))
            .collect();
        let more = self.import.files.len().saturating_sub(files.len());
        let more = if more > 0 { format!(" and {}", counted(more, "more file")) } else { String::new() };
        let mut story = format!("Imported from {}{more}.", files.join(", "));
        for note in self.notes.iter().take(12) {
            story.push_str("\n- ");
            story.extend(note.text.chars().take(300));
        }
        story
    }
}

/// A token, how much of it is sent in all, and by whom.
type TokenTotal = (String, U256, Vec<(Address, U256)>);

/// How much gas a transaction gets that says none.
#[derive(Clone, Copy)]
enum GasKind {
    Payment,
    Call,
    Creation,
}

impl GasKind {
    fn default(self) -> u64 {
        match self {
            Self::Payment => 21_000,
            Self::Call => 1_000_000,
            Self::Creation => 5_000_000,
        }
    }
}

fn amount(value: U256) -> Amount {
    Amount::from(value)
}

/// The next whole number of ether, and one more.
fn rounded_up(need: U256) -> U256 {
    let whole = need / ether(1);
    whole.saturating_add(U256::from(2)).saturating_mul(ether(1))
}

/// A function as a document names it: by its signature where several share the name.
fn call_name(abi: &JsonAbi, function: &alloy_json_abi::Function) -> String {
    match abi.function(&function.name) {
        Some(overloads) if overloads.len() > 1 => function.signature(),
        _ => function.name.clone(),
    }
}

//! The block's transactions: call data, gas, fees and nonces, and their defaults.

use alloy_primitives::{Address, U256};

use super::keys;
use super::{CHAIN_ID, MAX_GAS_BLOCK, MAX_GAS_OSAKA, MAX_INPUT, MAX_PROBLEMS, Preparation, PreparedScenario};
use crate::prepare::{Authorization, Fork, Narrowing, Origin, Oversized, PreparedBlock, Transaction, raw};
use crate::problem::Problem;
use crate::scenario::expand::{ChosenAmount, DrawnCall, DrawnTransaction, Expansion};
use crate::scenario::{Amount, AuthorizationItem, Authorize};

/// The default base fee from London on: 7 gwei.
const BASE_FEE: u64 = 7_000_000_000;
/// The default priority fee per gas: 1 gwei.
const PRIORITY_FEE: u128 = 1_000_000_000;
/// The default gas limit of a payment to an account without code.
const GAS_PAYMENT: u64 = 21_000;
/// The default gas limit of a call.
const GAS_CALL: u64 = 1_000_000;
/// What each delegation adds to that, and costs at most (EIP-7702, `PER_EMPTY_ACCOUNT_COST`).
const GAS_DELEGATION: u64 = 25_000;
/// The default gas limit of a creation.
const GAS_CREATION: u64 = 5_000_000;
/// Most gas for one transaction before Osaka. It bounds the memory that one can use.
const MAX_GAS: u64 = 100_000_000;

impl Preparation {
    /// Adds the block's transactions, as the last step of the preparation.
    pub(super) fn transactions(
        mut self,
        mut expansion: Expansion<'_>,
    ) -> Result<PreparedScenario, Vec<Problem>> {
        let scenario = expansion.scenario();
        let fork = self.env.fork;
        let base_fee = scenario.block.base_fee.as_ref().map(|fee| fee.value().saturating_to::<u64>());
        self.env.base_fee = base_fee.unwrap_or(if fork >= Fork::London { BASE_FEE } else { 0 });

        let mut problems = Vec::new();
        let mut transactions = Vec::new();
        let mut labels = Vec::new();
        let mut gas = 0u64;
        let mut input = 0usize;
        'entries: for (i, entry) in scenario.transactions.iter().enumerate() {
            for repetition in 0..entry.count() {
                let made = match expansion.transaction(i, repetition) {
                    Some(DrawnTransaction::Raw(entry)) => raw::decode(&entry.raw)
                        .inspect(|tx| {
                            self.nonces.insert(tx.from, tx.nonce.saturating_add(1));
                        })
                        .map(|tx| (tx, entry.label.clone().unwrap_or_else(|| "signed".to_owned())))
                        .map_err(|error| {
                            let path = format!("transactions[{i}].raw");
                            Problem::new(path, "a signed transaction", error.to_string())
                        }),
                    Some(DrawnTransaction::Call(drawn)) => {
                        self.transaction(&drawn, &format!("transactions[{i}]"))
                    }
                    None => break,
                };
                let (tx, label) = match made {
                    Ok(made) => made,
                    Err(problem) => {
                        problems.push(problem);
                        if problems.len() == MAX_PROBLEMS {
                            break 'entries;
                        }
                        // The next repetition would have the same problem.
                        break;
                    }
                };
                // Such a transaction is refused for its gas limit, and uses no gas.
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

    /// A delegation, signed with the account's key. The account's next one has the next nonce.
    fn authorize(&mut self, item: &Authorize, path: &str) -> Result<Authorization, Problem> {
        let address = self.known_place(&item.authorize, &format!("{path}.authorize"))?;
        let by = self.known_place(&item.by, &format!("{path}.by"))?;
        let nonce = item.nonce.unwrap_or_else(|| self.next_nonce_of(by));
        let signed = self
            .keys
            .get(&by)
            .and_then(|key| keys::authorization(key, item.chain_id.unwrap_or(CHAIN_ID), address, nonce));
        self.nonces.insert(by, nonce.saturating_add(1));
        self.delegated.insert(by);
        signed.ok_or_else(|| {
            let found = format!("\"{}\", which has none", item.by);
            Problem::new(format!("{path}.by"), "an account with a key (\"key\": true)", found)
        })
    }

    fn next_nonce_of(&self, address: Address) -> u64 {
        self.nonces.get(&address).copied().unwrap_or(0)
    }

    fn transaction(&mut self, drawn: &DrawnCall<'_>, path: &str) -> Result<(Transaction, String), Problem> {
        let call = drawn.call;
        let from = self.target(drawn.from, &format!("{path}.from"))?;
        let to = drawn.to.map(|to| self.target(to, &format!("{path}.to"))).transpose()?;
        let input = match to {
            Some(to) => self.input(to, call.call.as_deref(), &drawn.args, call.data.as_ref(), path)?,
            None => match (&call.call, &call.data) {
                (None, Some(data)) => data.clone(),
                (call, _) => {
                    let (expected, found) = match call {
                        Some(_) => ("\"to\" with the contract to call", "\"call\" without \"to\""),
                        None => ("\"to\", or \"data\" with the code to create", "neither"),
                    };
                    return Err(Problem::new(path, expected, found));
                }
            },
        };
        let value = drawn.value.map_or(U256::ZERO, ChosenAmount::value);
        let has_code = to.is_some_and(|to| {
            // Precompiles (the first addresses) need gas although they have no code.
            let precompiled = to.0[..18].iter().all(|b| *b == 0);
            precompiled
                || self.delegated.contains(&to)
                || self.state.accounts.get(&to).is_some_and(|a| a.code_hash.is_some())
        });
        let most = if self.env.fork >= Fork::Osaka { MAX_GAS_OSAKA } else { MAX_GAS };
        let delegations = call.authorization_list.len() as u64;
        let is_payment = !has_code && input.is_empty() && call.access_list.is_empty() && delegations == 0;
        let gas_limit = call.gas.unwrap_or(match to {
            None => GAS_CREATION,
            Some(_) if is_payment => GAS_PAYMENT,
            Some(_) => (GAS_CALL + delegations * GAS_DELEGATION).min(most),
        });
        if gas_limit > most {
            let why = if self.env.fork >= Fork::Osaka { " (EIP-7825)" } else { "" };
            let expected = format!("at most {most} gas{why}");
            return Err(Problem::new(format!("{path}.gas"), expected, gas_limit.to_string()));
        }

        let mut access_list = Vec::with_capacity(call.access_list.len());
        for (j, item) in call.access_list.iter().enumerate() {
            let address = self.known_place(&item.address, &format!("{path}.accessList[{j}].address"))?;
            access_list.push((address, item.storage_keys.clone()));
        }
        let nonce = call.nonce.unwrap_or_else(|| self.next_nonce_of(from));
        // The sender's nonce rises before delegations count (EIP-7702).
        self.nonces.insert(from, nonce.saturating_add(1));
        let mut authorizations = Vec::with_capacity(call.authorization_list.len());
        for (j, item) in call.authorization_list.iter().enumerate() {
            let path = format!("{path}.authorizationList[{j}]");
            authorizations.push(match item {
                AuthorizationItem::Signed(item) => Authorization {
                    chain_id: U256::from(item.chain_id),
                    address: self.known_place(&item.address, &format!("{path}.address"))?,
                    nonce: item.nonce,
                    y_parity: item.y_parity,
                    r: item.r.into(),
                    s: item.s.into(),
                },
                AuthorizationItem::Authorize(item) => self.authorize(item, &path)?,
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

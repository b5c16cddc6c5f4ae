//! State tests: one transaction on a state, with a post-state root and a logs hash for each fork.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use serde::Deserialize;

use super::{
    Counts, Outcome, Ways, add_to_digest,
    forms::{self, Config, Quantity, StateForm},
    run_every_way,
};
use crate::{
    prepare::{Authorization, BlockEnvironment, Narrowing, Origin, PreparedBlock, Transaction},
    verify,
};

pub(super) struct File {
    units: Vec<(String, Unit)>,
    cases: Vec<Case>,
}

/// One entry of `post`.
struct Case {
    unit: usize,
    fork: String,
    index: usize,
}

#[derive(Deserialize)]
struct Unit {
    env: Env,
    pre: StateForm,
    transaction: Tx,
    post: BTreeMap<String, Vec<Post>>,
    #[serde(default)]
    config: Config,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Env {
    current_coinbase: Address,
    current_gas_limit: Quantity,
    current_number: Quantity,
    current_timestamp: Quantity,
    #[serde(default)]
    current_difficulty: Quantity,
    #[serde(default)]
    current_base_fee: Quantity,
    current_random: Option<Quantity>,
    current_excess_blob_gas: Option<Quantity>,
}

/// Data, gas limits and values are lists from which each case picks one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tx {
    nonce: Quantity,
    gas_price: Option<Quantity>,
    max_fee_per_gas: Option<Quantity>,
    max_priority_fee_per_gas: Option<Quantity>,
    gas_limit: Vec<Quantity>,
    to: String,
    /// As text, because one test has a value that no transaction can hold.
    value: Vec<String>,
    data: Vec<String>,
    sender: Address,
    access_lists: Option<Vec<Option<Vec<AccessItem>>>>,
    blob_versioned_hashes: Option<Vec<B256>>,
    max_fee_per_blob_gas: Option<Quantity>,
    authorization_list: Option<Vec<AuthorizationForm>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccessItem {
    address: Address,
    storage_keys: Vec<B256>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizationForm {
    chain_id: Quantity,
    address: Address,
    nonce: Quantity,
    v: Quantity,
    r: Quantity,
    s: Quantity,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Post {
    hash: B256,
    logs: B256,
    indexes: Indexes,
    expect_exception: Option<String>,
}

#[derive(Deserialize, Clone, Copy)]
struct Indexes {
    data: usize,
    gas: usize,
    value: usize,
}

impl File {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let units: BTreeMap<String, Unit> = forms::read(text)?;
        let units: Vec<(String, Unit)> = units.into_iter().collect();
        let mut cases = Vec::new();
        for (i, (_, unit)) in units.iter().enumerate() {
            for (fork, posts) in &unit.post {
                let of_fork = (0..posts.len()).map(|index| Case { unit: i, fork: fork.clone(), index });
                cases.extend(of_fork);
            }
        }
        Ok(Self { units, cases })
    }

    pub(super) fn len(&self) -> usize {
        self.cases.len()
    }

    pub(super) fn name(&self, test: usize) -> String {
        let Case { unit, fork, index } = &self.cases[test];
        format!("{} {fork} {index}", self.units[*unit].0)
    }

    pub(super) fn run(&self, test: usize, ways: Ways<'_>) -> Outcome {
        let Case { unit, fork, index } = &self.cases[test];
        let unit = &self.units[*unit].1;
        let mut outcome = Outcome { name: self.name(test), ..Outcome::default() };
        let Some(post) = unit.post.get(fork).and_then(|posts| posts.get(*index)) else { return outcome };
        if forms::fork(fork).is_none() {
            outcome.skipped.push(format!("the engine has no rules for {fork}"));
            return outcome;
        }
        match unit.check(fork, post, ways, &mut outcome.counts, &mut outcome.digest) {
            Ok(()) => {}
            Err(Failure::Root(_)) if is_storage_collision(&outcome.name) => {
                outcome.skipped.push(STORAGE_COLLISION.to_owned());
            }
            Err(Failure::Root(problem) | Failure::Other(problem)) => outcome.problem = Some(problem),
        }
        outcome
    }
}

/// Why some tests' post-state is compared only with stock revm's.
const STORAGE_COLLISION: &str = "compared with stock revm only: a creation meets storage without code or nonce \
    (EIP-7610), which revm leaves out because no such account can be met on Ethereum; its own runner skips these tests";

/// Whether a test is about EIP-7610.
fn is_storage_collision(name: &str) -> bool {
    const TESTS: [&str; 6] = [
        "eip7610_create_collision/",
        "InitCollisionParis",
        "RevertInCreateInInit_Paris",
        "RevertInCreateInInitCreate2Paris",
        "create2collisionStorageParis",
        "dynamicAccountOverwriteEmpty_Paris",
    ];
    TESTS.iter().any(|test| name.contains(test))
}

/// Why a test failed.
enum Failure {
    /// Every way equals stock revm, but the state root is not the test's.
    Root(String),
    Other(String),
}

impl From<String> for Failure {
    fn from(problem: String) -> Self {
        Self::Other(problem)
    }
}

impl Unit {
    fn check(
        &self,
        fork: &str,
        post: &Post,
        ways: Ways<'_>,
        counts: &mut Counts,
        digest: &mut B256,
    ) -> Result<(), Failure> {
        let exception = post.expect_exception.as_deref();
        let block = match (self.block(fork, post.indexes), exception) {
            (Ok(block), _) => block,
            // Such a transaction cannot be encoded, so it is refused when it is read.
            (Err(_), Some(exception)) if forms::is_about_encoding(exception) => {
                counts.refusals += 1;
                return Ok(());
            }
            (Err(problem), _) => return Err(problem.into()),
        };
        let (receipts, state) = run_every_way(&block, ways, counts)?;
        let root = verify::state_root(&state);
        add_to_digest(digest, &receipts, root);
        match (forms::refusal(&receipts), exception) {
            (Some(reason), Some(exception)) if forms::is_refusal_for(exception, reason) => {
                counts.refusals += 1
            }
            (Some(reason), Some(exception)) => {
                return Err(format!("refused because of \"{reason}\", expected {exception}").into());
            }
            (Some(reason), None) => return Err(format!("refused because of \"{reason}\"").into()),
            (None, Some(exception)) => return Err(format!("not refused, expected {exception}").into()),
            (None, None) => {}
        }
        forms::equal("logs hash", verify::logs_hash(&receipts), post.logs)?;
        forms::equal("state root", root, post.hash).map_err(Failure::Root)
    }

    fn block(&self, fork: &str, indexes: Indexes) -> Result<PreparedBlock, String> {
        let rules = forms::fork(fork).ok_or("unknown fork")?;
        let chain_id = self.config.chain_id()?;
        let env = BlockEnvironment {
            chain_id,
            fork: rules,
            number: self.env.current_number.u64()?,
            timestamp: self.env.current_timestamp.u64()?,
            gas_limit: self.env.current_gas_limit.u64()?,
            base_fee: self.env.current_base_fee.u64()?,
            beneficiary: self.env.current_coinbase,
            difficulty: self.env.current_difficulty.0,
            prev_randao: self.env.current_random.map(|random| random.0.into()),
            excess_blob_gas: self.env.current_excess_blob_gas.map(Quantity::u64).transpose()?,
            blob_base_fee_update_fraction: self.config.fraction(fork)?,
            block_hashes: BTreeMap::new(),
            // State tests have no block around their transaction, and so none of its calls.
            system_calls: Vec::new(),
        };
        Ok(PreparedBlock {
            env,
            pre_state: forms::state(&self.pre)?,
            transactions: vec![self.transaction.pick(indexes, chain_id)?],
            labels: vec!["test".into()],
            origin: Origin::Scenario,
        })
    }
}

impl Tx {
    fn pick(&self, indexes: Indexes, chain_id: u64) -> Result<Transaction, String> {
        let picked = "an index points beyond its list";
        let access_list = self.access_lists.as_ref().and_then(|lists| lists.get(indexes.data)?.as_ref());
        let kind = if self.authorization_list.is_some() {
            4
        } else if self.max_fee_per_blob_gas.is_some() || self.blob_versioned_hashes.is_some() {
            3
        } else if self.max_fee_per_gas.is_some() {
            2
        } else {
            u8::from(access_list.is_some())
        };
        let authorizations = self.authorization_list.iter().flatten().map(AuthorizationForm::authorization);
        let mut narrow = Narrowing::default();
        let most = self.max_fee_per_gas.or(self.gas_price).unwrap_or_default().0;
        let (max_fee_per_gas, max_priority_fee_per_gas) =
            narrow.fees(most, self.max_priority_fee_per_gas.map(|fee| fee.0));
        let max_fee_per_blob_gas = narrow.blob_fee(self.max_fee_per_blob_gas.unwrap_or_default().0);
        let gas_limit = narrow.gas_limit(self.gas_limit.get(indexes.gas).ok_or(picked)?.0);
        Ok(Transaction {
            from: self.sender,
            to: forms::recipient(&self.to)?,
            value: Quantity::parse(self.value.get(indexes.value).ok_or(picked)?)?,
            input: forms::bytes(self.data.get(indexes.data).ok_or(picked)?)?,
            gas_limit,
            nonce: Narrowing::nonce(self.nonce.0),
            chain_id: (kind > 0).then_some(chain_id),
            kind,
            max_fee_per_gas,
            max_priority_fee_per_gas,
            access_list: access_list
                .into_iter()
                .flatten()
                .map(|item| (item.address, item.storage_keys.clone()))
                .collect(),
            blob_hashes: self.blob_versioned_hashes.clone().unwrap_or_default(),
            max_fee_per_blob_gas,
            oversized: narrow.oversized,
            authorizations: authorizations.collect::<Result<_, _>>()?,
        })
    }
}

impl AuthorizationForm {
    fn authorization(&self) -> Result<Authorization, String> {
        Ok(Authorization {
            chain_id: self.chain_id.0,
            address: self.address,
            nonce: self.nonce.u64()?,
            y_parity: u8::try_from(self.v.0).map_err(|_| format!("y parity {}", self.v.0))?,
            r: self.r.0,
            s: self.s.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::U256;
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        conformance::{Suite, Tests},
        drive::Threads,
        prepare::{Account, State},
        strategies::StrategyId,
    };

    /// A payment of 5 wei, with the state that it leads to.
    fn payment() -> Value {
        let [from, to] = [0xaa, 0xbb].map(Address::repeat_byte);
        let account = |balance, nonce| Account { balance: U256::from(balance), nonce, ..Account::default() };
        let after = State {
            accounts: [(from, account(95, 1)), (to, account(5, 0))].into_iter().collect(),
            ..State::default()
        };
        json!({ "payment": {
            "env": { "currentCoinbase": Address::ZERO, "currentGasLimit": "0x0f4240", "currentNumber": "0x01",
                "currentTimestamp": "0x01", "currentDifficulty": "0x00" },
            "pre": { from.to_string(): { "balance": "0x64", "nonce": "0x", "code": "0x", "storage": {} } },
            "transaction": { "nonce": "0x00", "gasPrice": "0x00", "gasLimit": ["0x5208"], "to": to, "value": ["0x05"],
                "data": ["0x"], "sender": from },
            "post": { "Cancun": [ { "hash": verify::state_root(&after), "logs": verify::logs_hash(&[]),
                "indexes": { "data": 0, "gas": 0, "value": 0 } } ] },
        } })
    }

    /// The problem of a payment that was changed, and what was skipped.
    fn check(change: impl Fn(&mut Value), problem: &str, skipped: usize) {
        let mut document = payment();
        change(&mut document["payment"]);
        let tests = Tests::read(Suite::StateTests, "", &document.to_string()).expect("a state test");
        let ways: Vec<_> = StrategyId::ALL.iter().map(|strategy| (*strategy, 1)).collect();
        let outcome = tests.run(0, Ways { ways: &ways, threads: Threads::Own });
        let found = outcome.problem.unwrap_or_default();
        assert!(found.starts_with(problem) && found.is_empty() == problem.is_empty(), "{found}");
        assert_eq!(outcome.skipped.len(), skipped);
    }

    #[test]
    fn a_correct_test_passes() {
        check(|_| (), "", 0);
    }

    #[test]
    fn each_unexpected_value_is_a_problem() {
        let post = |test: &mut Value| test["post"]["Cancun"][0].take();
        check(|test| test["post"]["Cancun"][0]["hash"] = json!(B256::ZERO), "state root", 0);
        check(|test| test["post"]["Cancun"][0]["logs"] = json!(B256::ZERO), "logs hash", 0);
        check(|test| test["transaction"]["nonce"] = "0x01".into(), "refused because of \"nonce", 0);
        check(
            |test| test["post"]["Cancun"][0]["expectException"] = "TransactionException.NONCE_IS_MAX".into(),
            "not refused",
            0,
        );
        check(
            |test| {
                test["transaction"]["value"] = json!(["0x65"]);
                test["post"]["Cancun"][0]["expectException"] = "TransactionException.NONCE_IS_MAX".into();
            },
            "refused because of \"lack of funds",
            0,
        );
        check(
            |test| {
                let post = post(test);
                test["post"] = json!({ "Amsterdam": [post] });
            },
            "",
            1,
        );
    }

    #[test]
    fn a_transaction_that_must_be_refused_leaves_the_state_as_it_was() {
        let before = State {
            accounts: [(
                Address::repeat_byte(0xaa),
                Account { balance: U256::from(100), ..Account::default() },
            )]
            .into_iter()
            .collect(),
            ..State::default()
        };
        let root = verify::state_root(&before);
        let exception = "TransactionException.INSUFFICIENT_ACCOUNT_FUNDS";
        check(
            |test| {
                test["transaction"]["value"] = json!(["0x65"]);
                test["post"]["Cancun"][0]["hash"] = json!(root);
                test["post"]["Cancun"][0]["expectException"] = exception.into();
            },
            "",
            0,
        );
    }
}

use super::*;
use crate::cancel::CancelFlag;
use crate::catalogue::tests::catalogue;
use crate::naming::{decode_call, decode_logs, location_names};
use crate::scenario::{builtin, parse};
use crate::trace::Location;

fn prepare(text: &str) -> Result<PreparedScenario, Vec<Problem>> {
    scenario(&parse(text).unwrap_or_else(|p| panic!("{p:?}")), &catalogue())
}

/// A document with a token and this `setup` and these `transactions`.
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
        let prepared = scenario(&document, &catalogue).unwrap_or_else(|p| panic!("{}: {p:?}", builtin.name));
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
fn arguments_of_wrong_types_are_refused_and_never_break_the_encoder() {
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
fn the_default_scenario_has_names_for_everything() {
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
    let events: Vec<String> =
        logs.iter().map(|log| format!("{}.{}", log.contract, log.name.as_deref().unwrap_or("?"))).collect();
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
        location_names(&names, &changed, &evm::clues(&block, &CancelFlag::new()).preimages)
            .into_iter()
            .map(|name| {
                assert!(name.named, "{}", name.name);
                name.name
            })
            .collect();
    found.sort();
    for expected in ["Pair.reserves", "USD.balances[shop[0]]", "Art.tokenIdTracker.value", "Art.owners[2]"] {
        assert!(found.contains(&expected.to_owned()), "{expected}: {found:#?}");
    }
    assert!(names.contracts().iter().any(|c| c.name == "Pair" && c.licence == "GPL-3.0-or-later"));
}

#[test]
fn catalogue_contracts_deploy_to_the_recorded_code() {
    for contract in catalogue().contracts().filter(|contract| contract.code_hash.is_some()) {
        let args = match contract.id.rsplit('/').next() {
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
            contract.id
        );
        let prepared = prepare(&text).unwrap_or_else(|p| panic!("{}: {p:?}", contract.id));
        let address = prepared.names.contracts()[0].address.parse::<Address>().expect("an address");
        assert_eq!(
            prepared.block.pre_state.accounts[&address].code_hash, contract.code_hash,
            "{}",
            contract.id
        );
    }
}

#[test]
fn a_problem_with_an_abi_has_its_place() {
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
        let function = format!(r#"{{ "type": "function", "name": "f", "inputs": {inputs}, "outputs": [] }}"#);
        let expected = "transactions[0].args[0]: expected an argument whose type the ABI describes, found";
        assert_eq!(found(&function, "[1]"), format!("{expected} {words}"));
    }
}

#[test]
fn a_name_can_be_used_wherever_an_address_can() {
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
        let PreparedScenario { block, names } = prepared(name).unwrap_or_else(|p| panic!("{name}: {p:?}"));
        assert_eq!(names.display(block.env.beneficiary), name);
        block
    };
    // Every kind of name: an account, one of a group, contracts, one of several, the result of a set-up call.
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

/// Two senders, two accounts with keys, and code that they delegate to.
fn delegations(transactions: &str) -> Result<PreparedScenario, Vec<Problem>> {
    // PUSH1 1 PUSH1 0 SSTORE STOP, behind the code that returns it.
    let code = "0x65600160005500600052600660 1af3".replace(' ', "");
    let text = format!(
        r#"{{ "format": "evm-lanes/1", "title": "t",
        "accounts": {{ "alice": {{ "key": true }}, "bob": {{}}, "wallet": {{ "count": 4, "key": true }} }},
        "contracts": {{ "code": {{ "bytecode": "{code}" }} }},
        "transactions": [ {transactions} ] }}"#
    );
    parse(&text).and_then(|parsed| scenario(&parsed, &catalogue()))
}

#[test]
fn accounts_with_keys_sign_their_delegations() {
    let PreparedScenario { block, names } = delegations(
        r#"{ "from": "bob", "to": "wallet[3]", "authorizationList": [ { "authorize": "code", "by": "wallet[3]" } ] },
           { "from": "bob", "to": "wallet[3]" },
           { "from": "alice", "to": "alice", "authorizationList": [
               { "authorize": "code", "by": "alice" }, { "authorize": "code", "by": "wallet[0]", "chainId": 0 } ] },
           { "from": "bob", "to": "bob", "authorizationList": [ { "authorize": "code", "by": "alice" } ] },
           { "from": "alice", "to": "bob" }"#,
    )
    .expect("a scenario");
    let nonces = |tx: usize| -> Vec<u64> {
        block.transactions[tx].authorizations.iter().map(|signed| signed.nonce).collect()
    };
    // The sender's own nonce rises first.
    assert_eq!((nonces(0), nonces(2), nonces(3)), (vec![0], vec![1, 0], vec![2]));
    assert_eq!(block.transactions[4].nonce, 3);
    let (receipts, state) = evm::execute_block(&block);
    assert!(receipts.iter().all(|receipt| receipt.status.is_success()), "{receipts:?}");
    let account = |name: &str| {
        let (address, account) =
            state.accounts.iter().find(|(address, _)| names.display(**address) == name).expect("it exists");
        (*address, account)
    };
    let delegated: Vec<&str> = ["alice", "bob", "wallet[0]", "wallet[1]", "wallet[3]"]
        .into_iter()
        .filter(|name| account(name).1.code_hash.is_some())
        .collect();
    assert_eq!(delegated, ["alice", "wallet[0]", "wallet[3]"]);
    // The second transaction ran that code as the account.
    assert_eq!(account("wallet[3]").1.storage.get(&U256::ZERO), Some(&U256::from(1)));
}

#[test]
fn who_has_no_key_delegates_nothing() {
    let problem = |item: &str| {
        let tx = format!(r#"{{ "from": "bob", "to": "bob", "authorizationList": [ {item} ] }}"#);
        delegations(&tx).map(|_| ()).expect_err("a mistake").remove(0).to_string()
    };
    assert_eq!(
        problem(r#"{ "authorize": "code", "by": "bob" }"#),
        "transactions[0].authorizationList[0].by: expected an account with a key (\"key\": true), found \"bob\", which has none"
    );
    let said = problem(r#"{ "authorize": "code" }"#);
    assert!(said.contains("\"by\""), "{said}");
    let said = problem(r#"{ "authorize": "code", "by": "alice", "r": "0x00" }"#);
    assert!(said.contains("\"r\""), "{said}");
    let many = r#"{ "format": "evm-lanes/1", "title": "t", "transactions": [],
        "accounts": { "a": { "count": 600, "key": true }, "b": { "count": 401, "key": true } } }"#;
    let problems = parse(many).map(|_| ()).expect_err("too many");
    assert_eq!(
        problems[0].to_string(),
        "accounts.b.key: expected at most 1000 accounts with keys in all, found 1001"
    );
    let both = r#"{ "format": "evm-lanes/1", "title": "t", "transactions": [], "accounts": {
        "a": { "key": true, "address": "0x00000000000000000000000000000000000000aa" } } }"#;
    assert_eq!(parse(both).map(|_| ()).expect_err("two addresses")[0].path, "accounts.a.key");
}

#[test]
fn contracts_that_the_block_creates_have_names() {
    let text = r#"{ "format": "evm-lanes/1", "title": "t", "accounts": { "alice": {} },
        "contracts": {
            "factory": { "catalogue": "uniswap-v2/UniswapV2Factory", "args": ["alice"] },
            "usd": { "bytecode": "0x600160005500" }, "gold": { "bytecode": "0x600160005500" } },
        "transactions": [
            { "from": "alice", "to": "factory", "call": "createPair", "args": ["usd", "gold"], "gas": 5000000 },
            { "from": "alice", "data": "0x6001600055600160005360016000f3" } ] }"#;
    let PreparedScenario { block, mut names } =
        parse(text).and_then(|parsed| scenario(&parsed, &catalogue())).expect("a scenario");
    let (receipts, state) = evm::execute_block(&block);
    assert!(receipts.iter().all(|receipt| receipt.status.is_success()), "{receipts:?}");
    let clues = evm::clues(&block, &CancelFlag::new());
    names.name_created(&clues.created, &block.pre_state, &catalogue());
    let created = |tx: usize| clues.created[tx].address;
    assert_eq!(clues.created.iter().map(|made| made.tx.index()).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(receipts[1].contract_address, Some(created(1)));
    let mut found: Vec<String> = [0, 1]
        .into_iter()
        .flat_map(|tx| state.accounts[&created(tx)].storage.keys().map(move |slot| (tx, *slot)))
        .map(|(tx, slot)| Location::Storage(created(tx), slot))
        .map(|location| location_names(&names, &[location], &clues.preimages).remove(0).name)
        .collect();
    found.sort();
    let of_pair = |variable: &str| found.contains(&format!("UniswapV2Pair (tx 0).{variable}"));
    assert!(of_pair("token0") && of_pair("token1") && of_pair("factory"), "{found:?}");
    assert!(found.contains(&"contract (tx 1) slot 0".to_owned()), "{found:?}");
}

#[test]
fn problems_with_calls_have_the_argument_and_what_is_expected() {
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
        "transactions[0].args: expected the arguments of transfer(address,uint256): address to, uint256 amount, found 1 argument",
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
fn nonces_continue_after_the_set_up_and_fees_have_defaults() {
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

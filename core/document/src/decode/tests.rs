use crate::parse;

/// A small document with `transactions` put in.
fn document(transactions: &str) -> String {
    format!(
        r#"{{
  "format": "evm-lanes/1",
  "title": "t",
  "accounts": {{ "alice": {{}}, "trader": {{ "count": 3 }} }},
  "contracts": {{ "usd": {{ "catalogue": "a/b" }}, "pool": {{ "bytecode": "0x00", "count": 2 }} }},
  "transactions": [{transactions}]
}}"#
    )
}

fn check(text: &str, expected: &[&str]) {
    let problems = parse(text).expect_err(text);
    let found: Vec<String> = problems
        .iter()
        .map(|p| {
            let at = p.position.expect("a position");
            format!("{}:{} {p}", at.line, at.column)
        })
        .collect();
    assert_eq!(found, expected, "{text}");
}

fn check_transaction(transaction: &str, expected: &str) {
    let problems = parse(&document(transaction)).expect_err(transaction);
    let found: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(found, [expected]);
}

#[test]
fn a_mistake_in_a_transaction_names_its_path_and_place() {
    check_transaction(
        r#"{ "from": "alice", "to": "0x0011" }"#,
        "transactions[0].to: expected 20 bytes, found 2 bytes",
    );
    check_transaction(
        r#"{ "from": "alise", "to": "alice" }"#,
        "transactions[0].from: expected a declared name (\"alice\"?), found \"alise\"",
    );
    check_transaction(
        r#"{ "form": "alice", "from": "alice", "to": "alice" }"#,
        "transactions[0].form: expected \"from\", found the unknown field \"form\"",
    );
    check_transaction(
        r#"{ "from": "trader[3]", "to": "alice" }"#,
        "transactions[0].from: expected an element from trader[0] to trader[2], found \"trader[3]\"",
    );
    check_transaction(
        r#"{ "from": "trader", "to": "alice" }"#,
        "transactions[0].from: expected an element from trader[0] to trader[2], found \"trader\"",
    );
    check_transaction(
        r#"{ "from": "trader[*]", "to": "alice" }"#,
        "transactions[0].from: expected one place ([*] is for \"setup\"; here { \"pick\": … } chooses), found \"trader[*]\"",
    );
    check_transaction(
        r#"{ "from": { "pick": "traders" }, "to": "alice" }"#,
        "transactions[0].from.pick: expected a declared name (\"trader\"?), found \"traders\"",
    );
    check_transaction(
        r#"{ "from": { "pick": "alice" }, "to": "alice" }"#,
        "transactions[0].from.pick: expected the name of a group (declared with \"count\"), found \"alice\"",
    );
    check_transaction(
        r#"{ "from": "alice", "to": "alice", "value": "1.5" }"#,
        "transactions[0].value: expected a whole number of wei, found \"1.5\"",
    );
    check_transaction(
        r#"{ "from": "alice", "to": "alice", "value": { "between": ["2", "1"] } }"#,
        "transactions[0].value.between: expected the lesser amount first, found 2 and 1",
    );
    check_transaction(
        r#"{ "from": "alice" }"#,
        "transactions[0]: expected \"to\", or \"data\" with the code to create, found neither",
    );
    check_transaction(
        r#"{ "from": "alice", "call": "f" }"#,
        "transactions[0]: expected \"to\" with the contract to call, found \"call\" without \"to\"",
    );
    check_transaction(
        r#"{ "from": "alice", "to": "usd", "call": "f", "args": [{ "pick": "trader", "by": "zipf", "skew": 1.2345 }] }"#,
        "transactions[0].args[0].skew: expected a number from 0 to 5 with at most three decimals, found 1.2345",
    );
    check_transaction(
        r#"{ "from": "alice", "to": "usd", "gas": 1e9 }"#,
        "transactions[0].gas: expected a whole number from 0 to 9007199254740992, found 1e9",
    );
    check_transaction(
        r#"{ "raw": "0x02f" }"#,
        "transactions[0].raw: expected an even number of digits, found 3",
    );
}

#[test]
fn several_mistakes_are_found_in_one_pass_in_order() {
    check(
        r#"{
  "format": "evm-lanes/1",
  "block": { "fork": "osakka", "gasLimit": -1 },
  "accounts": { "0x": {}, "bob": { "balance": "1 eth" } },
  "contracts": { "bob": {} },
  "transactions": [ { "from": "bob", "to": "bob", "args": [] } ],
  "lanes": 3
}"#,
        &[
            "1:1 expected \"title\", found nothing of that name",
            "3:22 block.fork: expected \"osaka\", found \"osakka\"",
            "3:44 block.gasLimit: expected a whole number from 1 to 9007199254740992, found -1",
            "4:17 accounts.0x: expected a name of letters, digits, `_` and `-`, beginning with a letter, at most 64 long, found \"0x\"",
            "4:47 accounts.bob.balance: expected an amount such as \"1.5 ether\", \"30 gwei\", \"1000e18\", or a whole number of wei, found \"1 eth\"",
            "5:18 contracts.bob: expected a name that nothing else has, found a second \"bob\"",
            "5:25 contracts.bob: expected \"catalogue\" or \"bytecode\", found neither",
            "6:59 transactions[0].args: expected \"call\" beside \"args\", found no \"call\"",
            "7:3 lanes: expected one of format, title, story, block, accounts, contracts, setup, transactions, seed, run, found the unknown field \"lanes\"",
        ],
    );
}

#[test]
fn other_versions_are_told_apart() {
    let newer =
        "a document of version 1 or earlier, found version 2: it was made by a newer version of EVM Lanes";
    check(r#"{"format": "evm-lanes/2", "what": 1}"#, &[&format!("1:12 format: expected {newer}")]);
    check(r#"{"format": "evm-lanes/0"}"#, &["1:12 format: expected \"evm-lanes/1\", found \"evm-lanes/0\""]);
    check(r#"{"title": ""}"#, &["1:1 expected \"format\": \"evm-lanes/1\", found nothing of that name"]);
    check("[]", &["1:1 expected an object with \"format\": \"evm-lanes/1\", found a list of 0"]);
}

#[test]
fn sizes_are_refused_before_anything_is_made() {
    let started = std::time::Instant::now();
    let repeat = |n: &str| format!(r#"{{ "repeat": {n}, "from": "alice", "to": "alice" }}"#);
    for n in ["1000000000", "100001", "99999999999999999999999999"] {
        let problems = parse(&document(&repeat(n))).expect_err("too many");
        assert!(problems.iter().any(|p| p.path == "transactions"), "{problems:?}");
    }
    let halves = format!("{}, {}", repeat("50000"), repeat("50001"));
    check(
        &document(&halves),
        &[
            "6:19 transactions: expected at most 100000 transactions in all, repetitions counted, found 100001",
        ],
    );
    assert!(parse(&document(&repeat("100000"))).is_ok());
    let accounts = document("").replace("\"count\": 3", "\"count\": 100000");
    check(
        &accounts,
        &["4:15 accounts: expected at most 100000 accounts in all, repetitions counted, found 100001"],
    );
    assert!(started.elapsed().as_secs() < 2);
}

#[test]
fn set_up_calls_expand_over_groups_of_one_size() {
    let with = |setup: &str| {
        document("").replace("\"transactions\"", &format!("\"setup\": [{setup}], \"transactions\""))
    };
    let ok = with(
        r#"{ "from": "trader[*]", "to": "usd", "call": "f", "args": [["trader[*]"]], "as": "made[*]" }"#,
    );
    let ok = ok.replace("[]\n", "[{ \"from\": \"alice\", \"to\": \"made[2]\" }]\n");
    assert!(parse(&ok).is_ok(), "{:?}", parse(&ok));
    check(
        &with(r#"{ "from": "trader[*]", "to": "pool[*]" }"#),
        &[
            "6:13 setup[0]: expected groups of the same size at every [*] of one call, found trader of 3 and pool of 2",
        ],
    );
    check(
        &with(r#"{ "from": "trader[*]", "to": "usd", "as": "made" }"#),
        &["6:55 setup[0].as: expected \"made[*]\": the call is made 3 times, found \"made\""],
    );
    check(
        &with(r#"{ "from": "only[*]", "to": "usd", "as": "made" }"#)
            .replace("\"trader\"", "\"only\": { \"count\": 1 }, \"trader\""),
        &["6:53 setup[0].as: expected \"made[*]\": the call is made for one index, found \"made\""],
    );
    check(
        &with(r#"{ "from": "alice", "to": "usd", "as": "alice" }"#),
        &["6:51 setup[0].as: expected a name that nothing else has, found a second \"alice\""],
    );
}

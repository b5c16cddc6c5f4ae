//! What each operation adds to a block access list (EIP-7928). Every row of docs/access-lists.md names a test of
//! this file; expected values are worked out by hand from the EIP's text.

#[path = "../support/assembler.rs"]
mod assembler;

use std::fmt::Write as _;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use evm_lanes_core::{
    access_list,
    cancel::CancelFlag,
    catalogue::Catalogue,
    drive::LoadedBlock,
    prepare::{
        self, Account, Authorization, BlockEnvironment, Fork, Origin, PreparedBlock, State, Transaction,
    },
    scenario,
};
use k256::ecdsa::SigningKey;
use serde_json::Value;

use assembler::{
    Part::{Addr, Num, Op, Raw},
    *,
};

const CALLS: [u8; 4] = [CALL, CALLCODE, DELEGATECALL, STATICCALL];

/// Gas of a PUSH.
const PUSH_GAS: u64 = 3;
const COLD_ACCOUNT: u64 = 2_600;
const COLD_SLOT: u64 = 2_100;
const WARM: u64 = 100;

const ALICE: Address = Address::repeat_byte(0xa1);
const BENEFICIARY: Address = Address::repeat_byte(0xbe);
/// The contract that transactions call.
const MAIN: Address = Address::repeat_byte(0xc0);
/// A contract that the first one calls.
const INNER: Address = Address::repeat_byte(0xc1);
/// An account that does not exist before the block.
const TARGET: Address = Address::repeat_byte(0x77);
const HEIR: Address = Address::repeat_byte(0x4e);
const SYSTEM: Address =
    Address::new(*b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe");

/// Gas that a call spends on its operands, before it pays for its target.
fn operands(opcode: u8) -> u64 {
    PUSH_GAS * if matches!(opcode, CALL | CALLCODE) { 7 } else { 6 }
}

fn child(init: &[u8]) -> Address {
    MAIN.create2_from_code(B256::ZERO, init)
}

fn account(balance: u64, nonce: u64, parts: &[Part], storage: &[(u64, u64)]) -> (Account, Vec<u8>) {
    let code = code(parts);
    let account = Account {
        balance: U256::from(balance),
        nonce,
        code_hash: (!code.is_empty()).then(|| keccak256(&code)),
        storage: storage.iter().map(|(slot, value)| (U256::from(*slot), U256::from(*value))).collect(),
    };
    (account, code)
}

/// A contract without balance.
fn contract(parts: &[Part]) -> (Account, Vec<u8>) {
    account(0, 1, parts, &[])
}

/// A transaction of Alice's, whose fee has no tip for the beneficiary.
fn tx(nonce: u64, to: Address) -> Transaction {
    Transaction {
        from: ALICE,
        to: Some(to),
        nonce,
        gas_limit: 1_000_000,
        max_fee_per_gas: 7,
        ..Transaction::default()
    }
}

fn block(accounts: &[(Address, (Account, Vec<u8>))], transactions: Vec<Transaction>) -> PreparedBlock {
    let mut state = State::default();
    state.accounts.insert(ALICE, account(1_000_000_000, 0, &[], &[]).0);
    for (address, (account, code)) in accounts {
        state.accounts.insert(*address, account.clone());
        if let Some(hash) = account.code_hash {
            state.codes.insert(hash, code.clone().into());
        }
    }
    let env = BlockEnvironment {
        chain_id: 1,
        fork: Fork::Osaka,
        number: 300,
        timestamp: 1_700_000_000,
        gas_limit: 100_000_000,
        base_fee: 7,
        beneficiary: BENEFICIARY,
        difficulty: U256::ZERO,
        prev_randao: Some(B256::repeat_byte(7)),
        excess_blob_gas: Some(0),
        blob_base_fee_update_fraction: None,
        block_hashes: [(299, B256::repeat_byte(9))].into(),
        system_calls: Vec::new(),
    };
    let labels = vec![String::new(); transactions.len()];
    PreparedBlock { env, pre_state: state, transactions, labels, origin: Origin::Scenario }
}

/// An account's entry: `storage 1@2=9` for a slot's change by the second transaction, `reads`, `balance @1=5`,
/// `nonce`, `code`; `-` if it has neither changes nor slots that were read, `absent` if it is not in the list.
fn entry(loaded: &LoadedBlock, address: Address) -> String {
    let list = loaded.access_list(&CancelFlag::new()).expect("nobody cancels");
    assert_eq!(access_list::disorder(list, loaded.transactions()), None);
    let Some(account) = list.iter().find(|account| account.address == address) else {
        return "absent".to_owned();
    };
    let mut parts = Vec::new();
    for slot in &account.storage_changes {
        for change in &slot.changes {
            parts.push(format!("storage {}@{}={}", slot.slot, change.block_access_index.0, change.new_value));
        }
    }
    if !account.storage_reads.is_empty() {
        let mut reads = "reads".to_owned();
        account.storage_reads.iter().for_each(|slot| write!(reads, " {slot}").expect("a string takes all"));
        parts.push(reads);
    }
    parts.extend(
        account
            .balance_changes
            .iter()
            .map(|c| format!("balance @{}={}", c.block_access_index.0, c.post_balance)),
    );
    parts.extend(
        account.nonce_changes.iter().map(|c| format!("nonce @{}={}", c.block_access_index.0, c.new_nonce)),
    );
    parts.extend(
        account.code_changes.iter().map(|c| format!("code @{}={}", c.block_access_index.0, c.new_code)),
    );
    if parts.is_empty() { "-".to_owned() } else { parts.join(", ") }
}

/// Compares the entries of some accounts.
#[track_caller]
fn check(what: &str, block: &PreparedBlock, expected: &[(Address, &str)]) {
    let loaded = LoadedBlock::new(block);
    for (address, entry_of_it) in expected {
        assert_eq!(entry(&loaded, *address), *entry_of_it, "{what}: {address}");
    }
}

/// One transaction calls a contract made of `parts`.
#[track_caller]
fn check_program(what: &str, parts: &[Part], expected: &[(Address, &str)]) {
    check(what, &block(&[(MAIN, contract(parts))], vec![tx(0, MAIN)]), expected);
}

/// One transaction makes a contract call [`INNER`], made of `parts`, with that much gas.
#[track_caller]
fn check_with_gas(what: &str, gas: u64, parts: &[Part], expected: &[(Address, &str)]) {
    let accounts = [(MAIN, contract(&[call(CALL, INNER, 0, gas)])), (INNER, account(10, 1, parts, &[]))];
    check(&format!("{what}, {gas} gas"), &block(&accounts, vec![tx(0, MAIN)]), expected);
}

#[test]
fn a_slot_is_a_change_if_it_ends_different_and_a_read_otherwise() {
    let parts =
        [sload(1), sstore(2, 7), sstore(3, 9), sstore(4, 0), sstore(5, 6), sstore(5, 8), sstore(6, 0)];
    let storage = [(2, 7), (4, 8), (5, 8)];
    let block = block(&[(MAIN, account(0, 1, &parts, &storage))], vec![tx(0, MAIN)]);
    check("one transaction", &block, &[(MAIN, "storage 3@1=9, storage 4@1=0, reads 1 2 5 6")]);
}

#[test]
fn a_write_of_what_an_earlier_transaction_left_is_no_change() {
    let parts = [Num(0), Op(CALLDATALOAD), Num(1), Op(SSTORE)];
    let write = |nonce, value: u64| Transaction {
        input: Bytes::copy_from_slice(&U256::from(value).to_be_bytes::<32>()),
        ..tx(nonce, MAIN)
    };
    let block = block(&[(MAIN, contract(&parts))], vec![write(0, 66), write(1, 66), write(2, 0)]);
    check("66, 66, 0", &block, &[(MAIN, "storage 1@1=66, storage 1@3=0")]);
}

#[test]
fn writes_of_a_call_that_failed_are_reads() {
    for end in [revert(), Op(INVALID)] {
        let parts = [sload(1), sstore(2, 5), call(CALL, TARGET, 0, 0), end];
        check_program("the whole transaction", &parts, &[(MAIN, "reads 1 2"), (TARGET, "-")]);
        check_with_gas("a call", 100_000, &parts, &[(INNER, "reads 1 2"), (TARGET, "-"), (MAIN, "-")]);
    }
    // The inner call succeeds, the outer one fails.
    let accounts = [
        (MAIN, contract(&[call(CALL, INNER, 0, 100_000), revert()])),
        (INNER, account(0, 1, &[sload(1), sstore(2, 5)], &[])),
    ];
    check("outer", &block(&accounts, vec![tx(0, MAIN)]), &[(INNER, "reads 1 2"), (MAIN, "-")]);
}

#[test]
fn an_account_that_is_inspected_or_called_is_listed() {
    let target = |i: u8| Address::with_last_byte(0x70 + i);
    for end in [Op(STOP), revert(), Op(INVALID)] {
        let mut parts = Vec::new();
        for (i, opcode) in [BALANCE, EXTCODESIZE, EXTCODEHASH].into_iter().enumerate() {
            parts.extend([Addr(target(i as u8)), Op(opcode), Op(POP)]);
        }
        parts.extend([Num(0), Num(0), Num(0), Addr(target(3)), Op(EXTCODECOPY)]);
        parts.extend(CALLS.iter().enumerate().map(|(i, opcode)| call(*opcode, target(4 + i as u8), 0, 0)));
        parts.push(end);
        let expected: Vec<(Address, &str)> = (0..8).map(|i| (target(i), "-")).collect();
        check_program("eight operations", &parts, &expected);
    }
}

#[test]
fn an_account_without_gas_for_the_access_is_not_listed() {
    for opcode in [BALANCE, EXTCODESIZE, EXTCODEHASH] {
        let parts = [Addr(TARGET), Op(opcode), Op(POP)];
        let enough = PUSH_GAS + COLD_ACCOUNT;
        check_with_gas(&format!("{opcode:#x}"), enough - 1, &parts, &[(TARGET, "absent")]);
        check_with_gas(&format!("{opcode:#x}"), enough, &parts, &[(TARGET, "-")]);
    }
    let copy = [Num(0), Num(0), Num(0), Addr(TARGET), Op(EXTCODECOPY)];
    check_with_gas("EXTCODECOPY", 4 * PUSH_GAS + COLD_ACCOUNT - 1, &copy, &[(TARGET, "absent")]);
    check_with_gas("EXTCODECOPY", 4 * PUSH_GAS + COLD_ACCOUNT, &copy, &[(TARGET, "-")]);
    // The price of one word of memory and of copying it comes first.
    let copy = [Num(32), Num(0), Num(0), Addr(TARGET), Op(EXTCODECOPY)];
    check_with_gas("EXTCODECOPY of a word", 4 * PUSH_GAS + COLD_ACCOUNT + 5, &copy, &[(TARGET, "absent")]);
    check_with_gas("EXTCODECOPY of a word", 4 * PUSH_GAS + COLD_ACCOUNT + 6, &copy, &[(TARGET, "-")]);
    for opcode in CALLS {
        let parts = [call(opcode, TARGET, 0, 0)];
        let enough = operands(opcode) + COLD_ACCOUNT;
        check_with_gas(&format!("{opcode:#x}"), enough - 1, &parts, &[(TARGET, "absent")]);
        check_with_gas(&format!("{opcode:#x}"), enough, &parts, &[(TARGET, "-")]);
    }
    // The price of a payment comes before the access, the price of a new account after it.
    let parts = [call(CALL, TARGET, 1, 0)];
    let enough = operands(CALL) + 9_000 + COLD_ACCOUNT;
    check_with_gas("a payment", enough - 1, &parts, &[(TARGET, "absent"), (INNER, "-")]);
    check_with_gas("a payment", enough, &parts, &[(TARGET, "-"), (INNER, "-")]);
    let enough = enough + 25_000;
    check_with_gas("a payment", enough, &parts, &[(TARGET, "balance @1=1"), (INNER, "balance @1=9")]);
}

#[test]
fn a_slot_without_gas_for_the_access_is_not_listed() {
    check_with_gas("SLOAD", PUSH_GAS + COLD_SLOT - 1, &[sload(5)], &[(INNER, "-")]);
    check_with_gas("SLOAD", PUSH_GAS + COLD_SLOT, &[sload(5)], &[(INNER, "reads 5")]);
    // EIP-2200: more than 2,300 gas must be left.
    check_with_gas("SSTORE", 2 * PUSH_GAS + 2_300, &[sstore(5, 1)], &[(INNER, "-")]);
    check_with_gas("SSTORE", 2 * PUSH_GAS + 2_301, &[sstore(5, 1)], &[(INNER, "reads 5")]);
    let whole = 2 * PUSH_GAS + COLD_SLOT + 20_000;
    check_with_gas("SSTORE", whole - 1, &[sstore(5, 1)], &[(INNER, "reads 5")]);
    check_with_gas("SSTORE", whole, &[sstore(5, 1)], &[(INNER, "storage 5@1=1")]);
    let accounts =
        [(MAIN, contract(&[call(STATICCALL, INNER, 0, 100_000)])), (INNER, contract(&[sstore(5, 1)]))];
    check("SSTORE in a static call", &block(&accounts, vec![tx(0, MAIN)]), &[(INNER, "-")]);
}

#[test]
fn a_call_with_too_much_value_accesses_its_target() {
    for opcode in [CALL, CALLCODE] {
        let parts = [call(opcode, TARGET, 1, 0)];
        check_program(&format!("{opcode:#x}"), &parts, &[(TARGET, "-"), (MAIN, "-")]);
    }
    // A payment in a static call fails before it accesses its target.
    let accounts = [
        (MAIN, contract(&[call(STATICCALL, INNER, 0, 100_000)])),
        (INNER, account(5, 1, &[call(CALL, TARGET, 1, 0)], &[])),
    ];
    check("in a static call", &block(&accounts, vec![tx(0, MAIN)]), &[(TARGET, "absent"), (INNER, "-")]);
}

#[test]
fn delegated_code_accesses_the_callers_slots() {
    for opcode in [DELEGATECALL, CALLCODE] {
        let accounts = [
            (MAIN, contract(&[call(opcode, INNER, 0, 100_000)])),
            (INNER, contract(&[sload(1), sstore(2, 5)])),
        ];
        let expected = [(MAIN, "storage 2@1=5, reads 1"), (INNER, "-")];
        check(&format!("{opcode:#x}"), &block(&accounts, vec![tx(0, MAIN)]), &expected);
    }
}

/// Reads slot 9, changes slot 1, leaves slot 2 as it is, and becomes one byte of code.
fn constructor() -> Vec<u8> {
    code(&[sload(9), sstore(1, 5), sstore(2, 0), Num(1), Num(0), Op(RETURN)])
}

#[test]
fn slots_of_a_new_contract_are_listed_like_any_others() {
    let init = constructor();
    let new = "storage 1@1=5, reads 2 9, nonce @1=1, code @1=0x00";
    let block_of = |opcode| block(&[(MAIN, contract(&[create(opcode, &init, 0)]))], vec![tx(0, MAIN)]);
    check("CREATE2", &block_of(CREATE2), &[(child(&init), new), (MAIN, "nonce @1=2")]);
    check("CREATE", &block_of(CREATE), &[(MAIN.create(1), new), (MAIN, "nonce @1=2")]);
    let creation = Transaction { to: None, input: init.into(), ..tx(0, ALICE) };
    check("a transaction", &block(&[], vec![creation]), &[(ALICE.create(0), new)]);
    // The next call in the same transaction reads one more of its slots.
    let init = code(&[
        Raw(vec![0x63]),
        Raw(code(&[Num(3), Op(SLOAD), Op(STOP)])),
        Num(0),
        Op(MSTORE),
        Num(4),
        Num(28),
        Op(RETURN),
    ]);
    let parts = [create(CREATE2, &init, 0), call(CALL, child(&init), 0, 100_000)];
    check_program("called at once", &parts, &[(child(&init), "reads 3, nonce @1=1, code @1=0x60035400")]);
}

#[test]
fn the_address_of_a_creation_is_listed_once_it_is_accessed() {
    let init = constructor();
    // A creator that cannot pay the endowment, or has no next nonce, does not access the address.
    check_program("no money", &[create(CREATE2, &init, 1)], &[(child(&init), "absent"), (MAIN, "-")]);
    let full = account(0, u64::MAX, &[create(CREATE2, &init, 0)], &[]);
    check("no nonce", &block(&[(MAIN, full)], vec![tx(0, MAIN)]), &[(child(&init), "absent"), (MAIN, "-")]);
    // The address is taken.
    let accounts = [(MAIN, contract(&[create(CREATE2, &init, 0)])), (child(&init), contract(&[Op(STOP)]))];
    check("taken", &block(&accounts, vec![tx(0, MAIN)]), &[(child(&init), "-"), (MAIN, "nonce @1=2")]);
    // The constructor fails.
    for end in [revert(), Op(INVALID)] {
        let init = code(&[sload(9), sstore(1, 5), end]);
        let expected = [(child(&init), "reads 1 9"), (MAIN, "nonce @1=2")];
        check_program("failed", &[create(CREATE2, &init, 0)], &expected);
        let creation = Transaction { to: None, input: init.into(), ..tx(0, ALICE) };
        check("a failed transaction", &block(&[], vec![creation]), &[(ALICE.create(0), "reads 1 9")]);
    }
    // The price of CREATE2: 32,000, memory and hashing; its operands come before.
    let price = 32_000 + 2 + 6;
    let main = |gas| {
        [(MAIN, contract(&[call(CALL, INNER, 0, gas)])), (INNER, contract(&[create(CREATE2, &[STOP], 0)]))]
    };
    let made = INNER.create2_from_code(B256::ZERO, [STOP]);
    let before = 7 * PUSH_GAS + 3;
    check("gas", &block(&main(before + price - 1), vec![tx(0, MAIN)]), &[(made, "absent")]);
    // The exact price is revm's and not tested here, so this is far more than enough.
    check("gas", &block(&main(before + price + 10_000), vec![tx(0, MAIN)]), &[(made, "nonce @1=1")]);
}

#[test]
fn a_contract_created_and_destroyed_in_one_transaction_has_reads_only() {
    let init = code(&[sload(9), sstore(1, 5), Addr(HEIR), Op(SELFDESTRUCT)]);
    let (main, there) = (contract(&[create(CREATE2, &init, 0)]), account(3, 0, &[], &[]));
    let expected = [(child(&init), "reads 1 9, balance @1=0"), (HEIR, "balance @1=3"), (MAIN, "nonce @1=2")];
    check("funded", &block(&[(MAIN, main), (child(&init), there)], vec![tx(0, MAIN)]), &expected);
    // Without a balance before the transaction, the balance does not change, even if it was endowed in between.
    check_program(
        "not funded",
        &[create(CREATE2, &init, 0)],
        &[(child(&init), "reads 1 9"), (HEIR, "-"), (MAIN, "nonce @1=2")],
    );
    let rich = account(5, 1, &[create(CREATE2, &init, 4)], &[]);
    let expected = [(child(&init), "reads 1 9"), (HEIR, "balance @1=4"), (MAIN, "balance @1=1, nonce @1=2")];
    check("endowed", &block(&[(MAIN, rich)], vec![tx(0, MAIN)]), &expected);
    // To itself: its balance is burnt.
    let init = code(&[sstore(1, 5), Op(0x30), Op(SELFDESTRUCT)]);
    let (main, there) = (contract(&[create(CREATE2, &init, 0)]), account(3, 0, &[], &[]));
    let expected = [(child(&init), "reads 1, balance @1=0")];
    check("to itself", &block(&[(MAIN, main), (child(&init), there)], vec![tx(0, MAIN)]), &expected);
}

#[test]
fn an_old_contract_that_destroys_itself_keeps_all_but_its_balance() {
    let parts = [sload(1), sstore(2, 5), Addr(HEIR), Op(SELFDESTRUCT)];
    let run = |balance, parts: &[Part]| block(&[(MAIN, account(balance, 1, parts, &[]))], vec![tx(0, MAIN)]);
    let expected = [(MAIN, "storage 2@1=5, reads 1, balance @1=0"), (HEIR, "balance @1=6")];
    check("to an heir", &run(6, &parts), &expected);
    check("nothing to leave", &run(0, &parts), &[(MAIN, "storage 2@1=5, reads 1"), (HEIR, "-")]);
    check("to itself", &run(6, &[Op(0x30), Op(SELFDESTRUCT)]), &[(MAIN, "-")]);
    let parts = [Addr(HEIR), Op(SELFDESTRUCT)];
    let enough = PUSH_GAS + 5_000 + COLD_ACCOUNT;
    check_with_gas("SELFDESTRUCT", enough - 1, &parts, &[(HEIR, "absent"), (INNER, "-")]);
    // The price of a new account comes after the access.
    check_with_gas("SELFDESTRUCT", enough, &parts, &[(HEIR, "-"), (INNER, "-")]);
    check_with_gas(
        "SELFDESTRUCT",
        enough + 25_000,
        &parts,
        &[(HEIR, "balance @1=10"), (INNER, "balance @1=0")],
    );
    let accounts = [
        (MAIN, contract(&[call(CALL, INNER, 0, 100_000), revert()])),
        (INNER, account(4, 1, &[Addr(HEIR), Op(SELFDESTRUCT)], &[])),
    ];
    check("reverted", &block(&accounts, vec![tx(0, MAIN)]), &[(HEIR, "-"), (INNER, "-")]);
}

#[test]
fn a_precompile_is_listed_when_it_is_called() {
    let identity = Address::with_last_byte(4);
    for opcode in CALLS {
        let parts = [call(opcode, identity, 0, 1_000)];
        let expected = [(identity, "-"), (Address::with_last_byte(1), "absent")];
        check_program(&format!("{opcode:#x}"), &parts, &expected);
    }
    let paid = Transaction { value: U256::from(7), ..tx(0, identity) };
    check("paid", &block(&[], vec![paid]), &[(identity, "balance @1=7")]);
    check("not paid", &block(&[], vec![tx(0, identity)]), &[(identity, "-")]);
}

#[test]
fn what_a_transaction_only_declares_is_not_listed() {
    let declared = |access_list| Transaction { kind: 1, chain_id: Some(1), access_list, ..tx(0, MAIN) };
    let slot = |n| B256::with_last_byte(n);
    let list = vec![(TARGET, vec![slot(7)]), (MAIN, vec![slot(1), slot(2)])];
    let block_of = |parts: &[Part]| block(&[(MAIN, contract(parts))], vec![declared(list.clone())]);
    check("nothing is done", &block_of(&[Op(STOP)]), &[(TARGET, "absent"), (MAIN, "-")]);
    let some = [sload(1), sstore(3, 5), Addr(TARGET), Op(BALANCE)];
    check("some of it", &block_of(&some), &[(TARGET, "-"), (MAIN, "storage 3@1=5, reads 1")]);
    // A warm account without gas for the access is not listed.
    for (gas, expected) in [(PUSH_GAS + WARM - 1, "absent"), (PUSH_GAS + WARM, "-")] {
        let accounts = [
            (MAIN, contract(&[call(CALL, INNER, 0, gas)])),
            (INNER, contract(&[Addr(TARGET), Op(BALANCE), Op(POP)])),
        ];
        check("warm", &block(&accounts, vec![declared(list.clone())]), &[(TARGET, expected)]);
    }
}

fn signer(i: u8) -> (SigningKey, Address) {
    let key =
        SigningKey::from_slice(&B256::left_padding_from(&[0x51, i]).0).expect("a small number is a key");
    let address = Address::from_private_key(&key);
    (key, address)
}

/// An authorisation of [`signer`]`(i)` for code at `address`.
fn authorization(i: u8, chain_id: u8, address: Address, nonce: u8) -> Authorization {
    let small = |number: u8| if number == 0 { 0x80 } else { number };
    let message = [&[5, 0xd7, small(chain_id), 0x94][..], address.as_slice(), &[small(nonce)]].concat();
    let signed = signer(i).0.sign_prehash_recoverable(keccak256(message).as_slice());
    let (signature, recovery) = signed.expect("a hash can be signed");
    let (r, s) = signature.split_bytes();
    Authorization {
        chain_id: U256::from(chain_id),
        address,
        nonce: nonce.into(),
        y_parity: recovery.to_byte(),
        r: U256::from_be_slice(&r),
        s: U256::from_be_slice(&s),
    }
}

fn delegating(to: Address, authorizations: Vec<Authorization>) -> Transaction {
    let priority = Some(0);
    Transaction {
        kind: 4,
        chain_id: Some(1),
        max_priority_fee_per_gas: priority,
        authorizations,
        ..tx(0, to)
    }
}

fn delegated(to: Address) -> Vec<u8> {
    [&[0xef, 0x01, 0x00][..], to.as_slice()].concat()
}

#[test]
fn an_authority_is_listed_once_it_is_accessed_and_its_delegate_once_it_runs() {
    let (one, two, three, four) = (signer(1).1, signer(2).1, signer(3).1, signer(4).1);
    let given = vec![
        authorization(1, 1, INNER, 0),
        // A wrong nonce: accessed. Another chain: not accessed.
        authorization(2, 1, INNER, 5),
        authorization(3, 2, INNER, 0),
        // It has code of its own: accessed.
        authorization(4, 1, INNER, 0),
    ];
    let accounts = [(INNER, contract(&[sload(1)])), (four, account(0, 0, &[Op(STOP)], &[]))];
    let code_of_one = format!("nonce @1=1, code @1={}", Bytes::from(delegated(INNER)));
    check(
        "four authorisations",
        &block(&accounts, vec![delegating(TARGET, given)]),
        &[(one, &code_of_one), (two, "-"), (three, "absent"), (four, "-"), (INNER, "absent"), (TARGET, "-")],
    );
    // Set and taken back in one transaction.
    let given = vec![authorization(1, 1, INNER, 0), authorization(1, 1, Address::ZERO, 1)];
    let expected = [(one, "nonce @1=2"), (INNER, "absent"), (Address::ZERO, "absent")];
    check("set and taken back", &block(&[], vec![delegating(TARGET, given)]), &expected);
    // The transaction itself runs the delegate.
    let code = format!("reads 1, nonce @1=1, code @1={}", Bytes::from(delegated(INNER)));
    let block = block(&accounts, vec![delegating(one, vec![authorization(1, 1, INNER, 0)])]);
    check("run at once", &block, &[(one, &code), (INNER, "-")]);
}

#[test]
fn a_call_of_a_delegated_account_accesses_the_delegate_if_it_can_pay_for_it() {
    let there = |accounts: &mut Vec<(Address, (Account, Vec<u8>))>| {
        accounts.push((TARGET, account(0, 1, &[Raw(delegated(HEIR))], &[])));
        accounts.push((HEIR, contract(&[sload(1)])));
    };
    let mut accounts = Vec::new();
    there(&mut accounts);
    let expected = [(TARGET, "reads 1"), (HEIR, "-")];
    check("a transaction", &block(&accounts, vec![tx(0, TARGET)]), &expected);
    for opcode in CALLS {
        // Operands, the target with its code, the delegate.
        let enough = operands(opcode) + COLD_ACCOUNT + COLD_ACCOUNT;
        let seen = [
            (enough - 1, "-", "absent"),
            (operands(opcode) + COLD_ACCOUNT - 1, "absent", "absent"),
            (enough, "-", "-"),
        ];
        for (gas, target, delegate) in seen {
            let mut accounts = vec![
                (MAIN, contract(&[call(CALL, INNER, 0, gas)])),
                (INNER, contract(&[call(opcode, TARGET, 0, 0)])),
            ];
            there(&mut accounts);
            let block = block(&accounts, vec![tx(0, MAIN)]);
            check(&format!("{opcode:#x}, {gas} gas"), &block, &[(TARGET, target), (HEIR, delegate)]);
        }
    }
    // Also if the call then fails because its sender cannot pay the value.
    let mut accounts = vec![(MAIN, contract(&[call(CALL, TARGET, 1, 0)]))];
    there(&mut accounts);
    check("no money", &block(&accounts, vec![tx(0, MAIN)]), &[(TARGET, "-"), (HEIR, "-")]);
}

#[test]
fn the_beneficiary_is_listed_with_every_fee_also_of_zero() {
    check("no tip", &block(&[], vec![tx(0, TARGET)]), &[(BENEFICIARY, "-")]);
    let tip = Transaction { max_fee_per_gas: 9, ..tx(0, TARGET) };
    check("a tip", &block(&[], vec![tip]), &[(BENEFICIARY, "balance @1=42000")]);
    check("an empty block", &block(&[], Vec::new()), &[(BENEFICIARY, "absent")]);
    let refused = Transaction { nonce: 5, ..tx(0, TARGET) };
    let nobody = [(BENEFICIARY, "absent"), (ALICE, "absent"), (TARGET, "absent")];
    check("only a refused transaction", &block(&[], vec![refused]), &nobody);
}

#[test]
fn a_balance_that_ends_as_it_began_is_no_change() {
    let back = [Num(0), Num(0), Num(0), Num(0), Op(0x34), Addr(HEIR), Num(0), Op(CALL)];
    let paid = Transaction { value: U256::from(5), ..tx(0, MAIN) };
    check(
        "passed on",
        &block(&[(MAIN, contract(&back))], vec![paid]),
        &[(MAIN, "-"), (HEIR, "balance @1=5")],
    );
    let to_itself = Transaction { value: U256::from(5), ..tx(0, ALICE) };
    check("to itself", &block(&[], vec![to_itself]), &[(ALICE, "balance @1=999853000, nonce @1=1")]);
    check("of nothing", &block(&[], vec![tx(0, TARGET)]), &[(TARGET, "-")]);
}

#[test]
fn the_system_address_is_listed_if_a_transaction_accesses_it() {
    check_program("not", &[Op(STOP)], &[(SYSTEM, "absent")]);
    check_program("accessed", &[Addr(SYSTEM), Op(BALANCE)], &[(SYSTEM, "-")]);
}

/// Compares the access list of a scenario with expected values.
fn check_case(scenario: &str, expected: &str) -> LoadedBlock {
    let document = scenario::parse(scenario).expect("a document");
    let prepared = prepare::scenario(&document, &Catalogue::default()).expect("it can be prepared");
    let loaded = LoadedBlock::new(&prepared.block);
    let expected: Value = serde_json::from_str(expected).expect("JSON");
    let address = |text: &str| text.parse::<Address>().expect("an address");
    let number = |value: &Value| value.as_u64().expect("a number");
    for (account, wanted) in expected["bal"].as_object().expect("accounts") {
        let list = loaded.access_list(&CancelFlag::new()).expect("nobody cancels");
        let found = list.iter().find(|entry| entry.address == address(account));
        let found = found.unwrap_or_else(|| panic!("{account} is not listed"));
        let changes = |name: &str| {
            let changes = wanted[name].as_object().into_iter().flatten();
            let mut changes: Vec<(u64, String)> = changes
                .map(|(at, value)| {
                    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    (at.parse().expect("an index"), value)
                })
                .collect();
            changes.sort();
            changes
        };
        let balances =
            found.balance_changes.iter().map(|c| (c.block_access_index.0, c.post_balance.to_string()));
        assert_eq!(balances.collect::<Vec<_>>(), changes("balance"), "{account}");
        let nonces = found.nonce_changes.iter().map(|c| (c.block_access_index.0, c.new_nonce.to_string()));
        assert_eq!(nonces.collect::<Vec<_>>(), changes("nonce"), "{account}");
        let codes = found.code_changes.iter().map(|c| (c.block_access_index.0, c.new_code.to_string()));
        assert_eq!(codes.collect::<Vec<_>>(), changes("code"), "{account}");
        let reads: Vec<U256> =
            wanted["reads"].as_array().into_iter().flatten().map(|r| U256::from(number(r))).collect();
        assert_eq!(found.storage_reads, reads, "{account}");
        let mut slots: Vec<(U256, u64, U256)> = Vec::new();
        for (slot, changes) in wanted["storage"].as_object().into_iter().flatten() {
            for (at, value) in changes.as_object().into_iter().flatten() {
                let slot = slot.parse().expect("a slot");
                slots.push((slot, at.parse().expect("an index"), U256::from(number(value))));
            }
        }
        slots.sort();
        let listed = found.storage_changes.iter().flat_map(|slot| {
            slot.changes.iter().map(|change| (slot.slot, change.block_access_index.0, change.new_value))
        });
        assert_eq!(listed.collect::<Vec<_>>(), slots, "{account}");
    }
    for account in expected["absent"].as_array().into_iter().flatten() {
        assert_eq!(entry(&loaded, address(account.as_str().expect("text"))), "absent", "{account}");
    }
    loaded
}

#[test]
fn a_reverted_selfdestruct_leaves_what_was_written_before() {
    check_case(include_str!("reverted-selfdestruct.json"), include_str!("reverted-selfdestruct.expect.json"));
}

#[test]
fn the_list_of_a_contract_that_is_created_and_destroyed_twice_is_right_to_the_last_byte() {
    let loaded = check_case(
        include_str!("created-and-destroyed.json"),
        include_str!("created-and-destroyed.expect.json"),
    );
    let right = access_list::parse(include_bytes!("created-and-destroyed.list.json")).expect("a list");
    let list = loaded.access_list(&CancelFlag::new()).expect("nobody cancels");
    assert_eq!(access_list::compare(&right, list, loaded.transactions()), []);
    assert_eq!(access_list::to_rlp(&right), access_list::to_rlp(list));
}

#[test]
fn no_ops_reverts_and_running_out_of_gas_give_different_lists() {
    check_case(
        include_str!("no-op-revert-out-of-gas.json"),
        include_str!("no-op-revert-out-of-gas.expect.json"),
    );
}

//! Blocks on a state that is read from a source: the same result, on no more than what they touch.

use std::cell::Cell;

use alloy_primitives::{Address, B256, Bytes, U256, hex, keccak256};
use evm::{
    BlockBuilder,
    block::{Account, PreparedBlock, State, Transaction},
    lanes::strategies::StrategyId,
    source::{FromDatabase, FromFunctions, StateSource},
};

const COUNTER: Address = Address::repeat_byte(0xc0);
const ALICE: Address = Address::repeat_byte(0xa1);
const BOB: Address = Address::repeat_byte(0xb0);

/// Counts up the slot that its caller names.
fn counter() -> Bytes {
    Bytes::from(hex!("5f3580546001019055").to_vec())
}

/// A state with far more than any block needs.
fn state() -> State {
    let mut state = State::default();
    let code_hash = keccak256(counter());
    let storage = (0..1_000).map(|slot| (U256::from(slot), U256::from(slot + 7))).collect();
    state.codes.insert(code_hash, counter());
    state.accounts.insert(COUNTER, Account { code_hash: Some(code_hash), storage, ..Account::default() });
    for i in 100..1_100_u64 {
        let address = Address::left_padding_from(&i.to_be_bytes());
        state.accounts.insert(address, Account { nonce: i, ..Account::default() });
    }
    for sender in [ALICE, BOB] {
        let balance = U256::from(u64::MAX);
        state.accounts.insert(sender, Account { balance, ..Account::default() });
    }
    state
}

fn calls() -> BlockBuilder {
    let call = |from, nonce, slot: u64| Transaction {
        from,
        to: Some(COUNTER),
        input: B256::from(U256::from(slot)).into(),
        nonce,
        gas_limit: 100_000,
        ..Transaction::default()
    };
    let pay = |from, to, nonce| Transaction {
        from,
        to: Some(to),
        value: U256::ONE,
        nonce,
        gas_limit: 21_000,
        ..Transaction::default()
    };
    BlockBuilder::new()
        .transaction(call(ALICE, 0, 3))
        .transaction(call(BOB, 0, 3))
        .transaction(call(ALICE, 1, 999))
        .transaction(pay(BOB, Address::repeat_byte(0xff), 1))
        .labelled(call(ALICE, 2, 5_000), "a slot that was never set")
}

/// Runs the block by every strategy; the counter's storage afterwards.
fn counted(block: &PreparedBlock) -> Vec<(U256, U256)> {
    let (receipts, post) = evm::execute_block(block);
    assert!(receipts.iter().all(|receipt| receipt.status.is_success()), "{receipts:?}");
    for strategy in StrategyId::ALL {
        let run = evm::run_block(block, strategy, 2).expect("the run ends");
        assert_eq!(run.receipts, receipts, "{strategy:?}");
        assert_eq!(run.post_state, post, "{strategy:?}");
    }
    let mut counted: Vec<_> =
        post.accounts[&COUNTER].storage.iter().map(|(slot, value)| (*slot, *value)).collect();
    counted.sort_unstable();
    counted
}

fn expected() -> Vec<(U256, U256)> {
    [(3, 12), (999, 1_007), (5_000, 1)].map(|(slot, value)| (U256::from(slot), U256::from(value))).into()
}

#[test]
fn a_block_takes_from_its_source_what_it_touches() {
    let block = calls().build_on(&state()).expect("a state always answers");
    assert_eq!(block.pre_state.accounts.len(), 3, "counter, senders; the others do not exist");
    assert_eq!(block.pre_state.accounts[&COUNTER].storage.len(), 2);
    assert_eq!(block.labels[4], "a slot that was never set");
    assert_eq!(counted(&block), expected());
}

#[test]
fn functions_are_a_source_and_their_errors_come_back() {
    let state = state();
    let asked = Cell::new(0);
    let source = |most: u32| {
        let (state, asked) = (&state, &asked);
        asked.set(0);
        let slot = move |address: Address, slot: U256| {
            asked.set(asked.get() + 1);
            if asked.get() > most {
                return Err(format!("slot {slot} cannot be read"));
            }
            Ok(state.slot(address, slot).unwrap_or_default())
        };
        let account = |address| state.account(address).map_err(|_| String::new());
        let code = |hash| state.code(hash).map_err(|_| String::new());
        FromFunctions { account, code, slot }
    };
    let block = calls().build_on(&source(10)).expect("few slots are asked for");
    assert_eq!(asked.get(), 3, "each slot once");
    assert_eq!(counted(&block), expected());
    assert_eq!(calls().build_on(&source(1)).err().as_deref(), Some("slot 999 cannot be read"));
}

#[test]
fn a_database_of_revm_is_a_source() {
    use revm::{
        bytecode::Bytecode,
        database_interface::{DatabaseRef, EmptyDB},
        state::AccountInfo,
    };

    /// One account with the counter's code and a slot, and an empty world.
    struct Database(EmptyDB);

    impl DatabaseRef for Database {
        type Error = <EmptyDB as DatabaseRef>::Error;

        fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, Self::Error> {
            if address == COUNTER {
                return Ok(Some(AccountInfo::default().with_code(Bytecode::new_raw(counter()))));
            }
            let balance = U256::from(u64::MAX);
            let is_sender = address == ALICE || address == BOB;
            Ok(is_sender.then(|| AccountInfo { balance, ..AccountInfo::default() }))
        }

        fn code_by_hash_ref(&self, hash: B256) -> Result<Bytecode, Self::Error> {
            if hash == keccak256(counter()) {
                Ok(Bytecode::new_raw(counter()))
            } else {
                self.0.code_by_hash_ref(hash)
            }
        }

        fn storage_ref(&self, _: Address, slot: U256) -> Result<U256, Self::Error> {
            Ok(if slot < U256::from(1_000) { slot + U256::from(7) } else { U256::ZERO })
        }

        fn block_hash_ref(&self, number: u64) -> Result<B256, Self::Error> {
            self.0.block_hash_ref(number)
        }
    }

    let source = FromDatabase(Database(EmptyDB::default()));
    let block = calls().build_on(&source).expect("it always answers");
    assert_eq!(counted(&block), expected());
}

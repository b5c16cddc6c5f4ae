//! Random programs: sequences of statements over few slots, accounts and children, so that transactions
//! often conflict. Every statement leaves the stack as it found it.

use alloy_primitives::{Address, B256, Bytes};
use evm_lanes_core::prepare::Fork;

use super::generator::{Focus, Generator};

/// The topic of a log: what its data mean. It tells the census what happened inside a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mark {
    /// A value that was read and is then stored.
    Value = 1,
    /// Whether a precompile's call succeeded.
    Precompile,
    /// Whether a DELEGATECALL or CALLCODE succeeded.
    DelegatedCall,
    /// The result of CREATE or CREATE2: an address, or zero.
    Creation,
    /// A child's counter, which begins at 1 after each creation.
    Child,
}

/// The init codes of children.
pub const CHILDREN: [&[u8]; 3] = [&COUNTER, &REFUND, &DESTROYED_AT_ONCE];

/// The deployed code of a counter, for one that exists before the block.
pub fn counter() -> &'static [u8] {
    &COUNTER[10..41]
}

/// Creation sets slot 0 to slot 1 plus one. A call adds one to slot 1 and logs it. A call with an odd number of wei
/// then destroys the child.
const COUNTER: [u8; 49] = {
    let runtime: [u8; 31] = [
        0x60,
        1,
        0x54,
        0x60,
        1,
        0x01,
        0x80,
        0x60,
        1,
        0x55, // slot 1 += 1
        0x60,
        0,
        0x52,
        0x60,
        Mark::Child as u8,
        0x60,
        32,
        0x60,
        0,
        0xa1, // log it
        0x34,
        0x60,
        1,
        0x16,
        0x60,
        28,
        0x57,
        0x00,
        0x5b,
        0x33,
        0xff, // odd: destroy
    ];
    // slot 0 = slot 1 + 1; return(runtime)
    let head: [u8; 10] = [0x60, 1, 0x54, 0x60, 1, 0x01, 0x60, 0, 0x55, 0x7e];
    let tail: [u8; 8] = [0x60, 0, 0x52, 0x60, 31, 0x60, 1, 0xf3];
    let mut code = [0; 49];
    let mut i = 0;
    while i < code.len() {
        code[i] = match i {
            0..10 => head[i],
            10..41 => runtime[i - 10],
            _ => tail[i - 41],
        };
        i += 1;
    }
    code
};

/// Creation stores the address's balance; a call destroys the child in favour of its caller.
const REFUND: [u8; 16] =
    [0x30, 0x31, 0x60, 0, 0x55, 0x61, 0x33, 0xff, 0x60, 0, 0x52, 0x60, 2, 0x60, 30, 0xf3];

/// Destroys itself while it is created.
const DESTROYED_AT_ONCE: [u8; 2] = [0x33, 0xff];

/// Salts of CREATE2.
pub const SALTS: u64 = 2;

/// Slots that programs use.
const SLOTS: u64 = 4;

/// A random program.
pub fn program(random: &mut Generator, fork: Fork) -> Bytes {
    let mut code = Vec::new();
    if random.focus == Focus::Creations && fork >= Fork::Petersburg {
        // Every run of the program creates the same child, again if it was destroyed.
        let init = if random.one_in(3) { &REFUND[..] } else { &COUNTER };
        code.extend(create_some(random, init, Some(0), 1));
    }
    for _ in 0..2 + random.below(6) {
        let statement = statement(random, fork);
        if random.one_in(3) {
            // Skipped if the slot's value is odd.
            let slot = random.below(SLOTS) as u8;
            let end = code.len() + 10 + statement.len();
            let [high, low] = (end as u16).to_be_bytes();
            code.extend([0x60, slot, 0x54, 0x60, 1, 0x16, 0x61, high, low, 0x57]);
            code.extend(statement);
            code.push(0x5b);
        } else {
            code.extend(statement);
        }
    }
    match random.below(if random.focus == Focus::Creations { 28 } else { 14 }) {
        0 | 1 => code.extend([0x60, 0, 0x60, 0, 0xfd]),
        2 => code.push(0xfe),
        3 | 4 => {
            code.extend(push(random.shared_account()));
            code.push(0xff);
        }
        5 => code.extend([0x60, 2, 0x54, 0x60, 0, 0x52, 0x60, 32, 0x60, 0, 0xf3]),
        _ => code.push(0x00),
    }
    code.into()
}

fn statement(random: &mut Generator, fork: Fork) -> Vec<u8> {
    let focus = random.focus;
    let most = match focus {
        Focus::Slots if random.one_in(2) => 5,
        Focus::Money if random.one_in(2) => return balance_of(random, fork),
        Focus::Creations if random.one_in(2) => return create_child(random, fork),
        Focus::Delegations if random.one_in(3) => return code_of_another(random, fork),
        // Makes predictions about a sender that has delegated wrong.
        Focus::Delegations | Focus::Crowd | Focus::Nonces if fork >= Fork::Istanbul && random.one_in(6) => {
            return drain(random);
        }
        Focus::Delegations | Focus::Crowd | Focus::Nonces if random.one_in(4) => {
            return create_child(random, fork);
        }
        _ => 18,
    };
    let slot = random.below(SLOTS) as u8;
    let other = random.below(SLOTS) as u8;
    match random.below(most) {
        // slot = other + 1
        0 | 1 => [&[0x60, other, 0x54, 0x60, 1, 0x01][..], &store(slot)].concat(),
        // Two slots change places.
        2 => [&[0x60, slot, 0x54, 0x60, other, 0x54][..], &store(slot), &store(other)].concat(),
        // slot = 0: a refund if the slot was not zero.
        3 => [&[0x60, 0][..], &store(slot)].concat(),
        // slot = input
        4 => [&[0x60, 0, 0x35][..], &store(slot)].concat(),
        5 | 6 => balance_of(random, fork),
        7 if fork >= Fork::Istanbul && random.one_in(2) => drain(random),
        7 | 8 => code_of_another(random, fork),
        9 | 10 => {
            let whom = random.shared_account();
            call(random, 0xf1, whom, slot)
        }
        11 => {
            let kinds: &[u8] = match fork {
                Fork::Frontier => &[0xf2],
                fork if fork < Fork::Byzantium => &[0xf2, 0xf4],
                _ => &[0xf2, 0xf4, 0xf4, 0xfa],
            };
            let kind = *random.pick(kinds);
            let whom = random.shared_account();
            call(random, kind, whom, slot)
        }
        12 => precompile(random, slot),
        13 | 14 => create_child(random, fork),
        // Transient storage, and back.
        15 if fork >= Fork::Cancun => {
            [&[0x60, other, 0x60, 0, 0x5d, 0x60, 0, 0x5c][..], &store(slot)].concat()
        }
        // Instructions for blob transactions: BLOBHASH(0), BLOBBASEFEE.
        16 if fork >= Fork::Cancun => {
            let code: &[u8] = if random.one_in(2) { &[0x60, 0, 0x49] } else { &[0x4a] };
            [code, &log(Mark::Value), &store(slot)].concat()
        }
        // GAS: depends on everything that was charged so far.
        17 => [&[0x5a][..], &store(slot)].concat(),
        _ => [&[0x60, other, 0x54][..], &log(Mark::Value), &[0x50]].concat(),
    }
}

/// Reads a balance.
fn balance_of(random: &mut Generator, fork: Fork) -> Vec<u8> {
    let read = match random.below(5) {
        0 => vec![0x41, 0x31],
        1 => vec![0x33, 0x31],
        2 if fork >= Fork::Istanbul => vec![0x47],
        _ => [&push(random.shared_account())[..], &[0x31]].concat(),
    };
    keep(random, read)
}

/// Pays out the running account's whole balance: for code that a sender has delegated to, the sender's balance.
fn drain(random: &mut Generator) -> Vec<u8> {
    let mut code = vec![0x60, 0, 0x60, 0, 0x60, 0, 0x60, 0, 0x47];
    code.extend(push(random.shared_account()));
    code.extend([0x61, 0x9c, 0x40, 0xf1, 0x50]);
    code
}

/// Reads another account's code: its size, its hash, its first word.
fn code_of_another(random: &mut Generator, fork: Fork) -> Vec<u8> {
    let whom = push(random.shared_account());
    let read = match random.below(3) {
        0 => [&whom[..], &[0x3b]].concat(),
        1 if fork >= Fork::Petersburg => [&whom[..], &[0x3f]].concat(),
        _ => [&[0x60, 32, 0x60, 0, 0x60, 64][..], &whom, &[0x3c, 0x60, 64, 0x51]].concat(),
    };
    keep(random, read)
}

/// Stores the value that `read` left on the stack, and sometimes logs it.
fn keep(random: &mut Generator, mut read: Vec<u8>) -> Vec<u8> {
    if random.one_in(2) {
        read.extend(log(Mark::Value));
    }
    read.extend(store(random.below(SLOTS) as u8));
    read
}

/// A call of a precompile with the slot's number as input.
fn precompile(random: &mut Generator, slot: u8) -> Vec<u8> {
    let whom = Address::left_padding_from(&[1 + random.below(10) as u8]);
    let mut code = vec![0x60, slot, 0x60, 0, 0x52, 0x60, 32, 0x60, 32, 0x60, 32, 0x60, 0, 0x60];
    code.push(random.below(2) as u8);
    code.extend(push(whom));
    code.extend([0x61, 0x9c, 0x40, 0xf1]);
    code.extend(log(Mark::Precompile));
    code.push(0x50);
    // Its result.
    code.extend([0x60, 32, 0x51]);
    code.extend(store(slot));
    code
}

/// A call with the slot's number as input. Whether it succeeded is stored or dropped.
fn call(random: &mut Generator, kind: u8, whom: Address, slot: u8) -> Vec<u8> {
    let mut code = vec![0x60, slot, 0x60, 0, 0x52];
    // Result and input ranges.
    code.extend([0x60, 0, 0x60, 0, 0x60, 32, 0x60, 0]);
    if kind == 0xf1 || kind == 0xf2 {
        code.extend([0x60, if random.one_in(2) { 0 } else { random.below(8) as u8 }]);
    }
    code.extend(push(whom));
    code.extend([0x61, 0x9c, 0x40, kind]);
    if kind == 0xf2 || kind == 0xf4 {
        code.extend(log(Mark::DelegatedCall));
    }
    if random.one_in(2) {
        code.push(0x50);
    } else {
        code.extend(store(slot));
    }
    code
}

/// Creates a child, sometimes twice at the same address.
fn create_child(random: &mut Generator, fork: Fork) -> Vec<u8> {
    let init = *random.pick(&CHILDREN);
    let salt = (fork >= Fork::Petersburg && !random.one_in(4)).then(|| random.below(SALTS) as u8);
    let again = 1 + usize::from(random.one_in(4));
    create_some(random, init, salt, again)
}

/// Creates children, with CREATE2 if there is a salt, and calls some of them.
fn create_some(random: &mut Generator, init: &[u8], salt: Option<u8>, count: usize) -> Vec<u8> {
    // The first two words of memory.
    let mut words = [0; 64];
    words[..init.len()].copy_from_slice(init);
    let mut code = vec![0x7f];
    code.extend(&words[..32]);
    code.extend([0x60, 0, 0x52, 0x7f]);
    code.extend(&words[32..]);
    code.extend([0x60, 32, 0x52]);
    let value = random.below(3) as u8;
    for _ in 0..count {
        code.extend(salt.iter().flat_map(|salt| [0x60, *salt]));
        let create = if salt.is_some() { 0xf5 } else { 0xf0 };
        code.extend([0x60, init.len() as u8, 0x60, 0, 0x60, value, create]);
        if random.one_in(3) {
            // Calls the address that is still on the stack, with 0 or 1 wei.
            code.extend([0x60, 0, 0x60, 0, 0x60, 0, 0x60, 0, 0x60, random.below(2) as u8]);
            code.extend([0x85, 0x61, 0x9c, 0x40, 0xf1, 0x50]);
        }
        // The log overwrites the first word of the init code, which is restored afterwards.
        code.extend([0x60, 0, 0x51, 0x90]);
        code.extend(log(Mark::Creation));
        code.extend([0x50, 0x60, 0, 0x52]);
    }
    code
}

/// The address of `creator`'s CREATE2 with this code and salt.
pub fn child(creator: Address, init: &[u8], salt: u64) -> Address {
    let salt = B256::left_padding_from(&salt.to_be_bytes());
    creator.create2(salt, alloy_primitives::keccak256(init))
}

/// Logs the word on top of the stack, which stays there. Overwrites the first word of memory.
fn log(mark: Mark) -> [u8; 11] {
    [0x80, 0x60, 0, 0x52, 0x60, mark as u8, 0x60, 32, 0x60, 0, 0xa1]
}

fn store(slot: u8) -> [u8; 3] {
    [0x60, slot, 0x55]
}

fn push(address: Address) -> Vec<u8> {
    let mut code = vec![0x73];
    code.extend(address.0.0);
    code
}

//! Small programs for the EVM, put together from parts.

#![allow(dead_code, reason = "each test file uses its part")]

use alloy_primitives::Address;

use Part::{Addr, Num, Op, Raw};

pub const STOP: u8 = 0x00;
pub const KECCAK256: u8 = 0x20;
pub const BALANCE: u8 = 0x31;
pub const CALLDATALOAD: u8 = 0x35;
pub const CALLDATASIZE: u8 = 0x36;
pub const CALLDATACOPY: u8 = 0x37;
pub const EXTCODESIZE: u8 = 0x3b;
pub const EXTCODECOPY: u8 = 0x3c;
pub const RETURNDATASIZE: u8 = 0x3d;
pub const RETURNDATACOPY: u8 = 0x3e;
pub const EXTCODEHASH: u8 = 0x3f;
pub const POP: u8 = 0x50;
pub const MSTORE: u8 = 0x52;
pub const SLOAD: u8 = 0x54;
pub const SSTORE: u8 = 0x55;
pub const GAS: u8 = 0x5a;
pub const TLOAD: u8 = 0x5c;
pub const TSTORE: u8 = 0x5d;
pub const MCOPY: u8 = 0x5e;
pub const CREATE: u8 = 0xf0;
pub const CALL: u8 = 0xf1;
pub const CALLCODE: u8 = 0xf2;
pub const RETURN: u8 = 0xf3;
pub const DELEGATECALL: u8 = 0xf4;
pub const CREATE2: u8 = 0xf5;
pub const STATICCALL: u8 = 0xfa;
pub const REVERT: u8 = 0xfd;
pub const INVALID: u8 = 0xfe;
pub const SELFDESTRUCT: u8 = 0xff;

/// A part of a program.
#[derive(Clone)]
pub enum Part {
    Op(u8),
    /// PUSH of a number.
    Num(u64),
    /// PUSH of an address.
    Addr(Address),
    Raw(Vec<u8>),
}

pub fn code(parts: &[Part]) -> Vec<u8> {
    let mut code = Vec::new();
    for part in parts {
        match part {
            Op(opcode) => code.push(*opcode),
            Num(number) if *number < 256 => code.extend([0x60, *number as u8]),
            Num(number) => {
                code.push(0x67);
                code.extend(number.to_be_bytes());
            }
            Addr(address) => {
                code.push(0x73);
                code.extend(address);
            }
            Raw(bytes) => code.extend(bytes),
        }
    }
    code
}

/// A call without input; its result is dropped.
pub fn call(opcode: u8, to: Address, value: u64, gas: u64) -> Part {
    let mut parts = vec![Num(0); 4];
    if matches!(opcode, CALL | CALLCODE) {
        parts.push(Num(value));
    }
    parts.extend([Addr(to), Num(gas), Op(opcode), Op(POP)]);
    Raw(code(&parts))
}

pub fn sload(slot: u64) -> Part {
    Raw(code(&[Num(slot), Op(SLOAD), Op(POP)]))
}

pub fn sstore(slot: u64, value: u64) -> Part {
    Raw(code(&[Num(value), Num(slot), Op(SSTORE)]))
}

pub fn revert() -> Part {
    Raw(code(&[Num(0), Num(0), Op(REVERT)]))
}

/// Creates from at most 32 bytes of init code; the address is dropped.
pub fn create(opcode: u8, init: &[u8], value: u64) -> Part {
    let mut word = [0; 32];
    word[..init.len()].copy_from_slice(init);
    let mut parts = vec![Op(0x7f), Raw(word.to_vec()), Num(0), Op(MSTORE)];
    if opcode == CREATE2 {
        parts.push(Num(0));
    }
    parts.extend([Num(init.len() as u64), Num(0), Num(value), Op(opcode), Op(POP)]);
    Raw(code(&parts))
}

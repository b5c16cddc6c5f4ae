//! Calls, logs and reverts by ABI.

use alloy_dyn_abi::{DynSolValue, EventExt, JsonAbiExt};
use alloy_json_abi::{Event, JsonAbi, Param};
use alloy_primitives::{Address, I256, U256, hex};

use super::{Names, well_known, well_known_indexed};
use crate::messages::{DecodedCall, DecodedLog};
use crate::run::{Log, Receipt, Status};

/// The longest text of a value, in characters.
const MAX_VALUE: usize = 200;

/// The call that `input` makes to `to`; `None` if no ABI describes it, or if it is a creation.
pub fn decode_call(names: &Names, to: Option<Address>, input: &[u8]) -> Option<DecodedCall> {
    to?;
    let function = names.function(to, input)?;
    let values = function.abi_decode_input(&input[4..]).ok()?;
    Some(DecodedCall {
        signature: function.signature(),
        name: function.name.clone(),
        args: pairs(names, &function.inputs, &values),
    })
}

/// Every log, decoded if the contract's ABI or a well-known event fits.
pub fn decode_logs(names: &Names, logs: &[Log]) -> Vec<DecodedLog> {
    logs.iter()
        .map(|log| {
            let contract = names.display(log.address);
            match decode_log(names, log) {
                Some((event, args)) => DecodedLog { contract, name: Some(event), args },
                None => DecodedLog { contract, name: None, args: raw(log) },
            }
        })
        .collect()
}

fn decode_log(names: &Names, log: &Log) -> Option<(String, Vec<(String, String)>)> {
    let topic = log.data.topics().first()?;
    let own = names.abi_of(log.address).map(|known| &known.abi);
    [own, Some(well_known()), Some(well_known_indexed())]
        .into_iter()
        .flatten()
        .flat_map(JsonAbi::events)
        .filter(|event| !event.anonymous && event.selector() == *topic)
        .find_map(|event| Some((event.name.clone(), event_args(names, event, log)?)))
}

fn event_args(names: &Names, event: &Event, log: &Log) -> Option<Vec<(String, String)>> {
    let indexed = event.inputs.iter().filter(|p| p.indexed).count();
    if log.data.topics().len() != indexed + 1 {
        return None;
    }
    let decoded = event.decode_log(&log.data).ok()?;
    let (mut topics, mut body) = (decoded.indexed.iter(), decoded.body.iter());
    let args = event.inputs.iter().map(|param| {
        let value = if param.indexed { topics.next() } else { body.next() };
        (param.name.clone(), value.map(|v| display(names, v)).unwrap_or_default())
    });
    Some(args.collect())
}

fn raw(log: &Log) -> Vec<(String, String)> {
    let topics = log.data.topics().iter().enumerate().map(|(i, t)| (format!("topic {i}"), t.to_string()));
    topics.chain([("data".to_owned(), hex_cut(&log.data.data))]).collect()
}

/// Why a call to `to` reverted, decoded from its output: `Error(string)`, `Panic(uint256)` with its meaning, or an
/// error of the contract's ABI. `None` if the reason is empty or unknown.
pub fn decode_revert(names: &Names, to: Option<Address>, output: &[u8]) -> Option<String> {
    let (selector, rest) = output.split_at_checked(4)?;
    match selector {
        // Error(string)
        [0x08, 0xc3, 0x79, 0xa0] => {
            let value = alloy_dyn_abi::DynSolType::String.abi_decode(rest).ok()?;
            return Some(cut(value.as_str()?));
        }
        // Panic(uint256)
        [0x4e, 0x48, 0x7b, 0x71] if rest.len() == 32 => {
            let code = U256::from_be_slice(rest);
            return Some(format!("panic 0x{code:02x}: {}", panic_meaning(code)));
        }
        _ => {}
    }
    // The error may come from a contract that `to` called, so every known ABI is tried, `to`'s first.
    let own = to.and_then(|to| names.abi_of(to)).into_iter();
    let error = own
        .chain(names.contracts.values().map(|known| &**known))
        .flat_map(|known| known.abi.errors())
        .find(|error| error.selector() == selector)?;
    let values = error.abi_decode_input(rest).ok()?;
    let args: Vec<String> = pairs(names, &error.inputs, &values)
        .into_iter()
        .map(|(name, value)| if name.is_empty() { value } else { format!("{name}: {value}") })
        .collect();
    Some(format!("{}({})", error.name, args.join(", ")))
}

/// How a transaction failed, in words; `None` if it succeeded.
pub fn describe_failure(names: &Names, to: Option<Address>, receipt: &Receipt) -> Option<String> {
    match &receipt.status {
        Status::Success => None,
        Status::Revert => Some(match decode_revert(names, to, &receipt.output) {
            Some(reason) => format!("reverted: {reason}"),
            None if receipt.output.is_empty() => "reverted without a reason".to_owned(),
            None => format!("reverted with {}", hex_cut(&receipt.output)),
        }),
        Status::Halt(reason) => Some(format!("halted: {reason}")),
        Status::Invalid(reason) => Some(format!("invalid: {reason}")),
    }
}

/// Solidity documentation, "Panic via assert and Error via require".
fn panic_meaning(code: U256) -> &'static str {
    match u8::try_from(code) {
        Ok(0x00) => "unspecified",
        Ok(0x01) => "an assertion failed",
        Ok(0x11) => "arithmetic overflow or underflow",
        Ok(0x12) => "division by zero",
        Ok(0x21) => "a number that is no value of the enum",
        Ok(0x22) => "a wrongly encoded byte array in storage",
        Ok(0x31) => "pop on an empty array",
        Ok(0x32) => "index out of bounds",
        Ok(0x41) => "too much memory",
        Ok(0x51) => "call of an uninitialised function",
        _ => "unknown",
    }
}

fn pairs(names: &Names, params: &[Param], values: &[DynSolValue]) -> Vec<(String, String)> {
    params.iter().zip(values).map(|(p, v)| (p.name.clone(), display(names, v))).collect()
}

/// A value for people: addresses by name, round amounts as `25e18`.
fn display(names: &Names, value: &DynSolValue) -> String {
    let list = |values: &[DynSolValue]| {
        let mut shown: Vec<String> = values.iter().take(20).map(|v| display(names, v)).collect();
        if values.len() > 20 {
            shown.push(format!("… {} in all", values.len()));
        }
        shown.join(", ")
    };
    match value {
        DynSolValue::Bool(b) => b.to_string(),
        DynSolValue::Int(i, _) if i.is_negative() => format!("-{}", number(i.unsigned_abs())),
        DynSolValue::Int(i, _) => number(I256::into_raw(*i)),
        DynSolValue::Uint(u, bits) => {
            if *bits == 256 && *u == U256::MAX {
                "max".to_owned()
            } else {
                number(*u)
            }
        }
        DynSolValue::Address(address) => names.display(*address),
        DynSolValue::String(text) => format!("\"{}\"", cut(text)),
        DynSolValue::FixedBytes(word, size) => hex::encode_prefixed(&word[..*size]),
        DynSolValue::Bytes(bytes) => hex_cut(bytes),
        DynSolValue::Function(function) => function.to_string(),
        DynSolValue::Array(values) | DynSolValue::FixedArray(values) => format!("[{}]", list(values)),
        DynSolValue::Tuple(values) => format!("({})", list(values)),
    }
}

/// `25e18`, `1.25e18` or `3e9` if that is exact, else all digits.
pub(super) fn number(value: U256) -> String {
    let all = value.to_string();
    // At least 0.001e18, or 10e9 (so that a Unix time is not shortened), with at most three decimals.
    for (exponent, digits) in [(18, 16), (9, 11)] {
        if all.len() < digits {
            continue;
        }
        let (head, zeros) = all.split_at(all.len() - (exponent - 3));
        if zeros.bytes().all(|b| b == b'0') {
            let padded = format!("{head:0>4}");
            let (whole, fraction) = padded.split_at(padded.len() - 3);
            let fraction = fraction.trim_end_matches('0');
            let whole = whole.trim_start_matches('0');
            let whole = if whole.is_empty() { "0" } else { whole };
            let dot = if fraction.is_empty() { "" } else { "." };
            return format!("{whole}{dot}{fraction}e{exponent}");
        }
    }
    all
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_VALUE) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn hex_cut(bytes: &[u8]) -> String {
    match bytes.get(..MAX_VALUE / 2) {
        Some(head) if head.len() < bytes.len() => {
            format!("{}… ({} bytes)", hex::encode_prefixed(head), bytes.len())
        }
        _ => hex::encode_prefixed(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{B256, LogData, keccak256};

    #[test]
    fn calls_and_logs_of_real_blocks_are_decoded_by_well_known_abis() {
        let mut names = Names::default();
        let (alice, token) = (Address::repeat_byte(0xaa), Address::repeat_byte(0x70));
        names.name(alice, "alice".into());
        let word = |n: u64| B256::from(U256::from(n));
        let mut input = hex!("a9059cbb").to_vec();
        input.extend(alice.into_word());
        input.extend(B256::from(U256::from(25) * U256::from(10).pow(U256::from(17))));
        let call = decode_call(&names, Some(token), &input).expect("transfer");
        assert_eq!(call.signature, "transfer(address,uint256)");
        assert_eq!(call.args, [("to".into(), "alice".into()), ("amount".into(), "2.5e18".into())]);
        assert_eq!(decode_call(&names, Some(token), &input[..40]), None);
        assert_eq!(decode_call(&names, None, &input), None);

        let transfer = keccak256("Transfer(address,address,uint256)");
        let log = |topics: Vec<B256>, data: Vec<u8>| Log {
            address: token,
            data: LogData::new_unchecked(topics, data.into()),
        };
        let erc20 = log(vec![transfer, alice.into_word(), word(0)], word(7).to_vec());
        let erc721 = log(vec![transfer, alice.into_word(), word(0), word(7)], vec![]);
        let unknown = log(vec![word(1)], vec![1, 2]);
        let logs = decode_logs(&names, &[erc20, erc721, unknown]);
        assert_eq!(logs[0].name.as_deref(), Some("Transfer"));
        assert_eq!(logs[0].args[0], ("from".into(), "alice".into()));
        assert_eq!(logs[0].args[2], ("value".into(), "7".into()));
        assert_eq!(logs[1].args[2], ("tokenId".into(), "7".into()));
        assert_eq!(logs[2].name, None);
        assert_eq!(logs[2].args[1], ("data".into(), "0x0102".into()));
    }

    #[test]
    fn reverts_say_why() {
        let names = Names::default();
        let mut reason = hex!("08c379a0").to_vec();
        reason.extend(alloy_dyn_abi::DynSolValue::String("not enough".into()).abi_encode());
        assert_eq!(decode_revert(&names, None, &reason).as_deref(), Some("not enough"));
        let mut panic = hex!("4e487b71").to_vec();
        panic.extend(B256::with_last_byte(0x11));
        assert_eq!(
            decode_revert(&names, None, &panic).as_deref(),
            Some("panic 0x11: arithmetic overflow or underflow")
        );
        assert_eq!(decode_revert(&names, None, &[]), None);
        assert_eq!(decode_revert(&names, None, &[1, 2, 3, 4]), None);
        let abi = JsonAbi::parse(["error Short(address who, uint256 missing)"]).expect("a constant");
        let mut input = abi.errors().next().expect("one").selector().to_vec();
        input.extend(Address::repeat_byte(0x11).into_word());
        input.extend(B256::with_last_byte(3));
        let mut names = Names::default();
        names.set_abi(Address::ZERO, std::sync::Arc::new(crate::contract::ContractAbi::new(abi, None)));
        assert_eq!(
            decode_revert(&names, None, &input).as_deref(),
            Some("Short(who: 0x1111…1111, missing: 3)")
        );
    }

    #[test]
    fn round_amounts_are_short_and_lose_nothing() {
        let check = |text: &str, expected: &str| {
            assert_eq!(number(text.parse().expect("a number")), expected);
        };
        check("0", "0");
        check("999", "999");
        check("25000000000000000000", "25e18");
        check("1250000000000000000", "1.25e18");
        check("1000000000000000", "0.001e18");
        check("30000000000", "30e9");
        check("1234567", "1234567");
        check("1000000", "1000000");
        check("1234567890123456789", "1234567890123456789");
    }
}

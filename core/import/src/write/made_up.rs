//! Arguments that nobody gave: such that most constructors and functions take them.

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_json_abi::Param;
use alloy_primitives::{Address, B256, I256, U256};
use document::{Arg, By, Pick};

use crate::calldata;

/// Longest array of a fixed length that is made.
const MAX_ARRAY: usize = 32;

/// A constructor's arguments. `None`: a type cannot be made.
pub(super) fn constructor_arguments(inputs: &[Param], owner: Address) -> Option<Vec<DynSolValue>> {
    let types = calldata::types(inputs)?;
    types.iter().zip(inputs).map(|(kind, param)| value(kind, &param.name, owner)).collect()
}

fn value(kind: &DynSolType, name: &str, owner: Address) -> Option<DynSolValue> {
    Some(match kind {
        DynSolType::Bool => DynSolValue::Bool(true),
        DynSolType::Address => DynSolValue::Address(owner),
        // 10^18: one token, and as a time far in the future.
        DynSolType::Uint(bits) if name.to_ascii_lowercase().contains("decimals") => {
            DynSolValue::Uint(U256::from(18), *bits)
        }
        DynSolType::Uint(bits) if *bits >= 64 => DynSolValue::Uint(U256::from(10_u64.pow(18)), *bits),
        DynSolType::Uint(bits) => DynSolValue::Uint(U256::from(1), *bits),
        DynSolType::Int(bits) => DynSolValue::Int(I256::try_from(1).ok()?, *bits),
        DynSolType::FixedBytes(size) => DynSolValue::FixedBytes(B256::ZERO, *size),
        DynSolType::Bytes => DynSolValue::Bytes(Vec::new()),
        DynSolType::String => DynSolValue::String(if name.is_empty() {
            "text".to_owned()
        } else {
            name.trim_matches('_').to_owned()
        }),
        DynSolType::Array(_) => DynSolValue::Array(Vec::new()),
        DynSolType::FixedArray(inner, size) if *size <= MAX_ARRAY => {
            DynSolValue::FixedArray((0..*size).map(|_| value(inner, name, owner)).collect::<Option<_>>()?)
        }
        DynSolType::Tuple(inner) => {
            DynSolValue::Tuple(inner.iter().map(|kind| value(kind, name, owner)).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

/// A call's arguments: addresses are drawn from a group. `None`: a type cannot be made.
pub(super) fn call_arguments(inputs: &[Param], group: &str) -> Option<Vec<Arg>> {
    let types = calldata::types(inputs)?;
    let mut left = 200;
    types.iter().map(|kind| argument(kind, group, &mut left)).collect()
}

fn argument(kind: &DynSolType, group: &str, left: &mut usize) -> Option<Arg> {
    *left = left.checked_sub(1)?;
    let text = |text: &str| Arg::Text(text.to_owned());
    Some(match kind {
        DynSolType::Bool => Arg::Bool(true),
        DynSolType::Address => Arg::Pick(Pick { group: group.to_owned(), by: By::Uniform, skew: None }),
        DynSolType::Uint(_) | DynSolType::Int(_) => Arg::Number(document::Numeral("1".to_owned())),
        DynSolType::FixedBytes(size) => Arg::Text(format!("0x{}", "00".repeat(*size))),
        DynSolType::Bytes => text("0x"),
        DynSolType::String => text("text"),
        DynSolType::Array(inner) => Arg::List(vec![argument(inner, group, left)?]),
        DynSolType::FixedArray(inner, size) if *size <= MAX_ARRAY => {
            Arg::List((0..*size).map(|_| argument(inner, group, left)).collect::<Option<_>>()?)
        }
        DynSolType::Tuple(inner) => {
            Arg::List(inner.iter().map(|kind| argument(kind, group, left)).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

//! Values of the ABI: from call data, from JSON, and as a document writes them.
//!
//! Call data is decoded by a reader of our own that takes only what encoding gives: heads, then tails in their order,
//! without gaps. So its result is never larger than the data, and encoding it again gives the same bytes. (Decoders that
//! follow any offset can be made to unpack a few kilobytes into gigabytes.)

use alloy_dyn_abi::{DynSolType, DynSolValue, Specifier};
use alloy_json_abi::{Function, Param};
use alloy_primitives::{Address, B256, I256, U256, hex};
use document::json::{Node, Tree, Value};
use document::problem::counted;

use crate::reader::{Mistake, read_address, read_bytes, read_number, text_of};

/// The types of parameters; `None` if one of them is none of Solidity's, or takes no space in call data.
pub(crate) fn types(params: &[Param]) -> Option<Vec<DynSolType>> {
    let types: Vec<DynSolType> = params.iter().map(|param| param.resolve().ok()).collect::<Option<_>>()?;
    types.iter().all(|kind| words(kind) > 0).then_some(types)
}

/// The head's length in words: how much of call data a value takes in place; 0: nothing, which no compiler writes.
fn words(kind: &DynSolType) -> usize {
    if is_dynamic(kind) {
        // Types within count, too.
        return usize::from(match kind {
            DynSolType::Array(inner) => words(inner) > 0,
            DynSolType::FixedArray(inner, size) => *size > 0 && words(inner) > 0,
            DynSolType::Tuple(inner) => !inner.is_empty() && inner.iter().all(|kind| words(kind) > 0),
            _ => true,
        });
    }
    match kind {
        DynSolType::FixedArray(inner, size) => words(inner).saturating_mul(*size),
        DynSolType::Tuple(inner) if inner.iter().all(|kind| words(kind) > 0) => {
            inner.iter().map(words).fold(0, usize::saturating_add)
        }
        DynSolType::Tuple(_) | DynSolType::Function => 0,
        _ => 1,
    }
}

fn is_dynamic(kind: &DynSolType) -> bool {
    match kind {
        DynSolType::Bytes | DynSolType::String | DynSolType::Array(_) => true,
        DynSolType::FixedArray(inner, _) => is_dynamic(inner),
        DynSolType::Tuple(inner) => inner.iter().any(is_dynamic),
        _ => false,
    }
}

/// The arguments of a call of `function`, if encoding them gives exactly `data`.
pub(crate) fn decode_call(function: &Function, data: &[u8]) -> Option<Vec<DynSolValue>> {
    let (selector, arguments) = data.split_at_checked(4)?;
    (function.selector() == selector).then(|| decode(&function.inputs, arguments))?
}

/// The values of `params`, if encoding them gives exactly `data`.
pub(crate) fn decode(params: &[Param], data: &[u8]) -> Option<Vec<DynSolValue>> {
    let types = types(params)?;
    if !data.len().is_multiple_of(32) {
        return None;
    }
    let (values, length) = sequence(types.iter(), types.len(), data)?;
    (length == data.len() && encode(&values) == data).then_some(values)
}

/// Call data of values.
pub(crate) fn encode(values: &[DynSolValue]) -> Vec<u8> {
    DynSolValue::Tuple(values.to_vec()).abi_encode_params()
}

/// The values of a sequence at the beginning of `data`, and how many bytes they take.
fn sequence<'k>(
    types: impl Iterator<Item = &'k DynSolType>,
    count: usize,
    data: &[u8],
) -> Option<(Vec<DynSolValue>, usize)> {
    // Each takes at least a word; `types` may repeat one type 2^64 times.
    if count > data.len() / 32 {
        return None;
    }
    let kinds: Vec<&DynSolType> = types.take(count).collect();
    let heads: usize = kinds
        .iter()
        .map(|kind| if is_dynamic(kind) { 1 } else { words(kind) })
        .try_fold(0, usize::checked_add)?;
    let mut tail = heads.checked_mul(32).filter(|heads| *heads <= data.len())?;
    let (mut at, mut values) = (0, Vec::with_capacity(kinds.len()));
    for kind in kinds {
        if is_dynamic(kind) {
            let offset = word(data, at)?;
            at += 32;
            if offset != U256::from(tail) {
                return None;
            }
            let (value, length) = single(kind, data.get(tail..)?)?;
            tail += length;
            values.push(value);
        } else {
            let (value, length) = single(kind, data.get(at..)?)?;
            at += length;
            values.push(value);
        }
    }
    Some((values, tail))
}

/// One value in place, and how many bytes it takes.
fn single(kind: &DynSolType, data: &[u8]) -> Option<(DynSolValue, usize)> {
    let first = || word(data, 0);
    Some(match kind {
        // Encoding writes a number's word as it is, so what does not fit must be refused here.
        DynSolType::Bool => (DynSolValue::Bool(first().filter(|word| word.bit_len() <= 1)?.bit(0)), 32),
        DynSolType::Uint(bits) => {
            (DynSolValue::Uint(first().filter(|word| word.bit_len() <= *bits)?, *bits), 32)
        }
        DynSolType::Int(bits) => {
            let number = I256::from_raw(first()?);
            (number.bits() as usize <= *bits).then_some((DynSolValue::Int(number, *bits), 32))?
        }
        DynSolType::FixedBytes(size) => {
            let word = B256::from(first()?);
            let is_clean = word.iter().skip(*size).all(|byte| *byte == 0);
            is_clean.then_some((DynSolValue::FixedBytes(word, *size), 32))?
        }
        DynSolType::Address => (DynSolValue::Address(Address::from_word(B256::from(first()?))), 32),
        DynSolType::Bytes | DynSolType::String => {
            let length = usize::try_from(first()?).ok().filter(|length| *length <= data.len())?;
            let bytes = data.get(32..)?.get(..length)?;
            let value = match kind {
                DynSolType::String => DynSolValue::String(str::from_utf8(bytes).ok()?.to_owned()),
                _ => DynSolValue::Bytes(bytes.to_vec()),
            };
            (value, 32 + length.div_ceil(32) * 32)
        }
        DynSolType::Array(inner) => {
            let count = usize::try_from(first()?).ok()?;
            let (values, length) = sequence(std::iter::repeat(&**inner), count, data.get(32..)?)?;
            (DynSolValue::Array(values), 32 + length)
        }
        DynSolType::FixedArray(inner, size) => {
            let (values, length) = sequence(std::iter::repeat(&**inner), *size, data)?;
            (DynSolValue::FixedArray(values), length)
        }
        DynSolType::Tuple(inner) => {
            let (values, length) = sequence(inner.iter(), inner.len(), data)?;
            (DynSolValue::Tuple(values), length)
        }
        _ => return None,
    })
}

fn word(data: &[u8], at: usize) -> Option<U256> {
    data.get(at..at + 32).map(U256::from_be_slice)
}

/// A value of a type from JSON, as Remix, Safe and Foundry write arguments: texts for most, lists or texts with lists for
/// arrays and tuples, objects for tuples with names.
pub(crate) fn from_json(kind: &DynSolType, node: Node<'_>, names: &[Param]) -> Result<DynSolValue, Mistake> {
    match kind {
        DynSolType::Array(_) | DynSolType::FixedArray(..) | DynSolType::Tuple(_) => {
            if let Value::Text(text) = node.value() {
                let listed = text.trim().replace('(', "[").replace(')', "]");
                let listed = quoted(&listed);
                let tree = Tree::read(&listed).map_err(|_| wrong(kind, node))?;
                let root = tree.root(&listed);
                return if root.value() == Value::List {
                    list(kind, root, names)
                } else {
                    Err(wrong(kind, node))
                };
            }
            list(kind, node, names)
        }
        _ => {
            let text = match node.value() {
                Value::Bool(value) => value.to_string().into(),
                _ => text_of(node).ok_or_else(|| wrong(kind, node))?,
            };
            leaf(kind, &text).ok_or_else(|| wrong(kind, node))
        }
    }
}

fn wrong(kind: &DynSolType, node: Node<'_>) -> Mistake {
    (format!("a value of type {kind}"), node.describe())
}

fn list(kind: &DynSolType, node: Node<'_>, names: &[Param]) -> Result<DynSolValue, Mistake> {
    let nodes: Vec<Node<'_>> = if node.is_object() {
        // A tuple by its fields' names, or by their numbers.
        let by_name: Option<Vec<_>> = names.iter().map(|param| node.get(&param.name)).collect();
        by_name
            .filter(|nodes| !nodes.is_empty())
            .unwrap_or_else(|| node.fields().map(|field| field.node).collect())
    } else if node.value() == Value::List {
        node.elements().collect()
    } else {
        return Err(wrong(kind, node));
    };
    let count = |expected: usize| match nodes.len() == expected {
        true => Ok(()),
        false => Err((format!("{} for {kind}", counted(expected, "value")), nodes.len().to_string())),
    };
    Ok(match kind {
        DynSolType::Array(inner) => DynSolValue::Array(
            nodes.iter().map(|node| from_json(inner, *node, names)).collect::<Result<_, _>>()?,
        ),
        DynSolType::FixedArray(inner, size) => {
            count(*size)?;
            DynSolValue::FixedArray(
                nodes.iter().map(|node| from_json(inner, *node, names)).collect::<Result<_, _>>()?,
            )
        }
        DynSolType::Tuple(inner) => {
            count(inner.len())?;
            let components = |index: usize| names.get(index).map_or(&[][..], |param| &param.components);
            DynSolValue::Tuple(
                inner
                    .iter()
                    .zip(&nodes)
                    .enumerate()
                    .map(|(index, (kind, node))| from_json(kind, *node, components(index)))
                    .collect::<Result<_, _>>()?,
            )
        }
        _ => return Err(wrong(kind, node)),
    })
}

/// A list as Foundry and people write it, `[0xab, 1, hello]`, with its words in quotation marks.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let mut end = rest.len();
            let mut escaped = false;
            for (at, c) in rest.char_indices().skip(1) {
                match c {
                    '\\' if !escaped => escaped = true,
                    '"' if !escaped => {
                        end = at + 1;
                        break;
                    }
                    _ => escaped = false,
                }
            }
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        } else if matches!(first, '[' | ']' | ',') || first.is_whitespace() {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            let end = rest.find([',', '[', ']', '"']).unwrap_or(rest.len());
            let word = rest[..end].trim();
            out.push('"');
            out.extend(word.chars().filter(|c| !c.is_control() && *c != '\\' && *c != '"'));
            out.push('"');
            rest = &rest[end..];
        }
    }
    out
}

fn leaf(kind: &DynSolType, text: &str) -> Option<DynSolValue> {
    let trimmed = text.trim();
    Some(match kind {
        DynSolType::Bool => DynSolValue::Bool(match trimmed {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => return None,
        }),
        DynSolType::Uint(bits) => {
            let number = read_number(scientific(trimmed)?.as_str())?;
            (number.bit_len() <= *bits).then_some(DynSolValue::Uint(number, *bits))?
        }
        DynSolType::Int(bits) => {
            let (negative, digits) = match trimmed.strip_prefix('-') {
                Some(digits) => (true, digits),
                None => (false, trimmed),
            };
            let number = read_number(scientific(digits)?.as_str())?;
            let sign =
                if negative { alloy_primitives::Sign::Negative } else { alloy_primitives::Sign::Positive };
            let number = I256::checked_from_sign_and_abs(sign, number)?;
            (number.bits() as usize <= *bits).then_some(DynSolValue::Int(number, *bits))?
        }
        DynSolType::Address => DynSolValue::Address(read_address(trimmed).ok()?),
        DynSolType::Bytes => DynSolValue::Bytes(marked(trimmed)?),
        DynSolType::FixedBytes(size) => {
            let bytes = marked(trimmed)?;
            (bytes.len() == *size)
                .then(|| DynSolValue::FixedBytes(B256::right_padding_from(&bytes), *size))?
        }
        DynSolType::String => DynSolValue::String(text.to_owned()),
        _ => return None,
    })
}

fn marked(text: &str) -> Option<Vec<u8>> {
    text.starts_with("0x").then(|| read_bytes(text).ok())?.map(|bytes| bytes.to_vec())
}

/// The digits of a whole number; Foundry puts a short form behind long ones: `1000000000000000000 [1e18]`.
fn scientific(text: &str) -> Option<String> {
    let text = text.split_once(" [").map_or(text, |(digits, _)| digits);
    Some(text.to_owned())
}

/// An argument as a document writes it. `name` gives the name of an address.
pub(crate) fn argument(value: &DynSolValue, name: &dyn Fn(Address) -> String) -> Option<document::Arg> {
    use document::{Arg, Numeral};
    let list = |values: &[DynSolValue]| {
        values.iter().map(|value| argument(value, name)).collect::<Option<Vec<_>>>().map(Arg::List)
    };
    Some(match value {
        DynSolValue::Bool(value) => Arg::Bool(*value),
        DynSolValue::Uint(number, _) => Arg::Number(Numeral(number.to_string())),
        DynSolValue::Int(number, _) => Arg::Number(Numeral(number.to_string())),
        DynSolValue::Address(address) => Arg::Text(name(*address)),
        DynSolValue::FixedBytes(word, size) => Arg::Text(hex::encode_prefixed(word.get(..*size)?)),
        DynSolValue::Bytes(bytes) => Arg::Text(hex::encode_prefixed(bytes)),
        DynSolValue::String(text) => Arg::Text(text.clone()),
        DynSolValue::Array(values) | DynSolValue::FixedArray(values) | DynSolValue::Tuple(values) => {
            list(values)?
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(signature: &str) -> Vec<Param> {
        Function::parse(signature).expect("a signature").inputs
    }

    #[test]
    fn call_data_is_decoded_only_if_it_encodes_to_the_same() {
        let function =
            Function::parse("function f(uint8 a, string b, (address,uint256[])[] c)").expect("a signature");
        let text = r#"[7, "hello", "[(0x00000000000000000000000000000000000000aa, [1, 2]), (0x00000000000000000000000000000000000000bb, [])]"]"#;
        let tree = Tree::read(text).expect("JSON");
        let kinds = types(&function.inputs).expect("types");
        let values: Vec<DynSolValue> = tree
            .root(text)
            .elements()
            .zip(&kinds)
            .map(|(node, kind)| from_json(kind, node, &[]).expect("a value"))
            .collect();
        let mut data = function.selector().to_vec();
        data.extend(encode(&values));
        assert_eq!(decode_call(&function, &data), Some(values));
        assert_eq!(decode_call(&function, &data[..data.len() - 32]), None);
        let dirty = {
            let mut dirty = data.clone();
            dirty[4] = 1;
            dirty
        };
        assert_eq!(decode_call(&function, &dirty), None, "a number of more than 8 bits");
        assert_eq!(decode_call(&function, &[data, vec![0; 32]].concat()), None, "something behind");
    }

    #[test]
    fn offsets_that_meet_are_refused() {
        // Two elements at one offset: what other decoders unpack again and again.
        let data: Vec<u8> = [0x20_u64, 2, 0x40, 0x40, 0]
            .iter()
            .flat_map(|word| U256::from(*word).to_be_bytes::<32>())
            .collect();
        assert_eq!(decode(&params("function f(uint256[][] a)"), &data), None);
        // More elements than bytes.
        let data: Vec<u8> =
            [U256::from(0x20), U256::MAX].iter().flat_map(|word| word.to_be_bytes::<32>()).collect();
        assert_eq!(decode(&params("function f(uint256[] a)"), &data), None);
        assert_eq!(decode(&params("function f(uint256[4294967296] a)"), &data), None);
    }

    #[test]
    fn values_are_written_as_documents_have_them() {
        let name =
            |address: Address| if address.is_zero() { "alice".to_owned() } else { address.to_string() };
        let tree = Tree::read(r#"["-5", "0xff01", "true", "1000000000000000000 [1e18]", "0x0000000000000000000000000000000000000000"]"#).expect("JSON");
        let text = r#"["-5", "0xff01", "true", "1000000000000000000 [1e18]", "0x0000000000000000000000000000000000000000"]"#;
        let kinds = types(&params("function f(int16,bytes2,bool,uint256,address)")).expect("types");
        let written: Vec<String> = tree
            .root(text)
            .elements()
            .zip(&kinds)
            .map(|(node, kind)| {
                let value = from_json(kind, node, &[]).expect("a value");
                serde_json::to_string(&argument(&value, &name)).expect("JSON")
            })
            .collect();
        assert_eq!(written, ["-5", "\"0xff01\"", "true", "\"1000000000000000000\"", "\"alice\""]);
    }
}

//! Bytecode: hexadecimal with places for libraries; which of creation and runtime code it is; linking.

use alloy_primitives::{Address, Bytes, hex, keccak256};
use document::json::{Node, Value, shortened};
use document::problem::counted;

use crate::bounds::MAX_CODE;
use crate::reader::{Mistake, Reader, one_line};
use crate::types::{Code, Immutable, LinkReference};

/// Most libraries of one contract.
const MAX_LINKS: usize = 100;
/// Length of a library's place in hexadecimal digits.
const PLACE: usize = 40;

/// Reads bytecode: with or without `0x`, in lines, with `__Library___` or `__$hash$__` where a library's address belongs.
pub(crate) fn read(text: &str) -> Result<Code, Mistake> {
    let text = text.trim();
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    if digits.len() > 2 * MAX_CODE + (MAX_CODE >> 2) {
        return Err((format!("at most {} KiB of bytecode", MAX_CODE >> 10), "more".to_owned()));
    }
    let digits: Vec<u8> = digits.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let mut plain = digits.clone();
    let mut links: Vec<LinkReference> = Vec::new();
    let mut at = 0;
    while at < digits.len() {
        if digits[at].is_ascii_hexdigit() {
            at += 1;
            continue;
        }
        let place =
            digits.get(at..at + PLACE).filter(|place| place.starts_with(b"__") && at.is_multiple_of(2));
        let name = place.and_then(|place| str::from_utf8(place).ok());
        let Some(name) = name.filter(|name| !name.chars().any(char::is_control)) else {
            let bad = String::from_utf8_lossy(&digits[at..(at + 4).min(digits.len())]).into_owned();
            let bad = bad.chars().next().unwrap_or('?');
            let expected = if bad == '_' {
                "bytecode whose place for a library is 40 characters long"
            } else {
                "bytecode in hexadecimal"
            };
            return Err((expected.to_owned(), format!("`{bad}` at digit {at}")));
        };
        let start = (at / 2) as u32;
        if links.len() > MAX_LINKS {
            return Err((format!("at most {MAX_LINKS} libraries"), "more".to_owned()));
        }
        match links.iter_mut().find(|link| link.placeholder == name) {
            Some(link) => link.places.push(start),
            None => links.push(LinkReference {
                library: plain_name(name),
                source_unit: None,
                placeholder: name.to_owned(),
                places: vec![start],
            }),
        }
        plain[at..at + PLACE].fill(b'0');
        at += PLACE;
    }
    let bytes = hex::decode(&plain)
        .map_err(|_| ("an even number of hexadecimal digits".to_owned(), counted(plain.len(), "digit")))?;
    Ok(Code { bytes: bytes.into(), links, immutables: Vec::new() })
}

/// The library's name in a placeholder of compilers before 0.5: `__Lib____…`, `__contracts/Lib.sol:Lib____…`, where it
/// may be cut.
fn plain_name(placeholder: &str) -> Option<String> {
    let name = placeholder.trim_matches('_');
    if name.starts_with('$') || name.is_empty() {
        return None;
    }
    Some(name.rsplit(':').next().unwrap_or(name).to_owned())
}

/// The placeholder of compilers from 0.5 on: of `file.sol:Name` the first 17 bytes of its hash.
pub(crate) fn placeholder(qualified_name: &str) -> String {
    format!("__${}$__", hex::encode(&keccak256(qualified_name)[..17]))
}

/// Reads what `{ "object": …, "linkReferences": …, "immutableReferences": … }` holds, or plain hexadecimal.
/// `None`: there is no code, or a mistake that was reported.
pub(crate) fn of_node(reader: &mut Reader<'_>, node: Node<'_>) -> Option<Code> {
    let object = node.get("object").unwrap_or(node);
    let Value::Text(text) = object.value() else {
        if object.value() != Value::Null {
            reader.wrong(object, "bytecode in hexadecimal");
        }
        return None;
    };
    let mut code = match read(&text) {
        Ok(code) => code,
        Err((expected, found)) => {
            reader.problem(object, expected, found);
            return None;
        }
    };
    if code.bytes.is_empty() {
        return None;
    }
    if let Some(references) = node.get("linkReferences") {
        name_links(reader, &mut code, references);
    }
    if let Some(references) = node.get("immutableReferences") {
        add_immutables(&mut code, references);
    }
    Some(code)
}

/// Names the libraries of open places by the compiler's list: file, library, offsets.
pub(crate) fn name_links(reader: &mut Reader<'_>, code: &mut Code, references: Node<'_>) {
    for unit in references.fields() {
        for library in unit.node.fields() {
            for place in library.node.elements() {
                let Some(start) = reader.small_of(place, "start") else { continue };
                let open =
                    code.links.iter_mut().find(|link| link.places.iter().any(|at| u64::from(*at) == start));
                if let Some(link) = open {
                    link.library = Some(one_line(&library.name));
                    link.source_unit = Some(one_line(&unit.name));
                } else if start + 20 > code.bytes.len() as u64 {
                    let expected =
                        format!("a place within the {} of code", counted(code.bytes.len(), "byte"));
                    reader.problem(place, expected, format!("byte {start}"));
                }
            }
        }
    }
}

/// Adds the places of immutable variables: number, places with their lengths.
pub(crate) fn add_immutables(code: &mut Code, references: Node<'_>) {
    for variable in references.fields().take(1_000) {
        let number = |place: Node<'_>, field: &str| match place.get(field).map(Node::value) {
            Some(Value::Number(digits)) => digits.parse::<u32>().ok(),
            _ => None,
        };
        let length = code.bytes.len() as u64;
        let places = variable.node.elements().take(1_000).filter_map(|place| {
            let (start, size) = (number(place, "start")?, number(place, "length")?);
            (u64::from(start) + u64::from(size) <= length).then_some((start, size))
        });
        let places: Vec<(u32, u32)> = places.collect();
        if !places.is_empty() {
            code.immutables.push(Immutable { id: shortened(&variable.name), places });
        }
    }
}

/// The bytes with a library's address in its places.
pub(crate) fn link(bytes: &mut [u8], link: &LinkReference, address: Address) {
    for place in &link.places {
        let start = *place as usize;
        if let Some(place) = bytes.get_mut(start..start + 20) {
            place.copy_from_slice(address.as_slice());
        }
    }
}

/// Which code it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It makes a contract.
    Creation,
    /// It is a contract's own, for this reason.
    Runtime(String),
    /// It cannot be told.
    Unknown,
}

/// Tells creation code from runtime code by the first instruction that only one of them has there: creation code copies
/// what it returns (CODECOPY), runtime code reads its call data. A library's runtime code begins by pushing its own
/// address.
pub(crate) fn role(code: &[u8]) -> Role {
    if code.first() == Some(&0x73) && code.get(21..23) == Some(&[0x30, 0x14]) {
        return Role::Runtime("it begins as a library's does, by comparing its own address".to_owned());
    }
    let mut at = 0;
    while let Some(instruction) = code.get(at) {
        let name = match instruction {
            0x35 => "CALLDATALOAD",
            0x36 => "CALLDATASIZE",
            0x37 => "CALLDATACOPY",
            // CODECOPY
            0x39 => return Role::Creation,
            // INVALID, or what is no instruction: data begins.
            0xfe => return Role::Unknown,
            0x60..=0x7f => {
                at += usize::from(instruction - 0x5f);
                ""
            }
            _ => "",
        };
        if !name.is_empty() {
            return Role::Runtime(format!("{name} at byte {at} comes before any CODECOPY"));
        }
        at += 1;
    }
    Role::Unknown
}

/// Creation code that stores `storage` and then returns `runtime`.
pub(crate) fn creation_of(
    runtime: &[u8],
    storage: &[(alloy_primitives::U256, alloy_primitives::U256)],
) -> Bytes {
    let mut code = Vec::new();
    for (slot, value) in storage.iter().filter(|(_, value)| !value.is_zero()) {
        push(&mut code, &value.to_be_bytes::<32>());
        push(&mut code, &slot.to_be_bytes::<32>());
        code.push(0x55);
    }
    let length = (runtime.len() as u32).to_be_bytes();
    push(&mut code, &length);
    // DUP1; the offset of what follows, whose own length is 5 with its instruction; PUSH1 0; CODECOPY; PUSH1 0; RETURN.
    let before = code.len() + 1 + 5 + 2 + 1 + 2 + 1;
    code.push(0x80);
    code.push(0x63);
    code.extend((before as u32).to_be_bytes());
    code.extend([0x60, 0x00, 0x39, 0x60, 0x00, 0xf3]);
    code.extend(runtime);
    code.into()
}

/// PUSH of a number with as few bytes as it needs, at least one.
fn push(code: &mut Vec<u8>, number: &[u8]) {
    let zeros = number.iter().take_while(|byte| **byte == 0).count().min(number.len().saturating_sub(1));
    let bytes = &number[zeros..];
    code.push(0x5f + bytes.len() as u8);
    code.extend(bytes);
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{U256, address};

    use super::*;

    #[test]
    fn places_of_libraries_are_found_and_linked() {
        let old = format!("0x6000__{:_<38}6001", "Lib");
        let code = read(&old).expect("bytecode");
        assert_eq!(code.bytes.len(), 2 + 20 + 2);
        assert_eq!(code.links[0].library.as_deref(), Some("Lib"));
        assert_eq!(code.links[0].places, [2]);
        let new = placeholder("contracts/Lib.sol:Lib");
        assert_eq!(new.len(), PLACE);
        let twice = format!("73{new}6000\n73{new}");
        let code = read(&twice).expect("bytecode");
        assert_eq!((code.links.len(), &code.links[0].places[..]), (1, &[1, 24][..]));
        assert_eq!(code.links[0].library, None);
        let mut bytes = code.bytes.to_vec();
        let library = address!("0x00112233445566778899aabbccddeeff00112233");
        link(&mut bytes, &code.links[0], library);
        assert_eq!(&bytes[1..21], library.as_slice());
        assert_eq!(&bytes[24..44], library.as_slice());
        let cut = format!("73__{:_<30}", "Lib");
        assert_eq!(
            read(&cut).map_err(|(e, _)| e),
            Err("bytecode whose place for a library is 40 characters long".into())
        );
        assert_eq!(read("0x60zz"), Err(("bytecode in hexadecimal".into(), "`z` at digit 2".into())));
        assert_eq!(read("0x123"), Err(("an even number of hexadecimal digits".into(), "3 digits".into())));
    }

    #[test]
    fn runtime_code_is_told_from_creation_code() {
        let creation =
            hex::decode("608060405234801561000f575f80fd5b506101e18061001d5f395ff3fe6080604052348015")
                .expect("hex");
        assert_eq!(role(&creation), Role::Creation);
        let runtime =
            hex::decode("608060405234801561000f575f80fd5b506004361061003f575f3560e01c").expect("hex");
        assert_eq!(role(&runtime), Role::Runtime("CALLDATASIZE at byte 19 comes before any CODECOPY".into()));
        // EIP-1167, as creation and as runtime code.
        assert_eq!(role(&hex::decode("3d602d80600a3d3981f3363d3d373d").expect("hex")), Role::Creation);
        assert!(matches!(role(&hex::decode("363d3d373d3d3d363d73").expect("hex")), Role::Runtime(_)));
        let library = format!("73{}301460806040", "00".repeat(20));
        assert!(matches!(role(&hex::decode(library).expect("hex")), Role::Runtime(_)));
        // The bytes of a number are no instructions.
        assert_eq!(role(&[0x61, 0x36, 0x39, 0x00]), Role::Unknown);
        assert_eq!(role(&[]), Role::Unknown);
    }

    #[test]
    fn creation_code_is_made_around_runtime_code() {
        let made =
            creation_of(&[0x60, 0x01], &[(U256::from(0), U256::from(300)), (U256::from(9), U256::ZERO)]);
        assert_eq!(made.to_vec(), hex::decode("61012c60005560028063000000146000396000f36001").expect("hex"));
        assert_eq!(role(&made), Role::Creation);
    }
}

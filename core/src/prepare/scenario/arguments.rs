//! Call data: a document's arguments, encoded by a function's ABI.

use std::sync::Arc;

use alloy_dyn_abi::{DynSolType, DynSolValue, Specifier};
use alloy_json_abi::{Function, JsonAbi, Param};
use alloy_primitives::{Address, B256, Bytes, I256, Sign, U256, hex};

use super::Preparation;
use crate::contract::{ContractAbi, Layout};
use crate::naming::Names;
use crate::problem::{Problem, counted};
use crate::scenario::expand::{Argument, ChosenPlace};
use crate::scenario::{Amount, Contract, Numeral, Place, json::shortened, nearest};

impl Preparation {
    /// The address of a transaction's place, after random choices.
    pub(super) fn target(&self, target: ChosenPlace<'_>, path: &str) -> Result<Address, Problem> {
        match target {
            ChosenPlace::Fixed(place) => self.known_place(place, path),
            ChosenPlace::Drawn { group, index } => self.element(group, index).ok_or_else(|| {
                Problem::new(path, "a name that is known at this point", format!("\"{target}\""))
            }),
            ChosenPlace::Undrawn(pick) if self.is_group(&pick.group) => {
                Err(Problem::new(path, "no choice outside of transactions", "\"pick\""))
            }
            ChosenPlace::Undrawn(pick) => {
                let found = format!("\"{}\"", pick.group);
                Err(Problem::new(format!("{path}.pick"), "a group that is known at this point", found))
            }
        }
    }

    /// Call data: `data` as given, or the encoded call of a function by the ABI of `to`.
    pub(super) fn input(
        &self,
        to: Address,
        call: Option<&str>,
        args: &[Argument<'_>],
        data: Option<&Bytes>,
        path: &str,
    ) -> Result<Bytes, Problem> {
        let Some(call) = call else { return Ok(data.cloned().unwrap_or_default()) };
        let function = function(&self.names, to, call, args.len(), path)?;
        let what = format!("the arguments of {}", function.signature());
        let mut input = function.selector().to_vec();
        input.extend(self.params(&function.inputs, args, &format!("{path}.args"), &what)?);
        Ok(input.into())
    }

    /// Arguments for `params`, encoded. `what` names them in a message.
    pub(super) fn params(
        &self,
        params: &[Param],
        args: &[Argument<'_>],
        path: &str,
        what: &str,
    ) -> Result<Vec<u8>, Problem> {
        if params.len() != args.len() {
            let types: Vec<String> = params.iter().map(described).collect();
            let expected = match types.len() {
                0 => what.to_owned(),
                _ => format!("{what}: {}", types.join(", ")),
            };
            return Err(Problem::new(path, expected, counted(args.len(), "argument")));
        }
        let mut values = Vec::with_capacity(args.len());
        for (i, (param, arg)) in params.iter().zip(args).enumerate() {
            let path = format!("{path}[{i}]");
            let kind = param.resolve().map_err(|_| {
                let found = match param.ty.split('[').next() {
                    Some("tuple") => "a tuple without \"components\"".to_owned(),
                    _ => format!("\"{}\", which is no type of Solidity", shortened(&param.ty)),
                };
                Problem::new(path.clone(), "an argument whose type the ABI describes", found)
            })?;
            values.push(self.value(&kind, arg, &path)?);
        }
        Ok(DynSolValue::Tuple(values).abi_encode_params())
    }

    fn value(&self, kind: &DynSolType, arg: &Argument<'_>, path: &str) -> Result<DynSolValue, Problem> {
        let wrong = |more: &str| Problem::new(path, format!("{kind}{more}"), shown(arg));
        Ok(match (kind, arg) {
            (DynSolType::Bool, Argument::Bool(b)) => DynSolValue::Bool(*b),
            (DynSolType::String, Argument::Text(text) | Argument::Each { written: text, .. }) => {
                DynSolValue::String((*text).to_owned())
            }
            (DynSolType::Address, Argument::Text(text)) => {
                let place = Place::parse(text)
                    .map_err(|(expected, found)| Problem::new(path, format!("address: {expected}"), found))?;
                let address = self.place(&place).ok_or_else(|| wrong(&self.known_names(&place)))?;
                DynSolValue::Address(address)
            }
            (DynSolType::Address, Argument::Each { group, index, .. }) => {
                let address = self.element(group, *index);
                let place = || Place::All((*group).to_owned());
                DynSolValue::Address(address.ok_or_else(|| wrong(&self.known_names(&place())))?)
            }
            (DynSolType::Address, Argument::Place(target)) => {
                DynSolValue::Address(self.target(*target, path)?)
            }
            (DynSolType::Uint(bits), arg) => {
                let value = match arg {
                    Argument::Text("max") => U256::MAX >> (256 - bits),
                    Argument::Amount(amount) => *amount,
                    arg => match number(arg).map(Amount::parse) {
                        Some(Ok(amount)) => amount.value(),
                        _ => {
                            return Err(wrong(
                                ": a whole number such as 5, \"1.5 ether\", \"1000e18\", \"max\"",
                            ));
                        }
                    },
                };
                if value.bit_len() > *bits {
                    return Err(wrong(&format!(": a number below 2^{bits}")));
                }
                DynSolValue::Uint(value, *bits)
            }
            (DynSolType::Int(bits), arg) => {
                let value = match arg {
                    Argument::Amount(amount) => I256::try_from(*amount).ok(),
                    arg => {
                        let text = number(arg).ok_or_else(|| wrong(": a whole number"))?;
                        let (sign, digits) = match text.strip_prefix('-') {
                            Some(digits) => (Sign::Negative, digits),
                            None => (Sign::Positive, text),
                        };
                        let amount = Amount::parse(digits).map_err(|_| wrong(": a whole number"))?;
                        I256::checked_from_sign_and_abs(sign, amount.value())
                    }
                };
                let fits = value.filter(|v| v.bits() as usize <= *bits);
                DynSolValue::Int(fits.ok_or_else(|| wrong(&format!(": a number of {bits} bits")))?, *bits)
            }
            (DynSolType::Bytes, Argument::Text(text)) => {
                DynSolValue::Bytes(hexadecimal(text).ok_or_else(|| wrong(": 0x and hexadecimal digits"))?)
            }
            (DynSolType::FixedBytes(size), Argument::Text(text)) => {
                let bytes = hexadecimal(text).filter(|bytes| bytes.len() == *size);
                let bytes =
                    bytes.ok_or_else(|| wrong(&format!(": 0x and {} hexadecimal digits", size * 2)))?;
                DynSolValue::FixedBytes(B256::right_padding_from(&bytes), *size)
            }
            (DynSolType::Array(inner), Argument::List(args)) => {
                DynSolValue::Array(self.values(std::iter::repeat(&**inner), args, path)?)
            }
            (DynSolType::FixedArray(inner, size), Argument::List(args)) if args.len() == *size => {
                DynSolValue::FixedArray(self.values(std::iter::repeat(&**inner), args, path)?)
            }
            (DynSolType::Tuple(inner), Argument::List(args)) if args.len() == inner.len() => {
                DynSolValue::Tuple(self.values(inner.iter(), args, path)?)
            }
            (DynSolType::Array(_) | DynSolType::FixedArray(..) | DynSolType::Tuple(_), _) => {
                return Err(wrong(": a list"));
            }
            _ => return Err(wrong("")),
        })
    }

    fn values<'k>(
        &self,
        kinds: impl Iterator<Item = &'k DynSolType>,
        args: &[Argument<'_>],
        path: &str,
    ) -> Result<Vec<DynSolValue>, Problem> {
        args.iter()
            .zip(kinds)
            .enumerate()
            .map(|(i, (arg, kind))| self.value(kind, arg, &format!("{path}[{i}]")))
            .collect()
    }

    /// The expected part of a message about an unknown `place`.
    fn known_names(&self, place: &Place) -> String {
        let near = match place {
            Place::Name(name) | Place::Element(name, _) | Place::All(name) => {
                nearest(name, self.addresses.keys().map(String::as_str))
            }
            Place::Address(_) => None,
        };
        let hint = near.map(|near| format!(" (\"{near}\"?)")).unwrap_or_default();
        format!(": a known name{hint} or 0x…")
    }
}

/// ABI and layout of a contract that the document defines.
pub(super) fn own_abi(contract: &Contract, path: &str) -> Result<Arc<ContractAbi>, Problem> {
    let abi = match &contract.abi {
        None => JsonAbi::default(),
        Some(items) => serde_json::from_value(serde_json::Value::Array(items.clone())).map_err(|error| {
            let text = items.iter().enumerate().find_map(|(i, item)| Some((i, item.as_str()?)));
            match text {
                Some((i, text)) => {
                    let found = format!("the text \"{}\"", shortened(text));
                    Problem::new(format!("{path}.abi[{i}]"), "an object as the compiler writes it", found)
                }
                None => {
                    Problem::new(format!("{path}.abi"), "an ABI as the compiler writes it", error.to_string())
                }
            }
        })?,
    };
    let layout = match &contract.storage_layout {
        None => None,
        Some(map) => {
            let layout = Layout::from_json(serde_json::Value::Object(map.clone()));
            Some(layout.map_err(|error| {
                let path = format!("{path}.storageLayout");
                Problem::new(path, "a storage layout as solc writes it", error.to_string())
            })?)
        }
    };
    Ok(Arc::new(ContractAbi::new(abi, layout)))
}

/// The function of `to` that `call` names.
fn function<'n>(
    names: &'n Names,
    to: Address,
    call: &str,
    args: usize,
    path: &str,
) -> Result<&'n Function, Problem> {
    let contract = names.display(to);
    let Some(known) = names.abi_of(to).filter(|known| !known.abi.functions.is_empty()) else {
        let expected = "a contract whose ABI is known, or \"data\" instead of \"call\"";
        return Err(Problem::new(format!("{path}.to"), expected, contract));
    };
    let functions = || known.abi.functions();
    if call.contains('(') {
        let plain: String = call.chars().filter(|c| !c.is_whitespace()).collect();
        if let Some(function) = functions().find(|f| f.signature() == plain) {
            return Ok(function);
        }
    }
    let base = call.split('(').next().unwrap_or(call);
    let overloads: Vec<&Function> = functions().filter(|f| f.name == base).collect();
    let path = format!("{path}.call");
    let signatures = |of: &[&Function]| of.iter().map(|f| f.signature()).collect::<Vec<_>>().join(", ");
    match overloads[..] {
        [] => {
            let all: Vec<&str> = functions().map(|f| f.name.as_str()).collect();
            let expected = match nearest(base, all.iter().copied()) {
                Some(near) => format!("a function of {contract} (\"{near}\"?)"),
                None => {
                    let mut all = all;
                    all.dedup();
                    format!("a function of {contract}: {}", all.join(", "))
                }
            };
            Err(Problem::new(path, expected, format!("\"{call}\"")))
        }
        [one] if !call.contains('(') => Ok(one),
        _ => {
            let fitting: Vec<&Function> =
                overloads.iter().copied().filter(|f| f.inputs.len() == args).collect();
            match fitting[..] {
                [one] if !call.contains('(') => Ok(one),
                _ => {
                    let expected = format!("one of {}", signatures(&overloads));
                    Err(Problem::new(path, expected, format!("\"{call}\"")))
                }
            }
        }
    }
}

fn described(param: &Param) -> String {
    if param.name.is_empty() { param.ty.clone() } else { format!("{} {}", param.ty, param.name) }
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.strip_prefix("0x")?).ok()
}

/// The digits of a number, which is written as a number or as a text.
fn number<'v>(arg: &'v Argument<'_>) -> Option<&'v str> {
    match arg {
        Argument::Number(Numeral(digits)) => Some(digits),
        Argument::Text(text) | Argument::Each { written: text, .. } => Some(text),
        _ => None,
    }
}

/// An argument as it is in the document, for messages.
fn shown(arg: &Argument<'_>) -> String {
    match arg {
        Argument::Bool(b) => b.to_string(),
        Argument::Number(n) => shortened(&n.0),
        Argument::Text(text) | Argument::Each { written: text, .. } => format!("\"{}\"", shortened(text)),
        Argument::List(list) => format!("a list of {}", list.len()),
        Argument::Place(_) => "a choice of places".to_owned(),
        Argument::Amount(_) => "a random amount".to_owned(),
    }
}

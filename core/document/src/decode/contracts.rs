//! What comes before the block: contracts and set-up calls.

use super::arguments::Places;
use super::values::plain;
use super::{Decoder, Known, Path};
use crate::expand;
use crate::json::{Node, Value};
use crate::names::Place;
use crate::scenario::{Contract, MAX_TRANSACTIONS, SetupCall};

impl<'t> Decoder<'t> {
    pub(super) fn contract(&mut self, node: Node<'t>, path: &Path<'_>, known: &Known<'_>) -> Contract {
        let mut contract = Contract::default();
        let expected = "a contract such as { \"catalogue\": \"uniswap-v2/WETH9\" }";
        if !self.known(node, path, expected, Contract::NAMES) {
            return contract;
        }
        if let Some(catalogue) = node.get("catalogue") {
            contract.catalogue = Some(self.line(catalogue, &path.field("catalogue")));
        }
        if let Some(bytecode) = node.get("bytecode") {
            contract.bytecode = self.bytes(bytecode, &path.field("bytecode"));
        }
        match (node.get("catalogue"), node.get("bytecode")) {
            (None, None) => {
                self.problem(node.at(), path, "\"catalogue\" or \"bytecode\"", "neither");
            }
            (Some(_), Some(bytecode)) => {
                let path = path.field("bytecode");
                self.problem(bytecode.at(), &path, "either \"catalogue\" or \"bytecode\"", "both");
            }
            (Some(_), None) => {
                for name in ["abi", "storageLayout"] {
                    if let Some(node) = node.get(name) {
                        let expected = format!("no \"{name}\": the catalogue has it");
                        self.wrong(node, &path.field(name), expected);
                    }
                }
            }
            (None, Some(_)) => {}
        }
        if let Some(abi) = node.get("abi") {
            let path = path.field("abi");
            let list = self.list(abi, &path, "functions, events and errors as the compiler writes it");
            contract.abi = (abi.value() == Value::List).then(|| list.into_iter().map(plain).collect());
        }
        if let Some(layout) = node.get("storageLayout") {
            match plain(layout) {
                serde_json::Value::Object(map) => contract.storage_layout = Some(map),
                _ => self.wrong(layout, &path.field("storageLayout"), "an object as solc writes it"),
            }
        }
        if let Some(count) = node.get("count") {
            let count = self.whole(count, &path.field("count"), 1, u64::from(MAX_TRANSACTIONS));
            contract.count = count.map(|c| c as u32);
        }
        if let Some(from) = node.get("from") {
            contract.from = self.known_place(from, &path.field("from"), known, false);
        }
        if let Some(args) = node.get("args") {
            let args_path = path.field("args");
            for (i, arg) in self.list(args, &args_path, "arguments").into_iter().enumerate() {
                let path = args_path.index(i);
                if let Some(arg) = self.arg(arg, &path, known, Places::One) {
                    contract.args.push(arg);
                }
            }
        }
        if let Some(value) = node.get("value") {
            contract.value = self.amount(value, &path.field("value"));
        }
        contract
    }

    /// A set-up call, and how often it is made if it has a `[*]`.
    pub(super) fn setup(
        &mut self,
        node: Node<'t>,
        path: &Path<'_>,
        known: &Known<'_>,
    ) -> Option<(SetupCall, Option<u32>)> {
        if !self.known(node, path, "a call", SetupCall::NAMES) {
            return None;
        }
        let place = |d: &mut Self, name: &str| match node.get(name) {
            Some(node) => d.known_place(node, &path.field(name), known, true),
            None => {
                d.missing(node, path, name);
                None
            }
        };
        let from = place(self, "from");
        let to = place(self, "to");
        let (call, data) = self.call_or_data(node, path);
        let args = self.args(node, path, known, Places::All);
        let value = node.get("value").and_then(|v| self.amount(v, &path.field("value")));
        let named = node.get("as").and_then(|name| {
            let path = path.field("as");
            match self.place(name, &path)? {
                place @ (Place::Name(_) | Place::All(_)) => Some(place),
                _ => {
                    self.wrong(name, &path, "a new name such as \"pool\" (or \"pool[*]\" for each index)");
                    None
                }
            }
        });
        let call = SetupCall { from: from?, to: to?, call, args, data, value, named };
        let count = self.wildcards(&call, node, path, known)?;
        Some((call, count))
    }

    /// How often the call is made: all its `[*]` have the same count.
    pub(super) fn wildcards(
        &mut self,
        call: &SetupCall,
        node: Node<'_>,
        path: &Path<'_>,
        known: &Known<'_>,
    ) -> Option<Option<u32>> {
        let counts = expand::wildcards(call, known);
        let Some(&(first, count)) = counts.first() else { return Some(None) };
        if let Some((other, different)) = counts.iter().find(|(_, c)| *c != count) {
            let expected = "groups of the same size at every [*] of one call";
            self.problem(node.at(), path, expected, format!("{first} of {count} and {other} of {different}"));
            return None;
        }
        Some(Some(count))
    }
}

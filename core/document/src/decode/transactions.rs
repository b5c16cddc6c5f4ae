//! The block's transactions.

use alloy_primitives::Bytes;

use super::arguments::Places;
use super::{Decoder, Known, MAX_NUMBER, Path};
use crate::json::Node;
use crate::scenario::{
    AccessListItem, Authorization, AuthorizationItem, Authorize, Call, MAX_TRANSACTIONS, RawTransaction,
    Transaction,
};

impl<'t> Decoder<'t> {
    pub(super) fn call_or_data(
        &mut self,
        node: Node<'t>,
        path: &Path<'_>,
    ) -> (Option<String>, Option<Bytes>) {
        let call = node.get("call").map(|call| self.line(call, &path.field("call")));
        let data = node.get("data").and_then(|data| self.bytes(data, &path.field("data")));
        if let (Some(_), Some(data)) = (&call, node.get("data")) {
            self.problem(data.at(), &path.field("data"), "either \"call\" or \"data\"", "both");
        }
        if let (None, Some(args)) = (&call, node.get("args")) {
            self.problem(args.at(), &path.field("args"), "\"call\" beside \"args\"", "no \"call\"");
        }
        (call, data)
    }

    pub(super) fn transaction(
        &mut self,
        node: Node<'t>,
        path: &Path<'_>,
        known: &Known<'_>,
    ) -> Option<Transaction> {
        let label = |d: &mut Self| node.get("label").map(|label| d.line(label, &path.field("label")));
        if let Some(raw) = node.get("raw") {
            self.known(node, path, "a transaction", RawTransaction::NAMES);
            let label = label(self);
            let raw = self.bytes(raw, &path.field("raw"))?;
            return Some(Transaction::Raw(RawTransaction { label, raw }));
        }
        if !self.object(node, path, "a transaction") {
            return None;
        }
        let mut offered = Call::NAMES.to_vec();
        offered.extend(RawTransaction::NAMES.iter().filter(|name| **name == "raw"));
        self.unknown(node, path, &offered);
        let number = |d: &mut Self, name: &str, least, most| {
            node.get(name).and_then(|node| d.whole(node, &path.field(name), least, most))
        };
        let amount = |d: &mut Self, name: &str| {
            let node = node.get(name)?;
            let path = path.field(name);
            d.amount(node, &path)
        };
        let from = match node.get("from") {
            Some(from) => self.choice(from, &path.field("from"), known),
            None => {
                self.missing(node, path, "from");
                None
            }
        };
        let to = node.get("to").map(|to| self.choice(to, &path.field("to"), known));
        let (call, data) = self.call_or_data(node, path);
        if to.is_none() && node.get("data").is_none() {
            let (expected, found) = match node.get("call") {
                Some(_) => ("\"to\" with the contract to call", "\"call\" without \"to\""),
                None => ("\"to\", or \"data\" with the code to create", "neither"),
            };
            self.problem(node.at(), path, expected, found);
        }
        let decoded = Call {
            label: label(self),
            repeat: number(self, "repeat", 1, u64::from(MAX_TRANSACTIONS)).map(|r| r as u32),
            from: from?,
            to: match to {
                Some(to) => Some(to?),
                None => None,
            },
            call,
            args: self.args(node, path, known, Places::One),
            data,
            value: node.get("value").and_then(|v| self.quantity(v, &path.field("value"))),
            gas: number(self, "gas", 0, MAX_NUMBER),
            nonce: number(self, "nonce", 0, MAX_NUMBER),
            gas_price: amount(self, "gasPrice"),
            max_fee_per_gas: amount(self, "maxFeePerGas"),
            max_priority_fee_per_gas: amount(self, "maxPriorityFeePerGas"),
            access_list: self.access_list(node, path, known),
            authorization_list: self.authorizations(node, path, known),
        };
        if let Some(price) = node.get("gasPrice") {
            let type2 = ["maxFeePerGas", "maxPriorityFeePerGas", "authorizationList"];
            if let Some(other) = type2.into_iter().find(|name| node.get(name).is_some()) {
                let found = format!("\"{other}\" beside it");
                self.problem(price.at(), &path.field("gasPrice"), "\"gasPrice\" alone", found);
            }
        }
        if decoded.nonce.is_some()
            && decoded.repeat.is_some_and(|r| r > 1)
            && let Some(nonce) = node.get("nonce")
        {
            self.wrong(nonce, &path.field("nonce"), "no nonce: each repetition needs its own");
        }
        Some(Transaction::Call(Box::new(decoded)))
    }

    pub(super) fn access_list(
        &mut self,
        node: Node<'t>,
        path: &Path<'_>,
        known: &Known<'_>,
    ) -> Vec<AccessListItem> {
        let Some(list) = node.get("accessList") else { return Vec::new() };
        let path = path.field("accessList");
        let mut items = Vec::new();
        for (i, node) in self.list(list, &path, "addresses with their slots").enumerate() {
            let path = path.index(i);
            if !self.known(node, &path, "{ \"address\": …, \"storageKeys\": [ … ] }", AccessListItem::NAMES)
            {
                continue;
            }
            let Some(address) = node.get("address") else {
                self.missing(node, &path, "address");
                continue;
            };
            let address = self.known_place(address, &path.field("address"), known, false);
            let mut storage_keys = Vec::new();
            if let Some(keys) = node.get("storageKeys") {
                let path = path.field("storageKeys");
                for (i, key) in self.list(keys, &path, "slots").enumerate() {
                    storage_keys.extend(self.word(key, &path.index(i)));
                }
            }
            items.extend(address.map(|address| AccessListItem { address, storage_keys }));
        }
        items
    }

    pub(super) fn authorizations(
        &mut self,
        node: Node<'t>,
        path: &Path<'_>,
        known: &Known<'_>,
    ) -> Vec<AuthorizationItem> {
        let Some(list) = node.get("authorizationList") else { return Vec::new() };
        let path = path.field("authorizationList");
        let mut items = Vec::new();
        for (i, node) in self.list(list, &path, "authorisations").enumerate() {
            let path = path.index(i);
            let item = if node.get("authorize").is_some() || node.get("by").is_some() {
                self.authorize(node, &path, known).map(AuthorizationItem::Authorize)
            } else {
                self.signed_authorization(node, &path, known).map(AuthorizationItem::Signed)
            };
            items.extend(item);
        }
        items
    }

    /// One that is signed here.
    fn authorize(&mut self, node: Node<'t>, path: &Path<'_>, known: &Known<'_>) -> Option<Authorize> {
        let what = "{ \"authorize\": …, \"by\": … }";
        if !self.known(node, path, what, Authorize::NAMES) {
            return None;
        }
        let place = |d: &mut Self, name: &str| match node.get(name) {
            Some(place) => d.known_place(place, &path.field(name), known, false),
            None => {
                d.missing(node, path, name);
                None
            }
        };
        let (authorize, by) = (place(self, "authorize"), place(self, "by"));
        let number = |d: &mut Self, name: &str| {
            node.get(name).and_then(|node| d.whole(node, &path.field(name), 0, MAX_NUMBER))
        };
        let (nonce, chain_id) = (number(self, "nonce"), number(self, "chainId"));
        Some(Authorize { authorize: authorize?, by: by?, nonce, chain_id })
    }

    fn signed_authorization(
        &mut self,
        node: Node<'t>,
        path: &Path<'_>,
        known: &Known<'_>,
    ) -> Option<Authorization> {
        if !self.known(node, path, "a signed authorisation", Authorization::NAMES) {
            return None;
        }
        let missing: Vec<&str> =
            Authorization::NAMES.iter().copied().filter(|f| node.get(f).is_none()).collect();
        if !missing.is_empty() {
            let expected = "all fields of a signed authorisation, or { \"authorize\": …, \"by\": … }";
            self.problem(node.at(), path, expected, format!("no {}", missing.join(", ")));
            return None;
        }
        let number = |d: &mut Self, name: &str, most| {
            node.get(name).and_then(|node| d.whole(node, &path.field(name), 0, most))
        };
        let chain_id = number(self, "chainId", MAX_NUMBER);
        let nonce = number(self, "nonce", MAX_NUMBER);
        let y_parity = number(self, "yParity", 1);
        let word = |d: &mut Self, name: &str| {
            let node = node.get(name)?;
            d.word(node, &path.field(name))
        };
        let (r, s) = (word(self, "r"), word(self, "s"));
        let address = node
            .get("address")
            .and_then(|address| self.known_place(address, &path.field("address"), known, false));
        Some(Authorization {
            chain_id: chain_id?,
            address: address?,
            nonce: nonce?,
            y_parity: y_parity? as u8,
            r: r?,
            s: s?,
        })
    }
}

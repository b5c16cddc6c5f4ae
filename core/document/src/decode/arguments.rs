//! Arguments, and what may be random: places and amounts.

use super::{Decoder, Known, Path};
use crate::expand::wildcard;
use crate::json::{Node, Value};
use crate::scenario::{Arg, Between, By, Choice, Numeral, Pick, Quantity, Skew, is_exact};

impl<'t> Decoder<'t> {
    pub(super) fn args(
        &mut self,
        node: Node<'t>,
        path: &Path<'_>,
        known: &Known<'_>,
        places: Places,
    ) -> Vec<Arg> {
        let Some(args) = node.get("args") else { return Vec::new() };
        let path = path.field("args");
        let list = self.list(args, &path, "arguments");
        let decoded = list.enumerate().map(|(i, arg)| self.arg(arg, &path.index(i), known, places));
        decoded.collect::<Vec<_>>().into_iter().flatten().collect()
    }

    pub(super) fn arg(
        &mut self,
        node: Node<'t>,
        path: &Path<'_>,
        known: &Known<'_>,
        places: Places,
    ) -> Option<Arg> {
        Some(match node.value() {
            Value::Null => {
                self.wrong(node, path, "an argument");
                return None;
            }
            Value::Bool(b) => Arg::Bool(b),
            // As it will be written: other numbers would be read as texts the next time.
            Value::Number(n) if is_exact(n) => Arg::Number(Numeral(n.to_owned())),
            Value::Number(n) => Arg::Text(n.to_owned()),
            Value::Text(t) => {
                // Whether it is a place is known only with the function's ABI; a `name[*]` of a
                // group, though, is one everywhere but in a text argument that happens to look so.
                if let Some(name) = wildcard(&t)
                    && known.contains_key(name)
                    && (places == Places::One || self.group(node, path, name, known).is_none())
                {
                    if places == Places::One {
                        self.wrong(
                            node,
                            path,
                            "one place ([*] is for \"setup\"; here { \"pick\": … } chooses)",
                        );
                    }
                    return None;
                }
                Arg::Text(t.to_string())
            }
            Value::List => {
                let args =
                    node.elements().enumerate().map(|(i, arg)| self.arg(arg, &path.index(i), known, places));
                Arg::List(args.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()?)
            }
            Value::Object => {
                let (pick, between) = (node.get("pick").is_some(), node.get("between").is_some());
                let random = pick || between;
                if places == Places::All && random {
                    self.wrong(node, path, "an argument without chance: set-up calls have no repetitions");
                    return None;
                }
                if between {
                    Arg::Between(self.between(node, path)?)
                } else if pick {
                    Arg::Pick(self.pick(node, path, known)?)
                } else {
                    self.wrong(node, path, "an argument, { \"pick\": … } or { \"between\": … }");
                    return None;
                }
            }
        })
    }

    pub(super) fn choice(&mut self, node: Node<'t>, path: &Path<'_>, known: &Known<'_>) -> Option<Choice> {
        match node.value() {
            Value::Object => self.pick(node, path, known).map(Choice::Pick),
            _ => self.known_place(node, path, known, false).map(Choice::Fixed),
        }
    }

    pub(super) fn pick(&mut self, node: Node<'t>, path: &Path<'_>, known: &Known<'_>) -> Option<Pick> {
        if !self.known(node, path, "{ \"pick\": a group's name }", Pick::NAMES) {
            return None;
        }
        let Some(group) = node.get("pick") else {
            self.missing(node, path, "pick");
            return None;
        };
        let by = match node.get("by") {
            Some(by) => {
                self.one_of(by, &path.field("by"), &["round-robin", "uniform", "zipf"], |n| match n {
                    "round-robin" => Some(By::RoundRobin),
                    "uniform" => Some(By::Uniform),
                    "zipf" => Some(By::Zipf),
                    _ => None,
                })?
            }
            None => By::Uniform,
        };
        let skew = node.get("skew").and_then(|skew| {
            let path = path.field("skew");
            if by != By::Zipf {
                self.wrong(skew, &path, "no skew: it belongs to \"by\": \"zipf\"");
                return None;
            }
            let thousandths = match skew.value() {
                Value::Number(written) => thousandths(written),
                _ => None,
            };
            if thousandths.is_none() {
                self.wrong(skew, &path, "a number from 0 to 5 with at most three decimals");
            }
            thousandths.map(Skew)
        });
        let path = path.field("pick");
        let Value::Text(name) = group.value() else {
            self.wrong(group, &path, "the name of a group");
            return None;
        };
        if !self.known_name(group, &path, &name, known) {
            return None;
        }
        self.group(group, &path, &name, known)?;
        Some(Pick { group: name.to_string(), by, skew })
    }

    pub(super) fn quantity(&mut self, node: Node<'t>, path: &Path<'_>) -> Option<Quantity> {
        match node.value() {
            Value::Object => self.between(node, path).map(Quantity::Between),
            _ => self.amount(node, path).map(Quantity::Fixed),
        }
    }

    pub(super) fn between(&mut self, node: Node<'t>, path: &Path<'_>) -> Option<Between> {
        if !self.known(node, path, "{ \"between\": [least, most] }", Between::NAMES) {
            return None;
        }
        let Some(node) = node.get("between") else {
            self.missing(node, path, "between");
            return None;
        };
        let path = path.field("between");
        let [least, most] = node.elements().collect::<Vec<_>>()[..] else {
            self.wrong(node, &path, "two amounts: [least, most]");
            return None;
        };
        let least = self.amount(least, &path.index(0));
        let most = self.amount(most, &path.index(1));
        let (least, most) = (least?, most?);
        if least.value() > most.value() {
            let found = format!("{} and {}", least.written(), most.written());
            self.problem(node.at(), &path, "the lesser amount first", found);
            return None;
        }
        Some(Between { between: [least, most] })
    }
}

/// Which places an argument may have.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Places {
    /// One, or a choice.
    One,
    /// One, or all of a group.
    All,
}

/// A decimal from 0 to 5 in thousandths.
fn thousandths(written: &str) -> Option<u32> {
    let (whole, fraction) = written.split_once('.').unwrap_or((written, ""));
    if fraction.len() > 3 {
        return None;
    }
    let number: u32 = format!("{whole}{fraction:0<3}").parse().ok()?;
    (number <= 5000).then_some(number)
}

//! Numbers in a lesson's texts that readers can change: `[2 lanes](set:lanes "1..16")`.
//!
//! ```text
//! [2 lanes](set:lanes "1..16")                          lanes of the run
//! [seed 0](set:seed "0..9")                             seed of the run's disturbances
//! [8 payments](set:/transactions/0/repeat "8..64 by 8") a value of the scenario, by JSON pointer (RFC 6901)
//!  ─┬────────      ─┬────────────────────   ─┬────────
//!   label: one number and its unit           from .. to, and in what steps
//!                   target
//! ```
//! Where nothing can be dragged, the label is what is read.

use crate::decode::MAX_NUMBER;
use crate::json::{Node, Tree, Value};

/// Most numbers in a text.
pub const MAX_NUMBERS: usize = 8;
/// Longest label, in characters.
const MAX_LABEL: usize = 60;

/// What a number is bound to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// The lanes of the run.
    Lanes,
    /// The seed of the run's disturbances.
    Seed,
    /// A value of the scenario, by JSON pointer.
    Value(String),
}

/// A number that can be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// What is changed.
    pub target: Target,
    /// The number in the label.
    pub value: u64,
    /// The smallest that it can be.
    pub low: u64,
    /// The largest.
    pub high: u64,
    /// The distance from one value to the next.
    pub step: u64,
    /// The label before its number.
    before: String,
    /// The label behind it: the unit.
    unit: String,
}

/// What is wrong with the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// What would be right.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl Number {
    /// The label with another number.
    pub fn label(&self, value: u64) -> String {
        // "1 lanes" is no English. Units of three letters, such as gas, have no plural.
        let unit = match self.unit.strip_suffix('s') {
            Some(one) if value == 1 && self.value != 1 && one.trim().chars().count() > 2 => one,
            _ => &self.unit,
        };
        format!("{}{value}{unit}", self.before)
    }

    /// What the number is, without itself: `lanes`.
    pub fn name(&self) -> String {
        let (before, unit) = (self.before.trim(), self.unit.trim());
        match (before, unit) {
            ("", "") => "number".to_owned(),
            ("", unit) => unit.to_owned(),
            (before, "") => before.to_owned(),
            (before, unit) => format!("{before} … {unit}"),
        }
    }

    /// The nearest value that it can have.
    pub fn nearest(&self, value: u64) -> u64 {
        let value = value.clamp(self.low, self.high);
        let steps = (value - self.low).saturating_add(self.step / 2) / self.step;
        (self.low + steps * self.step).min(self.high)
    }

    /// So many steps further, or back.
    pub fn further(&self, from: u64, steps: i64) -> u64 {
        let way = steps.unsigned_abs().saturating_mul(self.step);
        let to = if steps < 0 { from.saturating_sub(way) } else { from.saturating_add(way) };
        self.nearest(to)
    }
}

/// The form that `text` begins with, and its length in bytes; `None` if it begins with none.
pub fn at(text: &str) -> Option<(usize, Result<Number, Wrong>)> {
    let inner = text.strip_prefix('[')?;
    let close = inner.find(['[', ']'])?;
    let label = &inner[..close];
    let rest = inner[close..].strip_prefix("](set:")?;
    let end = rest.find(')')?;
    let length = text.len() - rest.len() + end + 1;
    Some((length, read(label, &rest[..end])))
}

fn read(label: &str, body: &str) -> Result<Number, Wrong> {
    let wrong = |expected: &str, found: &str| {
        let found = format!("\"{}\"", crate::json::shortened(found));
        Err(Wrong { expected: expected.to_owned(), found })
    };
    let one = "one whole number and its unit, such as [2 lanes]";
    let Some(at) = label.find(|c: char| c.is_ascii_digit()) else { return wrong(one, label) };
    let digits = label[at..].find(|c: char| !c.is_ascii_digit()).unwrap_or(label.len() - at);
    let (before, unit) = (&label[..at], &label[at + digits..]);
    let value = whole(&label[at..at + digits]);
    let is_plain = !unit.contains(|c: char| c.is_ascii_digit()) && label.chars().count() <= MAX_LABEL;
    let Some(value) = value.filter(|_| is_plain) else { return wrong(one, label) };
    let (target, range) = body.trim().split_once(char::is_whitespace).unwrap_or((body.trim(), ""));
    let target = match target {
        "lanes" => Target::Lanes,
        "seed" => Target::Seed,
        pointer if pointer.starts_with('/') => Target::Value(pointer.to_owned()),
        other => {
            return wrong("lanes, seed, or a JSON pointer such as /transactions/0/repeat behind set:", other);
        }
    };
    let form = "bounds such as \"1..16\" or \"0..100 by 10\", the smaller one first";
    let bounds = range.trim().strip_prefix('"').and_then(|range| range.strip_suffix('"'));
    let Some((low, high)) = bounds.and_then(|bounds| bounds.split_once("..")) else {
        return wrong(form, range);
    };
    let (high, step) = match high.split_once(" by ") {
        Some((high, step)) => (high, whole(step.trim())),
        None => (high, Some(1)),
    };
    let (Some(low), Some(high), Some(step)) = (whole(low.trim()), whole(high.trim()), step) else {
        return wrong(form, range);
    };
    if low >= high || step == 0 || step > high - low {
        return wrong(form, range);
    }
    if target == Target::Lanes && (low < 1 || high > crate::MAX_LANES.into()) {
        return wrong(&format!("bounds from 1 to {} lanes", crate::MAX_LANES), range);
    }
    if !(low..=high).contains(&value) {
        return wrong(&format!("a number from {low} to {high}"), &value.to_string());
    }
    Ok(Number { target, value, low, high, step, before: before.to_owned(), unit: unit.to_owned() })
}

fn whole(digits: &str) -> Option<u64> {
    let is_whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|value| is_whole && *value <= MAX_NUMBER)
}

/// Every form in a text outside of code, in order.
pub fn all(text: &str) -> Vec<Result<Number, Wrong>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at_mark) = rest.find(['[', '`']) {
        rest = &rest[at_mark..];
        if let Some(code) = rest.strip_prefix('`') {
            let paragraph = code.find("\n\n").unwrap_or(code.len());
            rest = code[..paragraph].find('`').map_or(code, |end| &code[end + 1..]);
            continue;
        }
        match at(rest) {
            Some((length, number)) => {
                found.push(number);
                rest = &rest[length..];
            }
            None => rest = &rest[1..],
        }
    }
    found
}

/// A text with each form's label in its place, for those who cannot drag.
pub fn labels(text: &str) -> String {
    labels_now(text, |_| None)
}

/// The same with the numbers as they are now, where that is known.
pub fn labels_now(text: &str, now: impl Fn(&Target) -> Option<u64>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(mark) = rest.find('[') {
        out.push_str(&rest[..mark]);
        rest = &rest[mark..];
        match at(rest) {
            Some((length, number)) => {
                match number.as_ref().ok().and_then(|number| Some(number.label(now(&number.target)?))) {
                    Some(label) => out.push_str(&label),
                    None => out.push_str(rest[1..].split(']').next().unwrap_or_default()),
                }
                rest = &rest[length..];
            }
            None => {
                out.push('[');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// The whole number at `pointer` of a scenario's text. An amount such as `"20e18"` or `"1 ether"` counts in its own unit.
pub fn value(scenario: &str, pointer: &str) -> Option<u64> {
    let tree = Tree::read(scenario).ok()?;
    let node = find(tree.root(scenario), pointer)?;
    let span = digits(node)?;
    whole(&scenario[span])
}

/// A scenario's text with that number at `pointer`; everything else of it stays as it is written.
pub fn with_value(scenario: &str, pointer: &str, value: u64) -> Option<String> {
    let tree = Tree::read(scenario).ok()?;
    let span = digits(find(tree.root(scenario), pointer)?)?;
    Some(format!("{}{value}{}", &scenario[..span.start], &scenario[span.end..]))
}

/// What a JSON pointer leads to.
fn find<'t>(root: Node<'t>, pointer: &str) -> Option<Node<'t>> {
    let mut node = root;
    for step in pointer.strip_prefix('/')?.split('/') {
        let name = step.replace("~1", "/").replace("~0", "~");
        node = match node.value() {
            Value::Object => node.get(&name)?,
            Value::List => node.elements().nth(whole(&name)? as usize)?,
            _ => return None,
        };
    }
    Some(node)
}

/// Where a value has its whole number: the value itself, or the beginning of an amount.
fn digits(node: Node<'_>) -> Option<std::ops::Range<usize>> {
    let (start, written) = match node.value() {
        Value::Number(_) => (node.at(), node.written()),
        Value::Text(_) => (node.at() + 1, node.written().strip_prefix('"')?.strip_suffix('"')?),
        _ => return None,
    };
    let length = written.find(|c: char| !c.is_ascii_digit()).unwrap_or(written.len());
    let is_whole = match written[length..].chars().next() {
        None => length > 0,
        // "20e18", "1 ether"
        Some(behind) => length > 0 && start > node.at() && matches!(behind, ' ' | 'e'),
    };
    is_whole.then_some(start..start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        let (length, number) = at(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(length, text.len(), "{text}");
        number.unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"))
    }

    #[test]
    fn a_form_says_what_it_changes_and_how_far() {
        let lanes = number("[2 lanes](set:lanes \"1..16\")");
        assert_eq!(
            (lanes.target.clone(), lanes.value, lanes.low, lanes.high, lanes.step),
            (Target::Lanes, 2, 1, 16, 1)
        );
        assert_eq!((&*lanes.label(1), &*lanes.label(16), &*lanes.name()), ("1 lane", "16 lanes", "lanes"));
        let repeat = number("[8 payments](set:/transactions/0/repeat \"8..60 by 8\")");
        assert_eq!(repeat.target, Target::Value("/transactions/0/repeat".into()));
        assert_eq!([0, 11, 12, 59, 1000].map(|value| repeat.nearest(value)), [8, 8, 16, 56, 60]);
        assert_eq!([1, -1, 100, i64::MIN].map(|steps| repeat.further(16, steps)), [24, 8, 60, 8]);
        let seed = number("[seed 3](set:seed \"0..9\")");
        assert_eq!((&*seed.label(4), &*seed.name()), ("seed 4", "seed"));
        // A unit of three letters has no plural; nor has one that stands beside one.
        assert_eq!(number("[5 gas](set:/a \"1..9\")").label(1), "1 gas");
        assert_eq!(number("[1 bus](set:/a \"1..9\")").label(1), "1 bus");
    }

    #[test]
    fn what_is_wrong_with_a_form_is_said() {
        for (text, expected) in [
            ("[two lanes](set:lanes \"1..16\")", "one whole number"),
            ("[2 of 3](set:lanes \"1..16\")", "one whole number"),
            ("[2](set:lane \"1..16\")", "lanes, seed"),
            ("[2](set:lanes)", "bounds such as"),
            ("[2](set:lanes \"16..1\")", "bounds such as"),
            ("[2](set:lanes \"1..2 by 5\")", "bounds such as"),
            ("[2](set:lanes \"1..2 by 0\")", "bounds such as"),
            ("[2](set:lanes \"1..999\")", "bounds from 1 to 256 lanes"),
            ("[0](set:lanes \"0..9\")", "bounds from 1 to 256 lanes"),
            ("[20](set:lanes \"1..16\")", "a number from 1 to 16"),
            ("[99999999999999999999](set:seed \"1..16\")", "one whole number"),
            ("[2](set: \"1..16\")", "lanes, seed"),
        ] {
            let wrong = at(text).unwrap_or_else(|| panic!("{text}")).1.expect_err(text);
            assert!(wrong.expected.starts_with(expected), "{text}: {wrong:?}");
        }
        for text in [
            "[2 lanes]",
            "[2](https://example.org)",
            "2 lanes](set:lanes)",
            "[a [2](set:lanes \"1..2\")",
            "[",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn forms_are_found_outside_of_code_and_read_as_their_labels() {
        let text = "On [2 lanes](set:lanes \"1..16\"), not `[3](set:lanes \"1..4\")`, [x], a ` alone, [4](set:seed).";
        let found: Vec<bool> = all(text).iter().map(Result::is_ok).collect();
        assert_eq!(found, [true, false]);
        assert_eq!(
            labels("On [2 lanes](set:lanes \"1..16\") of [all], [4](set:seed)."),
            "On 2 lanes of [all], 4."
        );
        let now = |target: &Target| (*target == Target::Lanes).then_some(1);
        assert_eq!(labels_now("[2 lanes](set:lanes \"1..16\"), [4](set:seed \"1..9\")", now), "1 lane, 4");
    }

    #[test]
    fn a_value_is_read_and_written_in_its_own_unit() {
        let scenario =
            r#"{ "a/b": 7, "list": [ { "x": "20e18" }, "1 ether", "0x12", "1.5 ether", 1e3, -2, "e" ] }"#;
        for (pointer, expected) in [
            ("/a~1b", Some(7)),
            ("/list/0/x", Some(20)),
            ("/list/1", Some(1)),
            ("/list/2", None),
            ("/list/3", None),
            ("/list/4", None),
            ("/list/5", None),
            ("/list/6", None),
            ("/list/9", None),
            ("/list", None),
            ("/no", None),
            ("", None),
        ] {
            assert_eq!(value(scenario, pointer), expected, "{pointer}");
        }
        let changed = with_value(scenario, "/list/0/x", 345).expect("a value");
        assert_eq!(changed, scenario.replace("20e18", "345e18"));
        let changed = with_value(scenario, "/a~1b", 12).expect("a value");
        assert_eq!(changed, scenario.replace("7", "12"));
    }
}

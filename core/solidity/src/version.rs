//! Versions, and what `pragma solidity` asks for: read as solc reads it (liblangutil/SemVerHandler), which is not quite as
//! npm does.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::problem::{Lines, Problem};

/// A released version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    /// 0 of 0.8.37.
    pub major: u32,
    /// 8 of 0.8.37. Another one breaks sources.
    pub minor: u32,
    /// 37 of 0.8.37.
    pub patch: u32,
}

impl Version {
    fn level(self, level: usize) -> u32 {
        [self.major, self.minor, self.patch].get(level).copied().unwrap_or_default()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut numbers = text.split('.').map(|number| {
            let is_plain =
                number.len() <= 9 && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            if is_plain { number.parse::<u32>().ok() } else { None }
        });
        let mut next = || numbers.next().flatten();
        match (next(), next(), next(), numbers.next()) {
            (Some(major), Some(minor), Some(patch), None) => Ok(Self { major, minor, patch }),
            _ => Err(format!("{text:?} is no version such as 0.8.37")),
        }
    }
}

impl TryFrom<String> for Version {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// `~`
    SameMinor,
    /// `^`
    Compatible,
}

/// `^0.8`: a comparison with one to three numbers, some of which may be any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Component {
    comparison: Comparison,
    /// `None`: any (`*`, `x`, `X`). Only the first `levels` count.
    numbers: [Option<u32>; 3],
    levels: usize,
}

impl Component {
    fn matches(&self, version: Version) -> bool {
        let upto = |levels| Self { comparison: Comparison::LessOrEqual, levels, ..*self };
        let from = Self { comparison: Comparison::GreaterOrEqual, ..*self };
        let order = || {
            (0..self.levels)
                .filter_map(|level| Some(version.level(level).cmp(&(*self.numbers.get(level)?)?)))
                .find(|order| order.is_ne())
                .unwrap_or(std::cmp::Ordering::Equal)
        };
        match self.comparison {
            Comparison::SameMinor => from.matches(version) && upto(self.levels.min(2)).matches(version),
            Comparison::Compatible => {
                let levels = if self.numbers[0] == Some(0) && self.levels != 1 { 2 } else { 1 };
                from.matches(version) && upto(levels).matches(version)
            }
            Comparison::Equal => order().is_eq(),
            Comparison::Less => order().is_lt(),
            Comparison::LessOrEqual => order().is_le(),
            Comparison::Greater => order().is_gt(),
            Comparison::GreaterOrEqual => order().is_ge(),
        }
    }
}

/// What a pragma asks for: one of several sets of comparisons that must all hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    alternatives: Vec<Vec<Component>>,
}

/// More are a joke.
const MOST_COMPONENTS: usize = 100;

impl Requirement {
    /// Reads what stands between `pragma solidity` and the semicolon.
    ///
    /// # Errors
    /// If solc could not read it either.
    pub fn read(text: &str) -> Result<Self, NoRequirement> {
        let wrong = || NoRequirement { text: text.chars().take(100).collect() };
        let mut reader = Reader { rest: text };
        let mut alternatives = vec![];
        loop {
            let mut all = vec![reader.component().ok_or_else(wrong)?];
            if reader.sign("-") {
                // `0.6.0 - 0.8.0`; a sign before either is ignored.
                let mut last = reader.component().ok_or_else(wrong)?;
                all[0].comparison = Comparison::GreaterOrEqual;
                last.comparison = Comparison::LessOrEqual;
                all.push(last);
            } else {
                while !reader.is_at_end() && !reader.rest.starts_with('|') {
                    all.push(reader.component().ok_or_else(wrong)?);
                    if all.len() > MOST_COMPONENTS {
                        return Err(wrong());
                    }
                }
            }
            alternatives.push(all);
            if reader.is_at_end() {
                return Ok(Self { alternatives });
            }
            if !reader.sign("||") || alternatives.len() > MOST_COMPONENTS {
                return Err(wrong());
            }
        }
    }

    /// Whether a compiler of this version accepts it.
    pub fn matches(&self, version: Version) -> bool {
        self.alternatives.iter().any(|all| all.iter().all(|one| one.matches(version)))
    }

    /// The lowest version that it names, as far as it names one in full or in part.
    fn named(&self) -> Option<Version> {
        let upper = [Comparison::Less, Comparison::LessOrEqual];
        let components = self.alternatives.iter().flatten().filter(|one| !upper.contains(&one.comparison));
        let version = |one: &Component| {
            let level = |level: usize| if level < one.levels { one.numbers[level] } else { Some(0) };
            Some(Version { major: level(0)?, minor: level(1)?, patch: level(2).unwrap_or_default() })
        };
        components.filter_map(version).min()
    }
}

/// A pragma that names no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no requirement such as ^0.8.20 or >=0.6.2 <0.9.0")]
pub struct NoRequirement {
    text: String,
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    /// Quotes around versions mean nothing to solc.
    fn skip(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\r', '\n', '"', '\'']);
    }

    fn is_at_end(&mut self) -> bool {
        self.skip();
        self.rest.is_empty()
    }

    fn sign(&mut self, sign: &str) -> bool {
        self.skip();
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn component(&mut self) -> Option<Component> {
        let signs = [
            (">=", Comparison::GreaterOrEqual),
            ("<=", Comparison::LessOrEqual),
            (">", Comparison::Greater),
            ("<", Comparison::Less),
            ("=", Comparison::Equal),
            ("~", Comparison::SameMinor),
            ("^", Comparison::Compatible),
        ];
        let found = signs.into_iter().find(|(sign, _)| self.sign(sign));
        let comparison = found.map_or(Comparison::Equal, |(_, comparison)| comparison);
        self.skip();
        self.rest = self.rest.strip_prefix('v').unwrap_or(self.rest);
        let mut component = Component { comparison, numbers: [None; 3], levels: 0 };
        loop {
            *component.numbers.get_mut(component.levels)? = self.number()?;
            component.levels += 1;
            // A fourth number is one too many, above.
            let Some(rest) = self.rest.strip_prefix('.') else { return Some(component) };
            self.rest = rest;
        }
    }

    /// `Some(None)` is any number.
    #[allow(clippy::option_option, reason = "nothing, anything, something")]
    fn number(&mut self) -> Option<Option<u32>> {
        if let Some(rest) = self.rest.strip_prefix(['*', 'x', 'X']) {
            self.rest = rest;
            return Some(None);
        }
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.rest.split_at(digits);
        // A leading zero is none of a version.
        if digits > 9 || digits > 1 && number.starts_with('0') {
            return None;
        }
        self.rest = rest;
        number.parse().ok().map(Some)
    }
}

/// A pragma of a source, to choose a compiler by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The source's name.
    pub file: String,
    /// What it asks for.
    pub requirement: String,
    /// The statement's place.
    pub bytes: Range<usize>,
}

/// Chooses the newest of `compilers` that accepts every source; the newest of all where none asks for anything.
///
/// `text_of` gives a source's text, for places.
///
/// # Errors
/// Where none fits: what is asked for, what there is, and which would fit.
pub fn choose<'a>(
    compilers: &[Version],
    asked: &[Asked],
    text_of: impl Fn(&str) -> Option<&'a str>,
) -> Result<Version, Vec<Problem>> {
    let there_are = in_words(compilers);
    let problem = |it: &Asked, message: String| {
        Problem::error(message).at(
            &it.file,
            &Lines::of(text_of(&it.file).unwrap_or_default()),
            it.bytes.clone(),
        )
    };
    let mut problems = vec![];
    let mut read = vec![];
    for it in asked {
        match Requirement::read(&it.requirement) {
            Ok(requirement) => {
                if !compilers.iter().any(|&version| requirement.matches(version)) {
                    problems
                        .push(problem(it, none_fits(&it.requirement, &requirement, compilers, &there_are)));
                }
                read.push((it, requirement));
            }
            Err(error) => problems.push(problem(it, error.to_string())),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let fits = |version: Version| read.iter().all(|(_, requirement)| requirement.matches(version));
    if let Some(version) = compilers.iter().copied().filter(|&version| fits(version)).max() {
        return Ok(version);
    }
    if compilers.is_empty() {
        return Err(vec![Problem::error("there are no Solidity compilers here")]);
    }
    // Each accepts some compiler, but not the same one: two that contradict each other say it best.
    let agree = |a: &Requirement, b: &Requirement| compilers.iter().any(|&it| a.matches(it) && b.matches(it));
    for (at, (one, first)) in read.iter().enumerate() {
        for (other, second) in read.iter().skip(at + 1) {
            if !agree(first, second) {
                let message = format!(
                    "no compiler here accepts both: {} asks for Solidity {}, {} for {}. {there_are}",
                    one.file, one.requirement, other.file, other.requirement
                );
                return Err(vec![problem(one, message)]);
            }
        }
    }
    Err(vec![Problem::error(format!("no compiler here accepts all sources. {there_are}"))])
}

fn none_fits(asked: &str, requirement: &Requirement, compilers: &[Version], there_are: &str) -> String {
    let mut message = format!("no compiler here accepts Solidity {asked}. {there_are}");
    let Some(named) = requirement.named() else { return message };
    let same = |it: &&Version| (it.major, it.minor) == (named.major, named.minor);
    match compilers.iter().filter(same).max() {
        Some(near) if *near >= named => {
            message.push_str(&format!("; ^{named} in its place would accept {near}"));
        }
        Some(near) => message.push_str(&format!("; the nearest is {near}, which is older")),
        None => {}
    }
    message
}

/// `There are 0.6.12, 0.7.6 and 0.8.37`
fn in_words(compilers: &[Version]) -> String {
    let mut words: Vec<String> = compilers.iter().map(ToString::to_string).collect();
    match (words.pop(), words.is_empty()) {
        (None, _) => "There is none".into(),
        (Some(only), true) => format!("There is only {only}"),
        (Some(last), false) => format!("There are {} and {last}", words.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    fn accepted(requirement: &str, versions: &str) -> String {
        let requirement = Requirement::read(requirement).unwrap();
        let matching = versions.split(' ').filter(|it| requirement.matches(version(it)));
        matching.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn requirements_mean_what_they_mean_to_solc() {
        let all = "0.4.26 0.5.16 0.6.12 0.7.6 0.8.0 0.8.20 0.8.37";
        for (requirement, expected) in [
            ("^0.8.20", "0.8.20 0.8.37"),
            ("^0.8", "0.8.0 0.8.20 0.8.37"),
            ("^0", all),
            ("0.8.20", "0.8.20"),
            ("=0.8.20", "0.8.20"),
            ("0.8", "0.8.0 0.8.20 0.8.37"),
            ("0.8.*", "0.8.0 0.8.20 0.8.37"),
            ("0.x", all),
            ("*", all),
            (">=0.6.2 <0.8.0", "0.6.12 0.7.6"),
            (">=0.6.2<0.8.0", "0.6.12 0.7.6"),
            (">0.7", "0.8.0 0.8.20 0.8.37"),
            ("<=0.6", "0.4.26 0.5.16 0.6.12"),
            ("~0.8.1", "0.8.20 0.8.37"),
            ("0.5.0 - 0.7.0", "0.5.16 0.6.12"),
            ("^0.5.0 - <0.7.0", "0.5.16 0.6.12"),
            ("^0.4.0 || ^0.6.0", "0.4.26 0.6.12"),
            ("0.4.26||0.8.37", "0.4.26 0.8.37"),
            (">= 0.8.20", "0.8.20 0.8.37"),
            ("\"^0.8.20\"", "0.8.20 0.8.37"),
            ("v0.8.20", "0.8.20"),
            ("^1.2.3", ""),
        ] {
            assert_eq!(accepted(requirement, all), expected, "{requirement}");
        }
        assert_eq!(accepted("^1.2.3", "1.2.2 1.2.3 1.9.0 2.0.0"), "1.2.3 1.9.0");
        assert_eq!(accepted("^0.0.3", "0.0.2 0.0.3 0.0.9 0.1.0"), "0.0.3 0.0.9");
    }

    #[test]
    fn what_is_no_requirement_is_refused() {
        for text in [
            "",
            " ",
            "^",
            "foo",
            "0.8.1.2",
            "0..8",
            ">=0.6 <",
            "0.8.0 |",
            "0.8.0 | 0.7.0",
            "0.8.0 || ",
            "00.8",
            "99999999999",
        ] {
            assert!(Requirement::read(text).is_err(), "{text}");
        }
        assert!(Requirement::read(&"0.8.0 ".repeat(10_000)).is_err());
        assert!(
            "0.8".parse::<Version>().is_err()
                && "0.8.x".parse::<Version>().is_err()
                && "+0.8.1".parse::<Version>().is_err()
        );
    }

    fn chosen(sources: &[&str]) -> Result<Version, String> {
        let compilers = ["0.4.26", "0.5.16", "0.6.12", "0.7.6", "0.8.37"].map(version);
        let files: Vec<(String, &str)> =
            sources.iter().enumerate().map(|(at, text)| (format!("{at}.sol"), *text)).collect();
        let asked: Vec<Asked> = files
            .iter()
            .flat_map(|(file, text)| {
                crate::scan::scan(text).pragmas.into_iter().map(|it| Asked {
                    file: file.clone(),
                    requirement: it.requirement,
                    bytes: it.bytes,
                })
            })
            .collect();
        let text_of = |name: &str| files.iter().find(|(file, _)| file == name).map(|(_, text)| *text);
        choose(&compilers, &asked, text_of)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn the_newest_compiler_that_every_source_accepts_is_chosen() {
        assert_eq!(chosen(&[]), Ok(version("0.8.37")));
        assert_eq!(chosen(&["contract A {}"]), Ok(version("0.8.37")));
        assert_eq!(chosen(&["pragma solidity ^0.8.20;", "pragma solidity >=0.4.16;"]), Ok(version("0.8.37")));
        assert_eq!(
            chosen(&["pragma solidity >=0.5.0 <0.7.0;", "pragma solidity >=0.4.16;"]),
            Ok(version("0.6.12"))
        );
        assert_eq!(chosen(&["pragma solidity =0.5.16;"]), Ok(version("0.5.16")));
    }

    #[test]
    fn where_none_fits_it_says_which_would() {
        let there_are = "There are 0.4.26, 0.5.16, 0.6.12, 0.7.6 and 0.8.37";
        assert_eq!(
            chosen(&["// é\n  pragma solidity 0.8.19;"]),
            Err(format!(
                "0.sol:2:3: no compiler here accepts Solidity 0.8.19. {there_are}; ^0.8.19 in its place would accept 0.8.37"
            ))
        );
        assert_eq!(
            chosen(&["pragma solidity ^0.8.40;"]),
            Err(format!(
                "0.sol:1:1: no compiler here accepts Solidity ^0.8.40. {there_are}; the nearest is 0.8.37, which is older"
            ))
        );
        assert_eq!(
            chosen(&["pragma solidity ^0.6.0;", "", "pragma solidity ^0.8.0;"]),
            Err(format!(
                "0.sol:1:1: no compiler here accepts both: 0.sol asks for Solidity ^0.6.0, 2.sol for ^0.8.0. {there_are}"
            ))
        );
        assert_eq!(
            chosen(&["pragma solidity latest;"]),
            Err("0.sol:1:1: `latest` is no requirement such as ^0.8.20 or >=0.6.2 <0.9.0".into())
        );
    }
}

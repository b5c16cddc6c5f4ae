//! Amounts in tables: which characters separate decimals and thousands, how many decimals the unit has, and the exact
//! number of the smallest unit.

use alloy_primitives::U256;
use document::json::shortened;

/// The characters that separate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marks {
    /// Between whole and fraction.
    decimal: char,
    /// Between groups of three digits.
    thousands: Option<char>,
}

/// An amount as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) value: U256,
}

/// An amount that can be read in two ways, and these: if the mark separates thousands, and if it separates decimals.
type Ambiguous = (String, [String; 2]);

#[derive(Clone, Debug, Default)]
struct Evidence {
    decimal: bool,
    thousands: bool,
    /// An amount that shows neither.
    open: Option<String>,
}

impl Marks {
    /// The marks of a column, and why, if there is something to say. One amount that can be read in only one way settles
    /// the column.
    pub(super) fn guess<'c>(
        cells: impl Iterator<Item = &'c str>,
        chosen: Option<char>,
    ) -> Result<(Self, Option<String>), Ambiguous> {
        let other = |mark: char| if mark == ',' { '.' } else { ',' };
        if let Some(decimal) = chosen.filter(|mark| matches!(mark, ',' | '.')) {
            return Ok((Self { decimal, thousands: Some(other(decimal)) }, None));
        }
        let mut seen: [(char, Evidence); 2] = [(',', Evidence::default()), ('.', Evidence::default())];
        let mut example = String::new();
        for cell in cells {
            let number = bare(cell).number;
            if !number.contains([',', '.']) {
                continue;
            }
            let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
            let last = mantissa.rfind([',', '.']).unwrap_or_default();
            let both = mantissa.contains(',') && mantissa.contains('.');
            for (mark, evidence) in &mut seen {
                let count = mantissa.matches(*mark).count();
                if count == 0 {
                    continue;
                }
                let is_last = mantissa[last..].starts_with(*mark);
                let (whole, fraction) = mantissa.split_once(*mark).unwrap_or_default();
                if count > 1 || both && !is_last {
                    evidence.thousands = true;
                } else if both
                    || fraction.len() != 3
                    || whole.len() > 3
                    || whole.is_empty()
                    || whole.starts_with('0')
                {
                    evidence.decimal = true;
                } else {
                    evidence.open.get_or_insert_with(|| mantissa.to_owned());
                }
                if evidence.decimal && example.is_empty() {
                    example = mantissa.to_owned();
                }
            }
        }
        let [(_, comma), (_, dot)] = &seen;
        for (mark, evidence, others) in [(',', comma, dot), ('.', dot, comma)] {
            let is_contradictory = evidence.decimal && evidence.thousands;
            let is_open = evidence.open.is_some()
                && !evidence.decimal
                && !evidence.thousands
                && !others.decimal
                && !others.thousands;
            if is_contradictory || is_open {
                let text = evidence.open.clone().unwrap_or(example.clone());
                let without: String = text.chars().filter(|c| *c != mark).collect();
                return Err((text.clone(), [without, text.replace(mark, ".")]));
            }
        }
        let decimal = if comma.decimal || dot.thousands { ',' } else { '.' };
        let contradicts = decimal == ',' && dot.decimal || decimal == '.' && comma.decimal;
        if contradicts {
            let without: String = example.chars().filter(char::is_ascii_digit).collect();
            return Err((example.clone(), [without, example]));
        }
        let reason = (decimal == ',' || comma.thousands || comma.open.is_some()).then(|| match decimal {
            ',' => "\",\" separates decimals".to_owned(),
            _ => "\",\" separates thousands".to_owned(),
        });
        Ok((Self { decimal, thousands: Some(other(decimal)) }, reason))
    }
}

/// A cell without blanks, and the unit that stands in it.
struct Bare {
    number: String,
    /// Decimals of the unit, if one stands there.
    unit: Option<u32>,
    /// What stands there that is no number.
    strange: bool,
}

fn bare(cell: &str) -> Bare {
    // Blanks, apostrophes and underscores separate thousands wherever they occur.
    let is_gap =
        |c: char| c.is_whitespace() || matches!(c, '\'' | '’' | '_' | '\u{a0}' | '\u{202f}' | '\u{2009}');
    let text = cell.trim().trim_start_matches('Ξ');
    let letters = |c: char| c.is_alphabetic();
    let end = text
        .rfind(|c: char| !letters(c))
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let (number, unit) = text.split_at(end);
    let (unit, strange) = match &*unit.to_ascii_lowercase() {
        "" => (None, false),
        "eth" | "ether" => (Some(18), false),
        "gwei" => (Some(9), false),
        "wei" => (Some(0), false),
        _ => (None, true),
    };
    Bare { number: number.chars().filter(|c| !is_gap(*c)).take(400).collect(), unit, strange }
}

/// How many decimals the amounts' unit has, and why; an example if it cannot be told.
pub(super) fn decimals<'c>(
    column: &str,
    cells: impl Iterator<Item = &'c str>,
    marks: Marks,
    has_token: bool,
    chosen: Option<u32>,
) -> Result<(u32, String), String> {
    if let Some(decimals) = chosen {
        return Ok((decimals.min(77), "as was said".to_owned()));
    }
    let lower = column.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    for (unit, decimals) in [("wei", 0), ("raw", 0), ("gwei", 9), ("eth", 18), ("ether", 18)] {
        if words.contains(&unit) {
            return Ok((decimals, format!("the column's name says {unit}")));
        }
    }
    let mut first = None;
    let (mut fraction, mut large, mut with_unit, mut count) = (None, None, 0, 0);
    for cell in cells.filter(|cell| !cell.trim().is_empty()) {
        let bare = bare(cell);
        count += 1;
        with_unit += usize::from(bare.unit.is_some());
        first.get_or_insert_with(|| cell.trim().to_owned());
        let Ok(number) = Number::read(&bare.number, marks) else { continue };
        if number.fraction() > 0 {
            fraction.get_or_insert_with(|| cell.trim().to_owned());
        } else if number.digits.len() as i64 + number.zeros() >= 13 {
            large.get_or_insert_with(|| cell.trim().to_owned());
        }
    }
    let first = first.unwrap_or_default();
    if with_unit == count && count > 0 {
        return Ok((18, "each amount has its unit".to_owned()));
    }
    // A token's decimals are the token's own affair.
    match (has_token, fraction, large) {
        (false, Some(example), None) => {
            Ok((18, format!("ether, since {} is no whole number of wei", shortened(&example))))
        }
        (false, None, Some(example)) => {
            Ok((0, format!("wei, since {} would be more ether than there is", shortened(&example))))
        }
        _ => Err(first),
    }
}

/// The exact number of the smallest unit.
///
/// # Errors
/// What would be right, and what was found.
pub(super) fn read(cell: &str, marks: Marks, decimals: u32) -> Result<Reading, (String, String)> {
    let found = || format!("\"{}\"", shortened(cell.trim()));
    let bare = bare(cell);
    let wrong = |expected: &str| Err((expected.to_owned(), found()));
    if bare.strange || bare.number.is_empty() {
        return wrong("an amount");
    }
    if bare.number.starts_with(['-', '(', '−']) {
        return wrong("an amount that is not negative");
    }
    let Ok(number) = Number::read(&bare.number, marks) else { return wrong("an amount") };
    let decimals = i64::from(bare.unit.unwrap_or(decimals));
    if number.fraction() > decimals {
        return Err((format!("at most {decimals} decimals: nothing is rounded"), found()));
    }
    let zeros = decimals + number.exponent;
    if number.digits.is_empty() {
        return Ok(Reading { value: U256::ZERO });
    }
    if number.digits.len() as i64 + zeros > 78 {
        return wrong("an amount below 2^256");
    }
    let text = format!("{}{}", number.digits, "0".repeat(usize::try_from(zeros).unwrap_or_default()));
    match U256::from_str_radix(&text, 10) {
        Ok(value) => Ok(Reading { value }),
        Err(_) => wrong("an amount below 2^256"),
    }
}

/// digits · 10^exponent, without zeros at either end of the digits.
struct Number {
    digits: String,
    exponent: i64,
}

impl Number {
    fn read(text: &str, marks: Marks) -> Result<Self, ()> {
        let text = text.strip_prefix('+').unwrap_or(text);
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i16>().map_err(|_| ())?),
            None => (text, 0),
        };
        let (whole, fraction) = match mantissa.split_once(marks.decimal) {
            Some((whole, fraction)) => (whole, fraction),
            None => (mantissa, ""),
        };
        let whole = match marks.thousands.filter(|mark| whole.contains(*mark)) {
            Some(mark) => {
                let mut groups = whole.split(mark);
                let first = groups.next().unwrap_or_default();
                // Two digits in a group are India's way of writing; other lengths are mistakes.
                if first.is_empty()
                    || first.len() > 3
                    || groups.clone().any(|group| !matches!(group.len(), 2 | 3))
                    || groups.next_back().is_some_and(|group| group.len() != 3)
                {
                    return Err(());
                }
                whole.replace(mark, "")
            }
            None => whole.to_owned(),
        };
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(&whole) || !is_digits(fraction) || whole.is_empty() && fraction.is_empty() {
            return Err(());
        }
        let fraction = fraction.trim_end_matches('0');
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0');
        let kept = digits.trim_end_matches('0');
        let exponent = i64::from(exponent) - fraction.len() as i64 + (digits.len() - kept.len()) as i64;
        Ok(Self { digits: kept.to_owned(), exponent: if kept.is_empty() { 0 } else { exponent } })
    }

    /// Decimals that it needs.
    fn fraction(&self) -> i64 {
        (-self.exponent).max(0)
    }

    /// Zeros behind its digits.
    fn zeros(&self) -> i64 {
        self.exponent.max(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(cells: &[&str]) -> Result<char, String> {
        Marks::guess(cells.iter().copied(), None)
            .map(|(marks, _)| marks.decimal)
            .map_err(|(example, [a, b])| format!("{example}: {a} or {b}"))
    }

    #[test]
    fn one_clear_amount_settles_a_column_and_none_is_asked_for() {
        assert_eq!(guess(&["1,234", "5"]), Err("1,234: 1234 or 1.234".into()));
        assert_eq!(guess(&["1.234", "5"]), Err("1.234: 1234 or 1.234".into()));
        assert_eq!(guess(&["1,234", "0,5"]), Ok(','));
        assert_eq!(guess(&["1,234", "1,234,567"]), Ok('.'));
        assert_eq!(guess(&["1.234.567", "1.234"]), Ok(','));
        assert_eq!(guess(&["1,234.5", "1,234"]), Ok('.'));
        assert_eq!(guess(&["1.234,5"]), Ok(','));
        assert_eq!(guess(&["1234.567"]), Ok('.'));
        assert_eq!(guess(&["0.123"]), Ok('.'));
        assert_eq!(guess(&["7", "8"]), Ok('.'));
        assert!(guess(&["0,5", "1,234,567"]).is_err());
        assert!(guess(&["0,5", "0.5"]).is_err());
    }

    #[test]
    fn amounts_are_exact_or_refused() {
        let dot = Marks { decimal: '.', thousands: Some(',') };
        let ok = |cell: &str, decimals, expected: &str| {
            assert_eq!(
                read(cell, dot, decimals).map(|read| read.value.to_string()),
                Ok(expected.to_owned()),
                "{cell}"
            );
        };
        ok("1,234.5", 18, "1234500000000000000000");
        ok("1.5 ETH", 0, "1500000000000000000");
        ok("Ξ2", 18, "2000000000000000000");
        ok("1'000'000", 0, "1000000");
        ok("1 000", 0, "1000");
        ok("1E+21", 0, "1000000000000000000000");
        ok("1.5e-3", 18, "1500000000000000");
        ok("0.0", 0, "0");
        ok("12,34,567", 0, "1234567");
        ok("3 gwei", 18, "3000000000");
        let bad = |cell: &str, decimals, expected: &str| {
            assert_eq!(
                read(cell, dot, decimals).map_err(|(expected, _)| expected),
                Err(expected.to_owned()),
                "{cell}"
            );
        };
        bad("0.0000001", 6, "at most 6 decimals: nothing is rounded");
        bad("-1", 18, "an amount that is not negative");
        bad("(1)", 18, "an amount that is not negative");
        bad("1,2,3", 18, "an amount");
        bad("$5", 18, "an amount");
        bad("5 USDC", 18, "an amount");
        bad("", 18, "an amount");
        bad("1e80", 0, "an amount below 2^256");
        bad("1e99999999", 0, "an amount");
    }

    #[test]
    fn the_unit_is_told_or_asked_for() {
        let dot = Marks { decimal: '.', thousands: Some(',') };
        let of = |column: &str, cells: &[&str]| {
            decimals(column, cells.iter().copied(), dot, false, None).map(|(decimals, _)| decimals)
        };
        assert_eq!(of("Value (ETH)", &["1"]), Ok(18));
        assert_eq!(of("value_wei", &["1"]), Ok(0));
        assert_eq!(of("amount", &["1.5", "2"]), Ok(18));
        assert_eq!(of("amount", &["1500000000000000000"]), Ok(0));
        assert_eq!(of("amount", &["15", "20"]), Err("15".into()));
        assert_eq!(of("amount", &["1.5", "1500000000000000000"]), Err("1.5".into()));
        assert_eq!(of("method", &["1"]), Err("1".into()));
    }
}

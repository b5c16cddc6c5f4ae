//! Numbers as people read them. All figures use `.` for decimals and a thin rule: three digits
//! that matter, never more.

use evm_lanes_core::model::Cost;
use evm_lanes_core::units::{Gas, Incarnation, Ticks};

/// What a run's ticks are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds.
    Time,
    /// Gas.
    Gas,
}

impl Unit {
    /// A span of time: `12.3 µs`, `12.3 kgas`.
    pub fn text(self, ticks: Ticks) -> String {
        match self {
            Self::Time => duration(ticks),
            Self::Gas => gas(Gas(ticks.0)),
        }
    }

    /// What the ticks of a cost model are.
    pub fn of_cost(cost: Cost) -> Self {
        match cost {
            Cost::Gas => Self::Gas,
            Cost::Opcodes | Cost::Measured => Self::Time,
        }
    }

    /// The unit in which an axis up to `end` ticks is marked: ticks, and its name.
    pub fn of_axis(self, end: f64) -> (f64, &'static str) {
        let names = match self {
            Self::Time => ["ns", "µs", "ms", "s"],
            Self::Gas => ["gas", "kgas", "Mgas", "Ggas"],
        };
        match end {
            end if end < 2e3 => (1.0, names[0]),
            end if end < 2e6 => (1e3, names[1]),
            end if end < 2e9 => (1e6, names[2]),
            _ => (1e9, names[3]),
        }
    }
}

/// An amount of gas with three digits that matter: `850 gas`, `21.0 kgas`, `1.18 Mgas`.
pub fn gas(gas: Gas) -> String {
    let value = gas.0 as f64;
    if value < 999.5 {
        format!("{} gas", gas.0)
    } else if value < 999_500.0 {
        format!("{} kgas", three_digits(value / 1e3))
    } else if value < 999_500_000.0 {
        format!("{} Mgas", three_digits(value / 1e6))
    } else {
        format!("{} Ggas", three_digits(value / 1e9))
    }
}

/// A duration in nanoseconds: `850 ns`, `12.3 µs`, `940 µs`, `1.18 ms`, `2.40 s`.
pub fn duration(nanoseconds: Ticks) -> String {
    let ns = nanoseconds.as_f64();
    if ns < 999.5 {
        format!("{} ns", nanoseconds.0)
    } else if ns < 999_500.0 {
        format!("{} µs", three_digits(ns / 1e3))
    } else if ns < 999_500_000.0 {
        format!("{} ms", three_digits(ns / 1e6))
    } else {
        format!("{} s", three_digits(ns / 1e9))
    }
}

/// A value of 1 to 999 with three digits that matter.
fn three_digits(value: f64) -> String {
    if value < 9.995 {
        format!("{value:.2}")
    } else if value < 99.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

/// A whole number with its thousands set apart: `108,412`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A share of 0 to 1: `9 %`, and `< 1 %` for what would round to nothing.
pub fn share(value: f64) -> String {
    let percent = value * 100.0;
    if !percent.is_finite() || percent <= 0.0 {
        "0 %".to_owned()
    } else if percent < 1.0 {
        "< 1 %".to_owned()
    } else {
        format!("{percent:.0} %")
    }
}

/// A speed-up: `0.62×`, `1.6×`, `12×`. Two decimals below 1, where they decide.
pub fn factor(value: f64) -> String {
    if !value.is_finite() {
        "–".to_owned()
    } else if value < 0.995 {
        format!("{value:.2}×")
    } else if value < 9.95 {
        format!("{value:.1}×")
    } else {
        format!("{value:.0}×")
    }
}

/// The number of an attempt as a superscript: `²`.
pub fn superscript(attempt: Incarnation) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    attempt.number().to_string().bytes().map(|b| DIGITS[usize::from(b - b'0')]).collect()
}

/// `1 transaction`, `24 transactions`: the plural takes an s.
pub fn counted(value: u64, noun: &str) -> String {
    if value == 1 { format!("1 {noun}") } else { format!("{} {noun}s", count(value)) }
}

/// Words for small numbers, digits for others: `three`, `14`.
pub fn in_words(value: u64) -> String {
    const WORDS: [&str; 13] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    WORDS.get(value as usize).map_or_else(|| count(value), |w| (*w).to_owned())
}

/// `first`, `second`, … `12th`: which attempt of its transaction it is.
pub fn ordinal(attempt: Incarnation) -> String {
    match attempt.number() {
        1 => "first".to_owned(),
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        4 => "fourth".to_owned(),
        5 => "fifth".to_owned(),
        value => match (value % 10, value % 100) {
            (1, t) if t != 11 => format!("{value}st"),
            (2, t) if t != 12 => format!("{value}nd"),
            (3, t) if t != 13 => format!("{value}rd"),
            _ => format!("{value}th"),
        },
    }
}

/// `Once`, `Twice`, `3 times`, in lower case.
pub fn times(value: u32) -> String {
    match value {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{} times", in_words(n.into())),
    }
}

/// A hash or address cut in its middle: `0x8f3a…c21d`. Short texts stay whole.
pub fn shortened(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    if !text.starts_with("0x") || chars.len() <= 14 {
        return text.to_owned();
    }
    let head: String = chars[..6].iter().collect();
    let tail: String = chars[chars.len() - 4..].iter().collect();
    format!("{head}…{tail}")
}

/// `a`, `a and b`, `a, b and c`.
pub fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [start @ .., last] => format!("{} and {last}", start.join(", ")),
    }
}

/// The first letter as a capital. For the page's own sentences, which begin in English.
pub fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| [c.to_ascii_uppercase()].into_iter().chain(chars).collect())
}

/// Sizes in bytes: `512 bytes`, `34 kB`, `1.2 MB`.
pub fn bytes(value: u64) -> String {
    if value < 1000 {
        counted(value, "byte")
    } else if value < 1_000_000 {
        format!("{} kB", value / 1000)
    } else {
        format!("{:.1} MB", value as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_three_digits_in_the_unit_that_fits() {
        let cases = [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1.00 µs"),
            (12_345, "12.3 µs"),
            (940_000, "940 µs"),
            (999_600, "1.00 ms"),
            (1_180_000, "1.18 ms"),
            (2_400_000_000, "2.40 s"),
        ];
        for (ns, expected) in cases {
            assert_eq!(duration(Ticks(ns)), expected);
        }
    }

    #[test]
    fn gas_keeps_three_digits_too() {
        for (value, expected) in [(0, "0 gas"), (21_000, "21.0 kgas"), (1_184_000, "1.18 Mgas")] {
            assert_eq!(gas(Gas(value)), expected);
        }
    }

    #[test]
    fn thousands_are_set_apart() {
        for (value, expected) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (108_412, "108,412"), (1_234_567, "1,234,567")]
        {
            assert_eq!(count(value), expected);
        }
    }

    #[test]
    fn a_share_that_would_round_to_nothing_is_not_shown_as_nothing() {
        assert_eq!(share(0.0), "0 %");
        assert_eq!(share(0.004), "< 1 %");
        assert_eq!(share(0.094), "9 %");
        assert_eq!(share(f64::NAN), "0 %");
    }

    #[test]
    fn speed_ups_below_one_keep_two_decimals() {
        assert_eq!(factor(0.617), "0.62×");
        assert_eq!(factor(1.63), "1.6×");
        assert_eq!(factor(12.2), "12×");
    }

    #[test]
    fn ordinals_know_their_teens() {
        assert_eq!(
            [2, 11, 21, 22, 113].map(|number| ordinal(Incarnation(number - 1))).join(" "),
            "second 11th 21st 22nd 113th"
        );
    }

    #[test]
    fn hashes_are_cut_in_the_middle_and_names_are_not() {
        assert_eq!(shortened("0x8f3a00000000000000000000000000000000c21d"), "0x8f3a…c21d");
        assert_eq!(shortened("trader[6]"), "trader[6]");
    }
}

//! Amounts as people write them: `1.5 ether`, `30 gwei`, `1000e18`, `42`.

use alloy_primitives::U256;

/// Units by name, and the power of ten that each stands for.
const UNITS: [(&str, u32); 3] = [("ether", 18), ("gwei", 9), ("wei", 0)];

/// What an amount may look like, for messages.
pub(crate) const EXPECTED: &str =
    "an amount such as \"1.5 ether\", \"30 gwei\", \"1000e18\", or a whole number of wei";

/// A whole, non-negative number below 2^256 and how it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    value: U256,
    written: String,
}

/// Why a text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AmountError {
    /// It does not look like one.
    Form,
    /// It has a part smaller than the smallest unit.
    Fraction,
    /// It is 2^256 or more.
    TooLarge,
}

impl Amount {
    /// Reads a decimal number with an optional fraction, exponent and unit.
    ///
    /// # Errors
    /// If the text is not a number, not whole, or does not fit into 256 bits.
    pub fn parse(written: &str) -> Result<Self, AmountError> {
        let text = written.trim();
        let (number, unit) = match text.find(|c: char| c.is_whitespace()) {
            Some(i) => {
                let name = text[i..].trim();
                let unit = UNITS.iter().find(|(unit, _)| *unit == name).ok_or(AmountError::Form)?;
                (&text[..i], unit.1)
            }
            None => (text, 0),
        };
        let (mantissa, exponent) = match number.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
                if exponent.is_empty() || !exponent.bytes().all(|b| b.is_ascii_digit()) {
                    return Err(AmountError::Form);
                }
                (mantissa, exponent.parse::<u32>().map_err(|_| AmountError::TooLarge)?)
            }
            None => (number, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty()
            || !digits(whole)
            || !digits(fraction)
            || (mantissa.contains('.') && fraction.is_empty())
        {
            return Err(AmountError::Form);
        }
        let fraction = fraction.trim_end_matches('0');
        let whole = whole.trim_start_matches('0');
        let power = u64::from(unit) + u64::from(exponent);
        let zeros = power.checked_sub(fraction.len() as u64).ok_or(AmountError::Fraction)?;
        let significant = format!("{whole}{fraction}");
        let significant = significant.trim_start_matches('0');
        let value = if significant.is_empty() {
            U256::ZERO
        } else if significant.len() as u64 + zeros > 78 {
            return Err(AmountError::TooLarge);
        } else {
            let number = U256::from_str_radix(significant, 10).map_err(|_| AmountError::TooLarge)?;
            let factor = U256::from(10u8).checked_pow(U256::from(zeros)).ok_or(AmountError::TooLarge)?;
            number.checked_mul(factor).ok_or(AmountError::TooLarge)?
        };
        Ok(Self { value, written: text.to_owned() })
    }

    /// The number, in the smallest unit.
    pub fn value(&self) -> U256 {
        self.value
    }

    /// As the person wrote it.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.value.is_zero()
    }
}

impl Default for Amount {
    fn default() -> Self {
        Self { value: U256::ZERO, written: "0".into() }
    }
}

impl From<U256> for Amount {
    fn from(value: U256) -> Self {
        Self { value, written: value.to_string() }
    }
}

impl serde::Serialize for Amount {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        crate::scenario::serialize_number(&self.written, serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly() {
        let ok = |text: &str, expected: &str| {
            assert_eq!(Amount::parse(text).map(|a| a.value().to_string()), Ok(expected.to_owned()), "{text}");
        };
        ok("1.5 ether", "1500000000000000000");
        ok("30 gwei", "30000000000");
        ok("1000e18", "1000000000000000000000");
        ok("0", "0");
        ok("0.000", "0");
        ok("007 wei", "7");
        ok("1.50e1", "15");
        ok(
            "115792089237316195423570985008687907853269984665640564039457584007913129639935",
            "115792089237316195423570985008687907853269984665640564039457584007913129639935",
        );
        let bad = |text: &str, expected| assert_eq!(Amount::parse(text), Err(expected), "{text}");
        bad("", AmountError::Form);
        bad("-1", AmountError::Form);
        bad("1.", AmountError::Form);
        bad(".5 ether", AmountError::Form);
        bad("1 eth", AmountError::Form);
        bad("0x10", AmountError::Form);
        bad("1e", AmountError::Form);
        bad("1.5", AmountError::Fraction);
        bad("1.5 wei", AmountError::Fraction);
        bad("1e78", AmountError::TooLarge);
        bad("1e99999999999999999999", AmountError::TooLarge);
        bad(
            "115792089237316195423570985008687907853269984665640564039457584007913129639936",
            AmountError::TooLarge,
        );
        bad(&"9".repeat(1_000_000), AmountError::TooLarge);
    }
}

//! Exact decimal constants.

use std::fmt;
use std::ops;

/// The number digits / 10^scale, in lowest form: `scale` is the least that does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    /// All digits, as one signed integer.
    pub digits: i128,
    /// How many of them stand after the point.
    pub scale: u8,
}

impl Decimal {
    /// Most digits after the point.
    pub const SCALE_MAX: u8 = 18;
    /// Greatest value of [`Decimal::digits`], either sign. Leaves two digits of the 38 that
    /// database engines calculate with.
    pub const DIGITS_MAX: i128 = 10i128.pow(36) - 1;

    /// The number digits / 10^scale, or `None` if it needs more digits than are permitted.
    #[must_use]
    pub const fn new(mut digits: i128, mut scale: u8) -> Option<Self> {
        while scale > 0 && digits % 10 == 0 {
            digits /= 10;
            scale -= 1;
        }
        if scale > Self::SCALE_MAX || digits.unsigned_abs() > Self::DIGITS_MAX.unsigned_abs() {
            return None;
        }
        Some(Self { digits, scale })
    }

    /// Reads `12`, `-0.5`, `.5`, `1e6`, `2.5E-3`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (sign, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = [whole, fraction].concat();
        if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let significant = all.trim_matches('0');
        let trailing = all.len() - all.trim_end_matches('0').len();
        if significant.is_empty() {
            return Self::new(0, 0);
        }
        let digits = sign * significant.parse::<i128>().ok()?;
        let after_point = i32::try_from(fraction.len()).ok()? - i32::try_from(trailing).ok()?;
        let scale = after_point.checked_sub(exponent)?;
        match u8::try_from(scale) {
            Ok(scale) => Self::new(digits, scale),
            Err(_) => {
                let zeros = scale.checked_neg().and_then(|zeros| u32::try_from(zeros).ok())?;
                Self::new(digits.checked_mul(10i128.checked_pow(zeros)?)?, 0)
            }
        }
    }

    /// The number in multiples of 10^-decimals, if it is a whole number of them that fits.
    #[must_use]
    pub fn quanta(self, decimals: u8) -> Option<i128> {
        let zeros = decimals.checked_sub(self.scale)?;
        self.digits.checked_mul(10i128.checked_pow(u32::from(zeros))?)
    }
}

impl ops::Neg for Decimal {
    type Output = Self;

    fn neg(self) -> Self {
        Self { digits: -self.digits, scale: self.scale }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.digits < 0 { "-" } else { "" };
        let scale = usize::from(self.scale);
        let all = format!("{:0>width$}", self.digits.unsigned_abs(), width = scale + 1);
        let (whole, fraction) = all.split_at(all.len() - scale);
        let point = if scale > 0 { "." } else { "" };
        write!(f, "{sign}{whole}{point}{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Decimal;

    #[test]
    fn equal_numbers_have_one_form() {
        for text in ["2500", "2.5e3", "25E2", "+2500.000", "0.0025e6", "25000e-1", "002500."] {
            assert_eq!(Decimal::parse(text), Some(Decimal { digits: 2500, scale: 0 }), "{text}");
        }
        assert_eq!(Decimal::parse("-0.50"), Some(Decimal { digits: -5, scale: 1 }));
        assert_eq!(Decimal::parse("0.000e99"), Some(Decimal { digits: 0, scale: 0 }));
    }

    #[test]
    fn what_is_no_number_or_too_long_is_none() {
        for text in
            ["", ".", "-", "1.2.3", "1e", "e5", "1_000", "0x10", "inf", "1e37", "1e-19", "--1"]
        {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
        assert_eq!(Decimal::parse("1e2147483647"), None);
        assert_eq!(Decimal::parse("1e-2147483648"), None);
    }

    #[test]
    fn quanta_are_exact_or_none() {
        let half = Decimal::parse("0.5").expect("a number");
        assert_eq!(half.quanta(0), None);
        assert_eq!(half.quanta(1), Some(5));
        assert_eq!(half.quanta(9), Some(500_000_000));
    }

    proptest! {
        #[test]
        fn printed_numbers_read_back(digits in -Decimal::DIGITS_MAX..=Decimal::DIGITS_MAX, scale in 0..=Decimal::SCALE_MAX) {
            let number = Decimal::new(digits, scale).expect("within the limits");
            prop_assert_eq!(Decimal::parse(&number.to_string()), Some(number));
        }
    }
}

//! Decimal text to a whole number of quanta, exactly.
//!
//! A binary floating-point number is taken as the shortest decimal text that names it, as every
//! spreadsheet and CSV file shows it: then 0.1 is a tenth, and nothing depends on the order or
//! width of floating-point operations.

/// A number in quanta of 10^-decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quanta {
    /// How many quanta.
    pub(crate) count: i128,
    /// What became of digits beyond the last agreed one.
    pub(crate) rest: Rest,
}

/// What stood beyond the last agreed digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Nothing.
    None,
    /// A millionth of a quantum or less: the residue of binary floating point.
    Residue,
    /// More: the number has been rounded to the nearest quantum.
    Rounded,
}

/// Why a text is not a number of quanta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotQuanta {
    /// Not a finite decimal number.
    NotANumber,
    /// More than 127 bits, below zero or above it.
    TooLarge {
        /// Below zero.
        negative: bool,
    },
}

/// Digits that a residue may disturb: the first six after the last agreed one are all 0 or all 9.
const RESIDUE_DIGITS: i64 = 6;

/// Reads `[+-]digits[.digits][e[+-]digits]`, white space around it ignored, rounding half away
/// from zero.
pub(crate) fn parse(text: &str, decimals: u8) -> Result<Quanta, NotQuanta> {
    let text = text.trim_ascii();
    let (negative, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, exponent.parse::<i32>().map_err(|_| NotQuanta::NotANumber)?)
        }
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(NotQuanta::NotANumber);
    }
    let cut = whole.len() as i64 + i64::from(exponent) + i64::from(decimals);
    let (magnitude, rest) = split(&digits, cut).ok_or(NotQuanta::TooLarge { negative })?;
    Ok(Quanta { count: if negative { -magnitude } else { magnitude }, rest })
}

/// `digits` with `zeros` more zeros.
pub(crate) fn widen(digits: i128, zeros: u32) -> Result<Quanta, NotQuanta> {
    10i128
        .checked_pow(zeros)
        .and_then(|power| digits.checked_mul(power))
        .map(|count| Quanta { count, rest: Rest::None })
        .ok_or(NotQuanta::TooLarge { negative: digits < 0 })
}

/// The digits before position `cut` as a number, rounded by those after it; `None` if too large.
/// `cut` may lie outside the digits: zeros stand there.
fn split(digits: &[u8], cut: i64) -> Option<(i128, Rest)> {
    let digit = |at: i64| match usize::try_from(at) {
        Ok(at) => digits.get(at).map_or(0, |d| d - b'0'),
        Err(_) => 0,
    };
    let first = digits.iter().position(|&d| d != b'0').unwrap_or(digits.len()) as i64;
    let mut count = 0i128;
    // Leading zeros are skipped, so that a long exponent ends the loop by overflow at once.
    if first < digits.len() as i64 {
        for at in first..cut {
            count = count.checked_mul(10)?.checked_add(i128::from(digit(at)))?;
        }
    }
    let last = digits.iter().rposition(|&d| d != b'0').map_or(-1, |at| at as i64);
    let rest = if last < cut {
        Rest::None
    } else if (cut..cut + RESIDUE_DIGITS).all(|at| digit(at) == 0)
        || (cut..cut + RESIDUE_DIGITS).all(|at| digit(at) == 9)
    {
        Rest::Residue
    } else {
        Rest::Rounded
    };
    Some((count.checked_add(i128::from(digit(cut) >= 5))?, rest))
}

/// `quanta` of 10^-decimals as decimal text.
pub(crate) fn format(quanta: i64, decimals: u8) -> String {
    let decimals = usize::from(decimals);
    if decimals == 0 {
        return quanta.to_string();
    }
    let digits = format!("{:0width$}", quanta.unsigned_abs(), width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    format!("{}{whole}.{fraction}", if quanta < 0 { "-" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quanta(text: &str, decimals: u8) -> (i128, Rest) {
        let quanta = parse(text, decimals).expect("a number");
        (quanta.count, quanta.rest)
    }

    #[test]
    fn decimal_text_is_read_digit_by_digit() {
        for (text, decimals, count, rest) in [
            ("450", 0, 450, Rest::None),
            (" +450.0 ", 1, 4500, Rest::None),
            ("-0.05", 2, -5, Rest::None),
            (".5", 0, 1, Rest::Rounded),
            ("-2.5", 0, -3, Rest::Rounded),
            ("2.4999", 0, 2, Rest::Rounded),
            ("1660.0000000000002", 1, 16_600, Rest::Residue),
            ("0.29999999999999998", 1, 3, Rest::Residue),
            ("0.299", 1, 3, Rest::Rounded),
            ("1.5e3", 0, 1500, Rest::None),
            ("15e-1", 1, 15, Rest::None),
            ("1e-7", 0, 0, Rest::Residue),
            ("1e-2147483648", 9, 0, Rest::Residue),
            ("0e2147483647", 9, 0, Rest::None),
            ("-170141183460469231731687303715884105727", 0, -i128::MAX, Rest::None),
        ] {
            assert_eq!(quanta(text, decimals), (count, rest), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_finite_number_is_refused() {
        for text in
            ["", " ", "-", ".", "e5", "1e", "1e5.0", "NaN", "inf", "1,5", "12x", "0x10", "--1"]
        {
            assert_eq!(parse(text, 2), Err(NotQuanta::NotANumber), "{text}");
        }
        for (text, negative) in [("1e2147483647", false), ("-1e39", true)] {
            assert_eq!(parse(text, 0), Err(NotQuanta::TooLarge { negative }), "{text}");
        }
    }

    #[test]
    fn formatting_puts_the_point_where_it_belongs() {
        assert_eq!(format(-5, 2), "-0.05");
        assert_eq!(format(1_000_000, 1), "100000.0");
        assert_eq!(format(i64::MIN, 0), i64::MIN.to_string());
    }
}

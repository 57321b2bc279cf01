//! Numbers from one unit into another, exact to the last agreed digit.
//!
//! Factors are quotients of whole numbers; the product is formed in 256 bits and divided once. It
//! is rounded to the agreed decimals, half away from zero, and the report says that the column was
//! converted; that digits were cut off is then nothing to remark.

use datafusion::arrow::datatypes::i256;
use sharewell_study::Kind;
use sharewell_study::unit::{self, Conversion, Ratio};

use crate::coerce::{Cell, Fault, number as unconverted};
use crate::decimal::Rest;

/// Digits after the point that a value is taken with; more than any agreed column has.
const DIGITS: u8 = 18;

/// `cell` in quanta of 10^-decimals of the agreed unit.
pub(crate) fn number(
    cell: Cell,
    conversion: &Conversion,
    decimals: u8,
) -> Result<(i128, Rest), Fault> {
    let (digits, rest) = unconverted(cell, DIGITS)?;
    let too_large = if digits < 0 { Fault::BelowMinimum } else { Fault::AboveMaximum };
    let (quanta, exact) = apply(digits, conversion, decimals).ok_or(too_large)?;
    Ok((quanta, if exact && rest == Rest::None { Rest::None } else { Rest::Residue }))
}

/// A time span in quanta of 10^-decimals of the kind's unit.
pub(crate) fn seconds(text: &str, kind: &Kind, decimals: u8) -> Result<(i128, Rest), Fault> {
    let to = kind.unit().ok_or(Fault::NotANumber)?;
    let conversion = unit::convert("s", to).map_err(|_| Fault::NotANumber)?;
    number(Cell::Text(text), &conversion, decimals)
}

/// `digits` / 10^[`DIGITS`] converted, in quanta of 10^-decimals, and whether nothing was cut off.
fn apply(digits: i128, conversion: &Conversion, decimals: u8) -> Option<(i128, bool)> {
    let Conversion { factor, offset: Ratio { num, den } } = *conversion;
    let wide = i256::from_i128;
    let ten = |power: u8| wide(10).checked_pow(power.into());
    // (digits * f.num / (10^D * f.den) + num / den) * 10^decimals, over one denominator.
    let value = wide(digits).checked_mul(wide(factor.num))?.checked_mul(wide(den))?;
    let offset = wide(num).checked_mul(wide(factor.den))?.checked_mul(ten(DIGITS)?)?;
    let above = value.checked_add(offset)?;
    let below = wide(factor.den).checked_mul(wide(den))?.checked_mul(ten(DIGITS - decimals)?)?;
    let (quotient, rest) = (above.checked_div(below)?, above.checked_rem(below)?);
    let half = rest.wrapping_abs() >= below.checked_sub(rest.wrapping_abs())?;
    let away = if half { wide(above.signum().to_i128()?) } else { i256::ZERO };
    Some((quotient.checked_add(away)?.to_i128()?, rest == i256::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(text: &str, from: &str, to: &str, decimals: u8) -> (i128, Rest) {
        let conversion = unit::convert(from, to).expect("the same dimension");
        number(Cell::Text(text), &conversion, decimals).expect("a number")
    }

    #[test]
    fn a_conversion_is_exact_and_rounds_half_away_from_zero() {
        for (text, from, to, decimals, count, rest) in [
            ("60", "mph", "km/h", 3, 96_561, Rest::Residue),
            ("60", "mph", "km/h", 5, 9_656_064, Rest::None),
            ("96.56064", "km/h", "mph", 0, 60, Rest::None),
            ("30", "min", "h", 1, 5, Rest::None),
            ("-33", "min", "h", 1, -6, Rest::Residue),
            ("-40", "degF", "degC", 1, -400, Rest::None),
            ("98.6", "degF", "degC", 1, 370, Rest::None),
            ("36.6", "degC", "degF", 2, 9788, Rest::None),
            ("123456789012345678", "lb", "kg", 8, 5_599_905_752_069_983_534_327_686, Rest::None),
        ] {
            assert_eq!(converted(text, from, to, decimals), (count, rest), "{text} {from} {to}");
        }
    }

    #[test]
    fn what_is_too_large_is_refused_on_its_side() {
        let conversion = unit::convert("week", "us").expect("times");
        for (text, fault) in [("1e25", Fault::AboveMaximum), ("-1e19", Fault::BelowMinimum)] {
            assert_eq!(number(Cell::Text(text), &conversion, 9), Err(fault));
        }
        assert_eq!(number(Cell::Text("x"), &conversion, 9), Err(Fault::NotANumber));
    }
}

//! Time spans: SQL's intervals and durations, `12:30:00`, and ISO 8601 such as `P1DT2H30M`.
//!
//! Only what has a fixed length is one: days are 86,400 seconds, months and years are refused.

use std::borrow::Cow;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Decimal128Array};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{
    DataType, Decimal128Type, DecimalType, DurationNanosecondType, IntervalMonthDayNanoType,
    IntervalUnit, TimeUnit,
};
use datafusion::arrow::error::ArrowError;
use sharewell_study::{Kind, unit};

use crate::coerce::Cell;

const NANOSECONDS_PER_DAY: i128 = 86_400_000_000_000;

/// SQL's spans in nanoseconds.
pub(crate) fn nanoseconds(array: &ArrayRef) -> Result<Decimal128Array, ArrowError> {
    let options = CastOptions { safe: false, ..Default::default() };
    if let DataType::Duration(_) = array.data_type() {
        let spans = cast_with_options(array, &DataType::Duration(TimeUnit::Nanosecond), &options)?;
        let spans = spans.as_primitive::<DurationNanosecondType>();
        return Ok(spans.iter().map(|span| span.map(i128::from)).collect());
    }
    let to = DataType::Interval(IntervalUnit::MonthDayNano);
    let spans = cast_with_options(array, &to, &options)?;
    let one = |span: Option<
        <IntervalMonthDayNanoType as datafusion::arrow::array::ArrowPrimitiveType>::Native,
    >| {
        span.map(|span| match span.months {
            0 => Ok(i128::from(span.days) * NANOSECONDS_PER_DAY + i128::from(span.nanoseconds)),
            _ => Err(ArrowError::ComputeError("a span of months has no fixed length".to_owned())),
        })
        .transpose()
    };
    let spans = spans.as_primitive::<IntervalMonthDayNanoType>();
    spans.iter().map(one).collect::<Result<Vec<_>, _>>().map(Decimal128Array::from)
}

/// The seconds of a cell that is a time span by its form, for a column whose unit is of time.
pub(crate) fn seconds<'c>(cell: Cell<'c>, kind: &Kind) -> Option<Cow<'c, str>> {
    match cell {
        Cell::Span(nanoseconds) if kind.unit().is_some_and(unit::is_time) => Some(Cow::Owned(
            Decimal128Type::format_decimal(nanoseconds, Decimal128Type::MAX_PRECISION, 9),
        )),
        Cell::Text(text) if text.contains([':', 'P']) && kind.unit().is_some_and(unit::is_time) => {
            // Neither form: no number then, and the caller says so.
            let seconds = clock(text).or_else(|| iso(text)).unwrap_or_else(|| text.to_owned());
            Some(Cow::Owned(seconds))
        }
        _ => None,
    }
}

/// `[-]hours:minutes[:seconds]`.
fn clock(text: &str) -> Option<String> {
    let (sign, text) = signed(text.trim_ascii());
    let mut parts = text.split(':');
    let (hours, minutes) = (whole(parts.next()?)?, whole(parts.next()?)?);
    let seconds = parts.next().unwrap_or("0");
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let seconds = whole(seconds)?;
    let sane = parts.next().is_none() && minutes < 60 && seconds < 60;
    let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
    let total = hours.checked_mul(3600)?.checked_add(minutes * 60 + seconds)?;
    (sane && digits).then(|| format!("{sign}{total}.{fraction}0"))
}

/// `[-]PnWnDTnHnMnS`, a fraction in the seconds only.
fn iso(text: &str) -> Option<String> {
    let (sign, text) = signed(text.trim_ascii());
    let text = text.strip_prefix('P')?;
    let (date, time) = text.split_once('T').unwrap_or((text, ""));
    let mut total = 0u64;
    let mut fraction = "";
    for (part, units) in
        [(date, &[('W', 604_800), ('D', 86_400)][..]), (time, &[('H', 3600), ('M', 60), ('S', 1)])]
    {
        let mut units = units.iter();
        let mut rest = part;
        while !rest.is_empty() {
            let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
            let (number, letter) = (&rest[..end], rest[end..].chars().next()?);
            let (_, length) = units.by_ref().find(|(unit, _)| *unit == letter)?;
            let number = match number.split_once('.') {
                Some((number, digits)) if *length == 1 => {
                    fraction = digits;
                    number
                }
                _ => number,
            };
            total = total.checked_add(whole(number)?.checked_mul(*length)?)?;
            rest = &rest[end + 1..];
        }
    }
    let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
    (digits && !text.is_empty() && !text.ends_with('T'))
        .then(|| format!("{sign}{total}.{fraction}0"))
}

fn signed(text: &str) -> (&str, &str) {
    text.strip_prefix('-').map_or(("", text), |rest| ("-", rest))
}

fn whole(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_by_their_form() {
        for (text, want) in [
            ("01:30", "5400.0"),
            ("-100:00:30.25", "-360030.250"),
            ("00:00:59", "59.0"),
            ("P1DT2H", "93600.0"),
            ("PT0.5S", "0.50"),
            ("-P1W", "-604800.0"),
            ("PT90M", "5400.0"),
        ] {
            assert_eq!(clock(text).or_else(|| iso(text)).as_deref(), Some(want), "{text}");
        }
    }

    #[test]
    fn what_has_no_fixed_length_or_no_form_is_no_span() {
        for text in [
            "P",
            "PT",
            "P1Y",
            "P1M",
            "PT1H1D",
            "PT1M1H",
            "P1.5D",
            "1:60",
            "1:00:60",
            "1:2:3:4",
            ":30",
            "P1DT",
            "PT1.5H",
            "PTS",
            "P-1D",
            "99999999999999999999:00",
            "P1D\u{e9}",
        ] {
            assert_eq!(clock(text).or_else(|| iso(text)), None, "{text}");
        }
    }
}

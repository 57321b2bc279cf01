//! One value of the provider's into the kind that was agreed, or the reason why not.
//!
//! Strict: nothing is guessed, cut or wrapped. A number may come as a number of any type or as
//! text; digits beyond the agreed ones are rounded and reported, never for whole numbers.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, StringViewArray,
    TimestampMicrosecondArray, downcast_integer_array,
};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, DecimalType, TimeUnit, TimestampMicrosecondType,
};
use datafusion::arrow::error::ArrowError;
use sharewell_study::unit::Conversion;
use sharewell_study::{Column, Kind, date};

use crate::decimal::{self, NotQuanta, Rest};
use crate::{convert, span};

/// A mapped column, reduced to few types without loss.
pub(crate) enum Values {
    Number(Decimal128Array),
    Float(Floats),
    Boolean(BooleanArray),
    Text(StringViewArray),
    Day(Date32Array),
    Instant(TimestampMicrosecondArray),
    /// Nanoseconds.
    Span(Decimal128Array),
}

/// Binary floating-point numbers.
pub(crate) struct Floats {
    array: ArrayRef,
    texts: OnceCell<StringViewArray>,
}

impl Floats {
    pub(crate) fn array(&self) -> &ArrayRef {
        &self.array
    }

    /// The shortest decimal text that names the number.
    fn text(&self, row: usize) -> &str {
        let texts = || cast(&self.array, &DataType::Utf8View).expect("every number has a text");
        self.texts.get_or_init(|| texts().as_string_view().clone()).value(row)
    }
}

/// One value of a mapped column.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cell<'v> {
    Missing,
    Number {
        digits: i128,
        scale: i8,
    },
    Float(&'v str),
    Boolean(bool),
    Text(&'v str),
    Day(i32),
    Instant(i64),
    /// Nanoseconds.
    Span(i128),
}

/// A value of the agreed table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value<'v> {
    Missing,
    /// In quanta of the column.
    Number {
        quanta: i128,
        rounded: bool,
    },
    Boolean(bool),
    Text(Cow<'v, str>),
    Day(i32),
}

/// Why a value is not of the agreed kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    Missing,
    NotANumber,
    NotWhole,
    BelowMinimum,
    AboveMaximum,
    NotABoolean,
    NotInCategories,
    NotADate,
    NotAnIdentifier,
    DuplicateKey,
}

const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

impl Values {
    /// `array` without loss, or `None` if no agreed column can be made of its type.
    pub(crate) fn new(array: &ArrayRef) -> Result<Option<Self>, ArrowError> {
        let text = || cast(array, &DataType::Utf8View).map(|a| a.as_string_view().clone());
        let number =
            |p, s| cast(array, &DataType::Decimal128(p, s)).map(|a| a.as_primitive().clone());
        Ok(Some(match array.data_type() {
            DataType::Dictionary(_, values) => return Self::new(&cast(array, values)?),
            t if t.is_integer() => Self::Number(whole(array)),
            DataType::Decimal32(p, s) | DataType::Decimal64(p, s) | DataType::Decimal128(p, s) => {
                Self::Number(number(*p, *s)?)
            }
            DataType::Decimal256(_, s) => Self::Number(number(Decimal128Type::MAX_PRECISION, *s)?),
            t if t.is_floating() => {
                Self::Float(Floats { array: Arc::clone(array), texts: OnceCell::new() })
            }
            DataType::Boolean => Self::Boolean(array.as_boolean().clone()),
            DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                Self::Text(text()?)
            }
            DataType::Date32 => Self::Day(array.as_primitive::<Date32Type>().clone()),
            DataType::Date64 | DataType::Timestamp(_, None) => {
                let instants = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
                Self::Instant(instants.as_primitive::<TimestampMicrosecondType>().clone())
            }
            DataType::Duration(_) | DataType::Interval(_) => Self::Span(span::nanoseconds(array)?),
            _ => return Ok(None),
        }))
    }

    fn array(&self) -> &dyn Array {
        match self {
            Self::Number(array) | Self::Span(array) => array,
            Self::Float(floats) => &floats.array,
            Self::Text(array) => array,
            Self::Boolean(array) => array,
            Self::Day(array) => array,
            Self::Instant(array) => array,
        }
    }

    pub(crate) fn cell(&self, row: usize) -> Cell<'_> {
        if self.array().is_null(row) {
            return Cell::Missing;
        }
        match self {
            Self::Number(array) => Cell::Number { digits: array.value(row), scale: array.scale() },
            Self::Float(floats) => Cell::Float(floats.text(row)),
            Self::Boolean(array) => Cell::Boolean(array.value(row)),
            Self::Text(array) => Cell::Text(array.value(row)),
            Self::Day(array) => Cell::Day(array.value(row)),
            Self::Instant(array) => Cell::Instant(array.value(row)),
            Self::Span(array) => Cell::Span(array.value(row)),
        }
    }
}

fn cast(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    cast_with_options(array, to, &CastOptions { safe: false, ..Default::default() })
}

/// Whole numbers of any width; all of them have 20 digits at most.
fn whole(array: &ArrayRef) -> Decimal128Array {
    let wide: Decimal128Array = downcast_integer_array! {
        array => array.unary(|number| number.into()),
        other => unreachable!("{other} is no type of whole numbers"),
    };
    wide.with_data_type(DataType::Decimal128(20, 0))
}

/// `cell` as a value of `kind`. Whether it may be missing is the caller's question.
/// Numbers are in the agreed unit, or in another from which they are converted.
pub(crate) fn coerce<'v>(
    cell: Cell<'v>,
    kind: &Kind,
    conversion: Option<&Conversion>,
) -> Result<Value<'v>, Fault> {
    if matches!(cell, Cell::Missing) {
        return Ok(Value::Missing);
    }
    let number = |decimals| match (span::seconds(cell, kind), conversion) {
        (Some(seconds), _) => convert::seconds(&seconds, kind, decimals),
        (None, Some(conversion)) => convert::number(cell, conversion, decimals),
        (None, None) => number(cell, decimals),
    };
    match kind {
        Kind::Integer { min, max, .. } => {
            let (quanta, rest) = number(0)?;
            if rest != Rest::None {
                return Err(Fault::NotWhole);
            }
            let quanta = in_range(quanta, i128::from(*min), i128::from(*max))?;
            Ok(Value::Number { quanta, rounded: false })
        }
        Kind::Decimal { decimals, min, max, .. } => {
            let (quanta, rest) = number(*decimals)?;
            let quanta = in_range(quanta, i128::from(*min), i128::from(*max))?;
            Ok(Value::Number { quanta, rounded: rest == Rest::Rounded })
        }
        Kind::Boolean => boolean(cell).map(Value::Boolean).ok_or(Fault::NotABoolean),
        Kind::Category { codes, .. } => {
            let code = spelled(cell).ok_or(Fault::NotInCategories)?;
            codes
                .iter()
                .any(|c| *c == code)
                .then_some(Value::Text(code))
                .ok_or(Fault::NotInCategories)
        }
        Kind::Date { min, max } => {
            let days = day(cell).ok_or(Fault::NotADate)?;
            Ok(Value::Day(in_range(days, *min, *max)?))
        }
        Kind::Identifier => {
            let text = spelled(cell).filter(|text| !text.is_empty());
            text.map(Value::Text).ok_or(Fault::NotAnIdentifier)
        }
    }
}

fn in_range<T: PartialOrd + Copy>(value: T, min: T, max: T) -> Result<T, Fault> {
    if value < min {
        Err(Fault::BelowMinimum)
    } else if value > max {
        Err(Fault::AboveMaximum)
    } else {
        Ok(value)
    }
}

pub(crate) fn number(cell: Cell, decimals: u8) -> Result<(i128, Rest), Fault> {
    let parsed = match cell {
        Cell::Boolean(value) => decimal::parse(if value { "1" } else { "0" }, decimals),
        Cell::Number { digits, scale } => {
            match u32::try_from(i32::from(decimals) - i32::from(scale)) {
                Ok(zeros) => decimal::widen(digits, zeros),
                Err(_) => {
                    let precision = Decimal128Type::MAX_PRECISION;
                    decimal::parse(
                        &Decimal128Type::format_decimal(digits, precision, scale),
                        decimals,
                    )
                }
            }
        }
        Cell::Float(text) | Cell::Text(text) => decimal::parse(text, decimals),
        Cell::Missing | Cell::Day(_) | Cell::Instant(_) | Cell::Span(_) => {
            Err(NotQuanta::NotANumber)
        }
    };
    match parsed {
        Ok(quanta) => Ok((quanta.count, quanta.rest)),
        Err(NotQuanta::NotANumber) => Err(Fault::NotANumber),
        Err(NotQuanta::TooLarge { negative: true }) => Err(Fault::BelowMinimum),
        Err(NotQuanta::TooLarge { negative: false }) => Err(Fault::AboveMaximum),
    }
}

fn boolean(cell: Cell) -> Option<bool> {
    match cell {
        Cell::Boolean(value) => Some(value),
        Cell::Text(text) => {
            let is = |words: [&str; 2]| words.iter().any(|w| text.trim().eq_ignore_ascii_case(w));
            match (is(["true", "yes"]), is(["false", "no"])) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => zero_or_one(cell),
            }
        }
        _ => zero_or_one(cell),
    }
}

fn zero_or_one(cell: Cell) -> Option<bool> {
    match number(cell, 0) {
        Ok((0, Rest::None)) => Some(false),
        Ok((1, Rest::None)) => Some(true),
        _ => None,
    }
}

/// The text of a code: numbers by their whole value, so that 1 and 1.0 both spell `1`.
pub(crate) fn spelled(cell: Cell<'_>) -> Option<Cow<'_, str>> {
    match cell {
        Cell::Text(text) => Some(Cow::Borrowed(text)),
        Cell::Boolean(value) => Some(Cow::Borrowed(if value { "true" } else { "false" })),
        Cell::Number { .. } | Cell::Float(_) => match number(cell, 0) {
            Ok((whole, Rest::None)) => Some(Cow::Owned(whole.to_string())),
            _ => None,
        },
        Cell::Missing | Cell::Day(_) | Cell::Instant(_) | Cell::Span(_) => None,
    }
}

fn day(cell: Cell) -> Option<i32> {
    match cell {
        Cell::Day(days) => Some(days),
        Cell::Instant(microseconds) if microseconds % MICROSECONDS_PER_DAY == 0 => {
            i32::try_from(microseconds / MICROSECONDS_PER_DAY).ok()
        }
        Cell::Text(text) => date::parse(text.trim_ascii()),
        _ => None,
    }
}

impl Fault {
    /// The fault without the value.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Missing => "no value where one is required",
            Self::NotANumber => "not a number",
            Self::NotWhole => "not a whole number",
            Self::BelowMinimum => "below the agreed minimum",
            Self::AboveMaximum => "above the agreed maximum",
            Self::NotABoolean => "neither true nor false",
            Self::NotInCategories => "not one of the agreed categories",
            Self::NotADate => "not a day written YYYY-MM-DD",
            Self::NotAnIdentifier => "neither text nor a whole number",
            Self::DuplicateKey => "the key of an earlier row",
        }
    }

    /// The fault with the value and what was agreed, for the provider's own steward.
    pub(crate) fn reason(self, cell: Cell, column: &Column) -> String {
        let agreed = match (&column.kind, self) {
            (Kind::Category { codes, .. }, _) => format!(": {}", listed(codes)),
            (kind, Self::BelowMinimum) => format!(" {}", bounds(kind).0),
            (kind, Self::AboveMaximum) => format!(" {}", bounds(kind).1),
            _ => String::new(),
        };
        match self {
            Self::Missing => self.name().to_owned(),
            _ => format!("{} is {}{agreed}", quoted(cell), self.name()),
        }
    }
}

fn bounds(kind: &Kind) -> (String, String) {
    let number = |value: &i64, decimals, unit: &str| {
        let value = decimal::format(*value, decimals);
        if unit == "1" { value } else { format!("{value} {unit}") }
    };
    match kind {
        Kind::Integer { unit, min, max } => (number(min, 0, unit), number(max, 0, unit)),
        Kind::Decimal { unit, decimals, min, max } => {
            (number(min, *decimals, unit), number(max, *decimals, unit))
        }
        Kind::Date { min, max } => (date::format(*min), date::format(*max)),
        Kind::Boolean | Kind::Category { .. } | Kind::Identifier => Default::default(),
    }
}

/// Longest quotation of a value, in characters.
const QUOTED_MAX: usize = 60;
/// Most codes that a reason lists.
const LISTED_MAX: usize = 10;

fn listed(codes: &[String]) -> String {
    let shown = codes.iter().take(LISTED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    if codes.len() > LISTED_MAX { format!("{shown}, ...") } else { shown }
}

fn quoted(cell: Cell) -> String {
    match cell {
        Cell::Missing => "NULL".to_owned(),
        Cell::Number { digits, scale } => {
            Decimal128Type::format_decimal(digits, Decimal128Type::MAX_PRECISION, scale)
        }
        Cell::Float(text) => text.to_owned(),
        Cell::Boolean(value) => value.to_string(),
        Cell::Text(text) if text.chars().count() > QUOTED_MAX => {
            format!("{:?}...", text.chars().take(QUOTED_MAX).collect::<String>())
        }
        Cell::Text(text) => format!("{text:?}"),
        Cell::Day(days) => date::format(days),
        Cell::Span(nanoseconds) => {
            format!("{} s", Decimal128Type::format_decimal(nanoseconds, 38, 9))
        }
        Cell::Instant(microseconds) => {
            let days = microseconds.div_euclid(MICROSECONDS_PER_DAY);
            let day = i32::try_from(days).map_or_else(|_| "a far day".to_owned(), date::format);
            format!("{day} with a time of day")
        }
    }
}

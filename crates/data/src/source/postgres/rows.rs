//! PostgreSQL's types and values as the session's.

use std::error::Error;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int64Array,
    RecordBatch, RecordBatchOptions, StringViewArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, DecimalType, SchemaRef, TimeUnit};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

use super::told;
use crate::SourceFault;
use crate::decimal::{self, Rest};

/// What a column is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Boolean,
    Whole,
    Single,
    Double,
    /// With this many digits, so many of them after the point.
    Decimal(u8, i8),
    Day,
    Instant,
    InstantInUtc,
    /// Everything else, in the words of PostgreSQL.
    Text,
}

impl Of {
    /// `modifier` is the type's: of a numeric, its digits.
    pub(super) fn new(of: &Type, modifier: i32) -> Self {
        match *of {
            Type::BOOL => Self::Boolean,
            Type::INT2 | Type::INT4 | Type::INT8 => Self::Whole,
            Type::FLOAT4 => Self::Single,
            Type::FLOAT8 => Self::Double,
            Type::NUMERIC => numeric(modifier).unwrap_or(Self::Text),
            Type::DATE => Self::Day,
            Type::TIMESTAMP => Self::Instant,
            Type::TIMESTAMPTZ => Self::InstantInUtc,
            _ => Self::Text,
        }
    }

    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Whole => DataType::Int64,
            Self::Single => DataType::Float32,
            Self::Double => DataType::Float64,
            Self::Decimal(precision, scale) => DataType::Decimal128(precision, scale),
            Self::Day => DataType::Date32,
            Self::Instant => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::InstantInUtc => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Text => DataType::Utf8View,
        }
    }

    /// SQL for the values of the column of this quoted name, of few types on the wire.
    pub(super) fn select(self, name: &str) -> String {
        match self {
            Self::Whole => format!("{name}::int8"),
            Self::Decimal(..) | Self::Text => format!("{name}::text"),
            _ => name.to_owned(),
        }
    }

    /// Whether the server compares such a column as the session does: not what only looks like text.
    pub(super) fn comparable(self, of: &Type) -> bool {
        match self {
            Self::Text => matches!(*of, Type::TEXT | Type::VARCHAR),
            Self::Instant | Self::InstantInUtc => false,
            _ => true,
        }
    }
}

/// `numeric(precision, scale)`, if it fits 38 digits. One without a limit is read as text, of which
/// no digit is lost.
fn numeric(modifier: i32) -> Option<Of> {
    // PostgreSQL, src/include/utils/numeric.c: make_numeric_typmod.
    let packed = u32::try_from(modifier.checked_sub(4)?).ok()?;
    let (precision, scale) = (packed >> 16, packed & 0x7ff);
    let fits =
        (1..=u32::from(Decimal128Type::MAX_PRECISION)).contains(&precision) && scale <= precision;
    fits.then_some(Of::Decimal(u8::try_from(precision).ok()?, i8::try_from(scale).ok()?))
}

/// Rows as a batch of `schema`, whose columns they have in its order.
pub(super) fn batch(schema: &SchemaRef, rows: &[Row]) -> Result<RecordBatch, SourceFault> {
    let columns = schema.fields().iter().enumerate();
    let columns: Vec<ArrayRef> = columns
        .map(|(i, field)| column(rows, i, field.data_type(), field.name()))
        .collect::<Result<_, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
        .expect("columns are built by the schema"))
}

fn column(rows: &[Row], at: usize, of: &DataType, name: &str) -> Result<ArrayRef, SourceFault> {
    Ok(match of {
        DataType::Boolean => Arc::new(BooleanArray::from(values::<bool>(rows, at)?)),
        DataType::Int64 => Arc::new(Int64Array::from(values::<i64>(rows, at)?)),
        DataType::Float32 => Arc::new(Float32Array::from(values::<f32>(rows, at)?)),
        DataType::Float64 => Arc::new(Float64Array::from(values::<f64>(rows, at)?)),
        DataType::Date32 => {
            let days = values::<Day>(rows, at)?;
            Arc::new(days.into_iter().map(|day| day.map(|Day(d)| d)).collect::<Date32Array>())
        }
        DataType::Timestamp(_, zone) => {
            let instants = values::<Instant>(rows, at)?.into_iter().map(|i| i.map(|Instant(i)| i));
            let instants = instants.collect::<TimestampMicrosecondArray>();
            Arc::new(instants.with_timezone_opt(zone.clone()))
        }
        DataType::Decimal128(precision, scale) => {
            let digits =
                |text: Option<&str>| text.map(|text| number(text, *scale, name)).transpose();
            let digits = values::<&str>(rows, at)?.into_iter().map(digits);
            let array: Decimal128Array = digits.collect::<Result<Vec<_>, _>>()?.into();
            Arc::new(array.with_data_type(DataType::Decimal128(*precision, *scale)))
        }
        _ => Arc::new(values::<&str>(rows, at)?.into_iter().collect::<StringViewArray>()),
    })
}

fn values<'r, T: FromSql<'r>>(rows: &'r [Row], at: usize) -> Result<Vec<Option<T>>, SourceFault> {
    rows.iter().map(|row| row.try_get(at).map_err(|error| told(&error))).collect()
}

fn number(text: &str, scale: i8, name: &str) -> Result<i128, SourceFault> {
    let quanta = u8::try_from(scale).ok().and_then(|scale| decimal::parse(text, scale).ok());
    match quanta {
        Some(quanta) if quanta.rest == Rest::None => Ok(quanta.count),
        _ => Err(SourceFault::Database(format!("column {name} holds {text}, which is no number"))),
    }
}

/// Days since 1970-01-01; `infinity` is beyond every agreed day.
struct Day(i32);

impl FromSql<'_> for Day {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        /// 2000-01-01, from which PostgreSQL counts.
        const EPOCH: i32 = 10_957;
        Ok(Self(i32::from_be_bytes(raw.try_into()?).saturating_add(EPOCH)))
    }

    fn accepts(of: &Type) -> bool {
        *of == Type::DATE
    }
}

/// Microseconds since 1970-01-01.
struct Instant(i64);

impl FromSql<'_> for Instant {
    fn from_sql(_: &Type, raw: &[u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        const EPOCH: i64 = 946_684_800_000_000;
        Ok(Self(i64::from_be_bytes(raw.try_into()?).saturating_add(EPOCH)))
    }

    fn accepts(of: &Type) -> bool {
        matches!(*of, Type::TIMESTAMP | Type::TIMESTAMPTZ)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numeric_keeps_its_digits_or_becomes_text() {
        let packed = |precision: i32, scale: i32| ((precision << 16) | (scale & 0x7ff)) + 4;
        assert_eq!(Of::new(&Type::NUMERIC, packed(10, 2)), Of::Decimal(10, 2));
        assert_eq!(Of::new(&Type::NUMERIC, packed(38, 0)), Of::Decimal(38, 0));
        for odd in [-1, packed(39, 0), packed(2, 3), packed(5, -2)] {
            assert_eq!(Of::new(&Type::NUMERIC, odd), Of::Text);
        }
    }
}

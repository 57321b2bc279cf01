//! Whole columns into the agreed kind at once.
//!
//! To look at one value after the other, as [`crate::coerce`] does, takes a hundred times as long
//! as to compare a column of them. Here whatever plainly fits is decided by the column; what does
//! not (a number to be rounded, a text that is new, any fault) is left open for `coerce`. Nothing
//! is refused here, and what is decided is what `coerce` would have said.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, Float64Array,
    StringViewArray, UInt32Array, make_view,
};
use datafusion::arrow::buffer::{BooleanBuffer, ScalarBuffer};
use datafusion::arrow::compute::{interleave, take};
use datafusion::arrow::datatypes::Float64Type;
use sharewell_study::{Column, Kind, Missing};

use crate::coerce::{Cell, Value, Values};
use crate::rules::Rule;
use crate::validate::data_type;

/// A column in which most is decided.
pub(crate) struct Decided {
    /// Of the agreed type; what stands in open rows means nothing.
    values: ArrayRef,
    open: BooleanBuffer,
}

impl Decided {
    /// The rows that are left, in their order.
    pub(crate) fn open(&self) -> Vec<usize> {
        self.open.set_indices().collect()
    }

    /// The whole column, given the values of the rows that were left.
    pub(crate) fn with(self, rest: ArrayRef) -> ArrayRef {
        if rest.is_empty() {
            return self.values;
        }
        if rest.len() == self.values.len() {
            return rest;
        }
        let mut of_rest = 0..rest.len();
        let pick = |row| match self.open.value(row) {
            true => (1, of_rest.next().expect("a value for every open row")),
            false => (0, row),
        };
        let from: Vec<(usize, usize)> = (0..self.values.len()).map(pick).collect();
        interleave(&[&*self.values, &*rest], &from).expect("both are of the agreed type")
    }
}

/// A number is decided if it has so many decimals at most and is within these quanta.
struct Range {
    decimals: u8,
    min: i128,
    max: i128,
}

/// What is decided of `values` for `column`, if anything; `texts` are those that it has met.
pub(crate) fn decide(
    values: &Values,
    column: &Column,
    rule: &Rule,
    texts: &Texts,
) -> Option<Decided> {
    let optional = column.missing == Missing::Allow;
    if let (Kind::Category { .. } | Kind::Boolean, Values::Text(array)) = (&column.kind, values) {
        return Some(texts.decide(array, optional));
    }
    if !rule.is_plain() {
        return None;
    }
    let (array, fit) = match (&column.kind, values) {
        (Kind::Integer { min, max, .. }, _) => numbers(values, column, &Range::new(0, *min, *max))?,
        (Kind::Decimal { decimals, min, max, .. }, _) => {
            numbers(values, column, &Range::new(*decimals, *min, *max))?
        }
        (Kind::Boolean, Values::Boolean(array)) => {
            let all = BooleanBuffer::new_set(array.len());
            (Arc::new(array.clone()) as ArrayRef, all)
        }
        (Kind::Boolean, Values::Number(array)) => bits(array)?,
        (Kind::Date { min, max }, Values::Day(array)) => days(array, *min, *max),
        (Kind::Identifier, Values::Text(array)) => {
            let fit = BooleanBuffer::collect_bool(array.len(), |i| length(array.views()[i]) > 0);
            (Arc::new(array.clone()) as ArrayRef, fit)
        }
        _ => return None,
    };
    let decided = match array.nulls() {
        None => fit,
        Some(valid) if optional => &fit | &!valid.inner(),
        Some(valid) => &fit & valid.inner(),
    };
    Some(Decided { values: array, open: !&decided })
}

impl Range {
    fn new(decimals: u8, min: i64, max: i64) -> Self {
        Self { decimals, min: min.into(), max: max.into() }
    }

    fn holds(&self, quanta: i128) -> bool {
        (self.min..=self.max).contains(&quanta)
    }
}

/// Quanta, and which of them are exact and within the range.
fn numbers(values: &Values, column: &Column, range: &Range) -> Option<(ArrayRef, BooleanBuffer)> {
    let (quanta, fit, nulls) = match values {
        Values::Number(array) => {
            let (quanta, fit) = decimals(array.values(), array.scale(), range)?;
            (quanta, fit, array.nulls())
        }
        Values::Float(floats) => {
            let array = floats.array().as_primitive_opt::<Float64Type>()?;
            let (quanta, fit) = doubles(array, range);
            (quanta, fit, array.nulls())
        }
        _ => return None,
    };
    let array =
        Decimal128Array::new(quanta, nulls.cloned()).with_data_type(data_type(&column.kind));
    Some((Arc::new(array), fit))
}

fn decimals(
    digits: &ScalarBuffer<i128>,
    scale: i8,
    range: &Range,
) -> Option<(ScalarBuffer<i128>, BooleanBuffer)> {
    let more = i32::from(range.decimals) - i32::from(scale);
    let power = 10i128.checked_pow(more.unsigned_abs())?;
    if more < 0 {
        let quanta: ScalarBuffer<i128> = digits.iter().map(|digits| digits / power).collect();
        let fit = BooleanBuffer::collect_bool(digits.len(), |i| {
            quanta[i] * power == digits[i] && range.holds(quanta[i])
        });
        return Some((quanta, fit));
    }
    // Bounds of the digits, so that no product of those that fit is too large.
    let (min, max) = (-(-range.min).div_euclid(power), range.max.div_euclid(power));
    let fit = BooleanBuffer::collect_bool(digits.len(), |i| (min..=max).contains(&digits[i]));
    let quanta = match power {
        1 => digits.clone(),
        _ => digits.iter().map(|digits| digits.wrapping_mul(power)).collect(),
    };
    Some((quanta, fit))
}

/// Digits of which no two decimal numbers have the same binary one.
const DOUBLE_MAX: f64 = 1e15;

/// Binary numbers as the decimal texts that name them: if one of at most 15 digits does, it is the
/// shortest. Division by a power of ten is correctly rounded: it tells.
fn doubles(array: &Float64Array, range: &Range) -> (ScalarBuffer<i128>, BooleanBuffer) {
    let power = 10f64.powi(range.decimals.into());
    let numbers = array.values();
    let rounded: Vec<f64> = numbers.iter().map(|number| (number * power).round()).collect();
    let quanta: ScalarBuffer<i128> = rounded.iter().map(|&quanta| quanta as i64 as i128).collect();
    let fit = BooleanBuffer::collect_bool(numbers.len(), |i| {
        let named = rounded[i].abs() < DOUBLE_MAX && rounded[i] / power == numbers[i];
        named && range.holds(quanta[i])
    });
    (quanta, fit)
}

/// Zeros and ones as booleans.
fn bits(array: &Decimal128Array) -> Option<(ArrayRef, BooleanBuffer)> {
    let one = 10i128.checked_pow(u32::try_from(array.scale()).ok()?)?;
    let digits = array.values();
    let set = BooleanBuffer::collect_bool(digits.len(), |i| digits[i] == one);
    let fit = BooleanBuffer::collect_bool(digits.len(), |i| digits[i] == one || digits[i] == 0);
    Some((Arc::new(BooleanArray::new(set, array.nulls().cloned())), fit))
}

fn days(array: &Date32Array, min: i32, max: i32) -> (ArrayRef, BooleanBuffer) {
    let days = array.values();
    let fit = BooleanBuffer::collect_bool(days.len(), |i| (min..=max).contains(&days[i]));
    (Arc::new(array.clone()), fit)
}

/// Most texts that a column remembers.
const TEXTS_MAX: usize = 1024;
/// Bytes of a text that its view holds.
const SHORT: usize = 12;

/// Texts that a column of few values has met, and what each of them became: a place in the list of
/// all values that the column may have, of which the last is none.
#[derive(Debug)]
pub(crate) struct Texts {
    values: ArrayRef,
    codes: HashMap<String, u32>,
    missing: u32,
    /// By view, in order.
    short: Vec<(u128, u32)>,
    long: HashMap<String, u32>,
}

/// The bytes of a view's text.
fn length(view: u128) -> usize {
    view as u32 as usize
}

impl Texts {
    pub(crate) fn new(kind: &Kind) -> Self {
        let (values, codes): (ArrayRef, Vec<String>) = match kind {
            Kind::Category { codes, .. } => {
                let all = codes.iter().map(Some).chain([None]);
                (Arc::new(all.collect::<StringViewArray>()), codes.clone())
            }
            _ => (Arc::new(BooleanArray::from(vec![Some(false), Some(true), None])), vec![]),
        };
        let missing = values.len() as u32 - 1;
        let codes = codes.into_iter().zip(0..).collect();
        Self { values, codes, missing, short: vec![], long: HashMap::new() }
    }

    /// `cell` has become `value`.
    pub(crate) fn learn(&mut self, cell: Cell<'_>, value: &Value<'_>) {
        let Cell::Text(text) = cell else { return };
        let place = match value {
            Value::Missing => Some(self.missing),
            Value::Boolean(value) => Some(u32::from(*value)),
            Value::Text(code) => self.codes.get(&**code).copied(),
            Value::Number { .. } | Value::Day(_) => None,
        };
        let Some(place) = place.filter(|_| self.short.len() + self.long.len() < TEXTS_MAX) else {
            return;
        };
        if text.len() > SHORT {
            self.long.insert(text.to_owned(), place);
            return;
        }
        let view = make_view(text.as_bytes(), 0, 0);
        if let Err(at) = self.short.binary_search_by_key(&view, |(view, _)| *view) {
            self.short.insert(at, (view, place));
        }
    }

    fn decide(&self, array: &StringViewArray, optional: bool) -> Decided {
        let place = |i: usize| {
            if array.is_null(i) {
                return optional.then_some(self.missing);
            }
            let view = array.views()[i];
            if length(view) > SHORT {
                return self.long.get(array.value(i)).copied();
            }
            let at = self.short.binary_search_by_key(&view, |(view, _)| *view).ok()?;
            Some(self.short[at].1)
        };
        let places: Vec<u32> = (0..array.len()).map(|i| place(i).unwrap_or(u32::MAX)).collect();
        let open = BooleanBuffer::collect_bool(places.len(), |i| places[i] == u32::MAX);
        let known = places.iter().map(|place| *place.min(&self.missing));
        let values = take(&self.values, &UInt32Array::from_iter_values(known), None);
        Decided { values: values.expect("places are those of values"), open }
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Int16Array, UInt64Array};
    use datafusion::arrow::datatypes::DataType;
    use proptest::prelude::*;

    use super::*;
    use crate::coerce::coerce;
    use crate::validate::Builder;

    fn kinds() -> impl Strategy<Value = Kind> {
        let bound = || prop::sample::select(vec![i64::MIN, -1000, -1, 0, 5, 70_000, i64::MAX]);
        let unit = || "1".to_owned();
        let codes = ["a", "01", "a code of many letters"].map(str::to_owned).to_vec();
        prop_oneof![
            (bound(), bound()).prop_map(move |(min, max)| Kind::Integer { unit: unit(), min, max }),
            (0u8..=9, bound(), bound()).prop_map(move |(decimals, min, max)| Kind::Decimal {
                unit: unit(),
                decimals,
                min,
                max
            }),
            Just(Kind::Boolean),
            Just(Kind::Category { codes, list: None }),
            Just(Kind::Date { min: -3, max: 18_000 }),
            Just(Kind::Identifier),
        ]
    }

    /// As many values as it pleases, some of them none, of one type of those that sources have.
    fn arrays() -> impl Strategy<Value = ArrayRef> {
        fn some<T: std::fmt::Debug + Clone>(
            of: impl Strategy<Value = T>,
        ) -> impl Strategy<Value = Vec<Option<T>>> {
            prop::collection::vec(prop::option::weighted(0.9, of), 0..40)
        }
        let digits = prop_oneof![-1200i128..1200, any::<i64>().prop_map(i128::from), any::<i128>()];
        // Of few digits, one unit in the last place beside them, any.
        let few = (-1200i32..1_200_000, 0i32..12).prop_map(|(n, d)| f64::from(n) / 10f64.powi(d));
        let float = prop_oneof![
            few.clone(),
            few.prop_map(|number| f64::from_bits(number.to_bits().wrapping_add(1))),
            any::<f64>(),
            prop::sample::select(vec![-0.0, 1e15, 999_999_999_999_999.5, f64::NAN, f64::INFINITY]),
        ];
        let words =
            ["a", "01", "a code of many letters", "", "yes", " No", "1", "2.0", "1970-01-02"];
        let text = prop::sample::select(words.to_vec());
        let array = |array: &dyn Array| array.slice(0, array.len());
        prop_oneof![
            (some(digits), -3i8..12).prop_map(move |(digits, scale)| {
                let decimals = Decimal128Array::from(digits);
                array(&decimals.with_data_type(DataType::Decimal128(38, scale)))
            }),
            some(float).prop_map(move |v| array(&Float64Array::from(v))),
            some(any::<i16>()).prop_map(move |v| array(&Int16Array::from(v))),
            some(any::<u64>()).prop_map(move |v| array(&UInt64Array::from(v))),
            some(any::<bool>()).prop_map(move |v| array(&BooleanArray::from(v))),
            some(-5i32..20_000).prop_map(move |v| array(&Date32Array::from(v))),
            some(text).prop_map(move |v| array(&StringViewArray::from(v))),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]

        #[test]
        fn what_is_decided_of_a_column_is_what_each_value_becomes(
            kind in kinds(), array in arrays(), optional: bool
        ) {
            let missing = if optional { Missing::Allow } else { Missing::Refuse };
            let column = Column { name: "x".to_owned(), kind, missing, clip: false };
            let values = Values::new(&array).expect("castable").expect("of a known type");
            let mut texts = Texts::new(&column.kind);
            // The second time with all texts met.
            for _ in 0..2 {
                let decided = decide(&values, &column, &Rule::default(), &texts);
                for row in 0..array.len() {
                    let value = coerce(values.cell(row), &column.kind, None);
                    if let Some(decided) = &decided
                        && !decided.open.value(row)
                    {
                        let value = value.as_ref().expect("a value that fits");
                        prop_assert!(*value != Value::Missing || optional);
                        let rounded = matches!(value, Value::Number { rounded: true, .. });
                        prop_assert!(!rounded);
                        let mut wanted = Builder::new(&column.kind);
                        wanted.push(value);
                        prop_assert_eq!(&decided.values.slice(row, 1), &wanted.finish());
                    }
                    value.iter().for_each(|value| texts.learn(values.cell(row), value));
                }
            }
        }

        #[test]
        fn the_values_of_open_rows_come_to_their_places(fits in prop::collection::vec(any::<bool>(), 1..50)) {
            let whole = Date32Array::from_iter_values(0..fits.len() as i32);
            let open = BooleanBuffer::collect_bool(fits.len(), |i| !fits[i]);
            let decided = Decided { values: Arc::new(whole), open };
            let rest = decided.open().into_iter().map(|row| -(row as i32));
            let rest: ArrayRef = Arc::new(Date32Array::from_iter_values(rest));
            let wanted = fits.iter().zip(0..).map(|(fit, row)| if *fit { row } else { -row });
            let wanted: ArrayRef = Arc::new(Date32Array::from_iter_values(wanted));
            prop_assert_eq!(&decided.with(rest), &wanted);
        }
    }

    #[test]
    fn plain_values_are_decided_without_looking_at_each() {
        let column =
            |kind| Column { name: "x".to_owned(), kind, missing: Missing::Allow, clip: false };
        let hours = Kind::Decimal { unit: "h".to_owned(), decimals: 1, min: 0, max: 10_000 };
        let day = Kind::Date { min: 0, max: 18_000 };
        let numbers = Decimal128Array::from(vec![Some(1500), None, Some(20)]);
        for (kind, array) in [
            (
                hours.clone(),
                Arc::new(numbers.with_data_type(DataType::Decimal128(9, 2))) as ArrayRef,
            ),
            (hours, Arc::new(Float64Array::from(vec![0.1, 15.0, 999.9]))),
            (Kind::Boolean, Arc::new(Int16Array::from(vec![0, 1, 1]))),
            (day, Arc::new(Date32Array::from(vec![0, 17, 18_000]))),
            (Kind::Identifier, Arc::new(StringViewArray::from(vec!["a", "b"]))),
        ] {
            let values = Values::new(&array).expect("castable").expect("of a known type");
            let column = column(kind);
            let texts = Texts::new(&column.kind);
            let decided = decide(&values, &column, &Rule::default(), &texts).expect("by column");
            assert!(decided.open().is_empty(), "{column:?}");
        }
    }
}

//! The quality audit: what a provider's accepted rows are like, and whether the study's limits
//! admit them. It is made at home and stays there.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt64Array};
use datafusion::arrow::compute::take_record_batch;
use datafusion::arrow::datatypes::{Date32Type, Decimal128Type};
use serde::Serialize;
use sharewell_study::{Column, Constant, Decimal, Kind, Quality, Table, date};

use crate::decimal;
use crate::report::QualityReport;

/// Bars of a histogram of numbers or days.
const BINS: usize = 20;
/// Most bars of a histogram of codes.
const CODES_MAX: usize = 30;
/// Median absolute deviations of a normal distribution per standard deviation: the 0.75-quantile.
/// Source: Iglewicz and Hoaglin, How to Detect and Handle Outliers (1993), section 3.3.
const NORMAL_MAD: f64 = 0.6745;

/// What the accepted values of a column are like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ColumnAudit {
    /// The agreed column.
    pub column: String,
    /// Its type, as the study says it.
    pub kind: &'static str,
    /// Its unit, if it has one.
    pub unit: Option<String>,
    /// Rows with a value.
    pub values: u64,
    /// Rows without.
    pub missing: u64,
    /// Whether there are two values or more and all of them are the same.
    pub constant: bool,
    /// Least, greatest and middle value, of numbers and days.
    pub spread: Option<Spread>,
    /// Numbers whose robust z-score is beyond the study's limit.
    pub outliers: u64,
    /// Days after today.
    pub future: u64,
    /// How the values are distributed; of identifiers nothing.
    pub histogram: Vec<Bin>,
}

/// Least, greatest and middle value, written as the column writes its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// Least.
    pub min: String,
    /// The lower of the two in the middle, if their number is even.
    pub median: String,
    /// Greatest.
    pub max: String,
}

/// A bar of a histogram.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bin {
    /// The code, or the least value of the bar.
    pub from: String,
    /// How many values.
    pub rows: u64,
}

impl ColumnAudit {
    /// What a steward should look at.
    pub(crate) fn remarks(&self) -> impl Iterator<Item = (&str, String)> {
        let remarks = [
            (self.constant, "all values are the same".to_owned()),
            (self.outliers > 0, format!("{} outliers", self.outliers)),
            (self.future > 0, format!("{} days in the future", self.future)),
        ];
        remarks.into_iter().filter(|(holds, _)| *holds).map(|(_, text)| (&*self.column, text))
    }
}

/// Rows that are audited: of more, every second, fourth, eighth... one.
const ROWS_MAX: usize = 1 << 20;

/// An even sample of all rows; all of them as long as they are few.
pub(crate) struct Sample {
    batches: Vec<RecordBatch>,
    rows: usize,
    /// One row of so many is kept.
    stride: usize,
    seen: usize,
}

impl Default for Sample {
    fn default() -> Self {
        Self { batches: Vec::new(), rows: 0, stride: 1, seen: 0 }
    }
}

impl Sample {
    /// These rows too.
    pub(crate) fn add(&mut self, batch: &RecordBatch) {
        let kept = every(batch, self.stride, &mut self.seen);
        self.rows += kept.num_rows();
        self.batches.push(kept);
        if self.rows > ROWS_MAX {
            self.thin();
        }
    }

    fn thin(&mut self) {
        let mut seen = 0;
        self.batches.iter_mut().for_each(|batch| *batch = every(batch, 2, &mut seen));
        self.rows = self.batches.iter().map(RecordBatch::num_rows).sum();
        self.stride *= 2;
    }

    /// The audit and the limits that it breaks, into the report.
    pub(crate) fn audit(&self, table: &Table, quality: &Quality, report: &mut QualityReport) {
        report.columns = columns(table, quality, &self.batches);
        report.audited_rows = self.rows as u64;
        report.breaches = breaches(quality, report);
    }
}

/// One row of so many, counted over all batches.
fn every(batch: &RecordBatch, stride: usize, seen: &mut usize) -> RecordBatch {
    let from = seen.next_multiple_of(stride) - *seen;
    *seen += batch.num_rows();
    if stride == 1 {
        return batch.clone();
    }
    let rows: UInt64Array = (from..batch.num_rows()).step_by(stride).map(|i| i as u64).collect();
    let kept = take_record_batch(batch, &rows).expect("the rows are the batch's");
    // The texts of the others go too.
    let own = |column: &ArrayRef| match column.as_string_view_opt() {
        Some(texts) => Arc::new(texts.gc()),
        None => Arc::clone(column),
    };
    let columns = kept.columns().iter().map(own).collect();
    RecordBatch::try_new(kept.schema(), columns).expect("the columns are the batch's")
}

/// The audit of all columns.
fn columns(table: &Table, quality: &Quality, batches: &[RecordBatch]) -> Vec<ColumnAudit> {
    let today = today();
    let one = |(i, column): (usize, &Column)| {
        let arrays = || batches.iter().map(move |batch| batch.column(i));
        let rows: usize = arrays().map(Array::len).sum();
        let missing: usize = arrays().map(Array::null_count).sum();
        let mut audit = ColumnAudit {
            column: column.name.clone(),
            kind: column.kind.name(),
            unit: column.kind.unit().filter(|unit| *unit != "1").map(str::to_owned),
            values: (rows - missing) as u64,
            missing: missing as u64,
            constant: false,
            spread: None,
            outliers: 0,
            future: 0,
            histogram: Vec::new(),
        };
        match &column.kind {
            Kind::Integer { .. } | Kind::Decimal { .. } | Kind::Date { .. } => {
                ordered(&mut audit, &column.kind, numbers(arrays()), quality, today);
            }
            Kind::Boolean | Kind::Category { .. } => coded(&mut audit, column, arrays()),
            Kind::Identifier => {
                let mut values = arrays().flat_map(|a| a.as_string_view().iter().flatten());
                let first = values.next();
                let same = first.is_some_and(|first| values.all(|value| value == first));
                audit.constant = same && audit.values > 1;
            }
        }
        audit
    };
    table.columns.iter().enumerate().map(one).collect()
}

fn today() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| (now.as_secs() / 86_400) as i64)
}

/// Quanta, or days.
fn numbers<'a>(arrays: impl Iterator<Item = &'a ArrayRef>) -> Vec<i64> {
    let mut numbers = Vec::new();
    for array in arrays {
        match array.as_primitive_opt::<Decimal128Type>() {
            Some(array) => {
                let quanta = array.iter().flatten();
                let within = |quanta| i64::try_from(quanta).expect("within the agreed range");
                numbers.extend(quanta.map(within));
            }
            None => {
                let days = array.as_primitive::<Date32Type>().iter().flatten();
                numbers.extend(days.map(i64::from));
            }
        }
    }
    numbers
}

fn ordered(
    audit: &mut ColumnAudit,
    kind: &Kind,
    mut values: Vec<i64>,
    quality: &Quality,
    today: i64,
) {
    let (Some(&min), Some(&max)) = (values.iter().min(), values.iter().max()) else { return };
    let middle = (values.len() - 1) / 2;
    let median = *values.select_nth_unstable(middle).1;
    let text = |value: i64| written(kind, value);
    audit.constant = min == max && values.len() > 1;
    audit.spread = Some(Spread { min: text(min), median: text(median), max: text(max) });
    audit.histogram = bins(&values, min, max, text);
    if let Kind::Date { .. } = kind {
        audit.future = values.iter().filter(|day| **day > today).count() as u64;
        return;
    }
    let mut deviations: Vec<u64> = values.iter().map(|value| value.abs_diff(median)).collect();
    let mad = *deviations.select_nth_unstable(middle).1;
    let limit = quality.outlier_z.digits as f64 / 10f64.powi(quality.outlier_z.scale.into());
    // With most values the same there is no scale to measure the others by.
    if mad > 0 {
        let far = |deviation: &&u64| NORMAL_MAD * **deviation as f64 > limit * mad as f64;
        audit.outliers = deviations.iter().filter(far).count() as u64;
    }
}

fn written(kind: &Kind, value: i64) -> String {
    let decimals = if let Kind::Decimal { decimals, .. } = kind { *decimals } else { 0 };
    match (kind, i32::try_from(value)) {
        (Kind::Date { .. }, Ok(day)) => date::format(day),
        _ => decimal::format(value, decimals),
    }
}

/// Bars of equal width from the least to the greatest value, one for each value if they are few.
fn bins(values: &[i64], min: i64, max: i64, text: impl Fn(i64) -> String) -> Vec<Bin> {
    let span = u128::from(max.abs_diff(min)) + 1;
    let count = span.min(BINS as u128);
    let mut rows = vec![0; count as usize];
    for value in values {
        let bar = u128::from(value.abs_diff(min)) * count / span;
        rows[bar as usize] += 1;
    }
    // The least value whose bar it is.
    let from = |bar: usize| {
        let above = (bar as u128 * span).div_ceil(count);
        text(min.wrapping_add_unsigned(above as u64))
    };
    rows.into_iter().enumerate().map(|(bar, rows)| Bin { from: from(bar), rows }).collect()
}

fn coded<'a>(audit: &mut ColumnAudit, column: &Column, arrays: impl Iterator<Item = &'a ArrayRef>) {
    let codes = column.values();
    let mut rows: std::collections::HashMap<&str, u64> = codes.iter().map(|c| (*c, 0)).collect();
    let mut add = |code: &str| {
        if let Some(rows) = rows.get_mut(code) {
            *rows += 1;
        }
    };
    for array in arrays {
        match array.as_boolean_opt() {
            Some(array) => {
                let words = array.iter().flatten().map(|v| if v { "true" } else { "false" });
                words.for_each(&mut add);
            }
            None => array.as_string_view().iter().flatten().for_each(&mut add),
        }
    }
    audit.constant = audit.values > 1 && rows.values().any(|rows| *rows == audit.values);
    let bin = |code: &&str| Bin { from: (*code).to_owned(), rows: rows[code] };
    audit.histogram = codes.iter().map(bin).collect();
    if codes.len() > CODES_MAX {
        audit.histogram.sort_by_key(|bin| std::cmp::Reverse(bin.rows));
        audit.histogram.truncate(CODES_MAX);
    }
}

/// The study's limits that the rows break.
fn breaches(quality: &Quality, report: &QualityReport) -> Vec<String> {
    let mut breaches = Vec::new();
    let QualityReport { rows_read, rows_accepted, rows_rejected, .. } = *report;
    if rows_accepted < quality.min_rows {
        let least = quality.min_rows;
        breaches.push(format!("{rows_accepted} valid rows, at least {least} are wanted"));
    }
    let mut test = |what: &str, part: u64, whole: u64, limit: Option<Decimal>| {
        if let Some(limit) = limit.filter(|limit| exceeds(part, whole, *limit)) {
            breaches.push(format!(
                "{what} in {part} of {whole} rows, at most a share of {limit} is permitted"
            ));
        }
    };
    test("faults", rows_rejected, rows_read, quality.max_rejected);
    for column in &report.columns {
        let name = &column.column;
        let audited = column.values + column.missing;
        test(&format!("{name}: no value"), column.missing, audited, quality.max_missing);
        test(&format!("{name}: outliers"), column.outliers, column.values, quality.max_outliers);
        test(
            &format!("{name}: days in the future"),
            column.future,
            column.values,
            quality.max_future,
        );
    }
    if quality.constant == Constant::Refuse {
        let constant = report.columns.iter().filter(|column| column.constant);
        breaches
            .extend(constant.map(|column| format!("{}: all values are the same", column.column)));
    }
    breaches
}

/// part / whole > limit, exactly.
fn exceeds(part: u64, whole: u64, limit: Decimal) -> bool {
    // A share has at most 18 digits after the point: both sides fit 127 bits.
    let left = i128::from(part) * 10i128.pow(limit.scale.into());
    limit.digits.checked_mul(whole.into()).is_some_and(|right| left > right)
}

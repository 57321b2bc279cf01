//! Mapped rows into the agreed table: each value brought to its kind and range, each row that
//! fails left out, listed and counted.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayBuilder, ArrayRef, AsArray, BooleanArray, BooleanBuilder, Date32Builder,
    Decimal128Builder, StringViewBuilder, UInt64Array,
};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::{
    DataType, Decimal128Type, DecimalType, Field, Schema, SchemaRef, UInt64Type,
};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::arrow::row::{RowConverter, SortField};
use sha2::{Digest, Sha256};
use sharewell_study::{Column, Kind, Missing, Table};

use crate::Error;
use crate::coerce::{Cell, Fault, Value, Values};
use crate::columnar::{self, Decided, Texts};
use crate::report::{
    ColumnCount, FaultCount, Numbering, QualityReport, Rejected, SourceRows, Tally,
};
use crate::rules::Rule;
use crate::source::LINE;

/// The agreed table's types at home.
///
/// Whole numbers are decimals too: the engine's decimal arithmetic fails on overflow, where its
/// integer arithmetic wraps.
pub(crate) fn schema(table: &Table) -> SchemaRef {
    let field = |column: &Column| {
        let optional = column.missing == Missing::Allow;
        Field::new(&column.name, data_type(&column.kind), optional)
    };
    Arc::new(Schema::new(table.columns.iter().map(field).collect::<Vec<_>>()))
}

pub(crate) fn data_type(kind: &Kind) -> DataType {
    match kind {
        Kind::Integer { .. } => DataType::Decimal128(Decimal128Type::MAX_PRECISION, 0),
        Kind::Decimal { decimals, .. } => {
            let scale = i8::try_from(*decimals).expect("a study has at most 9 decimals");
            DataType::Decimal128(Decimal128Type::MAX_PRECISION, scale)
        }
        Kind::Boolean => DataType::Boolean,
        Kind::Category { .. } | Kind::Identifier => DataType::Utf8View,
        Kind::Date { .. } => DataType::Date32,
    }
}

/// Rows on their way into the agreed table.
#[derive(Debug)]
pub(crate) struct Validation<'t> {
    table: &'t Table,
    rules: &'t [Rule],
    schema: SchemaRef,
    numbering: Numbering,
    rows_read: u64,
    rows_accepted: u64,
    rejected: Vec<Rejected>,
    faults: Tally<Fault>,
    rounded: Tally<()>,
    coded: Tally<()>,
    missing: Tally<()>,
    /// By column.
    texts: Vec<Texts>,
    /// Where each key has occurred first.
    keys: HashMap<KeyHash, u64>,
}

/// A value that failed, by its row in the batch and its column in the table.
struct Failure {
    row: usize,
    column: usize,
    fault: Fault,
    /// Where a key has occurred first.
    earlier: Option<u64>,
}

/// What becomes of the rows of a batch.
struct Outcome {
    keep: Vec<bool>,
    failures: Vec<Failure>,
    /// Values with digits cut off, by row and column.
    rounded: Vec<(usize, usize)>,
    /// Values beyond their range that count as its end.
    coded: Vec<(usize, usize)>,
}

impl<'t> Validation<'t> {
    pub(crate) fn new(table: &'t Table, rules: &'t [Rule], numbering: Numbering) -> Self {
        Self {
            table,
            rules,
            schema: schema(table),
            numbering,
            rows_read: 0,
            rows_accepted: 0,
            rejected: Vec::new(),
            faults: Tally::new(),
            rounded: Tally::new(),
            coded: Tally::new(),
            missing: Tally::new(),
            texts: table.columns.iter().map(|column| Texts::new(&column.kind)).collect(),
            keys: HashMap::new(),
        }
    }

    /// The valid rows of a batch of the mapping's result, whose columns are the table's in any
    /// order.
    pub(crate) fn accept(&mut self, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        let mapped = self.values(batch)?;
        let keep = vec![true; batch.num_rows()];
        let mut outcome = Outcome { keep, failures: vec![], rounded: vec![], coded: vec![] };
        let columns: Vec<ArrayRef> =
            mapped.iter().enumerate().map(|(i, v)| self.column(i, v, &mut outcome)).collect();
        self.refuse_duplicates(batch, &columns, &mut outcome);
        let Outcome { keep, failures, rounded, coded } = outcome;
        for (tally, changed) in [(&mut self.rounded, rounded), (&mut self.coded, coded)] {
            for (_, column) in changed.into_iter().filter(|(row, _)| keep[*row]) {
                tally.add(column, (), 1);
            }
        }
        let all_fit = failures.is_empty();
        self.reject(batch, &mapped, failures);
        // The rejected rows' gaps go before the table's own schema, without gaps, is asked for.
        let optional = self.schema.fields().iter().map(|f| f.as_ref().clone().with_nullable(true));
        let gapped = Arc::new(Schema::new(optional.collect::<Vec<_>>()));
        let filtered = |all: RecordBatch| match all_fit {
            true => Ok(all),
            false => filter_record_batch(&all, &BooleanArray::from(keep)),
        };
        let kept = RecordBatch::try_new(gapped, columns)
            .and_then(filtered)
            .and_then(|kept| RecordBatch::try_new(self.schema.clone(), kept.columns().to_vec()))
            .expect("columns are built by the schema and gaps filtered out");
        for (i, column) in kept.columns().iter().enumerate() {
            self.missing.add(i, (), column.null_count() as u64);
        }
        self.rows_read += batch.num_rows() as u64;
        self.rows_accepted += kept.num_rows() as u64;
        Ok(kept)
    }

    /// A column of the agreed table: decided as a whole, but for the values that do not plainly
    /// fit.
    fn column(&mut self, i: usize, values: &Values, outcome: &mut Outcome) -> ArrayRef {
        let (agreed, rule) = (&self.table.columns[i], &self.rules[i]);
        let decided = columnar::decide(values, agreed, rule, &self.texts[i]);
        let open =
            decided.as_ref().map_or_else(|| (0..outcome.keep.len()).collect(), Decided::open);
        let mut builder = Builder::new(&agreed.kind);
        for row in open {
            let cell = values.cell(row);
            let clipped = |fault| clipped(agreed, fault).inspect(|_| outcome.coded.push((row, i)));
            match value(cell, agreed, rule).or_else(clipped) {
                Ok(value) => {
                    if let Value::Number { rounded: true, .. } = value {
                        outcome.rounded.push((row, i));
                    }
                    self.texts[i].learn(cell, &value);
                    builder.push(&value);
                }
                Err(fault) => {
                    outcome.keep[row] = false;
                    outcome.failures.push(Failure { row, column: i, fault, earlier: None });
                    builder.push(&Value::Missing);
                }
            }
        }
        let rest = builder.finish();
        match decided {
            Some(decided) => decided.with(rest),
            None => rest,
        }
    }

    /// Of the rows with one key the first is kept.
    fn refuse_duplicates(
        &mut self,
        batch: &RecordBatch,
        columns: &[ArrayRef],
        outcome: &mut Outcome,
    ) {
        let key = &self.table.key;
        let Some(&first) = key.first() else { return };
        let lines = lines(batch);
        let columns: Vec<ArrayRef> = key.iter().map(|&i| Arc::clone(&columns[i])).collect();
        let fields = columns.iter().map(|column| SortField::new(column.data_type().clone()));
        let rows = RowConverter::new(fields.collect())
            .and_then(|converter| converter.convert_columns(&columns))
            .expect("every agreed type can be compared");
        for (row, keep) in outcome.keep.iter_mut().enumerate().filter(|(_, keep)| **keep) {
            let line = self.line(lines, row);
            match self.keys.entry(key_hash(rows.row(row).as_ref())) {
                Entry::Vacant(entry) => _ = entry.insert(line),
                Entry::Occupied(entry) => {
                    *keep = false;
                    let earlier = Some(*entry.get());
                    let fault = Fault::DuplicateKey;
                    outcome.failures.push(Failure { row, column: first, fault, earlier });
                }
            }
        }
    }

    /// The table's columns out of the batch, in the table's order.
    fn values(&self, batch: &RecordBatch) -> Result<Vec<Values>, Error> {
        let one = |(column, rule): (&Column, &Rule)| {
            let at = batch.schema().fields().iter().position(|f| is(f, rule));
            let array = batch.column(at.expect("the mapping's columns have been compared"));
            let unfit = || Error::ColumnType {
                column: column.name.clone(),
                found: array.data_type().to_string(),
            };
            Values::new(array).map_err(|e| Error::Sql(Box::new(e.into())))?.ok_or_else(unfit)
        };
        self.table.columns.iter().zip(self.rules).map(one).collect()
    }

    /// Counts and lists failures, row by row.
    fn reject(&mut self, batch: &RecordBatch, mapped: &[Values], mut failures: Vec<Failure>) {
        let lines = lines(batch);
        failures.sort_by_key(|failure| (failure.row, failure.column));
        for Failure { row, column, fault, earlier } in failures {
            self.faults.add(column, fault, 1);
            if self.rejected.len() < QualityReport::REJECTED_MAX {
                let agreed = &self.table.columns[column];
                let reason = fault.reason(mapped[column].cell(row), agreed);
                let noun = self.numbering.noun();
                let earlier = earlier.map(|at| format!(", {noun} {at}")).unwrap_or_default();
                self.rejected.push(Rejected {
                    file: None,
                    line: self.line(lines, row),
                    column: agreed.name.clone(),
                    reason: reason + &earlier,
                });
            }
        }
    }

    fn line(&self, lines: Option<&UInt64Array>, row: usize) -> u64 {
        match (self.numbering, lines) {
            (Numbering::Line | Numbering::SourceRow, Some(lines)) => lines.value(row),
            _ => self.rows_read + row as u64 + 1,
        }
    }

    /// How many valid rows there have been.
    pub(crate) fn rows_accepted(&self) -> u64 {
        self.rows_accepted
    }

    /// The report.
    pub(crate) fn finish(self, sources: Vec<SourceRows>) -> QualityReport {
        let name = |column: usize| self.table.columns[column].name.clone();
        let columns = |tally: &Tally<()>| {
            tally.iter().map(|(i, (), rows)| ColumnCount { column: name(i), rows }).collect()
        };
        let fault = |(i, fault, rows): (usize, Fault, u64)| FaultCount {
            column: name(i),
            fault: fault.name().to_owned(),
            rows,
        };
        QualityReport {
            table: self.table.name.clone(),
            sources,
            numbering: self.numbering,
            rows_read: self.rows_read,
            rows_accepted: self.rows_accepted,
            rows_rejected: self.rows_read - self.rows_accepted,
            faults: self.faults.iter().map(fault).collect(),
            rounded: columns(&self.rounded),
            coded: columns(&self.coded),
            missing: columns(&self.missing),
            converted: Vec::new(),
            columns: Vec::new(),
            breaches: Vec::new(),
            rejected: self.rejected,
            audited_rows: 0,
        }
    }
}

/// The end of the range that a value lies beyond, if that is what it counts as.
fn clipped(column: &Column, fault: Fault) -> Result<Value<'static>, Fault> {
    let end = match (column.clip.then(|| column.quanta()).flatten(), fault) {
        (Some((min, ..)), Fault::BelowMinimum) => min,
        (Some((_, max, _)), Fault::AboveMaximum) => max,
        _ => return Err(fault),
    };
    match column.kind {
        Kind::Date { .. } => i32::try_from(end).map(Value::Day).map_err(|_| fault),
        _ => Ok(Value::Number { quanta: end, rounded: false }),
    }
}

/// Half a SHA-256 instead of a key: 24 bytes a row with its number, however long keys are. That two
/// keys of a billion share it has odds of 10^-21.
type KeyHash = [u64; 2];

fn key_hash(key: &[u8]) -> KeyHash {
    let hash: [u8; 32] = Sha256::digest(key).into();
    std::array::from_fn(|i| {
        let (_, rest) = hash.split_at(8 * i);
        u64::from_le_bytes(*rest.first_chunk().expect("32 bytes hold two of 8"))
    })
}

fn lines(batch: &RecordBatch) -> Option<&UInt64Array> {
    batch.column_by_name(LINE).map(|lines| lines.as_primitive::<UInt64Type>())
}

/// Whether a mapped column is the one that the rule is about. Names differ by more than case.
pub(crate) fn is(mapped: &Field, rule: &Rule) -> bool {
    mapped.name().eq_ignore_ascii_case(&rule.from)
}

fn value<'v>(cell: Cell<'v>, column: &Column, rule: &'v Rule) -> Result<Value<'v>, Fault> {
    match rule.value(cell, &column.kind)? {
        Value::Missing if column.missing == Missing::Refuse => Err(Fault::Missing),
        value => Ok(value),
    }
}

/// A column of the agreed table in the making.
pub(crate) enum Builder {
    Number(Decimal128Builder),
    Boolean(BooleanBuilder),
    Text(StringViewBuilder),
    Day(Date32Builder),
}

impl Builder {
    pub(crate) fn new(kind: &Kind) -> Self {
        match kind {
            Kind::Integer { .. } | Kind::Decimal { .. } => {
                Self::Number(Decimal128Builder::new().with_data_type(data_type(kind)))
            }
            Kind::Boolean => Self::Boolean(BooleanBuilder::new()),
            Kind::Category { .. } | Kind::Identifier => Self::Text(StringViewBuilder::new()),
            Kind::Date { .. } => Self::Day(Date32Builder::new()),
        }
    }

    pub(crate) fn push(&mut self, value: &Value) {
        match (self, value) {
            (Self::Number(b), Value::Number { quanta, .. }) => b.append_value(*quanta),
            (Self::Boolean(b), Value::Boolean(value)) => b.append_value(*value),
            (Self::Text(b), Value::Text(text)) => b.append_value(text),
            (Self::Day(b), Value::Day(days)) => b.append_value(*days),
            (Self::Number(b), _) => b.append_null(),
            (Self::Boolean(b), _) => b.append_null(),
            (Self::Text(b), _) => b.append_null(),
            (Self::Day(b), _) => b.append_null(),
        }
    }

    pub(crate) fn finish(self) -> ArrayRef {
        match self {
            Self::Number(mut b) => ArrayBuilder::finish(&mut b),
            Self::Boolean(mut b) => ArrayBuilder::finish(&mut b),
            Self::Text(mut b) => ArrayBuilder::finish(&mut b),
            Self::Day(mut b) => ArrayBuilder::finish(&mut b),
        }
    }
}

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
use sharewell_study::{Column, Kind, Missing, Table};

use crate::Error;
use crate::coerce::{Cell, Fault, Value, Values};
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

fn data_type(kind: &Kind) -> DataType {
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
    accepted: Vec<RecordBatch>,
    rows_read: u64,
    rows_accepted: u64,
    rejected: Vec<Rejected>,
    faults: Tally<Fault>,
    rounded: Tally<()>,
    missing: Tally<()>,
    keys: HashMap<Box<[u8]>, u64>,
}

/// A value that failed, by its row in the batch and its column in the table.
struct Failure {
    row: usize,
    column: usize,
    fault: Fault,
    /// Where a key has occurred first.
    earlier: Option<u64>,
}

/// A valid value that the report counts: rounded, or else missing.
struct Remark {
    row: usize,
    column: usize,
    rounded: bool,
}

impl Remark {
    fn on(value: &Value, row: usize, column: usize) -> Option<Self> {
        match value {
            Value::Missing => Some(Self { row, column, rounded: false }),
            Value::Number { rounded: true, .. } => Some(Self { row, column, rounded: true }),
            _ => None,
        }
    }
}

impl<'t> Validation<'t> {
    pub(crate) fn new(table: &'t Table, rules: &'t [Rule], numbering: Numbering) -> Self {
        Self {
            table,
            rules,
            schema: schema(table),
            numbering,
            accepted: Vec::new(),
            rows_read: 0,
            rows_accepted: 0,
            rejected: Vec::new(),
            faults: Tally::new(),
            rounded: Tally::new(),
            missing: Tally::new(),
            keys: HashMap::new(),
        }
    }

    /// Takes a batch of the mapping's result, whose columns are the table's in any order.
    pub(crate) fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let mapped = self.values(batch)?;
        let (mut failures, mut remarks) = (Vec::new(), Vec::new());
        let mut keep = vec![true; batch.num_rows()];
        let mut columns = Vec::with_capacity(mapped.len());
        for (i, values) in mapped.iter().enumerate() {
            let (agreed, rule) = (&self.table.columns[i], &self.rules[i]);
            let mut builder = Builder::new(&agreed.kind);
            for (row, keep) in keep.iter_mut().enumerate() {
                match value(values.cell(row), agreed, rule) {
                    Ok(value) => {
                        remarks.extend(Remark::on(&value, row, i));
                        builder.push(&value);
                    }
                    Err(fault) => {
                        *keep = false;
                        failures.push(Failure { row, column: i, fault, earlier: None });
                        builder.push(&Value::Missing);
                    }
                }
            }
            columns.push(builder.finish());
        }
        self.refuse_duplicates(batch, &columns, &mut keep, &mut failures);
        self.count(remarks, &keep);
        self.reject(batch, &mapped, failures);
        // The rejected rows' gaps go before the table's own schema, without gaps, is asked for.
        let optional = self.schema.fields().iter().map(|f| f.as_ref().clone().with_nullable(true));
        let gapped = Arc::new(Schema::new(optional.collect::<Vec<_>>()));
        let kept = RecordBatch::try_new(gapped, columns)
            .and_then(|all| filter_record_batch(&all, &BooleanArray::from(keep)))
            .and_then(|kept| RecordBatch::try_new(self.schema.clone(), kept.columns().to_vec()))
            .expect("columns are built by the schema and gaps filtered out");
        self.rows_read += batch.num_rows() as u64;
        self.rows_accepted += kept.num_rows() as u64;
        self.accepted.push(kept);
        Ok(())
    }

    /// Of the rows with one key the first is kept.
    fn refuse_duplicates(
        &mut self,
        batch: &RecordBatch,
        columns: &[ArrayRef],
        keep: &mut [bool],
        failures: &mut Vec<Failure>,
    ) {
        let key = &self.table.key;
        let Some(&first) = key.first() else { return };
        let lines = lines(batch);
        let columns: Vec<ArrayRef> = key.iter().map(|&i| Arc::clone(&columns[i])).collect();
        let fields = columns.iter().map(|column| SortField::new(column.data_type().clone()));
        let rows = RowConverter::new(fields.collect())
            .and_then(|converter| converter.convert_columns(&columns))
            .expect("every agreed type can be compared");
        for (row, keep) in keep.iter_mut().enumerate().filter(|(_, keep)| **keep) {
            let line = self.line(lines, row);
            match self.keys.entry(rows.row(row).as_ref().into()) {
                Entry::Vacant(entry) => _ = entry.insert(line),
                Entry::Occupied(entry) => {
                    *keep = false;
                    let earlier = Some(*entry.get());
                    let fault = Fault::DuplicateKey;
                    failures.push(Failure { row, column: first, fault, earlier });
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

    /// Counts what accepted rows lack or had rounded.
    fn count(&mut self, remarks: Vec<Remark>, keep: &[bool]) {
        for Remark { column, rounded, .. } in remarks.into_iter().filter(|r| keep[r.row]) {
            let tally = if rounded { &mut self.rounded } else { &mut self.missing };
            tally.add(column, ());
        }
    }

    /// Counts and lists failures, row by row.
    fn reject(&mut self, batch: &RecordBatch, mapped: &[Values], mut failures: Vec<Failure>) {
        let lines = lines(batch);
        failures.sort_by_key(|failure| (failure.row, failure.column));
        for Failure { row, column, fault, earlier } in failures {
            self.faults.add(column, fault);
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

    /// How many valid rows there are that have not been taken.
    pub(crate) fn held(&self) -> usize {
        self.accepted.iter().map(RecordBatch::num_rows).sum()
    }

    /// These rows, and how many there have been in all.
    pub(crate) fn take(&mut self) -> (Vec<RecordBatch>, u64) {
        (std::mem::take(&mut self.accepted), self.rows_accepted)
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
            missing: columns(&self.missing),
            converted: Vec::new(),
            columns: Vec::new(),
            breaches: Vec::new(),
            rejected: self.rejected,
            audited_rows: 0,
        }
    }
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
enum Builder {
    Number(Decimal128Builder),
    Boolean(BooleanBuilder),
    Text(StringViewBuilder),
    Day(Date32Builder),
}

impl Builder {
    fn new(kind: &Kind) -> Self {
        match kind {
            Kind::Integer { .. } | Kind::Decimal { .. } => {
                Self::Number(Decimal128Builder::new().with_data_type(data_type(kind)))
            }
            Kind::Boolean => Self::Boolean(BooleanBuilder::new()),
            Kind::Category { .. } | Kind::Identifier => Self::Text(StringViewBuilder::new()),
            Kind::Date { .. } => Self::Day(Date32Builder::new()),
        }
    }

    fn push(&mut self, value: &Value) {
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

    fn finish(self) -> ArrayRef {
        match self {
            Self::Number(mut b) => ArrayBuilder::finish(&mut b),
            Self::Boolean(mut b) => ArrayBuilder::finish(&mut b),
            Self::Text(mut b) => ArrayBuilder::finish(&mut b),
            Self::Day(mut b) => ArrayBuilder::finish(&mut b),
        }
    }
}

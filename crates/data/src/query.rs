//! The local phase: sums over one provider's agreed table, exact to the last quantum.
//!
//! Expressions are evaluated in 38-digit decimals, whose products the engine checks for overflow.
//! Its sums it does not check: therefore each sum comes with its least and greatest addend, and is
//! refused if so many of them could pass 38 digits.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::{DataType, Decimal128Type, DecimalType, Int64Type};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::catalog::TableProvider;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, ScalarValue, TableReference};
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::functions_aggregate::expr_fn::{count, max, min, sum};
use datafusion::logical_expr::{Expr, ExprSchemable, cast, lit};
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use futures::TryStreamExt;
use sharewell_study::{LocalQuery, Measure, Recorded};

use crate::Error;
use crate::digest::{digest, part_of_text};

/// The greatest magnitude of a sum: 38 digits.
pub(crate) const SUM_MAX: u128 = 10u128.pow(38) - 1;
const ROWS: &str = "rows";

/// The measures of every group of `rows`, a table of the agreed schema.
pub(crate) async fn run(
    rows: Arc<dyn TableProvider>,
    query: &LocalQuery,
) -> Result<Vec<Vec<Option<i128>>>, Error> {
    let width = query.group_by.len();
    assert!(query.groups.iter().all(|codes| codes.len() == width), "one code per group column");
    let result = aggregate(rows, query).await.map_err(|error| Error::Query(Box::new(error)))?;
    for (i, measure) in query.measures.iter().enumerate() {
        if let Measure::Sum { expr, .. } | Measure::SumSquares { expr, .. } = measure {
            refuse_overflow(&result, i, expr)?;
        }
    }
    let rows_of = rows_of_groups(&result, width);
    let cell = |row: Option<usize>, i: usize| match (row, &query.measures[i]) {
        (Some(row), _) => integer(named(&result, &value(i)), row),
        (None, Measure::Rows | Measure::Count(_)) => Some(0),
        (None, _) => None,
    };
    let cells = |group: &Vec<String>| {
        let row = rows_of.get(group).copied();
        (0..query.measures.len()).map(|i| cell(row, i)).collect()
    };
    Ok(query.groups.iter().map(cells).collect())
}

/// Rows times the greatest magnitude of an addend must stay within [`SUM_MAX`]: then no partial sum
/// in whatever order has wrapped.
fn refuse_overflow(result: &RecordBatch, measure: usize, expr: &str) -> Result<(), Error> {
    for row in 0..result.num_rows() {
        let magnitude = |name: String| integer(named(result, &name), row).map(i128::unsigned_abs);
        let addend = magnitude(least(measure)).max(magnitude(greatest(measure))).unwrap_or(0);
        let rows = integer(named(result, ROWS), row).map_or(0, i128::unsigned_abs);
        if addend.checked_mul(rows).is_none_or(|sum| sum > SUM_MAX) {
            let rows = u64::try_from(rows).unwrap_or(u64::MAX);
            return Err(Error::Overflow { expr: expr.to_owned(), rows });
        }
    }
    Ok(())
}

fn key_of(group: usize) -> String {
    format!("k{group}")
}

fn value(measure: usize) -> String {
    format!("m{measure}")
}

fn part_of(digest: usize, part: usize) -> String {
    format!("d{digest}_{part}")
}

fn least(measure: usize) -> String {
    format!("m{measure}_least")
}

fn greatest(measure: usize) -> String {
    format!("m{measure}_greatest")
}

/// One row per group that occurs: its codes as text, the measures, what bounds them, the rows.
async fn aggregate(
    rows: Arc<dyn TableProvider>,
    query: &LocalQuery,
) -> Result<RecordBatch, DataFusionError> {
    let (frame, expressions) = counted(rows, query).await?;
    let mut keys = vec![];
    for (i, key) in query.group_by.iter().enumerate() {
        keys.push(expressions.parse(key)?.alias(key_of(i)));
    }
    let mut aggregates = vec![count(lit(1)).alias(ROWS)];
    for (i, measure) in query.measures.iter().enumerate() {
        aggregates.extend(expressions.measure(i, measure)?);
    }
    let groups = frame.aggregate(keys, aggregates)?;
    // Their codes become text here, once a group and not once a row.
    let columns = groups.schema().fields().iter().enumerate().map(|(i, field)| {
        let column = Expr::Column(Column::from_name(field.name()));
        if i < query.group_by.len() {
            cast(column, DataType::Utf8).alias(field.name())
        } else {
            column
        }
    });
    let columns: Vec<Expr> = columns.collect();
    collected(groups.select(columns)?).await
}

/// What is taken of each row that counts: by what, then by row.
pub(crate) async fn records(
    rows: Arc<dyn TableProvider>,
    query: &LocalQuery,
) -> Result<Vec<Vec<i128>>, Error> {
    let failed = |error| Error::Query(Box::new(error));
    let mut rows = recorded(rows, query).await.map_err(failed)?;
    let mut records = vec![vec![]; query.records.len()];
    while let Some(batch) = rows.try_next().await.map_err(failed)? {
        take_records(&batch, query, &mut records)?;
    }
    Ok(records)
}

fn take_records(
    rows: &RecordBatch,
    query: &LocalQuery,
    records: &mut [Vec<i128>],
) -> Result<(), Error> {
    let failed = |error: ArrowError| Error::Query(Box::new(error.into()));
    let column = |i: usize| named(rows, &value(i));
    let is_number = |i: &usize| matches!(query.records[*i], Recorded::Number { .. });
    let numbers: Vec<&ArrayRef> = (0..query.records.len()).filter(is_number).map(column).collect();
    let is_whole = |row: &usize| numbers.iter().all(|column| column.is_valid(*row));
    let whole: Vec<usize> = (0..rows.num_rows()).filter(is_whole).collect();
    for (i, (recorded, record)) in query.records.iter().zip(records).enumerate() {
        match recorded {
            Recorded::Number { .. } => {
                record.extend(whole.iter().filter_map(|row| integer(column(i), *row)));
            }
            Recorded::Digest { columns, bits, salt } => {
                let columns: Vec<&ArrayRef> =
                    (0..columns.len()).map(|part| named(rows, &part_of(i, part))).collect();
                for row in &whole {
                    record.push(digest(&columns, *row, *bits, salt).map_err(failed)?);
                }
            }
            Recorded::Text { column: name, part } => {
                for row in &whole {
                    let text = array_value_to_string(column(i), *row).map_err(failed)?;
                    let number = part_of_text(&text, *part);
                    record.push(number.ok_or_else(|| Error::LongKey { column: name.clone() })?);
                }
            }
        }
    }
    Ok(())
}

async fn recorded(
    rows: Arc<dyn TableProvider>,
    query: &LocalQuery,
) -> Result<SendableRecordBatchStream, DataFusionError> {
    let (frame, expressions) = counted(rows, query).await?;
    let mut columns = vec![];
    for (i, recorded) in query.records.iter().enumerate() {
        match recorded {
            Recorded::Number { expr, decimals } => {
                columns.push(expressions.number(expr, *decimals)?.alias(value(i)));
            }
            Recorded::Text { column, .. } => {
                columns.push(Expr::Column(Column::from_name(column)).alias(value(i)));
            }
            Recorded::Digest { columns: parts, .. } => {
                let part = |(part, name): (usize, &String)| {
                    Expr::Column(Column::from_name(name)).alias(part_of(i, part))
                };
                columns.extend(parts.iter().enumerate().map(part));
            }
        }
    }
    frame.select(columns)?.execute_stream().await
}

async fn collected(frame: DataFrame) -> Result<RecordBatch, DataFusionError> {
    let schema = Arc::new(frame.schema().as_arrow().clone());
    Ok(concat_batches(&schema, &frame.collect().await?)?)
}

/// The rows that count, and what the query's expressions mean there.
async fn counted(
    rows: Arc<dyn TableProvider>,
    query: &LocalQuery,
) -> Result<(DataFrame, Expressions), DataFusionError> {
    let mut config = SessionConfig::new().with_target_partitions(1);
    config.options_mut().sql_parser.enable_ident_normalization = false;
    config.options_mut().sql_parser.parse_float_as_decimal = true;
    let ctx = SessionContext::new_with_config(config);
    let name = TableReference::bare(query.table.as_str());
    ctx.register_table(name.clone(), rows)?;
    let mut frame = ctx.table(name).await?;
    let expressions = Expressions { ctx, schema: frame.schema().clone() };
    if let Some(filter) = &query.filter {
        frame = frame.filter(expressions.parse(filter)?)?;
    }
    Ok((frame, expressions))
}

/// The agreed table's expressions.
struct Expressions {
    ctx: SessionContext,
    schema: DFSchema,
}

impl Expressions {
    /// SQL to an expression whose whole numbers are decimals, so that no product of them wraps.
    fn parse(&self, sql: &str) -> Result<Expr, DataFusionError> {
        let expr = self.ctx.parse_sql_expr(sql, &self.schema)?;
        let widen = |node: Expr| match node {
            Expr::Literal(ScalarValue::Int64(Some(v)), _) => Transformed::yes(lit(
                ScalarValue::Decimal128(Some(v.into()), Decimal128Type::MAX_PRECISION, 0),
            )),
            other => Transformed::no(other),
        };
        expr.transform_up(|node| Ok(widen(node))).map(|transformed| transformed.data)
    }

    /// SQL to a decimal with this many digits after the point, never rounded.
    fn number(&self, sql: &str, decimals: u8) -> Result<Expr, DataFusionError> {
        let expr = self.parse(sql)?;
        let whole = match expr.get_type(&self.schema)? {
            // Neither casts to a decimal directly.
            DataType::Boolean | DataType::Date32 => cast(expr, DataType::Int32),
            DataType::Decimal128(_, scale) => {
                assert!(scale <= decimals as i8, "{sql} has {scale} decimals, not {decimals}");
                expr
            }
            _ => expr,
        };
        Ok(cast(whole, DataType::Decimal128(Decimal128Type::MAX_PRECISION, decimals as i8)))
    }

    /// The aggregates of a measure: its value, for sums also the least and greatest addend.
    fn measure(&self, i: usize, measure: &Measure) -> Result<Vec<Expr>, DataFusionError> {
        let bounded = |addend: Expr| {
            vec![
                sum(addend.clone()).alias(value(i)),
                min(addend.clone()).alias(least(i)),
                max(addend).alias(greatest(i)),
            ]
        };
        Ok(match measure {
            Measure::Rows => vec![count(lit(1)).alias(value(i))],
            Measure::Count(expr) => vec![count(self.parse(expr)?).alias(value(i))],
            Measure::Sum { expr, decimals } => bounded(self.number(expr, *decimals)?),
            Measure::SumSquares { expr, decimals } => {
                let root = self.number(expr, *decimals)?;
                bounded(root.clone() * root)
            }
            Measure::Min { expr, decimals } => {
                vec![min(self.number(expr, *decimals)?).alias(value(i))]
            }
            Measure::Max { expr, decimals } => {
                vec![max(self.number(expr, *decimals)?).alias(value(i))]
            }
        })
    }
}

/// Which row of the result is which group's. Its first columns are the group's codes.
fn rows_of_groups(result: &RecordBatch, width: usize) -> HashMap<Vec<String>, usize> {
    let code = |row: usize| {
        move |column: &ArrayRef| {
            let codes = column.as_string::<i32>();
            codes.is_valid(row).then(|| codes.value(row).to_owned())
        }
    };
    (0..result.num_rows())
        .filter_map(|row| {
            let codes: Option<_> = result.columns()[..width].iter().map(code(row)).collect();
            Some((codes?, row))
        })
        .collect()
}

fn named<'r>(result: &'r RecordBatch, name: &str) -> &'r ArrayRef {
    result.column_by_name(name).expect("the aggregates have been named so")
}

/// Counts are whole numbers, everything else is a decimal.
fn integer(column: &ArrayRef, row: usize) -> Option<i128> {
    if column.is_null(row) {
        return None;
    }
    Some(match column.data_type() {
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
        _ => column.as_primitive::<Decimal128Type>().value(row),
    })
}

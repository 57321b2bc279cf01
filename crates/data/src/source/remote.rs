//! A table of a database as a table of the session: only the columns and, where both sides mean
//! the same by them, only the rows that the mapping asks for are fetched.
//!
//! A condition is passed on if its rows at the database are surely no fewer than at home; the
//! session tests it again. So `=` of texts is passed on, whatever the database's collation takes
//! for equal, but not `<`, which orders by it.

use std::fmt::{self, Debug};
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Decimal128Type, DecimalType, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{
    Between, BinaryExpr, Expr, Operator, TableProviderFilterPushDown, TableType,
};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use sharewell_study::date;

/// A database that answers queries, all of them of one snapshot.
pub(super) trait Database: Debug + Send + Sync {
    /// The rows of `sql`, whose columns are `schema`'s in this order.
    fn stream(self: Arc<Self>, sql: String, schema: SchemaRef) -> SendableRecordBatchStream;
}

/// A column as the database is asked for it.
#[derive(Clone, Debug)]
pub(super) struct RemoteColumn {
    /// Its name, quoted.
    pub(super) name: String,
    /// SQL that gives its values.
    pub(super) select: String,
    /// Whether its order and equality are the session's. Of texts only equality is asked.
    pub(super) comparable: bool,
}

/// A table of a database.
#[derive(Debug)]
pub(super) struct RemoteTable {
    pub(super) schema: SchemaRef,
    /// In the order of the schema.
    pub(super) columns: Vec<RemoteColumn>,
    /// The table as the database names it.
    pub(super) from: String,
    pub(super) database: Arc<dyn Database>,
}

/// `name` as every SQL database takes it literally.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl RemoteTable {
    fn sql(&self, projection: &[usize], filters: &[Expr], limit: Option<usize>) -> String {
        let items: Vec<&str> =
            projection.iter().map(|&i| self.columns[i].select.as_str()).collect();
        let items = if items.is_empty() { "NULL".to_owned() } else { items.join(", ") };
        let mut sql = format!("SELECT {items} FROM {}", self.from);
        let conditions: Vec<String> =
            filters.iter().filter_map(|filter| self.condition(filter)).collect();
        if !conditions.is_empty() {
            sql += &format!(" WHERE {}", conditions.join(" AND "));
        }
        match limit {
            Some(rows) => format!("{sql} LIMIT {rows}"),
            None => sql,
        }
    }

    /// The condition in the database's SQL, if it means no fewer rows there.
    fn condition(&self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Alias(alias) => self.condition(&alias.expr),
            Expr::BinaryExpr(BinaryExpr {
                left,
                op: op @ (Operator::And | Operator::Or),
                right,
            }) => Some(format!("({} {op} {})", self.condition(left)?, self.condition(right)?)),
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => match (&**left, &**right) {
                (Expr::Column(_), Expr::Literal(value, _)) => self.compare(left, *op, value),
                (Expr::Literal(value, _), Expr::Column(_)) => {
                    self.compare(right, op.swap()?, value)
                }
                _ => None,
            },
            Expr::Between(Between { expr, negated: false, low, high }) => {
                let (Expr::Literal(low, _), Expr::Literal(high, _)) = (&**low, &**high) else {
                    return None;
                };
                let low = self.compare(expr, Operator::GtEq, low)?;
                Some(format!("({low} AND {})", self.compare(expr, Operator::LtEq, high)?))
            }
            Expr::InList(InList { expr, list, negated: false }) => {
                let one = |item: &Expr| match item {
                    Expr::Literal(value, _) => self.compare(expr, Operator::Eq, value),
                    _ => None,
                };
                let any: Vec<String> = list.iter().map(one).collect::<Option<_>>()?;
                (!any.is_empty()).then(|| format!("({})", any.join(" OR ")))
            }
            Expr::IsNull(expr) => self.column(expr).map(|(c, _)| format!("{} IS NULL", c.name)),
            Expr::IsNotNull(expr) => {
                self.column(expr).map(|(c, _)| format!("{} IS NOT NULL", c.name))
            }
            Expr::Column(_) => self.compare(expr, Operator::Eq, &ScalarValue::from(true)),
            Expr::Not(expr) if matches!(**expr, Expr::Column(_)) => {
                self.compare(expr, Operator::Eq, &ScalarValue::from(false))
            }
            _ => None,
        }
    }

    fn compare(&self, column: &Expr, op: Operator, value: &ScalarValue) -> Option<String> {
        let (column, of) = self.column(column)?;
        let ordered = matches!(
            op,
            Operator::Eq
                | Operator::NotEq
                | Operator::Lt
                | Operator::LtEq
                | Operator::Gt
                | Operator::GtEq
        );
        let text = matches!(of, DataType::Utf8View);
        let permitted = column.comparable && ordered && (!text || op == Operator::Eq);
        let literal = if text { text_literal(value)? } else { literal(value)? };
        permitted.then(|| format!("{} {op} {literal}", column.name))
    }

    fn column(&self, expr: &Expr) -> Option<(&RemoteColumn, &DataType)> {
        let Expr::Column(column) = expr else { return None };
        let at = self.schema.index_of(&column.name).ok()?;
        Some((&self.columns[at], self.schema.field(at).data_type()))
    }
}

fn text_literal(value: &ScalarValue) -> Option<String> {
    let text = value.try_as_str()??;
    // No database takes these bytes for what they are everywhere.
    let plain = !text.contains(['\0', '\\']);
    plain.then(|| format!("'{}'", text.replace('\'', "''")))
}

fn literal(value: &ScalarValue) -> Option<String> {
    match value {
        ScalarValue::Int8(Some(_))
        | ScalarValue::Int16(Some(_))
        | ScalarValue::Int32(Some(_))
        | ScalarValue::Int64(Some(_)) => Some(value.to_string()),
        ScalarValue::Float64(Some(number)) if number.is_finite() => Some(format!("{number:e}")),
        ScalarValue::Decimal128(Some(digits), precision, scale) => {
            Some(Decimal128Type::format_decimal(*digits, *precision, *scale))
        }
        ScalarValue::Boolean(Some(value)) => Some(value.to_string()),
        ScalarValue::Date32(Some(days)) => Some(format!("DATE '{}'", date::format(*days))),
        _ => None,
    }
}

#[async_trait]
impl TableProvider for RemoteTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let one = |filter: &&Expr| match self.condition(filter) {
            Some(_) => TableProviderFilterPushDown::Inexact,
            None => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(one).collect())
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.columns.len()).collect();
        let projection = projection.unwrap_or(&all);
        let schema = Arc::new(self.schema.project(projection)?);
        let query = Query {
            sql: self.sql(projection, filters, limit),
            schema: Arc::clone(&schema),
            database: Arc::clone(&self.database),
        };
        Ok(Arc::new(StreamingTableExec::try_new(
            schema,
            vec![Arc::new(query)],
            None,
            [],
            false,
            limit,
        )?))
    }
}

/// One query of the database.
struct Query {
    sql: String,
    schema: SchemaRef,
    database: Arc<dyn Database>,
}

impl Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql)
    }
}

impl PartitionStream for Query {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        Arc::clone(&self.database).stream(self.sql.clone(), Arc::clone(&self.schema))
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::datatypes::{Field, Schema};
    use datafusion::physical_plan::EmptyRecordBatchStream;
    use datafusion::prelude::{col, lit};

    use super::*;

    #[derive(Debug)]
    struct Nothing;

    impl Database for Nothing {
        fn stream(self: Arc<Self>, _: String, schema: SchemaRef) -> SendableRecordBatchStream {
            Box::pin(EmptyRecordBatchStream::new(schema))
        }
    }

    fn table() -> RemoteTable {
        let field = |name, of| Field::new(name, of, true);
        let fields = vec![
            field("n", DataType::Int64),
            field("name", DataType::Utf8View),
            field("day", DataType::Date32),
            field("odd", DataType::Utf8View),
        ];
        let columns = ["n", "name", "day", "odd"].map(|name| RemoteColumn {
            name: quoted(name),
            select: format!("CAST({name} AS TEXT)"),
            comparable: name != "odd",
        });
        RemoteTable {
            schema: Arc::new(Schema::new(fields)),
            columns: columns.to_vec(),
            from: quoted("t"),
            database: Arc::new(Nothing),
        }
    }

    #[test]
    fn a_condition_is_passed_on_only_if_no_row_can_be_lost() {
        let passed = |expr: Expr| table().condition(&expr);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(passed(col("n").gt(lit(3i64))), some("\"n\" > 3"));
        assert_eq!(passed(lit(3i64).gt(col("n"))), some("\"n\" < 3"));
        assert_eq!(passed(col("name").eq(lit("O'Neil"))), some("\"name\" = 'O''Neil'"));
        assert_eq!(passed(col("name").not_eq(lit("a"))), None, "the collation may know better");
        assert_eq!(passed(col("name").lt(lit("a"))), None);
        assert_eq!(passed(col("name").eq(lit("a\\"))), None);
        assert_eq!(passed(col("odd").eq(lit("a"))), None);
        assert_eq!(passed(col("odd").is_null()), some("\"odd\" IS NULL"));
        let day = lit(ScalarValue::Date32(Some(1)));
        assert_eq!(passed(col("day").lt_eq(day)), some("\"day\" <= DATE '1970-01-02'"));
        let both = col("n").eq(lit(1i64)).or(col("name").eq(lit("a")));
        assert_eq!(passed(both), some("(\"n\" = 1 OR \"name\" = 'a')"));
        assert_eq!(passed(col("n").eq(lit(1i64)).or(col("odd").eq(lit("a")))), None);
        assert_eq!(
            passed(col("n").between(lit(1i64), lit(2i64))),
            some("(\"n\" >= 1 AND \"n\" <= 2)")
        );
        assert_eq!(passed(col("n").in_list(vec![lit(1i64)], false)), some("(\"n\" = 1)"));
        assert_eq!(passed(col("n").in_list(vec![lit(1i64)], true)), None);
        assert_eq!(passed((col("n") + lit(1i64)).eq(lit(1i64))), None);
    }

    #[test]
    fn only_what_the_query_uses_is_asked_for() {
        let filters = [col("n").gt(lit(3i64)), col("odd").eq(lit("a"))];
        let sql = "SELECT CAST(name AS TEXT) FROM \"t\" WHERE \"n\" > 3 LIMIT 5";
        assert_eq!(table().sql(&[1], &filters, Some(5)), sql);
        assert_eq!(table().sql(&[], &[], None), "SELECT NULL FROM \"t\"");
    }
}

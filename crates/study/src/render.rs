//! Queries back into text: canonical, with no more parentheses than the tree needs.
//!
//! Two readers. [`Reader::Person`] sees what [`crate::Query`]'s parser reads back to the same
//! tree; the default names of items are made so. [`Reader::Database`] sees SQL over the agreed
//! table that a provider's own engine evaluates: identifiers always quoted, booleans cast where
//! they are counted, integers widened where 64 bits could wrap around.

use crate::table::Table;
use crate::{Aggregate, Comparison, Decimal, Expr, Item, Kind, Predicate, Query, RowExpr, date};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    Person,
    Database,
}

/// How tightly an expression binds; an operand that binds less tightly than its place demands is
/// put in parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Any,
    Or,
    And,
    Not,
    Sum,
    Product,
    Sign,
    Atom,
}

impl Binding {
    /// What the right operand of a left-associative operator must exceed.
    const fn tighter(self) -> Self {
        match self {
            Self::Any => Self::Or,
            Self::Or => Self::And,
            Self::And => Self::Not,
            Self::Not => Self::Sum,
            Self::Sum => Self::Product,
            Self::Product => Self::Sign,
            Self::Sign | Self::Atom => Self::Atom,
        }
    }
}

impl Query {
    /// The query as text that parses to the same query.
    #[must_use]
    pub fn to_sql(&self, table: &Table) -> String {
        let items: Vec<String> = self.items.iter().map(|item| select_item(item, table)).collect();
        let mut sql = format!("SELECT {} FROM {}", items.join(", "), name(&table.name));
        if let Some(filter) = &self.filter {
            sql.push_str(" WHERE ");
            sql.push_str(&text(table, Reader::Person, |out| out.predicate(filter, Binding::Any)));
        }
        if !self.group_by.is_empty() {
            let columns: Vec<String> =
                self.group_by.iter().map(|&column| name(&table.columns[column].name)).collect();
            sql.push_str(" GROUP BY ");
            sql.push_str(&columns.join(", "));
        }
        sql
    }
}

impl Expr {
    /// The expression as text that parses to the same expression.
    #[must_use]
    pub fn to_sql(&self, table: &Table) -> String {
        text(table, Reader::Person, |out| out.expr(self, Binding::Any))
    }
}

impl RowExpr {
    /// SQL over the agreed table, for a provider's own engine.
    ///
    /// Exact in an engine that reads `0.5` as a decimal (DataFusion:
    /// `datafusion.sql_parser.parse_float_as_decimal`) and holds decimal columns as decimals.
    /// Booleans count as 0 and 1; integers are cast to `DECIMAL(38, 0)` if any part of the
    /// expression can exceed 64 bits.
    #[must_use]
    pub fn to_sql(&self, table: &Table) -> String {
        text(table, Reader::Database, |out| out.operand(self))
    }

    /// The expression as text that parses to the same expression.
    #[must_use]
    pub fn to_text(&self, table: &Table) -> String {
        text(table, Reader::Person, |out| out.operand(self))
    }
}

impl Predicate {
    /// The condition as text that parses to the same condition.
    #[must_use]
    pub fn to_text(&self, table: &Table) -> String {
        text(table, Reader::Person, |out| out.predicate(self, Binding::Any))
    }

    /// SQL over the agreed table, for a provider's own engine; see [`RowExpr::to_sql`].
    #[must_use]
    pub fn to_sql(&self, table: &Table) -> String {
        text(table, Reader::Database, |out| out.predicate(self, Binding::Any))
    }
}

fn text(table: &Table, reader: Reader, write: impl FnOnce(&mut Writer<'_>)) -> String {
    let mut writer = Writer { table, reader, wide: false, sql: String::new() };
    write(&mut writer);
    writer.sql
}

fn select_item(item: &Item, table: &Table) -> String {
    let expr = item.expr.to_sql(table);
    let default = crate::query::default_name(&item.expr, table);
    if item.name == default { expr } else { format!("{expr} AS {}", name(&item.name)) }
}

/// An identifier for a person: quoted only if it must be.
fn name(identifier: &str) -> String {
    if crate::sql::is_plain(identifier) { identifier.to_owned() } else { quoted(identifier) }
}

fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

struct Writer<'t> {
    table: &'t Table,
    reader: Reader,
    /// Whether integers are cast to decimals.
    wide: bool,
    sql: String,
}

impl Writer<'_> {
    fn push(&mut self, text: &str) {
        self.sql.push_str(text);
    }

    fn bound(&mut self, binding: Binding, at_least: Binding, write: impl FnOnce(&mut Self)) {
        let (open, close) = if binding < at_least { ("(", ")") } else { ("", "") };
        self.push(open);
        write(self);
        self.push(close);
    }

    fn column(&mut self, column: usize) {
        let identifier = &self.table.columns[column].name;
        let identifier = match self.reader {
            Reader::Person => name(identifier),
            Reader::Database => quoted(identifier),
        };
        self.push(&identifier);
    }

    /// A constant. Two minus signs in a row would begin a comment.
    fn number(&mut self, number: Decimal, at_least: Binding) {
        let binding = if number.digits < 0 { Binding::Sign } else { Binding::Atom };
        self.bound(binding, at_least, |out| out.push(&number.to_string()));
    }

    fn expr(&mut self, expr: &Expr, at_least: Binding) {
        let (binding, operator, a, b) = match expr {
            Expr::Group(column) => return self.column(*column),
            Expr::Aggregate(aggregate) => return self.aggregate(aggregate),
            Expr::Number(number) => return self.number(*number, at_least),
            Expr::Neg(a) => {
                return self.bound(Binding::Sign, at_least, |out| {
                    out.push("-");
                    out.expr(a, Binding::Atom);
                });
            }
            Expr::Add(a, b) => (Binding::Sum, " + ", a, b),
            Expr::Sub(a, b) => (Binding::Sum, " - ", a, b),
            Expr::Mul(a, b) => (Binding::Product, " * ", a, b),
            Expr::Div(a, b) => (Binding::Product, " / ", a, b),
        };
        self.bound(binding, at_least, |out| {
            out.expr(a, binding);
            out.push(operator);
            out.expr(b, binding.tighter());
        });
    }

    fn aggregate(&mut self, aggregate: &Aggregate) {
        let (function, argument) = match aggregate {
            Aggregate::Count => return self.push("COUNT(*)"),
            Aggregate::CountColumn(argument) => ("COUNT", argument),
            Aggregate::Sum(argument) => ("SUM", argument),
            Aggregate::Avg(argument) => ("AVG", argument),
            Aggregate::VarSamp(argument) => ("VAR_SAMP", argument),
            Aggregate::StddevSamp(argument) => ("STDDEV_SAMP", argument),
            Aggregate::Min(column) => ("MIN", &RowExpr::Column(*column)),
            Aggregate::Max(column) => ("MAX", &RowExpr::Column(*column)),
        };
        self.push(function);
        self.push("(");
        self.operand(argument);
        self.push(")");
    }

    /// A row expression by itself.
    fn operand(&mut self, expr: &RowExpr) {
        self.operands(&[expr], |out| out.row(expr, Binding::Sum));
    }

    /// Row expressions that meet in one comparison: wide if one of them is.
    fn operands(&mut self, exprs: &[&RowExpr], write: impl FnOnce(&mut Self)) {
        self.wide = self.reader == Reader::Database
            && exprs.iter().any(|expr| exceeds_64_bits(expr, self.table));
        write(self);
        self.wide = false;
    }

    fn row(&mut self, expr: &RowExpr, at_least: Binding) {
        let (binding, operator, a, b) = match expr {
            RowExpr::Column(column) => return self.number_column(*column),
            RowExpr::Number(number) => return self.number(*number, at_least),
            RowExpr::Neg(a) => {
                return self.bound(Binding::Sign, at_least, |out| {
                    out.push("-");
                    out.row(a, Binding::Atom);
                });
            }
            RowExpr::Add(a, b) => (Binding::Sum, " + ", a, b),
            RowExpr::Sub(a, b) => (Binding::Sum, " - ", a, b),
            RowExpr::Mul(a, b) => (Binding::Product, " * ", a, b),
        };
        self.bound(binding, at_least, |out| {
            out.row(a, binding);
            out.push(operator);
            out.row(b, binding.tighter());
        });
    }

    fn number_column(&mut self, column: usize) {
        let sql_type = match (self.reader, &self.table.columns[column].kind) {
            (Reader::Database, Kind::Boolean) => "BIGINT",
            (Reader::Database, Kind::Integer { .. }) if self.wide => "DECIMAL(38, 0)",
            _ => return self.column(column),
        };
        self.push("CAST(");
        self.column(column);
        self.push(" AS ");
        self.push(sql_type);
        self.push(")");
    }

    fn predicate(&mut self, predicate: &Predicate, at_least: Binding) {
        let (binding, operator, a, b) = match predicate {
            Predicate::And(a, b) => (Binding::And, " AND ", a, b),
            Predicate::Or(a, b) => (Binding::Or, " OR ", a, b),
            Predicate::Not(a) => {
                return self.bound(Binding::Not, at_least, |out| {
                    out.push("NOT ");
                    out.predicate(a, Binding::Not);
                });
            }
            condition => return self.condition(condition),
        };
        self.bound(binding, at_least, |out| {
            out.predicate(a, binding);
            out.push(operator);
            out.predicate(b, binding.tighter());
        });
    }

    /// A predicate without predicates inside.
    fn condition(&mut self, condition: &Predicate) {
        match condition {
            Predicate::Compare { left, op, right } => self.operands(&[left, right], |out| {
                out.row(left, Binding::Sum);
                out.push(op.sql());
                out.row(right, Binding::Sum);
            }),
            Predicate::CompareDate { column, op, days } => {
                self.column(*column);
                self.push(op.sql());
                self.push(&format!("DATE {}", literal(&date::format(*days))));
            }
            Predicate::AnyOf { value, list } => self.operands(&[value], |out| {
                out.row(value, Binding::Sum);
                out.list(&list.iter().map(ToString::to_string).collect::<Vec<_>>());
            }),
            Predicate::Member { column, codes } => {
                let values = self.table.columns[*column].values();
                let codes: Vec<String> = codes.iter().map(|&code| literal(values[code])).collect();
                self.column(*column);
                self.list(&codes);
            }
            Predicate::Truth(column) => self.column(*column),
            Predicate::IsNull(column) => {
                self.column(*column);
                self.push(" IS NULL");
            }
            Predicate::Not(_) | Predicate::And(..) | Predicate::Or(..) => {
                unreachable!("connectives are written by `predicate`")
            }
        }
    }

    fn list(&mut self, values: &[String]) {
        self.push(" IN (");
        self.push(&values.join(", "));
        self.push(")");
    }
}

impl Comparison {
    const fn sql(self) -> &'static str {
        match self {
            Self::Eq => " = ",
            Self::NotEq => " <> ",
            Self::Lt => " < ",
            Self::LtEq => " <= ",
            Self::Gt => " > ",
            Self::GtEq => " >= ",
        }
    }
}

/// Whether some part of the expression can leave the range of 64-bit integers, in which database
/// engines let integers wrap around.
fn exceeds_64_bits(expr: &RowExpr, table: &Table) -> bool {
    let fits = |quanta: i128| i64::try_from(quanta).is_ok();
    match expr {
        RowExpr::Column(_) | RowExpr::Number(_) => false,
        RowExpr::Neg(a) => exceeds_64_bits(a, table) || !range_fits(expr, table, fits),
        RowExpr::Add(a, b) | RowExpr::Sub(a, b) | RowExpr::Mul(a, b) => {
            exceeds_64_bits(a, table) || exceeds_64_bits(b, table) || !range_fits(expr, table, fits)
        }
    }
}

fn range_fits(expr: &RowExpr, table: &Table, fits: impl Fn(i128) -> bool) -> bool {
    expr.range(table).is_ok_and(|range| fits(range.min) && fits(range.max))
}

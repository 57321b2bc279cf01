//! Queries back into text: canonical, with no more parentheses than the tree needs.
//!
//! Two readers. [`Reader::Person`] sees what [`crate::Query`]'s parser reads back to the same
//! tree; the default names of items are made so. [`Reader::Database`] sees SQL over the agreed
//! table that a provider's own engine evaluates: identifiers always quoted, booleans cast where
//! they are counted, integers widened where 64 bits could wrap around.

mod record;

use crate::table::Table;
use crate::{
    Aggregate, Comparison, Decimal, Expr, Having, Item, Join, Order, Predicate, Query, RowExpr,
};

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
    ///
    /// `table` is the agreed one, `parties` what the study calls its parties.
    pub fn to_sql(&self, table: &Table, parties: &[&str]) -> String {
        let agreed = table;
        let table = &self.table(agreed);
        let items: Vec<String> = self.items.iter().map(|item| select_item(item, table)).collect();
        let mut sql = format!("SELECT {} FROM ", items.join(", "));
        sql += &match &self.join {
            None => name(&table.name),
            Some(join) => join.to_sql(agreed, parties),
        };
        if let Some(filter) = &self.filter {
            sql.push_str(" WHERE ");
            sql.push_str(&text(table, Reader::Person, |out| out.predicate(filter, Binding::Any)));
        }
        if !self.group_by.is_empty() {
            let columns: Vec<String> =
                self.group_by.iter().map(|&column| table.name_of(column)).collect();
            let columns = columns.join(", ");
            sql += &match self.margins {
                true => format!(" GROUP BY CUBE ({columns})"),
                false => format!(" GROUP BY {columns}"),
            };
        }
        sql + &self.arrangement()
    }

    /// The clauses that arrange what was released, as text: `HAVING`, `ORDER BY` and `LIMIT`.
    #[must_use]
    pub fn arrangement(&self) -> String {
        let mut sql = String::new();
        if let Some(having) = &self.having {
            sql += &format!(" HAVING {}", self.having(having, Binding::Any));
        }
        if !self.order_by.is_empty() {
            let by = |order: &Order| {
                let descending = if order.descending { " DESC" } else { "" };
                name(&self.items[order.item].name) + descending
            };
            let orders: Vec<String> = self.order_by.iter().map(by).collect();
            sql += &format!(" ORDER BY {}", orders.join(", "));
        }
        if let Some(limit) = self.limit {
            sql += &format!(" LIMIT {limit}");
        }
        sql
    }

    fn having(&self, having: &Having, at_least: Binding) -> String {
        let (binding, text) = match having {
            Having::Compare { item, op, number } => {
                (Binding::Sum, format!("{}{}{number}", name(&self.items[*item].name), op.sql()))
            }
            Having::Not(a) => (Binding::Not, format!("NOT {}", self.having(a, Binding::Not))),
            Having::And(a, b) => {
                let right = self.having(b, Binding::And.tighter());
                (Binding::And, format!("{} AND {right}", self.having(a, Binding::And)))
            }
            Having::Or(a, b) => {
                let right = self.having(b, Binding::Or.tighter());
                (Binding::Or, format!("{} OR {right}", self.having(a, Binding::Or)))
            }
        };
        if binding < at_least { format!("({text})") } else { text }
    }
}

impl Join {
    fn to_sql(&self, agreed: &Table, parties: &[&str]) -> String {
        let side = |i: usize| {
            let (party, alias) = (name(parties[self.parties[i]]), name(&self.names[i]));
            if party == alias { party } else { format!("{party} AS {alias}") }
        };
        let [a, b] = &self.names;
        let equal = |column: &usize| {
            let column = name(&agreed.columns[*column].name);
            format!("{}.{column} = {}.{column}", name(a), name(b))
        };
        let on: Vec<String> = self.on.iter().map(equal).collect();
        format!("{} JOIN {} ON {}", side(0), side(1), on.join(" AND "))
    }
}

impl Table {
    /// A column as a query names it.
    pub(crate) fn name_of(&self, column: usize) -> String {
        let own = name(&self.columns[column].name);
        match &self.sides {
            None => own,
            Some(sides) => format!("{}.{own}", name(&sides[self.side(column)])),
        }
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
            Reader::Person => self.table.name_of(column),
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
        let function = match aggregate {
            Aggregate::Count => return self.push("COUNT(*)"),
            Aggregate::CountColumn(_) => "COUNT",
            Aggregate::Sum(_) => "SUM",
            Aggregate::Avg(_) => "AVG",
            Aggregate::VarSamp(_) => "VAR_SAMP",
            Aggregate::StddevSamp(_) => "STDDEV_SAMP",
            Aggregate::Min(_) => "MIN",
            Aggregate::Max(_) => "MAX",
            Aggregate::VarPop(_) => "VAR_POP",
            Aggregate::StddevPop(_) => "STDDEV_POP",
            Aggregate::CovarSamp(..) => "COVAR_SAMP",
            Aggregate::CovarPop(..) => "COVAR_POP",
            Aggregate::Corr(..) => "CORR",
            Aggregate::Percentile { at, .. } if at.to_string() == "0.5" => "MEDIAN",
            Aggregate::Percentile { of, at } => {
                self.push(&format!("PERCENTILE_CONT({at}) WITHIN GROUP (ORDER BY "));
                self.operand(of);
                return self.push(")");
            }
            Aggregate::CountDistinct(_) => "COUNT",
        };
        self.push(function);
        self.push(if matches!(aggregate, Aggregate::CountDistinct(_)) {
            "(DISTINCT "
        } else {
            "("
        });
        for (i, argument) in aggregate.arguments().into_iter().enumerate() {
            self.push(if i == 0 { "" } else { ", " });
            self.operand(argument);
        }
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

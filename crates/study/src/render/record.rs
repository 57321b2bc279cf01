//! What is computed of one record, back into text.

use super::{Binding, Reader, Writer, literal};
use crate::table::Table;
use crate::{DatePart, Kind, Predicate, RowExpr, date};

impl Writer<'_> {
    /// A row expression by itself.
    pub(super) fn operand(&mut self, expr: &RowExpr) {
        self.operands(&[expr], |out| out.row(expr, Binding::Sum));
    }

    /// Row expressions that meet in one comparison: wide if one of them is.
    fn operands(&mut self, exprs: &[&RowExpr], write: impl FnOnce(&mut Self)) {
        let outside = self.wide;
        self.wide |= self.reader == Reader::Database
            && exprs.iter().any(|expr| exceeds_64_bits(expr, self.table));
        write(self);
        self.wide = outside;
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
            RowExpr::Case { branches, otherwise } => {
                return self.case(expr, branches, otherwise.as_deref());
            }
            RowExpr::DatePart { part, column } => return self.date_part(*part, *column),
        };
        if self.reader == Reader::Database
            && let [Some(a), Some(b)] = [a, b].map(|side| self.date(side))
        {
            return self.bound(binding, at_least, |out| {
                out.days(a);
                out.push(operator);
                out.days(b);
            });
        }
        self.bound(binding, at_least, |out| {
            out.row(a, binding);
            out.push(operator);
            out.row(b, binding.tighter());
        });
    }

    /// The date column that an expression is.
    fn date(&self, expr: &RowExpr) -> Option<usize> {
        let is_date =
            |column: &usize| matches!(self.table.columns[*column].kind, Kind::Date { .. });
        match expr {
            RowExpr::Column(column) => Some(*column).filter(is_date),
            _ => None,
        }
    }

    /// A date as a number of days.
    fn days(&mut self, column: usize) {
        self.push("CAST(CAST(");
        self.column(column);
        self.push(" AS INTEGER) AS BIGINT)");
    }

    /// For an engine, every value has the decimals of the whole.
    fn case(
        &mut self,
        whole: &RowExpr,
        branches: &[(Predicate, RowExpr)],
        otherwise: Option<&RowExpr>,
    ) {
        let (cast, end) = match (self.reader, whole.range(self.table)) {
            (Reader::Database, Ok(range)) => {
                ("CAST(", format!(" AS DECIMAL(38, {}))", range.decimals))
            }
            _ => ("", String::new()),
        };
        let value = |out: &mut Self, value: &RowExpr| {
            out.push(cast);
            match out.date(value).filter(|_| out.reader == Reader::Database) {
                Some(date) => out.days(date),
                None => out.row(value, Binding::Sum),
            }
            out.push(&end);
        };
        self.push("CASE");
        for (condition, of) in branches {
            self.push(" WHEN ");
            self.predicate(condition, Binding::Any);
            self.push(" THEN ");
            value(self, of);
        }
        if let Some(of) = otherwise {
            self.push(" ELSE ");
            value(self, of);
        }
        self.push(" END");
    }

    fn date_part(&mut self, part: DatePart, column: usize) {
        match self.reader {
            Reader::Person => {
                self.push(&format!("EXTRACT({} FROM ", part.name()));
                self.column(column);
                self.push(")");
            }
            Reader::Database => {
                let wide = self.wide;
                self.push(&format!("CAST(date_part('{}', ", part.name().to_ascii_lowercase()));
                self.column(column);
                self.push(if wide { ") AS DECIMAL(38, 0))" } else { ") AS BIGINT)" });
            }
        }
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

    pub(super) fn predicate(&mut self, predicate: &Predicate, at_least: Binding) {
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
            Predicate::IsNull(value) => {
                match value {
                    RowExpr::Column(column) => self.column(*column),
                    _ => self.operands(&[value], |out| out.row(value, Binding::Atom)),
                }
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

/// Whether some part of the expression can leave the range of 64-bit integers, in which database
/// engines let integers wrap around.
fn exceeds_64_bits(expr: &RowExpr, table: &Table) -> bool {
    let fits = |quanta: i128| i64::try_from(quanta).is_ok();
    match expr {
        RowExpr::Column(_) | RowExpr::Number(_) | RowExpr::DatePart { .. } => false,
        // Its values are decimals.
        RowExpr::Case { branches, otherwise } => {
            let mut values = branches.iter().map(|(_, value)| value).chain(otherwise.as_deref());
            values.any(|value| exceeds_64_bits(value, table))
        }
        RowExpr::Neg(a) => exceeds_64_bits(a, table) || !range_fits(expr, table, fits),
        RowExpr::Add(a, b) | RowExpr::Sub(a, b) | RowExpr::Mul(a, b) => {
            exceeds_64_bits(a, table) || exceeds_64_bits(b, table) || !range_fits(expr, table, fits)
        }
    }
}

fn range_fits(expr: &RowExpr, table: &Table, fits: impl Fn(i128) -> bool) -> bool {
    expr.range(table).is_ok_and(|range| fits(range.min) && fits(range.max))
}

//! Conditions on one record.

use sqlparser::ast::{BinaryOperator, Expr as Ast, UnaryOperator};
use sqlparser::tokenizer::Span;

use super::typing::{Operand, Typing, start};
use crate::report::Problem;
use crate::{Comparison, Predicate, RowExpr, suggest};

impl Typing<'_> {
    pub(super) fn predicate(&self, ast: &Ast, near: Span) -> Result<Predicate, Problem> {
        match ast {
            Ast::Nested(inner) => self.predicate(inner, near),
            Ast::UnaryOp { op: UnaryOperator::Not, expr } => self.predicate(expr, near).map(not),
            Ast::BinaryOp { left, op: BinaryOperator::And, right } => {
                Ok(and(self.predicate(left, near)?, self.predicate(right, near)?))
            }
            Ast::BinaryOp { left, op: BinaryOperator::Or, right } => {
                let (left, right) = (self.predicate(left, near)?, self.predicate(right, near)?);
                Ok(Predicate::Or(Box::new(left), Box::new(right)))
            }
            Ast::BinaryOp { left, op, right } => match comparison(op) {
                Some(op) => self.compare(left, op, right, near),
                None => self.truth(ast, near),
            },
            Ast::Between { expr, negated, low, high } => {
                let above = self.compare(expr, Comparison::GtEq, low, near)?;
                let below = self.compare(expr, Comparison::LtEq, high, near)?;
                Ok(negate_if(*negated, and(above, below)))
            }
            Ast::InList { expr, list, negated } => {
                self.in_list(expr, list, near).map(|found| negate_if(*negated, found))
            }
            Ast::IsNull(expr) => self.is_null(expr, near),
            Ast::IsNotNull(expr) => self.is_null(expr, near).map(not),
            _ => self.truth(ast, near),
        }
    }

    /// A boolean column as a condition.
    fn truth(&self, ast: &Ast, near: Span) -> Result<Predicate, Problem> {
        match self.operand(ast, near)? {
            Operand::Boolean(column) => Ok(Predicate::Truth(column)),
            other => {
                let found = other.describe(self.table);
                let message = format!("a condition is needed here, not {found}");
                let help = "compare it with something, for instance `> 0`";
                Err(self.text.problem(start(ast, near), message).with_help(help))
            }
        }
    }

    fn is_null(&self, ast: &Ast, near: Span) -> Result<Predicate, Problem> {
        match self.operand(ast, near)? {
            Operand::Boolean(column) | Operand::Category(column) | Operand::Date(column) => {
                Ok(Predicate::IsNull(RowExpr::Column(column)))
            }
            Operand::Number(expr) if !expr.columns().is_empty() => {
                self.check_range(&expr, start(ast, near))?;
                Ok(Predicate::IsNull(expr))
            }
            _ => Err(self.text.problem(start(ast, near), "IS NULL takes a column")),
        }
    }

    pub(super) fn compare(
        &self,
        left: &Ast,
        op: Comparison,
        right: &Ast,
        near: Span,
    ) -> Result<Predicate, Problem> {
        let (a, b) = (self.operand(left, near)?, self.operand(right, near)?);
        let spans = (start(left, near), start(right, near));
        if a.is_constant() && b.is_constant() {
            return Err(self.text.problem(spans.0, "this compares two constants"));
        }
        // Of a column and a constant the column comes first, but among numbers, where either may
        // be an expression.
        match (a, b) {
            (a @ (Operand::Text(_) | Operand::Day(_) | Operand::Truth(_)), b) => {
                self.compare_operands(b, op.flipped(), a, (spans.1, spans.0))
            }
            (a, b) => self.compare_operands(a, op, b, spans),
        }
    }

    fn compare_operands(
        &self,
        a: Operand,
        op: Comparison,
        b: Operand,
        spans: (Span, Span),
    ) -> Result<Predicate, Problem> {
        let equality = matches!(op, Comparison::Eq | Comparison::NotEq);
        let negated = op == Comparison::NotEq;
        match (a, b) {
            (Operand::Category(column), Operand::Text(text)) if equality => {
                let codes = vec![self.code(column, &text, spans.1)?];
                Ok(negate_if(negated, Predicate::Member { column, codes }))
            }
            (Operand::Boolean(column), Operand::Truth(truth)) if equality => {
                Ok(negate_if(negated == truth, Predicate::Truth(column)))
            }
            (Operand::Date(column), Operand::Day(days)) => {
                Ok(Predicate::CompareDate { column, op, days })
            }
            (Operand::Date(column), Operand::Text(text)) => {
                let days = self.day(&text, spans.1)?;
                Ok(Predicate::CompareDate { column, op, days })
            }
            (Operand::Date(a), Operand::Date(b)) => {
                Ok(Predicate::Compare { left: RowExpr::Column(a), op, right: RowExpr::Column(b) })
            }
            (a, b) => self.compare_numbers(&a, op, &b, spans),
        }
    }

    fn compare_numbers(
        &self,
        a: &Operand,
        op: Comparison,
        b: &Operand,
        spans: (Span, Span),
    ) -> Result<Predicate, Problem> {
        match (a.clone().number(), b.clone().number()) {
            (Ok(left), Ok(right)) => {
                self.check_range(&left, spans.0)?;
                self.check_range(&right, spans.1)?;
                Ok(Predicate::Compare { left, op, right })
            }
            _ => {
                let (a, b) = (a.describe(self.table), b.describe(self.table));
                let message = format!("{a} cannot be compared with {b} in this way");
                let help = "numbers compare with numbers, dates with days ('2020-01-31'), \
                            categories by = and <> with their codes";
                Err(self.text.problem(spans.0, message).with_help(help))
            }
        }
    }

    fn in_list(&self, ast: &Ast, list: &[Ast], near: Span) -> Result<Predicate, Problem> {
        let operand = self.operand(ast, near)?;
        if let Operand::Category(column) = operand {
            let mut codes = Vec::new();
            for item in list {
                let span = start(item, near);
                let Operand::Text(text) = self.operand(item, near)? else {
                    return Err(self.text.problem(span, "a category is one of its codes, a text"));
                };
                codes.push(self.code(column, &text, span)?);
            }
            codes.sort_unstable();
            codes.dedup();
            return Ok(Predicate::Member { column, codes });
        }
        let span = start(ast, near);
        let value = operand.number().map_err(|other| {
            let message =
                format!("IN takes numbers and categories, not {}", other.describe(self.table));
            self.text.problem(span, message).with_help("write comparisons, joined by OR")
        })?;
        if value.columns().is_empty() {
            return Err(self.text.problem(span, "this compares constants"));
        }
        self.check_range(&value, span)?;
        let number = |item: &Ast| match self.operand(item, near)? {
            Operand::Number(RowExpr::Number(number)) => Ok(number),
            _ => Err(self.text.problem(start(item, near), "a number is needed here")),
        };
        let list = list.iter().map(number).collect::<Result<_, Problem>>()?;
        Ok(Predicate::AnyOf { value, list })
    }

    /// Index of a code in its column's list.
    fn code(&self, column: usize, text: &str, span: Span) -> Result<usize, Problem> {
        let column = &self.table.columns[column];
        let codes = column.values();
        codes.iter().position(|code| *code == text).ok_or_else(|| {
            let message = format!("`{}` has no category '{text}'", column.name);
            let help = suggest::advice(text, "categories", codes);
            Problem { help, ..self.text.problem(span, message) }
        })
    }
}

pub(super) fn comparison(op: &BinaryOperator) -> Option<Comparison> {
    Some(match op {
        BinaryOperator::Eq => Comparison::Eq,
        BinaryOperator::NotEq => Comparison::NotEq,
        BinaryOperator::Lt => Comparison::Lt,
        BinaryOperator::LtEq => Comparison::LtEq,
        BinaryOperator::Gt => Comparison::Gt,
        BinaryOperator::GtEq => Comparison::GtEq,
        _ => return None,
    })
}

fn not(predicate: Predicate) -> Predicate {
    Predicate::Not(Box::new(predicate))
}

fn and(left: Predicate, right: Predicate) -> Predicate {
    Predicate::And(Box::new(left), Box::new(right))
}

fn negate_if(negated: bool, predicate: Predicate) -> Predicate {
    if negated { not(predicate) } else { predicate }
}

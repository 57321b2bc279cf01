//! What one record yields beyond plain arithmetic: `CASE`, parts of dates, days between dates.

use sqlparser::ast::{CaseWhen, Expr as Ast, Function, Value};
use sqlparser::tokenizer::Span;

use super::aggregate::arguments;
use super::typing::{Operand, Typing, name_span, start};
use crate::report::Problem;
use crate::{Comparison, DatePart, Predicate, RowExpr, suggest};

/// Whether a call is another spelling of `EXTRACT`.
pub(super) fn is_date_part(function: &Function) -> bool {
    let name = function.name.to_string();
    name.eq_ignore_ascii_case("DATE_PART") || name.eq_ignore_ascii_case("DATEPART")
}

impl Typing<'_> {
    /// `CASE`, with an operand that is compared or with conditions.
    pub(super) fn case(
        &self,
        operand: Option<&Ast>,
        conditions: &[CaseWhen],
        otherwise: Option<&Ast>,
        near: Span,
    ) -> Result<Operand, Problem> {
        let branch = |when: &CaseWhen| -> Result<(Predicate, RowExpr), Problem> {
            let condition = match operand {
                Some(operand) => self.compare(operand, Comparison::Eq, &when.condition, near)?,
                None => self.predicate(&when.condition, near)?,
            };
            Ok((condition, self.number(&when.result, near)?))
        };
        let branches = conditions.iter().map(branch).collect::<Result<Vec<_>, _>>()?;
        let is_null = |ast: &Ast| matches!(ast, Ast::Value(value) if value.value == Value::Null);
        let otherwise = otherwise.filter(|ast| !is_null(ast));
        let otherwise = otherwise.map(|ast| self.number(ast, near)).transpose()?.map(Box::new);
        Ok(Operand::Number(RowExpr::Case { branches, otherwise }))
    }

    /// `DATE_PART('year', column)`.
    pub(super) fn date_part_call(&self, function: &Function) -> Result<Operand, Problem> {
        let near = name_span(function);
        if let [Ast::Value(part), column] = arguments(function)[..]
            && let Value::SingleQuotedString(part) = &part.value
        {
            return self.date_part(part, column, near);
        }
        let problem = self.text.problem(near, "a part of a date is named in words");
        Err(problem.with_help("write EXTRACT(YEAR FROM column)"))
    }

    pub(super) fn date_part(&self, part: &str, ast: &Ast, near: Span) -> Result<Operand, Problem> {
        let span = start(ast, near);
        let Operand::Date(column) = self.operand(ast, near)? else {
            let problem = self.text.problem(span, "EXTRACT takes a date column");
            return Err(problem.with_help("write EXTRACT(YEAR FROM column)"));
        };
        let named = DatePart::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(part));
        let part = named.ok_or_else(|| {
            let names = DatePart::ALL.map(DatePart::name);
            let help = suggest::advice(&part.to_uppercase(), "parts", names);
            Problem { help, ..self.text.problem(span, format!("a date has no part {part}")) }
        })?;
        Ok(Operand::Number(RowExpr::DatePart { part, column }))
    }

    /// The days from one date column to another.
    pub(super) fn days_between(
        &self,
        left: &Ast,
        right: &Ast,
        near: Span,
    ) -> Result<Option<RowExpr>, Problem> {
        Ok(match (self.operand(left, near)?, self.operand(right, near)?) {
            (Operand::Date(a), Operand::Date(b)) => {
                let [a, b] = [a, b].map(|column| Box::new(RowExpr::Column(column)));
                Some(RowExpr::Sub(a, b))
            }
            _ => None,
        })
    }
}

//! From parsed expressions to typed ones: every name is a column, every operand a number, and
//! every number small enough to compute with.

use sqlparser::ast::{
    BinaryOperator, DataType, Expr as Ast, Function, Ident, UnaryOperator, Value, ValueWithSpan,
};
use sqlparser::tokenizer::Span;

use super::record::is_date_part;
use super::{Located, Refusal, SelectItem, Text};
use crate::query::default_name;
use crate::report::Problem;
use crate::{Decimal, Expr, Item, Kind, Predicate, RowExpr, Table, date, suggest};

/// Deepest tree that is typed, and so the deepest that anything later walks.
const DEPTH_MAX: usize = 100;

/// Most characters of a result's name.
const NAME_MAX: usize = 200;

/// What a query is typed against.
pub(super) struct Typing<'t> {
    pub(super) text: &'t Text<'t>,
    pub(super) table: &'t Table,
}

/// A value of one record.
#[derive(Clone)]
pub(super) enum Operand {
    Number(RowExpr),
    Boolean(usize),
    Category(usize),
    Date(usize),
    Truth(bool),
    Text(String),
    Day(i32),
}

impl Operand {
    pub(super) fn describe(&self, table: &Table) -> String {
        let column =
            |kind: &str, column: usize| format!("`{}`, of type {kind}", table.columns[column].name);
        match self {
            Self::Number(RowExpr::Number(number)) => format!("the number {number}"),
            Self::Number(_) => "a number".to_owned(),
            Self::Boolean(i) => column("boolean", *i),
            Self::Category(i) => column("category", *i),
            Self::Date(i) => column("date", *i),
            Self::Truth(truth) => if *truth { "TRUE" } else { "FALSE" }.to_owned(),
            Self::Text(text) => format!("the text '{text}'"),
            Self::Day(days) => format!("the day {}", date::format(*days)),
        }
    }

    pub(super) fn is_constant(&self) -> bool {
        match self {
            Self::Number(expr) => expr.columns().is_empty(),
            Self::Truth(_) | Self::Text(_) | Self::Day(_) => true,
            Self::Boolean(_) | Self::Category(_) | Self::Date(_) => false,
        }
    }

    /// As an operand of arithmetic.
    pub(super) fn number(self) -> Result<RowExpr, Self> {
        match self {
            Self::Number(expr) => Ok(expr),
            Self::Boolean(column) => Ok(RowExpr::Column(column)),
            other => Err(other),
        }
    }
}

impl Typing<'_> {
    pub(super) fn filter(&self, filter: &Located) -> Result<Predicate, Problem> {
        self.check_depth(filter)?;
        self.predicate(&filter.ast, filter.start)
    }

    pub(super) fn item(&self, item: &SelectItem, group_by: &[usize]) -> Result<Item, Problem> {
        let Located { ast, start } = &item.expr;
        self.check_depth(&item.expr)?;
        let expr = match ast {
            Ast::Identifier(name) => self.group(name, group_by)?,
            _ => self.expr(ast, *start)?,
        };
        if !computes(&expr) {
            let problem = self.text.problem(*start, "this result is a constant");
            return Err(problem.with_help("select aggregates and group columns"));
        }
        let Some(alias) = &item.alias else {
            return Ok(Item { name: default_name(&expr, self.table), expr });
        };
        let length = alias.value.chars().count();
        if !(1..=NAME_MAX).contains(&length) || alias.value.chars().any(char::is_control) {
            let message = format!("a result's name has 1 to {NAME_MAX} printable characters");
            return Err(self.text.problem(alias.span, message));
        }
        Ok(Item { name: alias.value.clone(), expr })
    }

    fn group(&self, name: &Ident, group_by: &[usize]) -> Result<Expr, Problem> {
        let column = self.group_column(name)?;
        if group_by.contains(&column) {
            return Ok(Expr::Group(column));
        }
        let name = (name.span, &self.table.columns[column].name);
        let problem = self.text.problem(name.0, format!("`{}` is not grouped by", name.1));
        let help = "write it in an aggregate, for instance SUM, or name it in GROUP BY";
        Err(problem.with_help(help))
    }

    /// Arithmetic over aggregates.
    pub(super) fn expr(&self, ast: &Ast, near: Span) -> Result<Expr, Problem> {
        match ast {
            Ast::Nested(inner) => self.expr(inner, near),
            Ast::Value(value) => match self.literal(value)? {
                Operand::Number(RowExpr::Number(number)) => Ok(Expr::Number(number)),
                other => {
                    let message =
                        format!("results are numbers, not {}", other.describe(self.table));
                    Err(self.text.problem(value.span, message))
                }
            },
            Ast::UnaryOp { op: UnaryOperator::Plus, expr } => self.expr(expr, near),
            Ast::UnaryOp { op: UnaryOperator::Minus, expr } => Ok(match self.expr(expr, near)? {
                Expr::Number(number) => Expr::Number(-number),
                expr => Expr::Neg(Box::new(expr)),
            }),
            Ast::BinaryOp { left, op, right } => {
                let a = Box::new(self.expr(left, near)?);
                let b = Box::new(self.expr(right, near)?);
                match op {
                    BinaryOperator::Plus => Ok(Expr::Add(a, b)),
                    BinaryOperator::Minus => Ok(Expr::Sub(a, b)),
                    BinaryOperator::Multiply => Ok(Expr::Mul(a, b)),
                    BinaryOperator::Divide if matches!(*b, Expr::Number(n) if n.digits == 0) => {
                        Err(self.text.problem(start(right, near), "division by zero"))
                    }
                    BinaryOperator::Divide => Ok(Expr::Div(a, b)),
                    _ => Err(self.foreign(ast, near)),
                }
            }
            Ast::Function(function) => self.aggregate(function).map(Expr::Aggregate),
            Ast::Identifier(name) => {
                let name = (name.span, &self.table.columns[self.column(name)?].name);
                let message = format!("`{}` stands outside an aggregate", name.1);
                let help = format!("write an aggregate of it, for instance SUM({})", name.1);
                Err(self.text.problem(name.0, message).with_help(help))
            }
            _ => Err(self.foreign(ast, near)),
        }
    }

    pub(super) fn value(&self, expr: &Located) -> Result<RowExpr, Problem> {
        self.check_depth(expr)?;
        self.row(&expr.ast, expr.start)
    }

    /// A number computed from one record, within bounds.
    pub(super) fn row(&self, ast: &Ast, near: Span) -> Result<RowExpr, Problem> {
        let expr = self.number(ast, near)?;
        self.check_range(&expr, start(ast, near))?;
        Ok(expr)
    }

    pub(super) fn check_range(&self, expr: &RowExpr, span: Span) -> Result<(), Problem> {
        expr.range(self.table).map(drop).map_err(|overflow| {
            let help = "narrow the `range` of the columns, or let the mapping use a larger unit";
            self.text.problem(span, overflow.to_string()).with_help(help)
        })
    }

    pub(super) fn number(&self, ast: &Ast, near: Span) -> Result<RowExpr, Problem> {
        self.operand(ast, near)?.number().map_err(|other| {
            let found = other.describe(self.table);
            self.text.problem(start(ast, near), format!("a number is needed here, not {found}"))
        })
    }

    pub(super) fn operand(&self, ast: &Ast, near: Span) -> Result<Operand, Problem> {
        match ast {
            Ast::Nested(inner) => self.operand(inner, near),
            Ast::Identifier(name) => Ok(self.column_operand(self.column(name)?)),
            Ast::Value(value) => self.literal(value),
            Ast::TypedString(typed) if typed.data_type == DataType::Date => {
                match self.literal(&typed.value)? {
                    Operand::Text(text) => self.day(&text, typed.value.span).map(Operand::Day),
                    _ => Err(self.foreign(ast, near)),
                }
            }
            Ast::UnaryOp { op: UnaryOperator::Plus, expr } => {
                self.number(expr, near).map(Operand::Number)
            }
            Ast::UnaryOp { op: UnaryOperator::Minus, expr } => {
                Ok(Operand::Number(match self.number(expr, near)? {
                    RowExpr::Number(number) => RowExpr::Number(-number),
                    expr => RowExpr::Neg(Box::new(expr)),
                }))
            }
            Ast::BinaryOp { left, op, right } => {
                let make = match op {
                    BinaryOperator::Plus => RowExpr::Add,
                    BinaryOperator::Minus => RowExpr::Sub,
                    BinaryOperator::Multiply => RowExpr::Mul,
                    BinaryOperator::Divide => return Err(self.row_division(ast, near)),
                    _ => return Err(self.foreign(ast, near)),
                };
                let days = match op {
                    BinaryOperator::Minus => self.days_between(left, right, near)?,
                    _ => None,
                };
                if let Some(days) = days {
                    return Ok(Operand::Number(days));
                }
                let a = Box::new(self.number(left, near)?);
                let b = Box::new(self.number(right, near)?);
                Ok(Operand::Number(make(a, b)))
            }
            Ast::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref(), near)
            }
            Ast::Extract { field, expr, .. } => self.date_part(&field.to_string(), expr, near),
            Ast::Function(function) if is_date_part(function) => self.date_part_call(function),
            Ast::Function(_) => {
                let problem = self.text.problem(start(ast, near), "a function of one record");
                Err(problem.with_help(
                    "aggregates stand in SELECT, not within each other or WHERE; \
                     let the mapping compute functions of one record",
                ))
            }
            _ => Err(self.foreign(ast, near)),
        }
    }

    fn row_division(&self, ast: &Ast, near: Span) -> Problem {
        let problem =
            self.text.problem(start(ast, near), "a quotient within one record is not exact");
        problem.with_help(
            "let the mapping compute it as a column, or divide aggregates: SUM(a) / SUM(b)",
        )
    }

    fn column_operand(&self, column: usize) -> Operand {
        match self.table.columns[column].kind {
            Kind::Boolean => Operand::Boolean(column),
            Kind::Category { .. } => Operand::Category(column),
            Kind::Date { .. } => Operand::Date(column),
            Kind::Integer { .. } | Kind::Decimal { .. } => Operand::Number(RowExpr::Column(column)),
            Kind::Identifier => unreachable!("`column` refuses identifiers"),
        }
    }

    pub(super) fn literal(&self, value: &ValueWithSpan) -> Result<Operand, Problem> {
        let problem = |message: &str| self.text.problem(value.span, message);
        match &value.value {
            Value::Number(text, false) => Decimal::parse(text)
                .map(|number| Operand::Number(RowExpr::Number(number)))
                .ok_or_else(|| {
                    problem("a number has at most 36 digits, 18 of them after the point")
                }),
            Value::SingleQuotedString(text) => Ok(Operand::Text(text.clone())),
            Value::Boolean(truth) => Ok(Operand::Truth(*truth)),
            Value::Null => Err(problem("NULL is no value to compute with")
                .with_help("write `column IS NULL` or `column IS NOT NULL`")),
            _ => Err(problem("this literal is not part of a study's SQL")),
        }
    }

    pub(super) fn day(&self, text: &str, span: Span) -> Result<i32, Problem> {
        date::parse(text).ok_or_else(|| {
            let problem = self.text.problem(span, format!("'{text}' is not a day"));
            problem.with_help("write days as '2020-01-31'")
        })
    }

    /// The column of this name, if it may take part.
    pub(super) fn column(&self, name: &Ident) -> Result<usize, Problem> {
        named(self.table, &name.value, name.quote_style.is_some())
            .map_err(|refusal| refusal.at(self.text.problem(name.span, "")))
    }

    /// The column of this name, of any kind.
    pub(super) fn group_column(&self, name: &Ident) -> Result<usize, Problem> {
        found(self.table, &name.value, name.quote_style.is_some())
            .map_err(|refusal| refusal.at(self.text.problem(name.span, "")))
    }

    /// Anything that is not in the language.
    pub(super) fn foreign(&self, ast: &Ast, near: Span) -> Problem {
        let problem = self.text.problem(start(ast, near), "this is not part of a study's SQL");
        problem.with_help("let each provider's mapping compute it")
    }

    /// Refuses deep trees, without recursion.
    pub(super) fn check_depth(&self, expr: &Located) -> Result<(), Problem> {
        let mut open = vec![(&expr.ast, 1)];
        while let Some((ast, depth)) = open.pop() {
            if depth > DEPTH_MAX {
                let message = format!("an expression is nested more than {DEPTH_MAX} deep");
                let help = "write long lists of values with IN";
                return Err(self.text.problem(expr.start, message).with_help(help));
            }
            open.extend(children(ast).into_iter().map(|child| (child, depth + 1)));
        }
        Ok(())
    }
}

/// The column of this name, if it may take part; quoted names must agree in case.
pub(super) fn named(table: &Table, name: &str, exact: bool) -> Result<usize, Refusal> {
    let column = found(table, name, exact)?;
    if table.columns[column].kind == Kind::Identifier {
        let message = format!("`{}` is an identifier: it never takes part in a computation", name);
        let help = "count records with COUNT(*), or different values with COUNT(DISTINCT ...)";
        return Err(Refusal::new(message).help(help));
    }
    Ok(column)
}

fn found(table: &Table, name: &str, exact: bool) -> Result<usize, Refusal> {
    let found = table.column(name).filter(|&i| !exact || table.columns[i].name == name);
    found.ok_or_else(|| {
        let names = table.names();
        let help = suggest::advice(name, "columns", names.iter().map(String::as_str));
        Refusal { help, ..Refusal::new(format!("there is no column `{name}`")) }
    })
}

pub(super) fn same_name(agreed: &str, name: &Ident) -> bool {
    match name.quote_style {
        Some(_) => agreed == name.value,
        None => agreed.eq_ignore_ascii_case(&name.value),
    }
}

fn computes(expr: &Expr) -> bool {
    match expr {
        Expr::Group(_) | Expr::Aggregate(_) => true,
        Expr::Number(_) => false,
        Expr::Neg(a) => computes(a),
        Expr::Add(a, b) | Expr::Sub(a, b) | Expr::Mul(a, b) | Expr::Div(a, b) => {
            computes(a) || computes(b)
        }
    }
}

/// First token of an expression, or else of the clause that it stands in. The parser's own
/// function would recurse as deep as the expression is.
pub(super) fn start(ast: &Ast, near: Span) -> Span {
    let mut ast = ast;
    loop {
        ast = match ast {
            Ast::Identifier(name) => return name.span,
            Ast::Value(value) => return value.span,
            Ast::TypedString(typed) => return typed.value.span,
            Ast::Function(function) => return name_span(function),
            Ast::UnaryOp { expr, .. } => expr,
            other => match children(other).first() {
                Some(first) => first,
                None => return near,
            },
        }
    }
}

pub(super) fn name_span(function: &Function) -> Span {
    let name = function.name.0.first().and_then(|part| part.as_ident());
    name.map_or(Span::empty(), |name| name.span)
}

/// The expressions inside one that belong to the language, left to right.
fn children(ast: &Ast) -> Vec<&Ast> {
    match ast {
        Ast::Nested(a) | Ast::IsNull(a) | Ast::IsNotNull(a) | Ast::UnaryOp { expr: a, .. } => {
            vec![a]
        }
        Ast::IsTrue(a) | Ast::IsFalse(a) | Ast::IsNotTrue(a) | Ast::IsNotFalse(a) => vec![a],
        Ast::BinaryOp { left, right, .. } => vec![left, right],
        Ast::Between { expr, low, high, .. } => vec![expr, low, high],
        Ast::Case { operand, conditions, else_result, .. } => {
            let branches = conditions.iter().flat_map(|when| [&when.condition, &when.result]);
            operand.as_deref().into_iter().chain(branches).chain(else_result.as_deref()).collect()
        }
        Ast::Extract { expr, .. } => vec![expr],
        Ast::InList { expr, list, .. } => std::iter::once(&**expr).chain(list).collect(),
        Ast::Function(function) => super::aggregate::arguments(function),
        _ => Vec::new(),
    }
}

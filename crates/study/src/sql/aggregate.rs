//! Aggregate functions: their names, their arguments, and which types they take.

use sqlparser::ast::{Expr as Ast, Function, FunctionArg, FunctionArgExpr, FunctionArguments};
use sqlparser::tokenizer::Span;

use super::typing::{Operand, Typing, name_span, start};
use crate::report::Problem;
use crate::{Aggregate, RowExpr, suggest};

/// Makes an aggregate of a number computed from each record.
type OfNumber = fn(RowExpr) -> Aggregate;

const OF_NUMBERS: [(&str, OfNumber); 7] = [
    ("SUM", Aggregate::Sum),
    ("AVG", Aggregate::Avg),
    ("VAR_SAMP", Aggregate::VarSamp),
    ("VARIANCE", Aggregate::VarSamp),
    ("VAR", Aggregate::VarSamp),
    ("STDDEV_SAMP", Aggregate::StddevSamp),
    ("STDDEV", Aggregate::StddevSamp),
];

const NAMES: [&str; 10] =
    ["COUNT", "SUM", "AVG", "VAR_SAMP", "VARIANCE", "VAR", "STDDEV_SAMP", "STDDEV", "MIN", "MAX"];

/// The expressions among a function's arguments.
pub(super) fn arguments(function: &Function) -> Vec<&Ast> {
    let FunctionArguments::List(list) = &function.args else { return Vec::new() };
    let expr = |arg| match arg {
        &FunctionArg::Unnamed(FunctionArgExpr::Expr(ref expr)) => Some(expr),
        _ => None,
    };
    list.args.iter().filter_map(expr).collect()
}

/// Whether a call is a name with arguments in parentheses and nothing else.
fn is_plain_call(function: &Function) -> bool {
    let plain_arguments = match &function.args {
        FunctionArguments::List(list) => {
            list.duplicate_treatment.is_none() && list.clauses.is_empty()
        }
        FunctionArguments::None | FunctionArguments::Subquery(_) => false,
    };
    plain_arguments
        && !function.uses_odbc_syntax
        && function.parameters == FunctionArguments::None
        && function.filter.is_none()
        && function.null_treatment.is_none()
        && function.over.is_none()
        && function.within_group.is_empty()
}

fn is_of_all(function: &Function) -> bool {
    match &function.args {
        FunctionArguments::List(list) => {
            matches!(list.args[..], [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)])
        }
        FunctionArguments::None | FunctionArguments::Subquery(_) => false,
    }
}

impl Typing<'_> {
    pub(super) fn aggregate(&self, function: &Function) -> Result<Aggregate, Problem> {
        let whole = name_span(function);
        let name = function.name.to_string().to_uppercase();
        if !NAMES.contains(&name.as_str()) {
            let problem = self.text.problem(whole, format!("there is no aggregate {name}"));
            let help = suggest::advice(&name, "aggregates", NAMES);
            return Err(Problem { help, ..problem });
        }
        if !is_plain_call(function) {
            let message = format!("{name} takes its argument in parentheses and nothing else");
            return Err(self.text.problem(whole, message));
        }
        let argument = match arguments(function)[..] {
            [argument] => argument,
            _ if name == "COUNT" && is_of_all(function) => return Ok(Aggregate::Count),
            _ => return Err(self.text.problem(whole, format!("{name} takes one argument"))),
        };
        if let Some((_, make)) = OF_NUMBERS.iter().find(|(known, _)| *known == name) {
            let expr = self.row(argument, whole)?;
            self.check_uses_column(&name, &expr, start(argument, whole))?;
            return Ok(make(expr));
        }
        match name.as_str() {
            "COUNT" => self.count(argument, whole),
            "MIN" => self.extreme(argument, whole).map(Aggregate::Min),
            _ => self.extreme(argument, whole).map(Aggregate::Max),
        }
    }

    fn check_uses_column(&self, name: &str, expr: &RowExpr, span: Span) -> Result<(), Problem> {
        if !expr.columns().is_empty() {
            return Ok(());
        }
        let problem = self.text.problem(span, format!("{name} of a constant"));
        Err(problem.with_help("multiply COUNT(*) by it"))
    }

    fn count(&self, argument: &Ast, near: Span) -> Result<Aggregate, Problem> {
        let operand = self.operand(argument, near)?;
        if operand.is_constant() {
            return Ok(Aggregate::Count);
        }
        let expr = match operand {
            Operand::Category(column) | Operand::Date(column) => RowExpr::Column(column),
            _ => self.row(argument, near)?,
        };
        Ok(Aggregate::CountColumn(expr))
    }

    fn extreme(&self, argument: &Ast, near: Span) -> Result<usize, Problem> {
        let problem = |message: String| self.text.problem(start(argument, near), message);
        match self.operand(argument, near)? {
            Operand::Number(RowExpr::Column(column))
            | Operand::Boolean(column)
            | Operand::Date(column) => Ok(column),
            Operand::Number(_) => Err(problem("MIN and MAX take a column by itself".to_owned())
                .with_help("let the mapping compute the expression as a column")),
            other => {
                let found = other.describe(self.table);
                Err(problem(format!("MIN and MAX take numbers and dates, not {found}")))
            }
        }
    }
}

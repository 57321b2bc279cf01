//! Aggregate functions: their names, their arguments, and which types they take.

use sqlparser::ast::{Expr as Ast, Function, FunctionArg, FunctionArgExpr, FunctionArguments};
use sqlparser::tokenizer::Span;

use super::typing::{Operand, Typing, name_span, start};
use crate::report::Problem;
use crate::{Aggregate, RowExpr, suggest};

/// Makes an aggregate of a number computed from each record.
type OfNumber = fn(RowExpr) -> Aggregate;

const OF_NUMBERS: [(&str, OfNumber); 11] = [
    ("SUM", Aggregate::Sum),
    ("AVG", Aggregate::Avg),
    ("VAR_SAMP", Aggregate::VarSamp),
    ("VARIANCE", Aggregate::VarSamp),
    ("VAR", Aggregate::VarSamp),
    ("VAR_POP", Aggregate::VarPop),
    ("STDDEV_SAMP", Aggregate::StddevSamp),
    ("STDDEV", Aggregate::StddevSamp),
    ("STDDEV_POP", Aggregate::StddevPop),
    ("MIN", Aggregate::Min),
    ("MAX", Aggregate::Max),
];

/// Makes an aggregate of two numbers computed from each record.
type OfPairs = fn(RowExpr, RowExpr) -> Aggregate;

const OF_PAIRS: [(&str, OfPairs); 3] = [
    ("COVAR_SAMP", Aggregate::CovarSamp),
    ("COVAR_POP", Aggregate::CovarPop),
    ("CORR", Aggregate::Corr),
];

/// The names of all aggregates.
fn names() -> impl Iterator<Item = &'static str> + Clone {
    let of_numbers = OF_NUMBERS.iter().map(|(name, _)| *name);
    std::iter::once("COUNT").chain(of_numbers).chain(OF_PAIRS.iter().map(|(name, _)| *name))
}

/// What people write for an aggregate that is not there, and what to write instead.
const ELSEWHERE: [(&[&str], &str); 4] = [
    (
        &["APPROX_DISTINCT", "APPROX_MEDIAN", "APPROX_PERCENTILE_CONT", "APPROX_COUNT_DISTINCT"],
        "results are exact, or state their worst error; write the exact aggregate",
    ),
    (
        &["STRING_AGG", "ARRAY_AGG", "GROUP_CONCAT", "LISTAGG", "JSON_AGG", "FIRST_VALUE"],
        "the values of single records are never released; write COUNT(*) or another number",
    ),
    (
        &["BOOL_AND", "EVERY", "BOOL_OR", "ANY_VALUE"],
        "write MIN(column) or MAX(column): a boolean counts as 0 or 1",
    ),
    (
        &["REGR_SLOPE", "REGR_INTERCEPT", "REGR_R2", "REGR_COUNT", "REGR_AVGX", "REGR_AVGY"],
        "write an objective of kind \"linear\", or COVAR_SAMP(y, x) / VAR_SAMP(x)",
    ),
];

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
        if !names().any(|known| known == name) {
            let problem = self.text.problem(whole, format!("there is no aggregate {name}"));
            let elsewhere = ELSEWHERE.iter().find(|(names, _)| names.contains(&name.as_str()));
            let help = match elsewhere {
                Some((_, help)) => Some((*help).to_owned()),
                None => suggest::advice(&name, "aggregates", names()),
            };
            return Err(Problem { help, ..problem });
        }
        if !is_plain_call(function) {
            let message = format!("{name} takes its argument in parentheses and nothing else");
            return Err(self.text.problem(whole, message));
        }
        let arguments = arguments(function);
        if let Some((_, make)) = OF_PAIRS.iter().find(|(known, _)| *known == name) {
            let [a, b] = arguments[..] else {
                return Err(self.text.problem(whole, format!("{name} takes two arguments")));
            };
            let pair = make(self.of_records(&name, a, whole)?, self.of_records(&name, b, whole)?);
            self.check_product(&pair, whole)?;
            return Ok(pair);
        }
        let argument = match arguments[..] {
            [argument] => argument,
            _ if name == "COUNT" && is_of_all(function) => return Ok(Aggregate::Count),
            _ => return Err(self.text.problem(whole, format!("{name} takes one argument"))),
        };
        match OF_NUMBERS.iter().find(|(known, _)| *known == name) {
            Some((_, make)) if name == "MIN" || name == "MAX" => {
                self.compared(&name, argument, whole).map(make)
            }
            Some((_, make)) => self.of_records(&name, argument, whole).map(make),
            None => self.count(argument, whole),
        }
    }

    /// A number that depends on the record.
    fn of_records(&self, name: &str, argument: &Ast, near: Span) -> Result<RowExpr, Problem> {
        let expr = self.row(argument, near)?;
        self.check_uses_column(name, &expr, start(argument, near))?;
        Ok(expr)
    }

    fn check_product(&self, pair: &Aggregate, span: Span) -> Result<(), Problem> {
        let product = pair
            .arguments()
            .into_iter()
            .cloned()
            .reduce(|a, b| RowExpr::Mul(Box::new(a), Box::new(b)));
        product.map_or(Ok(()), |product| self.check_range(&product, span))
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

    /// What MIN and MAX take: numbers, and dates.
    fn compared(&self, name: &str, argument: &Ast, near: Span) -> Result<RowExpr, Problem> {
        match self.operand(argument, near)? {
            Operand::Date(column) => Ok(RowExpr::Column(column)),
            Operand::Number(_) | Operand::Boolean(_) => self.of_records(name, argument, near),
            other => {
                let found = other.describe(self.table);
                let message = format!("MIN and MAX take numbers and dates, not {found}");
                Err(self.text.problem(start(argument, near), message))
            }
        }
    }
}

//! Aggregate functions: their names, their arguments, and which types they take.

use sqlparser::ast::{
    DuplicateTreatment, Expr as Ast, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    Ident,
};
use sqlparser::tokenizer::Span;

use super::typing::{Operand, Typing, name_span, same_name, start};
use crate::report::Problem;
use crate::{Aggregate, Decimal, Kind, RowExpr, suggest};

/// Makes an aggregate of a number computed from each record.
type OfNumber = fn(RowExpr) -> Aggregate;

const OF_NUMBERS: [(&str, OfNumber); 12] = [
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
    ("MEDIAN", |of| Aggregate::Percentile { of, at: Decimal { digits: 5, scale: 1 } }),
];

/// Makes an aggregate of two numbers computed from each record.
type OfPairs = fn(RowExpr, RowExpr) -> Aggregate;

const OF_PAIRS: [(&str, OfPairs); 3] = [
    ("COVAR_SAMP", Aggregate::CovarSamp),
    ("COVAR_POP", Aggregate::CovarPop),
    ("CORR", Aggregate::Corr),
];

const PERCENTILE: &str = "PERCENTILE_CONT";
/// Most digits after the point of a percentile's place.
const PLACE_DIGITS: u8 = 4;

/// The names of all aggregates.
fn names() -> impl Iterator<Item = &'static str> + Clone {
    let of_numbers = OF_NUMBERS.iter().map(|(name, _)| *name);
    ["COUNT", PERCENTILE]
        .into_iter()
        .chain(of_numbers)
        .chain(OF_PAIRS.iter().map(|(name, _)| *name))
}

/// What people write for an aggregate that is not there, and what to write instead.
const ELSEWHERE: [(&[&str], &str); 5] = [
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
        &["PERCENTILE_DISC", "QUANTILE", "QUANTILE_CONT", "QUARTILE"],
        "write PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY column), which interpolates",
    ),
    (
        &["REGR_SLOPE", "REGR_INTERCEPT", "REGR_R2", "REGR_COUNT", "REGR_AVGX", "REGR_AVGY"],
        "write an objective of kind \"linear\", or COVAR_SAMP(y, x) / VAR_SAMP(x)",
    ),
];

/// The expressions among a function's arguments, and behind `WITHIN GROUP`.
pub(super) fn arguments(function: &Function) -> Vec<&Ast> {
    let FunctionArguments::List(list) = &function.args else { return Vec::new() };
    let expr = |arg| match arg {
        &FunctionArg::Unnamed(FunctionArgExpr::Expr(ref expr)) => Some(expr),
        _ => None,
    };
    let ordered = function.within_group.iter().map(|by| &by.expr);
    list.args.iter().filter_map(expr).chain(ordered).collect()
}

/// Whether a call is a name with arguments in parentheses and nothing else.
fn is_plain_call(function: &Function) -> bool {
    let plain_arguments = match &function.args {
        FunctionArguments::List(list) => list.clauses.is_empty(),
        FunctionArguments::None | FunctionArguments::Subquery(_) => false,
    };
    plain_arguments
        && !function.uses_odbc_syntax
        && function.parameters == FunctionArguments::None
        && function.filter.is_none()
        && function.null_treatment.is_none()
        && function.over.is_none()
}

/// Whether each value counts once.
fn is_distinct(function: &Function) -> bool {
    let FunctionArguments::List(list) = &function.args else { return false };
    list.duplicate_treatment == Some(DuplicateTreatment::Distinct)
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
        if name == PERCENTILE {
            return self.percentile(function, whole);
        }
        if !function.within_group.is_empty() {
            let message = format!("{name} has no order: WITHIN GROUP goes with {PERCENTILE}");
            return Err(self.text.problem(whole, message));
        }
        if is_distinct(function) {
            return self.distinct(&name, &arguments, whole);
        }
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

    fn percentile(&self, function: &Function, whole: Span) -> Result<Aggregate, Problem> {
        let ([at, of], [by]) = (&arguments(function)[..], &function.within_group[..]) else {
            let problem =
                self.text.problem(whole, format!("{PERCENTILE} takes a place and an order"));
            let help = "write PERCENTILE_CONT(0.25) WITHIN GROUP (ORDER BY column)";
            return Err(problem.with_help(help));
        };
        let near = start(at, whole);
        let place = match self.operand(at, whole)? {
            Operand::Number(RowExpr::Number(at)) => Some(at),
            _ => None,
        };
        let inside = |at: &Decimal| {
            let one = 10i128.checked_pow(at.scale.into());
            at.scale <= PLACE_DIGITS && one.is_some_and(|one| (0..=one).contains(&at.digits))
        };
        let Some(at) = place.filter(inside) else {
            let message = format!(
                "the place of a percentile is a number from 0 to 1, with at most {PLACE_DIGITS} \
                 digits after the point"
            );
            return Err(self.text.problem(near, message));
        };
        if by.options.asc == Some(false)
            || by.options.nulls_first.is_some()
            || is_distinct(function)
        {
            let problem = self.text.problem(start(of, whole), "a percentile's order is ascending");
            return Err(problem.with_help("write PERCENTILE_CONT(0.75) for 0.25 from above"));
        }
        Ok(Aggregate::Percentile { of: self.of_records(PERCENTILE, of, whole)?, at })
    }

    /// `COUNT(DISTINCT e)`.
    fn distinct(&self, name: &str, arguments: &[&Ast], whole: Span) -> Result<Aggregate, Problem> {
        let (true, [argument]) = (name == "COUNT", arguments) else {
            let problem = self.text.problem(whole, format!("{name} takes no DISTINCT"));
            return Err(problem.with_help("COUNT(DISTINCT column) counts different values"));
        };
        if let Ast::Identifier(column) = argument
            && let Some(identifier) = self.identifier(column)
        {
            return Ok(Aggregate::CountDistinct(RowExpr::Column(identifier)));
        }
        match self.operand(argument, whole)? {
            Operand::Category(column) | Operand::Date(column) => {
                Ok(Aggregate::CountDistinct(RowExpr::Column(column)))
            }
            _ => self.of_records("COUNT", argument, whole).map(Aggregate::CountDistinct),
        }
    }

    /// The identifier column of this name.
    fn identifier(&self, name: &Ident) -> Option<usize> {
        let column = self.table.column(&name.value)?;
        let is_it = same_name(&self.table.columns[column].name, name);
        (is_it && self.table.columns[column].kind == Kind::Identifier).then_some(column)
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

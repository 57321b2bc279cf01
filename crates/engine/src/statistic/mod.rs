//! The catalogue of statistics: what each asks of the pooled records, and the tables that are
//! made of the answer in the clear.
//!
//! A statistic is a line of [`items`] and a function of its file, which calls
//! [`sharewell_analytics::clear`].

mod association;
mod benchmark;
mod cells;
mod clusters;
mod detector;
mod linear;
mod linkage;
mod meta;
mod moments;
mod private;
mod quality;
mod ranks;
mod rates;
mod recurrence;
mod regression;
mod sheet;
mod signals;
mod survival;
mod training;
mod veiled;

use sharewell_analytics::clear::{self, Confidence};
use sharewell_study::{Aggregate, Decimal, Expr, Family, Item, Predicate, RowExpr};
use sharewell_study::{Recorded, Statistic, StatisticKind, Table};

use crate::joint::Opened;
use crate::path::{Fit, Path, Start};
use crate::{Error, Plan, ResultTable};
pub(crate) use linkage::linkage;
pub(crate) use quality::quality;
use sheet::Sheet;
pub(crate) use training::{examples, training};
pub(crate) use veiled::{finish_veiled, is, veiled_items};

/// A released number: of an item, in a cell; or why it is not released.
pub(crate) type Released<'a> = dyn Fn(usize, usize) -> Result<f64, String> + 'a;

/// What is asked of the records of each group.
pub(crate) fn items(statistic: &Statistic, table: &Table) -> Vec<Item> {
    let aggregates = match &statistic.kind {
        StatisticKind::Describe { values, quartiles, .. } => {
            let of_value = |value: &RowExpr| {
                let spread = if *quartiles { moments::spread(value) } else { vec![] };
                [moments_of(value).to_vec(), spread].concat()
            };
            [vec![Aggregate::Count], values.iter().flat_map(of_value).collect()].concat()
        }
        StatisticKind::TTest { value, .. } => moments_of(value).to_vec(),
        StatisticKind::Contingency { .. }
        | StatisticKind::Survival { .. }
        | StatisticKind::Recurrence { .. }
        | StatisticKind::RankTest { .. }
        | StatisticKind::Histogram { .. }
        | StatisticKind::MetaAnalysis { .. } => vec![Aggregate::Count],
        StatisticKind::Detector { score, calibrated, .. } => {
            let predicted = Aggregate::Sum(RowExpr::Column(score.column));
            [vec![Aggregate::Count], vec![predicted; usize::from(*calibrated > 0)]].concat()
        }
        StatisticKind::PairedTTest { first, second } => {
            let both = |x: &RowExpr| Box::new(x.clone());
            moments_of(&RowExpr::Sub(both(second), both(first))).to_vec()
        }
        StatisticKind::Anova { value, .. } => moments_of(value).to_vec(),
        StatisticKind::Rates { events, exposure, .. }
        | StatisticKind::Benchmark { events, exposure, .. } => {
            [events, exposure].map(|&column| Aggregate::Sum(RowExpr::Column(column))).to_vec()
        }
        StatisticKind::Correlation { values } | StatisticKind::Pca { values, .. } => {
            products(values, None, table)
        }
        StatisticKind::Linear { response, predictors, weights, .. } => {
            let values = [&predictors[..], std::slice::from_ref(response)].concat();
            products(&values, *weights, table)
        }
        StatisticKind::KMeans { values, .. } => {
            let moments = values.iter().flat_map(|value| moments_of(value).into_iter().skip(1));
            [Aggregate::Count].into_iter().chain(moments).collect()
        }
        StatisticKind::Regression { family, response, exposure, predictors, ridge, .. } => {
            let time = exposure.iter().filter(|_| *family != Family::Cox);
            let sums = [response].into_iter().chain(time);
            let sums = sums.map(|value| Aggregate::Sum(value.clone()));
            let standardised = predictors.iter().filter(|_| *ridge > 0.0);
            let moments = standardised.flat_map(|value| moments_of(value).into_iter().skip(1));
            [Aggregate::Count].into_iter().chain(sums).chain(moments).collect()
        }
        StatisticKind::Disproportionality { reports, .. } => vec![match reports {
            Some(reports) => Aggregate::Sum(RowExpr::Column(*reports)),
            None => Aggregate::Count,
        }],
    };
    let item = |(i, aggregate)| Item { name: i_name(i), expr: Expr::Aggregate(aggregate) };
    (0..).zip(aggregates).map(item).collect()
}

fn i_name(i: usize) -> String {
    format!("item {i}")
}

fn moments_of(value: &RowExpr) -> [Aggregate; 3] {
    let value = || value.clone();
    [Aggregate::CountColumn(value()), Aggregate::Avg(value()), Aggregate::VarSamp(value())]
}

/// How many, the sums, and the sums of the products of every two, of values around public centres:
/// so that nothing cancels. Weighted if there are weights, whose sum then comes last.
fn products(values: &[RowExpr], weights: Option<usize>, table: &Table) -> Vec<Aggregate> {
    let times = |x: &RowExpr, y: &RowExpr| RowExpr::Mul(Box::new(x.clone()), Box::new(y.clone()));
    let weight = weights.map(RowExpr::Column);
    let sum = |x: &RowExpr| Aggregate::Sum(weight.as_ref().map_or(x.clone(), |w| times(w, x)));
    let centred: Vec<RowExpr> = values.iter().map(|value| centred(value, table)).collect();
    let mut aggregates = vec![Aggregate::Count];
    aggregates.extend(centred.iter().map(sum));
    for (i, x) in centred.iter().enumerate() {
        aggregates.extend(centred[i..].iter().map(|y| sum(&times(x, y))));
    }
    aggregates.extend(weight.clone().map(Aggregate::Sum));
    aggregates
}

/// The middle of a value's range, and the value around it.
fn centre(value: &RowExpr, table: &Table) -> Option<Decimal> {
    let range = value.range(table).ok()?;
    Decimal::new(range.min + (range.max - range.min) / 2, range.decimals)
        .filter(|centre| centre.digits != 0)
}

fn centred(value: &RowExpr, table: &Table) -> RowExpr {
    match centre(value, table) {
        Some(centre) => RowExpr::Sub(Box::new(value.clone()), Box::new(RowExpr::Number(centre))),
        None => value.clone(),
    }
}

/// The records that count: for what needs all values of a record, those that miss none.
pub(crate) fn complete_cases(statistic: &Statistic, table: &Table) -> Option<Predicate> {
    let values: Vec<&RowExpr> = match &statistic.kind {
        StatisticKind::Correlation { values }
        | StatisticKind::Pca { values, .. }
        | StatisticKind::KMeans { values, .. } => values.iter().collect(),
        StatisticKind::Linear { response, predictors, .. } => {
            predictors.iter().chain([response]).collect()
        }
        StatisticKind::Regression { response, exposure, predictors, .. } => {
            predictors.iter().chain([response]).chain(exposure).collect()
        }
        _ => vec![],
    };
    complete(&values, statistic.filter.as_ref(), table)
}

/// The records of which a condition holds that miss none of these values.
fn complete(values: &[&RowExpr], filter: Option<&Predicate>, table: &Table) -> Option<Predicate> {
    let mut needed: Vec<RowExpr> = vec![];
    for part in values.iter().copied().flat_map(parts) {
        if part.can_be_missing(table) && !needed.contains(&part) {
            needed.push(part);
        }
    }
    let present = |part| Predicate::Not(Box::new(Predicate::IsNull(part)));
    let both = |a, b| Predicate::And(Box::new(a), Box::new(b));
    filter.cloned().into_iter().chain(needed.into_iter().map(present)).reduce(both)
}

/// What must not be missing for a value not to be.
fn parts(value: &RowExpr) -> Vec<RowExpr> {
    match value {
        RowExpr::Number(_) => vec![],
        RowExpr::Neg(a) => parts(a),
        RowExpr::Add(a, b) | RowExpr::Sub(a, b) | RowExpr::Mul(a, b) => {
            [parts(a), parts(b)].concat()
        }
        RowExpr::DatePart { column, .. } => vec![RowExpr::Column(*column)],
        RowExpr::Column(_) | RowExpr::Case { .. } => vec![value.clone()],
    }
}

/// The tables of a statistic.
pub(crate) fn finish(
    plan: &Plan,
    statistic: &Statistic,
    released: &Released<'_>,
    opened: &Opened,
    fit: Option<&Fit>,
) -> Vec<ResultTable> {
    let table = &plan.study().table;
    let confidence =
        Confidence::new(statistic.confidence).expect("a study says one between 0 and 1");
    let sheets: Vec<Sheet> = match &statistic.kind {
        StatisticKind::Describe { values, by, quartiles } => {
            moments::describe(table, (values, *quartiles), by, confidence, released)
        }
        StatisticKind::TTest { value, group, first, second, variances } => {
            let groups = [*first, *second];
            moments::t_test(table, value, (*group, groups), *variances, confidence, released)
        }
        StatisticKind::Contingency { row, column, strata } => {
            association::contingency(table, [*row, *column], strata, confidence, released)
        }
        StatisticKind::Correlation { values } => {
            linear::correlation(table, values, confidence, released)
        }
        StatisticKind::Pca { values, matrix } => linear::pca(table, values, *matrix, released),
        StatisticKind::KMeans { .. } => clusters::tables(plan, opened, released),
        kind @ StatisticKind::Linear { .. } => linear::tables(plan, kind, confidence, released),
        StatisticKind::Regression { family, .. } => {
            let fit = fit.expect("the steps were taken");
            regression::tables(*family, plan, fit, confidence, released)
        }
        kind @ StatisticKind::Disproportionality { .. } => {
            signals::disproportionality(table, kind, confidence, released)
        }
        kind @ StatisticKind::Survival { .. } => {
            survival::survival(table, kind, confidence, released)
        }
        StatisticKind::Recurrence { time, event, group } => {
            recurrence::recurrence(table, time, (*event, *group), confidence, released)
        }
        StatisticKind::RankTest { value, group, codes } => {
            ranks::rank_test(table, value, (*group, codes), released)
        }
        StatisticKind::Histogram { value, by, probabilities } => match plan.noise.is_empty() {
            true => ranks::histogram(table, value, by, probabilities, released),
            false => private::histogram(plan, value, by, probabilities, released),
        },
        StatisticKind::PairedTTest { first, second } => {
            moments::paired(table, [first, second], confidence, released)
        }
        StatisticKind::Anova { value, group } => {
            moments::anova(table, value, *group, confidence, released)
        }
        kind @ StatisticKind::Rates { .. } => rates::rates(table, kind, confidence, released),
        kind @ StatisticKind::Benchmark { .. } => {
            benchmark::benchmark(plan, kind, confidence, released, &opened.own)
        }
        StatisticKind::MetaAnalysis { row, column, contributor } => {
            meta::meta_analysis(table, [*row, *column, *contributor], confidence, released)
        }
        kind @ StatisticKind::Detector { .. } => {
            detector::detector(table, kind, confidence, released)
        }
    };
    sheets.into_iter().map(Sheet::into_table).collect()
}

/// The steps of a statistic that has some, and what a provider keeps of its records for them.
pub(crate) fn steps(
    statistic: &Statistic,
    table: &Table,
    givers: u64,
) -> Result<Option<(Path, Vec<Recorded>)>, Error> {
    match &statistic.kind {
        StatisticKind::KMeans { values, clusters, steps } => {
            clusters::steps(table, values, (*clusters as usize, *steps)).map(Some)
        }
        _ => regression::steps(statistic, table, givers),
    }
}

/// Where they begin.
pub(crate) fn start(path: &Path, released: &Released<'_>) -> Result<Start, String> {
    match path.family {
        clear::regression::Family::KMeans { clusters } => clusters::start(path, clusters, released),
        _ => regression::start(path, released),
    }
}

/// A count that was released as a number.
fn count(released: f64) -> u64 {
    released.round() as u64
}

/// In words, why a statistic has no answer.
fn undefined<T>(found: clear::Result<T>) -> Result<T, String> {
    found.map_err(|why| format!("undefined: {why}"))
}

//! Statistics whose sums stay secret: what is opened is calculated on shares, and what is told is a
//! function of that alone.

mod association;
mod means;
mod variance;

use sharewell_analytics::clear::Confidence;
use sharewell_study::{
    Aggregate, Expr, Item, Kind, Predicate, RowExpr, Statistic, StatisticKind, Table,
};

use crate::ResultTable;

/// A released number and its worst error: of an item.
pub(crate) type Inexact<'a> = dyn Fn(usize) -> Result<Number, String> + 'a;

type Number = (f64, f64);

/// What is opened instead of sums; none for statistics that are made of opened sums alone.
pub(crate) fn veiled_items(kind: &StatisticKind, table: &Table) -> Option<Vec<Item>> {
    match kind {
        StatisticKind::TTest { .. } | StatisticKind::PairedTTest { .. } => {
            Some(means::items(kind, table))
        }
        StatisticKind::Contingency { row, column, strata } if strata.is_empty() => {
            Some(association::of_table([*row, *column], table))
        }
        StatisticKind::Correlation { values } => Some(association::of_pairs(values, table)),
        StatisticKind::Anova { value, group } => Some(variance::items(value, *group, table)),
        _ => None,
    }
}

/// The tables of a statistic whose sums stayed secret.
pub(crate) fn finish_veiled(
    statistic: &Statistic,
    table: &Table,
    number: &Inexact<'_>,
) -> Vec<ResultTable> {
    let confidence =
        Confidence::new(statistic.confidence).expect("a study says one between 0 and 1");
    let sheet = match &statistic.kind {
        StatisticKind::Contingency { row, column, .. } => {
            association::independence([*row, *column], table, number)
        }
        StatisticKind::Correlation { values } => {
            association::correlations(values, table, confidence, number)
        }
        StatisticKind::Anova { value, group } => variance::analysis(value, *group, table, number),
        kind => means::finish(kind, table, confidence, number),
    };
    vec![sheet.into_table()]
}

fn aggregate(of: fn(RowExpr) -> Aggregate, value: &RowExpr) -> Expr {
    Expr::Aggregate(of(value.clone()))
}

/// Whether a record's value of a column is the one with this code.
pub(crate) fn is(column: usize, code: usize, table: &Table) -> Predicate {
    match (&table.columns[column].kind, code) {
        (Kind::Boolean, 0) => Predicate::Not(Box::new(Predicate::Truth(column))),
        (Kind::Boolean, _) => Predicate::Truth(column),
        _ => Predicate::Member { column, codes: vec![code] },
    }
}

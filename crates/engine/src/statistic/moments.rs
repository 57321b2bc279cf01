//! Description and the comparison of two means.

use sharewell_analytics::clear::moments::{Moments, anova as clear_anova, cohens_d, pooled, welch};
use sharewell_analytics::clear::{Confidence, Finding};
use sharewell_study::{Aggregate, Decimal, RowExpr, Table, Variances};

use super::sheet::{Entry, Sheet};
use super::{Released, count, undefined};
use crate::Plot;

/// The moments of a value in a cell, of three items from `item` on.
fn moments(item: usize, cell: usize, released: &Released<'_>) -> Result<Moments, String> {
    let (n, mean) = (released(item, cell)?, released(item + 1, cell)?);
    let variance = released(item + 2, cell)?;
    undefined(Moments::new(count(n), mean, 0.0, variance * (n - 1.0)))
}

fn codes(table: &Table, columns: &[usize], cell: u64) -> Vec<Entry> {
    table.cell(columns, cell).into_iter().map(Entry::text).collect()
}

/// The mean with its interval, which values that do not vary have not, and the standard deviation.
fn mean(of: &Moments, confidence: Confidence) -> Result<(Finding, f64), String> {
    let variance = undefined(of.variance())?;
    let found = of.mean_test(0.0, confidence);
    let found = found.unwrap_or_else(|_| Finding::named("mean").n(of.n()).estimate(of.mean()));
    Ok((Finding { statistic: None, degrees: None, p: None, ..found }, variance.sqrt()))
}

/// Least, quartiles and greatest.
pub(super) fn spread(value: &RowExpr) -> Vec<Aggregate> {
    let value = || value.clone();
    let at = |digits, scale| {
        let at = Decimal::new(digits, scale).expect("a share");
        Aggregate::Percentile { of: value(), at }
    };
    let quartiles = [at(25, 2), at(5, 1), at(75, 2)];
    [Aggregate::Min(value())]
        .into_iter()
        .chain(quartiles)
        .chain([Aggregate::Max(value())])
        .collect()
}

const SPREAD: [&str; 5] = ["least", "first quartile", "median", "third quartile", "greatest"];

pub(super) fn describe(
    table: &Table,
    (values, quartiles): (&[RowExpr], bool),
    by: &[usize],
    confidence: Confidence,
    released: &Released<'_>,
) -> Vec<Sheet> {
    let mut columns: Vec<&str> = by.iter().map(|&i| table.columns[i].name.as_str()).collect();
    columns.extend(["value", "n", "missing", "mean", "SD", "standard error", "lower", "upper"]);
    let spread: &[&str] = if quartiles { &SPREAD } else { &[] };
    columns.extend(spread);
    let items = 3 + spread.len();
    let mut sheet = Sheet::new("description", &columns);
    for (i, value) in values.iter().enumerate() {
        for cell in 0..table.cells(by) {
            let mut row = codes(table, by, cell);
            row.push(Entry::text(value.to_text(table)));
            let found = released(0, cell as usize).and_then(|rows| {
                let found = moments(1 + items * i, cell as usize, released)?;
                Ok((rows - found.n() as f64, mean(&found, confidence)?))
            });
            match found {
                Err(reason) => sheet.row_without(row, &reason),
                Ok((missing, (found, deviation))) => {
                    let n = found.n.map_or(0.0, |n| n as f64);
                    row.extend([Entry::Whole(n), Entry::Whole(missing)]);
                    let [lower, upper] =
                        [found.interval.map(|i| i.lower), found.interval.map(|i| i.upper)];
                    let numbers =
                        [found.estimate, Some(deviation), found.standard_error, lower, upper];
                    row.extend(numbers.map(Entry::number));
                    row.extend((0..spread.len()).map(|of| {
                        let item = 4 + items * i + of;
                        released(item, cell as usize).map_or_else(Entry::Nothing, Entry::Number)
                    }));
                    sheet.row(row);
                }
            }
        }
    }
    vec![sheet]
}

pub(super) fn t_test(
    table: &Table,
    value: &RowExpr,
    (group, groups): (usize, [usize; 2]),
    variances: Variances,
    confidence: Confidence,
    released: &Released<'_>,
) -> Vec<Sheet> {
    let found = groups.map(|cell| moments(0, cell, released));
    let mean_of = |(cell, found): (usize, &Result<Moments, String>)| {
        let mean = found.as_ref().map_err(String::clone).and_then(|of| mean(of, confidence));
        (codes(table, &[group], cell as u64), mean.map(|(found, _)| found))
    };
    let means = groups.into_iter().zip(&found).map(mean_of).collect();
    let name = table.columns[group].name.as_str();
    let [first, second] = found;
    let both = first.and_then(|first| Ok((first, second?)));
    let test = |of: &dyn Fn(&Moments, &Moments) -> Result<Finding, String>| {
        both.as_ref().map_err(String::clone).and_then(|(first, second)| of(second, first))
    };
    let (title, tested) = match variances {
        Variances::Unequal => ("Welch's t-test", test(&|x, y| undefined(welch(x, y, confidence)))),
        Variances::Equal => ("Student's t-test", test(&|x, y| undefined(pooled(x, y, confidence)))),
    };
    let effect = test(&|x, y| undefined(cohens_d(x, y, confidence)));
    let rows = vec![(vec![Entry::text(title)], tested), (vec![Entry::text("Cohen's d")], effect)];
    let difference = format!("difference of {}", value.to_text(table));
    vec![
        Sheet::findings("means", &[name], means).drawn(Plot::forest(false)),
        Sheet::findings(&difference, &["test"], rows),
    ]
}

/// The mean of the second value minus the first of the same record, against none.
pub(super) fn paired(
    table: &Table,
    [first, second]: [&RowExpr; 2],
    confidence: Confidence,
    released: &Released<'_>,
) -> Vec<Sheet> {
    let found = moments(0, 0, released);
    let found = found.and_then(|of| undefined(of.mean_test(0.0, confidence)));
    let difference =
        format!("difference of {} and {}", second.to_text(table), first.to_text(table));
    let row = (vec![Entry::text("paired t-test")], found);
    vec![Sheet::findings(&difference, &["test"], vec![row])]
}

/// Means of the groups, and whether they differ.
pub(super) fn anova(
    table: &Table,
    value: &RowExpr,
    group: usize,
    confidence: Confidence,
    released: &Released<'_>,
) -> Vec<Sheet> {
    let values = table.columns[group].values();
    let found: Vec<_> = (0..values.len()).map(|cell| moments(0, cell, released)).collect();
    let mean_of = |(code, found): (&&str, &Result<Moments, String>)| {
        let mean = found.as_ref().map_err(String::clone).and_then(|of| mean(of, confidence));
        (vec![Entry::text(*code)], mean.map(|(found, _)| found))
    };
    let means = values.iter().zip(&found).map(mean_of).collect();
    let groups: Result<Vec<Moments>, String> = found.into_iter().collect();
    let tested = groups.and_then(|groups| undefined(clear_anova(&groups)));
    let eta =
        tested.clone().map(|found| Finding { statistic: None, degrees: None, p: None, ..found });
    let rows = vec![
        (vec![Entry::text("F")], tested.map(|found| Finding { estimate: None, ..found })),
        (vec![Entry::text("eta squared")], eta),
    ];
    let name = table.columns[group].name.as_str();
    let title = format!("analysis of variance of {}", value.to_text(table));
    let means = Sheet::findings("means", &[name], means).drawn(Plot::forest(false));
    vec![means, Sheet::findings(&title, &["test"], rows)]
}

//! Comparisons of means whose means stay secret: what is opened is their difference, and of each
//! group how many records and how far its mean errs. The rest is a function of these.

use sharewell_analytics::clear::{Confidence, Finding, tails};
use sharewell_study::{Aggregate, Expr, Item, RowExpr, StatisticKind, Table, Variances};

use super::{Inexact, Number, aggregate};
use crate::statistic::sheet::{Entry, Sheet};

/// The difference, then of each group the squared standard error of its mean and its records.
pub(super) fn items(kind: &StatisticKind, table: &Table) -> Vec<Item> {
    let (difference, groups) = match kind {
        StatisticKind::TTest { value, group, first, second, .. } => {
            let of = |code: usize| of_group(value, *group, code, table);
            let mean = |code: usize| Box::new(aggregate(Aggregate::Avg, &of(code)));
            let values = table.columns[*group].values();
            let name = |code: usize| format!("{} of {}", value.to_text(table), values[code]);
            let groups = [*first, *second].map(|code| (name(code), of(code)));
            (Expr::Sub(mean(*second), mean(*first)), groups.to_vec())
        }
        StatisticKind::PairedTTest { first, second } => {
            let [first, second] = [first, second].map(|of| Box::new(of.clone()));
            let of = RowExpr::Sub(second, first);
            (aggregate(Aggregate::Avg, &of), vec![(of.to_text(table), of)])
        }
        _ => unreachable!("no other statistic compares two means"),
    };
    let mut items = vec![Item { name: "difference of means".to_owned(), expr: difference }];
    for (name, of) in groups {
        let (variance, count) =
            (aggregate(Aggregate::VarSamp, &of), aggregate(Aggregate::CountColumn, &of));
        let error = Expr::Div(Box::new(variance), Box::new(count.clone()));
        items.push(Item {
            name: format!("squared standard error of the mean of {name}"),
            expr: error,
        });
        items.push(Item { name: format!("records with {name}"), expr: count });
    }
    items
}

/// The value, missing in the records of other groups.
fn of_group(value: &RowExpr, group: usize, code: usize, table: &Table) -> RowExpr {
    let holds = super::is(group, code, table);
    RowExpr::Case { branches: vec![(holds, value.clone())], otherwise: None }
}

/// The table of a comparison whose means stayed secret.
pub(super) fn finish(
    kind: &StatisticKind,
    table: &Table,
    confidence: Confidence,
    number: &Inexact<'_>,
) -> Sheet {
    let (name, test, groups) = match kind {
        StatisticKind::TTest { value, variances, .. } => {
            let test = match variances {
                Variances::Unequal => Test::Welch,
                Variances::Equal => Test::Student,
            };
            (format!("difference of {}", value.to_text(table)), test, 2)
        }
        StatisticKind::PairedTTest { first, second } => {
            let (first, second) = (first.to_text(table), second.to_text(table));
            (format!("difference of {second} and {first}"), Test::Paired, 1)
        }
        _ => unreachable!("no other statistic compares two means"),
    };
    let columns =
        ["test", "estimate", "standard error", "lower", "upper", "statistic", "df", "p", "n"];
    let mut sheet = Sheet::new(name, &columns);
    let of_group = |group: usize| {
        let ((variance, error), (n, _)) = (number(1 + 2 * group)?, number(2 + 2 * group)?);
        Ok::<_, String>(Mean { variance, error, n })
    };
    let groups: Result<Vec<Mean>, String> = (0..groups).map(of_group).collect();
    let found = number(0).and_then(|difference| compared(test, difference, &groups?, confidence));
    let label = Entry::text(test.name());
    match found {
        Err(reason) => sheet.row_without(vec![label], &reason),
        Ok((numbers, n)) => {
            let entries = numbers.into_iter().map(|(number, error)| Entry::Inexact(number, error));
            sheet.row([label].into_iter().chain(entries).chain([Entry::Whole(n)]).collect());
        }
    }
    sheet
}

#[derive(Clone, Copy)]
enum Test {
    Welch,
    Student,
    Paired,
}

/// What is known of a group's mean.
struct Mean {
    /// The square of its standard error.
    variance: f64,
    /// How far that may be from the exact one.
    error: f64,
    n: f64,
}

impl Test {
    fn name(self) -> &'static str {
        match self {
            Self::Welch => "Welch's t-test",
            Self::Student => "Student's t-test",
            Self::Paired => "paired t-test",
        }
    }

    /// Squared standard error of the difference, and degrees of freedom.
    ///
    /// `moved` says of each group which way its error goes, if it goes: 1, -1 or 0.
    fn of(self, groups: &[Mean], moved: &[f64]) -> [f64; 2] {
        let each = groups.iter().zip(moved);
        let each = each.map(|(group, moved)| (group.variance + moved * group.error, group.n));
        match self {
            Self::Welch | Self::Paired => {
                let square: f64 = each.clone().map(|(variance, _)| variance).sum();
                let part = |(variance, n): (f64, f64)| (variance / square).powi(2) / (n - 1.0);
                [square, 1.0 / each.map(part).sum::<f64>()]
            }
            Self::Student => {
                let degrees: f64 = each.clone().map(|(_, n)| n - 1.0).sum();
                let squares: f64 = each.clone().map(|(v, n)| v * n * (n - 1.0)).sum();
                let sizes: f64 = each.map(|(_, n)| 1.0 / n).sum();
                [squares / degrees * sizes, degrees]
            }
        }
    }
}

/// Estimate, standard error, limits, t, degrees of freedom and p, each with its worst error: how
/// far it goes if what was opened goes as far as it may; and the records.
fn compared(
    test: Test,
    (difference, by): Number,
    groups: &[Mean],
    confidence: Confidence,
) -> Result<(Vec<Number>, f64), String> {
    if groups.iter().any(|group| group.n < 2.0) {
        return Err("undefined: fewer than 2 records in each group".to_owned());
    }
    let (still, least) = (vec![0.0; groups.len()], vec![-1.0; groups.len()]);
    // Also where each is as small as it may be there is something to divide by.
    if test.of(groups, &least)[0] <= 0.0 {
        return Err("undefined: the values do not vary".to_owned());
    }
    let of = |difference: f64, [square, degrees]: [f64; 2]| {
        let error = square.sqrt();
        let found = Finding::default().student(difference, error, degrees, confidence);
        let [lower, upper] = found.interval.map_or([f64::NAN; 2], |i| [i.lower, i.upper]);
        let t = difference / error;
        [difference, error, lower, upper, t, degrees, tails::student_two_sided(t, degrees)]
    };
    let here = of(difference, test.of(groups, &still));
    let mut errors = here.map(|number| number.abs() * 1e-9);
    for corner in 0..1 << (groups.len() + 1) {
        let way = |bit: usize| if corner >> bit & 1 == 0 { 1.0 } else { -1.0 };
        let moved: Vec<f64> = (0..groups.len()).map(way).collect();
        let there = of(difference + way(groups.len()) * by, test.of(groups, &moved));
        for ((error, there), here) in errors.iter_mut().zip(there).zip(here) {
            let far = 2.0 * (there - here).abs();
            *error = if far.is_nan() { f64::INFINITY } else { error.max(far) };
        }
    }
    let n = groups.iter().map(|group| group.n).sum();
    Ok((here.into_iter().zip(errors).collect(), n))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELCH: fn(&[Mean]) -> [f64; 2] = |groups| Test::Welch.of(groups, &[0.0, 0.0]);

    fn groups(variances: [f64; 2], error: f64, n: [f64; 2]) -> [Mean; 2] {
        [0, 1].map(|i| Mean { variance: variances[i], error, n: n[i] })
    }

    #[test]
    fn degrees_of_freedom_are_no_farther_off_than_is_said_whichever_way_each_group_errs() {
        for (variances, error, n) in [
            ([1.0, 1.0], 1e-6, [10.0, 1000.0]),
            ([0.02, 0.03], 1e-9, [10.0, 1000.0]),
            ([1.0, 1e-3], 1e-4, [3.0, 50.0]),
        ] {
            let stated = groups(variances, error, n);
            let (found, _) = compared(Test::Welch, (0.5, 1e-9), &stated, Confidence::P95).unwrap();
            let (degrees, bound) = found[5];
            for ways in [[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0], [0.5, -0.7]] {
                let exact = [0, 1].map(|i| variances[i] + ways[i] * error);
                let [_, there] = WELCH(&groups(exact, 0.0, n));
                assert!((there - degrees).abs() <= bound, "{there} {degrees} {bound}");
            }
        }
    }

    #[test]
    fn what_varies_by_no_more_than_its_error_is_undefined() {
        let of = |variances: [f64; 2]| {
            compared(Test::Welch, (1.0, 0.0), &groups(variances, 1e-6, [5.0, 6.0]), Confidence::P95)
        };
        for variances in [[0.0, 0.0], [0.0, 1.5e-6], [-1e-7, 2e-6]] {
            assert!(of(variances).unwrap_err().contains("do not vary"));
        }
        let (found, n) = of([0.0, 1.0]).unwrap();
        assert!(n == 11.0 && found.iter().all(|(_, error)| error.is_finite()), "{found:?}");
    }
}

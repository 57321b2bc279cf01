//! Analysis of variance whose groups stay secret: what is opened is how much varies between them
//! and within, and how many records there are. The rest is a function of these.

use sharewell_analytics::clear::tails;
use sharewell_study::{Aggregate, Decimal, Expr, Item, Predicate, RowExpr, Table};

use super::{Inexact, Number, aggregate, is};
use crate::statistic::sheet::{Entry, Sheet};

/// The records, then the mean squares.
pub(super) fn items(value: &RowExpr, group: usize, table: &Table) -> Vec<Item> {
    let groups = table.columns[group].values().len();
    let case = |holds: Predicate| RowExpr::Case {
        branches: vec![(holds, value.clone())],
        otherwise: None,
    };
    let of: Vec<RowExpr> = (0..groups).map(|code| case(is(group, code, table))).collect();
    let any = |x: Predicate, y: Predicate| Predicate::Or(Box::new(x), Box::new(y));
    let grouped = (0..groups).map(|code| is(group, code, table)).reduce(any);
    let all = case(grouped.expect("a column has values"));
    let records = aggregate(Aggregate::CountColumn, &all);
    let mean = aggregate(Aggregate::Avg, &all);
    let count = |of: &RowExpr| aggregate(Aggregate::CountColumn, of);
    let between = sum(of.iter().map(|of| {
        let distance = Expr::Sub(Box::new(aggregate(Aggregate::Avg, of)), Box::new(mean.clone()));
        times(count(of), times(distance.clone(), distance))
    }));
    let within = sum(of.iter().map(|of| times(count(of), aggregate(Aggregate::VarPop, of))));
    let [above, below] = [groups, groups.saturating_sub(1).max(1)].map(whole);
    let left = Expr::Sub(Box::new(records.clone()), Box::new(above));
    let over = |x: Expr, y: Expr| Expr::Div(Box::new(x), Box::new(y));
    let named = |name: &str, expr| Item { name: name.to_owned(), expr };
    vec![
        named("records", records),
        named("mean square between the groups", over(between, below)),
        named("mean square within the groups", over(within, left)),
    ]
}

fn times(x: Expr, y: Expr) -> Expr {
    Expr::Mul(Box::new(x), Box::new(y))
}

fn sum(of: impl Iterator<Item = Expr>) -> Expr {
    of.reduce(|x, y| Expr::Add(Box::new(x), Box::new(y))).expect("a column has values")
}

fn whole(number: usize) -> Expr {
    Expr::Number(Decimal::new(number as i128, 0).expect("a category has few values"))
}

pub(super) fn analysis(
    value: &RowExpr,
    group: usize,
    table: &Table,
    number: &Inexact<'_>,
) -> Sheet {
    let title = format!("analysis of variance of {}", value.to_text(table));
    let mut sheet = Sheet::new(title, &["test", "estimate", "statistic", "df", "p", "n"]);
    let groups = table.columns[group].values().len() as f64;
    let found = number(0).and_then(|(n, _)| tested([number(1)?, number(2)?], n, groups));
    let labels = ["F", "eta squared"].map(|name| vec![Entry::text(name)]);
    match found {
        Err(reason) => labels.into_iter().for_each(|label| sheet.row_without(label, &reason)),
        Ok(rows) => labels.into_iter().zip(rows).for_each(|(label, row)| {
            sheet.row([label, row].concat());
        }),
    }
    sheet
}

/// The test, and eta squared: the share of the variation that lies between the groups.
fn tested([between, within]: [Number; 2], n: f64, groups: f64) -> Result<[Vec<Entry>; 2], String> {
    if groups < 2.0 || n <= groups {
        return Err("undefined: two groups, and more records than groups, are needed".to_owned());
    }
    let (d1, d2) = (groups - 1.0, n - groups);
    if within.0 <= within.1 {
        return Err("undefined: no group varies".to_owned());
    }
    let of = |way: f64| {
        let f = (between.0 + way * between.1).max(0.0) / (within.0 - way * within.1);
        [f, tails::f_upper(f, d1, d2), f * d1 / (f * d1 + d2)]
    };
    let (here, there) = (of(0.0), [of(-1.0), of(1.0)]);
    let entry = |i: usize| {
        let far = there.map(|there| (there[i] - here[i]).abs());
        Entry::Inexact(here[i], 2.0 * far[0].max(far[1]) + here[i].abs() * 1e-9)
    };
    let (nothing, df) = (|| Entry::number(None), Entry::text(format!("{d1}, {d2}")));
    let n = Entry::Whole(n);
    Ok([
        vec![nothing(), entry(0), df, entry(1), n.clone()],
        vec![entry(2), nothing(), nothing(), nothing(), n],
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f_is_no_farther_off_than_is_said_and_what_does_not_vary_is_undefined() {
        let [row, _] = tested([(12.0, 1e-3), (3.0, 1e-3)], 33.0, 3.0).unwrap();
        let Entry::Inexact(f, by) = row[1] else { panic!("F is a number") };
        assert!((f - 4.0).abs() < 1e-12 && (12.001 / 2.999 - 4.0..1e-2).contains(&by), "{f} {by}");
        for (within, n) in [((1e-4, 1e-3), 33.0), ((3.0, 0.0), 3.0)] {
            assert!(tested([(12.0, 0.0), within], n, 3.0).unwrap_err().contains("undefined"));
        }
        assert!(tested([(12.0, 0.0), (3.0, 0.0)], 33.0, 1.0).is_err());
    }
}

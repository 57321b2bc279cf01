//! Correlations and the independence of two columns, of which only the measure itself is opened.

use sharewell_analytics::clear::moments::correlated;
use sharewell_analytics::clear::{Confidence, Degrees, Finding, tails};
use sharewell_study::{Aggregate, Decimal, Expr, Item, Predicate, RowExpr, Table};

use super::{Inexact, Number, aggregate, is};
use crate::statistic::sheet::{Entry, Sheet};
use crate::statistic::undefined;

const UNKNOWN: &str = "undefined: so small a part of it is beyond what was calculated";

/// The records, then the correlation of every two values.
pub(super) fn of_pairs(values: &[RowExpr], table: &Table) -> Vec<Item> {
    let records = Item { name: "records".to_owned(), expr: Expr::Aggregate(Aggregate::Count) };
    let of_pair = |[i, j]: [usize; 2]| {
        let [x, y] = [&values[i], &values[j]];
        let name = format!("correlation of {} and {}", x.to_text(table), y.to_text(table));
        Item { name, expr: Expr::Aggregate(Aggregate::Corr(x.clone(), y.clone())) }
    };
    [records].into_iter().chain(pairs(values.len()).map(of_pair)).collect()
}

fn pairs(len: usize) -> impl Iterator<Item = [usize; 2]> {
    (0..len).flat_map(move |i| (i + 1..len).map(move |j| [i, j]))
}

pub(super) fn correlations(
    values: &[RowExpr],
    table: &Table,
    confidence: Confidence,
    number: &Inexact<'_>,
) -> Sheet {
    let columns = ["value", "with", "estimate", "lower", "upper", "statistic", "df", "p", "n"];
    let mut sheet = Sheet::new("correlation", &columns);
    for (item, [i, j]) in (1..).zip(pairs(values.len())) {
        let label = [i, j].map(|of| Entry::text(values[of].to_text(table))).to_vec();
        let found = number(0).and_then(|(n, _)| correlation(number(item)?, n, confidence));
        match found {
            Ok(entries) => sheet.row([label, entries].concat()),
            Err(reason) => sheet.row_without(label, &reason),
        }
    }
    sheet.adjusted()
}

/// Everything after the names of a pair, each number at its worst where the correlation is.
fn correlation(
    (r, error): Number,
    records: f64,
    confidence: Confidence,
) -> Result<Vec<Entry>, String> {
    let of = |r: f64| -> Result<[f64; 5], String> {
        let found = undefined(correlated(r, records.round() as u64, confidence))?;
        let [lower, upper] = found.interval.map_or([f64::NAN; 2], |i| [i.lower, i.upper]);
        let [statistic, p] = [found.statistic, found.p].map(|of| of.unwrap_or(f64::NAN));
        Ok([r, lower, upper, statistic, p])
    };
    // A correlation of all but 1 may have been 1.
    if r.abs() + error >= 1.0 {
        let nothing = |name: &str| Entry::Nothing(format!("{name}: the correlation may be 1"));
        let names = ["lower", "upper", "statistic", "df", "p"];
        let mut entries = vec![Entry::Inexact(r.clamp(-1.0, 1.0), error)];
        entries.extend(names.map(nothing));
        entries.push(Entry::Whole(records));
        return Ok(entries);
    }
    let (here, there) = (of(r)?, [of(r - error)?, of(r + error)?]);
    let entry = |i: usize| match here[i] {
        x if x.is_nan() => Entry::number(None),
        x => Entry::Inexact(x, farthest(x, there.map(|there| there[i]))),
    };
    let [r, lower, upper, statistic, p] = std::array::from_fn(entry);
    Ok(vec![r, lower, upper, statistic, Entry::Whole(records - 2.0), p, Entry::Whole(records)])
}

/// How far a number is from what it is at either end of the interval that its argument lies in; it
/// is monotone, or nearly so, over so short a one.
fn farthest(here: f64, there: [f64; 2]) -> f64 {
    let far = there.map(|there| (there - here).abs());
    2.0 * far[0].max(far[1]) + here.abs() * 1e-9
}

/// The records; and the sum of `n_ij^2 / (r_i c_j)`, which is chi-squared over the records, plus 1.
pub(super) fn of_table(columns: [usize; 2], table: &Table) -> Vec<Item> {
    let [rows, columns_of] = columns.map(|column| table.columns[column].values().len());
    let cell = |i: usize, j: usize| {
        let holds =
            Predicate::And(Box::new(is(columns[0], i, table)), Box::new(is(columns[1], j, table)));
        let number = |digits| RowExpr::Number(Decimal::new(digits, 0).expect("a digit"));
        let one = RowExpr::Case {
            branches: vec![(holds, number(1))],
            otherwise: Some(Box::new(number(0))),
        };
        aggregate(Aggregate::Sum, &one)
    };
    let sum = |cells: &mut dyn Iterator<Item = Expr>| {
        let add = |x: Expr, y: Expr| Expr::Add(Box::new(x), Box::new(y));
        cells.reduce(add).expect("a column has values")
    };
    let row = |i: usize| sum(&mut (0..columns_of).map(|j| cell(i, j)));
    let column = |j: usize| sum(&mut (0..rows).map(|i| cell(i, j)));
    let times = |x: Expr, y: Expr| Expr::Mul(Box::new(x), Box::new(y));
    let share = |i: usize, j: usize| {
        let squared = times(cell(i, j), cell(i, j));
        Expr::Div(Box::new(squared), Box::new(times(row(i), column(j))))
    };
    let cells = (0..rows).flat_map(|i| (0..columns_of).map(move |j| (i, j)));
    let all = sum(&mut (0..rows).map(row));
    vec![
        Item { name: "records".to_owned(), expr: all },
        Item {
            name: "chi-squared over the records, plus 1".to_owned(),
            expr: sum(&mut cells.map(|(i, j)| share(i, j))),
        },
    ]
}

pub(super) fn independence(columns: [usize; 2], table: &Table, number: &Inexact<'_>) -> Sheet {
    let mut sheet =
        Sheet::new("association", &["measure", "estimate", "statistic", "df", "p", "n"]);
    let labels = ["chi-squared", "Cramér's V"].map(|name| vec![Entry::text(name)]);
    let free = columns.map(|column| table.columns[column].values().len() as f64 - 1.0);
    let [test, measure] = labels;
    let found = number(0).and_then(|(n, _)| measures(number(1)?, n, free));
    match found {
        Err(reason) => {
            sheet.row_without(test, &reason);
            sheet.row_without(measure, &reason);
        }
        Ok([tested, cramer]) => {
            sheet.row([test, tested].concat());
            sheet.row([measure, cramer].concat());
        }
    }
    sheet
}

/// The test, and Cramér's V.
fn measures(
    (shares, error): Number,
    records: f64,
    [rows, columns]: [f64; 2],
) -> Result<[Vec<Entry>; 2], String> {
    if error >= 1.0 {
        return Err(UNKNOWN.to_owned());
    }
    let degrees = rows * columns;
    let of = |shares: f64| {
        let part = (shares - 1.0).max(0.0);
        let statistic = records * part;
        let found = Finding::default().chi_squared(statistic, degrees);
        debug_assert_eq!(found.degrees, Some(Degrees::One(degrees)));
        let p = tails::chi_squared_upper(statistic, degrees);
        [statistic, p, (part / rows.min(columns)).sqrt()]
    };
    let (here, there) = (of(shares), [of(shares - error), of(shares + error)]);
    let entry = |i: usize| Entry::Inexact(here[i], farthest(here[i], there.map(|of| of[i])));
    let nothing = || Entry::number(None);
    let (df, n) = (Entry::Whole(degrees), Entry::Whole(records));
    Ok([
        vec![nothing(), entry(0), df, entry(1), n],
        vec![entry(2), nothing(), nothing(), nothing(), nothing()],
    ])
}

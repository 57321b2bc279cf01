//! Contingency tables.

use sharewell_analytics::clear::two_by_two::TwoByTwo;
use sharewell_analytics::clear::{
    self, Confidence, Finding, strata as stratified, table as tables,
};
use sharewell_study::Table;

use super::cells::{Cells, Place};
use super::sheet::{Entry, Sheet};
use super::{Released, count, undefined};

pub(super) fn contingency(
    table: &Table,
    [row, column]: [usize; 2],
    strata: &[usize],
    confidence: Confidence,
    released: &Released<'_>,
) -> Vec<Sheet> {
    let cells = Cells::new(table, &[&[row, column], strata].concat());
    let (rows, columns) = (cells.values(row), cells.values(column));
    let of_stratum = |(places, _): (Vec<Place>, _)| -> Vec<Vec<Result<u64, String>>> {
        let of_cell = |i: usize, j: usize| {
            released(0, cells.cell(&[&places[..], &[(row, i), (column, j)]].concat())).map(count)
        };
        (0..rows).map(|i| (0..columns).map(|j| of_cell(i, j)).collect()).collect()
    };
    let tables: Vec<_> = cells.combinations(strata).into_iter().map(of_stratum).collect();
    let shown = counts(table, [row, column], strata, &tables);
    let strata_of: Result<Vec<Vec<Vec<u64>>>, String> = tables
        .into_iter()
        .map(|rows| rows.into_iter().map(|row| row.into_iter().collect()).collect())
        .collect();
    let pooled = strata_of.map(|strata| {
        let sum = |i: usize, j: usize| strata.iter().map(|table| table[i][j]).sum();
        let all = (0..rows).map(|i| (0..columns).map(|j| sum(i, j)).collect()).collect();
        Pooled { all, strata }
    });
    let association = match rows == 2 && columns == 2 {
        true => two_by_two(&pooled, !strata.is_empty(), confidence),
        false => independence(&pooled),
    };
    vec![shown, association]
}

/// The whole table, and those of the strata.
struct Pooled {
    all: Vec<Vec<u64>>,
    strata: Vec<Vec<Vec<u64>>>,
}

/// Exposed are those of the second row, with the outcome those of the second column: `false` and
/// `true` in their order.
fn exposed(table: &[Vec<u64>]) -> TwoByTwo {
    TwoByTwo { a: table[1][1], b: table[1][0], c: table[0][1], d: table[0][0] }
}

fn independence(pooled: &Result<Pooled, String>) -> Sheet {
    let tested = pooled.as_ref().map_err(String::clone);
    let tested = tested.and_then(|pooled| undefined(tables::chi_squared(&pooled.all)));
    let name = match &tested {
        Ok(test) if test.expected_below_5 > 0 => "chi-squared; expected counts below 5",
        _ => "chi-squared",
    };
    let cramer = tested.clone().map(|test| Finding::named("").estimate(test.cramers_v));
    let rows = vec![
        (vec![Entry::text(name)], tested.map(|test| test.finding)),
        (vec![Entry::text("Cramér's V")], cramer),
    ];
    Sheet::findings("association", &["measure"], rows)
}

fn two_by_two(pooled: &Result<Pooled, String>, within: bool, confidence: Confidence) -> Sheet {
    let row = |name: &str, of: &dyn Fn(&Pooled) -> clear::Result<Finding>| {
        let found = pooled.as_ref().map_err(String::clone);
        (vec![Entry::text(name)], found.and_then(|pooled| undefined(of(pooled))))
    };
    let mut rows = vec![
        row("risk ratio", &|of| exposed(&of.all).risk_ratio(confidence)),
        row("odds ratio", &|of| exposed(&of.all).odds_ratio(confidence)),
        row("risk difference", &|of| exposed(&of.all).risk_difference(confidence)),
        row("chi-squared", &|of| exposed(&of.all).chi_squared(false)),
        row("chi-squared, Yates", &|of| exposed(&of.all).chi_squared(true)),
        row("Fisher's exact test", &|of| exposed(&of.all).fisher()),
    ];
    if within {
        let tables = |of: &Pooled| of.strata.iter().map(|table| exposed(table)).collect::<Vec<_>>();
        rows.extend([
            row("odds ratio, Mantel-Haenszel", &|of| {
                stratified::mantel_haenszel(&tables(of), confidence)
            }),
            row("Cochran-Mantel-Haenszel", &|of| {
                stratified::cochran_mantel_haenszel(&tables(of), false)
            }),
            row("Cochran-Mantel-Haenszel, corrected", &|of| {
                stratified::cochran_mantel_haenszel(&tables(of), true)
            }),
            row("Breslow-Day", &|of| stratified::breslow_day(&tables(of), false)),
        ]);
    }
    Sheet::findings("association", &["measure"], rows)
}

fn counts(
    table: &Table,
    [row, column]: [usize; 2],
    strata: &[usize],
    tables: &[Vec<Vec<Result<u64, String>>>],
) -> Sheet {
    let names = strata.iter().chain([&row]).map(|&i| table.columns[i].name.as_str());
    let mut columns: Vec<String> = names.map(str::to_owned).collect();
    let name = &table.columns[column].name;
    let values = table.columns[column].values();
    columns.extend(values.iter().map(|value| format!("{name}: {value}")));
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut sheet = Sheet::new("counts", &columns);
    for (stratum, rows) in (0..).zip(tables) {
        for (code, cells) in table.columns[row].values().into_iter().zip(rows) {
            let mut entries: Vec<Entry> =
                table.cell(strata, stratum).into_iter().map(Entry::text).collect();
            entries.push(Entry::text(code));
            entries.extend(cells.iter().map(|cell| match cell {
                Ok(count) => Entry::Whole(*count as f64),
                Err(reason) => Entry::Nothing(reason.clone()),
            }));
            sheet.row(entries);
        }
    }
    sheet
}

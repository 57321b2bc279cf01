//! Quantiles, histograms and tests by rank, over a public grid.

use sharewell_analytics::clear::ranks::{
    kolmogorov_smirnov, kruskal_wallis, mann_whitney, quantile,
};
use sharewell_analytics::clear::{self, Finding};
use sharewell_study::{Grid, Table};

use super::cells::{Cells, Counts};
use super::sheet::{Entry, Sheet};
use super::{Released, undefined};
use crate::Plot;

pub(super) fn rank_test(
    table: &Table,
    value: &Grid,
    (group, codes): (usize, &[usize]),
    released: &Released<'_>,
) -> Vec<Sheet> {
    let cells = Cells::new(table, &[group]);
    let names = table.columns[group].values();
    let groups: Vec<(Vec<Entry>, Counts)> = codes
        .iter()
        .map(|&code| {
            let counts = cells.bins(value, &[(group, code)], released);
            (vec![Entry::text(names[code])], counts)
        })
        .collect();
    let counts: Result<Vec<Vec<u64>>, String> =
        groups.iter().map(|(_, counts)| counts.clone()).collect();
    let mut rows = vec![];
    let mut test = |name: String, found| rows.push((vec![Entry::text(name)], found));
    if codes.len() == 2 {
        // As everywhere, the second group against the first.
        let rank = |corrected| tested(&counts, |all| mann_whitney(&all[1], &all[0], corrected));
        test("Mann-Whitney".into(), rank(false));
        test("Mann-Whitney, corrected".into(), rank(true));
    }
    let slices =
        |all: &[Vec<u64>]| kruskal_wallis(&all.iter().map(Vec::as_slice).collect::<Vec<_>>());
    test("Kruskal-Wallis".into(), tested(&counts, slices));
    for (i, &first) in codes.iter().enumerate() {
        for (j, &second) in codes.iter().enumerate().skip(i + 1) {
            let pair = match codes.len() {
                2 => String::new(),
                _ => format!(": {} and {}", names[first], names[second]),
            };
            let found = tested(&counts, |all| kolmogorov_smirnov(&all[i], &all[j]));
            test(format!("Kolmogorov-Smirnov{pair}"), found);
        }
    }
    let title = format!("ranks of {}", table.columns[value.column].name);
    let name = table.columns[group].name.as_str();
    let tests = Sheet::findings(&title, &["test"], rows);
    vec![quantiles(table, value, &[name], &[0.25, 0.5, 0.75], groups), tests]
}

fn tested(
    counts: &Result<Vec<Vec<u64>>, String>,
    of: impl Fn(&[Vec<u64>]) -> clear::Result<Finding>,
) -> Result<Finding, String> {
    counts.as_ref().map_err(String::clone).and_then(|all| undefined(of(all)))
}

pub(super) fn histogram(
    table: &Table,
    value: &Grid,
    by: &[usize],
    probabilities: &[f64],
    released: &Released<'_>,
) -> Vec<Sheet> {
    let cells = Cells::new(table, by);
    let names: Vec<&str> = by.iter().map(|&i| table.columns[i].name.as_str()).collect();
    let mut shown = Sheet::new("histogram", &[&names[..], &["value", "records"]].concat());
    let mut groups = vec![];
    for (places, name) in cells.combinations(by) {
        let counts = cells.bins(value, &places, released);
        let released = (0..value.bins(table)).map(|bin| {
            let cell = cells.bin(value, &places, bin);
            (bin, released(0, cell))
        });
        for (bin, count) in released {
            let row = [&name[..], &[Entry::text(value.name(table, bin))]].concat();
            match count {
                Err(why) => shown.row_without(row, &why),
                Ok(0.0) => {}
                Ok(count) => shown.row([&row[..], &[Entry::Whole(count)]].concat()),
            }
        }
        groups.push((name, counts));
    }
    let plot = Plot::Bars { height: "records".to_owned() };
    vec![quantiles(table, value, &names, probabilities, groups), shown.drawn(plot)]
}

/// The bins of quantiles: where these are single values, R's type 1.
fn quantiles(
    table: &Table,
    value: &Grid,
    names: &[&str],
    probabilities: &[f64],
    groups: Vec<(Vec<Entry>, Counts)>,
) -> Sheet {
    let named: Vec<String> = probabilities.iter().map(|p| percent(*p)).collect();
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    let mut sheet = Sheet::new("quantiles", &[names, &["n"], &named[..]].concat());
    for (mut row, counts) in groups {
        let found = counts.and_then(|counts| {
            let of = |p: &f64| undefined(quantile(&counts, *p));
            let bins: Vec<usize> = probabilities.iter().map(of).collect::<Result<_, _>>()?;
            Ok((counts.iter().sum::<u64>(), bins))
        });
        match found {
            Err(why) => sheet.row_without(row, &why),
            Ok((n, bins)) => {
                row.push(Entry::Whole(n as f64));
                row.extend(bins.into_iter().map(|bin| shown(table, value, bin as u64)));
                sheet.row(row);
            }
        }
    }
    sheet
}

pub(super) fn percent(probability: f64) -> String {
    match probability {
        0.0 => "least".into(),
        0.5 => "median".into(),
        1.0 => "greatest".into(),
        // Not 28.999999999999996.
        p => format!("{} %", (p * 1e14).round() / 1e12),
    }
}

/// A number where a bin is one.
pub(super) fn shown(table: &Table, value: &Grid, bin: u64) -> Entry {
    let name = value.name(table, bin);
    match name.parse() {
        Ok(number) => Entry::exact(number),
        Err(_) => Entry::Text(name),
    }
}

//! Disproportionality: which pairs of drug and event are reported too often.

use sharewell_analytics::clear::gamma_poisson::{self as shrinker, Fit, Prior, Zeros};
use sharewell_analytics::clear::signals::{self, Signal};
use sharewell_analytics::clear::two_by_two::TwoByTwo;
use sharewell_analytics::clear::{Confidence, Finding};
use sharewell_study::Table;

use super::cells::Cells;
use super::sheet::{Entry, Sheet};
use super::{Released, count, undefined};
use crate::Plot;

const COLUMNS: [&str; 19] = [
    "drug",
    "event",
    "reports",
    "expected",
    "ROR",
    "ROR lower",
    "ROR upper",
    "PRR",
    "PRR lower",
    "PRR upper",
    "chi-squared",
    "p",
    "IC",
    "IC lower",
    "IC upper",
    "EBGM",
    "EB05",
    "EB95",
    "signal",
];

/// Of the pair, against all other reports.
struct Pair<'t> {
    drug: &'t str,
    event: &'t str,
    reports: TwoByTwo,
}

pub(super) fn disproportionality(
    table: &Table,
    columns: [usize; 2],
    background: &[String],
    confidence: Confidence,
    released: &Released<'_>,
) -> Vec<Sheet> {
    let mut sheet = Sheet::new("signals", &COLUMNS);
    let pairs = match pairs(table, columns, background, released) {
        Ok(pairs) => pairs,
        Err(reason) => {
            let every = vec![Entry::text("every"), Entry::text("every")];
            sheet.row_without(every, &format!("{reason}: without one cell no margin is known"));
            return vec![sheet];
        }
    };
    let prior = prior(&pairs);
    for pair in pairs.iter().filter(|pair| pair.reports.a > 0) {
        let of = &pair.reports;
        let mut row =
            vec![Entry::text(pair.drug), Entry::text(pair.event), Entry::Whole(of.a as f64)];
        match undefined(signals::signal(of, confidence)) {
            Err(why) => sheet.row_without(row, &why),
            Ok(found) => {
                row.extend(of_pair(&found, prior.as_ref().ok().map(|fit| &fit.prior)));
                sheet.row(row);
            }
        }
    }
    let [x, y] = ["reports", "IC lower"].map(str::to_owned);
    let plot = Plot::Points { x, y, threshold: 0.0 };
    vec![sheet.adjusted().drawn(plot), shown(&prior)]
}

/// All pairs, also those that nobody has reported.
fn pairs<'t>(
    table: &'t Table,
    [drug, event]: [usize; 2],
    background: &[String],
    released: &Released<'_>,
) -> Result<Vec<Pair<'t>>, String> {
    let [drugs, events] = [drug, event].map(|column| table.columns[column].values());
    let cells = Cells::new(table, &[drug, event]);
    let of_cell = |i: usize, j: usize| released(0, cells.cell(&[(drug, i), (event, j)])).map(count);
    let of_drug = |i: usize| (0..events.len()).map(move |j| of_cell(i, j)).collect();
    let counts: Vec<Vec<u64>> = (0..drugs.len()).map(of_drug).collect::<Result<_, String>>()?;
    let with_drug: Vec<u64> = counts.iter().map(|row| row.iter().sum()).collect();
    let with_event = |j: usize| counts.iter().map(|row| row[j]).sum();
    let with_event: Vec<u64> = (0..events.len()).map(with_event).collect();
    let n: u64 = with_drug.iter().sum();
    let named = |code: &str| !background.iter().any(|other| other == code);
    let pair = |i: usize, j: usize| {
        let a = counts[i][j];
        let (b, c) = (with_drug[i] - a, with_event[j] - a);
        let reports = TwoByTwo { a, b, c, d: n - a - b - c };
        Pair { drug: drugs[i], event: events[j], reports }
    };
    let both = (0..drugs.len()).flat_map(|i| (0..events.len()).map(move |j| (i, j)));
    let both = both.filter(|(i, j)| named(drugs[*i]) && named(events[*j]));
    Ok(both.map(|(i, j)| pair(i, j)).collect())
}

/// The prior that makes the table likeliest. What nothing is expected of says nothing.
fn prior(pairs: &[Pair<'_>]) -> Result<Fit, String> {
    let cell = |pair: &Pair<'_>| {
        let expected =
            signals::expected(&[pair.reports]).ok().filter(|expected| *expected > 0.0)?;
        Some(shrinker::Cell { reports: pair.reports.a, expected })
    };
    let cells: Vec<shrinker::Cell> = pairs.iter().filter_map(cell).collect();
    undefined(shrinker::fit(&cells, Zeros::Listed))
}

fn shown(prior: &Result<Fit, String>) -> Sheet {
    let columns =
        ["prior", "shape 1", "rate 1", "shape 2", "rate 2", "share of 1", "log-likelihood"];
    let mut sheet = Sheet::new("prior", &columns);
    let name = vec![Entry::text("two gamma distributions")];
    match prior {
        Err(why) => sheet.row_without(name, why),
        Ok(Fit { prior: Prior { first, second, share }, log_likelihood }) => {
            let numbers = [first[0], first[1], second[0], second[1], *share, *log_likelihood];
            let numbers = numbers.into_iter().map(|x| Entry::number(Some(x)));
            sheet.row(name.into_iter().chain(numbers).collect());
        }
    }
    sheet
}

fn of_pair(found: &Signal, prior: Option<&Prior>) -> Vec<Entry> {
    let ratio = |of: &Finding| {
        let limits = of.interval;
        let [lower, upper] = [limits.map(|limits| limits.lower), limits.map(|limits| limits.upper)];
        [of.estimate, lower, upper].map(Entry::number)
    };
    let mut entries = vec![Entry::Number(found.expected)];
    entries.extend(ratio(&found.reporting_odds_ratio));
    entries.extend(ratio(&found.proportional_ratio));
    entries.extend([found.yates.statistic, found.yates.p].map(Entry::number));
    let of = &found.information;
    let information = [of.estimate, of.interval.lower, of.interval.upper].map(Some);
    entries.extend(information.map(Entry::number));
    let cell = shrinker::Cell { reports: found.reports, expected: found.expected };
    let shrunk = prior.and_then(|prior| prior.shrink(&cell).ok());
    let of = |of: fn(&shrinker::Shrunk) -> f64| Entry::number(shrunk.as_ref().map(of));
    entries.extend([of(|s| s.ebgm), of(|s| s.eb05), of(|s| s.eb95)]);
    let flags = &found.flags;
    let by = [
        (flags.evans, "PRR"),
        (flags.reporting_odds_ratio, "ROR"),
        (flags.information_component, "IC"),
        (shrunk.is_some_and(|shrunk| shrunk.eb05 >= 2.0), "EB05"),
    ];
    let by: Vec<&str> = by.into_iter().filter(|(is, _)| *is).map(|(_, by)| by).collect();
    entries.push(Entry::text(by.join(" ")));
    entries
}

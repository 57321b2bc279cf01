//! Disproportionality: which pairs of drug and event are reported too often.

use sharewell_analytics::clear::gamma_poisson::{self as shrinker, Fit, Prior, Zeros};
use sharewell_analytics::clear::signals::{self, Signal};
use sharewell_analytics::clear::strata::{breslow_day, cochran_mantel_haenszel, mantel_haenszel};
use sharewell_analytics::clear::two_by_two::TwoByTwo;
use sharewell_analytics::clear::{Confidence, Finding};
use sharewell_study::{StatisticKind, Table};

use super::cells::{Cells, Place};
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

const WITHIN: [&str; 10] = [
    "drug",
    "event",
    "reports",
    "expected",
    "ROR",
    "ROR lower",
    "ROR upper",
    "chi-squared",
    "p",
    "homogeneity p",
];

/// Of the pair, against all other reports.
struct Pair<'t> {
    drug: &'t str,
    event: &'t str,
    reports: TwoByTwo,
    /// The same in each stratum; one, of all, if there are none.
    strata: Vec<TwoByTwo>,
}

pub(super) fn disproportionality(
    table: &Table,
    kind: &StatisticKind,
    confidence: Confidence,
    released: &Released<'_>,
) -> Vec<Sheet> {
    let mut sheet = Sheet::new("signals", &COLUMNS);
    let pairs = match pairs(table, kind, released) {
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
    let mut sheets = vec![sheet.adjusted().drawn(plot), shown(&prior)];
    if matches!(kind, StatisticKind::Disproportionality { strata, .. } if !strata.is_empty()) {
        sheets.push(within(&pairs, confidence));
    }
    sheets
}

/// The common ratio of each pair within strata, by Mantel and Haenszel, tested by Cochran, Mantel
/// and Haenszel with continuity correction; and whether strata share it, by Breslow and Day.
fn within(pairs: &[Pair<'_>], confidence: Confidence) -> Sheet {
    let mut sheet = Sheet::new("signals within strata", &WITHIN);
    for pair in pairs.iter().filter(|pair| pair.reports.a > 0) {
        let of = &pair.strata[..];
        let mut row = vec![
            Entry::text(pair.drug),
            Entry::text(pair.event),
            Entry::Whole(pair.reports.a as f64),
        ];
        let found = undefined(mantel_haenszel(of, confidence)).and_then(|ratio| {
            let tested = undefined(cochran_mantel_haenszel(of, true))?;
            Ok((undefined(signals::expected(of))?, ratio, tested))
        });
        match found {
            Err(why) => sheet.row_without(row, &why),
            Ok((expected, ratio, tested)) => {
                row.push(Entry::Number(expected));
                row.extend(with_limits(&ratio));
                row.extend([tested.statistic, tested.p].map(Entry::number));
                row.push(match undefined(breslow_day(of, false)) {
                    Ok(found) => Entry::number(found.p),
                    Err(why) => Entry::Nothing(why),
                });
                sheet.row(row);
            }
        }
    }
    sheet.adjusted()
}

fn with_limits(of: &Finding) -> [Entry; 3] {
    let limits = of.interval;
    let [lower, upper] = [limits.map(|limits| limits.lower), limits.map(|limits| limits.upper)];
    [of.estimate, lower, upper].map(Entry::number)
}

/// All pairs, also those that nobody has reported.
fn pairs<'t>(
    table: &'t Table,
    kind: &StatisticKind,
    released: &Released<'_>,
) -> Result<Vec<Pair<'t>>, String> {
    let StatisticKind::Disproportionality { drug, event, background, strata, .. } = kind else {
        unreachable!("called for disproportionality only")
    };
    let [drugs, events] = [*drug, *event].map(|column| table.columns[column].values());
    let cells = Cells::new(table, &kind.group_by());
    let of_cell = |stratum: &[Place], i: usize, j: usize| {
        released(0, cells.cell(&[stratum, &[(*drug, i), (*event, j)]].concat())).map(count)
    };
    let of_drug = |stratum: &[Place], i: usize| -> Result<Vec<u64>, String> {
        (0..events.len()).map(|j| of_cell(stratum, i, j)).collect()
    };
    let counts = |(stratum, _): (Vec<Place>, _)| -> Result<Counts, String> {
        (0..drugs.len()).map(|i| of_drug(&stratum, i)).collect::<Result<_, _>>().map(Counts::new)
    };
    let strata: Vec<Counts> =
        cells.combinations(strata).into_iter().map(counts).collect::<Result<_, _>>()?;
    let named = |code: &str| !background.iter().any(|other| other == code);
    let pair = |(i, j): (usize, usize)| {
        let strata: Vec<TwoByTwo> = strata.iter().map(|counts| counts.pair(i, j)).collect();
        let sum = |of: fn(&TwoByTwo) -> u64| strata.iter().map(of).sum();
        let reports =
            TwoByTwo { a: sum(|t| t.a), b: sum(|t| t.b), c: sum(|t| t.c), d: sum(|t| t.d) };
        Pair { drug: drugs[i], event: events[j], reports, strata }
    };
    let both = (0..drugs.len()).flat_map(|i| (0..events.len()).map(move |j| (i, j)));
    let both = both.filter(|(i, j)| named(drugs[*i]) && named(events[*j]));
    Ok(both.map(pair).collect())
}

/// Reports of every drug with every event, and their margins.
struct Counts {
    reports: Vec<Vec<u64>>,
    with_drug: Vec<u64>,
    with_event: Vec<u64>,
}

impl Counts {
    fn new(reports: Vec<Vec<u64>>) -> Self {
        let with_drug = reports.iter().map(|row| row.iter().sum()).collect();
        let events = reports.first().map_or(0, Vec::len);
        let with_event = |j: usize| reports.iter().map(|row| row[j]).sum();
        let with_event = (0..events).map(with_event).collect();
        Self { reports, with_drug, with_event }
    }

    fn pair(&self, i: usize, j: usize) -> TwoByTwo {
        let a = self.reports[i][j];
        let (b, c) = (self.with_drug[i] - a, self.with_event[j] - a);
        TwoByTwo { a, b, c, d: self.with_drug.iter().sum::<u64>() - a - b - c }
    }
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
    let mut entries = vec![Entry::Number(found.expected)];
    entries.extend(with_limits(&found.reporting_odds_ratio));
    entries.extend(with_limits(&found.proportional_ratio));
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

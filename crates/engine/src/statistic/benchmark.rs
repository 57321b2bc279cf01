//! Blind benchmarking: each contributor's rate beside the pool, for its own eyes.

use sharewell_analytics::clear::rates::{Exposed, rate_ratio, standardised_ratio};
use sharewell_analytics::clear::{self, Confidence, Finding};
use sharewell_study::{StatisticKind, Table};

use super::rates::rate_per;
use super::sheet::{Entry, Sheet};
use super::{Released, count, undefined};
use crate::{Plan, Plot};

/// The outer limits of a funnel plot (Spiegelhalter 2005); the inner ones are the study's.
const FAR: f64 = 0.998;

/// What a contributor alone learned of a cell.
struct Own {
    exposed: Exposed,
    lower: u64,
}

pub(super) fn benchmark(
    plan: &Plan,
    kind: &StatisticKind,
    confidence: Confidence,
    released: &Released<'_>,
    own: &[Option<Vec<i128>>],
) -> Vec<Sheet> {
    let StatisticKind::Benchmark { per, by, .. } = kind else {
        unreachable!("called for benchmarks only")
    };
    let table = &plan.study().table;
    let pooled = |cell: usize| {
        Ok(Exposed { events: count(released(0, cell)?), exposure: released(1, cell)? })
    };
    let pools: Vec<Result<Exposed, String>> = (0..plan.cells()).map(pooled).collect();
    let mut sheets = vec![pool(table, by, &pools, *per, confidence)];
    let givers = plan.names_of(&plan.givers());
    let quantum = plan.exposure_quantum();
    for (name, opened) in givers.iter().zip(own) {
        let Some(opened) = opened else { continue };
        let of_cell = |cell: usize| {
            let at = |part: usize| opened[part * plan.cells() + cell];
            let exposed = Exposed { events: at(0) as u64, exposure: at(1) as f64 * quantum };
            Own { exposed, lower: at(2) as u64 }
        };
        let own: Vec<Own> = (0..plan.cells()).map(of_cell).collect();
        let both = || (0..).zip(pools.iter().zip(&own));
        let rows = both().flat_map(|(cell, (pool, own))| {
            let of = pool.as_ref().map(|pool| (own, *pool)).map_err(String::clone);
            beside(&codes(table, by, cell), &of, *per, confidence)
        });
        let labels = labels(table, by, "measure");
        sheets.push(Sheet::findings(&format!("{name} beside the pool"), &labels, rows.collect()));
        let mut places = Sheet::new(format!("{name} among the contributors"), &{
            let columns = ["events", "expected", "others", "with a lower rate", "verdict"];
            [&labels_of(table, by)[..], &columns].concat()
        });
        for (cell, (pool, own)) in both() {
            let row = codes(table, by, cell);
            match pool.clone().and_then(|pool| place(own, pool, givers.len(), confidence)) {
                Ok(place) => places.row([row, place].concat()),
                Err(why) => places.row_without(row, &why),
            }
        }
        sheets.push(places);
    }
    sheets
}

fn labels_of<'t>(table: &'t Table, by: &[usize]) -> Vec<&'t str> {
    by.iter().map(|&i| table.columns[i].name.as_str()).collect()
}

fn labels<'t>(table: &'t Table, by: &[usize], last: &'t str) -> Vec<&'t str> {
    [&labels_of(table, by)[..], &[last]].concat()
}

fn codes(table: &Table, by: &[usize], cell: u64) -> Vec<Entry> {
    table.cell(by, cell).into_iter().map(Entry::text).collect()
}

fn pool(
    table: &Table,
    by: &[usize],
    pools: &[Result<Exposed, String>],
    per: f64,
    confidence: Confidence,
) -> Sheet {
    let columns = ["events", "exposure", "rate", "lower", "upper"];
    let mut sheet = Sheet::new("pool", &[&labels_of(table, by)[..], &columns].concat());
    for (cell, pool) in (0..).zip(pools) {
        let mut row = codes(table, by, cell);
        let found = pool.clone().and_then(|of| Ok((of, undefined(rate_per(of, per, confidence))?)));
        match found {
            Err(why) => sheet.row_without(row, &why),
            Ok((of, rate)) => {
                row.extend([Entry::Whole(of.events as f64), Entry::Number(of.exposure)]);
                let limits = rate.interval.map(|limits| [limits.lower, limits.upper]);
                let [lower, upper] = [0, 1].map(|i| limits.map(|limits| limits[i]));
                row.extend([rate.estimate, lower, upper].map(Entry::number));
                sheet.row(row);
            }
        }
    }
    if by.is_empty() {
        return sheet;
    }
    let [estimate, lower, upper] = ["rate", "lower", "upper"].map(str::to_owned);
    sheet.drawn(Plot::Forest { estimate, lower, upper, ratio: false })
}

type Row = (Vec<Entry>, Result<Finding, String>);

/// A contributor's rate, that of all, that of the others, and how they compare.
fn beside(
    codes: &[Entry],
    of: &Result<(&Own, Exposed), String>,
    per: f64,
    confidence: Confidence,
) -> Vec<Row> {
    type Measure<'m> = &'m dyn Fn(Exposed, Exposed) -> clear::Result<Finding>;
    let measures: [(&str, Measure<'_>); 5] = [
        ("own rate", &|own, _| rate_per(own, per, confidence)),
        ("rate of all", &|_, pool| rate_per(pool, per, confidence)),
        ("rate of the others", &|own, pool| rate_per(others(own, pool), per, confidence)),
        ("observed over expected", &|own, pool| {
            standardised_ratio(own.events, expected(own, pool), confidence)
        }),
        ("ratio to the others", &|own, pool| rate_ratio(own, others(own, pool), confidence)),
    ];
    let row = |(name, measure): (&str, Measure<'_>)| {
        let found = of.as_ref().map_err(String::clone);
        let found = found.and_then(|(own, pool)| undefined(measure(own.exposed, *pool)));
        let found = found.map(|found| Finding { n: None, ..found });
        ([codes, &[Entry::text(name)]].concat(), found)
    };
    measures.into_iter().map(row).collect()
}

fn others(own: Exposed, pool: Exposed) -> Exposed {
    Exposed {
        events: pool.events.saturating_sub(own.events),
        exposure: pool.exposure - own.exposure,
    }
}

/// Events at the rate of all.
fn expected(own: Exposed, pool: Exposed) -> f64 {
    pool.events as f64 * (own.exposure / pool.exposure)
}

/// Where a contributor stands: outside the funnel, if what it observed is further from what is
/// expected than chance explains, the rate of all taken as known.
fn place(
    own: &Own,
    pool: Exposed,
    contributors: usize,
    confidence: Confidence,
) -> Result<Vec<Entry>, String> {
    let expected = expected(own.exposed, pool);
    let outside = |confidence: Confidence| {
        let found = undefined(standardised_ratio(own.exposed.events, expected, confidence))?;
        let limits = found.interval.ok_or("undefined: no interval")?;
        Ok::<_, String>((limits.upper < 1.0, limits.lower > 1.0))
    };
    let far = Confidence::new(FAR).map_err(|why| why.to_string())?;
    let verdict = match (outside(confidence)?, outside(far)?) {
        (_, (true, _)) => "far below",
        (_, (_, true)) => "far above",
        ((true, _), _) => "below",
        ((_, true), _) => "above",
        _ => "as expected",
    };
    Ok(vec![
        Entry::Whole(own.exposed.events as f64),
        Entry::Number(expected),
        Entry::Whole(contributors as f64 - 1.0),
        Entry::Whole(own.lower as f64),
        Entry::text(verdict),
    ])
}

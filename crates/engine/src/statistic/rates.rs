//! Rates of events per exposure, compared between groups.

use sharewell_analytics::clear::rates::{
    Exposed, homogeneity, rate_ratio, rate_ratio_wald, standardised_ratio,
};
use sharewell_analytics::clear::{self, Confidence, Finding, Interval, Undefined};
use sharewell_analytics::poisson::{Truncation, rate};
use sharewell_study::{StatisticKind, Table};

use super::cells::{Cells, Place};
use super::sheet::{Entry, Sheet};
use super::{Released, count, undefined};
use crate::Plot;

pub(super) fn rates(
    table: &Table,
    kind: &StatisticKind,
    confidence: Confidence,
    released: &Released<'_>,
) -> Vec<Sheet> {
    let StatisticKind::Rates { per, group, reference, strata, .. } = kind else {
        unreachable!("called for rates only")
    };
    let cells = Cells::new(table, &kind.group_by());
    let strata = cells.combinations(strata);
    let names = table.columns[*group].values();
    let exposed = |places: &[Place]| {
        let cell = cells.cell(places);
        Ok::<_, String>(Exposed { events: count(released(0, cell)?), exposure: released(1, cell)? })
    };
    // Of each group, in each stratum.
    let tables: Vec<Result<Vec<Exposed>, String>> = (0..names.len())
        .map(|g| strata.iter().map(|(s, _)| exposed(&[&s[..], &[(*group, g)]].concat())).collect())
        .collect();
    let groups: Vec<Result<Exposed, String>> = tables
        .iter()
        .map(|strata| strata.as_ref().map(|all| sum(all)).map_err(Clone::clone))
        .collect();
    let name = table.columns[*group].name.as_str();
    let rate_of = |(name, of): (&&str, &Result<Exposed, String>)| {
        let of = of.clone().and_then(|of| undefined(rate_per(of, *per, confidence)));
        (vec![Entry::text(*name)], of)
    };
    let shown = names.iter().zip(&groups).map(rate_of).collect();
    let mut sheets = vec![
        events(name, &names, &groups),
        Sheet::findings("rates", &[name], shown).drawn(Plot::forest(false)),
    ];
    let mut ratios = vec![];
    for g in (0..names.len()).filter(|g| g != reference) {
        let of = |g: usize| tables[g].clone();
        let both = of(g).and_then(|of_group| Ok([of_group, of(*reference)?]));
        ratios.extend(against_reference(names[g], &both, confidence));
    }
    let title = format!("rate ratio to {}", names[*reference]);
    let ratios = Sheet::findings(&title, &[name, "method"], ratios);
    sheets.push(ratios.drawn(Plot::forest(true)));
    sheets.push(alike(groups.into_iter().collect()));
    sheets
}

/// The rate of a group over that of the reference, each in strata.
fn against_reference(
    name: &str,
    both: &Result<[Vec<Exposed>; 2], String>,
    confidence: Confidence,
) -> Vec<(Vec<Entry>, Result<Finding, String>)> {
    let row = |how: &str, of: &dyn Fn(&[Vec<Exposed>; 2]) -> clear::Result<Finding>| {
        let found = both.as_ref().map_err(String::clone).and_then(|both| undefined(of(both)));
        (vec![Entry::text(name), Entry::text(how)], found)
    };
    let mut rows = vec![
        row("exact", &|[of, other]| rate_ratio(sum(of), sum(other), confidence)),
        row("Wald", &|[of, other]| rate_ratio_wald(sum(of), sum(other), confidence)),
    ];
    if both.as_ref().is_ok_and(|[of, _]| of.len() > 1) {
        rows.push(row("standardised", &|[of, other]| standardised(of, other, confidence)));
    }
    rows
}

fn sum(of: &[Exposed]) -> Exposed {
    Exposed {
        events: of.iter().map(|of| of.events).sum(),
        exposure: of.iter().map(|of| of.exposure).sum(),
    }
}

fn events(name: &str, names: &[&str], groups: &[Result<Exposed, String>]) -> Sheet {
    let mut sheet = Sheet::new("events", &[name, "events", "exposure"]);
    for (name, of) in names.iter().zip(groups) {
        match of {
            Err(why) => sheet.row_without(vec![Entry::text(*name)], why),
            Ok(of) => {
                let numbers = [Entry::Whole(of.events as f64), Entry::number(Some(of.exposure))];
                sheet.row([&[Entry::text(*name)], &numbers[..]].concat());
            }
        }
    }
    sheet
}

/// The rate with the exact interval of observation until a time.
pub(super) fn rate_per(of: Exposed, per: f64, confidence: Confidence) -> clear::Result<Finding> {
    let found = rate(of.events, of.exposure, confidence.probability(), Truncation::Time);
    let found = found.ok_or(Undefined::Empty("exposure"))?;
    let limits = Interval { lower: found.lower * per, upper: found.upper * per, confidence };
    Ok(Finding::named("rate").estimate(found.rate * per).interval(limits))
}

/// Events of a group over those it would have had at the reference's rates.
fn standardised(
    of: &[Exposed],
    reference: &[Exposed],
    confidence: Confidence,
) -> clear::Result<Finding> {
    let mut expected = 0.0;
    for (of, reference) in of.iter().zip(reference).filter(|(of, _)| of.exposure > 0.0) {
        if reference.exposure <= 0.0 {
            return Err(Undefined::Empty("exposure of the reference in some stratum"));
        }
        expected += of.exposure * (reference.events as f64 / reference.exposure);
    }
    standardised_ratio(sum(of).events, expected, confidence)
}

/// Whether all groups share one rate.
fn alike(groups: Result<Vec<Exposed>, String>) -> Sheet {
    let found = groups.and_then(|groups| {
        let exposed: Vec<Exposed> = groups.into_iter().filter(|of| of.exposure > 0.0).collect();
        undefined(homogeneity(&exposed))
    });
    let of = |name: &str, of: &dyn Fn(&clear::rates::Homogeneity) -> Result<Finding, String>| {
        (vec![Entry::text(name)], found.as_ref().map_err(String::clone).and_then(of))
    };
    let rows = vec![
        of("Pearson", &|found| Ok(found.pearson.clone())),
        of("likelihood ratio", &|found| Ok(found.likelihood.clone())),
        of("exact", &|found| {
            let p = found.exact_p.ok_or("there are too many divisions of the events to add up")?;
            Ok(Finding { p: Some(p), ..Finding::named("exact") })
        }),
        of("dispersion", &|found| Ok(Finding::named("dispersion").estimate(found.dispersion))),
    ];
    Sheet::findings("homogeneity", &["test"], rows)
}

//! Survival from risk tables over a public grid of times.

use sharewell_analytics::clear::log_rank::{self, GroupsAtRisk, LogRank};
use sharewell_analytics::clear::survival::{
    self as curves, AtRisk, Step, kaplan_meier, restricted_mean, time_quantile,
};
use sharewell_analytics::clear::{Confidence, Finding, Interval};
use sharewell_study::{Grid, Scale, StatisticKind, Table, Weight};

use super::cells::{Cells, Place};
use super::sheet::{Entry, Sheet};
use super::{Released, undefined};
use crate::Plot;

/// Censored records and events by time.
type Leaving = Result<[Vec<u64>; 2], String>;

/// Survival of one group, or why it is not known.
struct Group {
    name: Vec<Entry>,
    rows: Result<Vec<AtRisk>, String>,
}

/// What a study of survival says.
struct Asked<'s> {
    time: &'s Grid,
    event: usize,
    group: Option<usize>,
    strata: &'s [usize],
    horizon: Option<f64>,
    weight: log_rank::Weight,
    scale: curves::Scale,
}

impl<'s> Asked<'s> {
    fn of(kind: &'s StatisticKind) -> Self {
        let StatisticKind::Survival { time, event, group, strata, horizon, weight, scale } = kind
        else {
            unreachable!("called for survival only")
        };
        let weight = match weight {
            Weight::LogRank => log_rank::Weight::LogRank,
            Weight::Gehan => log_rank::Weight::Gehan,
            Weight::TaroneWare => log_rank::Weight::TaroneWare,
            Weight::Peto => log_rank::Weight::Peto,
        };
        let scale = match scale {
            Scale::Plain => curves::Scale::Plain,
            Scale::Log => curves::Scale::Log,
            Scale::LogLog => curves::Scale::LogLog,
        };
        let (event, group, horizon) = (*event, *group, *horizon);
        Self { time, event, group, strata, horizon, weight, scale }
    }
}

pub(super) fn survival(
    table: &Table,
    kind: &StatisticKind,
    confidence: Confidence,
    released: &Released<'_>,
) -> Vec<Sheet> {
    let asked = Asked::of(kind);
    let cells = Cells::new(table, &kind.group_by());
    let of_group: Vec<usize> = asked.group.into_iter().collect();
    let groups = cells.combinations(&of_group);
    let strata = cells.combinations(asked.strata);
    let risk = |within: &[Place]| {
        let counts = |event: usize| {
            let places = [within, &[(asked.event, event)]].concat();
            cells.bins(asked.time, &places, released)
        };
        Ok::<_, String>([counts(0)?, counts(1)?])
    };
    // A risk table for each stratum and group.
    let tables: Vec<Vec<Leaving>> = strata
        .iter()
        .map(|(s, _)| groups.iter().map(|(g, _)| risk(&[&s[..], &g[..]].concat())).collect())
        .collect();
    let times: Vec<f64> =
        (0..asked.time.bins(table)).map(|bin| asked.time.ends(table, bin)[1]).collect();
    let pooled = |g: usize| {
        let of_strata: Result<Vec<_>, String> = tables.iter().map(|row| row[g].clone()).collect();
        of_strata.map(|of| at_risk(&times, &sum(&of)))
    };
    let named = groups.into_iter().enumerate();
    let groups: Vec<Group> = named.map(|(g, (_, name))| Group { name, rows: pooled(g) }).collect();
    let label = asked.group.map(|group| table.columns[group].name.as_str());
    let label: Vec<&str> = label.into_iter().collect();
    let curves: Vec<_> = groups.iter().map(|group| curve(group, asked.scale, confidence)).collect();
    let mut sheets = vec![
        steps(&label, &groups, &curves, confidence),
        summaries(&label, &groups, &curves, asked.horizon, confidence),
    ];
    if asked.group.is_some() {
        sheets.extend(comparison(&label, &groups, &times, &tables, &asked));
    }
    sheets
}

/// Censored records and events by time, over the strata.
fn sum(strata: &[[Vec<u64>; 2]]) -> [Vec<u64>; 2] {
    let bins = strata.first().map_or(0, |[censored, _]| censored.len());
    [0, 1].map(|kind| (0..bins).map(|bin| strata.iter().map(|of| of[kind][bin]).sum()).collect())
}

/// Who leaves in a bin was at risk until its end.
fn at_risk(times: &[f64], [censored, events]: &[Vec<u64>; 2]) -> Vec<AtRisk> {
    let mut staying = 0;
    let mut rows: Vec<AtRisk> = times
        .iter()
        .zip(censored.iter().zip(events))
        .rev()
        .map(|(&time, (censored, events))| {
            staying += censored + events;
            AtRisk { time, at_risk: staying, events: *events }
        })
        .collect();
    rows.reverse();
    rows
}

fn curve(group: &Group, scale: curves::Scale, confidence: Confidence) -> Result<Vec<Step>, String> {
    group.rows.clone().and_then(|rows| undefined(kaplan_meier(&rows, scale, confidence)))
}

fn steps(
    label: &[&str],
    groups: &[Group],
    curves: &[Result<Vec<Step>, String>],
    confidence: Confidence,
) -> Sheet {
    let columns = [
        "time",
        "at risk",
        "events",
        "survival",
        "standard error",
        "lower",
        "upper",
        "cumulative hazard",
        "hazard standard error",
    ];
    let mut sheet = Sheet::new("survival", &[label, &columns].concat());
    for (group, curve) in groups.iter().zip(curves) {
        match curve {
            Err(why) => sheet.row_without(group.name.clone(), why),
            Ok(steps) => start(group, confidence).iter().chain(steps).for_each(|step| {
                let mut row = group.name.clone();
                row.push(Entry::exact(step.time));
                row.extend([step.at_risk, step.events].map(|n| Entry::Whole(n as f64)));
                let limits = step.interval;
                row.extend([
                    Entry::Number(step.survival),
                    Entry::number(step.standard_error),
                    Entry::number(limits.map(|i| i.lower)),
                    Entry::number(limits.map(|i| i.upper)),
                    Entry::Number(step.hazard),
                    Entry::Number(step.hazard_error),
                ]);
                sheet.row(row);
            }),
        }
    }
    let [x, y, lower, upper, at_risk] =
        ["time", "survival", "lower", "upper", "at risk"].map(str::to_owned);
    sheet.drawn(Plot::Steps { x, y, lower, upper, at_risk })
}

/// All that were observed, before anything happened.
fn start(group: &Group, confidence: Confidence) -> Option<Step> {
    let n = group.rows.as_ref().ok()?.first()?.at_risk;
    (n > 0).then_some(Step {
        time: 0.0,
        at_risk: n,
        events: 0,
        survival: 1.0,
        standard_error: Some(0.0),
        interval: Some(Interval::around(1.0, 0.0, confidence)),
        hazard: 0.0,
        hazard_error: 0.0,
    })
}

/// Median and mean survival; both only as far as somebody was observed.
fn summaries(
    label: &[&str],
    groups: &[Group],
    curves: &[Result<Vec<Step>, String>],
    horizon: Option<f64>,
    confidence: Confidence,
) -> Sheet {
    let mut rows: Vec<(Vec<Entry>, Result<Finding, String>)> = vec![];
    for (group, curve) in groups.iter().zip(curves) {
        let records = |rows: &Vec<AtRisk>| rows.first().map_or(0, |row| row.at_risk);
        let n = group.rows.as_ref().map_or(0, records);
        let named = |measure: &str| [&group.name[..], &[Entry::text(measure)]].concat();
        let median = curve.clone().and_then(|steps| match steps.is_empty() {
            true => Err("no event: half of the records outlast the observation".to_owned()),
            false => undefined(time_quantile(&steps, 0.5)),
        });
        rows.push((named("median"), median.map(|found| found.n(n))));
        if let Some(horizon) = horizon {
            let rows_of = group.rows.clone();
            let mean =
                rows_of.and_then(|rows| undefined(restricted_mean(&rows, horizon, confidence)));
            rows.push((named(&format!("mean until {horizon}")), mean.map(|found| found.n(n))));
        }
    }
    Sheet::findings("time to event", &[label, &["measure"]].concat(), rows)
}

fn comparison(
    label: &[&str],
    groups: &[Group],
    times: &[f64],
    tables: &[Vec<Leaving>],
    asked: &Asked<'_>,
) -> [Sheet; 2] {
    // A group without records is none.
    let is_there = |group: &Group| {
        group.rows.as_ref().map_or(true, |rows| rows.first().is_some_and(|row| row.at_risk > 0))
    };
    let there: Vec<usize> = (0..groups.len()).filter(|g| is_there(&groups[*g])).collect();
    let of_stratum = |of_groups: &Vec<Leaving>| {
        let groups: Result<Vec<_>, String> =
            there.iter().map(|g| of_groups[*g].clone().map(|of| at_risk(times, &of))).collect();
        groups.map(|groups| side_by_side(times, &groups))
    };
    let strata: Result<Vec<_>, String> = tables.iter().map(of_stratum).collect();
    let found = strata.and_then(|strata| undefined(log_rank::log_rank(&strata, asked.weight)));
    let mut sheet = Sheet::new("events", &[label, &["observed", "expected"]].concat());
    for (g, group) in groups.iter().enumerate() {
        match (&found, there.iter().position(|there| *there == g)) {
            (_, None) => sheet.row_without(group.name.clone(), "no records"),
            (Err(why), _) => sheet.row_without(group.name.clone(), why),
            (Ok(LogRank { observed, expected, .. }), Some(g)) => {
                let numbers = [observed[g], expected[g]].map(|x| Entry::number(Some(x)));
                sheet.row([&group.name[..], &numbers].concat());
            }
        }
    }
    let weighted = match asked.weight {
        log_rank::Weight::Gehan => "Gehan-Breslow",
        log_rank::Weight::TaroneWare => "Tarone-Ware",
        log_rank::Weight::Peto => "Peto-Peto",
        _ => "log-rank",
    };
    let name = if asked.strata.is_empty() { "" } else { ", stratified" };
    let row = (vec![Entry::text(format!("{weighted}{name}"))], found.map(|found| found.finding));
    [sheet, Sheet::findings("comparison", &["test"], vec![row])]
}

fn side_by_side(times: &[f64], groups: &[Vec<AtRisk>]) -> Vec<GroupsAtRisk> {
    let row = |(i, &time): (usize, &f64)| GroupsAtRisk {
        time,
        at_risk: groups.iter().map(|group| group[i].at_risk).collect(),
        events: groups.iter().map(|group| group[i].events).collect(),
    };
    times.iter().enumerate().map(row).collect()
}

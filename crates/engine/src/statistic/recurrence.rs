//! Events that come again, from counts over a public grid of times.

use sharewell_analytics::clear::Confidence;
use sharewell_analytics::clear::recurrence::{Leaving, mean_function, mean_time_between};
use sharewell_study::{Grid, Table};

use super::cells::{Cells, Place};
use super::sheet::{Entry, Sheet};
use super::{Released, undefined};
use crate::Plot;

pub(super) fn recurrence(
    table: &Table,
    time: &Grid,
    (event, group): (usize, Option<usize>),
    confidence: Confidence,
    released: &Released<'_>,
) -> Vec<Sheet> {
    let of_group: Vec<usize> = group.into_iter().collect();
    let cells = Cells::new(table, &[&[event], &of_group[..]].concat());
    let times: Vec<f64> = (0..time.bins(table)).map(|bin| time.ends(table, bin)[1]).collect();
    let leaving = |within: &[Place]| {
        let counts = |truth: usize| {
            let places = [within, &[(event, truth)]].concat();
            cells.bins(time, &places, released)
        };
        let (ended, events) = (counts(0)?, counts(1)?);
        let rows = times.iter().zip(ended.into_iter().zip(events));
        let row = |(&time, (ended, events))| Leaving { time, ended, events };
        Ok::<Vec<Leaving>, String>(rows.map(row).collect())
    };
    let label: Vec<&str> = of_group.iter().map(|&of| table.columns[of].name.as_str()).collect();
    let columns = ["time", "observed", "events", "mean events", "standard error", "lower", "upper"];
    let mut curve = Sheet::new("mean cumulative function", &[&label[..], &columns].concat());
    let mut rows = vec![];
    for (places, name) in cells.combinations(&of_group) {
        let found = leaving(&places);
        let steps = found.clone().and_then(|rows| undefined(mean_function(&rows, confidence)));
        match steps {
            Err(why) => curve.row_without(name.clone(), &why),
            Ok(steps) => steps.iter().for_each(|step| {
                let mut row = name.clone();
                row.push(Entry::exact(step.time));
                row.extend([step.at_risk, step.events].map(|n| Entry::Whole(n as f64)));
                let limits = [step.interval.lower, step.interval.upper];
                row.extend([step.mean, step.standard_error].map(Entry::Number));
                row.extend(limits.map(Entry::Number));
                curve.row(row);
            }),
        }
        let between = found.and_then(|rows| {
            let exposure: f64 = rows.iter().map(|row| row.ended as f64 * row.time).sum();
            let events = rows.iter().map(|row| row.events).sum();
            undefined(mean_time_between(events, exposure, confidence))
        });
        rows.push((name, between));
    }
    let [x, y, lower, upper, at_risk] =
        ["time", "mean events", "lower", "upper", "observed"].map(str::to_owned);
    let curve = curve.drawn(Plot::Steps { x, y, lower, upper, at_risk });
    vec![curve, Sheet::findings("mean time between events", &label, rows)]
}

//! How well a score finds what it should: from the scores of what was there and what was not.

use sharewell_analytics::clear::detector::{
    Group, average_precision, calibration, curve, hosmer_lemeshow, roc_area,
};
use sharewell_analytics::clear::{Confidence, Finding};
use sharewell_study::{StatisticKind, Table};

use super::cells::{Cells, Place};
use super::sheet::{Entry, Sheet};
use super::{Released, undefined};

/// One operating condition.
struct Condition {
    name: Vec<Entry>,
    /// Records without and with what was to be found, by bin.
    counts: Result<[Vec<u64>; 2], String>,
    /// The same, with the sum of the scores, where they are probabilities.
    groups: Result<Vec<Group>, String>,
}

pub(super) fn detector(
    table: &Table,
    kind: &StatisticKind,
    confidence: Confidence,
    released: &Released<'_>,
) -> Vec<Sheet> {
    let StatisticKind::Detector { score, truth, by, calibrated } = kind else {
        unreachable!("called for detectors only")
    };
    let cells = Cells::new(table, &kind.group_by());
    let condition = |(places, name): (Vec<Place>, Vec<Entry>)| {
        let of = |truth_is: usize| [&places[..], &[(*truth, truth_is)]].concat();
        let both = [0, 1].map(|truth_is| cells.bins(score, &of(truth_is), released));
        let [without, with] = both;
        let counts = without.and_then(|without| Ok([without, with?]));
        let predicted = |bin: u64| {
            let of = |truth_is| released(1, cells.bin(score, &of(truth_is), bin));
            Ok::<_, String>(of(0)? + of(1)?)
        };
        let group = |bin: u64, counts: &[Vec<u64>; 2]| {
            let [without, events] = counts.each_ref().map(|counts| counts[bin as usize]);
            Ok(Group { n: without + events, events, predicted: predicted(bin)? })
        };
        let groups = counts.clone().and_then(|counts| match calibrated {
            0 => Ok(vec![]),
            _ => (0..score.bins(table)).map(|bin| group(bin, &counts)).collect(),
        });
        Condition { name, counts, groups }
    };
    let conditions: Vec<Condition> = cells.combinations(by).into_iter().map(condition).collect();
    let names: Vec<&str> = by.iter().map(|&i| table.columns[i].name.as_str()).collect();
    let thresholds: Vec<String> =
        (0..score.bins(table)).map(|bin| score.name(table, bin)).collect();
    let mut sheets = vec![
        areas(&names, &conditions, confidence),
        precision_recall(&names, &conditions, &thresholds),
    ];
    if *calibrated > 0 {
        sheets.extend(calibrations(&names, &conditions, *calibrated as usize));
    }
    sheets
}

/// Groups in which predicted probabilities are compared with how often they came true.
const TENTHS: usize = 10;

/// How well probabilities, in bins, tell records with events from those without, and whether they
/// come true.
pub(super) fn of_probabilities(
    groups: Result<Vec<Group>, String>,
    confidence: Confidence,
) -> Vec<Sheet> {
    let of_bins = |of: fn(&Group) -> u64| groups.clone().map(|all| all.iter().map(of).collect());
    let counts = of_bins(|group| group.n - group.events)
        .and_then(|without| Ok([without, of_bins(|group| group.events)?]));
    let condition = [Condition { name: vec![], counts, groups }];
    let mut sheets = vec![areas(&[], &condition, confidence)];
    sheets.extend(calibrations(&[], &condition, TENTHS));
    sheets
}

fn areas(names: &[&str], conditions: &[Condition], confidence: Confidence) -> Sheet {
    let mut rows: Vec<(Vec<Entry>, Result<Finding, String>)> = vec![];
    for Condition { name, counts, .. } in conditions {
        let named = |measure: &str| [&name[..], &[Entry::text(measure)]].concat();
        let roc = counts
            .clone()
            .and_then(|[without, with]| undefined(roc_area(&with, &without, confidence)));
        let precision = counts.clone().and_then(|[without, with]| {
            undefined(average_precision(&with, &without, with.iter().sum()))
        });
        rows.push((named("area under the ROC curve"), roc));
        rows.push((named("average precision"), precision));
    }
    Sheet::findings("quality", &[names, &["measure"]].concat(), rows)
}

fn precision_recall(names: &[&str], conditions: &[Condition], thresholds: &[String]) -> Sheet {
    let columns = ["score from", "found", "false alarms", "recall", "precision"];
    let mut sheet = Sheet::new("precision and recall", &[names, &columns].concat());
    for Condition { name, counts, .. } in conditions {
        let found = counts
            .clone()
            .and_then(|[without, with]| undefined(curve(&with, &without, with.iter().sum())));
        match found {
            Err(why) => sheet.row_without(name.clone(), &why),
            Ok(points) => points.into_iter().for_each(|point| {
                let mut row = name.clone();
                row.push(Entry::text(&thresholds[point.cell]));
                row.extend([point.found, point.false_alarms].map(|n| Entry::Whole(n as f64)));
                row.extend([point.recall, point.precision].map(Entry::Number));
                sheet.row(row);
            }),
        }
    }
    sheet
}

fn calibrations(names: &[&str], conditions: &[Condition], parts: usize) -> [Sheet; 2] {
    let columns = ["group", "n", "events", "observed", "predicted"];
    let mut sheet = Sheet::new("calibration", &[names, &columns].concat());
    let mut rows = vec![];
    for Condition { name, groups, .. } in conditions {
        let joined = groups.clone().and_then(|groups| undefined(calibration(&groups, parts)));
        let named = [&name[..], &[Entry::text("Hosmer-Lemeshow")]].concat();
        let test = joined.clone().and_then(|groups| undefined(hosmer_lemeshow(&groups)));
        rows.push((named, test));
        match joined {
            Err(why) => sheet.row_without(name.clone(), &why),
            Ok(groups) => groups.into_iter().enumerate().for_each(|(i, group)| {
                let n = group.n as f64;
                let whole = [(i + 1) as f64, n, group.events as f64].map(Entry::Whole);
                let shares = [group.events as f64 / n, group.predicted / n];
                let shares = shares.map(|x| Entry::number(Some(x)));
                sheet.row([&name[..], &whole, &shares].concat());
            }),
        }
    }
    [sheet, Sheet::findings("test of calibration", &[names, &["test"]].concat(), rows)]
}

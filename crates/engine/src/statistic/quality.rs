//! The joint audit's tables.

use sharewell_study::{Drift, JointQuality, Reveal};

use super::sheet::{Entry, Sheet};
use crate::{Plan, ResultTable};

/// The counts, then a table for each drift; `released` in the order of the plan's outputs.
pub(crate) fn quality(
    plan: &Plan,
    asked: &JointQuality,
    released: &dyn Fn(usize) -> Result<(f64, f64), String>,
) -> Vec<ResultTable> {
    let study = plan.study();
    let table = &study.table;
    let column = |&i: &usize| ("missing", table.columns[i].name.clone());
    let mut counted = vec![("records", String::new())];
    counted.extend(asked.missing.iter().map(column));
    counted.extend(asked.implausible.iter().map(|it| ("implausible", it.to_text(table))));
    if asked.duplicates {
        let key: Vec<&str> = table.key.iter().map(|&i| table.columns[i].name.as_str()).collect();
        counted.push(("duplicates", key.join(", ")));
    }
    let mut sheet = Sheet::new("records", &["check", "of", "records", "share"]);
    let all = released(0);
    let drift_from = counted.len();
    for (item, (check, of)) in counted.into_iter().enumerate() {
        let cells = vec![Entry::text(check), Entry::text(of)];
        match released(item).and_then(|(count, _)| Ok((count, all.clone()?.0))) {
            Ok((count, all)) => {
                let share = Entry::number(Some(count / all));
                sheet.row([cells, vec![Entry::Whole(count), share]].concat());
            }
            Err(reason) => sheet.row_without(cells, &reason),
        }
    }
    let givers: Vec<&str> = study.data_parties().map(|i| study.parties[i].name.as_str()).collect();
    let drifts = asked.drift.iter().enumerate().map(|(i, drift)| {
        let of_party = |giver| released(drift_from + i * givers.len() + giver);
        let name = format!("{} of {}", drift.index.name(), drift.value.to_text(table));
        drift_sheet(name, drift, &givers, &of_party)
    });
    std::iter::once(sheet).chain(drifts).map(Sheet::into_table).collect()
}

fn drift_sheet(
    name: String,
    drift: &Drift,
    givers: &[&str],
    released: &dyn Fn(usize) -> Result<(f64, f64), String>,
) -> Sheet {
    let limit = drift.limit.to_string().parse::<f64>().ok();
    let shown = match drift.reveal {
        Reveal::Verdict => "verdict",
        Reveal::Index => "index",
    };
    let mut sheet = Sheet::new(name, &["party", "limit", shown]);
    for (giver, party) in givers.iter().enumerate() {
        let mut cells = vec![Entry::text(*party), Entry::number(limit)];
        match (released(giver), drift.reveal) {
            (Err(reason), _) => sheet.row_without(cells, &reason),
            (Ok((index, error)), Reveal::Index) => {
                cells.push(Entry::Inexact(index, error));
                sheet.row(cells);
            }
            (Ok((within, _)), Reveal::Verdict) => {
                cells.push(Entry::text(if within == 1.0 { "within" } else { "beyond" }));
                sheet.row(cells);
            }
        }
    }
    sheet
}

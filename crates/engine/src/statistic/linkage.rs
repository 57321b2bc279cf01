//! The tables of linked records.

use sharewell_study::Linkage;

use super::sheet::{Entry, Sheet};
use crate::rows::pairs_of;
use crate::{Plan, ResultTable};

/// What links, and what is crossed; `released` in the order of the plan's outputs.
pub(crate) fn linkage(
    plan: &Plan,
    asked: &Linkage,
    released: &dyn Fn(usize) -> Result<(f64, f64), String>,
) -> Vec<ResultTable> {
    let study = plan.study();
    let table = &study.table;
    let parties: Vec<&str> = study.data_parties().map(|i| study.parties[i].name.as_str()).collect();
    let pairs: Vec<String> = pairs_of(&parties).iter().map(|pair| pair.join(", ")).collect();
    let mut next = 0;
    let mut row = |sheet: &mut Sheet, cells: Vec<Entry>| {
        match released(next) {
            Ok((count, _)) => sheet.row([cells, vec![Entry::Whole(count)]].concat()),
            Err(reason) => sheet.row_without(cells, &reason),
        }
        next += 1;
    };
    let mut keys = Sheet::new("keys in common", &["key", "organisations", "values"]);
    for key in &asked.keys {
        let key: Vec<&str> = key.iter().map(|&i| table.columns[i].name.as_str()).collect();
        let all = (parties.len() > 2).then(|| "all".to_owned());
        for of in pairs.iter().chain(&all) {
            row(&mut keys, vec![Entry::text(key.join(", ")), Entry::text(of)]);
        }
    }
    let mut sheets = vec![keys];
    if asked.keys.len() > 1 {
        let mut linked = Sheet::new("linked by any key", &["organisations", "pairs of records"]);
        pairs.iter().for_each(|of| row(&mut linked, vec![Entry::text(of)]));
        sheets.push(linked);
    }
    if let Some(cross) = &asked.cross {
        let [first, second] = cross.columns.map(|i| &table.columns[i]);
        let of = |side: usize| {
            let party = &study.parties[cross.parties[side]].name;
            format!("{} at {party}", table.columns[cross.columns[side]].name)
        };
        let heads = [of(0), of(1), "records".to_owned()];
        let mut crossed = Sheet::new("linked records", &heads.each_ref().map(String::as_str));
        for own in first.values() {
            for theirs in second.values() {
                row(&mut crossed, vec![Entry::text(own), Entry::text(theirs)]);
            }
        }
        sheets.push(crossed);
    }
    sheets.into_iter().map(Sheet::into_table).collect()
}

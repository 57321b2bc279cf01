//! Groups of records that are near each other.

use sharewell_analytics::clear::clusters::Centres;
use sharewell_analytics::clear::regression::Family;
use sharewell_study::{Errors, Recorded, RowExpr, Table};

use super::Released;
use super::sheet::{Entry, Sheet};
use crate::joint::Opened;
use crate::path::{After, Kept, Path, Start, Term, centre_and_unit};
use crate::{Error, Plan, Refusal};

/// The steps, and what a provider keeps of its records for them.
pub(super) fn steps(
    table: &Table,
    values: &[RowExpr],
    (clusters, steps): (usize, u32),
) -> Result<(Path, Vec<Recorded>), Error> {
    let kept = |value: &RowExpr| -> Result<Kept, Refusal> {
        let range = value.range(table).map_err(|overflow| {
            Refusal::new(overflow.to_string(), "narrow the column's range, or use fewer decimals")
        })?;
        Ok(Kept { name: value.to_text(table), range })
    };
    let kept = values.iter().map(kept).collect::<Result<Vec<_>, _>>()?;
    let term = |kept: &Kept| {
        let (centre, unit) = centre_and_unit(kept.range);
        Term { name: kept.name.clone(), centre, unit }
    };
    let recorded = values.iter().zip(&kept).map(|(value, kept)| Recorded::Number {
        expr: value.to_sql(table),
        decimals: kept.range.decimals,
    });
    let recorded = recorded.collect();
    let path = Path {
        family: Family::KMeans { clusters },
        steps,
        terms: kept.iter().map(term).collect(),
        kept,
        has_exposure: false,
        after: After { errors: Errors::Model, bins: 0 },
        ridge: 0.0,
    };
    Ok((path, recorded))
}

/// Units and centres, in the units of the steps.
pub(super) fn start(
    path: &Path,
    clusters: usize,
    released: &Released<'_>,
) -> Result<Start, String> {
    let (mut means, mut deviations) = (vec![], vec![]);
    for (i, term) in path.terms.iter().enumerate() {
        means.push((released(1 + 2 * i, 0)? - term.centre) / term.unit);
        deviations.push(released(2 + 2 * i, 0)?.max(0.0).sqrt() / term.unit);
    }
    let centres = Centres::on_a_line(&means, &deviations, clusters);
    Ok(Start { at: centres.numbers(), penalties: vec![] })
}

/// The groups, and how near their records are.
pub(super) fn tables(plan: &Plan, opened: &Opened, released: &Released<'_>) -> Vec<Sheet> {
    let path = plan.path.as_ref().expect("groups are found in steps");
    let found = opened.clusters.as_ref().expect("the steps were taken");
    let names: Vec<&str> = path.terms.iter().map(|term| term.name.as_str()).collect();
    let mut groups = Sheet::new("groups", &[&["group", "records"], &names[..]].concat());
    let columns = ["n", "within", "of all", "steps", "settled"];
    let mut fit = Sheet::new("squared distances to the centres", &columns);
    let found =
        found.as_ref().map_err(String::clone).and_then(|found| Ok((found, released(0, 0)?)));
    match found {
        Err(reason) => {
            groups.row_without(vec![], &reason);
            fit.row_without(vec![], &reason);
        }
        Ok((found, n)) => {
            let means = found.means.chunks(names.len()).zip(&found.sizes).enumerate();
            for (i, (means, size)) in means {
                let mut row = vec![Entry::Whole(i as f64 + 1.0), Entry::Whole(*size)];
                let in_units = means.iter().zip(&path.terms);
                row.extend(in_units.map(|(mean, term)| match *size > 0.0 {
                    true => Entry::Number(mean * term.unit + term.centre),
                    false => Entry::Nothing("no record is near".into()),
                }));
                groups.row(row);
            }
            let varying = found.units.iter().filter(|unit| **unit > 0.0).count() as f64;
            let settled = if found.settled { "yes" } else { "no: raise `steps`" };
            fit.row(vec![
                Entry::Whole(n),
                Entry::Number(found.within),
                Entry::Number((n - 1.0) * varying),
                Entry::Whole(found.steps as f64),
                Entry::text(settled),
            ]);
        }
    }
    vec![groups, fit]
}

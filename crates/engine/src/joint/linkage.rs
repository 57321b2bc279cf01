//! Which records of different organisations belong together, counted on shares.

use sharewell_analytics::Value;
use sharewell_analytics::release::{Minimum, gate};
use sharewell_analytics::table::{Common, Side, Table, common_keys, link};
use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::Ring;

use super::in_lanes;
use super::rows::Rows;
use crate::Plan;
use crate::rows::{Linked, pairs_of};

/// The counts that a plan asks for, in the order of [`Linked::names`]; each is undefined where it is
/// below the number of records that the study wants behind what is released.
pub(super) fn linked<P: Protocol + Send>(
    p: &mut P,
    linked: &Linked,
    rows: &Rows<P>,
    plan: &Plan,
) -> Result<Vec<Value<P>>> {
    let parties: Vec<usize> = plan.study.data_parties().collect();
    let places = plan.givers();
    // The rows stand in the order of the run.
    let at = |party: usize| places.iter().position(|place| *place == plan.place(party));
    let mut sides = vec![];
    for &party in &parties {
        let own = rows.of_giver(at(party).expect("a data party gives"), plan);
        let mut keys = vec![];
        for key in &linked.keys {
            keys.push(own.present(p, plan, key.digest, key.present)?);
        }
        let crossed = linked.cross.iter().flatten().find(|(of, _)| *of == party);
        let mut values = vec![];
        for &column in crossed.iter().flat_map(|(_, columns)| columns) {
            values.push(own.flag(p, column)?);
        }
        sides.push(Side { keys, values });
    }
    let keys: Vec<usize> = (0..linked.keys.len()).collect();
    let common = in_lanes(p, &keys, &|p, key| {
        let owner = |side: &Side<P>| {
            let (column, valid) = &side.keys[*key];
            Table { keys: vec![column.clone()], columns: vec![], valid: valid.clone() }
        };
        common_keys(p, &sides.iter().map(owner).collect::<Vec<_>>())
    })?;
    let of_key = |common: Common<P::AShare>| {
        let all = (sides.len() > 2).then_some(common.all);
        common.pairs.into_iter().chain(all)
    };
    let mut counts: Vec<P::AShare> = common.into_iter().flat_map(of_key).collect();

    let of = |party: usize| parties.iter().position(|of| *of == party).expect("a data party");
    let cross = linked.cross.as_ref().map(|[(a, _), (b, _)]| [of(*a), of(*b)]);
    let is_crossed = |[a, b]: [usize; 2]| cross.filter(|of| *of == [a, b] || *of == [b, a]);
    let several = linked.keys.len() > 1;
    let mut pairs = pairs_of(&(0..sides.len()).collect::<Vec<_>>());
    pairs.retain(|pair| several || is_crossed(*pair).is_some());
    let links = in_lanes(p, &pairs, &|p, pair| {
        let [first, second] = is_crossed(*pair).unwrap_or(*pair);
        link(p, &sides[first], &sides[second])
    })?;
    let (linked, crossed): (Vec<_>, Vec<_>) =
        links.into_iter().map(|links| (links.pairs, links.cross)).unzip();
    counts.extend(linked.into_iter().filter(|_| several));
    counts.extend(crossed.into_iter().flatten());
    suppressed(p, counts, plan)
}

fn suppressed<P: Protocol>(
    p: &mut P,
    counts: Vec<P::AShare>,
    plan: &Plan,
) -> Result<Vec<Value<P>>> {
    let minimum = Minimum { records: plan.study.release.min_records, parties: 1 };
    let all = P::AShare::concat(&counts.iter().collect::<Vec<_>>());
    let two = p.public(&vec![P::Ring::ONE; counts.len()]);
    let most = plan.records_max().saturating_mul(linked_times(plan));
    let enough = gate(p, &all, &two, minimum, most)?;
    let value = |(i, count)| {
        let defined = Some(enough.gather(&[i]));
        Value { defined, ..Value::exact(count, 0, 0, i128::from(most)) }
    };
    Ok(counts.into_iter().enumerate().map(value).collect())
}

/// How often a record can be linked: once by each key.
fn linked_times(plan: &Plan) -> u64 {
    plan.linked.as_ref().map_or(1, |linked| linked.keys.len() as u64)
}

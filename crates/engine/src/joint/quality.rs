//! What is asked of all providers' records together, of what each of them gave.

use sharewell_analytics::drift::{self, Sample};
use sharewell_analytics::table::{Column, Table, count_distinct};
use sharewell_analytics::{Fallible, Value};
use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Ring};
use sharewell_study::{DriftIndex, Reveal};

use crate::Plan;
use crate::plan::Drift;

/// How many records have the key of another one before them. `given` by place of the party.
pub(super) fn repeats<P: Protocol>(
    p: &mut P,
    given: &[P::AShare],
    plan: &Plan,
) -> Result<Value<P>> {
    let sums = plan.sums_len();
    let keys: Vec<P::AShare> =
        given.iter().filter(|x| !x.is_empty()).map(|x| x.take(sums..x.len())).collect();
    let values = P::AShare::concat(&keys.iter().collect::<Vec<_>>());
    let (rows, bits) = (values.len(), plan.local.keys.as_ref().map_or(0, |keys| keys.bits));
    // The keys of places without a record occur once, so that all places may count.
    let valid = p.public(&vec![P::Ring::ONE; rows]);
    let keys = vec![Column { values, bits: bits + 2 }];
    let distinct = count_distinct(p, &Table { keys, columns: vec![], valid })?;
    let mut repeats = p.public(&[P::Ring::from_i128(rows as i128)]);
    repeats -= &distinct;
    p.note_bound(&mut repeats, 0, rows as i128);
    Ok(Value::exact(repeats, 0, 0, rows as i128))
}

/// One party's values beside those of the others. The objective has one cell.
pub(super) fn drift<P: Protocol>(
    p: &mut P,
    of: &Drift,
    given: &[P::AShare],
    plan: &Plan,
) -> Fallible<Value<P>> {
    let sample = |places: &[u8]| {
        let of_places = |index: &[usize]| {
            let mut parts = places.iter().map(|place| given[usize::from(*place)].gather(index));
            let mut total = parts.next().expect("a study with drift has two data parties");
            parts.for_each(|part| total += &part);
            total
        };
        Sample {
            below: of_places(&of.below),
            count: of_places(&[of.count]),
            count_max: plan.study.table.max_rows.saturating_mul(places.len() as u64),
        }
    };
    let own = plan.place(of.party);
    let others: Vec<u8> = plan.givers().into_iter().filter(|place| *place != own).collect();
    let (own, others) = (sample(&[own]), sample(&others));
    let index = match of.index {
        DriftIndex::KolmogorovSmirnov => drift::kolmogorov_smirnov(p, &own, &others)?,
        DriftIndex::PopulationStability => drift::population_stability(p, &own, &others)?,
    };
    match (index, of.reveal) {
        (Err(overflow), _) => Ok(Err(overflow)),
        (Ok(index), Reveal::Index) => index.value(p),
        (Ok(index), Reveal::Verdict) => index.is_within(p, of.limit.digits, of.limit.scale.into()),
    }
}

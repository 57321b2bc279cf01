//! What is asked of all providers' records together, of what each of them gave.

use sharewell_analytics::drift::{self, Sample};
use sharewell_analytics::{Fallible, Value};
use sharewell_mpc::{Protocol, Share};
use sharewell_study::{DriftIndex, Reveal};

use crate::Plan;
use crate::plan::Drift;

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

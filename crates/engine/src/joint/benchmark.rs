//! What each contributor alone learns of itself among the others.

use sharewell_analytics::Fallible;
use sharewell_analytics::benchmark::lower_rates;
use sharewell_mpc::{Protocol, Share};

use crate::Plan;
use crate::plan::Benchmark;

/// For each giver, in the order of the run, cell by cell: its events, its exposure, and how many
/// others have a lower rate, 0 where the gate does not let the pool pass.
pub(super) fn own<P: Protocol>(
    p: &mut P,
    of: &Benchmark,
    given: &[P::AShare],
    passes: &P::AShare,
    plan: &Plan,
) -> Fallible<Vec<P::AShare>> {
    let (givers, cells) = (plan.givers(), plan.cells());
    let slot = |slot: usize| -> Vec<P::AShare> {
        let cells = slot * cells..(slot + 1) * cells;
        givers.iter().map(|place| given[usize::from(*place)].take(cells.clone())).collect()
    };
    let (events, exposures) = (slot(of.events), slot(of.exposure));
    let most = [of.events, of.exposure].map(|slot| plan.slots[slot].hi);
    let lower = match lower_rates(p, &events, &exposures, most)? {
        Ok(lower) => lower,
        Err(overflow) => return Ok(Err(overflow)),
    };
    let all = P::AShare::concat(&lower.iter().collect::<Vec<_>>());
    let passes = P::AShare::concat(&vec![passes; givers.len()]);
    let lower = p.mul(&all, &passes)?;
    let of_giver = |i: usize| {
        let lower = lower.take(i * cells..(i + 1) * cells);
        P::AShare::concat(&[&events[i], &exposures[i], &lower])
    };
    Ok(Ok((0..givers.len()).map(of_giver).collect()))
}

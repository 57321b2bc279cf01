//! The release gate beside its thresholds.

use sharewell_analytics::release::{Minimum, gate};
use sharewell_analytics::{Fallible, Value};
use sharewell_mpc::Protocol;
use sharewell_ring::{Integer, Z64, Z128};
use sharewell_tensor::Tensor;

use crate::{Input, Program, everywhere};

struct Gate {
    minimum: Minimum,
    records_max: u64,
}

impl Program for Gate {
    fn run<P: Protocol>(&self, p: &mut P, inputs: Vec<Value<P>>) -> Fallible<Value<P>> {
        let [records, parties] = [0, 1].map(|i| inputs[i].raw.shares());
        let raw = Tensor::integers(gate(p, records, parties, self.minimum, self.records_max)?);
        Ok(Ok(Value { raw, lo: 0, hi: 1, ..inputs[0].clone() }))
    }
}

/// Around a threshold, and both ends of what is possible.
fn around(least: u64, most: u64) -> Vec<u64> {
    let mut counts: Vec<u64> =
        [0, least - 1, least, least + 1, most].into_iter().map(|x| x.min(most)).collect();
    counts.dedup();
    counts
}

fn check<R: Integer>(minimum: Minimum, records_max: u64, parties_max: u64) {
    let parties = around(minimum.parties, parties_max);
    let records = around(minimum.records, records_max);
    let pairs: Vec<(u64, u64)> =
        records.iter().flat_map(|r| parties.iter().map(move |p| (*r, *p))).collect();
    let input = |hi: u64, of: fn(&(u64, u64)) -> u64| Input {
        decimals: 0,
        lo: 0,
        hi: hi.into(),
        cells: pairs.iter().map(|pair| of(pair).into()).collect(),
    };
    let inputs = [input(records_max, |pair| pair.0), input(parties_max, |pair| pair.1)];
    let want: Vec<i128> = pairs
        .iter()
        .map(|(records, parties)| *records >= minimum.records && *parties >= minimum.parties)
        .map(i128::from)
        .collect();
    let gate = Gate { minimum, records_max };
    for opened in everywhere::<R>(&gate, &inputs).expect("no arithmetic") {
        assert_eq!(opened.raw, want, "{minimum:?} of {records_max} and {parties_max}: {pairs:?}");
    }
}

#[test]
fn the_gate_opens_at_the_threshold_and_not_one_below() {
    let most = 100_000_000_000;
    let table = [
        (1, 1, 1, 1),
        (10, 3, 3000, 3),
        (10, 10, 9, 10),
        (128, 3, 255, 3),
        (127, 2, 256, 100),
        (256, 2, 256, 2),
        (1000, 3, 999, 3),
        (most, 100, most, 100),
        (1, 1, u64::MAX >> 1, 100),
        (u64::MAX >> 1, 3, 30, 3),
        (u64::MAX >> 1, 3, u64::MAX >> 1, 3),
    ];
    for (records, parties, records_max, parties_max) in table {
        check::<Z64>(Minimum { records, parties }, records_max, parties_max);
        check::<Z128>(Minimum { records, parties }, records_max, parties_max);
    }
}

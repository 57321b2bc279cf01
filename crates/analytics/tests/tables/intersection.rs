//! Intersections against the same in the clear.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sharewell_analytics::table::{Bins, Given, Placement, intersect};
use sharewell_mpc::protocols::bounds::Interval;
use sharewell_mpc::{Error, Protocol, Result};
use sharewell_ring::{Integer, Z64, Z128};

use crate::{Program, everywhere};

const KEY_BITS: u32 = 20;
const VALUE_MAX: i128 = 1000;

/// A giver's rows: keys, and columns of values.
#[derive(Clone, Debug)]
struct Rows {
    keys: Vec<u64>,
    columns: Vec<Vec<i128>>,
}

#[derive(Clone, Debug)]
struct Case {
    sides: [Rows; 2],
}

impl Case {
    fn bins(&self) -> Bins {
        let [first, second] = [0, 1].map(|i| self.sides[i].keys.len());
        Bins::new(first, second, KEY_BITS, [9; 16])
    }

    fn placements(&self, bins: &Bins) -> [Placement; 2] {
        let [first, second] = &self.sides;
        [bins.place(&first.keys).unwrap(), bins.spread(&second.keys).unwrap()]
    }

    /// Count, then each column's sum.
    fn expected(&self) -> Vec<i128> {
        let [first, second] = &self.sides;
        let row: BTreeMap<u64, usize> =
            second.keys.iter().enumerate().map(|(i, key)| (*key, i)).collect();
        let met: Vec<(usize, usize)> =
            (0..first.keys.len()).filter_map(|i| Some((i, *row.get(&first.keys[i])?))).collect();
        let mut out = vec![met.len() as i128];
        out.extend(first.columns.iter().map(|x| met.iter().map(|(i, _)| x[*i]).sum::<i128>()));
        out.extend(second.columns.iter().map(|x| met.iter().map(|(_, j)| x[*j]).sum::<i128>()));
        out
    }
}

impl Program for Case {
    fn run<P: Protocol>(&self, p: &mut P, me: Option<usize>) -> Result<Vec<P::Ring>> {
        let bins = self.bins();
        let placements = self.placements(&bins);
        let ring = |x: &Vec<i128>| x.iter().map(|x| P::Ring::from_i128(*x)).collect::<Vec<_>>();
        let columns = [0, 1].map(|i| self.sides[i].columns.iter().map(ring).collect::<Vec<_>>());
        let out = intersect(p, &bins, |p, range| {
            let share = |i: usize| {
                let columns: Vec<&[P::Ring]> = columns[i].iter().map(Vec::as_slice).collect();
                placements[i].share(range.clone(), &self.sides[i].keys, &columns)
            };
            let parts = [share(0), share(1)];
            let lens = [parts[0].len(), parts[1].len(), 0];
            let mine = match me {
                None => parts.concat(),
                Some(me) => parts.get(me).cloned().unwrap_or_default(),
            };
            let mut shared = p.input(&mine, &lens)?.into_iter();
            Ok([0, 1].map(|i| Given::new(shared.next().unwrap(), columns[i].len())))
        })?;
        let mut opened = p.reveal(&out.count)?;
        for sum in out.first.iter().chain(&out.second) {
            opened.extend(p.reveal(sum)?);
        }
        Ok(opened)
    }

    fn ranges(&self) -> Vec<Vec<Interval>> {
        let bins = self.bins();
        let side = |i: usize, places: usize| {
            let keys = vec![Interval::between(-2, (1 << KEY_BITS) - 1); places];
            let values = Interval::between(-VALUE_MAX, VALUE_MAX);
            [keys, vec![values; places * self.sides[i].columns.len()]].concat()
        };
        // All bins here fit one range.
        vec![side(0, bins.count()), side(1, bins.count() * bins.load()), vec![]]
    }
}

fn rows(n: usize, columns: usize) -> impl Strategy<Value = Rows> {
    let keys = prop::collection::btree_set(
        prop_oneof![3 => 0..200u64, 1 => 0..1u64 << KEY_BITS, 1 => Just((1 << KEY_BITS) - 1)],
        0..=n,
    );
    keys.prop_flat_map(move |keys| {
        let keys: Vec<u64> = keys.into_iter().rev().collect();
        let column = prop::collection::vec(-VALUE_MAX..=VALUE_MAX, keys.len());
        prop::collection::vec(column, columns)
            .prop_map(move |columns| Rows { keys: keys.clone(), columns })
    })
}

fn case(columns: [usize; 2]) -> impl Strategy<Value = Case> {
    (rows(150, columns[0]), rows(150, columns[1]))
        .prop_map(|(first, second)| Case { sides: [first, second] })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    #[test]
    fn counts_and_sums_over_the_intersection_are_exact(
        plain in case([0, 0]), first in case([2, 0]), second in case([0, 1]), both in case([1, 2]),
    ) {
        for case in [plain, first, second] {
            prop_assert_eq!(everywhere::<Z64>(&case), case.expected());
        }
        prop_assert_eq!(everywhere::<Z128>(&both), both.expected());
    }
}

#[test]
fn empty_sets_meet_nowhere_and_equal_ones_everywhere() {
    let rows = |keys: std::ops::Range<u64>| Rows { keys: keys.collect(), columns: vec![] };
    for (first, second) in [(0..0, 0..0), (0..0, 0..40), (0..40, 0..0), (0..40, 0..40)] {
        let case = Case { sides: [rows(first), rows(second)] };
        assert_eq!(everywhere::<Z64>(&case), case.expected());
    }
}

/// A set larger than what is compared at once.
#[test]
fn ranges_of_bins_add_up() {
    use sharewell_mpc::protocols::plain::Plain;
    let rows = |from: u64, n: u64| Rows {
        keys: (0..n).map(|i| from + 3 * i).collect(),
        columns: vec![(0..n as i128).map(|i| i % 7).collect()],
    };
    let case = Case { sides: [rows(0, 60_000), rows(30_000, 50_000)] };
    assert!(case.bins().count() * case.bins().load() > 1 << 20);
    let opened = case.run(&mut Plain::<Z64>::new(1), None).unwrap();
    assert_eq!(opened.into_iter().map(Integer::to_i128).collect::<Vec<_>>(), case.expected());
}

#[test]
fn keys_that_could_be_too_wide_are_refused() {
    struct Wide(Case);
    impl Program for Wide {
        fn run<P: Protocol>(&self, p: &mut P, me: Option<usize>) -> Result<Vec<P::Ring>> {
            self.0.run(p, me)
        }
        fn ranges(&self) -> Vec<Vec<Interval>> {
            let mut ranges = self.0.ranges();
            ranges[1][0] = Interval::between(0, 1 << 22);
            ranges
        }
    }
    let rows = |n: u64| Rows { keys: (0..n).collect(), columns: vec![] };
    let wide = Wide(Case { sides: [rows(3), rows(3)] });
    let mut bounds = sharewell_mpc::protocols::bounds::Bounds::<Z64>::new(wide.ranges());
    assert!(matches!(wide.run(&mut bounds, None), Err(Error::Overflow { .. })));
}

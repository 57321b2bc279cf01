//! Common keys and linked records against the same in the clear.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sharewell_analytics::table::{Column, Side, Table, common_keys, link};
use sharewell_mpc::protocols::bounds::Interval;
use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::{Protocol, Result, Share};
use sharewell_ring::{Integer, Z64, Z128};

use crate::{Program, everywhere};

const KEY_BITS: u32 = 7;
const KEYS: usize = 2;
const VALUES: usize = 2;

/// Per record: two keys that may be missing, and the number of a value.
type Record = ([Option<i128>; KEYS], usize);

#[derive(Clone, Debug)]
struct Case {
    owners: Vec<Vec<Record>>,
    /// Rows behind the records.
    unused: usize,
}

impl Case {
    fn rows(&self) -> usize {
        self.owners.iter().map(Vec::len).max().unwrap_or(0) + self.unused
    }

    /// Per owner, column after column: keys, which are there, values.
    fn flat(&self) -> Vec<i128> {
        let padded = |column: Vec<i128>| {
            let unused = self.rows() - column.len();
            column.into_iter().chain(vec![0; unused]).collect::<Vec<_>>()
        };
        let of_owner = |records: &Vec<Record>| {
            let column = |of: &dyn Fn(&Record) -> i128| padded(records.iter().map(of).collect());
            let keys = (0..KEYS).map(|k| column(&|(keys, _)| keys[k].unwrap_or(5)));
            let there = (0..KEYS).map(|k| column(&|(keys, _)| i128::from(keys[k].is_some())));
            let values = (0..VALUES).map(|v| column(&|(_, value)| i128::from(*value == v)));
            keys.chain(there).chain(values).collect::<Vec<_>>().concat()
        };
        self.owners.iter().flat_map(of_owner).collect()
    }

    fn of_key(&self, owner: usize, key: usize) -> BTreeSet<i128> {
        self.owners[owner].iter().filter_map(|(keys, _)| keys[key]).collect()
    }

    fn expected(&self) -> Vec<i128> {
        let mut out = vec![];
        let owners = self.owners.len();
        for key in 0..KEYS {
            for a in 0..owners {
                for b in a + 1..owners {
                    let both = self.of_key(a, key);
                    out.push(both.intersection(&self.of_key(b, key)).count() as i128);
                }
            }
            let in_all = |x: &&i128| (1..owners).all(|o| self.of_key(o, key).contains(x));
            out.push(self.of_key(0, key).iter().filter(in_all).count() as i128);
        }
        let (mut pairs, mut cross) = (0, vec![0; VALUES * VALUES]);
        for (keys, value) in &self.owners[0] {
            let second = &self.owners[1];
            let partner = |k: usize| {
                second.iter().position(|(theirs, _)| keys[k].is_some() && theirs[k] == keys[k])
            };
            let partners: Vec<usize> = (0..KEYS).filter_map(partner).collect();
            pairs += partners.iter().collect::<BTreeSet<_>>().len() as i128;
            if let Some(first) = partners.first() {
                cross[value * VALUES + second[*first].1] += 1;
            }
        }
        out.push(pairs);
        out.extend(cross);
        out
    }
}

impl Program for Case {
    fn run<P: Protocol>(&self, p: &mut P, me: Option<usize>) -> Result<Vec<P::Ring>> {
        let flat: Vec<P::Ring> = self.flat().into_iter().map(P::Ring::from_i128).collect();
        let mine = if me.unwrap_or(0) == 0 { flat.clone() } else { vec![] };
        let mut rest = p.input(&mine, &[flat.len(), 0, 0])?.swap_remove(0);
        let mut sides = vec![];
        for _ in &self.owners {
            let mut next = || {
                let (column, others) = rest.clone().split(self.rows());
                rest = others;
                column
            };
            let keys: Vec<_> = (0..KEYS).map(|_| next()).collect();
            let keys = keys.into_iter().map(|values| Column { values, bits: KEY_BITS });
            let keys = keys.collect::<Vec<_>>().into_iter().map(|key| (key, next())).collect();
            let values = (0..VALUES).map(|_| next()).collect();
            sides.push(Side { keys, values });
        }
        let mut opened = vec![];
        for key in 0..KEYS {
            let owner = |side: &Side<P>| {
                let (column, valid) = &side.keys[key];
                let keys = vec![Column { values: column.values.clone(), bits: column.bits }];
                Table { keys, columns: vec![], valid: valid.clone() }
            };
            let owners: Vec<Table<P>> = sides.iter().map(owner).collect();
            let common = common_keys(p, &owners)?;
            opened.extend(common.pairs);
            opened.push(common.all);
        }
        let links = link(p, &sides[0], &sides[1])?;
        opened.push(links.pairs);
        opened.extend(links.cross);
        p.reveal(&P::AShare::concat(&opened.iter().collect::<Vec<_>>()))
    }

    fn ranges(&self) -> Vec<Vec<Interval>> {
        let limit = 1 << (KEY_BITS - 1);
        let keys = vec![Interval::between(-limit, limit - 1); KEYS * self.rows()];
        let flags = vec![Interval::between(0, 1); (KEYS + VALUES) * self.rows()];
        vec![[keys, flags].concat().repeat(self.owners.len()), vec![], vec![]]
    }
}

fn case() -> impl Strategy<Value = Case> {
    let key = prop_oneof![1 => Just(None), 6 => (-6..6i128).prop_map(Some)];
    let record = ([key.clone(), key], 0..VALUES);
    let owner = prop::collection::vec(record, 0..12);
    let owners = prop::collection::vec(owner, 2..=4);
    // Linking promises unique keys at the second owner.
    let unique = |mut owners: Vec<Vec<Record>>| {
        let mut seen = [const { BTreeSet::new() }; KEYS];
        for (keys, _) in &mut owners[1] {
            for (key, seen) in keys.iter_mut().zip(&mut seen) {
                *key = key.filter(|key| seen.insert(*key));
            }
        }
        owners
    };
    (owners, 1..4usize).prop_map(move |(owners, unused)| Case { owners: unique(owners), unused })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5))]

    #[test]
    fn links_are_those_of_the_clear(narrow in case(), wide in case()) {
        prop_assert_eq!(everywhere::<Z64>(&narrow), narrow.expected());
        prop_assert_eq!(everywhere::<Z128>(&wide), wide.expected());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn many_more_are_right_in_the_clear(case in case()) {
        let opened = case.run(&mut Plain::<Z64>::new(3), None).unwrap();
        let opened: Vec<i128> = opened.into_iter().map(Z64::to_i128).collect();
        prop_assert_eq!(opened, case.expected());
    }
}

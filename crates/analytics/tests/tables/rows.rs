//! Groups, distinct keys and joins against the same in the clear.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sharewell_analytics::table::{Aggregate, Column, Table, count_distinct, group_by, join};
use sharewell_mpc::protocols::bounds::{Bounds, Interval};
use sharewell_mpc::protocols::plain::Plain;
use sharewell_mpc::{Arithmetic, Error, Protocol, Result, Share, circuit};
use sharewell_ring::{Integer, Z64, Z128};

use crate::{Program, everywhere};

const KEY_BITS: [u32; 2] = [9, 4];
const VALUE_BITS: u32 = 12;

/// Rows in the clear: keys, values, and whether they count.
#[derive(Clone, Debug)]
struct Rows {
    keys: Vec<[i128; 2]>,
    columns: [Vec<i128>; 2],
    valid: Vec<bool>,
}

impl Rows {
    fn len(&self) -> usize {
        self.keys.len()
    }

    /// Column after column, validity last.
    fn flat(&self) -> Vec<i128> {
        let key = |i: usize| self.keys.iter().map(move |key| key[i]);
        let valid = self.valid.iter().map(|valid| i128::from(*valid));
        key(0).chain(key(1)).chain(self.columns.concat()).chain(valid).collect()
    }

    fn ranges(&self) -> Vec<Interval> {
        let bits = [KEY_BITS[0], KEY_BITS[1], VALUE_BITS, VALUE_BITS];
        let range = |bits: u32| Interval::between(-1 << (bits - 1), (1 << (bits - 1)) - 1);
        let columns = bits.into_iter().map(range).chain([Interval::between(0, 1)]);
        columns.flat_map(|range| vec![range; self.len()]).collect()
    }

    fn share<P: Protocol>(&self, shared: P::AShare) -> Table<P> {
        let mut rest = shared;
        let mut next = || {
            let (column, others) = rest.clone().split(self.len());
            rest = others;
            column
        };
        let keys = KEY_BITS.map(|bits| Column { values: next(), bits }).into();
        let columns = [VALUE_BITS; 2].map(|bits| Column { values: next(), bits }).into();
        Table { keys, columns, valid: next() }
    }

    /// Rows that count, by key.
    fn groups(&self) -> BTreeMap<[i128; 2], Vec<usize>> {
        let mut out: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for i in (0..self.len()).filter(|i| self.valid[*i]) {
            out.entry(self.keys[i]).or_default().push(i);
        }
        out
    }
}

/// What is asked of the first giver's rows, and of both givers'.
#[derive(Clone, Debug)]
enum Ask {
    Groups(Vec<Aggregate>, usize),
    /// Groups of so many rows at least, with what any row has in the second column.
    Kept(i128, usize),
    Distinct,
    Join,
    Filter,
}

#[derive(Clone, Debug)]
struct Case {
    sides: [Rows; 2],
    ask: Ask,
}

impl Program for Case {
    fn run<P: Protocol>(&self, p: &mut P, me: Option<usize>) -> Result<Vec<P::Ring>> {
        let parts = [0, 1]
            .map(|i| self.sides[i].flat().into_iter().map(P::Ring::from_i128).collect::<Vec<_>>());
        let mine = match me {
            None => parts.concat(),
            Some(me) => parts.get(me).cloned().unwrap_or_default(),
        };
        let mut shared = p.input(&mine, &[parts[0].len(), parts[1].len(), 0])?.into_iter();
        let [left, right]: [Table<P>; 2] =
            [0, 1].map(|i| self.sides[i].share(shared.next().unwrap()));
        let mut opened = vec![];
        let columns = match &self.ask {
            Ask::Groups(aggregates, most) => {
                let groups = group_by(p, &left, aggregates, *most)?;
                let count = p.with_index(|q| q.reveal(&groups.count))?[0];
                opened.push(P::Ring::from_i128(count.to_i128()));
                [vec![groups.exists], groups.keys, groups.aggregates].concat()
            }
            Ask::Kept(least, most) => {
                let asked = [Aggregate::Count, Aggregate::Any(1), Aggregate::Max(0)];
                let groups = group_by(p, &left, &asked, left.len())?;
                let least = p.public(&vec![P::Ring::from_i128(*least - 1); left.len()]);
                let enough = circuit::less_than(p, &least, &groups.aggregates[0], 9)?;
                let enough = p.b2a(&enough)?;
                let groups = groups.keep(p, &enough, *most)?;
                let count = p.with_index(|q| q.reveal(&groups.count))?[0];
                opened.push(P::Ring::from_i128(count.to_i128()));
                [vec![groups.exists], groups.keys, groups.aggregates].concat()
            }
            Ask::Distinct => vec![count_distinct(p, &left)?],
            Ask::Join => {
                let joined = join(p, &left, &right)?;
                [vec![joined.matched], joined.columns].concat()
            }
            Ask::Filter => {
                let mut left = left;
                let flags = join(p, &left, &right)?.matched;
                left.filter(p, &flags)?;
                assert_eq!(left.len(), self.sides[0].len());
                vec![left.valid]
            }
        };
        for column in columns {
            opened.extend(p.reveal(&column)?);
        }
        Ok(opened)
    }

    fn ranges(&self) -> Vec<Vec<Interval>> {
        vec![self.sides[0].ranges(), self.sides[1].ranges(), vec![]]
    }
}

impl Case {
    fn expected(&self) -> Vec<i128> {
        let [left, right] = &self.sides;
        match &self.ask {
            Ask::Groups(aggregates, most) => {
                let all: Vec<_> = left.groups().into_iter().collect();
                groups(left, &all, aggregates, (*most).min(left.len()))
            }
            Ask::Kept(least, most) => {
                let enough = |(_, members): &Group| members.len() as i128 >= *least;
                let asked = [Aggregate::Count, Aggregate::Any(1), Aggregate::Max(0)];
                let kept: Vec<_> = left.groups().into_iter().filter(enough).collect();
                groups(left, &kept, &asked, (*most).min(left.len()))
            }
            Ask::Distinct => vec![left.groups().len() as i128],
            Ask::Join | Ask::Filter => {
                let partners = right.groups();
                let partner = |i: usize| {
                    let rows = partners.get(&left.keys[i]).filter(|_| left.valid[i])?;
                    Some(rows[0])
                };
                let all = || (0..left.len()).map(partner);
                let mut out: Vec<i128> = all().map(|row| i128::from(row.is_some())).collect();
                if matches!(self.ask, Ask::Join) {
                    for column in &right.columns {
                        out.extend(all().map(|row| row.map_or(0, |row| column[row])));
                    }
                }
                out
            }
        }
    }
}

/// A key and the rows that have it.
type Group = ([i128; 2], Vec<usize>);

fn groups(rows: &Rows, groups: &[Group], aggregates: &[Aggregate], places: usize) -> Vec<i128> {
    let padded = |of: &dyn Fn(&Group) -> i128| {
        (0..places).map(|i| groups.get(i).map_or(0, of)).collect::<Vec<i128>>()
    };
    let mut out = vec![groups.len() as i128];
    out.extend(padded(&|_| 1));
    (0..2).for_each(|i| out.extend(padded(&|(key, _)| key[i])));
    for aggregate in aggregates {
        out.extend(padded(&|(_, members)| {
            let values = |column: usize| members.iter().map(move |i| rows.columns[column][*i]);
            match *aggregate {
                Aggregate::Count => members.len() as i128,
                Aggregate::Sum(column) => values(column).sum(),
                Aggregate::Min(column) => values(column).min().unwrap(),
                Aggregate::Max(column) => values(column).max().unwrap(),
                Aggregate::Any(column) => values(column).next().unwrap(),
            }
        }));
    }
    out
}

fn rows(n: std::ops::RangeInclusive<usize>, unique: bool) -> impl Strategy<Value = Rows> {
    let side = |bits: u32| {
        let (least, most) = (-1i128 << (bits - 1), (1i128 << (bits - 1)) - 1);
        prop_oneof![6 => -3..3i128, 1 => Just(least), 1 => Just(most), 2 => least..=most]
    };
    let row = (side(KEY_BITS[0]), side(KEY_BITS[1]), side(VALUE_BITS), side(VALUE_BITS));
    prop::collection::vec((row, any::<bool>()), n).prop_map(move |rows| {
        let mut seen = BTreeSet::new();
        let mut out = Rows { keys: vec![], columns: [vec![], vec![]], valid: vec![] };
        for ((a, b, x, y), valid) in rows {
            if unique && valid && !seen.insert([a, b]) {
                continue;
            }
            out.keys.push([a, b]);
            out.columns[0].push(x);
            out.columns[1].push(y);
            out.valid.push(valid);
        }
        out
    })
}

fn aggregate() -> impl Strategy<Value = Aggregate> {
    (0..4, 0..2usize).prop_map(|(kind, column)| match kind {
        0 => Aggregate::Count,
        1 => Aggregate::Sum(column),
        2 => Aggregate::Min(column),
        _ => Aggregate::Max(column),
    })
}

fn grouped() -> impl Strategy<Value = Case> {
    let ask = (prop::collection::vec(aggregate(), 0..4), 0..70usize);
    (rows(0..=60, false), ask).prop_map(|(left, (aggregates, most))| Case {
        sides: [left.clone(), left],
        ask: Ask::Groups(aggregates, most),
    })
}

/// Groups of which only those with enough rows are kept.
fn kept() -> impl Strategy<Value = Case> {
    (rows(0..=60, false), 0..5i128, 0..70usize).prop_map(|(mut left, least, most)| {
        left.columns[1] = left.keys.iter().map(|key| 3 * key[0] + key[1]).collect();
        Case { sides: [left.clone(), left], ask: Ask::Kept(least, most) }
    })
}

fn joined() -> impl Strategy<Value = Case> {
    (rows(0..=50, false), rows(0..=40, true), any::<bool>()).prop_map(|(left, right, filter)| {
        let ask = if filter { Ask::Filter } else { Ask::Join };
        Case { sides: [left, right], ask }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn groups_are_those_of_the_clear(narrow in grouped(), wide in grouped()) {
        prop_assert_eq!(everywhere::<Z64>(&narrow), narrow.expected());
        prop_assert_eq!(everywhere::<Z128>(&wide), wide.expected());
    }

    #[test]
    fn groups_with_enough_rows_are_kept_in_order(narrow in kept(), wide in kept()) {
        prop_assert_eq!(everywhere::<Z64>(&narrow), narrow.expected());
        prop_assert_eq!(everywhere::<Z128>(&wide), wide.expected());
    }

    #[test]
    fn distinct_keys_are_counted(left in rows(0..=70, false)) {
        let case = Case { sides: [left.clone(), left], ask: Ask::Distinct };
        prop_assert_eq!(everywhere::<Z64>(&case), case.expected());
    }

    #[test]
    fn joins_find_the_one_partner(narrow in joined(), wide in joined()) {
        prop_assert_eq!(everywhere::<Z64>(&narrow), narrow.expected());
        prop_assert_eq!(everywhere::<Z128>(&wide), wide.expected());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn many_more_tables_are_right_in_the_clear(
        grouped in grouped(), kept in kept(), joined in joined(),
    ) {
        for case in [grouped, kept, joined] {
            let opened = case.run(&mut Plain::<Z64>::new(3), None).unwrap();
            let opened: Vec<i128> = opened.into_iter().map(Z64::to_i128).collect();
            prop_assert_eq!(opened, case.expected());
        }
    }
}

/// All at once: every aggregate of one group, and of as many as there are rows.
#[test]
fn one_group_and_groups_of_one_have_every_aggregate() {
    let aggregates = [
        Aggregate::Count,
        Aggregate::Sum(0),
        Aggregate::Min(0),
        Aggregate::Max(0),
        Aggregate::Min(1),
        Aggregate::Sum(1),
    ];
    for different in [0, 1] {
        let n = 67;
        let left = Rows {
            keys: (0..n).map(|i| [i * different, -1]).collect(),
            columns: [(0..n).map(|i| 50 - i * i % 97).collect(), (0..n).rev().collect()],
            valid: vec![true; 67],
        };
        let ask = Ask::Groups(aggregates.to_vec(), 67);
        let case = Case { sides: [left.clone(), left], ask };
        assert_eq!(everywhere::<Z64>(&case), case.expected());
    }
}

/// Without keys all valid rows are one group.
#[test]
fn a_table_without_keys_is_one_group() {
    let mut p = Plain::<Z64>::new(1);
    let values = |x: &[u64]| x.iter().map(|x| Z64(*x)).collect::<Vec<_>>();
    for valid in [[1, 0, 1], [0, 0, 0]] {
        let column = Column { values: p.public(&values(&[4, 5, 9])), bits: 5 };
        let valid_share = p.public(&values(&valid));
        let table = Table { keys: vec![], columns: vec![column], valid: valid_share };
        let aggregates = [Aggregate::Count, Aggregate::Sum(0), Aggregate::Max(0)];
        let groups = group_by(&mut p, &table, &aggregates, 1).unwrap();
        let opened: Vec<u64> =
            groups.aggregates.iter().map(|x| p.reveal(x).unwrap()[0].0).collect();
        assert_eq!(opened, if valid[0] == 1 { [2, 13, 9] } else { [0, 0, 0] });
        let distinct = count_distinct(&mut p, &table).unwrap();
        assert_eq!(p.reveal(&distinct).unwrap(), [Z64(valid[0])]);
    }
}

#[test]
fn tables_longer_than_a_frame_are_right_at_the_quoted_price() {
    let n = 8_209;
    let left = Rows {
        keys: (0..n).map(|i| [i * i % 211, i % 3 - 1]).collect(),
        columns: [(0..n).map(|i| i % 2000 - 1000).collect(), vec![1; n as usize]],
        valid: (0..n).map(|i| i % 5 > 0).collect(),
    };
    let unique = |i: &usize| *i < 900 && !i.is_multiple_of(5);
    let mut right = left.clone();
    let mut seen = BTreeSet::new();
    for i in 0..n as usize {
        right.valid[i] = unique(&i) && seen.insert(right.keys[i]);
    }
    let asks = [Ask::Groups(vec![Aggregate::Count, Aggregate::Max(0)], 700), Ask::Join];
    for ask in asks {
        let case = Case { sides: [left.clone(), right.clone()], ask };
        assert_eq!(everywhere::<Z64>(&case), case.expected());
    }
}

#[test]
fn sums_and_keys_that_could_be_out_of_range_are_refused() {
    fn refused(key: i128, value_bits: u32) -> Option<&'static str> {
        let rows = 8;
        let range = |hi| vec![Interval::between(0, hi); rows];
        let top = (1i128 << (value_bits - 1)) - 1;
        let inputs = [range(key), range(top), range(1)].concat();
        let mut p = Bounds::<Z64>::new([inputs, vec![], vec![]]);
        let shared = p.input(&[], &[3 * rows, 0, 0]).unwrap().swap_remove(0);
        let (keys, rest) = Share::<Z64>::split(shared, rows);
        let (values, valid) = Share::<Z64>::split(rest, rows);
        let table = Table {
            keys: vec![Column { values: keys, bits: 5 }],
            columns: vec![Column { values, bits: value_bits }],
            valid,
        };
        match group_by(&mut p, &table, &[Aggregate::Sum(0)], rows) {
            Err(Error::Overflow { step, .. }) => Some(step),
            other => other.map(|_| None).unwrap(),
        }
    }
    assert_eq!(refused(15, 40), None);
    assert_eq!(refused(16, 40), Some("sort"));
    assert_eq!((refused(15, 60), refused(15, 62)), (None, Some("mul")));
}

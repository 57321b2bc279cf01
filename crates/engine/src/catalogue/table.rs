//! Tables of secret rows.

use std::collections::{BTreeMap, BTreeSet};

use sharewell_analytics::table::{self, Aggregate, Bins, Column, Table};
use sharewell_mpc::{Protocol, Result};
use sharewell_ring::Integer;

use super::check::{all, exact};
use super::{Card, Draw, Given, Operand, Operation, Secret, Visitor, Wrong};

pub(super) fn each(visitor: &mut impl Visitor) {
    visitor.visit(&GroupBy);
    visitor.visit(&CountDistinct);
    visitor.visit(&Join);
    visitor.visit(&Member);
    visitor.visit(&Psi);
}

/// Of keys and of values.
const BITS: u32 = 32;

fn card(name: &'static str, what: &'static str, n: usize) -> Card {
    let range = "keys and values signed, 32 bits".into();
    let source = "Asharov et al. 2022 (eprint 2022/1595)";
    Card { name, what, range, source, ..Card::of("Tables", n) }
}

/// Keys of which several are equal, values, and whether a row counts.
fn rows(n: usize, keys: i128, draw: &mut Draw) -> Vec<Operand> {
    vec![draw.integers(n, -keys, keys), draw.signed(n, BITS), draw.integers(n, 0, 1)]
}

/// The three operands from `at` on.
fn table<P: Protocol>(on: &Given<P>, at: usize) -> Table<P> {
    let column = |at: usize| Column { values: on.integers(at).clone(), bits: BITS };
    Table {
        keys: vec![column(at)],
        columns: vec![column(at + 1)],
        valid: on.integers(at + 2).clone(),
    }
}

/// Keys and values of rows that count.
fn valid(x: &[Operand]) -> impl Iterator<Item = (i128, i128)> + '_ {
    (0..x[0].len()).filter(|i| x[2].at(*i) == 1).map(|i| (x[0].at(i), x[1].at(i)))
}

/// Into fewer places than there may be groups.
struct GroupBy;
impl GroupBy {
    const PLACES: usize = 100;
}
impl Operation for GroupBy {
    fn card(&self) -> Card {
        let what = "n rows by a secret key: of the first 100 groups whether there is one, key, \
                    count, sum, least value; how many there are";
        card("group_by", what, 100_000)
    }
    fn sizes(&self) -> Vec<usize> {
        vec![0, 1, 127, 4_099]
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        rows(n, 60, draw)
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let aggregates = [Aggregate::Count, Aggregate::Sum(0), Aggregate::Min(0)];
        let groups = table::group_by(p, &table(on, 0), &aggregates, Self::PLACES)?;
        let results = [vec![groups.exists], groups.keys, groups.aggregates].into_iter().flatten();
        Ok(results.map(Secret::Integers).chain([Secret::Places(groups.count)]).collect())
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let places = n.min(Self::PLACES);
        let mut groups: BTreeMap<i128, Vec<i128>> = BTreeMap::new();
        valid(x).for_each(|(key, value)| groups.entry(key).or_default().push(value));
        all(&z[5], 1, |_| exact(groups.len() as i128))?;
        let found: Vec<[i128; 5]> = groups
            .iter()
            .map(|(key, x)| {
                let least = x.iter().min().expect("groups have rows");
                [1, *key, x.len() as i128, x.iter().sum(), *least]
            })
            .chain(std::iter::repeat([0; 5]))
            .take(places)
            .collect();
        (0..5).try_for_each(|of| all(&z[of], places, |i| exact(found[i][of])))
    }
}

struct CountDistinct;
impl Operation for CountDistinct {
    fn card(&self) -> Card {
        card("count_distinct", "how many different keys n rows have", 100_000)
    }
    fn sizes(&self) -> Vec<usize> {
        GroupBy.sizes()
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        rows(n, 1_000, draw)
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        Ok(vec![Secret::Integers(table::count_distinct(p, &table(on, 0))?)])
    }
    fn check<R: Integer>(&self, _: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let keys: BTreeSet<i128> = valid(x).map(|(key, _)| key).collect();
        all(&z[0], 1, |_| exact(keys.len() as i128))
    }
}

/// With a table that has each key once.
struct Join;
impl Operation for Join {
    fn card(&self) -> Card {
        let what =
            "for n rows, whether n others with different keys hold theirs, and what they hold";
        Card { source: "Asharov et al., CCS 2023: one sort of both", ..card("join", what, 100_000) }
    }
    fn sizes(&self) -> Vec<usize> {
        GroupBy.sizes()
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        let mut operands = rows(n, n.max(1) as i128, draw);
        let limit = 1 << (BITS - 1);
        operands.push(Operand::new(n, (-limit, limit - 1), move |i| i as i128 * 2 - n as i128));
        operands.extend([draw.signed(n, BITS), draw.integers(n, 0, 1)]);
        operands
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let joined = table::join(p, &table(on, 0), &table(on, 3))?;
        let results = [vec![joined.matched], joined.columns].into_iter().flatten();
        Ok(results.map(Secret::Integers).collect())
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let right: BTreeMap<i128, i128> = valid(&x[3..]).collect();
        let partner = |i: usize| right.get(&x[0].at(i)).filter(|_| x[2].at(i) == 1);
        all(&z[0], n, |i| exact(partner(i).is_some().into()))?;
        all(&z[1], n, |i| exact(partner(i).copied().unwrap_or(0)))
    }
}

/// A join that brings nothing.
struct Member;
impl Operation for Member {
    fn card(&self) -> Card {
        let what = "for n rows, whether n others with different keys hold theirs";
        Card { source: Join.card().source, ..card("member", what, 100_000) }
    }
    fn sizes(&self) -> Vec<usize> {
        GroupBy.sizes()
    }
    fn operands<R: Integer>(&self, n: usize, draw: &mut Draw) -> Vec<Operand> {
        Join.operands::<R>(n, draw)
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let (left, right) = (table(on, 0), Table { columns: vec![], ..table(on, 3) });
        Ok(vec![Secret::Integers(table::join(p, &left, &right)?.matched)])
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let right: BTreeSet<i128> = valid(&x[3..]).map(|(key, _)| key).collect();
        all(&z[0], n, |i| exact((right.contains(&x[0].at(i)) && x[2].at(i) == 1).into()))
    }
}

/// Two sets that share about half of their keys, and a value of each key at both givers.
struct Psi;
impl Psi {
    const KEY_BITS: u32 = 50;
    const VALUE_MAX: i128 = 999;

    fn bins(n: usize) -> Bins {
        Bins::new(n, n, Self::KEY_BITS, [9; 16])
    }

    /// The `i`-th of all keys: different ones for different `i`, as the factor is odd.
    fn key(i: usize) -> i128 {
        let product = (i as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (product & ((1 << Self::KEY_BITS) - 1)) as i128
    }

    fn value(key: i128) -> i128 {
        key % (Self::VALUE_MAX + 1)
    }
}
impl Operation for Psi {
    fn card(&self) -> Card {
        let what = "how many of n and n keys two givers share, and two sums over them; hashing \
                    and sharing included";
        Card {
            range: "different keys below 2^50".into(),
            source: "Pinkas, Schneider, Segev, Zohner 2015 (eprint 2015/634)",
            ..card("psi", what, 1_000_000)
        }
    }
    fn sizes(&self) -> Vec<usize> {
        vec![0, 1, 127, 1_009]
    }
    fn operands<R: Integer>(&self, n: usize, _: &mut Draw) -> Vec<Operand> {
        let range = (0, (1 << Self::KEY_BITS) - 1);
        [0, n / 2].map(|from| Operand::new(n, range, move |i| Self::key(from + i))).into()
    }
    fn inputs<R: Integer>(&self, n: usize, _: &[Operand]) -> Vec<Vec<(i128, i128)>> {
        let bins = Self::bins(n);
        let side = |places: usize| {
            let keys = vec![(-2, (1 << Self::KEY_BITS) - 1); places];
            [keys, vec![(0, Self::VALUE_MAX); places]].concat()
        };
        vec![side(bins.count()), side(bins.count() * bins.load()), vec![]]
    }
    fn run<P: Protocol>(&self, p: &mut P, on: &Given<P>) -> Result<Vec<Secret<P>>> {
        let bins = Self::bins(on.n);
        let own = |at: usize| {
            let keys = on.mine[at].as_ref()?.iter().map(|key| key.to_u128() as u64);
            let keys: Vec<u64> = keys.collect();
            let values = keys.iter().map(|key| Self::value(i128::from(*key)));
            let values: Vec<P::Ring> = values.map(P::Ring::from_i128).collect();
            let placed = if at == 0 { bins.place(&keys) } else { bins.spread(&keys) };
            Some((placed.expect("bins for these keys"), keys, values))
        };
        let own = [own(0), own(1)];
        let out = table::intersect(p, &bins, |p, range| {
            let parts = own.iter().flatten().map(|(placed, keys, values)| {
                placed.share(range.clone(), keys, &[values.as_slice()])
            });
            let mine: Vec<P::Ring> = parts.flatten().collect();
            let places = 2 * range.len();
            let shared = p.input(&mine, &[places, places * bins.load(), 0])?;
            let mut sides = shared.into_iter().map(|side| table::Given::new(side, 1));
            let mut next = || sides.next().expect("two givers");
            Ok([next(), next()])
        })?;
        let results = [vec![out.count], out.first, out.second].into_iter().flatten();
        Ok(results.map(Secret::Integers).collect())
    }
    fn check<R: Integer>(&self, n: usize, x: &[Operand], z: &[Vec<R>]) -> Result<(), Wrong> {
        let shared = n - n / 2;
        let sum = (n - shared..n).map(|i| Self::value(x[0].at(i))).sum();
        all(&z[0], 1, |_| exact(shared as i128))?;
        all(&z[1], 1, |_| exact(sum))?;
        all(&z[2], 1, |_| exact(sum))
    }
}
